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

pub mod analysis;
pub mod answer;
pub mod decide;
pub mod door;
pub mod engine;
pub mod meter;
pub mod probe;
pub mod request;
pub mod undocumented;
pub mod values;

pub use analysis::{explain, redundancy};
#[doc(hidden)]
pub use answer::Faults;
pub use answer::{Answer, Cause, Estate, Guard, Origin, Proof, Reason, Sure, Verdict, Witness};
pub use door::{Access, Undecided};
pub use engine::queries::{ExternalId, Mfa, Query, Sent, Through};
pub use engine::{CompiledPolicy, analyse, analyse_as, ask, ask_through};
pub use meter::EngineMeter;
pub use probe::grants;
pub use probe::tokens::{ACTION as TOKEN_ACTION, Claims, Tokens};
pub use request::{Caller, Context, Request};

use crate::policy::{Condition, Truth};

/// Whether one condition holds for a request whose key has these values; `None` for an absent key. Policy variables are
/// unknown.
pub fn condition_holds<S: AsRef<str>>(condition: &Condition, values: Option<&[S]>) -> Truth {
    decide::operators::holds(condition, values, decide::variables::Variables::Unknown)
}
