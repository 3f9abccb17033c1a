//! How one caller comes in: as a stranger, whom nothing ties to anybody, or bound by what belongs to somebody.

use super::{Finding, Need, Who};
use crate::access::engine::CompiledPolicy;
use crate::access::engine::bits::Bits;
use crate::access::engine::boxes::Bound;
use crate::access::engine::queries::Query;
use crate::access::engine::solve::{Cell, Clause, Found, MAX_WORK, solve};
use crate::access::engine::space::{ACTION, CALLER, CREDENTIALS, Dim, Region, Value};
use crate::policy::Effect;

/// The kinds of ways to ask for, made once for a policy.
pub struct Ways<'m> {
    model: &'m CompiledPolicy,
    /// What a stranger has of the keys that bind their values to somebody.
    free: Vec<Region>,
    /// For each of those keys that somebody's values are named of, these values.
    bound: Vec<(Dim, Region)>,
}

impl<'m> Ways<'m> {
    /// Prepare the questions.
    pub fn new(model: &'m CompiledPolicy) -> Self {
        let boxes = model.boxes(&Query::Anybody { knows_external_id: true });
        let regions = boxes.into_iter().flatten();
        // Who calls is asked caller by caller, and every action is told.
        let free: Vec<Region> = regions.filter(|region| matches!(region, Region::NotIn(_))).collect();
        let bound = free.iter().filter_map(|region| match region {
            Region::NotIn(group) => {
                let region = Region::In(*group);
                let (dim, sets) = region.resolve(&model.space);
                (!sets.most.is_empty()).then_some((dim, region))
            }
            _ => None,
        });
        let bound = bound.collect();
        Ways { model, free, bound }
    }

    /// The ways in which a caller of an account that somebody names may assume the role.
    pub fn of_known(&self, atom: usize) -> Vec<Finding> {
        self.way(atom, &[]).into_iter().collect()
    }

    /// The ways in which a caller of an account that nobody names may.
    pub fn of_unnamed(&self, atom: usize) -> Vec<Finding> {
        let all = self.way(atom, &[]);
        if self.bound.is_empty() {
            return all.into_iter().map(|one| Finding { stranger: true, ..one }).collect();
        }
        let Some(all) = all else { return Vec::new() };
        let free = self.way(atom, &self.free);
        let mut tied: Vec<Finding> = Vec::new();
        for (dim, region) in &self.bound {
            let name = &self.model.space.dim(*dim).name;
            let Some(way) = self.way(atom, std::slice::from_ref(region)) else { continue };
            if free.as_ref().is_some_and(|free| asks_no_more(free, &way)) {
                continue;
            }
            match tied.iter_mut().find(|known| known.is_alike(&way)) {
                Some(known) => known.bound_by.push(name.clone()),
                None => tied.push(Finding { bound_by: vec![name.clone()], ..way }),
            }
        }
        match (free, tied.as_slice()) {
            (Some(_), []) => vec![Finding { stranger: true, ..all }],
            (Some(free), _) => std::iter::once(Finding { stranger: true, ..free }).chain(tied).collect(),
            // Everything that this caller can do at all.
            (None, [] | [_]) => {
                let bound_by = tied.into_iter().flat_map(|one| one.bound_by).collect();
                vec![Finding { bound_by, ..all }]
            }
            (None, _) => tied,
        }
    }

    /// What a caller can do within some regions and needs for it: for sure, or else possibly.
    fn way(&self, atom: usize, within: &[Region]) -> Option<Finding> {
        let caller = &self.model.space.callers.atoms[atom].caller;
        [(Bound::Least, false), (Bound::Most, true)].into_iter().find_map(|(bound, possibly)| {
            let reach = Reach::new(self.model, atom, bound, within);
            let actions = reach.actions();
            let assumes = actions.iter().any(|action| action.starts_with("sts:AssumeRole"));
            assumes.then(|| Finding {
                who: Who::Caller(caller.clone()),
                unnamed: None,
                stranger: false,
                bound_by: Vec::new(),
                needs: reach.needs(),
                actions,
                possibly,
            })
        })
    }
}

/// Whether who comes in by the second way comes in by the first as well, so that the first says it all.
fn asks_no_more(first: &Finding, second: &Finding) -> bool {
    let is_asked = |need: &Need| {
        let other = second.needs.iter().find(|other| other.key == need.key);
        other.is_some_and(|other| other.values.iter().all(|value| need.values.contains(value)))
    };
    (!first.possibly || second.possibly)
        && second.actions.iter().all(|action| first.actions.contains(action))
        && first.needs.iter().all(is_asked)
}

/// The searches for one caller.
struct Reach<'m> {
    model: &'m CompiledPolicy,
    /// What there is within the regions.
    whole: Cell,
    cells: Vec<Cell>,
    clauses: Vec<Clause>,
}

impl<'m> Reach<'m> {
    fn new(model: &'m CompiledPolicy, caller: usize, bound: Bound, within: &[Region]) -> Self {
        let (space, layout) = (&model.space, &model.space.layout);
        let mut whole = space.everything();
        for region in within {
            let (dim, sets) = region.resolve(space);
            layout.narrow(&mut whole, dim.index(), sets.bound(bound));
        }
        let only = Bits::of(space.size(CALLER), |atom| atom == caller);
        let cells = model.with(0, Effect::Allow).map(|(_, allow)| {
            let mut cell = whole.clone();
            layout.narrow(&mut cell, CALLER.index(), &only);
            allow.narrow(space, &mut cell, bound, None);
            cell
        });
        let cells = cells.filter(|cell| !layout.is_empty(cell)).collect();
        let denied = if bound == Bound::Least { Bound::Most } else { Bound::Least };
        let denials = model.with(0, Effect::Deny).map(|(_, deny)| deny.clause(denied, None));
        let laws = model.laws.iter().map(|(_, law)| law.clone());
        Reach { model, cells, clauses: denials.chain(laws).collect(), whole }
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

    /// The keys for which not every value will do that there is within the regions.
    fn needs(&self) -> Vec<Need> {
        let keys = self.model.space.dims().iter().enumerate().skip(CREDENTIALS.index() + 1);
        keys.filter_map(|(index, dim)| {
            let there: Vec<usize> = self.model.space.layout.atoms(&self.whole, index, dim.values.len()).collect();
            let reached: Vec<usize> = there.iter().copied().filter(|atom| self.reaches(index, *atom)).collect();
            let value = |atom: &usize| match &dim.values[*atom] {
                Value::Absent => None,
                Value::One(value) => Some(vec![value.clone()]),
                Value::Many(values) => Some(values.clone()),
                Value::Any => Some(Vec::new()),
            };
            let values = reached.iter().map(value).collect();
            (reached.len() < there.len()).then(|| Need { key: dim.name.clone(), values })
        })
        .collect()
    }
}
