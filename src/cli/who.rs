//! `iamlint who`: who can assume each role, and what they must bring.
#![expect(clippy::print_stderr, reason = "the command line talks to its user")]

mod text;

use super::{Exit, Failure};
use crate::access::analysis::explain;
use crate::access::analysis::redundancy;
use crate::access::analysis::who::{self, Finding};
use crate::access::{self, Answer, CompiledPolicy, Guard, Query, Through};
use crate::config::{self, Choice, Config, collected};
use crate::discover::{self, DiscoverOptions, Globs, READ_LIMIT};
use crate::lint::Disk;
use crate::load::{self, How, Loaded};
use crate::policy::{self, Policy};
use crate::report::one_line;
use crate::site::{OwnerAccount, PolicyKind, PolicySite};
use crate::source::Source;
use clap::{Args, ValueEnum};
use rayon::prelude::*;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashSet};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

/// Say who can assume each role, and what they must bring
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  iamlint who                                every role under the working directory
  iamlint who infra/ci.yaml --format json
  aws iam get-role --role-name ci > ci.json && iamlint who ci.json

What the answers mean and what they leave out: docs/access-engine.md")]
pub struct WhoArgs {
    /// Files and folders
    #[arg(value_name = "PATH", default_value = ".")]
    paths: Vec<PathBuf>,
    /// How to write the answers
    #[arg(long, value_enum, default_value = "text")]
    format: WhoFormat,
    /// Use this configuration instead of searching for one
    #[arg(long, value_name = "FILE", conflicts_with = "isolated")]
    config: Option<PathBuf>,
    /// Use no configuration file
    #[arg(long)]
    isolated: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum WhoFormat {
    Text,
    Json,
}

/// One role and everybody who can assume it.
struct Role {
    path: String,
    line: usize,
    address: String,
    /// The conditions of the template under which the policy is so.
    branch: Vec<(String, bool)>,
    policy: Policy,
    findings: Vec<Finding>,
    /// What keeps strangers out, where they do not come in.
    guards: Vec<String>,
    /// Why the answer may lack somebody.
    limits: Vec<String>,
}

pub fn run(args: &WhoArgs) -> Result<Exit, Failure> {
    let here = std::env::current_dir()?;
    let choice = match (&args.config, args.isolated) {
        (_, true) => Choice::Isolated,
        (Some(path), false) => Choice::File(path),
        (None, false) => Choice::Search,
    };
    let mut config = config::load(choice, &here, config::registry())?;
    let exclude = Globs::new(&config.base, &config.exclude).map_err(|error| Failure::Message(error.message))?;
    let options = DiscoverOptions { working_directory: here, exclude: vec![exclude], ..DiscoverOptions::default() };
    let discovery = discover::discover(&args.paths, &options);
    let files: Vec<PathBuf> = discovery.files.into_iter().map(|file| file.path).collect();
    if let Some(told) = collected::complete(&mut config.org, &files) {
        eprintln!("iamlint: {told}");
    }
    let mut failed = false;
    for error in &discovery.errors {
        eprintln!("iamlint: {}: {}", one_line(&error.path), error.message);
        failed = true;
    }
    let read: Vec<Result<Vec<Role>, String>> = units(&files).par_iter().map(|unit| roles_of(unit, &config)).collect();
    let mut roles = Vec::new();
    for file in read {
        match file {
            Ok(found) => roles.extend(found),
            Err(message) => {
                eprintln!("iamlint: {}", one_line(&message));
                failed = true;
            }
        }
    }
    if roles.is_empty() && !failed {
        eprintln!("iamlint: no role found; `iamlint check --show-files` says what each file was taken for");
    }
    let mut out = BufWriter::new(io::stdout().lock());
    match args.format {
        WhoFormat::Text => roles.iter().try_for_each(|role| text::write(role, &mut out))?,
        WhoFormat::Json => {
            let roles: Vec<Value> = roles.iter().map(describe).collect();
            serde_json::to_writer_pretty(&mut out, &json!({"version": 1, "roles": roles})).map_err(io::Error::from)?;
            writeln!(out)?;
        }
    }
    out.flush()?;
    Ok(if failed { Exit::Failed } else { Exit::Clean })
}

/// What is read at once: a file, or a folder of Terraform with the files that were asked for.
enum Unit<'a> {
    File(&'a Path),
    Folder(PathBuf, Vec<&'a Path>),
}

fn units(files: &[PathBuf]) -> Vec<Unit<'_>> {
    let mut units = Vec::new();
    let mut folders: BTreeMap<PathBuf, Vec<&Path>> = BTreeMap::new();
    for path in files {
        match load::is_terraform(path) {
            true => folders.entry(path.parent().unwrap_or(Path::new("")).to_owned()).or_default().push(path),
            false => units.push(Unit::File(path)),
        }
    }
    units.extend(folders.into_iter().map(|(folder, files)| Unit::Folder(folder, files)));
    units
}

/// The roles in one unit; an error is said with its place.
fn roles_of(unit: &Unit<'_>, config: &Config) -> Result<Vec<Role>, String> {
    match unit {
        Unit::File(path) => {
            let shown = discover::shown(path);
            let text = discover::read(path, READ_LIMIT).map_err(|error| format!("{shown}: {error}"))?;
            let source = Source::new(shown, text);
            load::text(&source, How::default(), |loaded| roles_in(&source, &loaded, config))
        }
        Unit::Folder(folder, files) => {
            let read = load::folder_of(folder, &Disk::default());
            let asked: HashSet<String> = files.iter().map(|file| discover::shown(file)).collect();
            let roles = read
                .values()
                .filter(|(source, _)| asked.contains(&source.path))
                .map(|(source, loaded)| roles_in(source, loaded, config));
            roles.collect::<Result<Vec<_>, _>>().map(|roles| roles.into_iter().flatten().collect())
        }
    }
}

fn roles_in(source: &Source, loaded: &Loaded<'_>, config: &Config) -> Result<Vec<Role>, String> {
    if let Some(problem) = loaded.broken.first() {
        let place = source.position(problem.span.start);
        return Err(format!("{}:{}:{}: {}", source.path, place.line, place.column, problem.message));
    }
    let trusts = loaded.found.sites.iter().filter(|site| site.kind == PolicyKind::Trust);
    Ok(trusts.map(|site| role(site, source, config)).collect())
}

fn role(site: &PolicySite<'_>, source: &Source, config: &Config) -> Role {
    let policy = policy::lower(&site.document);
    let account = match &site.owner.account {
        OwnerAccount::Id(id) => Some(id.as_str()),
        OwnerAccount::Unknown => None,
    };
    let estate = config.org.estate(account);
    let model = access::analyse(&policy, &estate);
    let findings = who::who(&model);
    let guards = if findings.iter().any(|finding| finding.stranger) { Vec::new() } else { guards(&model, source) };
    Role {
        path: source.path.clone(),
        line: source.position(site.document.span.start).line,
        address: site.address.clone(),
        branch: site.branch.clone(),
        guards,
        limits: redundancy::limits(&model).iter().map(|reason| format!("{reason:?}")).collect(),
        findings,
        policy,
    }
}

/// What keeps a stranger of another account out: each condition without which one would come in.
fn guards(model: &CompiledPolicy, source: &Source) -> Vec<String> {
    let query = Query::Anybody { knows_external_id: true };
    if !matches!(access::ask(model, &query), Answer::Never(_)) {
        return Vec::new();
    }
    let proof = explain::why_never(model, &query, Through::default());
    let place = |guard: &Guard| {
        let place = source.position(guard.span.start);
        let text: String = source.slice(guard.span).split_whitespace().collect::<Vec<_>>().join(" ");
        let text: String = text.chars().take(100).collect();
        format!("{}:{}:{}: {text}", source.path, place.line, place.column)
    };
    proof.held_back_by.iter().map(place).collect()
}

fn describe(role: &Role) -> Value {
    let findings: Vec<Value> = role
        .findings
        .iter()
        .map(|finding| {
            let needs: serde_json::Map<String, Value> = finding
                .needs
                .iter()
                .map(|need| (need.key.clone(), need.values.iter().map(|value| json!(value)).collect()))
                .collect();
            json!({
                "who": text::whom(role, finding),
                "stranger": finding.stranger,
                "boundBy": finding.bound_by,
                "actions": finding.actions,
                "needs": needs,
                "possibly": finding.possibly,
            })
        })
        .collect();
    json!({
        "path": role.path,
        "line": role.line,
        "resource": role.address,
        "when": role.branch.iter().map(|(name, value)| (name.clone(), json!(value))).collect::<serde_json::Map<_, _>>(),
        "who": findings,
        "heldBackBy": role.guards,
        "limits": role.limits,
    })
}
