//! The service principals of a statement.

use crate::aws::services::{self, Deputy};
use crate::policy::{Principal, PrincipalKind, Statement};
use crate::value::{Domain, PartRef, Text};

/// Whether another service of the statement runs workloads, for which nothing is known to send the keys: a condition
/// on them would shut it out.
pub fn shares_with_compute(statement: &Statement, principal: &Principal) -> bool {
    let others = statement.listed_principals().iter().filter(|other| !std::ptr::eq(*other, principal));
    let hosts = others.filter_map(|other| match &other.kind {
        PrincipalKind::Service { host } => plain(host),
        _ => None,
    });
    hosts.into_iter().any(|host| services::deputy(&host) == Deputy::Compute)
}

/// The host with a Region and suffix in place of those of the deployment: what is known of a service holds for all.
pub fn plain(host: &Text) -> Option<String> {
    let mut out = String::new();
    for part in host.parts() {
        match part {
            PartRef::Literal(text) => out.push_str(text),
            PartRef::Hole(hole) => match hole.domain {
                Domain::Region => out.push_str("us-east-1"),
                Domain::UrlSuffix => out.push_str("amazonaws.com"),
                _ => out.push_str(hole.default.as_deref()?),
            },
        }
    }
    Some(out)
}

/// Roles Anywhere acts for trust anchors of the role's own account: only the anchor tells one from another.
pub fn is_anchor(host: &str) -> bool {
    services::parse(host).is_some_and(|host| host.service == "rolesanywhere")
}
