//! Where sensitive values stand, so that nothing shows them: an excerpt of a plan, which most often is one line, has
//! whatever stands near the place of a finding.

use super::mask::Mask;
use crate::span::Span;
use crate::value::{Kind, Member, Value};

/// Every place of a sensitive value in a plan or a state.
pub(super) fn secrets(root: &Value<'_>, found: &mut Vec<Span>) {
    for list in ["resource_changes", "resource_drift"] {
        for entry in items(root.get(list)) {
            if let Some(change) = entry.get("change") {
                of_change(change, found);
            }
        }
    }
    for entry in items(root.get("deferred_changes")) {
        if let Some(change) = entry.at(&["resource_change", "change"]) {
            of_change(change, found);
        }
    }
    for output in members(root.get("output_changes")) {
        of_change(&output.value, found);
    }
    for path in [&["planned_values"][..], &["prior_state", "values"], &["values"]] {
        if let Some(values) = root.at(path) {
            of_values(values, found);
        }
    }
    of_variables(root, found);
    of_state_file(root, found);
}

fn of_change(change: &Value<'_>, found: &mut Vec<Span>) {
    for (values, marks) in [("before", "before_sensitive"), ("after", "after_sensitive")] {
        if let Some(values) = change.get(values) {
            marked(values, Mask::of(change.get(marks)), found);
        }
    }
}

fn of_values(values: &Value<'_>, found: &mut Vec<Span>) {
    of_outputs(values.get("outputs"), found);
    if let Some(module) = values.get("root_module") {
        of_module(module, found);
    }
}

/// Recursion follows the tree, whose depth the parser limits.
fn of_module(module: &Value<'_>, found: &mut Vec<Span>) {
    for resource in items(module.get("resources")) {
        if let Some(values) = resource.get("values") {
            marked(values, Mask::of(resource.get("sensitive_values")), found);
        }
    }
    items(module.get("child_modules")).for_each(|child| of_module(child, found));
}

fn of_outputs(outputs: Option<&Value<'_>>, found: &mut Vec<Span>) {
    for output in members(outputs) {
        let is_sensitive = output.value.get("sensitive").is_some_and(|flag| flag.kind == Kind::Bool(true));
        if let Some(value) = output.value.get("value").filter(|_| is_sensitive) {
            marked(value, Mask::All, found);
        }
    }
}

fn of_variables(root: &Value<'_>, found: &mut Vec<Span>) {
    for declared in members(root.at(&["configuration", "root_module", "variables"])) {
        if declared.value.get("sensitive").is_some_and(|flag| flag.kind == Kind::Bool(true)) {
            let value = root.at(&["variables", &declared.key, "value"]);
            let default = declared.value.get("default");
            value.into_iter().chain(default).for_each(|value| marked(value, Mask::All, found));
        }
    }
}

/// The outputs and the attributes of a state file. What a path leads to below its first step is taken with it.
fn of_state_file(root: &Value<'_>, found: &mut Vec<Span>) {
    of_outputs(root.get("outputs"), found);
    for instance in items(root.get("resources")).flat_map(|resource| items(resource.get("instances"))) {
        let Some(attributes) = instance.get("attributes") else { continue };
        for path in items(instance.get("sensitive_attributes")) {
            let first = path.as_list().and_then(|path| path.first()?.get("value")?.as_str());
            if let Some(value) = first.and_then(|name| attributes.get(name)) {
                marked(value, Mask::All, found);
            }
        }
    }
}

/// The strings and numbers of a value that are marked.
fn marked(value: &Value<'_>, marks: Mask<'_>, found: &mut Vec<Span>) {
    match (&value.kind, marks) {
        (_, Mask::Nothing) => {}
        (Kind::List(items), _) => items.iter().enumerate().for_each(|(at, item)| marked(item, marks.at(at), found)),
        (Kind::Map(members), _) => {
            members.iter().for_each(|member| marked(&member.value, marks.get(&member.key), found));
        }
        (Kind::String(_) | Kind::Number(_), Mask::All) => found.push(value.span),
        (Kind::Null | Kind::Bool(_) | Kind::Template(_) | Kind::Tagged(_) | Kind::Unknown(_), _) => {}
        (Kind::String(_) | Kind::Number(_), Mask::Parts(_)) => {}
    }
}

fn items<'v, 's>(list: Option<&'v Value<'s>>) -> impl Iterator<Item = &'v Value<'s>> {
    list.and_then(Value::as_list).unwrap_or_default().iter()
}

fn members<'v, 's>(map: Option<&'v Value<'s>>) -> impl Iterator<Item = &'v Member<'s>> {
    map.and_then(Value::as_map).unwrap_or_default().iter()
}
