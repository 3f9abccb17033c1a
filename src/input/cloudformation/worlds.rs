//! The combinations of conditions under which a policy is read.
//!
//! Up to a limit these are all that there can be. Beyond it they are chosen: each branch that is written is in one of
//! them, so that nothing stays unseen, and any few conditions have all of their values together.

use super::conditions::{Conditions, Row};
use super::intrinsics::{Branch, Call};
use super::settled::Solver;
use super::template::Template;
use crate::diagnostic::Problem;
use crate::input::combinations::rows;
use crate::site::MAX_DOCUMENT;
use crate::span::Span;
use crate::value::{Kind, Value};
use std::collections::{HashMap, HashSet};

/// So many conditions are gone through in every combination, whatever they compare.
const MAX_CONDITIONS: usize = 4;
/// So many combinations are gone through where there are no others. Each is judged as a policy of its own.
const MAX_ROWS: usize = 32;
/// So many combinations are chosen where there are more. A chain of `Fn::If` needs two for each branch of it.
const MAX_CHOSEN: usize = 96;
/// How many bytes all of them have together, so that they are no more work than the largest policy. Fewer are chosen of a
/// policy that is larger than AWS takes (its quotas are 32,768 characters and less), but at least two, with both branches
/// of every `Fn::If` that stands in no other.
const MAX_BYTES: usize = MAX_DOCUMENT;

/// The combinations for one policy.
pub(super) struct Worlds<'s> {
    /// Each condition that the policy names with its value.
    pub list: Vec<Branch<'s>>,
    /// Whether there are so few conditions that what two combinations have in common is clear without being told.
    pub few: bool,
    /// Whether a branch that is written may be in none of them.
    pub cut: bool,
}

/// The combinations of the conditions in the policy `node`, while `assumed` holds. Conditions of `taken` are decided.
pub(super) fn of<'s>(
    template: &Template<'s>,
    node: &'s Value<'s>,
    taken: &Branch<'s>,
    assumed: &Branch<'s>,
) -> Worlds<'s> {
    let mut names = Names { list: Vec::new(), numbers: HashMap::new(), taken };
    names.collect(node);
    let conditions = Conditions::read(template, &names.list, assumed);
    let few = names.list.len() <= MAX_CONDITIONS;
    let (rows, cut) = match conditions.table() {
        Some(rows) if few || rows.len() <= MAX_ROWS => (rows, false),
        None if few => (conditions.free(), false),
        Some(_) | None => choose(&conditions, node, &names),
    };
    let branch = |row: Row| names.list.iter().copied().zip(row).collect();
    Worlds { list: rows.into_iter().map(branch).collect(), few, cut }
}

/// What is said where a branch may be in none of the combinations.
pub(super) fn limit(span: Span, address: &str) -> Problem {
    let message = format!(
        "{address}: the conditions of `If` in this policy have more combinations than are judged, at most {MAX_CHOSEN} \
         and {MAX_BYTES} bytes, and some branches are in none of those"
    );
    Problem::new(span, message).with_help("write policies of their own, each with fewer conditions")
}

/// Some of the combinations, and whether a branch may be in none of them.
fn choose<'s>(conditions: &Conditions, node: &'s Value<'s>, names: &Names<'_, 's>) -> (Vec<Row>, bool) {
    let solver = Solver::new(conditions);
    let count = names.list.len();
    // One that is too large is not judged in any of them.
    let most = match node.span.len() {
        length if length > MAX_DOCUMENT => 1,
        length => (MAX_BYTES / length.max(1)).clamp(2, MAX_CHOSEN),
    };
    let mut chosen = Chosen { most, ..Chosen::default() };
    for row in rows(count).into_iter().take(most) {
        match solver.row(&[], &row) {
            Ok(row) => chosen.rows.extend(row.filter(|row| chosen.seen.insert(row.clone()))),
            Err(_) => chosen.cut = true,
        }
    }
    if most == 1 {
        return (chosen.rows, false);
    }
    let mut leaves = Vec::new();
    names.leaves(node, &mut Vec::new(), &mut leaves);
    for leaf in leaves {
        if !chosen.reaches(&leaf) {
            chosen.reach(&leaf, &solver, count);
        }
    }
    (chosen.rows, chosen.cut)
}

#[derive(Default)]
struct Chosen {
    /// How many there may be.
    most: usize,
    rows: Vec<Row>,
    seen: HashSet<Row>,
    cut: bool,
}

impl Chosen {
    /// Whether the branch at the end of a path is in one of the combinations.
    fn reaches(&self, path: &[(usize, bool)]) -> bool {
        self.rows.iter().any(|row| path.iter().all(|(at, holds)| row[*at] == *holds))
    }

    /// Add combinations with the branch at the end of a path: two in which the other conditions are as unlike as can
    /// be, so that what is found in both rests on the path.
    fn reach(&mut self, path: &[(usize, bool)], solver: &Solver<'_>, count: usize) {
        for rest in [true, false] {
            if self.rows.len() >= self.most {
                self.cut |= !self.reaches(path);
                return;
            }
            match solver.row(path, &vec![rest; count]) {
                Ok(row) => self.rows.extend(row.filter(|row| self.seen.insert(row.clone()))),
                Err(_) => self.cut = true,
            }
        }
    }
}

/// The conditions of `Fn::If` in a policy.
struct Names<'t, 's> {
    list: Vec<&'s str>,
    numbers: HashMap<&'s str, usize>,
    /// Conditions that are decided.
    taken: &'t Branch<'s>,
}

impl<'s> Names<'_, 's> {
    fn collect(&mut self, node: &'s Value<'s>) {
        if let Some((condition, _)) = Call::of(node).and_then(|call| call.as_if())
            && !self.taken.iter().any(|(name, _)| *name == condition)
        {
            let next = self.list.len();
            if *self.numbers.entry(condition).or_insert(next) == next {
                self.list.push(condition);
            }
        }
        match &node.kind {
            Kind::List(items) => items.iter().for_each(|item| self.collect(item)),
            Kind::Map(members) => members.iter().for_each(|member| self.collect(&member.value)),
            Kind::Tagged(tagged) => self.collect(&tagged.value),
            Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::String(_) | Kind::Template(_) | Kind::Unknown(_) => {}
        }
    }

    /// The paths to the innermost branches of `Fn::If` in a tree; whether there are any.
    fn leaves(&self, node: &'s Value<'s>, path: &mut Vec<(usize, bool)>, found: &mut Vec<Vec<(usize, bool)>>) -> bool {
        if let Some((condition, branches)) = Call::of(node).and_then(|call| call.as_if()) {
            for (branch, holds) in branches.into_iter().zip([true, false]) {
                let decided = self.taken.iter().find(|(name, _)| *name == condition).map(|(_, value)| *value);
                let number = self.numbers.get(condition).copied();
                let earlier = path.iter().find(|(at, _)| Some(*at) == number).map(|(_, value)| *value);
                // A branch that cannot be taken here.
                if decided.or(earlier).is_some_and(|value| value != holds) {
                    continue;
                }
                let step = number.filter(|_| earlier.is_none());
                path.extend(step.map(|at| (at, holds)));
                if !self.leaves(branch, path, found) && !path.is_empty() {
                    found.push(path.clone());
                }
                path.truncate(path.len() - usize::from(step.is_some()));
            }
            return true;
        }
        let mut any = false;
        match &node.kind {
            Kind::List(items) => items.iter().for_each(|item| any |= self.leaves(item, path, found)),
            Kind::Map(members) => members.iter().for_each(|member| any |= self.leaves(&member.value, path, found)),
            Kind::Tagged(tagged) => any = self.leaves(&tagged.value, path, found),
            Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::String(_) | Kind::Template(_) | Kind::Unknown(_) => {}
        }
        any
    }
}
