//! `iamlint who`: who can assume each role, and what they must bring.
#![expect(clippy::print_stderr, reason = "the command line talks to its user")]

mod text;
mod unknown;
mod when;

use super::addresses;
use super::asking::{Asking, tell_ledger};
use super::inputs::{ConfigArgs, ReadArgs};
use super::{Exit, Failure};
use crate::access::analysis::explain;
use crate::access::analysis::redundancy;
use crate::access::analysis::who::{self, Finding};
use crate::access::{self, Answer as Decided, CompiledPolicy, Guard, Query, Through};
use crate::lint::{FileReport, PolicyReport};
use crate::policy::{self, Policy};
use crate::report;
use crate::rules::Org;
use crate::site::{OwnerAccount, PolicyKind, PolicySite};
use crate::source::Source;
use crate::value::Value;
use clap::{Args, ValueEnum};
use rayon::prelude::*;
use serde_json::{Map, Value as Json, json};
use std::io::{self, BufWriter, Write as _};
use unknown::Names;
use when::{Branch, When};

/// Say who can assume each role, and what they must bring
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  iamlint who                                every role under the working directory
  iamlint who infra/ci.yaml --format json
  iamlint who infra --resource 'module.partners*'
  aws iam get-role --role-name ci | iamlint who -

What the answers mean and what they leave out: docs/access-engine.md")]
pub struct WhoArgs {
    #[command(flatten)]
    read: ReadArgs,
    /// Only the roles with this address; `*` and `?` stand for any characters (repeatable)
    #[arg(long, value_name = "ADDRESS", help_heading = "Input")]
    resource: Vec<String>,
    /// How to write the answers
    #[arg(long, value_enum, default_value = "text", help_heading = "Output")]
    format: WhoFormat,
    #[command(flatten)]
    config: ConfigArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum WhoFormat {
    Text,
    Json,
}

/// One role.
struct Role {
    path: String,
    line: usize,
    address: String,
    /// Everybody who can assume it: several answers where conditions of the template decide.
    answers: Vec<Answer>,
}

/// Everybody who can assume a role.
struct Answer {
    /// The conditions of the template under which it is so.
    when: When,
    policy: Policy,
    /// The policy as it is written, for the names of what is not known in it.
    document: Value<'static>,
    names: Names,
    findings: Vec<Finding>,
    /// What keeps strangers out, where they do not come in.
    guards: Vec<String>,
    /// Why the answer may lack somebody.
    limits: Vec<String>,
}

pub fn run(args: &WhoArgs) -> Result<Exit, Failure> {
    let read = Asking::new(&args.config)?.read(&args.read, &[PolicyKind::Trust])?;
    let mut failed = read.tell_errors();
    let of_file = |file: &'_ FileReport| -> Vec<Role> {
        let names = Names::of(file.format);
        let trusts = file.policies.par_iter().filter(|policy| !policy.forms.is_empty());
        trusts.map(|trust| role(&file.source, trust, names, &read.org)).collect()
    };
    let roles: Vec<Role> = read.report.files.par_iter().flat_map(of_file).collect();
    if roles.is_empty() && !failed {
        eprintln!("iamlint: no role found; `iamlint check --show-files` says what each file was taken for");
        // Who pipes something has a role in mind.
        failed = args.read.stdin() && !args.read.input.allow_empty;
    }
    let roles = match args.resource.is_empty() {
        true => roles,
        false => chosen(roles, &args.resource)?,
    };
    let mut out = BufWriter::new(io::stdout().lock());
    match args.format {
        WhoFormat::Text => roles.iter().try_for_each(|role| text::write(role, &mut out))?,
        WhoFormat::Json => {
            let roles: Vec<Json> = roles.iter().flat_map(describe).collect();
            let not_judged = report::json::not_judged(&read.report.summary.not_judged, read.report.not_judged());
            let answer = json!({"version": 1, "roles": roles, "not_judged": not_judged});
            serde_json::to_writer_pretty(&mut out, &answer).map_err(io::Error::from)?;
            writeln!(out)?;
        }
    }
    out.flush()?;
    tell_ledger(&read.report.summary.not_judged);
    Ok(if failed { Exit::Failed } else { Exit::Clean })
}

/// The roles with these addresses.
fn chosen(roles: Vec<Role>, wanted: &[String]) -> Result<Vec<Role>, Failure> {
    for wanted in wanted {
        if !roles.iter().any(|role| addresses::is_named(&role.address, wanted)) {
            let near = addresses::near(wanted, roles.iter().map(|role| role.address.clone()));
            return Err(Failure::Message(format!("--resource: no role with the address `{wanted}`; {near}")));
        }
    }
    let is_wanted = |role: &Role| wanted.iter().any(|wanted| addresses::is_named(&role.address, wanted));
    Ok(roles.into_iter().filter(is_wanted).collect())
}

/// A role with its answers. Forms of its trust policy that come to the same are one answer.
fn role(source: &Source, trust: &PolicyReport, names: Names, org: &Org) -> Role {
    let start = trust.forms.first().map_or(trust.span.start, |form| form.document.span.start);
    let mut said: Vec<(String, Answer)> = Vec::new();
    let mut branches: Vec<(Branch, usize)> = Vec::new();
    for form in &trust.forms {
        let answer = answer(form, source, names, org);
        let text = text::body(&answer);
        let known = said.iter().position(|(known, _)| *known == text).unwrap_or_else(|| {
            said.push((text, answer));
            said.len() - 1
        });
        branches.push((form.branch.clone(), known));
    }
    let whens = when::of(branches, said.len());
    let answers = said.into_iter().zip(whens).map(|((_, answer), when)| Answer { when, ..answer });
    Role {
        path: source.path.clone(),
        line: source.position(start).line,
        address: trust.address.clone(),
        answers: answers.collect(),
    }
}

/// Who can assume a role whose trust policy has this form.
fn answer(site: &PolicySite<'static>, source: &Source, names: Names, org: &Org) -> Answer {
    let policy = policy::lower(&site.document);
    let account = match &site.owner.account {
        OwnerAccount::Id(id) => Some(id.as_str()),
        OwnerAccount::Unknown => None,
    };
    let estate = org.estate(account);
    let model = access::analyse(&policy, &estate);
    let findings = who::who(&model);
    let guards = if findings.iter().any(|finding| finding.stranger) { Vec::new() } else { guards(&model, source) };
    Answer {
        when: When::default(),
        guards,
        limits: redundancy::limits(&model).iter().map(ToString::to_string).collect(),
        findings,
        policy,
        document: (*site.document).clone(),
        names,
    }
}

/// What keeps a stranger of another account out: each condition without which one would come in.
fn guards(model: &CompiledPolicy, source: &Source) -> Vec<String> {
    let query = Query::Anybody { knows_external_id: true };
    if !matches!(access::ask(model, &query), Decided::Never(_)) {
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

/// The answers about a role for programs.
fn describe(role: &Role) -> Vec<Json> {
    role.answers.iter().map(|answer| describe_answer(role, answer)).collect()
}

fn describe_answer(role: &Role, answer: &Answer) -> Json {
    let findings: Vec<Json> = answer
        .findings
        .iter()
        .map(|finding| {
            let needs: Map<String, Json> = finding
                .needs
                .iter()
                .map(|need| (need.key.clone(), need.values.iter().map(|value| json!(value)).collect()))
                .collect();
            json!({
                "who": text::whom(answer, finding),
                "stranger": finding.stranger,
                "boundBy": finding.bound_by,
                "actions": finding.actions,
                "needs": needs,
                "possibly": finding.possibly,
            })
        })
        .collect();
    let object =
        |branch: &Branch| -> Json { branch.iter().map(|(name, value)| (name.clone(), json!(value))).collect() };
    let mut told = json!({
        "path": role.path,
        "line": role.line,
        "resource": role.address,
        "when": object(&answer.when.always),
        "who": findings,
        "unknown": answer.names.principals(&answer.document),
        "heldBackBy": answer.guards,
        "limits": answer.limits,
    });
    if !answer.when.cases.is_empty() {
        told["whenAny"] = answer.when.cases.iter().map(object).collect();
    }
    told
}
