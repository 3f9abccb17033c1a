//! The state of a Pulumi stack, `pulumi stack export`, and what `pulumi preview --json` says will become of it.
//!
//! A resource has `inputs`, what the program says, and `outputs`, what the provider answered; both hold the same policy,
//! and the first is judged. A secret is an envelope, an object with a signature, and is never opened nor shown.

use super::history::Versions;
use super::record::{Record, account_of, get, inline, items, member, organization_kind, seconds, text};
use super::{Found, Input, unlisted};
use crate::diagnostic::Problem;
use crate::site::PolicyKind::{self, Identity, Resource, Trust};
use crate::span::Span;
use crate::syntax::Document;
use crate::value::{Domain, Hole, Kind, Member, Part, Text, Value};
use std::borrow::Cow;

/// The format.
#[derive(Debug)]
pub struct Pulumi;

/// The key that makes an object an envelope: of a secret, an asset, or a value that is not known yet.
const SIGNATURE: &str = "4dabf18193072939515e22adb298388d";
/// What stands for a string that is known only after an update.
const UNKNOWN: &str = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

impl Input for Pulumi {
    fn name(&self) -> &'static str {
        "pulumi"
    }

    fn detect(&self, document: &Document<'_>) -> Option<&'static str> {
        let root = &document.root;
        if resources(root).any(is_resource) {
            return Some("has a `deployment` with resources of Pulumi");
        }
        let is_step =
            |step: &Value<'_>| ["newState", "oldState"].iter().any(|key| step.get(key).is_some_and(is_resource));
        steps(root).any(is_step).then_some("has the `steps` of a preview of Pulumi")
    }

    fn secrets(&self, document: &Document<'_>, found: &mut Vec<Span>) {
        secrets(&document.root, found);
    }

    fn extract<'s>(&self, document: &'s Document<'s>, found: &mut Found<'s>) {
        let planned = steps(&document.root).filter_map(|step| step.get("newState"));
        for resource in resources(&document.root).chain(planned).filter(|resource| is_resource(resource)) {
            put(document, resource, found);
        }
    }

    fn versions<'s>(&self, documents: &'s [Document<'s>], found: Found<'s>) -> Option<Versions<'s>> {
        let mut versions = Versions { new: found, ..Versions::default() };
        let mut any = false;
        for document in documents {
            for step in steps(&document.root) {
                for (key, found) in [("oldState", &mut versions.old), ("newState", &mut versions.new)] {
                    if let Some(resource) = step.get(key).filter(|state| is_resource(state)) {
                        any = true;
                        put(document, resource, found);
                    }
                }
            }
        }
        any.then_some(versions)
    }
}

/// The resources of an export, or of a checkpoint as backends keep it.
fn resources<'v, 's>(root: &'v Value<'s>) -> impl Iterator<Item = &'v Value<'s>> {
    [["deployment", "resources"].as_slice(), &["checkpoint", "latest", "resources"]]
        .into_iter()
        .filter_map(|path| root.at(path)?.as_list())
        .flatten()
}

/// The steps of a preview. That a resource is replaced is said three times, of which `replace` has both states.
fn steps<'v, 's>(root: &'v Value<'s>) -> impl Iterator<Item = &'v Value<'s>> {
    let is_part = |step: &Value<'_>| matches!(text(step, "op"), Some("create-replacement" | "delete-replaced"));
    items(root, "steps").filter(move |step| !is_part(step))
}

fn is_resource(value: &Value<'_>) -> bool {
    text(value, "urn").is_some_and(|urn| urn.starts_with("urn:pulumi:")) && text(value, "type").is_some()
}

/// The places of all secrets.
fn secrets(value: &Value<'_>, found: &mut Vec<Span>) {
    match &value.kind {
        Kind::List(items) => items.iter().for_each(|item| secrets(item, found)),
        Kind::Map(members) if value.get(SIGNATURE).is_some() => {
            let hidden = members.iter().filter(|member| member.key != SIGNATURE);
            found.extend(hidden.map(|member| member.value.span));
        }
        Kind::Map(members) => members.iter().for_each(|member| secrets(&member.value, found)),
        _ => {}
    }
}

/// Where a property of a resource holds a policy: the property, or a list and the property of its elements.
struct Carrier {
    list: Option<&'static str>,
    property: &'static str,
    kind: PolicyKind,
}

fn carriers(resource_type: &str) -> impl Iterator<Item = Carrier> {
    let rows = TABLE.iter().filter(move |(name, ..)| *name == resource_type);
    rows.map(|&(_, path, kind)| match path.split_once("[].") {
        Some((list, property)) => Carrier { list: Some(list), property, kind },
        None => Carrier { list: None, property: path, kind },
    })
}

/// Whether the policies of a resource type look like IAM's and are written in another language.
fn has_own_language(resource_type: &str) -> bool {
    ["aws:iot/", "aws-native:iot:", "aws:verifiedpermissions/", "aws-native:verifiedpermissions:"]
        .iter()
        .any(|start| resource_type.starts_with(start))
}

fn put<'s>(document: &'s Document<'s>, resource: &'s Value<'s>, found: &mut Found<'s>) {
    let Some(urn) = member(resource, "urn") else { return };
    let address = urn.value.as_str().unwrap_or_default();
    let states = ["inputs", "outputs"].map(|key| get(resource, key));
    let property = |key: &str| states.into_iter().flatten().find_map(|state| get(state, key));
    let account = property("arn").and_then(Value::as_str).and_then(account_of);
    let record = |kind: PolicyKind, name: Option<&str>| Record {
        kind,
        address: inline(address, name),
        anchor: urn.value.span,
        account,
        name: property("name").filter(|_| kind == Trust).and_then(Value::as_text),
        max_session_duration: property("maxSessionDuration").filter(|_| kind == Trust).and_then(seconds),
    };
    let resource_type = text(resource, "type").unwrap_or_default();
    if carriers(resource_type).next().is_none() && !has_own_language(resource_type) {
        let mut places = Vec::new();
        states[0].into_iter().for_each(|inputs| unlisted::policies(inputs, &mut places));
        // Not at the value, which may be a secret.
        found.unlisted.extend(places.first().map(|_| (urn.value.span, unlisted::reason(address, resource_type))));
    }
    for Carrier { list, property: key, kind } in carriers(resource_type) {
        let holds = |state: &&Value<'_>| match list {
            Some(list) => items(state, list).any(|item| member(item, key).is_some()),
            None => get(state, key).is_some_and(|value| !matches!(value.kind, Kind::Null)),
        };
        let Some(state) = states.into_iter().flatten().find(holds) else { continue };
        let owners: Vec<&Value<'s>> = match list {
            Some(list) => items(state, list).collect(),
            None => vec![state],
        };
        for owner in owners {
            let (Some(policy), Some(kind)) = (member(owner, key), kind_of(state, kind)) else { continue };
            let name = ["name", "policyName"].into_iter().find_map(|key| text(owner, key)).filter(|_| list.is_some());
            let record = record(kind, name);
            match read(document, policy) {
                Ok(Some(document)) => record.push(document, found),
                Ok(None) => {}
                Err(Unread::Unknown(why)) => {
                    // Not at the value, which may be a secret.
                    found.unresolved.push((policy.key_span, format!("{}: it is {why}", record.address)));
                }
                Err(Unread::Wrong(problems)) => found.problems.extend(problems),
            }
        }
    }
}

/// The kind of a policy; that of an organization's tells its type. `None` for one in a language of its own.
fn kind_of(state: &Value<'_>, kind: PolicyKind) -> Option<PolicyKind> {
    match text(state, "type") {
        Some(name) if kind == PolicyKind::Scp => organization_kind(name),
        _ => Some(kind),
    }
}

/// Why a policy was not read.
enum Unread {
    Unknown(&'static str),
    Wrong(Vec<Problem>),
}

const SECRET: &str = "a secret";
const LATER: &str = "known only after an update";

/// The policy in a property, with what is not known of it as holes; `None` if there is none.
fn read<'s>(document: &'s Document<'s>, policy: &'s Member<'s>) -> Result<Option<Cow<'s, Value<'s>>>, Unread> {
    let node = &policy.value;
    let opened = match &node.kind {
        Kind::Map(_) => Cow::Borrowed(node),
        Kind::Null => return Ok(None),
        Kind::String(text) if text.is_empty() => return Ok(None),
        Kind::String(text) if text.contains(UNKNOWN) && !text.trim_start().starts_with('{') => {
            return Err(Unread::Unknown(LATER));
        }
        _ => Cow::Owned(document.open(node).map_err(Unread::Wrong)?),
    };
    match &opened.kind {
        Kind::Map(_) if opened.get(SIGNATURE).is_some() => Err(Unread::Unknown(SECRET)),
        _ if has_unknown(&opened) => Ok(Some(Cow::Owned(with_holes(&opened)))),
        _ => Ok(Some(opened)),
    }
}

fn has_unknown(value: &Value<'_>) -> bool {
    match &value.kind {
        Kind::String(text) => text.contains(UNKNOWN),
        Kind::List(items) => items.iter().any(has_unknown),
        Kind::Map(members) => {
            value.get(SIGNATURE).is_some()
                || members.iter().any(|member| member.key.contains(UNKNOWN) || has_unknown(&member.value))
        }
        _ => false,
    }
}

fn with_holes(value: &Value<'_>) -> Value<'static> {
    let hole = |why, domain| Hole { name: why_name(why).to_owned(), why, domain, default: None };
    match &value.kind {
        Kind::String(text) => {
            let mut parts = Vec::new();
            for (at, piece) in text.split(UNKNOWN).enumerate() {
                if at > 0 {
                    parts.push(Part::Hole(hole(LATER, Domain::Text)));
                }
                parts.push(Part::Literal(piece.to_owned()));
            }
            Value::text(Text::from_parts(parts, value.span))
        }
        Kind::List(items) => Value::new(Kind::List(items.iter().map(with_holes).collect()), value.span),
        Kind::Map(_) if value.get(SIGNATURE).is_some() => {
            Value::new(Kind::Unknown(Box::new(hole(SECRET, Domain::Any))), value.span)
        }
        Kind::Map(members) => {
            let members = members.iter().map(|member| Member {
                key: member.key.replace(UNKNOWN, "${output}").into(),
                key_span: member.key_span,
                value: with_holes(&member.value),
            });
            Value::new(Kind::Map(members.collect()), value.span)
        }
        _ => value.clone().into_owned(&|span| span),
    }
}

/// What a value is called of which only the reason is known that it is not.
fn why_name(why: &str) -> &'static str {
    if why == SECRET { "secret" } else { "output" }
}

#[rustfmt::skip]
const TABLE: &[(&str, &str, PolicyKind)] = &[
    ("aws:iam/role:Role", "assumeRolePolicy", Trust),
    ("aws:iam/role:Role", "inlinePolicies[].policy", Identity),
    ("aws:iam/rolePolicy:RolePolicy", "policy", Identity),
    ("aws:iam/userPolicy:UserPolicy", "policy", Identity),
    ("aws:iam/groupPolicy:GroupPolicy", "policy", Identity),
    ("aws:iam/policy:Policy", "policy", Identity),
    ("aws:ssoadmin/permissionSetInlinePolicy:PermissionSetInlinePolicy", "inlinePolicy", Identity),
    ("aws:organizations/policy:Policy", "content", PolicyKind::Scp),
    ("aws:organizations/resourcePolicy:ResourcePolicy", "content", Resource),
    ("aws:s3/bucketPolicy:BucketPolicy", "policy", Resource),
    ("aws:s3/bucket:Bucket", "policy", Resource),
    ("aws:s3/bucketV2:BucketV2", "policy", Resource),
    ("aws:s3/accessPoint:AccessPoint", "policy", Resource),
    ("aws:sqs/queue:Queue", "policy", Resource),
    ("aws:sqs/queuePolicy:QueuePolicy", "policy", Resource),
    ("aws:sns/topic:Topic", "policy", Resource),
    ("aws:sns/topicPolicy:TopicPolicy", "policy", Resource),
    ("aws:kms/key:Key", "policy", Resource),
    ("aws:kms/keyPolicy:KeyPolicy", "policy", Resource),
    ("aws:kms/externalKey:ExternalKey", "policy", Resource),
    ("aws:kms/replicaKey:ReplicaKey", "policy", Resource),
    ("aws:ecr/repositoryPolicy:RepositoryPolicy", "policy", Resource),
    ("aws:ecr/registryPolicy:RegistryPolicy", "policy", Resource),
    ("aws:ecrpublic/repositoryPolicy:RepositoryPolicy", "policy", Resource),
    ("aws:secretsmanager/secret:Secret", "policy", Resource),
    ("aws:secretsmanager/secretPolicy:SecretPolicy", "policy", Resource),
    ("aws:backup/vaultPolicy:VaultPolicy", "policy", Resource),
    ("aws:efs/fileSystemPolicy:FileSystemPolicy", "policy", Resource),
    ("aws:ec2/vpcEndpoint:VpcEndpoint", "policy", Resource),
    ("aws:ec2/vpcEndpointPolicy:VpcEndpointPolicy", "policy", Resource),
    ("aws:dynamodb/resourcePolicy:ResourcePolicy", "policy", Resource),
    ("aws:kinesis/resourcePolicy:ResourcePolicy", "policy", Resource),
    ("aws:glue/resourcePolicy:ResourcePolicy", "policy", Resource),
    ("aws:opensearch/domain:Domain", "accessPolicies", Resource),
    ("aws:opensearch/domainPolicy:DomainPolicy", "accessPolicies", Resource),
    ("aws:elasticsearch/domain:Domain", "accessPolicies", Resource),
    ("aws:elasticsearch/domainPolicy:DomainPolicy", "accessPolicies", Resource),
    ("aws:cloudwatch/eventBusPolicy:EventBusPolicy", "policy", Resource),
    ("aws:cloudwatch/logResourcePolicy:LogResourcePolicy", "policyDocument", Resource),
    ("aws:apigateway/restApi:RestApi", "policy", Resource),
    ("aws:apigateway/restApiPolicy:RestApiPolicy", "policy", Resource),
    ("aws:codeartifact/domainPermissionsPolicy:DomainPermissionsPolicy", "policyDocument", Resource),
    ("aws:codeartifact/repositoryPermissionsPolicy:RepositoryPermissionsPolicy", "policyDocument", Resource),
    ("aws-native:iam:Role", "assumeRolePolicyDocument", Trust),
    ("aws-native:iam:Role", "policies[].policyDocument", Identity),
    ("aws-native:iam:User", "policies[].policyDocument", Identity),
    ("aws-native:iam:Group", "policies[].policyDocument", Identity),
    ("aws-native:iam:ManagedPolicy", "policyDocument", Identity),
    ("aws-native:iam:RolePolicy", "policyDocument", Identity),
    ("aws-native:iam:UserPolicy", "policyDocument", Identity),
    ("aws-native:iam:GroupPolicy", "policyDocument", Identity),
    ("aws-native:s3:BucketPolicy", "policyDocument", Resource),
    ("aws-native:sqs:QueuePolicy", "policyDocument", Resource),
    ("aws-native:sqs:QueueInlinePolicy", "policyDocument", Resource),
    ("aws-native:sns:TopicPolicy", "policyDocument", Resource),
    ("aws-native:sns:TopicInlinePolicy", "policyDocument", Resource),
    ("aws-native:kms:Key", "keyPolicy", Resource),
    ("aws-native:ecr:Repository", "repositoryPolicyText", Resource),
    ("aws-native:secretsmanager:ResourcePolicy", "resourcePolicy", Resource),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::testing::{document, extract};
    use crate::site::OwnerAccount;
    use serde_json::{Value as Json, json};

    fn trust(principal: &str) -> String {
        format!(
            r#"{{"Statement":[{{"Effect":"Allow","Principal":{{"AWS":"{principal}"}},"Action":"sts:AssumeRole"}}]}}"#
        )
    }

    fn secret() -> Json {
        json!({SIGNATURE: "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "AAABAO9fcipher"})
    }

    const URN: &str = "urn:pulumi:prod::shop::aws:iam/role:Role::ci";

    fn role(inputs: Json) -> Json {
        json!({
            "urn": URN, "custom": true, "id": "ci-1a2b3c4", "type": "aws:iam/role:Role", "inputs": inputs,
            "outputs": {"arn": "arn:aws:iam::111122223333:role/ci-1a2b3c4", "name": "ci-1a2b3c4", "maxSessionDuration": 7200,
                "assumeRolePolicy": trust("of-outputs")},
        })
    }

    fn export(resources: Json) -> String {
        let text = json!({"version": 3, "deployment": {"manifest": {}, "resources": resources}}).to_string();
        assert!(Pulumi.detect(document(&text)).is_some(), "{text}");
        text
    }

    fn principal(found: &Found<'_>, at: usize) -> Option<String> {
        let value = found.sites[at].document.get("Statement")?.one_or_many()[0].at(&["Principal", "AWS"])?;
        value.as_text().map(|text| text.display().into_owned())
    }

    #[test]
    fn inputs_come_before_outputs() {
        let inline = json!([{"name": "deploy", "policy": r#"{"Statement": []}"#}]);
        let inputs = json!({"assumeRolePolicy": trust("of-inputs"), "inlinePolicies": inline});
        let found = extract(&Pulumi, &export(json!([role(inputs), role(json!({}))])));
        let addresses: Vec<_> = found.sites.iter().map(|site| (site.address.clone(), site.kind.name())).collect();
        let expected =
            [(URN.to_owned(), "trust"), (format!("{URN} policy/deploy"), "identity"), (URN.to_owned(), "trust")];
        assert_eq!(addresses, expected);
        assert_eq!(principal(&found, 0).as_deref(), Some("of-inputs"));
        assert_eq!(principal(&found, 2).as_deref(), Some("of-outputs"));
        let owner = &found.sites[0].owner;
        assert_eq!(owner.account, OwnerAccount::Id("111122223333".into()));
        assert_eq!(owner.name.as_ref().and_then(Text::known), Some("ci-1a2b3c4"));
        assert_eq!(owner.max_session_duration.as_ref().and_then(|setting| setting.value.known()), Some("7200"));
    }

    #[test]
    fn secrets_are_unknown() {
        let native = json!({"urn": "urn:pulumi:prod::shop::aws-native:iam:Role::n", "type": "aws-native:iam:Role", "inputs": {
            "assumeRolePolicyDocument": {"Statement": [{"Effect": "Allow", "Principal": {"AWS": secret()}, "Action": "sts:AssumeRole"}]}}});
        let text = export(json!([role(json!({"assumeRolePolicy": secret()})), native]));
        let found = extract(&Pulumi, &text);
        assert_eq!(found.unresolved.len(), 1);
        assert_eq!(found.unresolved[0].1, format!("{URN}: it is a secret"));
        assert_eq!(&text[found.unresolved[0].0.range()], r#""assumeRolePolicy""#);
        assert_eq!(found.sites.len(), 1);
        assert_eq!(found.sites[0].document.count_unknown(), 1);
        let mut secrets = Vec::new();
        Pulumi.secrets(document(&text), &mut secrets);
        let shown: Vec<_> = secrets.iter().map(|span| &text[span.range()]).collect();
        assert_eq!(shown, [r#""AAABAO9fcipher""#; 2]);
    }

    #[test]
    fn values_that_come_with_an_update() {
        let unknown = role(json!({"assumeRolePolicy": UNKNOWN}));
        let partly = role(json!({"assumeRolePolicy": trust(&format!("arn:aws:iam::{UNKNOWN}:root"))}));
        let found = extract(&Pulumi, &export(json!([unknown, partly])));
        assert_eq!(found.unresolved[0].1, format!("{URN}: it is known only after an update"));
        assert_eq!(principal(&found, 0).as_deref(), Some("arn:aws:iam::${output}:root"));
    }

    #[test]
    fn a_preview_holds_both_versions() {
        let (old, new) = (role(json!({"assumeRolePolicy": trust("a")})), role(json!({"assumeRolePolicy": trust("b")})));
        let step = |op: &str| json!({"op": op, "urn": URN, "oldState": old, "newState": new});
        let text = json!({"steps": [step("create-replacement"), step("replace"), step("delete-replaced")]}).to_string();
        let documents = document(&text);
        assert!(Pulumi.detect(documents).is_some());
        let versions = Pulumi.versions(std::slice::from_ref(documents), Found::default()).expect("it has versions");
        assert_eq!((versions.old.sites.len(), versions.new.sites.len()), (1, 1));
        assert_eq!(principal(&versions.old, 0).as_deref(), Some("a"));
        assert_eq!(principal(&versions.new, 0).as_deref(), Some("b"));
        assert_eq!(principal(&extract(&Pulumi, &text), 0).as_deref(), Some("b"));
        let state = document(&export(json!([role(json!({}))])));
        assert!(Pulumi.versions(std::slice::from_ref(state), Found::default()).is_none(), "a state is one version");
    }

    #[test]
    fn other_files() {
        for text in [
            r#"{"deployment": {"resources": [{"type": "aws:iam/role:Role"}]}}"#,
            r#"{"steps": [{"newState": "x"}], "deployment": 1}"#,
            "[]",
        ] {
            assert!(Pulumi.detect(document(text)).is_none(), "{text}");
        }
    }
}
