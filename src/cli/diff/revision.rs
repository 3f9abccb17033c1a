//! Files of a git revision, through the `git` program.
//!
//! Only files that differ from the revision are read: git knows them without opening the others. Ignore files have no
//! say for what the revision holds, so that an ignore line cannot hide the change that comes with it.

use super::Failure;
use super::contents::{FilePair, Folders, Version};
use crate::discover::{self, EXTENSIONS, PRUNED, READ_LIMIT};
use crate::input::terraform::{Files, is_read};
use crate::lint::Disk;
use crate::load;
use crate::source::Source;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// The working directory.
const HERE: &str = ".";

/// What is to be compared with a revision.
#[derive(Debug)]
pub struct Changed {
    /// Files that may hold a policy and differ.
    pub pairs: Vec<FilePair>,
    /// Folders of Terraform, whether or not something in them differs: what they read may lie anywhere.
    pub folders: Folders,
    /// The files of the revision.
    pub files: AtRevision,
}

/// What is to be compared with a revision below `paths`.
pub fn changed(revision: &str, paths: &[PathBuf]) -> Result<Changed, Failure> {
    let place = Place::find()?;
    let tree = resolve(revision)?;
    let mut files = differences(&tree, HERE, paths)?;
    let named = named_files(&place, &tree, paths)?;
    // A file that is named counts even if git ignores it.
    let ignored = named.iter().filter(|(_, at_revision)| !**at_revision).map(|(path, _)| (path.clone(), None));
    let ignored: Vec<_> = ignored.filter(|(path, _)| !files.contains_key(path)).collect();
    files.extend(ignored);
    let tracked = git(&["ls-files", "-z", "--full-name"], paths)?;
    let folders = folders(fields(&tracked).chain(files.keys().cloned()), &named, &place);
    let everywhere = match folders.is_empty() {
        true => BTreeMap::new(),
        false => differences(&tree, place.top(), &[])?,
    };
    let wanted =
        |path: &str| !load::is_of_folder(Path::new(path)) && (named.contains_key(path) || may_hold_policy(path));
    let pairs = files.into_iter().filter(|(path, _)| wanted(path)).map(|(path, blob)| {
        let path = place.below_here(&path);
        let old = blob.map(|blob| blob.version(&format!("{revision}:{path}"))).transpose()?;
        let here = Path::new(&path);
        let new = here.symlink_metadata().is_ok().then(|| match discover::read(here, READ_LIMIT) {
            Ok(text) => Version::Text(Source::new(&path, text)),
            Err(error) => Version::Unreadable { path: path.clone(), message: error.to_string() },
        });
        Ok(FilePair { key: path, old, new })
    });
    let mut pairs = pairs.collect::<Result<Vec<FilePair>, Failure>>()?;
    let is_named = |pair: &FilePair| named.contains_key(&place.below_top(Path::new(&pair.key)));
    pairs.retain(|pair| {
        let versions = [&pair.old, &pair.new];
        !discover::has_no_ending(Path::new(&pair.key)) || is_named(pair) || versions.into_iter().flatten().any(is_bare)
    });
    let (disk, texts) = (Disk::default(), Mutex::default());
    let files = AtRevision { revision: revision.to_owned(), place, differences: everywhere, disk, texts };
    Ok(Changed { pairs, folders, files })
}

/// The files below `paths` that differ between a tree and the working tree, as paths from the top; with the former
/// version, if there is one. `folder` is where git runs: without paths, everything below it counts.
fn differences(tree: &str, folder: &str, paths: &[PathBuf]) -> Result<BTreeMap<String, Option<Blob>>, Failure> {
    let mut files: BTreeMap<String, Option<Blob>> = BTreeMap::new();
    let raw = git_in(folder, &["diff-index", "--raw", "-z", "--no-renames", "--ignore-submodules=all", tree], paths)?;
    // `:mode mode id id status` and the path, each ended by a zero byte.
    let mut entries = fields(&raw);
    while let (Some(head), Some(path)) = (entries.next(), entries.next()) {
        let blob = Blob::parse(&head);
        let known = files.entry(path).or_default();
        *known = known.take().or(blob);
    }
    for path in fields(&git_in(folder, &["ls-files", "-z", "--others", "--exclude-standard", "--full-name"], paths)?) {
        files.entry(path).or_default();
    }
    Ok(files)
}

/// The folders of Terraform among these files. Of a folder whose files are named, those are told of.
fn folders(paths: impl Iterator<Item = String>, named: &BTreeMap<String, bool>, place: &Place) -> Folders {
    let mut folders = Folders::new();
    for path in paths.filter(|path| load::is_terraform(Path::new(path)) && !is_pruned(path)) {
        let here = PathBuf::from(place.below_here(&path));
        let folder = here.parent().unwrap_or(Path::new("")).to_owned();
        let only = folders.entry(folder).or_insert_with(|| Some(BTreeSet::new()));
        match named.contains_key(&path) {
            true => drop(only.as_mut().map(|only| only.insert(here))),
            false => *only = None,
        }
    }
    folders
}

/// The files of a revision. What does not differ is read from the working tree, and so is what git ignores: it stays
/// where it is when another revision is checked out.
#[derive(Debug)]
pub struct AtRevision {
    revision: String,
    place: Place,
    /// From the top of the repository: each file that differs, with its former version.
    differences: BTreeMap<String, Option<Blob>>,
    disk: Disk,
    /// What was read, by id.
    texts: Mutex<HashMap<String, Result<String, String>>>,
}

impl AtRevision {
    /// Whether a file differs.
    pub fn differs(&self, path: &Path) -> bool {
        self.differences.contains_key(&self.place.below_top(path))
    }

    /// Whether a file differs that Terraform reads of this folder.
    pub fn differs_in(&self, folder: &Path) -> bool {
        self.in_folder(folder).next().is_some()
    }

    /// The files that differ and that Terraform reads of a folder, by name.
    fn in_folder(&self, folder: &Path) -> impl Iterator<Item = (&str, &Option<Blob>)> {
        let mut start = self.place.below_top(folder);
        if !start.is_empty() {
            start.push('/');
        }
        let after = self.differences.range(start.clone()..);
        let below = after.map_while(move |(path, blob)| Some((path.strip_prefix(start.as_str())?, blob)));
        below.filter(|(name, _)| !name.contains('/') && is_read(name))
    }

    fn blob(&self, blob: &Blob) -> Result<String, String> {
        let locked = || self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = locked().get(&blob.id) {
            return known.clone();
        }
        let read = blob.read().unwrap_or_else(|failure| Err(failure.to_string()));
        locked().entry(blob.id.clone()).or_insert(read).clone()
    }
}

impl Files for AtRevision {
    fn read(&self, path: &Path) -> Result<String, String> {
        match self.differences.get(&self.place.below_top(path)) {
            Some(Some(blob)) => self.blob(blob),
            Some(None) => Err("no such file or directory".to_owned()),
            None => self.disk.read(path),
        }
    }

    fn list(&self, folder: &Path) -> Vec<PathBuf> {
        let mut files = self.disk.list(folder);
        for (name, former) in self.in_folder(folder) {
            let path = folder.join(name);
            files.retain(|known| *known != path);
            files.extend(former.is_some().then_some(path));
        }
        files.sort();
        files
    }

    fn shown(&self, path: &Path) -> String {
        format!("{}:{}", self.revision, self.disk.shown(path))
    }
}

/// Where the working directory lies in the repository.
#[derive(Debug)]
struct Place {
    /// From the top of the repository to here: empty, or ending in `/`.
    prefix: String,
    /// From here to the top: empty, or `../../`.
    up: String,
}

impl Place {
    fn find() -> Result<Place, Failure> {
        let output = run(HERE, &["rev-parse", "--show-prefix", "--show-cdup"], &[])?;
        if !output.status.success() {
            return Err(Failure::Message(format!("--base needs a git repository: {}", complaint(&output.stderr))));
        }
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut lines = text.lines().map(str::to_owned);
        Ok(Place { prefix: lines.next().unwrap_or_default(), up: lines.next().unwrap_or_default() })
    }

    /// The top.
    fn top(&self) -> &str {
        if self.up.is_empty() { HERE } else { &self.up }
    }

    /// A path from the top as a path from here.
    fn below_here(&self, path: &str) -> String {
        path.strip_prefix(&self.prefix).map_or_else(|| format!("{}{path}", self.up), str::to_owned)
    }

    /// A path from here as a path from the top.
    fn below_top(&self, path: &Path) -> String {
        let shown = discover::shown(path);
        let mut parts: Vec<&str> = self.prefix.split('/').filter(|part| !part.is_empty()).collect();
        for part in shown.split('/') {
            match part {
                ".." => drop(parts.pop()),
                "." => {}
                part => parts.push(part),
            }
        }
        parts.join("/")
    }
}

/// The tree of a revision, by its id: what follows cannot be taken for an option, and does not move during the run.
fn resolve(revision: &str) -> Result<String, Failure> {
    let unknown = |why: &str| Failure::Message(format!("--base: unknown revision `{revision}`{why}"));
    if revision.is_empty() || revision.starts_with('-') {
        return Err(unknown(""));
    }
    let output = run(HERE, &["rev-parse", "--verify", "--quiet", &format!("{revision}^{{tree}}")], &[])?;
    let id = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if !output.status.success() || id.is_empty() {
        return Err(unknown("; a shallow clone has to fetch it first, with `git fetch`"));
    }
    Ok(id)
}

/// The paths that name files, from the top, with whether the revision has them. A path that is nowhere is an error.
fn named_files(place: &Place, tree: &str, paths: &[PathBuf]) -> Result<BTreeMap<String, bool>, Failure> {
    let mut named = BTreeMap::new();
    for path in paths {
        if path.is_dir() {
            continue;
        }
        let exists = path.symlink_metadata().is_ok();
        let at_revision = !git(&["ls-tree", "-z", tree], std::slice::from_ref(path))?.is_empty();
        if !exists && !at_revision {
            let shown = discover::shown(path);
            return Err(Failure::Message(format!("{shown}: neither in the working tree nor in the revision")));
        }
        named.insert(place.below_top(path), at_revision);
    }
    Ok(named)
}

/// Whether `check` would judge a file of this name in a folder.
fn may_hold_policy(path: &str) -> bool {
    let end = path.rsplit_once('.').map_or("", |(_, end)| end);
    let has_extension = EXTENSIONS.iter().any(|known| known.eq_ignore_ascii_case(end));
    (has_extension || discover::has_no_ending(Path::new(path))) && !is_pruned(path)
}

/// Whether a file without an ending may hold a policy: programs have none either.
fn is_bare(version: &Version) -> bool {
    match version {
        Version::Text(source) => source.text.trim_start_matches('\u{feff}').trim_start().starts_with(['{', '[']),
        Version::Unreadable { .. } => false,
    }
}

/// Whether a file lies in a folder that is not looked into unless it is named.
fn is_pruned(path: &str) -> bool {
    path.split('/').any(|part| PRUNED.contains(&part))
}

/// A file in the store of git.
#[derive(Debug)]
struct Blob {
    id: String,
    is_link: bool,
}

impl Blob {
    /// From `:mode mode id id status`; `None` for a file that the revision does not have.
    fn parse(head: &str) -> Option<Blob> {
        let mut words = head.trim_start_matches(':').split(' ');
        let mode = words.next()?;
        let id = words.nth(1)?;
        let absent = id.bytes().all(|byte| byte == b'0');
        (!absent).then(|| Blob { id: id.to_owned(), is_link: mode == "120000" })
    }

    /// The text, or why it cannot be had.
    fn read(&self) -> Result<Result<String, String>, Failure> {
        if self.is_link {
            return Ok(Err("a link, whose target is not looked up in the revision".to_owned()));
        }
        let bytes = git(&["cat-file", "blob", &self.id], &[])?;
        Ok(discover::decode(bytes, READ_LIMIT).map_err(|error| error.to_string()))
    }

    fn version(self, shown: &str) -> Result<Version, Failure> {
        Ok(match self.read()? {
            Ok(text) => Version::Text(Source::new(shown, text)),
            Err(message) => Version::Unreadable { path: shown.to_owned(), message },
        })
    }
}

fn fields(bytes: &[u8]) -> impl Iterator<Item = String> {
    bytes.split(|byte| *byte == 0).filter(|field| !field.is_empty()).map(|field| String::from_utf8_lossy(field).into())
}

fn run(folder: &str, args: &[&str], paths: &[PathBuf]) -> Result<std::process::Output, Failure> {
    let mut command = Command::new("git");
    command.current_dir(folder);
    // Paths are names, not patterns, and a check must not write to the index.
    command.args(["--literal-pathspecs", "--no-optional-locks"]).args(args).env("LC_ALL", "C");
    if !paths.is_empty() {
        command.arg("--").args(paths);
    }
    command.output().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => {
            Failure::Message("--base needs the program `git`, which is not found; compare two folders instead".into())
        }
        _ => Failure::Message(format!("failed to run `git`: {}", discover::system_message(&error))),
    })
}

fn git(args: &[&str], paths: &[PathBuf]) -> Result<Vec<u8>, Failure> {
    git_in(HERE, args, paths)
}

fn git_in(folder: &str, args: &[&str], paths: &[PathBuf]) -> Result<Vec<u8>, Failure> {
    let output = run(folder, args, paths)?;
    match output.status.success() {
        true => Ok(output.stdout),
        false => {
            let name = args.first().copied().unwrap_or_default();
            Err(Failure::Message(format!("`git {name}` failed: {}", complaint(&output.stderr))))
        }
    }
}

/// What git says, without its `fatal: `.
fn complaint(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    text.trim().trim_start_matches("fatal: ").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_go_to_the_top_and_back() {
        let place = Place { prefix: "infra/prod/".into(), up: "../../".into() };
        assert_eq!(place.below_here("infra/prod/a.json"), "a.json");
        assert_eq!(place.below_here("other/a.json"), "../../other/a.json");
        assert_eq!(place.below_top(Path::new("../a.json")), "infra/a.json");
        assert_eq!(place.below_top(Path::new("./x/a.json")), "infra/prod/x/a.json");
    }

    #[test]
    fn lines_of_git() {
        let zero = "0".repeat(40);
        assert!(Blob::parse(&format!(":000000 100644 {zero} {zero} A")).is_none());
        let link = Blob::parse(&format!(":120000 120000 abc {zero} M")).expect("it is there");
        assert!(link.is_link && link.id == "abc");
        assert!(Blob::parse(":").is_none());
    }

    #[test]
    fn names_that_may_hold_policies() {
        assert!(may_hold_policy("a/b.YAML"));
        assert!(may_hold_policy("policies/Admin"));
        assert!(!may_hold_policy("a/b.rs"));
        assert!(!may_hold_policy("a/.gitignore"));
        assert!(!may_hold_policy("a/node_modules/b.json"));
    }
}
