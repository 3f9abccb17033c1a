//! Tests of templates in templates.

use super::shown;
use crate::input::Found;
use crate::input::cloudformation::CloudFormation;
use crate::input::testing::extract;
use crate::value::{Domain, Value};

fn sites(found: &Found<'_>) -> Vec<(String, String)> {
    found.sites.iter().map(|site| (site.address.clone(), shown(&site.document))).collect()
}

#[test]
fn a_stack_set_in_a_block_scalar() {
    let text = "\
Parameters: {P: {Type: String}}
Resources:
  Set:
    Type: AWS::CloudFormation::StackSet
    Properties:
      TemplateBody: |
        Parameters: {Q: {Type: String, Default: d}}
        Resources:
          Role:
            Type: AWS::IAM::Role
            Properties:
              AssumeRolePolicyDocument:
                A: !Sub '${Q}-${P}'
                B: here
";
    let found = extract(&CloudFormation, text);
    let [site] = found.sites.as_slice() else { panic!("{found:?}") };
    assert_eq!(site.address, "Resources.Set.TemplateBody.Resources.Role");
    assert_eq!(shown(&site.document), "A: ${Q}-${P}, B: here");
    assert_eq!(&text[site.anchor.range()], "Role");
    let place = |key: &str| &text[site.document.get(key).expect("there").span.range()];
    assert_eq!(place("B"), "here");
    assert_eq!(place("A"), "'${Q}-${P}'");
    // The inner template has parameters of its own.
    let whys: Vec<_> = site.document.get("A").and_then(Value::as_text).expect("text").holes().map(|h| h.why).collect();
    assert_eq!(whys, ["a parameter", "a name that this template does not declare"]);
}

#[test]
fn a_stack_set_in_a_json_string() {
    let text = r#"{"Resources": {"Set": {"Type": "AWS::CloudFormation::StackSet", "Properties": {
        "TemplateBody": "{\"Resources\": {\"R\": {\"Type\": \"AWS::IAM::Role\", \"Properties\": {\"AssumeRolePolicyDocument\": {\"A\": \"b\"}}}}}"}}}}"#;
    let found = extract(&CloudFormation, text);
    assert_eq!(sites(&found), [("Resources.Set.TemplateBody.Resources.R".to_owned(), "A: b".to_owned())]);
    let span = found.sites[0].document.get("A").expect("there").span;
    assert_eq!(&text[span.range()], r#"\"b\""#);
    let yaml = r#"{"Resources": {"Set": {"Type": "AWS::CloudFormation::StackSet", "Properties": {
        "TemplateBody": "Resources:\n  R:\n    Type: AWS::IAM::Role\n    Properties:\n      AssumeRolePolicyDocument: {A: b}\n"}}}}"#;
    let found = extract(&CloudFormation, yaml);
    let span = found.sites[0].document.get("A").expect("there").span;
    assert_eq!(&yaml[span.range()], "b");
}

#[test]
fn a_stack_set_under_functions() {
    let text = "\
Resources:
  Set:
    Type: AWS::CloudFormation::StackSet
    Properties:
      TemplateBody: !Sub |
        Resources:
          R:
            Type: AWS::IAM::Role
            Properties:
              AssumeRolePolicyDocument:
                A: 'arn:aws:iam::${AWS::AccountId}:role/${!AWS::Region}'
                B: !Sub 'x-${!AWS::Region}-${Outer}'
                C: last
  Unknown: {Type: AWS::CloudFormation::StackSet, Properties: {TemplateBody: !ImportValue x}}
  Branch: {Type: AWS::CloudFormation::StackSet, Properties: {TemplateBody: !If [C, '{\"Resources\": {}}', !Ref AWS::NoValue]}}
  Elsewhere: {Type: AWS::CloudFormation::StackSet, Properties: {TemplateURL: 'https://x'}}
";
    let found = extract(&CloudFormation, text);
    let [site] = found.sites.as_slice() else { panic!("{found:?}") };
    // The outer function fills in what is its own, and the inner one the rest.
    assert_eq!(
        shown(&site.document),
        "A: arn:aws:iam::${AWS::AccountId of the outer template}:role/${AWS::Region}, \
         B: x-${AWS::Region}-${Outer of the outer template}, C: last"
    );
    let account = site.document.get("A").and_then(Value::as_text).and_then(|text| text.holes().next().cloned());
    assert_eq!(account.map(|hole| hole.domain), Some(Domain::AccountId), "it is deployed to other accounts");
    assert_eq!(&text[site.document.get("C").expect("there").span.range()], "last");
    assert_eq!(found.unresolved.len(), 1);
    assert!(found.unresolved[0].1.starts_with("Resources.Unknown.TemplateBody: "), "{:?}", found.unresolved);
    assert!(found.problems.is_empty());
}

#[test]
fn a_stack_set_that_cannot_be_read_has_a_place() {
    let text = "Resources:\n  Set:\n    Type: AWS::CloudFormation::StackSet\n    Properties:\n      TemplateBody: |\n        Resources: [\n";
    let found = extract(&CloudFormation, text);
    assert!(found.sites.is_empty());
    assert_eq!(found.problems.len(), 1);
    assert!(found.problems[0].span.start as usize > text.find("TemplateBody").expect("there"));
}

#[test]
fn an_object_in_the_place_of_the_text() {
    let text = "Resources: {Set: {Type: AWS::CloudFormation::StackSet, Properties: {TemplateBody: {Resources: {R: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {A: b}}}}}}}}";
    assert_eq!(sites(&extract(&CloudFormation, text)).len(), 1);
}
