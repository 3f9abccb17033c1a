//! Why values are not known, and errors among them: Terraform stops at one, and `try` and `can` catch it.

use super::val::{Piece, Val, ValKind};
use crate::span::Span;
use crate::value::Domain;

/// The largest string that is made, in bytes, and the longest list that functions make, in elements: a short expression
/// can ask for any size. Nothing as large is a policy.
pub(super) const MAX_SIZE: usize = 1024 * 1024;
pub(super) const MAX_ITEMS: usize = 10_000;

/// Why a value is not known where a limit was hit; that is said at its place.
pub(super) const BEYOND: &str = "beyond the limit of evaluation";

/// What stands in a list for any number of elements.
pub(super) const REST: &str = "any number of further elements";

/// What a lookup or a conversion that certainly fails is called.
pub(super) const FAILED: &str = "an error when Terraform evaluates it";

/// Whether evaluating came to an error in Terraform, rather than to something that is not known. What holds an error is
/// one.
pub(super) fn fails(value: &Val) -> bool {
    value.is_small() && holds_error(value)
}

fn holds_error(value: &Val) -> bool {
    match &value.kind {
        ValKind::Unknown(hole) => hole.why == FAILED,
        ValKind::List(items, _) => items.iter().any(holds_error),
        ValKind::Map(entries, _) => entries.iter().any(|entry| holds_error(&entry.value)),
        ValKind::Text(pieces) => pieces.iter().any(|piece| match piece {
            Piece::Literal { .. } => false,
            Piece::Hole { hole, .. } => hole.why == FAILED,
            Piece::Json(value) => holds_error(value),
        }),
        ValKind::Json(value) => holds_error(value),
        ValKind::Null | ValKind::Bool(_) | ValKind::Number(_) => false,
    }
}

/// A value that Terraform does not make: it is an error.
pub(super) fn failed(span: Span) -> Val {
    Val::unknown("…".to_owned(), FAILED, Domain::Any, span)
}
