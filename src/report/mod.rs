//! Writers: one file for each output format, each a function from a report to bytes.
//!
//! A writer decides nothing. Equal reports give equal bytes whatever the number of threads: files are rendered in
//! parallel and written in order. To add a format, write its file and add it to [`ALL`].

pub mod azure;
pub mod checkstyle;
pub mod concise;
pub mod full;
pub mod github;
pub mod gitlab;
pub mod gitlab_sast;
pub mod json;
pub mod junit;
pub mod level;
pub mod line_hash;
pub mod markdown;
pub mod ndjson;
pub mod ocsf;
pub mod rdjson;
pub mod sarif;
pub mod summary;
pub mod time;

mod cwe;
mod excerpt;
mod identity;
mod inline;
mod place;
mod story;
mod text;
mod uri;
mod xml;

use crate::lint::Report;
use crate::rules::Rule;
pub use level::{Level, level};
use std::io;
use time::Moment;

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
    /// Whether the formats that can say so also list suppressed findings.
    pub suppressed: bool,
    /// What tells this run from others over the same commit, `--sarif-category`.
    pub category: Option<&'a str>,
    /// When the run took place, for the formats that must say so.
    pub time: Moment,
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
    /// What the user must be told of a report that this format cannot hold whole.
    pub warning: fn(&Report) -> Option<String>,
}

impl Format {
    /// A format that holds every report.
    const fn new(name: &'static str, about: &'static str, write: Writer) -> Self {
        Format { name, about, write, warning: |_| None }
    }
}

/// A text on one line that steers no terminal and is no command in the log of a pipeline: for messages that quote what
/// somebody else wrote.
pub fn one_line(text: &str) -> std::borrow::Cow<'_, str> {
    text::clean(text)
}

/// Every format, the default first.
pub static ALL: [Format; 14] = [
    Format::new("full", "findings with excerpts of the source, for people", full::write),
    Format::new("concise", "one line for each finding, for editors and pipes", concise::write),
    Format::new("json", "versioned JSON, for programs", json::write),
    Format::new("ndjson", "one line of JSON for each file or line, for large estates", ndjson::write),
    Format { warning: sarif::warning, ..Format::new("sarif", "SARIF 2.1.0, for code scanning", sarif::write) },
    Format::new("github", "annotations of GitHub Actions", github::write),
    Format::new("gitlab", "code quality report of GitLab", gitlab::write),
    Format::new("gitlab-sast", "security report of GitLab, type SAST", gitlab_sast::write),
    Format::new("azure", "issues of Azure Pipelines", azure::write),
    Format::new("junit", "JUnit XML: a test case for each finding", junit::write),
    Format::new("checkstyle", "Checkstyle XML", checkstyle::write),
    Format::new("rdjson", "Reviewdog Diagnostic Format, for review comments", rdjson::write),
    Format::new("markdown", "a table and details, for the summary of a job", markdown::write),
    Format::new("ocsf", "OCSF events, one on each line, for security data lakes", ocsf::write),
];

/// The format with this name.
pub fn by_name(name: &str) -> Option<&'static Format> {
    ALL.iter().find(|format| format.name == name)
}

/// Where the rule pages can be read, where the package names a repository.
const HOME: &str = env!("CARGO_PKG_REPOSITORY");

/// The rule whose findings say that a file could not be read.
const INVALID_INPUT: &str = "invalid-input";

/// The address of a rule's page below [`HOME`].
fn page(rule: &Rule) -> String {
    format!("{HOME}/blob/main/rules/{}/{}.md", rule.family, rule.id)
}

/// A JSON list with one item on each line.
fn write_list(out: &mut dyn io::Write, items: impl IntoIterator<Item = String>) -> io::Result<()> {
    write!(out, "[")?;
    for (at, item) in items.into_iter().enumerate() {
        write!(out, "{}{item}", if at == 0 { "\n" } else { ",\n" })?;
    }
    write!(out, "\n]")
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::diagnostic::{Audience, Confidence, Diagnostic, Fingerprint, Label, Related, Severity, Witness};
    use crate::lint::{FileReport, Summary};
    use crate::rules::Check;
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
            subject: "*".into(),
            fingerprint: Fingerprint::of(&["wildcard-principal", "*"]),
            ..Diagnostic::new("wildcard-principal", Severity::Critical, "anyone can assume this role", primary)
        }
    }

    /// A text whose second line has a tab and characters of two and four bytes before the star.
    pub const WIDE: &str = "{\n\t\"é😀\": \"*\",\n}";

    /// What someone may write into a policy who wants to write into the report.
    pub const HOSTILE: &str = "\r\n::error::x ##[error]x ##vso[task.setvariable variable=a]x\n\u{1b}]0;\u{0}\u{202e}\
                               </a><script>\"'&amp;]]> `]|[x](https://example.com) ![y](z) %0A%3B #1 @someone\n\n# h";

    /// A text and a finding in it that has every part a finding can have.
    pub fn with_everything() -> (String, Diagnostic) {
        let text = "{\n  \"é😀\": { \"*\" },\n  \"Action\": \"sts:AssumeRole\"\n}\n".to_owned();
        let mut one = finding(Label::new(span(&text, "\"*\""), "anyone"));
        one.confidence = Confidence::Likely;
        one.secondary = vec![Label::new(span(&text, "\"sts:AssumeRole\""), "may call this")];
        let other = Source::new("modules/vars.tf", "variable \"who\" {\n  default = \"*\"\n}\n");
        one.related = vec![Related::new(&other, span(&other.text, "\"*\""), "the default of `var.who`")];
        one.why = Some("nothing else is asked".into());
        one.help = Some("name the accounts".into());
        one.resource = "Resources.CiRole".into();
        one.statement = Some("AllowCi".into());
        one.witness = Some(Box::new(Witness {
            action: "sts:AssumeRole".into(),
            caller: "user",
            principal: "arn:aws:iam::999999999999:user/x".into(),
            context: vec![("aws:a".into(), Some(vec!["b".into()])), ("aws:c".into(), None)],
            allowed_by: 0,
        }));
        (text, one)
    }

    /// A report of one file.
    pub fn report(path: &str, text: &str, findings: Vec<Diagnostic>) -> Report {
        let source = Source::new(path, text);
        let file = FileReport { findings, ..FileReport::new(source) };
        Report { files: vec![file], summary: Summary { files: 1, ..Summary::default() }, ..Report::default() }
    }

    /// A rule of the family `trust`.
    pub fn rule(id: &'static str, severity: Severity, cwe: &'static [&'static str]) -> &'static Rule {
        Box::leak(Box::new(Rule {
            id,
            family: "trust",
            summary: "trust policy lets every AWS account assume the role",
            severity,
            audience: Audience::Default,
            reads: &[],
            check: Check::Run,
            since: "0.1.0",
            also: &[],
            aliases: &[],
            yields_to: &[],
            cwe,
            options: &[],
            page: "",
        }))
    }

    /// Options without rules.
    pub fn options() -> Options<'static> {
        Options {
            style: Style::default(),
            rules: &[],
            version: "1.2.3",
            exit_code: 1,
            verbose: false,
            suppressed: false,
            category: None,
            time: Moment::default(),
        }
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
}
