//! The trust policies of AWS's own guides, judged by every rule of the default profile
//! (IAM User Guide, "Use roles in IAM", "Access to AWS accounts owned by third parties", "Configuring MFA-protected API access").

use iamlint::config;
use iamlint::diagnostic::Severity;
use iamlint::lint::{Settings, lint_source};
use iamlint::source::Source;

/// The rules that a policy raises, with the severity of each, in order of place.
fn raised(text: &str) -> Vec<(&'static str, Severity)> {
    let config = config::parse_text("").expect("the defaults");
    let report = lint_source(Source::new("policy.json", text), &Settings::new(&config));
    assert_eq!(report.policies.len(), 1, "{}", report.reason);
    report.findings.iter().map(|finding| (finding.rule, finding.severity)).collect()
}

fn rules(text: &str) -> Vec<&'static str> {
    raised(text).into_iter().map(|(rule, _)| rule).collect()
}

fn trust(principal: &str, condition: &str) -> String {
    let condition = if condition.is_empty() { String::new() } else { format!(r#", "Condition": {condition}"#) };
    format!(
        r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Principal": {principal}, "Action": "sts:AssumeRole"{condition}}}]}}"#
    )
}

#[test]
fn mfa_makes_a_path_for_people() {
    let root = r#"{"AWS": "arn:aws:iam::111111111111:root"}"#;
    assert_eq!(rules(&trust(root, r#"{"Bool": {"aws:MultiFactorAuthPresent": "true"}}"#)), ["placeholder-account"]);
    assert!(rules(&trust(r#"{"AWS": "arn:aws:iam::111111111111:user/al"}"#, "")).contains(&"missing-mfa"));
    // Of a whole account nobody knows whose it is: one finding offers both ways.
    assert!(rules(&trust(root, "")).contains(&"missing-external-id"));
}

#[test]
fn the_star_is_critical_in_both_forms() {
    for principal in [r#""*""#, r#"{"AWS": "*"}"#] {
        assert!(raised(&trust(principal, "")).contains(&("wildcard-principal", Severity::Critical)), "{principal}");
    }
    let config = config::parse_text("").expect("the defaults");
    let report = lint_source(Source::new("policy.json", trust(r#""*""#, "")), &Settings::new(&config));
    assert!(report.findings.iter().any(|finding| finding.message.contains("IAM rejects")), "the bare star is refused");
}

#[test]
fn third_parties_send_an_external_id() {
    let third_party = r#"{"AWS": "arn:aws:iam::803914726655:root"}"#;
    assert!(
        !rules(&trust(third_party, r#"{"StringEquals": {"sts:ExternalId": "8f1c2d7e-0a4b"}}"#))
            .contains(&"missing-external-id")
    );
    assert!(rules(&trust(third_party, "")).contains(&"missing-external-id"));
}

#[test]
fn a_placeholder_is_an_account_that_is_not_known() {
    let text = trust(r#"{"AWS": "arn:aws:iam::THIRD-PARTY-ACCOUNT:root"}"#, "");
    assert_eq!(rules(&text), Vec::<&str>::new());
    let config = config::parse_text("").expect("the defaults");
    let report = lint_source(Source::new("policy.json", text), &Settings::new(&config));
    assert_eq!(report.policies[0].unresolved, 1, "it is counted");
}

#[test]
fn twelve_hours_for_a_third_party() {
    let role = format!(
        r#"{{"Role": {{"RoleName": "vendor", "Arn": "arn:aws:iam::294750163881:role/vendor", "MaxSessionDuration": 43200,
            "AssumeRolePolicyDocument": {}}}}}"#,
        trust(
            r#"{"AWS": "arn:aws:iam::803914726655:root"}"#,
            r#"{"StringEquals": {"sts:ExternalId": "8f1c2d7e-0a4b"}}"#
        )
    );
    assert_eq!(rules(&role), ["excessive-session-duration"]);
}
