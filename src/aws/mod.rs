//! What AWS knows, as tables: facts without opinions.
//!
//! Every fact lives in a small tab-separated file in `data/`, one row per line, whose first lines say what it holds,
//! from which source and date, and under which licence. A person can hold each row against the page it came from. The
//! files are read in place, by binary search on lines or a scan of a short table; nothing is built at the start of a run.
//!
//! - [`accounts`]: account ids of vendors, of AWS itself, and stand-ins of documentation.
//! - [`partitions`]: partitions, their host suffixes and Regions.
//! - [`services`]: service principals, near misses, and who can be a confused deputy.
//! - [`issuers`]: OIDC issuers and their claims; SAML audiences.
//! - [`sts`]: the actions of STS and the callers for whom a trust policy makes them live.
//! - [`keys`]: condition keys, and which of them a request to assume a role holds.
//! - [`ids`]: prefixes of unique ids.

pub mod accounts;
pub mod ids;
pub mod issuers;
pub mod keys;
pub mod partitions;
pub mod services;
pub mod sts;

use std::cmp::Ordering;

/// A data file: `#` lines, then rows sorted by their first field.
#[derive(Clone, Copy)]
struct Table(&'static str);

impl Table {
    /// All rows, in the order of the file.
    fn rows(self) -> impl Iterator<Item = Row> {
        self.0.lines().filter(|line| !line.starts_with('#')).map(Row)
    }

    /// The row whose first field is `key`.
    fn find(self, key: &str) -> Option<Row> {
        self.find_by(|first| first.cmp(key))
    }

    /// The row whose first field is `key` in whatever case; for files sorted without regard to case.
    fn find_ignoring_case(self, key: &str) -> Option<Row> {
        self.find_by(|first| folded(first).cmp(folded(key)))
    }

    /// Binary search: `order` says how a first field stands to the one that is wanted.
    fn find_by(self, order: impl Fn(&str) -> Ordering) -> Option<Row> {
        let bytes = self.0.as_bytes();
        // Both ends always stand at the start of a line, so slices of the text never cut a character.
        let (mut low, mut high) = (0, bytes.len());
        while low < high {
            let middle = low + (high - low) / 2;
            let newline = |byte: &u8| *byte == b'\n';
            let start = bytes[low..middle].iter().rposition(newline).map_or(low, |at| low + at + 1);
            let end = bytes[middle..high].iter().position(newline).map_or(high, |at| middle + at + 1);
            let row = Row(self.0.get(start..end)?.trim_end_matches(['\r', '\n']));
            // The leading comments stand before every row.
            let side = if row.0.starts_with('#') { Ordering::Less } else { order(row.field(0)) };
            match side {
                Ordering::Equal => return Some(row),
                Ordering::Less => low = end,
                Ordering::Greater => high = start,
            }
        }
        None
    }
}

/// One line of a [`Table`].
#[derive(Clone, Copy)]
struct Row(&'static str);

impl Row {
    /// The field in this column, from 0; empty if the row is shorter.
    fn field(self, column: usize) -> &'static str {
        self.0.split('\t').nth(column).unwrap_or("")
    }

    /// The field in this column unless it is `-`.
    fn optional(self, column: usize) -> Option<&'static str> {
        Some(self.field(column)).filter(|field| *field != "-")
    }

    /// The words of the field in this column; none if it is `-`.
    fn list(self, column: usize) -> List {
        List(self.optional(column).unwrap_or(""))
    }
}

/// Words of a table, such as the claims of an issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct List(&'static str);

impl List {
    /// The words, in the order of the table.
    pub fn iter(self) -> impl Iterator<Item = &'static str> {
        self.0.split(' ').filter(|word| !word.is_empty())
    }

    /// Whether `word` is among them, in whatever case.
    pub fn contains(self, word: &str) -> bool {
        self.iter().any(|known| known.eq_ignore_ascii_case(word))
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.0.is_empty()
    }
}

/// The bytes of a name, for comparison without regard to case.
fn folded(name: &str) -> impl Iterator<Item = u8> {
    name.bytes().map(|byte| byte.to_ascii_lowercase())
}

/// The one candidate that is nearest to a misspelt name, at most `limit` edits away, case apart. Between two that
/// are equally near it does not choose: a wrong "did you mean" is worse than none.
fn nearest(name: &str, limit: usize, candidates: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    let name = name.to_ascii_lowercase();
    let mut best = None;
    let mut best_distance = limit + 1;
    for candidate in candidates {
        if candidate.len().abs_diff(name.len()) > limit {
            continue;
        }
        let distance = strsim::osa_distance(&name, &candidate.to_ascii_lowercase());
        if distance < best_distance {
            (best, best_distance) = (Some(candidate), distance);
        } else if distance == best_distance {
            best = None;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fails unless the table is well formed: comments first, `columns` filled fields in each row, sorted, no key
    /// twice, and each row found by its key.
    pub(super) fn well_formed(table: Table, columns: usize, ignoring_case: bool) {
        let head: Vec<_> = table.0.lines().take_while(|line| line.starts_with('#')).collect();
        assert!(head.iter().any(|line| line.contains("Source:")), "no source: {:?}", head.first());
        assert!(head.iter().any(|line| line.contains("Columns:")), "no columns: {:?}", head.first());
        assert_eq!(head.len(), table.0.lines().filter(|line| line.starts_with('#')).count());
        let mut before: Option<&str> = None;
        for row in table.rows() {
            let fields: Vec<_> = row.0.split('\t').collect();
            assert_eq!(fields.len(), columns, "{:?}", row.0);
            assert!(fields.iter().all(|field| !field.is_empty() && field.trim() == *field), "{:?}", row.0);
            let key = fields[0];
            if let Some(before) = before {
                let order = if ignoring_case { folded(before).cmp(folded(key)) } else { before.cmp(key) };
                assert_eq!(order, Ordering::Less, "{before:?} does not stand before {key:?}");
            }
            let found = if ignoring_case { table.find_ignoring_case(key) } else { table.find(key) };
            assert_eq!(found.map(|found| found.0), Some(row.0));
            before = Some(key);
        }
        assert!(before.is_some(), "no rows");
    }

    #[test]
    fn search_finds_first_and_last_and_nothing_else() {
        let table = Table("# comment\n# b\tnot a row\na\t1\nb\t2\nbé\t3\nd\t-\n");
        assert_eq!(table.find("a").map(|row| row.field(1)), Some("1"));
        assert_eq!(table.find("bé").map(|row| row.field(1)), Some("3"));
        assert_eq!(table.find("d").and_then(|row| row.optional(1)), None);
        for absent in ["", "# comment", "0", "aa", "c", "e", "B"] {
            assert!(table.find(absent).is_none(), "{absent:?}");
        }
        assert!(table.find_ignoring_case("B").is_some());
        assert!(Table("").find("a").is_none());
        assert_eq!(Table("a\t1\r\n").find("a").map(|row| row.field(1)), Some("1"));
    }

    #[test]
    fn nearest_does_not_choose_between_equals() {
        assert_eq!(nearest("lamda", 1, ["lambda", "sns"].into_iter()), Some("lambda"));
        assert_eq!(nearest("ecs2", 1, ["ec2", "ecs"].into_iter()), None);
        assert_eq!(nearest("glue", 1, ["lambda"].into_iter()), None);
    }
}
