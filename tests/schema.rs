//! The JSON Schema of the configuration says what reading the configuration accepts.

mod common;

use common::tools::{output, program};
use common::{root, run};
use iamlint::config::schema::{KEYS, Table};
use iamlint::config::{json_schema, parse_text};
use iamlint::rules::RULES;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::env;
use std::fs;

const PAGE: &str = "docs/configuration.schema.json";

/// `IAMLINT_BLESS=1` writes it anew.
#[test]
fn the_schema_in_docs_is_what_the_command_prints() {
    let printed = run(&root(), &["schema"]);
    assert_eq!((printed.code, printed.stderr.as_str()), (0, ""));
    if env::var_os("IAMLINT_BLESS").is_some() {
        fs::write(root().join(PAGE), &printed.stdout).expect("it can be written");
    }
    let kept = fs::read_to_string(root().join(PAGE)).expect("there is one");
    assert!(kept == printed.stdout, "{PAGE} is not what `iamlint schema` prints: IAMLINT_BLESS=1 writes it anew");
}

/// The keys that a table of the schema has.
fn keys(table: &Value) -> BTreeSet<&str> {
    table["properties"].as_object().expect("it is a table").keys().map(String::as_str).collect()
}

#[test]
fn the_schema_has_every_key_and_no_other() {
    let schema = json_schema();
    let definitions = &schema["definitions"];
    for (table, part) in [
        (Table::Root, &schema),
        (Table::Org, &schema["properties"]["org"]),
        (Table::Rule, &definitions["rule-settings"]),
        (Table::Override, &definitions["override"]),
        (Table::Ignore, &definitions["ignore"]),
    ] {
        let known: BTreeSet<&str> = KEYS.iter().filter(|key| key.table == table).map(|key| key.name).collect();
        assert_eq!(keys(part), known, "{table:?}");
        assert_eq!(part["additionalProperties"], json!(false), "{table:?}");
    }
    let rules = &schema["properties"]["rules"];
    let names: BTreeSet<&str> = RULES.iter().flat_map(|rule| rule.aliases.iter().copied().chain([rule.id])).collect();
    assert_eq!(keys(rules), names);
    for rule in RULES.iter().filter(|rule| !rule.options.is_empty()) {
        let options = rule.options.iter().map(|option| option.name);
        let known: BTreeSet<&str> = options.chain(keys(&definitions["rule-settings"])).collect();
        assert_eq!(keys(&rules["properties"][rule.id]), known, "{}", rule.id);
    }
}

/// TOML as the editors hand it to a schema: dates are strings.
fn as_json(value: &toml::Value) -> Value {
    match value {
        toml::Value::String(text) => json!(text),
        toml::Value::Integer(number) => json!(number),
        toml::Value::Float(number) => json!(number),
        toml::Value::Boolean(flag) => json!(flag),
        toml::Value::Datetime(time) => json!(time.to_string()),
        toml::Value::Array(items) => items.iter().map(as_json).collect(),
        toml::Value::Table(table) => {
            Value::Object(table.iter().map(|(key, value)| (key.clone(), as_json(value))).collect::<Map<_, _>>())
        }
    }
}

fn fits(schema: &jsonschema::Validator, text: &str) -> bool {
    let value: toml::Table = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
    schema.is_valid(&as_json(&toml::Value::Table(value)))
}

const IGNORE: &str = "[[ignore]]\nrule = \"wildcard-principal\"\nreason = \"a test\"\n";
const OVERRIDE: &str = "[[override]]\npaths = [\"sandbox/**\"]\n";

/// Configurations that both accept.
const GOOD: &[&str] = &[
    "",
    "profile = \"strict\"",
    "select = [\"trust\", \"wildcard-principal\"]",
    "extend-select = []",
    "ignore = [\"trust\"]",
    "exclude = [\"**/node_modules/**\", \"./a\", \"/b\", \"c/\", \".\"]",
    "fail-on = \"never\"",
    "min-severity = \"info\"",
    "[org]\naccounts = [\"294750163881\"]\norg-id = \"o-k3p9x2m7qz\"",
    "[org]\ntrusted-accounts = { \"618273945102\" = \"vendor\", \"618273945103\" = \"\" }",
    "[org]\ntrusted-accounts = [\"618273945102\"]",
    "[org]\noidc = { \"token.actions.githubusercontent.com\" = [\"repo:acme-retail/*\"], x = [] }",
    "[rules.wildcard-principal]\nseverity = \"low\"\nignorable = false",
    "[rules.excessive-session-duration]\nmax-hours = 4\nseverity = \"high\"",
    "[rules]",
];

/// What both refuse.
const BAD: &[&str] = &[
    "profil = \"strict\"",
    "profile = \"lax\"",
    "profile = 1",
    "select = []",
    "select = \"trust\"",
    "select = [\"wildcard-principle\"]",
    "ignore = [\"\"]",
    "ignore = [1]",
    "exclude = [\"\"]",
    "exclude = [\"  \"]",
    "exclude = [\"!a\"]",
    "exclude = [\"/\", \"a\"]",
    "exclude = [\"./\"]",
    "exclude = \"a\"",
    "fail-on = \"hihg\"",
    "min-severity = \"never\"",
    "org = []",
    "[org]\naccounts = [294750163881]",
    "[org]\naccounts = [\"29475016388\"]",
    "[org]\naccount = []",
    "[org]\norg-id = \"k3p9x2m7qz\"",
    "[org]\ntrusted-accounts = { \"6182\" = \"vendor\" }",
    "[org]\ntrusted-accounts = { \"618273945102\" = 1 }",
    "[org]\noidc = { \"https://token.actions.githubusercontent.com\" = [] }",
    "[org]\noidc = { issuer = [\"\"] }",
    "[org]\noidc = { issuer = \"a\" }",
    "[rules.wildcard-principle]\nseverity = \"low\"",
    "[rules.trust]",
    "[rules.wildcard-principal]\nmax-hours = 4",
    "[rules.wildcard-principal]\nignorable = \"no\"",
    "[rules.excessive-session-duration]\nmax-hours = -1",
    "[rules.excessive-session-duration]\nmax-hours = 99",
    "[rules.excessive-session-duration]\nmax-hours = \"4\"",
    "rules = []",
];

/// The same for the tables that may stand several times; the table itself is put before each.
const PARTS: &[(&str, &[&str], &[&str])] = &[
    (
        OVERRIDE,
        &[
            "",
            "select = [\"trust\"]\nignore = [\"wildcard-principal\"]\nextend-select = [\"trust\"]",
            "severity = { wildcard-principal = \"low\" }\nfail-on = \"critical\"\nmin-severity = \"low\"",
        ],
        &["select = []", "severity = { trust = \"low\" }", "severity = { wildcard-principal = \"bad\" }", "path = []"],
    ),
    (
        IGNORE,
        &["", "path = \"a/*\"\nresource = \"r\"\nsid = \"s\"\nsubject = \"x\"\nuntil = 2027-03-31"],
        &[
            "path = \"!a\"",
            "sid = \"\"",
            "resource = 1",
            "until = \"soon\"",
            "until = 2027-03-31T10:00:00",
            "why = \"\"",
        ],
    ),
];

fn samples() -> (Vec<String>, Vec<String>) {
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    good.extend(GOOD.iter().map(|text| (*text).to_owned()));
    bad.extend(BAD.iter().map(|text| (*text).to_owned()));
    for (table, fitting, wrong) in PARTS {
        good.extend(fitting.iter().map(|rest| format!("{table}{rest}")));
        bad.extend(wrong.iter().map(|rest| format!("{table}{rest}")));
        // Without a key that it must have.
        for line in 1..table.lines().count() {
            let kept = table.lines().enumerate().filter(|(at, _)| *at != line).map(|(_, text)| text);
            bad.push(kept.collect::<Vec<_>>().join("\n"));
        }
    }
    (good, bad)
}

#[test]
fn the_schema_and_the_reader_agree() {
    let schema = jsonschema::draft7::options().should_validate_formats(true).build(&json_schema());
    let schema = schema.expect("it is a schema");
    let (good, bad) = samples();
    for text in good {
        let read = parse_text(&text);
        assert!(read.is_ok(), "{text}: {}", read.err().map(|error| error.to_string()).unwrap_or_default());
        assert!(fits(&schema, &text), "the schema refuses: {text}");
    }
    for text in bad {
        assert!(parse_text(&text).is_err(), "it is read: {text}");
        assert!(!fits(&schema, &text), "the schema accepts: {text}");
    }
    // Every key, with its default, and every former name of a rule.
    for key in KEYS.iter().filter(|key| key.table == Table::Root) {
        let Some(default) = key.default else { continue };
        let text = format!("{} = {default}", key.name);
        assert!(parse_text(&text).is_ok() && fits(&schema, &text), "{text}");
    }
    for rule in RULES {
        for name in rule.aliases.iter().chain([&rule.id]) {
            let text = format!("ignore = [\"{name}\"]\n[rules.{name}]\nseverity = \"low\"");
            assert!(parse_text(&text).is_ok() && fits(&schema, &text), "{text}");
        }
    }
}

/// What only reading can tell, as the schema's own words say.
#[test]
fn what_the_schema_cannot_say_is_known() {
    let schema = jsonschema::draft7::new(&json_schema()).expect("it is a schema");
    let quoted = format!("{IGNORE}until = \"2027-03-31\"");
    let silenced = format!("{IGNORE}[rules.wildcard-principal]\nignorable = false");
    for text in [quoted.as_str(), silenced.as_str(), "exclude = [\"a[\"]"] {
        assert!(parse_text(text).is_err() && fits(&schema, text), "{text}");
    }
}

#[test]
fn check_jsonschema_takes_the_schema_and_the_configuration_of_the_readme() {
    let Some(mut check) = program("check-jsonschema") else { return };
    let (text, code) = output(check.arg("--check-metaschema").arg(root().join(PAGE)));
    assert_eq!(code, 0, "{text}");
    let readme = fs::read_to_string(root().join("README.md")).expect("there is one");
    let sample = readme.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a fence");
    let folder = common::tree(&[("iamlint.toml", sample), ("wrong.toml", "fail-onn = \"low\"\n")]);
    for (file, expected) in [("iamlint.toml", 0), ("wrong.toml", 1)] {
        let Some(mut check) = program("check-jsonschema") else { return };
        let (text, code) = output(check.arg("--schemafile").arg(root().join(PAGE)).arg(folder.path().join(file)));
        assert_eq!(code, expected, "{file}: {text}");
    }
}
