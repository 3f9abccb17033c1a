//! The run: from sources to a report.
//!
//! [`lint_source`] judges one text; the command line, editors and tests all call it. [`lint_files`] does so for many
//! files in parallel and puts the results in an order that does not depend on the number of threads.

pub mod baseline;
mod cache;
mod called;
mod disk;
mod failure;
mod filter;
mod judge;
pub mod ledger;
pub mod ndjson;
mod overrides;
mod parts;
mod placed;
mod plans;
mod report;
mod settings;
mod terraform;
mod undecided;
mod variants;

pub use disk::Disk;
pub use failure::{guarded, unreadable};
pub use filter::of_configuration;
pub use plans::{check_root, place_plans};
pub use report::{FileReport, PolicyReport, Report, Summary, Tally};
pub use settings::Settings;
pub use terraform::check_variables;

use crate::discover::{self, FoundFile};
use crate::load;
use crate::source::Source;
use judge::Judge;
use rayon::prelude::*;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// Judge one text. One of Terraform is judged without the files that may lie beside it.
pub fn lint_source(source: Source, settings: &Settings) -> FileReport {
    if settings.ndjson {
        return ndjson::judge_all(source, settings);
    }
    if load::is_of_folder(Path::new(&source.path)) {
        return lint_beside(source, settings, true);
    }
    lint_alone(source, settings)
}

/// Judge one text that stands in place of a file, with the files of its folder: what an editor or standard input gives.
pub fn lint_buffer(source: Source, settings: &Settings) -> FileReport {
    if settings.ndjson {
        return ndjson::judge_all(source, settings);
    }
    if load::is_of_folder(Path::new(&source.path)) {
        return lint_beside(source, settings, false);
    }
    lint_alone(source, settings)
}

fn lint_beside(source: Source, settings: &Settings, alone: bool) -> FileReport {
    let Source { path, text, .. } = source;
    let disk = Disk::with(BTreeMap::from([(PathBuf::from(&path), text)]), alone);
    let file = FoundFile { path: PathBuf::from(&path), shown: path };
    let judged = terraform::lint_terraform(std::slice::from_ref(&file), &HashSet::new(), settings, &disk);
    let own = judged.reports.into_iter().find(|report| report.source.path == file.shown);
    own.unwrap_or_else(|| FileReport::new(Source::new(&file.shown, "")))
}

fn lint_alone(source: Source, settings: &Settings) -> FileReport {
    let mut report = FileReport::new(source);
    let mut findings = Vec::new();
    let in_source = match parts::judge(&mut report, &mut findings, settings) {
        true => None,
        false => Judge { settings, findings: &mut findings }.file(&mut report),
    };
    filter::of_file(&mut report, findings, in_source, settings);
    report
}

/// Reports of files that were judged while others were still looked for, by the paths they were read from.
#[derive(Debug, Default)]
pub struct Ahead {
    /// Boxed, so that the table does not take as much memory again as the reports.
    reports: HashMap<PathBuf, Box<FileReport>>,
}

/// Judge files while `search` finds them and names each of them once. Files that are judged with their folder are left for
/// later; so is every file from the first that is not `taken` on, and then nothing counts.
pub fn lint_ahead<T: Send>(
    settings: &Settings,
    limit: u64,
    taken: impl Fn(&FoundFile) -> bool + Sync,
    search: impl FnOnce(&mut dyn FnMut(&FoundFile)) -> T + Send,
) -> (T, Ahead) {
    let reports: Mutex<HashMap<PathBuf, Box<FileReport>>> = Mutex::default();
    let stopped = AtomicBool::new(false);
    let disk = Disk::default();
    let (one, is_over) =
        (|file: &FoundFile| judge_file(file, settings, limit, &disk), || stopped.load(Ordering::Relaxed));
    let found = rayon::scope(|scope| {
        search(&mut |file| {
            if !taken(file) {
                stopped.store(true, Ordering::Relaxed);
            }
            if is_over() || load::is_of_folder(&file.path) {
                return;
            }
            let file = file.clone();
            let (reports, one, is_over) = (&reports, &one, &is_over);
            scope.spawn(move |_| {
                if !is_over() {
                    let report = Box::new(one(&file));
                    reports.lock().unwrap_or_else(PoisonError::into_inner).insert(file.path, report);
                }
            });
        })
    });
    let mut reports = reports.into_inner().unwrap_or_else(PoisonError::into_inner);
    if is_over() {
        reports.clear();
        settings.cache.clear();
    }
    (found, Ahead { reports })
}

/// Judge many files, in parallel. A file that cannot be read is a finding and never stops the others.
pub fn lint_files(files: &[FoundFile], settings: &Settings, limit: u64) -> Report {
    lint_files_with(files, settings, limit, &Disk::default(), Ahead::default())
}

/// The same with the texts of some files as `disk` has them, and with what was judged ahead.
pub fn lint_files_with(files: &[FoundFile], settings: &Settings, limit: u64, disk: &Disk, mut ahead: Ahead) -> Report {
    let (terraform, others): (Vec<&FoundFile>, Vec<&FoundFile>) =
        files.iter().partition(|file| load::is_of_folder(&file.path));
    let terraform: Vec<FoundFile> = terraform.into_iter().cloned().collect();
    let alone: HashSet<String> = match terraform.is_empty() {
        true => HashSet::new(),
        false => others.iter().map(|file| file.shown.clone()).collect(),
    };
    let mut reports = Vec::with_capacity(files.len());
    let mut left = Vec::new();
    for file in others {
        match ahead.reports.remove(&file.path) {
            Some(report) => reports.push(*report),
            None => left.push(file),
        }
    }
    let (judged, folders) = rayon::join(
        || -> Vec<FileReport> { left.par_iter().map(|file| judge_file(file, settings, limit, disk)).collect() },
        || terraform::lint_terraform(&terraform, &alone, settings, disk),
    );
    reports.extend(judged);
    let mut beside: HashMap<String, FileReport> =
        folders.beside.into_iter().map(|report| (report.source.path.clone(), report)).collect();
    for report in &mut reports {
        if let Some(known) = beside.remove(&report.source.path) {
            report.superseded(known);
            settings.gate(report);
        }
    }
    reports.extend(folders.reports);
    let report = place_plans(Report::new(reports), settings, disk);
    Report { read: disk.seen(), ..report }
}

/// What came of one file that is judged by itself.
fn judge_file(file: &FoundFile, settings: &Settings, limit: u64, disk: &Disk) -> FileReport {
    guarded(&file.shown, settings, || read(file, settings, limit, disk))
}

fn read(file: &FoundFile, settings: &Settings, limit: u64, disk: &Disk) -> FileReport {
    let text = match disk.text_of(&file.path) {
        Some(text) => Ok(text.to_owned()),
        None => discover::read(&file.path, limit),
    };
    match text {
        Ok(text) => lint_source(Source::new(&file.shown, text), settings),
        Err(error) => unreadable(&file.shown, &error, settings),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::config;
    use crate::discover::{DiscoverOptions, READ_LIMIT, discover_with};
    use std::fs;

    const OPEN: &str = r#"{"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}"#;

    /// The report of a folder, with the files judged ahead up to the first with this name; and how many were.
    fn report(folder: &Path, last: &str) -> (String, usize) {
        let settings = Settings::new(&config::parse_text("").unwrap());
        let options = DiscoverOptions { working_directory: folder.to_owned(), ..DiscoverOptions::default() };
        let taken = |file: &FoundFile| !file.shown.ends_with(last);
        let search = |each: &mut dyn FnMut(&FoundFile)| discover_with(&[folder.to_owned()], &options, each);
        let (found, ahead) = lint_ahead(&settings, READ_LIMIT, taken, search);
        let count = ahead.reports.len();
        assert_eq!(settings.cache.len() > 0, count > 0, "what was found without all facts is forgotten");
        let report = lint_files_with(&found.files, &settings, READ_LIMIT, &Disk::default(), ahead);
        let findings = report.findings().map(|(file, finding)| format!("{} {}\n", file.source.path, finding.message));
        (findings.collect::<String>() + &format!("{:?}", report.summary), count)
    }

    #[test]
    fn what_is_judged_ahead_is_what_is_judged_later() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a.json", "b.json", "c.json", "main.tf", "z.json"] {
            fs::write(folder.path().join(name), OPEN).unwrap();
        }
        let (ahead, count) = report(folder.path(), "nothing");
        assert_eq!(count, 4, "Terraform is judged with its folder");
        assert!(ahead.contains("b.json anyone in any AWS account can assume this role\n"), "{ahead}");
        assert_eq!(report(folder.path(), "c.json"), (ahead, 0), "facts that are found late hold for all files");
    }
}
