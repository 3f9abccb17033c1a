//! Who may make a guessed request: the principals of a statement, by the names that its conditions speak of.

use super::goal::{Facts, Goal, arn_partition};
use crate::access::engine::asked::Callers;
use crate::access::request::Caller;
use crate::aws::accounts::is_account_id;
use crate::policy::{Principal, PrincipalKind, Statement};
use crate::value::Text;

/// The name of a user or role that nobody names.
const SOMEONE: &str = "someone";

/// Names that are taken from conditions, at most.
const MAX_NAMES: usize = 8;

/// Callers whom the first statement of a goal lists, the plainest first.
pub(super) fn candidates(facts: &Facts, goal: &Goal<'_>) -> Vec<Caller> {
    let Some(statement) = goal.must.first() else { return Vec::new() };
    let names = wanted_names(goal);
    let mut found = Vec::new();
    match &statement.principals {
        // A policy that is attached to its caller says nothing of it.
        None => everybody(facts, goal, &names, &mut found),
        Some(principals) if principals.negated => everybody(facts, goal, &names, &mut found),
        Some(principals) => {
            let listed = principals.entries.iter().enumerate();
            for (_, entry) in listed.filter(|(at, _)| goal.principal.is_none_or(|wanted| wanted == *at)) {
                of_principal(facts, goal, entry, &names, &mut found);
            }
        }
    }
    let is_strange = |caller: &Caller| caller.account() == facts.stranger;
    let strangers_only = matches!(goal.asked.callers(), Callers::Strangers);
    found.retain(|caller| goal.asked.may_call(caller) && (!strangers_only || is_strange(caller)));
    found
}

fn of_principal(facts: &Facts, goal: &Goal<'_>, entry: &Principal, names: &[Name], found: &mut Vec<Caller>) {
    let text = || entry.text.known().map(str::to_owned);
    match &entry.kind {
        PrincipalKind::Anyone => everybody(facts, goal, names, found),
        PrincipalKind::Account { account } => {
            if let Some(account) = account.known() {
                let partition = arn_partition(&entry.text).unwrap_or(&facts.partition);
                members(partition, account, names, found);
            }
        }
        PrincipalKind::User { .. } | PrincipalKind::Role { .. } => {
            found.extend(text().and_then(|text| Caller::parse(&text)));
        }
        PrincipalKind::Session { .. } => found.extend(text().and_then(|text| Caller::parse(&text))),
        PrincipalKind::Service { host } => found.extend(host.known().map(|host| Caller::Service(host.to_owned()))),
        PrincipalKind::Oidc { .. } | PrincipalKind::WebIdentity { .. } => found.extend(text().map(Caller::Oidc)),
        PrincipalKind::Saml { .. } => found.extend(text().map(Caller::Saml)),
        PrincipalKind::FederatedUser { .. }
        | PrincipalKind::UniqueId { .. }
        | PrincipalKind::CanonicalUser
        | PrincipalKind::Invalid { .. }
        | PrincipalKind::Unknown => {}
    }
}

/// Somebody of an account that nobody named, then of the accounts that the policy speaks of.
fn everybody(facts: &Facts, goal: &Goal<'_>, names: &[Name], found: &mut Vec<Caller>) {
    if let Some(stranger) = facts.stranger {
        members(&facts.partition, stranger, names, found);
    }
    let mut accounts: Vec<String> = names.iter().filter_map(|name| name.account.clone()).collect();
    for statement in goal.must {
        for value in values(statement, "aws:PrincipalAccount").take(MAX_NAMES) {
            accounts.extend(value.known().filter(|id| is_account_id(id)).map(str::to_owned));
        }
    }
    accounts.dedup();
    accounts.iter().take(MAX_NAMES).for_each(|account| members(&facts.partition, account, names, found));
}

/// A user and a role of an account by each name.
fn members(partition: &str, account: &str, names: &[Name], found: &mut Vec<Caller>) {
    let user = |name: &str| Caller::User {
        partition: partition.to_owned(),
        account: account.to_owned(),
        name: name.to_owned(),
    };
    let role = |name: &str| Caller::Role {
        partition: partition.to_owned(),
        account: account.to_owned(),
        name: name.to_owned(),
        session: "session".to_owned(),
    };
    let plain = [user(SOMEONE), role(SOMEONE)];
    // Where a condition asks for a name, the plain callers only cost time.
    let mut list = Vec::with_capacity(2 + names.len());
    for name in names.iter().filter(|name| name.account.as_deref().is_none_or(|own| own == account)) {
        match name.kind {
            Some("user") => list.push(user(&name.name)),
            Some(_) => list.push(role(&name.name)),
            None => list.extend([user(&name.name), role(&name.name)]),
        }
    }
    if names.iter().any(|name| name.demanded) {
        found.extend(list);
        found.extend(plain);
    } else {
        found.extend(plain);
        found.extend(list);
    }
}

/// A user or role that a condition speaks of.
struct Name {
    /// `user` or `role`, if it says which.
    kind: Option<&'static str>,
    account: Option<String>,
    name: String,
    /// Whether the statement asks for it.
    demanded: bool,
}

fn wanted_names(goal: &Goal<'_>) -> Vec<Name> {
    let mut found = Vec::new();
    for (at, statement) in goal.must.iter().chain(goal.avoid).enumerate() {
        let demanded = at < goal.must.len();
        for condition in &statement.conditions {
            let by_arn = condition.is_about("aws:PrincipalArn");
            if !by_arn && !condition.is_about("aws:username") {
                continue;
            }
            let positive = condition.operator.base.is_some_and(|base| !base.negated());
            for value in condition.values.iter().filter_map(|value| value.known()).take(3) {
                let name = if by_arn { of_arn(value) } else { plain(value, Some("user")) };
                found.extend(name.map(|name| Name { demanded: demanded && positive, ..name }));
            }
            if found.len() >= MAX_NAMES {
                return found;
            }
        }
    }
    found
}

/// The user or role that an ARN pattern means, with something for its wildcards.
fn of_arn(pattern: &str) -> Option<Name> {
    let fields: Vec<&str> = pattern.splitn(6, ':').collect();
    match fields.as_slice() {
        ["arn", _, _, _, account, resource] => {
            let account = Some(*account).filter(|id| is_account_id(id)).map(str::to_owned);
            let name = match resource.split_once('/') {
                Some(("user", name)) => plain(name, Some("user")),
                Some(("role", name)) => plain(name, Some("role")),
                Some((start, name)) if start.contains('*') => plain(name, None),
                Some(_) => None,
                None => plain(resource, None),
            };
            name.map(|name| Name { account, ..name })
        }
        // A string operator may have one `*` for several fields.
        _ => {
            let last = pattern.rsplit(':').next().unwrap_or_default();
            match last.split_once('/') {
                Some((start, name)) if start.ends_with("user") => plain(name, Some("user")),
                Some((start, name)) if start.ends_with("role") => plain(name, Some("role")),
                Some((_, _)) | None => plain(last, None),
            }
        }
    }
}

/// A name that a pattern matches.
fn plain(pattern: &str, kind: Option<&'static str>) -> Option<Name> {
    let name = pattern.replace('*', "").replace('?', "x");
    let name = name.trim_matches('/');
    let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+=,.@-/".contains(&byte));
    let name = if name.is_empty() { SOMEONE } else { name };
    is_name.then(|| Name { kind, account: None, name: name.to_owned(), demanded: false })
}

fn values<'s>(statement: &'s Statement, key: &'s str) -> impl Iterator<Item = &'s Text> {
    statement.conditions.iter().filter(move |one| one.is_about(key)).flat_map(|one| &one.values)
}
