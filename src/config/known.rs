//! The rules that a configuration may name, as far as reading it needs them.

use crate::rules::RULES;
use crate::rules::options::OptionSpec;
use std::sync::LazyLock;

/// What can be named in a configuration or on the command line.
#[derive(Clone, Copy, Debug)]
pub struct KnownRules<'a> {
    /// The id of every rule.
    pub ids: &'a [&'a str],
    /// The families.
    pub families: &'a [&'a str],
    /// Former ids, each with the id of today.
    pub aliases: &'a [(&'a str, &'a str)],
    /// The options of the rule with this id.
    pub options: fn(&str) -> &'static [OptionSpec],
}

impl<'a> KnownRules<'a> {
    /// The id of the rule that is or was called `name`.
    pub fn rule(&self, name: &str) -> Option<&'a str> {
        let id = self.ids.iter().copied().find(|id| *id == name);
        id.or_else(|| self.aliases.iter().find(|(old, _)| *old == name).map(|(_, id)| *id))
    }

    /// The id or the family that is or was called `name`: what `select` and `ignore` take.
    pub fn selector(&self, name: &str) -> Option<&'a str> {
        self.rule(name).or_else(|| self.families.iter().copied().find(|family| *family == name))
    }

    /// The id that someone who wrote `name` may have meant.
    pub fn nearest_rule(&self, name: &str) -> Option<&'a str> {
        nearest(name, self.ids.iter().copied())
    }

    /// The id or family that someone who wrote `name` may have meant.
    pub fn nearest_selector(&self, name: &str) -> Option<&'a str> {
        nearest(name, self.ids.iter().chain(self.families).copied())
    }
}

/// The rules of this program.
pub fn registry() -> &'static KnownRules<'static> {
    static KNOWN: LazyLock<KnownRules<'static>> = LazyLock::new(|| {
        let mut families: Vec<&str> = RULES.iter().map(|rule| rule.family).collect();
        families.sort_unstable();
        families.dedup();
        let aliases = RULES.iter().flat_map(|rule| rule.aliases.iter().map(|old| (*old, rule.id)));
        KnownRules {
            ids: RULES.iter().map(|rule| rule.id).collect::<Vec<_>>().leak(),
            families: families.leak(),
            aliases: aliases.collect::<Vec<_>>().leak(),
            options: |id| crate::rules::find(id).map_or(&[], |rule| rule.options),
        }
    });
    &KNOWN
}

/// The candidate that differs from `name` by the fewest typing mistakes, if those are few; the first of equals. Upper
/// case and `_` for `-` are no mistakes.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Far above every name, and the comparison is quadratic.
    if name.len() > 200 {
        return None;
    }
    let name = name.to_lowercase().replace('_', "-");
    let most = (name.chars().count() / 3).max(1);
    let distances = candidates.into_iter().map(|known| (strsim::damerau_levenshtein(&name, known), known));
    distances.filter(|(distance, _)| *distance <= most).min_by_key(|(distance, _)| *distance).map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_names() {
        let names = ["wildcard-principal", "wildcard-action", "trust"];
        assert_eq!(nearest("wildcard-principle", names), Some("wildcard-principal"));
        assert_eq!(nearest("Wildcard_Action", names), Some("wildcard-action"));
        assert_eq!(nearest("turst", names), Some("trust"));
        assert_eq!(nearest("something-else", names), None);
        assert_eq!(nearest("", names), None);
    }
}
