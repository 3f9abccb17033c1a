//! The one way to ask what a policy allows.
//!
//! A question goes through three stages, each exact: one condition answers many with No ([`refute`](super::engine::refute)),
//! a request made from the policy's own words answers most others with Yes ([`guess`](super::engine::guess)), and what is
//! left goes to the search over all requests, whose model is made once and only then.

use super::answer::{Answer, Cause, Estate, Reason, Sure, Verdict, Witness};
use super::engine::asked::Asked;
use super::engine::guess::{Facts, Goal, Guesser};
use super::engine::named::Named;
use super::engine::queries::{Query, Through};
use super::engine::refute::refuted;
use super::engine::{CompiledPolicy, analyse_settled, symbols};
use super::meter::EngineMeter;
use crate::policy::{Effect, Policy, Statement, principal};
use crate::site::PolicyKind;
use crate::value::{PartRef, Text};
use std::borrow::Cow;
use std::cell::{Cell, OnceCell, RefCell};
use std::time::{Duration, Instant};

/// A policy, ready to be asked.
#[derive(Debug)]
pub struct Access<'p> {
    /// The policy with the values filled in that are known all the same.
    policy: Cow<'p, Policy>,
    kind: PolicyKind,
    estate: Estate,
    facts: OnceCell<Facts>,
    compiled: OnceCell<CompiledPolicy>,
    meter: Option<&'p EngineMeter>,
    /// Who asks, for the meter.
    asker: Cell<&'static str>,
    /// How long it took to make models, where somebody counts.
    built_in: Cell<Duration>,
    /// Requests that came of guesses: they may reach another goal as well.
    guessed: RefCell<Vec<Witness>>,
    /// What was asked and not found out.
    undecided: RefCell<Vec<Undecided>>,
}

/// A question that was asked and not found out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undecided {
    /// Who asked.
    pub asker: &'static str,
    /// What.
    pub query: Query,
    /// Of which part of the policy.
    pub through: Through,
    /// Which limit was hit.
    pub reason: Reason,
    /// Whether a request would pass if no Deny statement applied.
    pub open_without_denies: bool,
}

/// Statements that are guessed at, at most, where a question is about a whole policy.
const MAX_GUESSES: usize = 16;

/// Requests that are kept, at most.
const MAX_KEPT: usize = 8;

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
            built_in: Cell::default(),
            guessed: RefCell::default(),
            undecided: RefCell::default(),
        }
    }

    /// The same, counting the models that are made.
    pub fn metered(self, meter: Option<&'p EngineMeter>) -> Access<'p> {
        Access { meter, ..self }
    }

    /// Name who asks from here on.
    pub fn asked_by(&self, asker: &'static str) {
        self.asker.set(asker);
    }

    /// How long it took so far to make models; nothing where nobody counts.
    pub fn built_in(&self) -> Duration {
        self.built_in.get()
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
        let answer = self.answer(query, through);
        if let Answer::Undecided(reason) = &answer {
            self.undecided.borrow_mut().push(Undecided {
                asker: self.asker.get(),
                query: query.clone(),
                through,
                reason: reason.clone(),
                open_without_denies: self.guess_beside(&self.asked(query), through, &[]).is_some(),
            });
        }
        Verdict::of(answer)
    }

    /// What was asked so far and not found out.
    pub fn undecided(&self) -> Vec<Undecided> {
        self.undecided.borrow().clone()
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
        Some(self.of(policy))
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
        if self.is_refuted(&asked, through) {
            return Answer::Never(Default::default());
        }
        if let Some(witness) = self.guess(&asked, through) {
            return Answer::Yes(Box::new(witness));
        }
        if query.is_about_strangers() && self.keeps_strangers_out(query, through) {
            return Answer::Never(Default::default());
        }
        self.compiled("a question that neither a guess nor one condition answers").answer(query, through)
    }

    /// Whether no stranger passes who has none of the values that a template leaves open.
    fn keeps_strangers_out(&self, query: &Query, through: Through) -> bool {
        let filled = symbols::for_strangers(&self.policy).map(|policy| self.of(policy));
        filled.is_some_and(|filled| matches!(filled.answer(query, through), Answer::Never(_)))
    }

    /// Another policy in the place of this one.
    fn of(&self, policy: Policy) -> Access<'static> {
        Access {
            policy: Cow::Owned(policy),
            kind: self.kind,
            estate: self.estate.clone(),
            facts: OnceCell::new(),
            compiled: OnceCell::new(),
            meter: None,
            asker: self.asker.clone(),
            built_in: Cell::default(),
            guessed: RefCell::default(),
            undecided: RefCell::default(),
        }
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
        self.guess_beside(asked, through, &avoid)
    }

    fn guess_beside(&self, asked: &[Asked], through: Through, avoid: &[&Statement]) -> Option<Witness> {
        let guesser = self.guesser();
        self.allows(through).take(MAX_GUESSES).find_map(|statement| {
            asked.iter().find_map(|asked| {
                let must = [statement];
                guesser.find(&Goal { must: &must, fails: None, avoid, principal: through.principal, asked })
            })
        })
    }

    /// Whether a request reaches a goal, as far as guesses tell. One that was found for another goal will do.
    pub(super) fn is_reached(&self, goal: &Goal<'_>) -> bool {
        let guesser = self.guesser();
        let serves = |known: &Witness| match goal.fails {
            Some(_) => guesser.reaches_spoiled(goal, &known.request),
            None => guesser.reaches(goal, &known.request),
        };
        let speaks_of_it = |known: &&Witness| goal.must.first().is_some_and(|one| one.index == known.allowed_by);
        if goal.principal.is_none() && self.guessed.borrow().iter().filter(speaks_of_it).any(serves) {
            return true;
        }
        let Some(witness) = guesser.find(goal) else { return false };
        let mut guessed = self.guessed.borrow_mut();
        if guessed.len() < MAX_KEPT {
            guessed.push(witness);
        }
        true
    }

    /// Whether anybody passes at all.
    pub fn lets_anybody_pass(&self) -> Sure {
        let asked = self.asked(&Query::Anything);
        let avoid: Vec<&Statement> = self.policy.statements.iter().filter(|one| one.effect != Effect::Allow).collect();
        let passes = |allow: &Statement| {
            asked.iter().any(|asked| {
                self.is_reached(&Goal { must: &[allow], fails: None, avoid: &avoid, principal: None, asked })
            })
        };
        match !self.policy.open_ended && self.allows(Through::default()).take(MAX_GUESSES).any(passes) {
            true => Sure::Yes,
            false => self.ask(&Query::Anything, Through::default()).sure,
        }
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
                .all(|one| known(one) && refuted(asked, one, variables, self.estate.faults))
    }

    /// Makes requests from the policy's own words.
    pub(super) fn guesser(&self) -> Guesser<'_> {
        let facts = self.facts.get_or_init(|| Facts::of(&self.policy, &self.estate));
        Guesser::new(&self.policy, self.kind, facts)
    }

    /// The policy as boxes, made when the first question needs a search.
    pub(super) fn compiled(&self, why: &'static str) -> &CompiledPolicy {
        self.compiled.get_or_init(|| {
            let start = self.meter.map(|meter| (meter, Instant::now()));
            let compiled = analyse_settled(self.policy.clone().into_owned(), self.kind, &self.estate);
            if let Some((meter, start)) = start {
                let time = start.elapsed();
                meter.built(self.asker.get(), why, time);
                self.built_in.set(self.built_in.get() + time);
            }
            compiled
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
