//! Modules of Terraform by themselves and in their calls: who asks for the policies of a configuration wants each resource
//! as it is made, and a module by itself only where nothing calls it.

use super::report::{FileReport, PolicyReport};
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

/// What a folder calls.
#[derive(Default)]
pub(super) struct Calls {
    /// The folder, as it is shown.
    pub folder: PathBuf,
    /// The folders of modules that it calls, itself or by others.
    pub modules: HashSet<PathBuf>,
    /// Policies that it calls modules for, where they are kept, by the files that were asked for too.
    pub made: Vec<(String, PolicyReport)>,
}

/// Leave out what folders that are called say of resources which the calls of other folders make.
pub(super) fn leave_out<'f>(folders: impl Iterator<Item = (&'f mut Calls, &'f mut Vec<FileReport>)>) {
    let mut folders: Vec<_> = folders.collect();
    let called: HashSet<PathBuf> = folders.iter().flat_map(|(calls, _)| &calls.modules).cloned().collect();
    let mut made: HashSet<Written> = HashSet::new();
    for (calls, files) in folders.iter().filter(|(calls, _)| !called.contains(&calls.folder)) {
        made.extend(calls.made.iter().filter_map(|(path, policy)| written(path, policy)));
        for FileReport { source, policies, .. } in files.iter() {
            made.extend(policies.iter().filter_map(|policy| written(&source.path, policy)));
        }
    }
    for (calls, files) in folders.iter_mut().filter(|(calls, _)| called.contains(&calls.folder)) {
        let stays =
            |path: &str, policy: &PolicyReport| written(path, policy).is_none_or(|written| !made.contains(&written));
        for FileReport { source, policies, .. } in files.iter_mut() {
            policies.retain(|policy| stays(&source.path, policy));
        }
        calls.made.retain(|(path, policy)| stays(path, policy));
    }
}
