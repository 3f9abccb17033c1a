//! Who gets sessions of a role.

use crate::access::{Query, Sure};
use crate::aws::issuers;
use crate::aws::sts::Caller;
use crate::diagnostic::Confidence;
use crate::policy::{Principal, PrincipalKind, Statement, Truth};
use crate::rules::{Context, Relation};

/// Who gets sessions of the role, as far as their length goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    ThirdParty,
    /// A third party, or an account of one's own that nobody listed.
    Other,
    Workload,
    People,
    /// Sessions of other roles: chaining ends after an hour.
    Role,
    /// The setting does not limit them.
    Service,
}

impl Kind {
    /// The option with the longest session, in hours.
    pub fn option(self) -> Option<&'static str> {
        match self {
            Kind::ThirdParty | Kind::Other => Some("third-party-hours"),
            Kind::Workload => Some("workload-hours"),
            Kind::People => Some("people-hours"),
            Kind::Role | Kind::Service => None,
        }
    }

    /// What a suppression names.
    pub fn subject(self) -> &'static str {
        match self {
            Kind::Other => Kind::ThirdParty.name(),
            kind => kind.name(),
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Kind::ThirdParty => "a third party",
            Kind::Other => "another account",
            Kind::Workload => "a workload",
            Kind::People => "people",
            Kind::Role => "other roles",
            Kind::Service => "services",
        }
    }
}

/// Who a principal is, and how sure that is; `None` if it cannot assume the role or nothing is known of it.
pub fn kind(context: &Context<'_>, statement: &Statement, principal: &Principal) -> Option<(Kind, Confidence)> {
    let (kind, sure, caller) = match &principal.kind {
        PrincipalKind::Anyone => {
            let stranger = Query::Anybody { knows_external_id: true };
            let open = context.ask(&stranger, statement, principal).sure == Sure::Yes;
            (if open { Kind::ThirdParty } else { Kind::People }, Confidence::Proved, Caller::Aws)
        }
        PrincipalKind::Account { account } | PrincipalKind::User { account, .. } => match context.relation(account) {
            Relation::Own | Relation::Organization => (Kind::People, Confidence::Proved, Caller::Aws),
            Relation::Trusted(_) | Relation::Vendor(_) | Relation::Foreign => {
                (Kind::ThirdParty, Confidence::Proved, Caller::Aws)
            }
            Relation::Unknown => (other(statement), Confidence::Likely, Caller::Aws),
            Relation::Hole => (other(statement), Confidence::Possible, Caller::Aws),
            Relation::Aws(_) => (Kind::Service, Confidence::Likely, Caller::Aws),
        },
        PrincipalKind::Role { .. } | PrincipalKind::Session { .. } => (Kind::Role, Confidence::Proved, Caller::Aws),
        PrincipalKind::UniqueId { what } if *what == "role" => (Kind::Role, Confidence::Proved, Caller::Aws),
        PrincipalKind::UniqueId { .. } => (Kind::People, Confidence::Likely, Caller::Aws),
        PrincipalKind::Service { .. } => (Kind::Service, Confidence::Proved, Caller::Service),
        PrincipalKind::Saml { .. } => (Kind::People, Confidence::Proved, Caller::Saml),
        PrincipalKind::Oidc { issuer, .. } | PrincipalKind::WebIdentity { issuer } => {
            // People log in by providers of which no form of a workload's subject is known, and by Auth0's.
            let known = issuer.known().and_then(issuers::issuer);
            let is_workload = |form: &str| !form.ends_with("@clients");
            let sure = match known.is_some_and(|issuer| issuer.subjects.iter().any(is_workload)) {
                true => Confidence::Proved,
                false => Confidence::Possible,
            };
            (Kind::Workload, sure, Caller::Oidc)
        }
        PrincipalKind::FederatedUser { .. }
        | PrincipalKind::CanonicalUser
        | PrincipalKind::Invalid { .. }
        | PrincipalKind::Unknown => return None,
    };
    let action = match caller {
        Caller::Aws | Caller::Service => "sts:AssumeRole",
        Caller::Saml => "sts:AssumeRoleWithSAML",
        Caller::Oidc => "sts:AssumeRoleWithWebIdentity",
    };
    (statement.covers_action(action) != Truth::No).then_some((kind, sure))
}

/// Who an account is that nobody listed: who is asked for an ExternalId is a third party.
fn other(statement: &Statement) -> Kind {
    match statement.conditions.iter().any(|condition| condition.is_about("sts:ExternalId")) {
        true => Kind::ThirdParty,
        false => Kind::Other,
    }
}
