//! Values that a template leaves open: those that are known all the same (the own account and its partition), and what
//! to expect of the others.

use crate::access::answer::Estate;
use crate::policy::Policy;
use crate::policy::principal::{self, Member};
use crate::value::{Domain, Hole, Part, PartRef, Text};

/// The own account where configuration does not name it. It is no account of anybody.
pub const OWN_ACCOUNT: &str = "000000000000";

/// A text of a witness for people: the stand-in in words.
pub fn in_words(text: &str) -> String {
    text.replace(OWN_ACCOUNT, "<own account>")
}

/// The policy with the holes filled whose values are the same in every place: the own account, the own partition, its
/// suffix, the own organization if it is configured. The own account is taken to be none of the accounts that the policy
/// writes out.
pub fn settle(policy: &Policy, estate: &Estate) -> Policy {
    fill(policy, |text, _| {
        let parts: Vec<Part> = text.parts().map(|part| settled(part, estate)).collect();
        Text::from_parts(parts, text.span)
    })
}

/// The policy with every hole filled by a value that is equal only to itself, its default if it has one: how things
/// stand as long as no unknown value happens to be one that matters. `None` if the policy has no hole. What is filled in
/// is for counting, never for showing.
pub fn instantiate(policy: &Policy) -> Option<Policy> {
    let mut names: Vec<String> = Vec::new();
    let filled = fill(policy, |text, member| {
        let mut value = |hole: &Hole| {
            let number = names.iter().position(|name| *name == hole.name).unwrap_or_else(|| {
                names.push(hole.name.clone());
                names.len() - 1
            });
            match &hole.domain {
                _ if hole.default.is_some() => hole.default.clone().unwrap_or_default(),
                Domain::OwnAccount | Domain::AccountId => format!("88{number:010}"),
                Domain::OwnArn(resource) if resource == "AWS::IAM::User" => own_arn("user", number),
                Domain::OwnArn(_) => own_arn("role", number),
                Domain::OwnOrganization => format!("o-own{number:07}"),
                // A whole principal of which nothing is known is most likely some role of some account.
                Domain::Any | Domain::Text | Domain::OneOf(_)
                    if member == Some(Member::Aws) && text.only_hole().is_some() =>
                {
                    format!("arn:aws:iam::88{number:010}:role/r{number}")
                }
                Domain::Any
                | Domain::Text
                | Domain::OneOf(_)
                | Domain::Partition
                | Domain::Region
                | Domain::UrlSuffix => format!("unknown-{number}"),
            }
        };
        let parts: Vec<Part> = text
            .parts()
            .map(|part| match part {
                PartRef::Literal(_) => part.to_part(),
                PartRef::Hole(hole) => Part::Literal(value(hole)),
            })
            .collect();
        Text::from_parts(parts, text.span)
    });
    (!names.is_empty()).then_some(filled)
}

fn own_arn(sort: &str, number: usize) -> String {
    format!("arn:aws:iam::{OWN_ACCOUNT}:{sort}/r{number}")
}

/// The policy with each text that has a hole replaced.
fn fill(policy: &Policy, mut with: impl FnMut(&Text, Option<Member>) -> Text) -> Policy {
    let mut policy = policy.clone();
    let mut fill = |text: &mut Text, member: Option<Member>| {
        if text.known().is_some() {
            return false;
        }
        let filled = with(text, member);
        let changed = filled != *text;
        *text = filled;
        changed
    };
    for statement in &mut policy.statements {
        for entry in statement.principals.iter_mut().flat_map(|principals| &mut principals.entries) {
            if fill(&mut entry.text, entry.member) {
                entry.kind = principal::classify(&entry.text, entry.member);
            }
        }
        let lists = statement.actions.iter_mut().chain(&mut statement.resources);
        lists.flat_map(|list| &mut list.items).for_each(|item| {
            fill(item, None);
        });
        statement.conditions.iter_mut().flat_map(|condition| &mut condition.values).for_each(|value| {
            fill(value, None);
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
