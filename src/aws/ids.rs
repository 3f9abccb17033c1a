//! Unique ids of IAM: what the id that a deleted principal leaves behind in a trust policy once named.

// PREFIXES: the prefixes and what they name, sorted.
include!(concat!(env!("OUT_DIR"), "/aws_ids.rs"));

/// What a unique id such as `AROADBQP57FF2AEXAMPLE` names, if the text is one: a known prefix of four letters, then
/// capitals and digits, 16 to 128 characters together. Source: IAM User Guide, *IAM identifiers*; length from the API
/// model of IAM.
pub fn unique_id(text: &str) -> Option<&'static str> {
    let form =
        (16..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    let prefix = text.get(..4).filter(|_| form)?;
    let at = PREFIXES.binary_search_by_key(&prefix, |(known, _)| *known).ok()?;
    PREFIXES.get(at).map(|(_, what)| *what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::tests::rows;

    #[test]
    fn every_row_is_found() {
        let rows = rows(include_str!("data/unique-ids.tsv"));
        assert_eq!(rows.len(), PREFIXES.len());
        for row in rows {
            assert_eq!(unique_id(&format!("{}CKCEVSQ6C2EXAMPLE", row[0])), Some(row[1]), "{}", row[0]);
        }
    }

    #[test]
    fn prefixes() {
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
