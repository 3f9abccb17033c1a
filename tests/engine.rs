//! The engine that answers questions about all requests, held against single requests, against itself, and against what
//! the rules report.
#![allow(clippy::print_stdout, reason = "sizes and counts of a run, shown with --nocapture")]

mod common;

mod access {
    mod conformance;
    mod directed;
    mod engine;
    mod engine_laws;
    mod generate;
    mod guards;
    mod possible;
    mod residue;
    mod resources;
    mod smallest;
    mod strangers;
    mod who;
}
