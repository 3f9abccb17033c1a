//! Writing `[[ignore]]` tables into a configuration file. Bytes are put in, and none is changed.

use super::discover::place_in;
use super::file::{self, Place};
use super::values::{quoted, span_of};
use super::{Config, ConfigError, KnownRules};
use crate::discover::relative;
use crate::source::Source;
use std::path::{Path, PathBuf};
use toml::de::{DeTable, DeValue};

/// An `[[ignore]]` to write.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NewIgnore {
    /// A pattern of the file.
    pub path: String,
    /// The rule.
    pub rule: String,
    /// The address or ARN of the role or resource.
    pub resource: Option<String>,
    /// The statement's Sid.
    pub sid: Option<String>,
    /// What the finding is about.
    pub subject: Option<String>,
    /// Why.
    pub reason: String,
}

impl NewIgnore {
    fn pairs(&self) -> Vec<String> {
        let NewIgnore { path, rule, resource, sid, subject, reason } = self;
        let all = [
            ("rule", Some(rule)),
            ("path", Some(path)),
            ("resource", resource.as_ref()),
            ("sid", sid.as_ref()),
            ("subject", subject.as_ref()),
            ("reason", Some(reason)),
        ];
        all.into_iter().filter_map(|(key, value)| Some(format!("{key} = {}", quoted(value?)))).collect()
    }

    /// The table as it stands in an `iamlint.toml`.
    pub fn table(&self, name: &str, break_: &str) -> String {
        let lines: Vec<String> = std::iter::once(format!("[[{name}]]")).chain(self.pairs()).collect();
        lines.join(break_) + break_
    }

    fn inline(&self) -> String {
        format!("{{ {} }}", self.pairs().join(", "))
    }
}

/// The pattern that means this file alone, an absolute path.
pub fn pattern_of(path: &Path, base: &Path) -> String {
    let way = relative(path, base).to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/");
    let mut pattern = String::new();
    // A pattern without a `/` means the name at any depth.
    if !way.contains('/') || way.starts_with('!') {
        pattern.push_str("./");
    }
    for c in way.chars() {
        match c {
            '*' | '?' | '[' | ']' | '{' | '}' | '\\' => pattern.extend(['[', c, ']']),
            c => pattern.push(c),
        }
    }
    pattern
}

impl Config {
    /// The file of this configuration, in the working directory `here`.
    pub fn file(&self, here: &Path) -> Option<PathBuf> {
        self.source.as_ref().map(|source| here.join(&source.path))
    }

    /// The text of the file with more `[[ignore]]` tables; `None` without a file.
    pub fn with_ignores(&self, new: &[NewIgnore]) -> Option<String> {
        let source = self.source.as_ref()?;
        let text = source.text.as_str();
        let place = place_in(Path::new(&source.path));
        if let Some((at, added)) = in_list(text, place, new) {
            return Some(format!("{}{added}{}", &text[..at], &text[at..]));
        }
        let break_ = if text.contains("\r\n") { "\r\n" } else { "\n" };
        let name = match place {
            Place::Whole => "ignore",
            Place::ToolTable => "tool.iamlint.ignore",
        };
        let mut out = text.to_owned();
        if !out.is_empty() && !out.ends_with('\n') {
            out.push_str(break_);
        }
        for ignore in new {
            if !out.is_empty() {
                out.push_str(break_);
            }
            out.push_str(&ignore.table(name, break_));
        }
        Some(out)
    }

    /// The configuration that the file would be with this text.
    pub fn reread(&self, text: String, known: &KnownRules<'_>) -> Result<Config, Box<ConfigError>> {
        let path = PathBuf::from(self.source.as_ref().map_or("", |source| source.path.as_str()));
        let source = Source::new(path.to_string_lossy(), text);
        match file::parse(source, self.base.clone(), place_in(&path), known) {
            Ok(config) => Ok(config.unwrap_or_else(|| Config::new(self.base.clone()))),
            Err((source, problems)) => Err(Box::new(ConfigError { path, source, problems })),
        }
    }
}

/// Where new entries go in `ignore = […]`, and their text; `None` where there is no such list.
fn in_list(text: &str, place: Place, new: &[NewIgnore]) -> Option<(usize, String)> {
    let (root, errors) = DeTable::parse_recoverable(text);
    let mut table = root.get_ref();
    if place == Place::ToolTable {
        for name in ["tool", "iamlint"] {
            table = table.iter().find(|(key, _)| key.get_ref() == name)?.1.get_ref().as_table()?;
        }
    }
    let (key, node) = table.iter().find(|(key, _)| key.get_ref() == "ignore").filter(|_| errors.is_empty())?;
    let DeValue::Array(list) = node.get_ref() else { return None };
    // `[[ignore]]` tables are a list to the parser too.
    if !text[key.span().end..].trim_start().starts_with('=') {
        return None;
    }
    let start = span_of(node.span()).start as usize + 1;
    let items: Vec<String> = new.iter().map(NewIgnore::inline).collect();
    let Some(first) = list.first().map(|first| first.span().start) else {
        return Some((start, items.join(", ")));
    };
    let line = text[..first].rfind('\n').map_or(0, |end| end + 1);
    let indent = &text[line..first];
    if line >= start && indent.trim().is_empty() {
        let break_ = if text[..first].ends_with(&format!("\r\n{indent}")) { "\r\n" } else { "\n" };
        return Some((line, items.iter().map(|item| format!("{indent}{item},{break_}")).collect()));
    }
    Some((first, items.iter().map(|item| format!("{item}, ")).collect()))
}
