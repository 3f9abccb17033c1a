//! A policy as boxes over finite dimensions.
//!
//! A [`Builder`] collects everything that reads a dimension: the statements, the laws of AWS and the standing questions.
//! Each reader gets a [`Group`] for its test, the only thing it can ask the finished [`Space`] about; so nothing can
//! tell apart two values of one atom. A test has two sets of atoms: those that satisfy it for sure (`least`) and those
//! that may (`most`); they differ where something is not known.

use super::atoms;
use super::bits::Bits;
use super::callers::{Callers, Derived, Has, Kind, Who};
use super::domain::{Domain, Test};
use super::keyspace;
use super::pattern::Pattern;
use super::solve::{Cell, Clause, Layout};
use super::work::{Overflow, Work};
use crate::access::answer::{Faults, Reason};
use crate::aws::keys::{self, Flow, Key};
use crate::policy::{Operator, SetOperator, Truth};

/// A dimension.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Dim(usize);

/// The action.
pub const ACTION: Dim = Dim(0);
/// The caller.
pub const CALLER: Dim = Dim(1);
/// The resource.
pub const RESOURCE: Dim = Dim(2);
/// Whether a user signs with long-term keys (atom 0) or temporary credentials (atom 1).
pub const CREDENTIALS: Dim = Dim(3);

impl Dim {
    /// Its place in a point.
    pub fn index(self) -> usize {
        self.0
    }
}

/// A test that the builder has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Group {
    dim: Dim,
    index: usize,
}

/// A value of a dimension: one atom's representative.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// The key is not there.
    Absent,
    /// One value.
    One(String),
    /// Several.
    Many(Vec<String>),
    /// A value of which nothing is known: the key has too many atoms.
    Any,
}

/// Collects what reads the dimensions.
#[derive(Debug, Default)]
pub struct Builder {
    actions: Vec<Action>,
    callers: Vec<Who>,
    resources: Vec<Test>,
    keys: Vec<KeyDraft>,
}

/// A test of the action.
#[derive(Debug, PartialEq)]
enum Action {
    /// What a policy or a question says.
    Said(Test),
    /// One of these.
    Named(&'static [String]),
}

#[derive(Debug)]
struct KeyDraft {
    folded: String,
    name: String,
    known: Option<Key>,
    several: bool,
    tests: Vec<Test>,
}

impl Builder {
    /// A test of the action.
    pub fn action(&mut self, test: Test) -> Group {
        Group { dim: ACTION, index: add(&mut self.actions, Action::Said(test)) }
    }

    /// A test whether the action is one of these.
    pub fn named_actions(&mut self, names: &'static [String]) -> Group {
        Group { dim: ACTION, index: add(&mut self.actions, Action::Named(names)) }
    }

    /// A test of the resource.
    pub fn resource(&mut self, test: Test) -> Group {
        Group { dim: RESOURCE, index: add(&mut self.resources, test) }
    }

    /// A test of the caller.
    pub fn caller(&mut self, test: Who) -> Group {
        Group { dim: CALLER, index: add(&mut self.callers, test) }
    }

    /// The dimension of a key, which is read from here on.
    pub fn key(&mut self, name: &str) -> Dim {
        if let Some(dim) = self.read_key(name) {
            return dim;
        }
        let known = keys::key(name);
        let several = known.is_some_and(|key| key.multivalued);
        // The spelling of AWS, where the table has the whole name.
        let spelling = known.map(|key| key.name).filter(|known| known.eq_ignore_ascii_case(name)).unwrap_or(name);
        let (folded, name) = (name.to_ascii_lowercase(), spelling.to_owned());
        self.keys.push(KeyDraft { folded, name, known, several, tests: Vec::new() });
        Dim(CREDENTIALS.0 + self.keys.len())
    }

    /// The dimension of a key that something reads.
    pub fn read_key(&self, name: &str) -> Option<Dim> {
        let at = self.keys.iter().position(|key| key.folded.eq_ignore_ascii_case(name))?;
        Some(Dim(CREDENTIALS.0 + 1 + at))
    }

    /// Every key that something reads: its dimension, its folded name, what AWS says of it.
    pub fn read_keys(&self) -> impl Iterator<Item = (Dim, &str, Option<Key>)> {
        self.keys.iter().enumerate().map(|(at, key)| (Dim(CREDENTIALS.0 + 1 + at), key.folded.as_str(), key.known))
    }

    /// A set operator stands before a key: if AWS does not list the key, it may have several values.
    pub fn may_have_several(&mut self, dim: Dim) {
        if let Some(key) = self.keys.get_mut(dim.0 - CREDENTIALS.0 - 1) {
            key.several |= key.known.is_none();
        }
    }

    /// A test of a key's value.
    pub fn test(&mut self, dim: Dim, test: Test) -> Group {
        let index = match self.keys.get_mut(dim.0.wrapping_sub(CREDENTIALS.0 + 1)) {
            Some(key) => add(&mut key.tests, test),
            None => 0,
        };
        Group { dim, index }
    }

    /// Every pattern that a key's value is held against so far.
    pub fn key_patterns(&self, dim: Dim) -> Vec<Pattern> {
        let tests = self.keys.get(dim.0.wrapping_sub(CREDENTIALS.0 + 1)).map_or(&[][..], |key| &key.tests);
        let patterns = tests.iter().filter_map(|test| match test {
            Test::Text(patterns) => Some(patterns.iter().cloned()),
            Test::Number(..) | Test::Date(..) | Test::Ip(_) => None,
        });
        patterns.flatten().collect()
    }

    /// The tests of the caller so far.
    pub fn caller_tests(&self) -> &[Who] {
        &self.callers
    }

    /// Find the atoms of every dimension, within one bound of work. `actions` are the only ones there are, if it is not
    /// empty.
    pub fn freeze(self, work: &mut Work, actions: &[String], accounts: &[String]) -> Space {
        let action = Dimension::action(actions, self.actions, work);
        let resource = Dimension::single("resource", &Domain::Text(Vec::new()), &self.resources, work);
        let credentials = Dimension {
            name: "credentials".to_owned(),
            values: ["long-term", "temporary"].map(|sort| Value::One(sort.to_owned())).to_vec(),
            ..Dimension::default()
        };
        let (callers, caller) = callers(&self.callers, accounts, work);
        let mut dims = vec![action, caller, resource, credentials];
        // The cheap ones first: one key that asks too much takes nothing from the others.
        let mut keys: Vec<(usize, KeyDraft)> = self.keys.into_iter().enumerate().collect();
        keys.sort_by_key(|(at, draft)| (draft.tests.iter().map(weight).sum::<usize>(), *at));
        let mut keys: Vec<(usize, Dimension)> =
            keys.into_iter().map(|(at, draft)| (at, Dimension::key(draft, work))).collect();
        keys.sort_by_key(|(at, _)| *at);
        dims.extend(keys.into_iter().map(|(_, dimension)| dimension));
        let layout = Layout::new(dims.iter().map(|dim| dim.values.len()));
        let whole = layout.everything(dims.iter().map(|dim| dim.values.len()));
        Space { dims, callers, layout, whole }
    }
}

/// How much a test asks of a dimension, in the roughest terms.
fn weight(test: &Test) -> usize {
    match test {
        Test::Text(patterns) => patterns.iter().map(|pattern| pattern.0.len()).sum(),
        Test::Number(_, bounds) | Test::Date(_, bounds) => bounds.len(),
        Test::Ip(ranges) => ranges.len(),
    }
}

fn add<T: PartialEq>(list: &mut Vec<T>, item: T) -> usize {
    list.iter().position(|known| *known == item).unwrap_or_else(|| {
        list.push(item);
        list.len() - 1
    })
}

/// The atoms of callers as a dimension. If there are too many, one caller of each kind stands for all.
fn callers(tests: &[Who], accounts: &[String], work: &mut Work) -> (Callers, Dimension) {
    let (callers, overflow) = match Callers::build(tests, accounts, work) {
        Ok(callers) => (callers, None),
        Err(Overflow) => (
            Callers::build(&[], accounts, &mut Work::default()).unwrap_or_default(),
            Some(Reason::StringAtoms { key: "caller".into() }),
        ),
    };
    let len = callers.atoms.len();
    let exact = overflow.is_none();
    let holds = match exact {
        true => transposed(tests.len(), len, callers.atoms.iter().map(|atom| &atom.truth)),
        false => vec![Bits::none(len); tests.len()],
    };
    let groups = holds.into_iter().map(|holds| Truths { any: holds.clone(), all: holds, exact });
    let values = callers.atoms.iter().map(|atom| Value::One(atom.caller.to_string())).collect();
    let groups = groups.collect();
    let dimension = Dimension { name: "caller".into(), values, groups, overflow, ..Dimension::default() };
    (callers, dimension)
}

/// One dimension with its atoms.
#[derive(Clone, Debug, Default)]
pub struct Dimension {
    /// The key's name, or what it is.
    pub name: String,
    /// What AWS says of the key.
    pub known: Option<Key>,
    /// Each atom's representative.
    pub values: Vec<Value>,
    /// Why nothing is known of its values, if so.
    pub overflow: Option<Reason>,
    groups: Vec<Truths>,
    tests: Vec<Test>,
}

/// The atoms that satisfy a test.
#[derive(Clone, Debug)]
struct Truths {
    /// With some value.
    any: Bits,
    /// With every value.
    all: Bits,
    /// Whether the atoms decide the test at all.
    exact: bool,
}

impl Dimension {
    /// The action, which is one of these if there are any.
    fn action(actions: &[String], tests: Vec<Action>, work: &mut Work) -> Self {
        if actions.is_empty() {
            let as_test = |test| match test {
                Action::Said(test) => test,
                Action::Named(names) => Test::Text(names.iter().map(|name| Pattern::exactly(name)).collect()),
            };
            let tests: Vec<Test> = tests.into_iter().map(as_test).collect();
            return Dimension::single("action", &Domain::Text(vec![Pattern::glob("?*:?*")]), &tests, work);
        }
        let groups = tests.iter().map(|test| {
            let holds = Bits::of(actions.len(), |at| match test {
                Action::Said(test) => test.holds(&actions[at]),
                Action::Named(names) => names.contains(&actions[at]),
            });
            Truths { any: holds.clone(), all: holds, exact: true }
        });
        let groups = groups.collect();
        let values = actions.iter().cloned().map(Value::One).collect();
        Dimension { name: "action".to_owned(), values, groups, ..Dimension::default() }
    }

    fn single(name: &str, domain: &Domain, tests: &[Test], work: &mut Work) -> Self {
        match domain.atoms(tests, work) {
            Ok(atoms) => {
                let holds = transposed(tests.len(), atoms.len(), atoms.iter().map(|(_, truth)| truth));
                let groups = holds.into_iter().map(|holds| Truths { any: holds.clone(), all: holds, exact: true });
                let groups = groups.collect();
                let values = atoms.into_iter().map(|(text, _)| Value::One(text)).collect();
                Dimension { name: name.to_owned(), values, groups, ..Dimension::default() }
            }
            Err(Overflow) => Dimension {
                name: name.to_owned(),
                values: vec![Value::Any],
                overflow: Some(Reason::StringAtoms { key: name.to_owned() }),
                groups: undecided(tests.len(), 1),
                ..Dimension::default()
            },
        }
    }

    fn key(draft: KeyDraft, work: &mut Work) -> Self {
        let domain = keyspace::domain(draft.known.as_ref(), &draft.tests);
        let (name, known) = (draft.name, draft.known);
        let decided: Vec<Test> = draft
            .tests
            .iter()
            .map(|test| if domain.decides(test) { test.clone() } else { Test::Text(Vec::new()) })
            .collect();
        let unknown = |name: String, overflow: Reason| Dimension {
            name,
            known,
            values: vec![Value::Absent, Value::Any],
            overflow: Some(overflow),
            groups: undecided(draft.tests.len(), 2),
            tests: Vec::new(),
        };
        let Ok(elements) = domain.atoms(&decided, work) else {
            return unknown(name.clone(), Reason::StringAtoms { key: name });
        };
        let truths: Vec<Bits> = elements.iter().map(|(_, truth)| truth.clone()).collect();
        let sets = if draft.several {
            match atoms::set_atoms(&truths, work) {
                Ok(sets) => sets,
                Err(Overflow) => return unknown(name.clone(), Reason::SetAtoms { key: name }),
            }
        } else {
            let single = |(at, truth): (usize, &Bits)| atoms::SetAtom {
                elements: vec![at],
                any: truth.clone(),
                all: truth.clone(),
            };
            truths.iter().enumerate().map(single).collect()
        };
        let text = |at: usize| elements[at].0.clone();
        let values = std::iter::once(Value::Absent).chain(sets.iter().map(|set| match set.elements.as_slice() {
            [one] => Value::One(text(*one)),
            many => Value::Many(many.iter().map(|at| text(*at)).collect()),
        }));
        let values: Vec<Value> = values.collect();
        // The absent key is the first atom, and satisfies none.
        let none = Bits::none(draft.tests.len());
        let held = |of: fn(&atoms::SetAtom) -> &Bits| {
            transposed(draft.tests.len(), values.len(), std::iter::once(&none).chain(sets.iter().map(of)))
        };
        let held = held(|set| &set.any).into_iter().zip(held(|set| &set.all));
        let groups = held.zip(&draft.tests).map(|((any, all), test)| Truths { any, all, exact: domain.decides(test) });
        let groups = groups.collect();
        Dimension { name, known, values, overflow: None, groups, tests: draft.tests }
    }

    /// The atom of one value.
    pub fn locate(&self, value: &str) -> Option<usize> {
        (0..self.values.len()).find(|atom| {
            let same = |(test, truths): (&Test, &Truths)| truths.any.contains(*atom) == test.holds(value);
            matches!(self.values[*atom], Value::One(_)) && self.tests.iter().zip(&self.groups).all(same)
        })
    }

    /// The atoms with a value.
    fn present(&self) -> Bits {
        Bits::of(self.values.len(), |atom| self.values[atom] != Value::Absent)
    }
}

/// For each test the atoms that satisfy it, from the tests that each atom satisfies.
fn transposed<'b>(tests: usize, count: usize, atoms: impl Iterator<Item = &'b Bits>) -> Vec<Bits> {
    let mut holds = vec![Bits::none(count); tests];
    for (atom, truth) in atoms.enumerate() {
        truth.iter().for_each(|test| holds[test].insert(atom));
    }
    holds
}

fn undecided(tests: usize, atoms: usize) -> Vec<Truths> {
    vec![Truths { any: Bits::none(atoms), all: Bits::none(atoms), exact: false }; tests]
}

/// Every dimension with its atoms.
#[derive(Debug)]
pub struct Space {
    dims: Vec<Dimension>,
    /// The atoms of callers.
    pub callers: Callers,
    /// Where the dimensions lie in a box.
    pub layout: Layout,
    /// The box of every point.
    whole: Cell,
}

/// Two sets of atoms: who satisfies something for sure, and who may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sets {
    /// For sure.
    pub least: Bits,
    /// Perhaps.
    pub most: Bits,
}

impl Sets {
    /// The complement: what surely satisfies a test, surely fails its negation.
    pub fn negate(self) -> Sets {
        Sets { least: self.most.not(), most: self.least.not() }
    }

    /// In either.
    pub fn or(self, other: &Sets) -> Sets {
        Sets { least: self.least.or(&other.least), most: self.most.or(&other.most) }
    }
}

/// What a test reaches: a group, or every value there is.
#[derive(Clone, Copy, Debug)]
pub enum Reach {
    /// Every value.
    Everything,
    /// The values of a group.
    Group(Group),
}

/// A test's reach, at least and at most.
#[derive(Clone, Copy, Debug)]
pub struct Reaches {
    /// For sure; `None` for nothing.
    pub least: Option<Group>,
    /// At most.
    pub most: Reach,
}

impl Space {
    /// A dimension.
    pub fn dim(&self, dim: Dim) -> &Dimension {
        &self.dims[dim.0]
    }

    /// All dimensions.
    pub fn dims(&self) -> &[Dimension] {
        &self.dims
    }

    /// The dimension of a key that something reads.
    pub fn key(&self, name: &str) -> Option<Dim> {
        let first = CREDENTIALS.0 + 1;
        let same = |dimension: &Dimension| dimension.name.eq_ignore_ascii_case(name);
        self.dims.iter().skip(first).position(same).map(|at| Dim(first + at))
    }

    /// How many atoms a dimension has.
    pub fn size(&self, dim: Dim) -> usize {
        self.dims[dim.0].values.len()
    }

    /// The box of every point.
    pub fn everything(&self) -> Cell {
        self.whole.clone()
    }

    /// The atoms of a group, at least and at most, by "some value" and "every value".
    fn bounds(&self, dim: Dim, reaches: Reaches) -> [Bits; 4] {
        let dimension = self.dim(dim);
        let none = || Bits::none(dimension.values.len());
        let truths = |group: Group| &dimension.groups[group.index];
        let (least_any, least_all) = match reaches.least.map(truths).filter(|truths| truths.exact) {
            Some(truths) => (truths.any.clone(), truths.all.clone()),
            None => (none(), none()),
        };
        let (most_any, most_all) = match reaches.most {
            Reach::Group(group) if truths(group).exact => (truths(group).any.clone(), truths(group).all.clone()),
            Reach::Group(_) | Reach::Everything => (dimension.present(), dimension.present()),
        };
        [least_any, least_all, most_any, most_all]
    }

    /// The atoms that satisfy a test of a dimension that always has one value.
    pub fn members(&self, dim: Dim, reaches: Reaches) -> Sets {
        let [least, _, most, _] = self.bounds(dim, reaches);
        Sets { least, most }
    }

    /// The atoms that satisfy a group, if the atoms can tell.
    pub fn group(&self, group: Group) -> Sets {
        self.members(group.dim, Reaches { least: Some(group), most: Reach::Group(group) })
    }

    /// The atoms that satisfy a condition.
    pub fn condition(&self, dim: Dim, operator: Operator, reaches: Reaches, faults: Faults) -> Sets {
        let dimension = self.dim(dim);
        let [least_any, least_all, most_any, most_all] = self.bounds(dim, reaches);
        let present = dimension.present();
        let negated = operator.base.is_some_and(crate::policy::BaseOperator::negated);
        let not = |set: Bits| set.not().and(&present);
        let mut sets = match (operator.set, negated) {
            (Some(SetOperator::ForAllValues), false) => Sets { least: least_all, most: most_all },
            (Some(SetOperator::ForAllValues), true) => Sets { least: not(most_any), most: not(least_any) },
            (Some(SetOperator::ForAnyValue), false) => Sets { least: least_any, most: most_any },
            (Some(SetOperator::ForAnyValue), true) => Sets { least: not(most_all), most: not(least_all) },
            (None, negated) => {
                let (least, most) = if negated { (not(most_any), not(least_all)) } else { (least_any, most_any) };
                // What a plain operator does with a key of several values is not documented.
                let listed = dimension.known.is_some_and(|key| key.multivalued);
                let single = |atom: usize| !listed && !matches!(dimension.values[atom], Value::Many(_));
                let single = Bits::of(dimension.values.len(), single);
                Sets { least: least.and(&single), most }
            }
        };
        if operator.base.is_none() {
            return Sets { least: Bits::none(dimension.values.len()), most: Bits::all(dimension.values.len()) };
        }
        let (least, most) = when_absent(operator, faults);
        for (atom, value) in dimension.values.iter().enumerate() {
            match value {
                Value::Absent => put(&mut sets, atom, least, most),
                Value::Any => put(&mut sets, atom, false, true),
                Value::One(_) | Value::Many(_) => {}
            }
        }
        if dim == CALLER { sets } else { sets.settled() }
    }

    /// The callers that satisfy a condition on a key that follows from them.
    pub fn derived(&self, key: Derived, operator: Operator, reaches: Reaches, faults: Faults) -> Sets {
        let mut sets = self.condition(CALLER, operator, reaches, faults);
        let (least, most) = when_absent(operator, faults);
        for (at, atom) in self.callers.atoms.iter().enumerate() {
            match key.presence(atom.kind) {
                Has::Always => {}
                Has::Never => put(&mut sets, at, least, most),
                Has::Unverified => put(&mut sets, at, false, true),
            }
        }
        sets
    }

    /// The atoms that satisfy `Null` with these answers.
    pub fn null(&self, dim: Dim, derived: Option<Derived>, when_absent: Truth, when_present: Truth) -> Sets {
        let len = self.size(dim);
        let mut sets = Sets { least: Bits::none(len), most: Bits::none(len) };
        for at in 0..len {
            let truth = match derived.map(|key| key.presence(self.callers.atoms[at].kind)) {
                Some(Has::Always) => when_present,
                Some(Has::Never) => when_absent,
                Some(Has::Unverified) if when_absent == when_present => when_absent,
                Some(Has::Unverified) => Truth::Maybe,
                None if self.dim(dim).values[at] == Value::Absent => when_absent,
                None => when_present,
            };
            put(&mut sets, at, truth == Truth::Yes, truth != Truth::No);
        }
        sets
    }
}

impl Sets {
    /// What is surely so is possibly so.
    fn settled(self) -> Sets {
        Sets { most: self.most.or(&self.least), least: self.least }
    }
}

fn put(sets: &mut Sets, atom: usize, least: bool, most: bool) {
    let write = |bits: &mut Bits, value: bool| if value { bits.insert(atom) } else { bits.remove(atom) };
    write(&mut sets.least, least);
    write(&mut sets.most, most);
}

/// Whether a condition holds for an absent key, at least and at most.
fn when_absent(operator: Operator, faults: Faults) -> (bool, bool) {
    if faults.absent_fails_negated && operator.set.is_none() && !operator.if_exists {
        return (false, false);
    }
    if faults.absent_fails_for_all && operator.set == Some(SetOperator::ForAllValues) {
        return (false, false);
    }
    // The sources disagree on `ForAnyValue:…IfExists`.
    if operator.set == Some(SetOperator::ForAnyValue) && operator.if_exists {
        return (false, true);
    }
    operator.holds_when_absent().map_or((false, true), |holds| (holds, holds))
}

/// A part of one dimension, as laws and questions name it.
#[derive(Clone, Debug)]
pub enum Region {
    /// The key is there.
    Present(Dim),
    /// The key is not there.
    Absent(Dim),
    /// A value, or some of several, in the group.
    In(Group),
    /// The key is there and no value is in the group.
    Out(Group),
    /// The key is absent, or no value is in the group.
    NotIn(Group),
    /// Callers of these kinds.
    Kinds(Vec<Kind>),
    /// Callers of these accounts; an account that nothing names is like any other.
    Accounts(Vec<String>),
    /// Callers with an account that is none of these.
    OtherAccounts(Vec<String>),
    /// Long-term keys, or temporary credentials.
    LongTerm(bool),
}

impl Region {
    /// Its atoms. Where these cannot tell, a law is left out (`None`); a question goes by what may be.
    pub fn resolve(&self, space: &Space) -> (Dim, Sets) {
        let exact = |dim: Dim, bits: Bits| (dim, Sets { least: bits.clone(), most: bits });
        let callers = |test: &dyn Fn(Kind, Option<&str>) -> bool| exact(CALLER, space.callers.select(test));
        match self {
            Region::Present(dim) => exact(*dim, space.dim(*dim).present()),
            Region::Absent(dim) => exact(*dim, space.dim(*dim).present().not()),
            Region::In(group) => (group.dim, space.group(*group)),
            Region::NotIn(group) => (group.dim, space.group(*group).negate()),
            Region::Out(group) => {
                let present = space.dim(group.dim).present();
                let sets = space.group(*group).negate();
                (group.dim, Sets { least: sets.least.and(&present), most: sets.most.and(&present) })
            }
            Region::Kinds(kinds) => callers(&|kind, _| kinds.contains(&kind)),
            Region::Accounts(accounts) => {
                let named = |account: &str| accounts.iter().any(|own| own == account);
                let found = space.callers.select(|_, account| account.is_some_and(named));
                if found.is_empty() {
                    let strangers = &space.callers.strangers;
                    return callers(&|_, account| account.is_some_and(|own| strangers.iter().any(|s| s == own)));
                }
                exact(CALLER, found)
            }
            Region::OtherAccounts(accounts) => {
                callers(&|_, account| account.is_some_and(|account| accounts.iter().all(|own| own != account)))
            }
            Region::LongTerm(long_term) => exact(CREDENTIALS, Bits::of(2, |atom| (atom == 0) == *long_term)),
        }
    }

    /// A clause that forbids all of these together; `None` if the atoms cannot tell where it begins.
    pub fn forbid(regions: &[Region], space: &Space) -> Option<Clause> {
        let mut sides: Vec<(usize, Bits)> = Vec::new();
        for region in regions {
            let (dim, sets) = region.resolve(space);
            // To forbid less is safe.
            let bits = sets.least;
            if bits.is_empty() {
                return None;
            }
            match sides.iter_mut().find(|(known, _)| *known == dim.0) {
                Some((_, known)) => *known = known.clone().and(&bits),
                None => sides.push((dim.0, bits)),
            }
        }
        sides.retain(|(_, bits)| !bits.is_full());
        Some(Clause { sides })
    }
}

/// The flows of STS by kind of caller (the split of users goes by [`CREDENTIALS`]).
pub fn kind_of(flow: Flow) -> Kind {
    match flow {
        Flow::User | Flow::UserSession => Kind::User,
        Flow::RoleSession => Kind::Role,
        Flow::Service => Kind::Service,
        Flow::Saml => Kind::Saml,
        Flow::WebIdentity => Kind::Oidc,
    }
}
