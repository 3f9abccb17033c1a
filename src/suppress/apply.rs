//! What is said in files held against the findings in them.

use super::constructs::{Construct, Constructs, line_of};
use super::{Entry, Reach, Said};
use crate::config::Date;
use crate::diagnostic::{Diagnostic, Suppression, SuppressionKind};
use crate::source::Source;
use crate::span::Span;
use std::collections::{BTreeSet, HashMap};

/// A file that says something.
#[derive(Debug)]
pub struct FileSaid<'a> {
    /// Its text.
    pub source: &'a Source,
    /// What it says.
    pub said: Said,
    /// What stands in it.
    pub constructs: Constructs,
    /// Whether it was judged by itself, so that what was not found in it is not there.
    pub alone: bool,
}

/// A finding that may be silenced.
#[derive(Debug)]
pub struct Candidate<'a> {
    /// The finding.
    pub finding: &'a Diagnostic,
    /// Whether a reader would be told it.
    pub shown: bool,
    /// Where it stands, in files that say something.
    pub places: Vec<Place>,
}

/// A place of a finding.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Which of the files.
    pub file: usize,
    /// Where in it.
    pub span: Span,
    /// Whether the finding points here. Otherwise the resource that it is about stands here.
    pub points_here: bool,
}

/// What came of one entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It covers something.
    Used,
    /// It covers nothing. `judged`: nothing more could have been found there. `others` are the subjects of the findings
    /// of its rule that its limits leave out.
    Unused {
        /// Whether what it is for was judged as a whole.
        judged: bool,
        /// Subjects.
        others: BTreeSet<String>,
    },
    /// It covers findings about several things, and does not say which it accepts.
    Ambiguous(BTreeSet<String>),
    /// Its day has passed.
    Expired(Date),
    /// Its rule may not be silenced.
    Refused,
}

/// What came of it all.
#[derive(Debug, Default)]
pub struct Outcome {
    /// For each candidate, what silences it.
    pub silenced: Vec<Option<Suppression>>,
    /// For each file, what came of each entry.
    pub verdicts: Vec<Vec<Verdict>>,
}

/// Which findings a file has, by rule and sorted by place.
type Index<'c> = HashMap<(usize, &'c str), Vec<(u32, usize, Place)>>;

/// Hold what files say against the findings. `today` is the day that tells what is past; `refused` says of which rules
/// no finding may be silenced.
pub fn apply(
    files: &[FileSaid<'_>],
    candidates: &[Candidate<'_>],
    today: Option<Date>,
    refused: &dyn Fn(&str) -> bool,
) -> Outcome {
    let mut index: Index<'_> = HashMap::new();
    for (at, candidate) in candidates.iter().enumerate() {
        for place in &candidate.places {
            let list = index.entry((place.file, candidate.finding.rule)).or_default();
            list.push((place.span.start, at, *place));
        }
    }
    index.values_mut().for_each(|list| list.sort_by_key(|(start, at, _)| (*start, *at)));
    let mut silenced = vec![None; candidates.len()];
    let mut verdicts = Vec::with_capacity(files.len());
    for (number, file) in files.iter().enumerate() {
        let verdict = |entry: &Entry| {
            if refused(entry.rule) {
                return Verdict::Refused;
            }
            if let Some(until) = entry.limits.until
                && today.is_some_and(|today| today > until)
            {
                return Verdict::Expired(until);
            }
            let here = index.get(&(number, entry.rule)).map_or(&[][..], Vec::as_slice);
            entry_verdict(entry, file, here, candidates, &mut silenced)
        };
        verdicts.push(file.said.entries.iter().map(verdict).collect());
    }
    Outcome { silenced, verdicts }
}

/// What one entry covers among the findings of its rule in its file.
fn entry_verdict(
    entry: &Entry,
    file: &FileSaid<'_>,
    here: &[(u32, usize, Place)],
    candidates: &[Candidate<'_>],
    silenced: &mut [Option<Suppression>],
) -> Verdict {
    let (reached, construct) = reached(entry.reach, file, here);
    let (mut covered, mut others) = (Vec::new(), BTreeSet::new());
    for at in reached {
        let finding = candidates[at].finding;
        let fits =
            |limit: &Option<String>, value: Option<&str>| limit.as_deref().is_none_or(|limit| Some(limit) == value);
        if fits(&entry.limits.subject, Some(&finding.subject)) && fits(&entry.limits.sid, finding.sid.as_deref()) {
            covered.push(at);
        } else {
            others.insert(finding.subject.clone());
        }
    }
    if covered.is_empty() {
        let judged = match entry.reach {
            Reach::File => file.alone || file.constructs.all_settled(),
            Reach::Line { .. } | Reach::Around(_) | Reach::Within(_) => {
                construct.map_or(file.alone, |construct| construct.settled)
            }
        };
        return Verdict::Unused { judged, others };
    }
    if entry.reach != Reach::File && entry.limits.subject.is_none() {
        let shown = covered.iter().filter(|at| candidates[**at].shown);
        let subjects: BTreeSet<String> = shown.map(|at| candidates[*at].finding.subject.clone()).collect();
        if subjects.len() > 1 {
            return Verdict::Ambiguous(subjects);
        }
    }
    for at in covered {
        let reason = || Suppression { kind: SuppressionKind::InSource, reason: entry.reason.clone() };
        silenced[at].get_or_insert_with(reason);
    }
    Verdict::Used
}

/// The findings that a reach holds, and the construct that it comes to.
fn reached(reach: Reach, file: &FileSaid<'_>, here: &[(u32, usize, Place)]) -> (Vec<usize>, Option<Construct>) {
    let within = |span: Span| {
        let first = here.partition_point(|(start, ..)| *start < span.start);
        let inside = here[first..].iter().take_while(move |(start, ..)| *start <= span.end);
        inside.filter(move |(.., place)| span.contains(place.span)).map(|(_, at, _)| *at)
    };
    let in_line = |line: Span| {
        let first = here.partition_point(|(start, ..)| *start < line.start);
        let inside = here[first..].iter().take_while(move |(start, ..)| *start <= line.end);
        inside.filter(|(.., place)| place.points_here).map(|(_, at, _)| *at)
    };
    let of =
        |construct: Option<Construct>| construct.into_iter().flat_map(|construct| within(construct.span)).collect();
    let constructs = &file.constructs;
    match reach {
        Reach::File => (here.iter().map(|(_, at, _)| *at).collect(), None),
        Reach::Within(span) => (within(span).collect(), constructs.around(span.start)),
        Reach::Around(at) => {
            let construct = constructs.around(at);
            (of(construct), construct)
        }
        Reach::Line { target, at } => {
            let around = constructs.around(at);
            let Some(line) = target else { return (of(around), around) };
            let line = line_of(file.source, line.start);
            let mut found: Vec<usize> = in_line(line).collect();
            match constructs.beginning_in(line) {
                Some(construct) => {
                    found.extend(within(construct.span));
                    found.sort_unstable();
                    found.dedup();
                    (found, Some(construct))
                }
                None if found.is_empty() => (of(around), around),
                None => (found, around),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{Label, Severity};
    use crate::suppress::inline;
    use crate::syntax::comments::Comments;

    /// A finding of `admin-access` about `subject` at the last occurrence of that.
    fn finding(text: &str, subject: &str, sid: Option<&str>) -> Diagnostic {
        let at = text.rfind(subject).expect("it is in the text");
        let primary = Label::new(Span::new(at, at + subject.len()), "");
        Diagnostic {
            subject: subject.to_owned(),
            statement: sid.map(str::to_owned),
            sid: sid.map(str::to_owned),
            ..Diagnostic::new("admin-access", Severity::High, subject, primary)
        }
    }

    const TEXT: &str = "role: # 1\n  a: S1\n  # 2\n  stmt:\n    b: S2\n    # 3\n    c: S3 # 4\n    d: S4\n  e: S5\n";

    /// The subjects that a comment silences in place of the mark `# n` in [`TEXT`], and what came of it.
    fn silenced(mark: usize, directive: &str) -> (Vec<String>, Verdict) {
        let text = TEXT.replace(&format!("# {mark}"), &format!("# iamlint: {directive}"));
        let source = Source::new("a", text.as_str());
        let findings: Vec<Diagnostic> =
            ["S1", "S2", "S3", "S4", "S5"].map(|subject| finding(&text, subject, Some(subject))).into();
        let span = |from: &str, to: &str| {
            let (start, end) = (text.find(from).expect("there"), text.rfind(to).expect("there"));
            Construct { span: Span::new(start, end + 2), settled: true }
        };
        let mut said = Said::default();
        inline::read(&source, Comments::Yaml, &mut said);
        let constructs = Constructs::new(vec![span("role", "S5"), span("stmt", "S4")]);
        let place = |finding: &Diagnostic| Place { file: 0, span: finding.primary.span, points_here: true };
        let candidates: Vec<_> = findings
            .iter()
            .map(|finding| Candidate { finding, shown: finding.subject != "S2", places: vec![place(finding)] })
            .collect();
        let files = [FileSaid { source: &source, said, constructs, alone: true }];
        let today = Date::parse("2026-06-01");
        let outcome = apply(&files, &candidates, today, &|rule| rule == "empty-sid");
        let silent = findings.iter().zip(&outcome.silenced).filter(|(_, by)| by.is_some());
        (silent.map(|(finding, _)| finding.subject.clone()).collect(), outcome.verdicts[0][0].clone())
    }

    fn subjects(list: &[&str]) -> BTreeSet<String> {
        list.iter().map(|subject| (*subject).to_owned()).collect()
    }

    #[test]
    fn a_comment_is_for_its_line_else_for_what_is_around_it() {
        let all = |mark| silenced(mark, "ignore[admin-access] why");
        assert_eq!(all(3), (vec!["S3".to_owned()], Verdict::Used), "the finding below");
        assert_eq!(all(4), (vec!["S3".to_owned()], Verdict::Used), "the finding in its line");
        assert_eq!(all(2), (vec![], Verdict::Ambiguous(subjects(&["S3", "S4"]))), "the statement below");
        assert_eq!(all(1).1, Verdict::Ambiguous(subjects(&["S1", "S3", "S4", "S5"])), "the resource that begins there");
        let one = silenced(2, "ignore[admin-access subject=S4] why");
        assert_eq!(one, (vec!["S4".to_owned()], Verdict::Used));
        assert_eq!(silenced(1, "ignore[admin-access sid=S5] why"), (vec!["S5".to_owned()], Verdict::Used));
        let file = silenced(4, "ignore-file[admin-access] why");
        assert_eq!(file.0.len(), 5, "a whole file is said by name");
    }

    #[test]
    fn what_silences_nothing() {
        let unused = |others: &[&str]| Verdict::Unused { judged: true, others: subjects(others) };
        assert_eq!(silenced(2, "ignore[missing-mfa] why"), (vec![], unused(&[])));
        assert_eq!(silenced(3, "ignore[admin-access subject=S9] why"), (vec![], unused(&["S3"])));
        let past = Verdict::Expired(Date { year: 2026, month: 5, day: 31 });
        assert_eq!(silenced(3, "ignore[admin-access until=2026-05-31] why"), (vec![], past));
        assert_eq!(silenced(3, "ignore[admin-access until=2026-06-01] why").1, Verdict::Used, "the last day");
        assert_eq!(silenced(3, "ignore[empty-sid] why"), (vec![], Verdict::Refused));
    }

    #[test]
    fn what_nobody_is_told_makes_nothing_ambiguous() {
        let (silent, verdict) = silenced(2, "ignore[admin-access sid=S2] why");
        assert_eq!((silent, verdict), (vec!["S2".to_owned()], Verdict::Used));
    }
}
