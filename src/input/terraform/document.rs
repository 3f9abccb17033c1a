//! `data "aws_iam_policy_document"`: the JSON that the provider makes of its blocks
//! (Terraform AWS provider, "Data Source: aws_iam_policy_document").

use super::eval::{BlockView, Content, Env, Evaluator, REST, Scope};
use super::val::{Entry, Piece, Val, ValKind};
use crate::span::Span;
use crate::syntax::hcl::Block;
use crate::value::{Domain, Hole};
use std::rc::Rc;

/// The document of a data source.
pub(super) fn render(evaluator: &Evaluator<'_>, block: &Block, scope: &Rc<Scope>, env: &Env) -> Val {
    let render = Render { evaluator, scope };
    let whole = block.span;
    let value = |name: &str| {
        let attribute = block.body.attribute(name)?;
        let value = evaluator.eval(&attribute.value, scope, env);
        (!value.is_null()).then_some((value, attribute.name_span))
    };
    let mut entries = Vec::new();
    let (version, at) = value("version").unwrap_or_else(|| (Val::text("2012-10-17", block.name_span), block.name_span));
    entries.push(entry("Version", at, version));
    if let Some((id, at)) = value("policy_id") {
        entries.push(entry("Id", at, id));
    }
    // Sources first, then the own statements over those with the same Sid, then the overriding ones.
    let mut statements: Vec<Val> = Vec::new();
    for name in ["source_json", "source_policy_documents"] {
        if let Some((documents, _)) = value(name) {
            render.documents(&documents, &mut statements, false);
        }
    }
    for view in evaluator.blocks(&block.body, "statement", scope, env) {
        let statement = match view.sure {
            true => render.statement(&view),
            // There may be any number of them.
            false => evaluator.hole(scope, view.span, REST, Domain::Any),
        };
        put(statement, &mut statements, true);
    }
    for name in ["override_json", "override_policy_documents"] {
        if let Some((documents, _)) = value(name) {
            render.documents(&documents, &mut statements, true);
        }
    }
    entries.push(entry("Statement", block.name_span, Val::list(statements, whole)));
    Val::map(entries, whole)
}

/// Add a statement; with `replace`, one with the same Sid gives way.
fn put(statement: Val, statements: &mut Vec<Val>, replace: bool) {
    let sid = |value: &Val| value.get("Sid").and_then(Val::known).filter(|sid| !sid.is_empty());
    if replace
        && let Some(sid_of_new) = sid(&statement)
        && let Some(old) = statements.iter_mut().find(|old| sid(old).is_some_and(|old| old == sid_of_new))
    {
        *old = statement;
        return;
    }
    statements.push(statement);
}

fn entry(key: &str, key_span: Span, value: Val) -> Entry {
    Entry { key: key.into(), key_span, value }
}

struct Render<'e, 'l> {
    evaluator: &'e Evaluator<'l>,
    scope: &'e Rc<Scope>,
}

impl Render<'_, '_> {
    /// The statements of other documents, one or a list of JSON strings.
    fn documents(&self, documents: &Val, statements: &mut Vec<Val>, replace: bool) {
        let list = match &documents.kind {
            ValKind::List(items) => items.to_vec(),
            _ => vec![documents.clone()],
        };
        for document in list {
            let text = document.known();
            if text.as_deref().is_some_and(|text| text.trim().is_empty()) || document.is_null() {
                continue;
            }
            let read = super::functions::decode(self.evaluator, &document, self.scope);
            match read.as_ref().and_then(|read| read.get("Statement")) {
                Some(found) => {
                    let found = match &found.kind {
                        ValKind::List(items) => items.to_vec(),
                        _ => vec![found.clone()],
                    };
                    found.into_iter().for_each(|statement| put(statement, statements, replace));
                }
                None => statements.push(self.evaluator.hole(self.scope, document.span, REST, Domain::Any)),
            }
        }
    }

    fn statement(&self, view: &BlockView<'_>) -> Val {
        let mut entries = Vec::new();
        let value = |name: &str| {
            let (expr, at) = view.body.attribute(name)?;
            let value = self.evaluator.eval(expr, self.scope, &view.env);
            (!value.is_null()).then_some((value, at))
        };
        if let Some((sid, at)) = value("sid").filter(|(sid, _)| sid.known().is_none_or(|sid| !sid.is_empty())) {
            entries.push(entry("Sid", at, sid));
        }
        let (effect, at) = value("effect").unwrap_or_else(|| (Val::text("Allow", view.span), view.span));
        entries.push(entry("Effect", at, effect));
        for (name, key) in [
            ("actions", "Action"),
            ("not_actions", "NotAction"),
            ("resources", "Resource"),
            ("not_resources", "NotResource"),
        ] {
            // An empty list is left out.
            if let Some((list, at)) = value(name).filter(|(list, _)| list.as_list().is_none_or(|list| !list.is_empty()))
            {
                entries.push(entry(key, at, variables(list)));
            }
        }
        for (name, key) in [("principals", "Principal"), ("not_principals", "NotPrincipal")] {
            let views = self.evaluator.inner(view.body, name, self.scope, &view.env);
            if let Some(principals) = self.principals(&views) {
                entries.push(entry(key, views[0].span, principals));
            }
        }
        let conditions = self.evaluator.inner(view.body, "condition", self.scope, &view.env);
        if let Some(first) = conditions.first() {
            entries.push(entry("Condition", first.span, self.conditions(&conditions)));
        }
        let span = match view.body {
            Content::Body(_) => view.span,
            Content::Expr(expr) => expr.span,
        };
        Val::map(entries, span)
    }

    /// `principals` blocks: a map of lists, or `*` alone.
    fn principals(&self, views: &[BlockView<'_>]) -> Option<Val> {
        let mut members: Vec<Entry> = Vec::new();
        let mut any = None;
        for view in views {
            let value = |name: &str| {
                let (expr, at) = view.body.attribute(name)?;
                Some((self.evaluator.eval(expr, self.scope, &view.env), at))
            };
            let Some((kind, kind_at)) = value("type") else { continue };
            let (identifiers, at) =
                value("identifiers").unwrap_or_else(|| (Val::list(Vec::new(), view.span), view.span));
            let kind_text = kind.known();
            if kind_text.as_deref() == Some("*") {
                let star = match identifiers.as_list() {
                    Some([one]) => one.clone(),
                    _ => Val::text("*", kind.span),
                };
                any = Some(star);
                continue;
            }
            let Some(kind_text) = kind_text else {
                // Not even the sort of principal is known.
                return Some(self.evaluator.hole(
                    self.scope,
                    kind.span,
                    "a sort of principal that is not known",
                    Domain::Any,
                ));
            };
            let list = match &identifiers.kind {
                ValKind::List(items) => items.to_vec(),
                _ => vec![identifiers.clone()],
            };
            let list: Vec<Val> = match view.sure {
                true => list.into_iter().map(variables).collect(),
                false => vec![self.evaluator.hole(self.scope, identifiers.span, REST, Domain::Any)],
            };
            match members.iter_mut().find(|member| *member.key == *kind_text) {
                Some(member) => {
                    let mut all = member.value.as_list().unwrap_or_default().to_vec();
                    all.extend(list);
                    member.value = Val::list(all, member.value.span);
                }
                None => {
                    let value = Val::list(list, identifiers.span);
                    members.push(Entry { key: Rc::clone(&kind_text), key_span: kind_at.join(at), value });
                }
            }
        }
        match (any, members.is_empty()) {
            (Some(star), true) => Some(star),
            (Some(star), false) => {
                // The provider writes both, the star as a sort of its own; AWS takes it as everybody.
                members.push(Entry { key: "AWS".into(), key_span: star.span, value: star });
                Some(Val::map(members, views[0].span))
            }
            (None, true) => None,
            (None, false) => Some(Val::map(members, views[0].span)),
        }
    }

    fn conditions(&self, views: &[BlockView<'_>]) -> Val {
        let mut operators: Vec<Entry> = Vec::new();
        for view in views {
            let value = |name: &str| {
                let (expr, at) = view.body.attribute(name)?;
                Some((self.evaluator.eval(expr, self.scope, &view.env), at))
            };
            let (Some((test, test_at)), Some((key, key_at))) = (value("test"), value("variable")) else { continue };
            let (values, _) = value("values").unwrap_or_else(|| (Val::list(Vec::new(), view.span), view.span));
            let operator = test.known();
            let (Some(operator), true) = (operator, view.sure) else {
                // There may be a condition, and nobody knows which: the rest is open.
                let open = self.evaluator.hole(self.scope, test_at, "a condition that is not known", Domain::Any);
                let name = format!("${{{}}}", self.evaluator.excerpt(self.scope, test_at.join(view.span)));
                operators.push(Entry { key: name.into(), key_span: test.span, value: open });
                continue;
            };
            let name: Rc<str> = match key.known() {
                Some(name) => name,
                None => match key.to_pieces() {
                    Some(pieces) => super::val::text_of(&pieces, key.span).display().as_ref().into(),
                    None => continue,
                },
            };
            let key_span = if key.span.is_empty() { key_at } else { key.span };
            let values = match &values.kind {
                ValKind::List(items) => Val::list(items.iter().cloned().map(variables).collect(), values.span),
                _ => values,
            };
            let keys = Entry { key: Rc::clone(&name), key_span, value: values };
            let known = operators.iter_mut().find(|entry| entry.key == operator && entry.value.as_map().is_some());
            match known {
                None => {
                    let value = Val::map(vec![keys], view.span);
                    operators.push(Entry { key: operator, key_span: test.span, value });
                }
                Some(entry) => {
                    let mut all = entry.value.as_map().unwrap_or_default().to_vec();
                    match all.iter_mut().find(|known| known.key == name) {
                        Some(known) => {
                            let mut values = known.value.as_list().unwrap_or_default().to_vec();
                            values.extend(keys.value.as_list().unwrap_or_default().iter().cloned());
                            known.value = Val::list(values, known.value.span);
                        }
                        None => all.push(keys),
                    }
                    entry.value = Val::map(all, entry.value.span);
                }
            }
        }
        Val::map(operators, views[0].span)
    }
}

/// `&{aws:username}` is how `${aws:username}` is written in the data source.
fn variables(value: Val) -> Val {
    let span = value.span;
    match &value.kind {
        ValKind::Text(pieces) => {
            let has = |piece: &Piece| matches!(piece, Piece::Literal { text, .. } if text.contains("&{"));
            if !pieces.iter().any(has) {
                return value;
            }
            let pieces = pieces.iter().map(|piece| match piece {
                Piece::Literal { text, map } => {
                    Piece::Literal { text: text.replace("&{", "${").into(), map: map.clone() }
                }
                piece => piece.clone(),
            });
            Val::new(ValKind::Text(pieces.collect()), span)
        }
        ValKind::List(items) => Val::list(items.iter().cloned().map(variables).collect(), span),
        ValKind::Unknown(hole) if hole.default.as_deref().is_some_and(|default| default.contains("&{")) => {
            let default = hole.default.as_ref().map(|default| default.replace("&{", "${"));
            Val::new(ValKind::Unknown(Rc::new(Hole { default, ..(**hole).clone() })), span)
        }
        _ => value,
    }
}
