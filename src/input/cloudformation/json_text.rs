//! Policies that a template gives as JSON text, with variables inside the text.

use super::intrinsics::{Call, Choices, Placed, Template};
use crate::diagnostic::Problem;
use crate::source::OffsetMap;
use crate::span::Span;
use crate::syntax::open_text;
use crate::value::{Hole, Kind, Part, PartRef, Text, Value};

/// While JSON is parsed, the hole `n` of the text stands as the private-use character `FIRST + n`.
const FIRST: u32 = 0xF_0000;
/// How many holes a text can have: the size of that private-use plane.
const MAX_HOLES: usize = 0xFFFD;

/// Why a JSON text was not read.
pub(super) enum Unread {
    /// Holes stand where the text's structure should be, or the text starts with one.
    Unknown(Hole),
    /// It is wrong.
    Wrong(Vec<Problem>),
}

/// The policy in the JSON text that `node` gives. A key with a hole in it is written as `${name}`, for keys are plain
/// strings.
pub(super) fn open<'s>(
    template: &Template<'s>,
    node: &'s Value<'s>,
    text: &Text,
    choices: &Choices<'s>,
) -> Result<Value<'static>, Unread> {
    let Some(call) = Call::of(node) else {
        return template.document.open(node).map_err(Unread::Wrong);
    };
    let mut json = Json::default();
    let placed = if call.name == "Sub" { template.sub_parts(call.argument, choices) } else { None };
    let map = match placed {
        Some((scalar, parts)) => {
            let mut map = OffsetMap::default();
            for Placed { at, verbatim, part } in parts {
                let inner = json.text.len();
                if verbatim {
                    map.plain(inner, at)
                } else {
                    map.escape(inner, at)
                }
                json.push(part);
            }
            template.document.map(scalar).map(|outer| outer.compose(&map))
        }
        None => {
            for part in text.parts() {
                json.push(match part {
                    PartRef::Literal(literal) => Part::Literal(literal.to_owned()),
                    PartRef::Hole(hole) => Part::Hole(hole.clone()),
                });
            }
            None
        }
    };
    let unknown = json.holes.first().cloned();
    // Text that starts with a hole is most often a hole as a whole.
    if let Some(hole) =
        unknown.clone().filter(|_| !json.text.trim_start().starts_with('{') || json.holes.len() > MAX_HOLES)
    {
        return Err(Unread::Unknown(hole));
    }
    match (open_text(&json.text, text.span, map.as_ref()), unknown) {
        (Ok(value), _) => Ok(fill(value, &json.holes)),
        (Err(_), Some(hole)) => Err(Unread::Unknown(hole)),
        (Err(problems), None) => Err(Unread::Wrong(problems)),
    }
}

/// JSON text with marks for the holes in it.
#[derive(Default)]
struct Json {
    text: String,
    holes: Vec<Hole>,
}

impl Json {
    fn push(&mut self, part: Part) {
        match part {
            // A character of that plane in the text itself would be taken for a hole.
            Part::Literal(literal) => self.text.push_str(&literal.replace(|c| u32::from(c) >= FIRST, "\u{FFFD}")),
            Part::Hole(hole) => {
                let mark = u32::try_from(self.holes.len()).ok().and_then(|at| char::from_u32(FIRST.saturating_add(at)));
                self.text.push(mark.unwrap_or('\u{FFFD}'));
                self.holes.push(hole);
            }
        }
    }
}

/// Put the holes in place of their characters.
fn fill(value: Value<'static>, holes: &[Hole]) -> Value<'static> {
    let Value { span, kind } = value;
    let kind = match kind {
        Kind::String(text) => return Value::text(Text::from_parts(parts(&text, holes), span)),
        Kind::List(items) => Kind::List(items.into_iter().map(|item| fill(item, holes)).collect()),
        Kind::Map(members) => Kind::Map(
            members
                .into_iter()
                .map(|mut member| {
                    member.key =
                        Text::from_parts(parts(&member.key, holes), Span::default()).display().into_owned().into();
                    member.value = fill(member.value, holes);
                    member
                })
                .collect(),
        ),
        Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Template(_) | Kind::Tagged(_) | Kind::Unknown(_) => kind,
    };
    Value { span, kind }
}

fn parts(text: &str, holes: &[Hole]) -> Vec<Part> {
    text.split_inclusive(|c| u32::from(c) >= FIRST)
        .flat_map(|piece| {
            let mark = piece.chars().next_back().filter(|c| u32::from(*c) >= FIRST);
            let literal = &piece[..piece.len() - mark.map_or(0, char::len_utf8)];
            let hole = mark.and_then(|mark| holes.get((u32::from(mark) - FIRST) as usize));
            let hole = hole.map(|hole| Part::Hole(hole.clone()));
            std::iter::once(Part::Literal(literal.to_owned())).chain(hole)
        })
        .collect()
}
