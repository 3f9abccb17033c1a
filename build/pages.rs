//! The rule pages as Rust source: the registry, `RULES`.

use super::steps;
use crate::{entries, fail};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// The front matter of a page.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Front {
    summary: String,
    severity: String,
    audience: String,
    reads: Vec<String>,
    check: Option<String>,
    query: Option<String>,
    at: Option<String>,
    message: Option<String>,
    label: Option<String>,
    help: Option<String>,
    since: String,
    #[serde(default)]
    also: Vec<String>,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    yields_to: Vec<String>,
    #[serde(default)]
    cwe: Vec<String>,
    #[serde(default)]
    options: BTreeMap<String, OptionFront>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OptionFront {
    default: toml::Value,
    help: String,
    min: Option<f64>,
    max: Option<f64>,
}

struct Page {
    path: PathBuf,
    id: String,
    family: String,
    front: Front,
    body: String,
}

/// The source of the registry.
pub fn registry() -> String {
    let mut pages = Vec::new();
    for folder in entries(Path::new("rules")).into_iter().filter(|path| path.is_dir()) {
        for path in entries(&folder).into_iter().filter(|path| path.extension().is_some_and(|e| e == "md")) {
            pages.push(read(&path));
        }
    }
    pages.sort_by(|a, b| a.id.cmp(&b.id));
    each_check_has_its_page(&pages);
    each_named_rule_has_its_page(&pages);

    // A static of its own: a query keeps its parsed form in its rule, and a borrowed temporary may not change.
    let mut out = String::from("/// Every rule, in order of their ids.\npub static RULES: &[Rule] = &TABLE;\n");
    writeln!(out, "static TABLE: [Rule; {}] = [", pages.len()).expect("writing to a string does not fail");
    for page in &pages {
        write_rule(page, &mut out);
    }
    out.push_str("];\n");
    out
}

fn read(path: &Path) -> Page {
    let text = fs::read_to_string(path).unwrap_or_else(|error| fail(path, 1, &error.to_string()));
    let name = |path: &Path| path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let (id, family) = (name(path), path.parent().map(name).unwrap_or_default());

    let front_end = text.strip_prefix("+++\n").and_then(|rest| rest.find("\n+++\n"));
    let Some(front_end) = front_end else {
        fail(path, 1, "a page begins with its front matter between two `+++` lines")
    };
    let front: Front = toml::from_str(&text[4..4 + front_end]).unwrap_or_else(|error| {
        let before = error.span().map_or(0, |span| text[4..4 + span.start].matches('\n').count());
        fail(path, before + 2, error.message())
    });
    let body = text[4 + front_end + 5..].to_owned();
    let body_line = text[..4 + front_end].matches('\n').count() + 3;

    if !body.starts_with(&format!("# {id}\n")) {
        fail(path, body_line, &format!("the page's title must be its id: `# {id}`"));
    }
    if !id.chars().all(|c| c.is_ascii_lowercase() || c == '-') {
        fail(path, 1, "a rule's id is made of lower-case letters and dashes");
    }
    let one_of = |value: &str, known: &[&str], what: &str| {
        if !known.contains(&value) {
            fail(path, 2, &format!("unknown {what} `{value}`; one of {}", known.join(", ")));
        }
    };
    one_of(&front.severity, &["critical", "high", "medium", "low", "info"], "severity");
    one_of(&front.audience, &["default", "strict", "audit"], "audience");
    for kind in &front.reads {
        one_of(kind, &["trust", "identity", "resource", "scp", "rcp", "boundary", "session"], "policy kind");
    }
    let is_run = front.check.as_deref() == Some("run");
    for fence in ["bad", "good"] {
        let has = body.lines().any(|line| line.starts_with("```") && line.split_whitespace().nth(1) == Some(fence));
        if !has && !is_run {
            fail(path, body_line, &format!("the page has no `{fence}` example"));
        }
    }
    match (front.check.as_deref(), &front.query) {
        (Some("native"), None) => {
            let code = PathBuf::from(format!("src/checks/{}.rs", id.replace('-', "_")));
            if !code.exists() {
                fail(path, 2, &format!("`check = \"native\"`, but there is no {}", code.display()));
            }
        }
        (Some("run"), None) => {}
        (None, Some(query)) => {
            if let Err(error) = steps::of(query) {
                let line = text.lines().position(|line| line.starts_with("query")).unwrap_or(0) + 1;
                fail(path, line, &format!("the query does not parse: {error}"));
            }
            if front.message.is_none() {
                fail(path, 2, "a query needs a `message`");
            }
        }
        _ => fail(path, 2, "a page has either `check = \"native\"`, `check = \"run\"` or a `query`"),
    }
    Page { path: path.to_owned(), id, family, front, body }
}

fn each_check_has_its_page(pages: &[Page]) {
    for path in entries(Path::new("src/checks")) {
        let name = path.file_stem().map(|stem| stem.to_string_lossy().replace('_', "-")).unwrap_or_default();
        let is_module = path.extension().is_some_and(|e| e == "rs") && name != "mod" && name != "shared";
        let has_page = pages.iter().any(|page| page.id == name && page.front.check.as_deref() == Some("native"));
        if is_module && !has_page {
            fail(
                &path,
                1,
                &format!("this check has no page: write rules/<family>/{name}.md with `check = \"native\"`"),
            );
        }
    }
}

fn each_named_rule_has_its_page(pages: &[Page]) {
    for page in pages {
        if let Some(other) = page.front.yields_to.iter().find(|id| !pages.iter().any(|page| page.id == **id)) {
            fail(&page.path, 2, &format!("`yields-to` names `{other}`, of which there is no page"));
        }
    }
}

fn write_rule(page: &Page, out: &mut String) {
    let Page { id, family, front, body, .. } = page;
    let variant = |name: &str| {
        let mut letters = name.chars();
        letters.next().map(|first| first.to_uppercase().collect::<String>() + letters.as_str()).unwrap_or_default()
    };
    let reads: Vec<String> = front.reads.iter().map(|kind| format!("PolicyKind::{}", variant(kind))).collect();
    let check = match (&front.check, &front.query) {
        (Some(check), _) if check == "native" => {
            format!("Check::Native(crate::checks::{}::check)", id.replace('-', "_"))
        }
        (_, Some(query)) => format!(
            "Check::Query(query::QueryCheck {{ query: {query:?}, steps: {}, at: {:?}, message: {:?}, label: {:?}, help: {:?}, parsed: std::sync::OnceLock::new() }})",
            steps::of(query).unwrap_or_default(),
            front.at,
            front.message.as_deref().unwrap_or_default(),
            front.label.as_deref().unwrap_or_default(),
            front.help.as_deref().unwrap_or_default(),
        ),
        _ => "Check::Run".to_owned(),
    };
    let options: Vec<String> = front
        .options
        .iter()
        .map(|(name, option)| {
            let default = match &option.default {
                toml::Value::Integer(value) => format!("Int({value})"),
                toml::Value::Float(value) => format!("Float({value:?})"),
                toml::Value::Boolean(value) => format!("Bool({value})"),
                toml::Value::String(value) => format!("Text({value:?})"),
                toml::Value::Array(values) => format!("List(&{:?})", values.iter().map(|v| v.as_str().unwrap_or_default()).collect::<Vec<_>>()),
                _ => fail(&page.path, 2, &format!("option `{name}` has a default of a sort that options do not have")),
            };
            format!("OptionSpec {{ name: {name:?}, default: options::OptionDefault::{default}, help: {:?}, min: {:?}, max: {:?} }}", option.help, option.min, option.max)
        })
        .collect();
    writeln!(
        out,
        "    Rule {{ id: {id:?}, family: {family:?}, summary: {:?}, severity: Severity::{}, audience: Audience::{}, reads: &[{}], \
         check: {check}, since: {:?}, also: &{:?}, aliases: &{:?}, yields_to: &{:?}, cwe: &{:?}, options: &[{}], page: {body:?} }},",
        front.summary,
        variant(&front.severity),
        variant(&front.audience),
        reads.join(", "),
        front.since,
        front.also,
        front.aliases,
        front.yields_to,
        front.cwe,
        options.join(", "),
    )
    .expect("writing to a string does not fail");
}
