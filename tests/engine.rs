//! The engine that answers questions about all requests, held against single requests and against itself.
#![allow(clippy::print_stdout, reason = "sizes and counts of a run, shown with --nocapture")]

mod access {
    mod engine;
    mod engine_laws;
    mod generate;
    mod residue;
    mod strangers;
}
