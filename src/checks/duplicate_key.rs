//! One object of a policy with two members of the same name.

use crate::policy::Statement;
use crate::rules::{Context, Finding};
use crate::site::Redefined;
use crate::span::Span;
use crate::value::{Member, Value};
use std::collections::BTreeMap;

pub fn check(context: &Context<'_>, found: &mut Vec<Finding>) {
    exact(context, &context.site.document, found);
    for Redefined { key, first, last } in &context.site.redefined {
        let message = format!("`{key}` stands twice in one object, of which Terraform takes the last");
        let finding = Finding::new(*last, message)
            .label("the second, which counts")
            .because(*first, "the first, which is dropped")
            .why("what is dropped in silence may be the guard");
        found.push(told(context, finding, *last, key));
    }
    for conditions in condition_blocks(&context.site.document) {
        for operator in conditions.as_map().unwrap_or_default() {
            ignoring_case(context, operator, found);
        }
    }
}

/// Members that are the same to the letter, in any object. The syntaxes bound how deep objects nest.
fn exact(context: &Context<'_>, value: &Value<'_>, found: &mut Vec<Finding>) {
    // An object has a handful of members: no hash is as cheap as comparing them.
    let mut seen: BTreeMap<&str, &Member<'_>> = BTreeMap::new();
    for member in value.as_map().unwrap_or_default() {
        match seen.get(member.key.as_ref()) {
            Some(first) => {
                let message = format!("`{}` stands twice in one object, which IAM rejects", member.key);
                found.push(word(context, first, member, message));
            }
            None => drop(seen.insert(&member.key, member)),
        }
    }
    value.children().for_each(|child| exact(context, child, found));
}

/// The `Condition` elements of a document.
fn condition_blocks<'v>(document: &'v Value<'v>) -> impl Iterator<Item = &'v Value<'v>> {
    let members = document.as_map().unwrap_or_default().iter();
    let statements = members.filter(|member| member.key == "Statement").flat_map(|member| member.value.one_or_many());
    let elements = statements.flat_map(|statement| statement.as_map().unwrap_or_default());
    elements.filter(|element| element.key == "Condition").map(|element| &element.value)
}

/// Condition keys are compared without regard to case, so `aws:SourceIp` and `aws:sourceip` are one.
fn ignoring_case(context: &Context<'_>, operator: &Member<'_>, found: &mut Vec<Finding>) {
    let mut seen: BTreeMap<String, &Member<'_>> = BTreeMap::new();
    let members = operator.value.as_map().unwrap_or_default();
    if members.len() < 2 {
        return;
    }
    for member in members {
        match seen.get(&member.key.to_ascii_lowercase()) {
            Some(first) if first.key == member.key => {}
            Some(first) => {
                let message =
                    format!("`{}` and `{}` are the same condition key, which IAM rejects", first.key, member.key);
                found.push(word(context, first, member, message));
            }
            None => drop(seen.insert(member.key.to_ascii_lowercase(), member)),
        }
    }
}

fn word(context: &Context<'_>, first: &Member<'_>, second: &Member<'_>, message: String) -> Finding {
    let finding = Finding::new(second.key_span, message)
        .label("the second")
        .because(first.key_span, "the first")
        .why("a tool that keeps one of the two may keep the one without the guard");
    told(context, finding, second.key_span, &second.key)
}

/// What is said of the second of two keys, which stands here.
fn told(context: &Context<'_>, finding: Finding, second: Span, key: &str) -> Finding {
    let inside = |statement: &&Statement| statement.span.contains(second);
    let finding = finding.help("keep one, with the values of both if both are meant").subject(key);
    match context.policy.statements.iter().find(inside) {
        Some(statement) => finding.statement(statement),
        None => finding,
    }
}
