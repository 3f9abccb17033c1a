//! `iamlint check`: find policies, judge them, report.
#![expect(clippy::print_stderr, reason = "the command line talks to its user")]

mod add_ignore;

use super::judging::{Asked, JudgeArgs, configuration, judge, settings_of, with_flags};
use super::style::{self, Color};
use super::{Exit, Failure, baseline, clock, ndjson, watch};
use crate::access::EngineMeter;
use crate::config::{self, Config, FailOn, Origin};
use crate::diagnostic::{Audience, Severity, WhyNot};
use crate::input::policy_json::PolicyJson;
use crate::input::{self, Input as _};
use crate::lint::{self, FileReport, Report, Settings, Tally};
use crate::report::time::Moment;
use crate::report::{self, Format, one_line};
use crate::rules::Rule;
use crate::span::{Span, Spanned};
use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser};
use std::cmp::Reverse;
use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::PathBuf;
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
    /// End with 1 also when something was seen and not judged for one of these reasons (comma-separated)
    #[arg(long, value_name = "KINDS", value_delimiter = ',', num_args = 0..=1, require_equals = true, default_missing_value = "not-looked-at", value_parser = PossibleValuesParser::new(WhyNot::ALL.iter().map(|(_, name)| *name)), help_heading = "Gate")]
    fail_on_unjudged: Option<Vec<String>>,
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

pub fn run(args: &CheckArgs) -> Result<Exit, Failure> {
    if !args.watch {
        return once(args).map(|(exit, _)| exit);
    }
    if args.judging.read.stdin() {
        return Err(Failure::Message("--watch: standard input cannot change".to_owned()));
    }
    if !["full", "concise"].contains(&args.format.as_str()) {
        let format = &args.format;
        let message =
            format!("--watch: several reports on standard output are no `{format}`; use --output {format}=FILE");
        return Err(Failure::Message(message));
    }
    let written: Vec<PathBuf> = args.output.iter().map(|(_, path)| path.clone()).collect();
    watch::run(&args.judging, &written, || once(args).map(|(_, read)| read))
}

/// One check: what it ends with, and the files and folders it read beside those that the arguments stand for.
fn once(args: &CheckArgs) -> Result<(Exit, Vec<PathBuf>), Failure> {
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
        let mut settings = settings_of(&args.judging.read.input, &here, config, time);
        settings.suppress = !args.no_suppress;
        if args.timings {
            settings.timings = settings.rules.iter().map(|_| Default::default()).collect();
            settings.engine = Some(EngineMeter::default());
        }
        settings
    };
    let mut settings = settings_of(&config);
    lint::check_variables(&settings).map_err(Failure::Message)?;
    lint::check_root(&settings).map_err(Failure::Message)?;

    if settings.ndjson && !args.show_files && streams(args, baseline.is_some())? {
        let ndjson::Outcome { tally, errors } = ndjson::run(&args.judging.read, &here, &config, &settings)?;
        conclude(args, &settings, &tally, &errors);
        let exit = exit(&tally, &config, tally.internal_error || !errors.is_empty());
        if !args.quiet {
            eprintln!("{}", report::summary::line_of_lines(&tally, start.elapsed()));
        }
        return Ok((exit, Vec::new()));
    }
    if args.add_ignore.is_some() && args.judging.read.stdin() {
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
    let accept_empty = args.judging.read.input.allow_empty || args.show_files;
    let mut judged =
        judge(&args.judging.read, &here, &config, &mut settings, Asked { accept_empty, quiet: args.quiet })?;
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
    let exit = exit(&tally, &config, judged.failed);
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

/// Whether the results of ndjson input are written as the lines come, instead of one report at the end.
fn streams(args: &CheckArgs, baseline: bool) -> Result<bool, Failure> {
    let refuse = |message: &str| Err(Failure::Message(message.to_owned()));
    let wanted = args.format == input::ndjson::NAME;
    if args.add_ignore.is_some() {
        return refuse("--add-ignore writes into files that hold policies, and no suppression can stand in ndjson");
    }
    if wanted && !args.output.is_empty() {
        return refuse(
            "--output needs everything that was found, and --format ndjson keeps nothing of ndjson input; run twice, or \
             choose another --format",
        );
    }
    if wanted && baseline {
        return refuse(
            "a baseline needs everything that was found, and --format ndjson keeps nothing of ndjson input; choose another \
             --format, or --no-baseline",
        );
    }
    if args.output.iter().any(|(format, _)| format.name == input::ndjson::NAME) {
        return refuse("results of ndjson input are written to standard output: use --format ndjson");
    }
    Ok(wanted)
}

fn exit(tally: &Tally, config: &Config, failed: bool) -> Exit {
    let unjudged = config.fail_on_unjudged.iter().any(|why| tally.summary.not_judged.of(*why) > 0);
    match (failed, tally.fails || unjudged) {
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
        if let Some(counts) = settings.engine.as_ref().map(EngineMeter::counts).filter(|counts| counts.models > 0) {
            eprintln!("engine: {counts}");
        }
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

/// Put on top of a configuration what says when a check fails.
fn with_gate(args: &CheckArgs, config: &mut Config) {
    if let Some(fail_on) = args.fail_on.as_deref().and_then(FailOn::from_name) {
        config.fail_on = fail_on;
        config.origins.insert("fail-on".to_owned(), Origin::Flag("--fail-on"));
    }
    if let Some(kinds) = &args.fail_on_unjudged {
        config.fail_on_unjudged = kinds.iter().filter_map(|kind| WhyNot::from_name(kind)).collect();
        config.origins.insert("fail-on-unjudged".to_owned(), Origin::Flag("--fail-on-unjudged"));
    }
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

/// The kinds that policies were taken for where nothing but the documents tells them, so that a wrong guess is seen.
fn kinds(file: &FileReport) -> String {
    if file.format != Some(PolicyJson.name()) || file.policies.is_empty() {
        return String::new();
    }
    let mut kinds: Vec<&str> = Vec::new();
    for policy in &file.policies {
        if !kinds.contains(&policy.kind.name()) {
            kinds.push(policy.kind.name());
        }
    }
    format!(" ({})", kinds.join(", "))
}

fn show_files(report: &Report) -> Result<(), Failure> {
    let mut out = BufWriter::new(io::stdout().lock());
    for file in &report.files {
        let path = one_line(&file.source.path);
        let unresolved: usize = file.policies.iter().map(|policy| policy.unresolved).sum();
        match file.format {
            Some(format) => writeln!(
                out,
                "{path}: {format}{}, because it {}; {}, {}",
                kinds(file),
                file.reason,
                report::summary::count(file.policies.len(), "policy", "policies"),
                report::summary::count(unresolved, "unresolved value", "unresolved values"),
            )?,
            None => writeln!(out, "{path}: passed over, because it {}", file.reason)?,
        }
        // What is known at deployment only is told by its rule below.
        for entry in file.untold().filter(|entry| entry.why != WhyNot::AtDeployment) {
            let place = entry.place.map_or(String::new(), |place| format!("{}:{}: ", place.line, place.column));
            writeln!(out, "    {place}{}", report::one_line(&entry.text))?;
        }
        for finding in file.findings.iter().take(MAX_LISTED) {
            let place = file.source.position(finding.primary.span.start);
            writeln!(out, "    {}:{}: {}", place.line, place.column, report::one_line(&finding.message))?;
        }
        if let Some(more) = file.findings.len().checked_sub(MAX_LISTED).filter(|more| *more > 0) {
            writeln!(out, "    {more} more; `--profile audit --select unresolved-value` lists all")?;
        }
    }
    for (path, entry) in &report.left_out {
        writeln!(out, "{}: not judged: {}", one_line(path), one_line(&entry.text))?;
    }
    out.flush()?;
    Ok(())
}
