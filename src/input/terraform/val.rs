//! A value of Terraform's language, with where it was written and with holes for what is not known.

use super::collection::{self, Keyed, Sequence};
use super::number;
use crate::source::OffsetMap;
use crate::span::Span;
use crate::value::{Domain, Hole, Kind, Member, Part, PartRef, Text, Value};
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
    /// A number in its [normal form](super::number::normal).
    Number(Rc<str>),
    Text(Rc<[Piece]>),
    List(Rc<[Val]>, Sequence),
    /// The entries in the order in which they are written: it decides nothing but where they are told. Of several with
    /// one key the last counts.
    Map(Rc<[Entry]>, Keyed),
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

impl Entry {
    /// Whether its key is not wholly known: holes in keys are written as `${name}`.
    pub fn is_open(&self) -> bool {
        self.key.contains("${")
    }
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

    /// A tuple.
    pub fn list(items: Vec<Val>, span: Span) -> Self {
        Val::sequence(items, Sequence::Tuple, span)
    }

    pub fn sequence(items: Vec<Val>, sequence: Sequence, span: Span) -> Self {
        Val::new(ValKind::List(items.into(), sequence), span)
    }

    /// An object.
    pub fn map(entries: Vec<Entry>, span: Span) -> Self {
        Val::keyed(entries, Keyed::Object, span)
    }

    pub fn keyed(entries: Vec<Entry>, keyed: Keyed, span: Span) -> Self {
        Val::new(ValKind::Map(entries.into(), keyed), span)
    }

    /// The number that a text is.
    pub fn number(text: &str, span: Span) -> Self {
        match number::normal(text) {
            Some(text) => Val::new(ValKind::Number(text.into()), span),
            None => Val::unknown(text.to_owned(), "a number of very many digits", Domain::Text, span),
        }
    }

    pub fn count(count: usize, span: Span) -> Self {
        Val::new(ValKind::Number(count.to_string().into()), span)
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
            ValKind::List(items, _) => Some(items),
            _ => None,
        }
    }

    pub fn as_map(&self) -> Option<&[Entry]> {
        match &self.kind {
            ValKind::Map(entries, _) => Some(entries),
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

    /// The truth that it is where a condition is asked for.
    pub fn as_bool(&self) -> Option<bool> {
        match &self.kind {
            ValKind::Bool(value) => Some(*value),
            ValKind::Text(_) => match self.known().as_deref() {
                Some("true" | "1") => Some(true),
                Some("false" | "0") => Some(false),
                _ => None,
            },
            _ => None,
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
            ValKind::Null | ValKind::List(..) | ValKind::Map(..) | ValKind::Unknown(_) => None,
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
            ValKind::Null | ValKind::List(..) | ValKind::Map(..) => None,
        }
    }

    /// How many values it holds, itself included, as far as `most`. Values share their parts, so that a short text can
    /// make one that holds more than can be walked through.
    pub fn nodes(&self, most: usize) -> usize {
        fn walk(value: &Val, left: &mut usize) {
            if *left == 0 {
                return;
            }
            *left -= 1;
            match &value.kind {
                ValKind::List(items, _) => items.iter().take_while(|item| descend(item, left)).count(),
                ValKind::Map(entries, _) => entries.iter().take_while(|entry| descend(&entry.value, left)).count(),
                ValKind::Json(inner) => usize::from(descend(inner, left)),
                ValKind::Text(pieces) => pieces
                    .iter()
                    .take_while(|piece| match piece {
                        Piece::Json(inner) => descend(inner, left),
                        Piece::Literal { .. } | Piece::Hole { .. } => true,
                    })
                    .count(),
                ValKind::Null | ValKind::Bool(_) | ValKind::Number(_) | ValKind::Unknown(_) => 0,
            };
        }
        fn descend(value: &Val, left: &mut usize) -> bool {
            walk(value, left);
            *left > 0
        }
        let mut left = most;
        walk(self, &mut left);
        most - left
    }

    /// Whether it can be walked through.
    pub fn is_small(&self) -> bool {
        self.nodes(MAX_NODES) < MAX_NODES
    }

    /// Whether any part of it is not known.
    pub fn has_hole(&self) -> bool {
        // What cannot be walked through is not known.
        !self.is_small() || self.holds_hole()
    }

    fn holds_hole(&self) -> bool {
        match &self.kind {
            ValKind::Null | ValKind::Bool(_) | ValKind::Number(_) => false,
            ValKind::Text(pieces) => pieces.iter().any(|piece| match piece {
                Piece::Literal { .. } => false,
                Piece::Hole { .. } => true,
                Piece::Json(value) => value.holds_hole(),
            }),
            ValKind::List(items, _) => items.iter().any(Val::holds_hole),
            ValKind::Map(entries, _) => entries.iter().any(|entry| entry.is_open() || entry.value.holds_hole()),
            ValKind::Json(value) => value.holds_hole(),
            ValKind::Unknown(_) => true,
        }
    }

    /// Whether two values are equal; `None` when what is not known decides. Values of different types are not equal,
    /// whatever they say (Terraform, "Equality Operators").
    pub fn equals(&self, other: &Val) -> Option<bool> {
        if self.is_small() && other.is_small() { self.same_as(other) } else { None }
    }

    fn same_as(&self, other: &Val) -> Option<bool> {
        match (&self.kind, &other.kind) {
            (ValKind::Unknown(a), ValKind::Unknown(b)) if a.name == b.name => Some(true),
            (ValKind::Unknown(hole), _) => one_of(hole, other),
            (_, ValKind::Unknown(hole)) => one_of(hole, self),
            (ValKind::Null, ValKind::Null) => Some(true),
            (ValKind::Null, _) | (_, ValKind::Null) => Some(false),
            (ValKind::Bool(a), ValKind::Bool(b)) => Some(a == b),
            (ValKind::Number(a), ValKind::Number(b)) => Some(a == b),
            (ValKind::Text(_) | ValKind::Json(_), ValKind::Text(_) | ValKind::Json(_)) => {
                Some(self.known()? == other.known()?)
            }
            (ValKind::List(a, sort), ValKind::List(b, other_sort)) => {
                let is_open = collection::is_open(a) || collection::is_open(b);
                // Of a set it is not known how many elements it has while they are not known.
                let has_length = |items: &[Val], sort| sort != Sequence::Set || !items.iter().any(Val::has_hole);
                if a.len() != b.len() && !is_open && has_length(a, *sort) && has_length(b, *other_sort) {
                    return Some(false);
                }
                let alike = match (sort, other_sort) {
                    _ if is_open => None,
                    (Sequence::Bag, _) | (_, Sequence::Bag) => None,
                    (Sequence::Either, Sequence::Tuple | Sequence::List | Sequence::Either)
                    | (Sequence::Tuple | Sequence::List, Sequence::Either) => None,
                    (a, b) => Some(a == b),
                };
                if alike == Some(false) {
                    return Some(false);
                }
                let ordered = collection::is_ordered(a, *sort) && collection::is_ordered(b, *other_sort);
                let equal = match ordered && a.len() == b.len() && !is_open {
                    true => all(a.iter().zip(b.iter()).map(|(a, b)| a.same_as(b))),
                    false => None,
                };
                if equal == Some(false) { equal } else { alike.and(equal) }
            }
            (ValKind::Map(a, keyed), ValKind::Map(b, other_keyed)) => {
                if a.iter().chain(b.iter()).any(Entry::is_open) {
                    return None;
                }
                let alike = match (keyed, other_keyed) {
                    (Keyed::Either, _) | (_, Keyed::Either) => None,
                    (a, b) => Some(a == b),
                };
                let (a, b) = (collection::entries(a), collection::entries(b));
                let same_keys = a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| a.key == b.key);
                if alike == Some(false) || !same_keys {
                    return Some(false);
                }
                let equal = all(a.iter().zip(&b).map(|(a, b)| a.value.same_as(&b.value)));
                if equal == Some(false) { equal } else { alike.and(equal) }
            }
            _ => Some(false),
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
            ValKind::List(items, _) => Kind::List(items.iter().map(Val::to_value).collect()),
            ValKind::Map(entries, _) => Kind::Map(
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

/// A parsed tree as a value.
pub(super) fn from_tree(tree: &Value<'_>) -> Val {
    let span = tree.span;
    match &tree.kind {
        Kind::Null => Val::null(span),
        Kind::Bool(value) => Val::new(ValKind::Bool(*value), span),
        Kind::Number(text) => Val::number(text, span),
        Kind::String(text) => Val::text(text, span),
        Kind::Template(text) => {
            let pieces = text.parts().map(|part| match part {
                PartRef::Literal(text) => Piece::Literal { text: text.into(), map: None },
                PartRef::Hole(hole) => Piece::Hole { hole: Rc::new(hole.clone()), span },
            });
            Val::pieces(pieces.collect(), span)
        }
        Kind::List(items) => Val::list(items.iter().map(from_tree).collect(), span),
        Kind::Map(members) => {
            let entry = |member: &Member<'_>| Entry {
                key: member.key.as_ref().into(),
                key_span: member.key_span,
                value: from_tree(&member.value),
            };
            Val::map(members.iter().map(entry).collect(), span)
        }
        Kind::Tagged(tagged) => from_tree(&tagged.value),
        Kind::Unknown(hole) => Val::new(ValKind::Unknown(Rc::new((**hole).clone())), span),
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

/// How many values within a value are walked through to compare it, to convert it or to find errors in it.
pub(super) const MAX_NODES: usize = 20_000;

/// How deep values are written out as text.
const MAX_DEPTH: usize = 64;

/// The JSON of a known value.
pub(super) fn json_text(value: &Val, depth: usize) -> Option<String> {
    if depth > MAX_DEPTH || depth == 0 && !value.is_small() {
        return None;
    }
    Some(match &value.kind {
        ValKind::Null => "null".to_owned(),
        ValKind::Bool(_) | ValKind::Number(_) => value.known()?.to_string(),
        ValKind::Text(_) | ValKind::Json(_) => json_quoted(&value.known()?),
        ValKind::List(items, sequence) => {
            if !collection::is_ordered(items, *sequence) {
                return None;
            }
            let items: Option<Vec<String>> = items.iter().map(|item| json_text(item, depth + 1)).collect();
            format!("[{}]", items?.join(","))
        }
        ValKind::Map(entries, _) => {
            let entries: Option<Vec<String>> = collection::entries(entries)
                .into_iter()
                .map(|entry| {
                    let value = json_text(&entry.value, depth + 1)?;
                    (!entry.is_open()).then(|| format!("{}:{value}", json_quoted(&entry.key)))
                })
                .collect();
            format!("{{{}}}", entries?.join(","))
        }
        ValKind::Unknown(_) => return None,
    })
}

/// A string as `jsonencode` writes it: what means something in HTML is escaped.
fn json_quoted(text: &str) -> String {
    let quoted = quoted(text);
    match quoted.contains(['<', '>', '&', '\u{2028}', '\u{2029}']) {
        true => quoted
            .replace('<', "\\u003c")
            .replace('>', "\\u003e")
            .replace('&', "\\u0026")
            .replace('\u{2028}', "\\u2028")
            .replace('\u{2029}', "\\u2029"),
        false => quoted,
    }
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
