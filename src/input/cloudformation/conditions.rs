//! Which conditions of a template can hold together.
//!
//! `IsProd` and `IsTest` may be two values of one parameter; a policy that needs both is never deployed, and a finding in
//! it would be false.

use super::intrinsics::{Call, Choices};
use super::template::Template;
use crate::value::{Domain, Text, Value};
use std::collections::HashMap;

/// How many comparisons are gone through in a table of truth.
const MAX_ATOMS: usize = 6;
/// How many parts of conditions are read, for conditions can name one another many times over. A condition beyond it
/// counts as independent of all others.
const MAX_PARTS: usize = 4096;
/// How deep conditions may refer to one another.
const MAX_DEPTH: usize = 16;

/// A condition as a formula over comparisons.
pub(super) enum Formula {
    /// It is this, whatever the parameters are.
    Known(bool),
    /// The comparison with this index.
    Atom(usize),
    /// The other does not hold.
    Not(Box<Formula>),
    /// All of these hold.
    All(Vec<Formula>),
    /// One of these holds.
    Any(Vec<Formula>),
}

/// A comparison whose outcome is not known.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Atom {
    /// What is compared: the name of a parameter.
    pub subject: String,
    /// What it is compared with, when that is a known string.
    pub value: Option<String>,
    /// Every value that the subject can have.
    pub allowed: Option<Vec<String>>,
}

/// Some conditions of a template, and what else is known to hold.
pub(super) struct Conditions {
    /// The formula of each condition.
    pub formulas: Vec<Formula>,
    /// What holds, and what does not.
    pub assumptions: Vec<(Formula, bool)>,
    /// The comparisons in them.
    pub atoms: Vec<Atom>,
}

/// What each of some conditions is, in their order.
pub(super) type Row = Vec<bool>;

impl Conditions {
    /// The conditions with these names, while `assumed` holds.
    pub fn read<'s>(template: &Template<'s>, names: &[&'s str], assumed: &[(&'s str, bool)]) -> Self {
        let mut reader = Reader { template, atoms: Vec::new(), numbers: HashMap::new(), parts: 0 };
        let formulas = names.iter().map(|name| reader.condition(name, 0)).collect();
        let assumptions = assumed.iter().map(|(name, holds)| (reader.condition(name, 0), *holds)).collect();
        Conditions { formulas, assumptions, atoms: reader.atoms }
    }

    /// The values that the conditions can have together, in the order of a table of truth; `None` where that would be
    /// too large a table.
    pub fn table(&self) -> Option<Vec<Row>> {
        let count = self.atoms.len();
        if count > MAX_ATOMS {
            return None;
        }
        let mut found: Vec<Row> = Vec::new();
        for row in (0..1usize << count).rev() {
            // The first comparison changes last.
            let holds = |atom: usize| row >> (count - 1 - atom) & 1 == 1;
            let is_assumed = |(formula, value): &(Formula, bool)| formula.value(&holds) == *value;
            if !can_be(&self.atoms, &holds) || !self.assumptions.iter().all(is_assumed) {
                continue;
            }
            let values = self.formulas.iter().map(|formula| formula.value(&holds)).collect();
            if !found.contains(&values) {
                found.push(values);
            }
        }
        Some(found)
    }

    /// Every combination of values, as if the conditions had nothing to do with one another.
    pub fn free(&self) -> Vec<Row> {
        let count = self.formulas.len();
        (0..1usize << count).rev().map(|row| (0..count).map(|at| row >> at & 1 == 1).collect()).collect()
    }
}

impl Formula {
    pub fn value(&self, holds: &dyn Fn(usize) -> bool) -> bool {
        match self {
            Formula::Known(value) => *value,
            Formula::Atom(atom) => holds(*atom),
            Formula::Not(inner) => !inner.value(holds),
            Formula::All(parts) => parts.iter().all(|part| part.value(holds)),
            Formula::Any(parts) => parts.iter().any(|part| part.value(holds)),
        }
    }
}

/// Whether some values of the parameters make exactly these comparisons true.
fn can_be(atoms: &[Atom], holds: &dyn Fn(usize) -> bool) -> bool {
    atoms.iter().enumerate().all(|(at, atom)| {
        let same = || atoms.iter().enumerate().filter(|(_, other)| other.subject == atom.subject);
        if holds(at) {
            return atom.value.is_none()
                || same().all(|(other, of)| other == at || of.value.is_none() || !holds(other));
        }
        // A parameter with a fixed set of values has one of them.
        let Some(allowed) = &atom.allowed else { return true };
        let denied = |value: &String| same().any(|(other, of)| of.value.as_ref() == Some(value) && !holds(other));
        allowed.iter().any(|value| !denied(value))
    })
}

struct Reader<'t, 's> {
    template: &'t Template<'s>,
    atoms: Vec<Atom>,
    /// The place of each comparison among them.
    numbers: HashMap<Atom, usize>,
    /// How many parts were read.
    parts: usize,
}

impl<'s> Reader<'_, 's> {
    /// The formula of a named condition; one that cannot be read may hold or not.
    fn condition(&mut self, name: &str, depth: usize) -> Formula {
        let definition = self.template.conditions.get(name).copied();
        match definition.and_then(|definition| self.formula(definition, depth)) {
            Some(formula) => formula,
            None => self.atom(Atom { subject: format!("condition {name}"), value: None, allowed: None }),
        }
    }

    fn formula(&mut self, value: &'s Value<'s>, depth: usize) -> Option<Formula> {
        self.parts += 1;
        if depth > MAX_DEPTH || self.parts > MAX_PARTS {
            return None;
        }
        if let Some([member]) = value.as_map()
            && member.key == "Condition"
        {
            return Some(self.condition(member.value.as_str()?, depth + 1));
        }
        let call = Call::of(value)?;
        if call.name == "Condition" {
            return Some(self.condition(call.argument.as_str()?, depth + 1));
        }
        let arguments = call.argument.as_list()?;
        match (call.name, arguments) {
            ("Not", [inner]) => Some(Formula::Not(Box::new(self.formula(inner, depth + 1)?))),
            ("And", parts) => Some(Formula::All(self.formulas(parts, depth)?)),
            ("Or", parts) => Some(Formula::Any(self.formulas(parts, depth)?)),
            ("Equals", [left, right]) => {
                let choices = Choices::default();
                let left = self.template.resolve(left, &choices)?.as_text()?;
                let right = self.template.resolve(right, &choices)?.as_text()?;
                Some(self.equals(&left, &right))
            }
            _ => None,
        }
    }

    fn formulas(&mut self, parts: &'s [Value<'s>], depth: usize) -> Option<Vec<Formula>> {
        parts.iter().map(|part| self.formula(part, depth + 1)).collect()
    }

    fn equals(&mut self, left: &Text, right: &Text) -> Formula {
        let (subject, value) = match (left.known(), right.known()) {
            (Some(left), Some(right)) => return Formula::Known(left == right),
            (Some(known), None) => (right, Some(known)),
            (None, known) => (left, known),
        };
        let Some(value) = value else {
            let subject = format!("{} == {}", left.display(), right.display());
            return self.atom(Atom { subject, value: None, allowed: None });
        };
        let allowed = subject.only_hole().and_then(|hole| match &hole.domain {
            Domain::OneOf(values) => Some(values.clone()),
            Domain::Any
            | Domain::Text
            | Domain::OwnAccount
            | Domain::AccountId
            | Domain::Partition
            | Domain::Region
            | Domain::UrlSuffix
            | Domain::OwnArn(_)
            | Domain::OwnOrganization => None,
        });
        if allowed.as_ref().is_some_and(|allowed| !allowed.iter().any(|known| known == value)) {
            return Formula::Known(false);
        }
        self.atom(Atom { subject: subject.display().into_owned(), value: Some(value.to_owned()), allowed })
    }

    fn atom(&mut self, atom: Atom) -> Formula {
        let at = *self.numbers.entry(atom).or_insert_with_key(|atom| {
            self.atoms.push(atom.clone());
            self.atoms.len() - 1
        });
        Formula::Atom(at)
    }
}
