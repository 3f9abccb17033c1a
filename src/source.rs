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
    lines: OnceLock<Vec<u32>>,
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
        Source { path: path.into(), text: text.into(), lines: OnceLock::new() }
    }

    /// Write `*` over secrets, so that no report shows them. Places and line ends stay as they are.
    pub fn conceal(&mut self, secrets: &[Span]) {
        if secrets.is_empty() {
            return;
        }
        let mut bytes = std::mem::take(&mut self.text).into_bytes();
        for secret in secrets {
            // A span that cuts a character conceals the whole of it.
            let is_inside = |byte: u8| byte & 0xC0 == 0x80;
            let mut end = (secret.end as usize).min(bytes.len());
            while end < bytes.len() && is_inside(bytes[end]) {
                end += 1;
            }
            let mut start = (secret.start as usize).min(end);
            while start > 0 && start < bytes.len() && is_inside(bytes[start]) {
                start -= 1;
            }
            bytes[start..end].iter_mut().filter(|byte| !matches!(byte, b'\n' | b'\r')).for_each(|byte| *byte = b'*');
        }
        self.text = String::from_utf8_lossy(&bytes).into_owned();
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
            starts
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

    /// Line and column, from 1, of a byte. A byte order mark at the start takes no column.
    pub fn position(&self, offset: u32) -> Position {
        let (line, before) = self.before(offset);
        Position { line: line + 1, column: before.chars().count() + 1 }
    }

    /// Line and column, from 1, of a byte, with columns in UTF-16 code units: SARIF and editors count so.
    pub fn position_utf16(&self, offset: u32) -> Position {
        let (line, before) = self.before(offset);
        Position { line: line + 1, column: before.encode_utf16().count() + 1 }
    }

    /// The line (from 0) of a byte and the text of that line before it.
    fn before(&self, offset: u32) -> (usize, &str) {
        let offset = self.char_floor(offset as usize);
        let line = self.line_index(Span::at(offset).start);
        let start = self.lines()[line] as usize;
        (line, self.text[start..offset].trim_start_matches('\u{feff}'))
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
    fn secrets_are_concealed_and_places_stay() {
        let mut source = Source::new("a", "ké\r\n\"s😀t\" x");
        source.conceal(&[Span::new(6, 11), Span::new(90, 99)]);
        assert_eq!(source.text, "ké\r\n\"*****t\" x");
        // From within a character on, over a line end.
        source.conceal(&[Span::new(2, 8)]);
        assert_eq!(source.text, "k**\r\n******t\" x");
        assert_eq!(source.line_count(), 2);
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
