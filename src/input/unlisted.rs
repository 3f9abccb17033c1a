//! Policies in places that no table names: of a resource type that is newer than this program, or of somebody's own.
//!
//! What such a place means is not known, so these policies are not judged, and the ledger says so.

use crate::span::Span;
use crate::value::{Kind, PartRef, Value};
use memchr::memmem;

/// Put the place of every policy in `value` into `found`: objects with IAM statements, and texts that hold some.
pub(super) fn policies(value: &Value<'_>, found: &mut Vec<Span>) {
    if has_statements(value) || is_text_of_statements(value) {
        found.push(value.span);
        return;
    }
    if let Kind::Tagged(tagged) = &value.kind {
        policies(&tagged.value, found);
    }
    value.children().for_each(|child| policies(child, found));
}

/// What is said of a policy at such a place.
pub(super) fn reason(address: &str, resource_type: &str) -> String {
    format!("{address}: policies of `{resource_type}` are not known to this version")
}

/// Whether an object has a list of IAM statements. Other languages have statements with other members.
fn has_statements(value: &Value<'_>) -> bool {
    let statements = value.get("Statement").map(Value::one_or_many).unwrap_or_default();
    statements.iter().any(|statement| {
        let has = |key: &str| statement.get(key).is_some();
        has("Effect") && (has("Action") || has("NotAction"))
    })
}

fn is_text_of_statements(value: &Value<'_>) -> bool {
    let speaks = |text: &str| {
        let has = |word: &str| memmem::find(text.as_bytes(), word.as_bytes()).is_some();
        has("\"Statement\"") && has("\"Effect\"") && (has("\"Action\"") || has("\"NotAction\""))
    };
    match &value.kind {
        Kind::String(text) => speaks(text),
        Kind::Template(text) => text.parts().any(|part| matches!(part, PartRef::Literal(text) if speaks(text))),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::json::{Dialect, parse};

    fn count(text: &str) -> usize {
        let mut found = Vec::new();
        policies(&parse(text, Dialect::Strict).documents[0], &mut found);
        found.len()
    }

    #[test]
    fn statements_of_iam_are_found_at_any_depth() {
        let policy = r#"{"Statement": [{"Effect": "Allow", "Action": "x:y", "Resource": "*"}]}"#;
        assert_eq!(count(policy), 1);
        assert_eq!(count(&format!(r#"{{"a": [{policy}, {{"b": {policy}}}], "Statement": 1}}"#)), 2);
        assert_eq!(count(r#"{"a": "{\"Statement\": {\"Effect\": \"Allow\", \"NotAction\": \"x:y\"}}"}"#), 1);
    }

    #[test]
    fn statements_of_others_are_not() {
        for text in [
            r#"{"Statement": [{"DataIdentifier": ["x"], "Operation": {"Audit": {}}}]}"#,
            r#"{"Rules": [{"Effect": "Allow", "Action": "x"}]}"#,
            r#"{"Effect": "Allow", "Action": "x"}"#,
            r#"["Statement", "Effect", "Action"]"#,
        ] {
            assert_eq!(count(text), 0, "{text}");
        }
    }
}
