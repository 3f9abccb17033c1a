//! From the text of a file to the policies in it: parse, detect the format, extract. Every command reads through here.
//!
//! A file of Terraform is read with the others of its folder. Its policies come with places in the file itself: a part
//! that was written elsewhere has the place of the resource. (`lint` keeps the places of all files, to point at them.)

use crate::diagnostic::Problem;
use crate::input::aws_cli::{self, AwsCli};
use crate::input::terraform::{self, Files, Loader, Sources, Variables};
use crate::input::{self, Found, Input};
use crate::site::{PolicyKind, PolicySite, Tree};
use crate::source::{OffsetMap, Source, percent_decode};
use crate::span::{Span, Spanned};
use crate::syntax::{self, Document, Parsed, Syntax, json};
use crate::value::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

mod words;

use words::is_encoded;
pub use words::{looks_like_policy, mentions_policy};

/// Why a template of another tool is passed over: what is judged is what the tool makes of it.
pub const TEMPLATE: &str = "is a template that another tool fills in";

/// How files are read.
#[derive(Clone, Copy, Debug, Default)]
pub struct How {
    /// The kind that raw policy documents have, when the user says so.
    pub kind: Option<PolicyKind>,
    /// The format that files have, when the user says so.
    pub format: Option<&'static dyn Input>,
}

/// What was read of a text.
#[derive(Debug, Default)]
pub struct Loaded<'s> {
    /// The policies. Of a text that is broken there are none: the part that a mistake hides may be the guard of a
    /// statement.
    pub found: Found<'s>,
    /// The documents of the text; of Terraform there are none.
    pub documents: &'s [Document<'s>],
    /// The format it was taken for.
    pub format: Option<&'static str>,
    /// Why, or why it was passed over, to follow "because it".
    pub reason: &'static str,
    /// What is wrong with the text, once for each cause.
    pub broken: Vec<Problem>,
    /// What is wrong with it and hides nothing, so that its policies are there all the same.
    pub slips: Vec<Problem>,
    /// Where a text with the words of a policy shows that it is a template, which is not read.
    pub template: Option<Problem>,
    /// Whether a text with something wrong has the words of a statement of a policy.
    pub speaks_of_policies: bool,
    /// What a reader may have meant otherwise.
    pub warnings: Vec<Problem>,
    /// Places of secrets, which no report may show wherever the file is.
    pub secrets: Vec<Span>,
}

/// Read a text that stands for itself and give what was found to `then`.
pub fn text<R>(source: &Source, how: How, then: impl FnOnce(Loaded<'_>) -> R) -> R {
    let mut loaded = Loaded { reason: "has no word that every policy has", ..Loaded::default() };
    // Most files of a repository hold no policy.
    if how.format.is_none() && !mentions_policy(&source.text) {
        return then(loaded);
    }
    let (syntax, mut parsed) = parse(source);
    if parsed.template {
        loaded.reason = TEMPLATE;
        loaded.template = parsed.problems.into_iter().next().filter(|_| looks_like_policy(&source.text));
        return then(loaded);
    }
    let document = |root| Document { text: &source.text, syntax, root };
    let documents: Vec<Document<'_>> = parsed.documents.into_iter().map(document).collect();
    loaded.reason = "holds nothing that looks like a policy";
    loaded.found = Found { forced_kind: how.kind, path: &source.path, ..Found::default() };
    loaded.documents = &documents;
    for document in &documents {
        let detected = match how.format {
            Some(format) => Some((format, "was named with --input-format")),
            None => input::detect(document),
        };
        let Some((format, reason)) = detected else { continue };
        loaded.format = Some(format.name());
        loaded.reason = reason;
        format.secrets(document, &mut loaded.secrets);
        if parsed.problems.is_empty() {
            format.extract(document, &mut loaded.found);
        }
    }
    loaded.speaks_of_policies =
        (!parsed.problems.is_empty() || !parsed.slips.is_empty()) && looks_like_policy(&source.text);
    if loaded.format.is_some() || loaded.speaks_of_policies {
        // Beside a real mistake, a comma too many is one more of them.
        let whole = parsed.problems.is_empty();
        let slips = std::mem::take(&mut parsed.slips);
        let mistakes = parsed.problems.into_iter().chain(slips.iter().filter(|_| !whole).cloned()).collect();
        loaded.broken = Problem::by_cause(mistakes);
        loaded.slips = if whole { slips } else { Vec::new() };
        loaded.warnings = parsed.warnings;
    }
    if !loaded.broken.is_empty() {
        loaded.reason = "cannot be read";
    }
    then(loaded)
}

/// What a text is in its syntax. One that is percent-encoded throughout is JSON, as services give policies away.
pub fn parse(source: &Source) -> (Syntax, Parsed<'_>) {
    let syntax = Syntax::of(&source.path, &source.text);
    match decoded(&source.text) {
        Some((text, map)) => {
            let Parsed { documents, problems, slips, .. } = json::parse_file(&text, json::Dialect::Strict);
            let place = |span| map.place(span);
            let moved = |problems: Vec<Problem>| -> Vec<Problem> {
                problems.into_iter().map(|problem| Problem { span: place(problem.span), ..problem }).collect()
            };
            let documents = documents.into_iter().map(|root| root.into_owned(&place)).collect();
            let parsed = Parsed { documents, problems: moved(problems), slips: moved(slips), ..Parsed::default() };
            (Syntax::Json, parsed)
        }
        None => (syntax, syntax::parse_file(&source.text, syntax)),
    }
}

/// The text in one that is percent-encoded from its first character on, and is an object, a list or a string then.
fn decoded(text: &str) -> Option<(String, OffsetMap)> {
    // A string of JSON may be encoded too: it is opened where it stands.
    if !is_encoded(text) || text.trim_ascii_start().starts_with('"') {
        return None;
    }
    percent_decode(text).filter(|(text, _)| text.trim_start().starts_with(['{', '[', '"']))
}

/// How long a text is, in bytes, for which it pays to read it in parts.
const LONG: usize = 1024 * 1024;

/// Read the dump of an account a part at a time, each given to `each` and to be forgotten when it was judged. Returns
/// what is left of the document: everything but the elements of long lists, which `each` got.
///
/// `None` for any other text, whatever was given to `each`: it is to be read as a whole.
pub fn in_parts<'s>(source: &'s Source, each: &mut dyn FnMut(Document<'s>)) -> Option<Document<'s>> {
    let syntax = Syntax::of(&source.path, &source.text);
    if source.text.len() < LONG || syntax != Syntax::Json || !mentions_policy(&source.text) {
        return None;
    }
    let document = |root| Document { text: &source.text, syntax, root };
    let parsed = json::parse_in_parts(&source.text, &aws_cli::is_list_of_owners, &mut |part| each(document(part)));
    let rest = parsed.documents.into_iter().next().filter(|_| parsed.problems.is_empty())?;
    Some(document(rest))
}

/// What is in a part of the dump of an account, with why it is one, where the part tells. `None` if only the whole tells
/// what it is: it may be of another format, or the document itself has a policy.
pub fn part<'s>(
    document: &'s Document<'s>,
    path: &'s str,
    kind: Option<PolicyKind>,
) -> Option<(Option<&'static str>, Found<'s>)> {
    let reason = match input::detect(document) {
        Some((format, reason)) if format.name() == AwsCli.name() => Some(reason),
        Some(_) => return None,
        None => None,
    };
    let mut found = Found { forced_kind: kind, path, ..Found::default() };
    AwsCli.extract(document, &mut found);
    let is_of_document = |site: &PolicySite<'_>| owner_start(site) == document.root.span.start;
    (!found.sites.iter().any(is_of_document)).then_some((reason, found))
}

/// Where the owner of a policy begins in its file: what the policies of a dump are sorted by.
pub fn owner_start(site: &PolicySite<'_>) -> u32 {
    site.owner.extent.map_or(0, |extent| extent.start)
}

/// Read a text, or the file of Terraform that it is with what lies beside it in `files`.
pub fn file<R>(source: &Source, how: How, files: &dyn Files, then: impl FnOnce(Loaded<'_>) -> R) -> R {
    if !is_terraform(Path::new(&source.path)) {
        return text(source, how, then);
    }
    let folder = Path::new(&source.path).parent().unwrap_or(Path::new(""));
    let mut read = folder_of(folder, files);
    then(read.remove(&source.path).map(|(_, loaded)| loaded).unwrap_or_default())
}

/// Whether a file is read with its folder.
pub fn is_terraform(path: &Path) -> bool {
    path.file_name().is_some_and(|name| terraform::is_configuration(&name.to_string_lossy()))
}

/// Whether what a file says is judged with its folder: it is read with it, or gives values to its variables.
pub fn is_of_folder(path: &Path) -> bool {
    is_terraform(path) || path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(".tfvars"))
}

/// What was read of a folder of Terraform, of the modules that it calls and of documents, by the path that reports show.
pub type Folder = BTreeMap<String, (Arc<Source>, Loaded<'static>)>;

/// Read a folder of Terraform.
pub fn folder_of(folder: &Path, files: &dyn Files) -> Folder {
    folder_with(folder, &Loader::new(files))
}

/// Read a folder of Terraform with a loader that can tell more.
pub fn folder_with(folder: &Path, loader: &Loader<'_>) -> Folder {
    let mut found = Found::default();
    let folder = terraform::extract(loader, folder, &Variables::default(), &mut found);
    let mut read = Folder::new();
    for file in folder.files {
        loaded_of(&mut read, &file.source).reason = "is Terraform without a resource that holds a policy";
    }
    let sources = &loader.sources;
    for site in found.sites {
        let Some((source, anchor)) = sources.locate(site.anchor) else { continue };
        let loaded = loaded_of(&mut read, &source);
        loaded.format = Some("terraform");
        loaded.reason = "has resources with policies";
        loaded.found.sites.push(here(site, &source, anchor, sources));
    }
    for problem in found.problems {
        let Some((source, span)) = sources.locate(problem.span) else { continue };
        loaded_of(&mut read, &source).found.problems.push(Problem { span, ..problem });
    }
    for (span, what) in found.unresolved {
        let Some((source, span)) = sources.locate(span) else { continue };
        loaded_of(&mut read, &source).found.unresolved.push((span, what));
    }
    for limit in found.limits {
        let Some((source, span)) = sources.locate(limit.span) else { continue };
        loaded_of(&mut read, &source).found.limits.push(Problem { span, ..limit });
    }
    read
}

fn loaded_of<'r>(read: &'r mut Folder, source: &Arc<Source>) -> &'r mut Loaded<'static> {
    &mut read.entry(source.path.clone()).or_insert_with(|| (Arc::clone(source), Loaded::default())).1
}

/// A policy with all its places in the file of its resource.
fn here(site: PolicySite<'_>, source: &Arc<Source>, anchor: Span, sources: &Sources) -> PolicySite<'static> {
    let place = |span: Span| match sources.locate(span) {
        Some((other, span)) if Arc::ptr_eq(&other, source) => span,
        _ => anchor,
    };
    let document: Value<'static> = match site.document {
        Tree::Borrowed(value) => value.clone().into_owned(&place),
        Tree::Owned(value) => value.into_owned(&place),
    };
    let mut owner = site.owner;
    owner.extent = owner.extent.map(place);
    owner.max_session_duration =
        owner.max_session_duration.map(|duration| Spanned::new(duration.value, place(duration.span)));
    PolicySite { anchor, document: Tree::Owned(document), owner, origins: Vec::new(), redefined: Vec::new(), ..site }
}
