//! Templates of every family through the whole binary: where a finding is shown, and what is passed over.

mod common;

use common::{OPEN, Run, run, tree};

/// A trust policy that lets everybody in, as JSON.
const TRUST: &str =
    r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}]}"#;

fn check(files: &[(&str, &str)], paths: &[&str]) -> Run {
    let folder = tree(files);
    let arguments = ["check", "--isolated", "--select", "wildcard-principal,invalid-input", "--format", "concise"];
    run(folder.path(), &[&arguments, paths].concat())
}

/// The places of the findings: `path:line:column`.
fn places(run: &Run) -> Vec<&str> {
    run.stdout.lines().filter_map(|line| line.split_once(": ")).map(|(place, _)| place).collect()
}

fn role(metadata: &str) -> String {
    format!(
        r#"{{"Resources": {{"Ci1234": {{"Type": "AWS::IAM::Role", {metadata} "Properties": {{"AssumeRolePolicyDocument": {TRUST}}}}}}}}}"#
    )
}

#[test]
fn an_assembly_of_the_cdk() {
    let template = role(r#""Metadata": {"aws:cdk:path": "App/Ci/Resource"},"#);
    let tree_file = format!(r#"{{"version": "tree-0.1", "tree": {{"attributes": {template}}}}}"#);
    let manifest = format!(r#"{{"version": "36.0.0", "artifacts": {{"App": {template}}}}}"#);
    let files = [
        ("cdk.json", r#"{"app": "node app", "context": {"PolicyDocument": {"Statement": []}}}"#),
        ("cdk.out/App.template.json", template.as_str()),
        ("cdk.out/AppNested12.nested.template.json", template.as_str()),
        ("cdk.out/assembly-Prod/App.template.json", template.as_str()),
        ("cdk.out/App.assets.json", r#"{"version": "36.0.0", "files": {"Statement": {}}, "dockerImages": {}}"#),
        ("cdk.out/asset.0a1b/policy.json", OPEN),
        ("cdk.out/manifest.json", manifest.as_str()),
        ("cdk.out/tree.json", tree_file.as_str()),
    ];
    let found = check(&files, &["."]);
    let column = template.find(r#""*""#).expect("the wildcard") + 1;
    let expected = [
        "cdk.out/App.template.json",
        "cdk.out/AppNested12.nested.template.json",
        "cdk.out/assembly-Prod/App.template.json",
    ]
    .map(|path| format!("{path}:1:{column}"));
    assert_eq!(places(&found), expected);
    let folder = tree(&files);
    let shown =
        run(folder.path(), &["check", "--isolated", "--select", "wildcard-principal", "cdk.out/App.template.json"]);
    assert!(shown.stdout.contains("in:   Resources.Ci1234 (App/Ci)\n"), "{}", shown.stdout);
}

#[test]
fn a_construct_is_no_part_of_the_identity() {
    let fingerprint = |metadata: &str| {
        let folder = tree(&[("a.template.json", &role(metadata))]);
        let run =
            run(folder.path(), &["check", "--isolated", "--select", "wildcard-principal", "--format", "json", "."]);
        let report: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
        report["findings"][0]["fingerprint"].as_str().expect("a fingerprint").to_owned()
    };
    let one = fingerprint(r#""Metadata": {"aws:cdk:path": "App/Ci/Resource"},"#);
    assert_eq!(one, fingerprint(r#""Metadata": {"aws:cdk:path": "Renamed/Ci/Resource"},"#));
    assert_eq!(one, fingerprint(""));
}

#[test]
fn an_address_needs_no_construct() {
    let template = role(r#""Metadata": {"aws:cdk:path": "App/Ci/Resource"},"#).replace(
        r#""Resources": {"#,
        r#""Resources": {"Other": {"Type": "AWS::SNS::TopicPolicy", "Properties": {"PolicyDocument": {}}}, "#,
    );
    let folder = tree(&[("a.json", template.as_str())]);
    for address in ["a.json#Resources.Ci1234", "a.json#Resources.Ci1234 (App/Ci)"] {
        let caller = "arn:aws:iam::111122223333:user/x";
        let run =
            run(folder.path(), &["can", "--policy", address, "--principal", caller, "--action", "sts:AssumeRole"]);
        assert!(run.stdout.contains("allowed"), "{address}: {}{}", run.stdout, run.stderr);
    }
}

#[test]
fn a_loop_shows_each_resource_at_the_one_place() {
    let text = "\
Transform: AWS::LanguageExtensions
Resources:
  Fn::ForEach::Roles:
    - Name
    - [Build, Deploy]
    - Role${Name}:
        Type: AWS::IAM::Role
        Properties:
          AssumeRolePolicyDocument:
            Version: '2012-10-17'
            Statement:
              - Effect: Allow
                Principal: '*'
                Action: sts:AssumeRole
";
    let found = check(&[("loop.yaml", text)], &["."]);
    assert_eq!(places(&found), ["loop.yaml:13:28", "loop.yaml:13:28"]);
    assert!(found.stderr.contains("2 policies"), "{}", found.stderr);
}

#[test]
fn a_stack_set_shows_the_place_in_its_text() {
    let text = "\
Resources:
  Set:
    Type: AWS::CloudFormation::StackSet
    Properties:
      TemplateBody: |
        Resources:
          Role:
            Type: AWS::IAM::Role
            Properties:
              AssumeRolePolicyDocument:
                Version: '2012-10-17'
                Statement:
                  - {Effect: Allow, Principal: '*', Action: sts:AssumeRole}
";
    assert_eq!(places(&check(&[("set.yaml", text)], &["."])), ["set.yaml:13:48"]);
}

#[test]
fn globals_of_sam_show_where_they_stand() {
    let text = "\
Transform: AWS::Serverless-2016-10-31
Globals:
  Function:
    AssumeRolePolicyDocument:
      Version: '2012-10-17'
      Statement:
        - {Effect: Allow, Principal: '*', Action: sts:AssumeRole}
Resources:
  A: {Type: AWS::Serverless::Function, Properties: {Handler: a}}
  B:
    Type: AWS::Serverless::Function
    Properties:
      AssumeRolePolicyDocument:
        Statement:
          - {Effect: Allow, Principal: {AWS: '111122223333'}, Action: sts:AssumeRole}
";
    // Of every function with no policy of its own, and of one that adds to it.
    assert_eq!(places(&check(&[("sam.yaml", text)], &["."])), ["sam.yaml:7:38", "sam.yaml:7:38"]);
}

#[test]
fn a_configuration_of_serverless() {
    let text = "\
service: shop
provider: {name: aws, stage: '${opt:stage, \"dev\"}'}
custom:
  everybody: '*'
resources:
  Resources:
    Role:
      Type: AWS::IAM::Role
      Properties:
        RoleName: ${self:service}-${sls:stage}
        AssumeRolePolicyDocument:
          Version: '2012-10-17'
          Statement:
            - {Effect: Allow, Principal: '${self:custom.everybody}', Action: sts:AssumeRole}
";
    let found = check(&[("serverless.yml", text)], &["."]);
    assert_eq!(places(&found), ["serverless.yml:14:42"]);
    let circle = text.replace("'*'", "${self:custom.everybody}");
    let found = check(&[("serverless.yml", circle.as_str()), ("open.json", OPEN)], &["."]);
    assert!(
        found
            .stdout
            .contains("serverless.yml:4:14: error[invalid-input]: `${self:custom.everybody}` stands for itself"),
        "{}",
        found.stdout
    );
    assert!(found.stdout.contains("open.json:"), "the other file is judged");
}

#[test]
fn loops_that_explode() {
    let mut body =
        r#""R${N0}${N1}": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Statement": []}}}"#
            .to_owned();
    let values: Vec<String> = (0..100).map(|at| format!("\"{at}\"")).collect();
    for level in 0..10 {
        body = format!(r#""Fn::ForEach::L{level}": ["N{level}", [{}], {{{body}}}]"#, values.join(","));
    }
    let bomb = format!(r#"{{"Resources": {{{body}}}}}"#);
    let found = check(&[("bomb.json", bomb.as_str()), ("open.json", OPEN)], &["."]);
    let said = "bomb.json:1:15: error[invalid-input]: the loops of this template make more than 2000 resources";
    assert!(found.stdout.contains(said), "{}", found.stdout.lines().take(3).collect::<Vec<_>>().join("\n"));
    assert!(found.stdout.contains("open.json:"), "the other file is judged");
}
