//! A JSON parser that keeps the place of everything and goes on after an error.
//!
//! RFC 8259, read strictly: numbers keep their text, duplicate members are all kept, a byte order mark is passed over
//! with offsets still true. Comments and trailing commas are always understood and are a problem only in [`Dialect::Strict`].

use crate::diagnostic::Problem;
use crate::source::OffsetMap;
use crate::span::Span;
use crate::syntax::{MAX_DEPTH, Parsed};
use crate::value::{Domain, Hole, Kind, Member, Value};
use std::borrow::Cow;

/// What the parser accepts without a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// RFC 8259.
    Strict,
    /// Also `//` and `/* */` comments and a comma after the last element.
    Comments,
}

/// After this many problems in one text the rest says nothing new.
const MAX_PROBLEMS: usize = 20;

/// Parse one JSON document.
pub fn parse(text: &str, dialect: Dialect) -> Parsed<'_> {
    parse_as(text, dialect, "file")
}

/// Parse the JSON document that a line of JSON Lines is.
pub fn parse_line(text: &str) -> Parsed<'_> {
    parse_as(text, Dialect::Strict, "line")
}

/// Parse one JSON document a part at a time, so that its tree need not be held as a whole.
///
/// From each list that is a member of the document with a name that is `wanted`, the elements are handed to `each` as
/// soon as they take [`PART`] bytes, in a document that has nothing but the list with them. What is returned is the
/// document without these elements.
pub fn parse_in_parts<'s>(text: &'s str, wanted: &dyn Fn(&str) -> bool, each: &mut dyn FnMut(Value<'s>)) -> Parsed<'s> {
    let parts = Parts { wanted, each, list: None };
    parse_with(text, Dialect::Strict, "file", Some(parts))
}

/// Parse a file: one JSON document after the other, with commas after a last element as slips.
pub fn parse_file(text: &str, dialect: Dialect) -> Parsed<'_> {
    let mut parser = Parser { lenient: true, ..Parser::new(text, dialect, "file", None) };
    let documents = parser.documents();
    Parsed { documents, problems: parser.problems, slips: parser.slips, template: parser.template, ..Parsed::default() }
}

fn parse_as<'s>(text: &'s str, dialect: Dialect, whole: &'static str) -> Parsed<'s> {
    parse_with(text, dialect, whole, None)
}

fn parse_with<'s>(text: &'s str, dialect: Dialect, whole: &'static str, parts: Option<Parts<'_, 's>>) -> Parsed<'s> {
    let mut parser = Parser::new(text, dialect, whole, parts);
    let value = parser.document();
    let documents = value.into_iter().collect();
    Parsed { documents, problems: parser.problems, template: parser.template, ..Parsed::default() }
}

/// The text of a string token (with its quotes) and the map from that text to the token's bytes.
/// `None` when it is not a well-formed string.
pub fn unescape(raw: &str) -> Option<(String, OffsetMap)> {
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    let mut map = OffsetMap::shifted(1);
    let mut out = String::with_capacity(inner.len());
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'\\', &inner.as_bytes()[at..]) {
        out.push_str(&inner[at..at + found]);
        at += found;
        let (character, length) = escape(&inner[at..])?;
        map.escape(out.len(), 1 + at);
        out.push(character);
        at += length;
        map.plain(out.len(), 1 + at);
    }
    out.push_str(&inner[at..]);
    Some((out, map))
}

/// The character that an escape at the start of `text` stands for, and the escape's length.
fn escape(text: &str) -> Option<(char, usize)> {
    let simple = match text.as_bytes().get(1)? {
        b'"' => '"',
        b'\\' => '\\',
        b'/' => '/',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => return unicode_escape(text),
        _ => return None,
    };
    Some((simple, 2))
}

fn unicode_escape(text: &str) -> Option<(char, usize)> {
    let unit = |at: usize| -> Option<u32> {
        let digits = text.get(at..at + 4)?;
        // `from_str_radix` alone would accept a sign.
        digits.bytes().all(|b| b.is_ascii_hexdigit()).then(|| u32::from_str_radix(digits, 16).ok())?
    };
    let high = unit(2)?;
    if (0xD800..0xDC00).contains(&high) && text.get(6..8) == Some("\\u") {
        let low = unit(8)?;
        if (0xDC00..0xE000).contains(&low) {
            let code = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
            return char::from_u32(code).map(|character| (character, 12));
        }
    }
    char::from_u32(high).map(|character| (character, 6))
}

/// How many bytes of text a part has at least.
pub const PART: usize = 128 * 1024;

/// Who takes the elements of long lists while the rest is read.
struct Parts<'p, 's> {
    wanted: &'p dyn Fn(&str) -> bool,
    each: &'p mut dyn FnMut(Value<'s>),
    /// The name of the open member of the document, if it is wanted.
    list: Option<(Cow<'s, str>, Span)>,
}

struct Parser<'p, 's> {
    text: &'s str,
    /// What a person calls the whole text: a file or a line of one.
    whole: &'static str,
    bytes: &'s [u8],
    at: usize,
    depth: usize,
    dialect: Dialect,
    /// Elements of the open lists and objects, innermost last, so that each finished one is allocated at its exact size.
    items: Vec<Value<'s>>,
    members: Vec<Member<'s>>,
    problems: Vec<Problem>,
    /// Set at the first problem that ends the parse: too deep, or too many problems.
    gave_up: bool,
    /// Whether a placeholder was found.
    templated: bool,
    /// Whether there may be several documents, and slips are told apart.
    lenient: bool,
    slips: Vec<Problem>,
    template: bool,
    parts: Option<Parts<'p, 's>>,
}

impl<'p, 's> Parser<'p, 's> {
    fn new(text: &'s str, dialect: Dialect, whole: &'static str, parts: Option<Parts<'p, 's>>) -> Self {
        Parser {
            text,
            whole,
            bytes: text.as_bytes(),
            at: if text.starts_with('\u{feff}') { 3 } else { 0 },
            depth: 0,
            dialect,
            items: Vec::new(),
            members: Vec::new(),
            problems: Vec::new(),
            gave_up: false,
            templated: false,
            lenient: false,
            slips: Vec::new(),
            template: false,
            parts,
        }
    }

    /// Every document up to the end of the text.
    fn documents(&mut self) -> Vec<Value<'s>> {
        let mut documents: Vec<Value<'s>> = self.document().into_iter().collect();
        while !self.gave_up && matches!(self.bytes.get(self.at), Some(b'{' | b'[' | b'"')) {
            documents.extend(self.document());
        }
        documents
    }

    /// A document, and that nothing but another one follows where there may be several.
    fn document(&mut self) -> Option<Value<'s>> {
        self.skip_blank();
        if self.at == self.bytes.len() {
            self.problem(Span::at(self.at), format!("the {} is empty", self.whole), None);
            return None;
        }
        let value = self.value();
        self.skip_blank();
        let another = self.lenient && matches!(self.bytes.get(self.at), Some(b'{' | b'[' | b'"'));
        if self.at < self.bytes.len() && !self.gave_up && !another {
            let rest = Span::new(self.at, self.word_end());
            let found = self.found();
            self.problem(
                rest,
                format!("expected the end of the document, found {found}"),
                Some("a document of JSON is one value; for several policies use a list, or several files or lines"),
            );
        }
        Some(value)
    }

    fn value(&mut self) -> Value<'s> {
        let start = self.at;
        match self.bytes.get(self.at) {
            Some(b'"') => {
                let text = self.string();
                Value::new(Kind::String(text), Span::new(start, self.at))
            }
            Some(b'$' | b'{') if self.at_placeholder() => self.placeholder(),
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::list),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => self.word(),
        }
    }

    fn nested(&mut self, parse: fn(&mut Self) -> Value<'s>) -> Value<'s> {
        if self.depth == MAX_DEPTH {
            let place = Span::new(self.at, self.at + 1);
            self.problem(
                place,
                format!("nested deeper than {MAX_DEPTH} levels"),
                Some("no policy nests so deep; the rest is not read"),
            );
            self.give_up();
            return Value::new(Kind::Null, place);
        }
        self.depth += 1;
        let value = parse(self);
        self.depth -= 1;
        value
    }

    fn object(&mut self) -> Value<'s> {
        let start = self.at;
        let first = self.members.len();
        self.at += 1;
        loop {
            self.skip_blank();
            match self.bytes.get(self.at) {
                Some(b'}') => {
                    self.at += 1;
                    break;
                }
                None => {
                    self.unclosed(start, "object", '}');
                    break;
                }
                Some(b'"') => {
                    let key_start = self.at;
                    let key = self.string();
                    let key_span = Span::new(key_start, self.at);
                    if self.depth == 1
                        && let Some(parts) = &mut self.parts
                    {
                        parts.list = (parts.wanted)(&key).then(|| (key.clone(), key_span));
                    }
                    self.skip_blank();
                    let value = if self.bytes.get(self.at) == Some(&b':') {
                        self.at += 1;
                        self.skip_blank();
                        self.value()
                    } else {
                        let found = self.found();
                        self.problem(
                            Span::at(self.at),
                            format!("expected `:` after the name `{key}`, found {found}"),
                            None,
                        );
                        Value::new(Kind::Null, Span::at(self.at))
                    };
                    self.members.push(Member { key, key_span, value });
                    if self.separator(b'}') {
                        continue;
                    }
                }
                Some(_) => {
                    let found = self.found();
                    let place = Span::new(self.at, self.word_end());
                    self.problem(
                        place,
                        format!("expected a name in double quotes, found {found}"),
                        Some("write `\"Name\": value`"),
                    );
                    self.resynchronise();
                    if self.bytes.get(self.at) == Some(&b',') {
                        self.at += 1;
                    } else if self.bytes.get(self.at) == Some(&b']') {
                        break;
                    }
                }
            }
        }
        let members = self.members.drain(first..).collect();
        Value::new(Kind::Map(members), Span::new(start, self.at))
    }

    fn list(&mut self) -> Value<'s> {
        let start = self.at;
        let first = self.items.len();
        self.at += 1;
        loop {
            self.skip_blank();
            match self.bytes.get(self.at) {
                Some(b']') => {
                    self.at += 1;
                    break;
                }
                Some(b'}') => {
                    self.unclosed(start, "list", ']');
                    break;
                }
                None => {
                    self.unclosed(start, "list", ']');
                    break;
                }
                Some(_) => {
                    let value = self.value();
                    self.items.push(value);
                    if self.depth == 2 {
                        self.hand_over(start, first);
                    }
                    self.separator(b']');
                }
            }
        }
        let items = self.items.drain(first..).collect();
        Value::new(Kind::List(items), Span::new(start, self.at))
    }

    /// Give the elements of the open list away, which begins at `start` and has them from `first` on, if they are many.
    fn hand_over(&mut self, start: usize, first: usize) {
        let Some(parts) = &mut self.parts else { return };
        let (Some((key, key_span)), Some(item)) = (&parts.list, self.items.get(first)) else { return };
        if self.at - (item.span.start as usize) < PART {
            return;
        }
        let items = self.items.drain(first..).collect();
        let value = Value::new(Kind::List(items), Span::new(start, self.at));
        let member = Member { key: key.clone(), key_span: *key_span, value };
        (parts.each)(Value::new(Kind::Map(vec![member]), Span::new(start, self.at)));
    }

    /// Pass the comma after an element. Always `true`; the caller looks for the closing bracket next.
    fn separator(&mut self, close: u8) -> bool {
        self.skip_blank();
        match self.bytes.get(self.at) {
            Some(b',') => {
                let comma = self.at;
                self.at += 1;
                self.skip_blank();
                if self.bytes.get(self.at) == Some(&close) && self.dialect == Dialect::Strict {
                    let problem = Problem::new(
                        Span::new(comma, comma + 1),
                        format!("JSON has no comma before `{}`", close as char),
                    );
                    self.slip(problem.with_help("remove the comma"));
                }
            }
            Some(b'}' | b']') | None => {}
            Some(byte) => {
                let starts_value = matches!(byte, b'"' | b'{' | b'[' | b'0'..=b'9');
                let found = self.found();
                let (place, help) = if starts_value {
                    (Span::at(self.at), "put a comma between the two")
                } else {
                    (Span::new(self.at, self.word_end()), "remove it, or put it in double quotes")
                };
                self.problem(place, format!("expected `,` or `{}`, found {found}", close as char), Some(help));
                if !starts_value {
                    self.resynchronise();
                    if self.bytes.get(self.at) == Some(&b',') {
                        self.at += 1;
                    }
                }
            }
        }
        true
    }

    fn unclosed(&mut self, start: usize, what: &str, close: char) {
        let found = self.found();
        self.problem(
            Span::new(start, start + 1),
            format!("this {what} is never closed: expected `{close}`, found {found}"),
            None,
        );
    }

    /// Go to the next byte at which the structure can be picked up again.
    fn resynchronise(&mut self) {
        while let Some(byte) = self.bytes.get(self.at) {
            match byte {
                b',' | b'}' | b']' => return,
                b'"' => {
                    self.string();
                }
                _ => self.at += 1,
            }
        }
    }

    /// A string token; the cursor is on its opening quote. Borrowed unless it has escapes.
    fn string(&mut self) -> Cow<'s, str> {
        let start = self.at;
        self.at += 1;
        let mut owned: Option<String> = None;
        let mut piece = self.at;
        loop {
            self.at = plain_end(self.bytes, self.at);
            match self.bytes.get(self.at) {
                Some(b'"') => {
                    let tail = &self.text[piece..self.at];
                    self.at += 1;
                    return match owned {
                        None => Cow::Borrowed(tail),
                        Some(mut text) => {
                            text.push_str(tail);
                            Cow::Owned(text)
                        }
                    };
                }
                Some(b'\\') => {
                    let text = owned.get_or_insert_with(String::new);
                    text.push_str(&self.text[piece..self.at]);
                    match escape(&self.text[self.at..]) {
                        Some((character, length)) => {
                            text.push(character);
                            self.at += length;
                        }
                        None => {
                            text.push('\u{fffd}');
                            let length = 1 + self.text[self.at + 1..].chars().next().map_or(0, char::len_utf8);
                            let place = Span::new(self.at, self.at + length);
                            self.at += length;
                            self.problem(
                                place,
                                format!("`{}` is not an escape of JSON", &self.text[place.range()]),
                                Some("a backslash is written `\\\\`"),
                            );
                        }
                    }
                    piece = self.at;
                }
                Some(b'\n' | b'\r') | None => {
                    self.problem(
                        Span::new(start, start + 1),
                        "this string is not closed on its line",
                        Some("end it with `\"`; a line break inside a string is written `\\n`"),
                    );
                    let tail = &self.text[piece..self.at];
                    return Cow::Owned(owned.unwrap_or_default() + tail);
                }
                Some(control) => {
                    let place = Span::new(self.at, self.at + 1);
                    let message = format!("a raw control character (U+{control:04X}) may not stand in a string");
                    self.problem(place, message, Some("write a tab as `\\t`, others as `\\u0000`"));
                    self.at += 1;
                }
            }
        }
    }

    fn number(&mut self) -> Value<'s> {
        let start = self.at;
        let digits = |parser: &mut Self| {
            let from = parser.at;
            while matches!(parser.bytes.get(parser.at), Some(b'0'..=b'9')) {
                parser.at += 1;
            }
            parser.at - from
        };
        if self.bytes[self.at] == b'-' {
            self.at += 1;
        }
        let leading_zero = self.bytes.get(self.at) == Some(&b'0');
        let whole = digits(self);
        let mut well_formed = whole == 1 || (whole > 1 && !leading_zero);
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            well_formed &= digits(self) > 0;
        }
        if matches!(self.bytes.get(self.at), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.bytes.get(self.at), Some(b'+' | b'-')) {
                self.at += 1;
            }
            well_formed &= digits(self) > 0;
        }
        // `12a` or `1-2` is one mistake, not a number and a second value.
        let end = self.word_end().max(self.at);
        well_formed &= end == self.at || matches!(self.bytes[self.at], b'/');
        let span = Span::new(start, if well_formed { self.at } else { end });
        self.at = span.end as usize;
        let raw = &self.text[span.range()];
        if !well_formed {
            let help = if leading_zero && whole > 1 {
                "a number may not begin with 0; an account id is a string and stands in double quotes"
            } else {
                "put it in double quotes if it is text"
            };
            self.problem(span, format!("`{raw}` is not a number of JSON"), Some(help));
        }
        Value::new(Kind::Number(Cow::Borrowed(raw)), span)
    }

    /// Whether `${…}` or `{{…}}` stands at the cursor: a value that another tool writes there later.
    fn at_placeholder(&self) -> bool {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        rest.starts_with(b"${") || rest.starts_with(b"{{")
    }

    /// A placeholder as one value that is not known. A file full of them has one problem, not one for each.
    fn placeholder(&mut self) -> Value<'s> {
        let rest = &self.text[self.at..];
        let close = if rest.starts_with('$') { "}" } else { "}}" };
        let line = rest.lines().next().unwrap_or_default();
        let length = line.find(close).map_or(line.len(), |end| end + close.len());
        let span = Span::new(self.at, self.at + length);
        let name = rest[..length].trim_matches(['$', '{', '}', ' ']).to_owned();
        self.at += length;
        if !self.templated {
            self.templated = true;
            self.problem(
                span,
                format!("expected a value, found the placeholder `{}`", &self.text[span.range()]),
                Some("judge the file that another tool makes of this one, or leave this one out with `exclude`"),
            );
        }
        let why = "a placeholder that another tool fills in";
        Value::new(Kind::Unknown(Box::new(Hole { name, why, domain: Domain::Any, default: None })), span)
    }

    /// `true`, `false`, `null`, or something that is no value: then a string of its text, so that the tree goes on.
    fn word(&mut self) -> Value<'s> {
        let span = Span::new(self.at, self.word_end());
        let word = &self.text[span.range()];
        let kind = match word {
            "true" => Kind::Bool(true),
            "false" => Kind::Bool(false),
            "null" => Kind::Null,
            _ => {
                let found = self.found();
                let help = match self.bytes.get(self.at) {
                    Some(b'\'') => "strings of JSON stand in double quotes",
                    Some(b'}' | b']' | b',' | b':') | None => "write a value here",
                    _ => "text stands in double quotes",
                };
                self.problem(span, format!("expected a value, found {found}"), Some(help));
                if span.is_empty() && matches!(self.bytes.get(self.at), Some(b':')) {
                    self.at += 1;
                }
                self.at = self.at.max(span.end as usize);
                return Value::new(Kind::String(Cow::Borrowed(word)), span);
            }
        };
        self.at = span.end as usize;
        Value::new(kind, span)
    }

    /// Where the run of bytes ends that a person would call one word, from the cursor.
    fn word_end(&self) -> usize {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let length = rest
            .iter()
            .position(|byte| {
                matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b',' | b':' | b'{' | b'}' | b'[' | b']' | b'"')
            })
            .unwrap_or(rest.len());
        self.at + length
    }

    /// What stands at the cursor, for a message.
    fn found(&self) -> String {
        match self.bytes.get(self.at) {
            None => format!("the end of the {}", self.whole),
            Some(b'"') => "a string".to_owned(),
            Some(_) => {
                let end = self.word_end();
                let word = if end > self.at { &self.text[self.at..end] } else { &self.text[self.at..self.at + 1] };
                let mut shown: String = word.chars().take(40).collect();
                if shown.len() < word.len() {
                    shown.push('…');
                }
                format!("`{shown}`")
            }
        }
    }

    fn skip_blank(&mut self) {
        loop {
            while matches!(self.bytes.get(self.at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
                self.at += 1;
            }
            if self.bytes.get(self.at) != Some(&b'/') || !self.comment() {
                return;
            }
        }
    }

    /// Pass a comment; `false` when the `/` at the cursor begins none.
    fn comment(&mut self) -> bool {
        let rest = &self.text[self.at..];
        let length = if rest.starts_with("//") {
            memchr::memchr2(b'\n', b'\r', rest.as_bytes()).unwrap_or(rest.len())
        } else if let Some(body) = rest.strip_prefix("/*") {
            body.find("*/").map_or(rest.len(), |end| end + 4)
        } else {
            return false;
        };
        if self.dialect == Dialect::Strict {
            let problem = Problem::new(Span::new(self.at, self.at + length), "JSON has no comments");
            self.slip(problem.with_help("remove it, or name the file `.jsonc`"));
        }
        self.at += length;
        true
    }

    fn problem(&mut self, span: Span, message: impl Into<String>, help: Option<&str>) {
        if self.gave_up {
            return;
        }
        self.template |= self.is_template(span.start as usize);
        let mut problem = Problem::new(span, message);
        if let Some(help) = help {
            problem = problem.with_help(help);
        }
        self.push(problem);
    }

    /// What is wrong and takes nothing out of the tree.
    fn slip(&mut self, problem: Problem) {
        // Who writes one such comma or comment writes it everywhere.
        match self.slips.iter_mut().find(|slip| slip.help == problem.help) {
            _ if !self.lenient => self.push(problem),
            Some(first) => first.more += 1,
            None => self.slips.push(problem),
        }
    }

    /// Whether a mistake at `at` is one because another language begins there: Terraform's templates, Jinja and its like,
    /// ERB. Or goes on there: a string in a placeholder ends the string that the placeholder stands in.
    fn is_template(&self, at: usize) -> bool {
        let (before, rest) = self.text.split_at_checked(at).unwrap_or_default();
        // `{{"Version": …}}` is an object with a brace too many.
        let doubled = |rest: &str| {
            let inner = rest.trim_start_matches(['{', ' ', '\t', '\n', '\r']);
            rest.starts_with("{{") && !inner.starts_with(['"', '}'])
        };
        let opens = |rest: &str| ["${", "%{", "{%", "<%"].iter().any(|mark| rest.starts_with(mark)) || doubled(rest);
        let line = &before[before.rfind('\n').map_or(0, |end| end + 1)..];
        let open = ["${", "%{"].iter().filter_map(|mark| line.rfind(mark)).max();
        opens(rest)
            || before.ends_with('{') && (rest.starts_with('%') || doubled(&self.text[at - 1..]))
            || open.is_some_and(|open| !line[open..].contains('}'))
    }

    fn push(&mut self, problem: Problem) {
        if self.gave_up {
            return;
        }
        self.problems.push(problem);
        if self.problems.len() == MAX_PROBLEMS {
            self.give_up();
        }
    }

    /// Read no more: every open list and object ends here, as if the text did. The cursor stays where it is, so that
    /// what is being read keeps a valid place.
    fn give_up(&mut self) {
        self.gave_up = true;
        self.bytes = &[];
    }
}

/// The offset of the first byte from `at` on that ends or interrupts a string: a quote, a backslash or a control byte.
/// Eight bytes are looked at in one step.
fn plain_end(bytes: &[u8], mut at: usize) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    // The high bit of each byte that is zero; exact for the lowest such byte, which is the one that counts.
    let zero = |word: u64| word.wrapping_sub(ONES) & !word & HIGHS;
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*chunk);
        let control = word.wrapping_sub(ONES * 0x20) & !word & HIGHS;
        let hits = zero(word ^ (ONES * u64::from(b'"'))) | zero(word ^ (ONES * u64::from(b'\\'))) | control;
        if hits != 0 {
            return at + hits.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    while bytes.get(at).is_some_and(|byte| !matches!(byte, b'"' | b'\\' | 0..0x20)) {
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests;
