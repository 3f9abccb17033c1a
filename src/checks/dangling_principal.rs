//! The unique id that a deleted user or role leaves behind.

use crate::diagnostic::Confidence;
use crate::policy::{Effect, PrincipalKind};
use crate::rules::{Context, Finding};
use crate::site::OwnerAccount;

pub fn check(context: &Context<'_>, found: &mut Vec<Finding>) {
    // A dump shows what IAM stores, and IAM shows the ARN as long as the principal exists.
    let confidence = match context.site.owner.account {
        OwnerAccount::Id(_) => Confidence::Proved,
        OwnerAccount::Unknown => Confidence::Likely,
    };
    for statement in &context.policy.statements {
        let Some(principals) = &statement.principals else { continue };
        for principal in &principals.entries {
            let PrincipalKind::UniqueId { what } = principal.kind else { continue };
            let id = principal.text.display();
            let effect = match (statement.effect, principals.negated) {
                (Effect::Deny, false) => "this Deny stops nobody",
                (Effect::Deny, true) => "nobody is spared by it",
                (Effect::Allow | Effect::Unknown, _) => "it allows nobody",
            };
            found.push(
                Finding::new(principal.span(), format!("`{id}` is the id of a deleted {what}: {effect}"))
                    .label(format!("a {what} that no longer exists"))
                    .why(format!("a {what} created anew under the old name has another id, so the entry does not come back to life"))
                    .help(format!("remove it, or write the ARN of the {what} that is meant"))
                    .subject(id)
                    .statement(statement)
                    .confidence(confidence),
            );
        }
    }
}
