//! From text to a [`Value`]. Knows nothing of IAM.

pub mod comments;
pub mod hcl;
pub mod json;
pub mod markdown;
pub mod yaml;

use crate::diagnostic::Problem;
use crate::source::{OffsetMap, percent_decode};
use crate::span::Span;
use crate::value::{Kind, Value};
use std::borrow::Cow;

/// How deep objects and lists may nest. The deepest real template seen nests 30; recursion over a tree of this depth
/// needs a few hundred KiB of stack at most.
pub const MAX_DEPTH: usize = 128;

/// The language a text is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// RFC 8259.
    Json,
    /// JSON with comments and trailing commas.
    Jsonc,
    /// YAML 1.2 with the scalars of CloudFormation.
    Yaml,
    /// Markdown, whose fences hold JSON.
    Markdown,
}

impl Syntax {
    /// The syntax of a file, from its name, and from its first character where the name does not tell.
    pub fn of(path: &str, text: &str) -> Self {
        let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension).to_ascii_lowercase();
        match extension.as_str() {
            "json" => Syntax::Json,
            "jsonc" | "json5" => Syntax::Jsonc,
            "yaml" | "yml" => Syntax::Yaml,
            "md" | "markdown" => Syntax::Markdown,
            // `.template` is either, and standard input has no name.
            _ => match text.trim_start_matches('\u{feff}').trim_start().bytes().next() {
                Some(b'{' | b'[' | b'"') => Syntax::Json,
                _ => Syntax::Yaml,
            },
        }
    }
}

/// What came of parsing a text: every document that could be read, and what is wrong.
#[derive(Debug, Default)]
pub struct Parsed<'s> {
    /// The documents; YAML may hold several. Recovery keeps what stands around an error.
    pub documents: Vec<Value<'s>>,
    /// What is wrong with the text. With a problem, the trees may lack parts.
    pub problems: Vec<Problem>,
    /// What a reader may have meant otherwise, though the text is legal: a number with a leading zero.
    pub warnings: Vec<Problem>,
    /// What is wrong and hides nothing, so that the trees are whole: a comma after the last element. Filled by
    /// [`parse_file`] only, elsewhere these are problems like any other.
    pub slips: Vec<Problem>,
    /// Whether the text is a template: marks of another language stand where a value or a name should.
    pub template: bool,
}

/// Parse a text. Never fails as a whole and never recurses deeper than [`MAX_DEPTH`].
pub fn parse(text: &str, syntax: Syntax) -> Parsed<'_> {
    match syntax {
        Syntax::Json => json::parse(text, json::Dialect::Strict),
        Syntax::Jsonc => json::parse(text, json::Dialect::Comments),
        Syntax::Yaml => yaml::parse(text),
        Syntax::Markdown => markdown::parse(text),
    }
}

/// Parse the text of a file, which may hold several documents of JSON one after the other, as logs and the output of
/// several commands do, and in which a slip that hides nothing is told apart.
pub fn parse_file(text: &str, syntax: Syntax) -> Parsed<'_> {
    match syntax {
        Syntax::Json => json::parse_file(text, json::Dialect::Strict),
        Syntax::Jsonc => json::parse_file(text, json::Dialect::Comments),
        Syntax::Yaml | Syntax::Markdown => parse(text, syntax),
    }
}

/// One document of a file, with what is needed to open the strings in it.
#[derive(Debug)]
pub struct Document<'s> {
    /// The file's text; the spans of `root` are offsets into it.
    pub text: &'s str,
    /// How it is written.
    pub syntax: Syntax,
    /// The tree.
    pub root: Value<'s>,
}

impl<'s> Document<'s> {
    /// Parse the JSON document that stands inside a string node: as it is, or percent-encoded.
    ///
    /// Spans of the result, and of the problems, are offsets into the file. Where the node's bytes do not show its
    /// text (a string joined from parts), every span is the whole node's.
    pub fn open(&self, node: &Value<'_>) -> Result<Value<'static>, Vec<Problem>> {
        let (text, map) = self.decoded(node)?;
        open_text(&text, Syntax::Json, node.span, map.as_ref())
    }

    /// The text of the document that stands inside a string node, and the way from it to the bytes of the file.
    pub fn decoded<'n>(&self, node: &'n Value<'_>) -> Result<(Cow<'n, str>, Option<OffsetMap>), Vec<Problem>> {
        let Some(text) = node.as_str() else {
            return Err(vec![Problem::new(node.span, format!("expected a policy document, found {}", node.sort()))]);
        };
        let map = self.map(node);
        if !text.trim_start().starts_with('%') {
            return Ok((Cow::Borrowed(text), map));
        }
        match percent_decode(text) {
            Some((decoded, inner)) => Ok((Cow::Owned(decoded), map.map(|map| map.compose(&inner)))),
            None => Err(vec![
                Problem::new(node.span, "this policy document is not validly percent-encoded")
                    .with_help("each `%` needs two hexadecimal digits after it"),
            ]),
        }
    }

    /// The way from the text of a string node to the bytes of the file, when they show that text.
    pub fn map(&self, node: &Value<'_>) -> Option<OffsetMap> {
        let raw = self.text.get(node.span.range())?;
        let (text, map) = match self.syntax {
            Syntax::Json | Syntax::Jsonc | Syntax::Markdown => json::unescape(raw),
            Syntax::Yaml => yaml::unescape(raw),
        }?;
        (Some(text.as_str()) == node.as_str()).then(|| OffsetMap::shifted(node.span.start as usize).compose(&map))
    }
}

/// Parse a text that stands in the file at `whole`; without a map every place is the whole.
pub fn open_text(
    text: &str,
    syntax: Syntax,
    whole: Span,
    map: Option<&OffsetMap>,
) -> Result<Value<'static>, Vec<Problem>> {
    let place = |span: Span| map.map_or(whole, |map| map.place(span));
    let mut parsed = parse(text, syntax);
    for problem in &mut parsed.problems {
        problem.span = place(problem.span);
    }
    if let (Syntax::Json, Some(second)) = (syntax, parsed.documents.get(1)) {
        let message = "expected the end of the document, found another";
        parsed.problems.push(Problem::new(place(second.span), message));
    }
    parsed.documents.truncate(1);
    match parsed.documents.pop() {
        Some(value) if parsed.problems.is_empty() && !matches!(value.kind, Kind::Null) => Ok(value.into_owned(&place)),
        _ => Err(Problem::by_cause(parsed.problems)),
    }
}
