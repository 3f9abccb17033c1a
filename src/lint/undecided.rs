//! What rules asked of a policy and what was not found out, as a finding.

use crate::access::{Query, Reason, Undecided};
use crate::diagnostic::Severity;
use crate::policy::Policy;
use crate::rules::{self, Finding};

/// The rule that reports it.
pub const RULE: &str = "undecided-access";

/// The finding about the worst question of a policy that was not answered; none if no rule of high or critical severity
/// asked one.
pub fn finding(policy: &Policy, undecided: &[Undecided]) -> Option<Finding> {
    let severity = |one: &Undecided| rules::find(one.asker).map_or(Severity::Info, |rule| rule.severity);
    // The first of equals, as a reader finds it.
    let worst = undecided.iter().reduce(|worst, one| if severity(one) > severity(worst) { one } else { worst })?;
    let severity = match severity(worst) {
        Severity::Critical => Severity::High,
        Severity::High => Severity::Medium,
        Severity::Medium | Severity::Low | Severity::Info => return None,
    };
    let statement = worst.through.statement.and_then(|at| policy.statements.get(at));
    let principal = statement.zip(worst.through.principal).and_then(|(one, at)| one.listed_principals().get(at));
    let place = principal.map(|one| one.span()).or(statement.map(|one| one.span)).unwrap_or(policy.span);
    let mut finding = Finding::new(place, format!("it was not decided whether {}", question(&worst.query)))
        .label(worst.reason.to_string())
        .help(advice(&worst.reason))
        .subject(worst.asker)
        .severity(severity);
    finding = finding.why(match worst.open_without_denies {
        true => "a request passes if no Deny statement applies to it, and whether one always does was not found out",
        false => "the search for a request that passes stopped at its limit",
    });
    Some(match statement {
        Some(statement) => finding.statement(statement),
        None => finding,
    })
}

/// What was asked, to follow "whether".
fn question(query: &Query) -> String {
    match query {
        Query::Anything => "anybody can assume this role".to_owned(),
        Query::Anybody { .. } => "anyone in any AWS account can assume this role".to_owned(),
        Query::OutsideTrusted => "an account outside the organization can assume this role".to_owned(),
        Query::Account(account) => format!("account `{account}` can assume this role"),
        Query::WithoutExternalId { .. } | Query::AnyExternalId { .. } | Query::Machine { .. } => {
            "a third party can assume this role without the ExternalId that is meant for it".to_owned()
        }
        Query::WithoutMfa | Query::User { .. } => "users can assume this role without MFA".to_owned(),
        Query::ForeignToken { issuer } => format!("tokens of other customers of `{issuer}` can assume this role"),
        Query::WrongAudience { issuer } => {
            format!("tokens of `{issuer}` that were made for another service can assume this role")
        }
        Query::Service { host, .. } => format!("another AWS customer can have `{host}` use this role"),
        Query::ForeignAssertion => "assertions that were made for another service can assume this role".to_owned(),
        Query::WithoutKey { key } => format!("requests without `{key}` pass"),
    }
}

fn advice(reason: &Reason) -> String {
    match reason {
        Reason::StringAtoms { key } | Reason::SetAtoms { key } => {
            format!("test `{key}` by fewer and simpler patterns; `iamlint can` decides about one request")
        }
        Reason::Size { .. } => {
            "IAM takes no policy of this size: split it; `iamlint can` decides about one request".to_owned()
        }
        Reason::Nodes => {
            "use fewer Deny statements with fewer keys; `iamlint can` decides about one request".to_owned()
        }
        Reason::Internal => "`iamlint can` decides about one request".to_owned(),
    }
}
