//! Which files are under version control.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The files below a folder that git tracks, relative to it; none where there is no repository, or no git.
pub(super) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut git = Command::new("git");
    // Whatever the repository configures, nothing of it is run.
    git.args(["-c", "core.fsmonitor=false", "-C"]).arg(folder).args(["ls-files", "-z", "--cached"]);
    git.env("GIT_OPTIONAL_LOCKS", "0").stdin(Stdio::null()).stderr(Stdio::null());
    let Some(output) = git.output().ok().filter(|output| output.status.success()) else { return Vec::new() };
    output.stdout.split(|byte| *byte == 0).filter(|name| !name.is_empty()).map(path).collect()
}

#[cfg(unix)]
fn path(name: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt as _;
    PathBuf::from(std::ffi::OsStr::from_bytes(name))
}

#[cfg(not(unix))]
fn path(name: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(name).into_owned())
}
