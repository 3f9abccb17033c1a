//! From a property to the policies in it.

use super::conditions::Conditions;
use super::embedded::{self, Unread};
use super::intrinsics::{Branch, Call, Choices, is_plain};
use super::loops::{Scope, is_loop};
use super::reader::{Reader, Resource};
use super::resources::Shape;
use super::sam;
use super::template::scalar;
use super::worlds::{self, Worlds};
use crate::diagnostic::Problem;
use crate::input::permission_set;
use crate::site::{Owner, PolicyKind, PolicySite};
use crate::span::Spanned;
use crate::value::{Kind, Member, Text, Value};
use std::borrow::Cow;

/// A policy as it stands in a resource, or a node on the way to it.
pub(super) struct Place<'a, 's> {
    pub resource: &'a Resource<'s>,
    pub address: String,
    pub shape: Shape,
    pub node: &'s Value<'s>,
    /// The branches of `Fn::If` around it.
    pub branch: Branch<'s>,
    /// The loop variables around it.
    pub scope: Scope<'s>,
}

/// What a node in the place of a policy is.
enum Policy<'s> {
    Read(Cow<'s, Value<'s>>),
    Wrong(Vec<Problem>),
    Unresolved(String),
}

/// What a policy is in a combination of conditions.
struct Form<'s> {
    /// The conditions that decided something.
    branch: Branch<'s>,
    /// The document; `None` where there is none.
    document: Option<Cow<'s, Value<'s>>>,
}

/// What a policy is in all of them.
struct Forms<'s> {
    list: Vec<Form<'s>>,
    /// Whether it is known in each.
    all_read: bool,
}

impl<'s> Reader<'_, 's> {
    /// Go down `path`, into every element of lists and both branches of `Fn::If`.
    pub(super) fn descend(&mut self, place: Place<'_, 's>, path: &str) {
        let Place { resource, address, shape, node, branch, scope } = place;
        let mut leaves = Vec::new();
        branches(node, branch, &mut leaves);
        for (node, branch) in leaves {
            let place = Place { resource, address: address.clone(), shape, node, branch, scope: scope.clone() };
            if path.is_empty() {
                match shape {
                    Shape::Template => self.template_body(&place),
                    _ => self.policy(&place),
                }
                continue;
            }
            let why = match (&node.kind, Call::of(node)) {
                (Kind::Unknown(hole), _) => format!("{address}: `{}` is {}", hole.name, hole.why),
                (_, Some(call)) => {
                    format!("{address}: `{}` is a value that only a deployment knows", function_name(&call))
                }
                (_, None) => {
                    self.step(place, path);
                    continue;
                }
            };
            // An API whose whole definition stands elsewhere need not hold a policy.
            if !path.starts_with("x-") {
                self.found.unresolved.push((node.span, why));
            }
            // What `AWS::Include` brings stands beside what is written here.
            if includes(node) {
                self.step(place, path);
            }
        }
    }

    /// The first step of `path`, from a node that is no function.
    fn step(&mut self, place: Place<'_, 's>, path: &str) {
        let (step, rest) = path.split_once('.').unwrap_or((path, ""));
        if let Some(name) = step.strip_suffix("[]") {
            self.each_item(place, name, rest);
        } else if let Some(name) = step.strip_suffix("{}") {
            self.each_member(place, name, rest);
        } else if let Some((node, scope)) = self.child(&place, step) {
            self.descend(Place { node, scope, ..place }, rest);
        }
    }

    fn each_item(&mut self, place: Place<'_, 's>, list_name: &str, rest: &str) {
        let Some((list, scope)) = self.child(&place, list_name) else { return };
        let mut lists = Vec::new();
        branches(list, place.branch, &mut lists);
        for (list, branch) in lists {
            let why = match (&list.kind, Call::of(list)) {
                (Kind::Unknown(hole), _) => Some(format!("`{}` is {}", hole.name, hole.why)),
                (_, Some(call)) if place.shape != Shape::SamPolicy => {
                    Some(format!("`{}` is not known", function_name(&call)))
                }
                (_, _) => None,
            };
            if let Some(why) = why {
                self.found.unresolved.push((list.span, format!("{}.{list_name}: {why}", place.address)));
                continue;
            }
            for (index, item) in list.one_or_many().iter().enumerate() {
                let mut items = Vec::new();
                branches(item, branch.clone(), &mut items);
                for (node, branch) in items {
                    let name = node.get("PolicyName").and_then(|name| self.known(name, &scope));
                    let address = match name {
                        Some(name) => format!("{}.{list_name}[{name}]", place.address),
                        None => format!("{}.{list_name}[{index}]", place.address),
                    };
                    let scope = scope.clone();
                    let (resource, shape) = (place.resource, place.shape);
                    self.descend(Place { resource, address, shape, node, branch, scope }, rest);
                }
            }
        }
    }

    fn each_member(&mut self, place: Place<'_, 's>, map_name: &str, rest: &str) {
        let Some((map, scope)) = self.child(&place, map_name) else { return };
        let choices = Choices::new(place.branch.clone(), &scope);
        for entry in self.template.entries(map.as_map().unwrap_or_default(), &choices) {
            let address = format!("{}.{map_name}.{}", place.address, entry.key);
            let (resource, shape, branch) = (place.resource, place.shape, place.branch.clone());
            self.descend(Place { resource, address, shape, node: entry.value, branch, scope: entry.scope }, rest);
        }
    }

    /// A member of the object at a place, with the loop variables around it.
    fn child(&mut self, place: &Place<'_, 's>, key: &str) -> Option<(&'s Value<'s>, Scope<'s>)> {
        let members = place.node.as_map()?;
        if place.scope.is_empty() && !members.iter().any(is_loop) {
            return place.node.get(key).map(|node| (node, Scope::default()));
        }
        let choices = Choices::new(place.branch.clone(), &place.scope);
        let entries = self.template.entries(members, &choices);
        let found = entries.into_iter().find(|entry| entry.key == key);
        found.map(|entry| (entry.value, entry.scope))
    }

    /// A string that is wholly known.
    fn known(&self, value: &'s Value<'s>, scope: &Scope<'s>) -> Option<Cow<'s, str>> {
        if scope.is_empty() {
            return value.as_str().map(Cow::Borrowed);
        }
        let text = self.template.resolve(value, &Choices::within(scope))?.as_text()?;
        text.known().map(|text| Cow::Owned(text.to_owned()))
    }

    /// The sites of the policy at a place: one for each choice of conditions that gives another document.
    fn policy(&mut self, place: &Place<'_, 's>) {
        let Some(kind) = self.kind_of(place) else { return };
        let mut assumed = place.branch.clone();
        if let Some(condition) = place.resource.condition
            && Conditions::read(&self.template, &[], &[(condition, true)]).table().is_none_or(|rows| !rows.is_empty())
        {
            assumed.push((condition, true));
        }
        let worlds = worlds::of(&self.template, place.node, &place.branch, &assumed);
        if worlds.cut {
            self.found.limits.push(worlds::limit(place.node.span, &place.address));
        }
        let Some(forms) = self.forms(place, &worlds) else { return };
        let address = match place.resource.construct {
            Some(construct) => format!("{} ({construct})", place.address),
            None => place.address.clone(),
        };
        // Of many conditions, those that a finding rests on are told by where the combinations differ.
        let same = |a: &Value<'s>, b: &Value<'s>| a == b && (worlds.few || a.is_at(b));
        let is_one = |pair: &[Form<'s>]| match (&pair[0].document, &pair[1].document) {
            (Some(a), Some(b)) => same(a, b),
            (a, b) => a.is_none() && b.is_none(),
        };
        let all_same = forms.all_read && forms.list.windows(2).all(is_one);
        let earlier = self.found.sites.len();
        for Form { branch, document } in forms.list {
            let Some(document) = document else { continue };
            if self.found.sites[earlier..].iter().any(|site| same(&site.document, &document)) {
                continue;
            }
            let inner = if all_same { &[][..] } else { &branch };
            let choices = Choices::new([place.branch.as_slice(), inner].concat(), &place.scope);
            self.found.sites.push(PolicySite {
                kind,
                address: address.clone(),
                document: document.into(),
                anchor: place.resource.anchor,
                owner: self.owner(place.resource, &choices),
                branch: choices.taken.iter().map(|(name, holds)| ((*name).to_owned(), *holds)).collect(),
                origins: Vec::new(),
                redefined: Vec::new(),
            });
        }
    }

    /// What the policy at a place is in each combination of conditions that says something of it; `None` where it is
    /// wrong.
    fn forms(&mut self, place: &Place<'_, 's>, worlds: &Worlds<'s>) -> Option<Forms<'s>> {
        // All name the same conditions in the same order.
        let count = worlds.list.first().map_or(0, Vec::len);
        let is_free: Vec<bool> =
            (0..count).map(|at| worlds.list.windows(2).any(|pair| pair[0][at].1 != pair[1][at].1)).collect();
        let mut forms = Forms { list: Vec::new(), all_read: true };
        for world in &worlds.list {
            let choices = Choices::new([place.branch.as_slice(), world.as_slice()].concat(), &place.scope);
            let policy = self.read(place, &choices);
            let counts = |(free, (name, _)): &(&bool, &(&'s str, bool))| **free && choices.was_asked(name);
            let branch: Branch<'s> = is_free.iter().zip(world).filter(counts).map(|(_, choice)| *choice).collect();
            if forms.list.iter().any(|form| form.branch == branch) {
                continue;
            }
            let document = match policy {
                None => None,
                Some(Policy::Read(document)) => Some(document),
                Some(Policy::Wrong(problems)) => {
                    self.found.problems.extend(problems);
                    return None;
                }
                Some(Policy::Unresolved(why)) => {
                    let unresolved = (place.node.span, format!("{}: {why}", place.address));
                    if self.found.unresolved.last() != Some(&unresolved) {
                        self.found.unresolved.push(unresolved);
                    }
                    forms.all_read = false;
                    continue;
                }
            };
            forms.list.push(Form { branch, document });
        }
        Some(forms)
    }

    /// The kind of the policy at a place; `None` when there is no IAM policy of the user's.
    fn kind_of(&mut self, place: &Place<'_, 's>) -> Option<PolicyKind> {
        match place.shape {
            Shape::Document(PolicyKind::Identity) if self.is_boundary(place.resource) => Some(PolicyKind::Boundary),
            Shape::Document(kind) | Shape::Statements(kind) => Some(kind),
            Shape::ApiStatements => Some(PolicyKind::Resource),
            Shape::Template => None,
            Shape::SamPolicy => {
                if place.node.get("Statement").is_some() {
                    return Some(PolicyKind::Identity);
                }
                if let Some(why) = sam::other_policy(&self.template, place.node) {
                    self.found.unresolved.push((place.node.span, format!("{}: {why}", place.address)));
                }
                None
            }
            Shape::Organizations => match place.resource.properties.get("Type").and_then(Value::as_str) {
                Some("RESOURCE_CONTROL_POLICY") => Some(PolicyKind::Rcp),
                Some("SERVICE_CONTROL_POLICY") | None => Some(PolicyKind::Scp),
                Some(_) => None,
            },
        }
    }

    /// Whether a resource is a managed policy that this template uses as a permissions boundary alone.
    fn is_boundary(&self, resource: &Resource<'s>) -> bool {
        let logical_id = resource.address.rsplit('.').next().unwrap_or_default();
        resource.type_name == "AWS::IAM::ManagedPolicy" && self.template.uses.is_boundary(logical_id)
    }

    /// The document at a place under some choice of conditions, `None` when there is none.
    fn read(&self, place: &Place<'_, 's>, choices: &Choices<'s>) -> Option<Policy<'s>> {
        let document = if choices.scope.is_empty() && is_plain(place.node) {
            Cow::Borrowed(place.node)
        } else {
            Cow::Owned(self.template.resolve(place.node, choices)?)
        };
        let document = match place.shape {
            Shape::Statements(_) => Cow::Owned(around(document.into_owned())),
            Shape::ApiStatements => Cow::Owned(around(sam::api_statements(document.into_owned())?)),
            Shape::Document(_) | Shape::SamPolicy | Shape::Organizations | Shape::Template => document,
        };
        let text = match &document.kind {
            Kind::Map(_) => return Some(Policy::Read(document)),
            Kind::Null => return None,
            Kind::Unknown(hole) => return Some(Policy::Unresolved(format!("`{}` is {}", hole.name, hole.why))),
            Kind::String(_) | Kind::Template(_) => document.as_text()?,
            Kind::Bool(_) | Kind::Number(_) | Kind::List(_) | Kind::Tagged(_) => {
                let message = format!("expected a policy document, found {}", document.sort());
                return Some(Policy::Wrong(vec![Problem::new(document.span, message)]));
            }
        };
        Some(match embedded::policy(&self.template, place.node, &text, choices) {
            Ok(value) => Policy::Read(Cow::Owned(value)),
            Err(Unread::Wrong(problems)) => Policy::Wrong(problems),
            Err(Unread::Unknown(hole)) => Policy::Unresolved(format!("`{}` is {}", hole.name, hole.why)),
        })
    }

    fn owner(&self, resource: &Resource<'s>, choices: &Choices<'s>) -> Owner {
        let choices = choices.inside(resource.scope.clone());
        let extent = Some(resource.extent);
        let text = |property: &str| {
            let value = self.template.resolve(resource.properties.get(property)?, &choices)?;
            value.as_text().or_else(|| match value.kind {
                Kind::Unknown(hole) => Some(Text::hole(*hole, value.span)),
                _ => scalar(&value).map(|text| Text::literal(text, value.span)),
            })
        };
        match resource.type_name {
            "AWS::IAM::Role" => {
                let setting = text("MaxSessionDuration").map(|text| Spanned::new(text.clone(), text.span));
                let (name, path) = (text("RoleName"), text("Path"));
                let machines = self.template.uses.machine_names();
                Owner { name, path, machines, max_session_duration: setting, extent, ..Owner::default() }
            }
            "AWS::SSO::PermissionSet" => {
                let seconds = |text: Text| Some((permission_set::seconds(text.known()?)?, text.span));
                let setting = text("SessionDuration")
                    .and_then(seconds)
                    .map(|(seconds, span)| Spanned::new(Text::literal(seconds.to_string(), span), span));
                Owner { max_session_duration: setting, extent, ..Owner::default() }
            }
            _ => Owner { extent, ..Owner::default() },
        }
    }
}

/// The nodes that `Fn::If` may put here, each with the conditions for it. What is removed is not among them.
fn branches<'s>(node: &'s Value<'s>, branch: Branch<'s>, leaves: &mut Vec<(&'s Value<'s>, Branch<'s>)>) {
    let call = Call::of(node);
    if call.is_some_and(|call| call.is_no_value()) {
        return;
    }
    let Some((condition, [yes, no])) = call.and_then(|call| call.as_if()) else {
        leaves.push((node, branch));
        return;
    };
    for (node, holds) in [(yes, true), (no, false)] {
        match branch.iter().find(|(name, _)| *name == condition) {
            Some((_, taken)) if *taken != holds => {}
            Some(_) => branches(node, branch.clone(), leaves),
            None => branches(node, [branch.as_slice(), &[(condition, holds)]].concat(), leaves),
        }
    }
}

/// Whether an object has members beside an `AWS::Include`, which adds others (CloudFormation Template Reference,
/// "AWS::Include transform"). What another macro makes of the members beside it is its own affair.
fn includes(node: &Value<'_>) -> bool {
    let name = node.get("Fn::Transform").and_then(|transform| transform.get("Name"));
    name.and_then(Value::as_str) == Some("AWS::Include") && node.as_map().is_some_and(|members| members.len() > 1)
}

/// The document that a service puts around statements.
fn around(statements: Value<'_>) -> Value<'_> {
    let span = statements.span;
    if matches!(statements.kind, Kind::Unknown(_) | Kind::Null) {
        return statements;
    }
    let member = |key: &'static str, value| Member { key: Cow::Borrowed(key), key_span: span, value };
    let version = Value::string("2012-10-17", span);
    Value::new(Kind::Map(vec![member("Version", version), member("Statement", statements)]), span)
}

fn function_name(call: &Call<'_>) -> String {
    match (call.name, call.argument.as_str()) {
        ("Ref", Some(name)) => name.to_owned(),
        ("Ref", None) => "Ref".to_owned(),
        (name, _) => format!("Fn::{name}"),
    }
}
