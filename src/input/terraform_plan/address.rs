//! The addresses of resources: `module.network["a"].data.aws_iam_policy_document.this[0]`.
//!
//! Terraform documentation, "Resource Addressing".

use std::borrow::Cow;

/// The address of a resource instance, in its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address<'a> {
    /// The calls of modules that lead to it, from the root: their names, and their keys under `count` or `for_each`.
    pub modules: Vec<(&'a str, Option<Key<'a>>)>,
    /// Whether it is a data source.
    pub is_data: bool,
    /// The resource type: `aws_iam_role`.
    pub resource_type: &'a str,
    /// The name in the configuration.
    pub name: &'a str,
    /// The key under `count` or `for_each`.
    pub key: Option<Key<'a>>,
    /// What follows the resource: `.inline_policy[deploy]`.
    pub rest: &'a str,
}

/// The key of an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key<'a> {
    /// Under `count`.
    Index(&'a str),
    /// Under `for_each`.
    Name(Cow<'a, str>),
}

impl Key<'_> {
    /// The key without quotes.
    pub fn into_text(self) -> String {
        match self {
            Key::Index(text) => text.to_owned(),
            Key::Name(text) => text.into_owned(),
        }
    }
}

/// The parts of an address; `None` when it is no address of a resource.
pub fn parse(address: &str) -> Option<Address<'_>> {
    let mut rest = address;
    let mut modules = Vec::new();
    while let Some(after) = rest.strip_prefix("module.") {
        let (name, after) = word(after)?;
        let (key, after) = key(after)?;
        modules.push((name, key));
        rest = after.strip_prefix('.')?;
    }
    let (is_data, rest) = match rest.strip_prefix("data.") {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let (resource_type, rest) = word(rest)?;
    let (name, rest) = word(rest.strip_prefix('.')?)?;
    let (key, rest) = key(rest)?;
    Some(Address { modules, is_data, resource_type, name, key, rest })
}

/// The address of an instance from its parts, as Terraform writes it.
pub(super) fn write(module: &str, is_data: bool, resource_type: &str, name: &str, key: Option<&Key<'_>>) -> String {
    let mut address = String::new();
    if !module.is_empty() {
        address.push_str(module);
        address.push('.');
    }
    if is_data {
        address.push_str("data.");
    }
    address.push_str(resource_type);
    address.push('.');
    address.push_str(name);
    match key {
        Some(Key::Index(index)) => address.push_str(&format!("[{index}]")),
        Some(Key::Name(name)) => {
            address.push_str("[\"");
            for c in name.chars() {
                if matches!(c, '"' | '\\') {
                    address.push('\\');
                }
                address.push(c);
            }
            address.push_str("\"]");
        }
        None => {}
    }
    address
}

/// The calls in the address of a module instance, `network` and `subnet` of `module.network["a"].module.subnet`: the
/// name of each, its key, and where it begins. `None` when it is no such address.
pub(super) fn calls(module: &str) -> Option<Vec<(&str, Option<Key<'_>>, usize)>> {
    let mut rest = module;
    let mut calls = Vec::new();
    while !rest.is_empty() {
        let start = module.len() - rest.len();
        let (name, after) = word(rest.strip_prefix("module.")?)?;
        let (key, after) = key(after)?;
        calls.push((name, key, start));
        rest = match after.strip_prefix('.') {
            Some(after) => after,
            None if after.is_empty() => after,
            None => return None,
        };
    }
    Some(calls)
}

/// A name and what follows it.
fn word(text: &str) -> Option<(&str, &str)> {
    let end = text.find(['.', '[']).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

/// The key in brackets, if there is one, and what follows it.
fn key(text: &str) -> Option<(Option<Key<'_>>, &str)> {
    let Some(inside) = text.strip_prefix('[') else { return Some((None, text)) };
    let Some(quoted) = inside.strip_prefix('"') else {
        let (index, after) = inside.split_once(']')?;
        return Some((Some(Key::Index(index)), after));
    };
    let mut escaped = false;
    let end = quoted.bytes().position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    })?;
    let (name, after) = quoted.split_at(end);
    let name = if name.contains('\\') { Cow::Owned(unescape(name)) } else { Cow::Borrowed(name) };
    Some((Some(Key::Name(name)), after.strip_prefix("\"]")?))
}

fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(c) = letters.next() {
        out.push(match c {
            '\\' => match letters.next() {
                Some('n') => '\n',
                Some('r') => '\r',
                Some('t') => '\t',
                Some(other) => other,
                None => '\\',
            },
            c => c,
        });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Option<Key<'_>> {
        Some(Key::Name(text.into()))
    }

    #[test]
    fn addresses_have_parts() {
        let address = parse(r#"module.a["x.y"].module.b[0].data.aws_iam_policy_document.doc[2]"#).expect("an address");
        assert_eq!(address.modules, [("a", name("x.y")), ("b", Some(Key::Index("0")))]);
        assert_eq!((address.is_data, address.resource_type, address.name), (true, "aws_iam_policy_document", "doc"));
        assert_eq!(address.key, Some(Key::Index("2")));
        let plain = parse("aws_iam_role.ci").expect("an address");
        assert_eq!((plain.modules.len(), plain.is_data, plain.key, plain.rest), (0, false, None, ""));
        let inline = parse(r#"aws_iam_role.ci["a\"]\\"].inline_policy[deploy]"#).expect("an address");
        assert_eq!((inline.key, inline.rest), (name(r#"a"]\"#), ".inline_policy[deploy]"));
    }

    #[test]
    fn what_is_no_address() {
        for text in
            ["", "aws_iam_role", "module.a", "module.a.aws_iam_role", "aws_iam_role.a[\"x", "aws_iam_role.a[0", "."]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn an_address_is_written_as_it_was_read() {
        for text in [r#"module.m["k"].aws_iam_role.r["a\"b"]"#, "aws_iam_role.r[3]", "data.aws_iam_role.r"] {
            let address = parse(text).expect("an address");
            let module = text.split_once(".aws_iam_role").map_or("", |(module, _)| module);
            let module = if module == "data" { "" } else { module };
            assert_eq!(write(module, address.is_data, address.resource_type, address.name, address.key.as_ref()), text);
        }
        let nested = [("a", name("x"), 0), ("b", None, 14)];
        assert_eq!(calls(r#"module.a["x"].module.b"#), Some(nested.to_vec()));
        assert_eq!(calls(""), Some(vec![]));
        assert_eq!(calls("a"), None);
        assert_eq!(calls("module.a[0]b"), None);
    }
}
