//! Condition keys: which of them a request to assume a role holds, and who decides their values.
//!
//! A key that a request never holds makes a test dead, or, negated or with `IfExists`, makes it a hole. Each row of the
//! table says how sure it is.
//!
//! Source: IAM User Guide, *AWS global condition context keys* and *IAM and AWS STS condition context keys*; the Service
//! Authorization Reference of STS.

use super::issuers;
use super::sts::Caller;
use super::{find, nearest};

// KEYS: keys of one name, and TAGGED: those with a tag after their slash, both sorted by name. COMMON: claims that
// tokens have whoever the issuer is. CLAIM, ABSENT and OTHER: any other claim that STS gives for an issuer, does not give
// for it, and of which nobody knows.
include!(concat!(env!("OUT_DIR"), "/aws_keys.rs"));

/// How a request for a role comes about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Flow {
    /// `AssumeRole` by an IAM user with long-term keys.
    User,
    /// `AssumeRole` by an IAM user with temporary credentials: `GetSessionToken`, the console.
    UserSession,
    /// `AssumeRole` by a session of a role.
    RoleSession,
    /// `AssumeRole` by a service of AWS.
    Service,
    /// `AssumeRoleWithSAML`.
    Saml,
    /// `AssumeRoleWithWebIdentity`.
    WebIdentity,
}

impl Flow {
    /// Every flow, in the order of the table's columns.
    pub const ALL: [Flow; 6] =
        [Flow::User, Flow::UserSession, Flow::RoleSession, Flow::Service, Flow::Saml, Flow::WebIdentity];

    /// The kind of principal that makes such requests.
    pub fn caller(self) -> Caller {
        match self {
            Flow::User | Flow::UserSession | Flow::RoleSession => Caller::Aws,
            Flow::Service => Caller::Service,
            Flow::Saml => Caller::Saml,
            Flow::WebIdentity => Caller::Oidc,
        }
    }
}

/// Whether a request holds a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Presence {
    /// In every request of the flow.
    Always,
    /// In some, for a reason that the note gives.
    Sometimes,
    /// In none.
    Never,
    /// Nobody has verified it: neither "dead" nor "fine" may rest on it.
    Unverified,
}

/// Who decides a key's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// The caller chooses it freely: it protects nothing by itself.
    Free,
    /// AWS or the network sets it.
    Environment,
    /// The identity provider vouches for it.
    Issued,
    /// It is a property of the caller's principal.
    Principal,
}

/// The type of a key's values, which decides the operators that fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyType {
    /// A string.
    String,
    /// An ARN.
    Arn,
    /// `true` or `false`.
    Bool,
    /// A number.
    Numeric,
    /// A date, or seconds since 1970.
    Date,
    /// An IP address.
    Ip,
}

/// How sure a row is, by the weakest thing that it rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Mark {
    /// Nobody is: nothing may rest on it in silence.
    Unsure,
    /// One good secondary source, or long-standing knowledge.
    Likely,
    /// Read in AWS material.
    Certain,
}

/// What is known of a condition key in a trust policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its name in the spelling of AWS. A slash at the end stands before any tag, `HOST:` for the issuer of a provider.
    pub name: &'static str,
    /// The type of its values.
    pub kind: KeyType,
    /// Whether a request can hold several values for it, which calls for `ForAllValues` or `ForAnyValue`.
    pub multivalued: bool,
    /// How sure all this is.
    pub mark: Mark,
    /// A remark for people.
    pub note: Option<&'static str>,
    presence: [Presence; 6],
    class: [Class; 6],
}

impl Key {
    /// Whether requests of this flow hold the key.
    pub fn presence(&self, flow: Flow) -> Presence {
        self.presence[flow as usize]
    }

    /// Who decides its value in requests of this flow.
    pub fn class(&self, flow: Flow) -> Class {
        self.class[flow as usize]
    }
}

/// What is known of a key, in whatever case it is written.
///
/// - `aws:PrincipalTag/team` and the like are found by what stands before the slash; a tag must follow it.
/// - `ISSUER:claim`, where the issuer has a dot, is a claim of an OIDC token. A claim that STS does not give for a
///   known issuer is found too, as one that is never present; of an issuer that is not known, as unverified.
/// - Keys of other services are `None`: a request to STS never holds them.
pub fn key(name: &str) -> Option<Key> {
    known(name).copied()
}

/// Whether a request can hold several values for a key: [`Key::multivalued`].
pub fn is_multivalued(name: &str) -> bool {
    known(name).is_some_and(|key| key.multivalued)
}

/// [`key`] in its place in the table.
fn known(name: &str) -> Option<&'static Key> {
    if let Some(key) = find(&KEYS, name, |key| key.name) {
        return Some(key);
    }
    let (before, rest) = name.split_once(':').filter(|(_, rest)| !rest.is_empty())?;
    if before.contains('.') {
        return Some(claim_key(before, rest));
    }
    let slash = name.find('/').filter(|at| at + 1 < name.len())?;
    find(&TAGGED, &name[..=slash], |key| key.name)
}

/// The row for a claim of an issuer that has no row of its own.
fn claim_key(issuer: &str, claim: &str) -> &'static Key {
    let common = COMMON.iter().find(|(common, _)| common.eq_ignore_ascii_case(claim));
    // Every key of the built-in issuers has a row of its own.
    if let Some((_, key)) = common.filter(|_| !issuers::names_builtin(issuer)) {
        return key;
    }
    match issuers::known(issuer) {
        Some(issuer) if issuer.claims.contains(claim) => &CLAIM,
        Some(issuer) if issuer.verified => &ABSENT,
        Some(_) | None => &OTHER,
    }
}

/// Whether no request of a flow holds the key. Keys of other services are in no request to STS.
pub fn is_never_sent(name: &str, flow: Flow) -> bool {
    key(name).is_none_or(|key| key.presence(flow) == Presence::Never && key.mark != Mark::Unsure)
}

/// Whether this is a global condition key, `aws:…`, that AWS knows.
pub fn is_global(name: &str) -> bool {
    name.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("aws:")) && known(name).is_some()
}

/// The key nearest to one that is not known: `aws:PrincipalOrgID` for `aws:PrincipleOrgID`. With a tag, the answer ends
/// at the slash.
pub fn suggest(name: &str) -> Option<&'static str> {
    if known(name).is_some() {
        return None;
    }
    let name = &name[..name.find('/').map_or(name.len(), |slash| slash + 1)];
    nearest(name, 2, KEYS.iter().chain(&TAGGED).map(|key| key.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::tests::{optional, rows, searchable};

    /// What a row's key is called by someone who asks for it.
    fn asked(name: &str) -> String {
        match name.strip_prefix("HOST:") {
            Some("CLAIM") => "token.actions.githubusercontent.com:environment".to_owned(),
            Some("ABSENT") => "token.actions.githubusercontent.com:repository_owner".to_owned(),
            Some("OTHER") => "gitlab.example.com:project_id".to_owned(),
            Some(claim) => format!("gitlab.example.com:{claim}"),
            None if name.ends_with('/') => format!("{name}x"),
            None => name.to_owned(),
        }
    }

    #[test]
    fn every_row_is_found() {
        let rows = rows(include_str!("data/keys.tsv"));
        assert_eq!(rows.len(), KEYS.len() + TAGGED.len() + COMMON.len() + 3);
        searchable(&KEYS, |key| key.name);
        searchable(&TAGGED, |key| key.name);
        for row in rows {
            let name = asked(row[0]);
            let found = key(&name).expect(&name);
            assert_eq!([found.name, &format!("{:?}", found.kind)], row[..2], "{name}");
            assert_eq!(if found.multivalued { "multi" } else { "single" }, row[2], "{name}");
            let presence = Flow::ALL.map(|flow| match found.presence(flow) {
                Presence::Always => "A",
                Presence::Sometimes => "S",
                Presence::Never => "-",
                Presence::Unverified => "?",
            });
            assert_eq!(presence, row[3..9], "{name}");
            let class = Flow::ALL.map(|flow| match found.class(flow) {
                Class::Free => "F",
                Class::Environment => "E",
                Class::Issued => "I",
                Class::Principal => "P",
            });
            let letters = if row[9].len() == 1 { row[9].repeat(6) } else { row[9].to_owned() };
            assert_eq!(class.concat(), letters, "{name}");
            assert_eq!(format!("{:?}", found.mark)[..1], *row[10], "{name}");
            assert_eq!(found.note, optional(row[11]), "{name}");
            assert_eq!(key(&name.to_ascii_uppercase()), Some(found), "{name}");
            assert_eq!(is_multivalued(&name), found.multivalued, "{name}");
        }
    }

    fn presence(name: &str) -> [Presence; 6] {
        let key = key(name).unwrap_or_else(|| panic!("{name} is not known"));
        Flow::ALL.map(|flow| key.presence(flow))
    }

    use Presence::{Always as A, Never as N, Sometimes as S, Unverified as U};

    #[test]
    fn presence_by_flow() {
        assert_eq!(presence("aws:PrincipalArn"), [A, A, A, U, N, N]);
        assert_eq!(presence("AWS:MULTIFACTORAUTHPRESENT"), [S, A, S, N, N, N]);
        assert_eq!(presence("aws:SourceArn"), [N, N, N, S, N, N]);
        assert_eq!(presence("sts:ExternalId"), [S, S, S, S, N, N]);
        assert_eq!(presence("sts:RoleSessionName"), [A; 6]);
        assert_eq!(presence("saml:aud"), [N, N, N, N, A, N]);
        assert_eq!(presence("sts:DurationSeconds"), [N; 6]);
        assert_eq!(presence("aws:PrincipalTag/Team"), [S, S, S, S, U, U]);
    }

    #[test]
    fn several_values() {
        let names = KEYS.iter().map(|key| key.name).chain([
            "token.actions.githubusercontent.com:amr",
            "token.actions.githubusercontent.com:sub",
            "gitlab.example.com:amr",
            "gitlab.example.com:groups",
            "graph.facebook.com:amr",
            "aws:PrincipalTag/Team",
            "s3:prefix",
        ]);
        for name in names {
            assert_eq!(is_multivalued(name), key(name).is_some_and(|key| key.multivalued), "{name}");
        }
    }

    #[test]
    fn claims() {
        assert_eq!(presence("token.actions.githubusercontent.com:sub"), [N, N, N, N, N, A]);
        assert_eq!(presence("token.actions.githubusercontent.com:environment"), [N, N, N, N, N, S]);
        assert_eq!(presence("token.actions.githubusercontent.com:repository_owner"), [N; 6], "not given by STS");
        assert_eq!(presence("gitlab.example.com:project_id"), [N, N, N, N, N, U], "an unknown issuer");
        assert_eq!(presence("cognito-identity.amazonaws.com:aud"), [N, N, S, N, N, A]);
        assert_eq!(presence("graph.facebook.com:sub"), [N; 6]);
        assert_eq!(presence("oidc.circleci.com/org/1:oidc.circleci.com/project-id"), [N, N, N, N, N, S]);
        assert_eq!(presence("oidc.eks.eu-west-1.amazonaws.com/id/ABC:sub"), [N, N, N, N, N, A]);
        assert!(key("oidc.eks.eu-west-1.amazonaws.com/id/ABC:amr").is_some_and(|key| key.multivalued));
    }

    #[test]
    fn classes_types_and_marks() {
        let tag = key("aws:RequestTag/team").expect("known");
        assert_eq!((tag.name, tag.class(Flow::User)), ("aws:RequestTag/", Class::Free));
        assert_eq!(tag.class(Flow::WebIdentity), Class::Issued);
        let paths = key("aws:principalorgpaths").expect("known");
        assert_eq!((paths.name, paths.multivalued, paths.mark), ("aws:PrincipalOrgPaths", true, Mark::Certain));
        assert_eq!(key("aws:SourceIp").map(|key| key.kind), Some(KeyType::Ip));
        assert_eq!(key("aws:MultiFactorAuthAge").map(|key| key.kind), Some(KeyType::Numeric));
    }

    #[test]
    fn names_that_are_not_keys() {
        for name in [
            "",
            ":",
            "aws:",
            "HOST:aud",
            "aws:PrincipalTag/",
            "aws:PrincipalTag",
            "s3:prefix",
            "https://gitlab.com:sub",
            "gitlab.com:",
            "aws:Foo/bar",
        ] {
            assert_eq!(key(name), None, "{name}");
        }
        assert!(is_global("AWS:SourceIp") && is_global("aws:RequestTag/x"));
        assert!(!is_global("sts:ExternalId") && !is_global("aws:PrincipleOrgID") && !is_global("é"));
    }

    #[test]
    fn near_misses() {
        assert_eq!(suggest("aws:PrincipleOrgID"), Some("aws:PrincipalOrgID"));
        assert_eq!(suggest("sts:ExternalIds"), Some("sts:ExternalId"));
        assert_eq!(suggest("aws:PrincipleTag/team"), Some("aws:PrincipalTag/"));
        assert_eq!(suggest("aws:SourceIp"), None);
        assert_eq!(suggest("s3:prefix"), None);
    }
}
