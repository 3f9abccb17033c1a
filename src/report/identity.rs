//! What tells each finding of a report from every other, for the formats that ask for a key.

use super::uri;
use crate::diagnostic::Fingerprint;
use crate::lint::Report;
use std::collections::HashMap;

/// A key for each finding, by file and place in its list: no two are equal, and none depends on a line.
///
/// The fingerprint alone does not do: it leaves out the path, so that a finding keeps it when its file moves, and a
/// policy may hold the same mistake twice.
pub(super) fn keys(report: &Report) -> Vec<Vec<Fingerprint>> {
    let mut seen: HashMap<Fingerprint, usize> = HashMap::new();
    let files = report.files.iter().map(|file| {
        let path = uri::path(&file.source.path);
        let findings = file.findings.iter().map(|finding| {
            let own = finding.fingerprint.to_string();
            let count = seen.entry(Fingerprint::of(&[&path, &own])).or_default();
            *count += 1;
            Fingerprint::of(&[&path, &own, &count.to_string()])
        });
        findings.collect()
    });
    files.collect()
}

/// A fingerprint in the shape of a UUID.
///
/// Schemas take versions 1 to 5 only, so it is marked as 5 (from a name), though the digest is not SHA-1.
pub(super) fn uuid(fingerprint: Fingerprint) -> String {
    let mut hex = fingerprint.to_string();
    hex.replace_range(12..13, "5");
    hex.replace_range(16..17, "8");
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

#[cfg(test)]
mod tests {
    use super::super::tests::{finding, report};
    use super::*;
    use crate::diagnostic::Label;
    use crate::span::Span;

    #[test]
    fn keys_differ_between_files_and_between_equal_findings() {
        let one = |line: usize| finding(Label::new(Span::at(line), ""));
        let mut run = report("a.json", "{}\n{}", vec![one(0), one(3)]);
        run.files.extend(report("b.json", "{}", vec![one(0)]).files);
        let keys = keys(&run);
        let all: std::collections::HashSet<_> = keys.iter().flatten().collect();
        assert_eq!(all.len(), 3);
        let moved = report("a.json", "\n\n\n{}\n{}", vec![one(3), one(6)]);
        assert_eq!(super::keys(&moved)[0], keys[0], "lines do not matter");
    }

    #[test]
    fn a_uuid_has_its_marks() {
        assert_eq!(uuid(Fingerprint::of(&[])), "6c62272e-07bb-5142-82b8-21756295c58d");
    }
}
