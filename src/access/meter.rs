//! How often the engine made a model, for whom and why, and how long that took.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Counts of one run, shared by its threads.
#[derive(Debug, Default)]
pub struct Meter {
    made: Mutex<BTreeMap<(&'static str, &'static str), Made>>,
}

/// Models that were made for one asker and one reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Made {
    /// How many.
    pub models: usize,
    /// How long it took to make them.
    pub time: Duration,
}

impl Meter {
    /// Make a model and count it.
    pub fn measure<T>(&self, asker: &'static str, why: &'static str, make: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let model = make();
        let time = start.elapsed();
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let one = made.entry((asker, why)).or_default();
        one.models += 1;
        one.time += time;
        drop(made);
        model
    }

    /// Every asker with the reason and what was made, most models first.
    pub fn made(&self) -> Vec<(&'static str, &'static str, Made)> {
        let made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<_> = made.iter().map(|((asker, why), made)| (*asker, *why, *made)).collect();
        drop(made);
        all.sort_by_key(|(asker, why, made)| (std::cmp::Reverse(made.models), *asker, *why));
        all
    }
}
