//! Configuration items of AWS Config: one, a list, the delivered history and snapshots, `select-resource-config` and
//! `batch-get-resource-config`, and the messages about a change.
//!
//! The items of IAM keep the shapes of its API with other letters and percent-encoded documents. Much of it may be
//! wrapped in strings: an item in the result of a query, its configuration, a document.

use super::record::{Record, account_of, get, holds_policy, inline, is_of_aws, items, member, seconds, text};
use super::{Found, Input, nested};
use crate::site::PolicyKind;
use crate::syntax::Document;
use crate::value::{Kind, Member, Value};
use std::collections::HashMap;

/// The format.
#[derive(Debug)]
pub struct AwsConfig;

/// How many strings around an item are opened: the body of a queue's message, a topic's message, a result.
const MAX_WRAPS: usize = 3;

/// Lists of items, as objects or strings.
const LISTS: [&str; 3] = ["configurationItems", "baseConfigurationItems", "Results"];
/// Strings that hold what a topic, a queue or a rule was told.
const MESSAGES: [&str; 3] = ["Message", "invokingEvent", "Body"];

/// Keys that hold the policy of a resource.
const RESOURCE_POLICIES: [&str; 10] = [
    "Policy",
    "AccessPolicy",
    "AccessPolicies",
    "FileSystemPolicy",
    "KeyPolicy",
    "PolicyDocument",
    "PolicyText",
    "RepositoryPolicyText",
    "ResourcePolicy",
    "ResourcePolicyDocument",
];

/// Services whose policies are written in languages of their own.
const OTHER_LANGUAGES: [&str; 4] =
    ["AWS::IoT::", "AWS::VerifiedPermissions::", "AWS::EC2::VerifiedAccess", "AWS::NetworkManager::"];

impl Input for AwsConfig {
    fn name(&self) -> &'static str {
        "aws-config"
    }

    fn detect(&self, document: &Document<'_>) -> Option<&'static str> {
        has_item(document, MAX_WRAPS).then_some("has configuration items of AWS Config")
    }

    fn extract<'s>(&self, document: &'s Document<'s>, found: &mut Found<'s>) {
        let mut times = Vec::new();
        let before = found.sites.len();
        put_items(document, MAX_WRAPS, found, &mut times);
        tell_apart(found, before, &times);
    }
}

/// A history has the same resource at several times: the addresses of these say when.
fn tell_apart(found: &mut Found<'_>, before: usize, times: &[String]) {
    let sites = &mut found.sites[before..];
    let mut count: HashMap<String, usize> = HashMap::new();
    sites.iter().for_each(|site| *count.entry(site.address.clone()).or_default() += 1);
    for (site, time) in sites.iter_mut().zip(times) {
        if !time.is_empty() && count.get(&site.address).is_some_and(|count| *count > 1) {
            site.address = format!("{} at {time}", site.address);
        }
    }
}

/// Something in a document that is an item, or a string in which there may be some.
enum Part<'v, 's> {
    Item(&'v Value<'s>),
    Wrapped(&'v Value<'s>),
}

fn parts<'v, 's>(root: &'v Value<'s>) -> Vec<Part<'v, 's>> {
    let part = |value: &'v Value<'s>| match value.kind {
        Kind::String(_) => nested::is_json(value).then_some(Part::Wrapped(value)),
        _ => is_item(value).then_some(Part::Item(value)),
    };
    let lists = root.as_list().into_iter().chain(LISTS.iter().filter_map(|key| get(root, key)?.as_list()));
    let alone = [
        Some(root),
        get(root, "configurationItem"),
        get(root, "detail").and_then(|detail| get(detail, "configurationItem")),
    ];
    let messages = MESSAGES.iter().filter_map(|key| get(root, key));
    lists.flatten().chain(alone.into_iter().flatten()).chain(messages).filter_map(part).collect()
}

fn is_item(value: &Value<'_>) -> bool {
    let holds = |key: &str| get(value, key).is_some_and(|value| !is_null(value));
    let typed = text(value, "resourceType").is_some_and(|name| name.starts_with("AWS::"));
    if typed {
        return holds("configuration") || holds("supplementaryConfiguration");
    }
    // A query need not ask for the type.
    get(value, "configuration").is_some_and(|value| match &value.kind {
        Kind::String(text) => text.contains("assumeRolePolicyDocument"),
        _ => value.get("assumeRolePolicyDocument").is_some(),
    })
}

fn has_item(document: &Document<'_>, wraps: usize) -> bool {
    parts(&document.root).into_iter().any(|part| match part {
        Part::Item(_) => true,
        Part::Wrapped(node) => {
            wraps > 0 && nested::look(document, node, |inner| has_item(inner, wraps - 1).then_some(())).is_some()
        }
    })
}

fn put_items<'s>(document: &'s Document<'s>, wraps: usize, found: &mut Found<'s>, times: &mut Vec<String>) {
    for part in parts(&document.root) {
        match part {
            Part::Item(item) => {
                let before = found.sites.len();
                put_item(document, item, found);
                let time = get(item, "configurationItemCaptureTime").and_then(seconds);
                let time = time.and_then(|time| time.value.known().map(str::to_owned)).unwrap_or_default();
                times.extend(std::iter::repeat_n(time, found.sites.len() - before));
            }
            Part::Wrapped(node) if wraps > 0 => {
                nested::extract(document, node, found, |inner, found| put_items(inner, wraps - 1, found, times));
            }
            Part::Wrapped(_) => {}
        }
    }
}

/// What an item says of its resource.
#[derive(Clone, Copy)]
struct About<'a> {
    resource_type: &'a str,
    arn: Option<&'a str>,
    name: &'a str,
    account: Option<&'a str>,
}

fn put_item<'s>(document: &'s Document<'s>, item: &'s Value<'s>, found: &mut Found<'s>) {
    let arn = text(item, "arn");
    let account = ["awsAccountId", "accountId"].into_iter().find_map(|key| text(item, key));
    let about = About {
        resource_type: text(item, "resourceType").unwrap_or("AWS::IAM::Role"),
        arn,
        name: ["resourceName", "resourceId"].into_iter().find_map(|key| text(item, key)).unwrap_or_default(),
        account: account.or_else(|| account_of(arn?)),
    };
    for key in ["configuration", "supplementaryConfiguration"] {
        let Some(member) = member(item, key) else { continue };
        match member.value.kind {
            Kind::Map(_) => put_configuration(document, &member.value, &about, found),
            Kind::String(_) if nested::is_json(&member.value) => {
                nested::extract(document, &member.value, found, |inner, found| {
                    put_configuration(inner, &inner.root, &about, found);
                });
            }
            _ => {}
        }
    }
}

/// A configuration, whose policies are put.
struct Configuration<'a, 's> {
    document: &'s Document<'s>,
    node: &'s Value<'s>,
    address: &'a str,
    account: Option<&'a str>,
}

fn put_configuration<'s>(document: &'s Document<'s>, node: &'s Value<'s>, about: &About<'_>, found: &mut Found<'s>) {
    let arn = about.arn.or_else(|| text(node, "arn"));
    let account = about.account.or_else(|| account_of(arn?));
    let this = Configuration { document, node, address: arn.unwrap_or(about.name), account };
    match about.resource_type {
        "AWS::IAM::Role" => this.role(found),
        "AWS::IAM::User" => this.inline("userPolicyList", "userName", found),
        "AWS::IAM::Group" => this.inline("groupPolicyList", "groupName", found),
        "AWS::IAM::Policy" => this.managed(found),
        name if OTHER_LANGUAGES.iter().any(|other| name.starts_with(other)) => {}
        _ => this.resource(found),
    }
}

impl<'s> Configuration<'_, 's> {
    /// Put a policy whose owner is named by the member `name`.
    fn put(&self, kind: PolicyKind, address: String, name: &str, policy: &'s Member<'s>, found: &mut Found<'s>) {
        let is_trust = kind == PolicyKind::Trust;
        let record = Record {
            kind,
            address,
            anchor: get(self.node, name).map_or(policy.key_span, |name| name.span),
            account: self.account,
            name: get(self.node, "roleName").and_then(Value::as_text),
            max_session_duration: get(self.node, "maxSessionDuration").filter(|_| is_trust).and_then(seconds),
        };
        record.put(self.document, &policy.value, found);
    }

    fn role(&self, found: &mut Found<'s>) {
        // Service-linked roles belong to their service; nobody can edit them.
        if text(self.node, "path").is_some_and(|path| path.starts_with("/aws-service-role/")) {
            return;
        }
        if let Some(trust) = member(self.node, "assumeRolePolicyDocument").filter(|trust| !is_null(&trust.value)) {
            self.put(PolicyKind::Trust, self.address.to_owned(), "roleName", trust, found);
        }
        self.inline("rolePolicyList", "roleName", found);
    }

    fn inline(&self, list: &str, name: &str, found: &mut Found<'s>) {
        for policy in items(self.node, list) {
            if let Some(document) = member(policy, "policyDocument") {
                let address = inline(self.address, text(policy, "policyName"));
                self.put(PolicyKind::Identity, address, name, document, found);
            }
        }
    }

    /// The version in force of a managed policy, if the user can change it.
    fn managed(&self, found: &mut Found<'s>) {
        let in_force =
            |version: &&Value<'_>| get(version, "isDefaultVersion").is_some_and(|is| is.kind == Kind::Bool(true));
        for version in items(self.node, "policyVersionList").filter(in_force) {
            if let Some(policy) = member(version, "document").filter(|_| !is_of_aws(self.address)) {
                self.put(PolicyKind::Identity, self.address.to_owned(), "policyName", policy, found);
            }
        }
    }

    /// The policy of a resource. A bucket's is the `policyText` of an object.
    fn resource(&self, found: &mut Found<'s>) {
        let policies = RESOURCE_POLICIES.iter().filter_map(|key| member(self.node, key));
        for policy in policies.filter(|policy| holds_policy(&policy.value)) {
            self.put(PolicyKind::Resource, self.address.to_owned(), "name", policy, found);
        }
        let Some(node) = get(self.node, "BucketPolicy") else { return };
        if nested::is_json(node) {
            nested::extract(self.document, node, found, |inner, found| {
                Configuration { document: inner, node: &inner.root, ..*self }.resource(found);
            });
        } else {
            Configuration { node, ..*self }.resource(found);
        }
    }
}

fn is_null(value: &Value<'_>) -> bool {
    matches!(value.kind, Kind::Null)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::testing::{document, extract};
    use crate::site::OwnerAccount;
    use serde_json::{Value as Json, json};

    const TRUST: &str = r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}]}"#;

    fn encoded() -> String {
        TRUST.bytes().map(|byte| format!("%{byte:02X}")).collect()
    }

    fn role(configuration: Json) -> Json {
        json!({
            "resourceType": "AWS::IAM::Role",
            "ARN": "arn:aws:iam::111122223333:role/ci",
            "awsAccountId": "111122223333",
            "configurationItemCaptureTime": "2026-03-02T08:11:00.000Z",
            "configuration": configuration,
        })
    }

    fn configuration() -> Json {
        json!({
            "roleName": "ci",
            "path": "/",
            "arn": "arn:aws:iam::111122223333:role/ci",
            "assumeRolePolicyDocument": encoded(),
            "rolePolicyList": [{"policyName": "deploy", "policyDocument": encoded()}],
        })
    }

    fn found(text: &str) -> Found<'static> {
        assert!(AwsConfig.detect(document(text)).is_some(), "{text}");
        extract(&AwsConfig, text)
    }

    fn sites(found: &Found<'_>) -> Vec<(String, &'static str)> {
        found.sites.iter().map(|site| (site.address.clone(), site.kind.name())).collect()
    }

    /// The text in the file that a member of a site's first statement has.
    fn written<'t>(text: &'t str, found: &Found<'_>, at: usize, key: &str) -> &'t str {
        let statements = found.sites[at].document.get("Statement").expect("it has statements");
        let value = statements.one_or_many()[0].get(key).expect("it is there");
        &text[value.span.range()]
    }

    #[test]
    fn an_item_in_everything_that_holds_items() {
        let item = role(configuration());
        let as_text = role(configuration().to_string().into());
        let message = json!({"configurationItemDiff": null, "configurationItem": item});
        for outer in [
            item.clone(),
            as_text.clone(),
            json!([item]),
            json!({"configurationItems": [item], "fileVersion": "1.0"}),
            json!({"baseConfigurationItems": [as_text], "unprocessedResourceKeys": []}),
            json!({"Results": [item.to_string()], "QueryInfo": {}}),
            message.clone(),
            json!({"detail-type": "Config Configuration Item Change", "detail": message}),
            json!({"Type": "Notification", "Message": message.to_string()}),
            json!({"Body": json!({"Message": message.to_string()}).to_string()}),
        ] {
            let text = outer.to_string();
            let found = found(&text);
            let ci = "arn:aws:iam::111122223333:role/ci";
            let expected = [(ci.to_owned(), "trust"), (format!("{ci} policy/deploy"), "identity")];
            assert_eq!(sites(&found), expected, "{text}");
            let owner = &found.sites[0].owner;
            assert_eq!(owner.account, OwnerAccount::Id("111122223333".into()));
            assert_eq!(owner.name.as_ref().and_then(|name| name.known()), Some("ci"));
            let action: String = r#""sts:AssumeRole""#.bytes().map(|byte| format!("%{byte:02X}")).collect();
            assert_eq!(written(&text, &found, 0, "Action"), action, "the place is exact in every wrapping");
        }
    }

    #[test]
    fn other_principals_and_the_version_in_force() {
        let of = |kind: &str, arn: &str, configuration: Json| json!({"resourceType": kind, "arn": arn, "configuration": configuration});
        let policy = json!([
            {"versionId": "v1", "isDefaultVersion": false, "document": encoded()},
            {"versionId": "v2", "isDefaultVersion": true, "document": encoded()},
        ]);
        let text = json!([
            of(
                "AWS::IAM::User",
                "arn:aws:iam::111122223333:user/u",
                json!({"userName": "u", "userPolicyList": [{"policyName": "a", "policyDocument": encoded()}]})
            ),
            of(
                "AWS::IAM::Group",
                "arn:aws:iam::111122223333:group/g",
                json!({"groupName": "g", "groupPolicyList": [{"policyName": "b", "policyDocument": encoded()}]})
            ),
            of("AWS::IAM::Policy", "arn:aws:iam::111122223333:policy/p", json!({"policyVersionList": policy})),
            of("AWS::IAM::Policy", "arn:aws:iam::aws:policy/p", json!({"policyVersionList": policy})),
            of(
                "AWS::IAM::Role",
                "arn:aws:iam::111122223333:role/aws-service-role/x/s",
                json!({"path": "/aws-service-role/x/", "assumeRolePolicyDocument": encoded()})
            ),
        ]);
        let expected = [
            "arn:aws:iam::111122223333:user/u policy/a",
            "arn:aws:iam::111122223333:group/g policy/b",
            "arn:aws:iam::111122223333:policy/p",
        ];
        let found = found(&text.to_string());
        assert_eq!(sites(&found), expected.map(|address| (address.to_owned(), "identity")));
    }

    #[test]
    fn policies_of_resources() {
        let policy = r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}]}"#;
        let text = json!([
            {"resourceType": "AWS::S3::Bucket", "resourceName": "b", "accountId": "111122223333", "configuration": {"name": "b"},
             "supplementaryConfiguration": {"BucketPolicy": {"policyText": policy}}},
            {"resourceType": "AWS::S3::Bucket", "resourceName": "c", "configuration": "{}",
             "supplementaryConfiguration": {"BucketPolicy": json!({"policyText": policy}).to_string()}},
            {"resourceType": "AWS::S3::Bucket", "resourceName": "none", "configuration": {},
             "supplementaryConfiguration": {"BucketPolicy": {"policyText": null}}},
            {"resourceType": "AWS::KMS::Key", "arn": "arn:aws:kms:eu-west-1:111122223333:key/k", "configuration": {},
             "supplementaryConfiguration": {"Policy": serde_json::to_string(policy).expect("JSON")}},
            {"resourceType": "AWS::ECR::Repository", "resourceId": "r", "configuration": {"RepositoryPolicyText": serde_json::from_str::<Json>(policy).expect("JSON")}},
            {"resourceType": "AWS::IoT::Policy", "resourceId": "i", "configuration": {"policyDocument": policy}},
        ])
        .to_string();
        let found = found(&text);
        let expected = ["b", "c", "arn:aws:kms:eu-west-1:111122223333:key/k", "r"];
        assert_eq!(sites(&found), expected.map(|address| (address.to_owned(), "resource")));
        assert!(found.problems.is_empty(), "{:?}", found.problems);
        assert_eq!(written(&text, &found, 2, "Action"), r#"\\\"kms:*\\\""#);
    }

    #[test]
    fn a_history_tells_the_times_apart() {
        let mut later = role(configuration());
        later["configurationItemCaptureTime"] = "2026-03-04T00:00:00.000Z".into();
        let mut deleted = role(Json::Null);
        deleted["configurationItemStatus"] = "ResourceDeleted".into();
        let found = found(&json!({"configurationItems": [deleted, later, role(configuration())]}).to_string());
        let addresses: Vec<_> = found.sites.iter().map(|site| site.address.as_str()).collect();
        let ci = "arn:aws:iam::111122223333:role/ci";
        let expected = [
            format!("{ci} at 2026-03-04T00:00:00.000Z"),
            format!("{ci} policy/deploy at 2026-03-04T00:00:00.000Z"),
            format!("{ci} at 2026-03-02T08:11:00.000Z"),
            format!("{ci} policy/deploy at 2026-03-02T08:11:00.000Z"),
        ];
        assert_eq!(addresses, expected);
    }

    #[test]
    fn a_query_that_asks_for_little() {
        let result = json!({"resourceId": "AROAEXAMPLE", "configuration": {"assumeRolePolicyDocument": encoded()}});
        let found = found(&json!({"Results": [result.to_string()]}).to_string());
        assert_eq!(sites(&found), [("AROAEXAMPLE".to_owned(), "trust")]);
    }

    #[test]
    fn other_files() {
        for text in [
            r#"{"Results": ["{\"resourceType\": \"AWS::EC2::Instance\"}"]}"#,
            r#"{"resourceType": "Patient", "configuration": {}}"#,
            r#"{"Message": "{\"alarm\": 1}", "Results": [1, "x"]}"#,
            "[1]",
        ] {
            assert!(AwsConfig.detect(document(text)).is_none(), "{text}");
        }
        // Each string around an item makes it longer, and so only a few are opened.
        let mut text = role(configuration()).to_string();
        for _ in 0..MAX_WRAPS {
            text = json!({"Message": text}).to_string();
        }
        assert!(AwsConfig.detect(document(&text)).is_some());
        assert!(AwsConfig.detect(document(&json!({"Message": text}).to_string())).is_none());
    }
}
