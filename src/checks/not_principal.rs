//! `NotPrincipal`: everyone on earth but a few.

use crate::access::{Query, Sure, Through};
use crate::diagnostic::{Audience, Confidence, Severity};
use crate::policy::{Effect, Principals, Statement};
use crate::rules::{Context, Finding};
use crate::site::PolicyKind;

pub fn check(context: &Context<'_>, found: &mut Vec<Finding>) {
    for statement in &context.policy.statements {
        let Some(principals) = statement.principals.as_ref().filter(|principals| principals.negated) else { continue };
        let finding = match (context.site.kind, statement.effect) {
            (PolicyKind::Trust, Effect::Allow) => Finding::new(
                principals.key_span,
                format!(
                    "IAM rejects `NotPrincipal` in a trust policy; it would let everyone but {} in",
                    listed(principals)
                ),
            )
            .help("name the principals that may assume the role under `Principal`"),
            (PolicyKind::Trust, Effect::Deny | Effect::Unknown) => Finding::new(
                principals.key_span,
                "IAM rejects `NotPrincipal` in a trust policy",
            )
            .help(
                "deny `\"Principal\": {\"AWS\": \"*\"}` with `ArnNotLike` on `aws:PrincipalArn` for those to leave out",
            ),
            (_, Effect::Allow) => allow(context, statement, principals),
            (_, Effect::Deny) => Finding::new(
                principals.key_span,
                "a Deny with `NotPrincipal` may stop sessions of the very roles it spares",
            )
            .label("spares an assumed role only if account, role and session are all listed")
            .help("deny `\"Principal\": \"*\"` with `ArnNotLike` on `aws:PrincipalArn` for those to leave out")
            .severity(Severity::Low)
            .audience(Audience::Strict),
            (_, Effect::Unknown) => continue,
        };
        found.push(finding.subject(listed(principals)).statement(statement));
    }
}

fn allow(context: &Context<'_>, statement: &Statement, principals: &Principals) -> Finding {
    let through = Through { statement: Some(statement.index), principal: None };
    let open = context.access.ask(&Query::Anybody { knows_external_id: true }, through);
    let but = listed(principals);
    let finding = match open.sure {
        Sure::Yes => Finding::new(principals.key_span, format!("everyone in the world but {but} is allowed")),
        Sure::Possibly | Sure::Undecided => {
            Finding::new(principals.key_span, format!("everyone in the world but {but} may be allowed"))
                .confidence(Confidence::Possible)
        }
        Sure::Never => {
            Finding::new(principals.key_span, format!("everyone but {but} who meets the condition is allowed"))
                .severity(Severity::Medium)
        }
    };
    finding
        .label("all principals that are not listed")
        .why("Allow with NotPrincipal grants to every principal outside the list, also in other accounts and without sign-in")
        .help("name those who need access under `Principal`")
}

fn listed(principals: &Principals) -> String {
    match principals.entries.as_slice() {
        [] => "nobody".to_owned(),
        [one] => format!("`{}`", one.text.display()),
        [one, rest @ ..] => format!("`{}` and {} more", one.text.display(), rest.len()),
    }
}
