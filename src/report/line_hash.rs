//! `primaryLocationLineHash`: the fingerprint by which GitHub code scanning follows an alert from commit to commit.
//!
//! The value of a line is a polynomial hash of the 100 UTF-16 code units from the line's start on, spaces and tabs left
//! out, so that it survives changes above the line. Source: the upload action of GitHub code scanning computes the same
//! where a SARIF file lacks it.

use std::collections::HashMap;

/// Units that one hash covers.
const WINDOW: usize = 100;
/// The base of the polynomial.
const BASE: u64 = 37;
/// Stands after the last unit of the file.
const END: u16 = u16::MAX;

/// The hash of each line: line 1 at index 0. Lines end as in [`Source`](crate::source::Source).
pub fn line_hashes(text: &str) -> Vec<LineHash> {
    let (units, starts) = units(text);
    let leaving = BASE.wrapping_pow(WINDOW as u32);
    let mut seen: HashMap<u64, u32> = HashMap::new();
    let mut hashes = Vec::with_capacity(starts.len());
    let mut starts = starts.into_iter().peekable();
    let mut hash = 0_u64;
    for at in 0..units.len() + WINDOW {
        let entering = units.get(at).map_or(0, |unit| u64::from(*unit));
        let left = at.checked_sub(WINDOW).map_or(0, |old| u64::from(units[old]));
        hash = hash.wrapping_mul(BASE).wrapping_add(entering).wrapping_sub(leaving.wrapping_mul(left));
        if starts.next_if(|start| start + WINDOW == at + 1).is_some() {
            let occurrence = seen.entry(hash).or_default();
            *occurrence += 1;
            hashes.push(LineHash { hash, occurrence: *occurrence });
        }
    }
    hashes
}

/// The hash of one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineHash {
    hash: u64,
    /// Which of the lines with this hash in the file it is, from 1.
    occurrence: u32,
}

impl std::fmt::Display for LineHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:x}:{}", self.hash, self.occurrence)
    }
}

/// The units that count, with the end mark, and the index of the first unit of each line.
fn units(text: &str) -> (Vec<u16>, Vec<usize>) {
    let mut units = Vec::with_capacity(text.len() + 1);
    let mut starts = vec![0];
    let mut after_return = false;
    for unit in text.encode_utf16() {
        let newline = unit == u16::from(b'\n');
        let skipped = unit == u16::from(b' ') || unit == u16::from(b'\t') || (after_return && newline);
        after_return = unit == u16::from(b'\r');
        if skipped {
            continue;
        }
        if newline || after_return {
            units.push(u16::from(b'\n'));
            starts.push(units.len());
        } else {
            units.push(unit);
        }
    }
    units.push(END);
    (units, starts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;

    fn assert_hashes(text: &str, expected: &[(usize, &str)]) {
        let hashes = line_hashes(text);
        assert_eq!(hashes.len(), Source::new("a", text).line_count(), "{text:?}");
        for (line, value) in expected {
            assert_eq!(hashes[line - 1].to_string(), *value, "line {line} of {text:?}");
        }
    }

    #[test]
    fn equals_what_the_upload_action_computes() {
        let ab = [(1, "81b8d8db678b2bbe:1"), (2, "ade70578248be16f:1"), (3, "c129715d7a2bc9a3:1")];
        assert_hashes("", &[(1, "c129715d7a2bc9a3:1")]);
        assert_hashes("\n", &[(1, "3c5bef55b72b93c9:1"), (2, "c129715d7a2bc9a3:1")]);
        assert_hashes("a", &[(1, "53b5d4aabe50d64:1")]);
        assert_hashes("a\nb\n", &ab);
        assert_hashes("a\r\nb\r\n", &ab);
        assert_hashes("a\rb\r", &ab);
        assert_hashes("\ta \tb\n c\n", &[(1, "b146fd59e1b128fd:1"), (2, "3791504be0bd17cc:1")]);
        assert_hashes("\u{feff}{\n}\n", &[(1, "cb0a30a200ca75ae:1"), (2, "32dce9ccfdbc9d3e:1")]);
        assert_hashes("é\"😀\"\nz\n", &[(1, "179f2f464886864b:1"), (2, "95de0951c928fa27:1")]);
        let long = format!("{}\nB\n", "A".repeat(250));
        assert_hashes(&long, &[(1, "82223fc1152cfdfc:1"), (2, "789dab009e6515cf:1")]);
        let many = [(1, "c0fe7b2700d6c254:1"), (31, "c0fe7b2700d6c254:31"), (130, "828973aa50c68d6d:1")];
        assert_hashes(&"x\n".repeat(130), &many);
    }

    #[test]
    fn equals_the_hash_of_the_golden_file() {
        let text = "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    {\n      \"Effect\": \"Allow\",\n      \
                    \"Principal\": { \"AWS\": \"*\" },\n      \"Action\": \"sts:AssumeRole\"\n    }\n  ]\n}\n";
        assert_hashes(text, &[(6, "59760b4f7fe342c3:1")]);
    }
}
