//! What of a policy has no effect: statements that match nothing, that others make superfluous, conditions that exclude
//! nobody.
//!
//! A statement or condition that has an effect mostly shows it by one request, which is guessed first; only where no guess
//! does is the policy searched.

use crate::access::answer::{Origin, Reason};
use crate::access::door::Access;
use crate::access::engine::CompiledPolicy;
use crate::access::engine::asked::Asked;
use crate::access::engine::boxes::{Bound, Boxed, Side};
use crate::access::engine::guess::Goal;
use crate::access::engine::solve::{Cell, Clause, Found, MAX_WORK, solve};
use crate::access::engine::space::Sets;
use crate::policy::{Effect, Statement};

/// Why no request that can come about matches a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dead {
    /// Nobody whom it names can call what it names, whatever the conditions.
    Callers,
    /// This condition, by its number.
    Condition {
        /// Which.
        number: usize,
        /// Whether no caller at all meets it, and not only none of the principals.
        for_everybody: bool,
    },
    /// Two conditions that never hold together.
    Pair(usize, usize),
    /// More conditions than two that never hold together.
    Conditions,
}

/// Why a condition excludes nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Void {
    /// Every request for a role meets it.
    Always,
    /// Every request by the principals of the statement meets it.
    Callers,
    /// Every request that meets this other condition does.
    Implied(usize),
    /// Every request that meets the other conditions does.
    ImpliedByAll,
}

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

/// Why a statement is dead, taken alone; `None` if it is not, or if that was not found out.
pub fn dead(access: &Access<'_>, statement: &Statement) -> Option<Dead> {
    if is_met(access, statement, None) {
        return None;
    }
    let model = access.compiled("no guess matches the statement");
    let boxed = find(model, statement.index)?;
    let empty = |keep: &dyn Fn(Origin) -> bool| is_empty(model, boxed, keep, None);
    if !empty(&|_| true) {
        return None;
    }
    let numbers: Vec<usize> = conditions(boxed).collect();
    let only = |kept: [usize; 2]| {
        move |origin: Origin| match origin {
            Origin::Condition(number) => kept.contains(&number),
            Origin::Action | Origin::Principal | Origin::Resource | Origin::Unseen => true,
        }
    };
    if empty(&|origin| !matches!(origin, Origin::Condition(_))) {
        return Some(Dead::Callers);
    }
    if let Some(number) = numbers.iter().copied().find(|number| empty(&only([*number; 2]))) {
        let keep = |origin: Origin| origin == Origin::Condition(number);
        return Some(Dead::Condition { number, for_everybody: empty(&keep) });
    }
    let pairs = numbers.iter().enumerate().flat_map(|(at, first)| numbers[..at].iter().map(|other| (*other, *first)));
    // A policy of a few thousand letters has a handful of conditions; the bound is for made-up ones.
    let pair = pairs.take(100).find(|(first, second)| empty(&only([*first, *second])));
    Some(pair.map_or(Dead::Conditions, |(first, second)| Dead::Pair(first, second)))
}

/// The conditions of an Allow, taken alone, without which the same requests match it, by number. Of two that make each
/// other superfluous, the later counts.
pub fn void(access: &Access<'_>, statement: &Statement) -> Vec<(usize, Void)> {
    if statement.effect != Effect::Allow {
        return Vec::new();
    }
    let numbers = 0..statement.conditions.len();
    // A request that only this condition excludes shows that it excludes somebody.
    let open: Vec<usize> = numbers.filter(|number| !is_met(access, statement, Some(*number))).collect();
    if open.is_empty() {
        return Vec::new();
    }
    let model = access.compiled("no guess shows what a condition excludes");
    let Some(boxed) = find(model, statement.index) else { return Vec::new() };
    let mut found: Vec<(usize, Void)> = Vec::new();
    if is_empty(model, boxed, &|_| true, None) {
        return found;
    }
    for number in conditions(boxed).filter(|number| open.contains(number)).collect::<Vec<_>>().into_iter().rev() {
        let gone = |origin: Origin| found.iter().any(|(other, _)| origin == Origin::Condition(*other));
        if !is_empty(model, boxed, &|origin| !gone(origin), Some(number)) {
            continue;
        }
        let holds = |keep: &dyn Fn(Origin) -> bool| is_empty(model, boxed, keep, Some(number));
        let callers = |origin: Origin| matches!(origin, Origin::Action | Origin::Principal);
        let why = if holds(&|_| false) {
            Void::Always
        } else if holds(&callers) {
            Void::Callers
        } else {
            let others = conditions(boxed).filter(|other| *other != number && !gone(Origin::Condition(*other)));
            let enough = |other: &usize| holds(&|origin| callers(origin) || origin == Origin::Condition(*other));
            others.into_iter().find(enough).map_or(Void::ImpliedByAll, Void::Implied)
        };
        found.push((number, why));
    }
    found.reverse();
    found
}

/// Whether a guess matches a statement; with `fails`, one that meets everything but this condition.
fn is_met(access: &Access<'_>, statement: &Statement, fails: Option<usize>) -> bool {
    // The door's policy has values filled in that the statement may leave open.
    let Some(statement) = access.policy().statements.get(statement.index) else { return false };
    let asked = Asked::everything();
    let goal = Goal { must: &[statement], fails, avoid: &[], principal: None, asked: &asked };
    access.is_reached(&goal)
}

fn find(model: &CompiledPolicy, statement: usize) -> Option<&Boxed> {
    model.statements.iter().find(|boxed| boxed.policy == 0 && boxed.index == statement)
}

fn conditions(boxed: &Boxed) -> impl Iterator<Item = usize> {
    boxed.sides.iter().filter_map(|side| match side.origin {
        Origin::Condition(number) => Some(number),
        Origin::Action | Origin::Principal | Origin::Resource | Origin::Unseen => None,
    })
}

/// Whether no request matches the sides that are kept; with `fails`, none that surely does not meet this condition.
fn is_empty(model: &CompiledPolicy, boxed: &Boxed, keep: &dyn Fn(Origin) -> bool, fails: Option<usize>) -> bool {
    let fails = fails.map(Origin::Condition);
    let faults = model.estate.faults;
    let mut cell = model.space.everything();
    let mut narrow = |side: &Side, outside: bool| {
        let (dim, sets) = (side.dim.index(), &side.sets);
        match outside {
            true if faults.fails_at_most => model.space.layout.narrow(&mut cell, dim, &sets.most.clone().not()),
            true => model.space.layout.narrow(&mut cell, dim, &sets.least.clone().not()),
            false if faults.kept_at_least => model.space.layout.narrow(&mut cell, dim, &sets.least),
            false => model.space.layout.narrow(&mut cell, dim, &sets.most),
        }
    };
    for side in &boxed.sides {
        if Some(side.origin) == fails {
            narrow(side, true);
        } else if keep(side.origin) {
            narrow(side, false);
        }
    }
    nothing(model, cell, &[]) == Some(true)
}

/// The statements without which the policy allows the same. Of two that make each other superfluous, the later counts.
pub fn superfluous(access: &Access<'_>) -> Vec<(usize, Superfluous)> {
    let mut live: Vec<&Statement> = access.policy().statements.iter().collect();
    let mut found = Vec::new();
    for at in (0..live.len()).rev() {
        let statement = live[at];
        if statement.effect == Effect::Unknown || has_effect(access, statement, &live) {
            continue;
        }
        let model = access.compiled("no guess shows what a statement changes");
        let boxes: Vec<&Boxed> = boxes_of(model, &live);
        let Some(boxed) = find(model, statement.index) else { continue };
        if let Some(why) = why_superfluous(model, boxed, &boxes) {
            found.push((statement.index, why));
            live.remove(at);
        }
    }
    found.reverse();
    found
}

/// Whether a guess shows that a statement changes a decision: a request that it alone allows, or alone denies.
fn has_effect(access: &Access<'_>, statement: &Statement, live: &[&Statement]) -> bool {
    if access.policy().open_ended {
        return false;
    }
    let asked = Asked::everything();
    let finds = |must: &[&Statement], avoid: &[&Statement]| {
        access.is_reached(&Goal { must, fails: None, avoid, principal: None, asked: &asked })
    };
    let others = |keep: &dyn Fn(Effect) -> bool| -> Vec<&Statement> {
        live.iter().copied().filter(|other| other.index != statement.index && keep(other.effect)).collect()
    };
    match statement.effect {
        Effect::Allow => finds(&[statement], &others(&|_| true)),
        Effect::Deny => {
            let denies = others(&|effect| effect != Effect::Allow);
            others(&|effect| effect == Effect::Allow).into_iter().take(MAX_ALLOWS).any(|allow| {
                // Whoever the Allow names is more particular than whom a Deny names.
                finds(&[allow, statement], &denies)
            })
        }
        Effect::Unknown => false,
    }
}

/// Allow statements that are tried for a Deny, at most.
const MAX_ALLOWS: usize = 16;

/// The boxes of these statements, and of those that the file does not show.
fn boxes_of<'m>(model: &'m CompiledPolicy, live: &[&Statement]) -> Vec<&'m Boxed> {
    let is_live = |boxed: &&Boxed| {
        boxed.policy == 0 && (boxed.index == usize::MAX || live.iter().any(|one| one.index == boxed.index))
    };
    model.statements.iter().filter(is_live).collect()
}

fn why_superfluous(model: &CompiledPolicy, boxed: &Boxed, live: &[&Boxed]) -> Option<Superfluous> {
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

/// The reason for which some key is beyond the engine, if there is one.
pub fn limits(model: &CompiledPolicy) -> Vec<Reason> {
    model.unseen.iter().cloned().chain(model.space.dims().iter().filter_map(|dim| dim.overflow.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Estate;
    use crate::policy::{Policy, lower};
    use crate::site::PolicyKind;
    use crate::syntax;

    fn policy(statements: &str) -> Policy {
        let text = format!("{{\"Version\":\"2012-10-17\",\"Statement\":[{statements}]}}");
        lower(&syntax::parse(&text, syntax::Syntax::Json).documents[0])
    }

    fn access(policy: &Policy) -> Access<'_> {
        Access::new(policy, PolicyKind::Trust, Estate::default())
    }

    fn alone(principal: &str, action: &str, conditions: &str) -> Policy {
        policy(&format!(
            r#"{{"Effect":"Allow","Principal":{{{principal}}},"Action":"sts:{action}","Condition":{{{conditions}}}}}"#
        ))
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
    fn why_dead() {
        let dead = |policy: &Policy| super::dead(&access(policy), &policy.statements[0]);
        let why = |principal: &str, conditions: &str| dead(&alone(principal, "AssumeRole", conditions));
        let id = r#""StringEquals":{"sts:ExternalId":"ab"}"#;
        let mfa = r#""Bool":{"aws:MultiFactorAuthPresent":"true"}"#;
        assert_eq!(why(ACCOUNT, &format!("{id},{mfa}")), None);
        assert_eq!(why(EC2, &format!("{id},{mfa}")), Some(Dead::Condition { number: 1, for_everybody: false }));
        let other = r#""StringEquals":{"s3:prefix":"x"}"#;
        assert_eq!(why(ACCOUNT, other), Some(Dead::Condition { number: 0, for_everybody: true }));
        let absent = r#""Null":{"sts:ExternalId":"true"}"#;
        assert_eq!(why(ACCOUNT, &format!("{mfa},{id},{absent}")), Some(Dead::Pair(1, 2)));
        assert_eq!(dead(&alone(EC2, "AssumeRoleWithSAML", id)), Some(Dead::Callers));
    }

    #[test]
    fn why_void() {
        let why = |principal: &str, conditions: &str| {
            let policy = alone(principal, "AssumeRole", conditions);
            void(&access(&policy), &policy.statements[0])
        };
        let session = r#""StringLike":{"sts:RoleSessionName":"*"}"#;
        let source = r#""ArnLikeIfExists":{"aws:SourceArn":"arn:aws:s3:::reports"}"#;
        assert_eq!(why(ACCOUNT, session), [(0, Void::Always)]);
        assert_eq!(why(ACCOUNT, source), [(0, Void::Callers)]);
        assert_eq!(why(EC2, source), []);
        assert_eq!(why(&format!("{ACCOUNT},{EC2}"), source), []);
        let twice = r#""StringLike":{"sts:ExternalId":"a*"},"StringEquals":{"sts:ExternalId":"ab"}"#;
        assert_eq!(why(ACCOUNT, twice), [(0, Void::Implied(1))]);
        assert_eq!(why(ACCOUNT, r#""StringLike":{"sts:ExternalId":"*"}"#), []);
    }

    fn superfluous_in(statements: &str) -> Vec<(usize, Superfluous)> {
        superfluous(&access(&policy(statements)))
    }

    #[test]
    fn covered() {
        let mfa = r#""Bool":{"aws:MultiFactorAuthPresent":"true"}"#;
        let list = [statement("Allow", EC2, mfa), statement("Allow", ACCOUNT, mfa)];
        assert_eq!(superfluous_in(&list.join(",")), [(0, Superfluous::MatchesNothing)]);
        let alice = r#""AWS":"arn:aws:iam::444455556666:user/alice""#;
        let list = [statement("Allow", ACCOUNT, ""), statement("Allow", alice, ""), statement("Allow", ACCOUNT, "")];
        assert_eq!(
            superfluous_in(&list.join(",")),
            [(1, Superfluous::CoveredBy(vec![0])), (2, Superfluous::CoveredBy(vec![0]))]
        );
        let star = [statement("Allow", STAR, ""), statement("Allow", STAR, r#""StringLike":{"aws:userid":"A*"}"#)];
        assert_eq!(superfluous_in(&star.join(",")), [(1, Superfluous::CoveredBy(vec![0]))]);
    }

    #[test]
    fn denied_and_nothing_to_deny() {
        let list = [statement("Allow", ACCOUNT, ""), statement("Deny", STAR, "")];
        assert_eq!(superfluous_in(&list.join(",")), [(0, Superfluous::Denied)]);
        let other = r#""AWS":"777788889999""#;
        let list = [statement("Allow", ACCOUNT, ""), statement("Deny", other, "")];
        assert_eq!(superfluous_in(&list.join(",")), [(1, Superfluous::NothingToDeny)]);
        let guard = [
            statement("Allow", ACCOUNT, ""),
            statement("Deny", STAR, r#""BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}"#),
        ];
        assert_eq!(superfluous_in(&guard.join(",")), []);
    }
}
