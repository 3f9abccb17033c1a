//! The ignore files above and inside a folder that is walked.
//!
//! As git: the deepest file that says anything about a path decides, and in it the last pattern. `.iamlintignore` files
//! are asked before `.gitignore` files, those before `.git/info/exclude`. A person's own `core.excludesFile` is left
//! out, so that everyone who checks a repository judges the same files.

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use std::path::{Path, PathBuf};

/// Name of the ignore file that only iamlint reads.
const OWN_FILE: &str = ".iamlintignore";
const GIT_FILE: &str = ".gitignore";

/// The matchers that hold at one place of a walk, the deepest last. A level is how deep the folder of a matcher lies:
/// 0 above the walk, `depth + 1` inside it.
#[derive(Debug, Default)]
pub(super) struct Ignores {
    own: Vec<(usize, Gitignore)>,
    git: Vec<(usize, Gitignore)>,
}

impl Ignores {
    /// What holds in the folder `top` because of folders above it, up to the root of its repository, or up to
    /// `outermost` where there is no repository.
    pub(super) fn above(top: &Path, outermost: &Path) -> Self {
        let mut ignores = Ignores::default();
        let repository = repository_root(top);
        if let Some(root) = repository {
            let exclude = git_folder(root).join("info/exclude");
            ignores.git.extend(matcher(root, &exclude).map(|matcher| (0, matcher)));
        }
        let root = repository.unwrap_or(outermost);
        let mut parents: Vec<&Path> = top.ancestors().skip(1).take_while(|parent| parent.starts_with(root)).collect();
        parents.reverse();
        for parent in parents {
            ignores.push(0, parent);
        }
        ignores
    }

    /// The walk enters a folder.
    pub(super) fn enter(&mut self, depth: usize, folder: &Path) {
        self.push(depth + 1, folder);
    }

    /// The walk is at an entry of this depth: it has left the folders that lie as deep or deeper.
    pub(super) fn leave(&mut self, depth: usize) {
        for stack in [&mut self.own, &mut self.git] {
            while stack.last().is_some_and(|(level, _)| *level > depth) {
                stack.pop();
            }
        }
    }

    /// Whether an absolute path is ignored, if no folder above it is.
    pub(super) fn ignored(&self, path: &Path, is_dir: bool) -> bool {
        for (_, matcher) in self.own.iter().rev().chain(self.git.iter().rev()) {
            match matcher.matched(path, is_dir) {
                Match::None => {}
                Match::Ignore(_) => return true,
                Match::Whitelist(_) => return false,
            }
        }
        false
    }

    fn push(&mut self, level: usize, folder: &Path) {
        for (stack, name) in [(&mut self.own, OWN_FILE), (&mut self.git, GIT_FILE)] {
            stack.extend(matcher(folder, &folder.join(name)).map(|matcher| (level, matcher)));
        }
    }
}

/// The matcher of an ignore file whose patterns are relative to `folder`. Lines that are no pattern are left out, as
/// git does; so is a file that cannot be read, which only means that more is judged.
fn matcher(folder: &Path, file: &Path) -> Option<Gitignore> {
    if !file.is_file() {
        return None;
    }
    let mut builder = GitignoreBuilder::new(folder);
    builder.add(file);
    builder.build().ok().filter(|matcher| !matcher.is_empty())
}

/// The nearest folder, from `path` upwards, that has a `.git`.
pub fn repository_root(path: &Path) -> Option<&Path> {
    path.ancestors().find(|folder| folder.join(".git").exists())
}

/// The folder that git keeps a repository's data in. In a linked worktree or a submodule, `.git` is a file that names
/// it, and `commondir` in it names the folder shared by all worktrees (git documentation, gitrepository-layout).
fn git_folder(root: &Path) -> PathBuf {
    let git = root.join(".git");
    if git.is_dir() {
        return git;
    }
    let named = |file: &Path, prefix: &str| {
        let text = super::read(file, 4096).ok()?;
        Some(PathBuf::from(text.trim().strip_prefix(prefix)?.trim()))
    };
    let Some(folder) = named(&git, "gitdir:").map(|folder| root.join(folder)) else { return git };
    match named(&folder.join("commondir"), "") {
        Some(common) => folder.join(common),
        None => folder,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_worktree_shares_the_excludes() {
        let temp = tempfile::tempdir().unwrap();
        let linked = temp.path().join("main/.git/worktrees/linked");
        fs::create_dir_all(&linked).unwrap();
        fs::write(linked.join("commondir"), "../..\n").unwrap();
        let root = temp.path().join("linked");
        fs::create_dir(&root).unwrap();
        fs::write(root.join(".git"), format!("gitdir: {}\n", linked.display())).unwrap();
        assert_eq!(git_folder(&root).canonicalize().unwrap(), temp.path().join("main/.git").canonicalize().unwrap());
    }

    #[test]
    fn the_nearest_repository() {
        let temp = tempfile::tempdir().unwrap();
        let inner = temp.path().join("a/b");
        fs::create_dir_all(&inner).unwrap();
        fs::create_dir(temp.path().join(".git")).unwrap();
        assert_eq!(repository_root(&inner), Some(temp.path()));
        fs::write(temp.path().join("a/.git"), "gitdir: elsewhere").unwrap();
        assert_eq!(repository_root(&inner), Some(temp.path().join("a").as_path()));
    }
}
