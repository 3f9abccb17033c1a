//! `iamlint diff`: two versions of real files, in folders and in the history of a git repository.

mod common;

use common::{CLOSED, OPEN, Run, command, run, tree};
use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// `git`, free of the configuration of whoever runs the tests.
fn git(folder: &Path, args: &[&str]) {
    let output = Command::new("git")
        .current_dir(folder)
        .args(["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"])
        .args(args)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .output()
        .expect("git runs");
    assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A repository whose only commit holds these files.
fn repository(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tree(files);
    git(folder.path(), &["init", "--quiet", "--initial-branch=main"]);
    git(folder.path(), &["add", "--all"]);
    git(folder.path(), &["commit", "--quiet", "--message=first"]);
    folder
}

fn write(folder: &Path, path: &str, text: &str) {
    std::fs::write(folder.join(path), text).expect("a file");
}

/// A template with one role, whose trust policy has these statements in YAML flow style.
fn template(statements: &[&str]) -> String {
    let statements: String = statements.iter().map(|one| format!("          - {one}\n")).collect();
    format!(
        "AWSTemplateFormatVersion: '2010-09-09'\nResources:\n  CiRole:\n    Type: AWS::IAM::Role\n    Properties:\n      \
         AssumeRolePolicyDocument:\n        Version: '2012-10-17'\n        Statement:\n{statements}"
    )
}

const ALICE: &str = "arn:aws:iam::111122223333:user/alice";
const BOB: &str = "arn:aws:iam::444455556666:user/bob";

fn allow(principals: &str, condition: &str) -> String {
    format!("{{Effect: Allow, Principal: {{AWS: [{principals}]}}, Action: 'sts:AssumeRole'{condition}}}")
}

/// What a change gives from the narrow to the wide version, and back.
#[track_caller]
fn widened(narrow: &str, wide: &str, said: &[&str]) {
    let folder = repository(&[("infra/roles.yaml", narrow)]);
    let path = folder.path();
    let diff = |fail_on: &str| run(path, &["diff", "--base", "HEAD", "--fail-on", fail_on]);
    let codes = || ["gained", "lost", "any", "never"].map(|fail_on| diff(fail_on).code);

    write(path, "infra/roles.yaml", wide);
    let run = diff("gained");
    assert!(run.stdout.starts_with("infra/roles.yaml:7:9: Resources.CiRole (trust)\n  gained  "), "{}", run.shown());
    assert!(run.stdout.ends_with("  lost    nothing\n"), "{}", run.shown());
    for word in said {
        assert!(run.stdout.contains(word), "{word}: {}", run.shown());
    }
    assert_eq!(
        run.stderr.trim(),
        "compared 1 policy: 1 gained access, 0 lost access, 0 not certain, 0 equal",
        "{}",
        run.shown()
    );
    assert_eq!(codes(), [1, 0, 1, 0]);

    git(path, &["commit", "--quiet", "--all", "--message=wide"]);
    write(path, "infra/roles.yaml", narrow);
    let run = diff("lost");
    assert!(run.stdout.contains("  gained  nothing\n  lost    "), "{}", run.shown());
    for word in said {
        assert!(run.stdout.contains(word), "{word}: {}", run.shown());
    }
    assert_eq!(codes(), [0, 1, 1, 0]);
    assert_eq!(common::run(path, &["diff", "--base", "HEAD~1"]).stdout, "", "back to the first version");
}

#[test]
fn a_principal_is_added() {
    let narrow = template(&[&allow(ALICE, "")]);
    let wide = template(&[&allow(&format!("{ALICE}, {BOB}"), "")]);
    widened(&narrow, &wide, &[&format!("{BOB} can sts:AssumeRole"), "by statement #1 at "]);
}

#[test]
fn a_condition_is_dropped() {
    let condition = ", Condition: {StringEquals: {'sts:ExternalId': k7Qd-2290}}";
    let (narrow, wide) = (template(&[&allow(ALICE, condition)]), template(&[&allow(ALICE, "")]));
    widened(&narrow, &wide, &[&format!("{ALICE} can sts:AssumeRole"), "no sts:ExternalId"]);
}

#[test]
fn an_exact_value_becomes_a_pattern() {
    let provider = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com";
    let statement = |operator: &str, subject: &str| {
        format!(
            "{{Effect: Allow, Principal: {{Federated: '{provider}'}}, Action: 'sts:AssumeRoleWithWebIdentity', Condition: \
             {{StringEquals: {{'token.actions.githubusercontent.com:aud': sts.amazonaws.com}}, \
             {operator}: {{'token.actions.githubusercontent.com:sub': '{subject}'}}}}}}"
        )
        // One operator can stand only once.
        .replace(
            "sts.amazonaws.com}, StringEquals: {",
            "sts.amazonaws.com, ",
        )
    };
    let narrow = template(&[&statement("StringEquals", "repo:example-org/app:ref:refs/heads/main")]);
    let wide = template(&[&statement("StringLike", "repo:example-org/app:*")]);
    widened(&narrow, &wide, &[provider, "token.actions.githubusercontent.com:sub = repo:example-org/app:"]);
}

#[test]
fn a_deny_is_removed() {
    let open = allow("'*'", ", Condition: {StringEquals: {'aws:PrincipalOrgID': o-a1b2c3d4e5}}");
    let deny = "{Sid: NoGuests, Effect: Deny, Principal: '*', Action: 'sts:AssumeRole', Condition: \
                {StringEquals: {'aws:PrincipalTag/team': guests}}}";
    widened(&template(&[&open, deny]), &template(&[&open]), &["aws:PrincipalTag/team = guests"]);
}

#[test]
fn other_words_for_the_same_are_equal() {
    let old = template(&[
        &allow(&format!("{ALICE}, {BOB}"), ", Condition: {StringEquals: {'sts:ExternalId': [b, a]}}"),
        &allow(ALICE, ", Condition: {StringEquals: {'sts:ExternalId': a}}"),
    ]);
    let folder = repository(&[("roles.yaml", &old)]);
    let new = "Resources:\n  CiRole:\n    Type: AWS::IAM::Role\n    Properties:\n      AssumeRolePolicyDocument:\n        \
               Statement:\n        - Sid: One\n          Action: [sts:AssumeRole]\n          Effect: Allow\n          \
               Condition: {ForAnyValue:StringLike: {'STS:externalid': [a, b]}}\n          Principal:\n            \
               AWS:\n            - arn:aws:iam::444455556666:user/bob\n            - arn:aws:iam::111122223333:user/alice\n        \
               Version: '2012-10-17'\n";
    write(folder.path(), "roles.yaml", new);
    let run = |args: &[&str]| common::run(folder.path(), &[&["diff", "--base", "main"], args].concat());
    let quiet = run(&["--fail-on", "any"]);
    assert_eq!((quiet.stdout.as_str(), quiet.code), ("", 0), "{}", quiet.shown());
    assert_eq!(
        quiet.stderr.trim(),
        "compared 1 policy: 0 gained access, 0 lost access, 0 not certain, 1 equal (1 written differently)"
    );
    let verbose = run(&["-v"]);
    assert!(verbose.stdout.contains("Resources.CiRole (trust): written differently, allows exactly the same"));
    let json: Value = serde_json::from_str(&run(&["--format", "json"]).stdout).expect("valid JSON");
    assert_eq!(json["policies"][0]["status"], "equal");
    assert_eq!(json["summary"]["rewritten"], 1);
}

#[test]
fn files_come_go_and_move() {
    let role = template(&[&allow(ALICE, "")]);
    let folder = repository(&[("gone.json", OPEN), ("old.yaml", &role), ("same.json", CLOSED), ("notes.json", "{}")]);
    let path = folder.path();
    std::fs::remove_file(path.join("gone.json")).expect("it was there");
    std::fs::rename(path.join("old.yaml"), path.join("new.yaml")).expect("it was there");
    write(path, "added.json", CLOSED);
    write(path, ".gitignore", "ignored.json\n");
    write(path, "ignored.json", OPEN);
    let run = |args: &[&str]| common::run(path, &[&["diff", "--base", "HEAD"], args].concat());
    let shown = run(&["-v"]);
    assert!(shown.stdout.contains("added.json:1:1: (trust), added\n  gained  ec2.amazonaws.com can sts:AssumeRole"));
    assert!(shown.stdout.contains("HEAD:gone.json:1:1: (trust), removed\n  gained  nothing\n  lost    "));
    assert!(
        shown.stdout.contains("Resources.CiRole (trust), moved from HEAD:old.yaml: unchanged"),
        "{}",
        shown.shown()
    );
    assert!(!shown.stdout.contains("same.json") && !shown.stdout.contains("ignored.json"), "{}", shown.shown());
    assert_eq!(run(&["added.json", "--fail-on", "lost"]).code, 0, "one of the files");
    assert_eq!(run(&["gone.json"]).code, 0, "it lost everything and gained nothing");
    assert_eq!(run(&["gone.json", "--fail-on", "lost"]).code, 1);
    assert_eq!(run(&["ignored.json"]).code, 1, "a file that is named is read");
}

#[test]
fn a_version_that_cannot_be_read_stops_only_its_file() {
    let role = template(&[&allow(ALICE, "")]);
    let folder = repository(&[("a.yaml", &role), ("broken.json", OPEN)]);
    let path = folder.path();
    write(path, "a.yaml", &template(&[&allow(&format!("{ALICE}, {BOB}"), "")]));
    write(path, "broken.json", &OPEN[..OPEN.len() - 2]);
    let shown = run(path, &["diff", "--base", "HEAD", "--fail-on", "never"]);
    assert!(shown.stdout.contains(BOB), "{}", shown.shown());
    assert!(shown.stderr.contains("iamlint: not compared: broken.json:1:"), "{}", shown.shown());
    assert!(!shown.stdout.contains("broken.json"), "nothing is said to be removed");
    assert_eq!(shown.code, 2);

    git(path, &["commit", "--quiet", "--all", "--message=broken"]);
    write(path, "broken.json", OPEN);
    let shown = run(path, &["diff", "--base", "HEAD"]);
    assert!(shown.stderr.contains("iamlint: not compared: HEAD:broken.json:1:"), "{}", shown.shown());
    assert_eq!(shown.code, 2);

    // It parses, and IAM would not take it.
    write(path, "broken.json", &OPEN.replace("\"Effect\"", "\"Efect\""));
    git(path, &["checkout", "--quiet", "HEAD~1", "--", "a.yaml"]);
    let shown = run(path, &["diff", "--base", "HEAD~1"]);
    assert!(shown.stderr.contains("did you mean `Effect`?"), "{}", shown.shown());
    assert_eq!(shown.code, 2);
}

#[test]
fn folders_are_compared_by_path_and_address() {
    let two = |principal: &str| {
        format!(
            "{}  Other:\n    Type: AWS::IAM::Role\n    Properties:\n      AssumeRolePolicyDocument:\n        Version: '2012-10-17'\n        \
                 Statement: {{Effect: Allow, Principal: {{Service: {principal}}}, Action: 'sts:AssumeRole'}}\n",
            template(&[&allow(ALICE, "")])
        )
    };
    let folder = tree(&[
        ("old/roles.yaml", &two("ec2.amazonaws.com")),
        ("old/deep/one.json", CLOSED),
        ("new/roles.yaml", &two("ecs-tasks.amazonaws.com")),
        ("new/deep/one.json", OPEN),
    ]);
    let shown = run(folder.path(), &["diff", "old", "new", "-v"]);
    assert!(shown.stdout.contains("new/deep/one.json:1:1: (trust)\n  gained  "), "{}", shown.shown());
    assert!(shown.stdout.contains("new/roles.yaml:7:9: Resources.CiRole (trust): unchanged"), "{}", shown.shown());
    assert!(shown.stdout.contains("  gained  ecs-tasks.amazonaws.com can sts:AssumeRole"), "{}", shown.shown());
    assert!(shown.stdout.contains("  lost    ec2.amazonaws.com can sts:AssumeRole"), "{}", shown.shown());
    assert_eq!(shown.code, 1);
    let files = run(folder.path(), &["diff", "old/deep/one.json", "new/deep/one.json"]);
    assert_eq!(files.code, 1);
    let mixed = run(folder.path(), &["diff", "old", "new/deep/one.json"]);
    assert_eq!((mixed.stderr.as_str(), mixed.code), ("iamlint: OLD and NEW must be two files or two folders\n", 2));
    let missing = run(folder.path(), &["diff", "old", "nowhere"]);
    assert_eq!((missing.stderr.as_str(), missing.code), ("iamlint: nowhere: no such file or directory\n", 2));
    assert_eq!(run(folder.path(), &["diff", "old"]).code, 2);
}

#[test]
fn what_is_not_known_is_not_called_equal() {
    let parameter = |default: &str, more: &str| {
        let role = template(&[&allow(&format!("!Ref Partner{more}"), "")]);
        format!("Parameters:\n  Partner: {{Type: String, Default: '{default}'}}\n{role}")
    };
    let folder = repository(&[("roles.yaml", &parameter(ALICE, ""))]);
    let diff = |args: &[&str]| common::run(folder.path(), &[&["diff", "--base", "HEAD"], args].concat());
    // The same parameter is the same caller; what is new is told.
    write(folder.path(), "roles.yaml", &parameter(ALICE, &format!(", {BOB}")));
    let shown = diff(&[]);
    assert!(shown.stdout.contains(&format!("  gained  perhaps {BOB} can sts:AssumeRole\n")), "{}", shown.shown());
    assert!(
        shown.stdout.contains("not certain: it depends on a value that is not known: `Partner`\n  lost    nothing")
    );
    // Another default is perhaps another caller.
    write(folder.path(), "roles.yaml", &parameter(BOB, ""));
    let shown = diff(&["--fail-on", "gained"]);
    assert!(
        shown.stdout.contains("not certain: it depends on `Partner`, which is defined differently"),
        "{}",
        shown.shown()
    );
    assert_eq!((shown.code, diff(&["--fail-on", "never"]).code), (1, 0));
    // Another parameter is not known to be the same.
    write(folder.path(), "roles.yaml", &parameter(ALICE, "").replace("Partner", "Friend"));
    let shown = diff(&["--format", "json"]);
    let json: Value = serde_json::from_str(&shown.stdout).expect("valid JSON");
    assert_eq!(json["policies"][0]["changes"][0]["gained"]["answer"], "possibly", "{}", shown.shown());
    assert_eq!((json["summary"]["uncertain"].clone(), shown.code), (1.into(), 1));
}

#[test]
fn conditions_of_a_template_are_told() {
    let role = |principal: &str| {
        let role = template(&[&allow(principal, "")]);
        format!("Conditions:\n  Open: !Equals [!Ref 'AWS::Region', eu-west-1]\n{role}")
    };
    let folder = repository(&[("roles.yaml", &role(ALICE))]);
    write(folder.path(), "roles.yaml", &role(&format!("!If [Open, '{BOB}', '{ALICE}']")));
    let shown = run(folder.path(), &["diff", "--base", "HEAD"]);
    assert!(shown.stdout.contains("Resources.CiRole (trust), when condition `Open` is true\n"), "{}", shown.shown());
    assert_eq!(shown.stdout.matches("gained").count(), 1, "{}", shown.shown());
    assert!(shown.stdout.contains(&format!("lost    {ALICE}")), "{}", shown.shown());
}

#[test]
fn json_is_as_documented() {
    let condition = ", Condition: {StringEquals: {'sts:ExternalId': k7Qd-2290}}";
    let folder = repository(&[("roles.yaml", &template(&[&allow(ALICE, condition)]))]);
    write(folder.path(), "roles.yaml", &template(&[&allow(ALICE, "")]));
    let shown = run(folder.path(), &["diff", "--base", "HEAD", "--format", "json", "--quiet"]);
    let json: Value = serde_json::from_str(&shown.stdout).expect("valid JSON");
    assert_eq!((&json["version"], &json["base"]), (&1.into(), &"HEAD".into()));
    let policy = &json["policies"][0];
    assert_eq!(policy["new"], serde_json::json!({"path": "roles.yaml", "line": 7, "column": 9}));
    assert_eq!(policy["old"]["path"], "HEAD:roles.yaml");
    assert_eq!((&policy["kind"], &policy["status"]), (&"trust".into(), &"changed".into()));
    let gained = &policy["changes"][0]["gained"];
    let request = &gained["requests"][0];
    assert_eq!((&gained["answer"], &gained["more"]), (&"yes".into(), &false.into()));
    assert_eq!(request["principal"], serde_json::json!({"type": "user", "name": ALICE}));
    assert_eq!(request["action"], "sts:AssumeRole");
    assert_eq!(request["context"]["sts:ExternalId"], Value::Null);
    assert_eq!(request["statement"]["index"], 0);
    assert_eq!(policy["changes"][0]["lost"]["answer"], "never");
    let documented = std::fs::read_to_string(common::root().join("docs/diff-output.md")).expect("the page");
    for member in members(&json) {
        // The context has the keys of IAM, a place of conditions the names of the template.
        assert!(member.contains(':') || documented.contains(&format!("`{member}`")), "`{member}` is not documented");
    }
}

/// The names of all members of all objects.
fn members(value: &Value) -> Vec<String> {
    match value {
        Value::Object(map) => {
            map.iter().flat_map(|(key, value)| [vec![key.clone()], members(value)].concat()).collect()
        }
        Value::Array(items) => items.iter().flat_map(members).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn git_that_cannot_help_is_a_clear_error() {
    let outside = tree(&[("a.json", OPEN)]);
    let fails = |run: Run, said: &str| {
        assert!(run.stderr.contains(said) && run.stdout.is_empty() && run.code == 2, "{said}: {}", run.shown());
    };
    let mut away = command(outside.path());
    // A folder of the tests may itself lie in a repository.
    away.env("GIT_CEILING_DIRECTORIES", outside.path().parent().expect("it has one"));
    let output = away.args(["diff", "--base", "HEAD"]).output().expect("it runs");
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(error.contains("--base needs a git repository") && output.status.code() == Some(2), "{error}");

    let folder = repository(&[("infra/a.json", OPEN)]);
    let path = folder.path();
    fails(run(path, &["diff", "--base", "nowhere"]), "--base: unknown revision `nowhere`");
    fails(run(path, &["diff", "--base=--help"]), "--base: unknown revision `--help`");
    fails(run(path, &["diff", "--base", "HEAD", "b.json"]), "b.json: neither in the working tree nor in the revision");
    fails(run(path, &["diff"]), "expected OLD and NEW, or --base REV");
    let mut lonely = command(path);
    let output = lonely.args(["diff", "--base", "HEAD"]).env("PATH", "").output().expect("it runs");
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(error.contains("the program `git`") && output.status.code() == Some(2), "{error}");
    // Nothing changed, seen from a folder inside.
    let inside = run(&path.join("infra"), &["diff", "--base", "HEAD"]);
    assert_eq!((inside.stdout.as_str(), inside.code), ("", 0), "{}", inside.shown());
    write(path, "infra/a.json", CLOSED);
    let inside = run(&path.join("infra"), &["diff", "--base", "HEAD", "a.json"]);
    assert!(inside.stdout.starts_with("a.json:1:1: (trust)"), "{}", inside.shown());
}
