//! Types of values, and what a value becomes where a type asks for it.

use super::collection::{self, Keyed, Sequence, is_open, listed};
use super::number;
use super::unknown::failed;
use super::val::{Entry, Val, ValKind};
use crate::value::Domain;
use std::rc::Rc;

/// How deep types are followed, those of variables and those of values.
pub(super) const MAX_DEPTH: usize = 32;

/// A type.
#[derive(Clone, Debug)]
pub(super) enum Type {
    /// Any, or one that is not known.
    Any,
    Bool,
    Number,
    Text,
    List(Box<Type>),
    Set(Box<Type>),
    Map(Box<Type>),
    Tuple(Vec<Type>),
    Object(Vec<Attribute>),
}

/// An attribute of an object.
#[derive(Clone, Debug)]
pub(super) struct Attribute {
    pub name: Rc<str>,
    pub of: Type,
    /// What it is where it is not given, `optional(…, default)`.
    pub default: Option<Val>,
}

/// What several types have in common.
pub(super) enum Unified {
    Type(Type),
    /// Nothing: Terraform refuses it.
    Never,
    /// Not known.
    Unsure,
}

/// A value as a type asks for it. What cannot be converted is an error, [`FAILED`]; what is not known stays so.
pub(super) fn convert(value: Val, to: &Type) -> Val {
    if value.is_small() {
        return converted(value, to);
    }
    let span = value.span;
    Val::unknown("…".to_owned(), "a value that holds too many others", Domain::Any, span)
}

fn converted(value: Val, to: &Type) -> Val {
    let span = value.span;
    match (to, &value.kind) {
        (Type::Any, _) | (_, ValKind::Null | ValKind::Unknown(_)) => value,
        (Type::Text, ValKind::Text(_) | ValKind::Json(_))
        | (Type::Number, ValKind::Number(_))
        | (Type::Bool, ValKind::Bool(_)) => value,
        (Type::Text, ValKind::Number(_) | ValKind::Bool(_)) => {
            value.known().map_or_else(|| failed(span), |text| Val::text(&text, span))
        }
        (Type::Number, ValKind::Text(_) | ValKind::Json(_)) => match value.known() {
            Some(text) => match number::normal(&text) {
                Some(number) => Val::new(ValKind::Number(number.into()), span),
                None if number::is_number(&text) => Val::number(&text, span),
                None => failed(span),
            },
            None => value,
        },
        (Type::Bool, ValKind::Text(_) | ValKind::Json(_)) => match value.known().as_deref() {
            Some("true" | "1") => Val::new(ValKind::Bool(true), span),
            Some("false" | "0") => Val::new(ValKind::Bool(false), span),
            Some(_) => failed(span),
            None => value,
        },
        (Type::List(of), ValKind::List(items, sequence)) => {
            let items = all(items.iter().cloned(), of);
            // What a set became has its order only if it had one.
            let sequence = listed(&items, *sequence, Sequence::List);
            Val::sequence(items, sequence, span)
        }
        (Type::Set(of), ValKind::List(items, _)) => collection::set(all(items.iter().cloned(), of), span),
        (Type::Tuple(types), ValKind::List(items, sequence)) => {
            if types.len() != items.len() && !is_open(items) {
                return failed(span);
            }
            if types.len() != items.len() {
                return value;
            }
            let items = items.iter().zip(types).map(|(item, of)| converted(item.clone(), of)).collect::<Vec<_>>();
            let sequence = listed(&items, *sequence, Sequence::Tuple);
            Val::sequence(items, sequence, span)
        }
        (Type::Map(of), ValKind::Map(entries, _)) => {
            let values = all(entries.iter().map(|entry| entry.value.clone()), of);
            let entries = entries.iter().zip(values).map(|(entry, value)| Entry { value, ..entry.clone() });
            Val::keyed(entries.collect(), Keyed::Map, span)
        }
        (Type::Object(attributes), ValKind::Map(entries, _)) => {
            let mut kept = Vec::with_capacity(attributes.len());
            for attribute in attributes {
                let given = entries.iter().rev().find(|entry| entry.key == attribute.name);
                let value = match given {
                    Some(entry) if !entry.value.is_null() => entry.value.clone(),
                    // What an open key gives may be this.
                    None if entries.iter().any(Entry::is_open) => {
                        Val::unknown(attribute.name.to_string(), "an attribute that is not known", Domain::Any, span)
                    }
                    _ => attribute.default.clone().unwrap_or_else(|| Val::null(span)),
                };
                let key_span = given.map_or(span, |entry| entry.key_span);
                kept.push(Entry { key: Rc::clone(&attribute.name), key_span, value: converted(value, &attribute.of) });
            }
            Val::keyed(kept, Keyed::Object, span)
        }
        (Type::Text | Type::Number | Type::Bool, _)
        | (Type::List(_) | Type::Set(_) | Type::Tuple(_) | Type::Map(_) | Type::Object(_), _) => failed(span),
    }
}

/// Values as they stand in a collection whose elements have a type. Where it says `any`, it is what they have in common.
fn all(items: impl Iterator<Item = Val>, of: &Type) -> Vec<Val> {
    let items: Vec<Val> = items.map(|item| converted(item, of)).collect();
    match of {
        Type::Any => same(items).0,
        _ => items,
    }
}

/// Values that are given the type that they have in common, and whether there is one: `Some(false)` is an error.
pub(super) fn same(items: Vec<Val>) -> (Vec<Val>, Option<bool>) {
    let mut left = super::val::MAX_NODES;
    for item in &items {
        left -= item.nodes(left);
    }
    if left == 0 {
        return (items, None);
    }
    match unify(&items.iter().map(|item| of(item, 0)).collect::<Vec<_>>(), 0) {
        Unified::Type(Type::Any) => (items, Some(true)),
        Unified::Type(to) => (items.into_iter().map(|item| convert(item, &to)).collect(), Some(true)),
        Unified::Never => (items, Some(false)),
        Unified::Unsure => (items, None),
    }
}

/// The type of a value, as far as it is known.
pub(super) fn of(value: &Val, depth: usize) -> Type {
    if depth > MAX_DEPTH {
        return Type::Any;
    }
    let each = |items: &[Val]| items.iter().map(|item| of(item, depth + 1)).collect::<Vec<_>>();
    let element = |items: &[Val]| match unify(&each(items), depth) {
        Unified::Type(of) => Box::new(of),
        Unified::Never | Unified::Unsure => Box::new(Type::Any),
    };
    match &value.kind {
        ValKind::Null | ValKind::Unknown(_) => Type::Any,
        ValKind::Bool(_) => Type::Bool,
        ValKind::Number(_) => Type::Number,
        ValKind::Text(_) | ValKind::Json(_) => Type::Text,
        ValKind::List(items, Sequence::Tuple) if !is_open(items) => Type::Tuple(each(items)),
        ValKind::List(items, Sequence::List) => Type::List(element(items)),
        ValKind::List(items, Sequence::Set) => Type::Set(element(items)),
        ValKind::List(..) => Type::Any,
        ValKind::Map(entries, Keyed::Object) if !entries.iter().any(Entry::is_open) => {
            let attributes = collection::entries(entries).into_iter().map(|entry| Attribute {
                name: Rc::clone(&entry.key),
                of: of(&entry.value, depth + 1),
                default: None,
            });
            Type::Object(attributes.collect())
        }
        ValKind::Map(entries, Keyed::Map) => {
            let values: Vec<Val> = entries.iter().map(|entry| entry.value.clone()).collect();
            Type::Map(element(&values))
        }
        ValKind::Map(..) => Type::Any,
    }
}

/// The type that values of all these types can be converted to without loss (go-cty, "Conversion and unification").
pub(super) fn unify(types: &[Type], depth: usize) -> Unified {
    // What is not known may be anything that fits.
    let types: Vec<&Type> = types.iter().filter(|of| !matches!(of, Type::Any)).collect();
    let Some((first, rest)) = types.split_first() else { return Unified::Type(Type::Any) };
    if depth > MAX_DEPTH {
        return Unified::Unsure;
    }
    let is_simple = |of: &&&Type| matches!(of, Type::Bool | Type::Number | Type::Text);
    match types.iter().filter(is_simple).count() {
        0 => {}
        count if count < types.len() => return Unified::Never,
        _ if rest.iter().all(|of| std::mem::discriminant(*of) == std::mem::discriminant(*first)) => {
            return Unified::Type((*first).clone());
        }
        _ if types.iter().any(|of| matches!(of, Type::Text)) => return Unified::Type(Type::Text),
        // Neither becomes the other.
        _ => return Unified::Never,
    }
    let inner = |parts: Vec<Type>, make: &dyn Fn(Type) -> Type| match unify(&parts, depth + 1) {
        Unified::Type(of) => Unified::Type(make(of)),
        other => other,
    };
    let is_keyed = |of: &&Type| matches!(of, Type::Map(_) | Type::Object(_));
    match types.iter().copied().filter(is_keyed).count() {
        0 => {}
        count if count < types.len() => return Unified::Never,
        _ => {
            if let Some(object) = same_object(&types, depth) {
                return object;
            }
            let parts = types.iter().flat_map(|of| match of {
                Type::Map(of) => vec![(**of).clone()],
                Type::Object(attributes) => attributes.iter().map(|attribute| attribute.of.clone()).collect(),
                _ => Vec::new(),
            });
            return inner(parts.collect(), &|of| Type::Map(Box::new(of)));
        }
    }
    if types.iter().all(|of| matches!(of, Type::Set(_))) {
        let parts = types.iter().filter_map(|of| match of {
            Type::Set(of) => Some((**of).clone()),
            _ => None,
        });
        return inner(parts.collect(), &|of| Type::Set(Box::new(of)));
    }
    if types.iter().any(|of| matches!(of, Type::Set(_))) {
        // A tuple becomes a set where the other one is, if its elements fit.
        return match types.iter().all(|of| matches!(of, Type::Set(_) | Type::Tuple(_))) {
            true => {
                let parts = types.iter().flat_map(|of| match of {
                    Type::Set(of) => vec![(**of).clone()],
                    Type::Tuple(items) => items.clone(),
                    _ => Vec::new(),
                });
                inner(parts.collect(), &|of| Type::Set(Box::new(of)))
            }
            false => Unified::Unsure,
        };
    }
    if let Some(tuple) = same_tuple(&types, depth) {
        return tuple;
    }
    let parts = types.iter().flat_map(|of| match of {
        Type::List(of) => vec![(**of).clone()],
        Type::Tuple(items) => items.clone(),
        _ => Vec::new(),
    });
    inner(parts.collect(), &|of| Type::List(Box::new(of)))
}

/// The object that objects with the same attributes have in common; `None` where they have others.
fn same_object(types: &[&Type], depth: usize) -> Option<Unified> {
    let attributes = |of: &Type| match of {
        Type::Object(attributes) => {
            let mut attributes = attributes.clone();
            attributes.sort_by(|a, b| a.name.cmp(&b.name));
            Some(attributes)
        }
        _ => None,
    };
    let all: Vec<Vec<Attribute>> = types.iter().map(|of| attributes(of)).collect::<Option<_>>()?;
    let (first, rest) = all.split_first()?;
    let names = |attributes: &[Attribute]| attributes.iter().map(|one| Rc::clone(&one.name)).collect::<Vec<_>>();
    if rest.iter().any(|other| names(other) != names(first)) {
        return None;
    }
    let mut made = Vec::with_capacity(first.len());
    for (at, attribute) in first.iter().enumerate() {
        let parts: Vec<Type> = all.iter().map(|attributes| attributes[at].of.clone()).collect();
        match unify(&parts, depth + 1) {
            Unified::Type(of) => made.push(Attribute { name: Rc::clone(&attribute.name), of, default: None }),
            other => return Some(other),
        }
    }
    Some(Unified::Type(Type::Object(made)))
}

/// The tuple that tuples of one length have in common; `None` where they have no such.
fn same_tuple(types: &[&Type], depth: usize) -> Option<Unified> {
    let items = |of: &Type| match of {
        Type::Tuple(items) => Some(items.clone()),
        _ => None,
    };
    let all: Vec<Vec<Type>> = types.iter().map(|of| items(of)).collect::<Option<_>>()?;
    let length = all.first()?.len();
    if all.iter().any(|items| items.len() != length) {
        return None;
    }
    let mut made = Vec::with_capacity(length);
    for at in 0..length {
        let parts: Vec<Type> = all.iter().map(|items| items[at].clone()).collect();
        match unify(&parts, depth + 1) {
            Unified::Type(of) => made.push(of),
            Unified::Never => return None,
            Unified::Unsure => return Some(Unified::Unsure),
        }
    }
    Some(Unified::Type(Type::Tuple(made)))
}
