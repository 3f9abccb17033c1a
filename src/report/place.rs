//! Lines and columns of many places in one file, each in logarithmic time.
//!
//! Counting characters from the start of the line, as [`Source::position`] does, is right for a few places. A minified
//! file is one line with thousands of findings; there it would be quadratic.

use crate::lint::FileReport;
use crate::source::{Position, Source};
use crate::span::Span;
use rayon::prelude::*;

/// A table of the places where columns and bytes part.
pub(super) struct Places<'s> {
    source: &'s Source,
    /// One entry for each character that is not one byte, in order of offset.
    wide: Vec<Wide>,
}

/// Up to the end of a character: how many bytes more than columns stand before, over all lines.
struct Wide {
    end: u32,
    characters: u32,
    utf16: u32,
}

impl<'s> Places<'s> {
    pub fn new(source: &'s Source) -> Self {
        let mut wide = Vec::new();
        let (mut characters, mut utf16) = (0, 0);
        if !source.text.is_ascii() {
            let mut line_start = true;
            for (at, c) in source.text.char_indices() {
                // As in `Source`, a byte order mark at the start of a line takes no column.
                let mark = line_start && c == '\u{feff}';
                line_start = mark || matches!(c, '\n' | '\r');
                if !c.is_ascii() {
                    let length = c.len_utf8();
                    characters += (length - usize::from(!mark)) as u32;
                    utf16 += (length - if mark { 0 } else { c.len_utf16() }) as u32;
                    wide.push(Wide { end: (at + length) as u32, characters, utf16 });
                }
            }
        }
        Places { source, wide }
    }

    /// One for each file, made in parallel; those of a file without findings are never asked.
    pub fn of_files(files: &'s [FileReport]) -> Vec<Self> {
        let places = files.par_iter().map(|file| match file.findings.is_empty() {
            true => Places { source: &file.source, wide: Vec::new() },
            false => Places::new(&file.source),
        });
        places.collect()
    }

    /// Line and column in characters of a byte.
    pub fn characters(&self, offset: u32) -> Position {
        self.position(offset, |wide| wide.characters)
    }

    /// Line and column in UTF-16 code units of a byte.
    pub fn utf16(&self, offset: u32) -> Position {
        self.position(offset, |wide| wide.utf16)
    }

    /// Line and column in bytes of UTF-8 of a byte. A byte order mark counts: it is part of what is stored.
    pub fn bytes(&self, offset: u32) -> Position {
        let offset = self.boundary(offset);
        let line = self.source.line_index(offset);
        let column = offset - self.source.line_span(line).start;
        Position { line: line + 1, column: column as usize + 1 }
    }

    /// The line (from 1) that holds the last byte of a span; for an empty one, the line it stands in.
    pub fn last_line(&self, span: Span) -> usize {
        self.source.line_index(self.boundary(span.end.saturating_sub(1).max(span.start))) + 1
    }

    /// The offset, or the nearest before it that cuts no character.
    fn boundary(&self, offset: u32) -> u32 {
        let mut offset = offset.min(u32::try_from(self.source.text.len()).unwrap_or(u32::MAX));
        while !self.source.text.is_char_boundary(offset as usize) {
            offset -= 1;
        }
        offset
    }

    fn position(&self, offset: u32, surplus: fn(&Wide) -> u32) -> Position {
        let offset = self.boundary(offset);
        let before = |offset: u32| {
            let after = self.wide.partition_point(|wide| wide.end <= offset);
            after.checked_sub(1).map_or(0, |at| surplus(&self.wide[at]))
        };
        let line = self.source.line_index(offset);
        let start = self.source.line_span(line).start;
        let column = (offset - start) - (before(offset) - before(start));
        Position { line: line + 1, column: column as usize + 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_differ_by_unit() {
        let source = Source::new("a", "x\n\té😀y");
        let places = Places::new(&source);
        let y = 2 + "\té😀".len() as u32;
        assert_eq!(places.characters(y), Position { line: 2, column: 4 });
        assert_eq!(places.utf16(y), Position { line: 2, column: 5 });
        assert_eq!(places.bytes(y), Position { line: 2, column: 8 });
        assert_eq!(places.bytes(y - 1), Position { line: 2, column: 4 }, "the character is not cut");
    }

    #[test]
    fn a_span_ends_on_the_line_of_its_last_byte() {
        let source = Source::new("a", "ab\ncd\n");
        let places = Places::new(&source);
        let last = |start, end| places.last_line(Span::new(start, end));
        assert_eq!((last(0, 2), last(0, 3), last(0, 4), last(3, 3), last(99, 100)), (1, 1, 2, 2, 3));
    }

    #[test]
    fn agrees_with_the_source_everywhere() {
        for text in ["", "\u{feff}a\né😀\tx\r\nç\r\u{feff}\u{feff}b\u{feff}c\n", "plain\ntext"] {
            let source = Source::new("a", text);
            let places = Places::new(&source);
            for offset in 0..=text.len() as u32 + 2 {
                assert_eq!(places.characters(offset), source.position(offset), "{text:?} at {offset}");
                assert_eq!(places.utf16(offset), source.position_utf16(offset), "{text:?} at {offset}");
            }
        }
    }
}
