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

/// One case with these policies and this request, as a line of a test file.
fn case(policies: &str, request: &str) -> String {
    format!(r#"{{"id": "a", "policies": {policies}, "request": {request}, "expect": "allow"}}"#)
}

/// The first line of what `iamlint test` says of a failing case, after its name.
fn verdict(policies: &str, request: &str) -> String {
    let (code, out, error) = run(&[("cases.jsonl", &case(policies, request))], &["test", "cases.jsonl"]);
    assert_eq!(code, 1, "{out}{error}");
    let line = out.lines().next().unwrap_or_default();
    line.split_once("expected allow, but ").map(|(_, rest)| rest.to_owned()).expect("a failing case")
}

#[test]
fn star_and_services_are_undecided_in_every_command() {
    let star = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole",
  "Condition": {"Bool": {"aws:PrincipalIsAWSService": "true"}}}]}"#;
    let files = [("trust.json", star)];
    let (code, out, _) = run(
        &files,
        &["can", "--policy", "trust.json", "--principal", "ec2.amazonaws.com", "--action", "sts:AssumeRole"],
    );
    let claim = "AWS does not document whether an Allow for `{\"AWS\": \"*\"}` lets services and federated callers in";
    assert_eq!((code, out), (2, format!("unknown: {claim}\n  trust.json:1:74: trust: Allow #1 may apply: {claim}\n")));
    let (_, out, _) = run(&files, &["who", "--isolated", "trust.json"]);
    assert!(out.contains("every service  (possibly)") || out.contains("every service (possibly)"), "{out}");
    let request = r#"{"principal": "ec2.amazonaws.com", "action": "sts:AssumeRole"}"#;
    assert_eq!(verdict(&format!(r#"{{"trust": {star}}}"#), request), format!("unknown: {claim}"));
    // Neither dead nor a hole: it may be there to let a service in.
    let check = |profile: &str| run(&files, &["check", "--isolated", "--profile", profile, "trust.json"]);
    for profile in ["default", "strict", "audit"] {
        let (_, out, _) = check(profile);
        for rule in ["dead-statement", "unassumable-role", "void-condition", "shadowed-statement"] {
            assert!(!out.contains(rule), "{profile}: {out}");
        }
    }
    assert_eq!(check("default").0, 0, "{}", check("default").1);
}

#[test]
fn reasons_name_what_is_missing() {
    let all = r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#;
    let key = r#"{"principal": "arn:aws:iam::111122223333:user/al", "action": "kms:Decrypt", "resource": "arn:aws:kms:eu-west-1:111122223333:key/k"}"#;
    let other = r#"{"Statement": {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:user/b"}, "Action": "kms:*", "Resource": "*"}}"#;
    for (policies, request, expected) in [
        (
            format!(r#"{{"identity": [{all}], "scps": [[{all}], []]}}"#),
            key,
            "implicitly-denied: level 2 of the service control policies is empty: nothing allows it, `FullAWSAccess` or another",
        ),
        (
            format!(r#"{{"identity": [{all}], "resource": {other}}}"#),
            key,
            "implicitly-denied: the key policy does not allow it, and without that the caller's own policies have no effect",
        ),
        (
            r#"{"resource": {"Statement": {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:user/b"}, "Action": "sts:AssumeRole"}}}"#
                .to_owned(),
            r#"{"principal": "arn:aws:iam::111122223333:user/al", "action": "sts:AssumeRole", "resource": "arn:aws:iam::111122223333:role/r"}"#,
            "implicitly-denied: no statement of the trust policy allows it",
        ),
        (
            // Another kind of policy than those for which AWS says that it completes an ARN.
            format!(
                r#"{{"identity": [{all}], "scps": [[{{"Statement": {{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:kms"}}}}]]}}"#
            ),
            key,
            "unknown: AWS does not document whether an ARN of fewer than six fields is completed with `*` in policies that are not identity-based",
        ),
    ] {
        assert_eq!(verdict(&policies, request), expected, "{policies}");
    }
    // Without the key policy the answer says that it rests on one side.
    let files = [("all.json", all)];
    let caller = ["--principal", "arn:aws:iam::111122223333:user/al", "--action", "kms:Decrypt"];
    let key = ["--resource", "arn:aws:kms:eu-west-1:111122223333:key/k"];
    let (code, out, _) = run(&files, &[&["can", "--policy", "all.json"], &caller[..], &key[..]].concat());
    assert_eq!(code, 0);
    let caution = "allowed: the caller's own policies allow it; the key policy is not given and must allow it too\n";
    assert!(out.starts_with(caution), "{out}");
}

#[test]
fn trace_and_decision_agree() {
    let statement = r#"{"Effect": "Deny", "Action": "*", "Resource": "*"}"#;
    let files = [("deny.json", &*format!(r#"{{"Statement": {statement}}}"#)), ("trust.json", TRUST)];
    let ask = |arguments: &[&str]| run(&files, &[&["can", "--policy", "deny.json"], arguments].concat());
    let (code, out, _) = ask(&["--principal", ALICE, "--action", "sts:GetCallerIdentity"]);
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("does not apply: the call needs no permission, and no policy denies it"), "{out}");
    let (code, out, _) = ask(&["--principal", "arn:aws:iam::444455556666:root", "--action", "s3:ListAllMyBuckets"]);
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("does not apply: policies of this kind do not bind a root user"), "{out}");
    // A role has one trust policy, by whichever name it is given.
    let trust =
        r#"{"Statement": {"Effect": "Allow", "Principal": {"AWS": "444455556666"}, "Action": "sts:AssumeRole"}}"#;
    let request = format!(r#"{{"principal": "{ALICE}", "action": "sts:AssumeRole"}}"#);
    let both = case(&format!(r#"{{"trust": {trust}, "resource": {trust}}}"#), &request);
    let (code, out, error) = run(&[("cases.jsonl", &both)], &["test", "cases.jsonl"]);
    assert_eq!((code, out.as_str()), (2, ""));
    let message = "2 trust policies; a role has one, which is its resource policy as well";
    assert!(error.contains("cases.jsonl:1:25") && error.contains(message), "{error}");
    // STS takes no session policy with an incomplete ARN.
    let session = r#"{"session": [{"Statement": {"Effect": "Allow", "Action": "sqs:*", "Resource": "arn:aws:sqs"}}]}"#;
    let (code, _, error) = run(&[("cases.jsonl", &case(session, &request))], &["test", "cases.jsonl"]);
    assert_eq!(code, 2);
    assert!(error.contains("`arn:aws:sqs` has fewer than the six fields of an ARN"), "{error}");
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
