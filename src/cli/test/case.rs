//! Cases from files: JSON Lines, JSON or YAML, with the place of whatever is wrong in them.

use super::super::Failure;
use super::super::asking::Asking;
use super::super::choosing;
use super::super::inputs::InputArgs;
use super::super::policies::{self, Loaded, at};
use crate::access::decide::eval::keys::account_of;
use crate::access::{Caller, Context, Request};
use crate::config::nearest;
use crate::policy::Policy;
use crate::site::PolicyKind;
use crate::source::Source;
use crate::span::Span;
use crate::syntax::{self, Syntax};
use crate::value::{Kind, Value};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// One request with its policies and the answer that is expected.
#[derive(Debug)]
pub struct Case {
    /// Its name; its number in the file if it has none.
    pub id: String,
    /// The file.
    pub source: Rc<Source>,
    /// Its place in the file.
    pub span: Span,
    /// The policies that have a say.
    pub policies: Vec<Loaded>,
    /// Whether the identity policies are given, be it that there are none.
    pub identity_known: bool,
    /// The account of the role or resource, where it is known.
    pub account: Option<String>,
    /// The request, with the first of the actions.
    pub request: Request,
    /// The actions, all of which must be allowed.
    pub actions: Vec<String>,
    /// What is expected, if anything.
    pub expect: Option<Expect>,
}

/// The answer that is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// Allowed.
    Allow,
    /// Denied, by a statement or for want of one.
    Deny,
    /// Denied by a statement.
    ExplicitDeny,
}

impl Expect {
    const ALL: [Expect; 3] = [Expect::Allow, Expect::Deny, Expect::ExplicitDeny];

    /// The name in cases and reports.
    pub fn name(self) -> &'static str {
        match self {
            Expect::Allow => "allow",
            Expect::Deny => "deny",
            Expect::ExplicitDeny => "explicit-deny",
        }
    }
}

/// The members of a case. `source` and `note` are for people.
const CASE: [&str; 7] = ["id", "policies", "role_arn", "request", "expect", "source", "note"];
const REQUEST: [&str; 5] = ["principal", "action", "resource", "resource_account", "context"];
/// The members of `policies`: the kind of policy, and how deep lists of them nest.
const POLICIES: [(&str, PolicyKind, usize); 7] = [
    ("trust", PolicyKind::Trust, 0),
    ("resource", PolicyKind::Resource, 0),
    ("boundary", PolicyKind::Boundary, 0),
    ("identity", PolicyKind::Identity, 1),
    ("session", PolicyKind::Session, 1),
    ("scps", PolicyKind::Scp, 2),
    ("rcps", PolicyKind::Rcp, 2),
];

/// Every case of a file.
pub fn read(file: &str, asking: &Asking) -> Result<Vec<Case>, Failure> {
    let source = Rc::new(Source::new(file, policies::read(Path::new(file), file)?));
    let base = Path::new(file).parent().unwrap_or(Path::new("")).to_owned();
    let mut reader = Reader { source: Rc::clone(&source), base, files: HashMap::new(), asking };
    let values = values(&source)?;
    values.iter().enumerate().map(|(index, value)| reader.case(value, index)).collect()
}

/// The values that are cases: items of lists, whole documents, or lines.
fn values(source: &Source) -> Result<Vec<Value<'static>>, Failure> {
    let syntax = Syntax::of(&source.path, &source.text);
    let parsed = syntax::parse(&source.text, syntax);
    if let Some(problem) = parsed.problems.first() {
        // Many documents one after another are no JSON; where the first line is one, the file is JSON Lines.
        let first = source.text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        if syntax != Syntax::Yaml && syntax::parse(first, Syntax::Json).problems.is_empty() {
            return each_line(source);
        }
        return Err(at(source, problem.span, &problem.message));
    }
    let mut values = Vec::new();
    for document in parsed.documents {
        match document.into_owned(&|span| span) {
            Value { kind: Kind::List(items), .. } => values.extend(items),
            Value { kind: Kind::Null, .. } => {}
            other => values.push(other),
        }
    }
    Ok(values)
}

fn each_line(source: &Source) -> Result<Vec<Value<'static>>, Failure> {
    let mut values = Vec::new();
    for line in 0..source.line_count() {
        let line = source.line_span(line);
        let text = source.slice(line);
        if text.trim().is_empty() {
            continue;
        }
        let place = |span: Span| Span { start: line.start + span.start, end: line.start + span.end };
        let parsed = syntax::parse(text, Syntax::Json);
        if let Some(problem) = parsed.problems.first() {
            return Err(at(source, place(problem.span), &problem.message));
        }
        values.extend(parsed.documents.into_iter().map(|document| document.into_owned(&place)));
    }
    Ok(values)
}

struct Reader<'a> {
    source: Rc<Source>,
    /// The folder that paths are relative to.
    base: PathBuf,
    /// Policies that were read from files, by how they were named.
    files: HashMap<(String, PolicyKind), Loaded>,
    asking: &'a Asking,
}

impl Reader<'_> {
    fn wrong<T>(&self, value: &Value<'_>, message: impl AsRef<str>) -> Result<T, Failure> {
        Err(at(&self.source, value.span, message.as_ref()))
    }

    fn case(&mut self, value: &Value<'_>, index: usize) -> Result<Case, Failure> {
        let Some(members) = value.as_map() else {
            return self.wrong(value, format!("a case is an object, not {}", value.sort()));
        };
        for member in members {
            // Other members are the author's own; a slip in one of ours would lose it without a word.
            if CASE.contains(&member.key.as_ref()) {
                continue;
            }
            if let Some(meant) = nearest(&member.key, CASE) {
                let message = format!("unknown member `{}`; did you mean `{meant}`?", member.key);
                return Err(at(&self.source, member.key_span, &message));
            }
        }
        let id = match value.get("id") {
            Some(id) => self.string(id)?,
            None => (index + 1).to_string(),
        };
        let expect = value.get("expect").map(|expect| self.expect(expect)).transpose()?;
        let role = value.get("role_arn").map(|role| self.string(role)).transpose()?;
        let Some(asked) = value.get("request").filter(|asked| asked.as_map().is_some()) else {
            return self.wrong(value, "a case needs a `request` object");
        };
        self.known(asked, &REQUEST)?;
        let actions = match asked.get("action") {
            Some(action) => self.strings(action)?,
            None => return self.wrong(asked, "the request needs an `action`"),
        };
        let Some(first) = actions.first().cloned() else {
            return self.wrong(asked, "the request needs an `action`, the list is empty");
        };
        let policies = self.policies(value, &actions)?;
        let resource = asked.get("resource").map(|arn| self.string(arn)).transpose()?;
        let account = asked.get("resource_account").map(|account| self.string(account)).transpose()?;
        let trust = policies.iter().any(|loaded| loaded.kind == PolicyKind::Trust);
        let resource = if trust { role.clone().or(resource) } else { resource.or(role.clone()) };
        let account = account.or_else(|| role.as_deref().and_then(account_of).map(str::to_owned));
        let caller = self.caller(asked, resource.as_deref(), account.as_deref())?;
        let mut request = Request { action: first, caller, resource, context: self.context(asked)? };
        let account = account.or(policies::locate(&policies, &mut request));
        let identity = value.at(&["policies", "identity"]);
        let identity_known = identity.is_some_and(|identity| identity.kind != Kind::Null);
        Ok(Case {
            id,
            source: Rc::clone(&self.source),
            span: value.span,
            policies,
            identity_known,
            account,
            request,
            actions,
            expect,
        })
    }

    fn known(&self, value: &Value<'_>, known: &[&'static str]) -> Result<(), Failure> {
        let unknown = value.as_map().unwrap_or_default().iter().find(|member| !known.contains(&member.key.as_ref()));
        let Some(member) = unknown else { return Ok(()) };
        let hint = match nearest(&member.key, known.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("expected one of {}", known.join(", ")),
        };
        Err(at(&self.source, member.key_span, &format!("unknown member `{}`; {hint}", member.key)))
    }

    fn string(&self, value: &Value<'_>) -> Result<String, Failure> {
        match &value.kind {
            Kind::String(text) | Kind::Number(text) => Ok(text.to_string()),
            _ => self.wrong(value, format!("expected a string, found {}", value.sort())),
        }
    }

    fn strings(&self, value: &Value<'_>) -> Result<Vec<String>, Failure> {
        value.one_or_many().iter().map(|item| self.string(item)).collect()
    }

    fn expect(&self, value: &Value<'_>) -> Result<Expect, Failure> {
        let known = Expect::ALL.into_iter().find(|expect| value.as_str() == Some(expect.name()));
        known.map_or_else(|| self.wrong(value, "expected `allow`, `deny` or `explicit-deny`"), Ok)
    }

    fn caller(&self, asked: &Value<'_>, resource: Option<&str>, account: Option<&str>) -> Result<Caller, Failure> {
        let Some(principal) = asked.get("principal") else {
            return self.wrong(asked, "the request needs a `principal`");
        };
        if principal.get("type").and_then(Value::as_str) == Some("Anonymous") {
            return Ok(Caller::Anonymous);
        }
        if principal.as_map().is_some() {
            return self.wrong(principal, "the only principal that is an object is {\"type\": \"Anonymous\"}");
        }
        let text = self.string(principal)?;
        let home = account.or_else(|| account_of(resource?));
        match policies::caller(&text, home) {
            Some(caller) => Ok(caller),
            None => self.wrong(
                principal,
                format!("`{text}` is no principal; expected the ARN of a user, role, session or provider, an account id, or a host"),
            ),
        }
    }

    fn context(&self, asked: &Value<'_>) -> Result<Context, Failure> {
        let mut context = Context::default();
        let Some(value) = asked.get("context") else { return Ok(context) };
        let Some(members) = value.as_map() else {
            return self.wrong(value, format!("`context` is an object of condition keys, not {}", value.sort()));
        };
        for member in members {
            if context.get(&member.key).is_some() {
                let message = format!("`{}` is given twice; keys are compared without regard to case", member.key);
                return Err(at(&self.source, member.key_span, &message));
            }
            let values: Result<Vec<String>, Failure> =
                member.value.one_or_many().iter().filter_map(|item| self.scalar(item)).collect();
            context.set(&member.key, values?);
        }
        Ok(context)
    }

    /// A value of a key; none for `null`, which says that the key is absent.
    fn scalar(&self, value: &Value<'_>) -> Option<Result<String, Failure>> {
        match &value.kind {
            Kind::Null => None,
            Kind::Bool(flag) => Some(Ok(flag.to_string())),
            _ => Some(self.string(value)),
        }
    }

    /// The policies of a case, as its actions take them.
    fn policies(&mut self, case: &Value<'_>, actions: &[String]) -> Result<Vec<Loaded>, Failure> {
        let Some(value) = case.get("policies").filter(|value| value.as_map().is_some()) else {
            return self.wrong(case, "a case needs a `policies` object");
        };
        self.known(value, &POLICIES.map(|(name, _, _)| name))?;
        let mut found = Vec::new();
        for (name, kind, depth) in POLICIES {
            let Some(value) = value.get(name).filter(|value| value.kind != Kind::Null) else { continue };
            if depth == 0 && value.as_list().is_some_and(|items| items.len() != 1) {
                return self.wrong(value, format!("`{name}` is one policy"));
            }
            for (index, level) in value.one_or_many().iter().enumerate() {
                // A level of the organization to which nothing is attached allows nothing. Every level of resource
                // control policies has one that cannot be detached.
                if kind == PolicyKind::Scp && level.as_list().is_some_and(<[_]>::is_empty) {
                    found.push(self.empty_level(level.span, index));
                }
                for policy in level.one_or_many() {
                    // A flat list is one level.
                    let level = if depth == 2 && level.as_list().is_some() { index } else { 0 };
                    found.push(Loaded { level, ..self.policy(policy, kind)? });
                }
            }
        }
        if found.is_empty() && value.get("identity").is_none() {
            return self.wrong(value, "there is no policy to ask");
        }
        match policies::take_for(&mut found, actions) {
            Ok(()) => Ok(found),
            Err(message) => self.wrong(value, message),
        }
    }

    fn empty_level(&self, span: Span, level: usize) -> Loaded {
        let policy = Policy { span, version: None, statements: Vec::new(), open_ended: false, facts: Vec::new() };
        let (source, policy) = (Rc::clone(&self.source), Rc::new(policy));
        Loaded {
            source,
            address: String::new(),
            kind: PolicyKind::Scp,
            level,
            policy,
            role: None,
            account: None,
            not_judged: Vec::new(),
        }
    }

    fn policy(&mut self, value: &Value<'_>, kind: PolicyKind) -> Result<Loaded, Failure> {
        let Some(path) = value.as_str() else {
            let policy = Rc::new(policies::lower(&self.source, value, kind)?);
            let source = Rc::clone(&self.source);
            return Ok(Loaded {
                source,
                address: String::new(),
                kind,
                level: 0,
                policy,
                role: None,
                account: None,
                not_judged: Vec::new(),
            });
        };
        let key = (path.to_owned(), kind);
        if let Some(known) = self.files.get(&key) {
            return Ok(known.clone());
        }
        let loaded = choosing::load(path, &self.base, Some(kind), self.asking, &InputArgs::default());
        let loaded = loaded.map_err(|failure| match failure {
            Failure::Message(message) => at(&self.source, value.span, &message),
            Failure::Io(error) => Failure::Io(error),
        })?;
        self.files.insert(key, loaded.clone());
        Ok(loaded)
    }
}
