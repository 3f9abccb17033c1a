//! Terraform plans and states: what is judged in them, what a plan changes, and what is never shown.

mod common;

use common::{command, root, run, run_with_stdin, tree};
use serde_json::{Value, json};

const PLAN: &str = "testdata/terraform/plan.json";

/// The findings of a run as `resource: rule (confidence)`.
fn findings(args: &[&str]) -> Vec<String> {
    let run = run(&root(), &[&["check", "--isolated", "--format", "json"], args].concat());
    let json: Value = serde_json::from_str(&run.stdout).expect("valid JSON");
    let word = |finding: &Value, key: &str| finding[key].as_str().expect("a string").to_owned();
    let line = |finding: &Value| {
        format!("{}: {} ({})", word(finding, "resource"), word(finding, "rule"), word(finding, "confidence"))
    };
    json["findings"].as_array().expect("a list").iter().map(line).collect()
}

#[test]
fn a_plan_is_judged_as_it_will_be() {
    assert_eq!(
        findings(&[PLAN]),
        ["aws_iam_policy.reports: pass-role-anywhere (proved)", "aws_iam_role.ci: wildcard-principal (proved)",],
        "the role that is deleted is none of it, and what is sensitive is not judged"
    );
    let strict = findings(&[PLAN, "--profile", "strict"]);
    assert!(
        strict.contains(
            &r#"module.team["blue"].aws_iam_role.this["a.b"]: public-through-conditions (possible)"#.to_owned()
        ),
        "{strict:?}"
    );
    let shown = run(&root(), &["check", "--isolated", "--show-files", PLAN]);
    assert_eq!(
        shown.stdout.lines().next(),
        Some(&*format!(
            "{PLAN}: terraform-plan, because it has `resource_changes` of a Terraform plan; 6 policies, 3 unresolved values"
        ))
    );
    assert!(shown.stdout.contains("`policy` is a sensitive value"), "{}", shown.stdout);
}

#[test]
fn a_finding_points_into_the_string_in_the_plan() {
    let text = std::fs::read_to_string(root().join(PLAN)).expect("the plan");
    let run = run(&root(), &["check", "--isolated", "--format", "json", "--select", "wildcard-principal", PLAN]);
    let json: Value = serde_json::from_str(&run.stdout).expect("valid JSON");
    let offset = |end: &str| json["findings"][0][end]["offset"].as_u64().expect("a number") as usize;
    assert_eq!(&text[offset("start")..offset("end")], r#"\"*\""#);
    assert_eq!(run.code, 1);
}

#[test]
fn what_a_plan_changes() {
    let diff = run(&root(), &["diff", PLAN]);
    assert_eq!(diff.code, 1, "{}", diff.shown());
    for said in [
        "aws_iam_policy.reports (identity), added\n  gained  iam:PassRole on ",
        "aws_iam_role.ci (trust)\n  gained  arn:aws:iam::999999999999:user/someone can sts:AssumeRole\n",
        "aws_iam_role.old (trust), removed\n  gained  nothing\n  lost    arn:aws:iam::999999999999:user/someone can sts:AssumeRole\n",
        "aws_lambda_permission.bucket (resource), added\n  gained  not certain: it depends on a value that is not known: `aws_s3_bucket.reports.arn in source_arn`\n",
        "aws_s3_bucket_policy.reports: `policy` is known only after the plan is applied: it depends on `aws_s3_bucket.reports.arn`, `local.reader`\n  gained  not certain",
    ] {
        assert!(diff.stdout.contains(said), "{said}: {}", diff.shown());
    }
    assert!(!diff.stdout.contains("aws_iam_role.keep"), "{}", diff.shown());
    assert_eq!(
        diff.stderr.trim(),
        "compared 9 policies: 2 gained access, 1 lost access, 4 not certain, 2 equal; not judged: 2 policies, 3 values \
         known at deployment",
        "{}",
        diff.shown()
    );
    let piped = run_with_stdin(&root(), &["diff", "-"], &std::fs::read(root().join(PLAN)).expect("the plan"));
    assert_eq!(piped.stdout, diff.stdout.replace(PLAN, "<stdin>"), "standard input is read too");
}

/// A plan that makes one role out of another, or out of nothing.
fn role_change(actions: &[&str], before: Option<&str>, after: Option<&str>) -> String {
    let role = |principal: Option<&str>| {
        principal.map(|principal| {
            let policy = json!({"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"}]});
            json!({"name": "r", "assume_role_policy": policy.to_string()})
        })
    };
    let entry = json!({"address": "aws_iam_role.r", "mode": "managed", "type": "aws_iam_role", "name": "r",
        "change": {"actions": actions, "before": role(before), "after": role(after), "after_unknown": {}}});
    json!({"format_version": "1.2", "resource_changes": [entry]}).to_string()
}

#[test]
fn the_gate_of_a_plan() {
    const A: Option<&str> = Some("arn:aws:iam::111122223333:user/a");
    const B: Option<&str> = Some("arn:aws:iam::111122223333:user/b");
    let codes = |plan: &str| {
        let folder = tree(&[("plan.json", plan)]);
        ["gained", "lost", "any", "never"]
            .map(|fail_on| run(folder.path(), &["diff", "plan.json", "--quiet", "--fail-on", fail_on]).code)
    };
    assert_eq!(codes(&role_change(&["create"], None, A)), [1, 0, 1, 0]);
    assert_eq!(codes(&role_change(&["delete"], A, None)), [0, 1, 1, 0]);
    assert_eq!(codes(&role_change(&["delete", "create"], A, B)), [1, 1, 1, 0]);
    assert_eq!(codes(&role_change(&["create", "delete"], A, A)), [0, 0, 0, 0]);
    assert_eq!(codes(&role_change(&["no-op"], A, A)), [0, 0, 0, 0]);
    // Terraform lets go of it; it stays as it is.
    assert_eq!(codes(&role_change(&["forget"], A, None)), [0, 0, 0, 0]);
}

#[test]
fn one_path_must_be_a_plan() {
    let folder = tree(&[
        ("trust.json", common::OPEN),
        ("state.json", r#"{"format_version": "1.0", "values": {"root_module": {}}}"#),
    ]);
    for path in ["trust.json", "state.json", "."] {
        let run = run(folder.path(), &["diff", path]);
        assert_eq!(run.code, 2, "{}", run.shown());
        assert!(run.stderr.contains("holds one version of its policies"), "{}", run.shown());
    }
    let run = run(folder.path(), &["diff", "none.json"]);
    assert!(run.code == 2 && run.stderr.contains("none.json"), "{}", run.shown());
}

#[test]
fn a_format_version_that_is_not_known_is_a_problem_with_a_place() {
    let plan = role_change(&["create"], None, Some("*")).replace(r#""1.2""#, r#""2.0""#);
    let folder = tree(&[("plan.json", &plan)]);
    let check = run(folder.path(), &["check", "--format", "concise", "--quiet", "plan.json"]);
    assert_eq!(
        check.stdout,
        "plan.json:1:19: error[invalid-input]: the format version `2.0` of this Terraform output is not known\n",
        "{}",
        check.shown()
    );
    let diff = run(folder.path(), &["diff", "plan.json"]);
    assert_eq!(diff.code, 2, "{}", diff.shown());
}

/// In a plan on one line, an excerpt has whatever stands beside the place of a finding.
#[test]
fn sensitive_values_are_never_shown() {
    let pretty = std::fs::read_to_string(root().join(PLAN)).expect("the plan");
    let mut plan: Value = serde_json::from_str(&pretty).expect("JSON");
    let role = plan["resource_changes"][1].clone();
    for at in [0, 1, 2] {
        let mut role = role.clone();
        role["address"] = format!("aws_iam_role.secret[{at}]").into();
        // It comes right after the policy.
        role["change"]["after"]["description"] = "hunter2 from the state".into();
        role["change"]["after_sensitive"] = json!({"description": true});
        plan["resource_changes"].as_array_mut().expect("a list").push(role);
    }
    let folder = tree(&[("plan.json", &plan.to_string())]);
    for format in ["full", "concise", "json", "sarif"] {
        let run = run(folder.path(), &["check", "--format", format, "--profile", "audit", "--verbose", "plan.json"]);
        assert_eq!(run.code, 1, "{}", run.shown());
        assert!(run.stdout.contains("wildcard-principal"), "{format}");
        assert!(!run.shown().contains("hunter2"), "{format}: {}", run.shown());
        if format == "full" {
            assert!(run.stdout.contains(r#""description":**"#), "{}", run.shown());
        }
    }
    let run = run(folder.path(), &["diff", "plan.json", "--verbose"]);
    assert!(!run.shown().contains("hunter2"), "{}", run.shown());
}

#[test]
fn states_are_judged() {
    let policy = r#"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"*\"},\"Action\":\"sts:AssumeRole\"}]}"#;
    let file = format!(
        r#"{{"version": 4, "terraform_version": "1.9.8", "serial": 1, "lineage": "l", "outputs": {{}}, "resources": [
            {{"module": "module.m", "mode": "managed", "type": "aws_iam_role", "name": "r", "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]",
              "instances": [{{"index_key": "a", "attributes": {{"name": "r", "assume_role_policy": "{policy}"}}}}]}}]}}"#
    );
    let shown = format!(
        r#"{{"format_version": "1.0", "terraform_version": "1.9.8", "values": {{"root_module": {{"resources": [
            {{"address": "aws_iam_role.r", "mode": "managed", "type": "aws_iam_role", "name": "r", "values": {{"name": "r", "assume_role_policy": "{policy}"}}}}]}}}}}}"#
    );
    let folder = tree(&[("state.json", &shown), ("terraform.tfstate", &file)]);
    // A state file has a name of its own; its first character tells that it is JSON.
    let output = command(folder.path())
        .args(["check", "--format", "concise", "--quiet", "state.json", "terraform.tfstate"])
        .output()
        .expect("it runs");
    let lines = String::from_utf8(output.stdout).expect("UTF-8");
    let said = "anyone in any AWS account can assume this role";
    assert_eq!(lines.matches(said).count(), 2, "{lines}");
    assert!(lines.contains("terraform.tfstate:3:"), "{lines}");
}

/// Nothing that a plan says of itself may take more than its size is worth.
#[test]
fn hostile_plans_end() {
    // As deep as the parser goes.
    let module =
        (0..40).fold("{}".to_owned(), |inner, _| format!(r#"{{"module_calls": {{"m": {{"module": {inner}}}}}}}"#));
    let deep = format!(
        r#"{{"format_version": "1.2", "resource_changes": [{{"address": "a.b", "change": {{}}}}], "configuration": {{"root_module": {module}}}}}"#
    );
    let entry = |address: &str| {
        format!(
            r#"{{"address": "{address}", "mode": "managed", "type": "aws_iam_role", "name": "r", "module_address": "{address}",
                "change": {{"actions": ["create"], "after": {{}}, "after_unknown": {{"assume_role_policy": true}}}}}}"#
        )
    };
    let odd: Vec<String> =
        ["", "module.", "module.a[", r#"module.a[\"x"#, "..", "data.data.data", "module.a[0]]"].map(entry).into();
    let odd = format!(
        r#"{{"format_version": "1.2", "resource_changes": [{}], "configuration": {{"root_module": []}}}}"#,
        odd.join(",")
    );
    let long = vec![r#""var.a""#; 100_000].join(",");
    let wide = format!(
        r#"{{"format_version": "1.2", "resource_changes": [{}], "configuration": {{"root_module": {{"resources": [
            {{"mode": "managed", "type": "aws_iam_role", "name": "r", "expressions": {{"assume_role_policy": {{"references": [{long}]}}}}}}]}}}}}}"#,
        entry("").replace(r#""module_address": "", "#, "")
    );
    let folder = tree(&[("deep.json", &deep), ("odd.json", &odd), ("wide.json", &wide)]);
    for name in ["deep.json", "odd.json", "wide.json"] {
        let run = run(folder.path(), &["check", "--profile", "audit", "--format", "concise", name]);
        assert!(run.code == 0 || run.code == 1, "{}", run.shown());
        assert!(!run.stdout.contains("invalid-input") && !run.stderr.contains("internal error"), "{}", run.shown());
    }
}
