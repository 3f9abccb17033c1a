//! What the grammar of policies does not have: unknown, missing, doubled and misplaced elements.

mod lacking;
mod misplaced;

use crate::diagnostic::{Confidence, Severity};
use crate::policy::principal::Member;
use crate::policy::{Fact, FactKind};
use crate::rules::{Context, Finding};
use crate::span::Span;
use lacking::{lacking, missing, who};
use misplaced::misplaced;

pub fn check(context: &Context<'_>, found: &mut Vec<Finding>) {
    let policy = context.policy;
    found.extend(policy.facts.iter().filter_map(|fact| from_fact(context, fact)));
    for statement in &policy.statements {
        misplaced(context, statement, found);
        found.extend(lacking(context, statement));
    }
}

fn from_fact(context: &Context<'_>, fact: &Fact) -> Option<Finding> {
    let policy = context.policy;
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
                // An optional value of a template that nobody gave.
                "null" => finding.tentative(),
                _ => finding,
            }
        }
        // What a statement lacks is told together.
        FactKind::Missing { .. } if fact.statement.is_some() => return None,
        FactKind::Missing { element } => missing(context, "policy", fact.span, &[element]),
        FactKind::Both { element } => {
            Finding::new(fact.span, format!("this statement has both `{element}` and `Not{element}`; it may have one"))
                .label("the second of the two")
                .help("write two statements")
                .subject(*element)
        }
        FactKind::Empty { element } => empty(context, fact.span, element).tentative(),
    };
    Some(match fact.statement.and_then(|index| policy.statements.get(index)) {
        Some(statement) => finding.statement(statement),
        None => finding,
    })
}

/// A list or object without members. IAM refuses statements without actions or resources, and takes most of the rest;
/// such a statement then speaks of nothing.
fn empty(context: &Context<'_>, span: Span, element: &str) -> Finding {
    let is_needed = matches!(element, "Action" | "NotAction" | "Resource" | "NotResource" | "Statement");
    let finding = match is_needed {
        true => Finding::new(span, format!("`{element}` lists nothing, and {} takes no such policy", who(context))),
        false => Finding::new(span, format!("`{element}` lists nothing, so this has no effect")),
    };
    finding.label("empty").help("fill it or remove what it belongs to").subject(element).severity(Severity::Medium)
}
