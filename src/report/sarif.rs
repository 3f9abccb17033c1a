//! `--format sarif`: SARIF 2.1.0 for code scanning.
//!
//! One run, one result on a line. Nothing in it depends on the time, the machine or the place of the checkout. The
//! limits are those of GitHub ("SARIF support for code scanning", GitHub Docs): of a file with more than 25,000 results
//! nothing is taken, and of more than 5,000 only the worst are shown, so a longer list is sorted by severity and cut.
//!
//! Files are named by references relative to the root of the checkout; a file outside it by its file name alone,
//! standard input by `stdin`. Suppressed findings are left out unless they are asked for: GitHub would open alerts for
//! them. With them, every result says whether it is suppressed (SARIF 2.1.0, 3.27.23: all of a run, or none). With a
//! baseline, each result says whether it is new or grew; what is gone is never written, for GitHub would show it as open.
//!
//! NOTE: no schema finds an empty or foreign `uri`, or a `security-severity` that is no number, but GitHub rejects the
//! whole upload for one. `tests/sarif.rs` looks for them.

use super::line_hash::{LineHash, line_hashes};
use super::place::Places;
use super::{HOME, INVALID_INPUT, Options, cwe, level, story, summary, uri};
use crate::diagnostic::{Audience, Diagnostic, Related, Severity, Suppression, SuppressionKind, WhyNot, Witness};
use crate::lint::{FileReport, Report};
use crate::rules::Rule;
use crate::source::Source;
use crate::span::Span;
use rayon::prelude::*;
use serde_json::{Map, Value, json};
use std::collections::{BTreeSet, HashMap};
use std::io;

/// Results above this number are not shown, so they are sorted by severity first.
const SHOWN: usize = 5_000;
/// Results above this number make the file invalid.
const MAX_RESULTS: usize = 25_000;
/// Characters of a short or full description.
const MAX_DESCRIPTION: usize = 1_024;
/// Tags of a rule that are read.
const MAX_TAGS: usize = 10;
/// Secondary labels that a result lists.
const MAX_RELATED: usize = 50;
/// Bytes of a snippet; a longer one (a whole minified file) is left out.
const MAX_SNIPPET: usize = 2_000;
/// The notification that something was seen and not judged.
const NOT_JUDGED: &str = "not-judged";
/// Notifications of single things that were not judged, at most.
const MAX_NOT_JUDGED: usize = 100;
/// The notification that the list was cut.
const TOO_MANY: &str = "too-many-results";

/// Write a report in this format.
pub fn write(report: &Report, options: &Options<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let total = report.files.iter().map(|file| file.findings.len()).sum();
    // A shorter list keeps the order of the report: it is shown whole, and a diff of two files is easier to read.
    let mut kept: Vec<(usize, &Diagnostic)> = match total {
        0..=SHOWN => report
            .files
            .iter()
            .enumerate()
            .flat_map(|(at, file)| file.findings.iter().map(move |finding| (at, finding)))
            .collect(),
        _ => story::worst_first(&report.files),
    };
    kept.truncate(MAX_RESULTS);
    let mut silenced: Vec<(usize, &Diagnostic, &Suppression)> = Vec::new();
    if options.suppressed {
        let all = report.files.iter().enumerate();
        let all = all.flat_map(|(at, file)| file.suppressed.iter().map(move |(finding, by)| (at, finding, by)));
        silenced.extend(all.take(MAX_RESULTS - kept.len()));
    }
    let mut concerned: Vec<usize> =
        kept.iter().map(|(file, _)| *file).chain(silenced.iter().map(|(file, ..)| *file)).collect();
    concerned.sort_unstable();
    concerned.dedup();
    let files: HashMap<usize, File<'_>> =
        concerned.into_par_iter().map(|at| (at, File::new(&report.files[at]))).collect();
    let taxa: BTreeSet<&str> = options.rules.iter().flat_map(|rule| rule.cwe).copied().collect();
    let category = options.category.map_or(String::new(), |category| format!("{category}/"));

    let mut run = Map::new();
    run.insert("tool".into(), json!({"driver": driver(options, &taxa)}));
    run.insert("automationDetails".into(), json!({"id": format!("iamlint/{category}")}));
    run.insert("columnKind".into(), "utf16CodeUnits".into());
    let root = json!({"%SRCROOT%": {"description": {"text": "The root of the checked-out repository."}}});
    run.insert("originalUriBaseIds".into(), root);
    let unread = kept.iter().filter(|(_, finding)| finding.rule == INVALID_INPUT);
    let mut notifications: Vec<Value> = unread.map(|(file, finding)| files[file].notification(finding)).collect();
    if total > kept.len() {
        let text = format!("{} of {total} results are left out; the worst are kept.", total - kept.len());
        let descriptor = json!({"id": TOO_MANY, "index": 1});
        notifications.push(json!({"descriptor": descriptor, "level": "warning", "message": {"text": text}}));
    }
    notifications.extend(not_judged(report));
    run.insert(
        "invocations".into(),
        json!([{
            "executionSuccessful": options.exit_code < 2,
            "exitCode": options.exit_code,
            "toolExecutionNotifications": notifications,
        }]),
    );
    if !taxa.is_empty() {
        run.insert("taxonomies".into(), json!([taxonomy(&taxa)]));
    }
    let run = Value::from(run).to_string();
    let head = run.strip_suffix('}').unwrap_or(&run);
    let schema = "https://json.schemastore.org/sarif-2.1.0.json";
    write!(out, "{{\"$schema\":\"{schema}\",\"version\":\"2.1.0\",\"runs\":[{head},\n\"results\":")?;
    let told = kept.par_iter().map(|(file, finding)| (*file, *finding, None));
    let silenced = silenced.par_iter().map(|(file, finding, by)| (*file, *finding, Some(*by)));
    let render = |(file, finding, by): (usize, &Diagnostic, Option<&Suppression>)| {
        let mut result = files[&file].result(finding, options.rules);
        if options.suppressed {
            result["suppressions"] = by.map(suppression).into_iter().collect();
        }
        result.to_string()
    };
    super::write_list(out, told.chain(silenced).map(render).collect::<Vec<_>>())?;
    writeln!(out, "}}]}}")
}

/// Why a result is suppressed.
fn suppression(by: &Suppression) -> Value {
    let kind = match by.kind {
        SuppressionKind::InSource => "inSource",
        SuppressionKind::Configuration | SuppressionKind::Baseline => "external",
    };
    json!({"kind": kind, "status": "accepted", "justification": by.reason})
}

/// What a user must be told beside the file: that it does not hold everything.
pub fn warning(report: &Report) -> Option<String> {
    let total: usize = report.files.iter().map(|file| file.findings.len()).sum();
    (total > MAX_RESULTS).then(|| {
        format!("sarif: {} of {total} results are left out; GitHub takes no file with more", total - MAX_RESULTS)
    })
}

/// A file with results, and what is computed for it once.
struct File<'a> {
    source: &'a Source,
    uri: String,
    places: Places<'a>,
    hashes: Vec<LineHash>,
}

impl<'a> File<'a> {
    fn new(file: &'a FileReport) -> Self {
        let source = &file.source;
        let hashes = line_hashes(&source.text);
        File { source, uri: uri::relative(&source.path), places: Places::new(source), hashes }
    }

    fn result(&self, finding: &Diagnostic, rules: &[&Rule]) -> Value {
        let mut result = Map::new();
        result.insert("ruleId".into(), finding.rule.into());
        if let Ok(index) = rules.binary_search_by_key(&finding.rule, |rule| rule.id) {
            result.insert("ruleIndex".into(), index.into());
        }
        result.insert("level".into(), level(finding.severity).sarif.into());
        result.insert("message".into(), message(finding));
        let mut location = json!({"physicalLocation": self.place(finding.primary.span, true)});
        let mut names = vec![finding.resource.as_str()];
        names.extend(finding.statement.as_deref());
        names.retain(|name| !name.is_empty());
        if !names.is_empty() {
            let name = names.join("/");
            location["logicalLocations"] = json!([{"fullyQualifiedName": name, "kind": "resource"}]);
        }
        result.insert("locations".into(), json!([location]));
        let related = finding.secondary.iter().take(MAX_RELATED).enumerate().map(|(at, label)| {
            let mut related = json!({"id": at + 1, "physicalLocation": self.place(label.span, false)});
            if !label.text.is_empty() {
                related["message"] = json!({"text": escape(&label.text)});
            }
            related
        });
        let here = finding.secondary.len().min(MAX_RELATED);
        let elsewhere = finding.related.iter().take(MAX_RELATED - here).enumerate();
        let elsewhere = elsewhere.map(|(at, related)| place_elsewhere(here + at + 1, related));
        let related: Vec<Value> = related.chain(elsewhere).collect();
        if !related.is_empty() {
            result.insert("relatedLocations".into(), related.into());
        }
        if let Some(witness) = &finding.witness {
            result.insert("codeFlows".into(), self.flow(finding, witness));
        }
        let line = self.source.line_index(finding.primary.span.start);
        let hash = self.hashes.get(line).map_or(String::new(), LineHash::to_string);
        let fingerprints = json!({
            "primaryLocationLineHash": hash,
            "iamlintFingerprint/v1": finding.fingerprint.to_string(),
        });
        result.insert("partialFingerprints".into(), fingerprints);
        if let Some(state) = finding.baseline {
            result.insert("baselineState".into(), state.name().into());
        }
        let properties = json!({
            "severity": finding.severity.name(),
            "confidence": finding.confidence.name(),
            "subject": finding.subject,
        });
        result.insert("properties".into(), properties);
        result.into()
    }

    /// The request that shows the finding, as steps: who calls, past which places, and that it is allowed.
    fn flow(&self, finding: &Diagnostic, witness: &Witness) -> Value {
        let step = |text: String, span: Span| {
            let place = self.place(span, false);
            json!({"location": {"message": {"text": escape(&text)}, "physicalLocation": place}})
        };
        let mut steps = vec![step(format!("{} calls {}", witness.principal, witness.action), finding.primary.span)];
        let labelled = finding.secondary.iter().filter(|label| !label.text.is_empty());
        steps.extend(labelled.take(MAX_RELATED).map(|label| step(label.text.clone(), label.span)));
        let request = json!({"text": sentence(&escape(&witness.to_string()))});
        json!([{"message": request, "threadFlows": [{"locations": steps}]}])
    }

    fn notification(&self, finding: &Diagnostic) -> Value {
        json!({
            "descriptor": {"id": INVALID_INPUT, "index": 0},
            "level": "error",
            "message": {"text": sentence(&escape(&finding.message))},
            "locations": [{"physicalLocation": self.place(finding.primary.span, false)}],
        })
    }

    /// A physical location. The region is the span and no more: GitHub shows an alert in a pull request only if every
    /// line of it was changed.
    fn place(&self, span: Span, context: bool) -> Value {
        let (start, end) = (self.places.utf16(span.start), self.places.utf16(span.end));
        let mut region = json!({
            "startLine": start.line, "startColumn": start.column, "endLine": end.line, "endColumn": end.column,
        });
        let mut place = json!({"artifactLocation": {"uri": self.uri, "uriBaseId": "%SRCROOT%"}});
        let text = self.source.slice(span);
        if text.len() <= MAX_SNIPPET {
            region["snippet"] = json!({"text": text});
        }
        place["region"] = region;
        // A line before and a line after.
        let first = start.line.saturating_sub(2);
        let last = end.line.min(self.source.line_count() - 1);
        let around = self.source.line_span(first).join(self.source.line_span(last));
        if context && around.len() <= MAX_SNIPPET && around.len() > span.len() && around.contains(span) {
            let snippet = json!({"text": self.source.slice(around)});
            place["contextRegion"] = json!({"startLine": first + 1, "endLine": last + 1, "snippet": snippet});
        }
        place
    }
}

/// A related location in another file.
fn place_elsewhere(id: usize, related: &Related) -> Value {
    let (start, end) = related.range_utf16;
    json!({
        "id": id,
        "message": {"text": escape(&related.text)},
        "physicalLocation": {
            "artifactLocation": {"uri": uri::relative(&related.path), "uriBaseId": "%SRCROOT%"},
            "region": {
                "startLine": start.line, "startColumn": start.column, "endLine": end.line, "endColumn": end.column,
            },
        },
    })
}

/// The finding as text and as Markdown. GitHub shows the text, and a related location only if the text links to it.
fn message(finding: &Diagnostic) -> Value {
    let mut text = sentence(&escape(&finding.message));
    let mut markdown = text.clone();
    if let Some(why) = &finding.why {
        markdown += &format!("\n\n**Why:** {}", sentence(&escape(why)));
    }
    if let Some(help) = &finding.help {
        let help = sentence(&escape(help));
        text += &format!(" Help: {help}");
        markdown += &format!("\n\n**Help:** {help}");
    }
    let labels = finding.secondary.iter().map(|label| &label.text);
    let labels = labels.chain(finding.related.iter().map(|related| &related.text));
    let links = labels.take(MAX_RELATED).enumerate().map(|(at, text)| {
        let text = if text.is_empty() { "related place" } else { text };
        format!("[{}]({})", text.replace('\\', "\\\\").replace('[', "\\[").replace(']', "\\]"), at + 1)
    });
    let links = links.collect::<Vec<_>>().join(", ");
    if !links.is_empty() {
        text += &format!(" See: {links}.");
        markdown += &format!("\n\n**See:** {links}.");
    }
    json!({"text": text, "markdown": markdown})
}

/// A text that holds no link: where brackets would read as one, they are escaped (SARIF 2.1.0, 3.11.6).
fn escape(text: &str) -> String {
    if text.contains("](") { text.replace('[', "\\[").replace(']', "\\]") } else { text.to_owned() }
}

/// With a final dot.
fn sentence(text: &str) -> String {
    if text.ends_with(['.', '!', '?']) { text.to_owned() } else { format!("{text}.") }
}

/// The first `max` characters.
fn cut(text: &str, max: usize) -> &str {
    text.char_indices().nth(max).map_or(text, |(at, _)| &text[..at])
}

/// Notifications of what was not judged: one for each thing that could have been, and one that counts everything. What is
/// told as a result, or as an input that cannot be read, is not told again.
fn not_judged(report: &Report) -> Vec<Value> {
    let Some(counts) = summary::not_judged(&report.summary.not_judged) else { return Vec::new() };
    let descriptor = json!({"id": NOT_JUDGED, "index": 2});
    let of_files =
        report.files.iter().flat_map(|file| file.untold().map(move |entry| (file.source.path.as_str(), entry)));
    let beside = report.left_out.iter().map(|(path, entry)| (path.as_str(), entry.clone()));
    let looked = of_files.chain(beside).filter(|(_, entry)| entry.why == WhyNot::NotLookedAt);
    let single = looked.take(MAX_NOT_JUDGED).map(|(path, entry)| {
        let mut place = json!({"artifactLocation": {"uri": uri::relative(path), "uriBaseId": "%SRCROOT%"}});
        if let Some(start) = entry.place {
            place["region"] = json!({"startLine": start.line});
        }
        json!({
            "descriptor": descriptor, "level": "warning", "message": {"text": sentence(&escape(&entry.text))},
            "locations": [{"physicalLocation": place}],
        })
    });
    let mut notifications: Vec<Value> = single.collect();
    notifications.push(json!({"descriptor": descriptor, "level": "note", "message": {"text": sentence(&counts)}}));
    notifications
}

fn driver(options: &Options<'_>, taxa: &BTreeSet<&str>) -> Value {
    let mut driver = json!({
        "name": "iamlint",
        "semanticVersion": options.version,
        "version": options.version,
        "organization": "iamlint",
        "rules": options.rules.iter().map(|rule| descriptor(rule, taxa)).collect::<Vec<_>>(),
        "notifications": [
            notice(INVALID_INPUT, "error", "A file, or a policy in it, could not be read.",
                   "The file, or a policy in it, is not valid JSON or YAML, so this part was not judged."),
            notice(TOO_MANY, "warning", "There are more results than a SARIF file may hold.",
                   "Check fewer paths at once, or raise the minimum severity."),
            notice(NOT_JUDGED, "warning", "Something was seen and not judged.",
                   "A run without results says nothing of it: see the message for the reason."),
        ],
    });
    if !HOME.is_empty() {
        driver["informationUri"] = HOME.into();
    }
    if !taxa.is_empty() {
        driver["supportedTaxonomies"] = json!([{"name": "CWE", "index": 0, "guid": cwe::list_guid()}]);
    }
    driver
}

fn notice(id: &str, level: &str, summary: &str, help: &str) -> Value {
    json!({
        "id": id,
        "name": pascal_case(id),
        "shortDescription": {"text": summary},
        "fullDescription": {"text": summary},
        "help": {"text": help},
        "defaultConfiguration": {"level": level},
    })
}

fn descriptor(rule: &Rule, taxa: &BTreeSet<&str>) -> Value {
    let level = level(rule.severity);
    // What is no weakness is no security alert either.
    let mut tags = if rule.severity == Severity::Info { vec![] } else { vec!["security".to_owned()] };
    tags.extend(["aws".into(), "iam".into(), rule.family.into()]);
    tags.extend(rule.cwe.iter().map(|id| format!("external/cwe/{}", id.to_ascii_lowercase())));
    tags.truncate(MAX_TAGS);
    let precision = match rule.audience {
        Audience::Default => "high",
        Audience::Strict => "medium",
        Audience::Audit => "low",
    };
    let mut properties = json!({"tags": tags, "precision": precision, "problem.severity": level.problem});
    if let Some(security) = level.security {
        properties["security-severity"] = security.into();
    }
    let summary = sentence(cut(rule.summary, MAX_DESCRIPTION - 1));
    let full = first_paragraph(rule.page).map_or(summary.clone(), |text| cut(&text, MAX_DESCRIPTION).to_owned());
    let page = if rule.page.trim().is_empty() { rule.summary } else { rule.page };
    let mut descriptor = json!({
        "id": rule.id,
        "name": pascal_case(rule.id),
        "shortDescription": {"text": summary},
        "fullDescription": {"text": full},
        "help": {"text": page, "markdown": page},
        "defaultConfiguration": {"level": level.sarif},
        "properties": properties,
    });
    if !HOME.is_empty() {
        descriptor["helpUri"] = super::page(rule).into();
    }
    if !rule.aliases.is_empty() {
        descriptor["deprecatedIds"] = rule.aliases.iter().collect::<BTreeSet<_>>().into_iter().copied().collect();
    }
    let relationships = rule.cwe.iter().collect::<BTreeSet<_>>().into_iter().map(|id| {
        let index = taxa.iter().position(|taxon| taxon == id);
        let component = json!({"name": "CWE", "index": 0, "guid": cwe::list_guid()});
        let target = json!({"id": id, "guid": cwe::taxon_guid(id), "index": index, "toolComponent": component});
        json!({"target": target, "kinds": ["superset"]})
    });
    let relationships: Vec<Value> = relationships.collect();
    if !relationships.is_empty() {
        descriptor["relationships"] = relationships.into();
    }
    descriptor
}

/// The text below a page's title, on one line.
fn first_paragraph(page: &str) -> Option<String> {
    let mut lines = page.lines().map(str::trim).skip_while(|line| line.is_empty() || line.starts_with('#'));
    let words: Vec<&str> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
    Some(words.join(" ")).filter(|text| !text.is_empty() && !text.starts_with("```"))
}

/// `wildcard-principal` as `WildcardPrincipal`.
fn pascal_case(id: &str) -> String {
    let mut name = String::with_capacity(id.len());
    for word in id.split('-') {
        let mut chars = word.chars();
        name.extend(chars.next().map(|first| first.to_ascii_uppercase()));
        name.push_str(chars.as_str());
    }
    name
}

fn taxonomy(taxa: &BTreeSet<&str>) -> Value {
    let taxon = |id: &&str| {
        let number = id.trim_start_matches("CWE-");
        let title = cwe::title(id).unwrap_or(id);
        json!({
            "id": id,
            "guid": cwe::taxon_guid(id),
            "name": title.split(|c: char| !c.is_alphanumeric()).collect::<String>(),
            "shortDescription": {"text": sentence(title)},
            "helpUri": format!("https://cwe.mitre.org/data/definitions/{number}.html"),
        })
    };
    json!({
        "name": "CWE",
        "guid": cwe::list_guid(),
        "version": cwe::LIST,
        "organization": "MITRE",
        "shortDescription": {"text": "The MITRE Common Weakness Enumeration."},
        "informationUri": format!("https://cwe.mitre.org/data/published/cwe_v{}.pdf", cwe::LIST),
        "isComprehensive": false,
        "taxa": taxa.iter().map(taxon).collect::<Vec<_>>(),
    })
}
