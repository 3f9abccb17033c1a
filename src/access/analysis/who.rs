//! Who can assume a role: every caller whom the policy lets in, from the widest description to the narrowest.
//!
//! Each atom of callers is asked for on its own, with what it needs: the keys for which not every value will do. Callers
//! of one account with the same needs are said once, and so are those of all accounts that nobody names; what a wider
//! finding says, no narrower one repeats.
//!
//! A caller of an account that nobody names is a *stranger* where nothing ties them to anybody: the same as in
//! [`Query::Anybody`](crate::access::Query::Anybody), for somebody who knows the external ids. Where they come in only
//! with what belongs to somebody (an organization, an address, a network, an id that AWS gives), the finding says by which
//! keys they are bound.

mod ways;

use crate::access::engine::CompiledPolicy;
use crate::access::engine::callers::{CallerAtom, Kind};
use crate::access::request::Caller;
use std::collections::{BTreeMap, BTreeSet};
use ways::Ways;

/// Whom a finding speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// Users and roles of any account.
    Anybody,
    /// Users and roles of one account.
    Account(String),
    /// One caller.
    Caller(Caller),
    /// Any caller of this kind that the policy does not name.
    Other(Kind),
}

/// One line of the answer to "who?".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Whom it speaks of.
    pub who: Who,
    /// Which accounts the account of [`Finding::who`] stands for, if nobody names it; `None` for an account that is meant.
    pub unnamed: Option<Unnamed>,
    /// Whether it lets strangers in, who need nothing that belongs to somebody else.
    pub stranger: bool,
    /// The keys that tie callers of accounts that nobody names to somebody, where only those come in.
    pub bound_by: Vec<String>,
    /// The actions that pass.
    pub actions: Vec<String>,
    /// Keys for which not every value will do, with values that do; an empty list of values means absence.
    pub needs: Vec<Need>,
    /// Whether it depends on values that are not known.
    pub possibly: bool,
}

/// The accounts that a stand-in stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unnamed {
    /// Every account that nobody names.
    Every,
    /// Those whose ids the policy does not tell apart from this one.
    Like,
}

/// What a caller needs of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// The key.
    pub key: String,
    /// One value of each sort that will do; `None` stands for the absent key.
    pub values: Vec<Option<Vec<String>>>,
}

impl Finding {
    /// Whether another one says the same of its callers.
    fn is_alike(&self, other: &Finding) -> bool {
        self.actions == other.actions && self.needs == other.needs && self.possibly == other.possibly
    }

    /// The same, and both let strangers in or neither does.
    fn is_same_way(&self, other: &Finding) -> bool {
        self.stranger == other.stranger && self.bound_by == other.bound_by && self.is_alike(other)
    }
}

/// Everybody who can assume the role, and what they need.
pub fn who(model: &CompiledPolicy) -> Vec<Finding> {
    let ways = Ways::new(model);
    let atoms = &model.space.callers.atoms;
    let strangers: BTreeSet<&str> = model.space.callers.strangers.iter().map(String::as_str).collect();
    let is_unnamed =
        |atom: &CallerAtom| is_member(atom) && atom.caller.account().is_some_and(|own| strangers.contains(own));
    let found = atoms.iter().enumerate().map(|(at, atom)| match is_unnamed(atom) {
        true => ways.of_unnamed(at),
        false => ways.of_known(at),
    });
    let mut accounts: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, atom) in atoms.iter().enumerate().filter(|(_, atom)| is_member(atom)) {
        accounts.entry(atom.caller.account().unwrap_or_default()).or_default().push(at);
    }
    Gathered { atoms, found: found.collect(), accounts, strangers }.findings()
}

/// Whether a caller is one of those that make up an account: its users and roles.
fn is_member(atom: &CallerAtom) -> bool {
    matches!(atom.kind, Kind::User | Kind::Role)
}

/// A caller but for the account.
fn face(caller: &Caller) -> (Kind, &str, &str) {
    match caller {
        Caller::User { name, .. } => (Kind::User, name, ""),
        Caller::Role { name, session, .. } => (Kind::Role, name, session),
        other => (Kind::of(other), "", ""),
    }
}

/// What was found of each caller, to be said once where it is the same for an account, and for all accounts.
struct Gathered<'m> {
    atoms: &'m [CallerAtom],
    /// By atom.
    found: Vec<Vec<Finding>>,
    /// The users and roles of each account.
    accounts: BTreeMap<&'m str, Vec<usize>>,
    /// The accounts that nobody names.
    strangers: BTreeSet<&'m str>,
}

impl Gathered<'_> {
    fn findings(&self) -> Vec<Finding> {
        let of_first = || {
            let first = self.strangers.iter().find_map(|account| self.accounts.get(account)?.first());
            first.map_or(&[][..], |at| self.found[*at].as_slice())
        };
        let is_everywhere = |one: &&Finding| self.strangers.iter().all(|account| self.is_whole(account, one));
        let anybody: Vec<&Finding> = of_first().iter().filter(is_everywhere).collect();
        let say = |one: &&Finding| Finding { who: Who::Anybody, unnamed: Some(Unnamed::Every), ..(*one).clone() };
        let mut out: Vec<Finding> = anybody.iter().map(say).collect();
        let mut whole: Vec<(&str, &Finding)> = Vec::new();
        let mut shared: Vec<((Kind, &str, &str), &Finding)> = Vec::new();
        for (at, finding) in self.found.iter().enumerate().flat_map(|(at, ways)| ways.iter().map(move |one| (at, one)))
        {
            let atom = &self.atoms[at];
            let account = atom.caller.account().filter(|_| is_member(atom));
            let Some(account) = account else {
                let who = if atom.truth.is_empty() && atom.caller.account().is_none() {
                    Who::Other(atom.kind)
                } else {
                    Who::Caller(atom.caller.clone())
                };
                out.push(Finding { who, ..finding.clone() });
                continue;
            };
            let is_unnamed = self.strangers.contains(account);
            let is_said =
                |known: &&Finding| if is_unnamed { known.is_same_way(finding) } else { known.is_alike(finding) };
            if anybody.iter().any(&is_said) || whole.iter().any(|(own, known)| *own == account && is_said(known)) {
                continue;
            }
            if self.is_whole(account, finding) {
                whole.push((account, finding));
                let unnamed = is_unnamed.then_some(Unnamed::Like);
                out.push(Finding { who: Who::Account(account.to_owned()), unnamed, ..finding.clone() });
                continue;
            }
            let face = face(&atom.caller);
            let unnamed = is_unnamed.then(|| self.reach_of(face, finding));
            if unnamed == Some(Unnamed::Every) {
                if shared.iter().any(|(known, way)| *known == face && way.is_same_way(finding)) {
                    continue;
                }
                shared.push((face, finding));
            }
            out.push(Finding { unnamed, ..finding.clone() });
        }
        out
    }

    /// Whether every user and role of an account comes in by this way.
    fn is_whole(&self, account: &str, way: &Finding) -> bool {
        let has = |at: &usize| self.found[*at].iter().any(|known| known.is_same_way(way));
        self.accounts.get(account).is_some_and(|members| members.iter().all(has))
    }

    /// Whether a caller of this name comes in by this way from every account that nobody names.
    fn reach_of(&self, wanted: (Kind, &str, &str), way: &Finding) -> Unnamed {
        let is_there = |account: &&str| {
            let members = self.accounts.get(*account).into_iter().flatten();
            let mut same = members.filter(|at| face(&self.atoms[**at].caller) == wanted);
            same.any(|at| self.found[*at].iter().any(|known| known.is_same_way(way)))
        };
        if self.strangers.iter().all(is_there) { Unnamed::Every } else { Unnamed::Like }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{Estate, analyse};
    use crate::policy::lower;
    use crate::syntax;

    fn found(statements: &str) -> Vec<Finding> {
        let text = format!("{{\"Version\":\"2012-10-17\",\"Statement\":[{statements}]}}");
        who(&analyse(&lower(&syntax::parse(&text, syntax::Syntax::Json).documents[0]), &Estate::default()))
    }

    #[test]
    fn widest_first_and_once() {
        let one = |principal: &str, condition: &str| {
            format!(r#"{{"Effect":"Allow","Principal":{principal},"Action":"sts:AssumeRole","Condition":{condition}}}"#)
        };
        let account = found(&one(r#"{"AWS":"444455556666"}"#, r#"{"StringEquals":{"sts:ExternalId":"k7Qd"}}"#));
        assert_eq!(account.len(), 1);
        assert_eq!(account[0].who, Who::Account("444455556666".into()));
        assert_eq!(account[0].needs[0].values, [Some(vec!["k7Qd".to_owned()])]);
        let both = found(&format!(
            "{},{}",
            one(r#"{"AWS":["*","arn:aws:iam::444455556666:user/alice"]}"#, "{}"),
            one(r#"{"Service":"ec2.amazonaws.com"}"#, "{}")
        ));
        let who: Vec<&Who> = both.iter().filter(|finding| !finding.possibly).map(|finding| &finding.who).collect();
        assert_eq!(who, [&Who::Anybody, &Who::Caller(Caller::Service("ec2.amazonaws.com".into()))]);
        assert_eq!(found(&one(r#"{"AWS":"444455556666"}"#, r#"{"StringEquals":{"s3:prefix":"x"}}"#)), []);
    }
}
