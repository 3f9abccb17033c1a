//! Laws that answers obey, whatever the policy: rewritings that change nothing, additions that only add, holes that stand
//! for any value, and hard cases that end.

use super::engine::{allows, estate, queries, read, size};
use super::generate::{OWN_ACCOUNT, Rng, policy_json};
use iamlint::access::decide::eval::evaluate;
use iamlint::access::{Answer, Faults, Query, analyse, ask};
use iamlint::policy::{Effect, Policy, Truth, principal};
use iamlint::site::PolicyKind;
use iamlint::span::Span;
use iamlint::value::{Domain, Hole, Text};

fn answers(policy: &Policy) -> Vec<Answer> {
    let model = analyse(policy, &estate(Faults::default()));
    queries().iter().map(|query| ask(&model, query)).collect()
}

/// The sort of each answer: witnesses may differ.
fn verdicts(policy: &Policy) -> Vec<&'static str> {
    let sort = |answer: &Answer| match answer {
        Answer::Yes(_) => "yes",
        Answer::Never(_) => "never",
        Answer::Possibly { .. } => "possibly",
        Answer::Undecided(_) => "undecided",
    };
    answers(policy).iter().map(sort).collect()
}

fn renumber(policy: &mut Policy) {
    policy.statements.iter_mut().enumerate().for_each(|(at, statement)| statement.index = at);
}

#[test]
fn rewriting_changes_nothing() {
    let mut rng = Rng::new(21);
    for _ in 0..size(40, 3_000) {
        let json = policy_json(&mut rng);
        let policy = read(&json);
        let before = verdicts(&policy);
        let mut turned = policy.clone();
        turned.statements.reverse();
        for statement in &mut turned.statements {
            statement.conditions.reverse();
            statement.conditions.iter_mut().for_each(|condition| condition.values.reverse());
            statement.principals.iter_mut().for_each(|principals| principals.entries.reverse());
        }
        renumber(&mut turned);
        assert_eq!(verdicts(&turned), before, "reversed\n{json}");
        let mut doubled = policy.clone();
        doubled.statements.extend(policy.statements.iter().cloned());
        renumber(&mut doubled);
        assert_eq!(verdicts(&doubled), before, "doubled\n{json}");
        let mut split = policy.clone();
        split.statements = policy
            .statements
            .iter()
            .flat_map(|statement| {
                let entries = statement.listed_principals();
                let one = |at: usize| {
                    let mut one = statement.clone();
                    if let Some(principals) = one.principals.as_mut().filter(|_| entries.len() > 1) {
                        principals.entries = vec![entries[at].clone()];
                    }
                    one
                };
                (0..entries.len().max(1)).map(one).collect::<Vec<_>>()
            })
            .collect();
        renumber(&mut split);
        assert_eq!(verdicts(&split), before, "split\n{json}");
        let mut shouted = policy.clone();
        for condition in shouted.statements.iter_mut().flat_map(|statement| &mut statement.conditions) {
            condition.key = condition.key.to_uppercase();
        }
        assert_eq!(verdicts(&shouted), before, "keys in capitals\n{json}");
    }
}

#[test]
fn more_allows_more_and_denies_deny() {
    let mut rng = Rng::new(22);
    for _ in 0..size(60, 3_000) {
        let (json, other) = (policy_json(&mut rng), policy_json(&mut rng));
        let (policy, more) = (read(&json), read(&other));
        // A statement means the same in both only if both have one version.
        if policy.version != more.version {
            continue;
        }
        let before = verdicts(&policy);
        for effect in [Effect::Allow, Effect::Deny] {
            let mut joined = policy.clone();
            joined.statements.extend(more.statements.iter().filter(|statement| statement.effect == effect).cloned());
            renumber(&mut joined);
            let (from, to) = if effect == Effect::Allow { ("yes", "never") } else { ("never", "yes") };
            for (query, (before, after)) in queries().iter().zip(before.iter().zip(verdicts(&joined))) {
                assert!(!(*before == from && after == to), "{query:?} after {effect:?}\n{json}\n{other}");
            }
        }
    }
}

#[test]
fn holes_stand_for_any_value() {
    let hole = || {
        let hole = Hole { name: "X".into(), why: "a parameter", domain: Domain::Text, default: None };
        Text::hole(hole, Span::default())
    };
    let mut rng = Rng::new(23);
    let asked = [
        Query::Anything,
        Query::Account("444455556666".into()),
        Query::WithoutExternalId { account: None },
        Query::WithoutMfa,
    ];
    let (mut yes, mut never, mut possibly) = (0, 0, 0);
    for _ in 0..size(150, 5_000) {
        let json = policy_json(&mut rng);
        let policy = read(&json);
        let mut template = policy.clone();
        for statement in &mut template.statements {
            for value in statement.conditions.iter_mut().flat_map(|condition| &mut condition.values) {
                if rng.chance(40) {
                    *value = hole();
                }
            }
            for entry in statement.principals.iter_mut().flat_map(|principals| &mut principals.entries) {
                if rng.chance(15) {
                    entry.text = hole();
                    entry.kind = principal::classify(&entry.text, entry.member);
                }
            }
        }
        let open = analyse(&template, &estate(Faults::default()));
        let closed = analyse(&policy, &estate(Faults::default()));
        for query in &asked {
            let known = ask(&closed, query);
            match ask(&open, query) {
                Answer::Yes(witness) => {
                    yes += 1;
                    let decision = allows(&evaluate(&policy, PolicyKind::Trust, &witness.request));
                    assert_eq!(decision, Truth::Yes, "{query:?} {witness:?}\n{json}");
                    assert!(!known.is_never(), "{query:?} {witness:?}\n{json}");
                }
                Answer::Never(_) => {
                    never += 1;
                    assert!(known.is_never(), "{query:?} {known:?}\n{json}");
                }
                Answer::Possibly { .. } => possibly += 1,
                Answer::Undecided(reason) => panic!("{reason:?}\n{json}"),
            }
        }
    }
    println!("{yes} yes, {never} never, {possibly} possibly");
    assert!(yes > 50 && never > 50 && possibly > 50);
}

#[test]
fn the_same_answers_every_time() {
    let mut rng = Rng::new(24);
    for _ in 0..size(15, 1_000) {
        let policy = read(&policy_json(&mut rng));
        let first = answers(&policy);
        let again = std::thread::scope(|scope| scope.spawn(|| answers(&policy)).join().expect("no panic"));
        assert_eq!(first, again);
    }
}

/// Statements that allow one account under one condition each.
fn each(conditions: impl Iterator<Item = String>) -> Policy {
    let statement = |condition: String| {
        format!(
            r#"{{"Effect":"Allow","Principal":{{"AWS":"444455556666"}},"Action":"sts:AssumeRole","Condition":{{{condition}}}}}"#
        )
    };
    let list: Vec<String> = conditions.map(statement).collect();
    read(&format!("{{\"Version\":\"2012-10-17\",\"Statement\":[{}]}}", list.join(",")))
}

#[test]
fn hard_cases_end() {
    let infixes = each((0..14).map(|at| format!(r#""StringLike":{{"aws:PrincipalTag/a":"*i{at}x*"}}"#)));
    // Too many sorts of text for one tag, but not for one statement.
    let ask_one = |policy: &Policy, query: Query| ask(&analyse(policy, &estate(Faults::default())), &query);
    assert!(ask_one(&infixes, Query::Anything).witness().is_some());
    assert!(ask_one(&infixes, Query::Account("999999999999".into())).is_never());
    let mut denied = infixes.clone();
    denied.statements[1..].iter_mut().for_each(|statement| statement.effect = Effect::Deny);
    // Too many for one statement and all that is denied; what does not rest on the tag is answered all the same.
    assert!(matches!(ask_one(&denied, Query::Anything), Answer::Undecided(_)));
    assert!(ask_one(&denied, Query::Account("999999999999".into())).is_never());
    let prefixes = each((0..100).map(|at| format!(r#""StringLike":{{"sts:RoleSessionName":"p{at}-*"}}"#)));
    assert!(verdicts(&prefixes).iter().all(|verdict| *verdict != "undecided"));
    let sets = each((0..16).map(|at| format!(r#""ForAnyValue:StringEquals":{{"aws:TagKeys":"k{at}"}}"#)));
    assert_eq!(verdicts(&sets).len(), queries().len());
    // Denies over many keys: a search with something to search.
    let deny = |at: usize| {
        let test = |key: usize, value: usize| format!(r#""aws:PrincipalTag/k{}":"{value}""#, key % 20);
        format!(
            r#"{{"Effect":"Deny","Principal":{{"AWS":"*"}},"Action":"sts:*","Condition":{{"StringEquals":{{{},{},{}}}}}}}"#,
            test(at * 7, at % 2),
            test(at * 11 + 1, at / 2 % 2),
            test(at * 13 + 2, at / 4 % 2)
        )
    };
    let list: Vec<String> = (0..120).map(deny).collect();
    let policy = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"{OWN_ACCOUNT}"}},"Action":"sts:AssumeRole"}},{}]}}"#,
        list.join(",")
    );
    assert_eq!(verdicts(&read(&policy))[0], "yes");
}
