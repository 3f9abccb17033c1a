//! `--format gitlab-sast`: a security report of GitLab of type SAST, for its vulnerability report and merge requests.
//!
//! It says when the scan took place, so it is the same for the same input only if the time is: see
//! [`Options::time`]. Texts are Markdown there, so what a policy says is written as code. Source: "Security scanner
//! integration" and the schemas of security reports, GitLab documentation.

use super::inline::{code, prose};
use super::place::Places;
use super::story::{self, Spot};
use super::text::clean;
use super::{HOME, Options, identity, level, uri};
use crate::diagnostic::{Diagnostic, Fingerprint};
use crate::lint::{FileReport, Report};
use crate::rules::Rule;
use rayon::prelude::*;
use serde_json::{Map, Value, json};
use std::io;

/// The version of the schema: one that has all we write and that every supported GitLab knows.
const SCHEMA: &str = "15.0.7";
/// Characters of a name and of a solution.
const MAX_NAME: usize = 255;
const MAX_SOLUTION: usize = 7_000;
/// Characters of a description; the schema takes more.
const MAX_DESCRIPTION: usize = 100_000;

/// Write a report in this format.
pub fn write(report: &Report, options: &Options<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let keys = identity::keys(report);
    let found = report.files.par_iter().zip(&keys).map(|(file, keys)| {
        let places = Places::new(&file.source);
        let found = file.findings.iter().zip(keys);
        found.map(|(one, key)| vulnerability(file, one, *key, &places, options.rules).to_string()).collect::<Vec<_>>()
    });
    write!(out, "{{\"version\":\"{SCHEMA}\",\n\"scan\":{},\n\"vulnerabilities\":", scan(report, options))?;
    super::write_list(out, found.collect::<Vec<_>>().concat())?;
    writeln!(out, "}}")
}

fn scan(report: &Report, options: &Options<'_>) -> Value {
    let mut tool = json!({
        "id": "iamlint", "name": "iamlint", "version": options.version, "vendor": {"name": "iamlint"},
    });
    if HOME.starts_with("https://") {
        tool["url"] = HOME.into();
    }
    let time = options.time.to_string();
    let mut scan = json!({
        "type": "sast",
        "analyzer": tool,
        "scanner": tool,
        "start_time": time,
        "end_time": time,
        "status": if options.exit_code < 2 { "success" } else { "failure" },
    });
    if report.summary.invalid > 0 {
        let text = format!("{} of {} files could not be read whole", report.summary.invalid, report.summary.files);
        scan["messages"] = json!([{"level": "warn", "value": text}]);
    }
    scan
}

fn vulnerability(
    file: &FileReport,
    finding: &Diagnostic,
    key: Fingerprint,
    places: &Places<'_>,
    rules: &[&Rule],
) -> Value {
    let rule = rules.binary_search_by_key(&finding.rule, |rule| rule.id).ok().map(|at| rules[at]);
    let path = uri::path(&file.source.path);
    let start = places.characters(finding.primary.span.start).line;
    let end = places.last_line(finding.primary.span);
    let mut location = json!({"file": path, "start_line": start, "end_line": end});
    if !finding.resource.is_empty() {
        location["class"] = clean(&finding.resource).into();
    }
    // GitLab follows a vulnerability by this, and lines may move.
    let signature = json!({"algorithm": "hash", "value": key.to_string()});
    let tracked = json!({"file": path, "start_line": start, "end_line": end, "signatures": [signature]});
    let mut vulnerability = json!({
        "id": identity::uuid(key),
        "name": cut(rule.map_or(finding.rule, |rule| rule.summary), MAX_NAME),
        "description": cut(&description(file, finding, places), MAX_DESCRIPTION),
        "severity": level(finding.severity).gitlab_sast,
        "identifiers": identifiers(finding.rule, rule),
        "location": location,
        "tracking": {"type": "source", "items": [tracked]},
    });
    if let Some(help) = &finding.help {
        vulnerability["solution"] = cut(&prose(help), MAX_SOLUTION).into();
    }
    let details = details(file, finding, places);
    if !details.is_empty() {
        vulnerability["details"] = details.into();
    }
    vulnerability
}

/// The rule first: it is what GitLab groups by.
fn identifiers(id: &str, rule: Option<&Rule>) -> Vec<Value> {
    let mut own = json!({"type": "iamlint_rule", "name": format!("iamlint {id}"), "value": id});
    if let Some(rule) = rule.filter(|_| HOME.starts_with("https://")) {
        own["url"] = super::page(rule).into();
    }
    let weaknesses = rule.map_or(&[][..], |rule| rule.cwe).iter().map(|id| {
        let number = id.trim_start_matches("CWE-");
        let url = format!("https://cwe.mitre.org/data/definitions/{number}.html");
        json!({"type": "cwe", "name": id, "value": number, "url": url})
    });
    std::iter::once(own).chain(weaknesses).collect()
}

/// In Markdown: what was found, and why.
fn description(file: &FileReport, finding: &Diagnostic, places: &Places<'_>) -> String {
    let mut text = prose(&finding.message);
    for (key, line) in story::lines(file, finding, places) {
        // The others have members of their own.
        if matches!(key, "confidence" | "in" | "why") {
            text += &format!("\n\n**{key}:** {}", if key == "in" { code(&line) } else { prose(&line) });
        }
    }
    text
}

/// The request and the related places, as GitLab shows them below the description.
fn details(file: &FileReport, finding: &Diagnostic, places: &Places<'_>) -> Map<String, Value> {
    let mut details = Map::new();
    if let Some(witness) = &finding.witness {
        let text = clean(&witness.to_string()).into_owned();
        details.insert("request".into(), json!({"name": "Request that is allowed", "type": "code", "value": text}));
    }
    let (spots, _) = story::spots(file, finding, places);
    for (at, Spot { path, start, end, text }) in spots.iter().enumerate() {
        let mut place = json!({
            "name": format!("Related place {}", at + 1),
            "type": "file-location",
            "file_name": uri::path(path),
            "line_start": start.line,
            "line_end": end.line,
        });
        if !text.is_empty() {
            place["description"] = clean(text).into();
        }
        details.insert(format!("related_{}", at + 1), place);
    }
    details
}

/// The first `max` characters.
fn cut(text: &str, max: usize) -> &str {
    text.char_indices().nth(max).map_or(text, |(at, _)| &text[..at])
}

#[cfg(test)]
mod tests {
    use super::super::tests::{HOSTILE, finding, options, report, rule, with_everything, written};
    use super::super::time::Moment;
    use super::*;
    use crate::diagnostic::{Label, Severity};
    use crate::span::Span;

    fn log(report: &Report, options: &Options<'_>) -> Value {
        serde_json::from_str(&written(write, report, options)).expect("valid JSON")
    }

    #[test]
    fn the_shape_is_as_promised() {
        let (text, one) = with_everything();
        let run = report("iam/a.json", &text, vec![one]);
        let key = identity::keys(&run)[0][0];
        let rules = [rule("wildcard-principal", Severity::Critical, &["CWE-284"])];
        let time = Moment::from_seconds(1_767_225_600).expect("before 10000");
        let tool = json!({"id": "iamlint", "name": "iamlint", "version": "1.2.3", "vendor": {"name": "iamlint"}});
        let mut log = log(&run, &Options { time, rules: &rules, ..options() });
        for tool in ["analyzer", "scanner"] {
            log["scan"][tool].as_object_mut().expect("an object").remove("url");
        }
        log["vulnerabilities"][0]["identifiers"][0].as_object_mut().expect("an object").remove("url");
        assert_eq!(
            log,
            json!({
                "version": "15.0.7",
                "scan": {
                    "type": "sast", "analyzer": tool, "scanner": tool, "start_time": "2026-01-01T00:00:00",
                    "end_time": "2026-01-01T00:00:00", "status": "success",
                },
                "vulnerabilities": [{
                    "id": identity::uuid(key),
                    "name": "trust policy lets every AWS account assume the role",
                    "description": "anyone can assume this role\n\n**confidence:** likely\n\n\
                                    **in:** `Resources.CiRole`\n\n**why:** nothing else is asked",
                    "severity": "Critical",
                    "identifiers": [
                        {"type": "iamlint_rule", "name": "iamlint wildcard-principal", "value": "wildcard-principal"},
                        {"type": "cwe", "name": "CWE-284", "value": "284",
                         "url": "https://cwe.mitre.org/data/definitions/284.html"},
                    ],
                    "location": {"file": "iam/a.json", "start_line": 2, "end_line": 2, "class": "Resources.CiRole"},
                    "tracking": {"type": "source", "items": [{
                        "file": "iam/a.json", "start_line": 2, "end_line": 2,
                        "signatures": [{"algorithm": "hash", "value": key.to_string()}],
                    }]},
                    "solution": "name the accounts",
                    "details": {
                        "request": {
                            "name": "Request that is allowed", "type": "code",
                            "value": "sts:AssumeRole by arn:aws:iam::999999999999:user/x with aws:a = b without \
                                      aws:c is allowed",
                        },
                        "related_1": {
                            "name": "Related place 1", "type": "file-location", "file_name": "iam/a.json",
                            "line_start": 3, "line_end": 3, "description": "may call this",
                        },
                        "related_2": {
                            "name": "Related place 2", "type": "file-location", "file_name": "modules/vars.tf",
                            "line_start": 2, "line_end": 2, "description": "the default of `var.who`",
                        },
                    },
                }],
            })
        );
    }

    #[test]
    fn a_run_that_failed_says_so_and_counts_what_was_not_read() {
        let mut run = report("a.json", "{}", vec![]);
        (run.summary.files, run.summary.invalid) = (3, 1);
        let log = log(&run, &Options { exit_code: 2, ..options() });
        assert_eq!(log["scan"]["status"], "failure");
        assert_eq!(log["scan"]["messages"][0]["value"], "1 of 3 files could not be read whole");
        assert_eq!(log["vulnerabilities"], json!([]));
    }

    #[test]
    fn texts_keep_their_limits_and_hold_no_markdown() {
        let mut one = finding(Label::new(Span::at(0), ""));
        one.message = HOSTILE.into();
        one.help = Some(HOSTILE.repeat(100));
        let log = log(&report("a.json", "{}", vec![one]), &options());
        let found = &log["vulnerabilities"][0];
        assert_eq!(found["solution"].as_str().map(|text| text.chars().count()), Some(7_000));
        assert_eq!(found["name"], "wildcard-principal", "a rule that is not in the list has no summary");
        let text = found["description"].as_str().expect("a text");
        assert!(!text.contains("\n") && !text.contains("![y]"), "{text}");
    }
}
