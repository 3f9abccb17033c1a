//! Tests of reading templates.

use super::*;
use crate::input::testing::{document, extract};
use crate::value::{Domain, Kind, Text};

/// The sites of a template whose role `R` has this trust policy, beside these sections.
fn trust(sections: &str, policy: &str) -> Found<'static> {
    let role = format!(r#""R": {{"Type": "AWS::IAM::Role", "Properties": {{"AssumeRolePolicyDocument": {policy}}}}}"#);
    let other =
        r#""Topic": {"Type": "AWS::SNS::Topic"}, "Other": {"Type": "AWS::IAM::Role"}, "C": {"Type": "Custom::X"}"#;
    extract(&CloudFormation, &format!(r#"{{{sections} "Resources": {{{role}, {other}}}}}"#))
}

/// What a value in a policy becomes, shown, with its holes.
fn value(sections: &str, value: &str) -> Value<'static> {
    let found = trust(sections, &format!(r#"{{"Statement": {{"Action": {value}}}}}"#));
    assert_eq!(found.sites.len(), 1, "{found:?}");
    found.sites[0].document.at(&["Statement", "Action"]).expect("the value is there").clone()
}

fn shown(of: &Value<'_>) -> String {
    match &of.kind {
        Kind::List(items) => format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(", ")),
        Kind::Unknown(hole) => format!("?{}", hole.name),
        Kind::Map(members) => {
            members.iter().map(|m| format!("{}: {}", m.key, shown(&m.value))).collect::<Vec<_>>().join(", ")
        }
        Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Tagged(_) => of.sort().to_owned(),
        Kind::String(_) | Kind::Template(_) => of.as_text().expect("a string").display().into_owned(),
    }
}

fn hole_of(of: &Value<'_>) -> crate::value::Hole {
    of.as_text().and_then(|text| text.holes().next().cloned()).expect("a hole")
}

fn branches_of(found: &Found<'_>) -> Vec<String> {
    let show = |(name, holds): &(String, bool)| format!("{}{name}", if *holds { "" } else { "!" });
    found.sites.iter().map(|site| site.branch.iter().map(show).collect::<Vec<_>>().join(" ")).collect()
}

const PARAMETERS: &str = r#""Parameters": {
    "Plain": {"Type": "String"}, "Empty": {"Type": "String", "Default": ""},
    "Default": {"Type": "String", "Default": "d"}, "Number": {"Type": "Number", "Default": 7},
    "Env": {"Type": "String", "AllowedValues": ["dev", "prod"], "Default": "dev"},
    "Account": {"Type": "String", "AllowedPattern": "^\\d{12}$"},
    "List": {"Type": "CommaDelimitedList", "Default": "a, b"}, "Open": {"Type": "List<String>"},
    "Stored": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/path"}},
    "Mappings": {"M": {"one": {"k": "v1", "l": ["x"]}, "two": {"k": "v2"}, "dev": {"k": "v1"}}},"#;

#[test]
fn detects_templates() {
    for text in [
        r#"{"AWSTemplateFormatVersion": "2010-09-09", "Resources": {}}"#,
        r#"{"Transform": "AWS::Serverless-2016-10-31", "Resources": {}}"#,
        r#"{"Resources": {"A": {"Type": "AWS::IAM::Role"}}}"#,
    ] {
        assert!(CloudFormation.detect(document(text)).is_some(), "{text}");
    }
    for text in [r#"{"Resources": {"A": {"Type": "x"}}}"#, r#"{"Statement": []}"#, "[]"] {
        assert!(CloudFormation.detect(document(text)).is_none(), "{text}");
    }
}

#[test]
fn addresses_and_kinds() {
    let found = extract(
        &CloudFormation,
        r#"{"Resources": {
            "Role": {"Type": "AWS::IAM::Role", "Properties": {
                "RoleName": "ci", "MaxSessionDuration": 7200,
                "Policies": [{"PolicyName": "p", "PolicyDocument": {}}, {"PolicyDocument": {}}],
                "AssumeRolePolicyDocument": {"Statement": []}}},
            "Table": {"Type": "AWS::DynamoDB::Table", "Properties": {
                "ResourcePolicy": {"PolicyDocument": {}},
                "StreamSpecification": {"ResourcePolicy": {"PolicyDocument": {}}}}},
            "Scp": {"Type": "AWS::Organizations::Policy", "Properties": {"Type": "SERVICE_CONTROL_POLICY", "Content": {}}},
            "Tag": {"Type": "AWS::Organizations::Policy", "Properties": {"Type": "TAG_POLICY", "Content": {}}},
            "Thing": {"Type": "AWS::IoT::Policy", "Properties": {"PolicyDocument": {}}},
            "Fn": {"Type": "AWS::Serverless::Function", "Properties": {"Policies": [
                "AWSLambdaExecute", {"S3ReadPolicy": {"BucketName": "b"}}, {"Statement": []}]}}
        }}"#,
    );
    let sites: Vec<_> = found.sites.iter().map(|site| (site.address.as_str(), site.kind.name())).collect();
    assert_eq!(
        sites,
        [
            ("Resources.Role", "trust"),
            ("Resources.Role.Policies[p]", "identity"),
            ("Resources.Role.Policies[1]", "identity"),
            ("Resources.Table", "resource"),
            ("Resources.Table.StreamSpecification.ResourcePolicy.PolicyDocument", "resource"),
            ("Resources.Scp", "scp"),
            ("Resources.Fn.Policies[2]", "identity"),
        ]
    );
    let owner = &found.sites[0].owner;
    assert_eq!(owner.name.as_ref().and_then(Text::known), Some("ci"));
    assert_eq!(owner.max_session_duration.as_ref().and_then(|text| text.value.known()), Some("7200"));
    assert!(matches!(found.sites[0].document, crate::site::Tree::Borrowed(_)));
    assert!(found.unresolved.is_empty() && found.problems.is_empty());
}

#[test]
fn statements_get_a_document() {
    let found = extract(
        &CloudFormation,
        r#"{"Resources": {"B": {"Type": "AWS::Events::EventBusPolicy", "Properties": {"Statement": {"Effect": "Allow"}}}}}"#,
    );
    assert_eq!(shown(&found.sites[0].document), "Version: 2012-10-17, Statement: Effect: Allow");
}

#[test]
fn parameters() {
    assert_eq!(hole_of(&value(PARAMETERS, r#"{"Ref": "Plain"}"#)).default, None);
    assert_eq!(hole_of(&value(PARAMETERS, r#"{"Ref": "Empty"}"#)).default, None);
    assert_eq!(hole_of(&value(PARAMETERS, r#"{"Ref": "Default"}"#)).default.as_deref(), Some("d"));
    assert_eq!(hole_of(&value(PARAMETERS, r#"{"Ref": "Number"}"#)).default.as_deref(), Some("7"));
    assert_eq!(hole_of(&value(PARAMETERS, r#"{"Ref": "Stored"}"#)).default, None);
    assert_eq!(hole_of(&value(PARAMETERS, r#"{"Ref": "Account"}"#)).domain, Domain::AccountId);
    let env = hole_of(&value(PARAMETERS, r#"{"Ref": "Env"}"#));
    assert_eq!(env.domain, Domain::OneOf(vec!["dev".into(), "prod".into()]));
    let list = value(PARAMETERS, r#"{"Ref": "List"}"#);
    assert_eq!(shown(&list), "[${List[0]}, ${List[1]}]");
    assert_eq!(list.as_list().map(|items| hole_of(&items[1]).default), Some(Some("b".to_owned())));
    assert_eq!(shown(&value(PARAMETERS, r#"{"Ref": "Open"}"#)), "?Open");
    assert_eq!(shown(&value(PARAMETERS, r#"{"Ref": "Nobody"}"#)), "?Nobody");
}

#[test]
fn pseudo_parameters_and_resources() {
    let domain = |text: &str| hole_of(&value(PARAMETERS, text)).domain;
    assert_eq!(domain(r#"{"Ref": "AWS::AccountId"}"#), Domain::OwnAccount);
    assert_eq!(domain(r#"{"Ref": "Topic"}"#), Domain::OwnArn("AWS::SNS::Topic".into()));
    assert_eq!(domain(r#"{"Ref": "Other"}"#), Domain::Text);
    assert_eq!(domain(r#"{"Fn::GetAtt": ["Other", "Arn"]}"#), Domain::OwnArn("AWS::IAM::Role".into()));
    assert_eq!(domain(r#"{"Fn::GetAtt": "Other.RoleId"}"#), Domain::Text);
    assert_eq!(domain(r#"{"Fn::GetAtt": ["C", "Arn"]}"#), Domain::Text);
    let partition = hole_of(&value(PARAMETERS, r#"{"Ref": "AWS::Partition"}"#));
    assert_eq!((partition.domain, partition.default.as_deref()), (Domain::Partition, Some("aws")));
    assert_eq!(shown(&value("", r#"["a", {"Ref": "AWS::NoValue"}]"#)), "[a]");
}

#[test]
fn strings() {
    let show = |text: &str| shown(&value(PARAMETERS, text));
    assert_eq!(
        show(r#"{"Fn::Sub": "arn:${AWS::Partition}:${Topic.TopicName}/${!aws:username}"}"#),
        "arn:${AWS::Partition}:${Topic.TopicName}/${aws:username}"
    );
    assert_eq!(show(r#"{"Fn::Sub": "${aws:username} ${open"}"#), "${aws:username} ${open");
    assert!(value("", r#"{"Fn::Sub": "a/${!aws:x}"}"#).as_str().is_some(), "an escape is no hole");
    assert_eq!(show(r#"{"Fn::Sub": ["${a}-${b}", {"a": "x", "b": {"Ref": "Plain"}}]}"#), "x-${Plain}");
    assert_eq!(
        show(r#"{"Fn::Join": [":", ["a", {"Ref": "Default"}, {"Ref": "AWS::NoValue"}, {"Fn::Sub": "c"}]]}"#),
        "a:${Default}:c"
    );
    let joined = value(PARAMETERS, r#"{"Fn::Join": ["-", {"Ref": "List"}]}"#);
    assert_eq!(hole_of(&joined).default.as_deref(), Some("a-b"));
    assert_eq!(show(r#"{"Fn::Select": ["1", ["a", "b"]]}"#), "b");
    assert_eq!(show(r#"{"Fn::Select": [1, {"Fn::Split": ["/", "a/b"]}]}"#), "b");
    assert_eq!(show(r#"{"Fn::Select": [1, {"Ref": "Open"}]}"#), "${Open[1]}");
    assert_eq!(show(r#"{"Fn::Select": [9, ["a"]]}"#), r#"?{"Fn::Select": [9, ["a"]]}"#);
    assert!(show(r#"{"Fn::ImportValue": "e"}"#).contains("Fn::ImportValue"));
    assert!(show(r#"{"Fn::Base64": "e"}"#).starts_with('?'));
}

#[test]
fn mappings() {
    assert_eq!(shown(&value(PARAMETERS, r#"{"Fn::FindInMap": ["M", "one", "k"]}"#)), "v1");
    assert_eq!(shown(&value(PARAMETERS, r#"{"Fn::FindInMap": ["M", "one", "l"]}"#)), "[x]");
    let looked_up = hole_of(&value(PARAMETERS, r#"{"Fn::FindInMap": ["M", {"Ref": "Env"}, "k"]}"#));
    assert_eq!(looked_up.domain, Domain::OneOf(vec!["v1".into(), "v2".into()]));
    assert_eq!(looked_up.default.as_deref(), Some("v1"));
    assert!(shown(&value(PARAMETERS, r#"{"Fn::FindInMap": ["M", "none", "k"]}"#)).starts_with('?'));
}

#[test]
fn a_string_has_the_place_of_its_scalar() {
    let text = r#"{"Resources": {"R": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"A": {"Fn::Sub": "x${P}"}}}}}}"#;
    let found = extract(&CloudFormation, text);
    let span = found.sites[0].document.get("A").expect("there").span;
    assert_eq!(&text[span.range()], r#""x${P}""#);
    assert_eq!(&text[found.sites[0].anchor.range()], r#""R""#);
}

#[test]
fn conditions_make_variants() {
    let two = r#"{"S": [{"Fn::If": ["A", "a", {"Ref": "AWS::NoValue"}]}, {"Fn::If": ["B", "b", "c"]}]}"#;
    let found = trust("", two);
    assert_eq!(branches_of(&found), ["A B", "A !B", "!A B", "!A !B"]);
    assert_eq!(
        found.sites.iter().map(|site| shown(&site.document)).collect::<Vec<_>>(),
        ["S: [a, b]", "S: [a, c]", "S: [b]", "S: [c]"]
    );
    // Only conditions that were met count, and equal documents are one.
    assert_eq!(branches_of(&trust("", r#"{"S": {"Fn::If": ["A", "a", {"Fn::If": ["B", "b", "c"]}]}}"#)).len(), 3);
    assert_eq!(branches_of(&trust("", r#"{"S": {"Fn::If": ["A", {"Ref": "X"}, {"Ref": "X"}]}}"#)), [""]);
    // Around the document.
    let around = trust("", r#"{"Fn::If": ["A", {"S": {"Fn::If": ["A", "a", "b"]}}, {"Ref": "AWS::NoValue"}]}"#);
    assert_eq!(branches_of(&around), ["A"]);
    assert_eq!(shown(&around.sites[0].document), "S: a");
    // Too many.
    let many: Vec<_> = (0..5).map(|at| format!(r#"{{"Fn::If": ["C{at}", "x", "y"]}}"#)).collect();
    let found = trust("", &format!(r#"{{"S": [{}]}}"#, many.join(",")));
    assert_eq!(branches_of(&found), [""]);
    assert_eq!(found.sites[0].document.count_unknown(), 5);
}

#[test]
fn conditions_that_exclude_each_other() {
    let conditions = format!(
        r#"{PARAMETERS} "Conditions": {{
        "Dev": {{"Fn::Equals": [{{"Ref": "Env"}}, "dev"]}}, "Prod": {{"Fn::Equals": ["prod", {{"Ref": "Env"}}]}},
        "NotDev": {{"Fn::Not": [{{"Condition": "Dev"}}]}}, "Never": {{"Fn::Equals": ["a", "b"]}},
        "Loop": {{"Fn::And": [{{"Condition": "Loop"}}, {{"Condition": "Loop"}}]}}}},"#
    );
    let pair = |a: &str, b: &str| {
        let policy = format!(r#"{{"S": [{{"Fn::If": ["{a}", "a", "b"]}}, {{"Fn::If": ["{b}", "c", "d"]}}]}}"#);
        branches_of(&trust(&conditions, &policy))
    };
    assert_eq!(pair("Dev", "Prod"), ["Dev !Prod", "!Dev Prod"]);
    assert_eq!(pair("Dev", "NotDev").len(), 2);
    assert_eq!(pair("Never", "Dev"), ["Dev", "!Dev"]);
    assert_eq!(pair("Dev", "Unheard").len(), 4);
    assert_eq!(pair("Dev", "Loop").len(), 4);
}

#[test]
fn policies_in_strings() {
    let found = trust("", r#""{\"Statement\": []}""#);
    assert_eq!(shown(&found.sites[0].document), "Statement: []");
    let found =
        trust("", r#"{"Fn::Sub": "{\"Statement\": {\"Principal\": \"arn:${AWS::Partition}:x\", \"${K}:sub\": 1}}"}"#);
    assert_eq!(shown(&found.sites[0].document), "Statement: Principal: arn:${AWS::Partition}:x, ${K}:sub: a number");
    let found = trust("", r#"{"Fn::Sub": "{\"Statement\": ${Statements}}"}"#);
    assert!(found.sites.is_empty() && found.problems.is_empty());
    assert_eq!(found.unresolved.len(), 1);
    let found = trust("", r#""{\"Statement\": [""#);
    assert!(found.sites.is_empty() && !found.problems.is_empty());
}

#[test]
fn what_cannot_be_resolved_is_counted() {
    let found = trust(PARAMETERS, r#"{"Ref": "Plain"}"#);
    assert!(found.sites.is_empty());
    assert_eq!(found.unresolved[0].1, "Resources.R: `Plain` is a parameter without a default");
    assert_eq!(trust("", "[]").problems.len(), 1);
}

#[test]
fn expansion_is_limited() {
    let big = "x".repeat(100_000);
    let many = vec![r#"{"Ref": "P"}"#; 10_000].join(",");
    let sections = format!(r#""Parameters": {{"P": {{"Type": "String", "Default": "{big}"}}}},"#);
    let found = trust(&sections, &format!(r#"{{"S": [{many}]}}"#));
    let items = found.sites[0].document.get("S").and_then(Value::as_list).expect("a list");
    let defaults = items.iter().filter(|item| hole_of(item).default.is_some()).count();
    assert!((1..1000).contains(&defaults), "{defaults}");
}

#[test]
fn yaml_short_forms() {
    let text = "\
Parameters: {Org: {Type: String, Default: o-1}}
Resources:
  R:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        A: !Sub 'arn:${AWS::Partition}:iam::${AWS::AccountId}:${!aws:username}'
        B: !Join ['', [a, !Ref Org]]
        C: !GetAtt T.Arn
        D: !If [X, !Ref AWS::NoValue, d]
        E: {Fn::Select: [1, !Split [',', 'a,b']]}
      Policies: !If [X, [{PolicyName: p, PolicyDocument: {S: !If [X, x, y]}}], !Ref AWS::NoValue]
  T: {Type: AWS::SQS::Queue}
";
    assert!(CloudFormation.detect(document(text)).is_some());
    let found = extract(&CloudFormation, text);
    assert_eq!(branches_of(&found), ["X", "!X", "X"]);
    assert_eq!(
        shown(&found.sites[1].document),
        "A: arn:${AWS::Partition}:iam::${AWS::AccountId}:${aws:username}, B: a${Org}, C: ${T.Arn}, D: d, E: b"
    );
    assert_eq!(shown(&found.sites[2].document), "S: x");
    let span = found.sites[1].document.get("C").expect("there").span;
    assert_eq!(&text[span.range()], "!GetAtt T.Arn");
}

#[test]
fn places_inside_json_text() {
    let text = "\
Resources:
  R:
    Type: AWS::Logs::ResourcePolicy
    Properties:
      PolicyDocument: !Sub |
        {\"Statement\":
          [\"${AWS::Partition}:x\", \"${!aws:a}\", \"last\"]}
";
    let found = extract(&CloudFormation, text);
    let list = found.sites[0].document.get("Statement").and_then(Value::as_list).expect("a list");
    let written: Vec<_> = list.iter().map(|item| &text[item.span.range()]).collect();
    assert_eq!(written, ["\"${AWS::Partition}:x\"", "\"${!aws:a}\"", "\"last\""]);
    assert_eq!(shown(&list[1]), "${aws:a}");
}

#[test]
fn loops_and_globals() {
    let found = extract(
        &CloudFormation,
        r#"{"Globals": {"Function": {"AssumeRolePolicyDocument": {}}}, "Resources": {
            "Fn::ForEach::Roles": ["N", ["a", "b"], {"R${N}": {"Type": "AWS::IAM::Role", "Properties": {
                "AssumeRolePolicyDocument": {"A": {"Ref": "N"}}}}}]}}"#,
    );
    let addresses: Vec<_> = found.sites.iter().map(|site| site.address.as_str()).collect();
    assert_eq!(addresses, ["Globals.Function", "Resources.Fn::ForEach::Roles.R${N}"]);
    assert_eq!(shown(&found.sites[1].document), "A: ?N");
}
