//! Tokens that are not of the role's owner and that pass.

use super::{Place, stranger_passes};
use crate::access::{Cause, Claims, Query, Sure, Tokens, Verdict};
use crate::diagnostic::Confidence;
use crate::policy::{Principal, Statement};
use crate::rules::{Context, through};

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

/// A token of another customer that may fit a pattern in a claim of which no form is known.
pub fn of_unknown_form(tokens: &Tokens<'_>) -> Option<Foreign> {
    let claims = tokens.of_unknown_form(&tokens.tenant_claims()).filter(|_| tokens.is_shared())?;
    Some(Foreign { confidence: Confidence::Possible, claims, verdict: None, absent_only: false })
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
