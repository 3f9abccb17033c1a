//! Reading single values of a configuration file. Each function tells what is wrong with a value and then gives none.

use super::Date;
use super::file::Reader;
use super::known::nearest;
use crate::diagnostic::Problem;
use crate::discover::glob_problem;
use crate::rules::options::{OptionDefault, OptionSpec, OptionValue};
use crate::span::{Span, Spanned};
use toml::de::{DeInteger, DeTable, DeValue};

/// A value in the file.
pub(crate) type Node<'t> = toml::Spanned<DeValue<'t>>;

/// The place of a value.
pub(crate) fn place_of(node: &Node<'_>) -> Span {
    span_of(node.span())
}

/// A range as a span.
pub(crate) fn span_of(range: std::ops::Range<usize>) -> Span {
    Span::new(range.start, range.end)
}

impl Reader<'_> {
    /// A value is not what its key needs.
    fn wrong(&mut self, key: &str, expected: &str, node: &Node<'_>) {
        self.problems.push(Problem::new(place_of(node), format!("`{key}` must be {expected}, not {}", sort(node))));
    }

    pub(super) fn table<'t>(&mut self, key: &str, node: &'t Node<'t>) -> Option<&'t DeTable<'t>> {
        let table = node.get_ref().as_table();
        if table.is_none() {
            self.wrong(key, "a table", node);
        }
        table
    }

    /// The members of a list, each with its name for messages: `exclude[0]`.
    pub(super) fn list<'t>(&mut self, key: &str, of: &str, node: &'t Node<'t>) -> Vec<(String, &'t Node<'t>)> {
        if let Some(list) = node.get_ref().as_array() {
            return list.iter().enumerate().map(|(index, node)| (format!("{key}[{index}]"), node)).collect();
        }
        let mut problem = Problem::new(place_of(node), format!("`{key}` must be a list of {of}, not {}", sort(node)));
        if let Some(text) = node.get_ref().as_str() {
            problem = problem.with_help(format!("write `[{}]`", quoted(text)));
        }
        self.problems.push(problem);
        Vec::new()
    }

    /// A string.
    pub(super) fn string(&mut self, key: &str, node: &Node<'_>) -> Option<Spanned<String>> {
        let Some(text) = node.get_ref().as_str() else {
            self.wrong(key, "a string", node);
            return None;
        };
        Some(Spanned::new(text.to_owned(), place_of(node)))
    }

    /// A string that says something.
    pub(super) fn text(&mut self, key: &str, node: &Node<'_>) -> Option<Spanned<String>> {
        let text = self.string(key, node)?;
        if text.value.trim().is_empty() {
            self.problems.push(Problem::new(text.span, format!("`{key}` is blank")));
            return None;
        }
        Some(text)
    }

    pub(super) fn texts(&mut self, key: &str, node: &Node<'_>) -> Vec<Spanned<String>> {
        self.list(key, "strings", node).into_iter().filter_map(|(key, node)| self.text(&key, node)).collect()
    }

    pub(super) fn bool(&mut self, key: &str, node: &Node<'_>) -> Option<bool> {
        let flag = node.get_ref().as_bool();
        if flag.is_none() {
            self.wrong(key, "`true` or `false`", node);
        }
        flag
    }

    /// One of the names of a type.
    pub(super) fn choice<T: Copy>(&mut self, (key, node): (String, &Node<'_>), all: &[(T, &str)]) -> Option<T> {
        let name = self.string(&key, node)?;
        let found = all.iter().find(|(_, known)| *known == name.value);
        if found.is_none() {
            let help = match nearest(&name.value, all.iter().map(|(_, known)| *known)) {
                Some(known) => format!("did you mean `{known}`?"),
                None => {
                    let names: Vec<String> = all.iter().map(|(_, known)| format!("`{known}`")).collect();
                    format!("possible values: {}", names.join(", "))
                }
            };
            let message = format!("`{key}` cannot be `{}`", name.value);
            self.problems.push(Problem::new(name.span, message).with_help(help));
        }
        found.map(|(value, _)| *value)
    }

    pub(super) fn globs(&mut self, (key, node): (String, &Node<'_>)) -> Vec<Spanned<String>> {
        let globs = self.texts(&key, node);
        globs.iter().for_each(|glob| self.glob(glob));
        globs
    }

    pub(super) fn glob(&mut self, glob: &Spanned<String>) {
        if let Some(message) = glob_problem(&glob.value) {
            let message = format!("the path pattern `{}` cannot be read: {message}", glob.value);
            self.problems.push(Problem::new(glob.span, message));
        }
    }

    pub(super) fn account(&mut self, key: &str, node: &Node<'_>) -> Option<String> {
        if let DeValue::Integer(number) = node.get_ref() {
            let problem = Problem::new(place_of(node), "an account id must be a string, not an integer");
            self.problems.push(problem.with_help(format!("put it in quotes: `\"{}\"`", number.as_str())));
            return None;
        }
        let text = self.string(key, node)?;
        self.account_text(&text.value, text.span)
    }

    pub(super) fn account_text(&mut self, text: &str, span: Span) -> Option<String> {
        if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(text.to_owned());
        }
        let problem = Problem::new(span, format!("`{text}` is not an account id"));
        self.problems.push(problem.with_help("an account id has 12 digits"));
        None
    }

    pub(super) fn date(&mut self, key: &str, node: &Node<'_>) -> Option<Spanned<Date>> {
        let found = node.get_ref().as_datetime().filter(|at| at.time.is_none() && at.offset.is_none());
        if let Some(date) = found.and_then(|at| at.date) {
            let date = Date { year: date.year, month: date.month, day: date.day };
            return Some(Spanned::new(date, place_of(node)));
        }
        let problem = Problem::new(place_of(node), format!("`{key}` must be a date, not {}", sort(node)));
        self.problems.push(problem.with_help("write the day without quotes and without a time: `2027-03-31`"));
        None
    }

    /// The value of a rule's option, in its range.
    pub(super) fn option(&mut self, spec: &OptionSpec, key: &str, node: &Node<'_>) -> Option<Spanned<OptionValue>> {
        let value = match (spec.default, node.get_ref()) {
            (OptionDefault::Int(_), DeValue::Integer(number)) => integer(number).map(OptionValue::Int),
            (OptionDefault::Float(_), DeValue::Integer(number)) => {
                integer(number).map(|number| OptionValue::Float(number as f64))
            }
            (OptionDefault::Float(_), DeValue::Float(number)) => {
                number.as_str().parse().ok().filter(|number: &f64| number.is_finite()).map(OptionValue::Float)
            }
            (OptionDefault::Bool(_), DeValue::Boolean(flag)) => Some(OptionValue::Bool(*flag)),
            (OptionDefault::Text(_), DeValue::String(text)) => Some(OptionValue::Text(text.to_string())),
            (OptionDefault::List(_), DeValue::Array(_)) => {
                let texts = self.texts(key, node).into_iter().map(|text| text.value);
                Some(OptionValue::List(texts.collect()))
            }
            (
                OptionDefault::Int(_)
                | OptionDefault::Float(_)
                | OptionDefault::Bool(_)
                | OptionDefault::Text(_)
                | OptionDefault::List(_),
                _,
            ) => {
                self.wrong(key, spec.expected(), node);
                return None;
            }
        };
        let Some(value) = value else {
            self.problems.push(Problem::new(place_of(node), format!("the number of `{key}` is out of range")));
            return None;
        };
        if let Some(message) = spec.out_of_range(&value) {
            self.problems.push(Problem::new(place_of(node), format!("`{key}` {message}")).with_help(spec.help));
            return None;
        }
        Some(Spanned::new(value, place_of(node)))
    }
}

fn integer(number: &DeInteger<'_>) -> Option<i64> {
    i64::from_str_radix(number.as_str(), number.radix()).ok()
}

/// A text as a TOML string on one line.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => out.extend(['\\', letter]),
            letter if letter.is_control() => out.push_str(&format!("\\u{:04X}", u32::from(letter))),
            letter => out.push(letter),
        }
    }
    out.push('"');
    out
}

/// The pattern of an organization id (AWS Organizations API Reference, Organization): `o-` and
/// 10 to 32 lower case letters or digits.
pub(super) fn is_org_id(text: &str) -> bool {
    text.strip_prefix("o-").is_some_and(|id| {
        (10..=32).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    })
}

/// What a value is, with its article.
pub(crate) fn sort(node: &Node<'_>) -> &'static str {
    match node.get_ref() {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a float",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(at) if at.time.is_none() => "a date",
        DeValue::Datetime(_) => "a time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// What is wrong with the text of a file, told with advice where a key of ours is often written so.
pub(super) fn syntax_problem(text: &str, error: &toml::de::Error) -> Problem {
    let span = error.span().map_or(Span::at(text.len()), span_of);
    let at = text.get(span.range()).unwrap_or_default();
    let problem = Problem::new(span, error.message());
    let digits = text.get(span.start as usize..).unwrap_or_default().bytes().take_while(u8::is_ascii_digit).count();
    if error.message().starts_with("duplicate key") && at == "ignore" {
        return problem
            .with_help("TOML has no file with both `ignore = [...]` and `[[ignore]]`: call the list `extend-ignore`");
    }
    if digits == 12 {
        return problem.with_help("an account id is a string: put it in quotes");
    }
    problem
}
