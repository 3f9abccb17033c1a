//! CloudFormation and SAM templates, in JSON and YAML, also those that the CDK writes.
//!
//! Only the parts of a template that hold policies are evaluated. Where `Fn::If` makes several policies of one, each is
//! a site of its own with the conditions that lead to it.

mod conditions;
mod intrinsics;
mod json_text;
mod resources;

use super::{Found, Input, permission_set};
use crate::diagnostic::Problem;
use crate::site::{Owner, PolicyKind, PolicySite};
use crate::span::{Span, Spanned};
use crate::syntax::Document;
use crate::value::{Kind, Member, Text, Value};
use intrinsics::{Call, Choices, Template, scalar};
use resources::{Carrier, Shape, carriers};
use std::borrow::Cow;

/// How many conditions inside one policy are followed; with more, `Fn::If` is a value that is not known.
const MAX_CONDITIONS: usize = 4;

/// The format.
#[derive(Debug)]
pub struct CloudFormation;

impl Input for CloudFormation {
    fn name(&self) -> &'static str {
        "cloudformation"
    }

    fn detect(&self, document: &Document<'_>) -> Option<&'static str> {
        let root = &document.root;
        let resources = root.get("Resources")?.as_map()?;
        if root.get("AWSTemplateFormatVersion").is_some() {
            return Some("has an `AWSTemplateFormatVersion` member");
        }
        if root.get("Transform").is_some() {
            return Some("has a `Transform` and a `Resources` member");
        }
        let is_typed = |member: &Member<'_>| {
            let name = member.value.get("Type").and_then(Value::as_str).unwrap_or_default();
            name.starts_with("AWS::") || name.starts_with("Custom::")
        };
        let known = resources.iter().any(|member| is_typed(member) || member.key.starts_with("Fn::ForEach::"));
        known.then_some("has a `Resources` member with AWS types")
    }

    fn extract<'s>(&self, document: &'s Document<'s>, found: &mut Found<'s>) {
        let mut extraction = Extraction { template: Template::new(document), found };
        if let Some(member) = document.root.get("Globals").and_then(|globals| globals.member("Function")) {
            let owner = Resource {
                address: "Globals.Function".to_owned(),
                anchor: member.key_span,
                type_name: "AWS::Serverless::Function",
                properties: &member.value,
                condition: None,
            };
            extraction.resource(&owner);
        }
        if let Some(resources) = document.root.get("Resources") {
            extraction.resources("Resources", resources);
        }
    }
}

/// Conditions with the values under which something is deployed.
type Branch<'s> = Vec<(&'s str, bool)>;

/// One resource of the template.
struct Resource<'s> {
    address: String,
    /// Its logical id.
    anchor: Span,
    type_name: &'s str,
    properties: &'s Value<'s>,
    condition: Option<&'s str>,
}

/// A policy as it stands in a resource.
struct Place<'a, 's> {
    resource: &'a Resource<'s>,
    address: String,
    shape: Shape,
    node: &'s Value<'s>,
    /// The branches of `Fn::If` around it.
    branch: Branch<'s>,
}

/// What a node in the place of a policy is.
enum Policy<'s> {
    Read(Cow<'s, Value<'s>>),
    Wrong(Vec<Problem>),
    Unresolved(String),
}

struct Extraction<'f, 's> {
    template: Template<'s>,
    found: &'f mut Found<'s>,
}

impl<'s> Extraction<'_, 's> {
    fn resources(&mut self, address: &str, resources: &'s Value<'s>) {
        for member in resources.as_map().unwrap_or_default() {
            let address = format!("{address}.{}", member.key);
            // A loop holds resources in its body, `[variable, values, body]`.
            if member.key.starts_with("Fn::ForEach::") {
                if let Some([_, _, body]) = member.value.as_list() {
                    self.resources(&address, body);
                }
                continue;
            }
            let text = |key| member.value.get(key).and_then(Value::as_str);
            if let (Some(type_name), Some(properties)) = (text("Type"), member.value.get("Properties")) {
                let condition = text("Condition");
                self.resource(&Resource { address, anchor: member.key_span, type_name, properties, condition });
            }
        }
    }

    fn resource(&mut self, resource: &Resource<'s>) {
        for (at, Carrier { path, shape }) in carriers(resource.type_name).enumerate() {
            // The main policy has the address of its resource; another one says where it stands.
            let shown = match path.rsplit_once("[]") {
                Some(_) => None,
                None if at == 0 => None,
                None => Some(path),
            };
            let mut address = resource.address.clone();
            if let Some(path) = shown {
                address.push('.');
                address.push_str(path);
            }
            let start = Place { resource, address, shape, node: resource.properties, branch: Vec::new() };
            self.descend(start, path);
        }
    }

    /// Go down `path`, into every element of lists and both branches of `Fn::If`.
    fn descend(&mut self, place: Place<'_, 's>, path: &str) {
        let Place { resource, address, shape, node, branch } = place;
        let mut leaves = Vec::new();
        branches(node, branch, &mut leaves);
        for (node, branch) in leaves {
            let place = Place { resource, address: address.clone(), shape, node, branch };
            if path.is_empty() {
                self.policy(&place);
            } else if let Some(call) = Call::of(node) {
                // An API whose whole definition stands elsewhere need not hold a policy.
                if path.starts_with("x-") {
                    continue;
                }
                let why = format!("{address}: `{}` is a value that only a deployment knows", function_name(&call));
                self.found.unresolved.push((node.span, why));
            } else {
                self.step(place, path);
            }
        }
    }

    /// The first step of `path`, from a node that is no function.
    fn step(&mut self, place: Place<'_, 's>, path: &str) {
        let (step, rest) = path.split_once('.').unwrap_or((path, ""));
        let Some(list_name) = step.strip_suffix("[]") else {
            if let Some(node) = place.node.get(step) {
                self.descend(Place { node, ..place }, rest);
            }
            return;
        };
        let Some(list) = place.node.get(list_name) else { return };
        let mut lists = Vec::new();
        branches(list, place.branch, &mut lists);
        for (list, branch) in lists {
            if let Some(call) = Call::of(list) {
                let why = format!("{}.{list_name}: `{}` is not known", place.address, function_name(&call));
                self.found.unresolved.push((list.span, why));
                continue;
            }
            for (index, item) in list.one_or_many().iter().enumerate() {
                let mut items = Vec::new();
                branches(item, branch.clone(), &mut items);
                for (node, branch) in items {
                    let address = match node.get("PolicyName").and_then(Value::as_str) {
                        Some(name) => format!("{}.{list_name}[{name}]", place.address),
                        None => format!("{}.{list_name}[{index}]", place.address),
                    };
                    self.descend(Place { resource: place.resource, address, shape: place.shape, node, branch }, rest);
                }
            }
        }
    }

    /// The sites of the policy at a place: one for each choice of conditions that gives another document.
    fn policy(&mut self, place: &Place<'_, 's>) {
        let Some(kind) = kind_of(place) else { return };
        let mut names = Vec::new();
        conditions_in(place.node, &place.branch, &mut names);
        if names.len() > MAX_CONDITIONS {
            names.clear();
        }
        let mut assumed = place.branch.clone();
        if let Some(condition) = place.resource.condition
            && !conditions::assignments(&self.template, &[], &[(condition, true)]).is_empty()
        {
            assumed.push((condition, true));
        }
        let assignments = conditions::assignments(&self.template, &names, &assumed);
        let is_free = |name: &str| {
            let mut values = assignments.iter().filter_map(|taken| taken.iter().find(|(known, _)| *known == name));
            let first = values.next();
            values.any(|value| Some(value) != first)
        };
        let mut seen: Vec<(Branch<'s>, Option<Cow<'s, Value<'s>>>)> = Vec::new();
        let mut all_read = true;
        for assignment in &assignments {
            let choices =
                Choices { taken: [place.branch.as_slice(), assignment.as_slice()].concat(), ..Choices::default() };
            let policy = self.read(place, &choices);
            let asked = choices.asked.into_inner();
            let branch: Branch<'s> =
                assignment.iter().filter(|(name, _)| asked.contains(name) && is_free(name)).copied().collect();
            if seen.iter().any(|(known, _)| *known == branch) {
                continue;
            }
            let document = match policy {
                None => None,
                Some(Policy::Read(document)) => Some(document),
                Some(Policy::Wrong(problems)) => {
                    self.found.problems.extend(problems);
                    return;
                }
                Some(Policy::Unresolved(why)) => {
                    let unresolved = (place.node.span, format!("{}: {why}", place.address));
                    if self.found.unresolved.last() != Some(&unresolved) {
                        self.found.unresolved.push(unresolved);
                    }
                    all_read = false;
                    continue;
                }
            };
            seen.push((branch, document));
        }
        let earlier = self.found.sites.len();
        let all_same = all_read && seen.windows(2).all(|pair| pair[0].1 == pair[1].1);
        for (branch, document) in seen {
            let Some(document) = document else { continue };
            if self.found.sites[earlier..].iter().any(|site| *site.document == *document) {
                continue;
            }
            let inner = if all_same { &[][..] } else { &branch };
            let choices = Choices { taken: [place.branch.as_slice(), inner].concat(), ..Choices::default() };
            self.found.sites.push(PolicySite {
                kind,
                address: place.address.clone(),
                document: document.into(),
                anchor: place.resource.anchor,
                owner: self.owner(place.resource, &choices),
                branch: choices.taken.iter().map(|(name, holds)| ((*name).to_owned(), *holds)).collect(),
            });
        }
    }

    /// The document at a place under some choice of conditions, `None` when there is none.
    fn read(&self, place: &Place<'_, 's>, choices: &Choices<'s>) -> Option<Policy<'s>> {
        let document = if is_plain(place.node) {
            Cow::Borrowed(place.node)
        } else {
            Cow::Owned(self.template.resolve(place.node, choices)?)
        };
        let statements = matches!(place.shape, Shape::Statements(_));
        let document = if statements { Cow::Owned(around(document.into_owned())) } else { document };
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
        Some(match json_text::open(&self.template, place.node, &text, choices) {
            Ok(value) => Policy::Read(Cow::Owned(value)),
            Err(json_text::Unread::Wrong(problems)) => Policy::Wrong(problems),
            Err(json_text::Unread::Unknown(hole)) => Policy::Unresolved(format!("`{}` is {}", hole.name, hole.why)),
        })
    }

    fn owner(&self, resource: &Resource<'s>, choices: &Choices<'s>) -> Owner {
        let text = |property: &str| {
            let value = self.template.resolve(resource.properties.get(property)?, choices)?;
            value.as_text().or_else(|| match value.kind {
                Kind::Unknown(hole) => Some(Text::hole(*hole, value.span)),
                _ => scalar(&value).map(|text| Text::literal(text, value.span)),
            })
        };
        match resource.type_name {
            "AWS::IAM::Role" => {
                let setting = text("MaxSessionDuration").map(|text| Spanned::new(text.clone(), text.span));
                Owner { name: text("RoleName"), max_session_duration: setting, ..Owner::default() }
            }
            "AWS::SSO::PermissionSet" => {
                let seconds = |text: Text| Some((permission_set::seconds(text.known()?)?, text.span));
                let setting = text("SessionDuration")
                    .and_then(seconds)
                    .map(|(seconds, span)| Spanned::new(Text::literal(seconds.to_string(), span), span));
                Owner { max_session_duration: setting, ..Owner::default() }
            }
            _ => Owner::default(),
        }
    }
}

/// The kind of the policy at a place; `None` when it is not an IAM policy.
fn kind_of(place: &Place<'_, '_>) -> Option<PolicyKind> {
    match place.shape {
        Shape::Document(kind) | Shape::Statements(kind) => Some(kind),
        Shape::SamPolicy => place.node.get("Statement").map(|_| PolicyKind::Identity),
        Shape::Organizations => match place.resource.properties.get("Type").and_then(Value::as_str) {
            Some("RESOURCE_CONTROL_POLICY") => Some(PolicyKind::Rcp),
            Some("SERVICE_CONTROL_POLICY") | None => Some(PolicyKind::Scp),
            Some(_) => None,
        },
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

/// The conditions of `Fn::If` in a tree, without those of `taken`. Stops beyond [`MAX_CONDITIONS`].
fn conditions_in<'s>(node: &'s Value<'s>, taken: &Branch<'s>, names: &mut Vec<&'s str>) {
    if names.len() > MAX_CONDITIONS {
        return;
    }
    if let Some((condition, _)) = Call::of(node).and_then(|call| call.as_if())
        && !names.contains(&condition)
        && !taken.iter().any(|(name, _)| *name == condition)
    {
        names.push(condition);
    }
    match &node.kind {
        Kind::List(items) => items.iter().for_each(|item| conditions_in(item, taken, names)),
        Kind::Map(members) => members.iter().for_each(|member| conditions_in(&member.value, taken, names)),
        Kind::Tagged(tagged) => conditions_in(&tagged.value, taken, names),
        Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::String(_) | Kind::Template(_) | Kind::Unknown(_) => {}
    }
}

/// Whether a tree has no intrinsic function.
fn is_plain<'s>(node: &'s Value<'s>) -> bool {
    Call::of(node).is_none()
        && match &node.kind {
            Kind::List(items) => items.iter().all(is_plain),
            Kind::Map(members) => members.iter().all(|member| is_plain(&member.value)),
            Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::String(_) => true,
            Kind::Template(_) | Kind::Tagged(_) | Kind::Unknown(_) => false,
        }
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

#[cfg(test)]
mod tests;
