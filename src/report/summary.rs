//! The last line of a run, for standard error: what was found, and in how much.

use crate::diagnostic::Severity;
use crate::lint::{Report, Tally};
use std::time::Duration;

/// `3 findings (1 critical, 2 high) in 2 of 41 files; 38 policies, 97 statements, 4 unresolved values; 9 ms`.
///
/// What was not judged is said as well: files without a policy, files that could not be read whole, values that are not
/// known, findings that were suppressed. Without `elapsed` the line depends on the report alone.
pub fn line(report: &Report, elapsed: Option<Duration>) -> String {
    let mut line = counts(&Tally::of(report), ["file", "files"]);
    if let Some(elapsed) = elapsed {
        line += &format!("; {}", time(elapsed));
    }
    line
}

/// The same for lines of JSON Lines, with how many policies were judged in a second.
pub fn line_of_lines(tally: &Tally, elapsed: Duration) -> String {
    let rate = tally.summary.policies as f64 / elapsed.as_secs_f64().max(1e-9);
    format!("{}; {}, {rate:.0} policies per second", counts(tally, ["line", "lines"]), time(elapsed))
}

fn counts(tally: &Tally, [one, many]: [&str; 2]) -> String {
    let counts = &tally.summary;
    let total: usize = tally.severities.values().sum();
    let files = count(counts.files, one, many);
    let mut line = if total == 0 {
        format!("no findings in {files}")
    } else {
        let by_severity: Vec<_> =
            tally.severities.iter().rev().map(|(severity, n)| format!("{n} {severity}")).collect();
        let findings = count(total, "finding", "findings");
        format!("{findings} ({}) in {} of {files}", by_severity.join(", "), tally.concerned)
    };
    let mut not_judged = Vec::new();
    if counts.skipped > 0 {
        not_judged.push(format!("{} without a policy", counts.skipped));
    }
    if counts.invalid > 0 {
        not_judged.push(format!("{} not fully readable", counts.invalid));
    }
    if !not_judged.is_empty() {
        line += &format!(" ({})", not_judged.join(", "));
    }
    if counts.policies == 0 {
        line += "; no policies";
    } else {
        let policies = count(counts.policies, "policy", "policies");
        line += &format!("; {policies}, {}", count(counts.statements, "statement", "statements"));
        if counts.unresolved > 0 {
            line += &format!(", {}", count(counts.unresolved, "unresolved value", "unresolved values"));
        }
        if counts.undecided > 0 {
            line += &format!(", {}", undecided_policies(counts.undecided));
        }
    }
    if counts.suppressed > 0 {
        line += &format!("; {} suppressed", counts.suppressed);
    }
    line
}

/// What a run leaves open, for the formats that have no last line: `1 undecided policy`; `None` if everything was decided.
pub(super) fn left_open(report: &Report) -> Option<String> {
    let undecided = report.summary.undecided;
    (undecided > 0).then(|| undecided_policies(undecided))
}

fn undecided_policies(n: usize) -> String {
    count(n, "undecided policy", "undecided policies")
}

fn time(elapsed: Duration) -> String {
    match elapsed.as_millis() {
        0 => "<1 ms".to_owned(),
        millis @ 1..1000 => format!("{millis} ms"),
        _ => format!("{:.1} s", elapsed.as_secs_f64()),
    }
}

/// How many findings of each severity there are, the worst first, severities without one left out.
pub(super) fn by_severity(report: &Report) -> impl Iterator<Item = (Severity, usize)> {
    let findings = move || report.files.iter().flat_map(|file| &file.findings);
    let count = move |severity| findings().filter(|finding| finding.severity == severity).count();
    Severity::ALL.iter().rev().map(move |(severity, _)| (*severity, count(*severity))).filter(|(_, n)| *n > 0)
}

/// A number with its noun.
pub fn count(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{finding, report};
    use super::*;
    use crate::diagnostic::Label;
    use crate::lint::Summary;
    use crate::span::Span;

    #[test]
    fn counts_what_was_found_and_what_was_not_judged() {
        let mut high = finding(Label::new(Span::at(0), ""));
        high.severity = Severity::High;
        let findings = vec![high.clone(), finding(Label::new(Span::at(0), "")), high];
        let mut run = report("a", "x", findings);
        run.files.extend(report("b", "x", vec![]).files);
        run.summary = Summary {
            files: 41,
            skipped: 0,
            invalid: 0,
            policies: 38,
            statements: 97,
            unresolved: 4,
            undecided: 0,
            suppressed: 2,
        };
        assert_eq!(
            line(&run, Some(Duration::from_millis(9))),
            "3 findings (1 critical, 2 high) in 1 of 41 files; 38 policies, 97 statements, 4 unresolved values; \
             2 suppressed; 9 ms"
        );
        run.summary = Summary { files: 1, skipped: 3, invalid: 1, policies: 1, statements: 1, ..Summary::default() };
        assert_eq!(
            line(&run, Some(Duration::from_millis(1234))),
            "3 findings (1 critical, 2 high) in 1 of 1 file (3 without a policy, 1 not fully readable); 1 policy, \
             1 statement; 1.2 s"
        );
    }

    #[test]
    fn what_is_left_open_is_counted() {
        let mut run = report("a", "x", vec![]);
        assert_eq!(left_open(&run), None);
        run.summary = Summary { files: 1, policies: 2, statements: 2, undecided: 2, ..Summary::default() };
        assert_eq!(left_open(&run).as_deref(), Some("2 undecided policies"));
        assert_eq!(line(&run, None), "no findings in 1 file; 2 policies, 2 statements, 2 undecided policies");
    }

    #[test]
    fn says_so_when_there_is_nothing() {
        let mut run = report("a", "x", vec![]);
        run.summary.files = 41;
        assert_eq!(line(&run, None), "no findings in 41 files; no policies");
        assert_eq!(line(&run, Some(Duration::from_micros(300))), "no findings in 41 files; no policies; <1 ms");
    }
}
