//! The files of Terraform configurations: a policy in one of them is decided by others.
//!
//! Every file that is read gets its own range of one space of offsets, as all places of an evaluation are in that space:
//! a value keeps where it was written, whichever file that is. [`Sources::locate`] takes a place back to its file.

use crate::source::Source;
use crate::span::Span;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

/// How files are reached: the disk, a revision of a repository, or a test's own.
pub trait Files: Sync {
    /// The text of a file, or why it cannot be had.
    fn read(&self, path: &Path) -> Result<String, String>;

    /// The files directly in a folder, sorted by name.
    fn list(&self, folder: &Path) -> Vec<PathBuf>;

    /// The path as reports show it.
    fn shown(&self, path: &Path) -> String;
}

/// The texts that were read, each at its range of the common space.
#[derive(Debug, Default)]
pub struct Sources {
    entries: RwLock<Entries>,
}

#[derive(Debug)]
struct Entries {
    /// Sorted by base.
    list: Vec<(u32, Arc<Source>)>,
    next: u32,
}

/// The first offset that is given away: an empty span at 0 is no place.
const FIRST: u32 = 1;

impl Default for Entries {
    fn default() -> Self {
        Entries { list: Vec::new(), next: FIRST }
    }
}

impl Sources {
    /// Give a text its range; the first offset of it, or `None` when all 4 GiB are given away.
    pub fn add(&self, source: Arc<Source>) -> Option<u32> {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        let base = entries.next;
        // One byte stays between texts, so that the end of one is not the start of the next.
        let length = u32::try_from(source.text.len()).ok()?.checked_add(2)?;
        entries.next = base.checked_add(length)?;
        entries.list.push((base, source));
        Some(base)
    }

    /// Every text that was read.
    pub fn all(&self) -> Vec<Arc<Source>> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        entries.list.iter().map(|(_, source)| Arc::clone(source)).collect()
    }

    /// The text that holds a place, and the place in it.
    pub fn locate(&self, span: Span) -> Option<(Arc<Source>, Span)> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        let at = entries.list.partition_point(|(base, _)| *base <= span.start).checked_sub(1)?;
        let (base, source) = &entries.list[at];
        let length = Span::at(source.text.len()).start;
        let (start, end) = (span.start - base, span.end.saturating_sub(*base));
        (start <= length).then(|| (Arc::clone(source), Span { start, end: end.clamp(start, length) }))
    }

    /// The text at a place, on one line and cut to a length that fits a message.
    pub fn excerpt(&self, span: Span) -> String {
        const LONGEST: usize = 80;
        let Some((source, span)) = self.locate(span) else { return String::new() };
        let mut out = String::new();
        for word in source.slice(span).split_whitespace() {
            if !out.is_empty() {
                out.push(' ');
            }
            out.push_str(word);
            if out.len() > LONGEST {
                break;
            }
        }
        match out.char_indices().nth(LONGEST) {
            Some((cut, _)) => format!("{}…", &out[..cut]),
            None => out,
        }
    }
}

/// A path without `.` and `..`, as far as its text tells.
pub fn normal(path: &Path) -> PathBuf {
    use std::path::Component;
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(out.components().next_back(), Some(Component::Normal(_))) => {
                out.pop();
            }
            part => out.push(part),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_go_back_to_their_files() {
        let sources = Sources::default();
        let a = sources.add(Arc::new(Source::new("a", "one"))).expect("room");
        let b = sources.add(Arc::new(Source::new("b", "two  three"))).expect("room");
        let name = |span| sources.locate(span).map(|(source, span)| (source.path.clone(), span));
        assert_eq!(name(Span::new(a as usize, a as usize + 3)), Some(("a".into(), Span::new(0, 3))));
        assert_eq!(name(Span::at(a as usize + 3)), Some(("a".into(), Span::at(3))));
        assert_eq!(name(Span::new(b as usize + 1, b as usize + 99)), Some(("b".into(), Span::new(1, 10))));
        assert_eq!(name(Span::at(0)), None);
        assert_eq!(sources.excerpt(Span::new(b as usize, b as usize + 10)), "two three");
    }

    #[test]
    fn paths_lose_their_dots() {
        let shown = |path: &str| normal(Path::new(path)).to_string_lossy().into_owned();
        assert_eq!(shown("a/./b/../c"), "a/c");
        assert_eq!(shown("../a"), "../a");
        assert_eq!(shown("a/../../b"), "../b");
    }
}
