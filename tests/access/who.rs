//! `who` lets strangers in exactly where the question about anybody does.

use super::engine::{allows, estate, read, size};
use super::generate::{Rng, policy_json};
use iamlint::access::analysis::who::{Unnamed, Who, who};
use iamlint::access::decide::eval::evaluate;
use iamlint::access::{Answer, Faults, Query, analyse, ask};
use iamlint::policy::{Policy, Truth};
use iamlint::site::PolicyKind;
use iamlint::value::{Domain, Hole, Text};

const ANYBODY: Query = Query::Anybody { knows_external_id: true };

/// A Principal of everybody with random conditions of the sort that strangers meet or do not.
fn open(rng: &mut Rng) -> String {
    let conditions = [
        r#""StringEquals":{"aws:PrincipalOrgID":"o-k3p9x2m7qz"}"#,
        r#""StringNotEquals":{"aws:PrincipalOrgID":"o-k3p9x2m7qz"}"#,
        r#""StringEqualsIfExists":{"aws:PrincipalOrgID":"o-k3p9x2m7qz"}"#,
        r#""ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-k3p9x2m7qz/r-ab12/*"}"#,
        r#""IpAddress":{"aws:SourceIp":"203.0.113.0/24"}"#,
        r#""NotIpAddress":{"aws:SourceIp":"203.0.113.0/24"}"#,
        r#""StringEquals":{"aws:SourceVpce":"vpce-0a1b2c3d"}"#,
        r#""StringLike":{"aws:userid":"AROAEXAMPLEID1234567:*"}"#,
        r#""StringLike":{"aws:userid":"*:admin"}"#,
        r#""StringEquals":{"sts:ExternalId":"k7Qd"}"#,
        r#""StringLike":{"aws:PrincipalArn":"*partner*"}"#,
        r#""ArnLike":{"aws:PrincipalArn":"arn:aws:iam::444455556666:role/*"}"#,
        r#""ArnNotLike":{"aws:PrincipalArn":["arn:aws:iam::*:role/*","arn:aws:iam::999999999999:*"]}"#,
        r#""StringNotLike":{"aws:PrincipalAccount":["9*","1*"]}"#,
        r#""StringLike":{"aws:PrincipalAccount":"9*"}"#,
        r#""StringNotEquals":{"aws:PrincipalAccount":"999999999999"}"#,
        r#""StringEquals":{"aws:PrincipalTag/team":"ops"}"#,
        r#""Bool":{"aws:MultiFactorAuthPresent":"true"}"#,
        r#""StringLike":{"aws:PrincipalOrgPaths":"o-*/*"}"#,
        r#""StringSimilar":{"aws:username":"x"}"#,
        r#""StringSimilar":{"aws:PrincipalOrgID":"o-k3p9x2m7qz"}"#,
    ];
    let statement = |rng: &mut Rng, effect: &str| {
        let some: Vec<&str> = (0..rng.below(3)).map(|_| rng.pick(&conditions)).collect();
        let mut seen: Vec<&str> = Vec::new();
        // No operator twice: JSON has each key once.
        let operator =
            |one: &str| one.split(':').nth(usize::from(one.contains("ForAny"))).unwrap_or_default().to_owned();
        for one in some {
            if seen.iter().all(|known| operator(known) != operator(one)) {
                seen.push(one);
            }
        }
        let action = if rng.chance(20) { r#"["sts:AssumeRole","sts:TagSession"]"# } else { r#""sts:AssumeRole""# };
        format!(
            r#"{{"Effect":"{effect}","Principal":{{"AWS":"*"}},"Action":{action},"Condition":{{{}}}}}"#,
            seen.join(",")
        )
    };
    let mut statements: Vec<String> = (0..1 + rng.below(3)).map(|_| statement(rng, "Allow")).collect();
    if rng.chance(30) {
        statements.push(statement(rng, "Deny"));
    }
    format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","))
}

/// The policy with its first condition's values not known.
fn hide(policy: &mut Policy) {
    let hole = Hole { name: "X".into(), why: "a parameter", domain: Domain::Text, default: None };
    let conditions = policy.statements.iter_mut().flat_map(|statement| &mut statement.conditions);
    if let Some(condition) = conditions.into_iter().next() {
        condition.values = vec![Text::hole(hole, condition.values_span)];
    }
}

#[test]
fn strangers_are_told_exactly_where_anybody_passes() {
    let mut rng = Rng::new(41);
    let (mut yes, mut never, mut possibly, mut tied) = (0, 0, 0, 0);
    for round in 0..size(150, 5_000) {
        let json = if round % 3 == 0 { policy_json(&mut rng) } else { open(&mut rng) };
        let mut policy = read(&json);
        if rng.chance(12) {
            hide(&mut policy);
        }
        let model = analyse(&policy, &estate(Faults::default()));
        let findings = who(&model);
        let strangers: Vec<_> = findings.iter().filter(|finding| finding.stranger).collect();
        match ask(&model, &ANYBODY) {
            Answer::Yes(witness) => {
                yes += 1;
                // A policy variable may make it certain for one request and not for the caller.
                assert!(!strangers.is_empty(), "{findings:#?}\n{json}");
                let decision = allows(&evaluate(&policy, PolicyKind::Trust, &witness.request));
                assert_eq!(decision, Truth::Yes, "{witness:#?}\n{json}");
                // Whom the policy names is no stranger.
                let account = witness.request.caller.account().unwrap_or_default();
                assert!(!json.contains(account), "{witness:#?}\n{json}");
            }
            Answer::Possibly { .. } => {
                possibly += 1;
                assert!(!strangers.is_empty(), "{findings:#?}\n{json}");
            }
            Answer::Never(_) => {
                never += 1;
                assert!(strangers.is_empty(), "{findings:#?}\n{json}");
            }
            Answer::Undecided(reason) => panic!("{reason:?}\n{json}"),
        }
        for finding in findings.iter().filter(|finding| finding.unnamed.is_some()) {
            assert!(finding.stranger == finding.bound_by.is_empty(), "{finding:#?}\n{json}");
            tied += usize::from(!finding.stranger);
        }
        // An account that nobody names is said to be one.
        for finding in findings.iter().filter(|finding| finding.unnamed.is_none()) {
            let account = match &finding.who {
                Who::Account(account) => Some(account.as_str()),
                Who::Caller(caller) => caller.account(),
                _ => None,
            };
            let is_known = |account: &str| json.contains(account) || account == super::generate::OWN_ACCOUNT;
            assert!(account.is_none_or(is_known), "{finding:#?}\n{json}");
        }
    }
    println!("{yes} yes, {never} never, {possibly} possibly, {tied} tied");
    assert!(yes > 20 && never > 20 && possibly > 5 && tied > 5, "{yes} {never} {possibly} {tied}");
}

/// Who comes in: the accounts that are meant, and whether strangers do.
fn unnamed(condition: &str) -> Vec<(Option<Unnamed>, bool)> {
    let json = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"*"}},"Action":"sts:AssumeRole","Condition":{{{condition}}}}}]}}"#
    );
    let found = who(&analyse(&read(&json), &estate(Faults::default())));
    let members = found.into_iter().filter(|one| one.unnamed.is_some());
    members.map(|one| (one.unnamed, one.stranger)).collect()
}

#[test]
fn the_account_that_plays_the_stranger_may_be_named() {
    use Unnamed::{Every, Like};
    for (condition, expected) in [
        (
            r#""ArnNotLike":{"aws:PrincipalArn":["arn:aws:iam::*:role/*","arn:aws:iam::999999999999:*"]}"#,
            vec![(Some(Every), true)],
        ),
        (r#""StringNotEquals":{"aws:PrincipalAccount":"999999999999"}"#, vec![(Some(Every), true)]),
        (r#""StringNotLike":{"aws:PrincipalAccount":"99999999999*"}"#, vec![(Some(Like), true)]),
        (r#""StringLike":{"aws:PrincipalAccount":"9*"}"#, vec![(Some(Like), true)]),
        (r#""StringNotLike":{"aws:PrincipalArn":"arn:aws:iam::999999999999:*"}"#, vec![(Some(Every), true)]),
        (r#""StringLike":{"aws:PrincipalArn":"arn:aws:iam::999999999999:*"}"#, vec![]),
        (r#""StringEquals":{"aws:PrincipalOrgID":"o-k3p9x2m7qz"}"#, vec![(Some(Every), false)]),
    ] {
        assert_eq!(unnamed(condition), expected, "{condition}");
    }
}
