//! `iamlint check --input-format ndjson --format ndjson`: a result for each line, as the lines come.
#![expect(clippy::print_stderr, reason = "the command line talks to its user")]

use super::{CheckArgs, Named, STDIN, conclude, empty_folders, exit, named};
use crate::cli::{Exit, Failure};
use crate::config::Config;
use crate::discover::{ReadError, system_message};
use crate::input::ndjson;
use crate::lint::stream::{self, Line, Lines};
use crate::lint::{self, Settings, Tally};
use crate::report;
use rayon::prelude::*;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::time::Instant;

/// Whether results are to be written as the lines come, and not one report at the end.
pub fn wanted(args: &CheckArgs, baseline: bool) -> Result<bool, Failure> {
    let refuse = |message: &str| Err(Failure::Message(message.to_owned()));
    let wanted = args.format == ndjson::NAME;
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
    if args.output.iter().any(|(format, _)| format.name == ndjson::NAME) {
        return refuse("results of ndjson input are written to standard output: use --format ndjson");
    }
    Ok(wanted)
}

/// Judge everything that the arguments name.
pub fn run(
    args: &CheckArgs,
    here: &Path,
    config: &Config,
    settings: &Settings,
    start: Instant,
) -> Result<Exit, Failure> {
    let Named { stdin, folders, files, mut errors } = named(&args.judging, here, config)?;
    let mut run = Run { settings, out: io::stdout().lock(), tally: Tally::default() };
    let mut with_policy = Vec::new();
    for file in &files {
        if run.input(&file.shown, File::open(&file.path))? {
            with_policy.push(file.shown.as_str());
        }
    }
    if stdin {
        run.input(args.judging.stdin_filename.as_deref().unwrap_or(STDIN), Ok(io::stdin().lock()))?;
    }
    errors.extend(empty_folders(args.judging.allow_empty, &folders, &with_policy));
    let tally = run.tally;
    conclude(args, settings, &tally, &errors);
    if !args.quiet {
        eprintln!("{}", report::summary::line_of_lines(&tally, start.elapsed()));
    }
    Ok(exit(&tally, tally.internal_error || !errors.is_empty()))
}

struct Run<'a, W> {
    settings: &'a Settings,
    out: W,
    tally: Tally,
}

impl<W: Write> Run<'_, W> {
    /// Judge one input. Whether there is a policy in it, or something that may be one.
    fn input(&mut self, shown: &str, input: io::Result<impl Read>) -> io::Result<bool> {
        let mut lines = match input {
            Ok(input) => Lines::new(input),
            Err(error) => return self.unreadable(shown, &error),
        };
        let mut any = false;
        loop {
            match lines.chunk() {
                Ok(chunk) if chunk.is_empty() => return Ok(any),
                Ok(chunk) => self.chunk(chunk, shown)?,
                Err(error) => return self.unreadable(shown, &error),
            }
            any = true;
        }
    }

    /// Judge some lines in parallel and write the results in order.
    fn chunk(&mut self, chunk: Vec<Line>, shown: &str) -> io::Result<()> {
        let judged = chunk.into_par_iter().map(|line| {
            let judged = stream::judge(line, shown, self.settings);
            (report::ndjson::line(&judged), judged.report)
        });
        let mut results = String::new();
        for (text, report) in judged.collect::<Vec<_>>() {
            self.tally.count(&report);
            results.push_str(&text?);
        }
        self.write(&results)
    }

    /// Whole lines in one write, so that processes which append to one file do not cut each other's; and at once, so that
    /// who writes a line and waits for the result gets it.
    fn write(&mut self, results: &str) -> io::Result<()> {
        self.out.write_all(results.as_bytes())?;
        self.out.flush()
    }

    /// The result of an input that cannot be read, or not to its end.
    fn unreadable(&mut self, shown: &str, error: &io::Error) -> io::Result<bool> {
        let report = lint::unreadable(shown, &ReadError::Io(system_message(error)), self.settings);
        self.tally.count(&report);
        self.write(&report::ndjson::file(&report)?)?;
        Ok(true)
    }
}
