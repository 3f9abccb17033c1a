//! Every input on any document.

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
    let leaf = prop_oneof![6 => text, 1 => Just(Json::Null), 1 => Just(Json::from(7200)), 1 => Just(Json::from(true))];
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
            object(&[("apiVersion", "iam.services.k8s.aws/v1"), ("kind", "Role"), ("metadata", ""), ("status", "")]),
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
    let path = prop_oneof![Just(None), Just(Some("deployment")), prop::sample::select(keys.to_vec()).prop_map(Some)];
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
