//! A trust policy that lets every AWS account in.

use crate::access::stranger::{self, Stranger};
use crate::access::{Pin, Probe};
use crate::diagnostic::{Confidence, Severity};
use crate::policy::{Principal, PrincipalKind, Statement, Truth};
use crate::rules::{Context, Finding};

pub fn check(context: &Context<'_>, found: &mut Vec<Finding>) {
    let mut strangers = Vec::new();
    for (statement, principal) in context.allowed_principals() {
        if principal.kind != PrincipalKind::Anyone {
            continue;
        }
        if strangers.is_empty() {
            strangers = stranger::strangers(context.policy);
        }
        let probe = Probe { policy: context.policy, statement, principal, action: "sts:AssumeRole" };
        found.extend(judge(&probe, &strangers).map(|open| word(&open, statement, principal)));
    }
}

/// A stranger gets in.
struct Open<'s> {
    stranger: &'s Stranger<'s>,
    /// Only one who knows the external id.
    with_id: bool,
    confidence: Confidence,
}

fn judge<'s>(probe: &Probe<'_>, strangers: &'s [Stranger<'s>]) -> Option<Open<'s>> {
    let ids = [Some(Pin::absent("sts:ExternalId")), Some(Pin::foreign("sts:ExternalId", "any id")), None];
    let mut best: Option<(Truth, Open)> = None;
    for stranger in strangers {
        for id in &ids {
            let pins: Vec<Pin<'_>> = stranger.pins.iter().chain(id).cloned().collect();
            let answer = probe.passes(&pins);
            let confidence = match answer {
                Truth::No => continue,
                Truth::Maybe => Confidence::Possible,
                Truth::Yes => Confidence::Proved,
            };
            let open = Open { stranger, with_id: id.is_none(), confidence };
            // The plainest way in counts; a way without the id is worse than one with it.
            if best.as_ref().is_none_or(|(known, other)| (answer, !open.with_id) > (*known, !other.with_id)) {
                best = Some((answer, open));
            }
        }
    }
    best.map(|(_, open)| open)
}

fn word(open: &Open<'_>, statement: &Statement, principal: &Principal) -> Finding {
    let can = if open.confidence == Confidence::Possible { "may be able to" } else { "can" };
    let message = match (open.with_id, principal.member) {
        (true, _) => format!("anyone in any AWS account who knows the ExternalId {can} assume this role"),
        (false, None) => {
            "anyone in any AWS account could assume this role, and IAM rejects a bare `\"*\"` in a trust policy"
                .to_owned()
        }
        (false, Some(_)) => format!("anyone in any AWS account {can} assume this role"),
    };
    let mut finding = Finding::new(principal.span(), message)
        .label("every principal of every account")
        .why(format!("sts:AssumeRole by {} is allowed{}", open.stranger.arn, open.stranger.how))
        .help("name the accounts or roles that need it, or require your organization with `aws:PrincipalOrgID`")
        .subject("*")
        .statement(statement)
        .confidence(open.confidence);
    if open.with_id {
        finding = finding.severity(Severity::High);
    }
    if let Some(actions) = &statement.actions {
        let note = if statement.conditions.is_empty() { "may call this, with no condition" } else { "may call this" };
        finding = finding.because(actions.place_of("sts:AssumeRole"), note);
    }
    if let Some(span) = statement.condition_span.filter(|_| !statement.conditions.is_empty()) {
        let note = match (open.confidence, open.with_id) {
            (Confidence::Possible, _) => "whether this holds strangers out depends on values that are not in the file",
            (Confidence::Proved | Confidence::Likely, true) => "an ExternalId is no secret",
            (Confidence::Proved | Confidence::Likely, false) => "this does not hold strangers out",
        };
        finding = finding.because(span, note);
    }
    finding
}
