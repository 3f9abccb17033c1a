//! Policies in every format that holds them, as a user sees it.

mod common;

use common::{OPEN, root, run, tree};
use insta::assert_snapshot;
use serde_json::{Value, json};

#[test]
fn the_files_of_every_format() {
    let args = ["check", "--isolated", "--include-markdown", "testdata/formats"];
    assert_snapshot!("inputs", run(&root(), &[&args[..], &["--format", "concise"]].concat()).shown());
    assert_snapshot!("inputs --show-files", run(&root(), &[&args[..], &["--show-files"]].concat()).shown());
    assert_snapshot!(
        "inputs unresolved",
        run(&root(), &[&args[..], &["--format", "concise", "--select", "lint", "--profile", "audit"]].concat()).shown()
    );
}

fn percent_encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// A trust policy in each format, with the file that it stands in.
fn wrapped(policy: &str) -> Vec<(&'static str, String)> {
    let object: Value = serde_json::from_str(policy).expect("JSON");
    let item = json!({"resourceType": "AWS::IAM::Role", "configuration": {"roleName": "r", "assumeRolePolicyDocument": percent_encoded(policy)}});
    let event = json!({"eventSource": "iam.amazonaws.com", "eventName": "UpdateAssumeRolePolicy", "eventTime": "2026-03-02T08:11:02Z",
        "requestParameters": {"roleName": "r", "policyDocument": policy}});
    let urn = "urn:pulumi:prod::shop::aws:iam/role:Role::r";
    let state =
        json!({"resources": [{"urn": urn, "type": "aws:iam/role:Role", "inputs": {"assumeRolePolicy": policy}}]});
    let manifest = json!({"apiVersion": "iam.services.k8s.aws/v1alpha1", "kind": "Role", "metadata": {"name": "r"}, "spec": {"assumeRolePolicyDocument": policy}});
    vec![
        ("policy-json", object.to_string()),
        ("aws-cli", json!({"Role": {"RoleName": "r", "AssumeRolePolicyDocument": object}}).to_string()),
        ("aws-config", item.to_string()),
        ("aws-config", json!({"Results": [item.to_string()]}).to_string()),
        ("aws-config", json!({"Message": json!({"configurationItem": item}).to_string()}).to_string()),
        ("cloudtrail", json!({"Records": [event]}).to_string()),
        ("cloudtrail", json!({"Events": [{"CloudTrailEvent": event.to_string()}]}).to_string()),
        ("inventory-rows", json!([{"name": "r", "assume_role_policy": object}]).to_string()),
        ("inventory-rows", json!([{"role_name": "r", "assume_role_policy_document": policy}]).to_string()),
        ("pulumi", json!({"version": 3, "deployment": state}).to_string()),
        ("kubernetes", manifest.to_string()),
    ]
}

#[test]
fn a_policy_has_the_same_findings_in_every_format() {
    for (format, text) in wrapped(OPEN) {
        let folder = tree(&[("a.json", &text)]);
        let shown = run(folder.path(), &["check", "--isolated", "--show-files", "a.json"]);
        let kind = if format == "policy-json" { " (trust)" } else { "" };
        assert!(shown.stdout.starts_with(&format!("a.json: {format}{kind}, because it")), "{}", shown.stdout);
        let run = run(folder.path(), &["check", "--isolated", "--format", "json", "--quiet", "a.json"]);
        let report: Value = serde_json::from_str(&run.stdout).expect("JSON");
        let findings: Vec<(&str, &str)> = report["findings"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|finding| {
                let offset =
                    |end: &str| usize::try_from(finding[end]["offset"].as_u64().expect("a number")).expect("small");
                (finding["rule"].as_str().expect("text"), &text[offset("start")..offset("end")])
            })
            .map(|(rule, place)| (rule, place.trim_matches(['"', '\\'])))
            .collect();
        let star = if text.contains("%2A") { "%22%2A%22" } else { "*" };
        assert_eq!(findings, [("wildcard-principal", star)], "{text}");
    }
}

#[test]
fn accounts_of_the_organization_are_internal() {
    let trust = OPEN.replace('*', "arn:aws:iam::803914726655:root");
    let accounts = r#"{"294750163881": {"ou": "r-4f2k"}, "803914726655": {"ou": "r-4f2k"}}"#;
    let role = "aws/aws/accounts/294750163881/iam/role/ci/trust-policy.json";
    let organization = "aws/aws/organizations/o-k3p9x2m7qz/accounts.json";
    let rules = |files: &[(&str, &str)]| -> (Vec<String>, String) {
        let folder = tree(files);
        let run = run(folder.path(), &["check", "--isolated", "--format", "json", "."]);
        let report: Value = serde_json::from_str(&run.stdout).expect("JSON");
        let findings = report["findings"].as_array().expect("a list");
        (findings.iter().map(|finding| finding["rule"].as_str().expect("text").to_owned()).collect(), run.stderr)
    };
    let (alone, _) = rules(&[(role, &trust)]);
    assert!(alone.contains(&"missing-external-id".to_owned()), "{alone:?}");
    let (together, told) = rules(&[(role, &trust), (organization, accounts)]);
    assert!(!together.contains(&"missing-external-id".to_owned()), "{together:?}");
    assert!(
        told.contains(
            "o-k3p9x2m7qz/accounts.json: its 2 accounts are taken for those of your organization, o-k3p9x2m7qz"
        ),
        "{told}"
    );
    let foreign = r#"{"294750163881": {}, "111122223333": {}}"#;
    let (elsewhere, _) = rules(&[(role, &trust), (organization, foreign)]);
    assert!(elsewhere.contains(&"missing-external-id".to_owned()), "{elsewhere:?}");
    // What the user says wins.
    let configuration = ("iamlint.toml", "[org]\naccounts = [\"294750163881\"]\norg-id = \"o-other12345\"\n");
    let folder = tree(&[(role, &trust), (organization, accounts), configuration]);
    let run = run(folder.path(), &["check", "--format", "concise", "."]);
    assert!(run.stdout.contains("error[missing-external-id]"), "{}", run.stdout);
    assert!(!run.stderr.contains("taken for those"), "{}", run.stderr);
}

#[test]
fn consecutive_events_are_compared() {
    let run = |args: &[&str]| run(&root(), &[&["diff", "testdata/formats/cloudtrail.json"], args].concat());
    assert_snapshot!("inputs diff cloudtrail", run(&[]).shown());
    assert_eq!(run(&["--fail-on", "lost"]).code, 0);
    assert_eq!(run(&["--quiet"]).stderr, "");
}

#[test]
fn a_preview_of_pulumi_is_compared() {
    let closed = OPEN.replace('*', "arn:aws:iam::294750163881:role/deploy");
    let state = |policy: &str| json!({"urn": "urn:pulumi:prod::shop::aws:iam/role:Role::ci", "type": "aws:iam/role:Role", "inputs": {"assumeRolePolicy": policy}});
    let preview = |old: &str, new: &str| {
        json!({"steps": [{"op": "update", "oldState": state(old), "newState": state(new)}]}).to_string()
    };
    let folder = tree(&[("wider.json", &preview(&closed, OPEN)), ("same.json", &preview(OPEN, OPEN))]);
    let wider = run(folder.path(), &["diff", "wider.json"]);
    assert_eq!(wider.code, 1, "{}", wider.stderr);
    assert!(
        wider.stdout.contains("urn:pulumi:prod::shop::aws:iam/role:Role::ci (trust)\n  gained  "),
        "{}",
        wider.stdout
    );
    assert_eq!(run(folder.path(), &["diff", "same.json"]).code, 0);
}

#[test]
fn one_path_must_hold_both_versions() {
    let folder = tree(&[("open.json", OPEN)]);
    for path in ["open.json", ".", "nowhere.json"] {
        let run = run(folder.path(), &["diff", path]);
        assert_eq!(run.code, 2);
        let said = if path == "nowhere.json" {
            "nowhere.json: no such file"
        } else {
            "holds one version of its policies; give OLD and NEW"
        };
        assert!(run.stderr.contains(said), "{}", run.stderr);
    }
}

#[test]
fn secrets_are_never_shown() {
    let secret =
        json!({"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "plaintext": "\"hunter2-é\""});
    let inputs = json!({"description": secret, "assumeRolePolicy": OPEN});
    let resources = json!([
        {"urn": "urn:pulumi:a::b::aws:iam/role:Role::open", "type": "aws:iam/role:Role", "inputs": inputs},
        {"urn": "urn:pulumi:a::b::aws:iam/role:Role::hidden", "type": "aws:iam/role:Role", "inputs": {"assumeRolePolicy": secret}},
    ]);
    let state = json!({"version": 3, "deployment": {"resources": resources}});
    let pretty = serde_json::to_string_pretty(&state).expect("JSON");
    let folder = tree(&[("one-line.json", &state.to_string()), ("pretty.json", &pretty)]);
    for format in ["full", "concise", "json", "sarif"] {
        let args = ["check", "--isolated", "--profile", "audit", "--verbose", "--format", format, "."];
        let run = run(folder.path(), &args);
        assert!(
            run.stdout.contains("wildcard-principal") && run.stdout.contains("it is a secret"),
            "{format}: {}",
            run.stdout
        );
        assert!(!(run.stdout + &run.stderr).contains("hunter2"), "{format}");
    }
}

#[test]
fn markdown_is_judged_when_asked_for() {
    let page = format!("# é\n\n```json\n{OPEN}\n```\n\n```json\n{}\n```\n", OPEN.replace("*", "..."));
    let folder = tree(&[("docs/page.md", &page), ("docs/other.markdown", &page), ("docs/none.md", "no policy")]);
    let check = |args: &[&str]| {
        run(folder.path(), &[&["check", "--isolated", "--format", "concise", "--allow-empty"], args].concat())
    };
    assert_eq!(check(&["docs"]).code, 0);
    let asked = check(&["--include-markdown", "docs"]);
    let places: Vec<&str> = asked.stdout.lines().filter_map(|line| line.split(" error").next()).collect();
    assert_eq!(places, ["docs/other.markdown:4:82:", "docs/page.md:4:82:"], "{}", asked.stdout);
    assert!(
        check(&["docs/page.md"]).stdout.starts_with("docs/page.md:4:82: error[wildcard-principal]"),
        "a named file is judged"
    );
}
