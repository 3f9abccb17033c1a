//! A role that takes SAML assertions whichever endpoint they were made for.

use crate::access::probe::flow;
use crate::access::{Pin, Probe};
use crate::aws::keys::Flow;
use crate::policy::{PrincipalKind, Truth};
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
        let probe = Probe { policy: context.policy, statement, principal, action: "sts:AssumeRoleWithSAML" };
        let mut pins = vec![Pin::value(KEY, "https://sso.example.com/saml")];
        pins.extend(flow::absent(context.policy, Flow::Saml));
        if probe.passes(&pins) != Truth::Yes {
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
