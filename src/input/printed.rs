//! Policies in what a command printed of something larger: `aws … --query`, `terraform output -json`, `jq`.
//!
//! Such output has the documents and next to nothing that tells what it is: a policy as a string of JSON or percent-encoded,
//! a table of names and documents, the statements of a policy without the policy. A document is taken for such output only
//! if it has little else, so that other files with a policy somewhere in them are not.

use super::nested;
use super::raw_kind::kind_of;
use super::shape::{are_of_stack_policy, is_policy};
use super::{Found, iam_collect, placeholder};
use crate::site::{Owner, PolicySite};
use crate::source::percent_decode;
use crate::span::Span;
use crate::syntax::Document;
use crate::value::{Kind, Member, Value};
use std::borrow::Cow;

/// How deep tables nest: rows in lists in a name that the query gave.
const DEPTH: usize = 6;
/// How often a string may be wrapped in another one.
const WRAPS: usize = 3;

/// A policy in an output.
enum Place<'s> {
    /// As it is.
    Policy(&'s Value<'s>),
    /// A string that holds it.
    Text(&'s Value<'s>),
    /// Its statements, or one of them.
    Statements(&'s Value<'s>),
}

/// Why a document is such output.
pub(super) fn detect(root: &Value<'_>) -> Option<&'static str> {
    Some(match places(root)?.first()?.1 {
        Place::Policy(_) => "is a table with policies in it",
        Place::Text(_) => "has the text of a policy in a string",
        Place::Statements(_) => "is a list of statements",
    })
}

/// Put the policies of an output, or of a part of one that has this address, into `found`.
pub(super) fn extract<'s>(document: &'s Document<'s>, root: &'s Value<'s>, address: &str, found: &mut Found<'s>) {
    for (below, place) in places(root).unwrap_or_default() {
        let address = format!("{address}{}", below.trim_start_matches(if address.is_empty() { "." } else { "" }));
        match place {
            Place::Policy(policy) => put_policy(Cow::Borrowed(policy), address, found),
            Place::Statements(list) => put_policy(Cow::Owned(policy_of(list)), address, found),
            Place::Text(text) => within(document, text, &address, WRAPS, found),
        }
    }
}

/// A policy of which nothing but the document is known.
fn put_policy<'s>(policy: Cow<'s, Value<'s>>, address: String, found: &mut Found<'s>) {
    let place = iam_collect::place(found.path);
    if place.as_ref().is_some_and(|place| place.is_of_aws) {
        return;
    }
    let anchor = policy.span;
    let policy = placeholder::resolve(&policy).map_or(policy, Cow::Owned);
    let kind = found.forced_kind.or(place.map(|place| place.kind)).unwrap_or_else(|| kind_of(&policy, found.path));
    found.sites.push(PolicySite {
        kind,
        address,
        document: policy.into(),
        anchor,
        owner: Owner { extent: Some(anchor), ..Owner::default() },
        branch: vec![],
        origins: vec![],
        redefined: vec![],
    });
}

/// The policies in a string.
fn within(outer: &Document<'_>, node: &Value<'_>, address: &str, wraps: usize, found: &mut Found<'_>) {
    nested::extract(outer, node, found, |inner, found| {
        if inner.root.as_str().is_some() {
            if wraps > 0 && holds_text(&inner.root) {
                within(inner, &inner.root, address, wraps - 1, found);
            }
            return;
        }
        for (below, place) in places(&inner.root).unwrap_or_default() {
            let address = format!("{address}{below}");
            match place {
                Place::Policy(policy) => put_policy(Cow::Borrowed(policy), address, found),
                Place::Statements(list) => put_policy(Cow::Owned(policy_of(list)), address, found),
                Place::Text(text) if wraps > 0 => within(inner, text, &address, wraps - 1, found),
                Place::Text(_) => {}
            }
        }
    });
}

/// The places of an output with their addresses; `None` if it is something else.
fn places<'s>(root: &'s Value<'s>) -> Option<Vec<(String, Place<'s>)>> {
    let mut places = Vec::new();
    if is_statements(std::slice::from_ref(root)) {
        return Some(vec![(String::new(), Place::Statements(root))]);
    }
    let is_output = match outputs(root) {
        Some(outputs) => {
            for Member { key, value, .. } in outputs {
                let Some(value) = value.get("value") else { continue };
                gather(value, format!("output.{key}"), DEPTH, &mut places);
            }
            true
        }
        None => gather(root, String::new(), DEPTH, &mut places),
    };
    (is_output && !places.is_empty()).then_some(places)
}

/// The members of what `terraform output -json` prints: each says whether it is sensitive.
fn outputs<'s>(root: &'s Value<'s>) -> Option<&'s [Member<'s>]> {
    let members = root.as_map()?;
    let is_one = |member: &Member<'_>| {
        member.value.get("value").is_some()
            && member.value.get("sensitive").is_some_and(|is| matches!(is.kind, Kind::Bool(_)))
    };
    (!members.is_empty() && members.iter().all(is_one)).then_some(members)
}

/// Put the places in a node into `places`. Whether it has nothing but them and single values.
fn gather<'s>(node: &'s Value<'s>, address: String, depth: usize, places: &mut Vec<(String, Place<'s>)>) -> bool {
    if is_policy(node) {
        places.push((address, Place::Policy(node)));
        return true;
    }
    let before = places.len();
    let mut is_flat = true;
    let mut is_clean = true;
    let mut part = |part: &'s Value<'s>, address: String| {
        is_flat &= part.as_list().is_none() && part.as_map().is_none();
        is_clean &= gather(part, address, depth.saturating_sub(1), places);
    };
    match &node.kind {
        Kind::List(items) if is_statements(items) => places.push((address, Place::Statements(node))),
        Kind::List(_) | Kind::Map(_) if depth == 0 => return false,
        Kind::List(items) => items.iter().enumerate().for_each(|(at, item)| part(item, format!("{address}[{at}]"))),
        Kind::Map(members) => {
            members.iter().for_each(|member| part(&member.value, format!("{address}.{}", member.key)));
        }
        _ => {
            if holds_text(node) {
                places.push((address, Place::Text(node)));
            }
            return true;
        }
    }
    is_clean && (is_flat || places.len() > before)
}

/// Whether a string holds a policy, in whatever form.
fn holds_text(node: &Value<'_>) -> bool {
    let Some(text) = node.as_str().filter(|_| nested::is_json(node)) else { return false };
    if text.trim_start().starts_with('%') {
        return percent_decode(text).is_some_and(|(text, _)| text.contains("Statement"));
    }
    // A document with holes for another tool is no JSON yet.
    let has = |word: &str| memchr::memmem::find(text.as_bytes(), word.as_bytes()).is_some();
    (has("Statement") || has("\\u00")) && (has("Effect") || has("\\u00")) && !placeholder::starts_with_one(text)
}

/// Whether these are statements of a policy, complete ones.
fn is_statements(items: &[Value<'_>]) -> bool {
    let is_one = |item: &Value<'_>| {
        let has = |keys: &[&str]| keys.iter().any(|key| item.get(key).is_some());
        item.get("Effect").and_then(Value::as_str).is_some_and(|effect| matches!(effect, "Allow" | "Deny"))
            && has(&["Action", "NotAction"])
            && has(&["Principal", "NotPrincipal", "Resource", "NotResource"])
            && !has(&["type"])
    };
    !items.is_empty() && items.iter().all(is_one) && !are_of_stack_policy(items)
}

/// The policy that has these statements. Its version was not printed: it is the one that policies have today, and the other
/// differs only in that it has no variables.
fn policy_of(statements: &Value<'_>) -> Value<'static> {
    let start = Span::at(statements.span.start as usize);
    let list = statements.clone().into_owned(&|span| span);
    let member = |key: &'static str, value| Member { key: Cow::Borrowed(key), key_span: start, value };
    let version = Value::new(Kind::String(Cow::Borrowed("2012-10-17")), start);
    Value::new(Kind::Map(vec![member("Version", version), member("Statement", list)]), statements.span)
}
