//! Identical policies are judged once per run.
//!
//! In an account's dump hundreds of roles share one trust policy, byte for byte. What the rules find depends on the
//! document's bytes, its kind, the account it lives in and the longest session of its role; the places of the findings move with the document.

use crate::rules::Finding;
use crate::site::{OwnerAccount, PolicyKind, PolicySite, Tree};
use crate::span::Span;
use crate::value::Text;
use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, PoisonError};

/// Documents longer than this are rarely repeated and are not kept, in bytes.
const MAX_LENGTH: usize = 8 * 1024;

/// Entries of one shard; with the length this bounds the cachery.
const MAX_ENTRIES: usize = 1024;

const SHARDS: usize = 16;

/// What was found in a document, with places from its start on.
#[derive(Debug)]
pub struct Judged {
    /// The rule, by its place among the active ones, with its finding.
    pub findings: Vec<(usize, Finding)>,
    /// How many statements the policy has.
    pub statements: usize,
}

impl Judged {
    /// The same with every place moved.
    pub fn moved(self, place: impl Fn(u32) -> u32) -> Judged {
        let findings = self.findings.into_iter().map(|(rule, finding)| (rule, finding.moved(&place))).collect();
        Judged { findings, ..self }
    }
}

/// What two documents must have in common to be judged once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    kind: PolicyKind,
    account: OwnerAccount,
    /// The longest session with how far before the document it stands: a finding may be about it.
    session: Option<(Text, Span)>,
    text: Box<str>,
}

impl Key {
    /// The key of a document; `None` when more than its own bytes decides what is found.
    pub fn of(site: &PolicySite<'_>, text: &str) -> Option<Key> {
        let Tree::Borrowed(document) = &site.document else { return None };
        let text = text.get(document.span.range()).filter(|text| text.len() <= MAX_LENGTH)?;
        let from = |at: u32| at.wrapping_sub(document.span.start);
        let session = site
            .owner
            .max_session_duration
            .as_ref()
            .map(|time| (time.value.clone(), Span { start: from(time.span.start), end: from(time.span.end) }));
        let (kind, account) = (site.kind, site.owner.account.clone());
        site.branch.is_empty().then(|| Key { kind, account, session, text: text.into() })
    }
}

/// What has been judged so far.
#[derive(Debug, Default)]
pub struct Cache {
    hasher: RandomState,
    shards: [Mutex<HashMap<Key, Arc<Judged>>>; SHARDS],
}

impl Cache {
    /// What was found in this document, judging it if nobody has.
    pub fn get(&self, key: Key, judge: impl FnOnce() -> Judged) -> Arc<Judged> {
        let shard = usize::try_from(self.hasher.hash_one(&key) % SHARDS as u64).unwrap_or(0);
        let lock = || self.shards[shard].lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lock().get(&key) {
            return Arc::clone(known);
        }
        // Not under the lock: two threads may judge the same document at once, and find the same.
        let judged = Arc::new(judge());
        let mut shard = lock();
        // What comes again comes again soon: the roles of an account stand together in a dump.
        if shard.len() >= MAX_ENTRIES {
            shard.clear();
        }
        shard.insert(key, Arc::clone(&judged));
        drop(shard);
        judged
    }
}

#[cfg(test)]
impl Cache {
    /// How many documents are kept.
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().unwrap_or_else(PoisonError::into_inner).len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_has_a_bound() {
        let cache = Cache::default();
        let key = |number: usize| Key {
            kind: PolicyKind::Trust,
            account: OwnerAccount::Unknown,
            session: None,
            text: number.to_string().into(),
        };
        for number in 0..3 * SHARDS * MAX_ENTRIES {
            cache.get(key(number), || Judged { findings: Vec::new(), statements: number });
            assert!(cache.len() <= SHARDS * MAX_ENTRIES);
        }
        let last = 3 * SHARDS * MAX_ENTRIES - 1;
        assert_eq!(cache.get(key(last), || unreachable!("it was judged just now")).statements, last);
    }
}
