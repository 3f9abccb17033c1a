//! Who can assume a role: every caller whom the policy lets in, from the widest description to the narrowest.
//!
//! Each atom of callers is asked for on its own, with what it needs: the keys for which not every value will do. Callers
//! of one account with the same needs are said once, and so are strangers; what a wider finding says, no narrower one
//! repeats.

use crate::access::engine::CompiledPolicy;
use crate::access::engine::bits::Bits;
use crate::access::engine::boxes::Bound;
use crate::access::engine::callers::Kind;
use crate::access::engine::solve::{Cell, Clause, Found, MAX_WORK, solve};
use crate::access::engine::space::{ACTION, CALLER, CREDENTIALS, Value};
use crate::access::request::Caller;
use crate::policy::Effect;

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
    /// The actions that pass.
    pub actions: Vec<String>,
    /// Keys for which not every value will do, with values that do; an empty list of values means absence.
    pub needs: Vec<Need>,
    /// Whether it depends on values that are not known.
    pub possibly: bool,
}

/// What a caller needs of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// The key.
    pub key: String,
    /// One value of each sort that will do; `None` stands for the absent key.
    pub values: Vec<Option<Vec<String>>>,
}

/// Everybody who can assume the role, and what they need.
pub fn who(model: &CompiledPolicy) -> Vec<Finding> {
    let mut found = Vec::new();
    for (at, atom) in model.space.callers.atoms.iter().enumerate() {
        for (bound, possibly) in [(Bound::Least, false), (Bound::Most, true)] {
            let reach = Reach::new(model, at, bound);
            let (actions, needs) = (reach.actions(), reach.needs());
            if !actions.is_empty() {
                let who = Who::Caller(atom.caller.clone());
                found.push((at, Finding { who, actions, needs, possibly }));
                break;
            }
        }
    }
    gather(model, found)
}

/// The searches for one caller.
struct Reach<'m> {
    model: &'m CompiledPolicy,
    cells: Vec<Cell>,
    clauses: Vec<Clause>,
}

impl<'m> Reach<'m> {
    fn new(model: &'m CompiledPolicy, caller: usize, bound: Bound) -> Self {
        let only = Bits::of(model.space.size(CALLER), |atom| atom == caller);
        let cells = model.with(0, Effect::Allow).map(|(_, allow)| {
            let mut cell = model.space.everything();
            allow.narrow(&model.space, &mut cell, bound, None);
            model.space.layout.narrow(&mut cell, CALLER.index(), &only);
            cell
        });
        let denied = if bound == Bound::Least { Bound::Most } else { Bound::Least };
        let denials = model.with(0, Effect::Deny).map(|(_, deny)| deny.clause(denied, None));
        let laws = model.laws.iter().map(|(_, law)| law.clone());
        Reach { model, cells: cells.collect(), clauses: denials.chain(laws).collect() }
    }

    /// Whether a request passes that has this atom.
    fn reaches(&self, dim: usize, atom: usize) -> bool {
        let clauses: Vec<&Clause> = self.clauses.iter().collect();
        let only = Bits::of(self.model.space.dims()[dim].values.len(), |index| index == atom);
        self.cells.iter().any(|cell| {
            let mut cell = cell.clone();
            self.model.space.layout.narrow(&mut cell, dim, &only);
            matches!(solve(&self.model.space.layout, cell, &clauses, &mut { MAX_WORK }), Found::Point(_))
        })
    }

    fn actions(&self) -> Vec<String> {
        let dim = &self.model.space.dims()[ACTION.index()];
        let passes = |atom: &usize| self.reaches(ACTION.index(), *atom);
        let name = |atom: usize| match &dim.values[atom] {
            Value::One(name) => Some(name.clone()),
            Value::Absent | Value::Many(_) | Value::Any => None,
        };
        (0..dim.values.len()).filter(passes).filter_map(name).collect()
    }

    fn needs(&self) -> Vec<Need> {
        let keys = self.model.space.dims().iter().enumerate().skip(CREDENTIALS.index() + 1);
        keys.filter_map(|(index, dim)| {
            let reached: Vec<usize> = (0..dim.values.len()).filter(|atom| self.reaches(index, *atom)).collect();
            let value = |atom: &usize| match &dim.values[*atom] {
                Value::Absent => None,
                Value::One(value) => Some(vec![value.clone()]),
                Value::Many(values) => Some(values.clone()),
                Value::Any => Some(Vec::new()),
            };
            let values = reached.iter().map(value).collect();
            (reached.len() < dim.values.len()).then(|| Need { key: dim.name.clone(), values })
        })
        .collect()
    }
}

/// Say once what is the same for an account, and for all accounts.
fn gather(model: &CompiledPolicy, found: Vec<(usize, Finding)>) -> Vec<Finding> {
    let atoms = &model.space.callers.atoms;
    let assumes = |finding: &Finding| finding.actions.iter().any(|action| action.starts_with("sts:AssumeRole"));
    let member = |at: usize| matches!(atoms[at].kind, Kind::User | Kind::Role);
    let alike = |a: &Finding, b: &Finding| a.actions == b.actions && a.needs == b.needs && a.possibly == b.possibly;
    // An account whose every user and role is found with the same needs.
    let whole = |account: &str| -> Option<Finding> {
        let own = |at: &usize| member(*at) && atoms[*at].caller.account() == Some(account);
        let mut lines = (0..atoms.len()).filter(own).map(|at| found.iter().find(|(known, _)| *known == at));
        let (_, first) = lines.next()??;
        lines.all(|line| line.is_some_and(|(_, other)| alike(first, other))).then(|| first.clone())
    };
    let anybody = model.space.callers.strangers.first().and_then(|stranger| whole(stranger));
    let mut out: Vec<Finding> = anybody.iter().map(|one| Finding { who: Who::Anybody, ..one.clone() }).collect();
    let mut done: Vec<&str> = Vec::new();
    for (at, finding) in &found {
        let account = atoms[*at].caller.account();
        if !assumes(finding) || account.is_some_and(|account| done.contains(&account)) {
            continue;
        }
        if member(*at) && anybody.as_ref().is_some_and(|one| alike(one, finding)) {
            continue;
        }
        match account.filter(|_| member(*at)).and_then(|account| Some((account, whole(account)?))) {
            Some((account, one)) => {
                done.push(account);
                out.push(Finding { who: Who::Account(account.to_owned()), ..one });
            }
            None if atoms[*at].truth.is_empty() && account.is_none() => {
                out.push(Finding { who: Who::Other(atoms[*at].kind), ..finding.clone() });
            }
            None => out.push(finding.clone()),
        }
    }
    out
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
