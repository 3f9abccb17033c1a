//! How callers make their requests.

use crate::aws::keys::Flow;
use crate::policy::PrincipalKind;

/// How the callers that a principal stands for make their requests.
pub fn flows(kind: &PrincipalKind) -> &'static [Flow] {
    match kind {
        PrincipalKind::Anyone
        | PrincipalKind::Account { .. }
        | PrincipalKind::UniqueId { .. }
        | PrincipalKind::FederatedUser { .. } => &[Flow::User, Flow::UserSession, Flow::RoleSession],
        PrincipalKind::User { .. } => &[Flow::User, Flow::UserSession],
        PrincipalKind::Role { .. } | PrincipalKind::Session { .. } => &[Flow::RoleSession],
        PrincipalKind::Service { .. } => &[Flow::Service],
        PrincipalKind::Saml { .. } => &[Flow::Saml],
        PrincipalKind::Oidc { .. } | PrincipalKind::WebIdentity { .. } => &[Flow::WebIdentity],
        PrincipalKind::CanonicalUser | PrincipalKind::Invalid { .. } | PrincipalKind::Unknown => &[],
    }
}
