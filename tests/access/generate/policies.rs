//! Random trust policies: statements that people write, with their parts exchanged and bent.

use super::Rng;
use serde_json::{Map, Value, json};

/// Principals of every kind, each a value of `Principal`.
const PRINCIPALS: &[&str] = &[
    r#"{"AWS": "*"}"#,
    r#"{"AWS": "444455556666"}"#,
    r#"{"AWS": "arn:aws:iam::444455556666:root"}"#,
    r#"{"AWS": "arn:aws:iam::111122223333:root"}"#,
    r#"{"AWS": ["arn:aws:iam::444455556666:root", "arn:aws:iam::777788889999:root"]}"#,
    r#"{"AWS": "arn:aws:iam::444455556666:user/alice"}"#,
    r#"{"AWS": ["arn:aws:iam::444455556666:user/team/bob", "arn:aws:iam::111122223333:user/alice"]}"#,
    r#"{"AWS": "arn:aws:iam::444455556666:role/Deploy"}"#,
    r#"{"AWS": "arn:aws:iam::111122223333:role/team/Deploy"}"#,
    r#"{"AWS": "arn:aws:sts::444455556666:assumed-role/Deploy/ci"}"#,
    r#"{"AWS": ["444455556666", "arn:aws:sts::111122223333:assumed-role/app-1/s1"]}"#,
    r#"{"AWS": "AROADBQP57FF2AEXAMPLE"}"#,
    r#"{"Service": "ec2.amazonaws.com"}"#,
    r#"{"Service": ["ec2.amazonaws.com", "lambda.amazonaws.com"]}"#,
    r#"{"Service": "cloudtrail.amazonaws.com"}"#,
    r#"{"Service": "scheduler.amazonaws.com"}"#,
    r#"{"Service": "rolesanywhere.amazonaws.com"}"#,
    r#"{"Service": "pods.eks.amazonaws.com"}"#,
    r#"{"Federated": "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"}"#,
    r#"{"Federated": "arn:aws:iam::111122223333:oidc-provider/gitlab.com"}"#,
    r#"{"Federated": "arn:aws:iam::111122223333:oidc-provider/oidc.eks.us-east-1.amazonaws.com/id/EX1"}"#,
    r#"{"Federated": "cognito-identity.amazonaws.com"}"#,
    r#"{"Federated": "accounts.google.com"}"#,
    r#"{"Federated": "arn:aws:iam::111122223333:saml-provider/Okta"}"#,
    r#"{"AWS": "arn:aws:iam::444455556666:root", "Service": "ec2.amazonaws.com"}"#,
    r#"{"AWS": "arn:aws:iam::111122223333:root", "Federated": "arn:aws:iam::111122223333:saml-provider/Okta"}"#,
];

/// Statements as they are found in the wild, right and wrong ones.
const STATEMENTS: &[&str] = &[
    r#"{"Principal": {"AWS": "arn:aws:iam::444455556666:root"}, "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"sts:ExternalId": "k7Qd-2290"}}}"#,
    r#"{"Principal": {"AWS": "444455556666"}, "Action": "sts:AssumeRole",
        "Condition": {"StringLike": {"sts:ExternalId": ["acme-*", "k7Qd-??90"]}}}"#,
    r#"{"Principal": {"AWS": "arn:aws:iam::444455556666:root"}, "Action": "sts:AssumeRole",
        "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}, "NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}}}"#,
    r#"{"Principal": {"AWS": "*"}, "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}}"#,
    r#"{"Principal": {"AWS": "*"}, "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:PrincipalOrgID": ["o-a1b2c3d4e5", "o-z9y8x7w6v5"]},
                      "ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/app-*"}}}"#,
    r#"{"Principal": {"AWS": "*"}, "Action": "sts:AssumeRole",
        "Condition": {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/*"}}}"#,
    r#"{"Principal": {"AWS": "*"}, "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:PrincipalAccount": ["444455556666", "777788889999"]}}}"#,
    r#"{"Principal": {"AWS": "*"}, "Action": "sts:AssumeRole",
        "Condition": {"StringLike": {"aws:PrincipalArn": ["arn:aws:iam::444455556666:role/team/*", "*:user/alice"]}}}"#,
    r#"{"Principal": {"AWS": "arn:aws:iam::444455556666:root"}, "Action": ["sts:AssumeRole", "sts:TagSession"],
        "Condition": {"StringEquals": {"aws:RequestTag/team": ["red", "blue"]}, "ForAllValues:StringEquals": {"aws:TagKeys": ["team", "cost"]}}}"#,
    r#"{"Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Action": ["sts:AssumeRole", "sts:SetSourceIdentity"],
        "Condition": {"StringLike": {"sts:SourceIdentity": "${aws:username}", "sts:RoleSessionName": "${aws:username}-*"}}}"#,
    r#"{"Principal": {"AWS": "arn:aws:iam::444455556666:root"}, "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:PrincipalTag/team": "${aws:ResourceTag/team, 'red'}"}}}"#,
    r#"{"Principal": {"AWS": "arn:aws:iam::444455556666:root"}, "Action": "sts:AssumeRole",
        "Condition": {"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "2001:db8::/32"]}}}"#,
    r#"{"Principal": {"AWS": "arn:aws:iam::444455556666:root"}, "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceVpce": "vpce-0a1b2c3d"}}}"#,
    r#"{"Principal": {"AWS": "arn:aws:iam::444455556666:root"}, "Action": "sts:AssumeRole",
        "Condition": {"DateGreaterThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}, "DateLessThan": {"aws:CurrentTime": "2027-01-01"}}}"#,
    r#"{"Principal": {"AWS": "arn:aws:iam::444455556666:root"}, "Action": "sts:AssumeRole",
        "Condition": {"NumericGreaterThanEquals": {"aws:EpochTime": "1790000000"}, "Null": {"sts:ExternalId": "false"}}}"#,
    r#"{"Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceAccount": "111122223333"}, "ArnLike": {"aws:SourceArn": "arn:aws:cloudtrail:*:111122223333:trail/*"}}}"#,
    r#"{"Principal": {"Service": "scheduler.amazonaws.com"}, "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceOrgID": "o-a1b2c3d4e5"}}}"#,
    r#"{"Principal": {"Service": ["ec2.amazonaws.com", "lambda.amazonaws.com"]}, "Action": "sts:AssumeRole",
        "Condition": {"StringEqualsIfExists": {"aws:SourceAccount": "111122223333"}}}"#,
    r#"{"Principal": {"Service": "rolesanywhere.amazonaws.com"}, "Action": ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
        "Condition": {"StringEquals": {"aws:PrincipalTag/x509Subject/CN": "svc"},
                      "ArnEquals": {"aws:SourceArn": "arn:aws:rolesanywhere:eu-west-1:111122223333:trust-anchor/5f3e"}}}"#,
    r#"{"Principal": {"Service": "pods.eks.amazonaws.com"}, "Action": ["sts:AssumeRole", "sts:TagSession"],
        "Condition": {"StringEquals": {"aws:RequestTag/kubernetes-namespace": "web", "aws:RequestTag/kubernetes-service-account": "api"}}}"#,
    r#"{"Principal": {"Federated": "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"}, "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {"token.actions.githubusercontent.com:aud": "sts.amazonaws.com"},
                      "StringLike": {"token.actions.githubusercontent.com:sub": "repo:example-org/*"}}}"#,
    r#"{"Principal": {"Federated": "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"}, "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringLike": {"token.actions.githubusercontent.com:sub": ["repo:example-org*", "repo:example-org/app:environment:prod"]}}}"#,
    r#"{"Principal": {"Federated": "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"}, "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {"token.actions.githubusercontent.com:aud": "sts.amazonaws.com", "token.actions.githubusercontent.com:repository_owner_id": "123",
                      "token.actions.githubusercontent.com:ref": "refs/heads/main"}}}"#,
    r#"{"Principal": {"Federated": "arn:aws:iam::111122223333:oidc-provider/gitlab.com"}, "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringLike": {"gitlab.com:sub": "project_path:grp/*:ref_type:branch:ref:main"}, "StringEquals": {"gitlab.com:aud": "https://gitlab.com"}}}"#,
    r#"{"Principal": {"Federated": "arn:aws:iam::111122223333:oidc-provider/oidc.eks.us-east-1.amazonaws.com/id/EX1"}, "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {"oidc.eks.us-east-1.amazonaws.com/id/EX1:sub": "system:serviceaccount:web:api", "oidc.eks.us-east-1.amazonaws.com/id/EX1:aud": "sts.amazonaws.com"}}}"#,
    r#"{"Principal": {"Federated": "cognito-identity.amazonaws.com"}, "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {"cognito-identity.amazonaws.com:aud": "us-east-1:pool"}, "ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": "authenticated"}}}"#,
    r#"{"Principal": {"Federated": "accounts.google.com"}, "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {"accounts.google.com:aud": "666777888999", "accounts.google.com:sub": "118"}}}"#,
    r#"{"Principal": {"Federated": "arn:aws:iam::111122223333:saml-provider/Okta"}, "Action": ["sts:AssumeRoleWithSAML", "sts:TagSession"],
        "Condition": {"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}, "ForAnyValue:StringEquals": {"saml:edupersonaffiliation": ["staff", "member"]}}}"#,
    r#"{"Principal": {"AWS": "arn:aws:iam::444455556666:role/Deploy"}, "Action": "sts:*"}"#,
    r#"{"Principal": {"AWS": "arn:aws:iam::444455556666:role/Deploy"}, "Action": "sts:Assume*",
        "Condition": {"StringNotLike": {"sts:RoleSessionName": ["evil*", "*root*"]}}}"#,
    r#"{"Principal": {"AWS": "*"}, "NotAction": "sts:AssumeRoleWithSAML",
        "Condition": {"StringEqualsIgnoreCase": {"aws:PrincipalType": "assumedrole"}}}"#,
    r#"{"Principal": {"AWS": "*"}, "Action": "sts:AssumeRole", "Condition": {"Bool": {"aws:PrincipalIsAWSService": "false", "aws:ViaAWSService": false}}}"#,
];

/// Conditions of guards, for Deny and for splicing.
const CONDITIONS: &[&str] = &[
    r#"{"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}"#,
    r#"{"Bool": {"aws:MultiFactorAuthPresent": "false"}}"#,
    r#"{"Null": {"aws:MultiFactorAuthPresent": "true"}}"#,
    r#"{"NumericGreaterThan": {"aws:MultiFactorAuthAge": 900}}"#,
    r#"{"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}"#,
    r#"{"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}, "Bool": {"aws:PrincipalIsAWSService": "false"}}"#,
    r#"{"StringNotEqualsIfExists": {"aws:SourceAccount": "111122223333"}}"#,
    r#"{"ArnNotLike": {"aws:PrincipalArn": ["arn:aws:iam::*:role/app-*", "arn:aws:iam::444455556666:user/*"]}}"#,
    r#"{"ArnNotEquals": {"aws:PrincipalArn": "arn:aws:iam::444455556666:root"}}"#,
    r#"{"NotIpAddress": {"aws:SourceIp": ["203.0.113.0/24", "198.51.100.7"]}}"#,
    r#"{"NotIpAddress": {"aws:SourceIp": "203.0.113.0/25"}, "StringNotEqualsIfExists": {"aws:SourceVpce": "vpce-0a1b2c3d"}}"#,
    r#"{"StringNotEquals": {"sts:ExternalId": ["k7Qd-2290", "acme-1"]}}"#,
    r#"{"ForAllValues:StringEquals": {"sts:ExternalId": "k7Qd-2290"}}"#,
    r#"{"ForAllValues:StringNotEquals": {"aws:TagKeys": ["admin"]}}"#,
    r#"{"ForAnyValue:StringNotEquals": {"aws:TagKeys": ["team", "cost"]}}"#,
    r#"{"ForAnyValue:StringEqualsIfExists": {"aws:TagKeys": ["team"]}}"#,
    r#"{"ForAllValues:StringNotLike": {"aws:PrincipalOrgPaths": "o-a1b2c3d4e5/*"}}"#,
    r#"{"StringEqualsIgnoreCase": {"aws:PrincipalTag/Team": ["RED", "blue"]}}"#,
    r#"{"StringNotEqualsIgnoreCase": {"sts:RoleSessionName": "CI"}}"#,
    r#"{"StringNotLike": {"token.actions.githubusercontent.com:sub": "repo:example-org/*:ref:refs/heads/main"}}"#,
    r#"{"StringNotEquals": {"gitlab.com:ref_protected": "true"}}"#,
    r#"{"StringEqualsIfExists": {"token.actions.githubusercontent.com:environment": "prod"}}"#,
    r#"{"Bool": {"sts:RoleAuthorizedByIdp": "true"}}"#,
    r#"{"StringNotLike": {"aws:userid": ["AROAEXAMPLEROLE000001:*", "AIDAEXAMPLEUSER000001"]}}"#,
    r#"{"StringNotEquals": {"aws:PrincipalServiceName": "ec2.amazonaws.com"}}"#,
    r#"{"DateLessThanEquals": {"aws:TokenIssueTime": "2026-06-01T12:00:00Z"}}"#,
    r#"{"DateNotEquals": {"aws:CurrentTime": "2026-11-22T00:00:00Z"}}"#,
    r#"{"NumericNotEquals": {"aws:MultiFactorAuthAge": "60"}}"#,
    r#"{"NumericLessThanEquals": {"sts:DurationSeconds": "3600"}}"#,
    r#"{"StringLike": {"aws:SourceArn": "*:111122223333:*"}}"#,
    r#"{"Null": {"aws:SourceArn": "false"}}"#,
    r#"{"StringEquals": {"aws:PrincipalTag/owner": "${aws:username}"}}"#,
    r#"{"StringNotEquals": {"sts:RoleSessionName": "${aws:PrincipalTag/owner, 'nobody'}"}}"#,
    r#"{"StringLike": {"sts:RoleSessionName": "a${*}b*"}}"#,
    r#"{"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::${aws:PrincipalAccount}:role/*"}}"#,
    r#"{"StringEquals": {"s3:prefix": "x"}}"#,
    r#"{"StringNotEquals": {"aws:RequestedRegion": ["us-east-1", "eu-west-1"]}}"#,
    r#"{"StringLike": {"aws:UserAgent": "*console*"}}"#,
];

const ACTIONS: &[&str] = &[
    r#""sts:AssumeRole""#,
    r#""sts:AssumeRoleWithWebIdentity""#,
    r#""sts:AssumeRoleWithSAML""#,
    r#"["sts:AssumeRole", "sts:TagSession"]"#,
    r#"["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]"#,
    r#""sts:AssumeRole*""#,
    r#""STS:assumerole""#,
    r#""sts:*""#,
];

/// A random trust policy document.
pub fn policy_json(rng: &mut Rng) -> String {
    let version = match rng.below(12) {
        0 => json!("2008-10-17"),
        1 => Value::Null,
        _ => json!("2012-10-17"),
    };
    let count = 1 + rng.below(5);
    let statements: Vec<Value> = (0..count).map(|index| statement(rng, index)).collect();
    let mut document = Map::new();
    if version != Value::Null {
        document.insert("Version".into(), version);
    }
    let single = statements.len() == 1 && rng.chance(20);
    document.insert("Statement".into(), if single { statements[0].clone() } else { statements.into() });
    Value::Object(document).to_string()
}

fn parse(text: &str) -> Value {
    serde_json::from_str(text).expect("the pool holds JSON")
}

fn statement(rng: &mut Rng, index: usize) -> Value {
    let mut statement = parse(rng.pick(STATEMENTS));
    // A first statement that denies leaves nothing to ask.
    let deny = index > 0 && rng.chance(40);
    statement["Effect"] = json!(if deny { "Deny" } else { "Allow" });
    if deny {
        statement["Principal"] = if rng.chance(50) { json!({"AWS": "*"}) } else { parse(rng.pick(PRINCIPALS)) };
        statement["Condition"] = parse(rng.pick(CONDITIONS));
        if rng.chance(60) {
            replace_actions(&mut statement, json!("sts:*"));
        }
    } else if rng.chance(25) {
        statement["Principal"] = parse(rng.pick(PRINCIPALS));
    }
    if rng.chance(15) {
        let actions = parse(rng.pick(ACTIONS));
        replace_actions(&mut statement, actions);
    }
    if rng.chance(25) {
        merge(&mut statement["Condition"], &parse(rng.pick(CONDITIONS)));
    }
    if rng.chance(12) {
        statement["Condition"] = json!({});
    }
    if rng.chance(25) {
        bend(rng, &mut statement["Condition"]);
    }
    // Indexing makes members that are not there.
    if statement["Condition"].is_null() {
        statement.as_object_mut().expect("a statement").remove("Condition");
    }
    statement
}

fn replace_actions(statement: &mut Value, actions: Value) {
    let members = statement.as_object_mut().expect("a statement");
    members.remove("NotAction");
    members.insert("Action".into(), actions);
}

/// Add the keys of `more` to a condition; a key that is there already keeps its values.
fn merge(condition: &mut Value, more: &Value) {
    if condition.is_null() {
        *condition = json!({});
    }
    let Some(operators) = more.as_object() else { return };
    for (operator, keys) in operators {
        for (key, values) in keys.as_object().into_iter().flatten() {
            let slot = &mut condition[operator][key];
            if slot.is_null() {
                *slot = values.clone();
            }
        }
    }
}

/// Exchange one operator for a neighbour of its family, or change the case of a key.
fn bend(rng: &mut Rng, condition: &mut Value) {
    let Some(operators) = condition.as_object_mut() else { return };
    let names: Vec<String> = operators.keys().cloned().collect();
    let Some(name) = names.get(rng.below(names.len())) else { return };
    let keys = operators.remove(name).unwrap_or_default();
    let plain = name.trim_start_matches("ForAllValues:").trim_start_matches("ForAnyValue:");
    let (base, suffix) = plain.strip_suffix("IfExists").map_or((plain, ""), |base| (base, "IfExists"));
    let bent = match rng.below(6) {
        0 if base != "Null" => format!("{base}IfExists"),
        1 => format!("ForAllValues:{base}{suffix}"),
        2 => format!("ForAnyValue:{base}{suffix}"),
        3 => base.to_owned(),
        4 => format!("{}{suffix}", neighbour(rng, base)),
        _ => {
            let folded: Map<String, Value> = keys
                .as_object()
                .into_iter()
                .flatten()
                .map(|(key, values)| (key.to_ascii_uppercase(), values.clone()))
                .collect();
            merge_into(operators, name, Value::Object(folded));
            return;
        }
    };
    merge_into(operators, &bent, keys);
}

fn merge_into(operators: &mut Map<String, Value>, name: &str, keys: Value) {
    let slot = operators.entry(name).or_insert_with(|| json!({}));
    for (key, values) in keys.as_object().into_iter().flatten() {
        slot[key] = values.clone();
    }
}

fn neighbour<'a>(rng: &mut Rng, base: &'a str) -> &'a str {
    let families: [&[&'static str]; 5] = [
        &[
            "StringEquals",
            "StringNotEquals",
            "StringEqualsIgnoreCase",
            "StringNotEqualsIgnoreCase",
            "StringLike",
            "StringNotLike",
        ],
        &["ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike", "StringLike", "StringNotLike"],
        &[
            "NumericEquals",
            "NumericNotEquals",
            "NumericLessThan",
            "NumericLessThanEquals",
            "NumericGreaterThan",
            "NumericGreaterThanEquals",
        ],
        &[
            "DateEquals",
            "DateNotEquals",
            "DateLessThan",
            "DateLessThanEquals",
            "DateGreaterThan",
            "DateGreaterThanEquals",
        ],
        &["IpAddress", "NotIpAddress"],
    ];
    families.iter().find(|family| family.contains(&base)).map_or(base, |family| rng.pick(family))
}
