//! Terraform's files on the disk, with the text of standard input in place of one of them where that is judged.

use crate::discover::{self, READ_LIMIT};
use crate::input::terraform::Files;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Reads from the disk.
#[derive(Debug, Default)]
pub struct Disk {
    /// A file that is not read from the disk, with its text: what an editor or standard input gives.
    pub instead: Option<(PathBuf, String)>,
    /// Whether only that file exists.
    pub alone: bool,
    /// Whatever was looked at, whether it exists or not.
    seen: Mutex<BTreeSet<PathBuf>>,
}

impl Disk {
    /// The disk with a text in place of a file; `alone` if nothing else is to be read.
    pub fn with(path: PathBuf, text: String, alone: bool) -> Self {
        Disk { instead: Some((path, text)), alone, ..Disk::default() }
    }

    /// The files and folders that were looked at, sorted.
    pub fn read(self) -> Vec<PathBuf> {
        self.seen.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter().collect()
    }

    fn note(&self, path: &Path) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned());
    }
}

impl Files for Disk {
    fn read(&self, path: &Path) -> Result<String, String> {
        match &self.instead {
            Some((own, text)) if own == path => Ok(text.clone()),
            _ if self.alone => Err("no such file or directory".to_owned()),
            _ => {
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
        if let Some((own, _)) = &self.instead
            && own.parent().unwrap_or(Path::new("")) == folder
            && !files.contains(own)
        {
            files.push(own.clone());
        }
        files.sort();
        files
    }

    fn shown(&self, path: &Path) -> String {
        match &self.instead {
            Some((own, _)) if own == path => own.to_string_lossy().into_owned(),
            _ => discover::shown(path),
        }
    }
}
