//! `iamlint check`: find policies, judge them, report.
#![expect(clippy::print_stderr, reason = "the command line talks to its user")]

mod add_ignore;
mod lines;

use super::style::{self, Color};
use super::{Exit, Failure, baseline, clock, watch};
use crate::config::{self, Choice, Config, Date, FailOn, Origin, collected};
use crate::diagnostic::{Audience, Severity};
use crate::discover::{self, DiscoverOptions, Globs, READ_LIMIT};
use crate::input::{self, ndjson};
use crate::lint::{self, Disk, FileReport, FileToLint, Report, Settings, Tally};
use crate::report::time::Moment;
use crate::report::{self, Format, one_line};
use crate::rules::{self, Rule};
use crate::site::PolicyKind;
use crate::source::Source;
use crate::span::{Span, Spanned};
use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser};
use std::cmp::Reverse;
use std::fs::File;
use std::io::{self, BufWriter, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// What is judged and how: what every command takes that tells findings.
#[derive(Debug, Args)]
pub struct JudgeArgs {
    /// Files and folders to judge, or `-` for standard input
    #[arg(value_name = "PATH", default_value = ".")]
    paths: Vec<PathBuf>,

    /// Name that standard input has in reports; its ending tells the syntax
    #[arg(long, value_name = "NAME", help_heading = "Input")]
    stdin_filename: Option<String>,
    /// Take every file for this format instead of looking at it; `ndjson` is a document on each line
    #[arg(long, value_name = "FORMAT", value_parser = PossibleValuesParser::new(input::ALL.iter().map(|input| input.name()).chain([ndjson::NAME])), help_heading = "Input")]
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
    /// Folder of the configuration that Terraform plans were made from, if they do not lie in it
    #[arg(long, value_name = "DIR", help_heading = "Input")]
    terraform_root: Option<PathBuf>,
    /// Leave out paths that match this pattern (repeatable)
    #[arg(long, value_name = "GLOB", help_heading = "Input")]
    exclude: Vec<String>,
    /// Leave out excluded paths even when they are named
    #[arg(long, help_heading = "Input")]
    force_exclude: bool,
    /// Do not read .gitignore and .iamlintignore
    #[arg(long, help_heading = "Input")]
    no_ignore: bool,
    /// Also judge policies in the JSON fences of Markdown files
    #[arg(long, help_heading = "Input")]
    include_markdown: bool,
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

    /// Use this configuration instead of searching for one
    #[arg(long, value_name = "FILE", conflicts_with = "isolated", help_heading = "Configuration")]
    config: Option<PathBuf>,
    /// Use no configuration file
    #[arg(long, help_heading = "Configuration")]
    isolated: bool,
}

/// Find IAM policies in files and judge them
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  iamlint check                                  everything under the working directory
  iamlint check infra/ roles.json                these
  iamlint check --format concise --quiet         one line for each finding
  iamlint check --output sarif=iamlint.sarif     text here, SARIF into a file
  aws iam get-role --role-name ci | iamlint check -
  iamlint check --input-format ndjson --format ndjson - < policies.ndjson
  iamlint check --select trust,missing-mfa       a family and a rule, nothing else
  iamlint check --add-ignore 'known since May'   accept what is there, and tell what is new
  iamlint check --baseline iamlint-baseline.toml tell what no baseline accepts: iamlint baseline create")]
pub struct CheckArgs {
    #[command(flatten)]
    judging: JudgeArgs,
    /// List the files with what each was taken for, why, and what is not known in them, and stop
    #[arg(long, help_heading = "Input")]
    show_files: bool,

    /// End with 1 when a finding is at least this severe
    #[arg(long, value_name = "SEVERITY", value_parser = PossibleValuesParser::new(FailOn::ALL.iter().map(|(_, name)| *name)), help_heading = "Gate")]
    fail_on: Option<String>,
    /// Leave out the findings that this baseline accepts, unless they grant more than it accepts
    #[arg(long, value_name = "FILE", help_heading = "Gate")]
    baseline: Option<PathBuf>,
    /// Use no baseline, also if the configuration names one
    #[arg(long, conflicts_with = "baseline", help_heading = "Gate")]
    no_baseline: bool,
    /// Tell every finding, whatever comments, Metadata and the configuration silence
    #[arg(long, help_heading = "Gate")]
    no_suppress: bool,
    /// Silence what would be told: write suppressions with this reason into the files
    #[arg(long, value_name = "REASON", conflicts_with_all = ["no_suppress", "baseline"], help_heading = "Gate")]
    add_ignore: Option<String>,

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
    /// Also list suppressed findings, in JSON and SARIF
    #[arg(long, help_heading = "Output")]
    include_suppressed: bool,
    /// Count the findings of each rule
    #[arg(long, help_heading = "Output")]
    statistics: bool,
    /// Show the time of each rule
    #[arg(long, help_heading = "Output")]
    timings: bool,

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

impl JudgeArgs {
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

    /// Whether standard input is among what is judged.
    fn stdin(&self) -> bool {
        self.paths.iter().any(|path| path.as_os_str() == "-")
    }
}

impl CheckArgs {
    /// What is judged and how.
    pub fn judging(&self) -> &JudgeArgs {
        &self.judging
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
    if args.judging.stdin() {
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
    let mut config = configuration(&args.judging, &here)?;
    with_gate(args, &mut config);
    let baseline = baseline::chosen(args.baseline.as_deref(), args.no_baseline, &mut config, &here);
    if args.show_config {
        io::stdout().lock().write_all(config.to_toml(config::registry()).as_bytes())?;
        return Ok((Exit::Clean, Vec::new()));
    }
    if args.show_files {
        what_is_not_known(&mut config);
    }
    let time = clock::now()?;
    let settings_of = |config: &Config| {
        let mut settings = settings_of(&args.judging, &here, config, time);
        settings.suppress = !args.no_suppress;
        if args.timings {
            settings.timings = settings.rules.iter().map(|_| Default::default()).collect();
        }
        settings
    };
    let mut settings = settings_of(&config);
    lint::check_variables(&settings).map_err(Failure::Message)?;
    lint::check_root(&settings).map_err(Failure::Message)?;

    if settings.lines && !args.show_files && lines::wanted(args, baseline.is_some())? {
        return lines::run(args, &here, &config, &settings, start).map(|exit| (exit, Vec::new()));
    }
    if args.add_ignore.is_some() && args.judging.stdin() {
        let message = "--add-ignore writes into files: name them instead of standard input";
        return Err(Failure::Message(message.to_owned()));
    }
    if args.add_ignore.is_some() && baseline.is_some() {
        let message = "--add-ignore silences what the baseline accepts as well; say --no-baseline if that is meant";
        return Err(Failure::Message(message.to_owned()));
    }
    // Before anything is judged: without its baseline, the result would be of no use.
    let baseline = baseline.filter(|_| !args.show_files).map(|path| baseline::open(&path, &here)).transpose()?;
    settings.record = baseline.is_some();
    let accept_empty = args.judging.allow_empty || args.show_files;
    let mut judged = judge(&args.judging, &here, &config, &mut settings, Asked { accept_empty, quiet: args.quiet })?;
    if args.show_files {
        show_files(&judged.report)?;
        return Ok((if judged.failed { Exit::Failed } else { Exit::Clean }, Vec::new()));
    }
    if let Some(reason) = &args.add_ignore {
        let with_text = |text: String| {
            let mut config = config.reread(text, config::registry()).map_err(|error| error.to_string())?;
            with_flags(&args.judging, &mut config).map_err(|error| error.to_string())?;
            with_gate(args, &mut config);
            let mut again = settings_of(&config);
            again.org.clone_from(&settings.org);
            Ok((config, again))
        };
        let (config, settings, quiet) = (&config, &settings, args.quiet);
        let adding = add_ignore::Adding { reason, here: &here, config, settings, quiet, with_text: &with_text };
        adding.run(&mut judged)?;
    }
    let outcome = baseline.as_ref().map(|file| file.apply(&mut judged.report, &settings, time));
    let tally = Tally::of(&judged.report);
    let exit = exit(&tally, judged.failed);
    write_reports(args, &settings, &judged.report, exit, time)?;
    conclude(args, &settings, &tally, &judged.errors);
    if !args.quiet {
        if let Some((file, outcome)) = baseline.as_ref().zip(outcome.as_ref()) {
            file.tell_stale(outcome);
        }
        eprintln!("{}", report::summary::line(&judged.report, Some(start.elapsed())));
    }
    let read = judged.report.read.into_iter().chain(baseline.map(|file| file.path)).collect();
    Ok((exit, read))
}

fn exit(tally: &Tally, failed: bool) -> Exit {
    match (failed, tally.fails) {
        (true, _) => Exit::Failed,
        (false, true) => Exit::Findings,
        (false, false) => Exit::Clean,
    }
}

/// What is said on standard error before the last line.
fn conclude(args: &CheckArgs, settings: &Settings, tally: &Tally, errors: &[String]) {
    if args.statistics {
        let mut counts: Vec<_> = tally.rules.iter().collect();
        counts.sort_by_key(|(rule, count)| (Reverse(**count), **rule));
        for (rule, count) in counts {
            eprintln!("{count:>6}  {rule}");
        }
    }
    if args.timings {
        for (rule, time) in settings.rule_times() {
            eprintln!("{:>10.1} us  {rule}", time.as_secs_f64() * 1e6);
        }
    }
    for error in errors {
        // A message may have lines of its own; what it quotes has none.
        let lines: Vec<_> = error.split('\n').map(one_line).collect();
        eprintln!("iamlint: {}", lines.join("\n"));
    }
}

/// How to judge: what the configuration says, and the flags that are no part of it.
pub fn settings_of(args: &JudgeArgs, here: &Path, config: &Config, time: Moment) -> Settings {
    let mut settings = Settings::new(config);
    settings.kind = args.kind.as_deref().and_then(PolicyKind::from_name);
    settings.format = input::ALL.iter().find(|input| Some(input.name()) == args.input_format.as_deref()).copied();
    settings.var_files.clone_from(&args.var_file);
    settings.vars.clone_from(&args.var);
    settings.terraform_root.clone_from(&args.terraform_root);
    settings.lines = args.input_format.as_deref() == Some(ndjson::NAME);
    let (year, month, day) = time.day();
    settings.today = Some(Date { year, month, day });
    settings.working_directory = here.to_owned();
    settings
}

/// The configuration file with the flags on top.
pub fn configuration(args: &JudgeArgs, here: &Path) -> Result<Config, Failure> {
    let mut config = config::load(args.choice(), here, config::registry())?;
    for warning in &config.warnings {
        let place = config.source.as_ref().map(|source| (&source.path, source.position(warning.span.start)));
        match place {
            Some((path, place)) => {
                eprintln!("iamlint: {path}:{}:{}: {}", place.line, place.column, one_line(&warning.message));
            }
            None => eprintln!("iamlint: {}", one_line(&warning.message)),
        }
    }
    with_flags(args, &mut config)?;
    Ok(config)
}

/// Put the flags on top of a configuration.
fn with_flags(args: &JudgeArgs, config: &mut Config) -> Result<(), Failure> {
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
    Ok(())
}

/// Put on top of a configuration what says when a check fails.
fn with_gate(args: &CheckArgs, config: &mut Config) {
    if let Some(fail_on) = args.fail_on.as_deref().and_then(FailOn::from_name) {
        config.fail_on = fail_on;
        config.origins.insert("fail-on".to_owned(), Origin::Flag("--fail-on"));
    }
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
pub struct Judged {
    pub report: Report,
    /// The files, without standard input.
    files: Vec<FileToLint>,
    /// Whether everything was judged that the configuration is for.
    whole: bool,
    /// Paths that could not be looked at, and folders without policies.
    pub errors: Vec<String>,
    /// Whether the run must end with 2.
    pub failed: bool,
}

/// What a command asks of judging.
#[derive(Clone, Copy)]
pub struct Asked {
    /// Whether a folder may hold no policy.
    pub accept_empty: bool,
    /// Whether only findings are told.
    pub quiet: bool,
}

/// What the arguments name.
struct Named {
    /// Whether standard input is among it.
    stdin: bool,
    folders: Vec<PathBuf>,
    files: Vec<FileToLint>,
    /// Paths that could not be looked at.
    errors: Vec<String>,
}

/// What is left out of the search for files.
pub fn discovery(args: &JudgeArgs, here: &Path, config: &Config) -> Result<DiscoverOptions, Failure> {
    let glob = |base: &Path, patterns: &[String]| {
        Globs::new(base, patterns).map_err(|error| Failure::Message(format!("--exclude: {}", error.message)))
    };
    Ok(DiscoverOptions {
        working_directory: here.to_owned(),
        exclude: vec![glob(&config.base, &config.exclude)?, glob(here, &args.exclude)?],
        force_exclude: args.force_exclude,
        no_ignore: args.no_ignore,
        include_markdown: args.include_markdown,
    })
}

fn named(args: &JudgeArgs, here: &Path, config: &Config) -> Result<Named, Failure> {
    let paths = args.paths();
    let discovery = discover::discover(&paths, &discovery(args, here, config)?);
    let errors = discovery.errors.iter().map(|error| format!("{}: {}", one_line(&error.path), error.message)).collect();
    let files = discovery.files.into_iter().map(|path| FileToLint { shown: discover::shown(&path), path }).collect();
    let stdin = args.stdin();
    let folders = paths.into_iter().filter(|path| path.is_dir()).collect();
    Ok(Named { stdin, folders, files, errors })
}

/// Judge everything that the arguments name.
pub fn judge(
    args: &JudgeArgs,
    here: &Path,
    config: &Config,
    settings: &mut Settings,
    asked: Asked,
) -> Result<Judged, Failure> {
    let mut named = named(args, here, config)?;
    let paths: Vec<PathBuf> = named.files.iter().map(|file| file.path.clone()).collect();
    if let Some(told) = collected::complete(&mut settings.org, &paths).filter(|_| !asked.quiet) {
        eprintln!("iamlint: {told}");
    }
    let settings = &*settings;
    let mut report = lint::lint_files(&named.files, settings, READ_LIMIT);
    if named.stdin {
        let name = args.stdin_filename.as_deref().unwrap_or(STDIN);
        let text = read_stdin()?;
        let judged = lint::guarded(name, settings, || match text {
            Ok(text) => lint::lint_buffer(Source::new(name, text), settings),
            Err(error) => lint::unreadable(name, &error, settings),
        });
        let files = std::mem::take(&mut report.files).into_iter().chain([judged]).collect();
        report = Report { read: report.read, ..Report::new(files) };
        report = lint::place_plans(report, settings, &Disk::default());
    }
    let with_policy = report.files.iter().filter(|file| has_policy(file)).map(|file| file.source.path.as_str());
    let empty = empty_folders(asked.accept_empty, &named.folders, &with_policy.collect::<Vec<_>>());
    let names_all = |path: &PathBuf| config.base.starts_with(discover::absolute(path, here));
    let narrowed = !args.exclude.is_empty() || args.kind.is_some() || args.input_format.is_some();
    let whole = !named.stdin && !narrowed && named.errors.is_empty() && named.folders.iter().any(names_all);
    if let Some(file) = lint::of_configuration(config, &report, settings, whole) {
        report = report.with(file);
    }
    named.errors.extend(empty);
    let failed = !named.errors.is_empty() || report.files.iter().any(|file| file.internal_error);
    Ok(Judged { report, files: named.files, whole, errors: named.errors, failed })
}

/// What standard input is called in reports.
const STDIN: &str = "<stdin>";

fn read_stdin() -> Result<Result<String, discover::ReadError>, Failure> {
    let mut bytes = Vec::new();
    io::stdin().lock().take(READ_LIMIT + 1).read_to_end(&mut bytes)?;
    Ok(discover::decode(bytes, READ_LIMIT))
}

/// Whether a file holds a policy, or cannot be read and may hold one.
fn has_policy(file: &FileReport) -> bool {
    file.invalid || file.format.is_some()
}

/// Complaints about named folders in which no file has a policy.
fn empty_folders(accept: bool, folders: &[PathBuf], with_policy: &[&str]) -> Vec<String> {
    if accept {
        return Vec::new();
    }
    let shown = folders.iter().map(|folder| discover::shown(folder));
    let empty =
        shown.filter(|folder| !with_policy.iter().any(|path| folder == "." || Path::new(path).starts_with(folder)));
    empty
        .map(|folder| {
            format!(
                "no policy found under `{}`; use --show-files to see what was read, or --allow-empty to accept it",
                one_line(&folder)
            )
        })
        .collect()
}

fn write_reports(
    args: &CheckArgs,
    settings: &Settings,
    report: &Report,
    exit: Exit,
    time: Moment,
) -> Result<(), Failure> {
    let rules: Vec<&'static Rule> = settings.rules.iter().map(|active| active.rule).collect();
    let stdout = io::stdout();
    let options = report::Options {
        style: style::style(args.color, &stdout),
        rules: &rules,
        version: env!("CARGO_PKG_VERSION"),
        exit_code: exit as u8,
        verbose: args.verbose,
        suppressed: args.include_suppressed,
        category: args.sarif_category.as_deref(),
        time,
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

/// How many things that are not known are listed of one file.
const MAX_LISTED: usize = 10;

/// Let the rules run that say what cannot be read and what is not known, and no others.
fn what_is_not_known(config: &mut Config) {
    let rules = ["invalid-input", "unresolved-value"];
    config.select = rules.iter().map(|rule| Spanned::new((*rule).to_owned(), Span::default())).collect();
    config.extend_select.clear();
    config.ignore.clear();
    config.profile = Audience::Audit;
    config.min_severity = Severity::Info;
}

fn show_files(report: &Report) -> Result<(), Failure> {
    let mut out = BufWriter::new(io::stdout().lock());
    for file in &report.files {
        let path = one_line(&file.source.path);
        let unresolved: usize = file.policies.iter().map(|policy| policy.unresolved).sum();
        match file.format {
            Some(format) => writeln!(
                out,
                "{path}: {format}, because it {}; {}, {}",
                file.reason,
                report::summary::count(file.policies.len(), "policy", "policies"),
                report::summary::count(unresolved, "unresolved value", "unresolved values"),
            )?,
            None => writeln!(out, "{path}: passed over, because it {}", file.reason)?,
        }
        for note in &file.notes {
            writeln!(out, "    {note}")?;
        }
        for finding in file.findings.iter().take(MAX_LISTED) {
            let place = file.source.position(finding.primary.span.start);
            writeln!(out, "    {}:{}: {}", place.line, place.column, report::one_line(&finding.message))?;
        }
        if let Some(more) = file.findings.len().checked_sub(MAX_LISTED).filter(|more| *more > 0) {
            writeln!(out, "    {more} more; `--profile audit --select unresolved-value` lists all")?;
        }
    }
    out.flush()?;
    Ok(())
}
