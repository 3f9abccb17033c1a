//! Reading a baseline file, with every problem in it at its place.

use super::{Baseline, Entry, VERSION};
use crate::config::values::{Node, place_of, sort, span_of};
use crate::config::{ConfigError, Date, nearest};
use crate::diagnostic::{Fingerprint, Form, Problem};
use crate::policy::print;
use crate::rules;
use crate::site::PolicyKind;
use crate::source::Source;
use crate::span::Span;
use crate::syntax::{self, Syntax};
use std::path::PathBuf;
use toml::de::{DeTable, DeValue};

/// More problems than these are not told: one mistake, such as that of a merge, may break them all.
const MAX_PROBLEMS: usize = 20;

const ROOT: [&str; 2] = ["version", "accepted"];
const ENTRY: [&str; 14] = [
    "rule",
    "path",
    "folder",
    "resource",
    "sid",
    "subject",
    "message",
    "accepted",
    "reason",
    "fingerprint",
    "kind",
    "session",
    "access",
    "form",
];
const REQUIRED: [&str; 5] = ["rule", "path", "subject", "accepted", "fingerprint"];
const FORM: [&str; 2] = ["when", "access"];

/// Read a baseline file.
pub fn parse(source: Source, path: PathBuf) -> Result<Baseline, Box<ConfigError>> {
    let mut reader = Reader { problems: Vec::new() };
    let entries = reader.document(&source.text);
    let Reader { mut problems } = reader;
    if problems.is_empty() {
        return Ok(Baseline { source, entries });
    }
    problems.sort_by_key(|problem| problem.span);
    problems.truncate(MAX_PROBLEMS);
    Err(Box::new(ConfigError { path, source, problems }))
}

struct Reader {
    problems: Vec<Problem>,
}

type Table<'t> = DeTable<'t>;

fn get<'t>(table: &'t Table<'t>, name: &str) -> Option<&'t Node<'t>> {
    table.iter().find(|(key, _)| key.get_ref() == name).map(|(_, node)| node)
}

impl Reader {
    fn problem(&mut self, span: Span, message: impl Into<String>) {
        self.problems.push(Problem::new(span, message));
    }

    fn wrong(&mut self, node: &Node<'_>, key: &str, expected: &str) {
        self.problem(place_of(node), format!("`{key}` must be {expected}, not {}", sort(node)));
    }

    fn document(&mut self, text: &str) -> Vec<Entry> {
        let (root, errors) = DeTable::parse_recoverable(text);
        for error in &errors {
            let span = error.span().map_or(Span::at(text.len()), span_of);
            self.problem(span, error.message());
        }
        if !errors.is_empty() {
            return Vec::new();
        }
        let root = root.get_ref();
        let version = get(root, "version");
        match version.map(|node| (node, node.get_ref())) {
            Some((_, DeValue::Integer(number))) if number.as_str() == VERSION.to_string() => {}
            Some((node, DeValue::Integer(number))) => {
                let message =
                    format!("a baseline of version {number} cannot be read: this program knows version {VERSION}");
                self.problem(place_of(node), message);
                return Vec::new();
            }
            Some((node, _)) => self.wrong(node, "version", "an integer"),
            None => self.problem(Span::at(0), "this is no baseline: `version` is missing"),
        }
        self.known(root, &ROOT, "");
        let Some(list) = get(root, "accepted") else { return Vec::new() };
        let Some(items) = list.get_ref().as_array() else {
            self.wrong(list, "accepted", "a list of `[[accepted]]` tables");
            return Vec::new();
        };
        items.iter().filter_map(|node| self.entry(node)).collect()
    }

    /// Tell which keys of a table there are not; whether it has no such key.
    fn known(&mut self, table: &Table<'_>, names: &[&str], prefix: &str) -> bool {
        let before = self.problems.len();
        for (key, _) in table {
            let name = key.get_ref().as_ref();
            if names.contains(&name) {
                continue;
            }
            let mut problem = Problem::new(span_of(key.span()), format!("unknown key `{prefix}{name}`"));
            if let Some(near) = nearest(name, names.iter().copied()) {
                problem = problem.with_help(format!("did you mean `{near}`?"));
            }
            self.problems.push(problem);
        }
        self.problems.len() == before
    }

    fn string(&mut self, table: &Table<'_>, key: &str) -> Option<String> {
        let node = get(table, key)?;
        let text = node.get_ref().as_str();
        if text.is_none() {
            self.wrong(node, key, "a string");
        }
        text.map(str::to_owned)
    }

    fn entry(&mut self, node: &Node<'_>) -> Option<Entry> {
        let Some(table) = node.get_ref().as_table() else {
            self.wrong(node, "accepted", "a table");
            return None;
        };
        let before = self.problems.len();
        let span = place_of(node);
        let are_known = self.known(table, &ENTRY, "accepted.");
        // A misspelt key is one mistake, not two.
        for key in REQUIRED.into_iter().filter(|_| are_known) {
            if get(table, key).is_none() {
                self.problem(span, format!("`accepted.{key}` is missing"));
            }
        }
        let rule = self.string(table, "rule").unwrap_or_default();
        let mut entry = Entry {
            span,
            rule,
            path: self.string(table, "path").unwrap_or_default(),
            folder: self.string(table, "folder"),
            resource: self.string(table, "resource").unwrap_or_default(),
            sid: self.string(table, "sid"),
            subject: self.string(table, "subject").unwrap_or_default(),
            message: self.string(table, "message").unwrap_or_default(),
            accepted: self.date(table).unwrap_or(Date { year: 0, month: 1, day: 1 }),
            reason: self.string(table, "reason"),
            fingerprint: self.fingerprint(table).unwrap_or_default(),
            kind: self.kind(table),
            session: self.string(table, "session"),
            forms: self.forms(table),
        };
        let knows_access = !entry.forms.is_empty() || entry.session.is_some();
        if entry.kind.is_some() && !knows_access && self.problems.len() == before {
            self.problem(span, "`accepted.access` is missing");
        }
        if self.problems.len() > before {
            return None;
        }
        if entry.fingerprint != entry.fingerprint_of(&entry.rule) {
            let place = get(table, "fingerprint").map_or(span, place_of);
            let problem = Problem::new(place, "this is not the fingerprint of the finding that the entry describes");
            let help =
                "rule, resource, sid and subject make it; make the entry anew with `iamlint baseline create --update`";
            self.problems.push(problem.with_help(help));
            return None;
        }
        // A rule that was renamed since then.
        if let Some(rule) = rules::find(&entry.rule).filter(|rule| rule.id != entry.rule) {
            entry.rename(rule.id);
        }
        Some(entry)
    }

    fn date(&mut self, table: &Table<'_>) -> Option<Date> {
        let node = get(table, "accepted")?;
        let day = node.get_ref().as_datetime().filter(|at| at.time.is_none() && at.offset.is_none());
        let day = day.and_then(|at| at.date).map(|date| Date { year: date.year, month: date.month, day: date.day });
        if day.is_none() {
            self.wrong(node, "accepted", "a date");
        }
        day
    }

    fn fingerprint(&mut self, table: &Table<'_>) -> Option<Fingerprint> {
        let text = self.string(table, "fingerprint")?;
        let fingerprint = Fingerprint::parse(&text);
        if let (None, Some(node)) = (fingerprint, get(table, "fingerprint")) {
            self.problem(place_of(node), "a fingerprint has 32 hexadecimal digits");
        }
        fingerprint
    }

    fn kind(&mut self, table: &Table<'_>) -> Option<PolicyKind> {
        let name = self.string(table, "kind")?;
        let kind = PolicyKind::from_name(&name);
        if let (None, Some(node)) = (kind, get(table, "kind")) {
            let names = PolicyKind::ALL.map(|(_, name)| name).join(", ");
            self.problem(place_of(node), format!("`{name}` is no kind of policy; the kinds are {names}"));
        }
        kind
    }

    fn forms(&mut self, table: &Table<'_>) -> Vec<Form> {
        let form = |when, text| Form { when, text, statements: Vec::new() };
        let Some(node) = get(table, "form") else {
            return self.access(table).into_iter().map(|text| form(Vec::new(), text)).collect();
        };
        let Some(items) = node.get_ref().as_array() else {
            self.wrong(node, "form", "a list of `[[accepted.form]]` tables");
            return Vec::new();
        };
        let mut forms = Vec::new();
        for item in items {
            let Some(table) = item.get_ref().as_table() else {
                self.wrong(item, "form", "a table");
                continue;
            };
            self.known(table, &FORM, "accepted.form.");
            let when = get(table, "when").map(|node| self.when(node)).unwrap_or_default();
            match self.access(table) {
                Some(text) => forms.push(form(when, text)),
                None => self.problem(place_of(item), "`accepted.form.access` is missing or cannot be read"),
            }
        }
        forms
    }

    fn when(&mut self, node: &Node<'_>) -> Vec<Vec<(String, bool)>> {
        let ways = node.get_ref().as_array().map(|ways| ways.iter().map(way).collect::<Option<Vec<_>>>());
        ways.flatten().unwrap_or_else(|| {
            self.wrong(node, "when", "a list of tables from a condition to `true` or `false`");
            Vec::new()
        })
    }

    /// The access that an entry accepts, as it would be written today.
    fn access(&mut self, table: &Table<'_>) -> Option<String> {
        let text = self.string(table, "access")?;
        let parsed = syntax::parse(&text, Syntax::Json);
        let document = parsed.documents.first().filter(|document| document.as_map().is_some());
        let place = get(table, "access").map(place_of).unwrap_or_default();
        match (parsed.problems.first(), document) {
            (Some(problem), _) => {
                self.problem(place, format!("the access cannot be read as JSON: {}", problem.message));
                None
            }
            (None, None) => {
                self.problem(place, "the access must be a JSON object");
                None
            }
            (None, Some(document)) => Some(print::again(document)),
        }
    }
}

fn way(node: &Node<'_>) -> Option<Vec<(String, bool)>> {
    let table = node.get_ref().as_table()?;
    let mut way: Vec<(String, bool)> = table
        .iter()
        .map(|(name, value)| Some((name.get_ref().to_string(), value.get_ref().as_bool()?)))
        .collect::<Option<_>>()?;
    way.sort();
    Some(way)
}
