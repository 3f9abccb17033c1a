//! People who can become a role with nothing but a stolen access key.

use crate::access::{Mfa, Query, Sure, Verdict};
use crate::diagnostic::Confidence;
use crate::policy::{Condition, Effect, Policy, Principal, PrincipalKind, Statement, Truth};
use crate::rules::{Context, Finding, Relation, through};
use crate::value::{MACHINE_USER, Text};

const ACTION: &str = "sts:AssumeRole";
/// Whether the caller's credentials were got with MFA.
pub const PRESENT: &str = "aws:MultiFactorAuthPresent";
/// How long ago.
pub const AGE: &str = "aws:MultiFactorAuthAge";

/// Whether a condition is about MFA.
pub fn is_mfa(condition: &Condition) -> bool {
    condition.is_about(PRESENT) || condition.is_about(AGE)
}

/// Whether a user whom a principal stands for passes with credentials of this sort. A principal whose account is not
/// known stands for any; the verdict is then one about everything else, and has no request to show.
pub fn user_passes(
    context: &Context<'_>,
    statement: &Statement,
    principal: &Principal,
    mfa: Mfa,
    external_id: bool,
) -> Verdict {
    let place = through(statement, principal);
    let query = Query::User { mfa, external_id };
    let is_known = principal
        .kind
        .account()
        .is_none_or(|account| account.known().is_some() || context.relation(account) == Relation::Own);
    match if is_known { None } else { context.access.with_some_account(place) } {
        Some(filled) => Verdict { witness: None, ..filled.ask(&query, place) },
        None => context.access.ask(&query, place),
    }
}

/// The Deny statements that can stop a principal from assuming the role.
pub fn denies<'a>(policy: &'a Policy, principal: &Principal) -> impl Iterator<Item = &'a Statement> {
    policy.statements.iter().filter(move |statement| {
        statement.effect != Effect::Allow
            && statement.covers_principal(principal) != Truth::No
            && statement.covers_action(ACTION) != Truth::No
    })
}

pub fn check(context: &Context<'_>, found: &mut Vec<Finding>) {
    // Programs assume such a role, and its trust policy is not for its owner to write.
    if context.prescribed().is_some() {
        return;
    }
    for (statement, principal) in context.allowed_principals() {
        let (PrincipalKind::User { account, .. } | PrincipalKind::Account { account }) = &principal.kind else {
            continue;
        };
        let is_machine = |name: &Text| match (name.known(), name.only_hole()) {
            (Some(name), _) => context.site.owner.machines.iter().any(|machine| is_named(name, machine)),
            (None, hole) => hole.is_some_and(|hole| hole.why == MACHINE_USER),
        };
        if matches!(&principal.kind, PrincipalKind::User { name, .. } if is_machine(name)) {
            continue;
        }
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
        let verdict = user_passes(context, statement, principal, Mfa::Absent, false);
        let confidence = match verdict.sure {
            Sure::Never | Sure::Undecided => continue,
            Sure::Possibly => Confidence::Possible,
            Sure::Yes => sure,
        };
        found.push(finding(statement, principal, &verdict).confidence(confidence));
    }
}

/// Whether a user in an ARN, which may have a path before it, has a name; names are compared without case.
fn is_named(user: &str, name: &str) -> bool {
    user.rsplit('/').next().is_some_and(|last| last.eq_ignore_ascii_case(name))
}

fn finding(statement: &Statement, principal: &Principal, verdict: &Verdict) -> Finding {
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
    finding
        .shown(verdict, &[PRESENT], || format!("{ACTION} with an access key alone, so without {PRESENT}, is allowed"))
}
