//! Services that another customer can have act with this role.

mod host;
mod words;

use super::shared::STRANGER;
use crate::access::{Query, Sent, Sure, Verdict};
use crate::aws::roles::Trusts;
use crate::aws::services::{self, Deputy, SourceKeys};
use crate::diagnostic::{Audience, Confidence, Severity};
use crate::policy::{Principal, PrincipalKind, Statement};
use crate::rules::{Context, Finding, through};
use host::{is_anchor, plain, shares_with_compute};
use words::{advice, list, loose, names};

/// Keys by which a service says for whom it acts.
const SOURCE: [&str; 4] = ["aws:SourceArn", "aws:SourceAccount", "aws:SourceOrgID", "aws:SourceOrgPaths"];

pub fn check(context: &Context<'_>, found: &mut Vec<Finding>) {
    // AWS makes such a role itself, and without the keys.
    let is_prescribed = context.prescribed().is_some_and(|role| role.trusts == Trusts::Service);
    for (statement, principal) in context.allowed_principals() {
        let PrincipalKind::Service { host } = &principal.kind else { continue };
        let Some(host) = plain(host) else { continue };
        let keys = services::source_keys(&host);
        let class = services::deputy(&host);
        // Where a workload of the account runs with the role, nothing needs testing; a test that is there has to work.
        let tested = statement.conditions.iter().find(|condition| SOURCE.iter().any(|key| condition.is_about(key)));
        if (class == Deputy::Compute || is_prescribed) && tested.is_none() {
            continue;
        }
        // A key that nothing is known of is taken to be sent, so that the `…IfExists` form counts.
        let sent = keys.filter(|_| class == Deputy::Documented).map(|keys| keys.keys.iter().collect());
        let Some((verdict, sends_all)) = stranger(context, statement, principal, &host, sent) else { continue };
        let documented = keys.is_some_and(|keys| keys.read);
        let sure = if documented && class == Deputy::Documented { Confidence::Proved } else { Confidence::Likely };
        // Where nothing reads the source, the request has nothing to show of it.
        let read = SOURCE.iter().any(|key| context.reads(key));
        let source = source(&verdict, keys);
        let verdict = match read && sends_all && !is_anchor(&host) {
            true => verdict,
            false => Verdict { witness: None, ..verdict },
        };
        let advice = advice(&host, class, shares_with_compute(statement, principal));
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
            Some(condition) if class == Deputy::Compute => Finding::new(
                loose(condition),
                format!(
                    "`{}: {}` fits resources of every AWS customer, so it restricts nothing for `{host}`",
                    condition.operator_text,
                    list(condition)
                ),
            )
            .label("fits strangers too")
            .because(principal.span(), "acts for every customer"),
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
            true => {
                let source = source.unwrap_or_default();
                format!("sts:AssumeRole by {host} with aws:SourceArn = {source} is allowed")
            }
            false => {
                let source = source.map(|arn| format!(" with aws:SourceArn = {arn}")).unwrap_or_default();
                format!("sts:AssumeRole by {host}, acting for account {STRANGER}{source}, is allowed")
            }
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
        // A guard that somebody wrote and that holds nobody out is a mistake, whatever the service does.
        if tested.is_some() && sends_all {
            finding = finding.severity(Severity::Medium);
        } else if class == Deputy::Unlisted {
            finding = finding.audience(Audience::Audit);
        }
        found.push(finding);
    }
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

/// The resource of the stranger that the service acts for, by the request or by the form that its guide has.
fn source(verdict: &Verdict, keys: Option<SourceKeys>) -> Option<String> {
    let said = verdict.witness.as_ref().and_then(|witness| Some(witness.request.context.get(SOURCE[0])?.concat()));
    let of_stranger = |arn: &str| {
        // A Region that is left open is one that the ARNs do not have.
        let arn = arn.replace(":*:", "::").replace("REGION", "us-east-1").replace("ACCOUNT", STRANGER);
        arn.replace("CLUSTER", "cluster").replace('*', "stranger")
    };
    said.or_else(|| Some(of_stranger(keys?.arn)))
}
