//! What comes of comparing: each policy with what its change does.

use super::FailOn;
use super::contents::{Form, Obstacle};
use super::pairs::{FormPair, Pair, forms, same_text};
use crate::access::analysis::compare::{Change, Comparison, Sure, compare};
use crate::value::Hole;
use rayon::prelude::*;

/// Everything that a run has to say.
#[derive(Debug, Default)]
pub struct Outcome<'a> {
    /// Every policy of either version that could be compared.
    pub policies: Vec<Compared<'a>>,
    /// What kept policies from being compared.
    pub obstacles: Vec<Obstacle>,
    /// Policies that changed and of which nothing is known until deployment.
    pub unresolved: Vec<Obstacle>,
}

/// One policy.
#[derive(Debug)]
pub struct Compared<'a> {
    /// Its two versions.
    pub pair: Pair<'a>,
    /// Whether both are written alike.
    pub unchanged: bool,
    /// What changed; empty when both versions allow the same.
    pub changes: Vec<Changed>,
}

/// What changed under some conditions of the template.
#[derive(Clone, Debug)]
pub struct Changed {
    /// The conditions, each with the value it has; empty when it changes so under all.
    pub when: Vec<(String, bool)>,
    /// What changed.
    pub comparison: Comparison,
    /// The names of what is not known of the policy.
    pub unknown: Vec<String>,
}

/// How many policies there are of each sort. A policy may both gain and lose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Policies that were compared.
    pub policies: usize,
    /// Those that allow something new.
    pub gained: usize,
    /// Those that allow something no longer.
    pub lost: usize,
    /// Those where it is not certain.
    pub uncertain: usize,
    /// Those that are proved to allow the same.
    pub equal: usize,
    /// Those of the equal ones that are written differently.
    pub rewritten: usize,
}

impl<'a> Outcome<'a> {
    /// Compare these policies.
    pub fn of(pairs: Vec<Pair<'a>>, unresolved: Vec<Obstacle>, mut obstacles: Vec<Obstacle>) -> Outcome<'a> {
        let compared: Vec<Result<Compared<'a>, Vec<Obstacle>>> = pairs.into_par_iter().map(Compared::of).collect();
        let mut policies = Vec::with_capacity(compared.len());
        for result in compared {
            match result {
                Ok(compared) => policies.push(compared),
                Err(more) => obstacles.extend(more),
            }
        }
        Outcome { policies, obstacles, unresolved }
    }

    /// Whether the gate closes. What is not proved to be nothing counts as something.
    pub fn fails(&self, fail_on: FailOn) -> bool {
        let changes = || self.policies.iter().flat_map(|policy| &policy.changes).map(|changed| &changed.comparison);
        let gained = || changes().any(|comparison| !comparison.gained.is_nothing());
        let lost = || changes().any(|comparison| !comparison.lost.is_nothing());
        match fail_on {
            FailOn::Never => false,
            FailOn::Gained => gained() || !self.unresolved.is_empty(),
            FailOn::Lost => lost() || !self.unresolved.is_empty(),
            FailOn::Any => gained() || lost() || !self.unresolved.is_empty(),
        }
    }

    /// The numbers for the last line.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts { policies: self.policies.len() + self.unresolved.len(), ..Counts::default() };
        counts.uncertain = self.unresolved.len();
        for policy in &self.policies {
            let sides =
                || policy.changes.iter().flat_map(|changed| [&changed.comparison.gained, &changed.comparison.lost]);
            let some = |change: &Change| change.answer == Sure::Yes;
            counts.gained += usize::from(policy.changes.iter().any(|changed| some(&changed.comparison.gained)));
            counts.lost += usize::from(policy.changes.iter().any(|changed| some(&changed.comparison.lost)));
            counts.uncertain +=
                usize::from(sides().any(|side| matches!(side.answer, Sure::Possibly | Sure::Undecided)));
            counts.equal += usize::from(policy.changes.is_empty());
            counts.rewritten += usize::from(policy.changes.is_empty() && !policy.unchanged);
        }
        counts
    }
}

impl<'a> Compared<'a> {
    fn of(pair: Pair<'a>) -> Result<Compared<'a>, Vec<Obstacle>> {
        let sites = || pair.old.into_iter().chain(pair.new);
        if pair.old.zip(pair.new).is_some_and(|(old, new)| same_text(old, new)) {
            return Ok(Compared { pair, unchanged: true, changes: Vec::new() });
        }
        let obstacles: Vec<Obstacle> = sites().filter_map(|site| site.obstacle.clone()).collect();
        let (Some(kind), true) = (pair.site().map(|site| site.kind), obstacles.is_empty()) else {
            return Err(obstacles);
        };
        let of = |site: Option<&'a super::contents::Site>| site.map_or(&[][..], |site| site.forms.as_slice());
        let mut changes: Vec<Changed> = Vec::new();
        for FormPair { old, new, when } in forms(of(pair.old), of(pair.new)) {
            // Whatever is not known of one is not known of the other.
            if old.zip(new).is_some_and(|(old, new)| old.wording == new.wording) {
                continue;
            }
            let mut comparison = compare(old.map(|form| &form.policy), new.map(|form| &form.policy), kind);
            if let (Some(old), Some(new)) = (old, new) {
                redefined(&mut comparison, old, new);
            }
            if comparison.is_equal() {
                continue;
            }
            match changes.iter_mut().find(|other| other.comparison == comparison) {
                // The same under several conditions is said once, with what they share.
                Some(other) => other.when.retain(|choice| when.contains(choice)),
                None => changes.push(Changed { when, comparison, unknown: unknown(old, new) }),
            }
        }
        Ok(Compared { pair, unchanged: false, changes })
    }
}

/// A value that is not known has one name in both versions and may still have another definition, such as a parameter
/// with another default.
fn redefined(comparison: &mut Comparison, old: &Form, new: &Form) {
    let definition = |hole: &Hole| (hole.domain.clone(), hole.default.clone());
    let is_other = |(name, hole): &(&String, &Hole)| {
        old.holes.get(*name).is_some_and(|before| definition(before) != definition(hole))
    };
    let names: Vec<String> = new.holes.iter().filter(is_other).map(|(name, _)| name.clone()).collect();
    comparison.gained.redefined(&names);
    comparison.lost.redefined(&names);
}

fn unknown(old: Option<&Form>, new: Option<&Form>) -> Vec<String> {
    let mut names: Vec<String> = old.into_iter().chain(new).flat_map(|form| form.holes.keys().cloned()).collect();
    names.sort();
    names.dedup();
    names
}
