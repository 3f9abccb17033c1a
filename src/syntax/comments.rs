//! Comments, and the texts in which a `#` or `//` is none: strings, heredocs, block scalars.

use super::Parsed;
use crate::span::Span;
use crate::value::{Kind, Value};
use granit_parser::{Event, Parser};

/// How comments are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comments {
    /// `#`, in YAML.
    Yaml,
    /// `#`, `//` and `/* */`, in HCL.
    Hcl,
    /// `//` and `/* */`, in JSON with comments.
    Jsonc,
}

impl Comments {
    /// What a comment up to the end of its line begins with.
    pub fn marker(self) -> &'static str {
        match self {
            Comments::Yaml | Comments::Hcl => "#",
            Comments::Jsonc => "//",
        }
    }
}

/// One comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Comment {
    /// The whole, without the line break that ends it.
    pub span: Span,
    /// What stands between its marks.
    pub text: Span,
}

/// What a text has beside its values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scan {
    /// The comments, in order.
    pub comments: Vec<Comment>,
    /// Strings, heredocs and comments over several lines, in order: a comment cannot begin inside of one.
    pub closed: Vec<Span>,
}

/// Find the comments of a text. In a text with errors of syntax some may be missed; what is found is a comment.
pub fn scan(text: &str, comments: Comments) -> Scan {
    match comments {
        Comments::Yaml => yaml(text),
        Comments::Hcl => Scanner::new(text, true).run(),
        Comments::Jsonc => Scanner::new(text, false).run(),
    }
}

fn yaml(text: &str) -> Scan {
    let options = granit_parser::options! {
        emit_comments: true,
        max_buffered_comment_events: usize::MAX,
        emit_unresolved_aliases: true,
        flow_nesting_limit: super::MAX_DEPTH,
        block_nesting_limit: super::MAX_DEPTH,
    };
    let mut scan = Scan::default();
    for event in Parser::new_from_str_with_options(text, options) {
        // Behind an error nobody knows what is a comment.
        let Ok((event, span)) = event else { break };
        let (Event::Comment(..), Some(range)) = (event, span.byte_range()) else { continue };
        let whole = Span::new(range.start, range.end);
        scan.comments.push(Comment { span: whole, text: Span::new(range.start + 1, range.end) });
    }
    // The parser may tell a comment after the value that it stands before.
    scan.comments.sort_by_key(|comment| comment.span);
    let Parsed { documents, .. } = super::yaml::parse(text);
    documents.iter().for_each(|document| long_scalars(document, text, &mut scan.closed));
    scan.closed.sort();
    // Aliases repeat the places of what they stand for.
    scan.closed.dedup();
    scan
}

/// The scalars that stand on several lines.
fn long_scalars(value: &Value<'_>, text: &str, found: &mut Vec<Span>) {
    match &value.kind {
        Kind::List(items) => items.iter().for_each(|item| long_scalars(item, text, found)),
        Kind::Map(members) => members.iter().for_each(|member| {
            long(member.key_span, text, found);
            long_scalars(&member.value, text, found);
        }),
        Kind::Tagged(tagged) => long_scalars(&tagged.value, text, found),
        Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::String(_) | Kind::Template(_) | Kind::Unknown(_) => {
            long(value.span, text, found);
        }
    }
}

fn long(span: Span, text: &str, found: &mut Vec<Span>) {
    if text.get(span.range()).is_some_and(|text| text.contains(['\n', '\r'])) {
        found.push(span);
    }
}

/// Goes through HCL or JSON with comments.
struct Scanner<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    hcl: bool,
    /// The strings and interpolations that are open, innermost last.
    open: Vec<Open>,
    scan: Scan,
}

/// What is open.
enum Open {
    /// A quoted string, from its first quote on.
    String(usize),
    /// `${…}` in a string, with the number of braces that are open in it.
    Interpolation(usize),
}

impl<'t> Scanner<'t> {
    fn new(text: &'t str, hcl: bool) -> Self {
        Scanner { text, bytes: text.as_bytes(), at: 0, hcl, open: Vec::new(), scan: Scan::default() }
    }

    fn run(mut self) -> Scan {
        while self.at < self.bytes.len() {
            match self.open.last() {
                Some(Open::String(start)) => {
                    let start = *start;
                    self.in_string(start);
                }
                Some(Open::Interpolation(_)) | None => self.in_code(),
            }
        }
        self.scan.closed.sort();
        self.scan
    }

    fn rest(&self) -> &'t [u8] {
        &self.bytes[self.at..]
    }

    /// One step in a string.
    fn in_string(&mut self, start: usize) {
        let rest = self.rest();
        match rest[0] {
            b'\\' => self.at += 2.min(rest.len()),
            b'"' => {
                self.at += 1;
                self.open.pop();
                self.close(start);
            }
            // A string that nobody closed ends with its line; its interpolations may be longer.
            b'\n' => {
                self.open.pop();
                self.close(start);
            }
            b'$' | b'%' if self.hcl && rest.get(1) == Some(&rest[0]) && rest.get(2) == Some(&b'{') => self.at += 3,
            b'$' | b'%' if self.hcl && rest.get(1) == Some(&b'{') => {
                self.at += 2;
                self.open.push(Open::Interpolation(0));
            }
            _ => self.at += 1,
        }
    }

    /// Note a text that ends here, if it has several lines.
    fn close(&mut self, start: usize) {
        long(Span::new(start, self.at), self.text, &mut self.scan.closed);
    }

    /// One step outside of strings.
    fn in_code(&mut self) {
        let rest = self.rest();
        match rest[0] {
            b'"' => {
                self.open.push(Open::String(self.at));
                self.at += 1;
            }
            b'{' => {
                if let Some(Open::Interpolation(depth)) = self.open.last_mut() {
                    *depth += 1;
                }
                self.at += 1;
            }
            b'}' => {
                match self.open.last_mut() {
                    Some(Open::Interpolation(0)) => drop(self.open.pop()),
                    Some(Open::Interpolation(depth)) => *depth -= 1,
                    Some(Open::String(_)) | None => {}
                }
                self.at += 1;
            }
            b'#' if self.hcl => self.line_comment(1),
            b'/' if rest.starts_with(b"//") => self.line_comment(2),
            b'/' if rest.starts_with(b"/*") => self.block_comment(),
            b'<' if self.hcl && rest.starts_with(b"<<") => self.heredoc(),
            _ => self.at += 1,
        }
    }

    fn line_comment(&mut self, marker: usize) {
        let start = self.at;
        // A lone CR ends a line of JSON, as its parser here reads it, and none of HCL.
        let end =
            if self.hcl { memchr::memchr(b'\n', self.rest()) } else { memchr::memchr2(b'\n', b'\r', self.rest()) };
        self.at += end.unwrap_or(self.rest().len());
        let end = start + self.text[start..self.at].trim_end_matches('\r').len();
        let text = Span::new(start + marker, end);
        self.scan.comments.push(Comment { span: Span::new(start, end), text });
    }

    fn block_comment(&mut self) {
        let start = self.at;
        let inner = start + 2;
        let end = memchr::memmem::find(&self.bytes[inner..], b"*/").map(|length| inner + length);
        self.at = end.map_or(self.bytes.len(), |end| end + 2);
        // One that nobody closed is a mistake, and no comment.
        if let Some(end) = end {
            self.scan.comments.push(Comment { span: Span::new(start, self.at), text: Span::new(inner, end) });
        }
        self.close(start);
    }

    /// `<<WORD` or `<<-WORD` and what follows, up to a line that is the word.
    fn heredoc(&mut self) {
        let start = self.at;
        let line_end = |from: usize| memchr::memchr(b'\n', &self.bytes[from..]).map_or(self.bytes.len(), |n| from + n);
        let first = line_end(start);
        let word = self.text[start + 2..first].strip_prefix('-').unwrap_or(&self.text[start + 2..first]).trim();
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-') || !byte.is_ascii();
        if word.is_empty() || !word.bytes().all(is_word) {
            self.at += 2;
            return;
        }
        let mut line = first;
        while line < self.bytes.len() {
            let end = line_end(line + 1);
            if self.text[line + 1..end].trim() == word {
                self.at = end;
                self.close(start);
                return;
            }
            line = end;
        }
        self.at = self.bytes.len();
        self.close(start);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts(text: &str, comments: Comments) -> Vec<&str> {
        scan(text, comments).comments.iter().map(|comment| &text[comment.text.range()]).collect()
    }

    fn closed(text: &str, comments: Comments) -> Vec<&str> {
        scan(text, comments).closed.iter().map(|span| &text[span.range()]).collect()
    }

    #[test]
    fn comments_of_yaml() {
        let text = "# one\na: b # two\nc: 'x # no'\nd: x#no\ne: |\n  # no\n  text\n# three\nf: [1, # four\n  2]\ng: &a # five\n  h: 1\n";
        assert_eq!(texts(text, Comments::Yaml), [" one", " two", " three", " four", " five"]);
        assert_eq!(closed(text, Comments::Yaml), ["|\n  # no\n  text"]);
        assert_eq!(texts("a: \"x\n  # no\n  y\" # yes\r\nb: 1", Comments::Yaml), [" yes"]);
        assert_eq!(closed("a: x\n  y\nb: \"x\n  y\"\n", Comments::Yaml), ["x\n  y", "\"x\n  y\""]);
        let many = "# c\n".repeat(500) + "a: 1\n" + &"# d\n".repeat(500);
        assert_eq!(texts(&many, Comments::Yaml).len(), 1000);
    }

    #[test]
    fn comments_of_hcl() {
        let text = "# one\na = \"# no // no\" // two\nb = \"\\\" # no\"\nc = \"${x(\"}\", { y = 1 })} # no\" /* three\n# no */ d = 1 # four\r\n";
        assert_eq!(texts(text, Comments::Hcl), [" one", " two", " three\n# no ", " four"]);
        assert_eq!(closed(text, Comments::Hcl), ["/* three\n# no */"]);
        assert_eq!(texts("a = \"$${ # no\"\n# yes\n", Comments::Hcl), [" yes"]);
        assert_eq!(texts("a = \"x\n# yes\n", Comments::Hcl), [" yes"], "a string ends with its line");
    }

    #[test]
    fn a_heredoc_holds_no_comment() {
        let text =
            "a = <<-EOF\n  # no\n  // no \"\n  EOFX\n  EOF\n# yes\nb = x << y # no heredoc\nc = <<\"no\" # yes\n";
        assert_eq!(texts(text, Comments::Hcl), [" yes", " no heredoc", " yes"]);
        assert_eq!(closed(text, Comments::Hcl), ["<<-EOF\n  # no\n  // no \"\n  EOFX\n  EOF"]);
        assert_eq!(texts("a = <<EOF\n# no\n", Comments::Hcl), Vec::<&str>::new());
        assert_eq!(texts("a = f(<<EOF\r\n# no\r\nEOF\r\n) # yes", Comments::Hcl), [" yes"]);
    }

    #[test]
    fn comments_of_json() {
        let text = "{ // one\n \"a\": \"// no \\\" /* no */\", /* two */ \"b\": 1 /* three\n*/ } # no";
        assert_eq!(texts(text, Comments::Jsonc), [" one", " two ", " three\n"]);
        assert_eq!(texts("/* open", Comments::Jsonc), Vec::<&str>::new());
        assert_eq!(texts("\"${ // no\"", Comments::Jsonc), Vec::<&str>::new());
    }

    proptest! {
        #[test]
        fn any_text_is_scanned(text in "(#|//|/\\*|\\*/|<<E\n|E|\"|\\\\|\\$\\{|\\{|\\}|: |- |\\||é| |\n|\r){0,40}") {
            for comments in [Comments::Yaml, Comments::Hcl, Comments::Jsonc] {
                let scan = scan(&text, comments);
                for comment in &scan.comments {
                    prop_assert!(text.get(comment.span.range()).is_some() && comment.span.contains(comment.text));
                }
                prop_assert!(scan.comments.is_sorted_by_key(|comment| comment.span));
                prop_assert!(scan.closed.iter().all(|span| text.get(span.range()).is_some()));
            }
        }
    }
}
