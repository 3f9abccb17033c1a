//! Questions about IAM that AWS's documentation leaves open, each with the answer that the evaluator takes.
//!
//! One constant each: when AWS says more, one line changes. Whoever reasons about a policy may also ask what follows
//! from the other answer.

use crate::policy::Truth;

/// One open question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Open {
    /// Its number in this project's notes on IAM.
    pub id: &'static str,
    /// What is asked, as a statement that may be true or not.
    pub claim: &'static str,
    /// Whether it is taken to be true.
    pub answer: Truth,
}

/// Q1.
pub const ANY_VALUE_IF_EXISTS: Open =
    Open { id: "Q1", claim: "`ForAnyValue:…IfExists` holds when the key is absent", answer: Truth::No };

/// Q2.
pub const SEVERAL_VALUES: Open = Open {
    id: "Q2",
    claim: "an operator without a set prefix can hold for a key with several values",
    answer: Truth::No,
};

/// Q4.
pub const NEGATED_MALFORMED_ARN: Open =
    Open { id: "Q4", claim: "a negated ARN operator holds for a pattern that is no ARN", answer: Truth::Yes };

/// Q7.
pub const DENY_ANYONE_STOPS_SERVICES: Open =
    Open { id: "Q7", claim: "a Deny on `{\"AWS\": \"*\"}` stops services and federated callers", answer: Truth::Yes };

/// Q13.
pub const EMPTY_LIST: Open =
    Open { id: "Q13", claim: "a positive operator with an empty list of values can match", answer: Truth::No };

/// Every question that the evaluator meets. Those about what AWS accepts belong to the rules; that the companions of a
/// call (`sts:TagSession`) see the keys of that call (Q14) is how requests are made.
pub const ALL: [Open; 5] =
    [ANY_VALUE_IF_EXISTS, SEVERAL_VALUES, NEGATED_MALFORMED_ARN, DENY_ANYONE_STOPS_SERVICES, EMPTY_LIST];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_unique() {
        let ids: std::collections::BTreeSet<_> = ALL.iter().map(|open| open.id).collect();
        assert_eq!(ids.len(), ALL.len());
    }
}
