//! The weaknesses of the CWE list that rules name, as a taxonomy of SARIF.

use super::identity::uuid;
use crate::diagnostic::Fingerprint;

/// The version of the list that the names below are taken from.
pub(super) const LIST: &str = "4.15";

/// Identity of the taxonomy.
pub(super) fn list_guid() -> String {
    guid("list")
}

/// Identity of one weakness, `CWE-284`.
pub(super) fn taxon_guid(id: &str) -> String {
    guid(id)
}

/// A UUID that is the same in every release: derived from the name alone.
fn guid(name: &str) -> String {
    uuid(Fingerprint::of(&["iamlint taxonomy", "CWE", name]))
}

/// The title of a weakness (Common Weakness Enumeration, MITRE); none for an id that this table lacks.
pub(super) fn title(id: &str) -> Option<&'static str> {
    Some(match id {
        "CWE-20" => "Improper Input Validation",
        "CWE-183" => "Permissive List of Allowed Inputs",
        "CWE-250" => "Execution with Unnecessary Privileges",
        "CWE-266" => "Incorrect Privilege Assignment",
        "CWE-269" => "Improper Privilege Management",
        "CWE-276" => "Incorrect Default Permissions",
        "CWE-284" => "Improper Access Control",
        "CWE-285" => "Improper Authorization",
        "CWE-287" => "Improper Authentication",
        "CWE-290" => "Authentication Bypass by Spoofing",
        "CWE-306" => "Missing Authentication for Critical Function",
        "CWE-308" => "Use of Single-factor Authentication",
        "CWE-345" => "Insufficient Verification of Data Authenticity",
        "CWE-346" => "Origin Validation Error",
        "CWE-441" => "Unintended Proxy or Intermediary ('Confused Deputy')",
        "CWE-561" => "Dead Code",
        "CWE-613" => "Insufficient Session Expiration",
        "CWE-639" => "Authorization Bypass Through User-Controlled Key",
        "CWE-668" => "Exposure of Resource to Wrong Sphere",
        "CWE-670" => "Always-Incorrect Control Flow Implementation",
        "CWE-693" => "Protection Mechanism Failure",
        "CWE-697" => "Incorrect Comparison",
        "CWE-732" => "Incorrect Permission Assignment for Critical Resource",
        "CWE-798" => "Use of Hard-coded Credentials",
        "CWE-862" => "Missing Authorization",
        "CWE-863" => "Incorrect Authorization",
        "CWE-1164" => "Irrelevant Code",
        "CWE-1220" => "Insufficient Granularity of Access Control",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guids_never_change() {
        assert_eq!(list_guid(), "41a0bfa0-e014-50cd-888d-79f186899f82");
        assert_eq!(taxon_guid("CWE-284"), "8c7ad482-ce9d-5b5a-88e2-971c48e00b7e");
    }
}
