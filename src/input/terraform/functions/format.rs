//! `format` and `formatlist`: text made by verbs (Terraform, "`format` Function").

use crate::input::terraform::collection::is_open;
use crate::input::terraform::types::{self, Type};
use crate::input::terraform::unknown::{MAX_ITEMS, MAX_SIZE, failed, fails};
use crate::input::terraform::val::{Piece, Val, ValKind, json_text};
use crate::span::Span;

/// The widest that a value is padded to.
const MAX_WIDTH: usize = 1000;

/// A verb: `%-05d`.
struct Verb {
    minus: bool,
    zero: bool,
    sharp: bool,
    plus: bool,
    space: bool,
    width: Option<usize>,
    precision: Option<usize>,
    /// Which argument, counted from 1; the next one without.
    argument: Option<usize>,
    mode: char,
}

/// The text of a pattern with arguments.
pub(super) fn format(pattern: &str, arguments: &[Val], span: Span) -> Option<Val> {
    if arguments.iter().any(fails) {
        return Some(failed(span));
    }
    let mut pieces: Vec<Piece> = Vec::new();
    let mut literal = String::new();
    let (mut next, mut highest) = (0, 0);
    let mut rest = pattern;
    while let Some(at) = rest.find('%') {
        literal.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('%') {
            literal.push('%');
            rest = after;
            continue;
        }
        let (verb, after) = verb(rest)?;
        rest = after;
        let at = verb.argument.map_or(next, |argument| argument.wrapping_sub(1));
        next = at.wrapping_add(1);
        highest = highest.max(next);
        let Some(argument) = arguments.get(at) else { return Some(failed(span)) };
        match write(&verb, argument)? {
            Written::Text(text) => literal.push_str(&text),
            Written::Pieces(mut more) => {
                if !literal.is_empty() {
                    pieces.push(Piece::Literal { text: std::mem::take(&mut literal).into(), map: None });
                }
                pieces.append(&mut more);
            }
            Written::Error => return Some(failed(span)),
        }
        if literal.len() > MAX_SIZE {
            return None;
        }
    }
    // What no verb asks for is an error.
    if highest < arguments.len() {
        return Some(failed(span));
    }
    literal.push_str(rest);
    if !literal.is_empty() || pieces.is_empty() {
        pieces.push(Piece::Literal { text: literal.into(), map: None });
    }
    Some(super::text::joined(pieces, span))
}

/// The same for each element of lists: what is no list counts for every one of them.
pub(super) fn format_list(pattern: &str, arguments: &[Val], span: Span) -> Option<Vec<Val>> {
    let mut length: Option<usize> = None;
    for argument in arguments {
        match &argument.kind {
            ValKind::List(items, sequence) => {
                if is_open(items) || !super::collection::is_ordered(items, *sequence) && arguments.len() > 1 {
                    return None;
                }
                if length.is_some_and(|length| length != items.len()) {
                    return Some(vec![failed(span)]);
                }
                length = Some(items.len());
            }
            // It may be a list.
            ValKind::Unknown(hole) if hole.domain == crate::value::Domain::Any => return None,
            _ => {}
        }
    }
    let length = length.unwrap_or(1);
    if length > MAX_ITEMS {
        return None;
    }
    let row = |at: usize| -> Vec<Val> {
        let one = |argument: &Val| match &argument.kind {
            ValKind::List(items, _) => items.get(at).cloned().unwrap_or_else(|| failed(span)),
            _ => argument.clone(),
        };
        arguments.iter().map(one).collect()
    };
    let place = |row: &[Val]| row.last().map_or(span, |last| if arguments.len() == 1 { last.span } else { span });
    (0..length).map(row).map(|row| format(pattern, &row, place(&row))).collect()
}

enum Written {
    Text(String),
    Pieces(Vec<Piece>),
    Error,
}

fn write(verb: &Verb, argument: &Val) -> Option<Written> {
    let plain = verb.width.is_none() && verb.precision.is_none() && !verb.sharp && !verb.plus && !verb.space;
    if argument.has_hole() {
        // What stays as it is keeps its holes.
        let keeps = matches!(verb.mode, 's' | 'd' | 'v' | 't') && plain;
        return argument.to_pieces().filter(|_| keeps).map(Written::Pieces);
    }
    if argument.is_null() && verb.mode != 'v' {
        return Some(Written::Error);
    }
    let as_type = |to: &Type| Some(types::convert(argument.clone(), to)).filter(|value| !fails(value));
    let text = match verb.mode {
        'v' if verb.sharp || !matches!(argument.kind, ValKind::Text(_) | ValKind::Json(_) | ValKind::Number(_)) => {
            json_text(argument, 0)?
        }
        'v' => match &argument.kind {
            // Large and very small numbers have an exponent.
            ValKind::Number(text) if text.len() > 20 || text.starts_with("0.0000") => return None,
            ValKind::Text(_) if plain => return Some(Written::Pieces(argument.to_pieces()?)),
            _ => argument.known()?.to_string(),
        },
        's' | 'q' => {
            let Some(value) = as_type(&Type::Text) else { return Some(Written::Error) };
            if plain && verb.mode == 's' {
                return Some(Written::Pieces(value.to_pieces()?));
            }
            let mut text = value.known()?.to_string();
            if let Some(precision) = verb.precision.filter(|precision| *precision > 0) {
                super::text::length(&text)?;
                text = text.chars().take(precision).collect();
            }
            if verb.mode == 'q' { json_text(&Val::text(&text, Span::default()), 0)? } else { text }
        }
        't' => {
            let Some(value) = as_type(&Type::Bool) else { return Some(Written::Error) };
            return Some(Written::Text(value.known()?.to_string()));
        }
        'd' | 'x' | 'X' | 'o' | 'b' => {
            let Some(value) = as_type(&Type::Number) else { return Some(Written::Error) };
            let text = value.known()?;
            if text.contains('.') {
                return Some(Written::Error);
            }
            return integer(verb, &text).map(Written::Text);
        }
        // Fractions are rounded in ways of their own.
        'e' | 'E' | 'f' | 'g' | 'G' => return None,
        _ => return Some(Written::Error),
    };
    let Some(width) = verb.width else { return Some(Written::Text(text)) };
    let padding = (if verb.zero { "0" } else { " " }).repeat(width.saturating_sub(super::text::length(&text)?));
    Some(Written::Text(if verb.minus { text + &padding } else { padding + &text }))
}

fn integer(verb: &Verb, text: &str) -> Option<String> {
    if verb.precision.is_some() || verb.sharp {
        return None;
    }
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None if verb.plus => ("+", text),
        None if verb.space => (" ", text),
        None => ("", text),
    };
    let digits = match verb.mode {
        'd' => digits.to_owned(),
        'x' => format!("{:x}", digits.parse::<u128>().ok()?),
        'X' => format!("{:X}", digits.parse::<u128>().ok()?),
        'o' => format!("{:o}", digits.parse::<u128>().ok()?),
        _ => format!("{:b}", digits.parse::<u128>().ok()?),
    };
    let padding = verb.width.unwrap_or(0).saturating_sub(sign.len() + digits.len());
    Some(match (verb.minus, verb.zero) {
        (true, _) => format!("{sign}{digits}{}", " ".repeat(padding)),
        (false, true) => format!("{sign}{}{digits}", "0".repeat(padding)),
        (false, false) => format!("{}{sign}{digits}", " ".repeat(padding)),
    })
}

/// The verb at the start of a text, after its `%`, and what follows it.
fn verb(text: &str) -> Option<(Verb, &str)> {
    let mut verb = Verb {
        minus: false,
        zero: false,
        sharp: false,
        plus: false,
        space: false,
        width: None,
        precision: None,
        argument: None,
        mode: ' ',
    };
    let mut rest = text;
    let number = |rest: &mut &str| -> Option<usize> {
        let end = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, after) = rest.split_at(end);
        *rest = after;
        digits.parse().ok().filter(|number| *number <= MAX_WIDTH)
    };
    while let Some(flag) = rest.chars().next() {
        match flag {
            '-' => verb.minus = true,
            '0' => verb.zero = true,
            '#' => verb.sharp = true,
            '+' => verb.plus = true,
            ' ' => verb.space = true,
            _ => break,
        }
        rest = &rest[1..];
    }
    if rest.starts_with(|c: char| c.is_ascii_digit()) {
        verb.width = Some(number(&mut rest)?);
    }
    if let Some(after) = rest.strip_prefix('.') {
        rest = after;
        verb.precision = Some(if rest.starts_with(|c: char| c.is_ascii_digit()) { number(&mut rest)? } else { 0 });
    }
    if let Some(after) = rest.strip_prefix('[') {
        rest = after;
        verb.argument = Some(number(&mut rest)?);
        rest = rest.strip_prefix(']')?;
    }
    verb.mode = rest.chars().next()?;
    rest = &rest[verb.mode.len_utf8()..];
    Some((verb, rest))
}
