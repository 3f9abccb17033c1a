//! Running the examples of rule pages.

use super::fences::Example;
use iamlint::config;
use iamlint::diagnostic::{Audience, Confidence};
use iamlint::lint::{FileReport, Settings, lint_source};
use iamlint::rules::Rule;
use iamlint::site::PolicyKind;
use iamlint::source::Source;

/// Which rules run beside the one of the page.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Rules {
    /// None but those that the example names.
    Alone,
    /// Those that a run with no flags has.
    OfProfile,
}

/// The audience that an example is for: what its fence says, or else that of its page. That nothing is found in a good
/// example has to hold for everybody.
pub fn audience(rule: &Rule, example: &Example) -> Result<Audience, String> {
    match example.attribute("profile") {
        Some(profile) => Audience::from_name(profile).ok_or_else(|| format!("unknown profile `{profile}`")),
        None if example.bad => Ok(rule.audience),
        None => Ok(Audience::Audit),
    }
}

/// What the rule finds in an example of its page.
pub fn lint(rule: &'static Rule, example: &Example, rules: Rules) -> Result<FileReport, String> {
    let mut config =
        config::parse_text(&example.config).map_err(|error| format!("the configuration is refused: {error}"))?;
    if rules == Rules::Alone || example.attribute("profile").is_some() {
        config.profile = audience(rule, example)?;
    }
    let mut settings = Settings::new(&config);
    if rules == Rules::Alone {
        // A rule about suppressions needs the rules that they silence.
        let with: Vec<&str> = example.attribute("with").unwrap_or_default().split(',').collect();
        settings.rules.retain(|active| active.rule.id == rule.id || with.contains(&active.rule.id));
    }
    settings.today = example.attribute("today").and_then(config::Date::parse);
    settings.kind = match example.attribute("kind") {
        Some(kind) => Some(PolicyKind::from_name(kind).ok_or("unknown kind")?),
        None => None,
    };
    let path = example.attribute("file").map_or_else(|| format!("example.{}", example.language), str::to_owned);
    let mut report = lint_source(Source::new(path, example.text.as_str()), &settings);
    report.findings.retain(|finding| finding.rule == rule.id);
    if report.policies.is_empty() && rule.family != "lint" {
        return Err(format!("no policy was found in the example: {}; {:?}", report.reason, report.findings));
    }
    Ok(report)
}

/// The findings of a report as the `findings` fences of pages have them.
pub fn lines(report: &FileReport) -> Vec<String> {
    report
        .findings
        .iter()
        .map(|finding| {
            let place = report.source.position(finding.primary.span.start);
            let sure = match finding.confidence {
                Confidence::Proved => String::new(),
                other => format!(" ({other})"),
            };
            format!("{}:{} {}{sure}: {}", place.line, place.column, finding.rule, finding.message)
        })
        .collect()
}
