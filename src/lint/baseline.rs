//! Taking the findings that a baseline accepts out of a report.

use super::placed::settle;
use super::report::{Report, order};
use super::settings::Settings;
use crate::diagnostic::{BaselineState, Diagnostic, Suppression, SuppressionKind};
use crate::discover::{absolute, relative};
use crate::load;
use crate::suppress::baseline::{self, Baseline, Candidate, Entry, Verdict};
use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

/// How the paths of a report and those of a baseline come together.
#[derive(Clone, Debug)]
pub struct Paths {
    /// The folder that shown paths are relative to, an absolute path.
    pub working_directory: PathBuf,
    /// The folder of the baseline, an absolute path.
    pub baseline: PathBuf,
}

impl Paths {
    /// A shown path as a baseline writes it.
    pub fn written(&self, shown: &str) -> String {
        let way = relative(&absolute(Path::new(shown), &self.working_directory), &self.baseline);
        let text = way.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/");
        if text.is_empty() { ".".to_owned() } else { text }
    }

    /// Whether what a baseline calls so is still there.
    fn exists(&self, written: &str) -> bool {
        self.baseline.join(written).symlink_metadata().is_ok()
    }
}

/// What came of an entry of a baseline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It keeps its finding quiet.
    Active,
    /// Its finding grants more than it accepts; in a sentence, what more.
    Grown(String),
    /// Its finding is not there any more.
    Stale,
    /// Where it is was not looked at, or not with its rule.
    NotJudged,
}

/// An entry of a baseline after a run.
#[derive(Clone, Debug)]
pub struct Seen {
    /// What came of it.
    pub state: State,
    /// Whether it records what is granted today, word for word.
    pub exact: bool,
    /// Its findings as entries of today, each with the document that it is in.
    pub today: Vec<(u32, Entry)>,
}

/// What came of a baseline.
#[derive(Debug, Default)]
pub struct Outcome {
    /// For each entry of the baseline, in its order.
    pub seen: Vec<Seen>,
    /// The findings that are told and no entry is for, as entries of today, each with the document that it is in.
    pub new: Vec<(u32, Entry)>,
}

/// Where a finding of a report is.
#[derive(Clone, Copy)]
enum Part {
    Told,
    Folded,
    Hidden,
}

/// Take out of a report what a baseline accepts, and say what grew. `today` is the day of the run.
pub fn apply(
    report: &mut Report,
    baseline: &Baseline,
    paths: &Paths,
    settings: &Settings,
    today: crate::config::Date,
) -> Outcome {
    let written: Vec<String> = report.files.iter().map(|file| paths.written(&file.source.path)).collect();
    let mut folders: BTreeMap<&str, String> = BTreeMap::new();
    for finding in report.files.iter().flat_map(|file| file.findings.iter().chain(&file.folded).chain(&file.hidden)) {
        if let Some(folder) = finding.granted.as_ref().and_then(|granted| granted.folder.as_deref()) {
            folders.entry(folder).or_insert_with(|| paths.written(folder));
        }
    }
    let mut parts: Vec<(usize, Part)> = Vec::new();
    let mut candidates: Vec<Candidate<'_>> = Vec::new();
    for (at, file) in report.files.iter().enumerate() {
        let all = (file.findings.iter().map(|finding| (Part::Told, finding)))
            .chain(file.folded.iter().map(|finding| (Part::Folded, finding)))
            .chain(file.hidden.iter().map(|finding| (Part::Hidden, finding)));
        for (part, finding) in all {
            let folder = finding.granted.as_ref().and_then(|granted| granted.folder.as_deref());
            let folder = folder.and_then(|folder| folders.get(folder)).map(String::as_str);
            parts.push((at, part));
            candidates.push(Candidate { finding, path: &written[at], folder });
        }
    }
    let judged = Judged::of(report, &written, paths, settings);
    let open: Vec<bool> = baseline.entries.iter().map(|entry| judged.covers(entry)).collect();
    let verdicts = baseline::judge(baseline, &candidates, &open);

    let mut outcome = Outcome::default();
    let unseen = |open: &bool| if *open { State::Stale } else { State::NotJudged };
    outcome.seen.extend(open.iter().map(|open| Seen { state: unseen(open), exact: false, today: Vec::new() }));
    let mut told: Vec<Vec<Diagnostic>> = report.files.iter().map(|_| Vec::new()).collect();
    let mut accepted: Vec<Vec<(Diagnostic, Suppression)>> = report.files.iter().map(|_| Vec::new()).collect();
    for ((candidate, verdict), (at, part)) in candidates.iter().zip(verdicts).zip(parts) {
        let mut finding = candidate.finding.clone();
        let as_entry = || {
            let Candidate { finding, path, folder } = candidate;
            (document(finding), Entry::of(finding, path, *folder, today))
        };
        match verdict {
            Verdict::New => {
                finding.baseline = Some(BaselineState::New);
                if !matches!(part, Part::Hidden) {
                    outcome.new.push(as_entry());
                }
            }
            Verdict::Accepted { entry: number, exact } => {
                let (entry, seen) = (&baseline.entries[number], &mut outcome.seen[number]);
                finding.baseline = Some(BaselineState::Unchanged);
                let at_home = (entry.path.as_str(), entry.folder.as_deref()) == (candidate.path, candidate.folder);
                seen.exact |= exact && at_home && entry.fingerprint == finding.fingerprint;
                seen.today.push(as_entry());
                if !matches!(seen.state, State::Grown(_)) {
                    seen.state = State::Active;
                }
                if matches!(part, Part::Told) {
                    let kind = SuppressionKind::Baseline;
                    accepted[at].push((finding, Suppression { kind, reason: reason(entry) }));
                }
                continue;
            }
            Verdict::Grown { entry: number, growth } => {
                let seen = &mut outcome.seen[number];
                seen.state = State::Grown(growth.words());
                seen.today.push(as_entry());
                growth.tell(&mut finding, &baseline.entries[number]);
            }
        }
        match part {
            Part::Told | Part::Folded => told[at].push(finding),
            Part::Hidden => {}
        }
    }
    let mut count = 0;
    for ((file, told), accepted) in report.files.iter_mut().zip(told).zip(accepted) {
        count += accepted.len();
        file.findings = told;
        if !file.folded.is_empty() {
            file.folded.clear();
            settle(&mut file.findings, |finding| finding);
        }
        for (finding, _) in &mut file.suppressed {
            finding.baseline = Some(BaselineState::New);
        }
        file.suppressed.extend(accepted);
        file.suppressed.sort_by(|(a, _), (b, _)| order(a).cmp(&order(b)));
        settings.gate(file);
    }
    report.summary.suppressed += count;
    outcome
}

/// Why nobody is told a finding that an entry accepts.
fn reason(entry: &Entry) -> String {
    match &entry.reason {
        Some(reason) => reason.clone(),
        None => format!("accepted on {} in the baseline", entry.accepted),
    }
}

fn document(finding: &Diagnostic) -> u32 {
    finding.granted.as_ref().map_or(0, |granted| granted.document)
}

/// What a run looked at, in the words of a baseline.
struct Judged<'a> {
    files: HashSet<&'a str>,
    folders: HashSet<String>,
    settings: &'a Settings,
    paths: &'a Paths,
}

impl<'a> Judged<'a> {
    fn of(report: &Report, written: &'a [String], paths: &'a Paths, settings: &'a Settings) -> Self {
        let files = report.files.iter().filter(|file| !file.partly).map(|file| Path::new(&file.source.path));
        let terraform = files.filter(|path| load::is_of_folder(path));
        let folders = terraform.map(|path| {
            let folder = path.parent().unwrap_or(Path::new(""));
            paths.written(&folder.to_string_lossy())
        });
        Judged { files: written.iter().map(String::as_str).collect(), folders: folders.collect(), settings, paths }
    }

    /// Whether the finding of an entry would have been found if it was there.
    fn covers(&self, entry: &Entry) -> bool {
        let is_known = crate::rules::find(&entry.rule).is_some();
        let overrides = self.settings.file_overrides(self.paths.baseline.join(&entry.path));
        let ran = self.settings.active(&entry.rule).is_some()
            && overrides.is_none_or(|overrides| overrides.runs(&entry.rule));
        let ran = ran || !is_known;
        // Standard input is never there, unless it is.
        let is_gone = || !entry.path.ends_with("<stdin>") && !self.paths.exists(&entry.path);
        let file = self.files.contains(entry.path.as_str()) || is_gone();
        let folder = entry.folder.as_deref();
        let folder = folder.is_none_or(|folder| self.folders.contains(folder) || !self.paths.exists(folder));
        ran && file && folder
    }
}
