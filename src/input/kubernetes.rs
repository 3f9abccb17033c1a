//! Kubernetes manifests of AWS resources: AWS Controllers for Kubernetes, Crossplane, and its compositions.
//!
//! Policies are strings of JSON in fields of the `spec`. Helm and others fill in placeholders later: those in strings
//! are holes, and a policy that is a placeholder as a whole is not known.

use super::record::{Record, account_of, inline, is_account, organization_kind, seconds, text};
use super::{Found, Input, placeholder};
use crate::site::PolicyKind::{self, Identity, Resource, Trust};
use crate::syntax::Document;
use crate::value::{Kind, Member, Value};
use std::borrow::Cow;

/// The format.
#[derive(Debug)]
pub struct Kubernetes;

impl Input for Kubernetes {
    fn name(&self) -> &'static str {
        "kubernetes"
    }

    fn detect(&self, document: &Document<'_>) -> Option<&'static str> {
        let holds = |manifest: &Manifest<'_, '_>| {
            carriers(manifest.object).next().is_some() || manifest.patched().next().is_some()
        };
        manifests(&document.root).iter().any(holds).then_some("has Kubernetes manifests of resources with policies")
    }

    fn extract<'s>(&self, document: &'s Document<'s>, found: &mut Found<'s>) {
        for manifest in manifests(&document.root) {
            for carrier in carriers(manifest.object) {
                manifest.put(document, &carrier, found);
            }
            for (row, patch) in manifest.patched().filter(|(row, _)| row.member(manifest.object).is_none()) {
                let owner = manifest.owner();
                found.unresolved.push((patch.span, format!("{owner}: `{}` is {PATCHED}", row.field)));
            }
        }
    }
}

/// An object, and what a composition calls it and writes over it.
struct Manifest<'v, 's> {
    object: &'v Value<'s>,
    name: Option<&'v Value<'s>>,
    patches: &'v [Value<'s>],
}

/// The manifests in a document: it alone, the items of a list, or the bases of a composition.
fn manifests<'v, 's>(root: &'v Value<'s>) -> Vec<Manifest<'v, 's>> {
    let kind = text(root, "kind").unwrap_or_default();
    let list = |value: Option<&'v Value<'s>>| value.and_then(Value::as_list).unwrap_or_default().iter();
    if kind == "Composition" {
        let steps = list(root.at(&["spec", "pipeline"])).filter_map(|step| step.at(&["input", "resources"]));
        let resources = steps.chain(root.at(&["spec", "resources"])).flat_map(|resources| list(Some(resources)));
        let base = |resource: &'v Value<'s>| {
            let patches = resource.get("patches").and_then(Value::as_list).unwrap_or_default();
            Some(Manifest { object: resource.get("base")?, name: resource.get("name"), patches })
        };
        return resources.filter_map(base).collect();
    }
    if kind.ends_with("List") {
        return list(root.get("items")).map(|object| Manifest { object, name: None, patches: &[] }).collect();
    }
    vec![Manifest { object: root, name: None, patches: &[] }]
}

/// Who makes resources of manifests, which decides where these hold what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Maker {
    /// AWS Controllers for Kubernetes.
    Ack,
    /// The Crossplane providers that are made from Terraform's.
    Upjet,
    /// The Crossplane provider of the community.
    Community,
}

impl Maker {
    /// The maker and the service of a group of the API.
    fn of(api_version: &str) -> Option<(Maker, &str)> {
        let (group, _) = api_version.split_once('/')?;
        [
            (".services.k8s.aws", Maker::Ack),
            (".aws.upbound.io", Maker::Upjet),
            (".aws.m.upbound.io", Maker::Upjet),
            (".aws.crossplane.io", Maker::Community),
        ]
        .into_iter()
        .find_map(|(end, maker)| Some((maker, group.strip_suffix(end)?)))
    }

    /// The objects that hold the fields of a resource.
    fn holders(self) -> &'static [&'static [&'static str]] {
        match self {
            Maker::Ack => &[&["spec"]],
            Maker::Upjet | Maker::Community => &[&["spec", "forProvider"], &["spec", "initProvider"]],
        }
    }
}

/// How a field holds a policy.
#[derive(Clone, Copy, Debug)]
enum Shape {
    /// It is one.
    One,
    /// It is an object with the names and the policies.
    ByName,
    /// It is a list of objects with a `name` and a `policy`.
    List,
}

/// A policy in a manifest.
struct Carrier<'v, 's> {
    field: &'static str,
    kind: PolicyKind,
    /// The name of an inline policy.
    name: Option<&'v str>,
    policy: &'v Member<'s>,
}

/// The rows of the table about an object.
fn rows(object: &Value<'_>) -> impl Iterator<Item = &'static Row> {
    let of = object.get("apiVersion").and_then(Value::as_str).and_then(Maker::of);
    let kind = object.get("kind").and_then(Value::as_str).unwrap_or_default();
    let is_about = |row: &&Row| of == Some((row.maker, row.service)) && row.resource == kind;
    TABLE.iter().filter(is_about).collect::<Vec<_>>().into_iter()
}

fn carriers<'v, 's>(object: &'v Value<'s>) -> impl Iterator<Item = Carrier<'v, 's>> {
    rows(object).filter_map(|row| Some((row, row.member(object)?))).flat_map(move |(row, member)| {
        row.kind_in(object).map(|kind| policies(member, row.field, row.shape, kind)).unwrap_or_default()
    })
}

impl Row {
    /// The objects that hold the fields of a resource.
    fn holders<'v, 's>(&self, object: &'v Value<'s>) -> impl Iterator<Item = &'v Value<'s>> {
        self.maker.holders().iter().filter_map(|path| object.at(path))
    }

    fn member<'v, 's>(&self, object: &'v Value<'s>) -> Option<&'v Member<'s>> {
        self.holders(object).find_map(|holder| holder.member(self.field))
    }

    /// The kind of the policy; `None` for a language of another sort, of which an organization has several.
    fn kind_in(&self, object: &Value<'_>) -> Option<PolicyKind> {
        match self.holders(object).find_map(|holder| text(holder, "type")) {
            Some(name) if self.kind == PolicyKind::Scp => organization_kind(name),
            _ => Some(self.kind),
        }
    }
}

fn policies<'v, 's>(
    member: &'v Member<'s>,
    field: &'static str,
    shape: Shape,
    kind: PolicyKind,
) -> Vec<Carrier<'v, 's>> {
    let carrier = |name, policy| Carrier { field, kind, name, policy };
    match shape {
        Shape::One => vec![carrier(None, member)],
        Shape::ByName => {
            let members = member.value.as_map().unwrap_or_default();
            members.iter().map(|policy| carrier(Some(policy.key.as_ref()), policy)).collect()
        }
        Shape::List => {
            let items = member.value.as_list().unwrap_or_default();
            let policy = |item: &'v Value<'s>| Some(carrier(text(item, "name"), item.member("policy")?));
            items.iter().filter_map(policy).collect()
        }
    }
}

/// What a policy is, to follow "is", that a composition writes over another.
const PATCHED: &str = "written by a patch of the composition";

impl<'v, 's> Manifest<'v, 's> {
    /// The rows about the object whose fields the composition writes, with the patch.
    fn patched(&self) -> impl Iterator<Item = (&'static Row, &'v Value<'s>)> {
        let patches = self.patches;
        rows(self.object).filter_map(|row| Some((row, patches.iter().find(|patch| writes(patch, row.field))?)))
    }

    /// What the object is called.
    fn owner(&self) -> String {
        let name = self.object.at(&["metadata", "name"]).or(self.name).and_then(Value::as_str).unwrap_or_default();
        let kind = text(self.object, "kind").unwrap_or_default();
        match self.object.at(&["metadata", "namespace"]).and_then(Value::as_str) {
            Some(namespace) => format!("{kind}/{namespace}/{name}"),
            None => format!("{kind}/{name}"),
        }
    }
}

impl<'s> Manifest<'s, 's> {
    fn put(&self, document: &'s Document<'s>, carrier: &Carrier<'s, 's>, found: &mut Found<'s>) {
        let record = self.record(carrier);
        let node = &carrier.policy.value;
        let mut unknown = |why: &str| found.unresolved.push((node.span, format!("{}: it is {why}", record.address)));
        if self.patches.iter().any(|patch| writes(patch, carrier.field)) {
            return unknown(PATCHED);
        }
        let policy = match &node.kind {
            Kind::Map(_) => Cow::Borrowed(node),
            Kind::Null => return,
            Kind::String(text) if text.trim().is_empty() => return,
            Kind::String(text) if placeholder::starts_with_one(text) => return unknown(placeholder::WHY),
            _ => match document.open(node) {
                Ok(policy) => Cow::Owned(policy),
                // The structure itself may come from a placeholder.
                Err(_) if node.as_str().is_some_and(placeholder::may_have_one) => return unknown(placeholder::WHY),
                Err(problems) => return found.problems.extend(problems),
            },
        };
        record.push(placeholder::resolve(&policy).map_or(policy, Cow::Owned), found);
    }

    fn record(&self, carrier: &Carrier<'s, 's>) -> Record<'s> {
        let object = self.object;
        let name = object.at(&["metadata", "name"]).or(self.name);
        let annotation = |key: &str| object.at(&["metadata", "annotations"])?.get(key);
        let status = |path: &[&str]| object.get("status")?.at(path)?.as_str();
        let arn = status(&["ackResourceMetadata", "arn"]).or_else(|| status(&["atProvider", "arn"]));
        let account = status(&["ackResourceMetadata", "ownerAccountID"])
            .or_else(|| annotation("services.k8s.aws/owner-account-id")?.as_str())
            .filter(|id| is_account(id));
        let role_name = object.at(&["spec", "name"]).or_else(|| annotation("crossplane.io/external-name")).or(name);
        let is_trust = carrier.kind == Trust;
        let is_known = |name: &&Value<'_>| name.as_str().is_some_and(|name| !placeholder::may_have_one(name));
        let session = [&["spec"][..], &["spec", "forProvider"]]
            .into_iter()
            .find_map(|path| object.at(path)?.get("maxSessionDuration"));
        Record {
            kind: carrier.kind,
            address: inline(&self.owner(), carrier.name),
            anchor: name.map_or(carrier.policy.key_span, |name| name.span),
            account: account.or_else(|| account_of(arn?)),
            name: role_name.filter(|_| is_trust).filter(is_known).and_then(Value::as_text),
            max_session_duration: session.filter(|_| is_trust).and_then(seconds),
        }
    }
}

/// Whether a patch of a composition writes a field.
fn writes(patch: &Value<'_>, field: &str) -> bool {
    text(patch, "toFieldPath")
        .or_else(|| text(patch, "fromFieldPath"))
        .is_some_and(|path| path.split(['.', '[', ']']).any(|part| part == field))
}

/// Where a resource holds a policy.
#[derive(Clone, Copy, Debug)]
struct Row {
    maker: Maker,
    service: &'static str,
    resource: &'static str,
    field: &'static str,
    shape: Shape,
    kind: PolicyKind,
}

const fn row(
    maker: Maker,
    service: &'static str,
    resource: &'static str,
    field: &'static str,
    shape: Shape,
    kind: PolicyKind,
) -> Row {
    Row { maker, service, resource, field, shape, kind }
}

use Maker::{Ack, Community, Upjet};
use Shape::{ByName, List, One};

#[rustfmt::skip]
const TABLE: &[Row] = &[
    row(Ack, "iam", "Role", "assumeRolePolicyDocument", One, Trust),
    row(Ack, "iam", "Role", "inlinePolicies", ByName, Identity),
    row(Ack, "iam", "User", "inlinePolicies", ByName, Identity),
    row(Ack, "iam", "Group", "inlinePolicies", ByName, Identity),
    row(Ack, "iam", "Policy", "policyDocument", One, Identity),
    row(Ack, "s3", "Bucket", "policy", One, Resource),
    row(Ack, "sqs", "Queue", "policy", One, Resource),
    row(Ack, "sns", "Topic", "policy", One, Resource),
    row(Ack, "kms", "Key", "policy", One, Resource),
    row(Ack, "ecr", "Repository", "policy", One, Resource),
    row(Ack, "efs", "FileSystem", "policy", One, Resource),
    row(Ack, "dynamodb", "Table", "resourcePolicy", One, Resource),
    row(Ack, "ec2", "VPCEndpoint", "policyDocument", One, Resource),
    row(Ack, "opensearchservice", "Domain", "accessPolicies", One, Resource),
    row(Upjet, "iam", "Role", "assumeRolePolicy", One, Trust),
    row(Upjet, "iam", "Role", "inlinePolicy", List, Identity),
    row(Upjet, "iam", "RolePolicy", "policy", One, Identity),
    row(Upjet, "iam", "UserPolicy", "policy", One, Identity),
    row(Upjet, "iam", "GroupPolicy", "policy", One, Identity),
    row(Upjet, "iam", "Policy", "policy", One, Identity),
    row(Upjet, "ssoadmin", "PermissionSetInlinePolicy", "inlinePolicy", One, Identity),
    row(Upjet, "s3", "BucketPolicy", "policy", One, Resource),
    row(Upjet, "s3control", "AccessPointPolicy", "policy", One, Resource),
    row(Upjet, "sqs", "Queue", "policy", One, Resource),
    row(Upjet, "sqs", "QueuePolicy", "policy", One, Resource),
    row(Upjet, "sns", "Topic", "policy", One, Resource),
    row(Upjet, "sns", "TopicPolicy", "policy", One, Resource),
    row(Upjet, "kms", "Key", "policy", One, Resource),
    row(Upjet, "ecr", "RepositoryPolicy", "policy", One, Resource),
    row(Upjet, "ecr", "RegistryPolicy", "policy", One, Resource),
    row(Upjet, "secretsmanager", "SecretPolicy", "policy", One, Resource),
    row(Upjet, "backup", "VaultPolicy", "policy", One, Resource),
    row(Upjet, "efs", "FileSystemPolicy", "policy", One, Resource),
    row(Upjet, "ec2", "VPCEndpoint", "policy", One, Resource),
    row(Upjet, "dynamodb", "ResourcePolicy", "policy", One, Resource),
    row(Upjet, "opensearch", "Domain", "accessPolicies", One, Resource),
    row(Upjet, "opensearch", "DomainPolicy", "accessPolicies", One, Resource),
    row(Upjet, "cloudwatchlogs", "ResourcePolicy", "policyDocument", One, Resource),
    row(Upjet, "acmpca", "Policy", "policy", One, Resource),
    row(Upjet, "apigateway", "RestAPI", "policy", One, Resource),
    row(Upjet, "apigateway", "RestAPIPolicy", "policy", One, Resource),
    row(Upjet, "bedrockagentcore", "ResourcePolicy", "policy", One, Resource),
    row(Upjet, "cloudwatchevents", "BusPolicy", "policy", One, Resource),
    row(Upjet, "cloudwatchlogs", "DestinationPolicy", "accessPolicy", One, Resource),
    row(Upjet, "codeartifact", "DomainPermissionsPolicy", "policyDocument", One, Resource),
    row(Upjet, "codeartifact", "RepositoryPermissionsPolicy", "policyDocument", One, Resource),
    row(Upjet, "ecrpublic", "RepositoryPolicy", "policy", One, Resource),
    row(Upjet, "elasticsearch", "Domain", "accessPolicies", One, Resource),
    row(Upjet, "elasticsearch", "DomainPolicy", "accessPolicies", One, Resource),
    row(Upjet, "glacier", "VaultLock", "policy", One, Resource),
    row(Upjet, "glue", "ResourcePolicy", "policy", One, Resource),
    row(Upjet, "kafka", "ClusterPolicy", "policy", One, Resource),
    row(Upjet, "mediastore", "ContainerPolicy", "policy", One, Resource),
    row(Upjet, "organizations", "Policy", "content", One, PolicyKind::Scp),
    row(Upjet, "redshiftserverless", "ResourcePolicy", "policy", One, Resource),
    row(Upjet, "s3control", "ObjectLambdaAccessPointPolicy", "policy", One, Resource),
    row(Upjet, "s3vectors", "VectorBucketPolicy", "policy", One, Resource),
    row(Upjet, "sagemaker", "ModelPackageGroupPolicy", "resourcePolicy", One, Resource),
    row(Upjet, "ses", "IdentityPolicy", "policy", One, Resource),
    row(Upjet, "vpclattice", "AuthPolicy", "policy", One, Resource),
    row(Upjet, "vpclattice", "ResourcePolicy", "policy", One, Resource),
    row(Community, "apigateway", "RestAPI", "policy", One, Resource),
    row(Community, "cloudwatchlogs", "ResourcePolicy", "policyDocument", One, Resource),
    row(Community, "iam", "Role", "assumeRolePolicyDocument", One, Trust),
    row(Community, "iam", "RolePolicy", "document", One, Identity),
    row(Community, "iam", "Policy", "document", One, Identity),
    row(Community, "s3", "BucketPolicy", "rawPolicy", One, Resource),
    row(Community, "sqs", "Queue", "policy", One, Resource),
    row(Community, "sns", "Topic", "policy", One, Resource),
    row(Community, "kms", "Key", "policy", One, Resource),
    row(Community, "ecr", "RepositoryPolicy", "rawPolicy", One, Resource),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::testing::{document, extract};
    use crate::site::OwnerAccount;
    use crate::value::Text;

    /// A manifest with a trust policy in a block of text.
    fn role(api: &str, indent: &str, field: &str, principal: &str) -> String {
        format!(
            "apiVersion: {api}\nkind: Role\nmetadata: {{name: ci, namespace: infra}}\nspec:\n{indent}maxSessionDuration: 7200\n{indent}{field}: |\n{indent}  \
             {{\"Statement\": [{{\"Effect\": \"Allow\",\n{indent}  \"Principal\": {{\"AWS\": {principal}}}, \"Action\": \"sts:AssumeRole\"}}]}}\n"
        )
    }

    fn found(text: &str) -> Found<'static> {
        assert!(Kubernetes.detect(document(text)).is_some(), "{text}");
        extract(&Kubernetes, text)
    }

    fn sites(found: &Found<'_>) -> Vec<(String, &'static str)> {
        found.sites.iter().map(|site| (site.address.clone(), site.kind.name())).collect()
    }

    #[test]
    fn roles_of_every_maker() {
        let provider = "  forProvider:\n    path: /\n";
        for (api, indent, field, between) in [
            ("iam.services.k8s.aws/v1alpha1", "  ", "assumeRolePolicyDocument", ""),
            ("iam.aws.upbound.io/v1beta1", "    ", "assumeRolePolicy", provider),
            ("iam.aws.m.upbound.io/v1beta1", "    ", "assumeRolePolicy", provider),
            ("iam.aws.crossplane.io/v1beta1", "    ", "assumeRolePolicyDocument", provider),
        ] {
            let text = role(api, indent, field, "\"*\"").replace("spec:\n", &format!("spec:\n{between}"));
            let found = found(&text);
            assert_eq!(sites(&found), [("Role/infra/ci".to_owned(), "trust")], "{text}");
            let site = &found.sites[0];
            let principal =
                site.document.get("Statement").expect("it is there").one_or_many()[0].at(&["Principal", "AWS"]);
            assert_eq!(
                &text[principal.expect("it is there").span.range()],
                r#""*""#,
                "the place is exact in a block of text"
            );
            assert_eq!(
                site.owner.max_session_duration.as_ref().and_then(|setting| setting.value.known()),
                Some("7200")
            );
            assert_eq!(site.owner.name.as_ref().and_then(Text::known), Some("ci"));
        }
    }

    #[test]
    fn placeholders_are_holes() {
        let ack = |principal: &str| role("iam.services.k8s.aws/v1alpha1", "  ", "assumeRolePolicyDocument", principal);
        let inside = found(&ack(r#""arn:aws:iam::{{ .Values.account }}:role/${ROLE}""#));
        assert_eq!(inside.sites[0].document.count_unknown(), 2);
        let structure = found(&ack("{{ .Values.principals | toJson }}"));
        assert!(structure.sites.is_empty() && structure.problems.is_empty());
        assert_eq!(structure.unresolved[0].1, "Role/infra/ci: it is a placeholder that another tool fills in");
        let whole = "apiVersion: iam.services.k8s.aws/v1alpha1\nkind: Policy\nmetadata: {name: p}\nspec: {policyDocument: '${policy.document}'}\n";
        assert_eq!(found(whole).unresolved.len(), 1);
    }

    #[test]
    fn inline_and_managed_policies_and_those_of_resources() {
        let policy = r#"{"Statement": []}"#;
        let ack = format!(
            "apiVersion: iam.services.k8s.aws/v1alpha1\nkind: User\nmetadata: {{name: ann}}\nspec: {{inlinePolicies: {{a: '{policy}'}}}}\n\
             status: {{ackResourceMetadata: {{ownerAccountID: '111122223333'}}}}\n"
        );
        let user = found(&ack);
        assert_eq!(sites(&user), [("User/ann policy/a".to_owned(), "identity")]);
        assert_eq!(user.sites[0].owner.account, OwnerAccount::Id("111122223333".into()));
        let list = format!(
            "apiVersion: v1\nkind: List\nitems:\n- {{apiVersion: iam.aws.upbound.io/v1beta1, kind: Role, metadata: {{name: r}}, spec: {{forProvider: {{inlinePolicy: [{{name: b, policy: '{policy}'}}]}}}}}}\n\
             - {{apiVersion: s3.aws.upbound.io/v1beta1, kind: BucketPolicy, metadata: {{name: c}}, spec: {{forProvider: {{policy: '{policy}'}}}}}}\n\
             - {{apiVersion: iam.aws.crossplane.io/v1beta1, kind: Policy, metadata: {{name: d}}, spec: {{forProvider: {{document: '{policy}'}}}}}}\n"
        );
        let expected = [("Role/r policy/b", "identity"), ("BucketPolicy/c", "resource"), ("Policy/d", "identity")];
        assert_eq!(sites(&found(&list)), expected.map(|(address, kind)| (address.to_owned(), kind)));
    }

    #[test]
    fn compositions() {
        let base = "{apiVersion: iam.aws.upbound.io/v1beta1, kind: Role, spec: {forProvider: {assumeRolePolicy: '{\"Statement\": []}'}}}";
        let classic = format!("kind: Composition\nspec:\n  resources:\n  - name: role\n    base: {base}\n");
        assert_eq!(sites(&found(&classic)), [("Role/role".to_owned(), "trust")]);
        let patch = "    patches: [{fromFieldPath: spec.policy, toFieldPath: spec.forProvider.assumeRolePolicy}]\n";
        let patched = found(&format!("{classic}{patch}"));
        assert!(patched.sites.is_empty());
        assert_eq!(patched.unresolved[0].1, "Role/role: it is written by a patch of the composition");
        let bare = "{apiVersion: iam.aws.upbound.io/v1beta1, kind: Role, spec: {forProvider: {path: /}}}";
        let written =
            found(&format!("kind: Composition\nspec:\n  resources:\n  - name: role\n    base: {bare}\n{patch}"));
        assert_eq!(written.unresolved[0].1, "Role/role: `assumeRolePolicy` is written by a patch of the composition");
        let pipeline = format!(
            "kind: Composition\nspec: {{pipeline: [{{step: a, input: {{resources: [{{name: role, base: {base}}}]}}}}]}}\n"
        );
        assert_eq!(sites(&found(&pipeline)), [("Role/role".to_owned(), "trust")]);
    }

    #[test]
    fn other_manifests() {
        for text in [
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nspec: {assumeRolePolicyDocument: '{\"Statement\": []}'}",
            "apiVersion: iam.services.k8s.aws/v1alpha1\nkind: Role\nspec: {policies: [a]}",
            "apiVersion: iam.services.k8s.aws/v1alpha1\nkind: InstanceProfile\nspec: {policyDocument: '{}'}",
            "kind: List\nitems: 1",
        ] {
            assert!(Kubernetes.detect(document(text)).is_none(), "{text}");
        }
    }
}
