//! Suppression as a user meets it: in every syntax, with everything that can be wrong with it, and written by us.

mod common;

use common::{OPEN, Run, command, root, run, run_with_stdin, tree};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Checks a folder, with no time but this one.
fn check_at(folder: &Path, epoch: &str, args: &[&str]) -> Run {
    let mut command = command(folder);
    command.env("SOURCE_DATE_EPOCH", epoch);
    let output = command.args(["check", "--format", "json", "--quiet"]).args(args).output().expect("it runs");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Run { stdout: text(output.stdout), stderr: text(output.stderr), code: output.status.code().expect("not killed") }
}

/// 2026-06-01.
const DAY: &str = "1780272000";

fn report(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{}\n{}", run.stdout, run.stderr))
}

/// `path:line rule` for each finding.
fn lines(report: &Value) -> Vec<String> {
    let line = |finding: &Value| {
        let text = |key: &str| finding[key].as_str().expect("text").to_owned();
        format!("{}:{} {}", text("path"), finding["start"]["line"], text("rule"))
    };
    report["findings"].as_array().expect("a list").iter().map(line).collect()
}

/// What a folder is told.
fn told(folder: &Path, args: &[&str]) -> Vec<String> {
    lines(&report(&check_at(folder, DAY, args)))
}

fn suppressed(folder: &Path, args: &[&str]) -> u64 {
    report(&check_at(folder, DAY, args))["summary"]["suppressed"].as_u64().expect("a number")
}

/// A trust policy in YAML, with marks for comments: before the statement, before the principals, on a line, at its end.
const YAML: &str = "Version: '2012-10-17'\nStatement:\n  #1\n  - Effect: Allow\n    #2\n    Principal:\n      #3\n      AWS: '*' #4\n    Action: sts:AssumeRole\n    #5\n";

const TERRAFORM: &str = "#1\nresource \"aws_iam_role\" \"open\" {\n  #2\n  assume_role_policy = data.aws_iam_policy_document.open.json\n}\n\n#3\ndata \"aws_iam_policy_document\" \"open\" {\n  #4\n  statement {\n    actions = [\"sts:AssumeRole\"] #5\n    #6\n    principals {\n      type        = \"AWS\"\n      #7\n      identifiers = [\"*\"] #8\n    }\n  }\n}\n";

const JSONC: &str = "#1\n{\n  \"Version\": \"2012-10-17\", \"Statement\": [\n    #2\n    { \"Effect\": \"Allow\",\n      #3\n      \"Principal\": { \"AWS\": \"*\" }, #4\n      \"Action\": \"sts:AssumeRole\" #5\n    } ]\n}\n";

/// Put a comment in place of one mark and take the others out.
fn with(text: &str, mark: usize, comment: &str) -> String {
    (1..9).fold(text.to_owned(), |text, other| {
        text.replace(&format!("#{other}"), if other == mark { comment } else { "" })
    })
}

#[test]
fn comments_of_every_syntax_at_every_place() {
    const DIRECTIVE: &str = "iamlint: ignore[wildcard-principal] it is a canary";
    for (name, text, marks, comments) in [
        ("role.yaml", YAML, 5, &["# "][..]),
        ("main.tf", TERRAFORM, 8, &["# ", "// ", "/* "]),
        ("main.tofu", TERRAFORM, 8, &["# "]),
        ("role.jsonc", JSONC, 5, &["// ", "/* "]),
    ] {
        let none = tree(&[(name, &with(text, 0, ""))]);
        let rule = ["--select", "wildcard-principal,lint"];
        assert_eq!(told(none.path(), &rule).len(), 1, "{name}");
        for mark in 1..=marks {
            for opening in comments {
                let closing = if opening.starts_with("/*") { " */" } else { "" };
                let text = with(text, mark, &format!("{opening}{DIRECTIVE}{closing}"));
                let folder = tree(&[(name, &text)]);
                // Behind its last line nothing is around a comment any more.
                let expected = if (name, mark) == ("role.yaml", 5) { 1 } else { 0 };
                let found = told(folder.path(), &rule).into_iter().filter(|line| !line.contains("unused")).count();
                assert_eq!(found, expected, "{name} {mark} {opening}\n{text}");
                assert_eq!(suppressed(folder.path(), &rule), 1 - expected as u64);
                // Comments do not change what is found.
                let all = told(folder.path(), &[&rule[..], &["--no-suppress"]].concat());
                assert_eq!(all.len(), 1, "{name} {mark}");
                assert_eq!(suppressed(folder.path(), &[&rule[..], &["--no-suppress"]].concat()), 0);
            }
        }
    }
}

#[test]
fn what_stands_in_a_text_is_no_comment() {
    let heredoc = "resource \"aws_iam_role\" \"open\" {\n  assume_role_policy = <<EOF\n{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\",\n  \"Sid\": \"# iamlint: ignore[wildcard-principal] no\",\n  \"Principal\": {\"AWS\": \"*\"}, \"Action\": \"sts:AssumeRole\"}]}\nEOF\n}\n";
    let block = "Resources:\n  Role:\n    Type: AWS::IAM::Role\n    Properties:\n      AssumeRolePolicyDocument: |\n        {\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\",\n        \"Sid\": \"# iamlint: ignore[wildcard-principal] no\",\n        \"Principal\": {\"AWS\": \"*\"}, \"Action\": \"sts:AssumeRole\"}]}\n";
    let string = JSONC.replace(
        "\"Effect\": \"Allow\",",
        "\"Effect\": \"Allow\", \"Sid\": \"// iamlint: ignore[wildcard-principal] no\",",
    );
    for (name, text) in [("main.tf", heredoc), ("role.yaml", block), ("role.jsonc", &with(&string, 0, ""))] {
        let folder = tree(&[(name, text)]);
        let found = told(folder.path(), &["--select", "wildcard-principal,lint"]);
        assert!(found.len() == 1 && found[0].ends_with("wildcard-principal"), "{name}: {found:?}");
    }
    // The comment above the text holds for what is in it.
    let above = heredoc
        .replace("  assume_role_policy", "  # iamlint: ignore[wildcard-principal] a canary\n  assume_role_policy");
    let folder = tree(&[("main.tf", &above)]);
    assert_eq!(told(folder.path(), &["--select", "wildcard-principal,lint"]), Vec::<String>::new());
}

const TEMPLATE: &str = r#"{
  "Metadata": {},
  "Resources": {
    "Open": {
      "Type": "AWS::IAM::Role",
      "Metadata": {},
      "Properties": {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [
        {"Sid": "A", "Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}}
    },
    "Other": {
      "Type": "AWS::IAM::Role",
      "Properties": {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [
        {"Sid": "B", "Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}}
    }
  }
}
"#;

#[test]
fn metadata_of_templates_and_resources() {
    let ignore = |entry: &str| format!("{{\"iamlint\": {{\"ignore\": [{entry}]}}}}");
    let own =
        |entry: &str| TEMPLATE.replace("      \"Metadata\": {},", &format!("      \"Metadata\": {},", ignore(entry)));
    let whole = |entry: &str| TEMPLATE.replacen("\"Metadata\": {},", &format!("\"Metadata\": {},", ignore(entry)), 1);
    let rule = ["--select", "wildcard-principal,lint"];
    let told = |text: &str| {
        let folder = tree(&[("a.json", text)]);
        told(folder.path(), &rule)
    };
    let (open, other) = ("a.json:8 wildcard-principal", "a.json:13 wildcard-principal");
    assert_eq!(told(TEMPLATE), [open, other]);
    assert_eq!(told(&own(r#"{"rule": "wildcard-principal", "reason": "a canary"}"#)), [other]);
    assert_eq!(
        told(&own(r#"{"rule": "wildcard-principal", "reason": "a canary", "sid": "A", "subject": "*"}"#)),
        [other]
    );
    assert_eq!(told(&own(r#"{"rule": "wildcard-principal", "reason": "x", "until": "2026-06-01"}"#)), [other]);
    assert_eq!(told(&whole(r#"{"rule": "wildcard-principal", "reason": "canaries"}"#)), Vec::<String>::new());
    assert_eq!(told(&whole(r#"{"rule": "wildcard-principal", "reason": "a canary", "sid": "B"}"#)), [open]);
    let own_line = |rule: &str| format!("a.json:6 {rule}");
    let unused = told(&own(r#"{"rule": "wildcard-principal", "reason": "a canary", "sid": "B"}"#));
    assert_eq!(unused, [&own_line("unused-suppression"), open, other]);
    let expired = told(&own(r#"{"rule": "wildcard-principal", "reason": "x", "until": "2026-05-31"}"#));
    assert_eq!(expired, [&own_line("expired-suppression"), open, other]);
    // The same in YAML and with SAM.
    let sam = "Transform: AWS::Serverless-2016-10-31\nResources:\n  F:\n    Type: AWS::Serverless::Function\n    Metadata:\n      BuildMethod: makefile\n      iamlint:\n        ignore:\n          - rule: admin-access\n            reason: it sets the account up\n    Properties:\n      Policies:\n        - Version: '2012-10-17'\n          Statement: [{Effect: Allow, Action: '*', Resource: '*'}]\n";
    let folder = tree(&[("sam.yaml", sam)]);
    assert_eq!(self::told(folder.path(), &["--select", "admin-access,lint"]), Vec::<String>::new());
    assert_eq!(suppressed(folder.path(), &["--select", "admin-access,lint"]), 1);
}

#[test]
fn a_template_in_a_text_belongs_to_the_resource_that_holds_it() {
    let stack_set = |comment: &str| {
        let role = "{Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {Version: '2012-10-17', Statement: [{Effect: Allow, Principal: '*', Action: 'sts:AssumeRole'}]}}}";
        format!(
            "Resources:\n  Set:\n    Type: AWS::CloudFormation::StackSet\n    Properties:\n{comment}      TemplateBody: |\n        Resources:\n          # iamlint: ignore[wildcard-principal] no comment of this file\n          Open: {role}\n"
        )
    };
    let rule = ["--select", "wildcard-principal,lint"];
    let folder = tree(&[("a.yaml", &stack_set(""))]);
    assert_eq!(told(folder.path(), &rule), ["a.yaml:8 wildcard-principal"]);
    let (after, _) = add(folder.path(), &rule);
    assert_eq!(after, Vec::<String>::new());
    let comment = "      # iamlint: ignore[wildcard-principal subject=*] accepted: the owner is told\n";
    let written = fs::read_to_string(folder.path().join("a.yaml")).expect("it is there");
    assert_eq!(written, stack_set(comment));
}

#[test]
fn members_of_terraform_in_json() {
    let text = |comment: &str| {
        format!("{{\"resource\": {{\"aws_iam_role\": {{\"r\": {{{comment}\n \"assume_role_policy\": {OPEN:?}}}}}}}}}\n")
    };
    let rule = ["--select", "wildcard-principal,lint"];
    for comment in [
        "\"//\": \"iamlint: ignore[wildcard-principal] a canary\",",
        "\"//\": [\"a note\", \"iamlint: ignore[wildcard-principal subject=*] a canary\"],",
    ] {
        let folder = tree(&[("main.tf.json", &text(comment))]);
        assert_eq!(told(folder.path(), &rule), Vec::<String>::new());
        assert_eq!(suppressed(folder.path(), &rule), 1);
    }
    let folder = tree(&[("main.tf.json", &text("\"//\": \"iamlint: ignore[wildcard-principal]\","))]);
    assert_eq!(told(folder.path(), &rule), ["main.tf.json:1 invalid-suppression", "main.tf.json:2 wildcard-principal"]);
}

/// A dump with two roles that anyone may assume.
const DUMP: &str = r#"{"Roles": [
  {"RoleName": "a", "Arn": "arn:aws:iam::294750163881:role/a", "AssumeRolePolicyDocument": {"Version": "2012-10-17",
    "Statement": [{"Sid": "One", "Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}},
  {"RoleName": "ab", "Arn": "arn:aws:iam::294750163881:role/ab", "AssumeRolePolicyDocument": {"Version": "2012-10-17",
    "Statement": [{"Sid": "Two", "Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}}]}
"#;

#[test]
fn tables_of_the_configuration() {
    let told = |limits: &str| {
        let config = format!("[[ignore]]\nrule = 'wildcard-principal'\nreason = 'canaries'\n{limits}\n");
        let folder = tree(&[("iamlint.toml", &config), ("dumps/roles.json", DUMP), ("open.json", OPEN)]);
        told(folder.path(), &["--select", "wildcard-principal,lint"])
    };
    let (a, ab, open) = (
        "dumps/roles.json:3 wildcard-principal",
        "dumps/roles.json:5 wildcard-principal",
        "open.json:1 wildcard-principal",
    );
    assert_eq!(told(""), Vec::<String>::new());
    assert_eq!(told("path = 'dumps/*.json'"), [open]);
    assert_eq!(told("path = 'dumps'"), [open]);
    assert_eq!(told("resource = 'arn:aws:iam::294750163881:role/a'"), [ab, open]);
    assert_eq!(told("sid = 'Two'"), [a, open]);
    assert_eq!(told("sid = 'Two'\nsubject = '*'"), [a, open]);
    assert_eq!(told("until = 2026-06-01"), Vec::<String>::new());
    assert_eq!(told("until = 2026-05-31"), [a, ab, "iamlint.toml:4 expired-suppression", open]);
    for limits in ["subject = 'x'", "sid = '0'", "path = 'nowhere/*'", "resource = 'arn:aws:iam::294750163881:role'"] {
        assert_eq!(told(limits), [a, ab, "iamlint.toml:2 unused-suppression", open], "{limits}");
    }
}

#[test]
fn a_table_is_unused_only_where_everything_was_looked_at() {
    let config = |path: &str| format!("[[ignore]]\nrule = 'missing-mfa'\nreason = 'x'\npath = '{path}'\n");
    let folder = tree(&[("iamlint.toml", &config("dumps/*")), ("dumps/a.json", OPEN), ("dumps/b.json", OPEN)]);
    let unused = |folder: &TempDir, args: &[&str]| {
        told(folder.path(), args).iter().any(|line| line == "iamlint.toml:2 unused-suppression")
    };
    assert!(unused(&folder, &["."]));
    assert!(!unused(&folder, &["dumps/a.json"]), "another file may need it");
    assert!(!unused(&folder, &["dumps"]));
    assert!(!unused(&folder, &["--exclude", "b.json", "."]));
    assert!(!unused(&folder, &["--select", "wildcard-principal,lint", "."]), "the rule did not look");
    let one = tree(&[("iamlint.toml", &config("dumps/a.json")), ("dumps/a.json", OPEN), ("dumps/b.json", OPEN)]);
    assert!(unused(&one, &["dumps/a.json"]));
    assert!(!unused(&one, &["dumps/b.json"]));
    let broken = tree(&[("iamlint.toml", &config("dumps/*")), ("dumps/a.json", &OPEN.replace('}', ""))]);
    assert!(!unused(&broken, &["."]), "nobody knows what is in a broken file");
}

#[test]
fn lists_and_tables_of_the_configuration_stand_in_one_file() {
    let table = "[[ignore]]\nrule = 'wildcard-principal'\nreason = 'a canary'\n";
    let files = |config: &str| tree(&[("iamlint.toml", config), ("open.json", OPEN)]);
    let folder = files(&format!("extend-ignore = ['missing-mfa']\n{table}"));
    assert_eq!(told(folder.path(), &["open.json"]), Vec::<String>::new());
    let folder = files("ignore = ['missing-mfa', { rule = 'wildcard-principal', reason = 'a canary' }]\n");
    assert_eq!(told(folder.path(), &["open.json"]), Vec::<String>::new());
    let both = run(files(&format!("ignore = ['missing-mfa']\n{table}")).path(), &["check", "open.json"]);
    assert_eq!(both.code, 2);
    assert!(both.stderr.contains("call the list `extend-ignore`"), "{}", both.stderr);
}

#[test]
fn rules_that_may_not_be_silenced() {
    let config = "[rules.wildcard-principal]\nignorable = false\n";
    let comment = with(YAML, 4, "# iamlint: ignore[wildcard-principal] a canary");
    let metadata = TEMPLATE.replacen(
        "\"Metadata\": {},",
        r#""Metadata": {"iamlint": {"ignore": [{"rule": "wildcard-principal", "reason": "x"}]}},"#,
        1,
    );
    let folder = tree(&[("iamlint.toml", config), ("a.yaml", &comment), ("b.json", &metadata)]);
    let rule = ["--select", "wildcard-principal,lint"];
    assert_eq!(
        told(folder.path(), &rule),
        [
            "a.yaml:8 wildcard-principal",
            "a.yaml:8 invalid-suppression",
            "b.json:2 invalid-suppression",
            "b.json:8 wildcard-principal",
            "b.json:13 wildcard-principal"
        ]
    );
    let table = format!("{config}[[ignore]]\nrule = 'wildcard-principal'\nreason = 'x'\n");
    let refused = run(tree(&[("iamlint.toml", &table)]).path(), &["check", "--allow-empty"]);
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("`wildcard-principal` may not be silenced"), "{}", refused.stderr);
    // Nor is what is said about suppressions silenced by another.
    let own = "[[ignore]]\nrule = 'unused-suppression'\nreason = 'x'\n";
    let unused = with(YAML, 4, "# iamlint: ignore[missing-mfa, unused-suppression] x");
    let folder = tree(&[("iamlint.toml", own), ("a.yaml", &unused)]);
    let found = told(folder.path(), &["--select", "missing-mfa,lint"]);
    let expected =
        ["a.yaml:8 unused-suppression", "a.yaml:8 invalid-suppression", "iamlint.toml:2 invalid-suppression"];
    assert_eq!(found, expected);
}

#[test]
fn a_suppression_ends_with_its_last_day() {
    let text = with(YAML, 4, "# iamlint: ignore[wildcard-principal until=2026-05-31] until the new provider is there");
    let folder = tree(&[("a.yaml", &text)]);
    let at = |epoch: &str| lines(&report(&check_at(folder.path(), epoch, &["--select", "wildcard-principal,lint"])));
    assert_eq!(at("1780271999"), Vec::<String>::new(), "the last second of the day");
    assert_eq!(at("1780272000"), ["a.yaml:8 wildcard-principal", "a.yaml:8 expired-suppression"]);
    assert_eq!(told(folder.path(), &["--select", "wildcard-principal"]), ["a.yaml:8 wildcard-principal"]);
}

#[test]
fn tables_for_paths_decide_the_exit_code() {
    let config = "fail-on = 'high'\n[[override]]\npaths = ['sandbox/**']\nfail-on = 'never'\n[[override]]\npaths = ['strict/**']\nextend-select = ['unresolved-value']\nseverity = { unresolved-value = 'high' }\n[[override]]\npaths = ['old/**']\nignore = ['wildcard-principal']\n";
    let open =
        "Resources:\n  R:\n    Type: AWS::IAM::Role\n    Properties:\n      AssumeRolePolicyDocument: !ImportValue x\n";
    let folder = tree(&[
        ("iamlint.toml", config),
        ("sandbox/a.json", OPEN),
        ("a.json", OPEN),
        ("strict/a.yaml", open),
        ("other/a.yaml", open),
        ("old/a.json", OPEN),
    ]);
    let code = |args: &[&str]| run(folder.path(), &[&["check"], args].concat()).code;
    assert_eq!((code(&["a.json"]), code(&["sandbox/a.json"]), code(&["old/a.json"])), (1, 0, 0));
    assert_eq!((code(&["strict/a.yaml"]), code(&["other/a.yaml"])), (1, 0));
    assert_eq!(code(&["sandbox", "old", "other"]), 0);
    assert_eq!(code(&["sandbox", "strict"]), 1);
    // A flag is the last word.
    assert_eq!(code(&["--fail-on", "low", "sandbox/a.json"]), 1);
    let named = ["check", "--stdin-filename", "sandbox/x.json", "-"];
    assert_eq!(run_with_stdin(folder.path(), &named, OPEN.as_bytes()).code, 0);
    assert!(run(folder.path(), &["check", "."]).stderr.lines().all(|line| !line.contains("no effect")));
}

#[test]
fn a_folder_of_terraform_with_tables_for_single_files() {
    let role = |name: &str| {
        let policy = OPEN.replace('"', "\\\"");
        format!("resource \"aws_iam_role\" \"{name}\" {{\n  assume_role_policy = \"{policy}\"\n}}\n")
    };
    let config = "[[override]]\npaths = ['b.tf']\nignore = ['wildcard-principal']\n[[override]]\npaths = ['c.tf']\nseverity = { wildcard-principal = 'low' }\n";
    let folder = tree(&[("iamlint.toml", config), ("a.tf", &role("a")), ("b.tf", &role("b")), ("c.tf", &role("c"))]);
    let found = report(&check_at(folder.path(), DAY, &["--select", "wildcard-principal"]));
    assert_eq!(lines(&found), ["a.tf:2 wildcard-principal", "c.tf:2 wildcard-principal"]);
    let found = report(&check_at(folder.path(), DAY, &["--ignore", "missing-mfa"]));
    assert_eq!(lines(&found).len(), 3, "a flag wins over the same key of a table");
    let found = report(&check_at(folder.path(), DAY, &[]));
    assert_eq!(lines(&found), ["a.tf:2 wildcard-principal", "c.tf:2 wildcard-principal"]);
    let severities: Vec<&Value> =
        found["findings"].as_array().expect("a list").iter().map(|f| &f["severity"]).collect();
    assert_eq!(severities, ["critical", "low"]);
}

/// A role whose policy stands in another file, used by a second role too.
fn split() -> Vec<(&'static str, String)> {
    let data = TERRAFORM.split("#3\n").nth(1).expect("there is one");
    let role = |name: &str| {
        format!(
            "resource \"aws_iam_role\" \"{name}\" {{\n  assume_role_policy = data.aws_iam_policy_document.open.json\n}}\n"
        )
    };
    vec![("data.tf", with(data, 0, "")), ("one.tf", role("one")), ("two.tf", role("two"))]
}

fn split_tree(files: &[(&str, String)]) -> TempDir {
    tree(&files.iter().map(|(path, text)| (*path, text.as_str())).collect::<Vec<_>>())
}

#[test]
fn a_policy_in_another_file_of_terraform() {
    let rule = ["--select", "wildcard-principal,lint"];
    let told = |folder: &TempDir, files: &[&str]| told(folder.path(), &[&rule[..], files].concat());
    let comment = "# iamlint: ignore[wildcard-principal] a canary\n";
    let files = split();
    let folder = split_tree(&files);
    assert_eq!(told(&folder, &[]), ["data.tf:9 wildcard-principal"]);
    assert_eq!(told(&folder, &["one.tf"]), ["one.tf:1 wildcard-principal"]);
    // Where the policy is, for whoever uses it, and also when that file is not asked for.
    let mut own = files.clone();
    own[0].1 = own[0].1.replace("    principals", &format!("    {comment}    principals"));
    let folder = split_tree(&own);
    assert_eq!(told(&folder, &[]), Vec::<String>::new());
    assert_eq!(told(&folder, &["one.tf"]), Vec::<String>::new());
    assert_eq!(suppressed(folder.path(), &[&rule[..], &["one.tf"]].concat()), 1);
    // At the role that uses it: for that role alone.
    let mut of_role = files.clone();
    of_role[1].1.insert_str(0, comment);
    assert_eq!(told(&split_tree(&of_role), &[]), ["data.tf:9 wildcard-principal"], "the other role");
    of_role.remove(2);
    assert_eq!(told(&split_tree(&of_role), &[]), Vec::<String>::new());
}

#[test]
fn what_a_variable_decides_may_need_its_suppression_elsewhere() {
    let role = |principal: &str| {
        format!(
            "variable \"who\" {{\n  default = \"arn:aws:iam::294750163881:root\"\n}}\n# iamlint: ignore[wildcard-principal] the caller says so\nresource \"aws_iam_role\" \"r\" {{\n  assume_role_policy = jsonencode({{ Version = \"2012-10-17\", Statement = [{{\n    Effect = \"Allow\", Principal = {{ AWS = {principal} }}, Action = \"sts:AssumeRole\" }}] }})\n}}\n"
        )
    };
    let rule = ["--select", "wildcard-principal,unused-suppression"];
    let folder = tree(&[("main.tf", &role("var.who"))]);
    assert_eq!(told(folder.path(), &rule), Vec::<String>::new());
    assert_eq!(suppressed(folder.path(), &[&rule[..], &["--var", "who=*"]].concat()), 1);
    let folder = tree(&[("main.tf", &role("\"arn:aws:iam::294750163881:root\""))]);
    assert_eq!(told(folder.path(), &rule), ["main.tf:4 unused-suppression"]);
}

#[test]
fn reports_list_suppressed_findings_when_asked() {
    let text = with(YAML, 4, "# iamlint: ignore[wildcard-principal] a canary");
    let config = "[[ignore]]\nrule = 'wildcard-principal'\npath = './open.json'\nreason = 'known'\n";
    let folder = tree(&[("iamlint.toml", config), ("a.yaml", &text), ("open.json", OPEN)]);
    let written = |format: &str, args: &[&str]| -> Value {
        let base = ["check", "--quiet", "--select", "wildcard-principal", "--format", format];
        serde_json::from_str(&run(folder.path(), &[&base[..], args].concat()).stdout).expect("JSON")
    };
    let plain = written("json", &[]);
    assert_eq!((plain.get("suppressed"), &plain["summary"]["suppressed"]), (None, &Value::from(2)));
    let full = written("json", &["--include-suppressed"]);
    assert_eq!(full["findings"], plain["findings"]);
    let schema = fs::read_to_string(root().join("docs/json-output.schema.json")).expect("there is one");
    let schema = jsonschema::validator_for(&serde_json::from_str(&schema).expect("JSON")).expect("a schema");
    assert!(schema.is_valid(&full) && schema.is_valid(&plain));
    let mut without = full.clone();
    without["suppressed"][0].as_object_mut().expect("an object").remove("suppression");
    assert!(!schema.is_valid(&without), "each says why");
    let listed: Vec<(&str, &str, &str)> = full["suppressed"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| {
            let text = |value: &'_ Value| -> String { value.as_str().expect("text").to_owned() };
            assert!(one["fingerprint"].is_string() && one["start"]["line"].is_u64());
            let leak = |text: String| -> &str { Box::leak(text.into_boxed_str()) };
            let by = &one["suppression"];
            (leak(text(&one["path"])), leak(text(&by["kind"])), leak(text(&by["reason"])))
        })
        .collect();
    assert_eq!(listed, [("a.yaml", "in-source", "a canary"), ("open.json", "configuration", "known")]);
    assert_eq!(written("sarif", &[])["runs"][0]["results"].as_array().map(Vec::len), Some(0));
    let sarif = written("sarif", &["--include-suppressed"]);
    let results: Vec<&Value> =
        sarif["runs"][0]["results"].as_array().expect("a list").iter().map(|result| &result["suppressions"]).collect();
    let suppression =
        |kind: &str, reason: &str| serde_json::json!([{"kind": kind, "status": "accepted", "justification": reason}]);
    assert_eq!(results, [&suppression("inSource", "a canary"), &suppression("external", "known")]);
    // With a finding beside them, that says of itself that it is not suppressed.
    fs::write(folder.path().join("told.json"), OPEN).expect("it is written");
    let sarif = written("sarif", &["--include-suppressed"]);
    assert_eq!(sarif["runs"][0]["results"][0]["suppressions"], serde_json::json!([]));
    let summary = run(folder.path(), &["check", "a.yaml", "--select", "wildcard-principal"]);
    assert!(summary.stderr.contains("; 1 suppressed; "), "{}", summary.stderr);
}

#[test]
fn hostile_comments() {
    let directive = |n: usize| format!("# iamlint: ignore[missing-mfa subject={n}] x\n");
    let many: String = (0..20_000).map(directive).collect();
    let comments = "# x\n".repeat(100_000);
    let long = format!("# iamlint: ignore[{}] x\n", "missing-mfa,".repeat(50_000));
    let deep = format!("# iamlint: ignore[missing-mfa subject=\"{}\"] x\n", "\\u{1f600}\\".repeat(20_000));
    let odd = "# iamlint: ignore[\u{202e}`](x)]\n# iamlint: ignore[missing-mfa until=99999999999-1-1 sid==] x\n#iamlint:ignore[[[[]]]]]\n";
    let mut cases: Vec<(&str, String)> = [&many, &comments, &long, &deep, odd]
        .iter()
        .map(|text| ("a.yaml", format!("{text}{}", with(YAML, 0, ""))))
        .collect();
    cases.push(("a.jsonc", with(JSONC, 1, "// iamlint: ignore[\u{0}\u{1b}[2J\u{7}] x")));
    cases.push(("main.tf", with(TERRAFORM, 1, "# iamlint: ignore[\u{0}\u{1b}[2J\u{7}] x")));
    for (name, text) in &cases {
        let folder = tree(&[(name, text)]);
        let start = std::time::Instant::now();
        let run =
            run(folder.path(), &["check", "--isolated", "--format", "concise", "--select", "wildcard-principal,lint"]);
        assert_eq!(run.code, 1, "{}", run.stderr);
        assert!(run.stdout.contains("error[wildcard-principal]"));
        assert!(!run.stdout.contains(['\u{1b}', '\u{0}', '\u{7}', '\u{202e}']));
        assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
    }
    let folder = tree(&[("a.yaml", &format!("{many}{}", with(YAML, 0, "")))]);
    let run = run(folder.path(), &["check", "--isolated", "--format", "concise", "--select", "missing-mfa,lint"]);
    assert!(run.stdout.contains("only the first 5000 suppressions of a file are read"));
}

/// The fences of the page about suppression with this info line.
fn fences(info: &str) -> Vec<String> {
    let page = fs::read_to_string(root().join("docs/suppression.md")).expect("there is one");
    let opening = format!("\n```{info}\n");
    let content = |rest: &str| rest.split("\n```").next().expect("it is closed").to_owned();
    page.split(&opening).skip(1).map(content).collect()
}

#[test]
fn what_the_page_shows_is_valid() {
    let tables = fences("toml");
    assert_eq!(tables.len(), 3);
    for table in tables {
        iamlint::config::parse_text(&table).unwrap_or_else(|error| panic!("{error}\n{table}"));
    }
    let forms = fences("text").remove(0);
    assert_eq!(forms.lines().count(), 3);
    for line in forms.lines() {
        let directive = iamlint::suppress::directive::read(line.trim_start_matches('#')).expect("it is one");
        assert!(directive.faults.is_empty() && !directive.items.is_empty(), "{line}");
    }
    let metadata = fences("yaml").remove(0);
    let template = format!("{metadata}\nResources:\n  R: {{Type: AWS::SNS::Topic, Properties: {{}}}}\n");
    let folder = tree(&[("a.yaml", &template)]);
    assert_eq!(told(folder.path(), &["--isolated"]), ["a.yaml:4 unused-suppression"], "it is read");
}

/// Silence everything in a folder; what is told after that, and what was said.
fn add(folder: &Path, args: &[&str]) -> (Vec<String>, Run) {
    let run = check_at(folder, DAY, &[&["--add-ignore", "accepted: the owner is told"], args].concat());
    (lines(&report(&run)), run)
}

/// The files of a folder, by their paths in it.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).expect("it is readable") {
            let path = entry.expect("it is readable").path();
            match path.is_dir() {
                true => open.push(path),
                false => {
                    let text = fs::read(&path).expect("it is readable");
                    found.insert(path.strip_prefix(folder).expect("it is inside").to_owned(), text);
                }
            }
        }
    }
    found
}

/// Whether every line of `old` is in `new`, in order.
fn only_adds_lines(old: &[u8], new: &[u8]) -> bool {
    let mut lines = new.split_inclusive(|byte| *byte == b'\n');
    old.split_inclusive(|byte| *byte == b'\n').all(|line| lines.any(|other| other == line))
}

#[test]
fn everything_that_is_told_can_be_silenced_and_nothing_is_taken_away() {
    for folder in ["testdata/demo", "testdata/formats", "testdata/terraform", "testdata/clean"] {
        for profile in ["default", "strict"] {
            let copy = tree(&[(".git/HEAD", ""), ("iamlint.toml", "profile = 'default'\n")]);
            let before = files(&root().join(folder));
            for (path, text) in &before {
                let target = copy.path().join(path);
                fs::create_dir_all(target.parent().expect("it has one")).expect("a folder");
                fs::write(target, text).expect("a file");
            }
            let args = ["--profile", profile];
            let told_before = told(copy.path(), &args);
            let (after, run) = add(copy.path(), &args);
            assert_eq!((after, run.code), (vec![], 0), "{folder} {profile}\n{}", run.stderr);
            assert_eq!(suppressed(copy.path(), &args), told_before.len() as u64, "{folder} {profile}");
            let now = files(copy.path());
            for (path, old) in &before {
                assert!(only_adds_lines(old, &now[path]), "{}", path.display());
            }
            assert_eq!(now.len(), before.len() + 2, "nothing is left beside the files");
            let all = [&args[..], &["--no-suppress"]].concat();
            assert_eq!(told(copy.path(), &all).len(), told_before.len(), "what is found is the same");
            // There is nothing more to do.
            let (after, again) = add(copy.path(), &args);
            assert_eq!((after, again.code, files(copy.path()) == now), (vec![], 0, true));
        }
    }
}

/// The text of a file after everything in it was silenced.
fn silenced(name: &str, text: &str) -> String {
    let folder = tree(&[(name, text)]);
    let (after, run) = add(folder.path(), &["--isolated", "--select", "wildcard-principal,missing-mfa,lint"]);
    assert_eq!(after, Vec::<String>::new(), "{}", run.stderr);
    fs::read_to_string(folder.path().join(name)).expect("it is there")
}

#[test]
fn suppressions_are_written_in_the_style_of_the_file() {
    let comment = "iamlint: ignore[wildcard-principal subject=*] accepted: the owner is told";
    let yaml = with(YAML, 0, "");
    let expected = yaml.replace("      AWS: '*'", &format!("      # {comment}\n      AWS: '*'"));
    assert_eq!(silenced("a.yaml", &yaml), expected);
    let windows = yaml.replace('\n', "\r\n");
    assert_eq!(silenced("a.yaml", &windows), expected.replace('\n', "\r\n"));
    assert_eq!(silenced("a.yaml", yaml.trim_end()), expected.trim_end(), "no final line break is added");
    let one_line = "{Version: '2012-10-17', Statement: [{Effect: Allow, Principal: '*', Action: 'sts:AssumeRole'}]}";
    assert_eq!(silenced("a.yaml", one_line), format!("# {comment}\n{one_line}"));
    assert_eq!(silenced("a.yaml", &format!("\u{feff}{one_line}")), format!("\u{feff}# {comment}\n{one_line}"));
    let jsonc = with(JSONC, 0, "");
    let expected = jsonc.replace("      \"Principal\"", &format!("      // {comment}\n      \"Principal\""));
    assert_eq!(silenced("a.jsonc", &jsonc), expected);
    let terraform = with(TERRAFORM, 0, "").replace("    ", "\t\t");
    let line = terraform.lines().find(|line| line.contains("identifiers")).expect("there is one");
    let indent = &line[..line.len() - line.trim_start().len()];
    assert_eq!(silenced("main.tf", &terraform), terraform.replace(line, &format!("{indent}# {comment}\n{line}")));
    // A policy in a text: the comment stands above the text.
    let heredoc =
        format!("resource \"aws_iam_role\" \"open\" {{\n  assume_role_policy = <<-EOF\n    {OPEN}\n  EOF\n}}\n");
    let expected = heredoc.replace("  assume_role", &format!("  # {comment}\n  assume_role"));
    assert_eq!(silenced("main.tf", &heredoc), expected);
    let json = format!(
        "{{\n  \"resource\": {{\"aws_iam_role\": {{\"open\": {{\n    \"assume_role_policy\": {OPEN:?}\n  }}}}}}\n}}\n"
    );
    let expected = json.replace("    \"assume", &format!("    \"//\": {comment:?},\n    \"assume"));
    assert_eq!(silenced("main.tf.json", &json), expected);
    let with_note = json.replace("    \"assume", "    \"//\": \"a note\",\n    \"assume");
    assert_eq!(
        silenced("main.tf.json", &with_note),
        with_note.replace("\"a note\"", &format!("[\"a note\", {comment:?}]"))
    );
}

#[test]
fn entries_of_metadata_are_written_beside_what_is_there() {
    let entry =
        r#"{"rule": "wildcard-principal", "sid": "A", "subject": "*", "reason": "accepted: the owner is told"}"#;
    let one = |metadata: &str| {
        format!(
            "{{\"Resources\": {{\"Open\": {{\n  \"Type\": \"AWS::IAM::Role\",\n{metadata}  \"Properties\": {{\"AssumeRolePolicyDocument\": {{\"Version\": \"2012-10-17\", \"Statement\": [\n    {{\"Sid\": \"A\", \"Effect\": \"Allow\", \"Principal\": {{\"AWS\": \"*\"}}, \"Action\": \"sts:AssumeRole\"}}]}}}}\n}}}}}}\n"
        )
    };
    let block = format!(
        "  \"Metadata\": {{\n    \"iamlint\": {{\n      \"ignore\": [\n        {entry}\n      ]\n    }}\n  }},\n"
    );
    assert_eq!(silenced("a.json", &one("")), one(&block));
    let inline = |inner: &str| one(&format!("  \"Metadata\": {{{inner}}},\n"));
    let ignore = format!("\"iamlint\": {{\"ignore\": [{entry}]}}");
    assert_eq!(silenced("a.json", &inline("")), inline(&ignore));
    assert_eq!(silenced("a.json", &inline("\"cfn\": 1")), inline(&format!("{ignore}, \"cfn\": 1")));
    assert_eq!(silenced("a.json", &inline("\"iamlint\": {}")), inline(&ignore));
    assert_eq!(silenced("a.json", &inline("\"iamlint\": {\"ignore\": []}")), inline(&ignore));
    let minified = one("").replace(['\n', ' '], "");
    let expected = minified.replace("\"Properties\"", &format!("\"Metadata\": {{{ignore}}}, \"Properties\""));
    assert_eq!(silenced("a.json", &minified), expected);
}

#[test]
fn one_comment_for_what_stands_in_one_line() {
    let text = "Version: '2012-10-17'\nStatement:\n  - Effect: Allow\n    Principal: {AWS: ['arn:aws:iam::464622532012:root', 'arn:aws:iam::597305149021:root', 'arn:aws:iam::597305149022:root']}\n    Action: sts:AssumeRole\n";
    let folder = tree(&[("a.yaml", text)]);
    let rules = ["--isolated", "--profile", "strict", "--select", "missing-external-id,missing-mfa,lint"];
    let before = told(folder.path(), &rules);
    assert!(before.len() > 2, "{before:?}");
    let (after, _) = add(folder.path(), &rules);
    assert_eq!(after, Vec::<String>::new());
    let written = fs::read_to_string(folder.path().join("a.yaml")).expect("it is there");
    assert_eq!(written.matches("iamlint:").count(), 1, "{written}");
    assert!(written.contains("ignore[missing-external-id subject=arn:aws:iam::464622532012:root, missing-external-id"));
}

#[test]
fn what_has_no_place_in_its_file_goes_into_the_configuration() {
    let start = "# ours\nprofile = \"strict\"";
    let folder = tree(&[("iamlint.toml", start), ("dumps/roles.json", DUMP), ("open.json", OPEN)]);
    let rules = ["--select", "wildcard-principal,lint"];
    let (after, run) = add(folder.path(), &rules);
    assert_eq!((after, run.code), (vec![], 0), "{}", run.stderr);
    let config = fs::read_to_string(folder.path().join("iamlint.toml")).expect("it is there");
    assert!(config.starts_with(&format!("{start}\n\n[[ignore]]\nrule = \"wildcard-principal\"\npath = ")), "{config}");
    assert!(config.contains("path = \"./open.json\"\nsubject = \"*\"\nreason = \"accepted: the owner is told\"\n"));
    assert!(config.contains("resource = \"arn:aws:iam::294750163881:role/a\"\nsid = \"One\"\nsubject = \"*\"\n"));
    assert_eq!(config.matches("[[ignore]]").count(), 3);
    assert_eq!(fs::read_to_string(folder.path().join("open.json")).expect("it is there"), OPEN);
    let project = tree(&[("pyproject.toml", "[tool.iamlint]\nprofile = 'strict'\n"), ("open.json", OPEN)]);
    assert_eq!(add(project.path(), &rules).0, Vec::<String>::new());
    let written = fs::read_to_string(project.path().join("pyproject.toml")).expect("it is there");
    assert!(written.contains("\n[[tool.iamlint.ignore]]\nrule = \"wildcard-principal\"\n"), "{written}");
    // Without a file it is shown what to write.
    let none = tree(&[("open.json", OPEN)]);
    let (after, run) = add(none.path(), &rules);
    assert_eq!((after, run.code), (vec!["open.json:1 wildcard-principal".to_owned()], 1));
    let toml = run.stderr.split("`iamlint.toml`:\n\n").nth(1).expect("the table is shown");
    assert_eq!(files(none.path()).len(), 1);
    fs::write(none.path().join("iamlint.toml"), toml).expect("it is written");
    assert_eq!(told(none.path(), &rules), Vec::<String>::new(), "what is shown works");
}

#[test]
fn what_is_not_written() {
    let yaml = with(YAML, 0, "");
    let folder = tree(&[("a.yaml", &yaml)]);
    for (args, message) in [
        (&["--add-ignore=--", "a.yaml"][..], "give a reason"),
        (&["--add-ignore", "two\nlines", "a.yaml"], "give a reason"),
        (&["--add-ignore", "x", "--no-suppress", "a.yaml"], "cannot be used with"),
    ] {
        let run = run(folder.path(), &[&["check", "--isolated"], args].concat());
        assert_eq!(run.code, 2, "{args:?}");
        assert!(run.stderr.contains(message), "{}", run.stderr);
    }
    let stdin = run_with_stdin(folder.path(), &["check", "--isolated", "--add-ignore", "x", "-"], yaml.as_bytes());
    assert_eq!(stdin.code, 2);
    assert!(stdin.stderr.contains("--add-ignore writes into files"), "{}", stdin.stderr);
    assert_eq!(fs::read_to_string(folder.path().join("a.yaml")).expect("it is there"), yaml);
    // Rules that may not be silenced, beside others.
    let config = "[rules.wildcard-principal]\nignorable = false\n";
    let folder = tree(&[("iamlint.toml", config), ("a.yaml", &yaml)]);
    let (after, run) = add(folder.path(), &["--select", "wildcard-principal,lint"]);
    assert_eq!((after, run.code), (vec!["a.yaml:8 wildcard-principal".to_owned()], 1));
    assert!(run.stderr.contains("a.yaml: `wildcard-principal` may not be silenced"), "{}", run.stderr);
    assert_eq!(fs::read_to_string(folder.path().join("a.yaml")).expect("it is there"), yaml);
}

#[cfg(unix)]
#[test]
fn a_file_that_may_not_be_written_to_is_left() {
    use std::os::unix::fs::PermissionsExt as _;
    let yaml = with(YAML, 0, "");
    let folder = tree(&[("a.yaml", &yaml), ("b.yaml", &yaml)]);
    let mode = |name: &str, mode: u32| {
        fs::set_permissions(folder.path().join(name), fs::Permissions::from_mode(mode)).expect("it is ours");
    };
    mode("a.yaml", 0o444);
    mode("b.yaml", 0o640);
    let (after, run) = add(folder.path(), &["--isolated", "--select", "wildcard-principal,lint"]);
    assert_eq!(run.code, 2);
    assert_eq!(after, ["a.yaml:8 wildcard-principal"]);
    assert!(run.stderr.contains("a.yaml: left as it is: it may not be written to"), "{}", run.stderr);
    let metadata = fs::metadata(folder.path().join("b.yaml")).expect("it is there");
    assert_eq!(metadata.permissions().mode() & 0o777, 0o640);
    assert_eq!(suppressed(folder.path(), &["--isolated", "--select", "wildcard-principal"]), 1);
}
