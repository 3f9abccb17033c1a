//! Why nobody passes: the parts of a policy without which somebody would.

use crate::access::answer::Origin;
use crate::access::answer::{Guard, Proof, Witness};
use crate::access::door::Access;
use crate::access::engine::boxes::Bound;
use crate::access::engine::queries::{Query, Through};
use crate::access::engine::{CompiledPolicy, Scope};
use crate::policy::{Effect, Policy, Statement, Truth};
use crate::span::Span;

/// For a question that is answered with Never: each condition of an Allow and each Deny that alone turns the answer
/// round, with the request that would pass without it. A policy that is held back twice over has none.
pub fn why_never(model: &CompiledPolicy, query: &Query, through: Through) -> Proof {
    let boxes = model.boxes(query);
    let mut held_back_by = Vec::new();
    for (at, boxed) in model.statements.iter().enumerate().filter(|(_, boxed)| boxed.policy == 0) {
        let Some(statement) = model.policy().statements.get(boxed.index) else { continue };
        let mut parts: Vec<(Option<Origin>, Span)> = Vec::new();
        if boxed.effect == Effect::Deny {
            parts.push((None, statement.span));
        } else if through.statement.is_none_or(|wanted| wanted == boxed.index) {
            let conditions = statement.conditions.iter().enumerate();
            parts.extend(conditions.map(|(number, one)| (Some(Origin::Condition(number)), one.span())));
        }
        for (origin, span) in parts {
            let scope = Scope { through, without: Some((at, origin)), ..Scope::default() };
            if let Some(without) = passes(model, &boxes, scope, boxed.index, origin) {
                held_back_by.push(Guard { statement: boxed.index, origin, span, without: Box::new(without) });
            }
        }
    }
    Proof { held_back_by }
}

/// A request that passes the policy without a part of it, by both readings.
fn passes(
    model: &CompiledPolicy,
    boxes: &[Vec<crate::access::engine::space::Region>],
    scope: Scope,
    index: usize,
    origin: Option<Origin>,
) -> Option<Witness> {
    let witness = model.find(boxes, scope, Bound::Least)?;
    let changed = without(model.policy(), index, origin);
    let outcome = crate::access::decide::eval::evaluate(&changed, model.kind, &witness.request);
    (outcome.allows().and(outcome.denies().not()) == Truth::Yes).then_some(witness)
}

/// The policy without a condition, or without a whole statement.
pub fn without(policy: &Policy, statement: usize, origin: Option<Origin>) -> Policy {
    let mut policy = policy.clone();
    match origin {
        Some(Origin::Condition(number)) => {
            if let Some(conditions) = policy.statements.get_mut(statement).map(|one| &mut one.conditions)
                && number < conditions.len()
            {
                conditions.remove(number);
            }
        }
        Some(Origin::Action | Origin::Principal | Origin::Resource | Origin::Unseen) => {}
        None if statement < policy.statements.len() => {
            policy.statements.remove(statement);
        }
        None => {}
    }
    policy
}

/// What excludes everybody from an Allow that nobody passes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// A condition that nobody meets, by its number.
    Condition(usize),
    /// Conditions that nobody meets together.
    Together,
    /// Deny statements that cover whoever meets the conditions, by their places: one that does so alone, or all of them.
    Denies(Vec<usize>),
}

/// Conditions and Deny statements that are looked at, at most: people write fewer.
const MOST: usize = 16;

/// Why nobody passes an Allow; `None` if it gives nobody anything by its principals and actions alone.
pub fn obstacle(access: &Access<'_>, allow: &Statement) -> Option<Obstacle> {
    let model = access.compiled("why nobody passes");
    let excludes = |conditions: &dyn Fn(usize) -> bool, denies: &[usize]| {
        model.excludes_everybody(allow.index, conditions, denies)
    };
    if excludes(&|_| false, &[]) {
        return None;
    }
    let alone = |number: &usize| excludes(&|other| other == *number, &[]);
    if let Some(number) = (0..allow.conditions.len()).take(MOST).find(alone) {
        return Some(Obstacle::Condition(number));
    }
    if excludes(&|_| true, &[]) {
        return Some(Obstacle::Together);
    }
    let denies = access.policy().statements.iter().filter(|statement| statement.effect == Effect::Deny);
    let denies: Vec<usize> = denies.map(|deny| deny.index).collect();
    let one = denies.iter().copied().take(MOST).find(|deny| excludes(&|_| true, &[*deny]));
    Some(Obstacle::Denies(one.map_or(denies, |deny| vec![deny])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{Estate, analyse};
    use crate::policy::lower;
    use crate::syntax;

    #[test]
    fn the_condition_that_holds_back_is_named() {
        let text = r#"{"Version":"2012-10-17","Statement":[
            {"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole","Condition":{
                "Bool":{"aws:SecureTransport":"true"},
                "StringEquals":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"}}},
            {"Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":"sts:AssumeRole"},
            {"Effect":"Deny","Principal":{"AWS":"*"},"Action":"sts:AssumeRole","Condition":{
                "BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}}]}"#;
        let model = analyse(&lower(&syntax::parse(text, syntax::Syntax::Json).documents[0]), &Estate::default());
        let guards = |query: &Query| -> Vec<(usize, Option<Origin>)> {
            let proof = why_never(&model, query, Through::default());
            proof.held_back_by.iter().map(|guard| (guard.statement, guard.origin)).collect()
        };
        assert_eq!(guards(&Query::Anybody { knows_external_id: false }), [(0, Some(Origin::Condition(1)))]);
        assert_eq!(guards(&Query::WithoutMfa), [(2, None)]);
    }
}
