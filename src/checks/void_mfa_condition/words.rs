//! What a condition on MFA that does not hold is called.

use super::super::missing_mfa::PRESENT;
use super::Gap;
use crate::diagnostic::{Audience, Severity};
use crate::policy::{BaseOperator, Effect};
use crate::rules::{Context, Finding};
use crate::site::PolicyKind;

pub fn finding(context: &Context<'_>, gap: &Gap<'_>) -> Finding {
    let Gap { condition, statement, .. } = gap;
    let allow = statement.effect == Effect::Allow;
    let key = &condition.key;
    let values: Vec<_> = condition.values.iter().map(|value| value.display()).collect();
    let written = format!("{}: {}", condition.operator_text, values.join(", "));
    let message = match (gap.inverted, gap.absent, gap.no) {
        (true, _, _) => format!("`{written}` holds out callers with MFA and lets those without it pass"),
        (false, true, false) => {
            format!("`{written}` does not stop access keys used without MFA, as their requests lack `{key}`")
        }
        (false, false, _) => format!("`{written}` does not stop sessions without MFA, in which `{PRESENT}` is `false`"),
        (false, true, true) => format!("`{written}` does not stop anyone without MFA"),
    };
    let value_at_fault = condition.operator.base == Some(BaseOperator::Bool) && allow && !condition.operator.if_exists;
    let span = if value_at_fault { condition.values_span } else { condition.operator_span };
    let caller = match (gap.absent, context.site.kind == PolicyKind::Trust) {
        (true, true) => "sts:AssumeRole with an access key, without a token code, is allowed".to_owned(),
        (true, false) => "a request with an access key, without MFA, is not stopped".to_owned(),
        (false, _) => {
            format!("a request with a session of GetSessionToken without MFA, {PRESENT} = false, is not stopped")
        }
    };
    let mut finding = Finding::new(span, message)
        .label(if allow { "callers without MFA satisfy this" } else { "callers without MFA are not denied by this" })
        .because(condition.key_span, "what is asked")
        .help(if allow {
            format!("write \"Bool\": {{\"{PRESENT}\": \"true\"}}")
        } else {
            format!("write \"BoolIfExists\": {{\"{PRESENT}\": \"false\"}}, which holds for an absent key too")
        })
        .subject(format!("{} {key}", condition.operator_text))
        .statement(statement);
    finding = match &gap.verdict {
        Some(verdict) => finding.shown(verdict, &[], || caller),
        None => finding.why(caller),
    }
    .confidence(gap.confidence);
    if context.site.kind != PolicyKind::Trust {
        finding = finding.severity(Severity::Medium);
        // To let people without MFA do something, such as set it up, can be meant.
        if allow && gap.inverted {
            finding = finding.audience(Audience::Strict);
        }
    }
    finding
}
