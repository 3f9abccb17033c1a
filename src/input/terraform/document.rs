//! A block with all its attributes and nested blocks as a tree, and the policy that a data source makes of it.

use super::eval::{BlockView, Content, Env, Evaluator, Scope};
use super::functions;
use super::unknown::REST;
use super::val::{Val, ValKind};
use crate::input::terraform_document::{self, Blocks, append, takes_documents};
use crate::span::Span;
use crate::syntax::hcl::{Block, Body};
use crate::value::{Domain, Hole, Kind, Member, Value};
use std::rc::Rc;

/// What says how often a block is there and how it is kept, and nothing of what it is (Terraform, "Meta-Arguments").
const META: [&str; 7] = ["connection", "count", "depends_on", "for_each", "lifecycle", "provider", "provisioner"];

/// The document of `data "aws_iam_policy_document"`.
pub(super) fn render(evaluator: &Evaluator<'_>, block: &Block, scope: &Rc<Scope>, env: &Env) -> Value<'static> {
    let attributes = tree(evaluator, block, scope, env);
    // Documents in strings are read where their places are known.
    let open = |_: &Value<'_>| Ok(Value::default());
    terraform_document::document(&attributes, Blocks::All, &open).unwrap_or_else(|problems| {
        problems.into_iter().for_each(|problem| evaluator.problem(problem.span, problem.message));
        evaluator.hole(scope, block.name_span, "a document that cannot be made", Domain::Any).to_value()
    })
}

/// The attributes of a block by name, and its nested blocks as lists.
pub(super) fn tree(evaluator: &Evaluator<'_>, block: &Block, scope: &Rc<Scope>, env: &Env) -> Value<'static> {
    with_dynamic(written(evaluator, &block.body, block.span, scope, env))
}

fn written(evaluator: &Evaluator<'_>, body: &Body, span: Span, scope: &Rc<Scope>, env: &Env) -> Value<'static> {
    let mut members: Vec<Member<'static>> = Vec::new();
    for attribute in body.attributes.iter().filter(|attribute| !META.contains(&attribute.name.as_str())) {
        let value = evaluator.eval(&attribute.value, scope, env);
        let value = match takes_documents(&attribute.name) {
            true => documents(evaluator, &value, scope),
            false => value.to_value(),
        };
        members.push(Member { key: attribute.name.clone().into(), key_span: attribute.name_span, value });
    }
    for block in &body.blocks {
        let name = match block.labels.first() {
            Some(label) if block.name == "dynamic" => label,
            _ => &block.name,
        };
        if META.contains(&name.as_str()) || members.iter().any(|member| member.key == *name) {
            continue;
        }
        let views = evaluator.blocks(body, name, scope, env);
        let Some(at) = views.first().map(|view| view.span) else { continue };
        let one = |BlockView { body, span, env, sure }: BlockView<'_>| match body {
            Content::Body(inner) if sure => Some(written(evaluator, inner, span, scope, &env)),
            // There may be any number of them.
            Content::Body(_) => Some(evaluator.hole(scope, span, REST, Domain::Any).to_value()),
            Content::Expr(_) => None,
        };
        let value = Value::new(Kind::List(views.into_iter().filter_map(one).collect()), at);
        members.push(Member { key: name.clone().into(), key_span: at, value });
    }
    Value::new(Kind::Map(members), span)
}

/// In JSON, `dynamic` is a member like others, with an object for each name of a block. It is not run: any number of
/// these blocks may be there.
fn with_dynamic(value: Value<'static>) -> Value<'static> {
    let Value { span, kind } = value;
    let kind = match kind {
        Kind::List(items) => Kind::List(items.into_iter().map(with_dynamic).collect()),
        Kind::Map(members) => {
            let (dynamic, written): (Vec<_>, Vec<_>) = members.into_iter().partition(|member| member.key == "dynamic");
            let inside = |member: Member<'static>| Member { value: with_dynamic(member.value), ..member };
            let mut members: Vec<Member<'static>> = written.into_iter().map(inside).collect();
            for Member { key, key_span, .. } in dynamic.iter().flat_map(|dynamic| dynamic.value.as_map()).flatten() {
                let hole = Hole { name: format!("dynamic.{key}"), why: REST, domain: Domain::Any, default: None };
                let hole = Value::new(Kind::Unknown(Box::new(hole)), *key_span);
                match members.iter_mut().find(|member| member.key == *key) {
                    Some(written) => append(&mut written.value, hole),
                    None => members.push(Member { key: key.clone(), key_span: *key_span, value: hole }),
                }
            }
            Kind::Map(members)
        }
        kind => kind,
    };
    Value::new(kind, span)
}

/// Documents that another is made of, one or a list.
fn documents(evaluator: &Evaluator<'_>, value: &Val, scope: &Rc<Scope>) -> Value<'static> {
    let one = |document: &Val| match &document.kind {
        ValKind::Null => Value::new(Kind::Null, document.span),
        ValKind::Text(_) if document.known().is_some_and(|text| text.trim().is_empty()) => document.to_value(),
        _ => match functions::decode(evaluator, document).filter(|read| read.get("Statement").is_some()) {
            Some(read) => read.to_value(),
            None => evaluator.hole(scope, document.span, REST, Domain::Any).to_value(),
        },
    };
    match &value.kind {
        ValKind::List(items, _) => Value::new(Kind::List(items.iter().map(one).collect()), value.span),
        _ => one(value),
    }
}
