//! An identity policy that lets its holder become every role that lets it.

use crate::access::Pin;
use crate::access::probe::grants::{self, Grant, SOME_ROLE};
use crate::diagnostic::Confidence;
use crate::policy::{Condition, Truth};
use crate::rules::{Context, Finding};
use crate::value::Text;

/// An account that nobody here has heard of.
const STRANGER: &str = "999999999999";

pub fn check(context: &Context<'_>, found: &mut Vec<Finding>) {
    // Whoever may do everything assumes roles too: `admin-access` says so.
    if grants::everything(context.policy).is_some() {
        return;
    }
    let mut pins = vec![
        Pin::value("aws:ResourceAccount", STRANGER),
        Pin::value("aws:ResourceOrgID", "o-stranger000"),
        Pin::value("aws:ResourceOrgPaths", "o-stranger000/r-0000/ou-0000-00000000/"),
    ];
    // The role has none of the tags that the policy asks for.
    let conditions = context.policy.statements.iter().flat_map(|statement| &statement.conditions);
    let tags = conditions.map(|condition| condition.key.as_str()).filter(|key| {
        let key = key.to_ascii_lowercase();
        key.starts_with("iam:resourcetag/") || key.starts_with("aws:resourcetag/")
    });
    pins.extend(tags.map(Pin::absent));
    let grant = grants::granted(context.policy, "sts:AssumeRole", SOME_ROLE, &pins);
    let conditions = || context.policy.statements.iter().flat_map(|statement| &statement.conditions);
    // `${aws:PrincipalOrgID}` is the caller's own organization, which the stranger's is not.
    let own = || {
        conditions().any(|condition| pins.iter().any(|pin| condition.is_about(pin.key())) && names_caller(condition))
    };
    if let Some(grant) = grant.filter(|grant| grant.answer == Truth::Yes || !own()) {
        found.push(word(&grant));
    }
}

/// Whether every value of a condition is a variable that is filled with a property of the caller.
fn names_caller(condition: &Condition) -> bool {
    let variable =
        |value: &Text| value.known().is_some_and(|text| text.to_ascii_lowercase().starts_with("${aws:principal"));
    !condition.values.is_empty() && condition.values.iter().all(variable)
}

fn word(grant: &Grant<'_>) -> Finding {
    let statement = grant.statement;
    let (roles, example) = match &grant.account {
        Some(account) => (format!("every role of account `{account}`"), format!("arn:aws:iam::{account}:role/admin")),
        None => ("every role of every account".to_owned(), format!("arn:aws:iam::{STRANGER}:role/admin")),
    };
    let mut finding = Finding::new(grant.resource, format!("this policy allows `sts:AssumeRole` on {roles}"))
        .label("every role")
        .why(format!("sts:AssumeRole on {example} is allowed; only that role's own trust policy still decides"))
        .help("name the roles; to stay inside the organization, require it with `aws:ResourceOrgID`")
        .subject("sts:AssumeRole")
        .statement(statement);
    if let Some(actions) = &statement.actions {
        finding = finding.because(
            actions.place_of("sts:AssumeRole"),
            if actions.negated { "`NotAction` leaves `sts:AssumeRole` in" } else { "may be called" },
        );
    }
    finding.confidence(match (grant.answer, grant.assumed) {
        (Truth::Yes, false) => Confidence::Proved,
        (Truth::Yes, true) => Confidence::Likely,
        (Truth::Maybe | Truth::No, _) => Confidence::Possible,
    })
}
