//! Findings in a plan, told where the configuration writes what the plan shows.
//!
//! Nobody edits a plan. Where its configuration is at hand, in the folder that the plan lies in or in the one that the
//! user names, a finding is told at the value, the attribute or the resource that it comes from, and the place in the
//! plan becomes a related one. What the configuration does not have stays in the plan.

use super::disk::Disk;
use super::filter;
use super::placed::{Placed, claim, place, settle};
use super::report::{FileReport, Report, order};
use super::settings::Settings;
use crate::diagnostic::{Confidence, Diagnostic, Label, Related, Suppression};
use crate::input::terraform::{Files as _, Loader, Resource, Sources, Variables, Written, normal};
use crate::load;
use crate::source::Source;
use crate::span::Span;
use crate::suppress;
use crate::suppress::constructs::{self, Construct};
use crate::syntax::{self, Document, Syntax};
use crate::value::{Kind, Value};
use std::collections::{BTreeMap, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How many places of plans one finding shows: a resource may have any number of instances.
const MAX_PLACES: usize = 5;

/// Whether the folder that the user names for `--terraform-root` holds a configuration.
pub fn check_root(settings: &Settings) -> Result<(), String> {
    let Some(root) = &settings.terraform_root else { return Ok(()) };
    match Disk::default().list(root).iter().any(|path| load::is_terraform(path)) {
        true => Ok(()),
        false => Err(format!("--terraform-root: no Terraform configuration in `{}`", root.display())),
    }
}

/// Tell the findings in plans where the configuration has what they are about.
pub fn place_plans(mut report: Report, settings: &Settings, disk: &Disk) -> Report {
    let is_plan = |file: &&mut FileReport| file.format == Some("terraform-plan") && !file.findings.is_empty();
    let mut plans = report.files.iter_mut().filter(is_plan).peekable();
    if plans.peek().is_none() {
        return report;
    }
    let loader = Loader::new(disk);
    let variables = Variables::new(&loader, &settings.var_files, &settings.vars).unwrap_or_default();
    let mut configurations: HashMap<PathBuf, Option<Written<'_>>> = HashMap::new();
    let mut moved = Moved::default();
    for plan in plans {
        let beside = || Path::new(&plan.source.path).parent().map(Path::to_owned).unwrap_or_default();
        let root = normal(&settings.terraform_root.clone().unwrap_or_else(beside));
        let judged = catch_unwind(AssertUnwindSafe(|| {
            let read = || Written::read(&loader, &root, &variables);
            let written = configurations.entry(root.clone()).or_insert_with(read).as_ref();
            written.map(|written| Placing::new(plan, written, &loader.sources, settings).findings(&mut moved))
        }));
        match judged {
            Ok(Some(stay)) => {
                plan.findings = stay;
                settings.gate(plan);
                plan.forget_text();
            }
            Ok(None) => {}
            Err(_) => plan.internal_error = true,
        }
    }
    if moved.found.is_empty() {
        return report;
    }
    let policies = configurations.values().flatten().flat_map(Written::policies);
    for span in policies.filter(|_| settings.suppress).flat_map(constructs::of_site) {
        moved.construct(span, &loader.sources);
    }
    moved.put(report, &loader.sources, settings)
}

/// Findings on their way from plans to the configuration.
#[derive(Default)]
struct Moved {
    found: Vec<Placed>,
    /// Where each of them is, by path and by what makes two the same.
    index: HashMap<(String, Identity), usize>,
    /// What stands in the files, for what is said in them about findings.
    constructs: HashMap<String, Vec<Construct>>,
    sources: BTreeMap<String, Arc<Source>>,
}

/// Two findings in a file say the same if one of these is equal: rule, place, and what is said or what it is said about.
type Identity = (&'static str, Span, String);

fn identities(finding: &Diagnostic) -> impl Iterator<Item = Identity> + use<> {
    let about = (!finding.subject.is_empty()).then(|| format!("about {}", finding.subject));
    let (rule, span) = (finding.rule, finding.primary.span);
    std::iter::once(claim(finding).to_owned()).chain(about).map(move |what| (rule, span, what))
}

impl Moved {
    /// Add a finding. Instances of one resource say the same.
    fn add(&mut self, placed: Placed, source: Arc<Source>) {
        let identities = || identities(&placed.finding).map(|identity| (placed.path.clone(), identity));
        let known = identities().find_map(|identity| self.index.get(&identity));
        if let Some(known) = known.and_then(|at| self.found.get_mut(*at)) {
            return merge(&mut known.finding, placed.finding, |known, new| known < new);
        }
        let at = self.found.len();
        self.index.extend(identities().map(|identity| (identity, at)));
        self.sources.insert(placed.path.clone(), source);
        self.found.push(placed);
    }

    fn construct(&mut self, span: Span, sources: &Sources) {
        if let Some((source, span)) = sources.locate(span).filter(|(source, _)| self.sources.contains_key(&source.path))
        {
            // What is not found in a plan may be found in the next.
            self.constructs.entry(source.path.clone()).or_default().push(Construct { span, settled: false });
        }
    }

    /// Tell each in its file, where what is said in it and what the configuration says of it holds.
    fn put(self, report: Report, sources: &Sources, settings: &Settings) -> Report {
        let of_file = |source: &Source| FileReport {
            format: Some("terraform"),
            reason: "writes what a plan shows",
            // Of what a plan does not show nothing is known, as of a part that cannot be read.
            invalid: true,
            ..FileReport::new(Source::new(source.path.as_str(), source.text.as_str()))
        };
        let mut told: BTreeMap<String, FileReport> =
            self.sources.iter().map(|(path, source)| (path.clone(), of_file(source))).collect();
        filter::of_terraform(&mut told, self.found, self.constructs, sources, settings);
        let (read, mut files) = (report.read, report.files);
        for file in told.values_mut() {
            file.invalid = false;
            // What is wrong with what is said in a file is told where the file is judged.
            file.findings.retain(|finding| !suppress::OWN_RULES.contains(&finding.rule));
        }
        for file in &mut files {
            if let Some(new) = told.remove(&file.source.path) {
                join(file, new, settings);
            }
        }
        // Files that are only opened to tell something in them are none without a policy.
        let says_nothing = |file: &&FileReport| file.findings.is_empty() && file.not_judged.is_empty();
        let opened = told.values().filter(says_nothing).count();
        files.extend(told.into_values().map(|mut file| {
            settings.gate(&mut file);
            file
        }));
        let mut report = Report { read, ..Report::new(files) };
        report.summary.skipped = report.summary.skipped.saturating_sub(opened);
        report
    }
}

/// Add what plans show of a file to what was found in it without them, with less to go by.
fn join(file: &mut FileReport, told: FileReport, settings: &Settings) {
    // The text of a file without a finding is not kept.
    file.source = told.source;
    file.ignores_used.extend(told.ignores_used);
    file.suppressed.extend(told.suppressed);
    let silenced: HashMap<Identity, Suppression> = file
        .suppressed
        .iter()
        .flat_map(|(finding, by)| identities(finding).map(|identity| (identity, by.clone())))
        .collect();
    let mut planned: Vec<Diagnostic> = Vec::new();
    for finding in told.findings {
        match identities(&finding).find_map(|identity| silenced.get(&identity)) {
            Some(by) => file.suppressed.push((finding, by.clone())),
            None => planned.push(finding),
        }
    }
    let (mut index, mut surest) = (HashMap::new(), HashMap::new());
    for (at, finding) in planned.iter().enumerate() {
        index.extend(identities(finding).map(|identity| (identity, at)));
        let surest = surest.entry((finding.rule, finding.primary.span)).or_insert(finding.confidence);
        *surest = finding.confidence.max(*surest);
    }
    for own in std::mem::take(&mut file.findings) {
        let known = identities(&own).find_map(|identity| index.get(&identity).copied());
        match known.and_then(|at| planned.get_mut(at)) {
            // It has labels of its own, such as the default of a variable.
            Some(known) => merge(known, own, |known, own| known <= own),
            None if surest.get(&(own.rule, own.primary.span)).is_some_and(|surest| own.confidence < *surest) => {}
            None => file.findings.push(own),
        }
    }
    file.findings.extend(planned);
    file.findings.sort_by(|a, b| order(a).cmp(&order(b)));
    settle(&mut file.suppressed, |(finding, _)| finding);
    settings.gate(file);
}

/// Make one finding of two that say the same, with the related places of both.
fn merge(kept: &mut Diagnostic, mut other: Diagnostic, is_better: impl Fn(Confidence, Confidence) -> bool) {
    if is_better(kept.confidence, other.confidence) {
        std::mem::swap(kept, &mut other);
    }
    for related in other.related {
        if kept.related.len() < MAX_PLACES && !kept.related.contains(&related) {
            kept.related.push(related);
        }
    }
}

struct Placing<'a> {
    plan: &'a FileReport,
    written: &'a Written<'a>,
    sources: &'a Sources,
    settings: &'a Settings,
    /// The policies of the plan by their addresses.
    policies: HashMap<&'a str, Vec<Span>>,
}

impl<'a> Placing<'a> {
    fn new(plan: &'a FileReport, written: &'a Written<'a>, sources: &'a Sources, settings: &'a Settings) -> Self {
        let mut policies: HashMap<&str, Vec<Span>> = HashMap::new();
        for policy in &plan.policies {
            policies.entry(policy.address.as_str()).or_default().push(policy.span);
        }
        Placing { plan, written, sources, settings, policies }
    }

    /// Give the findings that the configuration has a place for to `moved`; the others stay.
    fn findings(&self, moved: &mut Moved) -> Vec<Diagnostic> {
        let mut policies = HashMap::new();
        let mut stay = Vec::new();
        for finding in &self.plan.findings {
            if self.finding(finding, &mut policies, moved).is_none() {
                stay.push(finding.clone());
            }
        }
        stay
    }

    /// Put a finding at its place in the configuration. `policies` are those of the plan that were read again.
    fn finding(
        &self,
        finding: &Diagnostic,
        policies: &mut HashMap<Span, Option<Value<'static>>>,
        moved: &mut Moved,
    ) -> Option<()> {
        // What the plan itself lacks is said of the plan.
        if self.settings.active(finding.rule)?.rule.family == "lint" {
            return None;
        }
        let resource = self.written.resource(&finding.resource)?;
        let own = self.policies.get(finding.resource.as_str()).map_or(&[][..], Vec::as_slice);
        let around = |span: Span| own.iter().find(|policy| policy.contains(span)).copied();
        let mut precisely = |span: Span| match around(span) {
            Some(policy) => {
                let planned = policies.entry(policy).or_insert_with(|| self.policy(policy)).as_ref();
                planned.and_then(|planned| value(planned, &resource, span))
            }
            None => member_name(&self.plan.source.text, span).and_then(|name| resource.attribute(name)),
        };
        let at = finding.primary.span;
        let primary = precisely(at).unwrap_or_else(|| match around(at) {
            Some(_) => resource.policy,
            None => resource.header(),
        });
        let mut labels = Vec::new();
        let in_plan = format!("as the plan has it for `{}`", finding.resource);
        let mut elsewhere = vec![Related::new(&self.plan.source, at, in_plan)];
        for label in &finding.secondary {
            match precisely(label.span) {
                Some(span) => labels.push(Label { span, text: label.text.clone() }),
                None => elsewhere.push(Related::new(&self.plan.source, label.span, label.text.as_str())),
            }
        }
        let mut told = finding.clone();
        told.primary.span = primary;
        told.secondary = Vec::new();
        let source = place(&mut told, labels, self.sources)?;
        told.related.extend(elsewhere);
        let mut places = vec![(Arc::clone(&source), told.primary.span, true)];
        places.extend(self.sources.locate(resource.header()).map(|(source, span)| (source, span, false)));
        moved.add(Placed { path: source.path.clone(), finding: told, places }, source);
        moved.construct(resource.extent(), self.sources);
        Some(())
    }

    /// The policy that stands at a place of the plan, in a string of JSON or as JSON, with places in the plan. Read from
    /// the text that the report has, in which what is secret is concealed.
    fn policy(&self, span: Span) -> Option<Value<'static>> {
        let text = self.plan.source.slice(span);
        let read = |text: &str, before: u32| {
            let mut parsed = syntax::parse(text, Syntax::Json);
            let root = parsed.documents.pop().filter(|_| parsed.problems.is_empty())?;
            let document = Document { text, syntax: Syntax::Json, root };
            let policy = match &document.root.kind {
                Kind::Map(_) => document.root.clone().into_owned(&|span| span),
                _ => document.open(&document.root).ok()?,
            };
            let place = |at: u32| (at + span.start).saturating_sub(before);
            Some(policy.into_owned(&|at| Span { start: place(at.start), end: place(at.end) }))
        };
        // The quotes of the string stand around its place.
        read(&format!("\"{text}\""), 1).or_else(|| read(text, 0))
    }
}

/// The name of the JSON member whose value starts at a place.
fn member_name(text: &str, value: Span) -> Option<&str> {
    let before = text.get(..value.start as usize)?.trim_end().strip_suffix(':')?.trim_end().strip_suffix('"')?;
    before.rsplit_once('"').map(|(_, name)| name)
}

/// The place in a configuration of what stands at `at` in the policy of a plan, where evaluating it gives that.
fn value(planned: &Value<'_>, resource: &Resource<'_>, at: Span) -> Option<Span> {
    resource.documents.iter().find_map(|document| {
        let found = counterpart(planned, document, at)?;
        // No part of the document is told better by where the policy is written.
        (found != document.span || at == planned.span).then_some(found)
    })
}

/// The place in one tree of a policy of what stands at `at` in another: the smallest part that both have. `None` where
/// they say different things.
fn counterpart(planned: &Value<'_>, written: &Value<'_>, at: Span) -> Option<Span> {
    // A list of one and its only element say the same.
    let written = match (&planned.kind, &written.kind) {
        (Kind::List(_), _) => written,
        (_, Kind::List(items)) if items.len() == 1 => &items[0],
        _ => written,
    };
    if let (Some(planned), Some(written)) = (planned.as_str(), written.as_str())
        && planned != written
    {
        return None;
    }
    match (&planned.kind, &written.kind) {
        _ if planned.span == at => Some(written.span),
        (Kind::Map(members), Kind::Map(others)) => {
            let holds = |member: &&crate::value::Member<'_>| member.key_span == at || member.value.span.contains(at);
            let Some(member) = members.iter().find(holds) else { return Some(written.span) };
            let mut open = others.iter().filter(|other| other.key.contains("${"));
            let equal = others.iter().find(|other| other.key == member.key);
            let other = equal.or_else(|| open.next().filter(|_| open.next().is_none()))?;
            match member.key_span == at {
                true => Some(other.key_span),
                false => counterpart(&member.value, &other.value, at),
            }
        }
        (Kind::List(items), _) => {
            let Some(index) = items.iter().position(|item| item.span.contains(at)) else { return Some(written.span) };
            match element(items, index, written.one_or_many()) {
                Some(other) => counterpart(&items[index], other, at),
                // The element comes from somewhere in the list.
                None => items[index].as_str().map(|_| written.span),
            }
        }
        _ => Some(written.span),
    }
}

/// The element of one list that an element of another is: the equal string, or the only one that is not known; the
/// statement with the same Sid, or in the same place of as many.
fn element<'w, 's>(planned: &[Value<'_>], index: usize, written: &'w [Value<'s>]) -> Option<&'w Value<'s>> {
    let one = &planned[index];
    if let Some(text) = one.as_str() {
        let mut open = written.iter().filter(|other| other.as_str().is_none());
        let equal = written.iter().find(|other| other.as_str() == Some(text));
        return equal.or_else(|| open.next().filter(|_| open.next().is_none()));
    }
    let sid = |statement: &Value<'_>| statement.get("Sid").and_then(Value::as_str).map(str::to_owned);
    let named = sid(one).and_then(|name| written.iter().find(|other| sid(other).as_ref() == Some(&name)));
    named.or_else(|| written.get(index).filter(|_| planned.len() == written.len()))
}
