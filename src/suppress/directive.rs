//! The words of a suppression, the same in every comment:
//!
//! ```text
//! iamlint: ignore[rule, rule limit=value limit="value"] reason
//! iamlint: ignore-file[rule] reason
//! ```
//!
//! The limits are `until` (the last day), `subject` (what the finding is about) and `sid` (the statement). A value with
//! white space, a comma or a bracket stands in double quotes, with `\"`, `\\`, `\n`, `\r`, `\t` and `\u{…}` in them.

use super::{Fault, INVALID, UNKNOWN_RULE};
use crate::config::{Date, nearest};
use crate::diagnostic::Problem;
use crate::rules::{self, Rule};
use crate::span::{Span, Spanned};

/// What every suppression in a comment begins with.
pub const MARK: &str = "iamlint:";

/// How a suppression is written, for messages.
const FORM: &str = "write `iamlint: ignore[rule] reason`";

/// What a comment says. Places are in the comment's text.
#[derive(Debug, Default)]
pub struct Directive {
    /// Whether it is for the whole file.
    pub whole_file: bool,
    /// The rules, each with its limits.
    pub items: Vec<Item>,
    /// Why.
    pub reason: String,
    /// What is wrong with it. What is wrong with one item does not stop the others.
    pub faults: Vec<Fault>,
}

/// One rule to silence, and what it is limited to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The rule.
    pub rule: &'static str,
    /// Where it is named.
    pub at: Span,
    /// What it is limited to.
    pub limits: Limits,
}

/// What a suppression is limited to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// The last day on which it holds.
    pub until: Option<Date>,
    /// The statement's Sid.
    pub sid: Option<String>,
    /// What the finding is about.
    pub subject: Option<String>,
}

impl Limits {
    /// The names of the limits.
    pub const NAMES: [&'static str; 3] = ["until", "sid", "subject"];

    /// Set the limit of this name; what is wrong otherwise.
    pub fn set(&mut self, name: &Spanned<String>, value: &Spanned<String>) -> Result<(), Problem> {
        let seen = match name.value.as_str() {
            "until" => match Date::parse(&value.value) {
                Some(date) => self.until.replace(date).is_some(),
                None => {
                    let problem = Problem::new(value.span, format!("`{}` is not a date", shown(&value.value)));
                    return Err(problem.with_help("write the last day as `2027-03-31`"));
                }
            },
            "sid" => self.sid.replace(value.value.clone()).is_some(),
            "subject" => self.subject.replace(value.value.clone()).is_some(),
            other => {
                let help = match nearest(other, Self::NAMES) {
                    Some(known) => format!("did you mean `{known}`?"),
                    None => "a suppression can have `until`, `sid` and `subject`".to_owned(),
                };
                let message = format!("`{}` is no limit of a suppression", shown(other));
                return Err(Problem::new(name.span, message).with_help(help));
            }
        };
        if seen {
            let help = "write a second suppression: each accepts one thing";
            let message = format!("`{}` stands here twice", name.value);
            return Err(Problem::new(name.span, message).with_help(help));
        }
        Ok(())
    }
}

/// Text that a user wrote, at a length that fits a message.
pub(super) fn shown(text: &str) -> String {
    const LONGEST: usize = 60;
    let clean = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut cut: String = clean.take(LONGEST + 1).collect();
    if cut.chars().count() > LONGEST {
        cut.pop();
        cut.push('…');
    }
    cut
}

/// The rule called `name`, or what is wrong with that.
pub(super) fn rule_called(name: &Spanned<String>) -> Result<&'static Rule, Fault> {
    if let Some(rule) = rules::find(&name.value) {
        return Ok(rule);
    }
    let is_family = name.value == "all" || rules::RULES.iter().any(|rule| rule.family == name.value);
    let help = match nearest(&name.value, rules::RULES.iter().map(|rule| rule.id)) {
        _ if is_family => "it names several rules; a suppression is for one".to_owned(),
        Some(known) => format!("did you mean `{known}`?"),
        None => "`iamlint rules` lists every rule".to_owned(),
    };
    let problem = Problem::new(name.span, format!("there is no rule `{}`", shown(&name.value))).with_help(help);
    Err(Fault { rule: UNKNOWN_RULE, subject: name.value.clone(), problem })
}

/// Whether a text says why something is right.
pub(super) fn is_reason(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric)
}

pub(super) fn invalid(subject: impl Into<String>, problem: Problem) -> Fault {
    Fault { rule: INVALID, subject: subject.into(), problem }
}

/// Read the text of a comment. `None` when it is no suppression and was not meant as one.
pub fn read(text: &str) -> Option<Directive> {
    let start = text.len() - text.trim_start().len();
    let rest = text[start..].strip_prefix(MARK)?;
    let mut reader = Reader { text, at: start + MARK.len(), directive: Directive::default() };
    reader.blank();
    let word = reader.word(rest.len());
    match &text[word.range()] {
        "ignore" => {}
        "ignore-file" => reader.directive.whole_file = true,
        other => {
            let help = meant(other)?;
            let message = format!("`{}` is not a directive of iamlint", shown(other));
            reader.fault(Problem::new(word, message).with_help(help));
            return Some(reader.directive);
        }
    }
    if reader.items() {
        let reason = text[reader.at..].trim().trim_start_matches([':', '-', '–', '—']).trim();
        reader.directive.reason = reason.to_owned();
        if !is_reason(reason) {
            let place = Span::new(start, reader.at);
            let problem = Problem::new(place, "this suppression gives no reason, so it silences nothing");
            reader.fault(problem.with_help("say after the bracket why this is right"));
            reader.directive.items.clear();
        }
    }
    Some(reader.directive)
}

/// Advice for a word that was most likely meant to suppress something.
fn meant(word: &str) -> Option<String> {
    const OTHERS: [&str; 12] = [
        "disable",
        "disable-file",
        "disable-line",
        "disable-next-line",
        "skip",
        "skip-file",
        "suppress",
        "allow",
        "nolint",
        "noqa",
        "ignore-line",
        "ignore-next-line",
    ];
    let lower = word.to_ascii_lowercase();
    match nearest(&lower, ["ignore", "ignore-file"]) {
        Some(known) => Some(format!("did you mean `{known}`?")),
        None => OTHERS.contains(&lower.as_str()).then(|| FORM.to_owned()),
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    directive: Directive,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn next(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn blank(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    /// Letters and dashes from here on, at most `limit` bytes.
    fn word(&mut self, limit: usize) -> Span {
        let is_part = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
        let length = self.rest().find(|c| !is_part(c)).unwrap_or(self.rest().len()).min(limit);
        let word = Span::new(self.at, self.at + length);
        self.at += length;
        word
    }

    fn fault(&mut self, problem: Problem) {
        let subject = self.text[problem.span.range()].to_owned();
        self.directive.faults.push(invalid(subject, problem));
    }

    /// `[rule limit=value, rule]`. Whether it could be read to its end.
    fn items(&mut self) -> bool {
        self.blank();
        let open = self.at;
        if self.next() != Some('[') {
            let message = "this suppression names no rule in brackets, so it silences nothing";
            self.fault(Problem::new(Span::new(0, open), message).with_help(FORM));
            return false;
        }
        self.at += 1;
        loop {
            self.blank();
            match self.next() {
                Some(']') => {
                    self.at += 1;
                    break;
                }
                Some(',') => self.at += 1,
                None => {
                    let problem = Problem::new(Span::new(open, open + 1), "this bracket is not closed in the comment");
                    self.fault(problem.with_help(FORM));
                    self.directive.items.clear();
                    return false;
                }
                Some(_) => self.item(),
            }
        }
        if self.directive.items.is_empty() && self.directive.faults.is_empty() {
            let message = "this suppression names no rule, so it silences nothing";
            self.fault(Problem::new(Span::new(open, self.at), message).with_help(FORM));
            return false;
        }
        true
    }

    /// One rule with its limits, up to a comma or the closing bracket.
    fn item(&mut self) {
        let name = self.value();
        let mut holds = true;
        let rule = match rule_called(&name) {
            Ok(rule) => Some(rule.id),
            Err(fault) => {
                self.directive.faults.push(fault);
                None
            }
        };
        let mut limits = Limits::default();
        loop {
            self.blank();
            if matches!(self.next(), None | Some(',' | ']')) {
                break;
            }
            let key = self.key();
            let value = if self.next() == Some('=') {
                self.at += 1;
                self.value()
            } else {
                let message = format!("expected `,` or `]`, found `{}`", shown(&key.value));
                self.fault(
                    Problem::new(key.span, message).with_help("rules have commas between them, limits have `=`"),
                );
                holds = false;
                continue;
            };
            if let Err(problem) = limits.set(&key, &value) {
                self.fault(problem);
                holds = false;
            }
        }
        if let Some(rule) = rule.filter(|_| holds) {
            self.directive.items.push(Item { rule, at: name.span, limits });
        }
    }

    /// What stands before a `=`; at least one character.
    fn key(&mut self) -> Spanned<String> {
        let ends = |c: char| c.is_whitespace() || matches!(c, '=' | ',' | ']');
        let length = self.rest().find(ends).unwrap_or(self.rest().len());
        let length = length.max(self.next().map_or(0, char::len_utf8));
        let span = Span::new(self.at, self.at + length);
        self.at += length;
        Spanned::new(self.text[span.range()].to_owned(), span)
    }

    /// A value, in quotes or not.
    fn value(&mut self) -> Spanned<String> {
        let start = self.at;
        if self.next() != Some('"') {
            let ends = |c: char| c.is_whitespace() || matches!(c, ',' | ']');
            self.at += self.rest().find(ends).unwrap_or(self.rest().len());
            let span = Span::new(start, self.at);
            return Spanned::new(self.text[span.range()].to_owned(), span);
        }
        self.at += 1;
        let mut value = String::new();
        while let Some(c) = self.next() {
            self.at += c.len_utf8();
            match c {
                '"' => return Spanned::new(value, Span::new(start, self.at)),
                '\\' => match self.escape() {
                    Some(c) => value.push(c),
                    None => value.push('\\'),
                },
                c => value.push(c),
            }
        }
        let problem = Problem::new(Span::new(start, start + 1), "this quote is not closed in the comment");
        self.fault(problem);
        Spanned::new(value, Span::new(start, self.at))
    }

    /// What follows a backslash.
    fn escape(&mut self) -> Option<char> {
        let (c, length) = match self.next()? {
            'n' => ('\n', 1),
            'r' => ('\r', 1),
            't' => ('\t', 1),
            c @ ('"' | '\\') => (c, 1),
            'u' => {
                let digits = self.rest().strip_prefix("u{")?.split('}').next()?;
                (char::from_u32(u32::from_str_radix(digits, 16).ok()?)?, digits.len() + 3)
            }
            _ => return None,
        };
        self.at = (self.at + length).min(self.text.len());
        Some(c)
    }
}

/// A value as it is written in a directive, so that [`read`] gives it back and no line ends in it.
pub fn quoted(value: &str) -> String {
    let is_plain = |c: char| !c.is_whitespace() && !is_hidden(c) && !matches!(c, ',' | ']' | '"' | '\\');
    if !value.is_empty() && value.chars().all(is_plain) {
        return value.to_owned();
    }
    let mut out = String::from('"');
    for c in value.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_hidden(c) => out.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Characters that end a line somewhere, or that nobody sees.
fn is_hidden(c: char) -> bool {
    c.is_control() || matches!(u32::from(c), 0x2028..=0x202e | 0x2066..=0x2069 | 0x200b..=0x200f | 0xfeff)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The items as a person would write them, and the reason.
    fn said(text: &str) -> (Vec<String>, String) {
        let directive = read(text).expect("a directive");
        assert!(directive.faults.is_empty(), "{:?}", directive.faults);
        let item = |item: &Item| {
            let Limits { until, sid, subject } = &item.limits;
            let mut out = item.rule.to_owned();
            assert_eq!(&text[item.at.range()], item.rule);
            out.extend(until.map(|date| format!(" until={date}")));
            out.extend(sid.iter().map(|sid| format!(" sid={sid}")));
            out.extend(subject.iter().map(|subject| format!(" subject={subject}")));
            out
        };
        (directive.items.iter().map(item).collect(), directive.reason)
    }

    /// What is wrong, each with the bytes it is said of.
    fn faults(text: &str) -> Vec<(String, String)> {
        let directive = read(text).expect("a directive");
        let place = |fault: &Fault| (text[fault.problem.span.range()].to_owned(), fault.problem.message.clone());
        directive.faults.iter().map(place).collect()
    }

    #[test]
    fn rules_limits_and_a_reason() {
        let (items, reason) = said(
            " iamlint: ignore[missing-external-id until=2027-03-31 subject=arn:aws:iam::618273945102:root, missing-mfa sid=\"a b\"] the vendor cannot ",
        );
        assert_eq!(
            items,
            ["missing-external-id until=2027-03-31 subject=arn:aws:iam::618273945102:root", "missing-mfa sid=a b"]
        );
        assert_eq!(reason, "the vendor cannot");
        assert_eq!(said("iamlint: ignore [ missing-mfa ,] - it is a test").1, "it is a test");
        assert_eq!(said("iamlint:ignore[missing-mfa]: why").1, "why");
        let file = read("iamlint: ignore-file[missing-mfa] why").expect("a directive");
        assert!(file.whole_file && file.items.len() == 1);
    }

    #[test]
    fn what_is_no_suppression() {
        for text in ["", "iamlint", "see iamlint: ignore[x]", "iamlint: see the manual", "iamlint: TODO", "noqa"] {
            assert!(read(text).is_none(), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_at_its_place() {
        let one = |text: &str| faults(text).first().cloned().expect("a fault");
        let nothing = "so it silences nothing";
        assert_eq!(one("iamlint: ignore[missing-mfa]").1, format!("this suppression gives no reason, {nothing}"));
        assert!(read("iamlint: ignore[missing-mfa] --").expect("a directive").items.is_empty());
        assert_eq!(
            one("iamlint: ignore missing-mfa why").1,
            format!("this suppression names no rule in brackets, {nothing}")
        );
        assert_eq!(one("iamlint: ignore[] why").1, format!("this suppression names no rule, {nothing}"));
        assert_eq!(one("iamlint: ignore[missing-mfa why").1, "expected `,` or `]`, found `why`");
        assert_eq!(one("iamlint: ignore[missing-mfa").1, "this bracket is not closed in the comment");
        assert_eq!(one("iamlint: disable=missing-mfa").0, "disable");
        assert_eq!(one("iamlint: ignor[missing-mfa] x").1, "`ignor` is not a directive of iamlint");
        assert_eq!(
            one("iamlint: ignore[missing-mfa until=2027-02-29] x"),
            ("2027-02-29".into(), "`2027-02-29` is not a date".into())
        );
        assert_eq!(one("iamlint: ignore[missing-mfa untill=x] x").0, "untill");
        assert_eq!(one("iamlint: ignore[missing-mfa sid=a sid=b] x").1, "`sid` stands here twice");
        assert_eq!(one("iamlint: ignore[missing-mfa sid=\"a] x").1, "this quote is not closed in the comment");
    }

    #[test]
    fn one_wrong_rule_does_not_stop_the_others() {
        let directive = read("iamlint: ignore[missing-mfaa, missing-external-id, trust] why").expect("a directive");
        assert_eq!(directive.items.len(), 1);
        let messages: Vec<&str> = directive.faults.iter().map(|fault| fault.problem.message.as_str()).collect();
        assert_eq!(messages, ["there is no rule `missing-mfaa`", "there is no rule `trust`"]);
        assert_eq!(directive.faults[0].problem.help.as_deref(), Some("did you mean `missing-mfa`?"));
        assert!(directive.faults.iter().all(|fault| fault.rule == UNKNOWN_RULE));
    }

    #[test]
    fn values_that_could_end_a_line_or_the_brackets_are_quoted() {
        assert_eq!(quoted("repo:${x}/y"), "repo:${x}/y");
        assert_eq!(quoted("*"), "*");
        assert_eq!(quoted("a b"), "\"a b\"");
        assert_eq!(quoted(""), "\"\"");
        assert_eq!(quoted("a\n\u{2028}]"), "\"a\\n\\u{2028}]\"");
    }

    proptest! {
        #[test]
        fn quoted_values_are_read_back(value in "\\PC{0,20}|[\\x00-\\x7f]{0,20}|[\\u{2028}\\u{85}\\u{feff}\"\\\\]{0,4}") {
            let text = format!("iamlint: ignore[missing-mfa subject={}] why", quoted(&value));
            let ends_a_line = text.contains(['\n', '\r', '\u{85}', '\u{2028}']);
            prop_assert!(!ends_a_line, "{text}");
            let directive = read(&text).expect("a directive");
            prop_assert!(directive.faults.is_empty());
            prop_assert_eq!(directive.items[0].limits.subject.as_deref(), Some(value.as_str()));
        }

        #[test]
        fn any_text_is_read(text in "iamlint:( |ignore|-file|\\[|\\]|missing-mfa|,|=|sid|\"|\\\\|u\\{|é|why){0,20}") {
            if let Some(directive) = read(&text) {
                for fault in &directive.faults {
                    prop_assert!(text.get(fault.problem.span.range()).is_some());
                }
            }
        }
    }
}
