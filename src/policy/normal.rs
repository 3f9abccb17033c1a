//! The normalized view of a policy that queries run over.
//!
//! `$.Policy` is the document. Everything that may be a list is one, `Principal` is always an object of lists, and each
//! node keeps its place in the file. Elements that are not there stay absent; unknown values stay unknown.

use crate::span::Span;
use crate::value::{Kind, Member, Value};

/// Elements whose value may be a single item instead of a list.
const LISTS: [&str; 5] = ["Statement", "Action", "NotAction", "Resource", "NotResource"];

/// The view of one document.
pub fn normalize<'d>(document: &Value<'d>) -> Value<'d> {
    let document = document.clone();
    let policy = match document.kind {
        Kind::Map(members) => Value::new(Kind::Map(members.into_iter().map(element).collect()), document.span),
        kind => Value::new(kind, document.span),
    };
    let span = policy.span;
    Value::new(
        Kind::Map(vec![Member { key: "Policy".into(), key_span: Span::at(span.start as usize), value: policy }]),
        span,
    )
}

fn element(mut member: Member<'_>) -> Member<'_> {
    let key = member.key.as_ref();
    if LISTS.contains(&key) {
        member.value = listed(member.value);
        if key == "Statement"
            && let Kind::List(statements) = &mut member.value.kind
        {
            for statement in statements {
                if let Kind::Map(members) = &mut statement.kind {
                    *members = std::mem::take(members).into_iter().map(element).collect();
                }
            }
        }
    } else if matches!(key, "Principal" | "NotPrincipal") {
        member.value = principal(member.value);
    } else if key == "Condition" {
        // operator -> key -> list of values
        for_each_member(&mut member.value, |operator| {
            for_each_member(operator, |values| *values = listed(std::mem::take(values)));
        });
    }
    member
}

/// A bare `"*"` is the same as `{"AWS": "*"}`.
fn principal(value: Value<'_>) -> Value<'_> {
    let span = value.span;
    match value.kind {
        Kind::Map(_) => {
            let mut value = value;
            for_each_member(&mut value, |sort| *sort = listed(std::mem::take(sort)));
            value
        }
        Kind::String(_) | Kind::Template(_) => {
            let entry = Member { key: "AWS".into(), key_span: span, value: listed(value) };
            Value::new(Kind::Map(vec![entry]), span)
        }
        kind => Value::new(kind, span),
    }
}

fn for_each_member<'d>(value: &mut Value<'d>, change: impl Fn(&mut Value<'d>)) {
    if let Kind::Map(members) = &mut value.kind {
        for member in members {
            change(&mut member.value);
        }
    }
}

fn listed(value: Value<'_>) -> Value<'_> {
    match value.kind {
        Kind::List(_) | Kind::Unknown(_) | Kind::Tagged(_) => value,
        kind => {
            let span = value.span;
            Value::new(Kind::List(vec![Value::new(kind, span)]), span)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::json;
    use jsonpath_rust::parser::parse_json_path;
    use jsonpath_rust::query::js_path_process;

    #[test]
    fn queries_find_spanned_nodes_in_one_shape() {
        let text = r#"{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"sts:ExternalId": "x"}}}}"#;
        let view = normalize(&json::parse(text, json::Dialect::Strict).documents[0]);
        for (query, expected) in [
            ("$.Policy.Statement[*].Principal.AWS[?@ == '*']", "\"*\""),
            ("$.Policy.Statement[?@.Effect == 'Allow'].Action[0]", "\"sts:AssumeRole\""),
            ("$.Policy.Statement[*].Condition.StringEquals['sts:ExternalId'][0]", "\"x\""),
        ] {
            let parsed = parse_json_path(query).expect("a query");
            let found = js_path_process(&parsed, &view).expect("runs");
            assert_eq!(found.len(), 1, "{query}");
            assert_eq!(&text[found[0].clone().val().span.range()], expected);
        }
        let parsed = parse_json_path("$[?!@.Version]").expect("a query");
        assert_eq!(js_path_process(&parsed, &view).expect("runs").len(), 1);
    }
}
