//! `examples/spark/judge.py` on a small estate: what Spark's `pipe` hands to iamlint comes back judged, in order.
//!
//! Needs Java and a Python with PySpark: `IAMLINT_SPARK_PYTHON`, or `python3`. Skipped with a message where one is missing.

mod common;

use common::{CLOSED, OPEN, root};
use std::fs;
use std::path::Path;
use std::process::Command;

fn works(program: &str, args: &[&str]) -> bool {
    Command::new(program).args(args).output().is_ok_and(|output| output.status.success())
}

/// An interpreter with PySpark.
fn python() -> Option<String> {
    let named = std::env::var("IAMLINT_SPARK_PYTHON").ok();
    let candidates = named.into_iter().chain(["python3".to_owned()]);
    candidates.into_iter().find(|python| works(python, &["-c", "import pyspark"]))
}

fn judge(python: &str, folder: &Path, more: &[&str]) -> (bool, String, String) {
    let output = Command::new(python)
        .arg(root().join("examples/spark/judge.py"))
        .args(["--iamlint", env!("CARGO_BIN_EXE_iamlint"), "policies.ndjson", "results"])
        .args(more)
        .current_dir(folder)
        // The driver and the workers are one interpreter, and the driver is found without a network.
        .env("PYSPARK_PYTHON", python)
        .env("SPARK_LOCAL_IP", "127.0.0.1")
        .output()
        .expect("it starts");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (output.status.success(), text(output.stdout), text(output.stderr))
}

#[test]
fn spark_gets_what_one_process_writes() {
    if !works("java", &["-version"]) {
        eprintln!("skipped: there is no Java");
        return;
    }
    let Some(python) = python() else {
        eprintln!("skipped: there is no Python with PySpark");
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let mut lines = String::new();
    for number in 0..500 {
        let document = if number % 5 == 0 { OPEN } else { CLOSED }.replace('\n', " ");
        let broken = if number == 123 { "," } else { "" };
        lines.push_str(&format!("{{\"id\": {number}, \"naïve\": \"é\", \"document\": {document}{broken}}}\n"));
    }
    fs::write(folder.path().join("policies.ndjson"), lines).expect("a file");

    let (success, said, log) = judge(&python, folder.path(), &["--partitions", "4", "--compare", "--", "--isolated"]);
    assert!(success, "{said}{log}");
    assert_eq!(
        said,
        "499 policies, 101 findings\n       1  invalid-input\n     100  wildcard-principal\none process: the same 500 results\n"
    );
    let parts = fs::read_dir(folder.path().join("results")).expect("a folder").filter_map(|entry| {
        let name = entry.expect("readable").file_name().to_string_lossy().into_owned();
        name.starts_with("part-").then_some(name)
    });
    assert!(parts.count() >= 4, "each partition had a process of its own");

    // A job that cannot be done is no empty result.
    fs::remove_dir_all(folder.path().join("results")).expect("removed");
    let (success, _, log) = judge(&python, folder.path(), &["--", "--config", "missing.toml"]);
    assert!(!success && log.contains("missing.toml"), "{log}");
}
