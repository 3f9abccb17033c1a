//! `iamlint can` and `iamlint test` as a user sees them.

use serde_json::Value;
use std::fs;
use std::process::Command;
use tempfile::TempDir;

const TRUST: &str = r#"{
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Principal": {"AWS": "444455556666"}, "Action": "sts:AssumeRole",
     "Condition": {"StringEquals": {"sts:ExternalId": "k7Qd"}}},
    {"Sid": "NeedMfa", "Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "sts:*",
     "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}}
  ]
}"#;

const TEMPLATE: &str = r"Resources:
  A:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement:
          - {Effect: Allow, Principal: {Service: ec2.amazonaws.com}, Action: 'sts:AssumeRole'}
  B:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement:
          - {Effect: Allow, Principal: {AWS: !Ref Trusted}, Action: 'sts:AssumeRole'}
Parameters:
  Trusted: {Type: String}
";

/// Exit code, standard output and standard error.
fn run(files: &[(&str, &str)], arguments: &[&str]) -> (i32, String, String) {
    let folder = TempDir::new().expect("a folder");
    for (name, text) in files {
        fs::write(folder.path().join(name), text).expect("written");
    }
    let output = Command::new(env!("CARGO_BIN_EXE_iamlint"))
        .current_dir(folder.path())
        .args(arguments)
        .output()
        .expect("the program runs");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code().expect("an exit code"), text(output.stdout), text(output.stderr))
}

const ALICE: &str = "arn:aws:iam::444455556666:user/alice";

#[test]
fn can_says_which_statement_and_why() {
    let files = [("trust.json", TRUST)];
    let base = ["can", "--policy", "trust.json", "--principal", ALICE, "--action", "sts:AssumeRole"];
    let with = |more: &[&str]| run(&files, &[&base[..], more].concat());
    assert_eq!(
        with(&[]),
        (
            1,
            "explicitly-denied: statement NeedMfa of the trust policy denies it\n  \
             trust.json:5:37: trust: Allow #1 does not apply: `sts:ExternalId` is not in the request\n  \
             trust.json:6:5: trust: Deny NeedMfa applies to the caller as anyone\n"
                .to_owned(),
            String::new()
        )
    );
    let keys = ["--context", "sts:ExternalId=k7Qd", "--context", "AWS:multifactorauthpresent=true"];
    let (code, out, _) = with(&[&keys[..], &["--format", "json"]].concat());
    let answer: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!((code, &answer["decision"]), (0, &Value::from("allowed")));
    assert_eq!(answer["trace"][1]["reason"], "`aws:MultiFactorAuthPresent` is `true`");
    assert_eq!((&answer["trace"][1]["line"], &answer["trace"][1]["column"]), (&Value::from(7), &Value::from(37)));
}

#[test]
fn can_needs_one_policy_that_is_known() {
    let files = [
        ("roles.yaml", TEMPLATE),
        ("trust.json", TRUST),
        ("element.json", r#"{"Statement": [{"Effect": "Allow", "Actions": "a:b"}]}"#),
        ("effect.json", r#"{"Statement": [{"Effect": "allow", "Action": "a:b"}]}"#),
        ("operator.json", r#"{"Statement": {"Effect":"Deny","Action":"*","Condition":{"Equals":{"a":"b"}}}}"#),
    ];
    let ask = |policy: &str, principal: &str| {
        run(&files, &["can", "--policy", policy, "--principal", principal, "--action", "sts:AssumeRole"])
    };
    let (code, _, error) = ask("roles.yaml", "ec2.amazonaws.com");
    assert_eq!(code, 2);
    assert!(error.contains("Resources.A (trust)") && error.contains("Resources.B (trust)"), "{error}");
    assert_eq!(ask("roles.yaml#Resources.A", "ec2.amazonaws.com").0, 0);
    let (code, out, _) = ask("roles.yaml#Resources.B", ALICE);
    assert_eq!(code, 2);
    assert!(out.starts_with("unknown: ") && out.contains("roles.yaml:13:"), "{out}");
    for (file, expected) in [
        (
            "element.json",
            "element.json:1:36: this is no policy that IAM takes: unknown element `Actions`; did you mean `Action`?",
        ),
        (
            "effect.json",
            "effect.json:1:27: this is no policy that IAM takes: `Effect` is `allow`; expected `Allow` or `Deny`",
        ),
        ("operator.json", "operator.json:1:58: this is no policy that IAM takes: unknown condition operator `Equals`"),
    ] {
        assert_eq!(ask(file, ALICE), (2, String::new(), format!("iamlint: {expected}\n")));
    }
    assert_eq!(ask("absent.json", ALICE).0, 2);
    assert_eq!(ask("trust.json", "nobody").0, 2);
}

#[test]
fn a_failing_case_shows_its_trace_and_a_broken_file_its_line() {
    let case = |rest: &str| {
        format!(
            r#"{{"id": "a", "policies": {{"trust": "trust.json"}}, "request": {{"principal": "{ALICE}", "action": "sts:AssumeRole"}}, {rest}}}"#
        )
    };
    let right = case(r#""expect": "explicit-deny""#);
    let wrong = case(r#""expect": "allow""#);
    let files = |text: String| vec![("trust.json", TRUST.to_owned()), ("cases.jsonl", text)];
    let ask = |text: String| {
        let files = files(text);
        let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
        run(&files, &["test", "cases.jsonl"])
    };
    assert_eq!(ask(right.clone()), (0, String::new(), "1 case, 1 as expected, 0 not\n".to_owned()));
    let (code, out, _) = ask(format!("{right}\n\n{wrong}\n"));
    assert_eq!(code, 1);
    assert!(out.starts_with("cases.jsonl:3:1: a: expected allow, but explicitly-denied: "), "{out}");
    assert!(out.contains("\n  trust.json:6:5: trust: Deny NeedMfa applies"), "{out}");
    for (text, expected) in [
        (format!("{right}\n{{"), "cases.jsonl:2:"),
        (format!("{right}\n{}", case(r#""expct": "deny""#)), "unknown member `expct`; did you mean `expect`?"),
        (case(r#""expect": "maybe""#), "expected `allow`, `deny` or `explicit-deny`"),
        (right.replace("trust.json", "absent.json"), "cases.jsonl:1:"),
        (right.replace("\"action\"", "\"actoin\""), "did you mean `action`?"),
        ("7".to_owned(), "a case is an object, not a number"),
    ] {
        let (code, out, error) = ask(text);
        assert_eq!((code, out.as_str()), (2, ""), "{error}");
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn who_names_no_account_that_nobody_wrote() {
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole",
        "Condition":{"ArnNotLike":{"aws:PrincipalArn":["arn:aws:iam::*:role/*","arn:aws:iam::999999999999:*"]}}}]}"#;
    // Whatever account is left out, every other one comes in.
    for left_out in ["618273945102", "999999999999", "888888888888"] {
        let policy = policy.replace("999999999999", left_out);
        let (code, out, error) = run(&[("a.json", &policy)], &["who", "--isolated", "a.json"]);
        assert_eq!((code, error.as_str()), (0, ""));
        let digits = |word: &str| word.len() == 12 && word.bytes().all(|byte| byte.is_ascii_digit());
        let named: Vec<&str> = out.split(|c: char| !c.is_ascii_digit()).filter(|word| digits(word)).collect();
        assert!(named.iter().all(|account| *account == left_out), "{left_out}: {out}");
        assert!(out.contains("any account"), "{left_out}: {out}");
    }
}
