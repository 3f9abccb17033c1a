//! `*` or `?` in a value that an exact string operator takes to the letter.

mod meant;

use crate::diagnostic::{Confidence, Severity};
use crate::policy::condition::Family;
use crate::policy::{BaseOperator, Condition, Effect, SetOperator, Statement};
use crate::rules::{Context, Finding};
use crate::value::{PartRef, Text};
use meant::are_meant;

pub fn check(context: &Context<'_>, found: &mut Vec<Finding>) {
    let variables = has_variables(context);
    for statement in &context.policy.statements {
        for condition in &statement.conditions {
            let Some(base) = exact(condition) else { continue };
            let stars: Vec<&Text> = condition.values.iter().filter(|value| has_star(value, variables)).collect();
            if stars.is_empty() || are_meant(statement, condition) {
                continue;
            }
            let alone = stars.len() == condition.values.len() && !condition.open_ended;
            let outcome = Outcome::of(statement, condition, base, alone);
            found.extend(stars.iter().map(|value| word(statement, condition, base, value, outcome)));
        }
    }
}

/// Whether `${…}` is a variable.
fn has_variables(context: &Context<'_>) -> bool {
    context.policy.version.as_ref().and_then(Text::known) == Some("2012-10-17")
}

/// Whether each value of a condition has a wildcard that the operator takes to the letter, so that none matches.
pub(super) fn takes_stars_literally(context: &Context<'_>, condition: &Condition) -> bool {
    let variables = has_variables(context);
    exact(condition).is_some()
        && !condition.open_ended
        && condition.values.iter().all(|value| has_star(value, variables))
}

/// The operator, if it compares strings to the letter.
fn exact(condition: &Condition) -> Option<BaseOperator> {
    // The header a browser sends may well hold a `?`.
    let free_text = condition.is_about("aws:Referer") || condition.is_about("aws:UserAgent");
    condition.operator.base.filter(|base| base.family() == Family::String && !base.takes_wildcards() && !free_text)
}

/// Whether the known text holds a wildcard outside of policy variables; `${*}` is a star on purpose.
fn has_star(value: &Text, variables: bool) -> bool {
    value.parts().any(|part| match part {
        PartRef::Hole(_) => false,
        PartRef::Literal(text) if !variables => text.replace("${*}", "").replace("${?}", "").contains(['*', '?']),
        PartRef::Literal(text) => {
            let (first, rest) = text.split_once("${").unwrap_or((text, ""));
            let outside = rest.split("${").map(|piece| piece.split_once('}').map_or(piece, |(_, after)| after));
            std::iter::once(first).chain(outside).any(|piece| piece.contains(['*', '?']))
        }
    })
}

/// What the statement does because the value matches nothing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// An Allow that never applies.
    DeadAllow,
    /// A Deny that never applies.
    VoidDeny,
    /// An exclusion from an Allow that excludes nothing.
    OpenAllow,
    /// A Deny that spares nobody.
    TotalDeny,
    /// Only this value of several, or only where the key is present.
    DeadValue,
}

impl Outcome {
    fn of(statement: &Statement, condition: &Condition, base: BaseOperator, alone: bool) -> Self {
        let holds_when_absent =
            condition.operator.if_exists || condition.operator.set == Some(SetOperator::ForAllValues);
        match (statement.effect, base.negated()) {
            _ if !alone => Outcome::DeadValue,
            (Effect::Allow, true) => Outcome::OpenAllow,
            (Effect::Deny, true) => Outcome::TotalDeny,
            (Effect::Unknown, _) => Outcome::DeadValue,
            (Effect::Allow | Effect::Deny, false) if holds_when_absent => Outcome::DeadValue,
            (Effect::Allow, false) => Outcome::DeadAllow,
            (Effect::Deny, false) => Outcome::VoidDeny,
        }
    }
}

fn word(statement: &Statement, condition: &Condition, base: BaseOperator, value: &Text, outcome: Outcome) -> Finding {
    let operator = base.name();
    let shown = value.display();
    let star = if shown.contains('*') { "*" } else { "?" };
    let effect = match outcome {
        Outcome::DeadAllow => "this Allow never applies",
        Outcome::VoidDeny => "this Deny stops nobody",
        Outcome::OpenAllow => "this Allow excludes nothing",
        Outcome::TotalDeny => "this Deny spares nobody",
        Outcome::DeadValue => "this value matches nothing",
    };
    let severity = match outcome {
        Outcome::VoidDeny | Outcome::OpenAllow => Severity::High,
        Outcome::DeadAllow | Outcome::TotalDeny => Severity::Medium,
        Outcome::DeadValue => Severity::Low,
    };
    let like = match (base.negated(), shown.starts_with("arn:") || shown.starts_with("${AWS")) {
        (false, false) => "StringLike",
        (true, false) => "StringNotLike",
        (false, true) => "ArnLike",
        (true, true) => "ArnNotLike",
    };
    Finding::new(value.span, format!("`{operator}` takes the `{star}` in `{}` literally, so {effect}", shorten(&shown)))
        .label(format!("only a `{}` that holds a `{star}` equals this", condition.key))
        .because(condition.operator_span, "knows no wildcards")
        .help(help(condition, value, &shown, like))
        .subject(shown)
        .statement(statement)
        .severity(severity)
        .confidence(Confidence::Likely)
}

/// What to write: the operator that knows wildcards, for the values that have some, so that what the others test stays.
fn help(condition: &Condition, value: &Text, shown: &str, like: &str) -> String {
    // A star alone under an operator with wildcards tests only that there is some value.
    if shown.chars().all(|c| c == '*') {
        return format!(
            "write the value that is meant; `\"Null\": {{\"{}\": \"false\"}}` if any will do",
            condition.key
        );
    }
    match condition.values.len() {
        0 | 1 => format!("write `{like}`, or the exact value"),
        _ => format!(
            "write `{like}`, or the exact value in place of `{}`; the other values stay",
            shorten(&value.display())
        ),
    }
}

fn shorten(text: &str) -> String {
    if text.chars().count() <= 80 { text.to_owned() } else { text.chars().take(77).chain("...".chars()).collect() }
}
