//! `--format json`: the versioned shape for programs, described in `docs/json-output.md`.
//!
//! Each finding and each policy stands on a line of its own: small enough to store, and a diff of two runs shows which
//! findings came and went. Within a version, members are added and never removed.

use super::place::Places;
use super::{Options, summary};
use crate::diagnostic::{BaselineState, Diagnostic, Label, Related, Severity, Suppression, WhyNot, Witness};
use crate::lint::ledger::{Entry, Unjudged};
use crate::lint::{FileReport, PolicyReport, Report};
use crate::source::Position;
use crate::span::Span;
use rayon::prelude::*;
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::io;

/// The version of the shape.
pub const VERSION: u32 = 1;

/// Write a report in this format.
pub fn write(report: &Report, options: &Options<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let tool = json!({"name": "iamlint", "version": options.version});
    write!(out, "{{\"version\": {VERSION},\n\"tool\": {tool},\n\"findings\": ")?;
    write_list(out, &report.files, findings)?;
    if options.verbose {
        write!(out, ",\n\"policies\": ")?;
        write_list(out, &report.files, policies)?;
    }
    if options.suppressed {
        write!(out, ",\n\"suppressed\": ")?;
        write_list(out, &report.files, suppressed)?;
    }
    writeln!(out, ",\n\"summary\": {}}}", counts(report))
}

/// One item on each line, rendered in parallel by file.
fn write_list(
    out: &mut dyn io::Write,
    files: &[FileReport],
    render: fn(&FileReport) -> Result<Vec<String>, serde_json::Error>,
) -> io::Result<()> {
    let items: Vec<Vec<String>> = files.par_iter().map(render).collect::<Result<_, _>>()?;
    super::write_list(out, items.into_iter().flatten())
}

fn findings(file: &FileReport) -> Result<Vec<String>, serde_json::Error> {
    if file.findings.is_empty() {
        return Ok(Vec::new());
    }
    let places = Places::new(&file.source);
    file.findings.iter().map(|finding| serde_json::to_string(&Finding::new(finding, file, &places))).collect()
}

fn suppressed(file: &FileReport) -> Result<Vec<String>, serde_json::Error> {
    if file.suppressed.is_empty() {
        return Ok(Vec::new());
    }
    let places = Places::new(&file.source);
    let silenced = |(finding, by): &(Diagnostic, Suppression)| {
        let suppression = Some(Silenced { kind: by.kind.name(), reason: &by.reason });
        serde_json::to_string(&Finding { suppression, ..Finding::new(finding, file, &places) })
    };
    file.suppressed.iter().map(silenced).collect()
}

fn policies(file: &FileReport) -> Result<Vec<String>, serde_json::Error> {
    if file.policies.is_empty() {
        return Ok(Vec::new());
    }
    let places = Places::new(&file.source);
    file.policies.iter().map(|policy| serde_json::to_string(&Policy::new(policy, file, &places))).collect()
}

fn counts(report: &Report) -> Value {
    let counts = &report.summary;
    let mut findings: Map<String, Value> =
        Severity::ALL.iter().rev().map(|(_, name)| ((*name).to_owned(), Value::from(0))).collect();
    for (severity, n) in summary::by_severity(report) {
        findings.insert(severity.name().to_owned(), Value::from(n));
    }
    json!({
        "files": counts.files,
        "skipped": counts.skipped,
        "invalid": counts.invalid,
        "policies": counts.policies,
        "statements": counts.statements,
        "unresolved": counts.unresolved,
        "undecided": counts.undecided,
        "findings": findings,
        "suppressed": counts.suppressed,
        "not_judged": not_judged(&counts.not_judged, report.not_judged()),
    })
}

/// Entries of what was not judged, at most.
const MAX_NOT_JUDGED: usize = 1_000;

/// What was not judged, counted and listed, for every format that is JSON.
pub fn not_judged<'a>(counts: &Unjudged, entries: impl Iterator<Item = (&'a str, Entry)>) -> Value {
    let entry = |(path, entry): (&str, Entry)| {
        json!({
            "kind": entry.why.name(), "what": entry.thing.nouns()[0], "count": entry.count, "path": path,
            "line": entry.place.map(|place| place.line), "column": entry.place.map(|place| place.column),
            "reason": entry.text,
        })
    };
    // What could have been judged comes first, should the list be cut.
    let mut all: Vec<(&str, Entry)> = entries.collect();
    all.sort_by_key(|(_, entry)| entry.why);
    let left_out = all.len().saturating_sub(MAX_NOT_JUDGED);
    let mut told: Map<String, Value> =
        WhyNot::ALL.iter().map(|(why, name)| (name.replace('-', "_"), Value::from(counts.of(*why)))).collect();
    told.insert("entries".to_owned(), all.into_iter().take(MAX_NOT_JUDGED).map(entry).collect());
    if left_out > 0 {
        told.insert("entries_left_out".to_owned(), left_out.into());
    }
    told.into()
}

#[derive(Serialize)]
pub(super) struct Place {
    line: usize,
    column: usize,
    offset: u32,
}

impl Place {
    pub fn new(offset: u32, places: &Places<'_>) -> Self {
        let Position { line, column } = places.characters(offset);
        Place { line, column, offset }
    }
}

#[derive(Serialize)]
pub(super) struct Finding<'a> {
    rule: &'a str,
    severity: &'a str,
    confidence: &'a str,
    audience: &'a str,
    message: &'a str,
    why: Option<&'a str>,
    help: Option<&'a str>,
    path: &'a str,
    start: Place,
    end: Place,
    resource: &'a str,
    subject: &'a str,
    statement: Option<&'a str>,
    labels: Vec<Mark<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related: Vec<Elsewhere<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    witness: Option<Value>,
    fingerprint: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    suppression: Option<Silenced<'a>>,
}

/// Why a finding is not told.
#[derive(Serialize)]
struct Silenced<'a> {
    kind: &'a str,
    reason: &'a str,
}

impl<'a> Finding<'a> {
    pub fn new(finding: &'a Diagnostic, file: &'a FileReport, places: &Places<'_>) -> Self {
        let Span { start, end } = finding.primary.span;
        let secondary = finding.secondary.iter().map(|label| Mark::new(label, false, places));
        Finding {
            rule: finding.rule,
            severity: finding.severity.name(),
            confidence: finding.confidence.name(),
            audience: finding.audience.name(),
            message: &finding.message,
            why: finding.why.as_deref(),
            help: finding.help.as_deref(),
            path: &file.source.path,
            start: Place::new(start, places),
            end: Place::new(end, places),
            resource: &finding.resource,
            subject: &finding.subject,
            statement: finding.statement.as_deref(),
            labels: std::iter::once(Mark::new(&finding.primary, true, places)).chain(secondary).collect(),
            related: finding.related.iter().map(Elsewhere::new).collect(),
            witness: finding.witness.as_deref().map(witness),
            fingerprint: finding.fingerprint.to_string(),
            baseline: finding.baseline.map(BaselineState::name),
            suppression: None,
        }
    }
}

/// A request: a key with one value is a string, with several a list, and `null` where its absence is the point.
fn witness(witness: &Witness) -> Value {
    let value = |values: &Option<Vec<String>>| match values.as_deref() {
        None => Value::Null,
        Some([one]) => one.as_str().into(),
        Some(values) => values.into(),
    };
    let context: Map<String, Value> =
        witness.context.iter().map(|(key, values)| (key.clone(), value(values))).collect();
    json!({
        "action": witness.action,
        "principal": {"type": witness.caller, "arn": witness.principal},
        "context": context,
        "allowedBy": format!("Statement[{}]", witness.allowed_by),
    })
}

#[derive(Serialize)]
struct Mark<'a> {
    primary: bool,
    text: &'a str,
    start: Place,
    end: Place,
}

impl<'a> Mark<'a> {
    fn new(label: &'a Label, primary: bool, places: &Places<'_>) -> Self {
        let Span { start, end } = label.span;
        Mark { primary, text: &label.text, start: Place::new(start, places), end: Place::new(end, places) }
    }
}

/// A place in another file.
#[derive(Serialize)]
struct Elsewhere<'a> {
    path: &'a str,
    text: &'a str,
    start: Place,
    end: Place,
}

impl<'a> Elsewhere<'a> {
    fn new(related: &'a Related) -> Self {
        let place = |Position { line, column }, offset| Place { line, column, offset };
        let Span { start, end } = related.span;
        Elsewhere {
            path: &related.path,
            text: &related.text,
            start: place(related.range.0, start),
            end: place(related.range.1, end),
        }
    }
}

#[derive(Serialize)]
struct Policy<'a> {
    path: &'a str,
    resource: &'a str,
    kind: &'a str,
    start: Place,
    statements: usize,
    unresolved: usize,
}

impl<'a> Policy<'a> {
    fn new(policy: &'a PolicyReport, file: &'a FileReport, places: &Places<'_>) -> Self {
        Policy {
            path: &file.source.path,
            resource: &policy.address,
            kind: policy.kind.name(),
            start: match policy.start {
                Some(Position { line, column }) => Place { line, column, offset: policy.span.start },
                None => Place::new(policy.span.start, places),
            },
            statements: policy.statements,
            unresolved: policy.unresolved,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{finding, options, report, span, written};
    use super::*;
    use crate::site::PolicyKind;

    #[test]
    fn the_shape_is_as_promised() {
        let text = "{\"é\":\n \"*\"}";
        let mut one = finding(Label::new(span(text, "\"*\""), "anyone"));
        one.secondary.push(Label::new(span(text, "\"é\""), "here"));
        one.help = Some("name it".into());
        let mut run = report("a.json", text, vec![one]);
        run.files[0].policies.push(PolicyReport {
            address: "Resources.R".into(),
            kind: PolicyKind::Trust,
            span: Span::new(0, 5),
            start: None,
            statements: 1,
            unresolved: 2,
            undecided: false,
            too_large: false,
            forms: Vec::new(),
        });
        run.summary.count(&run.files[0]);
        let value: Value =
            serde_json::from_str(&written(write, &run, &Options { verbose: true, ..options() })).expect("valid JSON");
        let place = |line: u32, column: u32, offset: u32| json!({"line": line, "column": column, "offset": offset});
        assert_eq!(
            value,
            json!({
                "version": 1,
                "tool": {"name": "iamlint", "version": "1.2.3"},
                "findings": [{
                    "rule": "wildcard-principal", "severity": "critical", "confidence": "proved",
                    "audience": "default", "message": "anyone can assume this role", "why": null,
                    "help": "name it", "path": "a.json", "start": place(2, 2, 8), "end": place(2, 5, 11),
                    "resource": "", "subject": "*", "statement": null,
                    "labels": [
                        {"primary": true, "text": "anyone", "start": place(2, 2, 8), "end": place(2, 5, 11)},
                        {"primary": false, "text": "here", "start": place(1, 2, 1), "end": place(1, 5, 5)},
                    ],
                    "fingerprint": run.files[0].findings[0].fingerprint.to_string(),
                }],
                "policies": [{
                    "path": "a.json", "resource": "Resources.R", "kind": "trust", "start": place(1, 1, 0),
                    "statements": 1, "unresolved": 2,
                }],
                "summary": {
                    "files": 2, "skipped": 0, "invalid": 0, "policies": 1, "statements": 1, "unresolved": 2, "undecided": 0,
                    "findings": {"critical": 1, "high": 0, "medium": 0, "low": 0, "info": 0}, "suppressed": 0,
                    "not_judged": {"not_looked_at": 0, "known_at_deployment": 2, "out_of_reach": 0, "entries": [{
                        "kind": "known-at-deployment", "what": "value", "count": 2, "path": "a.json", "line": 1,
                        "column": 1, "reason": "2 values of `Resources.R` are known at deployment only",
                    }]},
                },
            })
        );
    }

    #[test]
    fn a_finding_is_a_line_and_an_empty_run_is_valid() {
        let findings = vec![finding(Label::new(Span::at(0), "")); 2];
        let text = written(write, &report("a.json", "{}", findings), &options());
        assert_eq!(text.lines().filter(|line| line.starts_with("{\"rule\"")).count(), 2);
        let empty: Value =
            serde_json::from_str(&written(write, &report("a.json", "{}", vec![]), &options())).expect("valid JSON");
        assert_eq!(empty["findings"], json!([]));
        assert_eq!(empty.get("policies"), None);
    }
}
