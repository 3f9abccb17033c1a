//! Operators on two values: comparisons and sums.

use super::number::{self, Operation};
use super::types::{self, Type};
use super::unknown::{failed, fails};
use super::val::{Val, ValKind};
use crate::span::Span;
use crate::syntax::hcl::Binary;

/// The result of an operator that is no `&&` or `||`; `None` where it is not known.
pub(super) fn apply(operator: Binary, left: Val, right: Val, span: Span) -> Option<Val> {
    let truth = |value: bool| Val::new(ValKind::Bool(value), span);
    let operation = match operator {
        Binary::Equal => return left.equals(&right).map(truth),
        Binary::NotEqual => return left.equals(&right).map(|equal| truth(!equal)),
        Binary::And | Binary::Or => return None,
        Binary::Less | Binary::LessOrEqual | Binary::Greater | Binary::GreaterOrEqual => None,
        Binary::Add => Some(Operation::Add),
        Binary::Subtract => Some(Operation::Subtract),
        Binary::Multiply => Some(Operation::Multiply),
        Binary::Divide => Some(Operation::Divide),
        Binary::Modulo => Some(Operation::Modulo),
    };
    // Everything else takes numbers.
    let (left, right) = (types::convert(left, &Type::Number), types::convert(right, &Type::Number));
    let (left, right) = match (&left.kind, &right.kind) {
        (ValKind::Number(left), ValKind::Number(right)) => (left, right),
        (ValKind::Null, _) | (_, ValKind::Null) => return Some(failed(span)),
        _ if fails(&left) || fails(&right) => return Some(failed(span)),
        _ => return None,
    };
    let Some(operation) = operation else {
        let order = number::compare(left, right);
        return Some(truth(match operator {
            Binary::Less => order.is_lt(),
            Binary::LessOrEqual => order.is_le(),
            Binary::Greater => order.is_gt(),
            _ => order.is_ge(),
        }));
    };
    if matches!(operation, Operation::Divide | Operation::Modulo) && &**right == "0" {
        return Some(failed(span));
    }
    number::compute(operation, left, right).map(|text| Val::number(&text, span))
}
