//! `cargo bench --bench instructions`: how many instructions whole runs of the command take, counted by callgrind.
//!
//! The counts hardly depend on the machine or on what else it does; `benches/README.md` says how they are used.

#![allow(clippy::print_stdout, reason = "the counts are what it is for")]

mod generate;

use generate::{Numbers, hard_policy};
use std::path::Path;
use std::process::Command;

/// Files with one hard policy each.
const POLICIES: u64 = 400;

fn main() {
    let folder = tempfile::tempdir().expect("a folder for the policies");
    let mut numbers = Numbers::new(7);
    for number in 0..POLICIES {
        let text = serde_json::to_string_pretty(&hard_policy(&mut numbers, number)).expect("it serializes");
        std::fs::write(folder.path().join(format!("p{number:03}.json")), text).expect("the folder takes files");
    }
    let start_up = instructions(&["--version"], folder.path());
    println!("start-up                  {start_up:>14}");
    let hard = instructions(&["check", "--isolated", "."], folder.path());
    println!("400 hard trust policies   {hard:>14}   {:>9} a policy", (hard - start_up) / POLICIES);
    match std::env::var_os("IAMLINT_CORPUS") {
        Some(corpus) => {
            let arguments = ["check", "--isolated", "--no-ignore", "--profile", "audit", "."];
            println!("the corpus, every profile {:>14}", instructions(&arguments, Path::new(&corpus)));
        }
        None => println!("the corpus                (set IAMLINT_CORPUS to a folder of policies)"),
    }
}

/// The instructions of one run with one thread.
fn instructions(arguments: &[&str], folder: &Path) -> u64 {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", env!("CARGO_BIN_EXE_iamlint")])
        .args(arguments)
        .env("RAYON_NUM_THREADS", "1")
        .current_dir(folder)
        .output()
        .expect("valgrind is installed");
    // With 1 there were findings.
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}", String::from_utf8_lossy(&output.stderr));
    let told = String::from_utf8_lossy(&output.stderr);
    let count = told.lines().find_map(|line| line.split_once("refs:")).map(|(_, count)| count.trim().replace(',', ""));
    count.and_then(|count| count.parse().ok()).expect("callgrind counts instructions")
}
