//! `cargo bench`: parsing beside serde_json, one policy, one template, an account dump, JSON Lines.
#![allow(missing_docs, reason = "criterion's macros")]

mod generate;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use generate::{Numbers, account_dump, hard_policy, line, trust_policy};
use iamlint::config;
use iamlint::lint::ndjson::{self, Lines};
use iamlint::lint::{Settings, lint_source};
use iamlint::report;
use iamlint::source::Source;
use iamlint::syntax::{Syntax, hcl, parse};
use rayon::prelude::*;
use std::hint::black_box;

fn settings() -> Settings {
    Settings::new(&config::parse_text("").expect("the defaults"))
}

fn parsing(criterion: &mut Criterion) {
    let mut numbers = Numbers::new(7);
    let small: Vec<String> =
        (0..2_000).map(|_| serde_json::to_string_pretty(&trust_policy(&mut numbers)).expect("it serializes")).collect();
    let dump = serde_json::to_string_pretty(&account_dump(1_000)).expect("it serializes");
    for (name, texts) in [("small policies", small.as_slice()), ("account dump", std::slice::from_ref(&dump))] {
        let mut group = criterion.benchmark_group(format!("parse {name}"));
        group.throughput(Throughput::Bytes(texts.iter().map(|text| text.len() as u64).sum()));
        group.bench_function("iamlint", |bencher| {
            bencher.iter(|| texts.iter().for_each(|text| drop(black_box(parse(text, Syntax::Json)))));
        });
        group.bench_function("serde_json::Value", |bencher| {
            bencher.iter(|| {
                for text in texts {
                    drop(black_box(serde_json::from_str::<serde_json::Value>(text)));
                }
            });
        });
        group.finish();
    }
    let yaml = include_str!("../testdata/demo/infra/ci.yaml");
    let mut group = criterion.benchmark_group("parse template");
    group.throughput(Throughput::Bytes(yaml.len() as u64));
    group.bench_function("yaml", |bencher| bencher.iter(|| drop(black_box(parse(yaml, Syntax::Yaml)))));
    group.finish();
    let terraform = configuration(200);
    let mut group = criterion.benchmark_group("parse configuration");
    group.throughput(Throughput::Bytes(terraform.len() as u64));
    group.bench_function("hcl", |bencher| bencher.iter(|| drop(black_box(hcl::parse(&terraform, 0)))));
    group.finish();
}

/// Roles in the three spellings that configurations of Terraform have, each third of them with a variable.
fn configuration(roles: usize) -> String {
    let mut text = String::from("variable \"trusted\" {\n  type = list(string)\n  default = []\n}\n");
    for at in 0..roles {
        text += &match at % 3 {
            0 => format!(
                "resource \"aws_iam_role\" \"r{at}\" {{\n  name = \"r{at}\"\n  assume_role_policy = jsonencode({{\n    Version = \"2012-10-17\"\n    Statement = [{{\n      Effect = \"Allow\"\n      Principal = {{ Service = \"ec2.amazonaws.com\" }}\n      Action = \"sts:AssumeRole\"\n    }}]\n  }})\n}}\n"
            ),
            1 => format!(
                "resource \"aws_iam_role\" \"r{at}\" {{\n  name = \"r{at}\"\n  assume_role_policy = <<-EOF\n    {{\n      \"Version\": \"2012-10-17\",\n      \"Statement\": [{{\"Effect\": \"Allow\", \"Principal\": {{\"Service\": \"ecs.amazonaws.com\"}}, \"Action\": \"sts:AssumeRole\"}}]\n    }}\n  EOF\n}}\n"
            ),
            _ => format!(
                "resource \"aws_iam_role\" \"r{at}\" {{\n  name = \"r{at}\"\n  assume_role_policy = data.aws_iam_policy_document.d{at}.json\n}}\n\ndata \"aws_iam_policy_document\" \"d{at}\" {{\n  statement {{\n    actions = [\"sts:AssumeRole\"]\n    principals {{\n      type = \"AWS\"\n      identifiers = var.trusted\n    }}\n  }}\n}}\n"
            ),
        };
    }
    text
}

fn judging(criterion: &mut Criterion) {
    let settings = settings();
    let mut numbers = Numbers::new(7);
    let policies: Vec<String> = (0..1_000).map(|_| trust_policy(&mut numbers).to_string()).collect();
    let judge = |name: &str, text: &str| lint_source(Source::new(name, text), &settings);

    let mut group = criterion.benchmark_group("judge");
    group.throughput(Throughput::Elements(policies.len() as u64));
    group.bench_function("1,000 trust policies", |bencher| {
        bencher.iter(|| policies.iter().for_each(|text| drop(black_box(judge("trust.json", text)))));
    });
    let hard: Vec<String> = (0..1_000).map(|number| hard_policy(&mut numbers, number).to_string()).collect();
    group.bench_function("1,000 hard trust policies", |bencher| {
        bencher.iter(|| hard.iter().for_each(|text| drop(black_box(judge("trust.json", text)))));
    });
    let template = include_str!("../testdata/demo/infra/ci.yaml");
    group.throughput(Throughput::Bytes(template.len() as u64));
    group.bench_function("a template", |bencher| bencher.iter(|| drop(black_box(judge("ci.yaml", template)))));
    let terraform = configuration(200);
    group.throughput(Throughput::Bytes(terraform.len() as u64));
    group.bench_function("Terraform with 200 roles", |bencher| {
        bencher.iter(|| drop(black_box(judge("main.tf", &terraform))))
    });
    let dump = serde_json::to_string_pretty(&account_dump(1_000)).expect("it serializes");
    group.throughput(Throughput::Bytes(dump.len() as u64));
    group.sample_size(20);
    group.bench_function("an account of 1,000 roles", |bencher| {
        bencher.iter_batched(|| dump.clone(), |text| black_box(judge("dump.json", &text)), BatchSize::LargeInput);
    });
    group.finish();
}

/// From bytes to results, as the command line does it. Each round has a cache of its own, and every line its own account,
/// so that nothing is judged before.
fn streaming(criterion: &mut Criterion) {
    const LINES: u64 = 2_000;
    let mut numbers = Numbers::new(7);
    let input: String = (0..LINES).map(|number| line(&mut numbers, number) + "\n").collect();
    let run = |settings: Settings| {
        let mut lines = Lines::new(input.as_bytes());
        let mut written = 0;
        while let chunk = lines.chunk().expect("memory can be read")
            && !chunk.is_empty()
        {
            let results =
                chunk.into_par_iter().map(|line| report::ndjson::line(&ndjson::judge(line, "<stdin>", &settings)));
            written += results.map(|result| result.map_or(0, |text| text.len())).sum::<usize>();
        }
        written
    };
    let mut group = criterion.benchmark_group("ndjson");
    group.throughput(Throughput::Elements(LINES)).sample_size(20);
    group.bench_function("policies", |bencher| {
        bencher.iter_batched(settings, |settings| black_box(run(settings)), BatchSize::LargeInput);
    });
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
    group.bench_function("policies, one thread", |bencher| {
        bencher.iter_batched(settings, |settings| one.install(|| black_box(run(settings))), BatchSize::LargeInput);
    });
    group.finish();
}

criterion_group!(benches, parsing, judging, streaming);
criterion_main!(benches);
