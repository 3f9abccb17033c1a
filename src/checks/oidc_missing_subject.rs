//! A role that takes tokens of an issuer without asking whose they are.

use super::shared::{self, Foreign, Place};
use crate::access::{Query, TOKEN_ACTION, Tokens};
use crate::diagnostic::{Audience, Confidence, Severity};
use crate::policy::Truth;
use crate::rules::{Context, Finding};

pub fn check(context: &Context<'_>, found: &mut Vec<Finding>) {
    for (place, tokens) in shared::providers(context) {
        // Where the audience is the tenant, its absence is the finding of `oidc-missing-audience`.
        if tokens.bound_by_audience() {
            continue;
        }
        let names = if tokens.is_shared() { tenant } else { every_claim };
        let claims = names(&tokens);
        let conditions = tokens.conditions(&claims.iter().map(String::as_str).collect::<Vec<_>>());
        if tokens.is_github() && !conditions.is_empty() {
            continue;
        }
        // Of other customers, the engine knows; that all users of a private issuer get in is for a look at the claims to
        // say, and so is what would be if the issuer left a claim out.
        let query = Query::ForeignToken { issuer: tokens.host.clone() };
        let foreign = match tokens.is_shared() {
            true => shared::foreign(context, place, &tokens, &query, names),
            false => shared::any_token(context, place, names),
        };
        let foreign = foreign.or_else(|| shared::with_claims_absent(context, place, names));
        let Some(foreign) = foreign.or_else(|| shared::of_unknown_form(&tokens)) else { continue };
        let loose = shared::loose_part(&conditions, &foreign.claims);
        found.push(finding(context, place, &tokens, loose, &foreign));
    }
}

/// The claims that tell customers of a shared issuer apart.
fn tenant(tokens: &Tokens<'_>) -> Vec<String> {
    tokens.tenant_claims().into_iter().map(str::to_owned).collect()
}

/// Every claim that the policy tests, other than the audience, which all tenants of a private issuer may share.
fn every_claim(tokens: &Tokens<'_>) -> Vec<String> {
    let prefix = format!("{}:", tokens.host).to_ascii_lowercase();
    let tested = tokens.policy().conditions().filter_map(|condition| {
        let claim = condition.key.to_ascii_lowercase().strip_prefix(&prefix)?.to_owned();
        let is_method = claim == "amr" && condition.values.iter().any(|value| value.known().is_none_or(is_method));
        (!["aud", "sub"].contains(&claim.as_str()) && !is_method).then(|| condition.key.clone())
    });
    std::iter::once("sub".to_owned()).chain(tested).collect()
}

/// Whether a value of `amr` says how somebody logged in, and not who (RFC 8176, and the words of Amazon Cognito).
fn is_method(value: &str) -> bool {
    const METHODS: [&str; 22] = [
        "authenticated",
        "unauthenticated",
        "face",
        "fpt",
        "geo",
        "hwk",
        "iris",
        "kba",
        "mca",
        "mfa",
        "otp",
        "pin",
        "pop",
        "pwd",
        "rba",
        "retina",
        "sc",
        "sms",
        "swk",
        "tel",
        "user",
        "vbm",
    ];
    METHODS.contains(&value) || value.chars().all(|c| matches!(c, '*' | '?'))
}

fn finding(
    context: &Context<'_>,
    place: Place,
    tokens: &Tokens<'_>,
    loose: Option<(crate::span::Span, String)>,
    foreign: &Foreign,
) -> Finding {
    let Foreign { claims, absent_only, confidence, .. } = foreign;
    let (absent_only, confidence) = (*absent_only, *confidence);
    let key = tokens.key(tokens.tenant_claims().first().unwrap_or(&"sub"));
    // Session tags of a token are claims of it, so the issuer decides who has them (IAM User Guide, "Pass session tags
    // using AssumeRoleWithWebIdentity").
    let tag = tokens.statement().conditions.iter().find(|condition| {
        let is_tag = condition.key.get(..15).is_some_and(|start| start.eq_ignore_ascii_case("aws:RequestTag/"));
        let demands = condition.operator.base.is_some_and(|base| !base.negated());
        is_tag && demands && condition.operator.holds_when_absent() == Some(false) && !tokens.is_shared()
    });
    let who = match tokens.issuer {
        _ if tokens.is_github() => "any repository on GitHub".to_owned(),
        Some(issuer) if tokens.is_shared() => format!("any customer of {}", issuer.name),
        Some(issuer) if issuer.subjects.iter().any(|form| form.starts_with("system:serviceaccount:")) => {
            "every pod of the cluster".to_owned()
        }
        Some(_) | None if tag.is_some() => format!("everyone with a token of `{}` that carries the tag", tokens.host),
        Some(_) | None => format!("everyone with a token of `{}`", tokens.host),
    };
    let principal = tokens.principal().span();
    let mut finding = match &loose {
        None => Finding::new(principal, format!("{who} can assume this role: nothing tests `{key}`"))
            .label("gives a token to every one of them"),
        Some((span, written)) if absent_only => Finding::new(
            *span,
            format!(
                "`{written}` also holds for a token without `{key}`, and protects only as the issuer always sends it"
            ),
        )
        .label("holds when the claim is absent")
        .because(principal, "for tokens of this issuer"),
        Some((span, written)) => {
            let can = if confidence == Confidence::Possible { "may be able to" } else { "can" };
            Finding::new(*span, format!("{who} {can} assume this role: `{written}` does not hold strangers out"))
                .label("fits a stranger's token")
                .because(principal, "gives a token to every one of them")
        }
    };
    if let Some(tag) = tag {
        finding = finding.because(tag.span(), "the issuer decides who has it");
    }
    let form = tokens.issuer.and_then(|issuer| issuer.subjects.iter().next()).filter(|_| key.ends_with(":sub"));
    finding = finding.help(match form {
        Some(form) => {
            format!("test it: \"StringLike\": {{\"{key}\": \"{form}\"}}, with your own names for the capitals")
        }
        None => format!("test it: \"StringEquals\": {{\"{key}\": \"...\"}}"),
    });
    let severity = if tokens.is_shared() { Severity::Critical } else { Severity::Medium };
    let audience = match tokens.is_shared() {
        _ if absent_only => Audience::Strict,
        false if tag.is_some() => Audience::Strict,
        false if names_one_app(context, place, tokens) => Audience::Strict,
        true | false => Audience::Default,
    };
    let why = || format!("{} with {} is allowed", TOKEN_ACTION, claims.request());
    finding = shared::shown(finding, foreign, &[&key], why);
    // Who has tokens of a private issuer is not in the file.
    if !tokens.is_shared() {
        finding = finding.confidence(confidence.min(Confidence::Likely));
    }
    finding
        .subject(tokens.host.clone())
        .statement(tokens.statement())
        .severity(if absent_only { Severity::Medium } else { severity })
        .audience(audience)
}

/// Whether the audience is the id of one application, as with user pools and other log-ins of people: then everyone who
/// may log in there is often meant.
fn names_one_app(context: &Context<'_>, place: Place, tokens: &Tokens<'_>) -> bool {
    let workloads = tokens.issuer.is_some_and(|issuer| !issuer.subjects.is_empty());
    let default_audience = |value: &str| {
        let claims = [(tokens.key("aud"), vec![Some(value.to_owned())])];
        tokens.passes(&claims).truth == Truth::Yes
    };
    let stranger = shared::stranger_passes(context, place, false, |_| vec!["aud".to_owned()]);
    !workloads && stranger.is_none() && !default_audience("sts.amazonaws.com")
}
