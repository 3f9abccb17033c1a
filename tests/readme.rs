//! The README shows what a command really prints, and its configuration is one that works.

mod common;

use common::{root, run};
use iamlint::diagnostic::Severity;
use iamlint::report;
use std::fs;

fn readme() -> String {
    fs::read_to_string(root().join("README.md")).expect("there is one")
}

/// The text of the first fence with this info line.
fn fence(text: &str, info: &str) -> String {
    let start = text.find(&format!("```{info}\n")).expect("the fence is there") + info.len() + 4;
    let end = text[start..].find("```").expect("it is closed");
    text[start..start + end].to_owned()
}

#[test]
fn the_sample_is_what_the_first_command_prints() {
    let run = run(&root(), &["check", "testdata/demo"]);
    assert_eq!(run.code, 1);
    assert!(run.stdout.contains(&fence(&readme(), "text")), "{}", run.stdout);
    assert!(run.stderr.starts_with("9 findings"), "one is shown, eight are others: {}", run.stderr);
}

#[test]
fn the_configuration_is_accepted() {
    iamlint::config::parse_text(&fence(&readme(), "toml")).expect("it is valid");
}

#[test]
fn the_rules_and_commands_it_names_exist() {
    let text = readme();
    for (at, _) in text.match_indices("iamlint explain ") {
        let name: String = text[at + 16..].chars().take_while(|c| c.is_ascii_lowercase() || *c == '-').collect();
        assert!(iamlint::rules::find(&name).is_some(), "{name}");
    }
    for line in fence(&text, "console").lines() {
        let words = line.trim_start_matches("$ iamlint ").split('#').next().unwrap_or_default();
        let args: Vec<&str> = words.split_whitespace().chain(["--isolated", "--show-config"]).collect();
        assert_eq!(run(&root(), &args).code, 0, "{line}");
    }
}

/// The commands that a shell would be given: they exist, and so do their options.
#[test]
fn the_commands_to_install_exist() {
    let text = readme();
    let mut seen = 0;
    for fence in text.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap_or_default()) {
        for line in fence.lines().filter_map(|line| line.split('#').next()?.trim().strip_prefix("iamlint ")) {
            let (command, rest) = line.split_once(' ').unwrap_or((line, ""));
            let help = run(&root(), &[command, "--help"]);
            assert_eq!(help.code, 0, "{line}");
            for option in rest.split_whitespace().filter(|word| word.starts_with("--")) {
                assert!(help.stdout.contains(&format!("{option} ")), "{line}");
            }
            seen += 1;
        }
    }
    assert!(seen >= 2);
}

/// Every file that names a version of ours names this one.
#[test]
fn the_version_is_the_same_everywhere() {
    let files = [
        "README.md",
        "docs/ci/gitlab-ci.yml",
        "docs/ci/azure-pipelines.yml",
        "packaging/pre-commit/README.md",
        "packaging/pre-commit/pyproject.toml",
    ];
    for file in files {
        let text = fs::read_to_string(root().join(file)).expect("there is one");
        let mut named = 0;
        for start in ["iamlint-", "iamlint==", "rev: v", "download/v"] {
            for (at, _) in text.match_indices(start) {
                let rest = &text[at + start.len()..];
                let version: String = rest.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
                if !version.is_empty() {
                    assert_eq!(version, env!("CARGO_PKG_VERSION"), "{file}");
                    named += 1;
                }
            }
        }
        assert!(named > 0, "{file} names no version");
    }
}

/// The `console` fences of a page: whether all of the output is shown (`console`) or a part of it (`console part`), the
/// command and the output.
fn consoles(text: &str) -> Vec<(bool, String, String)> {
    let mut found = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let fence = &line[..line.len() - line.trim_start_matches('`').len()];
        let whole = match line.trim_start_matches('`') {
            "console" => true,
            "console part" => false,
            _ => continue,
        };
        assert!(fence.len() >= 3, "{line}");
        let command = lines.next().expect("a command").to_owned();
        let output: Vec<&str> = lines.by_ref().take_while(|line| *line != fence).collect();
        found.push((whole, command, output.join("\n")));
    }
    found
}

/// Every `console` fence of a page of docs is a command and what it prints.
#[test]
fn the_pages_show_what_commands_print() {
    let mut shown = 0;
    for entry in fs::read_dir(root().join("docs")).expect("there is one") {
        let path = entry.expect("it is readable").path();
        let Ok(text) = fs::read_to_string(&path) else { continue };
        for (whole, command, output) in consoles(&text) {
            let words: Vec<&str> = command.strip_prefix("$ ").expect("a command").split_whitespace().collect();
            let program = words.iter().position(|word| *word == "iamlint").expect("a command of ours");
            let mut run = common::command(&root());
            // Variables of the environment may stand before the program.
            run.envs(words[..program].iter().map(|word| word.split_once('=').expect("a variable")));
            let stdout = run.args(&words[program + 1..]).output().expect("it runs").stdout;
            // Pages show the first version.
            let stdout = String::from_utf8(stdout).expect("UTF-8").replace(env!("CARGO_PKG_VERSION"), "0.1.0");
            let place = format!("{}: {command}", path.display());
            match whole {
                true => assert_eq!(stdout.trim_end(), output.trim_end(), "{place}"),
                false => assert!(!output.is_empty() && stdout.contains(&output), "{place}\n{stdout}"),
            }
            shown += 1;
        }
    }
    assert!(shown >= 4);
}

#[test]
fn every_output_format_has_its_section() {
    let text = fs::read_to_string(root().join("docs/output-formats.md")).expect("there is one");
    for format in &report::ALL {
        assert!(text.contains(&format!("\n## `{}`\n", format.name)), "{}", format.name);
    }
    let command = |format: &report::Format| {
        consoles(&text).iter().any(|(_, command, _)| command.contains(&format!("--format {} ", format.name)))
    };
    let silent: Vec<&str> = report::ALL.iter().filter(|format| !command(format)).map(|format| format.name).collect();
    assert_eq!(silent, ["full"], "the README shows it");
}

#[test]
fn the_table_of_severities_is_the_one_in_force() {
    let text = fs::read_to_string(root().join("docs/output-formats.md")).expect("there is one");
    for (severity, name) in Severity::ALL {
        let level = report::level(*severity);
        let cells = [
            name,
            level.word,
            level.sarif,
            level.security.unwrap_or("none"),
            level.github,
            level.gitlab,
            level.gitlab_sast,
            level.azure.unwrap_or("a plain line"),
            level.checkstyle,
            level.rdjson,
        ];
        let row = format!("\n| {} | {} {} |\n", cells.join(" | "), level.ocsf, level.ocsf_name);
        assert!(text.contains(&row), "{row}");
    }
}

#[test]
fn links_lead_somewhere() {
    for page in [
        "README.md",
        "CONTRIBUTING.md",
        "rules/README.md",
        "docs/output-formats.md",
        "editors/README.md",
        "packaging/pre-commit/README.md",
        "docs/suppression.md",
        "docs/baseline.md",
        "testdata/schemas/README.md",
    ] {
        let path = root().join(page);
        let text = fs::read_to_string(&path).expect("there is one");
        for (at, _) in text.match_indices("](") {
            let target = text[at + 2..].split([')', '#']).next().unwrap_or_default();
            let local = !target.is_empty() && !target.contains("://") && !target.contains(['<', '…', ' ']);
            let folder = path.parent().expect("it is in a folder");
            assert!(!local || folder.join(target).exists(), "{page}: {target}");
        }
    }
}
