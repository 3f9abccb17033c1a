//! Which suppressions silence nothing, and why.

use super::apply::Verdict;
use super::directive::{invalid, shown};
use super::{EXPIRED, Entry, Fault, OWN_RULES, UNUSED};
use crate::config::Date;
use crate::diagnostic::Problem;
use std::collections::BTreeSet;

/// What is to be told of the entries of a file, after what came of each. `ran` says which rules ran over the file, and
/// `whole` whether all of it could be read: what did not look cannot miss anything.
pub fn faults(entries: &[Entry], verdicts: &[Verdict], ran: &dyn Fn(&str) -> bool, whole: bool) -> Vec<Fault> {
    let told = entries.iter().zip(verdicts).filter_map(|(entry, verdict)| match verdict {
        Verdict::Used => None,
        Verdict::Unused { judged, others } => (*judged && whole && ran(entry.rule)).then(|| unused(entry, others)),
        Verdict::Ambiguous(subjects) => Some(ambiguous(entry, subjects)),
        Verdict::Expired(until) => Some(expired(entry.rule, *until, Problem::new(entry.at, ""))),
        Verdict::Refused => Some(refused(entry)),
    });
    told.collect()
}

fn unused(entry: &Entry, others: &BTreeSet<String>) -> Fault {
    let rule = entry.rule;
    let problem = match &entry.limits.subject {
        Some(subject) if !others.is_empty() => {
            let message = format!("no finding of `{rule}` is about `{}` here", shown(subject));
            Problem::new(entry.at, message).with_help(format!("here it is about {}", listed(others)))
        }
        _ => Problem::new(entry.at, format!("no finding of `{rule}` is silenced here")).with_help("remove it"),
    };
    Fault { rule: UNUSED, subject: rule.to_owned(), problem }
}

/// A suppression of `rule` has ended; the problem gives its place.
pub(super) fn expired(rule: &str, until: Date, problem: Problem) -> Fault {
    let message = format!("this suppression of `{rule}` ended on {until}");
    let help = "repair what it silenced, or decide again and write a later day";
    Fault { rule: EXPIRED, subject: rule.to_owned(), problem: Problem { message, ..problem }.with_help(help) }
}

fn ambiguous(entry: &Entry, subjects: &BTreeSet<String>) -> Fault {
    let first = subjects.iter().next().map(|subject| super::directive::quoted(subject)).unwrap_or_default();
    let message = format!("this covers findings about {}, and accepts one thing", listed(subjects));
    let help = format!("say which with `subject={}`, and write one for each that is right", shown(&first));
    invalid(entry.rule, Problem::new(entry.at, message).with_help(help))
}

fn refused(entry: &Entry) -> Fault {
    let rule = entry.rule;
    let help = match OWN_RULES.contains(&rule) {
        true => "repair the suppression that it is about".to_owned(),
        false => format!("the configuration says so: `rules.{rule}.ignorable = false`"),
    };
    invalid(rule, Problem::new(entry.at, format!("`{rule}` may not be silenced")).with_help(help))
}

/// "`a`, `b` and 3 others".
fn listed(subjects: &BTreeSet<String>) -> String {
    const MOST: usize = 2;
    let mut words: Vec<String> = subjects.iter().take(MOST).map(|subject| format!("`{}`", shown(subject))).collect();
    match subjects.len().saturating_sub(MOST) {
        0 => {}
        1 => words.push("1 other".to_owned()),
        more => words.push(format!("{more} others")),
    }
    match words.pop() {
        Some(last) if !words.is_empty() => format!("{} and {last}", words.join(", ")),
        last => last.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_short() {
        let all = |subjects: &[&str]| listed(&subjects.iter().map(|subject| (*subject).to_owned()).collect());
        assert_eq!(all(&["a"]), "`a`");
        assert_eq!(all(&["a", "b"]), "`a` and `b`");
        assert_eq!(all(&["a", "b", "c"]), "`a`, `b` and 1 other");
        assert_eq!(all(&["a", "b", "c", "d"]), "`a`, `b` and 2 others");
    }
}
