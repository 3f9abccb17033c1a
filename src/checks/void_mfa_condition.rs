//! Conditions on MFA that callers without MFA satisfy.

use super::missing_mfa::{AGE, PRESENT, denies, is_mfa, some_user_passes, users};
use super::shared::Verdict;
use crate::access::decide::operators;
use crate::access::decide::variables::Variables;
use crate::access::{Pin, Probe, Query};
use crate::diagnostic::{Audience, Confidence, Severity};
use crate::policy::{BaseOperator, Condition, Effect, PrincipalKind, Statement, Truth};
use crate::rules::{Context, Finding};
use crate::site::PolicyKind;
use crate::span::Span;

/// How a caller's credentials were got.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mfa {
    /// An access key: the keys are not in the request.
    Absent,
    /// A session without MFA: the key says so.
    False,
    /// A session with MFA, a minute old.
    True,
}

impl Mfa {
    fn value(self, key: &str) -> Option<&'static str> {
        match self {
            Mfa::Absent => None,
            Mfa::False => key.eq_ignore_ascii_case(PRESENT).then_some("false"),
            Mfa::True => Some(if key.eq_ignore_ascii_case(PRESENT) { "true" } else { "60" }),
        }
    }

    fn pins(self) -> [Pin<'static>; 2] {
        [PRESENT, AGE].map(|key| self.value(key).map_or(Pin::absent(key), |value| Pin::value(key, value)))
    }
}

/// Which callers without MFA the conditions of a statement, together with its Deny statements, let pass.
struct Hole<'a> {
    condition: &'a Condition,
    statement: &'a Statement,
    absent: bool,
    no: bool,
    /// Callers with MFA are held out instead.
    inverted: bool,
    /// What the engine says of it, in a trust policy.
    verdict: Verdict,
}

pub fn check(context: &Context<'_>, found: &mut Vec<Finding>) {
    let mut seen: Vec<Span> = Vec::new();
    let holes = if context.site.kind == PolicyKind::Trust { trust(context) } else { identity(context) };
    for hole in holes {
        if !seen.contains(&hole.condition.operator_span) {
            seen.push(hole.condition.operator_span);
            found.push(word(context, &hole));
        }
    }
}

fn trust<'a>(context: &'a Context<'_>) -> Vec<Hole<'a>> {
    let mut holes = Vec::new();
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
        let probe = Probe { policy: context.policy, statement, principal, action: "sts:AssumeRole" };
        let users = users(context.policy, principal);
        let passes = |mfa: Mfa| {
            let alone = holds(statement, mfa).and(denied(&denies, mfa).not());
            alone == Truth::Yes && some_user_passes(&probe, &users, mfa.pins(), true) == Truth::Yes
        };
        let Some(hole) = hole(statement, &denies, passes) else { continue };
        let verdict = Verdict::ask(context, &Query::WithoutMfa, (statement, principal), Confidence::Proved);
        holes.extend(verdict.map(|verdict| Hole { verdict, ..hole }));
    }
    holes
}

/// In a permission policy the caller is whoever it is attached to, and what allows may stand in another policy.
fn identity<'a>(context: &'a Context<'_>) -> Vec<Hole<'a>> {
    let policy = context.policy;
    let mfa_denies = || policy.statements.iter().filter(|s| s.effect == Effect::Deny && speaks(s));
    let denies: Vec<&Statement> = mfa_denies().collect();
    let mut holes = Vec::new();
    for allow in context.allows().filter(|allow| speaks(allow)) {
        let near: Vec<&Statement> = denies.iter().copied().filter(|deny| overlap(allow, deny)).collect();
        holes.extend(hole(allow, &near, |mfa| holds(allow, mfa).and(denied(&near, mfa).not()) == Truth::Yes));
    }
    for deny in mfa_denies() {
        let allows: Vec<&Statement> = context.allows().filter(|allow| overlap(allow, deny)).collect();
        let elsewhere = context.allows().next().is_none();
        let passes = |mfa: Mfa| {
            let allowed = elsewhere || allows.iter().any(|allow| holds(allow, mfa) == Truth::Yes);
            allowed && denied(&denies, mfa) == Truth::No
        };
        holes.extend(hole(deny, &[], passes));
    }
    holes
}

fn hole<'a>(statement: &'a Statement, denies: &[&'a Statement], passes: impl Fn(Mfa) -> bool) -> Option<Hole<'a>> {
    let (absent, no) = (passes(Mfa::Absent), passes(Mfa::False));
    let place = [statement].into_iter().chain(denies.iter().copied()).find(|statement| speaks(statement))?;
    let condition = place.conditions.iter().find(|condition| is_mfa(condition))?;
    (absent || no).then(|| Hole {
        condition,
        statement: place,
        absent,
        no,
        inverted: !passes(Mfa::True),
        verdict: Verdict::probed(Confidence::Proved),
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
            let value = mfa.value(if condition.is_about(AGE) { AGE } else { PRESENT });
            operators::holds(condition, value.as_ref().map(std::slice::from_ref), Variables::Unknown)
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

fn word(context: &Context<'_>, hole: &Hole<'_>) -> Finding {
    let Hole { condition, statement, .. } = hole;
    let allow = statement.effect == Effect::Allow;
    let key = &condition.key;
    let values: Vec<_> = condition.values.iter().map(|value| value.display()).collect();
    let written = format!("{}: {}", condition.operator_text, values.join(", "));
    let message = match (hole.inverted, hole.absent, hole.no) {
        (true, _, _) => format!("`{written}` holds out callers with MFA and lets those without it pass"),
        (false, true, false) => {
            format!("`{written}` does not stop access keys used without MFA, as their requests lack `{key}`")
        }
        (false, false, _) => format!("`{written}` does not stop sessions without MFA, in which `{PRESENT}` is `false`"),
        (false, true, true) => format!("`{written}` does not stop anyone without MFA"),
    };
    let value_at_fault = condition.operator.base == Some(BaseOperator::Bool) && allow && !condition.operator.if_exists;
    let span = if value_at_fault { condition.values_span } else { condition.operator_span };
    let caller = match (hole.absent, context.site.kind == PolicyKind::Trust) {
        (true, true) => "sts:AssumeRole with an access key, without a token code, is allowed".to_owned(),
        (true, false) => "a request with an access key, without MFA, is not stopped".to_owned(),
        (false, _) => {
            format!("a request with a session of GetSessionToken without MFA, {PRESENT} = false, is not stopped")
        }
    };
    let mut finding = Finding::new(span, message)
        .label(if allow { "callers without MFA satisfy this" } else { "callers without MFA are not denied by this" })
        .because(condition.key_span, "what is asked")
        .help(if allow {
            format!("write \"Bool\": {{\"{PRESENT}\": \"true\"}}")
        } else {
            format!("write \"BoolIfExists\": {{\"{PRESENT}\": \"false\"}}, which holds for an absent key too")
        })
        .subject(format!("{} {key}", condition.operator_text))
        .statement(statement);
    finding = hole.verdict.show(finding, &[], || caller);
    if context.site.kind != PolicyKind::Trust {
        finding = finding.severity(Severity::Medium);
        // To let people without MFA do something, such as set it up, can be meant.
        if allow && hole.inverted {
            finding = finding.audience(Audience::Strict);
        }
    }
    finding
}
