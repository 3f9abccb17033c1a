//! Values that a template leaves open and that are known all the same: the own account and its partition.

use crate::access::answer::Estate;
use crate::policy::Policy;
use crate::policy::principal;
use crate::value::{Domain, Part, PartRef, Text};
use std::borrow::Cow;

/// The own account where configuration does not name it. It is no account of anybody.
pub const OWN_ACCOUNT: &str = "000000000000";

/// The account that plays the one that nobody named, unless the policy names this one.
pub const STRANGER: &str = "999999999999";

/// A text of a witness for people: the stand-in in words.
pub fn in_words(text: &str) -> String {
    text.replace(OWN_ACCOUNT, "<own account>")
}

/// The policy with the holes filled whose values are the same in every place: the own account, the own partition, its
/// suffix, the own organization if it is configured. The own account is taken to be none of the accounts that the policy
/// writes out.
pub fn settled<'p>(policy: &'p Policy, estate: &Estate) -> Cow<'p, Policy> {
    let fills = |text: &Text| text.known().is_none();
    let has_holes = policy.statements.iter().any(|statement| {
        let principals = statement.principals.iter().flat_map(|list| &list.entries).map(|entry| &entry.text);
        let lists = statement.actions.iter().chain(&statement.resources).flat_map(|list| &list.items);
        let values = statement.conditions.iter().flat_map(|condition| &condition.values);
        principals.chain(lists).chain(values).any(fills)
    });
    if !has_holes {
        return Cow::Borrowed(policy);
    }
    Cow::Owned(fill(policy, |text| {
        let parts: Vec<Part> = text.parts().map(|part| settle(part, estate)).collect();
        Text::from_parts(parts, text.span)
    }))
}

/// The policy as strangers meet it: an unknown principal or value of a condition is somebody's in particular, and so none
/// that they have. Only a pattern may still fit them, where what is unknown of it is no account, organization or ARN. `None` if nothing of
/// this is unknown.
pub fn for_strangers(policy: &Policy) -> Option<Policy> {
    let entries = policy.statements.iter().filter_map(|one| one.principals.as_ref()).flat_map(|list| &list.entries);
    let values = policy.conditions().flat_map(|condition| &condition.values);
    if entries.map(|entry| &entry.text).chain(values).all(|text| text.known().is_some()) {
        return None;
    }
    let mut policy = policy.clone();
    let lists = policy.statements.iter_mut().filter_map(|one| one.principals.as_mut());
    for entry in lists.flat_map(|list| &mut list.entries).filter(|entry| entry.text.known().is_none()) {
        let part = |part: PartRef<'_>| match part {
            PartRef::Literal(text) => text.to_owned(),
            PartRef::Hole(_) => SOMEBODYS.to_owned(),
        };
        let text: String = entry.text.parts().map(part).collect();
        entry.text = Text::literal(text, entry.text.span);
        entry.kind = principal::classify(&entry.text, entry.member);
    }
    for condition in policy.statements.iter_mut().flat_map(|statement| &mut statement.conditions) {
        let wild = condition.operator.base.is_some_and(crate::policy::BaseOperator::takes_wildcards);
        for value in condition.values.iter_mut().filter(|value| value.known().is_none()) {
            let part = |part: PartRef<'_>| match part {
                PartRef::Literal(text) => text.to_owned(),
                PartRef::Hole(hole) => match hole.domain {
                    Domain::Any
                    | Domain::Text
                    | Domain::OneOf(_)
                    | Domain::Partition
                    | Domain::Region
                    | Domain::UrlSuffix
                        if wild =>
                    {
                        "*".to_owned()
                    }
                    Domain::AccountId | Domain::OwnAccount => SOMEBODYS.to_owned(),
                    _ => format!("{SOMEBODYS}-value"),
                },
            };
            let text: String = value.parts().map(part).collect();
            *value = Text::literal(text, value.span);
        }
    }
    Some(policy)
}

/// Stands for the account, or in the value, of somebody in particular; no policy writes it out.
const SOMEBODYS: &str = "870000000000";

/// The policy with each text that has a hole replaced.
fn fill(policy: &Policy, mut with: impl FnMut(&Text) -> Text) -> Policy {
    let mut policy = policy.clone();
    let mut fill = |text: &mut Text| {
        if text.known().is_some() {
            return false;
        }
        let filled = with(text);
        let changed = filled != *text;
        *text = filled;
        changed
    };
    for statement in &mut policy.statements {
        for entry in statement.principals.iter_mut().flat_map(|principals| &mut principals.entries) {
            if fill(&mut entry.text) {
                entry.kind = principal::classify(&entry.text, entry.member);
            }
        }
        let lists = statement.actions.iter_mut().chain(&mut statement.resources);
        lists.flat_map(|list| &mut list.items).for_each(|item| {
            fill(item);
        });
        statement.conditions.iter_mut().flat_map(|condition| &mut condition.values).for_each(|value| {
            fill(value);
        });
    }
    policy
}

fn settle(part: PartRef<'_>, estate: &Estate) -> Part {
    let PartRef::Hole(hole) = part else { return part.to_part() };
    let known = match &hole.domain {
        Domain::OwnAccount => Some(estate.account.as_deref().unwrap_or(OWN_ACCOUNT)),
        Domain::Partition => Some("aws"),
        Domain::UrlSuffix => Some("amazonaws.com"),
        Domain::OwnOrganization => estate.organization.as_deref(),
        Domain::Any | Domain::Text | Domain::OneOf(_) | Domain::AccountId | Domain::Region | Domain::OwnArn(_) => None,
    };
    known.map_or_else(|| part.to_part(), |known| Part::Literal(known.to_owned()))
}
