//! What is agreed about rules and their pages (`rules/README.md`), beyond what the build enforces.

mod common;

use common::fences::examples;
use common::pages::{Rules, lines, lint};
use iamlint::aws::accounts::{aws_owned, vendor};
use iamlint::diagnostic::Audience;
use iamlint::rules::{RULES, Rule};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The families, each a folder of `rules/`.
const FAMILIES: [&str; 10] =
    ["trust", "federation", "deputy", "session", "condition", "privilege", "exposure", "validity", "hygiene", "lint"];

/// Fail with every rule that `problem` says something about.
fn each_rule(problem: impl Fn(&'static Rule) -> Vec<String>) {
    let problems: Vec<String> = RULES
        .iter()
        .flat_map(|rule| {
            problem(rule).into_iter().map(move |text| format!("rules/{}/{}.md: {text}", rule.family, rule.id))
        })
        .collect();
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

/// What is wrong with the style of a sentence about a finding or a rule.
fn style(text: &str, longest: usize) -> Option<String> {
    let length = text.chars().count();
    let first = text.chars().next()?;
    if text != text.trim() {
        Some("has white space around it".to_owned())
    } else if text.ends_with('.') {
        Some("ends with a dot".to_owned())
    } else if length > longest {
        Some(format!("has {length} characters, more than {longest}"))
    } else if first.is_uppercase() && !starts_with_a_name(text) {
        Some("starts in upper case".to_owned())
    } else {
        None
    }
}

/// Names keep their capitals at the start too: `IAM rejects`, `Datadog (account `464622532012`) can`.
fn starts_with_a_name(text: &str) -> bool {
    let word = text.split([' ', ',', ':']).next().unwrap_or_default();
    let accounts = text.split(|c: char| !c.is_ascii_digit()).filter(|digits| digits.len() == 12);
    let mut owners = accounts.filter_map(|id| vendor(id).or_else(|| aws_owned(id)));
    word.chars().filter(|c| c.is_uppercase()).count() > 1 || owners.any(|owner| text.starts_with(owner))
}

/// The lines of the fences whose info line is `text findings`.
fn findings(page: &str) -> Vec<&str> {
    let mut inside = false;
    let mut found = Vec::new();
    for line in page.lines() {
        match line.strip_prefix("```") {
            Some(info) => inside = info == "text findings",
            None if inside => found.push(line),
            None => {}
        }
    }
    found
}

#[test]
fn ids_and_aliases_are_unique() {
    let mut owners: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for rule in RULES {
        for name in std::iter::once(&rule.id).chain(rule.aliases) {
            owners.entry(name).or_default().push(rule.id);
        }
    }
    // A selector names a rule or a family, so no name may be both.
    for family in FAMILIES {
        owners.entry(family).or_default().push("a family");
    }
    owners.entry("all").or_default().push("every rule");
    let shared: Vec<_> = owners.iter().filter(|(_, owners)| owners.len() > 1).collect();
    assert!(shared.is_empty(), "{shared:?}");
}

#[test]
fn ids_name_the_pattern_found() {
    each_rule(|rule| {
        let words: Vec<&str> = rule.id.split('-').collect();
        let mut problems = Vec::new();
        if !(2..=4).contains(&words.len()) || words.contains(&"") {
            problems.push("the id is not two to four words".to_owned());
        }
        if ["no", "avoid", "insecure", "critical", "high", "medium", "low"].contains(&words[0]) {
            problems.push(format!("the id starts with `{}`", words[0]));
        }
        problems
    });
}

#[test]
fn summaries_are_one_short_line() {
    each_rule(|rule| style(rule.summary, 100).map(|problem| format!("the summary {problem}")).into_iter().collect());
}

#[test]
fn messages_say_the_case_in_one_sentence() {
    each_rule(|rule| {
        let mut problems = Vec::new();
        for line in findings(rule.page) {
            // `line:column id (confidence): message`
            let Some((head, message)) = line.split_once(": ") else {
                problems.push(format!("`{line}` is no finding"));
                continue;
            };
            if head.split(' ').nth(1) != Some(rule.id) {
                problems.push(format!("`{line}` is a finding of another rule"));
            }
            problems.extend(style(message, 200).map(|problem| format!("the message `{message}` {problem}")));
        }
        problems
    });
}

#[test]
fn pages_have_their_sections() {
    each_rule(|rule| {
        let has = |title: &str| rule.page.lines().any(|line| line == title);
        let mut problems = Vec::new();
        for title in ["## Limits", "## References"] {
            if !has(title) {
                problems.push(format!("there is no section `{title}`"));
            }
        }
        if has("## Options") == rule.options.is_empty() {
            problems.push("a page has a section `## Options` exactly when its rule has options".to_owned());
        }
        for option in rule.options.iter().filter(|option| !rule.page.contains(option.name)) {
            problems.push(format!("the page does not tell of its option `{}`", option.name));
        }
        problems
    });
}

#[test]
fn foreign_ids_name_their_tool() {
    each_rule(|rule| {
        let names_tool = |entry: &&&str| {
            let well_formed = |text: &str| !text.is_empty() && !text.contains(char::is_whitespace);
            entry
                .split_once(':')
                .is_some_and(|(tool, id)| well_formed(tool) && well_formed(id) && tool == tool.to_lowercase())
        };
        let odd =
            rule.also.iter().filter(|entry| !names_tool(entry)).map(|entry| format!("`{entry}` is not `tool:id`"));
        let weak = rule.cwe.iter().filter(|entry| {
            entry
                .strip_prefix("CWE-")
                .is_none_or(|number| number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()))
        });
        odd.chain(weak.map(|entry| format!("`{entry}` is not `CWE-` and a number"))).collect()
    });
}

#[test]
fn families_are_the_agreed_ones() {
    each_rule(|rule| {
        let known = FAMILIES.contains(&rule.family);
        (!known).then(|| format!("`{}` is not one of {}", rule.family, FAMILIES.join(", "))).into_iter().collect()
    });
    // The page about the format lists them all.
    let readme =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/README.md")).expect("it is there");
    for family in FAMILIES {
        assert!(readme.contains(&format!("| `{family}` |")), "rules/README.md does not list {family}");
    }
}

#[test]
fn pages_name_no_place_of_a_machine() {
    each_rule(|rule| {
        let marks = ["/home/", "/Users/", "/work/", "/tmp/", "C:\\"];
        marks.iter().filter(|mark| rule.page.contains(**mark)).map(|mark| format!("the page has `{mark}`")).collect()
    });
}

/// What a page shows as a finding for everybody, everybody gets: with no flags, and beside all other rules.
#[test]
fn default_findings_need_no_flags() {
    each_rule(|rule| {
        let mut problems = Vec::new();
        let mut shown = 0;
        for (number, example) in examples(rule.page).iter().enumerate().filter(|(_, example)| example.bad) {
            let for_all = match example.attribute("profile") {
                None => rule.audience == Audience::Default,
                Some(profile) => profile == "default",
            };
            if !for_all {
                continue;
            }
            shown += 1;
            let name = format!("example {} is a default finding", number + 1);
            match lint(rule, example, Rules::OfProfile).map(|report| lines(&report)) {
                Ok(found) if found == example.findings => {}
                Ok(found) => problems.push(format!("{name}, and a run with no flags has {found:?}")),
                Err(error) => problems.push(format!("{name}: {error}")),
            }
        }
        if (rule.audience == Audience::Default) != (shown > 0) {
            problems.push(format!("its audience is `{:?}`, and {shown} examples are default findings", rule.audience));
        }
        problems
    });
}

#[test]
fn the_style_test_can_fail() {
    assert_eq!(style("anyone can assume this role", 100), None);
    assert_eq!(style("`*` is a star", 100), None);
    assert_eq!(style("IAM rejects `x`", 100), None);
    assert_eq!(style("Datadog (account `464622532012`) can assume this role", 100), None);
    for bad in ["Anyone can", "ends with a dot.", " white", "much too long for it"] {
        assert!(style(bad, 16).is_some(), "{bad}");
    }
    assert_eq!(findings("```json bad\n{}\n```\n```text findings\n1:1 a-b: x\n```\nprose"), ["1:1 a-b: x"]);
}
