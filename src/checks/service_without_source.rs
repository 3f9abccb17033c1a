//! Services that another customer can have act with this role.

mod words;

use super::shared::STRANGER;
use crate::access::{Query, Sent, Sure, Verdict};
use crate::aws::services::{self, Deputy};
use crate::diagnostic::{Audience, Confidence};
use crate::policy::{Principal, PrincipalKind, Statement};
use crate::rules::{Context, Finding, through};
use crate::value::{Domain, PartRef, Text};
use words::{advice, list, loose, names};

/// Keys by which a service says for whom it acts.
const SOURCE: [&str; 4] = ["aws:SourceArn", "aws:SourceAccount", "aws:SourceOrgID", "aws:SourceOrgPaths"];

pub fn check(context: &Context<'_>, found: &mut Vec<Finding>) {
    for (statement, principal) in context.allowed_principals() {
        let PrincipalKind::Service { host } = &principal.kind else { continue };
        let Some(host) = plain(host) else { continue };
        let keys = services::source_keys(&host);
        let class = services::deputy(&host);
        if class == Deputy::Compute {
            continue;
        }
        // A key that nothing is known of is taken to be sent, so that the `…IfExists` form counts.
        let sent = keys.filter(|_| class == Deputy::Documented).map(|keys| keys.keys.iter().collect());
        let Some((verdict, sends_all)) = stranger(context, statement, principal, &host, sent) else { continue };
        let documented = keys.is_some_and(|keys| keys.read);
        let sure = if documented && class == Deputy::Documented { Confidence::Proved } else { Confidence::Likely };
        // Where nothing reads the source, the request has nothing to show of it.
        let read = SOURCE.iter().any(|key| context.reads(key));
        let source = source(&verdict, &host);
        let verdict = match read && sends_all && !is_anchor(&host) {
            true => verdict,
            false => Verdict { witness: None, ..verdict },
        };
        let tested = statement.conditions.iter().find(|condition| SOURCE.iter().any(|key| condition.is_about(key)));
        let mut advice = advice(&host, class);
        if beside_compute(statement, &host) {
            advice += ", in a statement of its own: the other service of this one does not send the key";
        }
        let mut finding = match tested {
            None if is_anchor(&host) => Finding::new(
                principal.span(),
                "a certificate of any trust anchor can have this role: nothing tests `aws:SourceArn`".to_owned(),
            )
            .label("acts for every trust anchor"),
            None => Finding::new(
                principal.span(),
                format!("another AWS customer may have `{host}` use this role: nothing tests {}", names(class, &host)),
            )
            .label("acts for every customer"),
            Some(condition) => Finding::new(
                loose(condition),
                format!(
                    "`{}: {}` fits resources of other AWS customers, for whom `{host}` may use this role",
                    condition.operator_text,
                    list(condition)
                ),
            )
            .label("fits strangers too")
            .because(principal.span(), "acts for every customer"),
        };
        let why = || match is_anchor(&host) {
            true => format!("sts:AssumeRole by {host} with aws:SourceArn = {source} is allowed"),
            false => format!(
                "sts:AssumeRole by {host}, acting for account {STRANGER} with aws:SourceArn = {source}, is allowed"
            ),
        };
        finding = finding
            .shown(&verdict, &SOURCE, why)
            .confidence(sure)
            .help(match keys {
                Some(keys) => format!("{advice} ({})", keys.page),
                None => advice,
            })
            .subject(host.clone())
            .statement(statement);
        if class == Deputy::Unlisted {
            finding = finding.audience(Audience::Audit);
        }
        found.push(finding);
    }
}

/// Whether the statement also names a service that runs workloads of the account, and sends no source.
fn beside_compute(statement: &Statement, host: &str) -> bool {
    let known = |principal: &Principal| match &principal.kind {
        PrincipalKind::Service { host } => plain(host),
        _ => None,
    };
    let is_compute = |other: String| other != host && services::deputy(&other) == Deputy::Compute;
    statement.listed_principals().iter().filter_map(known).any(is_compute)
}

/// Whether a stranger can have the service call, and whether that passes when the service sends every key: it may send
/// only some.
fn stranger(
    context: &Context<'_>,
    statement: &Statement,
    principal: &Principal,
    host: &str,
    sent: Option<Vec<&'static str>>,
) -> Option<(Verdict, bool)> {
    let place = through(statement, principal);
    let is_known = principal.text.known().is_some();
    let filled = if is_known { None } else { context.access.with_principal(place, host) };
    let access = filled.as_ref().unwrap_or(context.access);
    let ask = |sent: Sent| {
        let verdict = access.ask(&Query::Service { host: host.to_owned(), sent }, place);
        Some(verdict).filter(|verdict| verdict.sure == Sure::Yes)
    };
    // A trust anchor is of the role's own account, whoever made it: only its ARN tells one from another.
    if is_anchor(host) {
        return ask(Sent::Anchor).map(|verdict| (verdict, true));
    }
    let some = || ask(Sent::Only(sent?)).map(|verdict| (verdict, false));
    ask(Sent::All).map(|verdict| (verdict, true)).or_else(some)
}

/// The resource of the stranger that the service acts for, by the request or by the service's own form.
fn source(verdict: &Verdict, host: &str) -> String {
    let said = verdict.witness.as_ref().and_then(|witness| Some(witness.request.context.get(SOURCE[0])?.concat()));
    let service = services::parse(host).map_or("service", |host| host.service);
    let (namespace, _) = services::source_arn(service);
    said.unwrap_or_else(|| format!("arn:aws:{namespace}:us-east-1:{STRANGER}:stranger"))
}

/// The host with a Region and suffix in place of those of the deployment: what is known of a service holds for all.
fn plain(host: &Text) -> Option<String> {
    let mut out = String::new();
    for part in host.parts() {
        match part {
            PartRef::Literal(text) => out.push_str(text),
            PartRef::Hole(hole) => match hole.domain {
                Domain::Region => out.push_str("us-east-1"),
                Domain::UrlSuffix => out.push_str("amazonaws.com"),
                _ => out.push_str(hole.default.as_deref()?),
            },
        }
    }
    Some(out)
}

/// Roles Anywhere acts for trust anchors of the role's own account: only the anchor tells one from another.
fn is_anchor(host: &str) -> bool {
    services::parse(host).is_some_and(|host| host.service == "rolesanywhere")
}
