//! What a policy without principals gives outright: an action on whatever resource, not only on those that it names.
//!
//! The question is put about a resource that no policy names, "some role": a policy that lets it through lets every
//! one through. A part of an ARN that is not known stands for a name, not for a wildcard: nobody hands a `*` in where
//! a role's name is wanted. An answer that rests on this, or on a parameter's default, is marked as assumed.

use super::Pin;
use super::conditions_hold;
use crate::policy::pattern::{arn_fields, glob, widest};
use crate::policy::{Condition, Effect, Patterns, Policy, Statement, Truth};
use crate::span::Span;
use crate::value::{Domain, PartRef, Text};

/// A resource that no policy names.
#[derive(Clone, Copy, Debug)]
struct Resource<'a> {
    /// The service of its ARN: `iam`.
    pub service: &'a str,
    /// The Region of its ARN; empty for global services.
    pub region: &'a str,
    /// The last field of its ARN: `role/some-role`.
    pub name: &'a str,
}

/// Some role, in whatever account.
const SOME_ROLE: Resource<'static> = Resource { service: "iam", region: "", name: "role/some-role" };
/// An action of a service that nobody has heard of.
pub const ANY: &str = "zzzz:Zzzz";
/// Some resource of a service that nobody has heard of.
const SOMETHING: Resource<'static> = Resource { service: "zzzz", region: "zz-zzzz-1", name: "zzzz/zzzz" };

/// A request that a statement allows.
#[derive(Clone, Debug)]
pub struct Grant<'p> {
    /// The statement.
    pub statement: &'p Statement,
    /// Whether it does.
    pub answer: Truth,
    /// Whether the answer rests on what unknown values usually are.
    pub assumed: bool,
    /// The only account whose resources it reaches, where the statement names one.
    pub account: Option<String>,
    /// Where the pattern stands that reaches the resource, or the whole list under `NotResource`.
    pub resource: Span,
}

/// The statement that most surely allows an action on a resource that nobody names, in a request with these pins and
/// otherwise whatever keys the caller likes.
fn granted<'p>(policy: &'p Policy, action: &str, resource: Resource<'_>, pins: &[Pin<'_>]) -> Option<Grant<'p>> {
    policy
        .statements
        .iter()
        .filter(|statement| statement.effect == Effect::Allow)
        .filter_map(|statement| grant(policy, statement, action, resource, pins))
        .filter(|grant| grant.answer > Truth::No)
        // The first of equals, as a reader finds it.
        .reduce(|best, next| if (next.answer, !next.assumed) > (best.answer, !best.assumed) { next } else { best })
}

fn grant<'p>(
    policy: &'p Policy,
    statement: &'p Statement,
    action: &str,
    resource: Resource<'_>,
    pins: &[Pin<'_>],
) -> Option<Grant<'p>> {
    let reach = reach(statement.resources.as_ref()?, resource, &Whose::Some)?;
    let whose = reach.account.as_deref().map_or(Whose::Any, Whose::Is);
    let mut assumed = reach.assumed || policy.open_ended;
    let allowed = statement.covers_action(action).and(conditions_hold(statement, pins, Truth::Yes));
    let mut denied = Truth::No;
    for deny in policy.statements.iter().filter(|statement| statement.effect != Effect::Allow) {
        let resources = deny.resources.as_ref();
        assumed |= resources.is_some_and(|resources| resources.items.iter().any(|item| Reading::of(item).assumed));
        let reached = match resources.and_then(|resources| self::reach(resources, resource, &whose)) {
            Some(_) => Truth::Yes,
            None => Truth::from_open(resources.is_some_and(|resources| resources.open_ended)),
        };
        let covered = reached.and(deny.covers_action(action));
        denied = denied.or(deny.denies().and(covered).and(conditions_hold(deny, pins, Truth::No)));
    }
    Some(Grant { statement, answer: allowed.and(denied.not()), assumed, account: reach.account, resource: reach.span })
}

/// A service and a resource of it that no policy names.
const SERVICE: &str = "zzzz.amazonaws.com";
const SERVICE_RESOURCE: &str = "arn:aws:zzzz:zz-zzzz-1:111122223333:zzzz/zzzz";

/// Whether a policy lets its holder pass every role to a service that it does not name.
pub fn passes_every_role(policy: &Policy) -> Option<Grant<'_>> {
    let pins = [Pin::value("iam:PassedToService", SERVICE), Pin::value("iam:AssociatedResourceArn", SERVICE_RESOURCE)];
    granted(policy, "iam:PassRole", SOME_ROLE, &pins)
}

/// Whether a policy lets its holder assume every role, also of an account and an organization that nobody named.
pub fn assumes_every_role(policy: &Policy) -> Option<Grant<'_>> {
    let mut pins = vec![
        Pin::value("aws:ResourceAccount", "999999999999"),
        Pin::value("aws:ResourceOrgID", "o-stranger000"),
        Pin::value("aws:ResourceOrgPaths", "o-stranger000/r-0000/ou-0000-00000000/"),
    ];
    // The role has none of the tags that the policy asks for.
    let tags = policy.conditions().map(|condition| condition.key.as_str()).filter(|key| {
        let key = key.to_ascii_lowercase();
        key.starts_with("iam:resourcetag/") || key.starts_with("aws:resourcetag/")
    });
    pins.extend(tags.map(Pin::absent));
    let grant = granted(policy, "sts:AssumeRole", SOME_ROLE, &pins)?;
    // `${aws:PrincipalOrgID}` is the caller's own organization, which the stranger's is not.
    let own = || {
        policy
            .conditions()
            .any(|condition| pins.iter().any(|pin| condition.is_about(pin.key())) && names_caller(condition))
    };
    (grant.answer == Truth::Yes || !own()).then_some(grant)
}

/// Whether every value of a condition is a variable that is filled with a property of the caller.
fn names_caller(condition: &Condition) -> bool {
    let variable =
        |value: &Text| value.known().is_some_and(|text| text.to_ascii_lowercase().starts_with("${aws:principal"));
    !condition.values.is_empty() && condition.values.iter().all(variable)
}

/// Whether some request that an Allow statement is about passes without a key, whatever else it holds. A No is one for
/// sure; keys may depend on each other, so the search has the last word on a Yes.
pub fn passes_without(policy: &Policy, statement: &Statement, key: &str) -> Truth {
    passes(policy, statement, &[Pin::absent(key)])
}

/// Actions of IAM with any of which a principal gives itself every permission.
const TAKE_ALL: [&str; 5] = [
    "iam:CreatePolicyVersion",
    "iam:PutRolePolicy",
    "iam:PutUserPolicy",
    "iam:AttachRolePolicy",
    "iam:AttachUserPolicy",
];

/// A policy that allows everything.
#[derive(Clone, Debug)]
pub struct Everything<'p> {
    /// The statement that allows actions of services that nobody has heard of.
    pub all: Grant<'p>,
    /// The statement that allows to take every permission, mostly the same.
    pub iam: Grant<'p>,
    /// The action of IAM that it allows.
    pub action: &'static str,
}

/// Whether a policy allows everything on everything: an action of a service that nobody has heard of, and one with
/// which a principal gives itself the rest.
pub fn everything(policy: &Policy) -> Option<Everything<'_>> {
    let all = granted(policy, ANY, SOMETHING, &[])?;
    let (action, iam) = TAKE_ALL.iter().find_map(|action| Some((*action, granted(policy, action, SOME_ROLE, &[])?)))?;
    Some(Everything { all, iam, action })
}

/// Whether some request that an Allow statement is about passes with these pins, whatever principal, action and
/// resource of the statement it has.
fn passes(policy: &Policy, statement: &Statement, pins: &[Pin<'_>]) -> Truth {
    let denied = policy
        .statements
        .iter()
        .filter(|deny| deny.effect != Effect::Allow && !std::ptr::eq(*deny, statement))
        .map(|deny| deny.denies().and(swallows(deny, statement)).and(conditions_hold(deny, pins, Truth::No)))
        .fold(Truth::No, Truth::or);
    conditions_hold(statement, pins, Truth::Yes).and(denied.not())
}

/// Whether one statement is about everything that another is about.
fn swallows(wide: &Statement, narrow: &Statement) -> Truth {
    let callers = match &narrow.principals {
        None => Truth::Yes,
        Some(principals) if principals.negated => Truth::No,
        Some(principals) => {
            principals.entries.iter().map(|caller| wide.covers_principal(caller)).fold(Truth::Yes, Truth::and)
        }
    };
    callers.and(holds_all(wide.actions.as_ref(), narrow.actions.as_ref(), true)).and(holds_all(
        wide.resources.as_ref(),
        narrow.resources.as_ref(),
        false,
    ))
}

/// Whether every pattern of one list lies within another. A pattern lies within one that matches it as text.
fn holds_all(wide: Option<&Patterns>, narrow: Option<&Patterns>, ignore_case: bool) -> Truth {
    let (wide, narrow) = match (wide, narrow) {
        (Some(wide), Some(narrow)) => (wide, narrow),
        (_, None) => return Truth::Yes,
        (None, Some(_)) => return Truth::No,
    };
    let fold = |text: String| if ignore_case { text.to_ascii_lowercase() } else { text };
    let all = |item: &Text| wide.items.iter().any(|pattern| glob(&fold(widest(pattern)), &fold(widest(item))));
    match (wide.negated, narrow.negated) {
        (false, false) if narrow.items.iter().all(all) => Truth::Yes,
        (false, false) => Truth::from_open(wide.open_ended),
        // What one list leaves out may still meet a wildcard of the other.
        (true, false) => Truth::from_open(!narrow.items.iter().any(all)),
        (_, true) => wide.items.iter().any(|pattern| pattern.known() == Some("*")).into(),
    }
}

/// Whose resource has to be reached.
enum Whose<'a> {
    /// Of some account, whichever.
    Some,
    /// Of every account.
    Any,
    /// Of this account.
    Is(&'a str),
}

struct Reach {
    account: Option<String>,
    assumed: bool,
    span: Span,
}

/// Whether a `Resource` or `NotResource` element reaches a resource.
fn reach(patterns: &Patterns, resource: Resource<'_>, whose: &Whose<'_>) -> Option<Reach> {
    let hits = |whose: &Whose<'_>| patterns.items.iter().find_map(|item| reach_one(item, resource, whose));
    if !patterns.negated {
        return hits(whose);
    }
    // `NotResource` leaves a resource out only where it lists it for every account that counts.
    let listed = match whose {
        Whose::Some | Whose::Any => hits(&Whose::Any),
        Whose::Is(account) => hits(&Whose::Is(account)),
    };
    let assumed = patterns.open_ended || patterns.items.iter().any(|item| Reading::of(item).assumed);
    listed.is_none().then_some(Reach { account: None, assumed, span: patterns.span })
}

fn reach_one(pattern: &Text, resource: Resource<'_>, whose: &Whose<'_>) -> Option<Reach> {
    let reading = Reading::of(pattern);
    let fields = arn_fields(&reading.text, true);
    let found = |account: Option<&str>| Reach {
        account: account.map(str::to_owned),
        assumed: reading.assumed,
        span: pattern.span,
    };
    if is_star(&reading.text) {
        return Some(found(None));
    }
    // An ARN with fewer fields is completed with `*` (IAM User Guide, "IAM identifiers").
    let field = |index: usize| fields.get(index).copied().unwrap_or("*");
    let account = field(4);
    let literal = account.bytes().all(|byte| byte.is_ascii_digit());
    let owner = match whose {
        Whose::Some => !account.is_empty(),
        Whose::Any => is_star(account) || account == UNKNOWN,
        Whose::Is(id) => glob(account, id) || account == UNKNOWN,
    };
    let fits = glob(field(0), "arn")
        && glob(field(2), resource.service)
        && glob(field(3), resource.region)
        && owner
        && glob(field(5), resource.name);
    fits.then(|| found(Some(account).filter(|_| literal)))
}

fn is_star(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte == b'*')
}

/// What stands for a part that is not known: no wildcard, and no name that anybody else has.
const UNKNOWN: &str = "\u{0}";

/// A pattern as it most likely is.
struct Reading {
    text: String,
    assumed: bool,
}

impl Reading {
    fn of(pattern: &Text) -> Reading {
        let mut reading = Reading { text: String::new(), assumed: false };
        for part in pattern.parts() {
            match part {
                PartRef::Literal(text) => reading.text.push_str(text),
                PartRef::Hole(hole) => {
                    // Which partition or account it is does not matter to the question.
                    let place = matches!(hole.domain, Domain::Partition | Domain::OwnAccount | Domain::AccountId);
                    reading.assumed |= !place;
                    reading.text.push_str(hole.default.as_deref().filter(|_| !place).unwrap_or(UNKNOWN));
                }
            }
        }
        reading
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::lower;
    use crate::syntax::json;

    fn policy(statements: &str) -> Policy {
        lower(&json::parse(&format!(r#"{{"Statement": [{statements}]}}"#), json::Dialect::Strict).documents[0])
    }

    fn passes_any_role(statements: &str) -> bool {
        granted(&policy(statements), "iam:PassRole", SOME_ROLE, &[]).is_some()
    }

    #[test]
    fn forms_of_every_role() {
        for (resource, expected) in [
            ("*", true),
            ("arn:aws:iam::*:role/*", true),
            ("arn:aws:iam::111122223333:role/*", true),
            ("arn:aws:iam::111122223333:*", true),
            ("arn:*:iam::*", true),
            ("arn:aws:iam", true),
            ("arn:aws:sqs", false),
            ("arn:aws:iam::${aws:PrincipalAccount}:role/*", true),
            ("arn:aws:iam::111122223333:role/app-*", false),
            ("arn:aws:iam::111122223333:user/*", false),
            ("arn:aws:s3:::*", false),
        ] {
            let statement = format!(r#"{{"Effect": "Allow", "Action": "iam:Pass*", "Resource": "{resource}"}}"#);
            assert_eq!(passes_any_role(&statement), expected, "{resource}");
        }
    }

    #[test]
    fn denies_that_close_it() {
        let allow = r#"{"Effect": "Allow", "NotAction": "s3:*", "NotResource": "arn:aws:iam::*:role/admin"}"#;
        assert!(passes_any_role(allow));
        for (deny, open) in [
            (r#""Action": "iam:*", "Resource": "*""#, false),
            (r#""Action": "iam:*", "NotResource": "arn:aws:iam::*:role/app-*""#, false),
            (r#""Action": "iam:*", "Resource": "arn:aws:iam::111122223333:role/*""#, true),
            (r#""NotAction": "iam:*", "Resource": "*""#, true),
            (r#""Action": "*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}"#, true),
        ] {
            assert_eq!(passes_any_role(&format!(r#"{allow}, {{"Effect": "Deny", {deny}}}"#)), open, "{deny}");
        }
    }

    #[test]
    fn everything_may_be_said_in_several_ways() {
        for (statements, expected) in [
            (r#"{"Effect": "Allow", "Action": "*:*", "Resource": "arn:aws:*:*:*:*"}"#, true),
            (r#"{"Effect": "Allow", "NotAction": "ec2:*", "Resource": "*"}"#, true),
            (r#"{"Effect": "Allow", "NotAction": ["iam:*", "sts:*"], "Resource": "*"}"#, false),
            (r#"{"Effect": "Allow", "Action": ["iam:*", "s3:*"], "Resource": "*"}"#, false),
            (
                r#"{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"},
                   {"Effect": "Allow", "Action": "iam:*", "Resource": "arn:aws:iam::*:*"}"#,
                true,
            ),
            (
                r#"{"Effect": "Allow", "Action": "*", "Resource": "*"},
                   {"Effect": "Deny", "Action": "iam:*", "Resource": "*"}"#,
                false,
            ),
        ] {
            assert_eq!(everything(&policy(statements)).is_some(), expected, "{statements}");
        }
    }

    #[test]
    fn a_deny_over_the_same_requests_closes_a_statement() {
        let with = |deny: &str| {
            let policy = policy(&format!(
                r#"{{"Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::b/*"}}, {{"Effect": "Deny", {deny}}}"#
            ));
            passes(&policy, &policy.statements[0], &[Pin::absent("aws:PrincipalOrgID")])
        };
        let absent = r#""Condition": {"Null": {"aws:PrincipalOrgID": "true"}}"#;
        assert_eq!(with(&format!(r#""Action": "s3:*", "Resource": "*", {absent}"#)), Truth::No);
        assert_eq!(with(&format!(r#""Action": "s3:Put*", "Resource": "*", {absent}"#)), Truth::Yes);
    }
}
