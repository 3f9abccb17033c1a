//! What one version of a policy allows and the other does not, with requests that show it, statement by statement.

use super::difference;
use super::residue::{Residue, meeting, residue};
use super::split::split;
use crate::access::answer::{Answer, Cause, Estate, Reason, Witness};
use crate::access::request::Request;
use crate::policy::{Effect, Patterns, Policy, Principal, Principals, Statement, principal};
use crate::site::PolicyKind;
use crate::span::Span;
use crate::value::Text;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What a change of a policy does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// What the new version allows and the old does not.
    pub gained: Change,
    /// What the old version allows and the new does not.
    pub lost: Change,
}

/// What changed in one direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Whether something did.
    pub answer: Sure,
    /// What it depends on, or why it was not found out, where not everything is certain.
    pub why: Vec<String>,
    /// Requests that changed: one for each principal, action and resource of a statement.
    pub examples: Vec<Example>,
    /// Whether there are more than are listed.
    pub more: bool,
}

/// Whether something changed. Of the answers for the parts of a policy, the last in this order is that for the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sure {
    /// Nothing did, which is proved.
    Never,
    /// It depends on something that is not known.
    Possibly,
    /// It was not found out.
    Undecided,
    /// The requests show it.
    Yes,
}

/// A request that one version allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// The request.
    pub request: Request,
    /// Keys whose absence matters.
    pub absent: Vec<String>,
    /// The statement that allows it, by its place in the policy; `None` where the absence of a policy does.
    pub statement: Option<usize>,
    /// Whether only one version allows it, whatever the unknown values are.
    pub certain: bool,
}

/// How many requests are listed in one direction of one policy.
const MOST_EXAMPLES: usize = 20;

impl Comparison {
    /// Both versions allow the same.
    pub fn is_equal(&self) -> bool {
        self.gained.is_nothing() && self.lost.is_nothing()
    }
}

impl Change {
    /// Nothing changed.
    pub const NOTHING: Change = Change { answer: Sure::Never, why: Vec::new(), examples: Vec::new(), more: false };

    /// Whether it is proved that nothing changed.
    pub fn is_nothing(&self) -> bool {
        self.answer == Sure::Never
    }

    /// Values that are not known have these names before and after, and other definitions: a parameter has another
    /// default. What was proved for equal values is not proved then.
    pub fn redefined(&mut self, names: &[String]) {
        match self.answer {
            Sure::Never | Sure::Possibly if !names.is_empty() => {
                self.answer = Sure::Possibly;
                self.why.retain(|known| known != UNKNOWN_VALUE);
                self.why.extend(names.iter().map(|name| format!("`{name}`, which is defined differently")));
            }
            Sure::Never | Sure::Possibly | Sure::Undecided | Sure::Yes => {}
        }
    }

    fn add(&mut self, example: Option<Example>) {
        let new = example.filter(|one| self.examples.iter().all(|known| known.request != one.request));
        self.examples.extend(new);
    }

    /// Something is not certain, for this reason.
    pub fn uncertain(answer: Sure, why: impl Into<String>) -> Change {
        Change { answer, why: vec![why.into()], ..Change::NOTHING }
    }
}

/// Compare two versions of a policy; `None` is a policy that is not there. The answer never depends on how it is written.
pub fn compare(old: Option<&Policy>, new: Option<&Policy>, kind: PolicyKind) -> Comparison {
    // A mistake of this program in one policy must not hide what is found in the others.
    catch_unwind(AssertUnwindSafe(|| compare_unguarded(old, new, kind)))
        .unwrap_or_else(|_| Comparison { gained: internal_error(), lost: internal_error() })
}

fn compare_unguarded(old: Option<&Policy>, new: Option<&Policy>, kind: PolicyKind) -> Comparison {
    let versions = [Version::of(old, kind), Version::of(new, kind)];
    let [old, new] = &versions;
    let mut comparison = Comparison { gained: gained(old, new, kind), lost: gained(new, old, kind) };
    if kind != PolicyKind::Trust && versions.iter().any(Version::denies) {
        // What a Deny stops may be allowed by another policy. Only a trust policy stands alone.
        let [old, new] = versions.map(|version| version.into_limit(kind));
        beside(
            &mut comparison.gained,
            || gained(&old, &new, kind),
            "a policy beside this one: no Deny stops this request any more",
        );
        beside(
            &mut comparison.lost,
            || gained(&new, &old, kind),
            "a policy beside this one: a Deny stops this request",
        );
    }
    comparison
}

/// What some statements of a policy allow that others did not: an Allow with the Deny statements beside it. Deny
/// statements alone are a limit; what they no longer deny is gained.
///
/// Unlike [`compare`], this says nothing about Deny statements that leave these alone.
pub fn gained_by(old: &Policy, new: &Policy, kind: PolicyKind) -> Change {
    let unguarded = || {
        let versions = [Version::of(Some(old), kind), Version::of(Some(new), kind)];
        let are_limits = versions.iter().all(|version| version.limits());
        let [old, new] = if are_limits { versions.map(|version| version.into_limit(kind)) } else { versions };
        gained(&old, &new, kind)
    };
    catch_unwind(AssertUnwindSafe(unguarded)).unwrap_or_else(|_| internal_error())
}

fn internal_error() -> Change {
    Change::uncertain(Sure::Undecided, "internal error; please report it")
}

/// Replace "nothing" by what Deny statements change for other policies.
fn beside(change: &mut Change, limits: impl FnOnce() -> Change, why: &str) {
    if !change.is_nothing() {
        return;
    }
    *change = limits();
    if change.answer == Sure::Yes {
        change.answer = Sure::Possibly;
        change.why = vec![why.to_owned()];
        change.examples.truncate(1);
        change.more = false;
    }
    change.examples.iter_mut().for_each(|example| (example.statement, example.certain) = (None, false));
}

/// One version, ready to be compared.
struct Version {
    policy: Policy,
    /// For each statement, the one that it comes from.
    from: Vec<Option<usize>>,
}

impl Version {
    fn of(policy: Option<&Policy>, kind: PolicyKind) -> Version {
        match policy {
            Some(policy) => {
                let mut policy = policy.clone();
                renumber(&mut policy);
                Version { from: (0..policy.statements.len()).map(Some).collect(), policy }
            }
            None => match kind {
                // No such policy, no access.
                PolicyKind::Trust | PolicyKind::Identity | PolicyKind::Resource => {
                    let mut policy = everything(kind);
                    policy.statements.clear();
                    Version { policy, from: Vec::new() }
                }
                // No such policy, no limit.
                PolicyKind::Scp | PolicyKind::Rcp | PolicyKind::Boundary | PolicyKind::Session => {
                    Version { policy: everything(kind), from: vec![None] }
                }
            },
        }
    }

    fn denies(&self) -> bool {
        self.policy.open_ended || self.policy.statements.iter().any(|statement| statement.effect != Effect::Allow)
    }

    /// Whether there are statements, and all of them deny.
    fn limits(&self) -> bool {
        let statements = &self.policy.statements;
        !statements.is_empty() && statements.iter().all(|statement| statement.effect == Effect::Deny)
    }

    /// The policy as a limit to what others allow: everything but what it denies.
    fn into_limit(mut self, kind: PolicyKind) -> Version {
        let mut all = everything(kind);
        let denies = self.policy.statements.iter().filter(|statement| statement.effect != Effect::Allow).cloned();
        all.statements.extend(denies);
        renumber(&mut all);
        all.version.clone_from(&self.policy.version);
        all.open_ended = self.policy.open_ended;
        self.from = vec![None; all.statements.len()];
        Version { policy: all, from: self.from }
    }

    /// A witness for a statement of the version, as an example.
    fn example(&self, mut witness: Witness, at: usize, certain: bool) -> Example {
        if let Some(actions) = self.policy.statements.get(at).and_then(|statement| statement.actions.as_ref()) {
            let patterns = actions.items.iter().filter_map(|item| item.known());
            witness.request.action = as_written(&witness.request.action, patterns);
        }
        let statement = self.from.get(at).copied().flatten();
        Example { request: witness.request, absent: witness.absent, statement, certain }
    }

    /// The version taken apart.
    fn apart(&self) -> Version {
        let (policy, places) = split(&self.policy);
        Version { policy, from: places.into_iter().map(|at| self.from.get(at).copied().flatten()).collect() }
    }
}

/// The policy with one of its Allow statements and every other statement.
fn only(policy: &Policy, at: usize) -> Policy {
    let kept = policy.statements.iter().enumerate().filter(|(place, one)| one.effect != Effect::Allow || *place == at);
    with_statements(policy, kept.map(|(_, one)| one.clone()).collect())
}

/// The policy without what allows nobody knows whom.
fn known(policy: &Policy) -> Policy {
    let kept = policy.statements.iter().filter(|one| one.effect == Effect::Deny || is_known(one));
    Policy { open_ended: false, ..with_statements(policy, kept.cloned().collect()) }
}

fn with_statements(policy: &Policy, statements: Vec<Statement>) -> Policy {
    let mut policy = Policy { statements, version: policy.version.clone(), facts: Vec::new(), ..*policy };
    renumber(&mut policy);
    policy
}

fn words_of_denies(policy: &Policy) -> BTreeSet<String> {
    policy.statements.iter().filter(|statement| statement.effect != Effect::Allow).map(words).collect()
}

/// An action, which has no case, in the letters of the pattern that covers it.
fn as_written<'p>(action: &str, mut patterns: impl Iterator<Item = &'p str>) -> String {
    let fixed = |pattern: &'p str| pattern.split(['*', '?']).next().unwrap_or_default();
    let begins = |text: &str| action.get(..text.len()).is_some_and(|start| start.eq_ignore_ascii_case(text));
    match patterns.find(|pattern| fixed(pattern).contains(':') && begins(fixed(pattern))).map(fixed) {
        Some(text) => format!("{text}{}", &action[text.len()..]),
        None => action.to_owned(),
    }
}

/// Places of statements are what the engine knows them by.
fn renumber(policy: &mut Policy) {
    for (index, statement) in policy.statements.iter_mut().enumerate() {
        statement.index = index;
    }
}

/// A policy that allows everything to everyone.
fn everything(kind: PolicyKind) -> Policy {
    let span = Span::default();
    let star = || Text::literal("*", span);
    let anyone = || {
        let entries = vec![Principal { kind: principal::classify(&star(), None), member: None, text: star() }];
        Principals { negated: false, key_span: span, span, entries, open_ended: false }
    };
    let all = || Some(Patterns { negated: false, key_span: span, span, items: vec![star()], open_ended: false });
    let principals = match kind {
        PolicyKind::Trust | PolicyKind::Resource | PolicyKind::Rcp => Some(anyone()),
        PolicyKind::Identity | PolicyKind::Scp | PolicyKind::Boundary | PolicyKind::Session => None,
    };
    let statement = Statement {
        index: 0,
        span,
        sid: None,
        effect: Effect::Allow,
        principals,
        actions: all(),
        resources: all(),
        conditions: Vec::new(),
        condition_span: None,
        conditions_open_ended: false,
    };
    let version = Some(Text::literal("2012-10-17", span));
    Policy { span, version, statements: vec![statement], open_ended: false, facts: Vec::new() }
}

/// What `new` allows and `old` does not.
fn gained(old: &Version, new: &Version, kind: PolicyKind) -> Change {
    let denied_the_same = words_of_denies(&old.policy) == words_of_denies(&new.policy);
    match residue(&old.policy, &new.policy, kind) {
        Some(left) if left.grants_nothing() => Change::NOTHING,
        Some(Residue { old: before, new: after, from, denies_the_same }) => {
            let from = from.into_iter().map(|at| new.from.get(at).copied().flatten()).collect();
            let after = Version { policy: after, from };
            Search {
                old: split(&before).0,
                new: after.apart(),
                kind,
                denied_the_same: denied_the_same || denies_the_same,
            }
            .change(true)
        }
        None => Search { old: split(&old.policy).0, new: new.apart(), kind, denied_the_same }.change(false),
    }
}

/// Two versions, taken apart, to be searched for what the new one allows and the old one does not.
struct Search {
    old: Policy,
    new: Version,
    kind: PolicyKind,
    /// Whether both deny the same, in the same words.
    denied_the_same: bool,
}

impl Search {
    fn ask(&self, old: &Policy, new: &Policy) -> Answer {
        difference::gained(old, new, self.kind, &Estate::default())
    }

    /// What was gained. `is_plain` says that nothing is allowed but by the Allow statements that are shown, so that these
    /// together answer for the whole.
    fn change(&self, is_plain: bool) -> Change {
        let first = self.ask(&self.old, &self.new.policy);
        if first.is_never() {
            return Change::NOTHING;
        }
        // What is too much at once may be found out part by part.
        let is_open = is_plain && matches!(first, Answer::Undecided(_));
        let answer = if is_open { Sure::Never } else { certainty(&first) };
        let words_of_old: BTreeSet<String> = self.old.statements.iter().map(words).collect();
        let known = known(&self.old);
        let allows = self.new.policy.statements.iter().filter(|statement| statement.effect == Effect::Allow);
        // One part is all of it.
        let mut first_alone = (is_plain && allows.count() == 1).then(|| first.clone());
        let mut change = Change { answer, ..Change::NOTHING };
        for (at, statement) in self.new.policy.statements.iter().enumerate() {
            // Two that have conditions which are not shown say the same, and nobody knows whether they mean it.
            let same = !is_open && self.denied_the_same && words_of_old.contains(&words(statement));
            if statement.effect != Effect::Allow || same {
                continue;
            }
            if change.examples.len() == MOST_EXAMPLES {
                change.more = true;
                break;
            }
            let part = only(&self.new.policy, at);
            let part = meeting(&part, &part, self.kind);
            let beside = |old: &Policy| meeting(old, &part, self.kind);
            let answer = first_alone.take().unwrap_or_else(|| self.ask(&beside(&self.old), &part));
            // Unknown values of the old version are taken to be none of those that the new one writes out.
            let otherwise = || self.ask(&beside(&known), &part).witness().cloned();
            change.answer = change.answer.max(certainty(&answer));
            let (why, witness, certain) = taken(answer, otherwise);
            change.why.extend(why);
            change.add(witness.map(|witness| self.new.example(witness, at, certain)));
        }
        if change.examples.is_empty() && !is_open {
            let (why, witness, certain) = taken(first, || None);
            change.why.extend(why);
            change.add(witness.map(|witness| {
                let at = witness.allowed_by;
                self.new.example(witness, at, certain)
            }));
        }
        change.why.sort();
        change.why.dedup();
        change
    }
}

fn certainty(answer: &Answer) -> Sure {
    match answer {
        Answer::Never(_) => Sure::Never,
        Answer::Possibly { .. } => Sure::Possibly,
        Answer::Undecided(_) => Sure::Undecided,
        Answer::Yes(_) => Sure::Yes,
    }
}

/// An answer as what it depends on, its request, and whether that is certain.
fn taken(answer: Answer, otherwise: impl FnOnce() -> Option<Witness>) -> (Vec<String>, Option<Witness>, bool) {
    match answer {
        Answer::Never(_) => (Vec::new(), None, true),
        Answer::Yes(witness) => (Vec::new(), Some(*witness), true),
        Answer::Possibly { why, example, .. } => (causes(&why), example.map(|one| *one).or_else(otherwise), false),
        Answer::Undecided(why) => (vec![reason(&why)], None, false),
    }
}

/// Whether everything in a statement is known.
fn is_known(statement: &Statement) -> bool {
    let mut lists = statement.actions.iter().chain(&statement.resources);
    statement.effect != Effect::Unknown
        && !statement.conditions_open_ended
        && statement
            .principals
            .as_ref()
            .is_none_or(|list| !list.open_ended && list.entries.iter().all(|entry| entry.text.known().is_some()))
        && lists.all(|list| !list.open_ended && list.items.iter().all(|item| item.known().is_some()))
        && statement
            .conditions
            .iter()
            .all(|condition| !condition.open_ended && condition.values.iter().all(|value| value.known().is_some()))
}

/// What a statement says, to tell at a glance that two say the same.
fn words(statement: &Statement) -> String {
    let texts = |texts: &mut dyn Iterator<Item = &Text>| texts.map(Text::display).collect::<Vec<_>>().join("\n");
    let principals = statement.principals.iter().map(|list| {
        let entries = list.entries.iter().map(|entry| format!("{:?} {}", entry.member, entry.text.display()));
        (list.negated, list.open_ended, entries.collect::<Vec<_>>())
    });
    let lists = statement.actions.iter().map(Some).chain([None]).chain(statement.resources.iter().map(Some));
    let lists = lists.map(|list| list.map(|list| (list.negated, list.open_ended, texts(&mut list.items.iter()))));
    let conditions = statement.conditions.iter().map(|condition| {
        (&condition.operator_text, &condition.key, condition.open_ended, texts(&mut condition.values.iter()))
    });
    format!(
        "{:?} {:?} {:?} {:?} {}",
        statement.effect,
        principals.collect::<Vec<_>>(),
        lists.collect::<Vec<_>>(),
        conditions.collect::<Vec<_>>(),
        statement.conditions_open_ended
    )
}

/// What an answer depends on that depends on a hole.
pub const UNKNOWN_VALUE: &str = "a value that is not known";

fn causes(causes: &[Cause]) -> Vec<String> {
    let words = |cause: &Cause| match cause {
        Cause::Value { .. } => UNKNOWN_VALUE,
        Cause::Variable { .. } => "a policy variable",
        Cause::Operator { .. } => "an operator whose meaning is not documented",
        Cause::UnseenConditions { .. } => "conditions that are not shown",
        Cause::UnseenStatements => "statements that are not shown",
        Cause::Effect { .. } => "an effect that is not known",
        Cause::Undocumented => "behaviour that AWS does not document",
    };
    let mut words: Vec<String> = causes.iter().map(|cause| words(cause).to_owned()).collect();
    words.dedup();
    words
}

fn reason(reason: &Reason) -> String {
    match reason {
        Reason::StringAtoms { key } => format!("too many different patterns for `{key}`"),
        Reason::SetAtoms { key } => format!("too many different sets of values for `{key}`"),
        Reason::Nodes => "the search took too many steps".to_owned(),
        Reason::Size { characters, limit } => {
            format!("the policy has values of {characters} characters, more than the {limit} that are searched")
        }
        Reason::Internal => {
            "two ways to answer disagree, which is a mistake of this program; please report it".to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::lower;
    use crate::syntax::{self, Syntax};

    fn policy(text: &str) -> Policy {
        lower(&syntax::parse(text, Syntax::Json).documents[0])
    }

    fn statements(text: &str) -> Policy {
        policy(&format!(r#"{{"Version": "2012-10-17", "Statement": [{text}]}}"#))
    }

    fn trust(principals: &str) -> Policy {
        statements(&format!(
            r#"{{"Effect": "Allow", "Principal": {{"AWS": [{principals}]}}, "Action": "sts:AssumeRole"}}"#
        ))
    }

    fn callers(change: &Change) -> Vec<String> {
        assert_eq!((change.answer, change.more), (Sure::Yes, false));
        change.examples.iter().map(|example| example.request.caller.to_string()).collect()
    }

    const A: &str = r#""arn:aws:iam::111122223333:user/a""#;
    const B: &str = r#""arn:aws:iam::111122223333:user/b""#;
    const C: &str = r#""arn:aws:iam::111122223333:user/c""#;

    #[test]
    fn each_principal_is_told() {
        let both = trust(&format!("{B}, {A}, {C}"));
        let comparison = compare(Some(&trust(A)), Some(&both), PolicyKind::Trust);
        let ends: Vec<String> = callers(&comparison.gained);
        assert_eq!(ends, ["arn:aws:iam::111122223333:user/b", "arn:aws:iam::111122223333:user/c"]);
        assert!(comparison.lost.is_nothing());
        let back = compare(Some(&both), Some(&trust(A)), PolicyKind::Trust);
        assert_eq!((back.gained, back.lost), (comparison.lost, comparison.gained));
    }

    #[test]
    fn actions_are_written_as_in_the_policy() {
        assert_eq!(as_written("S3:GETOBJECT", ["s3:Put*", "s3:GetObject"].into_iter()), "s3:GetObject");
        assert_eq!(as_written("S3:GETX", ["s3:Get*"].into_iter()), "s3:GetX");
        assert_eq!(as_written("x:x", ["*", "*:*", "s3:é"].into_iter()), "x:x");
    }

    #[test]
    fn order_says_nothing() {
        let comparison =
            compare(Some(&trust(&format!("{A}, {B}"))), Some(&trust(&format!("{B}, {A}, {A}"))), PolicyKind::Trust);
        assert!(comparison.is_equal(), "{comparison:?}");
    }

    #[test]
    fn a_policy_that_is_not_there() {
        let gained = compare(None, Some(&trust(A)), PolicyKind::Trust);
        assert_eq!(callers(&gained.gained), ["arn:aws:iam::111122223333:user/a"]);
        assert!(gained.lost.is_nothing());
        let boundary = statements(r#"{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}"#);
        let removed = compare(Some(&boundary), None, PolicyKind::Boundary);
        assert_eq!(removed.gained.answer, Sure::Yes, "without a boundary everything is within it");
        assert!(removed.lost.is_nothing());
    }

    #[test]
    fn a_deny_matters_to_other_policies() {
        let deny = statements(r#"{"Effect": "Deny", "Action": "iam:*", "Resource": "*"}"#);
        let comparison = compare(Some(&deny), None, PolicyKind::Identity);
        assert_eq!((comparison.gained.answer, comparison.gained.examples.len()), (Sure::Possibly, 1), "{comparison:?}");
        assert!(comparison.lost.is_nothing());
        let same = compare(Some(&deny), Some(&deny), PolicyKind::Identity);
        assert!(same.is_equal(), "{same:?}");
    }

    #[test]
    fn an_allow_is_held_against_the_denies_beside_it() {
        let kind = PolicyKind::Identity;
        let allow = r#"{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}"#;
        let deny = |action: &str| format!(r#"{{"Effect": "Deny", "Action": "{action}", "Resource": "*"}}"#);
        let beside = |action: &str| statements(&format!("{allow}, {}", deny(action)));
        let alone = statements(allow);
        assert_eq!(gained_by(&beside("s3:Delete*"), &alone, kind).answer, Sure::Yes);
        assert!(gained_by(&alone, &beside("s3:Delete*"), kind).is_nothing());
        // What is denied elsewhere is no matter of this statement.
        assert!(gained_by(&beside("iam:*"), &alone, kind).is_nothing());
        let limit = |action: &str| statements(&deny(action));
        assert!(gained_by(&limit("s3:Get*"), &limit("s3:*"), kind).is_nothing());
        assert_eq!(gained_by(&limit("s3:*"), &limit("s3:Get*"), kind).answer, Sure::Yes);
    }

    #[test]
    fn statements_keep_their_places() {
        let old = trust(A);
        let new = statements(&format!(
            r#"{{"Effect": "Allow", "Principal": {{"AWS": [{A}, {B}]}}, "Action": "sts:AssumeRole"}},
               {{"Effect": "Allow", "Principal": {{"AWS": {C}}}, "Action": "sts:AssumeRole"}}"#
        ));
        let examples = compare(Some(&old), Some(&new), PolicyKind::Trust).gained.examples;
        assert_eq!(examples.iter().map(|example| example.statement).collect::<Vec<_>>(), [Some(0), Some(1)]);
    }
}
