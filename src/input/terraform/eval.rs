//! Evaluation of expressions: what is known becomes a value, everything else a hole that keeps its expression's text.
//!
//! A condition that is not known splits the world in two. [`Evaluator::asked`] says which conditions a value rested on;
//! whoever wants all variants evaluates again with other [choices](Evaluator::new).

use super::collection::{self, Keyed, Sequence, elements};
use super::files::Sources;
use super::module::{Loader, Module};
use super::types::{self, Unified};
use super::unknown::{BEYOND, FAILED, MAX_ITEMS, MAX_SIZE, fails};
use super::val::{Entry, MAX_NODES, Val, ValKind};
use super::{Variables, functions, operators};
use crate::diagnostic::Problem;
use crate::span::Span;
use crate::syntax::hcl::{Binary, Block, Body, Call, Expr, ExprKind, For, ObjectItem, Part, Step, Unary};
use crate::value::{Domain, Hole};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::sync::Arc;

/// How deep evaluation may go, through references and nested expressions alike. Bounds the stack.
pub(super) const MAX_DEPTH: usize = 160;
/// How many expressions one root may take: loops in loops can multiply.
const MAX_STEPS: u32 = 1_000_000;
/// The condition under which variables that nobody sets have their defaults.
pub(super) const DEFAULTS: &str = crate::site::DEFAULTS;

/// One instance of a module.
#[derive(Debug)]
pub(super) struct Scope {
    pub id: usize,
    pub module: Arc<Module>,
    /// Where its variables come from; `None` for the root.
    pub call: Option<Caller>,
    /// What its addresses begin with: `module.a.`.
    pub prefix: String,
    /// How many calls lead here.
    pub depth: usize,
}

/// The call of a module.
#[derive(Debug)]
pub(super) struct Caller {
    pub scope: Rc<Scope>,
    pub env: Env,
    pub block: super::module::At,
}

/// Conditions, each with what it is taken to be.
pub(super) type Choices = Vec<(Rc<str>, bool)>;

/// Names that loops bind.
#[derive(Clone, Debug, Default)]
pub(super) struct Env(Option<Rc<Frame>>);

#[derive(Debug)]
struct Frame {
    name: String,
    value: Val,
    outer: Env,
}

impl Env {
    pub fn with(&self, name: &str, value: Val) -> Env {
        Env(Some(Rc::new(Frame { name: name.to_owned(), value, outer: self.clone() })))
    }

    pub fn get(&self, name: &str) -> Option<&Val> {
        let mut at = self.0.as_deref();
        while let Some(frame) = at {
            if frame.name == name {
                return Some(&frame.value);
            }
            at = frame.outer.0.as_deref();
        }
        None
    }
}

/// Something named in a scope, computed once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Name {
    Local(String),
    Variable(String),
    Output(String),
    Data(String, String),
}

#[derive(Clone)]
enum Memo {
    Running,
    Done(Val, Vec<Rc<str>>),
}

/// Evaluates the configuration under one root, under one choice of conditions.
pub(super) struct Evaluator<'l> {
    pub loader: &'l Loader<'l>,
    pub variables: &'l Variables,
    /// What conditions that are not known are taken to be.
    choices: HashMap<Rc<str>, bool>,
    /// The conditions that were asked since the last call of `take_asked`, in order.
    asked: RefCell<Vec<Rc<str>>>,
    memo: RefCell<HashMap<(usize, Name), Memo>>,
    children: RefCell<HashMap<(usize, String, String), Rc<Scope>>>,
    next_scope: Cell<usize>,
    pub depth: Cell<usize>,
    steps: Cell<u32>,
    /// How many calls of `try` and `can` stand around what is evaluated, and how many problems they kept to themselves.
    quiet: Cell<u32>,
    untold: Cell<u32>,
    /// How many evaluations stand around that are only made for the type of a value.
    unused: Cell<u32>,
    /// What went wrong, each once.
    pub problems: RefCell<Vec<Problem>>,
    /// What was not evaluated because a limit was hit, each once.
    pub limits: RefCell<Vec<Problem>>,
    /// For the place where a variable is used, in which scope: where its value was written, and what that is.
    pub origins: RefCell<BTreeMap<(Span, usize), (Val, String)>>,
    /// Patterns of `regex` and its like, ready to be used; `None` for those that are not understood.
    pub patterns: RefCell<HashMap<String, Option<regex::Regex>>>,
    /// Which blocks speak of `count.index`.
    pub indexed: RefCell<HashMap<Span, bool>>,
    /// For a key that an object gives again: where it stood before.
    pub redefined: RefCell<HashMap<Span, Span>>,
    /// The documents of data sources that something read: the scope and the name.
    pub read: RefCell<std::collections::HashSet<(usize, String)>>,
}

impl<'l> Evaluator<'l> {
    /// Conditions that `choices` does not name are taken to hold.
    pub fn new(loader: &'l Loader<'l>, variables: &'l Variables, choices: Choices) -> Self {
        Evaluator {
            loader,
            variables,
            choices: choices.into_iter().rev().collect(),
            asked: RefCell::default(),
            memo: RefCell::default(),
            children: RefCell::default(),
            next_scope: Cell::new(1),
            depth: Cell::new(0),
            steps: Cell::new(0),
            quiet: Cell::new(0),
            untold: Cell::new(0),
            unused: Cell::new(0),
            problems: RefCell::default(),
            limits: RefCell::default(),
            origins: RefCell::default(),
            redefined: RefCell::default(),
            indexed: RefCell::default(),
            patterns: RefCell::default(),
            read: RefCell::default(),
        }
    }

    pub fn sources(&self) -> &Sources {
        &self.loader.sources
    }

    /// The scope of a root.
    pub fn root(&self, module: Arc<Module>) -> Rc<Scope> {
        Rc::new(Scope { id: 0, module, call: None, prefix: String::new(), depth: 0 })
    }

    pub fn child(&self, name: &str, key: &str, scope: impl FnOnce(usize) -> Scope, of: &Scope) -> Rc<Scope> {
        let index = (of.id, name.to_owned(), key.to_owned());
        if let Some(known) = self.children.borrow().get(&index) {
            return Rc::clone(known);
        }
        let id = self.next_scope.get();
        self.next_scope.set(id + 1);
        let scope = Rc::new(scope(id));
        self.children.borrow_mut().insert(index, Rc::clone(&scope));
        scope
    }

    /// The conditions that were asked since the last call.
    pub fn take_asked(&self) -> Vec<Rc<str>> {
        std::mem::take(&mut self.asked.borrow_mut())
    }

    /// Whether a condition that is not known holds, under the choices of this evaluation.
    pub fn ask(&self, condition: &str) -> bool {
        let mut asked = self.asked.borrow_mut();
        if !asked.iter().any(|known| &**known == condition) {
            asked.push(condition.into());
        }
        self.chosen(condition).unwrap_or(true)
    }

    /// What a condition was chosen to be.
    pub fn chosen(&self, condition: &str) -> Option<bool> {
        self.choices.get(condition).copied()
    }

    pub fn problem(&self, span: Span, message: impl Into<String>) {
        if self.quiet.get() > 0 {
            self.untold.set(self.untold.get() + 1);
            return;
        }
        add(&self.problems, Problem::new(span, message));
    }

    /// Say that a limit was hit: what was not looked at, and what to do.
    pub fn limit(&self, span: Span, message: impl Into<String>, help: &str) {
        add(&self.limits, Problem::new(span, message).with_help(help));
    }

    /// Say that a function makes a longer list than is made.
    pub fn too_many(&self, span: Span) {
        self.too_much(span, &format!("{MAX_ITEMS} elements"));
    }

    /// Say that a function makes a larger string than is made.
    pub fn too_large(&self, span: Span) {
        self.too_much(span, &format!("{MAX_SIZE} bytes"));
    }

    fn too_much(&self, span: Span, most: &str) {
        let message = format!("this makes more than {most}, and is not evaluated");
        self.limit(span, message, "what is made of it is not judged; write less, or judge a plan");
    }

    /// Take over what another evaluation of the same configuration came upon.
    pub fn adopt(&self, other: &Evaluator<'_>) {
        other.problems.take().into_iter().for_each(|problem| add(&self.problems, problem));
        other.limits.take().into_iter().for_each(|limit| add(&self.limits, limit));
    }

    /// Compute something named once. What refers to itself is not known.
    pub fn once(&self, scope: &Scope, name: Name, span: Span, compute: impl FnOnce() -> Val) -> Val {
        let index = (scope.id, name);
        match self.memo.borrow().get(&index) {
            Some(Memo::Done(value, asked)) => {
                self.add_asked(asked);
                return value.clone();
            }
            Some(Memo::Running) => {
                self.problem(span, "this refers to itself");
                return Val::unknown(self.excerpt(scope, span), "a value that refers to itself", Domain::Any, span);
            }
            None => {}
        }
        self.memo.borrow_mut().insert(index.clone(), Memo::Running);
        let before = self.take_asked();
        let untold = self.untold.get();
        let value = compute();
        let asked = self.take_asked();
        if untold == self.untold.get() {
            self.memo.borrow_mut().insert(index, Memo::Done(value.clone(), asked.clone()));
        } else {
            // Where it is used outside of `try`, what is wrong with it is told.
            self.memo.borrow_mut().remove(&index);
        }
        *self.asked.borrow_mut() = before;
        self.add_asked(&asked);
        value
    }

    pub fn add_asked(&self, names: &[Rc<str>]) {
        let mut all = self.asked.borrow_mut();
        for name in names {
            if !all.contains(name) {
                all.push(Rc::clone(name));
            }
        }
    }

    /// The text of an expression, for the name of a hole.
    pub fn excerpt(&self, scope: &Scope, span: Span) -> String {
        format!("{}{}", scope.prefix, self.sources().excerpt(span))
    }

    /// A value of which nothing is known but the expression.
    pub fn hole(&self, scope: &Scope, span: Span, why: &'static str, domain: Domain) -> Val {
        Val::unknown(self.excerpt(scope, span), why, domain, span)
    }

    pub fn eval(&self, expr: &Expr, scope: &Rc<Scope>, env: &Env) -> Val {
        let steps = self.steps.get() + 1;
        self.steps.set(steps);
        if self.depth.get() >= MAX_DEPTH || steps > MAX_STEPS {
            if steps > MAX_STEPS + 1 {
                // It was said before.
            } else if steps > MAX_STEPS {
                let message = format!("the evaluation was stopped here after {MAX_STEPS} expressions");
                self.limit(expr.span, message, "loops in loops make so many; what rests on the rest is not judged");
            } else {
                let message = format!("this is nested more than {MAX_DEPTH} deep, through all that it refers to");
                self.limit(expr.span, message, "what rests on it is not judged; write it with fewer steps in between");
            }
            return Val::unknown("…".to_owned(), BEYOND, Domain::Any, expr.span);
        }
        self.depth.set(self.depth.get() + 1);
        let value = self.expr(expr, scope, env);
        self.depth.set(self.depth.get() - 1);
        value
    }

    fn expr(&self, expr: &Expr, scope: &Rc<Scope>, env: &Env) -> Val {
        let span = expr.span;
        match &expr.kind {
            ExprKind::Null => Val::null(span),
            ExprKind::Bool(value) => Val::new(ValKind::Bool(*value), span),
            ExprKind::Number(text) => Val::number(text, span),
            ExprKind::Template(template) => self.template(template, span, scope, env),
            ExprKind::List(items) => Val::list(items.iter().map(|item| self.eval(item, scope, env)).collect(), span),
            ExprKind::Object(items) => self.object(items, span, scope, env),
            ExprKind::Variable(name) => match env.get(name) {
                Some(value) => value.clone(),
                None => self.reference(expr, name, &[], scope, env),
            },
            ExprKind::Traversal(start, steps) => match &start.kind {
                ExprKind::Variable(name) => match env.get(name) {
                    Some(value) => self.steps(value.clone(), steps, span, scope, env),
                    None => self.reference(expr, name, steps, scope, env),
                },
                _ => {
                    let value = self.eval(start, scope, env);
                    self.steps(value, steps, span, scope, env)
                }
            },
            ExprKind::Call(call) => self.call(call, span, scope, env),
            ExprKind::Conditional(parts) => self.conditional(parts, span, scope, env),
            ExprKind::Unary(Unary::Not, _) | ExprKind::Binary(Binary::And | Binary::Or, _) => {
                match self.truth(expr, scope, env, false) {
                    Some(value) => Val::new(ValKind::Bool(value), span),
                    None => self.hole(scope, span, "the result of an expression", Domain::Text),
                }
            }
            ExprKind::Binary(operator, sides) => {
                let (left, right) = (self.eval(&sides[0], scope, env), self.eval(&sides[1], scope, env));
                self.operation(*operator, left, right, span, scope)
            }
            ExprKind::Unary(Unary::Minus, inner) => {
                let (zero, inner) = (Val::count(0, span), self.eval(inner, scope, env));
                self.operation(Binary::Subtract, zero, inner, span, scope)
            }
            ExprKind::For(iteration) => self.iteration(iteration, span, scope, env),
        }
    }

    fn object(&self, items: &[ObjectItem], span: Span, scope: &Rc<Scope>, env: &Env) -> Val {
        let mut entries: Vec<Option<Entry>> = Vec::with_capacity(items.len());
        let mut places: HashMap<Rc<str>, usize> = HashMap::new();
        for item in items {
            let key = self.eval(&item.key, scope, env);
            let value = self.eval(&item.value, scope, env);
            let entry = Entry { key: key_text(&key), key_span: item.key.span, value };
            // Of several values for one key, Terraform takes the last (hashicorp/terraform#28727).
            if !entry.is_open()
                && let Some(at) = places.insert(Rc::clone(&entry.key), entries.len())
                && let Some(first) = entries[at].take()
            {
                self.redefined.borrow_mut().insert(entry.key_span, first.key_span);
            }
            entries.push(Some(entry));
        }
        Val::map(entries.into_iter().flatten().collect(), span)
    }

    /// Count a value that is walked through among the steps.
    fn charge(&self, value: &Val) {
        const NODES_A_STEP: usize = 16;
        let steps = u32::try_from(value.nodes(MAX_NODES) / NODES_A_STEP).unwrap_or(u32::MAX);
        // The step after these says that there are too many.
        self.steps.set(self.steps.get().saturating_add(steps).min(MAX_STEPS));
    }

    fn operation(&self, operator: Binary, left: Val, right: Val, span: Span, scope: &Rc<Scope>) -> Val {
        self.charge(&left);
        self.charge(&right);
        if fails(&left) || fails(&right) {
            return self.hole(scope, span, FAILED, Domain::Any);
        }
        match operators::apply(operator, left, right, span) {
            Some(value) => value,
            None => self.hole(scope, span, "the result of an expression", Domain::Text),
        }
    }

    fn conditional(&self, parts: &[Expr; 3], span: Span, scope: &Rc<Scope>, env: &Env) -> Val {
        let [condition, yes, no] = parts;
        match self.truth(condition, scope, env, true) {
            Some(holds) => {
                let (taken, other) = if holds { (yes, no) } else { (no, yes) };
                let value = self.eval(taken, scope, env);
                self.beside(value, other, scope, env)
            }
            None => self.hole(scope, span, "one of two values", Domain::Any),
        }
    }

    /// A value as it is where it is chosen over another: both have one type (Terraform, "Conditional Expressions").
    fn beside(&self, value: Val, other: &Expr, scope: &Rc<Scope>, env: &Env) -> Val {
        let other = match (&value.kind, &other.kind) {
            (ValKind::Map(entries, Keyed::Object), _) => {
                return Val::new(ValKind::Map(Rc::clone(entries), Keyed::Either), value.span);
            }
            (ValKind::Bool(_) | ValKind::Number(_) | ValKind::List(..), ExprKind::Null)
            | (ValKind::Bool(_), ExprKind::Bool(_))
            | (ValKind::Number(_), ExprKind::Number(_)) => return value,
            (ValKind::Bool(_) | ValKind::Number(_) | ValKind::List(..), _) => {
                self.aside(|| self.eval(other, scope, env))
            }
            _ => return value,
        };
        if !value.is_small() || !other.is_small() {
            return value;
        }
        let of_other = types::of(&other, 0);
        match (types::unify(&[types::of(&value, 0), of_other], 0), &value.kind) {
            // It is a list beside some lists, and a tuple beside others.
            (_, ValKind::List(items, Sequence::Tuple)) if other.as_hole().is_some() => {
                Val::new(ValKind::List(Rc::clone(items), Sequence::Either), value.span)
            }
            (Unified::Type(to), _) => types::convert(value, &to),
            (Unified::Never | Unified::Unsure, _) => value,
        }
    }

    /// Evaluate what is not used for what it says: nothing is told of it, and nothing rests on it.
    fn aside(&self, evaluate: impl FnOnce() -> Val) -> Val {
        let before = self.take_asked();
        self.unused.set(self.unused.get() + 1);
        let value = self.quietly(evaluate);
        self.unused.set(self.unused.get() - 1);
        *self.asked.borrow_mut() = before;
        value
    }

    /// Evaluate where an error is no finding: something else is taken then.
    fn quietly(&self, evaluate: impl FnOnce() -> Val) -> Val {
        self.quiet.set(self.quiet.get() + 1);
        let value = evaluate();
        self.quiet.set(self.quiet.get() - 1);
        value
    }

    /// Whether what is evaluated is only looked at for its type.
    pub fn is_aside(&self) -> bool {
        self.unused.get() > 0
    }

    /// Whether a condition holds. With `ask`, one that is not known is chosen, part by part, so that `a && !b` and `b`
    /// are not taken for independent.
    pub fn truth(&self, expr: &Expr, scope: &Rc<Scope>, env: &Env, ask: bool) -> Option<bool> {
        let known = match &expr.kind {
            ExprKind::Unary(Unary::Not, inner) => return self.truth(inner, scope, env, ask).map(|value| !value),
            ExprKind::Binary(operator @ (Binary::And | Binary::Or), sides) => {
                let settles = *operator == Binary::Or;
                let left = self.truth(&sides[0], scope, env, false);
                let right = self.truth(&sides[1], scope, env, false);
                if left == Some(settles) || right == Some(settles) {
                    return Some(settles);
                }
                let left = left.or_else(|| self.truth(&sides[0], scope, env, ask))?;
                return if left == settles {
                    Some(settles)
                } else {
                    right.or_else(|| self.truth(&sides[1], scope, env, ask))
                };
            }
            ExprKind::Conditional(parts) => {
                let condition = self.truth(&parts[0], scope, env, ask)?;
                return self.truth(&parts[if condition { 1 } else { 2 }], scope, env, ask);
            }
            ExprKind::Traversal(start, steps) => {
                let local = match (&start.kind, steps.as_slice()) {
                    (ExprKind::Variable(name), [Step::Name(local)]) if name == "local" => scope.module.local(local),
                    _ => None,
                };
                let value = self.eval(expr, scope, env).as_bool();
                match local {
                    // What a local is made of is asked, so that it is one question wherever it is.
                    Some(local) if value.is_none() && self.depth.get() < MAX_DEPTH => {
                        self.depth.set(self.depth.get() + 1);
                        let value = self.truth(&local.value, scope, &Env::default(), ask);
                        self.depth.set(self.depth.get() - 1);
                        return value;
                    }
                    _ => value,
                }
            }
            _ => self.eval(expr, scope, env).as_bool(),
        };
        if known.is_some() || !ask {
            return known;
        }
        let (atom, holds) = self.atom(expr, scope, env);
        Some(self.ask(&atom) == holds)
    }

    /// The condition that a comparison asks, and the value of it for which the comparison holds: `a != null` and
    /// `a == null` are one question, and so are `length(a) > 0` and `length(a) == 0`.
    fn atom(&self, expr: &Expr, scope: &Rc<Scope>, env: &Env) -> (String, bool) {
        // What is not known has one name wherever it is used.
        let name = |expr: &Expr| match self.eval(expr, scope, env).as_hole() {
            Some(hole) => hole.name.clone(),
            None => self.sources().excerpt(expr.span),
        };
        if let ExprKind::Binary(operator, sides) = &expr.kind {
            let (left, right) = (name(&sides[0]), name(&sides[1]));
            return match (operator, right.as_str()) {
                (Binary::NotEqual, _) => (format!("{left} == {right}"), false),
                (Binary::Equal, _) => (format!("{left} == {right}"), true),
                (Binary::Greater, "0") | (Binary::GreaterOrEqual, "1") => (format!("{left} == 0"), false),
                (Binary::Less, "1") | (Binary::LessOrEqual, "0") => (format!("{left} == 0"), true),
                _ => (self.excerpt(scope, expr.span), true),
            };
        }
        (name(expr), true)
    }

    fn iteration(&self, iteration: &For, span: Span, scope: &Rc<Scope>, env: &Env) -> Val {
        let collection = self.eval(&iteration.collection, scope, env);
        if collection.is_null() {
            return self.hole(scope, span, FAILED, Domain::Any);
        }
        let Some(entries) = elements(&collection) else {
            let why = if fails(&collection) { FAILED } else { "made of a collection that is not known" };
            return self.hole(scope, span, why, Domain::Any);
        };
        let sequence = if collection::has_order(&collection) { Sequence::Tuple } else { Sequence::Bag };
        let mut list = Vec::new();
        let mut map: Vec<Entry> = Vec::new();
        let mut places: HashMap<Rc<str>, usize> = HashMap::new();
        for (key, value) in entries {
            let mut inner = env.with(&iteration.value, value);
            if let Some(name) = &iteration.key {
                inner = inner.with(name, key);
            }
            if let Some(filter) = &iteration.filter
                && self.truth(filter, scope, &inner, true) == Some(false)
            {
                continue;
            }
            let result = self.eval(&iteration.result, scope, &inner);
            match &iteration.result_key {
                None => list.push(result),
                Some(key) => {
                    let key_span = key.span;
                    let key = key_text(&self.eval(key, scope, &inner));
                    match places.get(&key) {
                        Some(at) if iteration.groups => {
                            let entry = &mut map[*at];
                            let mut items = entry.value.as_list().unwrap_or_default().to_vec();
                            items.push(result);
                            entry.value = Val::sequence(items, sequence, span);
                        }
                        // Two results for one key are an error.
                        Some(at) if !map[*at].is_open() => return self.hole(scope, span, FAILED, Domain::Any),
                        _ => {
                            let value = match iteration.groups {
                                true => Val::sequence(vec![result], sequence, span),
                                false => result,
                            };
                            places.insert(Rc::clone(&key), map.len());
                            map.push(Entry { key, key_span, value });
                        }
                    }
                }
            }
        }
        if iteration.result_key.is_some() { Val::map(map, span) } else { Val::sequence(list, sequence, span) }
    }

    fn call(&self, call: &Call, span: Span, scope: &Rc<Scope>, env: &Env) -> Val {
        match (call.name.as_str(), call.arguments.as_slice()) {
            ("try", arguments) => {
                // What is not known is not an error: only a lookup that certainly fails goes on to the next.
                for argument in arguments {
                    let value = self.quietly(|| self.eval(argument, scope, env));
                    if !fails(&value) {
                        return value;
                    }
                }
                return self.hole(scope, span, FAILED, Domain::Any);
            }
            ("can", [argument]) => {
                let value = self.quietly(|| self.eval(argument, scope, env));
                return match (fails(&value), value.has_hole()) {
                    (true, _) => Val::new(ValKind::Bool(false), span),
                    (false, false) => Val::new(ValKind::Bool(true), span),
                    (false, true) => self.hole(scope, span, "the result of a function", Domain::Text),
                };
            }
            _ => {}
        }
        let mut arguments: Vec<Val> = call.arguments.iter().map(|argument| self.eval(argument, scope, env)).collect();
        if call.expands
            && let Some(last) = arguments.pop()
        {
            match last.as_list() {
                Some(items) => arguments.extend(items.iter().cloned()),
                None => return self.hole(scope, span, "the result of a function", Domain::Any),
            }
        }
        arguments.iter().for_each(|argument| self.charge(argument));
        functions::call(self, &call.name, &arguments, span, scope)
            .unwrap_or_else(|| self.hole(scope, span, "the result of a function", functions::result(&call.name)))
    }

    /// Follow the steps of a reference into a value.
    pub fn steps(&self, value: Val, steps: &[Step], span: Span, scope: &Rc<Scope>, env: &Env) -> Val {
        let mut value = value;
        for (at, step) in steps.iter().enumerate() {
            let next = match step {
                Step::Splat => {
                    let rest = &steps[at + 1..];
                    let (items, sequence) = match &value.kind {
                        ValKind::List(items, sequence) => (items.to_vec(), *sequence),
                        ValKind::Null => (Vec::new(), Sequence::Tuple),
                        ValKind::Unknown(hole) => return part_of(hole, &steps[at..], span),
                        _ => (vec![value.clone()], Sequence::Tuple),
                    };
                    let sequence = match sequence {
                        Sequence::Set => collection::listed(&items, sequence, Sequence::List),
                        sequence => sequence,
                    };
                    let items = items.into_iter().map(|item| self.steps(item, rest, span, scope, env));
                    return Val::sequence(items.collect(), sequence, value.span);
                }
                Step::Name(name) => collection::step(&value, name),
                Step::Index(index) => {
                    let index = self.eval(index, scope, env);
                    match index.known() {
                        Some(key) => collection::step(&value, &key),
                        None if fails(&index) => return self.hole(scope, span, FAILED, Domain::Any),
                        None => collection::Step::Open,
                    }
                }
            };
            value = match (next, value.as_hole()) {
                (collection::Step::Found(next), _) => next,
                (_, Some(hole)) => return part_of(hole, &steps[at..], span),
                (collection::Step::Open, None) => {
                    return self.hole(scope, span, "an element that is not known", Domain::Any);
                }
                (collection::Step::Missing, None) => return self.hole(scope, span, FAILED, Domain::Any),
            };
        }
        value
    }

    /// The blocks of a body with this name: those that are written, those that `dynamic` makes, and in JSON the objects
    /// under that name. Each with the names bound in it; `false` where it is not known whether it is there.
    pub fn blocks<'b>(&self, body: &'b Body, name: &'b str, scope: &Rc<Scope>, env: &Env) -> Vec<BlockView<'b>> {
        let mut found = Vec::new();
        for block in &body.blocks {
            if block.name == name {
                found.push(BlockView {
                    body: Content::Body(&block.body),
                    span: block.name_span,
                    env: env.clone(),
                    sure: true,
                });
            } else if block.name == "dynamic" && block.labels.first().is_some_and(|label| label == name) {
                self.dynamic(block, name, scope, env, &mut found);
            }
        }
        if let Some(attribute) = body.attribute(name) {
            let items = match &attribute.value.kind {
                ExprKind::List(items) => items.iter().collect(),
                _ => vec![&attribute.value],
            };
            for item in items {
                found.push(BlockView { body: Content::Expr(item), span: item.span, env: env.clone(), sure: true });
            }
        }
        found
    }

    fn dynamic<'b>(&self, block: &'b Block, name: &str, scope: &Rc<Scope>, env: &Env, found: &mut Vec<BlockView<'b>>) {
        let Some(content) = block.body.blocks_named("content").next() else { return };
        let Some(each) = block.body.attribute("for_each") else { return };
        let iterator = match block.body.attribute("iterator").map(|attribute| &attribute.value.kind) {
            Some(ExprKind::Variable(iterator)) => iterator.as_str(),
            _ => name,
        };
        let values = self.eval(&each.value, scope, env);
        let bind = |key: Val, value: Val| {
            let entry = |key: &str, value: Val| Entry { key: key.into(), key_span: each.value.span, value };
            env.with(iterator, Val::map(vec![entry("key", key), entry("value", value)], each.value.span))
        };
        let mut add = |env: Env, sure: bool| {
            found.push(BlockView { body: Content::Body(&content.body), span: block.name_span, env, sure });
        };
        match elements(&values) {
            Some(entries) => entries.into_iter().for_each(|(key, value)| add(bind(key, value), true)),
            None => {
                let hole = || self.hole(scope, each.value.span, "an element that is not known", Domain::Any);
                add(bind(hole(), hole()), false);
            }
        }
    }
}

/// One block of a body.
pub(super) struct BlockView<'b> {
    pub body: Content<'b>,
    /// Where its name stands.
    pub span: Span,
    pub env: Env,
    /// Whether it is there for sure.
    pub sure: bool,
}

/// A block, or the object that is one in JSON.
#[derive(Clone, Copy)]
pub(super) enum Content<'b> {
    Body(&'b Body),
    Expr(&'b Expr),
}

impl<'b> Content<'b> {
    /// The expression of an attribute and where its name stands.
    pub fn attribute(self, name: &str) -> Option<(&'b Expr, Span)> {
        match self {
            Content::Body(body) => body.attribute(name).map(|attribute| (&attribute.value, attribute.name_span)),
            Content::Expr(Expr { kind: ExprKind::Object(items), .. }) => {
                items.iter().rev().find(|item| plain(&item.key) == Some(name)).map(|item| (&item.value, item.key.span))
            }
            Content::Expr(_) => None,
        }
    }
}

/// A part of what is not known.
fn part_of(hole: &Hole, steps: &[Step], span: Span) -> Val {
    let mut name = hole.name.clone();
    for step in steps {
        match step {
            Step::Name(part) => name.push_str(&format!(".{part}")),
            Step::Index(index) => name.push_str(&format!("[{}]", plain(index).unwrap_or("…"))),
            Step::Splat => name.push_str("[*]"),
        }
    }
    Val::unknown(name, hole.why, Domain::Any, span)
}

/// The string of a literal without anything filled in.
pub(super) fn plain(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        ExprKind::Template(template) => match template.parts.as_slice() {
            [Part::Literal(literal)] => Some(&literal.text),
            _ => None,
        },
        _ => None,
    }
}

/// The key of an object. Keys are strings, so holes in one are written as `${name}`.
fn key_text(key: &Val) -> Rc<str> {
    match (&key.kind, key.known()) {
        (_, Some(text)) => text,
        (ValKind::Text(pieces), None) => super::val::text_of(pieces, key.span).display().as_ref().into(),
        (ValKind::Unknown(hole), None) => format!("${{{}}}", hole.name).into(),
        _ => "".into(),
    }
}

/// Add what is not yet there.
fn add(problems: &RefCell<Vec<Problem>>, problem: Problem) {
    let mut problems = problems.borrow_mut();
    if !problems.contains(&problem) {
        problems.push(problem);
    }
}
