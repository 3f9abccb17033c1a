//! What a policy allows: answers about requests, without files, rules or words.
//!
//! [`operators`] decides one condition for one value. [`probe`] asks whether a statement lets a described caller pass
//! when a few condition keys are pinned and all others are the caller's to choose. [`stranger`] describes callers of an
//! account that nobody has heard of.

pub mod operators;
pub mod probe;
pub mod request;
pub mod stranger;

pub use probe::{Pin, Probe};
pub use request::{Caller, Context, Request};
