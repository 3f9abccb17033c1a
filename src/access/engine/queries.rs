//! The standing questions as boxes.
//!
//! A question says who calls and what that caller can have. Keys fall into classes: what follows from the caller's own
//! identity or network (an organization, an address, a token's owner) a stranger has only with values that are not
//! somebody else's; all other keys the caller chooses. "Somebody else's" are the values that the policy itself names
//! ([`Standing::known`]).

use super::axioms;
use super::callers::{Derived, Has, Kind, Who};
use super::domain::{Range, Test};
use super::pattern::{Class, Element, Pattern, Syntax};
use super::space::{Builder, Dim, Group, Region, Space};
use super::subjects;
use super::symbols;
use crate::access::answer::Estate;
use crate::aws::issuers::{self, Issuer, IssuerKind};
use crate::policy::Policy;
use std::collections::BTreeMap;

/// A question about all requests.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Query {
    /// Does any request pass at all?
    Anything,
    /// Can somebody in an account that nobody here names assume the role?
    Anybody {
        /// Whether that person knows the external ids that the policy names.
        knows_external_id: bool,
    },
    /// Can somebody in an account that is neither the owner's nor trusted? Needs the own account or organization.
    OutsideTrusted,
    /// Can somebody of this account?
    Account(String),
    /// Can somebody of another account (of this one, if given) without an external id?
    WithoutExternalId {
        /// The account.
        account: Option<String>,
    },
    /// The same with an external id that the policy does not name.
    AnyExternalId {
        /// The account.
        account: Option<String>,
    },
    /// Can an IAM user without multi-factor authentication?
    WithoutMfa,
    /// Can the holder of a token of this issuer that belongs to another customer of it?
    ForeignToken {
        /// The issuer without `https://`.
        issuer: String,
    },
    /// Can a token of this issuer that was made for an audience that the policy does not name?
    WrongAudience {
        /// The issuer without `https://`.
        issuer: String,
    },
    /// Can this service on behalf of a resource in an account that is not the owner's?
    Service {
        /// The host name.
        host: String,
    },
    /// Can a request that does not have this key?
    WithoutKey {
        /// The key.
        key: String,
    },
}

/// A part of the policy to which a question is held: through this statement, through this principal of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Through {
    /// The Allow statement, by its place in the policy.
    pub statement: Option<usize>,
    /// The principal, by its place in the statement's `Principal`.
    pub principal: Option<usize>,
}

/// The tests that the questions need, registered before the atoms are found.
#[derive(Debug)]
pub struct Standing {
    assume: Group,
    assume_role: Group,
    web_identity: Group,
    /// For each key that binds its value to somebody: the values that the policy names.
    known: BTreeMap<Dim, Group>,
    external_id: Option<Dim>,
    mfa: Option<(Dim, Group)>,
    organization: Vec<Group>,
    issuers: Vec<IssuerGroups>,
    sources: Vec<(Dim, bool)>,
    services: Vec<(String, Group)>,
    /// The accounts of the owner and those that are trusted.
    own: Vec<String>,
    trusted: Vec<String>,
}

#[derive(Debug)]
struct IssuerGroups {
    issuer: String,
    known: Option<Issuer>,
    providers: Vec<Group>,
    /// Claims that bind a token to a customer, with the values of the own ones.
    tenant: Vec<(Dim, Group)>,
    /// `sub`, in the forms that the issuer gives it.
    formed: Option<Group>,
    audience: Option<(Dim, Group)>,
}

/// Keys whose values belong to somebody, so that a stranger cannot have those of another.
const BOUND: &[&str] = &[
    "aws:PrincipalOrgID",
    "aws:PrincipalOrgPaths",
    "aws:userid",
    "aws:FederatedProvider",
    "aws:SourceIp",
    "aws:SourceVpc",
    "aws:SourceVpce",
    "aws:SourceVpcArn",
    "aws:VpceAccount",
    "aws:VpceOrgID",
    "aws:VpceOrgPaths",
    "aws:Ec2InstanceSourceVpc",
    "ec2:SourceInstanceArn",
    "lambda:SourceFunctionArn",
    "ssm:SourceInstanceArn",
    "identitystore:UserId",
    "sts:ExternalId",
];

/// Keys that say for whom a service calls; and whether a service that sends any sends this one.
const SOURCES: &[(&str, bool)] =
    &[("aws:SourceAccount", true), ("aws:SourceArn", true), ("aws:SourceOrgID", false), ("aws:SourceOrgPaths", false)];

const MFA: &str = "aws:MultiFactorAuthPresent";

impl Standing {
    /// Register the tests.
    pub fn register(builder: &mut Builder, policies: &[Policy], estate: &Estate) -> Standing {
        let actions = |builder: &mut Builder, names: &[&str]| {
            let exact = names.iter().map(|name| Pattern::exactly(name)).collect();
            builder.action(Test::Text(exact))
        };
        let assume = actions(builder, &["sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity"]);
        // An age of the MFA says that there was one.
        if builder.read_key("aws:MultiFactorAuthAge").is_some() {
            builder.key(MFA);
        }
        let mut standing = Standing {
            assume,
            assume_role: actions(builder, &["sts:AssumeRole"]),
            web_identity: actions(builder, &["sts:AssumeRoleWithWebIdentity"]),
            known: BTreeMap::new(),
            external_id: builder.read_key("sts:ExternalId"),
            mfa: None,
            organization: Vec::new(),
            issuers: Vec::new(),
            sources: Vec::new(),
            services: Vec::new(),
            own: estate.account.iter().chain(&estate.accounts).cloned().collect(),
            trusted: estate.trusted.clone(),
        };
        if estate.account.is_none() {
            standing.own.push(symbols::OWN_ACCOUNT.to_owned());
        }
        if let Some(dim) = builder.read_key(MFA) {
            let no = builder.test(dim, Test::Text(vec![Pattern::exactly("false")]));
            standing.mfa = Some((dim, no));
        }
        let named = Named { policies };
        for key in BOUND {
            if let Some(dim) = builder.read_key(key) {
                let group = builder.test(dim, named.known(key, estate));
                standing.known.insert(dim, group);
            }
        }
        for (key, always) in SOURCES {
            if let Some(dim) = builder.read_key(key) {
                let group = builder.test(dim, named.known(key, estate));
                standing.known.insert(dim, group);
                standing.sources.push((dim, *always));
            }
        }
        if let Some(own) = &estate.organization {
            for (key, pattern) in [("aws:PrincipalOrgID", own.clone()), ("aws:PrincipalOrgPaths", format!("{own}/*"))] {
                if let Some(dim) = builder.read_key(key) {
                    standing.organization.push(builder.test(dim, Test::Text(vec![Pattern::glob(&pattern)])));
                }
            }
        }
        for issuer in named.issuers(builder) {
            let groups = issuer_groups(builder, &named, estate, issuer);
            standing.issuers.push(groups);
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
        standing
    }

    /// The accounts that must be told apart.
    pub fn accounts(&self) -> Vec<String> {
        // One of each list stands for the others that the policy does not name.
        self.own.iter().take(2).chain(self.trusted.first()).cloned().collect()
    }

    /// The boxes of a question; a request of any of them answers it. None means that the question does not arise.
    pub fn boxes(&self, query: &Query, space: &Space) -> Vec<Vec<Region>> {
        let callers = || Region::Kinds(vec![Kind::User, Kind::Role]);
        let other = |account: &Option<String>| match account {
            Some(account) => Region::Accounts(vec![account.clone()]),
            None => Region::OtherAccounts(self.own.clone()),
        };
        match query {
            Query::Anything => vec![vec![Region::In(self.assume)]],
            Query::Anybody { knows_external_id } => {
                let strangers = Region::Accounts(space.callers.strangers.clone());
                let mut regions = vec![Region::In(self.assume), callers(), strangers];
                for (dim, group) in &self.known {
                    if !(*knows_external_id && Some(*dim) == self.external_id) {
                        regions.push(Region::NotIn(*group));
                    }
                }
                vec![regions]
            }
            Query::OutsideTrusted => {
                let inside = self.own.iter().chain(&self.trusted).cloned().collect();
                let mut regions = vec![Region::In(self.assume_role), callers(), Region::OtherAccounts(inside)];
                regions.extend(self.organization.iter().map(|group| Region::NotIn(*group)));
                vec![regions]
            }
            Query::Account(account) => {
                vec![vec![Region::In(self.assume_role), callers(), Region::Accounts(vec![account.clone()])]]
            }
            Query::WithoutExternalId { account } => {
                let mut regions = vec![Region::In(self.assume_role), callers(), other(account)];
                regions.extend(self.external_id.map(Region::Absent));
                vec![regions]
            }
            Query::AnyExternalId { account } => {
                let mut regions = vec![Region::In(self.assume_role), callers(), other(account)];
                if let Some(group) = self.external_id.and_then(|dim| self.known.get(&dim)) {
                    regions.push(Region::Out(*group));
                }
                vec![regions]
            }
            Query::WithoutMfa => {
                let plain = || vec![Region::In(self.assume_role), Region::Kinds(vec![Kind::User])];
                match self.mfa {
                    None => vec![plain()],
                    Some((dim, no)) => [Region::Absent(dim), Region::In(no)]
                        .into_iter()
                        .map(|region| plain().into_iter().chain([region]).collect())
                        .collect(),
                }
            }
            Query::ForeignToken { issuer } => self.foreign_token(issuer),
            Query::WrongAudience { issuer } => self.tokens(issuer, |groups| {
                Some(groups.audience.map(|(_, group)| Region::Out(group)).into_iter().collect())
            }),
            Query::Service { host } => self.service(host),
            Query::WithoutKey { key } => {
                let mut regions = vec![Region::In(self.assume)];
                match Derived::of(key) {
                    Some(derived) => {
                        let may_lack = |kind: &Kind| derived.presence(*kind) != Has::Always;
                        regions.push(Region::Kinds(Kind::ALL.into_iter().filter(may_lack).collect()));
                    }
                    None => regions.extend(space.key(key).map(Region::Absent)),
                }
                vec![regions]
            }
        }
    }

    fn issuer(&self, issuer: &str) -> Option<&IssuerGroups> {
        let same = |known: &str| known.trim_end_matches('/').eq_ignore_ascii_case(issuer.trim_end_matches('/'));
        self.issuers.iter().find(|groups| same(&groups.issuer))
    }

    /// A box for each provider of an issuer, with more regions.
    fn tokens(&self, issuer: &str, more: impl Fn(&IssuerGroups) -> Option<Vec<Region>>) -> Vec<Vec<Region>> {
        let Some(groups) = self.issuer(issuer) else { return Vec::new() };
        let Some(more) = more(groups) else { return Vec::new() };
        let one = |provider: &Group| {
            let start = [Region::In(self.web_identity), Region::In(*provider)];
            start.into_iter().chain(more.iter().cloned()).collect()
        };
        groups.providers.iter().map(one).collect()
    }

    fn foreign_token(&self, issuer: &str) -> Vec<Vec<Region>> {
        self.tokens(issuer, |groups| {
            // An issuer of one customer has no foreign tokens, unless configuration says which subjects are the own.
            let shared = groups.known.is_some_and(|known| known.kind != IssuerKind::Private);
            if !shared && groups.tenant.is_empty() {
                return None;
            }
            let mut regions: Vec<Region> = groups.tenant.iter().map(|(_, group)| Region::NotIn(*group)).collect();
            regions.extend(groups.formed.map(Region::In));
            Some(regions)
        })
    }

    /// The service acts for somebody else: what it sends of the source names others.
    fn service(&self, host: &str) -> Vec<Vec<Region>> {
        let Some((_, group)) = self.services.iter().find(|(known, _)| known == host) else { return Vec::new() };
        let base = |sent: Option<Dim>| {
            let mut regions = vec![Region::In(self.assume_role), Region::In(*group)];
            for (dim, _) in &self.sources {
                let Some(known) = self.known.get(dim) else { continue };
                regions.push(if Some(*dim) == sent { Region::Out(*known) } else { Region::NotIn(*known) });
            }
            regions
        };
        // It sends at least one of them, if any is read.
        let sent: Vec<Dim> = self.sources.iter().filter(|(_, sent)| *sent).map(|(dim, _)| *dim).collect();
        match sent.as_slice() {
            [] => vec![base(None)],
            sent => sent.iter().map(|dim| base(Some(*dim))).collect(),
        }
    }
}

/// What the policies name.
struct Named<'p> {
    policies: &'p [Policy],
}

impl Named<'_> {
    /// Every known value under a key.
    fn values(&self, key: &str) -> Vec<&str> {
        let conditions = self.policies.iter().flat_map(|policy| &policy.statements).flat_map(|one| &one.conditions);
        let values = conditions.filter(|condition| condition.is_about(key)).flat_map(|condition| &condition.values);
        let mut values: Vec<&str> = values.filter_map(|value| value.known()).collect();
        values.sort_unstable();
        values.dedup();
        values
    }

    /// The values of a key that belong to somebody whom the policy names.
    fn known(&self, key: &str, estate: &Estate) -> Test {
        let values = self.values(key);
        if key == "aws:SourceIp" {
            let ranges = values.into_iter().filter_map(Range::parse).filter(|range| !range.is_vast());
            return Test::Ip(ranges.collect());
        }
        let mut patterns: Vec<Pattern> = values.into_iter().filter_map(|value| belongs(key, value)).collect();
        match key {
            "aws:PrincipalOrgID" | "aws:SourceOrgID" => {
                patterns.extend(estate.organization.as_deref().map(Pattern::exactly));
            }
            "aws:PrincipalOrgPaths" | "aws:SourceOrgPaths" => {
                patterns.extend(estate.organization.as_deref().map(|own| Pattern::glob(&format!("{own}/*"))));
            }
            "aws:SourceAccount" => {
                let own = estate.account.iter().chain(&estate.accounts).chain(&estate.trusted);
                patterns.extend(own.map(|account| Pattern::exactly(account)));
            }
            "aws:SourceArn" => {
                let own = estate.account.iter().chain(&estate.accounts).chain(&estate.trusted);
                patterns.extend(own.filter_map(|account| arn_of_account(account)));
            }
            _ => {}
        }
        patterns.sort();
        patterns.dedup();
        Test::Text(patterns)
    }

    /// The issuers of the claims and providers that something reads.
    fn issuers(&self, builder: &Builder) -> Vec<String> {
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
}

/// A value as the values that belong to the same owner; `None` if a stranger can have one that matches.
fn belongs(key: &str, value: &str) -> Option<Pattern> {
    let wild = value.contains(['*', '?']);
    match key {
        // The organization is the first step of the path.
        "aws:PrincipalOrgPaths" | "aws:SourceOrgPaths" | "aws:VpceOrgPaths" => {
            let (organization, _) = value.split_once('/')?;
            (!organization.contains(['*', '?'])).then(|| Pattern::glob(&format!("{organization}/*")))
        }
        // An ARN belongs to its account, if it names one.
        "aws:SourceArn"
        | "aws:SourceVpcArn"
        | "ec2:SourceInstanceArn"
        | "lambda:SourceFunctionArn"
        | "ssm:SourceInstanceArn"
        | "aws:FederatedProvider" => {
            let account = value.split(':').nth(4).unwrap_or_default();
            match crate::aws::accounts::is_account_id(account) {
                true => arn_of_account(account),
                false => (!wild).then(|| Pattern::exactly(value)),
            }
        }
        // The id of a role or user is AWS's to give, the name of the session is not.
        "aws:userid" => {
            let id = value.split(':').next().unwrap_or_default();
            let fixed = !id.contains(['*', '?']) && !id.is_empty();
            fixed.then(|| Pattern::exactly(id)).map(|id| id.then(&Pattern::everything()))
        }
        _ => (!wild).then(|| Pattern::exactly(value)),
    }
}

fn arn_of_account(account: &str) -> Option<Pattern> {
    Pattern::compile(Syntax::Arn, &format!("arn:*:*:*:{account}:*"))
}

fn issuer_groups(builder: &mut Builder, named: &Named<'_>, estate: &Estate, issuer: String) -> IssuerGroups {
    let known = issuers::issuer(&issuer);
    let providers = axioms::providers(builder, &issuer);
    let providers = providers.iter().map(|provider| builder.caller(Who::Oidc(Pattern::exactly(provider)))).collect();
    let own = estate.subjects.iter().find(|(name, _)| name.eq_ignore_ascii_case(&issuer)).map(|(_, own)| own);
    let mut groups =
        IssuerGroups { issuer: issuer.clone(), known, providers, tenant: Vec::new(), formed: None, audience: None };
    let mut claims: Vec<String> =
        known.iter().flat_map(|known| known.tenant_claims.iter()).map(str::to_owned).collect();
    if own.is_some() && !claims.iter().any(|claim| claim == "sub") {
        claims.push("sub".to_owned());
    }
    let github = issuer.eq_ignore_ascii_case("token.actions.githubusercontent.com");
    let chosen = subjects::OWNER_FORMS.into_iter().filter(|_| github);
    let forms = known.iter().flat_map(|known| known.subjects.iter()).chain(chosen);
    let forms: Vec<Form> = forms.filter_map(Form::read).collect();
    for claim in claims {
        let key = if claim.contains(':') { claim.clone() } else { format!("{issuer}:{claim}") };
        let Some(dim) = builder.read_key(&key) else { continue };
        let values = named.values(&key);
        let patterns: Vec<Pattern> = match own {
            Some(own) if claim == "sub" => own.iter().map(|pattern| Pattern::glob(pattern)).collect(),
            _ => {
                let owned = values.into_iter().filter(|value| !(github && claim == "sub" && subjects::is_free(value)));
                owned.flat_map(|value| owner(value, &forms)).collect()
            }
        };
        let group = builder.test(dim, Test::Text(patterns));
        groups.tenant.push((dim, group));
        if claim == "sub" && !forms.is_empty() {
            let free = subjects::free_beginnings().filter(|_| github);
            let free = free.map(|start| Pattern::exactly(&start).then(&Pattern::at_least(1, Class::Any)));
            let formed = forms.iter().map(|form| form.whole.clone()).chain(free).collect();
            groups.formed = Some(builder.test(dim, Test::Text(formed)));
        }
    }
    let key = format!("{issuer}:aud");
    if let Some(dim) = builder.read_key(&key) {
        let values = named.values(&key).into_iter();
        let exact = values.filter(|value| !value.contains(['*', '?'])).map(Pattern::exactly).collect();
        groups.audience = Some((dim, builder.test(dim, Test::Text(exact))));
    }
    groups
}

/// A form of `sub`: what stands before the owner, what ends the owner's name, and the whole with any names.
struct Form {
    before: String,
    after: char,
    whole: Pattern,
}

impl Form {
    /// Read `repo:ORG/REPO:ref:…`: words in capitals stand for names.
    fn read(text: &str) -> Option<Form> {
        let is_name = |c: char| c.is_ascii_uppercase() || c == '_';
        let start = text.find(|c: char| c.is_ascii_uppercase())?;
        let end = text[start..].find(|c: char| !is_name(c)).map(|at| start + at)?;
        let before = text[..start].to_owned();
        let after = text[end..].chars().next()?;
        let mut whole = Pattern::default();
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            if !c.is_ascii_uppercase() {
                whole.0.push(Element { class: Class::Lit(c), star: false });
                continue;
            }
            while chars.peek().is_some_and(|c| is_name(*c)) {
                chars.next();
            }
            let class = if chars.peek().is_some() { Class::Name } else { Class::Any };
            whole = whole.then(&Pattern::at_least(1, class));
        }
        (!before.is_empty()).then_some(Form { before, after, whole })
    }
}

/// The claims of the same owner: everything under a literal owner's name for a subject of a known form, else the value
/// itself. Nothing if the owner's name begins with a wildcard.
fn owner(value: &str, forms: &[Form]) -> Vec<Pattern> {
    let all_of = |start: String| Pattern::exactly(&start).then(&Pattern::everything());
    for form in forms {
        if let Some(rest) = value.strip_prefix(form.before.as_str()) {
            // Behind an `@` stands the owner's number; the name alone is an owner's as well. What stands before a
            // wildcard is the owner that was meant, and the only one.
            let name = rest.split([form.after, '@', '*', '?']).next().unwrap_or_default();
            if name.is_empty() {
                return Vec::new();
            }
            let start = format!("{}{name}", form.before);
            return vec![all_of(format!("{start}{}", form.after)), all_of(format!("{start}@"))];
        }
    }
    // Of another form: all that begins with the same steps.
    let compiled = Pattern::glob(value);
    if compiled.only_text().is_some() {
        return vec![compiled];
    }
    let fixed = compiled.fixed_prefix();
    fixed.rfind(['/', ':']).map(|to| all_of(fixed[..=to].to_owned())).into_iter().collect()
}
