//! Account ids that mean something to everybody: vendors, AWS itself, and the stand-ins of documentation.

use super::Table;

/// Vendors that ask their customers to trust them.
const VENDORS: Table = Table(include_str!("data/vendor-accounts.tsv"));
/// Accounts of AWS itself.
const AWS: Table = Table(include_str!("data/aws-accounts.tsv"));
/// Stand-ins that do not repeat one digit.
const PLACEHOLDERS: Table = Table(include_str!("data/placeholder-accounts.tsv"));

/// Whether the text has the form of an account id: 12 ASCII digits. Source: *View AWS account identifiers*.
pub fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The vendor that this account belongs to. Source: `fwdcloudsec/known_aws_accounts`, which links each entry to the
/// vendor's own documentation.
pub fn vendor(account: &str) -> Option<&'static str> {
    VENDORS.find(account).map(|row| row.field(1))
}

/// The AWS service that this account belongs to, such as load balancer logs. Source: as for [`vendor`].
pub fn aws_owned(account: &str) -> Option<&'static str> {
    AWS.find(account).map(|row| row.field(1))
}

/// Whether documentation uses this id in place of a real one: trusting it is a sample that nobody finished. All ids of
/// one repeated digit count. Source: samples in AWS documentation.
pub fn placeholder(account: &str) -> bool {
    let repeated = account.bytes().zip(account.bytes().skip(1)).all(|(a, b)| a == b);
    is_account_id(account) && (repeated || PLACEHOLDERS.find(account).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::tests::well_formed;

    #[test]
    fn tables_are_well_formed_and_apart() {
        well_formed(VENDORS, 3, false);
        well_formed(AWS, 3, false);
        well_formed(PLACEHOLDERS, 2, false);
        assert!([VENDORS, AWS, PLACEHOLDERS].into_iter().flat_map(Table::rows).all(|row| is_account_id(row.field(0))));
        for row in VENDORS.rows().chain(AWS.rows()) {
            assert!(!placeholder(row.field(0)), "{}", row.field(0));
        }
        assert!(VENDORS.rows().all(|row| AWS.find(row.field(0)).is_none()));
    }

    #[test]
    fn facts() {
        assert_eq!(vendor("464622532012"), Some("Datadog"));
        assert_eq!(vendor("127311923021"), None);
        assert_eq!(aws_owned("127311923021"), Some("ELB logs"));
        assert_eq!(aws_owned("858827067514"), Some("Log Delivery Service"));
    }

    #[test]
    fn stand_ins() {
        for id in ["111122223333", "123456789012", "000000000000", "999999999999", "012345678901"] {
            assert!(placeholder(id), "{id}");
        }
        for id in ["464622532012", "11111111111", "1111111111111", "", "aaaaaaaaaaaa", "123456789013"] {
            assert!(!placeholder(id), "{id}");
        }
    }

    #[test]
    fn form_of_an_id() {
        assert!(is_account_id("012345678901"));
        for text in ["12345678901", "1234567890123", "12345678901x", "1234-5678-901", "１２３４"] {
            assert!(!is_account_id(text), "{text}");
        }
    }
}
