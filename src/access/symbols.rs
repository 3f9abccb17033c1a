//! Values that a template leaves open and that are known all the same: the own account and its partition.

use super::answer::Estate;
use crate::policy::{Policy, principal};
use crate::value::{Domain, Part, PartRef, Text};

/// The own account where configuration does not name it. It is no account of anybody.
pub const OWN_ACCOUNT: &str = "000000000000";

/// The policy with the holes filled whose values are the same in every place: the own account, the own partition, its
/// suffix, the own organization if it is configured. The own account is taken to be none of the accounts that the policy
/// writes out.
pub fn settle(policy: &Policy, estate: &Estate) -> Policy {
    let mut policy = policy.clone();
    let fill = |text: &mut Text| {
        if text.known().is_some() {
            return false;
        }
        let parts: Vec<Part> = text.parts().map(|part| settled(part, estate)).collect();
        let filled = Text::from_parts(parts, text.span);
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

fn settled(part: PartRef<'_>, estate: &Estate) -> Part {
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
