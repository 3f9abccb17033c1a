//! A trust policy that nobody can pass.

use crate::access::probe::fast_path;
use crate::access::probe::flow;
use crate::access::{self, Query};
use crate::aws::keys::{self, Flow, Mark};
use crate::diagnostic::{Audience, Confidence, Severity};
use crate::policy::{BaseOperator, Condition, Effect, Policy, PrincipalKind, Statement, Truth};
use crate::rules::{Context, Finding};
use crate::site::PolicyKind;

/// How many statements, conditions and Deny statements are looked at for the reason: people write fewer.
const MOST: usize = 16;

pub fn check(context: &Context<'_>, found: &mut Vec<Finding>) {
    let policy = context.policy;
    let denies = policy.statements.iter().any(|statement| statement.effect != Effect::Allow);
    let surely_open = !denies && policy.statements.iter().any(fast_path::surely_matched);
    if policy.open_ended
        || surely_open
        || plainly_open(policy)
        || !access::ask(context.model(), &Query::Anything).is_never()
    {
        return;
    }
    // A principal or an action that gives nobody anything is other rules' matter; a policy without an Allow is locked on
    // purpose.
    let allows = context.allows().filter(|allow| !is_dead(context, &reduced(policy, allow, &[], &[]))).take(MOST);
    let causes: Vec<(&Statement, Cause<'_>)> = allows.map(|allow| (allow, Cause::of(context, allow))).collect();
    let Some((statement, cause)) = causes.first() else { return };
    let mut finding = word(statement, cause);
    for (other, cause) in causes.iter().skip(1).take(4) {
        let span = match cause {
            Cause::Condition(condition) => condition.key_span,
            Cause::Together => other.condition_span.unwrap_or(other.span),
            // It is the place that the finding points at.
            Cause::Denies(_) => continue,
        };
        finding = finding.because(span, "nor does anybody pass this");
    }
    found.push(finding);
}

/// Whether some Allow lets a caller in by conditions that are plainly met, and nothing is denied: most policies, which
/// need no model.
fn plainly_open(policy: &Policy) -> bool {
    let assumes = |statement: &Statement, kind: &PrincipalKind| {
        let action = match kind {
            PrincipalKind::Saml { .. } => "sts:AssumeRoleWithSAML",
            PrincipalKind::Oidc { .. } | PrincipalKind::WebIdentity { .. } => "sts:AssumeRoleWithWebIdentity",
            _ => "sts:AssumeRole",
        };
        let alone =
            |condition: &Condition| statement.conditions.iter().filter(|c| c.is_about(&condition.key)).count() == 1;
        kind.caller().is_some()
            && statement.covers_action(action) == Truth::Yes
            && statement.conditions.iter().all(|condition| alone(condition) && plainly_met(condition, kind))
    };
    let open = |statement: &Statement| {
        !statement.conditions_open_ended
            && statement.listed_principals().iter().any(|principal| assumes(statement, &principal.kind))
    };
    policy.statements.iter().all(|statement| statement.effect == Effect::Allow) && policy.statements.iter().any(open)
}

/// Whether a caller of this kind can have the key with a value that is written out. Only the usual conditions; the engine
/// judges the others.
fn plainly_met(condition: &Condition, kind: &PrincipalKind) -> bool {
    let claim = |issuer: &crate::value::Text| {
        let named = condition.key.rsplit_once(':').filter(|(_, claim)| ["sub", "aud"].contains(claim));
        named.is_some_and(|(prefix, _)| issuer.known() == Some(prefix))
    };
    let sent = match kind {
        PrincipalKind::Oidc { issuer, .. } | PrincipalKind::WebIdentity { issuer } => claim(issuer),
        PrincipalKind::Saml { .. } => condition.is_about("SAML:aud"),
        PrincipalKind::Service { .. } => condition.is_about("aws:SourceAccount"),
        PrincipalKind::Account { .. } => condition.is_about("sts:ExternalId"),
        _ => false,
    };
    let like = condition.operator.base == Some(BaseOperator::StringLike);
    let plain = |text: &str| {
        text.len() > 1 && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_./:@".contains(c) || (like && c == '*'))
    };
    let account = condition.is_about("aws:SourceAccount");
    sent && condition.operator.set.is_none()
        && (like || condition.operator.base == Some(BaseOperator::StringEquals))
        && condition
            .values
            .iter()
            .filter_map(|value| value.known())
            .any(|text| plain(text) && (!account || crate::aws::accounts::is_account_id(text)))
}

/// What holds everybody back from an Allow.
enum Cause<'a> {
    /// A condition that nobody meets.
    Condition(&'a Condition),
    /// Conditions that nobody meets together.
    Together,
    /// Deny statements that cover whoever meets the conditions.
    Denies(Vec<&'a Statement>),
}

impl<'a> Cause<'a> {
    fn of(context: &'a Context<'_>, allow: &'a Statement) -> Cause<'a> {
        let policy = context.policy;
        for condition in allow.conditions.iter().take(MOST) {
            if is_dead(context, &reduced(policy, allow, std::slice::from_ref(condition), &[])) {
                return Cause::Condition(condition);
            }
        }
        if is_dead(context, &reduced(policy, allow, &allow.conditions, &[])) {
            return Cause::Together;
        }
        let denies: Vec<&Statement> =
            policy.statements.iter().filter(|statement| statement.effect == Effect::Deny).collect();
        let alone = denies
            .iter()
            .take(MOST)
            .find(|deny| is_dead(context, &reduced(policy, allow, &allow.conditions, &[*deny])));
        Cause::Denies(alone.map_or(denies.clone(), |deny| vec![*deny]))
    }
}

/// The policy with one Allow, with these of its conditions, and these Deny statements.
fn reduced(policy: &Policy, allow: &Statement, conditions: &[Condition], denies: &[&Statement]) -> Policy {
    let allow = Statement { conditions: conditions.to_vec(), conditions_open_ended: false, ..allow.clone() };
    let statements = std::iter::once(&allow).chain(denies.iter().copied()).cloned();
    let statements = statements.enumerate().map(|(index, statement)| Statement { index, ..statement }).collect();
    Policy { span: policy.span, version: policy.version.clone(), statements, open_ended: false, facts: Vec::new() }
}

fn is_dead(context: &Context<'_>, policy: &Policy) -> bool {
    access::ask(&access::analyse_as(policy, PolicyKind::Trust, &context.estate()), &Query::Anything).is_never()
}

fn word(statement: &Statement, cause: &Cause<'_>) -> Finding {
    let finding = match cause {
        Cause::Condition(condition) => condition_finding(statement, condition),
        Cause::Together => Finding::new(
            statement.condition_span.unwrap_or(statement.span),
            "nobody can assume this role: no request meets all of these conditions",
        )
        .label("contradict each other")
        .help("remove the condition that is wrong, or move it to a statement of its own")
        .subject("Condition"),
        Cause::Denies(denies) => deny_finding(denies),
    };
    finding.statement(statement)
}

fn condition_finding(statement: &Statement, condition: &Condition) -> Finding {
    let (flows, who) = callers(statement);
    let key = &condition.key;
    let never = !flows.is_empty() && flows.iter().all(|flow| flow::never_holds(*flow, key));
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

fn deny_finding(denies: &[&Statement]) -> Finding {
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
