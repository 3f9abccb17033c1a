//! The standing questions in a concrete form: whether one request is among those that a question asks about.
//!
//! [`queries`](super::queries) has each question as boxes for the search; both forms read the same lists.

use super::callers::{Derived, Has, Kind};
use super::lawful::is_provider_of;
use super::named::{AGE, BOUND, ELSEWHERE, MFA, Named, SOURCES};
use super::queries::{ExternalId, Mfa, Query, Sent};
use super::want::{Want, exactly};
use crate::access::request::{Caller, Request};
use crate::site::PolicyKind;

/// A question about one request.
#[derive(Debug)]
pub struct Asked {
    /// The actions that it is about; none for every action.
    actions: &'static [&'static str],
    callers: Callers,
    /// What it wants of keys, by name.
    keys: Vec<(String, Want)>,
}

/// Who calls.
#[derive(Debug)]
pub enum Callers {
    /// Whoever.
    Anything,
    /// Users and roles of an account that nobody named.
    Strangers,
    /// Users and roles of this account.
    Of(String),
    /// Users and roles of an account that is none of these.
    NotOf(Vec<String>),
    /// Users.
    Users,
    /// The service with this host.
    Service(String),
    /// Tokens of the providers of this issuer.
    Tokens(String),
    /// SAML assertions.
    Assertions,
    /// Callers who may lack a key that follows from them.
    Lacking(Derived),
}

const ASSUME: &[&str] = &["sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity"];
const ASSUME_ROLE: &[&str] = &["sts:AssumeRole"];
const WEB_IDENTITY: &[&str] = &["sts:AssumeRoleWithWebIdentity"];
const WITH_SAML: &[&str] = &["sts:AssumeRoleWithSAML"];

const EXTERNAL_ID: &str = "sts:ExternalId";

impl Asked {
    /// Every request: for what is asked of a statement alone.
    pub fn everything() -> Asked {
        Asked { actions: &[], callers: Callers::Anything, keys: Vec::new() }
    }

    /// A question in its concrete form: a request of any of these answers it. None means that it does not arise.
    pub fn of(query: &Query, named: &Named<'_>, kind: PolicyKind) -> Vec<Asked> {
        // A question about a role is one about any action where the policy is not a role's.
        let only = |actions: &'static [&'static str]| if kind == PolicyKind::Trust { actions } else { &[] };
        let account = |account: &Option<String>| match account {
            Some(account) => Callers::Of(account.clone()),
            None => Callers::NotOf(named.own_accounts()),
        };
        let asked = |actions, callers, mut keys: Vec<(String, Want)>| {
            keys.retain(|(key, _)| named.reads(key));
            vec![Asked { actions, callers, keys }]
        };
        let key = |key: &str, want: Want| (key.to_owned(), want);
        let id = |want: Want| key(EXTERNAL_ID, want);
        let no_mfa = || key(MFA, Want::NotIn(exactly("true")));
        match query {
            Query::Anything => asked(only(ASSUME), Callers::Anything, Vec::new()),
            Query::Anybody { knows_external_id } => {
                let sources = SOURCES.iter().map(|(key, _)| *key);
                let bound = BOUND
                    .iter()
                    .copied()
                    .chain(sources)
                    .filter(|key| named.reads(key) && !(*knows_external_id && *key == EXTERNAL_ID));
                let keys = bound.map(|bound| key(bound, Want::NotIn(named.known(bound)))).collect();
                asked(only(ASSUME), Callers::Strangers, keys)
            }
            Query::OutsideTrusted => {
                let inside = named.own_accounts().into_iter().chain(named.estate.trusted.iter().cloned()).collect();
                asked(ASSUME_ROLE, Callers::NotOf(inside), named.outside())
            }
            Query::Account(account) => asked(ASSUME_ROLE, Callers::Of(account.clone()), Vec::new()),
            Query::WithoutExternalId { account: of } => asked(ASSUME_ROLE, account(of), vec![id(Want::Absent)]),
            Query::AnyExternalId { account: of } => {
                asked(ASSUME_ROLE, account(of), vec![id(Want::Out(named.known(EXTERNAL_ID)))])
            }
            Query::Machine { account: of, id: sent } => {
                let mut keys = vec![no_mfa(), key(AGE, Want::Absent)];
                let organization =
                    ["aws:PrincipalOrgID", "aws:PrincipalOrgPaths"].into_iter().filter(|key| named.reads(key));
                keys.extend(organization.map(|name| key(name, Want::NotIn(named.known(name)))));
                keys.push(id(match sent {
                    ExternalId::Absent => Want::Absent,
                    ExternalId::Unnamed => Want::Out(named.known(EXTERNAL_ID)),
                    ExternalId::Unlike => Want::Out(named.patterns(EXTERNAL_ID)),
                }));
                asked(ASSUME_ROLE, account(of), keys)
            }
            Query::WithoutMfa => asked(ASSUME_ROLE, Callers::Users, vec![no_mfa()]),
            Query::User { mfa, external_id } => {
                let mut keys = match mfa {
                    Mfa::Absent => vec![key(MFA, Want::Absent), key(AGE, Want::Absent)],
                    Mfa::No => vec![key(MFA, Want::Is("false".to_owned())), key(AGE, Want::Absent)],
                    Mfa::Yes => vec![key(MFA, Want::Is("true".to_owned()))],
                };
                if !external_id {
                    keys.push(id(Want::Absent));
                }
                asked(ASSUME_ROLE, Callers::Users, keys)
            }
            Query::ForeignToken { issuer } => match named.foreign(issuer) {
                Some(keys) => asked(WEB_IDENTITY, Callers::Tokens(issuer.clone()), keys),
                None => Vec::new(),
            },
            Query::WrongAudience { issuer } => {
                let audience = format!("{issuer}:aud");
                let other = Want::Out(named.literals(&audience));
                asked(WEB_IDENTITY, Callers::Tokens(issuer.clone()), vec![(audience, other)])
            }
            Query::Service { host, sent } => {
                let one = |keys| asked(ASSUME_ROLE, Callers::Service(host.clone()), keys);
                sources(named, sent).into_iter().flat_map(one).collect()
            }
            Query::ForeignAssertion => {
                asked(WITH_SAML, Callers::Assertions, vec![key("saml:aud", Want::Is(ELSEWHERE.to_owned()))])
            }
            Query::WithoutKey { key: name } => match Derived::of(name) {
                Some(derived) => asked(only(ASSUME), Callers::Lacking(derived), Vec::new()),
                None => asked(only(ASSUME), Callers::Anything, vec![key(name, Want::Absent)]),
            },
        }
    }

    /// The actions that the question is about; none for every action.
    pub fn actions(&self) -> &'static [&'static str] {
        self.actions
    }

    /// Whose requests the question is about.
    pub fn callers(&self) -> &Callers {
        &self.callers
    }

    /// What the question wants of keys; it may want several things of one key.
    pub fn wants(&self, key: &str) -> impl Iterator<Item = &Want> {
        self.keys.iter().filter(move |(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, want)| want)
    }

    /// The keys of which the question wants something.
    pub fn keys(&self) -> impl Iterator<Item = (&str, &Want)> {
        self.keys.iter().map(|(key, want)| (key.as_str(), want))
    }

    /// Whether the question is about an action.
    pub fn takes(&self, action: &str) -> bool {
        self.actions.is_empty() || self.actions.iter().any(|one| one.eq_ignore_ascii_case(action))
    }

    /// Whether the question is about requests of a caller.
    pub fn may_call(&self, caller: &Caller) -> bool {
        let kind = Kind::of(caller);
        let member = || matches!(kind, Kind::User | Kind::Role);
        let account = || caller.account().unwrap_or_default();
        match &self.callers {
            Callers::Anything => true,
            // Whether nobody named an account is for those to say who know the policy.
            Callers::Strangers => member(),
            Callers::Of(own) => member() && own == account(),
            Callers::NotOf(accounts) => member() && accounts.iter().all(|own| own != account()),
            Callers::Users => kind == Kind::User,
            Callers::Service(host) => matches!(caller, Caller::Service(own) if own == host),
            Callers::Tokens(issuer) => matches!(caller, Caller::Oidc(provider) if is_provider_of(provider, issuer)),
            Callers::Assertions => kind == Kind::Saml,
            Callers::Lacking(key) => key.presence(kind) != Has::Always,
        }
    }

    /// Whether a request is one of those that the question is about.
    pub fn accepts(&self, request: &Request) -> bool {
        self.takes(&request.action)
            && self.may_call(&request.caller)
            && self.keys.iter().all(|(key, want)| want.accepts(request.context.get(key)))
    }
}

/// What a service sends of the source that it acts for: nothing of those whom the policy names, and at least one of the
/// keys that it always sends, if any of them is read.
fn sources(named: &Named<'_>, sent: &Sent) -> Vec<Vec<(String, Want)>> {
    let is_sent = |key: &str| match sent {
        Sent::All | Sent::Anchor => true,
        Sent::Only(keys) => keys.iter().any(|one| one.eq_ignore_ascii_case(key)),
    };
    let mut read: Vec<(&str, bool)> = SOURCES.iter().copied().filter(|(key, _)| named.reads(key)).collect();
    if *sent == Sent::Anchor {
        read.retain(|(key, _)| *key == "aws:SourceArn");
    }
    let wants = |sent_for_sure: Option<&str>| {
        let want = |key: &str| match key {
            key if !is_sent(key) => Want::Absent,
            key if sent_for_sure == Some(key) => Want::Out(named.known(key)),
            key => Want::NotIn(named.known(key)),
        };
        read.iter().map(|(key, _)| ((*key).to_owned(), want(key))).collect()
    };
    let sure: Vec<&str> = read.iter().filter(|(key, always)| *always && is_sent(key)).map(|(key, _)| *key).collect();
    match sure.as_slice() {
        [] => vec![wants(None)],
        sure => sure.iter().map(|key| wants(Some(key))).collect(),
    }
}
