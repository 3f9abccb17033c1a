//! Judging what the arguments name: for every command that reports findings.
#![expect(clippy::print_stderr, reason = "the command line talks to its user")]

use super::Failure;
use super::inputs::{ConfigArgs, InputArgs, ReadArgs};
use crate::config::{self, Config, Date, Origin, collected};
use crate::diagnostic::{Audience, Severity, WhyNot};
use crate::discover::{self, DiscoverOptions, FoundFile, Globs, LeftOut, READ_LIMIT};
use crate::input::{self, ndjson};
use crate::lint::ledger::{Entry, Thing};
use crate::lint::{self, Disk, FileReport, Report, Settings};
use crate::report::one_line;
use crate::report::time::Moment;
use crate::rules;
use crate::site::PolicyKind;
use crate::source::Source;
use crate::span::{Span, Spanned};
use clap::Args;
use clap::builder::PossibleValuesParser;
use std::ffi::OsStr;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// What is judged and how: what every command takes that tells findings.
#[derive(Debug, Args)]
pub struct JudgeArgs {
    #[command(flatten)]
    pub read: ReadArgs,

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

    #[command(flatten)]
    pub config: ConfigArgs,
}

/// The configuration file with the flags on top.
pub fn configuration(args: &JudgeArgs, here: &Path) -> Result<Config, Failure> {
    let mut config = configuration_of(&args.config, here)?;
    with_flags(args, &mut config)?;
    Ok(config)
}

/// The configuration file, with what it says too much told.
pub fn configuration_of(args: &ConfigArgs, here: &Path) -> Result<Config, Failure> {
    let config = config::load(args.choice(), here, config::registry())?;
    for warning in &config.warnings {
        let place = config.source.as_ref().map(|source| (&source.path, source.position(warning.span.start)));
        match place {
            Some((path, place)) => {
                eprintln!("iamlint: {path}:{}:{}: {}", place.line, place.column, one_line(&warning.message));
            }
            None => eprintln!("iamlint: {}", one_line(&warning.message)),
        }
    }
    Ok(config)
}

/// Put the flags on top of a configuration.
pub fn with_flags(args: &JudgeArgs, config: &mut Config) -> Result<(), Failure> {
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

fn unknown_selector(flag: &str, selector: &str) -> Failure {
    let known = rules::RULES.iter().flat_map(|rule| [rule.id, rule.family]).chain(["all"]);
    let hint = match config::nearest(selector, known) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "run `iamlint rules` for the list".to_owned(),
    };
    Failure::Message(format!("{flag}: unknown rule or family `{selector}`; {hint}"))
}

/// How to judge: what the configuration says, and the flags that are no part of it.
pub fn settings_of(args: &InputArgs, here: &Path, config: &Config, time: Moment) -> Settings {
    let mut settings = Settings::new(config);
    settings.kind = args.kind.as_deref().and_then(PolicyKind::from_name);
    settings.format = input::ALL.iter().find(|input| Some(input.name()) == args.input_format.as_deref()).copied();
    settings.var_files.clone_from(&args.var_file);
    settings.vars.clone_from(&args.var);
    settings.terraform_root.clone_from(&args.terraform_root);
    settings.ndjson = args.input_format.as_deref() == Some(ndjson::NAME);
    let (year, month, day) = time.day();
    settings.today = Some(Date { year, month, day });
    settings.working_directory = here.to_owned();
    settings
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
pub struct Named {
    /// Whether standard input is among it.
    pub stdin: bool,
    /// The folders.
    pub folders: Vec<PathBuf>,
    pub files: Vec<FoundFile>,
    /// What was not looked at although it may hold a policy, by path.
    pub left_out: Vec<(String, Entry)>,
    /// Paths that could not be looked at.
    pub errors: Vec<String>,
}

/// What is left out of the search for files.
pub fn discovery(args: &InputArgs, here: &Path, config: &Config) -> Result<DiscoverOptions, Failure> {
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

/// The files that the arguments name.
pub fn named(args: &ReadArgs, here: &Path, config: &Config) -> Result<Named, Failure> {
    named_with(args, here, config, &mut |_| {})
}

/// The same, with each file given to `each` as soon as it is found.
fn named_with(
    args: &ReadArgs,
    here: &Path,
    config: &Config,
    each: &mut dyn FnMut(&FoundFile),
) -> Result<Named, Failure> {
    let paths = args.files();
    let discovery = discover::discover_with(&paths, &discovery(&args.input, here, config)?, each);
    let errors = discovery.errors.iter().map(|error| format!("{}: {}", one_line(&error.path), error.message)).collect();
    let left_out = |file: LeftOut| (file.path, Entry::new(WhyNot::NotLookedAt, Thing::File, None, file.why));
    let unread = |error: &discover::Unreadable| {
        (error.path.clone(), Entry::new(WhyNot::NotLookedAt, Thing::File, None, error.message.clone()))
    };
    let unread: Vec<_> = discovery.errors.iter().map(unread).collect();
    let left_out = discovery.left_out.into_iter().map(left_out).chain(unread).collect();
    let stdin = args.stdin();
    let folders = paths.into_iter().filter(|path| path.is_dir()).collect();
    Ok(Named { stdin, folders, files: discovery.files, left_out, errors })
}

/// What came of judging.
pub struct Judged {
    pub report: Report,
    /// The files, without standard input.
    pub files: Vec<FoundFile>,
    /// Whether everything was judged that the configuration is for.
    pub whole: bool,
    /// Paths that could not be looked at, and folders without policies.
    pub errors: Vec<String>,
    /// Whether the run must end with 2.
    pub failed: bool,
}

/// Whether a file may say which accounts there are, from its path.
fn tells_organization(path: &Path) -> bool {
    let is_named = |name: &OsStr| name == "accounts.json" || name == "structure.json";
    path.file_name().is_some_and(is_named) && path.iter().any(|part| part == "organizations")
}

/// Judge everything that the arguments name.
pub fn judge(
    args: &ReadArgs,
    here: &Path,
    config: &Config,
    settings: &mut Settings,
    asked: Asked,
) -> Result<Judged, Failure> {
    // A file that lists the accounts of the organization decides what is found in all others.
    let is_alone = |file: &FoundFile| !tells_organization(&file.path);
    let (named, ahead) = lint::lint_ahead(settings, READ_LIMIT, is_alone, |each| named_with(args, here, config, each));
    let mut named = named?;
    let paths: Vec<PathBuf> = named.files.iter().map(|file| file.path.clone()).collect();
    if let Some(told) = collected::complete(&mut settings.org, &paths).filter(|_| !asked.quiet) {
        eprintln!("iamlint: {told}");
    }
    let settings = &*settings;
    let mut report = lint::lint_files_with(&named.files, settings, READ_LIMIT, &Disk::default(), ahead);
    if named.stdin {
        let name = args.input.stdin_filename.as_deref().unwrap_or(STDIN);
        let text = read_stdin()?;
        let judged = lint::guarded(name, settings, || match text {
            Ok(text) => lint::lint_buffer(Source::new(name, text), settings),
            Err(error) => lint::unreadable(name, &error, settings),
        });
        if !asked.accept_empty && !has_policy(&judged) {
            named.errors.push(nothing_on(name));
        }
        let files = std::mem::take(&mut report.files).into_iter().chain([judged]).collect();
        report = Report { read: report.read, ..Report::new(files) };
        report = lint::place_plans(report, settings, &Disk::default());
    }
    report = report.without(std::mem::take(&mut named.left_out));
    let with_policy = report.files.iter().filter(|file| has_policy(file)).map(|file| file.source.path.as_str());
    let empty = empty_folders(asked.accept_empty, &named.folders, &with_policy.collect::<Vec<_>>());
    let names_all = |path: &PathBuf| config.base.starts_with(discover::absolute(path, here));
    let input = &args.input;
    let narrowed = !input.exclude.is_empty() || input.kind.is_some() || input.input_format.is_some();
    let whole = !named.stdin && !narrowed && named.errors.is_empty() && named.folders.iter().any(names_all);
    if let Some(file) = lint::of_configuration(config, &report, settings, whole) {
        report = report.with(file);
    }
    named.errors.extend(empty);
    let failed = !named.errors.is_empty() || report.files.iter().any(|file| file.internal_error);
    Ok(Judged { report, files: named.files, whole, errors: named.errors, failed })
}

/// What standard input is called in reports.
pub const STDIN: &str = "<stdin>";

fn read_stdin() -> Result<Result<String, discover::ReadError>, Failure> {
    let mut bytes = Vec::new();
    io::stdin().lock().take(READ_LIMIT + 1).read_to_end(&mut bytes)?;
    Ok(discover::decode(bytes, READ_LIMIT))
}

/// Whether a file holds a policy, or cannot be read and may hold one.
fn has_policy(file: &FileReport) -> bool {
    file.invalid || file.format.is_some()
}

/// The complaint about standard input in which nothing was judged: who pipes something has a policy in mind.
pub fn nothing_on(stdin: &str) -> String {
    format!("no policy found on standard input, `{}`; use --allow-empty to accept it", one_line(stdin))
}

/// Complaints about named folders in which no file has a policy.
pub fn empty_folders(accept: bool, folders: &[PathBuf], with_policy: &[&str]) -> Vec<String> {
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
