//! What rules ask, held against sampled requests and against the search: statements that match nothing, conditions that
//! exclude nobody, guesses, refutations, laws in their concrete form.
//!
//! Each guard is shown to notice a mistake that is planted in what it guards.

use super::engine::{allows, estate, read, size};
use super::generate::{Rng, policy_json, request};
use super::strangers::stranger_json;
use iamlint::access::decide::eval::evaluate;
use iamlint::access::engine::lawful::Reads;
use iamlint::access::redundancy::{dead, void};
use iamlint::access::{Access, Answer, ExternalId, Faults, Mfa, Query, Request, Sent, Sure, Through, analyse, ask};
use iamlint::policy::{Policy, Truth, principal};
use iamlint::site::PolicyKind;
use iamlint::span::Span;
use iamlint::value::{Domain, Hole, Text};

/// What a guard held, and what it found wrong.
#[derive(Debug, Default)]
struct Tally {
    held: [usize; 3],
    wrong: Vec<String>,
}

/// A random policy of either kind.
fn document(rng: &mut Rng) -> String {
    if rng.chance(50) { policy_json(rng) } else { stranger_json(rng) }
}

/// The policy as a template writes it: some values are parameters.
fn template(rng: &mut Rng, policy: &Policy) -> Policy {
    let hole = || {
        let hole = Hole { name: "X".into(), why: "a parameter", domain: Domain::Text, default: None };
        Text::hole(hole, Span::default())
    };
    let mut template = policy.clone();
    for statement in &mut template.statements {
        for value in statement.conditions.iter_mut().flat_map(|condition| &mut condition.values) {
            if rng.chance(30) {
                *value = hole();
            }
        }
        for entry in statement.principals.iter_mut().flat_map(|principals| &mut principals.entries) {
            if rng.chance(10) {
                entry.text = hole();
                entry.kind = principal::classify(&entry.text, entry.member);
            }
        }
    }
    template
}

/// Whether one statement of a policy applies to a request.
fn applies(policy: &Policy, statement: usize, request: &Request) -> Truth {
    evaluate(policy, PolicyKind::Trust, request).statements[statement].applies
}

/// The policy without these conditions of a statement.
fn without(policy: &Policy, statement: usize, numbers: &[usize]) -> Policy {
    let mut policy = policy.clone();
    let mut number = 0;
    policy.statements[statement].conditions.retain(|_| {
        number += 1;
        !numbers.contains(&(number - 1))
    });
    policy
}

/// A dead statement never applies; a void condition changes nothing about its statement, alone and with the other ones.
fn barriers(seed: u64, policies: usize, requests: usize, faults: Faults) -> Tally {
    let mut rng = Rng::new(seed);
    let mut tally = Tally::default();
    for round in 0..policies {
        let json = document(&mut rng);
        let policy = read(&json);
        // What holds of a template holds whatever its parameters are.
        let written = if round % 2 == 0 { policy.clone() } else { template(&mut rng, &policy) };
        let door = Access::new(&written, PolicyKind::Trust, estate(faults));
        let statements = 0..policy.statements.len();
        let gone: Vec<usize> =
            statements.clone().filter(|at| dead(&door, &written.statements[*at]).is_some()).collect();
        let mut idle: Vec<(usize, Policy, Vec<usize>)> = Vec::new();
        for at in statements {
            let numbers: Vec<usize> =
                void(&door, &written.statements[at]).into_iter().map(|(number, _)| number).collect();
            idle.extend(numbers.iter().map(|number| (at, without(&policy, at, &[*number]), vec![*number])));
            if numbers.len() > 1 {
                idle.push((at, without(&policy, at, &numbers), numbers));
            }
        }
        tally.held[0] += gone.len();
        tally.held[1] += idle.len();
        for _ in 0..if gone.is_empty() && idle.is_empty() { 0 } else { requests } {
            let request = request(&mut rng, &json);
            tally.held[2] += 1;
            for at in gone.iter().filter(|at| applies(&policy, **at, &request) == Truth::Yes) {
                tally.wrong.push(format!("dead {at}, but it applies to {request:?}\n{json}"));
            }
            for (at, changed, numbers) in &idle {
                let (before, after) = (applies(&policy, *at, &request), applies(changed, *at, &request));
                if before != Truth::Maybe && before != after {
                    tally.wrong.push(format!("void {at} {numbers:?}, but it holds {request:?} out\n{json}"));
                }
            }
        }
    }
    tally
}

/// What the door says of a question is what the search says, and what a guess shows is allowed.
fn doors(seed: u64, policies: usize, faults: Faults) -> Tally {
    let mut rng = Rng::new(seed);
    let mut tally = Tally::default();
    for round in 0..policies {
        let json = document(&mut rng);
        let policy = read(&json);
        let written = if round % 4 > 0 { policy } else { template(&mut rng, &policy) };
        let door = Access::new(&written, PolicyKind::Trust, estate(faults));
        let model = analyse(&written, &estate(Faults::default()));
        for query in asked() {
            let (said, searched) = (door.ask(&query, Through::default()), ask(&model, &query));
            tally.held[usize::from(said.sure == Sure::Possibly)] += 1;
            let fits = match (said.sure, &searched) {
                (Sure::Yes, Answer::Yes(_) | Answer::Possibly { .. } | Answer::Undecided(_)) => true,
                (Sure::Never, Answer::Never(_) | Answer::Undecided(_)) => true,
                // What a template leaves open is somebody's in particular.
                (Sure::Never, Answer::Possibly { .. }) => round % 4 == 0 && query.is_about_strangers(),
                (Sure::Possibly, Answer::Possibly { .. }) | (Sure::Undecided, Answer::Undecided(_)) => true,
                _ => false,
            };
            if !fits {
                tally.wrong.push(format!("{query:?}: {said:?}, but {searched:?}\n{json}"));
            }
            let witness = said.witness.filter(|_| said.sure == Sure::Yes);
            if witness.is_some_and(|one| allows(&evaluate(&written, PolicyKind::Trust, &one.request)) != Truth::Yes) {
                tally.wrong.push(format!("{query:?}: the request of the verdict is not allowed\n{json}"));
            }
        }
    }
    tally
}

/// Questions of every sort that rules ask.
fn asked() -> Vec<Query> {
    let github = || "token.actions.githubusercontent.com".to_owned();
    let mut asked = super::engine::queries();
    asked.extend(
        [ExternalId::Absent, ExternalId::Unlike, ExternalId::Unnamed].map(|id| Query::Machine { account: None, id }),
    );
    asked.extend([Mfa::Absent, Mfa::No, Mfa::Yes].map(|mfa| Query::User { mfa, external_id: false }));
    asked.push(Query::WithoutKey { key: "sts:ExternalId".into() });
    asked.push(Query::WithoutKey { key: "aws:PrincipalOrgID".into() });
    asked.push(Query::WrongAudience { issuer: github() });
    asked.push(Query::ForeignAssertion);
    asked.push(Query::Service { host: "cloudtrail.amazonaws.com".into(), sent: Sent::Only(vec!["aws:SourceArn"]) });
    asked
}

/// The laws in their concrete form: requests as AWS makes them break none, and neither do those that a search finds.
fn laws(seed: u64, policies: usize, requests: usize) -> Tally {
    let mut rng = Rng::new(seed);
    let mut tally = Tally::default();
    for _ in 0..policies {
        let json = document(&mut rng);
        let policy = read(&json);
        let facts = estate(Faults::default());
        let reads = Reads::of(&policy, &facts);
        for _ in 0..requests {
            let request = request(&mut rng, &json);
            tally.held[0] += 1;
            if let Some(law) = reads.broken(&request) {
                tally.wrong.push(format!("{law} forbids {request:?}\n{json}"));
            }
        }
        let model = analyse(&policy, &facts);
        for query in asked() {
            if let Answer::Yes(witness) = ask(&model, &query) {
                tally.held[1] += 1;
                if let Some(law) = reads.broken(&witness.request) {
                    tally.wrong.push(format!("{law} forbids the request of a search {:?}\n{json}", witness.request));
                }
            }
        }
    }
    tally
}

#[track_caller]
fn nothing_wrong(tally: &Tally, least: [usize; 3]) {
    println!("{:?} held", tally.held);
    assert!(tally.wrong.is_empty(), "{} contradictions, first:\n{}", tally.wrong.len(), tally.wrong[0]);
    assert!(tally.held.iter().zip(least).all(|(held, least)| *held >= least), "{:?}", tally.held);
}

#[track_caller]
fn noticed(tally: &Tally) {
    println!("{} contradictions", tally.wrong.len());
    assert!(!tally.wrong.is_empty());
}

#[test]
fn dead_statements_and_void_conditions_fit_requests() {
    let tally = barriers(31, size(400, 10_000), size(40, 200), Faults::default());
    nothing_wrong(&tally, [50, 20, 2_000]);
}

#[test]
fn mistakes_about_dead_statements_and_void_conditions_are_noticed() {
    noticed(&barriers(32, 200, 40, Faults { kept_at_least: true, ..Faults::default() }));
    noticed(&barriers(32, 200, 40, Faults { fails_at_most: true, ..Faults::default() }));
}

#[test]
fn the_door_says_what_the_search_says() {
    nothing_wrong(&doors(33, size(250, 10_000), Faults::default()), [500, 100, 0]);
}

#[test]
fn mistakes_behind_the_door_are_noticed() {
    noticed(&doors(34, 150, Faults { guess_is_not_checked: true, ..Faults::default() }));
    noticed(&doors(34, 150, Faults { guess_breaks_laws: true, ..Faults::default() }));
    noticed(&doors(34, 150, Faults { refuted_by_any_condition: true, ..Faults::default() }));
}

#[test]
fn laws_in_concrete_form_fit_requests_and_boxes() {
    nothing_wrong(&laws(35, size(200, 5_000), size(20, 100)), [2_000, 200, 0]);
}
