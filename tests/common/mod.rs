//! Running the binary as a user would.

#![allow(dead_code, reason = "each test target uses its part")]

pub mod git;
pub mod pages;
pub mod tools;
pub mod yaml;

pub mod fences;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What a run printed and ended with.
#[derive(Debug)]
pub struct Run {
    pub stdout: String,
    pub stderr: String,
    pub code: i32,
}

impl Run {
    /// Everything a user sees, with what changes between runs taken out.
    pub fn shown(&self) -> String {
        format!("exit {}\n--- stdout\n{}--- stderr\n{}", self.code, self.stdout, stable(&self.stderr))
    }
}

/// Text without times and versions.
pub fn stable(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let line = line.replace(env!("CARGO_PKG_VERSION"), "VERSION");
        match line.rsplit_once("; ") {
            Some((head, time)) if time.ends_with(" ms") || time.ends_with(" s") => format!("{head}; TIME"),
            _ => line,
        }
    });
    lines.map(|line| line + "\n").collect()
}

/// The repository's own folder.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The binary, in a folder, free of what the caller's environment would change.
pub fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_iamlint"));
    command.current_dir(folder);
    for name in [
        "CI",
        "NO_COLOR",
        "FORCE_COLOR",
        "CLICOLOR",
        "CLICOLOR_FORCE",
        "COLUMNS",
        "RUST_BACKTRACE",
        "SOURCE_DATE_EPOCH",
    ] {
        command.env_remove(name);
    }
    command.env("LANG", "C.UTF-8").env("LC_ALL", "C.UTF-8").env("TERM", "xterm");
    command
}

/// Run it with these arguments.
pub fn run(folder: &Path, args: &[&str]) -> Run {
    finish(command(folder).args(args), None)
}

/// Run it with these arguments and this standard input.
pub fn run_with_stdin(folder: &Path, args: &[&str], stdin: &[u8]) -> Run {
    finish(command(folder).args(args), Some(stdin))
}

fn finish(command: &mut Command, stdin: Option<&[u8]>) -> Run {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.stdin(if stdin.is_some() { Stdio::piped() } else { Stdio::null() });
    let mut child = command.spawn().expect("the binary starts");
    let pipe = child.stdin.take();
    let output = std::thread::scope(|scope| {
        // Beside the reading: a program may write before it has read everything.
        scope.spawn(|| {
            if let (Some(bytes), Some(mut pipe)) = (stdin, pipe) {
                // A program that does not read all of its input closes the pipe.
                let _ = pipe.write_all(bytes);
            }
        });
        child.wait_with_output().expect("the binary ends")
    });
    Run {
        stdout: String::from_utf8(output.stdout).expect("output is UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("output is UTF-8"),
        code: output.status.code().expect("it was not killed"),
    }
}

/// A folder with these files.
pub fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (path, text) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("it has one")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }
    folder
}

/// A trust policy that anyone passes.
pub const OPEN: &str = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}"#;

/// A trust policy without a finding.
pub const CLOSED: &str = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
    "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}"#;
