//! Policy documents as they are: one, a list of them, or one in a wrapper such as `{"PolicyDocument": …}`.

use super::record::inline;
use super::{Found, Input, iam_collect, placeholder};
use crate::policy::pattern::glob;
use crate::site::{Owner, OwnerAccount, PolicyKind, PolicySite};
use crate::syntax::Document;
use crate::value::{Kind, Member, Value};
use std::borrow::Cow;

/// The format.
#[derive(Debug)]
pub struct PolicyJson;

/// Members that hold a policy in a wrapper.
const WRAPPERS: [&str; 4] = ["PolicyDocument", "AssumeRolePolicyDocument", "Policy", "Document"];
/// The values of `Version`: IAM User Guide, IAM JSON policy elements: Version.
const VERSIONS: [&str; 2] = ["2012-10-17", "2008-10-17"];
/// Elements that make an object a statement.
const ELEMENTS: [&str; 7] = ["Effect", "Action", "NotAction", "Principal", "NotPrincipal", "Resource", "NotResource"];

impl Input for PolicyJson {
    fn name(&self) -> &'static str {
        "policy-json"
    }

    fn detect(&self, document: &Document<'_>) -> Option<&'static str> {
        let root = &document.root;
        if is_policy(root) {
            return Some("is an object with a `Statement`");
        }
        if wrapped(root).is_some() {
            return Some("holds a policy document in a member");
        }
        let list = root.as_list()?;
        list.iter().any(|item| is_policy(item) || wrapped(item).is_some()).then_some("is a list of policies")
    }

    fn extract<'s>(&self, document: &'s Document<'s>, found: &mut Found<'s>) {
        match document.root.as_list() {
            Some(items) => {
                for (index, item) in items.iter().enumerate() {
                    put(document, item, format!("[{index}]"), found);
                }
            }
            None => put(document, &document.root, String::new(), found),
        }
    }
}

/// The policy that a node is or wraps.
fn put<'s>(document: &'s Document<'s>, node: &'s Value<'s>, address: String, found: &mut Found<'s>) {
    let place = iam_collect::place(found.path);
    if place.as_ref().is_some_and(|place| place.is_of_aws) {
        return;
    }
    let mut is_trust = false;
    let policy = match wrapped(node) {
        _ if is_policy(node) => Cow::Borrowed(node),
        None => return,
        Some(member) => {
            is_trust = member.key == "AssumeRolePolicyDocument";
            match &member.value.kind {
                Kind::Map(_) => Cow::Borrowed(&member.value),
                _ => match document.open(&member.value) {
                    Ok(policy) => Cow::Owned(policy),
                    Err(problems) => return found.problems.extend(problems),
                },
            }
        }
    };
    let policy = placeholder::resolve(&policy).map_or(policy, Cow::Owned);
    let kind = found.forced_kind.or(place.as_ref().map(|place| place.kind)).unwrap_or_else(|| match is_trust {
        true => PolicyKind::Trust,
        false => kind_of(&policy, found.path),
    });
    let address = match (place.as_ref(), node.get("PolicyName").and_then(Value::as_str)) {
        (Some(place), name) => inline(&place.address, name),
        (None, Some(name)) => format!("policy/{name}"),
        (None, None) => address,
    };
    let account = place.and_then(|place| place.account).map_or(OwnerAccount::Unknown, OwnerAccount::Id);
    let owner = Owner { account, extent: Some(node.span), ..Owner::default() };
    found.sites.push(PolicySite {
        kind,
        address,
        document: policy.into(),
        anchor: node.span,
        owner,
        branch: vec![],
        origins: vec![],
    });
}

/// The member of a wrapper that holds the policy.
fn wrapped<'s>(node: &'s Value<'s>) -> Option<&'s Member<'s>> {
    let member = WRAPPERS.iter().find_map(|key| node.member(key))?;
    let holds = match &member.value.kind {
        Kind::Map(_) => is_policy(&member.value),
        Kind::String(text) => text.trim_start().starts_with(['{', '%']) && text.contains("Statement"),
        _ => false,
    };
    holds.then_some(member)
}

/// Whether an object is meant to be a policy document. A policy may be broken, and many things have a `Statement`.
pub(super) fn is_policy(value: &Value<'_>) -> bool {
    let Some(members) = value.as_map() else { return false };
    let has_version = members.iter().any(|member| {
        member.key.eq_ignore_ascii_case("Version") && member.value.as_str().is_some_and(|text| VERSIONS.contains(&text))
    });
    members.iter().any(|member| {
        let statements = member.value.one_or_many();
        match member.key.as_ref() {
            "Statement" => has_version || statements.iter().any(is_statement),
            // A misspelt `Statement` needs the version and something like a statement.
            _ => has_version && statements.iter().any(is_statement),
        }
    })
}

/// Whether an object has an element of a statement, well or nearly well spelt.
fn is_statement(value: &Value<'_>) -> bool {
    let Some(members) = value.as_map() else { return false };
    // Syntax trees of programs have statements too, of some `type` at some place.
    if value.get("type").is_some() {
        return false;
    }
    members.iter().any(|member| {
        let key = member.key.as_ref();
        ELEMENTS.iter().any(|element| {
            element.eq_ignore_ascii_case(key)
                || key.len().abs_diff(element.len()) <= 1 && strsim::osa_distance(element, key) == 1
        })
    })
}

/// The kind of a policy whose surroundings do not tell, from its content and the words of its path.
pub(super) fn kind_of(policy: &Value<'_>, path: &str) -> PolicyKind {
    let statements = policy.get("Statement").map(Value::one_or_many).unwrap_or_default();
    let any_has =
        |keys: [&str; 2]| statements.iter().any(|statement| keys.iter().any(|key| statement.get(key).is_some()));
    let has_principal = any_has(["Principal", "NotPrincipal"]);
    let has_resource = any_has(["Resource", "NotResource"]);
    let path = Words::of(path);

    if has_principal && has_resource && (denies_everybody(statements) || path.has("rcp", ["resource", "control"])) {
        return PolicyKind::Rcp;
    }
    if !has_principal && path.has("scp", ["service", "control"]) {
        return PolicyKind::Scp;
    }
    // Actions decide before elements: a trust policy with a stray `Resource` is a broken trust policy.
    if only_assumes(statements) && (has_principal || !has_resource) {
        return PolicyKind::Trust;
    }
    // Policies of resources name the resource; a role's trust policy is always about its own role.
    if has_principal && !has_resource && !goes_without_resource(statements)
        || statements.iter().any(lets_somebody_become_the_role)
    {
        return PolicyKind::Trust;
    }
    if !has_resource && path.has("assumerole", ["trust", "policy"]) {
        return PolicyKind::Trust;
    }
    if has_principal {
        return PolicyKind::Resource;
    }
    if path.has("boundary", ["permissions", "boundary"]) {
        return PolicyKind::Boundary;
    }
    PolicyKind::Identity
}

/// Services whose resource policies are written without `Resource`: Amazon ECR User Guide, "Private repository policy
/// examples"; Amazon ECR Public User Guide, "Public repository policy examples"; and what the console of Amazon EFS writes.
const WITHOUT_RESOURCE: [&str; 3] = ["ecr", "ecr-public", "elasticfilesystem"];

/// Whether all actions are of a service whose resource policies go without `Resource`.
fn goes_without_resource(statements: &[Value<'_>]) -> bool {
    let of_one = |action: &Value<'_>| {
        let service = action.as_str().and_then(|action| action.split_once(':')).map(|(service, _)| service);
        service.is_some_and(|service| WITHOUT_RESOURCE.contains(&service.to_ascii_lowercase().as_str()))
    };
    let mut actions = statements.iter().flat_map(|statement| actions_of(statement)).peekable();
    actions.peek().is_some() && actions.all(of_one)
}

/// Whether a statement gives its principals an action to become a role by, and names no resource.
fn lets_somebody_become_the_role(statement: &Value<'_>) -> bool {
    const BECOME: [&str; 3] = ["sts:assumerole", "sts:assumerolewithsaml", "sts:assumerolewithwebidentity"];
    let becomes = |action: &Value<'_>| {
        let pattern = action.as_str().unwrap_or_default().to_ascii_lowercase();
        pattern.starts_with("sts:") && BECOME.iter().any(|one| glob(&pattern, one))
    };
    statement.get("Principal").is_some()
        && ["Resource", "NotResource"].iter().all(|element| statement.get(element).is_none())
        && statement.get("Effect").and_then(Value::as_str) == Some("Allow")
        && actions_of(statement).iter().any(becomes)
}

fn actions_of<'v>(statement: &'v Value<'v>) -> &'v [Value<'v>] {
    ["Action", "NotAction"]
        .iter()
        .find_map(|element| statement.get(element))
        .map(Value::one_or_many)
        .unwrap_or_default()
}

/// Whether every statement is about becoming a role and nothing else.
fn only_assumes(statements: &[Value<'_>]) -> bool {
    const OTHERS: [&str; 4] = ["sts:tagsession", "sts:setsourceidentity", "sts:setcontext", "sts:*"];
    let assumes = |action: &Value<'_>| {
        let action = action.as_str().unwrap_or_default().to_ascii_lowercase();
        action.starts_with("sts:assume") || OTHERS.contains(&action.as_str())
    };
    !statements.is_empty()
        && statements.iter().all(|statement| {
            let actions = statement.get("Action").map(Value::one_or_many).unwrap_or_default();
            !actions.is_empty() && actions.iter().all(assumes)
        })
}

/// Whether the statements only deny, to everybody, on everything and in the services of resource control policies (AWS
/// Organizations User Guide, Resource control policies). The policy of such a resource names the resource.
fn denies_everybody(statements: &[Value<'_>]) -> bool {
    const SERVICES: [&str; 10] =
        ["aoss", "cognito-idp", "dynamodb", "ecr", "kms", "logs", "s3", "secretsmanager", "sqs", "sts"];
    let serves = |action: &Value<'_>| {
        let service = action.as_str().and_then(|action| action.split_once(':')).map(|(service, _)| service);
        service.is_some_and(|service| SERVICES.contains(&service.to_ascii_lowercase().as_str()))
    };
    let is_any = |value: &Value<'_>| matches!(value.one_or_many(), [only] if only.as_str() == Some("*"));
    statements.iter().all(|statement| {
        let principal = statement.get("Principal");
        statement.get("Effect").and_then(Value::as_str) == Some("Deny")
            && principal.is_some_and(|principal| is_any(principal.get("AWS").unwrap_or(principal)))
            && statement.get("Resource").is_some_and(is_any)
            && statement.get("Action").is_some_and(|actions| actions.one_or_many().iter().all(serves))
    })
}

/// The words of a path, in lower case.
struct Words(Vec<String>);

impl Words {
    fn of(path: &str) -> Self {
        let words = path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
        Words(words.map(str::to_ascii_lowercase).collect())
    }

    /// Whether the path has this word, alone or in the plural, or these two one after the other.
    fn has(&self, word: &str, pair: [&str; 2]) -> bool {
        let is = |have: &String, want: &str| have == want || have.strip_suffix('s') == Some(want);
        self.0.iter().any(|have| is(have, word))
            || self.0.windows(2).any(|have| is(&have[0], pair[0]) && is(&have[1], pair[1]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::testing::{document, extract};

    fn kind(statement: &str, path: &str) -> &'static str {
        kind_of(&document(&format!(r#"{{"Statement": {statement}}}"#)).root, path).name()
    }

    #[test]
    fn kinds_from_content() {
        for (statement, expected) in [
            (
                r#"{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}"#,
                "trust",
            ),
            (r#"{"Principal": "*", "Action": ["sts:AssumeRole", "STS:TagSession"]}"#, "trust"),
            (r#"{"Principal": "*", "Action": "sts:AssumeRole", "Resource": "*", "Efect": "Allow"}"#, "trust"),
            (r#"{"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity"}"#, "trust"),
            (r#"{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}"#, "identity"),
            (r#"{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}"#, "identity"),
            (r#"{"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}"#, "resource"),
            (r#"{"Effect": "Allow", "NotPrincipal": "*", "Action": "ecr:*"}"#, "resource"),
            (r#"{"Effect": "Allow", "Principal": "*", "Action": ["ecr:A", "s3:B"]}"#, "trust"),
            (
                r#"{"Effect": "Allow", "Principal": "*", "Action": ["sts:AssumeRole", "sts:GetCallerIdentity"]}"#,
                "trust",
            ),
            (r#"{"Effect": "Allow", "Principal": "*", "Action": "sts:AsumeRole"}"#, "trust"),
            (r#"{"Effect": "Allow", "Principal": "*", "Action": "*"}"#, "trust"),
            (r#"{"Effect": "Allow", "Principal": "*", "NotAction": "sts:TagSession"}"#, "trust"),
            (r#"{"Effect": "Allow", "Principal": "*", "Action": "iam:PassRole"}"#, "trust"),
            (
                r#"[{"Effect": "Allow", "Principal": "*", "Action": "sts:A*"},
                    {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}]"#,
                "trust",
            ),
            (
                r#"[{"Effect": "Allow", "Principal": "*", "Action": "s3:*"},
                    {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}]"#,
                "resource",
            ),
            (r#"{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}"#, "rcp"),
            (r#"{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::b"}"#, "resource"),
            (r#"{"Effect": "Deny", "Principal": "*", "Action": "backup:*", "Resource": "*"}"#, "resource"),
            (r#"{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}"#, "identity"),
        ] {
            assert_eq!(kind(statement, "a.json"), expected, "{statement}");
        }
    }

    #[test]
    fn kinds_from_paths() {
        let deny = r#"{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}"#;
        assert_eq!(kind(deny, "org/SCPs/deny.json"), "scp");
        assert_eq!(kind(deny, "service-control-policies/deny.json"), "scp");
        assert_eq!(kind(deny, "describe.json"), "identity");
        assert_eq!(kind(deny, "permissions-boundary.json"), "boundary");
        assert_eq!(kind(r#"{"Effect": "Allow"}"#, "my-trust-policy.json"), "trust");
        let bucket = r#"{"Principal": "*", "Effect": "Deny", "Action": "s3:*", "Resource": "x"}"#;
        assert_eq!(kind(bucket, "scp/a.json"), "resource");
        assert_eq!(kind(bucket, "rcp/a.json"), "rcp");
    }

    #[test]
    fn what_is_a_policy() {
        for text in [
            r#"{"Statement": {"Action": "x"}}"#,
            r#"{"Version": "2012-10-17", "Statement": []}"#,
            r#"{"Statement": [{"Efect": "Allow"}]}"#,
            r#"{"Version": "2012-10-17", "Statements": [{"Effect": "Allow"}]}"#,
            r#"{"Version": "2012-10-17", "Statement": "x"}"#,
        ] {
            assert!(PolicyJson.detect(document(text)).is_some(), "{text}");
        }
        for text in [
            r#"{"Statement": [{"type": "If", "Action": {}}]}"#,
            r#"{"Statement": "select 1"}"#,
            r#"{"Statement": []}"#,
            r#"{"Version": "3", "Statements": [{"Effect": "Allow"}]}"#,
            "[]",
        ] {
            assert!(PolicyJson.detect(document(text)).is_none(), "{text}");
        }
    }

    #[test]
    fn wrappers_and_lists() {
        let policy = r#"{"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}"#;
        let list = format!(r#"[{policy}, {{"PolicyName": "p", "PolicyDocument": {policy:?}}}, 1]"#);
        assert!(PolicyJson.detect(document(&list)).is_some());
        let addresses: Vec<_> = extract(&PolicyJson, &list).sites.into_iter().map(|site| site.address).collect();
        assert_eq!(addresses, ["[0]", "policy/p"]);
        let trust = extract(&PolicyJson, &format!(r#"{{"AssumeRolePolicyDocument": {policy}}}"#));
        assert_eq!(trust.sites[0].kind, PolicyKind::Trust);
    }

    #[test]
    fn the_folders_of_iam_collect() {
        let policy = r#"{"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}"#;
        let list = format!(r#"[{{"PolicyName": "p", "PolicyDocument": {policy}}}]"#);
        let path = "aws/aws/accounts/111122223333/iam/role/ci/inline-policies.json";
        let mut found = Found { path, ..Found::default() };
        PolicyJson.extract(document(&list), &mut found);
        let site = &found.sites[0];
        assert_eq!(
            (site.address.as_str(), site.kind),
            ("arn:aws:iam::111122223333:role/ci policy/p", PolicyKind::Identity)
        );
        assert_eq!(site.owner.account, OwnerAccount::Id("111122223333".into()));
        // What AWS writes is nobody's to change.
        let mut found =
            Found { path: "aws/aws/accounts/111122223333/iam/aws/policy/x/current-policy.json", ..Found::default() };
        PolicyJson.extract(document(policy), &mut found);
        assert!(found.sites.is_empty());
    }

    #[test]
    fn the_user_knows_the_kind() {
        let mut found = Found { forced_kind: Some(PolicyKind::Session), ..Found::default() };
        PolicyJson.extract(document(r#"{"Statement": [{"Action": "s3:*"}]}"#), &mut found);
        assert_eq!(found.sites[0].kind, PolicyKind::Session);
        assert_eq!(found.sites[0].address, "");
    }
}
