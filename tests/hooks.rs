//! pre-commit and prek run our hook: from a repository with our manifest, in real repositories, at real commits.

mod common;

use common::git::Repository;
use common::tools::{output, program};
use common::{CLOSED, OPEN, command, root, run, tree};
use iamlint::discover::EXTENSIONS;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

const MANIFEST: &str = ".pre-commit-hooks.yaml";
const MIRROR: &str = "packaging/pre-commit/.pre-commit-hooks.yaml";

/// A repository with our manifest and nothing else: the hook `iamlint-system` needs no more.
fn hooks() -> Repository {
    let manifest = fs::read_to_string(root().join(MANIFEST)).expect("there is one");
    Repository::new(&[(MANIFEST, &manifest)])
}

/// The configuration of a repository that uses the hook.
fn uses(hooks: &Repository, id: &str) -> String {
    let (path, rev) = (hooks.path(), hooks.head());
    let path = path.display();
    format!("repos:\n  - repo: {path}\n    rev: {rev}\n    hooks:\n      - id: {id}\n")
}

/// The program of a hook manager in a repository, with the binary on its path.
fn manager(name: &str, repository: &Repository) -> Option<Command> {
    let mut command = program(name)?;
    repository.prepare(&mut command);
    Some(command)
}

#[test]
fn the_manifests_are_valid() {
    for name in ["pre-commit", "prek"] {
        for manifest in [MANIFEST, MIRROR] {
            let Some(mut check) = program(name) else { continue };
            let (text, code) = output(check.arg("validate-manifest").arg(root().join(manifest)));
            assert_eq!(code, 0, "{name} {manifest}: {text}");
        }
    }
}

/// The hooks differ in how the program is had, in nothing else.
#[test]
fn every_hook_takes_the_same_files() {
    let text = [MANIFEST, MIRROR].map(|path| fs::read_to_string(root().join(path)).expect("there is one")).concat();
    let values = |key: &str| -> BTreeSet<&str> {
        let lines = text.lines().filter_map(|line| line.strip_prefix("  ")?.strip_prefix(key)?.strip_prefix(": "));
        // The first has a name by which the second means it.
        lines
            .map(|value| value.split_once(' ').filter(|_| value.starts_with('&')).map_or(value, |(_, rest)| rest))
            .collect()
    };
    assert_eq!(values("entry"), BTreeSet::from(["iamlint check --force-exclude"]));
    let reference = |key: &'static str| if key == "files" { "*files" } else { "*exclude" };
    for key in ["files", "exclude"] {
        let mut given = values(key);
        assert!(given.remove(reference(key)), "{given:?}");
        assert_eq!(given.len(), 1, "{given:?}");
    }
    let pins = fs::read_to_string(root().join("packaging/pre-commit/pyproject.toml")).expect("there is one");
    assert!(pins.contains(concat!("\"iamlint==", env!("CARGO_PKG_VERSION"), "\"")), "{pins}");
}

/// Every sort of file that a run takes from a folder is passed to the hook, and what others write for themselves is not.
#[test]
fn try_repo_judges_every_sort_of_file() {
    let hooks = hooks();
    let terraform = "resource \"aws_iam_role\" \"r\" {\n  name = \"r\"\n  assume_role_policy = <<EOT\n{}\nEOT\n}\n";
    let terraform = terraform.replace("{}", OPEN);
    let cloudformation = |policy: &str| {
        format!(
            "{{\"Resources\": {{\"R\": {{\"Type\": \"AWS::IAM::Role\", \"Properties\": {{\"AssumeRolePolicyDocument\": {policy}}}}}}}}}"
        )
    };
    let mut files: Vec<(String, String)> = Vec::new();
    let mut expected = BTreeSet::new();
    for end in EXTENSIONS {
        let text = match end {
            // Values of variables hold no policy; that the file was passed shows below.
            "tfvars" => "x = 1\n".to_owned(),
            "tf" | "tofu" => terraform.clone(),
            "template" => cloudformation(OPEN),
            _ => OPEN.to_owned(),
        };
        for name in [format!("{end}/a.{end}"), format!("{end}/with space.{}", end.to_uppercase())] {
            // Terraform itself takes its own ends in lower case only.
            if !["tf", "tofu", "tfvars"].contains(&end) || name.starts_with(&format!("{end}/a")) {
                expected.insert(name.clone());
                files.push((name, text.clone()));
            }
        }
    }
    for name in ["package.json", "a/package-lock.json", "tsconfig.build.json", "composer.json", "notes.md", "a.txt"] {
        files.push((name.to_owned(), OPEN.to_owned()));
    }
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let repository = Repository::new(&files);
    let log = repository.log_calls();
    let Some(mut pre_commit) = manager("pre-commit", &repository) else { return };
    let (text, code) = output(pre_commit.args(["try-repo"]).arg(hooks.path()).args(["iamlint-system", "--all-files"]));
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("Failed") && text.contains("exit code: 1"), "{text}");
    let calls = fs::read_to_string(log).expect("it was called");
    let passed: BTreeSet<String> = calls.lines().filter(|line| line.contains('/')).map(str::to_owned).collect();
    assert_eq!(passed, expected);
    for name in expected.iter().filter(|name| !name.ends_with("tfvars")) {
        assert!(text.contains(&format!("[{name}:")), "{name} in\n{text}");
    }
}

/// A commit is blocked while what it holds has a finding, and made when it has none.
#[test]
fn a_commit_is_blocked_until_it_is_right() {
    let hooks = hooks();
    for name in ["pre-commit", "prek"] {
        let repository = Repository::new(&[("README.md", "x\n")]);
        repository.write(".pre-commit-config.yaml", &uses(&hooks, "iamlint-system"));
        let Some(mut install) = manager(name, &repository) else { continue };
        let (text, code) = output(install.arg("install"));
        assert_eq!(code, 0, "{name}: {text}");
        repository.write("iam/trust.json", OPEN);
        repository.git(&["add", "."]);
        let before = repository.head();
        let (text, code) = repository.commit();
        assert!(code != 0 && text.contains("critical[wildcard-principal]"), "{name}: {text}");
        assert_eq!(repository.head(), before, "{name}");
        repository.write("iam/trust.json", CLOSED);
        // What counts is what is staged, not what lies in the folder.
        let (text, code) = repository.commit();
        assert!(code != 0 && text.contains("critical[wildcard-principal]"), "{name}: {text}");
        repository.git(&["add", "."]);
        let (text, code) = repository.commit();
        assert_eq!(code, 0, "{name}: {text}");
        assert_ne!(repository.head(), before, "{name}");
    }
}

#[test]
fn all_files_are_judged_on_demand() {
    let hooks = hooks();
    for name in ["pre-commit", "prek"] {
        let repository = Repository::new(&[("iam/a.json", OPEN), ("iam/b.yaml", CLOSED), ("vendor/c.json", OPEN)]);
        repository.write(".pre-commit-config.yaml", &uses(&hooks, "iamlint-system"));
        // The configuration holds for files that are passed by name too.
        repository.write("iamlint.toml", "exclude = [\"vendor\"]\n");
        repository.git(&["add", "."]);
        let Some(mut all) = manager(name, &repository) else { continue };
        let (text, code) = output(all.args(["run", "--all-files"]));
        assert_eq!(code, 1, "{name}: {text}");
        assert!(text.contains("iam/a.json") && !text.contains("vendor/c.json"), "{name}: {text}");
        repository.write("iam/a.json", CLOSED);
        repository.git(&["add", "."]);
        let Some(mut all) = manager(name, &repository) else { continue };
        let (text, code) = output(all.args(["run", "--all-files"]));
        assert!(code == 0 && text.contains("Passed"), "{name}: {text}");
        repository.write("iamlint.toml", "fail-onn = \"low\"\n");
        repository.git(&["add", "."]);
        let Some(mut all) = manager(name, &repository) else { continue };
        let (text, code) = output(all.args(["run", "--all-files"]));
        assert!(
            code == 1 && text.contains("exit code: 2") && text.contains("did you mean `fail-on`?"),
            "{name}: {text}"
        );
    }
}

/// Long lists of files are split over several calls. Each finding is told all the same, once.
#[test]
fn a_long_list_is_split() {
    let hooks = hooks();
    let long = "a-folder-with-a-name-that-is-long-enough-to-fill-the-list".repeat(3);
    let names: Vec<String> = (0..1_000).map(|number| format!("{long}/{number}.json")).collect();
    let text = |number: usize| if number.is_multiple_of(100) { OPEN } else { "{\"name\": \"not a policy\"}" };
    let files: Vec<(&str, &str)> =
        names.iter().enumerate().map(|(number, name)| (name.as_str(), text(number))).collect();
    let repository = Repository::new(&files);
    repository.write(".pre-commit-config.yaml", &uses(&hooks, "iamlint-system"));
    repository.git(&["add", "."]);
    let log = repository.log_calls();
    for name in ["pre-commit", "prek"] {
        // A log of an earlier manager.
        let _ = fs::remove_file(&log);
        let Some(mut all) = manager(name, &repository) else { continue };
        let (text, code) = output(all.args(["run", "--all-files", "--verbose"]));
        assert_eq!(code, 1, "{name}: {text}");
        let calls = fs::read_to_string(&log).expect("it was called");
        let count = calls.lines().filter(|line| *line == "call").count();
        // The other passes longer lists.
        assert!(count > 1 || name == "prek", "{name}: the list was not split: {count}");
        assert_eq!(calls.lines().filter(|line| line.contains('/')).count(), names.len(), "{name}");
        assert_eq!(text.matches("critical[wildcard-principal]").count(), 10, "{name}: {text}");
    }
}

/// However a list is split, the findings are the same: what decides a policy of Terraform may stand in a file that is
/// not passed.
#[test]
fn findings_do_not_depend_on_how_a_list_is_split() {
    let role = "resource \"aws_iam_role\" \"ci\" {\n  name = \"ci\"\n  assume_role_policy = \
                data.aws_iam_policy_document.trust.json\n}\n";
    let document = "data \"aws_iam_policy_document\" \"trust\" {\n  statement {\n    actions = [\"sts:AssumeRole\"]\n    \
                    principals {\n      type = \"AWS\"\n      identifiers = [var.who]\n    }\n  }\n}\n";
    let folder = tree(&[
        ("live/role.tf", role),
        ("live/document.tf", document),
        ("live/variables.tf", "variable \"who\" {\n  type = string\n}\n"),
        ("live/terraform.tfvars", "who = \"*\"\n"),
        ("iam/open.json", OPEN),
        ("iam/closed.json", CLOSED),
        (
            "iam/template.yaml",
            "Resources:\n  R:\n    Type: AWS::IAM::Role\n    Properties:\n      AssumeRolePolicyDocument: \
             {Version: '2012-10-17', Statement: [{Effect: Allow, Principal: '*', Action: 'sts:AssumeRole'}]}\n",
        ),
    ]);
    let files = [
        "live/role.tf",
        "live/document.tf",
        "live/variables.tf",
        "live/terraform.tfvars",
        "iam/open.json",
        "iam/closed.json",
        "iam/template.yaml",
    ];
    let found = |files: &[&str]| -> (BTreeSet<String>, i32) {
        let run =
            run(folder.path(), &[&["check", "--force-exclude", "--format", "concise", "--quiet"], files].concat());
        let messages = run.stdout.lines().map(|line| line.split_once(": ").expect("a place").1.to_owned());
        (messages.collect(), run.code)
    };
    let (whole, code) = found(&files);
    assert!(code == 1 && whole.len() >= 2, "{whole:?}");
    for split in 1..files.len() {
        let (first, second) = files.split_at(split);
        let ((a, a_code), (b, b_code)) = (found(first), found(second));
        assert_eq!(a.union(&b).cloned().collect::<BTreeSet<_>>(), whole, "{split}");
        assert_eq!(a_code.max(b_code), 1, "{split}");
    }
    let alone: Vec<(BTreeSet<String>, i32)> = files.iter().map(|file| found(&[file])).collect();
    assert_eq!(alone.iter().flat_map(|(found, _)| found.clone()).collect::<BTreeSet<_>>(), whole);
    assert!(alone.iter().all(|(found, code)| *code == i32::from(!found.is_empty())));
}

/// A hook on one changed file reads that file, not the repository.
#[cfg(target_os = "linux")]
#[test]
fn a_named_file_is_judged_without_looking_around() {
    let folder = tree(&[(".git/HEAD", ""), ("iam/open.json", OPEN), ("other/a.json", OPEN), ("iam/beside.json", OPEN)]);
    // Where programs may not be traced, there is nothing to see.
    let traces = |strace: &mut Command| output(strace.args(["-e", "trace=none", "true"])).1 == 0;
    let Some(mut strace) =
        program("strace").filter(|_| program("strace").is_some_and(|mut strace| traces(&mut strace)))
    else {
        return;
    };
    let ours = command(folder.path());
    strace.current_dir(folder.path()).args(["-f", "-e", "trace=openat,open,getdents64", "--"]);
    let (text, code) = output(strace.arg(ours.get_program()).args(["check", "--quiet", "iam/open.json"]));
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("open.json") && !text.contains("getdents64"), "{text}");
    assert!(!text.contains("other") && !text.contains("beside"), "{text}");
}

/// What a user reads of the hook in the README.
#[test]
fn the_readme_shows_the_hooks() {
    let readme = fs::read_to_string(root().join("README.md")).expect("there is one");
    let sample = readme.split("```yaml\nrepos:\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a fence");
    let id =
        sample.lines().find_map(|line| line.trim().strip_prefix("- id: ")?.split_whitespace().next()).expect("a hook");
    let manifest = fs::read_to_string(root().join(MANIFEST)).expect("there is one");
    assert!(manifest.contains(&format!("- id: {id}\n")), "{sample}");
    assert!(sample.contains(concat!("rev: v", env!("CARGO_PKG_VERSION"))), "{sample}");
    for name in ["pre-commit", "prek"] {
        let Some(mut check) = program(name) else { continue };
        let folder = tree(&[(".pre-commit-config.yaml", &format!("repos:\n{sample}"))]);
        let config: &Path = &folder.path().join(".pre-commit-config.yaml");
        let (text, code) = output(check.arg("validate-config").arg(config));
        assert_eq!(code, 0, "{name}: {text}");
    }
}
