//! Objects that give a key twice: Terraform takes the last value, and the parser refuses the file.
//!
//! Where the parser stops at such a key, the text is parsed again with another name of the same length in its place, so
//! that all places stay true; [`Renamed`] says which keys are to be read from the text itself.

use hcl_edit::parser::{self, Error};
use hcl_edit::structure::Body;
use std::collections::{BTreeMap, HashSet};
use std::ops::Range;

/// How many such keys are read in one text.
const MAX_KEYS: usize = 64;
/// How many bytes are parsed again, for each byte of the text and for the smallest.
const MAX_AGAIN: usize = 8;
const MIN_AGAIN: usize = 64 * 1024;

/// The keys that were parsed under other names: where each begins and ends.
pub(super) type Renamed = BTreeMap<usize, usize>;

/// Parse a text in which keys of objects may be given twice.
pub(super) fn parse(text: &str) -> Result<(Body, Renamed), Error> {
    let mut renamed = Renamed::new();
    let error = match parser::parse_body(text) {
        Ok(body) => return Ok((body, renamed)),
        Err(error) if is_redefined(&error) => error,
        Err(error) => return Err(error),
    };
    let mut names = Names::of(text);
    let mut copy = text.to_owned();
    let mut error = error;
    let mut again = 0;
    while renamed.len() < MAX_KEYS && again <= (text.len() * MAX_AGAIN).max(MIN_AGAIN) {
        let key = key_at(text, error.location().offset());
        let Some((key, name)) = key.and_then(|key| Some((key.clone(), names.next(key.len())?))) else { break };
        if renamed.insert(key.start, key.end).is_some() {
            break;
        }
        copy.replace_range(key, &name);
        again += copy.len();
        match parser::parse_body(&copy) {
            Ok(body) => return Ok((body, renamed)),
            Err(next) if is_redefined(&next) => error = next,
            Err(next) => return Err(next),
        }
    }
    Err(error)
}

fn is_redefined(error: &Error) -> bool {
    error.message().contains("redefined object key")
}

/// The bytes of the key that begins here: up to the `=` or `:` after it.
fn key_at(text: &str, start: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    // What closes each bracket and string that is open.
    let mut open: Vec<u8> = Vec::new();
    let mut at = start;
    while let Some(byte) = bytes.get(at) {
        let next = bytes.get(at + 1);
        match (open.last(), byte) {
            (Some(b'"'), b'\\') => at += 1,
            (Some(b'"'), b'$' | b'%') if next == Some(byte) && bytes.get(at + 2) == Some(&b'{') => at += 2,
            (Some(b'"'), b'$' | b'%') if next == Some(&b'{') => {
                open.push(b'}');
                at += 1;
            }
            (Some(close), byte) if close == byte => drop(open.pop()),
            (Some(b'"'), _) => {}
            (_, b'"') => open.push(b'"'),
            (_, b'(') => open.push(b')'),
            (_, b'[') => open.push(b']'),
            (_, b'{') => open.push(b'}'),
            (None, b'=' | b':') => {
                let length = text.get(start..at)?.trim_end().len();
                return (length > 0).then_some(start..start + length);
            }
            (None, b'\n' | b',' | b'}' | b')' | b']') => return None,
            _ => {}
        }
        at += 1;
    }
    None
}

/// Identifiers that a text does not use.
struct Names<'t> {
    used: HashSet<&'t str>,
    made: usize,
}

impl<'t> Names<'t> {
    fn of(text: &'t str) -> Self {
        let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
        Names { used: text.split(|c| !is_word(c)).collect(), made: 0 }
    }

    /// An identifier of so many bytes; `None` where all short ones are taken.
    fn next(&mut self, length: usize) -> Option<String> {
        const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
        // As many as there can be of one letter.
        let first = if length < 3 { 0 } else { self.made };
        for number in first..first + self.used.len() + LETTERS.len() {
            let mut name = vec![b'_'; length];
            let mut rest = number;
            for place in name.iter_mut().rev() {
                *place = LETTERS[rest % LETTERS.len()];
                rest /= LETTERS.len();
            }
            if rest > 0 {
                return None;
            }
            let name = String::from_utf8(name).ok()?;
            // Words of the language are shorter than this, or it begins with the first letter often enough.
            const WORDS: [&str; 8] = ["for", "in", "if", "else", "endif", "endfor", "true", "null"];
            if !self.used.contains(name.as_str()) && !WORDS.contains(&name.as_str()) && name != "false" {
                self.made = self.made.max(number) + 1;
                return Some(name);
            }
        }
        None
    }
}
