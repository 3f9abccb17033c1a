//! The part of a source that a finding is shown on, as a small text of its own that miette draws.
//!
//! miette can read a file itself, but it scans the file anew for each finding, panics on a label past column 65,535 and
//! writes what it reads to the terminal. So it gets an excerpt: a few lines, each cut to a window that fits, characters
//! that steer a terminal written as codes, and the labels moved along. Lines and columns shown stay those of the file.

use super::Style;
use super::place::Places;
use super::text::{begins_command, push_clean};
use crate::diagnostic::{Diagnostic, Label};
use crate::source::{Position, Source};
use crate::span::Span;
use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};
use std::ops::Range;

/// Secondary labels that are drawn; a picture with more is no picture.
const MAX_LABELS: usize = 12;
/// Lines that a label may cover as a whole; of a longer one, the first line is marked.
const MAX_LABEL_LINES: usize = 8;

/// A drawable part of a source.
#[derive(Debug)]
pub(super) struct Excerpt {
    path: String,
    text: String,
    blocks: Vec<Block>,
    /// What is drawn, sorted by start.
    pub marks: Vec<Mark>,
    /// Secondary labels outside the windows.
    pub apart: Vec<(Position, String)>,
    /// How many secondary labels are neither drawn nor listed.
    pub left_out: usize,
}

/// Adjacent lines.
#[derive(Debug)]
struct Block {
    /// Where in the excerpt's text.
    range: Range<usize>,
    /// The first line's index in the file.
    line: usize,
}

/// A label in the excerpt.
#[derive(Debug)]
pub(super) struct Mark {
    /// Where in the excerpt's text.
    pub range: Range<usize>,
    /// Its phrase.
    pub text: String,
    /// Whether it is the place to edit.
    pub primary: bool,
    position: Position,
}

/// A label on its way into the excerpt.
struct Draft<'a> {
    label: &'a Label,
    primary: bool,
    span: Span,
    first: usize,
    last: usize,
    start: Option<usize>,
    end: Option<usize>,
}

impl Excerpt {
    /// The excerpt for a finding; `path` is fit for a terminal.
    pub fn new(source: &Source, places: &Places<'_>, finding: &Diagnostic, path: &str, style: Style) -> Self {
        let shown = finding.secondary.iter().take(MAX_LABELS).map(|label| (label, false));
        let mut drafts: Vec<Draft<'_>> = std::iter::once((&finding.primary, true))
            .chain(shown)
            .map(|(label, primary)| Draft::new(source, label, primary))
            .collect();
        let mut excerpt = Excerpt {
            path: path.to_owned(),
            text: String::new(),
            blocks: Vec::new(),
            marks: Vec::new(),
            apart: Vec::new(),
            left_out: finding.secondary.len().saturating_sub(MAX_LABELS),
        };
        for lines in blocks(source, &drafts) {
            let start = excerpt.text.len();
            let line = lines.start;
            // The frame and the line number stand before the text.
            let room = style.width.clamp(40, 400) - 6 - lines.end.to_string().len();
            for line in lines {
                excerpt.push_line(source, line, &mut drafts, room, style.unicode);
            }
            excerpt.blocks.push(Block { range: start..excerpt.text.len(), line });
        }
        excerpt.place_marks(&drafts, places);
        excerpt
    }

    /// Append the window of a line, and note where in it labels start and end.
    fn push_line(&mut self, source: &Source, line: usize, drafts: &mut [Draft<'_>], room: usize, unicode: bool) {
        let whole = source.line_span(line);
        let here = |draft: &&Draft<'_>| draft.first == line || draft.last == line;
        let focus = drafts.iter().find(here).map(|draft| {
            let start = if draft.first == line { draft.span.start } else { draft.span.end };
            Span { start, end: if draft.last == line { draft.span.end.max(start) } else { start } }
        });
        let window = window(source, whole, focus, room);
        let dots = if unicode { "…" } else { "..." };
        if window.start > whole.start {
            self.text.push_str(dots);
        }
        // Offset in the file and in the excerpt of each character of the window, and of its end.
        let mut map = Vec::new();
        let shown = source.slice(window);
        for (at, c) in shown.char_indices() {
            // A byte order mark has neither width nor column.
            if c == '\u{feff}' && window.start == whole.start && at == 0 {
                continue;
            }
            map.push((window.start + at as u32, self.text.len()));
            match c {
                '\t' => self.text.push(c),
                '#' if begins_command(&shown[at..]) => self.text.extend(c.escape_unicode()),
                c => push_clean(&mut self.text, c),
            }
        }
        map.push((window.end, self.text.len()));
        let place = |offset: u32, ceil: bool| {
            let at = match ceil {
                true => map.partition_point(|(raw, _)| *raw < offset),
                false => map.partition_point(|(raw, _)| *raw <= offset).saturating_sub(1),
            };
            map.get(at).or(map.last()).map(|(_, out)| *out)
        };
        for draft in drafts {
            let single = draft.first == draft.last;
            let outside = draft.span.start > window.end || draft.span.end < window.start;
            if single && outside {
                continue;
            }
            if draft.first == line {
                draft.start = place(draft.span.start.max(window.start), false);
            }
            if draft.last == line {
                draft.end = place(draft.span.end.min(window.end), true);
            }
        }
        if window.end < whole.end {
            self.text.push_str(dots);
        }
        self.text.push('\n');
    }

    /// Turn drafts into marks. Marks on one line must not overlap: miette moves an overlapping underline to the right.
    fn place_marks(&mut self, drafts: &[Draft<'_>], places: &Places<'_>) {
        let mut lines: Vec<usize> = Vec::new();
        for draft in drafts {
            let position = places.characters(draft.label.span.start);
            let (Some(start), Some(end)) = (draft.start, draft.end) else {
                self.apart.push((position, draft.label.text.clone()));
                continue;
            };
            let mut range = start..end.max(start);
            let mut inside_of = None;
            if draft.first == draft.last {
                let neighbours = lines.iter().zip(&self.marks).enumerate();
                for (at, (_, mark)) in neighbours.filter(|(_, (line, _))| **line == draft.first) {
                    let taken = &mark.range;
                    let apart = range.end <= taken.start || taken.end <= range.start;
                    if apart && range != *taken {
                        continue;
                    }
                    if range.start < taken.start {
                        range.end = taken.start;
                    } else if range.end > taken.end {
                        range.start = taken.end;
                    } else {
                        inside_of = Some(at);
                        break;
                    }
                }
            }
            match inside_of {
                // No bytes of its own are left: its phrase goes below the other's.
                Some(at) => {
                    let text = &mut self.marks[at].text;
                    if !text.is_empty() && !draft.label.text.is_empty() {
                        text.push('\n');
                    }
                    text.push_str(&draft.label.text);
                }
                None => {
                    lines.push(if draft.first == draft.last { draft.first } else { usize::MAX });
                    self.marks.push(Mark { range, text: draft.label.text.clone(), primary: draft.primary, position });
                }
            }
        }
        self.marks.sort_by_key(|mark| mark.range.start);
    }
}

impl<'a> Draft<'a> {
    fn new(source: &Source, label: &'a Label, primary: bool) -> Self {
        let length = u32::try_from(source.text.len()).unwrap_or(u32::MAX);
        let start = label.span.start.min(length);
        let mut span = Span { start, end: label.span.end.clamp(start, length) };
        let first = source.line_index(span.start);
        let mut last = source.line_index(span.end.saturating_sub(1).max(span.start));
        if last - first >= MAX_LABEL_LINES {
            last = first;
        }
        // Line endings are not part of the excerpt's lines.
        span.start = span.start.min(source.line_span(first).end);
        span.end = span.end.min(source.line_span(last).end).max(span.start);
        Draft { label, primary, span, first, last, start: None, end: None }
    }
}

/// The lines to show: each label's, and one before and after. Blocks that nearly touch are joined; that of the primary
/// label is first.
fn blocks(source: &Source, drafts: &[Draft<'_>]) -> Vec<Range<usize>> {
    let mut ranges: Vec<Range<usize>> = drafts
        .iter()
        .map(|draft| {
            let mut end = (draft.last + 2).min(source.line_count());
            if end > draft.last + 1 && source.line_span(end - 1).is_empty() {
                end -= 1;
            }
            draft.first.saturating_sub(1)..end
        })
        .collect();
    ranges.sort_by_key(|range| range.start);
    let mut joined: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match joined.last_mut() {
            Some(last) if range.start <= last.end + 1 => last.end = last.end.max(range.end),
            _ => joined.push(range),
        }
    }
    let primary = drafts.first().map_or(0, |primary| primary.first);
    if let Some(at) = joined.iter().position(|lines| lines.contains(&primary)) {
        joined[..=at].rotate_right(1);
    }
    joined
}

/// The part of a line to show: all of it if there is room, else what is around the label in focus.
fn window(source: &Source, line: Span, focus: Option<Span>, room: usize) -> Span {
    let fitting = fit(source.slice(line).chars(), room);
    if fitting == line.len() {
        return line;
    }
    // Room for the dots on both sides.
    let room = room.saturating_sub(6);
    let focus = focus.unwrap_or(Span { start: line.start, end: line.start });
    let first = fit(source.slice(line).chars(), room) as u32;
    let start = if focus.end <= line.start + first {
        line.start
    } else {
        // A third of the room shows what stands before, but a label that would fit whole is not cut for it.
        let before = source.slice(Span { start: line.start, end: focus.start });
        let label = source.slice(focus).chars().take(room).map(columns).sum::<usize>();
        let lead = (room / 3).min(room.saturating_sub(label)).max(room / 8);
        focus.start - fit(before.chars().rev(), lead) as u32
    };
    let rest = source.slice(Span { start, end: line.end });
    Span { start, end: start + fit(rest.chars(), room) as u32 }
}

/// How many bytes of these characters take at most `room` columns.
fn fit(chars: impl Iterator<Item = char>, room: usize) -> usize {
    let (mut bytes, mut used) = (0, 0);
    for c in chars {
        used += columns(c);
        if used > room {
            break;
        }
        bytes += c.len_utf8();
    }
    bytes
}

/// About how many columns a character takes; never too few.
fn columns(c: char) -> usize {
    match c {
        '\t' => 4,
        ' '..='~' => 1,
        '\0'..='\u{9f}' => 6,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' => 8,
        '\u{e0000}'..='\u{e007f}' => 9,
        '\u{a0}'..='\u{10ff}' => 1,
        _ => 2,
    }
}

impl SourceCode for Excerpt {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        context_lines_before: usize,
        _context_lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let range = span.offset()..span.offset() + span.len();
        let inside = |block: &&Block| block.range.start <= range.start && range.end <= block.range.end;
        let block = self.blocks.iter().find(inside).ok_or(MietteError::OutOfBounds)?;
        let data = &self.text.as_bytes()[block.range.clone()];
        let (line, column) = match self.marks.iter().find(|mark| mark.range == range) {
            // Without context, the answer is what the frame's header shows.
            Some(mark) if context_lines_before == 0 => (mark.position.line - 1, mark.position.column - 1),
            _ => (block.line, 0),
        };
        let lines = memchr::memchr_iter(b'\n', data).count();
        let place = (block.range.start, block.range.len()).into();
        Ok(Box::new(MietteSpanContents::new_named(self.path.clone(), data, place, line, column, lines)))
    }
}
