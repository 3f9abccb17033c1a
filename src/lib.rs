//! iamlint: a linter for AWS IAM trust policies and permission policies.
//!
//! Data moves one way: discover, read, parse, extract, lower, analyze, run rules, suppress, report. The modules, from
//! the foundation up; each imports only what stands above it in this list (`tests/layers.rs` holds them to it).

pub mod diagnostic;
pub mod span;
pub mod source;
pub mod value;
pub mod site;
pub mod syntax;
pub mod input;
pub mod aws;
pub mod policy;
pub mod discover;
pub mod rules;
pub mod config;
pub mod lint;
pub mod report;
