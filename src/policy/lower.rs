//! From a value to a policy. Never fails: what is wrong stays as a fact, what is not known stays open.

use super::condition::{Condition, Operator};
use super::principal::{self, Member, Principal};
use super::{Effect, Fact, FactKind, Patterns, Policy, Principals, Statement};
use crate::span::Span;
use crate::value::{Kind, Member as Entry, Text, Value};

/// The elements of a document.
const DOCUMENT: [&str; 3] = ["Version", "Id", "Statement"];

/// The elements of a statement.
pub const STATEMENT: [&str; 9] =
    ["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"];

const STRINGS: &str = "a string or a list of strings";

/// Read a document as a policy.
pub fn lower(document: &Value<'_>) -> Policy {
    let mut lowering = Lowering { facts: Vec::new(), statement: None };
    let mut policy =
        Policy { span: document.span, version: None, statements: Vec::new(), open_ended: false, facts: Vec::new() };
    let Some(members) = document.as_map() else {
        policy.open_ended = is_unknown(document);
        lowering.wrong_sort(document, "policy document", "an object");
        policy.facts = lowering.facts;
        return policy;
    };
    for member in members {
        match member.key.as_ref() {
            "Version" => policy.version = lowering.text(member),
            "Id" => {
                lowering.text(member);
            }
            "Statement" => lowering.statements(&member.value, &mut policy),
            _ => lowering.unknown_element(member, &DOCUMENT),
        }
    }
    if document.get("Statement").is_none() {
        lowering.missing(document.span, "Statement");
    }
    policy.facts = lowering.facts;
    policy
}

/// Whether nothing at all is known of a value.
fn is_unknown(value: &Value<'_>) -> bool {
    matches!(value.kind, Kind::Unknown(_) | Kind::Tagged(_) | Kind::Template(_))
}

struct Lowering {
    facts: Vec<Fact>,
    statement: Option<usize>,
}

impl Lowering {
    fn fact(&mut self, span: Span, kind: FactKind) {
        self.facts.push(Fact { span, statement: self.statement, kind });
    }

    fn missing(&mut self, span: Span, element: &'static str) {
        self.fact(span, FactKind::Missing { element });
    }

    /// Note a value of the wrong sort, unless it is one that is not known.
    fn wrong_sort(&mut self, value: &Value<'_>, element: &str, expected: &'static str) {
        if !is_unknown(value) {
            self.fact(value.span, FactKind::WrongSort { element: element.to_owned(), expected, found: value.sort() });
        }
    }

    fn unknown_element(&mut self, member: &Entry<'_>, known: &[&'static str]) {
        let meant = known
            .iter()
            .filter(|name| close(name, &member.key))
            .min_by_key(|name| strsim::damerau_levenshtein(name, &member.key))
            .copied();
        self.fact(member.key_span, FactKind::UnknownElement { name: member.key.to_string(), meant });
    }

    /// A string, or nothing with a fact.
    fn text(&mut self, member: &Entry<'_>) -> Option<Text> {
        let text = scalar(&member.value, false);
        if text.is_none() {
            self.wrong_sort(&member.value, &member.key, "a string");
        }
        text
    }

    fn statements(&mut self, value: &Value<'_>, policy: &mut Policy) {
        if is_unknown(value) {
            policy.open_ended = true;
            return;
        }
        if value.as_list().is_some_and(<[_]>::is_empty) {
            self.fact(value.span, FactKind::Empty { element: "Statement".to_owned() });
        }
        for item in value.one_or_many() {
            if is_unknown(item) {
                policy.open_ended = true;
            } else if item.as_map().is_some() {
                self.statement = Some(policy.statements.len());
                let statement = self.one_statement(item, policy.statements.len());
                policy.statements.push(statement);
                self.statement = None;
            } else {
                self.wrong_sort(item, "Statement", "an object or a list of objects");
            }
        }
    }

    fn one_statement(&mut self, value: &Value<'_>, index: usize) -> Statement {
        let mut statement = Statement {
            index,
            span: value.span,
            sid: None,
            effect: Effect::Unknown,
            principals: None,
            actions: None,
            resources: None,
            conditions: Vec::new(),
            condition_span: None,
            conditions_open_ended: false,
        };
        for member in value.as_map().unwrap_or_default() {
            match member.key.as_ref() {
                "Sid" => statement.sid = self.text(member),
                "Effect" => statement.effect = self.text(member).as_ref().map_or(Effect::Unknown, effect),
                "Principal" => self.principals(&mut statement.principals, member, false),
                "NotPrincipal" => self.principals(&mut statement.principals, member, true),
                "Action" => self.patterns(&mut statement.actions, member, false),
                "NotAction" => self.patterns(&mut statement.actions, member, true),
                "Resource" => self.patterns(&mut statement.resources, member, false),
                "NotResource" => self.patterns(&mut statement.resources, member, true),
                "Condition" => self.conditions(&mut statement, &member.value),
                _ => self.unknown_element(member, &STATEMENT),
            }
        }
        self.required(value, &statement);
        statement
    }

    fn required(&mut self, value: &Value<'_>, statement: &Statement) {
        let missing = self.facts.iter().any(|fact| {
            fact.statement == self.statement && matches!(fact.kind, FactKind::UnknownElement { meant: Some(_), .. })
        });
        // A misspelt element is one mistake, not two.
        if missing {
            return;
        }
        if value.get("Effect").is_none() {
            self.missing(value.span, "Effect");
        }
        if statement.actions.is_none() && value.get("Action").is_none() && value.get("NotAction").is_none() {
            self.missing(value.span, "Action or NotAction");
        }
    }

    fn principals(&mut self, slot: &mut Option<Principals>, member: &Entry<'_>, negated: bool) {
        if slot.is_some() {
            self.fact(member.key_span, FactKind::Both { element: "Principal" });
        }
        let value = &member.value;
        let mut entries = Vec::new();
        let mut open_ended = false;
        if let Some(text) = value.as_text() {
            entries.push(Principal { kind: principal::classify(&text, None), member: None, text });
        } else if let Some(map) = value.as_map() {
            for sort in map {
                self.principals_of(sort, &mut entries, &mut open_ended);
            }
            if map.is_empty() {
                self.fact(value.span, FactKind::Empty { element: member.key.to_string() });
            }
        } else {
            open_ended = is_unknown(value);
            self.wrong_sort(value, &member.key, "`\"*\"` or an object");
        }
        *slot = Some(Principals { negated, key_span: member.key_span, span: value.span, entries, open_ended });
    }

    /// The values of one member of `Principal`.
    fn principals_of(&mut self, entry: &Entry<'_>, entries: &mut Vec<Principal>, open_ended: &mut bool) {
        let known = Member::ALL.iter().find(|(_, name)| *name == entry.key).map(|(member, _)| *member);
        let Some(member) = known else {
            self.unknown_element(entry, &["AWS", "Service", "Federated", "CanonicalUser"]);
            return;
        };
        for item in entry.value.one_or_many() {
            match scalar(item, true) {
                Some(text) => {
                    let kind = principal::classify(&text, Some(member));
                    entries.push(Principal { text, member: Some(member), kind });
                }
                None => {
                    *open_ended |= is_unknown(item);
                    self.wrong_sort(item, &entry.key, STRINGS);
                }
            }
        }
        if entry.value.as_list().is_some_and(<[_]>::is_empty) {
            self.fact(entry.value.span, FactKind::Empty { element: entry.key.to_string() });
        }
    }

    fn patterns(&mut self, slot: &mut Option<Patterns>, member: &Entry<'_>, negated: bool) {
        if slot.is_some() {
            let element = if member.key.ends_with("Action") { "Action" } else { "Resource" };
            self.fact(member.key_span, FactKind::Both { element });
        }
        let (items, open_ended) = self.texts(&member.value, &member.key);
        if items.is_empty() && !open_ended && member.value.as_list().is_some() {
            self.fact(member.value.span, FactKind::Empty { element: member.key.to_string() });
        }
        *slot = Some(Patterns { negated, key_span: member.key_span, span: member.value.span, items, open_ended });
    }

    /// A string or a list of strings, and whether there may be more.
    fn texts(&mut self, value: &Value<'_>, element: &str) -> (Vec<Text>, bool) {
        let mut texts = Vec::new();
        let mut open_ended = false;
        for item in value.one_or_many() {
            match item.as_text() {
                Some(text) => texts.push(text),
                None => {
                    open_ended |= is_unknown(item);
                    self.wrong_sort(item, element, STRINGS);
                }
            }
        }
        (texts, open_ended)
    }

    fn conditions(&mut self, statement: &mut Statement, value: &Value<'_>) {
        statement.condition_span = Some(value.span);
        let Some(operators) = value.as_map() else {
            statement.conditions_open_ended = is_unknown(value);
            self.wrong_sort(value, "Condition", "an object");
            return;
        };
        for operator in operators {
            let Some(keys) = operator.value.as_map() else {
                statement.conditions_open_ended |= is_unknown(&operator.value);
                self.wrong_sort(&operator.value, &operator.key, "an object of condition keys");
                continue;
            };
            for key in keys {
                // A key that is only partly known, for keys have no variables of IAM.
                if key.key.contains("${") {
                    statement.conditions_open_ended = true;
                    continue;
                }
                let condition = self.condition(operator, key);
                statement.conditions.push(condition);
            }
        }
    }

    fn condition(&mut self, operator: &Entry<'_>, key: &Entry<'_>) -> Condition {
        let mut values = Vec::new();
        let mut open_ended = false;
        for item in key.value.one_or_many() {
            match scalar(item, true) {
                Some(text) => values.push(text),
                None => {
                    open_ended |= is_unknown(item);
                    self.wrong_sort(item, &key.key, "a string, a number, a boolean or a list of these");
                }
            }
        }
        Condition {
            operator: Operator::parse(&operator.key),
            operator_text: operator.key.to_string(),
            operator_span: operator.key_span,
            key: key.key.to_string(),
            key_span: key.key_span,
            values,
            values_span: key.value.span,
            open_ended,
        }
    }
}

/// A string; with `loose`, also a number or a boolean as its text, which IAM takes in conditions and YAML makes of
/// account ids.
fn scalar(value: &Value<'_>, loose: bool) -> Option<Text> {
    match &value.kind {
        Kind::Number(text) if loose => Some(Text::literal(text.as_ref(), value.span)),
        Kind::Bool(flag) if loose => Some(Text::literal(if *flag { "true" } else { "false" }, value.span)),
        Kind::Null
        | Kind::Bool(_)
        | Kind::Number(_)
        | Kind::String(_)
        | Kind::Template(_)
        | Kind::List(_)
        | Kind::Map(_)
        | Kind::Tagged(_)
        | Kind::Unknown(_) => value.as_text(),
    }
}

fn effect(text: &Text) -> Effect {
    match text.known() {
        Some("Allow") => Effect::Allow,
        Some("Deny") => Effect::Deny,
        Some(_) | None => Effect::Unknown,
    }
}

/// Whether a name is a likely slip for a known one: other case, a plural, or a letter or two.
fn close(known: &str, written: &str) -> bool {
    known.eq_ignore_ascii_case(written)
        || strsim::damerau_levenshtein(known, written) <= if known.len() > 4 { 2 } else { 1 }
}

#[cfg(test)]
mod tests {
    use super::super::PrincipalKind;
    use super::*;
    use crate::syntax::json;

    fn policy(text: &str) -> Policy {
        lower(&json::parse(text, json::Dialect::Strict).documents[0])
    }

    #[test]
    fn a_statement_may_stand_alone_and_values_may_be_single() {
        let policy = policy(
            r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"AWS": "*"},
                "Action": "sts:AssumeRole", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": true}}}}"#,
        );
        assert_eq!(policy.facts, []);
        let statement = &policy.statements[0];
        assert_eq!(statement.listed_principals()[0].kind, PrincipalKind::Anyone);
        assert_eq!(statement.covers_action("sts:AssumeRole"), super::super::Truth::Yes);
        assert_eq!(statement.conditions[0].values[0].known(), Some("true"));
    }

    #[test]
    fn what_is_wrong_stays_as_a_fact() {
        let kinds = |text: &str| policy(text).facts.into_iter().map(|fact| fact.kind).collect::<Vec<_>>();
        assert_eq!(
            kinds(r#"{"Statement": [{"Effect": "Allow", "Principals": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}"#),
            [FactKind::UnknownElement { name: "Principals".into(), meant: Some("Principal") }]
        );
        assert_eq!(
            kinds(r#"{"Statement": [{"Effect": "Allow", "Action": ["a:b", 3], "NotAction": "a:c", "Resource": []}]}"#),
            [
                FactKind::WrongSort { element: "Action".into(), expected: STRINGS, found: "a number" },
                FactKind::Both { element: "Action" },
                FactKind::Empty { element: "Resource".into() }
            ]
        );
        assert_eq!(kinds("{}"), [FactKind::Missing { element: "Statement" }]);
        assert_eq!(
            kinds(r#"{"Statement": [{}]}"#),
            [FactKind::Missing { element: "Effect" }, FactKind::Missing { element: "Action or NotAction" }]
        );
    }

    #[test]
    fn unknown_parts_leave_the_policy_open() {
        let hole = crate::value::Hole {
            name: "X".into(),
            why: "a parameter",
            domain: crate::value::Domain::Any,
            default: None,
        };
        let unknown = Value::new(Kind::Unknown(Box::new(hole)), Span::default());
        let document =
            Value::from(Kind::Map(vec![Entry { key: "Statement".into(), key_span: Span::default(), value: unknown }]));
        let policy = lower(&document);
        assert!(policy.open_ended);
        assert_eq!(policy.facts, []);
    }
}
