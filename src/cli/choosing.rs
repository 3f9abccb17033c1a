//! The one policy that `FILE#ADDRESS` names, in whatever a check reads.

use super::asking::Asking;
use super::inputs::{InputArgs, ReadArgs};
use super::policies::{Loaded, lower};
use super::{Failure, addresses};
use crate::lint::{FileReport, PolicyReport};
use crate::site::{OwnerAccount, PolicyKind};
use crate::source::Source;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// What a policy is named by.
struct Name<'a> {
    /// As the user wrote it.
    spec: &'a str,
    path: PathBuf,
    address: Option<&'a str>,
}

impl<'a> Name<'a> {
    fn of(spec: &'a str, base: &Path) -> Self {
        let (file, address) = match spec.rsplit_once('#') {
            Some((file, address)) if !base.join(spec).exists() => (file, Some(address)),
            _ => (spec, None),
        };
        let path = if file == "-" { PathBuf::from(file) } else { base.join(file) };
        Name { spec, path, address }
    }
}

/// A policy with the file that it stands in.
#[derive(Clone, Copy)]
struct Site<'a> {
    file: &'a FileReport,
    policy: &'a PolicyReport,
}

impl Site<'_> {
    /// What it is called in a list: with its file, where several were read.
    fn listed(self, with_file: bool) -> String {
        let Site { file, policy } = self;
        let path = if with_file { format!(", in {}", file.source.path) } else { String::new() };
        format!("{} ({}){path}", policy.address, policy.kind.name())
    }
}

/// Read the one policy that `FILE` or `FILE#ADDRESS` names, be it a folder or `-` for standard input. `kind` says what it
/// is attached to; without, the file does.
pub fn load(
    spec: &str,
    base: &Path,
    kind: Option<PolicyKind>,
    asking: &Asking,
    input: &InputArgs,
) -> Result<Loaded, Failure> {
    let name = Name::of(spec, base);
    let mut input = input.clone();
    input.kind = kind.map(|kind| kind.name().to_owned()).or(input.kind);
    input.allow_empty = true;
    let is_folder = name.path.is_dir();
    let read =
        asking.read(&ReadArgs { paths: vec![name.path.clone()], input }, &PolicyKind::ALL.map(|(kind, _)| kind))?;
    let files = &read.report.files;
    let sites: Vec<Site<'_>> =
        files.iter().flat_map(|file| file.policies.iter().map(move |policy| Site { file, policy })).collect();
    let site = if read.errors.is_empty() || is_folder { choose(&sites, files, &name, kind) } else { Err(None) };
    let of_file =
        |file: &FileReport| read.errors.iter().any(|error| error.starts_with(&format!("{}:", file.source.path)));
    match site {
        Ok(site) if !of_file(site.file) => loaded(site, kind),
        Err(Some(message)) if read.errors.is_empty() => Err(Failure::Message(message)),
        _ => Err(Failure::Message(read.errors.join("\n"))),
    }
}

/// The site that an address names, or the only one of the right kind; else what to say.
fn choose<'a>(
    sites: &[Site<'a>],
    files: &[FileReport],
    name: &Name<'_>,
    kind: Option<PolicyKind>,
) -> Result<Site<'a>, Option<String>> {
    let Name { spec, address, .. } = name;
    let is_exact = |site: &&Site<'_>| address.is_none_or(|address| site.policy.address == address);
    let is_named = |site: &&Site<'_>| address.is_none_or(|address| addresses::is_named(&site.policy.address, address));
    let mut fitting: Vec<Site<'a>> = sites.iter().filter(is_exact).copied().collect();
    if fitting.is_empty() {
        fitting = sites.iter().filter(is_named).copied().collect();
    }
    if fitting.len() > 1 && fitting.iter().any(|site| Some(site.policy.kind) == kind) {
        fitting.retain(|site| Some(site.policy.kind) == kind);
    }
    let with_file = files.iter().filter(|file| !file.policies.is_empty()).count() > 1;
    let listed = |sites: &[Site<'_>]| {
        let lines: Vec<String> = sites.iter().map(|site| site.listed(with_file)).collect();
        addresses::near(address.unwrap_or_default(), lines.into_iter())
    };
    let message = match fitting.as_slice() {
        [site] => return Ok(*site),
        [] if sites.is_empty() => {
            let why = files.first().filter(|_| files.len() == 1).map(|file| format!(": it {}", file.reason));
            format!("{spec}: no policy here{}", why.unwrap_or_default())
        }
        [] => {
            let is_call = address.is_some_and(|address| address.starts_with("module."));
            let hint =
                if is_call { " (a module is read with its calls where the folder that calls it is named)" } else { "" };
            format!("{spec}: no policy with this address{hint}; {}", listed(sites))
        }
        _ => {
            let count = fitting.len();
            format!("{spec}: {count} policies; choose one with `#` and its address; {}", listed(&fitting))
        }
    };
    Err(Some(message))
}

/// A policy of which there is one form, ready to be asked.
fn loaded(Site { file, policy }: Site<'_>, kind: Option<PolicyKind>) -> Result<Loaded, Failure> {
    let [form] = policy.forms.as_slice() else {
        let why = match policy.forms.is_empty() {
            true => "is larger than what is judged",
            false => "is written differently under different conditions; take one of its forms into a file of its own",
        };
        return Err(Failure::Message(format!("{}: {} {why}", file.source.path, policy.address)));
    };
    let account = match &form.owner.account {
        OwnerAccount::Id(account) => Some(account.clone()),
        OwnerAccount::Unknown => None,
    };
    let name = form.owner.name.as_ref().and_then(|name| name.known());
    let role = account.as_ref().zip(name).map(|(account, name)| format!("arn:aws:iam::{account}:role/{name}"));
    let not_judged = policy.ledger(&file.source);
    let source = Rc::new(Source::new(file.source.path.as_str(), file.source.text.as_str()));
    let (address, kind) = (policy.address.clone(), kind.unwrap_or(policy.kind));
    let policy = Rc::new(lower(&source, &form.document, kind)?);
    Ok(Loaded { source, address, kind, level: 0, policy, role, account, not_judged })
}
