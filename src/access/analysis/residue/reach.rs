//! What statements can meet, by the beginnings of their words.
//!
//! Two patterns with literal beginnings match a common text only if one beginning goes on as the other. That is all that
//! is asked here: it errs only by letting two things meet that do not.

use crate::policy::{Patterns, Principal, PrincipalKind, Principals, Statement};
use crate::site::PolicyKind;
use crate::value::{PartRef, Text};
use std::borrow::Cow;

/// What is behind the last letter of a text without wildcards, so that it goes on as nothing else.
const END: char = '\u{0}';

/// The words of some statements, list by list.
#[derive(Clone, Debug)]
pub struct Reach {
    principals: Option<Beginnings>,
    actions: Option<Beginnings>,
    resources: Option<Beginnings>,
}

impl Reach {
    /// What these statements reach. A list that the engine does not read for this kind of policy is not looked at.
    pub fn of<'s>(kind: PolicyKind, statements: impl Iterator<Item = &'s Statement> + Clone) -> Reach {
        let (principals, resources) = match kind {
            PolicyKind::Trust => (true, false),
            PolicyKind::Resource | PolicyKind::Rcp => (true, true),
            PolicyKind::Identity | PolicyKind::Scp | PolicyKind::Boundary | PolicyKind::Session => (false, true),
        };
        let patterns = |list: fn(&Statement) -> &Option<Patterns>, begin: fn(&Text) -> Cow<'_, str>| {
            Beginnings::of(statements.clone().flat_map(move |statement| pattern_beginnings(list(statement), begin)))
        };
        let entries = || Beginnings::of(statements.clone().flat_map(|one| principal_beginnings(&one.principals)));
        Reach {
            principals: principals.then(entries),
            actions: Some(patterns(|statement| &statement.actions, action)),
            resources: resources.then(|| patterns(|statement| &statement.resources, resource)),
        }
    }

    /// Reach also what another does.
    pub fn add(&mut self, other: &Reach) {
        let pairs = [
            (&mut self.principals, &other.principals),
            (&mut self.actions, &other.actions),
            (&mut self.resources, &other.resources),
        ];
        for (mine, theirs) in pairs {
            if let (Some(mine), Some(theirs)) = (mine, theirs) {
                *mine = Beginnings::of(mine.0.drain(..).chain(theirs.0.iter().cloned()).map(Cow::Owned));
            }
        }
    }

    /// The statement with only those members of its lists that can meet something; `None` if it can meet nothing.
    pub fn meeting(&self, statement: &Statement) -> Option<Statement> {
        let principals = match (&statement.principals, &self.principals) {
            (Some(list), Some(reach)) if !list.negated => {
                let met = list.entries.iter().filter(|entry| reach.meets(&principal(entry))).cloned();
                let list = Principals { entries: met.collect(), ..*list };
                Some(Some(list).filter(|list| list.open_ended || !list.entries.is_empty())?)
            }
            (list, _) => list.clone(),
        };
        let patterns =
            |list: &Option<Patterns>, reach: &Option<Beginnings>, begin: fn(&Text) -> Cow<'_, str>| match (list, reach)
            {
                (Some(list), Some(reach)) if !list.negated => {
                    let met = list.items.iter().filter(|item| reach.meets(&begin(item))).cloned();
                    let list = Patterns { items: met.collect(), ..*list };
                    (list.open_ended || !list.items.is_empty()).then_some(Some(list))
                }
                (list, _) => Some(list.clone()),
            };
        Some(Statement {
            principals,
            actions: patterns(&statement.actions, &self.actions, action)?,
            resources: patterns(&statement.resources, &self.resources, resource)?,
            sid: statement.sid.clone(),
            conditions: statement.conditions.clone(),
            ..*statement
        })
    }
}

/// The beginnings of what a list matches; one that may match anything begins with nothing.
fn pattern_beginnings<'s>(list: &'s Option<Patterns>, begin: fn(&Text) -> Cow<'_, str>) -> Vec<Cow<'s, str>> {
    match list {
        Some(list) if !list.negated && !list.open_ended => list.items.iter().map(begin).collect(),
        _ => vec![Cow::Borrowed("")],
    }
}

fn principal_beginnings(list: &Option<Principals>) -> Vec<Cow<'_, str>> {
    match list {
        Some(list) if !list.negated && !list.open_ended => list.entries.iter().map(principal).collect(),
        _ => vec![Cow::Borrowed("")],
    }
}

/// The beginning of an action pattern, which has no case.
fn action(text: &Text) -> Cow<'_, str> {
    let (known, is_whole) = literal(text, |c| matches!(c, '*' | '?') || !c.is_ascii());
    ended(known.to_ascii_lowercase(), is_whole)
}

/// The beginning of a resource pattern.
fn resource(text: &Text) -> Cow<'_, str> {
    // Whether `${` begins a variable depends on the version of the language.
    let (known, is_whole) = literal(text, |c| matches!(c, '*' | '?' | '$'));
    ended(known.to_owned(), is_whole)
}

/// Whom a principal names, account first: two principals can name one caller only if one text goes on as the other.
fn principal(entry: &Principal) -> Cow<'_, str> {
    let of_account = |account: &Text, sort: &str, name: Option<(&str, bool)>| {
        let Some(account) = account.known() else { return Cow::Borrowed("") };
        let (name, is_whole) = name.unwrap_or(("", false));
        ended(format!("aws {account} {sort}{name}"), is_whole)
    };
    let never = |_: char| false;
    // A parameter is taken to be of the sort that its default is, and its value may still be any other.
    if entry.text.only_hole().is_some() {
        return Cow::Borrowed("");
    }
    match &entry.kind {
        PrincipalKind::Anyone | PrincipalKind::Unknown => Cow::Borrowed(""),
        PrincipalKind::Account { account } => of_account(account, "", None),
        PrincipalKind::User { account, name } => of_account(account, "user ", Some(literal(name, never))),
        // A session's ARN drops the path of its role.
        PrincipalKind::Role { account, name } => {
            let bare = name.known().map(|name| (name.rsplit_once('/').map_or(name, |(_, bare)| bare), true));
            of_account(account, "role ", bare)
        }
        PrincipalKind::Session { account, name } => {
            let role = name.known().map(|name| (name.split_once('/').map_or(name, |(role, _)| role), true));
            of_account(account, "role ", role)
        }
        PrincipalKind::FederatedUser { account } => of_account(account, "federated ", None),
        PrincipalKind::Service { host } => {
            let (host, is_whole) = literal(host, never);
            ended(format!("service {host}"), is_whole)
        }
        PrincipalKind::Saml { .. } => Cow::Borrowed("saml "),
        PrincipalKind::Oidc { .. } | PrincipalKind::WebIdentity { .. } => Cow::Borrowed("token "),
        PrincipalKind::UniqueId { .. } | PrincipalKind::CanonicalUser | PrincipalKind::Invalid { .. } => {
            Cow::Borrowed("nobody")
        }
    }
}

/// The known beginning of a text up to a letter of this sort, and whether that is all of it.
fn literal(text: &Text, stops: impl Fn(char) -> bool) -> (&str, bool) {
    let Some(PartRef::Literal(first)) = text.parts().next() else { return ("", false) };
    match first.find(stops) {
        Some(at) => (&first[..at], false),
        None => (first, text.known().is_some()),
    }
}

fn ended(mut text: String, is_whole: bool) -> Cow<'static, str> {
    if is_whole {
        text.push(END);
    }
    Cow::Owned(text)
}

/// Beginnings of texts in order, none of which goes on as another of them: the shorter one meets all that the longer does.
#[derive(Clone, Debug)]
struct Beginnings(Vec<String>);

impl Beginnings {
    fn of<'t>(texts: impl Iterator<Item = Cow<'t, str>>) -> Beginnings {
        let mut all: Vec<String> = texts.map(Cow::into_owned).collect();
        all.sort_unstable();
        all.dedup_by(|next, kept| next.starts_with(kept.as_str()));
        Beginnings(all)
    }

    /// Whether one of them goes on as this one or the other way round.
    fn meets(&self, text: &str) -> bool {
        let after = self.0.partition_point(|known| known.as_str() <= text);
        // Of those that come before, only the last can be its beginning, for that would be the beginning of the last too.
        after.checked_sub(1).is_some_and(|last| text.starts_with(self.0[last].as_str()))
            || self.0.get(after).is_some_and(|next| next.starts_with(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn beginnings(texts: &[&'static str]) -> Beginnings {
        Beginnings::of(texts.iter().map(|text| Cow::Borrowed(*text)))
    }

    #[test]
    fn beginnings_meet_what_goes_on_as_they_do() {
        let known = beginnings(&["s3:get", "s3:put\0", "ec2:", "s3:getobject\0", "s3:g"]);
        assert_eq!(known.0, ["ec2:", "s3:g", "s3:put\0"]);
        for text in ["", "s3:", "s3:getx\0", "s3:put\0", "s3:p", "ec2:run\0", "ec2:", "e"] {
            assert!(known.meets(text), "{text}");
        }
        for text in ["s3:puts\0", "s3:h", "iam:", "z", "ec3:"] {
            assert!(!known.meets(text), "{text}");
        }
        assert!(!beginnings(&[]).meets(""));
    }
}
