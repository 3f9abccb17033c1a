//! Judging what was read of a text: each policy by every rule, and what cannot be read or is not known.

use super::cache::Judged;
use super::report::{FileReport, PolicyReport};
use super::settings::Settings;
use super::{ledger, undecided, variants};
use crate::access::Access;
use crate::diagnostic::{Confidence, Diagnostic, Form, Granted, Problem, Severity};
use crate::input::Found;
use crate::load::{self, How, Loaded};
use crate::policy::{self, print::Printed};
use crate::rules::{self, ActiveRule, Context, Finding};
use crate::site::{MAX_DOCUMENT, PolicySite};
use crate::source::Source;
use crate::span::Span;
use crate::suppress::{self, Construct, Said};
use rayon::prelude::*;
use std::cell::OnceCell;
use std::sync::atomic::Ordering;
use std::time::Instant;

/// What a text says about findings in it.
#[derive(Debug)]
pub struct InSource {
    /// What it says.
    pub said: Said,
    /// What stands in it.
    pub constructs: Vec<Construct>,
    /// Whether all of it was judged.
    pub judged: bool,
}

/// Judges texts, and collects what is found outside of policies.
pub(super) struct Judge<'a> {
    pub settings: &'a Settings,
    pub findings: &'a mut Vec<Diagnostic>,
}

impl Judge<'_> {
    /// Judge a file; what it says about findings in it.
    pub fn file(&mut self, report: &mut FileReport) -> Option<InSource> {
        let source = &report.source;
        let how = How { kind: self.settings.kind, format: self.settings.format };
        let (policies, format, reason, problem, not_judged, secrets, said) = load::text(source, how, |loaded| {
            let policies = self.found(&loaded.found, &source.text);
            // A template without a word of a policy is read no further, and little is lost.
            let lost = if loaded.speaks_of_policies { Severity::High } else { Severity::Medium };
            self.problems_as(&loaded.broken, lost);
            self.problems_as(&loaded.slips, Severity::Medium);
            if loaded.broken.is_empty() {
                self.problems_as(&loaded.warnings, Severity::Medium);
            }
            let problem =
                loaded.broken.iter().chain(&loaded.found.problems).chain(&loaded.found.limits).next().cloned();
            let not_judged = ledger::of_found(&loaded.found, |span| Some(source.position(span.start)));
            let said = in_source(source, &loaded);
            (policies, loaded.format, loaded.reason, problem, not_judged, loaded.secrets, said)
        });
        report.policies = policies;
        report.format = format;
        report.reason = reason;
        report.invalid = problem.is_some();
        report.problem = problem;
        report.not_judged = not_judged;
        report.source.conceal(&secrets);
        said
    }

    /// Everything that was found in a document.
    pub fn found(&mut self, found: &Found<'_>, text: &str) -> Vec<PolicyReport> {
        self.problems(&found.problems);
        self.problems(&found.limits);
        self.unresolved(found);
        let sites: Vec<&[PolicySite<'_>]> = variants_of(&found.sites).collect();
        let this = &*self;
        // An account's dump is one file with thousands of policies.
        let judged: Vec<_> = sites.par_iter().with_min_len(32).map(|site| this.policy(site, text)).collect();
        let mut policies = Vec::with_capacity(judged.len());
        for ((policy, findings), site) in judged.into_iter().zip(sites) {
            let forms = self.settings.kept(&policy, || site.iter().cloned().map(PolicySite::into_owned).collect());
            policies.push(PolicyReport { forms, ..policy });
            self.findings.extend(findings);
        }
        policies
    }

    /// One policy in each of the variants that the conditions of its template give it.
    pub fn policy(&self, variants: &[PolicySite<'_>], text: &str) -> (PolicyReport, Vec<Diagnostic>) {
        let mut found = Vec::new();
        let (mut statements, mut undecided) = (0, false);
        let mut judged = Vec::with_capacity(variants.len());
        let length = variants[0].document.span.len();
        let too_large = length > MAX_DOCUMENT;
        if too_large {
            let message = format!("this policy has {length} bytes, more than the {MAX_DOCUMENT} that are judged");
            let problem = Problem::new(Span::at(variants[0].document.span.start as usize), message)
                .with_help("IAM takes documents of at most 131,072 characters");
            found.extend(self.invalid(&[problem], Severity::High));
        }
        for site in variants.iter().filter(|_| !too_large) {
            let (count, is_undecided, findings) = self.variant(site, text);
            statements = count;
            undecided |= is_undecided;
            judged.push((site.branch.as_slice(), findings));
        }
        variants::merge(judged, &mut found);
        let site = &variants[0];
        let report = PolicyReport {
            address: site.address.clone(),
            kind: site.kind,
            span: site.document.span,
            start: None,
            statements,
            unresolved: site.document.count_unknown(),
            undecided,
            too_large,
            forms: Vec::new(),
        };
        (report, found)
    }

    /// The findings in one document, how many statements it has, and whether a question about it was not decided.
    fn variant(&self, site: &PolicySite<'_>, text: &str) -> (usize, bool, Vec<Diagnostic>) {
        let rules = &self.settings.rules;
        let start = site.document.span.start;
        match self.settings.cache.key(site, text) {
            Some(key) => {
                let judged = self.settings.cache.get(key, || self.judge(site).moved(|at| at.wrapping_sub(start)));
                let findings = judged.findings.iter().map(|(rule, finding)| {
                    self.diagnose(&rules[*rule], finding.clone().moved(&|at| at.wrapping_add(start)), site)
                });
                (judged.statements, judged.undecided, findings.collect())
            }
            None => {
                let judged = self.judge(site);
                let diagnose = |(rule, finding): (usize, Finding)| self.diagnose(&rules[rule], finding, site);
                (judged.statements, judged.undecided, judged.findings.into_iter().map(diagnose).collect())
            }
        }
    }

    /// A finding in a document as reports show it.
    fn diagnose(&self, rule: &ActiveRule, finding: Finding, site: &PolicySite<'_>) -> Diagnostic {
        let statement = finding.index();
        let mut diagnostic = rule.diagnose(finding, &site.address);
        if self.settings.record {
            diagnostic.granted = Some(Box::new(granted(site, statement, diagnostic.primary.span)));
        }
        diagnostic
    }

    /// Run every rule on one document.
    fn judge(&self, site: &PolicySite<'_>) -> Judged {
        let policy = &policy::lower(&site.document);
        let mut findings = Vec::new();
        let view = OnceCell::new();
        let estate = self.settings.org.estate(rules::context::own_account(site, policy));
        let access = &Access::new(policy, site.kind, estate).metered(self.settings.engine.as_ref());
        for (at, active) in self.settings.rules.iter().enumerate() {
            let context =
                Context { site, policy, org: &self.settings.org, options: &active.options, view: &view, access };
            access.asked_by(active.rule.id);
            let start = self.settings.timings.get(at).map(|total| (total, Instant::now(), access.built_in()));
            findings.extend(rules::run(active.rule, &context).into_iter().map(|finding| (at, finding)));
            if let Some((total, start, built)) = start {
                // Models are counted on a line of their own: whoever asks first makes them for all.
                let time = start.elapsed().saturating_sub(access.built_in() - built);
                let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
                total.fetch_add(nanos, Ordering::Relaxed);
            }
        }
        let undecided = access.undecided();
        if let Some(at) = self.settings.rules.iter().position(|active| active.rule.id == undecided::RULE) {
            findings.extend(undecided::finding(policy, &undecided).map(|finding| (at, finding)));
        }
        Judged { findings, statements: policy.statements.len(), undecided: !undecided.is_empty() }
    }

    pub fn problems(&mut self, problems: &[Problem]) {
        self.problems_as(problems, Severity::High);
    }

    fn problems_as(&mut self, problems: &[Problem], severity: Severity) {
        let findings: Vec<Diagnostic> = self.invalid(problems, severity).collect();
        self.findings.extend(findings);
    }

    /// Problems as findings of `invalid-input`, where that rule runs.
    pub fn invalid(&self, problems: &[Problem], severity: Severity) -> impl Iterator<Item = Diagnostic> {
        let active = self.settings.active("invalid-input");
        problems.iter().filter_map(move |problem| {
            let mut finding = Finding::new(problem.span, problem.told()).severity(severity).subject(&problem.message);
            if let Some(help) = &problem.help {
                finding = finding.help(help);
            }
            Some(active?.diagnose(finding, ""))
        })
    }

    pub fn unresolved(&mut self, found: &Found<'_>) {
        let Some(active) = self.settings.active("unresolved-value") else { return };
        for (span, what) in &found.unresolved {
            let finding = Finding::new(*span, ledger::unknown_policy(what)).subject(what);
            self.findings.push(active.diagnose(finding, ""));
        }
        for site in &found.sites {
            let mut holes = Vec::new();
            policy::holes(&site.document, &mut holes);
            for (span, hole) in holes {
                let finding =
                    Finding::new(span, format!("the value of `{}` is not known: it is {}", hole.name, hole.why))
                        .subject(&hole.name)
                        .confidence(Confidence::Proved);
                self.findings.push(active.diagnose(finding, &site.address));
            }
        }
    }
}

/// The policies of a document, each in its variants.
pub fn variants_of<'f, 's>(sites: &'f [PolicySite<'s>]) -> impl Iterator<Item = &'f [PolicySite<'s>]> {
    sites.chunk_by(|a, b| a.address == b.address && a.document.span == b.document.span)
}

/// What a text says about findings in it, and what stands in it. Of a text that is broken, or that nobody took for a
/// policy, nothing.
fn in_source(source: &Source, loaded: &Loaded<'_>) -> Option<InSource> {
    if loaded.format.is_none() || !loaded.broken.is_empty() || !suppress::mentions(&source.text) {
        return None;
    }
    let is_judged = |site: &PolicySite<'_>| site.document.span.len() <= MAX_DOCUMENT;
    let constructs = loaded.found.sites.iter().flat_map(|site| {
        let settled = is_judged(site);
        suppress::constructs::of_site(site).map(move |span| Construct { span, settled })
    });
    let mut constructs: Vec<Construct> = constructs.collect();
    // A resource may hold policies that have resources of their own: the template of a stack set.
    if loaded.format == Some("cloudformation") {
        let resources = loaded.documents.iter().flat_map(|document| suppress::metadata::resources(&document.root));
        constructs.extend(resources.map(|(span, _)| Construct { span, settled: true }));
    }
    let judged = loaded.found.sites.iter().all(is_judged);
    Some(InSource { said: suppress::said(source, loaded.documents, loaded.format), constructs, judged })
}

/// What a policy grants where a finding about one of its statements, or about all of it, stands.
fn granted(site: &PolicySite<'_>, statement: Option<usize>, place: Span) -> Granted {
    let session = site.owner.durations().find(|session| session.span == place);
    let mut granted = Granted {
        kind: site.kind.name(),
        document: site.document.span.start,
        session: session.map(|session| session.value.display().into_owned()),
        ..Granted::default()
    };
    if granted.session.is_none() {
        let Printed { text, statements } = policy::print::print(&site.document, statement);
        granted.forms.push(Form { when: vec![site.branch.clone()], text, statements });
    }
    granted
}
