//! An identity policy that lets its holder hand any role to any service.

use crate::access::grants::{self, Grant};
use crate::diagnostic::Confidence;
use crate::policy::{Condition, Truth};
use crate::rules::{Context, Finding};

pub fn check(context: &Context<'_>, found: &mut Vec<Finding>) {
    // Whoever may do everything passes roles too: `admin-access` says so.
    if grants::everything(context.policy).is_none() {
        found.extend(grants::passes_every_role(context.policy).map(|grant| finding(&grant)));
    }
}

fn finding(grant: &Grant<'_>) -> Finding {
    let statement = grant.statement;
    let roles = match &grant.account {
        Some(account) => format!("every role of account `{account}`"),
        None => "every role".to_owned(),
    };
    let mut finding = Finding::new(
        grant.resource,
        format!("this policy allows `iam:PassRole` for {roles}, to services of the holder's choice"),
    )
    .label("every role")
    .why("iam:PassRole of an administrator's role to ec2.amazonaws.com is allowed, and a new instance has that role")
    .help("name the roles, and the services that get them in `iam:PassedToService`")
    .subject("iam:PassRole")
    .statement(statement);
    if let Some(actions) = &statement.actions {
        finding = finding.because(
            actions.place_of("iam:PassRole"),
            if actions.negated { "`NotAction` leaves `iam:PassRole` in" } else { "may be passed" },
        );
    }
    let mut unreliable = false;
    if let Some(condition) = statement.conditions.iter().find(|condition| about_tags(condition)) {
        finding = finding.because(condition.key_span, "AWS: a role's tags do not reliably limit `iam:PassRole`");
        unreliable = true;
    }
    finding.confidence(match (grant.answer, grant.assumed, unreliable) {
        (Truth::Yes, false, false) => Confidence::Proved,
        (Truth::Yes, true, false) => Confidence::Likely,
        (Truth::Yes, _, true) | (Truth::Maybe | Truth::No, _, _) => Confidence::Possible,
    })
}

/// IAM User Guide, "Grant a user permissions to pass a role to an AWS service".
fn about_tags(condition: &Condition) -> bool {
    let key = condition.key.to_ascii_lowercase();
    key.starts_with("iam:resourcetag/") || key.starts_with("aws:resourcetag/")
}
