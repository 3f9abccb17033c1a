//! Random trust policies about strangers: stars with patterns on what follows from a caller, several Deny statements,
//! `NotPrincipal`, set operators, `IfExists`, policy variables, tokens of shared issuers.
//!
//! The other generator bends statements that people write; this one puts together what a look at literals gets wrong.

use super::generate::Rng;
use std::fmt::Write as _;

/// Who is named, each the value of `Principal`, and how often of a hundred.
const STARS: &[&str] = &[
    r#"{"AWS":"*"}"#,
    r#"{"AWS":"*"}"#,
    r#"{"AWS":"*"}"#,
    r#""*""#,
    r#"{"AWS":["444455556666","*"]}"#,
    r#"{"AWS":["*","arn:aws:iam::444455556666:role/app"]}"#,
    r#"{"AWS":"*","Service":"ec2.amazonaws.com"}"#,
];
const NAMED: &[&str] = &[
    r#"{"AWS":"444455556666"}"#,
    r#"{"AWS":"arn:aws:iam::444455556666:root"}"#,
    r#"{"AWS":"arn:aws:iam::444455556666:role/app"}"#,
    r#"{"Service":"ec2.amazonaws.com"}"#,
];

/// Operators that take patterns of texts, and those that take patterns of ARNs.
const TEXT: &[&str] = &["StringLike", "StringLike", "StringEquals", "StringNotLike", "StringNotEquals"];
const FOLDED: &[&str] = &["StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"];
const ARN: &[&str] = &["ArnLike", "ArnEquals", "ArnNotLike", "ArnNotEquals"];

/// A key with values that make a difference. Several of them are patterns that a stranger fits.
struct Family {
    key: &'static str,
    values: &'static [&'static str],
    /// Whether the key holds an ARN, or a list.
    arn: bool,
    list: bool,
}

const fn text(key: &'static str, values: &'static [&'static str]) -> Family {
    Family { key, values, arn: false, list: false }
}

/// What follows from who calls: the keys of which a stranger's values are not free.
const IDENTITY: &[Family] = &[
    Family {
        key: "aws:PrincipalArn",
        values: &[
            "*partner*",
            "*a0b*",
            "*admin",
            "arn:*partner*",
            "a*a*a*a*a*",
            "*444455556666*",
            "arn:aws:iam::444455556666:role/*",
            "arn:aws:iam::444455556666:*",
            "arn:aws:iam::*:role/x*",
            "arn:aws:iam::*:user/x?",
            "*:role/x",
            "*/x",
            "*role/x*",
            "*role*",
            "*:user/*",
            "*user/team/*",
            "arn:aws:iam::4444*:role/app",
            "arn:aws:iam::444455556666:role/app",
            "arn:aws:sts::*:assumed-role/*",
            "arn:aws:iam::${aws:PrincipalAccount}:role/*",
            "*${aws:username}",
            "*",
            "x*",
            "arn:aws:iam::9999*",
        ],
        arn: true,
        list: false,
    },
    text(
        "aws:PrincipalAccount",
        &["444455556666", "777788889999", "4444*", "*6666", "*", "????????????", "999999999999", "*9*", "1?2*"],
    ),
    text(
        "aws:userid",
        &[
            "*:admin",
            "AROAEXAMPLEROLE000001:*",
            "AIDAEXAMPLEUSER000001",
            "AROA*",
            "*",
            "*admin*",
            "AIDA*",
            "*:ci-*",
            "?*:?*",
        ],
    ),
    text("aws:PrincipalOrgID", &["o-a1b2c3d4e5", "o-*", "*", "o-a1b2*", "*e5"]),
    Family {
        key: "aws:PrincipalOrgPaths",
        values: &[
            "o-a1b2c3d4e5/*",
            "o-*/*",
            "*/r-ab12/*",
            "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/*",
            "*ou-*",
            "*",
            "o-a1b2*",
        ],
        arn: false,
        list: true,
    },
    text("aws:PrincipalType", &["User", "AssumedRole", "Account", "*"]),
    text("aws:username", &["alice", "a*", "*a*", "*"]),
    text("aws:FederatedProvider", &["*", "arn:aws:iam::444455556666:saml-provider/Okta", "*saml*"]),
];

/// What a caller sends as they like, and what comes with the network, the time and the session.
const OTHERS: &[Family] = &[
    text("aws:PrincipalTag/team", &["red", "*", "*e*", "${aws:RequestTag/team}", "blue"]),
    text("aws:RequestTag/team", &["red", "r*", "${aws:PrincipalTag/team}", "*"]),
    Family { key: "aws:TagKeys", values: &["team", "cost", "*", "t*"], arn: false, list: true },
    text("sts:ExternalId", &["k7Qd-2290", "k7*", "*", "??*", "*90"]),
    text("sts:RoleSessionName", &["ci", "*ci*", "${aws:username}", "*", "?"]),
    text("sts:SourceIdentity", &["alice", "*", "${aws:username}"]),
    text("aws:UserAgent", &["*zz*", "console*", "*"]),
    text("aws:referer", &["https://example.com/*", "*"]),
    text("aws:SourceVpce", &["vpce-0a1b2c3d", "vpce-*", "*"]),
    text("aws:SourceVpc", &["vpc-0a1b2c3d", "*"]),
    text("aws:RequestedRegion", &["eu-west-1", "eu-*", "*"]),
    text("aws:SourceAccount", &["444455556666", "*"]),
    Family {
        key: "aws:SourceArn",
        values: &["arn:aws:s3:::b", "arn:aws:iam::444455556666:*", "*"],
        arn: true,
        list: false,
    },
    text("s3:prefix", &["x", "*"]),
];

/// Tests that are written out: of other families than text.
const FIXED: &[(&str, &str)] = &[
    ("Bool", r#""aws:MultiFactorAuthPresent":"true""#),
    ("BoolIfExists", r#""aws:MultiFactorAuthPresent":"false""#),
    ("Bool", r#""aws:PrincipalIsAWSService":"false""#),
    ("Bool", r#""aws:PrincipalIsAWSService":"true""#),
    ("Bool", r#""aws:ViaAWSService":"false""#),
    ("Bool", r#""aws:SecureTransport":"true""#),
    ("Null", r#""aws:PrincipalOrgID":"true""#),
    ("Null", r#""aws:PrincipalOrgID":"false""#),
    ("Null", r#""sts:ExternalId":"true""#),
    ("Null", r#""aws:PrincipalTag/team":"false""#),
    ("Null", r#""aws:PrincipalArn":"true""#),
    ("IpAddress", r#""aws:SourceIp":"203.0.113.0/24""#),
    ("NotIpAddress", r#""aws:SourceIp":["203.0.113.0/24","2001:db8::/32"]"#),
    ("IpAddress", r#""aws:SourceIp":"0.0.0.0/0""#),
    ("NumericLessThan", r#""aws:MultiFactorAuthAge":"3600""#),
    ("DateGreaterThan", r#""aws:CurrentTime":"2026-01-01T00:00:00Z""#),
];

/// Issuers that serve everybody: the provider, the action's issuer, values of `sub` and of other claims.
struct Issuer {
    provider: &'static str,
    name: &'static str,
    subjects: &'static [&'static str],
    audiences: &'static [&'static str],
    claims: &'static [(&'static str, &'static [&'static str])],
}

const ISSUERS: &[Issuer] = &[
    Issuer {
        provider: "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com",
        name: "token.actions.githubusercontent.com",
        subjects: &[
            "repo:example-org/*",
            "repo:example-org/app:*",
            "repo:example-org/app:ref:refs/heads/main",
            "repo:example-org*",
            "repo:*",
            "*:environment:prod",
            "repo:*/app:*",
            "*example-org*",
            "*ref:refs/heads/main",
            "*",
            "repo:example-org/app:environment:*",
            "environment:prod",
            "repo:?xample-org/*",
        ],
        audiences: &["sts.amazonaws.com", "*", "https://github.com/example-org"],
        claims: &[
            ("repository_owner_id", &["123", "*"]),
            ("repository", &["example-org/app", "example-org/*", "*/app"]),
            ("ref", &["refs/heads/main", "*"]),
            ("job_workflow_ref", &["example-org/ci/*", "*/.github/workflows/d.yml@*"]),
            ("environment", &["prod", "*"]),
        ],
    },
    Issuer {
        provider: "arn:aws:iam::111122223333:oidc-provider/gitlab.com",
        name: "gitlab.com",
        subjects: &[
            "project_path:grp/*:ref_type:branch:ref:main",
            "project_path:grp*",
            "project_path:*",
            "*:ref:main",
            "*",
        ],
        audiences: &["https://gitlab.com", "*"],
        claims: &[("namespace_id", &["7", "*"])],
    },
    Issuer {
        provider: "arn:aws:iam::111122223333:oidc-provider/app.terraform.io",
        name: "app.terraform.io",
        subjects: &[
            "organization:acme:project:p:workspace:w:run_phase:*",
            "organization:acme:*",
            "organization:*:project:p:*",
            "*:workspace:w:*",
            "*",
        ],
        audiences: &["aws.workload.identity", "*"],
        claims: &[],
    },
    Issuer {
        provider: "cognito-identity.amazonaws.com",
        name: "cognito-identity.amazonaws.com",
        subjects: &["us-east-1:identity-1", "*"],
        audiences: &["us-east-1:pool", "us-east-1:*", "*"],
        claims: &[("amr", &["authenticated", "unauthenticated", "*"])],
    },
    Issuer {
        provider: "accounts.google.com",
        name: "accounts.google.com",
        subjects: &["118", "*"],
        audiences: &["666777888999", "*"],
        claims: &[],
    },
];

/// A random trust policy document about strangers.
pub fn stranger_json(rng: &mut Rng) -> String {
    let mut statements = Vec::new();
    let tokens = rng.chance(20);
    for _ in 0..1 + usize::from(rng.chance(20)) {
        statements.push(if tokens { token_statement(rng) } else { open_statement(rng) });
    }
    // None, some, or many.
    let denies = [0, 0, 0, 1, 1, 1, 2, 2, 3, 4][rng.below(10)];
    for _ in 0..denies {
        let deny = deny_statement(rng, tokens);
        statements.insert(rng.below(statements.len() + 1), deny);
    }
    let version = if rng.chance(95) { r#""Version":"2012-10-17","# } else { "" };
    format!(r#"{{{version}"Statement":[{}]}}"#, statements.join(","))
}

fn open_statement(rng: &mut Rng) -> String {
    let principal = match rng.below(100) {
        0..=84 => format!(r#""Principal":{}"#, rng.pick(STARS)),
        85..=92 => format!(r#""Principal":{}"#, rng.pick(NAMED)),
        _ => format!(r#""NotPrincipal":{}"#, rng.pick(NAMED)),
    };
    let action = rng.pick(&[
        r#""Action":"sts:AssumeRole""#,
        r#""Action":"sts:AssumeRole""#,
        r#""Action":["sts:AssumeRole","sts:TagSession"]"#,
        r#""Action":"sts:*""#,
        r#""Action":"sts:Assume*""#,
        r#""NotAction":"sts:AssumeRoleWithSAML""#,
    ]);
    let tests = [0, 1, 1, 1, 1, 1, 2, 2, 2, 3][rng.below(10)];
    format!(r#"{{"Effect":"Allow",{principal},{action}{}}}"#, conditions(rng, tests, 70))
}

fn deny_statement(rng: &mut Rng, tokens: bool) -> String {
    let principal = match rng.below(100) {
        0..=69 => format!(r#""Principal":{}"#, rng.pick(&[r#""*""#, r#"{"AWS":"*"}"#])),
        70..=84 => format!(r#""Principal":{}"#, rng.pick(NAMED)),
        _ => format!(r#""NotPrincipal":{}"#, rng.pick(NAMED)),
    };
    let action = rng.pick(&[r#""sts:*""#, r#""*""#, r#""sts:AssumeRole""#, r#""sts:TagSession""#]);
    if tokens && rng.chance(60) {
        let issuer = &ISSUERS[rng.below(ISSUERS.len())];
        return format!(r#"{{"Effect":"Deny","Principal":"*","Action":"sts:*"{}}}"#, claims(rng, issuer, 1));
    }
    let tests = [0, 1, 1, 1, 1, 1, 1, 2, 2, 2][rng.below(10)];
    format!(r#"{{"Effect":"Deny",{principal},"Action":{action}{}}}"#, conditions(rng, tests, 60))
}

fn token_statement(rng: &mut Rng) -> String {
    // Four in ten are of GitHub.
    let issuer = if rng.chance(40) { &ISSUERS[0] } else { &ISSUERS[rng.below(ISSUERS.len())] };
    let tests = [0, 1, 1, 1, 2, 2, 2, 3][rng.below(8)];
    format!(
        r#"{{"Effect":"Allow","Principal":{{"Federated":"{}"}},"Action":"sts:AssumeRoleWithWebIdentity"{}}}"#,
        issuer.provider,
        claims(rng, issuer, tests)
    )
}

/// A `Condition` with tests of claims.
fn claims(rng: &mut Rng, issuer: &Issuer, tests: usize) -> String {
    let mut parts = Parts::default();
    for _ in 0..tests {
        let (claim, values) = match rng.below(10) {
            0..=5 => ("sub", issuer.subjects),
            6 | 7 => ("aud", issuer.audiences),
            _ => issuer.claims.get(rng.below(issuer.claims.len())).copied().unwrap_or(("sub", issuer.subjects)),
        };
        let operator = if rng.chance(85) { rng.pick(TEXT) } else { rng.pick(FOLDED) };
        let operator = dressed(rng, operator, claim == "amr");
        let values = values_of(rng, values);
        parts.add(&operator, &format!(r#""{}:{claim}":{values}"#, issuer.name));
    }
    parts.json()
}

/// A `Condition` with so many tests, so many of a hundred about who calls.
fn conditions(rng: &mut Rng, tests: usize, identity: usize) -> String {
    let mut parts = Parts::default();
    for _ in 0..tests {
        if rng.chance(12) {
            let (operator, test) = FIXED[rng.below(FIXED.len())];
            parts.add(operator, test);
            continue;
        }
        let families = if rng.chance(identity) { IDENTITY } else { OTHERS };
        // The first keys of the list are the usual ones.
        let family = &families[rng.below(families.len()).min(rng.below(families.len()))];
        let operator = match rng.below(10) {
            0..=3 if family.arn => rng.pick(ARN),
            0..=8 => rng.pick(TEXT),
            _ => rng.pick(FOLDED),
        };
        let operator = dressed(rng, operator, family.list);
        let values = values_of(rng, family.values);
        parts.add(&operator, &format!(r#""{}":{values}"#, family.key));
    }
    parts.json()
}

/// An operator with a set operator, mostly where the key is a list, and with `IfExists`.
fn dressed(rng: &mut Rng, operator: &str, list: bool) -> String {
    let set = match rng.below(100) {
        0..=44 if list => "ForAnyValue:",
        45..=84 if list => "ForAllValues:",
        0..=3 => "ForAnyValue:",
        4..=9 => "ForAllValues:",
        _ => "",
    };
    let end = if rng.chance(12) { "IfExists" } else { "" };
    format!("{set}{operator}{end}")
}

fn values_of(rng: &mut Rng, values: &[&str]) -> String {
    if rng.chance(65) {
        return format!(r#""{}""#, rng.pick(values));
    }
    let mut list = String::new();
    for at in 0..2 + rng.below(2) {
        let _ = write!(list, r#"{}"{}""#, if at == 0 { "" } else { "," }, rng.pick(values));
    }
    format!("[{list}]")
}

/// Tests by operator: JSON has each operator once, and each key once under it.
#[derive(Default)]
struct Parts(Vec<(String, Vec<String>)>);

impl Parts {
    fn add(&mut self, operator: &str, test: &str) {
        let key = |test: &str| test.split("\":").next().unwrap_or_default().to_owned();
        match self.0.iter_mut().find(|(known, _)| known == operator) {
            Some((_, tests)) if tests.iter().any(|known| key(known) == key(test)) => {}
            Some((_, tests)) => tests.push(test.to_owned()),
            None => self.0.push((operator.to_owned(), vec![test.to_owned()])),
        }
    }

    /// The element, with a comma before it; nothing if there is no test.
    fn json(self) -> String {
        if self.0.is_empty() {
            return String::new();
        }
        let operators: Vec<String> =
            self.0.into_iter().map(|(operator, tests)| format!(r#""{operator}":{{{}}}"#, tests.join(","))).collect();
        format!(r#","Condition":{{{}}}"#, operators.join(","))
    }
}
