//! Whether a query finds anything, told without parsing it and without making the view that it runs over.
//!
//! `build.rs` takes the queries of the rules apart. Nearly every policy has nothing for nearly every query: walking a few
//! steps over the document costs a hundredth of what the library does, and the library still has the last word on what
//! is found.

use crate::policy::normal::Node;
use std::cmp::Ordering;

/// One segment of a query.
#[derive(Debug)]
pub enum Step {
    /// `.name`: the first member of this name.
    Member(&'static str),
    /// `.*`: every element or member.
    Each,
    /// `[?…]`: the elements or members that pass a test.
    Where(Test),
}

/// A test on a node, as RFC 9535 reads it: what is not there, and what is not wholly known, equals no text and has no
/// length.
#[derive(Debug)]
pub enum Test {
    /// One of these.
    Any(&'static [Test]),
    /// All of these.
    All(&'static [Test]),
    /// Not this.
    Not(&'static Test),
    /// These steps lead to a node.
    Exists(&'static [Step]),
    /// The text at this path of members compares so to another.
    Text(&'static [&'static str], Is, &'static str),
    /// The length of what is at this path of members compares so to a number.
    Length(&'static [&'static str], Is, usize),
}

/// An operator of comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Is {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
}

impl Is {
    /// Whether an order between two things is what the operator asks for; without one they are not equal, and no more
    /// can be said.
    fn holds(self, order: Option<Ordering>) -> bool {
        match self {
            Is::Equal => order == Some(Ordering::Equal),
            Is::NotEqual => order != Some(Ordering::Equal),
            Is::Greater => order == Some(Ordering::Greater),
            Is::GreaterOrEqual => order.is_some_and(Ordering::is_ge),
            Is::Less => order == Some(Ordering::Less),
            Is::LessOrEqual => order.is_some_and(Ordering::is_le),
        }
    }
}

/// Whether the steps lead from a node to any.
pub fn lead_somewhere(steps: &[Step], node: Node<'_, '_>) -> bool {
    let Some((step, rest)) = steps.split_first() else { return true };
    match step {
        Step::Member(name) => node.member(name).is_some_and(|member| lead_somewhere(rest, member)),
        Step::Each => node.children().any(|child| lead_somewhere(rest, child)),
        Step::Where(test) => node.children().any(|child| test.holds(child) && lead_somewhere(rest, child)),
    }
}

impl Test {
    fn holds(&self, node: Node<'_, '_>) -> bool {
        match self {
            Test::Any(tests) => tests.iter().any(|test| test.holds(node)),
            Test::All(tests) => tests.iter().all(|test| test.holds(node)),
            Test::Not(test) => !test.holds(node),
            Test::Exists(steps) => lead_somewhere(steps, node),
            Test::Text(path, is, text) => is.holds(at(node, path).and_then(Node::text).map(|own| own.cmp(text))),
            Test::Length(path, is, count) => is.holds(at(node, path).and_then(Node::length).map(|own| own.cmp(count))),
        }
    }
}

/// The node at a path of members.
fn at<'v, 'd>(node: Node<'v, 'd>, path: &[&str]) -> Option<Node<'v, 'd>> {
    path.iter().try_fold(node, |node, name| node.member(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::normal::{normalize, tests::documents};
    use crate::rules::{Check, RULES};
    use crate::value::Value;
    use jsonpath_rust::parser::model::JpQuery;
    use jsonpath_rust::parser::parse_json_path;
    use jsonpath_rust::query::js_path_process;
    use proptest::prelude::*;

    include!(concat!(env!("OUT_DIR"), "/query_samples.rs"));

    /// The queries of the rules, which must all have steps.
    fn of_rules() -> Vec<(&'static str, &'static [Step])> {
        let queries = RULES.iter().filter_map(|rule| match &rule.check {
            Check::Query(query) => Some((query.query, query.steps.expect(query.query))),
            Check::Native(_) | Check::Run => None,
        });
        queries.collect()
    }

    fn parsed(query: &str) -> JpQuery {
        parse_json_path(query).expect(query)
    }

    /// Whether the library finds something, after checking that the steps say the same.
    fn finds(query: &str, parsed: &JpQuery, steps: &[Step], document: &Value<'_>, view: &Value<'_>) -> bool {
        let finds = !js_path_process(parsed, view).expect("runs").is_empty();
        assert_eq!(lead_somewhere(steps, Node::root(document)), finds, "{query} in {document:?}");
        finds
    }

    #[test]
    fn steps_find_what_the_library_finds() {
        let samples = SAMPLES.iter().filter_map(|(query, steps)| Some((*query, (*steps)?)));
        let queries: Vec<_> =
            samples.chain(of_rules()).map(|(query, steps)| (query, parsed(query), steps, [0, 0])).collect();
        assert!(queries.len() > 15);
        let counts = std::cell::RefCell::new(queries);
        proptest!(ProptestConfig::with_cases(2_000), |(document in documents())| {
            let view = normalize(&document);
            for (query, parsed, steps, count) in counts.borrow_mut().iter_mut() {
                count[usize::from(finds(query, parsed, steps, &document, &view))] += 1;
            }
        });
        // A query that never or always finds something was not tried.
        for (query, _, _, [nothing, something]) in counts.into_inner() {
            let always = ["$", "$.Policy"].contains(&query);
            assert!(
                (always || nothing > 0) && (something > 0 || query == "$.Other"),
                "{query}: {nothing}, {something}"
            );
        }
    }

    #[test]
    fn what_no_step_stands_for_has_none() {
        let without: Vec<_> = SAMPLES.iter().filter(|(_, steps)| steps.is_none()).map(|(query, _)| *query).collect();
        assert_eq!(without, ["$..Action", "$.Policy.Statement[0]"]);
    }
}
