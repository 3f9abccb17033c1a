//! Random policies: what the engine says of all requests must fit what the evaluator says of each.
//!
//! The small sizes run always; `IAMLINT_DEEP=1` runs thousands of policies.

use super::generate::{OWN_ACCOUNT, Rng, policy_json, request};
use iamlint::access::decide::eval::{Outcome, evaluate};
use iamlint::access::{Answer, Caller, Estate, Faults, Query, Reason, Request, Sent, analyse, ask};
use iamlint::policy::{Policy, Truth, lower};
use iamlint::site::PolicyKind;
use iamlint::syntax::{Syntax, parse};

const GITHUB: &str = "token.actions.githubusercontent.com";
const GITHUB_PROVIDER: &str = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com";

pub fn size(small: usize, deep: usize) -> usize {
    if std::env::var_os("IAMLINT_DEEP").is_some() { deep } else { small }
}

pub fn read(json: &str) -> Policy {
    lower(&parse(json, Syntax::Json).documents[0])
}

pub fn estate(faults: Faults) -> Estate {
    Estate { account: Some(OWN_ACCOUNT.to_owned()), faults, ..Estate::default() }
}

pub fn queries() -> Vec<Query> {
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
        Query::Service { host: "cloudtrail.amazonaws.com".into(), sent: Sent::All },
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
        Query::Service { host, .. } => {
            plain
                && request.caller == Caller::Service(host.clone())
                && (one("aws:SourceAccount").is_some() && one("aws:SourceArn").is_some())
                && one("aws:SourceAccount").as_deref() != Some(OWN_ACCOUNT)
                && unnamed("aws:SourceAccount")
                && unnamed_arn("aws:SourceArn")
                && unnamed("aws:SourceOrgID")
                && unnamed_part("aws:SourceOrgPaths", '/')
        }
        Query::WithoutKey { key } => assume && one(key).is_none(),
        Query::OutsideTrusted | Query::Machine { .. } | Query::User { .. } | Query::ForeignAssertion => false,
    }
}

pub fn allows(outcome: &Outcome) -> Truth {
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
    let mut asked = queries();
    asked.push(Query::WithoutKey { key: "sts:ExternalId".into() });
    for _ in 0..policies {
        let json = policy_json(&mut rng);
        let policy = read(&json);
        let model = analyse(&policy, &estate(faults));
        let answers: Vec<(Query, Answer)> = asked.iter().map(|query| (query.clone(), ask(&model, query))).collect();
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
    // `ACCESS_SEED` runs another sample; without it each run is the same.
    let seed = if std::env::var_os("ACCESS_SEED").is_some() { Rng::from_env().bits() } else { 1 };
    let tally = sample(seed, size(150, 5_000), size(60, 400), Faults::default());
    let Tally { requests, relevant, yes, never, possibly, undecided, contradictions } = &tally;
    println!(
        "{requests} requests, {relevant} relevant; {yes} yes {never} never {possibly} possibly {undecided} undecided"
    );
    assert!(contradictions.is_empty(), "{} contradictions, first:\n{}", contradictions.len(), contradictions[0]);
    assert!(*yes > 100 && *never > 100 && *relevant > 100, "{tally:?}");
}

use iamlint::access::analysis::difference::diff;
use iamlint::access::{Access, redundancy};

/// The policy without one of its statements, or without one of its conditions.
fn without(policy: &Policy, statement: usize, condition: Option<usize>) -> Policy {
    let mut policy = policy.clone();
    match condition {
        Some(condition) => {
            policy.statements[statement].conditions.remove(condition);
        }
        None => {
            policy.statements.remove(statement);
        }
    }
    policy
}

#[test]
fn what_has_no_effect_changes_no_decision() {
    let mut rng = Rng::new(11);
    let (mut dead, mut extra, mut void) = (0, 0, 0);
    for _ in 0..size(150, 5_000) {
        let json = policy_json(&mut rng);
        let policy = read(&json);
        let access = Access::new(&policy, PolicyKind::Trust, estate(Faults::default()));
        let gone: Vec<usize> = (0..policy.statements.len())
            .filter(|at| redundancy::dead(&access, &policy.statements[*at]).is_some())
            .collect();
        let superfluous = redundancy::superfluous(&access);
        let idle: Vec<(usize, usize)> = policy
            .statements
            .iter()
            .flat_map(|one| redundancy::void(&access, one).into_iter().map(|(number, _)| (one.index, number)))
            .collect();
        (dead, extra, void) = (dead + gone.len(), extra + superfluous.len(), void + idle.len());
        let mut smaller = policy.clone();
        superfluous.iter().rev().for_each(|(at, _)| smaller = without(&smaller, *at, None));
        for _ in 0..size(40, 400) {
            let request = request(&mut rng, &json);
            let outcome = evaluate(&policy, PolicyKind::Trust, &request);
            for at in &gone {
                assert_ne!(outcome.statements[*at].applies, Truth::Yes, "dead {at}: {request:?}\n{json}");
            }
            for (statement, condition) in &idle {
                let changed = without(&policy, *statement, Some(*condition));
                let applies =
                    |policy: &Policy| evaluate(policy, PolicyKind::Trust, &request).statements[*statement].applies;
                let (before, after) = (applies(&policy), applies(&changed));
                assert!(
                    !(before == Truth::No && after == Truth::Yes),
                    "void {statement} {condition}: {request:?}\n{json}"
                );
            }
            let decision = allows(&outcome);
            if decision == Truth::Maybe {
                continue;
            }
            let again = allows(&evaluate(&smaller, PolicyKind::Trust, &request));
            assert_eq!(again, decision, "superfluous {superfluous:?}: {request:?}\n{json}");
        }
    }
    println!("{dead} dead, {extra} superfluous statements, {void} void conditions");
    assert!(dead > 10 && extra > 10 && void > 5, "{dead} {extra} {void}");
}

#[test]
fn differences_fit_decisions() {
    let mut rng = Rng::new(12);
    let (mut yes, mut never, mut open) = (0, 0, 0);
    for round in 0..size(150, 5_000) {
        let first = policy_json(&mut rng);
        // Half of the pairs share statements.
        let other = policy_json(&mut rng);
        let (a, mut b) = (read(&first), read(&other));
        if round % 2 == 0 {
            b.statements.truncate(1 + round % 3);
            let shared = a.statements.iter().skip(round % 2).cloned();
            b.statements.extend(shared);
            b.statements.iter_mut().enumerate().for_each(|(at, statement)| statement.index = at);
        }
        let found = diff(&a, &b, PolicyKind::Trust, &estate(Faults::default()));
        let same = diff(&a, &a, PolicyKind::Trust, &estate(Faults::default()));
        assert!(same.gained.is_never() && same.lost.is_never(), "{same:#?}\n{first}");
        for answer in [&found.gained, &found.lost] {
            match answer {
                Answer::Yes(_) => yes += 1,
                Answer::Never(_) => never += 1,
                Answer::Possibly { .. } => open += 1,
                Answer::Undecided(reason) => panic!("{reason:?}\n{first}\n{other}"),
            }
        }
        for at in 0..size(60, 400) {
            let request = request(&mut rng, if at % 2 == 0 { &first } else { &other });
            let decide = |policy: &Policy| allows(&evaluate(policy, PolicyKind::Trust, &request));
            let (before, after) = (decide(&a), decide(&b));
            let gained = after == Truth::Yes && before == Truth::No;
            let lost = before == Truth::Yes && after == Truth::No;
            assert!(!(gained && found.gained.is_never()), "{request:?}\n{first}\n{other}");
            assert!(!(lost && found.lost.is_never()), "{request:?}\n{first}\n{other}");
        }
    }
    println!("{yes} yes, {never} never, {open} possibly");
    assert!(yes > 50 && never > 50);
}

#[test]
fn planted_mistakes_are_noticed() {
    let faults = [
        Faults { absent_fails_negated: true, ..Faults::default() },
        Faults { absent_fails_for_all: true, ..Faults::default() },
        Faults { deny_is_ignored: true, ..Faults::default() },
        Faults { deny_any_side: true, ..Faults::default() },
        Faults { lost_atoms: true, ..Faults::default() },
    ];
    for fault in faults {
        let tally = sample(3, size(100, 2_000), size(40, 200), fault);
        println!("{} contradictions for {fault:?}", tally.contradictions.len());
        assert!(!tally.contradictions.is_empty(), "{fault:?}");
    }
}
