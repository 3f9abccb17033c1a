//! Bad input: a clear word about it, and the other files are judged all the same.

mod common;

use common::{OPEN, command, run, run_with_stdin, tree};
use std::fs;
use std::process::Stdio;

/// Judge one hostile file beside a file with a finding; what is said about the hostile one.
fn beside_a_good_file(name: &str, bytes: &[u8]) -> Vec<String> {
    let folder = tree(&[("open.json", OPEN)]);
    fs::write(folder.path().join(name), bytes).expect("a file");
    let run = run(folder.path(), &["check", "--isolated", "--format", "concise", "."]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert!(run.stdout.contains("open.json:1:82: error[wildcard-principal]"), "the other file was not judged");
    let mine = format!("{name}:");
    run.stdout.lines().filter(|line| line.starts_with(&mine)).map(|line| line[mine.len()..].to_owned()).collect()
}

#[test]
fn a_hundred_thousand_brackets() {
    let mut text = "[".repeat(100_000);
    text.insert_str(0, "{\"Statement\": [{\"Effect\": \"Allow\", \"Action\": ");
    let said = beside_a_good_file("deep.json", text.as_bytes());
    assert_eq!(said.len(), 1);
    assert!(said[0].contains("error[invalid-input]: nested deeper than 128 levels"), "{said:?}");

    let yaml = format!("Statement:\n- Effect: Allow\n  Action: {}", "[".repeat(100_000));
    let said = beside_a_good_file("deep.yaml", yaml.as_bytes());
    assert_eq!(said.len(), 1);
    assert!(said[0].contains("error[invalid-input]"), "{said:?}");
}

#[test]
fn an_alias_bomb() {
    let mut text = String::from("a0: &a0 {Effect: Allow, Action: 'sts:AssumeRole'}\n");
    for level in 1..=30 {
        let before = level - 1;
        text.push_str(&format!("a{level}: &a{level} [*a{before}, *a{before}, *a{before}, *a{before}, *a{before}]\n"));
    }
    text.push_str("Statement: *a30\n");
    let said = beside_a_good_file("bomb.yaml", text.as_bytes());
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].contains("error[invalid-input]") && said[0].contains("100"), "the limit is said: {said:?}");
}

#[test]
fn a_minified_line_of_two_hundred_thousand_columns() {
    let folder = tree(&[]);
    let filler = "x".repeat(200_000);
    let text = format!(r#"{{"Id": "{filler}", {}"#, &OPEN[1..]);
    fs::write(folder.path().join("long.json"), text).expect("a file");
    for format in ["full", "concise", "sarif", "json"] {
        let run = run(folder.path(), &["check", "--isolated", "--format", format, "long.json"]);
        assert_eq!(run.code, 1, "{}", run.stderr);
        assert!(run.stdout.contains("wildcard-principal"));
        if format == "full" {
            assert!(run.stdout.len() < 5_000, "the line is clipped");
            assert!(run.stdout.contains(r#""*""#), "the place is shown:\n{}", run.stdout);
        }
    }
}

#[test]
fn a_file_above_the_limit() {
    let folder = tree(&[("open.json", OPEN)]);
    let file = fs::File::create(folder.path().join("huge.json")).expect("a file");
    file.set_len(200 * 1024 * 1024).expect("a sparse file");
    let run = run(folder.path(), &["check", "--isolated", "--format", "concise", "."]);
    assert_eq!(run.code, 1);
    assert!(
        run.stdout
            .contains("huge.json:1:1: error[invalid-input]: the file has 209715200 bytes, more than the 104857600"),
        "{}",
        run.stdout
    );
    assert!(run.stdout.contains("open.json"));
}

#[test]
fn bytes_that_are_no_text() {
    let said = beside_a_good_file("latin.json", b"{\"Statement\": \"caf\xe9\"}");
    assert!(said[0].contains("error[invalid-input]: the file is not UTF-8 text: the byte at offset 18"), "{said:?}");
    let said = beside_a_good_file("utf16.json", b"\xff\xfe{\0}\0");
    assert!(said[0].contains("UTF-16"), "{said:?}");
    let run = run_with_stdin(tree(&[]).path(), &["check", "--isolated", "--format", "concise", "-"], b"\xff\xff");
    assert!(run.stdout.starts_with("<stdin>:1:1: error[invalid-input]"), "{}", run.stdout);
}

#[test]
fn an_empty_file_is_no_policy() {
    assert_eq!(beside_a_good_file("empty.json", b""), Vec::<String>::new());
    assert_eq!(beside_a_good_file("blank.yaml", b"\n \n"), Vec::<String>::new());
}

#[test]
fn broken_policies_have_a_place() {
    let said = beside_a_good_file("cut.json", &OPEN.as_bytes()[..OPEN.len() - 1]);
    assert!(said[0].starts_with("1:1: error[invalid-input]: this object is never closed"), "{said:?}");
    let said =
        beside_a_good_file("tab.yaml", b"Version: '2012-10-17'\nStatement:\n\t- Effect: Allow\n\t  Principal: '*'\n");
    assert!(said[0].contains("error[invalid-input]") && said[0].starts_with("3:"), "{said:?}");
    let encoded = br#"{"Role": {"Arn": "arn:aws:iam::294750163881:role/a", "AssumeRolePolicyDocument": "%7B%22Statement%22%3A%5B%7D"}}"#;
    let said = beside_a_good_file("dump.json", encoded);
    assert!(said[0].starts_with("1:10") && said[0].contains("error[invalid-input]"), "{said:?}");
}

#[cfg(unix)]
#[test]
fn links_that_go_round_in_circles() {
    let folder = tree(&[("a/open.json", OPEN)]);
    std::os::unix::fs::symlink(folder.path(), folder.path().join("a/loop")).expect("a link");
    let run = run(folder.path(), &["check", "--isolated", "--format", "concise", "."]);
    assert!(run.stdout.contains("a/open.json:1:82"), "{}", run.stdout);
    assert_eq!(run.stdout.matches("wildcard-principal").count(), 1, "each file is judged once:\n{}", run.stdout);
}

#[cfg(unix)]
#[test]
fn a_file_that_may_not_be_read() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tree(&[("open.json", OPEN), ("secret.json", OPEN)]);
    let secret = folder.path().join("secret.json");
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o0)).expect("permissions");
    if fs::read(&secret).is_ok() {
        eprintln!("skipped: this user may read every file");
        return;
    }
    let run = run(folder.path(), &["check", "--isolated", "--format", "concise", "."]);
    assert!(run.stdout.contains("secret.json:1:1: error[invalid-input]: permission denied"), "{}", run.stdout);
    assert!(run.stdout.contains("open.json:1:82"), "{}", run.stdout);
}

#[cfg(unix)]
#[test]
fn a_pipe_is_not_waited_for() {
    let folder = tree(&[("open.json", OPEN)]);
    let made = std::process::Command::new("mkfifo").arg(folder.path().join("pipe.json")).status().expect("mkfifo runs");
    assert!(made.success());
    let run = run(folder.path(), &["check", "--isolated", "--format", "concise", "pipe.json", "open.json"]);
    assert!(run.stdout.contains("pipe.json:1:1: error[invalid-input]: not a regular file"), "{}", run.stdout);
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let folder = tree(&[]);
    for number in 0..2_000 {
        fs::write(folder.path().join(format!("{number}.json")), OPEN).expect("a file");
    }
    let mut child = command(folder.path())
        .args(["check", "--isolated", "--format", "concise"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!stderr.contains("panicked") && !stderr.contains("failed"), "{stderr}");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn an_unknown_key_in_the_configuration() {
    let folder = tree(&[("iamlint.toml", "profile = \"default\"\nexcludes = [\"a\"]\n"), ("open.json", OPEN)]);
    let run = run(folder.path(), &["check"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("iamlint.toml:2:1"), "{}", run.stderr);
    assert!(run.stderr.contains("`exclude`"), "a suggestion: {}", run.stderr);
}
