//! Stars that AWS itself writes.

use crate::aws::literals;
use crate::policy::{Condition, PrincipalKind, Statement};
use std::borrow::Cow;

/// Whether AWS itself writes a value of this condition with its star.
pub fn are_meant(statement: &Statement, condition: &Condition) -> bool {
    let services: Vec<Cow<'_, str>> = statement
        .listed_principals()
        .iter()
        .map(|principal| match &principal.kind {
            PrincipalKind::Service { host } => host.display(),
            _ => Cow::Borrowed(""),
        })
        .collect();
    let services: Vec<&str> = services.iter().map(AsRef::as_ref).collect();
    condition.values.iter().any(|value| literals::is_meant(&condition.key, &value.display(), &services))
}
