//! Sessions that last longer than the kind of caller needs.

mod kind;
mod signin;

use crate::diagnostic::{Audience, Confidence, Severity};
use crate::rules::{Context, Finding};
use crate::site::PolicyKind;
use crate::span::{Span, Spanned};
use crate::value::Text;
use kind::{Kind, kind};

/// The range that IAM takes, in seconds (IAM API Reference, "CreateRole").
const RANGE: std::ops::RangeInclusive<i64> = 3600..=43200;

pub fn check(context: &Context<'_>, found: &mut Vec<Finding>) {
    found.extend(signin::finding(context));
    let Some(setting) = &context.site.owner.max_session_duration else { return };
    let Some((seconds, sure)) = read(setting) else { return };
    let limit = |kind: Kind| limit(context, kind);
    if context.site.kind == PolicyKind::Identity {
        return found.extend(permission_set(setting.span, seconds, limit(Kind::People)));
    }
    if !RANGE.contains(&seconds) {
        let (least, most) = (RANGE.start(), RANGE.end());
        found.push(
            Finding::new(
                setting.span,
                format!("IAM rejects a maximum session of {seconds} seconds: it takes {least} to {most}"),
            )
            .label("out of range")
            .why("CreateRole and UpdateRole fail with a ValidationError")
            .help("write seconds: 3600 is one hour")
            .subject("range")
            .severity(Severity::High)
            .confidence(sure),
        );
        return;
    }
    let callers: Vec<_> = context
        .allowed_principals()
        .filter_map(|(statement, principal)| {
            kind(context, statement, principal).map(|(kind, sure)| (kind, sure, principal))
        })
        .collect();
    let strictest = callers
        .iter()
        .filter_map(|(kind, sure, principal)| Some((limit(*kind)?, *kind, *sure, principal.span())))
        .filter(|(hours, ..)| seconds > hours * 3600)
        .min_by_key(|(hours, _, sure, _)| (*hours, std::cmp::Reverse(*sure)));
    if let Some((hours, kind, who, principal)) = strictest {
        found.push(too_long(setting.span, seconds, hours, kind, principal).confidence(sure.min(who)));
    } else if seconds > 3600
        && callers.iter().all(|(kind, ..)| matches!(kind, Kind::Role | Kind::Service))
        && let Some((_, _, role)) = callers.iter().find(|(kind, ..)| *kind == Kind::Role)
    {
        found.push(
            Finding::new(
                setting.span,
                format!(
                    "{} have no effect: only other roles can assume this one, for one hour at most",
                    length(seconds)
                ),
            )
            .label("never reached")
            .because(role.span(), "its sessions chain, and AWS ends those after an hour")
            .why("a call of AssumeRole by a session of a role fails if it asks for more than 3600 seconds")
            .help("leave the setting out, so that nobody relies on it")
            .subject("chaining")
            .severity(Severity::Info)
            .audience(Audience::Strict)
            .confidence(sure.min(Confidence::Likely)),
        );
    }
}

/// The seconds that a setting gives, and how sure they are.
fn read(setting: &Spanned<Text>) -> Option<(i64, Confidence)> {
    let seconds = setting.value.likely()?.trim().parse().ok()?;
    Some((seconds, if setting.value.known().is_some() { Confidence::Proved } else { Confidence::Likely }))
}

/// The longest session that the options of the rule let a kind of caller have, in hours.
fn limit(context: &Context<'_>, kind: Kind) -> Option<i64> {
    match context.int("max-hours") {
        0 => kind.option().map(|option| context.int(option)),
        hours => kind.option().map(|_| hours),
    }
}

fn too_long(span: Span, seconds: i64, hours: i64, kind: Kind, principal: Span) -> Finding {
    let limit = hours * 3600;
    Finding::new(span, format!("sessions of {} may last {}, more than {}", kind.name(), length(seconds), length(limit)))
        .label("stolen credentials work as long as this")
        .because(principal, format!("{} may assume the role", kind.name()))
        .why(format!("DurationSeconds = {seconds} is accepted: credentials that leak work for {}", length(seconds)))
        .help(format!("write {limit} or less, or change the rule's options if the job needs longer"))
        .subject(kind.subject())
}

/// Sessions of a permission set, which people get from IAM Identity Center.
fn permission_set(span: Span, seconds: i64, limit: Option<i64>) -> Option<Finding> {
    if !RANGE.contains(&seconds) {
        let message =
            format!("IAM Identity Center rejects sessions of {}: it takes 1 hour to 12 hours", length(seconds));
        let finding = Finding::new(span, message)
            .label("out of range")
            .why("CreatePermissionSet and UpdatePermissionSet fail with a ValidationException")
            .help("write an ISO 8601 duration: `PT1H` is one hour");
        return Some(finding.subject("range").severity(Severity::High));
    }
    let hours = limit.filter(|hours| seconds > hours * 3600)?;
    let (long, most) = (length(seconds), length(hours * 3600));
    let finding = Finding::new(span, format!("sessions of people may last {long}, more than {most}"))
        .label("stolen credentials work as long as this")
        .why(format!("every session of this permission set lasts {long}: credentials that leak work as long"))
        .help(format!("write `PT{hours}H` or less, or change the rule's options if the job needs longer"));
    Some(finding.subject(Kind::People.name()))
}

fn length(seconds: i64) -> String {
    match (seconds / 3600, seconds % 3600) {
        (1, 0) => "1 hour".to_owned(),
        (hours, 0) if hours > 48 && hours % 24 == 0 => format!("{} days", hours / 24),
        (hours, 0) => format!("{hours} hours"),
        _ => format!("{seconds} seconds"),
    }
}
