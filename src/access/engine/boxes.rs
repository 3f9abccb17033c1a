//! Statements as boxes: one set of atoms for each thing that a statement tests.

use super::bits::Bits;
use super::callers::{Derived, Kind, Who};
use super::compile::{self, Bounds};
use super::domain::Test;
use super::pattern::{Pattern, Syntax};
use super::solve::{Cell, Clause};
use super::space::{ACTION, Builder, CALLER, Dim, Group, RESOURCE, Reach, Reaches, Sets, Space};
use crate::access::answer::{Cause, Faults, Origin};
use crate::access::decide::eval::GET_CALLER_IDENTITY;
use crate::policy::{BaseOperator, Condition, Effect, Operator, Patterns, Policy, Principals, Statement, Truth};
use crate::site::PolicyKind;

/// A statement whose tests are registered and that waits for the atoms.
pub struct Draft {
    policy: usize,
    index: usize,
    effect: Effect,
    wants: Vec<(Origin, Want)>,
    entries: Vec<Reaches>,
    causes: Vec<Cause>,
}

enum Want {
    /// Some of these tests, or, if `negated`, none of them.
    Members { dim: Dim, any: Vec<Reaches>, open: bool, negated: bool, deny: bool },
    /// A condition on a key.
    Condition { dim: Dim, derived: Option<Derived>, operator: Operator, reaches: Reaches },
    /// `Null`, with the answers for an absent and a present key.
    Null { dim: Dim, derived: Option<Derived>, absent: Truth, present: Truth },
    /// Nothing at all.
    Nothing,
    /// Perhaps something, perhaps nothing.
    Unseen,
}

/// A statement as a box, at least and at most.
#[derive(Clone, Debug)]
pub struct Boxed {
    /// Which policy, when two are compared.
    pub policy: usize,
    /// Its place in the policy.
    pub index: usize,
    /// What it does.
    pub effect: Effect,
    /// Its sides.
    pub sides: Vec<Side>,
    /// The callers of each listed principal.
    pub entries: Vec<Sets>,
    /// Why it may not be known exactly.
    pub causes: Vec<Cause>,
}

/// One test of a statement.
#[derive(Clone, Debug)]
pub struct Side {
    /// What it comes from.
    pub origin: Origin,
    /// What it tests.
    pub dim: Dim,
    /// The atoms that satisfy it.
    pub sets: Sets,
}

/// How the statements of a policy are read.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// Which policy, when two are compared.
    pub policy: usize,
    /// What it is attached to.
    pub kind: PolicyKind,
    /// The one statement that may allow; all of them, if there is none. Every Deny is read.
    pub only: Option<usize>,
}

impl Reading {
    /// Register every test of a policy.
    pub fn drafts(self, builder: &mut Builder, policy: &Policy) -> Vec<Draft> {
        let variables = policy.version.as_ref().is_some_and(|version| version.known() != Some("2008-10-17"));
        let read = |statement: &&Statement| {
            statement.effect != Effect::Allow || self.only.is_none_or(|only| only == statement.index)
        };
        let mut drafts: Vec<Draft> =
            policy.statements.iter().filter(read).map(|statement| self.draft(builder, statement, variables)).collect();
        if policy.open_ended {
            for effect in [Effect::Allow, Effect::Deny] {
                drafts.push(Draft {
                    policy: self.policy,
                    index: usize::MAX,
                    effect,
                    wants: vec![(Origin::Unseen, Want::Unseen)],
                    entries: Vec::new(),
                    causes: vec![Cause::UnseenStatements],
                });
            }
        }
        drafts
    }

    fn draft(self, builder: &mut Builder, statement: &Statement, variables: bool) -> Draft {
        let mut draft = Draft {
            policy: self.policy,
            index: statement.index,
            effect: statement.effect,
            wants: Vec::new(),
            entries: Vec::new(),
            causes: Vec::new(),
        };
        if matches!(self.kind, PolicyKind::Trust | PolicyKind::Resource | PolicyKind::Rcp) {
            match &statement.principals {
                None => draft.wants.push((Origin::Principal, Want::Nothing)),
                Some(principals) => draft.principals(builder, principals),
            }
        }
        match &statement.actions {
            None => draft.wants.push((Origin::Action, Want::Nothing)),
            Some(actions) => {
                draft.actions(builder, actions);
                if self.kind != PolicyKind::Trust && statement.covers_action(GET_CALLER_IDENTITY) > Truth::No {
                    draft.but_what_needs_no_permission(builder);
                }
            }
        }
        match &statement.resources {
            Some(resources) if self.kind != PolicyKind::Trust => {
                draft.resources(builder, resources, self.kind, variables);
            }
            _ => {}
        }
        for (index, condition) in statement.conditions.iter().enumerate() {
            draft.condition(builder, index, condition, variables);
        }
        if statement.conditions_open_ended {
            draft.wants.push((Origin::Unseen, Want::Unseen));
            draft.causes.push(Cause::UnseenConditions { statement: statement.index });
        }
        if statement.effect == Effect::Unknown {
            draft.wants.push((Origin::Unseen, Want::Unseen));
            draft.causes.push(Cause::Effect { statement: statement.index });
        }
        draft
    }
}

/// Register bounds of a test.
fn reaches<T>(bounds: Bounds<T>, mut register: impl FnMut(T) -> Group) -> Reaches {
    let most = bounds.most.map(&mut register);
    let least = if bounds.exact && most.is_some() { most } else { bounds.least.map(&mut register) };
    Reaches { least, most: most.map_or(Reach::Everything, Reach::Group) }
}

impl Draft {
    fn principals(&mut self, builder: &mut Builder, principals: &Principals) {
        for entry in &principals.entries {
            let bounds = compile::principal(entry);
            if !bounds.exact && bounds.most.as_ref() != Some(&Who::Kinds(&Kind::ALL)) {
                self.causes.push(Cause::Value { span: entry.text.span });
            }
            self.entries.push(reaches(bounds, |who| builder.caller(who)));
        }
        if principals.open_ended {
            self.causes.push(Cause::Value { span: principals.span });
        }
        self.wants.push((
            Origin::Principal,
            Want::Members {
                dim: CALLER,
                any: self.entries.clone(),
                open: principals.open_ended,
                negated: principals.negated,
                deny: self.effect == Effect::Deny,
            },
        ));
    }

    fn actions(&mut self, builder: &mut Builder, actions: &Patterns) {
        let bounds = compile::texts(actions.items.iter(), actions.open_ended, Syntax::GlobIgnoreCase, false);
        if !bounds.exact {
            self.causes.push(Cause::Value { span: actions.span });
        }
        let any = vec![reaches(bounds, |patterns| builder.action(Test::Text(patterns)))];
        let want = Want::Members { dim: ACTION, any, open: false, negated: actions.negated, deny: false };
        self.wants.push((Origin::Action, want));
    }

    /// What no statement says anything about.
    fn but_what_needs_no_permission(&mut self, builder: &mut Builder) {
        let pattern = Pattern::compile(Syntax::GlobIgnoreCase, GET_CALLER_IDENTITY);
        let group = builder.action(Test::Text(pattern.into_iter().collect()));
        let any = vec![Reaches { least: Some(group), most: Reach::Group(group) }];
        self.wants.push((Origin::Action, Want::Members { dim: ACTION, any, open: false, negated: true, deny: false }));
    }

    fn resources(&mut self, builder: &mut Builder, resources: &Patterns, kind: PolicyKind, variables: bool) {
        let (bounds, undocumented) = compile::resources(resources, kind, variables);
        if !bounds.exact {
            let known = resources.items.iter().all(|item| item.known().is_some()) && !resources.open_ended;
            self.causes.push(match undocumented && known && !bounds.variable {
                true => Cause::Undocumented,
                false => Cause::Value { span: resources.span },
            });
        }
        let any = vec![reaches(bounds, |patterns| builder.resource(Test::Text(patterns)))];
        let want = Want::Members { dim: RESOURCE, any, open: false, negated: resources.negated, deny: false };
        self.wants.push((Origin::Resource, want));
    }

    fn condition(&mut self, builder: &mut Builder, index: usize, condition: &Condition, variables: bool) {
        let origin = Origin::Condition(index);
        let derived = Derived::of(&condition.key);
        let dim = if derived.is_some() { CALLER } else { builder.key(&condition.key) };
        let operator = condition.operator;
        if operator.set.is_some() && derived.is_none() {
            builder.may_have_several(dim);
        }
        let unsure = Cause::Operator { span: condition.operator_span };
        if operator.base == Some(BaseOperator::Null) {
            let (absent, present) = null(condition);
            if absent == Truth::Maybe || present == Truth::Maybe {
                self.causes.push(Cause::Value { span: condition.values_span });
            }
            self.wants.push((origin, Want::Null { dim, derived, absent, present }));
            return;
        }
        let Some(bounds) = compile::condition(condition, variables) else {
            self.causes.push(unsure);
            self.wants.push((origin, Want::Unseen));
            return;
        };
        if bounds.variable {
            self.causes.push(Cause::Variable { span: condition.values_span });
        } else if !bounds.exact {
            self.causes.push(Cause::Value { span: condition.values_span });
        }
        let reaches = match derived {
            None => reaches(bounds, |test| builder.test(dim, test)),
            Some(key) => {
                let who = |test| compile::derived(key, test);
                let bounds = Bounds {
                    most: bounds.most.and_then(who),
                    least: bounds.least.and_then(who),
                    exact: bounds.exact,
                    variable: bounds.variable,
                };
                reaches(bounds, |who| builder.caller(who))
            }
        };
        self.wants.push((origin, Want::Condition { dim, derived, operator, reaches }));
    }

    /// The box, with the atoms at hand.
    pub fn boxed(&self, space: &Space, faults: Faults) -> Boxed {
        let mut sides = Vec::with_capacity(self.wants.len());
        for (origin, want) in &self.wants {
            let (dim, sets) = want.sets(space, faults);
            sides.push(Side { origin: *origin, dim, sets });
        }
        Boxed {
            policy: self.policy,
            index: self.index,
            effect: self.effect,
            sides,
            entries: self.entries.iter().map(|entry| space.members(CALLER, *entry)).collect(),
            causes: self.causes.clone(),
        }
    }
}

/// What `Null` answers for an absent and for a present key.
fn null(condition: &Condition) -> (Truth, Truth) {
    use crate::policy::SetOperator::{ForAllValues, ForAnyValue};
    match condition.operator.set {
        // Access Analyzer policy check reference, "Null with qualifier".
        Some(ForAllValues) => return (Truth::Yes, Truth::Yes),
        Some(ForAnyValue) => return (Truth::No, Truth::No),
        None => {}
    }
    let listed = |word: &str| {
        let is = |value: &crate::value::Text| match value.known() {
            Some(text) => text.eq_ignore_ascii_case(word).into(),
            None => Truth::Maybe,
        };
        condition.values.iter().map(is).fold(Truth::from_open(condition.open_ended), Truth::or)
    };
    (listed("true"), listed("false"))
}

impl Want {
    fn sets(&self, space: &Space, faults: Faults) -> (Dim, Sets) {
        let fixed = |dim: Dim, least: bool, most: bool| {
            let bits = |all: bool| if all { Bits::all(space.size(dim)) } else { Bits::none(space.size(dim)) };
            (dim, Sets { least: bits(least), most: bits(most) })
        };
        match self {
            Want::Nothing => fixed(ACTION, false, false),
            Want::Unseen => fixed(ACTION, false, true),
            Want::Members { dim, any, open, negated, deny } => {
                let (_, none) = fixed(*dim, false, *open);
                let listed =
                    any.iter().map(|reaches| space.members(*dim, *reaches)).fold(none, |sum, one| sum.or(&one));
                if !negated {
                    return (*dim, listed);
                }
                let mut sets = listed.negate();
                if *deny && *dim == CALLER {
                    // A Deny spares only those whose account is listed as well (AWS JSON policy elements: NotPrincipal).
                    sets.most = sets.most.or(&space.callers.select(|_, account| account.is_some()));
                }
                (*dim, sets)
            }
            Want::Condition { dim, derived: None, operator, reaches } => {
                (*dim, space.condition(*dim, *operator, *reaches, faults))
            }
            Want::Condition { derived: Some(key), operator, reaches, .. } => {
                (CALLER, space.derived(*key, *operator, *reaches, faults))
            }
            Want::Null { dim, derived, absent, present } => (*dim, space.null(*dim, *derived, *absent, *present)),
        }
    }
}

/// Which of a statement's two boxes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// What it surely applies to.
    Least,
    /// What it may apply to.
    Most,
}

impl Sets {
    /// One of the two.
    pub fn bound(&self, bound: Bound) -> &Bits {
        match bound {
            Bound::Least => &self.least,
            Bound::Most => &self.most,
        }
    }
}

impl Boxed {
    /// The requests that it applies to, within a cell; without one of its sides, if `leave_out` says so.
    pub fn narrow(&self, space: &Space, cell: &mut Cell, bound: Bound, leave_out: Option<Origin>) {
        for side in self.sides.iter().filter(|side| Some(side.origin) != leave_out) {
            space.layout.narrow(cell, side.dim.index(), side.sets.bound(bound));
        }
    }

    /// The requests that it applies to, as something to keep out of.
    pub fn clause(&self, bound: Bound, leave_out: Option<Origin>) -> Clause {
        self.clause_without(bound, leave_out.as_slice())
    }

    /// The same without several of its sides.
    pub fn clause_without(&self, bound: Bound, leave_out: &[Origin]) -> Clause {
        let mut sides: Vec<(usize, Bits)> = Vec::with_capacity(self.sides.len());
        for side in self.sides.iter().filter(|side| !leave_out.contains(&side.origin)) {
            let bits = side.sets.bound(bound);
            match sides.iter_mut().find(|(dim, _)| *dim == side.dim.index()) {
                Some((_, known)) => *known = known.clone().and(bits),
                None => sides.push((side.dim.index(), bits.clone())),
            }
        }
        sides.retain(|(_, bits)| !bits.is_full());
        Clause { sides }
    }

    /// Whether it applies to the request of a point.
    pub fn has(&self, point: &[usize], bound: Bound) -> bool {
        self.sides.iter().all(|side| side.sets.bound(bound).contains(point[side.dim.index()]))
    }

    /// Whether some request may be matched by both, as far as a glance at each pair of sides tells.
    pub fn meets(&self, other: &Boxed) -> bool {
        let apart = |a: &Side, b: &Side| a.dim == b.dim && a.sets.most.is_apart(&b.sets.most);
        !self.sides.iter().any(|a| other.sides.iter().any(|b| apart(a, b)))
    }
}
