//! The policy in a string of pieces: JSON text with holes and with JSON that was filled in.

use super::val::{Piece, Val};
use crate::diagnostic::Problem;
use crate::source::OffsetMap;
use crate::span::Span;
use crate::syntax::{Syntax, open_text};
use crate::value::{Domain, Hole, Kind, Part, Text, Value};
use std::rc::Rc;

/// While the text is parsed, what was filled in as `n` stands as the private-use character `FIRST + n`.
const FIRST: u32 = 0xF_0000;
/// How much can be filled into one text: the size of that private-use plane.
const MAX_FILLED: usize = 0xFFFD;

/// Why a text was not read.
#[derive(Debug)]
pub(super) enum Unread {
    /// Holes stand where the text's structure should be.
    Unknown(Rc<Hole>),
    /// It is wrong.
    Wrong(Vec<Problem>),
}

/// What was filled in at a mark.
enum Filled {
    Hole(Rc<Hole>, Span),
    Json(Rc<Val>),
}

/// The document in a string.
pub(super) fn open(pieces: &[Piece], span: Span) -> Result<Value<'static>, Unread> {
    let mut text = String::new();
    let mut map = OffsetMap::default();
    let mut filled: Vec<Filled> = Vec::new();
    let mut inside = false;
    for piece in pieces {
        match piece {
            Piece::Literal { text: literal, map: own } => {
                // A character of that plane in the text itself would be taken for a mark.
                let clean = literal.replace(|c| u32::from(c) >= FIRST, "\u{FFFD}");
                match own {
                    Some(own) if clean.len() == literal.len() => map.append(text.len(), own),
                    _ => map.escape(text.len(), span.start as usize),
                }
                inside = ends_inside(inside, &clean);
                text.push_str(&clean);
            }
            Piece::Hole { hole, span: at } => {
                mark(&mut text, &mut map, filled.len(), inside, *at);
                // Outside a string it may stand for any JSON.
                let hole = match inside {
                    true => Rc::clone(hole),
                    false => Rc::new(Hole { domain: Domain::Any, ..(**hole).clone() }),
                };
                filled.push(Filled::Hole(hole, *at));
            }
            Piece::Json(value) => {
                mark(&mut text, &mut map, filled.len(), inside, value.span);
                filled.push(Filled::Json(Rc::clone(value)));
            }
        }
    }
    let unknown = filled.iter().find_map(|filled| match filled {
        Filled::Hole(hole, _) => Some(Rc::clone(hole)),
        Filled::Json(_) => None,
    });
    // Text that starts with a hole is most often a hole as a whole.
    if let Some(hole) = unknown.clone().filter(|_| !text.trim_start().starts_with('{') || filled.len() > MAX_FILLED) {
        return Err(Unread::Unknown(hole));
    }
    match (open_text(&text, Syntax::Json, span, Some(&map)), unknown) {
        (Ok(value), _) => Ok(fill(value, &filled)),
        (Err(_), Some(hole)) => Err(Unread::Unknown(hole)),
        (Err(problems), None) => Err(Unread::Wrong(problems)),
    }
}

/// Write a mark: inside a string as a character of it, elsewhere as a string of its own.
fn mark(text: &mut String, map: &mut OffsetMap, at: usize, inside: bool, span: Span) {
    let mark = u32::try_from(at).ok().and_then(|at| char::from_u32(FIRST.saturating_add(at))).unwrap_or('\u{FFFD}');
    map.escape(text.len(), span.start as usize);
    if inside {
        text.push(mark);
    } else {
        text.push('"');
        text.push(mark);
        text.push('"');
    }
    // So that the mark's place ends where what it stands for ends.
    map.plain(text.len(), span.end as usize);
}

/// Whether a text ends inside a JSON string, when it starts inside one or not.
fn ends_inside(mut inside: bool, text: &str) -> bool {
    let mut escaped = false;
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if inside => escaped = true,
            b'"' => inside = !inside,
            _ => {}
        }
    }
    inside
}

/// Put what was filled in at the marks' places.
fn fill(value: Value<'static>, filled: &[Filled]) -> Value<'static> {
    let Value { span, kind } = value;
    let kind = match kind {
        Kind::String(text) => {
            if let Some(only) = only_mark(&text, filled) {
                match only {
                    Filled::Json(value) => return value.to_value(),
                    Filled::Hole(hole, at) => {
                        let at = if at.is_empty() { span } else { *at };
                        return match hole.domain {
                            Domain::Any => Value::new(Kind::Unknown(Box::new((**hole).clone())), at),
                            _ => Value::text(Text::hole((**hole).clone(), at)),
                        };
                    }
                }
            }
            return Value::text(Text::from_parts(parts(&text, filled), span));
        }
        Kind::List(items) => Kind::List(items.into_iter().map(|item| fill(item, filled)).collect()),
        Kind::Map(members) => Kind::Map(
            members
                .into_iter()
                .map(|mut member| {
                    // Keys are plain strings: a hole in one is written as `${name}`.
                    let key = Text::from_parts(parts(&member.key, filled), Span::default());
                    member.key = key.display().into_owned().into();
                    member.value = fill(member.value, filled);
                    member
                })
                .collect(),
        ),
        Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Template(_) | Kind::Tagged(_) | Kind::Unknown(_) => kind,
    };
    Value { span, kind }
}

fn only_mark<'f>(text: &str, filled: &'f [Filled]) -> Option<&'f Filled> {
    let mut characters = text.chars();
    let first = characters.next().filter(|c| u32::from(*c) >= FIRST)?;
    if characters.next().is_some() {
        return None;
    }
    filled.get((u32::from(first) - FIRST) as usize)
}

fn parts(text: &str, filled: &[Filled]) -> Vec<Part> {
    let mut parts = Vec::new();
    for piece in text.split_inclusive(|c| u32::from(c) >= FIRST) {
        let mark = piece.chars().next_back().filter(|c| u32::from(*c) >= FIRST);
        parts.push(Part::Literal(piece[..piece.len() - mark.map_or(0, char::len_utf8)].to_owned()));
        match mark.and_then(|mark| filled.get((u32::from(mark) - FIRST) as usize)) {
            Some(Filled::Hole(hole, _)) => parts.push(Part::Hole((**hole).clone())),
            Some(Filled::Json(value)) => {
                let text = super::val::text_of(&[Piece::Json(Rc::clone(value))], value.span);
                parts.extend(text.parts().map(crate::value::PartRef::to_part));
            }
            None => {}
        }
    }
    parts
}
