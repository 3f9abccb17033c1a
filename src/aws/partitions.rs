//! Partitions: clouds of AWS that share nothing, least of all trust.

use super::{List, Row, Table};

/// The partitions.
const PARTITIONS: Table = Table(include_str!("data/partitions.tsv"));
/// The Regions.
const REGIONS: Table = Table(include_str!("data/regions.tsv"));

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
    fn from_row(row: Row) -> Self {
        Self {
            id: row.field(0),
            dns_suffix: row.field(1),
            dual_stack_suffix: row.field(2),
            sign_in_host: row.optional(3),
            region_starts: row.list(4),
        }
    }

    /// Whether a Region of this partition could have this name: `us-west-2`, but not `us-gov-west-1` in `aws`.
    fn could_have(self, region: &str) -> bool {
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
    PARTITIONS.rows().map(Partition::from_row)
}

/// The partition with this id. ARNs are compared by case.
pub fn partition(id: &str) -> Option<Partition> {
    PARTITIONS.find(id).map(Partition::from_row)
}

/// Whether this is the id of a partition.
pub fn is_partition(id: &str) -> bool {
    PARTITIONS.find(id).is_some()
}

/// The partition that a Region lies in. Knows the Regions by name, and new ones by the form of their names.
pub fn of_region(region: &str) -> Option<Partition> {
    match REGIONS.find(region) {
        Some(row) => partition(row.field(1)),
        None => all().find(|partition| partition.could_have(region)),
    }
}

/// Whether this is a Region, or has the form of one in some partition.
pub fn is_region(name: &str) -> bool {
    of_region(name).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::tests::well_formed;

    #[test]
    fn tables_are_well_formed() {
        well_formed(PARTITIONS, 5, false);
        well_formed(REGIONS, 3, false);
        for row in REGIONS.rows() {
            let home = partition(row.field(1)).expect("a known partition");
            assert!(home.could_have(row.field(0)), "{}", row.field(0));
            assert_eq!(all().filter(|other| other.could_have(row.field(0))).count(), 1, "{}", row.field(0));
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
