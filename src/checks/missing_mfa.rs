//! People who can become a role with nothing but a stolen access key.

use super::shared::{self, Verdict};
use crate::access::probe::flow;
use crate::access::{Pin, Probe, Query, probe};
use crate::aws::keys::Flow;
use crate::diagnostic::Confidence;
use crate::policy::{Condition, Effect, Policy, Principal, PrincipalKind, Statement, Truth, pattern};
use crate::rules::{Context, Finding, Relation};
use crate::value::Text;

const ACTION: &str = "sts:AssumeRole";
/// Whether the caller's credentials were got with MFA.
pub const PRESENT: &str = "aws:MultiFactorAuthPresent";
/// How long ago.
pub const AGE: &str = "aws:MultiFactorAuthAge";

/// Whether a condition is about MFA.
pub fn is_mfa(condition: &Condition) -> bool {
    condition.is_about(PRESENT) || condition.is_about(AGE)
}

/// A user of an account, as requests show him.
pub struct User {
    arn: String,
    account: String,
    name: String,
}

/// Users whom the policy can mean: the one that is named, or someone in the account, by any name that it speaks of.
pub fn users(policy: &Policy, principal: &Principal) -> Vec<User> {
    let (account, name) = match &principal.kind {
        PrincipalKind::User { account, name } => (account.likely(), name.likely()),
        PrincipalKind::Account { account } => (account.likely(), None),
        _ => (None, None),
    };
    // An account that the template is deployed to has an id that fits a hole of that shape, and no literal one.
    let account = account.filter(|id| id.len() == 12).map_or_else(|| shared::STRANGER.to_owned(), |id| id.into_owned());
    let user = |name: &str| User {
        arn: format!("arn:aws:iam::{account}:user/{name}"),
        name: name.rsplit('/').next().unwrap_or_default().to_owned(),
        account: account.clone(),
    };
    if let Some(name) = name {
        return vec![user(name.trim_start_matches("user/"))];
    }
    let fill = |text: &Text| pattern::widest(text).replace(['*', '?'], "x");
    let named = flow::conditions(policy).flat_map(|condition| {
        let (by_arn, by_name) = (condition.is_about("aws:PrincipalArn"), condition.is_about("aws:username"));
        let name = move |value: &Text| match (by_arn, by_name) {
            (true, _) => fill(value).split_once(":user/").map(|(_, name)| name.to_owned()),
            (_, true) => Some(fill(value)),
            _ => None,
        };
        condition.values.iter().filter_map(name)
    });
    std::iter::once(user("anyone")).chain(named.collect::<Vec<_>>().iter().map(|name| user(name))).collect()
}

/// Whether some user passes with these MFA keys, sending no ExternalId unless `external_id`.
pub fn some_user_passes(probe: &Probe<'_>, users: &[User], mfa: [Pin<'_>; 2], external_id: bool) -> Truth {
    let flow = if mfa[0].is_absent() { Flow::User } else { Flow::UserSession };
    let names_user = |condition: &Condition| {
        let ids = || condition.values.iter().map(pattern::widest);
        condition.is_about("aws:userid") && ids().any(|id| id.starts_with("AIDA") || id.starts_with('*'))
    };
    let passes = |user: &User| {
        let mut pins = vec![
            Pin::value("aws:PrincipalArn", &user.arn),
            Pin::value("aws:PrincipalAccount", &user.account),
            Pin::value("aws:username", &user.name),
            Pin::value("aws:PrincipalType", "User"),
            Pin::value("aws:PrincipalIsAWSService", "false"),
        ];
        pins.extend(mfa.iter().cloned());
        if !external_id {
            pins.push(Pin::absent("sts:ExternalId"));
        }
        if !flow::conditions(probe.policy).any(names_user) {
            pins.push(Pin::value("aws:userid", "AIDAANYUSERANYUSER000"));
        }
        pins.extend(flow::absent(probe.policy, flow));
        probe.passes(&pins)
    };
    users.iter().map(passes).fold(Truth::No, Truth::or)
}

/// The Deny statements that can stop a principal from assuming the role.
pub fn denies<'a>(policy: &'a Policy, principal: &Principal) -> impl Iterator<Item = &'a Statement> {
    policy.statements.iter().filter(move |statement| {
        statement.effect != Effect::Allow
            && probe::covers(statement, principal) != Truth::No
            && statement.covers_action(ACTION) != Truth::No
    })
}

pub fn check(context: &Context<'_>, found: &mut Vec<Finding>) {
    for (statement, principal) in context.allowed_principals() {
        let (PrincipalKind::User { account, .. } | PrincipalKind::Account { account }) = &principal.kind else {
            continue;
        };
        let sure = match context.relation(account) {
            Relation::Own | Relation::Organization | Relation::Unknown => Confidence::Likely,
            Relation::Hole => Confidence::Possible,
            // The people of others are theirs to look after; `missing-external-id` is about them.
            Relation::Trusted(_) | Relation::Vendor(_) | Relation::Aws(_) | Relation::Foreign => continue,
        };
        let mut spoken =
            denies(context.policy, principal).chain([statement]).flat_map(|statement| &statement.conditions);
        if spoken.any(is_mfa) {
            continue;
        }
        let probe = Probe { policy: context.policy, statement, principal, action: ACTION };
        let users = users(context.policy, principal);
        let without = some_user_passes(&probe, &users, [Pin::absent(PRESENT), Pin::absent(AGE)], false);
        let confidence = match without {
            Truth::No => continue,
            Truth::Maybe => Confidence::Possible,
            Truth::Yes => sure,
        };
        let Some(verdict) = Verdict::ask(context, &Query::WithoutMfa, (statement, principal), confidence) else {
            continue;
        };
        found.push(word(statement, principal, &verdict));
    }
}

fn word(statement: &Statement, principal: &Principal, verdict: &Verdict) -> Finding {
    let (who, label, other) = match &principal.kind {
        PrincipalKind::User { name, .. } => (
            format!("the IAM user `{}`", name.display()),
            "a user with long-term keys",
            "better, let people log in by a role",
        ),
        _ => (
            format!(
                "IAM users of the account `{}`",
                principal.kind.account().map_or_else(Default::default, Text::display)
            ),
            "every user of the account whom its policies let",
            "or, if only machines are to have it, name their roles as principals",
        ),
    };
    let finding = Finding::new(principal.span(), format!("{who} can assume this role without MFA"))
        .label(label)
        .help(format!("add \"Bool\": {{\"{PRESENT}\": \"true\"}}; {other}"))
        .subject(principal.text.display())
        .statement(statement);
    verdict.show(finding, &[PRESENT], || format!("{ACTION} with an access key alone, so without {PRESENT}, is allowed"))
}
