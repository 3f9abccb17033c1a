//! Terraform plans and states as JSON: `terraform show -json PLAN`, `terraform show -json` of a state, and the state
//! file itself. OpenTofu writes the same.
//!
//! A plan has two versions of each resource, and lists what of the later one is not known (Terraform documentation,
//! "JSON Output Format"). A policy that is not known is taken from the data source that makes it, as far as that is.

mod accounts;
pub mod address;
mod configuration;
mod instances;
mod mask;
mod reader;
mod secrets;
mod values;

use super::{Found, Input, Side, Versions, terraform_document, terraform_types, unlisted};
use crate::diagnostic::Problem;
use crate::site::PolicySite;
use crate::span::Span;
use crate::syntax::Document;
use crate::value::{Kind, Value};
use configuration::Configuration;
use instances::Instance;
use reader::Reader;
use std::collections::HashSet;

/// Plans.
#[derive(Debug)]
pub struct TerraformPlan;

/// States.
#[derive(Debug)]
pub struct TerraformState;

impl Input for TerraformPlan {
    fn name(&self) -> &'static str {
        "terraform-plan"
    }

    fn detect(&self, document: &Document<'_>) -> Option<&'static str> {
        let root = &document.root;
        let is_change = |entry: &Value<'_>| entry.get("change").is_some() && entry.get("address").is_some();
        if root.get("resource_changes").and_then(Value::as_list).is_some_and(|changes| changes.iter().any(is_change)) {
            return Some("has `resource_changes` of a Terraform plan");
        }
        let planned = root.get("planned_values").is_some() && root.get("format_version").is_some();
        planned.then_some("has a `format_version` and the `planned_values` of a Terraform plan")
    }

    fn extract<'s>(&self, document: &'s Document<'s>, found: &mut Found<'s>) {
        let root = &document.root;
        if is_unsupported(root.get("format_version"), found) {
            return;
        }
        match found.side {
            Side::After => {
                deferred(root, found);
                read(document, Side::After, found);
            }
            Side::Before => {
                // Beside a later version of which nothing is known, the earlier one would seem removed.
                let unknown = read(document, Side::After, &mut Found::default());
                read(document, Side::Before, found);
                let in_list = |address: &str| address.rsplit_once('[').map(|(list, _)| format!("{list}[]"));
                found.sites.retain(|PolicySite { address, .. }| {
                    !unknown.contains(address) && !in_list(address).is_some_and(|list| unknown.contains(&list))
                });
            }
        }
    }

    fn secrets(&self, document: &Document<'_>, found: &mut Vec<Span>) {
        secrets::secrets(&document.root, found);
    }

    fn versions<'s>(&self, documents: &'s [Document<'s>], found: Found<'s>) -> Option<Versions<'s>> {
        let plans: Vec<&Document<'_>> = documents.iter().filter(|document| has_both_versions(document)).collect();
        let version = |side| {
            let mut version = Found { side, forced_kind: found.forced_kind, path: found.path, ..Found::default() };
            plans.iter().for_each(|plan| self.extract(plan, &mut version));
            version
        };
        (!plans.is_empty()).then(|| Versions { old: version(Side::Before), new: version(Side::After), alone: 0 })
    }
}

/// Read one version of a plan. Returns the addresses of the policies of which nothing is known.
fn read<'s>(document: &'s Document<'s>, side: Side, found: &mut Found<'s>) -> HashSet<String> {
    let root = &document.root;
    let (mut instances, mut prior) = (Vec::new(), Vec::new());
    instances::of_plan(root, side, &mut |instance| keep(instance, &mut instances, &mut found.unlisted));
    // What the state before had in places that no table names stands in the plan as well.
    instances::of_prior_state(root, &mut |instance| keep(instance, &mut prior, &mut Vec::new()));
    Reader::new(document, instances, &prior, Configuration::of(root)).read(found)
}

impl Input for TerraformState {
    fn name(&self) -> &'static str {
        "terraform-state"
    }

    fn detect(&self, document: &Document<'_>) -> Option<&'static str> {
        let root = &document.root;
        if root.get("format_version").is_some() && root.at(&["values", "root_module"]).is_some() {
            return Some("has a `format_version` and the `values` of a Terraform state");
        }
        let is_file = root.get("version").is_some_and(|version| matches!(version.kind, Kind::Number(_)))
            && root.get("terraform_version").is_some()
            && ["resources", "modules"].iter().any(|key| root.get(key).and_then(Value::as_list).is_some());
        is_file.then_some("has the `terraform_version` and the resources of a state file")
    }

    fn extract<'s>(&self, document: &'s Document<'s>, found: &mut Found<'s>) {
        let root = &document.root;
        let mut instances = Vec::new();
        if let Some(values) = root.get("values") {
            if is_unsupported(root.get("format_version"), found) {
                return;
            }
            instances::of_values(Some(values), &mut |instance| keep(instance, &mut instances, &mut found.unlisted));
        } else {
            if is_other_state_file(root.get("version"), found) {
                return;
            }
            instances::of_state_file(root, &mut |instance| keep(instance, &mut instances, &mut found.unlisted));
        }
        Reader::new(document, instances, &[], Configuration::default()).read(found);
    }

    fn secrets(&self, document: &Document<'_>, found: &mut Vec<Span>) {
        secrets::secrets(&document.root, found);
    }
}

/// The major versions of the format that are read. Before version 1 it was the same, with less in it.
const MAJOR: [&str; 2] = ["0", "1"];

/// Note a format version that may mean anything.
fn is_unsupported(version: Option<&Value<'_>>, found: &mut Found<'_>) -> bool {
    let Some(version) = version else { return false };
    let major = version.as_str().and_then(|text| text.split('.').next());
    let is_unsupported = major.is_none_or(|major| !MAJOR.contains(&major));
    if is_unsupported {
        let message = match version.as_str() {
            Some(text) => format!("the format version `{text}` of this Terraform output is not known"),
            None => format!("expected a format version such as `1.2`, found {}", version.sort()),
        };
        let help = "versions 0 and 1 are read; a newer iamlint may read this one";
        found.problems.push(Problem::new(version.span, message).with_help(help));
    }
    is_unsupported
}

/// Note a state file of another version than the one of Terraform 0.12 and later.
fn is_other_state_file(version: Option<&Value<'_>>, found: &mut Found<'_>) -> bool {
    let Some(version) = version.filter(|version| version.kind != Kind::Number("4".into())) else { return false };
    let written = match &version.kind {
        Kind::Number(text) => text.as_ref(),
        _ => "",
    };
    let message = format!("the version {written} of this state file is not known");
    let help = "version 4 is read; `terraform show -json` writes any state in a form that is";
    found.problems.push(Problem::new(version.span, message).with_help(help));
    true
}

/// Keep what holds a policy, or tells something about one, and note policies in places that no table names.
fn keep<'s>(instance: Instance<'s>, instances: &mut Vec<Instance<'s>>, unlisted: &mut Vec<(Span, String)>) {
    let name = instance.resource_type;
    let wanted = match instance.is_data {
        true => matches!(name, "aws_iam_policy_document" | "aws_caller_identity"),
        false => name.starts_with("aws_iam_") || holds_policies(name),
    };
    if wanted {
        instances.push(instance);
    } else if !instance.is_data && !terraform_types::has_own_language(name) {
        let mut places = Vec::new();
        unlisted::policies(instance.values, &mut places);
        let entry = |_| (instance.anchor, unlisted::reason(&instance.address, name));
        unlisted.extend(places.first().map(entry));
    }
}

fn holds_policies(resource_type: &str) -> bool {
    terraform_types::carriers(resource_type).next().is_some() || terraform_document::is_permission(resource_type)
}

/// Note the resources with policies whose change is left to a later plan.
fn deferred<'s>(root: &'s Value<'s>, found: &mut Found<'s>) {
    for entry in root.get("deferred_changes").and_then(Value::as_list).unwrap_or_default() {
        let Some(change) = entry.get("resource_change") else { continue };
        let text = |key| change.get(key).and_then(Value::as_str);
        if let (Some(resource_type), Some(address)) = (text("type"), change.get("address"))
            && holds_policies(resource_type)
            && text("mode") != Some("data")
        {
            let what = format!("{}: its change is left to a later plan", address.as_str().unwrap_or_default());
            found.unresolved.push((address.span, what));
        }
    }
}

/// Whether a document is a plan that lists its changes, so that it has both versions of each resource.
fn has_both_versions(document: &Document<'_>) -> bool {
    document.root.get("resource_changes").is_some() && TerraformPlan.detect(document).is_some()
}

#[cfg(test)]
mod tests;
