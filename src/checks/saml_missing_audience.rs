//! A role that takes SAML assertions whichever endpoint they were made for.

use crate::access::{Query, Sure};
use crate::policy::PrincipalKind;
use crate::rules::{Context, Finding};

const KEY: &str = "saml:aud";

pub fn check(context: &Context<'_>, found: &mut Vec<Finding>) {
    for (statement, principal) in context.allowed_principals() {
        let PrincipalKind::Saml { .. } = principal.kind else { continue };
        let text = principal.text.display();
        let name = text.rsplit('/').next().unwrap_or_default();
        // IAM Identity Center makes these and keeps them; nobody else can change the role.
        if name.starts_with("AWSSSO_") && name.ends_with("_DO_NOT_DELETE") {
            continue;
        }
        if context.ask(&Query::ForeignAssertion, statement, principal).sure != Sure::Yes {
            continue;
        }
        let tested = statement.conditions.iter().find(|condition| condition.is_about(KEY));
        let (span, what) = match tested {
            Some(condition) => (condition.values_span, "this fits every endpoint"),
            None => (principal.span(), "nothing tests `SAML:aud`"),
        };
        found.push(
            Finding::new(
                span,
                format!("an assertion of `{name}` that was made for another service is accepted: {what}"),
            )
            .label("signs assertions for many services")
            .why("sts:AssumeRoleWithSAML with SAML:aud = https://sso.example.com/saml is allowed")
            .help("test it: \"StringEquals\": {\"SAML:aud\": \"https://signin.aws.amazon.com/saml\"}")
            .subject(text.clone())
            .statement(statement),
        );
    }
}
