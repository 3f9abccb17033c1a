//! Putting members and elements into JSON text, in the style that the text has around them.

use super::{Insertion, indentation, line_break};
use crate::span::Span;
use crate::value::Value;

/// A piece of JSON that is written on one line where there is no room, and else in the style of the file.
pub enum Node {
    /// Written as it is.
    Text(String),
    /// An object with one member.
    Object(&'static str, Box<Node>),
    /// A list.
    List(Vec<String>),
}

/// A text as JSON.
pub fn string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// An object of strings on one line.
pub fn object(pairs: &[(&str, &str)]) -> String {
    let pairs: Vec<String> = pairs.iter().map(|(key, value)| format!("{}: {}", string(key), string(value))).collect();
    format!("{{{}}}", pairs.join(", "))
}

impl Node {
    fn on_one_line(&self) -> String {
        match self {
            Node::Text(text) => text.clone(),
            Node::Object(key, value) => format!("{{{}: {}}}", string(key), value.on_one_line()),
            Node::List(items) => format!("[{}]", items.join(", ")),
        }
    }

    /// On several lines, the first of which begins after `indent`.
    fn on_lines(&self, indent: &str, unit: &str, break_: &str) -> String {
        let deeper = format!("{indent}{unit}");
        match self {
            Node::Text(text) => text.clone(),
            Node::Object(key, value) => {
                let value = value.on_lines(&deeper, unit, break_);
                format!("{{{break_}{deeper}{}: {value}{break_}{indent}}}", string(key))
            }
            Node::List(items) => {
                let items: Vec<String> = items.iter().map(|item| format!("{deeper}{item}")).collect();
                format!("[{break_}{}{break_}{indent}]", items.join(&format!(",{break_}")))
            }
        }
    }
}

/// Put a member into an object, before the member at `before`.
pub fn member(text: &str, object: &Value<'_>, before: usize, key: &str, value: &Node) -> Insertion {
    let first = object.as_map().and_then(|members| members.get(before)).map(|member| member.key_span);
    let key = string(key);
    let on_one_line = || format!("{key}: {}", value.on_one_line());
    put(text, object.span, first, on_one_line, |indent, unit, break_| {
        format!("{key}: {}", value.on_lines(indent, unit, break_))
    })
}

/// Put elements into a list, before its first.
pub fn elements(text: &str, list: &Value<'_>, items: &[String]) -> Insertion {
    let first = list.as_list().and_then(<[_]>::first).map(|item| item.span);
    put(text, list.span, first, || items.join(", "), |indent, _, break_| items.join(&format!(",{break_}{indent}")))
}

/// Put something before what begins at `first`; at the start of what stands at `whole` where nothing is in it.
fn put(
    text: &str,
    whole: Span,
    first: Option<Span>,
    on_one_line: impl Fn() -> String,
    on_lines: impl Fn(&str, &str, &str) -> String,
) -> Insertion {
    let Some(first) = first else { return Insertion { at: whole.start as usize + 1, text: on_one_line() } };
    let at = first.start as usize;
    let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
    let indent = &text[line..at];
    if line <= whole.start as usize || !indent.trim().is_empty() {
        return Insertion { at, text: format!("{}, ", on_one_line()) };
    }
    let opening = text[..whole.start as usize].rfind('\n').map_or(0, |end| end + 1);
    let outer = indentation(&text[opening..]);
    let unit = indent.strip_prefix(outer).filter(|unit| !unit.is_empty()).unwrap_or("  ");
    let break_ = line_break(text);
    Insertion { at: line, text: format!("{indent}{},{break_}", on_lines(indent, unit, break_)) }
}

#[cfg(test)]
mod tests {
    use super::super::edited;
    use super::*;
    use crate::syntax::{Syntax, parse};

    fn with_member(text: &str, before: usize) -> String {
        let parsed = parse(text, Syntax::Json);
        let node = Node::Object("a", Box::new(Node::List(vec![object(&[("b", "\"")]), "1".to_owned()])));
        edited(text, &[member(text, &parsed.documents[0], before, "k", &node)])
    }

    #[test]
    fn members_in_the_style_of_the_text() {
        assert_eq!(with_member("{}", 0), r#"{"k": {"a": [{"b": "\""}, 1]}}"#);
        assert_eq!(with_member(r#"{"x":1,"y":2}"#, 1), r#"{"x":1,"k": {"a": [{"b": "\""}, 1]}, "y":2}"#);
        assert_eq!(
            with_member("{\r\n\t\"x\": 1\r\n}", 0),
            "{\r\n\t\"k\": {\r\n\t\t\"a\": [\r\n\t\t\t{\"b\": \"\\\"\"},\r\n\t\t\t1\r\n\t\t]\r\n\t},\r\n\t\"x\": 1\r\n}"
        );
    }

    #[test]
    fn elements_in_the_style_of_the_text() {
        let put = |text: &str| {
            let parsed = parse(text, Syntax::Json);
            edited(text, &[elements(text, &parsed.documents[0], &["1".to_owned(), "2".to_owned()])])
        };
        assert_eq!(put("[]"), "[1, 2]");
        assert_eq!(put("[3]"), "[1, 2, 3]");
        assert_eq!(put("[\n  3\n]"), "[\n  1,\n  2,\n  3\n]");
    }
}
