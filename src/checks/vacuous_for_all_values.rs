//! `ForAllValues` in an Allow: it holds for a request that does not have the key.

mod absence;

use crate::access::{Query, Sure, Through, Witness, grants};
use crate::aws::keys::{self, Class, Flow};
use crate::diagnostic::{Audience, Confidence, Severity};
use crate::policy::{Condition, SetOperator, Statement, Truth};
use crate::rules::{Context, Finding};
use crate::site::PolicyKind;
use absence::{Absent, is_about_caller, lists_content, presence};

pub fn check(context: &Context<'_>, found: &mut Vec<Finding>) {
    for statement in context.allows() {
        for condition in statement.conditions.iter().filter(|condition| is_vacuous(condition)) {
            found.extend(judge(context, statement, condition).map(|gap| finding(statement, condition, &gap)));
        }
    }
}

/// A positive test under `ForAllValues`. A negated one leaves some values out, and an absent key has none of them.
fn is_vacuous(condition: &Condition) -> bool {
    let positive = condition
        .operator
        .base
        .is_some_and(|base| !base.negated() && condition.operator.holds_when_absent() == Some(true));
    condition.operator.set == Some(SetOperator::ForAllValues) && positive
}

struct Gap {
    witness: Option<Box<Witness>>,
    confidence: Confidence,
    /// Whether the key says who calls or from where, rather than what is asked for.
    about_caller: bool,
    /// Who decides whether the key is there.
    free: bool,
    multivalued: bool,
    /// Whether whoever issues the token always writes the key.
    always_sent: bool,
}

fn judge(context: &Context<'_>, statement: &Statement, condition: &Condition) -> Option<Gap> {
    if lists_content(&condition.key) {
        return None;
    }
    let answer = grants::passes_without(context.policy, statement, &condition.key);
    let key = keys::key(&condition.key);
    let absent = presence(context.site.kind, statement, condition);
    let confidence = match (answer, absent) {
        (Truth::No, _) => return None,
        (Truth::Yes, Absent::Can) => Confidence::Proved,
        (Truth::Yes, Absent::Likely) => Confidence::Likely,
        (Truth::Maybe, Absent::Can | Absent::Likely) | (_, Absent::Unlikely) => Confidence::Possible,
        (_, Absent::Cannot) => return None,
    };
    let (confidence, witness) = match context.site.kind {
        PolicyKind::Trust => asked(context, statement, condition, confidence, absent)?,
        PolicyKind::Identity
        | PolicyKind::Resource
        | PolicyKind::Scp
        | PolicyKind::Rcp
        | PolicyKind::Boundary
        | PolicyKind::Session => (confidence, None),
    };
    Some(Gap {
        confidence,
        witness,
        about_caller: is_about_caller(&condition.key),
        free: key.is_some_and(|key| key.class(Flow::RoleSession) == Class::Free),
        multivalued: key.is_some_and(|key| key.multivalued),
        always_sent: absent == Absent::Unlikely,
    })
}

/// What the engine says: whether a request without the key passes through the statement.
fn asked(
    context: &Context<'_>,
    statement: &Statement,
    condition: &Condition,
    confidence: Confidence,
    absent: Absent,
) -> Option<(Confidence, Option<Box<Witness>>)> {
    let through = Through { statement: Some(statement.index), principal: None };
    let verdict = context.access.ask(&Query::WithoutKey { key: condition.key.clone() }, through);
    match verdict.sure {
        Sure::Yes => {
            let sure = match absent {
                Absent::Can => Confidence::Proved,
                Absent::Likely => Confidence::Likely,
                Absent::Cannot | Absent::Unlikely => Confidence::Possible,
            };
            Some((sure, verdict.witness))
        }
        Sure::Possibly => Some((confidence.min(Confidence::Possible), verdict.witness)),
        Sure::Undecided => Some((Confidence::Possible, None)),
        Sure::Never => (absent == Absent::Unlikely).then_some((Confidence::Possible, None)),
    }
}

fn finding(statement: &Statement, condition: &Condition, gap: &Gap) -> Finding {
    let key = &condition.key;
    let plain = condition.operator.base.map_or("", |base| base.name());
    let whose = if gap.free { "a caller who leaves" } else { "a caller without" };
    let out = if gap.free { " out" } else { "" };
    let message = match gap.always_sent {
        true => format!(
            "`{}` would also hold for a request without `{key}`, and protects only as that is always sent",
            condition.operator_text
        ),
        false => {
            format!(
                "`{}` also holds for {whose} `{key}`{out}, so this condition is no barrier",
                condition.operator_text
            )
        }
    };
    let finding = Finding::new(condition.operator_span, message)
        .label("holds when the key is absent")
        .because(condition.key_span, "nothing else demands this key")
        .help(if gap.multivalued {
            format!("write `ForAnyValue:{plain}`, or add `\"Null\": {{\"{key}\": \"false\"}}` beside it")
        } else {
            format!("the key has one value: write `{plain}`, which demands it")
        })
        .subject(key)
        .statement(statement)
        .confidence(gap.confidence);
    let finding = match &gap.witness {
        Some(witness) => finding.witness(witness),
        None => finding.why(format!("a request without {key} is allowed")),
    };
    if gap.about_caller && !gap.always_sent {
        finding
    } else {
        finding.severity(Severity::Low).audience(Audience::Strict)
    }
}
