//! Whether a request can lack a key, and what a key says.

use super::super::shared::flows;
use crate::aws::keys::{self, Class, Flow, Presence};
use crate::policy::{Condition, Principal, PrincipalKind, Statement};
use crate::site::PolicyKind;

/// Whether a request can lack a key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Absent {
    Cannot,
    /// A token always has a subject and an audience; AWS still warns of `ForAllValues` on them.
    Unlikely,
    Likely,
    Can,
}

pub fn presence(kind: PolicyKind, statement: &Statement, condition: &Condition) -> Absent {
    let Some(key) = keys::key(&condition.key) else { return Absent::Likely };
    let listed = statement.listed_principals();
    let of_flow = |flow: Flow| match key.presence(flow) {
        Presence::Always if key.class(flow) == Class::Issued => Absent::Unlikely,
        Presence::Always => Absent::Cannot,
        Presence::Sometimes | Presence::Never => Absent::Can,
        Presence::Unverified => Absent::Unlikely,
    };
    let any = [Flow::User, Flow::UserSession, Flow::RoleSession].as_slice();
    if listed.is_empty() {
        return any.iter().map(|flow| of_flow(*flow)).max().unwrap_or(Absent::Likely);
    }
    let of_principal = |principal: &Principal| match &principal.kind {
        // A caller without credentials has no principal at all.
        PrincipalKind::Anyone if kind == PolicyKind::Resource => match of_flow(Flow::User) {
            Absent::Cannot if key.class(Flow::User) == Class::Principal => Absent::Can,
            other => other,
        },
        PrincipalKind::Oidc { issuer, .. } | PrincipalKind::WebIdentity { issuer }
            if is_of_another(issuer.known(), &condition.key) =>
        {
            Absent::Can
        }
        kind => flows(kind).iter().map(|flow| of_flow(*flow)).max().unwrap_or(Absent::Unlikely),
    };
    listed.iter().map(of_principal).max().unwrap_or(Absent::Likely)
}

/// Whether a key is a claim of another issuer than this one.
fn is_of_another(issuer: Option<&str>, key: &str) -> bool {
    let host = key.rsplit_once(':').map(|(host, _)| host).filter(|host| host.contains('.'));
    match (issuer, host) {
        (Some(issuer), Some(host)) => {
            !issuer.eq_ignore_ascii_case(host) && !key.to_ascii_lowercase().starts_with(&issuer.to_ascii_lowercase())
        }
        (None, _) | (_, None) => false,
    }
}

/// Keys that list what a request brings along. `ForAllValues` limits what may be in the list, which is what AWS
/// documents; a request that brings nothing is within the limit.
pub fn lists_content(key: &str) -> bool {
    const KEYS: [&str; 5] = [
        "aws:TagKeys",
        "sts:TransitiveTagKeys",
        "dynamodb:Attributes",
        "kms:EncryptionContextKeys",
        "kms:GrantOperations",
    ];
    KEYS.iter().any(|known| known.eq_ignore_ascii_case(key))
}

/// Whether a key says who calls, for whom or from where.
pub fn is_about_caller(key: &str) -> bool {
    const STARTS: [&str; 13] = [
        "aws:principal",
        "aws:source",
        "aws:vpc",
        "aws:user",
        "aws:calledvia",
        "aws:viaawsservice",
        "aws:federatedprovider",
        "aws:multifactorauth",
        "aws:tokenissuetime",
        "aws:resourceorg",
        "sts:externalid",
        "sts:sourceidentity",
        "saml:",
    ];
    let key = key.to_ascii_lowercase();
    let issuer = key.split_once(':').is_some_and(|(before, _)| before.contains('.'));
    issuer || STARTS.iter().any(|start| key.starts_with(start))
}
