//! Policies at several times: what one file says of them before and after each change.

use super::Found;
use crate::site::{PolicyKind, PolicySite};
use std::collections::{HashMap, HashSet};

/// Policies before and after: two policies belong together that have the same address and kind.
#[derive(Debug, Default)]
pub struct Versions<'s> {
    /// Before.
    pub old: Found<'s>,
    /// After.
    pub new: Found<'s>,
    /// How many policies have no version before them in the file, so that nothing can be said of their change.
    pub alone: usize,
}

/// A policy at a time.
#[derive(Clone, Debug)]
pub(super) struct Moment {
    /// Whose it is.
    pub owner: String,
    /// The name of an inline policy.
    pub policy: Option<String>,
    /// What it is attached to.
    pub kind: PolicyKind,
    /// When, in ISO 8601 and UTC, so that texts are in the order of times.
    pub time: String,
    /// What tells two of the same time apart.
    pub id: String,
    /// What became of it.
    pub state: State,
}

/// What became of a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// It is the next site, and was not there before.
    Created,
    /// It is the next site.
    Set,
    /// It is the next site and not in force.
    Drafted,
    /// It was removed.
    Removed,
    /// It is another, which is not shown.
    Hidden,
}

impl State {
    /// Whether there is a site for it.
    pub fn has_site(self) -> bool {
        matches!(self, State::Created | State::Set | State::Drafted)
    }
}

/// What is known of a policy before an event.
enum Known<'s> {
    Site(Box<PolicySite<'s>>),
    /// It was not there.
    Absent,
}

/// Pair the sites that were found, one for each moment that has one and in their order.
pub(super) fn versions<'s>(found: Found<'s>, moments: Vec<Moment>) -> Versions<'s> {
    let mut sites = found.sites.into_iter();
    let mut events: Vec<(Moment, Option<PolicySite<'s>>)> = moments
        .into_iter()
        .map(|moment| {
            let site = if moment.state.has_site() { sites.next() } else { None };
            (moment, site)
        })
        .collect();
    // Within a second the order of the file holds, which is the other way round where the newest comes first.
    if let (Some((first, _)), Some((last, _))) = (events.first(), events.last())
        && first.time > last.time
    {
        events.reverse();
    }
    events.sort_by(|(a, _), (b, _)| a.time.cmp(&b.time));

    let mut versions = Versions::default();
    versions.new.problems = found.problems;
    versions.new.unresolved = found.unresolved;
    // What is known of each policy; `None` for one that is there and not shown.
    let mut known: HashMap<(String, Option<String>, PolicyKind), Option<Known<'s>>> = HashMap::new();
    // Nothing is attached to a role that was made within the file, unless the file says so.
    let mut born: HashSet<String> = HashSet::new();
    for (moment, site) in events {
        if moment.state == State::Created {
            born.insert(moment.owner.clone());
        }
        let untold = if born.contains(&moment.owner) { Some(Known::Absent) } else { None };
        let subject = (moment.owner, moment.policy, moment.kind);
        match (moment.state, site) {
            (State::Created | State::Set, Some(site)) => {
                let before = known.insert(subject, Some(Known::Site(Box::new(site.clone())))).unwrap_or(untold);
                match if moment.state == State::Created { Some(Known::Absent) } else { before } {
                    Some(Known::Site(before)) => {
                        versions.old.sites.push(PolicySite { address: site.address.clone(), ..*before });
                    }
                    Some(Known::Absent) => {}
                    None => {
                        versions.alone += 1;
                        continue;
                    }
                }
                versions.new.sites.push(site);
            }
            (State::Removed, _) => {
                if let Some(Some(Known::Site(mut before))) = known.insert(subject, Some(Known::Absent)) {
                    before.address = format!("{}, removed at {}", before.address, moment.time);
                    versions.old.sites.push(*before);
                }
            }
            (State::Hidden, _) | (State::Created | State::Set, None) => {
                known.insert(subject, None);
            }
            (State::Drafted, _) => {}
        }
    }
    versions
}
