//! What AWS never does, as laws over boxes and as laws over one request: both say the same.
//!
//! `impossible` names the law that a request breaks, in its concrete form. It is told which keys the request surely lacks:
//! of any other key that it does not have, nothing is said.

use super::engine::{estate, queries, read, size};
use super::generate::{Rng, policy_json, request};
use super::possible::{only, sampled};
use super::strangers::stranger_json;
use iamlint::access::engine::axioms::impossible;
use iamlint::access::{Faults, Query, Request, Through, analyse, ask, ask_through};
use std::collections::BTreeSet;

/// The requests that the engine finds break no law in its concrete form.
#[test]
fn what_the_engine_finds_is_possible() {
    let mut rng = Rng::new(51);
    let mut held = 0;
    for _ in 0..size(200, 10_000) {
        let json = if rng.chance(50) { policy_json(&mut rng) } else { stranger_json(&mut rng) };
        let policy = read(&json);
        let model = analyse(&policy, &estate(Faults::default()));
        let through = |statement: usize| {
            ask_through(&model, &Query::Anything, Through { statement: Some(statement), principal: None })
        };
        let answers = queries().iter().map(|query| ask(&model, query)).collect::<Vec<_>>();
        for answer in answers.into_iter().chain((0..policy.statements.len()).map(through)) {
            if let Some(witness) = answer.witness() {
                held += 1;
                let absent: Vec<&str> = witness.absent.iter().map(String::as_str).collect();
                assert_eq!(impossible(&witness.request, &absent), None, "{witness:?}\n{json}");
            }
        }
    }
    println!("{held} held");
    assert!(held > 200, "{held}");
}

/// Requests that come about break none.
#[test]
fn what_comes_about_is_possible() {
    let mut rng = Rng::new(52);
    for _ in 0..size(1_000, 100_000) {
        let json = if rng.chance(50) { policy_json(&mut rng) } else { stranger_json(&mut rng) };
        let request = request(&mut rng, &json);
        assert_eq!(impossible(&request, &[]), None, "{request:?}\n{json}");
    }
}

/// A request with one key of another one, or one key less: mostly it breaks a law.
fn bent(rng: &mut Rng, request: &Request, other: &Request) -> Request {
    let mut bent = request.clone();
    let pick = |rng: &mut Rng, from: &Request| {
        let keys: Vec<(String, Vec<String>)> =
            from.context.iter().map(|(key, values)| (key.to_owned(), values.to_vec())).collect();
        keys.get(rng.below(keys.len())).cloned()
    };
    match rng.below(4) {
        0 => {
            if let Some((key, _)) = pick(rng, request) {
                bent.context.set(&key, Vec::new());
            }
        }
        1 => bent.action.clone_from(&other.action),
        2 => bent.caller = other.caller.clone(),
        _ => {
            if let Some((key, values)) = pick(rng, other) {
                bent.context.set(&key, values);
            }
        }
    }
    bent
}

/// A request breaks a law in its concrete form exactly where the laws over boxes leave none like it.
#[test]
fn both_forms_of_the_laws_agree() {
    let mut rng = Rng::new(53);
    let mut broken = BTreeSet::new();
    let mut held = [0, 0];
    for _ in 0..size(600, 40_000) {
        let (Some((request, _)), Some((other, _))) = (sampled(&mut rng), sampled(&mut rng)) else { continue };
        let bent = bent(&mut rng, &request, &other);
        if !bent.action.starts_with("sts:AssumeRole") {
            continue;
        }
        // The keys that it lost are asked to be absent.
        let lost: Vec<&str> =
            request.context.iter().map(|(key, _)| key).filter(|key| bent.context.get(key).is_none()).collect();
        let json = only(&bent, &lost).to_string();
        let never = ask(&analyse(&read(&json), &estate(Faults::default())), &Query::Anything).is_never();
        let law = impossible(&bent, &lost);
        held[usize::from(never)] += 1;
        broken.extend(law);
        assert_eq!(never, law.is_some(), "{law:?} for {bent:?}\n{json}");
    }
    println!("{held:?} held; {broken:?}");
    assert!(held.iter().all(|held| *held > 50), "{held:?}");
    assert!(broken.len() > 5, "{broken:?}");
}
