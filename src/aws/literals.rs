//! Values of condition keys in which a star is a star, as AWS itself writes them under operators that know no wildcards.

use super::accounts::is_account_id;

include!(concat!(env!("OUT_DIR"), "/aws_literals.rs"));

/// A value that a guide of AWS prescribes.
#[derive(Debug)]
struct Literal {
    key: &'static str,
    value: &'static str,
    /// The service whose guide it is; `None` where any caller sends it.
    service: Option<&'static str>,
}

/// Whether a star in this value of a key is meant, in a statement for these services. Source: the guides in the table.
pub fn is_meant(key: &str, value: &str, services: &[&str]) -> bool {
    LITERALS.iter().any(|literal| {
        let for_service = literal.service.is_none_or(|service| services == [service]);
        for_service && literal.key.eq_ignore_ascii_case(key) && is_form(literal.value, value)
    })
}

/// A value with `${}` for each part that is not known: names may have colons.
fn without_names(value: &str) -> String {
    let mut pieces = value.split("${");
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |text, piece| text + "${}" + piece.split_once('}').map_or("", |(_, after)| after))
}

/// Whether a value is of a form: field by field, with any Region and any account.
fn is_form(form: &str, value: &str) -> bool {
    let value = without_names(value);
    let mut fields = value.split(':');
    let fits = form.split(':').all(|form| {
        fields.next().is_some_and(|field| match form {
            "ACCOUNT" => is_account_id(field) || field.starts_with("${"),
            "REGION" => !field.is_empty(),
            "aws" => field.starts_with("aws"),
            form => form == field,
        })
    });
    fits && fields.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::tests::{optional, rows};

    #[test]
    fn every_row_is_found() {
        let rows = rows(include_str!("data/literal-stars.tsv"));
        assert_eq!(rows.len(), LITERALS.len());
        for row in rows {
            let value = row[1].replace("ACCOUNT", "111122223333").replace("REGION", "us-east-1");
            let services: Vec<&str> = optional(row[2]).into_iter().collect();
            assert!(is_meant(&row[0].to_ascii_uppercase(), &value, &services), "{value}");
            assert!(!is_meant(row[0], &format!("{value}x"), &services), "{value}");
            assert_eq!(is_meant(row[0], &value, &["ec2.amazonaws.com"]), services.is_empty(), "{value}");
            let open = row[1].replace("ACCOUNT", "${AWS::AccountId}").replace("REGION", "${AWS::Region}");
            assert!(is_meant(row[0], &open, &services), "{open}");
        }
    }
}
