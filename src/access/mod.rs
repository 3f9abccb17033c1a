//! What a policy allows: answers about requests, without files, rules or words.
//!
//! [`operators`] decides one condition for one value. [`probe`] asks whether a statement lets a described caller pass
//! when a few condition keys are pinned and all others are the caller's to choose.

pub mod atoms;
pub mod bits;
pub mod compile;
pub mod domain;
pub mod operators;
pub mod pattern;
pub mod principal;
pub mod probe;
pub mod request;
pub mod solve;

pub use probe::{Pin, Probe};
pub use request::{Caller, Context, Request};
