//! Templates that would expand without end: each is read within a limit, and the limit is said.

use super::{shown, trust};
use crate::input::Found;
use crate::input::cloudformation::CloudFormation;
use crate::input::testing::extract;

const TOO_FAR: &str = "this template expands to far more than its own size; what is beyond a limit is not known";

fn problems<'f>(found: &'f Found<'_>) -> Vec<&'f str> {
    found.problems.iter().map(|problem| problem.message.as_str()).collect()
}

/// A loop in a loop in a loop …, with `body` inside the innermost.
fn nest(levels: usize, collection: &str, body: &str) -> String {
    let mut text = body.to_owned();
    for level in 0..levels {
        text = format!(r#""Fn::ForEach::L{level}": ["N{level}", {collection}, {{{text}}}]"#);
    }
    text
}

fn hundred() -> String {
    let items: Vec<_> = (0..100).map(|at| format!(r#""{at}""#)).collect();
    format!("[{}]", items.join(","))
}

#[test]
fn loops_of_resources() {
    let role = r#""R${N0}x${N1}": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {}}}"#;
    let found = extract(&CloudFormation, &format!(r#"{{"Resources": {{{}}}}}"#, nest(12, &hundred(), role)));
    assert_eq!(found.sites.len(), 2000);
    assert_eq!(problems(&found), ["the loops of this template make more than 2000 resources"]);
    // Without a resource inside, only the passes count.
    let found = extract(&CloudFormation, &format!(r#"{{"Resources": {{{}}}}}"#, nest(12, &hundred(), "")));
    assert!(found.sites.is_empty());
    assert!(problems(&found).contains(&TOO_FAR), "{:?}", problems(&found));
}

#[test]
fn loops_in_a_policy() {
    let found = trust("", &format!(r#"{{"Statement": [], "S": {{{}}}}}"#, nest(12, &hundred(), r#""k${N0}": "v""#)));
    assert_eq!(problems(&found), [TOO_FAR]);
    assert_eq!(shown(&found.sites[0].document), "Statement: [], S: ?…", "a member may be missing, so none is shown");
}

#[test]
fn texts_that_grow() {
    let big = "x".repeat(20_000);
    let many = vec!["${N0}"; 5_000].concat();
    let body = format!(r#""k${{N0}}": "{many}""#);
    let found = trust("", &format!(r#"{{"S": {{{}}}}}"#, nest(1, &format!(r#"["{big}"]"#), &body)));
    assert_eq!(problems(&found), [TOO_FAR]);
}

#[test]
fn lookups_with_lookups_as_default() {
    let mut text = r#""x""#.to_owned();
    for _ in 0..25 {
        text = format!(r#"{{"Fn::FindInMap": ["M", {{"Ref": "AWS::Region"}}, "k", {{"DefaultValue": {text}}}]}}"#);
    }
    let maps = r#""Mappings": {"M": {"a": {"k": "v"}}},"#;
    let found = trust(maps, &format!(r#"{{"S": {text}}}"#));
    assert_eq!(found.sites.len(), 1);
    assert!(found.problems.is_empty());
    // A map cannot hold functions, so one that names itself is text.
    let maps = r#""Mappings": {"M": {"a": {"k": {"Fn::FindInMap": ["M", "a", "k"]}}}},"#;
    let found = trust(maps, r#"{"S": {"Fn::FindInMap": ["M", "a", "k"]}}"#);
    assert_eq!(shown(&found.sites[0].document), "S: Fn::FindInMap: [M, a, k]");
}

#[test]
fn templates_in_templates() {
    let mut text = "Resources: {R: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {}}}}".to_owned();
    for _ in 0..40 {
        let inner: String = text.lines().map(|line| format!("        {line}\n")).collect();
        text = format!(
            "Resources:\n  S:\n    Type: AWS::CloudFormation::StackSet\n    Properties:\n      TemplateBody: |\n{inner}"
        );
    }
    let found = extract(&CloudFormation, &text);
    assert!(found.sites.is_empty());
    assert_eq!(found.limits.len(), 1);
    assert!(found.limits[0].message.ends_with("it stands in 3 other templates, and only so many are read"));
}

#[test]
fn globals_in_thousands_of_functions() {
    let statements = vec![r#"{"Effect": "Deny"}"#; 2_000].join(",");
    let function = |at: usize| {
        format!(
            r#""F{at}": {{"Type": "AWS::Serverless::Function", "Properties": {{"AssumeRolePolicyDocument": {{"Statement": []}}}}}}"#
        )
    };
    let functions: Vec<_> = (0..1_000).map(function).collect();
    let found = extract(
        &CloudFormation,
        &format!(
            r#"{{"Globals": {{"Function": {{"AssumeRolePolicyDocument": {{"Statement": [{statements}]}}}}}},
                "Resources": {{{}}}}}"#,
            functions.join(",")
        ),
    );
    assert_eq!(found.sites.len() + found.unresolved.len(), 1_000);
    assert!(found.unresolved[0].1.ends_with("is a section that is merged into too many resources"));
    let [limit] = found.limits.as_slice() else { panic!("{:?}", found.limits) };
    assert!(limit.message.starts_with("`Globals.Function` makes this"), "{}", limit.message);
}

#[test]
fn variables_that_never_end() {
    let open = "${".repeat(100_000);
    let found = trust("", &format!(r#"{{"S": [{{"Fn::Sub": "{open}"}}, {{"Fn::Sub": "{open}}}"}}]}}"#));
    assert_eq!(found.sites.len(), 1);
}
