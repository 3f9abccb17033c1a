//! `--format junit`: JUnit XML, which most servers of continuous integration read.
//!
//! A suite is a file that was judged. Each finding is a test case that failed, a file that could not be read is an
//! error, and a file without findings is one test case that passed. What was not judged is a case of its own, skipped if it could have been. There is no standard; the members are those that
//! Jenkins, GitLab, Azure Pipelines and CircleCI read, which tell cases of a suite apart by their names.

use super::place::Places;
use super::text::clean;
use super::{INVALID_INPUT, Options, story, summary, xml};
use crate::diagnostic::{Diagnostic, WhyNot};
use crate::lint::{FileReport, Report};
use rayon::prelude::*;
use std::collections::HashMap;
use std::fmt::Write;
use std::io;

/// Write a report in this format.
pub fn write(report: &Report, _: &Options<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    // Files without a policy were passed over: they are no tests.
    let judged: Vec<&FileReport> =
        report.files.iter().filter(|file| file.format.is_some() || !file.findings.is_empty()).collect();
    let mut all = judged.iter().fold(Counts::default(), |sum, file| sum.and(Counts::of(file)));
    let not_judged = summary::not_judged(&report.summary.not_judged);
    let skipped = usize::from(report.summary.not_judged.of(WhyNot::NotLookedAt) > 0);
    let own = Counts { tests: 1, skipped, ..Counts::default() };
    if not_judged.is_some() {
        all = all.and(own);
    }
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(out, "<testsuites name=\"iamlint\" {all}>")?;
    let suites: Vec<String> = judged.par_iter().map(|file| suite(file)).collect();
    suites.iter().try_for_each(|text| out.write_all(text.as_bytes()))?;
    if let Some(not_judged) = not_judged {
        let said = match skipped {
            0 => format!("<system-out>{}</system-out>", xml::escape_block(&not_judged)),
            _ => format!("<skipped message=\"{}\"/>", xml::escape(&not_judged)),
        };
        writeln!(out, "  <testsuite name=\"iamlint\" {own}>")?;
        writeln!(out, "    <testcase name=\"everything was judged\" classname=\"iamlint\">")?;
        writeln!(out, "      {said}\n    </testcase>\n  </testsuite>")?;
    }
    writeln!(out, "</testsuites>")
}

#[derive(Clone, Copy, Default)]
struct Counts {
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
}

impl Counts {
    fn of(file: &FileReport) -> Self {
        let errors = file.findings.iter().filter(|finding| is_error(finding)).count();
        Counts { tests: file.findings.len().max(1), failures: file.findings.len() - errors, errors, skipped: 0 }
    }

    fn and(self, other: Counts) -> Self {
        Counts {
            tests: self.tests + other.tests,
            failures: self.failures + other.failures,
            errors: self.errors + other.errors,
            skipped: self.skipped + other.skipped,
        }
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Counts { tests, failures, errors, skipped } = self;
        write!(f, "tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\"")
    }
}

fn is_error(finding: &Diagnostic) -> bool {
    finding.rule == INVALID_INPUT
}

fn suite(file: &FileReport) -> String {
    let places = Places::new(&file.source);
    let path = xml::escape(&clean(&file.source.path));
    let mut out = format!("  <testsuite name=\"{path}\" {}>\n", Counts::of(file));
    if file.findings.is_empty() {
        let _ = writeln!(out, "    <testcase name=\"no findings\" classname=\"{path}\" file=\"{path}\"/>");
    }
    let mut seen: HashMap<&str, usize> = HashMap::new();
    for finding in &file.findings {
        let count = seen.entry(finding.rule).or_default();
        *count += 1;
        let name = if *count == 1 { finding.rule.to_owned() } else { format!("{} ({count})", finding.rule) };
        let start = places.characters(finding.primary.span.start);
        let element = if is_error(finding) { "error" } else { "failure" };
        let message = clean(&finding.message);
        let body = format!(
            "{}:{}:{}: {message}{}",
            clean(&file.source.path),
            start.line,
            start.column,
            story::text(file, finding, &places)
        );
        let _ = writeln!(
            out,
            "    <testcase name=\"{name}\" classname=\"{path}\" file=\"{path}\" line=\"{}\">\n      \
             <{element} message=\"{}\" type=\"{}\">{}</{element}>\n    </testcase>",
            start.line,
            xml::escape(&message),
            finding.severity,
            xml::escape_block(&body),
        );
    }
    out + "  </testsuite>\n"
}

#[cfg(test)]
mod tests {
    use super::super::tests::{HOSTILE, WIDE, finding, options, report, span, with_everything, written};
    use super::*;
    use crate::diagnostic::Label;
    use crate::lint::ledger::{Entry, Thing};
    use crate::span::Span;

    #[test]
    fn findings_fail_and_a_clean_file_passes() {
        let (text, one) = with_everything();
        let mut run = report("iam/a.json", &text, vec![one]);
        run.files.extend(report("clean.json", "{}", vec![]).files);
        run.files.extend(report("package.json", "{}", vec![]).files);
        run.files[1].format = Some("policy-json");
        let expected = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="iamlint" tests="2" failures="1" errors="0" skipped="0">
  <testsuite name="iam/a.json" tests="1" failures="1" errors="0" skipped="0">
    <testcase name="wildcard-principal" classname="iam/a.json" file="iam/a.json" line="2">
      <failure message="anyone can assume this role" type="critical">iam/a.json:2:11: anyone can assume this role
confidence: likely
in: Resources.CiRole
why: nothing else is asked
request: sts:AssumeRole by arn:aws:iam::999999999999:user/x with aws:a = b without aws:c is allowed
help: name the accounts
see: iam/a.json:3:13: may call this
see: modules/vars.tf:2:13: the default of `var.who`</failure>
    </testcase>
  </testsuite>
  <testsuite name="clean.json" tests="1" failures="0" errors="0" skipped="0">
    <testcase name="no findings" classname="clean.json" file="clean.json"/>
  </testsuite>
</testsuites>
"#;
        assert_eq!(written(write, &run, &options()), expected);
    }

    #[test]
    fn what_was_not_judged_is_a_case() {
        let entry = |why| Entry { count: 3, ..Entry::new(why, Thing::Policy, None, "") };
        let run = |why| report("a.json", "x", vec![]).without(vec![("a.json".into(), entry(why))]);
        let text = written(write, &run(WhyNot::AtDeployment), &options());
        assert!(text.contains("<system-out>not judged: 3 policies known at deployment</system-out>"), "{text}");
        let text = written(write, &run(WhyNot::NotLookedAt), &options());
        assert!(
            text.contains("<skipped message=\"not judged: 3 policies\"/>") && text.contains("skipped=\"1\""),
            "{text}"
        );
    }

    #[test]
    fn cases_of_a_file_have_names_of_their_own() {
        let mut unread = finding(Label::new(Span::at(0), ""));
        unread.rule = INVALID_INPUT;
        let open = finding(Label::new(span(WIDE, "\"*\""), ""));
        let text = written(write, &report("a.json", WIDE, vec![unread, open.clone(), open]), &options());
        for part in [
            "tests=\"3\" failures=\"2\" errors=\"1\" skipped=\"0\"",
            "<testcase name=\"invalid-input\"",
            "<error message=",
            "<testcase name=\"wildcard-principal\" ",
            "<testcase name=\"wildcard-principal (2)\" ",
            ">a.json:2:8: anyone",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn what_is_hostile_stays_text() {
        let mut one = finding(Label::new(Span::at(0), ""));
        one.message = HOSTILE.into();
        one.help = Some(HOSTILE.into());
        let text = written(write, &report(&format!("a{HOSTILE}.json"), "{}", vec![one]), &options());
        assert_eq!(text.matches('<').count(), 9, "the elements are ours: {text}");
        assert!(!text.contains(['\u{1b}', '\0', '\r', '\u{202e}']) && !text.contains("]]>"), "{text:?}");
    }
}
