//! Lists, sets and maps as Terraform goes through them: sets in the order of their values, maps in that of their keys.

use super::number;
use super::unknown::REST;
use super::val::{Entry, Val, ValKind};
use crate::span::Span;
use crate::value::Domain;
use std::cmp::Ordering;
use std::collections::{BTreeMap, HashSet};

/// What a sequence of values is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sequence {
    /// As brackets and `for` write it: each element has a type of its own.
    Tuple,
    /// All elements have one type.
    List,
    /// Each value once. It has no order but that of the values.
    Set,
    /// A tuple or a list whose elements stand in an order that is not known: it was made of a set or a map of which not
    /// every value is known.
    Bag,
    /// A tuple or a list: which one is not known.
    Either,
}

/// What a map of values is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keyed {
    /// As braces write it: each value has a type of its own.
    Object,
    /// All values have one type.
    Map,
    /// One of the two: which one is not known.
    Either,
}

/// A set of values: each once, in order where all of them are known.
pub(super) fn set(items: Vec<Val>, span: Span) -> Val {
    let mut seen = HashSet::new();
    let mut items = items;
    items.retain(|item| identity(item).is_none_or(|identity| seen.insert(identity)));
    if is_sortable(&items) {
        items.sort_by(order);
    }
    Val::sequence(items, Sequence::Set, span)
}

/// What equal values have in common and others have not; `None` where that is not known.
pub(super) fn identity(value: &Val) -> Option<String> {
    let sort = match &value.kind {
        ValKind::Unknown(hole) => return (hole.why != REST).then(|| format!("?{}", hole.name)),
        ValKind::Null => "null",
        ValKind::Bool(_) => "bool",
        ValKind::Number(_) => "number",
        ValKind::Text(_) | ValKind::Json(_) => "text",
        _ if !value.is_small() => return None,
        ValKind::List(..) => "list",
        ValKind::Map(..) => "map",
    };
    Some(format!("{sort} {}", super::val::json_text(value, 0)?))
}

/// Whether values have an order that is known: those of one simple type have.
fn is_sortable(items: &[Val]) -> bool {
    let sort = |item: &Val| match &item.kind {
        ValKind::Bool(_) => Some(0),
        ValKind::Number(_) => Some(1),
        ValKind::Text(_) | ValKind::Json(_) => item.known().map(|_| 2),
        ValKind::Null | ValKind::List(..) | ValKind::Map(..) | ValKind::Unknown(_) => None,
    };
    match items.first() {
        Some(first) => sort(first).is_some_and(|first| items.iter().all(|item| sort(item) == Some(first))),
        None => true,
    }
}

fn order(left: &Val, right: &Val) -> Ordering {
    match (&left.kind, &right.kind) {
        (ValKind::Bool(left), ValKind::Bool(right)) => left.cmp(right),
        (ValKind::Number(left), ValKind::Number(right)) => number::compare(left, right),
        _ => left.known().cmp(&right.known()),
    }
}

/// Whether it is known which element of a sequence is the first, the second and so on.
pub(super) fn is_ordered(items: &[Val], sequence: Sequence) -> bool {
    match sequence {
        Sequence::Tuple | Sequence::List | Sequence::Either => true,
        Sequence::Set => items.len() < 2 || is_sortable(items),
        Sequence::Bag => items.len() < 2,
    }
}

/// What a sequence becomes where the order of its elements matters: the elements of a set are in order, or it is not
/// known in which.
pub(super) fn listed(items: &[Val], sequence: Sequence, otherwise: Sequence) -> Sequence {
    if is_ordered(items, sequence) { otherwise } else { Sequence::Bag }
}

/// Whether something in a sequence stands for any number of elements.
pub(super) fn is_open(items: &[Val]) -> bool {
    items.iter().any(|item| item.as_hole().is_some_and(|hole| hole.why == REST))
}

/// The entries of a map in the order of their keys; of several with one key, the last.
pub(super) fn entries(entries: &[Entry]) -> Vec<&Entry> {
    let sorted: BTreeMap<&str, &Entry> = entries.iter().map(|entry| (&*entry.key, entry)).collect();
    sorted.into_values().collect()
}

/// The key of an entry as a value.
pub(super) fn key(entry: &Entry) -> Val {
    if !entry.is_open() {
        return Val::text(&entry.key, entry.key_span);
    }
    let name = entry.key.strip_prefix("${").and_then(|name| name.strip_suffix('}')).unwrap_or(&entry.key);
    Val::unknown(name.to_owned(), "a key that is not known", Domain::Text, entry.key_span)
}

/// The elements of a collection with their keys, in Terraform's order; `None` when they are not known.
pub(super) fn elements(collection: &Val) -> Option<Vec<(Val, Val)>> {
    let span = collection.span;
    match &collection.kind {
        ValKind::List(items, _) if is_open(items) => None,
        // An element of a set is its own key (Terraform, "The for_each Meta-Argument").
        ValKind::List(items, Sequence::Set) => Some(items.iter().map(|item| (item.clone(), item.clone())).collect()),
        ValKind::List(items, sequence) => {
            let ordered = is_ordered(items, *sequence);
            let key = |at: usize| match ordered {
                true => Val::new(ValKind::Number(at.to_string().into()), span),
                false => Val::unknown("…".to_owned(), "the place of an element", Domain::Text, span),
            };
            Some(items.iter().enumerate().map(|(at, item)| (key(at), item.clone())).collect())
        }
        ValKind::Map(all, _) => Some(entries(all).into_iter().map(|entry| (key(entry), entry.value.clone())).collect()),
        ValKind::Null => Some(Vec::new()),
        _ => None,
    }
}

/// Whether it is known in which order the elements of a collection are gone through.
pub(super) fn has_order(collection: &Val) -> bool {
    match &collection.kind {
        ValKind::List(items, sequence) => is_ordered(items, *sequence),
        ValKind::Map(entries, _) => entries.len() < 2 || !entries.iter().any(Entry::is_open),
        _ => true,
    }
}

/// What an index or a name finds in a value.
pub(super) enum Step {
    Found(Val),
    /// It is certainly not there.
    Missing,
    /// It is there, or it is not.
    Open,
}

/// The element of a collection at a key.
pub(super) fn step(value: &Val, key: &str) -> Step {
    match &value.kind {
        ValKind::List(_, Sequence::Set) => Step::Missing,
        ValKind::List(items, sequence) => {
            let Ok(at) = key.parse::<usize>() else { return Step::Missing };
            let before = &items[..items.len().min(at.saturating_add(1))];
            match items.get(at) {
                _ if is_open(before) => Step::Open,
                Some(item) if is_ordered(items, *sequence) => Step::Found(item.clone()),
                Some(_) => Step::Open,
                None => Step::Missing,
            }
        }
        ValKind::Map(entries, _) => match value.get(key) {
            Some(found) => Step::Found(found.clone()),
            None if entries.iter().any(Entry::is_open) => Step::Open,
            None => Step::Missing,
        },
        _ => Step::Missing,
    }
}
