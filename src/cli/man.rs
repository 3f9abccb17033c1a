//! `iamlint man`: pages for `man`.

use super::{Exit, Failure};
use clap::{Args, CommandFactory as _};
use std::io::{self, Write as _};

/// Print the manual page, or that of a command
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  iamlint man check | man -l -
  iamlint man > /usr/local/share/man/man1/iamlint.1")]
pub struct ManArgs {
    /// The command; without, the page of iamlint itself
    #[arg(value_name = "COMMAND")]
    command: Option<String>,
}

pub fn run(args: &ManArgs) -> Result<Exit, Failure> {
    let mut root = super::Args::command();
    root.build();
    let command = match &args.command {
        None => root,
        Some(name) => match root.find_subcommand(name) {
            Some(command) => command.clone(),
            None => return Err(unknown(name, &root)),
        },
    };
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page)?;
    io::stdout().lock().write_all(&page)?;
    Ok(Exit::Clean)
}

fn unknown(name: &str, root: &clap::Command) -> Failure {
    let known = || root.get_subcommands().map(clap::Command::get_name);
    let hint = match crate::config::nearest(name, known()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("one of {}", known().collect::<Vec<_>>().join(", ")),
    };
    Failure::Message(format!("there is no command `{name}`; {hint}"))
}
