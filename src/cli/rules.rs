//! `iamlint rules`: the list.

use super::{Exit, Failure};
use crate::rules::{Check, RULES, Rule};
use clap::{Args, ValueEnum};
use serde_json::json;
use std::io::Write as _;

/// List the rules
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  iamlint rules\n  iamlint rules --format markdown > RULES.md")]
pub struct RulesArgs {
    /// How to write the list
    #[arg(long, value_enum, default_value = "text")]
    format: ListFormat,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ListFormat {
    Text,
    Json,
    Markdown,
}

pub fn run(args: &RulesArgs) -> Result<Exit, Failure> {
    let mut rules: Vec<&Rule> = RULES.iter().collect();
    rules.sort_by_key(|rule| (rule.family, rule.id));
    let mut out = std::io::stdout().lock();
    match args.format {
        ListFormat::Text => {
            let width = rules.iter().map(|rule| rule.id.len()).max().unwrap_or(0);
            let mut family = "";
            for rule in rules {
                if rule.family != family {
                    family = rule.family;
                    writeln!(out, "{family}")?;
                }
                writeln!(out, "  {:width$}  {:8}  {:7}  {}", rule.id, rule.severity, rule.audience, rule.summary)?;
            }
        }
        ListFormat::Json => {
            let list: Vec<_> = rules.into_iter().map(describe).collect();
            serde_json::to_writer_pretty(&mut out, &list).map_err(std::io::Error::from)?;
            writeln!(out)?;
        }
        ListFormat::Markdown => {
            writeln!(out, "| rule | family | severity | audience | what it finds |\n|---|---|---|---|---|")?;
            for rule in rules {
                writeln!(
                    out,
                    "| [{id}](rules/{family}/{id}.md) | {family} | {} | {} | {} |",
                    rule.severity,
                    rule.audience,
                    rule.summary,
                    id = rule.id,
                    family = rule.family,
                )?;
            }
        }
    }
    Ok(Exit::Clean)
}

fn describe(rule: &Rule) -> serde_json::Value {
    json!({
        "id": rule.id,
        "family": rule.family,
        "summary": rule.summary,
        "severity": rule.severity.name(),
        "audience": rule.audience.name(),
        "reads": rule.reads.iter().map(|kind| kind.name()).collect::<Vec<_>>(),
        "check": match &rule.check {
            Check::Native(_) => "native",
            Check::Query(_) => "query",
            Check::Run => "run",
        },
        "options": rule.options.iter().map(|option| json!({"name": option.name, "help": option.help})).collect::<Vec<_>>(),
        "since": rule.since,
        "also": rule.also,
        "cwe": rule.cwe,
    })
}
