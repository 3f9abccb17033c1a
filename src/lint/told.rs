//! From everything that was found in files to what is told of them: what nobody asked to hear and what is suppressed is
//! taken out, and what is wrong with suppressions is added.

use super::views::View;
use super::{FileReport, Report, Settings, folder, order};
use crate::config::Config;
use crate::diagnostic::{Diagnostic, Suppression, SuppressionKind};
use crate::discover::absolute;
use crate::input::terraform::Sources;
use crate::rules::Finding;
use crate::source::Source;
use crate::span::Span;
use crate::suppress::{self, Candidate, Construct, Constructs, External, Fault, FileSaid, Place, Said, unused};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a text says about findings in it.
#[derive(Debug)]
pub struct InSource {
    /// What it says.
    pub said: Said,
    /// What stands in it.
    pub constructs: Vec<Construct>,
    /// Whether all of it was judged.
    pub judged: bool,
}

/// Tell what was found in a file that is judged by itself.
pub fn of_file(report: &mut FileReport, findings: Vec<Diagnostic>, in_source: Option<InSource>, settings: &Settings) {
    let mut found = findings;
    found.sort_by(|a, b| order(a).cmp(&order(b)));
    found.dedup_by(|a, b| order(a) == order(b));
    let view = settings.view(&report.source.path);
    let mut found: Vec<(Diagnostic, bool)> = found
        .into_iter()
        .map(|mut finding| {
            let shown = settings.shows(view.as_deref(), &mut finding);
            (finding, shown)
        })
        .collect();
    let in_source = in_source.filter(|_| settings.suppress);
    let mut silenced: Vec<Option<Suppression>> = vec![None; found.len()];
    if let Some(InSource { said, constructs, judged }) = in_source {
        let constructs = Constructs::new(constructs);
        let file = FileSaid { source: &report.source, said, constructs, alone: judged };
        let candidates: Vec<Candidate<'_>> = found
            .iter()
            .map(|(finding, shown)| {
                let places = vec![Place { file: 0, span: finding.primary.span, points_here: true }];
                Candidate { finding, shown: *shown, places }
            })
            .collect();
        let files = [file];
        let outcome = suppress::apply(&files, &candidates, settings.today, &|rule| settings.refuses(rule));
        silenced = outcome.silenced;
        let [file] = files;
        let faults = faults(&file.said, &outcome.verdicts[0], view.as_deref(), settings, !report.invalid);
        let told = settings.tell(&faults, view.as_deref());
        silenced.extend(told.iter().map(|_| None));
        found.extend(told.into_iter().map(|finding| (finding, true)));
    }
    let paths = settings.paths([report.source.path.as_str()]);
    for ((finding, _), by) in found.iter().zip(&mut silenced) {
        by_configuration(finding, &paths, by, &mut report.ignores_used, settings);
    }
    for ((finding, shown), by) in found.into_iter().zip(silenced) {
        match by {
            _ if !shown => report.hidden.extend(settings.record.then_some(finding)),
            None => report.findings.push(finding),
            Some(by) => report.suppressed.push((finding, by)),
        }
    }
    report.findings.sort_by(|a, b| order(a).cmp(&order(b)));
    report.fails = settings.fails(view.as_deref(), &report.findings);
}

/// What is to be told about the suppressions of a file.
fn faults(
    said: &Said,
    verdicts: &[suppress::apply::Verdict],
    view: Option<&View>,
    settings: &Settings,
    whole: bool,
) -> Vec<Fault> {
    let ran = |rule: &str| settings.active(rule).is_some() && view.is_none_or(|view| view.runs(rule));
    let of_entries = unused::faults(&said.entries, verdicts, &ran, whole);
    said.faults.iter().cloned().chain(of_entries).collect()
}

/// Let the tables of the configuration silence a finding, and note which were used.
fn by_configuration(
    finding: &Diagnostic,
    paths: &[PathBuf],
    by: &mut Option<Suppression>,
    used: &mut Vec<usize>,
    settings: &Settings,
) {
    if !settings.suppress {
        return;
    }
    for (at, external) in settings.ignores.iter().enumerate() {
        let holds = external.covers(finding) && paths.iter().any(|path| external.is_for(path));
        if !holds || external.expired(settings.today) || settings.refuses(finding.rule) {
            continue;
        }
        let reason = || external.ignore.reason.value.clone();
        by.get_or_insert_with(|| Suppression { kind: SuppressionKind::Configuration, reason: reason() });
        if !used.contains(&at) {
            used.push(at);
        }
    }
}

impl Settings {
    /// Whether one of these findings makes a run fail.
    fn fails(&self, view: Option<&View>, findings: &[Diagnostic]) -> bool {
        let fail_on = view.map_or(self.fail_on, |view| view.fail_on);
        findings.iter().any(|finding| fail_on.fails(finding.severity))
    }

    /// Note whether what is told in a file makes the run fail.
    pub(super) fn gate(&self, file: &mut FileReport) {
        let view = self.view(&file.source.path);
        file.fails = self.fails(view.as_deref(), &file.findings);
    }

    /// Faults as findings of the rules that tell them, as far as a reader is shown them.
    pub(super) fn tell(&self, faults: &[Fault], view: Option<&View>) -> Vec<Diagnostic> {
        let finding = |fault: &Fault| {
            let active = self.active(fault.rule)?;
            let mut finding = Finding::new(fault.problem.span, &fault.problem.message).subject(&fault.subject);
            if let Some(help) = &fault.problem.help {
                finding = finding.help(help);
            }
            let mut finding = active.diagnose(finding, "");
            self.shows(view, &mut finding).then_some(finding)
        };
        faults.iter().filter_map(finding).collect()
    }

    /// Whether no finding of a rule may be silenced.
    pub fn refuses(&self, rule: &str) -> bool {
        self.refused.contains(rule) || suppress::OWN_RULES.contains(&rule)
    }

    /// Whether a run that found nothing for a table would have found it if it was there.
    fn missed_nothing(&self, external: &External, report: &Report, whole: bool) -> bool {
        let rule = external.ignore.rule.value.as_str();
        if self.active(rule).is_none() {
            return false;
        }
        let paths = report.files.iter().map(|file| (file, self.absolute(&file.source.path)));
        let mut concerned = paths.filter(|(_, path)| external.is_for(path)).peekable();
        if !(whole || external.names_a_file() && concerned.peek().is_some()) {
            return false;
        }
        concerned.all(|(file, path)| {
            let ran = self.view(&path).is_none_or(|view| view.runs(rule));
            // What a variable decides may be otherwise in another run.
            let is_open = file.format == Some("terraform") && file.policies.iter().any(|policy| policy.unresolved > 0);
            ran && !file.invalid && !is_open
        })
    }

    /// The absolute path of a file that reports show so.
    pub(super) fn absolute(&self, shown: impl AsRef<Path>) -> PathBuf {
        absolute(shown.as_ref(), &self.working_directory)
    }

    /// The absolute paths of files that a finding stands in, where a table may be for one of them: one with `..` is asked
    /// of the system.
    fn paths<'p>(&self, shown: impl IntoIterator<Item = &'p str>) -> Vec<PathBuf> {
        match self.ignores.is_empty() {
            true => Vec::new(),
            false => shown.into_iter().map(|path| self.absolute(path)).collect(),
        }
    }
}

/// Tell what is wrong with the `[[ignore]]` tables themselves, after a run: `None` when nothing is. `whole` says that
/// the run was over everything that they can be for.
pub fn of_configuration(config: &Config, report: &Report, settings: &Settings, whole: bool) -> Option<FileReport> {
    let source = config.source.as_ref().filter(|_| settings.suppress)?;
    let used: HashSet<usize> = report.files.iter().flat_map(|file| &file.ignores_used).copied().collect();
    let fault = |(at, external): (usize, &External)| {
        let refused = || settings.refuses(&external.ignore.rule.value).then(|| external.fault_refused());
        let is_unused = || !used.contains(&at) && settings.missed_nothing(external, report, whole);
        external
            .fault_if_expired(settings.today)
            .or_else(refused)
            .or_else(|| is_unused().then(|| external.fault_unused()))
    };
    let faults: Vec<Fault> = settings.ignores.iter().enumerate().filter_map(fault).collect();
    let view = settings.view(&source.path);
    let findings = settings.tell(&faults, view.as_deref());
    let source = Source::new(source.path.as_str(), source.text.as_str());
    let reason = "is the configuration";
    let fails = settings.fails(view.as_deref(), &findings);
    (!findings.is_empty()).then(|| FileReport { findings, fails, reason, ..FileReport::new(source) })
}

/// A finding of Terraform and where it stands.
#[derive(Debug)]
pub struct Placed {
    /// The path of the file that it is told in.
    pub path: String,
    /// The finding, with places in that file.
    pub finding: Diagnostic,
    /// The places that it points at, and that of its resource, which `false` tells.
    pub places: Vec<(Arc<Source>, Span, bool)>,
}

/// Tell what was found in folders of Terraform, in the files that were asked for. `constructs` are by path.
pub fn of_terraform(
    reports: &mut BTreeMap<String, FileReport>,
    found: Vec<Placed>,
    constructs: HashMap<String, Vec<Construct>>,
    sources: &Sources,
    settings: &Settings,
) {
    let views: HashMap<&str, Option<Arc<View>>> =
        reports.keys().map(|path| (path.as_str(), settings.view(path))).collect();
    let found = found.into_iter().filter_map(|mut placed| {
        let view = views.get(placed.path.as_str())?;
        let shown = settings.shows(view.as_deref(), &mut placed.finding);
        Some((placed, shown))
    });
    let found: Vec<(Placed, bool)> = found.collect();
    let sources: Vec<Arc<Source>> = match settings.suppress {
        true => sources.all().into_iter().filter(|source| suppress::mentions(&source.text)).collect(),
        false => Vec::new(),
    };
    let files = said_in(&sources, constructs);
    let number: HashMap<&str, usize> =
        files.iter().enumerate().map(|(at, file)| (file.source.path.as_str(), at)).collect();
    let place = |(source, span, points_here): &(Arc<Source>, Span, bool)| {
        let file = *number.get(source.path.as_str())?;
        Some(Place { file, span: *span, points_here: *points_here })
    };
    let candidates: Vec<Candidate<'_>> = found
        .iter()
        .map(|(placed, shown)| {
            let places = placed.places.iter().filter_map(place).collect();
            Candidate { finding: &placed.finding, shown: *shown, places }
        })
        .collect();
    let outcome = suppress::apply(&files, &candidates, settings.today, &|rule| settings.refuses(rule));
    let mut faults_of: Vec<(String, Vec<Diagnostic>)> = Vec::new();
    for (file, verdicts) in files.iter().zip(&outcome.verdicts) {
        let path = &file.source.path;
        let (Some(report), Some(view)) = (reports.get(path), views.get(path.as_str())) else { continue };
        let faults = faults(&file.said, verdicts, view.as_deref(), settings, !report.invalid);
        faults_of.push((path.clone(), settings.tell(&faults, view.as_deref())));
    }
    drop((candidates, files));
    drop(views);
    for ((placed, shown), by) in found.into_iter().zip(outcome.silenced) {
        if let Some(report) = reports.get_mut(&placed.path) {
            deliver(placed, shown, by, report, settings);
        }
    }
    for (path, faults) in faults_of {
        if let Some(report) = reports.get_mut(&path) {
            report.findings.extend(faults);
        }
    }
    for report in reports.values_mut() {
        let folded = folder::settle(&mut report.findings, |finding| finding);
        report.folded.extend(folded.into_iter().filter(|_| settings.record));
        folder::settle(&mut report.suppressed, |(finding, _)| finding);
        settings.gate(report);
    }
}

/// What files of Terraform say, with what stands in each.
fn said_in(sources: &[Arc<Source>], mut constructs: HashMap<String, Vec<Construct>>) -> Vec<FileSaid<'_>> {
    let file = |source: &'_ Arc<Source>| {
        let mut here = constructs.remove(&source.path).unwrap_or_default();
        if !source.path.ends_with(".json") {
            here = suppress::constructs::whole_blocks(here, &source.text);
        }
        (suppress::said_in_terraform(source), Constructs::new(here))
    };
    let said: Vec<(Said, Constructs)> = sources.iter().map(file).collect();
    let files = sources.iter().zip(said);
    files.map(|(source, (said, constructs))| FileSaid { source, said, constructs, alone: false }).collect()
}

/// Put a finding of Terraform into the report of its file.
fn deliver(placed: Placed, shown: bool, mut by: Option<Suppression>, report: &mut FileReport, settings: &Settings) {
    let Placed { path, finding, places } = placed;
    let paths = std::iter::once(path.as_str()).chain(places.iter().map(|(source, ..)| source.path.as_str()));
    let paths = settings.paths(paths);
    by_configuration(&finding, &paths, &mut by, &mut report.ignores_used, settings);
    match by {
        _ if !shown => report.hidden.extend(settings.record.then_some(finding)),
        None => report.findings.push(finding),
        Some(by) => report.suppressed.push((finding, by)),
    }
}
