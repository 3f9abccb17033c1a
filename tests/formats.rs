//! A policy is the same policy in every format: each JSON example of every rule on trust and identity policies, put into
//! each input format, gives the same findings, at places inside the policy.

mod common;

use common::fences::{Example, examples};
use iamlint::config;
use iamlint::diagnostic::{Audience, Diagnostic};
use iamlint::lint::{FileReport, Settings, lint_source};
use iamlint::rules::{RULES, Rule};
use iamlint::site::PolicyKind;
use iamlint::source::Source;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::ops::Range;

/// An example that is one policy.
struct Case {
    rule: &'static Rule,
    name: String,
    text: String,
    kind: PolicyKind,
    settings: Settings,
    /// What is found in it as it is.
    raw: BTreeSet<String>,
}

/// The policy in a format: the file's name, its text, and where in it the policy stands.
struct Wrapped {
    path: &'static str,
    text: String,
    policy: Range<usize>,
}

fn settings(rule: &'static Rule, example: &Example) -> Settings {
    let mut config = config::parse_text(&example.config).expect("the configuration of an example is right");
    config.profile = Audience::Audit;
    if let Some(profile) = example.attribute("profile") {
        config.profile = Audience::from_name(profile).expect("a known profile");
    }
    let mut settings = Settings::new(&config);
    settings.rules.retain(|active| active.rule.id == rule.id);
    settings
}

/// What is found, without places and without what a resource's address adds.
fn said(report: &FileReport) -> BTreeSet<String> {
    let line = |finding: &Diagnostic| {
        format!("{} {} {} {}", finding.rule, finding.severity, finding.confidence, finding.message)
    };
    report.findings.iter().map(line).collect()
}

/// Every example of a rule on trust or identity policies that is one policy in JSON.
fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for rule in RULES.iter().filter(|rule| rule.family != "lint") {
        for (number, example) in examples(rule.page).into_iter().enumerate() {
            if example.language != "json" || example.attribute("file").is_some() {
                continue;
            }
            let mut settings = settings(rule, &example);
            settings.kind = example.attribute("kind").and_then(PolicyKind::from_name);
            let raw = lint_source(Source::new("raw.json", example.text.as_str()), &settings);
            let [policy] = raw.policies.as_slice() else { continue };
            let fits = raw.format == Some("policy-json") && policy.address.is_empty();
            if !fits || !matches!(policy.kind, PolicyKind::Trust | PolicyKind::Identity) {
                continue;
            }
            let name = format!("{}::{}", rule.id, number + 1);
            let (kind, raw) = (policy.kind, said(&raw));
            settings.kind = None;
            cases.push(Case { rule, name, text: example.text.trim().to_owned(), kind, settings, raw });
        }
    }
    assert!(cases.len() > 150, "only {} examples fit", cases.len());
    cases
}

/// Hold every case that `wrap` can put into a format against the findings in it as it is.
fn same_findings(format: &str, least: usize, wrap: impl Fn(&Case) -> Option<Wrapped>) {
    let mut problems = String::new();
    let mut tried = 0;
    for case in cases() {
        let Some(wrapped) = wrap(&case) else { continue };
        tried += 1;
        let report = lint_source(Source::new(wrapped.path, wrapped.text.as_str()), &case.settings);
        let found = said(&report);
        if report.policies.len() != 1 || found != case.raw {
            let _ = writeln!(
                problems,
                "{} in {format}: {} policies\n  as it is: {:?}\n  found:    {found:?}\n{}\n",
                case.name,
                report.policies.len(),
                case.raw,
                wrapped.text
            );
            continue;
        }
        for finding in &report.findings {
            let span = finding.primary.span.range();
            // What the policy lacks is said of the role.
            let inside = wrapped.policy.start <= span.start && span.end <= wrapped.policy.end;
            if !inside && !wrapped.text[span.clone()].contains("aws_iam_") {
                let _ = writeln!(
                    problems,
                    "{} in {format}: {:?} at {span:?} is outside of {:?}",
                    case.rule.id, finding.message, wrapped.policy
                );
            }
        }
    }
    assert!(tried >= least, "only {tried} examples fit {format}");
    assert!(problems.is_empty(), "\n{problems}");
}

/// A text with the policy between two parts.
fn between(path: &'static str, before: &str, policy: &str, after: &str) -> Wrapped {
    let start = before.len();
    Wrapped { path, text: format!("{before}{policy}{after}"), policy: start..start + policy.len() }
}

/// The tree of a policy, where writing it anew says the same: no key stands twice.
fn tree(case: &Case) -> Option<Value> {
    let value: Value = serde_json::from_str(&case.text).ok()?;
    let count = |text: &str| text.chars().filter(|c| !c.is_whitespace()).count();
    (count(&value.to_string()) == count(&case.text) || !case.rule.id.contains("duplicate")).then_some(value)
}

/// Whether a policy has placeholders that another tool fills in: other formats have a meaning of their own for them.
fn has_placeholder(text: &str) -> bool {
    text.match_indices("${").any(|(at, _)| {
        let name = text[at + 2..].split('}').next().unwrap_or_default();
        !name.contains(':')
    })
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

fn role_or_policy(case: &Case) -> (&'static str, &'static str) {
    match case.kind {
        PolicyKind::Trust => ("aws_iam_role", "assume_role_policy"),
        _ => ("aws_iam_policy", "policy"),
    }
}

/// A value as an expression of Terraform.
fn hcl(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let members = members.iter().map(|(key, value)| format!("{} = {}", hcl_string(key), hcl(value)));
            format!("{{ {} }}", members.collect::<Vec<_>>().join(", "))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(hcl).collect::<Vec<_>>().join(", ")),
        Value::String(text) => hcl_string(text),
        other => other.to_string(),
    }
}

fn hcl_string(text: &str) -> String {
    quoted(text).replace("${", "$${").replace("%{", "%%{")
}

/// A value as YAML in blocks.
fn yaml(value: &Value, indent: usize) -> String {
    let pad = " ".repeat(indent);
    match value {
        Value::Object(members) if !members.is_empty() => {
            members.iter().map(|(key, value)| format!("\n{pad}{}:{}", quoted(key), yaml(value, indent + 2))).collect()
        }
        Value::Array(items) if !items.is_empty() => {
            items.iter().map(|item| format!("\n{pad}-{}", yaml(item, indent + 2))).collect()
        }
        other => format!(" {other}"),
    }
}

#[test]
fn cloudformation_in_json() {
    same_findings("CloudFormation JSON", 150, |case| {
        let (before, after) = match case.kind {
            PolicyKind::Trust => (
                r#"{"AWSTemplateFormatVersion": "2010-09-09", "Resources": {"Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": "#,
                "}}}}",
            ),
            _ => (
                r#"{"AWSTemplateFormatVersion": "2010-09-09", "Resources": {"P": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": "#,
                "}}}}",
            ),
        };
        Some(between("t.template.json", before, &case.text, after)).filter(|_| !has_placeholder(&case.text))
    });
}

#[test]
fn cloudformation_in_yaml() {
    same_findings("CloudFormation YAML", 140, |case| {
        let body = yaml(&tree(case)?, 8);
        let head = "AWSTemplateFormatVersion: '2010-09-09'\nResources:\n  R:\n";
        let before = match case.kind {
            PolicyKind::Trust => {
                format!("{head}    Type: AWS::IAM::Role\n    Properties:\n      AssumeRolePolicyDocument:")
            }
            _ => format!("{head}    Type: AWS::IAM::ManagedPolicy\n    Properties:\n      PolicyDocument:"),
        };
        Some(between("t.yaml", &before, &body, "\n")).filter(|_| !has_placeholder(&case.text))
    });
}

#[test]
fn sam() {
    same_findings("SAM", 140, |case| {
        let body = yaml(&tree(case)?, 10);
        let head = "Transform: AWS::Serverless-2016-10-31\nResources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties:\n";
        let before = match case.kind {
            PolicyKind::Trust => format!("{head}      AssumeRolePolicyDocument:"),
            _ => format!("{head}      Policies:\n        -"),
        };
        Some(between("template.yml", &before, &body, "\n")).filter(|_| !has_placeholder(&case.text))
    });
}

#[test]
fn cdk() {
    same_findings("CDK", 150, |case| {
        let (kind, property) = match case.kind {
            PolicyKind::Trust => ("AWS::IAM::Role", "AssumeRolePolicyDocument"),
            _ => ("AWS::IAM::Policy", "PolicyDocument"),
        };
        let before = format!(r#"{{"Resources": {{"R0123": {{"Type": "{kind}", "Properties": {{"{property}": "#);
        let after = r#"}, "Metadata": {"aws:cdk:path": "Stack/R/Resource"}}}}"#;
        Some(between("cdk.out/Stack.template.json", &before, &case.text, after))
            .filter(|_| !has_placeholder(&case.text))
    });
}

#[test]
fn terraform_jsonencode() {
    same_findings("jsonencode", 140, |case| {
        let (kind, attribute) = role_or_policy(case);
        let before = format!("resource \"{kind}\" \"r\" {{\n  {attribute} = jsonencode(");
        Some(between("main.tf", &before, &hcl(&tree(case)?), ")\n}\n")).filter(|_| !has_placeholder(&case.text))
    });
}

#[test]
fn terraform_heredoc() {
    same_findings("heredoc", 150, |case| {
        let (kind, attribute) = role_or_policy(case);
        let before = format!("resource \"{kind}\" \"r\" {{\n  {attribute} = <<-EOF\n");
        let text: String = case.text.lines().map(|line| format!("    {line}\n")).collect();
        let text = text.replace("${", "$${").replace("%{", "%%{");
        Some(between("main.tf", &before, &text, "  EOF\n}\n")).filter(|_| !has_placeholder(&case.text))
    });
}

#[test]
fn terraform_in_json() {
    same_findings("tf.json", 150, |case| {
        let (kind, attribute) = role_or_policy(case);
        let before = format!(r#"{{"resource": {{"{kind}": {{"r": {{"{attribute}": "#);
        let text = quoted(&case.text.replace("${", "$${").replace("%{", "%%{"));
        Some(between("main.tf.json", &before, &text, "}}}}")).filter(|_| !has_placeholder(&case.text))
    });
}

/// A statement as a block of the data source; `None` where it has no way to say it.
fn statement_block(statement: &Value) -> Option<String> {
    let mut out = String::from("  statement {\n");
    let mut effect = false;
    for (key, value) in statement.as_object()? {
        match key.as_str() {
            "Sid" => writeln!(out, "    sid = {}", hcl(&Value::from(value.as_str().filter(|sid| !sid.is_empty())?))),
            "Effect" => {
                effect = true;
                writeln!(out, "    effect = {}", hcl(&Value::from(value.as_str()?)))
            }
            "Action" | "NotAction" | "Resource" | "NotResource" => {
                let name = ["Action", "NotAction", "Resource", "NotResource"].iter().position(|known| known == key)?;
                let name = ["actions", "not_actions", "resources", "not_resources"][name];
                writeln!(out, "    {name} = {}", hcl(&listed(value)?))
            }
            "Principal" | "NotPrincipal" => {
                let block = if key == "Principal" { "principals" } else { "not_principals" };
                if value == "*" {
                    writeln!(out, "    {block} {{\n      type = \"*\"\n      identifiers = [\"*\"]\n    }}")
                } else {
                    for (kind, ids) in value.as_object().filter(|kinds| !kinds.is_empty())? {
                        let ids = hcl(&listed(ids)?);
                        writeln!(out, "    {block} {{\n      type = {}\n      identifiers = {ids}\n    }}", hcl_string(kind))
                            .ok()?;
                    }
                    Ok(())
                }
            }
            "Condition" => {
                for (test, keys) in value.as_object().filter(|tests| !tests.is_empty())? {
                    for (variable, values) in keys.as_object().filter(|keys| !keys.is_empty())? {
                        let (test, variable, values) = (hcl_string(test), hcl_string(variable), hcl(&listed(values)?));
                        writeln!(out, "    condition {{\n      test = {test}\n      variable = {variable}\n      values = {values}\n    }}")
                            .ok()?;
                    }
                }
                Ok(())
            }
            _ => return None,
        }
        .ok()?;
    }
    effect.then(|| out + "  }\n")
}

/// A value as the list of strings that a block takes.
fn listed(value: &Value) -> Option<Value> {
    let items = match value {
        Value::Array(items) => items.clone(),
        one => vec![one.clone()],
    };
    let text = |item: &Value| match item {
        Value::String(text) => Some(Value::from(text.as_str())),
        Value::Bool(_) | Value::Number(_) => Some(Value::from(item.to_string())),
        _ => None,
    };
    let items: Option<Vec<Value>> = items.iter().map(text).collect();
    items.filter(|items| !items.is_empty()).map(Value::from)
}

#[test]
fn terraform_policy_document() {
    same_findings("aws_iam_policy_document", 110, |case| {
        // What these rules are about, the data source does not let one write.
        if matches!(case.rule.family, "validity") || has_placeholder(&case.text) {
            return None;
        }
        let value = tree(case)?;
        let members = value.as_object()?;
        if members.keys().any(|key| !matches!(key.as_str(), "Version" | "Statement")) {
            return None;
        }
        let version = format!("  version = {}\n", hcl(&Value::from(members.get("Version")?.as_str()?)));
        let statements = match members.get("Statement")? {
            Value::Array(items) => items.clone(),
            one => vec![one.clone()],
        };
        let blocks: Option<Vec<String>> = statements.iter().map(statement_block).collect();
        let body = blocks.filter(|blocks| !blocks.is_empty())?.concat();
        let (kind, attribute) = role_or_policy(case);
        let before = format!("resource \"{kind}\" \"r\" {{\n  {attribute} = data.aws_iam_policy_document.d.json\n}}\n");
        Some(between(
            "main.tf",
            &before,
            &format!("data \"aws_iam_policy_document\" \"d\" {{\n{version}{body}}}\n"),
            "",
        ))
    });
}

#[test]
fn terraform_plan() {
    same_findings("plan", 150, |case| {
        let (kind, attribute) = role_or_policy(case);
        let before = format!(
            r#"{{"format_version": "1.2", "terraform_version": "1.9.0", "resource_changes": [{{"address": "{kind}.r", "mode": "managed", "type": "{kind}", "name": "r", "change": {{"actions": ["create"], "before": null, "after_unknown": {{}}, "after": {{"{attribute}": "#
        );
        Some(between("plan.json", &before, &quoted(&case.text), "}}}]}")).filter(|_| !has_placeholder(&case.text))
    });
}

#[test]
fn dumps_of_the_command_line() {
    let wrap = |case: &Case, document: &str| {
        let before = match case.kind {
            PolicyKind::Trust => r#"{"Role": {"RoleName": "r", "AssumeRolePolicyDocument": "#,
            _ => r#"{"Role": {"RoleName": "r", "RolePolicyList": [{"PolicyName": "p", "PolicyDocument": "#,
        };
        let after = if case.kind == PolicyKind::Trust { "}}" } else { "}]}}" };
        Some(between("role.json", before, document, after)).filter(|_| !has_placeholder(&case.text))
    };
    same_findings("dump with an object", 150, |case| wrap(case, &case.text));
    same_findings("dump with a string", 150, |case| wrap(case, &quoted(&case.text)));
    same_findings("dump percent-encoded", 150, |case| {
        let encoded: String = case.text.bytes().map(|byte| format!("%{byte:02X}")).collect();
        wrap(case, &quoted(&encoded))
    });
}

/// Replace the strings in the places of values, one by one in `each`, all in `all`.
fn leaves(value: &mut Value, depth: usize, visit: &mut dyn FnMut(&mut Value)) {
    match value {
        Value::Object(members) => members.values_mut().for_each(|member| leaves(member, depth + 1, visit)),
        Value::Array(items) => items.iter_mut().for_each(|item| leaves(item, depth + 1, visit)),
        _ if depth > 1 => visit(value),
        _ => {}
    }
}

/// The mark that stands for a variable until the policy is written.
const MARK: &str = "@@variable";

fn with_variables(value: &Value, chosen: impl Fn(usize) -> bool) -> (String, usize) {
    let mut value = value.clone();
    let mut count = 0;
    leaves(&mut value, 0, &mut |leaf| {
        if chosen(count) {
            *leaf = Value::from(format!("{MARK}{count}@"));
        }
        count += 1;
    });
    let mut text = hcl(&value);
    for at in 0..count {
        text = text.replace(&format!("\"{MARK}{at}@\""), &format!("var.v{at}"));
    }
    (text, count)
}

/// Rules that are silent about an example for another reason than that their finding would be false: the finding is true
/// of every value of the variable.
const TRUE_ANYWAY: [(&str, &str); 2] = [
    // Whatever the action, no caller of the statement has the key.
    ("dead-statement::15", "value 6 a variable"),
    // With `*` for the principal, the rule leaves the statement to `public-through-conditions`.
    ("void-condition::12", "value 7 a variable"),
];

/// Nothing is invented: a policy whose values are variables has no proved finding that some value would refute. The
/// values of a `good` example are such values.
#[test]
fn variables_are_never_taken_for_facts() {
    let mut problems = String::new();
    let mut tried = 0;
    for case in cases().iter().filter(|case| case.raw.is_empty() && !has_placeholder(&case.text)) {
        let Some(value) = tree(case) else { continue };
        let (kind, attribute) = role_or_policy(case);
        let count = with_variables(&value, |_| false).1;
        let mut try_with = |what: String, chosen: &dyn Fn(usize) -> bool| {
            let policy = with_variables(&value, chosen).0;
            let text = format!("resource \"{kind}\" \"r\" {{\n  {attribute} = jsonencode({policy})\n}}\n");
            let report = lint_source(Source::new("main.tf", text.as_str()), &case.settings);
            tried += 1;
            if TRUE_ANYWAY.contains(&(&case.name, &what)) {
                return;
            }
            for finding in report.findings.iter().filter(|finding| finding.confidence.name() == "proved") {
                let _ = writeln!(problems, "{} with {what}: {}\n{text}", case.name, finding.message);
            }
        };
        try_with("every value a variable".to_owned(), &|_| true);
        for at in 0..count {
            try_with(format!("value {at} a variable"), &|index| index == at);
        }
    }
    assert!(tried > 500, "only {tried} tried");
    assert!(problems.is_empty(), "\n{problems}");
}
