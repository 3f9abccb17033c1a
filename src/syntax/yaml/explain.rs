//! What a person needs to know of a YAML syntax error: the parser names its own rule, this names the mistake.

use crate::diagnostic::Problem;
use crate::span::Span;
use crate::syntax::MAX_DEPTH;
use granit_parser::{ErrorKind, ScanError};

/// The problem that a syntax error is. `open` is where the innermost open list or object starts.
pub fn explain(text: &str, error: &ScanError, open: Option<usize>) -> Problem {
    let at = error.marker().byte_offset().unwrap_or(text.len());
    let at = if text.is_char_boundary(at) { at } else { text.len() };
    let character = text[at..].chars().next().filter(|next| !matches!(next, '\n' | '\r'));
    let mut span = Span::new(at, at + character.map_or(0, char::len_utf8));
    let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
    let line_text = text[line..].lines().next().unwrap_or_default();
    if matches!(error.kind(), ErrorKind::RecursionLimitExceeded) {
        return too_deep(span);
    }
    // A dynamic reference of CloudFormation, `{{resolve:…}}`, is no template.
    let braces = line_text.find("{{").filter(|start| !line_text[*start..].starts_with("{{resolve:"));
    if let Some(start) = braces.or_else(|| line_text.find("{%")).or_else(|| line_text.find("%{")) {
        return template(Span::new(line + start, line + start + 2));
    }
    let (message, help) = match error.kind() {
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabInPlainScalar
        | ErrorKind::TabAtBlockScalarStart => {
            if let Some(tab) = line_text.get(..at - line + span.len()).and_then(|before| before.rfind('\t')) {
                span = Span::new(line + tab, line + tab + 1);
            }
            ("a tab cannot indent YAML".to_owned(), "indent with spaces".to_owned())
        }
        ErrorKind::UnclosedQuotedScalar | ErrorKind::DocumentIndicatorInQuotedScalar => {
            ("this quoted string is not closed".to_owned(), "close it with the quote that opens it".to_owned())
        }
        ErrorKind::InvalidTrailingSingleQuotedScalar | ErrorKind::InvalidTrailingDoubleQuotedScalar => (
            "unexpected text after a quoted string".to_owned(),
            "quote the whole value; inside single quotes, write a quote as `''`".to_owned(),
        ),
        ErrorKind::UnknownQuotedScalarEscape => (
            "this string holds an escape that YAML does not know".to_owned(),
            "write a backslash as `\\\\`, or use single quotes".to_owned(),
        ),
        ErrorKind::MismatchedFlowCollectionEnd { open, close } => {
            (format!("this `{open}` is closed by `{close}`"), "match the brackets".to_owned())
        }
        ErrorKind::SimpleKeyExpected => (
            "expected `:` after this key".to_owned(),
            "write `key: value`, and indent the lines of a longer value".to_owned(),
        ),
        ErrorKind::MappingValueNotAllowed => (
            "a key cannot stand here".to_owned(),
            "quote a value that holds `: `, or align the key with those above it".to_owned(),
        ),
        ErrorKind::UnexpectedCharacter { character } if character.is_control() => {
            // The parser names the start of the scalar that holds it.
            if let Some(length) = text[at..].find(*character) {
                span = Span::new(at + length, at + length + character.len_utf8());
            }
            (
                format!("the character U+{:04X} is not allowed in YAML", u32::from(*character)),
                "write it as an escape in double quotes".to_owned(),
            )
        }
        ErrorKind::UnexpectedCharacter { character } => {
            (format!("a value without quotes cannot begin with `{character}`"), "quote the value".to_owned())
        }
        ErrorKind::ExpectedDocumentStart => (
            "unexpected text after the end of the document".to_owned(),
            "separate documents with a line `---`".to_owned(),
        ),
        ErrorKind::ExpectedBlockMappingKey
        | ErrorKind::ExpectedBlockSequenceEntry
        | ErrorKind::InvalidIndentation
        | ErrorKind::InvalidBlockScalarIndent => (
            "this line does not continue what stands above it".to_owned(),
            "align it with the keys or items that it belongs to".to_owned(),
        ),
        other => (other.to_string(), "correct the YAML at this place".to_owned()),
    };
    Problem::new(span, message).with_help(open.and_then(|open| bracket_help(text, open, at)).unwrap_or(help))
}

const TEMPLATE: &str = "this file is a template: `{{ … }}` stands where YAML expects a value";

/// Whether a problem is that the file is not YAML yet.
pub fn is_template(problem: &Problem) -> bool {
    problem.message == TEMPLATE
}

/// The file is not YAML yet.
pub fn template(span: Span) -> Problem {
    Problem::new(span, TEMPLATE).with_help("check the output of the template engine instead")
}

/// The list or object nests too deep, or the copy for an alias would.
pub fn too_deep(span: Span) -> Problem {
    Problem::new(span, format!("nested deeper than {MAX_DEPTH} levels"))
        .with_help("nest less deeply; no policy needs this")
}

/// Advice for an error inside brackets: most often the closing one is missing.
fn bracket_help(text: &str, open: usize, at: usize) -> Option<String> {
    let inside = text.get(open..at)?;
    let close = match inside.bytes().next()? {
        b'[' => "a `,` or `]` is missing after the `[`",
        b'{' => "a `,` or `}` is missing after the `{`",
        _ => return None,
    };
    Some(match inside.lines().count() - 1 {
        0 => format!("perhaps {close} on this line"),
        1 => format!("perhaps {close} on the line above"),
        lines => format!("perhaps {close} {lines} lines above"),
    })
}
