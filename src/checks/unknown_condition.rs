//! Operators and keys of conditions that do not exist.

use crate::aws::keys;
use crate::diagnostic::{Confidence, Severity};
use crate::policy::condition::Family;
use crate::policy::{BaseOperator, Condition, Statement};
use crate::rules::{Context, Finding};
use crate::span::Span;

pub fn check(context: &Context<'_>, found: &mut Vec<Finding>) {
    for statement in &context.policy.statements {
        let mut last: Option<Span> = None;
        for condition in &statement.conditions {
            // One operator with several keys is one mistake.
            if last != Some(condition.operator_span) {
                found.extend(operator(condition).map(|finding| finding.statement(statement)));
            }
            last = Some(condition.operator_span);
            found.extend(key(statement, condition));
        }
    }
}

fn operator(condition: &Condition) -> Option<Finding> {
    let written = &condition.operator_text;
    let span = condition.operator_span;
    // A function of the file around the policy is no operator.
    if written.contains("${") || written.starts_with("Fn::") {
        return None;
    }
    let Some(base) = condition.operator.base else {
        let finding = Finding::new(span, format!("there is no condition operator `{written}`"))
            .label("IAM rejects this")
            .subject(written);
        return Some(match nearest(written) {
            Some(meant) => finding.help(format!("did you mean `{meant}`?")),
            None => finding,
        });
    };
    if base.family() == Family::Null && condition.operator.if_exists {
        let finding =
            Finding::new(span, format!("`{written}` does not exist: `Null` already asks whether the key is there"))
                .label("IAM rejects this")
                .help("write `Null`")
                .subject(written);
        return Some(finding);
    }
    (!condition.operator.canonical).then(|| {
        Finding::new(span, format!("`{written}` is not how IAM writes `{}`", condition.operator))
            .label("IAM probably rejects this")
            .help(format!("write `{}`", condition.operator))
            .subject(written)
            .severity(Severity::Medium)
            .confidence(Confidence::Likely)
    })
}

/// The operator that was probably meant: the one at most three edits away, unless two are equally near.
fn nearest(written: &str) -> Option<String> {
    let mut best: Option<(usize, String)> = None;
    let mut tied = false;
    for (_, name) in BaseOperator::ALL {
        for set in ["", "ForAllValues:", "ForAnyValue:"] {
            for end in ["", "IfExists"] {
                let candidate = format!("{set}{name}{end}");
                if candidate.len().abs_diff(written.len()) > 3 {
                    continue;
                }
                let distance = strsim::osa_distance(&candidate.to_ascii_lowercase(), &written.to_ascii_lowercase());
                match &best {
                    Some((least, _)) if distance > *least => {}
                    Some((least, _)) if distance == *least => tied = true,
                    Some(_) | None => (best, tied) = (Some((distance, candidate)), false),
                }
            }
        }
    }
    best.filter(|(distance, _)| *distance <= 3 && !tied).map(|(_, name)| name)
}

fn key(statement: &Statement, condition: &Condition) -> Option<Finding> {
    let written = condition.key.as_str();
    if written.contains("${") || written.starts_with("Fn::") || condition.operator.base.is_none() {
        return None;
    }
    let finding = |message: String| Finding::new(condition.key_span, message).subject(written).statement(statement);
    let Some((service, rest)) = written.split_once(':') else {
        let finding =
            finding(format!("`{written}` is not a condition key: it names no service")).label("IAM rejects this");
        return Some(match keys::suggest(&format!("aws:{written}")).or_else(|| known_global(written)) {
            Some(meant) => finding.help(format!("did you mean `{meant}`?")),
            None => finding.help("a key is written `service:name`, `aws:SourceIp`"),
        });
    };
    if !service.eq_ignore_ascii_case("aws") || keys::is_global(written) {
        return None;
    }
    let tag = rest.strip_suffix('/').is_some_and(|name| !name.contains('/'))
        || matches!(rest.to_ascii_lowercase().as_str(), "principaltag" | "requesttag" | "resourcetag");
    if tag && keys::is_global(&format!("{}/x", written.trim_end_matches('/'))) {
        return Some(
            finding(format!("`{written}` names no tag"))
                .label("the tag's key stands after the slash")
                .help(format!("write `{}/` and the key of the tag", written.trim_end_matches('/'))),
        );
    }
    let finding = finding(format!("AWS knows no global condition key `{written}`, so no request has it"))
        .label("not a key of AWS")
        .severity(Severity::Medium)
        .confidence(Confidence::Likely);
    Some(match keys::suggest(written) {
        Some(meant) => finding.help(format!("did you mean `{meant}`?")),
        None => finding.help("the list is in the IAM User Guide, \"AWS global condition context keys\""),
    })
}

/// The global key of this name.
fn known_global(name: &str) -> Option<&'static str> {
    keys::key(&format!("aws:{name}")).map(|key| key.name)
}
