//! What another version of a policy grants beyond this one.

use super::answer::{Answer, Estate, Proof, Reason, Witness};
use super::engine::Model;
use super::review::{nothing, readings};
use super::solve::{Clause, Found, MAX_NODES, solve};
use super::statements::{Bound, Boxed};
use crate::policy::{Effect, Policy, Statement, Truth};
use crate::site::PolicyKind;

/// What two versions of a policy say about each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Is there a request that the second allows and the first does not?
    pub gained: Answer,
    /// Is there a request that the first allows and the second does not?
    pub lost: Answer,
}

/// Compare two versions of a policy of some kind.
pub fn diff(before: &Policy, after: &Policy, kind: PolicyKind, estate: &Estate) -> Difference {
    let model = Model::new(&[before, after], kind, estate);
    let compare = |old: usize, new: usize| Comparison { model: &model, old, new }.grants_more();
    Difference { gained: compare(0, 1), lost: compare(1, 0) }
}

struct Comparison<'m> {
    model: &'m Model,
    old: usize,
    new: usize,
}

impl<'m> Comparison<'m> {
    fn statements(&self, policy: usize, effect: Effect) -> Vec<&'m Boxed> {
        self.model.with(policy, effect).map(|(_, boxed)| boxed).collect()
    }

    fn grants_more(&self) -> Answer {
        match self.point() {
            Ok(Some((witness, Truth::Yes))) => return Answer::Yes(Box::new(witness)),
            Ok(Some((_, Truth::No))) => return Answer::Undecided(Reason::Internal),
            Ok(Some((witness, Truth::Maybe))) => return self.model.possibly(Some(witness)),
            Ok(None) => {}
            Err(reason) => return Answer::Undecided(reason),
        }
        if self.surely_nothing() {
            return Answer::Never(Proof::default());
        }
        self.model.possibly(None)
    }

    /// The new allows that the old policy does not have word for word, each with the clauses of what the old one allows;
    /// and each new allow within each old Deny that the new one does not have.
    fn parts(&self) -> Vec<(Vec<&'m Boxed>, Vec<&'m Boxed>)> {
        let (allows, old_allows) = (self.statements(self.new, Effect::Allow), self.statements(self.old, Effect::Allow));
        let (denies, old_denies) = (self.statements(self.new, Effect::Deny), self.statements(self.old, Effect::Deny));
        let mut parts = Vec::new();
        for allow in allows {
            if !old_allows.iter().any(|old| self.same(allow, old)) {
                parts.push((vec![allow], old_allows.clone()));
            }
            for old in &old_denies {
                if !denies.iter().any(|deny| self.same(deny, old)) {
                    parts.push((vec![allow, *old], Vec::new()));
                }
            }
        }
        parts
    }

    /// Whether nothing is gained, whatever the unknown values are.
    fn surely_nothing(&self) -> bool {
        let denies = self.statements(self.new, Effect::Deny);
        self.parts().into_iter().all(|(inner, outer)| {
            let all = inner.iter().chain(&outer).chain(&denies).copied();
            readings(all).iter().all(|(most, least)| {
                let mut cell = self.model.space.everything();
                inner.iter().for_each(|boxed| boxed.narrow(&self.model.space, &mut cell, *most, None));
                let kept: Vec<Clause> = outer.iter().chain(&denies).map(|boxed| boxed.clause(*least, None)).collect();
                nothing(self.model, cell, &kept) == Some(true)
            })
        })
    }

    /// A request that is gained whatever the unknown values are, with what the evaluator says of it.
    fn point(&self) -> Result<Option<(Witness, Truth)>, Reason> {
        let denies = self.statements(self.new, Effect::Deny);
        for (inner, outer) in self.parts() {
            let mut cell = self.model.space.everything();
            inner.iter().for_each(|boxed| boxed.narrow(&self.model.space, &mut cell, Bound::Least, None));
            let kept: Vec<Clause> = outer.iter().chain(&denies).map(|boxed| boxed.clause(Bound::Most, None)).collect();
            let clauses: Vec<&Clause> = kept.iter().chain(self.model.laws.iter().map(|(_, law)| law)).collect();
            match solve(&self.model.space.layout, cell, &clauses, &mut { MAX_NODES }) {
                Found::Nothing => {}
                Found::OutOfBudget => return Err(Reason::Nodes),
                Found::Point(point) => {
                    let witness = self.model.witness_of(&point, inner[0].index);
                    let accepts = |policy: usize| self.model.accepts(policy, &witness.request);
                    let truth = accepts(self.new).and(accepts(self.old).not());
                    return Ok(Some((witness, truth)));
                }
            }
        }
        Ok(None)
    }

    /// Whether two statements are the same, and mean the same: the version decides what `${…}` is.
    fn same(&self, a: &Boxed, b: &Boxed) -> bool {
        let version = |boxed: &Boxed| self.model.policies[boxed.policy].version.as_ref();
        if version(a) != version(b) {
            return false;
        }
        let statement = |boxed: &Boxed| self.model.policies[boxed.policy].statements.get(boxed.index);
        match (statement(a), statement(b)) {
            (Some(a), Some(b)) => same_words(a, b),
            _ => false,
        }
    }
}

/// Whether two statements say the same in the same words.
fn same_words(a: &Statement, b: &Statement) -> bool {
    let open = |one: &Statement| {
        one.conditions_open_ended
            || one.principals.as_ref().is_some_and(|list| list.open_ended)
            || one.actions.iter().chain(&one.resources).any(|list| list.open_ended)
            || one.conditions.iter().any(|condition| condition.open_ended)
    };
    let list = |one: &Option<crate::policy::Patterns>| one.as_ref().map(|list| (list.negated, list.items.clone()));
    let principals = |one: &Statement| {
        let texts = |list: &crate::policy::Principals| {
            list.entries.iter().map(|entry| (entry.member, entry.text.clone())).collect::<Vec<_>>()
        };
        one.principals.as_ref().map(|list| (list.negated, texts(list)))
    };
    !open(a)
        && !open(b)
        && a.effect == b.effect
        && principals(a) == principals(b)
        && list(&a.actions) == list(&b.actions)
        && list(&a.resources) == list(&b.resources)
        && a.conditions.len() == b.conditions.len()
        && a.conditions
            .iter()
            .zip(&b.conditions)
            .all(|(a, b)| a.operator == b.operator && a.key.eq_ignore_ascii_case(&b.key) && a.values == b.values)
}
