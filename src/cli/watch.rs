//! `iamlint check --watch`: judge again whenever something that was read has changed.
//!
//! Changes are found by looking: at what stands in the folders, and at each file's size, times and identity. That needs
//! no service of the system, and works on network drives and in containers, where notices of changes often do not come.
//!
//! No change is missed. What is known of the files is always from before they were read, so whatever happens while they
//! are judged is a change too. A file system may give two writes the same time; for as long as that could be, the text
//! itself is compared.
//!
//! Editors read the lines [`BEGIN`] and [`END`]: what stands between them replaces what they showed before.

use super::judging::{self, JudgeArgs};
use super::{Exit, Failure};
use crate::config;
use crate::discover::{self, EXTENSIONS, READ_LIMIT};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs::{self, Metadata};
use std::hash::{DefaultHasher, Hasher as _};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

/// The line before the findings of a check.
const BEGIN: &str = "iamlint: checking...";
/// The line after them.
const END: &str = "iamlint: done";

/// How long nothing may change before a check begins: programs write several files in one go.
const QUIET: Duration = Duration::from_millis(100);
/// How long a check is put off for that, at most.
const PATIENCE: Duration = Duration::from_secs(2);
/// Between two looks pass at least this time and ten times as long as a look takes.
const PAUSE: Duration = Duration::from_millis(200);

/// The coarsest step of a file's times: two seconds on FAT.
const STEP: Duration = Duration::from_secs(2);

/// Check until nobody reads any more. `check` judges what the arguments name and returns the files and folders that it
/// read besides; `written` are files that it writes, whose changes do not count.
pub fn run(
    args: &JudgeArgs,
    written: &[PathBuf],
    check: impl Fn() -> Result<Vec<PathBuf>, Failure>,
) -> Result<Exit, Failure> {
    let here = std::env::current_dir()?;
    let mut watch = Watch { args, written, here: &here, also: BTreeSet::new() };
    let mut known = watch.look(None);
    loop {
        say(BEGIN)?;
        let start = SystemTime::now();
        let read = match check() {
            Ok(read) => read,
            Err(Failure::Io(error)) => return Err(error.into()),
            // A configuration that is half written is told, and mended a moment later.
            Err(failure) => {
                super::tell(&failure);
                Vec::new()
            }
        };
        say(END)?;
        // Files outside of what is watched, read for the first time: nothing is known from before.
        if watch.learn(&read, &known, start) {
            known = watch.look(Some(&known));
            continue;
        }
        match watch.wait_for_change(known) {
            Some(changed) => known = changed,
            None => return Ok(Exit::Clean),
        }
    }
}

/// Print a line at once, so that a reader need not wait for it.
fn say(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

struct Watch<'a> {
    args: &'a JudgeArgs,
    written: &'a [PathBuf],
    here: &'a Path,
    /// Files and folders that were read beside those that the arguments stand for.
    also: BTreeSet<PathBuf>,
}

impl Watch<'_> {
    /// Everything that a check would read, as it is at this moment.
    fn look(&self, before: Option<&Look>) -> Look {
        let mut paths: BTreeSet<PathBuf> =
            config::candidates(self.args.config.choice(), self.here).into_iter().collect();
        // What is wrong with the configuration or a pattern is told by the check.
        if let Ok(config) = config::load(self.args.config.choice(), self.here, config::registry())
            && let Ok(options) = judging::discovery(&self.args.read.input, self.here, &config)
        {
            let found = discover::discover(&self.args.read.files(), &options).files;
            paths.extend(found.iter().map(|file| self.absolute(&file.path)));
        }
        paths.extend(self.also.iter().cloned());
        for written in self.written {
            paths.remove(&self.absolute(written));
        }
        let stamps = paths.into_iter().map(|path| {
            let before = before.and_then(|before| before.0.get(&path));
            let stamp = Stamp::of(&path, before);
            (path, stamp)
        });
        Look(stamps.collect())
    }

    /// Remember what a check that began at `start` has read. Whether something of it may have changed since it was read,
    /// which was not among the known.
    fn learn(&mut self, read: &[PathBuf], known: &Look, start: SystemTime) -> bool {
        let since = start.checked_sub(STEP).unwrap_or(SystemTime::UNIX_EPOCH);
        let mut doubtful = false;
        let written: Vec<PathBuf> = self.written.iter().map(|path| self.absolute(path)).collect();
        for path in read {
            let path = self.absolute(path);
            let is_new = !known.0.contains_key(&path) && !written.contains(&path);
            if is_new && self.also.insert(path.clone()) {
                doubtful |= changed_since(&path, since);
            }
        }
        doubtful
    }

    fn absolute(&self, path: &Path) -> PathBuf {
        discover::absolute(path, self.here)
    }

    /// What there is after the next change, once it has come to rest. `None` when nobody reads any more.
    fn wait_for_change(&self, mut known: Look) -> Option<Look> {
        let mut pause = PAUSE;
        loop {
            if !sleep(pause) {
                return None;
            }
            let start = Instant::now();
            let seen = self.look(Some(&known));
            pause = PAUSE.max(start.elapsed() * 10);
            if seen.differs(&known) {
                return self.settle(seen);
            }
            known = seen;
        }
    }

    fn settle(&self, mut known: Look) -> Option<Look> {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if !sleep(QUIET) {
                return None;
            }
            let seen = self.look(Some(&known));
            let changed = seen.differs(&known);
            known = seen;
            if !changed {
                break;
            }
        }
        Some(known)
    }
}

/// Wait. Whether somebody still reads what we print.
#[cfg(unix)]
fn sleep(time: Duration) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let stdout = io::stdout();
    let end = Instant::now() + time;
    loop {
        let rest = end.saturating_duration_since(Instant::now());
        // No event is asked for: an error and a closed end are always told.
        let mut fds = [PollFd::new(&stdout, PollFlags::empty())];
        let told = Timespec::try_from(rest).ok().map(|rest| poll(&mut fds, Some(&rest)));
        match told {
            Some(Ok(0)) => return true,
            Some(Ok(_)) if fds[0].revents().intersects(PollFlags::ERR | PollFlags::HUP) => return false,
            // A signal that is no end.
            Some(Err(rustix::io::Errno::INTR)) if !rest.is_zero() => {}
            // A stream that cannot be asked.
            Some(Ok(_) | Err(_)) | None => {
                std::thread::sleep(rest);
                return true;
            }
        }
    }
}

/// Wait. That nobody reads any more shows when the next line is printed.
#[cfg(not(unix))]
fn sleep(time: Duration) -> bool {
    std::thread::sleep(time);
    true
}

/// What was seen of each path.
#[derive(Debug)]
struct Look(BTreeMap<PathBuf, Stamp>);

impl Look {
    fn differs(&self, before: &Look) -> bool {
        self.0.len() != before.0.len()
            || self.0.iter().any(|(path, stamp)| before.0.get(path).is_none_or(|before| stamp.differs(before)))
    }
}

/// What tells a file's states apart.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stamp {
    facts: Facts,
    /// Whether it was written so lately that a write to come may leave the facts as they are.
    young: bool,
    /// A hash of the text, of a file that is young or was so before.
    text: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Facts {
    /// It does not exist or cannot be asked.
    None,
    /// A folder with these names in it, hashed.
    Folder(u64),
    /// A file: its size, when it was written, and what else the system tells that a write may change.
    File { size: u64, modified: Option<SystemTime>, identity: [i64; 4] },
}

impl Stamp {
    fn of(path: &Path, before: Option<&Stamp>) -> Stamp {
        // Taken before anything is asked or read: a write after that must not count as old.
        let now = SystemTime::now();
        let Ok(metadata) = fs::metadata(path) else { return Stamp { facts: Facts::None, young: false, text: None } };
        if metadata.is_dir() {
            return Stamp { facts: Facts::Folder(names(path)), young: false, text: None };
        }
        let (modified, identity) = (metadata.modified().ok(), identity(&metadata));
        let facts = Facts::File { size: metadata.len(), modified, identity };
        let young = last_change(&metadata).is_none_or(|at| now.duration_since(at).map_or(true, |age| age <= STEP));
        let was_young = before.is_some_and(|before| before.young && before.facts == facts);
        let text = (young || was_young).then(|| hash(&discover::read(path, READ_LIMIT).unwrap_or_default()));
        Stamp { facts, young, text }
    }

    fn differs(&self, before: &Stamp) -> bool {
        let texts = self.text.zip(before.text);
        self.facts != before.facts || texts.is_some_and(|(now, before)| now != before)
    }
}

/// Whether something was read that may have changed at or after a time.
fn changed_since(path: &Path, time: SystemTime) -> bool {
    // Of what is gone, the folder knows when it went.
    let metadata = fs::metadata(path).or_else(|_| fs::metadata(path.parent().unwrap_or(Path::new("."))));
    metadata.is_ok_and(|metadata| last_change(&metadata).is_none_or(|at| at >= time))
}

/// The later of the times at which a file was written and at which the system last noted a change of it.
fn last_change(metadata: &Metadata) -> Option<SystemTime> {
    let modified = metadata.modified().ok()?;
    let [_, _, seconds, nanos] = identity(metadata);
    let noted = u64::try_from(seconds).ok().zip(u64::try_from(nanos).ok()).and_then(|(seconds, nanos)| {
        SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds) + Duration::from_nanos(nanos))
    });
    Some(noted.map_or(modified, |noted| noted.max(modified)))
}

/// Device, number, and the time of the last change of the file or of what is noted of it.
#[cfg(unix)]
fn identity(metadata: &Metadata) -> [i64; 4] {
    use std::os::unix::fs::MetadataExt as _;
    [metadata.dev().cast_signed(), metadata.ino().cast_signed(), metadata.ctime(), metadata.ctime_nsec()]
}

#[cfg(not(unix))]
fn identity(_: &Metadata) -> [i64; 4] {
    [0; 4]
}

/// The names in a folder that may be those of files to read. Editors put others there all the time.
fn names(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.file_name());
    let is_one = |end: &OsStr| EXTENSIONS.iter().any(|known| end.eq_ignore_ascii_case(known));
    let mut names: Vec<_> = entries.filter(|name| Path::new(name).extension().is_some_and(is_one)).collect();
    names.sort();
    hash(&names)
}

fn hash(of: &impl std::hash::Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn file(seconds: u64, young: bool, text: Option<u64>) -> Stamp {
        let modified = Some(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
        Stamp { facts: Facts::File { size: 1, modified, identity: [0; 4] }, young, text }
    }

    #[test]
    fn equal_facts_are_trusted_only_when_old() {
        assert!(file(2, false, None).differs(&file(1, false, None)));
        assert!(file(1, true, Some(8)).differs(&file(1, true, Some(7))), "two writes in one step of the clock");
        assert!(file(1, false, Some(8)).differs(&file(1, true, Some(7))), "the last look at a young file");
        assert!(!file(1, false, Some(7)).differs(&file(1, true, Some(7))));
        assert!(!file(1, false, None).differs(&file(1, false, Some(7))), "it has not been read again");
        let gone = Stamp { facts: Facts::None, young: false, text: None };
        assert!(gone.differs(&file(1, false, None)) && file(1, false, None).differs(&gone));
    }

    #[test]
    fn a_young_file_is_read_until_it_is_old() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        fs::write(&path, "a").unwrap();
        let young = Stamp::of(&path, None);
        assert!(young.young && young.text.is_some());
        // As the next look would see it after a while.
        let old = Stamp { young: false, ..young.clone() };
        let facts = Facts::File { size: 1, modified: None, identity: [0; 4] };
        assert!(!Stamp::of(&path, Some(&old)).differs(&young));
        assert!(Stamp::of(&path, Some(&Stamp { facts, ..young })).text.is_some());
        // A time in the future says nothing about what comes after.
        let later = SystemTime::now() + Duration::from_secs(3600);
        fs::File::options().write(true).open(&path).unwrap().set_modified(later).unwrap();
        assert!(Stamp::of(&path, None).young);
    }

    #[test]
    fn what_is_gone_is_doubted_by_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        let (before, hour) = (SystemTime::now() - STEP, Duration::from_secs(3600));
        assert!(changed_since(&folder.path().join("gone"), before));
        assert!(changed_since(folder.path(), before));
        assert!(!changed_since(folder.path(), SystemTime::now() + hour));
        assert!(!changed_since(Path::new("/no/such/folder/file"), before));
    }

    #[test]
    fn only_names_of_files_to_read_count() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("main.tf"), "").unwrap();
        let before = Stamp::of(folder.path(), None);
        fs::write(folder.path().join(".main.tf.swp"), "").unwrap();
        assert!(!Stamp::of(folder.path(), Some(&before)).differs(&before));
        fs::write(folder.path().join("more.tf"), "").unwrap();
        assert!(Stamp::of(folder.path(), Some(&before)).differs(&before));
    }
}
