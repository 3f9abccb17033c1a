//! Questions about IAM that AWS's documentation leaves open, each with the answer that the evaluator takes.
//!
//! One constant each: when AWS says more, one line changes. Whoever reasons about a policy may also ask what follows
//! from the other answer.

use crate::policy::Truth;
use crate::site::PolicyKind;

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

/// Q15. The guide calls `*` with an Allow "all users, including anonymous users", and topic policies of that form are
/// there to let a service publish; but it lists service principals apart (IAM User Guide, "AWS JSON policy elements:
/// Principal").
pub const ALLOW_ANYONE_NAMES_SERVICES: Open = Open {
    id: "Q15",
    claim: "an Allow for `{\"AWS\": \"*\"}` lets services and federated callers in",
    answer: Truth::Maybe,
};

/// Q16.
pub const INCOMPLETE_ARN_ELSEWHERE: Open = Open {
    id: "Q16",
    claim: "an ARN of fewer than six fields is completed with `*` in policies that are not identity-based",
    answer: Truth::Maybe,
};

/// Whether an ARN of fewer than six fields in a policy of this kind is completed with `*`. It is in identity-based
/// policies (IAM User Guide, "IAM identifiers"), which a boundary is made of; STS refuses a session policy with one
/// ("Identify AWS resources with Amazon Resource Names (ARNs)"), so that no such session comes about.
pub fn completes_arns(kind: PolicyKind) -> Truth {
    match kind {
        PolicyKind::Identity | PolicyKind::Boundary => Truth::Yes,
        PolicyKind::Session | PolicyKind::Resource | PolicyKind::Scp | PolicyKind::Rcp => {
            INCOMPLETE_ARN_ELSEWHERE.answer
        }
        // It speaks of its own role, whatever its `Resource` says.
        PolicyKind::Trust => Truth::No,
    }
}

/// Every question that the evaluator meets. Those about what AWS accepts belong to the rules; that the companions of a
/// call (`sts:TagSession`) see the keys of that call (Q14) is how requests are made.
pub const ALL: [Open; 7] = [
    ANY_VALUE_IF_EXISTS,
    SEVERAL_VALUES,
    NEGATED_MALFORMED_ARN,
    DENY_ANYONE_STOPS_SERVICES,
    EMPTY_LIST,
    ALLOW_ANYONE_NAMES_SERVICES,
    INCOMPLETE_ARN_ELSEWHERE,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_unique() {
        let ids: std::collections::BTreeSet<_> = ALL.iter().map(|open| open.id).collect();
        assert_eq!(ids.len(), ALL.len());
    }
}
