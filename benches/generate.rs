//! Estates of any size, the same on every machine: trust policies and account dumps for benchmarks.
#![allow(dead_code, reason = "each benchmark takes what it needs")]

use serde_json::{Value, json};

/// A small generator of numbers (xorshift), so that a size always gives the same bytes.
pub struct Numbers(u64);

impl Numbers {
    /// The sequence that this seed begins.
    pub fn new(seed: u64) -> Self {
        Numbers(seed.max(1))
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    fn account(&mut self) -> String {
        format!("{:012}", 200_000_000_000 + self.below(700_000_000_000))
    }
}

/// A trust policy of one of the kinds that accounts are full of.
pub fn trust_policy(numbers: &mut Numbers) -> Value {
    let account = numbers.account();
    let statement = match numbers.below(6) {
        0 => json!({"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}),
        1 => {
            json!({"Effect": "Allow", "Principal": {"Service": ["ec2.amazonaws.com", "ssm.amazonaws.com"]}, "Action": "sts:AssumeRole"})
        }
        2 => json!({"Sid": "Vendor", "Effect": "Allow", "Principal": {"AWS": format!("arn:aws:iam::{account}:root")},
            "Action": "sts:AssumeRole", "Condition": {"StringEquals": {"sts:ExternalId": format!("id-{}", numbers.below(1 << 40))}}}),
        3 => {
            json!({"Effect": "Allow", "Principal": {"AWS": format!("arn:aws:iam::{account}:role/deploy-{}", numbers.below(500))},
            "Action": ["sts:AssumeRole", "sts:TagSession"]})
        }
        4 => {
            json!({"Effect": "Allow", "Principal": {"Federated": format!("arn:aws:iam::{account}:oidc-provider/token.actions.githubusercontent.com")},
            "Action": "sts:AssumeRoleWithWebIdentity", "Condition": {
                "StringEquals": {"token.actions.githubusercontent.com:aud": "sts.amazonaws.com"},
                "StringLike": {"token.actions.githubusercontent.com:sub": format!("repo:acme/app-{}:*", numbers.below(900))}}})
        }
        _ => {
            json!({"Effect": "Allow", "Principal": {"AWS": format!("arn:aws:iam::{account}:root")}, "Action": "sts:AssumeRole",
            "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}})
        }
    };
    json!({"Version": "2012-10-17", "Statement": [statement]})
}

/// A trust policy that plain looks do not decide: names of callers in patterns, an ExternalId, and in a quarter of them a
/// Deny on the organization.
pub fn hard_policy(numbers: &mut Numbers, number: u64) -> Value {
    let account = numbers.account();
    let job = ["deploy", "audit", "backup", "reader", "ci", "billing"][numbers.below(6) as usize];
    let mut statements = vec![
        json!({"Sid": format!("Allow{number}"), "Effect": "Allow", "Principal": {"AWS": format!("arn:aws:iam::{account}:root")},
        "Action": "sts:AssumeRole", "Condition": {
            "ArnLike": {"aws:PrincipalArn": [
                format!("arn:aws:iam::{account}:role/{job}-{number}-*"), format!("arn:aws:iam::{account}:role/team/{job}{number}")]},
            "StringEquals": {"sts:ExternalId": format!("id-{number}-{}", numbers.below(1_000_000))}}}),
    ];
    if number.is_multiple_of(4) {
        statements.push(
            json!({"Sid": "Guard", "Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole", "Condition": {
            "StringNotEquals": {"aws:PrincipalOrgID": format!("o-a{number:09}")}}}),
        );
    }
    json!({"Version": "2012-10-17", "Statement": statements})
}

fn permissions(numbers: &mut Numbers) -> Value {
    let statements: Vec<Value> = (0..2 + numbers.below(5))
        .map(|number| {
            let bucket = numbers.below(5_000);
            json!({"Sid": format!("S{number}"), "Effect": "Allow",
                "Action": ["s3:GetObject", "s3:PutObject", "dynamodb:GetItem", "dynamodb:Query", "sqs:SendMessage"],
                "Resource": [format!("arn:aws:s3:::acme-data-{bucket}/*"), format!("arn:aws:dynamodb:eu-west-1:294750163881:table/t{bucket}")]})
        })
        .collect();
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// The output of `aws iam get-account-authorization-details` for an account with this many roles, about 5 KB each.
pub fn account_dump(roles: u64) -> Value {
    let mut numbers = Numbers::new(roles + 1);
    let list: Vec<Value> = (0..roles)
        .map(|number| {
            let name = format!("role-{number}");
            json!({
                "Path": "/", "RoleName": name, "RoleId": format!("AROA{:017}", number),
                "Arn": format!("arn:aws:iam::294750163881:role/{name}"),
                "CreateDate": "2024-11-19T15:40:02+00:00",
                "AssumeRolePolicyDocument": trust_policy(&mut numbers),
                "InstanceProfileList": [],
                "RolePolicyList": [{"PolicyName": "inline", "PolicyDocument": permissions(&mut numbers)}],
                "AttachedManagedPolicies": [{"PolicyName": "logs", "PolicyArn": "arn:aws:iam::294750163881:policy/logs"}],
                "Tags": [{"Key": "team", "Value": format!("team-{}", numbers.below(40))}, {"Key": "stage", "Value": "prod"}],
                "RoleLastUsed": {"LastUsedDate": "2026-10-02T06:11:09+00:00", "Region": "eu-west-1"},
            })
        })
        .collect();
    json!({"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": list, "Policies": [], "IsTruncated": false})
}

/// A line of JSON Lines for `iamlint check --input-format ndjson`, without its line break: two of three are trust
/// policies, and documents stand there in each of the forms that the API and its callers leave them in.
pub fn line(numbers: &mut Numbers, number: u64) -> String {
    let (kind, policy) = match numbers.below(3) {
        0 => ("identity", permissions(numbers)),
        _ => ("trust", trust_policy(numbers)),
    };
    let document = match numbers.below(10) {
        0 | 1 => policy.to_string().into(),
        2 | 3 => percent_encoded(&policy.to_string()).into(),
        _ => policy,
    };
    let id = format!("role-{number}");
    match numbers.below(2) {
        0 => json!({"id": id, "account": numbers.account(), "kind": kind, "document": document}).to_string(),
        _ => json!({"id": id, "account": numbers.account(), "document": document}).to_string(),
    }
}

fn percent_encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(byte as char),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
