//! Conditions on MFA that callers without MFA satisfy.

mod words;

use super::missing_mfa::{AGE, PRESENT, denies, is_mfa, user_passes};
use crate::access::{self, Mfa, Sure, Verdict};
use crate::diagnostic::Confidence;
use crate::policy::{Condition, Effect, PrincipalKind, Statement, Truth};
use crate::rules::{Context, Finding, Relation};
use crate::site::PolicyKind;
use crate::span::Span;
use words::finding;

/// The value of a key with credentials that were got in this way.
fn value(mfa: Mfa, key: &str) -> Option<&'static str> {
    let is_present = key.eq_ignore_ascii_case(PRESENT);
    match mfa {
        Mfa::Absent => None,
        Mfa::No => is_present.then_some("false"),
        // A minute ago.
        Mfa::Yes => Some(if is_present { "true" } else { "60" }),
    }
}

/// Which callers without MFA the conditions of a statement, together with its Deny statements, let pass.
struct Gap<'a> {
    condition: &'a Condition,
    statement: &'a Statement,
    absent: bool,
    no: bool,
    /// Callers with MFA are held out instead.
    inverted: bool,
    /// A request that passes, in a trust policy.
    verdict: Option<Verdict>,
    confidence: Confidence,
}

pub fn check(context: &Context<'_>, found: &mut Vec<Finding>) {
    let mut seen: Vec<Span> = Vec::new();
    let gaps = if context.site.kind == PolicyKind::Trust { trust(context) } else { identity(context) };
    for gap in gaps {
        if !seen.contains(&gap.condition.operator_span) {
            seen.push(gap.condition.operator_span);
            found.push(finding(context, &gap));
        }
    }
}

fn trust<'a>(context: &'a Context<'_>) -> Vec<Gap<'a>> {
    let mut gaps = Vec::new();
    for (statement, principal) in context.allowed_principals() {
        // Roles, services and federated callers never have MFA in their requests.
        let people = matches!(
            principal.kind,
            PrincipalKind::Anyone
                | PrincipalKind::Account { .. }
                | PrincipalKind::User { .. }
                | PrincipalKind::UniqueId { what: "user" }
        );
        let denies: Vec<&Statement> = denies(context.policy, principal).filter(|deny| speaks(deny)).collect();
        if !people || (!speaks(statement) && denies.is_empty()) {
            continue;
        }
        let asked = |mfa: Mfa| user_passes(context, statement, principal, mfa, true);
        let passes = |mfa: Mfa| {
            let alone = holds(statement, mfa).and(denied(&denies, mfa).not());
            alone == Truth::Yes && asked(mfa).sure == Sure::Yes
        };
        let Some(gap) = gap(statement, &denies, passes) else { continue };
        let verdict = asked(if gap.absent { Mfa::Absent } else { Mfa::No });
        // Whose users these are is not known where the account is not.
        let is_known = principal
            .kind
            .account()
            .is_none_or(|account| account.known().is_some() || context.relation(account) == Relation::Own);
        let confidence = if is_known { Confidence::Proved } else { Confidence::Possible };
        gaps.push(Gap { verdict: Some(verdict), confidence, ..gap });
    }
    gaps
}

/// In a permission policy the caller is whoever it is attached to, and what allows may stand in another policy.
fn identity<'a>(context: &'a Context<'_>) -> Vec<Gap<'a>> {
    let policy = context.policy;
    let mfa_denies = || policy.statements.iter().filter(|s| s.effect == Effect::Deny && speaks(s));
    let denies: Vec<&Statement> = mfa_denies().collect();
    let mut gaps = Vec::new();
    for allow in context.allows().filter(|allow| speaks(allow)) {
        let near: Vec<&Statement> = denies.iter().copied().filter(|deny| overlap(allow, deny)).collect();
        gaps.extend(gap(allow, &near, |mfa| holds(allow, mfa).and(denied(&near, mfa).not()) == Truth::Yes));
    }
    for deny in mfa_denies() {
        let allows: Vec<&Statement> = context.allows().filter(|allow| overlap(allow, deny)).collect();
        let elsewhere = context.allows().next().is_none();
        let passes = |mfa: Mfa| {
            let allowed = elsewhere || allows.iter().any(|allow| holds(allow, mfa) == Truth::Yes);
            allowed && denied(&denies, mfa) == Truth::No
        };
        gaps.extend(gap(deny, &[], passes));
    }
    gaps
}

fn gap<'a>(statement: &'a Statement, denies: &[&'a Statement], passes: impl Fn(Mfa) -> bool) -> Option<Gap<'a>> {
    let (absent, no) = (passes(Mfa::Absent), passes(Mfa::No));
    let place = [statement].into_iter().chain(denies.iter().copied()).find(|statement| speaks(statement))?;
    let condition = place.conditions.iter().find(|condition| is_mfa(condition))?;
    (absent || no).then(|| Gap {
        condition,
        statement: place,
        absent,
        no,
        inverted: !passes(Mfa::Yes),
        verdict: None,
        confidence: Confidence::Proved,
    })
}

fn speaks(statement: &Statement) -> bool {
    statement.conditions.iter().any(is_mfa)
}

/// Whether the MFA conditions of a statement hold; the others are taken to hold.
fn holds(statement: &Statement, mfa: Mfa) -> Truth {
    let about = statement.conditions.iter().filter(|condition| is_mfa(condition));
    about
        .map(|condition| {
            let value = value(mfa, if condition.is_about(AGE) { AGE } else { PRESENT });
            access::condition_holds(condition, value.as_ref().map(std::slice::from_ref))
        })
        .fold(Truth::Yes, Truth::and)
}

fn denied(denies: &[&Statement], mfa: Mfa) -> Truth {
    denies.iter().map(|deny| holds(deny, mfa)).fold(Truth::No, Truth::or)
}

/// Whether an Allow gives something that a Deny can take.
fn overlap(allow: &Statement, deny: &Statement) -> bool {
    let covers = |wide: &Statement, narrow: &Statement| match &narrow.actions {
        Some(actions) if !actions.negated => {
            actions.items.iter().any(|action| wide.covers_action(&action.display()) != Truth::No)
        }
        Some(_) => true,
        None => false,
    };
    covers(deny, allow) || (covers(allow, deny) && deny.actions.as_ref().is_some_and(|actions| !actions.negated))
}
