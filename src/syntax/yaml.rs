//! YAML into a [`Value`], from the events of `granit-parser`.
//!
//! The tree is built on a stack of its own, so depth costs no recursion. Spans never hold tags and anchors; a block
//! scalar's begins at its indicator. Aliases are copied under a budget, and a copy keeps the spans of the original.

mod alias;
mod explain;
#[cfg(test)]
mod properties;
mod scalar;
#[cfg(test)]
mod tests;

pub use scalar::unescape;

use super::{MAX_DEPTH, Parsed};
use crate::diagnostic::Problem;
use crate::span::Span;
use crate::value::{Domain, Hole, Kind, Member, Tagged, Value};
use alias::Anchor;
use explain::too_deep;
use granit_parser::{Event, Parser, ScalarStyle, StructureStyle, Tag};
use scalar::Plain;
use std::borrow::Cow;
use std::collections::HashMap;

/// Parse YAML: each document that can be read, and a problem for each that cannot.
pub fn parse(text: &str) -> Parsed<'_> {
    let options = granit_parser::options! {
        emit_comments: false,
        // A name without an anchor leaves the rest of the document readable.
        emit_unresolved_aliases: true,
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
    };
    let mut parser = Parser::new_from_str_with_options(text, options);
    let mut builder = Builder::new(text);
    let mut progress = true;
    while let Some(event) = parser.next_event() {
        let abandoned = match event {
            Ok((event, span)) => {
                progress = true;
                builder.event(event, &span).err()
            }
            Err(error) => {
                let open = builder.stack.last().map(|frame| frame.span.start as usize);
                Some(explain::explain(text, &error, open))
            }
        };
        let Some(problem) = abandoned else { continue };
        builder.parsed.problems.push(problem);
        builder.forget();
        // Two errors with nothing between them: the parser cannot get past the place.
        if !std::mem::take(&mut progress) || !matches!(parser.proceed_next_document(), Ok(true)) {
            break;
        }
    }
    builder.parsed.template = builder.parsed.problems.iter().any(explain::is_template);
    builder.parsed
}

/// A finished node.
#[derive(Clone)]
struct Node<'s> {
    value: Value<'s>,
    /// How many nodes it holds, itself included; long text that is not borrowed counts for several.
    size: usize,
    /// How deep lists and objects nest in it.
    height: usize,
}

/// A list or object that is being read.
struct Frame<'s> {
    /// The bytes of its content so far.
    span: Span,
    anchor: usize,
    tag: Meaning<'s>,
    size: usize,
    height: usize,
    content: Content<'s>,
}

enum Content<'s> {
    List(Vec<Value<'s>>),
    Map {
        members: Vec<Member<'s>>,
        key: Key<'s>,
        merges: Vec<Member<'s>>,
        /// Whether it is a template expression, `{{ … }}`, rather than an object.
        template: bool,
    },
}

/// What the next value of an object belongs to.
enum Key<'s> {
    /// Nothing; a key comes next.
    Next,
    Named(Cow<'s, str>, Span),
    Merge(Span),
    /// A key that is reported; its value is dropped.
    Skip,
}

/// What a tag says.
enum Meaning<'s> {
    /// There is none.
    Implicit,
    /// One of [`CORE`]; empty for a lone `!`, which keeps a scalar from being resolved.
    Core(&'static str),
    /// Somebody else knows.
    Custom(Cow<'s, str>, Span),
}

/// The types of YAML itself, `tag:yaml.org,2002:str` and so on.
const CORE: [&str; 7] = ["str", "int", "float", "bool", "null", "seq", "map"];

struct Builder<'s> {
    text: &'s str,
    parsed: Parsed<'s>,
    stack: Vec<Frame<'s>>,
    anchors: HashMap<usize, Anchor<'s>>,
    /// Nodes kept for anchors and nodes copied for aliases, in the whole file.
    kept: usize,
    copied: usize,
    /// Whether the file was told that it copies too much, and that it is a template.
    told_copies: bool,
    told_template: bool,
    /// Where the last token ended.
    last: usize,
}

impl<'s> Builder<'s> {
    fn new(text: &'s str) -> Self {
        Builder {
            text,
            parsed: Parsed::default(),
            stack: Vec::new(),
            anchors: HashMap::new(),
            kept: 0,
            copied: 0,
            told_copies: false,
            told_template: false,
            last: 0,
        }
    }

    /// Start over for the next document.
    fn forget(&mut self) {
        self.stack.clear();
        self.anchors.clear();
    }

    fn problem(&mut self, span: Span, message: impl Into<String>, help: &str) {
        self.parsed.problems.push(Problem::new(span, message).with_help(help));
    }

    fn slice(&self, span: Span) -> &'s str {
        self.text.get(span.range()).unwrap_or_default()
    }

    /// Take one event. An error ends the document.
    fn event(&mut self, event: Event<'s>, place: &granit_parser::Span) -> Result<(), Problem> {
        let range = place.byte_range().unwrap_or(self.last..self.last);
        let mut span = Span::new(range.start, range.end);
        match event {
            Event::DocumentStart(explicit, _) => {
                self.forget();
                if explicit {
                    self.last = range.end;
                }
            }
            Event::Scalar(text, style, anchor, tag) => {
                let tag = self.meaning(tag.as_deref(), place);
                span = match style {
                    ScalarStyle::Literal | ScalarStyle::Folded => self.block_span(range.end, place.indent),
                    // The parser puts a missing value before the colon.
                    _ if span.is_empty() && self.at_colon(range.start) => Span::at(range.start + 1),
                    _ => span,
                };
                self.last = span.end as usize;
                self.scalar(text, style, anchor, tag, span);
            }
            Event::SequenceStart(style, anchor, tag) => {
                let tag = self.meaning(tag.as_deref(), place);
                let in_map = matches!(self.stack.last(), Some(Frame { content: Content::Map { .. }, .. }));
                if style == StructureStyle::Block && in_map {
                    // The parser tells no start for a list that is not indented further than its key.
                    span = Span::at(self.seek(self.last, b"-"));
                }
                self.open(Content::List(Vec::new()), span, anchor, tag)?;
            }
            Event::MappingStart(_, anchor, tag) => {
                let tag = self.meaning(tag.as_deref(), place);
                let content = Content::Map { members: Vec::new(), key: Key::Next, merges: Vec::new(), template: false };
                self.open(content, span, anchor, tag)?;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                // Only a flow collection has a last token of its own.
                if !span.is_empty() {
                    self.last = range.end;
                    if let Some(frame) = self.stack.last_mut() {
                        frame.span = frame.span.join(span);
                    }
                }
                self.close();
            }
            Event::Alias(id) => {
                self.last = range.end;
                let node = self.resolve_alias(id, span)?;
                self.attach(node, span, false);
            }
            Event::UnresolvedAlias(name) => {
                self.last = range.end;
                self.problem(
                    span,
                    format!("no anchor `&{name}` stands before this alias"),
                    "an alias repeats a value that is marked `&name` further up in the same document",
                );
                let node = self.unknown(span, "an alias without its anchor");
                self.attach(node, span, false);
            }
            // The parser may add events of no meaning to a tree.
            _ => {}
        }
        Ok(())
    }

    /// The meaning of the tag of a node.
    fn meaning(&self, tag: Option<&Tag>, place: &granit_parser::Span) -> Meaning<'s> {
        let Some(tag) = tag else {
            return Meaning::Implicit;
        };
        let full = format!("{}{}", tag.handle(), tag.suffix());
        if full == "!" {
            return Meaning::Core("");
        }
        if let Some(core) = CORE.into_iter().find(|core| full.strip_prefix("tag:yaml.org,2002:") == Some(core)) {
            return Meaning::Core(core);
        }
        let span = place.tag_span().and_then(|span| span.byte_range()).unwrap_or(self.last..self.last);
        let span = Span::new(span.start, span.end);
        let name = full.strip_prefix('!').unwrap_or(&full);
        match self.slice(span).strip_prefix('!') {
            Some(written) if written == name => Meaning::Custom(Cow::Borrowed(written), span),
            _ => Meaning::Custom(Cow::Owned(name.to_owned()), span),
        }
    }

    /// The place of the first of `wanted` after `from`, with comments, anchors and tags skipped.
    fn seek(&self, from: usize, wanted: &[u8]) -> usize {
        let bytes = self.text.as_bytes();
        let skip = |at: usize, until: fn(&u8) -> bool| {
            bytes[at..].iter().position(until).map_or(bytes.len(), |length| at + length)
        };
        let mut at = from;
        while let Some(byte) = bytes.get(at) {
            at = match byte {
                b'#' => skip(at, |byte| matches!(byte, b'\n' | b'\r')),
                b'&' | b'!' => skip(at, u8::is_ascii_whitespace),
                byte if wanted.contains(byte) => return at,
                _ => at + 1,
            };
        }
        at
    }

    /// Whether the colon of a key whose value comes next stands here.
    fn at_colon(&self, at: usize) -> bool {
        let key_next = |frame: &Frame<'_>| matches!(frame.content, Content::Map { key: Key::Next, .. });
        self.text.as_bytes().get(at) == Some(&b':') && self.stack.last().is_some_and(|frame| !key_next(frame))
    }

    /// The span of a block scalar from its indicator to the end of its content, within what the parser has read.
    fn block_span(&self, end: usize, margin: Option<usize>) -> Span {
        let start = self.seek(self.last, b"|>").min(end);
        let read = self.text.get(start..end).unwrap_or_default();
        // What follows the last line break is the indentation of the next token, except at the end of the file.
        let read = if end < self.text.len() { read.trim_end_matches(' ') } else { read };
        // The parser counts the margin in columns, which are bytes: it consists of spaces.
        Span::new(start, start + scalar::block_end(read, margin))
    }

    fn scalar(&mut self, text: Cow<'s, str>, style: ScalarStyle, anchor: usize, tag: Meaning<'s>, span: Span) {
        let plain = style == ScalarStyle::Plain;
        // The parser writes `~` for a value that is not there.
        let text = if plain && span.is_empty() { Cow::Borrowed("") } else { self.borrow(text, span) };
        let size = 1 + weight(&text);
        let mut key = None;
        if let Some(Frame { content: Content::Map { key: slot @ Key::Next, .. }, .. }) = self.stack.last_mut() {
            let merge = plain && text == "<<" && matches!(tag, Meaning::Implicit);
            *slot = if merge { Key::Merge(span) } else { Key::Named(text.clone(), span) };
            key = Some(matches!(tag, Meaning::Custom(..)));
        }
        let kind = match &tag {
            Meaning::Implicit if plain => self.implicit(text, span),
            Meaning::Custom(..) if plain && text.is_empty() => Kind::Null,
            Meaning::Implicit | Meaning::Custom(..) | Meaning::Core("" | "str") => Kind::String(text),
            Meaning::Core(core) => match (*core, scalar::resolve(&text)) {
                ("int" | "float", Plain::Number) => Kind::Number(text),
                ("bool", Plain::Bool(value)) => Kind::Bool(value),
                ("null", Plain::Null) => Kind::Null,
                _ => {
                    self.problem(
                        span,
                        format!("`{text}` is not what its tag `!!{core}` says"),
                        "drop the tag, or write a value of its type",
                    );
                    Kind::String(text)
                }
            },
        };
        let node = wrap(Node { value: Value::new(kind, span), size, height: 0 }, tag);
        self.define(anchor, &node);
        match key {
            None => self.attach(node, span, false),
            Some(tagged) => {
                self.grow(span, &node);
                if tagged {
                    self.skip_key(span, "a key with a tag is not known before the file is processed");
                }
            }
        }
    }

    /// The text as a part of the source, where it is one.
    fn borrow(&self, text: Cow<'s, str>, span: Span) -> Cow<'s, str> {
        match text {
            Cow::Owned(text) => {
                let slice = self.slice(span);
                let inner = slice.get(1..slice.len().saturating_sub(1)).unwrap_or_default();
                match () {
                    () if slice == text => Cow::Borrowed(slice),
                    () if inner == text => Cow::Borrowed(inner),
                    () => Cow::Owned(text),
                }
            }
            borrowed => borrowed,
        }
    }

    /// What a scalar without quotes and tag is.
    fn implicit(&mut self, text: Cow<'s, str>, span: Span) -> Kind<'s> {
        match scalar::resolve(&text) {
            Plain::Null => Kind::Null,
            Plain::Bool(value) => Kind::Bool(value),
            Plain::String => Kind::String(text),
            Plain::Number => {
                let digits = text.bytes().all(|byte| byte.is_ascii_digit());
                if digits && text.len() == 12 && text.starts_with('0') {
                    self.parsed.warnings.push(
                        Problem::new(span, format!("`{text}` without quotes is read as a number"))
                            .with_help(format!("write \"{text}\": as a number it can lose its leading zero")),
                    );
                }
                Kind::Number(text)
            }
        }
    }

    /// Begin a list or an object.
    fn open(&mut self, content: Content<'s>, span: Span, anchor: usize, tag: Meaning<'s>) -> Result<(), Problem> {
        self.last = span.end as usize;
        if self.stack.len() >= MAX_DEPTH {
            return Err(too_deep(span));
        }
        if anchor != 0 {
            self.anchors.insert(anchor, Anchor::Open);
        }
        self.stack.push(Frame { span, anchor, tag, size: 1, height: 1, content });
        Ok(())
    }

    /// End the innermost list or object and put it where it belongs.
    fn close(&mut self) {
        let Some(frame) = self.stack.pop() else {
            return;
        };
        let (span, mut tag) = (frame.span, frame.tag);
        let list = matches!(frame.content, Content::List(_));
        let kind = match frame.content {
            Content::List(items) => Kind::List(items),
            Content::Map { template: true, .. } => Kind::Unknown(Box::new(Hole {
                name: self.slice(span).to_owned(),
                why: "a template expression",
                domain: Domain::Any,
                default: None,
            })),
            Content::Map { mut members, merges, .. } => {
                if !merges.is_empty() {
                    self.merge(&mut members, merges);
                }
                Kind::Map(members)
            }
        };
        if let Meaning::Core(core) = tag {
            if !(core.is_empty() || core == if list { "seq" } else { "map" }) {
                let sort = if list { "a list" } else { "an object" };
                let message = format!("{sort} is not what its tag `!!{core}` says");
                self.problem(span, message, "drop the tag, or write a value of its type");
            }
            tag = Meaning::Implicit;
        }
        let node = wrap(Node { value: Value::new(kind, span), size: frame.size, height: frame.height }, tag);
        self.define(frame.anchor, &node);
        self.attach(node, span, true);
    }

    /// Count a node into the innermost list or object; `token` is where it stands there.
    fn grow(&mut self, token: Span, node: &Node<'s>) {
        if let Some(frame) = self.stack.last_mut() {
            frame.span = frame.span.join(token);
            frame.size += node.size;
            frame.height = frame.height.max(node.height + 1);
        }
    }

    /// Put a finished node into the innermost list or object, or make it a document.
    fn attach(&mut self, node: Node<'s>, token: Span, collection: bool) {
        self.grow(token, &node);
        let value = node.value;
        let Some(frame) = self.stack.last_mut() else {
            self.parsed.documents.push(value);
            return;
        };
        match &mut frame.content {
            Content::List(items) => items.push(value),
            Content::Map { members, key, merges, template } => match std::mem::replace(key, Key::Next) {
                Key::Named(key, key_span) => members.push(Member { key, key_span, value }),
                Key::Merge(key_span) => merges.push(Member { key: Cow::Borrowed("<<"), key_span, value }),
                Key::Skip => {}
                Key::Next => {
                    *key = Key::Skip;
                    // `{{ x }}` reads as an object whose only key is an object.
                    let start = frame.span.start;
                    let braces = collection && token.start == start + 1;
                    if braces && self.text.get(start as usize..).is_some_and(|rest| rest.starts_with("{{")) {
                        *template = true;
                        self.template(Span { start, end: token.end + 1 });
                    } else {
                        self.key_from(value, token);
                    }
                }
            },
        }
    }

    /// Make a key of an alias; report anything else.
    fn key_from(&mut self, value: Value<'s>, token: Span) {
        let text = match value.kind {
            Kind::String(text) | Kind::Number(text) => text,
            Kind::Null | Kind::Bool(_) => Cow::Borrowed(self.slice(value.span)),
            Kind::Unknown(_) => return,
            Kind::Template(_) | Kind::Tagged(_) | Kind::List(_) | Kind::Map(_) => {
                return self.skip_key(token, "a key must be a string");
            }
        };
        if let Some(Frame { content: Content::Map { key, .. }, .. }) = self.stack.last_mut() {
            *key = Key::Named(text, value.span);
        }
    }

    fn skip_key(&mut self, span: Span, message: &str) {
        if let Some(Frame { content: Content::Map { key, .. }, .. }) = self.stack.last_mut() {
            *key = Key::Skip;
        }
        self.problem(span, message, "write the key as plain or quoted text; its member is left out");
    }

    /// Report a template expression where a value is expected, once in a file.
    fn template(&mut self, span: Span) {
        let span = if self.slice(span).ends_with("}}") { span } else { Span { end: span.end - 1, ..span } };
        let written = self.slice(span);
        if written.starts_with("{{resolve:") {
            self.problem(span, format!("the dynamic reference `{written}` needs quotes"), "put it in double quotes");
        } else if !std::mem::replace(&mut self.told_template, true) {
            self.parsed.problems.push(explain::template(span));
        }
    }

    fn unknown(&self, span: Span, why: &'static str) -> Node<'s> {
        let hole = Hole { name: self.slice(span).to_owned(), why, domain: Domain::Any, default: None };
        Node { value: Value::new(Kind::Unknown(Box::new(hole)), span), size: 1, height: 0 }
    }
}

/// A node under its tag, if it has one that is not of YAML itself.
fn wrap<'s>(node: Node<'s>, tag: Meaning<'s>) -> Node<'s> {
    match tag {
        Meaning::Implicit | Meaning::Core(_) => node,
        Meaning::Custom(tag, tag_span) => {
            let span = node.value.span;
            let size = node.size + 1 + weight(&tag);
            let tagged = Tagged { tag, tag_span, value: node.value };
            Node { value: Value::new(Kind::Tagged(Box::new(tagged)), span), size, height: node.height }
        }
    }
}

/// What a copy of a text costs beyond its node, in nodes.
#[expect(clippy::ptr_arg, reason = "what matters is whether it is borrowed")]
fn weight(text: &Cow<'_, str>) -> usize {
    match text {
        Cow::Borrowed(_) => 0,
        Cow::Owned(text) => text.len() / 100,
    }
}
