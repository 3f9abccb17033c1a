//! `--format github`: annotations of GitHub Actions, as workflow commands on standard output.
//!
//! GitHub keeps ten errors, ten warnings and ten notices of a step and drops the rest without a word. So the worst come
//! first, what is not annotated stands in the log in a group of its own, and a last notice counts it.
//!
//! The runner takes columns only of a region on one line. Source: "Workflow commands for GitHub Actions", GitHub Docs,
//! and the open source of the runner.

use super::place::Places;
use super::text::clean;
use super::{Options, level, story, summary, uri};
use crate::diagnostic::{Confidence, Diagnostic};
use crate::lint::{FileReport, Report};
use std::io;

/// Annotations of one kind that GitHub keeps of a step.
const KEPT: usize = 10;
/// Characters of a message that the runner keeps.
const MAX_MESSAGE: usize = 4_096;

/// Write a report in this format.
pub fn write(report: &Report, _: &Options<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let findings = story::worst_first(&report.files);
    let places = Places::of_files(&report.files);
    let not_judged = summary::not_judged(&report.summary.not_judged);
    let (annotated, rest) = choose(findings, not_judged.is_some());
    for (file, finding) in annotated {
        writeln!(out, "{}", annotation(&report.files[file], finding, &places[file]))?;
    }
    let mut notes: Vec<String> = not_judged.into_iter().collect();
    if !rest.is_empty() {
        let more = summary::count(rest.len(), "more finding", "more findings");
        writeln!(out, "::group::{more}")?;
        for (file, finding) in rest {
            writeln!(out, "{}", plain(&report.files[file], finding, &places[file]))?;
        }
        writeln!(out, "::endgroup::")?;
        notes.push(format!("{more} in the log of this step: GitHub shows {KEPT} of each kind"));
    }
    if notes.is_empty() { Ok(()) } else { writeln!(out, "::notice title=iamlint::{}", notes.join("; ")) }
}

/// A finding with the index of its file.
type Found<'r> = (usize, &'r Diagnostic);

/// What is annotated, and what is not. If something is not, or there is something else to say, one notice is kept for it.
fn choose(findings: Vec<Found<'_>>, speaks: bool) -> (Vec<Found<'_>>, Vec<Found<'_>>) {
    let kind = |finding: &Diagnostic| level(finding.severity).github;
    let count = |name| findings.iter().filter(|(_, finding)| kind(finding) == name).count();
    let all_fit = !speaks && ["error", "warning", "notice"].into_iter().all(|name| count(name) <= KEPT);
    let mut room = [("error", KEPT), ("warning", KEPT), ("notice", if all_fit { KEPT } else { KEPT - 1 })];
    findings.into_iter().partition(|(_, finding)| {
        let left = room.iter_mut().find(|(name, left)| *name == kind(finding) && *left > 0);
        left.map(|(_, left)| *left -= 1).is_some()
    })
}

fn annotation(file: &FileReport, finding: &Diagnostic, places: &Places<'_>) -> String {
    let mut properties = Vec::new();
    if !uri::is_stdin(&file.source.path) {
        let (start, end) = (places.characters(finding.primary.span.start), places.characters(finding.primary.span.end));
        let last = places.last_line(finding.primary.span);
        properties.push(("file", file.source.path.clone()));
        properties.push(("line", start.line.to_string()));
        properties.push(("endLine", last.to_string()));
        if start.line == end.line {
            properties.push(("col", start.column.to_string()));
            properties.push(("endColumn", end.column.to_string()));
        }
    }
    properties.push(("title", title(finding)));
    let properties: Vec<String> =
        properties.iter().map(|(key, value)| format!("{key}={}", escape_property(value))).collect();
    let message = format!("{}{}", clean(&finding.message), story::text(file, finding, places));
    let command = level(finding.severity).github;
    format!("::{command} {}::{}", properties.join(","), escape_data(&cut(&message)))
}

/// `wildcard-principal (critical, likely)`.
fn title(finding: &Diagnostic) -> String {
    match finding.confidence {
        Confidence::Proved => format!("{} ({})", finding.rule, finding.severity),
        Confidence::Likely | Confidence::Possible => {
            format!("{} ({}, {})", finding.rule, finding.severity, finding.confidence)
        }
    }
}

/// A line of the log. What it begins with is ours, so it is no command.
fn plain(file: &FileReport, finding: &Diagnostic, places: &Places<'_>) -> String {
    let start = places.characters(finding.primary.span.start);
    let (path, message) = (clean(&file.source.path), clean(&finding.message));
    format!("{}[{}] {path}:{}:{}: {message}", finding.severity, finding.rule, start.line, start.column)
}

/// The message as far as the runner keeps it.
fn cut(message: &str) -> String {
    match message.char_indices().nth(MAX_MESSAGE) {
        None => message.to_owned(),
        Some(_) => message.chars().take(MAX_MESSAGE - 3).chain("...".chars()).collect(),
    }
}

fn escape_data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn escape_property(text: &str) -> String {
    escape_data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::super::tests::{HOSTILE, WIDE, finding, options, report, span, with_everything, written};
    use super::*;
    use crate::diagnostic::WhyNot;
    use crate::diagnostic::{Label, Severity};
    use crate::lint::ledger::{Entry, Thing};
    use crate::span::Span;

    #[test]
    fn a_finding_is_an_annotation_with_its_story() {
        let (text, one) = with_everything();
        assert_eq!(
            written(write, &report("iam/a.json", &text, vec![one]), &options()),
            "::error file=iam/a.json,line=2,endLine=2,col=11,endColumn=14,title=wildcard-principal (critical%2C likely)\
             ::anyone can assume this role%0Aconfidence: likely%0Ain: Resources.CiRole%0A\
             why: nothing else is asked%0A\
             request: sts:AssumeRole by arn:aws:iam::999999999999:user/x with aws:a = b without aws:c is allowed%0A\
             help: name the accounts%0Asee: iam/a.json:3:13: may call this%0A\
             see: modules/vars.tf:2:13: the default of `var.who`\n"
        );
    }

    #[test]
    fn columns_count_characters_and_only_on_one_line() {
        let inside = finding(Label::new(span(WIDE, "\"*\""), ""));
        let over_lines = finding(Label::new(span(WIDE, "\"*\",\n"), ""));
        let text = written(write, &report("a.json", WIDE, vec![inside, over_lines]), &options());
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].starts_with("::error file=a.json,line=2,endLine=2,col=8,endColumn=11,title="), "{text}");
        assert!(lines[1].starts_with("::error file=a.json,line=2,endLine=2,title="), "{text}");
    }

    #[test]
    fn what_is_hostile_stays_data() {
        let mut one = finding(Label::new(Span::at(0), ""));
        one.message = HOSTILE.into();
        one.help = Some(HOSTILE.into());
        let run = report(&format!("a,b:c%\n{HOSTILE}.json"), "{}", vec![one; 12]);
        let text = written(write, &run, &options());
        assert!(text.starts_with("::error file=a%2Cb%3Ac%25%0A"), "{text}");
        let commands = ["::error ", "::group::", "::endgroup::", "::notice title=iamlint::2 more findings in the log"];
        for line in text.lines() {
            let plain = line.starts_with("critical[wildcard-principal] ") && !line.contains("##[");
            assert!(plain || commands.iter().any(|start| line.starts_with(start)), "{line}");
            let properties = line.strip_prefix("::error ").and_then(|rest| rest.split_once("::")).map(|(head, _)| head);
            assert!(properties.is_none_or(|head| head.matches(',').count() == 5), "{line}");
        }
    }

    #[test]
    fn standard_input_has_no_file_to_annotate() {
        let text = written(write, &report("<stdin>", "{}", vec![finding(Label::new(Span::at(0), ""))]), &options());
        assert!(text.starts_with("::error title=wildcard-principal (critical)::anyone"), "{text}");
    }

    #[test]
    fn the_worst_are_kept_and_the_rest_is_counted_and_logged() {
        let with = |severity| {
            let mut one = finding(Label::new(Span::at(0), ""));
            one.severity = severity;
            one
        };
        let mut findings = vec![with(Severity::Info); 12];
        findings.extend(vec![with(Severity::High); 3]);
        findings.extend(vec![with(Severity::Critical); 8]);
        findings.extend(vec![with(Severity::Low); 10]);
        let text = written(write, &report("a", "x", findings), &options());
        let count = |start: &str| text.lines().filter(|line| line.starts_with(start)).count();
        assert_eq!((count("::error "), count("::warning "), count("::notice ")), (10, 10, 10));
        assert_eq!((count("critical["), count("high["), count("low["), count("info[")), (0, 1, 0, 3));
        let last = "::notice title=iamlint::4 more findings in the log of this step: GitHub shows 10 of each kind";
        assert_eq!(text.lines().last(), Some(last));
        assert!(text.find("(critical)").is_some_and(|at| at < text.find("(high)").expect("there is one")));
    }

    #[test]
    fn ten_of_each_kind_need_no_notice() {
        let mut info = finding(Label::new(Span::at(0), ""));
        info.severity = Severity::Info;
        let text = written(write, &report("a", "x", vec![info; 10]), &options());
        assert_eq!(text.lines().filter(|line| line.contains("title=wildcard-principal")).count(), 10);
        assert!(!text.contains("more"), "{text}");
        assert_eq!(written(write, &report("a", "x", vec![]), &options()), "");
    }

    #[test]
    fn what_was_not_judged_is_the_last_notice() {
        let mut info = finding(Label::new(Span::at(0), ""));
        info.severity = Severity::Info;
        let entry = Entry::new(WhyNot::NotLookedAt, Thing::File, None, "");
        let run = report("a", "x", vec![info; 10]).without(vec![("b".into(), entry)]);
        let text = written(write, &run, &options());
        assert_eq!(text.matches("title=wildcard-principal").count(), 9);
        let last = "::notice title=iamlint::not judged: 1 file; 1 more finding in the log of this step: GitHub shows 10 of \
                    each kind";
        assert_eq!(text.lines().last(), Some(last));
    }

    #[test]
    fn a_long_message_is_cut_where_the_runner_would() {
        let mut one = finding(Label::new(Span::at(0), ""));
        one.message = "é".repeat(5_000);
        let text = written(write, &report("a", "x", vec![one]), &options());
        let message = text.trim_end().rsplit("::").next().expect("there is one");
        assert_eq!((message.chars().count(), message.ends_with("é...")), (4_096, true));
    }
}
