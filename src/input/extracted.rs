//! Policies that a query took out of a larger output: what `aws … --query` and `terraform output -json` print.
//!
//! Such an output says nothing of itself. It is a policy as the text of a string, a list of statements, or a small tree of
//! names with policies at its leaves, each as it is or as a text.

use super::policy_json::is_policy;
use super::raw_kind::kind_of;
use super::{Found, Input, looks_like_policy, placeholder};
use crate::diagnostic::Problem;
use crate::site::{Owner, PolicyKind, PolicySite};
use crate::syntax::{Document, Syntax};
use crate::value::{Kind, Member, Value};
use std::borrow::Cow;

/// The format.
#[derive(Debug)]
pub struct Extracted;

/// How deep policies stand in an output of a query, at most: `Roles[].{name: RoleName, trust: AssumeRolePolicyDocument}`
/// has them in the members of the items of a list, `terraform output -json` in a member of each output.
const DEEPEST: usize = 3;

impl Input for Extracted {
    fn name(&self) -> &'static str {
        "query-output"
    }

    fn detect(&self, document: &Document<'_>) -> Option<&'static str> {
        // People write YAML, and what they write so says what it is.
        if document.syntax != Syntax::Json && !matches!(document.root.kind, Kind::String(_)) {
            return None;
        }
        if is_list_of_statements(&document.root) {
            return Some("is a list of statements");
        }
        let mut any = false;
        leaves(document, &document.root, &mut String::new(), 0, &mut |_, _, _| any = true);
        any.then_some(match document.root.kind {
            Kind::String(_) => "is a policy as the text of a string",
            _ => "has policies among the results of a query",
        })
    }

    fn extract<'s>(&self, document: &'s Document<'s>, found: &mut Found<'s>) {
        let root = &document.root;
        if is_list_of_statements(root) {
            let member = Member { key: "Statement".into(), key_span: root.span, value: root.clone() };
            put(Cow::Owned(Value::new(Kind::Map(vec![member]), root.span)), root, String::new(), found);
            return;
        }
        leaves(document, root, &mut String::new(), 0, &mut |node, opened, address| match opened {
            None => put(Cow::Borrowed(node), node, address.to_owned(), found),
            Some(Ok(policy)) => put(Cow::Owned(policy), node, address.to_owned(), found),
            Some(Err(problems)) => found.problems.extend(problems),
        });
    }
}

/// What stands in the text of a string.
type Opened = Result<Value<'static>, Vec<Problem>>;

fn put<'s>(policy: Cow<'s, Value<'s>>, node: &'s Value<'s>, address: String, found: &mut Found<'s>) {
    let policy = placeholder::resolve(&policy).map_or(policy, Cow::Owned);
    let kind: PolicyKind = found.forced_kind.unwrap_or_else(|| kind_of(&policy, found.path));
    found.sites.push(PolicySite {
        kind,
        address,
        document: policy.into(),
        anchor: node.span,
        owner: Owner { extent: Some(node.span), ..Owner::default() },
        branch: vec![],
        origins: vec![],
    });
}

/// Call `each` with every policy that is not deep in the tree, with what its text is if it is one, and with the way to it.
fn leaves<'s>(
    document: &Document<'s>,
    value: &'s Value<'s>,
    path: &mut String,
    depth: usize,
    each: &mut dyn FnMut(&'s Value<'s>, Option<Opened>, &str),
) {
    if is_policy(value) {
        return each(value, None, path);
    }
    if let Some(opened) = text_of_policy(document, value) {
        return each(value, Some(opened), path);
    }
    if depth == DEEPEST {
        return;
    }
    let length = path.len();
    match &value.kind {
        Kind::List(items) => {
            for (at, item) in items.iter().enumerate() {
                path.push_str(&format!("[{at}]"));
                leaves(document, item, path, depth + 1, each);
                path.truncate(length);
            }
        }
        Kind::Map(members) => {
            for member in members {
                if length > 0 {
                    path.push('.');
                }
                path.push_str(&member.key);
                leaves(document, &member.value, path, depth + 1, each);
                path.truncate(length);
            }
        }
        _ => {}
    }
}

/// The policy that a string is the text of, as it is or percent-encoded, or what is wrong with it.
fn text_of_policy(document: &Document<'_>, value: &Value<'_>) -> Option<Opened> {
    let text = value.as_str()?.trim_start();
    let begins = text.starts_with('{') || text.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("%7B"));
    if !begins || !looks_like_policy(text) {
        return None;
    }
    let opened = document.open(value);
    opened.as_ref().map_or(true, is_policy).then_some(opened)
}

/// Whether a value is a list of statements and of nothing else.
fn is_list_of_statements(value: &Value<'_>) -> bool {
    let has = |statement: &Value<'_>, elements: &[&str]| elements.iter().any(|name| statement.get(name).is_some());
    let is_statement = |statement: &Value<'_>| {
        statement.get("Effect").and_then(Value::as_str).is_some_and(|effect| ["Allow", "Deny"].contains(&effect))
            && has(statement, &["Action", "NotAction"])
            && has(statement, &["Principal", "NotPrincipal", "Resource", "NotResource"])
    };
    value.as_list().is_some_and(|items| !items.is_empty() && items.iter().all(is_statement))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::testing::{document, extract};

    const TRUST: &str = r#"{"Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}"#;

    fn sites(text: &str) -> Vec<(String, &'static str, usize)> {
        let found = extract(&Extracted, text);
        assert_eq!(found.problems, []);
        found
            .sites
            .iter()
            .map(|site| (site.address.clone(), site.kind.name(), site.document.span.start as usize))
            .collect()
    }

    #[test]
    fn texts_of_policies() {
        let text = format!("{TRUST:?}");
        // The place is inside of the string.
        assert_eq!(sites(&text), [(String::new(), "trust", 1)]);
        let encoded = TRUST.replace('{', "%7B").replace('}', "%7D").replace('"', "%22");
        assert_eq!(sites(&format!("{encoded:?}")), [(String::new(), "trust", 1)]);
        assert_eq!(Extracted.detect(document("\"{x\"")), None);
    }

    #[test]
    fn results_of_queries() {
        let start = |text: &str| text.find("{\"Statement").expect("a policy");
        let rows = format!(r#"[["ci", {TRUST}], ["cd", {TRUST}]]"#);
        assert_eq!(sites(&rows)[0], ("[0][1]".to_owned(), "trust", start(&rows)));
        assert_eq!(sites(&rows).len(), 2);
        let named = format!(r#"[{{"n": "ci", "d": {TRUST}}}]"#);
        assert_eq!(sites(&named), [("[0].d".to_owned(), "trust", start(&named))]);
        let one = format!(r#"{{"a": {TRUST}}}"#);
        assert_eq!(sites(&one), [("a".to_owned(), "trust", start(&one))]);
        let outputs = format!(r#"{{"trust": {{"sensitive": false, "type": "string", "value": {TRUST:?}}}}}"#);
        assert_eq!(sites(&outputs)[0].0, "trust.value");
        let deep = format!(r#"{{"a": {{"b": {{"c": {{"d": {TRUST}}}}}}}}}"#);
        assert_eq!(Extracted.detect(document(&deep)), None);
    }

    #[test]
    fn lists_of_statements() {
        let list = r#"[{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}]"#;
        assert_eq!(sites(list), [(String::new(), "trust", 0)]);
        assert_eq!(Extracted.detect(document(r#"[{"Effect": "Allow", "Action": "sts:AssumeRole"}, 1]"#)), None);
        assert_eq!(Extracted.detect(document(r#"[{"Effect": "Glow", "Action": "x", "Resource": "y"}]"#)), None);
    }
}
