//! A role that takes tokens whomever they were made for.

use super::shared;
use crate::access::{Query, TOKEN_ACTION, Tokens};
use crate::aws::issuers::IssuerKind;
use crate::diagnostic::{Audience, Confidence, Severity};
use crate::rules::{Context, Finding};

pub fn check(context: &Context<'_>, found: &mut Vec<Finding>) {
    for (place, tokens) in shared::providers(context) {
        let key = tokens.key("aud");
        let conditions = tokens.conditions(&["aud"]);
        let tenant = |tokens: &Tokens<'_>| tokens.tenant_claims().into_iter().map(str::to_owned).collect();
        let issuer = || tokens.host.clone();
        let strangers = tokens
            .is_shared()
            .then(|| shared::foreign(context, place, &tokens, &Query::ForeignToken { issuer: issuer() }, tenant));
        // Log-ins of Facebook and Amazon have `app_id` instead.
        let has_audience =
            tokens.bound_by_audience() || tokens.issuer.is_none_or(|issuer| issuer.kind != IssuerKind::Builtin);
        let of_unknown_form = || shared::of_unknown_form(&tokens).filter(|_| tokens.bound_by_audience());
        let (passes, is_tenant) = match strangers.flatten().or_else(of_unknown_form) {
            // One hole, one finding: without any tenant claim it is `oidc-missing-subject` that speaks.
            Some(_) if !tokens.bound_by_audience() => continue,
            Some(foreign) => (Some(foreign), true),
            None => {
                let query = Query::WrongAudience { issuer: issuer() };
                (shared::foreign(context, place, &tokens, &query, |_| vec!["aud".to_owned()]), false)
            }
        };
        let Some(foreign) = passes.filter(|_| has_audience) else { continue };
        let answer = &foreign.claims;
        let name = tokens.issuer.map_or(tokens.host.as_str(), |issuer| issuer.name);
        let loose = shared::loose_part(&conditions, answer);
        let says_something = |written: &str| written.contains(|c| !matches!(c, '*' | '?'));
        // An audience that names the customer, and holds others out, is no lock against other services beside it.
        if !is_tenant && tokens.bound_by_audience() && loose.as_ref().is_some_and(|(_, text)| says_something(text)) {
            continue;
        }
        let (span, what) = match &loose {
            None => (tokens.principal().span(), format!("nothing tests `{key}`")),
            Some((span, written)) if is_tenant && says_something(written) => {
                (*span, format!("`{written}` leaves open whose the audience is"))
            }
            Some((span, written)) => (*span, format!("`{written}` fits every audience")),
        };
        let finding = if is_tenant {
            let can = if foreign.confidence == Confidence::Possible { "may be able to" } else { "can" };
            Finding::new(span, format!("any customer of {name} {can} assume this role: {what}"))
                .label("gives tokens to everybody's users")
                .severity(Severity::High)
                .audience(Audience::Default)
        } else {
            Finding::new(span, format!("a token of {name} that was made for another service is accepted: {what}"))
                .label("gives tokens for many services")
                .audience(Audience::Strict)
        };
        let finding = finding
            .help(format!("test it: \"StringEquals\": {{\"{key}\": \"{}\"}}", example(&tokens)))
            .subject(tokens.host.clone())
            .statement(tokens.statement());
        let why = || format!("{} with {key} = attacker is allowed", TOKEN_ACTION);
        found.push(shared::shown(finding, &foreign, &[&key], why));
    }
}

/// What an audience of this issuer looks like.
fn example(tokens: &Tokens<'_>) -> &'static str {
    match tokens.issuer.map(|issuer| issuer.pattern) {
        Some("cognito-identity.amazonaws.com") => "REGION:IDENTITY_POOL_ID",
        Some("accounts.google.com") => "CLIENT_ID",
        Some("api.pulumi.com/oidc") => "aws:ORGANIZATION",
        Some("oidc.vercel.com") => "https://vercel.com/TEAM",
        Some(_) | None => "sts.amazonaws.com",
    }
}
