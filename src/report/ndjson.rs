//! `--format ndjson`: one line of JSON for each file, or for each line of JSON Lines. Described in `docs/ndjson.md`.
//!
//! Every result has the same members, so that a reader of tables finds the same columns whatever was judged.

use super::Options;
use super::json::{Finding, Place, VERSION};
use super::place::Places;
use crate::diagnostic::{Problem, WhyNot};
use crate::lint::ledger::Entry;
use crate::lint::ndjson::LineReport;
use crate::lint::{FileReport, Report};
use rayon::prelude::*;
use serde::Serialize;
use serde_json::value::RawValue;
use std::io;

/// Write a report in this format: a line for each file.
pub fn write(report: &Report, _: &Options<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let lines = report.files.par_iter().map(file);
    lines.collect::<Result<Vec<_>, _>>()?.iter().try_for_each(|line| out.write_all(line.as_bytes()))
}

/// The result of a file, with its line break.
pub fn file(file: &FileReport) -> Result<String, serde_json::Error> {
    render(file, None, None)
}

/// The result of a line of JSON Lines, with its line break.
pub fn line(line: &LineReport) -> Result<String, serde_json::Error> {
    render(&line.report, line.id.as_deref(), Some(line.number))
}

fn render(file: &FileReport, id: Option<&RawValue>, line: Option<u64>) -> Result<String, serde_json::Error> {
    let places = Places::new(&file.source);
    let result = Outcome {
        version: VERSION,
        id,
        path: &file.source.path,
        line,
        findings: file.findings.iter().map(|finding| Finding::new(finding, file, &places)).collect(),
        policies: file.policies.len(),
        statements: file.policies.iter().map(|policy| policy.statements).sum(),
        unresolved: file.policies.iter().map(|policy| policy.unresolved).sum(),
        undecided: file.policies.iter().filter(|policy| policy.undecided).count(),
        not_judged: not_judged(file),
        error: file.problem.as_ref().map(|problem| Error::new(problem, &places)),
    };
    Ok(serde_json::to_string(&result)? + "\n")
}

/// What could have been judged and was not, but for what the error says.
fn not_judged(file: &FileReport) -> Vec<String> {
    let is_error = |entry: &Entry| file.problem.as_ref().is_some_and(|problem| problem.message == entry.text);
    let looked = file.ledger().filter(|entry| entry.why == WhyNot::NotLookedAt && !is_error(entry));
    looked.map(|entry| entry.text).collect()
}

#[derive(Serialize)]
struct Outcome<'a> {
    version: u32,
    id: Option<&'a RawValue>,
    path: &'a str,
    line: Option<u64>,
    findings: Vec<Finding<'a>>,
    policies: usize,
    statements: usize,
    unresolved: usize,
    undecided: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    not_judged: Vec<String>,
    error: Option<Error<'a>>,
}

/// Why something was not judged.
#[derive(Serialize)]
struct Error<'a> {
    message: &'a str,
    help: Option<&'a str>,
    start: Place,
}

impl<'a> Error<'a> {
    fn new(problem: &'a Problem, places: &Places<'_>) -> Self {
        let start = Place::new(problem.span.start, places);
        Error { message: &problem.message, help: problem.help.as_deref(), start }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{finding, options, report, span, written};
    use super::*;
    use crate::diagnostic::Label;
    use serde_json::{Value, json};

    #[test]
    fn the_shape_is_as_promised() {
        let text = "{\"é\": \"*\"}";
        let mut run = report("a.json", text, vec![finding(Label::new(span(text, "\"*\""), "anyone"))]);
        run.files[0].problem = Some(Problem::new(span(text, "}"), "broken").with_help("mend it"));
        let of_file: Value = serde_json::from_str(&written(write, &run, &options())).expect("valid JSON");
        let mut json: Value =
            serde_json::from_str(&written(super::super::json::write, &run, &options())).expect("valid JSON");
        let start = json!({"line": 1, "column": 10, "offset": 10});
        let mut expected = json!({
            "version": 1, "id": null, "path": "a.json", "line": null, "findings": json["findings"].take(),
            "policies": 0, "statements": 0, "unresolved": 0, "undecided": 0,
            "error": {"message": "broken", "help": "mend it", "start": start},
        });
        assert_eq!(of_file, expected);
        let report = run.files.remove(0);
        let id = RawValue::from_string("1.0".into()).ok();
        let text = line(&LineReport { number: 7, id, report }).expect("it serializes");
        assert!(text.starts_with("{\"version\":1,\"id\":1.0,\"path\":\"a.json\",\"line\":7,\"findings\":[{\"rule\":"));
        expected["id"] = json!(1.0);
        expected["line"] = json!(7);
        assert_eq!(serde_json::from_str::<Value>(&text).expect("valid JSON"), expected);
    }

    #[test]
    fn a_file_is_a_line() {
        let mut run = report("a.json", "{}", vec![]);
        run.files.extend(report("b.json", "{}", vec![]).files);
        let text = written(write, &run, &options());
        assert_eq!(text.lines().count(), 2);
        assert_eq!(text.matches("\"error\":null}\n").count(), 2);
    }
}
