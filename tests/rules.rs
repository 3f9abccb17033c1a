//! Every example of every rule page is a test of its own: `wildcard-principal::bad-1`.
//!
//! The rule runs alone, a `bad` example as the audience of the page runs it, a `good` one at `audit`. A `bad` example raises exactly what the `findings` fence after it says, a `good` one nothing.
//! `IAMLINT_BLESS=1 cargo test --test rules` rewrites the `findings` fences; review the change in the diff.

mod common;

use common::fences::{Example, examples};
use common::pages::{Rules, lines, lint};
use iamlint::rules::{RULES, Rule};
use libtest_mimic::{Arguments, Failed, Trial};
use std::fs;
use std::path::PathBuf;

fn main() {
    let arguments = Arguments::from_args();
    let bless = std::env::var_os("IAMLINT_BLESS").is_some();
    let mut trials = Vec::new();
    for rule in RULES {
        if bless {
            bless_page(rule);
        }
        for (number, example) in examples(rule.page).into_iter().enumerate() {
            let name = format!("{}::{}-{}", rule.id, if example.bad { "bad" } else { "good" }, number + 1);
            trials.push(Trial::test(name, move || check(rule, &example)));
        }
    }
    libtest_mimic::run(&arguments, trials).exit();
}

fn check(rule: &'static Rule, example: &Example) -> Result<(), Failed> {
    let found = lines(&lint(rule, example, Rules::Alone)?);
    if example.bad && example.findings.is_empty() {
        return Err("a `bad` example is followed by its `findings`".into());
    }
    if found == example.findings {
        return Ok(());
    }
    let expected = if example.bad { example.findings.join("\n  ") } else { "nothing".to_owned() };
    Err(format!("expected\n  {expected}\nfound\n  {}\nin\n{}", found.join("\n  "), example.text).into())
}

/// Rewrite the `findings` fences of a page with what is found.
fn bless_page(rule: &'static Rule) {
    let path =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("rules").join(rule.family).join(format!("{}.md", rule.id));
    let text = fs::read_to_string(&path).expect("the page is readable");
    let at = text.len() - rule.page.len();
    assert!(text.ends_with(rule.page), "the page changed since it was built in");
    let mut body: Vec<String> = rule.page.lines().map(str::to_owned).collect();
    for example in examples(rule.page).into_iter().rev().filter(|example| example.bad) {
        let Ok(report) = lint(rule, &example, Rules::Alone) else { continue };
        let found = lines(&report);
        match example.findings_lines {
            Some((from, to)) => drop(body.splice(from..to, found)),
            None => {
                let fence =
                    [String::new(), "```text findings".to_owned()].into_iter().chain(found).chain(["```".to_owned()]);
                drop(body.splice(example.end..example.end, fence));
            }
        }
    }
    let blessed = format!("{}{}\n", &text[..at], body.join("\n"));
    if blessed != text {
        fs::write(&path, blessed).expect("the page is writable");
    }
}
