//! The last line of a run, for standard error: what was found, and in how much.

use crate::diagnostic::{Severity, WhyNot};
use crate::lint::ledger::Unjudged;
use crate::lint::{Report, Tally};
use std::time::Duration;

/// `3 findings (1 critical, 2 high) in 2 of 41 files; 38 policies, 97 statements; not judged: 1 file; 9 ms`.
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
    let mut passed_over = Vec::new();
    if counts.skipped > 0 {
        passed_over.push(format!("{} without a policy", counts.skipped));
    }
    if counts.invalid > 0 {
        passed_over.push(format!("{} not fully readable", counts.invalid));
    }
    if !passed_over.is_empty() {
        line += &format!(" ({})", passed_over.join(", "));
    }
    if counts.policies == 0 {
        // A finding may be about a policy that another file holds, or about one that could not be read.
        if total == 0 && counts.not_judged.is_empty() {
            line += "; no policies";
        }
    } else {
        let policies = count(counts.policies, "policy", "policies");
        line += &format!("; {policies}, {}", count(counts.statements, "statement", "statements"));
        if counts.undecided > 0 {
            line += &format!(", {}", count(counts.undecided, "undecided policy", "undecided policies"));
        }
    }
    if let Some(not_judged) = not_judged(&counts.not_judged) {
        line += &format!("; {not_judged} (--show-files)");
    }
    if counts.suppressed > 0 {
        line += &format!("; {} suppressed", counts.suppressed);
    }
    line
}

/// What was not judged, in a few words: `not judged: 3 files; 41 values known at deployment, 12 modules elsewhere`; `None`
/// if everything was.
pub fn not_judged(unjudged: &Unjudged) -> Option<String> {
    if unjudged.is_empty() {
        return None;
    }
    let of = |why: WhyNot, after: &str| {
        let things = unjudged.things(why).map(|(thing, n)| {
            let [one, many] = thing.nouns();
            count(n, one, many)
        });
        let things = things.collect::<Vec<_>>().join(", ");
        (!things.is_empty()).then(|| things + after)
    };
    let outside = [of(WhyNot::AtDeployment, " known at deployment"), of(WhyNot::OutOfReach, " elsewhere")];
    let outside = outside.into_iter().flatten().collect::<Vec<_>>().join(", ");
    let parts = [of(WhyNot::NotLookedAt, "").unwrap_or_default(), outside];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    Some(format!("not judged: {}", parts.join("; ")))
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
    use crate::lint::ledger::{Entry, Thing};
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
            ..Summary::default()
        };
        assert_eq!(
            line(&run, Some(Duration::from_millis(9))),
            "3 findings (1 critical, 2 high) in 1 of 41 files; 38 policies, 97 statements; 2 suppressed; 9 ms"
        );
        run.summary = Summary { files: 1, skipped: 3, invalid: 1, policies: 1, statements: 1, ..Summary::default() };
        assert_eq!(
            line(&run, Some(Duration::from_millis(1234))),
            "3 findings (1 critical, 2 high) in 1 of 1 file (3 without a policy, 1 not fully readable); 1 policy, \
             1 statement; 1.2 s"
        );
    }

    #[test]
    fn what_was_not_judged_is_counted() {
        let mut run = report("a", "x", vec![]);
        assert_eq!(not_judged(&run.summary.not_judged), None);
        let mut unjudged = Unjudged::default();
        let mut put = |why, thing, count| unjudged.count(&Entry { count, ..Entry::new(why, thing, None, "") });
        put(WhyNot::OutOfReach, Thing::Module, 12);
        put(WhyNot::AtDeployment, Thing::Value, 41);
        put(WhyNot::AtDeployment, Thing::Policy, 2);
        run.summary = Summary {
            files: 1,
            policies: 2,
            statements: 2,
            undecided: 2,
            not_judged: unjudged.clone(),
            ..Summary::default()
        };
        assert_eq!(
            line(&run, None),
            "no findings in 1 file; 2 policies, 2 statements, 2 undecided policies; not judged: 2 policies, 41 values known \
             at deployment, 12 modules elsewhere (--show-files)"
        );
        unjudged.count(&Entry::new(WhyNot::NotLookedAt, Thing::File, None, ""));
        assert_eq!(
            not_judged(&unjudged).as_deref(),
            Some("not judged: 1 file; 2 policies, 41 values known at deployment, 12 modules elsewhere")
        );
    }

    #[test]
    fn says_so_when_there_is_nothing() {
        let mut run = report("a", "x", vec![]);
        run.summary.files = 41;
        assert_eq!(line(&run, None), "no findings in 41 files; no policies");
        assert_eq!(line(&run, Some(Duration::from_micros(300))), "no findings in 41 files; no policies; <1 ms");
    }
}
