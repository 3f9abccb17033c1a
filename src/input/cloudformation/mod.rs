//! CloudFormation and SAM templates, in JSON and YAML, also those that the CDK writes and those inside other files.
//!
//! Only the parts of a template that hold policies are evaluated. Where `Fn::If` makes several policies of one, each is
//! a site of its own with the conditions that lead to it.

mod cdk;
mod conditions;
mod embedded;
mod intrinsics;
mod loops;
mod mappings;
mod nested;
mod places;
mod reader;
mod resources;
mod sam;
mod settled;
mod strings;
mod template;
mod uses;
mod wiring;
mod worlds;

use super::{Found, Input};
use crate::syntax::Document;
use crate::value::{Member, Value};
pub(super) use cdk::is_assembly_file;
pub(super) use reader::Reader;

/// The format.
#[derive(Debug)]
pub struct CloudFormation;

impl Input for CloudFormation {
    fn name(&self) -> &'static str {
        "cloudformation"
    }

    fn detect(&self, document: &Document<'_>) -> Option<&'static str> {
        let root = &document.root;
        let resources = root.get("Resources")?.as_map()?;
        if root.get("AWSTemplateFormatVersion").is_some() {
            return Some("has an `AWSTemplateFormatVersion` member");
        }
        if root.get("Transform").is_some() {
            return Some("has a `Transform` and a `Resources` member");
        }
        let is_typed = |member: &Member<'_>| {
            let name = member.value.get("Type").and_then(Value::as_str).unwrap_or_default();
            name.starts_with("AWS::") || name.starts_with("Custom::")
        };
        let known = resources.iter().any(|member| is_typed(member) || loops::is_loop(member));
        known.then_some("has a `Resources` member with AWS types")
    }

    fn extract<'s>(&self, document: &'s Document<'s>, found: &mut Found<'s>) {
        nested::whole(document, &document.root, "", 0, found);
    }
}

#[cfg(test)]
mod tests;
