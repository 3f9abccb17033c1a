//! What AWS SAM makes of a template before CloudFormation sees it, as far as policies are concerned.
//!
//! From the AWS SAM Developer Guide ("Globals section of the AWS SAM template", "AWS::Serverless::Function",
//! "ResourcePolicyStatement") and the translator that SAM is (aws/serverless-application-model).

use super::intrinsics::Call;
use super::loops::is_loop;
use super::reader::Resource;
use super::template::{Template, hole, unknown};
use crate::diagnostic::Problem;
use crate::value::{Domain, Kind, Member, Value};
use std::borrow::Cow;

/// What a section of `Globals` gives to resources of a type and that holds a policy.
const INHERITED: [(&str, &str, &[&str]); 2] = [
    ("Function", "AWS::Serverless::Function", &["AssumeRolePolicyDocument"]),
    ("Api", "AWS::Serverless::Api", &["Auth", "ResourcePolicy"]),
];

/// The sections of `Globals` whose policies some resource has with nothing of its own beside them. Without such a
/// resource nobody has the policy as it stands there; without any resource of the type it is judged all the same.
pub(super) fn inherited(root: &Value<'_>) -> impl Iterator<Item = (&'static str, &'static str)> {
    INHERITED.iter().filter_map(move |(section, type_name, path)| {
        root.at(&["Globals", section])?;
        let mut resources = Vec::new();
        resources_of(root.get("Resources"), type_name, &mut resources);
        let has_own = |resource: &&Value<'_>| resource.get("Properties").and_then(|own| own.at(path)).is_some();
        (resources.is_empty() || !resources.iter().all(has_own)).then_some((*section, *type_name))
    })
}

/// The template with the policies of `Globals` merged into those of resources that have their own: objects member by
/// member, lists one after the other, and anything else as the resource has it. `None` where there is nothing to merge.
/// What is too much is said in `limits`.
pub(super) fn with_globals<'s>(root: &Value<'s>, length: usize, limits: &mut Vec<Problem>) -> Option<Value<'s>> {
    let mut merged: Option<Value<'s>> = None;
    // The policies are repeated for every resource.
    let mut budget = length.saturating_mul(8).saturating_add(100_000);
    for (section, type_name, path) in INHERITED {
        let Some(global) = root.at(&["Globals", section]).and_then(|section| section.at(path)) else { continue };
        let cost = size(global);
        let mut cut = false;
        let mut resources = Vec::new();
        resources_of(root.get("Resources"), type_name, &mut resources);
        if !resources.iter().any(|resource| own_policy(resource, path).is_some()) {
            continue;
        }
        let root = merged.get_or_insert_with(|| root.clone());
        let resources = member_mut(root, "Resources");
        each_resource_mut(resources, type_name, &mut |resource| {
            if own_policy(resource, path).is_none() {
                return;
            }
            let properties = member_mut(resource, "Properties");
            let Some(own) = path.iter().fold(properties, |value, key| member_mut(value?, key)) else { return };
            let left = budget.checked_sub(cost);
            budget = left.unwrap_or(0);
            *own = match left {
                Some(_) => merge(global, own),
                None => {
                    if !cut {
                        let message = format!("`Globals.{section}` makes this and further policies too large to read");
                        let help = "it is repeated for every resource; write what few of them need in those";
                        limits.push(Problem::new(own.span, message).with_help(help));
                    }
                    cut = true;
                    unknown("Globals", "a section that is merged into too many resources", own.span)
                }
            };
        });
    }
    merged
}

/// The policy of a resource that takes what `Globals` says to it.
fn own_policy<'v, 's>(resource: &'v Value<'s>, path: &[&str]) -> Option<&'v Value<'s>> {
    let ignored = match resource.get("IgnoreGlobals").map(|ignored| &ignored.kind) {
        Some(Kind::List(names)) => names.iter().any(|name| name.as_str() == path.first().copied()),
        Some(Kind::String(text)) => text == "*",
        _ => false,
    };
    if ignored {
        return None;
    }
    resource.get("Properties")?.at(path)
}

/// Every resource of a type, also in the bodies of loops.
fn resources_of<'v, 's>(resources: Option<&'v Value<'s>>, type_name: &str, found: &mut Vec<&'v Value<'s>>) {
    for member in resources.and_then(Value::as_map).unwrap_or_default() {
        if is_loop(member) {
            resources_of(member.value.as_list().and_then(|parts| parts.get(2)), type_name, found);
        } else if member.value.get("Type").and_then(Value::as_str) == Some(type_name) {
            found.push(&member.value);
        }
    }
}

fn each_resource_mut<'s>(resources: Option<&mut Value<'s>>, type_name: &str, each: &mut dyn FnMut(&mut Value<'s>)) {
    let Some(Value { kind: Kind::Map(members), .. }) = resources else { return };
    for member in members {
        if member.value.get("Type").and_then(Value::as_str) == Some(type_name) {
            each(&mut member.value);
        } else if is_loop(member)
            && let Kind::List(parts) = &mut member.value.kind
        {
            each_resource_mut(parts.get_mut(2), type_name, each);
        }
    }
}

fn member_mut<'v, 's>(value: &'v mut Value<'s>, key: &str) -> Option<&'v mut Value<'s>> {
    match &mut value.kind {
        Kind::Map(members) => members.iter_mut().find(|member| member.key == key).map(|member| &mut member.value),
        _ => None,
    }
}

fn merge<'s>(global: &Value<'s>, own: &Value<'s>) -> Value<'s> {
    let kind = match (&global.kind, &own.kind) {
        (Kind::List(global), Kind::List(own)) => Kind::List([global.as_slice(), own].concat()),
        (Kind::Map(global_members), Kind::Map(own_members)) if !is_function(global) && !is_function(own) => {
            let mut members = global_members.clone();
            for member in own_members {
                match members.iter_mut().find(|known| known.key == member.key) {
                    Some(known) => *known = Member { value: merge(&known.value, &member.value), ..member.clone() },
                    None => members.push(member.clone()),
                }
            }
            Kind::Map(members)
        }
        (_, own) => own.clone(),
    };
    Value::new(kind, own.span)
}

fn is_function(value: &Value<'_>) -> bool {
    match value.as_map() {
        Some([member]) => member.key == "Ref" || member.key == "Condition" || member.key.starts_with("Fn::"),
        _ => false,
    }
}

/// How many nodes a tree has.
fn size(value: &Value<'_>) -> usize {
    match &value.kind {
        Kind::List(items) => 1 + items.iter().map(size).sum::<usize>(),
        Kind::Map(members) => 1 + members.iter().map(|member| size(&member.value)).sum::<usize>(),
        Kind::Tagged(tagged) => 1 + size(&tagged.value),
        Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::String(_) | Kind::Template(_) | Kind::Unknown(_) => 1,
    }
}

/// Why policies of a resource are not known: SAM makes those of a connector from what it connects.
pub(super) fn connector(type_name: &str, resource: &Value<'_>) -> Option<&'static str> {
    let connects = type_name == "AWS::Serverless::Connector" || resource.get("Connectors").is_some();
    connects.then_some("SAM makes the policies of a connector")
}

/// Whether SAM uses the policy at `path` of a resource. A function that names a role has no other, unless a condition
/// may leave the role out.
pub(super) fn is_used(resource: &Resource<'_>, path: &str) -> bool {
    let makes_role = resource.type_name == "AWS::Serverless::Function" && !path.starts_with("Events");
    let Some(role) = resource.properties.get("Role").filter(|_| makes_role) else { return true };
    Call::of(role).is_some_and(|call| call.name == "If" || call.is_no_value())
}

/// Why an element of `Policies` that has no statements is not judged; `None` where there is nothing to say.
pub(super) fn other_policy<'s>(template: &Template<'s>, node: &'s Value<'s>) -> Option<String> {
    if let Some(call) = Call::of(node) {
        let name = call.argument.as_str().unwrap_or(call.name);
        // It stands in this template and is judged there.
        let here = call.name == "Ref" && template.has_resource(name);
        return (!here).then(|| format!("`{name}` is a managed policy, which stands elsewhere"));
    }
    match &node.kind {
        Kind::String(name) => Some(format!("`{name}` is a managed policy, which stands elsewhere")),
        Kind::Map(members) => match members.as_slice() {
            [member] => Some(format!("`{}` is a policy template of SAM", member.key)),
            _ => None,
        },
        Kind::Unknown(hole) => Some(format!("`{}` is {}", hole.name, hole.why)),
        Kind::Template(text) => Some(format!("`{}` is a managed policy, which stands elsewhere", text.display())),
        Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::List(_) | Kind::Tagged(_) => None,
    }
}

/// The statements of an API's `ResourcePolicy`: those that the user writes, and one that is not known where SAM makes
/// others from lists of accounts, addresses and networks. `None` where there are none, and for what SAM does not take.
pub(super) fn api_statements(policy: Value<'_>) -> Option<Value<'_>> {
    let span = policy.span;
    let members = match policy.kind {
        Kind::Map(members) => members,
        kind @ Kind::Unknown(_) => return Some(Value::new(kind, span)),
        Kind::Null
        | Kind::Bool(_)
        | Kind::Number(_)
        | Kind::String(_)
        | Kind::Template(_)
        | Kind::List(_)
        | Kind::Tagged(_) => return None,
    };
    let (custom, made): (Vec<_>, Vec<_>) = members.into_iter().partition(|member| member.key == "CustomStatements");
    let custom = custom.into_iter().next().map(|member| member.value);
    let Some(first) = made.into_iter().next() else { return custom };
    let why = "a list that SAM makes statements of";
    let made = hole(Cow::into_owned(first.key), why, Domain::Any, None);
    let made = Value::new(Kind::Unknown(Box::new(made)), first.key_span);
    let Some(custom) = custom else { return Some(made) };
    let span = custom.span;
    let mut statements = match custom.kind {
        Kind::List(items) => items,
        kind => vec![Value::new(kind, span)],
    };
    statements.push(made);
    Some(Value::new(Kind::List(statements), span))
}
