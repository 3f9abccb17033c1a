//! Roles whose trust policy AWS or one of its tools prescribes.

// ROLES: names, with `*` for any characters, and what is known of each.
include!(concat!(env!("OUT_DIR"), "/aws_roles.rs"));

/// Whom the prescribed trust policy of a role names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trusts {
    /// An account that administers the role's own, or a role of it.
    Account,
    /// A service of AWS.
    Service,
}

/// A role that AWS or one of its tools makes, or has people make, with a trust policy that leaves no choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prescribed {
    name: &'static str,
    /// Whom its trust policy names.
    pub trusts: Trusts,
    /// What uses it: "AWS Control Tower".
    pub of: &'static str,
}

/// The beginning of the path of roles that services make for themselves. Nobody else can make, change or assume one
/// (IAM User Guide, "Create a service-linked role").
pub const SERVICE_LINKED: &str = "/aws-service-role/";

/// What prescribes the trust policy of a role of this name, if anything does. Source: the guides in the table.
pub fn prescribed(name: &str) -> Option<&'static Prescribed> {
    ROLES.iter().find(|role| fits(role.name, name))
}

/// Whether a name fits a pattern in which `*` stands for any characters.
fn fits(pattern: &str, name: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut left) = name.strip_prefix(head) else { return false };
    let mut pieces: Vec<&str> = rest.split('*').collect();
    let tail = pieces.pop().unwrap_or_default();
    for piece in pieces {
        let Some(at) = left.find(piece) else { return false };
        left = &left[at + piece.len()..];
    }
    left.ends_with(tail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::tests::rows;

    #[test]
    fn every_row_is_found() {
        let rows = rows(include_str!("data/prescribed-roles.tsv"));
        assert_eq!(rows.len(), ROLES.len());
        for row in rows {
            let sample = row[0].replace('*', "x-1");
            let found = prescribed(&sample).expect("a row of the table");
            let trusts = match found.trusts {
                Trusts::Account => "account",
                Trusts::Service => "service",
            };
            assert_eq!([found.name, trusts, found.of], row[..3], "{sample}");
        }
    }

    #[test]
    fn names() {
        let cdk = prescribed("cdk-hnb659fds-deploy-role-111122223333-eu-west-1").map(|role| role.of);
        assert_eq!(cdk, Some("the AWS CDK"));
        for name in
            ["vendor-scan", "cdk-deploy-role", "awscontroltowerexecution", "MyAWSControlTowerExecution", "", "*"]
        {
            assert_eq!(prescribed(name), None, "{name}");
        }
    }
}
