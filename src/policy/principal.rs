//! Who a statement speaks of (IAM User Guide, "AWS JSON policy elements: Principal").

use super::Truth;
use crate::aws::{self, sts::Caller};
use crate::span::Span;
use crate::value::{Domain, PartRef, Text};

/// One principal of a statement.
#[derive(Clone, Debug)]
pub struct Principal {
    /// The value as written.
    pub text: Text,
    /// The member of `Principal` it stands under, `AWS` and the like; `None` for a bare string.
    pub member: Option<Member>,
    /// What it names.
    pub kind: PrincipalKind,
}

/// The members of a `Principal` object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Member {
    /// `AWS`.
    Aws,
    /// `Service`.
    Service,
    /// `Federated`.
    Federated,
    /// `CanonicalUser`.
    CanonicalUser,
}

impl Member {
    /// Every member with its name.
    pub const ALL: [(Member, &'static str); 4] = [
        (Member::Aws, "AWS"),
        (Member::Service, "Service"),
        (Member::Federated, "Federated"),
        (Member::CanonicalUser, "CanonicalUser"),
    ];
}

/// What a principal names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PrincipalKind {
    /// Every principal of every account.
    Anyone,
    /// Everyone in one account whom that account's policies let call.
    Account {
        /// The account id, which may be a hole.
        account: Text,
    },
    /// One IAM user.
    User {
        /// The account id.
        account: Text,
        /// Path and name.
        name: Text,
    },
    /// Every session of one role.
    Role {
        /// The account id.
        account: Text,
        /// Path and name.
        name: Text,
    },
    /// One session of one role.
    Session {
        /// The account id.
        account: Text,
        /// Role and session name, `role/session`.
        name: Text,
    },
    /// A session of GetFederationToken.
    FederatedUser {
        /// The account id.
        account: Text,
    },
    /// The unique id of a user or role: what IAM shows after the principal was deleted.
    UniqueId {
        /// What the prefix says it was: "user", "role".
        what: &'static str,
    },
    /// An AWS service, by its host name.
    Service {
        /// The host name.
        host: Text,
    },
    /// A SAML provider of the role's own account.
    Saml {
        /// The account id.
        account: Text,
    },
    /// An OpenID Connect provider of the role's own account.
    Oidc {
        /// The account id.
        account: Text,
        /// The issuer without `https://`.
        issuer: Text,
    },
    /// One of the issuers that need no provider in the account, by host name.
    WebIdentity {
        /// The host name.
        issuer: Text,
    },
    /// An S3 canonical user.
    CanonicalUser,
    /// Nothing that IAM accepts, with the reason, to follow "it": "has a wildcard inside an ARN".
    Invalid {
        /// The reason.
        why: String,
    },
    /// Not known.
    Unknown,
}

/// Classify a principal value under a member of `Principal`.
pub fn classify(text: &Text, member: Option<Member>) -> PrincipalKind {
    match member {
        None => match text.known() {
            Some("*") => PrincipalKind::Anyone,
            Some(_) => invalid("is a bare string; only `\"*\"` may stand without `AWS`, `Service` or `Federated`"),
            None => PrincipalKind::Unknown,
        },
        Some(Member::Aws) => classify_aws(text),
        Some(Member::Service) => classify_service(text),
        Some(Member::Federated) => classify_federated(text),
        Some(Member::CanonicalUser) => PrincipalKind::CanonicalUser,
    }
}

fn invalid(why: impl Into<String>) -> PrincipalKind {
    PrincipalKind::Invalid { why: why.into() }
}

fn classify_aws(text: &Text) -> PrincipalKind {
    if let Some(known) = text.known() {
        if known == "*" {
            return PrincipalKind::Anyone;
        }
        if aws::accounts::is_account_id(known) {
            return PrincipalKind::Account { account: text.clone() };
        }
        if let Some(what) = aws::ids::unique_id(known) {
            return match what {
                "user" | "role" => PrincipalKind::UniqueId { what },
                _ => {
                    let article = if what.starts_with(['a', 'i']) { "an" } else { "a" };
                    invalid(format!("is the unique id of {article} {what}, which cannot be a principal"))
                }
            };
        }
        if !known.starts_with("arn:") {
            return invalid(not_an_arn(known));
        }
    }
    match text.only_hole() {
        Some(hole) => match &hole.domain {
            Domain::OwnAccount | Domain::AccountId => PrincipalKind::Account { account: text.clone() },
            Domain::OwnArn(resource) => own_resource(text, resource),
            Domain::Any
            | Domain::Text
            | Domain::OneOf(_)
            | Domain::Partition
            | Domain::Region
            | Domain::UrlSuffix
            | Domain::OwnOrganization => match hole.default.as_deref() {
                Some(default) if aws::accounts::is_account_id(default) => {
                    PrincipalKind::Account { account: text.clone() }
                }
                Some(default) if default.starts_with("arn:") => classify_arn(&Text::literal(default, text.span)),
                Some(_) | None => PrincipalKind::Unknown,
            },
        },
        None => classify_arn(text),
    }
}

fn not_an_arn(text: &str) -> String {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    if text.trim() != text {
        "has white space around it".to_owned()
    } else if !text.is_empty() && text.chars().all(|c| c.is_ascii_digit() || c == '-') {
        format!("has {digits} digits{}, an account id has 12", if text.contains('-') { " and dashes" } else { "" })
    } else if text.ends_with(".amazonaws.com") {
        "is a service; services stand under `Service`".to_owned()
    } else {
        "is neither an ARN, an account id nor `*`".to_owned()
    }
}

/// The ARN of a resource that the same template declares: `Fn::GetAtt: [Role, Arn]`.
fn own_resource(text: &Text, resource: &str) -> PrincipalKind {
    let account = Text::hole(
        crate::value::Hole {
            name: "AWS::AccountId".into(),
            why: "the account of the template",
            domain: Domain::OwnAccount,
            default: None,
        },
        text.span,
    );
    let name = text.clone();
    match resource {
        "AWS::IAM::Role" => PrincipalKind::Role { account, name },
        "AWS::IAM::User" => PrincipalKind::User { account, name },
        _ => PrincipalKind::Unknown,
    }
}

/// `arn:partition:service:region:account:resource`, any of it partly unknown.
fn classify_arn(text: &Text) -> PrincipalKind {
    let fields = text.split(':', 6);
    let [prefix, partition, service, region, account, resource] = fields.as_slice() else {
        // A hole may stand for several fields.
        return if text.known().is_some() {
            invalid("has fewer than the six fields of an ARN")
        } else {
            PrincipalKind::Unknown
        };
    };
    if prefix.known() != Some("arn") {
        return PrincipalKind::Unknown;
    }
    // One colon too many moves every field behind it.
    if partition.known() == Some("") || service.known() == Some("") {
        let next = if partition.known() == Some("") { service } else { region };
        return invalid(format!(
            "has an empty segment before `{}`; an ARN of IAM begins like `arn:aws:iam::`, then comes the account",
            next.display()
        ));
    }
    if let Some(partition) = partition.known()
        && !aws::partitions::is_partition(partition)
    {
        return invalid(format!("names the partition `{partition}`, which does not exist"));
    }
    if region.known().is_some_and(aws::accounts::is_account_id) {
        return invalid("has the account in place of the Region; ARNs of IAM and STS have `::` before it");
    }
    if region.known().is_some_and(|region| !region.is_empty()) {
        return invalid("has a Region; ARNs of IAM and STS have none");
    }
    match account.known() {
        Some(id) if aws::accounts::is_account_id(id) => {}
        Some("") => return invalid("has no account id"),
        Some(id) if id.contains(['*', '?']) => {
            return invalid("has a wildcard inside an ARN; IAM takes only the whole value `*`");
        }
        Some(id) => {
            let digits = id.chars().all(|c| c.is_ascii_digit());
            let found =
                if digits { format!("`{id}` has {} digits", id.len()) } else { format!("`{id}` is no account id") };
            return invalid(format!("has no account: {found}, an account id is 12 digits"));
        }
        None => {}
    }
    let Some(service) = service.known() else { return PrincipalKind::Unknown };
    let account = account.clone();
    if resource.known() == Some("root") {
        return match service {
            "iam" | "sts" => PrincipalKind::Account { account },
            _ => invalid(format!("is an ARN of `{service}`; principals are ARNs of `iam` or `sts`")),
        };
    }
    let pieces = resource.split('/', 2);
    let [sort, name] = pieces.as_slice() else {
        return match resource.known() {
            Some(resource) => invalid(format!("names `{resource}`, which is neither `root`, a user nor a role")),
            None => PrincipalKind::Unknown,
        };
    };
    let Some(sort) = sort.known() else { return PrincipalKind::Unknown };
    if super::pattern::has_wildcard(name) {
        return invalid("has a wildcard inside an ARN; IAM takes only the whole value `*`");
    }
    if name.known() == Some("") {
        return invalid(format!("names no {sort}"));
    }
    let name = name.clone();
    match (service, sort) {
        ("iam", "user") => PrincipalKind::User { account, name },
        ("iam", "role") => PrincipalKind::Role { account, name },
        ("sts", "assumed-role") => PrincipalKind::Session { account, name },
        ("sts", "federated-user") => PrincipalKind::FederatedUser { account },
        ("iam", "assumed-role") => invalid("is a session; its ARN belongs to `sts`, not `iam`"),
        ("iam", "group") => invalid("is a group, which is never a principal; name its users or a role"),
        ("iam", "saml-provider" | "oidc-provider") => invalid("is an identity provider; it stands under `Federated`"),
        ("iam", _) => invalid(format!("is a {sort}, which is never a principal")),
        (service, _) => invalid(format!("is an ARN of `{service}`; principals are ARNs of `iam` or `sts`")),
    }
}

fn classify_service(text: &Text) -> PrincipalKind {
    match text.known() {
        Some(host) if host.contains(['*', '?']) => invalid("has a wildcard; a service is named by its whole host name"),
        Some(host) if host.trim() != host => invalid("has white space around it"),
        Some(host) if !host.contains('.') => invalid("is not a host name such as `ec2.amazonaws.com`"),
        Some(host) if host.starts_with("arn:") => invalid("is an ARN; a service is named by its host name"),
        _ if text.only_hole().is_some_and(|hole| hole.default.is_none()) => PrincipalKind::Unknown,
        _ => PrincipalKind::Service { host: text.clone() },
    }
}

fn classify_federated(text: &Text) -> PrincipalKind {
    if let Some(hole) = text.only_hole() {
        return match &hole.domain {
            Domain::OwnArn(resource) if resource == "AWS::IAM::SAMLProvider" => {
                PrincipalKind::Saml { account: Text::literal("", text.span) }
            }
            _ => match hole.default.as_deref() {
                // An empty default waits for a value.
                Some(default) if !default.is_empty() => classify_federated(&Text::literal(default, text.span)),
                Some(_) | None => PrincipalKind::Unknown,
            },
        };
    }
    if text.strip_prefix("arn:").is_none() {
        return match text.known() {
            Some(host) if host.contains("://") => {
                invalid("has a scheme; an issuer is named by its host name or its provider's ARN")
            }
            Some(host) if host.contains(['*', '?']) => invalid("has a wildcard; a provider is named whole"),
            Some(host) if aws::issuers::is_builtin(host) => PrincipalKind::WebIdentity { issuer: text.clone() },
            Some(host) if host.contains('.') && !host.contains(['/', ' ', ':']) => {
                PrincipalKind::WebIdentity { issuer: text.clone() }
            }
            Some(_) => invalid("is neither a host name nor the ARN of a provider"),
            None => PrincipalKind::Unknown,
        };
    }
    let fields = text.split(':', 6);
    let [_, _, _, _, account, resource] = fields.as_slice() else {
        return if text.known().is_some() {
            invalid("has fewer than the six fields of an ARN")
        } else {
            PrincipalKind::Unknown
        };
    };
    if resource.parts().any(|part| matches!(part, PartRef::Literal(text) if text.contains('*'))) {
        return invalid("has a wildcard; a provider is named whole");
    }
    if let Some(id) = account.known()
        && !aws::accounts::is_account_id(id)
    {
        return invalid(format!("has no account: `{id}` is not 12 digits"));
    }
    if resource.strip_prefix("saml-provider/").is_some() {
        PrincipalKind::Saml { account: account.clone() }
    } else if let Some(issuer) = resource.strip_prefix("oidc-provider/") {
        PrincipalKind::Oidc { account: account.clone(), issuer }
    } else if resource.known().is_some() {
        invalid("is neither a SAML nor an OpenID Connect provider")
    } else {
        PrincipalKind::Unknown
    }
}

impl PrincipalKind {
    /// Whether everyone that another principal stands for is among those that this one stands for.
    pub fn includes(&self, narrow: &PrincipalKind) -> Truth {
        match self {
            // A Deny on everyone also stops services and federated callers; that is likely, though not documented.
            PrincipalKind::Anyone => Truth::Yes,
            PrincipalKind::Account { account } => {
                narrow.account().map_or(Truth::No, |other| Truth::from(account.display() == other.display()))
            }
            PrincipalKind::Unknown => Truth::Maybe,
            PrincipalKind::User { .. }
            | PrincipalKind::Role { .. }
            | PrincipalKind::Session { .. }
            | PrincipalKind::FederatedUser { .. }
            | PrincipalKind::UniqueId { .. }
            | PrincipalKind::Service { .. }
            | PrincipalKind::Saml { .. }
            | PrincipalKind::Oidc { .. }
            | PrincipalKind::WebIdentity { .. }
            | PrincipalKind::CanonicalUser
            | PrincipalKind::Invalid { .. } => (self == narrow).into(),
        }
    }

    /// The account that the principal lives in, where it has one.
    pub fn account(&self) -> Option<&Text> {
        match self {
            PrincipalKind::Account { account }
            | PrincipalKind::User { account, .. }
            | PrincipalKind::Role { account, .. }
            | PrincipalKind::Session { account, .. }
            | PrincipalKind::FederatedUser { account } => Some(account),
            PrincipalKind::Anyone
            | PrincipalKind::UniqueId { .. }
            | PrincipalKind::Service { .. }
            | PrincipalKind::Saml { .. }
            | PrincipalKind::Oidc { .. }
            | PrincipalKind::WebIdentity { .. }
            | PrincipalKind::CanonicalUser
            | PrincipalKind::Invalid { .. }
            | PrincipalKind::Unknown => None,
        }
    }
}

impl PrincipalKind {
    /// How such a principal asks STS for a role; `None` where that is not known or never happens.
    pub fn caller(&self) -> Option<Caller> {
        match self {
            PrincipalKind::Anyone
            | PrincipalKind::Account { .. }
            | PrincipalKind::User { .. }
            | PrincipalKind::Role { .. }
            | PrincipalKind::Session { .. }
            | PrincipalKind::FederatedUser { .. } => Some(Caller::Aws),
            PrincipalKind::Service { .. } => Some(Caller::Service),
            PrincipalKind::Saml { .. } => Some(Caller::Saml),
            PrincipalKind::Oidc { .. } | PrincipalKind::WebIdentity { .. } => Some(Caller::Oidc),
            PrincipalKind::UniqueId { .. }
            | PrincipalKind::CanonicalUser
            | PrincipalKind::Invalid { .. }
            | PrincipalKind::Unknown => None,
        }
    }
}

impl Principal {
    /// Where the principal is written.
    pub fn span(&self) -> Span {
        self.text.span
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn aws(text: &str) -> PrincipalKind {
        classify(&Text::literal(text, Span::default()), Some(Member::Aws))
    }

    fn why(kind: PrincipalKind) -> String {
        match kind {
            PrincipalKind::Invalid { why } => why,
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn forms_of_aws_principals() {
        assert_eq!(aws("*"), PrincipalKind::Anyone);
        assert!(matches!(aws("111122223333"), PrincipalKind::Account { .. }));
        assert!(matches!(aws("arn:aws:iam::111122223333:root"), PrincipalKind::Account { .. }));
        assert!(matches!(aws("arn:aws:iam::111122223333:user/a/b"), PrincipalKind::User { .. }));
        assert!(matches!(aws("arn:aws:sts::111122223333:assumed-role/r/s"), PrincipalKind::Session { .. }));
        assert_eq!(aws("AROAEXAMPLEID00000000"), PrincipalKind::UniqueId { what: "role" });
    }

    #[test]
    fn what_iam_rejects_has_a_reason() {
        assert_eq!(
            why(aws("arn:aws:iam::THIRD-PARTY-ACCOUNT:root")),
            "has no account: `THIRD-PARTY-ACCOUNT` is no account id, an account id is 12 digits"
        );
        assert!(why(aws("arn:aws:iam::111122223333:role/*")).contains("wildcard"));
        assert!(why(aws("arn:aws:iam::111122223333:group/a")).contains("group"));
        assert!(why(aws("11112222333")).contains("11 digits"));
        assert!(why(aws("1111-2222-3333")).contains("dashes"));
        assert!(why(aws("ec2.amazonaws.com")).contains("Service"));
        assert!(why(aws("arn:aws:iam::111122223333:oidc-provider/x.y")).contains("Federated"));
        assert!(why(aws("arn:aws:iam::111122223333:assumed-role/a/b")).contains("sts"));
    }

    #[test]
    fn forms_of_federated_principals() {
        let federated = |text: &str| classify(&Text::literal(text, Span::default()), Some(Member::Federated));
        assert!(matches!(federated("arn:aws:iam::111122223333:saml-provider/x"), PrincipalKind::Saml { .. }));
        assert!(matches!(federated("cognito-identity.amazonaws.com"), PrincipalKind::WebIdentity { .. }));
        assert!(why(federated("https://gitlab.com")).contains("scheme"));
        match federated("arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/A") {
            PrincipalKind::Oidc { issuer, .. } => {
                assert_eq!(issuer.known(), Some("oidc.eks.eu-west-1.amazonaws.com/id/A"))
            }
            other => panic!("{other:?}"),
        }
    }
}
