//! Worked examples of how IAM decides. Each is a case of `iamlint test`: in `examples.jsonl` about roles and who may
//! assume them, in `decisions.yaml` about the other policies that have a say.

use serde_json::Value;
use std::path::Path;
use std::process::Command;

fn all_are_decided_as_they_say(file: &str, count: usize) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new(env!("CARGO_BIN_EXE_iamlint"))
        .current_dir(root)
        .args(["test", "--format", "json", file])
        .output()
        .expect("the program runs");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let mut wrong = Vec::new();
    for line in text.lines() {
        let answer: Value = serde_json::from_str(line).expect("a line of JSON");
        let right = match answer["expected"].as_str() {
            Some("allow") => answer["decision"] == "allowed",
            Some("explicit-deny") => answer["decision"] == "explicitly-denied",
            Some("deny") => answer["decision"] == "explicitly-denied" || answer["decision"] == "implicitly-denied",
            _ => false,
        };
        if !right {
            wrong.push(line);
        }
    }
    assert!(wrong.is_empty(), "{}{}", wrong.join("\n"), String::from_utf8_lossy(&output.stderr));
    assert_eq!(text.lines().count(), count);
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn examples_about_roles() {
    all_are_decided_as_they_say("tests/access/examples.jsonl", 138);
}

#[test]
fn examples_about_other_policies() {
    all_are_decided_as_they_say("tests/access/decisions.yaml", 62);
}
