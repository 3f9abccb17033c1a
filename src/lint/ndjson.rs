//! JSON Lines: a document on each line, of an input that may never end, in memory that does not grow with it.
//!
//! [`Lines`] reads a chunk of lines, [`judge`] judges one of them, and whoever writes the results drops both before the
//! next chunk is read. A line that is broken, or far too long, is a result like any other.

use super::failure::{guarded, not_judged};
use super::filter;
use super::judge::Judge;
use super::ledger::Entry;
use super::report::{FileReport, PolicyReport};
use super::settings::Settings;
use crate::diagnostic::Problem;
use crate::input::Found;
use crate::input::ndjson::{self, Row};
use crate::source::Source;
use crate::span::Span;
use crate::syntax::{Document, Syntax, json};
use rayon::prelude::*;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use std::io::{self, BufRead as _, BufReader, ErrorKind, Read};

/// The longest line that is read, in bytes: a large account's dump.
pub const LINE_LIMIT: usize = 16 * 1024 * 1024;

/// What is kept of a longer one, to find its `id` in.
const KEPT: usize = 64 * 1024;

/// A chunk ends with the line that makes it this long. Short lines have long results, so that both are limited.
const CHUNK_BYTES: usize = 1024 * 1024;
const CHUNK_LINES: usize = 1024;

/// One line of an input.
#[derive(Debug)]
pub struct Line {
    /// Its number, from 1.
    pub number: u64,
    /// Offset of its first byte in the input.
    offset: u64,
    /// Its text, or what could be read of it.
    text: String,
    /// Why it cannot be read whole.
    problem: Option<Problem>,
}

impl Line {
    fn new(number: u64, offset: u64, mut bytes: Vec<u8>, length: u64) -> Line {
        let too_long = (length > LINE_LIMIT as u64).then(|| {
            let message = format!("this line has {length} bytes, more than the {LINE_LIMIT} that are read");
            Problem::new(Span::default(), message).with_help("give each policy a line of its own")
        });
        while bytes.pop_if(|last| matches!(last, b'\n' | b'\r')).is_some() {}
        let (text, invalid) = match String::from_utf8(bytes) {
            Ok(text) => (text, None),
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                let mut bytes = error.into_bytes();
                bytes.truncate(at);
                let message = format!("this line is not UTF-8 text: the byte at offset {at} is not");
                (String::from_utf8(bytes).unwrap_or_default(), Some(Problem::new(Span::at(at), message)))
            }
        };
        Line { number, offset, text, problem: too_long.or(invalid) }
    }

    fn is_blank(&self) -> bool {
        self.problem.is_none() && self.text.trim_start_matches('\u{feff}').trim_ascii().is_empty()
    }
}

/// The lines of an input, in chunks.
#[derive(Debug)]
pub struct Lines<R> {
    reader: BufReader<R>,
    number: u64,
    offset: u64,
    /// An error that came after lines which are still to be judged.
    error: Option<io::Error>,
}

impl<R: Read> Lines<R> {
    /// The lines of this input.
    pub fn new(input: R) -> Self {
        Lines { reader: BufReader::with_capacity(CHUNK_BYTES, input), number: 0, offset: 0, error: None }
    }

    /// The next lines that are not blank; none at the end of the input.
    ///
    /// A chunk also ends where the next line has not come yet: who writes a line and waits for the result gets it.
    pub fn chunk(&mut self) -> io::Result<Vec<Line>> {
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        let mut lines = Vec::new();
        let mut bytes = 0;
        loop {
            match self.line() {
                Ok(None) => break,
                Ok(Some(line)) if line.is_blank() => {}
                Ok(Some(line)) => {
                    bytes += line.text.len();
                    lines.push(line);
                }
                Err(error) if lines.is_empty() => return Err(error),
                Err(error) => {
                    self.error = Some(error);
                    break;
                }
            }
            let waits = !lines.is_empty() && memchr::memchr(b'\n', self.reader.buffer()).is_none();
            if waits || bytes >= CHUNK_BYTES || lines.len() >= CHUNK_LINES {
                break;
            }
        }
        Ok(lines)
    }

    /// The next line. What is longer than the limit is counted and thrown away.
    fn line(&mut self) -> io::Result<Option<Line>> {
        let offset = self.offset;
        let mut kept = Vec::new();
        let mut length = 0;
        loop {
            let buffer = match self.reader.fill_buf() {
                Ok(buffer) => buffer,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let end = memchr::memchr(b'\n', buffer);
            let (part, taken) = end.map_or((buffer, buffer.len()), |at| (&buffer[..at], at + 1));
            length += part.len() as u64;
            if length <= LINE_LIMIT as u64 {
                kept.extend_from_slice(part);
            } else if kept.len() > KEPT {
                kept = kept[..KEPT].to_vec();
            }
            self.reader.consume(taken);
            self.offset += taken as u64;
            // Nothing was there: the input ends.
            if end.is_some() || taken == 0 {
                break;
            }
        }
        if self.offset == offset {
            return Ok(None);
        }
        self.number += 1;
        Ok(Some(Line::new(self.number, offset, kept, length)))
    }
}

/// What came of one line.
#[derive(Debug)]
pub struct LineReport {
    /// Its number in the input, from 1.
    pub number: u64,
    /// Its `id` as it is written, where it can be read.
    pub id: Option<Box<RawValue>>,
    /// The findings; their places are in the line.
    pub report: FileReport,
}

/// Judge a line of the input that reports call `shown`.
pub fn judge(line: Line, shown: &str, settings: &Settings) -> LineReport {
    let Line { number, text, problem, .. } = line;
    let id = id(&text);
    let report = guarded(shown, settings, || {
        let source = Source::new(shown, text);
        match problem {
            Some(problem) => not_judged(source, problem, settings),
            None => {
                let mut report = FileReport::new(source);
                let mut findings = Vec::new();
                Judge { settings, findings: &mut findings }.line(&mut report);
                filter::of_file(&mut report, findings, None, settings);
                report
            }
        }
    });
    LineReport { number, id, report }
}

/// Judge every line of a text, with places in the text.
pub(super) fn judge_all(source: Source, settings: &Settings) -> FileReport {
    let mut lines = Lines::new(source.text.as_bytes());
    let mut whole = FileReport::new(Source::new(source.path.as_str(), ""));
    whole.reason = NAMED;
    // Reading what is in memory does not fail.
    while let Ok(chunk) = lines.chunk()
        && !chunk.is_empty()
    {
        whole.format = Some(ndjson::NAME);
        let judged = chunk.into_par_iter().map(|line| {
            let by = Span::at(usize::try_from(line.offset).unwrap_or(usize::MAX)).start;
            (by, judge(line, &source.path, settings).report)
        });
        for (by, line) in judged.collect::<Vec<_>>() {
            let problem = line.problem.map(|problem| Problem { span: problem.span.moved(by), ..problem });
            whole.problem = whole.problem.or(problem);
            whole.invalid |= line.invalid;
            whole.internal_error |= line.internal_error;
            whole.fails |= line.fails;
            whole.findings.extend(line.findings.into_iter().map(|finding| finding.moved(by)));
            whole.hidden.extend(line.hidden.into_iter().map(|finding| finding.moved(by)));
            whole.suppressed.extend(line.suppressed.into_iter().map(|(finding, why)| (finding.moved(by), why)));
            whole.ignores_used.extend(line.ignores_used);
            // A place in a line says nothing of the file.
            whole.not_judged.extend(line.not_judged.into_iter().map(|entry| Entry { place: None, ..entry }));
            let moved = |policy: PolicyReport| {
                let forms = policy.forms.into_iter().map(|site| site.placed(&|span| span.moved(by))).collect();
                PolicyReport { span: policy.span.moved(by), start: None, forms, ..policy }
            };
            whole.policies.extend(line.policies.into_iter().map(moved));
        }
    }
    whole.source = source;
    whole
}

const NAMED: &str = "was named with --input-format";

impl Judge<'_> {
    /// A line: its document, with what it says about the document.
    fn line(&mut self, report: &mut FileReport) {
        let text = report.source.text.as_str();
        report.format = Some(ndjson::NAME);
        report.reason = NAMED;
        match self.row(text, &report.source.path) {
            Ok(policies) => report.policies = policies,
            Err(problems) => {
                report.invalid = true;
                self.problems(&problems);
                report.problem = problems.into_iter().next();
            }
        }
    }

    /// The policies of a line. With an error none of them is judged: the part that a mistake hides may be a guard.
    fn row(&mut self, text: &str, path: &str) -> Result<Vec<PolicyReport>, Vec<Problem>> {
        let mut parsed = json::parse_line(text);
        let root = parsed.documents.pop().filter(|_| parsed.problems.is_empty()).ok_or(parsed.problems)?;
        let row = Row::read(Document { text, syntax: Syntax::Json, root })?;
        let mut policies = Vec::new();
        let mut any = false;
        for document in &row.documents {
            let mut found = Found { forced_kind: self.settings.kind, path, ..Found::default() };
            any |= row.extract(document, &mut found);
            if !found.problems.is_empty() {
                return Err(found.problems);
            }
            policies.extend(self.found(&found, text));
        }
        if any {
            return Ok(policies);
        }
        // A gate must not take a document that nobody judged for a clean one.
        let problem = Problem::new(row.span, "nothing in this document looks like a policy");
        Err(vec![problem.with_help("say with `kind` what it is attached to, if it is a policy all the same")])
    }
}

/// The `id` of a line as it is written. A line may be broken behind it.
fn id(line: &str) -> Option<Box<RawValue>> {
    let mut rest = line.trim_start_matches('\u{feff}').trim_ascii_start().strip_prefix('{')?;
    loop {
        let (key, value) = first::<String>(rest)?;
        let value = value.strip_prefix(':')?;
        if key != "id" {
            rest = first::<IgnoredAny>(value)?.1.strip_prefix(',')?;
            continue;
        }
        let (id, after) = first::<Box<RawValue>>(value)?;
        // What is cut off in a number is a number too.
        if !after.starts_with([',', '}']) {
            return None;
        }
        // White space between tokens; many readers take it for the end of a line.
        return if id.get().contains('\r') {
            RawValue::from_string(id.get().replace('\r', " ")).ok()
        } else {
            Some(id)
        };
    }
}

/// The JSON value that a text begins with, and what follows it.
fn first<'t, T: Deserialize<'t>>(text: &'t str) -> Option<(T, &'t str)> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<T>();
    let value = values.next()?.ok()?;
    Some((value, text[values.byte_offset()..].trim_ascii_start()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(line: &str) -> Option<String> {
        id(line).map(|id| id.get().to_owned())
    }

    #[test]
    fn an_id_is_handed_through_as_it_is_written() {
        for value in
            ["1.50", "\"a\\u00e9\\\"\"", "null", "true", "-0", "1e400", "123456789012345678901", "{\"a\": [1, 2]}"]
        {
            assert_eq!(ids(&format!("{{\"id\": {value}}}")), Some(value.to_owned()));
            assert_eq!(
                ids(&format!("\u{feff} {{\"document\": {{\"id\": 1}}, \"id\":{value} , \"x\": ")),
                Some(value.to_owned())
            );
        }
        for line in
            ["", "[1]", "{\"id\": 12", "{\"id\": \"a", "{\"id\": }", "{\"document\": {, \"id\": 1}", "{\"id\": 01}"]
        {
            assert_eq!(ids(line), None, "{line}");
        }
        assert_eq!(ids("{\"id\": [1,\r2]}"), Some("[1, 2]".to_owned()));
    }

    fn read(input: &[u8]) -> Vec<Line> {
        let mut lines = Lines::new(input);
        let mut all = Vec::new();
        while let chunk = lines.chunk().expect("memory can be read")
            && !chunk.is_empty()
        {
            assert!(chunk.len() <= CHUNK_LINES);
            all.extend(chunk);
        }
        all
    }

    #[test]
    fn lines_are_counted_and_blank_ones_passed_over() {
        let lines = read("\u{feff}1\r\n\n \t\r\n22\n\u{feff}\n3".as_bytes());
        let shown: Vec<_> = lines.iter().map(|line| (line.number, line.offset, line.text.as_str())).collect();
        assert_eq!(shown, [(1, 0, "\u{feff}1"), (4, 11, "22"), (6, 18, "3")]);
        let many = read("x\n".repeat(3 * CHUNK_LINES + 1).as_bytes());
        assert!(many.iter().map(|line| line.number).eq(1..=3 * CHUNK_LINES as u64 + 1));
    }

    #[test]
    fn a_line_above_the_limit_is_not_kept() {
        let mut input = vec![b'x'; LINE_LIMIT + 1];
        input.extend(b"\nnext\n");
        let lines = read(&input);
        assert_eq!((lines[0].text.len(), lines[1].text.as_str()), (KEPT, "next"));
        assert!(lines[0].problem.as_ref().is_some_and(|problem| problem.message.contains("16777217 bytes")));
        assert!(lines[1].problem.is_none());
        let fits = read(&input[1..]);
        assert!(fits[0].problem.is_none() && fits[0].text.len() == LINE_LIMIT);
    }

    #[test]
    fn a_line_that_is_no_text_keeps_its_readable_part() {
        let lines = read(b"{\"id\": 1, \xff\nok\n\xff\xfe{\0");
        assert_eq!(lines[0].text, "{\"id\": 1, ");
        assert_eq!(lines[0].problem.as_ref().map(|problem| problem.span), Some(Span::at(10)));
        assert_eq!(lines[1].text, "ok");
        assert_eq!((lines[2].text.as_str(), lines[2].number), ("", 3));
    }

    #[test]
    fn identical_documents_are_judged_once() {
        let policy =
            r#"{"Statement": [{"Effect": "Allow", "Principal": {"AWS": "444455556666"}, "Action": "sts:AssumeRole"}]}"#;
        let settings = Settings::new(&crate::config::parse_text("").expect("the defaults"));
        let places = |line: String| {
            let report = judge(read(line.as_bytes()).remove(0), "a", &settings).report;
            let place = |one: &crate::diagnostic::Diagnostic| (one.rule, line[one.primary.span.range()].to_owned());
            report.findings.iter().map(place).collect::<Vec<_>>()
        };
        let first = places(format!("{{\"id\": 1, \"document\": {policy}}}"));
        assert_eq!(first, places(format!("{{\"document\": {policy}, \"id\": 2}}")));
        assert_eq!((first.is_empty(), settings.cache.len()), (false, 1));
        // In a string its bytes are others, and so are the places.
        let string = places(format!("{{\"id\": 1, \"document\": {policy:?}}}"));
        assert_eq!(string, places(format!("{{\"id\": 1000, \"document\": {policy:?}}}")));
        assert_eq!(settings.cache.len(), 2);
        let timed = |id: u32, seconds: &str| {
            places(format!(
                "{{\"id\": {id}, \"max_session_duration\": {seconds}, \"account\": \"555566667777\", \"document\": {policy}}}"
            ))
        };
        assert!(timed(1, "43200").contains(&("excessive-session-duration", "43200".to_owned())));
        assert_eq!((timed(1000, "43200"), settings.cache.len()), (timed(1, "43200"), 3));
        assert!(!timed(1, "3600").iter().any(|(rule, _)| *rule == "excessive-session-duration"));
        assert_eq!(settings.cache.len(), 4);
    }

    /// Gives one line, then an error.
    struct Failing(bool);

    impl Read for Failing {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if std::mem::replace(&mut self.0, true) {
                return Err(io::Error::other("gone"));
            }
            buffer[..2].copy_from_slice(b"x\n");
            Ok(2)
        }
    }

    #[test]
    fn lines_before_an_error_are_not_lost() {
        let mut lines = Lines::new(Failing(false));
        assert_eq!(lines.chunk().expect("one line").len(), 1);
        assert!(lines.chunk().is_err());
    }
}
