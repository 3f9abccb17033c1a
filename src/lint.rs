//! The run: from sources to a report.

use crate::diagnostic::Diagnostic;
use crate::site::PolicyKind;
use crate::source::Source;
use crate::span::Span;

/// Everything that a run has to say, in a fixed order whatever the number of threads.
#[derive(Debug, Default)]
pub struct Report {
    /// One entry for each file that was judged or could not be, sorted by path.
    pub files: Vec<FileReport>,
    /// The counts.
    pub summary: Summary,
}

/// What came of one file.
#[derive(Debug)]
pub struct FileReport {
    /// The text, for places.
    pub source: Source,
    /// The input format it was taken for.
    pub format: Option<&'static str>,
    /// The findings, sorted by place.
    pub findings: Vec<Diagnostic>,
    /// The policies that were judged.
    pub policies: Vec<PolicyReport>,
}

/// One policy that was judged.
#[derive(Debug)]
pub struct PolicyReport {
    /// Its address in the file.
    pub address: String,
    /// Its kind.
    pub kind: PolicyKind,
    /// The document's place.
    pub span: Span,
    /// How many statements it has.
    pub statements: usize,
    /// How many values in it are not known.
    pub unresolved: usize,
}

/// The counts of a run. Nothing disappears: what was not judged is counted too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Files that were read.
    pub files: usize,
    /// Files without a policy.
    pub skipped: usize,
    /// Files of which something could not be read.
    pub invalid: usize,
    /// Policies that were judged.
    pub policies: usize,
    /// Their statements.
    pub statements: usize,
    /// Values in them that are not known.
    pub unresolved: usize,
    /// Findings that were suppressed.
    pub suppressed: usize,
}
