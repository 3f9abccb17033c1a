//! Reading policies for commands that ask them: all that `check` reads, and the same account of what was not judged.
#![expect(clippy::print_stderr, reason = "the command line talks to its user")]

use super::inputs::{ConfigArgs, ReadArgs};
use super::judging::{self, Asked, Judged};
use super::{Failure, clock};
use crate::config::Config;
use crate::diagnostic::{Audience, Diagnostic, Severity};
use crate::lint::{self, FileReport, Report};
use crate::report::{one_line, summary};
use crate::rules::Org;
use crate::site::PolicyKind;
use crate::span::{Span, Spanned};

/// The policies that the arguments name.
pub struct Read {
    /// The files with their policies, and with what was not judged.
    pub report: Report,
    /// The facts of the user's estate.
    pub org: Org,
    /// What cannot be read, for people.
    pub errors: Vec<String>,
}

impl Read {
    /// Say what could not be read. Whether something could not.
    pub fn tell_errors(&self) -> bool {
        for error in &self.errors {
            let lines: Vec<_> = error.split('\n').map(one_line).collect();
            eprintln!("iamlint: {}", lines.join("\n"));
        }
        !self.errors.is_empty()
    }

    /// Say how much was not judged.
    pub fn tell_ledger(&self) {
        if let Some(not_judged) = summary::not_judged(&self.report.summary.not_judged) {
            eprintln!("{not_judged} (iamlint check --show-files)");
        }
    }
}

/// Read everything that the arguments name, and keep the policies of these kinds.
pub fn read(args: &ReadArgs, config: &ConfigArgs, keep: &[PolicyKind]) -> Result<Read, Failure> {
    let here = std::env::current_dir()?;
    let mut config = judging::configuration_of(config, &here)?;
    what_cannot_be_read(&mut config);
    let mut settings = judging::settings_of(&args.input, &here, &config, clock::now()?);
    settings.suppress = false;
    settings.keep = keep.to_vec();
    lint::check_variables(&settings).map_err(Failure::Message)?;
    let asked = Asked { accept_empty: args.input.allow_empty, quiet: false };
    let Judged { report, errors: mut others, .. } = judging::judge(args, &here, &config, &mut settings, asked)?;
    let mut errors: Vec<String> = report.findings().filter_map(|(file, finding)| error(file, finding)).collect();
    errors.append(&mut others);
    Ok(Read { report: report.of_kinds(keep), org: settings.org, errors })
}

/// Let the rule run that says what cannot be read, everywhere, and no other.
fn what_cannot_be_read(config: &mut Config) {
    config.select = vec![Spanned::new("invalid-input".to_owned(), Span::default())];
    config.extend_select.clear();
    config.ignore.clear();
    config.profile = Audience::Audit;
    config.min_severity = Severity::Info;
    config.rules.clear();
    config.overrides.clear();
    config.ignores.clear();
}

/// What cannot be read, with its place. A slip that hides no policy is none.
fn error(file: &FileReport, finding: &Diagnostic) -> Option<String> {
    if !file.invalid && finding.severity < Severity::High {
        return None;
    }
    let path = one_line(&file.source.path);
    let place = file.source.position(finding.primary.span.start);
    Some(match file.source.text.is_empty() {
        true => format!("{path}: {}", finding.message),
        false => format!("{path}:{}:{}: {}", place.line, place.column, finding.message),
    })
}
