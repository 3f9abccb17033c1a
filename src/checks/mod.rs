//! Native checks: the file's name is the rule's id, with `_` for `-`. The words for people stand in the rule's page.
#![expect(missing_docs, reason = "a check is documented by its page in `rules/`")]

pub mod admin_access;
pub mod assume_any_role;
pub mod dangling_principal;
pub mod duplicate_key;
pub mod excessive_session_duration;
pub mod github_oidc_any_repository;
pub mod invalid_element;
pub mod invalid_principal;
pub mod literal_wildcard;
pub mod mismatched_assume_action;
pub mod missing_external_id;
pub mod missing_mfa;
pub mod not_principal;
pub mod oidc_missing_audience;
pub mod oidc_missing_subject;
pub mod pass_role_anywhere;
pub mod placeholder_account;
pub mod public_through_conditions;
pub mod saml_missing_audience;
pub mod service_without_source;
pub mod shared;
pub mod unassumable_role;
pub mod unknown_condition;
pub mod vacuous_for_all_values;
pub mod void_mfa_condition;
pub mod wildcard_principal;
pub mod wildcard_trust_action;
