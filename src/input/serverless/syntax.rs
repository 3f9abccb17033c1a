//! How variables are written in a configuration of the Serverless Framework.
//!
//! From its documentation, "Variables", and its parsers: `${source:address}`, `${source(parameters):address}`, and after
//! commas what to take where the source has nothing. Variables may stand in one another. `\${` is no variable. What
//! belongs to CloudFormation (`${AWS::Region}`, `${Resource}`) or to IAM (`${aws:username}`) is left alone; the framework
//! claims some of the latter for itself, so whoever deploys one has escaped it.

/// How deep variables may stand in one another.
const MAX_DEPTH: usize = 16;

/// Sources of the framework.
const SOURCES: [&str; 16] = [
    "self",
    "opt",
    "env",
    "file",
    "sls",
    "ssm",
    "cf",
    "s3",
    "param",
    "strToBool",
    "git",
    "output",
    "state",
    "terraform",
    "vault",
    "doppler",
];

/// Where keys of IAM that a policy may name as variables begin, beside those with a dot or a hyphen
/// (IAM User Guide, "IAM policy elements: Variables and tags").
const KEYS: [&str; 9] = ["aws", "saml", "s3", "ec2", "sts", "ecs", "redshift", "transfer", "iot"];

/// A piece of a string.
#[derive(Debug, PartialEq)]
pub(super) enum Piece<'a> {
    Literal(&'a str),
    /// A variable, by what stands in its braces.
    Variable(&'a str),
    /// `#{AWS::Region}`: plugins turn it into a pseudo parameter of CloudFormation.
    Pseudo(&'a str),
}

/// The pieces of a string, in order. `others` names sources that the configuration declares.
pub(super) fn pieces<'a>(text: &'a str, others: &[&str]) -> Vec<Piece<'a>> {
    let bytes = text.as_bytes();
    let mut pieces = Vec::new();
    // Where the literal that is being read began.
    let mut from = 0;
    let mut at = 0;
    // Beyond its last brace nothing closes.
    let last = text.rfind('}').unwrap_or(0);
    while at < last {
        let (piece, end) = match bytes[at..] {
            [b'#', b'{', ..] => match text[at + 2..].split_once('}') {
                Some((name, _)) if name.starts_with("AWS::") => (Piece::Pseudo(name), at + 2 + name.len() + 1),
                _ => (Piece::Literal(""), at + 2),
            },
            [b'$', b'{', ..] => match closing(bytes, at + 2) {
                Some(end) if is_variable(&text[at + 2..end], others) => (Piece::Variable(&text[at + 2..end]), end + 1),
                _ => (Piece::Literal(""), at + 2),
            },
            [b'\\', ..] => {
                let slashes = bytes[at..].iter().take_while(|byte| **byte == b'\\').count();
                if !bytes[at + slashes..].starts_with(b"${") {
                    at += slashes;
                    continue;
                }
                // Two of them stand for one, and one before the variable makes it text.
                pieces.push(Piece::Literal(&text[from..at + slashes / 2]));
                from = at + slashes;
                at = from + if slashes % 2 == 1 { "${".len() } else { 0 };
                continue;
            }
            _ => {
                at += 1;
                continue;
            }
        };
        if piece != Piece::Literal("") {
            pieces.push(Piece::Literal(&text[from..at]));
            pieces.push(piece);
            from = end;
        }
        at = end;
    }
    pieces.push(Piece::Literal(&text[from..]));
    pieces.retain(|piece| *piece != Piece::Literal(""));
    pieces
}

/// Where the brace stands that closes what was opened before `from`.
fn closing(bytes: &[u8], from: usize) -> Option<usize> {
    let mut depth = 1;
    let mut at = from;
    while at < bytes.len() {
        match bytes[at..] {
            [b'$', b'{', ..] => {
                depth += 1;
                at += 1;
                if depth > MAX_DEPTH {
                    return None;
                }
            }
            [b'}', ..] => {
                depth -= 1;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// Whether what stands in `${…}` is a variable of the framework.
fn is_variable(inner: &str, others: &[&str]) -> bool {
    let first = split(inner, b',').into_iter().next().unwrap_or_default();
    let Source::Call { name, address, parameters } = Source::of(first) else { return false };
    // `cf.us-east-1:…` is an old way to name a Region.
    let source = name.split_once('.').map_or(name, |(source, _)| source);
    match source {
        "aws" => is_account_fact(address) || ["ssm:", "s3:", "cf:"].iter().any(|from| address.starts_with(from)),
        // The name of a bucket has no capital, and every key of S3 that has a slash has one.
        "s3" => parameters.is_some() || address.split_once('/').is_some_and(|(bucket, _)| !has_capital(bucket)),
        _ if SOURCES.contains(&source) || others.contains(&name) => true,
        // A source of a plugin.
        _ => is_name(name) && !KEYS.contains(&name) && !address.starts_with(':'),
    }
}

/// Whether `${aws:…}` with this address is about the account and not a key of IAM.
fn is_account_fact(address: &str) -> bool {
    matches!(address, "accountId" | "region" | "partition")
}

fn has_capital(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_uppercase())
}

/// Whether a word can name a source: a small letter, then letters and digits.
fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_lowercase()) && word.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Where a value is taken from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Source<'a> {
    /// A string in quotes.
    Text(&'a str),
    /// `true`, `12`, `null`, or whatever else stands there.
    Word(&'a str),
    /// `name(parameters):address`.
    Call { name: &'a str, parameters: Option<&'a str>, address: &'a str },
}

impl<'a> Source<'a> {
    /// The sources of a variable, the first that has a value counts.
    pub fn all(inner: &'a str) -> Vec<Self> {
        split(inner, b',').into_iter().map(Source::of).collect()
    }

    fn of(text: &'a str) -> Self {
        let text = text.trim();
        for quote in ['\'', '"'] {
            if let Some(inside) = text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
                return Source::Text(inside);
            }
        }
        let Some(end) = text.find([':', '(']) else { return Source::Word(text) };
        let (name, rest) = (text[..end].trim(), &text[end..]);
        if let Some(address) = rest.strip_prefix(':') {
            return Source::Call { name, parameters: None, address: address.trim() };
        }
        let close = split(&rest[1..], b')').first().map_or(0, |inside| inside.len());
        let (parameters, after) = (&rest[1..1 + close], &rest[1 + close..]);
        let after = after.strip_prefix(')').unwrap_or(after);
        Source::Call { name, parameters: Some(parameters), address: after.strip_prefix(':').unwrap_or(after).trim() }
    }
}

/// The parts of a text between separators that stand in no variable, parenthesis or quotes.
fn split(text: &str, separator: u8) -> Vec<&str> {
    let bytes = text.as_bytes();
    let (mut parts, mut from, mut at) = (Vec::new(), 0, 0);
    let (mut braces, mut parentheses, mut quote) = (0usize, 0usize, None);
    while at < bytes.len() {
        let byte = bytes[at];
        match (quote, byte) {
            (Some(open), _) => {
                if byte == open {
                    quote = None;
                }
            }
            (None, _) if byte == separator && braces == 0 && parentheses == 0 => {
                parts.push(&text[from..at]);
                from = at + 1;
            }
            (None, b'\'' | b'"') => quote = Some(byte),
            (None, b'{') => braces += 1,
            (None, b'}') => braces = braces.saturating_sub(1),
            (None, b'(') => parentheses += 1,
            (None, b')') => parentheses = parentheses.saturating_sub(1),
            (None, _) => {}
        }
        at += 1;
    }
    parts.push(&text[from..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(text: &str) -> Vec<&str> {
        let variable = |piece| match piece {
            Piece::Variable(inner) | Piece::Pseudo(inner) => Some(inner),
            Piece::Literal(_) => None,
        };
        pieces(text, &["vaultOfOurs"]).into_iter().filter_map(variable).collect()
    }

    #[test]
    fn variables_of_the_framework() {
        for text in [
            "self:custom.a",
            "opt:stage, 'dev'",
            "env:X",
            "file(./a.yml):b",
            "file(./a.${opt:stage, 'dev'}.yml)",
            "sls:stage",
            "ssm:/a/b~true",
            "ssm(eu-west-1):/a",
            "cf:stack.Output",
            "cf.us-east-1:stack.Output",
            "s3:bucket/key.txt",
            "aws:accountId",
            "aws:region",
            "aws:ssm:/a",
            "param:x",
            "strToBool(${self:a})",
            "lumigo:x",
            "vaultOfOurs:a/b",
        ] {
            let written = format!("a${{{text}}}b");
            assert_eq!(variables(&written), [text], "{text}");
        }
        assert_eq!(variables("#{AWS::Region}"), ["AWS::Region"]);
    }

    #[test]
    fn variables_of_others_are_text() {
        for text in [
            "${AWS::Region}",
            "${Topic}",
            "${Topic.TopicArn}",
            "${!aws:username}",
            "${aws:username}",
            "${aws:PrincipalTag/team}",
            "${cognito-identity.amazonaws.com:sub}",
            "${saml:sub}",
            "${s3:prefix}",
            "${s3:ExistingObjectTag/owner}",
            r"\${self:custom.a}",
            "#{x}",
            "${open",
            "$self:custom",
            "${}",
            "}${",
        ] {
            assert!(variables(text).is_empty(), "{text}");
        }
        assert_eq!(pieces(r"a\${self:b}c", &[]), [Piece::Literal("a"), Piece::Literal("${self:b}c")]);
        assert_eq!(pieces(r"\\${self:b}", &[]), [Piece::Literal(r"\"), Piece::Variable("self:b")]);
        assert_eq!(pieces("C:\\dir}", &[]), [Piece::Literal("C:\\dir}")]);
    }

    #[test]
    fn sources_with_fallbacks() {
        let call = |name, parameters, address| Source::Call { name, parameters, address };
        assert_eq!(
            Source::all("opt:stage, self:provider.stage, 'a, b', 12"),
            [
                call("opt", None, "stage"),
                call("self", None, "provider.stage"),
                Source::Text("a, b"),
                Source::Word("12")
            ]
        );
        assert_eq!(
            Source::all("file(./${opt:a, 'b'}.yml):c.d, null"),
            [call("file", Some("./${opt:a, 'b'}.yml"), "c.d"), Source::Word("null")]
        );
        assert_eq!(Source::all("file(a)"), [call("file", Some("a"), "")]);
    }

    #[test]
    fn hostile_text_is_read_in_linear_time() {
        let open = "${self:".repeat(200_000);
        assert_eq!(pieces(&open, &[]).len(), 1);
        assert!(!pieces(&format!("{open}}}"), &[]).is_empty());
        assert!(!pieces(&format!("{}a", "\\".repeat(300_000)), &[]).is_empty());
    }
}
