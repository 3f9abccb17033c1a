//! The conformance law: what the engine knows of strangers, `iamlint check` reports, and `who` and `can` say the same.
//!
//! A stranger is a caller of an account that nobody named, who chooses what callers choose (names, tags, session names,
//! ids that are sent, headers), but not the source address, the time, the network or the organization.
//!
//! The law is held to through the public entry, with the real rules and profiles: over two kinds of random policies and
//! over every example of every rule page, whole and each statement alone. `IAMLINT_DEEP=1` runs 200,000 policies.

use super::engine::{allows, size};
use super::generate::{Rng, policy_json};
use super::smallest::smallest;
use super::strangers::stranger_json;
use crate::common::fences::{Example, examples};
use iamlint::access::analysis::who::{self, Who};
use iamlint::access::decide::eval::evaluate;
use iamlint::access::{
    self, Access, Answer, Caller, Cause, CompiledPolicy, Estate, Query, Request, Through, analyse, ask,
};
use iamlint::config::{self, Config};
use iamlint::diagnostic::{Audience, Diagnostic};
use iamlint::lint::{Settings, lint_source};
use iamlint::load::{self, How};
use iamlint::policy::{Policy, PrincipalKind, Statement, Truth, lower};
use iamlint::rules::RULES;
use iamlint::site::{OwnerAccount, PolicyKind, PolicySite};
use iamlint::source::Source;
use iamlint::syntax::{Syntax, parse};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::AddAssign;
use std::path::Path;
use std::sync::LazyLock;

/// The rules that say that a stranger gets in, and that it was not found out.
const STRANGERS: [&str; 3] = ["wildcard-principal", "public-through-conditions", "not-principal"];
const TOKENS: [&str; 3] = ["oidc-missing-subject", "oidc-missing-audience", "github-oidc-any-repository"];
const UNDECIDED: &str = "undecided-access";
const UNKNOWN: &str = "unresolved-value";

/// Keys whose values a stranger does not choose: a need of one of them is no way in for a stranger.
const BOUND: [&str; 10] = [
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:userid",
    "aws:federatedprovider",
    "aws:sourceip",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:sourcevpcarn",
    "aws:vpceorgid",
    "aws:vpceorgpaths",
];

/// The settings of each profile, under the wanted configuration.
pub struct Profiles([Settings; 3]);

impl Profiles {
    pub fn new(config: &str, kind: Option<PolicyKind>) -> Profiles {
        let settings = |profile: Audience| {
            let config: Config = config::parse_text(config).expect("a configuration");
            let mut settings = Settings::new(&Config { profile, ..config });
            settings.kind = kind;
            // The other rules have nothing to say here, and some are dear.
            let asked =
                |id: &str| STRANGERS.contains(&id) || TOKENS.contains(&id) || [UNDECIDED, UNKNOWN].contains(&id);
            settings.rules.retain(|active| asked(active.rule.id));
            settings
        };
        Profiles([Audience::Default, Audience::Strict, Audience::Audit].map(settings))
    }

    /// What is found at a profile, told or silenced in the file.
    pub fn findings(&self, path: &str, text: &str, profile: Audience) -> Vec<Diagnostic> {
        let mut report = lint_source(Source::new(path, text), &self.0[profile as usize]);
        let suppressed = report.suppressed.drain(..).map(|(finding, _)| finding);
        report.findings.into_iter().chain(suppressed).collect()
    }

    fn site_estate(&self, site: &PolicySite<'_>, policy: &Policy) -> Estate {
        let known = match &site.owner.account {
            OwnerAccount::Id(id) => Some(id.clone()),
            OwnerAccount::Unknown => None,
        };
        self.0[0].org.estate(known.or_else(|| account_of_providers(policy)).as_deref())
    }
}

/// Raw documents are trust policies here, whatever they look like.
pub static PROFILES: LazyLock<Profiles> = LazyLock::new(|| Profiles::new("", Some(PolicyKind::Trust)));

/// An identity provider in a trust policy is always of the role's own account.
fn account_of_providers(policy: &Policy) -> Option<String> {
    let mut principals = policy.statements.iter().flat_map(Statement::listed_principals);
    principals.find_map(|principal| match &principal.kind {
        PrincipalKind::Oidc { account, .. } | PrincipalKind::Saml { account } => account
            .known()
            .filter(|id| id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit()))
            .map(str::to_owned),
        _ => None,
    })
}

/// How an answer stands to the truth, from the least that must be reported to the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Sure {
    Never,
    /// Only if a parameter is set to a value that matters: whoever fills it in has never heard of a stranger.
    Unlikely,
    Possibly,
    Undecided,
    Yes,
}

impl Sure {
    fn of(answer: &Answer) -> Sure {
        match answer {
            Answer::Yes(_) => Sure::Yes,
            Answer::Never(_) => Sure::Never,
            Answer::Possibly { .. } => Sure::Possibly,
            Answer::Undecided(_) => Sure::Undecided,
        }
    }
}

/// What was asked, and how often the law had something to hold.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    pub policies: usize,
    pub yes: usize,
    pub possibly: usize,
    pub never: usize,
    pub undecided: usize,
    pub tokens: usize,
    pub who: usize,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Counts) {
        self.policies += other.policies;
        self.yes += other.yes;
        self.possibly += other.possibly;
        self.never += other.never;
        self.undecided += other.undecided;
        self.tokens += other.tokens;
        self.who += other.who;
    }
}

/// The engine's answers about one role, in every variant that its template gives it.
struct Role {
    address: String,
    strangers: Sure,
    /// For each shared issuer.
    tokens: BTreeMap<String, Sure>,
}

/// Hold one text to the law; the sentences of it that are broken.
pub fn broken(profiles: &Profiles, path: &str, text: &str, counts: &mut Counts) -> BTreeSet<String> {
    let mut broken = BTreeSet::new();
    let roles = roles(profiles, path, text, counts, &mut broken);
    // The profiles that are asked: most policies need one.
    let mut seen: [Option<Vec<Diagnostic>>; 3] = [const { None }; 3];
    let mut told = |profile: Audience, address: &str, rules: &[&str]| {
        let findings = seen[profile as usize].get_or_insert_with(|| profiles.findings(path, text, profile));
        findings.iter().any(|finding| finding.resource == address && rules.contains(&finding.rule))
    };
    for role in &roles {
        let mut told = |profile: Audience, rules: &[&str]| told(profile, &role.address, rules);
        match role.strangers {
            Sure::Yes if !told(Audience::Default, &STRANGERS) => {
                broken.insert("a stranger gets in, and the default profile is silent".to_owned());
            }
            Sure::Possibly if !told(Audience::Strict, &STRANGERS) => {
                broken.insert("a stranger may get in, and the strict profile is silent".to_owned());
            }
            Sure::Undecided if !told(Audience::Default, &STRANGERS) && !told(Audience::Default, &[UNDECIDED]) => {
                broken
                    .insert("it is undecided whether a stranger gets in, and the default profile is silent".to_owned());
            }
            Sure::Never if told(Audience::Audit, &STRANGERS[..2]) => {
                broken.insert("no stranger gets in, and a finding says so".to_owned());
            }
            Sure::Unlikely if !told(Audience::Audit, &STRANGERS) && !told(Audience::Audit, &[UNKNOWN]) => {
                broken.insert("a parameter may let a stranger in, and the audit profile is silent".to_owned());
            }
            Sure::Yes | Sure::Possibly | Sure::Undecided | Sure::Unlikely | Sure::Never => {}
        }
        for (issuer, sure) in &role.tokens {
            match sure {
                Sure::Yes if !told(Audience::Default, &TOKENS) => {
                    broken.insert(format!("a foreign token of {issuer} gets in, and the default profile is silent"));
                }
                // That anyone gets in says more.
                Sure::Possibly if !told(Audience::Strict, &TOKENS) && !told(Audience::Strict, &STRANGERS) => {
                    broken.insert(format!("a foreign token of {issuer} may get in, and the strict profile is silent"));
                }
                Sure::Undecided if !told(Audience::Default, &TOKENS) && !told(Audience::Default, &[UNDECIDED]) => {
                    broken
                        .insert(format!("a foreign token of {issuer} is undecided, and the default profile is silent"));
                }
                Sure::Yes | Sure::Possibly | Sure::Undecided | Sure::Unlikely | Sure::Never => {}
            }
        }
    }
    broken
}

/// Ask the engine about every role of a text; what contradicts itself is broken.
fn roles(profiles: &Profiles, path: &str, text: &str, counts: &mut Counts, broken: &mut BTreeSet<String>) -> Vec<Role> {
    let source = Source::new(path, text);
    let how = How { kind: profiles.0[0].kind, format: None };
    load::text(&source, how, |loaded| {
        let mut roles: Vec<Role> = Vec::new();
        for site in loaded.found.sites.iter().filter(|site| site.kind == PolicyKind::Trust) {
            let policy = lower(&site.document);
            let estate = profiles.site_estate(site, &policy);
            let model = analyse(&policy, &estate);
            let mut role = Role { address: site.address.clone(), strangers: Sure::Never, tokens: BTreeMap::new() };
            role.strangers = strangers(&model, &policy, &estate, text, counts, broken);
            for issuer in issuers(&policy) {
                let query = Query::ForeignToken { issuer: issuer.clone() };
                if model.arises(&query) {
                    counts.tokens += 1;
                    let answer = ask(&model, &query);
                    holds(&answer, &policy, broken);
                    // That a Deny on `*` stops tokens is not documented, and the usual reading.
                    let by_reading = matches!(&answer, Answer::Possibly { why, .. } if why.iter().all(|one| *one == Cause::Undocumented));
                    // Nor is it that an Allow of `*` names them, where no statement that names the issuer lets them in.
                    let door = Access::new(&policy, PolicyKind::Trust, estate.clone());
                    let by_star = Sure::of(&answer) == Sure::Possibly
                        && naming(&policy, &issuer).all(|statement| {
                            let through = Through { statement: Some(statement.index), principal: None };
                            door.ask(&query, through).sure == access::Sure::Never
                        });
                    role.tokens.insert(issuer, if by_reading || by_star { Sure::Unlikely } else { Sure::of(&answer) });
                }
            }
            match roles.iter_mut().find(|known| known.address == role.address) {
                Some(known) => {
                    known.strangers = known.strangers.max(role.strangers);
                    for (issuer, sure) in role.tokens {
                        let known = known.tokens.entry(issuer).or_insert(sure);
                        *known = (*known).max(sure);
                    }
                }
                None => roles.push(role),
            }
        }
        roles
    })
}

/// Whether a stranger gets in, with the external ids that are named or without; `who` must agree.
fn strangers(
    model: &CompiledPolicy,
    policy: &Policy,
    estate: &Estate,
    text: &str,
    counts: &mut Counts,
    broken: &mut BTreeSet<String>,
) -> Sure {
    let door = Access::new(policy, PolicyKind::Trust, estate.clone());
    let answers = [false, true].map(|knows_external_id| ask(model, &Query::Anybody { knows_external_id }));
    answers.iter().for_each(|answer| holds(answer, policy, broken));
    let [without, with] = [false, true].map(|knows_external_id| {
        let sure = Sure::of(&answers[usize::from(knows_external_id)]);
        let verdict = door.ask(&Query::Anybody { knows_external_id }, Through::default());
        // The door goes by the usual reading of what a template leaves open; else both say the same.
        match (sure, verdict.sure) {
            (Sure::Possibly | Sure::Undecided, access::Sure::Never) if policy_has_holes(policy) => Sure::Unlikely,
            (Sure::Yes, access::Sure::Yes)
            | (Sure::Never, access::Sure::Never)
            | (Sure::Possibly, access::Sure::Possibly | access::Sure::Yes)
            | (Sure::Undecided, access::Sure::Undecided | access::Sure::Yes | access::Sure::Never) => {
                match verdict.sure {
                    access::Sure::Yes => Sure::Yes,
                    access::Sure::Never => Sure::Never,
                    access::Sure::Possibly => Sure::Possibly,
                    access::Sure::Undecided => Sure::Undecided,
                }
            }
            (sure, verdict) => {
                broken.insert(format!("the engine says {sure:?}, and the door {verdict:?}"));
                sure
            }
        }
    });
    if without == Sure::Yes && with == Sure::Never {
        broken.insert("who knows an external id gets in less".to_owned());
    }
    let sure = without.max(with);
    counts.policies += 1;
    *match sure {
        Sure::Yes => &mut counts.yes,
        Sure::Possibly | Sure::Unlikely => &mut counts.possibly,
        Sure::Never => &mut counts.never,
        Sure::Undecided => &mut counts.undecided,
    } += 1;
    let lines = who::who(model);
    // What stands for the account of a template's own role is nobody else's.
    let foreign = |account: &str| !text.contains(account) && account != "000000000000";
    let unnamed = |caller: &Caller| {
        matches!(caller, Caller::User { .. } | Caller::Role { .. }) && caller.account().is_some_and(foreign)
    };
    let stranger = |line: &&who::Finding| match &line.who {
        Who::Anybody => true,
        Who::Account(account) => foreign(account),
        Who::Caller(caller) => unnamed(caller),
        Who::Other(_) => false,
    };
    let lines: Vec<&who::Finding> = lines.iter().filter(stranger).collect();
    counts.who += usize::from(!lines.is_empty());
    if sure == Sure::Yes && lines.is_empty() {
        broken.insert("a stranger gets in, and `who` knows none".to_owned());
    }
    // A need is told key by key: with two bound keys, each of which may have any value, both may still not be foreign.
    let reads = |key: &&&str| text.to_ascii_lowercase().contains(**key);
    let free = |line: &&who::Finding| {
        !line.possibly
            && line.actions.iter().any(|action| action.starts_with("sts:AssumeRole"))
            && line.bound_by.is_empty()
            && line.needs.iter().all(|need| !BOUND.contains(&need.key.to_ascii_lowercase().as_str()))
    };
    if sure == Sure::Never && BOUND.iter().filter(reads).count() < 2 && lines.iter().any(free) {
        broken.insert("no stranger gets in, and `who` says that one does".to_owned());
    }
    sure
}

/// Whether a template leaves a principal or a value of a condition open.
fn policy_has_holes(policy: &Policy) -> bool {
    let entries = policy.statements.iter().filter_map(|one| one.principals.as_ref()).flat_map(|list| &list.entries);
    let values = policy.conditions().flat_map(|condition| &condition.values);
    entries.map(|entry| &entry.text).chain(values).any(|text| text.known().is_none())
}

/// A request that an answer shows must be allowed.
fn holds(answer: &Answer, policy: &Policy, broken: &mut BTreeSet<String>) {
    if let Answer::Yes(witness) = answer {
        let request: &Request = &witness.request;
        if allows(&evaluate(policy, PolicyKind::Trust, request)) != Truth::Yes {
            broken.insert("the request of an answer is not allowed".to_owned());
        }
    }
}

/// The issuers of tokens that Allow statements name, as claims begin.
fn issuers(policy: &Policy) -> BTreeSet<String> {
    let listed = allow_statements(policy).flat_map(Statement::listed_principals);
    listed.filter_map(|principal| issuer(&principal.kind)).map(str::to_owned).collect()
}

/// The Allow statements that name an issuer.
fn naming<'p>(policy: &'p Policy, wanted: &'p str) -> impl Iterator<Item = &'p Statement> {
    allow_statements(policy)
        .filter(move |one| one.listed_principals().iter().any(|entry| issuer(&entry.kind) == Some(wanted)))
}

fn allow_statements(policy: &Policy) -> impl Iterator<Item = &Statement> {
    policy.statements.iter().filter(|statement| statement.effect == iamlint::policy::Effect::Allow)
}

fn issuer(kind: &PrincipalKind) -> Option<&str> {
    match kind {
        PrincipalKind::Oidc { issuer, .. } | PrincipalKind::WebIdentity { issuer } => issuer.known(),
        _ => None,
    }
}

/// Hold so many random policies to the law.
fn random(make: fn(&mut Rng) -> String, seed: u64, policies: usize) {
    // Each policy has a seed of its own, so that what is found does not depend on the number of threads.
    let judge = |number: usize| {
        let json = make(&mut Rng::new(seed + number as u64));
        let mut counts = Counts::default();
        let broken = broken(&PROFILES, "policy.json", &json, &mut counts);
        (counts, broken.into_iter().map(|law| (law, json.clone())).collect::<Vec<_>>())
    };
    let judged: Vec<_> = (0..policies).into_par_iter().map(judge).collect();
    let mut counts = Counts::default();
    let mut found = Vec::new();
    for (one, broken) in judged {
        counts += one;
        found.extend(broken);
    }
    println!("{counts:?}; {} contradictions", found.len());
    report(&found);
    let a = policies / 20;
    assert!(counts.yes > a && counts.never > a && counts.who > a && counts.tokens > a, "{counts:?}");
}

/// How many policies of each sentence that is broken are made small: it takes time, and many are alike.
const SHRUNK: usize = 12;

/// Fail with the smallest policies, one of each kind.
fn report(found: &[(String, String)]) {
    let mut kinds: BTreeMap<(&str, Vec<String>), (usize, String)> = BTreeMap::new();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (law, json) in found {
        let count = counts.entry(law).or_default();
        *count += 1;
        if *count <= SHRUNK {
            let small = smallest(json, |json| breaks(json, law));
            let entry = kinds.entry((law, signature(&small))).or_insert_with(|| (0, small));
            entry.0 += 1;
        }
    }
    let lines: Vec<String> = kinds
        .iter()
        .map(|((law, _), (count, json))| format!("{law} ({count} of {} alike)\n  {json}", counts[law]))
        .collect();
    assert!(found.is_empty(), "{} contradictions, one of each kind:\n{}", found.len(), lines.join("\n"));
}

/// What a policy tests: the effects with the operators and keys.
fn signature(json: &str) -> Vec<String> {
    let policy = lower(&parse(json, Syntax::Json).documents[0]);
    let mut found: Vec<String> = Vec::new();
    for statement in &policy.statements {
        let tests = statement.conditions.iter().map(|test| format!("{} {}", test.operator_text, test.key));
        found.push(format!("{:?} {:?}", statement.effect, tests.collect::<Vec<_>>()));
    }
    found.sort();
    found.dedup();
    found
}

fn breaks(json: &str, law: &str) -> bool {
    broken(&PROFILES, "policy.json", json, &mut Counts::default()).contains(law)
}

#[test]
fn findings_fit_answers_on_policies_as_people_write_them() {
    random(policy_json, 1_000_000, size(2_000, 80_000));
}

#[test]
fn findings_fit_answers_on_policies_about_strangers() {
    random(stranger_json, 2_000_000, size(3_000, 120_000));
}

/// The settings under which an example is judged.
fn profiles_of(example: &Example) -> Option<Profiles> {
    let kind = match example.attribute("kind") {
        Some(kind) => Some(PolicyKind::from_name(kind)?),
        None => None,
    };
    Some(Profiles::new(&example.config, kind))
}

/// Each statement of a raw trust policy as a document of its own.
fn alone(example: &Example) -> Vec<String> {
    let Ok(mut document) = serde_json::from_str::<serde_json::Value>(&example.text) else { return Vec::new() };
    let Some(statements) = document["Statement"].as_array().filter(|list| list.len() > 1).cloned() else {
        return Vec::new();
    };
    let one = |statement| {
        document["Statement"] = serde_json::Value::Array(vec![statement]);
        document.to_string()
    };
    statements.into_iter().map(one).collect()
}

#[test]
fn findings_fit_answers_on_every_example() {
    let mut counts = Counts::default();
    let mut found = Vec::new();
    for rule in RULES {
        for (number, example) in examples(rule.page).iter().enumerate() {
            let Some(profiles) = profiles_of(example) else { continue };
            let path = example.attribute("file").map_or_else(|| format!("example.{}", example.language), str::to_owned);
            if Path::new(&path).extension().is_some_and(|end| end == "tf") {
                continue;
            }
            let mut texts = vec![("whole", example.text.clone())];
            texts.extend(alone(example).into_iter().map(|text| ("one statement", text)));
            for (what, text) in texts {
                for law in broken(&profiles, &path, &text, &mut counts) {
                    found.push(format!("{} {} ({what}): {law}\n{text}", rule.id, number + 1));
                }
            }
        }
    }
    println!("{counts:?}");
    assert!(counts.policies > 300 && counts.yes > 40, "{counts:?}");
    assert!(found.is_empty(), "{} contradictions:\n{}", found.len(), found.join("\n"));
}
