//! Facts about the organization that stand in the files of a run.
//!
//! `iam-collect` writes `organizations/<id>/accounts.json` with every account of the organization as a key, and
//! `structure.json` with the ARNs of the accounts below each unit. What the user configures always wins.

use crate::discover::{self, READ_LIMIT};
use crate::rules::Org;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Give `org` what the files tell and the user's configuration does not. Files of several organizations tell nothing:
/// an account of one is foreign to the others.
///
/// Such facts can silence a finding, so what was taken is returned, to be told to the user.
pub fn complete(org: &mut Org, files: &[PathBuf]) -> Option<String> {
    let mut organizations: BTreeMap<String, (BTreeSet<String>, &Path)> = BTreeMap::new();
    for path in files {
        if let Some((id, shape)) = organization(path) {
            let (known, _) = organizations.entry(id.to_owned()).or_insert_with(|| (BTreeSet::new(), path));
            known.extend(accounts(path, shape));
        }
    }
    let (id, (accounts, path)) = organizations.pop_first().filter(|_| organizations.is_empty())?;
    let is_same = match &org.org_id {
        Some(own) => *own == id,
        None => org.accounts.is_empty() || org.accounts.iter().any(|own| accounts.contains(own)),
    };
    let is_new = org.accounts.is_empty() || org.org_id.is_none();
    if !is_same || !is_new || accounts.is_empty() {
        return None;
    }
    let number = accounts.len();
    let told =
        format!("{}: its {number} accounts are taken for those of your organization, {id}", discover::shown(path));
    if org.accounts.is_empty() {
        org.accounts = accounts.into_iter().collect();
    }
    org.org_id.get_or_insert(id);
    Some(told)
}

/// How a file says which accounts there are.
#[derive(Clone, Copy)]
enum Shape {
    /// An object whose keys are the accounts.
    Keys,
    /// ARNs, at any depth.
    Arns,
}

/// The organization that a file is about, from its path.
fn organization(path: &Path) -> Option<(&str, Shape)> {
    let mut parts = path.iter().rev().map(|part| part.to_str().unwrap_or_default());
    let shape = match parts.next()? {
        "accounts.json" => Shape::Keys,
        "structure.json" => Shape::Arns,
        _ => return None,
    };
    let id =
        parts.next().filter(|id| id.starts_with("o-") && id[2..].bytes().all(|byte| byte.is_ascii_alphanumeric()))?;
    (parts.next() == Some("organizations")).then_some((id, shape))
}

/// The accounts in a file; none if it cannot be read, which is no mistake in a policy.
fn accounts(path: &Path, shape: Shape) -> Vec<String> {
    let text = discover::read(path, READ_LIMIT).unwrap_or_default();
    let Ok(value) = serde_json::from_str::<Value>(&text) else { return Vec::new() };
    let mut found = Vec::new();
    match (shape, &value) {
        (Shape::Keys, Value::Object(members)) => found.extend(members.keys().cloned()),
        (Shape::Keys, _) => {}
        (Shape::Arns, value) => arns(value, &mut found),
    }
    found.retain(|id| id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit()));
    found
}

/// The last parts of the ARNs of accounts, `arn:aws:organizations::<management account>:account/<organization>/<account>`.
fn arns(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) if text.contains(":account/") => {
            found.extend(text.rsplit('/').next().map(str::to_owned));
        }
        Value::Array(items) => items.iter().for_each(|item| arns(item, found)),
        Value::Object(members) => members.values().for_each(|item| arns(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a configuration becomes beside these files.
    fn completed(org: &Org, files: &[(&str, &str)]) -> Org {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let paths: Vec<PathBuf> = files.iter().map(|(path, _)| folder.path().join(path)).collect();
        for (path, (_, text)) in paths.iter().zip(files) {
            std::fs::create_dir_all(path.parent().expect("it has one")).expect("a folder");
            std::fs::write(path, text).expect("a file");
        }
        let mut completed = org.clone();
        let told = complete(&mut completed, &paths);
        assert_eq!(told.is_some(), completed != *org, "what changed is told, and nothing else");
        completed
    }

    const ACCOUNTS: (&str, &str) =
        ("aws/aws/organizations/o-k3p9x2m7qz/accounts.json", r#"{"294750163881": {"ou": "r-1"}, "803914726655": {}}"#);

    #[test]
    fn accounts_and_id() {
        let org = completed(&Org::default(), &[ACCOUNTS]);
        assert_eq!(org.org_id.as_deref(), Some("o-k3p9x2m7qz"));
        assert_eq!(org.accounts, ["294750163881", "803914726655"]);
        let arn = r#"{"r-1": {"children": {"ou-1": {"accounts": ["arn:aws:organizations::294750163881:account/o-k3p9x2m7qz/803914726655"]}}}}"#;
        let structure = completed(&Org::default(), &[("organizations/o-k3p9x2m7qz/structure.json", arn)]);
        assert_eq!(structure.accounts, ["803914726655"]);
    }

    #[test]
    fn the_configuration_wins() {
        let own = |accounts: &[&str], id: Option<&str>| Org {
            accounts: accounts.iter().map(|id| (*id).to_owned()).collect(),
            org_id: id.map(str::to_owned),
            ..Org::default()
        };
        let listed = own(&["294750163881"], None);
        let expected = own(&["294750163881"], Some("o-k3p9x2m7qz"));
        assert_eq!(completed(&listed, &[ACCOUNTS]), expected);
        for other in [own(&["111122223333"], None), own(&[], Some("o-other12345"))] {
            assert_eq!(completed(&other, &[ACCOUNTS]), other, "the files are of another organization");
        }
    }

    #[test]
    fn what_tells_nothing() {
        let second = ("organizations/o-abcdefghij/accounts.json", r#"{"111122223333": {}}"#);
        for files in [
            &[ACCOUNTS, second][..],
            &[("organizations/o-k3p9x2m7qz/accounts.json", "[not json")],
            &[("organizations/o-k3p9x2m7qz/accounts.json", r#"{"name": {}}"#)],
            &[("elsewhere/o-k3p9x2m7qz/accounts.json", ACCOUNTS.1)],
            &[("organizations/acme/accounts.json", ACCOUNTS.1)],
        ] {
            assert_eq!(completed(&Org::default(), files), Org::default(), "{files:?}");
        }
    }
}
