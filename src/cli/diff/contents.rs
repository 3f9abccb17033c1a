//! What is compared: the versions of files, and the policies in each.

use super::super::policies;
use crate::diagnostic::WhyNot;
use crate::input::Found;
use crate::lint::ledger::{self, Entry, Thing};
use crate::load::{self, Loaded};
use crate::policy::{self, Policy};
use crate::site::{PolicyKind, PolicySite};
use crate::source::Source;
use crate::span::Span;
use crate::value::{Hole, Kind, Value};
use siphasher::sip128::{Hasher128 as _, SipHasher13};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher as _, Hash as _, RandomState};
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

/// One version of a file.
#[derive(Debug)]
pub enum Version {
    /// Its text.
    Text(Source),
    /// It is there and cannot be read.
    Unreadable {
        /// The path as it is shown.
        path: String,
        /// Why.
        message: String,
    },
}

/// Two versions of a file; one that is not there was added or removed.
#[derive(Debug)]
pub struct FilePair {
    /// What both versions are known by.
    pub key: String,
    /// Before.
    pub old: Option<Version>,
    /// After.
    pub new: Option<Version>,
}

/// The folders to compare, from where the folders of both versions lie: each with the files to tell of, or `None` for
/// all of them.
pub type Folders = BTreeMap<PathBuf, Option<BTreeSet<PathBuf>>>;

/// Something that keeps policies from being compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    /// The file, as it is shown.
    pub path: String,
    /// Line and column from 1, where there is a place.
    pub place: Option<(usize, usize)>,
    /// What is wrong.
    pub message: String,
}

impl Obstacle {
    /// Something wrong at a place.
    pub fn at(source: &Source, span: Span, message: impl Into<String>) -> Self {
        let position = source.position(span.start);
        let place = Some((position.line, position.column));
        Obstacle { path: source.path.clone(), place, message: message.into() }
    }
}

impl std::fmt::Display for Obstacle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.place {
            Some((line, column)) => write!(f, "{}:{line}:{column}: {}", self.path, self.message),
            None => write!(f, "{}: {}", self.path, self.message),
        }
    }
}

/// One policy of one version, in each form that the conditions of its template give it.
#[derive(Debug)]
pub struct Site {
    /// What its file is known by in both versions.
    pub key: String,
    /// Its address in the file, empty if the file is the policy.
    pub address: String,
    /// What it is attached to.
    pub kind: PolicyKind,
    /// The file.
    pub source: Arc<Source>,
    /// The document.
    pub span: Span,
    /// The forms, at least one.
    pub forms: Vec<Form>,
    /// Why IAM would not take it; then it is not compared.
    pub obstacle: Option<Obstacle>,
}

/// One form of a policy.
#[derive(Debug)]
pub struct Form {
    /// The choices under which it is written so.
    pub branch: Vec<(String, bool)>,
    /// How the document is written.
    pub wording: Wording,
    /// The policy.
    pub policy: Policy,
    /// The values in it that are not known, by name.
    pub holes: BTreeMap<String, Hole>,
}

/// What one version of a file holds.
#[derive(Debug, Default)]
pub struct Contents {
    /// The policies.
    pub sites: Vec<Site>,
    /// What cannot be read; then nothing else is known.
    pub obstacles: Vec<Obstacle>,
    /// Policies of which nothing is known until deployment: what is said of each, and how it is written.
    pub unresolved: Vec<(Obstacle, String)>,
    /// What was seen and not judged, by path.
    pub not_judged: Vec<(String, Entry)>,
}

impl Contents {
    /// Nothing but what keeps it from being read.
    pub fn unreadable(obstacles: Vec<Obstacle>) -> Self {
        Contents { obstacles, ..Contents::default() }
    }
}

/// What was read of one version of a file.
pub fn held(key: &str, source: &Arc<Source>, loaded: &Loaded<'_>) -> Contents {
    // The part that a mistake hides may be the guard of a statement: nothing is compared around it.
    let found = &loaded.found;
    let problems = loaded.broken.iter().chain(&loaded.template).chain(&found.problems).chain(&found.limits);
    let obstacles: Vec<Obstacle> =
        problems.map(|problem| Obstacle::at(source, problem.span, &problem.message)).collect();
    if !obstacles.is_empty() {
        return Contents::unreadable(obstacles);
    }
    let mut contents = of_found(key, source, found);
    let elsewhere = loaded.modules_elsewhere.iter().map(|(span, note)| {
        Entry::new(WhyNot::OutOfReach, Thing::Module, Some(source.position(span.start)), note.clone())
    });
    contents.not_judged.extend(elsewhere.map(|entry| (source.path.clone(), entry)));
    contents
}

/// What was found in a file, ready to be compared.
pub fn of_found(key: &str, source: &Arc<Source>, found: &Found<'_>) -> Contents {
    let mut contents = Contents::default();
    let entries = ledger::of_found(found, |span| Some(source.position(span.start)));
    contents.not_judged.extend(entries.into_iter().map(|entry| (source.path.clone(), entry)));
    for (span, what) in &found.unresolved {
        let said = Obstacle::at(source, *span, format!("this policy is not known: {what}"));
        contents.unresolved.push((said, source.slice(*span).to_owned()));
    }
    // What Terraform chooses from may stand in several places.
    let is_chosen = |site: &PolicySite<'_>| load::is_of_folder(Path::new(&source.path)) && !site.branch.is_empty();
    let same_place = |a: &PolicySite<'_>, b: &PolicySite<'_>| match is_chosen(a) && is_chosen(b) {
        true => a.anchor == b.anchor,
        false => a.document.span == b.document.span,
    };
    let same = |a: &PolicySite<'_>, b: &PolicySite<'_>| a.address == b.address && same_place(a, b);
    for variants in found.sites.chunk_by(same) {
        let Some(first) = variants.first() else { continue };
        let place = Some(source.position(first.document.span.start));
        let values = ledger::unknown_values(&first.address, first.document.count_unknown(), place);
        contents.not_judged.extend(values.map(|entry| (source.path.clone(), entry)));
        let (forms, rejections): (Vec<Form>, Vec<Option<(Span, String)>>) = variants.iter().map(form).unzip();
        let rejection = rejections.into_iter().flatten().next();
        let obstacle = rejection.map(|(span, message)| Obstacle::at(source, span, message));
        contents.sites.push(Site {
            key: key.to_owned(),
            address: first.address.clone(),
            kind: first.kind,
            source: Arc::clone(source),
            span: first.document.span,
            forms,
            obstacle,
        });
    }
    contents
}

/// A form of a policy, and why IAM would not take it. Its tree is let go: two dumps have tens of thousands.
fn form(site: &PolicySite<'_>) -> (Form, Option<(Span, String)>) {
    let document = &*site.document;
    let mut holes = Vec::new();
    policy::holes(document, &mut holes);
    let holes = holes.into_iter().map(|(_, hole)| (hole.name.clone(), hole.into_owned())).collect();
    let policy = policy::lower(document);
    let rejection = policies::rejection(document, &policy);
    (Form { branch: site.branch.clone(), wording: Wording::of(document), policy, holes }, rejection)
}

/// How a document is written, wherever it stands: documents that are written alike have the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Wording(u128);

impl Wording {
    /// A hash under a secret key, so that nobody can write two documents with the same.
    fn of(document: &Value<'_>) -> Self {
        static KEYS: LazyLock<(u64, u64)> = LazyLock::new(|| {
            let random = RandomState::new();
            (random.hash_one(0), random.hash_one(1))
        });
        let mut hasher = SipHasher13::new_with_keys(KEYS.0, KEYS.1);
        feed(document, &mut hasher);
        Wording(hasher.finish128().as_u128())
    }
}

/// Give everything that two equal values have in common to a hasher.
fn feed(value: &Value<'_>, hasher: &mut SipHasher13) {
    std::mem::discriminant(&value.kind).hash(hasher);
    match &value.kind {
        Kind::Null => {}
        Kind::Bool(value) => value.hash(hasher),
        Kind::Number(text) | Kind::String(text) => text.hash(hasher),
        Kind::Template(text) => text.hash(hasher),
        Kind::List(items) => {
            items.len().hash(hasher);
            items.iter().for_each(|item| feed(item, hasher));
        }
        Kind::Map(members) => {
            members.len().hash(hasher);
            for member in members {
                member.key.hash(hasher);
                feed(&member.value, hasher);
            }
        }
        Kind::Tagged(tagged) => {
            tagged.tag.hash(hasher);
            feed(&tagged.value, hasher);
        }
        Kind::Unknown(hole) => hole.hash(hasher),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::{Syntax, parse};

    fn wording(text: &str) -> Wording {
        Wording::of(&parse(text, Syntax::Json).documents[0])
    }

    #[test]
    fn documents_that_say_the_same_have_the_same_wording() {
        assert_eq!(
            wording(r#"{"a": ["b", 1, null], "c": true}"#),
            wording("{ \"\\u0061\":[\"b\",1,null],\n\"c\":true}")
        );
        let different = [
            "{}",
            "[]",
            "null",
            "true",
            "false",
            "1",
            "1.0",
            "\"1\"",
            "\"\"",
            r#"["a", "b"]"#,
            r#"["ab"]"#,
            r#"[["a"], "b"]"#,
            r#"[["a", "b"]]"#,
            r#"{"a": "b"}"#,
            r#"{"a": {"b": "c"}}"#,
            r#"{"a": "b", "c": "d"}"#,
            r#"{"c": "d", "a": "b"}"#,
        ];
        for (at, one) in different.iter().enumerate() {
            assert!(different[..at].iter().all(|other| wording(one) != wording(other)), "{one}");
        }
    }
}
