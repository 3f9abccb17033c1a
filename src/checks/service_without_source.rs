//! Services that another customer can have act with this role.

use super::shared::{STRANGER, Verdict};
use crate::access::probe::flow;
use crate::access::{Pin, Probe, Query};
use crate::aws::keys::Flow;
use crate::aws::services::{self, Deputy};
use crate::diagnostic::{Audience, Confidence};
use crate::policy::{Condition, Policy, PrincipalKind, Truth, pattern};
use crate::rules::{Context, Finding};
use crate::value::{Domain, PartRef, Text};

/// Keys by which a service says for whom it acts.
const SOURCE: [&str; 4] = ["aws:SourceArn", "aws:SourceAccount", "aws:SourceOrgID", "aws:SourceOrgPaths"];

pub fn check(context: &Context<'_>, found: &mut Vec<Finding>) {
    for (statement, principal) in context.allowed_principals() {
        let PrincipalKind::Service { host } = &principal.kind else { continue };
        let Some(host) = plain(host) else { continue };
        let keys = services::source_keys(&host);
        let class = services::deputy(&host);
        let probe = Probe { policy: context.policy, statement, principal, action: "sts:AssumeRole" };
        let sends = |key: &str| match class {
            Deputy::Documented => keys.is_some_and(|keys| keys.keys.contains(key)),
            // A key that nothing is known of is taken to be sent, so that the `…IfExists` form counts.
            Deputy::Unlisted => true,
            Deputy::Compute => false,
        };
        if class == Deputy::Compute {
            continue;
        }
        let Some((source, all_sent)) = stranger(&probe, &host, sends) else { continue };
        let documented = keys.is_some_and(|keys| keys.read);
        let sure = if documented && class == Deputy::Documented { Confidence::Proved } else { Confidence::Likely };
        // The engine does not know that a service sends only some of the keys, nor that an anchor is of the own account.
        // Where nothing reads the source there is nothing to find out.
        let read = flow::conditions(context.policy).any(|condition| SOURCE.iter().any(|key| condition.is_about(key)));
        let verdict = match read && all_sent && !is_anchor(&host) {
            true => Verdict::ask(context, &Query::Service { host: host.clone() }, (statement, principal), sure),
            false => Some(Verdict::probed(sure)),
        };
        let Some(verdict) = verdict else { continue };
        let tested = statement.conditions.iter().find(|condition| SOURCE.iter().any(|key| condition.is_about(key)));
        let advice = advice(&host, class);
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
        finding = verdict
            .show(finding, &SOURCE, why)
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

/// The ARN for which a stranger can have the service call, if such a call passes.
/// And whether it passes when the service sends every key.
fn stranger(probe: &Probe<'_>, host: &str, sends: impl Fn(&str) -> bool) -> Option<(String, bool)> {
    let absent = flow::absent(probe.policy, Flow::Service);
    let passes = |arn: &String| {
        let values = [arn, STRANGER, "o-stranger000", "o-stranger000/r-0000/ou-0000-00000000/"];
        let pins = |all: bool| {
            let source = SOURCE
                .into_iter()
                .zip(values)
                .map(|(key, value)| if all || sends(key) { Pin::value(key, value) } else { Pin::absent(key) });
            // A trust anchor is of the role's own account, whoever made it.
            let mut pins: Vec<Pin<'_>> = source.take(if is_anchor(host) { 1 } else { SOURCE.len() }).collect();
            pins.push(Pin::value("aws:PrincipalIsAWSService", "true"));
            pins.extend(absent.iter().cloned());
            pins
        };
        [true, false].into_iter().find(|all| probe.passes(&pins(*all)) == Truth::Yes)
    };
    arns(probe.policy, host).into_iter().find_map(|arn| passes(&arn).map(|all| (arn, all)))
}

/// ARNs of a stranger's resources, by the service's own form and by the patterns of the policy.
fn arns(policy: &Policy, host: &str) -> Vec<String> {
    let service = services::parse(host).map_or("service", |host| host.service);
    let own = format!("arn:aws:{service}:us-east-1:{STRANGER}:stranger");
    let about = flow::conditions(policy).filter(|condition| condition.is_about(SOURCE[0]));
    std::iter::once(own).chain(about.flat_map(|condition| &condition.values).filter_map(fill)).collect()
}

/// An ARN of a stranger that fits a pattern. One that names an account is that account's; one that names none, such as
/// a bucket's, is a stranger's if the name is left open.
fn fill(value: &Text) -> Option<String> {
    let text = value.likely()?;
    let fields: Vec<&str> = text.splitn(6, ':').collect();
    let [arn, partition, service, region, account, resource] = fields.as_slice() else { return None };
    let account = match *account {
        "" if resource.contains(['*', '?']) => "",
        field if field.contains('*') && pattern::glob(field, STRANGER) => STRANGER,
        _ => return None,
    };
    let x = |field: &str| field.replace(['*', '?'], "x");
    Some(
        [
            &x(arn),
            &partition.replace('*', "aws"),
            &x(service),
            &region.replace('*', "us-east-1"),
            account,
            &x(resource),
        ]
        .join(":"),
    )
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

fn names(class: Deputy, host: &str) -> String {
    match services::source_keys(host).filter(|_| class == Deputy::Documented) {
        Some(keys) => keys.keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(" or "),
        None => "`aws:SourceAccount`".to_owned(),
    }
}

fn advice(host: &str, class: Deputy) -> String {
    let service = services::parse(host).map_or("SERVICE", |host| host.service);
    match class {
        _ if is_anchor(host) => "add \"ArnEquals\": {\"aws:SourceArn\": \"arn:aws:rolesanywhere:REGION:ACCOUNT:trust-anchor/ID\"}".to_owned(),
        Deputy::Documented if services::source_keys(host).is_some_and(|keys| !keys.keys.contains("aws:SourceAccount")) => {
            format!("add \"ArnLike\": {{\"aws:SourceArn\": \"arn:aws:{service}:REGION:ACCOUNT:*\"}}")
        }
        Deputy::Documented => "add \"StringEquals\": {\"aws:SourceAccount\": \"ACCOUNT\"}".to_owned(),
        Deputy::Unlisted | Deputy::Compute => {
            "add \"StringEqualsIfExists\": {\"aws:SourceAccount\": \"ACCOUNT\"}, which breaks nothing if the service does not send the key".to_owned()
        }
    }
}

fn loose(condition: &Condition) -> crate::span::Span {
    match condition.operator.base {
        Some(base) if !base.negated() && !condition.operator.if_exists => condition.values_span,
        _ => condition.operator_span,
    }
}

fn list(condition: &Condition) -> String {
    condition.values.iter().map(Text::display).collect::<Vec<_>>().join(", ")
}
