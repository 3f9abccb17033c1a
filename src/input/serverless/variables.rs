//! What the variables of a configuration stand for, as far as the file alone tells.
//!
//! A property of the file is its value. What the command line, the environment or a service gives is a hole, with the
//! fallback that the configuration names as its default.

use super::syntax::{Piece, Source, pieces};
use crate::diagnostic::Problem;
use crate::span::Span;
use crate::syntax::{Document, MAX_DEPTH};
use crate::value::{Domain, Hole, Kind, Member, Part, PartRef, Tagged, Text, Value};
use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};

/// How many variables may lead to one another.
const MAX_CHAIN: usize = 64;

/// How many sources a variable may name.
const MAX_SOURCES: usize = 32;

/// An object with more members than this has an index of them once one is looked up.
const LARGE: usize = 32;

/// The stage where nobody names one.
const STAGE: &str = "dev";
/// The Region where nobody names one.
const REGION: &str = "us-east-1";

/// The variables of one configuration.
pub(super) struct Variables<'s> {
    document: &'s Document<'s>,
    /// Sources that the configuration declares.
    sources: Vec<&'s str>,
    /// The variables that are being evaluated, each for the sake of the one before.
    active: RefCell<Vec<String>>,
    /// How many nodes and bytes may still be made: properties can be named many times over.
    budget: Cell<usize>,
    limits: RefCell<Vec<Problem>>,
    /// For large objects of the file, by their places in memory: the number of the first member with each key.
    indexes: RefCell<HashMap<*const Value<'s>, HashMap<String, usize>>>,
}

/// A step of a path in the configuration.
enum Step {
    Known(String),
    /// A name that is not known, and the one that it most likely is.
    Open(Option<String>),
}

impl Step {
    fn of(text: &Text) -> Self {
        match text.known() {
            Some(known) => Step::Known(known.to_owned()),
            None => Step::Open(text.likely().map(Cow::into_owned)),
        }
    }
}

/// What stands at a path.
#[derive(Default)]
struct Hits<'s> {
    /// The values, each with whether it is the one when nobody chooses others.
    found: Vec<(Value<'s>, bool)>,
    /// Whether there may be nothing.
    missing: bool,
}

/// How a value is looked for.
#[derive(Clone, Copy)]
struct Search {
    /// Whether the names so far are the ones when nobody chooses others.
    likely: bool,
    /// Whether the variables in what is searched were evaluated.
    evaluated: bool,
    depth: usize,
}

impl<'s> Variables<'s> {
    pub fn new(document: &'s Document<'s>) -> Self {
        let stages = document.root.get("stages").and_then(Value::as_map).unwrap_or_default();
        let declared = stages.iter().filter_map(|stage| stage.value.get("resolvers")?.as_map()).flatten();
        Variables {
            document,
            sources: declared.map(|resolver| resolver.key.as_ref()).collect(),
            active: RefCell::default(),
            budget: Cell::new(document.text.len().saturating_mul(32).saturating_add(500_000)),
            limits: RefCell::default(),
            indexes: RefCell::default(),
        }
    }

    /// What was not followed to its end.
    pub fn into_problems(self) -> Vec<Problem> {
        self.limits.into_inner()
    }

    /// A property of the configuration, with its variables evaluated.
    pub fn property(&self, path: &[&str]) -> Option<Value<'s>> {
        let steps: Vec<Step> = path.iter().map(|step| Step::Known((*step).to_owned())).collect();
        let mut hits = self.look_up(&steps, 0);
        let (value, _) = hits.found.pop()?;
        Some(value).filter(|value| !matches!(value.kind, Kind::Null))
    }

    /// A value with its variables evaluated.
    pub fn resolve(&self, value: &Value<'s>, depth: usize) -> Value<'s> {
        let span = value.span;
        if depth > MAX_DEPTH {
            return self.limit(span, format!("the variables of this configuration nest more than {MAX_DEPTH} levels"));
        }
        if !self.spend(1) {
            return self.too_large(span);
        }
        let kind = match &value.kind {
            Kind::String(text) => {
                return if text.contains('{') { self.text(text, span, depth) } else { value.clone() };
            }
            Kind::List(items) => Kind::List(items.iter().map(|item| self.resolve(item, depth + 1)).collect()),
            Kind::Map(members) => {
                let member = |member: &Member<'s>| Member {
                    key: member.key.clone(),
                    key_span: member.key_span,
                    value: self.resolve(&member.value, depth + 1),
                };
                Kind::Map(members.iter().map(member).collect())
            }
            Kind::Tagged(tagged) => Kind::Tagged(Box::new(Tagged {
                tag: tagged.tag.clone(),
                tag_span: tagged.tag_span,
                value: self.resolve(&tagged.value, depth + 1),
            })),
            Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Template(_) | Kind::Unknown(_) => value.kind.clone(),
        };
        Value::new(kind, span)
    }

    fn text(&self, text: &str, span: Span, depth: usize) -> Value<'s> {
        if !self.spend(text.len()) {
            return self.too_large(span);
        }
        let pieces = pieces(text, &self.sources);
        if let [Piece::Variable(inner)] = pieces.as_slice() {
            return self.variable(inner, span, depth);
        }
        let mut parts = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Literal(text) => parts.push(Part::Literal(text.to_owned())),
                Piece::Pseudo(name) => parts.push(Part::Hole(pseudo(name))),
                Piece::Variable(inner) => self.parts(self.variable(inner, span, depth), inner, &mut parts),
            }
        }
        Value::text(Text::from_parts(parts, span))
    }

    /// A value as parts of the string in which `written` stands for it.
    fn parts(&self, value: Value<'s>, written: &str, parts: &mut Vec<Part>) {
        match value.kind {
            Kind::Template(text) => parts.extend(text.parts().map(PartRef::to_part)),
            Kind::Unknown(mut of) => {
                of.domain = if of.domain == Domain::Any { Domain::Text } else { of.domain };
                parts.push(Part::Hole(*of));
            }
            kind => match scalar(&Value::new(kind, value.span)) {
                Some(text) if self.spend(text.len()) => parts.push(Part::Literal(text)),
                _ => parts.push(Part::Hole(Hole {
                    name: written.to_owned(),
                    why: "a value that has no place in a string",
                    domain: Domain::Text,
                    default: None,
                })),
            },
        }
    }

    /// What `${inner}` stands for.
    fn variable(&self, inner: &str, span: Span, depth: usize) -> Value<'s> {
        if self.is_active(inner) {
            return self.limit(span, format!("`${{{}}}` stands for itself", name_of(inner, span)));
        }
        if self.active.borrow().len() >= MAX_CHAIN {
            return self.limit(span, format!("more than {MAX_CHAIN} variables lead to one another"));
        }
        let sources = Source::all(inner);
        if sources.len() > MAX_SOURCES {
            return self.limit(span, format!("a variable names more than {MAX_SOURCES} sources"));
        }
        self.active.borrow_mut().push(inner.to_owned());
        let value = self.first(inner, &sources, span, depth);
        self.active.borrow_mut().pop();
        value.unwrap_or_else(|| unknown(inner, "a property that is not in this file", span))
    }

    /// The value of the first source that has one; `None` where none has.
    fn first(&self, inner: &str, sources: &[Source<'_>], span: Span, depth: usize) -> Option<Value<'s>> {
        let (source, rest) = sources.split_first()?;
        let rest = || self.first(inner, rest, span, depth);
        match *source {
            Source::Text(text) => Some(self.text(text, span, depth)),
            Source::Word("null" | "") => rest(),
            Source::Word(word @ ("true" | "false")) => Some(Value::new(Kind::Bool(word == "true"), span)),
            Source::Word(word) if word.parse::<f64>().is_ok() => {
                Some(Value::new(Kind::Number(word.to_owned().into()), span))
            }
            Source::Word(word) => Some(Value::string(word.to_owned(), span)),
            Source::Call { name: "self", address, .. } => self.own(inner, address, rest, span, depth),
            Source::Call { name: "sls", address: "stage", .. } => Some(self.stage("sls:stage", span)),
            Source::Call { name: "aws", address: "accountId", .. } => Some(hole(
                "aws:accountId",
                "the account that the service is deployed to",
                Domain::OwnAccount,
                None,
                span,
            )),
            Source::Call { name: "aws", address: "region", .. } => Some(self.region("aws:region", span)),
            Source::Call { name: "aws", address: "partition", .. } => {
                let why = "the partition that the service is deployed to";
                Some(hole("aws:partition", why, Domain::Partition, Some("aws".to_owned()), span))
            }
            Source::Call { name: "param", address, .. } => {
                let default = self.parameter(address).or_else(|| scalar_or_default(&rest()?));
                Some(hole(name_of(inner, span), "a parameter of the service", Domain::Text, default, span))
            }
            Source::Call { name, address, .. } => {
                let why = reason(name);
                let domain = if (name, address) == ("opt", "region") { Domain::Region } else { Domain::Text };
                let otherwise = rest();
                let default = otherwise.as_ref().and_then(scalar_or_default);
                let may_be_more = match &otherwise {
                    Some(value) => default.is_none() && value.as_text().is_none(),
                    None => !matches!(name, "opt" | "env" | "sls" | "git" | "aws"),
                };
                Some(match may_be_more {
                    true => unknown(inner, why, span),
                    false => hole(name_of(inner, span), why, domain, default, span),
                })
            }
        }
    }

    /// A property of the configuration that a variable names.
    fn own(
        &self,
        inner: &str,
        address: &str,
        rest: impl Fn() -> Option<Value<'s>>,
        span: Span,
        depth: usize,
    ) -> Option<Value<'s>> {
        let path = self.text(address, span, depth).as_text()?;
        match path.known() {
            Some("provider.stage") => return Some(self.stage("self:provider.stage", span)),
            Some("provider.region") => return Some(self.region("self:provider.region", span)),
            _ => {}
        }
        let steps: Vec<Step> = path.split('.', usize::MAX).iter().map(Step::of).collect();
        let mut hits = self.look_up(&steps, depth);
        if path.known().is_some() {
            let value = hits.found.pop().map(|(value, _)| at_place(value, span));
            return value.filter(|value| !matches!(value.kind, Kind::Null)).or_else(rest);
        }
        if hits.missing
            && let Some(value) = rest()
        {
            let likely = !hits.found.iter().any(|(_, likely)| *likely);
            hits.found.push((value, likely));
        }
        Some(self.one_of(inner, hits, span))
    }

    /// One of some values, where it is not known which.
    fn one_of(&self, inner: &str, hits: Hits<'s>, span: Span) -> Value<'s> {
        let why = "a property that depends on a value that is not known";
        let (mut values, mut seen, mut default) = (Vec::new(), HashSet::new(), None);
        let mut all = !hits.found.is_empty();
        for (value, likely) in hits.found {
            if likely {
                default = scalar_or_default(&value);
            }
            match scalar(&value) {
                Some(text) if self.spend(text.len()) => {
                    if seen.insert(text.clone()) {
                        values.push(text);
                    }
                }
                Some(_) | None => all = false,
            }
        }
        match (all, default) {
            (true, default) => hole(name_of(inner, span), why, Domain::OneOf(values), default, span),
            (false, Some(default)) => hole(name_of(inner, span), why, Domain::Text, Some(default), span),
            (false, None) => unknown(inner, why, span),
        }
    }

    fn look_up(&self, steps: &[Step], depth: usize) -> Hits<'s> {
        let mut hits = Hits::default();
        self.walk(&self.document.root, steps, Search { likely: true, evaluated: false, depth }, &mut hits);
        hits
    }

    /// What stands at a path below a node.
    fn walk(&self, node: &Value<'s>, steps: &[Step], search: Search, hits: &mut Hits<'s>) {
        if !self.spend(1) {
            hits.missing = true;
            return;
        }
        let Some((step, rest)) = steps.split_first() else {
            let value = if search.evaluated { node.clone() } else { self.resolve(node, search.depth + 1) };
            hits.found.push((value, search.likely));
            return;
        };
        match (&node.kind, step) {
            (Kind::String(_), _) if !search.evaluated => {
                let evaluated = self.resolve(node, search.depth);
                self.walk(&evaluated, steps, Search { evaluated: true, ..search }, hits);
            }
            (Kind::Map(members), Step::Open(default)) => {
                hits.missing = true;
                for member in members {
                    let likely = search.likely && default.as_deref() == Some(&*member.key);
                    self.walk(&member.value, rest, Search { likely, ..search }, hits);
                }
            }
            (Kind::Map(members), Step::Known(name)) => match self.member(node, members, name, search.evaluated) {
                Some(value) => self.walk(value, rest, search, hits),
                None => hits.missing = true,
            },
            (Kind::List(items), Step::Known(name)) => match name.parse().ok().and_then(|at: usize| items.get(at)) {
                Some(item) => self.walk(item, rest, search, hits),
                None => hits.missing = true,
            },
            // What is not known may have it.
            (Kind::Unknown(_), _) => hits.found.push((node.clone(), search.likely)),
            _ => hits.missing = true,
        }
    }

    /// The first member with a key. What was evaluated does not stay where it is, so that it gets no index.
    fn member<'v>(
        &self,
        node: &'v Value<'s>,
        members: &'v [Member<'s>],
        name: &str,
        evaluated: bool,
    ) -> Option<&'v Value<'s>> {
        if evaluated || members.len() <= LARGE {
            return node.get(name);
        }
        let mut indexes = self.indexes.borrow_mut();
        let index = indexes.entry(std::ptr::from_ref(node)).or_insert_with(|| {
            let keys = members.iter().enumerate().rev();
            keys.map(|(at, member)| (member.key.clone().into_owned(), at)).collect()
        });
        Some(&members[*index.get(name)?].value)
    }

    /// The stage: what the command line says, or `provider.stage`, or `dev`.
    fn stage(&self, name: &str, span: Span) -> Value<'s> {
        let default = self.provider("stage", STAGE);
        hole(name, "the stage, which the command line may name", Domain::Text, default, span)
    }

    /// The Region: what the command line says, or `provider.region`, or `us-east-1`.
    fn region(&self, name: &str, span: Span) -> Value<'s> {
        let default = self.provider("region", REGION);
        hole(name, "the Region, which the command line may name", Domain::Region, default, span)
    }

    /// What a member of `provider` is when nobody chooses another value. A file that has no `provider` is a part of a
    /// configuration, which may have one. The member may be written in terms of itself:
    /// `stage: ${opt:stage, self:provider.stage}`.
    fn provider(&self, member: &str, otherwise: &str) -> Option<String> {
        let Some(value) = self.document.root.get("provider")?.get(member) else { return Some(otherwise.to_owned()) };
        let name = format!("provider.{member}");
        if self.is_active(&name) || self.active.borrow().len() >= MAX_CHAIN {
            return None;
        }
        self.active.borrow_mut().push(name);
        let value = scalar_or_default(&self.resolve(value, 0));
        self.active.borrow_mut().pop();
        value
    }

    fn is_active(&self, name: &str) -> bool {
        self.active.borrow().iter().any(|active| active == name)
    }

    /// The default of a parameter: that of the stage before that of all stages.
    fn parameter(&self, name: &str) -> Option<String> {
        let stage = self.provider("stage", STAGE)?;
        let of = |stage: &str| {
            let root = &self.document.root;
            root.at(&["stages", stage, "params", name]).or_else(|| root.at(&["params", stage, name]))
        };
        let value = of(&stage).or_else(|| of("default"))?;
        scalar_or_default(&self.resolve(value, 0))
    }

    fn spend(&self, cost: usize) -> bool {
        let left = self.budget.get().checked_sub(cost);
        self.budget.set(left.unwrap_or(0));
        left.is_some()
    }

    fn too_large(&self, span: Span) -> Value<'s> {
        self.limit(span, "this configuration expands to far more than its own size".to_owned())
    }

    /// A value that is not known because a limit was met, which is said once.
    fn limit(&self, span: Span, message: String) -> Value<'s> {
        let mut limits = self.limits.borrow_mut();
        if !limits.iter().any(|known| known.message == message) {
            limits.push(Problem::new(span, message).with_help("what it stands for is not known"));
        }
        unknown("…", "a variable that is not followed to its end", span)
    }
}

/// A pseudo parameter of CloudFormation.
fn pseudo(name: &str) -> Hole {
    let (why, domain, default) = match name {
        "AWS::AccountId" => ("the account that the stack is deployed to", Domain::OwnAccount, None),
        "AWS::Region" => ("the Region that the stack is deployed to", Domain::Region, None),
        "AWS::Partition" => ("the partition that the stack is deployed to", Domain::Partition, Some("aws")),
        "AWS::URLSuffix" => ("the DNS suffix of the partition", Domain::UrlSuffix, Some("amazonaws.com")),
        _ => ("a value that only a deployment knows", Domain::Text, None),
    };
    Hole { name: name.to_owned(), why, domain, default: default.map(str::to_owned) }
}

/// Why the value of a source is not known.
fn reason(source: &str) -> &'static str {
    match source {
        "opt" => "an option of the command line",
        "env" => "a variable of the environment",
        "file" => "a value in another file",
        "ssm" => "a value stored in Systems Manager",
        "cf" => "an output of another stack",
        "s3" => "an object in S3",
        _ => "a value that Serverless looks up when it deploys",
    }
}

fn hole<'s>(
    name: impl Into<String>,
    why: &'static str,
    domain: Domain,
    default: Option<String>,
    span: Span,
) -> Value<'s> {
    Value::text(Text::hole(Hole { name: name.into(), why, domain, default }, span))
}

fn unknown<'s>(inner: &str, why: &'static str, span: Span) -> Value<'s> {
    let hole = Hole { name: name_of(inner, span), why, domain: Domain::Any, default: None };
    Value::new(Kind::Unknown(Box::new(hole)), span)
}

/// What a variable is called: as it is written, or where that is too long its place. Equal names are equal values.
fn name_of(inner: &str, span: Span) -> String {
    const LONGEST: usize = 100;
    match inner.len() {
        0..=LONGEST => inner.to_owned(),
        _ => format!("a variable at byte {}", span.start),
    }
}

/// A string, number or truth value as text.
fn scalar(value: &Value<'_>) -> Option<String> {
    match &value.kind {
        Kind::String(text) | Kind::Number(text) => Some(text.clone().into_owned()),
        Kind::Bool(value) => Some(value.to_string()),
        Kind::Null | Kind::Template(_) | Kind::List(_) | Kind::Map(_) | Kind::Tagged(_) | Kind::Unknown(_) => None,
    }
}

/// The text of a value when nobody chooses other values.
fn scalar_or_default(value: &Value<'_>) -> Option<String> {
    scalar(value).or_else(|| Some(value.as_text()?.likely()?.into_owned()))
}

/// A value at the place of the variable that names it. Lists and objects keep the places where they are written.
fn at_place(value: Value<'_>, span: Span) -> Value<'_> {
    match value.kind {
        Kind::List(_) | Kind::Map(_) | Kind::Tagged(_) => value,
        Kind::Template(text) => Value::text(Text::from_parts(text.parts().map(PartRef::to_part), span)),
        kind => Value::new(kind, span),
    }
}
