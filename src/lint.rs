//! The run: from sources to a report.
//!
//! [`lint_source`] judges one text; the command line, editors and tests all call it. [`lint_files`] does so for many
//! files in parallel and puts the results in an order that does not depend on the number of threads.

pub mod accepted;
mod disk;
mod folder;
mod memo;
mod plan_places;
pub mod stream;
mod told;
mod variants;
mod views;

use crate::config::{Config, Date, FailOn};
pub use disk::Disk;
use folder::FolderReport;
use memo::{Judged, Memo};
pub use plan_places::{check_root, place_plans};
pub use told::of_configuration;
use told::{InSource, Placed};
use views::{View, Views};

use crate::diagnostic::{Audience, Confidence, Diagnostic, Form, Granted, Problem, Severity, Suppression};
use crate::discover::{self, ReadError};
use crate::input::terraform::{Loader, Variables};
use crate::input::{Found, Input};
use crate::load::{self, How, Loaded};
use crate::policy::{self, print::Printed};
use crate::rules::{self, ActiveRule, Context, Finding, Org, Rule, Selection};
use crate::site::{MAX_DOCUMENT, PolicyKind, PolicySite};
use crate::source::Source;
use crate::span::{Span, Spanned};
use crate::suppress::{self, Construct, External};
use rayon::prelude::*;
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
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
    /// How many policies nothing is known of until they are deployed.
    pub unresolved: usize,
    /// What else was not looked at: modules that are called and are not in the tree.
    pub notes: Vec<String>,
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
    /// What makes a run fail.
    pub fail_on: FailOn,
    /// Whether findings are silenced where files or the configuration say so.
    pub suppress: bool,
    /// The day of the run, which tells what is past. Without it nothing is.
    pub today: Option<Date>,
    /// The folder that shown paths are relative to, an absolute path.
    pub working_directory: PathBuf,
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
    /// The folder of the configuration that plans were made from, `--terraform-root`; else the one that a plan lies in.
    pub terraform_root: Option<PathBuf>,
    /// Whether files are JSON Lines, a document on each line.
    pub lines: bool,
    /// Whether findings say what is granted where they stand: a baseline is read or made.
    pub record: bool,
    /// Where the time of each rule is added up, in the order of `rules`; empty when nobody asks.
    pub timings: Vec<AtomicU64>,
    /// The `[[ignore]]` tables.
    ignores: Vec<External>,
    /// Rules that may not be silenced.
    refused: BTreeSet<String>,
    /// The `[[override]]` tables.
    views: Option<Views>,
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
        let views = Views::of(config, &selection);
        let settings_of = |rule: &'static Rule| {
            let options = rule.options.iter().map(|spec| (spec.name.to_owned(), config.option(rule.id, spec)));
            (config.rules.get(rule.id).and_then(|settings| settings.severity), options.collect())
        };
        let mut rules = views.as_ref().map_or(selection.clone(), Views::selection).rules(settings_of);
        if let Some(views) = &views {
            let others = Selection { select: vec!["all".to_owned()], ..Selection::default() }.rules(settings_of);
            let missing = |active: &ActiveRule| !rules.iter().any(|known| known.rule.id == active.rule.id);
            let named: Vec<ActiveRule> =
                others.into_iter().filter(|active| missing(active) && views.names(active.rule)).collect();
            rules.extend(named);
            rules.sort_by_key(|active| active.rule.id);
        }
        Settings {
            rules,
            profile: config.profile,
            min_severity: config.min_severity,
            fail_on: config.fail_on,
            suppress: true,
            today: None,
            working_directory: config.base.clone(),
            org: config.org.clone(),
            kind: None,
            format: None,
            var_files: Vec::new(),
            vars: Vec::new(),
            terraform_root: None,
            lines: false,
            record: false,
            timings: Vec::new(),
            ignores: External::of(config),
            refused: config.rules.keys().filter(|rule| !config.ignorable(rule)).cloned().collect(),
            views,
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

    /// What the file that reports show so is told, where a table of the configuration says something of it.
    fn view(&self, shown: impl AsRef<Path>) -> Option<Arc<View>> {
        self.views.as_ref().map(|views| views.of_path(&self.absolute(shown)))
    }

    /// Give a finding the severity that it has in its file; whether it is shown there.
    fn shows(&self, view: Option<&View>, finding: &mut Diagnostic) -> bool {
        match view {
            Some(view) => view.admits(finding),
            None => {
                finding.severity >= self.min_severity
                    && self.active(finding.rule).is_some_and(|active| active.shows(finding, self.profile))
            }
        }
    }
}

/// Judge one text. One of Terraform is judged without the files that may lie beside it.
pub fn lint_source(source: Source, settings: &Settings) -> FileReport {
    if settings.lines {
        return stream::judge_all(source, settings);
    }
    if load::is_of_folder(Path::new(&source.path)) {
        return lint_beside(source, settings, true);
    }
    lint_alone(source, settings)
}

/// Judge one text that stands in place of a file, with the files of its folder: what an editor or standard input gives.
pub fn lint_buffer(source: Source, settings: &Settings) -> FileReport {
    if load::is_of_folder(Path::new(&source.path)) {
        return lint_beside(source, settings, false);
    }
    lint_alone(source, settings)
}

fn lint_beside(source: Source, settings: &Settings, alone: bool) -> FileReport {
    let Source { path, text, .. } = source;
    let disk = Disk::with(BTreeMap::from([(PathBuf::from(&path), text)]), alone);
    let file = FileToLint { path: PathBuf::from(&path), shown: path };
    let reports = lint_terraform(std::slice::from_ref(&file), settings, &disk);
    reports.into_iter().next().unwrap_or_else(|| FileReport::new(Source::new(&file.shown, "")))
}

fn lint_alone(source: Source, settings: &Settings) -> FileReport {
    let mut report = FileReport::new(source);
    let mut findings = Vec::new();
    let in_source = Judge { settings, findings: &mut findings }.file(&mut report);
    told::of_file(&mut report, findings, in_source, settings);
    report
}

fn order(finding: &Diagnostic) -> (Span, &str, &str, &str) {
    (finding.primary.span, finding.rule, &finding.message, &finding.resource)
}

struct Judge<'a> {
    settings: &'a Settings,
    findings: &'a mut Vec<Diagnostic>,
}

impl Judge<'_> {
    /// Judge a file; what it says about findings in it.
    fn file(&mut self, report: &mut FileReport) -> Option<InSource> {
        let source = &report.source;
        let how = How { kind: self.settings.kind, format: self.settings.format };
        let (policies, format, reason, problem, unresolved, secrets, said) = load::text(source, how, |loaded| {
            let policies = self.found(&loaded.found, &source.text);
            self.problems(&loaded.broken);
            if loaded.broken.is_empty() {
                self.problems_as(&loaded.warnings, Severity::Medium);
            }
            let problem =
                loaded.broken.iter().chain(&loaded.found.problems).chain(&loaded.found.limits).next().cloned();
            let unresolved = loaded.found.unresolved.len();
            let said = in_source(source, &loaded);
            (policies, loaded.format, loaded.reason, problem, unresolved, loaded.secrets, said)
        });
        report.policies = policies;
        report.format = format;
        report.reason = reason;
        report.invalid = problem.is_some();
        report.problem = problem;
        report.unresolved = unresolved;
        report.source.conceal(&secrets);
        said
    }

    /// Everything that was found in a document.
    fn found(&mut self, found: &Found<'_>, text: &str) -> Vec<PolicyReport> {
        self.problems(&found.problems);
        self.problems(&found.limits);
        self.unresolved(found);
        let same =
            |a: &PolicySite<'_>, b: &PolicySite<'_>| a.address == b.address && a.document.span == b.document.span;
        let sites: Vec<&[PolicySite<'_>]> = found.sites.chunk_by(same).collect();
        let this = &*self;
        // An account's dump is one file with thousands of policies.
        let judged: Vec<_> = sites.par_iter().with_min_len(32).map(|site| this.policy(site, text)).collect();
        let mut policies = Vec::with_capacity(judged.len());
        for (policy, findings) in judged {
            policies.push(policy);
            self.findings.extend(findings);
        }
        policies
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
                    self.diagnose(&rules[*rule], finding.clone().moved(&|at| at.wrapping_add(start)), site)
                });
                (judged.statements, findings.collect())
            }
            None => {
                let judged = self.judge(site);
                let diagnose = |(rule, finding): (usize, Finding)| self.diagnose(&rules[rule], finding, site);
                (judged.statements, judged.findings.into_iter().map(diagnose).collect())
            }
        }
    }

    /// A finding in a document as reports show it.
    fn diagnose(&self, rule: &ActiveRule, finding: Finding, site: &PolicySite<'_>) -> Diagnostic {
        let statement = finding.index();
        let mut diagnostic = rule.diagnose(finding, &site.address);
        if self.settings.record {
            diagnostic.granted = Some(Box::new(granted(site, statement, diagnostic.primary.span)));
        }
        diagnostic
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

/// What a text says about findings in it, and what stands in it. Of a text that is broken, or that nobody took for a
/// policy, nothing.
fn in_source(source: &Source, loaded: &Loaded<'_>) -> Option<InSource> {
    if loaded.format.is_none() || !loaded.broken.is_empty() || !suppress::mentions(&source.text) {
        return None;
    }
    let is_judged = |site: &PolicySite<'_>| site.document.span.len() <= MAX_DOCUMENT;
    let constructs = loaded.found.sites.iter().flat_map(|site| {
        let settled = is_judged(site);
        suppress::constructs::of_site(site).map(move |span| Construct { span, settled })
    });
    let mut constructs: Vec<Construct> = constructs.collect();
    // A resource may hold policies that have resources of their own: the template of a stack set.
    if loaded.format == Some("cloudformation") {
        let resources = loaded.documents.iter().flat_map(|document| suppress::metadata::resources(&document.root));
        constructs.extend(resources.map(|(span, _)| Construct { span, settled: true }));
    }
    let judged = loaded.found.sites.iter().all(is_judged);
    Some(InSource { said: suppress::said(source, loaded.documents, loaded.format), constructs, judged })
}

/// What a policy grants where a finding about one of its statements, or about all of it, stands.
fn granted(site: &PolicySite<'_>, statement: Option<usize>, place: Span) -> Granted {
    let session = site.owner.max_session_duration.as_ref().filter(|session| session.span == place);
    let mut granted = Granted {
        kind: site.kind.name(),
        document: site.document.span.start,
        session: session.map(|session| session.value.display().into_owned()),
        ..Granted::default()
    };
    if granted.session.is_none() {
        let Printed { text, statements } = policy::print::print(&site.document, statement);
        granted.forms.push(Form { when: vec![site.branch.clone()], text, statements });
    }
    granted
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
    lint_files_with(files, settings, limit, &Disk::default())
}

/// The same with the texts of some files as `disk` has them.
pub fn lint_files_with(files: &[FileToLint], settings: &Settings, limit: u64, disk: &Disk) -> Report {
    let (terraform, others): (Vec<&FileToLint>, Vec<&FileToLint>) =
        files.iter().partition(|file| load::is_of_folder(&file.path));
    let terraform: Vec<FileToLint> = terraform.into_iter().cloned().collect();
    let (mut reports, folders) = rayon::join(
        || -> Vec<FileReport> {
            let judge = |file: &&FileToLint| guarded(&file.shown, settings, || read(file, settings, limit, disk));
            others.par_iter().map(judge).collect()
        },
        || lint_terraform(&terraform, settings, disk),
    );
    reports.extend(folders);
    let report = place_plans(Report::new(reports), settings, disk);
    Report { read: disk.seen(), ..report }
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
                FolderReport { files, ..FolderReport::default() }
            })
        })
        .collect();
    let mut reports: BTreeMap<String, FileReport> = BTreeMap::new();
    let mut found: Vec<Placed> = Vec::new();
    let mut constructs: HashMap<String, Vec<Construct>> = HashMap::new();
    for folder in judged {
        found.extend(folder.found);
        reports.extend(folder.files.into_iter().map(|report| (report.source.path.clone(), report)));
        for (path, construct) in folder.constructs {
            constructs.entry(path).or_default().push(construct);
        }
    }
    told::of_terraform(&mut reports, found, constructs, &loader.sources, settings);
    let mut reports: Vec<FileReport> = reports.into_values().collect();
    reports.iter_mut().for_each(forget_text);
    reports
}

fn read(file: &FileToLint, settings: &Settings, limit: u64, disk: &Disk) -> FileReport {
    let text = match disk.text_of(&file.path) {
        Some(text) => Ok(text.to_owned()),
        None => discover::read(&file.path, limit),
    };
    match text {
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
    if report.findings.is_empty() && report.suppressed.is_empty() && report.problem.is_none() {
        report.source = Source::new(std::mem::take(&mut report.source.path), "");
    }
}

/// The report of a file whose text could not be had.
pub fn unreadable(shown: &str, error: &ReadError, settings: &Settings) -> FileReport {
    failed(shown, &error.to_string(), error.help(), settings)
}

fn failed(shown: &str, message: &str, help: Option<&str>, settings: &Settings) -> FileReport {
    let problem = Problem { help: help.map(str::to_owned), ..Problem::new(Span::default(), message) };
    not_judged(Source::new(shown, ""), problem, settings)
}

/// The report of a text that is not looked at because of a problem.
fn not_judged(source: Source, problem: Problem, settings: &Settings) -> FileReport {
    let mut findings = Vec::new();
    Judge { settings, findings: &mut findings }.problems(std::slice::from_ref(&problem));
    let reason = "cannot be read";
    let mut report = FileReport { reason, invalid: true, problem: Some(problem), ..FileReport::new(source) };
    told::of_file(&mut report, findings, None, settings);
    report
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
            folded: Vec::new(),
            hidden: Vec::new(),
            ignores_used: Vec::new(),
            fails: false,
            policies: Vec::new(),
            unresolved: 0,
            notes: Vec::new(),
            invalid: false,
            problem: None,
            internal_error: false,
        }
    }
}

impl Summary {
    /// Count one more file, or one more line of JSON Lines.
    pub fn count(&mut self, file: &FileReport) {
        self.files += 1;
        self.invalid += usize::from(file.invalid);
        self.suppressed += file.suppressed.len();
        self.skipped += usize::from(!file.invalid && file.policies.is_empty());
        for policy in &file.policies {
            self.policies += 1;
            self.statements += policy.statements;
            self.unresolved += policy.unresolved;
        }
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
        Report { files, summary, read: Vec::new() }
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
