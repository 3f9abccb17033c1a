//! A file's text, its line table, and the way from a text inside a string back to the file.

use crate::span::Span;
use std::sync::OnceLock;

/// One file (or standard input) that is being judged.
#[derive(Debug)]
pub struct Source {
    /// The path as it is shown: relative, with `/`.
    pub path: String,
    /// The whole text.
    pub text: String,
    /// Offset of the first byte of each line, made when a place is first printed.
    lines: OnceLock<Box<[u32]>>,
    /// What stands before each [`STEP`]th byte, made when a place far into a line is first printed.
    steps: OnceLock<Box<[Length]>>,
}

/// How much of a line is counted anew for each place in it. A plan is one line, with a place for every finding.
const STEP: usize = 4096;

/// How long a text is in characters and in UTF-16 code units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Length {
    characters: usize,
    units: usize,
}

impl Length {
    /// The length of a text that may begin and end inside of a character: it has those that begin in it.
    fn of(bytes: &[u8]) -> Self {
        let characters = bytes.iter().filter(|byte| **byte & 0xC0 != 0x80).count();
        let pairs = bytes.iter().filter(|byte| **byte >= 0xF0).count();
        Length { characters, units: characters + pairs }
    }

    fn and(self, more: Length) -> Self {
        Length { characters: self.characters + more.characters, units: self.units + more.units }
    }
}

/// A place as people count: line and column from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters (Unicode scalar values), from 1.
    pub column: usize,
}

impl Source {
    /// A source with the path it is shown under.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        Source { path: path.into(), text: text.into(), lines: OnceLock::new(), steps: OnceLock::new() }
    }

    fn lines(&self) -> &[u32] {
        self.lines.get_or_init(|| {
            let bytes = self.text.as_bytes();
            let mut starts = vec![0];
            for at in memchr::memchr2_iter(b'\n', b'\r', bytes) {
                // CR LF ends one line; a lone CR ends one too, as editors and GitHub count.
                if bytes[at] == b'\r' && bytes.get(at + 1) == Some(&b'\n') {
                    continue;
                }
                starts.push(Span::at(at + 1).start);
            }
            starts.into()
        })
    }

    /// How many lines there are.
    pub fn line_count(&self) -> usize {
        self.lines().len()
    }

    /// The line (from 0) that holds the byte at `offset`.
    pub fn line_index(&self, offset: u32) -> usize {
        self.lines().partition_point(|start| *start <= offset) - 1
    }

    /// The bytes of a line (from 0), without its line ending. Empty for a line that does not exist.
    pub fn line_span(&self, line: usize) -> Span {
        let lines = self.lines();
        let Some(start) = lines.get(line) else { return Span::at(self.text.len()) };
        let end = lines.get(line + 1).map_or(self.text.len(), |next| *next as usize);
        let text = &self.text[*start as usize..end];
        Span::new(*start as usize, *start as usize + text.trim_end_matches(['\n', '\r']).len())
    }

    /// The text of a span; the nearest whole characters if the span cuts one.
    pub fn slice(&self, span: Span) -> &str {
        let start = self.char_floor(span.start as usize);
        let end = self.char_floor(span.end as usize);
        &self.text[start..end.max(start)]
    }

    fn char_floor(&self, offset: usize) -> usize {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        offset
    }

    /// Write `*` over each byte of these spans, so that nothing can show what stood there. Places stay the same.
    pub fn conceal(&mut self, secrets: &[Span]) {
        if secrets.is_empty() {
            return;
        }
        let mut bytes = std::mem::take(&mut self.text).into_bytes();
        for span in secrets {
            let end = (span.end as usize).min(bytes.len());
            let start = (span.start as usize).min(end);
            bytes[start..end].iter_mut().filter(|byte| !matches!(byte, b'\n' | b'\r')).for_each(|byte| *byte = b'*');
        }
        // A span that cuts a character would leave a part of it.
        self.text = String::from_utf8_lossy(&bytes).into_owned();
        (self.lines, self.steps) = (OnceLock::new(), OnceLock::new());
    }

    /// Line and column, from 1, of a byte. A byte order mark at the start takes no column.
    pub fn position(&self, offset: u32) -> Position {
        let (line, before) = self.before(offset);
        Position { line: line + 1, column: before.characters + 1 }
    }

    /// Line and column, from 1, of a byte, with columns in UTF-16 code units: SARIF and editors count so.
    pub fn position_utf16(&self, offset: u32) -> Position {
        let (line, before) = self.before(offset);
        Position { line: line + 1, column: before.units + 1 }
    }

    /// The line (from 0) of a byte and the length of that line before it.
    fn before(&self, offset: u32) -> (usize, Length) {
        let offset = self.char_floor(offset as usize);
        let line = self.line_index(Span::at(offset).start);
        let start = self.lines()[line] as usize;
        let text = &self.text[start..offset];
        let start = offset - text.trim_start_matches('\u{feff}').len();
        let bytes = self.text.as_bytes();
        if offset - start <= STEP {
            return (line, Length::of(&bytes[start..offset]));
        }
        let up_to = |at: usize| self.steps()[at / STEP].and(Length::of(&bytes[at - at % STEP..at]));
        let (from, to) = (up_to(start), up_to(offset));
        (line, Length { characters: to.characters - from.characters, units: to.units - from.units })
    }

    fn steps(&self) -> &[Length] {
        self.steps.get_or_init(|| {
            let mut steps = vec![Length::default()];
            for step in self.text.as_bytes().chunks(STEP) {
                steps.push(steps[steps.len() - 1].and(Length::of(step)));
            }
            steps.into()
        })
    }
}

/// The way from the unescaped text of an embedded document back to the bytes of the file.
///
/// A policy may stand in a JSON string, a YAML block scalar or a percent-encoded string. Its text is decoded, parsed,
/// and each span is taken back with [`OffsetMap::place`], so that a finding points at the bytes in the file.
#[derive(Clone, Debug, Default)]
pub struct OffsetMap {
    /// Runs of bytes that are the same inside and outside, and escapes, in order of `inner`.
    runs: Vec<Run>,
}

#[derive(Clone, Copy, Debug)]
struct Run {
    inner: u32,
    outer: u32,
    /// Whether inner bytes advance the outer offset one by one; an escape maps each of its bytes to its start.
    plain: bool,
}

impl OffsetMap {
    /// The map of a text that stands in the file as it is, from `outer` on.
    pub fn shifted(outer: usize) -> Self {
        let mut map = OffsetMap::default();
        map.plain(0, outer);
        map
    }

    /// From inner offset `inner` on, bytes are the same as from outer offset `outer` on.
    pub fn plain(&mut self, inner: usize, outer: usize) {
        self.push(inner, outer, true);
    }

    /// The bytes from inner offset `inner` on are written as one escape at outer offset `outer`.
    pub fn escape(&mut self, inner: usize, outer: usize) {
        self.push(inner, outer, false);
    }

    /// From inner offset `inner` on, the text of another map follows.
    pub fn append(&mut self, inner: usize, other: &OffsetMap) {
        for run in &other.runs {
            self.push(inner + run.inner as usize, run.outer as usize, run.plain);
        }
    }

    fn push(&mut self, inner: usize, outer: usize, plain: bool) {
        let run = Run { inner: Span::at(inner).start, outer: Span::at(outer).start, plain };
        match self.runs.last_mut() {
            Some(last) if last.inner == run.inner => *last = run,
            Some(last) if last.plain && plain && run.outer.wrapping_sub(last.outer) == run.inner - last.inner => {}
            _ => self.runs.push(run),
        }
    }

    /// The outer offset of an inner one.
    pub fn offset(&self, inner: u32) -> u32 {
        let after = self.runs.partition_point(|run| run.inner <= inner);
        match after.checked_sub(1).map(|at| self.runs[at]) {
            Some(run) if run.plain => run.outer + (inner - run.inner),
            Some(run) => run.outer,
            None => inner,
        }
    }

    /// The outer span of an inner one. Its end is where the last inner byte ends outside.
    pub fn place(&self, inner: Span) -> Span {
        let start = self.offset(inner.start);
        if inner.is_empty() {
            return Span { start, end: start };
        }
        let last = inner.end - 1;
        let after = self.runs.partition_point(|run| run.inner <= last);
        let end = match after.checked_sub(1).map(|at| self.runs[at]) {
            Some(run) if run.plain => run.outer + (last - run.inner) + 1,
            // The escape ends where the next run begins.
            Some(run) => self.runs.get(after).map_or(run.outer + 1, |next| next.outer),
            None => inner.end,
        };
        Span { start, end: end.max(start) }
    }

    /// The map for a document inside this one: `inner` goes from it to this document's text.
    pub fn compose(&self, inner: &OffsetMap) -> OffsetMap {
        let mut map = OffsetMap::default();
        for (at, run) in inner.runs.iter().enumerate() {
            map.push(run.inner as usize, self.offset(run.outer) as usize, run.plain);
            if !run.plain {
                continue;
            }
            // A plain run of the inner map may cross escapes of the outer one.
            let length = inner.runs.get(at + 1).map_or(u32::MAX, |next| next.inner - run.inner);
            let from = self.runs.partition_point(|outer| outer.inner <= run.outer);
            for outer in &self.runs[from..] {
                let distance = outer.inner - run.outer;
                if distance >= length {
                    break;
                }
                map.push((run.inner + distance) as usize, outer.outer as usize, outer.plain);
            }
        }
        map
    }
}

/// The unescaped text of a percent-encoded string and the map back to its bytes. A `+` is a plus.
///
/// IAM returns policy documents "URL-encoded compliant with RFC 3986" (IAM API Reference, GetRole). `None` when a `%`
/// is not followed by two hexadecimal digits or the bytes are not UTF-8.
pub fn percent_decode(text: &str) -> Option<(String, OffsetMap)> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut map = OffsetMap::shifted(0);
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] == b'%' {
            let digits = text.get(at + 1..at + 3)?;
            map.escape(out.len(), at);
            out.push(u8::from_str_radix(digits, 16).ok()?);
            at += 3;
            map.plain(out.len(), at);
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    Some((String::from_utf8(out).ok()?, map))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_at_lf_crlf_and_cr() {
        let source = Source::new("a", "ab\r\nc\rd\n");
        assert_eq!(source.line_count(), 4);
        assert_eq!(source.position(4), Position { line: 2, column: 1 });
        assert_eq!(source.position(6), Position { line: 3, column: 1 });
        assert_eq!(source.slice(source.line_span(0)), "ab");
    }

    #[test]
    fn columns_count_characters_and_utf16_units() {
        let source = Source::new("a", "\u{feff}é😀x");
        let x = source.text.find('x').expect("there is one") as u32;
        assert_eq!(source.position(x).column, 3);
        assert_eq!(source.position_utf16(x).column, 4);
        assert_eq!(source.position(3).column, 1, "a byte order mark takes no column");
    }

    #[test]
    fn columns_far_into_a_line_are_counted_alike() {
        let line = "\u{feff}".to_owned() + &"aé😀\u{2028}".repeat(3 * STEP);
        for text in [line.clone(), format!("first\r\n{line}")] {
            let source = Source::new("a", text);
            let start = source.line_span(source.line_count() - 1).start as usize;
            for at in [start, start + 3, STEP - 1, STEP, STEP + 2, 2 * STEP + 5, 9 * STEP + 11, source.text.len()] {
                let floor = source.char_floor(at);
                let before = source.text[start..floor.max(start)].trim_start_matches('\u{feff}');
                let offset = at.max(start) as u32;
                assert_eq!(source.position(offset).column, before.chars().count() + 1, "{at}");
                assert_eq!(source.position_utf16(offset).column, before.encode_utf16().count() + 1, "{at}");
            }
        }
    }

    #[test]
    fn what_is_concealed_keeps_its_place() {
        let mut source = Source::new("a", "x = \"h\u{fc}nter\n2\"; y");
        source.conceal(&[Span::new(5, 14), Span::new(90, 99)]);
        assert_eq!(source.text, "x = \"*******\n*\"; y");
        assert_eq!(source.position(13), Position { line: 2, column: 1 });
    }

    #[test]
    fn percent_decoding_maps_back() {
        let (text, map) = percent_decode("%7B%22a%22%3A1%7D").expect("valid");
        assert_eq!(text, r#"{"a":1}"#);
        assert_eq!(map.place(Span::new(2, 3)), Span::new(6, 7));
        assert_eq!(map.place(Span::new(0, 1)), Span::new(0, 3));
        assert_eq!(map.place(Span::new(0, 7)), Span::new(0, 17));
        assert!(percent_decode("%7").is_none());
        assert!(percent_decode("%zz").is_none());
        assert_eq!(percent_decode("a+b").expect("valid").0, "a+b");
    }

    #[test]
    fn maps_compose() {
        // Outer file: x"%7Ba%7D", inner text {a} starts at 2.
        let (text, percent) = percent_decode("%7Ba%7D").expect("valid");
        assert_eq!(text, "{a}");
        let map = OffsetMap::shifted(2).compose(&percent);
        assert_eq!(map.place(Span::new(1, 2)), Span::new(5, 6));
        assert_eq!(map.place(Span::new(0, 3)), Span::new(2, 9));
    }
}
