//! `iamlint diff`: what access two versions of the same policies gain and lose.
#![expect(clippy::print_stderr, reason = "the command line talks to its user")]

mod contents;
mod json;
mod outcome;
mod pairs;
mod revision;
mod terraform;
mod text;
mod versioned;
mod versions;

use super::can::AnswerFormat;
use super::judging::STDIN;
use super::style::{self, Color};
use super::{Exit, Failure};
use crate::input;
use crate::input::terraform::Files;
use crate::lint::Disk;
use crate::lint::ledger::{Entry, Unjudged};
use crate::load::How;
use crate::report;
use crate::site::PolicyKind;
use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};
use contents::{Contents, FilePair, Obstacle};
use outcome::Outcome;
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use terraform::Version;

/// Show what access policies gained and lost between two versions
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  iamlint diff old.json new.json
  iamlint diff deployed.json -                   the new version from standard input
  iamlint diff before/ after/                    files by their paths, policies by their addresses
  iamlint diff plan.json                         what a Terraform plan changes (terraform show -json)
  iamlint diff --base main                       the working tree against a git revision
  iamlint diff --base \"$(git merge-base origin/main HEAD)\" infra/
  iamlint diff --base HEAD --fail-on any --format json
  iamlint diff events.json                       what each event of CloudTrail changed

Every access that is gained or lost is shown with a request that one version allows and the other does not. Equal means
proved: no request tells the versions apart, however they are written. What cannot be proved fails the gate.

Exit codes:
  0  nothing that --fail-on names
  1  access was gained (or lost, as --fail-on says), or it is not certain that it was not
  2  not compared: arguments, git, a file or policy that cannot be read")]
pub struct DiffArgs {
    /// OLD and NEW, two files or two folders, or one file that holds both; with --base, what to compare (default: .)
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Compare the working tree with this git revision
    #[arg(long, value_name = "REV", help_heading = "Input")]
    base: Option<String>,
    /// What raw policy documents are attached to, instead of guessing
    #[arg(long, value_name = "KIND", value_parser = PossibleValuesParser::new(PolicyKind::ALL.map(|(_, name)| name)), help_heading = "Input")]
    kind: Option<String>,

    /// Take every file for this format instead of looking at it
    #[arg(long, value_name = "FORMAT", value_parser = PossibleValuesParser::new(input::ALL.iter().map(|input| input.name())), help_heading = "Input")]
    input_format: Option<String>,
    /// Name that standard input has; its ending tells the syntax
    #[arg(long, value_name = "NAME", help_heading = "Input")]
    stdin_filename: Option<String>,
    /// Accept that there is no policy in either version
    #[arg(long, help_heading = "Input")]
    allow_empty: bool,

    /// End with 1 when access changed so
    #[arg(long, value_enum, default_value = "gained", help_heading = "Gate")]
    fail_on: FailOn,

    /// How to write the changes
    #[arg(long, value_enum, default_value = "text", help_heading = "Output")]
    format: AnswerFormat,
    /// When to use colour
    #[arg(long, value_enum, default_value = "auto", help_heading = "Output")]
    color: Color,
    /// Only the changes: no summary
    #[arg(long, short, help_heading = "Output")]
    quiet: bool,
    /// Also list the policies that allow the same
    #[arg(long, short, help_heading = "Output")]
    verbose: bool,
}

/// Which change closes the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// Access that the old version does not give
    Gained,
    /// Access that the new version does not give
    Lost,
    /// Either
    Any,
    /// Nothing
    Never,
}

pub fn run(args: &DiffArgs) -> Result<Exit, Failure> {
    let kind = args.kind.as_deref().and_then(PolicyKind::from_name);
    let format = input::ALL.iter().find(|input| Some(input.name()) == args.input_format.as_deref()).copied();
    let how = How { kind, format };
    let stdin = args.stdin_filename.as_deref().unwrap_or(STDIN);
    let mut alone = 0;
    let read: Vec<(Contents, Contents)> = match (&args.base, args.paths.as_slice()) {
        (None, [file]) => {
            let both = versioned::read(file, kind)?;
            alone = both.alone;
            vec![(both.old, both.new)]
        }
        (None, [old, new]) => {
            let (pairs, folders) = versions::of_paths(old, new, &std::env::current_dir()?, stdin)?;
            let disk = Disk::default();
            let version = |base| Version { files: &disk, base };
            let mut read = contents(pairs, how);
            read.extend(terraform::compare(&folders, version(old), version(new), None));
            read
        }
        (Some(base), paths) => {
            let all = [PathBuf::from(".")];
            let changed = revision::changed(base, if paths.is_empty() { &all } else { paths })?;
            let disk = Disk::default();
            let version = |files| Version { files, base: Path::new("") };
            let (old, new) = (version(&changed.files as &dyn Files), version(&disk));
            let mut read = contents(changed.pairs, how);
            read.extend(terraform::compare(&changed.folders, old, new, Some(&changed.files)));
            read
        }
        (None, paths) => {
            return Err(Failure::Message(format!(
                "expected OLD and NEW, or --base REV to compare with a git revision; found {} paths",
                paths.len()
            )));
        }
    };

    let (mut old, mut new) = (Vec::new(), Vec::new());
    let (mut unresolved, mut obstacles) = (Vec::new(), Vec::new());
    let mut not_judged = Vec::new();
    for (mut before, mut after) in read {
        // Next to a version that cannot be read, every policy of the other would seem added or removed.
        if before.obstacles.is_empty() && after.obstacles.is_empty() {
            unresolved.append(&mut changed_unresolved(&before, &after));
            old.append(&mut before.sites);
            new.append(&mut after.sites);
        }
        not_judged.append(&mut after.not_judged);
        obstacles.append(&mut before.obstacles);
        obstacles.append(&mut after.obstacles);
    }
    if alone > 0 && !args.quiet {
        let (policies, have) = if alone == 1 { ("policy", "has") } else { ("policies", "have") };
        eprintln!("iamlint: not compared: {alone} {policies} that {have} no earlier version in this file");
    }
    // With a revision, and in one file, there is nothing to compare where no policy changed.
    let is_pair = args.base.is_none() && args.paths.len() == 2;
    if is_pair && !args.allow_empty && old.is_empty() && new.is_empty() && unresolved.is_empty() && obstacles.is_empty()
    {
        return Err(Failure::Message("no policy found in either version; use --allow-empty to accept it".to_owned()));
    }
    let outcome = Outcome::of(pairs::pairs(&old, &new), unresolved, obstacles);
    write(args, &outcome, &not_judged)?;
    Ok(match (outcome.obstacles.is_empty(), outcome.fails(args.fail_on)) {
        (false, _) => Exit::Failed,
        (true, true) => Exit::Findings,
        (true, false) => Exit::Clean,
    })
}

fn contents(pairs: Vec<FilePair>, how: How) -> Vec<(Contents, Contents)> {
    let both = |FilePair { key, old, new }| {
        let contents = |version: Option<_>| version.map(|version| versions::contents(&key, version, how));
        (contents(old).unwrap_or_default(), contents(new).unwrap_or_default())
    };
    pairs.into_par_iter().map(both).collect()
}

/// Policies of which nothing is known until deployment, where the versions differ.
fn changed_unresolved(before: &Contents, after: &Contents) -> Vec<Obstacle> {
    let words = |contents: &Contents| -> BTreeSet<(String, String)> {
        contents.unresolved.iter().map(|(said, text)| (said.message.clone(), text.clone())).collect()
    };
    let (old, new) = (words(before), words(after));
    let missing = |contents: &Contents, other: &BTreeSet<(String, String)>| -> Vec<Obstacle> {
        let lacks = |said: &Obstacle, text: &String| !other.contains(&(said.message.clone(), text.clone()));
        contents.unresolved.iter().filter(|(said, text)| lacks(said, text)).map(|(said, _)| said.clone()).collect()
    };
    let gone =
        missing(before, &new).into_iter().filter(|said| !new.iter().any(|(message, _)| *message == said.message));
    missing(after, &old).into_iter().chain(gone).collect()
}

fn write(args: &DiffArgs, outcome: &Outcome<'_>, not_judged: &[(String, Entry)]) -> Result<(), Failure> {
    let mut counts = Unjudged::default();
    not_judged.iter().for_each(|(_, entry)| counts.count(entry));
    let stdout = io::stdout();
    let style = style::style(args.color, &stdout);
    let mut out = BufWriter::new(stdout.lock());
    match args.format {
        AnswerFormat::Text => text::write(outcome, args.verbose, style, &mut out)?,
        AnswerFormat::Json => {
            let entries = not_judged.iter().map(|(path, entry)| (path.as_str(), entry.clone()));
            let not_judged = report::json::not_judged(&counts, entries);
            json::write(outcome, args.base.as_deref(), &not_judged, &mut out)?;
        }
    }
    out.flush()?;
    for obstacle in &outcome.obstacles {
        eprintln!("iamlint: not compared: {obstacle}");
    }
    if !args.quiet {
        let not_judged = report::summary::not_judged(&counts).map_or_else(String::new, |told| format!("; {told}"));
        eprintln!("{}{not_judged}", text::summary(outcome.counts()));
    }
    Ok(())
}
