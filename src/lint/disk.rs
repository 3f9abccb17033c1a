//! Terraform's files on the disk, with other texts in place of some of them: what an editor or standard input gives, or
//! what is about to be written.

use crate::discover::{self, READ_LIMIT};
use crate::input::terraform::{Files, normal};
use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

/// Reads from the disk.
#[derive(Debug, Default)]
pub struct Disk {
    /// Files that are not read from the disk, with their texts.
    pub instead: BTreeMap<PathBuf, String>,
    /// Whether only those files exist.
    pub alone: bool,
    /// The working directory, asked for when a path is first shown.
    here: OnceLock<PathBuf>,
    /// Whatever was looked at, whether it exists or not.
    seen: Mutex<BTreeSet<PathBuf>>,
}

impl Disk {
    /// The disk with texts in place of files; `alone` if nothing else is to be read.
    pub fn with(instead: BTreeMap<PathBuf, String>, alone: bool) -> Self {
        Disk { instead, alone, ..Disk::default() }
    }

    /// The files and folders that were looked at, sorted.
    pub fn seen(&self) -> Vec<PathBuf> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    fn note(&self, path: &Path) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned());
    }
}

impl Disk {
    /// The text that stands in place of this file.
    pub(super) fn text_of(&self, path: &Path) -> Option<&str> {
        if self.instead.is_empty() {
            return None;
        }
        let found = self.instead.get(path).or_else(|| self.instead.get(&normal(path)));
        found.map(String::as_str)
    }
}

impl Files for Disk {
    fn read(&self, path: &Path) -> Result<String, String> {
        match self.text_of(path) {
            Some(text) => Ok(text.to_owned()),
            None if self.alone => Err("no such file or directory".to_owned()),
            None => {
                self.note(path);
                discover::read(path, READ_LIMIT).map_err(|error| error.to_string())
            }
        }
    }

    fn list(&self, folder: &Path) -> Vec<PathBuf> {
        let mut files: Vec<PathBuf> = Vec::new();
        if !self.alone {
            let at = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
            self.note(at);
            let entries = fs::read_dir(at).into_iter().flatten().flatten();
            let entries = entries.filter(|entry| entry.file_type().is_ok_and(|kind| !kind.is_dir()));
            files.extend(entries.map(|entry| folder.join(entry.file_name())));
        }
        for own in self.instead.keys() {
            if own.parent().unwrap_or(Path::new("")) == folder && !files.contains(own) {
                files.push(own.clone());
            }
        }
        files.sort();
        files
    }

    fn shown(&self, path: &Path) -> String {
        match self.text_of(path) {
            Some(_) if self.alone => path.to_string_lossy().into_owned(),
            _ => discover::shown_in(path, self.here.get_or_init(|| env::current_dir().unwrap_or_default())),
        }
    }
}
