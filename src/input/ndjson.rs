//! A line of JSON Lines: a document, and what is known about the role or resource that has it.
//!
//! Not one of [`ALL`](super::ALL), because no text shows that it is meant so. The document is anything that a file can
//! hold and is taken for one of the formats there, unless the line says what a raw policy is attached to.
//! `docs/ndjson.md` describes the members. Others are passed over: a line is often a row of a table with more columns.

use super::{Found, placeholder};
use crate::diagnostic::Problem;
use crate::site::{Owner, OwnerAccount, PolicyKind, PolicySite};
use crate::span::{Span, Spanned};
use crate::syntax::{self, Document, Syntax};
use crate::value::{Kind, Member, Text, Value};
use std::borrow::Cow;

/// The name in `--input-format` and reports.
pub const NAME: &str = "ndjson";

/// The members that mean something, beside the `id`, which is only handed through.
const MEMBERS: [&str; 5] = ["document", "kind", "account", "max_session_duration", "name"];

/// One line, read.
#[derive(Debug, Default)]
pub struct Row<'s> {
    /// Its documents: one, or as many as a string of YAML holds.
    pub documents: Vec<Document<'s>>,
    /// Where they stand in the line.
    pub span: Span,
    kind: Option<PolicyKind>,
    account: OwnerAccount,
    name: Option<Text>,
    max_session_duration: Option<Spanned<Text>>,
}

impl<'s> Row<'s> {
    /// Read a line, or say what is wrong with it. Nothing is judged in a line that is not wholly understood.
    pub fn read(line: Document<'s>) -> Result<Row<'s>, Vec<Problem>> {
        let Document { text, syntax, root } = line;
        let (whole, sort) = (root.span, root.sort());
        let Kind::Map(members) = root.kind else {
            return Err(vec![Problem::new(whole, format!("a line is an object with a `document`, not {sort}"))]);
        };
        let mut problems = misread(&members, whole);
        if !problems.is_empty() {
            return Err(problems);
        }
        let mut row = Row::default();
        for Member { key, value, .. } in members {
            let read = match key.as_ref() {
                "document" => {
                    row.span = value.span;
                    open(text, syntax, value).map(|documents| row.documents = documents)
                }
                // Tables write `null` where they have nothing.
                _ if value.kind == Kind::Null => Ok(()),
                "kind" => kind(&value).map(|kind| row.kind = Some(kind)),
                "account" => account(&value).map(|account| row.account = account),
                "name" => name(&value).map(|name| row.name = Some(name)),
                "max_session_duration" => seconds(&value).map(|time| row.max_session_duration = Some(time)),
                _ => Ok(()),
            };
            problems.extend(read.err().into_iter().flatten());
        }
        if problems.is_empty() { Ok(row) } else { Err(problems) }
    }

    /// Put every policy of one of the documents into `found`. `false` when nothing in it looks like a policy.
    pub fn extract<'d>(&self, document: &'d Document<'d>, found: &mut Found<'d>) -> bool {
        match self.kind {
            Some(kind) => found.sites.push(raw(&document.root, kind)),
            None => match super::detect(document) {
                Some((format, _)) => format.extract(document, found),
                None => return false,
            },
        }
        // What the document says itself is closer to the policy.
        for site in &mut found.sites {
            if site.owner.account == OwnerAccount::Unknown {
                site.owner.account = self.account.clone();
            }
        }
        if let [site] = found.sites.as_mut_slice() {
            self.describe(site);
        }
        true
    }

    /// What the line says about the role of its only policy.
    fn describe(&self, site: &mut PolicySite<'_>) {
        if let Some(name) = self.name.as_ref().filter(|_| site.address.is_empty()) {
            site.address = format!("role/{}", name.display());
            site.anchor = name.span;
            site.owner.name.get_or_insert_with(|| name.clone());
        }
        if site.kind == PolicyKind::Trust && site.owner.max_session_duration.is_none() {
            site.owner.max_session_duration.clone_from(&self.max_session_duration);
        }
    }
}

/// A document that the line calls a policy, whatever it looks like.
fn raw<'d>(root: &'d Value<'d>, kind: PolicyKind) -> PolicySite<'d> {
    let document = placeholder::resolve(root).map_or(Cow::Borrowed(root), Cow::Owned);
    PolicySite {
        kind,
        address: String::new(),
        document: document.into(),
        anchor: root.span,
        owner: Owner::default(),
        branch: Vec::new(),
        origins: Vec::new(),
        redefined: Vec::new(),
    }
}

/// The documents in the value of `document`.
fn open<'s>(text: &'s str, syntax: Syntax, node: Value<'s>) -> Result<Vec<Document<'s>>, Vec<Problem>> {
    let as_it_is = |root| Document { text, syntax, root };
    let inner = match &node.kind {
        Kind::Map(_) | Kind::List(_) => return Ok(vec![as_it_is(node)]),
        Kind::String(inner) => inner.clone(),
        _ => return Err(vec![Problem::new(node.span, format!("expected a policy document, found {}", node.sort()))]),
    };
    let line = as_it_is(node);
    let encoded = inner.trim_start().starts_with('%');
    // An encoder that leaves these as they are leaves open whether a `%` in a value is one of its own.
    if encoded && inner.contains(['{', '"']) {
        let message = "this document begins with a `%` and is not percent-encoded throughout";
        return Err(vec![Problem::new(line.root.span, message)]);
    }
    let roots = match Syntax::of("", &inner) {
        Syntax::Yaml if !encoded => open_yaml(&line, &inner)?,
        Syntax::Json | Syntax::Jsonc | Syntax::Yaml | Syntax::Markdown => vec![line.open(&line.root)?],
    };
    Ok(roots.into_iter().map(as_it_is).collect())
}

/// The documents of YAML that stands in the string that `line` is. Templates are stored so.
fn open_yaml(line: &Document<'_>, inner: &str) -> Result<Vec<Value<'static>>, Vec<Problem>> {
    let map = line.map(&line.root);
    let place = |span| map.as_ref().map_or(line.root.span, |map| map.place(span));
    let mut parsed = syntax::parse(inner, Syntax::Yaml);
    if parsed.problems.is_empty() {
        return Ok(parsed.documents.into_iter().map(|root| root.into_owned(&place)).collect());
    }
    for problem in &mut parsed.problems {
        problem.span = place(problem.span);
    }
    Err(parsed.problems)
}

/// What is wrong with the members, whatever their values. Each name is complained of once.
fn misread(members: &[Member<'_>], line: Span) -> Vec<Problem> {
    let plain = |name: &str| name.to_ascii_lowercase().replace(['_', '-'], "");
    // No name of a member is near to that of another, and `id` to none: only other columns are held against them.
    let others: Vec<&Member<'_>> =
        members.iter().filter(|member| member.key != "id" && !MEMBERS.contains(&member.key.as_ref())).collect();
    let mut problems = Vec::new();
    for known in MEMBERS {
        let mut named = members.iter().filter(|member| member.key == known);
        if named.next().is_some() {
            let again = named.next().map(|member| member.key_span);
            problems.extend(again.map(|span| Problem::new(span, format!("`{known}` stands in this line twice"))));
            continue;
        }
        // Passed over as another column, a misspelt one would change what is found.
        let near = |member: &&&Member<'_>| {
            let key = member.key.as_ref();
            known != "name"
                && key.len().abs_diff(known.len()) <= 2
                && (plain(key) == plain(known) || strsim::osa_distance(key, known) == 1)
        };
        let misspelt = others.iter().find(near);
        problems.extend(misspelt.map(|Member { key, key_span, .. }| {
            Problem::new(*key_span, format!("unknown member `{key}`; did you mean `{known}`?"))
        }));
        if known == "document" && misspelt.is_none() {
            let problem = Problem::new(line, "this line has no `document`");
            let bare = members.iter().any(|member| member.key == "Statement");
            let help = "put the policy into that member: {\"id\": 1, \"document\": {\"Statement\": …}}";
            problems.push(if bare { problem.with_help(help) } else { problem });
        }
    }
    problems
}

fn kind(value: &Value<'_>) -> Result<PolicyKind, Vec<Problem>> {
    value.as_str().and_then(PolicyKind::from_name).ok_or_else(|| {
        let names = PolicyKind::ALL.map(|(_, name)| name).join(", ");
        wrong(value, "kind", &format!("one of {names}"))
    })
}

fn account(value: &Value<'_>) -> Result<OwnerAccount, Vec<Problem>> {
    match &value.kind {
        Kind::String(id) | Kind::Number(id) if id.len() == 12 && digits(id) => Ok(OwnerAccount::Id(id.to_string())),
        _ => Err(wrong(value, "account", "an account id: a string of 12 digits")),
    }
}

fn name(value: &Value<'_>) -> Result<Text, Vec<Problem>> {
    value.as_text().ok_or_else(|| wrong(value, "name", "a string"))
}

fn seconds(value: &Value<'_>) -> Result<Spanned<Text>, Vec<Problem>> {
    match &value.kind {
        Kind::Number(text) | Kind::String(text) if digits(text) => {
            Ok(Spanned::new(Text::literal(text.as_ref(), value.span), value.span))
        }
        _ => Err(wrong(value, "max_session_duration", "a number of seconds")),
    }
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn wrong(value: &Value<'_>, member: &str, expected: &str) -> Vec<Problem> {
    vec![Problem::new(value.span, format!("`{member}` is not {expected}"))]
}
