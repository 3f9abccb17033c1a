//! What the engine cost a run: how many policies it compiled, for whom and why, and how long that took.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Counts the models that are built during a run, over all threads.
///
/// A model is shared by all rules that ask about a policy, so that its time would be counted for whoever asks first.
#[derive(Debug, Default)]
pub struct EngineMeter {
    counts: Mutex<Counts>,
}

/// What was counted so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// How many models were built.
    pub models: u64,
    /// The time that building them took, added up over all threads.
    pub time: Duration,
    /// How many were built, by the rule that asked and the reason why a cheaper look did not do.
    pub causes: BTreeMap<(&'static str, &'static str), u64>,
}

impl EngineMeter {
    /// Count a model that was built for this rule, because of this, in this time.
    pub fn built(&self, rule: &'static str, reason: &'static str, time: Duration) {
        // A model takes a hundred times as long as the lock.
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.models += 1;
        counts.time += time;
        *counts.causes.entry((rule, reason)).or_default() += 1;
    }

    /// What was counted so far.
    pub fn counts(&self) -> Counts {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl std::fmt::Display for Counts {
    /// `3 models built, 450.0 us; by rule: dead-statement 2 (undecided by a guess), ...`, most first.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let models = if self.models == 1 { "model" } else { "models" };
        write!(f, "{} {models} built, {:.1} us", self.models, self.time.as_secs_f64() * 1e6)?;
        let mut causes: Vec<_> = self.causes.iter().collect();
        causes.sort_by_key(|(cause, count)| (std::cmp::Reverse(**count), **cause));
        for (at, ((rule, reason), count)) in causes.into_iter().enumerate() {
            let before = if at == 0 { "; by rule: " } else { ", " };
            write!(f, "{before}{rule} {count} ({reason})")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_are_counted_by_rule_and_reason() {
        let meter = EngineMeter::default();
        assert_eq!(meter.counts().to_string(), "0 models built, 0.0 us");
        meter.built("void-condition", "no guess holds", Duration::from_micros(100));
        assert_eq!(meter.counts().to_string(), "1 model built, 100.0 us; by rule: void-condition 1 (no guess holds)");
        for _ in 0..2 {
            meter.built("dead-statement", "undecided by a guess", Duration::from_nanos(175_250));
        }
        let expected = "3 models built, 450.5 us; by rule: dead-statement 2 (undecided by a guess), void-condition 1 (no guess holds)";
        assert_eq!(meter.counts().to_string(), expected);
    }
}
