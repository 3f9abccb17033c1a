//! One file that holds policies before and after a change, such as a log of events.

use super::super::policies;
use super::Failure;
use super::contents::{Contents, Obstacle, Version, of_found};
use super::versions;
use crate::diagnostic::Problem;
use crate::discover;
use crate::input::{self, Found};
use crate::load;
use crate::site::PolicyKind;
use crate::source::Source;
use crate::syntax::Document;
use std::path::Path;
use std::sync::Arc;

/// Both versions of the policies in a file.
#[derive(Debug)]
pub struct Both {
    /// Before.
    pub old: Contents,
    /// After.
    pub new: Contents,
    /// How many policies have no version before them.
    pub alone: usize,
}

/// Read both versions from the file at a path.
pub fn read(path: &Path, kind: Option<PolicyKind>) -> Result<Both, Failure> {
    if path == Path::new("-") {
        let source = Source::new("<stdin>", policies::read(path, "-")?);
        return both("<stdin>", Version::Text(source), kind).ok_or_else(|| one_version("<stdin>"));
    }
    let shown = discover::shown(path);
    if let Err(error) = path.metadata() {
        return Err(Failure::Message(format!("{shown}: {}", discover::system_message(&error))));
    }
    match path.is_dir() {
        true => None,
        false => both(&shown, versions::read_file(path), kind),
    }
    .ok_or_else(|| one_version(&shown))
}

fn one_version(shown: &str) -> Failure {
    let what = "holds one version of its policies; give OLD and NEW, or --base REV to compare with a git revision";
    Failure::Message(format!("{shown}: {what}"))
}

/// Both versions of the policies in a file; `None` if its format has one version of each.
fn both(key: &str, version: Version, kind: Option<PolicyKind>) -> Option<Both> {
    let unreadable = |obstacles| Both { old: Contents::default(), new: Contents::unreadable(obstacles), alone: 0 };
    let source = match version {
        Version::Text(source) => Arc::new(source),
        Version::Unreadable { path, message } => {
            return Some(unreadable(vec![Obstacle { path, place: None, message }]));
        }
    };
    let (syntax, parsed) = load::parse(&source);
    let obstacles = |problems: &mut dyn Iterator<Item = &Problem>| -> Vec<Obstacle> {
        problems.map(|problem| Obstacle::at(&source, problem.span, &problem.message)).collect()
    };
    let documents: Vec<Document<'_>> =
        parsed.documents.into_iter().map(|root| Document { text: &source.text, syntax, root }).collect();
    let Some((format, _)) = documents.iter().find_map(input::detect) else {
        let problems = obstacles(&mut parsed.problems.iter());
        return (!problems.is_empty()).then(|| unreadable(problems));
    };
    let found = Found { forced_kind: kind, path: &source.path, ..Found::default() };
    let found = format.versions(&documents, found)?;
    let problems = obstacles(&mut parsed.problems.iter().chain(&found.old.problems).chain(&found.new.problems));
    if !problems.is_empty() {
        return Some(unreadable(problems));
    }
    let contents = |found: &Found<'_>| of_found(key, &source, found);
    Some(Both { old: contents(&found.old), new: contents(&found.new), alone: found.alone })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;

    fn of(text: &str) -> Option<Both> {
        both("a.json", Version::Text(Source::new("a.json", text)), None)
    }

    fn event(second: u8, document: &str) -> String {
        format!(
            r#"{{"eventSource": "iam.amazonaws.com", "eventName": "UpdateAssumeRolePolicy", "eventTime": "2026-03-02T08:11:0{second}Z",
            "eventID": "e{second}", "recipientAccountId": "111122223333", "requestParameters": {{"roleName": "ci", "policyDocument": {document:?}}}}}"#
        )
    }

    #[test]
    fn both_versions_of_a_log_of_events() {
        let policy = r#"{"Version": "2012-10-17", "Statement": []}"#;
        let both =
            of(&format!("[{}, {}, {}]", event(1, policy), event(2, policy), event(3, policy))).expect("it has both");
        let addresses =
            |contents: &Contents| contents.sites.iter().map(|site| site.address.clone()).collect::<Vec<_>>();
        assert_eq!(addresses(&both.old), addresses(&both.new));
        assert_eq!((both.new.sites.len(), both.alone), (2, 1));
    }

    #[test]
    fn one_version_and_what_cannot_be_read() {
        assert!(of(r#"{"Version": "2012-10-17", "Statement": []}"#).is_none());
        assert!(of("{}").is_none());
        let broken = of(&format!("[{}, {}]", event(1, "{"), event(2, "{}"))).expect("it has both");
        assert_eq!(broken.new.obstacles.len(), 1);
        assert!(broken.new.sites.is_empty() && broken.old.sites.is_empty());
        assert_eq!(of("[{,").map(|both| both.new.obstacles.is_empty()), Some(false), "the mistake is said");
    }
}
