//! Partitions: clouds of AWS that share nothing, least of all trust.

use super::{List, find_exact};

// PARTITIONS: the partitions. REGIONS: the Regions with theirs, sorted by name.
include!(concat!(env!("OUT_DIR"), "/aws_partitions.rs"));

/// One partition. Source: `partitions.json` of botocore.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partition {
    /// Its name in ARNs: `aws`, `aws-cn`.
    pub id: &'static str,
    /// What its hosts end in: `amazonaws.com`.
    pub dns_suffix: &'static str,
    /// What its dual-stack hosts end in: `api.aws`.
    pub dual_stack_suffix: &'static str,
    /// The host of its sign-in page, where it is known.
    pub sign_in_host: Option<&'static str>,
    /// What names of its Regions begin with.
    region_starts: List,
}

impl Partition {
    /// Whether a Region of this partition could have this name: `us-west-2`, but not `us-gov-west-1` in `aws`.
    fn could_have(&self, region: &str) -> bool {
        self.region_starts.iter().any(|start| {
            let rest = region.strip_prefix(start).and_then(|rest| rest.strip_prefix('-'));
            rest.and_then(|rest| rest.split_once('-')).is_some_and(|(word, number)| {
                !word.is_empty()
                    && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
                    && !number.is_empty()
                    && number.bytes().all(|byte| byte.is_ascii_digit())
            })
        })
    }
}

/// Every partition.
pub fn all() -> impl Iterator<Item = Partition> {
    PARTITIONS.iter().copied()
}

/// The partition with this id. ARNs are compared by case.
pub fn partition(id: &str) -> Option<Partition> {
    PARTITIONS.iter().find(|partition| partition.id == id).copied()
}

/// Whether this is the id of a partition.
pub fn is_partition(id: &str) -> bool {
    PARTITIONS.iter().any(|partition| partition.id == id)
}

/// The partition that a Region lies in. Knows the Regions by name, and new ones by the form of their names.
pub fn of_region(region: &str) -> Option<Partition> {
    match find_exact(&REGIONS, region, |(name, _)| name) {
        Some((_, home)) => Some(**home),
        None => PARTITIONS.iter().find(|partition| partition.could_have(region)).copied(),
    }
}

/// Whether this is a Region, or has the form of one in some partition.
pub fn is_region(name: &str) -> bool {
    of_region(name).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::tests::{optional, rows, searchable, words};

    #[test]
    fn every_row_is_found() {
        let rows_of = rows(include_str!("data/partitions.tsv"));
        assert_eq!(rows_of.len(), PARTITIONS.len());
        for row in rows_of {
            let found = partition(row[0]).expect("a partition");
            assert_eq!([found.id, found.dns_suffix, found.dual_stack_suffix], row[..3]);
            assert_eq!((found.sign_in_host, words(found.region_starts)), (optional(row[3]), row[4].to_owned()));
        }
        let rows_of = rows(include_str!("data/regions.tsv"));
        assert_eq!(rows_of.len(), REGIONS.len());
        searchable(&REGIONS, |(name, _)| name);
        for row in rows_of {
            let home = of_region(row[0]).expect("a Region");
            assert_eq!(home.id, row[1], "{}", row[0]);
            assert!(home.could_have(row[0]), "{}", row[0]);
            assert_eq!(all().filter(|other| other.could_have(row[0])).count(), 1, "{}", row[0]);
        }
    }

    #[test]
    fn facts() {
        assert_eq!(all().count(), 8);
        assert!(is_partition("aws-us-gov") && !is_partition("AWS") && !is_partition("aws-us"));
        assert_eq!(partition("aws-cn").map(|cn| cn.dns_suffix), Some("amazonaws.com.cn"));
        assert_eq!(partition("aws").and_then(|aws| aws.sign_in_host), Some("signin.aws.amazon.com"));
        assert_eq!(of_region("us-gov-west-1").map(|home| home.id), Some("aws-us-gov"));
        assert_eq!(of_region("us-isob-east-1").map(|home| home.id), Some("aws-iso-b"));
    }

    #[test]
    fn regions_known_and_new() {
        assert!(is_region("eu-central-2"));
        assert!(is_region("sa-west-1"), "a new Region is known by its form");
        for text in ["", "eu", "eu-central", "eu-central-", "eu--1", "EU-WEST-1", "logs", "aws-global", "xx-west-1"] {
            assert!(!is_region(text), "{text}");
        }
    }
}
