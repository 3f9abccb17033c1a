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

/// The rooms of `access`, each with those that it may import, beside itself. Data moves one way here too: what one request
/// does is below what all requests do, and the door is below what follows from its answers.
const ROOMS: [(&str, &[&str]); 10] = [
    ("request", &[]),
    ("values", &[]),
    ("undocumented", &[]),
    ("meter", &[]),
    ("answer", &["request"]),
    ("decide", &["request", "values", "undocumented"]),
    ("engine", &["request", "answer", "undocumented", "decide"]),
    ("probe", &["answer", "decide", "engine"]),
    ("door", &["answer", "engine", "meter"]),
    ("analysis", &["request", "answer", "decide", "engine", "door"]),
];

/// What rules and checks may name of `access` beside the names that its `mod.rs` re-exports: modules that are the answers
/// to a question of their own.
const FOR_RULES: [&str; 3] = ["redundancy", "explain", "grants"];

/// Files that import each other by nature, as lists of paths below `src`: evaluators that recurse.
const CIRCLES: &[&[&str]] = &[
    &["config/file.rs", "config/values.rs"],
    &[
        "input/cloudformation/intrinsics.rs",
        "input/cloudformation/loops.rs",
        "input/cloudformation/strings.rs",
        "input/cloudformation/template.rs",
    ],
    &["input/cloudformation/places.rs", "input/cloudformation/reader.rs", "input/cloudformation/sam.rs"],
    &["input/terraform/collection.rs", "input/terraform/unknown.rs", "input/terraform/val.rs"],
    &["input/terraform/eval.rs", "input/terraform/functions/mod.rs", "input/terraform/module.rs"],
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

/// The room of a file below `src/access`; `None` for `access/mod.rs`, which is the door's sign.
fn room(shown: &Path) -> Option<String> {
    let inside = shown.strip_prefix("access").ok()?;
    let first = inside.iter().next()?.to_string_lossy().trim_end_matches(".rs").to_owned();
    (first != "mod").then_some(first)
}

/// The words that follow `crate::access::` in code: names of modules and re-exported items.
fn names_of_access(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices("access::") {
        let before = &code[..at];
        if before.ends_with(|c: char| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let rest = &code[at + "access::".len()..];
        match rest.strip_prefix('{') {
            None => found.extend([word(rest)]),
            Some(list) => found.extend(first_words(list)),
        }
    }
    found
}

#[test]
fn rooms_of_the_engine_import_only_those_before_them() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut problems = Vec::new();
    let mut seen = BTreeSet::new();
    for path in &files {
        let shown = path.strip_prefix(&root).expect("below src");
        let names = names_of_access(&code(&fs::read_to_string(path).expect("UTF-8")));
        let module = shown.iter().next().expect("not empty").to_string_lossy().into_owned();
        let is_module = |name: &str| ROOMS.iter().any(|(room, _)| *room == name);
        if let Some(room) = room(shown) {
            let below = ROOMS.iter().find(|(known, _)| *known == room).map(|(_, below)| *below);
            let Some(below) = below else {
                problems.push(format!("src/{}: `{room}` is not in ROOMS", shown.display()));
                continue;
            };
            let wrong =
                names.iter().filter(|name| is_module(name) && **name != room && !below.contains(&name.as_str()));
            problems.extend(wrong.map(|name| format!("src/{}: `{room}` imports `{name}`", shown.display())));
            seen.insert(room);
        } else if ["rules", "checks"].contains(&module.as_str()) {
            let wrong = names.iter().filter(|name| {
                let is_item = name.starts_with(|c: char| c.is_uppercase()) || !is_module(name);
                !is_item && !FOR_RULES.contains(&name.as_str())
            });
            problems.extend(wrong.map(|name| format!("src/{}: goes past the door to `{name}`", shown.display())));
        }
    }
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
    assert_eq!(seen.len(), ROOMS.len(), "{seen:?}");
}

/// The file that a path of modules names, as far as it names one: `crate::access::engine::Work` is `access/engine/mod.rs`.
fn file_of(root: &Path, from: &Path, segments: &[String]) -> Option<PathBuf> {
    let mut folder = PathBuf::new();
    let mut found = None;
    for segment in segments {
        folder.push(segment);
        let (file, module) = (folder.with_extension("rs"), folder.join("mod.rs"));
        match (root.join(&file).is_file(), root.join(&module).is_file()) {
            (true, _) => found = Some(file),
            (_, true) => found = Some(module),
            (false, false) => break,
        }
    }
    found.filter(|file| file != from)
}

/// The files that a file imports from, by the paths of its code.
fn imported(root: &Path, shown: &Path, text: &str) -> BTreeSet<PathBuf> {
    let mut own: Vec<String> =
        shown.with_extension("").iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if own.last().is_some_and(|last| last == "mod") {
        own.pop();
    }
    let code = code(text);
    let mut found = BTreeSet::new();
    for (start, base) in [("crate::", Vec::new()), ("super::", own[..own.len().saturating_sub(1)].to_vec())] {
        for (at, _) in code.match_indices(start) {
            if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':') {
                continue;
            }
            for path in paths(&code[at + start.len()..]) {
                let segments: Vec<String> = base.iter().cloned().chain(path).collect();
                found.extend(file_of(root, shown, &segments));
            }
        }
    }
    found
}

/// The paths of an import whose first segment is gone: `a::{b, c::D}` is `a::b` and `a::c::D`.
fn paths(text: &str) -> Vec<Vec<String>> {
    if let Some(list) = text.strip_prefix('{') {
        let mut depth = 0;
        let mut parts = vec![String::new()];
        for c in list.chars() {
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => parts.push(String::new()),
                _ => {}
            }
            if !(c == ',' && depth == 0) {
                parts.last_mut().expect("never empty").push(c);
            }
        }
        return parts.iter().flat_map(|part| paths(part.trim())).collect();
    }
    let name = word(text);
    if name.is_empty() {
        return vec![Vec::new()];
    }
    match text[name.len()..].strip_prefix("::") {
        Some(rest) => paths(rest).into_iter().map(|path| [vec![name.clone()], path].concat()).collect(),
        None => vec![vec![name]],
    }
}

#[test]
fn no_new_circle_of_files() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let shown = |path: &PathBuf| path.strip_prefix(&root).expect("below src").to_owned();
    let graph: std::collections::BTreeMap<PathBuf, BTreeSet<PathBuf>> = files
        .iter()
        .map(|path| (shown(path), imported(&root, &shown(path), &fs::read_to_string(path).expect("UTF-8"))))
        .collect();
    let reach = |from: &PathBuf| {
        let (mut seen, mut open) = (BTreeSet::new(), vec![from.clone()]);
        while let Some(file) = open.pop() {
            for next in graph.get(&file).into_iter().flatten() {
                if seen.insert(next.clone()) {
                    open.push(next.clone());
                }
            }
        }
        seen
    };
    let reached: std::collections::BTreeMap<&PathBuf, BTreeSet<PathBuf>> =
        graph.keys().map(|file| (file, reach(file))).collect();
    let mut circles: BTreeSet<Vec<String>> = BTreeSet::new();
    for (file, below) in &reached {
        if below.contains(*file) {
            let members = below.iter().filter(|other| reached.get(other).is_some_and(|back| back.contains(*file)));
            circles.insert(members.map(|path| path.to_string_lossy().into_owned()).collect());
        }
    }
    let known: BTreeSet<Vec<String>> =
        CIRCLES.iter().map(|circle| circle.iter().map(|path| (*path).to_owned()).collect()).collect();
    let new: Vec<_> = circles.difference(&known).collect();
    assert!(new.is_empty(), "files that import each other: {new:#?}");
    let gone: Vec<_> = known.difference(&circles).collect();
    assert!(gone.is_empty(), "no circle any more: {gone:#?}");
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
    let names: Vec<String> =
        names_of_access("use crate::access::{Query, engine::space}; access::decide::x()").into_iter().collect();
    assert_eq!(names, ["Query", "decide", "engine"]);
    assert_eq!(paths("a::{b, c::D}; x"), [vec!["a", "b"], vec!["a", "c", "D"]]);
}
