//! The marks beside a value: which parts of it are not known, and which are sensitive.

use crate::value::{Kind, Member, Value};

/// A part of `after_unknown`, `after_sensitive` or `sensitive_values`: the shape of the value with `true` at the parts
/// that are marked. What is not marked is `false` or missing.
#[derive(Clone, Copy, Debug)]
pub(super) enum Mask<'s> {
    /// Nothing is marked.
    Nothing,
    /// All of it is.
    All,
    /// Some of it may be.
    Parts(&'s Value<'s>),
}

impl<'s> Mask<'s> {
    /// The marks that stand at a place.
    pub fn of(marks: Option<&'s Value<'s>>) -> Self {
        match marks.map(|marks| (marks, &marks.kind)) {
            Some((_, Kind::Bool(true))) => Mask::All,
            Some((marks, Kind::Map(_) | Kind::List(_))) => Mask::Parts(marks),
            Some(_) | None => Mask::Nothing,
        }
    }

    /// The marks of a member.
    pub fn get(self, key: &str) -> Self {
        match self {
            Mask::Parts(marks) => Mask::of(marks.get(key)),
            Mask::Nothing | Mask::All => self,
        }
    }

    /// The marks of an element.
    pub fn at(self, index: usize) -> Self {
        match self {
            Mask::Parts(marks) => Mask::of(marks.as_list().and_then(|list| list.get(index))),
            Mask::Nothing | Mask::All => self,
        }
    }

    /// Whether the whole value is marked.
    pub fn is_all(self) -> bool {
        matches!(self, Mask::All)
    }

    /// The marks of the members of an object, as they stand in the file.
    pub fn keys(self) -> impl Iterator<Item = &'s Member<'s>> {
        let marks = match self {
            Mask::Parts(marks) => Some(marks),
            Mask::Nothing | Mask::All => None,
        };
        marks.and_then(Value::as_map).unwrap_or_default().iter()
    }
}
