//! A statement of a trust policy that other statements make pointless.

use crate::access::redundancy::{self, Superfluous};
use crate::diagnostic::{Audience, Confidence, Severity};
use crate::policy::{Effect, Principal, PrincipalKind, Statement};
use crate::rules::{Context, Finding, Relation};
use crate::span::Span;

pub fn check(context: &Context<'_>, found: &mut Vec<Finding>) {
    let statements = &context.policy.statements;
    if statements.len() < 2 {
        return;
    }
    for (index, why) in redundancy::superfluous(context.access) {
        let Some(statement) = statements.get(index) else { continue };
        match why {
            Superfluous::CoveredBy(others) => {
                let others: Vec<&Statement> = others.iter().filter_map(|other| statements.get(*other)).collect();
                found.extend(covered(context, statement, &others));
            }
            Superfluous::Denied => found.push(denied(statement, statements)),
            // Other rules say why nothing matches; a Deny without anything to deny guards against the next edit.
            Superfluous::MatchesNothing | Superfluous::NothingToDeny => {}
        }
    }
}

fn covered(context: &Context<'_>, statement: &Statement, others: &[&Statement]) -> Option<Finding> {
    let confidence = if statement.effect == Effect::Allow {
        let grants = statement.listed_principals().iter().map(|principal| alone(context, principal, others));
        grants.min().unwrap_or(Some(Confidence::Proved))?
    } else {
        Confidence::Proved
    };
    let does = if statement.effect == Effect::Deny { "denies" } else { "allows" };
    let message = match others {
        [one] => format!("statement {} already {does} all that this one {does}", name(one)),
        _ => format!("other statements together already {} all that this one {does}", does.trim_end_matches('s')),
    };
    let finding = Finding::new(head(statement), message)
        .label("changes nothing")
        .help("remove it, or narrow the wider one")
        .subject(statement.name())
        .statement(statement)
        .audience(Audience::Strict)
        .confidence(confidence);
    let part = if others.len() == 1 { "covers all of it" } else { "covers a part of it" };
    Some(others.iter().take(4).fold(finding, |finding, other| finding.because(head(other), part)))
}

/// Whether a principal gets no more by being listed here. `None` if it does: an entry for the own account leaves the
/// decision to policies of that account, and an entry for a user or role of it does not
/// (IAM User Guide, "AWS JSON policy elements: Principal").
fn alone(context: &Context<'_>, principal: &Principal, others: &[&Statement]) -> Option<Confidence> {
    let direct = matches!(
        principal.kind,
        PrincipalKind::User { .. } | PrincipalKind::Role { .. } | PrincipalKind::Session { .. } | PrincipalKind::Anyone
    );
    let listed =
        |fits: &dyn Fn(&Principal) -> bool| others.iter().any(|other| other.listed_principals().iter().any(fits));
    let accounts = listed(&|other| matches!(other.kind, PrincipalKind::Account { .. }));
    let same = listed(&|other| other.text == principal.text || other.kind == PrincipalKind::Anyone);
    if !direct || same || !accounts {
        return Some(Confidence::Proved);
    }
    match principal.kind.account().map_or(Relation::Hole, |account| context.relation(account)) {
        Relation::Own => None,
        Relation::Unknown | Relation::Hole => Some(Confidence::Possible),
        Relation::Organization | Relation::Trusted(_) | Relation::Vendor(_) | Relation::Aws(_) | Relation::Foreign => {
            Some(Confidence::Proved)
        }
    }
}

fn denied(statement: &Statement, statements: &[Statement]) -> Finding {
    let finding =
        Finding::new(head(statement), "everything that this statement allows is denied, so it lets nobody in")
            .label("never has an effect")
            .help("narrow the Deny with a condition, or remove this statement if the role is closed on purpose")
            .subject(statement.name())
            .statement(statement)
            .severity(Severity::Medium)
            .audience(Audience::Default);
    let denies = statements.iter().filter(|other| other.effect == Effect::Deny);
    denies.take(4).fold(finding, |finding, deny| finding.because(head(deny), "denies it"))
}

/// A statement as messages call it: `` `Sid` ``, or its number.
fn name(statement: &Statement) -> String {
    match statement.sid.as_ref().is_some_and(|sid| !sid.display().is_empty()) {
        true => format!("`{}`", statement.name()),
        false => statement.name(),
    }
}

/// Where a statement begins: its Sid, or its first letter.
fn head(statement: &Statement) -> Span {
    match &statement.sid {
        Some(sid) if !sid.display().is_empty() => sid.span,
        _ => Span { end: statement.span.start + 1, ..statement.span },
    }
}
