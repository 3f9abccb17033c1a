//! The laws in a concrete form: which of them one request breaks.
//!
//! [`axioms`](super::axioms) lists what AWS never does; there each law becomes a box that a search stays out of. Here the
//! same list is held against one request, so that a request can be made without a search. A law about a key that nothing
//! reads says nothing in either form.

use super::axioms::{AXIOMS, Fact, Form, Owner, actions, issuer_of};
use super::callers::{Derived, Kind};
use super::domain::Domain;
use super::keyspace;
use crate::access::answer::Estate;
use crate::access::decide::eval;
use crate::access::request::{Caller, Request};
use crate::aws::accounts::is_account_id;
use crate::aws::keys::{self, Flow, Key, Mark, Presence};
use crate::aws::sts;
use crate::policy::condition::Family;
use crate::policy::pattern::glob;
use crate::policy::{Condition, Policy};

/// The keys that a trust policy reads, beside those that follow from the caller, and the laws that speak of them.
#[derive(Debug)]
pub struct Reads {
    /// Each key once, in the order in which the policy names them.
    pub keys: Vec<ReadKey>,
    never: Vec<(&'static str, Vec<Fact>)>,
    owners: Vec<Owned>,
}

/// A key that a policy reads.
#[derive(Debug)]
pub struct ReadKey {
    /// As the policy writes it.
    pub name: String,
    /// What AWS says of it; `None` for keys that no request to STS has.
    pub known: Option<Key>,
    /// What values it has.
    pub domain: Domain,
}

/// A law about two keys whose values name one owner.
#[derive(Debug)]
struct Owned {
    id: &'static str,
    keys: (&'static str, &'static str),
    owner: Owner,
    /// The owners whom the policy names.
    named: Vec<String>,
}

const MFA: &str = "aws:MultiFactorAuthPresent";
const AGE: &str = "aws:MultiFactorAuthAge";

impl Reads {
    /// The keys and laws of a policy.
    pub fn of(policy: &Policy, estate: &Estate) -> Reads {
        let mut reads = Reads { keys: Vec::new(), never: Vec::new(), owners: Vec::new() };
        for condition in policy.statements.iter().flat_map(|statement| &statement.conditions) {
            if Derived::of(&condition.key).is_none() {
                reads.read(&condition.key, policy);
            }
        }
        // An age of the MFA says that there was one.
        if reads.find(AGE).is_some() {
            reads.read(MFA, policy);
        }
        for axiom in AXIOMS {
            match axiom.form {
                Form::Never(facts)
                    if facts.iter().all(|fact| fact.key().is_none_or(|key| reads.find(key).is_some())) =>
                {
                    reads.never.push((axiom.id, facts.to_vec()));
                }
                Form::Owners(first, second, owner) if reads.find(first).is_some() && reads.find(second).is_some() => {
                    let named = named(policy, estate, (first, second), owner);
                    reads.owners.push(Owned { id: axiom.id, keys: (first, second), owner, named });
                }
                Form::Never(_) | Form::Owners(..) | Form::Pairing | Form::Presence | Form::Claims | Form::Tags => {}
            }
        }
        reads
    }

    fn read(&mut self, name: &str, policy: &Policy) {
        if self.find(name).is_none() {
            let known = keys::key(name);
            let domain = match &known {
                Some(key) => keyspace::domain(Some(key), &[]),
                None => unlisted(policy, name),
            };
            self.keys.push(ReadKey { name: name.to_owned(), known, domain });
        }
    }

    /// A key that the policy reads.
    pub fn find(&self, name: &str) -> Option<&ReadKey> {
        self.keys.iter().find(|key| key.name.eq_ignore_ascii_case(name))
    }

    /// The keys of which a law speaks.
    pub fn keys_of(&self, law: &str) -> Vec<&str> {
        let axioms = AXIOMS.iter().filter(|axiom| axiom.id == law);
        let mut keys: Vec<&str> = axioms
            .flat_map(|axiom| match axiom.form {
                Form::Never(facts) => facts.iter().filter_map(|fact| fact.key()).collect(),
                Form::Owners(first, second, _) => vec![second, first],
                Form::Tags => vec!["aws:TagKeys"],
                Form::Pairing | Form::Presence | Form::Claims => Vec::new(),
            })
            .collect();
        if law == "tags" {
            keys.extend(self.keys.iter().map(|key| key.name.as_str()).filter(|name| is_request_tag(name).is_some()));
        }
        keys
    }

    /// The law that a request breaks; `None` if it can come about. A user may have signed with either sort of keys.
    pub fn broken(&self, request: &Request) -> Option<&'static str> {
        let kind = Kind::of(&request.caller);
        let broken = self.broken_by(request, kind, true)?;
        self.broken_by(request, kind, false).and(Some(broken))
    }

    fn broken_by(&self, request: &Request, kind: Kind, long_term: bool) -> Option<&'static str> {
        let Some(flow) = flow(kind, long_term) else { return Some("root-user") };
        if !pairs(&request.action, flow) {
            return Some("pairing");
        }
        let values = |name: &str| eval::keys::values(request, name);
        for key in &self.keys {
            let present = values(&key.name).is_some();
            if presence(key, flow) == Some(!present) {
                return Some("presence");
            }
            if breaks_claims(key, &request.caller, present) {
                return Some("claims");
            }
            let fits = |value: &String| key.domain.holds(value);
            if values(&key.name).is_some_and(|values| !values.iter().all(fits)) {
                return Some("domain");
            }
        }
        let holds = |fact: &Fact| match fact {
            Fact::By(kinds) => kinds.contains(&kind),
            Fact::LongTermKeys => long_term,
            Fact::Has(key) => values(key).is_some(),
            Fact::Lacks(key) => values(key).is_none(),
            Fact::Is(key, wanted) => values(key).is_some_and(|values| values.iter().any(|value| value == wanted)),
            Fact::Like(key, pattern) => {
                values(key).is_some_and(|values| values.iter().any(|value| glob(pattern, value)))
            }
            Fact::Unlike(key, pattern) => {
                values(key).is_some_and(|values| !values.iter().any(|value| glob(pattern, value)))
            }
        };
        let never = self.never.iter().find(|(_, facts)| facts.iter().all(holds)).map(|(id, _)| *id);
        never
            .or_else(|| self.owners.iter().find(|law| law.is_broken(request)).map(|law| law.id))
            .or_else(|| self.breaks_tags(request).then_some("tags"))
    }

    /// Session tags and the list of their names say the same.
    fn breaks_tags(&self, request: &Request) -> bool {
        if self.find("aws:TagKeys").is_none() {
            return false;
        }
        let listed = request.context.get("aws:TagKeys").unwrap_or_default();
        self.keys.iter().any(|key| {
            is_request_tag(&key.name).is_some_and(|tag| {
                let is_listed = listed.iter().any(|name| name.eq_ignore_ascii_case(tag));
                is_listed != request.context.get(&key.name).is_some()
            })
        })
    }
}

/// The tag that a key of `aws:RequestTag/` names.
fn is_request_tag(key: &str) -> Option<&str> {
    let (start, tag) = key.split_at_checked("aws:RequestTag/".len())?;
    start.eq_ignore_ascii_case("aws:RequestTag/").then_some(tag)
}

/// Whether requests of a flow must have the key (`true`) or must not (`false`).
pub fn presence(key: &ReadKey, flow: Flow) -> Option<bool> {
    // A key of another service, or one that does not exist: STS never sends it.
    let Some(known) = &key.known else { return Some(false) };
    // Nothing may rest on a row of which nobody is sure.
    if known.mark == Mark::Unsure {
        return None;
    }
    match known.presence(flow) {
        Presence::Never => Some(false),
        // A claim is always in the tokens of its own issuer only.
        Presence::Always if flow == Flow::WebIdentity && issuer_of(&key.name).is_some() => None,
        Presence::Always => Some(true),
        Presence::Sometimes | Presence::Unverified => None,
    }
}

/// A claim is in no token of another issuer, and one that is always there is in every token of its own.
fn breaks_claims(key: &ReadKey, caller: &Caller, present: bool) -> bool {
    let Caller::Oidc(provider) = caller else { return false };
    let Some(issuer) = issuer_of(&key.name) else { return false };
    let is_own = is_provider_of(provider, issuer);
    let always =
        key.known.is_some_and(|key| key.mark != Mark::Unsure && key.presence(Flow::WebIdentity) == Presence::Always);
    if present { !is_own } else { is_own && always }
}

/// Whether a provider, by ARN or host, gives the tokens of an issuer.
pub fn is_provider_of(provider: &str, issuer: &str) -> bool {
    let named = provider.split_once(":oidc-provider/").map_or(provider, |(_, named)| named);
    named.trim_end_matches('/').eq_ignore_ascii_case(issuer.trim_end_matches('/'))
}

/// The flow of a caller's requests; `None` for callers that assume no roles.
pub fn flow(kind: Kind, long_term: bool) -> Option<Flow> {
    match kind {
        Kind::User if long_term => Some(Flow::User),
        Kind::User => Some(Flow::UserSession),
        Kind::Role => Some(Flow::RoleSession),
        Kind::Service => Some(Flow::Service),
        Kind::Saml => Some(Flow::Saml),
        Kind::Oidc => Some(Flow::WebIdentity),
        Kind::Root | Kind::FederatedUser | Kind::Anonymous => None,
    }
}

/// Whether STS decides this action by a trust policy, for such callers.
fn pairs(action: &str, flow: Flow) -> bool {
    let listed = actions().iter().any(|known| known.eq_ignore_ascii_case(action));
    listed && action.get(4..).is_some_and(|name| sts::live(name, flow.caller()))
}

impl Owned {
    fn is_broken(&self, request: &Request) -> bool {
        let (Some(first), Some(second)) = (request.context.get(self.keys.0), request.context.get(self.keys.1)) else {
            return false;
        };
        self.named.iter().any(|name| {
            let is = |value: &String| value == name;
            let own = |value: &String| self.owner_of(value).is_some_and(|owner| owner == name);
            let nobodys = |value: &String| self.owner_of(value).is_some_and(str::is_empty);
            let by_first = first.iter().any(is);
            let by_second = second.iter().any(own);
            let maybe_own = by_second || second.iter().any(nobodys);
            (by_first && !maybe_own) || (!by_first && by_second)
        })
    }

    /// Whom a value of the second key belongs to; an ARN may name nobody.
    fn owner_of<'v>(&self, value: &'v str) -> Option<&'v str> {
        match self.owner {
            Owner::Organization => value.split_once('/').map(|(organization, _)| organization),
            Owner::Account => value.split(':').nth(4),
        }
    }
}

/// The owners that a policy and the configuration name under two keys.
fn named(policy: &Policy, estate: &Estate, (first, second): (&str, &str), owner: Owner) -> Vec<String> {
    let values = |key| about(policy, key).flat_map(|condition| &condition.values).filter_map(|value| value.known());
    let literal = |text: &&str| !text.is_empty() && !text.contains(['*', '?', '$']);
    let mut named: Vec<String> = values(first).filter(literal).map(str::to_owned).collect();
    let owners = values(second).filter_map(|value| match owner {
        Owner::Organization => value.split_once('/').map(|(organization, _)| organization),
        Owner::Account => value.split(':').nth(4),
    });
    named.extend(owners.filter(literal).map(str::to_owned));
    match owner {
        Owner::Organization => named.extend(estate.organization.clone()),
        Owner::Account => named.extend(estate.account.iter().chain(&estate.accounts).chain(&estate.trusted).cloned()),
    }
    named.retain(|name| match owner {
        Owner::Organization => name.starts_with("o-"),
        Owner::Account => is_account_id(name),
    });
    named.sort();
    named.dedup();
    named
}

/// The values of a key that AWS does not list: of the sort that all its tests ask for.
fn unlisted(policy: &Policy, name: &str) -> Domain {
    let bases = about(policy, name).filter_map(|one| one.operator.base);
    let families: Vec<Family> = bases.map(|base| base.family()).collect();
    let all = |family: Family| {
        families.iter().all(|other| *other == family || *other == Family::Null) && families.contains(&family)
    };
    if all(Family::Numeric) {
        Domain::Number { whole: false }
    } else if all(Family::Date) {
        Domain::Date { epoch: false }
    } else if all(Family::Ip) {
        Domain::Ip
    } else {
        Domain::Text(Vec::new())
    }
}

/// Every condition of a policy about a key.
pub fn about<'p, 'k>(policy: &'p Policy, key: &'k str) -> impl Iterator<Item = &'p Condition> + use<'p, 'k> {
    policy.statements.iter().flat_map(|one| &one.conditions).filter(move |one| one.is_about(key))
}
