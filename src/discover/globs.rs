//! Path patterns of the command line and the configuration.
//!
//! A pattern is written as in `.gitignore`, relative to a folder: `*` stays within one folder, `**` crosses them, and a
//! pattern without a `/` means that name at any depth. What matches a folder holds for everything in it.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use std::path::{Component, Path, PathBuf};

/// Some patterns and the folder they are relative to.
#[derive(Clone, Debug, Default)]
pub struct Globs {
    base: PathBuf,
    set: GlobSet,
}

/// A pattern that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GlobError {
    /// Which of the patterns.
    pub index: usize,
    /// What is wrong with it.
    pub message: String,
}

impl Globs {
    /// The patterns, relative to the absolute path `base`; the first that cannot be read otherwise.
    pub fn new(base: impl Into<PathBuf>, patterns: &[impl AsRef<str>]) -> Result<Self, GlobError> {
        let mut set = GlobSetBuilder::new();
        for (index, pattern) in patterns.iter().enumerate() {
            set.add(compile(pattern.as_ref()).map_err(|message| GlobError { index, message })?);
        }
        // Patterns that are fine alone can only be too large together.
        let set = set.build().map_err(|error| GlobError { index: 0, message: error.to_string() })?;
        Ok(Globs { base: base.into(), set })
    }

    /// Whether a pattern matches this absolute path itself.
    pub fn matches(&self, path: &Path) -> bool {
        !self.set.is_empty() && self.is_match(&relative(path, &self.base))
    }

    /// Whether a pattern matches this absolute path or a folder above it.
    pub fn covers(&self, path: &Path) -> bool {
        if self.set.is_empty() {
            return false;
        }
        let path = relative(path, &self.base);
        path.ancestors().any(|part| self.is_match(part))
    }

    /// The base itself and `..` have no name that a pattern could mean.
    fn is_match(&self, relative: &Path) -> bool {
        relative.file_name().is_some() && self.set.is_match(relative)
    }
}

/// What is wrong with a pattern, if anything.
pub fn glob_problem(pattern: &str) -> Option<String> {
    compile(pattern).err()
}

fn compile(pattern: &str) -> Result<globset::Glob, String> {
    if pattern.starts_with('!') {
        return Err("a pattern cannot be turned round with `!`".to_owned());
    }
    let anchored = pattern.strip_prefix("./").or_else(|| pattern.strip_prefix('/'));
    let bare = anchored.unwrap_or(pattern).trim_end_matches('/');
    if bare.is_empty() {
        return Err("the pattern is empty".to_owned());
    }
    let name_only = anchored.is_none() && !bare.contains('/');
    let text = if name_only { format!("**/{bare}") } else { bare.to_owned() };
    GlobBuilder::new(&text).literal_separator(true).build().map_err(|error| error.kind().to_string())
}

/// The way from the folder `base` to `path`, both absolute; `path` itself where there is none.
pub(crate) fn relative(path: &Path, base: &Path) -> PathBuf {
    if let Ok(inside) = path.strip_prefix(base) {
        return inside.to_owned();
    }
    let shared = path.components().zip(base.components()).take_while(|(a, b)| a == b).count();
    if shared == 0 {
        return path.to_owned();
    }
    let up = base.components().skip(shared).map(|_| Component::ParentDir);
    up.chain(path.components().skip(shared)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, path: &str) -> bool {
        Globs::new("/repo", &[pattern]).expect("a good pattern").matches(Path::new(path))
    }

    #[test]
    fn patterns_read_as_in_gitignore() {
        assert!(matches("*.json", "/repo/a.json") && matches("*.json", "/repo/x/a.json"));
        assert!(matches("./*.json", "/repo/a.json") && !matches("./*.json", "/repo/x/a.json"));
        assert!(matches("/a.json", "/repo/a.json") && !matches("/a.json", "/repo/x/a.json"));
        assert!(matches("x/*.json", "/repo/x/a.json") && !matches("x/*.json", "/repo/x/y/a.json"));
        assert!(matches("x/**", "/repo/x/y/a.json") && !matches("x/**", "/repo/y/x/a.json"));
        assert!(matches("vendor/", "/repo/x/vendor"));
        assert!(matches("../shared/*", "/shared/a.json") && !matches("*", "/"));
    }

    #[test]
    fn a_folder_covers_what_is_in_it() {
        let globs = Globs::new("/repo", &["vendor"]).expect("a good pattern");
        assert!(!globs.matches(Path::new("/repo/vendor/a.json")));
        assert!(globs.covers(Path::new("/repo/vendor/a.json")));
        assert!(!globs.covers(Path::new("/repo/vendors/a.json")));
        assert!(!Globs::new("/repo", &[""; 0]).expect("no pattern").covers(Path::new("/repo/a")));
    }

    #[test]
    fn what_is_wrong_with_a_pattern() {
        assert_eq!(glob_problem("a/**"), None);
        assert_eq!(glob_problem("/"), Some("the pattern is empty".to_owned()));
        assert!(glob_problem("[a").is_some_and(|message| message.starts_with("unclosed character class")));
        assert!(glob_problem("!a").is_some());
        assert_eq!(Globs::new("/", &["a", "{b"]).map_err(|error| error.index).err(), Some(1));
    }

    #[test]
    fn ways_between_folders() {
        assert_eq!(relative(Path::new("/a/b/c"), Path::new("/a/b")), Path::new("c"));
        assert_eq!(relative(Path::new("/a/x"), Path::new("/a/b/c")), Path::new("../../x"));
        assert_eq!(relative(Path::new("/a"), Path::new("/a")), Path::new(""));
    }
}
