//! What several checks ask of a policy or say about it.

mod flows;
mod foreign;
mod tokens;

pub use flows::flows;
pub use foreign::{Foreign, any_token, foreign, of_unknown_form, shown, with_claims_absent};
pub use tokens::{loose_part, own_subjects, providers, stranger_passes};

/// An account that stands for any that nobody named, in the words of findings.
pub const STRANGER: &str = "999999999999";

/// The index of a statement and of a principal in it: a place that a policy with defaults filled in has too.
pub type Place = (usize, usize);
