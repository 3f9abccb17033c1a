//! What a run has to say: a report of its files, each with its findings, and the counts.

use super::ledger::{self, Entry, Thing, Unjudged};
use crate::diagnostic::{Diagnostic, Problem, Severity, Suppression, WhyNot};
use crate::site::{PolicyKind, PolicySite};
use crate::source::{Position, Source};
use crate::span::Span;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The rule about what cannot be read.
const INVALID_INPUT: &str = "invalid-input";

/// Everything that a run has to say, in a fixed order whatever the number of threads.
#[derive(Debug, Default)]
pub struct Report {
    /// One entry for each file that was judged or could not be, sorted by path.
    pub files: Vec<FileReport>,
    /// The counts.
    pub summary: Summary,
    /// What was not looked at beside the files: the path and what of it.
    pub left_out: Vec<(String, Entry)>,
    /// Files and folders that were read because of others, such as the modules that a configuration calls.
    pub read: Vec<PathBuf>,
}

/// What came of one file.
#[derive(Debug)]
pub struct FileReport {
    /// The text, for places. Empty when nothing is to be shown of the file.
    pub source: Source,
    /// Whether nobody asked for the file, and only what others use of it was judged: a module that they call.
    pub partly: bool,
    /// The input format it was taken for.
    pub format: Option<&'static str>,
    /// Why it was taken for that format, or why it was passed over.
    pub reason: &'static str,
    /// The findings, sorted by place.
    pub findings: Vec<Diagnostic>,
    /// Findings that are not told, each with why, sorted by place.
    pub suppressed: Vec<(Diagnostic, Suppression)>,
    /// Findings that are told by another one at the same place: of a module that is called several times, only one is
    /// told. Kept where a baseline is read or made.
    pub folded: Vec<Diagnostic>,
    /// Findings that nobody asked for: of a wider audience, or less severe. Kept where a baseline is read or made.
    pub hidden: Vec<Diagnostic>,
    /// Which of the `[[ignore]]` tables were for something in the file.
    pub ignores_used: Vec<usize>,
    /// Whether a finding makes the run fail.
    pub fails: bool,
    /// The policies that were judged.
    pub policies: Vec<PolicyReport>,
    /// What was seen and not judged, beside what the policies say of themselves.
    pub not_judged: Vec<Entry>,
    /// Whether something in the file could not be read.
    pub invalid: bool,
    /// The first thing that could not, whether or not a rule reports it.
    pub problem: Option<Problem>,
    /// Whether judging it ended in a panic, which is a mistake of this program.
    pub internal_error: bool,
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
    /// Where it begins, for who has no text of the file to count in.
    pub start: Option<Position>,
    /// How many statements it has.
    pub statements: usize,
    /// How many values in it are not known.
    pub unresolved: usize,
    /// Whether a question about it was not decided.
    pub undecided: bool,
    /// Whether it was not judged because it is too large.
    pub too_large: bool,
    /// The policy itself in each of its forms, where [`Settings::keep`](super::Settings::keep) has its kind.
    pub forms: Vec<PolicySite<'static>>,
}

/// The counts of a run. Nothing disappears: what was not judged is counted too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Files that were read.
    pub files: usize,
    /// Files without a policy, and without anything else to say of them.
    pub skipped: usize,
    /// Files of which something could not be read.
    pub invalid: usize,
    /// Policies that were judged.
    pub policies: usize,
    /// Their statements.
    pub statements: usize,
    /// Values in them that are not known.
    pub unresolved: usize,
    /// Policies of which a question was not decided.
    pub undecided: usize,
    /// Findings that were suppressed.
    pub suppressed: usize,
    /// What was not judged.
    pub not_judged: Unjudged,
}

impl FileReport {
    /// The report of a file that nothing is known of yet.
    pub fn new(source: Source) -> Self {
        FileReport {
            source,
            partly: false,
            format: None,
            reason: "has no word that every policy has",
            findings: Vec::new(),
            suppressed: Vec::new(),
            folded: Vec::new(),
            hidden: Vec::new(),
            ignores_used: Vec::new(),
            fails: false,
            policies: Vec::new(),
            not_judged: Vec::new(),
            invalid: false,
            problem: None,
            internal_error: false,
        }
    }

    /// What was not judged of one file: what its reader noted, and what its policies say.
    pub fn ledger(&self) -> impl Iterator<Item = Entry> {
        let noted = self.not_judged.iter().cloned();
        let is_noted = self.not_judged.iter().any(|entry| entry.why == WhyNot::NotLookedAt);
        let unread = self.problem.as_ref().filter(|_| self.invalid && !is_noted).map(|problem| {
            let place = (!self.source.text.is_empty()).then(|| self.source.position(problem.span.start));
            Entry::new(WhyNot::NotLookedAt, Thing::File, place, problem.message.clone())
        });
        let of_policies = self.policies.iter().flat_map(|policy| policy.ledger(&self.source));
        noted.chain(unread).chain(of_policies)
    }

    /// What was not judged of one file, but for what a finding already says.
    pub fn untold(&self) -> impl Iterator<Item = Entry> {
        let is_told = |entry: &Entry| {
            let about =
                |finding: &Diagnostic| finding.rule == INVALID_INPUT && finding.message.starts_with(&entry.text);
            self.findings.iter().any(about)
        };
        self.ledger().filter(move |entry| !is_told(entry))
    }

    /// Whether something of its text may be shown.
    pub(super) fn shows_text(&self) -> bool {
        let keeps = self.policies.iter().any(|policy| !policy.forms.is_empty());
        keeps || !self.findings.is_empty() || !self.suppressed.is_empty() || self.problem.is_some()
    }

    /// Take what was found in this file as the policy of a resource for what was found in it alone: the resource says what
    /// kind of policy it is, and whose.
    pub(super) fn superseded(&mut self, known: FileReport) {
        let is_about_text = |finding: &Diagnostic| finding.rule == INVALID_INPUT;
        self.findings.retain(is_about_text);
        self.hidden.retain(is_about_text);
        self.folded.clear();
        self.suppressed.retain(|(finding, _)| is_about_text(finding));
        self.findings.extend(known.findings);
        self.suppressed.extend(known.suppressed);
        self.hidden.extend(known.hidden);
        self.folded.extend(known.folded);
        self.ignores_used.extend(known.ignores_used);
        if self.source.text.is_empty() {
            self.source = known.source;
        }
    }

    /// Let the text go where nothing is shown of it: a run over a large repository must not hold every text to its end.
    pub(super) fn forget_text(&mut self) {
        if !self.shows_text() {
            place_policies(&mut self.policies, &self.source);
            self.source = Source::new(std::mem::take(&mut self.source.path), "");
        }
    }
}

/// Note where policies begin in the text that they were found in.
pub(super) fn place_policies(policies: &mut [PolicyReport], source: &Source) {
    for policy in policies {
        policy.start = policy.start.or(Some(source.position(policy.span.start)));
    }
}

impl PolicyReport {
    /// What was not judged of the policy, in this text.
    pub fn ledger(&self, source: &Source) -> Vec<Entry> {
        if !self.is_open() {
            return Vec::new();
        }
        let name = ledger::policy_name(&self.address);
        let place = Some(self.start.unwrap_or_else(|| source.position(self.span.start)));
        let policy = |text: String| Entry::new(WhyNot::NotLookedAt, Thing::Policy, place, text);
        let undecided = || policy(format!("a question about {name} needs more work than one policy gets"));
        let large = || policy(format!("{name} is larger than what is judged"));
        let values = ledger::unknown_values(&self.address, self.unresolved, place);
        values.into_iter().chain(self.undecided.then(undecided)).chain(self.too_large.then(large)).collect()
    }

    /// Whether something in it was not judged.
    pub fn is_open(&self) -> bool {
        self.unresolved > 0 || self.undecided || self.too_large
    }
}

impl Summary {
    /// Count one more file, or one more line of JSON Lines.
    pub fn count(&mut self, file: &FileReport) {
        self.files += 1;
        self.invalid += usize::from(file.invalid);
        self.suppressed += file.suppressed.len();
        let has_unknown = file.not_judged.iter().any(|entry| entry.thing != Thing::Module);
        let says_something = file.invalid || !file.findings.is_empty() || has_unknown;
        self.skipped += usize::from(!says_something && file.policies.is_empty());
        for policy in &file.policies {
            self.policies += 1;
            self.statements += policy.statements;
            self.unresolved += policy.unresolved;
            self.undecided += usize::from(policy.undecided);
        }
        file.ledger().for_each(|entry| self.not_judged.count(&entry));
    }
}

/// What a run found, counted while its files or lines are dropped.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// What was judged.
    pub summary: Summary,
    /// Files, or lines, with a finding.
    pub concerned: usize,
    /// Findings by severity.
    pub severities: BTreeMap<Severity, usize>,
    /// Findings by rule.
    pub rules: BTreeMap<&'static str, usize>,
    /// Whether a finding makes the run fail.
    pub fails: bool,
    /// Whether judging one of them ended in a panic.
    pub internal_error: bool,
}

impl Tally {
    /// The counts of a whole report.
    pub fn of(report: &Report) -> Tally {
        let mut tally = Tally::default();
        report.files.iter().for_each(|file| tally.count(file));
        Tally { summary: report.summary.clone(), ..tally }
    }

    /// Count one more file, or one more line.
    pub fn count(&mut self, file: &FileReport) {
        self.summary.count(file);
        self.concerned += usize::from(!file.findings.is_empty());
        self.fails |= file.fails;
        self.internal_error |= file.internal_error;
        for finding in &file.findings {
            *self.severities.entry(finding.severity).or_default() += 1;
            *self.rules.entry(finding.rule).or_default() += 1;
        }
    }

    /// The worst severity found.
    pub fn worst(&self) -> Option<Severity> {
        self.severities.keys().next_back().copied()
    }
}

impl Report {
    /// A report of these files, sorted by path and counted.
    pub fn new(mut files: Vec<FileReport>) -> Self {
        files.sort_by(|a, b| a.source.path.cmp(&b.source.path));
        let mut summary = Summary::default();
        files.iter().for_each(|file| summary.count(file));
        Report { files, summary, left_out: Vec::new(), read: Vec::new() }
    }

    /// The same with what was not looked at beside the files.
    pub fn without(mut self, left_out: Vec<(String, Entry)>) -> Self {
        left_out.iter().for_each(|(_, entry)| self.summary.not_judged.count(entry));
        self.left_out.extend(left_out);
        self.left_out.sort_by(|a, b| a.0.cmp(&b.0));
        self
    }

    /// Everything that was seen and not judged, with the path of its file.
    pub fn not_judged(&self) -> impl Iterator<Item = (&str, Entry)> {
        let of_files =
            self.files.iter().flat_map(|file| file.ledger().map(move |entry| (file.source.path.as_str(), entry)));
        of_files.chain(self.left_out.iter().map(|(path, entry)| (path.as_str(), entry.clone())))
    }

    /// The same with policies of these kinds only.
    pub fn of_kinds(self, kinds: &[PolicyKind]) -> Report {
        let Report { mut files, left_out, read, .. } = self;
        for file in &mut files {
            file.policies.retain(|policy| kinds.contains(&policy.kind));
        }
        Report { read, ..Report::new(files) }.without(left_out)
    }

    /// The same with what there is to say about the configuration.
    pub fn with(mut self, file: FileReport) -> Self {
        self.summary.files += 1;
        self.files.push(file);
        self.files.sort_by(|a, b| a.source.path.cmp(&b.source.path));
        self
    }

    /// Every finding with its file.
    pub fn findings(&self) -> impl Iterator<Item = (&FileReport, &Diagnostic)> {
        self.files.iter().flat_map(|file| file.findings.iter().map(move |finding| (file, finding)))
    }

    /// The worst severity found.
    pub fn worst(&self) -> Option<Severity> {
        self.findings().map(|(_, finding)| finding.severity).max()
    }
}

/// What findings of a file are sorted by.
pub(super) fn order(finding: &Diagnostic) -> (Span, &str, &str, &str) {
    (finding.primary.span, finding.rule, &finding.message, &finding.resource)
}
