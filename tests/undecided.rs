//! A policy that could not be decided is counted wherever a run is told.

mod common;

use common::fences::examples;
use common::{run, tree};
use iamlint::report;
use iamlint::rules::RULES;

/// What the formats say that tell of the run; the others tell findings alone, of which the rule's is one.
const SAID: [(&str, &str); 7] = [
    ("json", "\"undecided\":1"),
    ("ndjson", "\"undecided\":1"),
    ("sarif", "a question about this policy needs more work than one policy gets."),
    ("markdown", "1 policy, 9 statements, 1 undecided policy"),
    ("junit", "<skipped message=\"not judged: 1 policy\"/>"),
    ("github", "::notice title=iamlint::not judged: 1 policy"),
    ("azure", "##vso[task.logissue type=warning;]iamlint: not judged: 1 policy"),
];

#[test]
fn every_format_counts_what_is_undecided() {
    let rule = RULES.iter().find(|rule| rule.id == "undecided-access").expect("there is such a rule");
    let bad = examples(rule.page).into_iter().find(|one| one.attribute("with").is_some()).expect("it has an example");
    let folder = tree(&[("trust.json", &bad.text)]);
    for format in report::ALL.iter().map(|format| format.name) {
        let said = SAID.iter().find(|(name, _)| *name == format).map_or("undecided-access", |(_, said)| said);
        let run = run(folder.path(), &["check", "--isolated", "--format", format, "."]);
        assert!(run.code == 1 && run.stdout.contains(said), "{format}: {}", run.shown());
        assert!(run.stderr.contains("1 undecided policy"), "{format}: {}", run.shown());
    }
}
