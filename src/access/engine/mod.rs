//! Questions to answers.
//!
//! Two searches bracket the truth. In the first, statements allow what they surely allow and deny what they may deny: a
//! point is a request that passes whatever the unknown values are. In the second it is the other way round: no point
//! means that no request passes, whatever they are. Where both agree the answer is exact; a request is handed out only if
//! the concrete evaluator accepts it too.

pub mod asked;
pub mod atoms;
pub mod automaton;
pub mod axioms;
pub mod bits;
pub mod boxes;
pub mod caller_atoms;
pub mod callers;
pub mod compile;
pub mod domain;
pub mod guess;
pub mod keyspace;
pub mod lawful;
pub mod matching;
pub mod named;
pub mod pattern;
pub mod queries;
pub mod refute;
pub mod solve;
pub mod space;
pub mod standing;
pub mod stepset;
pub mod subjects;
pub mod symbols;
pub mod want;
pub mod work;

use crate::access::answer::Origin;
use crate::access::answer::{Answer, Cause, Estate, Proof, Reason, Witness};
use crate::access::decide::eval::{self, evaluate};
use crate::access::request::{Context, Request};
use crate::policy::{Effect, Policy, Truth};
use crate::site::PolicyKind;
use crate::value::Text;
use bits::Bits;
use boxes::{Bound, Boxed, Reading};
use named::Named;
use queries::{Query, Through};
use solve::{Cell, Clause, Found, MAX_WORK, solve};
use space::{ACTION, Builder, CALLER, CREDENTIALS, Dimension, RESOURCE, Region, Space, Value};
use standing::Standing;
use work::Work;

/// One or two policies ready for questions.
#[derive(Debug)]
pub struct CompiledPolicy {
    /// The policies, with the values filled in that are known all the same.
    pub(super) policies: Vec<Policy>,
    pub(super) kind: PolicyKind,
    pub(super) estate: Estate,
    pub(super) space: Space,
    pub(super) statements: Vec<Boxed>,
    pub(super) laws: Vec<(&'static str, Clause)>,
    standing: Standing,
    /// Why nothing of the policies is seen.
    pub(super) unseen: Option<Reason>,
    /// The one statement that may allow, in a slice of a policy that is too much at once.
    only: Option<usize>,
}

/// Make a trust policy ready for questions.
pub fn analyse(policy: &Policy, estate: &Estate) -> CompiledPolicy {
    analyse_as(policy, PolicyKind::Trust, estate)
}

/// Make a policy of any kind ready for questions.
pub fn analyse_as(policy: &Policy, kind: PolicyKind, estate: &Estate) -> CompiledPolicy {
    CompiledPolicy::new(&[policy], kind, estate)
}

/// Make a policy ready for questions in which the values are filled in that are known all the same.
pub(super) fn analyse_settled(policy: Policy, kind: PolicyKind, estate: &Estate) -> CompiledPolicy {
    CompiledPolicy::of_settled(vec![policy], kind, estate)
}

/// Answer a question about all requests.
pub fn ask(model: &CompiledPolicy, query: &Query) -> Answer {
    model.answer(query, Through::default())
}

/// Answer a question about the requests that pass through one statement, or one principal of it.
pub fn ask_through(model: &CompiledPolicy, query: &Query, through: Through) -> Answer {
    model.answer(query, through)
}

/// Tries to find a request that the evaluator accepts where two keys depend on each other.
const MAX_TRIES: usize = 64;

/// The work of all searches and tries of one question together: a few searches may be long, or many short.
const QUESTION: usize = 8 * MAX_WORK;

/// What it costs to hold a request against one statement by the concrete evaluator, in units of [`MAX_WORK`].
const EVALUATION: usize = 250;

/// Statements that are tried one at a time, at most.
const MAX_SLICES: usize = 64;

/// Characters of values that are searched. A trust policy has at most 8,192 characters, any other policy that STS or IAM
/// read at most 20,480 (IAM User Guide, "IAM and AWS STS quotas"); the search is not linear, and a file may hold more.
const MAX_TRUST: usize = 10_000;
const MAX_OTHER: usize = 24_000;

/// Why a policy is not searched, if it is not.
fn too_large(policy: &Policy, kind: PolicyKind) -> Option<Reason> {
    let limit = if kind == PolicyKind::Trust { MAX_TRUST } else { MAX_OTHER };
    let lengths = policy.statements.iter().map(|statement| {
        let length = |text: &Text| text.display().len();
        let principals = statement.principals.iter().flat_map(|principals| &principals.entries);
        let patterns = statement.actions.iter().chain(&statement.resources).flat_map(|patterns| &patterns.items);
        principals.map(|principal| length(&principal.text)).sum::<usize>()
            + patterns.map(length).sum::<usize>()
            + statement.conditions.iter().flat_map(|condition| &condition.values).map(length).sum::<usize>()
    });
    let characters = lengths.sum();
    (characters > limit).then_some(Reason::Size { characters, limit })
}

/// Which statements count, and which parts of them do not: the variations of a question.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Scope {
    pub policy: usize,
    pub through: Through,
    /// A part of a statement that is taken as if it were not there.
    pub without: Option<(usize, Option<Origin>)>,
}

/// A point with the statement that it passes through.
pub(super) enum Search {
    Point(Vec<usize>, usize),
    Nothing,
    OutOfBudget,
}

impl CompiledPolicy {
    pub(super) fn new(policies: &[&Policy], kind: PolicyKind, estate: &Estate) -> CompiledPolicy {
        let settled = policies.iter().map(|policy| symbols::settled(policy, estate).into_owned());
        CompiledPolicy::of_settled(settled.collect(), kind, estate)
    }

    fn of_settled(mut policies: Vec<Policy>, kind: PolicyKind, estate: &Estate) -> CompiledPolicy {
        let unseen = policies.iter().find_map(|policy| too_large(policy, kind));
        if unseen.is_some() {
            // Nothing is known of them but that they are there.
            for policy in &mut policies {
                policy.version = None;
                policy.statements.clear();
                policy.open_ended = true;
            }
        }
        let whole = CompiledPolicy::slice(policies, kind, estate, None, &mut Work::default());
        CompiledPolicy { unseen, ..whole }
    }

    fn slice(
        policies: Vec<Policy>,
        kind: PolicyKind,
        estate: &Estate,
        only: Option<usize>,
        work: &mut Work,
    ) -> CompiledPolicy {
        let mut builder = Builder::default();
        let mut drafts = Vec::new();
        for (number, policy) in policies.iter().enumerate() {
            drafts.extend(Reading { policy: number, kind, only }.drafts(&mut builder, policy));
        }
        let standing = Standing::register(&mut builder, &policies, kind, estate);
        let pending = axioms::register(&mut builder, kind);
        let accounts = Standing::accounts(estate);
        let actions = if kind == PolicyKind::Trust { axioms::actions() } else { &[] };
        let space = builder.freeze(work, actions, &accounts);
        let mut laws = pending.resolve(&space);
        if estate.faults.lost_atoms {
            let last = |(dim, found): (usize, &Dimension)| {
                let len = found.values.len();
                ("fault", Clause { sides: vec![(dim, Bits::of(len, |atom| atom + 1 == len))] })
            };
            laws.extend(space.dims().iter().enumerate().skip(CREDENTIALS.index() + 1).map(last));
        }
        let statements = drafts.iter().map(|draft| draft.boxed(&space, estate.faults)).collect();
        CompiledPolicy { policies, kind, estate: estate.clone(), space, statements, laws, standing, unseen: None, only }
    }

    /// The policy in question.
    pub fn policy(&self) -> &Policy {
        &self.policies[0]
    }

    /// The statements of a policy with this effect; one whose effect is not known counts as both.
    pub(super) fn with(&self, policy: usize, effect: Effect) -> impl Iterator<Item = (usize, &Boxed)> {
        let fits =
            move |boxed: &Boxed| boxed.policy == policy && (boxed.effect == effect || boxed.effect == Effect::Unknown);
        self.statements.iter().enumerate().filter(move |(_, boxed)| fits(boxed))
    }

    /// The clauses that keep requests out: what is denied, at this bound, and what never happens.
    pub(super) fn denials(&self, scope: Scope, bound: Bound) -> Vec<Clause> {
        if self.estate.faults.deny_is_ignored {
            return Vec::new();
        }
        let mut clauses = Vec::new();
        for (at, deny) in self.with(scope.policy, Effect::Deny) {
            let leave_out = match scope.without {
                Some((statement, None)) if statement == at => continue,
                Some((statement, origin)) if statement == at => origin,
                _ => None,
            };
            let clause = deny.clause(bound, leave_out);
            if self.estate.faults.deny_any_side {
                clauses.extend(clause.sides.into_iter().map(|side| Clause { sides: vec![side] }));
            } else {
                clauses.push(clause);
            }
        }
        clauses
    }

    /// Look for a request in any of these boxes that passes.
    pub(super) fn search(&self, boxes: &[Vec<Region>], scope: Scope, bound: Bound, more: &[Clause]) -> Search {
        self.search_within(boxes, scope, bound, more, &mut { MAX_WORK })
    }

    /// The same with what is left of a question's budget.
    fn search_within(
        &self,
        boxes: &[Vec<Region>],
        scope: Scope,
        bound: Bound,
        more: &[Clause],
        work: &mut usize,
    ) -> Search {
        let denied = match bound {
            Bound::Least => Bound::Most,
            Bound::Most => Bound::Least,
        };
        let denials = self.denials(scope, denied);
        let clauses: Vec<&Clause> = denials.iter().chain(more).chain(self.laws.iter().map(|(_, law)| law)).collect();
        let mut out_of_budget = false;
        for (at, allow) in self.with(scope.policy, Effect::Allow) {
            if scope.through.statement.is_some_and(|statement| statement != allow.index) {
                continue;
            }
            let mut cell = self.space.everything();
            let leave_out = scope.without.filter(|(statement, _)| *statement == at).and_then(|(_, origin)| origin);
            allow.narrow(&self.space, &mut cell, bound, leave_out);
            if let Some(entry) = scope.through.principal.and_then(|entry| allow.entries.get(entry)) {
                self.space.layout.narrow(&mut cell, CALLER.index(), entry.bound(bound));
            }
            if self.space.layout.is_empty(&cell) {
                continue;
            }
            for regions in boxes {
                match solve(&self.space.layout, self.within(&cell, regions, bound), &clauses, work) {
                    Found::Point(point) => return Search::Point(point, at),
                    Found::Nothing => {}
                    Found::OutOfBudget => out_of_budget = true,
                }
            }
        }
        if out_of_budget { Search::OutOfBudget } else { Search::Nothing }
    }

    /// A request that passes at this bound, not held against the evaluator.
    pub(super) fn find(&self, boxes: &[Vec<Region>], scope: Scope, bound: Bound) -> Option<Witness> {
        match self.search(boxes, scope, bound, &[]) {
            Search::Point(point, statement) => Some(self.witness(&point, statement)),
            Search::Nothing | Search::OutOfBudget => None,
        }
    }

    /// Whether nobody assumes the role through an Allow with only these of its conditions, beside these Deny statements.
    pub(super) fn excludes_everybody(&self, allow: usize, keep: &dyn Fn(usize) -> bool, denies: &[usize]) -> bool {
        let own = |index: usize| self.statements.iter().find(move |boxed| boxed.policy == 0 && boxed.index == index);
        let Some(allow) = own(allow) else { return false };
        let mut cell = self.space.everything();
        let kept = |origin: Origin| match origin {
            Origin::Condition(number) => keep(number),
            Origin::Action | Origin::Principal | Origin::Resource => true,
            Origin::Unseen => false,
        };
        for side in allow.sides.iter().filter(|side| kept(side.origin)) {
            self.space.layout.narrow(&mut cell, side.dim.index(), &side.sets.most);
        }
        let denied: Vec<Clause> =
            denies.iter().filter_map(|deny| own(*deny)).map(|deny| deny.clause(Bound::Least, None)).collect();
        let clauses: Vec<&Clause> = denied.iter().chain(self.laws.iter().map(|(_, law)| law)).collect();
        self.boxes(&Query::Anything).iter().all(|regions| {
            let cell = self.within(&cell, regions, Bound::Most);
            solve(&self.space.layout, cell, &clauses, &mut { MAX_WORK }) == Found::Nothing
        })
    }

    fn within(&self, cell: &Cell, regions: &[Region], bound: Bound) -> Cell {
        let mut cell = cell.clone();
        for region in regions {
            let (dim, sets) = region.resolve(&self.space);
            self.space.layout.narrow(&mut cell, dim.index(), sets.bound(bound));
        }
        cell
    }

    pub(super) fn answer(&self, query: &Query, through: Through) -> Answer {
        if let Some(reason) = &self.unseen {
            return Answer::Undecided(reason.clone());
        }
        let boxes = self.boxes(query);
        let answer = self.decide(&boxes, Scope { through, ..Scope::default() });
        match answer {
            Answer::Undecided(Reason::StringAtoms { .. } | Reason::SetAtoms { .. }) if self.only.is_none() => {
                self.answer_in_slices(query, through).unwrap_or(answer)
            }
            answer => answer,
        }
    }

    /// A key that all statements together ask too much of may be simple for each of them: a request passes if it passes
    /// through one Allow and all Denies. `None` if that is no way out either.
    fn answer_in_slices(&self, query: &Query, through: Through) -> Option<Answer> {
        let allows: Vec<usize> = self
            .with(0, Effect::Allow)
            .map(|(_, allow)| allow.index)
            .filter(|index| through.statement.is_none_or(|statement| statement == *index))
            .collect();
        // The slice of the only Allow is the policy.
        if allows.len() > MAX_SLICES || self.policy().open_ended || self.with(0, Effect::Allow).nth(1).is_none() {
            return None;
        }
        let mut open = None;
        // All slices together may cost what one policy may.
        let mut work = Work::default();
        for statement in allows {
            let slice =
                CompiledPolicy::slice(self.policies.clone(), self.kind, &self.estate, Some(statement), &mut work);
            match slice.answer(query, through) {
                Answer::Never(_) => {}
                Answer::Yes(witness) => return Some(Answer::Yes(witness)),
                answer => open = open.or(Some(answer)),
            }
        }
        Some(open.unwrap_or(Answer::Never(Proof::default())))
    }

    /// Whether a question makes sense for these policies: one about an issuer or a service needs a principal that
    /// surely names it, one about foreign tokens an issuer of several customers.
    pub fn arises(&self, query: &Query) -> bool {
        !self.boxes(query).is_empty()
    }

    pub(super) fn boxes(&self, query: &Query) -> Vec<Vec<Region>> {
        let named = Named { policies: &self.policies, estate: &self.estate };
        self.standing.boxes(query, &named, self.kind, &self.space)
    }

    /// The two searches and what they say together.
    pub(super) fn decide(&self, boxes: &[Vec<Region>], scope: Scope) -> Answer {
        let mut work = QUESTION;
        let answer = self.decide_at_once(boxes, scope, &mut work);
        if !matches!(answer, Answer::Possibly { .. }) || scope.through.statement.is_some() {
            return answer;
        }
        // The tries may all have gone into one statement while another lets requests in for sure.
        let allows: Vec<usize> = self.with(scope.policy, Effect::Allow).map(|(_, allow)| allow.index).collect();
        let mut alone = |statement: &usize| {
            let through = Through { statement: Some(*statement), ..scope.through };
            self.decide_at_once(boxes, Scope { through, ..scope }, &mut work)
        };
        let mut answers = allows.iter().take(MAX_SLICES).map(&mut alone);
        answers.find(|one| matches!(one, Answer::Yes(_))).unwrap_or(answer)
    }

    /// The same, giving up where the first tries lead nowhere.
    fn decide_at_once(&self, boxes: &[Vec<Region>], scope: Scope, work: &mut usize) -> Answer {
        match self.search_within(boxes, scope, Bound::Least, &[], work) {
            Search::OutOfBudget => return Answer::Undecided(Reason::Nodes),
            Search::Nothing => {}
            Search::Point(point, statement) => {
                let witness = self.witness(&point, statement);
                return match self.accepts(scope.policy, &witness.request) {
                    Truth::Yes => Answer::Yes(Box::new(witness)),
                    Truth::Maybe => self.possibly(Some(witness)),
                    Truth::No => Answer::Undecided(Reason::Internal),
                };
            }
        }
        let mut tried: Vec<Clause> = Vec::new();
        let mut example = None;
        loop {
            match self.search_within(boxes, scope, Bound::Most, &tried, work) {
                Search::OutOfBudget if tried.is_empty() => return Answer::Undecided(Reason::Nodes),
                // Some request may pass; no more tries for one that does.
                Search::OutOfBudget => return self.possibly(example),
                Search::Nothing if tried.is_empty() => return Answer::Never(Proof::default()),
                Search::Nothing => return self.possibly(example),
                Search::Point(point, statement) => {
                    let witness = self.repaired(&point, statement, boxes);
                    match self.accepts_through(scope, &witness.request) {
                        Truth::Yes => return Answer::Yes(Box::new(witness)),
                        Truth::Maybe => return self.possibly(Some(witness)),
                        Truth::No => example = example.or(None),
                    }
                    *work = work.saturating_sub(self.statements.len() * EVALUATION);
                    if tried.len() == MAX_TRIES {
                        return self.possibly(example);
                    }
                    tried.push(self.only(&point));
                }
            }
        }
    }

    /// The point as a clause, to look for another.
    fn only(&self, point: &[usize]) -> Clause {
        let side = |(dim, atom): (usize, &usize)| {
            let len = self.space.dims()[dim].values.len();
            (dim, Bits::of(len, |index| index == *atom))
        };
        Clause { sides: point.iter().enumerate().map(side).collect() }
    }

    pub(super) fn possibly(&self, example: Option<Witness>) -> Answer {
        if let Some(reason) = &self.unseen {
            return Answer::Undecided(reason.clone());
        }
        if let Some(reason) = self.space.dims().iter().find_map(|dim| dim.overflow.clone()) {
            return Answer::Undecided(reason);
        }
        Answer::Possibly { why: self.causes(), example: example.map(Box::new) }
    }

    /// Everything that is not known of the policies.
    pub(super) fn causes(&self) -> Vec<Cause> {
        let mut causes: Vec<Cause> = self.statements.iter().flat_map(|boxed| boxed.causes.iter().cloned()).collect();
        if causes.is_empty() {
            causes.push(Cause::Undocumented);
        }
        causes.sort();
        causes.dedup();
        causes
    }

    /// Whether the policy allows a request, by the concrete evaluator.
    pub(super) fn accepts(&self, policy: usize, request: &Request) -> Truth {
        let outcome = evaluate(&self.policies[policy], self.kind, request);
        outcome.allows().and(outcome.denies().not())
    }

    /// Whether the policy allows a request through the statement that is asked about: that another one allows it for
    /// sure says nothing of this one.
    fn accepts_through(&self, scope: Scope, request: &Request) -> Truth {
        let outcome = evaluate(&self.policies[scope.policy], self.kind, request);
        let through = match scope.through.statement {
            Some(statement) => outcome
                .statements
                .iter()
                .find(|trace| trace.statement == statement)
                .map_or(Truth::No, |trace| trace.truth(Effect::Allow)),
            None => Truth::Yes,
        };
        outcome.allows().and(outcome.denies().not()).and(through)
    }

    /// The request that a point stands for.
    pub(super) fn witness(&self, point: &[usize], statement: usize) -> Witness {
        self.witness_of(point, self.statements[statement].index)
    }

    /// The request that a point stands for, with the place of its statement in its policy.
    pub(super) fn witness_of(&self, point: &[usize], allowed_by: usize) -> Witness {
        let mut context = Context::default();
        let mut absent = Vec::new();
        let first_key = CREDENTIALS.index() + 1;
        for (dim, atom) in self.space.dims().iter().zip(point).skip(first_key) {
            match &dim.values[*atom] {
                Value::Absent => absent.push(dim.name.clone()),
                Value::One(value) => context.set(&dim.name, vec![value.clone()]),
                Value::Many(values) => context.set(&dim.name, values.clone()),
                Value::Any => context.set(&dim.name, vec!["example".to_owned()]),
            }
        }
        let text = |dim: usize| match &self.space.dims()[dim].values[point[dim]] {
            Value::One(text) => text.clone(),
            Value::Many(_) | Value::Absent | Value::Any => String::new(),
        };
        let resource = (self.kind != PolicyKind::Trust).then(|| text(RESOURCE.index()));
        let caller = self.space.callers.atoms[point[CALLER.index()]].caller.clone();
        let request = Request { action: text(ACTION.index()), caller, resource, context };
        Witness { request, absent, allowed_by }
    }

    /// The request of a point, with the values put in that policy variables of its statement ask for.
    fn repaired(&self, point: &[usize], statement: usize, boxes: &[Vec<Region>]) -> Witness {
        let witness = self.witness(point, statement);
        let boxed = &self.statements[statement];
        let Some(source) = self.policies[boxed.policy].statements.get(boxed.index) else { return witness };
        let mut repaired = witness.clone();
        for condition in &source.conditions {
            let Some(dim) = self.space.dims().iter().position(|dim| dim.name.eq_ignore_ascii_case(&condition.key))
            else {
                continue;
            };
            let negated = condition.operator.base.is_some_and(crate::policy::BaseOperator::negated);
            let absent = self.space.dims()[dim].values[point[dim]] == Value::Absent;
            let filled = condition.values.iter().filter_map(|value| value.known()).filter(|value| value.contains("${"));
            let filled = filled.filter_map(|value| fill(value, &repaired.request)).next();
            if let Some(value) = filled.filter(|_| !negated && !absent) {
                let name = self.space.dims()[dim].name.clone();
                repaired.request.context.set(&name, vec![value]);
            }
        }
        if repaired == witness || !self.within_boxes(&repaired.request, point, boxes) {
            return witness;
        }
        repaired
    }

    /// Whether a request with other values than its point's still lies in one of the boxes.
    fn within_boxes(&self, request: &Request, point: &[usize], boxes: &[Vec<Region>]) -> bool {
        let mut moved = point.to_vec();
        for (index, dim) in self.space.dims().iter().enumerate().skip(CREDENTIALS.index() + 1) {
            if let Some([value]) = request.context.get(&dim.name) {
                match dim.locate(value) {
                    Some(atom) => moved[index] = atom,
                    None => return false,
                }
            }
        }
        let allowed = |regions: &Vec<Region>| {
            regions.iter().all(|region| {
                let (dim, sets) = region.resolve(&self.space);
                sets.least.contains(moved[dim.index()])
            })
        };
        let lawful = self.laws.iter().all(|(_, law)| !law.sides.iter().all(|(dim, side)| side.contains(moved[*dim])));
        lawful && boxes.iter().any(allowed)
    }
}

/// A policy's value with its variables replaced from a request and its wildcards by something; `None` if a variable has
/// no value there.
pub(super) fn fill(text: &str, request: &Request) -> Option<String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        out.push_str(&before.replace('*', "").replace('?', "x"));
        let (name, after) = after.split_once('}')?;
        match name {
            "*" | "?" | "$" => out.push_str(name),
            name => {
                let (key, default) = name.split_once(", ").map_or((name, None), |(key, default)| (key, Some(default)));
                match eval::keys::single(request, key) {
                    Some(value) => out.push_str(&value),
                    None => out.push_str(default?.trim_matches('\'')),
                }
            }
        }
        rest = after;
    }
    out.push_str(&rest.replace('*', "").replace('?', "x"));
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax;

    fn policy(statements: &str) -> Policy {
        let text = format!("{{\"Version\":\"2012-10-17\",\"Statement\":[{statements}]}}");
        crate::policy::lower(&syntax::parse(&text, syntax::Syntax::Json).documents[0])
    }

    fn answer(statements: &str, query: &Query) -> Answer {
        ask(&analyse(&policy(statements), &Estate::default()), query)
    }

    #[track_caller]
    fn yes(statements: &str, query: &Query) -> Witness {
        match answer(statements, query) {
            Answer::Yes(witness) => *witness,
            other => panic!("{other:#?}"),
        }
    }

    #[track_caller]
    fn never(statements: &str, query: &Query) {
        let answer = answer(statements, query);
        assert!(answer.is_never(), "{answer:#?}");
    }

    const ANYBODY: Query = Query::Anybody { knows_external_id: false };

    fn allow(principal: &str, condition: &str) -> String {
        format!(r#"{{"Effect":"Allow","Principal":{principal},"Action":"sts:AssumeRole","Condition":{{{condition}}}}}"#)
    }

    fn github(condition: &str) -> String {
        let provider = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com";
        format!(
            r#"{{"Effect":"Allow","Principal":{{"Federated":"{provider}"}},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{{{condition}}}}}"#
        )
    }

    #[test]
    fn anybody() {
        let star = r#"{"AWS":"*"}"#;
        let witness = yes(&allow(star, ""), &ANYBODY);
        assert_eq!(witness.request.caller.account(), Some("999999999999"));
        never(&allow(r#"{"AWS":"111122223333"}"#, ""), &ANYBODY);
        never(&allow(star, r#""StringEquals":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"}"#), &ANYBODY);
        yes(&allow(star, r#""StringEqualsIfExists":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"}"#), &ANYBODY);
        yes(&allow(star, r#""StringLike":{"aws:PrincipalOrgID":"o-*"}"#), &ANYBODY);
        yes(&allow(star, r#""ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/Deploy"}"#), &ANYBODY);
        never(&allow(star, r#""ArnLike":{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/*"}"#), &ANYBODY);
        yes(&allow(star, r#""StringEquals":{"aws:PrincipalTag/team":"ops"}"#), &ANYBODY);
        never(&allow(star, r#""IpAddress":{"aws:SourceIp":"203.0.113.0/24"}"#), &ANYBODY);
        yes(&allow(star, r#""IpAddress":{"aws:SourceIp":"0.0.0.0/0"}"#), &ANYBODY);
        let secret = allow(star, r#""StringEquals":{"sts:ExternalId":"k7Qd-2290"}"#);
        never(&secret, &ANYBODY);
        yes(&secret, &Query::Anybody { knows_external_id: true });
        let deny = r#",{"Effect":"Deny","Principal":{"AWS":"*"},"Action":"sts:*","Condition":{"StringNotEquals":{"aws:PrincipalAccount":"111122223333"}}}"#;
        never(&format!("{}{deny}", allow(star, "")), &ANYBODY);
    }

    #[test]
    fn external_ids() {
        let vendor = r#"{"AWS":"444455556666"}"#;
        let without = Query::WithoutExternalId { account: Some("444455556666".into()) };
        let any = Query::AnyExternalId { account: None };
        yes(&allow(vendor, ""), &without);
        never(&allow(vendor, r#""StringEquals":{"sts:ExternalId":"k7Qd"}"#), &without);
        never(&allow(vendor, r#""StringEquals":{"sts:ExternalId":"k7Qd"}"#), &any);
        yes(&allow(vendor, r#""StringLike":{"sts:ExternalId":"acme-*"}"#), &any);
        yes(&allow(vendor, r#""ForAllValues:StringEquals":{"sts:ExternalId":"k7Qd"}"#), &without);
        yes(&allow(vendor, r#""StringNotEquals":{"sts:ExternalId":"bad"}"#), &without);
    }

    #[test]
    fn multi_factor() {
        let account = r#"{"AWS":"444455556666"}"#;
        let condition = |condition: &str| allow(account, condition);
        let deny = |condition: &str| {
            let deny = r#"{"Effect":"Deny","Principal":{"AWS":"444455556666"},"Action":"sts:AssumeRole","Condition":"#;
            format!("{},{deny}{{{condition}}}}}", allow(account, ""))
        };
        never(&condition(r#""Bool":{"aws:MultiFactorAuthPresent":"true"}"#), &Query::WithoutMfa);
        yes(&condition(r#""BoolIfExists":{"aws:MultiFactorAuthPresent":"true"}"#), &Query::WithoutMfa);
        yes(&condition(r#""Null":{"aws:MultiFactorAuthPresent":"false"}"#), &Query::WithoutMfa);
        never(&deny(r#""BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}"#), &Query::WithoutMfa);
        let witness = yes(&deny(r#""Bool":{"aws:MultiFactorAuthPresent":"false"}"#), &Query::WithoutMfa);
        assert_eq!(witness.absent, ["aws:MultiFactorAuthPresent"]);
        yes(&deny(r#""Null":{"aws:MultiFactorAuthPresent":"true"}"#), &Query::WithoutMfa);
        never(&condition(r#""NumericLessThan":{"aws:MultiFactorAuthAge":"3600"}"#), &Query::WithoutMfa);
        yes(&condition(r#""NumericLessThanIfExists":{"aws:MultiFactorAuthAge":"3600"}"#), &Query::WithoutMfa);
    }

    #[test]
    fn foreign_tokens() {
        let foreign = Query::ForeignToken { issuer: "token.actions.githubusercontent.com".into() };
        let aud = r#""StringEquals":{"token.actions.githubusercontent.com:aud":"sts.amazonaws.com"}"#;
        let sub =
            |pattern: &str| format!(r#"{aud},"StringLike":{{"token.actions.githubusercontent.com:sub":"{pattern}"}}"#);
        yes(&github(aud), &foreign);
        never(&github(&sub("repo:my-org/*")), &foreign);
        never(&github(&sub("repo:my-org@12/app@34:*")), &foreign);
        let witness = yes(&github(&sub("repo:my-org*")), &foreign);
        let subject = witness.request.context.get("token.actions.githubusercontent.com:sub").map(<[String]>::concat);
        assert!(subject.is_some_and(|sub| sub.starts_with("repo:my-org") && !sub.starts_with("repo:my-org/")));
        yes(&github(&sub("repo:*:environment:prod")), &foreign);
        // Templates of subjects that the owner of a repository chooses.
        yes(&github(&sub("environment:prod")), &foreign);
        yes(&github(&sub("repository_owner:my-org*")), &foreign);
        never(&github(&sub("repository_owner:my-org:*")), &foreign);
        never(&github(&sub("environment:prod:repo:my-org/app")), &foreign);
        // A wildcard names no audience.
        let issuer = || "token.actions.githubusercontent.com".into();
        let like = r#""StringLike":{"token.actions.githubusercontent.com:aud":"*"}"#;
        yes(&github(like), &Query::WrongAudience { issuer: issuer() });
        never(
            &github(&sub("repo:my-org/*")),
            &Query::WrongAudience { issuer: "token.actions.githubusercontent.com".into() },
        );
    }

    #[test]
    fn services() {
        let service = Query::Service { host: "cloudtrail.amazonaws.com".into(), sent: queries::Sent::All };
        let trail = |condition: &str| allow(r#"{"Service":"cloudtrail.amazonaws.com"}"#, condition);
        yes(&trail(""), &service);
        never(&trail(r#""StringEquals":{"aws:SourceAccount":"111122223333"}"#), &service);
        never(&trail(r#""StringEqualsIfExists":{"aws:SourceAccount":"111122223333"}"#), &service);
        never(&trail(r#""ArnLike":{"aws:SourceArn":"arn:aws:cloudtrail:*:111122223333:trail/*"}"#), &service);
        yes(&trail(r#""ArnLike":{"aws:SourceArn":"arn:aws:cloudtrail:*:*:trail/*"}"#), &service);
    }

    #[test]
    fn dead_policies_let_nobody_in() {
        for condition in [
            r#""Bool":{"aws:MultiFactorAuthPresent":"true"}"#,
            r#""StringEquals":{"s3:prefix":"x"}"#,
            r#""StringEquals":{"sts:ExternalId":"*"}"#,
        ] {
            let principal = if condition.contains("sts:") {
                r#"{"AWS":"444455556666"}"#
            } else {
                r#"{"Service":"ec2.amazonaws.com"}"#
            };
            never(&allow(principal, condition), &Query::Anything);
        }
        let witness = yes(&allow(r#"{"Service":"ec2.amazonaws.com"}"#, ""), &Query::Anything);
        assert_eq!(witness.request.caller.to_string(), "ec2.amazonaws.com");
    }

    #[test]
    fn variables_are_filled() {
        let session = r#""StringLike":{"sts:RoleSessionName":"${aws:username}-*"}"#;
        let witness = yes(&allow(r#"{"AWS":"444455556666"}"#, session), &Query::Anything);
        assert_eq!(witness.request.context.get("sts:RoleSessionName"), Some(&["someone-".to_owned()][..]));
    }

    #[test]
    fn unknown_values_are_possible() {
        // A Deny that may or may not cover the caller.
        let deny = r#"{"Effect":"Deny","Principal":{"AWS":"*"},"Action":"sts:*","Condition":{"StringSimilar":{"aws:username":"x"}}}"#;
        let answer = answer(&format!("{},{deny}", allow(r#"{"AWS":"*"}"#, "")), &ANYBODY);
        assert!(matches!(answer, Answer::Possibly { .. }), "{answer:#?}");
    }
}
