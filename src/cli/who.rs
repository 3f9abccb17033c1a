//! `iamlint who`: who can assume each role, and what they must bring.
#![expect(clippy::print_stderr, reason = "the command line talks to its user")]

mod text;

use super::{Exit, Failure};
use crate::access::findings::{self, Finding, Who};
use crate::access::{self, Answer, Guard, Model, Query, Through, explain, review};
use crate::config::{self, Choice, Config, collected};
use crate::discover::{self, DiscoverOptions, Globs, READ_LIMIT};
use crate::input::{self, Found};
use crate::lint;
use crate::policy::{self, Policy};
use crate::site::{OwnerAccount, PolicyKind, PolicySite};
use crate::source::Source;
use crate::syntax::{self, Document, Syntax};
use clap::{Args, ValueEnum};
use rayon::prelude::*;
use serde_json::{Value, json};
use std::io::{self, BufWriter, Write as _};
use std::path::PathBuf;

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
    let mut config =
        config::load(choice, &here, config::registry()).map_err(|error| Failure::Message(error.to_string()))?;
    let exclude = Globs::new(&config.base, &config.exclude).map_err(|error| Failure::Message(error.message))?;
    let options = DiscoverOptions { working_directory: here, exclude: vec![exclude], ..DiscoverOptions::default() };
    let discovery = discover::discover(&args.paths, &options);
    if let Some(told) = collected::complete(&mut config.org, &discovery.files) {
        eprintln!("iamlint: {told}");
    }
    let mut failed = false;
    for error in &discovery.errors {
        eprintln!("iamlint: {}: {}", error.path, error.message);
        failed = true;
    }
    let read: Vec<Result<Vec<Role>, String>> = discovery.files.par_iter().map(|path| roles_of(path, &config)).collect();
    let mut roles = Vec::new();
    for file in read {
        match file {
            Ok(found) => roles.extend(found),
            Err(message) => {
                eprintln!("iamlint: {message}");
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

/// The roles in one file; an error is said with its place.
fn roles_of(path: &std::path::Path, config: &Config) -> Result<Vec<Role>, String> {
    let shown = discover::shown(path);
    let text = discover::read(path, READ_LIMIT).map_err(|error| format!("{shown}: {error}"))?;
    if !lint::mentions_policy(&text) {
        return Ok(Vec::new());
    }
    let source = Source::new(shown, text);
    let syntax = Syntax::of(&source.path, &source.text);
    let parsed = syntax::parse(&source.text, syntax);
    let problem = parsed.problems.first();
    let mut roles = Vec::new();
    for root in parsed.documents {
        let document = Document { text: &source.text, syntax, root };
        let Some((format, _)) = input::detect(&document) else { continue };
        if let Some(problem) = problem {
            let place = source.position(problem.span.start);
            return Err(format!("{}:{}:{}: {}", source.path, place.line, place.column, problem.message));
        }
        let mut found = Found { path: &source.path, ..Found::default() };
        format.extract(&document, &mut found);
        roles.extend(
            found.sites.iter().filter(|site| site.kind == PolicyKind::Trust).map(|site| role(site, &source, config)),
        );
    }
    Ok(roles)
}

fn role(site: &PolicySite<'_>, source: &Source, config: &Config) -> Role {
    let policy = policy::lower(&site.document);
    let account = match &site.owner.account {
        OwnerAccount::Id(id) => Some(id.as_str()),
        OwnerAccount::Unknown => None,
    };
    let estate = config.org.estate(account);
    let model = access::analyse(&policy, &estate);
    let findings = findings::who(&model);
    let guards =
        if findings.iter().any(|finding| finding.who == Who::Anybody) { Vec::new() } else { guards(&model, source) };
    Role {
        path: source.path.clone(),
        line: source.position(site.document.span.start).line,
        address: site.address.clone(),
        branch: site.branch.clone(),
        guards,
        limits: review::limits(&model).iter().map(|reason| format!("{reason:?}")).collect(),
        findings,
        policy,
    }
}

/// What keeps a stranger of another account out: each condition without which one would come in.
fn guards(model: &Model, source: &Source) -> Vec<String> {
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
                "who": text::whom(finding),
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
