//! Single policies that let a stranger in and are easily passed over: patterns that no literal suggests, and policies so
//! full that a search may give up. Each is reported at the default profile.

use super::conformance::PROFILES;
use iamlint::diagnostic::{Audience, Confidence};
use rayon::prelude::*;
use std::fmt::Write as _;

const OPEN: &str = r#"{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}"#;

fn document(statements: &[String]) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","))
}

/// A statement for everybody under a condition.
fn statement(effect: &str, condition: &str) -> String {
    format!(
        r#"{{"Effect":"{effect}","Principal":{{"AWS":"*"}},"Action":"sts:AssumeRole","Condition":{{{condition}}}}}"#
    )
}

/// `count` values of a list.
fn list(count: usize, value: impl Fn(usize) -> String) -> String {
    let mut list = String::new();
    for at in 0..count {
        let _ = write!(list, "{}\"{}\"", if at == 0 { "" } else { "," }, value(at));
    }
    format!("[{list}]")
}

/// The rules that report at the default profile that a stranger gets in, or that it is undecided.
fn told(text: &str) -> Vec<(&'static str, Confidence)> {
    let rules = ["wildcard-principal", "public-through-conditions", "undecided-access"];
    let findings = PROFILES.findings("policy.json", text, Audience::Default);
    let told = findings.into_iter().filter(|finding| rules.contains(&finding.rule));
    told.map(|finding| (finding.rule, finding.confidence)).collect()
}

/// Conditions on a star that a stranger meets.
const MET: &[&str] = &[
    r#""StringLike":{"aws:PrincipalArn":"*partner*"}"#,
    r#""StringLike":{"aws:PrincipalArn":"*a0b*"}"#,
    r#""StringLike":{"aws:PrincipalArn":"*admin"}"#,
    r#""StringLike":{"aws:PrincipalArn":"arn:*partner*"}"#,
    r#""StringLike":{"aws:PrincipalArn":"a*a*a*a*a*"}"#,
    r#""StringLike":{"aws:PrincipalArn":"*294750163881*"}"#,
    r#""StringLike":{"aws:PrincipalArn":["arn:aws:iam::294750163881:role/*","*x*"]}"#,
    r#""StringLike":{"aws:userid":"*:admin"}"#,
    r#""ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/x*"}"#,
    r#""StringLike":{"aws:PrincipalArn":"*:role/x"}"#,
    r#""StringLike":{"aws:PrincipalArn":"*/x"}"#,
    r#""StringLike":{"aws:PrincipalArn":"*role/x*"}"#,
];

#[test]
fn conditions_that_a_stranger_meets_are_reported() {
    let silent: Vec<&&str> = MET.iter().filter(|met| told(&document(&[statement("Allow", met)])).is_empty()).collect();
    assert!(silent.is_empty(), "{} of {} are not reported:\n{silent:#?}", silent.len(), MET.len());
}

#[test]
fn a_pattern_of_organizations_without_a_set_operator_is_reported() {
    // What a plain operator makes of a key with several values is not documented, so that it is for the strict.
    let text = document(&[statement("Allow", r#""StringLike":{"aws:PrincipalOrgPaths":"o-*/*"}"#)]);
    let findings = PROFILES.findings("policy.json", &text, Audience::Strict);
    assert!(findings.iter().any(|finding| finding.rule == "public-through-conditions"), "{findings:?}");
}

/// A policy that is open beside so many parts.
type Padded = fn(usize) -> String;

/// What an open role is padded with, and sizes at which a search may give up. In some the star is bare and no Deny
/// speaks of it: that needs no search.
const PADDED: &[(&str, &[usize], Padded)] = &[
    ("Deny statements with infixes of one key", &[12, 24], |count| {
        let deny = |at| statement("Deny", &format!(r#""StringNotLike":{{"aws:UserAgent":"*z{at}z*"}}"#));
        document(&[OPEN.to_owned()].into_iter().chain((0..count).map(deny)).collect::<Vec<_>>())
    }),
    ("a list of role patterns, itself open", &[1_000], |count| {
        let list = list(count, |at| format!("arn:aws:iam::*:role/p{at}*"));
        document(&[statement("Allow", &format!(r#""ArnLike":{{"aws:PrincipalArn":{list}}}"#))])
    }),
    ("Deny statements with an account each", &[480], |count| {
        let deny = |at| {
            statement("Deny", &format!(r#""StringEquals":{{"aws:PrincipalAccount":"{:012}"}}"#, 200_000_000_000 + at))
        };
        document(&[OPEN.to_owned()].into_iter().chain((0..count).map(deny)).collect::<Vec<_>>())
    }),
    ("Deny statements with a tag each", &[700], |count| {
        let deny = |at| statement("Deny", &format!(r#""StringEquals":{{"aws:PrincipalTag/t{at}":"x"}}"#));
        document(&[OPEN.to_owned()].into_iter().chain((0..count).map(deny)).collect::<Vec<_>>())
    }),
    ("a Deny with a list of patterns", &[4_000], |count| {
        let list = list(count, |at| format!("*u{at}*"));
        document(&[OPEN.to_owned(), statement("Deny", &format!(r#""StringLike":{{"aws:UserAgent":{list}}}"#))])
    }),
    ("a list of callers that are left out, itself open", &[2_048], |count| {
        let list = list(count, |at| format!("*x{at}"));
        document(&[statement("Allow", &format!(r#""StringNotLike":{{"aws:PrincipalArn":{list}}}"#))])
    }),
    ("one long pattern", &[13_000], |count| {
        let pattern = format!("*{}*", "?".repeat(count));
        document(&[OPEN.to_owned(), statement("Deny", &format!(r#""StringLike":{{"aws:UserAgent":"{pattern}"}}"#))])
    }),
    ("other statements that allow an account each", &[1_000], |count| {
        let allow = |at| {
            format!(
                r#"{{"Effect":"Allow","Principal":{{"AWS":"{:012}"}},"Action":"sts:AssumeRole"}}"#,
                200_000_000_000usize + at
            )
        };
        document(&[OPEN.to_owned()].into_iter().chain((0..count).map(allow)).collect::<Vec<_>>())
    }),
];

#[test]
fn an_open_role_is_reported_however_much_stands_beside_it() {
    let rows: Vec<(&str, usize, Padded)> =
        PADDED.iter().flat_map(|(what, sizes, make)| sizes.iter().map(move |size| (*what, *size, *make))).collect();
    let silent: Vec<String> = rows
        .par_iter()
        .filter(|(_, size, make)| told(&make(*size)).is_empty())
        .map(|(what, size, _)| format!("{what}: {size}"))
        .collect();
    assert!(silent.is_empty(), "{} of {} are not reported:\n{silent:#?}", silent.len(), rows.len());
}

#[test]
fn a_bare_star_that_no_deny_speaks_of_is_proved_whatever_the_size() {
    for (what, sizes, make) in PADDED.iter().filter(|(what, ..)| what.starts_with("other statements")) {
        for size in *sizes {
            let told = told(&make(*size));
            assert!(told.contains(&("wildcard-principal", Confidence::Proved)), "{what}: {size}: {told:?}");
        }
    }
}
