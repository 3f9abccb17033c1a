//! `iamlint completions`: what a shell needs to complete our arguments.

use super::{Exit, Failure};
use clap::{Args, CommandFactory as _};
use clap_complete::Shell;
use std::io::{self, Write as _};

/// Print the completions for a shell
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  iamlint completions bash > /etc/bash_completion.d/iamlint
  iamlint completions zsh > ~/.zfunc/_iamlint
  iamlint completions fish > ~/.config/fish/completions/iamlint.fish
  iamlint completions powershell >> $PROFILE")]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

pub fn run(args: &CompletionsArgs) -> Result<Exit, Failure> {
    // The generator panics when it cannot write, so it writes where that cannot be.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut super::Args::command(), "iamlint", &mut script);
    io::stdout().lock().write_all(&script)?;
    Ok(Exit::Clean)
}
