//! Suppressions in the configuration, `[[ignore]]`: by rule, and by path, resource, Sid and subject as far as they are
//! given.

use super::directive::invalid;
use super::unused::expired;
use super::{Fault, UNUSED};
use crate::config::{Config, Date, Ignore};
use crate::diagnostic::{Diagnostic, Problem};
use crate::discover::Globs;
use std::path::Path;

/// One `[[ignore]]`.
#[derive(Clone, Debug)]
pub struct External {
    /// What was written.
    pub ignore: Ignore,
    path: Option<Globs>,
}

impl External {
    /// The tables of a configuration.
    pub fn of(config: &Config) -> Vec<External> {
        let external = |ignore: &Ignore| {
            let pattern = ignore.path.as_ref().map(|path| [path.value.as_str()]);
            // Reading the configuration has refused every pattern that cannot be read.
            let path = pattern.map(|pattern| Globs::new(&config.base, &pattern).unwrap_or_default());
            External { ignore: ignore.clone(), path }
        };
        config.ignores.iter().map(external).collect()
    }

    /// Whether it is past its day.
    pub fn expired(&self, today: Option<Date>) -> bool {
        self.ignore.until.as_ref().is_some_and(|until| today.is_some_and(|today| today > until.value))
    }

    /// Whether it is for this file, an absolute path.
    pub fn is_for(&self, path: &Path) -> bool {
        self.path.as_ref().is_none_or(|globs| globs.covers(path))
    }

    /// Whether it is for this finding, in a file that it is for.
    pub fn covers(&self, finding: &Diagnostic) -> bool {
        let Ignore { rule, resource, sid, subject, .. } = &self.ignore;
        rule.value == finding.rule
            && resource.as_ref().is_none_or(|resource| is_in(&finding.resource, &resource.value))
            && sid.as_ref().is_none_or(|sid| finding.sid.as_deref() == Some(sid.value.as_str()))
            && subject.as_ref().is_none_or(|subject| finding.subject == subject.value)
    }

    /// Whether its path is the name of one file, so that this file alone decides whether it is used.
    pub fn names_a_file(&self) -> bool {
        self.ignore
            .path
            .as_ref()
            .is_some_and(|path| path.value.contains('/') && !path.value.contains(['*', '?', '[', '{']))
    }

    /// That it has ended, where it has.
    pub fn fault_if_expired(&self, today: Option<Date>) -> Option<Fault> {
        let until = self.ignore.until.as_ref().filter(|_| self.expired(today))?;
        Some(expired(&self.ignore.rule.value, until.value, Problem::new(until.span, "")))
    }

    /// That its rule may not be silenced: reading the configuration refuses those that it says so of itself.
    pub fn fault_refused(&self) -> Fault {
        let rule = &self.ignore.rule;
        let problem = Problem::new(rule.span, format!("`{}` may not be silenced", rule.value));
        let help = "repair the suppressions that it is about, or turn it off with `extend-ignore`";
        invalid(rule.value.as_str(), problem.with_help(help))
    }

    /// That it silences nothing.
    pub fn fault_unused(&self) -> Fault {
        let rule = &self.ignore.rule;
        let message = format!("no finding of `{}` is silenced by this `[[ignore]]`", rule.value);
        let problem =
            Problem::new(rule.span, message).with_help("remove it, or see whether its limits are still right");
        Fault { rule: UNUSED, subject: rule.value.clone(), problem }
    }
}

/// Whether an address is that of the resource, or of something in it: `Resources.Role.Policies[read]`,
/// `aws_iam_role.ci["a"]`, `arn:… policy/read`.
fn is_in(address: &str, resource: &str) -> bool {
    address.strip_prefix(resource).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[', ' ']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_holds_its_policies() {
        assert!(is_in("Resources.Role", "Resources.Role"));
        assert!(is_in("Resources.Role.Policies[read]", "Resources.Role"));
        assert!(is_in("aws_iam_role.ci[\"a\"]", "aws_iam_role.ci"));
        assert!(is_in("arn:aws:iam::1:role/r policy/x", "arn:aws:iam::1:role/r"));
        assert!(!is_in("Resources.RoleTwo", "Resources.Role"));
        assert!(!is_in("", "Resources.Role"));
    }
}
