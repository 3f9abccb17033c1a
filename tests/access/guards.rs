//! What rules ask about the parts of a policy, held against sampled requests: statements that match nothing, conditions
//! that hold nobody out, statements that are plainly matched, the look at one caller.
//!
//! Each guard is shown to notice a mistake that is planted in what it guards.

use super::engine::{allows, estate, read, size};
use super::generate::{Rng, policy_json, request};
use super::strangers::stranger_json;
use iamlint::access::analysis::barriers::{dead, void};
use iamlint::access::decide::eval::{evaluate, keys};
use iamlint::access::probe::fast_path::surely_matched_with;
use iamlint::access::{Answer, Faults, Pin, Probe, Query, Request, analyse, ask};
use iamlint::policy::{Effect, Policy, PrincipalKind, Statement, Truth, principal};
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
        let model = analyse(&written, &estate(faults));
        let statements = 0..policy.statements.len();
        let gone: Vec<usize> = statements.clone().filter(|at| dead(&model, *at).is_some()).collect();
        let mut idle: Vec<(usize, Policy, Vec<usize>)> = Vec::new();
        for at in statements {
            let numbers: Vec<usize> = void(&model, at).into_iter().map(|(number, _)| number).collect();
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

/// A statement as a policy of its own that allows.
fn alone(policy: &Policy, statement: &Statement) -> Policy {
    let mut alone = policy.clone();
    alone.statements = vec![Statement { index: 0, effect: Effect::Allow, ..statement.clone() }];
    alone
}

/// What is called plainly matched is matched by a request.
fn plain(seed: u64, policies: usize, faults: Faults) -> Tally {
    let mut rng = Rng::new(seed);
    let mut tally = Tally::default();
    for round in 0..policies {
        let json = document(&mut rng);
        let policy = read(&json);
        let written = if round % 4 > 0 { policy } else { template(&mut rng, &policy) };
        for statement in &written.statements {
            if !surely_matched_with(statement, faults) {
                continue;
            }
            tally.held[0] += 1;
            let alone = alone(&written, statement);
            let found = matches!(ask(&analyse(&alone, &estate(Faults::default())), &Query::Anything), Answer::Yes(_));
            let mut sampled = || (0..50).any(|_| applies(&alone, 0, &request(&mut rng, &json)) == Truth::Yes);
            if !found && !sampled() {
                tally.wrong.push(format!("statement {} is called matched\n{json}", statement.index));
            }
        }
    }
    tally
}

/// The policy as the look sees one of its callers: that statement with that principal alone, and every Deny that covers
/// either everybody or nobody of those callers.
fn seen(policy: &Policy, statement: usize, principal: usize) -> Option<Policy> {
    let mut seen = policy.clone();
    let allow = &mut seen.statements[statement];
    if allow.effect != Effect::Allow {
        return None;
    }
    let principals = allow.principals.as_mut().filter(|principals| !principals.negated)?;
    principals.entries = vec![principals.entries.get(principal)?.clone()];
    let everyone = |statement: &Statement| {
        statement.principals.as_ref().is_some_and(|principals| {
            !principals.negated && principals.entries.iter().any(|one| one.kind == PrincipalKind::Anyone)
        })
    };
    let mut at = 0;
    seen.statements.retain(|other| {
        at += 1;
        at - 1 == statement || (other.effect == Effect::Deny && everyone(other))
    });
    seen.statements.iter_mut().enumerate().for_each(|(at, statement)| statement.index = at);
    Some(seen)
}

/// Every key that a policy reads, with the value that a request has; `None` if one has several.
fn pinned<'r>(policy: &'r Policy, request: &Request) -> Option<Vec<Pin<'r>>> {
    let mut pins: Vec<Pin<'r>> = Vec::new();
    for condition in policy.statements.iter().flat_map(|statement| &statement.conditions) {
        if pins.iter().any(|pin| condition.is_about(pin.key())) {
            continue;
        }
        let values = keys::values(request, &condition.key);
        pins.push(match values.as_deref() {
            None | Some([]) => Pin::absent(&condition.key),
            Some([one]) => Pin::foreign(&condition.key, one.clone()),
            Some(_) => return None,
        });
    }
    Some(pins)
}

/// A look with every key pinned says what the evaluator says; one with some keys pinned never says no where a request
/// with those values passes.
fn look(seed: u64, policies: usize, requests: usize, faults: Faults) -> Tally {
    let mut rng = Rng::new(seed);
    let mut tally = Tally::default();
    for _ in 0..policies {
        let json = document(&mut rng);
        let policy = read(&json);
        let (statement, principal) = (rng.below(policy.statements.len()), rng.below(2));
        let Some(seen) = seen(&policy, statement, principal) else { continue };
        let Some(allow) = seen.statements.iter().find(|one| one.effect == Effect::Allow) else { continue };
        for _ in 0..requests {
            let request = request(&mut rng, &json);
            let Some(pins) = pinned(&seen, &request) else { continue };
            let probe = Probe {
                policy: &seen,
                statement: allow,
                principal: &allow.listed_principals()[0],
                action: &request.action,
            };
            let outcome = evaluate(&seen, PolicyKind::Trust, &request);
            let by_principal = outcome.statements[allow.index].matched_as.is_empty();
            if by_principal {
                continue;
            }
            let passes = allows(&outcome);
            let all = probe.passes_with(&pins, faults);
            tally.held[usize::from(all == Truth::Yes)] += usize::from(all != Truth::Maybe);
            if passes != Truth::Maybe && all != Truth::Maybe && passes != all {
                tally.wrong.push(format!("{all:?}, but {passes:?} with {request:?}\n{json}"));
            }
            let some: Vec<Pin<'_>> = pins.into_iter().filter(|_| rng.chance(50)).collect();
            tally.held[2] += 1;
            if passes == Truth::Yes && probe.passes_with(&some, faults) == Truth::No {
                tally.wrong.push(format!("no, with {some:?}, but {request:?} passes\n{json}"));
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
fn plain_statements_are_matched() {
    nothing_wrong(&plain(33, size(1_500, 40_000), Faults::default()), [100, 0, 0]);
}

#[test]
fn a_mistake_about_plain_statements_is_noticed() {
    noticed(&plain(34, 1_500, Faults { plain_but_one: true, ..Faults::default() }));
}

#[test]
fn a_look_at_one_caller_fits_requests() {
    nothing_wrong(&look(35, size(800, 20_000), size(20, 100), Faults::default()), [500, 200, 1_000]);
}

#[test]
fn a_look_that_passes_over_deny_is_noticed() {
    noticed(&look(36, 400, 20, Faults { look_without_deny: true, ..Faults::default() }));
}
