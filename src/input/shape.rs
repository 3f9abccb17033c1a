//! What a policy document looks like among other documents.

use crate::value::Value;

/// The values of `Version`: IAM User Guide, IAM JSON policy elements: Version.
const VERSIONS: [&str; 2] = ["2012-10-17", "2008-10-17"];
/// Elements that make an object a statement.
const ELEMENTS: [&str; 7] = ["Effect", "Action", "NotAction", "Principal", "NotPrincipal", "Resource", "NotResource"];

/// Whether an object is meant to be a policy document. A policy may be broken, and many things have a `Statement`.
pub(super) fn is_policy(value: &Value<'_>) -> bool {
    let Some(members) = value.as_map() else { return false };
    if are_of_stack_policy(value.get("Statement").map(Value::one_or_many).unwrap_or_default()) {
        return false;
    }
    let has_version = members.iter().any(|member| {
        member.key.eq_ignore_ascii_case("Version") && member.value.as_str().is_some_and(|text| VERSIONS.contains(&text))
    });
    members.iter().any(|member| {
        let statements = member.value.one_or_many();
        match member.key.as_ref() {
            "Statement" => has_version || statements.iter().any(is_statement),
            // A misspelt `Statement` needs the version and something like a statement.
            _ => has_version && statements.iter().any(is_statement),
        }
    })
}

/// Whether statements say what an update of a stack may do. They have the shape of a policy's, and IAM has no part in them
/// (CloudFormation User Guide, Prevent updates to stack resources).
pub(super) fn are_of_stack_policy(statements: &[Value<'_>]) -> bool {
    let updates = |action: &Value<'_>| {
        let start = action.as_str().and_then(|action| action.get(.."update:".len()));
        start.is_some_and(|start| start.eq_ignore_ascii_case("update:"))
    };
    !statements.is_empty()
        && statements.iter().all(|statement| {
            let actions = statement.get("Action").or_else(|| statement.get("NotAction"));
            actions.is_some_and(|actions| actions.one_or_many().iter().all(updates))
        })
}

/// Whether an object has an element of a statement, well or nearly well spelt.
fn is_statement(value: &Value<'_>) -> bool {
    let Some(members) = value.as_map() else { return false };
    // Syntax trees of programs have statements too, of some `type` at some place.
    if value.get("type").is_some() {
        return false;
    }
    members.iter().any(|member| {
        let key = member.key.as_ref();
        ELEMENTS.iter().any(|element| {
            element.eq_ignore_ascii_case(key)
                || key.len().abs_diff(element.len()) <= 1 && strsim::osa_distance(element, key) == 1
        })
    })
}
