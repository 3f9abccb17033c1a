//! Writers: one file for each output format, each a function from a report to bytes.
//!
//! A writer decides nothing. Equal reports give equal bytes whatever the number of threads: files are rendered in
//! parallel and written in order. To add a format, write its file and add it to [`ALL`].

pub mod concise;
pub mod full;
pub mod json;
pub mod line_hash;
pub mod ndjson;
pub mod sarif;
pub mod summary;

mod cwe;
mod excerpt;
mod place;
mod text;
mod uri;

use crate::diagnostic::Severity;
use crate::lint::Report;
use crate::rules::Rule;
use std::io;

/// How text for people looks. The command line decides it once; no writer asks the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Whether ANSI colours may be written.
    pub color: bool,
    /// Whether frames and arrows may use characters outside ASCII.
    pub unicode: bool,
    /// Columns of the terminal.
    pub width: usize,
}

impl Default for Style {
    fn default() -> Self {
        Style { color: false, unicode: false, width: 100 }
    }
}

/// What a writer needs to know beside the report.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// The looks of text; machine formats ignore it.
    pub style: Style,
    /// The enabled rules, sorted by id: every rule that a finding of the report names is among them.
    pub rules: &'a [&'static Rule],
    /// The tool's version.
    pub version: &'a str,
    /// The exit status that the run ends with.
    pub exit_code: u8,
    /// Whether to list the policies that were judged.
    pub verbose: bool,
    /// What tells this run from others over the same commit, `--sarif-category`.
    pub category: Option<&'a str>,
}

/// Writes a report.
pub type Writer = fn(&Report, &Options<'_>, &mut dyn io::Write) -> io::Result<()>;

/// One output format.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// The name in `--format`.
    pub name: &'static str,
    /// One line of help.
    pub about: &'static str,
    /// Its writer.
    pub write: Writer,
}

/// Every format, the default first.
pub static ALL: [Format; 5] = [
    Format { name: "full", about: "findings with excerpts of the source, for people", write: full::write },
    Format { name: "concise", about: "one line for each finding, for editors and pipes", write: concise::write },
    Format { name: "json", about: "versioned JSON, for programs", write: json::write },
    Format { name: "ndjson", about: "one line of JSON for each file or line, for large estates", write: ndjson::write },
    Format { name: "sarif", about: "SARIF 2.1.0, for code scanning", write: sarif::write },
];

/// The format with this name.
pub fn by_name(name: &str) -> Option<&'static Format> {
    ALL.iter().find(|format| format.name == name)
}

/// What a severity is called elsewhere. The one table that every writer uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    /// In lines that problem matchers read: `error`, `warning`, `info`.
    pub word: &'static str,
    /// `level` of SARIF.
    pub sarif: &'static str,
    /// `security-severity` of GitHub code scanning: a number in a string; none for what is no weakness.
    pub security: Option<&'static str>,
    /// `problem.severity` of GitHub code scanning.
    pub problem: &'static str,
    /// The ANSI colour, as the digits of its escape sequence.
    pub color: &'static str,
}

/// The names of a severity elsewhere.
pub fn level(severity: Severity) -> Level {
    let level = |word, sarif, security, problem, color| Level { word, sarif, security, problem, color };
    match severity {
        Severity::Critical => level("error", "error", Some("9.5"), "error", "1;31"),
        Severity::High => level("error", "error", Some("8.0"), "error", "31"),
        Severity::Medium => level("warning", "warning", Some("5.5"), "warning", "33"),
        Severity::Low => level("warning", "warning", Some("2.5"), "warning", "34"),
        Severity::Info => level("info", "note", None, "recommendation", "36"),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::diagnostic::{Audience, Confidence, Diagnostic, Fingerprint, Label};
    use crate::lint::{FileReport, Summary};
    use crate::source::Source;
    use crate::span::Span;

    /// The span of the first occurrence of `part`.
    pub fn span(text: &str, part: &str) -> Span {
        let at = text.find(part).expect("the part is in the text");
        Span::new(at, at + part.len())
    }

    /// A finding of a critical rule.
    pub fn finding(primary: Label) -> Diagnostic {
        Diagnostic {
            rule: "wildcard-principal",
            severity: Severity::Critical,
            confidence: Confidence::Proved,
            audience: Audience::Default,
            message: "anyone can assume this role".into(),
            primary,
            secondary: Vec::new(),
            related: Vec::new(),
            why: None,
            witness: None,
            help: None,
            resource: String::new(),
            subject: "*".into(),
            statement: None,
            fingerprint: Fingerprint::of(&["wildcard-principal", "*"]),
        }
    }

    /// A report of one file.
    pub fn report(path: &str, text: &str, findings: Vec<Diagnostic>) -> Report {
        let source = Source::new(path, text);
        let file = FileReport { findings, ..FileReport::new(source) };
        Report { files: vec![file], summary: Summary { files: 1, ..Summary::default() } }
    }

    /// Options without rules.
    pub fn options() -> Options<'static> {
        Options { style: Style::default(), rules: &[], version: "1.2.3", exit_code: 1, verbose: false, category: None }
    }

    /// What a writer writes.
    pub fn written(write: Writer, report: &Report, options: &Options<'_>) -> String {
        let mut out = Vec::new();
        write(report, options, &mut out).expect("a vector takes everything");
        String::from_utf8(out).expect("writers write UTF-8")
    }

    #[test]
    fn formats_are_found_by_name() {
        assert!(ALL.iter().all(|format| by_name(format.name).is_some_and(|found| found.name == format.name)));
        assert!(by_name("xml").is_none());
    }

    #[test]
    fn security_severities_lie_in_their_bands() {
        let number = |severity| level(severity).security.map(|text| text.parse::<f64>().expect("a number"));
        assert!(number(Severity::Critical).is_some_and(|value| value > 9.0 && value <= 10.0));
        assert!(number(Severity::High).is_some_and(|value| (7.0..9.0).contains(&value)));
        assert!(number(Severity::Medium).is_some_and(|value| (4.0..7.0).contains(&value)));
        assert!(number(Severity::Low).is_some_and(|value| (0.1..4.0).contains(&value)));
        assert_eq!(number(Severity::Info), None);
    }
}
