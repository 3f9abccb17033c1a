//! Tokens of federated principals, and which of a stranger pass by their claims alone.

use super::Place;
use crate::access::{Claims, Tokens};
use crate::diagnostic::Confidence;
use crate::policy::{Condition, Policy, Truth, pattern};
use crate::rules::Context;
use crate::span::Span;

/// Ask a question of the policy, and again with the defaults of what is not known. An answer that still depends on
/// unknown values is none.
fn weigh<T>(policy: &Policy, ask: impl Fn(&Policy) -> Option<(Truth, T)>) -> Option<(Confidence, T)> {
    match ask(policy)? {
        (Truth::Yes, what) => Some((Confidence::Proved, what)),
        (Truth::No, _) => None,
        (Truth::Maybe, _) => match ask(&policy.with_defaults()?)? {
            (Truth::Yes, what) => Some((Confidence::Likely, what)),
            (Truth::No | Truth::Maybe, _) => None,
        },
    }
}

/// Every federated principal of the Allow statements that gives tokens, with its place.
pub fn providers<'a>(context: &'a Context<'_>) -> Vec<(Place, Tokens<'a>)> {
    let mut found = Vec::new();
    for (s, statement) in context.policy.statements.iter().enumerate() {
        if statement.effect == crate::policy::Effect::Allow {
            for (p, principal) in statement.listed_principals().iter().enumerate() {
                found.extend(Tokens::of(context.policy, statement, principal).map(|tokens| ((s, p), tokens)));
            }
        }
    }
    found
}

/// Whether a stranger's token passes at a place, with the claims that `claims` names. With `absent`, the token may also
/// lack any of them.
pub fn stranger_passes(
    context: &Context<'_>,
    (s, p): Place,
    absent: bool,
    claims: impl Fn(&Tokens<'_>) -> Vec<String>,
) -> Option<(Confidence, Claims)> {
    let ask = |policy: &Policy| {
        let statement = policy.statements.get(s)?;
        let tokens = Tokens::of(policy, statement, statement.listed_principals().get(p)?)?;
        let names = claims(&tokens);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut values = tokens.stranger(&names, own_subjects(context, &tokens.host));
        if absent {
            values.iter_mut().for_each(|(_, values)| values.push(None));
        }
        let answer = tokens.passes(&values);
        Some((answer.truth, (answer, tokens.guessed)))
    };
    let (confidence, (answer, guessed)) = weigh(context.policy, ask)?;
    Some((if guessed { confidence.min(Confidence::Likely) } else { confidence }, answer))
}

/// The patterns of subjects that are the user's own, `[org] oidc`.
pub fn own_subjects<'c>(context: &'c Context<'_>, host: &str) -> &'c [String] {
    context.org.oidc.iter().find(|(issuer, _)| issuer.eq_ignore_ascii_case(host)).map_or(&[], |(_, own)| own.as_slice())
}

/// What to edit so that a condition holds a stranger out: the value that the stranger fits, or the operator.
pub fn loose_part(conditions: &[&Condition], answer: &Claims) -> Option<(Span, String)> {
    let fits = |condition: &&&Condition| {
        let said =
            answer.claims.iter().find(|(key, _)| condition.is_about(key)).and_then(|(_, value)| value.as_deref());
        condition.operator.base.filter(|base| base.takes_wildcards() || !base.negated()).and(said).and_then(|said| {
            let value = condition.values.iter().find(|value| pattern::glob(&pattern::widest(value), said))?;
            Some((value.span, value.display().into_owned()))
        })
    };
    let operator = |condition: &&Condition| (condition.operator_span, condition.operator_text.clone());
    conditions.iter().find_map(|condition| fits(&condition)).or_else(|| conditions.first().map(operator))
}
