//! A trust policy that allows more STS actions than it names.

use crate::aws::sts::{self, Caller};
use crate::diagnostic::{Audience, Confidence, Severity};
use crate::policy::{Patterns, Statement, Truth, pattern};
use crate::rules::{Context, Finding};
use crate::span::Span;
use crate::value::Text;

pub fn check(context: &Context<'_>, found: &mut Vec<Finding>) {
    for statement in context.allows() {
        let Some(actions) = &statement.actions else { continue };
        if actions.negated {
            found.extend(judge(statement, actions.key_span, "NotAction", |action| statement.covers_action(action)));
        } else {
            for item in actions.items.iter().filter(|item| item.known().is_some() && pattern::has_wildcard(item)) {
                found.extend(judge(statement, item.span, &item.display(), |action| {
                    pattern::action_matches(item, action)
                }));
            }
        }
    }
}

/// What a pattern covers, for the callers of one statement.
struct Covered {
    /// The action with which they get the role.
    assume: Vec<&'static str>,
    /// Actions beside it that no item names: they let the caller put things into the session.
    extra: Vec<&'static str>,
}

fn judge(statement: &Statement, span: Span, written: &str, covers: impl Fn(&str) -> Truth) -> Option<Finding> {
    let covered = covered(statement, covers);
    if covered.assume.is_empty() && covered.extra.is_empty() {
        return None;
    }
    let whole = written == "*" || written.starts_with("*:");
    let (message, quiet) = match (whole, covered.extra.is_empty()) {
        (true, true) => {
            (format!("IAM is likely to reject `{written}` in a trust policy, which takes only STS actions"), false)
        }
        (true, false) => (
            format!(
                "`{written}` also covers {}, and IAM is likely to reject it in a trust policy",
                list(covered.extra.iter())
            ),
            false,
        ),
        (false, true) => (format!("`{written}` covers only {} here", list(covered.assume.iter())), true),
        (false, false) => (format!("`{written}` also covers {}", list(covered.extra.iter())), false),
    };
    let mut finding = Finding::new(span, message)
        .label("covers more than it names")
        .help(help(&covered))
        .subject(written)
        .statement(statement);
    if covered.extra.contains(&"sts:TagSession") {
        finding = finding
            .why("the caller may pass session tags of its choice, which policies with `aws:PrincipalTag` believe");
    }
    if let Some(principals) = &statement.principals {
        finding = finding.because(principals.span, "for these callers");
    }
    if quiet {
        finding = finding.label("names one action").severity(Severity::Low).audience(Audience::Strict);
    }
    Some(if whole { finding.confidence(Confidence::Likely) } else { finding })
}

fn covered(statement: &Statement, covers: impl Fn(&str) -> Truth) -> Covered {
    let mut callers: Vec<Caller> =
        statement.listed_principals().iter().filter_map(|principal| principal.kind.caller()).collect();
    if callers.is_empty() {
        callers.push(Caller::Aws);
    }
    let mut covered = Covered { assume: Vec::new(), extra: Vec::new() };
    let live = |action: &str| callers.iter().any(|caller| sts::live(action.trim_start_matches("sts:"), *caller));
    for action in MEANT.into_iter().filter(|action| live(action) && covers(action) == Truth::Yes) {
        if action.starts_with("sts:AssumeRole") {
            covered.assume.push(action);
        } else if !statement.actions.as_ref().is_some_and(|actions| named(actions, action)) {
            covered.extra.push(action);
        }
    }
    covered
}

/// The actions that mean something in a trust policy.
const MEANT: [&str; 6] = [
    "sts:AssumeRole",
    "sts:AssumeRoleWithSAML",
    "sts:AssumeRoleWithWebIdentity",
    "sts:SetContext",
    "sts:SetSourceIdentity",
    "sts:TagSession",
];

fn help(covered: &Covered) -> String {
    let assume = if covered.assume.is_empty() { "the actions".to_owned() } else { list(covered.assume.iter()) };
    match covered.extra.contains(&"sts:TagSession") {
        true => format!("name {assume}, and `sts:TagSession` only if the callers pass session tags"),
        false => format!("name {assume}"),
    }
}

/// Whether an item without wildcards names the action.
fn named(actions: &Patterns, action: &str) -> bool {
    let names = |item: &Text| item.known().is_some_and(|item| item.eq_ignore_ascii_case(action));
    !actions.negated && actions.items.iter().any(names)
}

fn list(actions: impl Iterator<Item = impl AsRef<str>>) -> String {
    actions.map(|action| format!("`{}`", action.as_ref())).collect::<Vec<_>>().join(", ")
}
