//! Callers of an account that nobody here has heard of: what they cannot choose, and what they can.

use super::Pin;
use crate::access::decide::operators;
use crate::aws::keys::{self, Flow, Presence};
use crate::policy::{Condition, Policy, pattern};
use crate::value::Text;

/// One way in which a stranger may call.
#[derive(Clone, Debug)]
pub struct Stranger<'p> {
    /// The caller's ARN.
    pub arn: String,
    /// What is special about the call, to follow "is allowed": " through a VPC endpoint of theirs".
    pub how: &'static str,
    /// The keys that follow from who calls and over which network; every other key is the caller's to choose.
    pub pins: Vec<Pin<'p>>,
}

/// Accounts to play the stranger; the second is for policies that speak of the first.
const ACCOUNTS: [&str; 2] = [STRANGER, "888888888888"];

/// The account that nobody has heard of.
pub const STRANGER: &str = "999999999999";
/// An organization that the stranger is the only member of.
const ORG: &str = "o-stranger000";
const ORG_PATH: &str = "o-stranger000/r-0000/ou-0000-00000000/";

/// Networks that a call may come from: what is special, and the keys with their values.
const NETWORKS: [(&str, &[(&str, &str)]); 3] = [
    ("", &[("aws:SourceIp", "20.40.60.80")]),
    (" over IPv6", &[("aws:SourceIp", "2600:1f18::1")]),
    (
        " through a VPC endpoint of theirs",
        &[
            ("aws:SourceVpc", "vpc-0stranger00000000"),
            ("aws:SourceVpce", "vpce-0stranger00000000"),
            ("aws:VpcSourceIp", "10.99.99.99"),
            ("aws:VpceOrgID", ORG),
            ("aws:VpceOrgPaths", ORG_PATH),
        ],
    ),
];
const NETWORK_KEYS: [&str; 8] = [
    "aws:SourceIp",
    "aws:SourceVpc",
    "aws:SourceVpce",
    "aws:VpcSourceIp",
    "aws:VpceOrgID",
    "aws:VpceOrgPaths",
    "aws:VpceAccount",
    "aws:SourceVpcArn",
];

/// Every way in which a stranger may call that makes a difference to this policy, the plainest first.
pub fn strangers(policy: &Policy) -> Vec<Stranger<'_>> {
    let account = ACCOUNTS.into_iter().find(|id| !mentions(policy, id)).unwrap_or(ACCOUNTS[0]);
    let mut found = Vec::new();
    for (network, (over, keys)) in NETWORKS.into_iter().enumerate() {
        if network > 0 && !conditions(policy).any(|condition| NETWORK_KEYS.iter().any(|key| condition.is_about(key))) {
            break;
        }
        for in_org in [true, false] {
            for arn in arns(policy, account) {
                let how = if over.is_empty() && !in_org { " from an account without an organization" } else { over };
                let mut pins = never_sent(policy);
                pins.extend(NETWORK_KEYS.into_iter().map(|key| match keys.iter().find(|(known, _)| *known == key) {
                    Some((_, value)) => Pin::foreign(key, *value),
                    None => Pin::absent(key),
                }));
                pins.extend(organization(in_org));
                pins.push(Pin::foreign("aws:PrincipalAccount", account));
                pins.push(Pin::value("aws:PrincipalIsAWSService", "false"));
                pins.push(Pin::foreign("aws:userid", user_id(policy, &arn)));
                pins.push(Pin::foreign("aws:PrincipalArn", arn.clone()));
                found.push(Stranger { arn, how, pins });
            }
        }
    }
    found
}

/// The keys about the organization of a caller who is in somebody else's, or in none.
pub fn organization(in_one: bool) -> [Pin<'static>; 2] {
    match in_one {
        true => [Pin::foreign("aws:PrincipalOrgID", ORG), Pin::foreign("aws:PrincipalOrgPaths", ORG_PATH)],
        false => [Pin::absent("aws:PrincipalOrgID"), Pin::absent("aws:PrincipalOrgPaths")],
    }
}

/// The keys that a policy tests and that no request of an AWS principal holds: `aws:SourceArn`, claims, misspelt names.
pub fn never_sent(policy: &Policy) -> Vec<Pin<'_>> {
    let flows = [Flow::User, Flow::UserSession, Flow::RoleSession];
    let never =
        |key: &str| keys::key(key).is_none_or(|key| flows.iter().all(|flow| key.presence(*flow) == Presence::Never));
    let mut found: Vec<&str> =
        conditions(policy).map(|condition| condition.key.as_str()).filter(|key| never(key)).collect();
    found.sort_unstable();
    found.dedup();
    found.into_iter().map(Pin::absent).collect()
}

fn conditions(policy: &Policy) -> impl Iterator<Item = &Condition> {
    policy.statements.iter().flat_map(|statement| &statement.conditions)
}

fn values_of<'p>(policy: &'p Policy, key: &'static str) -> impl Iterator<Item = &'p Text> {
    conditions(policy).filter(move |condition| condition.is_about(key)).flat_map(|condition| &condition.values)
}

fn mentions(policy: &Policy, account: &str) -> bool {
    conditions(policy).flat_map(|condition| &condition.values).any(|value| value.display().contains(account))
}

/// ARNs that a stranger can have: any role or user name in the stranger's account, so also one that fits the patterns
/// of the policy.
fn arns(policy: &Policy, account: &str) -> Vec<String> {
    let mut found = vec![format!("arn:aws:iam::{account}:user/anyone")];
    for pattern in values_of(policy, "aws:PrincipalArn") {
        let pattern = pattern::widest(pattern);
        // A string operator may have one `*` for several fields: what follows the last colon is the name.
        let fields: Vec<&str> = pattern.splitn(6, ':').collect();
        let resource = fields.get(5).or(fields.last()).map_or("", |field| *field).replace('*', "").replace('?', "x");
        let (sort, name) = match resource.split_once('/') {
            Some(("user", name)) => ("user", name),
            Some((_, name)) => ("role", name),
            None => ("role", ""),
        };
        let arn = format!("arn:aws:iam::{account}:{sort}/{}", if name.is_empty() { "anyone" } else { name });
        // Most patterns name an account, and then no stranger fits.
        if (operators::arn_like(&pattern, &arn).unwrap_or(false) || pattern::glob(&pattern, &arn))
            && !found.contains(&arn)
        {
            found.push(arn);
        }
    }
    found
}

/// The unique id of a stranger: AWS chooses it, while the name of a role session after the colon is the caller's.
fn user_id(policy: &Policy, arn: &str) -> String {
    if arn.contains(":user/") {
        return "AIDASTRANGER000000000".to_owned();
    }
    let session = values_of(policy, "aws:userid")
        .find_map(|value| pattern::widest(value).split_once(':').map(|(_, session)| session.replace(['*', '?'], "x")));
    format!("AROASTRANGER000000000:{}", session.filter(|name| !name.is_empty()).unwrap_or("anyone".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::lower;
    use crate::syntax::json;

    fn policy(condition: &str) -> Policy {
        let text = format!(r#"{{"Statement": [{{"Effect": "Allow", "Condition": {condition}}}]}}"#);
        lower(&json::parse(&text, json::Dialect::Strict).documents[0])
    }

    #[test]
    fn a_stranger_takes_names_that_fit_and_no_account_but_its_own() {
        let anyone = "arn:aws:iam::999999999999:user/anyone";
        for (pattern, named) in [
            ("arn:aws:iam::*:role/app-*", Some("arn:aws:iam::999999999999:role/app-")),
            ("*:user/a?", Some("arn:aws:iam::999999999999:user/ax")),
            ("*", Some("arn:aws:iam::999999999999:role/anyone")),
            ("arn:aws:iam::111122223333:role/app", None),
            ("arn:aws:sts::*:assumed-role/app/*", None),
        ] {
            let condition = format!(r#"{{"ArnLike": {{"aws:PrincipalArn": "{pattern}"}}}}"#);
            let all: Vec<String> = strangers(&policy(&condition)).into_iter().map(|stranger| stranger.arn).collect();
            assert_eq!(all[0], anyone);
            assert_eq!(all.iter().find(|arn| *arn != anyone).map(String::as_str), named, "{pattern}");
        }
    }

    #[test]
    fn an_account_that_the_policy_speaks_of_is_no_stranger() {
        let policy = policy(r#"{"StringEquals": {"aws:PrincipalAccount": "999999999999"}}"#);
        assert!(strangers(&policy).iter().all(|stranger| stranger.arn.starts_with("arn:aws:iam::888888888888:")));
    }

    #[test]
    fn keys_that_no_principal_sends() {
        let policy = policy(r#"{"StringEquals": {"s3:prefix": "a", "aws:SourceArn": "b", "aws:PrincipalTag/a": "c"}}"#);
        assert_eq!(never_sent(&policy).len(), 2);
    }
}
