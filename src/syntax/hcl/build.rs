//! From hcl-edit's tree to ours.

use super::literal::{Escapes, literal};
use super::redefined::Renamed;
use super::{
    Attribute, Binary, Block, Body, Call, Expr, ExprKind, For, Literal, ObjectItem, Part, Step, Template, Unary,
};
use crate::span::Span;
use hcl_edit::Span as _;
use hcl_edit::expr::{BinaryOperator, Expression, ObjectKey, TraversalOperator, UnaryOperator};
use hcl_edit::structure::Structure;
use hcl_edit::template::{Directive, Element, HeredocTemplate, Strip};
use std::ops::Range;

/// Blocks nested deeper than this are left out: recursion over them is bounded, and nothing real comes near.
const MAX_BLOCKS: usize = 64;

/// Turns trees of one text into ours.
#[derive(Clone, Copy, Debug)]
pub(super) struct Builder<'t> {
    text: &'t str,
    base: usize,
    renamed: Option<&'t Renamed>,
}

impl<'t> Builder<'t> {
    /// For trees parsed from `text`; `base` is added to every place.
    pub fn new(text: &'t str, base: usize) -> Self {
        Builder { text, base, renamed: None }
    }

    /// The same, for a tree in which these keys stand under other names.
    pub fn with(self, renamed: &'t Renamed) -> Self {
        Builder { renamed: Some(renamed), ..self }
    }

    fn span(&self, range: Option<Range<usize>>) -> Span {
        let range = range.unwrap_or(0..0);
        Span::new(self.base + range.start, self.base + range.end)
    }

    pub fn body(&self, body: &hcl_edit::structure::Body, depth: usize) -> Body {
        let mut built = Body::default();
        for structure in body {
            match structure {
                Structure::Attribute(attribute) => built.attributes.push(Attribute {
                    name: attribute.key.as_str().to_owned(),
                    name_span: self.span(attribute.key.span()),
                    value: self.expr(&attribute.value),
                }),
                Structure::Block(block) if depth < MAX_BLOCKS => built.blocks.push(Block {
                    name: block.ident.as_str().to_owned(),
                    name_span: self.span(block.ident.span()),
                    header: block
                        .labels
                        .iter()
                        .fold(self.span(block.ident.span()), |header, label| header.join(self.span(label.span()))),
                    labels: block.labels.iter().map(|label| label.as_str().to_owned()).collect(),
                    span: self.span(block.span()),
                    body: self.body(&block.body, depth + 1),
                }),
                Structure::Block(_) => {}
            }
        }
        built
    }

    pub fn expr(&self, expr: &Expression) -> Expr {
        let span = self.span(expr.span());
        let kind = match expr {
            Expression::Null(_) => ExprKind::Null,
            Expression::Bool(value) => ExprKind::Bool(*value.value()),
            Expression::Number(number) => {
                let raw = number.span().and_then(|range| self.text.get(range));
                ExprKind::Number(raw.map_or_else(|| number.value().to_string(), |raw| raw.trim().to_owned()))
            }
            Expression::String(text) => ExprKind::Template(self.quoted(text.span(), text.value())),
            Expression::StringTemplate(template) => {
                let elements: Vec<&Element> = template.iter().collect();
                ExprKind::Template(self.elements(&elements, Escapes::Quoted, false, KEEP))
            }
            Expression::HeredocTemplate(heredoc) => ExprKind::Template(self.heredoc(heredoc)),
            Expression::Array(items) => ExprKind::List(items.iter().map(|item| self.expr(item)).collect()),
            Expression::Object(object) => ExprKind::Object(
                object
                    .iter()
                    .map(|(key, value)| ObjectItem { key: self.key(key), value: self.expr(value.expr()) })
                    .collect(),
            ),
            // What parentheses group has the place of what stands in them.
            Expression::Parenthesis(inner) => return self.expr(inner.inner()),
            Expression::Variable(name) => ExprKind::Variable(name.as_str().to_owned()),
            Expression::Conditional(conditional) => ExprKind::Conditional(Box::new([
                self.expr(&conditional.cond_expr),
                self.expr(&conditional.true_expr),
                self.expr(&conditional.false_expr),
            ])),
            Expression::FuncCall(call) => {
                let names = call.name.namespace.iter().chain([&call.name.name]);
                ExprKind::Call(Call {
                    name: names.map(|name| name.as_str()).collect::<Vec<_>>().join("::"),
                    arguments: call.args.iter().map(|argument| self.expr(argument)).collect(),
                    expands: call.args.expand_final(),
                })
            }
            Expression::Traversal(traversal) => {
                let mut start = self.expr(&traversal.expr);
                let mut steps = Vec::with_capacity(traversal.operators.len());
                // Of what follows `.*`, names are of each element, and an index is of the list of them.
                let mut each = false;
                for operator in traversal.operators.iter().map(|operator| operator.value()) {
                    if each && !matches!(operator, TraversalOperator::GetAttr(_)) {
                        start = Expr { span, kind: ExprKind::Traversal(Box::new(start), std::mem::take(&mut steps)) };
                        each = false;
                    }
                    each |= matches!(operator, TraversalOperator::AttrSplat(_));
                    steps.push(self.step(operator));
                }
                ExprKind::Traversal(Box::new(start), steps)
            }
            Expression::UnaryOp(operation) => {
                let operator = match operation.operator.value() {
                    UnaryOperator::Neg => Unary::Minus,
                    UnaryOperator::Not => Unary::Not,
                };
                ExprKind::Unary(operator, Box::new(self.expr(&operation.expr)))
            }
            Expression::BinaryOp(operation) => {
                let operator = match operation.operator.value() {
                    BinaryOperator::Eq => Binary::Equal,
                    BinaryOperator::NotEq => Binary::NotEqual,
                    BinaryOperator::Less => Binary::Less,
                    BinaryOperator::LessEq => Binary::LessOrEqual,
                    BinaryOperator::Greater => Binary::Greater,
                    BinaryOperator::GreaterEq => Binary::GreaterOrEqual,
                    BinaryOperator::And => Binary::And,
                    BinaryOperator::Or => Binary::Or,
                    BinaryOperator::Plus => Binary::Add,
                    BinaryOperator::Minus => Binary::Subtract,
                    BinaryOperator::Mul => Binary::Multiply,
                    BinaryOperator::Div => Binary::Divide,
                    BinaryOperator::Mod => Binary::Modulo,
                };
                let sides = [self.expr(&operation.lhs_expr), self.expr(&operation.rhs_expr)];
                ExprKind::Binary(operator, Box::new(sides))
            }
            Expression::ForExpr(iteration) => ExprKind::For(Box::new(For {
                key: iteration.intro.key_var.as_ref().map(|name| name.as_str().to_owned()),
                value: iteration.intro.value_var.as_str().to_owned(),
                collection: self.expr(&iteration.intro.collection_expr),
                result_key: iteration.key_expr.as_ref().map(|key| self.expr(key)),
                result: self.expr(&iteration.value_expr),
                groups: iteration.grouping,
                filter: iteration.cond.as_ref().map(|filter| self.expr(&filter.expr)),
            })),
        };
        Expr { span, kind }
    }

    fn key(&self, key: &ObjectKey) -> Expr {
        match key {
            ObjectKey::Expression(expr) => self.expr(expr),
            ObjectKey::Ident(name) => match name.span().and_then(|range| self.renamed(range)) {
                Some(key) => key,
                None => self.word(name.as_str(), self.span(name.span())),
            },
        }
    }

    /// A bare word as a key: a string.
    fn word(&self, name: &str, span: Span) -> Expr {
        let literal = literal(name, span.start as usize, Escapes::Template, false);
        Expr { span, kind: ExprKind::Template(Template { parts: vec![Part::Literal(literal)] }) }
    }

    /// A key that was parsed under another name, from the text itself.
    fn renamed(&self, range: Range<usize>) -> Option<Expr> {
        let range = range.start..*self.renamed?.get(&range.start)?;
        let (raw, start) = (self.text.get(range.clone())?, self.base + range.start);
        Some(match hcl_edit::parser::parse_expr(raw) {
            Ok(Expression::Variable(_)) | Err(_) => self.word(raw, self.span(Some(range))),
            Ok(key) => Builder::new(raw, start).expr(&key),
        })
    }

    fn step(&self, operator: &TraversalOperator) -> Step {
        match operator {
            TraversalOperator::AttrSplat(_) | TraversalOperator::FullSplat(_) => Step::Splat,
            TraversalOperator::GetAttr(name) => Step::Name(name.as_str().to_owned()),
            TraversalOperator::Index(index) => Step::Index(self.expr(index)),
            TraversalOperator::LegacyIndex(index) => Step::Name(index.value().to_string()),
        }
    }

    /// A quoted string without anything filled in.
    fn quoted(&self, range: Option<Range<usize>>, value: &str) -> Template {
        let range = range.unwrap_or(0..0);
        let inner = range.start + 1..range.end.saturating_sub(1).max(range.start + 1);
        let raw = self.text.get(inner.clone()).unwrap_or_default();
        Template { parts: vec![Part::Literal(self.literal(raw, inner, value, Escapes::Quoted, false))] }
    }

    fn literal(&self, raw: &str, range: Range<usize>, value: &str, escapes: Escapes, line_start: bool) -> Literal {
        let read = literal(raw, self.base + range.start, escapes, line_start);
        if read.text == value || matches!(escapes, Escapes::Indented(_)) {
            return read;
        }
        // Not expected; the text that the library read counts, and all of it has the place of the whole.
        let mut map = crate::source::OffsetMap::default();
        map.escape(0, self.base + range.start);
        Literal { text: value.to_owned(), map, ..read }
    }

    fn heredoc(&self, heredoc: &HeredocTemplate) -> Template {
        let range = heredoc.span().unwrap_or(0..0);
        let indented = self.text.get(range).is_some_and(|raw| raw.starts_with("<<-"));
        let elements: Vec<&Element> = heredoc.template.iter().collect();
        let escapes = match indented {
            true => Escapes::Indented(self.indent(&elements)),
            false => Escapes::Template,
        };
        self.elements(&elements, escapes, true, KEEP)
    }

    /// The indentation that all lines of a heredoc have, as Terraform counts it: lines of white space alone do not.
    fn indent(&self, elements: &[&Element]) -> usize {
        let mut least = usize::MAX;
        let mut line_start = true;
        for element in elements {
            let Element::Literal(text) = element else {
                if line_start {
                    least = 0;
                }
                line_start = false;
                continue;
            };
            let raw = text.span().and_then(|range| self.text.get(range)).unwrap_or_default();
            let last = raw.split_inclusive('\n').count();
            for (at, line) in raw.split_inclusive('\n').enumerate() {
                let blank = line.bytes().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
                let ends_here = at + 1 == last && !line.ends_with('\n');
                let is_empty = line.trim().is_empty() && !ends_here;
                if line_start && !is_empty {
                    least = least.min(blank);
                }
                line_start = line.ends_with('\n');
            }
        }
        if least == usize::MAX { 0 } else { least }
    }

    /// A whole template.
    pub fn template(&self, template: &hcl_edit::template::Template, escapes: Escapes) -> Template {
        self.inner(template, escapes, KEEP)
    }

    /// A template between marks that may take white space away at its edges.
    fn inner(&self, template: &hcl_edit::template::Template, escapes: Escapes, edges: Edges) -> Template {
        let elements: Vec<&Element> = template.iter().collect();
        self.elements(&elements, escapes, true, edges)
    }

    fn elements(&self, elements: &[&Element], escapes: Escapes, first_starts_line: bool, edges: Edges) -> Template {
        let mut parts = Vec::with_capacity(elements.len());
        let mut line_start = first_starts_line;
        for (at, element) in elements.iter().enumerate() {
            match element {
                Element::Literal(text) => {
                    let mut range = text.span().unwrap_or(0..0);
                    let mut raw = self.text.get(range.clone()).unwrap_or_default();
                    let mut value = text.as_str();
                    // `~}` before and `${~` after take white space away.
                    if at.checked_sub(1).map_or(edges.0, |before| strips_after(elements[before])) {
                        let trimmed = trim_start(raw, escapes);
                        range.start += raw.len() - trimmed.len();
                        (raw, value) = (trimmed, trim_start(value, escapes));
                    }
                    if elements.get(at + 1).map_or(edges.1, |after| strips_before(after)) {
                        raw = trim_end(raw, escapes);
                        value = trim_end(value, escapes);
                        range.end = range.start + raw.len();
                    }
                    parts.push(Part::Literal(self.literal(raw, range, value, escapes, line_start)));
                    line_start = raw.ends_with('\n');
                }
                Element::Interpolation(interpolation) => {
                    parts.push(Part::Interpolation(self.expr(&interpolation.expr)));
                    line_start = false;
                }
                Element::Directive(directive) => {
                    parts.push(self.directive(directive, escapes));
                    line_start = false;
                }
            }
        }
        Template { parts }
    }

    fn directive(&self, directive: &Directive, escapes: Escapes) -> Part {
        let edges = |before: Strip, after: Strip| (strips_end(before), strips_start(after));
        match directive {
            Directive::If(choice) => {
                let (first, last) = (choice.if_expr.strip, choice.endif_expr.strip);
                let middle = choice.else_expr.as_ref().map(|no| no.strip);
                let yes = self.inner(&choice.if_expr.template, escapes, edges(first, middle.unwrap_or(last)));
                let no = choice.else_expr.as_ref().map(|no| self.inner(&no.template, escapes, edges(no.strip, last)));
                Part::If(Box::new(self.expr(&choice.if_expr.cond_expr)), yes, no.unwrap_or_default())
            }
            Directive::For(iteration) => {
                let edges = edges(iteration.for_expr.strip, iteration.endfor_expr.strip);
                Part::For {
                    key: iteration.for_expr.key_var.as_ref().map(|name| name.as_str().to_owned()),
                    value: iteration.for_expr.value_var.as_str().to_owned(),
                    collection: Box::new(self.expr(&iteration.for_expr.collection_expr)),
                    body: self.inner(&iteration.for_expr.template, escapes, edges),
                }
            }
        }
    }
}

/// Whether the marks around a template take white space away at its start and at its end.
type Edges = (bool, bool);
/// There are no such marks.
const KEEP: Edges = (false, false);

/// A text without the white space that a mark before it takes: that of one line, as Terraform reads texts of several
/// lines a line at a time.
fn trim_start(text: &str, escapes: Escapes) -> &str {
    let line = match escapes {
        Escapes::Quoted => text.len(),
        Escapes::Template | Escapes::Indented(_) => text.find('\n').map_or(text.len(), |at| at + 1),
    };
    &text[line - text[..line].trim_start().len()..]
}

/// The same for a mark after it.
fn trim_end(text: &str, escapes: Escapes) -> &str {
    let line = match escapes {
        Escapes::Quoted => 0,
        Escapes::Template | Escapes::Indented(_) => {
            text.strip_suffix('\n').unwrap_or(text).rfind('\n').map_or(0, |at| at + 1)
        }
    };
    &text[..line + text[line..].trim_end().len()]
}

fn strips_start(strip: Strip) -> bool {
    matches!(strip, Strip::Start | Strip::Both)
}

fn strips_end(strip: Strip) -> bool {
    matches!(strip, Strip::End | Strip::Both)
}

fn strips_before(element: &Element) -> bool {
    let strip = match element {
        Element::Literal(_) => return false,
        Element::Interpolation(interpolation) => interpolation.strip,
        Element::Directive(directive) => match &**directive {
            Directive::If(choice) => choice.if_expr.strip,
            Directive::For(iteration) => iteration.for_expr.strip,
        },
    };
    strips_start(strip)
}

fn strips_after(element: &Element) -> bool {
    let strip = match element {
        Element::Literal(_) => return false,
        Element::Interpolation(interpolation) => interpolation.strip,
        Element::Directive(directive) => match &**directive {
            Directive::If(choice) => choice.endif_expr.strip,
            Directive::For(iteration) => iteration.endfor_expr.strip,
        },
    };
    strips_end(strip)
}
