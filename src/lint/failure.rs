//! Reports of what could not be judged: it is a finding of its own, and never stops the others.

use super::filter;
use super::judge::Judge;
use super::report::FileReport;
use super::settings::Settings;
use crate::diagnostic::Problem;
use crate::discover::ReadError;
use crate::source::Source;
use crate::span::Span;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Run `judge`; a panic in it becomes a finding of this file.
pub fn guarded(shown: &str, settings: &Settings, judge: impl FnOnce() -> FileReport) -> FileReport {
    let mut report = catch_unwind(AssertUnwindSafe(judge)).unwrap_or_else(|_| panicked(shown, settings));
    report.forget_text();
    report
}

pub(super) fn panicked(shown: &str, settings: &Settings) -> FileReport {
    let mut report = failed(shown, "internal error while judging this file; please report it", None, settings);
    report.internal_error = true;
    report
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
pub(super) fn not_judged(source: Source, problem: Problem, settings: &Settings) -> FileReport {
    let mut findings = Vec::new();
    Judge { settings, findings: &mut findings }.problems(std::slice::from_ref(&problem));
    let reason = "cannot be read";
    let mut report = FileReport { reason, invalid: true, problem: Some(problem), ..FileReport::new(source) };
    filter::of_file(&mut report, findings, None, settings);
    report
}
