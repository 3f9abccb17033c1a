//! Native checks: the file's name is the rule's id, with `_` for `-`. The words for people stand in the rule's page.
#![expect(missing_docs, reason = "a check is documented by its page in `rules/`")]

pub mod dangling_principal;
pub mod invalid_principal;
pub mod mismatched_assume_action;
pub mod missing_external_id;
pub mod not_principal;
pub mod placeholder_account;
pub mod wildcard_principal;
pub mod wildcard_trust_action;
