//! A third party that may assume the role without saying for which customer it acts.

mod words;

use crate::access::{ExternalId, Query, Sure, Verdict, Witness};
use crate::aws::roles::Trusts;
use crate::diagnostic::Confidence;
use crate::policy::{Effect, Principal, PrincipalKind, Statement, pattern};
use crate::rules::{Context, Finding, Relation, through};
use crate::value::Text;
use words::finding;

const KEY: &str = "sts:ExternalId";

pub fn check(context: &Context<'_>, found: &mut Vec<Finding>) {
    for (statement, principal) in context.allowed_principals() {
        let Some(account) = principal.kind.account() else { continue };
        // A session of GetFederationToken may not assume roles at all.
        if matches!(principal.kind, PrincipalKind::FederatedUser { .. }) {
            continue;
        }
        let relation = context.relation(account);
        let Some(mut sure) = confidence(&relation, &principal.kind) else { continue };
        // The administrator of a prescribed role sends no id, and is of the organization unless somebody lists that.
        let listed = relation == Relation::Foreign && !context.org.accounts.is_empty();
        let prescribed = context.prescribed().filter(|role| role.trusts == Trusts::Account);
        if prescribed.is_some() && !listed && !matches!(relation, Relation::Vendor(_) | Relation::Trusted(_)) {
            continue;
        }
        if account.known().is_none() {
            sure = sure.min(Confidence::Likely);
        }
        let Some(open) = way_in(context, statement, principal, account) else { continue };
        let sure = if open.certain { sure } else { Confidence::Possible };
        found.push(finding(&open, &relation, prescribed, statement, principal, account).confidence(sure));
    }
}

/// A way in.
struct Open {
    loose: Loose,
    /// Whether it is one, whatever else is not known.
    certain: bool,
    /// The request, where the account is known.
    witness: Option<Box<Witness>>,
}

/// What a machine of the account can send: the first that surely passes, or else that possibly does.
fn way_in(context: &Context<'_>, statement: &Statement, principal: &Principal, account: &Text) -> Option<Open> {
    let place = through(statement, principal);
    let known = account.known().map(str::to_owned);
    // An account that is not known leaves every answer open; what matters is whether anything else is unknown.
    let filled = if known.is_none() { context.access.with_some_account(place) } else { None };
    let access = filled.as_ref().unwrap_or(context.access);
    let mut possible = None;
    for id in [ExternalId::Absent, ExternalId::Unlike, ExternalId::Unnamed] {
        let verdict = access.ask(&Query::Machine { account: known.clone(), id }, place);
        match verdict.sure {
            Sure::Yes => return Some(open(context, statement, id, verdict, known.is_some())),
            Sure::Possibly => possible = possible.or(Some((id, verdict))),
            Sure::Never | Sure::Undecided => {}
        }
    }
    possible.map(|(id, verdict)| Open { certain: false, witness: None, ..open(context, statement, id, verdict, false) })
}

fn open(context: &Context<'_>, statement: &Statement, id: ExternalId, verdict: Verdict, show: bool) -> Open {
    let sent = verdict.witness.as_ref().and_then(|witness| Some(witness.request.context.get(KEY)?.concat()));
    let loose = match id {
        ExternalId::Absent => Loose::Absent,
        ExternalId::Unlike => Loose::Any,
        ExternalId::Unnamed => match pattern_of(context, statement, sent.as_deref()) {
            Some(pattern) => Loose::Fits(pattern),
            None => Loose::Any,
        },
    };
    let witness = verdict.witness.filter(|_| show).map(|mut witness| {
        // A policy that never reads the key has no place for it, and its absence is the point.
        let named = witness.absent.iter().any(|key| key.eq_ignore_ascii_case(KEY));
        if !named && sent.is_none() {
            witness.absent.push(KEY.to_owned());
        }
        witness
    });
    Open { loose, certain: true, witness }
}

/// The pattern that an id fits: one of the statement, or else of a Deny. A pattern without a letter fits every id.
fn pattern_of(context: &Context<'_>, statement: &Statement, id: Option<&str>) -> Option<String> {
    let denies = context.policy.statements.iter().filter(|other| other.effect != Effect::Allow);
    let about = std::iter::once(statement).chain(denies).flat_map(|one| &one.conditions);
    let values = about.filter(|condition| condition.is_about(KEY)).flat_map(|condition| &condition.values);
    let mut patterns = values.filter(|value| pattern::has_wildcard(value));
    let fits = |value: &&Text| id.is_none_or(|id| pattern::glob(&pattern::widest(value), id));
    let pattern = patterns.find(fits).map(|value| value.display().into_owned());
    pattern.filter(|pattern| pattern.contains(|c| c != '*' && c != '?'))
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
