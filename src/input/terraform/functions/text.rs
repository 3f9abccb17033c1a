//! Functions on strings. A hole in one stays a hole in the result where the function leaves its surroundings alone.

use crate::input::terraform::eval::Evaluator;
use crate::input::terraform::unknown::{MAX_SIZE, failed};
use crate::input::terraform::val::{Piece, Val, ValKind};
use crate::span::Span;
use std::rc::Rc;

/// How many characters a text has as Terraform counts them; `None` where some may count together.
pub(super) fn length(text: &str) -> Option<usize> {
    // Below the combining characters, each counts, but for the two that end a line.
    let is_simple = |c: char| c < '\u{300}' && c != '\r';
    text.chars().all(is_simple).then(|| text.chars().count())
}

/// Pieces as one string; a wholly known one is one piece.
pub(super) fn joined(pieces: Vec<Piece>, span: Span) -> Val {
    let value = Val::pieces(pieces, span);
    match (value.known(), &value.kind) {
        (Some(text), ValKind::Text(pieces)) if pieces.len() > 1 => Val::text(&text, span),
        _ => value,
    }
}

pub(super) fn join(evaluator: &Evaluator<'_>, separator: &str, items: &[Val], span: Span) -> Option<Val> {
    let mut pieces = Vec::new();
    let mut size = 0;
    for (at, item) in items.iter().enumerate() {
        if at > 0 && !separator.is_empty() {
            pieces.push(Piece::Literal { text: separator.into(), map: None });
        }
        match item.to_pieces() {
            Some(more) => pieces.extend(more),
            None => return Some(failed(span)),
        }
        size += separator.len() + item.known().map_or(0, |text| text.len());
        if size > MAX_SIZE {
            evaluator.too_large(span);
            return None;
        }
    }
    Some(if pieces.is_empty() { Val::text("", span) } else { joined(pieces, span) })
}

pub(super) fn split(separator: &str, text: &str, span: Span) -> Vec<Val> {
    match separator {
        // Between all characters.
        "" => text.chars().map(|c| Val::text(c.encode_utf8(&mut [0; 4]), span)).collect(),
        _ => text.split(separator).map(|part| Val::text(part, span)).collect(),
    }
}

pub(super) fn replace(evaluator: &Evaluator<'_>, value: &Val, from: &str, to: &str, span: Span) -> Option<Val> {
    let text = value.known()?;
    // `/…/` is a regular expression.
    if from.len() > 1 && from.starts_with('/') && from.ends_with('/') {
        return super::patterns::replace(evaluator, &text, &from[1..from.len() - 1], to, span);
    }
    if from.is_empty() {
        return None;
    }
    let found = text.matches(from).count();
    if to.len().saturating_mul(found).saturating_add(text.len()) > MAX_SIZE {
        evaluator.too_large(span);
        return None;
    }
    Some(Val::text(&text.replace(from, to), span))
}

pub(super) fn trim_prefix(value: &Val, prefix: &str, span: Span) -> Option<Val> {
    if let Some(text) = value.known() {
        return Some(Val::text(text.strip_prefix(prefix).unwrap_or(&text), span));
    }
    let mut pieces = value.to_pieces()?;
    match pieces.first_mut() {
        Some(Piece::Literal { text, map }) if text.len() >= prefix.len() => {
            *text = text.strip_prefix(prefix).unwrap_or(text).into();
            *map = None;
            Some(Val::new(ValKind::Text(pieces.into()), span))
        }
        _ => None,
    }
}

/// A known part of a string, with its places where the string shows them.
pub(super) fn literal_part(value: &Val, part: &str, span: Span) -> Val {
    if let ValKind::Text(pieces) = &value.kind
        && let [Piece::Literal { text, map: Some(map) }] = &**pieces
        && let Some(from) = text.find(part)
    {
        let mut shift = crate::source::OffsetMap::default();
        shift.plain(0, from);
        let map = Some(Rc::new(map.compose(&shift)));
        return Val::new(ValKind::Text(Rc::new([Piece::Literal { text: part.into(), map }])), span);
    }
    Val::text(part, span)
}

/// A part of a text: from the end where the offset is negative, and all of the rest where the length is -1.
pub(super) fn substr(text: &str, from: i64, length: i64, span: Span) -> Option<Val> {
    let count = i64::try_from(self::length(text)?).ok()?;
    let from = if from < 0 { from + count } else { from };
    if from < 0 || length < -1 {
        return None;
    }
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    let part: String = text.chars().skip(usize::try_from(from).ok()?).take(length).collect();
    Some(Val::text(&part, span))
}

/// A text with the first letter of each word in upper case.
pub(super) fn title(text: &str) -> Option<String> {
    let mut inside = false;
    let letter = |c: char| {
        let shown = if inside { c } else { c.to_ascii_uppercase() };
        inside = c.is_ascii_alphanumeric() || c == '_';
        shown
    };
    text.is_ascii().then(|| text.chars().map(letter).collect())
}

/// The number that a text is in a base.
pub(super) fn parse_int(text: &str, base: &str, span: Span) -> Option<Val> {
    let base: u32 = base.parse().ok()?;
    // Beyond this, upper and lower case are different digits.
    if !(2..=36).contains(&base) {
        return None;
    }
    match i128::from_str_radix(text, base) {
        Ok(number) => Some(Val::number(&number.to_string(), span)),
        Err(_) if text.len() < 24 => Some(failed(span)),
        Err(_) => None,
    }
}

/// A text as a part of a URL's query.
pub(super) fn url_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
