//! Policy variables: `${aws:username}`, `${aws:PrincipalTag/team, 'none'}`, and the escapes `${*}`, `${?}`, `${$}`
//! (IAM User Guide, "IAM policy elements: Variables and tags").

use crate::policy::Policy;
use std::borrow::Cow;

/// How `${…}` in a policy's text is read.
#[derive(Clone, Copy)]
pub enum Variables<'a> {
    /// As text: the policy has the version `2008-10-17` or none.
    Literal,
    /// As variables whose values are not asked for here.
    Unknown,
    /// As variables with these values; `None` for a key that the request lacks or that has several values.
    From(&'a dyn Fn(&str) -> Option<Cow<'a, str>>),
}

impl std::fmt::Debug for Variables<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Variables::Literal => "Literal",
            Variables::Unknown => "Unknown",
            Variables::From(_) => "From(…)",
        })
    }
}

/// A piece of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece {
    /// This character, also a `*` that a variable's value brought.
    Char(char),
    /// `?`.
    One,
    /// `*`.
    Many,
}

/// What a text with variables becomes in a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filled {
    /// The pieces, every variable replaced.
    Pieces(Vec<Piece>),
    /// A variable has neither a value nor a default: the text matches nothing.
    Unresolved,
    /// It depends on the value of a variable.
    Unknown,
}

impl<'a> Variables<'a> {
    /// How a policy's `Version` has its texts read, with these values of variables.
    pub fn of(policy: &Policy, values: &'a dyn Fn(&str) -> Option<Cow<'a, str>>) -> Variables<'a> {
        match policy.version.as_ref() {
            None => Variables::Literal,
            Some(version) => match version.known() {
                Some("2012-10-17") => Variables::From(values),
                Some(_) => Variables::Literal,
                None => Variables::Unknown,
            },
        }
    }
}

impl Variables<'_> {
    /// Whether a text is a plain pattern: nothing in it has to be replaced.
    pub fn leave(self, text: &str) -> bool {
        matches!(self, Variables::Literal) || !text.as_bytes().contains(&b'$') || !text.contains("${")
    }

    /// Replace the variables of a text. What replaces them is taken literally.
    pub fn fill(self, text: &str) -> Filled {
        let mut pieces = Vec::with_capacity(text.len());
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let variable = if self.leave(rest) { None } else { rest.strip_prefix("${").and_then(Variable::parse) };
            let Some((variable, length)) = variable else {
                pieces.push(match c {
                    '*' => Piece::Many,
                    '?' => Piece::One,
                    other => Piece::Char(other),
                });
                rest = &rest[c.len_utf8()..];
                continue;
            };
            rest = &rest["${".len() + length..];
            match (variable, self) {
                (Variable::Escape(escaped), _) => pieces.push(Piece::Char(escaped)),
                (Variable::Key { .. }, Variables::Unknown) => return Filled::Unknown,
                (Variable::Key { name, default }, Variables::From(lookup)) => {
                    match lookup(name).or(default.map(Cow::Borrowed)) {
                        Some(value) => pieces.extend(value.chars().map(Piece::Char)),
                        None => return Filled::Unresolved,
                    }
                }
                // Not reached: `leave` is true of every text then.
                (Variable::Key { .. }, Variables::Literal) => return Filled::Unresolved,
            }
        }
        Filled::Pieces(pieces)
    }
}

/// One `${…}`.
enum Variable<'t> {
    /// `${*}` and the like.
    Escape(char),
    /// A key, perhaps with a default.
    Key { name: &'t str, default: Option<&'t str> },
}

impl<'t> Variable<'t> {
    /// Read what stands after `${`, and how long it is with its `}`. `None` when nothing closes it.
    fn parse(text: &'t str) -> Option<(Self, usize)> {
        let end = text.find([',', '}'])?;
        let name = &text[..end];
        if text[end..].starts_with('}') {
            let variable = match name {
                "*" => Variable::Escape('*'),
                "?" => Variable::Escape('?'),
                "$" => Variable::Escape('$'),
                name => Variable::Key { name, default: None },
            };
            return Some((variable, end + 1));
        }
        // The default may hold a `}` itself.
        let quoted = text[end + 1..].trim_start();
        let start = text.len() - quoted.len() + 1;
        let default = quoted.strip_prefix('\'').and_then(|rest| Some(&rest[..rest.find("'}")?]));
        match default {
            Some(default) => {
                let length = start + default.len() + "'}".len();
                Some((Variable::Key { name, default: Some(default) }, length))
            }
            // IAM rejects other forms; a variable that cannot be read has no value.
            None => Some((Variable::Key { name: "", default: None }, text.find('}')? + 1)),
        }
    }
}

/// Whether pieces match a text. Linear in one times the other at worst; no recursion.
pub fn matches(pieces: &[Piece], text: &str) -> bool {
    let (mut at, mut rest) = (0, text);
    // Where to go on when the text after the last `*` does not fit: let that `*` take one character more.
    let mut retry: Option<(usize, &str)> = None;
    loop {
        let next = rest.chars().next();
        let fits = match (pieces.get(at), next) {
            (Some(Piece::Many), _) => {
                at += 1;
                retry = Some((at, rest));
                continue;
            }
            (None, None) => return true,
            (Some(Piece::One), Some(c)) => Some(c),
            (Some(Piece::Char(wanted)), Some(c)) => (*wanted == c).then_some(c),
            (Some(Piece::One | Piece::Char(_)), None) => return false,
            (None, Some(_)) => None,
        };
        match (fits, retry) {
            (Some(c), _) => {
                at += 1;
                rest = &rest[c.len_utf8()..];
            }
            (None, Some((star, from))) => {
                let Some(skipped) = from.chars().next() else { return false };
                rest = &from[skipped.len_utf8()..];
                at = star;
                retry = Some((star, rest));
            }
            (None, None) => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(text: &str) -> Filled {
        let lookup = |key: &str| match key {
            "aws:username" => Some(Cow::Borrowed("a*")),
            _ => None,
        };
        Variables::From(&lookup).fill(text)
    }

    fn like(pattern: &str, text: &str) -> bool {
        matches!(fill(pattern), Filled::Pieces(pieces) if matches(&pieces, text))
    }

    #[test]
    fn values_and_escapes_are_literal() {
        assert!(like("${aws:username}/*", "a*/x"));
        assert!(!like("${aws:username}/*", "ab/x"));
        assert!(like("x${*}?${$}{", "x*1${"));
        assert!(!like("x${*}", "xy"));
        assert!(like("${none, 'a}b'}-*", "a}b-"));
        assert!(like("${none,''}", ""));
    }

    #[test]
    fn what_cannot_be_resolved() {
        for text in ["${none}", "${}", "${aws:username, none}", "x${ aws:username}"] {
            assert_eq!(fill(text), Filled::Unresolved, "{text}");
        }
        assert!(like("${open", "${open"), "nothing closes it");
        assert_eq!(Variables::Unknown.fill("${aws:username}"), Filled::Unknown);
        assert!(matches!(Variables::Literal.fill("${x}"), Filled::Pieces(pieces) if matches(&pieces, "${x}")));
    }

    #[test]
    fn matching() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("*", "", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-b-b", false),
            ("?", "é", true),
            ("??", "é", false),
            ("*a", "aab", false),
            ("*ab", "aab", true),
        ] {
            assert_eq!(like(pattern, text), expected, "{pattern} {text}");
        }
    }
}
