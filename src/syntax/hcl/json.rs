//! `.tf.json`: the same blocks and attributes in JSON. Strings are templates (Terraform, "JSON Configuration Syntax").

use super::build::Builder;
use super::literal::{Escapes, literal};
use super::{Attribute, Block, Body, Expr, ExprKind, File, ObjectItem, Part, Template, problem};
use crate::diagnostic::Problem;
use crate::source::OffsetMap;
use crate::span::Span;
use crate::syntax::json::unescape;
use crate::value::{Kind, Member, Value};

/// How many labels each top-level block has.
const BLOCKS: [(&str, usize); 8] = [
    ("resource", 2),
    ("data", 2),
    ("module", 1),
    ("variable", 1),
    ("output", 1),
    ("provider", 1),
    ("locals", 0),
    ("terraform", 0),
];

/// The blocks of a file.
pub(super) fn file(root: &Value<'_>, text: &str, base: usize) -> File {
    let mut reader = Reader { text, base, problems: Vec::new() };
    let mut body = Body::default();
    for member in root.as_map().unwrap_or_default() {
        if let Some((_, labels)) = BLOCKS.iter().find(|(name, _)| *name == member.key) {
            reader.blocks(member, member, &[], *labels, &mut body.blocks);
        } else if member.key != "//" {
            body.attributes.push(reader.attribute(member));
        }
    }
    File { body, problems: reader.problems }
}

struct Reader<'t> {
    text: &'t str,
    base: usize,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn span(&self, span: Span) -> Span {
        Span::new(self.base + span.start as usize, self.base + span.end as usize)
    }

    /// Blocks of one name: objects nested by label, in lists where there are several.
    fn blocks(&mut self, name: &Member<'_>, at: &Member<'_>, labels: &[String], left: usize, out: &mut Vec<Block>) {
        for node in at.value.one_or_many() {
            let members = node.as_map().unwrap_or_default();
            if left > 0 {
                for member in members.iter().filter(|member| member.key != "//") {
                    let labels = [labels, &[member.key.to_string()]].concat();
                    self.blocks(name, member, &labels, left - 1, out);
                }
                continue;
            }
            let attributes = members.iter().filter(|member| member.key != "//");
            let body =
                Body { attributes: attributes.map(|member| self.attribute(member)).collect(), blocks: Vec::new() };
            out.push(Block {
                name: name.key.to_string(),
                name_span: self.span(at.key_span),
                header: self.span(at.key_span),
                labels: labels.to_vec(),
                span: self.span(at.key_span.join(node.span)),
                body,
            });
        }
    }

    fn attribute(&mut self, member: &Member<'_>) -> Attribute {
        Attribute {
            name: member.key.to_string(),
            name_span: self.span(member.key_span),
            value: self.expr(&member.value),
        }
    }

    fn expr(&mut self, value: &Value<'_>) -> Expr {
        let span = self.span(value.span);
        let kind = match &value.kind {
            Kind::Bool(value) => ExprKind::Bool(*value),
            Kind::Number(text) => ExprKind::Number(text.to_string()),
            Kind::String(text) => return self.string(text, value.span),
            Kind::List(items) => ExprKind::List(items.iter().map(|item| self.expr(item)).collect()),
            Kind::Map(members) => {
                let item = |member: &Member<'_>| ObjectItem {
                    key: self.string(&member.key, member.key_span),
                    value: self.expr(&member.value),
                };
                ExprKind::Object(members.iter().map(item).collect())
            }
            Kind::Null | Kind::Template(_) | Kind::Tagged(_) | Kind::Unknown(_) => ExprKind::Null,
        };
        Expr { span, kind }
    }

    /// A string: a template. A template that is one interpolation is the expression itself, of any type.
    fn string(&mut self, text: &str, at: Span) -> Expr {
        let span = self.span(at);
        let map = self
            .text
            .get(at.range())
            .and_then(unescape)
            .filter(|(read, _)| read == text)
            .map_or_else(OffsetMap::default, |(_, map)| OffsetMap::shifted(span.start as usize).compose(&map));
        let template = if text.contains("${") || text.contains("%{") {
            match hcl_edit::parser::parse_template(text) {
                Ok(template) => Builder::new(text, 0).template(&template, Escapes::Template),
                Err(error) => {
                    let found = problem(&error, text, 0);
                    self.problems.push(Problem { span: map.place(found.span), ..found });
                    Template::default()
                }
            }
        } else {
            Template { parts: vec![Part::Literal(literal(text, 0, Escapes::Template, false))] }
        };
        let mut expr = Expr { span: Span::new(0, text.len()), kind: ExprKind::Template(template) };
        move_expr(&mut expr, &map);
        expr.span = span;
        expr
    }
}

/// Take the places of an expression to those of the text around it.
fn move_expr(expr: &mut Expr, map: &OffsetMap) {
    expr.span = map.place(expr.span);
    match &mut expr.kind {
        ExprKind::Null | ExprKind::Bool(_) | ExprKind::Number(_) | ExprKind::Variable(_) => {}
        ExprKind::Template(template) => move_template(template, map),
        ExprKind::List(items) => items.iter_mut().for_each(|item| move_expr(item, map)),
        ExprKind::Object(items) => items.iter_mut().for_each(|item| {
            move_expr(&mut item.key, map);
            move_expr(&mut item.value, map);
        }),
        ExprKind::Traversal(start, steps) => {
            move_expr(start, map);
            for step in steps {
                if let super::Step::Index(index) = step {
                    move_expr(index, map);
                }
            }
        }
        ExprKind::Call(call) => call.arguments.iter_mut().for_each(|argument| move_expr(argument, map)),
        ExprKind::Conditional(parts) => parts.iter_mut().for_each(|part| move_expr(part, map)),
        ExprKind::Unary(_, inner) => move_expr(inner, map),
        ExprKind::Binary(_, sides) => sides.iter_mut().for_each(|side| move_expr(side, map)),
        ExprKind::For(iteration) => {
            move_expr(&mut iteration.collection, map);
            move_expr(&mut iteration.result, map);
            iteration.result_key.iter_mut().chain(&mut iteration.filter).for_each(|part| move_expr(part, map));
        }
    }
}

/// Take the places of a template to those of the text around it.
pub(super) fn move_template(template: &mut Template, map: &OffsetMap) {
    for part in &mut template.parts {
        match part {
            Part::Literal(literal) => {
                literal.span = map.place(literal.span);
                literal.map = map.compose(&literal.map);
            }
            Part::Interpolation(expr) => move_expr(expr, map),
            Part::If(condition, yes, no) => {
                move_expr(condition, map);
                move_template(yes, map);
                move_template(no, map);
            }
            Part::For { collection, body, .. } => {
                move_expr(collection, map);
                move_template(body, map);
            }
        }
    }
}
