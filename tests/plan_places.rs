//! Findings in a Terraform plan are told where the configuration writes what the plan shows.

mod common;

use common::{run, run_with_stdin, tree};
use serde_json::{Value, json};
use std::path::Path;

const MAIN: &str = r#"variable "trusted" {
  type = map(string)
}

resource "aws_iam_role" "ci" {
  count = 2
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = "*" }
      Action    = "sts:AssumeRole"
    }]
  })
  inline_policy {
    name   = "deploy"
    policy = <<-EOF
      {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"}]
      }
    EOF
  }
}

resource "aws_iam_role" "deploy" {
  max_session_duration = 43200
  assume_role_policy   = data.aws_iam_policy_document.deploy.json
}

data "aws_iam_policy_document" "deploy" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::294750163881:root", "*"]
    }
  }
}

module "team" {
  for_each = var.trusted
  source   = "./modules/role"
  trusted  = each.value
}

module "elsewhere" {
  source = "acme/role/aws"
}
"#;

const MODULE: &str = r#"variable "trusted" {
  type = string
}

resource "aws_iam_role" "this" {
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { AWS = [var.trusted] }, Action = "sts:AssumeRole" }]
  })
}
"#;

fn trust(principals: Value) -> Value {
    let statement = json!({"Effect": "Allow", "Principal": {"AWS": principals}, "Action": "sts:AssumeRole"});
    json!({"Version": "2012-10-17", "Statement": [statement]})
}

fn role(module: &str, name: &str, key: Value, after: &Value) -> Value {
    let dot = if module.is_empty() { "" } else { "." };
    let shown = if key.is_null() { String::new() } else { format!("[{key}]") };
    json!({"address": format!("{module}{dot}aws_iam_role.{name}{shown}"), "module_address": module, "mode": "managed",
        "type": "aws_iam_role", "name": name, "index": key,
        "change": {"actions": ["create"], "before": null, "after": after, "after_unknown": {}}})
}

fn plan(changes: &[Value]) -> String {
    json!({"format_version": "1.2", "resource_changes": changes}).to_string()
}

/// A plan of everything in [`MAIN`].
fn whole() -> String {
    let pass = json!({"Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"}]});
    let ci = json!({"assume_role_policy": trust(json!("*")).to_string(),
        "inline_policy": [{"name": "deploy", "policy": pass.to_string()}]});
    // The provider sorts what it lists.
    let deploy = json!({"max_session_duration": 43200,
        "assume_role_policy": trust(json!(["arn:aws:iam::294750163881:root", "*"])).to_string()});
    let team = json!({"assume_role_policy": trust(json!("*")).to_string()});
    plan(&[
        role("", "ci", json!(0), &ci),
        role("", "ci", json!(1), &ci),
        role("", "deploy", Value::Null, &deploy),
        role(r#"module.team["blue"]"#, "this", Value::Null, &team),
        role(r#"module.team["red"]"#, "this", Value::Null, &team),
        role("module.elsewhere", "this", Value::Null, &team),
    ])
}

const SELECT: [&str; 2] = ["--select", "wildcard-principal,pass-role-anywhere,excessive-session-duration"];

/// `path:line:column: rule` of what is found.
fn found(folder: &Path, args: &[&str]) -> Vec<String> {
    let run = run(folder, &[&["check", "--isolated", "--format", "json"], &SELECT[..], args].concat());
    let json: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{}", run.shown()));
    json["findings"].as_array().expect("a list").iter().map(line).collect()
}

fn line(finding: &Value) -> String {
    let word = |key: &str| finding[key].as_str().expect("a string");
    format!("{}:{}:{}: {}", word("path"), finding["start"]["line"], finding["start"]["column"], word("rule"))
}

fn everything() -> tempfile::TempDir {
    tree(&[("main.tf", MAIN), ("modules/role/main.tf", MODULE), ("plan.json", &whole())])
}

const EXPECTED: [&str; 5] = [
    "main.tf:11:27: wildcard-principal",
    "main.tf:20:81: pass-role-anywhere",
    "main.tf:27:26: excessive-session-duration",
    "main.tf:36:56: wildcard-principal",
    "modules/role/main.tf:8:59: wildcard-principal",
];

#[test]
fn findings_are_told_in_the_configuration() {
    let folder = everything();
    let mut found = found(folder.path(), &["plan.json"]);
    let elsewhere = found.pop().expect("there are findings");
    assert_eq!(found, EXPECTED);
    assert!(elsewhere.starts_with("plan.json:1:"), "a module that is not in the tree: {elsewhere}");
    let all = run(folder.path(), &["check", "--isolated", "plan.json", SELECT[0], SELECT[1]]);
    assert!(all.code == 1 && all.stdout.contains("from: plan.json:1:"), "{}", all.shown());
    assert!(all.stdout.contains("as the plan has it for `aws_iam_role.ci[1]`"), "{}", all.shown());
    assert!(all.stderr.contains("6 findings") && all.stderr.contains("in 3 of 3 files;"), "{}", all.shown());
    assert!(all.stderr.contains(" 8 policies, 8 statements;"), "{}", all.shown());
}

#[test]
fn a_finding_keeps_its_address_and_its_identity() {
    let folder = everything();
    let json = |args: &[&str]| -> Vec<Value> {
        let args = [&["check", "--isolated", "--format", "json", "plan.json"], &SELECT[..], args].concat();
        let run = run(folder.path(), &args);
        let json: Value = serde_json::from_str(&run.stdout).expect("valid JSON");
        json["findings"].as_array().expect("a list").clone()
    };
    let with = json(&[]);
    let first = &with[0];
    assert_eq!(first["resource"], "aws_iam_role.ci[0]");
    // Both instances of the role are one finding, with a place for each.
    let related = first["related"].as_array().expect("a list");
    let text = whole();
    let at = |place: &Value| {
        let offset = |end: &str| place[end]["offset"].as_u64().expect("a number") as usize;
        text[offset("start")..offset("end")].to_owned()
    };
    assert_eq!(related.iter().map(at).collect::<Vec<_>>(), [r#"\"*\""#; 2]);
    assert!(related.iter().all(|place| place["path"] == "plan.json"));
    std::fs::rename(folder.path().join("main.tf"), folder.path().join("main.txt")).expect("it was there");
    let without = json(&[]);
    assert!(without.iter().all(|finding| finding["path"] == "plan.json" && finding["related"].is_null()));
    let prints = |findings: &[Value], only: &str| -> Vec<String> {
        let of = findings.iter().filter(|finding| finding["resource"] == only);
        of.map(|finding| finding["fingerprint"].as_str().expect("a string").to_owned()).collect()
    };
    for address in ["aws_iam_role.ci[0]", r#"module.team["blue"].aws_iam_role.this"#] {
        assert!(!prints(&with, address).is_empty());
        assert_eq!(prints(&with, address), prints(&without, address), "{address}");
    }
}

#[test]
fn what_both_find_is_one_finding_and_the_surest() {
    let folder = everything();
    let found = found(folder.path(), &["."]);
    assert_eq!(found[..5], EXPECTED);
    let run = run(folder.path(), &["check", "--isolated", "--format", "json", ".", SELECT[0], SELECT[1]]);
    let json: Value = serde_json::from_str(&run.stdout).expect("valid JSON");
    let finding = |path: &str| json["findings"].as_array().expect("a list").iter().find(|one| one["path"] == path);
    let module = finding("modules/role/main.tf").expect("it is there");
    assert_eq!(
        (&module["confidence"], &module["resource"]),
        (&"proved".into(), &r#"module.team["blue"].aws_iam_role.this"#.into())
    );
    let own = finding("main.tf").expect("it is there");
    assert_eq!(own["resource"], "aws_iam_role.ci", "what the configuration shows by itself");
    assert!(own["related"].as_array().expect("a list").iter().any(|place| place["path"] == "plan.json"));
}

#[test]
fn the_folder_may_be_named() {
    let folder = tree(&[
        ("live/main.tf", MAIN),
        ("live/modules/role/main.tf", MODULE),
        ("plans/plan.json", &whole()),
        ("empty/readme.txt", ""),
    ]);
    let path = folder.path();
    let at_plan = found(path, &["plans/plan.json"]);
    assert_eq!(at_plan.len(), 9);
    assert!(at_plan.iter().all(|line| line.starts_with("plans/plan.json:")), "{at_plan:?}");
    let expected = EXPECTED.map(|line| format!("live/{line}"));
    assert_eq!(found(path, &["plans/plan.json", "--terraform-root", "live"])[..5], expected);
    assert_eq!(
        found(&path.join("plans"), &["plan.json", "--terraform-root", "../live"])[..5],
        expected.map(|line| format!("../{line}"))
    );
    let args = ["check", "--isolated", "--format", "concise", "-", "--terraform-root", "live"];
    let piped = run_with_stdin(path, &[&args[..], &SELECT].concat(), whole().as_bytes());
    assert!(piped.stdout.contains("\nlive/main.tf:11:27: error[wildcard-principal]"), "{}", piped.shown());
    for root in ["empty", "nowhere"] {
        let wrong = run(path, &["check", "plans/plan.json", "--terraform-root", root]);
        assert_eq!(wrong.code, 2, "{}", wrong.shown());
        assert!(
            wrong.stderr.contains(&format!("--terraform-root: no Terraform configuration in `{root}`")),
            "{}",
            wrong.shown()
        );
    }
}

#[test]
fn a_block_that_cannot_be_read_leaves_its_findings_in_the_plan() {
    let broken = MAIN.replace("max_session_duration = 43200", "max_session_duration = = 43200");
    let folder = tree(&[("main.tf", &broken), ("modules/role/main.tf", MODULE), ("plan.json", &whole())]);
    let found = found(folder.path(), &["plan.json"]);
    let (here, plan): (Vec<&String>, Vec<&String>) = found.iter().partition(|line| !line.starts_with("plan.json:"));
    assert_eq!(here, [EXPECTED[0], EXPECTED[1], EXPECTED[4]]);
    assert_eq!(plan.len(), 3, "{plan:?}");
}

#[test]
fn what_evaluation_does_not_give_is_told_at_the_attribute_or_the_data_source() {
    let main = r#"resource "aws_iam_role" "a" {
  assume_role_policy = local.trust["a"]
}
resource "aws_iam_role" "b" {
  assume_role_policy = data.aws_iam_policy_document.b.json
}
data "aws_iam_policy_document" "b" {
  dynamic "statement" {
    for_each = var.statements
    content {
      actions = statement.value
    }
  }
}
resource "aws_iam_role" "c" {
  name = "c"
}
resource "aws_iam_role" "d" {
  assume_role_policy = jsonencode({ Statement = [{ Effect = "Allow", Principal = var.who, Action = "sts:AssumeRole" }] })
}
"#;
    let after = json!({"assume_role_policy": trust(json!("*")).to_string()});
    let changes = ["a", "b", "c", "d", "gone"].map(|name| role("", name, Value::Null, &after));
    let folder = tree(&[("main.tf", main), ("plan.json", &plan(&changes))]);
    let found = found(folder.path(), &["plan.json"]);
    assert_eq!(
        found[..4],
        [
            "main.tf:2:24: wildcard-principal",
            "main.tf:8:3: wildcard-principal",
            "main.tf:15:1: wildcard-principal",
            "main.tf:19:82: wildcard-principal",
        ]
    );
    assert!(found.len() == 5 && found[4].starts_with("plan.json:1:"), "{found:?}");
}

/// What the configuration leaves open, a plan knows.
#[test]
fn a_plan_says_more_than_a_variable() {
    let main = MAIN.replace("each.value", "[each.value, \"arn:aws:iam::294750163881:root\"]");
    let module = MODULE.replace("[var.trusted]", "var.trusted");
    let trusted =
        |who: &str| json!({"assume_role_policy": trust(json!([who, "arn:aws:iam::294750163881:root"])).to_string()});
    let text = plan(&[
        role(r#"module.team["blue"]"#, "this", Value::Null, &trusted("*")),
        role(r#"module.team["red"]"#, "this", Value::Null, &trusted("arn:aws:iam::618273945102:root")),
    ]);
    let folder = tree(&[("main.tf", &main), ("modules/role/main.tf", &module), ("plan.json", &text)]);
    let findings = |paths: &[&str]| -> Vec<String> {
        let args = [&["check", "--isolated", "--profile", "strict", "--format", "concise", "--quiet"], paths].concat();
        let run = run(folder.path(), &args);
        run.stdout.lines().filter(|line| line.starts_with("modules/")).map(str::to_owned).collect()
    };
    let told = findings(&["."]);
    let only_plan = findings(&["plan.json"]);
    assert!(
        only_plan.iter().any(|line| line.starts_with("modules/role/main.tf:8:58: error[wildcard-principal]")),
        "{only_plan:?}"
    );
    assert!(
        only_plan.iter().any(|line| line.contains("618273945102")),
        "each instance has findings of its own: {only_plan:?}"
    );
    for line in &only_plan {
        assert!(told.contains(line), "{line} is not in {told:?}");
    }
    let mut places: Vec<&str> = told.iter().filter_map(|line| line.split("]: ").next()).collect();
    places.retain(|place| place.ends_with("[wildcard-principal"));
    assert_eq!(places.len(), 1, "{told:?}");
}

#[test]
fn a_document_that_is_read_when_the_plan_is_applied() {
    let statement = json!({"sid": "", "effect": null, "actions": ["sts:AssumeRole"], "principals": [
        {"type": "AWS", "identifiers": ["*"]}, {"type": "AWS", "identifiers": [null]}]});
    let later = json!({"address": "data.aws_iam_policy_document.deploy", "mode": "data", "type": "aws_iam_policy_document",
        "name": "deploy", "change": {"actions": ["read"], "before": null, "after": {"statement": [statement]},
        "after_unknown": {"json": true, "statement": [{"principals": [{}, {"identifiers": [true]}]}]}}});
    let mut deploy = role("", "deploy", Value::Null, &json!({"name": "deploy"}));
    deploy["change"]["after_unknown"] = json!({"assume_role_policy": true});
    let reference =
        json!({"references": ["data.aws_iam_policy_document.deploy.json", "data.aws_iam_policy_document.deploy"]});
    let configuration = json!({"root_module": {"resources": [{"mode": "managed", "type": "aws_iam_role", "name": "deploy",
        "expressions": {"assume_role_policy": reference}}]}});
    let text = json!({"format_version": "1.2", "resource_changes": [later, deploy], "configuration": configuration});
    let folder = tree(&[("main.tf", MAIN), ("modules/role/main.tf", MODULE), ("plan.json", &text.to_string())]);
    assert_eq!(found(folder.path(), &["plan.json"]), ["main.tf:31:1: wildcard-principal"]);
}

/// The other variant of a policy is no place for what the plan has.
#[test]
fn the_variant_that_says_the_same_is_shown() {
    let main = r#"variable "closed" {}
resource "aws_iam_role" "r" {
  assume_role_policy = jsonencode({
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { AWS = var.closed ? "arn:aws:iam::294750163881:root" : "*" }
    }]
  })
}
"#;
    let after = json!({"assume_role_policy": trust(json!("*")).to_string()});
    let folder = tree(&[("main.tf", main), ("plan.json", &plan(&[role("", "r", Value::Null, &after)]))]);
    assert_eq!(found(folder.path(), &["plan.json"]), ["main.tf:7:75: wildcard-principal"]);
}

#[test]
fn sensitive_values_are_not_shown_at_related_places() {
    let mut after = json!({"assume_role_policy": trust(json!("*")).to_string(), "description": "hunter2"});
    after["tags"] = json!({"token": "hunter2"});
    let mut change = role("", "ci", json!(0), &after);
    change["change"]["after_sensitive"] = json!({"description": true, "tags": {"token": true}});
    let folder = tree(&[("main.tf", MAIN), ("modules/role/main.tf", MODULE), ("plan.json", &plan(&[change]))]);
    for format in ["full", "json", "sarif", "ocsf", "markdown"] {
        let run = run(folder.path(), &["check", "--isolated", "--format", format, "plan.json"]);
        assert!(run.stdout.contains("plan.json") && !run.shown().contains("hunter2"), "{format}: {}", run.shown());
    }
    assert_eq!(found(folder.path(), &["plan.json"]), [EXPECTED[0]], "concealed text around it changes no place");
}

#[test]
fn what_is_said_in_the_configuration_holds_for_a_plan() {
    let ignored = MODULE.replace("resource \"", "# iamlint: ignore[wildcard-principal] a sandbox\nresource \"");
    let config = "[[override]]\npaths = [\"main.tf\"]\nfail-on = \"never\"\n\n[[ignore]]\nrule = \"pass-role-anywhere\"\npath = \"main.tf\"\nreason = \"until Q3\"\n";
    let folder = tree(&[
        ("iamlint.toml", config),
        ("main.tf", MAIN),
        ("modules/role/main.tf", &ignored),
        ("plan.json", &whole().replace("module.elsewhere", "module.team[\\\"green\\\"]")),
    ]);
    let expected: Vec<&str> =
        EXPECTED.iter().filter(|line| line.starts_with("main.tf") && !line.contains("pass")).copied().collect();
    for path in ["plan.json", "."] {
        let run = run(folder.path(), &["check", "--format", "json", path, SELECT[0], SELECT[1]]);
        let json: Value = serde_json::from_str(&run.stdout).expect("valid JSON");
        let findings: Vec<String> = json["findings"].as_array().expect("a list").iter().map(line).collect();
        assert_eq!(findings, expected, "{path}: {}", run.shown());
        assert_eq!(run.code, 0, "main.tf never fails: {}", run.shown());
        assert!(run.stderr.contains("2 suppressed"), "{path}: {}", run.shown());
    }
    let all = run(folder.path(), &["check", "plan.json", "--no-suppress", SELECT[0], SELECT[1]]);
    assert!(all.stderr.contains("5 findings"), "{}", all.shown());
}

#[test]
fn suppressions_are_written_where_findings_are_told() {
    let folder = everything();
    let args = ["check", "--isolated", ".", "--add-ignore", "accepted for now", SELECT[0], SELECT[1]];
    let added = run(folder.path(), &args);
    assert!(added.stderr.contains("modules/role/main.tf: silenced 1 finding"), "{}", added.shown());
    let left = found(folder.path(), &["."]);
    assert!(left.len() == 1 && left[0].starts_with("plan.json:"), "{left:?}");
}
