//! `--format text`: what changed, for people.

use super::contents::Site;
use super::outcome::{Changed, Compared, Counts, Outcome};
use crate::access::Request;
use crate::access::analysis::compare::{Change, Example, Sure, UNKNOWN_VALUE};
use crate::access::engine::symbols::in_words;
use crate::policy::Policy;
use crate::report::Style;
use crate::site::PolicyKind;
use crate::site::choice_in_words;
use std::io::{self, Write};

/// Write what changed, and with `verbose` what did not.
pub fn write(outcome: &Outcome<'_>, verbose: bool, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let paint = |text: &str, digits: &str| match style.color {
        true => format!("\u{1b}[{digits}m{text}\u{1b}[0m"),
        false => text.to_owned(),
    };
    for policy in &outcome.policies {
        let name = paint(&name(policy), "1");
        if policy.changes.is_empty() && verbose {
            let same = if policy.unchanged { "unchanged" } else { "written differently, allows exactly the same" };
            writeln!(out, "{name}: {same}")?;
        }
        for changed in &policy.changes {
            writeln!(out, "{name}{}", when(changed))?;
            let (old, new) = (policy.pair.old, policy.pair.new);
            side(out, &paint("gained", "31"), &changed.comparison.gained, new.or(old), changed)?;
            side(out, &paint("lost  ", "33"), &changed.comparison.lost, old.or(new), changed)?;
        }
    }
    for unresolved in &outcome.unresolved {
        writeln!(out, "{unresolved}\n  {}  not certain: it changed", paint("gained", "31"))?;
        writeln!(out, "  {}  not certain: it changed", paint("lost  ", "33"))?;
    }
    Ok(())
}

/// The last line of a run.
pub fn summary(counts: Counts) -> String {
    let policies = if counts.policies == 1 { "policy" } else { "policies" };
    let rewritten = match counts.rewritten {
        0 => String::new(),
        n => format!(" ({n} written differently)"),
    };
    format!(
        "compared {} {policies}: {} gained access, {} lost access, {} not certain, {} equal{rewritten}",
        counts.policies, counts.gained, counts.lost, counts.uncertain, counts.equal
    )
}

/// `roles.yaml:3:5: Resources.Role (trust)` and what became of it as a whole.
fn name(policy: &Compared<'_>) -> String {
    let Some(site) = policy.pair.site() else { return String::new() };
    let position = site.source.position(site.span.start);
    let mut name = format!("{}:{}:{}: ", site.source.path, position.line, position.column);
    if !site.address.is_empty() {
        name.push_str(&site.address);
        name.push(' ');
    }
    name.push_str(&format!("({})", site.kind.name()));
    match (policy.pair.old, policy.pair.new) {
        (Some(old), Some(new)) if old.key != new.key => name.push_str(&format!(", moved from {}", old.source.path)),
        (None, Some(_)) => name.push_str(", added"),
        (Some(_), None) => name.push_str(", removed"),
        (Some(_), Some(_)) | (None, None) => {}
    }
    name
}

fn when(changed: &Changed) -> String {
    let words: Vec<String> = changed.when.iter().map(choice_in_words).collect();
    if words.is_empty() { String::new() } else { format!(", when {}", words.join(" and ")) }
}

fn side(out: &mut dyn Write, label: &str, change: &Change, site: Option<&Site>, changed: &Changed) -> io::Result<()> {
    for one in &change.examples {
        example(out, label, one, site)?;
    }
    if change.more {
        writeln!(out, "  {label}  and more")?;
    }
    match change.answer {
        Sure::Never => writeln!(out, "  {label}  nothing"),
        Sure::Yes if change.why.is_empty() => Ok(()),
        Sure::Yes => writeln!(out, "  {label}  perhaps more: {}", reasons(change, changed)),
        Sure::Possibly => writeln!(out, "  {label}  not certain: {}", reasons(change, changed)),
        Sure::Undecided => writeln!(out, "  {label}  not decided: {}", reasons(change, changed)),
    }
}

/// Why something is not certain, with the names of what is not known.
pub fn reasons(change: &Change, changed: &Changed) -> String {
    let mut words = change.why.join(" and ");
    if change.why.iter().any(|why| why == UNKNOWN_VALUE) && !changed.unknown.is_empty() {
        let names: Vec<String> = changed.unknown.iter().map(|name| format!("`{name}`")).collect();
        words.push_str(&format!(": {}", names.join(", ")));
    }
    if change.answer == Sure::Undecided { words } else { format!("it depends on {words}") }
}

fn example(out: &mut dyn Write, label: &str, example: &Example, site: Option<&Site>) -> io::Result<()> {
    let sure = if example.certain { "" } else { "perhaps " };
    let Request { action, caller, resource, context } = &example.request;
    let caller = in_words(&caller.to_string());
    let resource = resource.as_ref().map_or_else(String::new, |arn| format!(" on {arn}"));
    match site.is_none_or(tells_callers_apart) {
        true => writeln!(out, "  {label}  {sure}{caller} can {action}{resource}")?,
        false => writeln!(out, "  {label}  {sure}{action}{resource}")?,
    }
    let mut circumstances: Vec<String> =
        context.iter().map(|(key, values)| format!("{key} = {}", values.join(", "))).collect();
    if !example.absent.is_empty() {
        circumstances.push(format!("no {}", example.absent.join(", no ")));
    }
    if !circumstances.is_empty() {
        writeln!(out, "          with {}", circumstances.join("; "))?;
    }
    let statement = example.statement.and_then(|at| site.and_then(|site| place(site, at)));
    statement.map_or(Ok(()), |statement| writeln!(out, "          by statement {statement}"))
}

/// Whether it matters to a policy who calls. What is attached to the caller does not name it, save in a condition.
fn tells_callers_apart(site: &Site) -> bool {
    let by_condition = || {
        let statements = site.forms.iter().flat_map(|form| &form.policy.statements);
        let mut keys = statements.flat_map(|one| &one.conditions).map(|condition| condition.key.to_ascii_lowercase());
        keys.any(|key| key.starts_with("aws:principal") || ["aws:userid", "aws:username"].contains(&key.as_str()))
    };
    match site.kind {
        PolicyKind::Trust | PolicyKind::Resource | PolicyKind::Rcp => true,
        PolicyKind::Identity | PolicyKind::Scp | PolicyKind::Boundary | PolicyKind::Session => by_condition(),
    }
}

/// The name and the place of a statement.
fn place(site: &Site, at: usize) -> Option<String> {
    let policy: &Policy = &site.forms.first()?.policy;
    let statement = policy.statements.get(at)?;
    let position = site.source.position(statement.span.start);
    Some(format!("{} at {}:{}:{}", statement.name(), site.source.path, position.line, position.column))
}
