//! A policy with its lists taken apart: one statement for each principal, action and resource.
//!
//! It allows and denies the same. What both versions say in the same words is then seen to be the same, also where it
//! holds values that are not known; and each part of what is new gets a request of its own.

use crate::policy::{Patterns, Policy, Principals, Statement};
use std::ops::Range;

/// A policy is not taken further apart than into this many statements.
const MOST_STATEMENTS: usize = 100;

/// The policy taken apart, with the place of the original for each of its statements. A list that is too long to be
/// taken apart into single members is taken apart into runs of them.
pub fn split(policy: &Policy) -> (Policy, Vec<usize>) {
    let mut parts: Vec<(usize, Statement)> = policy.statements.iter().cloned().enumerate().collect();
    for list in [List::Principals, List::Actions, List::Resources] {
        parts = apart_by(list, parts);
    }
    let mut from = Vec::with_capacity(parts.len());
    let mut statements: Vec<Statement> = Vec::with_capacity(parts.len());
    for (at, mut statement) in parts {
        statement.index = statements.len();
        in_order(&mut statement);
        from.push(at);
        statements.push(statement);
    }
    let Policy { span, version, open_ended, facts, .. } = policy;
    (Policy { span: *span, version: version.clone(), statements, open_ended: *open_ended, facts: facts.clone() }, from)
}

/// The list that statements are taken apart by.
#[derive(Clone, Copy)]
enum List {
    Principals,
    Actions,
    Resources,
}

impl List {
    /// The members of the list, and whether there may be more; `None` for a list that is one test.
    fn size(self, statement: &Statement) -> Option<(usize, bool)> {
        let patterns = |list: &Option<Patterns>| {
            let list = list.as_ref().filter(|list| !list.negated)?;
            Some((list.items.len(), list.open_ended))
        };
        match self {
            List::Principals => {
                let list = statement.principals.as_ref().filter(|list| !list.negated)?;
                Some((list.entries.len(), list.open_ended))
            }
            List::Actions => patterns(&statement.actions),
            List::Resources => patterns(&statement.resources),
        }
    }

    /// The statement with these members alone; those that are not shown are a part of their own.
    fn keep(self, statement: &Statement, members: Range<usize>, open: bool) -> Statement {
        let patterns = |list: &Option<Patterns>, mine: bool| {
            let of =
                |list: &Patterns| Patterns { items: list.items[members.clone()].to_vec(), open_ended: open, ..*list };
            list.as_ref().map(|list| if mine { of(list) } else { list.clone() })
        };
        let principals = statement.principals.as_ref().map(|list| match self {
            List::Principals => {
                Principals { entries: list.entries[members.clone()].to_vec(), open_ended: open, ..*list }
            }
            List::Actions | List::Resources => list.clone(),
        });
        Statement {
            principals,
            actions: patterns(&statement.actions, matches!(self, List::Actions)),
            resources: patterns(&statement.resources, matches!(self, List::Resources)),
            sid: statement.sid.clone(),
            conditions: statement.conditions.clone(),
            ..*statement
        }
    }
}

/// Statements taken apart by one of their lists, as far as there may be so many of them.
fn apart_by(list: List, parts: Vec<(usize, Statement)>) -> Vec<(usize, Statement)> {
    let singles =
        |part: &(usize, Statement)| list.size(&part.1).map_or(1, |(len, open)| (len + usize::from(open)).max(1));
    let total: usize = parts.iter().map(singles).sum();
    // In runs only what cannot be taken apart in any other way.
    let is_long = |(_, part): &(usize, Statement)| list.size(part).is_some_and(|(len, _)| len > MOST_STATEMENTS);
    let long = parts.iter().filter(|part| is_long(part)).count();
    let runs = MOST_STATEMENTS.saturating_sub(parts.len() - long).checked_div(long).unwrap_or(0).max(1);
    let mut out = Vec::new();
    for (at, part) in parts {
        let (len, open) = match list.size(&part) {
            Some(size) if total <= MOST_STATEMENTS || size.0 > MOST_STATEMENTS => size,
            _ => {
                out.push((at, part));
                continue;
            }
        };
        let run = if total <= MOST_STATEMENTS { 1 } else { len.div_ceil(runs) };
        let starts = (0..len).step_by(run.max(1));
        out.extend(starts.map(|start| (at, list.keep(&part, start..len.min(start + run), false))));
        if open || len == 0 {
            out.push((at, list.keep(&part, 0..0, open)));
        }
    }
    out
}

/// Conditions and their values in one order: how they are written says nothing.
fn in_order(statement: &mut Statement) {
    for condition in &mut statement.conditions {
        condition.values.sort_by_cached_key(|value| value.display().into_owned());
        condition.values.dedup();
    }
    statement
        .conditions
        .sort_by_cached_key(|condition| (condition.key.to_ascii_lowercase(), condition.operator_text.clone()));
    let lists = statement.principals.iter_mut().map(|list| &mut list.entries);
    lists.for_each(|entries| entries.sort_by_cached_key(|entry| entry.text.display().into_owned()));
    let lists = statement.actions.iter_mut().chain(&mut statement.resources);
    lists.for_each(|list| list.items.sort_by_cached_key(|item| item.display().into_owned()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::lower;
    use crate::syntax::{Syntax, parse};
    use crate::value::Text;

    fn policy(statement: &str) -> Policy {
        lower(
            &parse(&format!(r#"{{"Statement": [{{"Effect": "Deny"}}, {{{statement}}}]}}"#), Syntax::Json).documents[0],
        )
    }

    #[test]
    fn lists_are_taken_apart() {
        let (parts, from) =
            split(&policy(r#""Principal": {"AWS": ["1", "2"]}, "Action": ["a:B", "a:C"], "NotResource": ["x", "y"]"#));
        assert_eq!(from, [0, 1, 1, 1, 1]);
        assert!(parts.statements.iter().enumerate().all(|(at, statement)| statement.index == at));
        let last = &parts.statements[4];
        assert_eq!(last.principals.as_ref().map(|list| list.entries.len()), Some(1));
        assert_eq!(last.actions.as_ref().map(|list| list.items.len()), Some(1));
        assert_eq!(last.resources.as_ref().map(|list| list.items.len()), Some(2), "`NotResource` is one test");
    }

    #[test]
    fn empty_and_open_lists_stay() {
        let sizes = |policy: &Policy| -> Vec<(usize, bool)> {
            let lists = split(policy).0.statements.into_iter().skip(1).filter_map(|one| one.actions);
            lists.map(|list| (list.items.len(), list.open_ended)).collect()
        };
        let mut open = policy(r#""Action": []"#);
        assert_eq!(sizes(&open), [(0, false)]);
        let list = open.statements[1].actions.as_mut().expect("a list");
        list.items.push(Text::literal("a:B", list.span));
        list.open_ended = true;
        assert_eq!(sizes(&open), [(1, false), (0, true)]);
        assert_eq!(split(&policy("")).1, [0, 1]);
    }

    #[test]
    fn large_products_stay_together() {
        let list = |n: usize| (0..n).map(|at| format!("\"a:{at}\"")).collect::<Vec<_>>().join(",");
        let (parts, _) = split(&policy(&format!(r#""Action": [{}], "Resource": [{}]"#, list(15), list(15))));
        assert_eq!(parts.statements.len(), 16);
    }

    #[test]
    fn long_lists_are_taken_apart_into_runs() {
        let list = (0..1_234).map(|at| format!("\"a:{at}\"")).collect::<Vec<_>>().join(",");
        let (parts, from) = split(&policy(&format!(r#""Action": [{list}]"#)));
        let sizes: Vec<usize> =
            parts.statements.iter().filter_map(|one| Some(one.actions.as_ref()?.items.len())).collect();
        assert_eq!((sizes.len(), sizes.iter().sum::<usize>(), from.len()), (95, 1_234, 96));
    }
}
