//! `iamlint diff` on Terraform configuration: a folder is compared as a whole, with what it reads.

mod common;

use common::git::Repository;
use common::{Run, run, tree};
use serde_json::Value;

const ALICE: &str = "arn:aws:iam::111122223333:user/alice";
const BOB: &str = "arn:aws:iam::444455556666:user/bob";

/// A root with a role, its values, a data document, and a module beside it.
const FILES: [(&str, &str); 8] = [
    (
        "live/main.tf",
        r#"resource "aws_iam_role" "ops" {
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { AWS = var.operators }, Action = "sts:AssumeRole" }]
  })
}

resource "aws_iam_role" "ci" {
  assume_role_policy = data.aws_iam_policy_document.ci.json
}

module "reader" {
  source  = "../modules/role"
  trusted = ["arn:aws:iam::111122223333:user/alice"]
}
"#,
    ),
    (
        "live/variables.tf",
        "variable \"operators\" {\n  type    = list(string)\n  default = [\"arn:aws:iam::111122223333:user/alice\"]\n}\n",
    ),
    (
        "live/documents.tf",
        r#"data "aws_iam_policy_document" "ci" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::111122223333:user/alice"]
    }
  }
}

resource "aws_iam_policy" "files" {
  policy = file("${path.module}/files.policy")
}
"#,
    ),
    (
        "live/files.policy",
        r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}"#,
    ),
    (
        "modules/role/main.tf",
        r#"variable "trusted" {
  type    = list(string)
  default = []
}

resource "aws_iam_role" "this" {
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { AWS = var.trusted }, Action = "sts:AssumeRole" }]
  })
}
"#,
    ),
    (
        "other/main.tf",
        "resource \"aws_iam_role\" \"other\" {\n  assume_role_policy = var.policy\n}\nvariable \"policy\" {}\n",
    ),
    ("roles.json", common::CLOSED),
    ("notes.md", "Nothing.\n"),
];

fn repository() -> Repository {
    Repository::without_program(&FILES)
}

fn edit(repository: &Repository, path: &str, from: &str, to: &str) {
    let text = std::fs::read_to_string(repository.path().join(path)).expect("it is there");
    assert!(text.contains(from), "{path} has no {from}");
    repository.write(path, &text.replace(from, to));
}

fn diff(repository: &Repository, args: &[&str]) -> Run {
    run(&repository.path(), &[&["diff", "--base", "HEAD"], args].concat())
}

fn alice_and_bob() -> (String, String) {
    (format!("\"{ALICE}\""), format!("\"{ALICE}\", \"{BOB}\""))
}

#[track_caller]
fn says(run: &Run, said: &[&str]) {
    for words in said {
        assert!(run.stdout.contains(words), "{words}: {}", run.shown());
    }
}

#[test]
fn the_default_of_a_variable_widens_a_role_in_another_file() {
    let repository = repository();
    let (alice, both) = alice_and_bob();
    edit(&repository, "live/variables.tf", &alice, &both);
    let run = diff(&repository, &[]);
    says(
        &run,
        &[
            "live/main.tf:2:35: aws_iam_role.ops (trust), when the variables have their defaults\n",
            &format!("  gained  {BOB} can sts:AssumeRole\n"),
            "  lost    nothing\n",
        ],
    );
    assert_eq!(run.code, 1, "{}", run.shown());
    assert_eq!(run.stderr.trim(), "compared 4 policies: 1 gained access, 0 lost access, 0 not certain, 3 equal");
    assert_eq!(diff(&repository, &["--fail-on", "lost"]).code, 0);
    // A value of its own decides.
    repository.write("live/terraform.tfvars", &format!("operators = [{alice}]\n"));
    let run = diff(&repository, &["--format", "json"]);
    let json: Value = serde_json::from_str(&run.stdout).expect("valid JSON");
    let ops = json["policies"].as_array().expect("a list").iter().find(|one| one["resource"] == "aws_iam_role.ops");
    assert_eq!(ops.expect("it is compared")["old"]["path"], "HEAD:live/main.tf");
    assert_eq!(json["summary"]["gained"], 0, "{}", run.shown());
    // In both versions where nobody asks git for it.
    repository.write(".gitignore", "*.tfvars\n");
    repository.write("live/terraform.tfvars", &format!("operators = [{both}]\n"));
    let run = diff(&repository, &[]);
    assert_eq!((run.stdout.as_str(), run.code), ("", 0), "{}", run.shown());
}

#[test]
fn a_document_and_what_it_reads() {
    let repository = repository();
    let (alice, both) = alice_and_bob();
    edit(&repository, "live/documents.tf", &alice, &both);
    edit(&repository, "live/files.policy", "s3:GetObject", "s3:*Object");
    let run = diff(&repository, &[]);
    says(
        &run,
        &[
            "live/main.tf:8:1: aws_iam_role.ci (trust)\n",
            &format!("  gained  {BOB} can sts:AssumeRole\n"),
            "live/documents.tf:11:1: aws_iam_policy.files (identity)\n  gained  s3:",
        ],
    );
    assert_eq!(run.code, 1);
    // The folder is the same wherever one stands, and whatever part of it is named.
    let inside = common::run(&repository.path().join("live"), &["diff", "--base", "HEAD", "."]);
    assert_eq!(
        inside.stdout.replace("main.tf", "live/main.tf").replace("documents.tf", "live/documents.tf"),
        run.stdout
    );
    let one = diff(&repository, &["live/main.tf"]);
    says(&one, &["aws_iam_role.ci (trust)"]);
    assert!(!one.stdout.contains("aws_iam_policy.files"), "{}", one.shown());
}

#[test]
fn the_input_of_a_module_outside_of_the_folder() {
    let repository = repository();
    let (alice, both) = alice_and_bob();
    edit(&repository, "live/main.tf", &format!("trusted = [{alice}]"), &format!("trusted = [{both}]"));
    for paths in [&["."][..], &["live"]] {
        let run = diff(&repository, paths);
        let expected = format!(
            "modules/role/main.tf:7:35: module.reader.aws_iam_role.this (trust)\n  gained  {BOB} can sts:AssumeRole\n"
        );
        assert!(run.stdout.starts_with(&expected), "{}", run.shown());
        assert_eq!(run.stdout.matches("gained").count(), 1, "{}", run.shown());
    }
    assert_eq!(diff(&repository, &["modules"]).stdout, "", "the module itself is the same");
}

#[test]
fn a_change_in_a_module_is_told_for_its_calls() {
    let repository = repository();
    edit(&repository, "modules/role/main.tf", "AWS = var.trusted", &format!("AWS = concat(var.trusted, [\"{BOB}\"])"));
    for paths in [&["."][..], &["live"]] {
        let run = diff(&repository, paths);
        says(&run, &["module.reader.aws_iam_role.this (trust)", BOB]);
        assert_eq!(run.stdout.matches("gained").count(), 1, "not by itself too: {}", run.shown());
    }
    let alone = diff(&repository, &["modules"]);
    says(&alone, &["modules/role/main.tf:7:35: aws_iam_role.this (trust)", BOB]);
    // A call in a file that is not asked for hides nothing.
    says(&diff(&repository, &["live/variables.tf", "modules"]), &["main.tf:7:35: aws_iam_role.this (trust)"]);
    // What no call makes is compared by itself.
    repository.git(&["checkout", "--quiet", "--", "modules"]);
    let more = "resource \"aws_iam_role\" \"extra\" {\n  count = var.extra ? 1 : 0\n  assume_role_policy = \"POLICY\"\n}\nvariable \"extra\" {\n  default = false\n}\n"
        .replace("POLICY", &common::OPEN.replace('"', "\\\""));
    repository.write("modules/role/extra.tf", &more);
    says(&diff(&repository, &[]), &["modules/role/extra.tf:3:25: aws_iam_role.extra (trust), added\n"]);
}

#[test]
fn files_come_go_and_move() {
    let repository = repository();
    let documents = FILES[2].1;
    repository.write("live/policies.tf", documents);
    std::fs::remove_file(repository.path().join("live/documents.tf")).expect("it was there");
    let moved = diff(&repository, &["--fail-on", "any", "-v"]);
    says(
        &moved,
        &["live/policies.tf:11:1: aws_iam_policy.files (identity), moved from HEAD:live/documents.tf: unchanged"],
    );
    assert_eq!(moved.code, 0, "{}", moved.shown());
    std::fs::remove_file(repository.path().join("live/policies.tf")).expect("it was there");
    let removed = diff(&repository, &["--fail-on", "any"]);
    says(
        &removed,
        &[
            "HEAD:live/documents.tf:11:1: aws_iam_policy.files (identity), removed\n  gained  nothing\n  lost    s3:GetObject",
            // Its document is gone, and nobody knows what it is.
            "live/main.tf:9:24: this policy is not known: aws_iam_role.ci: `data.aws_iam_policy_document.ci.json`",
        ],
    );
    assert!(!removed.stdout.contains("aws_iam_role.ci (trust), removed"), "{}", removed.shown());
    assert_eq!(removed.code, 1);
    repository.git(&["checkout", "--quiet", "--", "live"]);
    std::fs::remove_dir_all(repository.path().join("live")).expect("it was there");
    says(
        &diff(&repository, &["--fail-on", "lost"]),
        &["aws_iam_role.ops (trust)", "module.reader.aws_iam_role.this (trust), removed"],
    );
}

#[test]
fn what_reads_nothing_that_changed_is_left_out() {
    let repository = repository();
    repository.write("notes.md", "Something.\n");
    repository.write("live/prod.tfvars", "operators = [\"*\"]\n");
    repository.write("elsewhere/main.tf", "locals {\n  broken = = 1\n}\n");
    let run = diff(&repository, &[]);
    assert_eq!((run.stdout.as_str(), run.code), ("", 0), "{}", run.shown());
    assert!(run.stderr.starts_with("compared 0 policies"), "{}", run.shown());
    repository.write("roles.json", common::OPEN);
    let run = diff(&repository, &[]);
    assert!(run.stdout.starts_with("roles.json:1:1: (trust)\n") && run.code == 1, "{}", run.shown());
    assert!(run.stderr.starts_with("compared 1 policy:"), "{}", run.shown());
}

#[test]
fn a_version_that_cannot_be_read_stops_only_its_folder() {
    let repository = repository();
    edit(&repository, "live/variables.tf", "default =", "default = =");
    edit(&repository, "other/main.tf", "var.policy", "\"{\\\"Statement\\\": []}\"");
    let broken = diff(&repository, &["--fail-on", "never"]);
    assert!(broken.stderr.contains("iamlint: not compared: live/variables.tf:3:"), "{}", broken.shown());
    assert!(!broken.stdout.contains("aws_iam_role.ops") && broken.code == 2, "{}", broken.shown());
    assert!(broken.stderr.contains("compared 1 policy"), "the other folder: {}", broken.shown());

    repository.git(&["commit", "--quiet", "--all", "--message", "broken"]);
    repository.git(&["checkout", "--quiet", "HEAD~1", "--", "live"]);
    let broken = diff(&repository, &[]);
    assert!(broken.stderr.contains("iamlint: not compared: HEAD:live/variables.tf:3:"), "{}", broken.shown());
    assert_eq!((broken.stdout.as_str(), broken.code), ("", 2), "{}", broken.shown());

    // In a module, in values, and in a document that is read.
    for (path, text) in [
        ("modules/role/main.tf", "variable \"trusted\" {\n"),
        ("live/terraform.tfvars", "operators = = 1\n"),
        ("live/files.policy", "{\"Statement\": [}"),
    ] {
        repository.git(&["checkout", "--quiet", "--force", "HEAD~1", "--", "."]);
        repository.git(&["clean", "--quiet", "--force"]);
        repository.write(path, text);
        let broken = run(&repository.path(), &["diff", "--base", "HEAD~1", "live"]);
        assert!(broken.stderr.contains(&format!("iamlint: not compared: {path}:")), "{}", broken.shown());
        assert_eq!((broken.stdout.as_str(), broken.code), ("", 2), "{path}: {}", broken.shown());
        std::fs::remove_file(repository.path().join(path)).expect("it was there");
    }
}

#[test]
fn two_folders_and_two_files() {
    let (alice, both) = alice_and_bob();
    let version = |folder: &str, more: bool| -> Vec<(String, String)> {
        let edited = |text: &str| if more { text.replace(&alice, &both) } else { text.to_owned() };
        FILES.iter().map(|(path, text)| (format!("{folder}/{path}"), edited(text))).collect()
    };
    let files = [version("old", false), version("new", true)].concat();
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let folder = tree(&files);
    let path = folder.path();
    for (old, new) in [("old", "new"), ("old/live", "new/live"), ("./old/", "new/../new")] {
        let run = run(path, &["diff", old, new]);
        says(
            &run,
            &[
                "live/main.tf:2:35: aws_iam_role.ops (trust), when the variables have their defaults\n",
                "live/main.tf:8:1: aws_iam_role.ci (trust)\n",
                "modules/role/main.tf:7:35: module.reader.aws_iam_role.this (trust)\n",
            ],
        );
        assert_eq!(run.stdout.matches("gained").count(), 3, "{}", run.shown());
        assert_eq!(run.code, 1);
    }
    let one = run(path, &["diff", "old/live/main.tf", "new/live/main.tf"]);
    assert_eq!(one.stdout.matches("gained").count(), 2, "each with its own folder: {}", one.shown());
    assert!(one.stdout.starts_with("new/live/main.tf:2:35: aws_iam_role.ops (trust)"), "{}", one.shown());
    let renamed = std::fs::read_to_string(path.join("new/live/main.tf")).expect("it is there");
    std::fs::write(path.join("new/live/roles.tf"), renamed).expect("it can be written");
    std::fs::remove_file(path.join("new/live/main.tf")).expect("it was there");
    let renamed = run(path, &["diff", "old/live/main.tf", "new/live/roles.tf"]);
    assert_eq!(renamed.stdout, one.stdout.replace("main.tf", "roles.tf"));
    let inside = run(&path.join("old"), &["diff", ".", "../new"]);
    assert_eq!(inside.stdout.matches("gained").count(), 3, "{}", inside.shown());
}

/// What one version chooses by a condition is compared with what the other has in any case.
#[test]
fn a_choice_that_goes_is_a_change() {
    let role = |policy: &str| {
        format!("variable \"open\" {{}}\nresource \"aws_iam_role\" \"r\" {{\n  assume_role_policy = {policy}\n}}\n")
    };
    let policy = |who: &str| {
        format!(
            "jsonencode({{ Version = \"2012-10-17\", Statement = [{{ Effect = \"Allow\", Principal = {{ AWS = \"{who}\" }}, Action = \"sts:AssumeRole\" }}] }})"
        )
    };
    let chosen = role(&format!("var.open ? {} : {}", policy(BOB), policy(ALICE)));
    let folder = tree(&[("old/main.tf", &chosen), ("new/main.tf", &role(&policy(BOB)))]);
    let run = run(folder.path(), &["diff", "old", "new"]);
    says(
        &run,
        &[
            "aws_iam_role.r (trust), when condition `var.open` is false\n",
            &format!("  gained  {BOB} can sts:AssumeRole\n"),
            &format!("  lost    {ALICE} can sts:AssumeRole\n"),
        ],
    );
    assert!(!run.stdout.contains("removed") && run.stdout.matches("gained").count() == 1, "{}", run.shown());
}
