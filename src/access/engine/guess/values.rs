//! Values for the keys of a guessed request: those that the policy names, with something for wildcards, then fresh ones.

use super::goal::{Choice, Goal};
use crate::access::engine::atoms::{fresh_match, fresh_word};
use crate::access::engine::compile;
use crate::access::engine::domain::{Domain, Test};
use crate::access::engine::fill;
use crate::access::engine::lawful::ReadKey;
use crate::access::engine::want::Want;
use crate::access::request::{Caller, Request};
use crate::policy::condition::Family;
use crate::policy::{Condition, Statement};
use crate::value::Text;

/// The actions of STS that a trust policy decides, those that give a role first.
pub(super) const STS_ACTIONS: [&str; 6] = [
    "sts:AssumeRole",
    "sts:AssumeRoleWithWebIdentity",
    "sts:AssumeRoleWithSAML",
    "sts:TagSession",
    "sts:SetSourceIdentity",
    "sts:SetContext",
];

/// Values of one condition that are tried, at most.
const MAX_VALUES: usize = 4;
/// Values of one key that are tried, at most.
const MAX_CHOICES: usize = 64;

/// Choices for a key: absence, values of the conditions that must hold, values that keep other statements away, and
/// something that nobody names.
pub(super) fn choices(
    key: &ReadKey,
    must: Vec<&Condition>,
    open: Vec<&Condition>,
    wanted: &[&Want],
    request: &Request,
) -> Vec<Choice> {
    let mut found: Vec<Choice> = vec![Vec::new()];
    for want in wanted {
        match want {
            Want::Absent => return found,
            Want::Is(value) => return vec![vec![value.clone()]],
            Want::NotIn(_) | Want::Out(_) | Want::In(_) => {}
        }
    }
    match &key.domain {
        Domain::Text(base) => {
            for condition in &must {
                found.extend(texts(condition, request).map(|text| vec![text]));
            }
            let mut all = String::new();
            for condition in open.iter().take(MAX_CHOICES) {
                let mut values = texts(condition, request);
                if let Some(text) = values.next() {
                    all.push_str(&text);
                    found.push(vec![text]);
                }
            }
            if open.len() > 1 {
                found.push(vec![all]);
            }
            if key.name.eq_ignore_ascii_case("aws:userid") {
                // The name of a session is the caller's, the id before it is AWS's.
                found.extend(sessions(&must).map(|session| vec![format!("AROAEXAMPLEROLE000000:{session}")]));
                found.push(vec![user_id(&request.caller)]);
            }
            let fresh = match base.first() {
                Some(pattern) => fresh_match(pattern, &[]),
                None => Some(fresh_word(&[])),
            };
            found.extend(fresh.map(|text| vec![text]));
        }
        domain => {
            let tests: Vec<Test> = must
                .iter()
                .chain(&open)
                .take(MAX_VALUES * 2)
                .filter_map(|one| compile::condition(one, false)?.least)
                .collect();
            found.extend(domain.candidates(&tests).into_iter().map(|value| vec![value]));
        }
    }
    found.truncate(MAX_CHOICES + 2);
    found
}

/// Texts that the values of a condition match, as far as they are known.
fn texts<'c>(condition: &'c Condition, request: &'c Request) -> impl Iterator<Item = String> + 'c {
    let wild = condition.operator.base.is_some_and(crate::policy::BaseOperator::takes_wildcards);
    let known = condition.values.iter().filter_map(Text::known).take(MAX_VALUES);
    let of_family = condition
        .operator
        .base
        .is_some_and(|base| matches!(base.family(), Family::String | Family::Arn | Family::Bool));
    known
        .filter(move |_| of_family)
        .flat_map(move |value| {
            if value.contains("${") {
                return [fill(value, request), None];
            }
            if !wild || !value.contains(['*', '?']) {
                return [Some(value.to_owned()), None];
            }
            let short = value.replace('*', "").replace('?', "x");
            [Some(short), Some(value.replace(['*', '?'], "x"))]
        })
        .flatten()
}

/// Values of a key that agree with what another key of the request says of the same owner.
pub(super) fn agreeing(key: &str, request: &Request) -> Vec<Choice> {
    let one = |name: &str| request.context.get(name).and_then(|values| values.first());
    let is = |name: &str| key.eq_ignore_ascii_case(name);
    let path = |name: &str| one(name).map(|organization| vec![format!("{organization}/r-ab12/")]);
    let start = |name: &str| one(name).and_then(|path| path.split_once('/')).map(|(start, _)| vec![start.to_owned()]);
    let found = if is("aws:PrincipalOrgPaths") {
        path("aws:PrincipalOrgID")
    } else if is("aws:SourceOrgPaths") {
        path("aws:SourceOrgID")
    } else if is("aws:PrincipalOrgID") {
        start("aws:PrincipalOrgPaths")
    } else if is("aws:SourceOrgID") {
        start("aws:SourceOrgPaths")
    } else if is("aws:SourceAccount") {
        one("aws:SourceArn").and_then(|arn| arn.split(':').nth(4)).map(|account| vec![account.to_owned()])
    } else if is("aws:SourceVpc") {
        Some(vec!["vpc-0example".to_owned()])
    } else if is("aws:SourceVpce") {
        Some(vec!["vpce-0example".to_owned()])
    } else if is("aws:userid") {
        Some(vec![user_id(&request.caller)])
    } else if is("aws:TagKeys") {
        let tags = request.context.iter().filter_map(|(key, _)| key.strip_prefix("aws:RequestTag/").map(str::to_owned));
        Some(tags.collect())
    } else {
        None
    };
    found.into_iter().collect()
}

/// Names of sessions that conditions on `aws:userid` ask for.
fn sessions<'c>(must: &'c [&Condition]) -> impl Iterator<Item = String> + 'c {
    let values = must.iter().flat_map(|one| one.values.iter().filter_map(Text::known).take(MAX_VALUES));
    values
        .map(|value| value.rsplit(':').next().unwrap_or_default().replace('*', "").replace('?', "x"))
        .filter(|name| name.len() > 1)
}

/// The unique id that AWS gives a caller, in its form.
fn user_id(caller: &Caller) -> String {
    match caller {
        Caller::Role { session, .. } => format!("AROAEXAMPLEROLE000000:{session}"),
        _ => "AIDAEXAMPLEUSER000000".to_owned(),
    }
}

/// Actions that the first statement of a goal covers, for policies other than those of roles.
pub(super) fn actions(goal: &Goal<'_>) -> Vec<String> {
    let listed = patterns(goal, |one| one.actions.as_ref());
    let fresh = ["zzzz:Zzzz".to_owned()];
    listed.map(|text| if text.contains(':') { text } else { format!("{text}zzzz:Zzzz") }).chain(fresh).collect()
}

/// A resource that the statements of a goal cover, for policies other than those of roles.
pub(super) fn resource(goal: &Goal<'_>) -> Option<String> {
    let fresh = "arn:aws:zzzz:zz-zzzz-1:111122223333:zzzz/zzzz".to_owned();
    let first = goal.must.first()?;
    let listed = match &first.resources {
        Some(list) if !list.negated => patterns(goal, |one| one.resources.as_ref()).find(|text| text.contains(':')),
        Some(_) | None => None,
    };
    Some(listed.unwrap_or(fresh))
}

fn patterns(
    goal: &Goal<'_>,
    list: impl Fn(&Statement) -> Option<&crate::policy::Patterns>,
) -> impl Iterator<Item = String> {
    let first = goal.must.first().and_then(|one| list(one)).filter(|list| !list.negated);
    let items: Vec<String> = first
        .into_iter()
        .flat_map(|list| list.items.iter().filter_map(Text::known).take(MAX_VALUES))
        .map(|text| text.replace(['*', '?'], "x"))
        .collect();
    items.into_iter()
}
