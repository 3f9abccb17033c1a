//! A request made from a policy's own words, without a search.
//!
//! Most questions are answered by the request that the policy was written for: the principal that it lists, with the
//! values that its conditions name. Such a request is put together key by key, held against the laws
//! ([`lawful`](super::lawful)) and the question, and counts only if the evaluator agrees. So a guess is never wrong; it
//! only may fail, and then the question goes to the search.

mod callers;
mod goal;
mod values;

use super::lawful::{self, ReadKey, flow};
use super::want::Want;
use crate::access::answer::Witness;
use crate::access::decide::eval::{self, keys};
use crate::access::decide::operators;
use crate::access::decide::variables::Variables;
use crate::access::request::{Caller, Context, Request};
use crate::aws::keys::Flow;
use crate::aws::sts;
use crate::policy::{Condition, Policy, Statement, Truth};
use crate::site::PolicyKind;
use goal::Choice;
pub use goal::{Facts, Goal};

/// Makes requests for one policy.
#[derive(Clone, Copy, Debug)]
pub struct Guesser<'p> {
    policy: &'p Policy,
    kind: PolicyKind,
    facts: &'p Facts,
}

/// Callers that are tried, at most.
const MAX_CALLERS: usize = 12;
/// Keys that are read, at most: a policy of IAM's own size has a handful.
const MAX_KEYS: usize = 600;
/// Repairs of what the laws forbid, at most.
const MAX_REPAIRS: usize = 8;

impl<'p> Guesser<'p> {
    /// Guesses for a policy of which these are the facts.
    pub fn new(policy: &'p Policy, kind: PolicyKind, facts: &'p Facts) -> Guesser<'p> {
        Guesser { policy, kind, facts }
    }

    /// A request that reaches a goal; `None` says nothing.
    pub fn find(&self, goal: &Goal<'_>) -> Option<Witness> {
        if self.facts.reads.keys.len() > MAX_KEYS {
            return None;
        }
        let first = goal.must.first()?;
        callers::candidates(self.facts, goal).take(MAX_CALLERS).find_map(|caller| {
            let flows: &[Option<Flow>] = match &caller {
                _ if self.kind != PolicyKind::Trust => &[None],
                Caller::User { .. } => &[Some(Flow::User), Some(Flow::UserSession)],
                _ => &[flow(super::callers::Kind::of(&caller), true)],
            };
            let request = flows.iter().find_map(|flow| self.request(goal, &caller, *flow))?;
            let absent = self.facts.reads.keys.iter().filter(|key| request.context.get(&key.name).is_none());
            let absent = absent.map(|key| spelling(key).to_owned()).collect();
            Some(Witness { request, absent, allowed_by: first.index })
        })
    }

    fn request(&self, goal: &Goal<'_>, caller: &Caller, flow: Option<Flow>) -> Option<Request> {
        let action = self.action(goal, flow)?;
        let resource = (self.kind != PolicyKind::Trust).then(|| values::resource(goal)).flatten();
        let request = Request { action, caller: caller.clone(), resource, context: Context::default() };
        if !self.is_worth_it(goal, &request) {
            return None;
        }
        let mut making = Making { guesser: self, goal, flow, request, open: Vec::new() };
        making.open =
            goal.avoid.iter().copied().filter(|statement| self.may_apply(statement, &making.request)).collect();
        for at in 0..self.facts.reads.keys.len() {
            making.choose(at)?;
        }
        if self.kind == PolicyKind::Trust && !self.facts.faults.guess_breaks_laws {
            making.repair()?;
        }
        let request = making.request;
        (self.facts.faults.guess_is_not_checked || self.reaches(goal, &request)).then_some(request)
    }

    /// Whether a request that reaches a goal but for its `fails` reaches it with another caller or without a key.
    pub fn reaches_spoiled(&self, goal: &Goal<'_>, request: &Request) -> bool {
        let about = goal.fails.and_then(|number| goal.must.first()?.conditions.get(number));
        let Some(condition) = about else { return false };
        let mut request = request.clone();
        match (self.is_derived(condition), &mut request.caller) {
            (true, Caller::User { name, .. } | Caller::Role { name, .. }) => callers::SOMEONE.clone_into(name),
            (true, _) => return false,
            (false, _) => request.context.set(&condition.key, Vec::new()),
        }
        let lawful = || self.kind != PolicyKind::Trust || self.facts.reads.broken(&request).is_none();
        lawful() && self.reaches(goal, &request)
    }

    /// Whether a request reaches a goal, by the evaluator.
    pub fn reaches(&self, goal: &Goal<'_>, request: &Request) -> bool {
        let applies = |statement: &Statement, without: Option<usize>| {
            eval::applies(self.policy, self.kind, statement, without, request)
        };
        let fails = |statement: &Statement| {
            goal.fails.is_none_or(|number| {
                statement.conditions.get(number).is_some_and(|one| self.holds(one, request) == Truth::No)
            })
        };
        goal.asked.accepts(request)
            && goal.must.iter().enumerate().all(|(at, statement)| {
                let without = goal.fails.filter(|_| at == 0);
                applies(statement, without) == Truth::Yes && (at > 0 || fails(statement))
            })
            && goal.avoid.iter().all(|statement| applies(statement, None) == Truth::No)
    }

    fn holds(&self, condition: &Condition, request: &Request) -> Truth {
        let lookup = |key: &str| keys::single(request, key);
        let variables = Variables::of(self.policy, &lookup);
        operators::holds(condition, keys::values(request, &condition.key).as_deref(), variables)
    }

    /// The action of callers in this flow that the statements cover.
    fn action(&self, goal: &Goal<'_>, flow: Option<Flow>) -> Option<String> {
        let covered = |action: &&str| {
            goal.asked.takes(action) && goal.must.iter().all(|one| one.covers_action(action) == Truth::Yes)
        };
        let Some(flow) = flow else {
            return values::actions(goal).into_iter().find(|action| covered(&action.as_str()));
        };
        let live = |action: &&str| sts::live(&action[4..], flow.caller());
        values::STS_ACTIONS.into_iter().filter(live).find(covered).map(str::to_owned)
    }

    /// Whether what the caller and the action decide lets the statements apply.
    fn is_worth_it(&self, goal: &Goal<'_>, request: &Request) -> bool {
        goal.must.iter().enumerate().all(|(at, statement)| {
            let derived = statement.conditions.iter().enumerate().filter(|(_, one)| self.is_derived(one));
            derived.into_iter().all(|(number, one)| {
                let wanted = if at == 0 && goal.fails == Some(number) { Truth::No } else { Truth::Yes };
                self.holds(one, request) == wanted
            })
        })
    }

    fn is_derived(&self, condition: &Condition) -> bool {
        super::callers::Derived::of(&condition.key).is_some()
    }

    /// Whether the caller and the action leave it open whether a statement applies.
    fn may_apply(&self, statement: &Statement, request: &Request) -> bool {
        statement.covers_action(&request.action) != Truth::No
            && eval::speaks_of(statement, self.kind, &request.caller) != Truth::No
            && statement
                .conditions
                .iter()
                .filter(|one| self.is_derived(one))
                .all(|one| self.holds(one, request) != Truth::No)
    }
}

/// A request in the making.
struct Making<'m, 'p> {
    guesser: &'m Guesser<'p>,
    goal: &'m Goal<'m>,
    flow: Option<Flow>,
    request: Request,
    /// Statements to avoid that nothing chosen so far keeps from applying.
    open: Vec<&'m Statement>,
}

impl<'m> Making<'m, '_> {
    /// Give a key the first value that the statements want, of those that keep most of the others away.
    fn choose(&mut self, at: usize) -> Option<()> {
        let key = &self.guesser.facts.reads.keys[at];
        let mut best: Option<(usize, Choice)> = None;
        for choice in self.choices(at) {
            if !self.fits(at, &choice) {
                continue;
            }
            self.set(key, &choice);
            let open = self.open.iter().filter(|statement| self.still_applies(at, statement)).count();
            if best.as_ref().is_none_or(|(fewest, _)| open < *fewest) {
                best = Some((open, choice));
            }
            if open == 0 || open == self.open.len() && self.untouched(at) {
                break;
            }
        }
        let (_, choice) = best?;
        self.set(key, &choice);
        let open = std::mem::take(&mut self.open);
        self.open = open.into_iter().filter(|statement| self.still_applies(at, statement)).collect();
        Some(())
    }

    /// Whether no statement that is to be avoided reads a key.
    fn untouched(&self, at: usize) -> bool {
        let reads = |statement: &&Statement| self.guesser.facts.readers[at].contains(&statement.index);
        !self.open.iter().any(reads)
    }

    fn set(&mut self, key: &ReadKey, choice: &Choice) {
        self.request.context.set(spelling(key), choice.clone());
    }

    /// The conditions about a key in a statement of the policy.
    fn about(&self, at: usize, statement: &'m Statement) -> impl Iterator<Item = (usize, &'m Condition)> + use<'_, 'm> {
        let key = self.guesser.facts.reads.keys[at].name.as_str();
        statement.conditions.iter().enumerate().filter(move |(_, condition)| condition.is_about(key))
    }

    fn still_applies(&self, at: usize, statement: &&'m Statement) -> bool {
        self.about(at, statement).all(|(_, one)| self.guesser.holds(one, &self.request) != Truth::No)
    }

    /// Every choice that is worth trying: absence first, then what the policy names, then something fresh.
    fn choices(&self, at: usize) -> Vec<Choice> {
        let key = &self.guesser.facts.reads.keys[at];
        let must = self.goal.must.iter().flat_map(|statement| self.about(at, statement).map(|(_, one)| one));
        let open = self.open.iter().flat_map(|statement| self.about(at, statement).map(|(_, one)| one));
        let wanted: Vec<&Want> = self.goal.asked.wants(&key.name).collect();
        values::choices(key, must.collect(), open.collect(), &wanted, &self.request)
    }

    /// Whether a choice can come about, answers the question and meets the statements.
    fn fits(&mut self, at: usize, choice: &Choice) -> bool {
        let key = &self.guesser.facts.reads.keys[at];
        let present = !choice.is_empty();
        let lawless = self.guesser.facts.faults.guess_breaks_laws;
        if !lawless && self.flow.is_some_and(|flow| lawful::presence(key, flow) == Some(!present)) {
            return false;
        }
        let values = Some(choice.as_slice()).filter(|_| present);
        if !self.goal.asked.wants(&key.name).all(|want| want.accepts(values)) {
            return false;
        }
        if !choice.iter().all(|value| key.domain.holds(value)) {
            return false;
        }
        self.set(key, choice);
        let fails = self.goal.fails;
        self.goal.must.iter().enumerate().all(|(nth, statement)| {
            self.about(at, statement).all(|(number, one)| {
                let wanted = if nth == 0 && fails == Some(number) { Truth::No } else { Truth::Yes };
                self.guesser.holds(one, &self.request) == wanted
            })
        })
    }

    /// Change choices that together break a law.
    fn repair(&mut self) -> Option<()> {
        for _ in 0..MAX_REPAIRS {
            let Some(law) = self.guesser.facts.reads.broken(&self.request) else { return Some(()) };
            self.mend(law)?;
        }
        None
    }

    /// Choose otherwise for a key of a law, so that other laws than this may be broken, but not this one.
    fn mend(&mut self, law: &'static str) -> Option<()> {
        for name in self.guesser.facts.reads.keys_of(law) {
            let Some(at) = self.guesser.facts.reads.keys.iter().position(|key| key.name.eq_ignore_ascii_case(name))
            else {
                continue;
            };
            let key = &self.guesser.facts.reads.keys[at];
            let before: Choice = self.request.context.get(&key.name).unwrap_or_default().to_vec();
            let mut choices = self.choices(at);
            choices.extend(values::agreeing(&key.name, &self.request));
            for choice in choices.into_iter().filter(|choice| *choice != before) {
                if self.fits(at, &choice) && self.guesser.facts.reads.broken(&self.request) != Some(law) {
                    return Some(());
                }
            }
            self.set(key, &before);
        }
        None
    }
}

/// A key in the spelling of AWS, where it lists the whole name.
fn spelling(key: &ReadKey) -> &str {
    key.known.map(|known| known.name).filter(|known| known.eq_ignore_ascii_case(&key.name)).unwrap_or(&key.name)
}
