//! `--format gitlab`: the code quality report of GitLab, which its merge requests show.
//!
//! A list of issues, the shape of which comes from Code Climate; GitLab reads the description, the name of the check,
//! the severity, the path and the line, and tells issues apart by their fingerprint alone. Source: "Code Quality",
//! GitLab documentation.

use super::place::Places;
use super::story::{self, Spot};
use super::text::clean;
use super::{Options, identity, level, uri};
use crate::diagnostic::{Diagnostic, Fingerprint};
use crate::lint::{FileReport, Report};
use rayon::prelude::*;
use serde_json::{Value, json};
use std::io;

/// Write a report in this format.
pub fn write(report: &Report, _: &Options<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let keys = identity::keys(report);
    let issues = report.files.par_iter().zip(&keys).map(|(file, keys)| {
        let places = Places::new(&file.source);
        let issues = file.findings.iter().zip(keys);
        issues.map(|(finding, key)| issue(file, finding, *key, &places).to_string()).collect::<Vec<_>>()
    });
    super::write_list(out, issues.collect::<Vec<_>>().concat())?;
    writeln!(out)
}

fn issue(file: &FileReport, finding: &Diagnostic, key: Fingerprint, places: &Places<'_>) -> Value {
    let lines =
        |path: &str, begin: usize, end: usize| json!({"path": uri::path(path), "lines": {"begin": begin, "end": end}});
    let message = clean(&finding.message);
    let begin = places.characters(finding.primary.span.start).line;
    let mut issue = json!({
        "type": "issue",
        "check_name": finding.rule,
        "description": message,
        "categories": ["Security"],
        "severity": level(finding.severity).gitlab,
        "fingerprint": key.to_string(),
        "location": lines(&file.source.path, begin, places.last_line(finding.primary.span)),
    });
    let told = story::text(file, finding, places);
    if !told.is_empty() {
        issue["content"] = json!({"body": told.trim_start()});
    }
    let (spots, _) = story::spots(file, finding, places);
    let others: Vec<Value> =
        spots.iter().map(|Spot { path, start, end, .. }| lines(path, start.line, end.line)).collect();
    if !others.is_empty() {
        issue["other_locations"] = others.into();
    }
    issue
}

#[cfg(test)]
mod tests {
    use super::super::tests::{HOSTILE, WIDE, finding, options, report, span, with_everything, written};
    use super::*;
    use crate::diagnostic::{Label, Severity};
    use crate::span::Span;

    fn issues(report: &Report) -> Value {
        serde_json::from_str(&written(write, report, &options())).expect("valid JSON")
    }

    #[test]
    fn the_shape_is_as_promised() {
        let (text, one) = with_everything();
        let run = report("./iam/a.json", &text, vec![one]);
        assert_eq!(
            issues(&run),
            json!([{
                "type": "issue", "check_name": "wildcard-principal",
                "description": "anyone can assume this role", "categories": ["Security"], "severity": "blocker",
                "fingerprint": identity::keys(&run)[0][0].to_string(),
                "location": {"path": "iam/a.json", "lines": {"begin": 2, "end": 2}},
                "content": {"body": "confidence: likely\nin: Resources.CiRole\nwhy: nothing else is asked\nrequest: \
                    sts:AssumeRole by arn:aws:iam::999999999999:user/x with aws:a = b without aws:c is allowed\n\
                    help: name the accounts\nsee: ./iam/a.json:3:13: may call this\n\
                    see: modules/vars.tf:2:13: the default of `var.who`"},
                "other_locations": [
                    {"path": "iam/a.json", "lines": {"begin": 3, "end": 3}},
                    {"path": "modules/vars.tf", "lines": {"begin": 2, "end": 2}},
                ],
            }])
        );
    }

    #[test]
    fn fingerprints_are_unique_and_an_empty_run_is_a_list() {
        let mut run = report("a.json", WIDE, vec![finding(Label::new(span(WIDE, "\"*\""), "")); 2]);
        run.files.extend(report("b.json", WIDE, vec![finding(Label::new(span(WIDE, "\"*\""), ""))]).files);
        let issues = self::issues(&run);
        let keys: std::collections::HashSet<String> =
            issues.as_array().expect("a list").iter().map(|issue| issue["fingerprint"].to_string()).collect();
        assert_eq!(keys.len(), 3);
        assert_eq!(self::issues(&report("a.json", "{}", vec![])), json!([]));
    }

    #[test]
    fn what_is_hostile_is_one_line_of_text() {
        let mut one = finding(Label::new(Span::at(0), ""));
        one.message = HOSTILE.into();
        one.severity = Severity::Info;
        let issue = &issues(&report("a.json", "{}", vec![one]))[0];
        let text = issue["description"].as_str().expect("a text");
        assert!(!text.contains(['\n', '\r', '\u{1b}', '\0', '\u{202e}']), "{text:?}");
        assert_eq!(issue["severity"], "info");
    }
}
