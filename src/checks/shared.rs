//! What several checks ask of a policy or say about it.

use crate::access::{Cause, Claims, Query, Sure, Tokens, Verdict};
use crate::diagnostic::Confidence;
use crate::policy::{Condition, Policy, Principal, Statement, Truth, pattern};
use crate::rules::{Context, through};
use crate::span::Span;

/// An account that stands for any that nobody named, in the words of findings.
pub const STRANGER: &str = "999999999999";

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

/// The index of a statement and of a principal in it: a place that a policy with defaults filled in has too.
pub type Place = (usize, usize);

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

/// A token that is not one of the role's owner and that passes.
pub struct Foreign {
    /// How sure it is.
    pub confidence: Confidence,
    /// What it says.
    pub claims: Claims,
    /// The request; without one where the provider's account is not known.
    pub verdict: Option<Verdict>,
    /// Whether it passes only if the issuer leaves a claim out.
    pub absent_only: bool,
}

/// A token that `query` is about and that passes a principal; the claims that tell customers apart are `names`.
pub fn foreign(
    context: &Context<'_>,
    place: Place,
    tokens: &Tokens<'_>,
    query: &Query,
    names: impl Fn(&Tokens<'_>) -> Vec<String> + Copy,
) -> Option<Foreign> {
    let found = |confidence, claims, verdict| Some(Foreign { confidence, claims, verdict, absent_only: false });
    let probed = || stranger_passes(context, place, false, names);
    // The issuer of a principal that is not known is read off its conditions: the search does not know it.
    if tokens.guessed || !context.access.arises(query) {
        let (confidence, claims) = probed()?;
        return found(confidence, claims, None);
    }
    let verdict = ask(context, tokens.statement(), tokens.principal(), query);
    match verdict.sure {
        Sure::Never | Sure::Undecided => None,
        Sure::Yes => {
            let claims = probed().map_or_else(|| tokens.said(&verdict), |(_, claims)| claims);
            found(Confidence::Proved, claims, Some(verdict))
        }
        // Where a template leaves a value open, its default says what to expect.
        Sure::Possibly => match probed() {
            Some((confidence, claims)) => found(confidence.min(Confidence::Likely), claims, None),
            // That a Deny on `*` names tokens is taken to be so, as the evaluator does.
            None if verdict.rests_on.iter().all(|cause| matches!(cause, Cause::Value { .. } | Cause::Undocumented)) => {
                None
            }
            None => found(Confidence::Possible, tokens.said(&verdict), Some(verdict)),
        },
    }
}

fn ask(context: &Context<'_>, statement: &Statement, principal: &Principal, query: &Query) -> Verdict {
    let place = through(statement, principal);
    let filled = if principal.text.known().is_none() { context.access.with_some_account(place) } else { None };
    match filled {
        Some(filled) => Verdict { witness: None, ..filled.ask(query, place) },
        None => context.access.ask(query, place),
    }
}

/// A token that passes, by what the claims alone say.
pub fn any_token(
    context: &Context<'_>,
    place: Place,
    names: impl Fn(&Tokens<'_>) -> Vec<String> + Copy,
) -> Option<Foreign> {
    let (confidence, claims) = stranger_passes(context, place, false, names)?;
    Some(Foreign { confidence, claims, verdict: None, absent_only: false })
}

/// A token that passes if the issuer leaves out one of the claims that tell customers apart.
pub fn with_claims_absent(
    context: &Context<'_>,
    place: Place,
    names: impl Fn(&Tokens<'_>) -> Vec<String> + Copy,
) -> Option<Foreign> {
    let (confidence, claims) = stranger_passes(context, place, true, names)?;
    Some(Foreign { confidence, claims, verdict: None, absent_only: true })
}

/// A finding about a token with its evidence.
pub fn shown(
    finding: crate::rules::Finding,
    foreign: &Foreign,
    about: &[&str],
    words: impl FnOnce() -> String,
) -> crate::rules::Finding {
    let finding = finding.confidence(foreign.confidence);
    match &foreign.verdict {
        Some(verdict) => finding.shown(verdict, about, words),
        None => finding.why(words()),
    }
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
