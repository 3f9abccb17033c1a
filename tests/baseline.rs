//! Accepting findings in a baseline, and what becomes of them.

mod common;

use common::{CLOSED, OPEN, Run, command, run, tree};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use tempfile::TempDir;

const BASELINE: &str = "iamlint-baseline.toml";

fn policy(statements: &str) -> String {
    format!("{{\"Version\": \"2012-10-17\", \"Statement\": [{statements}]}}")
}

/// A statement that lets principals assume a role, with more of its members.
fn allow(principals: &str, more: &str) -> String {
    format!(r#"{{"Effect": "Allow", "Principal": {{"AWS": {principals}}}, "Action": "sts:AssumeRole"{more}}}"#)
}

/// Anyone whose role has a name that fits.
fn partners(names: &str) -> String {
    allow("\"*\"", &format!(r#", "Condition": {{"ArnLike": {{"aws:PrincipalArn": "arn:aws:iam::*:role/{names}"}}}}"#))
}

const VENDOR: &str = "\"arn:aws:iam::618273945102:root\"";
const OTHER: &str = "\"arn:aws:iam::803914726655:root\"";

fn write(folder: &TempDir, path: &str, text: &str) {
    let path = folder.path().join(path);
    fs::create_dir_all(path.parent().expect("it has one")).expect("a folder");
    fs::write(path, text).expect("a file");
}

fn read(folder: &TempDir, path: &str) -> String {
    fs::read_to_string(folder.path().join(path)).expect("it is there")
}

fn edit(folder: &TempDir, path: &str, from: &str, to: &str) {
    let text = read(folder, path);
    assert!(text.contains(from), "{path} has no {from}");
    write(folder, path, &text.replacen(from, to, 1));
}

fn baseline(folder: &TempDir, args: &[&str]) -> Run {
    run_on("2026-11-22", folder, &[&["baseline"], args].concat())
}

/// Run on some day.
fn run_on(day: &str, folder: &TempDir, args: &[&str]) -> Run {
    let seconds = match day {
        "2026-11-22" => "1795305600",
        "2027-01-31" => "1801353600",
        other => panic!("{other}"),
    };
    let mut command = command(folder.path());
    let output = command.env("SOURCE_DATE_EPOCH", seconds).args(args).output().expect("it runs");
    Run {
        stdout: String::from_utf8(output.stdout).expect("UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("UTF-8"),
        code: output.status.code().expect("it ends"),
    }
}

fn created(folder: &TempDir) -> String {
    let run = baseline(folder, &["create"]);
    assert_eq!((run.code, run.stdout.as_str()), (0, ""), "{}", run.stderr);
    read(folder, BASELINE)
}

fn check(folder: &TempDir, args: &[&str]) -> Run {
    run(folder.path(), &[&["check", "--baseline", BASELINE], args].concat())
}

/// What a check with the baseline tells, as `state rule path`, and its exit code.
fn told(folder: &TempDir) -> (Vec<String>, i32) {
    let run = check(folder, &["--format", "json", "--quiet"]);
    let report: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{}", run.stderr));
    let text = |finding: &Value, key: &str| finding[key].as_str().expect("text").to_owned();
    let findings = report["findings"].as_array().expect("a list").iter();
    let shown = findings.map(|one| format!("{} {} {}", text(one, "baseline"), text(one, "rule"), text(one, "path")));
    (shown.collect(), run.code)
}

fn assert_quiet(folder: &TempDir, why: &str) {
    let run = check(folder, &["--format", "concise"]);
    assert_eq!((run.stdout.as_str(), run.code), ("", 0), "{why}");
    assert!(!run.stderr.contains("stale"), "{why}: {}", run.stderr);
}

/// The states of the entries, as `state rule`.
fn states(folder: &TempDir, args: &[&str]) -> Vec<String> {
    let run = baseline(folder, &[&["show", "--format", "json"], args].concat());
    assert_eq!(run.code, 0, "{}", run.stderr);
    let shown: Value = serde_json::from_str(&run.stdout).expect("JSON");
    let text = |entry: &Value, key: &str| entry[key].as_str().expect("text").to_owned();
    let entries = shown["entries"].as_array().expect("a list").iter();
    entries.map(|entry| format!("{} {}", text(entry, "state"), text(entry, "rule"))).collect()
}

/// An old repository with 50 findings: raw JSON, YAML, a template, Terraform.
fn repository() -> TempDir {
    let folder = tree(&[]);
    for number in 0..10 {
        // Two findings each: no ExternalId, no MFA.
        write(&folder, &format!("roles/vendor-{number}.json"), &policy(&allow(VENDOR, "")));
    }
    for number in 0..5 {
        let pass = r#"{"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"}"#;
        write(&folder, &format!("policies/deploy-{number}.json"), &policy(pass));
        let admin = "Version: '2012-10-17'\nStatement:\n  - Effect: Allow\n    Action: '*'\n    Resource: '*'\n";
        write(&folder, &format!("policies/admin-{number}.yaml"), admin);
    }
    let resources: String = (0..10).map(|number| resource(&format!("Role{number}"))).collect();
    write(&folder, "infra/template.yaml", &format!("Parameters:\n  Bucket: {{Type: String}}\nResources:\n{resources}"));
    let roles: String = (0..10).map(|number| terraform_role(&format!("role_{number}"), "partner-*")).collect();
    write(&folder, "terraform/main.tf", &roles);
    folder
}

/// A role of a template that anyone can assume.
fn resource(name: &str) -> String {
    format!(
        "  {name}:\n    Type: AWS::IAM::Role\n    Properties:\n      AssumeRolePolicyDocument:\n        Version: '2012-10-17'\n        \
         Statement:\n          - Effect: Allow\n            Principal: {{AWS: '*'}}\n            Action: sts:AssumeRole\n      \
         Policies:\n        - PolicyName: read\n          PolicyDocument:\n            Version: '2012-10-17'\n            \
         Statement:\n              - {{Effect: Allow, Action: 's3:GetObject', Resource: !Sub 'arn:aws:s3:::${{Bucket}}/*'}}\n"
    )
}

/// A role of Terraform that roles with some names can assume, of any account.
fn terraform_role(name: &str, names: &str) -> String {
    format!(
        "resource \"aws_iam_role\" \"{name}\" {{\n  name = \"{name}\"\n  assume_role_policy = jsonencode({{\n    Version = \"2012-10-17\"\n    \
         Statement = [{{\n      Effect    = \"Allow\"\n      Principal = {{ AWS = \"*\" }}\n      Action    = \"sts:AssumeRole\"\n      \
         Condition = {{ ArnLike = {{ \"aws:PrincipalArn\" = \"arn:aws:iam::*:role/{names}\" }} }}\n    }}]\n  }})\n}}\n"
    )
}

/// An old repository takes iamlint up; then a pull request adds a hole and widens one that was accepted, among much that
/// changes nothing. These two are told, and nothing else.
#[test]
fn an_old_repository_takes_it_up() {
    let folder = repository();
    let before = run(folder.path(), &["check", "--format", "json"]);
    assert!(before.stderr.starts_with("40 findings "), "{}", before.stderr);
    let file = created(&folder);
    assert_eq!(file.matches("[[accepted]]").count(), 40);
    let quiet = check(&folder, &[]);
    assert_eq!((quiet.stdout.as_str(), quiet.code), ("", 0));
    assert!(quiet.stderr.starts_with("no findings ") && quiet.stderr.contains("; 40 suppressed; "), "{}", quiet.stderr);

    edit(&folder, "infra/template.yaml", "Resources:\n", &format!("Resources:\n{}", resource("NewRole")));
    edit(&folder, "terraform/main.tf", "role/partner-*", "role/*");
    // What changes nothing: another order, other words, another place, less access.
    write(&folder, "roles/vendor-0.json", &policy(&format!("\n\n{}\n", allow(&format!("[{VENDOR}]"), ""))));
    write(
        &folder,
        "policies/admin-0.yaml",
        "Statement: [{Resource: ['*'], Action: ['*'], Effect: Allow}]\nVersion: '2012-10-17'\n",
    );
    edit(
        &folder,
        "policies/deploy-1.json",
        "\"*\"}",
        "\"*\", \"Condition\": {\"Bool\": {\"aws:SecureTransport\": \"true\"}}}",
    );

    let (told, code) = told(&folder);
    let expected =
        ["new wildcard-principal infra/template.yaml", "updated public-through-conditions terraform/main.tf"];
    assert_eq!((told, code), (expected.map(str::to_owned).to_vec(), 1));

    // Each format tells these two, with the requests that show them, and the exit code is the same.
    let json: Value = serde_json::from_str(&check(&folder, &["--format", "json", "--quiet"]).stdout).expect("JSON");
    let witness =
        |at: usize| json["findings"][at]["witness"]["principal"]["arn"].as_str().expect("a caller").to_owned();
    assert!(witness(0).starts_with("arn:aws:iam::999999999999:"), "{json:#}");
    let grown = witness(1);
    assert!(grown.contains("role/") && !grown.contains("partner-"), "{grown}");
    let why = json["findings"][1]["why"].as_str().expect("it says why");
    assert!(why.starts_with(&format!("beyond what was accepted, sts:AssumeRole by {grown}")), "{why}");
    let message = json["findings"][1]["message"].as_str().expect("text");
    assert!(message.ends_with("; it allows more than was accepted on 2026-11-22"), "{message}");

    let run = check(&folder, &["--format", "sarif", "--quiet"]);
    assert_eq!(run.code, 1);
    let sarif: Value = serde_json::from_str(&run.stdout).expect("JSON");
    let results = sarif["runs"][0]["results"].as_array().expect("a list");
    let of = |result: &Value| {
        let flow = &result["codeFlows"][0]["message"]["text"];
        (
            result["ruleId"].clone(),
            result["baselineState"].clone(),
            flow.as_str().expect("a witness").contains("is allowed"),
        )
    };
    let expected = [
        (json!("wildcard-principal"), json!("new"), true),
        (json!("public-through-conditions"), json!("updated"), true),
    ];
    assert_eq!(results.iter().map(of).collect::<Vec<_>>(), expected);

    let run = check(&folder, &["--format", "github", "--quiet"]);
    let annotations: Vec<&str> = run.stdout.lines().filter(|line| line.starts_with("::error ")).collect();
    assert_eq!((run.code, annotations.len(), run.stdout.matches("::error").count()), (1, 2, 2), "{}", run.stdout);
    assert!(annotations[0].contains("infra/template.yaml") && annotations[1].contains("terraform/main.tf"));
    assert!(annotations[1].contains(&grown), "{}", annotations[1]);

    for format in &iamlint::report::ALL {
        assert_eq!(check(&folder, &["--format", format.name]).code, 1, "{}", format.name);
    }
    assert_eq!(check(&folder, &["--fail-on", "never"]).code, 0);

    // They are accepted as well, and the next run is quiet.
    let run = baseline(&folder, &["create", "--update"]);
    assert_eq!(run.stderr, format!("iamlint: {BASELINE}: 41 entries; 1 added, 1 that grew accepted anew\n"));
    assert_quiet(&folder, "everything is accepted");
}

#[test]
fn the_same_findings_give_the_same_bytes() {
    let folder = repository();
    let first = created(&folder);
    assert!(!first.contains(folder.path().to_str().expect("UTF-8")), "no absolute path");
    for threads in ["1", "8"] {
        let mut again = command(folder.path());
        again.env("SOURCE_DATE_EPOCH", "1795305600").env("RAYON_NUM_THREADS", threads);
        let output = again.args(["baseline", "create", "--force"]).output().expect("it runs");
        assert_eq!(output.status.code(), Some(0));
        assert_eq!(read(&folder, BASELINE), first);
    }
    // On another day, what was accepted keeps its day.
    for args in [&["baseline", "create", "--update"][..], &["baseline", "prune"]] {
        assert_eq!(run_on("2027-01-31", &folder, args).code, 0);
        assert_eq!(read(&folder, BASELINE), first, "{args:?}");
    }
    let other = run_on("2027-01-31", &folder, &["baseline", "create", "--force"]);
    assert_eq!(other.code, 0);
    assert_eq!(read(&folder, BASELINE), first.replace("2026-11-22", "2027-01-31"));
}

#[test]
fn the_file_is_made_to_be_read() {
    let folder = tree(&[("iam/partner.json", &policy(&partners("upload")))]);
    let expected = "\
version = 1

[[accepted]]
rule = \"public-through-conditions\"
path = \"iam/partner.json\"
subject = \"aws:PrincipalArn\"
message = \"anyone in any AWS account can meet the condition on `aws:PrincipalArn` and assume this role\"
accepted = 2026-11-22
reason = \"partners, until March \\u2014 ask \\\"Ann\\\"\"
fingerprint = \"7e9d8cb62af41a02dcc1becdd295de79\"
kind = \"trust\"
access = '''
{\"Version\": \"2012-10-17\", \"Statement\": [
  {\"Effect\": \"Allow\", \"Principal\": {\"AWS\": \"*\"}, \"Action\": \"sts:AssumeRole\", \"Condition\": {\"ArnLike\": {\"aws:PrincipalArn\": \"arn:aws:iam::*:role/upload\"}}}
]}'''
";
    let run = baseline(&folder, &["create", "--reason", "partners, until March — ask \"Ann\""]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let text = read(&folder, BASELINE);
    assert_eq!(text.split_once("version").map(|(_, rest)| format!("version{rest}")).as_deref(), Some(expected));
    assert_quiet(&folder, "it is accepted");
    // Whoever copies it to a system with other line endings, or sets it otherwise, changes nothing.
    write(&folder, BASELINE, &text.replace('\n', "\r\n"));
    assert_quiet(&folder, "other line endings");
    write(
        &folder,
        BASELINE,
        &text.replace("{\"AWS\": \"*\"}, \"Action\"", "{ \"AWS\":[\"*\"] } , \"Sid\": \"A\",\n\"Action\""),
    );
    assert_quiet(&folder, "other words");
}

/// One policy in one file.
fn one(statements: &str) -> TempDir {
    let folder = tree(&[("a.json", &policy(statements))]);
    created(&folder);
    assert_quiet(&folder, "just accepted");
    folder
}

#[test]
fn less_access_is_quiet_and_more_is_shown() {
    let folder = one(&partners("upload-*"));
    for narrower in ["upload-a", "upload-??", "upload-*-*"] {
        write(&folder, "a.json", &policy(&partners(narrower)));
        assert_quiet(&folder, narrower);
    }
    for (wider, witness) in [("upload*", "role/upload"), ("*", "role/")] {
        write(&folder, "a.json", &policy(&partners(wider)));
        let run = check(&folder, &["--quiet"]);
        assert!(
            run.code == 1 && run.stdout.contains("; it allows more than was accepted on 2026-11-22"),
            "{}",
            run.stdout
        );
        let flat = run.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains("why: beyond what was accepted, sts:AssumeRole by "), "{flat}");
        assert!(flat.contains(witness) || flat.contains(&witness.replace("role", "assumed-role")), "{flat}");
    }
    assert_eq!(states(&folder, &[]), ["grown public-through-conditions"]);
}

#[test]
fn a_guard_in_another_statement_counts() {
    let open = partners("*");
    let deny = r#"{"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole", "Condition": {"StringNotEquals": {"aws:PrincipalAccount": ["618273945102", "803914726655"]}}}"#;
    let folder = one(&format!("{open}, {deny}"));
    if read(&folder, BASELINE).contains("[[accepted]]") {
        write(&folder, "a.json", &policy(&format!("{deny}, {open}")));
        assert_quiet(&folder, "another order");
        write(&folder, "a.json", &policy(&format!("{open}, {}", deny.replace(", \"803914726655\"", ""))));
        assert_quiet(&folder, "a stronger guard");
    }
    let folder = one(&format!("{}, {deny}", allow(VENDOR, "")));
    write(
        &folder,
        "a.json",
        &policy(&format!("{}, {}", allow(VENDOR, ""), deny.replace("618273945102", "222233334444"))),
    );
    let run = check(&folder, &["--format", "concise", "--quiet"]);
    assert!(!run.stdout.contains("allows more"), "nobody of the vendor can come in: {}", run.stdout);
}

#[test]
fn a_second_statement_of_the_same_sort_is_new() {
    let folder = one(&partners("upload"));
    write(&folder, "a.json", &policy(&format!("{}, {}", partners("upload"), partners("download"))));
    assert_eq!(told(&folder).0, ["new public-through-conditions a.json"]);
    // Taken apart or put together, they are what they were.
    let ids = |ids: &str| allow("\"*\"", &format!(r#", "Condition": {{"StringLike": {{"sts:ExternalId": {ids}}}}}"#));
    let (apart, both) = (format!("{}, {}", ids("\"a*\""), ids("\"b*\"")), ids("[\"a*\", \"b*\"]"));
    let two = one(&apart);
    assert_eq!(states(&two, &[]).len(), 2);
    write(&two, "a.json", &policy(&both));
    assert_eq!(told(&two), (vec![], 0), "two statements became one");
    let one = one(&both);
    write(&one, "a.json", &policy(&apart));
    assert_quiet(&one, "one statement became two");
}

#[test]
fn a_statement_without_a_finding_is_no_matter() {
    let folder = one(&partners("upload"));
    let closed = r#"{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}"#;
    write(&folder, "a.json", &policy(&format!("{closed}, {}", partners("upload"))));
    assert_quiet(&folder, "the accepted statement grants what it did");
}

#[test]
fn names_of_statements_do_not_matter() {
    let folder = one(&partners("upload").replace("{\"Effect\"", "{\"Sid\": \"Old\", \"Effect\""));
    let renamed = |names: &str| partners(names).replace("{\"Effect\"", "{\"Sid\": \"New\", \"Effect\"");
    write(&folder, "a.json", &policy(&renamed("upload")));
    assert_quiet(&folder, "another Sid");
    write(&folder, "a.json", &policy(&renamed("up")));
    assert_eq!(told(&folder).0, ["new public-through-conditions a.json"], "another Sid, and other access");
    // What the finding is about has another name, and nothing is granted that was not.
    write(
        &folder,
        "a.json",
        &policy(&partners("upload").replace("}}}", "}, \"StringLike\": {\"sts:ExternalId\": \"x*\"}}}")),
    );
    assert_quiet(&folder, "one more condition");
    // Pruning takes the new names over.
    let run = baseline(&folder, &["prune"]);
    assert_eq!(run.stderr, format!("iamlint: {BASELINE}: 1 entry left; 0 dropped, 1 brought up to date\n"));
    let text = read(&folder, BASELINE);
    assert!(
        text.contains("sts:ExternalId") && !text.contains("\"Old\"") && text.contains("accepted = 2026-11-22"),
        "{text}"
    );
    assert_quiet(&folder, "pruned");
}

#[test]
fn a_policy_is_followed_to_another_file_if_it_is_the_same() {
    let folder = one(&partners("upload"));
    fs::rename(folder.path().join("a.json"), folder.path().join("b.json")).expect("it is renamed");
    assert_quiet(&folder, "the file has another name");
    // A copy is another role.
    write(&folder, "a.json", &policy(&partners("upload")));
    assert_eq!(told(&folder).0, ["new public-through-conditions b.json"]);
    // Also if only the copy is looked at, as a hook does.
    let run = check(&folder, &["--format", "concise", "--quiet", "b.json"]);
    assert_eq!(run.code, 1, "{}", run.stdout);
    // Renamed and changed, it is new.
    fs::remove_file(folder.path().join("a.json")).expect("it is removed");
    write(&folder, "b.json", &policy(&partners("up")));
    assert_eq!(told(&folder).0, ["new public-through-conditions b.json"]);
    // Pruning writes the new name down.
    write(&folder, "b.json", &policy(&partners("upload")));
    assert_eq!(baseline(&folder, &["prune"]).code, 0);
    assert!(read(&folder, BASELINE).contains("path = \"b.json\""));
}

#[test]
fn each_policy_of_a_file_needs_an_entry() {
    let document = format!("---\n{}\n", policy(&partners("upload")));
    let folder = tree(&[("a.yaml", &document)]);
    created(&folder);
    write(&folder, "a.yaml", &document.repeat(2));
    assert_eq!(told(&folder).0, ["new public-through-conditions a.yaml"], "two roles without names");
    assert_eq!(baseline(&folder, &["create", "--update"]).code, 0);
    assert_quiet(&folder, "both are accepted");
    write(&folder, "a.yaml", &format!("---\n{}\n{document}", policy(&format!("{0}, {0}", partners("upload")))));
    assert_quiet(&folder, "whatever is said twice of one role");
}

#[test]
fn rules_that_are_not_about_access_are_accepted_as_such() {
    let folder =
        one(r#"{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::a/*", "Comment": "x"}"#);
    assert_eq!(states(&folder, &[]), ["active invalid-element"]);
    write(&folder, "a.json", &policy(r#"{"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Comment": "y"}"#));
    assert_quiet(&folder, "the statement grants more, and the mistake is the same");
    let two = r#"{"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Comment": "y"}, {"Effect": "Allow", "Action": "sqs:*", "Resource": "*", "Comment": "y"}"#;
    write(&folder, "a.json", &policy(two));
    assert_eq!(told(&folder).0, ["new invalid-element a.json"], "the same mistake once more");
    write(&folder, "broken.json", "{\"Statement\": [{\"Effect\": \"Allow\", \"Action\": \n");
    assert_eq!(baseline(&folder, &["create", "--update"]).code, 0);
    assert_quiet(&folder, "a file that cannot be read is accepted too");
}

#[test]
fn longer_sessions_are_more_access() {
    let template = |seconds: &str| {
        let role = resource("Role").replace("AWS: '*'", "AWS: 'arn:aws:iam::618273945102:root'");
        let role =
            role.replace("    Properties:\n", &format!("    Properties:\n      MaxSessionDuration: {seconds}\n"));
        format!("Parameters:\n  Bucket: {{Type: String}}\n  Long: {{Type: Number}}\nResources:\n{role}")
    };
    let folder = tree(&[("a.yaml", &template("36000"))]);
    created(&folder);
    assert!(states(&folder, &[]).contains(&"active excessive-session-duration".to_owned()));
    write(&folder, "a.yaml", &template("32400"));
    assert_quiet(&folder, "shorter");
    write(&folder, "a.yaml", &template("43200"));
    let run = check(&folder, &["--format", "json"]);
    let report: Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(report["findings"].as_array().map(Vec::len), Some(1), "{}", run.stdout);
    assert_eq!(report["findings"][0]["why"], "sessions may last 43200 seconds, and 36000 were accepted");
}

#[test]
fn values_that_are_not_known_stay_what_they_are() {
    let template = |principals: &str, action: &str| {
        format!(
            "Parameters:\n  Vendor: {{Type: String}}\n  Vendors: {{Type: CommaDelimitedList}}\nResources:\n  Role:\n    Type: AWS::IAM::Role\n    Properties:\n      \
             AssumeRolePolicyDocument:\n        Version: '2012-10-17'\n        Statement:\n          - Effect: Allow\n            Principal: {{AWS: {principals}}}\n            \
             Action: {action}\n"
        )
    };
    let accept = |principals: &str| {
        let folder = tree(&[("a.yaml", &template(principals, "['sts:AssumeRole', 'sts:TagSession']"))]);
        assert_eq!(baseline(&folder, &["create", "--profile", "audit"]).code, 0);
        folder
    };
    let grown = |folder: &TempDir| -> Vec<String> {
        let run = check(folder, &["--format", "json", "--quiet", "--profile", "audit"]);
        let report: Value = serde_json::from_str(&run.stdout).expect("JSON");
        let findings = report["findings"].as_array().expect("a list").iter();
        findings
            .filter(|finding| finding["baseline"] == "updated")
            .map(|finding| {
                finding["message"].as_str().expect("text").rsplit_once("; ").expect("two parts").1.to_owned()
            })
            .collect()
    };
    for unknown in ["!Sub 'arn:aws:iam::${Vendor}:root'", "!Ref Vendors"] {
        let both = format!("[{unknown}, '618273945102']");
        let folder = accept(&both);
        let file = read(&folder, BASELINE);
        assert!(file.contains("{\"unknown\": \"Vendor"), "{file}");
        for (principals, action) in
            [(both.as_str(), "sts:AssumeRole"), (unknown, "['sts:AssumeRole', 'sts:TagSession']")]
        {
            write(&folder, "a.yaml", &template(principals, action));
            assert_eq!(grown(&folder), Vec::<String>::new(), "{unknown}: {principals} {action}");
        }
        write(&folder, "a.yaml", &template(&format!("[{unknown}, '618273945102', '803914726655']"), "sts:AssumeRole"));
        let words = grown(&folder);
        assert!(!words.is_empty() && words.iter().all(|words| words.starts_with("it may allow more")), "{words:?}");
        write(&folder, "a.yaml", &template("['*', '618273945102']", "sts:AssumeRole"));
        let words = grown(&folder);
        assert!(!words.is_empty() && words.iter().all(|words| words.starts_with("it ")), "{words:?}");
    }
}

/// A module that is called: what is found in it is told once, and accepted for each call.
#[test]
fn another_call_of_a_module_is_another_role() {
    let module = |names: &str| terraform_role("this", names);
    let call = |name: &str| format!("module \"{name}\" {{\n  source = \"./modules/role\"\n}}\n");
    let folder = tree(&[("main.tf", &call("a")), ("modules/role/main.tf", &module("partner-*"))]);
    let file = created(&folder);
    assert!(file.contains("folder = \".\"") && file.contains("folder = \"modules/role\""), "{file}");
    assert_quiet(&folder, "accepted");
    write(&folder, "main.tf", &format!("{}{}", call("a"), call("b")));
    let (told, code) = told(&folder);
    assert_eq!((told, code), (vec!["new public-through-conditions modules/role/main.tf".to_owned()], 1));
    let run = check(&folder, &["--format", "json", "--quiet"]);
    assert!(run.stdout.contains("module.b.aws_iam_role.this"), "{}", run.stdout);
    // What is looked at decides where it is told, and nothing else.
    write(&folder, "main.tf", &call("a"));
    for path in ["main.tf", "modules"] {
        let run = check(&folder, &["--format", "concise", path]);
        assert_eq!(
            (run.stdout.as_str(), run.code, run.stderr.contains("stale")),
            ("", 0, false),
            "{path}: {}",
            run.stderr
        );
    }
    // The same resource in another file of the folder.
    let text = read(&folder, "modules/role/main.tf");
    write(&folder, "modules/role/roles.tf", &text);
    write(&folder, "modules/role/main.tf", "");
    assert_quiet(&folder, "moved within the folder");
}

#[test]
fn conditions_of_a_template_are_kept_apart() {
    let template = |if_open: &str, otherwise: &str| {
        format!(
            "Conditions:\n  Open: !Equals [!Ref AWS::Region, eu-west-1]\nResources:\n  Role:\n    Type: AWS::IAM::Role\n    Properties:\n      \
             AssumeRolePolicyDocument:\n        Version: '2012-10-17'\n        Statement:\n          - Effect: Allow\n            \
             Principal: {{AWS: !If [Open, {if_open}, {otherwise}]}}\n            Action: sts:AssumeRole\n"
        )
    };
    let folder = tree(&[("a.yaml", &template("'*'", "'arn:aws:iam::294750163881:role/x'"))]);
    let file = created(&folder);
    assert!(file.contains("[[accepted.form]]\nwhen = [{ \"Open\" = true }]\n"), "{file}");
    assert_quiet(&folder, "accepted");
    write(&folder, "a.yaml", &template("'*'", "'*'"));
    let run = check(&folder, &["--format", "concise", "--quiet"]);
    assert!(
        run.code == 1 && run.stdout.contains("wildcard-principal") && run.stdout.contains("more than was accepted"),
        "{}",
        run.stdout
    );
    let everywhere = created_anew(&folder);
    assert!(!everywhere.contains("when"), "{everywhere}");
    write(&folder, "a.yaml", &template("'*'", "'arn:aws:iam::294750163881:role/x'"));
    assert_quiet(&folder, "less");
}

fn created_anew(folder: &TempDir) -> String {
    assert_eq!(baseline(folder, &["create", "--force"]).code, 0);
    read(folder, BASELINE)
}

#[test]
fn what_is_gone_is_listed_and_can_be_dropped() {
    let folder = tree(&[
        ("a.json", &policy(&partners("upload"))),
        ("b.json", &policy(&partners("download"))),
        ("c/c.json", &policy(&partners("other"))),
    ]);
    created(&folder);
    write(&folder, "a.json", CLOSED);
    fs::remove_file(folder.path().join("b.json")).expect("it is removed");
    let run = check(&folder, &[]);
    assert_eq!((run.stdout.as_str(), run.code), ("", 0), "what is gone does not fail");
    let stale: Vec<&str> = run.stderr.lines().filter(|line| line.contains("stale: ")).collect();
    assert_eq!(stale.len(), 2, "{}", run.stderr);
    assert!(
        stale[0].starts_with(&format!("iamlint: {BASELINE}:5: stale: public-through-conditions in a.json: ")),
        "{}",
        stale[0]
    );
    let last =
        format!("iamlint: {BASELINE}: 2 entries whose findings are gone; `iamlint baseline prune` drops what is stale");
    assert!(run.stderr.contains(&last), "{}", run.stderr);
    assert!(!check(&folder, &["--quiet"]).stderr.contains("stale"));
    // What was not looked at is not gone.
    let part = check(&folder, &["c"]);
    assert_eq!(part.stderr.matches("stale: ").count(), 1, "{}", part.stderr);
    let rules = ["--select", "wildcard-principal"];
    assert!(!check(&folder, &rules).stderr.contains("stale"));
    assert!(!check(&folder, &["--min-severity", "critical"]).stderr.contains("in c/c.json"));
    assert_eq!(
        states(&folder, &["c"]),
        ["not-judged", "stale", "active"].map(|state| format!("{state} public-through-conditions"))
    );
    assert_eq!(states(&folder, &rules), ["not-judged public-through-conditions"; 3]);

    assert_eq!(baseline(&folder, &[&["prune"], &rules[..]].concat()).code, 0);
    assert_eq!(
        states(&folder, &[]),
        ["stale", "stale", "active"].map(|state| format!("{state} public-through-conditions"))
    );
    let run = baseline(&folder, &["prune"]);
    assert_eq!(run.stderr, format!("iamlint: {BASELINE}: 1 entry left; 2 dropped, 0 brought up to date\n"));
    assert_quiet(&folder, "pruned");
    write(&folder, "a.json", &policy(&partners("upload")));
    assert_eq!(told(&folder).0, ["new public-through-conditions a.json"], "what was dropped is told again");
}

#[test]
fn pruning_takes_back_what_is_not_granted_any_more() {
    let folder = one(&partners("*"));
    write(&folder, "a.json", &policy(&partners("upload")));
    assert_quiet(&folder, "narrower");
    let run = baseline(&folder, &["prune"]);
    assert_eq!(run.stderr, format!("iamlint: {BASELINE}: 1 entry left; 0 dropped, 1 brought up to date\n"));
    write(&folder, "a.json", &policy(&partners("*")));
    assert_eq!(told(&folder).0, ["updated public-through-conditions a.json"]);
}

#[test]
fn a_file_that_is_there_is_not_lost() {
    let folder = one(&partners("upload"));
    let before = read(&folder, BASELINE);
    write(&folder, "b.json", OPEN);
    let run = baseline(&folder, &["create"]);
    assert_eq!(run.code, 2);
    assert_eq!(
        run.stderr,
        format!(
            "iamlint: {BASELINE} is there already; --update keeps its entries and adds to them, --force starts over\n"
        )
    );
    assert_eq!(read(&folder, BASELINE), before);
    // Creating one where one is in use does not lose what that one hides.
    write(&folder, "iamlint.toml", &format!("baseline = \"{BASELINE}\"\n"));
    let run = baseline(&folder, &["create", "--force", "--baseline", BASELINE]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(states(&folder, &[]), ["active public-through-conditions", "active wildcard-principal"]);
    assert_eq!(baseline(&folder, &["create", "--update", "--reason", "x"]).code, 0);
    assert_eq!(read(&folder, BASELINE).matches("[[accepted]]").count(), 2);
    assert!(!read(&folder, BASELINE).contains("reason"), "a reason is for what is added");
}

#[test]
fn nothing_is_written_of_a_run_that_failed() {
    let folder = tree(&[("a.json", OPEN)]);
    let run = baseline(&folder, &["create", "a.json", "missing.json"]);
    assert_eq!(run.code, 2);
    assert!(
        run.stderr.contains("missing.json: ") && run.stderr.ends_with("iamlint: nothing was written\n"),
        "{}",
        run.stderr
    );
    assert!(!folder.path().join(BASELINE).exists());
    let run = baseline(&folder, &["create", "--baseline", "no/such/folder.toml"]);
    assert!(run.code == 2 && run.stderr.contains("failed to write no/such/folder.toml: "), "{}", run.stderr);
}

#[test]
fn the_configuration_names_it() {
    let folder = one(&partners("upload"));
    fs::create_dir(folder.path().join("sub")).expect("a folder");
    write(&folder, "iamlint.toml", &format!("baseline = \"{BASELINE}\"\n"));
    let sub = folder.path().join("sub");
    // From wherever a check runs, paths are those from the baseline on.
    for (here, path) in [(folder.path(), "a.json"), (sub.as_path(), "../a.json")] {
        let run = run(here, &["check", path]);
        assert_eq!((run.stdout.as_str(), run.code), ("", 0), "{}", run.stderr);
        let without = common::run(here, &["check", "--no-baseline", path]);
        assert_eq!(without.code, 1);
    }
    let shown = run(folder.path(), &["check", "--show-config"]);
    assert!(shown.stdout.contains(&format!("baseline = \"{BASELINE}\"  # iamlint.toml:1\n")), "{}", shown.stdout);
    let shown = run(folder.path(), &["check", "--show-config", "--baseline", "x.toml"]);
    assert!(shown.stdout.contains("baseline = \"x.toml\"  # --baseline\n"), "{}", shown.stdout);
    let all = run(folder.path(), &["check", "--isolated"]);
    assert_eq!(all.code, 1);
    let stream = ["check", "--input-format", "ndjson", "--format", "ndjson", "a.json"];
    let run_stream = run(folder.path(), &stream);
    assert!(run_stream.code == 2 && run_stream.stderr.contains("--no-baseline"), "{}", run_stream.stderr);
}

#[test]
fn a_baseline_that_cannot_be_used_is_an_error_with_its_place() {
    let folder = one(&partners("upload"));
    let good = read(&folder, BASELINE);
    let missing = run(folder.path(), &["check", "--baseline", "missing.toml"]);
    assert_eq!(missing.code, 2);
    assert_eq!(
        missing.stderr,
        "iamlint: failed to read the baseline missing.toml: no such file or directory; make one with `iamlint baseline create`\n"
    );
    let place = |line: usize, column: usize, message: &str| format!("iamlint: {BASELINE}:{line}:{column}: {message}");
    let cases = [
        (
            good.replace("version = 1", "version = 2"),
            place(3, 11, "a baseline of version 2 cannot be read: this program knows version 1"),
        ),
        (good.replace("version = 1\n", ""), place(1, 1, "this is no baseline: `version` is missing")),
        (
            good.replace("kind = \"trust\"", "kind = \"x\""),
            place(12, 8, "`x` is no kind of policy; the kinds are trust"),
        ),
        (
            good.replace("subject = ", "subjcet = "),
            place(8, 1, "unknown key `accepted.subjcet`\n  help: did you mean `subject`?"),
        ),
        (
            good.replace("accepted = 2026-11-22", "accepted = \"today\""),
            place(10, 12, "`accepted` must be a date, not a string"),
        ),
        (
            good.replace("rule = \"public-through-conditions\"", "rule = \"missing-mfa\""),
            place(11, 15, "this is not the fingerprint of the finding that the entry describes"),
        ),
        (good.replace("{\"Version\"", "{Version\""), place(13, 10, "the access cannot be read as JSON: ")),
        (good.replace("access = '''", "acces = '''"), place(13, 1, "unknown key `accepted.acces`")),
        (good.clone() + "<<<<<<< ours\n", place(17, 1, "")),
        ("{}".to_owned(), place(1, 1, "")),
        (
            "version = 1\naccepted = 3\n".to_owned(),
            place(2, 12, "`accepted` must be a list of `[[accepted]]` tables, not an integer"),
        ),
    ];
    for (text, expected) in cases {
        assert_ne!(text, good);
        write(&folder, BASELINE, &text);
        for command in [
            &["check", "--baseline", BASELINE][..],
            &["baseline", "show"],
            &["baseline", "prune"],
            &["baseline", "create", "--update"],
        ] {
            let run = run(folder.path(), command);
            assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{text}\n{}", run.stderr);
            assert!(run.stderr.starts_with(&expected), "{expected}\n{}", run.stderr);
        }
        assert_eq!(read(&folder, BASELINE), text, "it is left alone");
    }
    write(&folder, BASELINE, "version = 1\n");
    assert_eq!(told(&folder).0, ["new public-through-conditions a.json"], "an empty one accepts nothing");
}

#[test]
fn a_rule_that_is_not_known_is_stale() {
    let folder = one(&partners("upload"));
    let facts = ["retired-rule", "aws:PrincipalArn", "", ""];
    let fingerprint = iamlint::diagnostic::Fingerprint::of(&facts).to_string();
    let text = read(&folder, BASELINE).replace("rule = \"public-through-conditions\"", "rule = \"retired-rule\"");
    let own = text.lines().find_map(|line| line.strip_prefix("fingerprint = ")).expect("it has one").to_owned();
    write(&folder, BASELINE, &text.replace(&own, &format!("\"{fingerprint}\"")));
    assert_eq!(states(&folder, &[]), ["stale retired-rule"]);
    assert_eq!(told(&folder).0, ["new public-through-conditions a.json"]);
}

#[test]
fn what_a_policy_says_cannot_break_the_file() {
    let hostile = r#"{"Sid": "'''\"\n[[accepted]]\u202e\u0000", "Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole",
        "Condition": {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/'''\n\\\"\u202e\ud83d\ude00"}}, "unknown": {"text": ["a"]}}"#;
    let folder = tree(&[("a.json", &policy(hostile)), ("it's \"odd\"\n.json", &policy(hostile))]);
    let run = baseline(&folder, &["create", "--profile", "audit", "--reason", "'''\n\""]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let text = read(&folder, BASELINE);
    assert!(text.chars().all(|c| c == '\n' || c.is_ascii_graphic() || c == ' '), "{text}");
    let check = check(&folder, &["--profile", "audit", "--format", "concise"]);
    assert_eq!((check.stdout.as_str(), check.code), ("", 0), "{}", check.stderr);
    let first = text.matches("[[accepted]]\n").count();
    assert_eq!(states(&folder, &["--profile", "audit"]).len(), first);
    let again = baseline(&folder, &["create", "--update", "--profile", "audit"]);
    assert_eq!((again.code, read(&folder, BASELINE)), (0, text));
}

#[test]
fn accepted_findings_are_written_only_if_they_are_asked_for() {
    let folder = tree(&[("a.json", &policy(&partners("upload"))), ("b.json", &policy(&partners("download")))]);
    assert_eq!(baseline(&folder, &["create", "--reason", "until March"]).code, 0);
    write(&folder, "b.json", &policy(&partners("*")));
    let results = |more: &[&str]| -> Vec<Value> {
        let run = check(&folder, &[&["--quiet", "--format", "sarif"], more].concat());
        assert_eq!(run.code, 1);
        let log: Value = serde_json::from_str(&run.stdout).expect("JSON");
        log["runs"][0]["results"].as_array().expect("a list").clone()
    };
    let states = |results: &[Value]| results.iter().map(|result| result["baselineState"].clone()).collect::<Vec<_>>();
    assert_eq!(states(&results(&[])), ["updated"]);
    let all = results(&["--include-suppressed"]);
    assert_eq!(states(&all), ["updated", "unchanged"]);
    assert_eq!(all[0]["suppressions"], json!([]));
    let by = json!([{"kind": "external", "status": "accepted", "justification": "until March"}]);
    assert_eq!(all[1]["suppressions"], by);
    let run = check(&folder, &["--quiet", "--format", "json", "--include-suppressed"]);
    let report: Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(report["suppressed"][0]["suppression"], json!({"kind": "baseline", "reason": "until March"}));
    assert_eq!(report["suppressed"][0]["baseline"], "unchanged");
    assert_eq!(report["summary"]["suppressed"], 1);
}

#[test]
fn suppressions_come_first() {
    let role = resource("Role").replace(
        "            Action:",
        "            # iamlint: ignore[wildcard-principal] a canary\n            Action:",
    );
    let template = format!("Parameters:\n  Bucket: {{Type: String}}\nResources:\n{}{role}", resource("Other"));
    let folder = tree(&[("a.yaml", &template)]);
    let file = created(&folder);
    assert_eq!((file.matches("[[accepted]]").count(), file.contains("Resources.Other")), (1, true), "{file}");
    assert_quiet(&folder, "one is suppressed, one accepted");
    edit(&folder, "a.yaml", "# iamlint: ignore[wildcard-principal] a canary", "# open");
    assert_eq!(told(&folder).0, ["new wildcard-principal a.yaml"]);
    assert_eq!(baseline(&folder, &["create", "--update"]).code, 0);
    edit(&folder, "a.yaml", "# open", "# iamlint: ignore[wildcard-principal] a canary");
    assert_eq!(states(&folder, &[]).iter().filter(|state| *state == "stale wildcard-principal").count(), 1);
    let run = check(&folder, &["--no-suppress"]);
    assert_eq!((run.stdout.as_str(), run.code), ("", 0), "the baseline accepts it all the same");
    // One of several gates: an override decides by the file.
    write(&folder, "iamlint.toml", "[[override]]\npaths = [\"a.yaml\"]\nfail-on = \"never\"\n");
    write(
        &folder,
        "b.yaml",
        &template.replace("# iamlint: ignore[wildcard-principal] a canary", "# open").replace("Role:", "Third:"),
    );
    assert_eq!(told(&folder).1, 1);
    let moved = read(&folder, "b.yaml");
    fs::remove_file(folder.path().join("b.yaml")).expect("it is removed");
    write(&folder, "a.yaml", &moved);
    let (findings, code) = told(&folder);
    assert!(!findings.is_empty() && code == 0, "{findings:?}");
    let refused = run_on("2026-11-22", &folder, &["check", "--baseline", BASELINE, "--add-ignore", "x"]);
    assert_eq!(refused.code, 2);
    write(&folder, "iamlint.toml", &format!("baseline = \"{BASELINE}\"\n"));
    let refused = common::run(folder.path(), &["check", "--add-ignore", "x"]);
    assert!(refused.code == 2 && refused.stderr.contains("--no-baseline"), "{}", refused.stderr);
}

/// The page shows a part of a file that commands read.
#[test]
fn the_page_shows_the_file() {
    let page = fs::read_to_string(common::root().join("docs/baseline.md")).expect("there is one");
    let file =
        fs::read_to_string(common::root().join("testdata/baseline/iamlint-baseline.toml")).expect("there is one");
    let shown = page.split_once("```toml\n").and_then(|(_, rest)| rest.split_once("```\n")).expect("a fence").0;
    assert!(file.contains(shown), "{shown}");
}

#[test]
fn show_tells_people_what_became_of_the_entries() {
    let folder = tree(&[("a.json", &policy(&partners("upload"))), ("b.json", OPEN)]);
    assert_eq!(baseline(&folder, &["create", "--reason", "until March"]).code, 0);
    write(&folder, "a.json", &policy(&partners("up*")));
    write(&folder, "b.json", CLOSED);
    let run = baseline(&folder, &["show"]);
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(lines.len(), 5, "{}", run.stdout);
    assert!(
        lines[0].starts_with("grown       public-through-conditions in a.json: anyone in any AWS account"),
        "{}",
        lines[0]
    );
    assert_eq!(lines[1], "            accepted on 2026-11-22: until March");
    assert!(lines[2].starts_with("            beyond what was accepted, sts:AssumeRole by "), "{}", lines[2]);
    assert!(lines[3].starts_with("stale       wildcard-principal in b.json: "), "{}", lines[3]);
    assert_eq!((run.code, run.stderr.as_str()), (0, &*format!("{BASELINE}: 2 entries; 1 grown, 1 stale\n")));
}

/// The states of findings as another program sees them, which compares two SARIF logs without knowing of baselines.
#[test]
fn another_program_agrees_about_what_is_new() {
    let Some(tool) = common::tools::of_package("@microsoft/sarif-multitool-linux", "Sarif.Multitool") else { return };
    let folder = repository();
    created(&folder);
    let sarif = |name: &str, args: &[&str]| {
        let output = format!("sarif={name}");
        let args = [&["check", "--quiet", "--format", "concise", "--output", &output], args].concat();
        run(folder.path(), &args);
        folder.path().join(name)
    };
    let previous = sarif("previous.sarif", &[]);
    edit(&folder, "infra/template.yaml", "Resources:\n", &format!("Resources:\n{}", resource("NewRole")));
    edit(&folder, "terraform/main.tf", "role/partner-*", "role/*");
    write(&folder, "roles/vendor-0.json", &policy(&format!("\n\n{}\n", allow(&format!("[{VENDOR}]"), ""))));
    write(&folder, "roles/vendor-1.json", &policy(&allow(OTHER, "")));
    write(&folder, "roles/vendor-2.json", CLOSED);
    let current = sarif("current.sarif", &[]);
    let ours = sarif("ours.sarif", &["--baseline", BASELINE]);
    let matched = folder.path().join("matched.sarif");
    let mut command = std::process::Command::new(tool);
    command.env("DOTNET_SYSTEM_GLOBALIZATION_INVARIANT", "1").args(["match-results-forward"]).arg(&current);
    command.arg("--previous").arg(&previous).arg("--output-file-path").arg(&matched);
    let (text, code) = common::tools::output(&mut command);
    assert!(matched.exists(), "{code}: {text}");
    let states = |path: &Path| -> Vec<(String, String, String)> {
        let log: Value = serde_json::from_str(&fs::read_to_string(path).expect("it was written")).expect("JSON");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let results = log["runs"][0]["results"].as_array().expect("a list").iter();
        let mut states: Vec<_> = results
            .map(|result| {
                let place = &result["locations"][0];
                let uri = text(&place["physicalLocation"]["artifactLocation"]["uri"]);
                let name = text(&place["logicalLocations"][0]["fullyQualifiedName"]);
                (format!("{uri} {name}"), text(&result["ruleId"]), text(&result["baselineState"]))
            })
            .collect();
        states.sort();
        states
    };
    let of = |states: &[(String, String, String)], wanted: &str| -> Vec<(String, String)> {
        let wanted = states.iter().filter(|(.., state)| state == wanted);
        wanted.map(|(place, rule, _)| (place.clone(), rule.clone())).collect()
    };
    let (theirs, ours) = (states(&matched), states(&ours));
    // It takes a finding about another account for the one that stood in its place, with another text.
    let (replaced, new): (Vec<_>, Vec<_>) =
        of(&ours, "new").into_iter().partition(|(place, _)| place == "roles/vendor-1.json 0");
    assert_eq!(new, of(&theirs, "new"));
    assert_eq!(replaced.len(), 1);
    assert!(replaced.iter().all(|finding| of(&theirs, "updated").contains(finding)), "{theirs:#?}");
    // It knows nothing of access: what grew is there as it was, or with another text.
    for grown in of(&ours, "updated") {
        let known = [of(&theirs, "unchanged"), of(&theirs, "updated")].concat();
        assert!(known.contains(&grown), "{grown:?}");
    }
    // What we do not tell was there before.
    let quiet = theirs.iter().filter(|(place, rule, _)| !ours.iter().any(|(at, name, _)| (at, name) == (place, rule)));
    let mut count = 0;
    for (place, rule, state) in quiet {
        assert!(["unchanged", "updated", "absent"].contains(&state.as_str()), "{place} {rule}: {state}");
        count += 1;
    }
    assert!(count >= 38, "{count}");
}
