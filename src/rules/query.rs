//! Rules that are a query: RFC 9535 over the normalized view, each result a finding.

use super::steps::{Step, lead_somewhere};
use super::{Context, Finding};
use crate::policy::normal::Node;
use crate::value::{Kind, Value};
use jsonpath_rust::parser::model::JpQuery;
use jsonpath_rust::parser::parse_json_path;
use jsonpath_rust::query::js_path_process;
use std::sync::OnceLock;

/// The query of a rule and how its results are worded.
#[derive(Debug)]
pub struct QueryCheck {
    /// The query; `build.rs` made sure that it parses.
    pub query: &'static str,
    /// The query taken apart, if it has no part beyond that: where the steps lead nowhere, the query finds nothing.
    pub steps: Option<&'static [Step]>,
    /// The member of a result that the finding points at, where it has it.
    pub at: Option<&'static str>,
    /// The message; `{}` is the text of the place pointed at.
    pub message: &'static str,
    /// The phrase at the place.
    pub label: &'static str,
    /// What to write instead.
    pub help: &'static str,
    /// Parsed when it first finds something, then kept: parsing takes ten times as long as running.
    pub parsed: OnceLock<Option<JpQuery>>,
}

impl QueryCheck {
    /// Add a finding for each result.
    pub fn run(&self, context: &Context<'_>, found: &mut Vec<Finding>) {
        if self.steps.is_some_and(|steps| !lead_somewhere(steps, Node::root(&context.site.document))) {
            return;
        }
        let Some(query) = self.parsed.get_or_init(|| parse_json_path(self.query).ok()) else { return };
        let Ok(results) = js_path_process(query, context.view()) else { return };
        for result in results {
            let node = result.val();
            let member = self.at.and_then(|name| node.member(name));
            let target = member.map_or(node, |member| &member.value);
            // A comparison with an unknown value is neither true nor false: RFC 9535 knows no third answer.
            if is_unknown(target) {
                continue;
            }
            let statement = context.policy.statements.iter().find(|statement| statement.span.contains(target.span));
            let text = target.as_str().unwrap_or_default();
            let mut finding = Finding::new(target.span, self.message.replace("{}", text))
                .label(self.label)
                .help(self.help)
                .subject(text);
            // The whole policy or statement as a place would underline everything: its first byte is enough.
            if matches!(target.kind, Kind::Map(_)) {
                finding.primary.span.end = finding.primary.span.start + 1;
            }
            if let Some(statement) = statement {
                finding = finding.statement(statement);
            }
            found.push(finding);
        }
    }
}

fn is_unknown(value: &Value<'_>) -> bool {
    matches!(value.kind, Kind::Unknown(_) | Kind::Tagged(_) | Kind::Template(_))
}
