//! Who may import whom. Data moves one way, so a module sees only what stands below it.
//!
//! Reads the paths that begin with `crate::` in `src/` and holds them against [`LAYERS`]. Test modules are left out: a
//! test may build its input with whatever is at hand.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Places, texts, trees and what is said about them.
const FOUNDATION: [&str; 5] = ["span", "source", "value", "diagnostic", "site"];

/// Each module with what it may import, beside itself. Modules that are not listed (`lib`, `main`) may import everything.
const LAYERS: [(&str, &[&str]); 20] = [
    ("span", &[]),
    ("source", &["span"]),
    ("value", &["span"]),
    ("diagnostic", &["source", "span"]),
    ("site", &["span", "value"]),
    ("syntax", &["value", "source", "span", "diagnostic"]),
    ("input", &["syntax", "value", "source", "span", "diagnostic", "site"]),
    ("load", &["input", "syntax", "value", "source", "span", "diagnostic", "site"]),
    ("aws", &[]),
    ("policy", &["aws", "value", "span", "diagnostic"]),
    ("access", &["policy", "aws", "value", "site", "span"]),
    ("rules", &["policy", "access", "aws", "checks", "diagnostic", "value", "site", "span"]),
    ("checks", &["access", "policy", "aws", "rules", "diagnostic", "value", "site", "span"]),
    ("discover", &[]),
    ("config", &["discover", "rules", "diagnostic", "source", "span"]),
    (
        "suppress",
        &["config", "discover", "rules", "access", "policy", "diagnostic", "site", "source", "span", "value", "syntax"],
    ),
    (
        "lint",
        &[
            "config",
            "discover",
            "suppress",
            "rules",
            "access",
            "policy",
            "aws",
            "input",
            "load",
            "syntax",
            "span",
            "source",
            "value",
            "diagnostic",
            "site",
        ],
    ),
    (
        "fix",
        &[
            "lint",
            "config",
            "rules",
            "access",
            "policy",
            "aws",
            "input",
            "syntax",
            "span",
            "source",
            "value",
            "diagnostic",
            "site",
        ],
    ),
    ("report", &["lint", "diagnostic", "rules", "source", "span", "site"]),
    ("lsp", &["lint", "fix", "config", "diagnostic", "rules", "source", "span", "site"]),
];

fn allowed(module: &str) -> Option<&'static [&'static str]> {
    LAYERS.iter().find(|(name, _)| *name == module).map(|(_, allowed)| *allowed)
}

/// The code of a file without comments and without what stands after the first `#[cfg(test)]`.
fn code(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        if line.trim_start().starts_with("#[cfg(test)]") {
            break;
        }
        out.push_str(line.split_once("//").map_or(line, |(code, _)| code));
        out.push('\n');
    }
    out
}

/// The modules that code names by `crate::module` or in `use crate::{module, …}`, with the line.
fn imports(code: &str) -> BTreeSet<(usize, String)> {
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        // `$crate::` of a macro counts, `my_crate::` does not.
        if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let line = code[..at].matches('\n').count() + 1;
        let rest = &code[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            None => found.extend([(line, word(rest))]),
            Some(list) => found.extend(first_words(list).into_iter().map(|name| (line, name))),
        }
    }
    found
}

fn word(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// The first word of each entry of a `{a, b::{c, d}}` list, whose opening brace is already gone.
fn first_words(list: &str) -> Vec<String> {
    let mut depth = 0;
    let mut names = vec![String::new()];
    for c in list.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.push(String::new()),
            _ if depth == 0 => names.last_mut().expect("never empty").push(c),
            _ => {}
        }
    }
    names.iter().map(|name| word(name.trim())).filter(|name| !name.is_empty()).collect()
}

/// The imports of a file that its module may not have.
fn violations(module: &str, text: &str) -> Vec<String> {
    let Some(allowed) = allowed(module) else { return Vec::new() };
    imports(&code(text))
        .into_iter()
        .filter(|(_, name)| name != module && !allowed.contains(&name.as_str()))
        .map(|(line, name)| format!("{line}: `{module}` imports `{name}`"))
        .collect()
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).expect("readable").map(|entry| entry.expect("readable").path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs") {
            found.push(path);
        }
    }
}

#[test]
fn modules_import_only_what_stands_below_them() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut problems = Vec::new();
    let mut modules = BTreeSet::new();
    for path in &files {
        let shown = path.strip_prefix(&root).expect("below src");
        let first = shown.iter().next().expect("not empty").to_string_lossy();
        let module = first.trim_end_matches(".rs").to_owned();
        let text = fs::read_to_string(path).expect("UTF-8");
        problems.extend(violations(&module, &text).iter().map(|problem| format!("src/{}:{problem}", shown.display())));
        modules.insert(module);
    }
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
    // Front ends see everything; whatever else is new needs a line in the table.
    let unlisted: Vec<_> = modules
        .iter()
        .filter(|module| allowed(module).is_none() && !["lib", "main", "cli"].contains(&module.as_str()))
        .collect();
    assert!(unlisted.is_empty(), "not in LAYERS: {unlisted:?}");
}

#[test]
fn the_table_has_no_cycle_but_the_registry() {
    // `rules` names the functions of `checks`, which are written in terms of `rules`.
    for (module, below) in LAYERS {
        for lower in below.iter().filter(|lower| allowed(lower).is_some_and(|back| back.contains(&module))) {
            let pair = BTreeSet::from([module, *lower]);
            assert!(pair == BTreeSet::from(["rules", "checks"]), "{module} and {lower} import each other");
        }
    }
    assert!(
        FOUNDATION
            .iter()
            .all(|module| allowed(module).is_some_and(|below| below.iter().all(|b| FOUNDATION.contains(b))))
    );
}

#[test]
fn a_planted_violation_is_found() {
    assert_eq!(violations("access", "use crate::policy::Policy;\n"), Vec::<String>::new());
    assert_eq!(violations("access", "\nuse crate::rules::Rule;\n"), ["2: `access` imports `rules`"]);
    assert_eq!(
        violations("access", "use crate::{aws::{keys, ids}, lint, policy as p};"),
        ["1: `access` imports `lint`"]
    );
    assert_eq!(violations("policy", "fn f() -> crate::report::Format {}"), ["1: `policy` imports `report`"]);
    assert_eq!(violations("policy", "fn f() {} // crate::report\n/// [x](crate::cli)"), Vec::<String>::new());
    assert_eq!(violations("policy", "#[cfg(test)]\nmod tests { use crate::syntax::json; }"), Vec::<String>::new());
    assert_eq!(violations("policy", "use my_crate::cli;"), Vec::<String>::new());
}
