//! `iamlint check --input-format ndjson --format ndjson`: a result for each line, as the lines come.

use super::Failure;
use super::inputs::ReadArgs;
use super::judging::{self, Named, STDIN};
use crate::config::Config;
use crate::discover::{ReadError, system_message};
use crate::lint::ndjson::{self, Line, Lines};
use crate::lint::{self, Settings, Tally};
use crate::report;
use rayon::prelude::*;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

/// What came of a run whose results are written.
pub struct Outcome {
    /// The counts.
    pub tally: Tally,
    /// Paths that could not be looked at, and folders without policies.
    pub errors: Vec<String>,
}

/// Judge everything that the arguments name, and write the results to standard output.
pub fn run(args: &ReadArgs, here: &Path, config: &Config, settings: &Settings) -> Result<Outcome, Failure> {
    let Named { stdin, folders, files, left_out, mut errors } = judging::named(args, here, config)?;
    let mut run = Run { settings, out: io::stdout().lock(), tally: Tally::default() };
    let mut with_policy = Vec::new();
    for file in &files {
        if run.input(&file.shown, File::open(&file.path))? {
            with_policy.push(file.shown.as_str());
        }
    }
    if stdin {
        let name = args.input.stdin_filename.as_deref().unwrap_or(STDIN);
        if !run.input(name, Ok(io::stdin().lock()))? && !args.input.allow_empty {
            errors.push(judging::nothing_on(name));
        }
    }
    left_out.iter().for_each(|(_, entry)| run.tally.summary.not_judged.count(entry));
    errors.extend(judging::empty_folders(args.input.allow_empty, &folders, &with_policy));
    Ok(Outcome { tally: run.tally, errors })
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
            let judged = ndjson::judge(line, shown, self.settings);
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
