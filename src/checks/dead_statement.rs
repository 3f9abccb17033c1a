//! A statement of a trust policy that no request can match.

mod words;

use super::literal_wildcard::takes_stars_literally;
use super::missing_mfa::is_mfa;
use crate::access::redundancy::{self, Dead};
use crate::aws::keys::{self, Mark};
use crate::diagnostic::{Audience, Confidence, Severity};
use crate::policy::{Condition, Effect, Statement};
use crate::rules::{Context, Finding};
use words::{both, reason};

pub fn check(context: &Context<'_>, found: &mut Vec<Finding>) {
    for statement in &context.policy.statements {
        if statement.conditions.is_empty() || statement.effect == Effect::Unknown {
            continue;
        }
        let Some(dead) = redundancy::dead(context.access, statement) else { continue };
        found.extend(finding(context, statement, dead));
    }
}

fn finding(context: &Context<'_>, statement: &Statement, dead: Dead) -> Option<Finding> {
    let nothing = if statement.effect == Effect::Deny { "this Deny stops nobody" } else { "this Allow lets nobody in" };
    let at = |number: usize| statement.conditions.get(number);
    let finding = match dead {
        // The rules about principals and actions name the mistake.
        Dead::Callers => return None,
        Dead::Condition { number, for_everybody } => {
            let condition = at(number).filter(|condition| speaks(context, condition))?;
            let (why, label, help) = reason(statement, condition, for_everybody);
            let finding = Finding::new(condition.span(), format!("{why}, so {nothing}")).label(label).help(help);
            finding.subject(&condition.key).confidence(sure(&[condition]))
        }
        Dead::Pair(first, second) => {
            let (first, second) = (at(first)?, at(second)?);
            if !speaks(context, first) || !speaks(context, second) {
                return None;
            }
            Finding::new(second.span(), format!("{} never hold together, so {nothing}", both(first, second)))
                .label("all conditions of a statement must hold")
                .because(first.span(), "excludes it")
                .help("values of which one is enough stand in one list; alternatives need statements of their own")
                .subject(&second.key)
                .confidence(sure(&[first, second]))
        }
        Dead::Conditions => {
            let last = statement.conditions.last()?;
            if !statement.conditions.iter().all(|condition| speaks(context, condition)) {
                return None;
            }
            let all: Vec<&Condition> = statement.conditions.iter().collect();
            Finding::new(last.span(), format!("the conditions of this statement never hold together, so {nothing}"))
                .label("all conditions of a statement must hold")
                .help("alternatives need statements of their own")
                .subject(&last.key)
                .confidence(sure(&all))
        }
    };
    let finding = finding.statement(statement);
    Some(match statement.effect {
        Effect::Allow | Effect::Unknown => finding,
        Effect::Deny => finding.severity(Severity::Low).audience(Audience::Strict),
    })
}

/// A condition as messages quote it.
pub(super) fn shown(condition: &Condition) -> String {
    format!("`{}` on `{}`", condition.operator_text, condition.key)
}

/// Whether a finding may rest on a condition: its key is known, and no other rule names a mistake in it.
pub(super) fn speaks(context: &Context<'_>, condition: &Condition) -> bool {
    let key = condition.key.as_str();
    let hole = key.contains("${") || key.starts_with("Fn::");
    let global = key.get(..4).is_none_or(|start| !start.eq_ignore_ascii_case("aws:")) || keys::is_global(key);
    !hole && global && key.contains(':') && !takes_stars_literally(context, condition)
}

/// How sure the table of keys is. A row is as sure as its weakest cell, and those of the keys about MFA and about the
/// caller are weak only where nothing is concluded from them.
pub(super) fn sure(conditions: &[&Condition]) -> Confidence {
    let certain = |condition: &&Condition| {
        let row = keys::key(&condition.key).is_some_and(|key| key.mark == Mark::Certain);
        row || is_mfa(condition) || is_identity(&condition.key)
    };
    if conditions.iter().all(certain) { Confidence::Proved } else { Confidence::Likely }
}

/// Whether a key says who calls, as `Principal` does.
pub(super) fn is_identity(key: &str) -> bool {
    const KEYS: [&str; 6] = [
        "aws:PrincipalAccount",
        "aws:PrincipalArn",
        "aws:PrincipalType",
        "aws:PrincipalIsAWSService",
        "aws:PrincipalServiceName",
        "aws:username",
    ];
    KEYS.iter().any(|known| known.eq_ignore_ascii_case(key))
}
