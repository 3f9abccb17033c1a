//! What intrinsic functions give, as far as the template alone tells.
//!
//! From the AWS CloudFormation User Guide, Intrinsic function reference and Pseudo parameters reference. What only a
//! deployment knows becomes a [`Hole`](crate::value::Hole); parameters stay holes even with a default, for anybody may
//! set another value.

use super::loops::{Scope, is_loop};
use super::strings::{DYNAMIC, text_of};
use super::template::{Template, list_of, scalar, text_hole, too_far, unknown};
use crate::span::Span;
use crate::value::{Domain, Kind, Member, PartRef, Text, Value};
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

/// Conditions with the values that they have.
pub(super) type Branch<'s> = Vec<(&'s str, bool)>;

/// How a node is read: the branch to take for each condition and the loop variables around the node.
#[derive(Clone, Debug, Default)]
pub(super) struct Choices<'s> {
    /// Conditions with their values. `Fn::If` on any other is a value that is not known.
    pub taken: Rc<Branch<'s>>,
    /// The same by name.
    values: Rc<HashMap<&'s str, bool>>,
    /// The loop variables.
    pub scope: Scope<'s>,
    /// The conditions that were asked for.
    asked: Rc<RefCell<HashSet<&'s str>>>,
}

impl<'s> Choices<'s> {
    /// These branches, inside these loops.
    pub fn new(taken: Branch<'s>, scope: &Scope<'s>) -> Self {
        // Of two values of one name the first counts.
        let values = Rc::new(taken.iter().rev().copied().collect());
        Choices { taken: Rc::new(taken), values, scope: scope.clone(), asked: Rc::default() }
    }

    /// No branch, inside these loops.
    pub fn within(scope: &Scope<'s>) -> Self {
        Choices::new(Vec::new(), scope)
    }

    /// The same inside more loops.
    pub fn inside(&self, scope: Scope<'s>) -> Self {
        Choices { scope, ..self.clone() }
    }

    /// Whether a condition decided something that was read.
    pub fn was_asked(&self, condition: &str) -> bool {
        self.asked.borrow().contains(condition)
    }
}

/// A use of an intrinsic function.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call<'s> {
    /// The function: `Ref`, or the name after `Fn::`.
    pub name: &'s str,
    /// What it is applied to.
    pub argument: &'s Value<'s>,
    span: Span,
}

impl<'s> Call<'s> {
    /// The call that a node is, in the short form `!Sub x` or the long one `{"Fn::Sub": x}`.
    pub fn of(value: &'s Value<'s>) -> Option<Self> {
        let span = value.span;
        match &value.kind {
            Kind::Tagged(tagged) => {
                Some(Call { name: &tagged.tag, argument: &tagged.value, span: tagged.tag_span.join(span) })
            }
            Kind::Map(members) => match members.as_slice() {
                [member] if is_loop(member) => None,
                [Member { key, value: argument, .. }] => {
                    let name = if key == "Ref" { key } else { key.strip_prefix("Fn::")? };
                    Some(Call { name, argument, span })
                }
                // A macro beside members adds members to them.
                members => {
                    let member = members.iter().find(|member| member.key.starts_with("Fn::") && !is_loop(member))?;
                    Some(Call { name: "Transform", argument: &member.value, span })
                }
            },
            _ => None,
        }
    }

    /// The condition and the two branches of `Fn::If`.
    pub fn as_if(&self) -> Option<(&'s str, [&'s Value<'s>; 2])> {
        match (self.name, self.argument.as_list()?) {
            ("If", [condition, yes, no]) => Some((condition.as_str()?, [yes, no])),
            _ => None,
        }
    }

    /// Whether the call stands for nothing at all.
    pub fn is_no_value(&self) -> bool {
        self.name == "Ref" && self.argument.as_str() == Some("AWS::NoValue")
    }
}

/// The value of a loop variable, at the place that names the variable.
fn value_at<'s>(value: &Value<'s>, span: Span) -> Value<'s> {
    match value.as_text() {
        Some(text) => Value::text(Text::from_parts(text.parts().map(PartRef::to_part), span)),
        None => Value::new(value.kind.clone(), span),
    }
}

/// Whether reading a tree outside of loops gives the tree itself.
pub(super) fn is_plain<'s>(node: &'s Value<'s>) -> bool {
    Call::of(node).is_none()
        && match &node.kind {
            Kind::List(items) => items.iter().all(is_plain),
            Kind::Map(members) => members.iter().all(|member| !is_loop(member) && is_plain(&member.value)),
            Kind::String(text) => !text.contains(DYNAMIC),
            Kind::Null | Kind::Bool(_) | Kind::Number(_) => true,
            Kind::Template(_) | Kind::Tagged(_) | Kind::Unknown(_) => false,
        }
}

impl<'s> Template<'s> {
    /// The value with its intrinsic functions evaluated; `None` for `AWS::NoValue`.
    ///
    /// Recursion follows the tree, whose depth the parsers limit.
    pub fn resolve(&self, value: &'s Value<'s>, choices: &Choices<'s>) -> Option<Value<'s>> {
        match Call::of(value) {
            Some(call) => self.call(call, choices),
            None => Some(self.rebuild(value, choices)),
        }
    }

    /// The same node with its children evaluated.
    fn rebuild(&self, value: &'s Value<'s>, choices: &Choices<'s>) -> Value<'s> {
        if !self.spend(1) {
            return too_far(value.span);
        }
        let kind = match &value.kind {
            Kind::Null => Kind::Null,
            Kind::Bool(value) => Kind::Bool(*value),
            Kind::Number(text) => Kind::Number(Cow::Borrowed(text)),
            // `Fn::EnumTargetAccounts …` as plain text: a function of a tool that makes templates from this one.
            Kind::String(text) if text.starts_with("Fn::") => {
                return unknown(text.as_ref(), "a function that CloudFormation does not have", value.span);
            }
            Kind::String(text) => match self.plain_text(text, &choices.scope) {
                Some(parts) => return Value::text(text_of(parts, value.span)),
                None => Kind::String(Cow::Borrowed(text)),
            },
            Kind::List(items) => Kind::List(items.iter().filter_map(|item| self.resolve(item, choices)).collect()),
            Kind::Map(members) if choices.scope.is_empty() && !members.iter().any(is_loop) => {
                let member = |member: &'s Member<'s>| {
                    let value = self.resolve(&member.value, choices)?;
                    Some(Member { key: Cow::Borrowed(&member.key), key_span: member.key_span, value })
                };
                Kind::Map(members.iter().filter_map(member).collect())
            }
            Kind::Map(members) => {
                let mut made = Vec::new();
                for entry in self.entries(members, choices) {
                    if let Some(value) = self.resolve(entry.value, &choices.inside(entry.scope)) {
                        made.push(Member { key: entry.key, key_span: entry.key_span, value });
                    }
                }
                // Some members may be missing.
                if self.is_exhausted() {
                    return too_far(value.span);
                }
                Kind::Map(made)
            }
            Kind::Template(_) | Kind::Tagged(_) | Kind::Unknown(_) => value.kind.clone(),
        };
        Value::new(kind, value.span)
    }

    fn call(&self, call: Call<'s>, choices: &Choices<'s>) -> Option<Value<'s>> {
        let Call { name, argument, span } = call;
        if !self.spend(1) {
            return Some(too_far(span));
        }
        let known = match name {
            _ if call.is_no_value() => return None,
            "Ref" => self.name(argument, choices).map(|name| match choices.scope.get(&name) {
                Some(value) => value_at(value, span),
                None => self.reference(&name, span),
            }),
            "If" => {
                let branches = call.as_if();
                let taken = branches.and_then(|(condition, [yes, no])| {
                    let holds = choices.values.get(condition)?;
                    choices.asked.borrow_mut().insert(condition);
                    Some(if *holds { yes } else { no })
                });
                match taken {
                    Some(branch) => return self.resolve(branch, choices),
                    None => None,
                }
            }
            "Sub" => self.sub(argument, choices),
            "Join" => self.join(argument, choices, span),
            "GetAtt" => self.attribute_of(argument, choices, span),
            "Select" => self.select(argument, choices, span),
            "Split" => self.split(argument, choices, span),
            "Length" => self.length(argument, choices, span),
            "FindInMap" => match self.find_in_map(argument, choices, span) {
                Some(found) => return found,
                None => None,
            },
            "ImportValue" => Some(text_hole(
                self.named("Fn::ImportValue", span, choices),
                "a value of another stack",
                Domain::Text,
                None,
                span,
            )),
            // A policy is read the same as an object or as the JSON text of it.
            "ToJsonString" => return self.resolve(argument, choices),
            _ => None,
        };
        Some(known.unwrap_or_else(|| {
            unknown(self.named(&format!("Fn::{name}"), span, choices), "a value that only a deployment knows", span)
        }))
    }

    /// A name for a call: what is written there, with the values of the loop variables around it.
    pub fn named(&self, what: &str, span: Span, choices: &Choices<'s>) -> String {
        let mut name = self.written(what, span);
        for (variable, value) in choices.scope.variables() {
            let value = value.as_text().map(|text| text.display().into_owned()).unwrap_or_default();
            name.push_str(&format!(", {variable} = {value}"));
        }
        name
    }

    /// A name that is given as a string, or by functions that are known.
    fn name(&self, value: &'s Value<'s>, choices: &Choices<'s>) -> Option<Cow<'s, str>> {
        match &value.kind {
            Kind::String(text) => Some(Cow::Borrowed(text)),
            _ => self.resolve(value, choices)?.as_str().map(|name| Cow::Owned(name.to_owned())),
        }
    }

    /// `resource.attribute` or `[resource, attribute]`.
    fn attribute_of(&self, argument: &'s Value<'s>, choices: &Choices<'s>, span: Span) -> Option<Value<'s>> {
        let (resource, attribute) = match argument.as_list() {
            Some([resource, attribute]) => (self.name(resource, choices)?, self.name(attribute, choices)?),
            Some(_) => return None,
            None => {
                let (resource, attribute) = argument.as_str()?.split_once('.')?;
                (Cow::Borrowed(resource), Cow::Borrowed(attribute))
            }
        };
        Some(self.attribute(&resource, &attribute, span))
    }

    /// `[index, list]`.
    fn select(&self, argument: &'s Value<'s>, choices: &Choices<'s>, span: Span) -> Option<Value<'s>> {
        let [index, list] = argument.as_list()? else { return None };
        let index: usize = scalar(&self.resolve(index, choices)?)?.trim().parse().ok()?;
        match self.resolve(list, choices)?.kind {
            Kind::List(mut items) if index < items.len() => Some(items.swap_remove(index)),
            Kind::Unknown(of) => {
                Some(text_hole(format!("{}[{index}]", of.name), "an element of a list", Domain::Text, None, span))
            }
            _ => None,
        }
    }

    /// `[delimiter, string]`.
    fn split(&self, argument: &'s Value<'s>, choices: &Choices<'s>, span: Span) -> Option<Value<'s>> {
        let [delimiter, string] = argument.as_list()? else { return None };
        let delimiter = delimiter.as_str().filter(|delimiter| !delimiter.is_empty())?;
        let text = self.resolve(string, choices)?.as_text()?;
        if let Some(known) = text.known() {
            self.spend(known.len()).then_some(())?;
            let items = known.split(delimiter).map(|item| Value::string(item.to_owned(), text.span));
            return Some(Value::new(Kind::List(items.collect()), span));
        }
        let of = text.only_hole()?;
        let name = format!("{} split at `{delimiter}`", of.name);
        Some(list_of(&name, of.why, of.default.as_deref(), delimiter, &Domain::Text, span))
    }

    /// How long a list is. A parameter's list can have another length than its default.
    fn length(&self, argument: &'s Value<'s>, choices: &Choices<'s>, span: Span) -> Option<Value<'s>> {
        let Kind::List(items) = self.resolve(argument, choices)?.kind else { return None };
        let length = items.len().to_string();
        if Call::of(argument).is_none() || items.iter().all(|item| scalar(item).is_some()) {
            return Some(Value::new(Kind::Number(length.into()), span));
        }
        let name = self.named("Fn::Length", span, choices);
        Some(text_hole(name, "the length of a list", Domain::Text, Some(&length), span))
    }
}
