//! `iamlint check`: find policies, judge them, report.
#![expect(clippy::print_stderr, reason = "the command line talks to its user")]

use super::style::{self, Color};
use super::{Exit, Failure, clock, watch};
use crate::config::{self, Choice, Config, FailOn, Origin};
use crate::diagnostic::{Audience, Problem, Severity};
use crate::discover::{self, DiscoverOptions, Globs, READ_LIMIT};
use crate::input;
use crate::lint::{self, FileToLint, Report, Settings};
use crate::report::{self, Format, one_line};
use crate::rules::{self, Rule};
use crate::site::PolicyKind;
use crate::source::Source;
use crate::span::{Span, Spanned};
use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Find IAM policies in files and judge them
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  iamlint check                                  everything under the working directory
  iamlint check infra/ roles.json                these
  iamlint check --format concise --quiet         one line for each finding
  iamlint check --output sarif=iamlint.sarif     text here, SARIF into a file
  aws iam get-role --role-name ci | iamlint check -
  iamlint check --select trust,missing-mfa       a family and a rule, nothing else")]
pub struct CheckArgs {
    /// Files and folders to judge, or `-` for standard input
    #[arg(value_name = "PATH", default_value = ".")]
    paths: Vec<PathBuf>,

    /// Name that standard input has in reports; its ending tells the syntax
    #[arg(long, value_name = "NAME", help_heading = "Input")]
    stdin_filename: Option<String>,
    /// Take every file for this format instead of looking at it
    #[arg(long, value_name = "FORMAT", value_parser = PossibleValuesParser::new(input::ALL.iter().map(|input| input.name())), help_heading = "Input")]
    input_format: Option<String>,
    /// What raw policy documents are attached to, instead of guessing
    #[arg(long, value_name = "KIND", value_parser = PossibleValuesParser::new(PolicyKind::ALL.map(|(_, name)| name)), help_heading = "Input")]
    kind: Option<String>,
    /// Set a variable of Terraform (repeatable)
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_var, help_heading = "Input")]
    var: Vec<(String, String)>,
    /// Read values of Terraform's variables from this file (repeatable)
    #[arg(long, value_name = "FILE", help_heading = "Input")]
    var_file: Vec<PathBuf>,
    /// Leave out paths that match this pattern (repeatable)
    #[arg(long, value_name = "GLOB", help_heading = "Input")]
    exclude: Vec<String>,
    /// Leave out excluded paths even when they are named
    #[arg(long, help_heading = "Input")]
    force_exclude: bool,
    /// Do not read .gitignore and .iamlintignore
    #[arg(long, help_heading = "Input")]
    no_ignore: bool,
    /// List the files with what each was taken for, and stop
    #[arg(long, help_heading = "Input")]
    show_files: bool,
    /// Accept a folder in which there is no policy
    #[arg(long, help_heading = "Input")]
    allow_empty: bool,

    /// Run only these rules or families (comma-separated; `all` for every rule)
    #[arg(long, value_name = "RULES", value_delimiter = ',', help_heading = "Rules")]
    select: Vec<String>,
    /// Run these rules or families as well
    #[arg(long, value_name = "RULES", value_delimiter = ',', help_heading = "Rules")]
    extend_select: Vec<String>,
    /// Do not run these rules or families
    #[arg(long, value_name = "RULES", value_delimiter = ',', help_heading = "Rules")]
    ignore: Vec<String>,
    /// Who reads the findings: `strict` and `audit` see more
    #[arg(long, value_name = "PROFILE", value_parser = PossibleValuesParser::new(Audience::ALL.iter().map(|(_, name)| *name)), help_heading = "Rules")]
    profile: Option<String>,
    /// Leave out findings below this severity
    #[arg(long, value_name = "SEVERITY", value_parser = PossibleValuesParser::new(Severity::ALL.iter().map(|(_, name)| *name)), help_heading = "Rules")]
    min_severity: Option<String>,

    /// End with 1 when a finding is at least this severe
    #[arg(long, value_name = "SEVERITY", value_parser = PossibleValuesParser::new(FailOn::ALL.iter().map(|(_, name)| *name)), help_heading = "Gate")]
    fail_on: Option<String>,

    /// How to write the findings to standard output
    #[arg(long, alias = "output-format", value_name = "FORMAT", value_parser = formats(), default_value = "full", help_heading = "Output")]
    format: String,
    /// Also write them to a file in another format (repeatable)
    #[arg(long, value_name = "FORMAT=FILE", value_parser = parse_output, help_heading = "Output")]
    output: Vec<(&'static Format, PathBuf)>,
    /// What tells this run from others over the same commit, in SARIF
    #[arg(long, value_name = "NAME", help_heading = "Output")]
    sarif_category: Option<String>,
    /// When to use colour
    #[arg(long, value_enum, default_value = "auto", help_heading = "Output")]
    color: Color,
    /// Only the findings: no summary
    #[arg(long, short, help_heading = "Output")]
    quiet: bool,
    /// Judge again whenever something that was read changes, until interrupted
    #[arg(long, conflicts_with_all = ["show_files", "show_config"], help_heading = "Output")]
    watch: bool,
    /// List the policies that were judged, in JSON
    #[arg(long, short, help_heading = "Output")]
    verbose: bool,
    /// Count the findings of each rule
    #[arg(long, help_heading = "Output")]
    statistics: bool,
    /// Show the time of each rule
    #[arg(long, help_heading = "Output")]
    timings: bool,

    /// Use this configuration instead of searching for one
    #[arg(long, value_name = "FILE", conflicts_with = "isolated", help_heading = "Configuration")]
    config: Option<PathBuf>,
    /// Use no configuration file
    #[arg(long, help_heading = "Configuration")]
    isolated: bool,
    /// Show the configuration in force and where each value comes from, and stop
    #[arg(long, help_heading = "Configuration")]
    show_config: bool,
}

fn parse_var(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => Ok((name.trim().to_owned(), value.to_owned())),
        _ => Err("expected NAME=VALUE, such as `account_id=111122223333`".to_owned()),
    }
}

fn formats() -> PossibleValuesParser {
    let value = |format: &Format| PossibleValue::new(format.name).help(format.about);
    PossibleValuesParser::new(report::ALL.iter().map(value))
}

fn parse_output(text: &str) -> Result<(&'static Format, PathBuf), String> {
    let (name, path) = text.split_once('=').ok_or("expected FORMAT=FILE, such as `sarif=iamlint.sarif`")?;
    let names = || report::ALL.iter().map(|format| format.name);
    let format = report::by_name(name)
        .ok_or_else(|| format!("unknown format `{name}`; one of {}", names().collect::<Vec<_>>().join(", ")))?;
    if path.is_empty() {
        return Err("the file's name is missing after `=`".to_owned());
    }
    Ok((format, path.into()))
}

impl CheckArgs {
    /// Which configuration the arguments ask for.
    pub fn choice(&self) -> Choice<'_> {
        match (&self.config, self.isolated) {
            (_, true) => Choice::Isolated,
            (Some(path), false) => Choice::File(path),
            (None, false) => Choice::Search,
        }
    }

    /// The paths to judge, without standard input.
    pub fn paths(&self) -> Vec<PathBuf> {
        self.paths.iter().filter(|path| path.as_os_str() != "-").cloned().collect()
    }

    /// The files that a run writes.
    pub fn written(&self) -> impl Iterator<Item = &Path> {
        self.output.iter().map(|(_, path)| path.as_path())
    }
}

pub fn run(args: &CheckArgs) -> Result<Exit, Failure> {
    if !args.watch {
        return once(args).map(|(exit, _)| exit);
    }
    if args.paths().len() < args.paths.len() {
        return Err(Failure::Message("--watch: standard input cannot change".to_owned()));
    }
    if !["full", "concise"].contains(&args.format.as_str()) {
        let format = &args.format;
        let message =
            format!("--watch: several reports on standard output are no `{format}`; use --output {format}=FILE");
        return Err(Failure::Message(message));
    }
    watch::run(args)
}

/// One check: what it ends with, and the files and folders it read beside those that the arguments stand for.
pub fn once(args: &CheckArgs) -> Result<(Exit, Vec<PathBuf>), Failure> {
    let start = Instant::now();
    let here = std::env::current_dir()?;
    let config = configuration(args, &here)?;
    if args.show_config {
        io::stdout().lock().write_all(config.to_toml(config::registry()).as_bytes())?;
        return Ok((Exit::Clean, Vec::new()));
    }
    let mut settings = Settings::new(&config);
    settings.kind = args.kind.as_deref().and_then(PolicyKind::from_name);
    settings.format = input::ALL.iter().find(|input| Some(input.name()) == args.input_format.as_deref()).copied();
    settings.var_files.clone_from(&args.var_file);
    settings.vars.clone_from(&args.var);
    lint::check_variables(&settings).map_err(Failure::Message)?;
    if args.timings {
        settings.timings = settings.rules.iter().map(|_| Default::default()).collect();
    }

    let judged = judge(args, &here, &config, &settings)?;
    if args.show_files {
        show_files(&judged.report)?;
        return Ok((if judged.failed { Exit::Failed } else { Exit::Clean }, Vec::new()));
    }
    let findings = judged.report.worst().is_some_and(|worst| config.fail_on.fails(worst));
    let exit = match (judged.failed, findings) {
        (true, _) => Exit::Failed,
        (false, true) => Exit::Findings,
        (false, false) => Exit::Clean,
    };
    write_reports(args, &settings, &judged.report, exit)?;
    if args.statistics {
        statistics(&judged.report);
    }
    if args.timings {
        for (rule, time) in settings.rule_times() {
            eprintln!("{:>10.1} us  {rule}", time.as_secs_f64() * 1e6);
        }
    }
    for error in &judged.errors {
        eprintln!("iamlint: {}", one_line(error));
    }
    if !args.quiet {
        eprintln!("{}", report::summary::line(&judged.report, Some(start.elapsed())));
    }
    Ok((exit, judged.report.read))
}

/// The configuration file with the flags on top.
fn configuration(args: &CheckArgs, here: &Path) -> Result<Config, Failure> {
    let mut config = config::load(args.choice(), here, config::registry())?;
    for warning in config.warnings.iter().chain(&not_applied(&config)) {
        let place = config.source.as_ref().map(|source| (&source.path, source.position(warning.span.start)));
        match place {
            Some((path, place)) => {
                eprintln!("iamlint: {path}:{}:{}: {}", place.line, place.column, one_line(&warning.message));
            }
            None => eprintln!("iamlint: {}", one_line(&warning.message)),
        }
    }
    let mut selectors = |flag: &'static str, given: &[String], target: &mut Vec<Spanned<String>>, key: &str| {
        if given.is_empty() {
            return Ok(());
        }
        for selector in given {
            if !rules::select::is_selector(selector) {
                return Err(unknown_selector(flag, selector));
            }
        }
        *target = given.iter().map(|selector| Spanned::new(selector.clone(), Span::default())).collect();
        config.origins.insert(key.to_owned(), Origin::Flag(flag));
        Ok(())
    };
    selectors("--select", &args.select, &mut config.select, "select")?;
    selectors("--extend-select", &args.extend_select, &mut config.extend_select, "extend-select")?;
    selectors("--ignore", &args.ignore, &mut config.ignore, "ignore")?;
    if let Some(profile) = args.profile.as_deref().and_then(Audience::from_name) {
        config.profile = profile;
        config.origins.insert("profile".to_owned(), Origin::Flag("--profile"));
    }
    if let Some(severity) = args.min_severity.as_deref().and_then(Severity::from_name) {
        config.min_severity = severity;
        config.origins.insert("min-severity".to_owned(), Origin::Flag("--min-severity"));
    }
    if let Some(fail_on) = args.fail_on.as_deref().and_then(FailOn::from_name) {
        config.fail_on = fail_on;
        config.origins.insert("fail-on".to_owned(), Origin::Flag("--fail-on"));
    }
    Ok(config)
}

/// Tables that are read and checked, and have no effect: nobody may believe that they have.
fn not_applied(config: &Config) -> Vec<Problem> {
    let problem = |span, table: &str| Problem::new(span, format!("`[[{table}]]` has no effect in this version"));
    let overrides = config.overrides.iter().map(|table| problem(table.span, "override"));
    overrides.chain(config.ignores.iter().map(|table| problem(table.span, "ignore"))).collect()
}

fn unknown_selector(flag: &str, selector: &str) -> Failure {
    let known = rules::RULES.iter().flat_map(|rule| [rule.id, rule.family]).chain(["all"]);
    let hint = match config::nearest(selector, known) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "run `iamlint rules` for the list".to_owned(),
    };
    Failure::Message(format!("{flag}: unknown rule or family `{selector}`; {hint}"))
}

/// What came of judging.
struct Judged {
    report: Report,
    /// Paths that could not be looked at, and folders without policies.
    errors: Vec<String>,
    /// Whether the run must end with 2.
    failed: bool,
}

/// What is left out of the search for files.
pub fn discovery(args: &CheckArgs, here: &Path, config: &Config) -> Result<DiscoverOptions, Failure> {
    let glob = |base: &Path, patterns: &[String]| {
        Globs::new(base, patterns).map_err(|error| Failure::Message(format!("--exclude: {}", error.message)))
    };
    Ok(DiscoverOptions {
        working_directory: here.to_owned(),
        exclude: vec![glob(&config.base, &config.exclude)?, glob(here, &args.exclude)?],
        force_exclude: args.force_exclude,
        no_ignore: args.no_ignore,
    })
}

fn judge(args: &CheckArgs, here: &Path, config: &Config, settings: &Settings) -> Result<Judged, Failure> {
    let paths = args.paths();
    let options = discovery(args, here, config)?;
    let discovery = discover::discover(&paths, &options);
    let mut errors: Vec<String> =
        discovery.errors.iter().map(|error| format!("{}: {}", error.path, error.message)).collect();
    let files: Vec<FileToLint> =
        discovery.files.into_iter().map(|path| FileToLint { shown: discover::shown(&path), path }).collect();
    let mut report = lint::lint_files(&files, settings, READ_LIMIT);
    if paths.len() < args.paths.len() {
        let name = args.stdin_filename.as_deref().unwrap_or("<stdin>");
        let text = read_stdin()?;
        let judged = lint::guarded(name, settings, || match text {
            Ok(text) => lint::lint_buffer(Source::new(name, text), settings),
            Err(error) => lint::unreadable(name, &error, settings),
        });
        let files = std::mem::take(&mut report.files).into_iter().chain([judged]).collect();
        report = Report { read: report.read, ..Report::new(files) };
    }
    let mut failed = !errors.is_empty() || report.files.iter().any(|file| file.internal_error);
    if !args.allow_empty && !args.show_files {
        for folder in paths.iter().filter(|path| path.is_dir()) {
            if !has_policy(&discover::shown(folder), &report) {
                errors.push(format!(
                    "no policy found under `{}`; use --show-files to see what was read, or --allow-empty to accept it",
                    discover::shown(folder)
                ));
                failed = true;
            }
        }
    }
    Ok(Judged { report, errors, failed })
}

fn read_stdin() -> Result<Result<String, discover::ReadError>, Failure> {
    let mut bytes = Vec::new();
    io::stdin().lock().take(READ_LIMIT + 1).read_to_end(&mut bytes)?;
    Ok(discover::decode(bytes, READ_LIMIT))
}

/// Whether a folder holds a policy, or a file that cannot be read and may hold one.
fn has_policy(folder: &str, report: &Report) -> bool {
    report.files.iter().any(|file| {
        let inside = folder == "." || Path::new(&file.source.path).starts_with(folder);
        inside && (file.invalid || file.format.is_some())
    })
}

fn write_reports(args: &CheckArgs, settings: &Settings, report: &Report, exit: Exit) -> Result<(), Failure> {
    let rules: Vec<&'static Rule> = settings.rules.iter().map(|active| active.rule).collect();
    let stdout = io::stdout();
    let options = report::Options {
        style: style::style(args.color, &stdout),
        rules: &rules,
        version: env!("CARGO_PKG_VERSION"),
        exit_code: exit as u8,
        verbose: args.verbose,
        category: args.sarif_category.as_deref(),
        time: clock::now()?,
    };
    // Files first: a reader that closes the pipe must not cost the artifact.
    for (format, path) in &args.output {
        let failed = |error: io::Error| Failure::Message(format!("failed to write {}: {error}", path.display()));
        let mut file = BufWriter::new(File::create(path).map_err(failed)?);
        (format.write)(report, &options, &mut file).map_err(failed)?;
        file.flush().map_err(failed)?;
        warn(format, report);
    }
    if let Some(format) = report::by_name(&args.format) {
        let mut out = BufWriter::new(stdout.lock());
        (format.write)(report, &options, &mut out)?;
        out.flush()?;
        warn(format, report);
    }
    Ok(())
}

/// Say what a format could not hold.
fn warn(format: &Format, report: &Report) {
    if let Some(warning) = (format.warning)(report) {
        eprintln!("iamlint: {warning}");
    }
}

fn show_files(report: &Report) -> Result<(), Failure> {
    let mut out = BufWriter::new(io::stdout().lock());
    for file in &report.files {
        let path = one_line(&file.source.path);
        let unresolved: usize = file.policies.iter().map(|policy| policy.unresolved).sum();
        match file.format {
            Some(format) => writeln!(
                out,
                "{path}: {format}, because it {}; {} policies, {unresolved} unresolved values",
                file.reason,
                file.policies.len(),
            )?,
            None => writeln!(out, "{path}: passed over, because it {}", file.reason)?,
        }
    }
    out.flush()?;
    Ok(())
}

fn statistics(report: &Report) {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, finding) in report.findings() {
        *counts.entry(finding.rule).or_default() += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(rule, count)| (std::cmp::Reverse(*count), *rule));
    for (rule, count) in counts {
        eprintln!("{count:>6}  {rule}");
    }
}
