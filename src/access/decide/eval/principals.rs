//! Whether `Principal` or `NotPrincipal` speaks of a caller, and in what way, which decides whether the caller's own
//! policies have a say (IAM User Guide, "AWS JSON policy elements: Principal" and "Cross-account policy evaluation
//! logic").

use super::keys::bare;
use crate::access::Caller;
use crate::access::undocumented::{self, Open};
use crate::policy::pattern::{glob, text_matches, widest};
use crate::policy::principal::{Member, Principal, PrincipalKind};
use crate::policy::{Effect, Principals, Truth};
use crate::site::PolicyKind;
use crate::value::Text;
use std::fmt;

/// How a statement speaks of a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MatchedAs {
    /// As one of everybody: `*`.
    Anyone,
    /// As a member of its account, whose administrators decide further.
    Account,
    /// As this user.
    User,
    /// As a session of this role.
    Role,
    /// As this session.
    Session,
    /// As this session of GetFederationToken.
    FederatedUser,
    /// As this service.
    Service,
    /// As a token or an assertion of this provider.
    Provider,
    /// As somebody whom `NotPrincipal` does not list.
    NotListed,
}

impl fmt::Display for MatchedAs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            MatchedAs::Anyone => "anyone",
            MatchedAs::Account => "a member of its account",
            MatchedAs::User => "this user",
            MatchedAs::Role => "a session of this role",
            MatchedAs::Session => "this session",
            MatchedAs::FederatedUser => "this federated user",
            MatchedAs::Service => "this service",
            MatchedAs::Provider => "this identity provider",
            MatchedAs::NotListed => "not listed in `NotPrincipal`",
        })
    }
}

/// Whether the element covers the caller.
pub fn cover(principals: &Principals, effect: Effect, kind: PolicyKind, caller: &Caller) -> Truth {
    if principals.negated {
        return covers(principals, effect, kind, caller).0;
    }
    let each = principals.entries.iter().map(|entry| matches(entry, effect, kind, caller).1);
    each.fold(Truth::from_open(principals.open_ended), Truth::or)
}

/// The same with every way in which it surely does.
pub fn covers(principals: &Principals, effect: Effect, kind: PolicyKind, caller: &Caller) -> (Truth, Vec<MatchedAs>) {
    let listed: Vec<(MatchedAs, Truth)> = principals
        .entries
        .iter()
        .map(|entry| matches(entry, effect, kind, caller))
        .filter(|(_, truth)| *truth != Truth::No)
        .collect();
    let truth_of = |wanted: MatchedAs| {
        let found = listed.iter().filter(|(matched, _)| *matched == wanted).map(|(_, truth)| *truth);
        found.fold(Truth::from_open(principals.open_ended), Truth::or)
    };
    if !principals.negated {
        let any = listed.iter().map(|(_, truth)| *truth).fold(Truth::from_open(principals.open_ended), Truth::or);
        let ways = listed.iter().filter(|(_, truth)| *truth == Truth::Yes).map(|(matched, _)| *matched);
        return (any, ways.collect());
    }
    // A Deny with `NotPrincipal` spares a caller only if the account is listed too, and for a session also its role.
    let needed: &[MatchedAs] = match (effect, caller) {
        (Effect::Deny, Caller::User { .. }) => &[MatchedAs::Account, MatchedAs::User],
        (Effect::Deny, Caller::Role { .. }) => &[MatchedAs::Account, MatchedAs::Role, MatchedAs::Session],
        (Effect::Deny, Caller::FederatedUser { .. }) => &[MatchedAs::Account, MatchedAs::FederatedUser],
        _ => &[],
    };
    let spared = if needed.is_empty() {
        listed.iter().map(|(_, truth)| *truth).fold(Truth::from_open(principals.open_ended), Truth::or)
    } else {
        needed.iter().map(|way| truth_of(*way)).fold(Truth::Yes, Truth::and).or(truth_of(MatchedAs::Anyone))
    };
    (spared.not(), vec![MatchedAs::NotListed])
}

/// Whether one principal is the caller.
fn matches(entry: &Principal, effect: Effect, kind: PolicyKind, caller: &Caller) -> (MatchedAs, Truth) {
    let is = |identity: &str| same(&entry.text, identity);
    match (&entry.kind, caller) {
        (PrincipalKind::Anyone, _) => (MatchedAs::Anyone, anyone(entry.member, effect, kind, caller)),
        (PrincipalKind::Account { account }, _) => (MatchedAs::Account, in_account(&entry.text, account, caller)),
        (PrincipalKind::User { .. }, Caller::User { .. }) => {
            (MatchedAs::User, caller.principal_arn().map_or(Truth::No, |arn| is(&arn)))
        }
        (PrincipalKind::Role { .. }, Caller::Role { partition, account, name, .. }) => {
            let exact = caller.principal_arn().map_or(Truth::No, |arn| is(&arn));
            // A session's ARN drops the path of the role, and role names are unique without it.
            let start = format!("arn:{partition}:iam::{account}:role/");
            let without_path = !name.contains('/')
                && entry.text.known().and_then(|text| text.strip_prefix(&start)).is_some_and(|role| bare(role) == name);
            (MatchedAs::Role, exact.or(without_path.into()))
        }
        (PrincipalKind::Session { .. }, Caller::Role { .. }) => (MatchedAs::Session, is(&caller.to_string())),
        (PrincipalKind::FederatedUser { .. }, Caller::FederatedUser { .. }) => {
            (MatchedAs::FederatedUser, is(&caller.to_string()))
        }
        (PrincipalKind::Service { host }, Caller::Service(name)) => (MatchedAs::Service, same(host, name)),
        (PrincipalKind::Saml { .. }, Caller::Saml(provider))
        | (PrincipalKind::Oidc { .. } | PrincipalKind::WebIdentity { .. }, Caller::Oidc(provider)) => {
            (MatchedAs::Provider, is(provider))
        }
        // The canonical id of an account does not follow from its account id.
        (PrincipalKind::CanonicalUser, _) => (MatchedAs::Account, Truth::from_open(caller.account().is_some())),
        (PrincipalKind::Unknown, _) => (MatchedAs::Account, Truth::Maybe),
        // The id of a deleted principal is nobody's; what IAM rejects is nobody either.
        (PrincipalKind::UniqueId { .. } | PrincipalKind::Invalid { .. }, _)
        | (PrincipalKind::User { .. } | PrincipalKind::Role { .. }, _)
        | (PrincipalKind::Session { .. } | PrincipalKind::FederatedUser { .. }, _)
        | (PrincipalKind::Service { .. } | PrincipalKind::Saml { .. }, _)
        | (PrincipalKind::Oidc { .. } | PrincipalKind::WebIdentity { .. }, _) => (MatchedAs::Anyone, Truth::No),
    }
}

/// A principal's text, which may have holes, and an identity.
fn same(text: &Text, identity: &str) -> Truth {
    match text.known() {
        Some(known) => (known == identity).into(),
        None => Truth::from_open(glob(&widest(text), identity)),
    }
}

/// The open question that an answer which may be so rests on, if it is none about a value of the policy.
pub fn open_question(principals: &Principals, caller: &Caller) -> Option<Open> {
    let known = |entry: &Principal| entry.kind != PrincipalKind::Unknown && entry.text.known().is_some();
    let signs = !matches!(caller, Caller::Service(_) | Caller::Oidc(_) | Caller::Saml(_));
    let star = principals.entries.iter().any(|entry| entry.kind == PrincipalKind::Anyone);
    (star && !signs && !principals.open_ended && principals.entries.iter().all(known))
        .then_some(undocumented::ALLOW_ANYONE_NAMES_SERVICES)
}

/// Whether `*` is the caller. `{"AWS": "*"}` lists AWS principals and, like `"*"`, nobody in particular; `"*"` lists
/// services as well. A trust policy has only the former, whose reach is not documented.
fn anyone(member: Option<Member>, effect: Effect, kind: PolicyKind, caller: &Caller) -> Truth {
    match caller {
        Caller::User { .. }
        | Caller::Role { .. }
        | Caller::Root { .. }
        | Caller::FederatedUser { .. }
        | Caller::Anonymous => Truth::Yes,
        Caller::Service(_) | Caller::Oidc(_) | Caller::Saml(_) => match effect {
            _ if member.is_none() && kind != PolicyKind::Trust => Truth::Yes,
            Effect::Deny => undocumented::DENY_ANYONE_STOPS_SERVICES.answer,
            Effect::Allow | Effect::Unknown => undocumented::ALLOW_ANYONE_NAMES_SERVICES.answer,
        },
    }
}

/// Whether the caller belongs to an account, named by its id or by its root ARN.
fn in_account(text: &Text, account: &Text, caller: &Caller) -> Truth {
    let (Caller::User { partition, account: own, .. }
    | Caller::Role { partition, account: own, .. }
    | Caller::Root { partition, account: own }
    | Caller::FederatedUser { partition, account: own, .. }) = caller
    else {
        return Truth::No;
    };
    let of_partition = match text.known().and_then(|text| text.strip_prefix("arn:")) {
        Some(rest) => rest.split(':').next() == Some(partition),
        None => true,
    };
    // A hole has no wildcards of its own; `text_matches` reads only the known parts as a pattern, which are digits.
    text_matches(account, own).and(of_partition.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::lower;
    use crate::syntax::json;

    fn covered(element: &str, effect: &str, kind: PolicyKind, caller: &Caller) -> Truth {
        let text = format!(r#"{{"Statement": [{{"Effect": "{effect}", {element}, "Action": "sts:AssumeRole"}}]}}"#);
        let policy = lower(&json::parse(&text, json::Dialect::Strict).documents[0]);
        let statement = &policy.statements[0];
        let principals = statement.principals.as_ref().expect("the element");
        covers(principals, statement.effect, kind, caller).0
    }

    fn caller(text: &str) -> Caller {
        Caller::parse(text).expect("a caller")
    }

    #[test]
    fn forms() {
        let user = "arn:aws:iam::111122223333:user/team/alice";
        let session = "arn:aws:sts::111122223333:assumed-role/Src/s1";
        for (principal, who, expected) in [
            ("arn:aws:iam::111122223333:user/team/alice", user, true),
            ("arn:aws:iam::111122223333:user/alice", user, false),
            ("arn:aws:iam::111122223333:user/team/Alice", user, false),
            ("111122223333", session, true),
            ("arn:aws:iam::111122223333:root", session, true),
            ("arn:aws-cn:iam::111122223333:root", session, false),
            ("arn:aws:iam::111122223333:role/team/Src", session, true),
            ("arn:aws:iam::111122223333:role/team/src", session, false),
            ("arn:aws:sts::111122223333:assumed-role/Src/s1", session, true),
            ("arn:aws:sts::111122223333:assumed-role/Src/s2", session, false),
            ("AROADBQP57FF2AEXAMPLE", session, false),
            ("arn:aws:iam::*:role/Src", session, false),
            ("*", session, true),
        ] {
            let element = format!(r#""Principal": {{"AWS": "{principal}"}}"#);
            let found = covered(&element, "Allow", PolicyKind::Trust, &caller(who));
            assert_eq!(found, expected.into(), "{principal} {who}");
        }
        let path = caller("arn:aws:iam::111122223333:role/other/Src");
        let element = r#""Principal": {"AWS": "arn:aws:iam::111122223333:role/team/Src"}"#;
        assert_eq!(covered(element, "Allow", PolicyKind::Trust, &path), Truth::No);
    }

    #[test]
    fn everybody() {
        let service = caller("ec2.amazonaws.com");
        let aws = r#""Principal": {"AWS": "*"}"#;
        assert_eq!(covered(aws, "Deny", PolicyKind::Trust, &service), Truth::Yes);
        assert_eq!(covered(r#""Principal": "*""#, "Allow", PolicyKind::Resource, &service), Truth::Yes);
        // What AWS does not document is neither a yes nor a no.
        for federated in ["cognito-identity.amazonaws.com", "arn:aws:iam::111122223333:saml-provider/Okta"] {
            assert_eq!(covered(aws, "Allow", PolicyKind::Trust, &caller(federated)), Truth::Maybe, "{federated}");
        }
        for kind in [PolicyKind::Trust, PolicyKind::Resource] {
            assert_eq!(covered(aws, "Allow", kind, &service), Truth::Maybe);
            let mixed = r#""Principal": {"AWS": "*", "Service": "ec2.amazonaws.com"}"#;
            assert_eq!(covered(mixed, "Allow", kind, &service), Truth::Yes);
            assert_eq!(covered(r#""NotPrincipal": {"AWS": "*"}"#, "Allow", kind, &service), Truth::Maybe);
        }
        assert_eq!(covered(r#""Principal": "*""#, "Allow", PolicyKind::Trust, &service), Truth::Maybe);
        let account = r#""Principal": {"AWS": "111122223333"}"#;
        assert_eq!(covered(account, "Allow", PolicyKind::Trust, &service), Truth::No);
        assert_eq!(covered(aws, "Allow", PolicyKind::Resource, &Caller::Anonymous), Truth::Yes);
    }

    #[test]
    fn not_principal_spares_only_who_is_listed_with_the_account() {
        let user = caller("arn:aws:iam::111122223333:user/alice");
        let alone = r#""NotPrincipal": {"AWS": "arn:aws:iam::111122223333:user/alice"}"#;
        let both = r#""NotPrincipal": {"AWS": ["111122223333", "arn:aws:iam::111122223333:user/alice"]}"#;
        assert_eq!(covered(alone, "Deny", PolicyKind::Resource, &user), Truth::Yes);
        assert_eq!(covered(both, "Deny", PolicyKind::Resource, &user), Truth::No);
        assert_eq!(covered(alone, "Allow", PolicyKind::Resource, &user), Truth::No);
        assert_eq!(covered(alone, "Allow", PolicyKind::Resource, &Caller::Anonymous), Truth::Yes);
    }
}
