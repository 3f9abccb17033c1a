//! What a person may set for a rule, in `[rules.<id>]` of the configuration. Rule pages declare it in their front matter.

/// One option of a rule. `severity` and `ignorable` are every rule's and no option may have their names.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OptionSpec {
    /// The key: `max-hours`.
    pub name: &'static str,
    /// The value where nothing is set; it also says which type a value has.
    pub default: OptionDefault,
    /// One line: what it changes, with the unit.
    pub help: &'static str,
    /// The smallest number that makes sense.
    pub min: Option<f64>,
    /// The largest number that makes sense.
    pub max: Option<f64>,
}

/// The type and the default of an option.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum OptionDefault {
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// Yes or no.
    Bool(bool),
    /// A text.
    Text(&'static str),
    /// A list of texts.
    List(&'static [&'static str]),
}

/// The value of an option.
#[derive(Clone, Debug, PartialEq)]
pub enum OptionValue {
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// Yes or no.
    Bool(bool),
    /// A text.
    Text(String),
    /// A list of texts.
    List(Vec<String>),
}

impl OptionSpec {
    /// What a value must be, to follow "must be".
    pub fn expected(&self) -> &'static str {
        match self.default {
            OptionDefault::Int(_) => "an integer",
            OptionDefault::Float(_) => "a number",
            OptionDefault::Bool(_) => "`true` or `false`",
            OptionDefault::Text(_) => "a string",
            OptionDefault::List(_) => "a list of strings",
        }
    }

    /// Why a value is out of range, to follow the option's name: "must be at most 12".
    pub fn out_of_range(&self, value: &OptionValue) -> Option<String> {
        let number = match value {
            OptionValue::Int(number) => *number as f64,
            OptionValue::Float(number) => *number,
            OptionValue::Bool(_) | OptionValue::Text(_) | OptionValue::List(_) => return None,
        };
        match (self.min, self.max) {
            (Some(min), _) if number < min => Some(format!("must be at least {min}")),
            (_, Some(max)) if number > max => Some(format!("must be at most {max}")),
            _ => None,
        }
    }
}

/// The options of one rule, by name.
pub type OptionValues = std::collections::BTreeMap<String, OptionValue>;

impl From<OptionDefault> for OptionValue {
    fn from(default: OptionDefault) -> Self {
        match default {
            OptionDefault::Int(number) => OptionValue::Int(number),
            OptionDefault::Float(number) => OptionValue::Float(number),
            OptionDefault::Bool(flag) => OptionValue::Bool(flag),
            OptionDefault::Text(text) => OptionValue::Text(text.to_owned()),
            OptionDefault::List(texts) => OptionValue::List(texts.iter().map(|text| (*text).to_owned()).collect()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        let spec =
            OptionSpec { name: "max-hours", default: OptionDefault::Int(4), help: "", min: Some(1.0), max: Some(12.0) };
        assert_eq!(spec.out_of_range(&OptionValue::Int(0)).as_deref(), Some("must be at least 1"));
        assert_eq!(spec.out_of_range(&OptionValue::Int(13)).as_deref(), Some("must be at most 12"));
        assert_eq!(spec.out_of_range(&OptionValue::Int(12)), None);
        assert_eq!(OptionValue::from(spec.default), OptionValue::Int(4));
    }
}
