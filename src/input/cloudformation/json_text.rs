//! Policies that a template gives as JSON text, with variables inside the text.

use super::intrinsics::Template;
use crate::diagnostic::Problem;
use crate::span::Span;
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

/// The policy that a JSON text holds. A key with a hole in it is written as `${name}`, for keys are plain strings.
pub(super) fn open(template: &Template<'_>, text: &Text) -> Result<Value<'static>, Unread> {
    if let Some(known) = text.known() {
        let node = Value::string(known.to_owned(), text.span);
        return template.document.open(&node).map_err(Unread::Wrong);
    }
    let holes: Vec<&Hole> = text.holes().collect();
    let first = || Unread::Unknown((*holes.first().expect("a text that is not known has a hole")).clone());
    let starts_known = matches!(text.parts().next(), Some(PartRef::Literal(_)));
    if !starts_known || holes.len() > MAX_HOLES {
        return Err(first());
    }
    let mut at = FIRST..;
    let json: String = text
        .parts()
        .flat_map(|part| {
            match part {
                // A character of that plane in the text itself would be taken for a hole.
                PartRef::Literal(literal) => literal.replace(|c| u32::from(c) >= FIRST, "\u{FFFD}"),
                PartRef::Hole(_) => at.next().and_then(char::from_u32).map(String::from).unwrap_or_default(),
            }
            .chars()
            .collect::<Vec<_>>()
        })
        .collect();
    match template.document.open(&Value::string(json, text.span)) {
        Ok(value) => Ok(fill(value, &holes)),
        Err(_) => Err(first()),
    }
}

/// Put the holes in place of their characters.
fn fill(value: Value<'static>, holes: &[&Hole]) -> Value<'static> {
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

fn parts(text: &str, holes: &[&Hole]) -> Vec<Part> {
    text.split_inclusive(|c| u32::from(c) >= FIRST)
        .flat_map(|piece| {
            let mark = piece.chars().next_back().filter(|c| u32::from(*c) >= FIRST);
            let literal = &piece[..piece.len() - mark.map_or(0, char::len_utf8)];
            let hole = mark.and_then(|mark| holes.get((u32::from(mark) - FIRST) as usize));
            let hole = hole.map(|hole| Part::Hole((*hole).clone()));
            std::iter::once(Part::Literal(literal.to_owned())).chain(hole)
        })
        .collect()
}
