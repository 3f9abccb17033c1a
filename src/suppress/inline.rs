//! Suppressions in comments.
//!
//! A comment is for the line it is on, or for the one below it if it has a line of its own. Comments over several lines
//! say it line by line.

use super::directive::{self, MARK};
use super::{Reach, Said};
use crate::source::Source;
use crate::span::Span;
use crate::syntax::comments::{Comment, Comments, scan};

/// Read the comments of a text.
pub fn read(source: &Source, comments: Comments, said: &mut Said) {
    if memchr::memmem::find(source.text.as_bytes(), MARK.as_bytes()).is_none() {
        return;
    }
    let found = scan(&source.text, comments).comments;
    let targets = targets(source, &found);
    for (comment, (target, at)) in found.iter().zip(targets) {
        let text = &source.text[comment.text.range()];
        let mut start = comment.text.start as usize;
        for line in text.split_inclusive('\n') {
            // The lines of a block often begin with a star.
            let inner = line.trim_start().trim_start_matches('*');
            let offset = start + line.len() - inner.len();
            if let Some(directive) = directive::read(inner.trim_end()) {
                let place = |span: Span| Span::new(offset + span.start as usize, offset + span.end as usize);
                said.take(directive, Reach::Line { target, at }, place);
            }
            start += line.len();
        }
    }
}

/// For each comment the line that it is for, and a byte of what it stands with.
fn targets(source: &Source, comments: &[Comment]) -> Vec<(Option<Span>, u32)> {
    let trails = trails(source, comments);
    let mut targets: Vec<(Option<Span>, u32)> = Vec::with_capacity(comments.len());
    // From the last on, as a comment above another one is for what the other is for.
    let mut next: Option<(Span, Option<Span>)> = None;
    for (comment, trails) in comments.iter().zip(trails).rev() {
        let target = match trails {
            Some(_) => Some(source.line_span(source.line_index(comment.span.start))),
            None => below(source, comment.span, next),
        };
        next = Some((comment.span, target));
        targets.push((target, trails.unwrap_or(comment.span.start)));
    }
    targets.reverse();
    targets
}

/// For each comment that follows something in its line, the last byte of that.
fn trails(source: &Source, comments: &[Comment]) -> Vec<Option<u32>> {
    let mut earlier: Option<(Span, Option<u32>)> = None;
    let trail = |comment: &Comment| {
        let span = comment.span;
        let line = source.line_span(source.line_index(span.start));
        let (from, of_earlier) = match earlier {
            Some((before, trail)) if before.end > line.start => (before.end, trail),
            _ => (line.start, None),
        };
        let code = source.text[from as usize..span.start as usize].trim_end();
        let is_blank = code.trim_start_matches('\u{feff}').trim_start().is_empty();
        let trail = if is_blank { of_earlier } else { Some(Span::at(from as usize + code.len() - 1).start) };
        earlier = Some((span, trail));
        trail
    };
    comments.iter().map(trail).collect()
}

/// The line that follows a comment with nothing before it: its own, if something stands behind it there, or the next.
/// Where another comment follows, the line that it is for.
fn below(source: &Source, comment: Span, next: Option<(Span, Option<Span>)>) -> Option<Span> {
    let own = source.line_index(comment.end);
    [own, own + 1].into_iter().filter(|line| *line < source.line_count()).find_map(|index| {
        let line = source.line_span(index);
        let from = line.start.max(comment.end);
        let rest = &source.text[from as usize..line.end.max(from) as usize];
        let first = from + (rest.len() - rest.trim_start().len()) as u32;
        match next {
            _ if rest.trim().is_empty() => None,
            Some((next, target)) if next.start == first => Some(target),
            _ => Some(Some(line)),
        }
    })?
}

#[cfg(test)]
mod tests {
    use super::*;

    /// For each suppression its rule, the line it is for (from 1) and the character that it stands with.
    fn said(text: &str, comments: Comments) -> Vec<(&'static str, Option<usize>, char)> {
        let source = Source::new("a", text);
        let mut said = Said::default();
        read(&source, comments, &mut said);
        assert_eq!(said.faults, []);
        let reach = |reach: Reach| match reach {
            Reach::Line { target, at } => (
                target.map(|line| source.line_index(line.start) + 1),
                text[at as usize..].chars().next().expect("it is in the text"),
            ),
            _ => panic!("a comment is for a line"),
        };
        said.entries
            .iter()
            .map(|entry| {
                assert_eq!(source.slice(entry.at), entry.rule);
                let (line, at) = reach(entry.reach);
                (entry.rule, line, at)
            })
            .collect()
    }

    #[test]
    fn a_comment_is_for_its_line_or_the_next() {
        let text = "a: 1 # iamlint: ignore[missing-mfa] x\n# iamlint: ignore[missing-external-id] x\n\n  # iamlint: ignore[admin-access] x\n  # more\r\nb: 2\n# iamlint: ignore[empty-sid] x";
        assert_eq!(
            said(text, Comments::Yaml),
            [
                ("missing-mfa", Some(1), '1'),
                ("missing-external-id", None, '#'),
                ("admin-access", Some(6), '#'),
                ("empty-sid", None, '#'),
            ]
        );
    }

    #[test]
    fn blocks_of_comments() {
        let text = "/* iamlint: ignore[missing-mfa] x */ a = 1\n/*\n * iamlint: ignore[empty-sid] x\n * more\n */\n// iamlint: ignore[admin-access] x\nb = 1 /* y */ // iamlint: ignore[missing-external-id] x\n/* y */ /* iamlint: ignore[not-principal] x */\nc = 1\n";
        assert_eq!(
            said(text, Comments::Hcl),
            [
                ("missing-mfa", Some(1), '/'),
                ("empty-sid", Some(7), '/'),
                ("admin-access", Some(7), '/'),
                ("missing-external-id", Some(7), '1'),
                ("not-principal", Some(9), '/'),
            ]
        );
    }

    #[test]
    fn a_byte_order_mark_is_no_code() {
        let text = "\u{feff}# iamlint: ignore[missing-mfa] x\na: 1\n";
        assert_eq!(said(text, Comments::Yaml), [("missing-mfa", Some(2), '#')]);
    }
}
