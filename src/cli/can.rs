//! `iamlint can`: is one request allowed, and why.

use super::asking::{Asking, tell_ledger};
use super::choosing;
use super::inputs::{ConfigArgs, InputArgs};
use super::policies::{self, Loaded};
use super::{Exit, Failure};
use crate::access::decide::{Decision, Question, Verdict, decide_all};
use crate::access::{Context, Request};
use crate::lint::ledger::{Entry, Unjudged};
use crate::report;
use crate::site::PolicyKind;
use clap::{Args, ValueEnum};
use serde_json::json;
use std::io::Write as _;
use std::path::Path;

/// Say whether a request is allowed, and what each statement has to do with it
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  iamlint can --policy trust.json --principal arn:aws:iam::444455556666:user/alice --action sts:AssumeRole
  iamlint can --policy roles.yaml#Resources.CiRole --principal ec2.amazonaws.com --action sts:AssumeRole \\
      --context aws:SourceAccount=111122223333
  iamlint can --policy 'infra#module.ci[\"a\"].*' --principal ec2.amazonaws.com --action sts:AssumeRole
  iamlint can --policy bucket.json --identity alice.json --principal arn:aws:iam::111122223333:user/alice \\
      --action s3:GetObject --resource arn:aws:s3:::reports/a

Without --identity, the caller's identity policies are taken to allow what a trust or resource policy grants to its
account. The keys that follow from the caller, such as aws:PrincipalArn, need no --context.

Exit codes:
  0  allowed
  1  denied
  2  not decided: arguments, a policy that cannot be read, a value in it that is not known, or a point that AWS does
     not document")]
pub struct CanArgs {
    /// Policies to ask: trust, resource or identity policies, in all that `check` reads; FILE#ADDRESS where a file or a
    /// folder holds several, `-` for standard input
    #[arg(long, value_name = "FILE", required = true, num_args = 1..)]
    policy: Vec<String>,
    /// Who calls: ARN, account id, service host, identity provider, or `anonymous`
    #[arg(long, value_name = "PRINCIPAL")]
    principal: String,
    /// What it calls, `service:Name` (repeatable: all of them are needed)
    #[arg(long, value_name = "ACTION", required = true)]
    action: Vec<String>,
    /// The ARN of the resource; for a trust policy, of the role
    #[arg(long, value_name = "ARN")]
    resource: Option<String>,
    /// The account of the resource, where its ARN does not say
    #[arg(long, value_name = "ACCOUNT")]
    resource_account: Option<String>,
    /// A condition key with its value (repeatable; the same key again adds a value)
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_value)]
    context: Vec<(String, String)>,
    /// Identity policies of the caller
    #[arg(long, value_name = "FILE", num_args = 1.., help_heading = "Other policies")]
    identity: Vec<String>,
    /// Permissions boundary of the caller
    #[arg(long, value_name = "FILE", help_heading = "Other policies")]
    boundary: Option<String>,
    /// Session policies of the caller
    #[arg(long, value_name = "FILE", num_args = 1.., help_heading = "Other policies")]
    session: Vec<String>,
    /// Service control policies of the caller's account; one of them has to allow, as FullAWSAccess does
    #[arg(long, value_name = "FILE", num_args = 1.., help_heading = "Other policies")]
    scp: Vec<String>,
    /// Resource control policies of the resource's account
    #[arg(long, value_name = "FILE", num_args = 1.., help_heading = "Other policies")]
    rcp: Vec<String>,
    #[command(flatten)]
    input: InputArgs,
    /// How to write the answer
    #[arg(long, value_enum, default_value = "text", help_heading = "Output")]
    format: AnswerFormat,
    #[command(flatten)]
    config: ConfigArgs,
}

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum AnswerFormat {
    /// For people
    Text,
    /// For programs
    Json,
}

fn key_value(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("expected KEY=VALUE, such as `sts:ExternalId=abc`")?;
    Ok((key.to_owned(), value.to_owned()))
}

pub fn run(args: &CanArgs) -> Result<Exit, Failure> {
    let policies = load(args)?;
    let mut request = request(args, &policies)?;
    let account = policies::locate(&policies, &mut request);
    let has = |kind: PolicyKind| policies.iter().any(|loaded| loaded.kind == kind);
    if has(PolicyKind::Trust) && has(PolicyKind::Identity) && request.resource.is_none() {
        let message = "the role's ARN is missing, which identity policies are asked about; name it with --resource";
        return Err(Failure::Message(message.to_owned()));
    }
    let question = Question {
        policies: &policies::attached(&policies),
        identity_known: has(PolicyKind::Identity),
        account: args.resource_account.as_deref().or(account.as_deref()),
        request: &request,
    };
    let verdict = decide_all(&question, &args.action);
    let mut not_judged = Unjudged::default();
    policies.iter().flat_map(|loaded| &loaded.not_judged).for_each(|entry| not_judged.count(entry));
    write(args, &policies, &verdict, &not_judged)?;
    tell_ledger(&not_judged);
    Ok(match verdict.decision {
        Decision::Allowed => Exit::Clean,
        Decision::ImplicitlyDenied | Decision::ExplicitlyDenied => Exit::Findings,
        Decision::Unknown => Exit::Failed,
    })
}

fn load(args: &CanArgs) -> Result<Vec<Loaded>, Failure> {
    let here = Path::new("");
    let asking = Asking::new(&args.config)?;
    let groups: [(&[String], Option<PolicyKind>); 6] = [
        (&args.policy, None),
        (&args.identity, Some(PolicyKind::Identity)),
        (args.boundary.as_slice(), Some(PolicyKind::Boundary)),
        (&args.session, Some(PolicyKind::Session)),
        (&args.scp, Some(PolicyKind::Scp)),
        (&args.rcp, Some(PolicyKind::Rcp)),
    ];
    let mut policies = Vec::new();
    for (files, kind) in groups {
        for file in files {
            policies.push(choosing::load(file, here, kind, &asking, &args.input)?);
        }
    }
    policies::take_for(&mut policies, &args.action).map_err(Failure::Message)?;
    Ok(policies)
}

fn request(args: &CanArgs, policies: &[Loaded]) -> Result<Request, Failure> {
    let role_account = args.resource_account.clone().or_else(|| {
        let arn = args.resource.as_deref().and_then(crate::access::decide::eval::keys::account_of);
        arn.map(str::to_owned).or_else(|| policies.iter().find_map(|loaded| loaded.account.clone()))
    });
    let caller = policies::caller(&args.principal, role_account.as_deref()).ok_or_else(|| {
        Failure::Message(format!(
            "`{}` is no principal; expected the ARN of a user, role, session or provider, an account id, or a host",
            args.principal
        ))
    })?;
    let mut context = Context::default();
    for (key, value) in &args.context {
        let mut values = context.get(key).map(<[String]>::to_vec).unwrap_or_default();
        values.push(value.clone());
        context.set(key, values);
    }
    let action = args.action.first().cloned().unwrap_or_default();
    Ok(Request { action, caller, resource: args.resource.clone(), context })
}

fn write(args: &CanArgs, policies: &[Loaded], verdict: &Verdict, not_judged: &Unjudged) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match args.format {
        AnswerFormat::Text => {
            writeln!(out, "{}: {}", verdict.decision, verdict.reason)?;
            for line in policies::trace_text(policies, verdict) {
                writeln!(out, "  {line}")?;
            }
        }
        AnswerFormat::Json => {
            let of = |loaded: &'_ Loaded| -> Vec<(String, Entry)> {
                loaded.not_judged.iter().map(|entry| (loaded.source.path.clone(), entry.clone())).collect()
            };
            let entries: Vec<(String, Entry)> = policies.iter().flat_map(of).collect();
            let entries = entries.iter().map(|(path, entry)| (path.as_str(), entry.clone()));
            let answer = json!({
                "decision": verdict.decision.name(),
                "reason": verdict.reason,
                "trace": policies::trace_json(policies, verdict),
                "not_judged": report::json::not_judged(not_judged, entries),
            });
            writeln!(out, "{answer}")?;
        }
    }
    Ok(())
}
