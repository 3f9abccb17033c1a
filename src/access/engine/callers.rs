//! The caller as one structured dimension: its kinds, the keys that follow from it, and the tests on it.

use super::bits::Bits;
use super::pattern::Pattern;
use crate::access::request::Caller;

/// The kinds of caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each is the caller of that name")]
pub enum Kind {
    User,
    Role,
    Root,
    FederatedUser,
    Service,
    Oidc,
    Saml,
    Anonymous,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 8] = [
        Kind::User,
        Kind::Role,
        Kind::Root,
        Kind::FederatedUser,
        Kind::Service,
        Kind::Oidc,
        Kind::Saml,
        Kind::Anonymous,
    ];
    /// The kinds that live in an account.
    pub const AWS: [Kind; 4] = [Kind::User, Kind::Role, Kind::Root, Kind::FederatedUser];

    /// The kind of a caller.
    pub fn of(caller: &Caller) -> Kind {
        match caller {
            Caller::User { .. } => Kind::User,
            Caller::Role { .. } => Kind::Role,
            Caller::Root { .. } => Kind::Root,
            Caller::FederatedUser { .. } => Kind::FederatedUser,
            Caller::Service(_) => Kind::Service,
            Caller::Oidc(_) => Kind::Oidc,
            Caller::Saml(_) => Kind::Saml,
            Caller::Anonymous => Kind::Anonymous,
        }
    }
}

/// Keys whose value follows from the caller (IAM User Guide, "AWS global condition context keys").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Derived {
    /// `aws:PrincipalArn`.
    Arn,
    /// `aws:PrincipalAccount`.
    Account,
    /// `aws:PrincipalType`.
    Type,
    /// `aws:username`.
    Username,
    /// `aws:PrincipalIsAWSService`.
    IsService,
    /// `aws:PrincipalServiceName`.
    ServiceName,
}

/// Whether callers of a kind have a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Has {
    /// Always.
    Always,
    /// Never.
    Never,
    /// AWS does not say.
    Unverified,
}

impl Derived {
    /// The key of this name.
    pub fn of(key: &str) -> Option<Derived> {
        const KEYS: [(&str, Derived); 6] = [
            ("aws:PrincipalArn", Derived::Arn),
            ("aws:PrincipalAccount", Derived::Account),
            ("aws:PrincipalType", Derived::Type),
            ("aws:username", Derived::Username),
            ("aws:PrincipalIsAWSService", Derived::IsService),
            ("aws:PrincipalServiceName", Derived::ServiceName),
        ];
        KEYS.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, derived)| *derived)
    }

    /// Whether callers of a kind have the key.
    pub fn presence(self, kind: Kind) -> Has {
        let aws = Kind::AWS.contains(&kind);
        match self {
            Derived::Arn | Derived::Account | Derived::Type if aws => Has::Always,
            Derived::Arn if kind != Kind::Service => Has::Never,
            Derived::Arn | Derived::Account | Derived::Type => Has::Unverified,
            Derived::Username if kind == Kind::User => Has::Always,
            Derived::Username => Has::Never,
            Derived::IsService if aws || kind == Kind::Service => Has::Always,
            Derived::IsService => Has::Unverified,
            Derived::ServiceName if kind == Kind::Service => Has::Always,
            Derived::ServiceName => Has::Never,
        }
    }
}

/// A test on the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// A caller of one of these kinds.
    Kinds(&'static [Kind]),
    /// A caller of the account that the pattern matches.
    Account(Pattern),
    /// A user whose ARN the pattern matches.
    User(Pattern),
    /// A session of a role whose ARN some pattern matches.
    Role(Vec<Pattern>),
    /// A session, by the account, the bare name of the role and the session's name.
    Session {
        /// The account.
        account: Pattern,
        /// `NAME#SESSION`.
        tail: Pattern,
    },
    /// The federated user with this ARN.
    FederatedUser(Pattern),
    /// A service whose host the pattern matches.
    Service(Pattern),
    /// A token of a provider whose ARN or host the pattern matches.
    Oidc(Pattern),
    /// An assertion of a provider whose ARN the pattern matches.
    Saml(Pattern),
    /// A caller who has the key, with a value that some pattern matches.
    Key(Derived, Vec<Pattern>),
}

/// A representative caller and the truth of each test.
#[derive(Clone, Debug)]
pub struct CallerAtom {
    /// The representative.
    pub caller: Caller,
    /// Its kind.
    pub kind: Kind,
    /// The tests that hold for it.
    pub truth: Bits,
}

/// All callers that some test can tell apart.
#[derive(Clone, Debug, Default)]
pub struct Callers {
    /// The atoms; callers of different accounts are never one atom.
    pub atoms: Vec<CallerAtom>,
    /// Accounts that no test and no configuration names.
    pub strangers: Vec<String>,
}

impl Callers {
    /// The atoms whose caller satisfies a predicate on the kind and the account, the only things that are safe to ask of
    /// a representative.
    pub fn select(&self, test: impl Fn(Kind, Option<&str>) -> bool) -> Bits {
        Bits::of(self.atoms.len(), |index| {
            let atom = &self.atoms[index];
            test(atom.kind, atom.caller.account())
        })
    }
}

impl Who {
    /// Whether the test holds for a caller.
    pub fn holds(&self, caller: &Caller) -> bool {
        let kind = Kind::of(caller);
        let any = |patterns: &[Pattern], text: Option<String>| {
            text.is_some_and(|text| patterns.iter().any(|pattern| pattern.matches(&text)))
        };
        let account = || caller.account().map(str::to_owned);
        match self {
            Who::Kinds(kinds) => kinds.contains(&kind),
            Who::Account(pattern) => any(std::slice::from_ref(pattern), account()),
            Who::User(pattern) => kind == Kind::User && any(std::slice::from_ref(pattern), caller.principal_arn()),
            Who::Role(patterns) => kind == Kind::Role && any(patterns, caller.principal_arn()),
            Who::FederatedUser(pattern) => {
                kind == Kind::FederatedUser && any(std::slice::from_ref(pattern), caller.principal_arn())
            }
            Who::Session { account: own, tail } => match caller {
                Caller::Role { account, name, session, .. } => {
                    let bare = name.rsplit_once('/').map_or(name.as_str(), |(_, bare)| bare);
                    own.matches(account) && tail.matches(&format!("{bare}#{session}"))
                }
                _ => false,
            },
            Who::Service(pattern) => matches!(caller, Caller::Service(host) if pattern.matches(host)),
            Who::Oidc(pattern) => matches!(caller, Caller::Oidc(provider) if pattern.matches(provider)),
            Who::Saml(pattern) => matches!(caller, Caller::Saml(provider) if pattern.matches(provider)),
            Who::Key(key, patterns) => any(patterns, value(*key, caller)),
        }
    }
}

/// The value of a derived key; `None` where it is absent or not known.
fn value(key: Derived, caller: &Caller) -> Option<String> {
    let kind = Kind::of(caller);
    match key {
        Derived::Arn => caller.principal_arn(),
        Derived::Account => caller.account().map(str::to_owned),
        Derived::Type => {
            let name = match kind {
                Kind::User => "User",
                Kind::Role => "AssumedRole",
                Kind::Root => "Account",
                Kind::FederatedUser => "FederatedUser",
                Kind::Service | Kind::Oidc | Kind::Saml | Kind::Anonymous => return None,
            };
            Some(name.to_owned())
        }
        Derived::Username => match caller {
            Caller::User { name, .. } => Some(name.rsplit_once('/').map_or(name.as_str(), |(_, bare)| bare).to_owned()),
            _ => None,
        },
        Derived::IsService => {
            let known = kind == Kind::Service || Kind::AWS.contains(&kind);
            known.then(|| (kind == Kind::Service).to_string())
        }
        Derived::ServiceName => match caller {
            Caller::Service(host) => Some(host.clone()),
            _ => None,
        },
    }
}
