//! How a run judges: what a configuration asks for, and the flags that are not part of it.

use super::cache::Cache;
use super::overrides::{FileOverrides, Overrides};
use super::report::{FileReport, PolicyReport};
use crate::access::EngineMeter;
use crate::config::{Config, Date, FailOn};
use crate::diagnostic::{Audience, Diagnostic, Severity};
use crate::discover::absolute;
use crate::input::Input;
use crate::rules::{ActiveRule, Org, Rule, Selection};
use crate::site::{PolicyKind, PolicySite};
use crate::span::Spanned;
use crate::suppress::{self, External};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How a run judges.
#[derive(Debug)]
pub struct Settings {
    /// The rules that run.
    pub rules: Vec<ActiveRule>,
    /// Who reads the findings.
    pub profile: Audience,
    /// Findings below this are left out.
    pub min_severity: Severity,
    /// What makes a run fail.
    pub fail_on: FailOn,
    /// Whether findings are silenced where files or the configuration say so.
    pub suppress: bool,
    /// The day of the run, which tells what is past. Without it nothing is.
    pub today: Option<Date>,
    /// The folder that shown paths are relative to, an absolute path.
    pub working_directory: PathBuf,
    /// The facts of the user's estate.
    pub org: Org,
    /// The kind that raw policy documents have, when the user says so.
    pub kind: Option<PolicyKind>,
    /// The format that files have, when the user says so.
    pub format: Option<&'static dyn Input>,
    /// Files with values of Terraform's variables, `--var-file`.
    pub var_files: Vec<PathBuf>,
    /// Values of Terraform's variables, `--var`.
    pub vars: Vec<(String, String)>,
    /// The folder of the configuration that plans were made from, `--terraform-root`; else the one that a plan lies in.
    pub terraform_root: Option<PathBuf>,
    /// Whether files are JSON Lines, a document on each line.
    pub ndjson: bool,
    /// Whether findings say what is granted where they stand: a baseline is read or made.
    pub record: bool,
    /// Kinds of policies that reports keep with their documents, for who asks them further.
    pub keep: Vec<PolicyKind>,
    /// Where the time of each rule is added up, in the order of `rules`; empty when nobody asks.
    pub timings: Vec<AtomicU64>,
    /// Where the cost of the engine, which all rules share, is added up; `None` when nobody asks.
    pub engine: Option<EngineMeter>,
    /// The `[[ignore]]` tables.
    pub(super) ignores: Vec<External>,
    /// Rules that may not be silenced.
    pub(super) refused: BTreeSet<String>,
    /// The `[[override]]` tables.
    overrides: Option<Overrides>,
    /// What was found in documents that may come again.
    pub(super) cache: Cache,
}

impl Settings {
    /// What a configuration asks for.
    pub fn new(config: &Config) -> Self {
        let values = |list: &[Spanned<String>]| list.iter().map(|item| item.value.clone()).collect();
        let selection = Selection {
            select: values(&config.select),
            extend_select: values(&config.extend_select),
            ignore: values(&config.ignore),
            profile: Some(config.profile),
        };
        let overrides = Overrides::of(config, &selection);
        let settings_of = |rule: &'static Rule| {
            let options = rule.options.iter().map(|spec| (spec.name.to_owned(), config.option(rule.id, spec)));
            (config.rules.get(rule.id).and_then(|settings| settings.severity), options.collect())
        };
        let mut rules = overrides.as_ref().map_or(selection.clone(), Overrides::selection).rules(settings_of);
        if let Some(overrides) = &overrides {
            let others = Selection { select: vec!["all".to_owned()], ..Selection::default() }.rules(settings_of);
            let missing = |active: &ActiveRule| !rules.iter().any(|known| known.rule.id == active.rule.id);
            let named: Vec<ActiveRule> =
                others.into_iter().filter(|active| missing(active) && overrides.names(active.rule)).collect();
            rules.extend(named);
            rules.sort_by_key(|active| active.rule.id);
        }
        Settings {
            rules,
            profile: config.profile,
            min_severity: config.min_severity,
            fail_on: config.fail_on,
            suppress: true,
            today: None,
            working_directory: config.base.clone(),
            org: config.org.clone(),
            kind: None,
            format: None,
            var_files: Vec::new(),
            vars: Vec::new(),
            terraform_root: None,
            ndjson: false,
            record: false,
            keep: Vec::new(),
            timings: Vec::new(),
            engine: None,
            ignores: External::of(config),
            refused: config.rules.keys().filter(|rule| !config.ignorable(rule)).cloned().collect(),
            overrides,
            cache: Cache::default(),
        }
    }

    /// What a report keeps of the documents of a policy.
    pub(super) fn kept(
        &self,
        policy: &PolicyReport,
        forms: impl FnOnce() -> Vec<PolicySite<'static>>,
    ) -> Vec<PolicySite<'static>> {
        if self.keep.contains(&policy.kind) && !policy.too_large { forms() } else { Vec::new() }
    }

    /// Time spent in each rule, longest first.
    pub fn rule_times(&self) -> Vec<(&'static str, Duration)> {
        let mut times: Vec<_> = self
            .rules
            .iter()
            .zip(&self.timings)
            .map(|(active, nanos)| (active.rule.id, Duration::from_nanos(nanos.load(Ordering::Relaxed))))
            .collect();
        times.sort_by_key(|(id, time)| (std::cmp::Reverse(*time), *id));
        times
    }

    /// The active rule with this id.
    pub(super) fn active(&self, id: &str) -> Option<&ActiveRule> {
        self.rules.iter().find(|active| active.rule.id == id)
    }

    /// The overrides that apply to the file with this shown path; `None` without `[[override]]` tables.
    pub(super) fn file_overrides(&self, shown: impl AsRef<Path>) -> Option<Arc<FileOverrides>> {
        self.overrides.as_ref().map(|overrides| overrides.of_path(&self.absolute(shown)))
    }

    /// Give a finding the severity that it has in its file; whether it is shown there.
    pub(super) fn shows(&self, overrides: Option<&FileOverrides>, finding: &mut Diagnostic) -> bool {
        match overrides {
            Some(overrides) => overrides.admits(finding),
            None => {
                finding.severity >= self.min_severity
                    && self.active(finding.rule).is_some_and(|active| active.shows(finding, self.profile))
            }
        }
    }

    /// Whether one of these findings makes a run fail.
    pub(super) fn fails(&self, overrides: Option<&FileOverrides>, findings: &[Diagnostic]) -> bool {
        let fail_on = overrides.map_or(self.fail_on, |overrides| overrides.fail_on);
        findings.iter().any(|finding| fail_on.fails(finding.severity))
    }

    /// Note whether what is told in a file makes the run fail.
    pub(super) fn gate(&self, file: &mut FileReport) {
        let overrides = self.file_overrides(&file.source.path);
        file.fails = self.fails(overrides.as_deref(), &file.findings);
    }

    /// Whether no finding of a rule may be silenced.
    pub fn refuses(&self, rule: &str) -> bool {
        self.refused.contains(rule) || suppress::OWN_RULES.contains(&rule)
    }

    /// The absolute path of a file that reports show so.
    pub(super) fn absolute(&self, shown: impl AsRef<Path>) -> PathBuf {
        absolute(shown.as_ref(), &self.working_directory)
    }

    /// The absolute paths of files that a finding stands in, where a table may be for one of them: one with `..` is asked
    /// of the system.
    pub(super) fn paths<'p>(&self, shown: impl IntoIterator<Item = &'p str>) -> Vec<PathBuf> {
        match self.ignores.is_empty() {
            true => Vec::new(),
            false => shown.into_iter().map(|path| self.absolute(path)).collect(),
        }
    }
}
