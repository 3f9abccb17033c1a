//! `iamlint schema`: the JSON Schema of the configuration, for editors.

use super::{Exit, Failure};
use crate::config;
use clap::Args;
use std::io::{self, Write as _};

/// Print the JSON Schema of iamlint.toml
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  iamlint schema > iamlint.schema.json
  and `#:schema ./iamlint.schema.json` as the first line of iamlint.toml")]
pub struct SchemaArgs {}

pub fn run(_: &SchemaArgs) -> Result<Exit, Failure> {
    let mut text = serde_json::to_vec_pretty(&config::json_schema()).map_err(io::Error::from)?;
    text.push(b'\n');
    io::stdout().lock().write_all(&text)?;
    Ok(Exit::Clean)
}
