//! Permission sets of IAM Identity Center with their inline policies: what `describe-permission-set` and
//! `get-inline-policy-for-permission-set` print, put together, and the files that pipelines keep.

use super::record::{Record, get, holds_policy, member, text};
use super::{Found, Input};
use crate::site::PolicyKind;
use crate::span::Spanned;
use crate::syntax::Document;
use crate::value::{Member, Text, Value};

/// The format.
#[derive(Debug)]
pub struct PermissionSet;

/// Members with an inline policy.
const POLICIES: [&str; 3] = ["InlinePolicy", "InlinePolicies", "CustomPolicy"];

impl Input for PermissionSet {
    fn name(&self) -> &'static str {
        "permission-set"
    }

    fn detect(&self, document: &Document<'_>) -> Option<&'static str> {
        sets(&document.root).any(|set| set.policy().is_some()).then_some("is a permission set with an inline policy")
    }

    fn extract<'s>(&self, document: &'s Document<'s>, found: &mut Found<'s>) {
        for set in sets(&document.root) {
            let Some(policy) = set.policy() else { continue };
            let name = get(set.about, "Name");
            let arn = text(set.about, "PermissionSetArn");
            let record = Record {
                kind: PolicyKind::Identity,
                address: arn.or_else(|| name?.as_str()).unwrap_or_default().to_owned(),
                anchor: name.map_or(policy.key_span, |name| name.span),
                account: None,
                name: None,
                max_session_duration: get(set.about, "SessionDuration").and_then(duration),
            };
            record.put(document, &policy.value, found);
        }
    }
}

/// A permission set.
struct Set<'v, 's> {
    /// The object with its name and session duration.
    about: &'v Value<'s>,
    /// The object with its policy.
    holder: &'v Value<'s>,
}

impl<'v, 's> Set<'v, 's> {
    fn policy(&self) -> Option<&'v Member<'s>> {
        let is_set = ["SessionDuration", "PermissionSetArn"].iter().any(|key| text(self.about, key).is_some());
        let holder = self.holder;
        POLICIES.iter().find_map(|key| member(holder, key).filter(|member| is_set && holds_policy(&member.value)))
    }
}

fn sets<'v, 's>(root: &'v Value<'s>) -> impl Iterator<Item = Set<'v, 's>> {
    let list = root.as_list().or_else(|| get(root, "PermissionSets")?.as_list());
    list.map_or(std::slice::from_ref(root), |list| list)
        .iter()
        .map(|holder| Set { about: get(holder, "PermissionSet").unwrap_or(holder), holder })
}

/// A session duration in seconds.
fn duration(value: &Value<'_>) -> Option<Spanned<Text>> {
    let seconds = seconds(value.as_str()?)?;
    Some(Spanned::new(Text::literal(seconds.to_string(), value.span), value.span))
}

/// The seconds of a duration as Identity Center writes it, in ISO 8601: `PT8H`, `PT1H30M`.
pub(super) fn seconds(text: &str) -> Option<u32> {
    let (days, time) = text.strip_prefix('P')?.split_once('T')?;
    let mut total = match days.strip_suffix('D') {
        Some(days) => days.parse::<u32>().ok()?.checked_mul(86_400)?,
        None => 0,
    };
    if time.is_empty() || !(days.is_empty() || days.ends_with('D')) {
        return None;
    }
    let mut rest = time;
    for (unit, length) in [('H', 3600), ('M', 60), ('S', 1)] {
        if let Some((number, after)) = rest.split_once(unit) {
            total = number.parse::<u32>().ok()?.checked_mul(length)?.checked_add(total)?;
            rest = after;
        }
    }
    rest.is_empty().then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::testing::{document, extract};
    use serde_json::json;

    #[test]
    fn sets_alone_and_in_lists() {
        let policy = json!({"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]});
        let about = json!({"Name": "admin", "PermissionSetArn": "arn:aws:sso:::permissionSet/ssoins-1/ps-2", "SessionDuration": "PT8H"});
        let mut flat = about.clone();
        flat["InlinePolicies"] = policy.clone();
        let pair = json!({"PermissionSet": about, "InlinePolicy": policy.to_string()});
        for outer in [flat.clone(), pair.clone(), json!([pair]), json!({"PermissionSets": [flat]})] {
            let text = outer.to_string();
            assert!(PermissionSet.detect(document(&text)).is_some(), "{text}");
            let found = extract(&PermissionSet, &text);
            assert_eq!(found.sites.len(), 1);
            let site = &found.sites[0];
            assert_eq!(
                (site.address.as_str(), site.kind),
                ("arn:aws:sso:::permissionSet/ssoins-1/ps-2", PolicyKind::Identity)
            );
            let setting = site.owner.max_session_duration.as_ref().expect("it is there");
            assert_eq!((setting.value.known(), &text[setting.span.range()]), (Some("28800"), r#""PT8H""#));
        }
    }

    #[test]
    fn durations() {
        for (text, expected) in [
            ("PT8H", Some(28_800)),
            ("PT1H30M", Some(5_400)),
            ("PT3600S", Some(3_600)),
            ("P1DT1H", Some(90_000)),
            ("PT", None),
            ("P1WT1H", None),
            ("PT1M1H", None),
            ("PT99999999H", None),
            ("8 hours", None),
        ] {
            assert_eq!(seconds(text), expected, "{text}");
        }
    }

    #[test]
    fn other_files() {
        for text in [
            r#"{"PermissionSet": {"SessionDuration": "PT8H"}}"#,
            r#"{"InlinePolicy": "{\"Statement\": []}"}"#,
            r#"{"Name": "x", "SessionDuration": "PT8H", "InlinePolicies": ["a.json"]}"#,
        ] {
            assert!(PermissionSet.detect(document(text)).is_none(), "{text}");
        }
    }
}
