//! Service principals: which exist, what a misspelt one was meant to be, and which can be made to act for a stranger.

use super::{List, Row, Table, nearest, partitions};

/// Hosts without a Region, in the form with `amazonaws.com`.
const SERVICES: Table = Table(include_str!("data/services.tsv"));
/// Wrong names that no edit distance leads back from.
const ALIASES: Table = Table(include_str!("data/service-aliases.tsv"));
/// What is known of services and the confused deputy.
const DEPUTIES: Table = Table(include_str!("data/deputies.tsv"));
/// The suffix that the tables use.
const SUFFIX: &str = ".amazonaws.com";

/// The parts of a service principal: `logs.eu-west-1.amazonaws.com`. Source: *AWS JSON policy elements: Principal*.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Host<'a> {
    /// The service, which may have dots: `logs`, `delivery.logs`.
    pub service: &'a str,
    /// The Region of a regional form.
    pub region: Option<&'a str>,
    /// The suffix of the partition: `amazonaws.com`.
    pub suffix: &'static str,
}

/// Takes a service principal apart; `None` if it does not end as hosts of AWS do. Says nothing of whether the service
/// exists. A Region counts as one only under a suffix of its own partition, or under `amazonaws.com`, which services
/// use in other partitions too.
pub fn parse(host: &str) -> Option<Host<'_>> {
    let (name, suffix) = partitions::all().find_map(|partition| {
        let name = host.strip_suffix(partition.dns_suffix)?.strip_suffix('.')?;
        Some((name, partition.dns_suffix))
    })?;
    let regional = name.rsplit_once('.').filter(|(_, region)| {
        partitions::of_region(region).is_some_and(|home| suffix == &SUFFIX[1..] || home.dns_suffix == suffix)
    });
    Some(match regional {
        Some((service, region)) => Host { service, region: Some(region), suffix },
        None => Host { service: name, region: None, suffix },
    })
}

/// Whether a service principal is known, in its plain, regional or partition form. AWS publishes no complete list: an
/// unknown one is probably, not certainly, wrong. Hosts are lower case.
pub fn known(host: &str) -> bool {
    parse(host).is_some_and(|host| find(SERVICES, host.service).is_some())
}

/// The service principal that an unknown one was probably meant to be. The answer is the plain form, without a Region.
pub fn suggest(host: &str) -> Option<&'static str> {
    if known(host) {
        return None;
    }
    let host = host.to_ascii_lowercase();
    // A right name before a wrong ending: `ec2.amazon.com`, `ec2.aws.com`, `ec2`.
    let stem = [".amazon", ".aws"].iter().find_map(|mark| host.find(mark)).map_or(host.as_str(), |at| &host[..at]);
    let name = match stem.rsplit_once('.') {
        Some((name, region)) if partitions::is_region(region) => name,
        _ => stem,
    };
    if let Some(row) = find(SERVICES, name) {
        return Some(row.field(0));
    }
    if let Some(row) = ALIASES.find(name) {
        return Some(row.field(1));
    }
    // So short a name is one edit away from a dozen others, and what has a wildcard is no slip of the pen.
    if name.len() < 3 || name.contains(['*', '?']) {
        return None;
    }
    // A stem that is the whole host has an ending too odd to find (`ecs.amzonaws.com`): it takes part in the distance.
    let whole = name.len() == host.len() && host.contains('.');
    let target = if whole { name.to_owned() } else { format!("{name}{SUFFIX}") };
    let limit = if name.len() < 6 { 1 } else { 2 };
    nearest(&target, limit, SERVICES.rows().map(|row| row.field(0)))
}

/// How a service comes to assume a role, as far as the confused deputy goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Deputy {
    /// A guide of AWS puts `aws:SourceArn` or `aws:SourceAccount` into the trust policy of roles for this service.
    Documented,
    /// The role runs a workload in its own account, and whoever starts that workload needs `iam:PassRole` for it.
    Compute,
    /// Nothing is known. Only the `…IfExists` forms of the keys are safe to advise: a service that does not send a key
    /// cannot assume a role that demands it.
    Unlisted,
}

/// What is known of a service as a confused deputy. Regional forms count as their service.
pub fn deputy(host: &str) -> Deputy {
    match deputy_row(host).map(|row| row.field(1)) {
        Some("documented") => Deputy::Documented,
        Some("compute") => Deputy::Compute,
        Some(_) | None => Deputy::Unlisted,
    }
}

/// The keys that a guide of AWS recommends in the trust policy of a role for a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceKeys {
    /// `aws:SourceArn`, `aws:SourceAccount` or both.
    pub keys: List,
    /// The guide and the title of its page.
    pub page: &'static str,
    /// Whether the page was read; otherwise it is cited from general knowledge.
    pub read: bool,
}

/// The keys that a guide of AWS recommends for this service, if one does. Some services of class [`Deputy::Compute`]
/// have such a guide too; `ec2` has none, and is said not to send the keys.
pub fn source_keys(host: &str) -> Option<SourceKeys> {
    let row = deputy_row(host)?;
    row.optional(2)?;
    Some(SourceKeys { keys: row.list(2), page: row.field(4), read: row.field(3) == "read" })
}

/// The actions that a trust policy must allow to this service beside `sts:AssumeRole`. Source: Access Analyzer,
/// *Missing action for roles anywhere trust policy*; Amazon EKS User Guide, *Amazon EKS Pod Identity IAM role*.
pub fn companion_actions(host: &str) -> &'static [&'static str] {
    match parse(host).map_or("", |host| host.service) {
        "rolesanywhere" => &["SetSourceIdentity", "TagSession"],
        "pods.eks" => &["TagSession"],
        _ => &[],
    }
}

fn deputy_row(host: &str) -> Option<Row> {
    find(DEPUTIES, parse(host)?.service)
}

/// The row of a service in a table whose keys are hosts.
fn find(table: Table, service: &str) -> Option<Row> {
    table.find_by(|key| key.bytes().cmp(service.bytes().chain(SUFFIX.bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::tests::well_formed;

    #[test]
    fn tables_are_well_formed() {
        well_formed(SERVICES, 2, false);
        well_formed(ALIASES, 2, false);
        well_formed(DEPUTIES, 5, false);
        for row in SERVICES.rows() {
            let host = parse(row.field(0)).expect("a host of AWS");
            assert_eq!((host.region, host.suffix), (None, "amazonaws.com"), "{}", row.field(0));
            assert!(known(row.field(0)), "{}", row.field(0));
        }
        for row in ALIASES.rows() {
            assert!(find(SERVICES, row.field(0)).is_none(), "{} is right", row.field(0));
            assert!(known(row.field(1)), "{}", row.field(1));
        }
        for row in DEPUTIES.rows() {
            assert!(known(row.field(0)), "{}", row.field(0));
            assert!(["documented", "compute"].contains(&row.field(1)), "{}", row.field(1));
            assert!(row.list(2).iter().all(|key| ["aws:SourceArn", "aws:SourceAccount"].contains(&key)));
            assert!(row.field(1) == "compute" || !row.list(2).is_empty(), "{}", row.field(0));
            assert!(["read", "recalled"].contains(&row.field(3)), "{}", row.field(3));
        }
    }

    #[test]
    fn forms_of_a_host() {
        for host in [
            "ec2.amazonaws.com",
            "ec2.amazonaws.com.cn",
            "logs.eu-west-1.amazonaws.com",
            "logs.cn-north-1.amazonaws.com.cn",
            "delivery.logs.amazonaws.com",
            "pods.eks.amazonaws.com",
            "airflow-env.amazonaws.com",
            "ec2.c2s.ic.gov",
        ] {
            assert!(known(host), "{host}");
        }
        for host in [
            "",
            "ec2",
            "ecs.amazonaw.com",
            "EC2.amazonaws.com",
            "amazonaws.com",
            ".amazonaws.com",
            "logs.eu-west-1.amazonaws.com.cn",
            "ec2.amazonaws.com.evil.example",
            "appropriate-service-name.amazonaws.com",
        ] {
            assert!(!known(host), "{host}");
        }
        let host = parse("delivery.logs.eu-west-1.amazonaws.com").expect("a host of AWS");
        assert_eq!((host.service, host.region), ("delivery.logs", Some("eu-west-1")));
    }

    #[test]
    fn near_misses() {
        for (wrong, right) in [
            ("ecs.amazonaw.com", Some("ecs.amazonaws.com")),
            ("ecs.amzonaws.com", Some("ecs.amazonaws.com")),
            ("ec2.amazon.com", Some("ec2.amazonaws.com")),
            ("EC2.amazonaws.com", Some("ec2.amazonaws.com")),
            ("lambda", Some("lambda.amazonaws.com")),
            ("lamda.amazonaws.com", Some("lambda.amazonaws.com")),
            ("ecs-task.amazonaws.com", Some("ecs-tasks.amazonaws.com")),
            ("api-gateway.amazonaws.com", Some("apigateway.amazonaws.com")),
            ("log.eu-west-1.amazonaws.com", Some("logs.amazonaws.com")),
            ("stepfunctions.amazonaws.com", Some("states.amazonaws.com")),
            ("rds-monitoring.amazonaws.com", Some("monitoring.rds.amazonaws.com")),
            ("ec2.amazonaws.com", None),
            ("ec2.amazonaws.com.cn", None),
            ("logs.eu-west-1.amazonaws.com", None),
            ("nothing-like-it.amazonaws.com", None),
            ("*", None),
            ("s4.amazonaws.com", None),
            ("lambd*.amazonaws.com", None),
            ("", None),
        ] {
            assert_eq!(suggest(wrong), right, "{wrong}");
        }
    }

    #[test]
    fn deputies() {
        assert_eq!(deputy("transfer.amazonaws.com"), Deputy::Documented);
        assert_eq!(deputy("amplify.eu-south-1.amazonaws.com"), Deputy::Documented);
        assert_eq!(deputy("ec2.amazonaws.com.cn"), Deputy::Compute);
        assert_eq!(deputy("iotevents.amazonaws.com"), Deputy::Unlisted);
        assert_eq!(deputy("example.com"), Deputy::Unlisted);
        let keys = source_keys("vpc-flow-logs.amazonaws.com").expect("documented");
        assert!(keys.read && keys.keys.contains("aws:SourceAccount") && keys.page.starts_with("Amazon VPC"));
        assert!(source_keys("sagemaker.amazonaws.com").is_some(), "compute, and documented");
        assert_eq!(source_keys("ec2.amazonaws.com"), None);
    }

    #[test]
    fn companions() {
        assert_eq!(companion_actions("rolesanywhere.amazonaws.com"), ["SetSourceIdentity", "TagSession"]);
        assert_eq!(companion_actions("pods.eks.amazonaws.com"), ["TagSession"]);
        assert!(companion_actions("ec2.amazonaws.com").is_empty());
    }
}
