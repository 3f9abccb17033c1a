//! `iamlint who` and `iamlint can` on everything that a check reads.

mod common;

use common::{Run, run, run_with_stdin, tree};
use serde_json::Value;

/// The lines of an answer that name a role, without the place.
fn roles(run: &Run) -> Vec<&str> {
    let named = run.stdout.lines().filter(|line| !line.starts_with(' ') && !line.is_empty());
    named.map(|line| line.split(" (").next().unwrap_or_default()).collect()
}

const MODULE: &str = r#"
variable "who" {}
resource "aws_iam_role" "r" {
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { AWS = var.who }, Action = "sts:AssumeRole" }]
  })
}
"#;

#[test]
fn each_call_of_a_module_makes_its_role() {
    let main = r#"
variable "partner" {}
module "each" {
  source   = "./modules/role"
  for_each = { a = "arn:aws:iam::444455556666:role/a", b = "*" }
  who      = each.value
}
module "count" {
  source = "./modules/role"
  count  = 2
  who    = "arn:aws:iam::444455556666:role/n${count.index}"
}
module "open" {
  source = "./modules/role"
  who    = var.partner
}
module "outer" { source = "./modules/outer" }
"#;
    let outer = "module \"inner\" {\n  source = \"../role\"\n  who = \"arn:aws:iam::444455556666:role/deep\"\n}\n";
    let folder = tree(&[
        ("main.tf", main),
        ("modules/role/main.tf", MODULE),
        ("modules/outer/main.tf", outer),
        ("alone/main.tf", MODULE),
    ]);
    let all = [
        "aws_iam_role.r",
        "module.each[\"a\"].aws_iam_role.r",
        "module.each[\"b\"].aws_iam_role.r",
        "module.count[0].aws_iam_role.r",
        "module.count[1].aws_iam_role.r",
        "module.open.aws_iam_role.r",
        "module.outer.module.inner.aws_iam_role.r",
    ];
    let who = |arguments: &[&str]| run(folder.path(), &[&["who", "--isolated"], arguments].concat());
    let answer = who(&["."]);
    assert_eq!((answer.code, roles(&answer)), (0, all.to_vec()));
    for (address, expected) in [
        (all[0], "whoever `var.who` is  (possibly)"),
        (all[1], "role arn:aws:iam::444455556666:role/a"),
        (all[2], "anyone: users and roles of every AWS account"),
        (all[4], "role arn:aws:iam::444455556666:role/n1"),
        (all[5], "whoever `var.partner` is  (possibly)"),
        (all[6], "role arn:aws:iam::444455556666:role/deep"),
    ] {
        let of_role = answer.stdout.split("\n\n").find(|block| block.starts_with(address)).expect("the role is there");
        assert!(of_role.contains(expected), "{of_role}");
    }
    assert_eq!(answer.stderr, "not judged: 2 values known at deployment (iamlint check --show-files)\n");
    // The root alone has what it makes, a module alone stands for itself.
    assert_eq!(roles(&who(&["main.tf"])), all[1..]);
    assert_eq!(roles(&who(&["modules/role"])), ["aws_iam_role.r"]);
    assert_eq!(roles(&who(&["modules/outer"])), ["module.inner.aws_iam_role.r"]);
    // With values for its variables.
    let known = who(&["--var", "partner=arn:aws:iam::444455556666:role/p", "--resource", "module.open.*", "."]);
    assert!(known.stdout.contains("role arn:aws:iam::444455556666:role/p\n"), "{}", known.stdout);
}

#[test]
fn roles_are_chosen_by_address() {
    let template = r"Parameters: {Partner: {Type: String}}
Resources:
  Deploy: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {Statement: [{Effect: Allow, Principal: {AWS: !Ref Partner},
    Action: 'sts:AssumeRole'}]}}}
  Ship: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {Statement: [{Effect: Allow, Principal: {Service: ec2.amazonaws.com},
    Action: 'sts:AssumeRole'}]}}}
";
    let folder = tree(&[("a.yaml", template)]);
    let who = |resource: &str| run(folder.path(), &["who", "--isolated", "--resource", resource, "a.yaml"]);
    assert_eq!(roles(&who("Resources.*p")), ["Resources.Ship"]);
    assert!(who("Resources.Deploy").stdout.contains("whoever `!Ref Partner` is  (possibly)"));
    let wrong = who("Resources.Deplyo");
    assert_eq!(wrong.code, 2);
    assert!(
        wrong.stderr.contains("no role with the address `Resources.Deplyo`; there are\n  Resources.Deploy"),
        "{}",
        wrong.stderr
    );
}

#[test]
fn answers_that_a_condition_does_not_change_are_one_block() {
    let template = r"Conditions: {A: !Equals [!Ref 'AWS::Region', x], B: !Equals [!Ref 'AWS::StackName', y]}
Resources:
  R: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {Statement: [
    {Effect: Allow, Principal: {Service: !If [A, ec2.amazonaws.com, ecs.amazonaws.com]}, Action: 'sts:AssumeRole'},
    !If [B, {Effect: Deny, Principal: {AWS: '*'}, Action: 'sts:TagSession'}, !Ref 'AWS::NoValue']]}}}
  S: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {Statement: [
    {Effect: Allow, Principal: {Service: ec2.amazonaws.com}, Action: 'sts:AssumeRole'},
    !If [B, {Effect: Deny, Principal: {AWS: '*'}, Action: 'sts:TagSession'}, !Ref 'AWS::NoValue']]}}}
";
    let folder = tree(&[("a.yaml", template)]);
    let answer = run(folder.path(), &["who", "--isolated"]);
    let heads: Vec<&str> = answer.stdout.lines().filter(|line| line.starts_with("Resources")).collect();
    assert_eq!(
        heads,
        [
            "Resources.R (a.yaml:3), when condition `A` is true",
            "Resources.R (a.yaml:3), when condition `A` is false",
            "Resources.S (a.yaml:6)"
        ]
    );
    let json = run(folder.path(), &["who", "--isolated", "--format", "json"]);
    let json: Value = serde_json::from_str(&json.stdout).expect("JSON");
    assert_eq!(json["roles"][0]["when"], serde_json::json!({"A": true}));
    assert_eq!(json["roles"][2]["when"], serde_json::json!({}));
    assert_eq!(json["not_judged"]["not_looked_at"], 0);
}

const ROLE: &str = r#"{"Role": {"RoleName": "ci", "Arn": "arn:aws:iam::111122223333:role/ci", "AssumeRolePolicyDocument":
  "%7B%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%7B%22AWS%22%3A%22arn%3Aaws%3Aiam%3A%3A444455556666%3Aroot%22%7D%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%5D%7D"}}"#;

#[test]
fn standard_input_is_read_like_a_file() {
    let folder = tree(&[]);
    let who = |text: &str, more: &[&str]| {
        run_with_stdin(folder.path(), &[&["who", "--isolated", "-"], more].concat(), text.as_bytes())
    };
    let account = "account 444455556666: users and roles whose own policies let them";
    let of_role = who(ROLE, &[]);
    assert_eq!((of_role.code, roles(&of_role)), (0, vec!["arn:aws:iam::111122223333:role/ci"]));
    assert!(of_role.stdout.contains(account), "{}", of_role.stdout);
    let line =
        r#"{"Statement": {"Effect": "Allow", "Principal": {"AWS": "444455556666"}, "Action": "sts:AssumeRole"}}"#;
    let lines = format!("{line}\n{line}\n");
    let rows = format!("{{\"document\": {line}}}\n{{\"document\": {line}}}\n");
    assert_eq!(who(&rows, &["--input-format", "ndjson"]).stdout.matches(account).count(), 2);
    assert_eq!(who(&lines, &["--stdin-filename", "a.json"]).stdout.matches(account).count(), 2, "documents in a row");
    let terraform = MODULE.replace("var.who", "\"444455556666\"");
    assert!(who(&terraform, &["--stdin-filename", "main.tf"]).stdout.contains(account));
    for (text, message) in
        [("", "no policy found on standard input"), ("An error occurred", "no policy found on standard input")]
    {
        let nothing = who(text, &[]);
        assert_eq!(nothing.code, 2);
        assert!(nothing.stderr.contains(message), "{}", nothing.stderr);
        assert_eq!(who(text, &["--allow-empty"]).code, 0);
    }
    let no_role = r#"{"Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}}"#;
    assert_eq!(who(no_role, &[]).code, 2, "who pipes something has a role in mind");
}

#[test]
fn a_broken_file_is_told_and_hides_no_other() {
    let good =
        r#"{"Statement": {"Effect": "Allow", "Principal": {"AWS": "444455556666"}, "Action": "sts:AssumeRole"}}"#;
    let folder = tree(&[("a.json", good), ("b.json", r#"{"Statement": [{"Effect": "Allow", "Principal""#)]);
    let answer = run(folder.path(), &["who", "--isolated"]);
    assert_eq!((answer.code, roles(&answer)), (2, vec!["the role"]));
    assert!(answer.stderr.contains("iamlint: b.json:1:"), "{}", answer.stderr);
    assert!(answer.stderr.ends_with("not judged: 1 file (iamlint check --show-files)\n"), "{}", answer.stderr);
}

#[test]
fn can_asks_a_policy_of_a_folder_and_of_standard_input() {
    let main = "module \"n\" {\n  source = \"./m\"\n  for_each = { a = \"444455556666\", b = \"777788889999\" }\n  who = each.value\n}\n";
    let folder = tree(&[("main.tf", main), ("m/main.tf", MODULE)]);
    let request = ["--principal", "arn:aws:iam::444455556666:user/alice", "--action", "sts:AssumeRole"];
    let can = |policy: &str| run(folder.path(), &[&["can", "--isolated", "--policy", policy], &request[..]].concat());
    assert_eq!(can(".#module.n[\"a\"].aws_iam_role.r").code, 0);
    assert_eq!(can(".#module.n[\"b\"].aws_iam_role.r").code, 1);
    assert_eq!(can(".#*a*.aws_iam_role.r").code, 0, "a pattern that fits one");
    for (policy, expected) in [
        (".", "2 policies; choose one with `#` and its address; there are\n  module.n[\"a\"].aws_iam_role.r (trust)"),
        (".#module.n[\"c\"].aws_iam_role.r", "no policy with this address"),
        ("m/main.tf#module.n[\"a\"].aws_iam_role.r", "there are\n  aws_iam_role.r (trust)\n"),
        ("main.tf#aws_iam_role.x", "there are\n  module.n[\"a\"].aws_iam_role.r (trust)"),
    ] {
        let wrong = can(policy);
        assert_eq!(wrong.code, 2);
        assert!(wrong.stderr.contains(expected), "{policy}: {}", wrong.stderr);
    }
    let piped = [&["can", "--isolated", "--policy", "-", "--format", "json"], &request[..]].concat();
    let piped = run_with_stdin(folder.path(), &piped, ROLE.as_bytes());
    let answer: Value = serde_json::from_str(&piped.stdout).expect("JSON");
    assert_eq!((piped.code, &answer["decision"]), (0, &Value::from("allowed")));
    assert_eq!(answer["not_judged"]["known_at_deployment"], 0);
}

#[test]
fn diff_reads_standard_input_and_counts_what_it_cannot_judge() {
    let policy = |who: &str| {
        format!(
            r#"{{"Statement": [{{"Effect": "Allow", "Principal": {{"AWS": "{who}"}}, "Action": "sts:AssumeRole"}}]}}"#
        )
    };
    let open = "resource \"aws_iam_role\" \"r\" {\n  assume_role_policy = jsonencode({ Statement = [{ Effect = \"Allow\", Principal = { AWS = var.who }, Action = \"sts:AssumeRole\" }] })\n}\nvariable \"who\" {}\nmodule \"x\" { source = \"example/x/aws\" }\n";
    let folder = tree(&[("old.json", &policy("444455556666")), ("a/main.tf", open), ("b/main.tf", open)]);
    let diff = |arguments: &[&str], input: &str| {
        run_with_stdin(folder.path(), &[&["diff"], arguments].concat(), input.as_bytes())
    };
    let gained = diff(&["old.json", "-"], &policy("*"));
    assert_eq!(gained.code, 1);
    assert!(gained.stdout.contains("gained"), "{}", gained.stdout);
    assert_eq!(diff(&["-", "old.json"], &policy("444455556666")).code, 0);
    assert_eq!(diff(&["-", "-"], "").code, 2);
    assert_eq!(diff(&["-", "empty.json"], "").code, 2);
    let same = diff(&["a", "b"], "");
    assert_eq!(same.code, 0, "{}", same.stderr);
    assert!(
        same.stderr.ends_with("; not judged: 1 value known at deployment, 1 module elsewhere\n"),
        "{}",
        same.stderr
    );
    let json: Value = serde_json::from_str(&diff(&["a", "b", "--format", "json"], "").stdout).expect("JSON");
    assert_eq!(json["summary"]["not_judged"]["out_of_reach"], 1);
    assert_eq!(json["summary"]["not_judged"]["entries"][0]["path"], "b/main.tf");
}

/// Who a role lets in is not said without the tests whose keys are not known: it would read as open.
#[test]
fn keys_that_are_not_known_are_said() {
    let policy = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
        "Principal": {"Federated": "arn:aws:iam::294750163881:oidc-provider/id.example.com"},
        "Condition": {"StringEquals": {"${PROVIDER}:sub": "system:serviceaccount:a:b"}}}]}"#;
    let told = run(tree(&[("p.json", policy)]).path(), &["who", "--isolated", "p.json"]);
    let line = "  a test of `${PROVIDER}:sub`, a key that is not known, may keep some of them out";
    assert!(told.stdout.lines().any(|told| told == line), "{}", told.shown());
}
