//! How YAML writes its scalars: the five styles undone with a map back to the bytes, and what a plain scalar means.

use crate::source::OffsetMap;

/// The text of a scalar, and the map from its bytes to those of `raw`: the exact slice of the scalar, with its quotes
/// or its block header. `None` when `raw` is not a whole scalar.
///
/// A block scalar with an indentation indicator counts from the indentation of its parent, which the slice does not
/// show: the least indented line is taken for the margin. A caller that knows the text compares.
pub fn unescape(raw: &str) -> Option<(String, OffsetMap)> {
    let mut out = Unescaped::default();
    match raw.as_bytes() {
        [b'|' | b'>', ..] => Block::new(raw, None).unescape(raw, &mut out),
        [quote @ (b'\'' | b'"'), .., last] if quote == last => out.flow(&raw[..raw.len() - 1], 1, Some(*quote))?,
        [b'\'' | b'"', ..] => return None,
        _ => out.flow(raw, 0, None)?,
    }
    Some((out.text, out.map))
}

/// Where a block scalar ends that starts `text`: after its last line of content, or, when it keeps them (`+`), after
/// its last blank line. `text` ends where the parser has stopped reading; `margin` is the parser's if it tells one.
pub fn block_end(text: &str, margin: Option<usize>) -> usize {
    Block::new(text, margin).end
}

#[derive(Default)]
struct Unescaped {
    text: String,
    map: OffsetMap,
}

impl Unescaped {
    /// The bytes `from..to` of `raw` as they are.
    fn copy(&mut self, raw: &str, from: usize, to: usize) {
        self.map.plain(self.text.len(), from);
        self.text.push_str(&raw[from..to]);
    }

    /// `times` times `text` is written as the bytes `from..to`.
    fn escape(&mut self, text: char, times: usize, from: usize, to: usize) {
        self.map.escape(self.text.len(), from);
        self.text.extend(std::iter::repeat_n(text, times));
        self.map.plain(self.text.len(), to);
    }

    /// A plain or quoted scalar whose content is `raw[at..]`. Line breaks fold, in all three styles alike.
    fn flow(&mut self, raw: &str, mut at: usize, quote: Option<u8>) -> Option<()> {
        let bytes = raw.as_bytes();
        while let Some(&byte) = bytes.get(at) {
            let from = at;
            match byte {
                b' ' | b'\t' | b'\n' | b'\r' => {
                    let (end, breaks) = blanks(bytes, at);
                    at = end;
                    match breaks {
                        0 => self.copy(raw, from, at),
                        1 => self.escape(' ', 1, from, at),
                        more => self.escape('\n', more - 1, from, at),
                    }
                }
                b'\'' if quote == Some(b'\'') => {
                    if bytes.get(at + 1) != Some(&b'\'') {
                        return None;
                    }
                    at += 2;
                    self.escape('\'', 1, from, at);
                }
                b'"' if quote == Some(b'"') => return None,
                b'\\' if quote == Some(b'"') => match bytes.get(at + 1)? {
                    b'\n' | b'\r' => {
                        let (end, breaks) = blanks(bytes, at + 1);
                        at = end;
                        self.escape('\n', breaks - 1, from, at);
                    }
                    _ => {
                        let (character, length) = escape_sequence(&raw[at + 1..])?;
                        at += 1 + length;
                        self.escape(character, 1, from, at);
                    }
                },
                _ => {
                    let special = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b'\\' | b'"' | b'\'');
                    at = bytes[from + 1..].iter().position(special).map_or(bytes.len(), |length| from + 1 + length);
                    self.copy(raw, from, at);
                }
            }
        }
        Some(())
    }
}

/// The end of the blanks and line breaks from `at` on, and how many line breaks are among them.
fn blanks(bytes: &[u8], mut at: usize) -> (usize, usize) {
    let mut breaks = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b' ' | b'\t' => at += 1,
            b'\n' | b'\r' => {
                at += break_length(bytes, at);
                breaks += 1;
            }
            _ => break,
        }
    }
    (at, breaks)
}

/// How many bytes the line break at `at` takes, 0 if none stands there.
fn break_length(bytes: &[u8], at: usize) -> usize {
    match (bytes.get(at), bytes.get(at + 1)) {
        (Some(b'\r'), Some(b'\n')) => 2,
        (Some(b'\n' | b'\r'), _) => 1,
        _ => 0,
    }
}

/// The character of an escape sequence of a double-quoted scalar, and the sequence's length; `rest` follows the `\`.
fn escape_sequence(rest: &str) -> Option<(char, usize)> {
    let character = match rest.bytes().next()? {
        b'0' => '\0',
        b'a' => '\x07',
        b'b' => '\x08',
        b't' | b'\t' => '\t',
        b'n' => '\n',
        b'v' => '\x0b',
        b'f' => '\x0c',
        b'r' => '\r',
        b'e' => '\x1b',
        b'N' => '\u{85}',
        b'_' => '\u{a0}',
        b'L' => '\u{2028}',
        b'P' => '\u{2029}',
        same @ (b' ' | b'"' | b'/' | b'\\') => char::from(same),
        b'x' => return Some((char::from_u32(hexadecimal(rest, 1, 2)?)?, 3)),
        b'U' => return Some((char::from_u32(hexadecimal(rest, 1, 8)?)?, 9)),
        b'u' => {
            // JSON writes characters past U+FFFF as two escapes, and JSON is YAML.
            let unit = hexadecimal(rest, 1, 4)?;
            return match char::from_u32(unit) {
                Some(character) => Some((character, 5)),
                None if rest.get(5..7)? == "\\u" => {
                    let low = hexadecimal(rest, 7, 4)?.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
                    let high = unit.checked_sub(0xd800).filter(|high| *high < 0x400)?;
                    Some((char::from_u32(0x1_0000 + (high << 10) + low)?, 11))
                }
                None => None,
            };
        }
        _ => return None,
    };
    Some((character, 1))
}

fn hexadecimal(text: &str, at: usize, digits: usize) -> Option<u32> {
    let digits = text.get(at..at + digits)?;
    digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u32::from_str_radix(digits, 16).ok())?
}

/// One line of a block scalar.
struct Line {
    /// Where its text begins, after the margin. A blank line has no text.
    start: usize,
    /// Where its text ends; its line break begins here.
    end: usize,
    /// Where the next line begins.
    next: usize,
    /// Whether there is text.
    content: bool,
}

/// The layout of a block scalar.
struct Block {
    folded: bool,
    /// `-` strips the line break at the end, `+` keeps all of them, nothing keeps one.
    chomping: Option<u8>,
    lines: Vec<Line>,
    end: usize,
}

impl Block {
    fn new(raw: &str, margin: Option<usize>) -> Self {
        let bytes = raw.as_bytes();
        let header =
            1 + bytes.iter().skip(1).take(2).take_while(|byte| matches!(byte, b'+' | b'-' | b'1'..=b'9')).count();
        let modifiers = bytes.get(1..header).unwrap_or_default();
        let chomping = modifiers.iter().copied().find(|byte| matches!(byte, b'+' | b'-'));
        let indicator = modifiers.iter().any(u8::is_ascii_digit);

        // Lines as they are; the header's own, with its comment, is not one of them.
        let mut lines: Vec<Line> = Vec::new();
        let mut at = header.min(raw.len());
        while at < raw.len() {
            let end = memchr::memchr2(b'\n', b'\r', &bytes[at..]).map_or(raw.len(), |length| at + length);
            let next = end + break_length(bytes, end);
            lines.push(Line { start: at, end, next, content: false });
            at = next;
        }
        if !lines.is_empty() {
            lines.remove(0);
        }

        let spaces = |line: &Line| bytes[line.start..line.end].iter().take_while(|byte| **byte == b' ').count();
        let mut indents = lines.iter().filter(|line| spaces(line) < line.end - line.start).map(spaces);
        let margin = match margin {
            Some(margin) => Some(margin),
            None if indicator => indents.min(),
            None => indents.next(),
        };
        for line in &mut lines {
            let spaces = spaces(line);
            let margin = margin.unwrap_or(usize::MAX).min(spaces);
            line.content = line.start + margin < line.end;
            line.start += margin;
        }

        let content = lines.iter().rposition(|line| line.content);
        let end = match (chomping, content, lines.last()) {
            (Some(b'+'), _, Some(last)) => last.next,
            (_, Some(content), _) => lines[content].end,
            _ => header.min(raw.len()),
        };
        Block { folded: bytes.first() == Some(&b'>'), chomping, lines, end }
    }

    fn unescape(&self, raw: &str, out: &mut Unescaped) {
        // The line breaks since the last line of content: where they begin, and how many of them are blank lines'.
        let mut breaks: Vec<(usize, usize)> = Vec::new();
        let mut any = false;
        let mut before_indented = false;
        for line in &self.lines {
            if line.content {
                let indented = matches!(raw.as_bytes()[line.start], b' ' | b'\t');
                match breaks.as_slice() {
                    // A single break between two lines that are not indented further becomes a space, of several the
                    // first is dropped.
                    [first, rest @ ..] if self.folded && any && !indented && !before_indented => {
                        let (text, times) = if rest.is_empty() { (' ', 1) } else { ('\n', rest.len()) };
                        out.escape(text, times, first.0, line.start);
                    }
                    all => all.iter().for_each(|(from, to)| out.escape('\n', 1, *from, *to)),
                }
                breaks.clear();
                out.copy(raw, line.start, line.end);
                any = true;
                before_indented = indented;
            }
            if line.next > line.end {
                breaks.push((line.end, line.next));
            }
        }
        let unbroken = (raw.len(), raw.len());
        match self.chomping {
            Some(b'-') => breaks.clear(),
            Some(_) => {
                // The end of the text ends a line, too.
                if breaks.is_empty() && !self.lines.is_empty() {
                    breaks.push(unbroken);
                }
            }
            None => {
                if any && breaks.is_empty() {
                    breaks.push(unbroken);
                }
                breaks.truncate(usize::from(any));
            }
        }
        breaks.iter().for_each(|(from, to)| out.escape('\n', 1, *from, *to));
    }
}

/// What a scalar without quotes and tag means, by the core schema of YAML 1.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plain {
    /// Nothing, `~` or `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number in any of its notations.
    Number,
    /// Anything else: dates, versions, `yes` and `no`.
    String,
}

/// The meaning of a plain scalar. `yes`, `no`, `on`, `off` and dates are strings, as CloudFormation reads them.
pub fn resolve(text: &str) -> Plain {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Plain::Null,
        "true" | "True" | "TRUE" => Plain::Bool(true),
        "false" | "False" | "FALSE" => Plain::Bool(false),
        _ if is_number(text) => Plain::Number,
        _ => Plain::String,
    }
}

/// Whether a text is an integer or a floating point number of the core schema.
pub fn is_number(text: &str) -> bool {
    if let Some(digits) = text.strip_prefix("0o") {
        return !digits.is_empty() && digits.bytes().all(|byte| matches!(byte, b'0'..=b'7'));
    }
    if let Some(digits) = text.strip_prefix("0x") {
        return !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return true;
    }
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))),
        None => (unsigned, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    (!whole.is_empty() || !fraction.is_empty())
        && digits(whole)
        && digits(fraction)
        && exponent.is_none_or(|exponent| !exponent.is_empty() && digits(exponent))
}
