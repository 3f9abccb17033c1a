//! The IAM policy language as types, each with the place it was written at.
//!
//! [`lower`](lower::lower) makes a [`Policy`] from any value and never fails: what is wrong stays as a [`Fact`] for the
//! rules that tell people what IAM would reject. The grammar is that of the IAM User Guide, "Grammar of the IAM JSON
//! policy language".

pub mod condition;
pub mod lower;
pub mod normal;
pub mod pattern;
pub mod principal;
pub mod print;

use crate::span::Span;
use crate::value::{Domain, Hole, Kind, Text, Value};
pub use condition::{BaseOperator, Condition, Operator, SetOperator};
pub use lower::lower;
pub use pattern::Truth;
pub use principal::{Principal, PrincipalKind};
use std::borrow::Cow;

/// One policy document.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The whole document.
    pub span: Span,
    /// `Version`, as written.
    pub version: Option<Text>,
    /// The statements, in order.
    pub statements: Vec<Statement>,
    /// Whether there may be statements that the file does not show.
    pub open_ended: bool,
    /// What is wrong with the document's form.
    pub facts: Vec<Fact>,
}

/// One statement.
#[derive(Clone, Debug)]
pub struct Statement {
    /// Its place in the list, from 0.
    pub index: usize,
    /// The whole statement.
    pub span: Span,
    /// `Sid`.
    pub sid: Option<Text>,
    /// `Effect`.
    pub effect: Effect,
    /// `Principal` or `NotPrincipal`.
    pub principals: Option<Principals>,
    /// `Action` or `NotAction`.
    pub actions: Option<Patterns>,
    /// `Resource` or `NotResource`.
    pub resources: Option<Patterns>,
    /// Every key of every operator of `Condition`; all of them must hold.
    pub conditions: Vec<Condition>,
    /// The `Condition` element's value.
    pub condition_span: Option<Span>,
    /// Whether there may be conditions that the file does not show.
    pub conditions_open_ended: bool,
}

/// What a statement does with the requests that it matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Allows them, unless another statement denies them.
    Allow,
    /// Denies them, whatever else is said.
    Deny,
    /// Not known, or not a word that IAM knows.
    Unknown,
}

/// `Principal` or `NotPrincipal` of a statement.
#[derive(Clone, Debug)]
pub struct Principals {
    /// Whether it is `NotPrincipal`.
    pub negated: bool,
    /// The element's name.
    pub key_span: Span,
    /// The element's value.
    pub span: Span,
    /// The principals that are listed.
    pub entries: Vec<Principal>,
    /// Whether there may be principals that the file does not show.
    pub open_ended: bool,
}

/// A list of patterns: `Action`, `NotAction`, `Resource` or `NotResource` of a statement.
#[derive(Clone, Debug)]
pub struct Patterns {
    /// Whether it is the `Not…` element.
    pub negated: bool,
    /// The element's name.
    pub key_span: Span,
    /// The element's value.
    pub span: Span,
    /// The patterns.
    pub items: Vec<Text>,
    /// Whether there may be patterns that the file does not show.
    pub open_ended: bool,
}

/// Something that is wrong with a document's form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// Where.
    pub span: Span,
    /// The statement it is in, if any.
    pub statement: Option<usize>,
    /// What.
    pub kind: FactKind,
}

/// The sorts of wrong form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FactKind {
    /// An element that the language does not have.
    UnknownElement {
        /// What was written.
        name: String,
        /// The element that was probably meant.
        meant: Option<&'static str>,
    },
    /// A value of the wrong sort.
    WrongSort {
        /// The element.
        element: String,
        /// What it takes: "a string or a list of strings".
        expected: &'static str,
        /// What was found: "a number".
        found: &'static str,
    },
    /// A required element is missing.
    Missing {
        /// The element, or the two of which one is required: "Action or NotAction".
        element: &'static str,
    },
    /// An element and its negation, of which a statement may have one.
    Both {
        /// `Action`.
        element: &'static str,
    },
    /// A list or object without members where one is needed.
    Empty {
        /// The element.
        element: String,
    },
}

/// Every hole of a document with its place, in order.
pub fn holes<'v>(value: &'v Value<'_>, found: &mut Vec<(Span, Cow<'v, Hole>)>) {
    match &value.kind {
        Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::String(_) => {}
        Kind::Template(text) => found.extend(text.holes().map(|hole| (value.span, Cow::Borrowed(hole)))),
        Kind::List(items) => items.iter().for_each(|item| holes(item, found)),
        Kind::Map(members) => members.iter().for_each(|member| holes(&member.value, found)),
        Kind::Unknown(hole) => found.push((value.span, Cow::Borrowed(hole))),
        Kind::Tagged(tagged) => {
            let hole = Hole {
                name: format!("!{}", tagged.tag),
                why: "a tag without a known meaning",
                domain: Domain::Any,
                default: None,
            };
            found.push((value.span, Cow::Owned(hole)));
        }
    }
}

impl Policy {
    /// Every condition.
    pub fn conditions(&self) -> impl Iterator<Item = &Condition> {
        self.statements.iter().flat_map(|statement| &statement.conditions)
    }

    /// The policy as it is when nobody chooses other values: values of conditions with their defaults in place of holes;
    /// `None` if no condition has any. A verdict that rests on it is `likely`.
    pub fn with_defaults(&self) -> Option<Policy> {
        let by_default = |value: &Text| value.known().is_none() && value.likely().is_some();
        if !self.conditions().flat_map(|condition| &condition.values).any(by_default) {
            return None;
        }
        let mut policy = self.clone();
        for condition in policy.statements.iter_mut().flat_map(|statement| &mut statement.conditions) {
            for value in &mut condition.values {
                if value.known().is_none()
                    && let Some(text) = value.likely()
                {
                    *value = Text::literal(text, value.span);
                }
            }
        }
        Some(policy)
    }
}

impl Statement {
    /// How messages name the statement: its Sid, or its number from 1.
    pub fn name(&self) -> String {
        match self.sid.as_ref().map(Text::display) {
            Some(sid) if !sid.is_empty() => sid.into_owned(),
            _ => format!("#{}", self.index + 1),
        }
    }

    /// Whether the statement denies; one whose effect is not known may.
    pub fn denies(&self) -> Truth {
        match self.effect {
            Effect::Deny => Truth::Yes,
            Effect::Unknown => Truth::Maybe,
            Effect::Allow => Truth::No,
        }
    }

    /// The principals that `Principal` lists; none under `NotPrincipal`.
    pub fn listed_principals(&self) -> &[Principal] {
        match &self.principals {
            Some(principals) if !principals.negated => &principals.entries,
            _ => &[],
        }
    }

    /// Whether the statement covers this action, `service:Name`.
    pub fn covers_action(&self, action: &str) -> Truth {
        self.actions
            .as_ref()
            .map_or(Truth::No, |actions| actions.covers(|pattern| pattern::action_matches(pattern, action)))
    }

    /// Whether the statement covers every caller that a principal stands for.
    pub fn covers_principal(&self, caller: &Principal) -> Truth {
        let Some(principals) = &self.principals else { return Truth::No };
        let listed = principals
            .entries
            .iter()
            .map(|entry| entry.kind.includes(&caller.kind))
            .fold(Truth::from_open(principals.open_ended), Truth::or);
        if principals.negated { listed.not() } else { listed }
    }

    /// Whether the statement covers every resource.
    pub fn covers_every_resource(&self) -> Truth {
        match &self.resources {
            Some(resources) if !resources.negated => resources.covers(|pattern| {
                // `arn:*` style patterns cover every ARN, though not the `*` of actions that take no resource.
                let all = pattern.known().map(|text| text.chars().all(|c| c == '*') && !text.is_empty());
                all.map_or(Truth::Maybe, Truth::from)
            }),
            _ => Truth::No,
        }
    }
}

impl Patterns {
    /// Where the element speaks of an action: the pattern that covers it, or the name of the `Not…` element.
    pub fn place_of(&self, action: &str) -> Span {
        let covering = |item: &&Text| pattern::action_matches(item, action) > Truth::No;
        match self.items.iter().find(covering) {
            Some(item) if !self.negated => item.span,
            _ if self.negated => self.key_span,
            _ => self.span,
        }
    }

    /// Whether the element covers what `matches` says of each of its patterns; `Not…` turns the answer round.
    pub fn covers(&self, matches: impl Fn(&Text) -> Truth) -> Truth {
        let listed = self.items.iter().map(matches).fold(Truth::from_open(self.open_ended), Truth::or);
        if self.negated { listed.not() } else { listed }
    }
}
