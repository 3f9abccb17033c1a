//! Who may make a guessed request: the principals of a statement, by the names that its conditions speak of.

use super::goal::{Facts, Goal, arn_partition};
use crate::access::engine::asked::Callers;
use crate::access::request::Caller;
use crate::aws::accounts::is_account_id;
use crate::policy::{Principal, PrincipalKind, Statement};
use crate::value::Text;
use std::borrow::Cow;

/// The name of a user or role that nobody names.
pub(super) const SOMEONE: &str = "someone";

/// Names that are taken from conditions, at most.
const MAX_NAMES: usize = 8;

/// A caller that is not put together yet: most are never tried.
enum Draft<'g> {
    Member { user: bool, partition: &'g str, account: &'g str, name: Cow<'g, str> },
    Written(&'g str, fn(&str) -> Option<Caller>),
}

impl Draft<'_> {
    fn caller(self) -> Option<Caller> {
        match self {
            Draft::Written(text, read) => read(text),
            Draft::Member { user, partition, account, name } => {
                let (partition, account, name) = (partition.to_owned(), account.to_owned(), name.into_owned());
                Some(match user {
                    true => Caller::User { partition, account, name },
                    false => Caller::Role { partition, account, name, session: "session".to_owned() },
                })
            }
        }
    }
}

/// Callers whom the first statement of a goal lists, the plainest first.
pub(super) fn candidates<'g>(facts: &'g Facts, goal: &'g Goal<'_>) -> impl Iterator<Item = Caller> + 'g {
    let mut found = Vec::new();
    if let Some(statement) = goal.must.first() {
        let names = wanted_names(goal);
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
    }
    let strangers_only = matches!(goal.asked.callers(), Callers::Strangers);
    let is_strange = move |caller: &Caller| !strangers_only || caller.account() == facts.stranger;
    found.into_iter().filter_map(Draft::caller).filter(move |caller| goal.asked.may_call(caller) && is_strange(caller))
}

fn of_principal<'g>(
    facts: &'g Facts,
    goal: &Goal<'g>,
    entry: &'g Principal,
    names: &[Name<'g>],
    found: &mut Vec<Draft<'g>>,
) {
    let mut written = |read| found.extend(entry.text.known().map(|text| Draft::Written(text, read)));
    match &entry.kind {
        PrincipalKind::Anyone => everybody(facts, goal, names, found),
        PrincipalKind::Account { account } => {
            if let Some(account) = account.known() {
                let partition = arn_partition(&entry.text).unwrap_or(&facts.partition);
                members(partition, account, names, found);
            }
        }
        PrincipalKind::User { .. } | PrincipalKind::Role { .. } | PrincipalKind::Session { .. } => {
            written(Caller::parse);
        }
        PrincipalKind::Service { host } => {
            let service = |host: &str| Some(Caller::Service(host.to_owned()));
            found.extend(host.known().map(|host| Draft::Written(host, service)));
        }
        PrincipalKind::Oidc { .. } | PrincipalKind::WebIdentity { .. } => {
            written(|text| Some(Caller::Oidc(text.to_owned())));
        }
        PrincipalKind::Saml { .. } => written(|text| Some(Caller::Saml(text.to_owned()))),
        PrincipalKind::FederatedUser { .. }
        | PrincipalKind::UniqueId { .. }
        | PrincipalKind::CanonicalUser
        | PrincipalKind::Invalid { .. }
        | PrincipalKind::Unknown => {}
    }
}

/// Somebody of an account that nobody named, then of the accounts that the policy speaks of.
fn everybody<'g>(facts: &'g Facts, goal: &Goal<'g>, names: &[Name<'g>], found: &mut Vec<Draft<'g>>) {
    if let Some(stranger) = facts.stranger {
        members(&facts.partition, stranger, names, found);
    }
    let mut accounts: Vec<&str> = names.iter().filter_map(|name| name.account).collect();
    for statement in goal.must {
        for value in values(statement, "aws:PrincipalAccount").take(MAX_NAMES) {
            accounts.extend(value.known().filter(|id| is_account_id(id)));
        }
    }
    accounts.dedup();
    accounts.iter().take(MAX_NAMES).for_each(|account| members(&facts.partition, account, names, found));
}

/// A user and a role of an account by each name.
fn members<'g>(partition: &'g str, account: &'g str, names: &[Name<'g>], found: &mut Vec<Draft<'g>>) {
    let member = |user: bool, name: Cow<'g, str>| Draft::Member { user, partition, account, name };
    let plain = || [member(true, Cow::Borrowed(SOMEONE)), member(false, Cow::Borrowed(SOMEONE))];
    // Where a condition asks for a name, the plain callers only cost time.
    let demanded = names.iter().any(|name| name.demanded);
    if !demanded {
        found.extend(plain());
    }
    for name in names.iter().filter(|name| name.account.is_none_or(|own| own == account)) {
        if name.user != Some(false) {
            found.push(member(true, name.name.clone()));
        }
        if name.user != Some(true) {
            found.push(member(false, name.name.clone()));
        }
    }
    if demanded {
        found.extend(plain());
    }
}

/// A user or role that a condition speaks of.
struct Name<'g> {
    /// Whether it is a user or a role, if it says which.
    user: Option<bool>,
    account: Option<&'g str>,
    name: Cow<'g, str>,
    /// Whether the statement asks for it.
    demanded: bool,
}

fn wanted_names<'g>(goal: &Goal<'g>) -> Vec<Name<'g>> {
    let mut found = Vec::new();
    for (at, statement) in goal.must.iter().chain(goal.avoid).enumerate() {
        let demanded = at < goal.must.len();
        for (number, condition) in statement.conditions.iter().enumerate() {
            let by_arn = condition.is_about("aws:PrincipalArn");
            if !by_arn && !condition.is_about("aws:username") {
                continue;
            }
            let positive = condition.operator.base.is_some_and(|base| !base.negated());
            let fails = at == 0 && goal.fails == Some(number);
            for value in condition.values.iter().filter_map(|value| value.known()).take(3) {
                let name = if by_arn { of_arn(value) } else { plain(value, Some(true)) };
                found.extend(name.map(|name| Name { demanded: demanded && positive && !fails, ..name }));
            }
            if found.len() >= MAX_NAMES {
                return found;
            }
        }
    }
    found
}

/// The user or role that an ARN pattern means, with something for its wildcards.
fn of_arn(pattern: &str) -> Option<Name<'_>> {
    let mut fields = pattern.splitn(6, ':');
    let mut next = || fields.next();
    let (start, _, _, _, account, resource) = (next()?, next(), next(), next(), next(), next());
    match (start, account, resource) {
        ("arn", Some(account), Some(resource)) => {
            let account = Some(account).filter(|id| is_account_id(id));
            let name = match resource.split_once('/') {
                Some(("user", name)) => plain(name, Some(true)),
                Some(("role", name)) => plain(name, Some(false)),
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
                Some((start, name)) if start.ends_with("user") => plain(name, Some(true)),
                Some((start, name)) if start.ends_with("role") => plain(name, Some(false)),
                Some((_, _)) | None => plain(last, None),
            }
        }
    }
}

/// A name that a pattern matches.
fn plain(pattern: &str, user: Option<bool>) -> Option<Name<'_>> {
    let name: Cow<'_, str> = match pattern.contains(['*', '?']) {
        true => Cow::Owned(pattern.replace('*', "").replace('?', "x").trim_matches('/').to_owned()),
        false => Cow::Borrowed(pattern.trim_matches('/')),
    };
    let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+=,.@-/".contains(&byte));
    let name = if name.is_empty() { Cow::Borrowed(SOMEONE) } else { name };
    is_name.then_some(Name { user, account: None, name, demanded: false })
}

fn values<'s>(statement: &'s Statement, key: &'s str) -> impl Iterator<Item = &'s Text> {
    statement.conditions.iter().filter(move |one| one.is_about(key)).flat_map(|one| &one.values)
}
