//! Turns the rule pages into the registry and the tables of AWS into arrays.
//!
//! A page that breaks the format of `rules/README.md`, and a row that the head of its table does not explain, fail the
//! build with their file and line.

mod build {
    pub mod pages;
    pub mod rows;
    pub mod steps;
    pub mod tables;
}

use build::{pages, steps, tables};
use std::path::{Path, PathBuf};
use std::{env, fs, process};

fn main() {
    println!("cargo::rerun-if-changed=rules");
    println!("cargo::rerun-if-changed=src/checks");
    println!("cargo::rerun-if-changed=src/aws/data");
    println!("cargo::rerun-if-changed=build");
    made("registry.rs", &pages::registry());
    made("query_samples.rs", &steps::samples());
    for table in tables::ALL {
        let paths: Vec<PathBuf> = table.from.iter().map(|name| Path::new("src/aws/data").join(name)).collect();
        let text = |path: &PathBuf| fs::read_to_string(path).unwrap_or_else(|error| fail(path, 1, &error.to_string()));
        let texts: Vec<String> = paths.iter().map(text).collect();
        match (table.write)(&texts) {
            Ok(source) => made(table.name, &source),
            Err((file, fault)) => fail(&paths[file], fault.line, &fault.message),
        }
    }
}

/// Leave a file where the crate includes it from.
fn made(name: &str, source: &str) {
    let folder = PathBuf::from(env::var("OUT_DIR").expect("cargo sets OUT_DIR"));
    fs::write(folder.join(name), source).expect("OUT_DIR is writable");
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap_or_else(|error| fail(folder, 1, &error.to_string()))
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    paths.sort();
    paths
}

/// End the build with a place that editors understand.
fn fail(path: &Path, line: usize, message: &str) -> ! {
    #[expect(clippy::print_stderr, reason = "a build script has no other way to say why it failed")]
    {
        eprintln!("{}:{line}: {message}", path.display());
    }
    process::exit(1);
}
