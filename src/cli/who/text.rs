//! The answer to "who?" for people.

use super::Role;
use crate::access::Caller;
use crate::access::analysis::who::{Finding, Need, Who};
use crate::access::engine::callers::Kind;
use crate::access::engine::symbols::OWN_ACCOUNT;
use crate::access::engine::symbols::STRANGER;
use crate::policy::{Condition, Effect};
use crate::site::choice_in_words;
use crate::value::Text;
use std::io::{self, Write};

/// Write one role.
pub fn write(role: &Role, out: &mut dyn Write) -> io::Result<()> {
    let name = if role.address.is_empty() { "the role" } else { &role.address };
    let when: Vec<String> = role.branch.iter().map(choice_in_words).collect();
    let when = if when.is_empty() { String::new() } else { format!(", when {}", when.join(" and ")) };
    writeln!(out, "{name} ({}:{}){when}", role.path, role.line)?;
    if role.findings.is_empty() {
        writeln!(out, "  nobody: no request passes the trust policy")?;
    }
    let mut findings: Vec<&Finding> = role.findings.iter().collect();
    findings.sort_by_key(|finding| rank(&finding.who));
    for finding in findings {
        let possibly = if finding.possibly { "  (possibly)" } else { "" };
        writeln!(out, "  {}{possibly}", whom(finding))?;
        writeln!(out, "      may call  {}", finding.actions.join(", "))?;
        for (at, need) in finding.needs.iter().enumerate() {
            let head = if at == 0 { "with     " } else { "and      " };
            writeln!(out, "      {head} {}", bring(role, need))?;
        }
    }
    for (at, guard) in role.guards.iter().enumerate() {
        writeln!(out, "  {} {guard}", if at == 0 { "strangers are held out by" } else { "                      and" })?;
    }
    for limit in &role.limits {
        writeln!(out, "  the answer may lack somebody: {limit}")?;
    }
    writeln!(out)
}

/// The widest description first.
fn rank(who: &Who) -> u8 {
    match who {
        Who::Anybody => 0,
        Who::Account(_) => 1,
        Who::Caller(Caller::Service(_)) => 3,
        Who::Caller(Caller::Oidc(_) | Caller::Saml(_)) => 4,
        Who::Caller(_) => 2,
        Who::Other(_) => 5,
    }
}

/// Whom a finding speaks of, in words. The engine's stand-ins are said as what they stand for: the account that nobody
/// names, the own account where the file does not know it, and the name that fits where none is asked for.
pub fn whom(finding: &Finding) -> String {
    let words = match &finding.who {
        Who::Anybody => "anyone: users and roles of every AWS account".to_owned(),
        Who::Account(account) => format!("{}: users and roles whose own policies let them", account_words(account)),
        Who::Caller(Caller::Service(host)) if host == ANY_SERVICE => "every service".to_owned(),
        Who::Caller(Caller::Service(host)) => format!("service {host}"),
        Who::Caller(Caller::Oidc(provider)) => format!("tokens of {}", provider_words(provider)),
        Who::Caller(Caller::Saml(provider)) => format!("logins through {}", provider_words(provider)),
        Who::Caller(Caller::User { account, name, .. }) => named("user", account, name),
        Who::Caller(Caller::Role { account, name, session, .. }) => match session.as_str() {
            ANY_NAME | "session" => named("role", account, name),
            session => format!("{}, session {session}", named("role", account, name)),
        },
        Who::Caller(caller) => caller.to_string(),
        Who::Other(kind) => match kind {
            Kind::Service => "any other service".to_owned(),
            Kind::Oidc => "tokens of any other provider".to_owned(),
            Kind::Saml => "logins through any other provider".to_owned(),
            other => format!("any other caller of the kind {other:?}"),
        },
    };
    // The stand-in for a stranger also stands in for an account that a parameter chooses.
    if finding.possibly { words.replace(NOT_NAMED, "an account that the file does not show") } else { words }
}

const NOT_NAMED: &str = "any account that is not named";

/// The name of a user, role or session that nobody names.
const ANY_NAME: &str = "someone";

/// The service that nobody names.
const ANY_SERVICE: &str = "example.amazonaws.com";

fn named(sort: &str, account: &str, name: &str) -> String {
    let name = if name == ANY_NAME { format!("every {sort}") } else { format!("{sort} {name}") };
    format!("{name} of {}", account_words(account))
}

fn account_words(account: &str) -> String {
    match account {
        OWN_ACCOUNT => "the role's own account".to_owned(),
        STRANGER => NOT_NAMED.to_owned(),
        account => format!("account {account}"),
    }
}

/// A provider is always of the role's own account; its ARN says nothing more than its path where that is not known.
fn provider_words(arn: &str) -> &str {
    let stand_in = arn.contains(OWN_ACCOUNT) || arn.contains(STRANGER);
    arn.split_once("-provider/").filter(|_| stand_in).map_or(arn, |(_, path)| path)
}

/// What must be brought of one key: in the words of the policy where it has conditions on it, else by example.
fn bring(role: &Role, need: &Need) -> String {
    let about = |condition: &&Condition| condition.is_about(&need.key);
    let mut words = Vec::new();
    for statement in &role.policy.statements {
        let refused = if statement.effect == Effect::Deny { "refused: " } else { "" };
        for condition in statement.conditions.iter().filter(about) {
            let values: Vec<String> = condition.values.iter().map(|value| Text::display(value).into_owned()).collect();
            let word = format!("{refused}{} {}", condition.operator_text, values.join(" or "));
            if !words.contains(&word) {
                words.push(word);
            }
        }
    }
    let absent_too = need.values.contains(&None);
    let example = need.values.iter().flatten().flatten().next();
    let example = match (words.is_empty(), example, absent_too) {
        (_, None, true) => "absent".to_owned(),
        (true, Some(value), _) => format!("such as {value}"),
        (false, _, true) => "or absent".to_owned(),
        (false, _, false) | (true, None, false) => String::new(),
    };
    [need.key.clone(), words.join("; "), example]
        .into_iter()
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join("  ")
}
