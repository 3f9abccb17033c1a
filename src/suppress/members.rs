//! Suppressions in the `"//"` members of `.tf.json`, which Terraform ignores (Terraform, "JSON Configuration Syntax",
//! comment properties): a string, or a list of strings. One is for the smallest construct around it.

use super::directive::{self, MARK};
use super::{Reach, Said};
use crate::source::OffsetMap;
use crate::span::Span;
use crate::syntax::json::{self, Dialect};
use crate::value::Value;

/// Read the `"//"` members of a text.
pub fn read(text: &str, said: &mut Said) {
    if memchr::memmem::find(text.as_bytes(), MARK.as_bytes()).is_none() {
        return;
    }
    let parsed = json::parse(text, Dialect::Strict);
    parsed.documents.iter().for_each(|document| descend(document, text, said));
}

fn descend(value: &Value<'_>, text: &str, said: &mut Said) {
    for member in value.as_map().unwrap_or_default() {
        if member.key != "//" {
            descend(&member.value, text, said);
            continue;
        }
        for comment in member.value.one_or_many() {
            if let Some(words) = comment.as_str() {
                take(words, comment.span, text, said);
            }
        }
    }
    value.as_list().unwrap_or_default().iter().for_each(|item| descend(item, text, said));
}

fn take(words: &str, span: Span, text: &str, said: &mut Said) {
    let Some(directive) = directive::read(words) else { return };
    let map = text.get(span.range()).and_then(json::unescape).filter(|(read, _)| read == words);
    let map = map.map(|(_, map)| OffsetMap::shifted(span.start as usize).compose(&map));
    said.take(directive, Reach::Around(span.start), |inner| map.as_ref().map_or(span, |map| map.place(inner)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_and_lists_of_strings() {
        let text = r#"{"//": "iamlint: ignore-file[missing-mfa] why", "resource": {"aws_iam_role": {"r": {
            "//": ["a note", "iamlint: ignore[admin-access subject=\"a b\"] \"why\"", 1], "x": [{"//": "iamlint: ignore[empty-sid]"}]}}}}"#;
        let mut said = Said::default();
        read(text, &mut said);
        let entries: Vec<_> = said
            .entries
            .iter()
            .map(|entry| (entry.rule, &text[entry.at.range()], entry.reason.as_str(), entry.limits.subject.as_deref()))
            .collect();
        assert_eq!(
            entries,
            [("missing-mfa", "missing-mfa", "why", None), ("admin-access", "admin-access", "\"why\"", Some("a b"))]
        );
        assert_eq!(said.entries[0].reach, Reach::File);
        assert_eq!(said.faults.len(), 1);
        assert_eq!(&text[said.faults[0].problem.span.range()], "iamlint: ignore[empty-sid]");
    }
}
