//! Conditions: operators, keys and values (IAM User Guide, "IAM JSON policy elements: Condition operators").

use crate::span::Span;
use crate::value::Text;

/// One key under one operator, with its values. All conditions of a statement must hold.
#[derive(Clone, Debug)]
pub struct Condition {
    /// How the key's values are compared.
    pub operator: Operator,
    /// The operator as written.
    pub operator_text: String,
    /// Where the operator is written.
    pub operator_span: Span,
    /// The key as written; keys are compared without regard to case.
    pub key: String,
    /// Where the key is written.
    pub key_span: Span,
    /// The values; one of them must match (none of them, for a negated operator).
    pub values: Vec<Text>,
    /// Where the values are written.
    pub values_span: Span,
    /// Whether there may be values that the file does not show.
    pub open_ended: bool,
}

/// An operator: `ForAnyValue:StringLikeIfExists` and so on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Operator {
    /// The prefix for keys with several values.
    pub set: Option<SetOperator>,
    /// The comparison; `None` when IAM has none of this name.
    pub base: Option<BaseOperator>,
    /// Whether an absent key satisfies the condition.
    pub if_exists: bool,
    /// Whether it is written in the letters that AWS documents. Others are evaluated the same and probably rejected.
    pub canonical: bool,
}

/// The prefixes for keys with several values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SetOperator {
    /// Every value of the request must match; holds when there is none.
    ForAllValues,
    /// Some value of the request must match.
    ForAnyValue,
}

macro_rules! operators {
    ($($name:ident: $family:ident, $negated:literal;)+) => {
        /// The comparisons.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[expect(missing_docs, reason = "each variant is the operator of that name")]
        pub enum BaseOperator { $($name),+ }

        impl BaseOperator {
            /// Every comparison with its name.
            pub const ALL: &'static [(BaseOperator, &'static str)] = &[$((BaseOperator::$name, stringify!($name))),+];

            /// What is compared.
            pub fn family(self) -> Family {
                match self { $(BaseOperator::$name => Family::$family),+ }
            }

            /// Whether a match makes it false. A negated operator holds when the key is absent.
            pub fn negated(self) -> bool {
                match self { $(BaseOperator::$name => $negated),+ }
            }
        }
    };
}

operators! {
    StringEquals: String, false;
    StringNotEquals: String, true;
    StringEqualsIgnoreCase: String, false;
    StringNotEqualsIgnoreCase: String, true;
    StringLike: String, false;
    StringNotLike: String, true;
    NumericEquals: Numeric, false;
    NumericNotEquals: Numeric, true;
    NumericLessThan: Numeric, false;
    NumericLessThanEquals: Numeric, false;
    NumericGreaterThan: Numeric, false;
    NumericGreaterThanEquals: Numeric, false;
    DateEquals: Date, false;
    DateNotEquals: Date, true;
    DateLessThan: Date, false;
    DateLessThanEquals: Date, false;
    DateGreaterThan: Date, false;
    DateGreaterThanEquals: Date, false;
    Bool: Bool, false;
    BinaryEquals: Binary, false;
    IpAddress: Ip, false;
    NotIpAddress: Ip, true;
    ArnEquals: Arn, false;
    ArnNotEquals: Arn, true;
    ArnLike: Arn, false;
    ArnNotLike: Arn, true;
    Null: Null, false;
}

/// What a comparison compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// Text.
    String,
    /// Numbers.
    Numeric,
    /// Instants.
    Date,
    /// `true` and `false`.
    Bool,
    /// Bytes, in base64.
    Binary,
    /// Addresses and ranges.
    Ip,
    /// ARNs, field by field.
    Arn,
    /// Presence of the key.
    Null,
}

impl BaseOperator {
    /// The name.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(operator, _)| *operator == self).map_or("", |(_, name)| name)
    }

    /// Whether `*` and `?` in a policy value are wildcards. The exact string operators take them literally;
    /// `ArnEquals` is the same as `ArnLike`.
    pub fn takes_wildcards(self) -> bool {
        match self {
            BaseOperator::StringLike | BaseOperator::StringNotLike => true,
            other => other.family() == Family::Arn,
        }
    }
}

impl Operator {
    /// Read an operator's name, in any case.
    pub fn parse(text: &str) -> Self {
        let (set, rest) = match text.split_once(':') {
            Some((prefix, rest)) if prefix.eq_ignore_ascii_case("ForAllValues") => {
                (Some(SetOperator::ForAllValues), rest)
            }
            Some((prefix, rest)) if prefix.eq_ignore_ascii_case("ForAnyValue") => {
                (Some(SetOperator::ForAnyValue), rest)
            }
            _ => (None, text),
        };
        let suffix = "IfExists";
        let split = rest.len().checked_sub(suffix.len()).and_then(|at| rest.split_at_checked(at));
        let (name, if_exists) = match split {
            Some((name, end)) if end.eq_ignore_ascii_case(suffix) => (name, true),
            _ => (rest, false),
        };
        let found = BaseOperator::ALL.iter().find(|(_, known)| known.eq_ignore_ascii_case(name));
        let mut operator = Operator { set, base: found.map(|(base, _)| *base), if_exists, canonical: true };
        operator.canonical = operator.base.is_some() && operator.to_string() == text;
        operator
    }

    /// Whether the condition holds when the key is not in the request; `None` for an operator that does not exist.
    ///
    /// IAM User Guide, "IAM JSON policy elements: Condition operators" and "Single-valued vs. multivalued context
    /// keys": positive operators fail, negated ones and `…IfExists` hold, `ForAllValues` holds, `ForAnyValue` fails.
    /// `ForAnyValue:…IfExists` is not documented; it is taken to fail, as the set operator decides first.
    pub fn holds_when_absent(&self) -> Option<bool> {
        let base = self.base?;
        Some(match (base.family(), self.set) {
            // `Null` asks for presence itself: its values decide.
            (Family::Null, _) => return None,
            (_, Some(SetOperator::ForAllValues)) => true,
            (_, Some(SetOperator::ForAnyValue)) => false,
            (_, None) => self.if_exists || base.negated(),
        })
    }
}

impl std::fmt::Display for Operator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.set {
            Some(SetOperator::ForAllValues) => f.write_str("ForAllValues:")?,
            Some(SetOperator::ForAnyValue) => f.write_str("ForAnyValue:")?,
            None => {}
        }
        f.write_str(self.base.map_or("", BaseOperator::name))?;
        if self.if_exists { f.write_str("IfExists") } else { Ok(()) }
    }
}

impl Condition {
    /// Whether the condition is about this key.
    pub fn is_about(&self, key: &str) -> bool {
        self.key.eq_ignore_ascii_case(key)
    }

    /// The whole condition: operator, key and values.
    pub fn span(&self) -> Span {
        self.key_span.join(self.values_span)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_are_read_with_prefix_and_suffix() {
        let operator = Operator::parse("ForAnyValue:StringNotLikeIfExists");
        assert_eq!(operator.set, Some(SetOperator::ForAnyValue));
        assert_eq!(operator.base, Some(BaseOperator::StringNotLike));
        assert!(operator.if_exists && operator.canonical);
        assert_eq!(operator.to_string(), "ForAnyValue:StringNotLikeIfExists");
        let lower = Operator::parse("stringequals");
        assert_eq!(lower.base, Some(BaseOperator::StringEquals));
        assert!(!lower.canonical);
        assert_eq!(Operator::parse("StringMatches").base, None);
        assert_eq!(Operator::parse("é").base, None);
    }

    #[test]
    fn absent_keys() {
        let absent = |text: &str| Operator::parse(text).holds_when_absent();
        assert_eq!(absent("StringEquals"), Some(false));
        assert_eq!(absent("StringNotEquals"), Some(true));
        assert_eq!(absent("BoolIfExists"), Some(true));
        assert_eq!(absent("ForAllValues:StringEquals"), Some(true));
        assert_eq!(absent("ForAnyValue:StringNotEquals"), Some(false));
        assert_eq!(absent("Null"), None);
    }
}
