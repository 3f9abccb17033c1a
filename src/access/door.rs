//! The one way to ask what a policy allows.
//!
//! A question goes through three stages, each exact: a request made from the policy's own words answers most with Yes
//! ([`guess`](super::engine::guess)), one condition answers many with No ([`refute`](super::engine::refute)), and what is
//! left goes to the search over all requests, whose model is made once and only then.

use super::answer::{Answer, Cause, Estate, Reason, Sure, Verdict, Witness};
use super::engine::asked::Asked;
use super::engine::guess::{Facts, Goal, Guesser};
use super::engine::named::Named;
use super::engine::queries::{Query, Through};
use super::engine::refute::refuted;
use super::engine::{CompiledPolicy, analyse_settled, symbols};
use super::meter::Meter;
use crate::policy::{Effect, Policy, Statement, principal};
use crate::site::PolicyKind;
use crate::value::{PartRef, Text};
use std::borrow::Cow;
use std::cell::{Cell, OnceCell};

/// A policy, ready to be asked.
#[derive(Debug)]
pub struct Access<'p> {
    /// The policy with the values filled in that are known all the same.
    policy: Cow<'p, Policy>,
    kind: PolicyKind,
    estate: Estate,
    facts: OnceCell<Facts>,
    compiled: OnceCell<CompiledPolicy>,
    meter: Option<&'p Meter>,
    /// Who asks, for the meter.
    asker: Cell<&'static str>,
}

/// Statements that are guessed at, at most, where a question is about a whole policy.
const MAX_GUESSES: usize = 16;

/// An account that no policy names and that is not the own one.
const SOME_ACCOUNT: &str = "880000000000";

impl<'p> Access<'p> {
    /// A policy of some kind, with the facts of the estate around it.
    pub fn new(policy: &'p Policy, kind: PolicyKind, estate: Estate) -> Access<'p> {
        Access {
            policy: symbols::settled(policy, &estate),
            kind,
            estate,
            facts: OnceCell::new(),
            compiled: OnceCell::new(),
            meter: None,
            asker: Cell::new(""),
        }
    }

    /// The same, counting the models that are made.
    pub fn metered(self, meter: Option<&'p Meter>) -> Access<'p> {
        Access { meter, ..self }
    }

    /// Name who asks from here on.
    pub fn asked_by(&self, asker: &'static str) {
        self.asker.set(asker);
    }

    /// The policy in question.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// What the policy is attached to.
    pub fn kind(&self) -> PolicyKind {
        self.kind
    }

    /// The facts of the estate.
    pub fn estate(&self) -> &Estate {
        &self.estate
    }

    /// Ask about the requests that pass through one statement, or one principal of it.
    pub fn ask(&self, query: &Query, through: Through) -> Verdict {
        Verdict::of(self.answer(query, through))
    }

    /// Whether a question makes sense for the policy: one about an issuer or a service needs a principal that surely
    /// names it, one about foreign tokens an issuer of several customers.
    pub fn arises(&self, query: &Query) -> bool {
        !self.asked(query).is_empty()
    }

    /// The same policy where one principal is written out: what is then still unknown is something else.
    pub fn with_principal(&self, through: Through, text: &str) -> Option<Access<'static>> {
        let mut policy = self.policy.clone().into_owned();
        let entries =
            policy.statements.get_mut(through.statement?)?.principals.as_mut().map(|list| &mut list.entries)?;
        let entry = entries.get_mut(through.principal?)?;
        entry.text = Text::literal(text, entry.text.span);
        entry.kind = principal::classify(&entry.text, entry.member);
        Some(Access {
            policy: Cow::Owned(policy),
            kind: self.kind,
            estate: self.estate.clone(),
            facts: OnceCell::new(),
            compiled: OnceCell::new(),
            meter: None,
            asker: self.asker.clone(),
        })
    }

    /// The same policy where the account of a principal that does not say which is one that nobody else has.
    pub fn with_some_account(&self, through: Through) -> Option<Access<'static>> {
        let statement = self.policy.statements.get(through.statement?)?;
        let text = &statement.principals.as_ref()?.entries.get(through.principal?)?.text;
        let part = |part: PartRef<'_>| match part {
            PartRef::Literal(text) => text.to_owned(),
            PartRef::Hole(_) => SOME_ACCOUNT.to_owned(),
        };
        self.with_principal(through, &text.parts().map(part).collect::<String>())
    }

    fn answer(&self, query: &Query, through: Through) -> Answer {
        let asked = self.asked(query);
        if asked.is_empty() {
            return Answer::Never(Default::default());
        }
        if let Some(witness) = self.guess(&asked, through) {
            return Answer::Yes(Box::new(witness));
        }
        if self.is_refuted(&asked, through) {
            return Answer::Never(Default::default());
        }
        self.compiled("a question that neither a guess nor one condition answers").answer(query, through)
    }

    fn asked(&self, query: &Query) -> Vec<Asked> {
        let named = Named { policies: std::slice::from_ref(self.policy.as_ref()), estate: &self.estate };
        Asked::of(query, &named, self.kind)
    }

    /// The Allow statements that a question is about.
    fn allows(&self, through: Through) -> impl Iterator<Item = &Statement> {
        let wanted = move |statement: &&Statement| {
            statement.effect == Effect::Allow && through.statement.is_none_or(|wanted| wanted == statement.index)
        };
        self.policy.statements.iter().filter(wanted)
    }

    /// A request that passes, made from the policy's own words.
    fn guess(&self, asked: &[Asked], through: Through) -> Option<Witness> {
        if self.policy.open_ended {
            return None;
        }
        let avoid: Vec<&Statement> = self.policy.statements.iter().filter(|one| one.effect != Effect::Allow).collect();
        let guesser = self.guesser();
        self.allows(through).take(MAX_GUESSES).find_map(|statement| {
            asked.iter().find_map(|asked| {
                let must = [statement];
                guesser.find(&Goal { must: &must, fails: None, avoid: &avoid, principal: through.principal, asked })
            })
        })
    }

    /// Whether conditions of the statements leave nothing of what is asked.
    fn is_refuted(&self, asked: &[Asked], through: Through) -> bool {
        let may_allow = |one: &&Statement| one.effect != Effect::Deny;
        let known = |one: &Statement| one.effect == Effect::Allow;
        let version = self.policy.version.as_ref();
        let variables = version.is_some_and(|version| version.known() != Some("2008-10-17"));
        !self.policy.open_ended
            && self
                .policy
                .statements
                .iter()
                .filter(may_allow)
                .filter(|one| through.statement.is_none_or(|wanted| wanted == one.index))
                .all(|one| known(one) && refuted(asked, one, variables))
    }

    /// Makes requests from the policy's own words.
    pub(super) fn guesser(&self) -> Guesser<'_> {
        let facts = self.facts.get_or_init(|| Facts::of(&self.policy, &self.estate));
        Guesser::new(&self.policy, self.kind, facts)
    }

    /// The policy as boxes, made when the first question needs a search.
    pub(super) fn compiled(&self, why: &'static str) -> &CompiledPolicy {
        self.compiled.get_or_init(|| {
            let make = || analyse_settled(self.policy.clone().into_owned(), self.kind, &self.estate);
            match self.meter {
                Some(meter) => meter.measure(self.asker.get(), why, make),
                None => make(),
            }
        })
    }
}

impl Verdict {
    /// An answer of the engine as a verdict.
    pub fn of(answer: Answer) -> Verdict {
        let verdict = |sure, witness, rests_on: Vec<Cause>, undecided: Option<Reason>| Verdict {
            sure,
            witness,
            rests_on,
            undecided,
        };
        match answer {
            Answer::Yes(witness) => verdict(Sure::Yes, Some(witness), Vec::new(), None),
            Answer::Never(_) => verdict(Sure::Never, None, Vec::new(), None),
            Answer::Possibly { why, example } => verdict(Sure::Possibly, example, why, None),
            Answer::Undecided(reason) => verdict(Sure::Undecided, None, Vec::new(), Some(reason)),
        }
    }
}
