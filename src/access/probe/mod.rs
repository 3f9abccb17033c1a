//! Can a caller pass through a statement when some keys are pinned?
//!
//! A probe pins a few condition keys to a value or to absence and leaves all others free: a condition on a free key is
//! one that the caller can satisfy, a Deny with a condition on a free key is one that the caller can step around. That is
//! exact as long as keys do not depend on each other; questions whose keys do must pin all of them.

pub mod fast_path;
pub mod flow;
pub mod grants;
pub mod stranger;
pub mod tokens;

use crate::access::answer::Faults;
use crate::access::decide::operators;
use crate::access::decide::variables::Variables;
use crate::policy::{Effect, Policy, Principal, PrincipalKind, Statement, Truth};
use std::borrow::Cow;

/// A condition key with the values it has in the requests that are asked about; `None` means that it is absent.
#[derive(Clone, Debug)]
pub struct Pin<'a> {
    key: &'a str,
    values: Option<Vec<Cow<'a, str>>>,
    foreign: bool,
}

impl<'a> Pin<'a> {
    /// The key.
    pub fn key(&self) -> &str {
        self.key
    }

    /// The key is not in the request.
    pub fn absent(key: &'a str) -> Self {
        Pin { key, values: None, foreign: false }
    }

    /// The key has this value.
    pub fn value(key: &'a str, value: &'a str) -> Self {
        Pin { key, values: Some(vec![value.into()]), foreign: false }
    }

    /// The key has this value, which stands for all those that whoever fills in the policy's unknown values has never
    /// heard of: an exact comparison with an unknown value fails.
    pub fn foreign(key: &'a str, value: impl Into<Cow<'a, str>>) -> Self {
        Pin { key, values: Some(vec![value.into()]), foreign: true }
    }

    /// Whether the key is not in the request.
    pub fn is_absent(&self) -> bool {
        self.values.is_none()
    }
}

/// A question about one principal of one Allow statement.
#[derive(Clone, Copy, Debug)]
pub struct Probe<'a> {
    /// The policy, for its Deny statements.
    pub policy: &'a Policy,
    /// The Allow statement.
    pub statement: &'a Statement,
    /// The principal of that statement who calls.
    pub principal: &'a Principal,
    /// The action, `service:Name`.
    pub action: &'a str,
}

impl Probe<'_> {
    /// Whether a request with these pins passes.
    pub fn passes(&self, pins: &[Pin<'_>]) -> Truth {
        self.passes_with(pins, Faults::default())
    }

    /// The same with mistakes made on purpose.
    #[doc(hidden)]
    pub fn passes_with(&self, pins: &[Pin<'_>], faults: Faults) -> Truth {
        let allowed = self.statement.covers_action(self.action).and(conditions_hold(self.statement, pins, Truth::Yes));
        let denied = self
            .policy
            .statements
            .iter()
            .filter(|statement| statement.effect != Effect::Allow && !faults.look_without_deny)
            .map(|deny| {
                let covered = covers(deny, self.principal).and(deny.covers_action(self.action));
                deny.denies().and(covered).and(conditions_hold(deny, pins, Truth::No))
            })
            .fold(Truth::No, Truth::or);
        allowed.and(denied.not())
    }
}

/// Whether every condition of a statement holds, `free` being the answer for a key that is not pinned.
pub fn conditions_hold(statement: &Statement, pins: &[Pin<'_>], free: Truth) -> Truth {
    // Conditions that the file does not show may hold or not.
    let start = if statement.conditions_open_ended { Truth::Maybe } else { Truth::Yes };
    statement
        .conditions
        .iter()
        .map(|condition| match pins.iter().find(|pin| condition.is_about(pin.key)) {
            Some(pin) => {
                let values: Option<Vec<&str>> =
                    pin.values.as_ref().map(|values| values.iter().map(AsRef::as_ref).collect());
                match pin.foreign {
                    true => operators::holds_for_foreign(condition, values.as_deref()),
                    false => operators::holds(condition, values.as_deref(), Variables::Unknown),
                }
            }
            None => free,
        })
        .fold(start, Truth::and)
}

/// Whether a statement covers every caller that a principal stands for.
pub fn covers(statement: &Statement, caller: &Principal) -> Truth {
    let Some(principals) = &statement.principals else { return Truth::No };
    let listed = principals
        .entries
        .iter()
        .map(|entry| includes(&entry.kind, &caller.kind))
        .fold(Truth::from_open(principals.open_ended), Truth::or);
    if principals.negated { listed.not() } else { listed }
}

/// Whether everyone that `narrow` stands for is among those that `wide` stands for.
fn includes(wide: &PrincipalKind, narrow: &PrincipalKind) -> Truth {
    match wide {
        // A Deny on everyone also stops services and federated callers; that is likely, though not documented.
        PrincipalKind::Anyone => Truth::Yes,
        PrincipalKind::Account { account } => {
            narrow.account().map_or(Truth::No, |other| Truth::from(account.display() == other.display()))
        }
        PrincipalKind::Unknown => Truth::Maybe,
        PrincipalKind::User { .. }
        | PrincipalKind::Role { .. }
        | PrincipalKind::Session { .. }
        | PrincipalKind::FederatedUser { .. }
        | PrincipalKind::UniqueId { .. }
        | PrincipalKind::Service { .. }
        | PrincipalKind::Saml { .. }
        | PrincipalKind::Oidc { .. }
        | PrincipalKind::WebIdentity { .. }
        | PrincipalKind::CanonicalUser
        | PrincipalKind::Invalid { .. } => (wide == narrow).into(),
    }
}
