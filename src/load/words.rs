//! The words of policies in the bytes of a text, looked for before it is parsed.
//!
//! Each file of a repository is looked at here and most go no further, so nothing is decoded: a text that may spell a word
//! in another way is parsed.

use crate::input;
use memchr::{memchr_iter, memmem};

/// Whether a text has a word that every file with a policy has. Looking for them costs a tenth of parsing.
pub fn mentions_policy(text: &str) -> bool {
    let bytes = text.as_bytes();
    input::MARKS.iter().any(|mark| memmem::find(bytes, mark.as_bytes()).is_some())
        || has_escaped_letter(bytes)
        || is_encoded(text)
}

/// Whether a text writes a letter as an escape, as nobody needs to who does not hide a word: `\u0053` in JSON, `\x53`
/// and `\U00000053` in YAML, and in the latter a line that is broken inside of a word.
fn has_escaped_letter(bytes: &[u8]) -> bool {
    memchr_iter(b'\\', bytes).any(|at| {
        let rest = &bytes[at + 1..];
        let digits = match rest.first() {
            Some(b'u') => rest.get(1..5),
            Some(b'x') => rest.get(1..3),
            Some(b'U') => rest.get(1..9),
            Some(b'\n' | b'\r') => return true,
            Some(_) | None => return false,
        };
        let code = digits.and_then(|digits| u32::from_str_radix(str::from_utf8(digits).ok()?, 16).ok());
        code.and_then(char::from_u32).is_some_and(|letter| letter.is_ascii_alphabetic())
    })
}

/// Whether a text begins with a percent-encoded character, perhaps after a quote.
pub(super) fn is_encoded(text: &str) -> bool {
    let text = text.trim_start_matches('\u{feff}').trim_ascii_start();
    let rest = text.strip_prefix('"').unwrap_or(text).as_bytes();
    matches!(rest, [b'%', high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit())
}

/// Whether a text that cannot be parsed was most likely meant as a policy: it has the words of a statement as names, and
/// what its effect may be. A text that speaks about policies has no names, a program's syntax tree no such effect.
pub fn looks_like_policy(text: &str) -> bool {
    let bytes = text.as_bytes();
    let has = |word: &str| memmem::find(bytes, word.as_bytes()).is_some();
    has("Statement")
        && (has("Allow") || has("Deny"))
        && is_name(bytes, "Effect")
        && ["Action", "Principal"].iter().any(|word| is_name(bytes, word))
}

/// Whether a word, or its opposite, stands in a text as the name of a member: a colon follows, after the end of a string.
fn is_name(bytes: &[u8], word: &str) -> bool {
    memmem::find_iter(bytes, word.as_bytes()).any(|at| {
        let before = &bytes[..at];
        if before.last().is_some_and(u8::is_ascii_alphabetic) && !before.ends_with(b"Not") {
            return false;
        }
        let mut rest = &bytes[at + word.len()..];
        loop {
            rest = match rest {
                [b':', ..] | [b'%', b'3', b'A' | b'a', ..] => return true,
                [b'%', b'2', b'2' | b'7' | b'0', tail @ ..] => tail,
                [b'\\' | b'"' | b'\'' | b' ' | b'\t', tail @ ..] => tail,
                _ => return false,
            };
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_in_every_spelling() {
        for text in [
            r#"{"Statement": []}"#,
            r#"{"\u0053tatement": []}"#,
            r#"{"Statemen\u0074": []}"#,
            r#""{\"State\\u006dent\": []}""#,
            r#""\x53tatement": []"#,
            r#""\U00000053tatement": []"#,
            "\"State\\\n  ment\": []",
            r#"[{"Effect": "Allow", "Action": "*"}]"#,
            "%7B%22%53tatement%22%3A%5B%5D%7D",
            "\u{feff}\n \"%7b%22x",
        ] {
            assert!(mentions_policy(text), "{text}");
        }
        for text in [
            r#"{"name": "a \u00e9 \u003cb\u003e \n \\ \" \u", "b": "\u00"}"#,
            r"C:\users\x",
            "100%7 of it",
            "%YAML 1.2\n---\na: 1",
            "\\",
        ] {
            assert!(!mentions_policy(text), "{text}");
        }
    }

    #[test]
    fn what_was_meant_as_a_policy() {
        for text in [
            r#"{"Statement": [{"Effect": "Allow", "Action": "*" "Resource": "*"}]}"#,
            r#"{"Statement" [{"Effect" : "Deny", "NotPrincipal": {}}"#,
            "Statement:\n- Effect: Allow\n  Action: x",
            r#"{"policy": "{\"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"*\"", "#,
            "%7B%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22",
        ] {
            assert!(looks_like_policy(text), "{text}");
        }
        for text in [
            "A Statement has an Effect, an Action and a Principal; it may Allow or Deny",
            r#"{"kind": "Statement", "Effect": "none", "Action": "x",}"#,
            r#"{"Statement": "x", "sideEffect": 1, "Action": "Allow"}}"#,
        ] {
            assert!(!looks_like_policy(text), "{text}");
        }
    }
}
