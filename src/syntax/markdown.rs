//! JSON in the fences of a Markdown file: each a document, with its places in the file.
//!
//! Prose shows policies in part, with words where values should be or `...` where something was left out. What is no
//! JSON as a whole is no document, and nothing is wrong with it.

use super::Parsed;
use super::json::{self, Dialect};
use crate::span::Span;
use crate::value::Value;

/// What the first word after a fence's opening must be.
const LANGUAGES: [&str; 3] = ["json", "jsonc", "json5"];

/// Parse every fence that is JSON.
pub fn parse(text: &str) -> Parsed<'_> {
    let documents = fences(text).filter_map(|fence| document(&text[fence.range()], fence.start)).collect();
    Parsed { documents, ..Parsed::default() }
}

/// The document in a fence, if it is one and nothing was left out of it.
fn document(body: &str, start: u32) -> Option<Value<'static>> {
    if body.contains("...") || body.contains('…') {
        return None;
    }
    let mut parsed = json::parse(body, Dialect::Comments);
    let value = parsed.documents.pop().filter(|_| parsed.problems.is_empty())?;
    Some(value.into_owned(&|span| Span { start: span.start + start, end: span.end + start }))
}

/// A fence that was opened.
struct Open {
    mark: u8,
    length: usize,
    is_json: bool,
    /// Where its content begins.
    start: usize,
}

/// The contents of the fences that say they are JSON (CommonMark, "Fenced code blocks"). In a list they are indented.
fn fences(text: &str) -> impl Iterator<Item = Span> {
    let mut open: Option<Open> = None;
    let mut at = 0;
    text.split_inclusive('\n').filter_map(move |line| {
        let start = at;
        at += line.len();
        let trimmed = line.trim();
        let mark = trimmed.bytes().next().filter(|mark| matches!(mark, b'`' | b'~'))?;
        let length = trimmed.bytes().take_while(|byte| *byte == mark).count();
        let info = trimmed[length..].trim();
        match &open {
            Some(fence) => {
                let closes = mark == fence.mark && length >= fence.length && info.is_empty();
                let content = (closes && fence.is_json).then(|| Span::new(fence.start, start));
                if closes {
                    open = None;
                }
                content
            }
            None => {
                // Three marks and more text with marks in it is code in a line, not a fence.
                if length >= 3 && !(mark == b'`' && info.contains('`')) {
                    let language = info.split(|c: char| c.is_whitespace() || matches!(c, '{' | ',')).next();
                    let is_json =
                        language.is_some_and(|name| LANGUAGES.iter().any(|json| json.eq_ignore_ascii_case(name)));
                    open = Some(Open { mark, length, is_json, start: at });
                }
                None
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(text: &str) -> Vec<&str> {
        let parsed = parse(text);
        assert!(parsed.problems.is_empty());
        parsed.documents.iter().map(|value| &text[value.span.range()]).collect()
    }

    #[test]
    fn each_fence_of_json_is_a_document() {
        let text = "# é\n```json\n{\"a\": 1}\n```\ntext `{}`\n~~~~ JSON title=\"x\"\n[\n~~~\n]\n~~~\n2]\n~~~~\n1. item\n\n    ```jsonc\n    // why\n    {\"b\": 2,}\n    ```\n";
        assert_eq!(shown(text), ["{\"a\": 1}", "{\"b\": 2,}"]);
        let parsed = parse(text);
        let b = parsed.documents[1].get("b").expect("it is there");
        assert_eq!(&text[b.span.range()], "2");
    }

    #[test]
    fn what_is_no_document() {
        for text in [
            "```yaml\n{\"a\": 1}\n```\n",
            "```\n{\"a\": 1}\n```\n",
            "```json\n{\"a\": ...}\n```\n",
            "```json\n{\"a\": \"...\"}\n```\n",
            "```json\n{\"a\": <account>}\n```\n",
            "```json\n```\n",
            "```json\n{\"a\": 1}\n",
            "````text\n```json\n{\"a\": 1}\n```\n````\n",
            "``` json `x` \n{\"a\": 1}\n```\n",
        ] {
            assert_eq!(shown(text), Vec::<&str>::new(), "{text}");
        }
        assert_eq!(shown("```json\r\n{\"a\": 1}\r\n```\r\n"), ["{\"a\": 1}"]);
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "(```json\n|```\n|~~~|[`~{}\":,a1é \n]){0,40}") {
            for value in parse(&text).documents {
                prop_assert!(text.get(value.span.range()).is_some());
            }
        }
    }
}
