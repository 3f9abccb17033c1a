//! Policies with more conditions than can be gone through together.

use super::super::conditions::{Atom, Conditions, Formula};
use super::super::settled::Solver;
use super::*;
use crate::input::combinations::rows;
use std::collections::HashSet;

/// Conditions `C0`, `C1`, ..., each a comparison of a parameter of its own.
fn independent(count: usize) -> String {
    let members = |member: &dyn Fn(usize) -> String| (0..count).map(member).collect::<Vec<_>>().join(",");
    let parameters = members(&|at| format!(r#""P{at}": {{"Type": "String"}}"#));
    let conditions = members(&|at| format!(r#""C{at}": {{"Fn::Equals": [{{"Ref": "P{at}"}}, "yes"]}}"#));
    format!(r#""Parameters": {{{parameters}}}, "Conditions": {{{conditions}}},"#)
}

fn choice(condition: &str, yes: &str, no: &str) -> String {
    format!(r#"{{"Fn::If": ["{condition}", {yes}, {no}]}}"#)
}

/// What the sites of a policy say, each once.
fn forms(found: &Found<'_>) -> HashSet<String> {
    found.sites.iter().map(|site| shown(&site.document)).collect()
}

fn unknown(found: &Found<'_>) -> usize {
    found.sites.iter().map(|site| site.document.count_unknown()).sum()
}

#[test]
fn five_conditions_are_gone_through() {
    let list: Vec<_> = (0..5).map(|at| choice(&format!("C{at}"), r#""x""#, r#""y""#)).collect();
    let found = trust(&independent(5), &format!(r#"{{"S": [{}]}}"#, list.join(",")));
    assert_eq!((forms(&found).len(), unknown(&found)), (32, 0));
}

#[test]
fn every_branch_of_many_conditions_is_in_some_combination() {
    for count in [6, 15, 16, 40, 300] {
        let list: Vec<_> =
            (0..count).map(|at| choice(&format!("C{at}"), &format!("\"y{at}\""), &format!("\"n{at}\""))).collect();
        let found = trust(&independent(count), &format!(r#"{{"S": [{}]}}"#, list.join(",")));
        assert_eq!((found.limits.len(), unknown(&found)), (0, 0), "{count}");
        assert_eq!(found.sites.len(), rows(count).len(), "{count}");
        for at in 0..count {
            for value in ["y", "n"] {
                let holds = |site: &crate::site::PolicySite<'_>| {
                    let items = site.document.get("S").and_then(Value::as_list).unwrap_or_default();
                    items.iter().any(|item| item.as_str() == Some(&format!("{value}{at}")))
                };
                assert!(found.sites.iter().any(holds), "{value}{at} of {count}");
            }
        }
    }
}

#[test]
fn every_branch_of_a_chain_is_in_some_combination() {
    let chain = |count: usize| {
        (0..count)
            .rev()
            .fold(r#""end""#.to_owned(), |rest, at| choice(&format!("C{at}"), &rest, &format!("\"out{at}\"")))
    };
    let found = trust(&independent(40), &format!(r#"{{"S": {}}}"#, chain(40)));
    let expected: HashSet<String> = (0..40).map(|at| format!("S: out{at}")).chain(["S: end".to_owned()]).collect();
    assert_eq!(forms(&found), expected);
    assert!(found.limits.is_empty());
    let deepest = found.sites.iter().find(|site| shown(&site.document) == "S: end").expect("the end");
    assert_eq!(deepest.branch.len(), 40, "it rests on all of them");
}

#[test]
fn more_branches_than_can_be_reached_are_said() {
    // Forty chains, each of conditions of its own.
    let chain = |number: usize| {
        (0..6).rev().fold(r#""end""#.to_owned(), |rest, at| {
            choice(&format!("C{}", number * 6 + at), &rest, &format!("\"out{at}\""))
        })
    };
    let chains: Vec<_> = (0..40).map(chain).collect();
    let found = trust(&independent(240), &format!(r#"{{"S": [{}]}}"#, chains.join(",")));
    let [limit] = found.limits.as_slice() else { panic!("{:?}", found.limits) };
    assert!(limit.message.starts_with("Resources.R: the conditions of `If` in this policy"), "{}", limit.message);
    assert!(limit.help.is_some());
}

#[test]
fn values_of_one_parameter_exclude_each_other() {
    let stages: Vec<String> = (0..12).map(|at| format!("s{at}")).collect();
    let conditions: Vec<_> =
        stages.iter().map(|stage| format!(r#""{stage}": {{"Fn::Equals": [{{"Ref": "Env"}}, "{stage}"]}}"#)).collect();
    let list: Vec<_> = stages.iter().map(|stage| choice(stage, &format!("\"{stage}\""), r#""-""#)).collect();
    let read = |allowed: &str| {
        let sections = format!(
            r#""Parameters": {{"Env": {{"Type": "String"{allowed}}}}}, "Conditions": {{{}}},"#,
            conditions.join(",")
        );
        let found = trust(&sections, &format!(r#"{{"S": [{}]}}"#, list.join(",")));
        assert!(found.limits.is_empty());
        forms(&found)
    };
    let form = |taken: Option<usize>| {
        let item = |at: usize| if taken == Some(at) { stages[at].as_str() } else { "-" };
        format!("S: [{}]", (0..12).map(item).collect::<Vec<_>>().join(", "))
    };
    let each: HashSet<String> = (0..12).map(|at| form(Some(at))).collect();
    let or_another: HashSet<String> = each.iter().cloned().chain([form(None)]).collect();
    assert_eq!(read(""), or_another);
    let quoted: Vec<_> = stages.iter().map(|stage| format!("\"{stage}\"")).collect();
    assert_eq!(read(&format!(r#", "AllowedValues": [{}]"#, quoted.join(","))), each);
}

#[test]
fn a_policy_that_is_not_judged_is_read_once() {
    let padding = "x".repeat(crate::site::MAX_DOCUMENT);
    let list: Vec<_> = (0..20).map(|at| choice(&format!("C{at}"), r#""x""#, r#""y""#)).collect();
    let found = trust(&independent(20), &format!(r#"{{"S": [{}], "Id": "{padding}"}}"#, list.join(",")));
    assert_eq!(found.sites.len(), 1);
}

/// Formulas over a few comparisons, from a seed.
fn formula(seed: &mut u64, atoms: usize, depth: usize) -> Formula {
    let mut next = |below: u64| {
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (*seed >> 33) % below
    };
    match if depth == 0 { 0 } else { next(5) } {
        0 | 1 => Formula::Atom(next(atoms as u64) as usize),
        2 => Formula::Not(Box::new(formula(seed, atoms, depth - 1))),
        3 => Formula::All((0..2).map(|_| formula(seed, atoms, depth - 1)).collect()),
        _ => Formula::Any((0..2).map(|_| formula(seed, atoms, depth - 1)).collect()),
    }
}

#[test]
fn a_combination_is_found_where_a_table_of_truth_has_one() {
    let atom = |at: usize| Atom {
        subject: if at < 4 { "Env".to_owned() } else { format!("P{at}") },
        value: (at != 5).then(|| format!("v{at}")),
        allowed: (at < 4).then(|| (0..4).map(|value| format!("v{value}")).collect()),
    };
    let mut seed = 7;
    let (mut possible, mut impossible) = (0, 0);
    for _ in 0..2000 {
        let mut make = || formula(&mut seed, 6, 3);
        let formulas: Vec<Formula> = (0..4).map(|_| make()).collect();
        let assumptions = vec![(make(), true)];
        let conditions = Conditions { formulas, assumptions, atoms: (0..6).map(atom).collect() };
        let table = conditions.table().expect("few comparisons");
        let solver = Solver::new(&conditions);
        for wanted in 0..16 {
            let required: Vec<(usize, bool)> = (0..4).map(|at| (at, wanted >> at & 1 == 1)).collect();
            let row: Vec<bool> = required.iter().map(|(_, holds)| *holds).collect();
            let found = solver.row(&required, &[true; 4]).unwrap_or_else(|_| panic!("given up"));
            assert_eq!(found.is_some(), table.contains(&row), "{row:?}");
            assert!(found.is_none_or(|found| found == row));
            if table.contains(&row) {
                possible += 1
            } else {
                impossible += 1
            }
            // What is only preferred is kept as far as it goes.
            match solver.row(&[], &row) {
                Ok(Some(near)) => assert!(table.contains(&near) && (near == row || !table.contains(&row))),
                Ok(None) => assert!(table.is_empty()),
                Err(_) => panic!("given up"),
            }
        }
    }
    assert!(possible > 5000 && impossible > 5000, "{possible} and {impossible}");
}
