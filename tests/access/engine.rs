//! Random policies: what the engine says of all requests must fit what the evaluator says of each.
//!
//! The small sizes run always; `IAMLINT_DEEP=1` runs thousands of policies.

use super::generate::{OWN_ACCOUNT, Rng, policy_json, request};
use iamlint::access::eval::{Outcome, evaluate};
use iamlint::access::{Answer, Caller, Estate, Faults, Query, Reason, Request, analyse, ask};
use iamlint::policy::{Policy, Truth, lower};
use iamlint::site::PolicyKind;
use iamlint::syntax::{Syntax, parse};

const GITHUB: &str = "token.actions.githubusercontent.com";
const GITHUB_PROVIDER: &str = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com";

fn size(small: usize, deep: usize) -> usize {
    if std::env::var_os("IAMLINT_DEEP").is_some() { deep } else { small }
}

fn read(json: &str) -> Policy {
    lower(&parse(json, Syntax::Json).documents[0])
}

fn estate(faults: Faults) -> Estate {
    Estate { account: Some(OWN_ACCOUNT.to_owned()), faults, ..Estate::default() }
}

fn queries() -> Vec<Query> {
    vec![
        Query::Anything,
        Query::Anybody { knows_external_id: false },
        Query::Anybody { knows_external_id: true },
        Query::Account("444455556666".into()),
        Query::WithoutExternalId { account: None },
        Query::AnyExternalId { account: None },
        Query::WithoutMfa,
        Query::ForeignToken { issuer: GITHUB.into() },
        Query::WrongAudience { issuer: GITHUB.into() },
        Query::Service { host: "cloudtrail.amazonaws.com".into() },
    ]
}

/// What a question asks, of one request, in words of its own: "not in the policy's text" stands for "not named by it".
fn fits(query: &Query, request: &Request, json: &str) -> bool {
    let one = |key: &str| request.context.get(key).map(|values| values.concat());
    let unnamed = |key: &str| one(key).is_none_or(|value| !json.contains(&value));
    let unnamed_part =
        |key: &str, end: char| one(key).is_none_or(|value| !json.contains(value.split(end).next().unwrap_or_default()));
    let unnamed_arn = |key: &str| {
        one(key).is_none_or(|arn| {
            let account = arn.split(':').nth(4).unwrap_or_default();
            !json.contains(&arn) && (account.is_empty() || !json.contains(account)) && account != OWN_ACCOUNT
        })
    };
    let assume = request.action.starts_with("sts:AssumeRole");
    let plain = request.action == "sts:AssumeRole";
    let signed = matches!(request.caller, Caller::User { .. } | Caller::Role { .. });
    let account = request.caller.account().unwrap_or_default();
    match query {
        Query::Anything => assume,
        Query::Anybody { knows_external_id } => {
            assume
                && signed
                && account != OWN_ACCOUNT
                && !json.contains(account)
                && unnamed("aws:PrincipalOrgID")
                && unnamed_part("aws:PrincipalOrgPaths", '/')
                && unnamed_part("aws:userid", ':')
                && unnamed_arn("aws:FederatedProvider")
                && unnamed_part("aws:SourceIp", '.')
                && unnamed_part("aws:SourceIp", ':')
                && unnamed("aws:SourceVpc")
                && unnamed("aws:SourceVpce")
                && (*knows_external_id || unnamed("sts:ExternalId"))
        }
        Query::Account(wanted) => plain && signed && account == wanted,
        Query::WithoutExternalId { .. } => plain && signed && account != OWN_ACCOUNT && one("sts:ExternalId").is_none(),
        Query::AnyExternalId { .. } => {
            plain && signed && account != OWN_ACCOUNT && one("sts:ExternalId").is_some() && unnamed("sts:ExternalId")
        }
        Query::WithoutMfa => {
            plain
                && matches!(request.caller, Caller::User { .. })
                && one("aws:MultiFactorAuthPresent").as_deref() != Some("true")
        }
        Query::ForeignToken { issuer } => {
            let sub = one(&format!("{issuer}:sub")).unwrap_or_default();
            let owner = sub.split(['/', '@']).next().unwrap_or_default();
            request.action == "sts:AssumeRoleWithWebIdentity"
                && request.caller == Caller::Oidc(GITHUB_PROVIDER.into())
                && sub.starts_with("repo:")
                // An owner whose name begins like a named one is another owner.
                && !json.contains(&format!("{owner}/"))
                && !json.contains(&format!("{owner}@"))
                && !json.contains(&format!("{owner}*"))
                && !json.contains(&format!("{owner}?"))
                && ["repository", "repository_id", "repository_owner_id", "enterprise_id"]
                    .iter()
                    .all(|claim| unnamed_part(&format!("{issuer}:{claim}"), '/'))
        }
        Query::WrongAudience { issuer } => {
            request.action == "sts:AssumeRoleWithWebIdentity"
                && request.caller == Caller::Oidc(GITHUB_PROVIDER.into())
                && unnamed(&format!("{issuer}:aud"))
        }
        Query::Service { host } => {
            plain
                && request.caller == Caller::Service(host.clone())
                && (one("aws:SourceAccount").is_some() && one("aws:SourceArn").is_some())
                && one("aws:SourceAccount").as_deref() != Some(OWN_ACCOUNT)
                && unnamed("aws:SourceAccount")
                && unnamed_arn("aws:SourceArn")
                && unnamed("aws:SourceOrgID")
                && unnamed_part("aws:SourceOrgPaths", '/')
        }
        Query::OutsideTrusted => false,
    }
}

fn allows(outcome: &Outcome) -> Truth {
    outcome.allows().and(outcome.denies().not())
}

#[derive(Debug, Default)]
struct Tally {
    requests: usize,
    relevant: usize,
    yes: usize,
    never: usize,
    possibly: usize,
    undecided: usize,
    contradictions: Vec<String>,
}

/// Hold the answers about random policies against random requests.
fn sample(seed: u64, policies: usize, requests: usize, faults: Faults) -> Tally {
    let mut rng = Rng::new(seed);
    let mut tally = Tally::default();
    for _ in 0..policies {
        let json = policy_json(&mut rng);
        let policy = read(&json);
        let model = analyse(&policy, &estate(faults));
        let answers: Vec<(Query, Answer)> =
            queries().into_iter().map(|query| (query.clone(), ask(&model, &query))).collect();
        for (query, answer) in &answers {
            match answer {
                Answer::Yes(_) => tally.yes += 1,
                Answer::Never(_) => tally.never += 1,
                Answer::Possibly { .. } => tally.possibly += 1,
                Answer::Undecided(Reason::Internal) => {
                    tally.undecided += 1;
                    tally.contradictions.push(format!("{query:?}: rejected witness\n{json}"));
                }
                Answer::Undecided(_) => tally.undecided += 1,
            }
        }
        for _ in 0..requests {
            let request = request(&mut rng, &json);
            tally.requests += 1;
            let outcome = evaluate(&policy, PolicyKind::Trust, &request);
            if allows(&outcome) == Truth::Yes {
                for (query, answer) in &answers {
                    if fits(query, &request, &json) {
                        tally.relevant += 1;
                        if answer.is_never() {
                            tally.contradictions.push(format!("{query:?}: never, but {request:?}\n{json}"));
                        }
                    }
                }
            }
        }
    }
    tally
}

#[test]
fn no_allowed_request_contradicts_an_answer() {
    let seed = std::env::var("ACCESS_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let tally = sample(seed, size(150, 5_000), size(60, 400), Faults::default());
    let Tally { requests, relevant, yes, never, possibly, undecided, contradictions } = &tally;
    println!(
        "{requests} requests, {relevant} relevant; {yes} yes {never} never {possibly} possibly {undecided} undecided"
    );
    assert!(contradictions.is_empty(), "{} contradictions, first:\n{}", contradictions.len(), contradictions[0]);
    assert!(*yes > 100 && *never > 100 && *relevant > 100, "{tally:?}");
}
