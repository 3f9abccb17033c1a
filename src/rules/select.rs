//! Which rules run, and which of their findings are shown.

use super::options::OptionValues;
use super::{RULES, Rule};
use crate::diagnostic::{Audience, Confidence, Diagnostic, Severity};

/// A rule that runs, with what the configuration says of it.
#[derive(Clone, Debug)]
pub struct ActiveRule {
    /// The rule.
    pub rule: &'static Rule,
    /// The severity that the user gives it.
    pub severity: Option<Severity>,
    /// Its options, defaults filled in.
    pub options: OptionValues,
    /// Whether the user asked for it by name or family, so that its audience does not matter.
    pub by_name: bool,
}

/// What a user selects: ids, families or `all`.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Only these; empty means every rule of the profile.
    pub select: Vec<String>,
    /// These as well.
    pub extend_select: Vec<String>,
    /// Not these.
    pub ignore: Vec<String>,
    /// The audience whose rules run when nothing is selected.
    pub profile: Option<Audience>,
}

/// Whether a selector names this rule: its id, an old name of it, its family, or `all`.
pub fn names(selector: &str, rule: &Rule) -> bool {
    selector == "all" || selector == rule.id || selector == rule.family || rule.aliases.contains(&selector)
}

/// Whether a selector names any rule at all.
pub fn is_selector(selector: &str) -> bool {
    RULES.iter().any(|rule| names(selector, rule))
}

impl Selection {
    /// The audience whose rules run.
    pub fn audience(&self) -> Audience {
        self.profile.unwrap_or(Audience::Default)
    }

    /// The rules that run, in order of their ids. `settings` gives a rule's severity and options.
    pub fn rules(&self, settings: impl Fn(&'static Rule) -> (Option<Severity>, OptionValues)) -> Vec<ActiveRule> {
        let any = |selectors: &[String], rule| selectors.iter().any(|selector| names(selector, rule));
        RULES
            .iter()
            .filter_map(|rule| {
                let by_name = any(&self.select, rule) || any(&self.extend_select, rule);
                // The page names the widest audience of its findings; a check narrows it for one, and `shows` leaves that out.
                let of_profile = self.select.is_empty() && rule.audience <= self.audience();
                if (!by_name && !of_profile) || any(&self.ignore, rule) {
                    return None;
                }
                let (severity, options) = settings(rule);
                Some(ActiveRule { rule, severity, options, by_name })
            })
            .collect()
    }
}

impl ActiveRule {
    /// Whether a reader of this audience wants to see the finding. `possible` ones are shown from strict up.
    pub fn shows(&self, finding: &Diagnostic, profile: Audience) -> bool {
        let audience = self.by_name || finding.audience <= profile;
        let confidence = finding.confidence > Confidence::Possible || profile >= Audience::Strict;
        audience && confidence
    }
}
