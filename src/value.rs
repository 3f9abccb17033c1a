//! The spanned tree that every syntax is parsed into, with a place for what is not known.
//!
//! JSON, YAML and the hosts of policies all become a [`Value`]. A string can be partly known ([`Text`]): literal parts
//! and [`Hole`]s, the values of template parameters and the like. Nothing is ever substituted for a hole.

use crate::span::Span;
use jsonpath_rust::query::queryable::Queryable;
use std::borrow::Cow;

/// One node: what it is and which bytes it was written with. Strings borrow from the source where they can.
/// Two nodes are equal when they say the same, wherever they stand.
#[derive(Clone, Debug)]
pub struct Value<'s> {
    /// The bytes of the whole node, quotes and brackets included.
    pub span: Span,
    /// What stands there.
    pub kind: Kind<'s>,
}

/// The sorts of node.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind<'s> {
    /// `null`, or nothing after a YAML key.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number as it was written: account ids such as `012345678901` must not be rounded.
    Number(Cow<'s, str>),
    /// A string, unescaped.
    String(Cow<'s, str>),
    /// A string that is only partly known.
    Template(Box<Text>),
    /// A list.
    List(Vec<Value<'s>>),
    /// An object. Members keep their order, and duplicates are kept: a dropped one may be the guard of a statement.
    Map(Vec<Member<'s>>),
    /// A value with a YAML tag that the syntax has no meaning for, such as `!Sub`.
    Tagged(Box<Tagged<'s>>),
    /// A value of which not even the sort is known.
    Unknown(Box<Hole>),
}

/// One `key: value` of an object.
#[derive(Clone, Debug)]
pub struct Member<'s> {
    /// The key, unescaped.
    pub key: Cow<'s, str>,
    /// Where the key was written.
    pub key_span: Span,
    /// The value.
    pub value: Value<'s>,
}

/// A value under a YAML tag.
#[derive(Clone, Debug, PartialEq)]
pub struct Tagged<'s> {
    /// The tag without its `!`.
    pub tag: Cow<'s, str>,
    /// Where the tag was written.
    pub tag_span: Span,
    /// What the tag is applied to.
    pub value: Value<'s>,
}

/// A part of a string that is not known when the file is read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Hole {
    /// What the file calls it, `AWS::AccountId` or `TrustedAccount`. Equal names in one file are equal values.
    pub name: String,
    /// What sort of thing it is, to follow "is": "a parameter without a default".
    pub why: &'static str,
    /// What its value can be.
    pub domain: Domain,
    /// The value it has when nobody chooses another: a parameter's default.
    pub default: Option<String>,
}

/// Why the name or the ARN is not known of an IAM user that is there for a program: what declares it gives it an access
/// key and no password.
pub const MACHINE_USER: &str = "a user of this configuration that has an access key and no password";

/// What is known of the value of a [`Hole`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Domain {
    /// Nothing; it may even be a list or an object.
    Any,
    /// Some string.
    Text,
    /// One of these strings, `AllowedValues`.
    OneOf(Vec<String>),
    /// The account that the template is deployed to: the account of every resource in it.
    OwnAccount,
    /// Some account id: 12 digits.
    AccountId,
    /// The partition that the template is deployed to, `aws` in most places.
    Partition,
    /// The Region that the template is deployed to.
    Region,
    /// The DNS suffix of the partition, `amazonaws.com` in most places.
    UrlSuffix,
    /// The ARN of a resource that the same file declares, so of the own account. The text is the resource type.
    OwnArn(String),
    /// The organization id of the own account.
    OwnOrganization,
}

/// A string with its place: literal, or literal parts with holes between them.
/// Two texts are equal when they say the same, wherever they stand.
#[derive(Clone, Debug, Eq)]
pub struct Text {
    /// Where the string was written.
    pub span: Span,
    repr: Repr,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Repr {
    Literal(String),
    Parts(Vec<Part>),
}

/// A part of a [`Text`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// Known text.
    Literal(String),
    /// Text that is not known.
    Hole(Hole),
}

impl PartialEq for Value<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

impl PartialEq for Member<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key && self.value == other.value
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.repr == other.repr
    }
}

impl std::hash::Hash for Text {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.repr.hash(state);
    }
}

impl Text {
    /// A known string.
    pub fn literal(text: impl Into<String>, span: Span) -> Self {
        Text { span, repr: Repr::Literal(text.into()) }
    }

    /// A string of parts; adjacent literals are joined, so that equal strings compare equal.
    pub fn from_parts(parts: impl IntoIterator<Item = Part>, span: Span) -> Self {
        let mut joined: Vec<Part> = Vec::new();
        for part in parts {
            match (joined.last_mut(), part) {
                (Some(Part::Literal(before)), Part::Literal(more)) => before.push_str(&more),
                (_, Part::Literal(text)) if text.is_empty() => {}
                (_, part) => joined.push(part),
            }
        }
        match joined.as_mut_slice() {
            [] => Text::literal("", span),
            [Part::Literal(text)] => Text::literal(std::mem::take(text), span),
            _ => Text { span, repr: Repr::Parts(joined) },
        }
    }

    /// A string that is one hole.
    pub fn hole(hole: Hole, span: Span) -> Self {
        Text { span, repr: Repr::Parts(vec![Part::Hole(hole)]) }
    }

    /// The string, when every part of it is known.
    pub fn known(&self) -> Option<&str> {
        match &self.repr {
            Repr::Literal(text) => Some(text),
            Repr::Parts(_) => None,
        }
    }

    /// The string as it is when nobody chooses other values: holes replaced by their defaults.
    /// `None` when a hole has none. A verdict that rests on this is `likely`, never `proved`.
    pub fn likely(&self) -> Option<Cow<'_, str>> {
        match &self.repr {
            Repr::Literal(text) => Some(Cow::Borrowed(text)),
            Repr::Parts(parts) => {
                let mut out = String::new();
                for part in parts {
                    match part {
                        Part::Literal(text) => out.push_str(text),
                        Part::Hole(hole) => out.push_str(hole.default.as_deref()?),
                    }
                }
                Some(Cow::Owned(out))
            }
        }
    }

    /// The holes, in order.
    pub fn holes(&self) -> impl Iterator<Item = &Hole> {
        self.parts().filter_map(|part| match part {
            PartRef::Hole(hole) => Some(hole),
            PartRef::Literal(_) => None,
        })
    }

    /// The parts, in order.
    pub fn parts(&self) -> impl Iterator<Item = PartRef<'_>> {
        let (literal, parts) = match &self.repr {
            Repr::Literal(text) => (Some(PartRef::Literal(text)), &[][..]),
            Repr::Parts(parts) => (None, parts.as_slice()),
        };
        literal.into_iter().chain(parts.iter().map(|part| match part {
            Part::Literal(text) => PartRef::Literal(text),
            Part::Hole(hole) => PartRef::Hole(hole),
        }))
    }

    /// The only part, when the whole string is one hole.
    pub fn only_hole(&self) -> Option<&Hole> {
        match &self.repr {
            Repr::Parts(parts) => match parts.as_slice() {
                [Part::Hole(hole)] => Some(hole),
                _ => None,
            },
            Repr::Literal(_) => None,
        }
    }

    /// The pieces between `separator`s that stand in the known parts, at most `limit` of them: the last keeps the rest.
    /// All pieces have the span of the whole.
    pub fn split(&self, separator: char, limit: usize) -> Vec<Text> {
        let mut pieces: Vec<Vec<Part>> = vec![Vec::new()];
        for part in self.parts() {
            match part {
                PartRef::Hole(hole) => push_last(&mut pieces, Part::Hole(hole.clone())),
                PartRef::Literal(mut text) => {
                    while pieces.len() < limit
                        && let Some((before, after)) = text.split_once(separator)
                    {
                        push_last(&mut pieces, Part::Literal(before.to_owned()));
                        pieces.push(Vec::new());
                        text = after;
                    }
                    push_last(&mut pieces, Part::Literal(text.to_owned()));
                }
            }
        }
        pieces.into_iter().map(|parts| Text::from_parts(parts, self.span)).collect()
    }

    /// The text without a known prefix; `None` when it does not begin with it for sure.
    pub fn strip_prefix(&self, prefix: &str) -> Option<Text> {
        let mut parts = self.parts();
        let PartRef::Literal(first) = parts.next()? else { return None };
        let rest = Part::Literal(first.strip_prefix(prefix)?.to_owned());
        Some(Text::from_parts(std::iter::once(rest).chain(parts.map(PartRef::to_part)), self.span))
    }

    /// How a person would write the string: holes as `${name}`.
    pub fn display(&self) -> Cow<'_, str> {
        match &self.repr {
            Repr::Literal(text) => Cow::Borrowed(text),
            Repr::Parts(parts) => {
                let mut out = String::new();
                for part in parts {
                    match part {
                        Part::Literal(text) => out.push_str(text),
                        Part::Hole(hole) => {
                            out.push_str("${");
                            out.push_str(&hole.name);
                            out.push('}');
                        }
                    }
                }
                Cow::Owned(out)
            }
        }
    }
}

fn push_last(pieces: &mut [Vec<Part>], part: Part) {
    if let Some(last) = pieces.last_mut() {
        last.push(part);
    }
}

/// A borrowed part of a [`Text`].
#[derive(Clone, Copy, Debug)]
pub enum PartRef<'a> {
    /// Known text.
    Literal(&'a str),
    /// Text that is not known.
    Hole(&'a Hole),
}

impl PartRef<'_> {
    /// The part on its own.
    pub fn to_part(self) -> Part {
        match self {
            PartRef::Literal(text) => Part::Literal(text.to_owned()),
            PartRef::Hole(hole) => Part::Hole(hole.clone()),
        }
    }
}

impl<'s> Value<'s> {
    /// A node.
    pub fn new(kind: Kind<'s>, span: Span) -> Self {
        Value { span, kind }
    }

    /// A string node.
    pub fn string(text: impl Into<Cow<'s, str>>, span: Span) -> Self {
        Value::new(Kind::String(text.into()), span)
    }

    /// A string node that may have holes.
    pub fn text(text: Text) -> Self {
        let span = text.span;
        match text.repr {
            Repr::Literal(text) => Value::new(Kind::String(text.into()), span),
            repr => Value::new(Kind::Template(Box::new(Text { span, repr })), span),
        }
    }

    /// The string, when it is a wholly known one.
    pub fn as_str(&self) -> Option<&str> {
        match &self.kind {
            Kind::String(text) => Some(text),
            _ => None,
        }
    }

    /// The string with its holes, when it is a string.
    pub fn as_text(&self) -> Option<Text> {
        match &self.kind {
            Kind::String(text) => Some(Text::literal(text.as_ref(), self.span)),
            Kind::Template(text) => Some((**text).clone()),
            _ => None,
        }
    }

    /// The members, when it is an object.
    pub fn as_map(&self) -> Option<&[Member<'s>]> {
        match &self.kind {
            Kind::Map(members) => Some(members),
            _ => None,
        }
    }

    /// The elements, when it is a list.
    pub fn as_list(&self) -> Option<&[Value<'s>]> {
        match &self.kind {
            Kind::List(items) => Some(items),
            _ => None,
        }
    }

    /// The elements of a list; any other value is a list of one. IAM reads a lone value so.
    pub fn one_or_many(&self) -> &[Value<'s>] {
        match &self.kind {
            Kind::List(items) => items,
            _ => std::slice::from_ref(self),
        }
    }

    /// The values right inside: the elements of a list, the values of an object, nothing of any other.
    pub fn children(&self) -> impl Iterator<Item = &Value<'s>> {
        let items = self.as_list().unwrap_or_default().iter();
        items.chain(self.as_map().unwrap_or_default().iter().map(|member| &member.value))
    }

    /// The first member with this key.
    pub fn member(&self, key: &str) -> Option<&Member<'s>> {
        self.as_map()?.iter().find(|member| member.key == key)
    }

    /// The value of the first member with this key.
    pub fn get(&self, key: &str) -> Option<&Value<'s>> {
        self.member(key).map(|member| &member.value)
    }

    /// The value at a path of keys.
    pub fn at(&self, path: &[&str]) -> Option<&Value<'s>> {
        path.iter().try_fold(self, |value, key| value.get(key))
    }

    /// How many nodes the tree has.
    pub fn count_nodes(&self) -> usize {
        1 + self.children().map(Value::count_nodes).sum::<usize>()
    }

    /// Whether every part of a tree was written where the same part of an equal one was.
    pub fn is_at(&self, other: &Self) -> bool {
        self.span == other.span && self.children().zip(other.children()).all(|(one, other)| one.is_at(other))
    }

    /// What a person calls a value of this sort: "a list".
    pub fn sort(&self) -> &'static str {
        match &self.kind {
            Kind::Null => "null",
            Kind::Bool(_) => "a boolean",
            Kind::Number(_) => "a number",
            Kind::String(_) | Kind::Template(_) => "a string",
            Kind::List(_) => "a list",
            Kind::Map(_) => "an object",
            Kind::Tagged(_) | Kind::Unknown(_) => "a value that is not known",
        }
    }

    /// How many holes and unknown values the tree holds.
    pub fn count_unknown(&self) -> usize {
        match &self.kind {
            Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::String(_) => 0,
            Kind::Template(text) => text.holes().count(),
            Kind::List(items) => items.iter().map(Value::count_unknown).sum(),
            Kind::Map(members) => members.iter().map(|member| member.value.count_unknown()).sum(),
            Kind::Tagged(_) | Kind::Unknown(_) => 1,
        }
    }

    /// The tree on its own, free of the source's text, each span moved by `place`.
    ///
    /// A policy inside a string is parsed from its unescaped text; `place` takes its spans to the outer file.
    pub fn into_owned(self, place: &impl Fn(Span) -> Span) -> Value<'static> {
        let span = place(self.span);
        let kind = match self.kind {
            Kind::Null => Kind::Null,
            Kind::Bool(value) => Kind::Bool(value),
            Kind::Number(text) => Kind::Number(Cow::Owned(text.into_owned())),
            Kind::String(text) => Kind::String(Cow::Owned(text.into_owned())),
            Kind::Template(mut text) => {
                text.span = place(text.span);
                Kind::Template(text)
            }
            Kind::List(items) => Kind::List(items.into_iter().map(|item| item.into_owned(place)).collect()),
            Kind::Map(members) => Kind::Map(
                members
                    .into_iter()
                    .map(|member| Member {
                        key: Cow::Owned(member.key.into_owned()),
                        key_span: place(member.key_span),
                        value: member.value.into_owned(place),
                    })
                    .collect(),
            ),
            Kind::Tagged(tagged) => Kind::Tagged(Box::new(Tagged {
                tag: Cow::Owned(tagged.tag.into_owned()),
                tag_span: place(tagged.tag_span),
                value: tagged.value.into_owned(place),
            })),
            Kind::Unknown(hole) => Kind::Unknown(hole),
        };
        Value { span, kind }
    }
}

/// Nodes that a query makes up itself (literals in a comparison) have an empty span.
impl<'s> From<Kind<'s>> for Value<'s> {
    fn from(kind: Kind<'s>) -> Self {
        Value { span: Span::default(), kind }
    }
}

impl Default for Value<'_> {
    fn default() -> Self {
        Kind::Null.into()
    }
}

impl From<&str> for Value<'_> {
    fn from(text: &str) -> Self {
        Kind::String(Cow::Owned(text.to_owned())).into()
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Kind::String(Cow::Owned(text)).into()
    }
}

impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Kind::Bool(value).into()
    }
}

impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Kind::Number(Cow::Owned(value.to_string())).into()
    }
}

impl From<f64> for Value<'_> {
    fn from(value: f64) -> Self {
        Kind::Number(Cow::Owned(value.to_string())).into()
    }
}

impl<'s> From<Vec<Value<'s>>> for Value<'s> {
    fn from(items: Vec<Value<'s>>) -> Self {
        Kind::List(items).into()
    }
}

/// RFC 9535 queries run on our own nodes, so that a result is a node with its place.
/// A partly known string is no string to a query: a comparison with it is false.
impl Queryable for Value<'_> {
    fn get(&self, key: &str) -> Option<&Self> {
        Value::get(self, key)
    }

    fn as_array(&self) -> Option<&Vec<Self>> {
        match &self.kind {
            Kind::List(items) => Some(items),
            _ => None,
        }
    }

    fn as_object(&self) -> Option<Vec<(&str, &Self)>> {
        let members = self.as_map()?;
        Some(members.iter().map(|member| (member.key.as_ref(), &member.value)).collect())
    }

    fn as_str(&self) -> Option<&str> {
        Value::as_str(self)
    }

    fn as_i64(&self) -> Option<i64> {
        match &self.kind {
            Kind::Number(text) => text.parse().ok(),
            _ => None,
        }
    }

    fn as_f64(&self) -> Option<f64> {
        match &self.kind {
            Kind::Number(text) => text.parse().ok(),
            _ => None,
        }
    }

    fn as_bool(&self) -> Option<bool> {
        match &self.kind {
            Kind::Bool(value) => Some(*value),
            _ => None,
        }
    }

    fn null() -> Self {
        Value::default()
    }
}
