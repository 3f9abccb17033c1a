//! What the AWS CLI prints: roles, dumps of an account, single policies; as JSON or YAML, alone or several in a list.
//!
//! Other tools keep the shapes of the API and change the case of the first letter or leave documents percent-encoded,
//! so keys are compared without case and documents are read in every form.

use super::raw_kind::kind_of;
use super::shape::is_policy;
use super::{Found, Input};
use crate::site::{Owner, OwnerAccount, PolicyKind, PolicySite};
use crate::span::{Span, Spanned};
use crate::syntax::Document;
use crate::value::{Kind, Member, Text, Value};
use std::borrow::Cow;

/// The format.
#[derive(Debug)]
pub struct AwsCli;

impl Input for AwsCli {
    fn name(&self) -> &'static str {
        "aws-cli"
    }

    fn detect(&self, document: &Document<'_>) -> Option<&'static str> {
        let mut because = None;
        // The first place settles it.
        let _ = places(&document.root, &mut |place| {
            because = Some(place.because);
            None
        });
        because.or_else(|| nothing_to_judge(&document.root))
    }

    fn extract<'s>(&self, document: &'s Document<'s>, found: &mut Found<'s>) {
        let _ = places(&document.root, &mut |place| {
            place.put(document, found);
            Some(())
        });
    }
}

/// Whether the elements of the list with this name, a member of an output, are read each by itself.
pub fn is_list_of_owners(key: &str) -> bool {
    let lists = ["Roles", "RoleDetailList", "UserDetailList", "GroupDetailList", "Policies"];
    lists.iter().any(|list| key.eq_ignore_ascii_case(list))
}

/// A policy in the output of a call.
struct Place<'s> {
    /// What the output has, to follow "because it".
    because: &'static str,
    /// The kind; for a policy of some service or organization its content tells.
    kind: Option<PolicyKind>,
    document: &'s Member<'s>,
    /// The role, user, group, policy or resource that has it.
    owner: &'s Value<'s>,
    /// The name of an inline policy.
    inline: Option<&'s str>,
}

/// Calls `each` with every place in an output until it says `None`.
fn places<'s>(root: &'s Value<'s>, each: &mut dyn FnMut(Place<'s>) -> Option<()>) -> Option<()> {
    match &root.kind {
        Kind::List(items) => items.iter().try_for_each(|item| output(item, each)),
        _ => output(root, each),
    }
}

fn output<'s>(value: &'s Value<'s>, each: &mut dyn FnMut(Place<'s>) -> Option<()>) -> Option<()> {
    for Member { key, value: part, .. } in value.as_map().unwrap_or_default() {
        let key = key.as_ref();
        if key.eq_ignore_ascii_case("Role") {
            role(part, "has a `Role` with a trust policy", each)?;
        } else if key.eq_ignore_ascii_case("Roles") {
            items(part).try_for_each(|item| role(item, "has `Roles` with trust policies", each))?;
        } else if key.eq_ignore_ascii_case("RoleDetailList") {
            items(part).try_for_each(|item| role(item, "has a `RoleDetailList`", each))?;
        } else if key.eq_ignore_ascii_case("UserDetailList") {
            items(part).try_for_each(|item| inline(item, "UserPolicyList", "has a `UserDetailList`", each))?;
        } else if key.eq_ignore_ascii_case("GroupDetailList") {
            items(part).try_for_each(|item| inline(item, "GroupPolicyList", "has a `GroupDetailList`", each))?;
        } else if key.eq_ignore_ascii_case("Policies") {
            items(part).try_for_each(|item| managed(item, each))?;
        }
    }
    if member(value, "AssumeRolePolicyDocument").is_some() && name_of_principal(value).is_some() {
        role(value, "is a role with a trust policy", each)?;
    }
    if let Some(document) = member(value, "PolicyVersion").and_then(|version| policy_in(&version.value, "Document")) {
        let because = "has a `PolicyVersion` with a policy";
        each(Place { because, kind: Some(PolicyKind::Identity), document, owner: value, inline: None })?;
    }
    if let (Some(document), Some(_)) = (policy_in(value, "PolicyDocument"), name_of_principal(value)) {
        let because = "has a `PolicyDocument` and the name of who has it";
        let inline = text(value, "PolicyName");
        each(Place { because, kind: Some(PolicyKind::Identity), document, owner: value, inline })?;
    }
    of_resource(value, each)
}

/// The policies of resources and organizations.
fn of_resource<'s>(value: &'s Value<'s>, each: &mut dyn FnMut(Place<'s>) -> Option<()>) -> Option<()> {
    let resource = Some(PolicyKind::Resource);
    for (key, because, kind) in [
        ("Policy", "has a `Policy` with the text of a policy", None),
        ("ResourcePolicy", "has a `ResourcePolicy` with a policy", resource),
        ("PolicyText", "has a `policyText` with a policy", resource),
        ("InlinePolicy", "has an `InlinePolicy` with a policy", Some(PolicyKind::Identity)),
    ] {
        if let Some(document) = policy_text_in(value, key) {
            each(Place { because, kind, document, owner: value, inline: None })?;
        }
    }
    if let Some(attributes) = member(value, "Attributes")
        && let Some(document) = policy_text_in(&attributes.value, "Policy")
    {
        let because = "has `Attributes` with the text of a policy";
        each(Place { because, kind: resource, document, owner: &attributes.value, inline: None })?;
    }
    if let Some(policy) = member(value, "Policy")
        && let Some(summary) = member(&policy.value, "PolicySummary")
        && let Some(document) = policy_text_in(&policy.value, "Content")
    {
        let kind = match text(&summary.value, "Type") {
            Some("SERVICE_CONTROL_POLICY") => Some(PolicyKind::Scp),
            Some("RESOURCE_CONTROL_POLICY") => Some(PolicyKind::Rcp),
            // Tag, backup and chatbot policies are written in languages of their own.
            Some(_) => return Some(()),
            None => None,
        };
        let because = "has the `Policy` of an organization";
        each(Place { because, kind, document, owner: &summary.value, inline: None })?;
    }
    for policy in member(value, "ResourcePolicies").into_iter().flat_map(|policies| items(&policies.value)) {
        if let Some(document) = policy_text_in(policy, "PolicyDocument") {
            let (because, inline) = ("has `resourcePolicies`", text(policy, "PolicyName"));
            each(Place { because, kind: resource, document, owner: policy, inline })?;
        }
    }
    Some(())
}

fn role<'s>(role: &'s Value<'s>, because: &'static str, each: &mut dyn FnMut(Place<'s>) -> Option<()>) -> Option<()> {
    if is_service_linked(role) {
        return Some(());
    }
    if let Some(document) = policy_in(role, "AssumeRolePolicyDocument") {
        each(Place { because, kind: Some(PolicyKind::Trust), document, owner: role, inline: None })?;
    }
    inline(role, "RolePolicyList", because, each)
}

/// Whether the role belongs to a service; nobody can edit it.
fn is_service_linked(role: &Value<'_>) -> bool {
    text(role, "Path").is_some_and(|path| path.starts_with("/aws-service-role/"))
}

/// Why an output is one although no policy in it is the user's: an account may have no role but those of services.
fn nothing_to_judge(root: &Value<'_>) -> Option<&'static str> {
    let items = root.one_or_many();
    let has = |key| items.iter().any(|item| member(item, key).is_some_and(|list| list.value.as_list().is_some()));
    if has("RoleDetailList") {
        return Some("has a `RoleDetailList`");
    }
    let roles = |item| [Some(item), member(item, "Role").map(|role| &role.value)].into_iter().flatten();
    let listed = |item| member(item, "Roles").and_then(|roles| roles.value.as_list()).unwrap_or_default();
    let linked = items.iter().any(|item| roles(item).chain(listed(item)).any(is_service_linked));
    linked.then_some("has a role that belongs to a service")
}

fn inline<'s>(
    owner: &'s Value<'s>,
    list: &str,
    because: &'static str,
    each: &mut dyn FnMut(Place<'s>) -> Option<()>,
) -> Option<()> {
    for policy in member(owner, list).into_iter().flat_map(|list| items(&list.value)) {
        if let Some(document) = policy_in(policy, "PolicyDocument") {
            let inline = text(policy, "PolicyName");
            each(Place { because, kind: Some(PolicyKind::Identity), document, owner, inline })?;
        }
    }
    Some(())
}

/// A managed policy: its version in force.
fn managed<'s>(policy: &'s Value<'s>, each: &mut dyn FnMut(Place<'s>) -> Option<()>) -> Option<()> {
    // AWS writes these; the user cannot change them.
    if text(policy, "Arn").is_some_and(|arn| arn.split(':').nth(4) == Some("aws")) {
        return Some(());
    }
    for version in member(policy, "PolicyVersionList").into_iter().flat_map(|list| items(&list.value)) {
        let in_force = member(version, "IsDefaultVersion").is_some_and(|member| member.value.kind == Kind::Bool(true));
        if let Some(document) = policy_in(version, "Document").filter(|_| in_force) {
            let because = "has `Policies` with their versions";
            each(Place { because, kind: Some(PolicyKind::Identity), document, owner: policy, inline: None })?;
        }
    }
    Some(())
}

impl<'s> Place<'s> {
    fn put(&self, document: &'s Document<'s>, found: &mut Found<'s>) {
        let node = &self.document.value;
        let opened = match &node.kind {
            Kind::Map(_) => Cow::Borrowed(node),
            _ => match document.open(node) {
                Ok(value) => Cow::Owned(value),
                Err(problems) => return found.problems.extend(problems),
            },
        };
        let arn = ["Arn", "PolicyArn", "TopicArn", "QueueArn", "BackupVaultArn"]
            .into_iter()
            .find_map(|key| text(self.owner, key));
        let account = arn
            .and_then(|arn| arn.split(':').nth(4))
            .filter(|id| id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit()))
            .map_or(OwnerAccount::Unknown, |id| OwnerAccount::Id(id.to_owned()));
        let principal = name_of_principal(self.owner);
        let mut address = match (arn, principal) {
            (Some(arn), _) => arn.to_owned(),
            (None, Some((sort, name))) => format!("{sort}/{}", name.as_str().unwrap_or_default()),
            (None, None) => String::new(),
        };
        if let Some(name) = self.inline {
            let separator = if address.is_empty() { "" } else { " " };
            address = format!("{address}{separator}policy/{name}");
        }
        let is_trust = self.kind == Some(PolicyKind::Trust);
        let owner = Owner {
            account,
            name: principal.filter(|(sort, _)| *sort == "role").and_then(|(_, name)| name.as_text()),
            path: member(self.owner, "Path").and_then(|path| path.value.as_text()),
            // Dumps of an account carry no `MaxSessionDuration`.
            max_session_duration: member(self.owner, "MaxSessionDuration").filter(|_| is_trust).and_then(duration),
            max_signin_duration: member(self.owner, "MaxSigninSessionDuration").filter(|_| is_trust).and_then(duration),
            extent: Some(self.owner.span),
            ..Owner::default()
        };
        let kind = self.kind.or(found.forced_kind).unwrap_or_else(|| match kind_of(&opened, found.path) {
            // A policy that a call returns without a principal's name is a resource's.
            PolicyKind::Identity => PolicyKind::Resource,
            kind => kind,
        });
        let anchor = principal.map_or(self.document.key_span, |(_, name)| name.span);
        found.sites.push(PolicySite {
            kind,
            address,
            document: opened.into(),
            anchor,
            owner,
            branch: Vec::new(),
            origins: Vec::new(),
            redefined: Vec::new(),
        });
    }
}

fn duration(member: &Member<'_>) -> Option<Spanned<Text>> {
    let span: Span = member.value.span;
    let text = match &member.value.kind {
        Kind::Number(text) | Kind::String(text) => Text::literal(text.as_ref(), span),
        _ => return None,
    };
    Some(Spanned::new(text, span))
}

/// Whether it is a role, a user or a group, and its name.
fn name_of_principal<'s>(value: &'s Value<'s>) -> Option<(&'static str, &'s Value<'s>)> {
    [("role", "RoleName"), ("user", "UserName"), ("group", "GroupName")]
        .into_iter()
        .find_map(|(sort, key)| Some((sort, &member(value, key)?.value)))
        .filter(|(_, name)| name.as_str().is_some())
}

fn member<'s>(value: &'s Value<'s>, key: &str) -> Option<&'s Member<'s>> {
    value.as_map()?.iter().find(|member| member.key.eq_ignore_ascii_case(key))
}

fn text<'s>(value: &'s Value<'s>, key: &str) -> Option<&'s str> {
    member(value, key)?.value.as_str()
}

fn items<'s>(value: &'s Value<'s>) -> impl Iterator<Item = &'s Value<'s>> {
    value.as_list().unwrap_or_default().iter()
}

/// The member that holds a document in some form.
fn policy_in<'s>(value: &'s Value<'s>, key: &str) -> Option<&'s Member<'s>> {
    member(value, key).filter(|member| match &member.value.kind {
        Kind::Map(_) => true,
        Kind::String(text) => text.trim_start().starts_with(['{', '%']),
        _ => false,
    })
}

/// The same for keys that other tools use for other things: the document must look like a policy.
fn policy_text_in<'s>(value: &'s Value<'s>, key: &str) -> Option<&'s Member<'s>> {
    policy_in(value, key).filter(|member| match &member.value.kind {
        Kind::String(text) => text.contains("Statement"),
        _ => is_policy(&member.value),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::testing::{document, extract};

    const TRUST: &str = r#"{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}]}"#;

    fn found(text: &str) -> Found<'static> {
        assert!(AwsCli.detect(document(text)).is_some(), "{text}");
        extract(&AwsCli, text)
    }

    fn sites(found: &Found<'_>) -> Vec<(String, &'static str)> {
        found.sites.iter().map(|site| (site.address.clone(), site.kind.name())).collect()
    }

    #[test]
    fn roles() {
        let role = format!(
            r#"{{"RoleName": "r", "Path": "/", "Arn": "arn:aws:iam::111122223333:role/r", "MaxSessionDuration": 3600, "AssumeRolePolicyDocument": {TRUST}}}"#
        );
        for text in [format!(r#"{{"Role": {role}}}"#), format!(r#"{{"Roles": [{role}]}}"#), format!("[{role}]"), role] {
            let found = found(&text);
            assert_eq!(sites(&found), [("arn:aws:iam::111122223333:role/r".to_owned(), "trust")]);
            let site = &found.sites[0];
            assert_eq!(site.owner.account, OwnerAccount::Id("111122223333".into()));
            assert_eq!(site.owner.name.as_ref().and_then(Text::known), Some("r"));
            assert_eq!(site.owner.max_session_duration.as_ref().and_then(|text| text.value.known()), Some("3600"));
            assert!(matches!(site.document, crate::site::Tree::Borrowed(_)));
        }
    }

    #[test]
    fn an_account_without_a_role_of_its_own() {
        let linked = r#"{"RoleName": "r", "Path": "/aws-service-role/x.amazonaws.com/"}"#;
        for text in [
            r#"{"RoleDetailList": [], "Policies": []}"#,
            linked,
            &format!(r#"{{"Role": {linked}}}"#),
            &format!(r#"{{"Roles": [{linked}]}}"#),
        ] {
            assert_eq!(sites(&found(text)), []);
        }
        assert_eq!(AwsCli.detect(document(r#"{"Roles": ["admin"], "Path": "/x/"}"#)), None);
    }

    #[test]
    fn documents_in_every_form() {
        let encoded: String = TRUST.bytes().map(|byte| format!("%{byte:02X}")).collect();
        for document in [format!("{TRUST:?}"), format!("{encoded:?}")] {
            let found = found(&format!(r#"{{"role": {{"roleName": "r", "assumeRolePolicyDocument": {document}}}}}"#));
            assert_eq!(sites(&found), [("role/r".to_owned(), "trust")]);
            assert!(found.sites[0].document.get("Statement").is_some());
        }
        let broken = found(r#"{"Role": {"RoleName": "r", "AssumeRolePolicyDocument": "{\"Statement\": ["}}"#);
        assert!(broken.sites.is_empty() && !broken.problems.is_empty());
    }

    #[test]
    fn a_dump_of_an_account() {
        let text = format!(
            r#"{{"UserDetailList": [{{"UserName": "u", "Arn": "arn:aws:iam::111122223333:user/u", "UserPolicyList": [{{"PolicyName": "i", "PolicyDocument": {{}}}}]}}],
            "GroupDetailList": [{{"GroupName": "g", "GroupPolicyList": [{{"PolicyName": "j", "PolicyDocument": {{}}}}]}}],
            "RoleDetailList": [{{"RoleName": "r", "Arn": "arn:aws:iam::111122223333:role/r", "AssumeRolePolicyDocument": {TRUST},
                "RolePolicyList": [{{"PolicyName": "k", "PolicyDocument": {{}}}}]}},
                {{"RoleName": "s", "Path": "/aws-service-role/x.amazonaws.com/", "AssumeRolePolicyDocument": {TRUST}}}],
            "Policies": [
                {{"Arn": "arn:aws:iam::aws:policy/ReadOnlyAccess", "PolicyVersionList": [{{"IsDefaultVersion": true, "Document": {{}}}}]}},
                {{"Arn": "arn:aws:iam::111122223333:policy/p", "PolicyVersionList": [{{"IsDefaultVersion": false, "Document": {{}}}}, {{"IsDefaultVersion": true, "Document": {{}}}}]}}]}}"#
        );
        let found = found(&text);
        assert_eq!(
            sites(&found),
            [
                ("arn:aws:iam::111122223333:user/u policy/i", "identity"),
                ("group/g policy/j", "identity"),
                ("arn:aws:iam::111122223333:role/r", "trust"),
                ("arn:aws:iam::111122223333:role/r policy/k", "identity"),
                ("arn:aws:iam::111122223333:policy/p", "identity"),
            ]
            .map(|(address, kind)| (address.to_owned(), kind))
        );
        assert!(found.sites.iter().all(|site| site.owner.max_session_duration.is_none()));
    }

    #[test]
    fn single_policies() {
        let one = |text: &str| sites(&found(text)).pop().expect("a site");
        assert_eq!(one(r#"{"PolicyVersion": {"Document": {"Statement": []}}}"#), (String::new(), "identity"));
        assert_eq!(
            one(r#"{"RoleName": "r", "PolicyName": "p", "PolicyDocument": {"Statement": []}}"#),
            ("role/r policy/p".to_owned(), "identity")
        );
        let bucket = r#"{"Policy": "{\"Statement\": [{\"Effect\": \"Allow\", \"Principal\": \"*\", \"Resource\": \"arn:aws:s3:::b/*\"}]}"}"#;
        assert_eq!(one(bucket).1, "resource");
        let queue =
            r#"{"Attributes": {"QueueArn": "arn:aws:sqs:us-east-1:111122223333:q", "Policy": "{\"Statement\": []}"}}"#;
        assert_eq!(one(queue), ("arn:aws:sqs:us-east-1:111122223333:q".to_owned(), "resource"));
        let scp = r#"{"Policy": {"PolicySummary": {"Type": "SERVICE_CONTROL_POLICY", "Arn": "arn:aws:organizations::1:policy/p"}, "Content": "{\"Statement\": []}"}}"#;
        assert_eq!(one(scp).1, "scp");
    }

    #[test]
    fn other_files() {
        for text in [
            r#"{"Policy": "{\"rules\": 1}"}"#,
            r#"{"Policies": ["a"], "Role": "x"}"#,
            r#"{"PolicyDocument": {}}"#,
            "[1]",
        ] {
            assert!(AwsCli.detect(document(text)).is_none(), "{text}");
        }
    }
}
