//! Which files are judged: from the paths that a person names to a sorted list of files.

mod globs;
mod ignores;
mod read;
mod tracked;

pub(crate) use globs::relative;
pub use globs::{GlobError, Globs, glob_problem};
use ignores::Ignores;
pub use ignores::repository_root;
pub(crate) use read::system_message;
pub use read::{ENCRYPTED, READ_LIMIT, ReadError, decode, read};

use std::collections::HashSet;
use std::ffi::OsStr;
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};
use std::{env, fs};
use walkdir::WalkDir;

/// Ends of the names of files that are taken from a folder; one without an ending is taken if it holds a policy. A file that
/// is named itself may have any name.
pub const EXTENSIONS: [&str; 9] = ["json", "jsonc", "yaml", "yml", "template", "tf", "tofu", "tfvars", "tfstate"];

/// The same for Markdown, if it is asked for.
pub const MARKDOWN_EXTENSIONS: [&str; 2] = ["md", "markdown"];

/// Folders that are never entered unless named: what lies in them was written by a tool.
pub const PRUNED: [&str; 3] = [".git", "node_modules", ".terraform"];

/// What is left out of the walk.
#[derive(Debug, Default)]
pub struct DiscoverOptions {
    /// The absolute path that shown paths are relative to. Named paths are opened as they are, so a relative one needs
    /// this to be the process's own working directory.
    pub working_directory: PathBuf,
    /// Patterns of what is not judged; those of the configuration and of the command line have different bases.
    pub exclude: Vec<Globs>,
    /// Whether `exclude` holds for named paths too.
    pub force_exclude: bool,
    /// Whether `.gitignore`, `.git/info/exclude` and `.iamlintignore` are not read.
    pub no_ignore: bool,
    /// Whether files of Markdown are taken from a folder.
    pub include_markdown: bool,
}

/// What the named paths stand for.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Discovery {
    /// The files, sorted by the bytes of their shown paths, each once.
    pub files: Vec<FoundFile>,
    /// What could not be looked at, sorted.
    pub errors: Vec<Unreadable>,
    /// What was left out of the walk although it may hold a policy, sorted.
    pub left_out: Vec<LeftOut>,
    /// Shown paths of named folders in which there is no file to judge, in the order named.
    pub directories_without_files: Vec<String>,
}

/// A file to judge: where it is and how it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundFile {
    /// Where it is read from.
    pub path: PathBuf,
    /// The path in reports: relative to the working directory where it lies inside, with `/`.
    pub shown: String,
}

/// A file that was not taken although its name is that of a file to judge.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LeftOut {
    /// The shown path.
    pub path: String,
    /// Why.
    pub why: &'static str,
}

/// A path that could not be looked at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unreadable {
    /// The shown path.
    pub path: String,
    /// Why.
    pub message: String,
}

/// The files that `paths` stand for: a named file is taken as it is, a folder for the files in it.
///
/// Links are followed. A file that is also found under its own name is taken once, under that.
pub fn discover(paths: &[PathBuf], options: &DiscoverOptions) -> Discovery {
    discover_with(paths, options, &mut |_| {})
}

/// The same, with each file given to `each` as soon as it is found, while others are still looked for.
pub fn discover_with(paths: &[PathBuf], options: &DiscoverOptions, each: &mut dyn FnMut(&FoundFile)) -> Discovery {
    let mut search = Search {
        options,
        each,
        files: Vec::new(),
        taken: HashSet::new(),
        linked: Vec::new(),
        left_out: Vec::new(),
        errors: Vec::new(),
    };
    let mut directories_without_files = Vec::new();
    for path in paths {
        let absolute = absolute(path, &options.working_directory);
        if options.force_exclude && options.exclude.iter().any(|globs| globs.covers(&absolute)) {
            continue;
        }
        match fs::metadata(path) {
            Err(error) => search.unreadable(path, &absolute, system_message(&error)),
            Ok(metadata) if metadata.is_dir() => {
                if !search.walk(path, &absolute) {
                    directories_without_files.push(label(path, &absolute, &options.working_directory));
                }
            }
            Ok(_) => search.take(path, absolute),
        }
    }
    let Search { mut files, mut errors, mut left_out, taken, linked, .. } = search;
    left_out.sort();
    left_out.dedup();
    let twice = twice(&linked, &taken, &options.working_directory);
    files.retain(|file| !twice.contains(&file.path));
    files.sort_by(|a, b| (&a.shown, &a.path).cmp(&(&b.shown, &b.path)));
    errors.sort();
    errors.dedup();
    Discovery { files, errors, left_out, directories_without_files }
}

struct Search<'o> {
    options: &'o DiscoverOptions,
    each: &'o mut dyn FnMut(&FoundFile),
    files: Vec<FoundFile>,
    /// Absolute paths of `files`.
    taken: HashSet<PathBuf>,
    /// Those that links led to.
    linked: Vec<PathBuf>,
    left_out: Vec<LeftOut>,
    errors: Vec<Unreadable>,
}

impl Search<'_> {
    /// Take every file worth it below the folder `path`, which lies at `top`. Whether there was one.
    fn walk(&mut self, path: &Path, top: &Path) -> bool {
        let mut ignores = match self.options.no_ignore {
            true => None,
            false => Some(Ignores::above(top, &self.options.working_directory)),
        };
        // Each folder that links lead to is entered once, so that links to links cannot multiply the work.
        let mut linked = HashSet::new();
        let (mut any, mut any_ignored) = (false, false);
        // Sorted, so that it is always the same link that is entered.
        let mut entries = WalkDir::new(path).follow_links(true).sort_by_file_name().into_iter();
        while let Some(entry) = entries.next() {
            let (at, depth, is_dir) = match &entry {
                Ok(entry) => (entry.path(), entry.depth(), entry.file_type().is_dir()),
                Err(error) => (error.path().unwrap_or(path), error.depth(), error.loop_ancestor().is_some()),
            };
            let absolute = top.join(at.strip_prefix(path).unwrap_or(at));
            if let Some(ignores) = &mut ignores {
                ignores.leave(depth);
            }
            let excluded = depth > 0 && self.is_excluded(at, &absolute, is_dir);
            let ignored =
                depth > 0 && !excluded && ignores.as_ref().is_some_and(|ignores| ignores.ignored(&absolute, is_dir));
            any_ignored |= ignored && (is_dir || self.has_extension(at));
            let left_out = excluded || ignored;
            match &entry {
                Ok(entry) if is_dir => {
                    let mut first = || fs::canonicalize(at).is_ok_and(|target| linked.insert(target));
                    if left_out || entry.path_is_symlink() && !first() {
                        entries.skip_current_dir();
                    } else if let Some(ignores) = &mut ignores {
                        ignores.enter(depth, &absolute);
                    }
                }
                Ok(_) if left_out || !self.has_extension(at) && !has_no_ending(at) => {}
                // A policy may be saved under its name alone.
                Ok(entry) if !(self.has_extension(at) || entry.file_type().is_file() && is_bare_policy(at)) => {}
                Ok(entry) if entry.file_type().is_file() => {
                    any = true;
                    // Below a folder that a link leads to, no entry is a link itself.
                    if entry.path_is_symlink() || !linked.is_empty() {
                        self.linked.push(at.to_owned());
                    }
                    self.take(at, absolute);
                }
                Ok(_) => self.leave_out(at, &absolute, "a pipe, a socket or a device is not read"),
                Err(error) => {
                    let message = match (error.loop_ancestor(), error.io_error()) {
                        (Some(above), _) => {
                            let above = top.join(above.strip_prefix(path).unwrap_or(above));
                            let above = label(&above, &above, &self.options.working_directory);
                            format!("this link leads back to the folder `{above}` that it stands in")
                        }
                        // Nothing is missed by a link to nowhere, unless its name is that of a file to judge.
                        (None, Some(io)) if io.kind() == std::io::ErrorKind::NotFound && !self.has_extension(at) => {
                            continue;
                        }
                        (None, Some(io)) => system_message(io),
                        (None, None) => error.to_string(),
                    };
                    if !left_out {
                        self.unreadable(at, &absolute, message);
                    }
                }
            }
        }
        if any_ignored {
            self.tracked(path, top);
        }
        any
    }

    /// Note the files that ignore rules leave out although they are under version control.
    fn tracked(&mut self, path: &Path, top: &Path) {
        for file in tracked::files(top) {
            let (at, absolute) = (path.join(&file), top.join(&file));
            let folders = file.ancestors().skip(1).filter(|folder| folder.parent().is_some());
            let is_excluded = folders.into_iter().any(|folder| self.is_excluded(folder, &top.join(folder), true))
                || self.is_excluded(&at, &absolute, false);
            if !is_excluded && self.has_extension(&at) && !self.taken.contains(&absolute) && absolute.is_file() {
                self.leave_out(&at, &absolute, "ignore rules leave it out, though git tracks it");
            }
        }
    }

    /// Whether a path is left out whatever the ignore rules say.
    fn is_excluded(&self, path: &Path, absolute: &Path, is_dir: bool) -> bool {
        is_dir && (path.file_name().is_some_and(is_pruned) || is_asset(absolute))
            || self.options.exclude.iter().any(|globs| globs.matches(absolute))
    }

    fn has_extension(&self, path: &Path) -> bool {
        let markdown = if self.options.include_markdown { &MARKDOWN_EXTENSIONS[..] } else { &[] };
        let is_one = |end: &OsStr| EXTENSIONS.iter().chain(markdown).any(|known| end.eq_ignore_ascii_case(known));
        path.extension().is_some_and(is_one)
    }

    fn take(&mut self, path: &Path, absolute: PathBuf) {
        if !self.taken.contains(&absolute) {
            let shown = label(path, &absolute, &self.options.working_directory);
            let file = FoundFile { path: path.to_owned(), shown };
            (self.each)(&file);
            self.files.push(file);
            self.taken.insert(absolute);
        }
    }

    fn leave_out(&mut self, path: &Path, absolute: &Path, why: &'static str) {
        self.left_out.push(LeftOut { path: label(path, absolute, &self.options.working_directory), why });
    }

    fn unreadable(&mut self, path: &Path, absolute: &Path, message: String) {
        self.errors.push(Unreadable { path: label(path, absolute, &self.options.working_directory), message });
    }
}

/// Files that a link led to and that were taken under their own name as well.
fn twice<'l>(linked: &'l [PathBuf], taken: &HashSet<PathBuf>, base: &Path) -> HashSet<&'l PathBuf> {
    let real_base = fs::canonicalize(base).unwrap_or_else(|_| base.to_owned());
    let is_twice = |path: &&PathBuf| {
        fs::canonicalize(path).is_ok_and(|real| {
            let named = real.strip_prefix(&real_base).map_or_else(|_| real.clone(), |inside| base.join(inside));
            named != absolute(path, base) && taken.contains(&named)
        })
    };
    linked.iter().filter(is_twice).collect()
}

/// How much of a file without an ending is read to find the words of a policy in it.
const HEAD: u64 = 64 * 1024;

/// Whether a file whose name has no ending holds a policy, to look at it: it begins like JSON and has a word of one. Names
/// with an ending say what they are, so that few files are opened here.
fn is_bare_policy(path: &Path) -> bool {
    if !has_no_ending(path) {
        return false;
    }
    let Ok(mut file) = fs::File::open(path) else { return false };
    let mut head = [0; 512];
    let Ok(length) = file.read(&mut head) else { return false };
    let text = head[..length].trim_ascii_start();
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text).trim_ascii_start();
    // A file of blanks for so long is nothing that a person wrote.
    if !matches!(text.first(), Some(b'{' | b'[')) {
        return false;
    }
    let mut bytes = head[..length].to_vec();
    if file.take(HEAD).read_to_end(&mut bytes).is_err() {
        return false;
    }
    let has = |word: &str| memchr::memmem::find(&bytes, word.as_bytes()).is_some();
    // The words are those of statements and of templates; an escape may hide one.
    ["Statement", "Effect", "PolicyDocument", "AWS::", "resource_changes", "\\u00"].into_iter().any(has)
}

/// Whether the name of a file says nothing of what is in it.
pub(crate) fn has_no_ending(path: &Path) -> bool {
    path.extension().is_none() && path.file_name().is_some_and(|name| !name.as_encoded_bytes().starts_with(b"."))
}

fn is_pruned(name: &OsStr) -> bool {
    PRUNED.iter().any(|pruned| name == *pruned)
}

/// Whether a folder holds what the CDK uploads for a stack: code, or files as they are.
fn is_asset(folder: &Path) -> bool {
    let is_named = folder.file_name().is_some_and(|name| name.to_string_lossy().starts_with("asset."));
    is_named && folder.ancestors().skip(1).any(|above| above.file_name().is_some_and(|name| name == "cdk.out"))
}

/// A path as it is shown: relative to the working directory where it lies inside, as it was named otherwise; with `/`.
pub fn shown(path: &Path) -> String {
    shown_in(path, &env::current_dir().unwrap_or_default())
}

/// The same for the working directory `base`, an absolute path. Asking the system for it costs as much as opening a file.
pub fn shown_in(path: &Path, base: &Path) -> String {
    label(path, &absolute(path, base), base)
}

/// How a path that lies at `absolute` is shown to someone who works in `base`.
fn label(path: &Path, absolute: &Path, base: &Path) -> String {
    let path = absolute.strip_prefix(base).unwrap_or(path);
    let mut text = String::new();
    for part in path.components().filter(|part| *part != Component::CurDir) {
        if !text.is_empty() && !text.ends_with('/') {
            text.push('/');
        }
        match part {
            Component::RootDir => text.push('/'),
            Component::Prefix(_) | Component::CurDir | Component::ParentDir | Component::Normal(_) => {
                text.push_str(&part.as_os_str().to_string_lossy());
            }
        }
    }
    if text.is_empty() { ".".to_owned() } else { text }
}

/// The absolute path, without `.` and `..`. What `..` means depends on links, so the system is asked where one stands.
pub(crate) fn absolute(path: &Path, base: &Path) -> PathBuf {
    let joined: PathBuf = base.join(path).components().filter(|part| *part != Component::CurDir).collect();
    if !path.components().any(|part| part == Component::ParentDir) {
        return joined;
    }
    // A link keeps its own name, only its folder is looked up.
    let found = match (joined.parent(), joined.file_name()) {
        (Some(folder), Some(name)) => fs::canonicalize(folder).map(|folder| folder.join(name)),
        (None, _) | (_, None) => fs::canonicalize(&joined),
    };
    found.unwrap_or(joined)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
