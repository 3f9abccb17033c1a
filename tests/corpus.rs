//! Counts per rule and format over real files, so that the reach of a change shows in the snapshot's diff.
//!
//! The files are other people's and are not in this repository: `IAMLINT_CORPUS` names the folder. Without it the test
//! says so. With another collection than the recorded one (`MANIFEST.tsv` tells) it prints the new counts.

mod common;

use common::command;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

#[test]
fn counts_per_rule_and_format() {
    let Some(corpus) = std::env::var_os("IAMLINT_CORPUS") else {
        eprintln!("skipped: set IAMLINT_CORPUS to a folder of templates and policies to count findings over it");
        return;
    };
    let corpus = fs::canonicalize(corpus).expect("IAMLINT_CORPUS names a folder");
    let manifest = fs::read(corpus.join("MANIFEST.tsv")).expect("the folder has a MANIFEST.tsv");
    let counts = format!("manifest {:016x}\n{}", hash(&manifest), count(&corpus));

    let recorded = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots/corpus.txt");
    let before = fs::read_to_string(&recorded).unwrap_or_default();
    if std::env::var_os("IAMLINT_BLESS").is_some() {
        fs::write(&recorded, &counts).expect("the snapshot is writable");
    } else if before.lines().next() != counts.lines().next() {
        eprintln!("another collection than the recorded one; counted:\n{counts}");
    } else {
        similar_asserts(&before, &counts);
    }
}

/// Fail with the lines that differ.
fn similar_asserts(before: &str, after: &str) {
    let lines = |text: &str| -> BTreeMap<String, String> {
        text.lines()
            .filter_map(|line| line.rsplit_once(' '))
            .map(|(key, count)| (key.to_owned(), count.to_owned()))
            .collect()
    };
    let (before, after) = (lines(before), lines(after));
    let changed: Vec<String> = before
        .keys()
        .chain(after.keys().filter(|key| !before.contains_key(*key)))
        .filter(|key| before.get(*key) != after.get(*key))
        .map(|key| format!("{key}: {:?} -> {:?}", before.get(key), after.get(key)))
        .collect();
    assert!(
        changed.is_empty(),
        "counts changed; read the findings, then run with IAMLINT_BLESS=1\n{}",
        changed.join("\n")
    );
}

/// FNV-1a: only to tell collections apart.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

fn count(corpus: &Path) -> String {
    let mut out = String::new();
    for profile in ["default", "strict", "audit"] {
        let args = ["check", "--isolated", "--no-ignore", "--format", "json", "--quiet", "--profile", profile, "."];
        let output = command(corpus).args(args).output().expect("it runs");
        assert!(matches!(output.status.code(), Some(0 | 1)), "{}", String::from_utf8_lossy(&output.stderr));
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let mut rules: BTreeMap<(String, String), usize> = BTreeMap::new();
        for finding in report["findings"].as_array().expect("a list") {
            let text = |key: &str| finding[key].as_str().unwrap_or_default().to_owned();
            *rules.entry((text("rule"), text("confidence"))).or_default() += 1;
        }
        for ((rule, confidence), count) in rules {
            writeln!(out, "{profile} {rule} {confidence} {count}").expect("writing to a string does not fail");
        }
        if profile == "default" {
            for (key, count) in report["summary"].as_object().expect("an object") {
                if count.is_u64() {
                    writeln!(out, "summary {key} {count}").expect("writing to a string does not fail");
                }
            }
        }
    }
    let output =
        command(corpus).args(["check", "--isolated", "--no-ignore", "--show-files", "."]).output().expect("it runs");
    let mut formats: BTreeMap<String, usize> = BTreeMap::new();
    for line in String::from_utf8_lossy(&output.stdout).lines().filter(|line| !line.starts_with(' ')) {
        let format = line.split_once(": ").and_then(|(_, rest)| rest.split([',', ';']).next()).unwrap_or_default();
        *formats.entry(format.to_owned()).or_default() += 1;
    }
    for (format, count) in formats {
        writeln!(out, "files {format} {count}").expect("writing to a string does not fail");
    }
    out
}
