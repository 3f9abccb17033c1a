//! A trust policy that nobody can pass.

mod words;

use crate::access::Sure;
use crate::access::explain::{self, Obstacle};
use crate::policy::{Condition, Statement};
use crate::rules::{Context, Finding};
use words::{condition_finding, deny_finding};

/// Allow statements that are explained, at most: people write fewer.
const MOST: usize = 16;

pub fn check(context: &Context<'_>, found: &mut Vec<Finding>) {
    if context.policy.open_ended || context.access.lets_anybody_pass() != Sure::Never {
        return;
    }
    // A policy without an Allow is locked on purpose.
    let causes: Vec<(&Statement, Cause<'_>)> =
        context.allows().filter_map(|allow| Some((allow, Cause::of(context, allow)?))).take(MOST).collect();
    let Some((statement, cause)) = causes.first() else { return };
    let mut finding = finding_about(statement, cause);
    for (other, cause) in causes.iter().skip(1).take(4) {
        let span = match cause {
            Cause::Condition(condition) => condition.key_span,
            Cause::Together => other.condition_span.unwrap_or(other.span),
            // It is the place that the finding points at.
            Cause::Denies(_) => continue,
        };
        finding = finding.because(span, "nor does anybody pass this");
    }
    found.push(finding);
}

/// What excludes everybody from an Allow.
enum Cause<'a> {
    /// A condition that nobody meets.
    Condition(&'a Condition),
    /// Conditions that nobody meets together.
    Together,
    /// Deny statements that cover whoever meets the conditions.
    Denies(Vec<&'a Statement>),
}

impl<'a> Cause<'a> {
    /// `None` where the principals or the action give nobody anything, which other rules report.
    fn of(context: &'a Context<'_>, allow: &'a Statement) -> Option<Cause<'a>> {
        Some(match explain::obstacle(context.access, allow)? {
            Obstacle::Condition(number) => Cause::Condition(allow.conditions.get(number)?),
            Obstacle::Together => Cause::Together,
            Obstacle::Denies(places) => {
                Cause::Denies(places.iter().filter_map(|at| context.policy.statements.get(*at)).collect())
            }
        })
    }
}

fn finding_about(statement: &Statement, cause: &Cause<'_>) -> Finding {
    let finding = match cause {
        Cause::Condition(condition) => condition_finding(statement, condition),
        Cause::Together => Finding::new(
            statement.condition_span.unwrap_or(statement.span),
            "nobody can assume this role: no request meets all of these conditions",
        )
        .label("contradict each other")
        .help("remove the condition that is wrong, or move it to a statement of its own")
        .subject("Condition"),
        Cause::Denies(denies) => deny_finding(denies),
    };
    finding.statement(statement)
}
