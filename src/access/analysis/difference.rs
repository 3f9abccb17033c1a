//! What another version of a policy grants beyond this one.

use super::redundancy::{nothing, readings};
use crate::access::answer::Origin;
use crate::access::answer::{Answer, Estate, Proof, Reason, Witness};
use crate::access::engine::CompiledPolicy;
use crate::access::engine::atoms::text_atoms;
use crate::access::engine::boxes::{Bound, Boxed};
use crate::access::engine::compile::{self, Bounds};
use crate::access::engine::domain::Test;
use crate::access::engine::pattern::Pattern;
use crate::access::engine::solve::{Clause, Found, MAX_WORK, solve};
use crate::access::engine::work::Work;
use crate::policy::condition::Family;
use crate::policy::principal::Member;
use crate::policy::{Condition, Effect, Patterns, Policy, Principals, Statement, Truth};
use crate::site::PolicyKind;
use crate::value::Text;

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
    let model = CompiledPolicy::new(&[before, after], kind, estate);
    let compare = |old: usize, new: usize| Comparison { model: &model, old, new }.grants_more();
    Difference { gained: compare(0, 1), lost: compare(1, 0) }
}

/// Is there a request that the second of two versions allows and the first does not?
pub fn gained(before: &Policy, after: &Policy, kind: PolicyKind, estate: &Estate) -> Answer {
    let model = CompiledPolicy::new(&[before, after], kind, estate);
    Comparison { model: &model, old: 0, new: 1 }.grants_more()
}

/// Nodes that the searches of one comparison may visit together.
const MAX_WORK_TOGETHER: usize = 4 * MAX_WORK;

struct Comparison<'m> {
    model: &'m CompiledPolicy,
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

    /// Holds all parts of the question against a test, until it fails: the new allows that the old policy does not have word
    /// for word, each with what the old one allows; and each new allow within each old Deny that the new one does not have.
    fn each_part(&self, mut test: impl FnMut(&[&'m Boxed], &[&'m Boxed]) -> bool) -> bool {
        let (allows, old_allows) = (self.statements(self.new, Effect::Allow), self.statements(self.old, Effect::Allow));
        let (denies, old_denies) = (self.statements(self.new, Effect::Deny), self.statements(self.old, Effect::Deny));
        let is_lifted = |old: &&&Boxed| !denies.iter().any(|deny| self.same(deny, old));
        let lifted: Vec<&Boxed> = old_denies.iter().filter(is_lifted).copied().collect();
        allows.iter().all(|allow| {
            let is_said = old_allows.iter().any(|old| self.same(allow, old));
            (is_said || test(&[*allow], &old_allows)) && lifted.iter().all(|deny| test(&[*allow, *deny], &[]))
        })
    }

    /// Whether nothing is gained, whatever the unknown values are.
    fn surely_nothing(&self) -> bool {
        let denies = self.statements(self.new, Effect::Deny);
        self.each_part(|inner, outer| {
            let all = inner.iter().chain(outer).chain(&denies).copied();
            readings(all).iter().all(|(most, least)| {
                let mut cell = self.model.space.everything();
                inner.iter().for_each(|boxed| boxed.narrow(&self.model.space, &mut cell, *most, None));
                let outer = outer.iter().map(|boxed| boxed.clause_without(*least, &self.implied(inner, boxed)));
                let kept: Vec<Clause> = outer.chain(denies.iter().map(|deny| deny.clause(*least, None))).collect();
                nothing(self.model, cell, &kept) == Some(true)
            })
        })
    }

    /// A request that is gained whatever the unknown values are, with what the evaluator says of it.
    fn point(&self) -> Result<Option<(Witness, Truth)>, Reason> {
        let denies = self.statements(self.new, Effect::Deny);
        let mut found = Ok(None);
        let mut left = MAX_WORK_TOGETHER;
        self.each_part(|inner, outer| {
            let mut cell = self.model.space.everything();
            inner.iter().for_each(|boxed| boxed.narrow(&self.model.space, &mut cell, Bound::Least, None));
            if self.model.space.layout.is_empty(&cell) {
                return true;
            }
            let kept: Vec<Clause> = outer.iter().chain(&denies).map(|boxed| boxed.clause(Bound::Most, None)).collect();
            let clauses: Vec<&Clause> = kept.iter().chain(self.model.laws.iter().map(|(_, law)| law)).collect();
            let mut nodes = left.min(MAX_WORK);
            let before = nodes;
            let answer = solve(&self.model.space.layout, cell, &clauses, &mut nodes);
            left -= before - nodes;
            match answer {
                Found::Nothing => return true,
                Found::OutOfBudget => found = Err(Reason::Nodes),
                Found::Point(point) => {
                    let witness = self.model.witness_of(&point, inner[0].index);
                    let accepts = |policy: usize| self.model.accepts(policy, &witness.request);
                    let truth = accepts(self.new).and(accepts(self.old).not());
                    found = Ok(Some((witness, truth)));
                }
            }
            false
        });
        found
    }

    /// The tests of a statement that every request passes which one of `inner` matches, whatever is not known: they say the
    /// same in the same words, or ask for less. So a value that is not known is the same in both versions.
    fn implied(&self, inner: &[&Boxed], outer: &Boxed) -> Vec<Origin> {
        let words = |boxed: &Boxed| self.model.policies[boxed.policy].statements.get(boxed.index);
        let version = |boxed: &Boxed| self.model.policies[boxed.policy].version.as_ref();
        let Some(statement) = words(outer) else { return Vec::new() };
        let mut implied = Vec::new();
        for boxed in inner {
            let Some(other) = words(boxed) else { continue };
            let same_version = version(boxed) == version(outer);
            if implies_principals(other, statement) {
                implied.push(Origin::Principal);
            }
            if implies_patterns(other.actions.as_ref(), statement.actions.as_ref()) {
                implied.push(Origin::Action);
            }
            if same_version && implies_patterns(other.resources.as_ref(), statement.resources.as_ref()) {
                implied.push(Origin::Resource);
            }
            for (number, condition) in statement.conditions.iter().enumerate() {
                if same_version && other.conditions.iter().any(|other| implies_condition(other, condition)) {
                    implied.push(Origin::Condition(number));
                }
            }
        }
        implied
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

/// Whether all of `some` are among `all`, and nothing that is not shown may be missing there.
fn among<T: PartialEq>(some: &[T], open_ended: bool, all: &[T]) -> bool {
    !open_ended && some.iter().all(|item| all.contains(item))
}

fn implies_principals(inner: &Statement, outer: &Statement) -> bool {
    let (Some(inner), Some(outer)) = (&inner.principals, &outer.principals) else { return false };
    let words = |list: &Principals| -> Vec<(Option<Member>, Text)> {
        list.entries.iter().map(|entry| (entry.member, entry.text.clone())).collect()
    };
    match (inner.negated, outer.negated) {
        (false, false) => among(&words(inner), inner.open_ended, &words(outer)),
        (true, true) => among(&words(outer), outer.open_ended, &words(inner)),
        (true, false) | (false, true) => false,
    }
}

fn implies_patterns(inner: Option<&Patterns>, outer: Option<&Patterns>) -> bool {
    let (Some(inner), Some(outer)) = (inner, outer) else { return false };
    match (inner.negated, outer.negated) {
        (false, false) => among(&inner.items, inner.open_ended, &outer.items),
        (true, true) => among(&outer.items, outer.open_ended, &inner.items),
        (true, false) | (false, true) => false,
    }
}

/// Whether a condition holds wherever another one holds, on the same key.
fn implies_condition(inner: &Condition, outer: &Condition) -> bool {
    let (Some(base), Some(other)) = (inner.operator.base, outer.operator.base) else { return false };
    let same_rest = inner.operator.set == outer.operator.set && inner.operator.if_exists == outer.operator.if_exists;
    let same_sort = base.family() == other.family() && base.negated() == other.negated();
    if !inner.key.eq_ignore_ascii_case(&outer.key) || !same_rest || !same_sort {
        return false;
    }
    let (fewer, more) = if base.negated() { (outer, inner) } else { (inner, outer) };
    if base == other && among(&fewer.values, fewer.open_ended, &more.values) {
        // What `Null`, numbers and dates ask for does not grow with the list, unless it is the same list.
        let is_list = matches!(base.family(), Family::String | Family::Arn | Family::Bool | Family::Ip);
        return is_list || among(&more.values, more.open_ended, &fewer.values);
    }
    let text = |condition: &Condition| match compile::condition(condition, true) {
        Some(Bounds { most: Some(Test::Text(patterns)), exact: true, .. }) => Some(patterns),
        Some(_) | None => None,
    };
    let (Some(fewer), Some(more)) = (text(fewer), text(more)) else { return false };
    let atoms = text_atoms(&[Pattern::everything()], &[&fewer, &more], &mut Work::default());
    atoms.is_ok_and(|atoms| atoms.iter().all(|(_, truth)| !truth.contains(0) || truth.contains(1)))
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
    fn what_is_not_known_is_the_same_in_both_versions() {
        let arn =
            |operator: &str, names: &str| trust(r#""*""#, &format!(r#""{operator}":{{"aws:PrincipalArn":{names}}}"#));
        let many = arn("ArnLike", r#"["arn:aws:iam::*:role/up-*","arn:aws:iam::*:role/x"]"#);
        // Whether services have this key is not documented, and does not matter here.
        for fewer in [arn("ArnLike", r#""arn:aws:iam::*:role/up-a""#), arn("ArnEquals", r#""arn:aws:iam::*:role/x""#)] {
            let found = compare(PolicyKind::Trust, &many, &fewer);
            assert!(found.gained.is_never() && found.lost.witness().is_some(), "{found:?}");
        }
        let but = |names: &str| arn("ArnNotLike", names);
        let found = compare(
            PolicyKind::Trust,
            &but(r#""arn:aws:iam::*:role/x""#),
            &but(r#"["arn:aws:iam::*:role/*","arn:aws:iam::*:user/*"]"#),
        );
        assert!(found.gained.is_never() && found.lost.witness().is_some(), "{found:?}");
        // A policy variable comes with the request.
        let tagged = |action: &str| {
            format!(
                r#"{{"Effect":"Allow","Action":"{action}","Resource":"arn:aws:s3:::a/${{aws:username}}/*","Condition":{{"StringEquals":{{"aws:PrincipalTag/x":"${{aws:username}}"}}}}}}"#
            )
        };
        let found = compare(PolicyKind::Identity, &tagged("s3:*"), &tagged("s3:Get*"));
        assert!(found.gained.is_never(), "{found:?}");
        // The list of a lower bound says something else than that of alternatives.
        let longer = |values: &str| {
            trust(r#""444455556666""#, &format!(r#""NumericGreaterThan":{{"aws:MultiFactorAuthAge":{values}}}"#))
        };
        assert!(!compare(PolicyKind::Trust, &longer(r#"["9"]"#), &longer(r#"["9","3"]"#)).gained.is_never());
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

    #[test]
    fn incomplete_arns_are_completed_where_aws_says_so() {
        let one = |element: &str| format!(r#"{{"Effect":"Allow","Action":"sqs:*",{element}}}"#);
        let equal = |kind: PolicyKind, a: &str, b: &str| {
            let found = compare(kind, &one(a), &one(b));
            (found.gained.is_never(), found.lost.is_never())
        };
        for kind in [PolicyKind::Identity, PolicyKind::Boundary] {
            for (a, b) in [
                (r#""Resource":"arn:aws:sqs""#, r#""Resource":"arn:aws:sqs:*:*:*""#),
                (r#""NotResource":"arn:aws:sqs""#, r#""NotResource":"arn:aws:sqs:*:*:*""#),
                (r#""Resource":"arn:aws:s3*""#, r#""Resource":["arn:aws:s3*:*:*:*","arn:aws:s3*:*"]"#),
                (
                    r#""Resource":"arn:aws:iam::${aws:PrincipalAccount}""#,
                    r#""Resource":"arn:aws:iam::${aws:PrincipalAccount}""#,
                ),
            ] {
                assert_eq!(equal(kind, a, b), (true, true), "{a} {b}");
            }
            let narrow = compare(kind, &one(r#""Resource":"arn:aws:sqs""#), &one(r#""Resource":"arn:aws:sqs:*:*:q""#));
            assert!(narrow.gained.is_never());
            let lost = narrow.lost.witness().and_then(|witness| witness.request.resource.clone());
            assert!(lost.is_some_and(|resource| resource.split(':').count() >= 6));
        }
        // Elsewhere it is not documented.
        let found =
            compare(PolicyKind::Scp, &one(r#""Resource":"arn:aws:sqs:*:*:*""#), &one(r#""Resource":"arn:aws:sqs""#));
        assert!(matches!(found.lost, Answer::Possibly { .. }), "{found:?}");
        // What a pattern matches that ends in `*`, it matches when it is completed as well.
        let found =
            compare(PolicyKind::Scp, &one(r#""Resource":"arn:aws:sqs*""#), &one(r#""Resource":"arn:aws:sqs*:*:*:*""#));
        assert!(found.gained.is_never(), "{found:?}");
    }

    #[test]
    fn no_policy_decides_what_needs_no_permission() {
        let all = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;
        let deny = |action: &str| format!(r#"{all},{{"Effect":"Deny","Action":"{action}","Resource":"*"}}"#);
        let kind = PolicyKind::Identity;
        let same = compare(kind, &deny("STS:getcalleridentity"), all);
        assert!(same.gained.is_never() && same.lost.is_never(), "{same:?}");
        assert!(compare(kind, &deny("sts:Get*"), all).gained.witness().is_some());
        let only = r#"{"Effect":"Allow","NotAction":["s3:*"],"Resource":"*"}"#;
        let but = r#"{"Effect":"Allow","NotAction":["s3:*","sts:GetCallerIdentity"],"Resource":"*"}"#;
        let same = compare(kind, only, but);
        assert!(same.gained.is_never() && same.lost.is_never(), "{same:?}");
    }
}
