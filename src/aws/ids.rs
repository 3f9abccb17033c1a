//! Unique ids of IAM: what the id that a deleted principal leaves behind in a trust policy once named.

use super::Table;

/// Prefixes and what they name.
const PREFIXES: Table = Table(include_str!("data/unique-ids.tsv"));

/// What a unique id such as `AROADBQP57FF2AEXAMPLE` names, if the text is one: a known prefix of four letters, then
/// capitals and digits, 16 to 128 characters together. Source: IAM User Guide, *IAM identifiers*; length from the API
/// model of IAM.
pub fn unique_id(text: &str) -> Option<&'static str> {
    let form =
        (16..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    let prefix = text.get(..4).filter(|_| form)?;
    PREFIXES.find(prefix).map(|row| row.field(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::tests::well_formed;

    #[test]
    fn prefixes() {
        well_formed(PREFIXES, 2, false);
        assert!(PREFIXES.rows().all(|row| row.field(0).len() == 4));
        assert_eq!(unique_id("AIDACKCEVSQ6C2EXAMPLE"), Some("user"));
        assert_eq!(unique_id("AROADBQP57FF2AEXAMPLE"), Some("role"));
        assert_eq!(unique_id("AGPACKCEVSQ6C2EXAMPLE"), Some("user group"));
    }

    #[test]
    fn other_texts() {
        for text in ["", "AROA", "AROASHORT", "aroadbqp57ff2aexample", "ZZZADBQP57FF2AEXAMPLE", "AROADBQP57FF2AEXAMPLÉ"]
        {
            assert_eq!(unique_id(text), None, "{text}");
        }
    }
}
