//! One condition and the values of its key in a request
//! (IAM User Guide, "IAM JSON policy elements: Condition operators" and "Single-valued vs. multivalued context keys").

use crate::policy::condition::Family;
use crate::policy::pattern::{glob, widest};
use crate::policy::{BaseOperator, Condition, SetOperator, Truth};
use crate::value::{Domain, PartRef, Text};
use std::net::IpAddr;

/// Whether a condition holds for a request whose key has these values; `None` when the key is absent.
///
/// A key with several values under an operator without a set prefix is not specified by AWS: the answer is `Maybe`.
pub fn holds(condition: &Condition, values: Option<&[&str]>) -> Truth {
    decide(condition, values, widest)
}

/// As [`holds`], for values that whoever fills in the policy's unknown values has never heard of: such a value is equal
/// to none of them, though an unknown pattern may still match it.
pub fn holds_for_foreign(condition: &Condition, values: Option<&[&str]>) -> Truth {
    let patterns = condition.operator.base.is_some_and(BaseOperator::takes_wildcards);
    decide(condition, values, if patterns { widest_foreign } else { nothing })
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

fn decide(condition: &Condition, values: Option<&[&str]>, widest: Widest) -> Truth {
    let Some(base) = condition.operator.base else { return Truth::Maybe };
    // An empty list is no value: "null data set".
    let values = values.filter(|values| !values.is_empty());
    if base == BaseOperator::Null {
        return null(condition, values.is_some());
    }
    let Some(values) = values else {
        return condition.operator.holds_when_absent().map_or(Truth::Maybe, Truth::from);
    };
    let one = |value: &&str| {
        let listed = condition
            .values
            .iter()
            .map(|pattern| compare(base, value, pattern, widest))
            .fold(Truth::from_open(condition.open_ended), Truth::or);
        if base.negated() { listed.not() } else { listed }
    };
    match condition.operator.set {
        Some(SetOperator::ForAllValues) => values.iter().map(one).fold(Truth::Yes, Truth::and),
        Some(SetOperator::ForAnyValue) => values.iter().map(one).fold(Truth::No, Truth::or),
        None => match values {
            [value] => one(value),
            _ => Truth::Maybe,
        },
    }
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
fn compare(base: BaseOperator, value: &str, pattern: &Text, widest: Widest) -> Truth {
    let Some(known) = pattern.known() else {
        let may = match base.family() {
            Family::String | Family::Arn | Family::Bool | Family::Binary => {
                glob(&widest(pattern).to_ascii_lowercase(), &value.to_ascii_lowercase())
            }
            Family::Numeric | Family::Date | Family::Ip | Family::Null => true,
        };
        return Truth::from_open(may);
    };
    // A policy variable is filled from the request; what it gives is not decided here.
    if known.contains("${") && matches!(base.family(), Family::String | Family::Arn) {
        return Truth::Maybe;
    }
    match base {
        BaseOperator::StringEquals | BaseOperator::StringNotEquals => (value == known).into(),
        BaseOperator::StringEqualsIgnoreCase | BaseOperator::StringNotEqualsIgnoreCase => {
            (value.to_lowercase() == known.to_lowercase()).into()
        }
        BaseOperator::StringLike | BaseOperator::StringNotLike => glob(known, value).into(),
        BaseOperator::ArnEquals | BaseOperator::ArnNotEquals | BaseOperator::ArnLike | BaseOperator::ArnNotLike => {
            arn_like(known, value).into()
        }
        BaseOperator::Bool => value.eq_ignore_ascii_case(known).into(),
        BaseOperator::BinaryEquals => (value == known).into(),
        BaseOperator::IpAddress | BaseOperator::NotIpAddress => in_range(value, known).unwrap_or(false).into(),
        BaseOperator::NumericEquals | BaseOperator::NumericNotEquals => numbers(value, known, |a, b| a == b),
        BaseOperator::NumericLessThan => numbers(value, known, |a, b| a < b),
        BaseOperator::NumericLessThanEquals => numbers(value, known, |a, b| a <= b),
        BaseOperator::NumericGreaterThan => numbers(value, known, |a, b| a > b),
        BaseOperator::NumericGreaterThanEquals => numbers(value, known, |a, b| a >= b),
        BaseOperator::DateEquals
        | BaseOperator::DateNotEquals
        | BaseOperator::DateLessThan
        | BaseOperator::DateLessThanEquals
        | BaseOperator::DateGreaterThan
        | BaseOperator::DateGreaterThanEquals => Truth::Maybe,
        BaseOperator::Null => Truth::Maybe,
    }
}

fn numbers(value: &str, pattern: &str, test: fn(f64, f64) -> bool) -> Truth {
    match (value.parse(), pattern.parse()) {
        (Ok(value), Ok(pattern)) => test(value, pattern).into(),
        _ => Truth::No,
    }
}

/// Each of the six fields of an ARN is matched on its own; only the last may hold colons. A pattern with fewer fields
/// matches nothing.
pub fn arn_like(pattern: &str, value: &str) -> bool {
    let fields = |text: &str| -> Vec<String> { text.splitn(6, ':').map(str::to_owned).collect() };
    let (pattern, value) = (fields(pattern), fields(value));
    pattern.len() == 6 && value.len() == 6 && pattern.iter().zip(&value).all(|(pattern, value)| glob(pattern, value))
}

/// Whether an address lies in a range `address/prefix`; without a prefix the range is one address.
/// `None` when either does not parse.
pub fn in_range(address: &str, range: &str) -> Option<bool> {
    let address: IpAddr = address.parse().ok()?;
    let (base, prefix) = match range.split_once('/') {
        Some((base, prefix)) => (base, Some(prefix.parse::<u32>().ok()?)),
        None => (range, None),
    };
    Some(match (address, base.parse().ok()?) {
        (IpAddr::V4(address), IpAddr::V4(base)) => {
            let prefix = prefix.unwrap_or(32);
            let shift = 32_u32.checked_sub(prefix)?;
            u64::from(address.to_bits()) >> shift == u64::from(base.to_bits()) >> shift
        }
        (IpAddr::V6(address), IpAddr::V6(base)) => {
            let prefix = prefix.unwrap_or(128);
            let shift = 128_u32.checked_sub(prefix)?;
            shift == 128 || address.to_bits() >> shift == base.to_bits() >> shift
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
    })
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
        holds(&condition(operator, values), request)
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
            ("Null", &["false"], "x", Truth::Yes),
            ("StringLike", &["${aws:username}"], "x", Truth::Maybe),
        ] {
            assert_eq!(answer(operator, values, Some(&[request])), expected, "{operator} {values:?} {request}");
        }
    }

    #[test]
    fn foreign_values_equal_nothing_unknown() {
        let hole = |domain| crate::value::Hole { name: "P".into(), why: "a parameter", domain, default: None };
        for (operator, domain, expected) in [
            ("StringEquals", Domain::Text, Truth::No),
            ("StringNotEquals", Domain::Text, Truth::Yes),
            ("StringLike", Domain::Text, Truth::Maybe),
            ("StringLike", Domain::OwnOrganization, Truth::No),
        ] {
            let mut condition = condition(operator, &[]);
            condition.values.push(Text::hole(hole(domain), Span::default()));
            assert_eq!(holds_for_foreign(&condition, Some(&["x"])), expected, "{operator}");
            assert_eq!(holds(&condition, Some(&["x"])), Truth::Maybe, "{operator}");
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
        assert_eq!(answer("StringEquals", &["a"], Some(&["b", "a"])), Truth::Maybe);
    }
}
