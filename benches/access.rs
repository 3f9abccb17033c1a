//! How long answers about all requests take: for plain policies, random ones, pairs, and cases made to be hard.
//!
//! `cargo bench --bench access`. Each case prints mean, median, 99th percentile and maximum in microseconds.
#![allow(clippy::print_stdout, dead_code, unused_imports, missing_docs, reason = "shares the generator of the tests")]

use iamlint::access::analysis::difference::diff;
use iamlint::access::analysis::who::who;
use iamlint::access::{Access, redundancy};
use iamlint::access::{Estate, Query, analyse, ask};
use iamlint::config;
use iamlint::lint::{Settings, lint_source};
use iamlint::policy::{Policy, lower};
use iamlint::site::PolicyKind;
use iamlint::source::Source;
use iamlint::syntax::{Syntax, parse};
use load::{Numbers, hard_policy};
use shared::generate::{Rng, policy_json};
use std::time::Instant;

#[path = "generate.rs"]
mod load;

#[path = "../tests/access"]
mod shared {
    pub mod generate;
}

fn read(json: &str) -> Policy {
    lower(&parse(json, Syntax::Json).documents[0])
}

fn queries() -> [Query; 5] {
    [
        Query::Anybody { knows_external_id: false },
        Query::OutsideTrusted,
        Query::WithoutExternalId { account: None },
        Query::WithoutMfa,
        Query::ForeignToken { issuer: "token.actions.githubusercontent.com".into() },
    ]
}

/// Atoms, the standing questions, dead and superfluous statements.
fn everything(policy: &Policy) -> usize {
    let model = analyse(policy, &Estate::default());
    let yes = queries().iter().filter(|query| ask(&model, query).witness().is_some()).count();
    yes + redundancy::superfluous(&access(policy)).len()
}

fn access(policy: &Policy) -> Access<'_> {
    Access::new(policy, PolicyKind::Trust, Estate::default())
}

fn report(name: &str, mut times: Vec<f64>) {
    times.sort_by(f64::total_cmp);
    let at = |part: usize| times[(times.len() - 1) * part / 100];
    let mean = times.iter().sum::<f64>() / times.len() as f64;
    println!("{name:44} mean {mean:9.1}  p50 {:9.1}  p99 {:9.1}  max {:9.1}", at(50), at(99), at(100));
}

/// The shortest of some runs of each item, in microseconds.
fn measure<T>(items: &[T], runs: usize, mut work: impl FnMut(&T)) -> Vec<f64> {
    items
        .iter()
        .map(|item| {
            let one = |_| {
                let start = Instant::now();
                work(item);
                start.elapsed().as_secs_f64() * 1e6
            };
            (0..runs).map(one).fold(f64::INFINITY, f64::min)
        })
        .collect()
}

const GH: &str = "token.actions.githubusercontent.com";

/// Statements as people write them.
fn plain() -> Vec<String> {
    let aws = |principal: &str, condition: &str| {
        format!(
            r#"{{"Effect":"Allow","Principal":{{"AWS":{principal}}},"Action":"sts:AssumeRole","Condition":{{{condition}}}}}"#
        )
    };
    let service = |host: &str, condition: &str| {
        format!(
            r#"{{"Effect":"Allow","Principal":{{"Service":{host}}},"Action":"sts:AssumeRole","Condition":{{{condition}}}}}"#
        )
    };
    let github = |condition: &str| {
        format!(
            r#"{{"Effect":"Allow","Principal":{{"Federated":"arn:aws:iam::111122223333:oidc-provider/{GH}"}},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{{{condition}}}}}"#
        )
    };
    let deny = |condition: &str| {
        format!(r#",{{"Effect":"Deny","Principal":{{"AWS":"*"}},"Action":"sts:*","Condition":{{{condition}}}}}"#)
    };
    let aud = format!(r#""StringEquals":{{"{GH}:aud":"sts.amazonaws.com"}}"#);
    let sub = |pattern: &str| format!(r#"{aud},"StringLike":{{"{GH}:sub":{pattern}}}"#);
    let root = r#""arn:aws:iam::444455556666:root""#;
    vec![
        aws(root, ""),
        aws(r#""*""#, ""),
        aws(r#""444455556666""#, r#""StringEquals":{"sts:ExternalId":"k7Qd-2290"}"#),
        aws(root, r#""StringLike":{"sts:ExternalId":"acme-*"}"#),
        aws(root, r#""Bool":{"aws:MultiFactorAuthPresent":"true"}"#),
        aws(root, r#""BoolIfExists":{"aws:MultiFactorAuthPresent":"true"}"#),
        aws(root, r#""NumericLessThan":{"aws:MultiFactorAuthAge":"3600"}"#),
        aws(root, "") + &deny(r#""BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}"#),
        aws(root, "") + &deny(r#""Bool":{"aws:MultiFactorAuthPresent":"false"}"#),
        aws(r#""*""#, r#""StringEquals":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"}"#),
        aws(r#""*""#, r#""ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-a1b2c3d4e5/r-ab12/*"}"#),
        aws(r#""*""#, r#""ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/Deploy"}"#),
        aws(r#""*""#, r#""ArnLike":{"aws:PrincipalArn":"arn:aws:iam::444455556666:role/app-*"}"#),
        aws(r#""*""#, r#""IpAddress":{"aws:SourceIp":["203.0.113.0/24","198.51.100.0/24"]}"#),
        aws(r#""*""#, r#""StringEquals":{"aws:PrincipalTag/team":"ops"}"#),
        aws(root, "") + &deny(r#""ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/ok-*"}"#),
        aws(root, "") + &deny(r#""StringNotEquals":{"aws:PrincipalAccount":"444455556666"}"#),
        aws(r#"["arn:aws:iam::444455556666:role/a","arn:aws:iam::444455556666:user/b","777788889999"]"#, ""),
        aws(root, r#""StringLike":{"sts:RoleSessionName":"${aws:username}-*"}"#),
        aws(root, r#""DateLessThan":{"aws:CurrentTime":"2026-12-31T00:00:00Z"}"#),
        service(r#""ec2.amazonaws.com""#, ""),
        service(r#"["ec2.amazonaws.com","lambda.amazonaws.com","ecs-tasks.amazonaws.com"]"#, ""),
        service(r#""cloudtrail.amazonaws.com""#, r#""StringEquals":{"aws:SourceAccount":"111122223333"}"#),
        service(r#""scheduler.amazonaws.com""#, r#""ArnLike":{"aws:SourceArn":"arn:aws:scheduler:*:111122223333:*"}"#),
        github(&aud),
        github(&sub(r#""repo:my-org/*""#)),
        github(&sub(r#""repo:my-org*""#)),
        github(&sub(r#"["repo:my-org/app:ref:refs/heads/main","repo:my-org/lib:*"]"#)),
        github(&sub(r#""repo:*:environment:prod""#)),
        format!(
            r#"{{"Effect":"Allow","Principal":{{"Federated":"arn:aws:iam::111122223333:saml-provider/Okta"}},"Action":["sts:AssumeRoleWithSAML","sts:TagSession"],"Condition":{{"StringEquals":{{"SAML:aud":"https://signin.aws.amazon.com/saml"}}}}}}"#
        ),
        format!("{},{},{}", aws(root, ""), service(r#""ec2.amazonaws.com""#, ""), github(&sub(r#""repo:my-org/*""#))),
    ]
}

fn document(statements: &str) -> Policy {
    read(&format!("{{\"Version\":\"2012-10-17\",\"Statement\":[{statements}]}}"))
}

fn prefixes(statements: usize, each: usize, denies: usize) -> Policy {
    let one = |effect: &str, at: usize, each: usize| {
        let values: Vec<String> = (0..each).map(|value| format!("\"p{at}-{value}-*\"")).collect();
        format!(
            r#"{{"Effect":"{effect}","Principal":{{"AWS":"444455556666"}},"Action":"sts:AssumeRole","Condition":{{"StringLike":{{"sts:RoleSessionName":[{}]}}}}}}"#,
            values.join(",")
        )
    };
    let allows = (0..statements).map(|at| one("Allow", at, each));
    let all: Vec<String> = allows.chain((0..denies).map(|at| one("Deny", at, 1))).collect();
    document(&all.join(","))
}

fn infixes(conditions: usize, each: usize) -> Policy {
    let one = |at: usize| {
        let values: Vec<String> = (0..each).map(|value| format!("\"*i{at}x{value}y*\"")).collect();
        format!(
            r#"{{"Effect":"Allow","Principal":{{"AWS":"444455556666"}},"Action":"sts:AssumeRole","Condition":{{"StringLike":{{"aws:PrincipalTag/a":[{}]}}}}}}"#,
            values.join(",")
        )
    };
    document(&(0..conditions).map(one).collect::<Vec<_>>().join(","))
}

/// All that a run does with a text, each text once: the engine is a part of it.
fn every_rule() {
    let settings = Settings::new(&config::parse_text("").expect("the defaults"));
    let judged = |texts: &[String]| {
        measure(texts, 1, |text| drop(lint_source(Source::new("trust-policy.json", text.as_str()), &settings)))
    };
    let mut numbers = Numbers::new(11);
    let hard: Vec<String> = (0..4_000).map(|number| hard_policy(&mut numbers, number).to_string()).collect();
    report("4000 hard policies, every rule", judged(&hard));
    let mut rng = Rng::new(2);
    let random: Vec<String> = (0..1_000).map(|_| policy_json(&mut rng)).collect();
    report("1000 random policies, every rule", judged(&random));
    if let Some(corpus) = std::env::var_os("IAMLINT_CORPUS") {
        let files = walkdir::WalkDir::new(corpus).into_iter().flatten();
        let json = files.filter(|file| file.path().extension().is_some_and(|end| end == "json"));
        let texts = json.filter_map(|file| std::fs::read_to_string(file.path()).ok());
        let small: Vec<String> = texts.filter(|text| text.len() < 20_000 && text.contains("Statement")).collect();
        report(&format!("{} small files of the corpus, every rule", small.len()), judged(&small));
    }
}

fn main() {
    let plain: Vec<Policy> = plain().iter().map(|statements| document(statements)).collect();
    report(
        "31 plain policies",
        measure(&plain, 200, |policy| {
            std::hint::black_box(everything(policy));
        }),
    );
    report("  atoms only", measure(&plain, 200, |policy| drop(analyse(policy, &Estate::default()))));
    report(
        "  void conditions as well",
        measure(&plain, 50, |policy| {
            let access = access(policy);
            policy.statements.iter().for_each(|one| drop(redundancy::void(&access, one)));
        }),
    );
    report("  who", measure(&plain, 20, |policy| drop(who(&analyse(policy, &Estate::default())))));
    let mut rng = Rng::new(1);
    let random: Vec<Policy> = (0..1_000).map(|_| read(&policy_json(&mut rng))).collect();
    report(
        "1000 random policies",
        measure(&random, 5, |policy| {
            std::hint::black_box(everything(policy));
        }),
    );
    every_rule();
    let pairs: Vec<(&Policy, &Policy)> = plain.iter().flat_map(|a| plain.iter().map(move |b| (a, b))).collect();
    report(
        "961 pairs, both directions",
        measure(&pairs, 5, |(a, b)| {
            drop(diff(a, b, PolicyKind::Trust, &Estate::default()));
        }),
    );
    for (name, policy, runs) in [
        ("200 statements, a prefix each, 20 Denies", prefixes(200, 1, 20), 3),
        ("200 statements, 50 prefixes each", prefixes(200, 50, 0), 1),
        ("1 condition of 50 infixes", infixes(1, 50), 10),
        ("8 conditions of an infix", infixes(8, 1), 3),
        ("12 conditions of an infix: too many", infixes(12, 1), 3),
    ] {
        report(
            name,
            measure(&[policy], runs, |policy| {
                std::hint::black_box(everything(policy));
            }),
        );
    }
}
