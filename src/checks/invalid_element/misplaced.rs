//! Elements that policies of a kind do not have.

use super::lacking::needs_principal;
use crate::policy::Statement;
use crate::rules::{Context, Finding};
use crate::site::PolicyKind;

/// What depends on the kind of the policy.
pub fn misplaced(context: &Context<'_>, statement: &Statement, found: &mut Vec<Finding>) {
    let kind = context.site.kind;
    let mut add = |finding: Finding| found.push(finding.statement(statement));
    if let Some(principals) = statement.principals.as_ref().filter(|_| !needs_principal(kind)) {
        let name = if principals.negated { "NotPrincipal" } else { "Principal" };
        let what = noun(kind);
        add(Finding::new(principals.key_span, format!("{what} cannot have `{name}`"))
            .label("IAM rejects this")
            .help("who is meant follows from what the policy is attached to; remove it, or move the statement to the resource's policy")
            .subject(name));
    }
    if let Some(resources) = statement.resources.as_ref().filter(|_| kind == PolicyKind::Trust) {
        let name = if resources.negated { "NotResource" } else { "Resource" };
        add(Finding::new(
            resources.key_span,
            format!("a trust policy cannot have `{name}`; it is always about its own role"),
        )
        .label("IAM rejects this")
        .help("remove it")
        .subject(name));
    }
}

fn noun(kind: PolicyKind) -> &'static str {
    match kind {
        PolicyKind::Trust => "a trust policy",
        PolicyKind::Identity => "an identity policy",
        PolicyKind::Resource => "a resource policy",
        PolicyKind::Scp => "a service control policy",
        PolicyKind::Rcp => "a resource control policy",
        PolicyKind::Boundary => "a permissions boundary",
        PolicyKind::Session => "a session policy",
    }
}
