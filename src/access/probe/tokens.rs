//! Whether a token that an OpenID Connect issuer gave to somebody else passes a statement.
//!
//! The claims that bind a token to a customer are pinned to what a stranger's token says; keys of other issuers, and
//! keys that no such request holds, are absent; everything else is the stranger's to choose.

use super::{Pin, Probe};
use crate::access::answer::Verdict;
use crate::access::engine::subjects;
use crate::aws::issuers::{self, Issuer, IssuerKind};
use crate::aws::keys::{self, Flow, Presence, key as aws_key};
use crate::policy::principal::Member;
use crate::policy::{Condition, Effect, Policy, Principal, PrincipalKind, Statement, Truth, pattern};

/// The action by which a token becomes a session.
pub const ACTION: &str = "sts:AssumeRoleWithWebIdentity";

/// A federated principal of an Allow statement, with its issuer.
#[derive(Clone, Debug)]
pub struct Tokens<'a> {
    /// The policy, statement and principal.
    probe: Probe<'a>,
    /// The issuer without `https://`, as the condition keys begin.
    pub host: String,
    /// What is known of the issuer.
    pub issuer: Option<Issuer>,
    /// Whether the principal is not known and the issuer was read off the condition keys.
    pub guessed: bool,
}

/// What a stranger's token says and whether it passes.
#[derive(Clone, Debug)]
pub struct Claims {
    /// Whether it passes.
    pub truth: Truth,
    /// The claims that matter, as whole keys; `None` for an absent one.
    pub claims: Vec<(String, Option<String>)>,
}

impl Claims {
    /// The request in words: `sub` = `x`, without `aud`.
    pub fn request(&self) -> String {
        let shown = self.claims.iter().map(|(key, value)| match value {
            Some(value) => format!("{key} = {value}"),
            None => format!("no {key}"),
        });
        shown.collect::<Vec<_>>().join(", ")
    }
}

impl<'a> Tokens<'a> {
    /// The issuer behind a principal; `None` when it is no OpenID Connect provider or nothing tells which.
    pub fn of(policy: &'a Policy, statement: &'a Statement, principal: &'a Principal) -> Option<Self> {
        let host = match &principal.kind {
            PrincipalKind::Oidc { issuer, .. } | PrincipalKind::WebIdentity { issuer } => issuer.known(),
            PrincipalKind::Unknown if principal.member == Some(Member::Federated) => None,
            _ => return None,
        };
        let guess = || statement.conditions.iter().find_map(|condition| issuer_of_key(&condition.key));
        let guessed = host.is_none();
        let host = host.or_else(guess)?.to_owned();
        let probe = Probe { policy, statement, principal, action: ACTION };
        Some(Tokens { probe, issuer: issuers::issuer(&host), host, guessed })
    }

    /// The statement.
    pub fn statement(&self) -> &'a Statement {
        self.probe.statement
    }

    /// The principal.
    pub fn principal(&self) -> &'a Principal {
        self.probe.principal
    }

    /// The policy.
    pub fn policy(&self) -> &'a Policy {
        self.probe.policy
    }

    /// What the token of a verdict's request says in the claims that tell customers apart.
    pub fn said(&self, verdict: &Verdict) -> Claims {
        let value = |key: &str| Some(verdict.witness.as_ref()?.request.context.get(key)?.concat());
        let claims = self.tenant_claims().into_iter().map(|claim| self.key(claim));
        let claims = claims.filter_map(|key| value(&key).map(|value| (key, Some(value)))).collect();
        Claims { truth: Truth::Maybe, claims }
    }

    /// The condition key of a claim; a claim with a colon is a key already.
    pub fn key(&self, claim: &str) -> String {
        if claim.contains(':') { claim.to_owned() } else { format!("{}:{claim}", self.host) }
    }

    /// The claims by which one customer's tokens differ from another's.
    pub fn tenant_claims(&self) -> Vec<&'static str> {
        let mut claims: Vec<_> = self.issuer.iter().flat_map(|issuer| issuer.tenant_claims.iter()).collect();
        if self.is_github() {
            // A workflow of the own repositories runs, whoever calls it.
            claims.push("job_workflow_ref");
        }
        claims
    }

    /// Whether it is the issuer that all repositories of github.com share.
    pub fn is_github(&self) -> bool {
        self.host.eq_ignore_ascii_case("token.actions.githubusercontent.com")
    }

    /// Whether the audience is what tells one customer from another: identity pools of Cognito, apps of Google.
    pub fn bound_by_audience(&self) -> bool {
        self.tenant_claims().first() == Some(&"aud")
    }

    /// Whether the issuer serves everybody.
    pub fn is_shared(&self) -> bool {
        self.issuer.is_some_and(|issuer| match issuer.kind {
            IssuerKind::Shared | IssuerKind::Builtin => true,
            IssuerKind::Private => false,
        })
    }

    /// The conditions about these claims, in the statement and in every Deny that speaks of the principal.
    pub fn conditions(&self, claims: &[&str]) -> Vec<&'a Condition> {
        let keys: Vec<String> = claims.iter().map(|claim| self.key(claim)).collect();
        self.statements()
            .flat_map(|statement| &statement.conditions)
            .filter(|condition| keys.iter().any(|key| condition.is_about(key)))
            .collect()
    }

    fn statements(&self) -> impl Iterator<Item = &'a Statement> {
        let (principal, action) = (self.probe.principal, self.probe.action);
        let denies = self.probe.policy.statements.iter().filter(move |statement| {
            statement.effect != Effect::Allow
                && !std::ptr::eq(*statement, self.probe.statement)
                && statement.covers_principal(principal) != Truth::No
                && statement.covers_action(action) != Truth::No
        });
        std::iter::once(self.probe.statement).chain(denies)
    }

    /// Whether a stranger's token passes, when its claims have one of these values each.
    pub fn passes(&self, claims: &[(String, Vec<Option<String>>)]) -> Claims {
        let fixed = self.fixed();
        let mut chosen: Vec<(String, Option<String>)> = Vec::new();
        for (key, values) in claims {
            // Conditions on different keys are independent: each claim takes the value that gets furthest.
            let mut best: Option<(Truth, &Option<String>)> = None;
            for value in values {
                let answer = self.probe.passes(&with(&fixed, [(key, value)]));
                if best.is_none_or(|(truth, _)| answer > truth) {
                    best = Some((answer, value));
                }
                if answer == Truth::Yes {
                    break;
                }
            }
            if let Some((_, value)) = best {
                chosen.push((key.clone(), value.clone()));
            }
        }
        let truth = self.probe.passes(&with(&fixed, chosen.iter().map(|(key, value)| (key, value))));
        chosen.retain(|(key, _)| {
            key.ends_with(":sub") || self.probe.policy.conditions().any(|condition| condition.is_about(key))
        });
        Claims { truth, claims: chosen }
    }

    /// What a stranger's token can say in these claims, as far as it matters: a claim other than `sub` of which the
    /// policy does not speak is left out. `own` are patterns of subjects that are the user's own.
    pub fn stranger(&self, claims: &[&str], own: &[String]) -> Vec<(String, Vec<Option<String>>)> {
        let values = |claim: &&str| {
            let key = self.key(claim);
            let mut values: Vec<Option<String>> = self.values(claim, own).into_iter().map(Some).collect();
            if aws_key(&key).is_some_and(|key| key.presence(Flow::WebIdentity) != Presence::Always) {
                values.push(None);
            }
            (key, values)
        };
        let matters = |claim: &&&str| {
            let key = self.key(claim);
            key.ends_with(":sub") || self.probe.policy.conditions().any(|condition| condition.is_about(&key))
        };
        claims.iter().filter(matters).map(values).collect()
    }

    /// A stranger's token that fits patterns of which no form is known, or none that could fit: what varies of a pattern
    /// may be the customer's name where the text before its first wildcard does not hold a label and a whole name behind
    /// it. `None` if no pattern is so.
    pub fn of_unknown_form(&self, claims: &[&str]) -> Option<Claims> {
        let mut open = false;
        let mut values = self.stranger(claims, &[]);
        for claim in claims.iter().filter(|_| !self.is_github()) {
            let forms = self.issuer.map(|issuer| issuer.forms(claim));
            let known =
                |pattern: &str| forms.is_some_and(|forms| forms.iter().any(|form| subjects::may_fit(form, pattern)));
            let conditions = self.conditions(&[claim]);
            let like = conditions.iter().filter(|one| one.operator.base.is_some_and(|base| base.takes_wildcards()));
            let patterns = like.flat_map(|condition| &condition.values).filter_map(|value| value.known());
            let patterns = patterns.filter(|pattern| !known(pattern));
            let fits: Vec<String> = patterns.filter_map(subjects::fitting_unknown).collect();
            open |= !fits.is_empty();
            let key = self.key(claim);
            values.iter_mut().filter(|(known, _)| *known == key).for_each(|(_, values)| {
                values.extend(fits.iter().cloned().map(Some));
            });
        }
        let answer = self.passes(&values);
        (open && answer.truth == Truth::Yes).then_some(answer)
    }

    fn values(&self, claim: &str, own: &[String]) -> Vec<String> {
        let patterns: Vec<String> = self
            .conditions(&[claim])
            .into_iter()
            .filter(|condition| condition.operator.base.is_some_and(|base| base.takes_wildcards() || self.is_github()))
            .flat_map(|condition| condition.values.iter().map(pattern::widest))
            .collect();
        let forms: Vec<&'static str> = match (claim, self.issuer) {
            ("sub" | "aud", Some(issuer)) => issuer.forms(claim).iter().collect(),
            ("repository", _) => vec!["ORG/REPO"],
            ("job_workflow_ref", _) => vec!["ORG/REPO/.github/workflows/FILE@refs/heads/BRANCH"],
            _ => Vec::new(),
        };
        let mut values: Vec<String> = forms.iter().map(|form| subjects::instance(form)).collect();
        if values.is_empty() {
            values.push(if claim.ends_with("id") { "999999999".to_owned() } else { "attacker".to_owned() });
        }
        // A private issuer names its customer itself: what its own tenants say is not judged pattern by pattern.
        if self.is_shared() {
            for pattern in &patterns {
                match claim {
                    "sub" if self.is_github() => values.extend(subjects::github(forms.iter().copied(), pattern)),
                    _ => values.extend(forms.iter().filter_map(|form| subjects::fitting(form, pattern))),
                }
            }
        }
        if claim == "sub" {
            values.retain(|value| !own.iter().any(|pattern| pattern::glob(pattern, value)));
        }
        values
    }

    /// Keys whose absence follows from the issuer.
    fn fixed(&self) -> Vec<Pin<'a>> {
        let absent = |condition: &&Condition| {
            let never = keys::is_never_sent(&condition.key, Flow::WebIdentity);
            match issuer_of_key(&condition.key) {
                Some(host) if host.eq_ignore_ascii_case(&self.host) => never && host.contains('.'),
                Some(_) => true,
                None => never,
            }
        };
        self.probe.policy.conditions().filter(absent).map(|condition| Pin::absent(&condition.key)).collect()
    }
}

fn with<'p>(fixed: &[Pin<'p>], claims: impl IntoIterator<Item = (&'p String, &'p Option<String>)>) -> Vec<Pin<'p>> {
    let pin = |(key, value): (&'p String, &'p Option<String>)| match value {
        Some(value) => Pin::value(key, value),
        None => Pin::absent(key),
    };
    claims.into_iter().map(pin).chain(fixed.iter().cloned()).collect()
}

/// The issuer that a condition key begins with, if it is a claim of a token. A part that the file fills in later counts.
fn issuer_of_key(key: &str) -> Option<&str> {
    let (host, _) = key.rsplit_once(':')?;
    (host.contains('.') || host.contains("${")).then_some(host)
}
