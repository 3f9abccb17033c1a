//! A third party that may assume the role without saying for which customer it acts.

use crate::access::probe::stranger;
use crate::access::{Answer, Pin, Probe, Query, Witness};
use crate::diagnostic::Confidence;
use crate::policy::{Condition, Effect, Policy, Principal, PrincipalKind, Statement, Truth, pattern};
use crate::rules::{Context, Finding, Relation};
use crate::value::Text;

const KEY: &str = "sts:ExternalId";

pub fn check(context: &Context<'_>, found: &mut Vec<Finding>) {
    let mut callers = None;
    for (statement, principal) in context.allowed_principals() {
        let Some(account) = principal.kind.account() else { continue };
        // A session of GetFederationToken may not assume roles at all.
        if matches!(principal.kind, PrincipalKind::FederatedUser { .. }) {
            continue;
        }
        let relation = context.relation(account);
        let Some(mut sure) = confidence(&relation, &principal.kind) else { continue };
        if account.known().is_none() {
            sure = sure.min(Confidence::Likely);
        }
        let probe = Probe { policy: context.policy, statement, principal, action: "sts:AssumeRole" };
        if demands_fixed_id(&probe) {
            continue;
        }
        let ways = ways(&probe, callers.get_or_insert_with(|| Callers::of(context.policy)));
        let Some(open) = ways.into_iter().find_map(|way| confirm(context, &probe, way)) else { continue };
        let sure = if open.answer == Truth::Yes { sure } else { Confidence::Possible };
        found.push(word(&open, &relation, statement, principal, account).confidence(sure));
    }
}

/// Whether the statement lets nobody in without an id or with one that it does not name: what is left to ask then is
/// about patterns, and where there is none the answer is known.
fn demands_fixed_id(probe: &Probe<'_>) -> bool {
    let about = |condition: &&Condition| condition.is_about(KEY);
    let exact = |condition: &Condition| !condition.values.iter().any(pattern::has_wildcard);
    let mut conditions = probe.statement.conditions.iter().filter(about).peekable();
    conditions.peek().is_some()
        && conditions.all(exact)
        && probe.passes(&[Pin::absent(KEY)]) == Truth::No
        && probe.passes(&[Pin::foreign(KEY, "any-id")]) == Truth::No
}

/// A way in.
struct Open {
    loose: Loose,
    answer: Truth,
    /// The request, if it is one of a machine.
    witness: Option<Box<Witness>>,
    /// Whether the search for a request was given up.
    given_up: bool,
}

/// Ask the engine about a way that the probe found; `None` if no request takes it.
fn confirm(context: &Context<'_>, probe: &Probe<'_>, (loose, probed): (Loose, Truth)) -> Option<Open> {
    let account = probe.principal.kind.account().and_then(Text::known).map(str::to_owned);
    // An account that is not known makes every answer a Possibly; the probe says whether anything else is unknown.
    let blank = account.is_none();
    let query = match loose {
        Loose::Absent => Query::WithoutExternalId { account },
        Loose::Any | Loose::Fits(_) => Query::AnyExternalId { account },
    };
    let open = |loose, answer, witness, given_up| Some(Open { loose, answer, witness, given_up });
    match context.ask(&query, probe.statement, probe.principal) {
        Answer::Yes(mut witness) => {
            // A policy that never reads the key has no place for it, and its absence is the point.
            let named = witness.absent.iter().any(|key| key.eq_ignore_ascii_case(KEY));
            if !named && witness.request.context.get(KEY).is_none() {
                witness.absent.push(KEY.to_owned());
            }
            open(loose, Truth::Yes, Some(witness).filter(|witness| is_machine(witness)), false)
        }
        Answer::Never(_) => None,
        Answer::Possibly { .. } if blank => open(loose, probed, None, false),
        Answer::Possibly { .. } => open(loose, Truth::Maybe, None, false),
        Answer::Undecided(_) => open(loose, Truth::Maybe, None, true),
    }
}

/// Whether a request is one of a machine outside of any organization, as the probe asks. The engine's question leaves
/// both open.
fn is_machine(witness: &Witness) -> bool {
    let context = &witness.request.context;
    let with_mfa = context.get("aws:MultiFactorAuthPresent").is_some_and(|values| values == ["true"]);
    let keys = ["aws:MultiFactorAuthAge", "aws:PrincipalOrgID", "aws:PrincipalOrgPaths"];
    !with_mfa && keys.iter().all(|key| context.get(key).is_none())
}

/// How sure it is that the account is somebody else's; `None` when it is not.
fn confidence(relation: &Relation, kind: &PrincipalKind) -> Option<Confidence> {
    match relation {
        Relation::Own | Relation::Organization | Relation::Aws(_) => None,
        Relation::Trusted(_) | Relation::Vendor(_) | Relation::Foreign => Some(Confidence::Proved),
        // People trust accounts of their own by a named role more often than whole accounts.
        Relation::Unknown if matches!(kind, PrincipalKind::Account { .. }) => Some(Confidence::Likely),
        Relation::Unknown | Relation::Hole => Some(Confidence::Possible),
    }
}

/// What the statement takes for an external id.
enum Loose {
    /// Nothing.
    Absent,
    /// Whatever the caller sends.
    Any,
    /// Whatever fits this pattern.
    Fits(String),
}

/// What is the same for every principal of a policy.
struct Callers<'p> {
    /// Callers without MFA, so that people are left aside, and from no organization that the policy can mean.
    machines: Vec<Vec<Pin<'p>>>,
    /// Patterns for the id in Deny statements, each with an id that fits.
    patterns: Vec<(String, String)>,
}

impl<'p> Callers<'p> {
    fn of(policy: &'p Policy) -> Self {
        let mut machines = Vec::new();
        for mfa in [Pin::absent("aws:MultiFactorAuthPresent"), Pin::value("aws:MultiFactorAuthPresent", "false")] {
            for in_org in [true, false] {
                let mut pins = vec![mfa.clone(), Pin::absent("aws:MultiFactorAuthAge")];
                pins.push(Pin::value("aws:PrincipalIsAWSService", "false"));
                pins.extend(stranger::organization(in_org));
                pins.extend(stranger::never_sent(policy));
                machines.push(pins);
            }
        }
        let denies = policy.statements.iter().filter(|statement| statement.effect != Effect::Allow);
        Callers { machines, patterns: denies.flat_map(patterns).take(MOST).collect() }
    }
}

/// Patterns that are tried, at most: a policy with more of them has them for show.
const MOST: usize = 16;

/// The patterns for the id in a statement, each with an id that fits.
fn patterns(statement: &Statement) -> impl Iterator<Item = (String, String)> {
    let conditions = statement.conditions.iter().filter(|condition| condition.is_about(KEY));
    conditions.flat_map(|condition| &condition.values).filter(|value| pattern::has_wildcard(value)).map(|value| {
        let id = pattern::widest(value).replace('*', "anything").replace('?', "x");
        (value.display().into_owned(), id)
    })
}

/// What a machine can send, the surest first.
fn ways(probe: &Probe<'_>, callers: &Callers<'_>) -> Vec<(Loose, Truth)> {
    let account =
        probe.principal.kind.account().and_then(Text::known).map(|own| Pin::value("aws:PrincipalAccount", own));
    let passes = |id: Pin<'_>| -> Truth {
        let with_id = callers
            .machines
            .iter()
            .map(|pins| -> Vec<Pin<'_>> { pins.iter().chain(&account).chain([&id]).cloned().collect() });
        with_id.map(|pins| probe.passes(&pins)).fold(Truth::No, Truth::or)
    };
    let ways = [(Loose::Absent, Pin::absent(KEY)), (Loose::Any, Pin::foreign(KEY, "any-id"))];
    let own: Vec<(String, String)> = patterns(probe.statement).take(MOST).collect();
    let tried = own.iter().chain(&callers.patterns);
    let fitting = tried.map(|(pattern, id)| (Loose::Fits(pattern.clone()), Pin::foreign(KEY, id.as_str())));
    let judged = ways.into_iter().chain(fitting).map(|(loose, id)| (loose, passes(id)));
    let mut found: Vec<(Loose, Truth)> = judged.filter(|(_, answer)| *answer != Truth::No).collect();
    found.sort_by_key(|(_, answer)| std::cmp::Reverse(*answer));
    found
}

fn word(open: &Open, relation: &Relation, statement: &Statement, principal: &Principal, account: &Text) -> Finding {
    let written = principal.text.display();
    let id = account.display();
    let who = match (&principal.kind, relation) {
        (PrincipalKind::Account { .. }, Relation::Vendor(name)) => format!("account `{id}` of {name}"),
        (_, Relation::Vendor(name)) => format!("`{written}` of {name}"),
        (PrincipalKind::Account { .. }, Relation::Foreign | Relation::Trusted(_)) => {
            format!("account `{id}`, which is not yours,")
        }
        (PrincipalKind::Account { .. }, _) => format!("account `{id}`, if it is not yours,"),
        (_, Relation::Foreign | Relation::Trusted(_)) => format!("`{written}` of another account"),
        (_, _) => format!("`{written}`, if its account is not yours,"),
    };
    let caller = match &principal.kind {
        PrincipalKind::Account { .. } => format!("arn:aws:iam::{id}:user/anyone"),
        _ => written.clone().into_owned(),
    };
    let loose = &open.loose;
    let (what, why) = match loose {
        Loose::Absent => ("without an ExternalId".to_owned(), "without sts:ExternalId".to_owned()),
        Loose::Any => ("with any ExternalId it sends".to_owned(), "with sts:ExternalId `any-id`".to_owned()),
        Loose::Fits(pattern) => match pattern.strip_suffix('*').filter(|start| !start.contains(['*', '?'])) {
            Some(start) => (
                format!("with any ExternalId that begins with `{start}`"),
                format!("with sts:ExternalId `{start}anything`"),
            ),
            None => {
                (format!("with any ExternalId like `{pattern}`"), format!("with an sts:ExternalId like `{pattern}`"))
            }
        },
    };
    let mut help = "require the id that the third party made for you: \
                    `\"StringEquals\": {\"sts:ExternalId\": \"…\"}`"
        .to_owned();
    if matches!(relation, Relation::Unknown) {
        help.push_str("; if the account is yours, list it in iamlint.toml: `[org] accounts`");
    }
    let mut finding = Finding::new(
        principal.span(),
        format!("{who} {} assume this role {what}", if open.answer == Truth::Yes { "can" } else { "may be able to" }),
    )
    .label("may assume the role for any customer of theirs")
    .help(help)
    .subject(written)
    .statement(statement);
    finding = match &open.witness {
        Some(witness) => finding.witness(witness),
        None if open.given_up => finding.why("the policy has too many combinations to decide whether it passes"),
        None => finding.why(format!("sts:AssumeRole by {caller} {why} is allowed")),
    };
    for condition in statement.conditions.iter().filter(|condition| condition.is_about(KEY)) {
        let note = match loose {
            Loose::Absent => "holds when no id is sent",
            Loose::Any => "holds for any id",
            Loose::Fits(_) => "leaves the rest to the caller",
        };
        finding = finding.because(condition.span(), note);
    }
    finding
}
