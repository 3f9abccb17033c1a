//! What a policy allows: answers about requests, without files, rules or words.
//!
//! [`operators`] decides one condition for one value, [`eval`] one request for one policy, [`decide`] for all policies
//! that have a say. [`probe`] asks whether a statement lets a described caller pass when a few condition keys are pinned
//! and all others are the caller's to choose. [`flow`] knows which keys a caller cannot have, [`stranger`] describes
//! callers of an account that nobody has heard of, [`tokens`] and [`subjects`] what a token of a stranger can say,
//! [`grants`] asks what a policy gives on resources that it does not name. What AWS leaves open is answered in [`open`],
//! one constant each.

pub mod decide;
pub mod eval;
pub mod flow;
pub mod grants;
pub mod open;
pub mod operators;
pub mod probe;
pub mod request;
pub mod stranger;
pub mod subjects;
pub mod tokens;
pub mod values;
pub mod variables;

pub use probe::{Pin, Probe};
pub use request::{Caller, Context, Request};
pub use tokens::Tokens;
