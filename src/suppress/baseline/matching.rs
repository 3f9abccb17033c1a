//! Which finding is which entry's.

use super::{Baseline, Entry, Growth, Home, growth::growth, is_about_access};
use crate::diagnostic::{Diagnostic, Fingerprint};
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

/// Entries whose finding is gone are held against a new finding of their rule up to this many times: of one resource,
/// there are not more than a few.
const MAX_TRIED: usize = 20;

/// Hold a baseline against the findings of a run. `open` says of each entry whether its finding would have been found if it
/// was there. Only such an entry can be for a finding with another name.
pub fn judge(baseline: &Baseline, candidates: &[Candidate<'_>], open: &[bool]) -> Vec<Verdict> {
    let mut by_key: HashMap<(Home<'_>, Fingerprint), (Vec<usize>, Vec<usize>)> = HashMap::new();
    for (at, entry) in baseline.entries.iter().enumerate() {
        by_key.entry((entry.home(), entry.fingerprint)).or_default().0.push(at);
    }
    for (at, candidate) in candidates.iter().enumerate() {
        let key = (Home::of(candidate.path, candidate.folder), candidate.finding.fingerprint);
        if let Some((_, findings)) = by_key.get_mut(&key) {
            findings.push(at);
        }
    }
    let mut verdicts = vec![Verdict::New; candidates.len()];
    let groups: Vec<_> = by_key.into_values().filter(|(_, findings)| !findings.is_empty()).collect();
    let judged: Vec<Vec<(usize, Verdict)>> = groups
        .into_par_iter()
        .map(|(entries, findings)| Group::new(&baseline.entries, &entries, candidates, &findings).judge())
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
    follow(&baseline.entries, candidates, unused, &mut verdicts);
    verdicts
}

/// The entries and the findings of one key.
struct Group<'a> {
    entries: Vec<(usize, &'a Entry)>,
    findings: Vec<(usize, &'a Diagnostic)>,
    /// For each entry, the document whose finding it was found to be for. A second document of the same name is another
    /// policy, and needs an entry of its own.
    bound: Vec<Option<u32>>,
}

impl<'a> Group<'a> {
    fn new(all: &'a [Entry], entries: &[usize], candidates: &[Candidate<'a>], findings: &[usize]) -> Self {
        Group {
            entries: entries.iter().map(|at| (*at, &all[*at])).collect(),
            findings: findings.iter().map(|at| (*at, candidates[*at].finding)).collect(),
            bound: vec![None; entries.len()],
        }
    }

    fn judge(mut self) -> Vec<(usize, Verdict)> {
        let mut verdicts = Vec::with_capacity(self.findings.len());
        let mut rest = Vec::new();
        for (at, finding) in std::mem::take(&mut self.findings) {
            let mut free = self.free(finding).into_iter();
            match free.find(|slot| is_exact(self.entries[*slot].1, finding)) {
                Some(slot) => {
                    self.bound[slot] = Some(document(finding));
                    verdicts.push((at, Verdict::Accepted { entry: self.entries[slot].0, exact: true }));
                }
                None => rest.push((at, finding)),
            }
        }
        let taken: Vec<bool> = self.bound.iter().map(Option::is_some).collect();
        for (at, finding) in rest {
            let verdict = self.inexact(finding, &taken);
            verdicts.push((at, verdict));
        }
        verdicts
    }

    /// The entries that may be for a finding.
    fn free(&self, finding: &Diagnostic) -> Vec<usize> {
        let (kind, document) = (kind(finding), document(finding));
        let fits = |slot: &usize| {
            self.entries[*slot].1.kind == kind && self.bound[*slot].is_none_or(|bound| bound == document)
        };
        (0..self.entries.len()).filter(fits).collect()
    }

    /// A finding whose statement is in no entry as it is written. `taken` are the entries whose statement is still there.
    fn inexact(&mut self, finding: &Diagnostic, taken: &[bool]) -> Verdict {
        let slots = self.free(finding);
        let first = slots.iter().copied().find(|slot| !taken[*slot] && self.bound[*slot].is_none());
        let Some((granted, kind)) =
            finding.granted.as_deref().zip(kind(finding)).filter(|_| is_about_access(finding.rule))
        else {
            let Some(slot) = first else { return Verdict::New };
            self.bound[slot] = Some(document(finding));
            return Verdict::Accepted { entry: self.entries[slot].0, exact: false };
        };
        let accepted: Vec<&Entry> = slots.iter().map(|slot| self.entries[*slot].1).collect();
        let Some(slot) = first.or(slots.first().copied()) else { return Verdict::New };
        let entry = self.entries[slot].0;
        match growth(&accepted, granted, kind) {
            None => {
                for slot in slots {
                    self.bound[slot] = Some(document(finding));
                }
                Verdict::Accepted { entry, exact: false }
            }
            Some(growth) if first.is_some() => {
                self.bound[slot] = Some(document(finding));
                Verdict::Grown { entry, growth: Box::new(growth) }
            }
            // Each entry is for a statement that is still there: this one was added.
            Some(_) => Verdict::New,
        }
    }
}

fn document(finding: &Diagnostic) -> u32 {
    finding.granted.as_ref().map_or(0, |granted| granted.document)
}

fn kind(finding: &Diagnostic) -> Option<PolicyKind> {
    finding.granted.as_ref().and_then(|granted| PolicyKind::from_name(granted.kind))
}

/// Whether an entry records what a finding's statement grants, word for word.
fn is_exact(entry: &Entry, finding: &Diagnostic) -> bool {
    entry.accepts_the_same(&Entry::of(finding, "", None, entry.accepted))
}

/// Give findings that are in no entry to entries whose finding is gone: the statement got another Sid, a part of it that
/// the finding is about has another name, the policy moved to another file.
fn follow(entries: &[Entry], candidates: &[Candidate<'_>], mut unused: BTreeSet<usize>, verdicts: &mut [Verdict]) {
    type Key<'a> = (&'a str, &'a str);
    let mut by_name: HashMap<Key<'_>, Vec<usize>> = HashMap::new();
    for at in &unused {
        let entry = &entries[*at];
        by_name.entry((&entry.rule, stable_address(&entry.resource))).or_default().push(*at);
    }
    for (candidate, verdict) in candidates.iter().zip(verdicts) {
        let finding = candidate.finding;
        let same_name = by_name.get(&(finding.rule, stable_address(&finding.resource)));
        if *verdict != Verdict::New || same_name.is_none() {
            continue;
        }
        let home = Home::of(candidate.path, candidate.folder);
        let free = same_name.into_iter().flatten().copied().filter(|at| unused.contains(at));
        let fits = |at: &usize| entries[*at].kind == kind(finding);
        let (here, elsewhere): (Vec<usize>, Vec<usize>) = free.filter(fits).partition(|at| entries[*at].home() == home);
        let is_exact =
            |at: &usize| is_exact(&entries[*at], finding) && same_subject(&entries[*at].subject, &finding.subject);
        let granted = finding.granted.as_deref().zip(kind(finding)).filter(|_| is_about_access(finding.rule));
        let holds =
            |at: &usize| granted.is_some_and(|(granted, kind)| growth(&[&entries[*at]], granted, kind).is_none());
        let found = here.iter().copied().find(is_exact).map(|at| (at, true));
        let found = found.or_else(|| here.iter().copied().take(MAX_TRIED).find(holds).map(|at| (at, false)));
        // A policy of the same words in another file may be another policy, unless nothing is left of the first.
        let found = found.or_else(|| elsewhere.iter().copied().find(is_exact).map(|at| (at, true)));
        if let Some((entry, exact)) = found {
            unused.remove(&entry);
            *verdict = Verdict::Accepted { entry, exact };
        }
    }
}

/// Whether two findings are about the same. A statement without a name is called by its place.
fn same_subject(a: &str, b: &str) -> bool {
    let is_place =
        |text: &str| text.strip_prefix('#').is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()));
    a == b || is_place(a) && is_place(b)
}
