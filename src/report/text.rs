//! Text for a terminal: without bytes that steer it, in colour, wrapped.

use std::borrow::Cow;

/// Whether a character would act on the terminal, or reorder or hide what stands around it.
fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Append a character; one that steers is written as its code, `\u{202e}`.
pub(super) fn push_clean(out: &mut String, c: char) {
    if steers(c) { out.extend(c.escape_unicode()) } else { out.push(c) }
}

/// Whether a log of a pipeline that holds this text would take a command to begin here: the runner of GitHub looks for
/// `##[` anywhere in a line, the agent of Azure for `##vso[` as well.
pub(super) fn begins_command(text: &str) -> bool {
    let rest = text.strip_prefix("##").map(str::as_bytes);
    rest.is_some_and(|rest| {
        rest.starts_with(b"[") || rest.get(..4).is_some_and(|rest| rest.eq_ignore_ascii_case(b"vso["))
    })
}

/// A text on one line that is safe to show: line breaks and tabs become spaces, other steering characters their code,
/// and what would be a command in the log of a pipeline is none.
pub(super) fn clean(text: &str) -> Cow<'_, str> {
    if !text.contains(steers) && !text.contains("##") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for (at, c) in text.char_indices() {
        match c {
            '\n' | '\t' => out.push(' '),
            '\r' => {}
            '#' if begins_command(&text[at..]) => out.extend(c.escape_unicode()),
            c => push_clean(&mut out, c),
        }
    }
    Cow::Owned(out)
}

/// The text in a colour, given as the digits of its escape sequence.
pub(super) fn paint(text: &str, digits: &str, color: bool) -> String {
    if color { format!("\u{1b}[{digits}m{text}\u{1b}[0m") } else { text.to_owned() }
}

/// Append `  key:  text` with the text wrapped at spaces and aligned below itself; its line breaks are kept.
pub(super) fn push_entry(out: &mut String, key: &str, text: &str, width: usize) {
    const INDENT: usize = 8;
    out.push_str(&format!("{key:<INDENT$}"));
    let mut column = INDENT;
    for (at, line) in text.lines().enumerate() {
        let mut start = at == 0;
        if !start {
            out.push_str(&format!("\n{:INDENT$}", ""));
            column = INDENT;
            start = true;
        }
        for word in clean(line).split(' ') {
            let length = word.chars().count();
            if !start && column + 1 + length > width.max(40) {
                out.push_str(&format!("\n{:INDENT$}", ""));
                column = INDENT;
            } else if !start {
                out.push(' ');
                column += 1;
            }
            // The runner of GitHub takes a line that begins with `::` for a command, spaces before it or not.
            let begins_line = out.ends_with(' ') && out[out.rfind('\n').map_or(0, |at| at + 1)..].trim().is_empty();
            match word.strip_prefix(':') {
                Some(rest) if begins_line && rest.starts_with(':') => out.push_str(&format!("\\u{{3a}}{rest}")),
                _ => out.push_str(word),
            }
            column += length;
            start = false;
        }
    }
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steering_characters_are_written_as_codes() {
        assert_eq!(clean("a\u{1b}[31mb\u{202e}c\nd\te\r\n"), "a\\u{1b}[31mb\\u{202e}c d e ");
        assert!(matches!(clean("plain é 😀"), Cow::Borrowed(_)));
    }

    #[test]
    fn no_log_of_a_pipeline_finds_a_command() {
        assert_eq!(clean("a ##[error]b ##vso[c]d ###VSO[e"), "a \\u{23}#[error]b \\u{23}#vso[c]d #\\u{23}#VSO[e");
        assert_eq!(clean("##\u{200b}vso[a]"), "##\\u{200b}vso[a]");
        assert_eq!(clean("## a ##v #[ ##"), "## a ##v #[ ##");
    }

    #[test]
    fn entries_wrap_below_themselves() {
        let mut out = String::new();
        push_entry(&mut out, "  help:", "name the accounts or roles that need this\nor stop", 40);
        assert_eq!(out, "  help: name the accounts or roles that\n        need this\n        or stop\n");
    }

    #[test]
    fn no_line_of_an_entry_is_a_command_of_a_pipeline() {
        let mut out = String::new();
        push_entry(&mut out, "  why:", "::a::b\n::c::d and a text so long that ::e::f begins a line", 40);
        push_entry(&mut out, "", "::g::h", 40);
        let lines: Vec<&str> = out.lines().map(str::trim_start).collect();
        let expected =
            ["why:  ::a::b", "\\u{3a}:c::d and a text so long that", "\\u{3a}:e::f begins a line", "\\u{3a}:g::h"];
        assert_eq!(lines, expected);
    }

    #[test]
    fn colour_is_optional() {
        assert_eq!(paint("x", "31", false), "x");
        assert_eq!(paint("x", "31", true), "\u{1b}[31mx\u{1b}[0m");
    }
}
