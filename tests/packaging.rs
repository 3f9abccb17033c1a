//! What people install: the wheel by pip, the crate by cargo, and the hook of pre-commit by either.
//!
//! One test, so that nothing else runs while it replaces what cargo builds. It builds into a folder of its own, without
//! optimization: how a release is built is said in the release workflow.

mod common;

use common::git::Repository;
use common::tools::{output, program, python, skipped};
use common::{CLOSED, OPEN, root};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where cargo builds.
fn target() -> PathBuf {
    root().join("target/package")
}

/// Let cargo build quickly, from what is on the disk.
fn quick(command: &mut Command) {
    command.env("CARGO_TARGET_DIR", target()).env("CARGO_NET_OFFLINE", "true").env("CARGO_TERM_COLOR", "never");
    command.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0").env("CARGO_PROFILE_RELEASE_LTO", "off");
    command.env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "256").env("CARGO_PROFILE_RELEASE_DEBUG", "false");
}

/// Bring what a build for any system names: tools that read the manifest want all of it, and what builds here needs less.
/// Where there is no network, what is on the disk has to do.
fn fetch() {
    let fetched = Command::new("cargo").args(["fetch", "--quiet"]).current_dir(root()).status();
    assert!(fetched.is_ok(), "cargo runs");
}

#[test]
fn what_people_install_runs() {
    fetch();
    let folder = tempfile::tempdir().expect("a temporary folder");
    if let Some(wheel) = wheel(folder.path()) {
        installed_by_pip(&wheel, folder.path());
        hook_from_the_wheel(&wheel);
    }
    hook_from_source();
}

/// Build a wheel as `pip install .` does.
fn wheel(folder: &Path) -> Option<PathBuf> {
    // The command brings its module for builds.
    let mut pip = python("maturin")?;
    let dist = folder.join("dist");
    quick(&mut pip);
    pip.args(["-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-build-isolation"]);
    pip.arg("--wheel-dir").arg(&dist).arg(root());
    // It looks for the command on the path.
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let own = Path::new(pip.get_program()).parent().expect("it is in a folder").to_owned();
    pip.env("PATH", std::env::join_paths([own].into_iter().chain(std::env::split_paths(&paths))).expect("paths"));
    let (text, code) = output(&mut pip);
    assert_eq!(code, 0, "{text}");
    let files = fs::read_dir(&dist).expect("it is there").map(|entry| entry.expect("readable").path());
    let wheels: Vec<PathBuf> = files.collect();
    let name = wheels[0].file_name().expect("a name").to_string_lossy().into_owned();
    assert!(name.starts_with(concat!("iamlint-", env!("CARGO_PKG_VERSION"), "-py3-none-")), "{wheels:?}");
    Some(wheels[0].clone())
}

/// A wheel in a fresh environment, without any index.
fn installed_by_pip(wheel: &Path, folder: &Path) {
    let Some(mut python) = python("venv") else { return };
    let environment = folder.join("environment");
    let (text, code) = output(python.args(["-m", "venv"]).arg(&environment));
    assert_eq!(code, 0, "{text}");
    let bin = environment.join("bin");
    let mut pip = Command::new(bin.join("python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index"]).arg(wheel);
    let (text, code) = output(&mut pip);
    assert_eq!(code, 0, "{text}");
    let run = |args: &[&str]| output(Command::new(bin.join("iamlint")).args(args).current_dir(root()));
    assert_eq!(run(&["--version"]), (concat!("iamlint ", env!("CARGO_PKG_VERSION"), "\n").to_owned(), 0));
    let (text, code) =
        run(&["check", "--isolated", "--format", "concise", "testdata/demo/policies/partner-trust.json"]);
    assert!(code == 1 && text.contains("error[public-through-conditions]"), "{text}");
    let mut show = Command::new(bin.join("python"));
    let (text, code) = output(show.args(["-m", "pip", "show", "--disable-pip-version-check", "iamlint"]));
    assert!(
        code == 0 && text.contains(concat!("Version: ", env!("CARGO_PKG_VERSION"), "\nSummary: Static analyzer")),
        "{text}"
    );
    let mut remove = Command::new(bin.join("python"));
    remove.args(["-m", "pip", "uninstall", "--quiet", "--yes", "iamlint"]);
    assert_eq!(output(&mut remove).1, 0);
    assert!(!bin.join("iamlint").exists());
}

/// Use a hook in a repository: a finding fails, and nothing else does.
fn use_hook(hooks: &Repository, prepare: impl Fn(&mut Command)) -> Option<String> {
    let repository = Repository::without_program(&[("iam/open.json", OPEN), ("iam/closed.json", CLOSED)]);
    let (path, rev) = (hooks.path(), hooks.head());
    let config = format!(
        "repos:\n  - repo: {}\n    rev: {rev}\n    hooks:\n      - id: iamlint\n        args: [--format, concise]\n",
        path.display()
    );
    repository.write(".pre-commit-config.yaml", &config);
    repository.git(&["add", "."]);
    let run = || {
        let mut pre_commit = program("pre-commit")?;
        repository.prepare(&mut pre_commit);
        prepare(&mut pre_commit);
        Some(output(pre_commit.args(["run", "--all-files"])))
    };
    let (text, code) = run()?;
    assert!(code == 1 && text.contains("iam/open.json:1:82: error[wildcard-principal]"), "{text}");
    repository.write("iam/open.json", CLOSED);
    repository.git(&["add", "."]);
    let (again, code) = run()?;
    assert!(code == 0 && again.contains("Passed"), "{again}");
    Some(text)
}

/// The repository for people without a Rust toolchain, whose hook installs the wheel.
fn hook_from_the_wheel(wheel: &Path) {
    // The small package around it is built by what an index has.
    let folder = tempfile::tempdir().expect("a temporary folder");
    let Some(mut pip) = python("pip") else { return };
    pip.args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--dest"]);
    if output(pip.arg(folder.path()).arg("setuptools>=61")).1 != 0 {
        skipped("there is no index of Python packages");
        return;
    }
    let read = |name: &str| fs::read_to_string(root().join("packaging/pre-commit").join(name)).expect("there is one");
    let names = [".pre-commit-hooks.yaml", "pyproject.toml", "README.md"].map(|name| (name, read(name)));
    let files: Vec<(&str, &str)> = names.iter().map(|(name, text)| (*name, text.as_str())).collect();
    use_hook(&Repository::without_program(&files), |pre_commit| {
        pre_commit.env("PIP_FIND_LINKS", wheel.parent().expect("it is in a folder"));
    });
}

/// The repository itself, whose hook is built by `cargo install`.
fn hook_from_source() {
    if program("pre-commit").is_none() {
        return;
    }
    let mut list = Command::new("git");
    list.args(["-C"]).arg(root()).args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let Some(names) = list.output().ok().filter(|run| run.status.success()) else {
        skipped("this is no repository of git");
        return;
    };
    let names = String::from_utf8(names.stdout).expect("UTF-8");
    let read = |name: &str| fs::read_to_string(root().join(name)).ok().map(|text| (name.to_owned(), text));
    // What a build needs.
    let needed = |name: &&str| {
        let folders = ["build/", "src/", "rules/", "benches/", "tests/", "examples/"];
        folders.iter().any(|folder| name.starts_with(folder)) || !name.contains('/')
    };
    let files: Vec<(String, String)> = names.split('\0').filter(needed).filter_map(read).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let hooks = Repository::without_program(&files);
    let cargo_home = std::env::var_os("CARGO_HOME");
    let rustup_home = std::env::var_os("RUSTUP_HOME");
    let text = use_hook(&hooks, |pre_commit| {
        quick(pre_commit);
        for (name, value) in [("CARGO_HOME", &cargo_home), ("RUSTUP_HOME", &rustup_home)] {
            pre_commit.envs(value.as_ref().map(|value| (name, value)));
        }
    });
    assert!(text.is_some_and(|text| text.contains("Installing environment")));
}
