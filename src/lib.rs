//! iamlint: a linter for AWS IAM trust policies and permission policies.
//!
//! Data moves one way: discover, read, parse, extract, lower, analyze, run rules, suppress, report. The modules, from
//! the foundation up; `tests/layers.rs` holds each to what it may import.

// Foundation: places, texts, trees and what is said about them.
pub mod diagnostic;
pub mod site;
pub mod source;
pub mod span;
pub mod value;

// From text to policies: the languages of files, and where policies live in them.
pub mod input;
pub mod load;
pub mod syntax;

// What IAM means: the facts of AWS, the policy language as types, and what a policy allows.
pub mod access;
pub mod aws;
pub mod policy;

// Opinions: what is worth telling a person.
pub mod checks;
pub mod rules;

// The run: what a user configures, which files, the judging of them, and what nobody is told.
pub mod config;
pub mod discover;
pub mod lint;
pub mod suppress;

// Front ends: the only places that print or read arguments.
pub mod cli;
pub mod report;
