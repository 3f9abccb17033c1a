//! `${name}`, `${{name}}` and `{{name}}` in documents that another tool completes: Terraform's `templatefile`, workflows,
//! Helm, deployment frameworks and the like.
//!
//! IAM's own variables, `${aws:username}`, name a condition key, `service:Key`, and stay as they are.

use crate::value::{Domain, Hole, Kind, Member, Part, Text, Value};

/// What a placeholder begins with.
const OPENINGS: [&str; 2] = ["${", "{{"];

/// The longest name, in bytes: a text of nothing but openings must not be searched to its end for each.
const MAX_NAME: usize = 1024;

/// What a placeholder is, to follow "is".
pub const WHY: &str = "a placeholder that another tool fills in";

/// Whether a text is a placeholder and perhaps more, so that nothing is known of what it will be.
pub fn starts_with_one(text: &str) -> bool {
    OPENINGS.iter().any(|opening| text.trim_start().starts_with(opening))
}

/// Whether a text has something like a placeholder.
pub fn may_have_one(text: &str) -> bool {
    // Most texts have no brace.
    text.as_bytes().contains(&b'{') && OPENINGS.iter().any(|opening| text.contains(opening))
}

/// The document with its placeholders as holes; `None` when it has none.
pub fn resolve(document: &Value<'_>) -> Option<Value<'static>> {
    has_placeholder(document).then(|| holes(document))
}

fn has_placeholder(value: &Value<'_>) -> bool {
    match &value.kind {
        Kind::String(text) => may_have_one(text) && parts(text).any(|part| matches!(part, Part::Hole(_))),
        Kind::List(items) => items.iter().any(has_placeholder),
        Kind::Map(members) => members.iter().any(|member| has_placeholder(&member.value)),
        Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Template(_) | Kind::Tagged(_) | Kind::Unknown(_) => false,
    }
}

fn holes(value: &Value<'_>) -> Value<'static> {
    match &value.kind {
        Kind::String(text) => Value::text(Text::from_parts(parts(text), value.span)),
        Kind::List(items) => Value::new(Kind::List(items.iter().map(holes).collect()), value.span),
        Kind::Map(members) => {
            let members = members.iter().map(|member| Member {
                key: member.key.clone().into_owned().into(),
                key_span: member.key_span,
                value: holes(&member.value),
            });
            Value::new(Kind::Map(members.collect()), value.span)
        }
        Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Template(_) | Kind::Tagged(_) | Kind::Unknown(_) => {
            value.clone().into_owned(&|span| span)
        }
    }
}

/// The parts of a string: placeholders as holes, everything else as text.
fn parts(text: &str) -> impl Iterator<Item = Part> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let found = rest.match_indices(['$', '{']).find_map(|(at, _)| {
            let (length, name) = placeholder(&rest[at..])?;
            Some((at, length, name))
        });
        match found {
            Some((0, length, name)) => {
                let hole = Hole { name: name.to_owned(), why: WHY, domain: Domain::Text, default: None };
                rest = &rest[length..];
                Some(Part::Hole(hole))
            }
            found => {
                let (literal, after) = rest.split_at(found.map_or(rest.len(), |(at, ..)| at));
                rest = after;
                Some(Part::Literal(literal.to_owned()))
            }
        }
    })
}

/// The length and the name of the placeholder that a text begins with.
fn placeholder(text: &str) -> Option<(usize, &str)> {
    let (opening, closing) = if text.starts_with("${{") {
        ("${{", "}}")
    } else if text.starts_with("${") {
        ("${", "}")
    } else if text.starts_with("{{") {
        ("{{", "}}")
    } else {
        return None;
    };
    let window = text.len().min(opening.len() + MAX_NAME);
    let length = memchr::memmem::find(&text.as_bytes()[opening.len()..window], closing.as_bytes())?;
    let name = &text[opening.len()..][..length];
    let is_one = closing == "}}" || is_placeholder(name);
    is_one.then_some((opening.len() + name.len() + closing.len(), name.trim()))
}

/// Whether what stands in `${…}` is no variable of IAM: neither `service:Key` nor the escape of a special character
/// (IAM User Guide, "IAM policy elements: Variables and tags").
fn is_placeholder(name: &str) -> bool {
    let variable = name.split_once(':').is_some_and(|(service, key)| {
        !service.is_empty()
            && service.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'/'))
            && !key.starts_with(':')
    });
    !variable && !matches!(name, "*" | "?" | "$" | "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::span::Span;

    fn shown(text: &str) -> (String, usize) {
        let value = Value::string(text.to_owned(), Span::default());
        let text = resolve(&value).unwrap_or(value.into_owned(&|span| span)).as_text().expect("a string");
        (text.display().into_owned(), text.holes().count())
    }

    #[test]
    fn placeholders_are_holes_and_variables_are_text() {
        assert_eq!(shown("arn:aws:iam::${ACCOUNT_ID}:root"), ("arn:aws:iam::${ACCOUNT_ID}:root".into(), 1));
        assert_eq!(shown("${A}${aws:username}/${B}"), ("${A}${aws:username}/${B}".into(), 2));
        assert_eq!(shown("${ACCEL_LOOKUP::VPC_ID:OU}").1, 1);
        assert_eq!(
            shown("arn:aws:iam::{{ .Values.account }}:role/{{name}}"),
            ("arn:aws:iam::${.Values.account}:role/${name}".into(), 2)
        );
        assert_eq!(shown("a${{ secrets.ID }}b"), ("a${secrets.ID}b".into(), 1));
        for literal in
            ["${aws:PrincipalTag/team}", "${saml:sub}", "${*}", "${$}", "$x", "${open", "${}", "{{open", "{}}"]
        {
            assert_eq!(shown(literal), (literal.into(), 0));
        }
        let openings = "${a:{{".repeat(10_000);
        assert_eq!(shown(&openings).1, 0);
    }
}
