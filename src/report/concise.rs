//! `--format concise`: one line for each finding, `path:line:col: error[wildcard-principal]: message`.
//!
//! Problem matchers of editors and of continuous integration read it, so its shape is a promise. Columns count
//! characters.

use super::place::Places;
use super::text::{clean, paint};
use super::{Options, level};
use crate::lint::Report;
use rayon::prelude::*;
use std::fmt::Write;
use std::io;

/// Write a report in this format.
pub fn write(report: &Report, options: &Options<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let files = report.files.par_iter().filter(|file| !file.findings.is_empty()).map(|file| {
        let places = Places::new(&file.source);
        let path = line_start(&clean(&file.source.path));
        let mut text = String::new();
        for finding in &file.findings {
            let at = places.characters(finding.primary.span.start);
            let level = level(finding.severity);
            let word = paint(level.word, level.color, options.style.color);
            let message = clean(&finding.message);
            let _ = writeln!(text, "{path}:{}:{}: {word}[{}]: {message}", at.line, at.column, finding.rule);
        }
        text
    });
    files.collect::<Vec<_>>().iter().try_for_each(|text| out.write_all(text.as_bytes()))
}

/// A path that begins a line. The log of a pipeline at GitHub would take one that begins with `::` for a command.
fn line_start(path: &str) -> String {
    if path.trim_start().starts_with("::") { format!("./{path}") } else { path.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{HOSTILE, finding, options, report, span, written};
    use super::*;
    use crate::diagnostic::{Label, Severity};

    #[test]
    fn one_line_for_each_finding() {
        let text = "{\n  \"é\": \"*\"}";
        let mut info = finding(Label::new(span(text, "{"), ""));
        info.severity = Severity::Info;
        info.message = "two\nlines\u{1b}[2J".into();
        let findings = vec![info, finding(Label::new(span(text, "\"*\""), ""))];
        assert_eq!(
            written(write, &report("a b.json", text, findings), &options()),
            "a b.json:1:1: info[wildcard-principal]: two lines\\u{1b}[2J\n\
             a b.json:2:8: error[wildcard-principal]: anyone can assume this role\n"
        );
    }

    #[test]
    fn no_line_is_a_command_of_a_pipeline() {
        let mut one = finding(Label::new(span("x", "x"), ""));
        one.message = HOSTILE.into();
        let text = written(write, &report(" ::error::x", "x", vec![one]), &options());
        assert!(text.starts_with("./ ::error::x:1:1: error[wildcard-principal]: "), "{text}");
        assert!(!text.contains("##[") && !text.contains("##vso[") && text.lines().count() == 1, "{text}");
    }
}
