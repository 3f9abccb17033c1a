//! Text inside Markdown (GitHub's and GitLab's flavour), such that nothing in it is read as Markdown or HTML.
//!
//! What a policy says is shown as code where it can be: nothing is special there but its own fence, and no mention and
//! no link is made of it.

use super::text::clean;
use std::fmt::Write;

/// A message as prose. What it quotes between backticks is shown as code, and so are words that would become a link or
/// a mention.
pub(super) fn prose(text: &str) -> String {
    let text = clean(text.trim());
    let mut out = String::with_capacity(text.len() + 16);
    let parts: Vec<&str> = text.split('`').collect();
    for (at, part) in parts.iter().enumerate() {
        let quoted = at % 2 == 1 && at + 1 < parts.len();
        if quoted && !part.is_empty() {
            out.push_str(&code(part));
            continue;
        }
        // A backtick without a partner, or two around nothing.
        if at % 2 == 1 {
            out.push_str("&#96;");
        }
        plain(&mut out, part);
        if quoted {
            out.push_str("&#96;");
        }
    }
    out
}

/// Append text without backticks, word by word.
fn plain(out: &mut String, text: &str) {
    for (at, word) in text.split(' ').enumerate() {
        if at > 0 {
            out.push(' ');
        }
        if word.contains('@') || word.contains("://") || word.to_ascii_lowercase().contains("www.") {
            out.push_str(&code(word));
            continue;
        }
        // At the start of a line, these would begin a list.
        let line_start = out.is_empty();
        let digits = word.len() - word.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        for (at, c) in word.char_indices() {
            let lists = line_start && ((at == 0 && matches!(c, '-' | '+')) || (at == digits && matches!(c, '.' | ')')));
            match c {
                // An entity: a backslash would not do in the cell of a table.
                '|' | '\\' => entity(out, c),
                '*' | '_' | '[' | ']' | '<' | '>' | '&' | '~' | '$' | '#' | '!' => {
                    out.push('\\');
                    out.push(c);
                }
                c if lists => {
                    out.push('\\');
                    out.push(c);
                }
                c => out.push(c),
            }
        }
    }
}

/// A text as code. Also right in the cell of a table, where neither a code span nor a backslash hides a pipe for sure.
pub(super) fn code(text: &str) -> String {
    let text = clean(text);
    let padded = text.starts_with(' ') || text.ends_with(' ');
    if text.is_empty() || padded || text.contains(['`', '|', '\\']) {
        let mut out = "<code>".to_owned();
        for c in text.chars() {
            if c.is_ascii_punctuation() { entity(&mut out, c) } else { out.push(c) }
        }
        out + "</code>"
    } else {
        format!("`{text}`")
    }
}

fn entity(out: &mut String, c: char) {
    let _ = write!(out, "&#{};", u32::from(c));
}

/// Lines as a block of code, whose fence is longer than any in it.
pub(super) fn fence(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(clean).collect();
    let text = lines.join("\n");
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}text\n{text}\n{fence}\n")
}

#[cfg(test)]
mod tests {
    use super::super::tests::HOSTILE;
    use super::*;

    #[test]
    fn messages_read_well() {
        assert_eq!(prose("condition on `aws:PrincipalArn` fits"), "condition on `aws:PrincipalArn` fits");
        assert_eq!(prose("a *b* [c](d) <e> #f"), "a \\*b\\* \\[c\\](d) \\<e\\> \\#f");
        assert_eq!(
            prose("ask bob@example.com, see https://example.com."),
            "ask `bob@example.com,` see `https://example.com.`"
        );
    }

    #[test]
    fn nothing_at_the_start_makes_a_list() {
        assert_eq!(prose("- a"), "\\- a");
        assert_eq!(prose("12. a"), "12\\. a");
        assert_eq!(prose(" + a - b"), "\\+ a - b");
        assert_eq!(prose("3.5 hours"), "3\\.5 hours");
    }

    #[test]
    fn backticks_without_a_partner_are_text() {
        assert_eq!(prose("a ` b"), "a &#96; b");
        assert_eq!(prose("a `` b"), "a &#96;&#96; b");
        assert_eq!(prose("`a` `b"), "`a` &#96;b");
    }

    #[test]
    fn code_holds_whatever_it_is_given() {
        assert_eq!(code("<b>*x*</b>"), "`<b>*x*</b>`");
        assert_eq!(code("a|b`c\\"), "<code>a&#124;b&#96;c&#92;</code>");
        assert_eq!(code(" a "), "<code> a </code>");
        assert_eq!(code(""), "<code></code>");
    }

    #[test]
    fn a_fence_is_longer_than_what_it_holds() {
        assert_eq!(fence("a\n````\nb"), "`````text\na\n````\nb\n`````\n");
        assert_eq!(fence("x"), "```text\nx\n```\n");
    }

    #[test]
    fn what_is_hostile_stays_text() {
        let text = prose(HOSTILE);
        assert!(!text.contains(['\n', '\r', '\u{1b}', '\0', '\u{202e}']), "{text:?}");
        // Outside code, no character begins an element, a link or a cell.
        let outside: String = text.split('`').step_by(2).collect();
        let outside = outside.replace("<code>", "").replace("</code>", "");
        for special in ['<', '[', '!', '#'] {
            for (at, _) in outside.match_indices(special) {
                assert!(outside[..at].ends_with(['\\', '&']), "{special} in {outside}");
            }
        }
        assert!(!outside.contains('|') && !outside.contains('@') && !outside.contains("://"), "{outside}");
    }
}
