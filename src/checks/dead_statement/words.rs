//! Why a condition never holds, in words.

use super::super::shared::flows;
use super::shown;
use crate::aws::keys::{self, Presence};
use crate::policy::{Condition, PrincipalKind, Statement};

/// Why a condition never holds, a phrase about it, and what to do.
pub fn reason(statement: &Statement, condition: &Condition, for_everybody: bool) -> (String, String, String) {
    let key = &condition.key;
    let needs_key = condition.operator.holds_when_absent() == Some(false);
    let known = keys::key(key);
    if needs_key && known.is_none() {
        return (
            format!("no request for a role has `{key}`"),
            "a key that STS does not send".to_owned(),
            "test a key that calls to STS have, or put this into the permission policy of the service".to_owned(),
        );
    }
    let sent = known.is_some_and(|key| {
        let listed = statement.listed_principals();
        let of = |flow: &keys::Flow| key.presence(*flow) != Presence::Never;
        listed.is_empty() || listed.iter().any(|principal| flows(&principal.kind).iter().any(of))
    });
    if needs_key && !sent {
        let who = match statement.listed_principals() {
            [only] => sort(&only.kind),
            _ => "the principals of this statement",
        };
        return (
            format!("requests by {who} never have `{key}`"),
            "demands a key that is never there".to_owned(),
            "remove the condition, or test something that these callers have".to_owned(),
        );
    }
    let help = "correct the value, or remove the statement".to_owned();
    if for_everybody {
        return (format!("{} holds for no request", shown(condition)), "no value fits".to_owned(), help);
    }
    let why = format!("{} holds for none of the principals of this statement", shown(condition));
    (why, "excludes every principal listed".to_owned(), help)
}

fn sort(kind: &PrincipalKind) -> &'static str {
    match kind {
        PrincipalKind::Service { .. } => "AWS services",
        PrincipalKind::Saml { .. } => "SAML users",
        PrincipalKind::Oidc { .. } | PrincipalKind::WebIdentity { .. } => "holders of a token",
        PrincipalKind::Role { .. } | PrincipalKind::Session { .. } => "sessions of a role",
        PrincipalKind::User { .. } => "IAM users",
        PrincipalKind::Anyone
        | PrincipalKind::Account { .. }
        | PrincipalKind::FederatedUser { .. }
        | PrincipalKind::UniqueId { .. }
        | PrincipalKind::CanonicalUser
        | PrincipalKind::Invalid { .. }
        | PrincipalKind::Unknown => "AWS principals",
    }
}

pub fn both(first: &Condition, second: &Condition) -> String {
    match first.is_about(&second.key) {
        true => format!("`{}` and {}", first.operator_text, shown(second)),
        false => format!("{} and {}", shown(first), shown(second)),
    }
}
