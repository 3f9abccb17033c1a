//! Where policies live in files: one file per format, each turning a document into policy sites.
//!
//! An input knows the shape of its format and the sort of policy that each place holds, and nothing of what a policy
//! means. To add a format, write its file and add it to [`ALL`]; order matters, the first that detects its format wins.

pub mod aws_cli;
pub mod aws_config;
pub mod cloudformation;
pub mod cloudtrail;
mod history;
mod iam_collect;
pub mod inventory_rows;
pub mod kubernetes;
mod nested;
pub mod permission_set;
mod placeholder;
pub mod policy_json;
pub mod pulumi;
mod record;

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
}

/// What an input found in a document.
#[derive(Debug, Default)]
pub struct Found<'s> {
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
    /// Places of secrets, which are not shown wherever the file is.
    pub secrets: Vec<Span>,
}

/// Every format, the more special first. (Terraform configuration, plan and state files take their place here.)
pub static ALL: [&dyn Input; 9] = [
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
    ALL.iter().find_map(|input| Some((*input, input.detect(document)?)))
}

/// Bytes of which at least one stands in every file that holds a policy. Looking for them costs a tenth of parsing.
pub const MARKS: [&str; 5] = ["Statement", "statement", "AssumeRolePolicyDocument", "PolicyDocument", "AWS::"];

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
mod tests {
    use super::*;
    use crate::site::PolicySite;
    use crate::syntax::{Syntax, parse};
    use crate::value::{Kind, Value};
    use proptest::prelude::*;
    use serde_json::Value as Json;

    /// What may stand in any place.
    fn any() -> impl Strategy<Value = Json> {
        let texts = [
            "{\"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"é${x}{{y}}\"}]}",
            "%7B%22Statement%22%3A%5B%5D%7D",
            "\"{}\"",
            "{",
            "",
            "arn:aws:iam::111122223333:role/r",
            "2026-03-02T08:11:02Z",
        ];
        let text = prop::sample::select(texts.to_vec()).prop_map(Json::from);
        let leaf =
            prop_oneof![6 => text, 1 => Just(Json::Null), 1 => Just(Json::from(7200)), 1 => Just(Json::from(true))];
        leaf.prop_recursive(3, 12, 3, |inner| {
            let key = prop::sample::select(vec![
                "Statement",
                "policyText",
                "PolicyDocument",
                "Document",
                "IsDefaultVersion",
                "a",
            ]);
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Json::from),
                prop::collection::hash_map(key.prop_map(str::to_owned), inner.clone(), 0..4)
                    .prop_map(|members| Json::Object(members.into_iter().collect())),
                inner.prop_map(|value| Json::from(value.to_string())),
            ]
        })
    }

    /// An object with these members, each of which may be missing or something else.
    fn object(members: &[(&'static str, &'static str)]) -> BoxedStrategy<Json> {
        let value = |text: &'static str| prop_oneof![8 => Just(Json::from(text)), 3 => any(), 1 => Just(Json::Null)];
        let member = |&(key, text): &(&'static str, &'static str)| {
            (
                Just(key),
                prop::bool::weighted(0.9),
                match text {
                    "" => any().boxed(),
                    text => value(text).boxed(),
                },
            )
        };
        let members: Vec<_> = members.iter().map(member).collect();
        members
            .prop_map(|members| {
                Json::Object(
                    members
                        .into_iter()
                        .filter(|(_, there, _)| *there)
                        .map(|(key, _, value)| (key.to_owned(), value))
                        .collect(),
                )
            })
            .boxed()
    }

    fn inside(key: &'static str, outer: BoxedStrategy<Json>, inner: BoxedStrategy<Json>) -> BoxedStrategy<Json> {
        let put = move |(mut outer, inner, as_text): (Json, Json, bool)| {
            outer[key] = if as_text { inner.to_string().into() } else { inner };
            outer
        };
        (outer, inner, prop::bool::weighted(0.2)).prop_map(put).boxed()
    }

    /// Something like a document of one of the formats, in something like what holds it.
    fn json() -> impl Strategy<Value = Json> {
        let role = object(&[
            ("roleName", "r"),
            ("arn", ""),
            ("assumeRolePolicyDocument", ""),
            ("rolePolicyList", ""),
            ("policyDocument", ""),
            ("maxSessionDuration", ""),
        ]);
        let one = prop_oneof![
            inside(
                "configuration",
                object(&[("resourceType", "AWS::IAM::Role"), ("awsAccountId", "111122223333")]),
                role.clone()
            ),
            object(&[
                ("resourceType", "AWS::S3::Bucket"),
                ("configuration", ""),
                ("supplementaryConfiguration", ""),
                ("Policy", "")
            ]),
            inside(
                "requestParameters",
                object(&[
                    ("eventSource", "iam.amazonaws.com"),
                    ("eventName", "UpdateAssumeRolePolicy"),
                    ("eventTime", ""),
                    ("eventID", "")
                ]),
                role.clone()
            ),
            inside(
                "requestParameters",
                object(&[("eventSource", "iam.amazonaws.com"), ("eventName", "DeleteRole"), ("resources", "")]),
                role.clone()
            ),
            inside(
                "inputs",
                object(&[("urn", "urn:pulumi:a::b::c"), ("type", "aws:iam/role:Role"), ("outputs", "")]),
                object(&[("assumeRolePolicy", ""), ("inlinePolicies", "")])
            ),
            inside(
                "spec",
                object(&[
                    ("apiVersion", "iam.services.k8s.aws/v1"),
                    ("kind", "Role"),
                    ("metadata", ""),
                    ("status", "")
                ]),
                object(&[("assumeRolePolicyDocument", ""), ("inlinePolicies", "")])
            ),
            object(&[
                ("name", "r"),
                ("arn", ""),
                ("account_id", ""),
                ("assume_role_policy", ""),
                ("inline_policies", ""),
                ("policy", "")
            ]),
            object(&[("Name", "s"), ("SessionDuration", "PT8H"), ("InlinePolicy", "")]),
            object(&[("Version", "2012-10-17"), ("Statement", "")]),
            object(&[("RoleName", "r"), ("AssumeRolePolicyDocument", ""), ("Policy", "")]),
        ];
        let keys = [
            "Records",
            "Results",
            "configurationItems",
            "Message",
            "detail",
            "Events",
            "items",
            "steps",
            "rows",
            "PermissionSets",
            "Roles",
        ];
        let path =
            prop_oneof![Just(None), Just(Some("deployment")), prop::sample::select(keys.to_vec()).prop_map(Some)];
        (one, path, prop::bool::weighted(0.3), prop::bool::weighted(0.7)).prop_map(|(one, key, as_text, in_list)| {
            let one = if as_text { Json::from(one.to_string()) } else { one };
            let value = if in_list { Json::from(vec![one.clone(), one]) } else { one };
            match key {
                None => value,
                Some("deployment") => serde_json::json!({"deployment": {"resources": value}}),
                Some("steps") => {
                    serde_json::json!({"steps": [{"op": "update", "oldState": value[0], "newState": value[1]}]})
                }
                Some("items") => serde_json::json!({"kind": "List", "items": value}),
                Some(key) => serde_json::json!({key: value}),
            }
        })
    }

    fn spans_hold(value: &Value<'_>, text: &str) -> bool {
        text.get(value.span.range()).is_some()
            && match &value.kind {
                Kind::List(items) => items.iter().all(|item| spans_hold(item, text)),
                Kind::Map(members) => members.iter().all(|member| spans_hold(&member.value, text)),
                _ => true,
            }
    }

    proptest! {
        /// Every format takes any document, also one of another format, and every place is one in the file.
        #[test]
        fn any_document_is_read(value in json()) {
            let text = value.to_string();
            let parsed = parse(&text, Syntax::Json);
            let document = Document { text: &text, syntax: Syntax::Json, root: parsed.documents[0].clone() };
            let holds = |site: &PolicySite<'_>| spans_hold(&site.document, &text) && text.get(site.anchor.range()).is_some();
            for input in ALL {
                let mut found = Found::default();
                let detected = input.detect(&document).is_some();
                input.extract(&document, &mut found);
                prop_assert!(found.sites.iter().all(holds), "{}", input.name());
                prop_assert!(detected || found.sites.is_empty() || input.name() == "cloudformation", "{} extracts what it does not detect", input.name());
                input.versions(std::slice::from_ref(&document), Found::default());
            }
        }
    }
}
