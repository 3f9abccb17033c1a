//! What a part of a policy grants, as text that is the same however the policy is written, and back.
//!
//! A baseline keeps such a text for each finding: people review it in a diff, and the engine compares it with what the
//! policy says later. Order, spelling of lists, `Sid` and `Id` are left out of it. A value that is not known is an object
//! with its name and what is known of it: `{"unknown": "AWS::AccountId", "is": "own-account"}`, and a text with such parts
//! is `{"text": ["arn:aws:iam::", {"unknown": …}, ":root"]}`. Members that a policy itself calls so get a `_` before them.

use crate::span::Span;
use crate::value::{Domain, Hole, Kind, Member, Part, PartRef, Text, Value};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// A part of a policy as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Printed {
    /// One JSON document.
    pub text: String,
    /// For each statement of it, the statement of the policy.
    pub statements: Vec<usize>,
}

/// The elements of a statement in the order in which they are written.
const ELEMENTS: [&str; 8] =
    ["Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"];

/// The members that stand for what is not known.
const MARKS: [&str; 2] = ["text", "unknown"];

/// Objects and lists that nest deeper than any in a policy that IAM takes are kept as text.
const MAX_DEPTH: usize = 8;

/// Why values that were read back are not known.
const WHY: &str = "not known in the policy";

/// What a statement of a document grants: the statement, with those beside it that may deny what it allows. A Deny
/// stands alone. Without a statement, the whole document.
pub fn print(document: &Value<'_>, statement: Option<usize>) -> Printed {
    let mut statements: Vec<(String, usize)> = Vec::new();
    let mut elsewhere: BTreeSet<String> = BTreeSet::new();
    let mut items: Vec<&Value<'_>> = Vec::new();
    let members = document.as_map().unwrap_or_default();
    for member in members.iter().filter(|member| member.key == "Statement") {
        items.extend(member.value.one_or_many());
    }
    if document.as_map().is_none() {
        items.push(document);
    }
    let (read, unread): (Vec<_>, Vec<_>) = items.into_iter().partition(|item| item.as_map().is_some());
    let denies_alone = statement.and_then(|at| read.get(at)).is_some_and(|item| effect(item) == Some("Deny"));
    for (at, item) in read.iter().enumerate() {
        let is_part = match statement {
            None => true,
            Some(own) if own == at => true,
            Some(_) => !denies_alone && effect(item) != Some("Allow"),
        };
        if is_part {
            statements.push((written(&canonical_statement(item)), at));
        }
    }
    for item in unread.into_iter().filter(|_| !denies_alone) {
        if let Kind::Unknown(_) | Kind::Tagged(_) | Kind::Template(_) = item.kind {
            elsewhere.insert(written(&canonical(item)));
        }
    }
    statements.sort();
    statements.dedup_by(|a, b| a.0 == b.0);
    let (mut lines, statements): (Vec<String>, Vec<usize>) = statements.into_iter().unzip();
    lines.extend(elsewhere);
    let version = document.get("Version").map(|version| format!("\"Version\": {}, ", written(&canonical(version))));
    let list = if lines.is_empty() { "[]".to_owned() } else { format!("[\n  {}\n]", lines.join(",\n  ")) };
    Printed { text: format!("{{{}\"Statement\": {list}}}", version.unwrap_or_default()), statements }
}

/// The text of a document that was printed, as it would be printed today.
pub fn again(document: &Value<'_>) -> String {
    print(&restored(document), None).text
}

fn effect<'v>(statement: &'v Value<'_>) -> Option<&'v str> {
    statement.get("Effect")?.as_str()
}

/// A document that was printed, as it was: what stands for values that are not known becomes such values.
///
/// A list of which nothing is known becomes one text of which nothing is known, where its name stands nowhere else in the
/// document: what holds for each of its members then holds for the list.
pub fn restore(document: &Value<'_>) -> Value<'static> {
    let mut document = restored(document);
    let mut names = Vec::new();
    super::holes(&document, &mut names);
    let names: Vec<String> = names.into_iter().map(|(_, hole)| hole.name.clone()).collect();
    let is_alone = |name: &str| names.iter().filter(|other| *other == name).count() == 1;
    if let Kind::Map(members) = &mut document.kind {
        for member in members.iter_mut().filter(|member| member.key == "Statement") {
            each(&mut member.value, &mut |statement| as_texts(statement, &is_alone));
        }
    }
    document
}

/// Lists of strings of which nothing is known, in the places where a statement has lists.
fn as_texts(statement: &mut Value<'static>, is_alone: &dyn Fn(&str) -> bool) {
    let to_text = |value: &mut Value<'static>| {
        each(value, &mut |item| {
            if let Kind::Unknown(hole) = &item.kind
                && is_alone(&hole.name)
            {
                *item = Value::text(Text::hole((**hole).clone(), item.span));
            }
        });
    };
    let Kind::Map(members) = &mut statement.kind else { return };
    for member in members {
        match (member.key.as_ref(), &mut member.value.kind) {
            ("Action" | "NotAction" | "Resource" | "NotResource", _) => to_text(&mut member.value),
            ("Principal" | "NotPrincipal", Kind::Map(sorts)) => {
                sorts.iter_mut().for_each(|sort| to_text(&mut sort.value));
            }
            ("Condition", Kind::Map(operators)) => {
                for operator in operators {
                    if let Kind::Map(keys) = &mut operator.value.kind {
                        keys.iter_mut().for_each(|key| to_text(&mut key.value));
                    }
                }
            }
            _ => {}
        }
    }
}

fn each(value: &mut Value<'static>, change: &mut dyn FnMut(&mut Value<'static>)) {
    match &mut value.kind {
        Kind::List(items) => items.iter_mut().for_each(change),
        _ => change(value),
    }
}

/// A statement in one order. Lists whose order says nothing are sorted, and one item stands without its list.
fn canonical_statement(statement: &Value<'_>) -> Value<'static> {
    let mut members: Vec<Member<'static>> = Vec::new();
    for member in statement.as_map().unwrap_or_default().iter().filter(|member| member.key != "Sid") {
        let value = match member.key.as_ref() {
            "Action" | "NotAction" | "Resource" | "NotResource" => set(&member.value),
            "Principal" | "NotPrincipal" if member.value.as_map().is_some() => by_key(&member.value, &set),
            "Condition" => by_key(&member.value, &|operator| by_key(operator, &set)),
            _ => canonical(&member.value),
        };
        members.push(entry(escaped(&member.key), value));
    }
    let place = |key: &str| ELEMENTS.iter().position(|known| *known == key).unwrap_or(ELEMENTS.len());
    members.sort_by_cached_key(|member| (place(&member.key), member.key.clone(), written(&member.value)));
    Value::from(Kind::Map(members))
}

/// An object in the order of its keys, each value as `inner` makes it.
fn by_key(value: &Value<'_>, inner: &dyn Fn(&Value<'_>) -> Value<'static>) -> Value<'static> {
    let Some(members) = value.as_map() else { return canonical(value) };
    let mut members: Vec<Member<'static>> =
        members.iter().map(|member| entry(escaped(&member.key), inner(&member.value))).collect();
    members.sort_by_cached_key(|member| (member.key.clone(), written(&member.value)));
    Value::from(Kind::Map(members))
}

/// A list whose order says nothing.
fn set(value: &Value<'_>) -> Value<'static> {
    let Some(items) = value.as_list() else { return canonical(value) };
    let mut items: Vec<Value<'static>> = items.iter().map(canonical).collect();
    items.sort_by_cached_key(written);
    items.dedup();
    match <[Value<'static>; 1]>::try_from(items) {
        Ok([one]) if one.as_list().is_none() => one,
        Ok(one) => Value::from(one.to_vec()),
        Err(items) => Value::from(items),
    }
}

/// A value without its places, what is not known as an object that says so. IAM takes numbers and booleans for strings.
fn canonical(value: &Value<'_>) -> Value<'static> {
    canonical_within(value, MAX_DEPTH)
}

fn canonical_within(value: &Value<'_>, depth: usize) -> Value<'static> {
    let inner = |value: &Value<'_>| canonical_within(value, depth - 1);
    match &value.kind {
        Kind::List(_) | Kind::Map(_) if depth == 0 => Value::from(written(&canonical_within(value, usize::MAX))),
        Kind::Null => Value::default(),
        Kind::Bool(flag) => Value::from(flag.to_string()),
        Kind::Number(text) | Kind::String(text) => Value::from(text.as_ref()),
        Kind::List(items) => Value::from(items.iter().map(inner).collect::<Vec<_>>()),
        Kind::Map(members) => {
            let members = members.iter().map(|member| entry(escaped(&member.key), inner(&member.value)));
            Value::from(Kind::Map(members.collect()))
        }
        Kind::Template(text) => {
            let part = |part: PartRef<'_>| match part {
                PartRef::Literal(text) => Value::from(text),
                PartRef::Hole(hole) => unknown(hole),
            };
            object("text", Value::from(text.parts().map(part).collect::<Vec<_>>()))
        }
        Kind::Unknown(hole) => unknown(hole),
        // Tags with other values are other values.
        Kind::Tagged(tagged) => {
            object("unknown", Value::from(format!("!{} {}", tagged.tag, written(&canonical(&tagged.value)))))
        }
    }
}

fn entry(key: impl Into<String>, value: Value<'static>) -> Member<'static> {
    Member { key: Cow::Owned(key.into()), key_span: Span::default(), value }
}

fn object(key: &str, value: Value<'static>) -> Value<'static> {
    Value::from(Kind::Map(vec![entry(key, value)]))
}

/// A key that cannot be taken for one of the marks.
fn escaped(key: &str) -> String {
    if MARKS.contains(&key.trim_start_matches('_')) { format!("_{key}") } else { key.to_owned() }
}

fn plain(key: &str) -> &str {
    key.strip_prefix('_').filter(|_| MARKS.contains(&key.trim_start_matches('_'))).unwrap_or(key)
}

fn unknown(hole: &Hole) -> Value<'static> {
    let mut members = vec![entry("unknown", Value::from(hole.name.as_str()))];
    let (name, more) = domain(&hole.domain);
    members.extend(name.map(|name| entry("is", Value::from(name))));
    members.extend(more.map(|more| entry("of", more)));
    members.extend(hole.default.as_deref().map(|default| entry("default", Value::from(default))));
    Value::from(Kind::Map(members))
}

/// What is known of a value, in words, with what the words do not say.
fn domain(domain: &Domain) -> (Option<&'static str>, Option<Value<'static>>) {
    match domain {
        Domain::Any => (None, None),
        Domain::Text => (Some("text"), None),
        Domain::OneOf(values) => {
            let values = values.iter().map(|value| Value::from(value.as_str())).collect::<Vec<_>>();
            (Some("one-of"), Some(Value::from(values)))
        }
        Domain::OwnAccount => (Some("own-account"), None),
        Domain::AccountId => (Some("account-id"), None),
        Domain::Partition => (Some("partition"), None),
        Domain::Region => (Some("region"), None),
        Domain::UrlSuffix => (Some("url-suffix"), None),
        Domain::OwnArn(resource) => (Some("own-arn"), Some(Value::from(resource.as_str()))),
        Domain::OwnOrganization => (Some("own-organization"), None),
    }
}

fn read_domain(value: &Value<'_>) -> Domain {
    let of = value.get("of");
    match value.get("is").and_then(Value::as_str) {
        Some("text") => Domain::Text,
        Some("one-of") => {
            let values = of.map(Value::one_or_many).unwrap_or_default();
            Domain::OneOf(values.iter().filter_map(Value::as_str).map(str::to_owned).collect())
        }
        Some("own-account") => Domain::OwnAccount,
        Some("account-id") => Domain::AccountId,
        Some("partition") => Domain::Partition,
        Some("region") => Domain::Region,
        Some("url-suffix") => Domain::UrlSuffix,
        Some("own-arn") => Domain::OwnArn(of.and_then(Value::as_str).unwrap_or_default().to_owned()),
        Some("own-organization") => Domain::OwnOrganization,
        // A later version may know more: nothing is known of it here.
        Some(_) | None => Domain::Any,
    }
}

/// The value that an object stands for, if it does.
fn read_unknown(value: &Value<'_>) -> Option<Hole> {
    let name = value.get("unknown")?.as_str()?.to_owned();
    let default = value.get("default").and_then(Value::as_str).map(str::to_owned);
    Some(Hole { name, why: WHY, domain: read_domain(value), default })
}

fn restored(value: &Value<'_>) -> Value<'static> {
    let span = value.span;
    if let Some(hole) = read_unknown(value) {
        return Value::new(Kind::Unknown(Box::new(hole)), span);
    }
    if let Some(parts) = value.get("text").and_then(Value::as_list) {
        let part = |part: &Value<'_>| match part.as_str() {
            Some(text) => Some(Part::Literal(text.to_owned())),
            None => read_unknown(part).map(Part::Hole),
        };
        return Value::text(Text::from_parts(parts.iter().filter_map(part), span));
    }
    match &value.kind {
        Kind::List(items) => Value::new(Kind::List(items.iter().map(restored).collect()), span),
        Kind::Map(members) => {
            let member = |member: &Member<'_>| Member {
                key: Cow::Owned(plain(&member.key).to_owned()),
                key_span: member.key_span,
                value: restored(&member.value),
            };
            Value::new(Kind::Map(members.iter().map(member).collect()), span)
        }
        Kind::Null
        | Kind::Bool(_)
        | Kind::Number(_)
        | Kind::String(_)
        | Kind::Template(_)
        | Kind::Tagged(_)
        | Kind::Unknown(_) => value.clone().into_owned(&|span| span),
    }
}

/// A canonical value as JSON on one line.
fn written(value: &Value<'_>) -> String {
    let mut out = String::new();
    write(value, &mut out);
    out
}

fn write(value: &Value<'_>, out: &mut String) {
    match &value.kind {
        Kind::Null => out.push_str("null"),
        Kind::String(text) => quote(text, out),
        Kind::List(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at == 0 { "" } else { ", " });
                write(item, out);
            }
            out.push(']');
        }
        Kind::Map(members) => {
            out.push('{');
            for (at, member) in members.iter().enumerate() {
                out.push_str(if at == 0 { "" } else { ", " });
                quote(&member.key, out);
                out.push_str(": ");
                write(&member.value, out);
            }
            out.push('}');
        }
        // A canonical value has none of these.
        Kind::Bool(_) | Kind::Number(_) | Kind::Template(_) | Kind::Tagged(_) | Kind::Unknown(_) => {
            write(&canonical(value), out);
        }
    }
}

/// A JSON string of characters that everybody sees as they are, and without `'`, which TOML takes for the end of a text.
fn quote(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\'' => out.push_str("\\u0027"),
            ' '..='~' => out.push(c),
            _ if c.is_alphanumeric() => out.push(c),
            _ => c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}"))),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::{json, yaml};
    use proptest::prelude::*;

    fn read(text: &str) -> Value<'_> {
        json::parse(text, json::Dialect::Strict).documents.remove(0)
    }

    fn text(policy: &str, statement: Option<usize>) -> String {
        print(&read(policy), statement).text
    }

    fn again(printed: &str) -> String {
        super::again(&read(printed))
    }

    #[test]
    fn writing_says_nothing() {
        let one = text(
            r#"{"Version": "2012-10-17", "Id": "x", "Statement": [{"Sid": "A", "Action": ["s3:b", "s3:a", "s3:b"],
                "Resource": ["*"], "Effect": "Allow", "Condition": {"Bool": {"b": true, "a": ["x", "w"]}}}]}"#,
            None,
        );
        let other = text(
            r#"{"Statement": {"Effect": "Allow", "Action": ["s3:a", "s3:b"], "Resource": "*", "Sid": "B",
                "Condition": {"Bool": {"a": ["w", "x"], "b": "true"}}}, "Version": "2012-10-17"}"#,
            None,
        );
        assert_eq!(one, other);
        let expected = "{\"Version\": \"2012-10-17\", \"Statement\": [\n  {\"Effect\": \"Allow\", \"Action\": [\"s3:a\", \"s3:b\"], \
                        \"Resource\": \"*\", \"Condition\": {\"Bool\": {\"a\": [\"w\", \"x\"], \"b\": \"true\"}}}\n]}";
        assert_eq!(one, expected);
        assert_eq!(again(&one), one);
    }

    #[test]
    fn an_allow_stands_with_what_may_deny_it() {
        let policy = r#"{"Statement": [{"Effect": "Deny", "Action": "a:b"}, {"Effect": "Allow", "Action": "a:c"},
            {"Effect": "Allow", "Action": "a:d"}, {"Action": "a:e"}]}"#;
        let actions = |statement| -> Vec<String> {
            let printed = print(&read(policy), statement);
            assert_eq!(printed.statements.len(), printed.text.matches("Action").count());
            printed.text.match_indices("\"a:").map(|(at, _)| printed.text[at + 1..at + 4].to_owned()).collect()
        };
        assert_eq!(actions(Some(1)), ["a:e", "a:c", "a:b"]);
        assert_eq!(actions(Some(0)), ["a:b"]);
        assert_eq!(actions(None), ["a:e", "a:c", "a:d", "a:b"]);
        assert_eq!(print(&read(policy), Some(2)).statements, [3, 2, 0]);
    }

    #[test]
    fn what_is_not_known_comes_back() {
        let hole = |name: &str, domain| Hole { name: name.into(), why: WHY, domain, default: None };
        let domains = [
            Domain::Any,
            Domain::Text,
            Domain::OneOf(vec!["a".into(), "b".into()]),
            Domain::OwnAccount,
            Domain::AccountId,
            Domain::Partition,
            Domain::Region,
            Domain::UrlSuffix,
            Domain::OwnArn("AWS::IAM::Role".into()),
            Domain::OwnOrganization,
        ];
        for domain in domains {
            for default in [None, Some("x".to_owned())] {
                let hole = Hole { default, ..hole("X", domain.clone()) };
                assert_eq!(read_unknown(&unknown(&hole)), Some(hole));
            }
        }
        let account = Part::Hole(hole("AWS::AccountId", Domain::OwnAccount));
        let parts = [Part::Literal("arn:aws:iam::".into()), account, Part::Literal(":root".into())];
        let principal = Value::text(Text::from_parts(parts, Span::default()));
        let list = Value::from(Kind::Unknown(Box::new(hole("Others", Domain::Any))));
        let statement = Value::from(Kind::Map(vec![
            entry("Effect", Value::from("Allow")),
            entry("Principal", object("AWS", principal.clone())),
            entry("Action", list.clone()),
        ]));
        let printed = print(&object("Statement", statement), Some(0)).text;
        assert_eq!(again(&printed), printed);
        let expected = r#"{"text": ["arn:aws:iam::", {"unknown": "AWS::AccountId", "is": "own-account"}, ":root"]}"#;
        assert!(printed.contains(expected) && printed.contains(r#""Action": {"unknown": "Others"}"#), "{printed}");
        let back = restore(&read(&printed));
        let statement = &back.get("Statement").expect("it is there").one_or_many()[0];
        assert_eq!(statement.at(&["Principal", "AWS"]), Some(&principal));
        // Any one member of the list stands for all of them.
        assert_eq!(
            statement.get("Action"),
            Some(&Value::text(Text::hole(hole("Others", Domain::Any), Span::default())))
        );
        // Where it stands twice, members of it may meet each other.
        let twice = Value::from(vec![object("Action", list.clone()), object("Resource", list.clone())]);
        let twice = print(&object("Statement", twice), None).text;
        let back = restore(&read(&twice));
        assert_eq!(back.get("Statement").expect("it is there").one_or_many()[0].get("Action"), Some(&list));
    }

    #[test]
    fn what_nests_deeper_than_policies_do_is_kept_as_text() {
        let nested = format!("{}\"x\"{}", "[".repeat(100), "]".repeat(100));
        let printed = text(&format!(r#"{{"Statement": [{{"Effect": "Allow", "Action": {nested}}}]}}"#), None);
        assert!(printed.contains(r#""[[[["#), "{printed}");
        assert_eq!(again(&printed), printed);
    }

    #[test]
    fn words_of_a_policy_are_not_taken_for_marks() {
        let policy =
            r#"{"Statement": [{"Effect": "Allow", "unknown": "x", "Principal": {"unknown": "y", "_text": ["z"]}}]}"#;
        let printed = text(policy, None);
        assert!(printed.contains(r#""Principal": {"__text": "z", "_unknown": "y"}, "_unknown": "x""#), "{printed}");
        let back = restored(&read(&printed));
        assert!(back.get("Statement").expect("it is there").one_or_many()[0].at(&["Principal", "unknown"]).is_some());
        assert_eq!(again(&printed), printed);
    }

    #[test]
    fn tags_with_other_values_differ() {
        let of = |tag: &str| print(&yaml::parse(&format!("Statement: [{{Action: {tag}}}]")).documents[0], None).text;
        assert!(of("!Foo a").contains(r#"{"unknown": "!Foo \"a\""}"#), "{}", of("!Foo a"));
        assert_ne!(of("!Foo a"), of("!Foo b"));
        assert_eq!(again(&of("!Foo a")), of("!Foo a"));
    }

    #[test]
    fn nobody_is_misled_by_characters() {
        let printed = text(r#"{"Statement": [{"Action": "a'\u202eé\u0000\ud83d\ude00\u007f"}]}"#, None);
        assert!(printed.contains(r#""a\u0027\u202eé\u0000\ud83d\ude00\u007f""#), "{printed}");
        assert_eq!(again(&printed), printed);
    }

    proptest! {
        #[test]
        fn reading_back_and_printing_changes_nothing(bytes in "[ -~é\n]{0,200}", policy in crate::policy::print::tests::any_policy()) {
            for source in [bytes, policy] {
                for value in &yaml::parse(&source).documents {
                    for statement in [None, Some(0), Some(1)] {
                        let printed = print(value, statement).text;
                        let parsed = json::parse(&printed, json::Dialect::Strict);
                        prop_assert!(parsed.problems.is_empty(), "{printed}");
                        prop_assert_eq!(super::again(&parsed.documents[0]), printed);
                    }
                }
            }
        }
    }

    /// Something like a policy, in YAML.
    fn any_policy() -> impl Strategy<Value = String> {
        let value = prop_oneof![
            "[a-c*]",
            Just("true".to_owned()),
            Just("12".to_owned()),
            Just("!Ref X".to_owned()),
            Just("[]".to_owned()),
            Just("[[a], [[]]]".to_owned()),
            Just("{unknown: a}".to_owned()),
            Just("{text: [a]}".to_owned()),
            Just("null".to_owned())
        ];
        let list = proptest::collection::vec(value, 0..4).prop_map(|items| format!("[{}]", items.join(", ")));
        let key = prop_oneof![
            Just("Effect"),
            Just("Action"),
            Just("Principal"),
            Just("Condition"),
            Just("unknown"),
            Just("_text"),
            Just("Sid")
        ];
        let member = (key, list.clone(), any::<bool>()).prop_map(|(key, list, deep)| match deep {
            true => format!("{key}: {{AWS: {list}, StringEquals: {{k: {list}}}}}"),
            false => format!("{key}: {list}"),
        });
        let statement =
            proptest::collection::vec(member, 0..5).prop_map(|members| format!("{{{}}}", members.join(", ")));
        proptest::collection::vec(prop_oneof![statement, Just("!Foo b".to_owned()), list], 0..4)
            .prop_map(|items| format!("Version: x\nStatement: [{}]\n", items.join(", ")))
    }
}
