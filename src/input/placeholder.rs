//! `${name}`, `${{name}}` and `{{name}}` in documents that another tool completes: Terraform's `templatefile`, workflows,
//! Helm, deployment frameworks and the like; `%{name}`, `%NAME%`, `$NAME`, `<NAME>` and `##NAME##`, which scripts
//! replace; and names in the place of an account id, `arn:aws:iam::ACCOUNT_ID:root`.
//!
//! IAM's own variables, `${aws:username}`, name a condition key, `service:Key`, and stay as they are.

use crate::span::Span;
use crate::value::{Domain, Hole, Kind, Member, Part, Text, Value};
use std::ops::Range;

/// What a placeholder begins with.
const OPENINGS: [&str; 2] = ["${", "{{"];

/// The longest name, in bytes: a text of nothing but openings must not be searched to its end for each.
const MAX_NAME: usize = 1024;

/// The shortest name of a placeholder without braces, in bytes.
const SHORTEST: usize = 3;

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
        Kind::String(text) => has_one(text),
        Kind::List(items) => items.iter().any(has_placeholder),
        Kind::Map(members) => members.iter().any(|member| has_one(&member.key) || has_placeholder(&member.value)),
        Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Template(_) | Kind::Tagged(_) | Kind::Unknown(_) => false,
    }
}

fn has_one(text: &str) -> bool {
    parts(text).any(|part| matches!(part, Part::Hole(_)))
}

/// A key with its placeholders as every input writes what is not known of a key: `${name}`.
fn key(text: &str) -> String {
    Text::from_parts(parts(text), Span::default()).display().into_owned()
}

fn holes(value: &Value<'_>) -> Value<'static> {
    match &value.kind {
        Kind::String(text) => Value::text(Text::from_parts(parts(text), value.span)),
        Kind::List(items) => Value::new(Kind::List(items.iter().map(holes).collect()), value.span),
        Kind::Map(members) => {
            let members = members.iter().map(|member| Member {
                key: key(&member.key).into(),
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
    let account = account_name(text);
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = text.get(at..).filter(|rest| !rest.is_empty())?;
        let in_account = account.clone().filter(|account| account.start >= at);
        let marked = rest.match_indices(['$', '{', '%', '<', '#']).find_map(|(offset, _)| {
            let (length, name) = placeholder(&rest[offset..])?;
            Some((at + offset..at + offset + length, name))
        });
        let named = in_account.map(|range| (range.clone(), text[range].trim_matches(['{', '}', ' '])));
        let found = named.into_iter().chain(marked).min_by_key(|(range, _)| range.start);
        match found {
            Some((range, name)) if range.start == at => {
                let domain = if account.as_ref() == Some(&range) { Domain::AccountId } else { Domain::Text };
                at = range.end;
                Some(Part::Hole(Hole { name: name.to_owned(), why: WHY, domain, default: None }))
            }
            found => {
                let end = found.map_or(text.len(), |(range, _)| range.start);
                let literal = &text[at..end];
                at = end;
                Some(Part::Literal(literal.to_owned()))
            }
        }
    })
}

/// The account of an ARN, where a name stands for it: nobody has an account of letters. IAM and S3 write names of their
/// own there (IAM User Guide, IAM identifiers: `aws` in the ARNs of managed policies; `cloudfront` in those of origin
/// access identities).
fn account_name(text: &str) -> Option<Range<usize>> {
    let rest = text.strip_prefix("arn:")?;
    let before: usize = rest.splitn(4, ':').take(3).map(|field| field.len() + 1).sum();
    let field = rest.get(before..)?.split_once(':')?.0;
    let count = |is: fn(&u8) -> bool| field.bytes().filter(is).count();
    let is_name = count(u8::is_ascii_alphabetic) > count(u8::is_ascii_digit)
        && field.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_- .{}".contains(&byte))
        && !matches!(field, "aws" | "cloudfront");
    let start = "arn:".len() + before;
    is_name.then(|| start..start + field.len())
}

/// The length and the name of the placeholder that a text begins with.
fn placeholder(text: &str) -> Option<(usize, &str)> {
    let (opening, closing) = if text.starts_with("${{") {
        ("${{", "}}")
    } else if text.starts_with("${") {
        ("${", "}")
    } else if text.starts_with("{{") {
        ("{{", "}}")
    } else if text.starts_with("%{") {
        ("%{", "}")
    } else if text.starts_with("##") {
        ("##", "##")
    } else {
        return word(text);
    };
    let window = text.len().min(opening.len() + MAX_NAME);
    let length = memchr::memmem::find(&text.as_bytes()[opening.len()..window], closing.as_bytes())?;
    let name = &text[opening.len()..][..length];
    let is_word = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let is_one = match closing {
        "}}" => true,
        "##" => is_word,
        _ => is_placeholder(name),
    };
    is_one.then_some((opening.len() + name.len() + closing.len(), name.trim()))
}

/// A placeholder that is a word with a mark: `$NAME`, `%NAME%`, `<NAME>`.
fn word(text: &str) -> Option<(usize, &str)> {
    let capitals = |text: &str| text.bytes().take_while(|byte| byte.is_ascii_uppercase() || *byte == b'_').count();
    let mark = text.chars().next()?;
    let rest = &text[mark.len_utf8()..];
    let length = match mark {
        '<' => rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || b"_- ".contains(byte)).count(),
        '$' | '%' => capitals(rest),
        _ => 0,
    };
    let closing = match mark {
        '<' => ">",
        '%' => "%",
        _ => "",
    };
    let is_one = length >= SHORTEST && rest[length..].starts_with(closing);
    is_one.then(|| (mark.len_utf8() + length + closing.len(), &rest[..length]))
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
        for (text, name) in [
            ("arn:aws:iam::%{aws_account_id}:root", "aws_account_id"),
            ("arn:aws:iam::$AWS_ACCOUNT_ID:root", "AWS_ACCOUNT_ID"),
            ("arn:aws:iam::ACCOUNT_ID:root", "ACCOUNT_ID"),
            ("arn:aws:iam::<SECURITY_ACCOUNT>:root", "SECURITY_ACCOUNT"),
            ("arn:aws:iam::{Bucket Account}:root", "Bucket Account"),
            ("arn:aws:iam::%ACCOUNT%:root", "ACCOUNT"),
            ("arn:aws:iam::##AWS_ID##:root", "AWS_ID"),
        ] {
            assert_eq!(shown(text), (format!("arn:aws:iam::${{{name}}}:root"), 1), "{text}");
        }
        for literal in [
            "${aws:PrincipalTag/team}",
            "${saml:sub}",
            "${*}",
            "${$}",
            "$x",
            "${open",
            "${}",
            "{{open",
            "{}}",
            "a%2Fb%20c",
            "<a@b.c>",
            "arn:aws:iam::aws:policy/A",
            "arn:aws:iam::cloudfront:user/X",
            "arn:aws:s3:::BUCKET/{key}",
            "arn:aws:iam::*:r",
        ] {
            assert_eq!(shown(literal), (literal.into(), 0));
        }
        let openings = "${a:{{".repeat(10_000);
        assert_eq!(shown(&openings).1, 0);
    }
}
