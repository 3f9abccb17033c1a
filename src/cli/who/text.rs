//! The answer to "who?" for people.

use super::unknown::{Names, lets_anyone_in, names_own_account, of_own_account};
use super::{Answer, Role};
use crate::access::Caller;
use crate::access::analysis::who::{Finding, Need, Unnamed, Who};
use crate::access::engine::callers::Kind;
use crate::access::engine::symbols::OWN_ACCOUNT;
use crate::policy::{BaseOperator, Condition, Effect};
use std::io::{self, Write};

/// Write one role: a block for each answer.
pub fn write(role: &Role, out: &mut dyn Write) -> io::Result<()> {
    let name = if role.address.is_empty() { "the role" } else { &role.address };
    for answer in &role.answers {
        writeln!(out, "{name} ({}:{}){}\n{}", role.path, role.line, answer.when.words(), body(answer))?;
    }
    Ok(())
}

/// Everybody who can assume a role, a line for each.
pub fn body(answer: &Answer) -> String {
    let mut lines = Vec::new();
    if answer.findings.is_empty() {
        lines.push("  nobody: no request passes the trust policy".to_owned());
    }
    let mut findings: Vec<&Finding> = answer.findings.iter().collect();
    findings.sort_by_key(|finding| rank(&finding.who));
    let unknown = whoever(answer);
    let mut told: Vec<[String; 2]> = Vec::new();
    for finding in findings {
        let possibly = if finding.possibly { "  (possibly)" } else { "" };
        let unknown = unknown.as_ref().filter(|_| is_unknown(answer, finding));
        let whom = unknown.cloned().unwrap_or_else(|| whom(answer, finding));
        let mut block = format!("      may call  {}\n", finding.actions.join(", "));
        for (at, need) in finding.needs.iter().enumerate() {
            let head = if at == 0 { "with     " } else { "and      " };
            block += &format!("      {head} {}\n", bring(answer, need));
        }
        let entry = [format!("  {whom}{possibly}"), block];
        if !told.contains(&entry) {
            told.push(entry);
        }
    }
    lines.extend(told.iter().map(|[whom, block]| format!("{whom}\n{}", block.trim_end())));
    for (at, guard) in answer.guards.iter().enumerate() {
        lines.push(format!(
            "  {} {guard}",
            if at == 0 { "strangers are held out by" } else { "                      and" }
        ));
    }
    let unseen = |key: String| format!("  a test of `{key}`, a key that is not known, may keep some of them out");
    lines.extend(Names::keys(&answer.document).into_iter().filter(|_| !answer.findings.is_empty()).map(unseen));
    lines.extend(answer.limits.iter().map(|limit| format!("  the answer may lack somebody: {limit}")));
    lines.iter().map(|line| line.clone() + "\n").collect()
}

/// Who comes in by a principal that is not known: "whoever `var.partner` is". `None` where others that the policy does not
/// name come in as well.
fn whoever(answer: &Answer) -> Option<String> {
    let names = answer.names.principals(&answer.document);
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    (!names.is_empty() && !lets_anyone_in(&answer.policy)).then(|| format!("whoever {} is", quoted.join(" or ")))
}

/// Whether a finding speaks of callers that only a principal which is not known lets in.
fn is_unknown(answer: &Answer, finding: &Finding) -> bool {
    let is_own = match &finding.who {
        Who::Account(account) => account == OWN_ACCOUNT,
        Who::Caller(caller) => caller.account() == Some(OWN_ACCOUNT),
        Who::Anybody | Who::Other(_) => false,
    };
    let is_other = finding.unnamed.is_some() || matches!(finding.who, Who::Other(_));
    finding.possibly && (is_other || is_own && !names_own_account(&answer.policy))
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
///
/// Who lets strangers in says "anyone". Where only those come in who are tied to somebody, it says to whom.
pub fn whom(answer: &Answer, finding: &Finding) -> String {
    let words = callers(answer, finding);
    match (finding.unnamed, finding.stranger) {
        (None, _) => words,
        // The stand-in for an account that nobody names also stands in for one that a parameter chooses.
        (Some(_), true) if finding.possibly && words.contains(NOT_NAMED) => {
            format!("perhaps anyone: {}", words.replace(NOT_NAMED, "an account that the file does not show"))
        }
        (Some(_), true) => format!("anyone: {words}"),
        (Some(_), false) => format!("{}: {words}", bound(answer, finding)),
    }
}

fn callers(answer: &Answer, finding: &Finding) -> String {
    let of = |account: &str| account_words(account, finding.unnamed);
    match &finding.who {
        Who::Anybody if finding.stranger => "users and roles of every AWS account".to_owned(),
        Who::Anybody => "users and roles of any account".to_owned(),
        Who::Account(account) if finding.unnamed.is_some() => format!("users and roles of {}", of(account)),
        Who::Account(account) => format!("{}: users and roles whose own policies let them", of(account)),
        Who::Caller(Caller::Service(host)) if host == ANY_SERVICE => "every service".to_owned(),
        Who::Caller(Caller::Service(host)) => format!("service {host}"),
        Who::Caller(Caller::Oidc(provider)) => format!("tokens of {}", provider_words(answer, provider)),
        Who::Caller(Caller::Saml(provider)) => format!("logins through {}", provider_words(answer, provider)),
        Who::Caller(caller @ Caller::User { account, name, .. }) => match arn(answer, finding, caller) {
            Some(arn) => format!("user {arn}"),
            None => named("user", &of(account), name),
        },
        Who::Caller(caller @ Caller::Role { account, name, session, .. }) => {
            let role = arn(answer, finding, caller)
                .map_or_else(|| named("role", &of(account), name), |arn| format!("role {arn}"));
            match session.as_str() {
                ANY_NAME | "session" => role,
                session => format!("{role}, session {session}"),
            }
        }
        Who::Caller(caller) => caller.to_string(),
        Who::Other(kind) => match kind {
            Kind::Service => "any other service".to_owned(),
            Kind::Oidc => "tokens of any other provider".to_owned(),
            Kind::Saml => "logins through any other provider".to_owned(),
            other => format!("any other caller of the kind {other:?}"),
        },
    }
}

/// Keys that tie a caller to somebody, with what callers are who have a value of them.
const TIES: [(&str, &str); 5] = [
    ("aws:PrincipalOrgID", "members of the organization"),
    ("aws:PrincipalOrgPaths", "members of the organization path"),
    ("aws:SourceIp", "from"),
    ("aws:SourceVpc", "from the VPC"),
    ("aws:SourceVpce", "through the VPC endpoint"),
];

/// What callers are who are tied to somebody by these keys: "members of the organization o-a1b2c3d4e5".
fn bound(answer: &Answer, finding: &Finding) -> String {
    let tie = |(key, words): &(&'static str, &str)| {
        let is_bound = finding.bound_by.iter().any(|known| known.eq_ignore_ascii_case(key));
        let values = if is_bound { asked(answer, key) } else { Vec::new() };
        (!values.is_empty()).then(|| (*key, format!("{words} {}", values.join(" or "))))
    };
    let ties: Vec<(&str, String)> = TIES.iter().filter_map(tie).collect();
    let is_told = |key: &&String| ties.iter().any(|(known, _)| known.eq_ignore_ascii_case(key));
    let others: Vec<&str> = finding.bound_by.iter().filter(|key| !is_told(key)).map(String::as_str).collect();
    let mut words: Vec<&str> = ties.iter().map(|(_, words)| words.as_str()).collect();
    // Who is a member is said first, or else that there are callers.
    if words.first().is_some_and(|first| !first.starts_with("members")) {
        words.insert(0, "callers");
    }
    let only = match others.as_slice() {
        [] => String::new(),
        keys => format!("only with {}", keys.join(" and ")),
    };
    match (words.is_empty(), others.is_empty()) {
        (true, true) => "any account, only with what binds its callers".to_owned(),
        (true, false) => format!("any account, {only}"),
        (false, true) => words.join(" "),
        (false, false) => format!("{}, {only}", words.join(" ")),
    }
}

/// The values of a key that a request must have: those that an Allow asks for, or that a Deny spares.
fn asked(answer: &Answer, key: &str) -> Vec<String> {
    let mut found = Vec::new();
    for statement in &answer.policy.statements {
        let is_asked = |condition: &&Condition| {
            let negated = condition.operator.base.is_some_and(BaseOperator::negated);
            condition.is_about(key) && negated == (statement.effect == Effect::Deny)
        };
        let values = statement.conditions.iter().filter(is_asked).flat_map(|condition| &condition.values);
        for value in values.map(|value| value.display().into_owned()) {
            if !found.contains(&value) {
                found.push(value);
            }
        }
    }
    found
}

const NOT_NAMED: &str = "any account that is not named";

/// The name of a user, role or session that nobody names.
const ANY_NAME: &str = "someone";

/// The account of the engine's stand-ins for providers that nobody names.
const NO_ACCOUNT: &str = "999999999999";

/// The service that nobody names.
const ANY_SERVICE: &str = "example.amazonaws.com";

/// The ARN of a user or role: as the policy writes it where the account is not known, `None` where another part is not.
fn arn(answer: &Answer, finding: &Finding, caller: &Caller) -> Option<String> {
    let (Caller::User { partition, account, name } | Caller::Role { partition, account, name, .. }) = caller else {
        return None;
    };
    let sort = if matches!(caller, Caller::User { .. }) { "user" } else { "role" };
    match finding.unnamed.is_none() && name != ANY_NAME {
        true if account == OWN_ACCOUNT => of_own_account(&answer.policy, sort, name),
        true => Some(format!("arn:{partition}:iam::{account}:{sort}/{name}")),
        false => None,
    }
}

fn named(sort: &str, account: &str, name: &str) -> String {
    let name = if name == ANY_NAME { format!("every {sort}") } else { format!("{sort} {name}") };
    format!("{name} of {account}")
}

fn account_words(account: &str, unnamed: Option<Unnamed>) -> String {
    match (unnamed, account) {
        (Some(Unnamed::Every), _) => NOT_NAMED.to_owned(),
        (Some(Unnamed::Like), account) => format!("{NOT_NAMED} and has an id that fits, such as {account}"),
        (None, OWN_ACCOUNT) => "the role's own account".to_owned(),
        (None, account) => format!("account {account}"),
    }
}

/// A provider is always of the role's own account; its ARN says nothing more than its path where that is not known.
fn provider_words<'a>(answer: &Answer, arn: &'a str) -> &'a str {
    let stand_in = arn.contains(OWN_ACCOUNT) || arn.contains(NO_ACCOUNT) && !names(answer, NO_ACCOUNT);
    arn.split_once("-provider/").filter(|_| stand_in).map_or(arn, |(_, path)| path)
}

/// Whether the policy speaks of an account.
fn names(answer: &Answer, account: &str) -> bool {
    let principals = answer.policy.statements.iter().flat_map(|statement| &statement.principals);
    let entries = principals.flat_map(|principals| &principals.entries).map(|entry| &entry.text);
    let conditions = answer.policy.statements.iter().flat_map(|statement| &statement.conditions);
    entries.chain(conditions.flat_map(|condition| &condition.values)).any(|text| text.display().contains(account))
}

/// What must be brought of one key: in the words of the policy where it has conditions on it, else by example.
fn bring(answer: &Answer, need: &Need) -> String {
    let about = |condition: &&Condition| condition.is_about(&need.key);
    let mut words = Vec::new();
    for (at, statement) in answer.policy.statements.iter().enumerate() {
        let refused = if statement.effect == Effect::Deny { "refused: " } else { "" };
        for condition in statement.conditions.iter().filter(about) {
            let known = condition.values.iter().map(|value| answer.names.text(value));
            let unknown = answer.names.values(&answer.document, at, &condition.operator_text, &condition.key);
            let values: Vec<String> = known.chain(unknown).collect();
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
