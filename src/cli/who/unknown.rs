//! Values that are not known, as their files call them: `var.partner`, `!Ref Partner`.

use crate::policy::{Effect, Policy, PrincipalKind, Principals};
use crate::value::{Domain, Hole, Kind, PartRef, Text, Value};

/// How a format calls values that are not known.
#[derive(Clone, Copy, Debug, Default)]
pub struct Names {
    /// Whether it is CloudFormation's.
    is_template: bool,
}

impl Names {
    /// The names of a format of files.
    pub fn of(format: Option<&str>) -> Self {
        Names { is_template: format == Some("cloudformation") }
    }

    fn hole(self, hole: &Hole) -> String {
        let name = &hole.name;
        let is_word = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric());
        match name.split_once('.') {
            _ if !self.is_template => name.clone(),
            None if name.split("::").all(is_word) => format!("!Ref {name}"),
            Some((resource, attribute)) if is_word(resource) && attribute.split('.').all(is_word) => {
                format!("!GetAtt {name}")
            }
            _ => name.clone(),
        }
    }

    /// A text as its file writes it: the name of what is not known at all, `${name}` for a part that is not.
    pub fn text(self, text: &Text) -> String {
        let mut parts = text.parts();
        match (parts.next(), parts.next()) {
            (Some(PartRef::Hole(hole)), None) => self.hole(hole),
            _ => text.display().into_owned(),
        }
    }

    /// What is not known in a value: texts with holes, and values of which nothing is known.
    fn within(self, value: &Value<'_>, found: &mut Vec<String>) {
        match &value.kind {
            Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::String(_) | Kind::Tagged(_) => {}
            Kind::Template(text) if text.holes().all(|hole| hole.domain == Domain::OwnAccount) => {}
            Kind::Template(text) => found.push(self.text(text)),
            Kind::List(items) => items.iter().for_each(|item| self.within(item, found)),
            Kind::Map(members) => members.iter().for_each(|member| self.within(&member.value, found)),
            Kind::Unknown(hole) => found.push(self.hole(hole)),
        }
    }

    /// The principals that a policy lets in and that are not known.
    pub fn principals(self, document: &Value<'_>) -> Vec<String> {
        let mut found = Vec::new();
        for statement in statements(document) {
            if statement.get("Effect").and_then(Value::as_str) != Some("Deny")
                && let Some(principal) = statement.get("Principal")
            {
                self.within(principal, &mut found);
            }
        }
        once_each(found)
    }

    /// The condition keys of Allow statements that are known in part: what they test is not.
    pub fn keys(document: &Value<'_>) -> Vec<String> {
        let allows = |statement: &&Value<'_>| statement.get("Effect").and_then(Value::as_str) != Some("Deny");
        let conditions = statements(document).iter().filter(allows).filter_map(|statement| statement.get("Condition"));
        let keys = conditions.flat_map(Value::children).flat_map(|operator| operator.as_map().unwrap_or_default());
        once_each(keys.map(|member| member.key.to_string()).filter(|key| key.contains("${")).collect())
    }

    /// The values of which nothing is known that a statement, by its number, compares a key with.
    pub fn values(self, document: &Value<'_>, statement: usize, operator: &str, key: &str) -> Vec<String> {
        let statement = statements(document).get(statement);
        let condition = statement.and_then(|statement| statement.get("Condition"));
        let values = condition.and_then(|condition| condition.get(operator)).and_then(|keys| keys.get(key));
        let values = values.map(Value::one_or_many).unwrap_or_default();
        let unknown = values.iter().filter_map(|value| match &value.kind {
            Kind::Unknown(hole) => Some(self.hole(hole)),
            _ => None,
        });
        once_each(unknown.collect())
    }
}

fn statements<'v, 's>(document: &'v Value<'s>) -> &'v [Value<'s>] {
    document.get("Statement").map(Value::one_or_many).unwrap_or_default()
}

fn once_each(names: Vec<String>) -> Vec<String> {
    let mut each: Vec<String> = Vec::with_capacity(names.len());
    for name in names {
        if !each.contains(&name) {
            each.push(name);
        }
    }
    each
}

/// Whether a policy lets in callers that it does not name, so that not only an unknown principal may do so.
pub fn lets_anyone_in(policy: &Policy) -> bool {
    allowed(policy).any(|principals| {
        principals.negated || principals.entries.iter().any(|principal| principal.kind == PrincipalKind::Anyone)
    })
}

/// Whether a policy lets in somebody of the account that the role lives in, whatever its id is.
pub fn names_own_account(policy: &Policy) -> bool {
    let mut entries = allowed(policy).flat_map(|principals| &principals.entries);
    entries.any(|principal| principal.text.holes().any(|hole| hole.domain == Domain::OwnAccount))
}

/// The principal as it is written that names a user or role of the role's own account.
pub fn of_own_account(policy: &Policy, sort: &str, name: &str) -> Option<String> {
    let end = format!(":{sort}/{name}");
    let entries = allowed(policy).flat_map(|principals| &principals.entries).map(|principal| &principal.text);
    let mut own = entries.filter(|text| text.holes().any(|hole| hole.domain == Domain::OwnAccount));
    own.find_map(|text| Some(text.display().into_owned()).filter(|text| text.ends_with(&end)))
}

fn allowed(policy: &Policy) -> impl Iterator<Item = &Principals> {
    let allows = policy.statements.iter().filter(|statement| statement.effect != Effect::Deny);
    allows.filter_map(|statement| statement.principals.as_ref())
}
