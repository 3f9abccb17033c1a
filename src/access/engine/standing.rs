//! The questions as boxes for the search.
//!
//! What a question says of one request ([`asked`](super::asked)) becomes a box: each test that it needs is registered
//! before the atoms are found, and looked up again when the question is asked.

use super::asked::{Asked, Callers};
use super::axioms;
use super::callers::{Has, Kind, Who};
use super::domain::Test;
use super::named::{AGE, MFA, Named};
use super::pattern::Pattern;
use super::queries::{ExternalId, Mfa, Query, Sent};
use super::space::{Builder, Dim, Group, Region, Space};
use super::want::Want;
use crate::access::answer::Estate;
use crate::policy::Policy;
use crate::site::PolicyKind;

/// The tests that the questions need, registered before the atoms are found.
#[derive(Debug)]
pub struct Standing {
    /// For each list of actions that questions are about: its group.
    actions: Vec<(&'static [&'static str], Group)>,
    /// For each test of a key: its group.
    tests: Vec<(String, Test, Group)>,
    /// For each issuer that the policies name: the groups of its providers.
    issuers: Vec<(String, Vec<Group>)>,
    services: Vec<(String, Group)>,
}

impl Standing {
    /// Register the tests of every question that may be asked.
    pub fn register(builder: &mut Builder, policies: &[Policy], kind: PolicyKind, estate: &Estate) -> Standing {
        // An age of the MFA says that there was one.
        if builder.read_key(AGE).is_some() {
            builder.key(MFA);
        }
        let named = Named { policies, estate };
        let mut standing =
            Standing { actions: Vec::new(), tests: Vec::new(), issuers: Vec::new(), services: Vec::new() };
        for issuer in issuers(builder) {
            let providers = axioms::providers(builder, &issuer);
            let groups = providers.iter().map(|provider| builder.caller(Who::Oidc(Pattern::exactly(provider))));
            standing.issuers.push((issuer, groups.collect()));
        }
        let hosts: Vec<String> = builder
            .caller_tests()
            .iter()
            .filter_map(|test| if let Who::Service(host) = test { host.only_text() } else { None })
            .collect();
        for host in hosts {
            let group = builder.caller(Who::Service(Pattern::exactly(&host)));
            standing.services.push((host, group));
        }
        for query in standing.queries(&named) {
            for asked in Asked::of(&query, &named, kind) {
                standing.add(builder, &asked);
            }
        }
        standing
    }

    /// One question for each sort of test that questions need.
    fn queries(&self, named: &Named<'_>) -> Vec<Query> {
        let mut queries = vec![Query::Anything, Query::Account(String::new())];
        if named.policies.iter().all(|policy| policy.statements.iter().all(|one| one.conditions.is_empty())) {
            // Nothing reads a key: no question needs a test of one.
            queries.push(Query::WrongAudience { issuer: String::new() });
            return queries;
        }
        queries.push(Query::Anybody { knows_external_id: false });
        queries.push(Query::OutsideTrusted);
        queries.push(Query::WithoutMfa);
        queries.extend([Mfa::No, Mfa::Yes].map(|mfa| Query::User { mfa, external_id: true }));
        let ids = [ExternalId::Unlike, ExternalId::Unnamed];
        queries.extend(ids.map(|id| Query::Machine { account: None, id }));
        queries.push(Query::AnyExternalId { account: None });
        queries.push(Query::ForeignAssertion);
        queries.push(Query::WrongAudience { issuer: String::new() });
        for (issuer, _) in &self.issuers {
            queries.push(Query::ForeignToken { issuer: issuer.clone() });
            queries.push(Query::WrongAudience { issuer: issuer.clone() });
        }
        queries.push(Query::Service { host: String::new(), sent: Sent::All });
        queries
    }

    fn add(&mut self, builder: &mut Builder, asked: &Asked) {
        let actions = asked.actions();
        if !actions.is_empty() && !self.actions.iter().any(|(known, _)| *known == actions) {
            let exact = actions.iter().map(|name| Pattern::exactly(name)).collect();
            self.actions.push((actions, builder.action(Test::Text(exact))));
        }
        for (key, want) in asked.keys() {
            let (Some(dim), Some(test)) = (builder.read_key(key), want.test()) else { continue };
            if self.group(key, &test).is_none() {
                let group = builder.test(dim, test.clone());
                self.tests.push((key.to_owned(), test, group));
            }
        }
    }

    fn group(&self, key: &str, test: &Test) -> Option<Group> {
        let found = self.tests.iter().find(|(name, known, _)| name.eq_ignore_ascii_case(key) && known == test);
        found.map(|(_, _, group)| *group)
    }

    /// The accounts that must be told apart.
    pub fn accounts(estate: &Estate) -> Vec<String> {
        let own = Named { policies: &[], estate }.own_accounts();
        // One of each list stands for the others that the policy does not name.
        own.into_iter().take(2).chain(estate.trusted.first().cloned()).collect()
    }

    /// The boxes of a question; a request of any of them answers it. None means that the question does not arise.
    pub fn boxes(&self, query: &Query, named: &Named<'_>, kind: PolicyKind, space: &Space) -> Vec<Vec<Region>> {
        Asked::of(query, named, kind).iter().flat_map(|asked| self.boxes_of(asked, space)).collect()
    }

    fn boxes_of(&self, asked: &Asked, space: &Space) -> Vec<Vec<Region>> {
        let mut regions = Vec::new();
        if let Some((_, group)) = self.actions.iter().find(|(actions, _)| *actions == asked.actions()) {
            regions.push(Region::In(*group));
        }
        for (key, want) in asked.keys() {
            // A key that nothing reads may be as it is wanted.
            let Some(dim) = space.key(key) else { continue };
            match self.region(key, dim, want) {
                Some(region) => regions.push(region),
                None => return Vec::new(),
            }
        }
        let members = || Region::Kinds(vec![Kind::User, Kind::Role]);
        let with = |more: Vec<Region>| vec![more.into_iter().chain(regions.iter().cloned()).collect()];
        match asked.callers() {
            Callers::Anything => with(Vec::new()),
            Callers::Strangers => with(vec![members(), Region::Accounts(space.callers.strangers.clone())]),
            Callers::Of(account) => with(vec![members(), Region::Accounts(vec![account.clone()])]),
            Callers::NotOf(accounts) => with(vec![members(), Region::OtherAccounts(accounts.clone())]),
            Callers::Users => with(vec![Region::Kinds(vec![Kind::User])]),
            Callers::Assertions => with(vec![Region::Kinds(vec![Kind::Saml])]),
            Callers::Lacking(key) => {
                let may_lack = |kind: &Kind| key.presence(*kind) != Has::Always;
                with(vec![Region::Kinds(Kind::ALL.into_iter().filter(may_lack).collect())])
            }
            Callers::Service(host) => match self.services.iter().find(|(known, _)| known == host) {
                Some((_, group)) => with(vec![Region::In(*group)]),
                None => Vec::new(),
            },
            Callers::Tokens(issuer) => {
                let same = |known: &str| known.trim_end_matches('/').eq_ignore_ascii_case(issuer.trim_end_matches('/'));
                let providers = self.issuers.iter().filter(|(known, _)| same(known)).flat_map(|(_, groups)| groups);
                providers.flat_map(|provider| with(vec![Region::In(*provider)])).collect()
            }
        }
    }

    fn region(&self, key: &str, dim: Dim, want: &Want) -> Option<Region> {
        let group = || self.group(key, &want.test()?);
        Some(match want {
            Want::Absent => Region::Absent(dim),
            Want::NotIn(_) => Region::NotIn(group()?),
            Want::Out(_) => Region::Out(group()?),
            Want::In(_) | Want::Is(_) => Region::In(group()?),
        })
    }
}

/// The issuers of the providers that the policies name.
fn issuers(builder: &Builder) -> Vec<String> {
    let mut found: Vec<String> = builder
        .caller_tests()
        .iter()
        .filter_map(|test| if let Who::Oidc(provider) = test { provider.only_text() } else { None })
        .map(|provider| match provider.split_once(":oidc-provider/") {
            Some((_, issuer)) => issuer.to_owned(),
            None => provider,
        })
        .collect();
    found.sort();
    found.dedup();
    found
}
