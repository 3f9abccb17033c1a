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
    let policy =
        Policy { statements: renumbered.collect(), version: policy.version.clone(), facts: Vec::new(), ..*policy };
    (policy, from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{lower, principal};
    use crate::syntax::{Syntax, parse};
    use crate::value::{Domain, Hole, Text};

    fn policy(statements: &str) -> Policy {
        let text = format!(r#"{{"Version": "2012-10-17", "Statement": [{statements}]}}"#);
        lower(&parse(&text, Syntax::Json).documents[0])
    }

    fn trust(principals: &str) -> Policy {
        policy(&format!(r#"{{"Effect": "Allow", "Principal": {{"AWS": [{principals}]}}, "Action": "sts:AssumeRole"}}"#))
    }

    fn principals(policy: &Policy) -> Vec<String> {
        let entries = policy.statements.iter().flat_map(Statement::listed_principals);
        entries.map(|entry| entry.text.display().into_owned()).collect()
    }

    #[test]
    fn of_a_large_policy_little_is_left() {
        let user = |at: usize| format!("\"arn:aws:iam::111122223333:user/u{at}\"");
        let all = (0..500).map(user).collect::<Vec<_>>().join(",");
        let (old, new) = (trust(&all), trust(&all.replace(&user(250), &user(999))));
        let left = residue(&old, &new, PolicyKind::Trust).expect("all is shown");
        assert_eq!((principals(&left.new), left.from), (vec![user(999).replace('"', "")], vec![0]));
        assert!(left.old.statements.is_empty() && left.denies_the_same);
        // The account may hold the new user, and the old ones are no matter.
        let old = trust(&format!("{all}, \"111122223333\", \"444455556666\""));
        let left = residue(&old, &new, PolicyKind::Trust).expect("all is shown");
        assert_eq!(principals(&left.old), ["111122223333"]);
    }

    #[test]
    fn a_deny_that_is_lifted_counts_where_it_reaches() {
        let allow = r#"{"Effect": "Allow", "Action": ["s3:Get*", "ec2:*", "iam:PassRole"], "Resource": "*"}"#;
        let deny = |actions: &str| format!(r#"{{"Effect": "Deny", "Action": [{actions}], "Resource": "*"}}"#);
        let of = |actions: &str| policy(&format!("{allow}, {}", deny(actions)));
        let actions = |policy: &Policy| -> Vec<Vec<String>> {
            let lists = policy.statements.iter().filter_map(|one| one.actions.as_ref());
            lists.map(|list| list.items.iter().map(|item| item.display().into_owned()).collect()).collect()
        };
        let kind = PolicyKind::Identity;
        let left = residue(&of(r#""ec2:Run*", "iam:*""#), &of(r#""iam:*""#), kind).expect("all is shown");
        assert_eq!(actions(&left.new), [["ec2:*"]]);
        assert_eq!(actions(&left.old), [["ec2:*"], ["ec2:Run*"]]);
        assert!(!left.denies_the_same);
        // The other way round a Deny is added, which grants nothing.
        assert!(residue(&of(r#""iam:*""#), &of(r#""ec2:Run*", "iam:*""#), kind).is_some_and(|it| it.grants_nothing()));
    }

    #[test]
    fn statements_taken_apart_say_the_same() {
        let one = |actions: &str, resources: &str| {
            format!(
                r#"{{"Effect": "Allow", "Action": [{actions}], "Resource": [{resources}], "Condition": {{"StringEquals": {{"aws:PrincipalTag/a": ["1", "2"]}}}}}}"#
            )
        };
        let (a, b, x, y) = (r#""s3:A""#, r#""s3:B""#, r#""x""#, r#""y""#);
        let whole = policy(&one(&format!("{a}, {b}"), &format!("{x}, {y}")));
        let apart =
            policy(&[one(a, x), one(b, x), one(a, y), one(b, y).replace(r#""1", "2""#, r#""2", "1""#)].join(","));
        for (old, new) in [(&whole, &apart), (&apart, &whole)] {
            assert!(residue(old, new, PolicyKind::Identity).is_some_and(|left| left.grants_nothing()));
        }
        let less = policy(&[one(a, x), one(b, y)].join(","));
        let left = residue(&less, &whole, PolicyKind::Identity).expect("all is shown");
        assert_eq!(left.new.statements.len(), 2, "{:#?}", left.new);
    }

    #[test]
    fn a_value_that_is_not_known_may_be_any_other() {
        // The sort of principal that a default is says nothing of other values.
        let default = Some("arn:aws:iam::111122223333:user/alice".to_owned());
        let hole = || Hole { name: "X".into(), why: "a parameter", domain: Domain::Text, default: default.clone() };
        let (mut old, mut new) = (trust(r#""444455556666", "1""#), trust(r#""444455556666", "1", "777788889999""#));
        for policy in [&mut old, &mut new] {
            let list = policy.statements[0].principals.as_mut().expect("principals");
            list.entries[1].text = Text::hole(hole(), list.span);
            list.entries[1].kind = principal::classify(&list.entries[1].text, list.entries[1].member);
        }
        let left = residue(&old, &new, PolicyKind::Trust).expect("all is shown");
        assert_eq!(principals(&left.new), ["777788889999"]);
        assert_eq!(principals(&left.old), ["${X}"]);
        assert!(residue(&new, &old, PolicyKind::Trust).is_some_and(|left| left.grants_nothing()));
        assert_eq!(principals(&meeting(&left.old, &left.new, PolicyKind::Trust)), ["${X}"]);
    }
}
