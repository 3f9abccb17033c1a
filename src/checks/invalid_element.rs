//! What the grammar of policies does not have: unknown, missing, doubled and misplaced elements.

use crate::diagnostic::{Confidence, Severity};
use crate::policy::principal::Member;
use crate::policy::{Fact, FactKind, Policy, Statement};
use crate::rules::{Context, Finding};
use crate::site::PolicyKind;
use crate::span::Span;

pub fn check(context: &Context<'_>, found: &mut Vec<Finding>) {
    let policy = context.policy;
    found.extend(policy.facts.iter().map(|fact| from_fact(policy, fact)));
    for statement in &policy.statements {
        misplaced(context, statement, found);
    }
}

fn from_fact(policy: &Policy, fact: &Fact) -> Finding {
    let finding = match &fact.kind {
        FactKind::UnknownElement { name, meant: Some(meant) } => {
            let what = if Member::ALL.iter().any(|(_, known)| known == meant) {
                "a kind of principal"
            } else {
                "an element of a policy"
            };
            Finding::new(fact.span, format!("`{name}` is not {what}; `{meant}` is"))
                .label("IAM rejects this")
                .help(format!("write `{meant}`"))
                .subject(name)
        }
        FactKind::UnknownElement { name, meant: None } => {
            Finding::new(fact.span, format!("`{name}` is not an element that a policy can have here"))
                .label("IAM rejects this")
                .help("remove it; remarks go into `Sid`, or into the file around the policy")
                .subject(name)
        }
        FactKind::WrongSort { element, expected, found } => {
            let finding = Finding::new(fact.span, format!("`{element}` must be {expected}, and this is {found}"))
                .label(format!("expected {expected}"))
                .subject(element);
            // CloudFormation makes a string of a number or a boolean; elsewhere IAM rejects it.
            match *found {
                "a number" | "a boolean" => finding.severity(Severity::Medium).confidence(Confidence::Likely),
                _ => finding,
            }
        }
        FactKind::Missing { element } => missing(fact.span, element),
        FactKind::Both { element } => {
            Finding::new(fact.span, format!("this statement has both `{element}` and `Not{element}`; it may have one"))
                .label("the second of the two")
                .help("write two statements")
                .subject(*element)
        }
        FactKind::Empty { element } => {
            // IAM takes most of them; the statement then speaks of nothing.
            Finding::new(fact.span, format!("`{element}` lists nothing, so this has no effect"))
                .label("empty")
                .help("fill it or remove what it belongs to")
                .subject(element)
                .severity(Severity::Medium)
        }
    };
    match fact.statement.and_then(|index| policy.statements.get(index)) {
        Some(statement) => finding.statement(statement),
        None => finding,
    }
}

/// Points at the first byte of what should have held the element: the whole of it would underline everything.
fn missing(holder: Span, element: &str) -> Finding {
    let at = Span::new(holder.start as usize, holder.start as usize + 1);
    let holder = if element == "Statement" { "policy" } else { "statement" };
    let names = element.split(" or ").map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or ");
    Finding::new(at, format!("this {holder} has no {names}")).label("IAM rejects it without").subject(element)
}

/// What depends on the kind of the policy.
fn misplaced(context: &Context<'_>, statement: &Statement, found: &mut Vec<Finding>) {
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
