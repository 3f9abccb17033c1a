//! Identical policies are judged once per run.
//!
//! In an account's dump hundreds of roles share one trust policy, byte for byte. What the rules find depends on the
//! document's bytes, its kind, the account it lives in, and the name, path and longest session of its role; the places of the findings
//! move with the document.
//!
//! A document is known by a hash of 128 bits under a secret key, so that its text need not be kept: with a billion
//! documents the chance that two have the same is below 10^-20, and nobody can look for such a pair without the key.

use crate::rules::Finding;
use crate::site::PolicySite;
use crate::site::Tree;
use siphasher::sip128::{Hasher128 as _, SipHasher13};
use std::collections::HashMap;
use std::hash::{BuildHasher as _, Hash as _, Hasher as _, RandomState};
use std::sync::{Arc, Mutex, PoisonError};

/// What one shard may hold, in bytes: 4 MiB in all. What comes again comes again soon.
const MAX_BYTES: usize = 256 * 1024;

const SHARDS: usize = 16;

/// What was found in a document, with places from its start on.
#[derive(Debug)]
pub struct Judged {
    /// The rule, by its place among the active ones, with its finding.
    pub findings: Vec<(usize, Finding)>,
    /// How many statements the policy has.
    pub statements: usize,
    /// Whether a question about it was not decided.
    pub undecided: bool,
}

impl Judged {
    /// The same with every place moved.
    pub fn moved(self, place: impl Fn(u32) -> u32) -> Judged {
        let findings = self.findings.into_iter().map(|(rule, finding)| (rule, finding.moved(&place))).collect();
        Judged { findings, ..self }
    }

    /// About how much memory an entry with it takes, in bytes.
    fn size(&self) -> usize {
        let findings = self.findings.iter().map(|(_, finding)| size_of::<usize>() + finding.size());
        size_of::<(Key, Arc<Judged>)>() + size_of::<Judged>() + findings.sum::<usize>()
    }
}

/// What two documents must have in common to be judged once: the hash of all that decides what is found, and the length
/// of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    hash: u128,
    length: usize,
}

/// What has been judged so far.
#[derive(Debug)]
pub struct Cache {
    keys: (u64, u64),
    shards: [Mutex<Shard>; SHARDS],
}

#[derive(Debug, Default)]
struct Shard {
    known: HashMap<Key, Arc<Judged>>,
    /// The sizes of the entries, added up.
    bytes: usize,
}

impl Default for Cache {
    fn default() -> Self {
        // The standard library takes the keys of a `RandomState` from the system.
        let random = RandomState::new();
        Cache { keys: (random.hash_one(0), random.hash_one(1)), shards: Default::default() }
    }
}

impl Cache {
    /// The key of a document in this text; `None` when more than its own bytes decides what is found.
    pub fn key(&self, site: &PolicySite<'_>, text: &str) -> Option<Key> {
        let Tree::Borrowed(document) = &site.document else { return None };
        if !site.branch.is_empty() {
            return None;
        }
        let text = text.get(document.span.range())?;
        let mut hasher = SipHasher13::new_with_keys(self.keys.0, self.keys.1);
        (site.kind, &site.owner.account).hash(&mut hasher);
        // How far from the document the longest sessions stand counts too: a finding may be about them.
        let from = |at: u32| at.wrapping_sub(document.span.start);
        for setting in [&site.owner.max_session_duration, &site.owner.max_signin_duration] {
            setting.as_ref().map(|time| (&time.value, from(time.span.start), from(time.span.end))).hash(&mut hasher);
        }
        (&site.owner.name, &site.owner.path, &site.owner.machines).hash(&mut hasher);
        hasher.write(text.as_bytes());
        Some(Key { hash: hasher.finish128().as_u128(), length: text.len() })
    }

    /// Forget everything: the facts that it rests on are no longer those of the run.
    pub fn clear(&self) {
        for shard in &self.shards {
            *shard.lock().unwrap_or_else(PoisonError::into_inner) = Shard::default();
        }
    }

    /// What was found in the document with this key, judging it if nobody has.
    pub fn get(&self, key: Key, judge: impl FnOnce() -> Judged) -> Arc<Judged> {
        let shard = usize::try_from(key.hash % SHARDS as u128).unwrap_or(0);
        let lock = || self.shards[shard].lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lock().known.get(&key) {
            return Arc::clone(known);
        }
        // Not under the lock: two threads may judge the same document at once, and find the same.
        let judged = Arc::new(judge());
        lock().insert(key, Arc::clone(&judged));
        judged
    }
}

impl Shard {
    fn insert(&mut self, key: Key, judged: Arc<Judged>) {
        let size = judged.size();
        if size > MAX_BYTES {
            return;
        }
        // The roles of an account stand together in a dump: what was found long ago is not missed.
        if self.bytes + size > MAX_BYTES {
            self.known.clear();
            self.bytes = 0;
        }
        if self.known.insert(key, judged).is_none() {
            self.bytes += size;
        }
    }
}

#[cfg(test)]
impl Cache {
    /// How many documents are kept.
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().unwrap_or_else(PoisonError::into_inner).known.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::span::Span;

    fn found(words: usize) -> Judged {
        let findings = vec![(0, Finding::new(Span::at(0), "x".repeat(words)))];
        Judged { findings, statements: words, undecided: false }
    }

    fn key(number: usize) -> Key {
        Key { hash: number as u128, length: 0 }
    }

    fn bytes(cache: &Cache) -> usize {
        let kept = |shard: &Mutex<Shard>| {
            let shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            let counted: usize = shard.known.values().map(|judged| judged.size()).sum();
            assert_eq!(shard.bytes, counted);
            counted
        };
        cache.shards.iter().map(kept).sum()
    }

    #[test]
    fn what_is_kept_has_a_bound_in_bytes() {
        let cache = Cache::default();
        for number in 0..100_000 {
            cache.get(key(number), || found(100));
        }
        assert!(bytes(&cache) <= SHARDS * MAX_BYTES && cache.len() > 1000, "{}", cache.len());
        assert_eq!(cache.get(key(99_999), || unreachable!("it was judged just now")).statements, 100);
        cache.get(key(SHARDS * 100_000), || found(MAX_BYTES));
        assert!(cache.len() > 1000, "what is too large to be kept does not drive out the others");
    }
}
