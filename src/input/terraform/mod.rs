//! Terraform and OpenTofu configuration: `.tf`, `.tofu` and `.tf.json`, a folder at a time.
//!
//! A policy of one file is decided by others: variables, locals, data documents, modules that are called. So a folder is
//! evaluated as a whole, as far as its files tell, and every value keeps where it was written. [`extract`] is the entry;
//! its places are in the common space of [`Sources`].

mod account;
mod collection;
mod declared;
mod document;
mod eval;
mod files;
mod functions;
mod marked;
mod module;
mod number;
mod operators;
mod references;
mod sites;
mod text;
mod types;
mod unknown;
mod uses;
mod val;
mod written;

pub use files::{Files, Sources, normal};
pub use module::{Loader, is_configuration, is_read};
pub use written::{Resource, Written};

#[cfg(test)]
use crate::site::DEFAULTS;

use crate::input::Found;
use crate::source::Source;
use crate::span::Span;
use crate::syntax::hcl::{self, Attribute};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Values of variables that the user gives: `--var`, `--var-file`.
#[derive(Debug, Default)]
pub struct Variables {
    /// The last one wins.
    files: Vec<hcl::File>,
}

impl Variables {
    /// Read files of values and `name=value` pairs, in the order of their precedence.
    pub fn new(loader: &Loader<'_>, files: &[PathBuf], pairs: &[(String, String)]) -> Result<Self, String> {
        let mut variables = Variables::default();
        for path in files {
            let file = loader.value_file(path).map_err(|why| format!("{}: {why}", path.display()))?;
            if let Some(problem) = file.hcl.problems.first() {
                return Err(format!("{}: {}", path.display(), problem.message));
            }
            variables.files.push(file.hcl);
        }
        for (name, value) in pairs {
            // As Terraform reads them: lists and objects in its own language, all else as a string.
            let literal = match value.trim_start().starts_with(['[', '{']) {
                true => value.clone(),
                false => val::quoted(value).replace("${", "$${").replace("%{", "%%{"),
            };
            let source = Arc::new(Source::new("--var", format!("{name} = {literal}\n")));
            let base = loader.sources.add(Arc::clone(&source)).ok_or("too much text in one run")?;
            let file = hcl::parse(&source.text, base as usize);
            if let Some(problem) = file.problems.first() {
                return Err(format!("--var {name}: {}", problem.message));
            }
            variables.files.push(file);
        }
        Ok(variables)
    }

    fn get(&self, name: &str) -> Option<&Attribute> {
        self.files.iter().rev().find_map(|file| file.body.attribute(name))
    }
}

/// One file of a folder, as it was read.
#[derive(Debug)]
pub struct ReadFile {
    /// Where it lies.
    pub path: PathBuf,
    /// Its text.
    pub source: Arc<Source>,
}

/// What was read of a folder beside the policies.
#[derive(Debug, Default)]
pub struct Folder {
    /// The files of the configuration.
    pub files: Vec<ReadFile>,
    /// Files that could not be read at all, and why.
    pub unread: Vec<(PathBuf, String)>,
    /// Modules that are called and whose source is not in the tree: the place of the call, and what to say of it.
    pub modules_elsewhere: Vec<(Span, String)>,
}

/// Put every policy of the configuration in `folder`, and of the modules that it calls, into `found`.
pub fn extract(loader: &Loader<'_>, folder: &Path, variables: &Variables, found: &mut Found<'_>) -> Folder {
    let module = loader.module(folder);
    for file in module.files.iter().chain(&module.value_files) {
        found.problems.extend(file.hcl.problems.iter().cloned());
    }
    let modules_elsewhere = sites::extract(loader, &module, variables, found);
    let read = |file: &module::ModuleFile| ReadFile { path: file.path.clone(), source: Arc::clone(&file.source) };
    Folder { files: module.files.iter().map(read).collect(), unread: module.unread.clone(), modules_elsewhere }
}

#[cfg(test)]
mod tests;
