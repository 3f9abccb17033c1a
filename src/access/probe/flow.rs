//! What a request of a certain flow cannot hold: keys that are absent whatever the caller does.

use super::Pin;
use crate::aws::keys::{self, Flow, Mark, Presence};
use crate::policy::{Condition, Policy};
use crate::value::Text;

/// Every condition of a policy.
pub fn conditions(policy: &Policy) -> impl Iterator<Item = &Condition> {
    policy.statements.iter().flat_map(|statement| &statement.conditions)
}

/// Pins for the keys of the policy that no request of this flow holds: `aws:SourceArn` when a user calls.
pub fn absent(policy: &Policy, flow: Flow) -> Vec<Pin<'_>> {
    conditions(policy).filter(|condition| never_holds(flow, &condition.key)).map(|c| Pin::absent(&c.key)).collect()
}

/// Whether no request of this flow holds the key. Keys of other services are in no request to STS.
pub fn never_holds(flow: Flow, key: &str) -> bool {
    keys::key(key).is_none_or(|key| key.presence(flow) == Presence::Never && key.mark != Mark::Unsure)
}

/// The policy as it is when nobody chooses other values: values of conditions with their defaults in place of holes;
/// `None` if no condition has any. A verdict that rests on it is `likely`.
pub fn with_defaults(policy: &Policy) -> Option<Policy> {
    let by_default = |value: &Text| value.known().is_none() && value.likely().is_some();
    if !conditions(policy).flat_map(|condition| &condition.values).any(by_default) {
        return None;
    }
    let mut policy = policy.clone();
    for condition in policy.statements.iter_mut().flat_map(|statement| &mut statement.conditions) {
        for value in &mut condition.values {
            if value.known().is_none()
                && let Some(text) = value.likely()
            {
                *value = Text::literal(text, value.span);
            }
        }
    }
    Some(policy)
}
