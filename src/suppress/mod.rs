//! Suppression: findings that are true and not told, each with the rule that it silences and a reason.
//!
//! In a file it is said in a comment ([`inline`]), in the `Metadata` of a template ([`metadata`]) or in a `"//"` member
//! ([`members`]); beside the files in the configuration ([`external`]). What is said in a file is an [`Entry`] for each
//! rule; [`apply`] holds the entries against the findings, and [`unused`] tells which of them silence nothing.
//!
//! Nothing is silenced by mistake: an entry without a reason, with a rule that there is not, past its day, or one that
//! covers findings about several things silences nothing, and is a finding itself.
//!
//! What nobody has looked at yet is accepted in bulk, with the access that it gives, in a [`baseline`].

pub mod add;
pub mod apply;
pub mod baseline;
pub mod constructs;
pub mod directive;
pub mod external;
pub mod inline;
pub mod members;
pub mod metadata;
pub mod unused;

pub use apply::{Candidate, FileSaid, Outcome, Place, apply};
pub use constructs::{Construct, Constructs};
pub use directive::Limits;
pub use external::External;

use crate::diagnostic::Problem;
use crate::source::Source;
use crate::span::Span;
use crate::syntax::comments::Comments;
use crate::syntax::{Document, Syntax};

/// The rule about suppressions that silence nothing.
pub const UNUSED: &str = "unused-suppression";
/// The rule about suppressions whose day has passed.
pub const EXPIRED: &str = "expired-suppression";
/// The rule about suppressions of rules that there are not.
pub const UNKNOWN_RULE: &str = "unknown-suppressed-rule";
/// The rule about suppressions that cannot be taken as they are written.
pub const INVALID: &str = "invalid-suppression";

/// The rules about suppressions. They are silenced by repairing the suppression.
pub const OWN_RULES: [&str; 4] = [UNUSED, EXPIRED, UNKNOWN_RULE, INVALID];

/// How many suppressions of one file are read: a hostile file may hold any number.
const MAX_ENTRIES: usize = 5_000;

/// One rule silenced somewhere in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The rule.
    pub rule: &'static str,
    /// Where it is named.
    pub at: Span,
    /// What it is for.
    pub reach: Reach,
    /// Why.
    pub reason: String,
    /// What it is limited to.
    pub limits: Limits,
}

/// What part of a file a suppression is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// All of it.
    File,
    /// What stands in the line that a comment is on or above; else the smallest construct around it.
    Line {
        /// The line, unless nothing follows the comment.
        target: Option<Span>,
        /// A byte of what the comment stands with.
        at: u32,
    },
    /// The smallest construct around this byte.
    Around(u32),
    /// What stands in this place.
    Within(Span),
}

/// Something wrong with a suppression, told by one of the rules about them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The rule that tells it.
    pub rule: &'static str,
    /// What it is about, for its identity.
    pub subject: String,
    /// What is wrong, and where.
    pub problem: Problem,
}

/// What a file says about findings in it.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// The suppressions.
    pub entries: Vec<Entry>,
    /// What is wrong with others.
    pub faults: Vec<Fault>,
}

impl Said {
    /// Take the entries and faults of one directive, whose places `place` takes to the file.
    fn take(&mut self, directive: directive::Directive, reach: Reach, place: impl Fn(Span) -> Span) {
        let directive::Directive { whole_file, items, reason, faults } = directive;
        let reach = if whole_file { Reach::File } else { reach };
        for fault in faults {
            let span = place(fault.problem.span);
            self.fault(Fault { problem: Problem { span, ..fault.problem }, ..fault });
        }
        for item in items {
            let (at, reason) = (place(item.at), reason.clone());
            self.entry(Entry { rule: item.rule, at, reach, reason, limits: item.limits });
        }
    }

    fn is_full(&self) -> bool {
        self.entries.len() + self.faults.len() >= MAX_ENTRIES
    }

    fn entry(&mut self, entry: Entry) {
        if !self.is_full() {
            self.entries.push(entry);
        } else {
            self.told_full(entry.at);
        }
    }

    fn fault(&mut self, fault: Fault) {
        if !self.is_full() {
            self.faults.push(fault);
        } else {
            self.told_full(fault.problem.span);
        }
    }

    /// Say once that no more is read.
    fn told_full(&mut self, span: Span) {
        let message = format!("only the first {MAX_ENTRIES} suppressions of a file are read");
        if self.faults.last().is_none_or(|last| last.problem.message != message) {
            let problem = Problem::new(span, &message).with_help("this one and those after it silence nothing");
            self.faults.push(directive::invalid(message, problem));
        }
    }
}

/// Whether a text may say something about findings in it. Most files do not.
pub fn mentions(text: &str) -> bool {
    memchr::memmem::find(text.as_bytes(), b"iamlint").is_some()
}

/// How comments are written in a file; `None` where there are none.
pub fn comments_of(path: &str, syntax: Option<Syntax>) -> Option<Comments> {
    if path.ends_with(".tf") || path.ends_with(".tofu") || path.ends_with(".tfvars") {
        return Some(Comments::Hcl);
    }
    match syntax? {
        Syntax::Yaml => Some(Comments::Yaml),
        Syntax::Jsonc => Some(Comments::Jsonc),
        Syntax::Json | Syntax::Markdown => None,
    }
}

/// What a file says that is read by itself: its comments, and for a template its `Metadata`.
pub fn said(source: &Source, documents: &[Document<'_>], format: Option<&str>) -> Said {
    let mut said = Said::default();
    if let Some(comments) = comments_of(&source.path, documents.first().map(|document| document.syntax)) {
        inline::read(source, comments, &mut said);
    }
    if format == Some("cloudformation") {
        documents.iter().for_each(|document| metadata::read(&document.root, &mut said));
    }
    said
}

/// What a file of Terraform says: its comments, or the `"//"` members of its JSON.
pub fn said_in_terraform(source: &Source) -> Said {
    let mut said = Said::default();
    match comments_of(&source.path, None) {
        Some(comments) => inline::read(source, comments, &mut said),
        None if source.path.ends_with(".tf.json") || source.path.ends_with(".tofu.json") => {
            members::read(&source.text, &mut said);
        }
        None => {}
    }
    said
}
