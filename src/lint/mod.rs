//! The run: from sources to a report.
//!
//! [`lint_source`] judges one text; the command line, editors and tests all call it. [`lint_files`] does so for many
//! files in parallel and puts the results in an order that does not depend on the number of threads.

pub mod baseline;
mod cache;
mod disk;
mod failure;
mod filter;
mod judge;
pub mod ndjson;
mod overrides;
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
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

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
    if load::is_of_folder(Path::new(&source.path)) {
        return lint_beside(source, settings, false);
    }
    lint_alone(source, settings)
}

fn lint_beside(source: Source, settings: &Settings, alone: bool) -> FileReport {
    let Source { path, text, .. } = source;
    let disk = Disk::with(BTreeMap::from([(PathBuf::from(&path), text)]), alone);
    let file = FoundFile { path: PathBuf::from(&path), shown: path };
    let reports = terraform::lint_terraform(std::slice::from_ref(&file), settings, &disk);
    reports.into_iter().next().unwrap_or_else(|| FileReport::new(Source::new(&file.shown, "")))
}

fn lint_alone(source: Source, settings: &Settings) -> FileReport {
    let mut report = FileReport::new(source);
    let mut findings = Vec::new();
    let in_source = Judge { settings, findings: &mut findings }.file(&mut report);
    filter::of_file(&mut report, findings, in_source, settings);
    report
}

/// Judge many files, in parallel. A file that cannot be read is a finding and never stops the others.
pub fn lint_files(files: &[FoundFile], settings: &Settings, limit: u64) -> Report {
    lint_files_with(files, settings, limit, &Disk::default())
}

/// The same with the texts of some files as `disk` has them.
pub fn lint_files_with(files: &[FoundFile], settings: &Settings, limit: u64, disk: &Disk) -> Report {
    let (terraform, others): (Vec<&FoundFile>, Vec<&FoundFile>) =
        files.iter().partition(|file| load::is_of_folder(&file.path));
    let terraform: Vec<FoundFile> = terraform.into_iter().cloned().collect();
    let (mut reports, folders) = rayon::join(
        || -> Vec<FileReport> {
            let judge = |file: &&FoundFile| guarded(&file.shown, settings, || read(file, settings, limit, disk));
            others.par_iter().map(judge).collect()
        },
        || terraform::lint_terraform(&terraform, settings, disk),
    );
    reports.extend(folders);
    let report = place_plans(Report::new(reports), settings, disk);
    Report { read: disk.seen(), ..report }
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
