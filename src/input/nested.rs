//! JSON in a string of a document, read as a document of its own.
//!
//! Services wrap what they say several times: a message holds an item, the item its configuration, the configuration a
//! policy, each as a string of JSON. Each string is read with the same code as a file, and what is found in it is moved
//! to the place where it stands.

use super::Found;
use crate::diagnostic::Problem;
use crate::site::{PolicySite, Tree};
use crate::span::Span;
use crate::syntax::{Document, Syntax, json};
use crate::value::Value;

/// Whether a node is a string that may hold a document.
pub(super) fn is_json(node: &Value<'_>) -> bool {
    node.as_str().is_some_and(|text| text.trim_start().starts_with(['{', '[', '"', '%']))
}

/// What `look` says of the document in a string; `None` too if there is none.
pub(super) fn look<T>(
    outer: &Document<'_>,
    node: &Value<'_>,
    look: impl FnOnce(&Document<'_>) -> Option<T>,
) -> Option<T> {
    let (text, _) = outer.decoded(node).ok()?;
    let mut parsed = json::parse(&text, json::Dialect::Strict);
    let root = parsed.documents.pop().filter(|_| parsed.problems.is_empty())?;
    look(&Document { text: &text, syntax: Syntax::Json, root })
}

/// The policy in a string, or in a string in it, `wraps` deep at most.
pub(super) fn open(outer: &Document<'_>, node: &Value<'_>, wraps: usize) -> Result<Value<'static>, Vec<Problem>> {
    if wraps == 0 || !node.as_str().is_some_and(|text| text.trim_start().starts_with('"')) {
        return outer.open(node);
    }
    let (text, map) = outer.decoded(node)?;
    let place = |span: Span| map.as_ref().map_or(node.span, |map| map.place(span));
    let mut parsed = json::parse(&text, json::Dialect::Strict);
    let opened = match parsed.documents.pop().filter(|_| parsed.problems.is_empty()) {
        Some(root) => {
            let inner = Document { text: &text, syntax: Syntax::Json, root };
            open(&inner, &inner.root, wraps - 1)
        }
        None => Err(Problem::by_cause(parsed.problems)),
    };
    opened.map(|value| value.into_owned(&place)).map_err(|problems| moved_problems(problems, &place))
}

fn moved_problems(mut problems: Vec<Problem>, place: &impl Fn(Span) -> Span) -> Vec<Problem> {
    problems.iter_mut().for_each(|problem| problem.span = place(problem.span));
    problems
}

/// Extract from the document in a string. That it cannot be read is a problem of the outer document.
pub(super) fn extract(
    outer: &Document<'_>,
    node: &Value<'_>,
    found: &mut Found<'_>,
    extract: impl for<'i> FnOnce(&'i Document<'i>, &mut Found<'i>),
) {
    let (text, map) = match outer.decoded(node) {
        Ok(decoded) => decoded,
        Err(problems) => return found.problems.extend(problems),
    };
    let place = |span: Span| map.as_ref().map_or(node.span, |map| map.place(span));
    let mut parsed = json::parse(&text, json::Dialect::Strict);
    let mut problems = Problem::by_cause(std::mem::take(&mut parsed.problems));
    if let Some(root) = parsed.documents.pop().filter(|_| problems.is_empty()) {
        let document = Document { text: &text, syntax: Syntax::Json, root };
        let mut inside = Found { forced_kind: found.forced_kind, path: found.path, ..Found::default() };
        extract(&document, &mut inside);
        found.sites.extend(inside.sites.into_iter().map(|site| moved(site, &place)));
        found.unresolved.extend(inside.unresolved.into_iter().map(|(span, what)| (place(span), what)));
        problems = inside.problems;
    }
    found.problems.extend(moved_problems(problems, &place));
}

/// A site at another place, free of the text that it was found in.
fn moved(site: PolicySite<'_>, place: &impl Fn(Span) -> Span) -> PolicySite<'static> {
    let document = match site.document {
        Tree::Borrowed(value) => value.clone().into_owned(place),
        Tree::Owned(value) => value.into_owned(place),
    };
    let mut owner = site.owner;
    if let Some(name) = &mut owner.name {
        name.span = place(name.span);
    }
    owner.extent = owner.extent.map(place);
    for setting in owner.durations_mut() {
        (setting.span, setting.value.span) = (place(setting.span), place(setting.value.span));
    }
    PolicySite {
        kind: site.kind,
        address: site.address,
        document: Tree::Owned(document),
        anchor: place(site.anchor),
        owner,
        branch: site.branch,
        origins: site.origins,
        redefined: site.redefined,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::testing::document;
    use crate::input::{Input as _, policy_json::PolicyJson};

    /// What stands in the file at each string value of the policies found in two layers of strings.
    #[test]
    fn places_are_those_of_the_file_in_every_layer() {
        let policy = r#"{"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "é😀*"}}}"#;
        let inner = format!(r#"{{"policy": {policy:?}}}"#);
        let text = serde_json::to_string(&serde_json::json!({"a": 1, "message": inner})).expect("JSON");
        let outer = document(&text);
        let mut found = Found::default();
        let message = outer.root.get("message").expect("it is there");
        extract(outer, message, &mut found, |inner, found| {
            let policy = inner.root.get("policy").expect("it is there");
            extract(inner, policy, found, |document, found| PolicyJson.extract(document, found));
        });
        assert_eq!(found.sites.len(), 1);
        let action = found.sites[0].document.at(&["Statement", "Action"]).expect("it is there");
        assert_eq!(&text[action.span.range()], r#"\\\"sts:AssumeRole\\\""#);
        let aws = found.sites[0].document.at(&["Statement", "Principal", "AWS"]).expect("it is there");
        assert_eq!(&text[aws.span.range()], r#"\\\"é😀*\\\""#);
    }

    #[test]
    fn problems_and_what_is_no_json() {
        let outer = document(r#"{"a": "{\"b\": [1,,]}", "c": "plain", "d": "%zz"}"#);
        for (key, place) in [("a", ",]"), ("d", "\"%zz")] {
            let mut found = Found::default();
            extract(outer, outer.root.get(key).expect("it is there"), &mut found, |_, _| unreachable!("not readable"));
            let start = found.problems.first().map(|problem| problem.span.start as usize);
            assert_eq!(start, outer.text.find(place), "{key}");
        }
        assert!(!is_json(outer.root.get("c").expect("it is there")));
        assert!(look(outer, outer.root.get("c").expect("it is there"), |_| Some(())).is_none());
    }
}
