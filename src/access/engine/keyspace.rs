//! What values a condition key can have, by its name and type.

use super::domain::{Domain, Test};
use super::pattern::{Class, Element, Pattern};
use crate::aws::keys::{Key, KeyType};

/// The values of a key. A key that AWS does not list takes the sort of value that its tests ask for.
pub fn domain(key: Option<&Key>, tests: &[Test]) -> Domain {
    let Some(key) = key else {
        let all = |sort: fn(&Test) -> bool| !tests.is_empty() && tests.iter().all(sort);
        return if all(|test| matches!(test, Test::Number(..))) {
            Domain::Number { whole: false }
        } else if all(|test| matches!(test, Test::Date(..))) {
            Domain::Date { epoch: false }
        } else if all(|test| matches!(test, Test::Ip(_))) {
            Domain::Ip
        } else {
            Domain::Text(Vec::new())
        };
    };
    match key.kind {
        KeyType::Bool => Domain::Bool,
        KeyType::Numeric => Domain::Number { whole: true },
        KeyType::Date => Domain::Date { epoch: key.name == "aws:EpochTime" },
        KeyType::Ip => Domain::Ip,
        KeyType::Arn => Domain::Text(vec![arn()]),
        KeyType::String => Domain::Text(base(key.name)),
    }
}

/// Six fields, of which the first five hold no colon.
fn arn() -> Pattern {
    let field =
        Pattern(vec![Element { class: Class::NoColon, star: true }, Element { class: Class::Lit(':'), star: false }]);
    let fields = (0..4).fold(Pattern::exactly("arn:"), |fields, _| fields.then(&field));
    fields.then(&Pattern::at_least(1, Class::Any))
}

/// The form of a string key's values (IAM User Guide, "IAM and AWS STS quotas, name requirements, and character
/// limits"; AWS STS API Reference).
fn base(listed: &str) -> Vec<Pattern> {
    let digits = || vec![Pattern(vec![Element { class: Class::Digit, star: false }; 12])];
    let organization = || Pattern::exactly("o-").then(&Pattern::at_least(1, Class::Word));
    match listed {
        "aws:SourceAccount" | "aws:ResourceAccount" | "aws:VpceAccount" => digits(),
        "aws:PrincipalOrgID" | "aws:SourceOrgID" | "aws:ResourceOrgID" | "aws:VpceOrgID" => vec![organization()],
        "aws:PrincipalOrgPaths" | "aws:SourceOrgPaths" | "aws:ResourceOrgPaths" | "aws:VpceOrgPaths" => {
            vec![organization().then(&Pattern::glob("/*"))]
        }
        "sts:ExternalId" => vec![Pattern::at_least(2, Class::ExternalId)],
        "sts:RoleSessionName" | "sts:SourceIdentity" | "aws:SourceIdentity" => {
            vec![Pattern::at_least(2, Class::Name)]
        }
        // The value of a tag may be empty.
        "aws:PrincipalTag/" | "aws:RequestTag/" | "aws:ResourceTag/" | "iam:ResourceTag/" => {
            vec![Pattern::everything()]
        }
        _ => Vec::new(),
    }
}
