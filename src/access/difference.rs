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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::lower;
    use crate::syntax;

    fn compare(kind: PolicyKind, before: &str, after: &str) -> Difference {
        let read = |statements: &str| {
            let text = format!("{{\"Version\":\"2012-10-17\",\"Statement\":[{statements}]}}");
            lower(&syntax::parse(&text, syntax::Syntax::Json).documents[0])
        };
        diff(&read(before), &read(after), kind, &Estate::default())
    }

    fn trust(principal: &str, condition: &str) -> String {
        format!(
            r#"{{"Effect":"Allow","Principal":{{"AWS":{principal}}},"Action":"sts:AssumeRole","Condition":{{{condition}}}}}"#
        )
    }

    #[test]
    fn trust_policies() {
        let (star, one) = (trust(r#""*""#, ""), trust(r#""444455556666""#, ""));
        let wider = compare(PolicyKind::Trust, &one, &star);
        assert!(wider.gained.witness().is_some_and(|found| found.request.caller.account() != Some("444455556666")));
        assert!(wider.lost.is_never());
        let id = trust(r#""444455556666""#, r#""StringEquals":{"sts:ExternalId":"k7Qd"}"#);
        let narrower = compare(PolicyKind::Trust, &one, &id);
        assert!(narrower.gained.is_never() && narrower.lost.witness().is_some());
        // The same in other words.
        let root = trust(r#""arn:aws:iam::444455556666:root""#, r#""Bool":{"aws:SecureTransport":"true"}"#);
        let same = compare(PolicyKind::Trust, &one, &root);
        assert!(same.gained.is_never() && same.lost.is_never());
        // Both name everybody; whether services are among them does not matter.
        let guarded = trust(r#""*""#, r#""StringEquals":{"sts:ExternalId":"k7Qd"}"#);
        assert!(compare(PolicyKind::Trust, &star, &guarded).gained.is_never());
    }

    #[test]
    fn permission_policies() {
        let allow =
            |action: &str, resource: &str| format!(r#"{{"Effect":"Allow","Action":{action},"Resource":{resource}}}"#);
        let compare = |before: &str, after: &str| compare(PolicyKind::Identity, before, after);
        let all = compare(&allow(r#""s3:GetObject""#, r#""*""#), &allow(r#""S3:Get*""#, r#""*""#));
        assert!(all.lost.is_never());
        let action = all.gained.witness().map(|found| found.request.action.to_ascii_lowercase());
        assert!(action.is_some_and(|action| action.starts_with("s3:get") && action != "s3:getobject"));
        let narrower = compare(&allow(r#""s3:*""#, r#""*""#), &allow(r#""s3:*""#, r#""arn:aws:s3:::logs/*""#));
        assert!(narrower.gained.is_never() && narrower.lost.witness().is_some());
        let split = format!("{},{}", allow(r#""s3:Get*""#, r#""*""#), allow(r#""s3:Put*""#, r#""*""#));
        let joined = compare(&split, &allow(r#"["s3:Put*","s3:Get*"]"#, r#""*""#));
        assert!(joined.gained.is_never() && joined.lost.is_never());
        let deny = r#",{"Effect":"Deny","NotAction":"s3:GetObject","Resource":"*"}"#;
        let denied = compare(&allow(r#""s3:GetObject""#, r#""*""#), &(allow(r#""s3:*""#, r#""*""#) + deny));
        assert!(denied.gained.is_never() && denied.lost.is_never());
    }
}
