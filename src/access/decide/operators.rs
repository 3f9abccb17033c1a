//! One condition and the values of its key in a request
//! (IAM User Guide, "IAM JSON policy elements: Condition operators" and "Single-valued vs. multivalued context keys").

use super::variables::{Filled, Piece, Variables, matches};
use crate::access::undocumented;
use crate::access::values::{Decimal, Instant, base64, in_range};
use crate::aws::keys;
use crate::policy::condition::Family;
use crate::policy::pattern::{glob, widest};
use crate::policy::{BaseOperator, Condition, SetOperator, Truth};
use crate::value::{Domain, PartRef, Text};
use std::cmp::Ordering;

/// Whether a condition holds for a request whose key has these values; `None` when the key is absent.
pub fn holds<S: AsRef<str>>(condition: &Condition, values: Option<&[S]>, variables: Variables<'_>) -> Truth {
    decide(condition, values, variables, widest)
}

/// As [`holds`], for values that whoever fills in the policy's unknown values has never heard of: such a value is equal
/// to none of them, though an unknown pattern may still match it.
pub fn holds_for_foreign<S: AsRef<str>>(condition: &Condition, values: Option<&[S]>) -> Truth {
    let patterns = condition.operator.base.is_some_and(BaseOperator::takes_wildcards);
    decide(condition, values, Variables::Unknown, if patterns { widest_foreign } else { nothing })
}

/// What an unknown pattern can match, as a known one.
type Widest = fn(&Text) -> String;

/// A pattern that no value matches: the character stands in none.
const NOTHING: &str = "\0";

fn nothing(_: &Text) -> String {
    NOTHING.to_owned()
}

/// Accounts, organizations and ARNs that are not known are the user's own or somebody's in particular.
fn widest_foreign(pattern: &Text) -> String {
    let part = |part| match part {
        PartRef::Literal(text) => text.to_owned(),
        PartRef::Hole(hole) => match hole.domain {
            Domain::OwnAccount | Domain::AccountId | Domain::OwnArn(_) | Domain::OwnOrganization => NOTHING.to_owned(),
            Domain::Any | Domain::Text | Domain::OneOf(_) | Domain::Partition | Domain::Region | Domain::UrlSuffix => {
                "*".to_owned()
            }
        },
    };
    pattern.parts().map(part).collect()
}

fn decide<S: AsRef<str>>(
    condition: &Condition,
    values: Option<&[S]>,
    variables: Variables<'_>,
    widest: Widest,
) -> Truth {
    let Some(base) = condition.operator.base else { return Truth::Maybe };
    // An empty list is no value: "null data set".
    let values = values.filter(|values| !values.is_empty());
    if base == BaseOperator::Null {
        return null(condition, values.is_some());
    }
    let Some(values) = values else { return absent(condition) };
    let none = if condition.values.is_empty() { undocumented::EMPTY_LIST.answer } else { Truth::No };
    let one = |value: &S| {
        let listed = condition
            .values
            .iter()
            .map(|pattern| compare(base, value.as_ref(), pattern, variables, widest))
            .fold(Truth::from_open(condition.open_ended).or(none), Truth::or);
        if base.negated() { listed.not() } else { listed }
    };
    match (condition.operator.set, values) {
        (Some(SetOperator::ForAllValues), values) => values.iter().map(one).fold(Truth::Yes, Truth::and),
        (Some(SetOperator::ForAnyValue), values) => values.iter().map(one).fold(Truth::No, Truth::or),
        (None, [value]) if !keys::is_multivalued(&condition.key) => one(value),
        (None, _) => undocumented::SEVERAL_VALUES.answer,
    }
}

fn absent(condition: &Condition) -> Truth {
    let operator = &condition.operator;
    if operator.if_exists && operator.set == Some(SetOperator::ForAnyValue) {
        return undocumented::ANY_VALUE_IF_EXISTS.answer;
    }
    operator.holds_when_absent().map_or(Truth::Maybe, Truth::from)
}

/// `Null: {"key": "true"}` holds when the key is absent, `"false"` when it is there.
/// With a set operator it is decided by that alone (IAM Access Analyzer, "Null with qualifier").
fn null(condition: &Condition, present: bool) -> Truth {
    match condition.operator.set {
        Some(SetOperator::ForAllValues) => return Truth::Yes,
        Some(SetOperator::ForAnyValue) => return Truth::No,
        None => {}
    }
    condition
        .values
        .iter()
        .map(|value| match value.known() {
            Some(text) if text.eq_ignore_ascii_case("true") => Truth::from(!present),
            Some(text) if text.eq_ignore_ascii_case("false") => Truth::from(present),
            Some(_) => Truth::No,
            None => Truth::Maybe,
        })
        .fold(Truth::from_open(condition.open_ended), Truth::or)
}

/// Whether a request's value matches one policy value under the positive form of an operator.
fn compare(base: BaseOperator, value: &str, pattern: &Text, variables: Variables<'_>, widest: Widest) -> Truth {
    let family = base.family();
    let Some(known) = pattern.known() else { return partly_known(family, value, &widest(pattern), variables) };
    if matches!(family, Family::String | Family::Arn | Family::Bool) && !variables.leave(known) {
        return match variables.fill(known) {
            Filled::Pieces(pieces) => with_pieces(base, value, &pieces).into(),
            Filled::Unresolved => Truth::No,
            Filled::Unknown => Truth::Maybe,
        };
    }
    match base {
        BaseOperator::StringEquals | BaseOperator::StringNotEquals => (value == known).into(),
        BaseOperator::StringEqualsIgnoreCase | BaseOperator::StringNotEqualsIgnoreCase => {
            same_folded(value, known).into()
        }
        BaseOperator::StringLike | BaseOperator::StringNotLike => glob(known, value).into(),
        BaseOperator::ArnEquals | BaseOperator::ArnNotEquals | BaseOperator::ArnLike | BaseOperator::ArnNotLike => {
            arn(base, arn_like(known, value))
        }
        BaseOperator::Bool => same_bool(value, known).into(),
        BaseOperator::BinaryEquals => (base64(value).is_some() && base64(value) == base64(known)).into(),
        BaseOperator::IpAddress | BaseOperator::NotIpAddress => in_range(value, known).unwrap_or(false).into(),
        BaseOperator::NumericEquals | BaseOperator::NumericNotEquals => numbers(value, known, Ordering::is_eq),
        BaseOperator::NumericLessThan => numbers(value, known, Ordering::is_lt),
        BaseOperator::NumericLessThanEquals => numbers(value, known, Ordering::is_le),
        BaseOperator::NumericGreaterThan => numbers(value, known, Ordering::is_gt),
        BaseOperator::NumericGreaterThanEquals => numbers(value, known, Ordering::is_ge),
        BaseOperator::DateEquals | BaseOperator::DateNotEquals => dates(value, known, Ordering::is_eq),
        BaseOperator::DateLessThan => dates(value, known, Ordering::is_lt),
        BaseOperator::DateLessThanEquals => dates(value, known, Ordering::is_le),
        BaseOperator::DateGreaterThan => dates(value, known, Ordering::is_gt),
        BaseOperator::DateGreaterThanEquals => dates(value, known, Ordering::is_ge),
        // Decided before any value is looked at.
        BaseOperator::Null => Truth::Maybe,
    }
}

/// A policy value with holes can match or cannot; that it does for sure is never known.
fn partly_known(family: Family, value: &str, widest: &str, variables: Variables<'_>) -> Truth {
    let may = match family {
        Family::String | Family::Arn | Family::Bool => {
            !variables.leave(widest) || glob(&widest.to_lowercase(), &value.to_lowercase())
        }
        Family::Numeric | Family::Date | Family::Ip | Family::Binary | Family::Null => true,
    };
    Truth::from_open(may)
}

/// The comparison with a policy value whose variables are replaced.
fn with_pieces(base: BaseOperator, value: &str, pieces: &[Piece]) -> bool {
    if base.family() == Family::Arn {
        let fields: Vec<&[Piece]> = pieces.splitn(6, |piece| *piece == Piece::Char(':')).collect();
        let values: Vec<&str> = value.splitn(6, ':').collect();
        return fields.len() == 6
            && values.len() == 6
            && fields.iter().zip(values).all(|(field, value)| matches(field, value));
    }
    if base.takes_wildcards() {
        return matches(pieces, value);
    }
    let text: String = pieces
        .iter()
        .map(|piece| match piece {
            Piece::Char(c) => *c,
            Piece::One => '?',
            Piece::Many => '*',
        })
        .collect();
    match base {
        BaseOperator::Bool => same_bool(value, &text),
        BaseOperator::StringEqualsIgnoreCase | BaseOperator::StringNotEqualsIgnoreCase => same_folded(value, &text),
        _ => value == text,
    }
}

fn same_folded(value: &str, pattern: &str) -> bool {
    value.to_lowercase() == pattern.to_lowercase()
}

/// `true` and `false` in any case; other words are no booleans and match nothing.
fn same_bool(value: &str, pattern: &str) -> bool {
    let word = |text: &str| ["false", "true"].iter().position(|word| text.eq_ignore_ascii_case(word));
    word(value).is_some() && word(value) == word(pattern)
}

fn numbers(value: &str, pattern: &str, test: fn(Ordering) -> bool) -> Truth {
    match (Decimal::parse(value), Decimal::parse(pattern)) {
        (Some(value), Some(pattern)) => test(value.compare(pattern)).into(),
        _ => Truth::No,
    }
}

fn dates(value: &str, pattern: &str, test: fn(Ordering) -> bool) -> Truth {
    match (Instant::parse(value), Instant::parse(pattern)) {
        (Some(value), Some(pattern)) => test(value.cmp(&pattern)).into(),
        _ => Truth::No,
    }
}

/// What an ARN comparison says; `None` is a pattern that is no ARN.
fn arn(base: BaseOperator, matched: Option<bool>) -> Truth {
    match matched {
        Some(matched) => matched.into(),
        // The caller turns the answer round for a negated operator.
        None if base.negated() => undocumented::NEGATED_MALFORMED_ARN.answer.not(),
        None => Truth::No,
    }
}

/// Each of the six fields of an ARN is matched on its own; only the last may hold colons. `None` for a pattern with
/// fewer fields, which matches nothing.
pub fn arn_like(pattern: &str, value: &str) -> Option<bool> {
    // Mostly the wildcards stand in the last field, and what stands before them is the same or not.
    let plain = pattern.bytes().position(|byte| matches!(byte, b'*' | b'?')).unwrap_or(pattern.len());
    if pattern[..plain].bytes().filter(|byte| *byte == b':').count() >= 5 {
        return Some(value.strip_prefix(&pattern[..plain]).is_some_and(|rest| glob(&pattern[plain..], rest)));
    }
    let (mut pattern, mut value) = (pattern, Some(value));
    for _ in 0..5 {
        let (field, after) = first_field(pattern)?;
        pattern = after;
        let rest = value.and_then(first_field);
        value = rest.filter(|(own, _)| glob(field, own)).map(|(_, rest)| rest);
    }
    Some(value.is_some_and(|value| glob(pattern, value)))
}

/// What stands before the first colon, and what after it. Fields are a few letters, so the plain search is the fast one.
fn first_field(text: &str) -> Option<(&str, &str)> {
    let at = text.bytes().position(|byte| byte == b':')?;
    Some((&text[..at], &text[at + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Operator;
    use crate::span::Span;

    fn condition(operator: &str, values: &[&str]) -> Condition {
        Condition {
            operator: Operator::parse(operator),
            operator_text: operator.to_owned(),
            operator_span: Span::default(),
            key: "k".to_owned(),
            key_span: Span::default(),
            values: values.iter().map(|value| Text::literal(*value, Span::default())).collect(),
            values_span: Span::default(),
            open_ended: false,
        }
    }

    fn answer(operator: &str, values: &[&str], request: Option<&[&str]>) -> Truth {
        holds(&condition(operator, values), request, Variables::Unknown)
    }

    #[test]
    fn present_keys() {
        for (operator, values, request, expected) in [
            ("StringEquals", &["a*"][..], "ab", Truth::No),
            ("StringLike", &["a*"], "ab", Truth::Yes),
            ("StringNotLike", &["a*", "b"], "c", Truth::Yes),
            ("StringNotEquals", &["a", "b"], "b", Truth::No),
            ("StringEqualsIgnoreCase", &["AB"], "ab", Truth::Yes),
            ("Bool", &["True"], "true", Truth::Yes),
            ("NumericLessThan", &["3600"], "120", Truth::Yes),
            ("NumericLessThan", &["soon"], "120", Truth::No),
            ("IpAddress", &["203.0.113.0/24"], "203.0.113.9", Truth::Yes),
            ("IpAddress", &["0.0.0.0/0"], "203.0.113.9", Truth::Yes),
            ("NotIpAddress", &["2001:db8::/32"], "203.0.113.9", Truth::Yes),
            ("IpAddress", &["2001:db8::/32"], "2001:db8::1", Truth::Yes),
            ("IpAddress", &["10.0.0.0/40"], "10.0.0.1", Truth::No),
            (
                "ArnEquals",
                &["arn:aws:iam::111122223333:role/app-*"],
                "arn:aws:iam::111122223333:role/app-1",
                Truth::Yes,
            ),
            ("ArnLike", &["arn:aws:*:role/app"], "arn:aws:iam::111122223333:role/app", Truth::No),
            ("ArnNotLike", &["arn:aws:*:role/app"], "arn:aws:iam::111122223333:role/app", Truth::Yes),
            ("ArnLike", &["arn:*:iam::*:role/*"], "arn:aws:iam::111122223333:role/a:b/c", Truth::Yes),
            ("ArnLike", &["arn:aws:*:x:role/app"], "arn:aws:iam::x:role/app", Truth::No),
            ("DateLessThan", &["2020-01-01T00:00:00Z"], "1577836799", Truth::Yes),
            ("DateNotEquals", &["whenever"], "2020-01-01", Truth::Yes),
            ("DateGreaterThanEquals", &["2020"], "2020-01-01T00:00:00Z", Truth::Yes),
            ("NumericGreaterThan", &["3.5"], "3.50", Truth::No),
            ("Bool", &["yes"], "yes", Truth::No),
            ("BinaryEquals", &["QmluYXJ5"], "QmluYXJ5", Truth::Yes),
            ("NotIpAddress", &["10.0.0.0/40"], "10.0.0.1", Truth::Yes),
            ("Null", &["false"], "x", Truth::Yes),
            ("StringLike", &["${aws:username}"], "x", Truth::Maybe),
        ] {
            assert_eq!(answer(operator, values, Some(&[request])), expected, "{operator} {values:?} {request}");
        }
    }

    #[test]
    fn absent_keys_and_sets() {
        assert_eq!(answer("StringEquals", &["a"], None), Truth::No);
        assert_eq!(answer("StringNotEquals", &["a"], None), Truth::Yes);
        assert_eq!(answer("Null", &["true"], None), Truth::Yes);
        assert_eq!(answer("ForAllValues:StringEquals", &["a"], Some(&[])), Truth::Yes);
        assert_eq!(answer("ForAnyValue:StringEquals", &["a"], Some(&["b", "a"])), Truth::Yes);
        assert_eq!(answer("ForAllValues:StringEquals", &["a"], Some(&["b", "a"])), Truth::No);
        assert_eq!(answer("ForAnyValue:StringNotEquals", &["a"], Some(&["b", "a"])), Truth::Yes);
        assert_eq!(answer("StringEquals", &["a"], Some(&["b", "a"])), Truth::No);
        assert_eq!(answer("StringNotEquals", &["a"], Some(&["b", "c"])), Truth::No);
        assert_eq!(answer("ForAnyValue:StringEqualsIfExists", &["a"], None), Truth::No);
        assert_eq!(answer("StringEquals", &[], Some(&["a"])), Truth::No);
        assert_eq!(answer("StringNotEquals", &[], Some(&["a"])), Truth::Yes);
    }
}
