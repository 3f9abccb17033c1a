//! The programs of others that read our output, where they are installed.
//!
//! `IAMLINT_TOOLS` names a folder with a Python environment in `venv` and packages of npm in `node_modules`, as
//! `.ci/tools.sh` makes it; else a program on the path is taken. A test without its program says that it skipped.

use serde_json::Value;
use std::env;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A program, or nothing and a word about it.
pub fn program(name: &str) -> Option<Command> {
    let own = folder().map(|folder| folder.join("venv/bin").join(name)).filter(|path| path.exists());
    found(name, own.or_else(|| on_path(name)).map(|path| quiet(&path)))
}

/// A Python that has this module.
pub fn python(module: &str) -> Option<Command> {
    let own = folder().map(|folder| folder.join("venv/bin/python")).filter(|path| path.exists());
    let python = own.or_else(|| on_path("python3")).filter(|python| {
        quiet(python).args(["-c", &format!("import {module}")]).output().is_ok_and(|run| run.status.success())
    });
    found(&format!("python with {module}"), python.map(|path| quiet(&path)))
}

/// A node that finds this package.
pub fn node(package: &str) -> Option<Command> {
    let modules = folder().map(|folder| folder.join("node_modules"));
    let node = on_path("node").filter(|node| {
        let mut command = quiet(node);
        command.args(["-e", &format!("require('{package}')")]);
        if let Some(modules) = &modules {
            command.env("NODE_PATH", modules);
        }
        command.output().is_ok_and(|run| run.status.success())
    });
    let command = node.map(|path| {
        let mut command = quiet(&path);
        if let Some(modules) = &modules {
            command.env("NODE_PATH", modules);
        }
        command
    });
    found(&format!("node with {package}"), command)
}

/// A file of a package of npm.
pub fn of_package(package: &str, file: &str) -> Option<PathBuf> {
    let path = folder().map(|folder| folder.join("node_modules").join(package).join(file));
    found(&format!("{package}/{file}"), path.filter(|path| path.exists()))
}

/// Run it; what it printed, and its exit code.
pub fn output(command: &mut Command) -> (String, i32) {
    let run = command.output().expect("it starts");
    let text = [run.stdout, run.stderr].concat();
    (String::from_utf8_lossy(&text).into_owned(), run.status.code().expect("it was not killed"))
}

/// The rules of SARIF and of GitHub code scanning that a log breaks, as the validator sees it.
pub fn sarif_problems(log: &Path) -> Option<Vec<String>> {
    let tool = of_package("@microsoft/sarif-multitool-linux", "Sarif.Multitool")?;
    let verdict = log.with_extension("verdict.sarif");
    let mut command = quiet(&tool);
    // Without it, the program looks for libraries of the system that it does not need.
    command.env("DOTNET_SYSTEM_GLOBALIZATION_INVARIANT", "1");
    command.args(["validate", "--rule-kind", "Sarif;Ghas", "--level", "Error;Warning", "--log", "ForceOverwrite"]);
    let (text, _) = output(command.arg("--output").arg(&verdict).arg(log));
    assert!(text.contains("1 files scanned"), "{text}");
    let verdict: Value =
        serde_json::from_str(&fs::read_to_string(verdict).expect("it was written")).expect("the verdict is JSON");
    let results = verdict["runs"][0]["results"].as_array().expect("a list");
    Some(results.iter().map(|result| result["ruleId"].as_str().expect("text").to_owned()).collect())
}

fn folder() -> Option<PathBuf> {
    env::var_os("IAMLINT_TOOLS").map(PathBuf::from)
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).map(|folder| folder.join(name)).find(|path| path.is_file())
}

fn quiet(path: &Path) -> Command {
    let mut command = Command::new(path);
    command.stdin(Stdio::null());
    command
}

fn found<T>(what: &str, it: Option<T>) -> Option<T> {
    if it.is_none() {
        skipped(&format!("{what} is not installed"));
    }
    it
}

/// Say that something is not checked, and why: past the capture of the test runner, so that it is seen.
pub fn skipped(why: &str) {
    let _ = writeln!(std::io::stderr(), "skipped: {why}");
}
