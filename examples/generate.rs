//! Makes inputs to measure with.
//!
//! `cargo run --release --example generate -- dump 12000 > dump.json` writes an account dump with that many roles;
//! `cargo run --release --example generate -- files 10000 DIR` writes that many small trust policies;
//! `cargo run --release --example generate -- lines 1000000 > policies.ndjson` writes JSON Lines.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a tool for the command line")]

#[path = "../benches/generate.rs"]
mod generate;

use std::io::{self, BufWriter, Write as _};
use std::path::Path;
use std::{env, fs, process};

fn main() -> io::Result<()> {
    let args: Vec<String> = env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args.as_slice() {
        ["dump", roles] => {
            let roles = roles.parse().unwrap_or_else(|_| usage());
            let mut out = BufWriter::new(io::stdout().lock());
            let style = serde_json::ser::PrettyFormatter::with_indent(b"    ");
            let mut writer = serde_json::Serializer::with_formatter(&mut out, style);
            serde::Serialize::serialize(&generate::account_dump(roles), &mut writer)?;
            writeln!(out)?;
            out.flush()
        }
        ["files", count, folder] => {
            let count: u64 = count.parse().unwrap_or_else(|_| usage());
            let mut numbers = generate::Numbers::new(7);
            for number in 0..count {
                let folder = Path::new(folder).join(format!("{:03}", number / 100));
                fs::create_dir_all(&folder)?;
                let text = serde_json::to_string_pretty(&generate::trust_policy(&mut numbers))?;
                fs::write(folder.join(format!("trust-{number}.json")), text)?;
            }
            Ok(())
        }
        ["lines", count] => {
            let count: u64 = count.parse().unwrap_or_else(|_| usage());
            let mut numbers = generate::Numbers::new(7);
            let mut out = BufWriter::new(io::stdout().lock());
            (0..count).try_for_each(|number| writeln!(out, "{}", generate::line(&mut numbers, number)))?;
            out.flush()
        }
        _ => usage(),
    }
}

fn usage() -> ! {
    eprintln!("usage: generate dump ROLES | generate files COUNT FOLDER | generate lines COUNT");
    process::exit(2);
}
