//! Rows of Steampipe and CloudQuery as JSON: one, a list, or the `rows` of a result.
//!
//! Columns have the names that the tables give them. Steampipe has each policy twice, as it is and in a normal form of
//! its own, `_std`, with actions and condition keys in small letters and everything sorted: the first is judged, so that
//! a finding shows what was written, and the other only where a query asked for nothing else.

use super::record::{
    Record, account_of, get, holds_policy, inline, is_of_aws, items, member, organization_kind, seconds, text,
};
use super::{Found, Input};
use crate::site::PolicyKind;
use crate::syntax::Document;
use crate::value::{Kind, Member, Value};

/// The format.
#[derive(Debug)]
pub struct InventoryRows;

/// Columns with the trust policy of a role: Steampipe's, CloudQuery's, Steampipe's normal form.
const TRUST: [&str; 3] = ["assume_role_policy", "assume_role_policy_document", "assume_role_policy_std"];
/// Columns with a list of inline policies.
const INLINE: [&str; 2] = ["inline_policies", "inline_policies_std"];
/// Columns with the row's one policy.
const POLICY: [&str; 5] = ["policy", "policy_json", "policy_document", "document_json", "policy_std"];
/// Columns that only such a row has, and not some other JSON with a `policy` in it.
const OWNERS: [&str; 6] = ["account_id", "_cq_id", "akas", "arn", "role_arn", "sp_connection_name"];

impl Input for InventoryRows {
    fn name(&self) -> &'static str {
        "inventory-rows"
    }

    fn detect(&self, document: &Document<'_>) -> Option<&'static str> {
        rows(&document.root).any(is_row).then_some("has rows with policies in their columns")
    }

    fn extract<'s>(&self, document: &'s Document<'s>, found: &mut Found<'s>) {
        for row in rows(&document.root).filter(|row| is_row(row)) {
            Row::of(row).put(document, found);
        }
    }
}

fn rows<'v, 's>(root: &'v Value<'s>) -> impl Iterator<Item = &'v Value<'s>> {
    let list = root.as_list().or_else(|| root.get("rows")?.as_list());
    list.map_or(std::slice::from_ref(root), |list| list).iter()
}

fn is_row(row: &Value<'_>) -> bool {
    policy_in(row, &TRUST).is_some()
        || INLINE.iter().any(|column| items(row, column).any(|policy| policy_in(policy, &["PolicyDocument"]).is_some()))
        || OWNERS.iter().any(|column| row.get(column).is_some())
            && (policy_in(row, &POLICY).is_some() || versions(row).next().is_some() || organization(row).is_some())
}

/// The first of these columns that holds a policy.
fn policy_in<'v, 's>(row: &'v Value<'s>, columns: &[&str]) -> Option<&'v Member<'s>> {
    columns.iter().find_map(|column| row.member(column).filter(|member| holds_policy(&member.value)))
}

/// The versions of a managed policy that are in force.
fn versions<'v, 's>(row: &'v Value<'s>) -> impl Iterator<Item = &'v Member<'s>> {
    let in_force =
        |version: &&Value<'_>| get(version, "IsDefaultVersion").is_some_and(|is| is.kind == Kind::Bool(true));
    items(row, "policy_version_list").filter(in_force).filter_map(|version| member(version, "Document"))
}

/// The policy of an organization.
fn organization<'v, 's>(row: &'v Value<'s>) -> Option<(PolicyKind, &'v Member<'s>)> {
    let kind = organization_kind(row.get("type")?.as_str()?)?;
    Some((kind, policy_in(row, &["content", "content_std"])?))
}

/// A row and whom it is about.
struct Row<'s> {
    row: &'s Value<'s>,
    /// What names the owner.
    name: Option<&'s Value<'s>>,
    arn: Option<&'s str>,
    address: String,
    account: Option<&'s str>,
}

impl<'s> Row<'s> {
    fn of(row: &'s Value<'s>) -> Self {
        let first = |columns: &[&str]| {
            columns.iter().find_map(|column| row.get(column).filter(|value| value.as_str().is_some()))
        };
        let arn = first(&["role_arn", "user_arn", "group_arn", "arn", "policy_arn", "topic_arn", "queue_arn"]);
        let arn = arn.and_then(Value::as_str).filter(|arn| arn.starts_with("arn:"));
        let name = first(&["role_name", "user_name", "group_name", "name", "title", "id"]);
        let account = text(row, "account_id").or_else(|| account_of(arn?));
        let address = arn.or_else(|| name?.as_str()).unwrap_or_default().to_owned();
        Row { row, name, arn, address, account }
    }

    fn put(&self, document: &'s Document<'s>, found: &mut Found<'s>) {
        let row = self.row;
        // Service-linked roles belong to their service, and managed policies of AWS to AWS; nobody can edit them.
        let of_service = text(row, "path").is_some_and(|path| path.starts_with("/aws-service-role/"));
        if of_service || self.arn.is_some_and(is_of_aws) {
            return;
        }
        if let Some(trust) = policy_in(row, &TRUST) {
            self.record(PolicyKind::Trust, None, trust).put(document, &trust.value, found);
        }
        let inline_policies = INLINE.iter().find(|column| items(row, column).next().is_some());
        for policy in inline_policies.into_iter().flat_map(|column| items(row, column)) {
            if let Some(member) = policy_in(policy, &["PolicyDocument"]) {
                self.record(PolicyKind::Identity, text(policy, "PolicyName"), member).put(
                    document,
                    &member.value,
                    found,
                );
            }
        }
        for policy in versions(row) {
            self.record(PolicyKind::Identity, None, policy).put(document, &policy.value, found);
        }
        if let Some((kind, policy)) = organization(row) {
            self.record(kind, None, policy).put(document, &policy.value, found);
        } else if let Some(policy) = policy_in(row, &POLICY).filter(|_| !self.is_old_version()) {
            let of_principal = ["role_name", "user_name", "group_name"].iter().any(|column| row.get(column).is_some());
            let is_managed = self.arn.is_some_and(|arn| arn.contains(":iam:"));
            let name = text(row, "policy_name").filter(|_| of_principal);
            let kind = if of_principal || is_managed { PolicyKind::Identity } else { PolicyKind::Resource };
            self.record(kind, name, policy).put(document, &policy.value, found);
        }
    }

    /// Whether the row is a version of a managed policy that is not in force.
    fn is_old_version(&self) -> bool {
        self.row.get("is_default_version").is_some_and(|is| is.kind == Kind::Bool(false))
    }

    fn record(&self, kind: PolicyKind, name: Option<&str>, policy: &Member<'_>) -> Record<'s> {
        let is_trust = kind == PolicyKind::Trust;
        Record {
            kind,
            address: inline(&self.address, name),
            anchor: self.name.map_or(policy.key_span, |name| name.span),
            account: self.account,
            name: self.name.filter(|_| is_trust).and_then(Value::as_text),
            max_session_duration: self.row.get("max_session_duration").filter(|_| is_trust).and_then(seconds),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::testing::{document, extract};
    use crate::site::OwnerAccount;
    use crate::value::Text;
    use serde_json::{Value as Json, json};

    fn policy(action: &str) -> Json {
        json!({"Statement": [{"Effect": "Allow", "Principal": "*", "Action": action, "Resource": "*"}]})
    }

    fn sites(outer: &Json) -> Vec<(String, &'static str, String)> {
        let text = outer.to_string();
        assert!(InventoryRows.detect(document(&text)).is_some(), "{text}");
        let found = extract(&InventoryRows, &text);
        assert!(found.problems.is_empty(), "{:?}", found.problems);
        let action = |site: &crate::site::PolicySite<'_>| -> Option<String> {
            let statement = site.document.get("Statement")?.one_or_many().first()?;
            Some(statement.get("Action")?.one_or_many().first()?.as_str()?.to_owned())
        };
        found
            .sites
            .iter()
            .map(|site| (site.address.clone(), site.kind.name(), action(site).unwrap_or_default()))
            .collect()
    }

    fn role() -> Json {
        json!({
            "name": "ci", "arn": "arn:aws:iam::111122223333:role/ci", "path": "/", "account_id": "111122223333",
            "max_session_duration": 7200,
            "assume_role_policy": policy("sts:AssumeRole"), "assume_role_policy_std": policy("sts:assumerole"),
            "inline_policies": [{"PolicyName": "deploy", "PolicyDocument": policy("s3:PutObject")}],
            "inline_policies_std": [{"PolicyName": "deploy", "PolicyDocument": policy("s3:putobject")}],
        })
    }

    #[test]
    fn roles_of_steampipe_are_judged_once() {
        let ci = "arn:aws:iam::111122223333:role/ci";
        let expected = [
            (ci.to_owned(), "trust", "sts:AssumeRole".to_owned()),
            (format!("{ci} policy/deploy"), "identity", "s3:PutObject".to_owned()),
        ];
        for outer in [role(), json!([role()]), json!({"columns": [], "rows": [role()]})] {
            assert_eq!(sites(&outer), expected);
        }
        let text = role().to_string();
        let owner = extract(&InventoryRows, &text).sites.remove(0).owner;
        assert_eq!(owner.account, OwnerAccount::Id("111122223333".into()));
        assert_eq!(owner.name.as_ref().and_then(Text::known), Some("ci"));
        assert_eq!(owner.max_session_duration.as_ref().and_then(|setting| setting.value.known()), Some("7200"));
    }

    #[test]
    fn the_normal_form_stands_in_for_what_was_not_asked_for() {
        let row = json!({"name": "ci", "assume_role_policy": null, "assume_role_policy_std": policy("sts:assumerole")});
        assert_eq!(sites(&row), [("ci".to_owned(), "trust", "sts:assumerole".to_owned())]);
    }

    #[test]
    fn tables_of_both_tools() {
        let document = |action: &str| policy(action).to_string();
        let version = |default: bool, action: &str| json!({"Document": document(action), "IsDefaultVersion": default});
        let rows = json!([
            {"_cq_id": "1", "account_id": "111122223333", "role_name": "r", "arn": "arn:aws:iam::111122223333:role/r", "assume_role_policy_document": document("sts:AssumeRole")},
            {"_cq_id": "2", "account_id": "111122223333", "role_name": "r", "role_arn": "arn:aws:iam::111122223333:role/r", "policy_name": "p", "policy_document": policy("a:1")},
            {"_cq_id": "3", "arn": "arn:aws:iam::111122223333:policy/m", "policy_name": "m", "policy_version_list": [version(false, "a:old"), version(true, "a:2")]},
            {"name": "m", "arn": "arn:aws:iam::111122223333:policy/n", "policy": policy("a:3"), "policy_std": policy("a:std")},
            {"name": "AdministratorAccess", "arn": "arn:aws:iam::aws:policy/AdministratorAccess", "policy": policy("*")},
            {"name": "b", "arn": "arn:aws:s3:::b", "account_id": "111122223333", "policy": policy("s3:GetObject")},
            {"name": "deny", "arn": "arn:aws:organizations::1:policy/o-1/p-1", "type": "SERVICE_CONTROL_POLICY", "content": document("s3:*")},
            {"name": "linked", "path": "/aws-service-role/x.amazonaws.com/", "assume_role_policy": policy("sts:AssumeRole")},
            {"name": "none", "arn": "arn:aws:s3:::none", "policy": null},
        ]);
        let expected = [
            ("arn:aws:iam::111122223333:role/r", "trust", "sts:AssumeRole"),
            ("arn:aws:iam::111122223333:role/r policy/p", "identity", "a:1"),
            ("arn:aws:iam::111122223333:policy/m", "identity", "a:2"),
            ("arn:aws:iam::111122223333:policy/n", "identity", "a:3"),
            ("arn:aws:s3:::b", "resource", "s3:GetObject"),
            ("arn:aws:organizations::1:policy/o-1/p-1", "scp", "s3:*"),
        ];
        assert_eq!(sites(&rows), expected.map(|(address, kind, action)| (address.to_owned(), kind, action.to_owned())));
    }

    #[test]
    fn other_files() {
        for text in [
            json!({"policy": policy("s3:*")}),
            json!([{"name": "x", "policy": "{\"rules\": 1}", "account_id": "111122223333"}]),
            json!({"rows": [{"a": 1}]}),
            json!({"assume_role_policy": "${file(trust.json)}"}),
            policy("s3:*"),
        ] {
            assert!(InventoryRows.detect(document(&text.to_string())).is_none(), "{text}");
        }
    }
}
