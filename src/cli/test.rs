//! `iamlint test`: policy unit tests, one request with the answer that is expected for each.
#![expect(clippy::print_stderr, reason = "the command line talks to its user")]

mod case;

use super::asking::Asking;
use super::can::AnswerFormat;
use super::inputs::ConfigArgs;
use super::policies;
use super::{Exit, Failure};
use crate::access::decide::{Decision, Question, Verdict, decide_all};
use case::{Case, Expect};
use clap::Args;
use serde_json::json;
use std::io::{BufWriter, Write};

/// Run policy unit tests: is each request allowed or denied as expected
#[derive(Debug, Args)]
#[command(after_help = "\
A case, one on each line of a JSON Lines file, or one item of a YAML or JSON list:
  {\"id\": \"stranger\",
   \"policies\": {\"trust\": \"roles.yaml#Resources.CiRole\"},
   \"role_arn\": \"arn:aws:iam::111122223333:role/ci\",
   \"request\": {\"principal\": \"arn:aws:iam::999999999999:user/eve\", \"action\": \"sts:AssumeRole\",
               \"context\": {\"sts:ExternalId\": \"guess\"}},
   \"expect\": \"deny\"}

policies: trust, resource, boundary (one), identity, session (lists), scps, rcps (lists of levels, each a list); each
  policy is a document, or a path relative to the test file, with `#ADDRESS` where a file holds several. Without
  `identity`, the caller's identity policies are taken to allow what a trust or resource policy grants to its account;
  `\"identity\": []` says that there are none. The resource policy of a role is its trust policy, that of a KMS key its
  key policy; a level of scps without a policy denies everything.
request: principal, action (a list where a call needs several), resource, resource_account, context.
expect: allow, deny (either kind) or explicit-deny.

Exit codes:
  0  every case is as expected
  1  some case is not
  2  a file cannot be read")]
pub struct TestArgs {
    /// Files of cases: JSON Lines, JSON or YAML
    #[arg(value_name = "FILE", required = true)]
    files: Vec<String>,
    /// How to write the results: failing cases with their traces, or a line of JSON for each case
    #[arg(long, value_enum, default_value = "text", help_heading = "Output")]
    format: AnswerFormat,
    #[command(flatten)]
    config: ConfigArgs,
}

pub fn run(args: &TestArgs) -> Result<Exit, Failure> {
    // Every file is read before anything is written: half a result is none.
    let asking = Asking::new(&args.config)?;
    let mut cases = Vec::new();
    for file in &args.files {
        cases.extend(case::read(file, &asking)?);
    }
    let mut out = BufWriter::new(std::io::stdout().lock());
    let (mut checked, mut failed) = (0, 0);
    for case in &cases {
        let verdict = decide(case);
        let right = case.expect.is_none_or(|expect| expect.accepts(verdict.decision));
        checked += usize::from(case.expect.is_some());
        failed += usize::from(!right);
        match args.format {
            AnswerFormat::Json => json_line(case, &verdict, &mut out)?,
            AnswerFormat::Text if !right || case.expect.is_none() => text(case, &verdict, &mut out)?,
            AnswerFormat::Text => {}
        }
    }
    out.flush()?;
    let noun = if cases.len() == 1 { "case" } else { "cases" };
    eprintln!("{} {noun}, {} as expected, {failed} not", cases.len(), checked - failed);
    Ok(if failed > 0 { Exit::Findings } else { Exit::Clean })
}

fn decide(case: &Case) -> Verdict {
    let question = Question {
        policies: &policies::attached(&case.policies),
        identity_known: case.identity_known,
        account: case.account.as_deref(),
        request: &case.request,
    };
    decide_all(&question, &case.actions)
}

fn text(case: &Case, verdict: &Verdict, out: &mut dyn Write) -> Result<(), Failure> {
    let place = policies::place(&case.source, case.span);
    let expected = case.expect.map_or_else(String::new, |expect| format!("expected {}, but ", expect.name()));
    writeln!(out, "{place}: {}: {expected}{}: {}", case.id, verdict.decision, verdict.reason)?;
    if case.expect.is_some() {
        for line in policies::trace_text(&case.policies, verdict) {
            writeln!(out, "  {line}")?;
        }
    }
    Ok(())
}

fn json_line(case: &Case, verdict: &Verdict, out: &mut dyn Write) -> Result<(), Failure> {
    let mut line = json!({"id": case.id, "decision": verdict.decision.name()});
    if let Some(expect) = case.expect {
        line["expected"] = expect.name().into();
    }
    line["reason"] = verdict.reason.as_str().into();
    writeln!(out, "{line}")?;
    Ok(())
}

impl Expect {
    /// Whether a decision is what was expected. One that rests on an unknown value never is.
    fn accepts(self, decision: Decision) -> bool {
        match (self, decision) {
            (Expect::Allow, Decision::Allowed)
            | (Expect::Deny, Decision::ImplicitlyDenied | Decision::ExplicitlyDenied)
            | (Expect::ExplicitDeny, Decision::ExplicitlyDenied) => true,
            (Expect::Allow | Expect::Deny | Expect::ExplicitDeny, _) => false,
        }
    }
}
