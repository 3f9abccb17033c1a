//! Tests of `Fn::ForEach`.

use super::{branches_of, hole_of, shown, trust, value};
use crate::input::Found;
use crate::input::cloudformation::CloudFormation;
use crate::input::testing::extract;

fn resources(sections: &str, resources: &str) -> Found<'static> {
    extract(
        &CloudFormation,
        &format!(r#"{{{sections} "Transform": "AWS::LanguageExtensions", "Resources": {{{resources}}}}}"#),
    )
}

/// A loop of roles with `value` somewhere in their trust policies.
fn roles(collection: &str, key: &str, value: &str) -> String {
    format!(
        r#""Fn::ForEach::Roles": ["N", {collection}, {{"{key}": {{"Type": "AWS::IAM::Role", "Properties": {{
            "RoleName": {{"Fn::Sub": "role-${{N}}"}}, "AssumeRolePolicyDocument": {{"A": {value}}}}}}}}}]"#
    )
}

fn sites(found: &Found<'_>) -> Vec<(String, String)> {
    found.sites.iter().map(|site| (site.address.clone(), shown(&site.document))).collect()
}

fn expect(found: &Found<'_>, expected: &[(&str, &str)]) {
    let expected: Vec<_> = expected.iter().map(|(address, text)| ((*address).to_owned(), (*text).to_owned())).collect();
    assert_eq!(sites(found), expected);
}

#[test]
fn each_value_makes_a_resource() {
    let value =
        r#"[{"Ref": "N"}, {"Fn::Sub": "x${N}${!N}"}, "plain ${N}", {"Fn::GetAtt": [{"Fn::Sub": "R${N}"}, "Arn"]}]"#;
    let found = resources("", &roles(r#"["a", "b"]"#, "R${N}", value));
    expect(
        &found,
        &[
            ("Resources.Ra", "A: [a, xa${N}, plain a, ${Ra.Arn}]"),
            ("Resources.Rb", "A: [b, xb${N}, plain b, ${Rb.Arn}]"),
        ],
    );
    let list = found.sites[1].document.get("A").expect("there").one_or_many();
    assert_eq!(hole_of(&list[3]).why, "the ARN of a resource of this template");
    assert_eq!(found.sites[1].owner.name.as_ref().and_then(|name| name.known()), Some("role-b"));
    assert!(found.unresolved.is_empty() && found.problems.is_empty());
}

#[test]
fn letters_and_digits_of_a_value() {
    let value = r#"[{"Fn::Sub": "${N}-&{N}"}, "&{N}", "&{Other}"]"#;
    let found = resources("", &roles(r#"["10.0/8", "b_c"]"#, "R&{N}", value));
    expect(
        &found,
        &[("Resources.R1008", "A: [10.0/8-1008, 1008, &{Other}]"), ("Resources.Rbc", "A: [b_c-bc, bc, &{Other}]")],
    );
}

#[test]
fn loops_nest() {
    let inner = r#"{"Fn::ForEach::In": ["M", ["x", "y"], {"${N}${M}": {"Type": "AWS::IAM::Role", "Properties": {
        "AssumeRolePolicyDocument": {"A": {"Fn::Sub": "${N}/${M}"}}}}}]}"#;
    let found = resources("", &format!(r#""Fn::ForEach::Out": ["N", ["a", "b"], {inner}]"#));
    expect(
        &found,
        &[
            ("Resources.ax", "A: a/x"),
            ("Resources.ay", "A: a/y"),
            ("Resources.bx", "A: b/x"),
            ("Resources.by", "A: b/y"),
        ],
    );
}

#[test]
fn collections_of_parameters_and_mappings() {
    let sections = r#""Parameters": {"Names": {"Type": "CommaDelimitedList", "Default": "a, b"}, "Open": {"Type": "CommaDelimitedList"}},
        "Mappings": {"M": {"k": {"l": ["c"]}}},"#;
    let found = resources(sections, &roles(r#"{"Ref": "Names"}"#, "R${N}", r#"{"Ref": "N"}"#));
    expect(&found, &[("Resources.Ra", "A: ${Names[0]}"), ("Resources.Rb", "A: ${Names[1]}")]);
    let value = found.sites[1].document.get("A").expect("there");
    assert_eq!(hole_of(value).default.as_deref(), Some("b"), "another deployment may have other values");
    let found = resources(sections, &roles(r#"{"Fn::FindInMap": ["M", "k", "l"]}"#, "R${N}", r#"{"Ref": "N"}"#));
    expect(&found, &[("Resources.Rc", "A: c")]);
    // What is not known is read once.
    let found = resources(sections, &roles(r#"{"Ref": "Open"}"#, "R${N}", r#"{"Ref": "N"}"#));
    expect(&found, &[("Resources.R${N}", "A: ${N}")]);
    assert!(resources(sections, &roles("[]", "R${N}", "1")).sites.is_empty());
}

#[test]
fn loops_in_policies_and_properties() {
    let keys =
        r#"{"StringEquals": {"a": "1", "Fn::ForEach::K": ["K", ["x", "y"], {"aws:PrincipalTag/${K}": {"Ref": "K"}}]}}"#;
    assert_eq!(shown(&value("", keys)), "StringEquals: a: 1, aws:PrincipalTag/x: x, aws:PrincipalTag/y: y");
    let lone = r#"[{"Fn::ForEach::K": ["K", ["x"], {"${K}": 1}]}]"#;
    assert_eq!(shown(&value("", lone)), "[x: a number]");
    let found = resources(
        "",
        r#""R": {"Type": "AWS::IAM::Role", "Properties": {"Fn::ForEach::P": ["P", ["AssumeRolePolicyDocument", "Tags"],
            {"${P}": {"A": {"Ref": "P"}}}]}}"#,
    );
    expect(&found, &[("Resources.R", "A: AssumeRolePolicyDocument")]);
}

#[test]
fn conditions_in_loops() {
    let value = r#"{"Fn::If": ["C", {"Ref": "N"}, {"Ref": "AWS::NoValue"}]}"#;
    let found = resources("", &roles(r#"["a", "b"]"#, "R${N}", value));
    assert_eq!(branches_of(&found), ["C", "!C", "C", "!C"]);
    assert_eq!(shown(&found.sites[2].document), "A: b");
}

#[test]
fn policies_in_text_in_loops() {
    let found = resources("", &roles(r#"["a"]"#, "R${N}", "1").replace(r#"{"A": 1}"#, r#""{\"A\": \"${N}\"}""#));
    expect(&found, &[("Resources.Ra", "A: a")]);
}

#[test]
fn functions_that_are_written_alike_differ_between_passes() {
    let found = resources("", &roles(r#"["a", "b"]"#, "R${N}", r#"{"Fn::ImportValue": {"Ref": "N"}}"#));
    let names: Vec<_> = found.sites.iter().map(|site| hole_of(site.document.get("A").expect("there")).name).collect();
    assert_ne!(names[0], names[1]);
}

#[test]
fn what_is_no_loop_is_left_alone() {
    for broken in
        [r#""Fn::ForEach::X": "x""#, r#""Fn::ForEach::X": ["N", ["a"]]"#, r#""Fn::ForEach::X": [1, ["a"], {}]"#]
    {
        let found = resources(
            "",
            &format!(
                r#"{broken}, "R": {{"Type": "AWS::IAM::Role", "Properties": {{"AssumeRolePolicyDocument": {{}}}}}}"#
            ),
        );
        assert_eq!(found.sites.len(), 1, "{broken}");
    }
    assert_eq!(trust("", r#"{"Fn::ForEach::X": ["N", ["a"], {"Statement${N}": []}]}"#).sites.len(), 1);
}
