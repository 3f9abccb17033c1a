//! What holds of every decision, whatever the policy and the request: the evaluator on random ones.

use super::generate::{Rng, policy_json, request};
use iamlint::access::decide::eval::{MissReason, evaluate};
use iamlint::access::undocumented::ALLOW_ANYONE_NAMES_SERVICES;
use iamlint::access::{Caller, Context, Request};
use iamlint::policy::{Effect, Truth, lower};
use iamlint::site::PolicyKind;
use iamlint::syntax::json;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

fn runs() -> usize {
    std::env::var("ACCESS_RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(300)
}

/// Whether a trust policy allows a request by itself.
fn allows(document: &str, request: &Request) -> bool {
    let parsed = json::parse(document, json::Dialect::Strict);
    assert!(parsed.problems.is_empty(), "{:?} in {document}", parsed.problems);
    let policy = lower(&parsed.documents[0]);
    assert!(policy.facts.is_empty(), "{:?} in {document}", policy.facts);
    let outcome = evaluate(&policy, PolicyKind::Trust, request);
    assert!(outcome.denies() != Truth::Maybe, "everything in {document} is known");
    let signs = !matches!(request.caller, Caller::Service(_) | Caller::Oidc(_) | Caller::Saml(_));
    for trace in &outcome.statements {
        // All values are known; whether `*` names services and federated callers is not documented.
        if trace.applies == Truth::Maybe {
            let reason = trace.first_miss.as_ref().map(|miss| &miss.reason);
            assert_eq!(reason, Some(&MissReason::Open(ALLOW_ANYONE_NAMES_SERVICES)), "{request:?} in {document}");
            assert!(!signs && trace.effect == Effect::Allow, "{request:?} in {document}");
        }
        assert_eq!(trace.first_miss.is_none(), trace.surely_applies(), "{document}");
    }
    outcome.passes() == Truth::Yes
}

/// The document with other statements.
fn with_statements(document: &str, change: impl FnOnce(&mut Vec<Value>)) -> String {
    let mut document: Value = serde_json::from_str(document).expect("JSON");
    let mut statements = match document["Statement"].take() {
        Value::Array(items) => items,
        one => vec![one],
    };
    change(&mut statements);
    document["Statement"] = statements.into();
    document.to_string()
}

/// Every list the other way round, every key of a condition in capitals.
fn disguised(value: &Value, in_condition: bool) -> Value {
    match value {
        Value::Array(items) => items.iter().rev().map(|item| disguised(item, in_condition)).collect(),
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| (name.clone(), disguised(value, name == "Condition"));
            let operators = |(name, keys): (&String, &Value)| {
                let folded: Map<String, Value> = keys
                    .as_object()
                    .into_iter()
                    .flatten()
                    .map(|(key, values)| (key.to_ascii_uppercase(), disguised(values, false)))
                    .collect();
                (name.clone(), folded.into())
            };
            let members: Map<String, Value> = match in_condition {
                true => members.iter().map(operators).collect(),
                false => members.iter().map(member).collect(),
            };
            members.into()
        }
        other => other.clone(),
    }
}

#[test]
fn laws_of_decisions() {
    let mut rng = Rng::from_env();
    let (mut allowed, mut denied) = (0, 0);
    for _ in 0..runs() {
        let policy = policy_json(&mut rng);
        let more = policy_json(&mut rng);
        for _ in 0..10 {
            let request = request(&mut rng, &policy);
            let before = allows(&policy, &request);
            if before {
                allowed += 1
            } else {
                denied += 1
            }

            let deny = with_statements(&policy, |statements| {
                statements.push(json!({"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "sts:TagSession"}));
            });
            assert!(before || !allows(&deny, &request), "a Deny allows {request:?} in {deny}");
            assert!(request.action != "sts:TagSession" || !allows(&deny, &request), "{request:?} in {deny}");

            let added: Value = serde_json::from_str(&more).expect("JSON");
            let first = match &added["Statement"] {
                Value::Array(items) => items[0].clone(),
                one => one.clone(),
            };
            let wider = with_statements(&policy, |statements| statements.push(first));
            assert!(!before || allows(&wider, &request), "an Allow denies {request:?} in {wider}");

            let other = with_statements(&policy, |statements| {
                statements.reverse();
                for statement in statements {
                    *statement = disguised(statement, false);
                }
            });
            assert_eq!(before, allows(&other, &request), "{request:?} in {policy} and {other}");
        }
    }
    // Requests that all fail, or all pass, test nothing.
    let share = allowed * 100 / (allowed + denied);
    assert!((10..=70).contains(&share), "{share} % of requests are allowed");
}

#[test]
fn negation_and_existence() {
    // A condition and its negation under one present key; `IfExists` only matters for an absent one.
    let mut rng = Rng::from_env();
    let pairs = [("StringEquals", "StringNotEquals"), ("StringLike", "StringNotLike"), ("ArnLike", "ArnNotLike")];
    for _ in 0..runs() {
        let (positive, negative) = pairs[rng.below(pairs.len())];
        let word = |rng: &mut Rng| {
            let parts = ["a", "b", "*", "?", ":", "arn:aws:iam::", "${*}", "${aws:username}", "${x, 'a'}"];
            (0..rng.below(7)).map(|_| rng.pick(&parts).to_owned()).collect::<String>()
        };
        let values: Vec<String> = (0..1 + rng.below(3)).map(|_| word(&mut rng)).collect();
        let mut context = Context::default();
        if rng.chance(70) {
            context.set("sts:ExternalId", vec![word(&mut rng)]);
        }
        let present = context.get("sts:ExternalId").is_some();
        let caller = Caller::parse("arn:aws:iam::444455556666:user/ab").expect("a user");
        let request = Request { action: "sts:AssumeRole".into(), caller, resource: None, context };
        let holds = |operator: &str| {
            let document = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"},
                "Action": "sts:AssumeRole", "Condition": {operator: {"sts:ExternalId": values}}}]});
            allows(&document.to_string(), &request)
        };
        let [yes, no] = [holds(positive), holds(negative)];
        assert_eq!((yes, no), if present { (yes, !yes) } else { (false, true) }, "{positive} {values:?} {request:?}");
        assert_eq!(holds(&format!("{positive}IfExists")), yes || !present);
        assert_eq!(holds(&format!("ForAllValues:{positive}")), yes || !present);
        assert_eq!(holds(&format!("ForAnyValue:{negative}")), no && present);
    }
}

#[test]
fn the_generator_reaches_every_kind_of_caller_and_repeats_itself() {
    let run = |seed| {
        let mut rng = Rng::new(seed);
        (0..300)
            .map(|_| {
                let policy = policy_json(&mut rng);
                let request = request(&mut rng, &policy);
                (policy, request)
            })
            .collect::<Vec<_>>()
    };
    let first = run(7);
    assert_eq!(first, run(7));
    assert_ne!(first, run(8));
    let kinds: BTreeSet<&str> = first
        .iter()
        .map(|(_, request)| match request.caller {
            Caller::User { .. } => "user",
            Caller::Role { .. } => "role",
            Caller::Service(_) => "service",
            Caller::Oidc(_) => "oidc",
            Caller::Saml(_) => "saml",
            Caller::Root { .. } | Caller::FederatedUser { .. } | Caller::Anonymous => "cannot assume a role",
        })
        .collect();
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), ["oidc", "role", "saml", "service", "user"]);
    assert!(first.iter().any(|(_, request)| request.action == "sts:TagSession"));
}
