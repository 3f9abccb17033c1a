//! `iamlint explain`: a rule's page.

use super::{Exit, Failure, unknown_rule};
use crate::rules;
use clap::Args;
use std::io::Write as _;

/// Show a rule's page: what it finds, why it matters, what to write instead
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  iamlint explain wildcard-principal\n  iamlint explain missing-external-id | less")]
pub struct ExplainArgs {
    /// The rule's id, as findings show it
    rule: String,
}

pub fn run(args: &ExplainArgs) -> Result<Exit, Failure> {
    let rule = rules::find(&args.rule).ok_or_else(|| unknown_rule(&args.rule))?;
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{}: {}\nfamily {}, severity {}, audience {}, since {}\n",
        rule.id, rule.summary, rule.family, rule.severity, rule.audience, rule.since
    )?;
    if !rule.options.is_empty() {
        writeln!(out, "Options, under [rules.{}] of the configuration:", rule.id)?;
        for option in rule.options {
            writeln!(
                out,
                "  {} = {}\n      {}",
                option.name,
                crate::config::show_option(&option.default.into()),
                option.help
            )?;
        }
        writeln!(out)?;
    }
    write!(out, "{}", rule.page)?;
    Ok(Exit::Clean)
}
