//! Repeated values: anchors, aliases and the merge key `<<`, under a budget.

use super::explain::too_deep;
use super::{Builder, Node};
use crate::diagnostic::Problem;
use crate::span::Span;
use crate::syntax::MAX_DEPTH;
use crate::value::{Kind, Member, Value};
use std::borrow::Cow;
use std::collections::HashSet;

/// How many nodes aliases may add to one file. A template with anchors copies a few hundred.
pub(super) const MAX_COPIES: usize = 100_000;

/// What an alias to a name gives.
pub(super) enum Anchor<'s> {
    /// The node is not finished: the alias stands inside it.
    Open,
    Node(Node<'s>),
    /// The budget does not allow to keep a copy.
    TooLarge,
}

impl<'s> Builder<'s> {
    /// Keep a node for the aliases of its anchor.
    pub(super) fn define(&mut self, anchor: usize, node: &Node<'s>) {
        if anchor == 0 {
            return;
        }
        let kept = if self.kept + node.size <= MAX_COPIES {
            self.kept += node.size;
            Anchor::Node(node.clone())
        } else {
            Anchor::TooLarge
        };
        self.anchors.insert(anchor, kept);
    }

    /// What stands in place of an alias.
    pub(super) fn resolve_alias(&mut self, id: usize, span: Span) -> Result<Node<'s>, Problem> {
        match self.anchors.get(&id) {
            Some(Anchor::Node(node)) if self.stack.len() + node.height > MAX_DEPTH => {
                return Err(too_deep(span));
            }
            Some(Anchor::Node(node)) if self.copied + node.size <= MAX_COPIES => {
                self.copied += node.size;
                return Ok(node.clone());
            }
            Some(Anchor::Node(_) | Anchor::TooLarge) => {
                if !std::mem::replace(&mut self.told_copies, true) {
                    self.problem(
                        span,
                        format!("aliases would copy more than {MAX_COPIES} nodes"),
                        "write the repeated parts out, or split the file",
                    );
                }
                return Ok(self.unknown(span, "an alias past the limit"));
            }
            Some(Anchor::Open) | None => {}
        }
        let alias = self.slice(span);
        self.problem(
            span,
            format!("`{alias}` stands inside the value that it repeats"),
            "a value cannot contain itself; write it out",
        );
        Ok(self.unknown(span, "an alias inside its own anchor"))
    }

    /// Put the members of `<<` into an object. Its own members win, then the earlier of the merged ones.
    pub(super) fn merge(&mut self, members: &mut Vec<Member<'s>>, merges: Vec<Member<'s>>) {
        let mut known: HashSet<Cow<'s, str>> = members.iter().map(|member| member.key.clone()).collect();
        for merge in merges {
            let wrong = |value: &Value<'_>| !matches!(value.kind, Kind::Map(_) | Kind::Unknown(_));
            let sources = match merge.value.kind {
                Kind::List(items) => items,
                _ => vec![merge.value],
            };
            for source in sources {
                if wrong(&source) {
                    self.problem(
                        merge.key_span,
                        format!("`<<` takes an object or a list of objects, not {}", source.sort()),
                        "merge an alias of an object: `<<: *name`",
                    );
                }
                let Kind::Map(merged) = source.kind else {
                    // What cannot be merged stays visible as a member that no format knows.
                    members.push(Member { key: merge.key.clone(), key_span: merge.key_span, value: source });
                    continue;
                };
                let start = members.len();
                members.extend(merged.into_iter().filter(|member| !known.contains(&member.key)));
                known.extend(members[start..].iter().map(|member| member.key.clone()));
            }
        }
    }
}
