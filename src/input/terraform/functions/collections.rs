//! Functions on lists, sets and maps.

use crate::input::terraform::collection::{self, Keyed, Sequence, entries, is_open, is_ordered, listed};
use crate::input::terraform::eval::Evaluator;
use crate::input::terraform::types::{self, Type};
use crate::input::terraform::unknown::{MAX_ITEMS, REST, failed};
use crate::input::terraform::val::{Entry, Val, ValKind};
use crate::span::Span;
use crate::value::Domain;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;

/// Lists that are given as arguments; `None` where one is no list of known length.
fn lists(arguments: &[Val]) -> Option<Vec<(&[Val], Sequence)>> {
    let list = |value: &'_ Val| -> Option<()> { known(value).map(|_| ()) };
    arguments.iter().try_for_each(list)?;
    Some(arguments.iter().filter_map(known).collect())
}

/// The elements of a list of which none stands for any number of others.
pub(super) fn known(value: &Val) -> Option<(&[Val], Sequence)> {
    match &value.kind {
        ValKind::List(items, sequence) => (!is_open(items)).then_some((&**items, *sequence)),
        _ => None,
    }
}

/// A function that makes a type of another: `tolist`, `toset` and so on.
pub(super) fn convert(name: &str, value: &Val) -> Option<Val> {
    let span = value.span;
    let to = match name {
        "tostring" => Type::Text,
        "tonumber" => Type::Number,
        "tobool" => Type::Bool,
        _ => match (name, &value.kind) {
            (_, ValKind::Null) => return Some(value.clone()),
            ("tolist", ValKind::List(items, sequence)) => {
                let (items, same) = types::same(items.to_vec());
                return match same {
                    Some(true) => {
                        let sequence = listed(&items, *sequence, Sequence::List);
                        Some(Val::sequence(items, sequence, span))
                    }
                    Some(false) => Some(failed(span)),
                    None => Some(Val::sequence(items, listed(&[], *sequence, Sequence::Either), span)),
                };
            }
            ("toset", ValKind::List(items, _)) => {
                let (items, same) = types::same(items.to_vec());
                return Some(if same == Some(false) { failed(span) } else { collection::set(items, span) });
            }
            ("tomap", ValKind::Map(entries, _)) => {
                let (values, same) = types::same(entries.iter().map(|entry| entry.value.clone()).collect());
                let with = entries.iter().zip(values).map(|(entry, value)| Entry { value, ..entry.clone() });
                return Some(match same {
                    Some(false) => failed(span),
                    Some(true) => Val::keyed(with.collect(), Keyed::Map, span),
                    None => Val::keyed(with.collect(), Keyed::Either, span),
                });
            }
            (_, ValKind::Unknown(_)) => return None,
            _ => return Some(failed(span)),
        },
    };
    Some(types::convert(value.clone(), &to))
}

/// Each value of a list once.
pub(super) fn distinct(value: &Val) -> Option<Val> {
    let (items, sequence) = known(value)?;
    let (items, _) = types::same(items.to_vec());
    let mut seen = HashSet::new();
    let kept: Vec<Val> = items
        .into_iter()
        .filter(|item| collection::identity(item).is_none_or(|identity| seen.insert(identity)))
        .collect();
    let certain = !kept.iter().any(Val::has_hole);
    let sequence = listed(&kept, sequence, Sequence::List);
    Some(Val::sequence(kept, if certain { sequence } else { Sequence::Bag }, value.span))
}

/// The lists after one another; one that is not known stands for any number of elements.
pub(super) fn concat(evaluator: &Evaluator<'_>, arguments: &[Val], span: Span) -> Val {
    let mut items = Vec::new();
    let (mut lists, mut tuples, mut ordered) = (0, 0, true);
    for list in arguments {
        if items.len() > MAX_ITEMS {
            items.push(left_out(evaluator, span));
            break;
        }
        match &list.kind {
            ValKind::List(more, sequence) => {
                ordered &= is_ordered(more, *sequence);
                lists += usize::from(*sequence == Sequence::List);
                tuples += usize::from(*sequence == Sequence::Tuple);
                items.extend(more.iter().cloned());
            }
            ValKind::Null => {}
            ValKind::Unknown(hole) => items.push(Val::unknown(hole.name.clone(), REST, Domain::Any, list.span)),
            _ => items.push(list.clone()),
        }
    }
    let sequence = match (ordered, lists == arguments.len(), tuples > 0) {
        (false, _, _) => Sequence::Bag,
        (true, true, _) => Sequence::List,
        (true, false, true) => Sequence::Tuple,
        (true, false, false) => Sequence::Either,
    };
    Val::sequence(items, sequence, span)
}

/// What stands for the elements that a list has no room for.
pub(super) fn left_out(evaluator: &Evaluator<'_>, span: Span) -> Val {
    evaluator.too_many(span);
    Val::unknown("…".to_owned(), REST, Domain::Any, span)
}

/// How deep lists may stand in one another to be made one: deeper than evaluation makes them.
const MAX_NESTED: usize = 256;

/// The elements of a list and of the lists in it.
pub(super) fn flatten(evaluator: &Evaluator<'_>, value: &Val, span: Span) -> Val {
    let (mut items, mut ordered) = (Vec::new(), true);
    if !flat(value, 0, &mut items, &mut ordered) {
        items.push(left_out(evaluator, span));
    }
    Val::sequence(items, if ordered { Sequence::Tuple } else { Sequence::Bag }, span)
}

/// False where there is no room for all.
fn flat(value: &Val, depth: usize, items: &mut Vec<Val>, ordered: &mut bool) -> bool {
    match &value.kind {
        _ if items.len() > MAX_ITEMS => return false,
        ValKind::List(inner, sequence) if depth < MAX_NESTED => {
            *ordered &= is_ordered(inner, *sequence);
            return inner.iter().all(|item| flat(item, depth + 1, items, ordered));
        }
        // It may be a list.
        ValKind::Unknown(hole) if hole.domain == Domain::Any => {
            items.push(Val::unknown(hole.name.clone(), REST, Domain::Any, value.span));
        }
        _ => items.push(value.clone()),
    }
    true
}

/// All entries; of those with one key, the last.
pub(super) fn merge(evaluator: &Evaluator<'_>, maps: &[Val], span: Span) -> Option<Val> {
    let mut all: Vec<Entry> = Vec::new();
    let mut places: HashMap<Rc<str>, usize> = HashMap::new();
    let mut sorts = Vec::new();
    for map in maps.iter().filter(|map| !map.is_null()) {
        let ValKind::Map(more, keyed) = &map.kind else { return None };
        sorts.push(*keyed);
        for entry in more.iter() {
            match places.get(&entry.key) {
                Some(at) => all[*at] = entry.clone(),
                None => {
                    places.insert(Rc::clone(&entry.key), all.len());
                    all.push(entry.clone());
                }
            }
        }
        if all.len() > MAX_ITEMS {
            evaluator.too_many(span);
            return None;
        }
    }
    // What comes after a key that is not known may be what it gives.
    let keyed = match sorts.as_slice() {
        [] => Keyed::Object,
        sorts if sorts.iter().all(|keyed| *keyed == Keyed::Map) => Keyed::Map,
        sorts if sorts.contains(&Keyed::Object) => Keyed::Object,
        _ => Keyed::Either,
    };
    Some(Val::keyed(all, keyed, span))
}

/// The keys or the values of a map, in the order of its keys.
pub(super) fn parts(map: &Val, part: &dyn Fn(&Entry) -> Val, span: Span) -> Option<Val> {
    let ValKind::Map(all, keyed) = &map.kind else { return None };
    let items = entries(all).into_iter().map(part).collect();
    let sequence = match keyed {
        _ if !collection::has_order(map) => Sequence::Bag,
        Keyed::Object => Sequence::Tuple,
        Keyed::Map => Sequence::List,
        Keyed::Either => Sequence::Either,
    };
    Some(Val::sequence(items, sequence, span))
}

/// The value at a key, or what stands in for it.
pub(super) fn lookup(map: &Val, key: &str, otherwise: Option<&Val>, span: Span) -> Option<Val> {
    map.as_map()?;
    match (collection::step(map, key), otherwise) {
        (collection::Step::Found(value), _) => Some(value),
        (collection::Step::Missing, Some(value)) => Some(value.clone()),
        (collection::Step::Missing, None) => Some(failed(span)),
        (collection::Step::Open, _) => None,
    }
}

/// The element at an index that goes round.
pub(super) fn element(list: &Val, at: i64, span: Span) -> Option<Val> {
    let (items, sequence) = known(list)?;
    if items.is_empty() || sequence == Sequence::Set {
        return Some(failed(span));
    }
    let at = usize::try_from(at).ok()?.checked_rem(items.len())?;
    items.get(at).filter(|_| is_ordered(items, sequence)).cloned()
}

pub(super) fn length(value: &Val, span: Span) -> Option<Val> {
    let count = match &value.kind {
        ValKind::List(items, Sequence::Set) if items.iter().any(Val::has_hole) => return None,
        ValKind::List(..) => known(value)?.0.len(),
        ValKind::Map(all, _) if all.iter().any(Entry::is_open) => return None,
        ValKind::Map(all, _) => entries(all).len(),
        ValKind::Text(_) | ValKind::Json(_) => super::text::length(&value.known()?)?,
        ValKind::Null | ValKind::Bool(_) | ValKind::Number(_) => return Some(failed(span)),
        ValKind::Unknown(_) => return None,
    };
    Some(Val::count(count, span))
}

/// Where a value stands in a list, if it does.
pub(super) fn find(list: &Val, wanted: &Val) -> Option<Option<usize>> {
    let (items, _) = known(list)?;
    let mut open = false;
    for (at, item) in items.iter().enumerate() {
        match item.equals(wanted) {
            // Before it, there may be another.
            Some(true) => return Some(Some(at)),
            Some(false) => {}
            None => open = true,
        }
    }
    (!open).then_some(None)
}

/// The first that is neither null nor empty; an unknown one before it decides.
pub(super) fn coalesce(values: &[Val], span: Span) -> Option<Val> {
    for value in values {
        let empty = match &value.kind {
            ValKind::Null => true,
            ValKind::List(items, _) => items.is_empty(),
            _ => value.known().is_some_and(|text| text.is_empty()),
        };
        match value.as_hole().map(|hole| &hole.domain) {
            // It may be empty.
            Some(Domain::Any | Domain::Text) => return None,
            Some(_) => return Some(value.clone()),
            None => {}
        }
        if !empty {
            let simple = matches!(value.kind, ValKind::Bool(_) | ValKind::Number(_));
            // All have one type.
            if !simple {
                return Some(value.clone());
            }
            let of: Vec<Type> =
                values.iter().filter(|value| value.is_small()).map(|value| types::of(value, 0)).collect();
            return match types::unify(&of, 0) {
                types::Unified::Type(to) => Some(types::convert(value.clone(), &to)),
                _ => Some(value.clone()),
            };
        }
    }
    Some(failed(span))
}

/// Sets taken together: what is in any, in all, or in the first alone.
pub(super) fn sets(name: &str, arguments: &[Val], span: Span) -> Option<Val> {
    let lists = lists(arguments)?;
    let sizes: Vec<usize> = lists.iter().map(|(items, _)| items.len()).collect();
    let (all, _) = types::same(lists.iter().flat_map(|(items, _)| items.iter().cloned()).collect());
    let mut rest = all.as_slice();
    let mut sets = Vec::new();
    for size in sizes {
        let (one, after) = rest.split_at(size);
        sets.push(one);
        rest = after;
    }
    let (first, others) = sets.split_first()?;
    if name == "setunion" {
        return Some(collection::set(all, span));
    }
    // What is not known may be in the others, or equal to what is.
    if all.iter().any(Val::has_hole) {
        return None;
    }
    let members = |set: &&[Val]| set.iter().filter_map(collection::identity).collect::<HashSet<_>>();
    let others: Vec<HashSet<String>> = others.iter().map(members).collect();
    let keeps = |item: &&Val| {
        let identity = collection::identity(item).unwrap_or_default();
        match name {
            "setsubtract" => !others.iter().any(|other| other.contains(&identity)),
            _ => others.iter().all(|other| other.contains(&identity)),
        }
    };
    Some(collection::set(first.iter().filter(keeps).cloned().collect(), span))
}

/// Every choice of one element of each.
pub(super) fn product(evaluator: &Evaluator<'_>, arguments: &[Val], span: Span) -> Option<Val> {
    let lists = lists(arguments)?;
    let count = lists.iter().fold(1usize, |count, (items, _)| count.saturating_mul(items.len()));
    if count > MAX_ITEMS {
        evaluator.too_many(span);
        return None;
    }
    let mut rows: Vec<Vec<Val>> = vec![Vec::new()];
    for (items, _) in &lists {
        let longer = |row: &Vec<Val>| {
            items.iter().map(|item| row.iter().cloned().chain([item.clone()]).collect::<Vec<_>>()).collect::<Vec<_>>()
        };
        rows = rows.iter().flat_map(longer).collect();
    }
    let rows = rows.into_iter().map(|row| Val::list(row, span)).collect();
    let ordered = lists.iter().all(|(items, sequence)| is_ordered(items, *sequence));
    let is_set = lists.iter().all(|(_, sequence)| *sequence == Sequence::Set);
    // The order of a set of lists is one of its own.
    Some(Val::sequence(rows, if ordered && !is_set { Sequence::List } else { Sequence::Bag }, span))
}

/// A list of strings in their order.
pub(super) fn sort(value: &Val, span: Span) -> Option<Val> {
    let (items, _) = known(value)?;
    let mut items: Vec<Val> = items.iter().map(|item| types::convert(item.clone(), &Type::Text)).collect();
    if items.iter().any(|item| item.known().is_none()) {
        return Some(Val::sequence(items, Sequence::Bag, span));
    }
    items.sort_by_key(Val::known);
    Some(Val::sequence(items, Sequence::List, span))
}

/// A list cut into lists of a length.
pub(super) fn chunks(value: &Val, size: usize, span: Span) -> Option<Val> {
    let (items, sequence) = known(value)?;
    if !is_ordered(items, sequence) {
        return None;
    }
    let inner = |chunk: &[Val]| Val::sequence(chunk.to_vec(), Sequence::List, span);
    let all = match size {
        0 => vec![inner(items)],
        size => items.chunks(size).map(inner).collect(),
    };
    Some(Val::sequence(all, Sequence::List, span))
}

/// The values at the places where another list has one of some keys.
pub(super) fn matching(values: &Val, keys: &Val, wanted: &Val, span: Span) -> Option<Val> {
    let ((values, sequence), (keys, keys_sequence)) = (known(values)?, known(keys)?);
    if values.len() != keys.len() {
        return Some(failed(span));
    }
    if !is_ordered(values, sequence) || !is_ordered(keys, keys_sequence) {
        return None;
    }
    let mut kept = Vec::new();
    for (value, key) in values.iter().zip(keys) {
        if find(wanted, key)?.is_some() {
            kept.push(value.clone());
        }
    }
    Some(Val::sequence(kept, Sequence::List, span))
}

/// A map of lists turned round: from each element to the keys that had it.
pub(super) fn transpose(map: &Val, span: Span) -> Option<Val> {
    let ValKind::Map(all, _) = &map.kind else { return None };
    let mut turned: BTreeMap<Rc<str>, Vec<Val>> = BTreeMap::new();
    for entry in entries(all) {
        let (items, _) = known(&entry.value).filter(|_| !entry.is_open())?;
        for item in items {
            turned.entry(item.known()?).or_default().push(Val::text(&entry.key, entry.key_span));
        }
    }
    let entry = |(key, keys): (Rc<str>, Vec<Val>)| Entry {
        key,
        key_span: span,
        value: Val::sequence(keys, Sequence::List, span),
    };
    Some(Val::keyed(turned.into_iter().map(entry).collect(), Keyed::Map, span))
}

/// Keys and values as a map.
pub(super) fn zip(keys: &Val, values: &Val, span: Span) -> Option<Val> {
    let ((keys, keys_sequence), (values, sequence)) = (known(keys)?, known(values)?);
    if keys.len() != values.len() {
        return Some(failed(span));
    }
    if !is_ordered(keys, keys_sequence) || !is_ordered(values, sequence) {
        return None;
    }
    let entry =
        |(key, value): (&Val, &Val)| Some(Entry { key: key.known()?, key_span: key.span, value: value.clone() });
    let all: Option<Vec<Entry>> = keys.iter().zip(values).map(entry).collect();
    let keyed = match sequence {
        Sequence::List | Sequence::Set => Keyed::Map,
        Sequence::Tuple => Keyed::Object,
        Sequence::Bag | Sequence::Either => Keyed::Either,
    };
    Some(Val::keyed(all?, keyed, span))
}

/// Whether all or any of some truths hold. Nothing is a truth that does not hold.
pub(super) fn truths(any: bool, value: &Val) -> Option<bool> {
    let (items, _) = known(value)?;
    let mut open = false;
    for item in items {
        let holds = if item.is_null() { Some(false) } else { item.as_bool() };
        match holds {
            Some(holds) if holds == any => return Some(any),
            Some(_) => {}
            None => open = true,
        }
    }
    (!open).then_some(!any)
}
