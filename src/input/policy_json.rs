//! Policy documents as they are: one, a list of them, or one in a wrapper such as `{"PolicyDocument": …}`.

use super::raw_kind::kind_of;
use super::record::inline;
use super::shape::is_policy;
use super::{Found, Input, iam_collect, placeholder, printed};
use crate::site::{Owner, OwnerAccount, PolicyKind, PolicySite};
use crate::syntax::Document;
use crate::value::{Kind, Member, Value};
use std::borrow::Cow;

/// The format.
#[derive(Debug)]
pub struct PolicyJson;

/// Members that hold a policy in a wrapper.
const WRAPPERS: [&str; 4] = ["PolicyDocument", "AssumeRolePolicyDocument", "Policy", "Document"];

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
        if root.as_list().is_some_and(|list| list.iter().any(is_or_wraps)) {
            return Some("is a list of policies");
        }
        printed::detect(root)
    }

    fn extract<'s>(&self, document: &'s Document<'s>, found: &mut Found<'s>) {
        let root = &document.root;
        match root.as_list() {
            Some(items) if items.iter().any(is_or_wraps) => {
                for (index, item) in items.iter().enumerate() {
                    match is_or_wraps(item) {
                        true => put(document, item, format!("[{index}]"), found),
                        false => printed::extract(document, item, &format!("[{index}]"), found),
                    }
                }
            }
            None if is_or_wraps(root) => put(document, root, String::new(), found),
            Some(_) | None => printed::extract(document, root, "", found),
        }
    }
}

fn is_or_wraps(node: &Value<'_>) -> bool {
    is_policy(node) || wrapped(node).is_some()
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
        redefined: vec![],
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::testing::{document, extract};

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
            r#"{"Statement": [{"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}]}"#,
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
