//! The ledger of a run: what was seen and not judged, with the place and the reason.
//!
//! A run without findings means that everything was judged, or else says here what was not. What a template leaves to its
//! deployment and what lies elsewhere cannot be judged from the files at hand; anything else in here could have been.

use crate::diagnostic::{Problem, WhyNot};
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
            Thing::Value => ["value", "values"],
            Thing::Module => ["module", "modules"],
        }
    }
}

/// Something that was seen and not judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Why it was not.
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
    /// A policy of which nothing is known until deployment.
    pub fn unknown(place: Option<Position>, what: &str) -> Entry {
        Entry::new(WhyNot::AtDeployment, Thing::Policy, place, unknown_policy(what))
    }

    /// A policy in a place that is not known to hold any.
    pub fn unlisted(place: Option<Position>, what: &str) -> Entry {
        Entry::new(WhyNot::NotLookedAt, Thing::Policy, place, what)
    }

    /// A policy that a limit kept from being read.
    pub fn limit(place: Option<Position>, limit: &Problem) -> Entry {
        Entry::new(WhyNot::NotLookedAt, Thing::Policy, place, limit.message.clone())
    }

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

/// The values of a policy that are known at deployment only, if there are any.
pub fn unknown_values(address: &str, count: usize, place: Option<Position>) -> Option<Entry> {
    let name = policy_name(address);
    let text = match count {
        0 => return None,
        1 => format!("a value of {name} is known at deployment only"),
        n => format!("{n} values of {name} are known at deployment only"),
    };
    Some(Entry { why: WhyNot::AtDeployment, thing: Thing::Value, count, place, text })
}

/// What the ledger calls the policy with an address.
pub fn policy_name(address: &str) -> String {
    if address.is_empty() { "this policy".to_owned() } else { format!("`{address}`") }
}

/// What is said of a policy of which nothing is known, in the ledger and by the rule.
pub fn unknown_policy(what: &str) -> String {
    format!("this policy is not known: {what}")
}

/// What the reader of a document passed over, at the places that `place` gives.
pub fn of_found(found: &Found<'_>, place: impl Fn(Span) -> Option<Position>) -> Vec<Entry> {
    let unknown = found.unresolved.iter().map(|(span, what)| Entry::unknown(place(*span), what));
    let unlisted = found.unlisted.iter().map(|(span, what)| Entry::unlisted(place(*span), what));
    let limits = found.limits.iter().map(|limit| Entry::limit(place(limit.span), limit));
    unknown.chain(unlisted).chain(limits).collect()
}
