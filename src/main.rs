//! The `iamlint` binary: arguments in, exit code out.

use std::process::ExitCode;

fn main() -> ExitCode {
    iamlint::cli::main(std::env::args_os()).into()
}
