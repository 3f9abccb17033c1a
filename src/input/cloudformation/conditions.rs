//! Which conditions of a template can hold together.
//!
//! `IsProd` and `IsTest` may be two values of one parameter; a policy that needs both is never deployed, and a finding in
//! it would be false.

use super::intrinsics::{Call, Choices};
use super::template::Template;
use crate::value::{Domain, Text, Value};

/// How many comparisons are told apart. Beyond it conditions count as independent.
const MAX_ATOMS: usize = 6;
/// How many parts of conditions are read, for conditions can name one another many times over.
const MAX_PARTS: usize = 256;
/// How deep conditions may refer to one another.
const MAX_DEPTH: usize = 16;

/// A condition as a formula over comparisons.
enum Formula {
    Known(bool),
    /// The comparison with this index.
    Atom(usize),
    Not(Box<Formula>),
    All(Vec<Formula>),
    Any(Vec<Formula>),
}

/// A comparison whose outcome is not known.
#[derive(PartialEq)]
struct Atom {
    /// What is compared: the name of a parameter.
    subject: String,
    /// What it is compared with, when that is a known string.
    value: Option<String>,
    /// Every value that the subject can have.
    allowed: Option<Vec<String>>,
}

/// The values that `names` can have together while `assumed` holds, in the order of a table of truth.
pub(super) fn assignments<'s>(
    template: &Template<'s>,
    names: &[&'s str],
    assumed: &[(&'s str, bool)],
) -> Vec<Vec<(&'s str, bool)>> {
    let mut reader = Reader { template, atoms: Vec::new(), parts: 0 };
    let formulas: Vec<_> = names.iter().map(|name| reader.condition(name, 0)).collect();
    let assumptions: Vec<_> = assumed.iter().map(|(name, holds)| (reader.condition(name, 0), *holds)).collect();
    let atoms = reader.atoms;
    let mut found: Vec<Vec<(&'s str, bool)>> = Vec::new();
    if atoms.len() > MAX_ATOMS {
        let free = (0..1usize << names.len()).rev();
        return free
            .map(|row| names.iter().enumerate().map(|(at, name)| (*name, row >> at & 1 == 1)).collect())
            .collect();
    }
    for row in (0..1usize << atoms.len()).rev() {
        // The first comparison changes last.
        let holds = |atom: usize| row >> (atoms.len() - 1 - atom) & 1 == 1;
        if !can_be(&atoms, &holds) || assumptions.iter().any(|(formula, value)| formula.value(&holds) != *value) {
            continue;
        }
        let values = names.iter().zip(&formulas).map(|(name, formula)| (*name, formula.value(&holds))).collect();
        if !found.contains(&values) {
            found.push(values);
        }
    }
    found
}

impl Formula {
    fn value(&self, holds: &dyn Fn(usize) -> bool) -> bool {
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
        let at = self.atoms.iter().position(|known| *known == atom).unwrap_or_else(|| {
            self.atoms.push(atom);
            self.atoms.len() - 1
        });
        Formula::Atom(at)
    }
}
