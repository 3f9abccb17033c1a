//! Native checks: the file's name is the rule's id, with `_` for `-`. The words for people stand in the rule's page.
#![expect(missing_docs, reason = "a check is documented by its page in `rules/`")]

pub mod wildcard_principal;
