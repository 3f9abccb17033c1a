//! From everything that was found in files to what is told of them: what nobody asked to hear and what is suppressed is
//! taken out, and what is wrong with suppressions is added.

use super::judge::InSource;
use super::overrides::FileOverrides;
use super::placed::{Placed, settle};
use super::report::{FileReport, Report, order};
use super::settings::Settings;
use crate::config::Config;
use crate::diagnostic::{Diagnostic, Suppression, SuppressionKind};
use crate::input::terraform::Sources;
use crate::rules::Finding;
use crate::source::Source;
use crate::span::Span;
use crate::suppress::{self, Candidate, Construct, Constructs, External, Fault, FileSaid, Place, Said, unused};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Tell what was found in a file that is judged by itself.
pub fn of_file(report: &mut FileReport, findings: Vec<Diagnostic>, in_source: Option<InSource>, settings: &Settings) {
    let mut found = findings;
    found.sort_by(|a, b| order(a).cmp(&order(b)));
    found.dedup_by(|a, b| order(a) == order(b));
    let overrides = settings.file_overrides(&report.source.path);
    let mut found: Vec<(Diagnostic, bool)> = found
        .into_iter()
        .map(|mut finding| {
            let shown = settings.shows(overrides.as_deref(), &mut finding);
            (finding, shown)
        })
        .collect();
    give_way(&mut found, settings, |finding| (finding, ""));
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
        let faults = faults(&file.said, &outcome.verdicts[0], overrides.as_deref(), settings, !report.invalid);
        let told = settings.tell(&faults, overrides.as_deref());
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
    report.fails = settings.fails(overrides.as_deref(), &report.findings);
}

/// What is to be told about the suppressions of a file.
fn faults(
    said: &Said,
    verdicts: &[suppress::apply::Verdict],
    overrides: Option<&FileOverrides>,
    settings: &Settings,
    whole: bool,
) -> Vec<Fault> {
    let ran = |rule: &str| settings.active(rule).is_some() && overrides.is_none_or(|overrides| overrides.runs(rule));
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

/// Show nothing of a rule that yields to another where that one has a finding, at the same place of the same file: one
/// hole is one finding.
fn give_way<T>(found: &mut [(T, bool)], settings: &Settings, of: impl Fn(&T) -> (&Diagnostic, &str)) {
    let yields_to = |rule: &str| settings.active(rule).map_or(&[][..], |active| active.rule.yields_to);
    // Few rules yield, and most files have no finding of one.
    let yields = |(item, _): &(T, bool)| !yields_to(of(item).0.rule).is_empty();
    if !found.iter().any(yields) {
        return;
    }
    let shown: HashSet<(&str, u32, &str)> = found
        .iter()
        .filter(|(_, shown)| *shown)
        .map(|(item, _)| {
            let (finding, path) = of(item);
            (finding.rule, finding.primary.span.start, path)
        })
        .collect();
    let gives_way = |(item, _): &(T, bool)| {
        let (finding, path) = of(item);
        let place = finding.primary.span.start;
        yields_to(finding.rule).iter().any(|other| shown.contains(&(*other, place, path)))
    };
    let hidden: Vec<usize> = (0..found.len()).filter(|at| gives_way(&found[*at])).collect();
    for at in hidden {
        found[at].1 = false;
    }
}

impl Settings {
    /// Faults as findings of the rules that tell them, as far as a reader is shown them.
    pub(super) fn tell(&self, faults: &[Fault], overrides: Option<&FileOverrides>) -> Vec<Diagnostic> {
        let finding = |fault: &Fault| {
            let active = self.active(fault.rule)?;
            let mut finding = Finding::new(fault.problem.span, &fault.problem.message).subject(&fault.subject);
            if let Some(help) = &fault.problem.help {
                finding = finding.help(help);
            }
            let mut finding = active.diagnose(finding, "");
            self.shows(overrides, &mut finding).then_some(finding)
        };
        faults.iter().filter_map(finding).collect()
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
            let ran = self.file_overrides(&path).is_none_or(|overrides| overrides.runs(rule));
            // What a variable decides may be otherwise in another run.
            let is_open = file.format == Some("terraform") && file.policies.iter().any(|policy| policy.unresolved > 0);
            ran && !file.invalid && !file.partly && !is_open
        })
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
    let overrides = settings.file_overrides(&source.path);
    let findings = settings.tell(&faults, overrides.as_deref());
    let source = Source::new(source.path.as_str(), source.text.as_str());
    let reason = "is the configuration";
    let fails = settings.fails(overrides.as_deref(), &findings);
    (!findings.is_empty()).then(|| FileReport { findings, fails, reason, ..FileReport::new(source) })
}

/// Tell what was found in folders of Terraform, in the files that were asked for. `constructs` are by path.
pub fn of_terraform(
    reports: &mut BTreeMap<String, FileReport>,
    found: Vec<Placed>,
    constructs: HashMap<String, Vec<Construct>>,
    sources: &Sources,
    settings: &Settings,
) {
    let overrides: HashMap<&str, Option<Arc<FileOverrides>>> =
        reports.keys().map(|path| (path.as_str(), settings.file_overrides(path))).collect();
    let found = found.into_iter().filter_map(|mut placed| {
        let overrides = overrides.get(placed.path.as_str())?;
        let shown = settings.shows(overrides.as_deref(), &mut placed.finding);
        Some((placed, shown))
    });
    let mut found: Vec<(Placed, bool)> = found.collect();
    give_way(&mut found, settings, |placed| (&placed.finding, &placed.path));
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
        let (Some(report), Some(overrides)) = (reports.get(path), overrides.get(path.as_str())) else { continue };
        let whole = !report.invalid && !report.partly;
        let faults = faults(&file.said, verdicts, overrides.as_deref(), settings, whole);
        faults_of.push((path.clone(), settings.tell(&faults, overrides.as_deref())));
    }
    drop((candidates, files));
    drop(overrides);
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
        let folded = settle(&mut report.findings, |finding| finding);
        report.folded.extend(folded.into_iter().filter(|_| settings.record));
        settle(&mut report.suppressed, |(finding, _)| finding);
        settings.gate(report);
    }
}

/// What files of Terraform say, with what stands in each.
fn said_in(sources: &[Arc<Source>], mut constructs: HashMap<String, Vec<Construct>>) -> Vec<FileSaid<'_>> {
    // A value of one file may stand in the policy of another one of the folder.
    let folder = |path: &str| Path::new(path).parent().map(Path::to_owned);
    let is_open = |(_, list): &(&String, &Vec<Construct>)| list.iter().any(|construct| !construct.settled);
    let open: HashSet<_> = constructs.iter().filter(is_open).map(|(path, _)| folder(path)).collect();
    let file = |source: &'_ Arc<Source>| {
        let mut here = constructs.remove(&source.path).unwrap_or_default();
        if !source.path.ends_with(".json") {
            here = suppress::constructs::whole_blocks(here, &source.text);
            let is_settled = !open.contains(&folder(&source.path));
            here.extend(suppress::constructs::other_blocks(&here, &source.text, is_settled));
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
