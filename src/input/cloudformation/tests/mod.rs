//! Tests of reading templates.

mod cdk;
mod hostile;
mod loops;
mod nested;
mod sam;
mod worlds;

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
    "Mappings": {"M": {"one": {"k": "v1", "l": ["x"]}, "two": {"k": "v2"}, "dev": {"k": "v1"}},
        "Stages": {"dev": {"k": "d", "l": ["d1", "d2"], "n": ["d"]}, "prod": {"k": "p", "l": ["p1", "p2"], "n": []},
            "other": {"k": "o", "l": []}}},"#;

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
    assert!(found.problems.is_empty());
    let unresolved: Vec<_> = found.unresolved.iter().map(|(_, why)| why.as_str()).collect();
    assert_eq!(
        unresolved,
        [
            "Resources.Fn.Policies[0]: `AWSLambdaExecute` is a managed policy, which stands elsewhere",
            "Resources.Fn.Policies[1]: `S3ReadPolicy` is a policy template of SAM",
        ]
    );
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
    let looked_up = hole_of(&value(PARAMETERS, r#"{"Fn::FindInMap": ["M", {"Ref": "Default"}, "k"]}"#));
    assert_eq!(looked_up.domain, Domain::OneOf(vec!["v1".into(), "v2".into()]));
    assert_eq!(looked_up.default, None);
    assert!(shown(&value(PARAMETERS, r#"{"Fn::FindInMap": ["M", "none", "k"]}"#)).starts_with('?'));
}

#[test]
fn mappings_with_the_values_that_a_parameter_can_have() {
    let of =
        |second: &str| value(PARAMETERS, &format!(r#"{{"Fn::FindInMap": ["Stages", {{"Ref": "Env"}}, "{second}"]}}"#));
    let looked_up = hole_of(&of("k"));
    assert_eq!(looked_up.domain, Domain::OneOf(vec!["d".into(), "p".into()]), "`other` is no value of the parameter");
    assert_eq!(looked_up.default.as_deref(), Some("d"));
    let lists = of("l");
    let domains: Vec<_> = lists.one_or_many().iter().map(|item| hole_of(item).domain).collect();
    assert_eq!(domains, [Domain::OneOf(vec!["d1".into(), "p1".into()]), Domain::OneOf(vec!["d2".into(), "p2".into()])]);
    assert!(shown(&of("n")).starts_with('?'), "lists of several lengths");
    assert!(shown(&of("none")).starts_with('?'));
}

#[test]
fn mappings_with_a_default() {
    let show = |text: &str| shown(&value(PARAMETERS, text));
    assert_eq!(show(r#"{"Fn::FindInMap": ["M", "one", "k", {"DefaultValue": "x"}]}"#), "v1");
    assert_eq!(show(r#"{"Fn::FindInMap": ["M", "no", "k", {"DefaultValue": ["x"]}]}"#), "[x]");
    assert_eq!(show(r#"{"Fn::FindInMap": ["No", "no", "k", {"DefaultValue": "x"}]}"#), "x");
    assert_eq!(show(r#"["a", {"Fn::FindInMap": ["M", "no", "k", {"DefaultValue": {"Ref": "AWS::NoValue"}}]}]"#), "[a]");
    let nested = r#"{"Fn::FindInMap": ["M", "no", "k", {"DefaultValue": {"Fn::FindInMap": ["M", "two", "k"]}}]}"#;
    assert_eq!(show(nested), "v2");
    let open = r#"{"Fn::FindInMap": ["M", {"Ref": "Default"}, "k", {"DefaultValue": "x"}]}"#;
    let open = hole_of(&value(PARAMETERS, open));
    assert_eq!(open.domain, Domain::OneOf(vec!["v1".into(), "v2".into(), "x".into()]));
    assert_eq!(open.default.as_deref(), Some("x"), "the map has no row `d`");
    let all = r#"{"Fn::FindInMap": ["Stages", {"Ref": "Env"}, "k", {"DefaultValue": "x"}]}"#;
    assert_eq!(hole_of(&value(PARAMETERS, all)).domain, Domain::OneOf(vec!["d".into(), "p".into()]));
}

#[test]
fn lengths_and_json_text() {
    assert!(matches!(&value("", r#"{"Fn::Length": ["a", "b"]}"#).kind, Kind::Number(length) if length == "2"));
    let of_parameter = hole_of(&value(PARAMETERS, r#"{"Fn::Length": {"Ref": "List"}}"#));
    assert_eq!(of_parameter.default.as_deref(), Some("2"));
    assert!(shown(&value(PARAMETERS, r#"{"Fn::Length": {"Ref": "Open"}}"#)).starts_with('?'));
    let found = trust("", r#"{"Fn::ToJsonString": {"Statement": {"Action": {"Fn::Sub": "x"}}}}"#);
    assert_eq!(shown(&found.sites[0].document), "Statement: Action: x");
}

#[test]
fn nothing_is_nowhere() {
    let show = |text: &str| shown(&value(PARAMETERS, text));
    assert_eq!(show(r#"{"Fn::Sub": ["a${b}c", {"b": {"Ref": "AWS::NoValue"}}]}"#), "ac");
    assert_eq!(show(r#"["a", {"Fn::If": ["X", {"Ref": "AWS::NoValue"}, {"Ref": "AWS::NoValue"}]}]"#), "[a]");
    let properties = r#"{"Resources": {"R": {"Type": "AWS::IAM::Role", "Properties": {"Ref": "AWS::NoValue"}}}}"#;
    let found = extract(&CloudFormation, properties);
    assert!(found.sites.is_empty() && found.unresolved.is_empty());
}

#[test]
fn dynamic_references_are_not_known() {
    let show = |text: &str| shown(&value(PARAMETERS, text));
    assert_eq!(show(r#""arn:aws:iam::{{resolve:ssm:/a:1}}:root""#), "arn:aws:iam::${resolve:ssm:/a:1}:root");
    assert_eq!(show(r#"{"Fn::Sub": "{{resolve:ssm:/${Env}/a}}-${Env}"}"#), "${resolve:ssm:/${Env}/a}-${Env}");
    assert_eq!(show(r#"{"Fn::Join": ["", ["{{resolve:", "ssm:/a}}", "b"]]}"#), "${resolve:ssm:/a}b");
    assert_eq!(show(r#""{{resolve:ssm:/a""#), "{{resolve:ssm:/a");
    assert_eq!(hole_of(&value("", r#""{{resolve:ssm:/a}}""#)).domain, Domain::Text);
}

#[test]
fn macros_and_includes() {
    let include = r#""Fn::Transform": {"Name": "AWS::Include", "Parameters": {"Location": "s3://b/k"}}"#;
    // In the place of a policy, and beside the members of a statement.
    let found = trust("", &format!("{{{include}}}"));
    assert!(found.sites.is_empty());
    assert_eq!(found.unresolved.len(), 1);
    let found = trust("", &format!(r#"{{"Statement": [{{"Effect": "Allow", {include}}}]}}"#));
    assert_eq!(found.sites[0].document.count_unknown(), 1);
    // Beside properties: what is written there stays.
    let with = |transform: &str| {
        extract(
            &CloudFormation,
            &format!(
                r#"{{"Resources": {{"R": {{"Type": "AWS::IAM::Role", "Properties": {{
                    "AssumeRolePolicyDocument": {{"S": 1}}, {transform}}}}}, {include}}}}}"#
            ),
        )
    };
    let found = with(include);
    assert_eq!(found.sites.len(), 1);
    let said: Vec<_> = found.unresolved.iter().map(|(_, why)| why.as_str()).collect();
    assert_eq!(said[0], "Resources: `Fn::Transform` may add resources");
    assert!(said[1].starts_with("Resources.R: `Fn::Transform`"), "{said:?}");
    let found = with(r#""Fn::Transform": {"Name": "MyMacro"}"#);
    assert!(found.sites.is_empty(), "a macro may make anything of what stands beside it");
}

#[test]
fn rules_decide_nothing() {
    let rules = r#""Rules": {"R": {"RuleCondition": {"Fn::Equals": [{"Ref": "Env"}, "dev"]}, "Assertions": [
        {"Assert": {"Fn::Contains": [["a"], {"Ref": "Env"}]}}]}},"#;
    let found = trust(&format!("{PARAMETERS} {rules}"), r#"{"Statement": {"Action": {"Ref": "Env"}}}"#);
    let action = found.sites[0].document.at(&["Statement", "Action"]).expect("there");
    assert_eq!(hole_of(action).domain, Domain::OneOf(vec!["dev".into(), "prod".into()]));
    assert!(found.unresolved.is_empty() && found.problems.is_empty());
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
