//! What templates may say in any number of ways: a star in one of many branches is told by the plain command, with no
//! profile named, and so is what was not looked at because a limit was hit.

mod common;

use common::{Run, run, tree};
use serde_json::{Value, json};

/// A principal that is not `*`.
const OTHER: &str = "arn:aws:iam::123456789012:role/ci";

fn check(files: &[(&str, &str)]) -> Run {
    run(tree(files).path(), &["check", "--isolated", "--format", "concise", "."])
}

/// The places at which anyone is let in, and under which conditions: `14:31 condition `A` is true`.
fn stars(run: &Run) -> Vec<String> {
    let lines = run.stdout.lines().filter(|line| line.contains("error[wildcard-principal]"));
    let place = |line: &str| {
        let mut parts = line.splitn(4, ':').skip(1);
        let (row, column) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let when = line.split_once(", when ").map_or("", |(_, when)| when);
        format!("{row}:{column} {when}")
    };
    lines.map(place).collect()
}

/// The message of the only finding that says what was not judged.
fn limit(run: &Run) -> String {
    let mut lines = run.stdout.lines().filter(|line| line.contains("error[invalid-input]"));
    let message = lines.next().and_then(|line| line.split_once("error[invalid-input]: "));
    assert!(lines.next().is_none() && run.code == 1, "{}", run.shown());
    assert!(run.stderr.contains("not fully readable"), "{}", run.shown());
    message.unwrap_or_else(|| panic!("{}", run.shown())).1.to_owned()
}

/// How many of the conditions `C0`, `C1`, ... the star at each place rests on: these, and no other.
fn rests_on(run: &Run) -> Vec<Vec<String>> {
    let words = |star: String| {
        let when = star.split_once(' ').map_or("", |(_, when)| when).to_owned();
        when.split(" and ").map(|word| word.trim_start_matches("condition ").to_owned()).collect()
    };
    stars(run).into_iter().map(words).collect()
}

fn is_true(at: usize) -> String {
    format!("`C{at}` is true")
}

fn choice(at: usize, yes: Value, no: Value) -> Value {
    json!({"Fn::If": [format!("C{at}"), yes, no]})
}

fn nothing() -> Value {
    json!({"Ref": "AWS::NoValue"})
}

fn allow(principal: Value) -> Value {
    json!({"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"})
}

/// A template with so many independent conditions and a role with this trust policy.
fn template(conditions: usize, policy: Value) -> Value {
    let members =
        |member: &dyn Fn(usize) -> (String, Value)| (0..conditions).map(member).collect::<serde_json::Map<_, _>>();
    json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Parameters": members(&|at| (format!("P{at}"), json!({"Type": "String"}))),
        "Conditions": members(&|at| (format!("C{at}"), json!({"Fn::Equals": [{"Ref": format!("P{at}")}, "yes"]}))),
        "Resources": {"R": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": policy}}},
    })
}

fn policy(statements: Vec<Value>) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

fn check_template(template: &Value) -> Run {
    check(&[("template.json", &serde_json::to_string_pretty(template).expect("JSON"))])
}

#[test]
fn a_star_behind_each_of_many_conditions() {
    for count in [4, 5, 12, 40] {
        let statements = (0..count).map(|at| allow(choice(at, json!("*"), json!(OTHER)))).collect();
        let found = check_template(&template(count, policy(statements)));
        let expected: Vec<Vec<String>> = (0..count).map(|at| vec![is_true(at)]).collect();
        assert_eq!(rests_on(&found), expected, "{count}");
        assert_eq!(found.code, 1);
    }
}

#[test]
fn a_star_at_the_end_of_a_chain_of_conditions() {
    for count in [5, 12, 25] {
        let chain = (0..count).rev().fold(json!("*"), |rest, at| choice(at, rest, json!(OTHER)));
        let found = check_template(&template(count, policy(vec![allow(chain)])));
        assert_eq!(rests_on(&found), [(0..count).map(is_true).collect::<Vec<_>>()], "{count}");
    }
    // Of more than a reader follows, the rest is counted.
    let chain = (0..40).rev().fold(json!("*"), |rest, at| choice(at, rest, json!(OTHER)));
    let found = stars(&check_template(&template(40, policy(vec![allow(chain)]))));
    assert!(found.len() == 1 && found[0].ends_with(" and 9 more conditions have certain values"), "{found:?}");
}

/// The star stands in every sort of place, with five other conditions in the same policy.
#[test]
fn a_star_in_any_place_behind_a_condition() {
    let star = || choice(5, json!("*"), json!(OTHER));
    let statements = [
        // Whole statements, and lists of them.
        choice(5, allow(json!("*")), nothing()),
        choice(4, choice(5, allow(json!("*")), nothing()), nothing()),
        // The principal, and the effect.
        json!({"Effect": "Allow", "Principal": choice(5, json!({"AWS": "*"}), json!({"AWS": OTHER})), "Action": "sts:AssumeRole"}),
        json!({"Effect": choice(5, json!("Allow"), json!("Deny")), "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}),
        json!({"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": choice(5, json!("sts:AssumeRole"), json!("sts:TagSession"))}),
        // Lists.
        allow(json!([OTHER, star()])),
        allow(choice(5, json!([OTHER, "*"]), json!([OTHER]))),
        allow(json!([choice(5, json!("*"), nothing()), OTHER])),
        // Other functions around the branch.
        allow(json!({"Fn::Sub": ["${Who}", {"Who": star()}]})),
        allow(json!({"Fn::Join": ["", [star()]]})),
        allow(json!({"Fn::Select": [choice(5, json!("1"), json!("0")), [OTHER, "*"]]})),
        allow(json!({"Fn::FindInMap": ["M", choice(5, json!("open"), json!("closed")), "Who"]})),
        allow(json!({"Fn::Select": [0, {"Fn::Split": [",", choice(5, json!("*,x"), json!(format!("{OTHER},x")))]}]})),
        // A guard that is left out.
        json!({"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole",
               "Condition": choice(5, nothing(), json!({"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}))}),
    ];
    for statement in statements {
        let mut all = vec![statement.clone()];
        all.extend((0..5).map(|at| allow(choice(at, json!(OTHER), json!("arn:aws:iam::123456789012:role/other")))));
        let mut template = template(6, policy(all));
        template["Mappings"] = json!({"M": {"open": {"Who": "*"}, "closed": {"Who": OTHER}}});
        let found = check_template(&template);
        let rests_on = rests_on(&found);
        assert_eq!(rests_on.len(), 1, "{statement}: {}", found.shown());
        assert!(rests_on[0].contains(&is_true(5)), "{statement}: {rests_on:?}");
        assert!(rests_on[0].len() <= 2, "{statement}: {rests_on:?}");
    }
}

/// A `Deny` behind conditions takes a star back in some combinations, and not in others.
#[test]
fn denials_behind_conditions() {
    let deny = |at: usize, when: bool| {
        let deny = json!({"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole"});
        let (yes, no) = if when { (deny, nothing()) } else { (nothing(), deny) };
        choice(at, yes, no)
    };
    let mut statements = vec![allow(json!("*")), deny(0, true), deny(1, false)];
    statements.extend((2..8).map(|at| allow(choice(at, json!(OTHER), json!("arn:aws:iam::123456789012:role/other")))));
    let found = check_template(&template(8, policy(statements)));
    assert_eq!(rests_on(&found), [["`C0` is false".to_owned(), is_true(1)]]);
}

/// Conditions on one parameter exclude each other: what needs two of them is never deployed.
#[test]
fn conditions_of_one_parameter() {
    let mut template = template(12, policy((0..12).map(|at| allow(choice(at, json!("*"), json!(OTHER)))).collect()));
    for at in 0..12 {
        template["Conditions"][format!("C{at}")] = json!({"Fn::Equals": [{"Ref": "P0"}, format!("stage{at}")]});
    }
    let found = check_template(&template);
    let rests_on = rests_on(&found);
    assert_eq!(rests_on.len(), 12);
    assert!(rests_on.iter().enumerate().all(|(at, words)| words.contains(&is_true(at))), "{rests_on:?}");
    let both = choice(0, choice(1, json!("*"), json!(OTHER)), json!(OTHER));
    let mut statements = vec![allow(both)];
    statements.extend((2..12).map(|at| allow(choice(at, json!(OTHER), json!("arn:aws:iam::123456789012:role/other")))));
    template["Resources"]["R"]["Properties"]["AssumeRolePolicyDocument"] = policy(statements);
    assert_eq!(stars(&check_template(&template)), Vec::<String>::new());
}

#[test]
fn a_template_in_yaml_and_one_of_sam() {
    let conditions: String = (0..6).map(|at| format!("  C{at}: !Equals [!Ref P{at}, 'yes']\n")).collect();
    let parameters: String = (0..6).map(|at| format!("  P{at}: {{Type: String}}\n")).collect();
    let statements: String = (0..6)
        .map(|at| format!("          - {{Effect: Allow, Principal: {{AWS: !If [C{at}, '*', '{OTHER}']}}, Action: sts:AssumeRole}}\n"))
        .collect();
    for (resource, more) in
        [("AWS::IAM::Role", ""), ("AWS::Serverless::Function", "Transform: AWS::Serverless-2016-10-31\n")]
    {
        let text = format!(
            "{more}Parameters:\n{parameters}Conditions:\n{conditions}Resources:\n  R:\n    Type: {resource}\n    Properties:\n      \
             AssumeRolePolicyDocument:\n        Version: '2012-10-17'\n        Statement:\n{statements}"
        );
        let found = check(&[("template.yaml", &text)]);
        assert_eq!(rests_on(&found), (0..6).map(|at| vec![is_true(at)]).collect::<Vec<_>>(), "{resource}");
    }
}

#[test]
fn more_branches_than_are_judged() {
    let chain = |number: usize| (0..6).rev().fold(json!("*"), |rest, at| choice(number * 6 + at, rest, json!(OTHER)));
    let found = check_template(&template(240, policy((0..40).map(|number| allow(chain(number))).collect())));
    let said = limit(&found);
    assert!(said.starts_with("Resources.R: the conditions of `If` in this policy have more combinations"), "{said}");
}

#[test]
fn templates_in_templates_in_templates() {
    let mut inner = template(0, policy(vec![allow(json!("*"))]));
    for _ in 0..4 {
        let body = json!({"Type": "AWS::CloudFormation::StackSet", "Properties": {"TemplateBody": inner.to_string()}});
        inner = json!({"AWSTemplateFormatVersion": "2010-09-09", "Resources": {"R": body}});
    }
    let said = limit(&check_template(&inner));
    assert!(said.ends_with("it stands in 3 other templates, and only so many are read"), "{said}");
}

/// A role of Terraform with these statements, and so many variables of yes and no.
fn terraform(variables: usize, statements: &str) -> String {
    let variables: String = (0..variables).map(|at| format!("variable \"x{at}\" {{\n  type = bool\n}}\n")).collect();
    format!(
        "{variables}resource \"aws_iam_role\" \"r\" {{\n  assume_role_policy = jsonencode({{\n    Version = \"2012-10-17\"\n    \
         Statement = [{statements}]\n  }})\n}}\n"
    )
}

fn statement(principal: &str) -> String {
    format!("{{ Effect = \"Allow\", Principal = {{ AWS = {principal} }}, Action = \"sts:AssumeRole\" }},\n")
}

fn check_terraform(text: &str) -> Run {
    check(&[("main.tf", text)])
}

#[test]
fn a_star_on_one_side_of_each_of_many_conditions_of_terraform() {
    for count in [5, 6, 12, 40] {
        let statements: String = (0..count).map(|at| statement(&format!("var.x{at} ? \"*\" : \"{OTHER}\""))).collect();
        let found = check_terraform(&terraform(count, &statements));
        let expected: Vec<Vec<String>> = (0..count).map(|at| vec![format!("`var.x{at}` is true")]).collect();
        assert_eq!(rests_on(&found), expected, "{count}");
    }
}

#[test]
fn a_star_at_the_end_of_a_chain_of_conditions_of_terraform() {
    for count in [16, 17, 32, 50] {
        let chain = (0..count).rev().fold("\"*\"".to_owned(), |rest, at| format!("var.x{at} ? \"{OTHER}\" : {rest}"));
        let found = check_terraform(&terraform(count, &statement(&chain)));
        assert_eq!(stars(&found).len(), 1, "{count}: {}", found.shown());
    }
}

#[test]
fn a_star_in_any_place_behind_a_condition_of_terraform() {
    let places = [
        statement("concat([for a in [1] : var.x6 ? \"*\" : \"x\"], [])"),
        "{ Effect = var.x6 ? \"Allow\" : \"Deny\", Principal = { AWS = \"*\" }, Action = \"sts:AssumeRole\" },\n"
            .to_owned(),
        format!(
            "{{ Effect = \"Allow\", Principal = var.x6 ? {{ AWS = \"*\" }} : {{ AWS = \"{OTHER}\" }}, Action = \"sts:AssumeRole\" }},\n"
        ),
        statement(&format!("\"${{var.x6 ? \"*\" : \"{OTHER}\"}}\"")),
        statement(&format!("lookup({{ a = \"*\", b = \"{OTHER}\" }}, var.x6 ? \"a\" : \"b\", \"\")")),
        statement(&format!("[\"*\", \"{OTHER}\"][var.x6 ? 0 : 1]")),
    ];
    let others: String = (0..6).map(|at| statement(&format!("var.x{at} ? \"{OTHER}\" : \"{OTHER}s\""))).collect();
    for place in places {
        let found = check_terraform(&terraform(7, &format!("{place}{others}")));
        assert_eq!(rests_on(&found), [["`var.x6` is true".to_owned()]], "{place}: {}", found.shown());
    }
}

#[test]
fn conditional_statements_of_a_data_document() {
    let variables: String = (0..9).map(|at| format!("variable \"x{at}\" {{\n  type = bool\n}}\n")).collect();
    let statements: String = (0..9)
        .map(|at| {
            format!(
                "  dynamic \"statement\" {{\n    for_each = var.x{at} ? [1] : []\n    content {{\n      \
                 actions = [\"sts:AssumeRole\"]\n      principals {{\n        type = \"AWS\"\n        identifiers = [\"*\"]\n      \
                 }}\n    }}\n  }}\n"
            )
        })
        .collect();
    let text = format!(
        "{variables}data \"aws_iam_policy_document\" \"d\" {{\n{statements}}}\nresource \"aws_iam_role\" \"r\" {{\n  \
         assume_role_policy = data.aws_iam_policy_document.d.json\n}}\n"
    );
    let found = check_terraform(&text);
    let expected: Vec<Vec<String>> = (0..9).map(|at| vec![format!("`var.x{at}` is true")]).collect();
    assert_eq!(rests_on(&found), expected);
}

#[test]
fn terraform_in_json() {
    let statements: String = (0..7).map(|at| statement(&format!("var.x{at} ? \"*\" : \"{OTHER}\""))).collect();
    let variables: serde_json::Map<_, _> = (0..7).map(|at| (format!("x{at}"), json!({"type": "bool"}))).collect();
    let policy = format!("${{jsonencode({{ Version = \"2012-10-17\", Statement = [{statements}] }})}}");
    let text = json!({"variable": variables, "resource": {"aws_iam_role": {"r": {"assume_role_policy": policy}}}});
    let found = check(&[("main.tf.json", &text.to_string())]);
    let expected: Vec<Vec<String>> = (0..7).map(|at| vec![format!("`var.x{at}` is true")]).collect();
    assert_eq!(rests_on(&found), expected);
}

#[test]
fn more_statements_than_a_loop_makes() {
    let document = |count: usize| {
        format!(
            "data \"aws_iam_policy_document\" \"d\" {{\n  dynamic \"statement\" {{\n    for_each = range({count})\n    \
             content {{\n      actions = [\"sts:AssumeRole\"]\n      principals {{\n        type = \"AWS\"\n        \
             identifiers = [\"*\"]\n      }}\n    }}\n  }}\n}}\nresource \"aws_iam_role\" \"r\" {{\n  \
             assume_role_policy = data.aws_iam_policy_document.d.json\n}}\n"
        )
    };
    assert_eq!(stars(&check_terraform(&document(50))).len(), 1);
    let said = limit(&check_terraform(&document(12_800)));
    assert_eq!(said, "this makes more than 10000 elements, and is not evaluated");
}

#[test]
fn a_policy_that_is_too_long_to_be_read() {
    let statement = |at: usize, more: &str| {
        format!(
            "{{\"Sid\": \"S{at}{more}\", \"Effect\": \"Allow\", \"Principal\": {{\"AWS\": \"*\"}}, \"Action\": \"sts:AssumeRole\"}}"
        )
    };
    let role = |count: usize, more: &str| {
        let statements: Vec<String> = (0..count).map(|at| statement(at, more)).collect();
        format!(
            "variable \"v\" {{}}\nresource \"aws_iam_role\" \"r\" {{\n  assume_role_policy = <<E\n{{\"Version\": \"2012-10-17\", \
             \"Statement\": [{}]}}\nE\n}}\n",
            statements.join(",\n")
        )
    };
    let said = limit(&check_terraform(&role(11_000, "${var.v}")));
    assert!(said.starts_with("this text has more than 1048576 bytes or 10000 parts"), "{said}");
    for more in ["", "${var.v}"] {
        let found = check_terraform(&role(4_000, more));
        assert!(found.stdout.contains("more than the 262144 that are judged") && found.code == 1, "{}", found.shown());
    }
}

/// A chain of modules, each in a folder of its own, that hands a star down to the last.
fn chain(length: usize) -> Vec<(String, String)> {
    let call = |at: usize, value: &str| format!("module \"next\" {{\n  source = \"../m{at}\"\n  who = {value}\n}}\n");
    let mut files = vec![("m0/main.tf".to_owned(), call(1, "\"*\""))];
    for at in 1..length {
        files.push((format!("m{at}/main.tf"), format!("variable \"who\" {{}}\n{}", call(at + 1, "var.who"))));
    }
    files.push((
        format!("m{length}/main.tf"),
        format!("variable \"who\" {{}}\n{}", terraform(0, &statement("var.who"))),
    ));
    files
}

fn check_chain(length: usize, paths: &[&str]) -> Run {
    let files = chain(length);
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let folder = tree(&files);
    run(folder.path(), &[&["check", "--isolated", "--format", "concise"], paths].concat())
}

#[test]
fn a_chain_of_modules() {
    assert_eq!(stars(&check_chain(12, &["."])).len(), 1);
    let found = check_chain(13, &["."]);
    assert_eq!(limit(&found), "modules are followed 12 calls deep, and this is one more");
    assert!(found.stdout.starts_with("m12/main.tf:2:1: "), "{}", found.shown());
    // Where nobody asked for the file of that call, it is said in one that somebody did.
    let found = check_chain(13, &["m0"]);
    assert_eq!(limit(&found), "modules are followed 12 calls deep, and this is one more, at m12/main.tf:2:1");
    assert!(found.stdout.starts_with("m0/main.tf:1:1: "), "{}", found.shown());
}

#[test]
fn more_instances_than_are_judged() {
    let role = |count: usize| {
        let each = format!("{{\n  for_each = toset([for a in range({count}) : \"r${{a}}\"])\n");
        let principal = format!("each.key == \"r{}\" ? \"*\" : \"{OTHER}\"", count - 1);
        terraform(0, &statement(&principal)).replacen("{\n", &each, 1)
    };
    assert_eq!(stars(&check_terraform(&role(150))).len(), 1);
    let said = limit(&check_terraform(&role(1_200)));
    assert_eq!(said, "only the first 1000 instances of this are judged");
}
