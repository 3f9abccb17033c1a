//! Writing suppressions into files: bytes are put in, and none is changed or taken away.
//!
//! [`plan`] says where they go: comments where the file has comments, `Metadata` in a template of JSON, a `"//"` member
//! in Terraform's JSON. What no place in its file can silence is left for the configuration.

mod comments;
mod json;
mod members;
mod metadata;

use super::comments_of;
use super::directive::quoted;
use crate::diagnostic::Diagnostic;
use crate::source::Source;
use crate::syntax::{self, Syntax, hcl};
use std::collections::BTreeMap;

/// Text to put in before the byte at `at`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Insertion {
    /// The offset.
    pub at: usize,
    /// The text.
    pub text: String,
}

/// What to do to silence the findings of a file.
#[derive(Debug, Default)]
pub struct Plan {
    /// What to put into the file.
    pub insertions: Vec<Insertion>,
    /// Which of the findings only the configuration can silence.
    pub outside: Vec<usize>,
}

/// One thing to silence, as it will be written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Thing {
    rule: &'static str,
    sid: Option<String>,
    subject: Option<String>,
}

impl Thing {
    /// `rule subject=…`, as a directive has it. `sid` where the place alone does not tell the statement.
    fn words(&self) -> String {
        let mut words = self.rule.to_owned();
        for (name, value) in [("sid", &self.sid), ("subject", &self.subject)] {
            if let Some(value) = value {
                words.push_str(&format!(" {name}={}", quoted(value)));
            }
        }
        words
    }
}

/// A directive for these things.
fn directive(things: &[Thing], reason: &str) -> String {
    let words: Vec<String> = things.iter().map(Thing::words).collect();
    format!("iamlint: ignore[{}] {reason}", words.join(", "))
}

/// Plan how to silence all of these findings of one file, with one reason.
pub fn plan(source: &Source, format: Option<&str>, findings: &[&Diagnostic], reason: &str) -> Plan {
    let things: Vec<Thing> = findings.iter().map(|finding| thing(finding, findings)).collect();
    let all = || Plan { outside: (0..findings.len()).collect(), ..Plan::default() };
    if source.text.is_empty() {
        return all();
    }
    if is_terraform(&source.path) {
        return in_terraform(source, findings, &things, reason);
    }
    let syntax = Syntax::of(&source.path, &source.text);
    let parsed = syntax::parse(&source.text, syntax);
    if !parsed.problems.is_empty() {
        return all();
    }
    match comments_of(&source.path, Some(syntax)) {
        Some(comments) => comments::plan(source, comments, findings, things, reason),
        None if format == Some("cloudformation") => {
            metadata::plan(&source.text, &parsed.documents, findings, &things, reason)
        }
        None => all(),
    }
}

fn is_terraform(path: &str) -> bool {
    [".tf", ".tofu", ".tfvars", ".tf.json", ".tofu.json"].iter().any(|end| path.ends_with(end))
}

fn in_terraform(source: &Source, findings: &[&Diagnostic], things: &[Thing], reason: &str) -> Plan {
    let Some(comments) = comments_of(&source.path, None) else {
        return members::plan(&source.text, findings, things, reason);
    };
    // Around an error of syntax nobody knows what a comment is.
    if hcl::parse(&source.text, 0).problems.is_empty() {
        return comments::plan(source, comments, findings, things.to_vec(), reason);
    }
    Plan { outside: (0..findings.len()).collect(), ..Plan::default() }
}

/// What silences a finding and no more than it must: its subject is always said, unless no finding of the rule has one.
fn thing(finding: &Diagnostic, all: &[&Diagnostic]) -> Thing {
    let has_subject = |other: &&Diagnostic| other.rule == finding.rule && !other.subject.is_empty();
    let subject = all.iter().any(has_subject).then(|| finding.subject.clone());
    Thing { rule: finding.rule, sid: finding.sid.clone(), subject }
}

/// Things by the place they are written at, each once and in order.
fn grouped<K: Ord>(things: impl Iterator<Item = (K, Thing)>) -> BTreeMap<K, Vec<Thing>> {
    let mut groups: BTreeMap<K, Vec<Thing>> = BTreeMap::new();
    for (key, thing) in things {
        groups.entry(key).or_default().push(thing);
    }
    for group in groups.values_mut() {
        group.sort();
        group.dedup();
    }
    groups
}

/// The text with everything put in.
pub fn edited(text: &str, insertions: &[Insertion]) -> String {
    let mut sorted: Vec<&Insertion> = insertions.iter().collect();
    sorted.sort_by_key(|insertion| insertion.at);
    let mut out =
        String::with_capacity(text.len() + sorted.iter().map(|insertion| insertion.text.len()).sum::<usize>());
    let mut done = 0;
    for insertion in sorted {
        out.push_str(&text[done..insertion.at]);
        out.push_str(&insertion.text);
        done = insertion.at;
    }
    out + &text[done..]
}

/// The line break that a text uses.
fn line_break(text: &str) -> &'static str {
    match memchr::memchr(b'\n', text.as_bytes()) {
        Some(at) if at > 0 && text.as_bytes()[at - 1] == b'\r' => "\r\n",
        _ => "\n",
    }
}

/// The white space that a line begins with.
fn indentation(line: &str) -> &str {
    &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn insertions_change_nothing_else() {
        let put = |at, text: &str| Insertion { at, text: text.to_owned() };
        assert_eq!(edited("abc", &[put(3, "3"), put(0, "0"), put(1, "x"), put(1, "y")]), "0axybc3");
        assert_eq!(edited("", &[]), "");
        assert_eq!((line_break("a\r\nb\n"), line_break("a\n\r\n"), line_break("a")), ("\r\n", "\n", "\n"));
    }
}
