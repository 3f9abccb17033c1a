//! Matching of patterns with `*` and `?`, also where a part of the pattern is not known.

use crate::value::{Domain, Hole, PartRef, Text};

/// An answer when something may be unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Truth {
    /// No, whatever the unknown values are.
    No,
    /// It depends on them.
    Maybe,
    /// Yes, whatever they are.
    Yes,
}

impl From<bool> for Truth {
    fn from(value: bool) -> Self {
        if value { Truth::Yes } else { Truth::No }
    }
}

impl Truth {
    /// Holds if either does.
    pub fn or(self, other: Truth) -> Truth {
        self.max(other)
    }

    /// Holds if both do.
    pub fn and(self, other: Truth) -> Truth {
        self.min(other)
    }

    /// Holds if this does not.
    #[expect(clippy::should_implement_trait, reason = "`!truth` reads as a boolean, which this is not")]
    pub fn not(self) -> Truth {
        match self {
            Truth::No => Truth::Yes,
            Truth::Maybe => Truth::Maybe,
            Truth::Yes => Truth::No,
        }
    }

    /// The answer of a list that shows none but may go on.
    pub fn from_open(open_ended: bool) -> Truth {
        if open_ended { Truth::Maybe } else { Truth::No }
    }
}

/// Whether a known pattern matches a text. `*` is any run of characters, `?` is one character.
/// Linear in the pattern times the text at worst; no recursion.
pub fn glob(pattern: &str, text: &str) -> bool {
    pattern == text || matches(pattern, text, |a, b| a == b)
}

/// The same without regard to the case of ASCII letters.
pub fn glob_ignoring_case(pattern: &str, text: &str) -> bool {
    pattern.eq_ignore_ascii_case(text) || matches(pattern, text, |a, b| a.eq_ignore_ascii_case(&b))
}

fn matches(pattern: &str, text: &str, same: impl Fn(u8, u8) -> bool) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    // Where to go on when the text after the last `*` does not fit: let that `*` take one byte more.
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                p += 1;
                retry = Some((p, t));
            }
            Some(b'?') => {
                p += 1;
                t += char_length(text[t]);
            }
            Some(byte) if same(*byte, text[t]) => {
                p += 1;
                t += 1;
            }
            _ => match retry {
                Some((star, from)) => {
                    p = star;
                    t = from + char_length(text[from]);
                    retry = Some((star, t));
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

/// How many bytes the UTF-8 character takes that begins with this byte.
fn char_length(first: u8) -> usize {
    match first {
        0..0xC0 => 1,
        0xC0..0xE0 => 2,
        0xE0..0xF0 => 3,
        0xF0.. => 4,
    }
}

/// Whether the text holds a wildcard in a known part.
pub fn has_wildcard(text: &Text) -> bool {
    text.parts().any(|part| matches!(part, PartRef::Literal(literal) if literal.contains(['*', '?'])))
}

/// Whether a pattern with holes matches a known text, `*` and `?` in its known parts being wildcards.
pub fn text_matches(pattern: &Text, text: &str) -> Truth {
    match pattern.known() {
        Some(pattern) => glob(pattern, text).into(),
        None => Truth::from_open(glob(&widest(pattern), text)),
    }
}

/// Whether an action pattern covers an action. Actions are compared without regard to case
/// (IAM User Guide, "IAM JSON policy elements: Action").
pub fn action_matches(pattern: &Text, action: &str) -> Truth {
    match pattern.known() {
        Some(pattern) => glob_ignoring_case(pattern, action).into(),
        None => Truth::from_open(glob_ignoring_case(&widest(pattern), action)),
    }
}

/// The narrowest pattern without holes that matches whatever this one can match.
pub fn widest(pattern: &Text) -> String {
    let mut out = String::new();
    for part in pattern.parts() {
        match part {
            PartRef::Literal(text) => out.push_str(text),
            PartRef::Hole(hole) => out.push_str(shape(hole)),
        }
    }
    out
}

fn shape(hole: &Hole) -> &'static str {
    match &hole.domain {
        Domain::OwnAccount | Domain::AccountId => "????????????",
        Domain::Any
        | Domain::Text
        | Domain::OneOf(_)
        | Domain::Partition
        | Domain::Region
        | Domain::UrlSuffix
        | Domain::OwnArn(_)
        | Domain::OwnOrganization => "*",
    }
}

/// The fields of an ARN: `arn:partition:service:region:account:resource`.
const ARN_FIELDS: usize = 6;

/// A pattern's text cut into the fields of an ARN, six at most: only the last may hold colons. With `variables`, a colon
/// within `${…}` belongs to the name of a key or to a default and ends no field.
pub fn arn_fields(text: &str, variables: bool) -> Vec<&str> {
    let mut fields = Vec::with_capacity(ARN_FIELDS);
    let (mut from, mut at) = (0, 0);
    while at < text.len() && fields.len() + 1 < ARN_FIELDS {
        let rest = &text[at..];
        at += match rest.as_bytes()[0] {
            b'$' if variables => variable_length(rest).unwrap_or(1),
            b':' => {
                fields.push(&text[from..at]);
                from = at + 1;
                1
            }
            first => char_length(first),
        };
    }
    fields.push(&text[from..]);
    fields
}

/// How many bytes a `${…}` takes that the text begins with; a default in quotes may hold a `}` itself.
fn variable_length(text: &str) -> Option<usize> {
    let inner = text.strip_prefix("${")?;
    let close = inner.find('}')?;
    let end = match inner[..close].find('\'') {
        Some(quote) => quote + 1 + inner[quote + 1..].find("'}")? + "'}".len(),
        None => close + 1,
    };
    Some("${".len() + end)
}

/// What a resource pattern lacks of a whole ARN.
///
/// In an identity-based policy, AWS completes an ARN of fewer than six fields with `*` for each missing field, so that
/// `arn:aws:sqs` is `arn:aws:sqs:*:*:*` (IAM User Guide, "IAM identifiers", and "Identify AWS resources with Amazon
/// Resource Names (ARNs)"). `*` alone is no ARN and lacks nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// This many fields; none for most patterns.
    Fields(usize),
    /// Some or none: a value that is not known may bring them.
    Unknown,
}

impl Missing {
    /// What a pattern lacks. `variables` says whether `${…}` is a variable or letters: the policy's `Version` decides.
    pub fn of(pattern: &Text, variables: bool) -> Missing {
        if let Some(known) = pattern.known() {
            return Missing::of_known(known, variables);
        }
        let mut text = String::new();
        let mut open = false;
        for part in pattern.parts() {
            match part {
                PartRef::Literal(literal) => text.push_str(literal),
                PartRef::Hole(hole) => {
                    // A hole that begins a pattern may be the beginning of an ARN, or a whole one.
                    open |= may_hold_colons(hole);
                    text.push_str(if open && text.is_empty() { "arn" } else { "?" });
                }
            }
        }
        match Missing::of_known(&text, variables) {
            // An ARN of a resource is whole.
            Missing::Fields(_) if matches!(pattern.parts().next(), Some(PartRef::Hole(first)) if is_arn(first)) => {
                Missing::Fields(0)
            }
            Missing::Fields(0) if text.contains(':') || !open => Missing::Fields(0),
            Missing::Fields(_) if open => Missing::Unknown,
            known => known,
        }
    }

    fn of_known(text: &str, variables: bool) -> Missing {
        // Most patterns are `*` or begin with what every ARN begins with.
        if !text.contains(':') {
            return Missing::Fields(0);
        }
        let fields = arn_fields(text, variables);
        match fields.as_slice() {
            [first, _, ..] if glob(first, "arn") => Missing::Fields(ARN_FIELDS - fields.len()),
            _ => Missing::Fields(0),
        }
    }

    /// What completes the pattern. For an unknown number of fields, what matches at least all that any number would.
    pub fn ending(self) -> &'static str {
        const ENDINGS: [&str; ARN_FIELDS] = ["", ":*", ":*:*", ":*:*:*", ":*:*:*:*", ":*:*:*:*:*"];
        match self {
            Missing::Fields(count) => ENDINGS[count.min(ARN_FIELDS - 1)],
            Missing::Unknown => ENDINGS[1],
        }
    }
}

/// Whether an unknown value may bring fields of an ARN.
fn may_hold_colons(hole: &Hole) -> bool {
    match &hole.domain {
        Domain::Any | Domain::Text | Domain::OwnArn(_) => true,
        Domain::OneOf(values) => values.iter().any(|value| value.contains(':')),
        Domain::OwnAccount
        | Domain::AccountId
        | Domain::Partition
        | Domain::Region
        | Domain::UrlSuffix
        | Domain::OwnOrganization => false,
    }
}

fn is_arn(hole: &Hole) -> bool {
    matches!(hole.domain, Domain::OwnArn(_))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The definition, without cleverness.
    fn slow(pattern: &[char], text: &[char]) -> bool {
        match pattern {
            [] => text.is_empty(),
            ['*', rest @ ..] => (0..=text.len()).any(|skip| slow(rest, &text[skip..])),
            ['?', rest @ ..] => !text.is_empty() && slow(rest, &text[1..]),
            [c, rest @ ..] => text.first() == Some(c) && slow(rest, &text[1..]),
        }
    }

    proptest! {
        #[test]
        fn glob_equals_its_definition(pattern in "[ab*?é]{0,8}", text in "[abé]{0,8}") {
            let expected = slow(&pattern.chars().collect::<Vec<_>>(), &text.chars().collect::<Vec<_>>());
            prop_assert_eq!(glob(&pattern, &text), expected);
        }
    }

    #[test]
    fn fields_of_an_arn() {
        for (text, variables, expected) in [
            ("arn:aws:sqs", true, &["arn", "aws", "sqs"][..]),
            ("arn:aws:iam::1:role/a:b", true, &["arn", "aws", "iam", "", "1", "role/a:b"]),
            (
                "arn:aws:iam::${aws:PrincipalAccount}:x",
                true,
                &["arn", "aws", "iam", "", "${aws:PrincipalAccount}", "x"],
            ),
            (
                "arn:aws:iam::${aws:PrincipalAccount}:x",
                false,
                &["arn", "aws", "iam", "", "${aws", "PrincipalAccount}:x"],
            ),
            ("arn:${a:b, 'c:}:d'}:s", true, &["arn", "${a:b, 'c:}:d'}", "s"]),
            ("arn:${a:b", true, &["arn", "${a", "b"]),
            ("é:$", true, &["é", "$"]),
            ("", true, &[""]),
        ] {
            assert_eq!(arn_fields(text, variables), expected, "{text}");
        }
    }

    #[test]
    fn what_an_arn_lacks() {
        let hole =
            |domain| crate::value::Part::Hole(Hole { name: "X".into(), why: "a parameter", domain, default: None });
        let literal = |text: &str| crate::value::Part::Literal(text.to_owned());
        let of = |parts: Vec<crate::value::Part>| Missing::of(&Text::from_parts(parts, Default::default()), true);
        for (text, missing) in [
            ("*", 0),
            ("arn", 0),
            ("arn:", 4),
            ("arn:aws:sqs", 3),
            ("arn:aws:s3*", 3),
            ("arn:aws:sqs::", 1),
            ("*:*", 4),
            ("arn:aws:s3:::b/*", 0),
            ("arn:aws:iam::${aws:PrincipalAccount}", 1),
            ("x:y", 0),
        ] {
            assert_eq!(of(vec![literal(text)]), Missing::Fields(missing), "{text}");
        }
        let account = || hole(Domain::OwnAccount);
        assert_eq!(of(vec![literal("arn:aws:iam::"), account()]), Missing::Fields(1));
        assert_eq!(of(vec![literal("arn:aws:iam::"), account(), literal(":role/x")]), Missing::Fields(0));
        assert_eq!(of(vec![literal("arn:aws:s3:::"), hole(Domain::Text)]), Missing::Fields(0));
        assert_eq!(of(vec![literal("arn:aws:"), hole(Domain::Text)]), Missing::Unknown);
        assert_eq!(of(vec![hole(Domain::Text), literal("/*")]), Missing::Unknown);
        assert_eq!(of(vec![hole(Domain::OwnArn("AWS::SQS::Queue".into()))]), Missing::Fields(0));
        assert_eq!(of(vec![account(), literal(":x")]), Missing::Fields(0));
    }

    #[test]
    fn actions_are_compared_without_case() {
        let pattern = Text::literal("STS:assume*", Default::default());
        assert_eq!(action_matches(&pattern, "sts:AssumeRole"), Truth::Yes);
        assert_eq!(action_matches(&pattern, "sts:TagSession"), Truth::No);
    }
}
