//! What several checks ask of a policy or say about it.

use crate::access::probe::flow;
use crate::access::probe::tokens::Answer;
use crate::access::{self, Query, Tokens, Witness};
use crate::diagnostic::Confidence;
use crate::policy::{Condition, Policy, Principal, Statement, Truth, pattern};
use crate::rules::{Context, Finding};
use crate::span::Span;

/// An account that nobody here has heard of.
pub const STRANGER: &str = "999999999999";

/// Ask a question of the policy, and again with the defaults of what is not known. An answer that still depends on
/// unknown values is none.
pub fn weigh<T>(policy: &Policy, ask: impl Fn(&Policy) -> Option<(Truth, T)>) -> Option<(Confidence, T)> {
    match ask(policy)? {
        (Truth::Yes, what) => Some((Confidence::Proved, what)),
        (Truth::No, _) => None,
        (Truth::Maybe, _) => match ask(&flow::with_defaults(policy)?)? {
            (Truth::Yes, what) => Some((Confidence::Likely, what)),
            (Truth::No | Truth::Maybe, _) => None,
        },
    }
}

/// What the engine says of a hole that a probe found.
pub struct Verdict {
    /// A request that passes, if it surely does.
    pub witness: Option<Box<Witness>>,
    /// How sure the hole is.
    pub confidence: Confidence,
    /// Whether the search was given up.
    given_up: bool,
}

impl Verdict {
    /// The engine does not know the question: the probe has to do.
    pub fn probed(confidence: Confidence) -> Verdict {
        Verdict { witness: None, confidence, given_up: false }
    }

    /// Ask about a hole that a probe found, with what that is worth if the engine agrees; `None` if no request passes.
    pub fn of(answer: access::Answer, sure: Confidence) -> Option<Verdict> {
        use access::Answer;
        Some(match answer {
            Answer::Yes(witness) => Verdict { witness: Some(witness), confidence: sure, given_up: false },
            Answer::Never(_) => return None,
            // A probe that is only likely has put defaults in the place of what is not known.
            Answer::Possibly { .. } if sure == Confidence::Likely => Verdict::probed(sure),
            Answer::Possibly { .. } => Verdict::probed(Confidence::Possible),
            Answer::Undecided(_) => Verdict { witness: None, confidence: Confidence::Possible, given_up: true },
        })
    }

    /// Ask, if the engine knows the question.
    pub fn ask(
        context: &Context<'_>,
        query: &Query,
        (statement, principal): (&Statement, &Principal),
        sure: Confidence,
    ) -> Option<Verdict> {
        match context.model().arises(query) {
            true => Verdict::of(context.ask(query, statement, principal), sure),
            false => Some(Verdict::probed(sure)),
        }
    }

    /// Give a finding its evidence: the witness if it speaks of the keys that the finding is about, else the words.
    pub fn show(&self, finding: Finding, about: &[&str], words: impl FnOnce() -> String) -> Finding {
        let finding = finding.confidence(self.confidence);
        match &self.witness {
            Some(witness) => {
                let absent = |key: &str| witness.absent.iter().any(|absent| absent.eq_ignore_ascii_case(key));
                let says = |key: &&str| witness.request.context.get(key).is_some() || absent(key);
                let finding = finding.witness(witness);
                if about.is_empty() || about.iter().any(says) { finding } else { finding.why(words()) }
            }
            None if self.given_up => {
                finding.why(format!("{}, as far as was searched: the policy has too many combinations", words()))
            }
            None => finding.why(words()),
        }
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
) -> Option<(Confidence, Answer)> {
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

/// What the engine says of a stranger's token that the probe let pass, if it is `asked`.
pub fn foreign_token(context: &Context<'_>, tokens: &Tokens<'_>, asked: bool, probed: Confidence) -> Option<Verdict> {
    if !asked {
        return Some(Verdict::probed(probed));
    }
    let query = Query::ForeignToken { issuer: tokens.host.clone() };
    Verdict::ask(context, &query, (tokens.probe.statement, tokens.probe.principal), probed)
}

/// The patterns of subjects that are the user's own, `[org] oidc`.
pub fn own_subjects<'c>(context: &'c Context<'_>, host: &str) -> &'c [String] {
    context.org.oidc.iter().find(|(issuer, _)| issuer.eq_ignore_ascii_case(host)).map_or(&[], |(_, own)| own.as_slice())
}

/// What to edit so that a condition holds a stranger out: the value that the stranger fits, or the operator.
pub fn loose_part(conditions: &[&Condition], answer: &Answer) -> Option<(Span, String)> {
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
