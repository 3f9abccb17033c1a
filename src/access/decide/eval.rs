//! One request against one policy, with a trace: for each statement whether it applies and, if not, what it lacks.
//!
//! This is the plain reading of the IAM User Guide, one request at a time. It shares no code with whatever reasons about
//! all requests at once, so that each can be held against the other. A value that the file does not show makes an answer
//! `Maybe`, never a guess.

pub mod keys;
mod principals;

use super::operators;
use super::variables::{Filled, Variables, matches};
use crate::access::request::{Caller, Request};
use crate::policy::pattern::{text_matches, widest};
use crate::policy::{Condition, Effect, Patterns, Policy, Statement, Truth};
use crate::site::PolicyKind;
use crate::span::Span;
use crate::value::Text;
pub use principals::MatchedAs;
use std::fmt;

/// What one policy says about a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// One entry for each statement, in order.
    pub statements: Vec<StatementTrace>,
    /// Whether there may be statements that the file does not show.
    pub open_ended: bool,
}

/// What one statement says about a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementTrace {
    /// Its place in the policy, from 0.
    pub statement: usize,
    /// What it does with requests that it applies to.
    pub effect: Effect,
    /// Whether it applies.
    pub applies: Truth,
    /// Every way in which its principals surely cover the caller; empty for policies without principals.
    pub matched_as: Vec<MatchedAs>,
    /// The first thing for which it does not apply, or may not.
    pub first_miss: Option<Miss>,
}

/// Why a statement does not apply, or may not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Miss {
    /// The principals, actions, resources or the condition.
    pub span: Span,
    /// What about them.
    pub reason: MissReason,
}

/// What keeps a statement from applying.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MissReason {
    /// It has none of this element, which it needs.
    Missing(&'static str),
    /// It does not list the caller, or lists it under `NotPrincipal`.
    Principal,
    /// It does not cover the action.
    Action,
    /// It does not cover the resource.
    Resource,
    /// A key that the condition asks for is not in the request.
    Absent {
        /// The key as written.
        key: String,
    },
    /// The key is in the request, and the condition asks that it be not, or be otherwise.
    Value {
        /// The key as written.
        key: String,
        /// Its values in the request.
        values: Vec<String>,
    },
    /// It rests on a value that the file does not show.
    NotKnown,
}

impl fmt::Display for MissReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MissReason::Missing(element) => write!(f, "it has no `{element}`"),
            MissReason::Principal => f.write_str("it does not speak of the caller"),
            MissReason::Action => f.write_str("it does not cover the action"),
            MissReason::Resource => f.write_str("it does not cover the resource"),
            MissReason::Absent { key } => write!(f, "`{key}` is not in the request"),
            MissReason::Value { key, values } => write!(f, "`{key}` is `{}`", values.join("`, `")),
            MissReason::NotKnown => f.write_str("it rests on a value that is not known"),
        }
    }
}

impl Outcome {
    /// Whether some statement allows the request.
    pub fn allows(&self) -> Truth {
        self.any(Effect::Allow)
    }

    /// Whether some statement denies the request.
    pub fn denies(&self) -> Truth {
        self.any(Effect::Deny)
    }

    /// Whether the policy lets the request pass by itself: something allows it and nothing denies it.
    pub fn passes(&self) -> Truth {
        self.allows().and(self.denies().not())
    }

    fn any(&self, effect: Effect) -> Truth {
        self.with(effect).map(|trace| trace.truth(effect)).fold(Truth::from_open(self.open_ended), Truth::or)
    }

    /// The statements with this effect, and those whose effect is not known.
    pub fn with(&self, effect: Effect) -> impl Iterator<Item = &StatementTrace> {
        self.statements.iter().filter(move |trace| trace.effect == effect || trace.effect == Effect::Unknown)
    }
}

impl StatementTrace {
    /// Whether the statement surely applies.
    pub fn surely_applies(&self) -> bool {
        self.applies == Truth::Yes
    }

    /// Note a part of the statement. One that surely misses says more than an earlier one that may.
    fn need(&mut self, truth: Truth, span: Span, reason: &dyn Fn() -> MissReason) {
        if truth < self.applies {
            let reason = if truth == Truth::Maybe { MissReason::NotKnown } else { reason() };
            self.first_miss = Some(Miss { span, reason });
            self.applies = truth;
        }
    }

    /// Whether it applies with this effect.
    pub fn truth(&self, effect: Effect) -> Truth {
        match self.effect {
            Effect::Unknown => self.applies.and(Truth::Maybe),
            known => self.applies.and((known == effect).into()),
        }
    }
}

/// What a policy says about a request. `kind` says what the policy is attached to, which decides the elements that its
/// statements need.
pub fn evaluate(policy: &Policy, kind: PolicyKind, request: &Request) -> Outcome {
    let lookup = |key: &str| keys::single(request, key);
    let evaluation = Evaluation { kind, request, variables: Variables::of(policy, &lookup) };
    let statements = policy.statements.iter().map(|statement| evaluation.statement(statement));
    Outcome { statements: statements.collect(), open_ended: policy.open_ended }
}

/// Whether one statement of a policy applies to a request; the same without one of its conditions, if `without` names
/// one. What [`evaluate`] says of the statement, without the reasons.
pub fn applies(
    policy: &Policy,
    kind: PolicyKind,
    statement: &Statement,
    without: Option<usize>,
    request: &Request,
) -> Truth {
    let lookup = |key: &str| keys::single(request, key);
    let evaluation = Evaluation { kind, request, variables: Variables::of(policy, &lookup) };
    let mut applies = Truth::Yes;
    evaluation.needs(statement, without, &mut |truth, _, _| {
        applies = applies.and(truth);
        applies != Truth::No
    });
    applies
}

/// Whether a statement's principals cover a caller; a statement of a policy that names none covers everybody.
pub fn speaks_of(statement: &Statement, kind: PolicyKind, caller: &Caller) -> Truth {
    match &statement.principals {
        _ if !speaks_of_principals(kind) => Truth::Yes,
        Some(principals) => principals::covers(principals, statement.effect, kind, caller).0,
        None => Truth::No,
    }
}

/// Takes one part of a statement: whether it is met, where it stands, why not. `false` ends the evaluation.
type Need<'n> = dyn FnMut(Truth, Span, &dyn Fn() -> MissReason) -> bool + 'n;

struct Evaluation<'a> {
    kind: PolicyKind,
    request: &'a Request,
    variables: Variables<'a>,
}

impl Evaluation<'_> {
    fn statement(&self, statement: &Statement) -> StatementTrace {
        let mut trace = StatementTrace {
            statement: statement.index,
            effect: statement.effect,
            applies: Truth::Yes,
            matched_as: Vec::new(),
            first_miss: None,
        };
        if let (true, Some(principals)) = (speaks_of_principals(self.kind), &statement.principals) {
            trace.matched_as = principals::covers(principals, statement.effect, self.kind, &self.request.caller).1;
        }
        self.needs(statement, None, &mut |truth, span, reason| {
            trace.need(truth, span, reason);
            true
        });
        trace
    }

    /// Everything that a statement needs of the request, in order, until `need` has enough. One of the conditions can be
    /// left out.
    fn needs(&self, statement: &Statement, without: Option<usize>, need: &mut Need<'_>) -> bool {
        if speaks_of_principals(self.kind) {
            let met = match &statement.principals {
                None => need(Truth::No, statement.span, &|| MissReason::Missing("Principal")),
                Some(principals) => {
                    let truth = principals::covers(principals, statement.effect, self.kind, &self.request.caller).0;
                    need(truth, principals.span, &|| MissReason::Principal)
                }
            };
            if !met {
                return false;
            }
        }
        let met = match &statement.actions {
            None => need(Truth::No, statement.span, &|| MissReason::Missing("Action")),
            Some(actions) => need(statement.covers_action(&self.request.action), actions.span, &|| MissReason::Action),
        };
        let met = met
            && match &statement.resources {
                // A trust policy speaks of its own role; IAM accepts no `Resource` there.
                _ if self.kind == PolicyKind::Trust => true,
                None if speaks_of_principals(self.kind) => true,
                None => need(Truth::No, statement.span, &|| MissReason::Missing("Resource")),
                Some(resources) => need(self.covers_resource(resources), resources.span, &|| MissReason::Resource),
            };
        let kept = statement.conditions.iter().enumerate().filter(|(number, _)| Some(*number) != without);
        let met = met
            && kept.into_iter().all(|(_, condition)| {
                let values = keys::values(self.request, &condition.key);
                let truth = operators::holds(condition, values.as_deref(), self.variables);
                need(truth, condition.span(), &|| miss(condition, values.as_deref()))
            });
        met && (!statement.conditions_open_ended
            || need(Truth::Maybe, statement.condition_span.unwrap_or(statement.span), &|| MissReason::NotKnown))
    }

    /// Actions that take no resource are asked about `*`.
    fn covers_resource(&self, resources: &Patterns) -> Truth {
        let resource = self.request.resource.as_deref().unwrap_or("*");
        resources.covers(|pattern| self.resource_matches(pattern, resource))
    }

    fn resource_matches(&self, pattern: &Text, resource: &str) -> Truth {
        match pattern.known() {
            Some(known) if !self.variables.leave(known) => match self.variables.fill(known) {
                Filled::Pieces(pieces) => matches(&pieces, resource).into(),
                Filled::Unresolved => Truth::No,
                Filled::Unknown => Truth::Maybe,
            },
            Some(_) => text_matches(pattern, resource),
            // A variable beside a hole can be anything too.
            None if !self.variables.leave(&widest(pattern)) => Truth::Maybe,
            None => text_matches(pattern, resource),
        }
    }
}

/// Whether statements of such policies name principals.
fn speaks_of_principals(kind: PolicyKind) -> bool {
    match kind {
        PolicyKind::Trust | PolicyKind::Resource | PolicyKind::Rcp => true,
        PolicyKind::Identity | PolicyKind::Scp | PolicyKind::Boundary | PolicyKind::Session => false,
    }
}

fn miss(condition: &Condition, values: Option<&[String]>) -> MissReason {
    let key = condition.key.clone();
    match values {
        Some(values) if !values.is_empty() => MissReason::Value { key, values: values.to_vec() },
        _ => MissReason::Absent { key },
    }
}
