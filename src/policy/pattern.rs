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
            Some(byte) if *byte == text[t] => {
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
    let action = action.to_ascii_lowercase();
    match pattern.known() {
        Some(pattern) => glob(&pattern.to_ascii_lowercase(), &action).into(),
        None => Truth::from_open(glob(&widest(pattern).to_ascii_lowercase(), &action)),
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
    fn actions_are_compared_without_case() {
        let pattern = Text::literal("STS:assume*", Default::default());
        assert_eq!(action_matches(&pattern, "sts:AssumeRole"), Truth::Yes);
        assert_eq!(action_matches(&pattern, "sts:TagSession"), Truth::No);
    }
}
