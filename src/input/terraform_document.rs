//! Policies that Terraform makes of attributes: the documents of `aws_iam_policy_document`, and the statements that
//! `aws_lambda_permission` and its like add to a policy.
//!
//! Both take a resource as a tree: attributes by name, nested blocks as lists of objects (one may stand alone), and what
//! is not known as [`Kind::Unknown`] or a string with holes. A block of which it is not known whether or how often it is
//! there is unknown too.

use crate::diagnostic::Problem;
use crate::span::Span;
use crate::value::{Domain, Hole, Kind, Member, Part, PartRef, Text, Value};
use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// Whether a tree shows every block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blocks {
    /// It does.
    All,
    /// `dynamic` blocks are not among them.
    Written,
}

/// Arguments with documents whose statements come before the own ones.
const SOURCES: [&str; 2] = ["source_json", "source_policy_documents"];
/// Arguments with documents whose statements come after them.
const OVERRIDES: [&str; 2] = ["override_json", "override_policy_documents"];

/// Whether an argument of `aws_iam_policy_document` takes documents.
pub(super) fn takes_documents(argument: &str) -> bool {
    SOURCES.contains(&argument) || OVERRIDES.contains(&argument)
}

/// Reads the JSON document in a string.
pub(super) type Open<'a> = &'a dyn Fn(&Value<'_>) -> Result<Value<'static>, Vec<Problem>>;

/// The policy that an `aws_iam_policy_document` with these attributes makes.
///
/// AWS provider documentation, "Data Source: aws_iam_policy_document": first come the statements of the source
/// documents, then its own, then those of the override documents; one with the Sid of an earlier one takes its place.
/// A document is a string, or an object where it was read already.
pub(super) fn document<'s>(attributes: &Value<'s>, blocks: Blocks, open: Open<'_>) -> Result<Value<'s>, Vec<Problem>> {
    let mut statements = Statements::default();
    for name in SOURCES {
        merge_documents(attributes.get(name), open, &mut statements)?;
    }
    match attributes.get("statement") {
        Some(Value { kind: Kind::Unknown(hole), .. }) => statements.unknown((**hole).clone(), attributes.span),
        Some(own) => present(own).for_each(|item| statements.merge(statement(item, blocks))),
        None => {}
    }
    if blocks == Blocks::Written {
        statements.list.push(unseen(attributes.span));
    }
    for name in OVERRIDES {
        merge_documents(attributes.get(name), open, &mut statements)?;
    }
    let span = attributes.span;
    let version = match attributes.member("version").filter(|member| member.value.kind != Kind::Null) {
        Some(member) => renamed("Version", member, member.value.clone()),
        None => made("Version", Value::string("2012-10-17", span)),
    };
    let id = attributes.member("policy_id").filter(|member| member.value.as_text().is_some());
    let id = id.map(|member| renamed("Id", member, member.value.clone()));
    let statement = made("Statement", Value::new(Kind::List(statements.list), span));
    Ok(Value::new(Kind::Map(std::iter::once(version).chain(id).chain([statement]).collect()), span))
}

/// The blocks that are there, and those that may be.
fn present<'v, 's>(blocks: &'v Value<'s>) -> impl Iterator<Item = &'v Value<'s>> {
    blocks.one_or_many().iter().filter(|block| matches!(block.kind, Kind::Map(_) | Kind::Unknown(_)))
}

/// Add the statements of other documents.
fn merge_documents<'s>(
    documents: Option<&Value<'s>>,
    open: Open<'_>,
    statements: &mut Statements<'s>,
) -> Result<(), Vec<Problem>> {
    let Some(documents) = documents else { return Ok(()) };
    for document in documents.one_or_many() {
        match &document.kind {
            Kind::Null => {}
            Kind::String(text) if text.trim().is_empty() => {}
            Kind::String(_) => statements.merge_all(&open(document)?),
            Kind::Map(_) => statements.merge_all(document),
            Kind::Template(text) => {
                if let Some(hole) = text.holes().next() {
                    statements.unknown(hole.clone(), document.span);
                }
            }
            Kind::Unknown(hole) => statements.unknown((**hole).clone(), document.span),
            Kind::Bool(_) | Kind::Number(_) | Kind::List(_) | Kind::Tagged(_) => {
                let message = format!("expected a policy document, found {}", document.sort());
                return Err(vec![Problem::new(document.span, message)]);
            }
        }
    }
    Ok(())
}

/// The statements of a document that is made of several.
#[derive(Default)]
struct Statements<'s> {
    list: Vec<Value<'s>>,
    by_sid: HashMap<String, usize>,
}

impl<'s> Statements<'s> {
    /// Add those of a document.
    fn merge_all(&mut self, document: &Value<'s>) {
        let statements = document.get("Statement").map(Value::one_or_many).unwrap_or_default();
        statements.iter().for_each(|statement| self.merge(statement.clone()));
    }

    /// Add a statement, in the place of one with the same Sid.
    fn merge(&mut self, statement: Value<'s>) {
        let sid = statement.get("Sid").and_then(Value::as_str).filter(|sid| !sid.is_empty());
        let end = self.list.len();
        let at = sid.map_or(end, |sid| *self.by_sid.entry(sid.to_owned()).or_insert(end));
        match self.list.get_mut(at) {
            Some(place) => *place = statement,
            None => self.list.push(statement),
        }
    }

    /// Add statements of which nothing is known.
    fn unknown(&mut self, hole: Hole, span: Span) {
        self.list.push(Value::new(Kind::Unknown(Box::new(hole)), span));
    }
}

/// Makes the value of an element from the value of an argument.
type Make = for<'s> fn(&Value<'s>, Blocks) -> Value<'s>;

/// The arguments of a statement that become elements, in the order in which the provider writes them.
const ELEMENTS: [(&str, &str, Make); 7] = [
    ("actions", "Action", |actions, _| actions.clone()),
    ("not_actions", "NotAction", |actions, _| actions.clone()),
    ("resources", "Resource", |resources, _| with_variables(resources)),
    ("not_resources", "NotResource", |resources, _| with_variables(resources)),
    ("principals", "Principal", principals),
    ("not_principals", "NotPrincipal", principals),
    ("condition", "Condition", conditions),
];

/// One `statement` block.
fn statement<'s>(block: &Value<'s>, blocks: Blocks) -> Value<'s> {
    let span = block.span;
    if let Kind::Unknown(_) = block.kind {
        return block.clone();
    }
    let set = |name: &str| {
        block.member(name).filter(|member| match &member.value.kind {
            Kind::Null => false,
            Kind::List(items) => !items.is_empty(),
            Kind::String(text) => !text.is_empty(),
            _ => true,
        })
    };
    let sid = set("sid").map(|member| renamed("Sid", member, member.value.clone()));
    let effect = match set("effect") {
        Some(member) => renamed("Effect", member, member.value.clone()),
        None => made("Effect", Value::string("Allow", span)),
    };
    let mut members: Vec<Member<'s>> = sid.into_iter().chain([effect]).collect();
    for (name, element, make) in ELEMENTS {
        members.extend(set(name).map(|member| renamed(element, member, make(&member.value, blocks))));
    }
    if blocks == Blocks::Written && !members.iter().any(|member| member.key == "Condition") {
        members.push(made("Condition", Value::new(Kind::Map(vec![made("…", unseen(span))]), span)));
    }
    Value::new(Kind::Map(members), span)
}

/// `principals` blocks. The type `*` with `["*"]` is everyone.
fn principals<'s>(value: &Value<'s>, blocks: Blocks) -> Value<'s> {
    let mut sorts: Vec<Member<'s>> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut rest = (blocks == Blocks::Written).then(|| unseen(value.span));
    for block in present(value) {
        let sort = block.member("type").filter(|sort| sort.value.as_str().is_some());
        let (Some(sort), Some(identifiers)) = (sort, block.get("identifiers")) else {
            rest = Some(unknown_of(block));
            continue;
        };
        let name = sort.value.as_str().unwrap_or_default();
        if name == "*" {
            // Whoever else is listed is one of everyone.
            return Value::string("*", identifiers.one_or_many().first().map_or(block.span, |one| one.span));
        }
        let identifiers = with_variables(identifiers);
        match places.entry(name.to_owned()) {
            Entry::Occupied(at) => append(&mut sorts[*at.get()].value, identifiers),
            Entry::Vacant(place) => {
                place.insert(sorts.len());
                sorts.push(Member { key: name.to_owned().into(), key_span: sort.value.span, value: identifiers });
            }
        }
    }
    match (sorts.last_mut(), rest) {
        (Some(last), Some(rest)) => append(&mut last.value, rest),
        (None, Some(rest)) => return rest,
        (_, None) => {}
    }
    Value::new(Kind::Map(sorts), value.span)
}

/// `condition` blocks: `test`, `variable` and `values`.
fn conditions<'s>(value: &Value<'s>, blocks: Blocks) -> Value<'s> {
    if let Kind::Unknown(_) = value.kind {
        return value.clone();
    }
    let mut tests: Vec<Member<'s>> = Vec::new();
    let (mut operators, mut variables): (HashMap<String, usize>, HashMap<(usize, String), usize>) = Default::default();
    for block in present(value) {
        let test = block.member("test").filter(|test| test.value.as_str().is_some());
        let variable = block.get("variable").and_then(key);
        let (Some(test), Some((variable, variable_span)), Some(values)) = (test, variable, block.get("values")) else {
            tests.push(made("…", unknown_of(block)));
            continue;
        };
        let operator = test.value.as_str().unwrap_or_default();
        let at = *operators.entry(operator.to_owned()).or_insert_with(|| {
            let keys = Value::new(Kind::Map(Vec::new()), block.span);
            tests.push(Member { key: operator.to_owned().into(), key_span: test.value.span, value: keys });
            tests.len() - 1
        });
        let Kind::Map(keys) = &mut tests[at].value.kind else { continue };
        let values = with_variables(values);
        match variables.entry((at, variable)) {
            Entry::Occupied(place) => append(&mut keys[*place.get()].value, values),
            Entry::Vacant(place) => {
                let key = place.key().1.clone().into();
                place.insert(keys.len());
                keys.push(Member { key, key_span: variable_span, value: values });
            }
        }
    }
    if blocks == Blocks::Written {
        tests.push(made("…", unseen(value.span)));
    }
    Value::new(Kind::Map(tests), value.span)
}

/// A condition key and its place. Keys are plain strings: what is not known of one is written as `${name}`.
fn key(variable: &Value<'_>) -> Option<(String, Span)> {
    let text = match &variable.kind {
        Kind::Unknown(hole) => Text::hole((**hole).clone(), variable.span),
        _ => variable.as_text()?,
    };
    Some((text.display().replace("&{", "${"), variable.span))
}

/// Add the elements of `more` to a list, or make a list of both.
pub(super) fn append<'s>(list: &mut Value<'s>, more: Value<'s>) {
    let more = match more.kind {
        Kind::List(items) => items,
        _ => vec![more],
    };
    match &mut list.kind {
        Kind::List(items) => items.extend(more),
        _ => {
            let first = std::mem::take(list);
            let span = first.span;
            *list = Value::new(Kind::List(std::iter::once(first).chain(more).collect()), span);
        }
    }
}

/// Strings with `&{aws:username}`, which the data source writes as `${aws:username}`, so that Terraform does not take
/// it for an interpolation of its own.
fn with_variables<'s>(value: &Value<'s>) -> Value<'s> {
    let written = |text: &str| text.replace("&{", "${");
    let kind = match &value.kind {
        Kind::String(text) if text.contains("&{") => Kind::String(Cow::Owned(written(text))),
        Kind::Template(text) => {
            let parts = text.parts().map(|part| match part {
                PartRef::Literal(text) => Part::Literal(written(text)),
                PartRef::Hole(hole) => {
                    Part::Hole(Hole { default: hole.default.as_deref().map(written), ..hole.clone() })
                }
            });
            return Value::text(Text::from_parts(parts, value.span));
        }
        Kind::List(items) => Kind::List(items.iter().map(with_variables).collect()),
        _ => return value.clone(),
    };
    Value::new(kind, value.span)
}

/// What `dynamic` blocks add.
fn unseen<'s>(span: Span) -> Value<'s> {
    let hole = Hole {
        name: "dynamic blocks".to_owned(),
        why: "what a plan does not show of them",
        domain: Domain::Any,
        default: None,
    };
    Value::new(Kind::Unknown(Box::new(hole)), span)
}

/// A value of which nothing is known because a part of `block` is not.
fn unknown_of<'s>(block: &Value<'s>) -> Value<'s> {
    let hole = first_hole(block).unwrap_or(Hole {
        name: "a block".to_owned(),
        why: "a block without all of its arguments",
        domain: Domain::Any,
        default: None,
    });
    Value::new(Kind::Unknown(Box::new(Hole { domain: Domain::Any, ..hole })), block.span)
}

fn first_hole(value: &Value<'_>) -> Option<Hole> {
    match &value.kind {
        Kind::Unknown(hole) => Some((**hole).clone()),
        Kind::Template(text) => text.holes().next().cloned(),
        Kind::List(items) => items.iter().find_map(first_hole),
        Kind::Map(members) => members.iter().find_map(|member| first_hole(&member.value)),
        Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::String(_) | Kind::Tagged(_) => None,
    }
}

/// A member that stands where another one does.
fn renamed<'s>(key: &'static str, from: &Member<'_>, value: Value<'s>) -> Member<'s> {
    Member { key: Cow::Borrowed(key), key_span: from.key_span, value }
}

/// A member that stands nowhere of its own.
fn made<'s>(key: &'static str, value: Value<'s>) -> Member<'s> {
    Member { key: Cow::Borrowed(key), key_span: value.span, value }
}

/// A resource type that adds one statement to a policy.
struct Permission {
    name: &'static str,
    /// The action where none is written.
    action: &'static str,
    /// The attributes that become conditions: attribute, operator, key.
    conditions: &'static [(&'static str, &'static str, &'static str)],
}

/// From the AWS Lambda API Reference, "AddPermission" and "AddLayerVersionPermission", and the Amazon EventBridge API
/// Reference, "PutPermission".
const PERMISSIONS: [Permission; 3] = [
    Permission { name: "aws_cloudwatch_event_permission", action: "events:PutEvents", conditions: &[] },
    Permission {
        name: "aws_lambda_layer_version_permission",
        action: "lambda:GetLayerVersion",
        conditions: &[("organization_id", "StringEquals", "aws:PrincipalOrgID")],
    },
    Permission {
        name: "aws_lambda_permission",
        action: "lambda:InvokeFunction",
        conditions: &[
            ("source_arn", "ArnLike", "aws:SourceArn"),
            ("source_account", "StringEquals", "aws:SourceAccount"),
            ("principal_org_id", "StringEquals", "aws:PrincipalOrgID"),
            ("event_source_token", "StringEquals", "lambda:EventSourceToken"),
            ("function_url_auth_type", "StringEquals", "lambda:FunctionUrlAuthType"),
            ("invoked_via_function_url", "Bool", "lambda:InvokedViaFunctionUrl"),
        ],
    },
];

/// Whether resources of this type add a statement to a policy.
pub(super) fn is_permission(resource_type: &str) -> bool {
    PERMISSIONS.iter().any(|permission| permission.name == resource_type)
}

/// The policy with the one statement that a resource of this type adds.
///
/// The service fills in the resource, which is the function, layer or event bus that the policy belongs to. Where the
/// attributes do not give its ARN it is `*`: the policy can speak of nothing else.
pub(super) fn permission<'s>(resource_type: &str, attributes: &Value<'s>) -> Option<Value<'s>> {
    let permission = PERMISSIONS.iter().find(|permission| permission.name == resource_type)?;
    let span = attributes.span;
    let set = |name: &str| {
        attributes.member(name).filter(|member| match &member.value.kind {
            Kind::Null => false,
            Kind::String(text) => !text.is_empty(),
            Kind::Bool(flag) => *flag,
            _ => true,
        })
    };
    let mut members = Vec::new();
    if let Some(sid) = set("statement_id").filter(|member| member.value.as_str().is_some()) {
        members.push(renamed("Sid", sid, sid.value.clone()));
    }
    members.push(made("Effect", Value::string("Allow", span)));
    if let Some(principal) = set("principal") {
        members.push(renamed("Principal", principal, invoker(&principal.value)));
    }
    members.push(match set("action") {
        Some(action) => renamed("Action", action, as_text(&action.value)),
        None => made("Action", Value::string(permission.action, span)),
    });
    members.push(
        match set("function_name").filter(|name| name.value.as_str().is_some_and(|arn| arn.starts_with("arn:"))) {
            Some(function) => renamed("Resource", function, qualified(function, set("qualifier"))),
            None => made("Resource", Value::string("*", span)),
        },
    );
    let mut conditions: Vec<Member<'s>> = Vec::new();
    for (attribute, operator, key) in permission.conditions {
        let Some(member) = set(attribute) else { continue };
        let condition = renamed(key, member, as_text(&member.value));
        match conditions.iter_mut().find(|known| known.key == *operator) {
            Some(known) => {
                if let Kind::Map(keys) = &mut known.value.kind {
                    keys.push(condition);
                }
            }
            None => {
                let keys = Value::new(Kind::Map(vec![condition]), member.value.span);
                conditions.push(renamed(operator, member, keys));
            }
        }
    }
    if let Some(blocks) = attributes.member("condition").filter(|_| permission.conditions.is_empty()) {
        conditions.extend(event_conditions(&blocks.value));
    }
    if let (Some(first), Some(last)) = (conditions.first(), conditions.last()) {
        let span = first.key_span.join(last.value.span);
        members.push(made("Condition", Value::new(Kind::Map(conditions), span)));
    }
    let statement = Value::new(Kind::Map(members), span);
    let version = made("Version", Value::string("2012-10-17", span));
    let statements = made("Statement", Value::new(Kind::List(vec![statement]), span));
    Some(Value::new(Kind::Map(vec![version, statements]), span))
}

/// The ARN of a function, or of a version or alias of it.
fn qualified<'s>(function: &Member<'s>, qualifier: Option<&Member<'s>>) -> Value<'s> {
    let arn = function.value.as_str().unwrap_or_default();
    match qualifier.map(|member| (member, member.value.as_str())) {
        Some((_, Some(qualifier))) => Value::string(format!("{arn}:{qualifier}"), function.value.span),
        Some((member, None)) => as_text(&member.value),
        None => function.value.clone(),
    }
}

/// Who a permission is for: a service, an account, an ARN or everyone.
fn invoker<'s>(principal: &Value<'s>) -> Value<'s> {
    let Some(text) = principal.as_str() else { return as_text(principal) };
    let sort = match text {
        "*" => return principal.clone(),
        _ if text.starts_with("arn:") || !text.contains('.') => "AWS",
        _ => "Service",
    };
    Value::new(Kind::Map(vec![made(sort, principal.clone())]), principal.span)
}

/// The `condition` block of `aws_cloudwatch_event_permission`: `type`, `key` and `value`.
fn event_conditions<'s>(blocks: &Value<'s>) -> Vec<Member<'s>> {
    let one = |block: &Value<'s>| {
        let word = |name: &str| block.member(name).and_then(|member| Some((member, member.value.as_str()?.to_owned())));
        match (word("type"), word("key"), block.get("value")) {
            (Some((operator, operator_name)), Some((key, key_name)), Some(value)) => {
                let key = Member { key: key_name.into(), key_span: key.value.span, value: as_text(value) };
                let keys = Value::new(Kind::Map(vec![key]), block.span);
                Member { key: operator_name.into(), key_span: operator.value.span, value: keys }
            }
            _ => made("…", unknown_of(block)),
        }
    };
    present(blocks).map(one).collect()
}

/// A value that is a string, whatever it is.
fn as_text<'s>(value: &Value<'s>) -> Value<'s> {
    match &value.kind {
        Kind::Unknown(hole) => {
            let domain = if hole.domain == Domain::Any { Domain::Text } else { hole.domain.clone() };
            Value::text(Text::hole(Hole { domain, ..(**hole).clone() }, value.span))
        }
        _ => value.clone(),
    }
}
