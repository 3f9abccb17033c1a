//! SARIF as code scanning takes it: what validators miss is checked always, what they find where they are installed.

mod common;

use common::tools::{of_package, sarif_problems};
use common::{root, tree};
use iamlint::diagnostic::{
    Audience, Confidence, Diagnostic, Fingerprint, Label, Related, Severity, Suppression, SuppressionKind,
};
use iamlint::lint::{FileReport, Report};
use iamlint::report::time::Moment;
use iamlint::report::{Options, Style, sarif};
use iamlint::rules::{Check, Rule};
use iamlint::source::Source;
use iamlint::span::Span;
use serde_json::{Value, json};
use std::collections::HashSet;
use std::fs;

/// A rule whose page is short; the rest of the tests does not depend on which members a rule has.
fn rule(id: &'static str, severity: Severity, cwe: &'static [&'static str]) -> &'static Rule {
    Box::leak(Box::new(Rule {
        id,
        family: "trust",
        summary: "trust policy lets every AWS account assume the role",
        severity,
        audience: Audience::Default,
        reads: &[],
        since: "0.1.0",
        also: &[],
        aliases: &[],
        yields_to: &[],
        cwe,
        check: Check::Run,
        options: &[],
        page: "# a rule\n\nWhat it finds,\nand why.\n\n```json bad\n{}\n```\n",
    }))
}

fn rules() -> Vec<&'static Rule> {
    vec![
        rule("invalid-input", Severity::High, &[]),
        rule("unused-suppression", Severity::Info, &[]),
        rule("wildcard-principal", Severity::Critical, &["CWE-284", "CWE-1220"]),
    ]
}

fn finding(rule: &'static str, severity: Severity, span: Span) -> Diagnostic {
    let primary = Label::new(span, "every principal");
    Diagnostic {
        subject: "*".into(),
        fingerprint: Fingerprint::of(&[rule, "*"]),
        ..Diagnostic::new(rule, severity, "anyone can assume this role", primary)
    }
}

fn file(path: &str, text: &str, findings: Vec<Diagnostic>) -> FileReport {
    FileReport { findings, ..FileReport::new(Source::new(path, text)) }
}

fn span(text: &str, part: &str) -> Span {
    let at = text.find(part).expect("the part is in the text");
    Span::new(at, at + part.len())
}

/// The log of these files, after every check that there is.
fn log(name: &str, files: Vec<FileReport>) -> Value {
    let report = Report { files, ..Report::default() };
    let rules = rules();
    let suppressed = report.files.iter().any(|file| !file.suppressed.is_empty());
    let options = Options {
        style: Style::default(),
        rules: &rules,
        version: "0.1.0",
        exit_code: 1,
        verbose: false,
        suppressed,
        category: Some("tests"),
        time: Moment::default(),
    };
    let mut out = Vec::new();
    sarif::write(&report, &options, &mut out).expect("a vector takes everything");
    let mut again = Vec::new();
    sarif::write(&report, &options, &mut again).expect("a vector takes everything");
    assert_eq!(out, again, "equal reports give equal bytes");
    let log: Value = serde_json::from_slice(&out).expect("valid JSON");
    check_run(&log["runs"][0]);
    if let Some(schema) = of_package("@microsoft/sarif-multitool-linux", "sarif-2.1.0.json") {
        check_schema(&log, &fs::read_to_string(schema).expect("the schema can be read"));
    }
    // The validator takes long for a long list.
    if out.len() < 1_000_000 {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(format!("{name}.sarif"));
        fs::write(&path, &out).expect("it can be written");
        // The package names no repository to link to.
        let broken = sarif_problems(&path).unwrap_or_default();
        assert!(broken.iter().all(|rule| rule == "SARIF2005"), "{broken:?}");
    }
    log
}

fn check_schema(log: &Value, schema: &str) {
    let schema = serde_json::from_str(schema.trim_start_matches('\u{feff}')).expect("the schema is JSON");
    let validator = jsonschema::validator_for(&schema).expect("the schema is one");
    let errors: Vec<String> = validator.iter_errors(log).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

/// What no schema finds, but an upload is rejected for, or an alert not shown.
fn check_run(run: &Value) {
    let driver = &run["tool"]["driver"];
    let rules = driver["rules"].as_array().expect("a list of rules, even if empty");
    let ids: HashSet<&str> = rules.iter().map(|rule| rule["id"].as_str().expect("a rule has an id")).collect();
    assert_eq!(ids.len(), rules.len(), "rules are unique");
    for rule in rules {
        for member in ["shortDescription", "fullDescription", "help"] {
            assert!(rule[member]["text"].as_str().is_some_and(|text| !text.is_empty()), "{member} of {rule}");
        }
        if let Some(severity) = rule["properties"].get("security-severity") {
            let number: f64 = severity.as_str().and_then(|text| text.parse().ok()).expect("a number in a string");
            assert!(number > 0.0 && number <= 10.0, "{number}");
        }
        assert!(rule["properties"]["tags"].as_array().is_some_and(|tags| tags.len() <= 10));
    }
    assert!(run["automationDetails"]["id"].as_str().is_some_and(|id| id.ends_with('/')));
    let results = run["results"].as_array().expect("a list of results, even if empty");
    assert!(results.len() <= 25_000);
    for result in results {
        let index = result["ruleIndex"].as_u64().expect("a rule index") as usize;
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert_eq!(result["locations"].as_array().map(Vec::len), Some(1));
        let hash = result["partialFingerprints"]["primaryLocationLineHash"].as_str().expect("a hash");
        assert!(hash.split_once(':').is_some_and(|(hex, n)| !hex.is_empty() && n.parse::<u32>().is_ok()), "{hash}");
    }
    check_places(run);
}

/// Check every physical location below a node.
fn check_places(node: &Value) {
    match node {
        Value::Array(items) => items.iter().for_each(check_places),
        Value::Object(members) => {
            if let Some(location) = members.get("artifactLocation") {
                let uri = location["uri"].as_str().expect("a uri");
                assert!(!uri.is_empty() && !uri.starts_with('/'), "{uri:?}");
                assert!(uri.split('/').all(|part| !["", ".", ".."].contains(&part)), "{uri:?}");
                assert!(!uri.contains([':', ' ', '\\', '<']) && !uri.contains("//"), "{uri:?}");
                assert_eq!(location["uriBaseId"], "%SRCROOT%");
            }
            if let Some(region) = members.get("region") {
                let number = |name: &str| region[name].as_u64().expect("a number");
                let start = (number("startLine"), number("startColumn"));
                let end = (number("endLine"), number("endColumn"));
                assert!(start.0 >= 1 && start.1 >= 1 && end >= start, "{region}");
            }
            members.values().for_each(check_places);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

const POLICY: &str = r#"{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Principal": { "AWS": "*" },
      "Action": "sts:AssumeRole"
    }
  ]
}
"#;

#[test]
fn suppressed_findings_where_they_are_asked_for() {
    let one = || finding("wildcard-principal", Severity::Critical, span(POLICY, "\"*\""));
    let by = |kind| Suppression { kind, reason: "it is [a](1) canary".into() };
    let mut file = file("iam/trust.json", POLICY, vec![one()]);
    let kinds = [SuppressionKind::InSource, SuppressionKind::Configuration, SuppressionKind::Baseline];
    file.suppressed.extend(kinds.map(|kind| (one(), by(kind))));
    let log = log("suppressed", vec![file]);
    let results = log["runs"][0]["results"].as_array().expect("a list");
    let kinds: Vec<&str> =
        results.iter().map(|result| result["suppressions"][0]["kind"].as_str().unwrap_or("none")).collect();
    assert_eq!(kinds, ["none", "inSource", "external", "external"]);
    assert_eq!(results[0]["suppressions"], Value::Array(Vec::new()), "all results of a run say it, or none");
    assert_eq!(results[1]["suppressions"][0]["justification"], "it is [a](1) canary");
}

#[test]
fn a_finding_with_all_its_parts() {
    let mut one = finding("wildcard-principal", Severity::Critical, span(POLICY, "\"*\""));
    one.secondary.push(Label::new(span(POLICY, "\"sts:AssumeRole\""), "may call [this](7), with no condition"));
    one.why = Some("sts:AssumeRole by anyone is allowed".into());
    one.help = Some("name the accounts".into());
    one.message = "role [a](1) trusts `*`".into();
    one.resource = "Resources.CiRole".into();
    one.statement = Some("AllowCi".into());
    let log = log("full", vec![file("iam/trust.json", POLICY, vec![one.clone()])]);
    let run = &log["runs"][0];
    assert_eq!(run["automationDetails"]["id"], "iamlint/tests/");
    assert_eq!(run["columnKind"], "utf16CodeUnits");
    let result = &run["results"][0];
    assert_eq!(result["ruleIndex"], 2);
    assert_eq!(
        result["message"]["text"],
        "role \\[a\\](1) trusts `*`. Help: name the accounts. See: [may call \\[this\\](7), with no condition](1)."
    );
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(
        place["region"],
        json!({"startLine": 6, "startColumn": 29, "endLine": 6, "endColumn": 32, "snippet": {"text": "\"*\""}})
    );
    assert_eq!(place["contextRegion"]["startLine"], 5);
    assert_eq!(place["contextRegion"]["endLine"], 7);
    assert_eq!(result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"], "Resources.CiRole/AllowCi");
    assert_eq!(result["relatedLocations"][0]["id"], 1);
    assert_eq!(
        result["partialFingerprints"],
        json!({"primaryLocationLineHash": "59760b4f7fe342c3:1", "iamlintFingerprint/v1": one.fingerprint.to_string()})
    );
    let wildcard = &run["tool"]["driver"]["rules"][2];
    assert_eq!(wildcard["name"], "WildcardPrincipal");
    assert_eq!(wildcard["fullDescription"]["text"], "What it finds, and why.");
    assert_eq!(wildcard["properties"]["security-severity"], "9.5");
    assert_eq!(run["tool"]["driver"]["rules"][1]["properties"].get("security-severity"), None);
    let target = &wildcard["relationships"][0]["target"];
    let taxon = &run["taxonomies"][0]["taxa"][target["index"].as_u64().expect("an index") as usize];
    assert_eq!((&taxon["id"], &taxon["guid"]), (&target["id"], &target["guid"]));
}

#[test]
fn columns_count_utf16_units() {
    let text = "{\n\t\"é😀\": \"*\"\n}";
    let one = finding("wildcard-principal", Severity::Critical, span(text, "\"*\""));
    let log = log("columns", vec![file("a.json", text, vec![one])]);
    let region = &log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"];
    assert_eq!((&region["startColumn"], &region["endColumn"]), (&json!(9), &json!(12)));
}

#[test]
fn an_empty_run_has_its_rules() {
    let log = log("empty", vec![file("a.json", "{}", vec![])]);
    assert_eq!(log["runs"][0]["results"], json!([]));
    assert_eq!(log["runs"][0]["tool"]["driver"]["rules"].as_array().map(Vec::len), Some(3));
}

#[test]
fn places_in_other_files_are_related_locations() {
    let text = "{\"a\": \"*\"}";
    let module = Source::new(".terraform/modules/role/main é.tf", "x\n\t\"é😀\" = \"*\"\n");
    let mut one = finding("wildcard-principal", Severity::Critical, span(text, "\"*\""));
    one.secondary.push(Label::new(span(text, "\"a\""), "here"));
    one.related.push(Related::new(&module, span(&module.text, "\"*\""), "its [default](1)"));
    let log = log("related", vec![file("main.tf", text, vec![one])]);
    let result = &log["runs"][0]["results"][0];
    assert_eq!(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "main.tf");
    let related = &result["relatedLocations"][1];
    assert_eq!((&related["id"], &related["message"]["text"]), (&json!(2), &json!("its \\[default\\](1)")));
    let place = &related["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], ".terraform/modules/role/main%20%C3%A9.tf");
    assert_eq!(place["region"], json!({"startLine": 2, "startColumn": 10, "endLine": 2, "endColumn": 13}));
    assert!(result["message"]["text"].as_str().is_some_and(|text| text.ends_with("[its \\[default\\](1)](2).")));
}

#[test]
fn any_span_gives_a_region_that_is_one() {
    let text = "\u{feff}é😀\r\n\tx\n";
    let length = text.len();
    let spans = (0..=length + 2).flat_map(|start| [0, 1, 2, 5, 40].map(|more| Span::new(start, start + more)));
    let findings = spans.map(|span| finding("wildcard-principal", Severity::Low, span)).collect();
    let log = log("spans", vec![file("a.json", text, findings)]);
    assert_eq!(log["runs"][0]["results"].as_array().map(Vec::len), Some((length + 3) * 5));
}

#[test]
fn a_region_is_what_must_be_edited_and_no_more() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("demo.sarif");
    let to = format!("sarif={}", path.display());
    let args = ["check", "--isolated", "testdata/demo", "--profile", "audit", "--quiet", "--output", &to];
    assert_eq!(common::run(&root(), &args).code, 1);
    let log: Value = serde_json::from_str(&fs::read_to_string(path).expect("it was written")).expect("JSON");
    check_run(&log["runs"][0]);
    let results = log["runs"][0]["results"].as_array().expect("a list");
    assert!(results.len() >= 10);
    for result in results {
        let region = &result["locations"][0]["physicalLocation"]["region"];
        // GitHub shows an alert in a pull request only if each of its lines was changed.
        assert_eq!(region["startLine"], region["endLine"], "{result}");
        // Also inside a policy that stands in a string: the value, not the attribute that holds it.
        let length = region["snippet"]["text"].as_str().expect("a snippet").len();
        assert!((1..100).contains(&length), "{region}");
    }
}

#[test]
fn rules_are_listed_once_and_in_order() {
    let folder = tree(&[("a.json", "{}")]);
    let args =
        ["check", "--isolated", "--select", "all", "--extend-select", "trust,wildcard-principal", "--format", "sarif"];
    let run = common::run(folder.path(), &[&args[..], &["a.json"]].concat());
    let log: Value = serde_json::from_str(&run.stdout).expect("JSON");
    check_run(&log["runs"][0]);
    let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array().expect("a list");
    let ids: Vec<&str> = rules.iter().map(|rule| rule["id"].as_str().expect("text")).collect();
    assert!(ids.is_sorted() && ids.len() == iamlint::rules::RULES.len(), "{ids:?}");
}

#[test]
fn a_category_tells_uploads_apart() {
    let folder = tree(&[("a.json", "{}")]);
    let id = |args: &[&str]| {
        let run = common::run(folder.path(), &[&["check", "--isolated", "--format", "sarif", "a.json"], args].concat());
        let log: Value = serde_json::from_str(&run.stdout).expect("JSON");
        log["runs"][0]["automationDetails"]["id"].clone()
    };
    // GitHub takes what stands before the last slash for the category.
    assert_eq!(id(&[]), "iamlint/");
    assert_eq!(id(&["--sarif-category", "prod/eu"]), "iamlint/prod/eu/");
}

#[test]
fn paths_become_relative_references() {
    let one = || vec![finding("wildcard-principal", Severity::Critical, Span::new(0, 1))];
    let paths = ["my roles/a b.json", "git::https://example.com/m?ref=1", "/abs/x.json", "../up.json", "<stdin>", ""];
    let log = log("paths", paths.iter().map(|path| file(path, "{}", one())).collect());
    let results = log["runs"][0]["results"].as_array().expect("a list");
    let uris: Vec<_> =
        results.iter().map(|result| &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]).collect();
    let scheme = "git%3A%3Ahttps%3A/example.com/m%3Fref%3D1";
    assert_eq!(uris, ["my%20roles/a%20b.json", scheme, "x.json", "up.json", "stdin", "unknown"]);
}

#[test]
fn a_file_that_cannot_be_read_is_a_result_and_a_notification() {
    let text = "{\n  \"a\": \n";
    let mut one = finding("invalid-input", Severity::High, Span::at(text.len()));
    one.message = "expected a value".into();
    let log = log("invalid", vec![file("broken.json", text, vec![one])]);
    let run = &log["runs"][0];
    assert_eq!(run["results"][0]["ruleId"], "invalid-input");
    let notification = &run["invocations"][0]["toolExecutionNotifications"][0];
    assert_eq!(notification["message"]["text"], "expected a value.");
    assert_eq!(notification["descriptor"]["id"], run["tool"]["driver"]["notifications"][0]["id"]);
}

#[test]
fn a_list_that_is_shown_whole_keeps_its_order() {
    let low = finding("wildcard-principal", Severity::Low, Span::new(0, 1));
    let critical = finding("wildcard-principal", Severity::Critical, Span::new(1, 2));
    let log = log("whole", vec![file("a.json", "{}", [vec![low; 4_999], vec![critical]].concat())]);
    let results = log["runs"][0]["results"].as_array().expect("a list");
    assert_eq!((&results[0]["level"], &results[4_999]["level"]), (&json!("warning"), &json!("error")));
}

#[test]
fn a_longer_list_is_sorted_by_severity_confidence_path_and_line() {
    let with = |severity, confidence, line: usize| {
        let mut one = finding("wildcard-principal", severity, Span::new(line * 2, line * 2 + 1));
        one.confidence = confidence;
        one
    };
    let text = "x\n".repeat(10);
    let mut first = vec![with(Severity::Low, Confidence::Proved, 0); 5_000];
    first.push(with(Severity::High, Confidence::Likely, 1));
    let second = vec![
        with(Severity::High, Confidence::Likely, 0),
        with(Severity::High, Confidence::Proved, 3),
        with(Severity::Critical, Confidence::Possible, 5),
        with(Severity::Critical, Confidence::Possible, 7),
    ];
    let log = log("sorted", vec![file("a.json", &text, first), file("b.json", &text, second)]);
    let results = log["runs"][0]["results"].as_array().expect("a list");
    let start = |result: &Value| {
        let place = &result["locations"][0]["physicalLocation"];
        let uri = place["artifactLocation"]["uri"].as_str().expect("text").to_owned();
        (uri, place["region"]["startLine"].as_u64().expect("a number"))
    };
    let expected = [("b.json", 6), ("b.json", 8), ("b.json", 4), ("a.json", 2), ("b.json", 1), ("a.json", 1)];
    let expected = expected.map(|(path, line)| (path.to_owned(), line));
    assert_eq!(results[..6].iter().map(start).collect::<Vec<_>>(), expected);
}

#[test]
fn a_list_that_is_too_long_is_cut_and_says_so() {
    let mut findings = vec![finding("wildcard-principal", Severity::Low, Span::new(0, 1)); 25_010];
    findings.push(finding("wildcard-principal", Severity::Critical, Span::new(1, 2)));
    let log = log("many", vec![file("a.json", "{}", findings)]);
    let run = &log["runs"][0];
    let results = run["results"].as_array().expect("a list");
    assert_eq!(results.len(), 25_000);
    assert_eq!((&results[0]["level"], &results[1]["level"]), (&json!("error"), &json!("warning")));
    let notification = &run["invocations"][0]["toolExecutionNotifications"][0];
    assert_eq!(notification["level"], "warning");
    assert_eq!(notification["message"]["text"], "11 of 25011 results are left out; the worst are kept.");
    assert_eq!(notification["descriptor"]["id"], run["tool"]["driver"]["notifications"][1]["id"]);
}

#[test]
fn who_asked_for_a_log_that_was_cut_is_told() {
    let folder = tree(&[("many.json", &format!("[{}]", vec![common::OPEN; 25_003].join(",\n")))]);
    let args = ["check", "--isolated", "--select", "wildcard-principal", "--output", "sarif=a.sarif", "many.json"];
    let run = common::run(folder.path(), &args);
    let told = "iamlint: sarif: 3 of 25003 results are left out; GitHub takes no file with more\n";
    assert!(run.code == 1 && run.stderr.starts_with(told), "{}", run.stderr);
}
