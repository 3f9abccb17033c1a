//! The folders that `iam-collect` writes: each policy in a file of its own, whose path says what it is and whose.
//!
//! `aws/<partition>/accounts/<id>/<service>/<region>/<type>/<name>/policy.json`, without the parts that a resource does
//! not have, and `aws/<partition>/organizations/<id>/scps/<policy>/policy.json` (iam-collect, "Storage"). Names are
//! percent-encoded, and iam-collect writes every path in small letters: the ARN that a path gives is an address for
//! people and nothing to compare with.

use crate::site::PolicyKind;
use crate::source::percent_decode;

/// What a path says of the policy in its file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// What the policy is attached to.
    pub kind: PolicyKind,
    /// The account of its owner.
    pub account: Option<String>,
    /// Its owner.
    pub address: String,
    /// Whether AWS wrote it, so that the user cannot change it.
    pub is_of_aws: bool,
}

/// What the path of a file in such folders says; `None` for any other.
pub(super) fn place(path: &str) -> Option<Place> {
    let parts: Vec<&str> = path.split('/').collect();
    let (file, folders) = parts.split_last()?;
    let (at, top) = folders.iter().enumerate().rev().find(|(_, part)| ["accounts", "organizations"].contains(part))?;
    let partition = at.checked_sub(1).and_then(|before| folders.get(before)).filter(|name| name.starts_with("aws"));
    let (id, rest) = folders.get(at + 1..)?.split_first()?;
    match *top {
        "accounts" if super::record::is_account(id) => of_account(file, id, rest, partition.copied()),
        "organizations" if id.starts_with("o-") => of_organization(file, id, rest),
        _ => None,
    }
}

fn of_account(file: &str, account: &str, folders: &[&str], partition: Option<&str>) -> Option<Place> {
    let decoded = |name: &str| percent_decode(name).map_or_else(|| name.to_owned(), |(text, _)| text);
    let place = |kind, address| Some(Place { kind, account: Some(account.to_owned()), address, is_of_aws: false });
    match (folders, file) {
        (["iam", "aws", "policy", name], "current-policy.json") => {
            let place = place(PolicyKind::Identity, format!("policy/{}", decoded(name)))?;
            Some(Place { account: None, is_of_aws: true, ..place })
        }
        (["iam", sort @ ("role" | "user" | "group" | "policy"), name], _) => {
            let kind = match (*sort, file) {
                ("role", "trust-policy.json") => PolicyKind::Trust,
                ("role" | "user" | "group", "inline-policies.json") => PolicyKind::Identity,
                ("policy", "current-policy.json") => PolicyKind::Identity,
                _ => return None,
            };
            let name = decoded(name);
            place(
                kind,
                match partition {
                    Some(partition) => format!("arn:{partition}:iam::{account}:{sort}/{name}"),
                    None => format!("{account}:{sort}/{name}"),
                },
            )
        }
        (["sso", "permissionset", name], "inlinepolicy.json" | "inlinePolicy.json") => {
            place(PolicyKind::Identity, decoded(name))
        }
        (["iam" | "ram", ..], _) => None,
        ([_, _, ..], "policy.json" | "endpoint-policy.json") => {
            place(PolicyKind::Resource, folders.iter().map(|part| decoded(part)).collect::<Vec<_>>().join("/"))
        }
        _ => None,
    }
}

fn of_organization(file: &str, organization: &str, folders: &[&str]) -> Option<Place> {
    let (kind, address) = match (folders, file) {
        (["scps", policy], "policy.json") => (PolicyKind::Scp, format!("{organization}/{policy}")),
        (["rcps", policy], "policy.json") => (PolicyKind::Rcp, format!("{organization}/{policy}")),
        ([], "policy.json") => (PolicyKind::Resource, organization.to_owned()),
        _ => return None,
    };
    // The one policy that every organization has is AWS's own.
    Some(Place { kind, account: None, is_of_aws: address.ends_with("/p-fullawsaccess"), address })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(path: &str) -> Option<(&'static str, String)> {
        place(path).map(|place| (place.kind.name(), place.address))
    }

    #[test]
    fn what_paths_say() {
        for (path, kind, address) in [
            (
                "x/aws/aws/accounts/111122223333/iam/role/ci/trust-policy.json",
                "trust",
                "arn:aws:iam::111122223333:role/ci",
            ),
            (
                "aws/aws-cn/accounts/111122223333/iam/role/build%2fci/inline-policies.json",
                "identity",
                "arn:aws-cn:iam::111122223333:role/build/ci",
            ),
            ("accounts/111122223333/iam/user/u/inline-policies.json", "identity", "111122223333:user/u"),
            (
                "aws/accounts/111122223333/iam/policy/p/current-policy.json",
                "identity",
                "arn:aws:iam::111122223333:policy/p",
            ),
            ("aws/aws/accounts/111122223333/s3/logs/policy.json", "resource", "s3/logs"),
            ("aws/aws/accounts/111122223333/sqs/us-east-1/q/policy.json", "resource", "sqs/us-east-1/q"),
            (
                "aws/aws/accounts/111122223333/ec2/us-east-1/vpc-endpoint/vpce-1/endpoint-policy.json",
                "resource",
                "ec2/us-east-1/vpc-endpoint/vpce-1",
            ),
            (
                "aws/aws/accounts/111122223333/sso/permissionset/ssoins-1%2fps-2/inlinepolicy.json",
                "identity",
                "ssoins-1/ps-2",
            ),
            ("aws/aws/organizations/o-k3p9x2m7qz/scps/p-1/policy.json", "scp", "o-k3p9x2m7qz/p-1"),
            ("aws/aws/organizations/o-k3p9x2m7qz/rcps/p-2/policy.json", "rcp", "o-k3p9x2m7qz/p-2"),
            ("aws/aws/organizations/o-k3p9x2m7qz/policy.json", "resource", "o-k3p9x2m7qz"),
        ] {
            assert_eq!(shown(path), Some((kind, address.to_owned())), "{path}");
        }
        let role = place("aws/aws/accounts/111122223333/iam/role/ci/trust-policy.json").expect("a place");
        assert_eq!(role.account.as_deref(), Some("111122223333"));
        assert!(
            place("aws/aws/accounts/111122223333/iam/aws/policy/readonlyaccess/current-policy.json")
                .expect("a place")
                .is_of_aws
        );
        assert!(
            place("aws/aws/organizations/o-k3p9x2m7qz/scps/p-fullawsaccess/policy.json").expect("a place").is_of_aws
        );
    }

    #[test]
    fn other_paths() {
        for path in [
            "",
            "accounts/policy.json",
            "accounts/prod/iam/role/ci/trust-policy.json",
            "accounts/111122223333/policy.json",
            "accounts/111122223333/iam/role/ci/policies.json",
            "accounts/111122223333/iam/role/a/b/trust-policy.json",
            "organizations/acme/scps/p-1/policy.json",
            "organizations/o-1/s3-policies/p-1/policy.json",
        ] {
            assert_eq!(place(path), None, "{path}");
        }
    }
}
