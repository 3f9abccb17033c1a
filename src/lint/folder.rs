//! Judging a folder of Terraform as one, and giving each finding to the file that it is in.
//!
//! What is asked for are files, not folders: a finding is told where it stands, and only if that file was asked for.
//! One that stands in another file, but rests on something in a file that was asked for, is told there.

use super::{FileReport, FileToLint, Judge, PolicyReport, Settings, order};
use crate::diagnostic::{Diagnostic, Label, Problem, Related};
use crate::input::Found;
use crate::input::terraform::{self, Folder, Loader, Sources, Variables};
use crate::site::{Origin, PolicySite};
use crate::source::Source;
use crate::span::Span;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Whether a file is judged with its folder.
pub fn is_part(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    terraform::is_configuration(&name) || name.ends_with(".tfvars")
}

/// Bytes of which one stands in every configuration that has something to do with AWS. A broken file without them is
/// somebody else's.
const MARKS: [&str; 4] = ["aws_", "Statement", "AssumeRole", "statement"];

/// What came of a folder: reports of the files in it that were asked for, and findings in files of other folders.
pub struct FolderReport {
    pub files: Vec<FileReport>,
    pub elsewhere: Vec<(Arc<Source>, Diagnostic)>,
}

/// Judge the files of one folder. `asked` are the shown paths of all files of the run.
pub fn lint(
    folder: &Path,
    files: &[FileToLint],
    asked: &HashSet<String>,
    loader: &Loader<'_>,
    variables: &Variables,
    settings: &Settings,
) -> FolderReport {
    let folder_name = folder.to_string_lossy();
    let mut found = Found { path: &folder_name, ..Found::default() };
    let read = terraform::extract(loader, folder, variables, &mut found);
    let mut placing = Placing { sources: &loader.sources, asked, reports: HashMap::new(), elsewhere: Vec::new() };
    let sources: HashMap<&PathBuf, &Arc<Source>> = read.files.iter().map(|file| (&file.path, &file.source)).collect();
    for file in files {
        placing.report_of(file, sources.get(&terraform::normal(&file.path)).copied());
    }
    placing.judge(&found, settings, &read);
    placing.finish(settings)
}

struct Placing<'a> {
    sources: &'a Sources,
    asked: &'a HashSet<String>,
    /// By shown path.
    reports: HashMap<String, FileReport>,
    elsewhere: Vec<(Arc<Source>, Diagnostic)>,
}

impl Placing<'_> {
    fn report_of(&mut self, file: &FileToLint, source: Option<&Arc<Source>>) {
        let text = source.map_or("", |source| source.text.as_str());
        let mut report = FileReport::new(Source::new(&file.shown, text));
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
                report.invalid = true;
                report.reason = "cannot be read";
                let problem = Problem::new(Span::default(), why);
                report.findings.extend(judge.invalid(&[problem], crate::diagnostic::Severity::High));
            }
        }
        let same = |a: &PolicySite<'_>, b: &PolicySite<'_>| a.address == b.address && a.anchor == b.anchor;
        for (span, note) in &read.modules_elsewhere {
            let Some((source, span)) = self.sources.locate(*span) else { continue };
            if let Some(report) = self.reports.get_mut(&source.path) {
                let place = source.position(span.start);
                report.notes.push(format!("{}:{}: {note}", place.line, place.column));
            }
        }
        for variants in found.sites.chunk_by(same) {
            let (policy, findings) = judge.policy(variants, "");
            self.policy(&variants[0], policy);
            for finding in findings {
                // Variants may have different origins; those of the place are what counts.
                let origins = variants.iter().flat_map(|site| &site.origins);
                self.place(finding, origins, variants[0].anchor);
            }
        }
        for problem in &found.problems {
            let Some((source, span)) = self.sources.locate(problem.span) else { continue };
            if !MARKS.iter().any(|mark| source.text.contains(mark)) {
                continue;
            }
            if let Some(report) = self.reports.get_mut(&source.path) {
                report.invalid = true;
                let problem = Problem { span, ..problem.clone() };
                report.findings.extend(judge.invalid(&[problem], crate::diagnostic::Severity::High));
            }
        }
        judge.unresolved(found);
        for (span, _) in &found.unresolved {
            if let Some((source, _)) = self.sources.locate(*span)
                && let Some(report) = self.reports.get_mut(&source.path)
            {
                report.format = Some("terraform");
                report.unresolved += 1;
            }
        }
        for finding in findings {
            self.place(finding, std::iter::empty(), Span::default());
        }
    }

    /// Count a policy with the file that its resource stands in. A module of another folder is counted there.
    fn policy(&mut self, site: &PolicySite<'_>, policy: PolicyReport) {
        let Some((source, anchor)) = self.sources.locate(site.anchor) else { return };
        let Some(report) = self.reports.get_mut(&source.path) else { return };
        report.format = Some("terraform");
        report.reason = "has resources with policies";
        let span = self.sources.locate(policy.span).filter(|(other, _)| Arc::ptr_eq(other, &source));
        report.policies.push(PolicyReport { span: span.map_or(anchor, |(_, span)| span), ..policy });
    }

    /// Give a finding to the file it is told in.
    fn place<'o>(&mut self, finding: Diagnostic, origins: impl Iterator<Item = &'o Origin>, anchor: Span) {
        let mut finding = finding;
        // The place itself, or what it is made of on the same line.
        let line = |span: Span| {
            let (source, span) = self.sources.locate(span)?;
            Some((source.path.clone(), source.line_index(span.start)))
        };
        let touches = |label: Span, origin: &Origin| {
            label.contains(origin.at) || origin.at.contains(label) || line(label) == line(origin.at)
        };
        let used: Vec<Label> = origins
            .filter(|origin| {
                let mut labels = std::iter::once(&finding.primary).chain(&finding.secondary);
                labels.any(|label| touches(label.span, origin))
            })
            .filter_map(|origin| {
                let is_in = |text: &str| !text.is_empty() && finding.subject.contains(text);
                let equal = origin.elements.iter().find(|(text, _)| *text == finding.subject);
                let element = equal.or_else(|| origin.elements.iter().rev().find(|(text, _)| is_in(text)));
                // What lies further back is shown where it surely gave what the finding is about.
                (element.is_some() || origin.steps == 0)
                    .then(|| Label::new(element.map_or(origin.from, |(_, span)| *span), &origin.what))
            })
            .collect();
        let mut labels = std::mem::take(&mut finding.secondary);
        labels.extend(used.iter().cloned());
        let is_asked =
            |span: Span| self.sources.locate(span).is_some_and(|(source, _)| self.asked.contains(&source.path));
        if !is_asked(finding.primary.span) {
            let other = used.iter().map(|label| label.span).chain([anchor]).find(|span| is_asked(*span));
            let Some(other) = other else { return };
            let text = "what this sets is used there";
            let primary = std::mem::replace(&mut finding.primary, Label::new(other, text));
            labels.retain(|label| label.span != other);
            labels.insert(0, primary);
        }
        let Some((source, span)) = self.sources.locate(finding.primary.span) else { return };
        finding.primary.span = span;
        for label in labels {
            match self.sources.locate(label.span) {
                Some((other, span)) if Arc::ptr_eq(&other, &source) => {
                    let label = Label { span, ..label };
                    if label != finding.primary && !finding.secondary.contains(&label) {
                        finding.secondary.push(label);
                    }
                }
                Some((other, span)) => {
                    let related = Related::new(&other, span, label.text);
                    if !finding.related.contains(&related) {
                        finding.related.push(related);
                    }
                }
                None => {}
            }
        }
        match self.reports.get_mut(&source.path) {
            Some(report) => report.findings.push(finding),
            None => self.elsewhere.push((source, finding)),
        }
    }

    fn finish(self, settings: &Settings) -> FolderReport {
        let mut files: Vec<FileReport> = self.reports.into_values().collect();
        for report in &mut files {
            settle(&mut report.findings, settings);
        }
        files.sort_by(|a, b| a.source.path.cmp(&b.source.path));
        let mut elsewhere = self.elsewhere;
        elsewhere.retain(|(_, finding)| settings.shows(finding));
        FolderReport { files, elsewhere }
    }
}

/// Sort what was found in a file, and keep of each only the surest form: a module is judged by itself and in each call.
pub fn settle(findings: &mut Vec<Diagnostic>, settings: &Settings) {
    findings.retain(|finding| settings.shows(finding));
    let base = |finding: &Diagnostic| finding.message.split(", when ").next().unwrap_or_default().to_owned();
    findings.sort_by(|a, b| {
        let key = |finding: &Diagnostic| (finding.primary.span, finding.rule, base(finding));
        key(a).cmp(&key(b)).then(b.confidence.cmp(&a.confidence)).then(order(a).cmp(&order(b)))
    });
    findings.dedup_by(|b, a| (a.primary.span, a.rule, base(a)) == (b.primary.span, b.rule, base(b)));
    findings.sort_by(|a, b| order(a).cmp(&order(b)));
}
