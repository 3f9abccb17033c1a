//! One request against one policy, with a trace: for each statement whether it applies and, if not, what it lacks.
//!
//! This is the plain reading of the IAM User Guide, one request at a time. It shares no code with whatever reasons about
//! all requests at once, so that each can be held against the other. A value that the file does not show makes an answer
//! `Maybe`, never a guess.

pub mod keys;
mod principals;

use super::operators;
use super::variables::{Filled, Piece, Variables, matches};
use crate::access::request::{Caller, Request};
use crate::access::undocumented::{self, Open};
use crate::policy::pattern::{Missing, glob, text_matches, widest};
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
    /// Where it is written.
    pub span: Span,
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
    /// It rests on what AWS does not document.
    Open(Open),
    /// The call needs no permission, and no policy keeps anybody from it.
    NeedsNoPermission,
    /// Policies of its kind have no say in such a request.
    NoSay(&'static str),
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
            MissReason::Open(open) => write!(f, "AWS does not document whether {}", open.claim),
            MissReason::NeedsNoPermission => f.write_str("the call needs no permission, and no policy denies it"),
            MissReason::NoSay(why) => f.write_str(why),
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

    /// The same of a policy that has no say in the request, for this reason: none of its statements applies.
    pub fn without_a_say(mut self, why: &'static str) -> Outcome {
        for trace in &mut self.statements {
            trace.applies = Truth::No;
            trace.matched_as.clear();
            let span = trace.span;
            trace.first_miss = Some(Miss { span, reason: MissReason::NoSay(why) });
        }
        Outcome { open_ended: false, ..self }
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

    /// Note a part of the statement. One that surely misses says more than an earlier one that may; one that rests on a
    /// question that AWS leaves open may be so for want of a document and not of a value.
    fn need(&mut self, truth: Truth, span: Span, open: Option<Open>, reason: &dyn Fn() -> MissReason) {
        if truth < self.applies {
            let reason = match (truth, open) {
                (Truth::Maybe, Some(open)) => MissReason::Open(open),
                (Truth::Maybe, None) => MissReason::NotKnown,
                (Truth::No | Truth::Yes, _) => reason(),
            };
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
    evaluation.needs(statement, without, &mut |truth, _, _, _| {
        applies = applies.and(truth);
        applies != Truth::No
    });
    applies
}

/// Whether a statement's principals cover a caller; a statement of a policy that names none covers everybody.
pub fn speaks_of(statement: &Statement, kind: PolicyKind, caller: &Caller) -> Truth {
    match &statement.principals {
        _ if !speaks_of_principals(kind) => Truth::Yes,
        Some(principals) => principals::cover(principals, statement.effect, kind, caller),
        None => Truth::No,
    }
}

/// Takes one part of a statement: whether it is met, where it stands, the open question that this rests on, why not. `false` ends the evaluation.
type Need<'n> = dyn FnMut(Truth, Span, Option<Open>, &dyn Fn() -> MissReason) -> bool + 'n;

struct Evaluation<'a> {
    kind: PolicyKind,
    request: &'a Request,
    variables: Variables<'a>,
}

impl Evaluation<'_> {
    fn statement(&self, statement: &Statement) -> StatementTrace {
        let mut trace = StatementTrace {
            statement: statement.index,
            span: statement.span,
            effect: statement.effect,
            applies: Truth::Yes,
            matched_as: Vec::new(),
            first_miss: None,
        };
        if let (true, Some(principals)) = (speaks_of_principals(self.kind), &statement.principals) {
            trace.matched_as = principals::covers(principals, statement.effect, self.kind, &self.request.caller).1;
        }
        self.needs(statement, None, &mut |truth, span, open, reason| {
            trace.need(truth, span, open, reason);
            true
        });
        trace
    }

    /// Everything that a statement needs of the request, in order, until `need` has enough. One of the conditions can be
    /// left out.
    fn needs(&self, statement: &Statement, without: Option<usize>, need: &mut Need<'_>) -> bool {
        if speaks_of_principals(self.kind) {
            let met = match &statement.principals {
                None => need(Truth::No, statement.span, None, &|| MissReason::Missing("Principal")),
                Some(principals) => {
                    let truth = principals::cover(principals, statement.effect, self.kind, &self.request.caller);
                    let open = match truth {
                        Truth::Maybe => principals::open_question(principals, &self.request.caller),
                        Truth::No | Truth::Yes => None,
                    };
                    need(truth, principals.span, open, &|| MissReason::Principal)
                }
            };
            if !met {
                return false;
            }
        }
        let met = match &statement.actions {
            None => need(Truth::No, statement.span, None, &|| MissReason::Missing("Action")),
            Some(actions) if needs_no_permission(&self.request.action) => {
                need(Truth::No, actions.span, None, &|| MissReason::NeedsNoPermission)
            }
            Some(actions) => {
                need(statement.covers_action(&self.request.action), actions.span, None, &|| MissReason::Action)
            }
        };
        let met = met
            && match &statement.resources {
                // A trust policy speaks of its own role; IAM accepts no `Resource` there.
                _ if self.kind == PolicyKind::Trust => true,
                None if speaks_of_principals(self.kind) => true,
                None => need(Truth::No, statement.span, None, &|| MissReason::Missing("Resource")),
                Some(resources) => {
                    let (truth, open) = self.covers_resource(resources);
                    need(truth, resources.span, open, &|| MissReason::Resource)
                }
            };
        let kept = statement.conditions.iter().enumerate().filter(|(number, _)| Some(*number) != without);
        let met = met
            && kept.into_iter().all(|(_, condition)| {
                let values = keys::values(self.request, &condition.key);
                let truth = operators::holds(condition, values.as_deref(), self.variables);
                need(truth, condition.span(), None, &|| miss(condition, values.as_deref()))
            });
        met && (!statement.conditions_open_ended
            || need(Truth::Maybe, statement.condition_span.unwrap_or(statement.span), None, &|| MissReason::NotKnown))
    }

    /// Whether the element covers the resource, and the open question that this rests on where it may. Actions that take
    /// no resource are asked about `*`.
    fn covers_resource(&self, resources: &Patterns) -> (Truth, Option<Open>) {
        let resource = self.request.resource.as_deref().unwrap_or("*");
        let truth = resources.covers(|pattern| self.resource_matches(pattern, resource));
        let open = truth == Truth::Maybe
            && undocumented::completes_arns(self.kind) == Truth::Maybe
            && !matches!(self.variables, Variables::Unknown)
            && !resources.open_ended
            && resources.items.iter().all(|item| item.known().is_some());
        (truth, open.then_some(undocumented::INCOMPLETE_ARN_ELSEWHERE))
    }

    fn resource_matches(&self, pattern: &Text, resource: &str) -> Truth {
        let missing = Missing::of(pattern, !matches!(self.variables, Variables::Literal));
        let as_written = || self.matches_with(pattern, "", resource);
        if missing == Missing::Fields(0) {
            return as_written();
        }
        let completed = match missing {
            Missing::Fields(_) => self.matches_with(pattern, missing.ending(), resource),
            Missing::Unknown => as_written().or(self.matches_with(pattern, missing.ending(), resource)),
        };
        match undocumented::completes_arns(self.kind) {
            Truth::Yes => completed,
            Truth::No => as_written(),
            Truth::Maybe if as_written() == completed => completed,
            Truth::Maybe => Truth::Maybe,
        }
    }

    /// Whether a pattern with this after it matches the resource.
    fn matches_with(&self, pattern: &Text, ending: &str, resource: &str) -> Truth {
        match pattern.known() {
            Some(known) if !self.variables.leave(known) => match self.variables.fill(known) {
                Filled::Pieces(mut pieces) => {
                    pieces.extend(ending.chars().map(|c| if c == '*' { Piece::Many } else { Piece::Char(c) }));
                    matches(&pieces, resource).into()
                }
                Filled::Unresolved => Truth::No,
                Filled::Unknown => Truth::Maybe,
            },
            _ if ending.is_empty() && pattern.known().is_some() => text_matches(pattern, resource),
            Some(known) => glob(&format!("{known}{ending}"), resource).into(),
            None => {
                let widest = widest(pattern);
                // A variable beside a hole can be anything too.
                let may = !self.variables.leave(&widest) || glob(&format!("{widest}{ending}"), resource);
                Truth::from_open(may)
            }
        }
    }
}

/// The call that tells callers who they are: it needs no permission, and a Deny does not stop it (AWS STS API Reference,
/// "GetCallerIdentity").
pub const GET_CALLER_IDENTITY: &str = "sts:GetCallerIdentity";

/// Whether a call needs no permission: no policy says anything about it.
pub fn needs_no_permission(action: &str) -> bool {
    action.eq_ignore_ascii_case(GET_CALLER_IDENTITY)
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
