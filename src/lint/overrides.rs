//! What `[[override]]` tables change for some paths.
//!
//! Every rule that runs for any path runs over all of them; each file then keeps the findings that its tables leave. So a folder
//! of Terraform is judged once, whatever tables its files have.

use crate::config::{Config, FailOn, Origin, Override};
use crate::diagnostic::{Audience, Diagnostic, Severity};
use crate::discover::Globs;
use crate::rules::select::names;
use crate::rules::{ActiveRule, RULES, Rule, Selection};
use crate::span::Spanned;
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// What the tables that apply to a file make of the settings: its rules, profile, severities and gate.
#[derive(Debug)]
pub struct FileOverrides {
    /// The rules that are reported, by id.
    rules: HashMap<&'static str, ActiveRule>,
    profile: Audience,
    min_severity: Severity,
    /// What makes a run fail.
    pub fail_on: FailOn,
}

impl FileOverrides {
    /// Whether a rule is reported here.
    pub fn runs(&self, rule: &str) -> bool {
        self.rules.contains_key(rule)
    }

    /// Give a finding its severity here; whether it is shown.
    pub fn admits(&self, finding: &mut Diagnostic) -> bool {
        let Some(active) = self.rules.get(finding.rule) else { return false };
        finding.severity = active.severity.unwrap_or(finding.severity);
        finding.severity >= self.min_severity && active.shows(finding, self.profile)
    }
}

/// The `[[override]]` tables of a configuration, with what each combination of them makes of the settings.
#[derive(Debug)]
pub struct Overrides {
    tables: Vec<(Vec<Globs>, Override)>,
    base: Base,
    made: Mutex<HashMap<Vec<usize>, Arc<FileOverrides>>>,
}

/// What holds where no table says otherwise.
#[derive(Debug)]
struct Base {
    selection: Selection,
    severities: HashMap<&'static str, Severity>,
    profile: Audience,
    min_severity: Severity,
    fail_on: FailOn,
}

impl Overrides {
    /// The overrides of a configuration; `None` when it has no tables.
    pub fn of(config: &Config, selection: &Selection) -> Option<Overrides> {
        if config.overrides.is_empty() {
            return None;
        }
        let severity = |rule: &Rule| {
            Some((RULES.iter().find(|known| known.id == rule.id)?.id, config.rules.get(rule.id)?.severity?))
        };
        let base = Base {
            selection: selection.clone(),
            severities: RULES.iter().filter_map(severity).collect(),
            profile: config.profile,
            min_severity: config.min_severity,
            fail_on: config.fail_on,
        };
        let tables = config.overrides.iter().map(|table| (globs(config, table), under_flags(config, table.clone())));
        Some(Overrides { tables: tables.collect(), base, made: Mutex::default() })
    }

    /// The overrides that apply to the file at this absolute path.
    pub fn of_path(&self, path: &Path) -> Arc<FileOverrides> {
        let covers = |(globs, _): &(Vec<Globs>, Override)| globs.iter().any(|globs| globs.covers(path));
        let tables: Vec<usize> = (0..self.tables.len()).filter(|at| covers(&self.tables[*at])).collect();
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(made.entry(tables.clone()).or_insert_with(|| Arc::new(self.file_overrides(&tables))))
    }

    fn file_overrides(&self, tables: &[usize]) -> FileOverrides {
        let tables: Vec<&Override> = tables.iter().map(|at| &self.tables[*at].1).collect();
        let Base { selection, severities, profile, min_severity, fail_on } = &self.base;
        let profile = tables.iter().rev().find_map(|table| table.profile).unwrap_or(*profile);
        let selection = Selection { profile: Some(profile), ..selection.clone() };
        let of_base = |rule: &'static Rule| (severities.get(rule.id).copied(), Default::default());
        let mut rules: HashMap<&'static str, ActiveRule> =
            selection.rules(of_base).into_iter().map(|active| (active.rule.id, active)).collect();
        for rule in RULES {
            for table in &tables {
                let named = any(&table.select, rule) || any(&table.extend_select, rule);
                if named {
                    let severity = severities.get(rule.id).copied();
                    rules.insert(rule.id, ActiveRule { rule, severity, options: Default::default(), by_name: true });
                } else if !table.select.is_empty() {
                    rules.remove(rule.id);
                }
                if any(&table.ignore, rule) {
                    rules.remove(rule.id);
                }
            }
            if let Some(active) = rules.get_mut(rule.id) {
                let set = tables.iter().rev().find_map(|table| table.severity.get(rule.id));
                active.severity = set.copied().or(active.severity);
            }
        }
        FileOverrides {
            rules,
            profile,
            min_severity: tables.iter().rev().find_map(|table| table.min_severity).unwrap_or(*min_severity),
            fail_on: tables.iter().rev().find_map(|table| table.fail_on).unwrap_or(*fail_on),
        }
    }

    /// The widest selection: all rules that are reported for some file.
    pub fn selection(&self) -> Selection {
        let mut wide = self.base.selection.clone();
        let profiles = self.tables.iter().filter_map(|(_, table)| table.profile);
        wide.profile = profiles.chain([self.base.profile]).max();
        wide
    }

    /// Whether some table names this rule to run.
    pub fn names(&self, rule: &Rule) -> bool {
        self.tables.iter().any(|(_, table)| any(&table.select, rule) || any(&table.extend_select, rule))
    }
}

fn any(selectors: &[Spanned<String>], rule: &Rule) -> bool {
    selectors.iter().any(|selector| names(&selector.value, rule))
}

/// One set for each pattern: reading the configuration has refused every pattern that cannot be read alone.
fn globs(config: &Config, table: &Override) -> Vec<Globs> {
    table.paths.iter().filter_map(|path| Globs::new(&config.base, &[path.value.as_str()]).ok()).collect()
}

/// A flag of the command line wins over the same key of every table.
fn under_flags(config: &Config, mut table: Override) -> Override {
    let is_flag = |key: &str| matches!(config.origins.get(key), Some(Origin::Flag(_)));
    if is_flag("select") {
        table.select.clear();
    }
    if is_flag("extend-select") {
        table.extend_select.clear();
    }
    if is_flag("ignore") {
        table.ignore.clear();
    }
    table.profile = table.profile.filter(|_| !is_flag("profile"));
    table.min_severity = table.min_severity.filter(|_| !is_flag("min-severity"));
    table.fail_on = table.fail_on.filter(|_| !is_flag("fail-on"));
    table
}

#[cfg(test)]
mod tests {
    use crate::config;
    use crate::diagnostic::Severity;
    use crate::lint::{Settings, lint_source};
    use crate::source::Source;

    const OPEN: &str = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}"#;

    fn settings(config: &str) -> Settings {
        Settings::new(&config::parse_text(config).expect("it is valid"))
    }

    /// What is told of an open policy at this path.
    fn told(config: &str, path: &str) -> Vec<(&'static str, Severity)> {
        let report = lint_source(Source::new(path, OPEN), &settings(config));
        report.findings.iter().map(|finding| (finding.rule, finding.severity)).collect()
    }

    #[test]
    fn tables_are_for_their_paths() {
        let config = "[[override]]\npaths = ['sandbox']\nignore = ['wildcard-principal']\n[[override]]\npaths = ['sandbox/x/**']\nselect = ['wildcard-principal']\nseverity = { wildcard-principal = 'low' }\n";
        let open = [("wildcard-principal", Severity::Critical)];
        assert_eq!(told(config, "a.json"), open);
        assert_eq!(told(config, "sandbox/a.json"), []);
        assert_eq!(told(config, "sandbox/x/a.json"), [("wildcard-principal", Severity::Low)], "a later table wins");
    }

    #[test]
    fn rules_and_severities_of_tables() {
        let base = "ignore = ['wildcard-principal']\nmin-severity = 'high'\n";
        let table = |keys: &str| format!("{base}[[override]]\npaths = ['*.json']\n{keys}");
        assert_eq!(told(&table("extend-select = ['wildcard-principal']"), "a.json").len(), 1);
        assert_eq!(told(&table("select = ['trust']"), "a.json").len(), 1);
        assert_eq!(told(&table("profile = 'audit'"), "a.json"), []);
        let low = table("select = ['trust']\nseverity = { wildcard-principal = 'low' }");
        assert_eq!(told(&low, "a.json"), []);
        assert_eq!(told(&format!("{low}\nmin-severity = 'info'"), "a.json").len(), 1);
    }

    #[test]
    fn the_gate_is_that_of_the_file() {
        let settings = settings("fail-on = 'low'\n[[override]]\npaths = ['sandbox/**']\nfail-on = 'never'\n");
        for (path, fails) in [("a.json", true), ("sandbox/a.json", false)] {
            let report = lint_source(Source::new(path, OPEN), &settings);
            assert_eq!(report.fails, fails, "{path}");
        }
    }
}
