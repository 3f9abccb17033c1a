//! The normalized view of a policy that queries run over.
//!
//! `$.Policy` is the document. Everything that may be a list is one, `Principal` is always an object of lists, and each
//! node keeps its place in the file. Elements that are not there stay absent; unknown values stay unknown.
//!
//! A [`Node`] is a place in that view while nobody has made it.

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
    if stays(&value.kind) {
        return value;
    }
    let span = value.span;
    Value::new(Kind::List(vec![value]), span)
}

/// Whether a value stays as it is where the view wants a list: it is one, or it may be one.
fn stays(kind: &Kind<'_>) -> bool {
    matches!(kind, Kind::List(_) | Kind::Unknown(_) | Kind::Tagged(_))
}

/// A node of the view of a document, read from the document itself.
#[derive(Clone, Copy, Debug)]
pub struct Node<'v, 'd> {
    value: &'v Value<'d>,
    place: Place,
    /// Whether the view has a list of this value alone.
    lone: bool,
}

/// What a node is in a policy, as far as the view depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// The object around the document.
    Root,
    /// The document or a statement: its members are elements of the policy language.
    Elements,
    /// The list of statements.
    Statements,
    /// The value of `Principal` or `NotPrincipal`.
    Principal,
    /// The value of `Condition`: operators.
    Operators,
    /// The value of an operator: keys.
    Keys,
    /// Anything else; the view has it as it is.
    Other,
}

impl<'v, 'd> Node<'v, 'd> {
    /// The root of a document's view, `$`.
    pub fn root(document: &'v Value<'d>) -> Self {
        Node { value: document, place: Place::Root, lone: false }
    }

    /// The first member of this name.
    pub fn member(self, name: &str) -> Option<Self> {
        if self.lone {
            return None;
        }
        match (self.place, &self.value.kind) {
            (Place::Root, _) => (name == "Policy").then(|| self.document()),
            (Place::Principal, Kind::String(_) | Kind::Template(_)) => (name == "AWS").then(|| self.everyone()),
            _ => self.value.get(name).map(|value| self.inner(name, value)),
        }
    }

    /// The elements of a list or the values of an object.
    pub fn children(self) -> impl Iterator<Item = Self> {
        let alone = match (self.place, &self.value.kind) {
            (place, _) if self.lone => Some(Node { lone: false, place: items_of(place), ..self }),
            (Place::Root, _) => Some(self.document()),
            (Place::Principal, Kind::String(_) | Kind::Template(_)) => Some(self.everyone()),
            _ => None,
        };
        let (items, members) = match &self.value.kind {
            Kind::List(items) if alone.is_none() => (items.as_slice(), &[][..]),
            Kind::Map(members) if alone.is_none() => (&[][..], members.as_slice()),
            _ => (&[][..], &[][..]),
        };
        let items = items.iter().map(move |value| Node { value, place: items_of(self.place), lone: false });
        let members = members.iter().map(move |member| self.inner(&member.key, &member.value));
        alone.into_iter().chain(items).chain(members)
    }

    /// The text, when it is a wholly known string.
    pub fn text(self) -> Option<&'v str> {
        match &self.value.kind {
            Kind::String(text) if !self.lone && !matches!(self.place, Place::Root | Place::Principal) => Some(text),
            _ => None,
        }
    }

    /// How many characters, elements or members it has, when it has any such thing.
    pub fn length(self) -> Option<usize> {
        match (self.place, &self.value.kind) {
            (Place::Root, _) => Some(1),
            _ if self.lone => Some(1),
            (Place::Principal, Kind::String(_) | Kind::Template(_)) => Some(1),
            (_, Kind::String(text)) => Some(text.chars().count()),
            (_, Kind::List(items)) => Some(items.len()),
            (_, Kind::Map(members)) => Some(members.len()),
            (_, Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Template(_)) => None,
            (_, Kind::Tagged(_) | Kind::Unknown(_)) => None,
        }
    }

    fn document(self) -> Self {
        Node { place: Place::Elements, ..self }
    }

    /// The list under `AWS` that a bare string stands for.
    fn everyone(self) -> Self {
        Node { place: Place::Other, lone: true, ..self }
    }

    /// The node of a member's value.
    fn inner(self, key: &str, value: &'v Value<'d>) -> Self {
        let (place, listed) = match self.place {
            Place::Elements if key == "Statement" => (Place::Statements, true),
            Place::Elements if LISTS.contains(&key) => (Place::Other, true),
            Place::Elements if matches!(key, "Principal" | "NotPrincipal") => (Place::Principal, false),
            Place::Elements if key == "Condition" => (Place::Operators, false),
            Place::Operators => (Place::Keys, false),
            Place::Principal | Place::Keys => (Place::Other, true),
            Place::Root | Place::Elements | Place::Statements | Place::Other => (Place::Other, false),
        };
        Node { value, place, lone: listed && !stays(&value.kind) }
    }
}

/// What the elements of a list at a place are.
fn items_of(place: Place) -> Place {
    if place == Place::Statements { Place::Elements } else { Place::Other }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::syntax::json;
    use crate::value::{Domain, Hole, Part, Text};
    use jsonpath_rust::parser::parse_json_path;
    use jsonpath_rust::query::js_path_process;
    use proptest::prelude::*;

    fn hole() -> Hole {
        Hole { name: "P".to_owned(), why: "a parameter", domain: Domain::Any, default: None }
    }

    const NAMES: &[&str] =
        &["Statement", "Sid", "Effect", "Principal", "AWS", "Action", "Condition", "Version", "k", "NotAction"];
    const TEXTS: &[&str] = &["", "*", "a", "Allow", "Deny", "allow", "2012-10-17", "sts:AssumeRole", "é"];

    /// Documents as nobody would write them, of the names and values that queries ask for.
    pub(crate) fn documents() -> impl Strategy<Value = Value<'static>> {
        let text = proptest::sample::select(TEXTS);
        let leaf = prop_oneof![
            8 => text.prop_map(Value::from),
            1 => proptest::bool::ANY.prop_map(Value::from),
            1 => (0_i64..3).prop_map(Value::from),
            1 => Just(Value::default()),
            1 => Just(Kind::Unknown(Box::new(hole())).into()),
            1 => Just(Value::text(Text::from_parts([Part::Literal("a".into()), Part::Hole(hole())], Span::default()))),
        ];
        let name = proptest::sample::select(NAMES);
        let value = leaf.prop_recursive(5, 24, 4, move |inner| {
            let members = proptest::collection::vec((name.clone(), inner.clone()), 0..5);
            prop_oneof![proptest::collection::vec(inner, 0..3).prop_map(Value::from), members.prop_map(object)]
        });
        // A document at the root, most often with statements, so that queries reach somewhere.
        let element = prop_oneof![
            2 => (proptest::sample::select(&NAMES[1..]), value.clone()),
            3 => (proptest::sample::select(&NAMES[1..]), proptest::sample::select(TEXTS).prop_map(Value::from)),
        ];
        let statement = proptest::collection::vec(element, 0..9);
        let statements = prop_oneof![
            3 => proptest::collection::vec(statement.clone().prop_map(object), 0..3).prop_map(Value::from),
            1 => statement.prop_map(object),
            1 => value.clone(),
        ];
        let document = (statements, proptest::option::of(value.clone()), value.clone()).prop_map(
            |(statements, version, other)| {
                let version = version.map(|version| ("Version", version));
                object(version.into_iter().chain([("Statement", statements), ("Action", other)]).collect())
            },
        );
        prop_oneof![6 => document, 1 => value]
    }

    fn object(members: Vec<(&'static str, Value<'static>)>) -> Value<'static> {
        let member = |(key, value): (&'static str, _)| Member { key: key.into(), key_span: Span::default(), value };
        Kind::Map(members.into_iter().map(member).collect()).into()
    }

    /// A node is the value that the view has in its place.
    fn same(node: Node<'_, '_>, value: &Value<'_>) {
        assert_eq!(node.text(), value.as_str(), "{node:?}");
        let length = match &value.kind {
            Kind::String(text) => Some(text.chars().count()),
            Kind::List(items) => Some(items.len()),
            Kind::Map(members) => Some(members.len()),
            _ => None,
        };
        assert_eq!(node.length(), length, "{node:?}");
        let children: Vec<_> = node.children().collect();
        let of_value: Vec<_> = value.children().collect();
        assert_eq!(children.len(), of_value.len(), "{node:?}");
        children.into_iter().zip(of_value).for_each(|(node, value)| same(node, value));
        for name in ["Policy", "Statement", "Principal", "AWS", "Condition", "Effect", "k", "missing"] {
            match (node.member(name), value.get(name)) {
                (Some(node), Some(value)) => same(node, value),
                (node, value) => assert_eq!((node.is_some(), value.is_some()), (false, false), "{name} {value:?}"),
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]
        #[test]
        fn nodes_are_the_view(document in documents()) {
            same(Node::root(&document), &normalize(&document));
        }
    }

    #[test]
    fn nodes_of_a_written_policy() {
        let text = r#"{"Statement": {"Sid": "", "Principal": "*", "Action": "a:b",
            "Condition": {"StringEquals": {"k": "x"}}}}"#;
        let document = &json::parse(text, json::Dialect::Strict).documents[0];
        let node = Node::root(document).member("Policy").expect("the document").member("Statement").expect("a list");
        assert_eq!((node.length(), node.member("Sid").is_some()), (Some(1), false));
        let statement = node.children().next().expect("the only statement");
        assert_eq!(statement.member("Sid").and_then(Node::text), Some(""));
        let everyone = statement.member("Principal").and_then(|node| node.member("AWS")).expect("a list");
        assert_eq!(everyone.children().next().and_then(Node::text), Some("*"));
        let keys = statement.member("Condition").and_then(|node| node.member("StringEquals")).expect("an operator");
        assert_eq!(keys.member("k").and_then(Node::length), Some(1));
    }

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
