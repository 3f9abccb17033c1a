//! A comment in a line of its own, above the line that a finding points at.

use super::{Insertion, Plan, Thing, directive, grouped, indentation, line_break};
use crate::diagnostic::Diagnostic;
use crate::source::Source;
use crate::span::Span;
use crate::syntax::comments::{Comments, scan};

/// One comment for each line with findings.
pub fn plan(source: &Source, comments: Comments, findings: &[&Diagnostic], things: Vec<Thing>, reason: &str) -> Plan {
    let closed = joined(scan(&source.text, comments).closed);
    let placed = findings.iter().zip(things).map(|(finding, thing)| {
        let own = source.line_span(source.line_index(finding.primary.span.start));
        let line = open_line(source, own, &closed);
        // In its own line the statement is known; from a line further up it must be said.
        let sid = thing.sid.filter(|_| line != own);
        (line, Thing { sid, ..thing })
    });
    let break_ = line_break(&source.text);
    let insertion = |(line, things): (Span, Vec<Thing>)| {
        let text = &source.text[line.range()];
        let mark = text.len() - text.trim_start_matches('\u{feff}').len();
        let at = line.start as usize + mark;
        let words = directive(&things, reason);
        Insertion { at, text: format!("{}{} {words}{break_}", indentation(&text[mark..]), comments.marker()) }
    };
    Plan { insertions: grouped(placed).into_iter().map(insertion).collect(), outside: Vec::new() }
}

/// The nearest line, from this one up, that does not begin inside of a string or the like.
fn open_line(source: &Source, line: Span, closed: &[Span]) -> Span {
    let before = closed.partition_point(|span| span.start < line.start);
    match before.checked_sub(1).map(|at| closed[at]) {
        Some(span) if line.start < span.end => source.line_span(source.line_index(span.start)),
        _ => line,
    }
}

/// Places that overlap, or of which one begins in the line that another ends in, as one.
fn joined(closed: Vec<Span>) -> Vec<Span> {
    let mut joined: Vec<Span> = Vec::with_capacity(closed.len());
    for span in closed {
        match joined.last_mut() {
            Some(last) if span.start < last.end => *last = last.join(span),
            _ => joined.push(span),
        }
    }
    joined
}
