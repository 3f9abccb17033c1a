//! What hostile policies cost: the answer is given or it is undecided, and the work stays under its bound.

use crate::access::answer::Estate;
use crate::access::engine::atoms::{set_atoms, text_atoms};
use crate::access::engine::pattern::{Class, Element, Pattern};
use crate::access::engine::solve::{Layout, MAX_WORK};
use crate::access::engine::work::Overflow;
use crate::access::engine::*;
use crate::syntax;

/// The units that a walk over all texts costs; `None` if it was given up.
fn cost(base: &[Pattern], groups: &[&[Pattern]]) -> Option<usize> {
    let mut work = Work::default();
    let walked = text_atoms(base, groups, &mut work);
    walked.is_ok().then(|| Work::MODEL - work.left())
}

/// Path and name, as of users and roles.
fn names() -> [Pattern; 1] {
    [Pattern(vec![Element { class: Class::Path, star: true }, Element { class: Class::Name, star: false }])]
}

fn policy(statements: &[String]) -> Policy {
    let text = format!("{{\"Version\":\"2012-10-17\",\"Statement\":[{}]}}", statements.join(","));
    crate::policy::lower(&syntax::parse(&text, syntax::Syntax::Json).documents[0])
}

fn statement(effect: &str, condition: &str) -> String {
    format!(
        r#"{{"Effect":"{effect}","Principal":{{"AWS":"*"}},"Action":"sts:AssumeRole","Condition":{{{condition}}}}}"#
    )
}

/// An Allow for everyone with a Deny for each number.
fn denies(count: usize, condition: impl Fn(usize) -> String) -> Policy {
    let denies = (0..count).map(|at| statement("Deny", &condition(at)));
    policy(&std::iter::once(statement("Allow", "")).chain(denies).collect::<Vec<_>>())
}

/// The model of a policy with the units that it cost.
fn model(policy: Policy) -> (CompiledPolicy, usize) {
    let mut work = Work::default();
    let model = CompiledPolicy::slice(vec![policy], PolicyKind::Trust, &Estate::default(), None, &mut work);
    (model, Work::MODEL - work.left())
}

const ANYBODY: Query = Query::Anybody { knows_external_id: false };

#[test]
fn stars_in_one_pattern_are_decided() {
    for count in [10, 100, 400] {
        let pattern = Pattern::glob(&"a*".repeat(count));
        let rests = pattern.rests("arn:aws:iam::999999999999:user/");
        let (whole, after) = (cost(&names(), &[&[pattern]]), cost(&names(), &[&rests]));
        assert!(whole.is_some() && after.is_some(), "{count}: {whole:?} {after:?}");
        // What is left of one pattern at several places costs about as much as the pattern.
        assert!(after < whole.map(|whole| whole * 2), "{count}: {whole:?} {after:?}");
    }
    let (few, many) =
        (cost(&[], &[&[Pattern::glob(&"a*".repeat(40))]]), cost(&[], &[&[Pattern::glob(&"a*".repeat(80))]]));
    assert!(many < few.map(|few| few * 3), "{few:?} {many:?}");
}

#[test]
fn a_pattern_within_the_quota_is_decided_or_undecided() {
    for pattern in
        ["a*".repeat(1_000), format!("*{}", "?".repeat(1_000)), format!("*a{}", "?".repeat(40)), "ab*?".repeat(400)]
    {
        for key in ["aws:PrincipalArn", "aws:PrincipalTag/team", "aws:username"] {
            let like = statement("Allow", &format!(r#""StringLike":{{"{key}":"{pattern}"}}"#));
            let (model, cost) = model(policy(&[like]));
            assert!(cost <= Work::MODEL);
            match model.answer(&ANYBODY, Through::default()) {
                Answer::Yes(_) | Answer::Never(_) => {
                    assert!(model.space.dims().iter().all(|dim| dim.overflow.is_none()))
                }
                Answer::Undecided(Reason::StringAtoms { .. }) => assert!(cost > Work::MODEL / 2, "{key}: {cost}"),
                other => panic!("{key} {pattern:.20}: {other:?}"),
            }
        }
    }
}

#[test]
fn one_key_that_asks_too_much_leaves_the_others_alone() {
    let long = format!("*a{}", "?".repeat(40));
    let both = format!(r#""StringLike":{{"aws:PrincipalTag/a":"{long}","aws:PrincipalTag/b":"x*y*"}}"#);
    let (model, _) = model(policy(&[statement("Allow", &both)]));
    let overflows: Vec<&str> =
        model.space.dims().iter().filter(|dim| dim.overflow.is_some()).map(|dim| dim.name.as_str()).collect();
    assert_eq!(overflows, ["aws:PrincipalTag/a"]);
}

#[test]
fn independent_infixes_are_decided_up_to_ten() {
    let infixes = |count: usize| model(denies(count, |at| format!(r#""StringLike":{{"aws:UserAgent":"*x{at}y*"}}"#)));
    let overflows = |model: &CompiledPolicy| model.space.dims().iter().any(|dim| dim.overflow.is_some());
    assert!(!overflows(&infixes(10).0));
    let (model, cost) = infixes(14);
    assert!(overflows(&model) && cost <= Work::MODEL);
}

#[test]
fn sets_of_many_values_are_decided_or_given_up() {
    let elements: Vec<Bits> = (0..40).map(|own| Bits::of(40, |at| at == own)).collect();
    let mut work = Work::default();
    assert_eq!(set_atoms(&elements, &mut work).map(|atoms| atoms.len()), Err(Overflow));
    assert_eq!(set_atoms(&elements[..3], &mut Work::new(10)).map(|atoms| atoms.len()), Err(Overflow));
}

#[test]
fn denies_on_distinct_keys_cost_in_proportion() {
    let one = |at: usize| format!(r#""StringEquals":{{"aws:PrincipalTag/k{at}":"v{at}"}}"#);
    let two = |at: usize| {
        format!(
            r#""StringNotEquals":{{"aws:PrincipalTag/k{at}":"v{at}"}},"StringLike":{{"aws:RequestTag/k{at}":"v{at}*"}}"#
        )
    };
    let spent = |count: usize, condition: &dyn Fn(usize) -> String| {
        let (model, cost) = model(denies(count, condition));
        let boxes = model.boxes(&ANYBODY);
        let mut work = MAX_WORK;
        let found = model.search_within(&boxes, Scope::default(), Bound::Least, &[], &mut work);
        assert!(matches!(found, Search::Point(..)), "{count}");
        (cost, MAX_WORK - work)
    };
    for condition in [&one as &dyn Fn(usize) -> String, &two] {
        let (few, many) = (spent(60, condition), spent(240, condition));
        // Four times as many, and less than 4 to the power of 1.3 as much.
        assert!(many.0 < few.0 * 6 && many.1 < few.1 * 6, "{few:?} {many:?}");
    }
}

#[test]
fn a_search_stops_where_its_budget_ends() {
    // Every point of twenty dimensions of two atoms is forbidden by pairs that leave much to try.
    let layout = Layout::new([2; 20].into_iter());
    let whole = layout.everything([2; 20].into_iter());
    let side = |dim: usize, atom: usize| (dim, Bits::of(2, |at| at == atom));
    let clauses: Vec<Clause> = (0..18)
        .flat_map(|dim| (0..8).map(move |bits| (dim, bits)))
        .map(|(dim, bits)| Clause { sides: (0..3).map(|next| side(dim + next, bits >> next & 1)).collect() })
        .collect();
    let borrowed: Vec<&Clause> = clauses.iter().collect();
    let mut work = MAX_WORK;
    assert_eq!(solve(&layout, whole.clone(), &borrowed, &mut work), Found::Nothing);
    let needed = MAX_WORK - work;
    for work in [0, needed / 4, needed - 1] {
        assert_eq!(solve(&layout, whole.clone(), &borrowed, &mut { work }), Found::OutOfBudget);
    }
    assert_eq!(solve(&layout, whole, &borrowed, &mut { needed }), Found::Nothing);
}
