//! The types that variables are declared with.

use super::eval::{Env, Evaluator, Scope, plain};
use super::types::{Attribute, MAX_DEPTH, Type};
use crate::syntax::hcl::{Expr, ExprKind};
use std::rc::Rc;

impl Evaluator<'_> {
    /// The type that a declaration names.
    pub fn type_of(&self, expr: &Expr, scope: &Rc<Scope>) -> Type {
        self.type_at(expr, scope, 0)
    }

    fn type_at(&self, expr: &Expr, scope: &Rc<Scope>, depth: usize) -> Type {
        let any = || Box::new(Type::Any);
        // The old spelling, and the one of JSON, is a string.
        let name = match &expr.kind {
            ExprKind::Variable(name) => Some(name.as_str()),
            _ => plain(expr),
        };
        match name {
            Some("string") => return Type::Text,
            Some("number") => return Type::Number,
            Some("bool") => return Type::Bool,
            Some("list") => return Type::List(any()),
            Some("set") => return Type::Set(any()),
            Some("map") => return Type::Map(any()),
            _ => {}
        }
        let ExprKind::Call(call) = &expr.kind else { return Type::Any };
        let (Some(inner), true) = (call.arguments.first(), depth < MAX_DEPTH) else { return Type::Any };
        let boxed = || Box::new(self.type_at(inner, scope, depth + 1));
        match (call.name.as_str(), &inner.kind) {
            ("list", _) => Type::List(boxed()),
            ("set", _) => Type::Set(boxed()),
            ("map", _) => Type::Map(boxed()),
            ("tuple", ExprKind::List(items)) => {
                Type::Tuple(items.iter().map(|item| self.type_at(item, scope, depth + 1)).collect())
            }
            ("object", ExprKind::Object(items)) => {
                let attributes = items.iter().filter_map(|item| {
                    let name = Rc::from(plain(&item.key)?);
                    Some(match &item.value.kind {
                        ExprKind::Call(call) if call.name == "optional" && !call.arguments.is_empty() => Attribute {
                            name,
                            of: self.type_at(&call.arguments[0], scope, depth + 1),
                            default: call.arguments.get(1).map(|default| self.eval(default, scope, &Env::default())),
                        },
                        _ => Attribute { name, of: self.type_at(&item.value, scope, depth + 1), default: None },
                    })
                });
                Type::Object(attributes.collect())
            }
            _ => Type::Any,
        }
    }
}
