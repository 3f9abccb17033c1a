//! The command line: one file for each command, and what they share.
#![expect(clippy::print_stderr, reason = "the command line talks to its user")]

mod addresses;
mod asking;
mod baseline;
mod can;
mod check;
mod choosing;
mod clock;
mod completions;
mod diff;
mod explain;
mod inputs;
mod judging;
mod man;
mod ndjson;
mod policies;
mod rules;
mod schema;
mod style;
mod test;
mod watch;
mod who;
mod write;

use crate::config::ConfigError;
use crate::report::one_line;
use clap::{Parser, Subcommand};
use std::ffi::OsString;
use std::io;

/// What a run ends with, whatever the output format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// No finding at or above `--fail-on`.
    Clean,
    /// Findings.
    Findings,
    /// The job could not be done: arguments, configuration, a path, an internal error.
    Failed,
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Clean => 0.into(),
            Exit::Findings => 1.into(),
            Exit::Failed => 2.into(),
        }
    }
}

const EXIT_CODES: &str = "\
Exit codes:
  0  no finding at or above --fail-on
  1  findings
  2  the job could not be done: arguments, configuration, an unreadable path, an internal error";

/// Static analyzer and linter for AWS IAM trust policies and permission policies.
#[derive(Debug, Parser)]
#[command(name = "iamlint", version, propagate_version = true, after_help = EXIT_CODES, max_term_width = 100)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(Box<check::CheckArgs>),
    Baseline(Box<baseline::BaselineArgs>),
    Can(Box<can::CanArgs>),
    Test(test::TestArgs),
    Diff(diff::DiffArgs),
    Who(who::WhoArgs),
    Explain(explain::ExplainArgs),
    Rules(rules::RulesArgs),
    Schema(schema::SchemaArgs),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
}

/// Run the command that the arguments name.
pub fn main(arguments: impl Iterator<Item = OsString>) -> Exit {
    let args = match Args::try_parse_from(arguments) {
        Ok(args) => args,
        Err(error) => {
            // Help and version are no errors and go to standard output.
            let exit = if error.use_stderr() { Exit::Failed } else { Exit::Clean };
            // A reader that went away does not matter here.
            let _ = error.print();
            return exit;
        }
    };
    let result = match args.command {
        Command::Check(args) => check::run(&args),
        Command::Baseline(args) => baseline::run(&args),
        Command::Can(args) => can::run(&args),
        Command::Test(args) => test::run(&args),
        Command::Diff(args) => diff::run(&args),
        Command::Who(args) => who::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Rules(args) => rules::run(&args),
        Command::Schema(args) => schema::run(&args),
        Command::Completions(args) => completions::run(&args),
        Command::Man(args) => man::run(&args),
    };
    match result {
        Ok(exit) => exit,
        // `iamlint check | head` is no failure.
        Err(Failure::Io(error)) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Clean,
        Err(failure) => {
            tell(&failure);
            Exit::Failed
        }
    }
}

/// Say why a command could not do its job.
fn tell(failure: &Failure) {
    eprintln!("iamlint: {failure}");
}

/// Why a command could not do its job.
#[derive(Debug)]
enum Failure {
    /// Reading or writing.
    Io(io::Error),
    /// Said as it stands, with what to do next.
    Message(String),
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Failure::Io(error) => write!(f, "failed to write: {error}"),
            Failure::Message(message) => f.write_str(message),
        }
    }
}

impl From<Box<ConfigError>> for Failure {
    fn from(error: Box<ConfigError>) -> Self {
        let lines = error.lines();
        Failure::Message(lines.iter().map(|line| one_line(line)).collect::<Vec<_>>().join("\n"))
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure::Io(error)
    }
}

/// "unknown rule `x`", with the nearest known one.
fn unknown_rule(id: &str) -> Failure {
    let near = crate::config::nearest(id, crate::rules::RULES.iter().map(|rule| rule.id));
    let hint = near.map_or("run `iamlint rules` for the list".to_owned(), |near| format!("did you mean `{near}`?"));
    Failure::Message(format!("unknown rule `{id}`; {hint}"))
}
