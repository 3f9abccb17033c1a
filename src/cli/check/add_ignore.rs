//! `iamlint check --add-ignore REASON`: write suppressions of what would be told.
//!
//! Every file is planned, all plans are judged together as if they were written, and only a file of which exactly the
//! planned findings are gone is written. What no place in its file can silence goes into the configuration.

use crate::cli::judging::Judged;
use crate::cli::{Failure, write};
use crate::config::{Config, NewIgnore, pattern_of};
use crate::diagnostic::Diagnostic;
use crate::discover::{self, READ_LIMIT, absolute};
use crate::input::terraform::normal;
use crate::lint::{self, Disk, FileReport, Report, Settings};
use crate::site::stable_address;
use crate::source::Source;
use crate::suppress::add::{self, Plan};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What the work needs to know.
pub struct Adding<'a> {
    /// Why everything is silenced.
    pub reason: &'a str,
    /// The working directory.
    pub here: &'a Path,
    /// The configuration with the flags.
    pub config: &'a Config,
    /// How the findings came about.
    pub settings: &'a Settings,
    /// Whether nothing is to be said but what went wrong.
    pub quiet: bool,
    /// The same for another text of the configuration.
    pub with_text: &'a dyn Fn(String) -> Result<(Config, Settings), String>,
}

/// What is to become of one file.
struct Edit {
    /// Its place in the report.
    at: usize,
    path: PathBuf,
    old: String,
    /// The text with its suppressions, if it gets any.
    new: Option<String>,
    /// The findings that they silence.
    inside: Vec<Diagnostic>,
    /// The findings that the configuration silences, and how.
    outside: Vec<(Diagnostic, NewIgnore)>,
}

/// What the files would be told.
struct Outlook {
    report: Report,
    /// The text of the configuration, if it changes.
    config: Option<String>,
}

impl Adding<'_> {
    /// Write them, and put what is still told into `judged`.
    pub fn run(&self, judged: &mut Judged) -> Result<(), Failure> {
        if !self.reason.chars().any(char::is_alphanumeric) || self.reason.chars().any(char::is_control) {
            return Err(Failure::Message("--add-ignore: give a reason, on one line".to_owned()));
        }
        let mut edits = self.edits(judged);
        let outlook = loop {
            let outlook = self.outlook(judged, &edits)?;
            let wrong: BTreeSet<usize> =
                edits.iter().filter(|edit| !self.holds(judged, edit, &outlook)).map(|edit| edit.at).collect();
            if wrong.is_empty() {
                break outlook;
            }
            for at in &wrong {
                let path = &judged.report.files[*at].source.path;
                judged.errors.push(format!(
                    "{path}: left as it is: what would be written does not silence exactly what is told there"
                ));
            }
            edits.retain(|edit| !wrong.contains(&edit.at));
        };
        self.write(judged, &edits, outlook)
    }

    /// What to do about each file with findings.
    fn edits(&self, judged: &mut Judged) -> Vec<Edit> {
        let paths: BTreeMap<&str, &PathBuf> =
            judged.files.iter().map(|file| (file.shown.as_str(), &file.path)).collect();
        let mut edits = Vec::new();
        let mut told = Vec::new();
        for (at, file) in judged.report.files.iter().enumerate() {
            let shown = file.source.path.as_str();
            let (fixed, open): (Vec<&Diagnostic>, Vec<&Diagnostic>) =
                file.findings.iter().partition(|finding| self.settings.refuses(finding.rule));
            let rules: BTreeSet<&str> = fixed.iter().map(|finding| finding.rule).collect();
            told.extend(rules.into_iter().map(|rule| format!("{shown}: `{rule}` may not be silenced")));
            if open.is_empty() {
                continue;
            }
            let Some(path) = paths.get(shown) else { continue };
            // Read again, as reports hide the secrets of a file. What could not be read has no text to put anything in.
            let source = Source::new(shown, discover::read(path, READ_LIMIT).unwrap_or_default());
            if source.text.len() != file.source.text.len() && !file.source.text.is_empty() {
                told.push(format!("{shown}: left as it is: it was changed in the meantime"));
                continue;
            }
            let Plan { insertions, outside } = add::plan(&source, file.format, &open, self.reason);
            let new = (!insertions.is_empty()).then(|| add::edited(&source.text, &insertions));
            let pattern = pattern_of(&absolute(path, self.here), &self.config.base);
            let outside: Vec<(Diagnostic, NewIgnore)> =
                outside.iter().map(|at| (open[*at].clone(), ignore_of(open[*at], &pattern, self.reason))).collect();
            let is_inside = |finding: &&Diagnostic| !outside.iter().any(|(other, _)| other == *finding);
            let inside = open.iter().copied().filter(is_inside).cloned().collect();
            edits.push(Edit { at, path: path.to_path_buf(), old: source.text, new, inside, outside });
        }
        judged.errors.extend(told);
        edits
    }

    /// Judge everything as if the edits were made.
    fn outlook(&self, judged: &Judged, edits: &[Edit]) -> Result<Outlook, Failure> {
        let mut instead = BTreeMap::new();
        for edit in edits {
            instead.extend(edit.new.clone().map(|text| (normal(&edit.path), text)));
        }
        let disk = Disk::with(instead, false);
        let ignores = self.ignores(edits);
        let config = if ignores.is_empty() { None } else { self.config.with_ignores(&ignores) };
        let (new_config, new_settings);
        let (mut config_in_force, mut settings) = (self.config, self.settings);
        if let Some(text) = &config {
            let wrong = |why| Failure::Message(format!("--add-ignore: the configuration cannot be written: {why}"));
            (new_config, new_settings) = (self.with_text)(text.clone()).map_err(wrong)?;
            (config_in_force, settings) = (&new_config, &new_settings);
        }
        let mut report = lint::lint_files_with(&judged.files, settings, READ_LIMIT, &disk, lint::Ahead::default());
        if let Some(file) = lint::of_configuration(config_in_force, &report, settings, judged.whole) {
            report = report.with(file);
        }
        Ok(Outlook { report, config })
    }

    fn ignores(&self, edits: &[Edit]) -> Vec<NewIgnore> {
        let all = edits.iter().flat_map(|edit| edit.outside.iter().map(|(_, ignore)| ignore.clone()));
        all.collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Whether exactly what an edit is for is gone, and everything else is as it was.
    fn holds(&self, judged: &Judged, edit: &Edit, outlook: &Outlook) -> bool {
        let before = &judged.report.files[edit.at];
        let same_path = |file: &&FileReport| file.source.path == before.source.path;
        let Some(after) = outlook.report.files.iter().find(same_path) else { return false };
        let outside = edit.outside.iter().map(|(finding, _)| finding).filter(|_| outlook.config.is_some());
        let gone: Vec<Identity<'_>> = edit.inside.iter().chain(outside).map(identity).collect();
        let mut expected: Vec<Identity<'_>> = before.findings.iter().map(identity).collect();
        for identity in &gone {
            let Some(at) = expected.iter().position(|known| known == identity) else { return false };
            expected.swap_remove(at);
        }
        let mut found: Vec<Identity<'_>> = after.findings.iter().map(identity).collect();
        expected.sort();
        found.sort();
        let silenced = |wanted: &Identity<'_>| after.suppressed.iter().any(|(finding, _)| identity(finding) == *wanted);
        let same = |file: &FileReport| {
            let policies =
                file.policies.iter().map(|policy| (policy.address.clone(), policy.statements, policy.unresolved));
            (file.format, file.invalid, file.not_judged.len(), policies.collect::<Vec<_>>())
        };
        expected == found && gone.iter().all(silenced) && same(before) == same(after)
    }

    /// Write what was found to hold.
    fn write(&self, judged: &mut Judged, edits: &[Edit], outlook: Outlook) -> Result<(), Failure> {
        let mut failed = false;
        let mut told = Vec::new();
        for edit in edits {
            let shown = &judged.report.files[edit.at].source.path;
            let Some(new) = &edit.new else { continue };
            match write::replace(&edit.path, &edit.old, new) {
                Ok(()) => told.push(format!("{shown}: silenced {}", count(edit.inside.len()))),
                Err(error) => {
                    judged.errors.push(format!("{shown}: left as it is: {error}"));
                    failed = true;
                }
            }
        }
        let ignores = self.ignores(edits);
        let silenced: usize = edits.iter().map(|edit| edit.outside.len()).sum();
        if let (Some(text), Some(source)) = (&outlook.config, &self.config.source) {
            let path = self.config.file(self.here).unwrap_or_default();
            match write::replace(&path, &source.text, text) {
                Ok(()) => told.push(format!("{}: silenced {}", source.path, count(silenced))),
                Err(error) => {
                    judged.errors.push(format!("{}: left as it is: {error}", source.path));
                    failed = true;
                }
            }
        } else if !ignores.is_empty() {
            let tables: Vec<String> = ignores.iter().map(|ignore| ignore.table("ignore", "\n")).collect();
            let files: BTreeSet<&str> = edits
                .iter()
                .filter(|edit| !edit.outside.is_empty())
                .map(|edit| judged.report.files[edit.at].source.path.as_str())
                .collect();
            let files: Vec<&str> = files.into_iter().collect();
            let message = format!(
                "{} can hold no suppression, and there is no configuration file; write this into `iamlint.toml`:\n\n{}",
                files.join(", "),
                tables.join("\n")
            );
            judged.errors.push(message);
        }
        if !self.quiet {
            told.iter().for_each(|line| eprintln!("iamlint: {line}"));
        }
        judged.failed |= failed;
        judged.report = match failed {
            false => outlook.report,
            // What could not be written is told as it is.
            true => self.outlook(judged, &[])?.report,
        };
        Ok(())
    }
}

fn count(findings: usize) -> String {
    format!("{findings} finding{}", if findings == 1 { "" } else { "s" })
}

fn ignore_of(finding: &Diagnostic, pattern: &str, reason: &str) -> NewIgnore {
    let said = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    NewIgnore {
        path: pattern.to_owned(),
        rule: finding.rule.to_owned(),
        resource: said(stable_address(&finding.resource)),
        sid: finding.sid.clone(),
        subject: said(&finding.subject),
        reason: reason.to_owned(),
    }
}

/// What makes two findings the same when the lines of a file move.
type Identity<'a> = (&'a str, &'a str, &'a str, &'a str, Option<&'a str>);

fn identity(finding: &Diagnostic) -> Identity<'_> {
    (finding.rule, &finding.message, &finding.resource, &finding.subject, finding.statement.as_deref())
}
