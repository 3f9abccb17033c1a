//! A policy site: one policy, where it was found and what is known about its surroundings.
//!
//! Inputs make them, the policy model and the rules read them; this is the seam between the formats of files and IAM.

use crate::span::{Span, Spanned};
use crate::value::{Text, Value};
use std::borrow::Cow;
use std::ops::Deref;

/// The largest policy document that is judged, in bytes: twice what IAM takes (IAM API Reference, CreateRole: 131,072
/// characters). Some checks compare statements with each other, and a hostile file may hold any number.
pub const MAX_DOCUMENT: usize = 256 * 1024;

/// What a policy is attached to, which decides its grammar and who reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PolicyKind {
    /// Who may assume a role.
    Trust,
    /// What a user, group or role may do.
    Identity,
    /// Who may use a resource: bucket, queue, key and the like.
    Resource,
    /// A service control policy of an organization.
    Scp,
    /// A resource control policy of an organization.
    Rcp,
    /// A permissions boundary.
    Boundary,
    /// A policy passed to an STS call.
    Session,
}

impl PolicyKind {
    /// Every kind with its name in pages, options and reports.
    pub const ALL: [(PolicyKind, &'static str); 7] = [
        (PolicyKind::Trust, "trust"),
        (PolicyKind::Identity, "identity"),
        (PolicyKind::Resource, "resource"),
        (PolicyKind::Scp, "scp"),
        (PolicyKind::Rcp, "rcp"),
        (PolicyKind::Boundary, "boundary"),
        (PolicyKind::Session, "session"),
    ];

    /// The name in pages, options and reports.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or("", |(_, name)| name)
    }

    /// The kind with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(kind, _)| *kind)
    }
}

/// One policy, with what the file around it says.
#[derive(Clone, Debug)]
pub struct PolicySite<'s> {
    /// What it is attached to.
    pub kind: PolicyKind,
    /// Where it stands inside the file, for people and fingerprints: `Resources.CiRole`, a role's ARN, or empty for a
    /// file that is one policy.
    pub address: String,
    /// The document; borrowed from the file's tree unless it had to be decoded or resolved.
    pub document: Tree<'s>,
    /// The place that names the policy's owner, for findings about what the document lacks.
    pub anchor: Span,
    /// What is known about the role or resource.
    pub owner: Owner,
    /// The choices under which this document is written so: `Fn::If` conditions with the branch taken.
    pub branch: Vec<(String, bool)>,
    /// Where values came from that the document uses.
    pub origins: Vec<Origin>,
    /// Members that what makes the document gives again, so that it has the last of them alone.
    pub redefined: Vec<Redefined>,
}

/// A member that stands twice in the text that makes a document, and once in the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redefined {
    /// Its name.
    pub key: String,
    /// Where it stands before.
    pub first: Span,
    /// Where it stands last: this one counts.
    pub last: Span,
}

/// The condition of a branch in which every variable that nobody sets has its default.
pub const DEFAULTS: &str = "the variables have their defaults";

/// A choice of a branch in words: "condition `IsProd` is true".
pub fn choice_in_words((name, holds): &(String, bool)) -> String {
    match (name.as_str(), holds) {
        (DEFAULTS, true) => DEFAULTS.to_owned(),
        (DEFAULTS, false) => "the variables do not have their defaults".to_owned(),
        (name, holds) => format!("condition `{name}` is {holds}"),
    }
}

/// Where a value came from: a finding at the place that uses it also shows the place that gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The place in the document.
    pub at: Span,
    /// The place that gives the value.
    pub from: Span,
    /// The value, or the elements of a list, each with its place.
    pub elements: Vec<(String, Span)>,
    /// How many values lie between: 0 where the place of the document names this one.
    pub steps: usize,
    /// What that place is: "the default of `var.trusted`".
    pub what: String,
}

impl PolicySite<'_> {
    /// The site on its own, free of the tree that it was found in.
    pub fn into_owned(self) -> PolicySite<'static> {
        let (origins, redefined) = (self.origins.clone(), self.redefined.clone());
        PolicySite { origins, redefined, ..self.placed(&|span| span) }
    }

    /// The same with its places in another text. Where values came from is left out: that may be in a third.
    pub fn placed(self, place: &impl Fn(Span) -> Span) -> PolicySite<'static> {
        let document = match self.document {
            Tree::Borrowed(value) => value.clone().into_owned(place),
            Tree::Owned(value) => value.into_owned(place),
        };
        let mut owner = self.owner;
        owner.extent = owner.extent.map(place);
        owner.durations_mut().for_each(|duration| duration.span = place(duration.span));
        PolicySite {
            kind: self.kind,
            address: self.address,
            document: Tree::Owned(document),
            anchor: place(self.anchor),
            owner,
            branch: self.branch,
            origins: Vec::new(),
            redefined: Vec::new(),
        }
    }
}

/// An address without what is said for people only: the path of a construct in parentheses at the end. This part
/// identifies the policy over time, for the logical id that the CDK makes of a path stays when a stack is renamed.
pub fn stable_address(address: &str) -> &str {
    let named = address.strip_suffix(')').and_then(|rest| rest.rsplit_once(" ("));
    named.map_or(address, |(stable, _)| stable)
}

/// A policy document: a part of the file's tree, or a tree of its own.
///
/// Not a `Cow`, which would tie the lifetime of a borrowed tree to be exactly the file's.
#[derive(Clone, Debug)]
pub enum Tree<'s> {
    /// It stands in the file as it is.
    Borrowed(&'s Value<'s>),
    /// It was decoded from a string, or intrinsic functions in it were resolved.
    Owned(Value<'s>),
}

impl<'s> From<Cow<'s, Value<'s>>> for Tree<'s> {
    fn from(value: Cow<'s, Value<'s>>) -> Self {
        match value {
            Cow::Borrowed(value) => Tree::Borrowed(value),
            Cow::Owned(value) => Tree::Owned(value),
        }
    }
}

impl<'s> Deref for Tree<'s> {
    type Target = Value<'s>;

    fn deref(&self) -> &Value<'s> {
        match self {
            Tree::Borrowed(value) => value,
            Tree::Owned(value) => value,
        }
    }
}

/// What is known about the role or resource that a policy belongs to.
#[derive(Clone, Debug, Default)]
pub struct Owner {
    /// The account it lives in.
    pub account: OwnerAccount,
    /// The role's name, where the file gives it.
    pub name: Option<Text>,
    /// The role's path, where the file gives it.
    pub path: Option<Text>,
    /// The names of IAM users of the same file that are there for programs: with an access key and no password.
    pub machines: Vec<String>,
    /// The longest session that the role or permission set allows, in seconds, as written. Where it is written in
    /// another unit, the seconds stand for that.
    pub max_session_duration: Option<Spanned<Text>>,
    /// The longest time that people stay signed in with the role, in seconds, as written.
    pub max_signin_duration: Option<Spanned<Text>>,
    /// The whole role or resource with its name, where the file shows it.
    pub extent: Option<Span>,
    /// The blocks that call the modules of Terraform in which the resource stands, the innermost first.
    pub calls: Vec<Span>,
}

impl Owner {
    /// The settings about the length of sessions: beside a policy, what a finding about it may stand at.
    pub fn durations(&self) -> impl Iterator<Item = &Spanned<Text>> {
        self.max_session_duration.iter().chain(&self.max_signin_duration)
    }

    /// [`Owner::durations`], to change their places.
    pub fn durations_mut(&mut self) -> impl Iterator<Item = &mut Spanned<Text>> {
        self.max_session_duration.iter_mut().chain(&mut self.max_signin_duration)
    }
}

/// What a file says about the account that a role or resource lives in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum OwnerAccount {
    /// Nothing.
    #[default]
    Unknown,
    /// This account: an ARN of the owner was in the file.
    Id(String),
}
