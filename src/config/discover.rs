//! Which configuration file a run has.

use super::{Config, ConfigError, KnownRules, file};
use crate::diagnostic::Problem;
use crate::discover::{absolute, read, relative, repository_root, system_message};
use crate::source::Source;
use crate::span::Span;
use std::path::{Path, PathBuf};
use std::{fs, io};

const OWN_FILE: &str = "iamlint.toml";
const PYPROJECT: &str = "pyproject.toml";

/// The largest configuration that is read, in bytes.
const LIMIT: u64 = 4 * 1024 * 1024;

/// Which configuration a person asks for.
#[derive(Clone, Copy, Debug)]
pub enum Choice<'a> {
    /// The nearest, from the working directory up to the root of the repository.
    Search,
    /// This file, `--config`.
    File(&'a Path),
    /// None, `--isolated`.
    Isolated,
}

/// The configuration of a run in the working directory `here`, an absolute path.
///
/// In one folder `iamlint.toml` wins over `pyproject.toml`. Outside of a repository the search ends at the root of the
/// file system. Patterns are relative to the folder of the file that was found, and to the working directory for a file
/// that was named: it may be shared by many repositories.
pub fn load(choice: Choice<'_>, here: &Path, known: &KnownRules<'_>) -> Result<Config, Box<ConfigError>> {
    match choice {
        Choice::Isolated => Ok(Config::new(here)),
        Choice::File(path) => {
            let path = absolute(path, here);
            let config = open(&path, here, here, known)?;
            config.ok_or_else(|| failure(&path, here, "the file has no `[tool.iamlint]` table".to_owned()))
        }
        Choice::Search => search(here, known),
    }
}

/// Every file that [`load`] looks at, whether it exists or not, the nearest first.
pub fn candidates(choice: Choice<'_>, here: &Path) -> Vec<PathBuf> {
    match choice {
        Choice::Isolated => Vec::new(),
        Choice::File(path) => vec![absolute(path, here)],
        Choice::Search => {
            let root = repository_root(here);
            let folders = here.ancestors().take_while(|folder| root.is_none_or(|root| folder.starts_with(root)));
            folders.flat_map(|folder| [folder.join(OWN_FILE), folder.join(PYPROJECT)]).collect()
        }
    }
}

fn search(here: &Path, known: &KnownRules<'_>) -> Result<Config, Box<ConfigError>> {
    for path in candidates(Choice::Search, here) {
        match fs::symlink_metadata(&path) {
            Ok(_) => {
                let folder = path.parent().unwrap_or(here);
                if let Some(config) = open(&path, folder, here, known)? {
                    return Ok(config);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            // A file that may be there and cannot be seen must not silently count for nothing.
            Err(error) => return Err(failure(&path, here, system_message(&error))),
        }
    }
    Ok(Config::new(here))
}

/// The configuration in a file; `None` for a `pyproject.toml` that has none.
fn open(path: &Path, base: &Path, here: &Path, known: &KnownRules<'_>) -> Result<Option<Config>, Box<ConfigError>> {
    let text = read(path, LIMIT).map_err(|error| failure(path, here, error.to_string()))?;
    let place = place_in(path);
    // A broken `pyproject.toml` is not our business when it does not speak of us.
    if place == file::Place::ToolTable && !text.contains("iamlint") {
        return Ok(None);
    }
    file::parse(Source::new(label(path, here), text), base.to_owned(), place, known)
        .map_err(|(source, problems)| Box::new(ConfigError { path: path.to_owned(), source, problems }))
}

/// Where in a file of this name the configuration stands.
pub(super) fn place_in(path: &Path) -> file::Place {
    let inside = path.file_name().is_some_and(|name| name == PYPROJECT);
    if inside { file::Place::ToolTable } else { file::Place::Whole }
}

fn failure(path: &Path, here: &Path, message: String) -> Box<ConfigError> {
    let source = Source::new(label(path, here), "");
    Box::new(ConfigError { path: path.to_owned(), source, problems: vec![Problem::new(Span::at(0), message)] })
}

/// The file as it is shown: from the working directory, with `/`.
fn label(path: &Path, here: &Path) -> String {
    let way: PathBuf = relative(path, here);
    way.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/")
}
