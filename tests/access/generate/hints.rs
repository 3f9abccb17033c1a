//! What a policy's own text suggests for the values of a request, and the forms that values have.

use super::Rng;
use serde_json::Value;

/// What a policy speaks of.
#[derive(Default)]
pub struct Hints {
    /// Its principals.
    pub principals: Vec<String>,
    /// Keys, folded, with a value each.
    values: Vec<(String, String)>,
}

impl Hints {
    /// Note what a statement speaks of.
    pub fn collect(&mut self, statement: &Value) {
        strings(&statement["Principal"], &mut |text| self.principals.push(text.to_owned()));
        for keys in statement["Condition"].as_object().into_iter().flat_map(|operators| operators.values()) {
            for (key, values) in keys.as_object().into_iter().flatten() {
                let folded = key.to_ascii_lowercase();
                strings(values, &mut |text| self.values.push((folded.clone(), text.to_owned())));
                strings(values, &mut |text| {
                    // A variable makes its key matter too.
                    if let Some((_, rest)) = text.split_once("${") {
                        let name = rest.split(['}', ',']).next().unwrap_or_default();
                        self.values.push((name.to_ascii_lowercase(), "*".to_owned()));
                    }
                });
            }
        }
    }

    /// Whether a key matters to the policy.
    pub fn reads(&self, key: &str) -> bool {
        self.values.iter().any(|(known, _)| known.eq_ignore_ascii_case(key))
    }

    /// The keys that begin so, each once.
    pub fn starting(&self, prefix: &str) -> Vec<&str> {
        let mut keys: Vec<&str> =
            self.values.iter().map(|(key, _)| key.as_str()).filter(|key| key.starts_with(prefix)).collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    /// A value that the policy gives for one of these keys, its wildcards and variables filled.
    pub fn value(&self, rng: &mut Rng, keys: &[&str]) -> Option<String> {
        let known: Vec<&str> = self
            .values
            .iter()
            .filter(|(key, _)| keys.iter().any(|wanted| key.eq_ignore_ascii_case(wanted)))
            .map(|(_, value)| value.as_str())
            .collect();
        if known.is_empty() {
            return None;
        }
        let pattern = known[rng.below(known.len())];
        Some(fill(rng, pattern))
    }
}

fn strings(value: &Value, each: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) => each(text),
        Value::Number(number) => each(&number.to_string()),
        Value::Bool(flag) => each(if *flag { "true" } else { "false" }),
        Value::Array(items) => items.iter().for_each(|item| strings(item, each)),
        Value::Object(members) => members.values().for_each(|member| strings(member, each)),
        Value::Null => {}
    }
}

/// A text that a pattern may match: `*` and `?` filled, variables replaced by a word.
fn fill(rng: &mut Rng, pattern: &str) -> String {
    let mut out = String::new();
    let mut rest = pattern;
    while let Some(at) = rest.find(['*', '?', '$']) {
        out.push_str(&rest[..at]);
        let variable = rest[at..].starts_with("${").then(|| rest[at..].find('}')).flatten();
        let taken = match (rest.as_bytes()[at], variable) {
            (b'$', Some(length)) => {
                out.push_str(rng.pick(&["alice", "bob", "nobody", "red", "444455556666", "*"]));
                length + 1
            }
            (b'$', None) => {
                out.push('$');
                1
            }
            (b'?', _) => {
                out.push_str(rng.pick(&["a", "7", "Z", "-"]));
                1
            }
            _ => {
                out.push_str(rng.pick(&["", "x", "1", "evil", "a-b", "team/x", "x:y", "eu-west-1"]));
                1
            }
        };
        rest = &rest[at + taken..];
    }
    out + rest
}

/// An account id.
pub fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The account, and the path and name, of a user or role.
pub fn well_formed_name(account: &str, path: &str) -> bool {
    let word = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+=,.@_-".contains(&byte));
    is_account(account) && path.split('/').all(|part| !part.is_empty() && word(part))
}

/// What session names, source identities and the like are made of.
pub fn is_session_name(text: &str) -> bool {
    (2..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte))
}

/// What an external id is made of.
pub fn is_external_id(text: &str) -> bool {
    (2..=1224).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+=,.@:/-".contains(&byte))
}

/// An organization id.
pub fn is_organization(text: &str) -> bool {
    let id = text.strip_prefix("o-").unwrap_or_default();
    (10..=32).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

/// `repo:OWNER/REPOSITORY:…` with what GitHub puts behind it, the parts with an id or without.
pub fn is_github_subject(text: &str) -> bool {
    let Some((owner, rest)) = text.strip_prefix("repo:").and_then(|rest| rest.split_once('/')) else { return false };
    let Some((repository, context)) = rest.split_once(':') else { return false };
    let name = |part: &str| {
        let (name, id) = part.split_once('@').unwrap_or((part, "1"));
        !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
            && !id.is_empty()
            && id.bytes().all(|byte| byte.is_ascii_digit())
    };
    let value =
        |prefix: &str| context.strip_prefix(prefix).is_some_and(|value| !value.is_empty() && !value.contains(':'));
    name(owner)
        && name(repository)
        && owner.contains('@') == repository.contains('@')
        && (context == "pull_request" || value("ref:refs/heads/") || value("ref:refs/tags/") || value("environment:"))
}
