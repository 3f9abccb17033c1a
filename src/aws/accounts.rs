//! Account ids that mean something to everybody: vendors, AWS itself, and the stand-ins of documentation.

// VENDORS: vendors that ask their customers to trust them. AWS: accounts of AWS itself. PLACEHOLDERS: stand-ins that do
// not repeat one digit. All three are sorted.
include!(concat!(env!("OUT_DIR"), "/aws_accounts.rs"));

/// Whether the text has the form of an account id: 12 ASCII digits. Source: *View AWS account identifiers*.
pub fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The vendor that this account belongs to. Source: `fwdcloudsec/known_aws_accounts`, which links each entry to the
/// vendor's own documentation.
pub fn vendor(account: &str) -> Option<&'static str> {
    owner(&VENDORS, account)
}

/// The AWS service that this account belongs to, such as load balancer logs. Source: as for [`vendor`].
pub fn aws_owned(account: &str) -> Option<&'static str> {
    owner(&AWS, account)
}

/// Whether documentation uses this id in place of a real one: trusting it is a sample that nobody finished. All ids of
/// one repeated digit count. Source: samples in AWS documentation.
pub fn placeholder(account: &str) -> bool {
    let repeated = account.bytes().zip(account.bytes().skip(1)).all(|(a, b)| a == b);
    is_account_id(account)
        && (repeated || number(account).is_some_and(|number| PLACEHOLDERS.binary_search(&number).is_ok()))
}

/// An account id as the tables have it.
fn number(account: &str) -> Option<u64> {
    account.parse().ok().filter(|_| is_account_id(account))
}

fn owner(accounts: &[(u64, &'static str)], account: &str) -> Option<&'static str> {
    let number = number(account)?;
    let at = accounts.binary_search_by_key(&number, |(known, _)| *known).ok()?;
    accounts.get(at).map(|(_, owner)| *owner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::tests::rows;

    #[test]
    fn every_row_is_found_and_the_tables_are_apart() {
        let vendors = rows(include_str!("data/vendor-accounts.tsv"));
        let aws = rows(include_str!("data/aws-accounts.tsv"));
        let placeholders = rows(include_str!("data/placeholder-accounts.tsv"));
        assert_eq!((vendors.len(), aws.len(), placeholders.len()), (VENDORS.len(), AWS.len(), PLACEHOLDERS.len()));
        for row in &vendors {
            let account = row[0];
            assert_eq!(
                (vendor(account), aws_owned(account), placeholder(account)),
                (Some(row[1]), None, false),
                "{account}"
            );
        }
        for row in &aws {
            let account = row[0];
            assert_eq!(
                (vendor(account), aws_owned(account), placeholder(account)),
                (None, Some(row[1]), false),
                "{account}"
            );
        }
        for row in &placeholders {
            let account = row[0];
            assert_eq!((vendor(account), aws_owned(account), placeholder(account)), (None, None, true), "{account}");
        }
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
