//! The text of a string from the bytes it is written with, and the way back.

use super::Literal;
use crate::source::OffsetMap;
use crate::span::Span;

/// How a literal is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Escapes {
    /// Between quotes: backslashes escape.
    Quoted,
    /// In a template file or a heredoc: only `$${` and `%%{` are written otherwise than they read.
    Template,
    /// In an indented heredoc, `<<-`: so many bytes are left out at the start of each line.
    Indented(usize),
}

/// The literal written as `raw`, which stands at `outer`. `line_start` says whether a line begins with it.
pub(super) fn literal(raw: &str, outer: usize, escapes: Escapes, line_start: bool) -> Literal {
    let mut out = Unescaped { text: String::with_capacity(raw.len()), map: OffsetMap::shifted(outer) };
    let mut at = 0;
    let mut at_line_start = line_start;
    while at < raw.len() {
        let rest = &raw[at..];
        if let Escapes::Indented(indent) = escapes
            && at_line_start
        {
            let blank = rest.bytes().take(indent).take_while(|byte| matches!(byte, b' ' | b'\t')).count();
            at_line_start = false;
            if blank > 0 {
                at += blank;
                out.map.plain(out.text.len(), outer + at);
                continue;
            }
        }
        if rest.starts_with("$${") || rest.starts_with("%%{") {
            out.escape(&rest[1..3], outer + at, outer + at + 3);
            at += 3;
        } else if let Some((character, length)) = backslash(rest).filter(|_| escapes == Escapes::Quoted) {
            out.escape(character.encode_utf8(&mut [0; 4]), outer + at, outer + at + length);
            at += length;
        } else {
            // Everything up to the next thing that may be special is taken at once.
            let special = |byte: u8| matches!(byte, b'$' | b'%' | b'\\' | b'\n');
            let length = 1 + rest.bytes().skip(1).take_while(|byte| !special(*byte)).count();
            let mut length = if rest.starts_with('\n') { 1 } else { length };
            while !rest.is_char_boundary(length) {
                length += 1;
            }
            at_line_start = rest.starts_with('\n');
            out.text.push_str(&rest[..length]);
            at += length;
        }
    }
    Literal { text: out.text, span: Span::new(outer, outer + raw.len()), map: out.map }
}

struct Unescaped {
    text: String,
    map: OffsetMap,
}

impl Unescaped {
    fn escape(&mut self, text: &str, from: usize, to: usize) {
        self.map.escape(self.text.len(), from);
        self.text.push_str(text);
        self.map.plain(self.text.len(), to);
    }
}

/// The character that an escape at the start of `text` stands for, and its length.
fn backslash(text: &str) -> Option<(char, usize)> {
    let code = |digits: usize| {
        let code = u32::from_str_radix(text.get(2..2 + digits)?, 16).ok()?;
        Some((char::from_u32(code)?, 2 + digits))
    };
    match text.strip_prefix('\\')?.chars().next()? {
        'n' => Some(('\n', 2)),
        'r' => Some(('\r', 2)),
        't' => Some(('\t', 2)),
        '"' => Some(('"', 2)),
        '\\' => Some(('\\', 2)),
        'u' => code(4),
        'U' => code(8),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_map_back() {
        let literal = literal(r#"a\"b$${aws:x}\u00e9c"#, 10, Escapes::Quoted, false);
        assert_eq!(literal.text, "a\"b${aws:x}éc");
        let at = |part: &str| {
            let start = literal.text.find(part).expect("it is there");
            literal.map.place(Span::new(start, start + part.len()))
        };
        assert_eq!(at("b"), Span::new(13, 14));
        assert_eq!(at("\""), Span::new(11, 13));
        assert_eq!(at("aws"), Span::new(17, 20));
        assert_eq!(at("c"), Span::new(29, 30));
    }

    #[test]
    fn indentation_is_left_out() {
        let literal = literal("    {\n      \"a\": 1\n\n  x", 0, Escapes::Indented(4), true);
        assert_eq!(literal.text, "{\n  \"a\": 1\n\nx");
        let a = literal.text.find('a').expect("it is there");
        assert_eq!(literal.map.offset(a as u32), 13);
    }
}
