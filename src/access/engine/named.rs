//! What a policy and the configuration name: whose a value is, and so what a stranger cannot have.

use super::domain::{Range, Test};
use super::lawful::about;
use super::pattern::{Class, Element, Pattern, Syntax};
use super::want::Want;
use super::{subjects, symbols};
use crate::access::answer::Estate;
use crate::aws::accounts::is_account_id;
use crate::aws::issuers::{self, IssuerKind};
use crate::policy::{BaseOperator, Condition, Policy};

/// What policies name, with the facts of the estate around them.
#[derive(Debug)]
pub struct Named<'p> {
    /// The policies.
    pub policies: &'p [Policy],
    /// The estate.
    pub estate: &'p Estate,
}

/// Keys whose values belong to somebody, so that a stranger cannot have those of another.
pub const BOUND: &[&str] = &[
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
pub const SOURCES: &[(&str, bool)] =
    &[("aws:SourceAccount", true), ("aws:SourceArn", true), ("aws:SourceOrgID", false), ("aws:SourceOrgPaths", false)];

/// Whether the caller's credentials were got with multi-factor authentication.
pub const MFA: &str = "aws:MultiFactorAuthPresent";
/// How long ago that was.
pub const AGE: &str = "aws:MultiFactorAuthAge";

/// The endpoint of a service that is not AWS.
pub const ELSEWHERE: &str = "https://sso.example.com/saml";

impl<'p> Named<'p> {
    /// Whether a condition reads a key, beside those that follow from the caller.
    pub fn reads(&self, key: &str) -> bool {
        let read = |key: &str| {
            let conditions = self.policies.iter().flat_map(|policy| &policy.statements).flat_map(|one| &one.conditions);
            conditions.into_iter().any(|condition| condition.is_about(key))
        };
        // An age of the MFA says that there was one.
        read(key) || (key.eq_ignore_ascii_case(MFA) && read(AGE))
    }

    /// The accounts of the owner; the stand-in for the own one where it is not known.
    pub fn own_accounts(&self) -> Vec<String> {
        let mut own: Vec<String> = self.estate.account.iter().chain(&self.estate.accounts).cloned().collect();
        if self.estate.account.is_none() {
            own.push(symbols::OWN_ACCOUNT.to_owned());
        }
        own
    }

    /// Every known value under a key, each with how its operator reads it.
    fn values(&self, key: &str) -> Vec<Value<'p>> {
        let about = self.policies.iter().flat_map(|policy| about(policy, key));
        let read = |condition: &'p Condition| {
            let reading = Reading::of(condition);
            condition.values.iter().filter_map(move |value| Some(Value { text: value.known()?, reading }))
        };
        let mut values: Vec<Value<'p>> = about.flat_map(read).collect();
        values.sort_unstable();
        values.dedup();
        values
    }

    /// The values of a key that belong to somebody whom the policy names.
    pub fn known(&self, key: &str) -> Test {
        let values = self.values(key);
        if key == "aws:SourceIp" {
            let ranges = values.into_iter().filter_map(|value| Range::parse(value.text));
            return Test::Ip(ranges.filter(|range| !range.is_vast()).collect());
        }
        let mut patterns: Vec<Pattern> = values.into_iter().filter_map(|value| belongs(key, value)).collect();
        let estate = self.estate;
        let own = || estate.account.iter().chain(&estate.accounts).chain(&estate.trusted);
        let organization = estate.organization.as_deref();
        match key {
            "aws:PrincipalOrgID" | "aws:SourceOrgID" => patterns.extend(organization.map(Pattern::exactly)),
            "aws:PrincipalOrgPaths" | "aws:SourceOrgPaths" => {
                patterns.extend(organization.map(|own| Pattern::glob(&format!("{own}/*"))));
            }
            "aws:SourceAccount" => patterns.extend(own().map(|account| Pattern::exactly(account))),
            "aws:SourceArn" => patterns.extend(own().filter_map(|account| arn_of_account(account))),
            _ => {}
        }
        patterns.sort();
        patterns.dedup();
        Test::Text(patterns)
    }

    /// Everything that a value of the policy for a key matches, wildcards included.
    pub fn patterns(&self, key: &str) -> Test {
        Test::Text(self.values(key).into_iter().map(Value::pattern).collect())
    }

    /// The values of a key that the policy writes out.
    pub fn literals(&self, key: &str) -> Test {
        let exact = self.values(key).into_iter().filter(|value| !value.is_wild());
        Test::Text(exact.map(Value::pattern).collect())
    }

    /// Keys of a caller outside the own organization, if it is known.
    pub fn outside(&self) -> Vec<(String, Want)> {
        let Some(own) = &self.estate.organization else { return Vec::new() };
        let keys = [("aws:PrincipalOrgID", own.clone()), ("aws:PrincipalOrgPaths", format!("{own}/*"))];
        keys.map(|(key, own)| (key.to_owned(), Want::NotIn(Test::Text(vec![Pattern::glob(&own)])))).into()
    }

    /// What a token of another customer of an issuer says; `None` if the issuer has one customer only.
    pub fn foreign(&self, issuer: &str) -> Option<Vec<(String, Want)>> {
        let known = issuers::issuer(issuer);
        let own = self.estate.subjects.iter().find(|(name, _)| name.eq_ignore_ascii_case(issuer)).map(|(_, own)| own);
        let mut claims: Vec<&str> = known.iter().flat_map(|known| known.tenant_claims.iter()).collect();
        if own.is_some() && !claims.contains(&"sub") {
            claims.push("sub");
        }
        let github = issuer.eq_ignore_ascii_case("token.actions.githubusercontent.com");
        let mut wants = Vec::new();
        for claim in claims {
            let key = if claim.contains(':') { claim.to_owned() } else { format!("{issuer}:{claim}") };
            if !self.reads(&key) {
                continue;
            }
            let values = self.values(&key);
            let chosen = subjects::OWNER_FORMS.into_iter().filter(|_| github);
            let forms: Vec<&str> = known.iter().flat_map(|known| known.forms(claim).iter()).chain(chosen).collect();
            let patterns: Vec<Pattern> = match own {
                Some(own) if claim == "sub" => own.iter().map(|pattern| Pattern::glob(pattern)).collect(),
                _ => {
                    let free = |value: &str| github && claim == "sub" && subjects::is_free(value);
                    values
                        .into_iter()
                        .filter(|value| !free(value.text))
                        .flat_map(|value| owner(value, &forms))
                        .collect()
                }
            };
            wants.push((key.clone(), Want::NotIn(Test::Text(patterns))));
            // Where a form begins with a name, a private issuer may have values of other forms too.
            let all_forms = known.is_some_and(|known| {
                let labelled = |form: &str| !form.starts_with(|c: char| c.is_ascii_uppercase());
                let forms = known.forms(claim);
                !forms.is_empty() && (known.kind != IssuerKind::Private || forms.iter().all(labelled))
            });
            if all_forms {
                let free = subjects::free_beginnings().filter(|_| github);
                let free = free.map(|start| Pattern::exactly(&start).then(&Pattern::at_least(1, Class::Any)));
                let formed = forms.iter().map(|form| whole(form)).chain(free).collect();
                wants.push((key, Want::In(Test::Text(formed))));
            }
        }
        // An issuer of one customer has no foreign tokens, unless configuration says which subjects are the own.
        let shared = known.is_some_and(|known| known.kind != IssuerKind::Private);
        (shared || !wants.is_empty()).then_some(wants)
    }
}

/// How an operator reads the values of a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Reading {
    /// Letter by letter.
    Exact,
    /// Letter by letter without regard to case.
    Folded,
    /// `*` and `?` are wildcards.
    Wild,
}

impl Reading {
    fn of(condition: &Condition) -> Reading {
        match condition.operator.base {
            Some(BaseOperator::StringEqualsIgnoreCase | BaseOperator::StringNotEqualsIgnoreCase) => Reading::Folded,
            Some(base) if base.takes_wildcards() => Reading::Wild,
            Some(_) | None => Reading::Exact,
        }
    }
}

/// A value of a policy as its operator reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Value<'p> {
    text: &'p str,
    reading: Reading,
}

impl Value<'_> {
    fn is_wild(self) -> bool {
        self.reading == Reading::Wild && self.text.contains(['*', '?'])
    }

    /// What it matches.
    fn pattern(self) -> Pattern {
        match self.reading {
            Reading::Exact => Pattern::exactly(self.text),
            Reading::Folded => Pattern::exactly(self.text).folded(),
            Reading::Wild => Pattern::glob(self.text),
        }
    }

    /// A pattern for values of the same owner, in whatever case if the operator knows none.
    fn owned(self, pattern: Pattern) -> Pattern {
        if self.reading == Reading::Folded { pattern.folded() } else { pattern }
    }
}

/// A value as the values that belong to the same owner; `None` if a stranger can have one that matches.
fn belongs(key: &str, value: Value<'_>) -> Option<Pattern> {
    let fixed = |text: &str| value.reading != Reading::Wild || !text.contains(['*', '?']);
    let named = |text: &str| !text.is_empty() && fixed(text);
    let itself = || (!value.is_wild()).then(|| value.pattern());
    let pattern = match key {
        // The organization is the first step of the path.
        "aws:PrincipalOrgPaths" | "aws:SourceOrgPaths" | "aws:VpceOrgPaths" => {
            let (organization, _) = value.text.split_once('/')?;
            named(organization).then(|| Pattern::exactly(&format!("{organization}/")).then(&Pattern::everything()))
        }
        // An ARN belongs to its account, if it names one.
        "aws:SourceArn"
        | "aws:SourceVpcArn"
        | "ec2:SourceInstanceArn"
        | "lambda:SourceFunctionArn"
        | "ssm:SourceInstanceArn"
        | "aws:FederatedProvider" => {
            let account = value.text.split(':').nth(4).unwrap_or_default();
            if is_account_id(account) { arn_of_account(account) } else { itself() }
        }
        // The id of a role or user is AWS's to give, the name of the session is not.
        "aws:userid" => {
            let id = value.text.split(':').next().unwrap_or_default();
            named(id).then(|| Pattern::exactly(id).then(&Pattern::everything()))
        }
        _ => itself(),
    };
    pattern.map(|pattern| value.owned(pattern))
}

pub(super) fn arn_of_account(account: &str) -> Option<Pattern> {
    Pattern::compile(Syntax::Arn, &format!("arn:*:*:*:{account}:*"))
}

/// All values of a form such as `repo:ORG/REPO:ref:…`: words in capitals stand for names.
fn whole(form: &str) -> Pattern {
    let is_name = |c: char| c.is_ascii_uppercase() || c == '_';
    let customer_is_last = subjects::parts(form).2.is_empty();
    let mut whole = Pattern::default();
    let mut chars = form.chars().peekable();
    while let Some(c) = chars.next() {
        if !c.is_ascii_uppercase() {
            whole.0.push(Element { class: Class::Lit(c), star: false });
            continue;
        }
        while chars.peek().is_some_and(|c| is_name(*c)) {
            chars.next();
        }
        let class = if chars.peek().is_some() || customer_is_last { Class::Name } else { Class::Any };
        whole = whole.then(&Pattern::at_least(1, class));
    }
    whole
}

/// The claims of the same owner: everything under a literal owner's name for a value of a known form, else the value
/// itself. Nothing if the owner's name begins with a wildcard.
fn owner(value: Value<'_>, forms: &[&str]) -> Vec<Pattern> {
    let all_of = |start: String| value.owned(Pattern::exactly(&start).then(&Pattern::everything()));
    for form in forms {
        let (form, text) = subjects::in_region(form, value.text);
        let (before, after, _) = subjects::parts(&form);
        if let Some(rest) = text.strip_prefix(before) {
            // Behind an `@` stands the owner's number; the name alone is an owner's as well. What stands before a
            // wildcard is the owner that was meant, and the only one.
            let name = rest.split([after, '@', '*', '?']).next().unwrap_or_default();
            if name.is_empty() {
                return if value.is_wild() { Vec::new() } else { vec![value.pattern()] };
            }
            let start = format!("{before}{name}");
            let mut own = vec![all_of(format!("{start}{after}")), all_of(format!("{start}@"))];
            // The name may be all that there is; in which Region, the value says.
            if text == start {
                own.push(value.pattern());
            } else if form.ends_with(|c: char| c.is_ascii_uppercase()) {
                own.push(value.owned(Pattern::exactly(&start)));
            }
            return own;
        }
    }
    // Of another form: all that begins with the same steps.
    if !value.is_wild() {
        return vec![value.pattern()];
    }
    let fixed = value.pattern().fixed_prefix();
    fixed.rfind(['/', ':']).map(|to| all_of(fixed[..=to].to_owned())).into_iter().collect()
}
