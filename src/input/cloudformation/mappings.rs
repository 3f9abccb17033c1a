//! `Fn::FindInMap`.

use super::intrinsics::Choices;
use super::template::{Template, scalar, text_hole, too_far};
use crate::span::Span;
use crate::value::{Domain, Kind, Member, Text, Value};
use std::borrow::Cow;
use std::collections::HashSet;

impl<'s> Template<'s> {
    /// `[map, key, key]`, and with `AWS::LanguageExtensions` `{DefaultValue: …}` for keys that the map does not have.
    /// With a key that is not known, the value is one of those that the map holds. `None` where that is not known, and
    /// `Some(None)` where the default is that there is no value.
    pub fn find_in_map(&self, argument: &'s Value<'s>, choices: &Choices<'s>, span: Span) -> Option<Option<Value<'s>>> {
        let (map, first, second, otherwise) = match argument.as_list()? {
            [map, first, second] => (map, first, second, None),
            [map, first, second, options] => (map, first, second, Some(options.get("DefaultValue")?)),
            _ => return None,
        };
        let otherwise = || otherwise.map(|value| self.resolve(value, choices));
        let map = self.resolve(map, choices)?;
        let Some(map) = self.mappings.and_then(|mappings| mappings.get(map.as_str()?)) else { return otherwise() };
        let map = map.as_map()?;
        let (first, second) = (self.map_key(first, choices)?, self.map_key(second, choices)?);
        if let (Some(first), Some(second)) = (first.known(), second.known()) {
            self.spend(map.len()).then_some(())?;
            let row = map.iter().find(|row| row.key == first);
            return match row.and_then(|row| row.value.get(second)) {
                Some(cell) => Some(Some(self.copy(cell))),
                None => otherwise(),
            };
        }
        let Looked { cells, complete } = self.look_up(map, &first, &second)?;
        let name = self.named("Fn::FindInMap", span, choices);
        let otherwise = if complete { None } else { otherwise() };
        let Some(value) = otherwise else {
            // Lists of one length, such as the accounts of each stage.
            if let Some(lists) = lists(&cells) {
                let item = |at: usize| {
                    self.one_of(format!("{name}[{at}]"), lists.iter().map(|(list, likely)| (&list[at], *likely)), span)
                };
                let items: Option<Vec<_>> = (0..lists.first()?.0.len()).map(item).collect();
                return Some(Some(Value::new(Kind::List(items?), span)));
            }
            return self.one_of(name, cells.into_iter(), span).map(Some);
        };
        let value = value?;
        // The keys that a deployment most likely has may not be in the map.
        let keys_are_likely = first.likely().is_some() && second.likely().is_some();
        let likely = keys_are_likely && !cells.iter().any(|(_, likely)| *likely);
        self.one_of(name, cells.into_iter().chain([(&value, likely)]), span).map(Some)
    }

    /// A string that is one of these.
    fn one_of<'v>(
        &self,
        name: String,
        cells: impl Iterator<Item = (&'v Value<'v>, bool)>,
        span: Span,
    ) -> Option<Value<'s>> {
        let (mut values, mut seen, mut default) = (Vec::new(), HashSet::new(), None);
        for (cell, likely) in cells {
            let value = scalar(cell)?;
            self.spend(value.len()).then_some(())?;
            if likely {
                default = Some(value);
            }
            if seen.insert(value) {
                values.push(value.to_owned());
            }
        }
        let why = "a value looked up in `Mappings`";
        (!values.is_empty()).then(|| text_hole(name, why, Domain::OneOf(values), default, span))
    }

    fn map_key(&self, key: &'s Value<'s>, choices: &Choices<'s>) -> Option<Text> {
        let key = self.resolve(key, choices)?;
        key.as_text().or_else(|| Some(Text::literal(scalar(&key)?, key.span)))
    }

    /// The cells of a map for keys that are not known.
    fn look_up(&self, map: &'s [Member<'s>], first: &Text, second: &Text) -> Option<Looked<'s>> {
        let (firsts, seconds) = (Keys::of(first), Keys::of(second));
        let (likely_first, likely_second) = (first.likely(), second.likely());
        let mut found = Looked { cells: Vec::new(), complete: false };
        let mut rows = 0;
        for row in map {
            self.spend(1).then_some(())?;
            if !firsts.may_be(&row.key) {
                continue;
            }
            let earlier = found.cells.len();
            for cell in row.value.as_map()? {
                self.spend(1).then_some(())?;
                if seconds.may_be(&cell.key) {
                    let likely =
                        likely_first.as_deref() == Some(&*row.key) && likely_second.as_deref() == Some(&*cell.key);
                    found.cells.push((&cell.value, likely));
                }
            }
            rows += usize::from(seconds.count() == Some(found.cells.len() - earlier));
        }
        found.complete = firsts.count() == Some(rows);
        Some(found)
    }

    /// A value of the map; nothing in a map is a function.
    fn copy(&self, value: &'s Value<'s>) -> Value<'s> {
        if !self.spend(1) {
            return too_far(value.span);
        }
        let kind = match &value.kind {
            Kind::List(items) => Kind::List(items.iter().map(|item| self.copy(item)).collect()),
            Kind::Map(members) => Kind::Map(
                members
                    .iter()
                    .map(|member| Member {
                        key: Cow::Borrowed(&member.key),
                        key_span: member.key_span,
                        value: self.copy(&member.value),
                    })
                    .collect(),
            ),
            Kind::String(text) => Kind::String(Cow::Borrowed(text)),
            Kind::Number(text) => Kind::Number(Cow::Borrowed(text)),
            Kind::Null | Kind::Bool(_) | Kind::Template(_) | Kind::Tagged(_) | Kind::Unknown(_) => value.kind.clone(),
        };
        Value::new(kind, value.span)
    }
}

/// What was found in a map for keys that are not known.
struct Looked<'s> {
    /// Each value that there can be, with whether it is the one for the keys that a deployment most likely has.
    cells: Vec<(&'s Value<'s>, bool)>,
    /// Whether the map has a value for all that the keys can be.
    complete: bool,
}

/// The cells as lists, when they are lists of one length.
fn lists<'v>(cells: &[(&'v Value<'v>, bool)]) -> Option<Vec<(&'v [Value<'v>], bool)>> {
    let lists: Vec<_> = cells.iter().map(|(cell, likely)| Some((cell.as_list()?, *likely))).collect::<Option<_>>()?;
    let length = lists.first()?.0.len();
    lists.iter().all(|(list, _)| list.len() == length).then_some(lists)
}

/// The keys that a text can be; `None` where any can be.
struct Keys<'t>(Option<HashSet<&'t str>>);

impl<'t> Keys<'t> {
    fn of(text: &'t Text) -> Self {
        Keys(match (text.known(), text.only_hole().map(|hole| &hole.domain)) {
            (Some(known), _) => Some(HashSet::from([known])),
            (None, Some(Domain::OneOf(values))) => Some(values.iter().map(String::as_str).collect()),
            (None, _) => None,
        })
    }

    fn may_be(&self, key: &str) -> bool {
        self.0.as_ref().is_none_or(|keys| keys.contains(key))
    }

    /// How many there are, where that is known.
    fn count(&self) -> Option<usize> {
        self.0.as_ref().map(HashSet::len)
    }
}
