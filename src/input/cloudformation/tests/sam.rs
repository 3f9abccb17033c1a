//! Tests of what SAM makes of a template.

use super::{branches_of, shown};
use crate::input::Found;
use crate::input::cloudformation::CloudFormation;
use crate::input::testing::extract;

fn sam(globals: &str, resources: &str) -> Found<'static> {
    extract(
        &CloudFormation,
        &format!(
            r#"{{"Transform": "AWS::Serverless-2016-10-31", "Globals": {{{globals}}}, "Resources": {{{resources}}}}}"#
        ),
    )
}

fn function(name: &str, properties: &str) -> String {
    format!(r#""{name}": {{"Type": "AWS::Serverless::Function", "Properties": {{{properties}}}}}"#)
}

fn sites(found: &Found<'_>) -> Vec<(String, String)> {
    found.sites.iter().map(|site| (site.address.clone(), shown(&site.document))).collect()
}

fn expect(found: &Found<'_>, expected: &[(&str, &str)]) {
    let expected: Vec<_> = expected.iter().map(|(address, text)| ((*address).to_owned(), (*text).to_owned())).collect();
    assert_eq!(sites(found), expected);
}

fn said<'f>(found: &'f Found<'_>) -> Vec<&'f str> {
    found.unresolved.iter().map(|(_, why)| why.as_str()).collect()
}

const GLOBAL: &str = r#""Function": {"AssumeRolePolicyDocument": {"Version": "v", "Statement": ["g"], "Id": "g"}}"#;

#[test]
fn globals_are_merged_into_functions() {
    let own = function("Own", r#""AssumeRolePolicyDocument": {"Statement": ["own"], "Id": "own"}"#);
    let plain = function("Plain", r#""Handler": "h""#);
    let merged = ("Resources.Own", "Version: v, Statement: [g, own], Id: own");
    // Whoever has nothing of its own has the one that stands in `Globals`.
    let alone = ("Globals.Function", "Version: v, Statement: [g], Id: g");
    expect(&sam(GLOBAL, &format!("{own}, {plain}")), &[alone, merged]);
    expect(&sam(GLOBAL, &own), &[merged]);
    expect(&sam(GLOBAL, &plain), &[alone]);
    expect(&sam(GLOBAL, ""), &[alone]);
    let looped = format!(r#""Fn::ForEach::F": ["N", ["a"], {{{}}}]"#, own.replace("Own", "${N}"));
    expect(&sam(GLOBAL, &looped), &[("Resources.a", merged.1)]);
}

#[test]
fn functions_that_ignore_globals_and_functions_of_cloudformation() {
    let ignoring = |what: &str| {
        format!(
            r#""F": {{"Type": "AWS::Serverless::Function", "IgnoreGlobals": {what},
                "Properties": {{"AssumeRolePolicyDocument": {{"Statement": ["own"]}}}}}}"#
        )
    };
    let own = [("Resources.F", "Statement: [own]")];
    expect(&sam(GLOBAL, &ignoring(r#""*""#)), &own);
    expect(&sam(GLOBAL, &ignoring(r#"["AssumeRolePolicyDocument"]"#)), &own);
    expect(&sam(GLOBAL, &ignoring(r#"["Tags"]"#)), &[("Resources.F", "Version: v, Statement: [g, own], Id: g")]);
    // A function in the place of an object or a list is not merged.
    let choice = function("F", r#""AssumeRolePolicyDocument": {"Fn::If": ["C", {"S": 1}, {"S": "2"}]}"#);
    let found = sam(GLOBAL, &choice);
    assert_eq!(branches_of(&found), ["C", "!C"]);
    expect(&found, &[("Resources.F", "S: a number"), ("Resources.F", "S: 2")]);
}

#[test]
fn policies_that_stand_elsewhere_are_said() {
    let found = sam(
        "",
        &format!(
            r#"{}, {}, "Managed": {{"Type": "AWS::IAM::ManagedPolicy", "Properties": {{"PolicyDocument": {{"S": 1}}}}}}"#,
            function(
                "F",
                r#""Policies": ["AmazonS3ReadOnlyAccess", {"S3ReadPolicy": {"BucketName": "b"}}, {"Ref": "Managed"},
                    {"Fn::Sub": "arn:${AWS::Partition}:iam::aws:policy/X"}, {"Statement": []}, {"Ref": "AWS::NoValue"}]"#
            ),
            function("G", r#""Policies": "AWSLambdaExecute""#),
        ),
    );
    expect(&found, &[("Resources.F.Policies[4]", "Statement: []"), ("Resources.Managed", "S: a number")]);
    assert_eq!(
        said(&found),
        [
            "Resources.F.Policies[0]: `AmazonS3ReadOnlyAccess` is a managed policy, which stands elsewhere",
            "Resources.F.Policies[1]: `S3ReadPolicy` is a policy template of SAM",
            "Resources.F.Policies[3]: `arn:${AWS::Partition}:iam::aws:policy/X` is a managed policy, which stands elsewhere",
            "Resources.G.Policies[0]: `AWSLambdaExecute` is a managed policy, which stands elsewhere",
        ]
    );
}

#[test]
fn a_named_role_is_used_in_the_place_of_policies() {
    let with = |role: &str| {
        let properties =
            format!(r#""Role": {role}, "Policies": [{{"Statement": []}}], "AssumeRolePolicyDocument": {{"S": 1}}"#);
        sam("", &function("F", &properties))
    };
    let found = with(r#""arn:aws:iam::111122223333:role/x""#);
    assert!(found.sites.is_empty());
    assert_eq!(
        said(&found),
        [
            "Resources.F.AssumeRolePolicyDocument: SAM does not use it, because `Role` names a role",
            "Resources.F.Policies: SAM does not use it, because `Role` names a role"
        ]
    );
    assert_eq!(with(r#"{"Fn::If": ["C", {"Ref": "R"}, {"Ref": "AWS::NoValue"}]}"#).sites.len(), 2);
}

#[test]
fn connectors() {
    let found = sam(
        "",
        r#""C": {"Type": "AWS::Serverless::Connector", "Properties": {"Permissions": ["Read"]}},
           "F": {"Type": "AWS::Serverless::Function", "Connectors": {"X": {}}, "Properties": {}}"#,
    );
    assert_eq!(
        said(&found),
        ["Resources.C: SAM makes the policies of a connector", "Resources.F: SAM makes the policies of a connector"]
    );
}

#[test]
fn statements_of_apis() {
    let api = |policy: &str| {
        format!(r#""A": {{"Type": "AWS::Serverless::Api", "Properties": {{"Auth": {{"ResourcePolicy": {policy}}}}}}}"#)
    };
    let statements = "Version: 2012-10-17, Statement: ";
    let custom = sam("", &api(r#"{"CustomStatements": [{"Effect": "Allow"}]}"#));
    expect(&custom, &[("Resources.A", &format!("{statements}[Effect: Allow]"))]);
    // SAM adds statements of its own, which may deny what the others allow.
    let mixed = sam("", &api(r#"{"CustomStatements": {"Effect": "Allow"}, "IpRangeBlacklist": ["1.2.3.4"]}"#));
    expect(&mixed, &[("Resources.A", &format!("{statements}[Effect: Allow, ?IpRangeBlacklist]"))]);
    let made = sam("", &api(r#"{"AwsAccountWhitelist": ["111122223333"]}"#));
    assert!(made.sites.is_empty());
    assert_eq!(said(&made), ["Resources.A: `AwsAccountWhitelist` is a list that SAM makes statements of"]);
    assert!(sam("", &api(r#""x""#)).sites.is_empty());
    let globals = r#""Api": {"Auth": {"ResourcePolicy": {"CustomStatements": ["g"]}}}"#;
    expect(
        &sam(globals, &api(r#"{"CustomStatements": ["own"]}"#)),
        &[("Resources.A", &format!("{statements}[g, own]"))],
    );
    expect(
        &sam(globals, r#""A": {"Type": "AWS::Serverless::Api", "Properties": {}}"#),
        &[("Globals.Api", &format!("{statements}[g]"))],
    );
    let event = function(
        "F",
        r#""Events": {"Get": {"Type": "Api", "Properties": {"Auth": {"ResourcePolicy": {"CustomStatements": ["e"]}}}}}"#,
    );
    expect(&sam("", &event), &[("Resources.F.Events.Get", &format!("{statements}[e]"))]);
}
