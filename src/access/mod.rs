//! What a policy allows: answers about requests, without files, rules or words.
//!
//! Two readings of the same documents, which share only the types of a request and hold each other to account:
//!
//! - *One request at a time.* [`operators`] decides one condition for one value, [`eval`] one request for one policy,
//!   [`decide`] for all policies that have a say. What AWS leaves open is answered in [`open`], one constant each.
//! - *All requests at once.* [`analyse`] turns a policy into boxes over finite dimensions and [`ask`] searches them: the
//!   answer is a request that [`eval`] accepts, or the proof that there is none. [`pattern`], [`domain`], [`atoms`] and
//!   [`principal`] find the atoms of each dimension, [`compile`] and [`statements`] read the policy, [`axioms`] lists
//!   what AWS never does, [`queries`] the standing questions, [`solve`] is the search. [`explain`] says why there is no
//!   request, [`review`] what in a policy has no effect, [`difference`] what another version grants, [`compare`] the
//!   same for each part that [`split`] finds in it, [`findings`] who comes in at all.
//!
//! Rules look before they search: [`probe`] asks whether a statement lets a described caller pass when a few condition
//! keys are pinned and all others are the caller's to choose. [`flow`] knows which keys a caller cannot have,
//! [`stranger`] describes callers of an account that nobody has heard of, [`tokens`] and [`subjects`] what a token of a
//! stranger can say, [`grants`] asks what a policy gives on resources that it does not name, [`plain`] knows statements
//! that somebody surely matches. [`barriers`] weighs the conditions of one statement.

pub mod answer;
pub mod atoms;
pub mod axioms;
pub mod barriers;
pub mod bits;
pub mod compare;
pub mod compile;
pub mod decide;
pub mod difference;
pub mod domain;
pub mod engine;
pub mod eval;
pub mod explain;
pub mod findings;
pub mod flow;
pub mod grants;
pub mod keyspace;
pub mod model;
pub mod open;
pub mod operators;
pub mod pattern;
pub mod plain;
pub mod principal;
pub mod probe;
pub mod queries;
pub mod request;
pub mod review;
pub mod solve;
pub mod split;
pub mod statements;
pub mod stranger;
pub mod subjects;
pub mod symbols;
pub mod tokens;
pub mod values;
pub mod variables;

#[doc(hidden)]
pub use answer::Faults;
pub use answer::{Answer, Cause, Estate, Guard, Proof, Reason, Witness};
pub use engine::{Model, analyse, analyse_as, ask, ask_through};
pub use probe::{Pin, Probe};
pub use queries::{Query, Through};
pub use request::{Caller, Context, Request};
pub use tokens::Tokens;
