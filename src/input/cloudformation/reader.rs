//! From a template to its resources, and from a resource to the properties that hold policies.

use super::cdk;
use super::intrinsics::{Branch, Call};
use super::loops::{Entry, Scope};
use super::places::Place;
use super::resources::{Carrier, Shape, carriers, has_own_language};
use super::sam;
use super::template::{MAX_RESOURCES, Template};
use crate::diagnostic::Problem;
use crate::input::{Found, unlisted};
use crate::site::PolicyKind;
use crate::span::Span;
use crate::syntax::Document;
use crate::value::{Kind, Value};

/// One resource of a template.
pub(super) struct Resource<'s> {
    pub address: String,
    /// What people call it beside its address: the construct that made it.
    pub construct: Option<&'s str>,
    /// Its logical id.
    pub anchor: Span,
    /// The whole of it, with its logical id.
    pub extent: Span,
    pub type_name: &'s str,
    pub properties: &'s Value<'s>,
    pub condition: Option<&'s str>,
    /// The loop variables around it.
    pub scope: Scope<'s>,
}

/// Reads one template and puts its policies into what was found.
pub(in super::super) struct Reader<'f, 's> {
    pub(super) template: Template<'s>,
    pub(super) found: &'f mut Found<'s>,
    /// In how many other templates this one stands.
    pub(super) depth: usize,
}

impl<'f, 's> Reader<'f, 's> {
    /// A reader of a template with these sections, which stand in a document.
    pub fn new(document: &'s Document<'s>, sections: &'s Value<'s>, found: &'f mut Found<'s>) -> Self {
        Reader { template: Template::new(document, sections), found, depth: 0 }
    }

    /// A resource that a tool adds to the template, which functions may name.
    pub fn declare_made(&mut self, name: &str, resource_type: &str) {
        self.template.declare_made(name, resource_type);
    }

    /// Read the members of `Resources`.
    pub fn resources(&mut self, address: &str, resources: &'s Value<'s>) {
        let (entries, all) = self.template.declare(resources);
        if let Some(call) = Call::of(resources) {
            let why = format!("{address}: `Fn::{}` may add resources", call.name);
            self.found.unresolved.push((resources.span, why));
        }
        if let Kind::Unknown(hole) = &resources.kind {
            self.found.unresolved.push((resources.span, format!("{address}: `{}` is {}", hole.name, hole.why)));
        }
        if !all {
            let message = format!("the loops of this template make more than {MAX_RESOURCES} resources");
            let problem = Problem::new(resources.span, message);
            self.found.problems.push(problem.with_help("CloudFormation takes at most 500; the rest is not judged"));
        }
        for entry in entries {
            if !entry.key.starts_with("Fn::") {
                self.entry(address, &entry);
            }
        }
    }

    fn entry(&mut self, address: &str, entry: &Entry<'s>) {
        let Entry { key, key_span, value, scope } = entry;
        let address = format!("{address}.{key}");
        if let Kind::Unknown(hole) = &value.kind {
            self.found.unresolved.push((value.span, format!("{address}: `{}` is {}", hole.name, hole.why)));
        }
        let text = |key| value.get(key).and_then(Value::as_str);
        let Some(type_name) = text("Type") else { return };
        if let Some(why) = sam::connector(type_name, value) {
            self.found.unresolved.push((value.span, format!("{address}: {why}")));
        }
        if let Some(properties) = value.get("Properties") {
            self.resource(&Resource {
                address,
                construct: cdk::construct(value),
                anchor: *key_span,
                extent: key_span.join(value.span),
                type_name,
                properties,
                condition: text("Condition"),
                scope: scope.clone(),
            });
        }
    }

    /// Read the properties of a resource of a type.
    pub fn properties(&mut self, address: String, anchor: Span, type_name: &'s str, properties: &'s Value<'s>) {
        let scope = Scope::default();
        let extent = anchor.join(properties.span);
        let resource =
            Resource { address, construct: None, anchor, extent, type_name, properties, condition: None, scope };
        self.resource(&resource);
    }

    /// Read statements that a tool puts into a policy of this kind.
    pub fn statements(&mut self, address: String, anchor: Span, kind: PolicyKind, statements: &'s Value<'s>) {
        let scope = Scope::default();
        let resource = Resource {
            address: address.clone(),
            construct: None,
            anchor,
            extent: anchor.join(statements.span),
            type_name: "",
            properties: statements,
            condition: None,
            scope: scope.clone(),
        };
        let shape = Shape::Statements(kind);
        self.descend(Place { resource: &resource, address, shape, node: statements, branch: Branch::new(), scope }, "");
    }

    fn resource(&mut self, resource: &Resource<'s>) {
        for (at, Carrier { path, shape }) in carriers(resource.type_name).enumerate() {
            // The main policy has the address of its resource; another one says where it stands.
            let shown = match path.rfind(['[', '{']) {
                Some(_) => None,
                None if at == 0 && shape != Shape::Template => None,
                None => Some(path),
            };
            let mut address = resource.address.clone();
            if let Some(path) = shown {
                address.push('.');
                address.push_str(path);
            }
            let scope = resource.scope.clone();
            let place = Place { resource, address, shape, node: resource.properties, branch: Branch::new(), scope };
            if sam::is_used(resource, path) {
                self.descend(place, path);
                continue;
            }
            let property = path.trim_end_matches("[]");
            if let Some(unused) = resource.properties.get(property) {
                let why = format!("{}.{property}: SAM does not use it, because `Role` names a role", resource.address);
                self.found.unresolved.push((unused.span, why));
            }
        }
        self.unlisted(resource);
    }

    /// Note the policies in properties that are not known to hold any.
    fn unlisted(&mut self, resource: &Resource<'s>) {
        if resource.type_name.is_empty() || has_own_language(resource.type_name) {
            return;
        }
        let is_known = |key: &str| {
            carriers(resource.type_name).any(|carrier| carrier.path.split(['.', '[', '{']).next() == Some(key))
        };
        for member in resource.properties.as_map().unwrap_or_default() {
            let mut places = Vec::new();
            if !is_known(&member.key) {
                unlisted::policies(&member.value, &mut places);
            }
            let entry = |span| {
                let address = format!("{}.{}", resource.address, member.key);
                (span, unlisted::reason(&address, resource.type_name))
            };
            self.found.unlisted.extend(places.into_iter().map(entry));
        }
    }

    /// The policies that SAM puts into every function or API, where some of them have no other.
    pub(super) fn globals(&mut self, root: &'s Value<'s>, prefix: &str) {
        for (section, type_name) in sam::inherited(root) {
            let Some(member) = root.get("Globals").and_then(|globals| globals.member(section)) else { continue };
            self.properties(format!("{prefix}Globals.{section}"), member.key_span, type_name, &member.value);
        }
    }

    /// Say what was not read because the template expands too far.
    pub fn finish(self) {
        if self.template.is_exhausted() {
            let message = "this template expands to far more than its own size; what is beyond a limit is not known";
            let problem = Problem::new(Span::at(0), message);
            let help = "loops, mappings and parameters that are named many times over make it so";
            self.found.problems.push(problem.with_help(help));
        }
    }
}
