//! Texts that hold values: base64, CSV, YAML and JSON.

use crate::input::terraform::collection::Sequence;
use crate::input::terraform::eval::Evaluator;
use crate::input::terraform::number;
use crate::input::terraform::unknown::{MAX_ITEMS, failed};
use crate::input::terraform::val::{Entry, Piece, Val, ValKind, from_tree};
use crate::source::OffsetMap;
use crate::span::Span;
use crate::syntax::yaml;
use crate::value::{Kind, Value};

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The text that base64 holds.
pub(super) fn from_base64(text: &str, span: Span) -> Val {
    let Some(bytes) = bytes_of_base64(text) else { return failed(span) };
    match String::from_utf8(bytes) {
        Ok(text) => Val::text(&text, span),
        Err(_) => failed(span),
    }
}

fn bytes_of_base64(text: &str) -> Option<Vec<u8>> {
    // Line breaks are left out (Go, `encoding/base64`).
    let text: Vec<u8> = text.bytes().filter(|byte| !matches!(byte, b'\n' | b'\r')).collect();
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let groups = text.len() / 4;
    for (at, group) in text.chunks(4).enumerate() {
        let padding = group.iter().rev().take_while(|byte| **byte == b'=').count();
        if padding > 2 || padding > 0 && at + 1 < groups {
            return None;
        }
        let mut value = 0u32;
        for byte in &group[..4 - padding] {
            let digit = DIGITS.iter().position(|digit| digit == byte)?;
            value = value << 6 | u32::try_from(digit).ok()?;
        }
        value <<= 6 * padding;
        bytes.extend(value.to_be_bytes()[1..4 - padding].iter());
    }
    Some(bytes)
}

/// A text in base64.
pub(super) fn to_base64(text: &str, span: Span) -> Val {
    let mut out = String::with_capacity(text.len().div_ceil(3) * 4);
    for group in text.as_bytes().chunks(3) {
        let byte = |at: usize| u32::from(group.get(at).copied().unwrap_or(0));
        let value = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4 {
            let digit = DIGITS[(value >> (18 - 6 * at) & 63) as usize];
            out.push(if at <= group.len() { char::from(digit) } else { '=' });
        }
    }
    Val::text(&out, span)
}

/// The rows of CSV as a list of objects; the first row names the columns (RFC 4180).
pub(super) fn from_csv(evaluator: &Evaluator<'_>, text: &str, span: Span) -> Option<Val> {
    let Some(rows) = rows(text) else { return Some(failed(span)) };
    let Some((header, rows)) = rows.split_first() else { return Some(failed(span)) };
    if rows.len() > MAX_ITEMS || header.len() > MAX_ITEMS {
        evaluator.too_many(span);
        return None;
    }
    let mut names: Vec<&String> = header.iter().collect();
    names.sort();
    names.dedup();
    if names.len() != header.len() || rows.iter().any(|row| row.len() != header.len()) {
        return Some(failed(span));
    }
    let row = |row: &Vec<String>| {
        let entry = |(name, field): (&String, &String)| Entry {
            key: name.as_str().into(),
            key_span: span,
            value: Val::text(field, span),
        };
        Val::map(header.iter().zip(row).map(entry).collect(), span)
    };
    Some(Val::sequence(rows.iter().map(row).collect(), Sequence::List, span))
}

/// The fields of each row; `None` where a quote stands in the wrong place. Empty lines are no rows.
fn rows(text: &str) -> Option<Vec<Vec<String>>> {
    let text = text.replace("\r\n", "\n");
    let mut rows = Vec::new();
    let mut rest = text.as_str();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('\n') {
            rest = after;
            continue;
        }
        let mut row = Vec::new();
        loop {
            let mut field = String::new();
            if let Some(mut quoted) = rest.strip_prefix('"') {
                loop {
                    let end = quoted.find('"')?;
                    field.push_str(&quoted[..end]);
                    quoted = &quoted[end + 1..];
                    match quoted.strip_prefix('"') {
                        Some(after) => {
                            field.push('"');
                            quoted = after;
                        }
                        None => break,
                    }
                }
                rest = quoted;
            } else {
                let end = rest.find([',', '\n']).unwrap_or(rest.len());
                field.push_str(&rest[..end]);
                if field.contains('"') {
                    return None;
                }
                rest = &rest[end..];
            }
            row.push(field);
            match rest.strip_prefix(',') {
                Some(after) => rest = after,
                None => break,
            }
        }
        rest = match rest.strip_prefix('\n') {
            Some(after) => after,
            None if rest.is_empty() => rest,
            None => return None,
        };
        rows.push(row);
    }
    Some(rows)
}

/// The value of YAML, as Terraform reads it: words such as `yes` are truths and bare dates are time stamps.
pub(super) fn from_yaml(value: &Val) -> Option<Val> {
    let text = value.known()?;
    // Tags say what a scalar is, and the tree does not show them.
    if text.contains("!!") || text.contains("! ") {
        return None;
    }
    let parsed = yaml::parse(&text);
    if !parsed.problems.is_empty() {
        return (!parsed.template).then(|| failed(value.span));
    }
    let [document] = parsed.documents.as_slice() else {
        return match parsed.documents.is_empty() {
            true => Some(Val::null(value.span)),
            false => Some(failed(value.span)),
        };
    };
    let map = match &value.kind {
        ValKind::Text(pieces) => match &**pieces {
            [Piece::Literal { map: Some(map), .. }] => (**map).clone(),
            _ => nowhere(value.span),
        },
        _ => nowhere(value.span),
    };
    Some(from_tree(&resolved(document, &text, &map)?))
}

/// Every place of a text is that of the whole.
fn nowhere(span: Span) -> OffsetMap {
    let mut map = OffsetMap::default();
    map.escape(0, span.start as usize);
    map
}

fn resolved(value: &Value<'_>, text: &str, map: &OffsetMap) -> Option<Value<'static>> {
    let kind = match &value.kind {
        Kind::List(items) => Kind::List(items.iter().map(|item| resolved(item, text, map)).collect::<Option<_>>()?),
        Kind::Map(members) => {
            let member = |member: &crate::value::Member<'_>| {
                let key = match scalar(&member.key, member.key_span, text)? {
                    Kind::String(key) | Kind::Number(key) => key,
                    Kind::Bool(key) => key.to_string().into(),
                    _ => return None,
                };
                let value = resolved(&member.value, text, map)?;
                Some(crate::value::Member { key, key_span: map.place(member.key_span), value })
            };
            Kind::Map(members.iter().map(member).collect::<Option<_>>()?)
        }
        Kind::String(written) => scalar(written, value.span, text)?,
        Kind::Null | Kind::Bool(_) | Kind::Number(_) => {
            let raw = text.get(value.span.range())?.trim();
            scalar(raw, value.span, text)?
        }
        Kind::Template(_) | Kind::Tagged(_) | Kind::Unknown(_) => return None,
    };
    Some(Value::new(kind, map.place(value.span)))
}

/// What a scalar means (go-cty-yaml, `resolve.go`).
fn scalar(written: &str, span: Span, text: &str) -> Option<Kind<'static>> {
    let raw = text.get(span.range()).unwrap_or_default();
    let string = || Kind::String(written.to_owned().into());
    if raw.starts_with(['"', '\'', '|', '>']) {
        return Some(string());
    }
    Some(match written {
        "" | "~" | "null" | "Null" | "NULL" => Kind::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Kind::Bool(true),
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => Kind::Bool(false),
        _ if is_date(written) => Kind::String(format!("{}T00:00:00Z", padded(written)).into()),
        _ => {
            let first = written.as_bytes().first().copied().unwrap_or_default();
            let numeric = first.is_ascii_digit() || matches!(first, b'+' | b'-' | b'.');
            // Other time stamps, numbers in other bases and infinities are left alone.
            let unsure = |c: char| matches!(c, ':' | '_' | 'x' | 'o' | 'n' | 'N' | 'T' | 't');
            let is_year = written.len() > 4
                && written.as_bytes()[4] == b'-'
                && written.bytes().take(4).all(|b| b.is_ascii_digit());
            match number::normal(written) {
                Some(number) if numeric => Kind::Number(number.into()),
                _ if is_year && written.contains(unsure) => return None,
                _ if numeric
                    && written.len() < 12
                    && !written.contains(':')
                    && written.contains(unsure)
                    && !written.contains(' ') =>
                {
                    return None;
                }
                _ => string(),
            }
        }
    })
}

/// Whether a text is a date, `2012-10-17`.
fn is_date(text: &str) -> bool {
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next(), parts.next(), parts.next());
    let number = |part: Option<&str>, most: u32| {
        part.filter(|part| (1..=2).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit()))
            .and_then(|part| part.parse::<u32>().ok())
            .is_some_and(|number| (1..=most).contains(&number))
    };
    parts.next().is_none()
        && year.is_some_and(|year| year.len() == 4 && year.bytes().all(|byte| byte.is_ascii_digit()))
        && number(month, 12)
        && number(day, 31)
}

/// A date with two digits for the month and the day.
fn padded(date: &str) -> String {
    date.split('-').map(|part| format!("{part:0>2}")).collect::<Vec<_>>().join("-")
}
