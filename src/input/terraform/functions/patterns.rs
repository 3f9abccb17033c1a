//! `regex`, `regexall` and `replace` with a pattern.
//!
//! Terraform has Go's syntax, which the `regex` crate has too but for some corners. Where a pattern or a text comes near
//! one, the result is not known.

use crate::input::terraform::collection::Sequence;
use crate::input::terraform::eval::Evaluator;
use crate::input::terraform::unknown::{MAX_ITEMS, MAX_SIZE, failed};
use crate::input::terraform::val::{Entry, Val};
use crate::span::Span;
use regex::{Captures, Regex, RegexBuilder};

/// How large a compiled pattern may be, and how many of them one evaluation may have.
const MAX_PROGRAM: usize = 256 * 1024;
const MAX_PATTERNS: usize = 200;

/// The first match of a pattern in a text.
pub(super) fn first(evaluator: &Evaluator<'_>, pattern: &str, text: &str, span: Span) -> Option<Val> {
    let regex = compiled(evaluator, pattern, text)?;
    Some(match regex.captures(text) {
        Some(captures) => found(&regex, &captures, span),
        None => failed(span),
    })
}

/// All matches of a pattern in a text.
pub(super) fn all(evaluator: &Evaluator<'_>, pattern: &str, text: &str, span: Span) -> Option<Val> {
    let regex = compiled(evaluator, pattern, text)?;
    let mut items = Vec::new();
    for captures in regex.captures_iter(text) {
        if items.len() >= MAX_ITEMS {
            evaluator.too_many(span);
            return None;
        }
        items.push(found(&regex, &captures, span));
    }
    Some(Val::sequence(items, Sequence::List, span))
}

/// A text with every match of a pattern replaced; `$1` and `${name}` stand for groups.
pub(super) fn replace(evaluator: &Evaluator<'_>, text: &str, pattern: &str, by: &str, span: Span) -> Option<Val> {
    let regex = compiled(evaluator, pattern, text)?;
    // Groups of this size may make a text of any size.
    if by.len().saturating_mul(text.len() + 1) > MAX_SIZE {
        return None;
    }
    Some(Val::text(&regex.replace_all(text, by), span))
}

/// A match: its text, its groups as a tuple, or its named groups as an object.
fn found(regex: &Regex, captures: &Captures<'_>, span: Span) -> Val {
    let group = |at: usize| captures.get(at).map_or_else(|| Val::null(span), |group| Val::text(group.as_str(), span));
    let names: Vec<Option<&str>> = regex.capture_names().skip(1).collect();
    if names.is_empty() {
        return group(0);
    }
    if names.iter().all(Option::is_none) {
        return Val::list((1..=names.len()).map(group).collect(), span);
    }
    let entries = names
        .iter()
        .enumerate()
        .filter_map(|(at, name)| Some(Entry { key: (*name)?.into(), key_span: span, value: group(at + 1) }));
    // A mixture of both is an error.
    if names.iter().any(Option::is_none) { failed(span) } else { Val::map(entries.collect(), span) }
}

/// The pattern, ready to be used on this text; `None` where Go may read it otherwise.
fn compiled(evaluator: &Evaluator<'_>, pattern: &str, text: &str) -> Option<Regex> {
    let unlike = ["&&", "--", "~~", r"\<", r"\>", r"\b{", r"\Q", r"\C", "(?x", "(?R", r"\u", r"\U"];
    if unlike.iter().any(|corner| pattern.contains(corner)) || has_nested_class(pattern) {
        return None;
    }
    // Go's `\d`, `\w`, `\s` and `\b` know ASCII alone, and so does its `(?i)` for classes.
    if !text.is_ascii() && (pattern.contains('\\') || pattern.contains("(?") || pattern.contains("[[:")) {
        return None;
    }
    let mut patterns = evaluator.patterns.borrow_mut();
    if let Some(known) = patterns.get(pattern) {
        return known.clone();
    }
    if patterns.len() >= MAX_PATTERNS {
        return None;
    }
    let regex = RegexBuilder::new(pattern).size_limit(MAX_PROGRAM).dfa_size_limit(MAX_PROGRAM).build().ok();
    patterns.insert(pattern.to_owned(), regex.clone());
    regex
}

/// Whether a bracket stands in a class, where it means itself in Go. `[:alpha:]` is the same in both.
fn has_nested_class(pattern: &str) -> bool {
    let mut inside = false;
    let mut characters = pattern.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '\\' => drop(characters.next()),
            '[' if inside && !pattern[at..].starts_with("[:") => return true,
            '[' if inside => {
                let Some(end) = pattern[at..].find(":]") else { return true };
                while characters.clone().next().is_some_and(|(next, _)| next < at + end + 2) {
                    characters.next();
                }
            }
            '[' => {
                inside = true;
                // A bracket that closes nothing is one of the class.
                let rest = pattern[at + 1..].strip_prefix('^').unwrap_or(&pattern[at + 1..]);
                if rest.starts_with(']') {
                    return true;
                }
            }
            ']' => inside = false,
            _ => {}
        }
    }
    false
}
