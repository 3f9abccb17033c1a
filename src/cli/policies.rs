//! Policies that a command is told to ask: from files of any format, one policy each, with the places of their parts.

use super::Failure;
use crate::access::decide::eval::StatementTrace;
use crate::access::decide::{self, Attached, Verdict};
use crate::access::{Caller, Request};
use crate::aws;
use crate::discover::{self, READ_LIMIT};
use crate::lint::ledger::Entry;
use crate::policy::pattern::Missing;
use crate::policy::{self, Effect, FactKind, Policy, Truth};
use crate::site::PolicyKind;
use crate::source::Source;
use crate::span::Span;
use crate::value::{Text, Value};
use serde_json::{Value as Json, json};
use std::path::Path;
use std::rc::Rc;

/// A policy with the text that its places are in.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The file.
    pub source: Rc<Source>,
    /// Its address in the file, empty if the file is the policy.
    pub address: String,
    /// What it is attached to.
    pub kind: PolicyKind,
    /// The node that a control policy is attached to, from 0.
    pub level: usize,
    /// The policy.
    pub policy: Rc<Policy>,
    /// The ARN of the role that it belongs to, where the file tells.
    pub role: Option<String>,
    /// The account of the role or resource that it belongs to, where the file tells.
    pub account: Option<String>,
    /// What of it is not known.
    pub not_judged: Vec<Entry>,
}

/// The text of a file, or of standard input for `-`.
pub fn read(path: &Path, shown: &str) -> Result<String, Failure> {
    if shown == "-" {
        return Ok(std::io::read_to_string(std::io::stdin())?);
    }
    discover::read(path, READ_LIMIT).map_err(|error| Failure::Message(format!("failed to read {shown}: {error}")))
}

/// A document as a policy of some kind. What IAM or STS would not take is not evaluated.
pub fn lower(source: &Source, document: &Value<'_>, kind: PolicyKind) -> Result<Policy, Failure> {
    let policy = policy::lower(document);
    let rejected = rejection(document, &policy)
        .or_else(|| if kind == PolicyKind::Session { session_rejection(&policy) } else { None });
    rejected.map_or(Ok(policy), |(span, message)| Err(at(source, span, &message)))
}

/// Where and why IAM would not take a policy. The part that cannot be read may be a guard.
pub fn rejection(document: &Value<'_>, policy: &Policy) -> Option<(Span, String)> {
    let wrong = policy.facts.iter().find_map(|fact| {
        let message = match &fact.kind {
            FactKind::UnknownElement { name, meant: Some(meant) } => {
                format!("unknown element `{name}`; did you mean `{meant}`?")
            }
            FactKind::UnknownElement { name, meant: None } => format!("unknown element `{name}`"),
            FactKind::WrongSort { element, expected, found } => {
                format!("`{element}` must be {expected}, found {found}")
            }
            FactKind::Missing { element } => format!("`{element}` is missing"),
            FactKind::Both { element } => format!("`{element}` and `Not{element}` exclude each other"),
            // An empty list is legal and has no effect.
            FactKind::Empty { .. } => return None,
        };
        Some((fact.span, message))
    });
    let (span, message) = wrong.or_else(|| wrong_word(document, policy))?;
    Some((span, format!("this is no policy that IAM takes: {message}")))
}

/// A version, an effect or an operator that IAM does not know.
fn wrong_word(document: &Value<'_>, policy: &Policy) -> Option<(Span, String)> {
    let version = policy.version.as_ref().and_then(|version| Some((version.span, version.known()?)));
    if let Some((span, version)) = version.filter(|(_, version)| !["2012-10-17", "2008-10-17"].contains(version)) {
        return Some((span, format!("`Version` is `{version}`; expected `2012-10-17`")));
    }
    for statement in document.get("Statement").map(Value::one_or_many).unwrap_or_default() {
        let effect = statement.get("Effect").and_then(|effect| Some((effect.span, effect.as_str()?)));
        if let Some((span, effect)) = effect.filter(|(_, effect)| !["Allow", "Deny"].contains(effect)) {
            return Some((span, format!("`Effect` is `{effect}`; expected `Allow` or `Deny`")));
        }
    }
    let conditions = policy.statements.iter().flat_map(|statement| &statement.conditions);
    let unknown = conditions.into_iter().find(|condition| condition.operator.base.is_none())?;
    Some((unknown.operator_span, format!("unknown condition operator `{}`", unknown.operator_text)))
}

/// Something wrong at a place, for people.
pub fn at(source: &Source, span: Span, message: &str) -> Failure {
    Failure::Message(format!("{}: {message}", place(source, span)))
}

/// `path:line:column`.
pub fn place(source: &Source, span: Span) -> String {
    let position = source.position(span.start);
    format!("{}:{}:{}", source.path, position.line, position.column)
}

/// Who calls, from an ARN, an account id, a service or an identity provider by host or ARN, or `anonymous`.
pub fn caller(text: &str, role_account: Option<&str>) -> Option<Caller> {
    if text == "anonymous" {
        return Some(Caller::Anonymous);
    }
    // A host that is no service of AWS is the issuer of tokens, whose provider lives in the account of the role.
    let service = aws::services::parse(text).is_some() && !text.contains('/');
    if !text.starts_with("arn:") && text.contains('.') && !service && !aws::issuers::is_builtin(text) {
        let account = role_account?;
        return Some(Caller::Oidc(format!("arn:aws:iam::{account}:oidc-provider/{text}")));
    }
    Caller::parse(text)
}

/// The policies as a question wants them.
pub fn attached(policies: &[Loaded]) -> Vec<Attached<'_>> {
    policies.iter().map(|loaded| Attached { kind: loaded.kind, level: loaded.level, policy: &loaded.policy }).collect()
}

/// Take the policies as the actions of a request do: the resource policy of a role is its trust policy. The message if a
/// role would have more than one.
pub fn take_for(policies: &mut [Loaded], actions: &[String]) -> Result<(), String> {
    let assumed = !actions.is_empty() && actions.iter().all(|action| decide::assumes(action));
    for loaded in policies.iter_mut().filter(|_| assumed) {
        loaded.kind = decide::kind_for(loaded.kind, &actions[0]);
    }
    match policies.iter().filter(|loaded| loaded.kind == PolicyKind::Trust).count() {
        0 | 1 => Ok(()),
        trusts => Err(format!("{trusts} trust policies; a role has one, which is its resource policy as well")),
    }
}

/// Where and why STS would not take a session policy.
fn session_rejection(policy: &Policy) -> Option<(Span, String)> {
    let variables = policy.version.as_ref().and_then(Text::known) == Some("2012-10-17");
    let resources = policy.statements.iter().filter_map(|statement| statement.resources.as_ref());
    let lacking = |item: &&Text| matches!(Missing::of(item, variables), Missing::Fields(1..));
    let short = resources.flat_map(|resources| &resources.items).find(lacking)?;
    let message =
        format!("`{}` has fewer than the six fields of an ARN, which no session policy may have", short.display());
    Some((short.span, message))
}

/// Where the role or resource lives and what its ARN is, as far as the files or the request tell.
pub fn locate(policies: &[Loaded], request: &mut Request) -> Option<String> {
    let owner = policies.iter().find(|loaded| matches!(loaded.kind, PolicyKind::Trust | PolicyKind::Resource))?;
    if owner.kind == PolicyKind::Trust && request.resource.is_none() {
        request.resource.clone_from(&owner.role);
    }
    owner.account.clone()
}

/// One statement of the trace.
struct Line<'a> {
    loaded: &'a Loaded,
    trace: &'a StatementTrace,
}

fn lines<'a>(policies: &'a [Loaded], verdict: &'a Verdict) -> impl Iterator<Item = Line<'a>> {
    policies
        .iter()
        .zip(&verdict.outcomes)
        .flat_map(|(loaded, outcome)| outcome.statements.iter().map(move |trace| Line { loaded, trace }))
}

impl Line<'_> {
    fn span(&self) -> Span {
        let whole = self.loaded.policy.statements.get(self.trace.statement).map(|statement| statement.span);
        self.trace.first_miss.as_ref().map_or(whole.unwrap_or_default(), |miss| miss.span)
    }

    fn name(&self) -> String {
        let statement = self.loaded.policy.statements.get(self.trace.statement);
        statement.map_or_else(String::new, |statement| statement.name())
    }

    fn effect(&self) -> &'static str {
        match self.trace.effect {
            Effect::Allow => "Allow",
            Effect::Deny => "Deny",
            Effect::Unknown => "statement",
        }
    }

    fn ways(&self) -> Vec<String> {
        self.trace.matched_as.iter().map(ToString::to_string).collect()
    }

    fn text(&self) -> String {
        let place = place(&self.loaded.source, self.span());
        let kind = self.loaded.kind.name();
        let says = match (self.trace.applies, &self.trace.first_miss) {
            (Truth::Yes, _) if self.trace.matched_as.is_empty() => "applies".to_owned(),
            (Truth::Yes, _) => format!("applies to the caller as {}", self.ways().join(" and ")),
            (truth, miss) => {
                let reason = miss.as_ref().map_or_else(String::new, |miss| format!(": {}", miss.reason));
                format!("{}{reason}", if truth == Truth::No { "does not apply" } else { "may apply" })
            }
        };
        format!("{place}: {kind}: {} {} {says}", self.effect(), self.name())
    }

    fn json(&self) -> Json {
        let position = self.loaded.source.position(self.span().start);
        let mut line = json!({
            "path": self.loaded.source.path,
            "line": position.line,
            "column": position.column,
            "address": self.loaded.address,
            "kind": self.loaded.kind.name(),
            "statement": self.name(),
            "effect": self.effect(),
            "applies": match self.trace.applies { Truth::Yes => "yes", Truth::No => "no", Truth::Maybe => "unknown" },
            "matchedAs": self.ways(),
        });
        if let Some(miss) = &self.trace.first_miss {
            line["reason"] = miss.reason.to_string().into();
        }
        line
    }
}

/// The trace for people: one line for each statement, at the place that decides it.
pub fn trace_text(policies: &[Loaded], verdict: &Verdict) -> Vec<String> {
    lines(policies, verdict).map(|line| line.text()).collect()
}

/// The trace for programs.
pub fn trace_json(policies: &[Loaded], verdict: &Verdict) -> Json {
    lines(policies, verdict).map(|line| line.json()).collect::<Vec<_>>().into()
}
