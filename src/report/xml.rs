//! Text inside XML 1.0.

use std::fmt::Write;

/// A text for an element or for an attribute in double quotes.
///
/// White space other than the space is written as a reference, for a reader would turn it into spaces in an attribute
/// and a CR into an LF in an element. A character that XML 1.0 has no way to hold is written as its code, `\u{1b}`.
pub(super) fn escape(text: &str) -> String {
    escaped(text, |c| matches!(c, '\t' | '\n' | '\r'))
}

/// The same for an element, with line breaks and tabs as they are.
pub(super) fn escape_block(text: &str) -> String {
    escaped(text, |c| c == '\r')
}

fn escaped(text: &str, reference: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            // Needed only in `]]>`.
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if reference(c) => {
                let _ = write!(out, "&#{};", u32::from(c));
            }
            c if allowed(c) => out.push(c),
            c => out.extend(c.escape_unicode()),
        }
    }
    out
}

/// `Char` of XML 1.0, section 2.2, without the control characters that it discourages.
fn allowed(c: char) -> bool {
    match c {
        '\t' | '\n' | '\r' => true,
        '\u{fffe}' | '\u{ffff}' => false,
        c => !c.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_an_attribute_or_opens_an_element() {
        assert_eq!(escape("\"/><a b='&amp;'>]]>"), "&quot;/&gt;&lt;a b='&amp;amp;'&gt;]]&gt;");
        assert_eq!(escape("a\tb\r\nc"), "a&#9;b&#13;&#10;c");
        assert_eq!(escape_block("a\tb\r\nc"), "a\tb&#13;\nc");
    }

    #[test]
    fn what_xml_cannot_hold_is_written_as_its_code() {
        assert_eq!(escape("\0\u{1b}[2J\u{7f}\u{85}"), "\\u{0}\\u{1b}[2J\\u{7f}\\u{85}");
        assert_eq!(escape("\u{fffe}\u{ffff}\u{fffd}é😀"), "\\u{fffe}\\u{ffff}\u{fffd}é😀");
    }
}
