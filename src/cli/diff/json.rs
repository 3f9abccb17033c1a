//! `--format json`: the versioned shape for programs, described in `docs/diff-output.md`.

use super::contents::{Obstacle, Site};
use super::outcome::{Changed, Compared, Outcome};
use super::text::reasons;
use crate::access::analysis::compare::{Change, Example, Sure};
use crate::access::engine::symbols::in_words;
use serde_json::{Map, Value, json};
use std::io::{self, Write};

/// The version of the shape.
const VERSION: u32 = 1;

/// Write everything, also what did not change.
pub fn write(outcome: &Outcome<'_>, base: Option<&str>, not_judged: &Value, out: &mut dyn Write) -> io::Result<()> {
    let counts = outcome.counts();
    let tool = json!({"name": "iamlint", "version": env!("CARGO_PKG_VERSION")});
    write!(out, "{{\"version\": {VERSION},\n\"tool\": {tool},\n\"base\": {},\n\"policies\": ", json!(base))?;
    list(out, outcome.policies.iter().map(policy))?;
    write!(out, ",\n\"unresolved\": ")?;
    list(out, outcome.unresolved.iter().map(obstacle))?;
    write!(out, ",\n\"obstacles\": ")?;
    list(out, outcome.obstacles.iter().map(obstacle))?;
    let summary = json!({
        "policies": counts.policies,
        "gained": counts.gained,
        "lost": counts.lost,
        "uncertain": counts.uncertain,
        "equal": counts.equal,
        "rewritten": counts.rewritten,
        "not_judged": not_judged,
    });
    writeln!(out, ",\n\"summary\": {summary}}}")
}

/// One item on each line.
fn list(out: &mut dyn Write, items: impl Iterator<Item = Value>) -> io::Result<()> {
    write!(out, "[")?;
    for (at, item) in items.enumerate() {
        write!(out, "{}{item}", if at == 0 { "\n" } else { ",\n" })?;
    }
    write!(out, "\n]")
}

fn policy(policy: &Compared<'_>) -> Value {
    let (old, new) = (policy.pair.old, policy.pair.new);
    let site = policy.pair.site();
    let status = match (old, new) {
        (None, _) => "added",
        (_, None) => "removed",
        (Some(_), Some(_)) if policy.unchanged => "unchanged",
        (Some(_), Some(_)) if policy.changes.is_empty() => "equal",
        (Some(_), Some(_)) => "changed",
    };
    json!({
        "resource": site.map(|site| &site.address),
        "kind": site.map(|site| site.kind.name()),
        "status": status,
        "old": old.map(place),
        "new": new.map(place),
        "changes": policy.changes.iter().map(|one| change(one, old, new)).collect::<Vec<_>>(),
    })
}

fn place(site: &Site) -> Value {
    let position = site.source.position(site.span.start);
    json!({"path": site.source.path, "line": position.line, "column": position.column})
}

fn change(changed: &Changed, old: Option<&Site>, new: Option<&Site>) -> Value {
    let when: Map<String, Value> = changed.when.iter().map(|(name, value)| (name.clone(), (*value).into())).collect();
    json!({
        "when": when,
        "gained": side(&changed.comparison.gained, new, changed),
        "lost": side(&changed.comparison.lost, old, changed),
    })
}

fn side(change: &Change, site: Option<&Site>, changed: &Changed) -> Value {
    let answer = match change.answer {
        Sure::Never => "never",
        Sure::Yes => "yes",
        Sure::Possibly => "possibly",
        Sure::Undecided => "undecided",
    };
    json!({
        "answer": answer,
        "why": (!change.why.is_empty()).then(|| reasons(change, changed)),
        "requests": change.examples.iter().map(|one| request(one, site)).collect::<Vec<_>>(),
        "more": change.more,
    })
}

fn request(example: &Example, site: Option<&Site>) -> Value {
    let request = &example.request;
    let mut context: Map<String, Value> =
        request.context.iter().map(|(key, values)| (key.to_owned(), values.into())).collect();
    context.extend(example.absent.iter().map(|key| (key.clone(), Value::Null)));
    let sort = request.caller.sort();
    json!({
        "action": request.action,
        "principal": {"type": sort, "name": in_words(&request.caller.to_string())},
        "resource": request.resource,
        "context": context,
        "certain": example.certain,
        "statement": example.statement.and_then(|at| site.and_then(|site| statement(site, at))),
    })
}

fn statement(site: &Site, at: usize) -> Option<Value> {
    let statement = site.forms.first()?.policy.statements.get(at)?;
    let position = site.source.position(statement.span.start);
    let sid = statement.sid.as_ref().map(|sid| sid.display());
    Some(json!({"index": at, "sid": sid, "path": site.source.path, "line": position.line, "column": position.column}))
}

fn obstacle(obstacle: &Obstacle) -> Value {
    let (line, column) = obstacle.place.unzip();
    json!({"path": obstacle.path, "line": line, "column": column, "message": obstacle.message})
}
