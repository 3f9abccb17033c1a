//! What was seen and not judged is told, in the last line and in JSON, and can be made a gate.

mod common;

use common::git::Repository;
use common::{CLOSED, OPEN, Run, run, run_with_stdin, tree};
use serde_json::Value;

fn json(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {}", run.shown()))
}

/// The entries with their kinds, things, paths and reasons.
fn entries(run: &Run) -> Vec<[String; 4]> {
    let report = json(run);
    let text = |entry: &Value, member: &str| entry[member].as_str().unwrap_or_default().to_owned();
    let list = report["summary"]["not_judged"]["entries"].as_array().expect("a list");
    list.iter().map(|entry| ["kind", "what", "path", "reason"].map(|member| text(entry, member))).collect()
}

const CHECK: [&str; 4] = ["check", "--isolated", "--format", "json"];

#[test]
fn tracked_files_that_ignore_rules_leave_out() {
    let files = [("ok.json", CLOSED), ("dist/open.json", OPEN), ("dist/notes.txt", "x"), ("out/open.json", OPEN)];
    let repository = Repository::without_program(&files);
    repository.git(&["add", "."]);
    repository.write(".gitignore", "dist/\n");
    repository.write(".iamlintignore", "out/\n");
    repository.write("dist/new.json", OPEN);
    let told = run(&repository.path(), &[&CHECK[..], &["."]].concat());
    let reason = "ignore rules leave it out, though git tracks it";
    let expected =
        ["dist/open.json", "out/open.json"].map(|path| ["not-looked-at", "file", path, reason].map(str::to_owned));
    assert_eq!((told.code, entries(&told)), (0, expected.to_vec()), "{}", told.shown());
    assert!(told.stderr.contains("; not judged: 2 files (--show-files)"), "{}", told.shown());
    let gated = run(&repository.path(), &[&CHECK[..], &["--fail-on-unjudged", "."]].concat());
    assert_eq!(gated.code, 1, "{}", gated.shown());
    let other = run(&repository.path(), &[&CHECK[..], &["--fail-on-unjudged=out-of-reach", "."]].concat());
    assert_eq!(other.code, 0, "{}", other.shown());
    let shown = run(&repository.path(), &["check", "--isolated", "--show-files", "."]);
    assert!(shown.stdout.contains(&format!("dist/open.json: not judged: {reason}")), "{}", shown.shown());
    // What is left out on purpose is not told.
    let excluded = run(&repository.path(), &[&CHECK[..], &["--exclude", "dist", "--exclude", "out", "."]].concat());
    assert_eq!(entries(&excluded), Vec::<[String; 4]>::new(), "{}", excluded.shown());
}

#[cfg(unix)]
#[test]
fn links_and_sockets() {
    let folder = tree(&[("modules/open.json", OPEN)]);
    std::os::unix::fs::symlink(folder.path().join("modules"), folder.path().join("linked")).expect("a link");
    let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("socket.json")).expect("a socket");
    let told = run(folder.path(), &[&CHECK[..], &["."]].concat());
    assert_eq!(json(&told)["findings"].as_array().map(Vec::len), Some(1), "{}", told.shown());
    let socket =
        ["not-looked-at", "file", "socket.json", "a pipe, a socket or a device is not read"].map(str::to_owned);
    assert_eq!(entries(&told), [socket], "{}", told.shown());
}

#[test]
fn values_and_modules() {
    let main = "module \"r\" {\n  source = \"terraform-aws-modules/iam/aws\"\n}\n\
                variable \"who\" {}\n\
                resource \"aws_iam_role\" \"r\" {\n  assume_role_policy = jsonencode({ Version = \"2012-10-17\", Statement = [{ Effect = \
                \"Allow\", Principal = { AWS = var.who }, Action = \"sts:AssumeRole\" }] })\n}\n";
    let told = run(tree(&[("main.tf", main)]).path(), &[&CHECK[..], &["."]].concat());
    let kinds: Vec<[String; 2]> = entries(&told).into_iter().map(|[kind, what, ..]| [kind, what]).collect();
    assert_eq!(kinds, [["known-at-deployment", "value"], ["out-of-reach", "module"]], "{}", told.shown());
    let last = "1 policy, 1 statement; not judged: 1 value known at deployment, 1 module elsewhere (--show-files)";
    assert!(told.stderr.contains(last), "{}", told.shown());
}

#[test]
fn standard_input_without_a_policy_is_an_error() {
    for (input, args) in [
        ("", &["check", "-"][..]),
        ("An error occurred (AccessDenied)", &["check", "-"]),
        ("{\"a\":", &["check", "-"]),
        ("", &["check", "--input-format", "ndjson", "-"]),
        ("", &["check", "--input-format", "ndjson", "--format", "ndjson", "-"]),
    ] {
        let folder = tree(&[]);
        let told = run_with_stdin(folder.path(), args, input.as_bytes());
        assert_eq!(told.code, 2, "{args:?} {input:?}: {}", told.shown());
        assert!(told.stderr.contains("no policy found on standard input"), "{}", told.shown());
        let allowed =
            run_with_stdin(folder.path(), &[&args[..1], &["--allow-empty"], &args[1..]].concat(), input.as_bytes());
        assert_eq!(allowed.code, 0, "{args:?} {input:?}: {}", allowed.shown());
    }
}

/// The format that is named holds for standard input, whatever the reports are written in.
#[test]
fn the_input_format_holds_for_standard_input() {
    let line = format!("{{\"document\": {OPEN}}}\n");
    for format in ["concise", "json", "ndjson", "sarif"] {
        let args = ["check", "--isolated", "--input-format", "ndjson", "--format", format, "-"];
        let told = run_with_stdin(tree(&[]).path(), &args, line.as_bytes());
        assert!(told.code == 1 && told.stdout.contains("wildcard-principal"), "{format}: {}", told.shown());
    }
}

#[test]
fn policies_of_types_that_no_table_names() {
    let policy = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "x:*", "Resource": "*"}]}"#;
    let text = serde_json::to_string(policy).expect("a string");
    let template = format!(
        "Resources:\n  A:\n    Type: AWS::New::Thing\n    Properties:\n      Rules: [{{Policy: {policy}}}]\n  B:\n    Type: \
         Custom::Grant\n    Properties:\n      Text: !Sub {text}\n  Other:\n    Type: AWS::IoT::Policy\n    Properties: \
         {{PolicyDocument: {policy}}}\n"
    );
    let main = format!(
        "resource \"awscc_new_thing\" \"a\" {{\n  rule {{\n    policy = jsonencode({policy})\n  }}\n}}\n\
         resource \"aws_iot_policy\" \"b\" {{\n  policy = jsonencode({policy})\n}}\n"
    );
    let plan = format!(
        r#"{{"format_version": "1.2", "terraform_version": "1.9.0", "resource_changes": [{{"address": "x_thing.a", "mode":
         "managed", "type": "x_thing", "name": "a", "change": {{"actions": ["create"], "after": {{"policy": {text}}},
         "after_unknown": {{}}}}}}]}}"#
    );
    let stack = format!(
        r#"{{"version": 3, "deployment": {{"resources": [{{"urn": "urn:pulumi:p::s::aws:new/thing:Thing::a", "type":
         "aws:new/thing:Thing", "inputs": {{"policy": {text}}}, "outputs": {{}}}}]}}}}"#
    );
    for (name, text, addresses) in [
        ("t.yaml", &template, &["Resources.A.Rules", "Resources.B.Text"][..]),
        ("main.tf", &main, &["awscc_new_thing.a.rule.policy"]),
        ("plan.json", &plan, &["x_thing.a"]),
        ("stack.json", &stack, &["urn:pulumi:p::s::aws:new/thing:Thing::a"]),
    ] {
        let told = run(tree(&[(name, text)]).path(), &[&CHECK[..], &["--allow-empty", "."]].concat());
        let entries = entries(&told);
        let starts: Vec<&str> = entries.iter().filter_map(|[.., reason]| reason.split(": ").next()).collect();
        assert_eq!(starts, addresses, "{name} {}", told.shown());
        assert!(entries.iter().all(|[kind, what, ..]| [&**kind, what] == ["not-looked-at", "policy"]), "{entries:?}");
    }
}

#[test]
fn templates_of_cloudformation_in_terraform() {
    let main = "resource \"aws_cloudformation_stack\" \"s\" {\n  template_body = <<EOT\nResources:\n  R:\n    Type: AWS::IAM::Role\n    \
                Properties: {AssumeRolePolicyDocument: {Statement: [{Effect: Allow, Principal: {AWS: '*'}, Action: sts:AssumeRole}]}}\nEOT\n}\n";
    let folder = tree(&[("main.tf", main)]);
    let told = run(folder.path(), &[&CHECK[..], &["--allow-empty", "."]].concat());
    let reason = "aws_cloudformation_stack.s.template_body: a template of CloudFormation in Terraform is not judged";
    let expected = ["not-looked-at", "policy", "main.tf", reason].map(str::to_owned);
    assert_eq!(entries(&told), [expected], "{}", told.shown());
    let shown = run(folder.path(), &["check", "--isolated", "--show-files", "."]);
    assert!(shown.stdout.contains("because it has policies that are not known; 0 policies"), "{}", shown.shown());
}

#[test]
fn encrypted_values_are_not_known() {
    let folder = tree(&[("main.tf", "variable \"a\" {}\n"), ("terraform.tfvars", "\0GITCRYPT\0abc")]);
    let told = run(folder.path(), &[&CHECK[..], &["--allow-empty", "."]].concat());
    let reason = "the file is encrypted by git-crypt";
    let expected = ["known-at-deployment", "file", "terraform.tfvars", reason].map(str::to_owned);
    assert_eq!((told.code, entries(&told)), (0, vec![expected]), "{}", told.shown());
}
