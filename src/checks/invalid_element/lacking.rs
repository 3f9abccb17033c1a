//! Elements that must be there and are not.

use crate::policy::{FactKind, Statement};
use crate::rules::{Context, Finding};
use crate::site::PolicyKind;
use crate::span::Span;

/// Everything that a statement lacks, in one finding.
pub fn lacking(context: &Context<'_>, statement: &Statement) -> Option<Finding> {
    let here = || context.policy.facts.iter().filter(|fact| fact.statement == Some(statement.index));
    // A misspelt element is one mistake, not two.
    let is_misspelt = |names: [&str; 2]| {
        here().any(
            |fact| matches!(&fact.kind, FactKind::UnknownElement { meant: Some(meant), .. } if names.contains(meant)),
        )
    };
    let kind = context.site.kind;
    let mut elements: Vec<&str> = here()
        .filter_map(|fact| match fact.kind {
            FactKind::Missing { element } => Some(element),
            _ => None,
        })
        .collect();
    let lacks_principal = statement.principals.is_none() && needs_principal(kind);
    if lacks_principal && !is_misspelt(["Principal", "NotPrincipal"]) {
        elements.push("Principal");
    }
    let lacks_resource = statement.resources.is_none() && needs_resource(kind);
    if lacks_resource && !is_misspelt(["Resource", "NotResource"]) {
        elements.push("Resource or NotResource");
    }
    let finding = missing(context, "statement", statement.span, &elements).statement(statement);
    let finding = match elements.contains(&"Principal") {
        true => finding.help("`Principal` says whom the statement is about"),
        false => finding,
    };
    (!elements.is_empty()).then_some(finding)
}

/// Points at the first byte of what should have held the elements: the whole of it would underline everything.
pub fn missing(context: &Context<'_>, holder: &str, span: Span, elements: &[&str]) -> Finding {
    let start = span.start as usize;
    let quoted =
        |element: &&str| element.split(" or ").map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or ");
    let names = elements.iter().map(quoted).collect::<Vec<_>>().join(" and no ");
    Finding::new(Span::new(start, start + 1), format!("this {holder} has no {names}"))
        .label(format!("{} rejects it without", who(context)))
        .subject(elements.first().copied().unwrap_or_default())
        .tentative()
}

/// Who reads a policy of this kind.
pub fn who(context: &Context<'_>) -> &'static str {
    match context.site.kind {
        PolicyKind::Resource => "the service",
        PolicyKind::Scp | PolicyKind::Rcp => "Organizations",
        PolicyKind::Trust | PolicyKind::Identity | PolicyKind::Boundary | PolicyKind::Session => "IAM",
    }
}

/// Whether policies of this kind say whom they are about.
pub fn needs_principal(kind: PolicyKind) -> bool {
    match kind {
        PolicyKind::Trust | PolicyKind::Resource | PolicyKind::Rcp => true,
        PolicyKind::Identity | PolicyKind::Scp | PolicyKind::Boundary | PolicyKind::Session => false,
    }
}

/// Whether policies of this kind say which resources they are about. Trust policies are about their own role, and some
/// services do without in their own policies.
fn needs_resource(kind: PolicyKind) -> bool {
    match kind {
        PolicyKind::Trust | PolicyKind::Resource => false,
        PolicyKind::Identity | PolicyKind::Scp | PolicyKind::Rcp | PolicyKind::Boundary | PolicyKind::Session => true,
    }
}
