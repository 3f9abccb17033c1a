//! Modules of Terraform by themselves and in their calls: who asks for the policies of a configuration wants each resource
//! as it is made, and a module by itself only where nothing calls it.

use super::report::{FileReport, PolicyReport};
use super::terraform::FolderReport;
use crate::input::terraform_plan::address;
use std::collections::HashSet;
use std::path::PathBuf;

/// A resource as it is written: the file, the type and the name.
type Written = (String, String);

/// The resource of a policy as it is written in a file.
fn written(path: &str, policy: &PolicyReport) -> Option<Written> {
    let address = address::parse(&policy.address)?;
    Some((path.to_owned(), format!("{}.{}", address.resource_type, address.name)))
}

/// Leave out what folders that are called say of resources which the calls of other folders make, and count each policy
/// where it stays.
pub(super) fn leave_out(folders: &mut [FolderReport]) {
    let calls = |folder: &FolderReport| {
        let own = folder.folder.clone();
        folder.calls.iter().map(|call| call.folder.clone()).filter(move |called| *called != own).collect::<Vec<_>>()
    };
    let called: HashSet<PathBuf> = folders.iter().flat_map(calls).collect();
    let roots = folders.iter().filter(|folder| !called.contains(&folder.folder));
    let made = roots.flat_map(|folder| folder.files.iter().flat_map(|file| &file.called));
    let made: HashSet<Written> = made.filter_map(|one| written(&one.source.path, &one.policy)).collect();
    for folder in folders {
        let is_called = called.contains(&folder.folder);
        let stays =
            |path: &str, policy: &PolicyReport| !is_called || written(path, policy).is_none_or(|it| !made.contains(&it));
        for FileReport { source, policies, called, .. } in &mut folder.files {
            policies.retain(|policy| stays(&source.path, policy));
            called.retain(|one| stays(&one.source.path, &one.policy));
            called.iter_mut().for_each(|one| one.counted = true);
        }
    }
}
