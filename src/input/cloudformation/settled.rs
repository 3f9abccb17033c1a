//! Values of parameters under which conditions are what somebody wants them to be.
//!
//! A table of truth has a row for every combination of comparisons. Where that is too many, this finds one combination at
//! a time: comparisons are settled one after the other, and taken back where they lead nowhere.

use super::conditions::{Conditions, Formula, Row};
use std::collections::{HashMap, HashSet};

/// How often one of several ways is tried before a combination counts as not found.
const MAX_TRIES: usize = 512;

/// What a formula should be.
type Goal<'c> = (&'c Formula, bool);

/// The comparisons of some conditions, by what they compare.
pub(super) struct Solver<'c> {
    conditions: &'c Conditions,
    /// The subject of each comparison.
    subject_of: Vec<usize>,
    /// How many values each subject has; `usize::MAX` where it can have any.
    values_of: Vec<usize>,
}

/// Comparisons that were settled, in a way that some values of the parameters give.
struct Settled<'c> {
    solver: &'c Solver<'c>,
    /// What each comparison is.
    holds: Vec<Option<bool>>,
    /// The comparison that holds of each subject, which has one value.
    chosen: Vec<Option<usize>>,
    /// How many values each subject can still have.
    left: Vec<usize>,
    /// What was settled, and whether that took a value from the subject.
    trail: Vec<(usize, bool)>,
    tries: usize,
}

impl<'c> Solver<'c> {
    pub fn new(conditions: &'c Conditions) -> Self {
        let mut solver = Solver { conditions, subject_of: Vec::new(), values_of: Vec::new() };
        let mut numbers: HashMap<&str, usize> = HashMap::new();
        for atom in &conditions.atoms {
            let allowed = atom.allowed.as_ref().map_or(usize::MAX, |all| all.iter().collect::<HashSet<_>>().len());
            let next = solver.values_of.len();
            // What is compared with something that is not known has nothing to do with other comparisons.
            let subject = match atom.value {
                Some(_) => *numbers.entry(&atom.subject).or_insert(next),
                None => next,
            };
            if subject == next {
                solver.values_of.push(allowed);
            }
            solver.subject_of.push(subject);
        }
        solver
    }

    /// What the conditions are under some values of the parameters for which those of `required` are so, and those of
    /// `preferred` as far as possible, the first before the others. `Ok(None)` where there are no such values, and an
    /// error where that was not found out.
    pub fn row(&self, required: &[(usize, bool)], preferred: &[bool]) -> Result<Option<Row>, GaveUp> {
        let formulas = &self.conditions.formulas;
        let mut settled = Settled {
            solver: self,
            holds: vec![None; self.subject_of.len()],
            chosen: vec![None; self.values_of.len()],
            left: self.values_of.clone(),
            trail: Vec::new(),
            tries: 0,
        };
        let assumed = self.conditions.assumptions.iter().map(|(formula, holds)| (formula, *holds));
        let goals: Vec<Goal<'_>> = assumed.chain(required.iter().map(|(at, holds)| (&formulas[*at], *holds))).collect();
        let preferred: Vec<Goal<'_>> = formulas.iter().zip(preferred.iter().copied()).collect();
        if !settled.meet([goals.as_slice(), &preferred].concat()) {
            settled.tries = 0;
            if !settled.meet(goals) {
                return if settled.tries > MAX_TRIES { Err(GaveUp) } else { Ok(None) };
            }
            for goal in preferred {
                settled.tries = 0;
                settled.meet(vec![goal]);
            }
        }
        for atom in 0..settled.holds.len() {
            if settled.holds[atom].is_none() && !settled.settle(atom, false) {
                settled.settle(atom, true);
            }
        }
        let holds = |atom: usize| settled.holds[atom] == Some(true);
        Ok(Some(formulas.iter().map(|formula| formula.value(&holds)).collect()))
    }
}

/// Whether there is a combination was not found out.
pub(super) struct GaveUp;

impl<'c> Settled<'c> {
    /// Settle what makes the goals true together; nothing is settled where that cannot be.
    fn meet(&mut self, mut goals: Vec<Goal<'c>>) -> bool {
        let mark = self.trail.len();
        let mut choices: Vec<Goal<'c>> = Vec::new();
        while let Some((formula, wanted)) = goals.pop() {
            let possible = match (formula, wanted) {
                (Formula::Known(value), _) => *value == wanted,
                (Formula::Atom(atom), _) => self.settle(*atom, wanted),
                (Formula::Not(inner), _) => {
                    goals.push((inner, !wanted));
                    true
                }
                (Formula::All(parts), true) | (Formula::Any(parts), false) => {
                    goals.extend(parts.iter().rev().map(|part| (part, wanted)));
                    true
                }
                (Formula::All(_), false) | (Formula::Any(_), true) => {
                    choices.push((formula, wanted));
                    true
                }
            };
            if !possible {
                self.undo(mark);
                return false;
            }
        }
        let Some((Formula::All(parts) | Formula::Any(parts), wanted)) = choices.pop() else { return true };
        for part in parts {
            self.tries += 1;
            let mut rest = choices.clone();
            rest.push((part, wanted));
            if self.tries <= MAX_TRIES && self.meet(rest) {
                return true;
            }
        }
        self.undo(mark);
        false
    }

    /// Settle a comparison; false where what was settled before says otherwise.
    fn settle(&mut self, atom: usize, wanted: bool) -> bool {
        if let Some(holds) = self.holds[atom] {
            return holds == wanted;
        }
        let subject = self.solver.subject_of[atom];
        let taken = match (self.chosen[subject], wanted) {
            (Some(_), true) => return false,
            (None, true) => {
                self.chosen[subject] = Some(atom);
                false
            }
            (Some(_), false) => false,
            (None, false) => {
                if self.left[subject] == 1 {
                    return false;
                }
                self.left[subject] -= 1;
                true
            }
        };
        self.holds[atom] = Some(wanted);
        self.trail.push((atom, taken));
        true
    }

    /// Take back what was settled since.
    fn undo(&mut self, mark: usize) {
        while self.trail.len() > mark {
            let Some((atom, taken)) = self.trail.pop() else { return };
            let subject = self.solver.subject_of[atom];
            self.left[subject] += usize::from(taken);
            if self.chosen[subject] == Some(atom) {
                self.chosen[subject] = None;
            }
            self.holds[atom] = None;
        }
    }
}
