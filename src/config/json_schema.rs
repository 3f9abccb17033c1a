//! The JSON Schema of `iamlint.toml`, for editors that complete and check it.
//!
//! Made from the same tables that reading follows: the [`schema`](super::schema) of keys, and the rules with their
//! options. Draft 7, which the editors' TOML extensions understand. It cannot say everything: a date stands for a string
//! in it, whether a path pattern can be read is left to us, and so is what two keys must not say together.

use super::schema::{self, Key, Kind, Table};
use crate::diagnostic::Severity;
use crate::rules::options::{OptionDefault, OptionSpec};
use crate::rules::{RULES, Rule};
use serde_json::{Map, Value, json};

/// The schema.
pub fn json_schema() -> Value {
    let mut schema = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "iamlint.toml",
        "description": "The configuration of iamlint, a linter for AWS IAM policies",
    });
    if let (Value::Object(schema), Value::Object(root)) = (&mut schema, table(Table::Root)) {
        schema.extend(root);
    }
    schema["definitions"] = json!({
        "rule": { "enum": rule_names().collect::<Vec<_>>() },
        "selector": { "enum": families().into_iter().chain(rule_names()).collect::<Vec<_>>() },
        "severity": { "enum": Severity::ALL.iter().map(|(_, name)| *name).collect::<Vec<_>>() },
        "text": text(),
        "glob": { "type": "string", "pattern": r"^(?!!)(?!(\./|/)/*$)(?=[\s\S]*\S)" },
        "account": { "type": "string", "pattern": "^[0-9]{12}$" },
        "rule-settings": table(Table::Rule),
        "override": table(Table::Override),
        "ignore": table(Table::Ignore),
    });
    schema
}

/// Every rule's id, and then the names that some had before.
fn rule_names() -> impl Iterator<Item = &'static str> {
    let mut ids: Vec<&str> = RULES.iter().map(|rule| rule.id).collect();
    ids.sort_unstable();
    ids.into_iter().chain(RULES.iter().flat_map(|rule| rule.aliases.iter().copied()))
}

fn families() -> Vec<&'static str> {
    let mut families: Vec<&str> = RULES.iter().map(|rule| rule.family).collect();
    families.sort_unstable();
    families.dedup();
    families
}

/// A table with the keys that it may and must have.
fn table(of: Table) -> Value {
    let properties = schema::keys(of).map(|key| (key.name.to_owned(), property(key)));
    let required: Vec<&str> = schema::keys(of).filter(|key| key.required).map(|key| key.name).collect();
    closed(properties.collect(), &required)
}

fn closed(properties: Map<String, Value>, required: &[&str]) -> Value {
    let mut table = json!({ "type": "object", "properties": properties, "additionalProperties": false });
    if !required.is_empty() {
        table["required"] = json!(required);
    }
    table
}

fn property(key: &Key) -> Value {
    let mut property = value(key);
    property["description"] = json!(key.help);
    // Defaults are written as TOML; all of them are JSON as well.
    if let Some(default) = key.default.and_then(|default| serde_json::from_str::<Value>(default).ok()) {
        property["default"] = default;
    }
    property
}

fn value(key: &Key) -> Value {
    match key.kind {
        Kind::Choice(names) => json!({ "enum": names }),
        Kind::Choices(names) => list(json!({ "enum": names })),
        Kind::Selectors if key.name == "select" => non_empty(list(reference("selector"))),
        Kind::Selectors => list(reference("selector")),
        Kind::Ignores => list(json!({ "anyOf": [reference("selector"), reference("ignore")] })),
        Kind::Overrides => list(reference("override")),
        Kind::Rules => rules(),
        Kind::Org => table(Table::Org),
        // Beside a reference nothing else counts, and the description is to stand beside it.
        Kind::Rule => json!({ "allOf": [reference("rule")] }),
        Kind::Severities => map(reference("rule"), reference("severity")),
        Kind::Globs if key.required => non_empty(list(reference("glob"))),
        Kind::Globs => list(reference("glob")),
        Kind::Glob => json!({ "allOf": [reference("glob")] }),
        Kind::Accounts => list(reference("account")),
        Kind::NotedAccounts => {
            json!({ "anyOf": [map(reference("account"), json!({ "type": "string" })), list(reference("account"))] })
        }
        Kind::OrgId => json!({ "type": "string", "pattern": "^o-[a-z0-9]{10,32}$" }),
        Kind::Issuers => map(json!({ "not": { "pattern": "://" } }), list(reference("text"))),
        Kind::Text => text(),
        Kind::Bool => json!({ "type": "boolean" }),
        Kind::Date => json!({ "type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$" }),
    }
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/definitions/{name}") })
}

/// A string that says something.
fn text() -> Value {
    json!({ "type": "string", "pattern": r"\S" })
}

fn list(items: Value) -> Value {
    json!({ "type": "array", "items": items })
}

fn non_empty(mut list: Value) -> Value {
    list["minItems"] = json!(1);
    list
}

fn map(names: Value, values: Value) -> Value {
    json!({ "type": "object", "propertyNames": names, "additionalProperties": values })
}

/// `[rules.<id>]` for every rule, also under its former names.
fn rules() -> Value {
    let mut rules: Vec<&Rule> = RULES.iter().collect();
    rules.sort_by_key(|rule| rule.id);
    let mut properties = Map::new();
    for rule in &rules {
        properties.insert(rule.id.to_owned(), settings(rule, rule.summary.to_owned()));
    }
    for rule in &rules {
        for alias in rule.aliases {
            properties.insert((*alias).to_owned(), settings(rule, format!("former name of {}", rule.id)));
        }
    }
    closed(properties, &[])
}

fn settings(rule: &Rule, description: String) -> Value {
    if rule.options.is_empty() {
        return json!({ "description": description, "allOf": [reference("rule-settings")] });
    }
    let mut settings = table(Table::Rule);
    settings["description"] = json!(description);
    for spec in rule.options {
        settings["properties"][spec.name] = option(spec);
    }
    settings
}

fn option(spec: &OptionSpec) -> Value {
    let (mut option, default) = match spec.default {
        OptionDefault::Int(number) => (json!({ "type": "integer" }), json!(number)),
        OptionDefault::Float(number) => (json!({ "type": "number" }), json!(number)),
        OptionDefault::Bool(flag) => (json!({ "type": "boolean" }), json!(flag)),
        OptionDefault::Text(text) => (json!({ "type": "string" }), json!(text)),
        OptionDefault::List(texts) => (list(reference("text")), json!(texts)),
    };
    option["description"] = json!(spec.help);
    option["default"] = default;
    for (word, limit) in [("minimum", spec.min), ("maximum", spec.max)] {
        if let Some(limit) = limit {
            option[word] = number(limit);
        }
    }
    option
}

/// A limit as a person would write it: `1`, not `1.0`.
fn number(limit: f64) -> Value {
    if limit.fract() == 0.0 && limit.abs() < 1e15 { json!(limit as i64) } else { json!(limit) }
}
