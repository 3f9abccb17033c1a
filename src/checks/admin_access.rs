//! An identity policy that allows everything on everything.

use crate::access::grants::{self, ANY, Everything};
use crate::diagnostic::{Audience, Confidence, Severity};
use crate::policy::{Patterns, Statement, Truth, pattern};
use crate::rules::{Context, Finding};

pub fn check(context: &Context<'_>, found: &mut Vec<Finding>) {
    if let Some(everything) = grants::everything(context.policy) {
        found.push(finding(&everything));
    }
}

fn finding(everything: &Everything<'_>) -> Finding {
    let Everything { all, iam, action } = everything;
    let statement = all.statement;
    let actions = statement.actions.as_ref();
    let negated = actions.is_some_and(|actions| actions.negated);
    // The pattern that reaches everything, or the whole list of what is left out.
    let star = |actions: &Patterns| {
        actions.items.iter().find(|item| pattern::action_matches(item, ANY) > Truth::No).map(|item| item.span)
    };
    let span = actions
        .filter(|actions| !actions.negated)
        .and_then(star)
        .or(actions.map(|actions| actions.span))
        .unwrap_or(statement.span);
    let conditional = has_conditions(all.statement) || has_conditions(iam.statement);
    let what = if negated { "every action but those in `NotAction`," } else { "every action" };
    let when = if conditional { " when its conditions hold" } else { "" };
    let mut finding = Finding::new(span, format!("this policy allows {what} on every resource{when}"))
        .label(if negated { "everything but this" } else { "every action of every service" })
        .because(all.resource, "on every resource")
        .why(format!("{action} on any role or user is allowed, with which the holder gets every other permission"))
        .help("list the actions and resources that are needed; set a permissions boundary if they are not known yet")
        .subject(if negated { "NotAction" } else { "*" })
        .statement(statement);
    if iam.statement.index != statement.index
        && let Some(actions) = &iam.statement.actions
    {
        finding = finding.because(actions.span, "and this allows IAM");
    }
    if let Some(span) = statement.condition_span.filter(|_| conditional) {
        finding = finding.because(span, "only under these conditions");
    }
    if conditional {
        finding = finding.severity(Severity::Medium).audience(Audience::Strict);
    }
    finding.confidence(match (all.answer.and(iam.answer), all.assumed || iam.assumed) {
        (Truth::Yes, false) => Confidence::Proved,
        (Truth::Yes, true) => Confidence::Likely,
        (Truth::Maybe | Truth::No, _) => Confidence::Possible,
    })
}

fn has_conditions(statement: &Statement) -> bool {
    !statement.conditions.is_empty() || statement.conditions_open_ended
}
