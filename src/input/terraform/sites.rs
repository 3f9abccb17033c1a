//! Where policies stand in a configuration: resources that hold one, documents that no resource of it uses, and
//! arguments of modules whose source is not in the tree.

use super::document::{render, tree};
use super::eval::{BlockView, Choices, DEFAULTS, Env, Evaluator, Scope, plain};
use super::marked;
use super::module::{At, Loader, Module};
use super::references::{Instance, shown_key};
use super::val::{Piece, Val, ValKind};
use super::{Variables, account};
use crate::diagnostic::Problem;
use crate::input::combinations::rows;
use crate::input::raw_kind::kind_of;
use crate::input::shape::is_policy;
use crate::input::terraform_document::{is_permission, permission};
use crate::input::terraform_types::{Carrier, Shape, carriers, has_own_language};
use crate::input::{Found, permission_set, unlisted};
use crate::site::{Origin, Owner, PolicyKind, PolicySite, Redefined};
use crate::span::{Span, Spanned};
use crate::syntax::hcl::{Attribute, Block, Body, Expr, ExprKind, Step};
use crate::value::{Domain, Hole, Kind, Member, Part, PartRef, Text, Value};
use std::collections::{HashMap, HashSet, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

/// How many choices of conditions are gone through for one resource where there are no others; with more, choices are
/// picked.
const MAX_VARIANTS: usize = 32;
/// How many choices are picked. A chain of conditions needs one for each of them, and evaluation is not so deep that
/// there can be more of them in one chain.
const MAX_PICKED: usize = 128;
/// How many nodes the documents have together that are made under picked choices.
const MAX_NODES: usize = 1_000_000;
/// How many instances of modules one root may have.
const MAX_SCOPES: usize = 1_000;
/// How many places that gave values are kept of one policy.
const MAX_ORIGINS: usize = 200;
/// How many policies one root may have.
const MAX_SITES: usize = 50_000;

/// The way from the root to a scope: calls with the keys of their instances.
type Route = Vec<(String, String)>;

/// Put the policies of a configuration into `found`; the called modules that are not in the tree.
pub(super) fn extract(
    loader: &Loader<'_>,
    module: &Arc<Module>,
    variables: &Variables,
    found: &mut Found<'_>,
) -> Vec<(Span, String)> {
    let base = Evaluator::new(loader, variables, Vec::new());
    let mut extraction = Extraction { base: &base, module, found, scopes: 0, elsewhere: Vec::new() };
    let root = base.root(Arc::clone(module));
    extraction.scope(&root, &Vec::new());
    let elsewhere = extraction.elsewhere;
    found.problems.extend(base.problems.take());
    found.limits.extend(base.limits.take());
    elsewhere
}

struct Extraction<'e, 'l, 'f, 's> {
    base: &'e Evaluator<'l>,
    module: &'e Arc<Module>,
    found: &'f mut Found<'s>,
    scopes: usize,
    elsewhere: Vec<(Span, String)>,
}

/// What an expression in the place of a policy is.
enum Policy {
    None,
    Read(Value<'static>),
    Wrong(Vec<Problem>),
    Unresolved(String),
}

/// One policy in one variant.
struct Variant {
    branch: Vec<(String, bool)>,
    policy: Policy,
    /// What the address of the resource is followed by.
    suffix: String,
    span: Span,
    kind: PolicyKind,
    owner: Owner,
    origins: Vec<Origin>,
    redefined: Vec<Redefined>,
}

impl Extraction<'_, '_, '_, '_> {
    /// The policies of a scope and of those below it.
    fn scope(&mut self, scope: &Rc<Scope>, route: &Route) {
        self.scopes += 1;
        if self.scopes > MAX_SCOPES {
            return;
        }
        let module = Arc::clone(&scope.module);
        for (file, module_file) in module.files.iter().enumerate() {
            for (at, block) in module_file.hcl.body.blocks.iter().enumerate() {
                if self.found.sites.len() >= MAX_SITES {
                    let message = format!("only the first {MAX_SITES} policies are judged");
                    self.base.limit(block.name_span, message, "judge the modules of this configuration one by one");
                    return;
                }
                match (block.name.as_str(), block.labels.as_slice()) {
                    ("resource", [kind, name]) => self.resource(block, kind, name, scope, route),
                    ("module", [name]) => self.call(block, name, (file, at), scope, route),
                    _ => {}
                }
            }
        }
        if scope.call.is_none() {
            self.unused_documents(scope);
        }
    }

    fn call(&mut self, block: &Block, name: &str, at: At, scope: &Rc<Scope>, route: &Route) {
        let children = self.base.children(name, at, scope);
        if self.base.loader.called(block, &scope.module.folder).is_none() {
            let source = block.body.attribute("source").and_then(|attribute| plain(&attribute.value));
            let source = source.map_or_else(String::new, |source| format!(", `{source}`,"));
            let note = format!("the module `{name}` is not looked into: its source{source} is not in the tree");
            self.elsewhere.push((block.header, note));
            self.arguments(block, name, scope, route);
        }
        for (key, child) in children {
            if self.scopes == MAX_SCOPES {
                let message = format!("only the first {MAX_SCOPES} instances of modules are judged");
                self.base.limit(block.name_span, message, "judge the modules of this configuration one by one");
            }
            let route = [route.as_slice(), &[(name.to_owned(), key)]].concat();
            self.scope(&child, &route);
        }
    }

    /// Policies that a module is given whose source is not in the tree.
    fn arguments(&mut self, block: &Block, name: &str, scope: &Rc<Scope>, route: &Route) {
        for attribute in &block.body.attributes {
            if !may_be_document(&attribute.value) {
                continue;
            }
            let read = |evaluator: &Evaluator<'_>, scope: &Rc<Scope>, instance: &Instance| {
                let value = evaluator.eval(&attribute.value, scope, &instance.env);
                match document(&value) {
                    Policy::Read(tree) if is_policy(&tree) => {
                        vec![(String::new(), attribute.value.span, Policy::Read(tree), None)]
                    }
                    _ => Vec::new(),
                }
            };
            let address = format!("{}module.{name}.{}", scope.prefix, attribute.name);
            self.variants(block, &address, attribute.name_span, route, &read);
        }
    }

    /// Documents that nothing of the configuration uses: outputs, and modules that are not in the tree.
    fn unused_documents(&mut self, scope: &Rc<Scope>) {
        let module = Arc::clone(&scope.module);
        for file in &module.files {
            for block in file.hcl.body.blocks_named("data") {
                let [kind, name] = block.labels.as_slice() else { continue };
                if kind != "aws_iam_policy_document" || self.base.read.borrow().contains(&(scope.id, name.clone())) {
                    continue;
                }
                let read = |evaluator: &Evaluator<'_>, scope: &Rc<Scope>, instance: &Instance| {
                    let policy = Policy::Read(render(evaluator, block, scope, &instance.env));
                    vec![(String::new(), block.name_span, policy, None)]
                };
                let address = format!("{}data.{kind}.{name}", scope.prefix);
                self.variants(block, &address, block.header, &Vec::new(), &read);
            }
        }
    }

    fn resource(&mut self, block: &Block, kind: &str, name: &str, scope: &Rc<Scope>, route: &Route) {
        let address = format!("{}{kind}.{name}", scope.prefix);
        for carrier in carriers(kind) {
            let read = |evaluator: &Evaluator<'_>, scope: &Rc<Scope>, instance: &Instance| {
                policies(evaluator, block, carrier, scope, &instance.env)
            };
            self.variants(block, &address, block.header, route, &read);
        }
        if is_permission(kind) {
            let read = |evaluator: &Evaluator<'_>, scope: &Rc<Scope>, instance: &Instance| {
                let attributes = tree(evaluator, block, scope, &instance.env);
                let policy = permission(kind, &attributes).map_or(Policy::None, Policy::Read);
                vec![(String::new(), block.span, policy, Some(PolicyKind::Resource))]
            };
            self.variants(block, &address, block.header, route, &read);
        }
        if !has_own_language(kind) {
            let known: Vec<&str> = carriers(kind).filter_map(|carrier| carrier.path.split("[].").next()).collect();
            self.unlisted(&block.body, kind, &address, &known, scope);
        }
    }

    /// Note the policies in a body that stand in places not known to hold any, but for the arguments `known`.
    fn unlisted(&mut self, body: &Body, kind: &str, address: &str, known: &[&str], scope: &Rc<Scope>) {
        for Attribute { name, value, .. } in &body.attributes {
            // What a document is used for is no matter: it is judged by itself if nothing known uses it.
            if known.contains(&name.as_str()) || !may_be_document(value) || is_reference(value) {
                continue;
            }
            let given = self.base.eval(value, scope, &Env::default());
            if name == "template_body" && holds_template(value, &given) {
                let what = format!("{address}.{name}: a template of CloudFormation in Terraform is not judged");
                self.found.unlisted.push((value.span, what));
                continue;
            }
            if let Policy::Read(tree) = document(&given) {
                let mut places = Vec::new();
                unlisted::policies(&tree, &mut places);
                let entry = || (value.span, unlisted::reason(&format!("{address}.{name}"), kind));
                self.found.unlisted.extend((!places.is_empty()).then(entry));
            }
        }
        for block in body.blocks.iter().filter(|block| !known.contains(&block.name.as_str())) {
            self.unlisted(&block.body, kind, &format!("{address}.{}", block.name), &[], scope);
        }
    }

    /// Put the policies that `read` finds in a block into what was found, in every instance and variant.
    fn variants(&mut self, block: &Block, address: &str, anchor: Span, route: &Route, read: &Read<'_>) {
        let (mut instances, picked) = self.instances_of(block, route, read);
        // Instances that say the same are one policy.
        let all_alike = instances.windows(2).all(|pair| alike(&pair[0].1, &pair[1].1));
        if all_alike {
            instances.truncate(1);
        }
        for (key, variants) in instances {
            let address = match key.as_str() {
                "" => address.to_owned(),
                _ if all_alike => address.to_owned(),
                key => format!("{address}[{}]", shown_key(key)),
            };
            self.put(&address, anchor, variants, picked);
        }
    }

    /// The instances of a block with the variants of each, under every choice of conditions; whether these are too many,
    /// so that some were picked.
    fn instances_of(&self, block: &Block, route: &Route, read: &Read<'_>) -> (Vec<Judged>, bool) {
        let mut done = Done::default();
        let mut waiting: Vec<Choices> = vec![Vec::new()];
        let mut count = 0;
        while let Some(choices) = waiting.pop() {
            count += 1;
            if count > MAX_VARIANTS {
                return (self.picked(block, route, read), true);
            }
            let (instances, asked) = self.under(choices.clone(), block, route, read);
            done.add(instances);
            let open: Vec<&Rc<str>> =
                asked.iter().filter(|name| !choices.iter().any(|(known, _)| known == *name)).collect();
            for (at, name) in open.iter().enumerate() {
                let before = open[..at].iter().map(|name| (Rc::clone(name), true));
                let next = choices.iter().cloned().chain(before).chain([(Rc::clone(name), false)]);
                waiting.push(next.collect());
            }
        }
        (done.instances, false)
    }

    /// The same under some choices of conditions, where there are too many. Conditions that become known in one
    /// evaluation are chosen together, on top of what led to them; and in the end all of them.
    fn picked(&self, block: &Block, route: &Route, read: &Read<'_>) -> Vec<Judged> {
        let mut done = Done::default();
        let mut waiting: VecDeque<Choices> = VecDeque::from([Vec::new()]);
        let (mut known, mut seen): (Choices, HashSet<Rc<str>>) = (Vec::new(), HashSet::new());
        let (mut count, mut nodes) = (0, 0);
        let mut all_together = false;
        loop {
            let Some(choices) = waiting.pop_front() else {
                if all_together {
                    return done.instances;
                }
                all_together = true;
                waiting.extend(every(&[], &known));
                continue;
            };
            if count == MAX_PICKED || nodes > MAX_NODES {
                let message = format!(
                    "this rests on more conditions that are not known than choices of them are judged, at most \
                     {MAX_PICKED} and {MAX_NODES} values, and what follows from some is not"
                );
                let help = "set their variables, with `--var`, `--var-file` or the values of the configuration";
                self.base.limit(block.header, message, help);
                return done.instances;
            }
            count += 1;
            let (instances, asked) = self.under(choices.clone(), block, route, read);
            let documents = instances.iter().flat_map(|(_, variants)| variants).map(|variant| match &variant.policy {
                Policy::Read(document) => document.count_nodes(),
                Policy::None | Policy::Wrong(_) | Policy::Unresolved(_) => 1,
            });
            nodes += documents.sum::<usize>();
            done.add(instances);
            let new: Choices =
                asked.into_iter().filter(|name| seen.insert(Rc::clone(name))).map(|name| (name, true)).collect();
            // All of them true is what was evaluated here.
            waiting.extend(every(&choices, &new).skip(1));
            known.extend(new);
        }
    }

    /// What `read` finds under one choice, by instance, and the conditions that were asked.
    fn under(&self, choices: Choices, block: &Block, route: &Route, read: &Read<'_>) -> (Vec<Judged>, Vec<Rc<str>>) {
        let own;
        let evaluator = match choices.is_empty() {
            true => self.base,
            false => {
                own = Evaluator::new(self.base.loader, self.base.variables, choices);
                &own
            }
        };
        evaluator.take_asked();
        let root = evaluator.root(Arc::clone(self.module));
        let Some(scope) = follow(evaluator, &root, route) else { return (Vec::new(), evaluator.take_asked()) };
        let instances = evaluator.instances(block, &scope);
        let before = evaluator.take_asked();
        let instances: Vec<Judged> = instances
            .into_iter()
            .map(|instance| {
                let variants = self.of_instance(evaluator, block, &scope, &instance, read, &before);
                (instance.key, variants)
            })
            .collect();
        let after = evaluator.take_asked();
        evaluator.add_asked(&before);
        evaluator.add_asked(&after);
        let asked = evaluator.take_asked();
        if !std::ptr::eq(evaluator, self.base) {
            self.base.adopt(evaluator);
            // Scopes are numbered as they are met; only the root has the same number everywhere.
            let read = evaluator.read.take();
            self.base.read.borrow_mut().extend(read.into_iter().filter(|(scope, _)| *scope == root.id));
        }
        (instances, asked)
    }

    fn of_instance(
        &self,
        evaluator: &Evaluator<'_>,
        block: &Block,
        scope: &Rc<Scope>,
        instance: &Instance,
        read: &Read<'_>,
        before: &[Rc<str>],
    ) -> Vec<Variant> {
        let policies = read(evaluator, scope, instance);
        let owner = owner(evaluator, block, scope, &instance.env);
        let other_account = block.body.attribute("provider").is_some();
        let asked = evaluator.take_asked();
        evaluator.add_asked(&asked);
        let mut branch: Vec<(String, bool)> = Vec::new();
        for name in before.iter().chain(&asked) {
            if !branch.iter().any(|(known, _)| **known == **name) {
                branch.push((name.to_string(), evaluator.chosen(name).unwrap_or(true)));
            }
        }
        let variants = policies.into_iter().map(|(suffix, span, policy, kind)| {
            let policy = match policy {
                Policy::Read(tree) if other_account => Policy::Read(in_other_account(tree)),
                policy => policy,
            };
            let kind = kind.unwrap_or_else(|| match &policy {
                Policy::Read(tree) => kind_of(tree, self.found.path),
                _ => PolicyKind::Identity,
            });
            let (origins, redefined) = match &policy {
                Policy::Read(tree) => (origins(evaluator, tree, &owner, scope), redefined(evaluator, tree)),
                _ => (Vec::new(), Vec::new()),
            };
            Variant { branch: branch.clone(), policy, suffix, span, kind, owner: owner.clone(), origins, redefined }
        });
        variants.collect()
    }

    /// Put the variants of one instance into what was found.
    fn put(&mut self, address: &str, anchor: Span, variants: Vec<Variant>, picked: bool) {
        let mut suffixes: Vec<String> = Vec::new();
        for variant in &variants {
            if !suffixes.contains(&variant.suffix) {
                suffixes.push(variant.suffix.clone());
            }
        }
        let (unresolved_before, problems_before) = (self.found.unresolved.len(), self.found.problems.len());
        let mut variants = variants;
        for suffix in suffixes {
            let (mine, rest): (Vec<_>, Vec<_>) = variants.into_iter().partition(|variant| variant.suffix == suffix);
            variants = rest;
            let address = format!("{address}{suffix}");
            let earlier = self.found.sites.len();
            let alone = mine.len() == 1;
            // That there is the resource at all is no choice of its policy's.
            let is_common = |choice: &(String, bool)| {
                choice.0 != DEFAULTS && mine.iter().all(|variant| variant.branch.contains(choice))
            };
            let common: Vec<(String, bool)> =
                mine.iter().take(1).flat_map(|one| &one.branch).filter(|choice| is_common(choice)).cloned().collect();
            for variant in mine {
                match variant.policy {
                    Policy::None => {}
                    Policy::Wrong(problems) => {
                        for problem in problems {
                            let problem = Problem { used_at: Some(variant.span), ..problem };
                            if !self.found.problems[problems_before..].contains(&problem) {
                                self.found.problems.push(problem);
                            }
                        }
                    }
                    Policy::Unresolved(why) => {
                        let unresolved = (variant.span, format!("{address}: {why}"));
                        if !self.found.unresolved[unresolved_before..].contains(&unresolved) {
                            self.found.unresolved.push(unresolved);
                        }
                    }
                    Policy::Read(document) => {
                        // Nobody deploys a document without a statement: what makes it so only by its defaults waits
                        // for values.
                        let defaults = variant.branch.iter().any(|(name, holds)| name == DEFAULTS && *holds);
                        let statements = document.get("Statement").and_then(Value::as_list);
                        let is_empty = defaults && statements.is_some_and(<[_]>::is_empty);
                        // Of many conditions, those that a finding rests on are told by where the choices differ.
                        let same = |site: &PolicySite<'_>| {
                            *site.document == document && (!picked || site.document.is_at(&document))
                        };
                        if is_empty || self.found.sites[earlier..].iter().any(same) {
                            continue;
                        }
                        self.found.sites.push(PolicySite {
                            kind: variant.kind,
                            address: address.clone(),
                            document: crate::site::Tree::Owned(document),
                            anchor,
                            owner: variant.owner,
                            branch: match alone {
                                true => Vec::new(),
                                false => variant.branch.into_iter().filter(|choice| !common.contains(choice)).collect(),
                            },
                            origins: variant.origins,
                            redefined: variant.redefined,
                        });
                    }
                }
            }
        }
    }
}

/// An instance, by its key, with the policies in it.
type Judged = (String, Vec<Variant>);

/// The instances that were read under several choices.
#[derive(Default)]
struct Done {
    instances: Vec<Judged>,
    /// The place of each key among them.
    places: HashMap<String, usize>,
}

impl Done {
    fn add(&mut self, instances: Vec<Judged>) {
        for (key, variants) in instances {
            match self.places.get(&key) {
                Some(at) => self.instances[*at].1.extend(variants),
                None => {
                    self.places.insert(key.clone(), self.instances.len());
                    self.instances.push((key, variants));
                }
            }
        }
    }
}

/// Choices of some conditions on top of others, as [`rows`] has them.
fn every(before: &[(Rc<str>, bool)], conditions: &[(Rc<str>, bool)]) -> impl Iterator<Item = Choices> {
    let with = |row: Vec<bool>| {
        let chosen = conditions.iter().zip(row).map(|((name, _), holds)| (Rc::clone(name), holds));
        before.iter().cloned().chain(chosen).collect()
    };
    let rows = if conditions.is_empty() { Vec::new() } else { rows(conditions.len()) };
    rows.into_iter().map(with).collect::<Vec<Choices>>().into_iter()
}

/// Whether the variants of two instances say the same.
fn alike(a: &[Variant], b: &[Variant]) -> bool {
    a.len() == b.len()
        && a.iter().zip(b).all(|(a, b)| match (&a.policy, &b.policy) {
            (Policy::Read(a), Policy::Read(b)) => a == b,
            (Policy::Unresolved(a), Policy::Unresolved(b)) => a == b,
            (Policy::None, Policy::None) | (Policy::Wrong(_), Policy::Wrong(_)) => true,
            _ => false,
        })
}

/// Reads the policies of one instance: what follows the address, the place, the policy, and its kind where the place
/// tells it.
type Read<'r> = dyn Fn(&Evaluator<'_>, &Rc<Scope>, &Instance) -> Vec<(String, Span, Policy, Option<PolicyKind>)> + 'r;

/// The scope at the end of a route.
fn follow(evaluator: &Evaluator<'_>, root: &Rc<Scope>, route: &Route) -> Option<Rc<Scope>> {
    let mut scope = Rc::clone(root);
    for (call, key) in route {
        let at = *scope.module.calls.get(call)?;
        let children = evaluator.children(call, at, &scope);
        scope = children.into_iter().find(|(known, _)| known == key)?.1;
    }
    Some(scope)
}

/// The policies that a resource holds in one sort of place.
fn policies(
    evaluator: &Evaluator<'_>,
    block: &Block,
    carrier: Carrier,
    scope: &Rc<Scope>,
    env: &Env,
) -> Vec<(String, Span, Policy, Option<PolicyKind>)> {
    let is_boundary = || match block.labels.as_slice() {
        [kind, name] => kind == "aws_iam_policy" && scope.module.uses().is_boundary(name),
        _ => false,
    };
    let kind = match carrier.shape {
        Shape::Document(PolicyKind::Identity) if is_boundary() => Some(PolicyKind::Boundary),
        Shape::Document(kind) => Some(kind),
        Shape::Organizations => {
            let written = block.body.attribute("type").map(|attribute| evaluator.eval(&attribute.value, scope, env));
            match written.map(|value| value.known()) {
                None => Some(PolicyKind::Scp),
                Some(Some(text)) => match &*text {
                    "SERVICE_CONTROL_POLICY" => Some(PolicyKind::Scp),
                    "RESOURCE_CONTROL_POLICY" => Some(PolicyKind::Rcp),
                    // Tag, backup and chatbot policies are written in languages of their own.
                    _ => return Vec::new(),
                },
                Some(None) => Some(PolicyKind::Scp),
            }
        }
    };
    let Some((list, attribute)) = carrier.path.split_once("[].") else {
        let Some(attribute) = block.body.attribute(carrier.path) else { return Vec::new() };
        let value = evaluator.eval(&attribute.value, scope, env);
        let suffix = if carrier.is_main { String::new() } else { format!(".{}", carrier.path) };
        return vec![(suffix, attribute.value.span, document(&value), kind)];
    };
    let mut found = Vec::new();
    for (at, view) in evaluator.blocks(&block.body, list, scope, env).into_iter().enumerate() {
        let BlockView { body, env, .. } = view;
        let Some((expr, _)) = body.attribute(attribute) else { continue };
        let name = body.attribute("name").and_then(|(name, _)| evaluator.eval(name, scope, &env).known());
        let name = name.map_or_else(|| at.to_string(), |name| name.to_string());
        let value = evaluator.eval(expr, scope, &env);
        found.push((format!(".{list}[{name}]"), expr.span, document(&value), kind));
    }
    found
}

/// The policy that a value in the place of one is.
fn document(value: &Val) -> Policy {
    match &value.kind {
        ValKind::Null => Policy::None,
        ValKind::Json(inner) => match &inner.kind {
            ValKind::Map(..) => Policy::Read(inner.to_value()),
            ValKind::Unknown(hole) => Policy::Unresolved(format!("`{}` is {}", hole.name, hole.why)),
            _ => wrong(inner, "a JSON object"),
        },
        ValKind::Text(pieces) => {
            if value.known().is_some_and(|text| text.trim().is_empty()) {
                return Policy::None;
            }
            match marked::open(pieces, value.span) {
                Ok(tree) => Policy::Read(tree),
                Err(marked::Unread::Wrong(problems)) => Policy::Wrong(problems),
                Err(marked::Unread::Unknown(hole)) => Policy::Unresolved(format!("`{}` is {}", hole.name, hole.why)),
            }
        }
        ValKind::Unknown(hole) => {
            // A default that is a document is read, and what rests on it is not proved.
            Policy::Unresolved(format!("`{}` is {}", hole.name, hole.why))
        }
        ValKind::Map(..) | ValKind::List(..) | ValKind::Bool(_) | ValKind::Number(_) => {
            wrong(value, "a string of JSON, such as `jsonencode({…})` gives")
        }
    }
}

fn wrong(value: &Val, expected: &str) -> Policy {
    let found = value.to_value();
    Policy::Wrong(vec![Problem::new(value.span, format!("expected {expected}, found {}", found.sort()))])
}

/// Whether an expression can come to be a policy, so that it is worth evaluating.
fn may_be_document(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Null | ExprKind::Bool(_) | ExprKind::Number(_) | ExprKind::List(_) | ExprKind::Object(_) => false,
        ExprKind::Template(template) => template.parts.iter().any(|part| match part {
            crate::syntax::hcl::Part::Literal(literal) => literal.text.contains("Statement"),
            crate::syntax::hcl::Part::Interpolation(inner) => may_be_document(inner),
            _ => false,
        }),
        ExprKind::Call(call) => matches!(call.name.as_str(), "jsonencode" | "file" | "templatefile"),
        ExprKind::Conditional(parts) => parts[1..].iter().any(may_be_document),
        ExprKind::Traversal(start, _) => {
            matches!(&start.kind, ExprKind::Variable(name) if matches!(name.as_str(), "local" | "data"))
        }
        _ => false,
    }
}

/// Whether an expression names a value that stands elsewhere.
fn is_reference(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Traversal(..))
}

/// Whether a template of CloudFormation is put together here and has policies. What a file holds is judged with that file.
fn holds_template(expr: &Expr, value: &Val) -> bool {
    let is_file = matches!(&expr.kind, ExprKind::Call(call) if call.name == "file");
    let pieces = value.to_pieces().unwrap_or_default();
    let speaks = |piece: &Piece| matches!(piece, Piece::Literal { text, .. } if text.contains("Statement"));
    !is_file && pieces.iter().any(speaks)
}

/// What is known of the role or resource.
fn owner(evaluator: &Evaluator<'_>, block: &Block, scope: &Rc<Scope>, env: &Env) -> Owner {
    let account = account::of(evaluator, block, scope);
    let extent = Some(block.span);
    let callers = std::iter::successors(scope.call.as_ref(), |caller| caller.scope.call.as_ref());
    let calls = callers.map(|caller| caller.scope.module.block(caller.block).span).collect();
    match block.labels.first().map(String::as_str) {
        Some("aws_iam_role") => {}
        Some("aws_ssoadmin_permission_set_inline_policy") => {
            let max_session_duration = permission_set_duration(evaluator, block, scope, env);
            return Owner { account, max_session_duration, extent, calls, ..Owner::default() };
        }
        _ => return Owner { account, extent, calls, ..Owner::default() },
    }
    let text = |name: &str| {
        let value = evaluator.eval(&block.body.attribute(name)?.value, scope, env);
        match &value.kind {
            ValKind::Number(text) => Some(Text::literal(text.to_string(), value.span)),
            ValKind::Null => None,
            _ => Some(super::val::text_of(&value.to_pieces()?, value.span)),
        }
    };
    let max_session_duration = text("max_session_duration").map(|text| Spanned::new(text.clone(), text.span));
    let machines = scope.module.uses().machines();
    let machine_name = |name: &str| {
        let at = scope.module.resources.get(&("aws_iam_user".to_owned(), name.to_owned()))?;
        let written = evaluator.eval(&scope.module.block(*at).body.attribute("name")?.value, scope, &Env::default());
        written.known().map(|name| name.to_string())
    };
    let machines = machines.filter_map(machine_name).collect();
    Owner {
        account,
        name: text("name"),
        path: text("path"),
        machines,
        max_session_duration,
        extent,
        calls,
        ..Owner::default()
    }
}

/// The session duration of the permission set that an inline policy belongs to, in seconds.
fn permission_set_duration(
    evaluator: &Evaluator<'_>,
    block: &Block,
    scope: &Rc<Scope>,
    env: &Env,
) -> Option<Spanned<Text>> {
    let ExprKind::Traversal(start, steps) = &block.body.attribute("permission_set_arn")?.value.kind else {
        return None;
    };
    let (ExprKind::Variable(kind), Some(Step::Name(name))) = (&start.kind, steps.first()) else { return None };
    let at = scope.module.resources.get(&(kind.clone(), name.clone()))?;
    let attribute = scope.module.block(*at).body.attribute("session_duration")?;
    let written = evaluator.eval(&attribute.value, scope, env);
    let seconds = permission_set::seconds(&written.known()?)?;
    Some(Spanned::new(Text::literal(seconds.to_string(), written.span), written.span))
}

/// Where values came from that the document or its owner uses.
fn origins(evaluator: &Evaluator<'_>, tree: &Value<'_>, owner: &Owner, scope: &Rc<Scope>) -> Vec<Origin> {
    let mut spans = Vec::new();
    collect_spans(tree, &mut spans);
    spans.extend(owner.durations().map(|duration| duration.span));
    spans.sort();
    spans.dedup();
    let mut scopes = vec![scope.id];
    let mut call = scope.call.as_ref();
    while let Some(caller) = call {
        scopes.push(caller.scope.id);
        call = caller.scope.call.as_ref();
    }
    // What a loop or a string is made of has no place of its own in the document, but stands inside of it.
    let known = evaluator.origins.borrow();
    let within = |outer: Span| {
        let (first, last) = (Span { start: outer.start, end: 0 }, Span { start: outer.end, end: u32::MAX });
        known.range((first, 0)..=(last, usize::MAX)).filter(move |((at, _), _)| outer.contains(*at))
    };
    let elsewhere = spans.iter().filter(|span| !tree.span.contains(**span)).flat_map(|span| within(*span));
    let used = within(tree.span).chain(elsewhere).filter(|((_, scope), _)| scopes.contains(scope));
    let origin = |at: Span, (value, what): &(Val, String), steps: usize| {
        let elements = value.as_list().unwrap_or(std::slice::from_ref(value));
        let elements = elements.iter().filter_map(|item| Some((item.known()?.to_string(), item.span)));
        Origin { at, from: value.span, elements: elements.collect(), steps, what: what.clone() }
    };
    let mut found: Vec<Origin> = used.map(|((at, _), from)| origin(*at, from, 0)).collect();
    found.sort_by_key(|origin| (origin.at, origin.from));
    found.dedup();
    // What gives the value may itself use a variable.
    let mut next = 0;
    while next < found.len() && found.len() < MAX_ORIGINS {
        let (at, from, steps) = (found[next].at, found[next].from, found[next].steps + 1);
        let parts: Vec<Span> = found[next].elements.iter().map(|(_, span)| *span).collect();
        let mut behind: Vec<Origin> = std::iter::once(from)
            .chain(parts)
            .flat_map(|span| within(span))
            .filter(|((used, _), _)| *used != at)
            .map(|(_, value)| origin(at, value, steps))
            .filter(|origin| !found.contains(origin))
            .collect();
        behind.sort_by_key(|origin| origin.from);
        behind.dedup();
        found.extend(behind);
        next += 1;
    }
    found
}

/// The members of a document that the objects which make it give again.
fn redefined(evaluator: &Evaluator<'_>, tree: &Value<'_>) -> Vec<Redefined> {
    fn collect(known: &HashMap<Span, Span>, value: &Value<'_>, found: &mut Vec<Redefined>) {
        for Member { key, key_span, .. } in value.as_map().unwrap_or_default() {
            if let Some(first) = known.get(key_span) {
                found.push(Redefined { key: key.to_string(), first: *first, last: *key_span });
            }
        }
        value.children().for_each(|child| collect(known, child, found));
    }
    let known = evaluator.redefined.borrow();
    let mut found = Vec::new();
    if !known.is_empty() {
        collect(&known, tree, &mut found);
    }
    found
}

fn collect_spans(value: &Value<'_>, spans: &mut Vec<Span>) {
    spans.push(value.span);
    value.children().for_each(|child| collect_spans(child, spans));
}

/// A document in the account of another provider block: what is the own account elsewhere is not its own.
fn in_other_account(value: Value<'static>) -> Value<'static> {
    let Value { span, kind } = value;
    let foreign = |hole: Hole| {
        let domain = match hole.domain {
            Domain::OwnAccount => Domain::AccountId,
            Domain::OwnArn(_) => Domain::Text,
            domain => domain,
        };
        Hole { domain, ..hole }
    };
    let kind = match kind {
        Kind::Template(text) => {
            let parts = text.parts().map(|part| match part {
                PartRef::Literal(text) => Part::Literal(text.to_owned()),
                PartRef::Hole(hole) => Part::Hole(foreign(hole.clone())),
            });
            return Value::text(Text::from_parts(parts, span));
        }
        Kind::Unknown(hole) => Kind::Unknown(Box::new(foreign(*hole))),
        Kind::List(items) => Kind::List(items.into_iter().map(in_other_account).collect()),
        Kind::Map(mut members) => {
            for member in &mut members {
                member.value = in_other_account(std::mem::take(&mut member.value));
            }
            Kind::Map(members)
        }
        kind => kind,
    };
    Value { span, kind }
}
