//! KMS keys, whose own policy decides: unless it allows it, no identity policy can, not even for the root user of the
//! account (AWS KMS Developer Guide, "Key policies in AWS KMS"). Grants are not looked at.

/// Actions of KMS that need no permission for a key, in lower case (Service Authorization Reference, "Actions, resources,
/// and condition keys for AWS Key Management Service"): identity policies alone decide.
const KEYLESS: [&str; 11] = [
    "connectcustomkeystore",
    "createcustomkeystore",
    "createkey",
    "deletecustomkeystore",
    "describecustomkeystores",
    "disconnectcustomkeystore",
    "generaterandom",
    "listaliases",
    "listkeys",
    "listretirablegrants",
    "updatecustomkeystore",
];

/// Whether the policy of a key decides a request. An alias has no policy of its own: a call that manages one is asked
/// about the alias, which identity policies decide, and about the key.
pub fn key_policy_decides(action: &str, resource: Option<&str>) -> bool {
    let action = action.to_ascii_lowercase();
    let Some(name) = action.strip_prefix("kms:") else { return false };
    let alias = resource.and_then(|arn| arn.split(':').nth(5)).is_some_and(|part| part.starts_with("alias/"));
    let of_alias = alias && name.ends_with("alias");
    !of_alias && !KEYLESS.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_requests() {
        let key = Some("arn:aws:kms:eu-west-1:111122223333:key/k");
        let alias = Some("arn:aws:kms:eu-west-1:111122223333:alias/a");
        for (action, resource, expected) in [
            ("kms:Decrypt", key, true),
            ("KMS:decrypt", None, true),
            ("kms:CreateAlias", key, true),
            ("kms:CreateAlias", alias, false),
            ("kms:CreateKey", None, false),
            ("kms:ListKeys", None, false),
            ("s3:GetObject", key, false),
        ] {
            assert_eq!(key_policy_decides(action, resource), expected, "{action} {resource:?}");
        }
        assert!(KEYLESS.is_sorted());
    }
}
