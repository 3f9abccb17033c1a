//! What a policy allows: answers about requests, without files, rules or words.
//!
//! [`operators`] decides one condition for one value, [`eval`] one request for one policy, [`decide`] for all policies
//! that have a say. [`probe`] asks whether a statement lets a described caller pass when a few condition keys are pinned
//! and all others are the caller's to choose. What AWS leaves open is answered in [`open`], one constant each.

pub mod decide;
pub mod eval;
pub mod open;
pub mod operators;
pub mod probe;
pub mod request;
pub mod values;
pub mod variables;

pub use probe::{Pin, Probe};
pub use request::{Caller, Context, Request};
