//! Every key that a configuration file may have. Reading, `--show-config` and the JSON Schema all follow this table.

/// A table of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// The top of `iamlint.toml`, `[tool.iamlint]` of `pyproject.toml`.
    Root,
    /// `[org]`.
    Org,
    /// `[rules.<id>]`: keys that every rule has; its own options follow.
    Rule,
    /// `[[override]]`.
    Override,
    /// `[[ignore]]`.
    Ignore,
}

/// The sort of value that a key takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One of these strings.
    Choice(&'static [&'static str]),
    /// A list of these strings.
    Choices(&'static [&'static str]),
    /// A list of rule ids and families.
    Selectors,
    /// A list of rule ids, families and `[[ignore]]` tables.
    Ignores,
    /// A list of `[[override]]` tables.
    Overrides,
    /// A table of `[rules.<id>]` tables.
    Rules,
    /// The `[org]` table.
    Org,
    /// A rule id.
    Rule,
    /// A table from rule id to severity.
    Severities,
    /// A list of path patterns.
    Globs,
    /// A path pattern.
    Glob,
    /// A list of account ids.
    Accounts,
    /// A list of account ids, or a table from account id to a note.
    NotedAccounts,
    /// The id of an organization.
    OrgId,
    /// A table from issuer to a list of subject patterns.
    Issuers,
    /// Any string that is not blank.
    Text,
    /// `true` or `false`.
    Bool,
    /// A date.
    Date,
}

/// One key.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// The table it stands in.
    pub table: Table,
    /// Its name.
    pub name: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// The value where nothing is set, as TOML; `None` where that is nothing.
    pub default: Option<&'static str>,
    /// Whether the table must have it.
    pub required: bool,
    /// What it is for, in one line.
    pub help: &'static str,
}

impl Key {
    const fn new(table: Table, name: &'static str, kind: Kind, help: &'static str) -> Self {
        Key { table, name, kind, default: None, required: false, help }
    }

    const fn or(mut self, default: &'static str) -> Self {
        self.default = Some(default);
        self
    }

    const fn required(mut self) -> Self {
        self.required = true;
        self
    }
}

const PROFILES: &[&str] = &["default", "strict", "audit"];
const SEVERITIES: &[&str] = &["info", "low", "medium", "high", "critical"];
const NOT_JUDGED: &[&str] = &["not-looked-at", "known-at-deployment", "out-of-reach"];
const FAIL_ON: &[&str] = &["info", "low", "medium", "high", "critical", "never"];

/// Every key, in the order in which people are shown them.
pub const KEYS: &[Key] = &[
    Key::new(Table::Root, "profile", Kind::Choice(PROFILES), "who wants to hear: everyone, the strict, an auditor")
        .or("\"default\""),
    Key::new(Table::Root, "select", Kind::Selectors, "the only rules and families that run"),
    Key::new(Table::Root, "extend-select", Kind::Selectors, "rules and families that run too").or("[]"),
    Key::new(Table::Root, "ignore", Kind::Ignores, "rules and families that do not run; tables silence one thing")
        .or("[]"),
    Key::new(Table::Root, "extend-ignore", Kind::Selectors, "the same list of rules, beside `[[ignore]]` tables")
        .or("[]"),
    Key::new(Table::Root, "exclude", Kind::Globs, "paths that are not judged").or("[]"),
    Key::new(Table::Root, "fail-on", Kind::Choice(FAIL_ON), "findings from this severity up give exit code 1")
        .or("\"low\""),
    Key::new(
        Table::Root,
        "fail-on-unjudged",
        Kind::Choices(NOT_JUDGED),
        "what was seen and not judged for these reasons gives exit code 1",
    )
    .or("[]"),
    Key::new(Table::Root, "min-severity", Kind::Choice(SEVERITIES), "findings below are not shown").or("\"info\""),
    Key::new(Table::Root, "baseline", Kind::Text, "the file of the findings that were accepted, `iamlint baseline`"),
    Key::new(Table::Root, "org", Kind::Org, "facts about your accounts"),
    Key::new(Table::Root, "rules", Kind::Rules, "settings of single rules"),
    Key::new(Table::Root, "override", Kind::Overrides, "other settings for some paths"),
    Key::new(Table::Org, "accounts", Kind::Accounts, "your own accounts").or("[]"),
    Key::new(Table::Org, "trusted-accounts", Kind::NotedAccounts, "accounts of others that you trust, and why")
        .or("{}"),
    Key::new(Table::Org, "org-id", Kind::OrgId, "your organization's id"),
    Key::new(Table::Org, "oidc", Kind::Issuers, "subjects that are yours, for each OIDC issuer").or("{}"),
    Key::new(Table::Rule, "severity", Kind::Choice(SEVERITIES), "how bad a finding of this rule is for you"),
    Key::new(Table::Rule, "ignorable", Kind::Bool, "whether a comment or an `[[ignore]]` may silence the rule")
        .or("true"),
    Key::new(Table::Override, "paths", Kind::Globs, "the paths that this is for").required(),
    Key::new(Table::Override, "select", Kind::Selectors, "the only rules and families that run here"),
    Key::new(Table::Override, "extend-select", Kind::Selectors, "rules and families that run here too").or("[]"),
    Key::new(Table::Override, "ignore", Kind::Selectors, "rules and families that do not run here").or("[]"),
    Key::new(Table::Override, "profile", Kind::Choice(PROFILES), "who wants to hear of these paths"),
    Key::new(Table::Override, "severity", Kind::Severities, "how bad findings of these rules are here").or("{}"),
    Key::new(Table::Override, "fail-on", Kind::Choice(FAIL_ON), "findings here from this severity up give exit code 1"),
    Key::new(Table::Override, "min-severity", Kind::Choice(SEVERITIES), "findings here below are not shown"),
    Key::new(Table::Ignore, "rule", Kind::Rule, "the rule to silence").required(),
    Key::new(Table::Ignore, "path", Kind::Glob, "only in these files"),
    Key::new(Table::Ignore, "resource", Kind::Text, "only in the role or resource with this address or ARN"),
    Key::new(Table::Ignore, "sid", Kind::Text, "only in the statement with this Sid"),
    Key::new(Table::Ignore, "subject", Kind::Text, "only about this principal, key or value"),
    Key::new(Table::Ignore, "reason", Kind::Text, "why this is right").required(),
    Key::new(Table::Ignore, "until", Kind::Date, "the last day on which it holds"),
];

/// The keys of a table, in the order in which people are shown them.
pub fn keys(table: Table) -> impl Iterator<Item = &'static Key> {
    KEYS.iter().filter(move |key| key.table == table)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{Audience, Severity};

    #[test]
    fn choices_are_the_names_of_the_types() {
        assert!(Audience::ALL.iter().map(|(_, name)| *name).eq(PROFILES.iter().copied()));
        assert!(crate::diagnostic::WhyNot::ALL.iter().map(|(_, name)| *name).eq(NOT_JUDGED.iter().copied()));
        assert!(Severity::ALL.iter().map(|(_, name)| *name).eq(SEVERITIES.iter().copied()));
        assert!(crate::config::FailOn::ALL.iter().map(|(_, name)| *name).eq(FAIL_ON.iter().copied()));
    }

    #[test]
    fn a_table_has_each_key_once() {
        for (at, key) in KEYS.iter().enumerate() {
            assert!(!KEYS[..at].iter().any(|other| (other.table, other.name) == (key.table, key.name)), "{}", key.name);
        }
    }
}
