//! Native checks: the file's name is the rule's id, with `_` for `-`. The words for people stand in the rule's page.
#![expect(missing_docs, reason = "a check is documented by its page in `rules/`")]

pub mod excessive_session_duration;
pub mod github_oidc_any_repository;
pub mod missing_mfa;
pub mod oidc_missing_audience;
pub mod oidc_missing_subject;
pub mod saml_missing_audience;
pub mod service_without_source;
pub mod shared;
pub mod void_mfa_condition;
pub mod wildcard_principal;
