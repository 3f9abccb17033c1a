//! Judging a folder of Terraform as one, and giving each finding to the file that it is in.
//!
//! What is asked for are files, not folders: a finding is told where it stands, and only if that file was asked for.
//! One that stands in another file, but rests on something in a file that was asked for, is told there.

use super::called::{self, Calls};
use super::disk::Disk;
use super::failure::panicked;
use super::filter;
use super::judge::Judge;
use super::ledger::{Entry, Thing};
use super::placed::{Placed, place};
use super::report::{FileReport, PolicyReport, place_policies};
use super::settings::Settings;
use crate::diagnostic::{Diagnostic, Label, Problem, WhyNot};
use crate::discover::{self, FoundFile};
use crate::input::Found;
use crate::input::terraform::{self, Folder, Loader, Sources, Variables};
use crate::load;
use crate::site::{Origin, PolicySite};
use crate::source::Source;
use crate::span::Span;
use crate::suppress::{Construct, constructs};
use rayon::prelude::*;
use std::collections::btree_map::Entry as Slot;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes of which one stands in every configuration that has something to do with AWS. A broken file without them is
/// somebody else's.
const MARKS: [&str; 4] = ["aws_", "Statement", "AssumeRole", "statement"];

/// Whether the values that the user gives for Terraform's variables can be read.
pub fn check_variables(settings: &Settings) -> Result<(), String> {
    if settings.var_files.is_empty() && settings.vars.is_empty() {
        return Ok(());
    }
    let disk = Disk::default();
    Variables::new(&Loader::new(&disk), &settings.var_files, &settings.vars).map(drop)
}

/// Judge files of Terraform, each folder as one.
///
/// `others` are the shown paths of files that are judged by themselves. What is found in one of them, because a policy
/// is read from it, comes back in a report of its own, [`Judged::beside`].
pub fn lint_terraform(files: &[FoundFile], others: &HashSet<String>, settings: &Settings, disk: &Disk) -> Judged {
    if files.is_empty() {
        return Judged::default();
    }
    let loader = Loader::new(disk);
    let variables = Variables::new(&loader, &settings.var_files, &settings.vars).unwrap_or_default();
    let asked: HashSet<String> = files.iter().map(|file| file.shown.clone()).collect();
    let mut folders: BTreeMap<PathBuf, Vec<FoundFile>> = BTreeMap::new();
    for file in files {
        let folder = file.path.parent().unwrap_or(Path::new("")).to_owned();
        folders.entry(folder).or_default().push(file.clone());
    }
    let folders: Vec<(PathBuf, Vec<FoundFile>)> = folders.into_iter().collect();
    let mut folders: Vec<FolderReport> = folders
        .par_iter()
        .map(|(folder, files)| {
            let judge = || {
                let report = judge_folder(folder, files, (&asked, others), &loader, &variables, settings);
                loader.release(folder);
                report
            };
            catch_unwind(AssertUnwindSafe(judge)).unwrap_or_else(|_| {
                let files = files.iter().map(|file| panicked(&file.shown, settings)).collect();
                FolderReport { files, ..FolderReport::default() }
            })
        })
        .collect();
    if !settings.keep.is_empty() {
        called::leave_out(folders.iter_mut().map(|folder| (&mut folder.calls, &mut folder.files)));
    }
    let mut reports: BTreeMap<String, FileReport> = BTreeMap::new();
    let mut called: Vec<(String, PolicyReport)> = Vec::new();
    let mut found: Vec<Placed> = Vec::new();
    let mut constructs: HashMap<String, Vec<Construct>> = HashMap::new();
    let mut read: HashSet<String> = HashSet::new();
    for folder in folders {
        read.extend(folder.read);
        called.extend(folder.calls.made);
        found.extend(folder.found);
        for report in folder.files {
            match reports.entry(report.source.path.clone()) {
                Slot::Vacant(slot) => drop(slot.insert(report)),
                // Several configurations call this module.
                Slot::Occupied(mut known) => {
                    known.get_mut().policies.extend(report.policies);
                    known.get_mut().not_judged.extend(report.not_judged);
                }
            }
        }
        for (path, construct) in folder.constructs {
            constructs.entry(path).or_default().push(construct);
        }
    }
    for (path, policy) in called {
        reports.entry(path).and_modify(|report| report.policies.push(policy));
    }
    for path in found.iter().map(|placed| &placed.path).chain(&read) {
        if !reports.contains_key(path) {
            let report = FileReport::new(Source::new(path, ""));
            reports.insert(path.clone(), FileReport { partly: true, ..report });
        }
    }
    filter::of_terraform(&mut reports, found, constructs, &loader.sources, settings);
    let mut reports: Vec<FileReport> = reports.into_values().collect();
    let sources = loader.sources.all();
    let read: HashMap<&str, &Source> = sources.iter().map(|source| (source.path.as_str(), source.as_ref())).collect();
    for report in &mut reports {
        let source = read.get(report.source.path.as_str());
        if report.shows_text() {
            let text = source.map(|source| source.text.as_str()).unwrap_or_default();
            report.source = Source::new(std::mem::take(&mut report.source.path), text);
        } else if let Some(source) = source {
            place_policies(&mut report.policies, source);
        }
    }
    let (beside, reports) = reports.into_iter().partition(|report| others.contains(&report.source.path));
    Judged { reports, beside }
}

/// What came of all files of Terraform.
#[derive(Default)]
pub struct Judged {
    /// Reports of these files, and of modules that they call.
    pub reports: Vec<FileReport>,
    /// What was found in other files of the run, of which each is a whole policy of a resource.
    pub beside: Vec<FileReport>,
}

/// What came of a folder: reports of the files in it that were asked for, without their findings; all that was found,
/// in these files and in those of other folders; and what stands in each file that was read, by path.
#[derive(Default)]
struct FolderReport {
    pub files: Vec<FileReport>,
    pub found: Vec<Placed>,
    pub constructs: Vec<(String, Construct)>,
    /// Other files of the run that are the policies of resources.
    pub read: Vec<String>,
    /// The modules that it calls.
    pub calls: Calls,
}

/// Judge the files of one folder. `asked` are the shown paths of all files of the run: those of Terraform, and others.
fn judge_folder(
    folder: &Path,
    files: &[FoundFile],
    (asked, others): (&HashSet<String>, &HashSet<String>),
    loader: &Loader<'_>,
    variables: &Variables,
    settings: &Settings,
) -> FolderReport {
    let folder_name = folder.to_string_lossy();
    let mut found = Found { path: &folder_name, ..Found::default() };
    let read = terraform::extract(loader, folder, variables, &mut found);
    let folder = discover::shown(folder);
    let report = FolderReport {
        calls: Calls { folder: called::folder(&folder), ..Calls::default() },
        ..FolderReport::default()
    };
    let mut placing = Placing { folder, sources: &loader.sources, asked, others, reports: HashMap::new(), report };
    let sources: HashMap<&PathBuf, &Arc<Source>> = read.files.iter().map(|file| (&file.path, &file.source)).collect();
    for file in files {
        placing.report_of(file, sources.get(&terraform::normal(&file.path)).copied());
    }
    placing.judge(&found, settings, &read);
    placing.finish()
}

/// What a finding is about: the place of its resource, and the calls of the modules that it stands in.
struct About<'a> {
    anchor: Span,
    calls: &'a [Span],
}

struct Placing<'a> {
    /// As it is shown.
    folder: String,
    sources: &'a Sources,
    asked: &'a HashSet<String>,
    /// Files of the run that are judged by themselves.
    others: &'a HashSet<String>,
    /// By shown path.
    reports: HashMap<String, FileReport>,
    report: FolderReport,
}

impl Placing<'_> {
    fn report_of(&mut self, file: &FoundFile, source: Option<&Arc<Source>>) {
        // Its text is put in once it is known that something is shown of it.
        let mut report = FileReport::new(Source::new(&file.shown, ""));
        report.reason = match source {
            Some(_) => "is Terraform without a resource that holds a policy",
            None if file.shown.ends_with(".tfvars") => "gives values to Terraform's variables",
            None => "is not read by Terraform",
        };
        self.reports.insert(file.shown.clone(), report);
    }

    fn judge(&mut self, found: &Found<'_>, settings: &Settings, read: &Folder) {
        let mut findings = Vec::new();
        let mut judge = Judge { settings, findings: &mut findings };
        for (path, why) in &read.unread {
            let report = self.reports.values_mut().find(|report| path.ends_with(&report.source.path));
            if let Some(report) = report {
                if why == discover::ENCRYPTED {
                    // Its values are nobody's to see here, and the policies that use them are judged without.
                    report.reason = "is encrypted";
                    report.not_judged.push(Entry::new(WhyNot::AtDeployment, Thing::File, None, why));
                    continue;
                }
                report.invalid = true;
                report.reason = "cannot be read";
                let problem = Problem::new(Span::default(), why);
                let path = &report.source.path;
                let placed = |finding| Placed { path: path.clone(), finding, places: Vec::new() };
                self.report.found.extend(judge.invalid(&[problem], crate::diagnostic::Severity::High).map(placed));
            }
        }
        let same = |a: &PolicySite<'_>, b: &PolicySite<'_>| a.address == b.address && a.anchor == b.anchor;
        for (span, note) in &read.modules_elsewhere {
            let Some((source, span)) = self.sources.locate(*span) else { continue };
            if let Some(report) = self.report_on(&source) {
                let place = source.position(span.start);
                report.not_judged.push(Entry::new(WhyNot::OutOfReach, Thing::Module, Some(place), note.clone()));
            }
        }
        for variants in found.sites.chunk_by(same) {
            let (policy, findings) = judge.policy(variants, "");
            self.policy(variants, policy, settings);
            let read = variants.iter().filter_map(|site| self.path_of(site.document.span));
            let read: Vec<String> = read.filter(|path| self.others.contains(path)).collect();
            self.report.read.extend(read);
            self.constructs(variants);
            for mut finding in findings {
                if let Some(granted) = &mut finding.granted {
                    granted.folder = Some(self.folder.clone());
                }
                // Variants may have different origins; those of the place are what counts.
                let origins = variants.iter().flat_map(|site| &site.origins);
                let about = About { anchor: variants[0].anchor, calls: &variants[0].owner.calls };
                self.place(finding, origins, &about);
            }
        }
        found.problems.iter().for_each(|problem| self.problem(&judge, problem));
        found.limits.iter().for_each(|limit| self.limit(&judge, limit));
        judge.unresolved(found);
        let unknown = found.unresolved.iter().map(|(span, what)| (*span, Entry::unknown(None, what)));
        let unlisted = found.unlisted.iter().map(|(span, what)| (*span, Entry::unlisted(None, what)));
        for (span, entry) in unknown.chain(unlisted) {
            if let Some((source, span)) = self.sources.locate(span)
                && let Some(report) = self.report_on(&source)
            {
                if report.format.is_none() {
                    report.format = Some("terraform");
                    report.reason = "has policies that are not known";
                }
                report.not_judged.push(Entry { place: Some(source.position(span.start)), ..entry });
            }
        }
        for finding in findings {
            self.place(finding, std::iter::empty(), &About { anchor: Span::default(), calls: &[] });
        }
    }

    /// Tell what is wrong in a file of the folder, if it has to do with AWS. What is wrong in a file that a policy is read
    /// from is told where it is read, unless somebody asked for that file too.
    fn problem(&mut self, judge: &Judge<'_>, problem: &Problem) {
        let Some((source, span)) = self.sources.locate(problem.span) else { return };
        if let Some((user, at)) = problem.used_at.and_then(|at| self.sources.locate(at))
            && !self.asked.contains(&source.path)
            && !self.others.contains(&source.path)
            && let Some(report) = self.reports.get_mut(&user.path)
        {
            report.invalid = true;
            let place = source.position(span.start);
            let message = format!("{}, at {}:{}:{}", problem.message, source.path, place.line, place.column);
            let problem = Problem { span: at, message, used_at: None, ..problem.clone() };
            let places = vec![(Arc::clone(&user), at, true)];
            let placed = |finding| Placed { path: user.path.clone(), finding, places: places.clone() };
            self.report.found.extend(judge.invalid(&[problem], crate::diagnostic::Severity::High).map(placed));
            return;
        }
        if !MARKS.iter().any(|mark| source.text.contains(mark)) {
            return;
        }
        if let Some(report) = self.reports.get_mut(&source.path) {
            report.invalid = true;
            let problem = Problem { span, ..problem.clone() };
            let places = vec![(Arc::clone(&source), span, true)];
            let placed = |finding| Placed { path: source.path.clone(), finding, places: places.clone() };
            self.report.found.extend(judge.invalid(&[problem], crate::diagnostic::Severity::High).map(placed));
        }
    }

    /// Tell that a limit was hit where it was; where nobody asked for that file, in the first of the folder.
    fn limit(&mut self, judge: &Judge<'_>, limit: &Problem) {
        let Some((source, span)) = self.sources.locate(limit.span) else { return };
        let place = source.position(span.start);
        let is_asked = self.asked.contains(&source.path);
        let own = Some(&source.path).filter(|path| self.reports.contains_key(*path));
        let Some(own) = own.or_else(|| self.reports.keys().min()).cloned() else { return };
        if let Some(report) = self.reports.get_mut(&own) {
            report.invalid = true;
            let place = Some(place).filter(|_| own == source.path);
            report.not_judged.push(Entry::limit(place, limit));
        }
        let (path, problem) = match is_asked {
            true => (source.path.clone(), Problem { span, ..limit.clone() }),
            false => {
                let message = format!("{}, at {}:{}:{}", limit.message, source.path, place.line, place.column);
                (own, Problem { span: Span::default(), message, ..limit.clone() })
            }
        };
        let places = if is_asked { vec![(Arc::clone(&source), span, true)] } else { Vec::new() };
        let placed = |finding| Placed { path: path.clone(), finding, places: places.clone() };
        self.report.found.extend(judge.invalid(&[problem], crate::diagnostic::Severity::High).map(placed));
    }

    /// Count a policy with the file that its resource stands in. A module of another folder is counted there, or here if
    /// nobody asked for that folder.
    fn policy(&mut self, variants: &[PolicySite<'_>], policy: PolicyReport, settings: &Settings) {
        let site = &variants[0];
        let Some((source, anchor)) = self.sources.locate(site.anchor) else { return };
        let calls: Vec<String> = site.owner.calls.iter().filter_map(|call| self.path_of(*call)).collect();
        for path in &calls {
            if let Some(report) = self.reports.get_mut(path).filter(|report| report.policies.is_empty()) {
                report.format = Some("terraform");
                report.reason = "calls modules with policies";
            }
        }
        let span = self.sources.locate(policy.span).filter(|(other, _)| Arc::ptr_eq(other, &source));
        let span = span.map_or(anchor, |(_, span)| span);
        let here = |site: &PolicySite<'_>| load::here(site.clone(), &source, anchor, self.sources);
        let forms = settings.kept(&policy, || variants.iter().map(here).collect());
        let policy = PolicyReport { span, forms, ..policy };
        // The last call is that of the folder itself.
        let is_called = calls.last().is_some_and(|path| self.reports.contains_key(path));
        if is_called {
            let modules = [&source.path].into_iter().chain(calls.iter().rev().skip(1).rev());
            self.report.calls.modules.extend(modules.map(|path| called::folder_of(path)));
        }
        if !self.reports.contains_key(&source.path) && self.asked.contains(&source.path) {
            if is_called && !settings.keep.is_empty() {
                self.report.calls.made.push((source.path.clone(), policy));
            }
            return;
        }
        let report = match is_called {
            true => self.report_on(&source),
            false => self.reports.get_mut(&source.path),
        };
        let Some(report) = report else { return };
        report.format = Some("terraform");
        report.reason = "has resources with policies";
        report.policies.push(policy);
    }

    /// The report on a file: of this folder, or of a module that it calls and nobody asked for.
    fn report_on(&mut self, source: &Source) -> Option<&mut FileReport> {
        let path = &source.path;
        let is_module = !self.asked.contains(path)
            && load::is_terraform(Path::new(path))
            && called::folder_of(path) != self.report.calls.folder;
        if is_module {
            let report = || FileReport { partly: true, ..FileReport::new(Source::new(path.as_str(), "")) };
            self.reports.entry(path.clone()).or_insert_with(report);
        }
        self.reports.get_mut(path)
    }

    /// Note where the policy in these variants stands, its statements and its resource.
    fn constructs(&mut self, variants: &[PolicySite<'_>]) {
        // What a variable decides may be otherwise in another run.
        let known = |site: &PolicySite<'_>| site.origins.is_empty() && site.document.count_unknown() == 0;
        let settled = variants.len() == 1 && variants.iter().all(known);
        let calls = variants.iter().flat_map(|site| site.owner.calls.iter().copied());
        for span in variants.iter().flat_map(constructs::of_site).chain(calls) {
            if let Some((source, span)) = self.sources.locate(span) {
                self.report.constructs.push((source.path.clone(), Construct { span, settled }));
            }
        }
    }

    /// Give a finding to the file it is told in.
    fn place<'o>(&mut self, mut finding: Diagnostic, origins: impl Iterator<Item = &'o Origin>, about: &About<'_>) {
        let used = self.used(&finding, origins);
        let mut labels = std::mem::take(&mut finding.secondary);
        labels.extend(used.iter().map(|(label, _)| label.clone()));
        let locate = |span: Span, points_here: bool| {
            let (source, span) = self.sources.locate(span)?;
            Some((source, span, points_here))
        };
        let calls = about.calls.iter().map(|call| locate(*call, false));
        let mut places: Vec<(Arc<Source>, Span, bool)> =
            [locate(finding.primary.span, true), locate(about.anchor, false)]
                .into_iter()
                .chain(calls)
                .flatten()
                .collect();
        let is_asked = |span: Span| self.path_of(span).is_some_and(|path| self.asked.contains(&path));
        let home = self.path_of(finding.primary.span).unwrap_or_default();
        // What another configuration surely gives is repaired there.
        let given = used.iter().rev().filter(|(_, surely)| *surely).map(|(label, _)| label.span).find(|span| {
            is_asked(*span)
                && self.path_of(*span).is_some_and(|path| Path::new(&path).parent() != Path::new(&home).parent())
        });
        let is_called = || about.calls.iter().any(|call| is_asked(*call));
        let moved = match given {
            Some(given) => Some((given, finding.primary.text.clone(), "the value is used here".to_owned())),
            None if is_asked(finding.primary.span) || self.others.contains(&home) || is_called() => None,
            None => {
                let spans = used.iter().map(|(label, _)| label.span).chain([about.anchor]);
                let other = spans.into_iter().find(|span| is_asked(*span));
                let used_there = "what this sets is used there".to_owned();
                let Some(other) = other else { return };
                Some((other, used_there, finding.primary.text.clone()))
            }
        };
        if let Some((span, text, text_there)) = moved {
            let there = Label::new(finding.primary.span, text_there);
            finding.primary = Label::new(span, text);
            labels.retain(|label| label.span != span);
            labels.insert(0, there);
            places.extend(locate(span, true));
        }
        let Some(source) = place(&mut finding, labels, self.sources) else { return };
        self.report.found.push(Placed { path: source.path.clone(), finding, places });
    }

    /// The places that gave what a finding points at, each with whether it surely gave what the finding is about.
    fn used<'o>(&self, finding: &Diagnostic, origins: impl Iterator<Item = &'o Origin>) -> Vec<(Label, bool)> {
        // The place itself, or what it is made of on the same line.
        let line = |span: Span| {
            let (source, span) = self.sources.locate(span)?;
            Some((source.path.clone(), source.line_index(span.start)))
        };
        let touches = |label: Span, origin: &Origin| {
            label.contains(origin.at) || origin.at.contains(label) || line(label) == line(origin.at)
        };
        let is_used = |origin: &&Origin| {
            let mut labels = std::iter::once(&finding.primary).chain(&finding.secondary);
            labels.any(|label| touches(label.span, origin))
        };
        let label = |origin: &Origin| {
            let is_in = |text: &str| !text.is_empty() && finding.subject.contains(text);
            let equal = origin.elements.iter().find(|(text, _)| *text == finding.subject);
            let element = equal.or_else(|| origin.elements.iter().rev().find(|(text, _)| is_in(text)));
            // What lies further back is shown where it surely gave what the finding is about.
            let from = element.map_or(origin.from, |(_, span)| *span);
            (element.is_some() || origin.steps == 0).then(|| (Label::new(from, &origin.what), element.is_some()))
        };
        origins.filter(is_used).filter_map(label).collect()
    }

    /// The path of the file that a place is in.
    fn path_of(&self, span: Span) -> Option<String> {
        Some(self.sources.locate(span)?.0.path.clone())
    }

    fn finish(self) -> FolderReport {
        let mut files: Vec<FileReport> = self.reports.into_values().collect();
        files.sort_by(|a, b| a.source.path.cmp(&b.source.path));
        FolderReport { files, ..self.report }
    }
}
