//! The README shows what a command really prints, and its configuration is one that works.

mod common;

use common::{root, run};
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
    assert!(run.stderr.starts_with("10 findings"), "one is shown, nine are others: {}", run.stderr);
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

/// Every `console` fence of a page of docs is a command and what it prints.
#[test]
fn the_pages_show_what_commands_print() {
    let mut shown = 0;
    for entry in fs::read_dir(root().join("docs")).expect("there is one") {
        let path = entry.expect("it is readable").path();
        let Ok(text) = fs::read_to_string(&path) else { continue };
        for fence in text.split("```console\n").skip(1) {
            let fence = &fence[..fence.find("```").expect("it is closed")];
            let (command, output) = fence.split_once('\n').expect("a command and its output");
            let words = command.strip_prefix("$ iamlint ").expect("a command of ours");
            let run = run(&root(), &words.split_whitespace().collect::<Vec<_>>());
            assert_eq!(run.stdout.trim_end(), output.trim_end(), "{}: {command}", path.display());
            shown += 1;
        }
    }
    assert!(shown >= 4);
}

#[test]
fn links_lead_somewhere() {
    for page in ["README.md", "CONTRIBUTING.md", "rules/README.md"] {
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
