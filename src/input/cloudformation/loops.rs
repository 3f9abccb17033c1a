//! `Fn::ForEach`: one fragment for each value of a collection.
//!
//! From the AWS CloudFormation Template Reference, "Fn::ForEach": the body of the loop is repeated in the object that
//! holds the loop, and `${Identifier}` in keys and values gives way to the value. `&{Identifier}` gives way to its letters
//! and digits. Nothing is copied: a node keeps its place and is read with the variables that hold there.

use super::intrinsics::Choices;
use super::template::{Template, hole};
use crate::span::Span;
use crate::value::{Domain, Kind, Member, Part, Text, Value};
use std::borrow::Cow;
use std::rc::Rc;

/// What the passes of a loop cost beside the nodes that they make.
const PASS: usize = 8;

/// The loop variables around a node.
#[derive(Clone, Debug, Default)]
pub(super) struct Scope<'s>(Option<Rc<Variable<'s>>>);

#[derive(Debug)]
struct Variable<'s> {
    name: &'s str,
    value: Value<'s>,
    outer: Scope<'s>,
}

impl<'s> Scope<'s> {
    /// The value of a variable, of the innermost loop that has one with this name.
    pub fn get(&self, name: &str) -> Option<&Value<'s>> {
        self.variables().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// Every variable with its value, the innermost first.
    pub fn variables(&self) -> impl Iterator<Item = (&'s str, &Value<'s>)> {
        std::iter::successors(self.0.as_deref(), |variable| variable.outer.0.as_deref())
            .map(|variable| (variable.name, &variable.value))
    }

    /// Whether no loop is around the node.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    fn with(&self, name: &'s str, value: Value<'s>) -> Self {
        Scope(Some(Rc::new(Variable { name, value, outer: self.clone() })))
    }
}

/// A member of an object in which the loops were run.
#[derive(Clone, Debug)]
pub(super) struct Entry<'s> {
    /// The key with the loop variables filled in. One whose value is not known stays as `${name}`.
    pub key: Cow<'s, str>,
    /// Where the key was written.
    pub key_span: Span,
    /// The value, to be read in `scope`.
    pub value: &'s Value<'s>,
    /// The loop variables around the value.
    pub scope: Scope<'s>,
}

/// Whether a member is a loop and not a member of its own.
pub(super) fn is_loop(member: &Member<'_>) -> bool {
    member.key.starts_with("Fn::ForEach::")
}

impl<'s> Template<'s> {
    /// The members of an object with those that its loops make, in order.
    pub fn entries(&self, members: &'s [Member<'s>], choices: &Choices<'s>) -> Vec<Entry<'s>> {
        let mut entries = Vec::new();
        self.collect(members, choices, usize::MAX, &mut entries);
        entries
    }

    /// The same, but no more than `limit`; false when there would be more.
    pub fn first_entries(&self, members: &'s [Member<'s>], limit: usize) -> (Vec<Entry<'s>>, bool) {
        let mut entries = Vec::new();
        let all = self.collect(members, &Choices::default(), limit, &mut entries);
        (entries, all)
    }

    fn collect(
        &self,
        members: &'s [Member<'s>],
        choices: &Choices<'s>,
        limit: usize,
        entries: &mut Vec<Entry<'s>>,
    ) -> bool {
        for member in members {
            match member.value.as_list() {
                Some([variable, collection, body]) if is_loop(member) => {
                    let (Some(variable), Some(body)) = (variable.as_str(), body.as_map()) else { continue };
                    for value in self.collection(variable, collection, choices) {
                        let inner = choices.inside(choices.scope.with(variable, value));
                        if !self.spend(PASS) || !self.collect(body, &inner, limit, entries) {
                            return false;
                        }
                    }
                }
                _ if entries.len() >= limit => return false,
                _ => entries.push(Entry {
                    key: self.key(&member.key, choices),
                    key_span: member.key_span,
                    value: &member.value,
                    scope: choices.scope.clone(),
                }),
            }
        }
        true
    }

    /// The values of a loop variable. Where the collection is not known the body is read once, with a value that is not
    /// known.
    fn collection(&self, variable: &str, collection: &'s Value<'s>, choices: &Choices<'s>) -> Vec<Value<'s>> {
        let list = self.resolve(collection, choices).map(|value| value.kind);
        if let Some(Kind::List(items)) = list {
            return items;
        }
        let why = "a loop variable, and the collection of the loop is not known";
        let text = Text::hole(hole(variable, why, Domain::Text, None), collection.span);
        vec![Value::text(text)]
    }

    fn key(&self, key: &'s str, choices: &Choices<'s>) -> Cow<'s, str> {
        match self.fill(key, &choices.scope) {
            None => Cow::Borrowed(key),
            // A value that a parameter's default gives names the member, for want of a better name.
            Some(parts) => {
                let text = Text::from_parts(parts.into_iter().map(|placed| placed.part), Span::default());
                Cow::Owned(text.likely().unwrap_or_else(|| text.display()).into_owned())
            }
        }
    }

    /// What a loop variable gives where it is written `${name}`, or as `&{name}` when only letters and digits are wanted.
    pub fn loop_variable(&self, name: &str, plain: bool, scope: &Scope<'s>) -> Option<Vec<Part>> {
        let mut parts = self.parts(scope.get(name)?.clone());
        if plain {
            for part in &mut parts {
                if let Part::Literal(text) = part {
                    text.retain(|c| c.is_ascii_alphanumeric());
                }
            }
        }
        Some(parts)
    }
}
