//! Strings that are put together: `Fn::Sub`, `Fn::Join`, loop variables in plain text and dynamic references.

use super::intrinsics::{Call, Choices};
use super::loops::Scope;
use super::template::{Template, hole, text_hole};
use crate::span::Span;
use crate::value::{Domain, Kind, Part, PartRef, Text, Value};

/// A part of a string that was put together, with the place it comes from.
#[derive(Debug)]
pub(super) struct Placed {
    /// Offset of the part in the text as it was written.
    pub at: usize,
    /// Whether the part stands there as it is, and is not the value of the variable that stands there.
    pub verbatim: bool,
    /// The part.
    pub part: Part,
}

/// What a string was put together from.
pub(super) struct Assembled<'s> {
    /// The node with the text.
    pub scalar: &'s Value<'s>,
    /// The parts of the result.
    pub parts: Vec<Placed>,
    /// Whether the offsets of the parts are offsets in the text of the node.
    pub mapped: bool,
}

impl<'s> Template<'s> {
    /// `Fn::Sub`.
    pub fn sub(&self, argument: &'s Value<'s>, choices: &Choices<'s>) -> Option<Value<'s>> {
        let Assembled { scalar, parts, .. } = self.sub_parts(argument, choices)?;
        Some(Value::text(text_of(parts, scalar.span)))
    }

    /// What `Fn::Sub` makes of `[template, variables]` or a template alone.
    pub fn sub_parts(&self, argument: &'s Value<'s>, choices: &Choices<'s>) -> Option<Assembled<'s>> {
        let (scalar, variables) = match argument.as_list() {
            Some([scalar]) => (scalar, None),
            Some([scalar, variables]) => (scalar, Some(variables)),
            Some(_) => return None,
            None => (argument, None),
        };
        let mut parts = Vec::new();
        let mapped = match &scalar.kind {
            Kind::String(text) => {
                self.sub_text(text, variables, choices, scalar.span, &mut parts)?;
                true
            }
            // Another tool filled in a part of it.
            Kind::Template(text) => {
                for part in text.parts() {
                    match part {
                        PartRef::Literal(text) => self.sub_text(text, variables, choices, scalar.span, &mut parts)?,
                        PartRef::Hole(hole) => {
                            parts.push(Placed { at: 0, verbatim: false, part: Part::Hole(hole.clone()) });
                        }
                    }
                }
                false
            }
            Kind::Null
            | Kind::Bool(_)
            | Kind::Number(_)
            | Kind::List(_)
            | Kind::Map(_)
            | Kind::Tagged(_)
            | Kind::Unknown(_) => return None,
        };
        Some(Assembled { scalar, parts: dynamic_references(parts), mapped })
    }

    fn sub_text(
        &self,
        text: &str,
        variables: Option<&'s Value<'s>>,
        choices: &Choices<'s>,
        span: Span,
        parts: &mut Vec<Placed>,
    ) -> Option<()> {
        self.spend(text.len()).then_some(())?;
        let mut put = |at, verbatim, part| parts.push(Placed { at, verbatim, part });
        for Piece { at, text, sort } in pieces(text) {
            match sort {
                Sort::Literal => put(at, true, Part::Literal(text.to_owned())),
                Sort::Escaped(name) => {
                    put(at, true, Part::Literal("${".to_owned()));
                    put(at + "${!".len(), true, Part::Literal(format!("{name}}}")));
                }
                Sort::Plain(name) => match self.loop_variable(name, true, &choices.scope) {
                    Some(values) => values.into_iter().for_each(|part| put(at, false, part)),
                    None => put(at, true, Part::Literal(text.to_owned())),
                },
                Sort::Variable(name) => {
                    let parts = self.variable(name, variables, choices, span);
                    parts.into_iter().for_each(|part| put(at, false, part));
                }
            }
        }
        Some(())
    }

    /// What `${name}` stands for.
    fn variable(&self, name: &str, variables: Option<&'s Value<'s>>, choices: &Choices<'s>, span: Span) -> Vec<Part> {
        if let Some(parts) = self.loop_variable(name, false, &choices.scope) {
            return parts;
        }
        if let Some(variables) = variables.filter(|map| self.spend(map.as_map().map_or(0, <[_]>::len)))
            && let Some(value) = variables.get(name)
        {
            let value = self.resolve(value, choices);
            return value.map_or_else(Vec::new, |value| self.parts(value));
        }
        // `${aws:username}` belongs to IAM. It should have been written `${!aws:username}`.
        if name.contains(':') && !name.starts_with("AWS::") {
            return vec![Part::Literal(format!("${{{name}}}"))];
        }
        let value = match name.split_once('.') {
            Some((resource, attribute)) if !self.has_parameter(name) => self.attribute(resource, attribute, span),
            _ => self.reference(name, span),
        };
        match value.kind {
            // A list has no place in a string, so this is whatever the list's name says.
            Kind::List(_) => vec![Part::Hole(hole(name, "a list used as a string", Domain::Text, None))],
            _ => self.parts(value),
        }
    }

    /// A plain string with the loop variables and dynamic references in it; `None` when it has none.
    pub fn plain_text(&self, text: &str, scope: &Scope<'s>) -> Option<Vec<Placed>> {
        let filled = self.fill(text, scope);
        if filled.is_none() && !text.contains(DYNAMIC) {
            return None;
        }
        let whole = || vec![Placed { at: 0, verbatim: true, part: Part::Literal(text.to_owned()) }];
        Some(dynamic_references(filled.unwrap_or_else(whole)))
    }

    /// A text with the loop variables in it filled in; `None` when it has none.
    pub fn fill(&self, text: &str, scope: &Scope<'s>) -> Option<Vec<Placed>> {
        if scope.is_empty() || !self.spend(text.len()) {
            return None;
        }
        let mut any = false;
        let mut parts = Vec::new();
        for Piece { at, text, sort } in pieces(text) {
            let values = match sort {
                Sort::Variable(name) => self.loop_variable(name, false, scope),
                Sort::Plain(name) => self.loop_variable(name, true, scope),
                Sort::Literal | Sort::Escaped(_) => None,
            };
            match values {
                Some(values) => {
                    any = true;
                    parts.extend(values.into_iter().map(|part| Placed { at, verbatim: false, part }));
                }
                None => parts.push(Placed { at, verbatim: true, part: Part::Literal(text.to_owned()) }),
            }
        }
        any.then_some(parts)
    }

    /// `Fn::Join` of `[delimiter, list]`.
    pub fn join(&self, argument: &'s Value<'s>, choices: &Choices<'s>, span: Span) -> Option<Value<'s>> {
        let [delimiter, list] = argument.as_list()? else { return None };
        let delimiter = self.resolve(delimiter, choices)?;
        let delimiter = delimiter.as_str()?;
        // A parameter's list can have another length than its default, so its join is one hole.
        if let Some(name) = Call::of(list).filter(|call| call.name == "Ref").and_then(|call| call.argument.as_str())
            && self.has_parameter(name)
        {
            let Kind::List(items) = self.list_parameter(name, span)?.kind else { return None };
            let defaults: Option<Vec<_>> =
                items.iter().map(|item| Some(item.as_text()?.likely()?.into_owned())).collect();
            let default = defaults.map(|defaults| defaults.join(delimiter)).filter(|text| self.spend(text.len()));
            let name = format!("{name} joined with `{delimiter}`");
            return Some(text_hole(name, "a list parameter", Domain::Text, default.as_deref(), span));
        }
        let Kind::List(items) = self.resolve(list, choices)?.kind else { return None };
        let mut parts = Vec::new();
        for (at, item) in items.into_iter().enumerate() {
            if at > 0 {
                self.spend(delimiter.len()).then_some(())?;
                parts.push(Part::Literal(delimiter.to_owned()));
            }
            parts.extend(self.parts(item));
        }
        let parts = parts.into_iter().map(|part| Placed { at: 0, verbatim: false, part }).collect();
        Some(Value::text(text_of(dynamic_references(parts), span)))
    }

    /// A value as parts of a string.
    pub fn parts(&self, value: Value<'s>) -> Vec<Part> {
        match value.kind {
            Kind::String(text) if self.spend(text.len()) => vec![Part::Literal(text.into_owned())],
            Kind::Number(text) => vec![Part::Literal(text.into_owned())],
            Kind::Bool(value) => vec![Part::Literal(value.to_string())],
            Kind::Template(text) => text.parts().map(PartRef::to_part).collect(),
            Kind::Unknown(mut of) => {
                if of.domain == Domain::Any {
                    of.domain = Domain::Text;
                }
                vec![Part::Hole(*of)]
            }
            Kind::String(_) | Kind::Null | Kind::List(_) | Kind::Map(_) | Kind::Tagged(_) => {
                let name = self.written("value", value.span);
                vec![Part::Hole(hole(name, "a value that has no place in a string", Domain::Text, None))]
            }
        }
    }
}

/// The string that the parts make.
pub(super) fn text_of(parts: Vec<Placed>, span: Span) -> Text {
    Text::from_parts(parts.into_iter().map(|placed| placed.part), span)
}

/// How a dynamic reference begins: `{{resolve:ssm:name}}`, a value that CloudFormation looks up when it deploys
/// (CloudFormation User Guide, "Get values stored in other services using dynamic references").
pub(super) const DYNAMIC: &str = "{{resolve:";

/// The parts with each dynamic reference as one hole. Functions may have made some of its text.
fn dynamic_references(parts: Vec<Placed>) -> Vec<Placed> {
    if !parts.iter().any(|placed| matches!(&placed.part, Part::Literal(text) if text.contains(DYNAMIC))) {
        return parts;
    }
    let mut done: Vec<Placed> = Vec::new();
    // The reference that is being read: where it begins and its name so far.
    let mut open: Option<(usize, String)> = None;
    for Placed { at, verbatim, part } in parts {
        let text = match (part, &mut open) {
            (Part::Literal(text), _) => text,
            (Part::Hole(hole), Some((_, name))) => {
                name.push_str("${");
                name.push_str(&hole.name);
                name.push('}');
                continue;
            }
            (part @ Part::Hole(_), None) => {
                done.push(Placed { at, verbatim, part });
                continue;
            }
        };
        let mut rest = text.as_str();
        loop {
            let offset = if verbatim { at + (text.len() - rest.len()) } else { at };
            let mut put = |at, verbatim, part| done.push(Placed { at, verbatim, part });
            match open.take() {
                Some((start, mut name)) => {
                    let Some((inside, after)) = rest.split_once("}}") else {
                        name.push_str(rest);
                        open = Some((start, name));
                        break;
                    };
                    name.push_str(inside);
                    let why = "a value that CloudFormation looks up when it deploys";
                    put(start, false, Part::Hole(hole(name, why, Domain::Text, None)));
                    rest = after;
                }
                None => {
                    let Some((before, after)) = rest.split_once(DYNAMIC) else {
                        put(offset, verbatim, Part::Literal(rest.to_owned()));
                        break;
                    };
                    put(offset, verbatim, Part::Literal(before.to_owned()));
                    let start = if verbatim { offset + before.len() } else { at };
                    open = Some((start, DYNAMIC.trim_start_matches('{').to_owned()));
                    rest = after;
                }
            }
        }
    }
    // One that never ends is text.
    if let Some((at, name)) = open {
        done.push(Placed { at, verbatim: false, part: Part::Literal(format!("{{{{{name}")) });
    }
    done
}

/// A piece of a text with variables.
struct Piece<'a> {
    /// Its offset in the text.
    at: usize,
    /// As it is written.
    text: &'a str,
    sort: Sort<'a>,
}

enum Sort<'a> {
    Literal,
    /// `${!name}`, which `Fn::Sub` makes `${name}`.
    Escaped(&'a str),
    /// `${name}`.
    Variable(&'a str),
    /// `&{name}`, which is a loop variable or nothing.
    Plain(&'a str),
}

/// The pieces of a text with variables, in order.
fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let last_brace = text.rfind('}').unwrap_or(0);
    let mut rest = text;
    std::iter::from_fn(move || {
        let at = text.len() - rest.len();
        let variable = |opening| rest.strip_prefix(opening).filter(|_| at < last_brace)?.split_once('}');
        let found = match variable("${") {
            Some((name, after)) => {
                Some((name.strip_prefix('!').map_or(Sort::Variable(name.trim()), Sort::Escaped), after))
            }
            None => variable("&{").map(|(name, after)| (Sort::Plain(name.trim()), after)),
        };
        if let Some((sort, after)) = found {
            let written = &rest[..rest.len() - after.len()];
            rest = after;
            return Some(Piece { at, text: written, sort });
        }
        // The first character is taken even where it opens a variable that never ends.
        let from = rest.chars().next()?.len_utf8();
        let opens = |at: &usize| matches!(rest.as_bytes()[*at..], [b'$' | b'&', b'{', ..]);
        let (literal, after) = rest.split_at((from..rest.len()).find(opens).unwrap_or(rest.len()));
        rest = after;
        Some(Piece { at, text: literal, sort: Sort::Literal })
    })
}
