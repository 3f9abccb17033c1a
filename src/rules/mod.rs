//! Rules: what is worth telling a person.
//!
//! A rule is a page in `rules/<family>/<id>.md`. `build.rs` turns the pages into [`RULES`]; a rule that a query cannot
//! express has its check in `src/checks/<id>.rs`.

pub mod context;
pub mod options;
pub mod query;
pub mod select;
pub mod steps;

use crate::access;
use crate::access::in_words;
use crate::diagnostic::{Audience, Confidence, Diagnostic, Fingerprint, Label, Severity, Witness};
use crate::policy::Statement;
use crate::site::{PolicyKind, stable_address};
use crate::span::Span;
pub use context::{Context, Org, Relation, through};
use options::OptionSpec;
pub use select::{ActiveRule, Selection};
use steps::{Is, Step, Test};

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
    /// Who wants to hear it: the widest audience of any finding. A check may narrow it for one.
    pub audience: Audience,
    /// The policy kinds it reads; empty for rules about the run itself.
    pub reads: &'static [PolicyKind],
    /// How it finds.
    pub check: Check,
    /// The version that first had it.
    pub since: &'static str,
    /// What others call it.
    pub also: &'static [&'static str],
    /// Names it had before.
    pub aliases: &'static [&'static str],
    /// Rules that say more of the same place: a finding of this one is left out where one of theirs is shown.
    pub yields_to: &'static [&'static str],
    /// Weaknesses of the CWE list.
    pub cwe: &'static [&'static str],
    /// What can be set for it in the configuration.
    pub options: &'static [OptionSpec],
    /// The whole page, without its front matter.
    pub page: &'static str,
}

/// How a rule finds.
#[derive(Debug)]
pub enum Check {
    /// A function over one policy.
    Native(fn(&Context<'_>, &mut Vec<Finding>)),
    /// An RFC 9535 query over the normalized view: each result is a finding.
    Query(query::QueryCheck),
    /// The run itself reports it: a file that cannot be read, and the like.
    Run,
}

include!(concat!(env!("OUT_DIR"), "/registry.rs"));

/// The rule with this id, or the one that once had it.
pub fn find(id: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.id == id || rule.aliases.contains(&id))
}

/// What a check found; [`run`] adds what the rule and the site say.
#[derive(Clone, Debug)]
pub struct Finding {
    message: String,
    primary: Label,
    secondary: Vec<Label>,
    why: Option<String>,
    witness: Option<Box<Witness>>,
    help: Option<String>,
    subject: String,
    statement: Option<String>,
    sid: Option<String>,
    index: Option<usize>,
    statement_key: String,
    confidence: Confidence,
    tentative: bool,
    severity: Option<Severity>,
    audience: Option<Audience>,
}

impl Finding {
    /// A proved finding at a place.
    pub fn new(span: Span, message: impl Into<String>) -> Self {
        Finding {
            message: message.into(),
            primary: Label::new(span, ""),
            secondary: Vec::new(),
            why: None,
            witness: None,
            help: None,
            subject: String::new(),
            statement: None,
            sid: None,
            index: None,
            statement_key: String::new(),
            confidence: Confidence::Proved,
            tentative: false,
            severity: None,
            audience: None,
        }
    }

    /// Nobody deploys this: under the defaults of a template, or under several of its conditions, it waits for values.
    pub fn tentative(mut self) -> Self {
        self.tentative = true;
        self
    }

    /// A short phrase about the place.
    pub fn label(mut self, text: impl Into<String>) -> Self {
        self.primary.text = text.into();
        self
    }

    /// Another place that has to do with it, with a short phrase.
    pub fn because(mut self, span: Span, text: impl Into<String>) -> Self {
        self.secondary.push(Label::new(span, text));
        self
    }

    /// The evidence.
    pub fn why(mut self, text: impl Into<String>) -> Self {
        self.why = Some(text.into());
        self
    }

    /// The request that the engine found: it is the evidence, unless a `why` was given.
    pub fn witness(mut self, witness: &access::Witness) -> Self {
        self.witness = Some(Box::new(evidence(witness)));
        self
    }

    /// The request of a verdict as the evidence, and words beside it where it does not speak of the keys that the finding
    /// is about; the words alone where there is no request.
    pub fn shown(self, verdict: &access::Verdict, about: &[&str], words: impl FnOnce() -> String) -> Self {
        let Some(witness) = &verdict.witness else { return self.why(words()) };
        let absent = |key: &str| witness.absent.iter().any(|absent| absent.eq_ignore_ascii_case(key));
        let says = |key: &&str| witness.request.context.get(key).is_some() || absent(key);
        let finding = self.witness(witness);
        if about.is_empty() || about.iter().any(says) { finding } else { finding.why(words()) }
    }

    /// What to write instead.
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// What it is about: a principal, a key, a value. Part of the finding's identity.
    pub fn subject(mut self, text: impl Into<String>) -> Self {
        self.subject = text.into();
        self
    }

    /// The statement it is in.
    pub fn statement(mut self, statement: &Statement) -> Self {
        let sid = statement.sid.as_ref().map(|sid| sid.display().into_owned()).filter(|sid| !sid.is_empty());
        // Without a Sid the identity rests on rule, address and subject; an index would change with every insertion.
        self.statement_key = sid.clone().unwrap_or_default();
        self.sid.clone_from(&sid);
        self.index = Some(statement.index);
        self.statement = Some(sid.unwrap_or_else(|| statement.index.to_string()));
        self
    }

    /// The place in its policy of the statement that it is in.
    pub fn index(&self) -> Option<usize> {
        self.index
    }

    /// About how much memory it takes, in bytes.
    pub fn size(&self) -> usize {
        let labels = std::iter::once(&self.primary).chain(&self.secondary);
        let labels: usize = labels.map(|label| size_of::<Label>() + label.text.len()).sum();
        let texts = [&self.why, &self.help, &self.statement, &self.sid].into_iter().flatten();
        let texts = texts.chain([&self.message, &self.subject, &self.statement_key]).map(String::len).sum::<usize>();
        let witness = self.witness.as_ref().map_or(0, |witness| {
            let values = witness.context.iter().flat_map(|(key, values)| {
                let values = values.iter().flatten().map(|value| size_of::<String>() + value.len());
                std::iter::once(size_of::<(String, Option<Vec<String>>)>() + key.len()).chain(values)
            });
            size_of::<Witness>() + witness.action.len() + witness.principal.len() + values.sum::<usize>()
        });
        size_of::<Finding>() + labels + texts + witness
    }

    /// The same with every place moved.
    pub fn moved(mut self, place: &impl Fn(u32) -> u32) -> Self {
        for label in std::iter::once(&mut self.primary).chain(&mut self.secondary) {
            label.span = Span { start: place(label.span.start), end: place(label.span.end) };
        }
        self
    }

    /// How sure, where it is not proved.
    pub fn confidence(mut self, confidence: Confidence) -> Self {
        self.confidence = confidence;
        self
    }

    /// How bad, where it differs from the page.
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = Some(severity);
        self
    }

    /// Who wants to hear it, where fewer do than the page says.
    pub fn audience(mut self, audience: Audience) -> Self {
        self.audience = Some(audience);
        self
    }
}

/// A witness as reports print it.
pub fn evidence(witness: &access::Witness) -> Witness {
    let request = &witness.request;
    let own = |values: &[String]| values.iter().map(|value| in_words(value)).collect();
    let present = request.context.iter().map(|(key, values)| (key.to_owned(), Some(own(values))));
    let absent = witness.absent.iter().map(|key| (key.clone(), None));
    Witness {
        action: request.action.clone(),
        caller: request.caller.sort(),
        principal: in_words(&request.caller.to_string()),
        context: present.chain(absent).collect(),
        allowed_by: witness.allowed_by,
    }
}

/// What one rule finds in one policy.
pub fn run(rule: &Rule, context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    // What should be in the trust policy of a service-linked role, only the service says.
    let is_given = context.site.kind == PolicyKind::Trust && context.is_service_linked();
    if rule.reads.contains(&context.site.kind) && !is_given {
        match &rule.check {
            Check::Native(check) => check(context, &mut findings),
            Check::Query(query) => query.run(context, &mut findings),
            Check::Run => {}
        }
    }
    findings
}

impl ActiveRule {
    /// A finding of this rule with everything that a report shows. The address is that of the policy it is about, empty
    /// for a finding about the file.
    pub fn diagnose(&self, finding: Finding, address: &str) -> Diagnostic {
        let rule = self.rule;
        let severity = self.severity.or(finding.severity).unwrap_or(rule.severity);
        // A rule runs for the audience of its page, so a finding for a wider one would reach nobody.
        debug_assert!(
            finding.audience >= Some(rule.audience) || finding.audience.is_none(),
            "a finding of {} is for more than its page",
            rule.id
        );
        Diagnostic {
            confidence: finding.confidence,
            tentative: finding.tentative,
            audience: finding.audience.unwrap_or(rule.audience),
            fingerprint: Fingerprint::of(&[rule.id, &finding.subject, stable_address(address), &finding.statement_key]),
            secondary: finding.secondary,
            why: finding.why.or_else(|| finding.witness.as_ref().map(ToString::to_string)),
            witness: finding.witness,
            help: finding.help,
            resource: address.to_owned(),
            subject: finding.subject,
            statement: finding.statement,
            sid: finding.sid,
            ..Diagnostic::new(rule.id, severity, finding.message, finding.primary)
        }
    }
}
