//! A trust policy that lets every AWS account in, with no condition.

use crate::access::probe::stranger::{self, Stranger};
use crate::access::{Answer, Pin, Probe, Query, Witness};
use crate::diagnostic::Confidence;
use crate::policy::{Principal, PrincipalKind, Statement, Truth};
use crate::rules::{Context, Finding};

pub fn check(context: &Context<'_>, found: &mut Vec<Finding>) {
    // A star with conditions is the matter of `public-through-conditions`.
    for (statement, principal, open) in strangers_in(context, |statement| !conditioned(statement)) {
        found.push(word(&open, statement, principal));
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
    /// Whether the search for a request was given up.
    pub given_up: bool,
}

/// Every `*` of an Allow statement of the wanted sort through which a stranger gets in.
pub fn strangers_in<'a>(
    context: &'a Context<'_>,
    wanted: impl Fn(&Statement) -> bool,
) -> Vec<(&'a Statement, &'a Principal, Open)> {
    let mut strangers = Vec::new();
    let mut found = Vec::new();
    for (statement, principal) in context.allowed_principals() {
        if principal.kind != PrincipalKind::Anyone || !wanted(statement) {
            continue;
        }
        if strangers.is_empty() {
            strangers = stranger::strangers(context.policy);
        }
        let probe = Probe { policy: context.policy, statement, principal, action: "sts:AssumeRole" };
        if may_pass(&probe, &strangers) {
            found.extend(judge(context, statement, principal).map(|open| (statement, principal, open)));
        }
    }
    found
}

/// Whether it is worth asking.
fn may_pass(probe: &Probe<'_>, strangers: &[Stranger<'_>]) -> bool {
    strangers.iter().any(|stranger| {
        let pins: Vec<Pin<'_>> = stranger.pins.clone();
        probe.passes(&pins) != Truth::No
    })
}

fn judge(context: &Context<'_>, statement: &Statement, principal: &Principal) -> Option<Open> {
    let ask = |with_id: bool| -> Option<Open> {
        let answer = context.ask(&Query::Anybody { knows_external_id: with_id }, statement, principal);
        let open = |witness, confidence, given_up| Some(Open { witness, with_id, confidence, given_up });
        match answer {
            Answer::Yes(witness) => open(Some(witness), Confidence::Proved, false),
            Answer::Never(_) => None,
            Answer::Possibly { example, .. } => open(example, Confidence::Possible, false),
            Answer::Undecided(_) => open(None, Confidence::Possible, true),
        }
    };
    match ask(false) {
        Some(open) if open.confidence == Confidence::Proved => Some(open),
        // A sure way in that takes the id counts more than a possible one without it.
        other => match ask(true) {
            Some(open) if open.confidence == Confidence::Proved || other.is_none() => Some(open),
            Some(_) | None => other,
        },
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
    if open.given_up {
        finding = finding.why("the policy has too many combinations to decide whether a stranger passes");
    }
    finding
}

/// "can", as far as it is sure.
pub fn can(open: &Open) -> &'static str {
    if open.confidence == Confidence::Possible { "may be able to" } else { "can" }
}

fn word(open: &Open, statement: &Statement, principal: &Principal) -> Finding {
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
