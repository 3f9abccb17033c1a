//! What the resources of a template use others for: a managed policy as a permissions boundary, a user as the identity of
//! a program.

use crate::input::raw_kind::is_name_of_boundary;
use crate::value::{Kind, Value};
use std::collections::{BTreeSet, HashSet};

/// The logical ids of resources that others use in a way that decides what they are.
#[derive(Debug, Default)]
pub(super) struct Uses {
    /// Managed policies that limit what others may do, and give nothing.
    boundaries: HashSet<String>,
    /// Managed policies that are attached.
    attached: HashSet<String>,
    /// Users with an access key of this template and no password.
    machines: HashSet<String>,
    /// The names of those that have one.
    machine_names: BTreeSet<String>,
}

/// The function that a value is a call of, and its argument.
pub(super) type CallOf = for<'v> fn(&'v Value<'v>) -> Option<(&'v str, &'v Value<'v>)>;

impl Uses {
    /// What these resources, by logical id, use.
    pub fn of<'e>(entries: impl Iterator<Item = (&'e str, &'e Value<'e>)> + Clone, call: CallOf) -> Self {
        let mut uses = Uses::default();
        let (mut with_key, mut with_password) = (HashSet::new(), HashSet::new());
        for (logical_id, resource) in entries.clone() {
            let type_name = resource.get("Type").and_then(Value::as_str).unwrap_or_default();
            let Some(properties) = resource.get("Properties") else { continue };
            let property = |name: &str| properties.get(name);
            property("PermissionsBoundary").into_iter().for_each(|value| names(value, call, &mut uses.boundaries));
            property("ManagedPolicyArns").into_iter().for_each(|value| names(value, call, &mut uses.attached));
            match type_name {
                "AWS::IAM::ManagedPolicy" if ["Users", "Groups", "Roles"].iter().any(|at| property(at).is_some()) => {
                    uses.attached.insert(logical_id.to_owned());
                }
                "AWS::IAM::AccessKey" => {
                    property("UserName").into_iter().for_each(|user| names(user, call, &mut with_key))
                }
                "AWS::IAM::User" if property("LoginProfile").is_some() => {
                    with_password.insert(logical_id.to_owned());
                }
                _ => {}
            }
        }
        uses.machines = &with_key - &with_password;
        for (_, user) in entries.filter(|(logical_id, _)| uses.machines.contains(*logical_id)) {
            let name = user.get("Properties").and_then(|properties| properties.get("UserName")?.as_str());
            uses.machine_names.extend(name.map(str::to_owned));
        }
        uses
    }

    /// Whether a managed policy is a permissions boundary and nothing else.
    pub fn is_boundary(&self, logical_id: &str) -> bool {
        let is_one = self.boundaries.contains(logical_id) || is_name_of_boundary(logical_id);
        is_one && !self.attached.contains(logical_id)
    }

    /// The names of users that are the identities of programs, as far as they are written out.
    pub fn machine_names(&self) -> Vec<String> {
        self.machine_names.iter().cloned().collect()
    }

    /// Whether a user is the identity of a program: nobody logs in as it.
    pub fn is_machine(&self, logical_id: &str) -> bool {
        self.machines.contains(logical_id)
    }
}

/// The resources that a value names, in whatever functions and branches.
fn names<'v>(value: &'v Value<'v>, call: CallOf, found: &mut HashSet<String>) {
    let called = call(value);
    match called {
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
        Some((_, argument)) => names(argument, call, found),
        None => {}
    }
    if called.is_none() && matches!(value.kind, Kind::List(_) | Kind::Map(_)) {
        value.children().for_each(|child| names(child, call, found));
    }
}
