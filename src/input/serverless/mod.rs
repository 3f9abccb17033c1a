//! Configurations of the Serverless Framework: `serverless.yml`, and files of CloudFormation resources that such a
//! configuration takes in.
//!
//! From its documentation, "IAM Permissions For Functions", "AWS Infrastructure Resources" and "Variables". Where the
//! framework completes a policy, with permissions to write logs for example, what is judged is the user's part.

mod syntax;
mod variables;

use super::cloudformation::{CloudFormation, Reader};
use super::{Found, Input};
use crate::site::PolicyKind;
use crate::span::Span;
use crate::syntax::Document;
use crate::value::{Kind, Member, Value};
use variables::Variables;

/// The format.
#[derive(Debug)]
pub struct Serverless;

/// The role that the framework makes for all functions that have no other.
const SHARED_ROLE: &str = "IamRoleLambdaExecution";

/// What only the framework understands in a file of CloudFormation resources.
const MARKS: [&str; 6] = ["${self:", "${opt:", "${file(", "${sls:", "${param:", "${aws:accountId}"];
/// What has a meaning elsewhere too, in the scripts of a template for example.
const WEAK_MARKS: [&str; 3] = ["${env:", "${cf:", "${ssm:"];

impl Input for Serverless {
    fn name(&self) -> &'static str {
        "serverless"
    }

    fn detect(&self, document: &Document<'_>) -> Option<&'static str> {
        let root = &document.root;
        let provider = root.get("provider");
        let name = provider.and_then(|provider| provider.get("name").or(Some(provider))?.as_str());
        if root.get("service").is_some() && name == Some("aws") {
            return Some("has a `service` and the provider `aws`");
        }
        // CloudFormation would refuse these variables.
        CloudFormation.detect(document)?;
        let has = |mark: &&str| memchr::memmem::find(document.text.as_bytes(), mark.as_bytes()).is_some();
        let is_whole = root.get("AWSTemplateFormatVersion").is_some();
        let marked = MARKS.iter().any(has) || !is_whole && WEAK_MARKS.iter().any(has);
        marked.then_some("has CloudFormation resources with variables of Serverless")
    }

    fn extract<'s>(&self, document: &'s Document<'s>, found: &mut Found<'s>) {
        let variables = Variables::new(document);
        let is_part = document.root.get("provider").is_none();
        let (sections, prefix) = match is_part {
            true => (Some(variables.resolve(&document.root, 0)), ""),
            false => (variables.property(&["resources"]), "resources."),
        };
        let policies = if is_part { Vec::new() } else { policies(document, &variables, found) };
        let functions: Vec<String> = function_names(document).collect();

        let sections = sections.map(|sections| merged(sections, prefix, found)).unwrap_or_default();
        let inner_document = Document { text: document.text, syntax: document.syntax, root: sections };
        let mut inner = Found::default();
        let mut reader = Reader::new(&inner_document, &inner_document.root, &mut inner);
        reader.declare_made(SHARED_ROLE, "AWS::IAM::Role");
        reader.declare_made("ServerlessDeploymentBucket", "AWS::S3::Bucket");
        for function in &functions {
            reader.declare_made(&format!("{}LambdaFunction", normalized(function)), "AWS::Lambda::Function");
        }
        let root = &inner_document.root;
        if let Some(resources) = root.get("Resources") {
            reader.resources(&format!("{prefix}Resources"), resources);
        }
        // What a user changes in a resource that the framework makes.
        let extended = root.get("extensions").and_then(|extensions| extensions.member(SHARED_ROLE));
        if let Some(role) = extended
            && let Some(properties) = role.value.get("Properties")
        {
            reader.properties(format!("{prefix}extensions.{SHARED_ROLE}"), role.key_span, "AWS::IAM::Role", properties);
        }
        for Policy { address, anchor, kind, statements } in &policies {
            reader.statements(address.clone(), *anchor, *kind, statements);
        }
        reader.finish();
        found.adopt(inner);
        found.problems.extend(variables.into_problems());
    }
}

/// Statements that the framework puts into a policy.
struct Policy<'s> {
    address: String,
    anchor: Span,
    kind: PolicyKind,
    statements: Value<'s>,
}

/// The policies outside of `resources`.
fn policies<'s>(document: &'s Document<'s>, variables: &Variables<'s>, found: &mut Found<'s>) -> Vec<Policy<'s>> {
    let read = |path: &[&str], kind| {
        let statements = variables.property(path)?;
        let owner = path.strip_suffix(&["statements"]).unwrap_or(path);
        let anchor = anchor(document, owner).unwrap_or(statements.span);
        Some(Policy { address: owner.join("."), anchor, kind, statements })
    };
    let mut policies = Vec::new();
    // The new form counts where both are there.
    let shared = read(&["provider", "iam", "role", "statements"], PolicyKind::Identity)
        .or_else(|| read(&["provider", "iamRoleStatements"], PolicyKind::Identity));
    if let Some(policy) = &shared
        && variables.property(&["provider", "role"]).is_some()
    {
        let why = format!("{}: it is not used, because `provider.role` names a role", policy.address);
        found.unresolved.push((policy.statements.span, why));
    } else {
        functions(variables, shared.as_ref().map(|policy| &policy.statements), &mut policies);
        policies.extend(shared);
    }
    let of_api = read(&["provider", "apiGateway", "resourcePolicy"], PolicyKind::Resource);
    policies.extend(of_api.or_else(|| read(&["provider", "resourcePolicy"], PolicyKind::Resource)));
    policies
}

/// The statements of functions that have a role of their own, in the built-in form and in that of the plugin
/// `serverless-iam-roles-per-function`.
fn functions<'s>(variables: &Variables<'s>, inherited: Option<&Value<'s>>, policies: &mut Vec<Policy<'s>>) {
    let Some(functions) = variables.property(&["functions"]) else { return };
    let mode = variables.property(&["provider", "iam", "role", "mode"]);
    let each = mode.is_some_and(|mode| mode.as_str() == Some("perFunction"));
    let mut put = |address, anchor, statements| {
        policies.push(Policy { address, anchor, kind: PolicyKind::Identity, statements });
    };
    for group in functions.one_or_many() {
        if let Kind::Unknown(_) = group.kind {
            put("functions".to_owned(), group.span, group.clone());
        }
        for Member { key, key_span, value } in group.as_map().unwrap_or_default() {
            let address = format!("functions.{key}");
            if let Kind::Unknown(_) = value.kind {
                put(address, *key_span, value.clone());
                continue;
            }
            let new = value.at(&["iam", "role", "statements"]);
            let (statements, place) = match (new, value.get("iamRoleStatements")) {
                _ if value.get("role").is_some() => continue,
                (Some(statements), _) => (statements, "iam.role"),
                (None, Some(statements)) => (statements, "iamRoleStatements"),
                (None, None) => continue,
            };
            let flag = value.at(&["iam", "inheritStatements"]).or_else(|| value.get("iamRoleStatementsInherit"));
            let inherits = match flag.map(|flag| &flag.kind) {
                Some(Kind::Bool(inherits)) => *inherits,
                Some(_) => true,
                None => each,
            };
            let statements = with_denials(statements, inherited.filter(|_| inherits));
            put(format!("{address}.{place}"), *key_span, statements);
        }
    }
}

/// Statements with the ones that are inherited and may take something away. What is allowed for all functions is said
/// once, where it is written.
fn with_denials<'s>(own: &Value<'s>, inherited: Option<&Value<'s>>) -> Value<'s> {
    let allows = |statement: &Value<'_>| statement.get("Effect").and_then(Value::as_str) == Some("Allow");
    let denials: Vec<_> =
        inherited.iter().flat_map(|all| all.one_or_many()).filter(|one| !allows(one)).cloned().collect();
    if denials.is_empty() || matches!(own.kind, Kind::Unknown(_) | Kind::Null) {
        return own.clone();
    }
    Value::new(Kind::List([own.one_or_many(), &denials].concat()), own.span)
}

/// Where the last member of a path is named, if no variable stands in between.
fn anchor(document: &Document<'_>, path: &[&str]) -> Option<Span> {
    let (last, above) = path.split_last()?;
    document.root.at(above)?.member(last).map(|member| member.key_span)
}

/// The sections of a template that a configuration has in `resources`: one object, or a list of objects that are merged.
fn merged<'s>(resources: Value<'s>, prefix: &str, found: &mut Found<'_>) -> Value<'s> {
    let place = prefix.trim_end_matches('.');
    let span = resources.span;
    let mut members: Vec<Member<'s>> = Vec::new();
    let items = match resources.kind {
        Kind::List(items) => items,
        kind => vec![Value::new(kind, span)],
    };
    for item in items {
        match item.kind {
            Kind::Map(sections) => {
                for section in sections {
                    let known = members.iter_mut().find(|known| known.key == section.key);
                    match (known.map(|known| &mut known.value.kind), section.value.kind) {
                        (Some(Kind::Map(known)), Kind::Map(more)) => known.extend(more),
                        (_, kind) => {
                            let value = Value::new(kind, section.value.span);
                            members.push(Member { value, ..section });
                        }
                    }
                }
            }
            Kind::Unknown(hole) => {
                found.unresolved.push((item.span, format!("{place}: `{}` is {}", hole.name, hole.why)));
            }
            _ => {}
        }
    }
    Value::new(Kind::Map(members), span)
}

/// The names of the functions that the file itself declares.
fn function_names<'d>(document: &'d Document<'_>) -> impl Iterator<Item = String> + 'd {
    let functions = document.root.get("functions").map(Value::one_or_many).unwrap_or_default();
    functions.iter().filter_map(Value::as_map).flatten().map(|member| member.key.clone().into_owned())
}

/// How the framework writes the name of a function in a logical id.
fn normalized(function: &str) -> String {
    let mut chars = function.chars();
    let first: String = chars.next().map(|first| first.to_uppercase().collect()).unwrap_or_default();
    let rest = chars.as_str().replace('-', "Dash").replace('_', "Underscore");
    first + &rest
}

#[cfg(test)]
mod tests;
