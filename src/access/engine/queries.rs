//! The questions that are asked of a policy.
//!
//! A question says who calls and what that caller can have. Keys fall into classes: what follows from the caller's own
//! identity or network (an organization, an address, a token's owner) a stranger has only with values that are not
//! somebody else's; all other keys the caller chooses. "Somebody else's" are the values that the policy itself names
//! ([`Named`](super::named::Named)).

/// A question about all requests.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Query {
    /// Does any request pass at all?
    Anything,
    /// Can somebody in an account that nobody here names assume the role?
    Anybody {
        /// Whether that person knows the external ids that the policy names.
        knows_external_id: bool,
    },
    /// Can somebody in an account that is neither the owner's nor trusted? Needs the own account or organization.
    OutsideTrusted,
    /// Can somebody of this account?
    Account(String),
    /// Can somebody of another account (of this one, if given) without an external id?
    WithoutExternalId {
        /// The account.
        account: Option<String>,
    },
    /// The same with an external id that the policy does not name.
    AnyExternalId {
        /// The account.
        account: Option<String>,
    },
    /// Can a machine of another account (of this one, if given): a caller without multi-factor authentication, of no
    /// organization that the policy names, with this external id?
    Machine {
        /// The account.
        account: Option<String>,
        /// What it sends.
        id: ExternalId,
    },
    /// Can an IAM user without multi-factor authentication?
    WithoutMfa,
    /// Can an IAM user whose credentials were got in this way?
    User {
        /// With which sort of credentials.
        mfa: Mfa,
        /// Whether the user may send an external id.
        external_id: bool,
    },
    /// Can the holder of a token of this issuer that belongs to another customer of it?
    ForeignToken {
        /// The issuer without `https://`.
        issuer: String,
    },
    /// Can a token of this issuer that was made for an audience that the policy does not name?
    WrongAudience {
        /// The issuer without `https://`.
        issuer: String,
    },
    /// Can this service on behalf of a resource in an account that is not the owner's?
    Service {
        /// The host name.
        host: String,
        /// What it says of the resource.
        sent: Sent,
    },
    /// Can the holder of a SAML assertion that was made for another service than AWS?
    ForeignAssertion,
    /// Can a request that does not have this key?
    WithoutKey {
        /// The key.
        key: String,
    },
}

impl Query {
    /// Whether it is about callers who have none of the values that somebody in particular has.
    pub fn is_about_strangers(&self) -> bool {
        match self {
            Query::Anybody { .. } | Query::Machine { .. } | Query::AnyExternalId { .. } => true,
            Query::Anything
            | Query::OutsideTrusted
            | Query::Account(_)
            | Query::WithoutExternalId { .. }
            | Query::WithoutMfa
            | Query::User { .. }
            | Query::ForeignToken { .. }
            | Query::WrongAudience { .. }
            | Query::Service { .. }
            | Query::ForeignAssertion
            | Query::WithoutKey { .. } => false,
        }
    }
}

/// What a third party sends as `sts:ExternalId`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExternalId {
    /// None.
    Absent,
    /// One that matches no value that the policy has for the key, wildcards included.
    Unlike,
    /// One that the policy does not write out.
    Unnamed,
}

/// How the credentials of a user were got, as far as multi-factor authentication goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mfa {
    /// An access key: the keys are not in the request.
    Absent,
    /// A session without it: the key says so.
    No,
    /// With it.
    Yes,
}

/// The keys by which a service says for whom it acts, as far as it sends them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Sent {
    /// All of them.
    All,
    /// These, and never the others.
    Only(Vec<&'static str>),
    /// `aws:SourceArn` is what tells one source from another; the others say the role's own account.
    Anchor,
}

/// A part of the policy to which a question is held: through this statement, through this principal of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Through {
    /// The Allow statement, by its place in the policy.
    pub statement: Option<usize>,
    /// The principal, by its place in the statement's `Principal`.
    pub principal: Option<usize>,
}
