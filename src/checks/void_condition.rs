//! A condition of an Allow that holds nobody out.

use super::dead_statement::{is_identity, shown, speaks, sure};
use super::missing_mfa::is_mfa;
use super::shared::flows;
use crate::access::redundancy::{self, Void};
use crate::aws::keys::{self, Flow, Presence};
use crate::diagnostic::{Audience, Severity};
use crate::policy::{Condition, PrincipalKind, SetOperator, Statement};
use crate::rules::{Context, Finding};

pub fn check(context: &Context<'_>, found: &mut Vec<Finding>) {
    for statement in context.allows() {
        let looked_at = |condition: &Condition| speaks(context, condition) && !is_named_elsewhere(statement, condition);
        // Whether everybody may come in is a rule of its own.
        let anyone = statement.listed_principals().iter().any(|principal| principal.kind == PrincipalKind::Anyone);
        if anyone || !statement.conditions.iter().any(looked_at) {
            continue;
        }
        for (number, void) in redundancy::void(context.access, statement) {
            let Some(condition) = statement.conditions.get(number).filter(|condition| looked_at(condition)) else {
                continue;
            };
            found.push(finding_about(statement, condition, void));
        }
    }
}

/// Whether other rules judge conditions of this sort, each with the danger that is particular to it.
fn is_named_elsewhere(statement: &Statement, condition: &Condition) -> bool {
    let key = condition.key.to_ascii_lowercase();
    let claim = key.split_once(':').is_some_and(|(issuer, _)| issuer.contains('.') || issuer == "saml")
        && [":sub", ":aud"].iter().any(|end| key.ends_with(end));
    let by_service =
        || statement.listed_principals().iter().any(|one| matches!(one.kind, PrincipalKind::Service { .. }));
    let source = ["aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths"];
    is_mfa(condition)
        || condition.operator.set == Some(SetOperator::ForAllValues)
        || claim
        || key == "sts:externalid"
        || (source.contains(&key.as_str()) && by_service())
}

fn finding_about(statement: &Statement, condition: &Condition, void: Void) -> Finding {
    let key = &condition.key;
    let shown = shown(condition);
    let finding = |message: String| {
        Finding::new(condition.span(), message).subject(key).statement(statement).confidence(sure(&[condition]))
    };
    let minor = |finding: Finding| finding.severity(Severity::Low).audience(Audience::Strict);
    match void {
        Void::Always if condition.is_about("aws:SecureTransport") => minor(
            finding(
                "STS answers over TLS only, so a test of `aws:SecureTransport` keeps nobody out of a role".to_owned(),
            )
            .label("always holds")
            .help("remove it"),
        ),
        Void::Always if keys::key(key).is_none() => {
            finding(format!("no request for a role has `{key}`, so `{}` keeps nobody out", condition.operator_text))
                .label("holds because the key is never there")
                .help("test a key that calls to STS have, or remove the condition")
        }
        Void::Always => finding(format!("{shown} holds for every request for a role, so it keeps nobody out"))
            .label("always holds")
            .help("write the value that was meant, or remove the condition"),
        Void::Callers if keys::key(key).is_some_and(|key| never_sent(statement, &key)) => finding(format!(
            "the callers of this statement never have `{key}`, so `{}` keeps nobody out",
            condition.operator_text
        ))
        .label("holds because the key is never there")
        .help("test something that these callers have, or remove the condition"),
        Void::Callers if is_identity(key) => minor(
            finding(format!("{shown} holds for every principal that the statement lists, so it keeps nobody out"))
                .label("repeats what `Principal` says")
                .because(statement.principals.as_ref().map_or(statement.span, |listed| listed.span), "says it already")
                .help("remove it, or name the narrower set that was meant"),
        ),
        Void::Callers => finding(format!("{shown} holds for every caller of this statement, so it keeps nobody out"))
            .label("always holds here")
            .help("write the value that was meant, or remove the condition"),
        Void::Implied(other) => {
            let finding = minor(finding(format!("{shown} keeps out nobody whom another condition lets pass")));
            let finding = finding.label("follows from the other condition").help("remove it");
            match statement.conditions.get(other) {
                Some(other) => finding.because(other.span(), "demands as much or more"),
                None => finding,
            }
        }
        Void::ImpliedByAll => minor(
            finding(format!("{shown} keeps out nobody whom the other conditions let pass"))
                .label("follows from the other conditions")
                .help("remove it"),
        ),
    }
}

/// Whether the requests of the principals that a statement lists never have a key.
fn never_sent(statement: &Statement, key: &keys::Key) -> bool {
    let listed = statement.listed_principals();
    let never = |flow: &Flow| key.presence(*flow) == Presence::Never;
    !listed.is_empty() && listed.iter().all(|principal| flows(&principal.kind).iter().all(never))
}
