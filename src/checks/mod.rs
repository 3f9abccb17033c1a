//! Native checks: the file's name is the rule's id, with `_` for `-`. The words for people stand in the rule's page.
#![expect(missing_docs, reason = "a check is documented by its page in `rules/`")]

pub mod admin_access;
pub mod assume_any_role;
pub mod duplicate_key;
pub mod invalid_element;
pub mod literal_wildcard;
pub mod pass_role_anywhere;
pub mod unknown_condition;
pub mod vacuous_for_all_values;
pub mod wildcard_principal;
