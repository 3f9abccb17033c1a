//! `ForAllValues` in an Allow: it holds for a request that does not have the key.

use crate::access::{Query, Sure, Through, Witness, grants};
use crate::aws::keys::{self, Class, Flow, Presence};
use crate::diagnostic::{Audience, Confidence, Severity};
use crate::policy::{Condition, Principal, PrincipalKind, SetOperator, Statement, Truth};
use crate::rules::{Context, Finding};
use crate::site::PolicyKind;

pub fn check(context: &Context<'_>, found: &mut Vec<Finding>) {
    for statement in context.allows() {
        for condition in statement.conditions.iter().filter(|condition| is_vacuous(condition)) {
            found.extend(judge(context, statement, condition).map(|gap| finding(statement, condition, &gap)));
        }
    }
}

/// A positive test under `ForAllValues`. A negated one leaves some values out, and an absent key has none of them.
fn is_vacuous(condition: &Condition) -> bool {
    let positive = condition
        .operator
        .base
        .is_some_and(|base| !base.negated() && condition.operator.holds_when_absent() == Some(true));
    condition.operator.set == Some(SetOperator::ForAllValues) && positive
}

struct Gap {
    witness: Option<Box<Witness>>,
    confidence: Confidence,
    /// Whether the key says who calls or from where, rather than what is asked for.
    about_caller: bool,
    /// Who decides whether the key is there.
    free: bool,
    multivalued: bool,
}

fn judge(context: &Context<'_>, statement: &Statement, condition: &Condition) -> Option<Gap> {
    if lists_content(&condition.key) {
        return None;
    }
    let answer = grants::passes_without(context.policy, statement, &condition.key);
    let key = keys::key(&condition.key);
    let absent = presence(context.site.kind, statement, condition);
    let confidence = match (answer, absent) {
        (Truth::No, _) => return None,
        (Truth::Yes, Absent::Can) => Confidence::Proved,
        (Truth::Yes, Absent::Likely) => Confidence::Likely,
        (Truth::Maybe, Absent::Can | Absent::Likely) | (_, Absent::Unlikely) => Confidence::Possible,
        (_, Absent::Cannot) => return None,
    };
    let (confidence, witness) = match context.site.kind {
        PolicyKind::Trust => asked(context, statement, condition, confidence, absent)?,
        PolicyKind::Identity
        | PolicyKind::Resource
        | PolicyKind::Scp
        | PolicyKind::Rcp
        | PolicyKind::Boundary
        | PolicyKind::Session => (confidence, None),
    };
    Some(Gap {
        confidence,
        witness,
        about_caller: is_about_caller(&condition.key),
        free: key.is_some_and(|key| key.class(Flow::RoleSession) == Class::Free),
        multivalued: key.is_some_and(|key| key.multivalued),
    })
}

/// What the engine says: whether a request without the key passes through the statement.
fn asked(
    context: &Context<'_>,
    statement: &Statement,
    condition: &Condition,
    confidence: Confidence,
    absent: Absent,
) -> Option<(Confidence, Option<Box<Witness>>)> {
    let through = Through { statement: Some(statement.index), principal: None };
    let verdict = context.access.ask(&Query::WithoutKey { key: condition.key.clone() }, through);
    match verdict.sure {
        Sure::Yes => {
            let sure = match absent {
                Absent::Can => Confidence::Proved,
                Absent::Likely => Confidence::Likely,
                Absent::Cannot | Absent::Unlikely => Confidence::Possible,
            };
            Some((sure, verdict.witness))
        }
        Sure::Possibly => Some((confidence.min(Confidence::Possible), verdict.witness)),
        Sure::Undecided => Some((Confidence::Possible, None)),
        Sure::Never => (absent == Absent::Unlikely).then_some((Confidence::Possible, None)),
    }
}

/// Whether a request can lack a key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Absent {
    Cannot,
    /// A token always has a subject and an audience; AWS still warns of `ForAllValues` on them.
    Unlikely,
    Likely,
    Can,
}

fn presence(kind: PolicyKind, statement: &Statement, condition: &Condition) -> Absent {
    let Some(key) = keys::key(&condition.key) else { return Absent::Likely };
    let listed = statement.listed_principals();
    let of_flow = |flow: Flow| match key.presence(flow) {
        Presence::Always if key.class(flow) == Class::Issued => Absent::Unlikely,
        Presence::Always => Absent::Cannot,
        Presence::Sometimes | Presence::Never => Absent::Can,
        Presence::Unverified => Absent::Unlikely,
    };
    let any = [Flow::User, Flow::UserSession, Flow::RoleSession].as_slice();
    if listed.is_empty() {
        return any.iter().map(|flow| of_flow(*flow)).max().unwrap_or(Absent::Likely);
    }
    let of_principal = |principal: &Principal| match &principal.kind {
        // A caller without credentials has no principal at all.
        PrincipalKind::Anyone if kind == PolicyKind::Resource => match of_flow(Flow::User) {
            Absent::Cannot if key.class(Flow::User) == Class::Principal => Absent::Can,
            other => other,
        },
        PrincipalKind::Oidc { issuer, .. } | PrincipalKind::WebIdentity { issuer }
            if is_of_another(issuer.known(), &condition.key) =>
        {
            Absent::Can
        }
        kind => flows(kind).iter().map(|flow| of_flow(*flow)).max().unwrap_or(Absent::Unlikely),
    };
    listed.iter().map(of_principal).max().unwrap_or(Absent::Likely)
}

/// Whether a key is a claim of another issuer than this one.
fn is_of_another(issuer: Option<&str>, key: &str) -> bool {
    let host = key.rsplit_once(':').map(|(host, _)| host).filter(|host| host.contains('.'));
    match (issuer, host) {
        (Some(issuer), Some(host)) => {
            !issuer.eq_ignore_ascii_case(host) && !key.to_ascii_lowercase().starts_with(&issuer.to_ascii_lowercase())
        }
        (None, _) | (_, None) => false,
    }
}

/// How the callers that a principal stands for make their requests.
pub(super) fn flows(kind: &PrincipalKind) -> &'static [Flow] {
    match kind {
        PrincipalKind::Anyone
        | PrincipalKind::Account { .. }
        | PrincipalKind::UniqueId { .. }
        | PrincipalKind::FederatedUser { .. } => &[Flow::User, Flow::UserSession, Flow::RoleSession],
        PrincipalKind::User { .. } => &[Flow::User, Flow::UserSession],
        PrincipalKind::Role { .. } | PrincipalKind::Session { .. } => &[Flow::RoleSession],
        PrincipalKind::Service { .. } => &[Flow::Service],
        PrincipalKind::Saml { .. } => &[Flow::Saml],
        PrincipalKind::Oidc { .. } | PrincipalKind::WebIdentity { .. } => &[Flow::WebIdentity],
        PrincipalKind::CanonicalUser | PrincipalKind::Invalid { .. } | PrincipalKind::Unknown => &[],
    }
}

/// Keys that list what a request brings along. `ForAllValues` limits what may be in the list, which is what AWS
/// documents; a request that brings nothing is within the limit.
fn lists_content(key: &str) -> bool {
    const KEYS: [&str; 5] = [
        "aws:TagKeys",
        "sts:TransitiveTagKeys",
        "dynamodb:Attributes",
        "kms:EncryptionContextKeys",
        "kms:GrantOperations",
    ];
    KEYS.iter().any(|known| known.eq_ignore_ascii_case(key))
}

/// Whether a key says who calls, for whom or from where.
fn is_about_caller(key: &str) -> bool {
    const STARTS: [&str; 13] = [
        "aws:principal",
        "aws:source",
        "aws:vpc",
        "aws:user",
        "aws:calledvia",
        "aws:viaawsservice",
        "aws:federatedprovider",
        "aws:multifactorauth",
        "aws:tokenissuetime",
        "aws:resourceorg",
        "sts:externalid",
        "sts:sourceidentity",
        "saml:",
    ];
    let key = key.to_ascii_lowercase();
    let issuer = key.split_once(':').is_some_and(|(before, _)| before.contains('.'));
    issuer || STARTS.iter().any(|start| key.starts_with(start))
}

fn finding(statement: &Statement, condition: &Condition, gap: &Gap) -> Finding {
    let key = &condition.key;
    let plain = condition.operator.base.map_or("", |base| base.name());
    let whose = if gap.free { "a caller who leaves" } else { "a caller without" };
    let out = if gap.free { " out" } else { "" };
    let finding = Finding::new(
        condition.operator_span,
        format!("`{}` also holds for {whose} `{key}`{out}, so this condition is no barrier", condition.operator_text),
    )
    .label("holds when the key is absent")
    .because(condition.key_span, "nothing else demands this key")
    .help(if gap.multivalued {
        format!("write `ForAnyValue:{plain}`, or add `\"Null\": {{\"{key}\": \"false\"}}` beside it")
    } else {
        format!("the key has one value: write `{plain}`, which demands it")
    })
    .subject(key)
    .statement(statement)
    .confidence(gap.confidence);
    let finding = match &gap.witness {
        Some(witness) => finding.witness(witness),
        None => finding.why(format!("a request without {key} is allowed")),
    };
    if gap.about_caller { finding } else { finding.severity(Severity::Low).audience(Audience::Strict) }
}
