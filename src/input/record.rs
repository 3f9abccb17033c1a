//! A policy in a record of some inventory: what the record says of its owner, and the way to a site.

use super::shape::is_policy;
use super::{Found, nested};
use crate::site::{Owner, OwnerAccount, PolicyKind, PolicySite};
use crate::span::{Span, Spanned};
use crate::syntax::Document;
use crate::value::{Kind, Member, Text, Value};
use std::borrow::Cow;

/// A policy with what is known around it.
#[derive(Clone, Debug)]
pub(super) struct Record<'a> {
    /// What the policy is attached to.
    pub kind: PolicyKind,
    /// Where it stands, for people.
    pub address: String,
    /// The place that names the owner.
    pub anchor: Span,
    /// The account of the owner, if this is one.
    pub account: Option<&'a str>,
    /// The role's name.
    pub name: Option<Text>,
    /// The longest session.
    pub max_session_duration: Option<Spanned<Text>>,
}

/// How often a document may be wrapped in a string of its own: AWS Config writes some twice.
const MAX_WRAPS: usize = 2;

impl Record<'_> {
    /// Put the policy that stands at a node. Whether there is one; what cannot be read is a problem.
    pub fn put<'s>(&self, document: &'s Document<'s>, node: &'s Value<'s>, found: &mut Found<'s>) -> bool {
        let policy = match &node.kind {
            Kind::Map(_) => Cow::Borrowed(node),
            Kind::Unknown(hole) => {
                found.unresolved.push((node.span, format!("{}: `{}` is {}", self.address, hole.name, hole.why)));
                return false;
            }
            _ => match nested::open(document, node, MAX_WRAPS) {
                Ok(policy) => Cow::Owned(policy),
                Err(problems) => {
                    found.problems.extend(problems);
                    return false;
                }
            },
        };
        self.push(policy, found);
        true
    }

    /// Put a policy that was read.
    pub fn push<'s>(&self, policy: Cow<'s, Value<'s>>, found: &mut Found<'s>) {
        let account = self.account.filter(|id| is_account(id));
        found.sites.push(PolicySite {
            kind: self.kind,
            address: self.address.clone(),
            document: policy.into(),
            anchor: self.anchor,
            owner: Owner {
                account: account.map_or(OwnerAccount::Unknown, |id| OwnerAccount::Id(id.to_owned())),
                name: self.name.clone(),
                max_session_duration: self.max_session_duration.clone(),
                ..Owner::default()
            },
            branch: Vec::new(),
            origins: Vec::new(),
            redefined: Vec::new(),
        });
    }
}

/// Whether a text is the id of an account.
pub(super) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The account in an ARN.
pub(super) fn account_of(arn: &str) -> Option<&str> {
    arn.split(':').nth(4).filter(|id| arn.starts_with("arn:") && is_account(id))
}

/// Whether an ARN is of a managed policy that AWS writes; the user cannot change those.
pub(super) fn is_of_aws(arn: &str) -> bool {
    arn.split(':').nth(4) == Some("aws")
}

/// The kind of a policy of an organization with this type; `None` for one in a language of its own, such as a tag policy.
pub(super) fn organization_kind(name: &str) -> Option<PolicyKind> {
    match name {
        "SERVICE_CONTROL_POLICY" => Some(PolicyKind::Scp),
        "RESOURCE_CONTROL_POLICY" => Some(PolicyKind::Rcp),
        _ => None,
    }
}

/// The address of an inline policy.
pub(super) fn inline(owner: &str, name: Option<&str>) -> String {
    match (owner, name) {
        (owner, None) => owner.to_owned(),
        ("", Some(name)) => format!("policy/{name}"),
        (owner, Some(name)) => format!("{owner} policy/{name}"),
    }
}

/// The member with this key, in any case: services and tools write the same keys in several.
pub(super) fn member<'v, 's>(value: &'v Value<'s>, key: &str) -> Option<&'v Member<'s>> {
    value.as_map()?.iter().find(|member| member.key.eq_ignore_ascii_case(key))
}

/// The value of the member with this key.
pub(super) fn get<'v, 's>(value: &'v Value<'s>, key: &str) -> Option<&'v Value<'s>> {
    member(value, key).map(|member| &member.value)
}

/// The string at this key.
pub(super) fn text<'v>(value: &'v Value<'_>, key: &str) -> Option<&'v str> {
    get(value, key)?.as_str()
}

/// The elements of the list at this key.
pub(super) fn items<'v, 's>(value: &'v Value<'s>, key: &str) -> impl Iterator<Item = &'v Value<'s>> {
    get(value, key).and_then(Value::as_list).unwrap_or_default().iter()
}

/// A number of seconds, as it is written.
pub(super) fn seconds(value: &Value<'_>) -> Option<Spanned<Text>> {
    match &value.kind {
        Kind::Number(text) | Kind::String(text) => {
            Some(Spanned::new(Text::literal(text.as_ref(), value.span), value.span))
        }
        _ => None,
    }
}

/// Whether a node is a policy, as an object or as a string, in a place that may hold something else.
pub(super) fn holds_policy(node: &Value<'_>) -> bool {
    match &node.kind {
        Kind::String(text) => nested::is_json(node) && text.contains("Statement"),
        _ => is_policy(node),
    }
}
