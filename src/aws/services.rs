//! Service principals: which exist, what a misspelt one was meant to be, and which can be made to act for a stranger.

use super::{List, find_exact, nearest, partitions};

// SERVICES: hosts without a Region, in the form with `amazonaws.com`. ALIASES: wrong names that no edit distance leads
// back from. DEPUTIES: what is known of services and the confused deputy. All three are sorted by name.
include!(concat!(env!("OUT_DIR"), "/aws_services.rs"));

/// A row of the table of deputies.
#[derive(Debug)]
struct Known {
    /// The service, as in `SERVICES`.
    host: &'static str,
    class: Deputy,
    source: Option<SourceKeys>,
}

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
    parse(host).is_some_and(|host| service(host.service).is_some())
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
    if let Some(host) = service(name) {
        return Some(host);
    }
    if let Some((_, right)) = find_exact(&ALIASES, name, |(wrong, _)| wrong) {
        return Some(right);
    }
    // So short a name is one edit away from a dozen others, and what has a wildcard is no slip of the pen.
    if name.len() < 3 || name.contains(['*', '?']) {
        return None;
    }
    // A stem that is the whole host has an ending too odd to find (`ecs.amzonaws.com`): it takes part in the distance.
    let whole = name.len() == host.len() && host.contains('.');
    let target = if whole { name.to_owned() } else { format!("{name}{SUFFIX}") };
    let limit = if name.len() < 6 { 1 } else { 2 };
    nearest(&target, limit, SERVICES.iter().copied())
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
    deputy_row(host).map_or(Deputy::Unlisted, |row| row.class)
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
    /// The form of `aws:SourceArn`, with `REGION`, `ACCOUNT` and other capitals for what varies. Its namespace is that of
    /// the resource that the service acts for, not of the principal: fargate profiles are `eks`, flow logs are `ec2`.
    pub arn: &'static str,
}

/// The keys that a guide of AWS recommends for this service, if one does. Some services of class [`Deputy::Compute`]
/// have such a guide too; `ec2` has none, and is said not to send the keys.
pub fn source_keys(host: &str) -> Option<SourceKeys> {
    deputy_row(host)?.source
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

fn deputy_row(host: &str) -> Option<&'static Known> {
    find_exact(&DEPUTIES, parse(host)?.service, |row| name(row.host))
}

/// The host of a service, if there is one of this name.
fn service(wanted: &str) -> Option<&'static str> {
    find_exact(&SERVICES, wanted, |host| name(host)).copied()
}

/// The service that a host of the tables is of. All have the same suffix, so that their order is that of their names.
fn name(host: &str) -> &str {
    host.strip_suffix(SUFFIX).unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::tests::{rows, searchable, words};

    #[test]
    fn every_row_is_found() {
        let services = rows(include_str!("data/services.tsv"));
        assert_eq!(services.len(), SERVICES.len());
        searchable(&SERVICES, |host| host);
        for row in services {
            let host = parse(row[0]).expect("a host of AWS");
            assert_eq!((host.region, host.suffix), (None, "amazonaws.com"), "{}", row[0]);
            assert_eq!((known(row[0]), service(host.service)), (true, Some(row[0])), "{}", row[0]);
        }
        let aliases = rows(include_str!("data/service-aliases.tsv"));
        assert_eq!(aliases.len(), ALIASES.len());
        searchable(&ALIASES, |(wrong, _)| wrong);
        for row in aliases {
            assert!(service(row[0]).is_none(), "{} is right", row[0]);
            assert!(known(row[1]), "{}", row[1]);
            assert_eq!(suggest(row[0]), Some(row[1]), "{}", row[0]);
        }
        let deputies = rows(include_str!("data/deputies.tsv"));
        assert_eq!(deputies.len(), DEPUTIES.len());
        searchable(&DEPUTIES, |row| row.host);
        for row in deputies {
            assert!(known(row[0]), "{}", row[0]);
            let class = match deputy(row[0]) {
                Deputy::Documented => "documented",
                Deputy::Compute => "compute",
                Deputy::Unlisted => "unlisted",
            };
            assert_eq!(class, row[1], "{}", row[0]);
            let found = source_keys(row[0]);
            assert_eq!(found.map_or("-".to_owned(), |found| words(found.keys)), row[2], "{}", row[0]);
            if let Some(found) = found {
                assert_eq!([if found.read { "read" } else { "recalled" }, found.page], row[3..5], "{}", row[0]);
                assert_eq!(found.arn, row[5], "{}", row[0]);
            }
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
