//! Documents that a template gives as text: policies in JSON, templates in JSON or YAML, with variables inside the text.

use super::intrinsics::{Call, Choices};
use super::strings::{Assembled, Placed};
use super::template::Template;
use crate::diagnostic::Problem;
use crate::source::OffsetMap;
use crate::span::Span;
use crate::syntax::{Syntax, open_text};
use crate::value::{Domain, Hole, Kind, Part, Text, Value};

/// While a text is parsed, its hole `n` stands as the private-use character `FIRST + n`.
const FIRST: u32 = 0xF_0000;
/// How many holes a text can have: the size of that private-use plane.
const MAX_HOLES: usize = 0xFFFD;

/// Why a text was not read.
pub(super) enum Unread {
    /// Holes stand where the text's structure should be, or the text starts with one.
    Unknown(Hole),
    /// It is wrong.
    Wrong(Vec<Problem>),
}

/// The policy in the JSON text that `node` gives and that is `text` when its functions are evaluated. A key with a hole
/// in it is written as `${name}`, for keys are plain strings.
pub(super) fn policy<'s>(
    template: &Template<'s>,
    node: &'s Value<'s>,
    text: &Text,
    choices: &Choices<'s>,
) -> Result<Value<'static>, Unread> {
    match text.known() {
        // It may be percent-encoded.
        Some(known) if node.as_str() == Some(known) => template.document.open(node).map_err(Unread::Wrong),
        _ => {
            let marked = Marked::of(template, node, text, choices);
            let value = marked.parse(Syntax::Json)?;
            match marked.holes.into_iter().next() {
                Some(hole) if value.as_map().is_none() => Err(Unread::Unknown(hole)),
                _ => Ok(value),
            }
        }
    }
}

/// The template in the text that `node` gives and that is `text` when its functions are evaluated. It is deployed to
/// other accounts: what the outer template calls its own is foreign there, and names in it are not those of the outer.
pub(super) fn template<'s>(
    template: &Template<'s>,
    node: &'s Value<'s>,
    text: &Text,
    choices: &Choices<'s>,
) -> Result<Value<'static>, Unread> {
    let mut marked = Marked::of(template, node, text, choices);
    for hole in &mut marked.holes {
        hole.name.push_str(" of the outer template");
        hole.domain = match std::mem::replace(&mut hole.domain, Domain::Text) {
            Domain::OwnAccount => Domain::AccountId,
            Domain::OwnArn(_) | Domain::Any | Domain::Region => Domain::Text,
            domain @ (Domain::Text
            | Domain::OneOf(_)
            | Domain::AccountId
            | Domain::Partition
            | Domain::UrlSuffix
            | Domain::OwnOrganization) => domain,
        };
    }
    if marked.text.trim_start().starts_with('{')
        && let Ok(value) = marked.parse(Syntax::Json)
    {
        return Ok(value);
    }
    marked.parse(Syntax::Yaml)
}

/// A text with marks for the holes in it.
struct Marked {
    text: String,
    holes: Vec<Hole>,
    /// The place of the whole.
    span: Span,
    /// The way from the text to the bytes of the file.
    map: Option<OffsetMap>,
}

impl Marked {
    fn of<'s>(template: &Template<'s>, node: &'s Value<'s>, text: &Text, choices: &Choices<'s>) -> Self {
        let mut marked = Marked { text: String::new(), holes: Vec::new(), span: text.span, map: None };
        let assembled = match Call::of(node) {
            Some(call) if call.name == "Sub" => template.sub_parts(call.argument, choices),
            Some(_) => None,
            None => node.as_str().map(|text| {
                let whole = || vec![Placed { at: 0, verbatim: true, part: Part::Literal(text.to_owned()) }];
                let parts = template.plain_text(text, &choices.scope).unwrap_or_else(whole);
                Assembled { scalar: node, parts, mapped: true }
            }),
        };
        let Some(Assembled { scalar, parts, mapped: true }) = assembled else {
            text.parts().for_each(|part| marked.push(part.to_part()));
            return marked;
        };
        let mut map = OffsetMap::default();
        for Placed { at, verbatim, part } in parts {
            let inner = marked.text.len();
            if verbatim {
                map.plain(inner, at)
            } else {
                map.escape(inner, at)
            }
            marked.push(part);
        }
        marked.map = template.document.map(scalar).map(|outer| outer.compose(&map));
        marked
    }

    fn push(&mut self, part: Part) {
        match part {
            // A character of that plane in the text itself would be taken for a hole.
            Part::Literal(literal) => self.text.push_str(&literal.replace(|c| u32::from(c) >= FIRST, "\u{FFFD}")),
            Part::Hole(hole) => {
                let mark = u32::try_from(self.holes.len()).ok().and_then(|at| char::from_u32(FIRST.saturating_add(at)));
                self.text.push(mark.unwrap_or('\u{FFFD}'));
                self.holes.push(hole);
            }
        }
    }

    fn parse(&self, syntax: Syntax) -> Result<Value<'static>, Unread> {
        // Text that starts with a hole is most often a hole as a whole.
        let starts_open = self.text.trim_start().starts_with(|c| u32::from(c) >= FIRST);
        if let Some(hole) = self.holes.first().filter(|_| starts_open) {
            return Err(Unread::Unknown(hole.clone()));
        }
        if self.holes.len() > MAX_HOLES {
            let message = format!("this text has more than {MAX_HOLES} values that are not known, and is not read");
            let help = "a policy of this size is not judged; IAM takes 131,072 characters at most";
            return Err(Unread::Wrong(vec![Problem::new(self.span, message).with_help(help)]));
        }
        match (open_text(&self.text, syntax, self.span, self.map.as_ref()), self.holes.first()) {
            (Ok(value), _) => Ok(fill(value, &self.holes)),
            (Err(_), Some(hole)) => Err(Unread::Unknown(hole.clone())),
            (Err(problems), None) => Err(Unread::Wrong(problems)),
        }
    }
}

/// Put the holes in place of their characters.
fn fill(value: Value<'static>, holes: &[Hole]) -> Value<'static> {
    let Value { span, kind } = value;
    let kind = match kind {
        Kind::String(text) => return Value::text(Text::from_parts(parts(&text, holes), span)),
        Kind::List(items) => Kind::List(items.into_iter().map(|item| fill(item, holes)).collect()),
        Kind::Map(members) => Kind::Map(
            members
                .into_iter()
                .map(|mut member| {
                    member.key =
                        Text::from_parts(parts(&member.key, holes), Span::default()).display().into_owned().into();
                    member.value = fill(member.value, holes);
                    member
                })
                .collect(),
        ),
        Kind::Tagged(mut tagged) => {
            tagged.value = fill(tagged.value, holes);
            Kind::Tagged(tagged)
        }
        Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Template(_) | Kind::Unknown(_) => kind,
    };
    Value { span, kind }
}

fn parts(text: &str, holes: &[Hole]) -> Vec<Part> {
    text.split_inclusive(|c| u32::from(c) >= FIRST)
        .flat_map(|piece| {
            let mark = piece.chars().next_back().filter(|c| u32::from(*c) >= FIRST);
            let literal = &piece[..piece.len() - mark.map_or(0, char::len_utf8)];
            let hole = mark.and_then(|mark| holes.get((u32::from(mark) - FIRST) as usize));
            let hole = hole.map(|hole| Part::Hole(hole.clone()));
            std::iter::once(Part::Literal(literal.to_owned())).chain(hole)
        })
        .collect()
}
