//! Files of a git revision, through the `git` program.
//!
//! Only files that differ from the revision are read: git knows them without opening the others. Ignore files have no
//! say for what the revision holds, so that an ignore line cannot hide the change that comes with it.

use super::Failure;
use super::versions::{FilePair, Version};
use crate::discover::{self, EXTENSIONS, PRUNED, READ_LIMIT};
use crate::source::Source;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Every file below `paths` that may hold a policy and differs between the revision and the working tree.
pub fn changed(revision: &str, paths: &[PathBuf]) -> Result<Vec<FilePair>, Failure> {
    let place = Place::find()?;
    let tree = resolve(revision)?;
    let mut files: BTreeMap<String, Option<Blob>> = BTreeMap::new();
    let raw = git(&["diff-index", "--raw", "-z", "--no-renames", "--ignore-submodules=all", &tree], paths)?;
    // `:mode mode id id status` and the path, each ended by a zero byte.
    let mut fields = fields(&raw);
    while let (Some(head), Some(path)) = (fields.next(), fields.next()) {
        let blob = Blob::parse(&head);
        let known = files.entry(path).or_default();
        *known = known.take().or(blob);
    }
    for path in self::fields(&git(&["ls-files", "-z", "--others", "--exclude-standard", "--full-name"], paths)?) {
        files.entry(path).or_default();
    }
    let named = named_files(&place, &tree, paths)?;
    let wanted = |path: &str| named.contains_key(path) || may_hold_policy(path);
    // A file that is named counts even if git ignores it.
    let ignored = named.iter().filter(|(_, at_revision)| !**at_revision).map(|(path, _)| (path.clone(), None));
    let ignored: Vec<_> = ignored.filter(|(path, _)| !files.contains_key(path)).collect();
    files.extend(ignored);
    files
        .into_iter()
        .filter(|(path, _)| wanted(path))
        .map(|(path, blob)| {
            let path = place.below_here(&path);
            let old = blob.map(|blob| blob.read(&format!("{revision}:{path}"))).transpose()?;
            let here = Path::new(&path);
            let new = here.symlink_metadata().is_ok().then(|| match discover::read(here, READ_LIMIT) {
                Ok(text) => Version::Text(Source::new(&path, text)),
                Err(error) => Version::Unreadable { path: path.clone(), message: error.to_string() },
            });
            Ok(FilePair { key: path, old, new })
        })
        .collect()
}

/// Where the working directory lies in the repository.
struct Place {
    /// From the top of the repository to here: empty, or ending in `/`.
    prefix: String,
    /// From here to the top: empty, or `../../`.
    up: String,
}

impl Place {
    fn find() -> Result<Place, Failure> {
        let output = run(&["rev-parse", "--show-prefix", "--show-cdup"], &[])?;
        if !output.status.success() {
            return Err(Failure::Message(format!("--base needs a git repository: {}", complaint(&output.stderr))));
        }
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut lines = text.lines().map(str::to_owned);
        Ok(Place { prefix: lines.next().unwrap_or_default(), up: lines.next().unwrap_or_default() })
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
    let output = run(&["rev-parse", "--verify", "--quiet", &format!("{revision}^{{tree}}")], &[])?;
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
    EXTENSIONS.iter().any(|known| known.eq_ignore_ascii_case(end))
        && !path.split('/').any(|part| PRUNED.contains(&part))
}

/// A file in the store of git.
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

    fn read(self, shown: &str) -> Result<Version, Failure> {
        let unreadable = |message: String| Version::Unreadable { path: shown.to_owned(), message };
        if self.is_link {
            return Ok(unreadable("a link, whose target is not looked up in the revision".to_owned()));
        }
        let bytes = git(&["cat-file", "blob", &self.id], &[])?;
        Ok(match discover::decode(bytes, READ_LIMIT) {
            Ok(text) => Version::Text(Source::new(shown, text)),
            Err(error) => unreadable(error.to_string()),
        })
    }
}

fn fields(bytes: &[u8]) -> impl Iterator<Item = String> {
    bytes.split(|byte| *byte == 0).filter(|field| !field.is_empty()).map(|field| String::from_utf8_lossy(field).into())
}

fn run(args: &[&str], paths: &[PathBuf]) -> Result<std::process::Output, Failure> {
    let mut command = Command::new("git");
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
    let output = run(args, paths)?;
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
        assert!(!may_hold_policy("a/b.rs"));
        assert!(!may_hold_policy("a/node_modules/b.json"));
    }
}
