//! A Terraform plan: one file with the resources as they are and as they will be.

use super::super::policies;
use super::Failure;
use super::versions::{FilePair, Version};
use crate::discover;
use crate::input::Side;
use crate::input::terraform_plan::has_both_versions;
use crate::source::Source;
use crate::syntax::{self, Document, Syntax};
use std::path::Path;
use std::sync::Arc;

/// Both versions of the policies of a plan, from a file or, for `-`, standard input. `None` for any other file.
pub fn of_path(path: &Path) -> Result<Option<FilePair>, Failure> {
    let key = if path == Path::new("-") { "<stdin>".to_owned() } else { discover::shown(path) };
    if path.is_dir() {
        return Ok(None);
    }
    let text = policies::read(path, if key == "<stdin>" { "-" } else { &key })?;
    let source = Arc::new(Source::new(key.clone(), text));
    let syntax = Syntax::of(&source.path, &source.text);
    let parsed = syntax::parse(&source.text, syntax);
    let document = |root| Document { text: &source.text, syntax, root };
    if !parsed.documents.into_iter().any(|root| has_both_versions(&document(root))) {
        return Ok(None);
    }
    let version = |side| Some(Version::Side(Arc::clone(&source), side));
    Ok(Some(FilePair { key, old: version(Side::Before), new: version(Side::After) }))
}
