//! What cannot happen, as data: combinations that no request to assume a role has.
//!
//! An impossible combination is a box, like a Deny. Without these laws the engine would offer requests that AWS never
//! makes, and would call nothing dead. A law about a key that nothing reads says nothing and is left out: that key can
//! then have whatever value the law asks for. A key without a law may have any value.

use super::callers::{Kind, Who};
use super::domain::Test;
use super::pattern::{Class, Element, Pattern, Syntax};
use super::solve::Clause;
use super::space::{Builder, Dim, Group, Region, Space, kind_of};
use crate::aws::keys::{Flow, Key, Mark, Presence};
use crate::aws::sts;
use crate::site::PolicyKind;
use std::sync::LazyLock;

/// How sure a law is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confidence {
    /// It follows from how the calls are made.
    Certain,
    /// AWS documents it.
    Documented,
}

/// A law: what is impossible, and who says so.
#[derive(Clone, Copy, Debug)]
pub struct Axiom {
    /// Its name.
    pub id: &'static str,
    /// What cannot be.
    pub impossible: &'static str,
    /// The title of the document.
    pub source: &'static str,
    /// How sure it is.
    pub confidence: Confidence,
    /// What it forbids.
    pub(super) form: Form,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Form {
    /// Actions by callers whom [`sts::live`] does not pair with them.
    Pairing,
    /// Presence and absence of keys by flow, from the table of [`crate::aws::keys`].
    Presence,
    /// Claims of one issuer in tokens of another.
    Claims,
    /// Session tags and `aws:TagKeys`.
    Tags,
    /// A value of one key that belongs to somebody, with a value of another key that belongs to somebody else.
    Owners(&'static str, &'static str, Owner),
    /// Facts that do not come together.
    Never(&'static [Fact]),
}

/// How the values of two keys name the same owner.
#[derive(Clone, Copy, Debug)]
pub(super) enum Owner {
    /// The second key's paths begin with the organization that the first names.
    Organization,
    /// The second key's ARN has the account that the first names, or none.
    Account,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Fact {
    By(&'static [Kind]),
    LongTermKeys,
    Has(&'static str),
    Lacks(&'static str),
    Is(&'static str, &'static str),
    /// The key is there with a value that the pattern matches.
    Like(&'static str, &'static str),
    /// The key is there with a value that the pattern does not match.
    Unlike(&'static str, &'static str),
}

impl Fact {
    /// The key that it is about.
    pub(super) fn key(self) -> Option<&'static str> {
        match self {
            Fact::By(_) | Fact::LongTermKeys => None,
            Fact::Has(key) | Fact::Lacks(key) | Fact::Is(key, _) | Fact::Like(key, _) | Fact::Unlike(key, _) => {
                Some(key)
            }
        }
    }
}

use Confidence::{Certain, Documented};
use Fact::{By, Has, Is, Lacks, Like, LongTermKeys, Unlike};

const KEYS: &str = "AWS global condition context keys";
const MFA: &str = "aws:MultiFactorAuthPresent";
const AGE: &str = "aws:MultiFactorAuthAge";

/// Every law.
pub const AXIOMS: &[Axiom] = &[
    Axiom {
        id: "pairing",
        impossible: "an STS action by a caller of a kind that it is not for",
        source: "Access Analyzer policy check reference: Mismatched action for principal",
        confidence: Certain,
        form: Form::Pairing,
    },
    Axiom {
        id: "presence",
        impossible: "a key in a flow that never has it, or its absence in a flow that always has it",
        source: KEYS,
        confidence: Documented,
        form: Form::Presence,
    },
    Axiom {
        id: "claims",
        impossible: "a claim of one issuer in a token of another",
        source: "IAM and AWS STS condition context keys",
        confidence: Certain,
        form: Form::Claims,
    },
    Axiom {
        id: "tags",
        impossible: "a session tag that is not listed in aws:TagKeys, or is listed and not passed",
        source: "Passing session tags in AWS STS",
        confidence: Documented,
        form: Form::Tags,
    },
    Axiom {
        id: "root-user",
        impossible: "a root user or a federated user who assumes a role",
        source: "Switching to an IAM role (AWS API)",
        confidence: Documented,
        form: Form::Never(&[By(&[Kind::Root, Kind::FederatedUser, Kind::Anonymous])]),
    },
    Axiom {
        id: "mfa-age-needs-mfa",
        impossible: "an age of the MFA where MFA was not used",
        source: KEYS,
        confidence: Documented,
        form: Form::Never(&[Has(AGE), Is(MFA, "false")]),
    },
    Axiom {
        id: "mfa-age-needs-the-key",
        impossible: "an age of the MFA without aws:MultiFactorAuthPresent",
        source: KEYS,
        confidence: Documented,
        form: Form::Never(&[Has(AGE), Lacks(MFA)]),
    },
    Axiom {
        id: "mfa-false-needs-temporary",
        impossible: "aws:MultiFactorAuthPresent false with long-term keys: there it is absent",
        source: KEYS,
        confidence: Documented,
        form: Form::Never(&[By(&[Kind::User]), LongTermKeys, Is(MFA, "false")]),
    },
    Axiom {
        id: "mfa-not-in-chains",
        impossible: "aws:MultiFactorAuthPresent true for the session of a role",
        source: "Configuring MFA-protected API access",
        confidence: Documented,
        form: Form::Never(&[By(&[Kind::Role]), Is(MFA, "true")]),
    },
    Axiom {
        id: "id-of-user",
        impossible: "a user whose aws:userid is not the unique id of a user",
        source: "IAM policy elements: Variables and tags",
        confidence: Documented,
        form: Form::Never(&[By(&[Kind::User]), Unlike("aws:userid", "AIDA*")]),
    },
    Axiom {
        id: "user-has-no-session",
        impossible: "a user whose aws:userid names a session",
        source: "IAM policy elements: Variables and tags",
        confidence: Documented,
        form: Form::Never(&[By(&[Kind::User]), Like("aws:userid", "*:*")]),
    },
    Axiom {
        id: "id-of-role-session",
        impossible: "a session of a role whose aws:userid is not ROLE-ID:SESSION",
        source: "IAM policy elements: Variables and tags",
        confidence: Documented,
        form: Form::Never(&[By(&[Kind::Role]), Unlike("aws:userid", "AROA*:*")]),
    },
    Axiom {
        id: "tls-only",
        impossible: "a call to STS without TLS",
        source: KEYS,
        confidence: Documented,
        form: Form::Never(&[Is("aws:SecureTransport", "false")]),
    },
    Axiom {
        id: "address-not-from-vpc-ip",
        impossible: "aws:SourceIp together with aws:VpcSourceIp",
        source: KEYS,
        confidence: Documented,
        form: Form::Never(&[Has("aws:SourceIp"), Has("aws:VpcSourceIp")]),
    },
    Axiom {
        id: "address-not-from-vpc",
        impossible: "aws:SourceIp together with aws:SourceVpc",
        source: KEYS,
        confidence: Documented,
        form: Form::Never(&[Has("aws:SourceIp"), Has("aws:SourceVpc")]),
    },
    Axiom {
        id: "address-not-from-endpoint",
        impossible: "aws:SourceIp together with aws:SourceVpce",
        source: KEYS,
        confidence: Documented,
        form: Form::Never(&[Has("aws:SourceIp"), Has("aws:SourceVpce")]),
    },
    Axiom {
        id: "endpoint-has-vpc",
        impossible: "aws:SourceVpce without aws:SourceVpc",
        source: KEYS,
        confidence: Documented,
        form: Form::Never(&[Has("aws:SourceVpce"), Lacks("aws:SourceVpc")]),
    },
    Axiom {
        id: "vpc-has-endpoint",
        impossible: "aws:SourceVpc without aws:SourceVpce",
        source: KEYS,
        confidence: Documented,
        form: Form::Never(&[Has("aws:SourceVpc"), Lacks("aws:SourceVpce")]),
    },
    Axiom {
        id: "address-or-endpoint",
        impossible: "a signed call with neither aws:SourceIp nor a VPC endpoint",
        source: KEYS,
        confidence: Documented,
        form: Form::Never(&[By(&[Kind::User, Kind::Role]), Lacks("aws:SourceIp"), Lacks("aws:SourceVpce")]),
    },
    Axiom {
        id: "address-or-vpc",
        impossible: "a signed call with neither aws:SourceIp nor aws:SourceVpc",
        source: KEYS,
        confidence: Documented,
        form: Form::Never(&[By(&[Kind::User, Kind::Role]), Lacks("aws:SourceIp"), Lacks("aws:SourceVpc")]),
    },
    Axiom {
        id: "organization-has-path",
        impossible: "aws:PrincipalOrgID without aws:PrincipalOrgPaths",
        source: KEYS,
        confidence: Documented,
        form: Form::Never(&[Has("aws:PrincipalOrgID"), Lacks("aws:PrincipalOrgPaths")]),
    },
    Axiom {
        id: "path-in-organization",
        impossible: "aws:PrincipalOrgPaths in another organization than aws:PrincipalOrgID",
        source: KEYS,
        confidence: Documented,
        form: Form::Owners("aws:PrincipalOrgID", "aws:PrincipalOrgPaths", Owner::Organization),
    },
    Axiom {
        id: "source-path-in-organization",
        impossible: "aws:SourceOrgPaths in another organization than aws:SourceOrgID",
        source: KEYS,
        confidence: Documented,
        form: Form::Owners("aws:SourceOrgID", "aws:SourceOrgPaths", Owner::Organization),
    },
    Axiom {
        id: "source-in-account",
        impossible: "aws:SourceArn of another account than aws:SourceAccount",
        source: KEYS,
        confidence: Documented,
        form: Form::Owners("aws:SourceAccount", "aws:SourceArn", Owner::Account),
    },
    Axiom {
        id: "path-has-organization",
        impossible: "aws:PrincipalOrgPaths without aws:PrincipalOrgID",
        source: KEYS,
        confidence: Documented,
        form: Form::Never(&[Has("aws:PrincipalOrgPaths"), Lacks("aws:PrincipalOrgID")]),
    },
];

/// Laws whose readers are registered and whose boxes wait for the atoms.
pub struct Pending(Vec<(&'static str, Vec<Region>)>);

/// The law with this id.
pub fn axiom(id: &str) -> Option<&'static Axiom> {
    AXIOMS.iter().find(|axiom| axiom.id == id)
}

/// Register what the laws read. Call it when everything else has named its keys.
pub fn register(builder: &mut Builder, kind: PolicyKind) -> Pending {
    let mut pending = Pending(Vec::new());
    if kind == PolicyKind::Trust {
        for axiom in AXIOMS {
            match axiom.form {
                Form::Pairing => pairing(builder, axiom.id, &mut pending.0),
                Form::Presence => presence(builder, axiom.id, &mut pending.0),
                Form::Claims => claims(builder, axiom.id, &mut pending.0),
                Form::Tags => tags(builder, axiom.id, &mut pending.0),
                Form::Owners(first, second, owner) => {
                    owners(builder, (first, second, owner), axiom.id, &mut pending.0);
                }
                Form::Never(facts) => {
                    let regions: Option<Vec<Region>> = facts.iter().map(|fact| region(builder, *fact)).collect();
                    pending.0.extend(regions.map(|regions| (axiom.id, regions)));
                }
            }
        }
    }
    pending
}

impl Pending {
    /// The forbidden boxes, each with its law.
    pub fn resolve(&self, space: &Space) -> Vec<(&'static str, Clause)> {
        let resolve = |(id, regions): &(&'static str, Vec<Region>)| Some((*id, Region::forbid(regions, space)?));
        self.0.iter().filter_map(resolve).collect()
    }
}

/// A fact as a region; `None` if nothing reads its key.
fn region(builder: &mut Builder, fact: Fact) -> Option<Region> {
    Some(match fact {
        By(kinds) => Region::Kinds(kinds.to_vec()),
        LongTermKeys => Region::LongTerm(true),
        Has(key) => Region::Present(builder.read_key(key)?),
        Lacks(key) => Region::Absent(builder.read_key(key)?),
        Is(key, value) => {
            let dim = builder.read_key(key)?;
            Region::In(builder.test(dim, Test::Text(vec![Pattern::exactly(value)])))
        }
        Like(key, pattern) => {
            let dim = builder.read_key(key)?;
            Region::In(builder.test(dim, Test::Text(vec![Pattern::glob(pattern)])))
        }
        Unlike(key, pattern) => {
            let dim = builder.read_key(key)?;
            Region::Out(builder.test(dim, Test::Text(vec![Pattern::glob(pattern)])))
        }
    })
}

/// The pairing of actions and callers, read from its table once.
struct Pairs {
    /// Actions that some caller may use, `sts:Name`.
    live: Vec<String>,
    /// For each kind of caller, the live actions that are not for it.
    dead: Vec<(&'static [Kind], Vec<String>)>,
}

static PAIRS: LazyLock<Pairs> = LazyLock::new(|| {
    let is_live = |action: &&str| sts::Caller::ALL.iter().any(|caller| sts::live(action, *caller));
    let live: Vec<&str> = sts::actions().filter(is_live).collect();
    let dead = |caller: sts::Caller| {
        let not_his = live.iter().filter(|action| !sts::live(action, caller));
        not_his.map(|action| format!("sts:{action}")).collect()
    };
    let kinds = |caller: sts::Caller| -> &'static [Kind] {
        match caller {
            sts::Caller::Aws => &Kind::AWS,
            sts::Caller::Service => &[Kind::Service],
            sts::Caller::Saml => &[Kind::Saml],
            sts::Caller::Oidc => &[Kind::Oidc],
        }
    };
    Pairs {
        live: live.iter().map(|action| format!("sts:{action}")).collect(),
        dead: sts::Caller::ALL.map(|caller| (kinds(caller), dead(caller))).to_vec(),
    }
});

/// The actions that STS decides by a trust policy.
pub fn actions() -> &'static [String] {
    &PAIRS.live
}

fn pairing(builder: &mut Builder, id: &'static str, out: &mut Vec<(&'static str, Vec<Region>)>) {
    for (kinds, dead) in &PAIRS.dead {
        let dead = builder.named_actions(dead);
        out.push((id, vec![Region::Kinds(kinds.to_vec()), Region::In(dead)]));
    }
}

fn presence(builder: &mut Builder, id: &'static str, out: &mut Vec<(&'static str, Vec<Region>)>) {
    let all: Vec<Kind> = Kind::ALL.to_vec();
    let keys: Vec<(Dim, bool, Option<Key>)> =
        builder.read_keys().map(|(dim, name, key)| (dim, issuer_of(name).is_some(), key)).collect();
    for (dim, claim, key) in keys {
        let Some(key) = key else {
            // A key of another service, or one that does not exist: STS never sends it.
            out.push((id, vec![Region::Present(dim), Region::Kinds(all.clone())]));
            continue;
        };
        // Nothing may rest on a row of which nobody is sure.
        if key.mark == Mark::Unsure {
            continue;
        }
        for flow in Flow::ALL {
            let of = Region::Kinds(vec![kind_of(flow)]);
            let state = match key.presence(flow) {
                Presence::Never => Region::Present(dim),
                // A claim is always in the tokens of its own issuer only.
                Presence::Always if claim && flow == Flow::WebIdentity => continue,
                Presence::Always => Region::Absent(dim),
                Presence::Sometimes | Presence::Unverified => continue,
            };
            let mut regions = vec![of, state];
            // Both flows of a user are told apart only where the key does.
            if kind_of(flow) == Kind::User && key.presence(Flow::User) != key.presence(Flow::UserSession) {
                regions.push(Region::LongTerm(flow == Flow::User));
            }
            out.push((id, regions));
        }
    }
}

/// The issuer of a claim's key: what stands before the last colon, if that has a dot.
pub(super) fn issuer_of(key: &str) -> Option<&str> {
    let (issuer, _) = key.split_once(':')?;
    issuer.contains('.').then_some(issuer)
}

/// The providers of an issuer that the policy names, and the one by which others would name it.
pub fn providers(builder: &Builder, issuer: &str) -> Vec<String> {
    let mut found: Vec<String> = builder
        .caller_tests()
        .iter()
        .filter_map(|test| match test {
            Who::Oidc(pattern) => pattern.only_text(),
            _ => None,
        })
        .filter(|provider| {
            let named = provider.split_once(":oidc-provider/").map_or(provider.as_str(), |(_, named)| named);
            named.trim_end_matches('/').eq_ignore_ascii_case(issuer.trim_end_matches('/'))
        })
        .collect();
    if found.is_empty() {
        found.push(match crate::aws::issuers::is_builtin(issuer) {
            true => issuer.to_owned(),
            false => format!("arn:aws:iam::999999999999:oidc-provider/{issuer}"),
        });
    }
    found.sort();
    found.dedup();
    found
}

fn claims(builder: &mut Builder, id: &'static str, out: &mut Vec<(&'static str, Vec<Region>)>) {
    let claims: Vec<(Dim, String, Option<Presence>)> = builder
        .read_keys()
        .filter_map(|(dim, name, key)| {
            let presence = key.filter(|key| key.mark != Mark::Unsure).map(|key| key.presence(Flow::WebIdentity));
            Some((dim, issuer_of(name)?.to_owned(), presence))
        })
        .collect();
    for (dim, issuer, presence) in claims {
        let own: Vec<Group> = providers(builder, &issuer)
            .into_iter()
            .map(|provider| builder.caller(Who::Oidc(Pattern::exactly(&provider))))
            .collect();
        let mut foreign = vec![Region::Kinds(vec![Kind::Oidc]), Region::Present(dim)];
        foreign.extend(own.iter().map(|group| Region::NotIn(*group)));
        out.push((id, foreign));
        if presence == Some(Presence::Always) {
            out.extend(own.iter().map(|group| (id, vec![Region::In(*group), Region::Absent(dim)])));
        }
    }
}

fn tags(builder: &mut Builder, id: &'static str, out: &mut Vec<(&'static str, Vec<Region>)>) {
    let Some(keys) = builder.read_key("aws:TagKeys") else { return };
    let tags: Vec<(Dim, String)> = builder
        .read_keys()
        .filter_map(|(dim, name, _)| Some((dim, name.strip_prefix("aws:requesttag/")?.to_owned())))
        .collect();
    for (dim, tag) in tags {
        let folded = tag.chars().map(|c| Element {
            class: if c.is_ascii_alphabetic() { Class::Fold(c.to_ascii_lowercase()) } else { Class::Lit(c) },
            star: false,
        });
        let listed = builder.test(keys, Test::Text(vec![Pattern(folded.collect())]));
        out.push((id, vec![Region::Present(dim), Region::NotIn(listed)]));
        out.push((id, vec![Region::Absent(dim), Region::In(listed)]));
    }
}

/// For each owner that a test of either key names: what is his by one key is nobody else's by the other.
fn owners(
    builder: &mut Builder,
    (first, second, owner): (&str, &str, Owner),
    id: &'static str,
    out: &mut Vec<(&'static str, Vec<Region>)>,
) {
    let (Some(first), Some(second)) = (builder.read_key(first), builder.read_key(second)) else { return };
    let mut named: Vec<String> =
        builder.key_patterns(first).into_iter().filter_map(|pattern| pattern.only_text()).collect();
    named.extend(builder.key_patterns(second).into_iter().filter_map(|pattern| match owner {
        Owner::Organization => pattern.fixed_prefix().split_once('/').map(|(name, _)| name.to_owned()),
        Owner::Account => {
            // Literal fields stand between wildcards: only the account's field matters.
            let fields: Vec<&[Element]> = pattern.0.split(|element| element.class == Class::Lit(':')).collect();
            fields.get(4).and_then(|field| Pattern(field.to_vec()).only_text())
        }
    }));
    named.retain(|name| match owner {
        Owner::Organization => name.starts_with("o-"),
        Owner::Account => crate::aws::accounts::is_account_id(name),
    });
    named.sort();
    named.dedup();
    for name in named {
        let own = builder.test(first, Test::Text(vec![Pattern::exactly(&name)]));
        let (his, not_others) = match owner {
            Owner::Organization => {
                let his = vec![Pattern::exactly(&name).then(&Pattern::glob("/*"))];
                (his.clone(), his)
            }
            Owner::Account => {
                let arn = |account: &str| Pattern::compile(Syntax::Arn, &format!("arn:*:*:*:{account}:*"));
                let his: Vec<Pattern> = arn(&name).into_iter().collect();
                (his.clone(), his.into_iter().chain(arn("")).collect())
            }
        };
        let his = builder.test(second, Test::Text(his));
        let not_others = builder.test(second, Test::Text(not_others));
        out.push((id, vec![Region::In(own), Region::Out(not_others)]));
        out.push((id, vec![Region::Out(own), Region::In(his)]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_law_has_a_name_of_its_own_and_a_source() {
        for (at, law) in AXIOMS.iter().enumerate() {
            assert!(!law.source.is_empty() && !law.impossible.is_empty());
            assert!(AXIOMS[..at].iter().all(|other| other.id != law.id), "{}", law.id);
        }
        assert_eq!(axiom("tls-only").map(|axiom| axiom.confidence), Some(Documented));
    }

    #[test]
    fn actions_of_trust_policies() {
        assert_eq!(actions().len(), 6);
    }
}
