//! What the engine is told and what it answers.

use crate::access::request::Request;
use crate::span::Span;
use std::collections::BTreeMap;
use std::fmt;

/// What is known of the accounts around a policy: facts from configuration. All of it may be unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Estate {
    /// The account that the policy lives in.
    pub account: Option<String>,
    /// The other accounts of the same owner.
    pub accounts: Vec<String>,
    /// Accounts of others that may come in.
    pub trusted: Vec<String>,
    /// The id of the owner's organization, `o-…`.
    pub organization: Option<String>,
    /// The owner's own subjects at an issuer, as patterns: `token.actions.githubusercontent.com` → `repo:my-org/*`.
    pub subjects: BTreeMap<String, Vec<String>>,
    /// Mistakes to make on purpose.
    #[doc(hidden)]
    pub faults: Faults,
}

/// Mistakes that the engine makes on purpose, so that a test can see that it would notice them.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// An absent key fails negated operators.
    pub absent_fails_negated: bool,
    /// An absent key fails `ForAllValues`.
    pub absent_fails_for_all: bool,
    /// Deny statements count for nothing.
    pub deny_is_ignored: bool,
    /// The last atom of each key is lost.
    pub lost_atoms: bool,
    /// A Deny with several tests denies whatever meets one of them.
    pub deny_any_side: bool,
    /// A statement matches nothing if nothing surely matches it.
    pub kept_at_least: bool,
    /// A condition fails only where it cannot hold.
    pub fails_at_most: bool,
    /// A guess counts without asking the evaluator.
    pub guess_is_not_checked: bool,
    /// A guess may be a request that AWS never makes.
    pub guess_breaks_laws: bool,
    /// Any condition on a key answers what is asked of the key.
    pub refuted_by_any_condition: bool,
}

/// An answer about all requests at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Yes, and here is a request; the concrete evaluator accepts it.
    Yes(Box<Witness>),
    /// No request does.
    Never(Proof),
    /// It depends on something that is not known.
    Possibly {
        /// On what.
        why: Vec<Cause>,
        /// A request that does if these values allow.
        example: Option<Box<Witness>>,
    },
    /// It was not found out.
    Undecided(Reason),
}

impl Answer {
    /// The witness of a Yes.
    pub fn witness(&self) -> Option<&Witness> {
        match self {
            Answer::Yes(witness) => Some(witness),
            Answer::Never(_) | Answer::Possibly { .. } | Answer::Undecided(_) => None,
        }
    }

    /// Whether no request does.
    pub fn is_never(&self) -> bool {
        matches!(self, Answer::Never(_))
    }
}

/// What the door says to a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether some request does.
    pub sure: Sure,
    /// A request that does: surely, or if unknown values allow it.
    pub witness: Option<Box<Witness>>,
    /// What it depends on, where it is possible only.
    pub rests_on: Vec<Cause>,
    /// Why it was not found out.
    pub undecided: Option<Reason>,
}

/// How sure a verdict is. Of verdicts for the parts of a policy, the last in this order is that for the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sure {
    /// No request does, which is proved.
    Never,
    /// It depends on something that is not known.
    Possibly,
    /// It was not found out.
    Undecided,
    /// A request shows it.
    Yes,
}

/// A request, and why it passes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// The request.
    pub request: Request,
    /// Keys that the policy or the question reads and that the request does not have: their absence may be the point.
    pub absent: Vec<String>,
    /// The statement that allows it, by its place in its policy.
    pub allowed_by: usize,
}

/// Why there is no request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proof {
    /// What, if it were not there, would turn the answer round.
    pub held_back_by: Vec<Guard>,
}

/// One thing that holds requests back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guard {
    /// The statement, by its place in the policy.
    pub statement: usize,
    /// What of it; `None` for the whole of a Deny.
    pub origin: Option<Origin>,
    /// Where it stands.
    pub span: Span,
    /// A request that would pass without it.
    pub without: Box<Witness>,
}

/// What an answer depends on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// A value with a part that is not known.
    Value {
        /// Where.
        span: Span,
    },
    /// A policy variable whose value comes with the request.
    Variable {
        /// Where.
        span: Span,
    },
    /// An operator that does not exist, or whose meaning is not documented here.
    Operator {
        /// Where.
        span: Span,
    },
    /// Conditions that the file does not show.
    UnseenConditions {
        /// In which statement.
        statement: usize,
    },
    /// Statements that the file does not show.
    UnseenStatements,
    /// An effect that is not known.
    Effect {
        /// Of which statement.
        statement: usize,
    },
    /// Something that AWS does not document: whether `*` names services, whether a flow has a key.
    Undocumented,
}

/// Why something was not found out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Too many sorts of text for one key.
    StringAtoms {
        /// The key.
        key: String,
    },
    /// Too many sorts of set for one key.
    SetAtoms {
        /// The key.
        key: String,
    },
    /// The policy is larger than any that AWS takes; nothing of it was searched.
    Size {
        /// The characters of its values.
        characters: usize,
        /// How many are searched.
        limit: usize,
    },
    /// The search visited too many nodes.
    Nodes,
    /// The engine and the concrete evaluator disagree: a mistake in one of them.
    Internal,
}

impl fmt::Display for Reason {
    /// Which limit was hit.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::StringAtoms { key } => write!(f, "too many different patterns on `{key}`"),
            Reason::SetAtoms { key } => write!(f, "too many combinations of values of `{key}`"),
            Reason::Size { characters, limit } => write!(f, "{characters} characters of values, more than {limit}"),
            Reason::Nodes => f.write_str("too many statements that depend on each other"),
            Reason::Internal => f.write_str("internal error; please report it"),
        }
    }
}

/// What a side of a box comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Origin {
    /// `Action` or `NotAction`.
    Action,
    /// `Principal` or `NotPrincipal`.
    Principal,
    /// `Resource` or `NotResource`.
    Resource,
    /// The condition with this number.
    Condition(usize),
    /// Conditions or statements that the file does not show.
    Unseen,
}
