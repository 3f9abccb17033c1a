//! What is said of conditions and Deny statements that nobody passes.

use crate::aws::keys::{self, Flow, Mark};
use crate::diagnostic::{Audience, Confidence, Severity};
use crate::policy::{Condition, PrincipalKind, Statement};
use crate::rules::Finding;

pub fn condition_finding(statement: &Statement, condition: &Condition) -> Finding {
    let (flows, who) = callers(statement);
    let key = &condition.key;
    let never = !flows.is_empty() && flows.iter().all(|flow| keys::is_never_sent(key, *flow));
    let mark = keys::key(key).map_or(Mark::Likely, |key| key.mark);
    let finding = if let Some(issuer) = foreign_claim(statement, key) {
        Finding::new(condition.key_span, format!("nobody can assume this role: a token of `{issuer}` has no `{key}`"))
            .label("a claim of another issuer")
            .help(format!("write the key with the issuer of the principal before it: `{issuer}:…`"))
    } else if never {
        Finding::new(condition.key_span, format!("nobody can assume this role: requests of {who} never have `{key}`"))
            .label("is never in the request")
            .help("remove the condition, or test a key that such a request has")
            .confidence(if mark == Mark::Certain { Confidence::Proved } else { Confidence::Likely })
    } else {
        let operator = &condition.operator_text;
        let message = match condition.values.as_slice() {
            [value] => format!(
                "nobody can assume this role: `{operator}` on `{key}` with `{}` holds for no request of {who}",
                shorten(&value.display())
            ),
            _ => format!("nobody can assume this role: `{operator}` on `{key}` holds for no request of {who}"),
        };
        Finding::new(condition.values_span, message)
            .label("matches nothing")
            .help("write a value that a request can have")
    };
    finding.subject(key)
}

pub fn deny_finding(denies: &[&Statement]) -> Finding {
    let place = |deny: &Statement| {
        deny.condition_span.or(deny.principals.as_ref().map(|principals| principals.span)).unwrap_or(deny.span)
    };
    let first = denies.first().map_or(crate::span::Span::default(), |deny| place(deny));
    let mut finding = Finding::new(first, "nobody can assume this role: everyone who is allowed is also denied")
        .label("denies whoever is allowed")
        .help("narrow the Deny, or delete the role if nobody is to have it")
        .subject("Deny");
    for deny in denies.iter().skip(1).take(4) {
        finding = finding.because(place(deny), "denies the others");
    }
    // A Deny without a condition is how a role is locked on purpose.
    if let [deny] = denies
        && deny.conditions.is_empty()
    {
        finding = finding.severity(Severity::Low).audience(Audience::Strict);
    }
    finding
}

/// How the principals of a statement call, and what to call them.
fn callers(statement: &Statement) -> (Vec<Flow>, &'static str) {
    let principals = statement.listed_principals();
    let calls = |flow: Flow| {
        principals.iter().any(|principal| match (&principal.kind, flow) {
            (PrincipalKind::User { .. }, Flow::RoleSession) => false,
            (PrincipalKind::Role { .. } | PrincipalKind::Session { .. }, Flow::User | Flow::UserSession) => false,
            (kind, flow) => kind.caller() == Some(flow.caller()),
        })
    };
    let flows: Vec<Flow> = Flow::ALL.into_iter().filter(|flow| calls(*flow)).collect();
    let who = match flows.as_slice() {
        [Flow::User, Flow::UserSession, Flow::RoleSession] => "users and roles",
        [Flow::User, Flow::UserSession] => "users",
        [Flow::RoleSession] => "roles",
        [Flow::Service] => "AWS services",
        [Flow::Saml] => "SAML logins",
        [Flow::WebIdentity] => "OpenID Connect logins",
        _ => "these principals",
    };
    (flows, who)
}

/// The issuer of the statement's tokens, if the key is a claim of another one.
fn foreign_claim(statement: &Statement, key: &str) -> Option<String> {
    let (prefix, _) = key.rsplit_once(':').filter(|(prefix, _)| prefix.contains('.'))?;
    let issuers = statement.listed_principals().iter().filter_map(|principal| match &principal.kind {
        PrincipalKind::Oidc { issuer, .. } | PrincipalKind::WebIdentity { issuer } => issuer.known(),
        _ => None,
    });
    let same = |issuer: &str| issuer.trim_end_matches('/').eq_ignore_ascii_case(prefix.trim_end_matches('/'));
    let issuers: Vec<&str> = issuers.collect();
    let first = issuers.first()?;
    (!issuers.iter().any(|issuer| same(issuer))).then(|| (*first).to_owned())
}

fn shorten(text: &str) -> String {
    if text.chars().count() <= 60 { text.to_owned() } else { text.chars().take(57).chain("...".chars()).collect() }
}
