//! What the grammar of policies does not have: unknown, missing, doubled and misplaced elements.

mod misplaced;

use crate::diagnostic::{Confidence, Severity};
use crate::policy::principal::Member;
use crate::policy::{Fact, FactKind, Policy};
use crate::rules::{Context, Finding};
use crate::span::Span;
use misplaced::misplaced;

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
