//! The policies of two versions of the same files.

use super::super::policies;
use super::Failure;
use super::contents::{Contents, FilePair, Folders, Obstacle, Site, Version, held, of_found};
use super::terraform;
use crate::discover::{self, DiscoverOptions, READ_LIMIT};
use crate::load::{self, How};
use crate::site::PolicyKind;
use crate::source::Source;
use crate::syntax::Document;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Read one version of a file; one of Terraform with what lies beside it.
pub fn contents(key: &str, version: Version, how: How) -> Contents {
    let source = match version {
        Version::Text(source) => Arc::new(source),
        Version::Unreadable { path, message } => {
            return Contents::unreadable(vec![Obstacle { path, place: None, message }]);
        }
    };
    if load::is_terraform(Path::new(&source.path)) {
        return terraform::file(key, &source);
    }
    let whole = || load::text(&source, how, |loaded| held(key, &source, &loaded));
    let dump = if how.format.is_none() { dump(key, &source, how.kind) } else { None };
    dump.unwrap_or_else(whole)
}

/// The same for the dump of an account, whose tree is never held as a whole. `None` for any other file, and where
/// something keeps policies from being compared.
fn dump(key: &str, source: &Arc<Source>, kind: Option<PolicyKind>) -> Option<Contents> {
    let mut sites: Vec<(u32, Site)> = Vec::new();
    let (mut is_dump, mut is_whole) = (false, true);
    let mut not_judged = Vec::new();
    let mut read = |document: Document<'_>| {
        let Some((reason, found)) = load::part(&document, &source.path, kind) else {
            is_whole = false;
            return;
        };
        is_dump |= reason.is_some();
        is_whole &= found.problems.is_empty() && found.unresolved.is_empty() && found.limits.is_empty();
        let owners: BTreeMap<u32, u32> =
            found.sites.iter().map(|site| (site.document.span.start, load::owner_start(site))).collect();
        let owner = |site: &Site| owners.get(&site.span.start).copied().unwrap_or_default();
        let mut contents = of_found(key, source, &found);
        not_judged.append(&mut contents.not_judged);
        sites.extend(contents.sites.into_iter().map(|site| (owner(&site), site)));
    };
    let rest = load::in_parts(source, &mut read)?;
    read(rest);
    if !is_dump || !is_whole {
        return None;
    }
    sites.sort_by_key(|(at, _)| *at);
    let sites = sites.into_iter().map(|(_, site)| site).collect();
    Some(Contents { sites, not_judged, ..Contents::default() })
}

/// The files of two paths: two files whatever their names, or two folders by the paths below them, with the folders of
/// Terraform among those.
///
/// One of them may be `-`, standard input, which is called `stdin`.
pub fn of_paths(old: &Path, new: &Path, here: &Path, stdin: &str) -> Result<(Vec<FilePair>, Folders), Failure> {
    let piped = |path: &Path| path == Path::new("-");
    if piped(old) && piped(new) {
        return Err(Failure::Message("standard input can be one of OLD and NEW, not both".to_owned()));
    }
    let read = |path: &Path| -> Result<Version, Failure> {
        Ok(if piped(path) { Version::Text(Source::new(stdin, policies::read(path, "-")?)) } else { read_file(path) })
    };
    for path in [old, new].into_iter().filter(|path| !piped(path)) {
        if let Err(error) = path.metadata() {
            let message = discover::system_message(&error);
            return Err(Failure::Message(format!("{}: {message}", discover::shown(path))));
        }
    }
    match (old.is_dir(), new.is_dir()) {
        (false, false) => {
            let key = if piped(new) { stdin.to_owned() } else { discover::shown(new) };
            let pair = FilePair { key, old: Some(read(old)?), new: Some(read(new)?) };
            Ok((vec![pair], Folders::new()))
        }
        (true, true) => {
            let (old, new) = (below(old, here)?, below(new, here)?);
            let (terraform, keys): (BTreeSet<&String>, BTreeSet<&String>) =
                old.keys().chain(new.keys()).partition(|key| load::is_of_folder(Path::new(key)));
            let folder = |key: &&String| Path::new(key).parent().map(Path::to_owned).unwrap_or_default();
            let folders = terraform.iter().filter(|key| load::is_terraform(Path::new(key))).map(folder);
            let folders = folders.map(|folder| (folder, None)).collect();
            let version = |files: &BTreeMap<String, PathBuf>, key: &str| files.get(key).map(|path| read_file(path));
            let pair = |key: &String| FilePair { key: key.clone(), old: version(&old, key), new: version(&new, key) };
            Ok((keys.into_iter().map(pair).collect(), folders))
        }
        (true, false) | (false, true) => {
            Err(Failure::Message("OLD and NEW must be two files or two folders".to_owned()))
        }
    }
}

/// The version of a file that lies at a path.
pub fn read_file(path: &Path) -> Version {
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
