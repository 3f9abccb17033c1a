//! The baseline: findings that were accepted, each with the access that was accepted with it.
//!
//! The file is TOML that people review: an entry for each finding, sorted, without lines or counts. The key of an entry is
//! the finding's fingerprint and the file that it is in (of Terraform, the folder). An entry keeps its finding quiet as
//! long as the statement grants no more than the entry records; when it grants more, the finding is told again with a
//! request that shows it ([`growth`]). Findings of rules that are not about access are accepted as such.
//!
//! What you read is what is accepted: the fingerprint is made of the fields beside it, and is checked when the file is read.

pub mod growth;
pub mod matching;
mod read;
mod write;

pub use growth::Growth;
pub use matching::{Candidate, Verdict, judge};
pub use read::parse;
pub use write::write;

use crate::config::Date;
use crate::diagnostic::{Diagnostic, Fingerprint, Form};
use crate::rules;
use crate::site::{PolicyKind, stable_address};
use crate::source::Source;
use crate::span::Span;
use std::collections::HashSet;

/// The version of the file's shape.
const VERSION: i64 = 1;

/// A baseline file that was read.
#[derive(Debug)]
pub struct Baseline {
    /// The file.
    pub source: Source,
    /// Its entries, in its order.
    pub entries: Vec<Entry>,
}

/// A finding that was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Where it stands in the file.
    pub span: Span,
    /// The rule's id.
    pub rule: String,
    /// The file that the finding is told in, from the folder of the baseline.
    pub path: String,
    /// The folder that the policy is known by, from the folder of the baseline; of Terraform.
    pub folder: Option<String>,
    /// The address of the role or resource.
    pub resource: String,
    /// The statement's Sid.
    pub sid: Option<String>,
    /// What the finding is about.
    pub subject: String,
    /// What the finding said when it was accepted.
    pub message: String,
    /// When that was.
    pub accepted: Date,
    /// Why, if somebody wrote it down.
    pub reason: Option<String>,
    /// The finding's identity, without its file.
    pub fingerprint: Fingerprint,
    /// The kind of policy; none for a finding about a file.
    pub kind: Option<PolicyKind>,
    /// The seconds that a session may last, where the finding is about them.
    pub session: Option<String>,
    /// What the statement grants.
    pub forms: Vec<Form>,
}

impl Entry {
    /// The entry that accepts a finding, which is told at this path and known by this folder.
    pub fn of(finding: &Diagnostic, path: &str, folder: Option<&str>, today: Date) -> Entry {
        let granted = finding.granted.as_deref();
        let forms = |forms: &[Form]| {
            let mut forms: Vec<Form> =
                forms.iter().map(|form| Form { statements: Vec::new(), ..form.clone() }).collect();
            for way in forms.iter_mut().flat_map(|form| &mut form.when) {
                way.sort();
            }
            forms.iter_mut().for_each(|form| form.when.sort());
            forms.sort_by(|a, b| (&a.when, &a.text).cmp(&(&b.when, &b.text)));
            forms
        };
        Entry {
            span: Span::default(),
            rule: finding.rule.to_owned(),
            path: path.to_owned(),
            folder: folder.map(str::to_owned),
            resource: finding.resource.clone(),
            sid: finding.sid.clone(),
            subject: finding.subject.clone(),
            message: finding.message.clone(),
            accepted: today,
            reason: None,
            fingerprint: finding.fingerprint,
            kind: granted.and_then(|granted| PolicyKind::from_name(granted.kind)),
            session: granted.and_then(|granted| granted.session.clone()),
            forms: granted.map(|granted| forms(&granted.forms)).unwrap_or_default(),
        }
    }

    /// What the finding is known by beside its fingerprint.
    fn home(&self) -> Home<'_> {
        Home::of(&self.path, self.folder.as_deref())
    }

    /// Call the rule by its name of today, which makes another fingerprint.
    fn rename(&mut self, rule: &str) {
        self.fingerprint = self.fingerprint_of(rule);
        self.rule = rule.to_owned();
    }

    /// The fingerprint that these fields have under a rule's id.
    fn fingerprint_of(&self, rule: &str) -> Fingerprint {
        let sid = self.sid.as_deref().unwrap_or_default();
        Fingerprint::of(&[rule, &self.subject, stable_address(&self.resource), sid])
    }
}

/// Where the address of a policy is unique: in a file, or in a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Home<'a> {
    File(&'a str),
    Folder(&'a str),
}

impl<'a> Home<'a> {
    fn of(path: &'a str, folder: Option<&'a str>) -> Self {
        folder.map_or(Home::File(path), Home::Folder)
    }
}

/// Entries in the order of a file, each once for each document that it is for.
pub fn sorted(entries: Vec<(u32, Entry)>) -> Vec<Entry> {
    let mut seen = HashSet::new();
    let mut kept: Vec<Entry> = Vec::with_capacity(entries.len());
    for (document, entry) in entries {
        let granted: Vec<String> = entry.forms.iter().map(|form| form.text.clone()).collect();
        let key =
            (document, entry.path.clone(), entry.folder.clone(), entry.fingerprint, granted, entry.session.clone());
        if seen.insert(key) {
            kept.push(entry);
        }
    }
    sort(&mut kept);
    kept
}

/// Put entries in the order of a file.
pub fn sort(entries: &mut [Entry]) {
    entries.sort_by_cached_key(|entry| {
        let granted: Vec<String> = entry.forms.iter().map(|form| form.text.clone()).collect();
        let names = [&entry.path, &entry.resource, &entry.rule, &entry.subject].map(String::clone);
        (names, entry.sid.clone(), entry.folder.clone(), granted, entry.session.clone(), entry.message.clone())
    });
}

/// Whether a rule is about access, so that more access is another thing than what was accepted.
fn is_about_access(rule: &str) -> bool {
    rules::find(rule).is_some_and(|rule| !["validity", "hygiene", "lint"].contains(&rule.family))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::diagnostic::Granted;
    use crate::policy::print;
    use crate::syntax::{Syntax, parse as parse_text};
    use proptest::prelude::*;
    use std::path::PathBuf;

    /// The text of a policy with these statements.
    pub fn text(statements: &str) -> String {
        let policy = format!(r#"{{"Version": "2012-10-17", "Statement": [{statements}]}}"#);
        print::again(&parse_text(&policy, Syntax::Json).documents[0])
    }

    /// What a policy with these statements grants.
    pub fn granted(statements: &str) -> Granted {
        let form = Form { when: Vec::new(), text: text(statements), statements: vec![0, 1, 2] };
        Granted { kind: "trust", forms: vec![form], ..Granted::default() }
    }

    /// An entry that accepts these statements.
    pub fn entry(statements: &str) -> Entry {
        let mut entry = Entry {
            span: Span::default(),
            rule: "wildcard-principal".into(),
            path: "a.json".into(),
            folder: None,
            resource: "Resources.Ci".into(),
            sid: None,
            subject: "*".into(),
            message: "anyone can assume this role".into(),
            accepted: Date { year: 2026, month: 11, day: 22 },
            reason: None,
            fingerprint: Fingerprint::default(),
            kind: Some(PolicyKind::Trust),
            session: None,
            forms: vec![Form { when: Vec::new(), text: text(statements), statements: Vec::new() }],
        };
        entry.fingerprint = entry.fingerprint_of(&entry.rule);
        entry
    }

    fn read(text: &str) -> Result<Vec<Entry>, String> {
        let read = parse(Source::new("b.toml", text), PathBuf::new());
        read.map(|baseline| baseline.entries).map_err(|error| error.to_string())
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(names in proptest::collection::vec("\\PC{0,8}|[\"'\\\\\n\u{202e}#=]{0,6}", 8), sorts in 0..4usize, rename: bool) {
            let mut one = entry(r#"{"Effect": "Allow", "Action": "a:B"}"#);
            let [rule, path, resource, sid, subject, message, reason, name] = <[String; 8]>::try_from(names).expect("eight");
            one = Entry { path, resource, subject, message, sid: Some(sid), reason: Some(reason), folder: Some(name.clone()), ..one };
            if rename {
                one.rule = rule;
            }
            match sorts {
                0 => (one.kind, one.forms) = (None, Vec::new()),
                1 => (one.session, one.forms) = (Some(name), Vec::new()),
                2 => one.forms[0].when = vec![vec![(name, true), ("\u{10ffff}".into(), false)]],
                _ => {}
            }
            one.fingerprint = one.fingerprint_of(&one.rule);
            let text = write(&[one.clone(), one.clone()]);
            let known = rules::find(&one.rule).is_none_or(|rule| rule.id == one.rule);
            let back = read(&text).map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
            prop_assert_eq!(back.len(), 2);
            prop_assert!(back.iter().all(|back| !known || *back == Entry { span: back.span, ..one.clone() }), "{:?}\n{text}", back);
            prop_assert_eq!(write(&back), text);
        }

        #[test]
        fn whatever_it_is_it_is_read_or_refused(bytes in "\\PC{0,200}", cut in 0..900usize, put in "[\\[\\]{}'\"=\n a0]{0,4}") {
            let good = write(&[entry(r#"{"Effect": "Allow", "Action": "a:B"}"#)]);
            let cut = cut.min(good.len());
            for text in [bytes, good[..cut].to_owned(), format!("{}{put}{}", &good[..cut], &good[cut..])] {
                let _ = read(&text);
            }
        }
    }

    #[test]
    fn a_rule_that_was_renamed_keeps_its_entries() {
        let mut one = entry("");
        one.rename("new-name");
        assert_eq!(
            (one.rule.as_str(), one.fingerprint),
            ("new-name", Fingerprint::of(&["new-name", "*", "Resources.Ci", ""]))
        );
    }
}
