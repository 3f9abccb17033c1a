//! Elements that policies of a kind do not have, or must have.

use super::missing;
use crate::policy::{FactKind, Statement};
use crate::rules::{Context, Finding};
use crate::site::PolicyKind;

/// What depends on the kind of the policy.
pub fn misplaced(context: &Context<'_>, statement: &Statement, found: &mut Vec<Finding>) {
    let kind = context.site.kind;
    // A misspelt element is one mistake, not two.
    let misspelt = |names: &[&str]| {
        context.policy.facts.iter().any(|fact| {
            let meant =
                matches!(&fact.kind, FactKind::UnknownElement { meant: Some(meant), .. } if names.contains(meant));
            fact.statement == Some(statement.index) && meant
        })
    };
    let mut add = |finding: Finding| found.push(finding.statement(statement));
    match (&statement.principals, takes_principal(kind)) {
        (Some(principals), false) => {
            let name = if principals.negated { "NotPrincipal" } else { "Principal" };
            let what = noun(kind);
            add(Finding::new(principals.key_span, format!("{what} cannot have `{name}`"))
                .label("IAM rejects this")
                .help("who is meant follows from what the policy is attached to; remove it, or move the statement to the resource's policy")
                .subject(name));
        }
        (None, true) if !misspelt(&["Principal", "NotPrincipal"]) => {
            add(missing(statement.span, "Principal").help(format!("{} says whom it is about", noun(kind))));
        }
        (Some(_), true) | (None, _) => {}
    }
    match (&statement.resources, resource(kind)) {
        (Some(resources), Takes::Never) => {
            let name = if resources.negated { "NotResource" } else { "Resource" };
            add(Finding::new(
                resources.key_span,
                format!("a trust policy cannot have `{name}`; it is always about its own role"),
            )
            .label("IAM rejects this")
            .help("remove it")
            .subject(name));
        }
        (None, Takes::Always) if !misspelt(&["Resource", "NotResource"]) => {
            add(missing(statement.span, "Resource or NotResource"));
        }
        (Some(_), Takes::Always | Takes::Maybe) | (None, _) => {}
    }
}

/// Whether policies of this kind say whom they are about.
fn takes_principal(kind: PolicyKind) -> bool {
    match kind {
        PolicyKind::Trust | PolicyKind::Resource | PolicyKind::Rcp => true,
        PolicyKind::Identity | PolicyKind::Scp | PolicyKind::Boundary | PolicyKind::Session => false,
    }
}

enum Takes {
    Always,
    Never,
    Maybe,
}

/// Whether policies of this kind say which resources they are about. Some services do without in their own policies.
fn resource(kind: PolicyKind) -> Takes {
    match kind {
        PolicyKind::Trust => Takes::Never,
        PolicyKind::Resource => Takes::Maybe,
        PolicyKind::Identity | PolicyKind::Scp | PolicyKind::Rcp | PolicyKind::Boundary | PolicyKind::Session => {
            Takes::Always
        }
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
