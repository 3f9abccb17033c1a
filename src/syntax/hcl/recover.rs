//! A file that the parser refuses is read block by block.

use super::build::Builder;
use super::{Body, File, problem, redefined};
use crate::diagnostic::Problem;
use hcl_edit::parser;

/// Problems that are told of one file: a file in another language has one at every line.
const MAX_PROBLEMS: usize = 8;

/// What can be read of a file that was refused with `error`.
pub(super) fn file(text: &str, base: usize, error: &parser::Error) -> File {
    let mut body = Body::default();
    let mut problems: Vec<Problem> = Vec::new();
    for range in pieces(text) {
        let piece = &text[range.clone()];
        match redefined::parse(piece) {
            Ok((read, renamed)) => {
                let built = Builder::new(piece, base + range.start).with(&renamed).body(&read, 0);
                body.attributes.extend(built.attributes);
                body.blocks.extend(built.blocks);
            }
            Err(error) if problems.len() < MAX_PROBLEMS => problems.push(problem(&error, piece, base + range.start)),
            Err(_) => {}
        }
    }
    // Each piece may be right where the whole is not: a name that is given twice.
    if problems.is_empty() {
        problems.push(problem(error, text, base));
    }
    File { body, problems }
}

/// The top-level blocks and attributes of a text, each with the line it starts on, found by counting brackets outside
/// strings and comments. A line that begins with a letter in the first column ends a block that was never closed.
fn pieces(text: &str) -> Vec<std::ops::Range<usize>> {
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut scan = Scan { depth: 0, string: false, heredoc: None, comment: false };
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let fresh = scan.heredoc.is_none() && !scan.comment;
        if fresh && line.starts_with(|c: char| c.is_ascii_alphabetic()) && (scan.depth <= 0 || starts_block(line)) {
            scan.depth = 0;
            if start < at {
                pieces.push(start..at);
            }
            start = at;
        }
        scan.line(line);
        at += line.len();
    }
    pieces.push(start..text.len());
    pieces
}

/// Whether a line at the left margin starts one of Terraform's own blocks.
fn starts_block(line: &str) -> bool {
    const BLOCKS: [&str; 11] = [
        "resource",
        "data",
        "module",
        "variable",
        "output",
        "locals",
        "provider",
        "terraform",
        "moved",
        "import",
        "check",
    ];
    let word = line.split([' ', '\t', '{', '"']).next().unwrap_or_default();
    BLOCKS.contains(&word) && line.contains('{')
}

struct Scan {
    depth: i32,
    string: bool,
    /// The word that ends the heredoc that is open.
    heredoc: Option<String>,
    comment: bool,
}

impl Scan {
    fn line(&mut self, line: &str) {
        if let Some(end) = &self.heredoc {
            if line.trim() == end {
                self.heredoc = None;
            }
            return;
        }
        // A string ends with its line.
        self.string = false;
        let bytes = line.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            let two = bytes.get(at..at + 2).unwrap_or_default();
            if self.comment {
                self.comment = two != b"*/";
                at += if self.comment { 1 } else { 2 };
                continue;
            }
            match bytes[at] {
                b'\\' if self.string => at += 1,
                b'"' => self.string = !self.string,
                _ if self.string => {}
                b'#' => return,
                b'/' if two == b"//" => return,
                b'/' if two == b"/*" => self.comment = true,
                b'{' | b'[' | b'(' => self.depth += 1,
                b'}' | b']' | b')' => self.depth -= 1,
                b'<' if two == b"<<" => {
                    let word = line[at + 2..].trim_start_matches('-').trim();
                    if !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
                        self.heredoc = Some(word.to_owned());
                        return;
                    }
                }
                _ => {}
            }
            at += 1;
        }
    }
}
