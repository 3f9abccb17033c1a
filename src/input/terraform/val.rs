//! A value of Terraform's language, with where it was written and with holes for what is not known.

use crate::source::OffsetMap;
use crate::span::Span;
use crate::value::{Domain, Hole, Kind, Member, Part, Text, Value};
use std::rc::Rc;

/// A value.
#[derive(Clone, Debug)]
pub(super) struct Val {
    /// Where it was written.
    pub span: Span,
    pub kind: ValKind,
}

#[derive(Clone, Debug)]
pub(super) enum ValKind {
    Null,
    Bool(bool),
    Number(Rc<str>),
    Text(Rc<[Piece]>),
    /// A list, tuple or set.
    List(Rc<[Val]>),
    Map(Rc<[Entry]>),
    /// The string that is the JSON of a value. It is not written out before somebody asks for its text: the places of
    /// its parts would be lost.
    Json(Rc<Val>),
    Unknown(Rc<Hole>),
}

/// One entry of a map.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub key: Rc<str>,
    pub key_span: Span,
    pub value: Val,
}

/// A part of a string.
#[derive(Clone, Debug)]
pub(super) enum Piece {
    /// Text and the way to the bytes it was written with, where they show it.
    Literal {
        text: Rc<str>,
        map: Option<Rc<OffsetMap>>,
    },
    Hole {
        hole: Rc<Hole>,
        span: Span,
    },
    /// JSON in the text.
    Json(Rc<Val>),
}

impl Val {
    pub fn new(kind: ValKind, span: Span) -> Self {
        Val { span, kind }
    }

    pub fn null(span: Span) -> Self {
        Val::new(ValKind::Null, span)
    }

    pub fn text(text: &str, span: Span) -> Self {
        Val::new(ValKind::Text(Rc::new([Piece::Literal { text: text.into(), map: None }])), span)
    }

    /// A string of pieces; a lone hole is a value that is not known.
    pub fn pieces(pieces: Vec<Piece>, span: Span) -> Self {
        match pieces.as_slice() {
            [Piece::Hole { hole, .. }] => Val::new(ValKind::Unknown(Rc::clone(hole)), span),
            [Piece::Json(inner)] => Val::new(ValKind::Json(Rc::clone(inner)), span),
            _ => Val::new(ValKind::Text(pieces.into()), span),
        }
    }

    pub fn list(items: Vec<Val>, span: Span) -> Self {
        Val::new(ValKind::List(items.into()), span)
    }

    pub fn map(entries: Vec<Entry>, span: Span) -> Self {
        Val::new(ValKind::Map(entries.into()), span)
    }

    pub fn unknown(name: String, why: &'static str, domain: Domain, span: Span) -> Self {
        Val::new(ValKind::Unknown(Rc::new(Hole { name, why, domain, default: None })), span)
    }

    /// The same, as if it had been written at `span`.
    pub fn at(mut self, span: Span) -> Self {
        self.span = span;
        self
    }

    pub fn as_list(&self) -> Option<&[Val]> {
        match &self.kind {
            ValKind::List(items) => Some(items),
            _ => None,
        }
    }

    pub fn as_map(&self) -> Option<&[Entry]> {
        match &self.kind {
            ValKind::Map(entries) => Some(entries),
            _ => None,
        }
    }

    pub fn get(&self, key: &str) -> Option<&Val> {
        self.as_map()?.iter().rev().find(|entry| &*entry.key == key).map(|entry| &entry.value)
    }

    pub fn is_null(&self) -> bool {
        matches!(self.kind, ValKind::Null)
    }

    pub fn as_hole(&self) -> Option<&Rc<Hole>> {
        match &self.kind {
            ValKind::Unknown(hole) => Some(hole),
            _ => None,
        }
    }

    pub fn as_bool(&self) -> Option<bool> {
        match &self.kind {
            ValKind::Bool(value) => Some(*value),
            _ => match self.known().as_deref() {
                Some("true") => Some(true),
                Some("false") => Some(false),
                _ => None,
            },
        }
    }

    /// The string, number or truth as a string, when it is wholly known.
    pub fn known(&self) -> Option<Rc<str>> {
        match &self.kind {
            ValKind::Bool(value) => Some(if *value { "true".into() } else { "false".into() }),
            ValKind::Number(text) => Some(Rc::clone(text)),
            ValKind::Text(pieces) => match &**pieces {
                [Piece::Literal { text, .. }] => Some(Rc::clone(text)),
                pieces => {
                    let mut out = String::new();
                    for piece in pieces {
                        match piece {
                            Piece::Literal { text, .. } => out.push_str(text),
                            Piece::Json(value) => out.push_str(&json_text(value, 0)?),
                            Piece::Hole { .. } => return None,
                        }
                    }
                    Some(out.into())
                }
            },
            ValKind::Json(value) => json_text(value, 0).map(Into::into),
            ValKind::Null | ValKind::List(_) | ValKind::Map(_) | ValKind::Unknown(_) => None,
        }
    }

    /// The pieces of the string that this value is in a template; `None` for what cannot stand in one.
    pub fn to_pieces(&self) -> Option<Vec<Piece>> {
        match &self.kind {
            ValKind::Text(pieces) => Some(pieces.to_vec()),
            ValKind::Json(value) => Some(vec![Piece::Json(Rc::clone(value))]),
            ValKind::Unknown(hole) => {
                // In a string it is a string.
                let domain = match &hole.domain {
                    Domain::Any => Domain::Text,
                    domain => domain.clone(),
                };
                let hole = Rc::new(Hole { domain, ..(**hole).clone() });
                Some(vec![Piece::Hole { hole, span: self.span }])
            }
            ValKind::Bool(_) | ValKind::Number(_) => {
                Some(vec![Piece::Literal { text: self.known().unwrap_or_default(), map: None }])
            }
            ValKind::Null | ValKind::List(_) | ValKind::Map(_) => None,
        }
    }

    /// Whether any part of it is not known.
    pub fn has_hole(&self) -> bool {
        match &self.kind {
            ValKind::Null | ValKind::Bool(_) | ValKind::Number(_) => false,
            ValKind::Text(pieces) => pieces.iter().any(|piece| match piece {
                Piece::Literal { .. } => false,
                Piece::Hole { .. } => true,
                Piece::Json(value) => value.has_hole(),
            }),
            ValKind::List(items) => items.iter().any(Val::has_hole),
            ValKind::Map(entries) => entries.iter().any(|entry| entry.value.has_hole()),
            ValKind::Json(value) => value.has_hole(),
            ValKind::Unknown(_) => true,
        }
    }

    /// Whether two known values are equal; `None` when a hole decides. Terraform compares strings and numbers apart;
    /// a string of digits here counts as the number, for variables are converted to their type.
    pub fn equals(&self, other: &Val) -> Option<bool> {
        match (&self.kind, &other.kind) {
            (ValKind::Unknown(a), ValKind::Unknown(b)) if a.name == b.name => Some(true),
            (ValKind::Unknown(hole), _) => one_of(hole, other),
            (_, ValKind::Unknown(hole)) => one_of(hole, self),
            (ValKind::Null, ValKind::Null) => Some(true),
            (ValKind::Null, _) | (_, ValKind::Null) => Some(false),
            (ValKind::List(a), ValKind::List(b)) => {
                if a.len() != b.len() {
                    return if self.has_hole() || other.has_hole() { None } else { Some(false) };
                }
                all(a.iter().zip(b.iter()).map(|(a, b)| a.equals(b)))
            }
            (ValKind::Map(a), ValKind::Map(b)) => {
                if a.len() != b.len() {
                    return Some(false);
                }
                all(a.iter().map(|entry| other.get(&entry.key).map_or(Some(false), |value| entry.value.equals(value))))
            }
            (ValKind::List(_) | ValKind::Map(_), _) | (_, ValKind::List(_) | ValKind::Map(_)) => Some(false),
            _ => match (self.known(), other.known()) {
                (Some(a), Some(b)) => Some(a == b),
                _ => None,
            },
        }
    }

    /// The tree that the policy model reads.
    pub fn to_value(&self) -> Value<'static> {
        let span = self.span;
        let kind = match &self.kind {
            ValKind::Null => Kind::Null,
            ValKind::Bool(value) => Kind::Bool(*value),
            ValKind::Number(text) => Kind::Number(text.to_string().into()),
            ValKind::Text(pieces) => return Value::text(text_of(pieces, span)),
            ValKind::List(items) => Kind::List(items.iter().map(Val::to_value).collect()),
            ValKind::Map(entries) => Kind::Map(
                entries
                    .iter()
                    .map(|entry| Member {
                        key: entry.key.to_string().into(),
                        key_span: entry.key_span,
                        value: entry.value.to_value(),
                    })
                    .collect(),
            ),
            ValKind::Json(value) => return Value::text(text_of(&[Piece::Json(Rc::clone(value))], span)),
            ValKind::Unknown(hole) if matches!(hole.domain, Domain::Any) => Kind::Unknown(Box::new((**hole).clone())),
            ValKind::Unknown(hole) => return Value::text(Text::hole((**hole).clone(), span)),
        };
        Value::new(kind, span)
    }
}

fn all(parts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut known = Some(true);
    for part in parts {
        match part {
            Some(false) => return Some(false),
            Some(true) => {}
            None => known = None,
        }
    }
    known
}

/// Whether a hole with a fixed set of values can be this one: then it is not known, else it is not equal.
fn one_of(hole: &Hole, other: &Val) -> Option<bool> {
    match (&hole.domain, other.known()) {
        (Domain::OneOf(values), Some(known)) if !values.iter().any(|value| **value == *known) => Some(false),
        _ => None,
    }
}

/// The string of pieces, with the holes in it.
pub(super) fn text_of(pieces: &[Piece], span: Span) -> Text {
    let parts = pieces.iter().map(|piece| match piece {
        Piece::Literal { text, .. } => Part::Literal(text.to_string()),
        Piece::Hole { hole, .. } => Part::Hole((**hole).clone()),
        Piece::Json(value) => match json_text(value, 0) {
            Some(text) => Part::Literal(text),
            None => Part::Hole(Hole {
                name: "jsonencode(…)".into(),
                why: "JSON of values that are not known",
                domain: Domain::Text,
                default: None,
            }),
        },
    });
    Text::from_parts(parts, span)
}

/// How deep values are written out as text.
const MAX_DEPTH: usize = 64;

/// The JSON of a known value.
pub(super) fn json_text(value: &Val, depth: usize) -> Option<String> {
    if depth > MAX_DEPTH {
        return None;
    }
    Some(match &value.kind {
        ValKind::Null => "null".to_owned(),
        ValKind::Bool(_) | ValKind::Number(_) => value.known()?.to_string(),
        ValKind::Text(_) | ValKind::Json(_) => quoted(&value.known()?),
        ValKind::List(items) => {
            let items: Option<Vec<String>> = items.iter().map(|item| json_text(item, depth + 1)).collect();
            format!("[{}]", items?.join(","))
        }
        ValKind::Map(entries) => {
            let entries: Option<Vec<String>> = entries
                .iter()
                .map(|entry| Some(format!("{}:{}", quoted(&entry.key), json_text(&entry.value, depth + 1)?)))
                .collect();
            format!("{{{}}}", entries?.join(","))
        }
        ValKind::Unknown(_) => return None,
    })
}

/// A string in JSON.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c < ' ' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
