//! From the text of a configuration file to a [`Config`], with every problem in it.
//!
//! The spanned table is walked by hand: each key is asked for by its name in the [`schema`](super::schema), and what
//! does not fit is told at its place, with what was probably meant.

use super::known::{KnownRules, nearest};
use super::schema::{self, Table};
use super::values::{Node, is_org_id, place_of, span_of, syntax_problem};
use super::{Config, FailOn, Ignore, Origin, Override, RuleConfig};
use crate::diagnostic::{Audience, Problem, Severity, WhyNot};
use crate::rules::options::OptionSpec;
use crate::source::Source;
use crate::span::{Span, Spanned};
use std::collections::BTreeMap;
use std::path::PathBuf;
use toml::de::{DeTable, DeValue};

/// Where in a file the configuration stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The whole file.
    Whole,
    /// `[tool.iamlint]`.
    ToolTable,
}

/// Read a file. `None` when it has no `[tool.iamlint]`; otherwise every problem, in the order of the file.
pub(super) fn parse(
    source: Source,
    base: PathBuf,
    place: Place,
    known: &KnownRules<'_>,
) -> Result<Option<Config>, (Source, Vec<Problem>)> {
    let mut reader = Reader { known, problems: Vec::new(), config: Config::new(base) };
    let found = reader.document(&source.text, place);
    let Reader { mut problems, mut config, .. } = reader;
    if !problems.is_empty() {
        problems.sort_by_key(|problem| problem.span);
        return Err((source, problems));
    }
    config.warnings.sort_by_key(|warning| warning.span);
    config.source = Some(source);
    Ok(found.then_some(config))
}

/// Read the text of an `iamlint.toml` that is no file: for tests and editors.
pub fn parse_text(text: &str) -> Result<Config, Box<super::ConfigError>> {
    let path = PathBuf::from("iamlint.toml");
    let source = Source::new("iamlint.toml", text);
    match parse(source, PathBuf::new(), Place::Whole, super::registry()) {
        Ok(config) => Ok(config.unwrap_or_else(|| Config::new(PathBuf::new()))),
        Err((source, problems)) => Err(Box::new(super::ConfigError { path, source, problems })),
    }
}

/// The configuration as far as it is read, and what is wrong so far.
pub(super) struct Reader<'k> {
    known: &'k KnownRules<'k>,
    pub(super) problems: Vec<Problem>,
    config: Config,
}

/// A table whose keys have been looked at.
struct Section<'t> {
    /// What stands before a key of it in messages: `org.`.
    prefix: String,
    entries: &'t DeTable<'t>,
}

impl<'t> Section<'t> {
    /// The value of a key, with its name for messages.
    fn get(&self, name: &str) -> Option<(String, &'t Node<'t>)> {
        let (_, node) = self.entries.iter().find(|(key, _)| key.get_ref() == name)?;
        Some((format!("{}{name}", self.prefix), node))
    }
}

impl<'k> Reader<'k> {
    /// Whether there is a configuration in the text.
    fn document(&mut self, text: &str, place: Place) -> bool {
        let (root, errors) = DeTable::parse_recoverable(text);
        if !errors.is_empty() {
            self.problems = errors.iter().map(|error| syntax_problem(text, error)).collect();
            return false;
        }
        let (mut table, mut span) = (root.get_ref(), Span::at(0));
        if place == Place::ToolTable {
            for name in ["tool", "iamlint"] {
                let Some((_, node)) = table.iter().find(|(key, _)| key.get_ref() == name) else { return false };
                let Some(inner) = self.table(name, node) else { return false };
                (table, span) = (inner, place_of(node));
            }
        }
        self.root(table, span);
        self.contradictions();
        true
    }

    fn root(&mut self, entries: &DeTable<'_>, span: Span) {
        let root = self.section(Table::Root, "", entries, span, &[]);
        if let Some(profile) = root.get("profile").and_then(|at| self.choice(at, Audience::ALL)) {
            self.config.profile = profile;
        }
        if let Some(fail_on) = root.get("fail-on").and_then(|at| self.choice(at, FailOn::ALL)) {
            self.config.fail_on = fail_on;
        }
        if let Some((key, node)) = root.get("fail-on-unjudged") {
            let listed = self.list(&key, "kinds", node);
            self.config.fail_on_unjudged = listed.into_iter().filter_map(|at| self.choice(at, WhyNot::ALL)).collect();
        }
        if let Some(severity) = root.get("min-severity").and_then(|at| self.choice(at, Severity::ALL)) {
            self.config.min_severity = severity;
        }
        let baseline = root.get("baseline").and_then(|(key, node)| self.text(&key, node));
        self.config.baseline = baseline.map(|baseline| baseline.value);
        self.config.select = self.select(&root);
        self.config.extend_select = root.get("extend-select").map(|at| self.selectors(at)).unwrap_or_default();
        let exclude = root.get("exclude").map(|at| self.globs(at)).unwrap_or_default();
        self.config.exclude = exclude.into_iter().map(|glob| glob.value).collect();
        if let Some((key, node)) = root.get("org")
            && let Some(org) = self.table(&key, node)
        {
            self.org(org, place_of(node));
        }
        if let Some((key, node)) = root.get("rules")
            && let Some(rules) = self.table(&key, node)
        {
            self.rules(rules);
        }
        if let Some((key, node)) = root.get("override") {
            for (key, node) in self.list(&key, "`[[override]]` tables", node) {
                if let Some(table) = self.table(&key, node) {
                    self.override_(table, place_of(node));
                }
            }
        }
        // TOML has no file with both a list and tables of one name, so the list has a second one.
        self.config.ignore = root.get("extend-ignore").map(|at| self.selectors(at)).unwrap_or_default();
        if let Some((key, node)) = root.get("ignore") {
            for (key, node) in self.list(&key, "rules, families or `[[ignore]]` tables", node) {
                match node.get_ref() {
                    DeValue::Table(table) => self.ignore(table, place_of(node)),
                    DeValue::String(_)
                    | DeValue::Integer(_)
                    | DeValue::Float(_)
                    | DeValue::Boolean(_)
                    | DeValue::Datetime(_)
                    | DeValue::Array(_) => {
                        let selector = self.selector(&key, node);
                        self.config.ignore.extend(selector);
                    }
                }
            }
        }
    }

    fn org(&mut self, entries: &DeTable<'_>, span: Span) {
        let org = self.section(Table::Org, "org.", entries, span, &[]);
        if let Some((key, node)) = org.get("accounts") {
            for (key, node) in self.list(&key, "account ids", node) {
                let account = self.account(&key, node);
                self.config.org.accounts.extend(account);
            }
        }
        if let Some((key, node)) = org.get("trusted-accounts") {
            if let Some(table) = node.get_ref().as_table() {
                for (account, note) in table {
                    let account = self.account_text(account.get_ref(), span_of(account.span()));
                    let note = self.string(&format!("{key}.<account>"), note);
                    self.config.org.trusted_accounts.extend(account.zip(note.map(|note| note.value)));
                }
            } else {
                for (key, node) in self.list(&key, "account ids", node) {
                    let account = self.account(&key, node);
                    self.config.org.trusted_accounts.extend(account.map(|account| (account, String::new())));
                }
            }
        }
        if let Some(id) = org.get("org-id").and_then(|(key, node)| self.text(&key, node)) {
            if !is_org_id(&id.value) {
                let problem = Problem::new(id.span, format!("`{}` is not the id of an organization", id.value));
                self.problems.push(problem.with_help("it is `o-` and then 10 to 32 lower case letters or digits"));
            }
            self.config.org.org_id = Some(id.value);
        }
        if let Some((key, node)) = org.get("oidc") {
            for (issuer, subjects) in self.table(&key, node).into_iter().flatten() {
                let name = issuer.get_ref();
                if let Some((_, bare)) = name.split_once("://") {
                    let problem = Problem::new(span_of(issuer.span()), format!("the issuer `{name}` has a scheme"));
                    self.problems.push(problem.with_help(format!("condition keys have none: write `{bare}`")));
                }
                let subjects = self.texts(&format!("{key}.<issuer>"), subjects);
                let subjects = subjects.into_iter().map(|subject| subject.value).collect();
                self.config.org.oidc.insert(name.to_string(), subjects);
            }
        }
    }

    fn rules(&mut self, entries: &DeTable<'_>) {
        for (key, node) in entries {
            let Some(id) = self.rule(key.get_ref(), span_of(key.span())) else { continue };
            let Some(table) = self.table(&format!("rules.{id}"), node) else { continue };
            let specs = (self.known.options)(id);
            let section = self.section(Table::Rule, &format!("rules.{id}."), table, place_of(node), specs);
            let severity = section.get("severity").and_then(|at| self.choice(at, Severity::ALL));
            let ignorable = section.get("ignorable").and_then(|(key, node)| self.bool(&key, node));
            let mut options = BTreeMap::new();
            for spec in specs {
                let value = section.get(spec.name).and_then(|(key, node)| self.option(spec, &key, node));
                options.extend(value.map(|value| (spec.name.to_owned(), value)));
            }
            let rule = RuleConfig { severity, ignorable, options };
            if self.config.rules.insert(id.to_owned(), rule).is_some() {
                let message = format!("the settings of `{id}` stand here twice, once under a former name");
                self.problems.push(Problem::new(span_of(key.span()), message));
            }
        }
    }

    fn override_(&mut self, entries: &DeTable<'_>, span: Span) {
        let section = self.section(Table::Override, "override.", entries, span, &[]);
        let paths = section.get("paths").map(|at| {
            let place = place_of(at.1);
            let globs = self.globs(at);
            if globs.is_empty() {
                self.problems.push(Problem::new(place, "`override.paths` names no path"));
            }
            globs
        });
        let mut severity = BTreeMap::new();
        if let Some((key, node)) = section.get("severity") {
            for (rule, node) in self.table(&key, node).into_iter().flatten() {
                let id = self.rule(rule.get_ref(), span_of(rule.span())).map(str::to_owned);
                severity.extend(id.zip(self.choice((format!("{key}.{}", rule.get_ref()), node), Severity::ALL)));
            }
        }
        let found = Override {
            span,
            paths: paths.unwrap_or_default(),
            select: self.select(&section),
            extend_select: section.get("extend-select").map(|at| self.selectors(at)).unwrap_or_default(),
            ignore: section.get("ignore").map(|at| self.selectors(at)).unwrap_or_default(),
            profile: section.get("profile").and_then(|at| self.choice(at, Audience::ALL)),
            severity,
            fail_on: section.get("fail-on").and_then(|at| self.choice(at, FailOn::ALL)),
            min_severity: section.get("min-severity").and_then(|at| self.choice(at, Severity::ALL)),
        };
        self.config.overrides.push(found);
    }

    fn ignore(&mut self, entries: &DeTable<'_>, span: Span) {
        let section = self.section(Table::Ignore, "ignore.", entries, span, &[]);
        let rule = section.get("rule").and_then(|(key, node)| {
            let name = self.text(&key, node)?;
            let id = self.rule(&name.value, name.span)?;
            Some(Spanned::new(id.to_owned(), name.span))
        });
        let mut text = |name| section.get(name).and_then(|(key, node)| self.text(&key, node));
        let (path, resource, sid, subject, reason) =
            (text("path"), text("resource"), text("sid"), text("subject"), text("reason"));
        if let Some(path) = &path {
            self.glob(path);
        }
        let until = section.get("until").and_then(|(key, node)| self.date(&key, node));
        // Without its rule or reason the table is a problem already.
        if let (Some(rule), Some(reason)) = (rule, reason) {
            self.config.ignores.push(Ignore { span, rule, path, resource, sid, subject, reason, until });
        }
    }

    /// Look at the keys of a table: unknown ones and missing ones are problems, the others are remembered.
    fn section<'t>(
        &mut self,
        table: Table,
        prefix: &str,
        entries: &'t DeTable<'t>,
        span: Span,
        options: &[OptionSpec],
    ) -> Section<'t> {
        let names = || schema::keys(table).map(|key| key.name).chain(options.iter().map(|option| option.name));
        for (key, _) in entries {
            let (name, place) = (key.get_ref().as_ref(), span_of(key.span()));
            if names().any(|known| known == name) {
                // The others are tables that may stand several times; they keep their spans themselves.
                if matches!(table, Table::Root | Table::Org | Table::Rule) {
                    self.config.origins.insert(format!("{prefix}{name}"), Origin::File(place));
                }
                continue;
            }
            let help = match nearest(name, names()) {
                Some(known) => format!("did you mean `{known}`?"),
                None if table == Table::Root && self.known.rule(name).is_some() => {
                    format!("the settings of a rule stand in `[rules.{name}]`")
                }
                None => {
                    format!("known keys: {}", names().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "))
                }
            };
            self.problems.push(Problem::new(place, format!("unknown key `{prefix}{name}`")).with_help(help));
        }
        for key in schema::keys(table).filter(|key| key.required) {
            if !entries.iter().any(|(name, _)| name.get_ref() == key.name) {
                let message = format!("`{prefix}{}` is missing", key.name);
                self.problems.push(Problem::new(span, message).with_help(key.help));
            }
        }
        Section { prefix: prefix.to_owned(), entries }
    }

    fn select(&mut self, section: &Section<'_>) -> Vec<Spanned<String>> {
        let Some((key, node)) = section.get("select") else { return Vec::new() };
        if node.get_ref().as_array().is_some_and(|list| list.is_empty()) {
            let problem = Problem::new(place_of(node), format!("`{key}` is empty, so no rule would run"));
            self.problems.push(problem.with_help("leave it out for every rule of the profile"));
        }
        self.selectors((key, node))
    }

    fn selectors(&mut self, (key, node): (String, &Node<'_>)) -> Vec<Spanned<String>> {
        let nodes = self.list(&key, "rules and families", node);
        nodes.into_iter().filter_map(|(key, node)| self.selector(&key, node)).collect()
    }

    fn selector(&mut self, key: &str, node: &Node<'_>) -> Option<Spanned<String>> {
        let name = self.text(key, node)?;
        let Some(id) = self.known.selector(&name.value) else {
            let help = match self.known.nearest_selector(&name.value) {
                Some(known) => format!("did you mean `{known}`?"),
                None => "`iamlint rules` lists every rule and family".to_owned(),
            };
            let message = format!("there is no rule or family `{}`", name.value);
            self.problems.push(Problem::new(name.span, message).with_help(help));
            return None;
        };
        self.warn_of_former(&name.value, id, name.span);
        Some(Spanned::new(id.to_owned(), name.span))
    }

    /// The id of the rule called `name` at `span`.
    fn rule(&mut self, name: &str, span: Span) -> Option<&'k str> {
        let Some(id) = self.known.rule(name) else {
            let help = match self.known.nearest_rule(name) {
                Some(known) => format!("did you mean `{known}`?"),
                None if self.known.families.contains(&name) => "it is a family; name one rule".to_owned(),
                None => "`iamlint rules` lists every rule".to_owned(),
            };
            self.problems.push(Problem::new(span, format!("there is no rule `{name}`")).with_help(help));
            return None;
        };
        self.warn_of_former(name, id, span);
        Some(id)
    }

    /// An `[[ignore]]` of a rule that may not be silenced could never hold.
    fn contradictions(&mut self) {
        for ignore in self.config.ignores.iter().filter(|ignore| !self.config.ignorable(&ignore.rule.value)) {
            let rule = &ignore.rule;
            let problem = Problem::new(rule.span, format!("`{}` may not be silenced", rule.value));
            self.problems.push(problem.with_help(format!("`rules.{}.ignorable` is `false`", rule.value)));
        }
    }

    fn warn_of_former(&mut self, name: &str, id: &str, span: Span) {
        if name != id {
            self.config.warnings.push(Problem::new(span, format!("the rule `{name}` is called `{id}` today")));
        }
    }
}
