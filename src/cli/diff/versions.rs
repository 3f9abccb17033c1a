//! The policies of two versions of the same files.

use super::Failure;
use super::contents::{Contents, FilePair, Folders, Obstacle, Version, held};
use super::terraform;
use crate::discover::{self, DiscoverOptions, READ_LIMIT};
use crate::load::{self, How};
use crate::site::PolicyKind;
use crate::source::Source;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Read one version of a file; one of Terraform with what lies beside it.
pub fn contents(key: &str, version: Version, kind: Option<PolicyKind>) -> Contents {
    let source = match version {
        Version::Text(source) => Arc::new(source),
        Version::Unreadable { path, message } => {
            return Contents::unreadable(vec![Obstacle { path, place: None, message }]);
        }
    };
    if load::is_terraform(Path::new(&source.path)) {
        return terraform::file(key, &source);
    }
    load::text(&source, How { kind, ..How::default() }, |loaded| held(key, &source, &loaded))
}

/// The files of two paths: two files whatever their names, or two folders by the paths below them, with the folders of
/// Terraform among those.
pub fn of_paths(old: &Path, new: &Path, here: &Path) -> Result<(Vec<FilePair>, Folders), Failure> {
    for path in [old, new] {
        if let Err(error) = path.metadata() {
            let message = discover::system_message(&error);
            return Err(Failure::Message(format!("{}: {message}", discover::shown(path))));
        }
    }
    match (old.is_dir(), new.is_dir()) {
        (false, false) => {
            let pair = FilePair { key: discover::shown(new), old: Some(read(old)), new: Some(read(new)) };
            Ok((vec![pair], Folders::new()))
        }
        (true, true) => {
            let (old, new) = (below(old, here)?, below(new, here)?);
            let (terraform, keys): (BTreeSet<&String>, BTreeSet<&String>) =
                old.keys().chain(new.keys()).partition(|key| load::is_of_folder(Path::new(key)));
            let folder = |key: &&String| Path::new(key).parent().map(Path::to_owned).unwrap_or_default();
            let folders = terraform.iter().filter(|key| load::is_terraform(Path::new(key))).map(folder);
            let folders = folders.map(|folder| (folder, None)).collect();
            let version = |files: &BTreeMap<String, PathBuf>, key: &str| files.get(key).map(|path| read(path));
            let pair = |key: &String| FilePair { key: key.clone(), old: version(&old, key), new: version(&new, key) };
            Ok((keys.into_iter().map(pair).collect(), folders))
        }
        (true, false) | (false, true) => {
            Err(Failure::Message("OLD and NEW must be two files or two folders".to_owned()))
        }
    }
}

/// The version of a file that lies at a path.
pub fn read(path: &Path) -> Version {
    let shown = discover::shown(path);
    match discover::read(path, READ_LIMIT) {
        Ok(text) => Version::Text(Source::new(shown, text)),
        Err(error) => Version::Unreadable { path: shown, message: error.to_string() },
    }
}

/// The files below a folder, by their paths from it. Ignore files have no say: one version may lie in a folder that the
/// other's repository ignores.
fn below(folder: &Path, here: &Path) -> Result<BTreeMap<String, PathBuf>, Failure> {
    let options = DiscoverOptions { working_directory: here.to_owned(), no_ignore: true, ..DiscoverOptions::default() };
    let found = discover::discover(&[folder.to_owned()], &options);
    if let Some(error) = found.errors.first() {
        return Err(Failure::Message(format!("{}: {}", error.path, error.message)));
    }
    let key = |path: &Path| path.strip_prefix(folder).unwrap_or(path).to_string_lossy().replace('\\', "/");
    Ok(found.files.into_iter().map(|file| (key(&file.path), file.path)).collect())
}
