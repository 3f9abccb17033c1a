//! Rules: what is worth telling a person. The registry is generated from the pages in `rules/` by `build.rs`.

pub mod options;

use crate::diagnostic::{Audience, Severity};
use crate::site::PolicyKind;

/// One rule: everything its page says.
#[derive(Debug)]
pub struct Rule {
    /// The id, equal to the page's file name: `wildcard-principal`.
    pub id: &'static str,
    /// The folder of the page: `trust`.
    pub family: &'static str,
    /// One line: what it finds.
    pub summary: &'static str,
    /// How bad a finding is if true, unless the check says otherwise.
    pub severity: Severity,
    /// Who wants to hear it.
    pub audience: Audience,
    /// The policy kinds it reads; empty for rules about the run itself.
    pub reads: &'static [PolicyKind],
    /// The version that first had it.
    pub since: &'static str,
    /// What others call it.
    pub also: &'static [&'static str],
    /// Names it had before.
    pub aliases: &'static [&'static str],
    /// Weaknesses of the CWE list.
    pub cwe: &'static [&'static str],
    /// The whole page, without its front matter.
    pub page: &'static str,
}
