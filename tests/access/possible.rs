//! Requests that come about are possible to the engine: a policy that asks for all that one request has lets it in.

use super::engine::{allows, estate, read, size};
use super::generate::{Rng, policy_json, request};
use super::strangers::stranger_json;
use iamlint::access::decide::eval::evaluate;
use iamlint::access::{Answer, Caller, Faults, Query, Request, analyse, ask};
use iamlint::policy::Truth;
use iamlint::site::PolicyKind;
use serde_json::{Map, Value, json};

/// Keys that a request may lack, which a policy then asks to be absent.
const OFTEN_ABSENT: [&str; 6] = [
    "sts:ExternalId",
    "aws:MultiFactorAuthPresent",
    "aws:PrincipalOrgID",
    "aws:SourceVpce",
    "aws:TokenIssueTime",
    "aws:SourceArn",
];

/// What the keys end with that hold a list.
const LISTS: [&str; 5] = ["aws:tagkeys", "orgpaths", ":amr", "affiliation", "aws:calledvia"];

/// A policy that lets in requests with the caller, the action and every key of this one, and no other; `absent` are keys
/// that it asks to be absent.
pub fn only(request: &Request, absent: &[&str]) -> Value {
    let principal = match &request.caller {
        Caller::Oidc(provider) | Caller::Saml(provider) => json!({ "Federated": provider }),
        Caller::Service(host) => json!({ "Service": host }),
        Caller::User { .. } | Caller::Role { .. } => json!({ "AWS": request.caller.principal_arn() }),
        Caller::Root { .. } | Caller::FederatedUser { .. } | Caller::Anonymous => json!({ "AWS": "*" }),
    };
    let mut condition = Map::new();
    let mut test = |operator: &str, key: &str, values: Value| {
        condition.entry(operator).or_insert_with(|| json!({}))[key] = values;
    };
    for (key, values) in request.context.iter() {
        match values {
            // What a plain operator makes of a list is not documented.
            [one] if LISTS.iter().any(|list| key.to_ascii_lowercase().ends_with(list)) => {
                test("ForAnyValue:StringEquals", key, json!(one));
            }
            [one] => test("StringEquals", key, json!(one)),
            many => {
                test("ForAllValues:StringEquals", key, json!(many));
                test("Null", key, json!("false"));
            }
        }
    }
    absent.iter().for_each(|key| test("Null", key, json!("true")));
    json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": principal, "Action": request.action, "Condition": condition}],
    })
}

/// A random request with some keys that it lacks; `None` if a value reads like a policy variable.
pub fn sampled(rng: &mut Rng) -> Option<(Request, Vec<&'static str>)> {
    let json = if rng.chance(50) { policy_json(rng) } else { stranger_json(rng) };
    let request = request(rng, &json);
    let variable = request.context.iter().any(|(_, values)| values.iter().any(|value| value.contains('$')));
    let lacks = |key: &&&str| request.context.get(key).is_none();
    let absent = OFTEN_ABSENT.iter().filter(lacks).copied().filter(|_| rng.chance(40)).collect();
    (!variable).then_some((request, absent))
}

#[test]
fn a_request_that_comes_about_is_possible() {
    let mut rng = Rng::new(41);
    let (mut held, mut wrong) = (0, Vec::new());
    for _ in 0..size(300, 20_000) {
        let Some((request, absent)) = sampled(&mut rng) else { continue };
        let json = only(&request, &absent).to_string();
        let policy = read(&json);
        if allows(&evaluate(&policy, PolicyKind::Trust, &request)) != Truth::Yes {
            wrong.push(format!("the evaluator does not let it in: {request:?}\n{json}"));
            continue;
        }
        held += 1;
        let answer = ask(&analyse(&policy, &estate(Faults::default())), &Query::Anything);
        if answer.is_never() && request.action.starts_with("sts:AssumeRole") {
            wrong.push(format!("never, but {request:?} comes about\n{json}"));
        }
        if let Answer::Undecided(reason) = answer {
            wrong.push(format!("{reason:?}\n{json}"));
        }
    }
    println!("{held} held");
    assert!(wrong.is_empty(), "{} contradictions, first:\n{}", wrong.len(), wrong[0]);
    assert!(held > 150, "{held}");
}
