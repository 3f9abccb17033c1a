//! What a question wants of a key: one test of its values, or its absence.

use super::domain::Test;
use super::pattern::Pattern;

/// What a question wants of a key.
#[derive(Debug)]
pub enum Want {
    /// It is absent.
    Absent,
    /// It is absent, or no value satisfies the test.
    NotIn(Test),
    /// It is there, and no value satisfies the test.
    Out(Test),
    /// It is there, and some value satisfies the test.
    In(Test),
    /// It has this value.
    Is(String),
}

impl Want {
    /// Whether a key with these values is as wanted; `None` for an absent key.
    pub fn accepts(&self, values: Option<&[String]>) -> bool {
        match self {
            Want::Absent => values.is_none(),
            Want::NotIn(test) => values.is_none_or(|values| !values.iter().any(|value| test.holds(value))),
            Want::Out(test) => values.is_some_and(|values| !values.iter().any(|value| test.holds(value))),
            Want::In(test) => values.is_some_and(|values| values.iter().any(|value| test.holds(value))),
            Want::Is(wanted) => values.is_some_and(|values| values.iter().any(|value| value == wanted)),
        }
    }

    /// The test of the key's values that it rests on; `None` for absence.
    pub fn test(&self) -> Option<Test> {
        match self {
            Want::Absent => None,
            Want::NotIn(test) | Want::Out(test) | Want::In(test) => Some(test.clone()),
            Want::Is(value) => Some(exactly(value)),
        }
    }
}

/// The test for one text.
pub fn exactly(text: &str) -> Test {
    Test::Text(vec![Pattern::exactly(text)])
}
