//! The ledger of a run: what was seen and not judged, with the place and the reason.
//!
//! A run without findings means that everything was judged, or else says here what was not. What a template leaves to its
//! deployment and what lies elsewhere cannot be judged from the files at hand; anything else in here could have been.

use super::report::FileReport;
use crate::diagnostic::WhyNot;
use crate::input::Found;
use crate::source::Position;
use crate::span::Span;
use std::collections::BTreeMap;

/// What an entry counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Thing {
    /// A file, or all that a folder or a pattern stands for.
    File,
    /// A policy.
    Policy,
    /// A resource of a template.
    Resource,
    /// A value in a policy.
    Value,
    /// A module of Terraform.
    Module,
}

impl Thing {
    /// One of it, and several.
    pub fn nouns(self) -> [&'static str; 2] {
        match self {
            Thing::File => ["file", "files"],
            Thing::Policy => ["policy", "policies"],
            Thing::Resource => ["resource", "resources"],
            Thing::Value => ["value", "values"],
            Thing::Module => ["module", "modules"],
        }
    }
}

/// Something that was seen and not judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// WhyNot it was not.
    pub why: WhyNot,
    /// What it is.
    pub thing: Thing,
    /// How many of it.
    pub count: usize,
    /// Where it is in its file, where that is known.
    pub place: Option<Position>,
    /// What was not judged and for which reason, for people.
    pub text: String,
}

impl Entry {
    /// One thing that was not judged.
    pub fn new(why: WhyNot, thing: Thing, place: Option<Position>, text: impl Into<String>) -> Entry {
        Entry { why, thing, count: 1, place, text: text.into() }
    }
}

/// How much was not judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unjudged(BTreeMap<(WhyNot, Thing), usize>);

impl Unjudged {
    /// Count an entry.
    pub fn count(&mut self, entry: &Entry) {
        *self.0.entry((entry.why, entry.thing)).or_default() += entry.count;
    }

    /// Whether everything was judged.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many things were not judged for a reason.
    pub fn of(&self, why: WhyNot) -> usize {
        self.things(why).map(|(_, count)| count).sum()
    }

    /// The same by what they are.
    pub fn things(&self, why: WhyNot) -> impl Iterator<Item = (Thing, usize)> {
        self.0.iter().filter(move |((of, _), _)| *of == why).map(|((_, thing), count)| (*thing, *count))
    }
}

/// What the reader of a document passed over, at the places that `place` gives.
pub fn of_found(found: &Found<'_>, place: impl Fn(Span) -> Option<Position>) -> Vec<Entry> {
    let unknown = found.unresolved.iter().map(|(span, what)| {
        Entry::new(WhyNot::AtDeployment, Thing::Policy, place(*span), format!("this policy is not known: {what}"))
    });
    let limits = found
        .limits
        .iter()
        .map(|limit| Entry::new(WhyNot::NotLookedAt, Thing::Policy, place(limit.span), limit.message.clone()));
    let skipped = found
        .skipped
        .iter()
        .map(|(span, what)| Entry::new(WhyNot::NotLookedAt, Thing::Resource, place(*span), what.clone()));
    unknown.chain(limits).chain(skipped).collect()
}

/// What was not judged of one file: what its reader noted, and what its policies say.
pub fn of_file(file: &FileReport) -> impl Iterator<Item = Entry> {
    let noted = file.not_judged.iter().cloned();
    let is_noted = file.not_judged.iter().any(|entry| entry.why == WhyNot::NotLookedAt);
    let unread = file.problem.as_ref().filter(|_| file.invalid && !is_noted).map(|problem| {
        let place = (!file.source.text.is_empty()).then(|| file.source.position(problem.span.start));
        Entry::new(WhyNot::NotLookedAt, Thing::File, place, problem.message.clone())
    });
    let of_policies = file.policies.iter().filter(|policy| policy.is_open()).flat_map(|policy| {
        let name = match policy.address.as_str() {
            "" => "this policy".to_owned(),
            address => format!("`{address}`"),
        };
        let of = |why, thing, count: usize, text: String| {
            (count > 0).then_some(Entry { why, thing, count, place: policy.place, text })
        };
        let values = match policy.unresolved {
            1 => format!("a value of {name} is known at deployment only"),
            n => format!("{n} values of {name} are known at deployment only"),
        };
        let large = format!("{name} is larger than what is judged");
        let undecided = format!("a question about {name} needs more work than one policy gets");
        [
            of(WhyNot::AtDeployment, Thing::Value, policy.unresolved, values),
            of(WhyNot::NotLookedAt, Thing::Policy, usize::from(policy.undecided), undecided),
            of(WhyNot::NotLookedAt, Thing::Policy, usize::from(policy.too_large), large),
        ]
    });
    noted.chain(unread).chain(of_policies.flatten())
}
