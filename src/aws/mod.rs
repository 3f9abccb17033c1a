//! What AWS knows, as tables: facts without opinions.
//!
//! Every fact lives in a small tab-separated file in `data/`, one row per line, whose first lines say what it holds,
//! from which source and date, and under which licence. A person can hold each row against the page it came from.
//! `build.rs` makes arrays of them, so that a run reads no text and builds nothing at its start: looking something up is
//! a binary search without an allocation, and every field is what the code wants it to be.
//!
//! - [`accounts`]: account ids of vendors, of AWS itself, and stand-ins of documentation.
//! - [`partitions`]: partitions, their host suffixes and Regions.
//! - [`services`]: service principals, near misses, and who can be a confused deputy.
//! - [`issuers`]: OIDC issuers and their claims; SAML audiences.
//! - [`literals`]: values of condition keys in which a star is a star.
//! - [`roles`]: names of roles whose trust policy AWS or the CDK prescribes.
//! - [`sts`]: the actions of STS and the callers for whom a trust policy makes them live.
//! - [`keys`]: condition keys, and which of them a request to assume a role holds.
//! - [`ids`]: prefixes of unique ids.

pub mod accounts;
pub mod ids;
pub mod issuers;
pub mod keys;
pub mod literals;
pub mod partitions;
pub mod roles;
pub mod services;
pub mod sts;

/// Words of a table, such as the claims of an issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct List(&'static [&'static str]);

impl List {
    /// The words, in the order of the table.
    pub fn iter(self) -> impl Iterator<Item = &'static str> {
        self.0.iter().copied()
    }

    /// Whether `word` is among them, in whatever case.
    pub fn contains(self, word: &str) -> bool {
        self.0.iter().any(|known| known.eq_ignore_ascii_case(word))
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.0.is_empty()
    }
}

// The arrays are sorted by the length of names and then by their bytes: most steps of a search compare two numbers.

/// The item with exactly this name, in an array that is sorted by name.
fn find_exact<'t, T>(items: &'t [T], name: &str, of: impl Fn(&T) -> &str) -> Option<&'t T> {
    let order = |known: &str| known.len().cmp(&name.len()).then_with(|| known.cmp(name));
    items.binary_search_by(|item| order(of(item))).ok().and_then(|at| items.get(at))
}

/// The item with this name in whatever case, in an array that is sorted by name and has few of each length.
fn find<'t, T>(items: &'t [T], name: &str, of: impl Fn(&T) -> &str) -> Option<&'t T> {
    let first = items.partition_point(|item| of(item).len() < name.len());
    let mut same = items.get(first..)?.iter().take_while(|item| of(item).len() == name.len());
    same.find(|item| of(item).eq_ignore_ascii_case(name))
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

    /// The fields of a data file's rows, read again without `build.rs`.
    pub(super) fn rows(text: &str) -> Vec<Vec<&str>> {
        let rows: Vec<Vec<_>> =
            text.lines().filter(|line| !line.starts_with('#')).map(|line| line.split('\t').collect()).collect();
        assert!(!rows.is_empty(), "no rows");
        rows
    }

    /// What a field says, where `-` says nothing.
    pub(super) fn optional(field: &str) -> Option<&str> {
        (field != "-").then_some(field)
    }

    /// The words that a field says.
    pub(super) fn words(list: List) -> String {
        if list.is_empty() { "-".to_owned() } else { list.iter().collect::<Vec<_>>().join(" ") }
    }

    /// Fails unless an array is sorted by name as searches need it and finds each of its items, in capitals too.
    pub(super) fn searchable<T: std::fmt::Debug>(items: &[T], of: impl Fn(&T) -> &str) {
        for pair in items.windows(2) {
            let [before, after] = [of(&pair[0]), of(&pair[1])].map(|name| (name.len(), name));
            assert!(before < after, "{before:?} does not stand before {after:?}");
        }
        for item in items {
            let exact = find_exact(items, of(item), &of);
            let found = find(items, &of(item).to_ascii_uppercase(), &of);
            assert!(
                [exact, found].into_iter().all(|found| found.is_some_and(|found| std::ptr::eq(found, item))),
                "{item:?}"
            );
        }
    }

    #[test]
    fn search_finds_first_and_last_and_nothing_else() {
        let items = ["D", "a", "aB", "bé", "ccc"];
        for (name, found) in
            [("a", "a"), ("A", "a"), ("d", "D"), ("D", "D"), ("AB", "aB"), ("bé", "bé"), ("CCC", "ccc")]
        {
            assert_eq!(find(&items, name, |item| item), Some(&found), "{name:?}");
            assert_eq!(find_exact(&items, name, |item| item).is_some(), name == found, "{name:?}");
        }
        for absent in ["", "0", "aa", "c", "e", "bÉ", "cccc"] {
            assert_eq!(find(&items, absent, |item| item), None, "{absent:?}");
            assert_eq!(find_exact(&items, absent, |item| item), None, "{absent:?}");
        }
        assert_eq!(find(&[], "a", |item: &&str| item), None);
    }

    #[test]
    fn lists_compare_without_case() {
        let list = List(&["aud", "sub"]);
        assert!(list.contains("SUB") && !list.contains("su") && !list.is_empty());
        assert_eq!(list.iter().collect::<Vec<_>>(), ["aud", "sub"]);
        assert!(List(&[]).is_empty() && !List(&[]).contains(""));
    }

    #[test]
    fn nearest_does_not_choose_between_equals() {
        assert_eq!(nearest("lamda", 1, ["lambda", "sns"].into_iter()), Some("lambda"));
        assert_eq!(nearest("ecs2", 1, ["ec2", "ecs"].into_iter()), None);
        assert_eq!(nearest("glue", 1, ["lambda"].into_iter()), None);
    }
}
