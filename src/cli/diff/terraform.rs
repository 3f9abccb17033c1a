//! Folders of Terraform in two versions: a policy in one file is decided by others, so a folder is compared as a whole,
//! with the modules that it calls wherever they lie.

use super::contents::{Contents, Folders, Obstacle, held};
use super::revision::AtRevision;
use crate::input::terraform::{Files, Loader, normal};
use crate::input::terraform_plan::address;
use crate::lint::Disk;
use crate::load::{self, Loaded};
use crate::source::Source;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// One version of all files.
#[derive(Clone, Copy)]
pub struct Version<'f> {
    /// The files.
    pub files: &'f dyn Files,
    /// Where the folders lie.
    pub base: &'f Path,
}

/// Both versions of the policies of each folder. Where it is known what changed, a folder that reads none of that is
/// left out.
pub fn compare(
    folders: &Folders,
    old: Version<'_>,
    new: Version<'_>,
    changes: Option<&AtRevision>,
) -> Vec<(Contents, Contents)> {
    let all: Vec<(&PathBuf, &Option<BTreeSet<PathBuf>>)> = folders.iter().collect();
    let read = all.into_par_iter().filter_map(|(folder, only)| {
        let new = Folder::read(new, folder);
        // What reads nothing but the same comes to the same.
        let is_concerned = changes.is_none_or(|changes| new.seen.concerns(changes));
        is_concerned.then(|| (folder, only, Folder::read(old, folder), new))
    });
    let mut read: Vec<_> = read.collect();
    // A module is compared by itself as far as no call of it makes the same resource.
    let modules = |folder: &PathBuf, version: &Folder| {
        let own = folder.clone();
        version.seen.listed.iter().filter(move |other| **other != own).cloned().collect::<Vec<_>>()
    };
    let called: HashSet<PathBuf> =
        read.iter().flat_map(|(folder, _, old, new)| [modules(folder, old), modules(folder, new)].concat()).collect();
    let roots = read.iter().filter(|(folder, only, ..)| only.is_none() && !called.contains(*folder));
    let covered: HashSet<Resource> = roots.flat_map(|(_, _, old, new)| [old.called(), new.called()].concat()).collect();
    for (folder, _, old, new) in &mut read {
        if called.contains(*folder) {
            old.leave_out(&covered);
            new.leave_out(&covered);
        }
        old.hide_unknown(new);
        new.hide_unknown(old);
    }
    read.into_iter().map(|(_, only, old, new)| (old.contents(only.as_ref()), new.contents(only.as_ref()))).collect()
}

/// One version of the policies in a file that is compared with a file of any other name.
pub fn file(key: &str, source: &Source) -> Contents {
    let disk = Disk::with(BTreeMap::from([(PathBuf::from(&source.path), source.text.clone())]), false);
    let base = Path::new(&source.path).parent().unwrap_or(Path::new(""));
    let mut folder = Folder::read(Version { files: &disk, base }, Path::new(""));
    folder.files.retain(|file| file.source.path == source.path);
    folder.files.iter_mut().for_each(|file| key.clone_into(&mut file.key));
    folder.contents(None)
}

/// A resource, by the file that it stands in, its type and its name.
type Resource = (PathBuf, String);

/// The type and name in the address of a policy, and whether it is made by the call of a module.
fn resource(address: &str) -> Option<(String, bool)> {
    let address = address::parse(address)?;
    Some((format!("{}.{}", address.resource_type, address.name), !address.modules.is_empty()))
}

/// What was read of a folder in one version.
struct Folder {
    files: Vec<File>,
    obstacles: Vec<Obstacle>,
    seen: Seen,
}

struct File {
    /// Its path from the base.
    path: PathBuf,
    /// What it is known by in both versions.
    key: String,
    source: Arc<Source>,
    loaded: Loaded<'static>,
}

impl Folder {
    fn read(version: Version<'_>, folder: &Path) -> Folder {
        let tracked = Tracked { version, seen: Mutex::default() };
        let loader = Loader::new(&tracked);
        let mut read = load::folder_with(&version.base.join(folder), &loader);
        let (mut problems, unread) = loader.broken();
        // A folder that has nothing to do with AWS is somebody else's.
        let is_ours = |source: &Arc<Source>| source.text.contains("aws_") || load::mentions_policy(&source.text);
        if !loader.sources.all().iter().any(is_ours) {
            problems.clear();
            read.clear();
        }
        let located = problems.iter().filter_map(|problem| Some((loader.sources.locate(problem.span)?, problem)));
        let mut obstacles: Vec<Obstacle> =
            located.map(|((source, span), problem)| Obstacle::at(&source, span, &problem.message)).collect();
        let unread = unread.into_iter().map(|(path, message)| (version.files.shown(&path), message));
        obstacles.extend(unread.map(|(path, message)| Obstacle { path, place: None, message }));
        let seen = tracked.seen.into_inner().unwrap_or_else(PoisonError::into_inner);
        let file = |(source, loaded): (Arc<Source>, Loaded<'static>)| {
            let path = seen.paths.get(&source.path).cloned().unwrap_or_default();
            let shown = path.to_string_lossy().replace('\\', "/");
            let key = match path.parent() == Some(folder) {
                true => shown,
                // Several folders may call one module.
                false => format!("{shown} of {}", folder.display()),
            };
            File { path, key, source, loaded }
        };
        let files = read.into_values().map(file).collect();
        Folder { files, obstacles, seen }
    }

    /// The resources that calls of modules make.
    fn called(&self) -> Vec<Resource> {
        let of_file = |file: &File| -> Vec<Resource> {
            let sites = file.loaded.found.sites.iter();
            let calls = sites.filter_map(|site| resource(&site.address)).filter(|(_, is_called)| *is_called);
            calls.map(|(name, _)| (file.path.clone(), name)).collect()
        };
        self.files.iter().flat_map(of_file).collect()
    }

    /// Leave out what is known of these resources.
    fn leave_out(&mut self, covered: &HashSet<Resource>) {
        for file in &mut self.files {
            let path = &file.path;
            let stays =
                |address: &str| resource(address).is_none_or(|(name, _)| !covered.contains(&(path.clone(), name)));
            file.loaded.found.sites.retain(|site| stays(&site.address));
            file.loaded.found.unresolved.retain(|(_, what)| stays(address_of(what)));
        }
    }

    /// Leave out policies of which nothing is known in the other version: they would seem added or removed.
    fn hide_unknown(&mut self, other: &Folder) {
        let found = || other.files.iter().map(|file| &file.loaded.found);
        let known: HashSet<&str> = found().flat_map(|found| &found.sites).map(|site| site.address.as_str()).collect();
        let unknown: HashSet<&str> =
            found().flat_map(|found| &found.unresolved).map(|(_, what)| address_of(what)).collect();
        let stays = |address: &str| known.contains(address) || !unknown.contains(address);
        self.files.iter_mut().for_each(|file| file.loaded.found.sites.retain(|site| stays(&site.address)));
    }

    /// The policies, ready to be compared; of a folder with a mistake in it, none.
    fn contents(self, only: Option<&BTreeSet<PathBuf>>) -> Contents {
        let mut all = Contents { obstacles: self.obstacles, ..Contents::default() };
        for File { path, key, source, loaded } in self.files {
            let mut contents = held(&key, &source, &loaded);
            all.obstacles.append(&mut contents.obstacles);
            if only.is_none_or(|only| only.contains(&path)) {
                all.sites.append(&mut contents.sites);
                all.unresolved.append(&mut contents.unresolved);
                all.not_judged.append(&mut contents.not_judged);
            }
        }
        let mut seen = HashSet::new();
        all.obstacles.retain(|obstacle| seen.insert((obstacle.path.clone(), obstacle.place, obstacle.message.clone())));
        if all.obstacles.is_empty() { all } else { Contents::unreadable(all.obstacles) }
    }
}

/// The address in what is said of a policy of which nothing is known.
fn address_of(what: &str) -> &str {
    what.split_once(": ").map_or(what, |(address, _)| address)
}

/// Notes what of a version is looked at.
struct Tracked<'f> {
    version: Version<'f>,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    /// The files, as they were asked for.
    files: BTreeSet<PathBuf>,
    /// The folders, from the base.
    listed: BTreeSet<PathBuf>,
    /// From the base, by the path that reports show.
    paths: BTreeMap<String, PathBuf>,
}

impl Seen {
    /// Whether something of it differs.
    fn concerns(&self, changes: &AtRevision) -> bool {
        self.files.iter().any(|path| changes.differs(path))
            || self.listed.iter().any(|folder| changes.differs_in(folder))
    }
}

impl Tracked<'_> {
    fn note(&self, what: impl FnOnce(&mut Seen)) {
        what(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Files for Tracked<'_> {
    fn read(&self, path: &Path) -> Result<String, String> {
        self.note(|seen| seen.files.extend([path.to_owned()]));
        self.version.files.read(path)
    }

    fn list(&self, folder: &Path) -> Vec<PathBuf> {
        self.note(|seen| seen.listed.extend([from(self.version.base, folder)]));
        self.version.files.list(folder)
    }

    fn shown(&self, path: &Path) -> String {
        let shown = self.version.files.shown(path);
        self.note(|seen| seen.paths.extend([(shown.clone(), from(self.version.base, path))]));
        shown
    }
}

/// A path as it is seen from a folder, as far as their texts tell.
fn from(base: &Path, path: &Path) -> PathBuf {
    let (base, path) = (normal(base), normal(path));
    let mut left = base.components().peekable();
    let mut rest = path.components().peekable();
    while left.peek().is_some() && left.peek() == rest.peek() {
        left.next();
        rest.next();
    }
    left.map(|_| Component::ParentDir).chain(rest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_from_a_folder() {
        let seen = |base: &str, path: &str| from(Path::new(base), Path::new(path)).to_string_lossy().into_owned();
        assert_eq!(seen("old", "old/infra/main.tf"), "infra/main.tf");
        assert_eq!(seen("old/live", "old/live/../modules/a.tf"), "../modules/a.tf");
        assert_eq!(seen("", "infra/a.tf"), "infra/a.tf");
        assert_eq!(seen("../old", "../modules/a.tf"), "../modules/a.tf");
        assert_eq!(seen("/a/old", "/a/modules/x"), "../modules/x");
    }
}
