//! What a severity is called elsewhere: the one table that every writer uses.

use crate::diagnostic::Severity;

/// The names of a severity in the formats of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    /// In lines that problem matchers read: `error`, `warning`, `info`.
    pub word: &'static str,
    /// The ANSI colour, as the digits of its escape sequence.
    pub color: &'static str,
    /// `level` of SARIF.
    pub sarif: &'static str,
    /// `security-severity` of GitHub code scanning: a number in a string; none for what is no weakness.
    pub security: Option<&'static str>,
    /// `problem.severity` of GitHub code scanning.
    pub problem: &'static str,
    /// The workflow command of GitHub Actions.
    pub github: &'static str,
    /// `severity` of GitLab code quality.
    pub gitlab: &'static str,
    /// `severity` of GitLab's security reports.
    pub gitlab_sast: &'static str,
    /// `severity_id` of OCSF.
    pub ocsf: u8,
    /// `severity` of OCSF.
    pub ocsf_name: &'static str,
    /// `severity` of the Reviewdog Diagnostic Format.
    pub rdjson: &'static str,
    /// `severity` of Checkstyle.
    pub checkstyle: &'static str,
    /// `type` of an issue in Azure Pipelines; none where it has no word that is weak enough.
    pub azure: Option<&'static str>,
}

/// The names of a severity elsewhere.
pub fn level(severity: Severity) -> Level {
    const CRITICAL: Level = Level {
        word: "error",
        color: "1;31",
        sarif: "error",
        security: Some("9.5"),
        problem: "error",
        github: "error",
        gitlab: "blocker",
        gitlab_sast: "Critical",
        ocsf: 5,
        ocsf_name: "Critical",
        rdjson: "ERROR",
        checkstyle: "error",
        azure: Some("error"),
    };
    const MEDIUM: Level = Level {
        word: "warning",
        color: "33",
        sarif: "warning",
        security: Some("5.5"),
        problem: "warning",
        github: "warning",
        gitlab: "major",
        gitlab_sast: "Medium",
        ocsf: 3,
        ocsf_name: "Medium",
        rdjson: "WARNING",
        checkstyle: "warning",
        azure: Some("warning"),
    };
    match severity {
        Severity::Critical => CRITICAL,
        Severity::High => Level {
            color: "31",
            security: Some("8.0"),
            gitlab: "critical",
            gitlab_sast: "High",
            ocsf: 4,
            ocsf_name: "High",
            ..CRITICAL
        },
        Severity::Medium => MEDIUM,
        Severity::Low => Level {
            color: "34",
            security: Some("2.5"),
            gitlab: "minor",
            gitlab_sast: "Low",
            ocsf: 2,
            ocsf_name: "Low",
            ..MEDIUM
        },
        Severity::Info => Level {
            word: "info",
            color: "36",
            sarif: "note",
            security: None,
            problem: "recommendation",
            github: "notice",
            gitlab: "info",
            gitlab_sast: "Info",
            ocsf: 1,
            ocsf_name: "Informational",
            rdjson: "INFO",
            checkstyle: "info",
            azure: None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn security_severities_lie_in_their_bands() {
        let number = |severity| level(severity).security.map(|text| text.parse::<f64>().expect("a number"));
        assert!(number(Severity::Critical).is_some_and(|value| value > 9.0 && value <= 10.0));
        assert!(number(Severity::High).is_some_and(|value| (7.0..9.0).contains(&value)));
        assert!(number(Severity::Medium).is_some_and(|value| (4.0..7.0).contains(&value)));
        assert!(number(Severity::Low).is_some_and(|value| (0.1..4.0).contains(&value)));
        assert_eq!(number(Severity::Info), None);
    }

    #[test]
    fn a_worse_severity_is_worse_everywhere() {
        let levels: Vec<Level> = Severity::ALL.iter().map(|(severity, _)| level(*severity)).collect();
        assert!(levels.is_sorted_by(|a, b| a.ocsf < b.ocsf));
        let ordered = |name: fn(&Level) -> &'static str, order: &[&str]| {
            let place = |level: &Level| order.iter().position(|known| *known == name(level)).expect("a known word");
            assert!(levels.is_sorted_by_key(place), "{order:?}");
        };
        ordered(|level| level.word, &["info", "warning", "error"]);
        ordered(|level| level.sarif, &["note", "warning", "error"]);
        ordered(|level| level.github, &["notice", "warning", "error"]);
        ordered(|level| level.gitlab, &["info", "minor", "major", "critical", "blocker"]);
        ordered(|level| level.gitlab_sast, &["Info", "Low", "Medium", "High", "Critical"]);
        ordered(|level| level.ocsf_name, &["Informational", "Low", "Medium", "High", "Critical"]);
        ordered(|level| level.rdjson, &["INFO", "WARNING", "ERROR"]);
        ordered(|level| level.checkstyle, &["info", "warning", "error"]);
        ordered(|level| level.azure.unwrap_or("none"), &["none", "warning", "error"]);
    }
}
