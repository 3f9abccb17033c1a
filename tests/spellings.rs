//! A policy is found however it is written and wherever it was printed, and what is no policy is left alone.

mod common;

use common::{OPEN, run, tree};
use serde_json::{Value, json};

fn percent_encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { (byte as char).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// The findings in a file: the rule, and what stands at its place without quotes.
fn found(name: &str, text: &str) -> Vec<(String, String)> {
    let folder = tree(&[(name, text)]);
    let run = run(folder.path(), &["check", "--isolated", "--format", "json", "--quiet", "--allow-empty", "."]);
    let report: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{}", run.shown()));
    let offset = |finding: &Value, end: &str| {
        usize::try_from(finding[end]["offset"].as_u64().expect("a number")).expect("small")
    };
    let findings = report["findings"].as_array().expect("a list").iter();
    findings
        .map(|finding| {
            let place = &text[offset(finding, "start")..offset(finding, "end")];
            let rule = finding["rule"].as_str().expect("text");
            (rule.to_owned(), place.trim_matches(['"', '\\']).to_owned())
        })
        .collect()
}

fn reason(name: &str, text: &str) -> String {
    let folder = tree(&[(name, text)]);
    run(folder.path(), &["check", "--isolated", "--show-files", "--allow-empty", "."]).stdout
}

#[test]
fn a_policy_is_found_in_every_spelling() {
    let object: Value = serde_json::from_str(OPEN).expect("JSON");
    let statements = &object["Statement"];
    let string = |text: &str| serde_json::to_string(text).expect("text");
    let escaped = OPEN
        .replace("Statement", r"\u0053tatement")
        .replace("Action", r"Act\u0069on")
        .replace("Effect", r"Effec\u0074");
    let encoded = percent_encoded(OPEN);
    let outputs = json!({
        "id": {"sensitive": false, "type": ["object", {"a": "string"}], "value": {"a": "b", "c": [{"d": {}}]}},
        "trust": {"sensitive": false, "type": "string", "value": OPEN},
    });
    for (name, text) in [
        ("escapes.json", escaped.clone()),
        (
            "escapes.yaml",
            "\"\\x53tatement\":\n- \"\\x45ffect\": Allow\n  Principal: {AWS: \"*\"}\n  Action: sts:AssumeRole\n"
                .to_owned(),
        ),
        ("string.json", string(OPEN)),
        ("string-of-escapes.json", string(&escaped)),
        ("string-twice.json", string(&string(OPEN))),
        ("string.yaml", format!("'{OPEN}'\n")),
        ("encoded.json", format!("{encoded}\n")),
        ("encoded-string.json", string(&encoded)),
        ("output.json", outputs.to_string()),
        ("names-and-documents.json", json!([["r", object]]).to_string()),
        ("objects.json", json!([{"n": "r", "d": object}, {"n": "s", "d": null}]).to_string()),
        ("texts.json", json!([{"n": "r", "d": OPEN}]).to_string()),
        ("named.json", json!({"a": object}).to_string()),
        ("table.json", json!({"roles": [["r", object]]}).to_string()),
        ("statements.json", statements.to_string()),
        ("statements-of-roles.json", json!([statements]).to_string()),
        ("statement.json", statements[0].to_string()),
        ("statements.yaml", "- Effect: Allow\n  Principal: {AWS: \"*\"}\n  Action: sts:AssumeRole\n".to_owned()),
        ("no-ending", format!(" \n{OPEN}")),
        ("lines.json", format!("{{\"method\": \"a\"}}\n{OPEN}\n{{\"method\": \"b\"}}\n")),
    ] {
        let star = if text.contains("%7B") { "%22%2A%22" } else { "*" };
        assert_eq!(found(name, &text), [("wildcard-principal".to_owned(), star.to_owned())], "{name}: {text}");
    }
}

#[test]
fn each_of_several_documents_is_judged() {
    let found = found("roles.json", &format!("{OPEN}\n{OPEN}"));
    assert_eq!(found.len(), 2, "{found:?}");
}

#[test]
fn a_comma_too_many_is_told_once_and_hides_nothing() {
    let raw = OPEN.replace("}]", "},],").replace("\"*\"}", "\"*\",}");
    let template = format!(
        r#"{{"Resources": {{"R": {{"Type": "AWS::IAM::Role", "Properties": {{"AssumeRolePolicyDocument": {raw},}},}},}},}}"#
    );
    for (name, text) in [("a.json", &raw), ("a.template", &template)] {
        let found = found(name, text);
        let rules: Vec<&str> = found.iter().map(|(rule, _)| rule.as_str()).collect();
        assert_eq!(rules, ["wildcard-principal", "invalid-input"], "{text}");
        assert_eq!(found[1].1, ",");
    }
    // What is broken otherwise may have lost a guard.
    let broken = OPEN.replace("\"Action\"", "\"Condition\": {\"Bool\": } \"Action\"");
    let found = found("a.json", &broken);
    assert!(!found.is_empty() && found.iter().all(|(rule, _)| rule == "invalid-input"), "{found:?}");
}

#[test]
fn mistakes_of_one_cause_are_one_finding() {
    let text = OPEN.replace("\",\"", "\" \"").replace("\", \"", "\" \"");
    let folder = tree(&[("a.json", &text)]);
    let run = run(folder.path(), &["check", "--isolated", "--format", "concise", "--quiet", "."]);
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(lines.len(), 1, "{}", run.shown());
    assert!(lines[0].contains("error[invalid-input]: expected `,` or `}`, found a string, and "), "{}", run.shown());
    assert!(lines[0].ends_with(" more like it"), "{}", run.shown());
}

#[test]
fn templates_are_left_to_who_reads_them() {
    let hole = OPEN.replace("\"*\"", "${principal}");
    let directive = OPEN.replace("[{", "[\n%{ if a }\n{").replace("}]", "}\n%{ endif }\n]");
    for (name, text) in [
        ("a.json", &hole),
        ("b.json", &directive),
        ("c.yaml", &"Statement:\n%{ for a in b }\n- Effect: Allow\n  Action: '*'\n%{ endfor }\n".to_owned()),
    ] {
        assert_eq!(found(name, text), [], "{text}");
        assert_eq!(
            reason(name, text),
            format!("{name}: passed over, because it is a template that another tool fills in\n")
        );
    }
}

#[test]
fn other_files_are_left_alone() {
    for (name, text) in [
        ("a.json", r#"{"a": "A Statement has an Effect and an Action", "b": [1 2]}"#),
        ("a.yaml", "a: [A Statement has an Effect and an Action: Allow\n"),
        ("a.json", r#"{"data": {"policies": {"x": {"y": {"z": {"w": 1}}}}, "Statement": "select", "Effect": []}}"#),
        ("script", "#!/bin/sh\necho '{\"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"*\"'\n"),
        ("data", "{\"name\": \"x\"}"),
        (".hidden", OPEN),
    ] {
        assert_eq!(found(name, text), [], "{name}: {text}");
    }
}

#[test]
fn a_text_of_two_bytes_a_character_is_told_as_such() {
    let bytes = |pair: fn(u16) -> [u8; 2]| -> Vec<u8> { OPEN.encode_utf16().flat_map(pair).collect() };
    for bytes in [bytes(u16::to_le_bytes), bytes(u16::to_be_bytes)] {
        let folder = tree(&[]);
        std::fs::write(folder.path().join("a.json"), bytes).expect("writable");
        let run = run(folder.path(), &["check", "--isolated", "--format", "concise", "--quiet", "."]);
        assert_eq!(run.stdout, "a.json:1:1: error[invalid-input]: the file is UTF-16, save it as UTF-8\n");
    }
}

#[test]
fn the_kind_of_a_raw_document_is_shown() {
    let odd = OPEN.replace("\"sts:AssumeRole\"", "[\"sts:AssumeRole\", \"s3:GetObject\"]");
    assert!(
        reason("a.json", &odd).starts_with("a.json: policy-json (trust), because it "),
        "{}",
        reason("a.json", &odd)
    );
    let bucket = OPEN.replace("\"sts:AssumeRole\"", "\"s3:GetObject\", \"Resource\": \"arn:aws:s3:::b/*\"");
    assert!(reason("a.json", &bucket).starts_with("a.json: policy-json (resource), because it "));
}

#[test]
fn a_line_without_a_kind_is_a_trust_policy_too() {
    let odd: Value = serde_json::from_str(&OPEN.replace("\"sts:AssumeRole\"", "\"*\"")).expect("JSON");
    let folder = tree(&[("a.ndjson", &json!({"document": odd}).to_string())]);
    let args = ["check", "--isolated", "--input-format", "ndjson", "--format", "concise", "--quiet", "a.ndjson"];
    let run = run(folder.path(), &args);
    assert!(run.stdout.contains("wildcard-principal"), "{}", run.shown());
}

#[test]
fn policies_are_listed_with_their_places_where_nothing_is_found() {
    let quiet = OPEN.replace("{\"AWS\": \"*\"}", "{\"Service\": \"ec2.amazonaws.com\"}");
    assert_ne!(quiet, OPEN);
    let template = format!(
        "Resources:\n  R:\n    Type: AWS::IAM::Role\n    Properties:\n      AssumeRolePolicyDocument:\n        {quiet}\n"
    );
    let main =
        format!("# a\nresource \"aws_iam_role\" \"r\" {{\n  assume_role_policy = <<-EOT\n    {quiet}\n  EOT\n}}\n");
    let folder = tree(&[("a.yaml", &template), ("main.tf", &main), ("b.json", &format!("\n\n  {quiet}"))]);
    let run = run(folder.path(), &["check", "--isolated", "--format", "json", "--verbose", "--quiet", "."]);
    let report: Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(report["findings"], json!([]), "{}", run.shown());
    let policies = report["policies"].as_array().expect("a list");
    let places: Vec<(&str, u64)> = policies
        .iter()
        .map(|policy| (policy["path"].as_str().expect("text"), policy["start"]["line"].as_u64().expect("a number")))
        .collect();
    assert_eq!(places, [("a.yaml", 6), ("b.json", 3), ("main.tf", 4)]);
}

#[test]
fn what_a_role_reads_from_a_file_is_judged_or_told() {
    let main = "resource \"aws_iam_role\" \"r\" {\n  assume_role_policy = file(\"${path.module}/trust.txt\")\n}\n";
    let folder = tree(&[("main.tf", main), ("trust.txt", "to be written\n")]);
    let run = run(folder.path(), &["check", "--isolated", "--format", "concise", "--quiet", "."]);
    assert!(run.stdout.starts_with("main.tf:2:") && run.stdout.contains("error[invalid-input]"), "{}", run.shown());
    assert!(run.stdout.contains("at trust.txt:1:1"), "{}", run.shown());
}
