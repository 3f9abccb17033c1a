//! The `iamlint` binary: arguments in, exit code out.

use std::process::ExitCode;

/// Judging a policy makes hundreds of small allocations, on every thread at once.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    iamlint::cli::main(std::env::args_os()).into()
}
