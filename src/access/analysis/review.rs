//! What of a policy has no effect: statements that match nothing, that others make superfluous, conditions that hold
//! nothing back.

use crate::access::answer::Origin;
use crate::access::answer::{Answer, Reason};
use crate::access::engine::boxes::{Bound, Boxed};
use crate::access::engine::queries::Query;
use crate::access::engine::solve::{Cell, Clause, Found, MAX_WORK, solve};
use crate::access::engine::space::Sets;
use crate::access::engine::{CompiledPolicy, ask};
use crate::policy::Effect;

/// Why a statement is superfluous.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Superfluous {
    /// No request that can come about matches it.
    MatchesNothing,
    /// Other statements with the same effect match all that it matches; those that do so alone, or else all together.
    CoveredBy(Vec<usize>),
    /// All that it allows is denied.
    Denied,
    /// All that it denies is not allowed anyway.
    NothingToDeny,
}

/// The statements that match no request that can come about.
pub fn dead_statements(model: &CompiledPolicy) -> Vec<usize> {
    let dead = |boxed: &&Boxed| boxed.index != usize::MAX && is_dead(model, boxed);
    model.statements.iter().filter(|boxed| boxed.policy == 0).filter(dead).map(|boxed| boxed.index).collect()
}

/// Whether no request can pass: a role that nobody can assume. `None` if that is not known.
pub fn unassumable(model: &CompiledPolicy) -> Option<bool> {
    match ask(model, &Query::Anything) {
        Answer::Never(_) => Some(true),
        Answer::Yes(_) => Some(false),
        Answer::Possibly { .. } | Answer::Undecided(_) => None,
    }
}

/// The statements without which the policy allows the same. Of two that make each other superfluous, the later counts.
pub fn superfluous_statements(model: &CompiledPolicy) -> Vec<(usize, Superfluous)> {
    let mut live: Vec<&Boxed> = model.statements.iter().filter(|boxed| boxed.policy == 0).collect();
    let mut found = Vec::new();
    for at in (0..live.len()).rev() {
        let boxed = live[at];
        if boxed.index == usize::MAX || boxed.effect == Effect::Unknown {
            continue;
        }
        if let Some(why) = superfluous(model, boxed, &live) {
            found.push((boxed.index, why));
            live.remove(at);
        }
    }
    found.reverse();
    found
}

fn superfluous(model: &CompiledPolicy, boxed: &Boxed, live: &[&Boxed]) -> Option<Superfluous> {
    let request = match search(model, most_of(model, boxed), &[]) {
        Found::Nothing => return Some(Superfluous::MatchesNothing),
        Found::Point(point) => Some(point),
        Found::OutOfBudget => None,
    };
    // A request that it may match and another does not surely match: enough to see that the other does not cover it.
    let escapes = |other: &Boxed| {
        let bounds = readings([boxed, other].into_iter()).iter().find(|(most, _)| *most == Bound::Most);
        request.as_ref().zip(bounds).is_some_and(|(point, (_, least))| !other.has(point, *least))
    };
    let others = |effect: Effect| -> Vec<&Boxed> {
        let near = |other: &&Boxed| other.index != boxed.index && other.effect == effect && boxed.meets(other);
        live.iter().copied().filter(near).collect()
    };
    let same = others(boxed.effect);
    if let Some(alone) = same.iter().find(|other| !escapes(other) && within(model, &[boxed], &[other])) {
        return Some(Superfluous::CoveredBy(vec![alone.index]));
    }
    if same.len() > 1 && within(model, &[boxed], &same) {
        return Some(Superfluous::CoveredBy(same.iter().map(|other| other.index).collect()));
    }
    match boxed.effect {
        Effect::Allow => within(model, &[boxed], &others(Effect::Deny)).then_some(Superfluous::Denied),
        Effect::Deny => {
            let granting =
                |other: &&&Boxed| matches!(other.effect, Effect::Allow | Effect::Unknown) && boxed.meets(other);
            let allows = live.iter().filter(granting);
            let nothing = allows.into_iter().all(|allow| within(model, &[boxed, allow], &same));
            nothing.then_some(Superfluous::NothingToDeny)
        }
        Effect::Unknown => None,
    }
}

fn is_dead(model: &CompiledPolicy, boxed: &Boxed) -> bool {
    nothing(model, most_of(model, boxed), &[]) == Some(true)
}

/// All that a statement may match.
fn most_of(model: &CompiledPolicy, boxed: &Boxed) -> Cell {
    let mut cell = model.space.everything();
    boxed.narrow(&model.space, &mut cell, Bound::Most, None);
    cell
}

/// A point of a cell outside the clauses and the laws.
fn search(model: &CompiledPolicy, cell: Cell, clauses: &[Clause]) -> Found {
    let clauses: Vec<&Clause> = clauses.iter().chain(model.laws.iter().map(|(_, law)| law)).collect();
    solve(&model.space.layout, cell, &clauses, &mut { MAX_WORK })
}

/// Whether a cell has no point outside the clauses and the laws; `None` if the budget ran out.
pub(super) fn nothing(model: &CompiledPolicy, cell: Cell, clauses: &[Clause]) -> Option<bool> {
    match search(model, cell, clauses) {
        Found::Nothing => Some(true),
        Found::Point(_) => Some(false),
        Found::OutOfBudget => None,
    }
}

/// The bounds to compare statements by. What a statement may match must lie in what others surely match; but where all
/// that is not known is whether `*` names services, it is the same for all of them, and either reading must do.
pub(super) fn readings<'b>(all: impl Iterator<Item = &'b Boxed>) -> &'static [(Bound, Bound)] {
    let star_only = |boxed: &Boxed| {
        let exact = |sets: &Sets| sets.least == sets.most;
        boxed.causes.is_empty() && boxed.sides.iter().all(|s| s.origin == Origin::Principal || exact(&s.sets))
    };
    match all.into_iter().all(star_only) {
        true => &[(Bound::Least, Bound::Least), (Bound::Most, Bound::Most)],
        false => &[(Bound::Most, Bound::Least)],
    }
}

/// Whether every request that all of `inner` match is matched by one of `outer`.
pub(super) fn within(model: &CompiledPolicy, inner: &[&Boxed], outer: &[&Boxed]) -> bool {
    readings(inner.iter().chain(outer).copied()).iter().all(|(most, least)| {
        let mut cell = model.space.everything();
        inner.iter().for_each(|boxed| boxed.narrow(&model.space, &mut cell, *most, None));
        let clauses: Vec<Clause> = outer.iter().map(|other| other.clause(*least, None)).collect();
        nothing(model, cell, &clauses) == Some(true)
    })
}

/// The conditions without which the policy allows the same, as statement and number of the condition. Of two that make
/// each other superfluous, the later counts; those of statements that match nothing do not.
pub fn void_conditions(model: &CompiledPolicy) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    for boxed in model.statements.iter().filter(|boxed| boxed.policy == 0 && boxed.effect != Effect::Unknown) {
        if is_dead(model, boxed) {
            continue;
        }
        let mut gone: Vec<Origin> = Vec::new();
        for side in boxed.sides.iter().rev() {
            let Origin::Condition(number) = side.origin else { continue };
            if is_void(model, boxed, side.origin, &gone) {
                gone.push(side.origin);
                found.push((boxed.index, number));
            }
        }
    }
    found.sort_unstable();
    found
}

/// Whether the requests that only this condition keeps from the statement change no decision.
fn is_void(model: &CompiledPolicy, boxed: &Boxed, origin: Origin, gone: &[Origin]) -> bool {
    let mut cell = model.space.everything();
    for side in boxed.sides.iter().filter(|side| !gone.contains(&side.origin)) {
        let (dim, sets) = (side.dim.index(), &side.sets);
        if side.origin == origin {
            model.space.layout.narrow(&mut cell, dim, &sets.least.clone().not());
        } else {
            model.space.layout.narrow(&mut cell, dim, &sets.most);
        }
    }
    let others = |effect: Effect| {
        let mine = move |other: &&Boxed| other.policy == 0 && other.effect == effect && other.index != boxed.index;
        model.statements.iter().filter(mine)
    };
    let surely = |effect: Effect| others(effect).map(|other| other.clause(Bound::Least, None));
    match boxed.effect {
        Effect::Allow => {
            let settled: Vec<Clause> = surely(Effect::Allow).chain(surely(Effect::Deny)).collect();
            nothing(model, cell, &settled) == Some(true)
        }
        Effect::Deny => {
            let denied: Vec<Clause> = surely(Effect::Deny).collect();
            others(Effect::Allow).chain(others(Effect::Unknown)).all(|allow| {
                let mut cell = cell.clone();
                allow.narrow(&model.space, &mut cell, Bound::Most, None);
                nothing(model, cell, &denied) == Some(true)
            })
        }
        Effect::Unknown => false,
    }
}

/// The reason for which some key is beyond the engine, if there is one.
pub fn limits(model: &CompiledPolicy) -> Vec<Reason> {
    model.unseen.iter().cloned().chain(model.space.dims().iter().filter_map(|dim| dim.overflow.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{Estate, analyse};
    use crate::policy::{Policy, lower};
    use crate::syntax;

    fn model(statements: &str) -> CompiledPolicy {
        let text = format!("{{\"Version\":\"2012-10-17\",\"Statement\":[{statements}]}}");
        let policy: Policy = lower(&syntax::parse(&text, syntax::Syntax::Json).documents[0]);
        analyse(&policy, &Estate::default())
    }

    fn statement(effect: &str, principal: &str, condition: &str) -> String {
        let action = if principal.contains("Federated") { "sts:AssumeRoleWithSAML" } else { "sts:AssumeRole" };
        format!(
            r#"{{"Effect":"{effect}","Principal":{{{principal}}},"Action":"{action}","Condition":{{{condition}}}}}"#
        )
    }

    const ACCOUNT: &str = r#""AWS":"444455556666""#;
    const STAR: &str = r#""AWS":"*""#;
    const EC2: &str = r#""Service":"ec2.amazonaws.com""#;

    #[test]
    fn dead() {
        let mfa = r#""Bool":{"aws:MultiFactorAuthPresent":"true"}"#;
        let model = model(&format!("{},{}", statement("Allow", EC2, mfa), statement("Allow", ACCOUNT, mfa)));
        assert_eq!(dead_statements(&model), [0]);
        assert_eq!(unassumable(&model), Some(false));
        assert_eq!(superfluous_statements(&model), [(0, Superfluous::MatchesNothing)]);
    }

    #[test]
    fn covered() {
        let alice = r#""AWS":"arn:aws:iam::444455556666:user/alice""#;
        let list = [statement("Allow", ACCOUNT, ""), statement("Allow", alice, ""), statement("Allow", ACCOUNT, "")];
        assert_eq!(
            superfluous_statements(&model(&list.join(","))),
            [(1, Superfluous::CoveredBy(vec![0])), (2, Superfluous::CoveredBy(vec![0]))]
        );
        let star = [statement("Allow", STAR, ""), statement("Allow", STAR, r#""StringLike":{"aws:userid":"A*"}"#)];
        assert_eq!(superfluous_statements(&model(&star.join(","))), [(1, Superfluous::CoveredBy(vec![0]))]);
    }

    #[test]
    fn denied_and_nothing_to_deny() {
        let list = [statement("Allow", ACCOUNT, ""), statement("Deny", STAR, "")];
        assert_eq!(superfluous_statements(&model(&list.join(","))), [(0, Superfluous::Denied)]);
        let other = r#""AWS":"777788889999""#;
        let list = [statement("Allow", ACCOUNT, ""), statement("Deny", other, "")];
        assert_eq!(superfluous_statements(&model(&list.join(","))), [(1, Superfluous::NothingToDeny)]);
        let guard = [
            statement("Allow", ACCOUNT, ""),
            statement("Deny", STAR, r#""BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}"#),
        ];
        assert_eq!(superfluous_statements(&model(&guard.join(","))), []);
    }

    #[test]
    fn conditions_without_effect() {
        let tls = r#""Bool":{"aws:SecureTransport":"true"},"StringEquals":{"sts:ExternalId":"ab"}"#;
        assert_eq!(void_conditions(&model(&statement("Allow", ACCOUNT, tls))), [(0, 0)]);
        let account = r#""StringEquals":{"aws:PrincipalAccount":"444455556666"}"#;
        assert_eq!(void_conditions(&model(&statement("Allow", ACCOUNT, account))), [(0, 0)]);
        assert_eq!(void_conditions(&model(&statement("Allow", STAR, account))), []);
        let twice = r#""StringLike":{"sts:ExternalId":"a*"},"StringEquals":{"sts:ExternalId":"ab"}"#;
        assert_eq!(void_conditions(&model(&statement("Allow", ACCOUNT, twice))), [(0, 0)]);
    }
}
