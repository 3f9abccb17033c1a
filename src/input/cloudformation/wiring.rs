//! Reading what the resources of a template use each other for.

use super::intrinsics::Call;
use super::loops::Entry;
use super::uses::Uses;
use crate::value::{Kind, Value};
use std::collections::HashSet;

/// What these resources use.
pub(super) fn uses(entries: &[Entry<'_>]) -> Uses {
    let mut uses = Uses::default();
    let (mut with_key, mut with_password) = (HashSet::new(), HashSet::new());
    for entry in entries {
        let type_name = entry.value.get("Type").and_then(Value::as_str).unwrap_or_default();
        let Some(properties) = entry.value.get("Properties") else { continue };
        let property = |name: &str| properties.get(name);
        property("PermissionsBoundary").into_iter().for_each(|value| names(value, &mut uses.boundaries));
        property("ManagedPolicyArns").into_iter().for_each(|value| names(value, &mut uses.attached));
        match type_name {
            "AWS::IAM::ManagedPolicy" if ["Users", "Groups", "Roles"].iter().any(|at| property(at).is_some()) => {
                uses.attached.insert(entry.key.clone().into_owned());
            }
            "AWS::IAM::AccessKey" => property("UserName").into_iter().for_each(|user| names(user, &mut with_key)),
            "AWS::IAM::User" if property("LoginProfile").is_some() => {
                with_password.insert(entry.key.clone().into_owned());
            }
            _ => {}
        }
    }
    uses.machines = &with_key - &with_password;
    for entry in entries.iter().filter(|entry| uses.machines.contains(entry.key.as_ref())) {
        let name = entry.value.get("Properties").and_then(|properties| properties.get("UserName")?.as_str());
        uses.machine_names.extend(name.map(str::to_owned));
    }
    uses
}

/// The resources that a value names, in whatever functions and branches.
fn names(value: &Value<'_>, found: &mut HashSet<String>) {
    let call = Call::of(value);
    match call.as_ref().map(|call| (call.name, call.argument)) {
        Some(("Ref", argument)) => found.extend(argument.as_str().map(str::to_owned)),
        Some(("GetAtt", argument)) => {
            let first = argument.as_list().and_then(<[_]>::first).unwrap_or(argument);
            found.extend(first.as_str().and_then(|text| text.split('.').next()).map(str::to_owned));
        }
        Some(("Sub", argument)) => {
            let template = argument.as_list().and_then(<[_]>::first).unwrap_or(argument);
            let text = template.as_str().unwrap_or_default();
            let marks = text.split("${").skip(1).filter_map(|rest| rest.split(['}', '.']).next());
            found.extend(marks.map(str::to_owned));
        }
        Some((_, argument)) => names(argument, found),
        None => {}
    }
    if call.is_none() && matches!(value.kind, Kind::List(_) | Kind::Map(_)) {
        value.children().for_each(|child| names(child, found));
    }
}
