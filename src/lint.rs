//! The run: from sources to a report.
//!
//! [`lint_source`] judges one text; the command line, editors and tests all call it. [`lint_files`] does so for many
//! files in parallel and puts the results in an order that does not depend on the number of threads.

mod disk;
mod folder;
mod memo;
mod variants;

use crate::config::Config;
pub use disk::Disk;
use folder::FolderReport;
use memo::{Judged, Memo};

use crate::diagnostic::{Audience, Confidence, Diagnostic, Problem, Severity, Suppression};
use crate::discover::{self, ReadError};
use crate::input::terraform::{Loader, Variables};
use crate::input::{Found, Input};
use crate::load::{self, How};
use crate::policy;
use crate::rules::{self, ActiveRule, Context, Finding, Org, Selection};
use crate::site::{PolicyKind, PolicySite};
use crate::source::Source;
use crate::span::{Span, Spanned};
use rayon::prelude::*;
use std::cell::OnceCell;
use std::collections::{BTreeMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Everything that a run has to say, in a fixed order whatever the number of threads.
#[derive(Debug, Default)]
pub struct Report {
    /// One entry for each file that was judged or could not be, sorted by path.
    pub files: Vec<FileReport>,
    /// The counts.
    pub summary: Summary,
    /// Files and folders that were read because of others, such as the modules that a configuration calls.
    pub read: Vec<PathBuf>,
}

/// What came of one file.
#[derive(Debug)]
pub struct FileReport {
    /// The text, for places. Empty when nothing is to be shown of the file.
    pub source: Source,
    /// The input format it was taken for.
    pub format: Option<&'static str>,
    /// Why it was taken for that format, or why it was passed over.
    pub reason: &'static str,
    /// The findings, sorted by place.
    pub findings: Vec<Diagnostic>,
    /// Findings that are not told, each with why.
    pub suppressed: Vec<(Diagnostic, Suppression)>,
    /// The policies that were judged.
    pub policies: Vec<PolicyReport>,
    /// How many policies nothing is known of until they are deployed.
    pub unresolved: usize,
    /// Whether something in the file could not be read.
    pub invalid: bool,
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

/// How a run judges.
#[derive(Debug)]
pub struct Settings {
    /// The rules that run.
    pub rules: Vec<ActiveRule>,
    /// Who reads the findings.
    pub profile: Audience,
    /// Findings below this are left out.
    pub min_severity: Severity,
    /// The facts of the user's estate.
    pub org: Org,
    /// The kind that raw policy documents have, when the user says so.
    pub kind: Option<PolicyKind>,
    /// The format that files have, when the user says so.
    pub format: Option<&'static dyn Input>,
    /// Files with values of Terraform's variables, `--var-file`.
    pub var_files: Vec<PathBuf>,
    /// Values of Terraform's variables, `--var`.
    pub vars: Vec<(String, String)>,
    /// Where the time of each rule is added up, in the order of `rules`; empty when nobody asks.
    pub timings: Vec<AtomicU64>,
    /// What was found in documents that may come again.
    memo: Memo,
}

impl Settings {
    /// What a configuration asks for.
    pub fn new(config: &Config) -> Self {
        let values = |list: &[Spanned<String>]| list.iter().map(|item| item.value.clone()).collect();
        let selection = Selection {
            select: values(&config.select),
            extend_select: values(&config.extend_select),
            ignore: values(&config.ignore),
            profile: Some(config.profile),
        };
        let rules = selection.rules(|rule| {
            let options = rule.options.iter().map(|spec| (spec.name.to_owned(), config.option(rule.id, spec)));
            (config.rules.get(rule.id).and_then(|settings| settings.severity), options.collect())
        });
        Settings {
            rules,
            profile: config.profile,
            min_severity: config.min_severity,
            org: config.org.clone(),
            kind: None,
            format: None,
            var_files: Vec::new(),
            vars: Vec::new(),
            timings: Vec::new(),
            memo: Memo::default(),
        }
    }

    /// Time spent in each rule, longest first.
    pub fn rule_times(&self) -> Vec<(&'static str, Duration)> {
        let mut times: Vec<_> = self
            .rules
            .iter()
            .zip(&self.timings)
            .map(|(active, nanos)| (active.rule.id, Duration::from_nanos(nanos.load(Ordering::Relaxed))))
            .collect();
        times.sort_by_key(|(id, time)| (std::cmp::Reverse(*time), *id));
        times
    }

    fn active(&self, id: &str) -> Option<&ActiveRule> {
        self.rules.iter().find(|active| active.rule.id == id)
    }

    fn shows(&self, finding: &Diagnostic) -> bool {
        finding.severity >= self.min_severity
            && self.active(finding.rule).is_some_and(|active| active.shows(finding, self.profile))
    }
}

/// Judge one text. One of Terraform is judged without the files that may lie beside it.
pub fn lint_source(source: Source, settings: &Settings) -> FileReport {
    if folder::is_part(Path::new(&source.path)) {
        return lint_beside(source, settings, true);
    }
    lint_alone(source, settings)
}

/// Judge one text that stands in place of a file, with the files of its folder: what an editor or standard input gives.
pub fn lint_buffer(source: Source, settings: &Settings) -> FileReport {
    if folder::is_part(Path::new(&source.path)) {
        return lint_beside(source, settings, false);
    }
    lint_alone(source, settings)
}

fn lint_beside(source: Source, settings: &Settings, alone: bool) -> FileReport {
    let Source { path, text, .. } = source;
    let disk = Disk::with(PathBuf::from(&path), text, alone);
    let file = FileToLint { path: PathBuf::from(&path), shown: path };
    let reports = lint_terraform(std::slice::from_ref(&file), settings, &disk);
    reports.into_iter().next().unwrap_or_else(|| FileReport::new(Source::new(&file.shown, "")))
}

fn lint_alone(source: Source, settings: &Settings) -> FileReport {
    let mut report = FileReport::new(source);
    let mut findings = Vec::new();
    Judge { settings, findings: &mut findings }.file(&mut report);
    findings.retain(|finding| settings.shows(finding));
    findings.sort_by(|a, b| order(a).cmp(&order(b)));
    findings.dedup_by(|a, b| order(a) == order(b));
    report.findings = findings;
    report
}

fn order(finding: &Diagnostic) -> (Span, &str, &str, &str) {
    (finding.primary.span, finding.rule, &finding.message, &finding.resource)
}

/// The largest policy document that is judged, in bytes: twice what IAM takes (IAM API Reference, CreateRole: 131,072
/// characters). Some checks compare statements with each other, and a hostile file may hold any number.
const MAX_DOCUMENT: usize = 256 * 1024;

struct Judge<'a> {
    settings: &'a Settings,
    findings: &'a mut Vec<Diagnostic>,
}

impl Judge<'_> {
    fn file(&mut self, report: &mut FileReport) {
        let source = &report.source;
        let how = How { kind: self.settings.kind, format: self.settings.format };
        let (policies, format, reason, invalid) = load::text(source, how, |loaded| {
            let same =
                |a: &PolicySite<'_>, b: &PolicySite<'_>| a.address == b.address && a.document.span == b.document.span;
            let sites: Vec<&[PolicySite<'_>]> = loaded.found.sites.chunk_by(same).collect();
            self.problems(&loaded.found.problems);
            self.unresolved(&loaded.found);
            let this = &*self;
            // An account's dump is one file with thousands of policies.
            let judged: Vec<_> =
                sites.par_iter().with_min_len(32).map(|site| this.policy(site, &source.text)).collect();
            let mut policies = Vec::with_capacity(judged.len());
            for (policy, findings) in judged {
                policies.push(policy);
                self.findings.extend(findings);
            }
            self.problems(&loaded.broken);
            if loaded.broken.is_empty() {
                self.problems_as(&loaded.warnings, Severity::Medium);
            }
            let invalid = !loaded.broken.is_empty() || !loaded.found.problems.is_empty();
            report.unresolved = loaded.found.unresolved.len();
            (policies, loaded.format, loaded.reason, invalid)
        });
        report.policies = policies;
        report.format = format;
        report.reason = reason;
        report.invalid = invalid;
    }

    /// One policy in each of the variants that the conditions of its template give it.
    fn policy(&self, variants: &[PolicySite<'_>], text: &str) -> (PolicyReport, Vec<Diagnostic>) {
        let mut found = Vec::new();
        let mut statements = 0;
        let mut judged = Vec::with_capacity(variants.len());
        let length = variants[0].document.span.len();
        let too_large = length > MAX_DOCUMENT;
        if too_large {
            let message = format!("this policy has {length} bytes, more than the {MAX_DOCUMENT} that are judged");
            let problem = Problem::new(Span::at(variants[0].document.span.start as usize), message)
                .with_help("IAM takes documents of at most 131,072 characters");
            found.extend(self.invalid(&[problem], Severity::High));
        }
        for site in variants.iter().filter(|_| !too_large) {
            let (count, findings) = self.variant(site, text);
            statements = count;
            judged.push((site.branch.as_slice(), findings));
        }
        variants::merge(judged, &mut found);
        let site = &variants[0];
        let report = PolicyReport {
            address: site.address.clone(),
            kind: site.kind,
            span: site.document.span,
            statements,
            unresolved: site.document.count_unknown(),
        };
        (report, found)
    }

    /// The findings in one document, and how many statements it has.
    fn variant(&self, site: &PolicySite<'_>, text: &str) -> (usize, Vec<Diagnostic>) {
        let rules = &self.settings.rules;
        let start = site.document.span.start;
        match memo::Key::of(site, text) {
            Some(key) => {
                let judged = self.settings.memo.get(key, || self.judge(site).moved(|at| at.wrapping_sub(start)));
                let findings = judged.findings.iter().map(|(rule, finding)| {
                    rules[*rule].diagnose(finding.clone().moved(&|at| at.wrapping_add(start)), &site.address)
                });
                (judged.statements, findings.collect())
            }
            None => {
                let judged = self.judge(site);
                let diagnose = |(rule, finding): (usize, Finding)| rules[rule].diagnose(finding, &site.address);
                (judged.statements, judged.findings.into_iter().map(diagnose).collect())
            }
        }
    }

    /// Run every rule on one document.
    fn judge(&self, site: &PolicySite<'_>) -> Judged {
        let policy = &policy::lower(&site.document);
        let mut findings = Vec::new();
        let (view, model) = (OnceCell::new(), OnceCell::new());
        for (at, active) in self.settings.rules.iter().enumerate() {
            let context =
                Context { site, policy, org: &self.settings.org, options: &active.options, view: &view, model: &model };
            let start = self.settings.timings.get(at).map(|total| (total, Instant::now()));
            findings.extend(rules::run(active.rule, &context).into_iter().map(|finding| (at, finding)));
            if let Some((total, start)) = start {
                let nanos = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
                total.fetch_add(nanos, Ordering::Relaxed);
            }
        }
        Judged { findings, statements: policy.statements.len() }
    }

    fn problems(&mut self, problems: &[Problem]) {
        self.problems_as(problems, Severity::High);
    }

    fn problems_as(&mut self, problems: &[Problem], severity: Severity) {
        let findings: Vec<Diagnostic> = self.invalid(problems, severity).collect();
        self.findings.extend(findings);
    }

    /// Problems as findings of `invalid-input`, where that rule runs.
    fn invalid(&self, problems: &[Problem], severity: Severity) -> impl Iterator<Item = Diagnostic> {
        let active = self.settings.active("invalid-input");
        problems.iter().filter_map(move |problem| {
            let mut finding = Finding::new(problem.span, &problem.message).severity(severity).subject(&problem.message);
            if let Some(help) = &problem.help {
                finding = finding.help(help);
            }
            Some(active?.diagnose(finding, ""))
        })
    }

    fn unresolved(&mut self, found: &Found<'_>) {
        let Some(active) = self.settings.active("unresolved-value") else { return };
        for (span, what) in &found.unresolved {
            let finding = Finding::new(*span, format!("this policy is not known: {what}")).subject(what);
            self.findings.push(active.diagnose(finding, ""));
        }
        for site in &found.sites {
            let mut holes = Vec::new();
            policy::holes(&site.document, &mut holes);
            for (span, hole) in holes {
                let finding =
                    Finding::new(span, format!("the value of `{}` is not known: it is {}", hole.name, hole.why))
                        .subject(&hole.name)
                        .confidence(Confidence::Proved);
                self.findings.push(active.diagnose(finding, &site.address));
            }
        }
    }
}

/// A file to judge: where it is and how it is shown.
#[derive(Clone, Debug)]
pub struct FileToLint {
    /// Where it is read from.
    pub path: PathBuf,
    /// The path in reports: relative, with `/`.
    pub shown: String,
}

/// Judge many files, in parallel. A file that cannot be read is a finding and never stops the others.
pub fn lint_files(files: &[FileToLint], settings: &Settings, limit: u64) -> Report {
    let (terraform, others): (Vec<&FileToLint>, Vec<&FileToLint>) =
        files.iter().partition(|file| folder::is_part(&file.path));
    let terraform: Vec<FileToLint> = terraform.into_iter().cloned().collect();
    let disk = Disk::default();
    let (mut reports, folders) = rayon::join(
        || -> Vec<FileReport> {
            others.par_iter().map(|file| guarded(&file.shown, settings, || read(file, settings, limit))).collect()
        },
        || lint_terraform(&terraform, settings, &disk),
    );
    reports.extend(folders);
    Report { read: disk.read(), ..Report::new(reports) }
}

/// Whether the values that the user gives for Terraform's variables can be read.
pub fn check_variables(settings: &Settings) -> Result<(), String> {
    if settings.var_files.is_empty() && settings.vars.is_empty() {
        return Ok(());
    }
    let disk = Disk::default();
    Variables::new(&Loader::new(&disk), &settings.var_files, &settings.vars).map(drop)
}

/// Judge files of Terraform, each folder as one.
fn lint_terraform(files: &[FileToLint], settings: &Settings, disk: &Disk) -> Vec<FileReport> {
    if files.is_empty() {
        return Vec::new();
    }
    let loader = Loader::new(disk);
    let variables = Variables::new(&loader, &settings.var_files, &settings.vars).unwrap_or_default();
    let asked: HashSet<String> = files.iter().map(|file| file.shown.clone()).collect();
    let mut folders: BTreeMap<PathBuf, Vec<FileToLint>> = BTreeMap::new();
    for file in files {
        let folder = file.path.parent().unwrap_or(Path::new("")).to_owned();
        folders.entry(folder).or_default().push(file.clone());
    }
    let folders: Vec<(PathBuf, Vec<FileToLint>)> = folders.into_iter().collect();
    let judged: Vec<FolderReport> = folders
        .par_iter()
        .map(|(folder, files)| {
            let judge = || folder::lint(folder, files, &asked, &loader, &variables, settings);
            catch_unwind(AssertUnwindSafe(judge)).unwrap_or_else(|_| {
                let files = files.iter().map(|file| panicked(&file.shown, settings)).collect();
                FolderReport { files, elsewhere: Vec::new() }
            })
        })
        .collect();
    let mut reports: BTreeMap<String, FileReport> = BTreeMap::new();
    let mut strays = Vec::new();
    for folder in judged {
        strays.extend(folder.elsewhere);
        reports.extend(folder.files.into_iter().map(|report| (report.source.path.clone(), report)));
    }
    for (source, finding) in strays {
        if let Some(report) = reports.get_mut(&source.path) {
            report.findings.push(finding);
        }
    }
    let mut reports: Vec<FileReport> = reports.into_values().collect();
    for report in &mut reports {
        folder::settle(&mut report.findings, settings);
        forget_text(report);
    }
    reports
}

fn read(file: &FileToLint, settings: &Settings, limit: u64) -> FileReport {
    match discover::read(Path::new(&file.path), limit) {
        Ok(text) => lint_source(Source::new(&file.shown, text), settings),
        Err(error) => unreadable(&file.shown, &error, settings),
    }
}

/// Run `judge`; a panic in it becomes a finding of this file.
pub fn guarded(shown: &str, settings: &Settings, judge: impl FnOnce() -> FileReport) -> FileReport {
    let mut report = catch_unwind(AssertUnwindSafe(judge)).unwrap_or_else(|_| panicked(shown, settings));
    forget_text(&mut report);
    report
}

fn panicked(shown: &str, settings: &Settings) -> FileReport {
    let mut report = failed(shown, "internal error while judging this file; please report it", None, settings);
    report.internal_error = true;
    report
}

/// A run over a large repository must not hold the text of every file until the end.
fn forget_text(report: &mut FileReport) {
    if report.findings.is_empty() {
        report.source = Source::new(std::mem::take(&mut report.source.path), "");
    }
}

/// The report of a file whose text could not be had.
pub fn unreadable(shown: &str, error: &ReadError, settings: &Settings) -> FileReport {
    failed(shown, &error.to_string(), error.help(), settings)
}

fn failed(shown: &str, message: &str, help: Option<&str>, settings: &Settings) -> FileReport {
    let mut findings = Vec::new();
    let mut problem = Problem::new(Span::default(), message);
    if let Some(help) = help {
        problem = problem.with_help(help);
    }
    Judge { settings, findings: &mut findings }.problems(&[problem]);
    findings.retain(|finding| settings.shows(finding));
    FileReport { reason: "cannot be read", findings, invalid: true, ..FileReport::new(Source::new(shown, "")) }
}

impl FileReport {
    /// The report of a file that nothing is known of yet.
    pub fn new(source: Source) -> Self {
        FileReport {
            source,
            format: None,
            reason: "has no word that every policy has",
            findings: Vec::new(),
            suppressed: Vec::new(),
            policies: Vec::new(),
            unresolved: 0,
            invalid: false,
            internal_error: false,
        }
    }
}

impl Report {
    /// A report of these files, sorted by path and counted.
    pub fn new(mut files: Vec<FileReport>) -> Self {
        files.sort_by(|a, b| a.source.path.cmp(&b.source.path));
        let mut summary = Summary { files: files.len(), ..Summary::default() };
        for file in &files {
            summary.invalid += usize::from(file.invalid);
            summary.suppressed += file.suppressed.len();
            summary.skipped += usize::from(!file.invalid && file.policies.is_empty());
            for policy in &file.policies {
                summary.policies += 1;
                summary.statements += policy.statements;
                summary.unresolved += policy.unresolved;
            }
        }
        Report { files, summary, read: Vec::new() }
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
