//! What commands read: paths, how files are found and taken, and the configuration. Whoever reads policies takes these.

use crate::config::Choice;
use crate::input::{self, ndjson};
use crate::site::PolicyKind;
use clap::Args;
use clap::builder::PossibleValuesParser;
use std::path::PathBuf;

/// What is read.
#[derive(Debug, Args)]
pub struct ReadArgs {
    /// Files and folders to read, or `-` for standard input
    #[arg(value_name = "PATH", default_value = ".")]
    pub paths: Vec<PathBuf>,
    #[command(flatten)]
    pub input: InputArgs,
}

impl ReadArgs {
    /// The paths, without standard input.
    pub fn files(&self) -> Vec<PathBuf> {
        self.paths.iter().filter(|path| path.as_os_str() != "-").cloned().collect()
    }

    /// Whether standard input is among what is read.
    pub fn stdin(&self) -> bool {
        self.paths.iter().any(|path| path.as_os_str() == "-")
    }
}

/// How files are found, and what they are taken for.
#[derive(Clone, Debug, Default, Args)]
pub struct InputArgs {
    /// Name that standard input has in reports; its ending tells the syntax
    #[arg(long, value_name = "NAME", help_heading = "Input")]
    pub stdin_filename: Option<String>,
    /// Take every file for this format instead of looking at it; `ndjson` is a document on each line
    #[arg(long, value_name = "FORMAT", value_parser = PossibleValuesParser::new(input::ALL.iter().map(|input| input.name()).chain([ndjson::NAME])), help_heading = "Input")]
    pub input_format: Option<String>,
    /// What raw policy documents are attached to, instead of guessing
    #[arg(long, value_name = "KIND", value_parser = PossibleValuesParser::new(PolicyKind::ALL.map(|(_, name)| name)), help_heading = "Input")]
    pub kind: Option<String>,
    /// Set a variable of Terraform (repeatable)
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_var, help_heading = "Input")]
    pub var: Vec<(String, String)>,
    /// Read values of Terraform's variables from this file (repeatable)
    #[arg(long, value_name = "FILE", help_heading = "Input")]
    pub var_file: Vec<PathBuf>,
    /// Folder of the configuration that Terraform plans were made from, if they do not lie in it
    #[arg(long, value_name = "DIR", help_heading = "Input")]
    pub terraform_root: Option<PathBuf>,
    /// Leave out paths that match this pattern (repeatable)
    #[arg(long, value_name = "GLOB", help_heading = "Input")]
    pub exclude: Vec<String>,
    /// Leave out excluded paths even when they are named
    #[arg(long, help_heading = "Input")]
    pub force_exclude: bool,
    /// Do not read .gitignore and .iamlintignore
    #[arg(long, help_heading = "Input")]
    pub no_ignore: bool,
    /// Also judge policies in the JSON fences of Markdown files
    #[arg(long, help_heading = "Input")]
    pub include_markdown: bool,
    /// Accept a folder, or standard input, in which there is no policy
    #[arg(long, help_heading = "Input")]
    pub allow_empty: bool,
}

/// Which configuration is used.
#[derive(Debug, Args)]
pub struct ConfigArgs {
    /// Use this configuration instead of searching for one
    #[arg(long, value_name = "FILE", conflicts_with = "isolated", help_heading = "Configuration")]
    config: Option<PathBuf>,
    /// Use no configuration file
    #[arg(long, help_heading = "Configuration")]
    isolated: bool,
}

impl ConfigArgs {
    /// Which configuration the arguments ask for.
    pub fn choice(&self) -> Choice<'_> {
        match (&self.config, self.isolated) {
            (_, true) => Choice::Isolated,
            (Some(path), false) => Choice::File(path),
            (None, false) => Choice::Search,
        }
    }
}

fn parse_var(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => Ok((name.trim().to_owned(), value.to_owned())),
        _ => Err("expected NAME=VALUE, such as `account_id=111122223333`".to_owned()),
    }
}
