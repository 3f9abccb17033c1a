//! The configuration: one file per run, so that whoever reviews it sees everything that weakens the gate.

pub mod collected;
mod discover;
mod edit;
mod file;
mod json_schema;
mod known;
pub mod schema;
mod show;
pub(crate) mod values;

pub use discover::{Choice, candidates, load};
pub use edit::{NewIgnore, pattern_of};
pub use file::parse_text;
pub use json_schema::json_schema;
pub use known::{KnownRules, nearest, registry};
pub use show::show_option;

use crate::diagnostic::{Audience, Problem, Severity, WhyNot};
use crate::rules::Org;
use crate::rules::options::{OptionSpec, OptionValue};
use crate::source::Source;
use crate::span::{Span, Spanned};
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// Everything that can be configured, with defaults where nothing was set. Spans are places in `source`.
///
/// Rules stand here under their ids of today, whatever they were called in the file.
#[derive(Debug)]
pub struct Config {
    /// The file; `None` when there is none.
    pub source: Option<Source>,
    /// The folder that patterns are relative to, an absolute path: the file's, or the working directory.
    pub base: PathBuf,
    /// Who wants to hear.
    pub profile: Audience,
    /// The only rules and families that run; empty for those of the profile.
    pub select: Vec<Spanned<String>>,
    /// Rules and families that run too.
    pub extend_select: Vec<Spanned<String>>,
    /// Rules and families that do not run.
    pub ignore: Vec<Spanned<String>>,
    /// Patterns of paths that are not judged.
    pub exclude: Vec<String>,
    /// What makes a run fail.
    pub fail_on: FailOn,
    /// What makes a run fail if it was not judged.
    pub fail_on_unjudged: Vec<WhyNot>,
    /// The least severity that is shown.
    pub min_severity: Severity,
    /// The file of the findings that were accepted, from the folder of the configuration.
    pub baseline: Option<String>,
    /// Facts about the estate.
    pub org: Org,
    /// Settings of single rules, by id.
    pub rules: BTreeMap<String, RuleConfig>,
    /// The `[[override]]` tables, in the order of the file: a later one wins.
    pub overrides: Vec<Override>,
    /// The `[[ignore]]` tables.
    pub ignores: Vec<Ignore>,
    /// Where each value was set, by its dotted key: `org.accounts`. A key that is not here has its default.
    pub origins: BTreeMap<String, Origin>,
    /// What is legal but should change: a rule under a former name.
    pub warnings: Vec<Problem>,
}

/// Who set a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The file, with this key.
    File(Span),
    /// A flag of the command line: `--fail-on`.
    Flag(&'static str),
}

/// The settings of one rule.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RuleConfig {
    /// How bad its findings are, if not what the rule says.
    pub severity: Option<Severity>,
    /// Whether it may be silenced at a place; it may unless this says no.
    pub ignorable: Option<bool>,
    /// The options that were set.
    pub options: BTreeMap<String, Spanned<OptionValue>>,
}

/// Other settings for some paths.
#[derive(Clone, Debug, PartialEq)]
pub struct Override {
    /// The table's place.
    pub span: Span,
    /// Patterns of the paths; never empty.
    pub paths: Vec<Spanned<String>>,
    /// The only rules and families that run; empty for no change.
    pub select: Vec<Spanned<String>>,
    /// Rules and families that run too.
    pub extend_select: Vec<Spanned<String>>,
    /// Rules and families that do not run.
    pub ignore: Vec<Spanned<String>>,
    /// Who wants to hear.
    pub profile: Option<Audience>,
    /// How bad findings of these rules are.
    pub severity: BTreeMap<String, Severity>,
    /// What makes a run fail.
    pub fail_on: Option<FailOn>,
    /// The least severity that is shown.
    pub min_severity: Option<Severity>,
}

/// One rule silenced at one place, with a reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ignore {
    /// The table's place.
    pub span: Span,
    /// The rule's id.
    pub rule: Spanned<String>,
    /// A pattern of the files; any file without it. The same holds for the next three.
    pub path: Option<Spanned<String>>,
    /// The address or ARN of the role or resource.
    pub resource: Option<Spanned<String>>,
    /// The statement's Sid.
    pub sid: Option<Spanned<String>>,
    /// What the finding is about.
    pub subject: Option<Spanned<String>>,
    /// Why this is right.
    pub reason: Spanned<String>,
    /// The last day on which it holds.
    pub until: Option<Spanned<Date>>,
}

/// A day of the calendar. Later days are greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    /// Year.
    pub year: u16,
    /// Month, from 1.
    pub month: u8,
    /// Day of the month, from 1.
    pub day: u8,
}

impl Date {
    /// The day that `2027-03-31` is; `None` for what is no day of the calendar.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = |part: &str, length: usize| {
            let well_formed = part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit());
            part.parse::<u16>().ok().filter(|_| well_formed)
        };
        let mut parts = text.split('-');
        let (year, month, day) = (digits(parts.next()?, 4)?, digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
        let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let days = match month {
            2 => 28 + u16::from(leap),
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => return None,
        };
        let date = Date { year, month: u8::try_from(month).ok()?, day: u8::try_from(day).ok()? };
        ((1..=days).contains(&day) && parts.next().is_none()).then_some(date)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

/// What makes a run fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailOn {
    /// A finding of this severity or above.
    At(Severity),
    /// No finding.
    Never,
}

impl FailOn {
    /// Every value with its name, in ascending order.
    pub const ALL: &'static [(FailOn, &'static str)] = &[
        (FailOn::At(Severity::Info), "info"),
        (FailOn::At(Severity::Low), "low"),
        (FailOn::At(Severity::Medium), "medium"),
        (FailOn::At(Severity::High), "high"),
        (FailOn::At(Severity::Critical), "critical"),
        (FailOn::Never, "never"),
    ];

    /// The name in the configuration and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            FailOn::At(severity) => severity.name(),
            FailOn::Never => "never",
        }
    }

    /// The value with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(value, _)| *value)
    }

    /// Whether a finding of this severity makes the run fail.
    pub fn fails(self, severity: Severity) -> bool {
        match self {
            FailOn::At(least) => severity >= least,
            FailOn::Never => false,
        }
    }
}

impl Config {
    /// The defaults, with patterns relative to the absolute path `base`.
    pub fn new(base: impl Into<PathBuf>) -> Self {
        Config {
            source: None,
            base: base.into(),
            profile: Audience::Default,
            select: Vec::new(),
            extend_select: Vec::new(),
            ignore: Vec::new(),
            exclude: Vec::new(),
            fail_on: FailOn::At(Severity::Low),
            fail_on_unjudged: Vec::new(),
            min_severity: Severity::Info,
            baseline: None,
            org: Org::default(),
            rules: BTreeMap::new(),
            overrides: Vec::new(),
            ignores: Vec::new(),
            origins: BTreeMap::new(),
            warnings: Vec::new(),
        }
    }

    /// The value of an option of a rule: what was set, else its default.
    pub fn option(&self, rule: &str, spec: &OptionSpec) -> OptionValue {
        let set = self.rules.get(rule).and_then(|rule| rule.options.get(spec.name));
        set.map_or_else(|| spec.default.into(), |set| set.value.clone())
    }

    /// Whether findings of a rule may be silenced at a place.
    pub fn ignorable(&self, rule: &str) -> bool {
        self.rules.get(rule).and_then(|rule| rule.ignorable).unwrap_or(true)
    }
}

/// A configuration that cannot be used. It has every problem, in the order of the file.
#[derive(Debug)]
pub struct ConfigError {
    /// The file, to open.
    pub path: PathBuf,
    /// Its shown path and text; no text when it could not be read.
    pub source: Source,
    /// What is wrong.
    pub problems: Vec<Problem>,
}

impl ConfigError {
    /// What is wrong, a line for each problem and for each advice. They quote the file, so they may hold anything.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for problem in &self.problems {
            let place = self.source.position(problem.span.start);
            lines.push(format!("{}:{}:{}: {}", self.source.path, place.line, place.column, problem.message));
            lines.extend(problem.help.iter().map(|help| format!("  help: {help}")));
        }
        lines
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines().join("\n"))
    }
}

impl std::error::Error for ConfigError {}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
