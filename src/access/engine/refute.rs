//! Questions that one condition answers with No, without a search.
//!
//! A question wants something of a key; a condition on that key may leave none of it: an exact ExternalId where the
//! question is about callers without one. That is a proof by one side of the statement's box. Where no condition says so
//! by itself, the question goes to the search.

use super::asked::{Asked, Callers};
use super::compile;
use super::domain::Test;
use super::pattern::{Class, Element, Pattern};
use super::want::Want;
use crate::access::answer::Faults;
use crate::access::decide::operators;
use crate::access::decide::variables::Variables;
use crate::aws::accounts::is_account_id;
use crate::aws::keys;
use crate::policy::{Condition, SetOperator, Statement, Truth};

/// Whether no request that a question is about meets the conditions of a statement. `false` says nothing.
pub fn refuted(asked: &[Asked], statement: &Statement, variables: bool, faults: Faults) -> bool {
    if faults.refuted_by_any_condition {
        return asked.iter().all(|asked| statement.conditions.iter().any(|one| asked.wants(&one.key).next().is_some()));
    }
    let by = |asked: &Asked| statement.conditions.iter().any(|condition| excludes(condition, asked, variables));
    !asked.is_empty() && asked.iter().all(by)
}

fn excludes(condition: &Condition, asked: &Asked, variables: bool) -> bool {
    asked.wants(&condition.key).any(|want| leaves_nothing(condition, want, variables))
        || match asked.callers() {
            Callers::Strangers => is_positive(condition) && names_accounts(condition),
            Callers::Users => is_positive(condition) && names_roles(condition),
            Callers::Anything
            | Callers::Of(_)
            | Callers::NotOf(_)
            | Callers::Service(_)
            | Callers::Tokens(_)
            | Callers::Assertions
            | Callers::Lacking(_) => false,
        }
}

/// Whether no value that is wanted of a key meets a condition on it.
fn leaves_nothing(condition: &Condition, want: &Want, variables: bool) -> bool {
    let absent_fails = || operators::holds::<&str>(condition, None, Variables::Unknown) == Truth::No;
    match want {
        Want::Absent => absent_fails(),
        Want::NotIn(test) => absent_fails() && is_within(condition, test, variables),
        Want::Out(test) => is_within(condition, test, variables),
        Want::Is(value) => {
            !keys::is_multivalued(&condition.key)
                && condition.operator.set.is_none()
                && operators::holds(condition, Some(&[value]), Variables::Unknown) == Truth::No
        }
        Want::In(_) => false,
    }
}

/// Whether a present key that meets a condition surely satisfies a test.
fn is_within(condition: &Condition, test: &Test, variables: bool) -> bool {
    if !is_positive(condition) || !condition.values.iter().all(|value| value.known().is_some()) {
        return false;
    }
    let Some(bounds) = compile::condition(condition, variables).filter(|bounds| bounds.exact) else { return false };
    match (bounds.most, test) {
        (Some(Test::Text(inner)), Test::Text(outer)) => {
            inner.iter().all(|pattern| outer.iter().any(|other| is_part(pattern, other)))
        }
        (Some(Test::Ip(inner)), Test::Ip(outer)) => inner.iter().all(|range| outer.contains(range)),
        _ => false,
    }
}

/// Whether a pattern surely matches nothing that another does not.
fn is_part(inner: &Pattern, outer: &Pattern) -> bool {
    if inner == outer {
        return true;
    }
    if let Some(text) = inner.only_text() {
        return outer.matches(&text);
    }
    // Whatever begins with the outer pattern's letters.
    if let Some((Element { class: Class::Any, star: true }, letters)) = outer.0.split_last()
        && let Some(start) = Pattern(letters.to_vec()).only_text()
    {
        return inner.fixed_prefix().starts_with(&start);
    }
    // ARNs of one account: fields hold no colon, so the fifth is the account's.
    let account = |pattern: &Pattern| {
        let fields: Vec<&[Element]> = pattern.0.split(|element| element.class == Class::Lit(':')).collect();
        fields.get(4).and_then(|field| Pattern(field.to_vec()).only_text())
    };
    let of_account = |pattern: &Pattern| {
        let stars = |element: &Element| element.star || matches!(element.class, Class::Lit(_));
        pattern.0.iter().all(stars) && account(pattern).is_some_and(|id| is_account_id(&id))
    };
    let fields_are_kept = |pattern: &Pattern| {
        let before = pattern.0.iter().scan(0, |colons, element| {
            *colons += usize::from(element.class == Class::Lit(':'));
            Some((*colons, *element))
        });
        before.take_while(|(colons, _)| *colons < 5).all(|(_, element)| element.class != Class::Any)
    };
    of_account(outer) && outer == &of(&account(outer)) && fields_are_kept(inner) && account(inner) == account(outer)
}

/// The ARNs of an account, as what is known of a source is written.
fn of(account: &Option<String>) -> Pattern {
    let pattern = account.as_deref().and_then(super::named::arn_of_account);
    pattern.unwrap_or_default()
}

/// A test that only a value that it lists meets.
fn is_positive(condition: &Condition) -> bool {
    let base = condition.operator.base;
    !condition.open_ended
        && condition.operator.set != Some(SetOperator::ForAllValues)
        && !condition.operator.if_exists
        && base.is_some_and(|base| !base.negated() && base != crate::policy::BaseOperator::Null)
}

/// Whether a condition lets only callers of accounts pass that it writes out.
fn names_accounts(condition: &Condition) -> bool {
    let exact = |value: &str| is_account_id(value);
    let arn = |value: &str| match value.splitn(6, ':').collect::<Vec<_>>().as_slice() {
        ["arn", partition, "iam" | "sts", "", account, _] => {
            is_account_id(account) && !partition.contains(['*', '?', '$'])
        }
        _ => false,
    };
    all_known(condition, "aws:PrincipalAccount", exact) || all_known(condition, "aws:PrincipalArn", arn)
}

/// Whether a condition lets only roles pass.
fn names_roles(condition: &Condition) -> bool {
    let role = |value: &str| match value.splitn(6, ':').collect::<Vec<_>>().as_slice() {
        ["arn", fields @ .., resource] if fields.len() == 4 => {
            let plain = |field: &&str| !field.contains(['*', '?', '$']);
            fields.iter().all(plain) && resource.starts_with("role/")
        }
        _ => false,
    };
    all_known(condition, "aws:PrincipalArn", role)
}

fn all_known(condition: &Condition, key: &str, fits: impl Fn(&str) -> bool) -> bool {
    condition.is_about(key)
        && !condition.values.is_empty()
        && condition.values.iter().all(|value| value.known().is_some_and(&fits))
}
