//! The strings that templates give: literals, interpolations and directives.

use super::collection::elements;
use super::eval::{Env, Evaluator, MAX_DEPTH, Scope};
use super::unknown::{BEYOND, FAILED, MAX_ITEMS, MAX_SIZE};
use super::val::{Piece, Val, ValKind};
use crate::source::OffsetMap;
use crate::span::Span;
use crate::syntax::hcl::{Literal, Part, Template};
use crate::value::{Domain, Hole};
use std::rc::Rc;

/// What one template file counts for.
const TEMPLATE_DEPTH: usize = 16;

impl Evaluator<'_> {
    /// The text of a template file with these names bound.
    pub fn in_template(&self, template: &Template, span: Span, scope: &Rc<Scope>, env: &Env) -> Val {
        // A template is no expression, and one may call for another.
        if self.depth.get() + TEMPLATE_DEPTH > MAX_DEPTH {
            self.limit(span, "templates call for each other without an end", "what they make is not judged");
            return Val::unknown("…".to_owned(), BEYOND, Domain::Any, span);
        }
        self.depth.set(self.depth.get() + TEMPLATE_DEPTH);
        let value = self.template(template, span, scope, env);
        self.depth.set(self.depth.get() - TEMPLATE_DEPTH);
        value
    }

    /// The string of a template. A template that is one interpolation is the value itself.
    pub fn template(&self, template: &Template, span: Span, scope: &Rc<Scope>, env: &Env) -> Val {
        if let [Part::Interpolation(inner)] = template.parts.as_slice() {
            return self.eval(inner, scope, env);
        }
        let mut text = Made { pieces: Vec::with_capacity(template.parts.len()), size: 0 };
        if !self.fill(template, scope, env, &mut text) {
            let message =
                format!("this text has more than {MAX_SIZE} bytes or {MAX_ITEMS} parts, and is not read to its end");
            self.limit(span, message, "a policy of this size is not judged; IAM takes 131,072 characters at most");
            let hole = Hole { name: "…".into(), why: BEYOND, domain: Domain::Text, default: None };
            text.pieces.push(Piece::Hole { hole: Rc::new(hole), span: Span::default() });
        }
        if text.pieces.is_empty() {
            return Val::text("", span);
        }
        if let [piece @ Piece::Literal { .. }] = text.pieces.as_slice() {
            return Val::new(ValKind::Text(Rc::new([piece.clone()])), span);
        }
        Val::new(ValKind::Text(text.pieces.into()), span)
    }

    /// Add the pieces of a template; false where the text is larger than one may be, and ends before.
    fn fill(&self, template: &Template, scope: &Rc<Scope>, env: &Env, out: &mut Made) -> bool {
        for part in &template.parts {
            if out.is_full() {
                return false;
            }
            let whole = match part {
                Part::Literal(literal) => {
                    out.literal(literal);
                    true
                }
                Part::Interpolation(inner) => {
                    let value = self.eval(inner, scope, env);
                    match value.to_pieces() {
                        Some(pieces) => out.filled_in(pieces, inner.span),
                        // Null and collections are no strings.
                        None => out.hole(&self.hole(scope, inner.span, FAILED, Domain::Text)),
                    }
                    true
                }
                Part::If(condition, yes, no) => match self.truth(condition, scope, env, true) {
                    Some(holds) => self.fill(if holds { yes } else { no }, scope, env, out),
                    None => true,
                },
                Part::For { key, value, collection, body } => {
                    let values = self.eval(collection, scope, env);
                    match elements(&values) {
                        Some(entries) => entries.into_iter().all(|(index, element)| {
                            let mut inner = env.with(value, element);
                            if let Some(key) = key {
                                inner = inner.with(key, index);
                            }
                            self.fill(body, scope, &inner, out)
                        }),
                        None => {
                            let why = "text made of a collection that is not known";
                            out.hole(&self.hole(scope, collection.span, why, Domain::Text));
                            true
                        }
                    }
                }
            };
            if !whole {
                return false;
            }
        }
        true
    }
}

/// A text that is being made.
struct Made {
    pieces: Vec<Piece>,
    /// About how many bytes they take.
    size: usize,
}

impl Made {
    fn is_full(&self) -> bool {
        self.size > MAX_SIZE || self.pieces.len() > MAX_ITEMS
    }

    fn literal(&mut self, literal: &Literal) {
        self.size += literal.text.len();
        let map = Some(Rc::new(literal.map.clone()));
        self.pieces.push(Piece::Literal { text: literal.text.as_str().into(), map });
    }

    /// Text that comes from elsewhere is known by the place that it is filled in at.
    fn filled_in(&mut self, pieces: Vec<Piece>, at: Span) {
        self.size += pieces.len() * 16;
        for piece in pieces {
            self.pieces.push(match piece {
                Piece::Literal { text, .. } => {
                    self.size += text.len();
                    let mut map = OffsetMap::default();
                    map.escape(0, at.start as usize);
                    map.plain(text.len(), at.end as usize);
                    Piece::Literal { text, map: Some(Rc::new(map)) }
                }
                piece => piece,
            });
        }
    }

    fn hole(&mut self, hole: &Val) {
        self.pieces.extend(hole.to_pieces().unwrap_or_default());
    }
}
