//! Repositories of git, free of what the caller's own configuration would change.

use super::tools::output;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A repository in a temporary folder, with a folder beside it for programs.
pub struct Repository {
    folder: tempfile::TempDir,
}

impl Repository {
    /// A repository with one commit of these files, and our binary on its path.
    pub fn new(files: &[(&str, &str)]) -> Self {
        let repository = Self::without_program(files);
        fs::copy(env!("CARGO_BIN_EXE_iamlint"), repository.bin().join("iamlint")).expect("it can be copied");
        repository
    }

    /// A repository with one commit of these files.
    pub fn without_program(files: &[(&str, &str)]) -> Self {
        let repository = Repository { folder: tempfile::tempdir().expect("a temporary folder") };
        for folder in [repository.path(), repository.bin(), repository.folder.path().join("home")] {
            fs::create_dir(folder).expect("a folder");
        }
        repository.git(&["init", "--quiet", "--initial-branch", "main"]);
        for (path, text) in files {
            repository.write(path, text);
        }
        repository.git(&["add", "--all", "--force"]);
        let (text, code) = repository.commit();
        assert_eq!(code, 0, "{text}");
        repository
    }

    /// Where it is.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("repository")
    }

    fn bin(&self) -> PathBuf {
        self.folder.path().join("bin")
    }

    /// Write a file of it.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().expect("it has one")).expect("a folder");
        fs::write(path, text).expect("it can be written");
    }

    /// Let a program run in it, with our binary first on its path.
    pub fn prepare(&self, command: &mut Command) {
        let paths = std::env::var_os("PATH").unwrap_or_default();
        let paths = [self.bin()].into_iter().chain(std::env::split_paths(&paths));
        let home = self.folder.path().join("home");
        for name in ["GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "CI", "FORCE_COLOR", "SKIP", "PRE_COMMIT"] {
            command.env_remove(name);
        }
        command
            .current_dir(self.path())
            .env("PATH", std::env::join_paths(paths).expect("paths"))
            .env("PRE_COMMIT_HOME", home.join("pre-commit"))
            .env("PREK_HOME", home.join("prek"))
            .env("NO_COLOR", "1")
            .env("GIT_CONFIG_GLOBAL", home.join("gitconfig"))
            .env("GIT_CONFIG_NOSYSTEM", "1");
        for role in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{role}_NAME"), "A").env(format!("GIT_{role}_EMAIL"), "a@example.com");
        }
        command.stdin(Stdio::null());
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new("git");
        self.prepare(&mut command);
        command.args(args);
        command
    }

    /// Run git in it.
    pub fn git(&self, args: &[&str]) -> String {
        let (text, code) = output(&mut self.command(args));
        assert_eq!(code, 0, "git {args:?}: {text}");
        text
    }

    /// Try to commit what is staged.
    pub fn commit(&self) -> (String, i32) {
        output(&mut self.command(&["commit", "--quiet", "--message", "a change"]))
    }

    /// The commit that is checked out.
    pub fn head(&self) -> String {
        self.git(&["rev-parse", "HEAD"]).trim().to_owned()
    }

    /// Put a program before ours that notes each call and its arguments, each on a line, in the file that is returned.
    pub fn log_calls(&self) -> PathBuf {
        let log = self.folder.path().join("calls");
        let real = self.bin().join("iamlint-real");
        fs::rename(self.bin().join("iamlint"), &real).expect("it can be moved");
        let script =
            format!("#!/bin/sh\nprintf '%s\\n' call \"$@\" >>'{}'\nexec '{}' \"$@\"\n", log.display(), real.display());
        write_program(&self.bin().join("iamlint"), &script);
        log
    }
}

/// Write a script that can be run.
pub fn write_program(path: &Path, text: &str) {
    fs::write(path, text).expect("it can be written");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("it can be made a program");
    }
}
