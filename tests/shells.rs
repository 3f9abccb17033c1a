//! Shells take our completions, and `man` our pages.

mod common;

use common::tools::{output, program};
use common::{root, run};
use std::fs;

/// The commands, as the help lists them.
fn commands() -> Vec<String> {
    let help = run(&root(), &["--help"]).stdout;
    let list = help.split("Commands:\n").nth(1).and_then(|rest| rest.split("\n\n").next()).expect("a list");
    list.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

fn completions(shell: &str) -> String {
    let run = run(&root(), &["completions", shell]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{shell}");
    run.stdout
}

#[test]
fn completions_know_every_command_and_the_options() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = completions(shell);
        for name in commands() {
            assert!(script.contains(&name), "{shell}: {name}");
        }
        // fish names options without the dashes.
        for option in ["fail-on", "var-file", "watch"] {
            assert!(script.contains(option), "{shell}: {option}");
        }
    }
    assert_eq!(run(&root(), &["completions", "csh"]).code, 2);
}

#[test]
fn shells_parse_their_completions() {
    for shell in ["bash", "zsh", "fish"] {
        let folder = common::tree(&[("script", &completions(shell)), ("broken", "if (((\n")]);
        for (file, fits) in [("script", true), ("broken", false)] {
            let Some(mut command) = program(shell) else { continue };
            let (text, code) = output(command.arg("-n").arg(folder.path().join(file)));
            assert_eq!(code == 0, fits, "{shell} {file}: {text}");
        }
    }
}

#[test]
fn bash_completes_commands_options_and_values() {
    let folder = common::tree(&[("script", &completions("bash"))]);
    let script = folder.path().join("script");
    for (words, expected) in [
        ("iamlint ch", "check"),
        ("iamlint check --fail", "--fail-on --fail-on-unjudged"),
        ("iamlint check --fail-on cr", "critical"),
        ("iamlint check --format gitlab-", "gitlab-sast"),
        ("iamlint completions f", "fish"),
    ] {
        let Some(mut bash) = program("bash") else { return };
        let ask = "source \"$1\"; COMP_WORDS=($2); COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 )); \
                   _iamlint iamlint \"${COMP_WORDS[COMP_CWORD]}\" \"${COMP_WORDS[COMP_CWORD-1]}\"; echo \"${COMPREPLY[@]}\"";
        let (text, code) = output(bash.args(["--norc", "-c", ask, "bash"]).arg(&script).arg(words));
        assert_eq!((text.trim(), code), (expected, 0), "{words}");
    }
}

#[test]
fn man_shows_every_page() {
    let pages = commands().into_iter().map(Some).chain([None]);
    for name in pages {
        let args: Vec<&str> = ["man"].into_iter().chain(name.as_deref()).collect();
        let page = run(&root(), &args);
        assert_eq!((page.code, page.stderr.as_str()), (0, ""), "{args:?}");
        assert!(page.stdout.contains(".SH NAME") && page.stdout.contains(".SH SYNOPSIS"), "{args:?}");
        let folder = common::tree(&[("page.1", &page.stdout)]);
        let Some(mut man) = program("man") else { continue };
        man.env("MANPAGER", "cat").env("LC_ALL", "C.UTF-8").args(["--warnings", "-l"]);
        let run = man.arg(folder.path().join("page.1")).output().expect("it starts");
        let (shown, told) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
        assert!(run.status.success() && told.is_empty(), "{args:?}: {told}");
        let title = name.as_ref().map_or("iamlint".to_owned(), |name| format!("iamlint-{name}"));
        assert!(shown.contains(&format!("{title}(1)")) && shown.contains("SYNOPSIS"), "{args:?}: {shown}");
    }
}

#[test]
fn every_page_can_be_written_at_once() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let to = folder.path().display().to_string();
    assert_eq!(run(&root(), &["man", "--folder", &to]).code, 0);
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).expect("it was written");
    assert_eq!(read("iamlint.1"), run(&root(), &["man"]).stdout);
    for name in commands() {
        assert_eq!(read(&format!("iamlint-{name}.1")), run(&root(), &["man", &name]).stdout);
    }
    assert_eq!(run(&root(), &["man", "--folder", "no/such/folder"]).code, 2);
}

#[test]
fn an_unknown_page_has_a_suggestion() {
    let run = run(&root(), &["man", "chekc"]);
    assert_eq!((run.code, run.stderr.as_str()), (2, "iamlint: there is no command `chekc`; did you mean `check`?\n"));
}

/// The page of the configuration's schema and the pages of `man` are made from the command line: no place of a machine.
#[test]
fn what_is_generated_names_no_place_of_a_machine() {
    let home = root().display().to_string();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(!completions(shell).contains(&home), "{shell}");
    }
    let schema = fs::read_to_string(root().join("docs/configuration.schema.json")).expect("there is one");
    assert!(!schema.contains(&home));
}
