//! The values of a condition key in a request: what its context gives, or else what follows from the request itself
//! (IAM User Guide, "AWS global condition context keys" and "IAM policy elements: Variables and tags").

use crate::access::{Caller, Request};
use crate::aws;
use std::borrow::Cow;

/// The values of a key, or `None` when the request does not have it.
pub fn values<'r>(request: &'r Request, key: &str) -> Option<Cow<'r, [String]>> {
    if let Some(given) = request.context.get(key) {
        return Some(Cow::Borrowed(given));
    }
    // Most keys follow from nothing.
    let service = key.get(..4).filter(|start| start.eq_ignore_ascii_case("aws:") || start.eq_ignore_ascii_case("kms:"));
    service?;
    let mut buffer = [0; LONGEST];
    let folded = buffer.get_mut(..key.len())?;
    folded.copy_from_slice(key.as_bytes());
    folded.make_ascii_lowercase();
    derived(request, std::str::from_utf8(folded).ok()?).map(|value| Cow::Owned(vec![value]))
}

/// Bytes of a key that follows from the request, at most.
const LONGEST: usize = "aws:principalservicenameslist".len();

/// The value of a key for `${…}`: keys with several values have none there.
pub fn single<'r>(request: &'r Request, key: &str) -> Option<Cow<'r, str>> {
    if aws::keys::key(key).is_some_and(|key| key.multivalued) {
        return None;
    }
    match values(request, key)? {
        Cow::Borrowed([value]) => Some(Cow::Borrowed(value)),
        Cow::Borrowed(_) => None,
        Cow::Owned(mut values) => {
            if values.len() == 1 {
                values.pop().map(Cow::Owned)
            } else {
                None
            }
        }
    }
}

/// What follows from who calls, and from the resource.
fn derived(request: &Request, folded: &str) -> Option<String> {
    let caller = &request.caller;
    match folded {
        "aws:principalarn" => caller.principal_arn(),
        "aws:principalaccount" => caller.account().map(str::to_owned),
        "aws:principaltype" => principal_type(caller).map(str::to_owned),
        "aws:username" => match caller {
            Caller::User { name, .. } => Some(bare(name).to_owned()),
            _ => None,
        },
        // The unique ids of users and roles are not known.
        "aws:userid" => match caller {
            Caller::Root { account, .. } => Some(account.clone()),
            Caller::FederatedUser { account, name, .. } => Some(format!("{account}:{name}")),
            _ => None,
        },
        "aws:principalisawsservice" => match caller {
            Caller::Service(_) => Some("true".to_owned()),
            Caller::User { .. } | Caller::Role { .. } | Caller::Root { .. } | Caller::FederatedUser { .. } => {
                Some("false".to_owned())
            }
            // Not documented for requests that nobody signed.
            Caller::Oidc(_) | Caller::Saml(_) | Caller::Anonymous => None,
        },
        "aws:principalservicename" | "aws:principalservicenameslist" => match caller {
            Caller::Service(host) => Some(host.clone()),
            _ => None,
        },
        "aws:federatedprovider" => match caller {
            Caller::Oidc(provider) | Caller::Saml(provider) => Some(provider.clone()),
            _ => None,
        },
        "aws:resourceaccount" => account_of(request.resource.as_deref()?).map(str::to_owned),
        // AWS KMS Developer Guide, "AWS KMS condition keys".
        "kms:calleraccount" if request.action.get(..4).is_some_and(|service| service.eq_ignore_ascii_case("kms:")) => {
            caller.account().map(str::to_owned)
        }
        _ => None,
    }
}

fn principal_type(caller: &Caller) -> Option<&'static str> {
    match caller {
        Caller::User { .. } => Some("User"),
        Caller::Role { .. } => Some("AssumedRole"),
        Caller::Root { .. } => Some("Account"),
        Caller::FederatedUser { .. } => Some("FederatedUser"),
        Caller::Anonymous => Some("Anonymous"),
        Caller::Service(_) | Caller::Oidc(_) | Caller::Saml(_) => None,
    }
}

/// A name without its path.
pub fn bare(name: &str) -> &str {
    name.rsplit_once('/').map_or(name, |(_, bare)| bare)
}

/// The account that an ARN names.
pub fn account_of(arn: &str) -> Option<&str> {
    arn.split(':').nth(4).filter(|account| aws::accounts::is_account_id(account))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Context;

    fn request(caller: &str) -> Request {
        Request {
            action: "sts:AssumeRole".into(),
            caller: Caller::parse(caller).expect("a caller"),
            resource: Some("arn:aws:iam::111122223333:role/Target".into()),
            context: Context::default(),
        }
    }

    #[test]
    fn keys_that_follow_from_the_caller() {
        let value = |caller: &str, key: &str| single(&request(caller), key).map(Cow::into_owned);
        let user = "arn:aws:iam::444455556666:user/team/alice";
        let session = "arn:aws:sts::444455556666:assumed-role/Src/s1";
        assert_eq!(value(user, "aws:UserName").as_deref(), Some("alice"));
        assert_eq!(value(user, "aws:principaltype").as_deref(), Some("User"));
        assert_eq!(value(session, "aws:PrincipalArn").as_deref(), Some("arn:aws:iam::444455556666:role/Src"));
        assert_eq!(value(session, "aws:username"), None);
        assert_eq!(value("ec2.amazonaws.com", "aws:PrincipalIsAWSService").as_deref(), Some("true"));
        assert_eq!(value("ec2.amazonaws.com", "aws:PrincipalArn"), None);
        assert_eq!(value("cognito-identity.amazonaws.com", "aws:PrincipalIsAWSService"), None);
        assert_eq!(value(user, "aws:ResourceAccount").as_deref(), Some("111122223333"));
        // A key with several values is no variable.
        assert_eq!(value("ec2.amazonaws.com", "aws:PrincipalServiceNamesList"), None);
    }

    #[test]
    fn the_context_wins() {
        let mut request = request("arn:aws:iam::444455556666:user/alice");
        request.context.set("AWS:username", vec!["bob".into()]);
        assert_eq!(single(&request, "aws:username").as_deref(), Some("bob"));
    }
}
