//! Modules of Terraform by themselves and in their calls: who asks for the policies of a configuration wants each resource
//! as it is made, and a module by itself only where nothing calls it.

use super::report::{FileReport, PolicyReport};
use super::terraform::FolderReport;
use crate::input::terraform_plan::address;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// A folder as it is shown, to be compared with others.
pub(super) fn folder(shown: &str) -> PathBuf {
    PathBuf::from(if shown == "." { "" } else { shown })
}

/// The folder of a file as it is shown.
pub(super) fn folder_of(shown: &str) -> PathBuf {
    Path::new(shown).parent().map(Path::to_owned).unwrap_or_default()
}

/// A resource as it is written: the file, the type and the name.
type Written = (String, String);

/// The resource of a policy as it is written in a file.
fn written(path: &str, policy: &PolicyReport) -> Option<Written> {
    let address = address::parse(&policy.address)?;
    Some((path.to_owned(), format!("{}.{}", address.resource_type, address.name)))
}

/// Leave out what folders that are called say of resources which the calls of other folders make.
pub(super) fn leave_out(folders: &mut [FolderReport]) {
    let called: HashSet<PathBuf> = folders.iter().flat_map(|folder| &folder.calls).cloned().collect();
    let roots = folders.iter().filter(|folder| !called.contains(&folder.folder));
    let mut made: HashSet<Written> = HashSet::new();
    for folder in roots {
        made.extend(folder.called.iter().filter_map(|(path, policy)| written(path, policy)));
        for FileReport { source, policies, .. } in &folder.files {
            made.extend(policies.iter().filter_map(|policy| written(&source.path, policy)));
        }
    }
    for folder in folders.iter_mut().filter(|folder| called.contains(&folder.folder)) {
        let stays =
            |path: &str, policy: &PolicyReport| written(path, policy).is_none_or(|written| !made.contains(&written));
        for FileReport { source, policies, .. } in &mut folder.files {
            policies.retain(|policy| stays(&source.path, policy));
        }
        folder.called.retain(|(path, policy)| stays(path, policy));
    }
}
