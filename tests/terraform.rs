//! Terraform as people have it: modules with variables, values in files of their own, documents in others.

mod common;

use common::{run, run_with_stdin, tree};

/// What is found, one line each, without the summary.
fn found(folder: &std::path::Path, args: &[&str]) -> String {
    let run = run(folder, &[&["check", "--isolated", "--format", "concise", "--quiet"], args].concat());
    assert!(matches!(run.code, 0 | 1), "{}", run.shown());
    run.stdout
}

/// A repository with a root, its values, a module of its own and a document in a file of its own.
fn repository() -> tempfile::TempDir {
    tree(&[
        (
            "live/main.tf",
            r#"provider "aws" {
  region = "eu-west-1"
}

module "reader" {
  source  = "../modules/role"
  name    = "reader"
  trusted = concat(var.partners, ["arn:aws:iam::294750163881:root"])
}

resource "aws_iam_role" "deploy" {
  name               = "deploy"
  assume_role_policy = data.aws_iam_policy_document.deploy.json
}
"#,
        ),
        (
            "live/documents.tf",
            r#"data "aws_iam_policy_document" "deploy" {
  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]
    principals {
      type        = "Federated"
      identifiers = [aws_iam_openid_connect_provider.github.arn]
    }
    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:aud"
      values   = ["sts.amazonaws.com"]
    }
    condition {
      test     = "StringLike"
      variable = "token.actions.githubusercontent.com:sub"
      values   = [for repository in var.repositories : "repo:${repository}:*"]
    }
  }
}

resource "aws_iam_openid_connect_provider" "github" {
  url            = "https://token.actions.githubusercontent.com"
  client_id_list = ["sts.amazonaws.com"]
}
"#,
        ),
        (
            "live/variables.tf",
            "variable \"partners\" {\n  type    = list(string)\n  default = []\n}\n\nvariable \"repositories\" {\n  type = list(string)\n}\n",
        ),
        ("live/terraform.tfvars", "repositories = [\"acme/shop\"]\n"),
        (
            "modules/role/main.tf",
            r#"variable "name" {
  type = string
}

variable "trusted" {
  type = list(string)
}

resource "aws_iam_role" "this" {
  name = var.name
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect    = "Allow"
        Action    = "sts:AssumeRole"
        Principal = { AWS = var.trusted }
      }
    ]
  })
}
"#,
        ),
    ])
}

/// A pull request changes a value, and the finding stands where a person would point: at the place in the policy, with
/// the value that was changed beside it.
#[test]
fn a_pull_request_that_changes_a_value() {
    let folder = repository();
    let only = ["--select", "wildcard-principal,github-oidc-any-repository", "."];
    assert_eq!(found(folder.path(), &only), "");

    // The subject of every repository of every owner.
    let values = folder.path().join("live/terraform.tfvars");
    std::fs::write(&values, "repositories = [\"acme/shop\", \"*\"]\npartners = [\"*\"]\n").expect("writable");
    assert_eq!(
        found(folder.path(), &only),
        "live/documents.tf:16:56: error[github-oidc-any-repository]: `repo:*:*` lets workflows of other owners' repositories on GitHub assume this role\n\
         live/terraform.tfvars:2:13: error[wildcard-principal]: anyone in any AWS account can assume this role\n"
    );
    let subject = run(folder.path(), &["check", "--isolated", "--select", "github-oidc-any-repository", "."]);
    assert!(
        subject.stdout.contains("from: live/terraform.tfvars:1:30: the value of `var.repositories`"),
        "{}",
        subject.shown()
    );
    let shown = run(folder.path(), &["check", "--isolated", "--select", "wildcard-principal", "."]);
    assert!(shown.stdout.contains("2 │ partners = [\"*\"]"), "{}", shown.shown());
    assert!(
        shown.stdout.contains("from: live/main.tf:8:20: the value of `var.trusted` in this call of the module"),
        "{}",
        shown.shown()
    );
    let shown_in = |text: &str| assert!(shown.stdout.contains(text), "{}", shown.shown());
    shown_in("from: modules/role/main.tf:17:29: the value is used here");
    assert!(shown.stdout.contains("in:   module.reader.aws_iam_role.this"), "{}", shown.shown());
}

/// A file on its own is judged with the others of its folder, and told of alone.
#[test]
fn findings_are_told_of_the_files_asked_for() {
    let folder = repository();
    std::fs::write(folder.path().join("live/terraform.tfvars"), "repositories = [\"*\"]\n").expect("writable");
    let only = |paths: &[&str]| {
        found(folder.path(), &[&["--select", "github-oidc-any-repository"], paths].concat()).lines().count()
    };
    assert_eq!(only(&["live/documents.tf"]), 1);
    assert_eq!(only(&["live/variables.tf"]), 0);
    // The role is in a file that was asked for: what is wrong with it is told there.
    let role = found(folder.path(), &["--select", "github-oidc-any-repository", "live/main.tf"]);
    assert!(role.starts_with("live/main.tf:11:1: error[github-oidc-any-repository]"), "{role}");
    // Twice named, from another folder, and with many threads, it is one finding.
    assert_eq!(only(&["live/documents.tf", "live/main.tf"]), 1);
    let inside = found(&folder.path().join("live"), &["--select", "github-oidc-any-repository", "documents.tf"]);
    assert!(inside.starts_with("documents.tf:16:56: "), "{inside}");
}

#[test]
fn values_can_be_given() {
    let folder = repository();
    let live = folder.path().join("live");
    let with = |args: &[&str]| found(&live, &[&["--select", "github-oidc-any-repository"], args, &["."]].concat());
    assert_eq!(with(&[]), "");
    assert!(with(&["--var", "repositories=[\"*\"]"]).contains("documents.tf:16:56"));
    std::fs::write(live.join("prod.tfvars"), "repositories = [\"*\"]\n").expect("writable");
    assert!(with(&["--var-file", "prod.tfvars"]).contains("documents.tf:16:56"));
    assert_eq!(with(&["--var-file", "prod.tfvars", "--var", "repositories=[\"acme/a\"]"]), "");
    let wrong = run(&live, &["check", "--isolated", "--var-file", "none.tfvars", "."]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.stderr.contains("none.tfvars: no such file"), "{}", wrong.shown());
    let wrong = run(&live, &["check", "--isolated", "--var", "x", "."]);
    assert!(wrong.code == 2 && wrong.stderr.contains("NAME=VALUE"), "{}", wrong.shown());
}

/// The buffer of an editor stands in place of the file, and the files beside it are read.
#[test]
fn standard_input_has_a_place_among_the_files() {
    let folder = repository();
    let live = folder.path().join("live");
    let buffer = std::fs::read_to_string(live.join("documents.tf")).expect("it is there");
    let buffer = buffer.replace("repo:${repository}:*", "repo:*");
    let args = [
        "check",
        "--isolated",
        "--quiet",
        "--format",
        "concise",
        "--select",
        "github-oidc-any-repository",
        "-",
        "--stdin-filename",
        "documents.tf",
    ];
    let run = run_with_stdin(&live, &args, buffer.as_bytes());
    assert!(run.stdout.starts_with("documents.tf:16:56: error"), "{}", run.shown());
}

#[test]
fn one_broken_file_hides_nothing() {
    let folder = repository();
    let live = folder.path().join("live");
    std::fs::write(live.join("broken.tf"), "resource \"aws_iam_role\" \"x\" {\n  assume_role_policy = \n}\n\nresource \"aws_iam_role\" \"open\" {\n  assume_role_policy = jsonencode({ Version = \"2012-10-17\", Statement = [{ Effect = \"Allow\", Principal = { AWS = \"*\" }, Action = \"sts:AssumeRole\" }] })\n}\n").expect("writable");
    let lines = found(&live, &["--select", "wildcard-principal,invalid-input", "."]);
    assert!(lines.contains("broken.tf:2:24: error[invalid-input]: this is not HCL"), "{lines}");
    assert!(lines.contains("broken.tf:6:114: error[wildcard-principal]"), "{lines}");
    // A file of somebody else's language is none of ours.
    let other = tree(&[("a.tf", "this is { no terraform"), ("b.json", common::CLOSED)]);
    assert_eq!(found(other.path(), &["."]), "");
}

/// The order of threads decides nothing.
#[test]
fn output_does_not_depend_on_threads() {
    let folder = repository();
    std::fs::write(folder.path().join("live/terraform.tfvars"), "repositories = [\"*\"]\npartners = [\"*\"]\n")
        .expect("writable");
    let with = |threads: &str| {
        let mut command = common::command(folder.path());
        command.env("RAYON_NUM_THREADS", threads).args([
            "check",
            "--isolated",
            "--profile",
            "audit",
            "--format",
            "json",
            ".",
        ]);
        command.output().expect("it runs").stdout
    };
    let one = with("1");
    assert!(one.len() > 1000);
    for _ in 0..5 {
        assert_eq!(one, with("8"));
    }
}

/// Large configurations end, and what was left out is said.
#[test]
fn large_configurations_end() {
    let role = |at: usize, principal: &str| {
        format!(
            "resource \"aws_iam_role\" \"r{at}\" {{\n  assume_role_policy = <<EOF\n{{\"Version\": \"2012-10-17\", \"Statement\": [{{\"Effect\": \"Allow\", \"Principal\": {principal}, \"Action\": \"sts:AssumeRole\"}}]}}\nEOF\n}}\n"
        )
    };
    // A folder of many files, each using a local of the one before.
    let files: Vec<(String, String)> = (0..2_000)
        .map(|at| {
            let text =
                format!("locals {{\n  l{at} = \"{at}\"\n}}\n{}", role(at, "{\"Service\": \"ec2.amazonaws.com\"}"));
            (format!("f{at}.tf"), text)
        })
        .collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let folder = tree(&files);
    let run = run(folder.path(), &["check", "--isolated", "."]);
    assert!(run.stderr.contains("no findings in 2000 files; 2000 policies"), "{}", run.shown());

    // One large file of heredocs.
    let large: String = (0..8_000)
        .map(|at| role(at, if at == 7_999 { "\"*\"" } else { "{\"Service\": \"ec2.amazonaws.com\"}" }))
        .collect();
    let folder = tree(&[("main.tf", &large)]);
    let found = found(folder.path(), &["--select", "wildcard-principal", "."]);
    assert!(found.starts_with("main.tf:39998:"), "{found}");

    // A file above the limit is said and the rest is judged.
    let huge = format!("# {}\n", "x".repeat(17 * 1024 * 1024));
    let folder = tree(&[("huge.tf", &huge), ("main.tf", &role(1, "\"*\""))]);
    let run = common::run(folder.path(), &["check", "--isolated", "--format", "concise", "."]);
    assert!(run.stdout.contains("huge.tf:1:1: error[invalid-input]: the file has 178"), "{}", run.shown());
    assert!(run.stdout.contains("main.tf:3:"), "{}", run.shown());
}

/// What is not in the tree is said by --show-files.
#[test]
fn what_is_not_known_can_be_listed() {
    let folder = tree(&[(
        "main.tf",
        "module \"registry\" {\n  source = \"terraform-aws-modules/iam/aws\"\n}\n\nresource \"aws_iam_role\" \"a\" {\n  assume_role_policy = module.registry.policy\n}\n\nresource \"aws_iam_role\" \"b\" {\n  assume_role_policy = jsonencode({ Version = \"2012-10-17\", Statement = [{ Effect = \"Allow\", Principal = { AWS = var.who }, Action = \"sts:AssumeRole\" }] })\n}\nvariable \"who\" {}\n",
    )]);
    let shown = run(folder.path(), &["check", "--isolated", "--show-files", "."]);
    assert_eq!(
        shown.stdout,
        "main.tf: terraform, because it has resources with policies; 1 policy, 1 unresolved value\n    \
         1:1: the module `registry` is not looked into: its source, `terraform-aws-modules/iam/aws`, is not in the tree\n    \
         6:24: this policy is not known: aws_iam_role.a: `module.registry.policy` is an output of a module that is not in the tree\n    \
         10:114: the value of `var.who` is not known: it is a variable without a default\n"
    );
}

/// A policy that a resource reads from a file is judged once, as the policy of that resource, and told in that file.
#[test]
fn a_file_that_a_resource_reads_is_told_once() {
    let policy = "{\"Version\": \"2012-10-17\", \"Statement\": [\n  {\"Effect\": \"Allow\", \"Action\": \"*\", \"Resource\": \"*\"}\n]}\n";
    let resource =
        |name: &str, call: &str| format!("resource \"aws_iam_policy\" \"{name}\" {{\n  policy = {call}\n}}\n");
    let main = resource("p", "file(\"${path.module}/p.json\")") + &resource("q", "templatefile(\"p.json\", {})");
    let folder = tree(&[("p.json", policy), ("main.tf", &main)]);
    let told = "p.json:2:33: error[admin-access]: this policy allows every action on every resource\n";
    assert_eq!(found(folder.path(), &["."]), told);
    assert_eq!(found(folder.path(), &["p.json"]), told);
    let alone = found(folder.path(), &["main.tf"]);
    assert!(alone.lines().count() == 2 && alone.starts_with("main.tf:1:1: error[admin-access]"), "{alone}");
    // What the resource says of the policy counts: one of an organization gives nothing.
    let main = "resource \"aws_organizations_policy\" \"o\" {\n  content = file(\"p.json\")\n}\n";
    let folder = tree(&[("p.json", policy), ("main.tf", main)]);
    assert_eq!(found(folder.path(), &["."]), "");
}

/// A run on a configuration tells what is in the modules that it calls, and counts their policies.
#[test]
fn modules_are_told_by_who_calls_them() {
    let module = "variable \"who\" {}\nresource \"aws_iam_role\" \"r\" {\n  assume_role_policy = jsonencode({ Version = \
                  \"2012-10-17\", Statement = [{ Effect = \"Allow\", Principal = { AWS = [var.who, \"*\"] }, Action = \
                  \"sts:AssumeRole\" }] })\n}\n";
    let call = "module \"m\" {\n  source = \"../../m\"\n  who    = \"\"\n}\n";
    let folder = tree(&[("m/main.tf", module), ("env/prod/main.tf", call)]);
    let told = found(folder.path(), &["env/prod"]);
    let places: Vec<&str> = told.lines().filter_map(|line| line.split(": ").next()).collect();
    assert_eq!(places, ["env/prod/main.tf:3:12", "m/main.tf:3:124"], "{told}");
    let run = run(folder.path(), &["check", "--isolated", "env/prod"]);
    assert!(run.stderr.contains("1 policy, 1 statement"), "{}", run.shown());
    assert_eq!(found(folder.path(), &["."]), told, "it makes no difference who asks");
}

/// A comment above the call of a module accepts what this call makes, and nothing else.
#[test]
fn a_comment_above_a_call_is_for_that_call() {
    let module = "resource \"aws_iam_role\" \"r\" {\n  assume_role_policy = jsonencode({ Version = \"2012-10-17\", Statement = [{ \
                  Effect = \"Allow\", Principal = { AWS = \"*\" }, Action = \"sts:AssumeRole\" }] })\n}\n";
    let call = |name: &str| format!("module \"{name}\" {{\n  source = \"../m\"\n}}\n");
    let comment = "# iamlint: ignore[wildcard-principal] a canary\n";
    let one = format!("{comment}{}", call("a"));
    let folder = tree(&[("m/main.tf", module), ("env/main.tf", &one)]);
    assert_eq!(found(folder.path(), &["env"]), "");
    let folder = tree(&[("m/main.tf", module), ("env/main.tf", &(one + &call("b")))]);
    assert!(found(folder.path(), &["env"]).starts_with("m/main.tf:2:"), "another call is told");
    // Where nothing can be found, a comment is told to do nothing.
    for block in ["variable \"x\" {}", "locals {\n  x = 1\n}", "output \"x\" {\n  value = 1\n}"] {
        let folder = tree(&[("main.tf", &format!("{comment}{block}\n{module}"))]);
        let told =
            found(folder.path(), &["--profile", "strict", "--select", "unused-suppression,wildcard-principal", "."]);
        assert!(told.starts_with("main.tf:1:19: warning[unused-suppression]"), "{block}: {told}");
    }
}
