//! `iamlint baseline`: accept what is found today, so that only what is new or grows is told; and keep that list short.
#![expect(clippy::print_stderr, reason = "the command line talks to its user")]

use super::can::AnswerFormat;
use super::judging::{self, Asked, JudgeArgs, Judged};
use super::{Exit, Failure, clock, write};
use crate::config::{Config, Date, Origin};
use crate::discover::{self, READ_LIMIT};
use crate::lint::baseline::{self as applied, Outcome, Paths, Seen, State};
use crate::lint::{self, Report, Settings};
use crate::report::one_line;
use crate::report::summary::count;
use crate::report::time::Moment;
use crate::source::Source;
use crate::suppress::baseline::{self, Baseline, Entry};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// The file that is meant when nobody says which.
const FILE: &str = "iamlint-baseline.toml";

/// How many stale entries a check lists.
const MAX_LISTED: usize = 20;

/// Accept the findings of today, and see what becomes of them
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  iamlint baseline create                          accept everything that is found today
  iamlint check --baseline iamlint-baseline.toml   tell only what is new, and what grew
  iamlint baseline create --update                 accept that as well
  iamlint baseline show                            each entry with what became of it
  iamlint baseline prune                           drop what is gone, take back what is narrower

Each entry records the access that it accepts. It keeps its finding quiet as long as the statement
grants no more than that, however it is written; when it grants more, the finding is told with a
request that was not accepted. The file is made to be read in a review.")]
pub struct BaselineArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Write a baseline with every finding that a check tells now
    Create(CreateArgs),
    /// Drop the entries whose finding is gone, and let the others accept no more than is granted now
    Prune(PruneArgs),
    /// List the entries, each with what came of it
    Show(ShowArgs),
}

#[derive(Debug, Args)]
struct CreateArgs {
    #[command(flatten)]
    judging: JudgeArgs,
    #[command(flatten)]
    file: FileArgs,
    /// Keep the entries of the file, and accept what is new and what grew
    #[arg(long, conflicts_with = "force", help_heading = "Baseline")]
    update: bool,
    /// Start over: the file may be there, and nothing of it is kept
    #[arg(long, help_heading = "Baseline")]
    force: bool,
    /// Why the new entries are accepted
    #[arg(long, value_name = "TEXT", help_heading = "Baseline")]
    reason: Option<String>,
}

#[derive(Debug, Args)]
struct PruneArgs {
    #[command(flatten)]
    judging: JudgeArgs,
    #[command(flatten)]
    file: FileArgs,
}

#[derive(Debug, Args)]
struct ShowArgs {
    #[command(flatten)]
    judging: JudgeArgs,
    #[command(flatten)]
    file: FileArgs,
    /// How to write the entries
    #[arg(long, value_enum, default_value = "text", help_heading = "Output")]
    format: AnswerFormat,
}

#[derive(Debug, Args)]
struct FileArgs {
    /// The file, instead of that of the configuration or `iamlint-baseline.toml` beside it
    #[arg(long, value_name = "FILE", help_heading = "Baseline")]
    baseline: Option<PathBuf>,
}

/// The baseline that a check is asked to use: that of the flag, else that of the configuration.
pub fn chosen(flag: Option<&Path>, none: bool, config: &mut Config, here: &Path) -> Option<PathBuf> {
    if let Some(path) = flag {
        config.baseline = Some(discover::shown(path));
        config.origins.insert("baseline".to_owned(), Origin::Flag("--baseline"));
        return Some(here.join(path));
    }
    if none {
        config.baseline = None;
        config.origins.insert("baseline".to_owned(), Origin::Flag("--no-baseline"));
    }
    config.baseline.as_ref().map(|path| config.base.join(path))
}

/// A baseline file that was read.
pub struct File {
    /// Where it is.
    pub path: PathBuf,
    shown: String,
    baseline: Baseline,
    paths: Paths,
}

/// Read a baseline file.
pub fn open(path: &Path, here: &Path) -> Result<File, Failure> {
    let shown = discover::shown(path);
    let text = discover::read(path, READ_LIMIT).map_err(|error| {
        let hint = if path.exists() { "" } else { "; make one with `iamlint baseline create`" };
        Failure::Message(format!("failed to read the baseline {shown}: {error}{hint}"))
    })?;
    let source = Source::new(shown.as_str(), text);
    let baseline = baseline::parse(source, path.to_owned())
        .map_err(|error| Failure::Message(one_line_each(&error.to_string())))?;
    Ok(File { path: path.to_owned(), paths: paths(path, here), shown, baseline })
}

/// Entries name files from the folder of the baseline on, so that it does not matter from where a check runs.
fn paths(baseline: &Path, here: &Path) -> Paths {
    let folder = baseline.parent().unwrap_or(Path::new(""));
    let folder = discover::absolute(folder, here);
    Paths { working_directory: here.to_owned(), baseline: folder }
}

/// The message quotes the file, which may hold anything.
fn one_line_each(message: &str) -> String {
    message.lines().map(one_line).collect::<Vec<_>>().join("\n")
}

impl File {
    /// Take out of a report what the baseline accepts.
    pub fn apply(&self, report: &mut Report, settings: &Settings, time: Moment) -> Outcome {
        applied::apply(report, &self.baseline, &self.paths, settings, day(time))
    }

    /// List the entries whose finding is gone. They do no harm, and hide what is left.
    pub fn tell_stale(&self, outcome: &Outcome) {
        let all = self.baseline.entries.iter().zip(&outcome.seen);
        let stale: Vec<&Entry> = all.filter(|(_, seen)| seen.state == State::Stale).map(|(entry, _)| entry).collect();
        for entry in stale.iter().take(MAX_LISTED) {
            let line = self.baseline.source.position(entry.span.start).line;
            eprintln!("iamlint: {}:{line}: stale: {}", self.shown, named(entry));
        }
        if !stale.is_empty() {
            let entries = count(stale.len(), "entry whose finding is gone", "entries whose findings are gone");
            eprintln!("iamlint: {}: {entries}; `iamlint baseline prune` drops what is stale", self.shown);
        }
    }

    fn write(&self, entries: &[Entry]) -> Result<(), Failure> {
        let written = write::replace(&self.path, &self.baseline.source.text, &baseline::write(entries));
        written.map_err(|error| not_written(&self.path, &error))
    }
}

/// What an entry is for, on one line.
fn named(entry: &Entry) -> String {
    let mut name = format!("{} in {}", entry.rule, entry.path);
    if !entry.resource.is_empty() {
        name.push_str(&format!(", {}", entry.resource));
    }
    one_line(&format!("{name}: {}", entry.message)).into_owned()
}

fn not_written(path: &Path, error: &io::Error) -> Failure {
    Failure::Message(format!("failed to write {}: {}", discover::shown(path), discover::system_message(error)))
}

fn day(time: Moment) -> Date {
    let (year, month, day) = time.day();
    Date { year, month, day }
}

/// Run the command that the arguments name.
pub fn run(args: &BaselineArgs) -> Result<Exit, Failure> {
    match &args.action {
        Action::Create(args) => create(args),
        Action::Prune(args) => prune(args),
        Action::Show(args) => show(args),
    }
}

/// A run over what the arguments name, with everything that a baseline needs.
struct Run {
    report: Report,
    settings: Settings,
    path: PathBuf,
    here: PathBuf,
    time: Moment,
}

impl Run {
    /// `None` when not everything could be judged: what was not found may be there all the same.
    fn of(judging: &JudgeArgs, file: &FileArgs, accept_empty: bool) -> Result<Option<Run>, Failure> {
        let here = std::env::current_dir()?;
        let mut config = judging::configuration(judging, &here)?;
        let path = chosen(file.baseline.as_deref(), false, &mut config, &here).unwrap_or(config.base.join(FILE));
        let time = clock::now()?;
        let mut settings = judging::settings_of(&judging.read.input, &here, &config, time);
        lint::check_variables(&settings).map_err(Failure::Message)?;
        settings.record = true;
        let asked = Asked { accept_empty, quiet: false };
        let Judged { report, errors, failed, .. } =
            judging::judge(&judging.read, &here, &config, &mut settings, asked)?;
        for error in &errors {
            eprintln!("iamlint: {}", one_line_each(error));
        }
        Ok((!failed).then_some(Run { report, settings, path, here, time }))
    }

    fn open(&self) -> Result<File, Failure> {
        open(&self.path, &self.here)
    }

    /// Hold the baseline against what was found.
    fn judged(mut self) -> Result<(File, Outcome), Failure> {
        let file = self.open()?;
        let outcome = file.apply(&mut self.report, &self.settings, self.time);
        Ok((file, outcome))
    }
}

fn create(args: &CreateArgs) -> Result<Exit, Failure> {
    let Some(run) = Run::of(&args.judging, &args.file, false)? else { return Ok(nothing_written()) };
    let shown = discover::shown(&run.path);
    let exists = run.path.symlink_metadata().is_ok();
    if exists && !args.update && !args.force {
        return Err(Failure::Message(format!(
            "{shown} is there already; --update keeps its entries and adds to them, --force starts over"
        )));
    }
    let reason = |entries: Vec<(u32, Entry)>| -> Vec<(u32, Entry)> {
        let with = |(document, entry)| (document, Entry { reason: args.reason.clone(), ..entry });
        entries.into_iter().map(with).collect()
    };
    if exists && args.update {
        let (file, outcome) = run.judged()?;
        let Outcome { seen, new } = outcome;
        let added = baseline::sorted(reason(new));
        let mut grown = 0;
        let mut entries = Vec::new();
        for (entry, Seen { state, today, .. }) in file.baseline.entries.iter().zip(seen) {
            match state {
                State::Grown(_) => {
                    grown += 1;
                    let reason = args.reason.clone().or_else(|| entry.reason.clone());
                    entries.extend(
                        baseline::sorted(today).into_iter().map(|today| Entry { reason: reason.clone(), ..today }),
                    );
                }
                State::Active | State::Stale | State::NotJudged => entries.push(entry.clone()),
            }
        }
        let more = added.len();
        entries.extend(added);
        baseline::sort(&mut entries);
        file.write(&entries)?;
        let all = count(entries.len(), "entry", "entries");
        eprintln!("iamlint: {shown}: {all}; {more} added, {grown} that grew accepted anew");
        return Ok(Exit::Clean);
    }
    let empty = Baseline { source: Source::new(shown.as_str(), ""), entries: Vec::new() };
    let paths = paths(&run.path, &run.here);
    let mut report = run.report;
    let found = applied::apply(&mut report, &empty, &paths, &run.settings, day(run.time)).new;
    let entries = baseline::sorted(reason(found));
    fs::write(&run.path, baseline::write(&entries)).map_err(|error| not_written(&run.path, &error))?;
    let all = count(entries.len(), "finding", "findings");
    eprintln!("iamlint: {shown}: {all} accepted; `iamlint check --baseline {shown}` tells what is new, and what grew");
    Ok(Exit::Clean)
}

fn nothing_written() -> Exit {
    eprintln!("iamlint: nothing was written");
    Exit::Failed
}

fn prune(args: &PruneArgs) -> Result<Exit, Failure> {
    let Some(run) = Run::of(&args.judging, &args.file, true)? else { return Ok(nothing_written()) };
    let (file, outcome) = run.judged()?;
    let (mut dropped, mut narrowed) = (0, 0);
    let mut entries = Vec::new();
    for (entry, Seen { state, exact, today }) in file.baseline.entries.iter().zip(outcome.seen) {
        match state {
            State::Stale => dropped += 1,
            State::Active if !exact && !today.is_empty() => {
                let same = |today: Entry| Entry { accepted: entry.accepted, reason: entry.reason.clone(), ..today };
                entries.extend(baseline::sorted(today).into_iter().map(same));
                narrowed += 1;
            }
            State::Active | State::Grown(_) | State::NotJudged => entries.push(entry.clone()),
        }
    }
    baseline::sort(&mut entries);
    file.write(&entries)?;
    let left = count(entries.len(), "entry", "entries");
    eprintln!("iamlint: {}: {left} left; {dropped} dropped, {narrowed} brought up to date", file.shown);
    Ok(Exit::Clean)
}

fn show(args: &ShowArgs) -> Result<Exit, Failure> {
    let Some(run) = Run::of(&args.judging, &args.file, true)? else { return Ok(Exit::Failed) };
    let (file, outcome) = run.judged()?;
    let all = || file.baseline.entries.iter().zip(&outcome.seen);
    let mut out = BufWriter::new(io::stdout().lock());
    match args.format {
        AnswerFormat::Json => {
            let entries: Vec<Value> = all().map(|(entry, seen)| as_json(entry, &seen.state)).collect();
            let version = env!("CARGO_PKG_VERSION");
            let shown = json!({
                "version": 1,
                "tool": {"name": "iamlint", "version": version},
                "baseline": file.shown,
                "entries": entries,
            });
            writeln!(out, "{shown:#}")?;
        }
        AnswerFormat::Text => {
            for (entry, seen) in all() {
                let reason = entry.reason.as_ref().map_or(String::new(), |reason| format!(": {}", one_line(reason)));
                writeln!(out, "{:<10}  {}", word(&seen.state), named(entry))?;
                writeln!(out, "            accepted on {}{reason}", entry.accepted)?;
                if let State::Grown(why) = &seen.state {
                    writeln!(out, "            {}", one_line(why))?;
                }
            }
        }
    }
    out.flush()?;
    let number = |word_of: &str| all().filter(|(_, seen)| word(&seen.state) == word_of).count();
    let words = ["active", "grown", "stale", "not judged"].map(|word| (number(word), word));
    let counts: Vec<String> = words.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
    let entries = count(file.baseline.entries.len(), "entry", "entries");
    eprintln!("{}: {entries}{}{}", file.shown, if counts.is_empty() { "" } else { "; " }, counts.join(", "));
    Ok(Exit::Clean)
}

fn word(state: &State) -> &'static str {
    match state {
        State::Active => "active",
        State::Grown(_) => "grown",
        State::Stale => "stale",
        State::NotJudged => "not judged",
    }
}

fn as_json(entry: &Entry, state: &State) -> Value {
    let why = match state {
        State::Grown(why) => Some(why.as_str()),
        State::Active | State::Stale | State::NotJudged => None,
    };
    json!({
        "state": word(state).replace(' ', "-"),
        "why": why,
        "rule": entry.rule,
        "path": entry.path,
        "resource": entry.resource,
        "sid": entry.sid,
        "subject": entry.subject,
        "message": entry.message,
        "accepted": entry.accepted.to_string(),
        "reason": entry.reason,
        "fingerprint": entry.fingerprint.to_string(),
    })
}
