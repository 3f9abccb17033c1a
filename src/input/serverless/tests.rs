//! Tests of reading configurations of the Serverless Framework.

use super::*;
use crate::input::detect;
use crate::input::testing::{document, extract};
use crate::value::{Domain, Hole};

const HEAD: &str = "service: shop\nprovider:\n  name: aws\n";

fn shown(of: &Value<'_>) -> String {
    match &of.kind {
        Kind::List(items) => format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(", ")),
        Kind::Unknown(hole) => format!("?{}", hole.name),
        Kind::Map(members) => {
            members.iter().map(|m| format!("{}: {}", m.key, shown(&m.value))).collect::<Vec<_>>().join(", ")
        }
        Kind::Number(text) => format!("number {text}"),
        Kind::Null | Kind::Bool(_) | Kind::Tagged(_) => of.sort().to_owned(),
        Kind::String(_) | Kind::Template(_) => of.as_text().expect("a string").display().into_owned(),
    }
}

fn sites(found: &Found<'_>) -> Vec<(String, String)> {
    let statements =
        |site: &crate::site::PolicySite<'_>| shown(site.document.get("Statement").unwrap_or(&site.document));
    found.sites.iter().map(|site| (site.address.clone(), statements(site))).collect()
}

fn expect(found: &Found<'_>, expected: &[(&str, &str)]) {
    let expected: Vec<_> = expected.iter().map(|(address, text)| ((*address).to_owned(), (*text).to_owned())).collect();
    assert_eq!(sites(found), expected);
}

fn said<'f>(found: &'f Found<'_>) -> Vec<&'f str> {
    found.unresolved.iter().map(|(_, why)| why.as_str()).collect()
}

/// What a value in a statement of the shared role becomes, beside other sections.
fn value(sections: &str, value: &str) -> Value<'static> {
    let found = extract(
        &Serverless,
        &format!(
            "{HEAD}  stage: ${{opt:stage, 'test'}}\n  iam: {{role: {{statements: [{{Action: {value}}}]}}}}\n{sections}\n"
        ),
    );
    assert_eq!(found.sites.len(), 1, "{found:?}");
    let statement = &found.sites[0].document.get("Statement").expect("statements").one_or_many()[0];
    statement.get("Action").expect("the value is there").clone()
}

fn hole_of(of: &Value<'_>) -> Hole {
    of.as_text().and_then(|text| text.holes().next().cloned()).expect("a hole")
}

#[test]
fn detects_configurations_and_their_parts() {
    let part = "Resources: {R: {Type: AWS::IAM::Role, Properties: {RoleName: '${self:custom.name}'}}}";
    for text in [HEAD, "service: {name: x}\nprovider: {name: aws}", "service: x\nprovider: aws", part] {
        let (format, _) = detect(document(text)).expect("a format");
        assert_eq!(format.name(), "serverless", "{text}");
    }
    let json = r#"{"service": "x", "provider": {"name": "aws"}}"#;
    assert!(Serverless.detect(document(json)).is_some());
    for text in [
        "service: x\nprovider: {name: google}",
        "provider: {name: aws}",
        "Resources: {R: {Type: AWS::IAM::Role, Properties: {RoleName: '${AWS::StackName}'}}}",
        // A script in a whole template.
        "AWSTemplateFormatVersion: x\nResources: {R: {Type: AWS::EC2::Instance, Properties: {UserData: '${env:TEMP}'}}}",
    ] {
        assert!(Serverless.detect(document(text)).is_none(), "{text}");
    }
    // What the framework itself writes is a template.
    let compiled = r#"{"AWSTemplateFormatVersion": "2010-09-09", "Resources": {"IamRoleLambdaExecution": {"Type": "AWS::IAM::Role"}}}"#;
    assert_eq!(detect(document(compiled)).expect("a format").0.name(), "cloudformation");
}

#[test]
fn the_shared_role() {
    let new = format!("{HEAD}  iam:\n    role:\n      statements:\n        - Effect: Allow\n");
    let found = extract(&Serverless, &new);
    expect(&found, &[("provider.iam.role", "[Effect: Allow]")]);
    assert_eq!(found.sites[0].kind, PolicyKind::Identity);
    assert_eq!(&new[found.sites[0].anchor.range()], "role");
    expect(
        &extract(&Serverless, &format!("{HEAD}  iamRoleStatements: [{{Effect: Deny}}]")),
        &[("provider.iamRoleStatements", "[Effect: Deny]")],
    );
    let both = format!("{HEAD}  iamRoleStatements: [old]\n  iam: {{role: {{statements: [new]}}}}");
    expect(&extract(&Serverless, &both), &[("provider.iam.role", "[new]")]);
    let named = format!("{HEAD}  role: arn:aws:iam::111122223333:role/x\n  iamRoleStatements: [a]");
    let found = extract(&Serverless, &named);
    assert!(found.sites.is_empty());
    assert_eq!(said(&found), ["provider.iamRoleStatements: it is not used, because `provider.role` names a role"]);
    let arn = format!("{HEAD}  iam: {{role: arn:aws:iam::111122223333:role/x}}");
    assert!(extract(&Serverless, &arn).sites.is_empty());
    let elsewhere = format!("{HEAD}  iam: {{role: {{statements: '${{file(iam.yml):statements}}'}}}}");
    assert_eq!(
        said(&extract(&Serverless, &elsewhere)),
        ["provider.iam.role: `file(iam.yml):statements` is a value in another file"]
    );
}

#[test]
fn roles_of_functions() {
    let text = format!(
        "{HEAD}  iam:\n    role:\n      statements:\n        - {{Effect: Allow, Sid: shared}}\n        - {{Effect: Deny, Sid: no}}\n\
         functions:\n  built: {{iam: {{role: {{statements: [a]}}}}}}\n  plugin: {{iamRoleStatements: [b]}}\n  \
         inherits: {{iamRoleStatements: [c], iamRoleStatementsInherit: true}}\n  named: {{role: x, iamRoleStatements: [d]}}\n  \
         elsewhere: '${{file(f.yml)}}'\n  none: {{handler: h}}\n"
    );
    let found = extract(&Serverless, &text);
    expect(
        &found,
        &[
            ("functions.built.iam.role", "[a]"),
            ("functions.plugin.iamRoleStatements", "[b]"),
            // What is denied for all may take away what is allowed here.
            ("functions.inherits.iamRoleStatements", "[c, Effect: Deny, Sid: no]"),
            ("provider.iam.role", "[Effect: Allow, Sid: shared, Effect: Deny, Sid: no]"),
        ],
    );
    assert_eq!(said(&found), ["functions.elsewhere: `file(f.yml)` is a value in another file"]);
    assert_eq!(&text[found.sites[0].anchor.range()], "built");
    let each = text.replace("    role:\n", "    role:\n      mode: perFunction\n");
    assert_eq!(extract(&Serverless, &each).sites.len(), 4);
    assert_eq!(sites(&extract(&Serverless, &each))[0].1, "[a, Effect: Deny, Sid: no]");
}

#[test]
fn policies_of_apis() {
    let found = extract(&Serverless, &format!("{HEAD}  apiGateway: {{resourcePolicy: [{{Effect: Allow}}]}}"));
    expect(&found, &[("provider.apiGateway.resourcePolicy", "[Effect: Allow]")]);
    assert_eq!(found.sites[0].kind, PolicyKind::Resource);
}

#[test]
fn resources_are_a_template() {
    let role = |name: &str, value: &str| {
        format!(
            "{{{name}: {{Type: AWS::IAM::Role, Properties: {{AssumeRolePolicyDocument: {{Statement: {value}}}}}}}}}"
        )
    };
    let one = format!(
        "{HEAD}functions: {{my-fn: {{}}}}\nresources:\n  Parameters: {{P: {{Type: String, Default: d}}}}\n  Resources: "
    );
    let value = "[!Ref P, !Sub '${AWS::AccountId}-${self:service}-${sls:stage}', !GetAtt IamRoleLambdaExecution.Arn, !GetAtt MyDashfnLambdaFunction.Arn]";
    let found = extract(&Serverless, &(one + &role("R", value)));
    expect(
        &found,
        &[(
            "resources.Resources.R",
            "[${P}, ${AWS::AccountId}-shop-${sls:stage}, ${IamRoleLambdaExecution.Arn}, ${MyDashfnLambdaFunction.Arn}]",
        )],
    );
    let list = found.sites[0].document.get("Statement").expect("there").one_or_many();
    assert_eq!(hole_of(&list[2]).domain, Domain::OwnArn("AWS::IAM::Role".to_owned()));
    assert_eq!(hole_of(&list[3]).domain, Domain::OwnArn("AWS::Lambda::Function".to_owned()));
    let many = format!(
        "{HEAD}resources:\n  - Resources: {}\n  - ${{file(more.yml)}}\n  - Resources: {}\n",
        role("A", "[!Ref B]"),
        role("B", "[b]")
    );
    let found = extract(&Serverless, &many);
    expect(&found, &[("resources.Resources.A", "[${B}]"), ("resources.Resources.B", "[b]")]);
    assert_eq!(said(&found), ["resources: `file(more.yml)` is a value in another file"]);
    let unknown = format!("{HEAD}resources: {{Resources: {{A: '${{file(a.yml)}}'}}}}");
    assert_eq!(
        said(&extract(&Serverless, &unknown)),
        ["resources.Resources.A: `file(a.yml)` is a value in another file"]
    );
}

#[test]
fn what_a_user_changes_in_the_shared_role() {
    let text = format!(
        "{HEAD}resources:\n  extensions:\n    IamRoleLambdaExecution:\n      Properties:\n        AssumeRolePolicyDocument:\n          Statement: [x]\n"
    );
    let found = extract(&Serverless, &text);
    expect(&found, &[("resources.extensions.IamRoleLambdaExecution", "[x]")]);
    assert_eq!(found.sites[0].kind, PolicyKind::Trust);
}

#[test]
fn properties_of_the_file() {
    let show = |sections: &str, text: &str| shown(&value(sections, text));
    let custom = "custom: {a: x, b: '${self:custom.a}-y', n: 012345678901, l: [p, q], o: {k: {z: deep}}, t: true}";
    assert_eq!(show(custom, "'${self:custom.b}'"), "x-y");
    assert_eq!(show(custom, "'${self:custom.n}'"), "number 012345678901");
    assert_eq!(show(custom, "'arn:${self:custom.n}:${self:custom.t}'"), "arn:012345678901:true");
    assert_eq!(show(custom, "'${self:custom.l}'"), "[p, q]");
    assert_eq!(show(custom, "'${self:custom.l.1}'"), "q");
    assert_eq!(show(custom, "'${self:custom.o}'"), "k: z: deep");
    assert_eq!(show(custom, "'${self:custom.o.${self:custom.key, \"k\"}.z}'"), "deep");
    assert_eq!(show(custom, "'${self:custom.none, self:custom.a}'"), "x");
    assert_eq!(show(custom, "'${self:custom.none, 12}'"), "number 12");
    assert_eq!(show(custom, "'${self:custom.none}'"), "?self:custom.none");
    assert_eq!(show(custom, "'x-${self:custom.l}'"), "x-${self:custom.l}");
    assert_eq!(show("custom: '${file(c.yml)}'", "'${self:custom.a}'"), "?file(c.yml)");
}

#[test]
fn places_of_properties() {
    let text = format!(
        "{HEAD}  iamRoleStatements:\n    - Action: ${{self:custom.a}}\n      Resource: ${{self:custom.l}}\ncustom:\n  a: 'x'\n  l: ['y']\n"
    );
    let found = extract(&Serverless, &text);
    let statement = &found.sites[0].document.get("Statement").expect("there").one_or_many()[0];
    let place = |key: &str| &text[statement.get(key).expect("there").span.range()];
    assert_eq!(place("Action"), "${self:custom.a}", "a string is shown where it is used");
    assert_eq!(place("Resource"), "['y']", "a list where it is written");
}

#[test]
fn values_of_elsewhere_are_holes() {
    let hole = |text: &str| hole_of(&value("", text));
    let account = hole("'${aws:accountId}'");
    assert_eq!((account.domain, account.default), (Domain::OwnAccount, None));
    assert_eq!(hole("'#{AWS::AccountId}'").domain, Domain::OwnAccount);
    let region = hole("'${aws:region}'");
    assert_eq!((region.domain, region.default.as_deref()), (Domain::Region, Some("us-east-1")));
    assert_eq!(hole("'${aws:partition}'").domain, Domain::Partition);
    let stage = hole("'${sls:stage}'");
    assert_eq!((stage.domain, stage.default.as_deref()), (Domain::Text, Some("test")));
    assert_eq!(hole("'${self:provider.stage}'").default.as_deref(), Some("test"));
    assert_eq!(hole("'${opt:x}'").default, None);
    let fallback = hole("'${opt:x, self:custom.none, \"f\"}'");
    assert_eq!((fallback.name.as_str(), fallback.default.as_deref()), ("opt:x, self:custom.none, \"f\"", Some("f")));
    assert_eq!(hole("'${env:X}'").why, "a variable of the environment");
    // Not even the sort of these is known, unless they stand in a string.
    for text in ["ssm:/a", "file(a.yml):b", "s3:b/k", "cf:s.O", "vault:x", "opt:x, self:custom"] {
        assert_eq!(shown(&value("custom: {a: 1}", &format!("'${{{text}}}'"))), format!("?{text}"));
    }
    assert_eq!(hole("'arn:${ssm:/a}'").domain, Domain::Text);
    let params = "params: {default: {a: d}, test: {a: t}}";
    assert_eq!(hole_of(&value(params, "'${param:a}'")).default.as_deref(), Some("t"));
    assert_eq!(hole_of(&value("stages: {default: {params: {a: d}}}", "'${param:a}'")).default.as_deref(), Some("d"));
    assert_eq!(hole_of(&value("", "'${param:a, \"f\"}'")).default.as_deref(), Some("f"));
    let declared = "stages: {default: {resolvers: {bank: {type: aws}}}}";
    assert_eq!(shown(&value(declared, "'${bank:accountId}'")), "?bank:accountId");
}

#[test]
fn properties_that_depend_on_the_stage() {
    let custom = "custom: {accounts: {test: '111122223333', prod: '444455556666'}, lists: {test: [a], prod: [b]}}";
    let account = hole_of(&value(custom, "'${self:custom.accounts.${sls:stage}}'"));
    assert_eq!(account.domain, Domain::OneOf(vec!["111122223333".into(), "444455556666".into()]));
    assert_eq!(account.default.as_deref(), Some("111122223333"));
    let other = hole_of(&value(custom, "'${self:custom.accounts.${opt:stage}, \"999988887777\"}'"));
    assert_eq!(other.domain, Domain::OneOf(vec!["111122223333".into(), "444455556666".into(), "999988887777".into()]));
    assert_eq!(shown(&value(custom, "'${self:custom.lists.${sls:stage}}'")), "?self:custom.lists.${sls:stage}");
    assert_eq!(shown(&value(custom, "'${self:custom.none.${sls:stage}}'")), "?self:custom.none.${sls:stage}");
}

#[test]
fn variables_of_iam_and_of_cloudformation_are_left_alone() {
    let show = |text: &str| shown(&value("", text));
    assert_eq!(show("'a/${aws:username}'"), "a/${aws:username}");
    assert!(value("", "'a/${aws:username}'").as_str().is_some(), "it is no hole");
    assert_eq!(show(r"'a/\${aws:username}/\${self:service}'"), "a/${aws:username}/${self:service}");
    assert_eq!(
        show("!Sub '${cognito-identity.amazonaws.com:sub}/${!aws:username}'"),
        "${cognito-identity.amazonaws.com:sub}/${aws:username}"
    );
    assert_eq!(show("!Join [':', [a, !Ref 'AWS::AccountId', '${self:service}']]"), "a:${AWS::AccountId}:shop");
    assert_eq!(show("!Sub ['${a}-${opt:x}-${AWS::Region}', {a: '${self:service}'}]"), "shop-${opt:x}-${AWS::Region}");
}

#[test]
fn parts_of_a_configuration() {
    let text = "Resources:\n  R:\n    Type: AWS::IAM::Role\n    Properties:\n      RoleName: ${self:service}-x\n      AssumeRolePolicyDocument:\n        Statement: [!Sub 'arn:${self:custom.a}:${AWS::Region}', '${sls:stage}']\n";
    let found = extract(&Serverless, text);
    expect(&found, &[("Resources.R", "[arn:${self:custom.a}:${AWS::Region}, ${sls:stage}]")]);
    let list = found.sites[0].document.get("Statement").expect("there").one_or_many();
    assert_eq!(hole_of(&list[1]).default, None, "another file names the stage");
    assert!(found.problems.is_empty());
}

fn limits(sections: &str, text: &str) -> Vec<String> {
    let found = extract(&Serverless, &format!("{HEAD}  iamRoleStatements: [{{Action: {text}}}]\n{sections}\n"));
    assert_eq!(found.sites.len(), 1, "the rest is read");
    found.problems.into_iter().map(|problem| problem.message).collect()
}

#[test]
fn variables_that_go_in_circles() {
    assert_eq!(
        limits("custom: {a: '${self:custom.a}'}", "'${self:custom.a}'"),
        ["`${self:custom.a}` stands for itself"]
    );
    let pair = "custom: {a: '${self:custom.b}', b: 'x-${self:custom.a}'}";
    assert_eq!(limits(pair, "'${self:custom.a}'"), ["`${self:custom.a}` stands for itself"]);
    assert_eq!(
        limits("custom: {a: {b: '${self:custom}'}}", "'${self:custom}'"),
        ["`${self:custom}` stands for itself"]
    );
    // The framework's own idiom is none.
    let stage = format!(
        "{HEAD}  stage: ${{opt:stage, self:provider.stage, 'x'}}\n  iamRoleStatements: [{{Action: '${{sls:stage}}'}}]"
    );
    let found = extract(&Serverless, &stage);
    assert!(found.problems.is_empty());
    assert_eq!(shown(&found.sites[0].document), "Version: 2012-10-17, Statement: [Action: ${sls:stage}]");
}

#[test]
fn variables_that_lead_on_and_on() {
    let chain: String = (0..5_000).map(|at| format!("  a{at}: ${{self:custom.a{}}}\n", at + 1)).collect();
    assert_eq!(
        limits(&format!("custom:\n{chain}"), "'${self:custom.a0}'"),
        ["more than 64 variables lead to one another"]
    );
    let nest = format!("{}x{}", "${self:custom.".repeat(10_000), "}".repeat(10_000));
    limits("", &format!("'{nest}'"));
}

#[test]
fn variables_with_any_number_of_fallbacks() {
    let many = vec!["opt:x"; 100_000].join(", ");
    assert_eq!(limits("", &format!("'${{{many}}}'")), ["a variable names more than 32 sources"]);
    let path = vec!["a"; 100_000].join(".");
    assert_eq!(limits("", &format!("'${{self:{path}}}'")), [""; 0]);
}

#[test]
fn variables_that_multiply() {
    let bomb: String = (0..40)
        .map(|at| {
            format!("  a{at}: ['${{self:custom.a{0}}}', '${{self:custom.a{0}}}', '${{self:custom.a{0}}}']\n", at + 1)
        })
        .collect();
    assert_eq!(
        limits(&format!("custom:\n{bomb}  a40: x\n"), "'${self:custom.a0}'"),
        ["this configuration expands to far more than its own size"]
    );
    let words: String =
        (0..40).map(|at| format!("  a{at}: '${{self:custom.a{0}}}${{self:custom.a{0}}}'\n", at + 1)).collect();
    assert_eq!(
        limits(&format!("custom:\n{words}  a40: {}\n", "x".repeat(1000)), "'${self:custom.a0}'"),
        ["this configuration expands to far more than its own size"]
    );
}

#[test]
fn variables_that_nest_deep() {
    let open = "[".repeat(60);
    let close = "]".repeat(60);
    let deep: String = (0..10).map(|at| format!("  a{at}: {open}'${{self:custom.a{}}}'{close}\n", at + 1)).collect();
    assert_eq!(
        limits(&format!("custom:\n{deep}"), "'${self:custom.a0}'"),
        ["the variables of this configuration nest more than 128 levels"]
    );
}
