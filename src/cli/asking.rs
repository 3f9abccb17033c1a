//! Reading policies for commands that ask them: all that `check` reads, and the same account of what was not judged.
#![expect(clippy::print_stderr, reason = "the command line talks to its user")]

use super::inputs::{ConfigArgs, ReadArgs};
use super::judging::{self, Asked, Judged};
use super::{Failure, clock};
use crate::config::Config;
use crate::diagnostic::{Audience, Diagnostic, Severity};
use crate::lint::ledger::Unjudged;
use crate::lint::{self, FileReport, Report};
use crate::report::{one_line, summary};
use crate::rules::Org;
use crate::site::PolicyKind;
use crate::span::{Span, Spanned};
use std::path::PathBuf;

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
}

/// Say how much was not judged, in the last line.
pub fn tell_ledger(not_judged: &Unjudged) {
    if let Some(line) = summary::not_judged(not_judged) {
        eprintln!("{line} (iamlint check --show-files)");
    }
}

/// How policies are read for who asks them.
pub struct Asking {
    here: PathBuf,
    config: Config,
}

impl Asking {
    /// With the configuration that the arguments ask for.
    pub fn new(config: &ConfigArgs) -> Result<Self, Failure> {
        let here = std::env::current_dir()?;
        let mut config = judging::configuration_of(config, &here)?;
        what_cannot_be_read(&mut config);
        Ok(Asking { here, config })
    }

    /// Read everything that the arguments name, and keep the policies of these kinds.
    pub fn read(&self, args: &ReadArgs, keep: &[PolicyKind]) -> Result<Read, Failure> {
        let mut settings = judging::settings_of(&args.input, &self.here, &self.config, clock::now()?);
        settings.suppress = false;
        settings.keep = keep.to_vec();
        lint::check_variables(&settings).map_err(Failure::Message)?;
        let asked = Asked { accept_empty: args.input.allow_empty, quiet: false };
        let Judged { report, errors: mut others, .. } =
            judging::judge(args, &self.here, &self.config, &mut settings, asked)?;
        let mut errors: Vec<String> = report.findings().filter_map(|(file, finding)| error(file, finding)).collect();
        errors.append(&mut others);
        Ok(Read { report: report.of_kinds(keep), org: settings.org, errors })
    }
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
