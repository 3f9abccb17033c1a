//! Entries in the `Metadata` of the resources of a template in JSON.

use super::json::{Node, elements, member, object};
use super::{Insertion, Plan, Thing, grouped};
use crate::diagnostic::Diagnostic;
use crate::span::Span;
use crate::suppress::metadata::resources;
use crate::value::Value;

/// One insertion for each resource with findings.
pub fn plan(text: &str, roots: &[Value<'_>], findings: &[&Diagnostic], things: &[Thing], reason: &str) -> Plan {
    let resources: Vec<(Span, &Value<'_>)> = roots.iter().flat_map(resources).collect();
    let mut plan = Plan::default();
    let mut placed = Vec::new();
    for (at, (finding, thing)) in findings.iter().zip(things).enumerate() {
        let span: Span = finding.primary.span;
        match resources.iter().position(|(place, _)| place.contains(span)) {
            Some(resource) => placed.push((resource, (at, thing))),
            None => plan.outside.push(at),
        }
    }
    let groups = grouped(placed.iter().map(|(resource, (_, thing))| (*resource, (*thing).clone())));
    for (resource, things) in groups {
        match insertion(text, resources[resource].1, &things, reason) {
            Some(insertion) => plan.insertions.push(insertion),
            None => {
                let mine = placed.iter().filter(|(other, _)| *other == resource);
                plan.outside.extend(mine.map(|(_, (at, _))| *at));
            }
        }
    }
    plan.outside.sort_unstable();
    plan
}

/// Where the entries of a resource go; `None` where something else stands in their place.
fn insertion(text: &str, resource: &Value<'_>, things: &[Thing], reason: &str) -> Option<Insertion> {
    let entries: Vec<String> = things.iter().map(|thing| entry(thing, reason)).collect();
    let list = Node::List(entries.clone());
    let members = resource.as_map()?;
    let Some(metadata) = resource.get("Metadata") else {
        let before = members.iter().position(|member| member.key == "Properties").unwrap_or(0);
        let ours = Node::Object("iamlint", Box::new(Node::Object("ignore", Box::new(list))));
        return Some(member(text, resource, before, "Metadata", &ours));
    };
    metadata.as_map()?;
    let Some(ours) = metadata.get("iamlint") else {
        return Some(member(text, metadata, 0, "iamlint", &Node::Object("ignore", Box::new(list))));
    };
    ours.as_map()?;
    match ours.get("ignore") {
        None => Some(member(text, ours, 0, "ignore", &list)),
        Some(ignore) => ignore.as_list().map(|_| elements(text, ignore, &entries)),
    }
}

fn entry(thing: &Thing, reason: &str) -> String {
    let mut pairs = vec![("rule", thing.rule)];
    pairs.extend(thing.sid.as_deref().map(|sid| ("sid", sid)));
    pairs.extend(thing.subject.as_deref().map(|subject| ("subject", subject)));
    pairs.push(("reason", reason));
    object(&pairs)
}
