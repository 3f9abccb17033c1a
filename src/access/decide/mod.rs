//! One request against every policy that has a say (IAM User Guide, "Policy evaluation logic" and "Cross-account policy
//! evaluation logic").
//!
//! An explicit Deny anywhere wins. Organization policies never grant. A role's trust policy must allow on its own side;
//! how it speaks of the caller decides whether the caller's own policies must allow too, and the policy of a KMS key does
//! the same. Other resources are reached through their policy or, inside their account, through the caller's.

pub mod eval;
pub mod kms;
pub mod operators;
pub mod variables;

use crate::access::request::{Caller, Request};
use crate::policy::{Effect, Policy, Truth};
use crate::site::PolicyKind;
use eval::keys::account_of;
use eval::{MatchedAs, MissReason, Outcome, evaluate, needs_no_permission};
use std::fmt;

/// A policy that has a say.
#[derive(Clone, Copy, Debug)]
pub struct Attached<'p> {
    /// What it is attached to.
    pub kind: PolicyKind,
    /// For service and resource control policies, the node they are attached to: the root is 0, the account the last.
    /// Every level must allow.
    pub level: usize,
    /// The policy.
    pub policy: &'p Policy,
}

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Question<'p> {
    /// Every policy that is given.
    pub policies: &'p [Attached<'p>],
    /// Whether `policies` holds all identity policies of the caller. If not, they are taken to allow what another side
    /// grants on the condition that they do.
    pub identity_known: bool,
    /// The account that the role or resource lives in, where its ARN does not say so. Without either, a role is taken to
    /// live in another account, and any other resource in the caller's.
    pub account: Option<&'p str>,
    /// The request. For a trust policy, `resource` is the role's ARN.
    pub request: &'p Request,
}

/// Whether a request passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Decision {
    /// Every side that must allow it does.
    Allowed,
    /// Nothing denies it, but some side that must allow it does not.
    ImplicitlyDenied,
    /// A statement denies it.
    ExplicitlyDenied,
    /// It depends on a value that the policies do not show.
    Unknown,
}

impl Decision {
    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Decision::Allowed => "allowed",
            Decision::ImplicitlyDenied => "implicitly-denied",
            Decision::ExplicitlyDenied => "explicitly-denied",
            Decision::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The answer, with its reason and what each policy says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether the request passes.
    pub decision: Decision,
    /// Why, in one sentence.
    pub reason: String,
    /// What each policy says, in the order of the question's policies.
    pub outcomes: Vec<Outcome>,
}

/// The actions that STS decides with the trust policy of a role.
const ASSUME: [&str; 3] = ["sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity"];
/// The permissions that such a call needs as well when it sets what they name; they are asked like the call itself.
const COMPANIONS: [&str; 3] = ["sts:TagSession", "sts:SetSourceIdentity", "sts:SetContext"];

/// Decide about a call that needs several permissions, such as `sts:AssumeRole` and `sts:TagSession`: all of them must
/// be allowed. The verdict is that of the first that is not, an explicitly denied one before others.
pub fn decide_all(question: &Question<'_>, actions: &[String]) -> Verdict {
    let verdicts = actions.iter().map(|action| {
        let request = Request { action: action.clone(), ..question.request.clone() };
        let mut verdict = decide(&Question { request: &request, ..*question });
        if actions.len() > 1 {
            verdict.reason = format!("{action}: {}", verdict.reason);
        }
        verdict
    });
    let order = |verdict: &Verdict| match verdict.decision {
        Decision::ExplicitlyDenied => 0,
        Decision::ImplicitlyDenied => 1,
        Decision::Unknown => 2,
        Decision::Allowed => 3,
    };
    verdicts.min_by_key(order).unwrap_or_else(|| decide(question))
}

/// What a policy is for a request with this action: the resource policy of a role is its trust policy.
pub fn kind_for(kind: PolicyKind, action: &str) -> PolicyKind {
    match kind {
        PolicyKind::Resource if assumes(action) => PolicyKind::Trust,
        other => other,
    }
}

/// Decide about one request.
pub fn decide(question: &Question<'_>) -> Verdict {
    let request = question.request;
    let policies: Vec<Attached<'_>> = question
        .policies
        .iter()
        .map(|attached| Attached { kind: kind_for(attached.kind, &request.action), ..*attached })
        .collect();
    let outcomes: Vec<Outcome> = policies
        .iter()
        .map(|attached| {
            let outcome = evaluate(attached.policy, attached.kind, request);
            match no_say(attached.kind, request) {
                Some(why) => outcome.without_a_say(why),
                None => outcome,
            }
        })
        .collect();
    let question = Question { policies: &policies, ..*question };
    let (decision, reason) = Sides { question: &question, outcomes: &outcomes }.decide();
    Verdict { decision, reason, outcomes }
}

/// Why policies of this kind have no say in a request, if they have none. Services, tokens and assertions have no
/// policies of their own, and no account whose service control policies would bind them; a trust policy says only who
/// assumes its role.
fn no_say(kind: PolicyKind, request: &Request) -> Option<&'static str> {
    let caller = &request.caller;
    match kind {
        PolicyKind::Resource | PolicyKind::Rcp => None,
        PolicyKind::Trust => (!assumes(&request.action)).then_some("a trust policy decides only who assumes the role"),
        PolicyKind::Scp | PolicyKind::Identity | PolicyKind::Boundary | PolicyKind::Session
            if caller.account().is_none() =>
        {
            Some("such a caller has no account whose policies bind it")
        }
        PolicyKind::Scp => None,
        PolicyKind::Identity | PolicyKind::Boundary | PolicyKind::Session => {
            matches!(caller, Caller::Root { .. }).then_some("policies of this kind do not bind a root user")
        }
    }
}

struct Sides<'a> {
    question: &'a Question<'a>,
    outcomes: &'a [Outcome],
}

/// Something that must be so, and what to say when it is not.
type Need = (Truth, String);

impl Sides<'_> {
    fn decide(&self) -> (Decision, String) {
        let request = self.question.request;
        if needs_no_permission(&request.action) {
            return without_permission(request);
        }
        let trust = assumes(&request.action) && self.has(PolicyKind::Trust);
        if let Some(reason) = impossible(&request.caller, &request.action, trust.then(|| self.account()).flatten()) {
            return (Decision::ImplicitlyDenied, reason);
        }
        let mut denied = Truth::No;
        for (attached, outcome) in self.all() {
            if let Some(trace) = outcome.with(Effect::Deny).find(|trace| trace.truth(Effect::Deny) == Truth::Yes) {
                let name = attached.policy.statements.get(trace.statement).map(|statement| statement.name());
                let name = name.unwrap_or_default();
                let reason = format!("statement {name} of the {} denies it", describe(attached.kind));
                return (Decision::ExplicitlyDenied, reason);
            }
            denied = denied.or(outcome.denies());
        }
        let mut needs = vec![self.scps()];
        let granted = match trust {
            true => self.trust(&mut needs),
            false if assumes(&request.action) => self.without_trust(&mut needs),
            false => self.permission(&mut needs),
        };
        if let Some((_, reason)) = needs.iter().find(|(truth, _)| *truth == Truth::No) {
            return (Decision::ImplicitlyDenied, reason.clone());
        }
        if denied == Truth::Maybe || needs.iter().any(|(truth, _)| *truth == Truth::Maybe) {
            return (Decision::Unknown, self.unknown());
        }
        (Decision::Allowed, granted)
    }

    /// What an answer rests on that is not known: a value, or else what AWS does not document.
    fn unknown(&self) -> String {
        let statements = self.outcomes.iter().flat_map(|outcome| &outcome.statements);
        let unsure = statements.filter(|trace| trace.applies == Truth::Maybe);
        let reasons = unsure.filter_map(|trace| trace.first_miss.as_ref().map(|miss| &miss.reason));
        let claims: Option<Vec<&str>> = reasons
            .map(|reason| match reason {
                MissReason::Open(open) => Some(open.claim),
                _ => None,
            })
            .collect();
        match claims.as_deref() {
            Some([claim, ..]) => format!("AWS does not document whether {claim}"),
            Some([]) | None => "it depends on a value that the policies do not show".to_owned(),
        }
    }

    fn all(&self) -> impl Iterator<Item = (&Attached<'_>, &Outcome)> {
        self.question.policies.iter().zip(self.outcomes)
    }

    fn of(&self, kind: PolicyKind) -> impl Iterator<Item = &Outcome> {
        self.all().filter(move |(attached, _)| attached.kind == kind).map(|(_, outcome)| outcome)
    }

    fn has(&self, kind: PolicyKind) -> bool {
        self.of(kind).next().is_some()
    }

    /// Whether policies of this kind apply to the request at all.
    fn has_a_say(&self, kind: PolicyKind) -> bool {
        no_say(kind, self.question.request).is_none()
    }

    /// The account of the role or resource.
    fn account(&self) -> Option<&str> {
        self.question.account.or_else(|| account_of(self.question.request.resource.as_deref()?))
    }

    /// Some policy of every level must allow (AWS Organizations User Guide, "SCP evaluation").
    fn scps(&self) -> Need {
        let of = |level: usize| {
            self.all().filter(move |(attached, _)| attached.kind == PolicyKind::Scp && attached.level == level)
        };
        let allows = |level: usize| of(level).map(|(_, outcome)| outcome.allows()).fold(Truth::No, Truth::or);
        let levels =
            self.all().filter(|(attached, _)| attached.kind == PolicyKind::Scp).map(|(attached, _)| attached.level);
        let mut levels: Vec<usize> = levels.filter(|_| self.has_a_say(PolicyKind::Scp)).collect();
        levels.sort_unstable();
        levels.dedup();
        let worst = levels.into_iter().map(|level| (allows(level), level)).min();
        let (truth, level) = worst.unwrap_or((Truth::Yes, 0));
        let empty = of(level).all(|(_, outcome)| outcome.statements.is_empty() && !outcome.open_ended);
        let words = match empty {
            true => format!("level {} of the service control policies is empty: nothing allows it", level + 1),
            false => format!("no service control policy of level {} allows it", level + 1),
        };
        (truth, format!("{words}, `FullAWSAccess` or another"))
    }

    /// Whether the boundary and the session policy leave what others grant.
    fn caps(&self) -> Need {
        for (kind, name) in [(PolicyKind::Boundary, "permissions boundary"), (PolicyKind::Session, "session policy")] {
            let truth = self
                .of(kind)
                .map(Outcome::allows)
                .fold(None, |all: Option<Truth>, one| Some(all.map_or(one, |all| all.or(one))));
            if let Some(truth @ (Truth::No | Truth::Maybe)) = truth {
                return (truth, format!("the caller's {name} does not allow it"));
            }
        }
        (Truth::Yes, String::new())
    }

    /// Whether the caller's own policies allow.
    fn identity(&self) -> Need {
        if matches!(self.question.request.caller, Caller::Root { .. }) {
            return (Truth::Yes, String::new());
        }
        if !self.question.identity_known {
            return self.caps();
        }
        let truth = self.of(PolicyKind::Identity).map(Outcome::allows).fold(Truth::No, Truth::or);
        let caps = self.caps();
        if truth < caps.0 || truth == Truth::No {
            (truth, "the caller's identity policies do not allow it".to_owned())
        } else {
            caps
        }
    }

    /// What a role's trust policy and the caller's side say; the words for when both allow.
    fn trust(&self, needs: &mut Vec<Need>) -> String {
        let allows = self.of(PolicyKind::Trust).map(Outcome::allows).fold(Truth::No, Truth::or);
        needs.push((allows, "no statement of the trust policy allows it".to_owned()));
        let caller = &self.question.request.caller;
        if caller.account().is_none() {
            return "the trust policy allows it, and such a caller needs nothing else".to_owned();
        }
        let same = self.account().is_some() && self.account() == caller.account();
        if !same {
            needs.push(self.identity());
            return self.with_identity("the trust policy allows it");
        }
        self.direct(PolicyKind::Trust, "trust policy", needs)
    }

    /// What a grant to a caller of the same account needs beside it.
    fn direct(&self, kind: PolicyKind, name: &str, needs: &mut Vec<Need>) -> String {
        let ways: Vec<MatchedAs> = self
            .of(kind)
            .flat_map(|outcome| outcome.with(Effect::Allow))
            .filter(|trace| trace.truth(Effect::Allow) == Truth::Yes)
            .flat_map(|trace| trace.matched_as.iter().copied())
            .collect();
        let free =
            [MatchedAs::User, MatchedAs::Session, MatchedAs::FederatedUser, MatchedAs::Anyone, MatchedAs::NotListed];
        if let Some(way) = ways.iter().find(|way| free.contains(way)) {
            return format!(
                "the {name} allows it to the caller as {way}, which needs no identity policy in the same account"
            );
        }
        if ways.contains(&MatchedAs::Role) {
            // A grant to the account and the caller's own policies may do what the boundary keeps from the role; both
            // are capped alike, so the role is the wider way.
            needs.push(self.caps());
            return format!(
                "the {name} allows it to the caller's role, which needs no identity policy in the same account"
            );
        }
        needs.push(self.identity());
        self.with_identity(&format!("the {name} allows it to the caller's account"))
    }

    fn with_identity(&self, start: &str) -> String {
        if self.question.identity_known || matches!(self.question.request.caller, Caller::Root { .. }) {
            format!("{start}, and the caller's own policies allow it")
        } else {
            format!("{start}; the caller's identity policies are not given and are taken to allow it")
        }
    }

    /// What the policies about anything but a role's trust say; the words for when they allow.
    fn permission(&self, needs: &mut Vec<Need>) -> String {
        let caller = &self.question.request.caller;
        let resource = self.of(PolicyKind::Resource).map(Outcome::allows).fold(Truth::No, Truth::or);
        let Some(own) = caller.account() else {
            needs.push((resource, "no statement of a resource policy allows it".to_owned()));
            return "the resource policy allows it".to_owned();
        };
        let same = self.account().is_none_or(|account| account == own);
        if !same {
            needs
                .push((resource, "the resource lives in another account, and its policy does not allow it".to_owned()));
            needs.push(self.identity());
            return self.with_identity("the resource policy allows it");
        }
        if kms::key_policy_decides(&self.question.request.action, self.question.request.resource.as_deref()) {
            return self.key(resource, needs);
        }
        let mut through_resource = vec![(resource, "no policy allows it".to_owned())];
        let words = self.direct(PolicyKind::Resource, "resource policy", &mut through_resource);
        let by_resource = through_resource.iter().map(|(truth, _)| *truth).fold(Truth::Yes, Truth::and);
        // What is not given grants nothing by itself.
        let own_policies = match self.question.identity_known || matches!(caller, Caller::Root { .. }) {
            true => self.identity(),
            false => (Truth::No, "no policy that is given allows it".to_owned()),
        };
        if by_resource != Truth::No && by_resource >= own_policies.0 {
            needs.extend(through_resource);
            return words;
        }
        needs.push(own_policies);
        "the caller's own policies allow it".to_owned()
    }

    /// What the policy of a KMS key of the caller's account and the caller's side say, `resource` being the former; the
    /// words for when both allow.
    fn key(&self, resource: Truth, needs: &mut Vec<Need>) -> String {
        if self.has(PolicyKind::Resource) {
            let without = "the key policy does not allow it, and without that the caller's own policies have no effect";
            needs.push((resource, without.to_owned()));
            return self.direct(PolicyKind::Resource, "key policy", needs);
        }
        let root = matches!(self.question.request.caller, Caller::Root { .. });
        needs.push(match self.question.identity_known || root {
            true => self.identity(),
            false => (Truth::No, "neither the key policy nor an identity policy is given".to_owned()),
        });
        let start =
            if root { "a root user is asked for no identity policy" } else { "the caller's own policies allow it" };
        format!("{start}; the key policy is not given and must allow it too")
    }

    /// What the caller's side says about assuming a role whose trust policy is not given.
    fn without_trust(&self, needs: &mut Vec<Need>) -> String {
        let side = match self.question.identity_known {
            true => self.identity(),
            false => (Truth::No, "neither the role's trust policy nor an identity policy is given".to_owned()),
        };
        needs.push(side);
        "the caller's own policies allow it; the role's trust policy is not given and must allow it too".to_owned()
    }
}

/// What becomes of a call that needs credentials and no permission.
fn without_permission(request: &Request) -> (Decision, String) {
    match request.caller {
        Caller::Anonymous | Caller::Oidc(_) | Caller::Saml(_) => {
            let reason = "it is called with credentials, which such a caller does not have";
            (Decision::ImplicitlyDenied, format!("{}: {reason}", request.action))
        }
        Caller::User { .. }
        | Caller::Role { .. }
        | Caller::Root { .. }
        | Caller::FederatedUser { .. }
        | Caller::Service(_) => {
            (Decision::Allowed, format!("{} needs no permission, and a Deny does not stop it", request.action))
        }
    }
}

/// Whether an action is decided with the trust policy of a role.
pub fn assumes(action: &str) -> bool {
    ASSUME.iter().chain(&COMPANIONS).any(|known| known.eq_ignore_ascii_case(action))
}

/// Why no such request can pass, whatever the policies say (AWS STS API Reference, and IAM User Guide, "Compare AWS STS
/// credentials"). `account` is the account of the role.
fn impossible(caller: &Caller, action: &str, account: Option<&str>) -> Option<String> {
    if !assumes(action) {
        return None;
    }
    let sort = ASSUME.iter().position(|known| known.eq_ignore_ascii_case(action));
    match caller {
        Caller::Root { .. } => Some("STS refuses to assume a role with the credentials of a root user".to_owned()),
        Caller::FederatedUser { .. } => {
            Some("credentials of GetFederationToken cannot call STS to assume a role".to_owned())
        }
        Caller::Anonymous => Some("a role is assumed with credentials, a token or an assertion".to_owned()),
        Caller::User { .. } | Caller::Role { .. } | Caller::Service(_) => sort
            .filter(|sort| *sort != 0)
            .map(|sort| format!("such a caller calls sts:AssumeRole, not {}", ASSUME[sort])),
        Caller::Saml(provider) | Caller::Oidc(provider) => {
            let own = if matches!(caller, Caller::Saml(_)) { 1 } else { 2 };
            if let Some(sort) = sort.filter(|sort| *sort != own) {
                return Some(format!("such a caller calls {}, not {}", ASSUME[own], ASSUME[sort]));
            }
            let foreign = account_of(provider).zip(account).is_some_and(|(provider, role)| provider != role);
            foreign.then(|| "a role trusts only identity providers of its own account".to_owned())
        }
    }
}

/// What people call a policy of this kind.
fn describe(kind: PolicyKind) -> &'static str {
    match kind {
        PolicyKind::Trust => "trust policy",
        PolicyKind::Identity => "identity policy",
        PolicyKind::Resource => "resource policy",
        PolicyKind::Scp => "service control policy",
        PolicyKind::Rcp => "resource control policy",
        PolicyKind::Boundary => "permissions boundary",
        PolicyKind::Session => "session policy",
    }
}
