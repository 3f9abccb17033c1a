//! Which finding is which entry's.
//!
//! First what is the same to the letter, found by hashing: an estate may have thousands of entries of one name. Only what
//! is left is held against entries with the engine, and against few of them.

use super::growth::{Growth, growth, growth_together};
use super::{Baseline, Entry, Home, is_about_access};
use crate::config::Date;
use crate::diagnostic::{Diagnostic, Fingerprint, Form, Granted};
use crate::site::{PolicyKind, stable_address};
use rayon::prelude::*;
use std::collections::{BTreeSet, HashMap};

/// A finding that an entry may accept.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// The finding.
    pub finding: &'a Diagnostic,
    /// The file that it is told in, from the folder of the baseline.
    pub path: &'a str,
    /// The folder that its policy is known by, from the folder of the baseline.
    pub folder: Option<&'a str>,
}

/// What a baseline says of a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is in no entry.
    New,
    /// An entry accepts it.
    Accepted {
        /// The entry.
        entry: usize,
        /// Whether it records what is granted today, and not more or the same in other words.
        exact: bool,
    },
    /// An entry accepts it, and it grants more than that.
    Grown {
        /// The entry.
        entry: usize,
        /// What more.
        growth: Box<Growth>,
    },
}

/// A finding is held against so many entries with the engine. Of one resource, rule and subject there are not more than a
/// few; policies without names may have any number, and those are found by their words.
const MAX_TRIED: usize = 8;

/// Hold a baseline against the findings of a run. `open` says of each entry whether its finding would have been found if it
/// was there. Only such an entry can be for a finding with another name.
pub fn judge(baseline: &Baseline, candidates: &[Candidate<'_>], open: &[bool]) -> Vec<Verdict> {
    let known: Vec<Known<'_>> = baseline.entries.iter().map(Known::of).collect();
    let found: Vec<Found<'_>> = candidates.par_iter().map(Found::of).collect();
    let mut by_key: HashMap<(Home<'_>, Fingerprint), (Vec<usize>, Vec<usize>)> = HashMap::new();
    for (at, entry) in baseline.entries.iter().enumerate() {
        by_key.entry((entry.home(), entry.fingerprint)).or_default().0.push(at);
    }
    for (at, found) in found.iter().enumerate() {
        if let Some((_, findings)) = by_key.get_mut(&(found.home, found.finding.fingerprint)) {
            findings.push(at);
        }
    }
    let mut verdicts = vec![Verdict::New; candidates.len()];
    let groups: Vec<_> = by_key.into_values().filter(|(_, findings)| !findings.is_empty()).collect();
    let judged: Vec<Vec<(usize, Verdict)>> = groups
        .into_par_iter()
        .map(|(entries, findings)| Group::new(&known, &entries).judge(&found, &findings))
        .collect();
    for (at, verdict) in judged.into_iter().flatten() {
        verdicts[at] = verdict;
    }
    let mut unused: BTreeSet<usize> = (0..baseline.entries.len()).filter(|at| open[*at]).collect();
    for verdict in &verdicts {
        if let Verdict::Accepted { entry, .. } | Verdict::Grown { entry, .. } = verdict {
            unused.remove(entry);
        }
    }
    follow(&known, &found, unused, &mut verdicts);
    verdicts
}

/// What is accepted, or granted, word for word.
type Words<'a> = (Option<PolicyKind>, Option<&'a str>, &'a [Form]);

/// An entry.
struct Known<'a> {
    entry: &'a Entry,
    words: Words<'a>,
}

impl<'a> Known<'a> {
    fn of(entry: &'a Entry) -> Self {
        Known { entry, words: (entry.kind, entry.session.as_deref(), &entry.forms) }
    }
}

/// A finding.
struct Found<'a> {
    finding: &'a Diagnostic,
    home: Home<'a>,
    /// Which document of its file it is in.
    document: u32,
    /// The finding as an entry would record it.
    recorded: Entry,
}

impl<'a> Found<'a> {
    fn of(candidate: &Candidate<'a>) -> Self {
        let Candidate { finding, path, folder } = *candidate;
        Found {
            finding,
            home: Home::of(path, folder),
            document: finding.granted.as_ref().map_or(0, |granted| granted.document),
            recorded: Entry::of(finding, path, folder, Date { year: 0, month: 1, day: 1 }),
        }
    }

    fn words(&self) -> Words<'_> {
        Known::of(&self.recorded).words
    }

    /// What is granted, if the rule is about that.
    fn access(&self) -> Option<(&'a Granted, PolicyKind)> {
        let granted = self.finding.granted.as_deref()?;
        Some((granted, self.recorded.kind?)).filter(|_| is_about_access(self.finding.rule))
    }
}

/// The entries of one key.
///
/// An entry is bound to the document whose finding it was found to be for. A second document of the same name is another
/// policy, and needs an entry of its own.
struct Group<'a> {
    entries: Vec<(usize, &'a Known<'a>)>,
    /// The slots in `entries` that are bound to nothing, by what they accept, and all of them.
    unbound: BTreeSet<usize>,
    by_words: HashMap<Words<'a>, BTreeSet<usize>>,
    bound: HashMap<u32, Vec<usize>>,
}

impl<'a> Group<'a> {
    fn new(known: &'a [Known<'a>], entries: &[usize]) -> Self {
        let entries: Vec<_> = entries.iter().map(|at| (*at, &known[*at])).collect();
        let mut by_words: HashMap<Words<'a>, BTreeSet<usize>> = HashMap::new();
        for (slot, (_, known)) in entries.iter().enumerate() {
            by_words.entry(known.words).or_default().insert(slot);
        }
        Group { unbound: (0..entries.len()).collect(), entries, by_words, bound: HashMap::new() }
    }

    fn bind(&mut self, slot: usize, document: u32) {
        if self.unbound.remove(&slot) {
            self.bound.entry(document).or_default().push(slot);
            let words = self.entries[slot].1.words;
            if let Some(slots) = self.by_words.get_mut(&words) {
                slots.remove(&slot);
            }
        }
    }

    fn judge(mut self, found: &[Found<'_>], findings: &[usize]) -> Vec<(usize, Verdict)> {
        let mut verdicts = Vec::with_capacity(findings.len());
        let mut rest = Vec::new();
        for at in findings {
            let found = &found[*at];
            let words = found.words();
            let here = || self.bound.get(&found.document).into_iter().flatten();
            let known = here().copied().find(|slot| self.entries[*slot].1.words == words);
            let free = || self.by_words.get(&words).and_then(|slots| slots.first().copied());
            match known.or_else(free) {
                Some(slot) => {
                    self.bind(slot, found.document);
                    verdicts.push((*at, Verdict::Accepted { entry: self.entries[slot].0, exact: true }));
                }
                None => rest.push((*at, found)),
            }
        }
        for (at, found) in rest {
            let verdict = self.inexact(found);
            verdicts.push((at, verdict));
        }
        verdicts
    }

    /// A finding whose statement is in no entry as it is written.
    fn inexact(&mut self, found: &Found<'_>) -> Verdict {
        let of_kind = |slot: &usize| self.entries[*slot].1.entry.kind == found.recorded.kind;
        let unbound: Vec<usize> = self.unbound.iter().copied().filter(of_kind).take(MAX_TRIED).collect();
        let Some((granted, kind)) = found.access() else {
            let Some(slot) = unbound.first().copied() else { return Verdict::New };
            self.bind(slot, found.document);
            return Verdict::Accepted { entry: self.entries[slot].0, exact: false };
        };
        let here = self.bound.get(&found.document).into_iter().flatten().copied().filter(of_kind).take(MAX_TRIED);
        let slots: Vec<usize> = here.chain(unbound.iter().copied()).collect();
        let mut least: Option<Growth> = None;
        for slot in &slots {
            let Some(growth) = growth(self.entries[*slot].1.entry, granted, kind) else {
                self.bind(*slot, found.document);
                return Verdict::Accepted { entry: self.entries[*slot].0, exact: false };
            };
            least = Some(least.filter(|least| least.answer <= growth.answer).unwrap_or(growth));
        }
        let accepted: Vec<&Entry> = slots.iter().map(|slot| self.entries[*slot].1.entry).collect();
        if let (2.., Some(together)) = (slots.len(), growth_together(&accepted, granted, kind)) {
            let Some(growth) = together else {
                slots.iter().for_each(|slot| self.bind(*slot, found.document));
                let slot = unbound.first().unwrap_or(&slots[0]);
                return Verdict::Accepted { entry: self.entries[*slot].0, exact: false };
            };
            least = Some(growth);
        }
        // Where each entry is for a statement that is still there, this one was added.
        let (Some(slot), Some(growth)) = (unbound.first().copied(), least) else { return Verdict::New };
        self.bind(slot, found.document);
        Verdict::Grown { entry: self.entries[slot].0, growth: Box::new(growth) }
    }
}

/// Give findings that are in no entry to entries whose finding is gone: the statement got another Sid, a part of it that
/// the finding is about has another name, the policy moved to another file.
fn follow(known: &[Known<'_>], found: &[Found<'_>], unused: BTreeSet<usize>, verdicts: &mut [Verdict]) {
    let mut left = Left::default();
    unused.iter().for_each(|at| left.add(*at, &known[*at]));
    for (found, verdict) in found.iter().zip(verdicts) {
        if *verdict != Verdict::New {
            continue;
        }
        let (rule, resource) = (found.finding.rule, stable_address(&found.finding.resource));
        // A policy of the same words in another file may be another policy, unless nothing is left of the first.
        let same = left.same.get(&(rule, resource, about(&found.finding.subject), found.words())).and_then(|slots| {
            let at_home = slots.iter().take(MAX_TRIED).find(|at| known[**at].entry.home() == found.home);
            at_home.or_else(|| slots.first()).copied()
        });
        let less = || {
            let (granted, kind) = found.access()?;
            let holds = |at: &&usize| {
                let entry = known[**at].entry;
                entry.kind == Some(kind) && growth(entry, granted, kind).is_none()
            };
            left.here.get(&(rule, resource, found.home))?.iter().take(MAX_TRIED).find(holds).copied()
        };
        let exact = same.is_some();
        let Some(entry) = same.or_else(less) else { continue };
        left.remove(entry, &known[entry]);
        *verdict = Verdict::Accepted { entry, exact };
    }
}

/// Entries whose finding is gone, by what another finding may have of them.
#[derive(Default)]
struct Left<'a> {
    /// By rule, resource, subject and words.
    same: HashMap<Kin<'a>, BTreeSet<usize>>,
    /// By rule, resource and home.
    here: HashMap<(&'a str, &'a str, Home<'a>), BTreeSet<usize>>,
}

/// The rule, the resource, what it is about, and the words.
type Kin<'a> = (&'a str, &'a str, &'a str, Words<'a>);

impl<'a> Left<'a> {
    fn add(&mut self, at: usize, Known { entry, words }: &Known<'a>) {
        let (rule, resource) = (entry.rule.as_str(), stable_address(&entry.resource));
        self.same.entry((rule, resource, about(&entry.subject), *words)).or_default().insert(at);
        self.here.entry((rule, resource, entry.home())).or_default().insert(at);
    }

    fn remove(&mut self, at: usize, Known { entry, words }: &Known<'a>) {
        let (rule, resource) = (entry.rule.as_str(), stable_address(&entry.resource));
        let same = self.same.get_mut(&(rule, resource, about(&entry.subject), *words));
        let here = self.here.get_mut(&(rule, resource, entry.home()));
        same.into_iter().chain(here).for_each(|slots| {
            slots.remove(&at);
        });
    }
}

/// What a finding is about, where a statement without a name is called by its place.
fn about(subject: &str) -> &str {
    let is_place = subject.strip_prefix('#').is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()));
    if is_place { "#" } else { subject }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{entry, granted};
    use super::*;
    use crate::diagnostic::{Audience, Confidence, Label, Severity};
    use crate::source::Source;
    use crate::span::Span;

    const OPEN: &str = r#"{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}"#;

    /// A statement that lets one account in.
    fn account(number: usize) -> String {
        OPEN.replace("\"*\"", &format!("\"{number:012}\""))
    }

    fn finding(entry: &Entry, statements: &str, document: u32) -> Diagnostic {
        Diagnostic {
            rule: "wildcard-principal",
            severity: Severity::Critical,
            confidence: Confidence::Proved,
            tentative: false,
            audience: Audience::Default,
            message: String::new(),
            primary: Label::new(Span::default(), ""),
            secondary: Vec::new(),
            related: Vec::new(),
            why: None,
            witness: None,
            help: None,
            resource: entry.resource.clone(),
            subject: entry.subject.clone(),
            statement: None,
            sid: entry.sid.clone(),
            fingerprint: entry.fingerprint,
            granted: Some(Box::new(Granted { document, ..granted(statements) })),
            baseline: None,
        }
    }

    /// What comes of the findings in `a.json`, each in its document, with entries that accept these statements.
    fn verdicts(accepted: &[&str], today: &[(&str, u32)]) -> Vec<&'static str> {
        let entries: Vec<Entry> = accepted.iter().map(|statements| entry(statements)).collect();
        let findings: Vec<Diagnostic> =
            today.iter().map(|(statements, document)| finding(&entries[0], statements, *document)).collect();
        let candidates: Vec<Candidate<'_>> =
            findings.iter().map(|finding| Candidate { finding, path: "a.json", folder: None }).collect();
        let open = vec![true; entries.len()];
        let baseline = Baseline { source: Source::new("b.toml", ""), entries };
        let words = |verdict: &Verdict| match verdict {
            Verdict::New => "new",
            Verdict::Accepted { exact: true, .. } => "exact",
            Verdict::Accepted { exact: false, .. } => "less",
            Verdict::Grown { .. } => "grown",
        };
        judge(&baseline, &candidates, &open).iter().map(words).collect()
    }

    #[test]
    fn a_document_has_the_entries_that_it_needs() {
        let (a, b) = (account(1), account(2));
        assert_eq!(verdicts(&[&a], &[(&a, 0), (&a, 0)]), ["exact", "exact"]);
        assert_eq!(verdicts(&[&a], &[(&a, 0), (&a, 1)]), ["exact", "new"]);
        assert_eq!(verdicts(&[&a, &a], &[(&a, 0), (&a, 1)]), ["exact", "exact"]);
        assert_eq!(verdicts(&[&a, &b], &[(&b, 7), (&a, 8)]), ["exact", "exact"]);
        assert_eq!(verdicts(&[OPEN], &[(&a, 0), (&b, 0)]), ["less", "less"]);
        assert_eq!(verdicts(&[OPEN], &[(&a, 0), (&b, 1)]), ["less", "new"]);
        assert_eq!(verdicts(&[OPEN, OPEN], &[(&a, 0), (&b, 1)]), ["less", "less"]);
        assert_eq!(verdicts(&[&a, &b], &[(&format!("{a}, {b}"), 0)]), ["less"]);
        assert_eq!(verdicts(&[&a], &[(OPEN, 0)]), ["grown"]);
        assert_eq!(verdicts(&[&a], &[(&a, 0), (OPEN, 0)]), ["exact", "new"]);
        assert_eq!(verdicts(&[&a, &b], &[(&a, 0), (OPEN, 0)]), ["exact", "grown"]);
    }

    #[test]
    fn many_policies_without_names_end() {
        let statements: Vec<String> = (0..5_000).map(account).collect();
        let all: Vec<&str> = statements.iter().map(String::as_str).collect();
        let same: Vec<(&str, u32)> = all.iter().rev().zip(0..).map(|(text, document)| (*text, document)).collect();
        assert!(verdicts(&all, &same).iter().all(|verdict| *verdict == "exact"));
        let one = vec![all[0]; 5_000];
        let copies: Vec<(&str, u32)> = (0..5_001).map(|document| (all[0], document)).collect();
        let found = verdicts(&one, &copies);
        assert_eq!((found.iter().filter(|verdict| **verdict == "exact").count(), found[5_000]), (5_000, "new"));
    }
}
