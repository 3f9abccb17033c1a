//! An identity policy that lets its holder become every role that lets it.

use crate::access::grants::{self, Grant};
use crate::diagnostic::Confidence;
use crate::policy::Truth;
use crate::rules::{Context, Finding};

pub fn check(context: &Context<'_>, found: &mut Vec<Finding>) {
    // Whoever may do everything assumes roles too: `admin-access` says so.
    if grants::everything(context.policy).is_none() {
        found.extend(grants::assumes_every_role(context.policy).map(|grant| finding(&grant)));
    }
}

fn finding(grant: &Grant<'_>) -> Finding {
    let statement = grant.statement;
    let (roles, example) = match &grant.account {
        Some(account) => (format!("every role of account `{account}`"), format!("arn:aws:iam::{account}:role/admin")),
        None => ("every role of every account".to_owned(), "arn:aws:iam::999999999999:role/admin".to_string()),
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
