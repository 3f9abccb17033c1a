//! `--format ocsf`: events of the Open Cybersecurity Schema Framework, class IAM Analysis Finding (2008).
//!
//! One event on each line and nothing between them: forwarders and data lakes take a stream of events, and a list is
//! `jq -s .` away. A run without findings is empty. Each event has a time, so the same input gives the same bytes only
//! if the time is the same: see [`Options::time`]. Source: the schema of OCSF, version 1.6.0, the first with this class.

use super::place::Places;
use super::story::{self, Spot};
use super::{HOME, Options, identity, level, uri};
use crate::diagnostic::{Confidence, Diagnostic, Fingerprint, Witness};
use crate::lint::{FileReport, Report};
use crate::rules::Rule;
use crate::source::Position;
use rayon::prelude::*;
use serde_json::{Map, Value, json};
use std::io;

/// The version of the schema.
const SCHEMA: &str = "1.6.0";
/// IAM Analysis Finding, of the category Findings.
const CLASS: u32 = 2008;
const CATEGORY: u32 = 2;
/// A finding that was made.
const CREATE: u32 = 1;

/// Write a report in this format.
pub fn write(report: &Report, options: &Options<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let keys = identity::keys(report);
    let events = report.files.par_iter().zip(&keys).map(|(file, keys)| {
        let places = Places::new(&file.source);
        let findings = file.findings.iter().zip(keys);
        findings.map(|(one, key)| event(file, one, *key, &places, options).to_string() + "\n").collect::<String>()
    });
    events.collect::<Vec<_>>().iter().try_for_each(|text| out.write_all(text.as_bytes()))
}

fn event(
    file: &FileReport,
    finding: &Diagnostic,
    key: Fingerprint,
    places: &Places<'_>,
    options: &Options<'_>,
) -> Value {
    let level = level(finding.severity);
    let (confidence_id, confidence) = match finding.confidence {
        Confidence::Possible => (1, "Low"),
        Confidence::Likely => (2, "Medium"),
        Confidence::Proved => (3, "High"),
    };
    let rule = options.rules.binary_search_by_key(&finding.rule, |rule| rule.id).ok().map(|at| options.rules[at]);
    let mut event = json!({
        "class_uid": CLASS,
        "class_name": "IAM Analysis Finding",
        "category_uid": CATEGORY,
        "category_name": "Findings",
        "activity_id": CREATE,
        "activity_name": "Create",
        "type_uid": CLASS * 100 + CREATE,
        "type_name": "IAM Analysis Finding: Create",
        "time": options.time.milliseconds(),
        "severity_id": level.ocsf,
        "severity": level.ocsf_name,
        "confidence_id": confidence_id,
        "confidence": confidence,
        "status_id": 1,
        "status": "New",
        "message": finding.message,
        "metadata": metadata(finding, options),
        "finding_info": finding_info(finding, key, rule, options),
        "resources": [resource(file, finding)],
        "permission_analysis_results": [permissions(file, finding)],
    });
    if let Some(witness) = &finding.witness {
        event["access_analysis_result"] = access(witness);
    }
    if let Some(help) = &finding.help {
        let mut remediation = json!({"desc": help});
        if let Some(rule) = rule.filter(|_| !HOME.is_empty()) {
            remediation["references"] = json!([super::page(rule)]);
        }
        event["remediation"] = remediation;
    }
    event["unmapped"] = unmapped(file, finding, places);
    event
}

fn metadata(finding: &Diagnostic, options: &Options<'_>) -> Value {
    let product = json!({"name": "iamlint", "vendor_name": "iamlint", "version": options.version});
    json!({"version": SCHEMA, "product": product, "event_code": finding.rule})
}

fn finding_info(finding: &Diagnostic, key: Fingerprint, rule: Option<&Rule>, options: &Options<'_>) -> Value {
    let mut info = json!({
        "uid": key.to_string(),
        "title": rule.map_or(finding.rule, |rule| rule.summary),
        "analytic": {"type_id": 1, "type": "Rule", "name": finding.rule, "uid": finding.rule},
        "created_time": options.time.milliseconds(),
    });
    if let Some(why) = &finding.why {
        info["desc"] = why.as_str().into();
    }
    if let Some(rule) = rule {
        info["types"] = json!([rule.family]);
    }
    info
}

/// The role or resource; for a file that is one policy, the file.
fn resource(file: &FileReport, finding: &Diagnostic) -> Value {
    match finding.resource.as_str() {
        "" => json!({"name": uri::path(&file.source.path)}),
        arn if arn.starts_with("arn:") => json!({"name": arn, "uid": arn}),
        address => json!({"name": address}),
    }
}

/// The policy that was judged.
fn permissions(file: &FileReport, finding: &Diagnostic) -> Value {
    let name = if finding.resource.is_empty() { uri::path(&file.source.path) } else { finding.resource.clone() };
    let mut policy = json!({"name": name});
    // What is said of a role may stand outside its policy.
    let mut own = file.policies.iter().filter(|judged| judged.address == finding.resource);
    let judged = own.clone().find(|judged| judged.span.contains(finding.primary.span)).or_else(|| own.next());
    if let Some(judged) = judged {
        policy["type"] = judged.kind.name().into();
    }
    json!({"policy": policy})
}

/// The request that shows the finding: who gets in, and with what.
fn access(witness: &Witness) -> Value {
    let type_id = match witness.caller {
        "anonymous" => 0,
        "user" => 1,
        "root" => 2,
        "service" => 4,
        // "Other", with the word beside it.
        _ => 99,
    };
    let accessor = json!({"uid": witness.principal, "type_id": type_id, "type": witness.caller});
    let present = witness.context.iter().filter_map(|(key, values)| Some((key, values.as_ref()?)));
    let keys = present.map(|(key, values)| match values.as_slice() {
        [one] => json!({"name": key, "value": one}),
        values => json!({"name": key, "values": values}),
    });
    let keys: Vec<Value> = keys.collect();
    let mut result = json!({"accessors": [accessor], "granted_privileges": [witness.action]});
    if !keys.is_empty() {
        result["condition_keys"] = keys.into();
    }
    result
}

/// What the class has no member for: where it stands, and what is ours.
fn unmapped(file: &FileReport, finding: &Diagnostic, places: &Places<'_>) -> Value {
    let place = |at: Position| json!({"line": at.line, "column": at.column});
    let span = finding.primary.span;
    let mut unmapped = Map::new();
    unmapped.insert("path".into(), uri::path(&file.source.path).into());
    unmapped.insert("start".into(), place(places.characters(span.start)));
    unmapped.insert("end".into(), place(places.characters(span.end)));
    unmapped.insert("audience".into(), finding.audience.name().into());
    unmapped.insert("subject".into(), finding.subject.as_str().into());
    if let Some(statement) = &finding.statement {
        unmapped.insert("statement".into(), statement.as_str().into());
    }
    let (spots, _) = story::spots(file, finding, places);
    let related: Vec<Value> = spots
        .iter()
        .map(|Spot { path, start, end, text }| {
            json!({"path": uri::path(path), "start": place(*start), "end": place(*end), "text": text})
        })
        .collect();
    if !related.is_empty() {
        unmapped.insert("related".into(), related.into());
    }
    unmapped.into()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{WIDE, finding, options, report, rule, span, with_everything, written};
    use super::super::time::Moment;
    use super::*;
    use crate::diagnostic::{Label, Severity};
    use crate::lint::PolicyReport;
    use crate::site::PolicyKind;
    use crate::span::Span;

    #[test]
    fn the_shape_is_as_promised() {
        let (text, mut one) = with_everything();
        one.resource = "arn:aws:iam::294750163881:role/ci".into();
        let mut run = report("iam/a.json", &text, vec![one]);
        run.files[0].policies.push(PolicyReport {
            address: "arn:aws:iam::294750163881:role/ci".into(),
            kind: PolicyKind::Trust,
            span: Span::new(0, text.len()),
            start: None,
            statements: 1,
            unresolved: 0,
            undecided: false,
            too_large: false,
            forms: Vec::new(),
        });
        let key = identity::keys(&run)[0][0];
        let rules = [rule("wildcard-principal", Severity::Critical, &[])];
        let time = Moment::from_seconds(1_767_225_600).expect("before 10000");
        let text = written(write, &run, &Options { time, rules: &rules, ..options() });
        assert_eq!(text.lines().count(), 1);
        let mut event: Value = serde_json::from_str(&text).expect("valid JSON");
        event["remediation"].as_object_mut().expect("an object").remove("references");
        assert_eq!(
            event,
            json!({
                "class_uid": 2008, "class_name": "IAM Analysis Finding", "category_uid": 2,
                "category_name": "Findings", "activity_id": 1, "activity_name": "Create", "type_uid": 200801,
                "type_name": "IAM Analysis Finding: Create", "time": 1_767_225_600_000_u64, "severity_id": 5,
                "severity": "Critical", "confidence_id": 2, "confidence": "Medium", "status_id": 1, "status": "New",
                "message": "anyone can assume this role",
                "metadata": {
                    "version": "1.6.0",
                    "product": {"name": "iamlint", "vendor_name": "iamlint", "version": "1.2.3"},
                    "event_code": "wildcard-principal",
                },
                "finding_info": {
                    "uid": key.to_string(),
                    "title": "trust policy lets every AWS account assume the role",
                    "analytic": {
                        "type_id": 1, "type": "Rule", "name": "wildcard-principal", "uid": "wildcard-principal",
                    },
                    "created_time": 1_767_225_600_000_u64,
                    "desc": "nothing else is asked",
                    "types": ["trust"],
                },
                "resources": [{
                    "name": "arn:aws:iam::294750163881:role/ci", "uid": "arn:aws:iam::294750163881:role/ci",
                }],
                "permission_analysis_results": [
                    {"policy": {"name": "arn:aws:iam::294750163881:role/ci", "type": "trust"}},
                ],
                "access_analysis_result": {
                    "accessors": [{"uid": "arn:aws:iam::999999999999:user/x", "type_id": 1, "type": "user"}],
                    "granted_privileges": ["sts:AssumeRole"],
                    "condition_keys": [{"name": "aws:a", "value": "b"}],
                },
                "remediation": {"desc": "name the accounts"},
                "unmapped": {
                    "path": "iam/a.json", "start": {"line": 2, "column": 11}, "end": {"line": 2, "column": 14},
                    "audience": "default", "subject": "*", "statement": "AllowCi",
                    "related": [
                        {"path": "iam/a.json", "start": {"line": 3, "column": 13}, "end": {"line": 3, "column": 29},
                         "text": "may call this"},
                        {"path": "modules/vars.tf", "start": {"line": 2, "column": 13},
                         "end": {"line": 2, "column": 16}, "text": "the default of `var.who`"},
                    ],
                },
            })
        );
    }

    #[test]
    fn each_event_is_a_line_and_columns_count_characters() {
        let findings = vec![finding(Label::new(span(WIDE, "\"*\""), "")); 2];
        let text = written(write, &report("a.json", WIDE, findings), &options());
        let events: Vec<Value> =
            text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect();
        assert_eq!(events.len(), 2);
        assert_ne!(events[0]["finding_info"]["uid"], events[1]["finding_info"]["uid"]);
        assert_eq!(events[0]["unmapped"]["start"], json!({"line": 2, "column": 8}));
        assert_eq!(events[0]["resources"], json!([{"name": "a.json"}]));
        assert_eq!(written(write, &report("a.json", "{}", vec![]), &options()), "");
    }
}
