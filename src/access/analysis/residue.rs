//! What of two versions of a policy is left to be searched, once what both say in the same words is taken away.
//!
//! What a new version allows and an old one does not is allowed by a statement of the new one, and either by no statement
//! of the old one or against a Deny that the new one no longer has. So a new Allow counts only as far as no old one says
//! the same, or as far as such a Deny reaches; and of everything else only what can meet that. Both are read off the
//! words: taking away less than could be taken away changes no answer.
//!
//! All of it is linear in the policies but for the sorting, so that a small change of a large policy is a small question.

mod boxes;
mod reach;

use crate::policy::{Effect, Policy, Statement};
use crate::site::PolicyKind;
use boxes::subtract;
use reach::Reach;

/// What is left of two versions.
#[derive(Debug)]
pub struct Residue {
    /// Of the old version: what can meet the statements that are left of the new one.
    pub old: Policy,
    /// Of the new version: the Allow statements as far as they may grant more, and the Deny statements that can meet them.
    pub new: Policy,
    /// For each statement that is left of the new version, its place there.
    pub from: Vec<usize>,
    /// Whether the new version denies all that the old one does, in the same words.
    pub denies_the_same: bool,
}

impl Residue {
    /// Whether the new version surely allows nothing that the old one does not.
    pub fn grants_nothing(&self) -> bool {
        self.new.statements.iter().all(|statement| statement.effect == Effect::Deny)
    }
}

/// What is left of two versions, to find what the new one allows and the old one does not. `None` if there may be
/// statements that are not shown, or whose effect is not known: then every word may count.
pub fn residue(old: &Policy, new: &Policy, kind: PolicyKind) -> Option<Residue> {
    if !is_plain(old) || !is_plain(new) {
        return None;
    }
    // `${…}` is a variable in one version of the language and letters in the other.
    let same_language = old.version == new.version;
    let more = |effect: Effect, of: &Policy, than: &Policy| -> Vec<(usize, Statement)> {
        let those = |policy: &'_ Policy| -> Vec<usize> {
            (0..policy.statements.len()).filter(|at| policy.statements[*at].effect == effect).collect()
        };
        match same_language {
            true => subtract(of, &those(of), than, &those(than)),
            false => those(of).into_iter().map(|at| (at, of.statements[at].clone())).collect(),
        }
    };
    let mut allows = more(Effect::Allow, new, old);
    let lifted = more(Effect::Deny, old, new);
    let denies_the_same = lifted.is_empty();
    let mut reach = Reach::of(kind, allows.iter().map(|(_, statement)| statement));
    if !denies_the_same {
        let mut open = Reach::of(kind, lifted.iter().map(|(_, statement)| statement));
        allows = under(&open, new, allows);
        open.add(&reach);
        reach = open;
    }
    let within = |policy: &Policy, effect: Effect| -> Vec<(usize, Statement)> {
        let all = policy.statements.iter().enumerate().filter(|(_, statement)| statement.effect == effect);
        all.filter_map(|(at, statement)| Some((at, reach.meeting(statement)?))).collect()
    };
    let lifted = lifted.into_iter().filter_map(|(at, statement)| Some((at, reach.meeting(&statement)?)));
    let old_left = within(old, Effect::Allow).into_iter().chain(lifted).collect();
    let new_left = allows.into_iter().chain(within(new, Effect::Deny)).collect();
    let (old, _) = with(old, old_left);
    let (new, from) = with(new, new_left);
    Some(Residue { old, new, from, denies_the_same })
}

/// The statements of `outer` as far as they can meet what `inner` allows: no request that `inner` allows is matched by what
/// is left out. The whole of it if `inner` may allow more than it shows.
pub fn meeting(outer: &Policy, inner: &Policy, kind: PolicyKind) -> Policy {
    if !is_plain(outer) || !is_plain(inner) {
        return outer.clone();
    }
    let allows = inner.statements.iter().filter(|statement| statement.effect == Effect::Allow);
    let reach = Reach::of(kind, allows);
    let met = outer.statements.iter().enumerate().filter_map(|(at, one)| Some((at, reach.meeting(one)?)));
    with(outer, met.collect()).0
}

/// Whether every statement is shown and known to allow or to deny.
fn is_plain(policy: &Policy) -> bool {
    !policy.open_ended && policy.statements.iter().all(|statement| statement.effect != Effect::Unknown)
}

/// The Allow statements that count when a Deny was lifted: what they grant anew, and beside that each as far as it meets
/// the Deny.
fn under(lifted: &Reach, new: &Policy, more: Vec<(usize, Statement)>) -> Vec<(usize, Statement)> {
    let mut more = more.into_iter().peekable();
    let mut allows = Vec::new();
    for (at, statement) in new.statements.iter().enumerate().filter(|(_, one)| one.effect == Effect::Allow) {
        while let Some(part) = more.next_if(|(from, _)| *from == at) {
            allows.push(part);
        }
        allows.extend(lifted.meeting(statement).map(|met| (at, met)));
    }
    allows
}

/// The policy with these statements in the order of their places, and those places.
fn with(policy: &Policy, mut statements: Vec<(usize, Statement)>) -> (Policy, Vec<usize>) {
    statements.sort_by_key(|(at, _)| *at);
    let from = statements.iter().map(|(at, _)| *at).collect();
    let renumbered = statements.into_iter().enumerate().map(|(index, (_, statement))| Statement { index, ..statement });
    let policy = Policy {
        statements: renumbered.collect(),
        version: policy.version.clone(),
        facts: Vec::new(),
        ..*policy
    };
    (policy, from)
}
