//! How long people stay signed in with the role (IAM API Reference, "CreateRole", `MaxSigninSessionDuration`): a setting
//! apart from the length of sessions that STS gives.

use super::kind::Kind;
use super::{length, limit, read};
use crate::diagnostic::{Audience, Confidence, Severity};
use crate::rules::{Context, Finding};

/// The range that IAM takes, in seconds.
const RANGE: std::ops::RangeInclusive<i64> = 3600..=7_776_000;

pub(super) fn finding(context: &Context<'_>) -> Option<Finding> {
    let setting = context.site.owner.max_signin_duration.as_ref()?;
    let (seconds, sure) = read(setting)?;
    if !RANGE.contains(&seconds) {
        let (least, most) = (RANGE.start(), RANGE.end());
        let message = format!("IAM rejects a sign-in session of {seconds} seconds: it takes {least} to {most}");
        let finding = Finding::new(setting.span, message)
            .label("out of range")
            .why("CreateRole and UpdateRole fail with a ValidationError")
            .help("write seconds: 3600 is one hour");
        return Some(finding.subject("signin-range").severity(Severity::High).confidence(sure));
    }
    let hours = limit(context, Kind::People).filter(|hours| seconds > hours * 3600)?;
    let (long, most) = (length(seconds), length(hours * 3600));
    let message = format!("people who sign in with this role may stay signed in for {long}, more than {most}");
    let finding = Finding::new(setting.span, message)
        .label("a stolen sign-in works as long as this")
        .why(format!("the setting is apart from MaxSessionDuration: who is signed in stays so for {long}"))
        .help(format!("write {} or less, or change the rule's options if people need longer", hours * 3600))
        .subject("signin")
        .audience(Audience::Strict);
    // Whether anybody signs in with the role is not in the file.
    Some(finding.confidence(sure.min(Confidence::Likely)))
}
