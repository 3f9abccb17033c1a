//! `--format azure`: issues of Azure Pipelines, as logging commands on standard output.
//!
//! An issue is an error or a warning; a finding that is neither stands in the log as a plain line. Source: "Logging
//! commands", Azure Pipelines documentation, and the open source of its task library for the escapes.

use super::place::Places;
use super::text::clean;
use super::{Options, level, story, summary, uri};
use crate::diagnostic::{Diagnostic, WhyNot};
use crate::lint::{FileReport, Report};
use std::io;

/// Write a report in this format.
pub fn write(report: &Report, _: &Options<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let places = Places::of_files(&report.files);
    for (file, finding) in story::worst_first(&report.files) {
        writeln!(out, "{}", line(&report.files[file], finding, &places[file]))?;
    }
    match summary::not_judged(&report.summary.not_judged) {
        Some(told) if report.summary.not_judged.of(WhyNot::NotLookedAt) > 0 => {
            writeln!(out, "##vso[task.logissue type=warning;]iamlint: {told}")
        }
        Some(told) => writeln!(out, "iamlint: {told}"),
        None => Ok(()),
    }
}

fn line(file: &FileReport, finding: &Diagnostic, places: &Places<'_>) -> String {
    let start = places.characters(finding.primary.span.start);
    let Some(kind) = level(finding.severity).azure else {
        let (path, message) = (clean(&file.source.path), clean(&finding.message));
        return format!("{}[{}] {path}:{}:{}: {message}", finding.severity, finding.rule, start.line, start.column);
    };
    let mut properties = format!("type={kind};");
    if !uri::is_stdin(&file.source.path) {
        properties += &format!(
            "sourcepath={};linenumber={};columnnumber={};",
            escape_property(&file.source.path),
            start.line,
            start.column
        );
    }
    properties += &format!("code={};", finding.rule);
    let message = format!("{}{}", clean(&finding.message), story::text(file, finding, places));
    format!("##vso[task.logissue {properties}]{}", escape_data(&message))
}

fn escape_data(text: &str) -> String {
    text.replace('%', "%AZP25").replace('\r', "%0D").replace('\n', "%0A")
}

fn escape_property(text: &str) -> String {
    escape_data(text).replace(']', "%5D").replace(';', "%3B")
}

#[cfg(test)]
mod tests {
    use super::super::tests::{HOSTILE, WIDE, finding, options, report, span, with_everything, written};
    use super::*;
    use crate::diagnostic::{Label, Severity};
    use crate::span::Span;

    #[test]
    fn a_finding_is_an_issue_with_its_story() {
        let (text, one) = with_everything();
        assert_eq!(
            written(write, &report("iam/a.json", &text, vec![one]), &options()),
            "##vso[task.logissue type=error;sourcepath=iam/a.json;linenumber=2;columnnumber=11;\
             code=wildcard-principal;]anyone can assume this role%0Aconfidence: likely%0Ain: Resources.CiRole%0A\
             why: nothing else is asked%0A\
             request: sts:AssumeRole by arn:aws:iam::999999999999:user/x with aws:a = b without aws:c is allowed%0A\
             help: name the accounts%0Asee: iam/a.json:3:13: may call this%0A\
             see: modules/vars.tf:2:13: the default of `var.who`\n"
        );
    }

    #[test]
    fn columns_count_characters() {
        let one = finding(Label::new(span(WIDE, "\"*\""), ""));
        let text = written(write, &report("a.json", WIDE, vec![one]), &options());
        assert!(text.contains(";linenumber=2;columnnumber=8;"), "{text}");
    }

    #[test]
    fn what_is_hostile_stays_data() {
        let mut one = finding(Label::new(Span::at(0), ""));
        one.message = format!("###vso[{HOSTILE}");
        let mut info = one.clone();
        info.severity = Severity::Info;
        let path = format!("a];b%\n{HOSTILE}.json");
        let text = written(write, &report(&path, "{}", vec![one, info]), &options());
        let (first, second) = text.trim_end().split_once('\n').expect("two lines");
        assert!(
            first.starts_with("##vso[task.logissue type=error;sourcepath=a%5D%3Bb%AZP25%0A%0D%0A::error"),
            "{text}"
        );
        let end = first.find(']').expect("the command ends");
        assert_eq!(first[..end].matches(';').count(), 5, "{first}");
        assert!(second.starts_with("info[wildcard-principal] a];b% ") && !second.contains("##vso["), "{second}");
        assert!(!second.contains('\n'), "{second}");
    }

    #[test]
    fn the_worst_come_first_and_information_is_no_issue() {
        let with = |severity| {
            let mut one = finding(Label::new(Span::at(0), ""));
            one.severity = severity;
            one
        };
        let findings = vec![with(Severity::Info), with(Severity::Low), with(Severity::High)];
        let text = written(write, &report("<stdin>", "{}", findings), &options());
        assert_eq!(
            text,
            "##vso[task.logissue type=error;code=wildcard-principal;]anyone can assume this role\n\
             ##vso[task.logissue type=warning;code=wildcard-principal;]anyone can assume this role\n\
             info[wildcard-principal] <stdin>:1:1: anyone can assume this role\n"
        );
    }
}
