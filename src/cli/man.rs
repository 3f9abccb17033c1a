//! `iamlint man`: pages for `man`.

use super::{Exit, Failure};
use clap::{Args, CommandFactory as _};
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Print the manual page, or that of a command
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  iamlint man check | man -l -
  iamlint man --folder /usr/local/share/man/man1")]
pub struct ManArgs {
    /// The command; without, the page of iamlint itself
    #[arg(value_name = "COMMAND")]
    command: Option<String>,
    /// Write every page into this folder
    #[arg(long, value_name = "FOLDER", conflicts_with = "command")]
    folder: Option<PathBuf>,
}

pub fn run(args: &ManArgs) -> Result<Exit, Failure> {
    let mut root = super::Args::command();
    root.build();
    if let Some(folder) = &args.folder {
        write_all(&root, folder)?;
        return Ok(Exit::Clean);
    }
    let command = match &args.command {
        None => &root,
        Some(name) => root.find_subcommand(name).ok_or_else(|| unknown(name, &root))?,
    };
    io::stdout().lock().write_all(&page(command)?)?;
    Ok(Exit::Clean)
}

fn page(command: &clap::Command) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut page)?;
    Ok(page)
}

fn write_all(root: &clap::Command, folder: &Path) -> Result<(), Failure> {
    for command in std::iter::once(root).chain(root.get_subcommands()) {
        let name = command.get_display_name().unwrap_or(command.get_name());
        let path = folder.join(format!("{name}.1"));
        let failed = |error| Failure::Message(format!("failed to write {}: {error}", path.display()));
        fs::write(&path, page(command)?).map_err(failed)?;
    }
    Ok(())
}

fn unknown(name: &str, root: &clap::Command) -> Failure {
    let known = || root.get_subcommands().map(clap::Command::get_name);
    let hint = match crate::config::nearest(name, known()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("one of {}", known().collect::<Vec<_>>().join(", ")),
    };
    Failure::Message(format!("there is no command `{name}`; {hint}"))
}
