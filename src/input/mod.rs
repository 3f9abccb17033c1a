//! Where policies live in files: one file per format, each turning a document into policy sites.
//!
//! An input knows the shape of its format and the sort of policy that each place holds, and nothing of what a policy
//! means. To add a format, write its file and add it to [`ALL`]; order matters, the first that detects its format wins.

pub mod aws_cli;
pub mod aws_config;
pub mod cloudformation;
pub mod cloudtrail;
mod combinations;
mod history;
mod iam_collect;
pub mod inventory_rows;
pub mod kubernetes;
pub mod ndjson;
mod nested;
pub mod permission_set;
mod placeholder;
pub mod policy_json;
mod printed;
pub mod pulumi;
mod raw_kind;
mod record;
pub mod serverless;
mod shape;
pub mod terraform;
mod terraform_document;
pub mod terraform_plan;
mod terraform_types;
mod unlisted;

pub use history::Versions;

use crate::diagnostic::Problem;
use crate::site::{PolicyKind, PolicySite};
use crate::span::Span;
use crate::syntax::Document;

/// A format that holds policies.
pub trait Input: Sync + std::fmt::Debug {
    /// The name in `--input-format` and reports: `cloudformation`.
    fn name(&self) -> &'static str;

    /// Why this document is in the format, to follow "because it": "has a `Resources` member with AWS types".
    /// `None` when it is not.
    fn detect(&self, document: &Document<'_>) -> Option<&'static str>;

    /// Put every policy of the document into `found`.
    fn extract<'s>(&self, document: &'s Document<'s>, found: &mut Found<'s>);

    /// What a file says of its policies before and after a change. `None` for a format that has one version of each.
    /// `_found` holds nothing yet but the file's path and the kind that the user says.
    fn versions<'s>(&self, _documents: &'s [Document<'s>], _found: Found<'s>) -> Option<Versions<'s>> {
        None
    }

    /// Put the place of every value that no report may show into `found`, in a format that marks such values.
    fn secrets(&self, _document: &Document<'_>, _found: &mut Vec<Span>) {}
}

/// Which version of its policies is read, where a document holds two: a plan has the resources before and after.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Side {
    /// What is there.
    Before,
    /// What will be.
    #[default]
    After,
}

/// What an input found in a document.
#[derive(Debug, Default)]
pub struct Found<'s> {
    /// The version that is asked for.
    pub side: Side,
    /// The kind that the user says raw documents have, `--kind`.
    pub forced_kind: Option<PolicyKind>,
    /// The path of the file, a hint at the kind of a raw document: `scp/deny-leave.json`.
    pub path: &'s str,
    /// The policies, in the order of the file.
    pub sites: Vec<PolicySite<'s>>,
    /// Policies that could not be read, each with its place.
    pub problems: Vec<Problem>,
    /// Policies of which nothing is known until deployment: the place, and the address with the reason.
    pub unresolved: Vec<(Span, String)>,
    /// Policies in places that are not known to hold any, which are not judged: the place, and what to say of it.
    pub unlisted: Vec<(Span, String)>,
    /// What was not looked at because a limit was hit: the place, which limit, and what to do. Everybody is told.
    pub limits: Vec<Problem>,
}

impl Found<'_> {
    /// Take over what was found in a tree that does not live as long as the file's.
    pub fn adopt(&mut self, found: Found<'_>) {
        self.sites.extend(found.sites.into_iter().map(|site| site.into_owned()));
        self.problems.extend(found.problems);
        self.unresolved.extend(found.unresolved);
        self.unlisted.extend(found.unlisted);
        self.limits.extend(found.limits);
    }
}

/// Every format that stands in one document, the more special first. (Terraform's configuration is read by folder.)
pub static ALL: [&dyn Input; 12] = [
    &terraform_plan::TerraformPlan,
    &terraform_plan::TerraformState,
    &serverless::Serverless,
    &cloudformation::CloudFormation,
    &aws_config::AwsConfig,
    &cloudtrail::CloudTrail,
    &kubernetes::Kubernetes,
    &pulumi::Pulumi,
    &permission_set::PermissionSet,
    &inventory_rows::InventoryRows,
    &aws_cli::AwsCli,
    &policy_json::PolicyJson,
];

/// The format of a document and why, or `None` when nothing in it looks like a policy.
pub fn detect(document: &Document<'_>) -> Option<(&'static dyn Input, &'static str)> {
    if cloudformation::is_assembly_file(&document.root) {
        return None;
    }
    ALL.iter().find_map(|input| Some((*input, input.detect(document)?)))
}

/// Bytes of which at least one stands in every file that holds a policy. Looking for them costs a tenth of parsing.
pub const MARKS: [&str; 7] =
    ["Statement", "statement", "AssumeRolePolicyDocument", "PolicyDocument", "AWS::", "resource_changes", "Effect"];

/// Whether a text was most likely meant as a policy: it has the words of a statement.
pub fn looks_like_policy(text: &str) -> bool {
    let has = |word: &str| memchr::memmem::find(text.as_bytes(), word.as_bytes()).is_some();
    has("Statement") && has("Effect") && (has("Action") || has("Principal"))
}

#[cfg(test)]
mod testing {
    use super::{Found, Input};
    use crate::syntax::{Document, Syntax, parse};

    /// The document that a text is. Tests are short, so it lives for ever.
    pub fn document(text: &str) -> &'static Document<'static> {
        let text: &'static str = Box::leak(text.to_owned().into_boxed_str());
        let syntax = Syntax::of("", text);
        let mut parsed = parse(text, syntax);
        assert!(parsed.problems.is_empty(), "{:?}", parsed.problems);
        let root = parsed.documents.remove(0);
        Box::leak(Box::new(Document { text, syntax, root }))
    }

    /// What an input finds in a text.
    pub fn extract(input: &dyn Input, text: &str) -> Found<'static> {
        let mut found = Found::default();
        input.extract(document(text), &mut found);
        found
    }
}

#[cfg(test)]
mod tests;
