//! `"//"` members in the blocks of `.tf.json`.

use super::json::{Node, elements, member, string};
use super::{Insertion, Plan, Thing, directive, grouped};
use crate::diagnostic::Diagnostic;
use crate::span::Span;
use crate::syntax::json::{self, Dialect};
use crate::value::{Kind, Value};

/// Blocks that findings stand in, with the number of their labels.
const BLOCKS: [(&str, usize); 3] = [("resource", 2), ("data", 2), ("module", 1)];

/// One insertion for each block with findings.
pub fn plan(text: &str, findings: &[&Diagnostic], things: &[Thing], reason: &str) -> Plan {
    let parsed = json::parse(text, Dialect::Strict);
    let mut blocks: Vec<(Span, &Value<'_>)> = Vec::new();
    if let Some(root) = parsed.documents.first().filter(|_| parsed.problems.is_empty()) {
        for (name, labels) in BLOCKS {
            root.member(name)
                .into_iter()
                .for_each(|member| collect(&member.value, member.key_span, labels, &mut blocks));
        }
    }
    let mut plan = Plan::default();
    let mut placed = Vec::new();
    for (at, (finding, thing)) in findings.iter().zip(things).enumerate() {
        match blocks.iter().position(|(span, _)| span.contains(finding.primary.span)) {
            Some(block) => placed.push((block, (at, thing))),
            None => plan.outside.push(at),
        }
    }
    let groups = grouped(placed.iter().map(|(block, (_, thing))| (*block, (*thing).clone())));
    for (block, things) in groups {
        match insertions(text, blocks[block].1, &directive(&things, reason)) {
            Some(insertions) => plan.insertions.extend(insertions),
            None => {
                let mine = placed.iter().filter(|(other, _)| *other == block);
                plan.outside.extend(mine.map(|(_, (at, _))| *at));
            }
        }
    }
    plan.outside.sort_unstable();
    plan
}

/// The objects of blocks below so many labels, each with the place that it has with its last label.
fn collect<'v, 's>(value: &'v Value<'s>, key: Span, labels: usize, found: &mut Vec<(Span, &'v Value<'s>)>) {
    for node in value.one_or_many() {
        match labels {
            0 => found.extend(node.as_map().map(|_| (key.join(node.span), node))),
            _ => node
                .as_map()
                .unwrap_or_default()
                .iter()
                .filter(|member| member.key != "//")
                .for_each(|member| collect(&member.value, member.key_span, labels - 1, found)),
        }
    }
}

/// Where a directive goes in a block; `None` where something else stands in its place.
fn insertions(text: &str, block: &Value<'_>, words: &str) -> Option<Vec<Insertion>> {
    let Some(comment) = block.get("//") else {
        return Some(vec![member(text, block, 0, "//", &Node::Text(string(words)))]);
    };
    match &comment.kind {
        Kind::List(_) => Some(vec![elements(text, comment, &[string(words)])]),
        // A name may stand once in an object, so the two comments become a list.
        Kind::String(_) => Some(vec![
            Insertion { at: comment.span.start as usize, text: "[".to_owned() },
            Insertion { at: comment.span.end as usize, text: format!(", {}]", string(words)) },
        ]),
        _ => None,
    }
}
