//! What a policy allows: answers about requests, without files, rules or words.
//!
//! Rules ask at the door: [`Access::ask`] takes a [`Query`] and gives one [`Verdict`]. Behind it stand four rooms, each of
//! which sees only those before it, and the words they share: [`request`], [`answer`], [`values`] and [`undocumented`],
//! which has one constant for each question that AWS leaves open.
//!
//! - [`decide`]: *one request.* Whether one condition holds, what one policy says, what all policies say together. The
//!   plain reading of the IAM User Guide, and the judge of everything below.
//! - [`engine`]: *all requests at once.* A policy becomes boxes over finite dimensions, and a question a search for a point
//!   in them. Before that, [`engine::guess`] makes a request from the policy's own words and [`engine::refute`] looks for
//!   one condition that leaves nothing of what is asked: most questions need no search.
//! - [`analysis`]: *what follows.* What has no effect ([`redundancy`]), why nobody passes ([`explain`]), who comes in, what
//!   another version grants.
//! - [`probe`]: looks that the search does not replace: what tokens of strangers say, what a permission policy gives on
//!   resources that it does not name.
//!
//! [`door`] puts them in order; [`meter`] counts how often a search was needed. `docs/engine-internals.md` follows one
//! policy through all of it.

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
pub use engine::symbols::in_words;
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
