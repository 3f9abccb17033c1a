//! A policy with its lists taken apart: one statement for each principal, action and resource.
//!
//! It allows and denies the same. What both versions say in the same words is then seen to be the same, also where it
//! holds values that are not known; and each part of what is new gets a request of its own.

use crate::policy::{Patterns, Policy, Principals, Statement};

/// A policy is not taken further apart than into this many statements.
const MOST_STATEMENTS: usize = 100;

/// The policy taken apart, with the place of the original for each of its statements.
pub fn split(policy: &Policy) -> (Policy, Vec<usize>) {
    let mut parts: Vec<(usize, Statement)> = policy.statements.iter().cloned().enumerate().collect();
    for by in [by_principal, by_action, by_resource] {
        let total: usize = parts.iter().map(|(_, statement)| by(statement).len()).sum();
        if total <= MOST_STATEMENTS {
            parts = parts.into_iter().flat_map(|(at, one)| by(&one).into_iter().map(move |part| (at, part))).collect();
        }
    }
    let mut from = Vec::with_capacity(parts.len());
    let mut statements: Vec<Statement> = Vec::with_capacity(parts.len());
    for (at, mut statement) in parts {
        statement.index = statements.len();
        in_order(&mut statement);
        from.push(at);
        statements.push(statement);
    }
    (Policy { statements, ..policy.clone() }, from)
}

fn by_principal(statement: &Statement) -> Vec<Statement> {
    let Some(principals) = statement.principals.as_ref().filter(|list| !list.negated) else {
        return vec![statement.clone()];
    };
    let parts = apart(&principals.entries, principals.open_ended);
    let with = |(entries, open_ended)| {
        let principals = Some(Principals { entries, open_ended, ..principals.clone() });
        Statement { principals, ..statement.clone() }
    };
    parts.into_iter().map(with).collect()
}

fn by_action(statement: &Statement) -> Vec<Statement> {
    let with = |actions| Statement { actions, ..statement.clone() };
    by_pattern(statement.actions.as_ref()).into_iter().map(with).collect()
}

fn by_resource(statement: &Statement) -> Vec<Statement> {
    let with = |resources| Statement { resources, ..statement.clone() };
    by_pattern(statement.resources.as_ref()).into_iter().map(with).collect()
}

fn by_pattern(list: Option<&Patterns>) -> Vec<Option<Patterns>> {
    let Some(list) = list.filter(|list| !list.negated) else { return vec![list.cloned()] };
    let with = |(items, open_ended)| Some(Patterns { items, open_ended, ..list.clone() });
    apart(&list.items, list.open_ended).into_iter().map(with).collect()
}

/// The members one by one; those that are not shown are a part of their own. An empty list stays one.
fn apart<T: Clone>(items: &[T], open_ended: bool) -> Vec<(Vec<T>, bool)> {
    let mut parts: Vec<(Vec<T>, bool)> = items.iter().map(|item| (vec![item.clone()], false)).collect();
    if open_ended || parts.is_empty() {
        parts.push((Vec::new(), open_ended));
    }
    parts
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
        assert_eq!(apart::<u8>(&[], false), [(vec![], false)]);
        assert_eq!(apart(&[1], true), [(vec![1], false), (vec![], true)]);
        assert_eq!(split(&policy("")).1, [0, 1]);
    }

    #[test]
    fn large_products_stay_together() {
        let list = |n: usize| (0..n).map(|at| format!("\"a:{at}\"")).collect::<Vec<_>>().join(",");
        let (parts, _) = split(&policy(&format!(r#""Action": [{}], "Resource": [{}]"#, list(15), list(15))));
        assert_eq!(parts.statements.len(), 16);
    }
}
