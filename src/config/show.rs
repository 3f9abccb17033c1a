//! The configuration in force as TOML, for `--show-config`: each value with who set it.

use super::values::quoted;
use super::{Config, FailOn, Ignore, KnownRules, Origin, Override, RuleConfig};
use crate::diagnostic::{Audience, Severity};
use crate::rules::options::OptionValue;
use crate::span::{Span, Spanned};
use std::collections::BTreeMap;

impl Config {
    /// The values in force, as a configuration file that means the same. Options are listed for every known rule.
    pub fn to_toml(&self, known: &KnownRules<'_>) -> String {
        let mut out = Writer { config: self, text: String::new() };
        out.line("profile", quoted(self.profile.name()));
        if !self.select.is_empty() {
            out.line("select", list(values(&self.select)));
        }
        out.line("extend-select", list(values(&self.extend_select)));
        out.ignores();
        out.line("exclude", list(self.exclude.iter().map(String::as_str)));
        out.line("fail-on", quoted(self.fail_on.name()));
        out.line("fail-on-unjudged", list(self.fail_on_unjudged.iter().map(|why| why.name())));
        out.line("min-severity", quoted(self.min_severity.name()));
        if let Some(baseline) = &self.baseline {
            out.line("baseline", quoted(baseline));
        }
        out.text.push_str("\n[org]\n");
        out.line("org.accounts", list(self.org.accounts.iter().map(String::as_str)));
        let notes = self.org.trusted_accounts.iter().map(|(account, note)| (account, quoted(note)));
        out.line("org.trusted-accounts", table(notes));
        if let Some(id) = &self.org.org_id {
            out.line("org.org-id", quoted(id));
        }
        let issuers =
            self.org.oidc.iter().map(|(issuer, subjects)| (issuer, list(subjects.iter().map(String::as_str))));
        out.line("org.oidc", table(issuers));
        let unset = RuleConfig::default();
        for id in known.ids {
            out.rule(id, self.rules.get(*id).unwrap_or(&unset), known);
        }
        for table in &self.overrides {
            out.override_(table);
        }
        out.text
    }
}

struct Writer<'c> {
    config: &'c Config,
    text: String,
}

impl Writer<'_> {
    /// A key, of which the last part is written, with who set it.
    fn line(&mut self, key: &str, value: String) {
        let origin = match self.config.origins.get(key) {
            None => "default".to_owned(),
            Some(Origin::Flag(flag)) => (*flag).to_owned(),
            Some(Origin::File(span)) => self.place(*span),
        };
        let name = key.rsplit_once('.').map_or(key, |(_, name)| name);
        self.text.push_str(&format!("{name} = {value}  # {origin}\n"));
    }

    fn place(&self, span: Span) -> String {
        match &self.config.source {
            Some(source) => format!("{}:{}", source.path, source.position(span.start).line),
            None => "default".to_owned(),
        }
    }

    /// Rules that are off and silenced places are one list in TOML.
    fn ignores(&mut self) {
        if self.config.ignore.is_empty() && self.config.ignores.is_empty() {
            return self.line("ignore", "[]".to_owned());
        }
        self.text.push_str("ignore = [\n");
        for rule in &self.config.ignore {
            let place = self.place(rule.span);
            self.text.push_str(&format!("    {},  # {place}\n", quoted(&rule.value)));
        }
        for ignore in &self.config.ignores {
            let place = self.place(ignore.span);
            self.text.push_str(&format!("    {},  # {place}\n", inline(ignore)));
        }
        self.text.push_str("]\n");
    }

    fn rule(&mut self, id: &str, rule: &RuleConfig, known: &KnownRules<'_>) {
        let specs = (known.options)(id);
        if specs.is_empty() && *rule == RuleConfig::default() {
            return;
        }
        self.text.push_str(&format!("\n[rules.{id}]\n"));
        if let Some(severity) = rule.severity {
            self.line(&format!("rules.{id}.severity"), quoted(severity.name()));
        }
        if let Some(ignorable) = rule.ignorable {
            self.line(&format!("rules.{id}.ignorable"), ignorable.to_string());
        }
        for spec in specs {
            self.line(&format!("rules.{id}.{}", spec.name), show_option(&self.config.option(id, spec)));
        }
    }

    fn override_(&mut self, found: &Override) {
        let place = self.place(found.span);
        self.text.push_str(&format!("\n[[override]]  # {place}\npaths = {}\n", list(values(&found.paths))));
        let lists = [("select", &found.select), ("extend-select", &found.extend_select), ("ignore", &found.ignore)];
        for (name, list_of) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
            self.text.push_str(&format!("{name} = {}\n", list(values(list_of))));
        }
        let severity: &BTreeMap<String, Severity> = &found.severity;
        if !severity.is_empty() {
            let pairs = severity.iter().map(|(rule, severity)| (rule, quoted(severity.name())));
            self.text.push_str(&format!("severity = {}\n", table(pairs)));
        }
        let names = [
            ("profile", found.profile.map(Audience::name)),
            ("fail-on", found.fail_on.map(FailOn::name)),
            ("min-severity", found.min_severity.map(Severity::name)),
        ];
        for (name, value) in names.into_iter().filter_map(|(name, value)| Some((name, value?))) {
            self.text.push_str(&format!("{name} = {}\n", quoted(value)));
        }
    }
}

fn values(list: &[Spanned<String>]) -> impl Iterator<Item = &str> {
    list.iter().map(|item| item.value.as_str())
}

fn list<'a>(items: impl Iterator<Item = &'a str>) -> String {
    format!("[{}]", items.map(quoted).collect::<Vec<_>>().join(", "))
}

fn table<'a>(pairs: impl Iterator<Item = (&'a String, String)>) -> String {
    let pairs: Vec<String> = pairs.map(|(name, value)| format!("{} = {value}", key(name))).collect();
    if pairs.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", pairs.join(", ")) }
}

fn key(key: &str) -> String {
    let bare = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if bare { key.to_owned() } else { quoted(key) }
}

fn inline(ignore: &Ignore) -> String {
    let texts = [
        ("rule", Some(&ignore.rule)),
        ("path", ignore.path.as_ref()),
        ("resource", ignore.resource.as_ref()),
        ("sid", ignore.sid.as_ref()),
        ("subject", ignore.subject.as_ref()),
        ("reason", Some(&ignore.reason)),
    ];
    let mut parts: Vec<String> =
        texts.into_iter().filter_map(|(name, text)| Some(format!("{name} = {}", quoted(&text?.value)))).collect();
    parts.extend(ignore.until.as_ref().map(|until| format!("until = {}", until.value)));
    format!("{{ {} }}", parts.join(", "))
}

/// The value of an option as TOML.
pub fn show_option(value: &OptionValue) -> String {
    match value {
        OptionValue::Int(number) => number.to_string(),
        OptionValue::Float(number) => toml::Value::from(*number).to_string(),
        OptionValue::Bool(flag) => flag.to_string(),
        OptionValue::Text(text) => quoted(text),
        OptionValue::List(texts) => list(texts.iter().map(String::as_str)),
    }
}
