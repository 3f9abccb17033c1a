//! A trust policy that lets every AWS account in, through conditions that strangers meet.

use super::wildcard_principal::{Open, can, conditioned, finish, strangers_in};
use crate::aws::keys::{self, Class, Flow};
use crate::diagnostic::{Confidence, Severity};
use crate::policy::{BaseOperator, Condition, Principal, Statement};
use crate::rules::{Context, Finding};

pub fn check(context: &Context<'_>, found: &mut Vec<Finding>) {
    for (statement, principal, open) in strangers_in(context, conditioned) {
        found.push(finding(&open, statement, principal));
    }
}

fn finding(open: &Open, statement: &Statement, principal: &Principal) -> Finding {
    let can = can(open);
    let keys = keys_of(statement);
    let message = match keys.as_slice() {
        [] => format!("anyone in any AWS account {can} assume this role, whatever conditions the file leaves out"),
        _ if open.with_id => format!("anyone in any AWS account who knows the ExternalId {can} assume this role"),
        [key] => format!("anyone in any AWS account {can} meet the condition on `{key}` and assume this role"),
        [one, two] => {
            format!("anyone in any AWS account {can} meet the conditions on `{one}` and `{two}` and assume this role")
        }
        [one, rest @ ..] => format!(
            "anyone in any AWS account {can} meet the conditions on `{one}` and {} more and assume this role",
            rest.len()
        ),
    };
    let primary = statement.conditions.first().map_or(principal.span(), Condition::span);
    let mut finding = Finding::new(primary, message)
        .label(statement.conditions.first().map_or("every principal of every account", |first| how(first, open)))
        .subject(keys.join(", "));
    if !statement.conditions.is_empty() {
        let refused = "every principal of every account; IAM rejects the bare `\"*\"`";
        let everyone = "every principal of every account";
        finding = finding.because(principal.span(), if principal.member.is_none() { refused } else { everyone });
    }
    for condition in statement.conditions.iter().skip(1).take(4) {
        finding = finding.because(condition.span(), how(condition, open));
    }
    if open.with_id {
        finding = finding.severity(Severity::High);
    }
    finish(finding, open, statement)
}

/// The keys as written, each once.
fn keys_of(statement: &Statement) -> Vec<&str> {
    let mut keys: Vec<&str> = Vec::new();
    for condition in &statement.conditions {
        if !keys.iter().any(|key| condition.is_about(key)) {
            keys.push(&condition.key);
        }
    }
    keys
}

/// How a stranger meets a condition.
fn how(condition: &Condition, open: &Open) -> &'static str {
    let absent = |key: &String| condition.is_about(key);
    let is = |start: &str| condition.key.get(..start.len()).is_some_and(|key| key.eq_ignore_ascii_case(start));
    if open.confidence == Confidence::Possible {
        return "whether this holds strangers out is not known from the file";
    }
    if open.witness.as_ref().is_some_and(|witness| witness.absent.iter().any(absent)) {
        return "holds when the key is absent";
    }
    if is("sts:ExternalId") {
        return if open.with_id { "an ExternalId is no secret" } else { "holds for an id that the caller makes up" };
    }
    if condition.operator.base.is_some_and(BaseOperator::negated) {
        return "a stranger is none of these";
    }
    if is("aws:PrincipalArn") {
        return "fits any account: a stranger's role or user may be called that";
    }
    if is("aws:PrincipalTag/") {
        return "a stranger tags roles and users as they like";
    }
    if is("aws:MultiFactorAuth") {
        return "a stranger's own MFA device counts";
    }
    match keys::key(&condition.key).map(|key| key.class(Flow::User)) {
        Some(Class::Free) => "the caller chooses this",
        Some(Class::Environment | Class::Issued | Class::Principal) | None => "a stranger's request meets this",
    }
}
