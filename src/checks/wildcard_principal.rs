//! A trust policy that lets every AWS account in, with no condition.

use crate::access::{Query, Sure, Witness};
use crate::diagnostic::Confidence;
use crate::policy::{Principal, PrincipalKind, Statement};
use crate::rules::{Context, Finding};

pub fn check(context: &Context<'_>, found: &mut Vec<Finding>) {
    // A star with conditions is the matter of `public-through-conditions`.
    for (statement, principal, open) in strangers_in(context, |statement| !conditioned(statement)) {
        found.push(finding(&open, statement, principal));
    }
}

/// Whether a statement has conditions, seen or not. `"Condition": {}` is none.
pub fn conditioned(statement: &Statement) -> bool {
    !statement.conditions.is_empty() || statement.conditions_open_ended
}

/// A stranger gets in.
pub struct Open {
    /// The request.
    pub witness: Option<Box<Witness>>,
    /// Only one who knows the external id.
    pub with_id: bool,
    /// How sure it is.
    pub confidence: Confidence,
}

/// Every `*` of an Allow statement of the wanted sort through which a stranger gets in.
pub fn strangers_in<'a>(
    context: &'a Context<'_>,
    wanted: impl Fn(&Statement) -> bool,
) -> Vec<(&'a Statement, &'a Principal, Open)> {
    let stars = context
        .allowed_principals()
        .filter(|(statement, principal)| principal.kind == PrincipalKind::Anyone && wanted(statement));
    stars
        .filter_map(|(statement, principal)| Some((statement, principal, open(context, statement, principal)?)))
        .collect()
}

fn open(context: &Context<'_>, statement: &Statement, principal: &Principal) -> Option<Open> {
    let ask = |with_id: bool| -> Option<Open> {
        let verdict = context.ask(&Query::Anybody { knows_external_id: with_id }, statement, principal);
        let confidence = match verdict.sure {
            Sure::Yes => Confidence::Proved,
            Sure::Possibly => Confidence::Possible,
            // `undecided-access` reports what was not found out.
            Sure::Never | Sure::Undecided => return None,
        };
        Some(Open { witness: verdict.witness, with_id, confidence })
    };
    let without = ask(false);
    let proved = |open: &Open| open.confidence == Confidence::Proved;
    if without.as_ref().is_some_and(proved) || !context.reads("sts:ExternalId") {
        return without;
    }
    // A sure way in that takes the id counts more than a possible one without it.
    match ask(true) {
        Some(open) if proved(&open) || without.is_none() => Some(open),
        Some(_) | None => without,
    }
}

/// What both rules say about an open door: the witness, and what to do.
pub fn finish(finding: Finding, open: &Open, statement: &Statement) -> Finding {
    let mut finding = finding
        .help("name the accounts or roles that need it, or require your organization with `aws:PrincipalOrgID`")
        .statement(statement)
        .confidence(open.confidence);
    if let Some(witness) = &open.witness {
        finding = finding.witness(witness);
    }
    finding
}

/// "can", as far as it is sure.
pub fn can(open: &Open) -> &'static str {
    if open.confidence == Confidence::Possible { "may be able to" } else { "can" }
}

fn finding(open: &Open, statement: &Statement, principal: &Principal) -> Finding {
    let can = can(open);
    let message = match principal.member {
        None => "anyone in any AWS account could assume this role, and IAM rejects a bare `\"*\"` in a trust policy"
            .to_owned(),
        // Only a Deny can ask for an id here.
        Some(_) if open.with_id => {
            format!("anyone in any AWS account who knows the ExternalId {can} assume this role")
        }
        Some(_) => format!("anyone in any AWS account {can} assume this role"),
    };
    let mut finding = Finding::new(principal.span(), message).label("every principal of every account").subject("*");
    if open.with_id {
        finding = finding.severity(crate::diagnostic::Severity::High);
    }
    if let Some(actions) = &statement.actions {
        finding = finding.because(actions.place_of("sts:AssumeRole"), "may call this, with no condition");
    }
    finish(finding, open, statement)
}
