//! What is said about a file: findings with their places, and how sure and how bad each is.

use crate::source::{Position, Source};
use crate::span::Span;
use std::fmt;

/// How bad a finding is if it is true.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// A weakness that needs other mistakes to matter.
    Low,
    /// A weakness that matters.
    Medium,
    /// Access that nobody meant to give.
    High,
    /// Access for anyone.
    Critical,
}

/// How sure a finding is; it follows from the evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// True for some values of what is not known.
    Possible,
    /// True unless something unusual is so that the file does not show.
    Likely,
    /// True whatever the values of what is not known.
    Proved,
}

/// Who wants to hear a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Audience {
    /// Everyone.
    Default,
    /// Teams that want to argue about more.
    Strict,
    /// Somebody who reads everything once.
    Audit,
}

macro_rules! named {
    ($type:ty, $($variant:path => $name:literal),+) => {
        impl $type {
            /// Every value with its name in pages, options and reports, in ascending order.
            pub const ALL: &'static [(Self, &'static str)] = &[$(($variant, $name)),+];

            /// The name in pages, options and reports.
            pub fn name(self) -> &'static str {
                match self { $($variant => $name),+ }
            }

            /// The value with this name.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some($variant),)+ _ => None }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.name())
            }
        }
    };
}

named!(Severity, Severity::Info => "info", Severity::Low => "low", Severity::Medium => "medium",
       Severity::High => "high", Severity::Critical => "critical");
named!(Confidence, Confidence::Possible => "possible", Confidence::Likely => "likely", Confidence::Proved => "proved");
named!(Audience, Audience::Default => "default", Audience::Strict => "strict", Audience::Audit => "audit");

/// A place with a short phrase about it: "anyone can assume this role".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The bytes.
    pub span: Span,
    /// The phrase.
    pub text: String,
}

impl Label {
    /// A phrase about a place.
    pub fn new(span: Span, text: impl Into<String>) -> Self {
        Label { span, text: text.into() }
    }
}

/// A place in another file that has to do with a finding: the default of a variable, the call of a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Related {
    /// The file, as reports show it.
    pub path: String,
    /// The bytes in that file.
    pub span: Span,
    /// Where it starts and ends, as people count.
    pub range: (Position, Position),
    /// The same with columns in UTF-16 code units.
    pub range_utf16: (Position, Position),
    /// The line that it starts in; of a line too long for a terminal, what stands around it.
    pub line: String,
    /// A phrase about it.
    pub text: String,
}

impl Related {
    /// Characters of the line that are kept.
    const LINE: usize = 200;
    /// Bytes of a long line that are kept before the place.
    const BEFORE: u32 = 40;

    /// A phrase about a place in another file.
    pub fn new(source: &Source, span: Span, text: impl Into<String>) -> Self {
        let mut line = source.line_span(source.line_index(span.start));
        if line.len() > Self::LINE {
            line.start = line.start.max(span.start.saturating_sub(Self::BEFORE));
        }
        let line = source.slice(line);
        Related {
            path: source.path.clone(),
            span,
            range: (source.position(span.start), source.position(span.end)),
            range_utf16: (source.position_utf16(span.start), source.position_utf16(span.end)),
            line: line.trim().chars().take(Self::LINE).collect(),
            text: text.into(),
        }
    }
}

/// Why a finding that is true is not told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppression {
    /// Where it was said.
    pub kind: SuppressionKind,
    /// The reason that was given.
    pub reason: String,
}

/// Where a suppression was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SuppressionKind {
    /// In the file: a comment, `Metadata`, a `"//"` member.
    InSource,
    /// In the configuration: `[[ignore]]`.
    Configuration,
    /// In the baseline: the access was accepted.
    Baseline,
}

impl SuppressionKind {
    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            SuppressionKind::InSource => "in-source",
            SuppressionKind::Configuration => "configuration",
            SuppressionKind::Baseline => "baseline",
        }
    }
}

/// Something wrong with the text of a file, found while it was read: it becomes an `invalid-input` finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub span: Span,
    /// What is wrong, in lower case and without a final dot.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// How many more like it there are, which are not told one by one.
    pub more: usize,
    /// What took the text from there, where that is another file.
    pub used_at: Option<Span>,
}

impl Problem {
    /// A problem at a place.
    pub fn new(span: Span, message: impl Into<String>) -> Self {
        Problem { span, message: message.into(), help: None, more: 0, used_at: None }
    }

    /// The first problem of each cause, with how many follow: who reads of a comma too many twenty times learns nothing
    /// from the others.
    pub fn by_cause(problems: Vec<Problem>) -> Vec<Problem> {
        let mut causes: Vec<String> = Vec::new();
        let mut told: Vec<Problem> = Vec::new();
        for problem in problems {
            let cause = cause(&problem.message);
            match causes.iter().position(|known| *known == cause) {
                Some(at) => told[at].more += 1 + problem.more,
                None => {
                    causes.push(cause);
                    told.push(problem);
                }
            }
        }
        told
    }

    /// The message with how many more there are.
    pub fn told(&self) -> String {
        match self.more {
            0 => self.message.clone(),
            more => format!("{}, and {more} more like it", self.message),
        }
    }

    /// The same with advice.
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// What a message says, whatever is quoted in it or was found in place of what was expected.
fn cause(message: &str) -> String {
    if message.contains("is never closed") {
        return "is never closed".to_owned();
    }
    let said = message.split(", found ").next().unwrap_or_default();
    said.split('`').step_by(2).collect()
}

/// One finding of one rule in one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The rule's id: `wildcard-principal`.
    pub rule: &'static str,
    /// How bad if true.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// Whether it is about what is missing or empty, which templates are until they get their values.
    pub tentative: bool,
    /// Who wants to hear it.
    pub audience: Audience,
    /// This case in one sentence, in lower case and without a final dot.
    pub message: String,
    /// Where to edit.
    pub primary: Label,
    /// Because of this.
    pub secondary: Vec<Label>,
    /// Because of these, in other files.
    pub related: Vec<Related>,
    /// The evidence: a request that is allowed, or why nothing can match.
    pub why: Option<String>,
    /// The request that shows it, where the engine found one.
    pub witness: Option<Box<Witness>>,
    /// What to write instead.
    pub help: Option<String>,
    /// The address of the role or resource, empty for a file that is one policy.
    pub resource: String,
    /// What the finding is about, for suppression of one thing: a principal, a key, a value.
    pub subject: String,
    /// The statement's Sid, or its index as text.
    pub statement: Option<String>,
    /// The statement's Sid, where it has one.
    pub sid: Option<String>,
    /// Identity over time: no line, no absolute path.
    pub fingerprint: Fingerprint,
    /// What is granted there, where a baseline is read or made.
    pub granted: Option<Box<Granted>>,
    /// What a baseline says of it, where one is read.
    pub baseline: Option<BaselineState>,
}

impl Diagnostic {
    /// A finding of which nothing more is known: proved, for everybody, about all of its file.
    pub fn new(rule: &'static str, severity: Severity, message: impl Into<String>, primary: Label) -> Self {
        Diagnostic {
            rule,
            severity,
            confidence: Confidence::Proved,
            tentative: false,
            audience: Audience::Default,
            message: message.into(),
            primary,
            secondary: Vec::new(),
            related: Vec::new(),
            why: None,
            witness: None,
            help: None,
            resource: String::new(),
            subject: String::new(),
            statement: None,
            sid: None,
            fingerprint: Fingerprint::default(),
            granted: None,
            baseline: None,
        }
    }
}

/// What a baseline says of a finding. The names are those of SARIF 2.1.0 (3.27.24).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BaselineState {
    /// It is not in it.
    New,
    /// It is in it, and what it accepts has grown.
    Updated,
    /// It is accepted.
    Unchanged,
}

/// What a policy grants where a finding stands: what a baseline records when it accepts the finding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Granted {
    /// The kind of policy, by its name.
    pub kind: &'static str,
    /// Which document of its file it is in, by where that starts.
    pub document: u32,
    /// The folder, where a policy is known by its folder and not by its file.
    pub folder: Option<String>,
    /// The seconds that a session may last, where the finding is about them.
    pub session: Option<String>,
    /// The forms that the conditions of a template give it.
    pub forms: Vec<Form>,
}

/// What is granted under some conditions of a template.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Form {
    /// The conditions with the values under which it is so, in each way that leads to it; none if it is always so.
    pub when: Vec<Vec<(String, bool)>>,
    /// The statements, in the words of `policy::print`.
    pub text: String,
    /// For each of them, its place in the policy.
    pub statements: Vec<usize>,
}

impl BaselineState {
    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            BaselineState::New => "new",
            BaselineState::Updated => "updated",
            BaselineState::Unchanged => "unchanged",
        }
    }
}

impl Granted {
    /// Add the forms of the same finding in another variant of the policy.
    pub fn merge(&mut self, other: Granted) {
        for form in other.forms {
            match self.forms.iter_mut().find(|known| known.text == form.text) {
                Some(known) => {
                    let new = form.when.into_iter().filter(|way| !known.when.contains(way)).collect::<Vec<_>>();
                    known.when.extend(new);
                }
                None => self.forms.push(form),
            }
        }
    }

    /// Leave out the conditions of a form that stands for every one of `total` variants.
    pub fn settle(&mut self, total: usize) {
        if let [form] = self.forms.as_mut_slice()
            && (form.when.len() >= total || form.when.iter().any(Vec::is_empty))
        {
            form.when.clear();
        }
    }
}

impl Diagnostic {
    /// The same in a text that has `by` more bytes before it.
    pub fn moved(mut self, by: u32) -> Self {
        for label in std::iter::once(&mut self.primary).chain(&mut self.secondary) {
            label.span = label.span.moved(by);
        }
        if let Some(granted) = &mut self.granted {
            granted.document = granted.document.saturating_add(by);
        }
        self
    }
}

/// A request that shows a finding, as reports print it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// `service:Name`.
    pub action: String,
    /// The sort of caller: `user`, `role`, `service`, `oidc`, `saml`, `root`, `federated-user`, `anonymous`.
    pub caller: &'static str,
    /// The caller's ARN, host name or provider.
    pub principal: String,
    /// The condition keys that matter with their values; `None` for one whose absence matters.
    pub context: Vec<(String, Option<Vec<String>>)>,
    /// The statement that allows it: its place in the policy.
    pub allowed_by: usize,
}

/// "sts:AssumeRole by arn:aws:iam::999999999999:user/x with a = b and without c is allowed".
impl fmt::Display for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} by {}", self.action, self.principal)?;
        let present = self.context.iter().filter_map(|(key, values)| Some((key, values.as_ref()?)));
        for (at, (key, values)) in present.enumerate() {
            let values = values.join(", ");
            write!(f, "{}{key} = {values}", if at == 0 { " with " } else { ", " })?;
        }
        let absent = self.context.iter().filter(|(_, values)| values.is_none());
        for (at, (key, _)) in absent.enumerate() {
            write!(f, "{}{key}", if at == 0 { " without " } else { ", " })?;
        }
        f.write_str(" is allowed")
    }
}

/// Identity of a finding over time: rule, subject, address and statement, never a line or an absolute path.
///
/// One function for baseline, SARIF, editors and deduplication. The hash is 128-bit FNV-1a: stable over releases and
/// platforms, and no protection against someone who wants a collision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint(u128);

impl Fingerprint {
    /// The fingerprint of these facts, in this order.
    pub fn of(facts: &[&str]) -> Self {
        const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
        const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
        let mut hash = OFFSET;
        for fact in facts {
            // A separator that no fact contains keeps ("ab", "c") and ("a", "bc") apart.
            for byte in fact.bytes().chain([0xff]) {
                hash = (hash ^ u128::from(byte)).wrapping_mul(PRIME);
            }
        }
        Fingerprint(hash)
    }

    /// The fingerprint that is written so.
    pub fn parse(text: &str) -> Option<Self> {
        let is_one = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        u128::from_str_radix(text, 16).ok().filter(|_| is_one).map(Fingerprint)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// Why something was not judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WhyNot {
    /// A limit was hit, a file was left out although it is under version control or could not be read, a question
    /// was not decided.
    NotLookedAt,
    /// A value is known at deployment only.
    AtDeployment,
    /// It lies outside of the tree: a module of a registry, a template elsewhere.
    OutOfReach,
}

impl WhyNot {
    /// Every reason with its name in flags and reports.
    pub const ALL: &'static [(WhyNot, &'static str)] = &[
        (WhyNot::NotLookedAt, "not-looked-at"),
        (WhyNot::AtDeployment, "known-at-deployment"),
        (WhyNot::OutOfReach, "out-of-reach"),
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        WhyNot::ALL.iter().find(|(why, _)| *why == self).map_or("", |(_, name)| name)
    }

    /// The reason of this name.
    pub fn from_name(name: &str) -> Option<WhyNot> {
        WhyNot::ALL.iter().find(|(_, known)| *known == name).map(|(why, _)| *why)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_keep_facts_apart() {
        assert_ne!(Fingerprint::of(&["ab", "c"]), Fingerprint::of(&["a", "bc"]));
        assert_eq!(Fingerprint::of(&[]).to_string(), "6c62272e07bb014262b821756295c58d");
        assert_eq!(Fingerprint::parse("6c62272e07bb014262b821756295c58d"), Some(Fingerprint::of(&[])));
        assert_eq!(Fingerprint::parse("+c62272e07bb014262b821756295c58d"), None);
    }

    #[test]
    fn severities_are_ordered() {
        assert!(Severity::Critical > Severity::High);
        assert!(Severity::ALL.is_sorted_by(|a, b| a.0 < b.0));
        assert_eq!(Severity::from_name("medium"), Some(Severity::Medium));
    }
}
