//! What the conditions of one statement hold back, taken one by one and against what callers can have.
//!
//! A statement is taken alone here: what other statements allow or deny is a question for the whole policy.

use super::review::nothing;
use crate::access::answer::Origin;
use crate::access::engine::CompiledPolicy;
use crate::access::engine::boxes::{Boxed, Side};
use crate::policy::Effect;

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

/// Why a condition holds nobody out.
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

/// Why a statement is dead; `None` if it is not, or if that was not found out.
pub fn dead(model: &CompiledPolicy, statement: usize) -> Option<Dead> {
    let boxed = find(model, statement)?;
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

/// The conditions of an Allow without which the same requests match it, by number. Of two that make each other
/// superfluous, the later counts.
pub fn void(model: &CompiledPolicy, statement: usize) -> Vec<(usize, Void)> {
    let Some(boxed) = find(model, statement).filter(|boxed| boxed.effect == Effect::Allow) else { return Vec::new() };
    let mut found: Vec<(usize, Void)> = Vec::new();
    if is_empty(model, boxed, &|_| true, None) {
        return found;
    }
    for number in conditions(boxed).collect::<Vec<_>>().into_iter().rev() {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{Estate, analyse};
    use crate::policy::lower;
    use crate::syntax;

    fn model(principal: &str, action: &str, conditions: &str) -> CompiledPolicy {
        let text = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{{principal}}},"Action":"sts:{action}","Condition":{{{conditions}}}}}]}}"#
        );
        analyse(&lower(&syntax::parse(&text, syntax::Syntax::Json).documents[0]), &Estate::default())
    }

    const ACCOUNT: &str = r#""AWS":"444455556666""#;
    const EC2: &str = r#""Service":"ec2.amazonaws.com""#;

    #[test]
    fn why_dead() {
        let why = |principal: &str, conditions: &str| dead(&model(principal, "AssumeRole", conditions), 0);
        let id = r#""StringEquals":{"sts:ExternalId":"ab"}"#;
        let mfa = r#""Bool":{"aws:MultiFactorAuthPresent":"true"}"#;
        assert_eq!(why(ACCOUNT, &format!("{id},{mfa}")), None);
        assert_eq!(why(EC2, &format!("{id},{mfa}")), Some(Dead::Condition { number: 1, for_everybody: false }));
        let other = r#""StringEquals":{"s3:prefix":"x"}"#;
        assert_eq!(why(ACCOUNT, other), Some(Dead::Condition { number: 0, for_everybody: true }));
        let absent = r#""Null":{"sts:ExternalId":"true"}"#;
        assert_eq!(why(ACCOUNT, &format!("{mfa},{id},{absent}")), Some(Dead::Pair(1, 2)));
        assert_eq!(dead(&model(EC2, "AssumeRoleWithSAML", id), 0), Some(Dead::Callers));
    }

    #[test]
    fn why_void() {
        let why = |principal: &str, conditions: &str| void(&model(principal, "AssumeRole", conditions), 0);
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
}
