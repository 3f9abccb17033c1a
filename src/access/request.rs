//! A request: who calls what on which resource, with which context.

use crate::aws;
use std::fmt;

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Caller {
    /// An IAM user.
    User {
        /// `aws` and the like.
        partition: String,
        /// 12 digits.
        account: String,
        /// Path and name, without a leading `/`.
        name: String,
    },
    /// A session of a role.
    Role {
        /// `aws` and the like.
        partition: String,
        /// 12 digits.
        account: String,
        /// Path and name of the role, without a leading `/`. A session's ARN drops the path.
        name: String,
        /// The session's name.
        session: String,
    },
    /// The root user of an account.
    Root {
        /// `aws` and the like.
        partition: String,
        /// 12 digits.
        account: String,
    },
    /// A session of GetFederationToken.
    FederatedUser {
        /// `aws` and the like.
        partition: String,
        /// 12 digits.
        account: String,
        /// The name that the call gave.
        name: String,
    },
    /// An AWS service, by its host name.
    Service(String),
    /// A token of an OpenID Connect provider: the provider's ARN, or the host name of a built-in issuer.
    Oidc(String),
    /// An assertion of a SAML provider, by the provider's ARN.
    Saml(String),
    /// Nobody: an unsigned request.
    Anonymous,
}

impl Caller {
    /// Read a caller from an ARN (user, role, session, root, federated user, provider), an account id (its root user is
    /// not meant: some user of it), a service host or a built-in issuer's host.
    pub fn parse(text: &str) -> Option<Self> {
        if aws::accounts::is_account_id(text) {
            return Some(Caller::User { partition: "aws".into(), account: text.into(), name: "someone".into() });
        }
        if aws::issuers::is_builtin(text) {
            return Some(Caller::Oidc(text.into()));
        }
        if !text.starts_with("arn:") {
            return text.contains('.').then(|| Caller::Service(text.into()));
        }
        let fields: Vec<&str> = text.splitn(6, ':').collect();
        let [_, partition, service, _, account, resource] = fields.as_slice() else { return None };
        let (partition, account) = ((*partition).to_owned(), (*account).to_owned());
        if *resource == "root" {
            return Some(Caller::Root { partition, account });
        }
        let (sort, name) = resource.split_once('/')?;
        let name = name.to_owned();
        match (*service, sort) {
            ("iam", "user") => Some(Caller::User { partition, account, name }),
            ("iam", "role") => Some(Caller::Role { partition, account, name, session: "session".into() }),
            ("sts", "assumed-role") => {
                let (name, session) = name.rsplit_once('/')?;
                Some(Caller::Role { partition, account, name: name.into(), session: session.into() })
            }
            ("sts", "federated-user") => Some(Caller::FederatedUser { partition, account, name }),
            ("iam", "oidc-provider") => Some(Caller::Oidc(text.into())),
            ("iam", "saml-provider") => Some(Caller::Saml(text.into())),
            _ => None,
        }
    }

    /// What reports call the sort of caller.
    pub fn sort(&self) -> &'static str {
        match self {
            Caller::User { .. } => "user",
            Caller::Role { .. } => "role",
            Caller::Root { .. } => "root",
            Caller::FederatedUser { .. } => "federated-user",
            Caller::Service(_) => "service",
            Caller::Oidc(_) => "oidc",
            Caller::Saml(_) => "saml",
            Caller::Anonymous => "anonymous",
        }
    }

    /// The account of a caller that has one.
    pub fn account(&self) -> Option<&str> {
        match self {
            Caller::User { account, .. }
            | Caller::Role { account, .. }
            | Caller::Root { account, .. }
            | Caller::FederatedUser { account, .. } => Some(account),
            Caller::Service(_) | Caller::Oidc(_) | Caller::Saml(_) | Caller::Anonymous => None,
        }
    }

    /// The value of `aws:PrincipalArn`: for a session of a role, the role's ARN
    /// (IAM User Guide, "AWS global condition context keys").
    pub fn principal_arn(&self) -> Option<String> {
        match self {
            Caller::User { partition, account, name } => {
                Some(["arn:", partition, ":iam::", account, ":user/", name].concat())
            }
            Caller::Role { partition, account, name, .. } => {
                Some(["arn:", partition, ":iam::", account, ":role/", name].concat())
            }
            Caller::Root { partition, account } => Some(format!("arn:{partition}:iam::{account}:root")),
            Caller::FederatedUser { partition, account, name } => {
                Some(format!("arn:{partition}:sts::{account}:federated-user/{name}"))
            }
            Caller::Service(_) | Caller::Oidc(_) | Caller::Saml(_) | Caller::Anonymous => None,
        }
    }
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Caller::Role { partition, account, name, session } => {
                let bare = name.rsplit_once('/').map_or(name.as_str(), |(_, bare)| bare);
                write!(f, "arn:{partition}:sts::{account}:assumed-role/{bare}/{session}")
            }
            Caller::Service(name) | Caller::Oidc(name) | Caller::Saml(name) => f.write_str(name),
            Caller::Anonymous => f.write_str("anonymous"),
            Caller::User { .. } | Caller::Root { .. } | Caller::FederatedUser { .. } => {
                f.write_str(&self.principal_arn().unwrap_or_default())
            }
        }
    }
}

/// The condition keys of a request with their values. Names are compared without regard to case; an absent key is not in
/// the list, and no key has an empty list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Context {
    /// In the order of the folded names. A request has a handful of keys, so a list is faster than a map.
    values: Vec<(String, Vec<String>)>,
}

impl Context {
    /// Set a key to these values; an empty list removes it.
    pub fn set(&mut self, key: &str, values: Vec<String>) {
        match (self.values.binary_search_by(|(known, _)| folded(known).cmp(folded(key))), values.is_empty()) {
            (Ok(at), true) => drop(self.values.remove(at)),
            (Ok(at), false) => self.values[at] = (key.to_owned(), values),
            (Err(_), true) => {}
            (Err(at), false) => self.values.insert(at, (key.to_owned(), values)),
        }
    }

    /// The values of a key, if it is there.
    pub fn get(&self, key: &str) -> Option<&[String]> {
        let found = self.values.iter().find(|(known, _)| known.eq_ignore_ascii_case(key));
        found.map(|(_, values)| values.as_slice())
    }

    /// Every key, as it was set, with its values, in the order of the folded names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.values.iter().map(|(key, values)| (key.as_str(), values.as_slice()))
    }
}

fn folded(text: &str) -> impl Iterator<Item = u8> + '_ {
    text.bytes().map(|byte| byte.to_ascii_lowercase())
}

/// One request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Request {
    /// `service:Name`.
    pub action: String,
    /// Who calls.
    pub caller: Caller,
    /// The ARN of the resource, for permission policies; a trust policy has none.
    pub resource: Option<String>,
    /// The condition keys that the request carries beside those that follow from the caller.
    pub context: Context,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_are_read_and_shown() {
        for arn in [
            "arn:aws:iam::111122223333:user/path/alice",
            "arn:aws:sts::111122223333:assumed-role/Src/s1",
            "arn:aws:iam::111122223333:root",
            "arn:aws:sts::111122223333:federated-user/bob",
            "arn:aws:iam::111122223333:oidc-provider/gitlab.com",
            "arn:aws:iam::111122223333:saml-provider/Okta",
            "cognito-identity.amazonaws.com",
            "ec2.amazonaws.com",
        ] {
            assert_eq!(Caller::parse(arn).map(|caller| caller.to_string()).as_deref(), Some(arn));
        }
        assert_eq!(Caller::parse("arn:aws:s3:::bucket"), None);
        let role = Caller::parse("arn:aws:iam::111122223333:role/team/Src").expect("a role");
        assert_eq!(role.principal_arn().as_deref(), Some("arn:aws:iam::111122223333:role/team/Src"));
        assert_eq!(role.to_string(), "arn:aws:sts::111122223333:assumed-role/Src/session");
    }

    #[test]
    fn keys_have_no_case() {
        let mut context = Context::default();
        context.set("aws:PrincipalTag/Team", vec!["red".into()]);
        assert_eq!(context.get("AWS:principaltag/team"), Some(&["red".to_owned()][..]));
        context.set("AWS:PRINCIPALTAG/TEAM", vec![]);
        assert_eq!(context.get("aws:PrincipalTag/Team"), None);
    }
}
