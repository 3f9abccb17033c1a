//! The parts of a template that intrinsic functions refer to, and what a name in it stands for.

use super::intrinsics::Choices;
use super::loops::{Entry, is_loop};
use super::resources::{attribute_is_arn, ref_is_arn};
use super::uses::Uses;
use crate::span::Span;
use crate::syntax::Document;
use crate::value::{Domain, Hole, Kind, MACHINE_USER, Text, Value};
use std::cell::Cell;
use std::collections::HashMap;

/// How many resources of a template are read. CloudFormation takes 500 (CloudFormation User Guide, "Understand
/// CloudFormation quotas"); loops can make any number of them.
pub(super) const MAX_RESOURCES: usize = 2000;

/// The sections of a template.
#[derive(Debug)]
pub(super) struct Template<'s> {
    /// The file.
    pub document: &'s Document<'s>,
    /// The members of `Conditions`.
    pub conditions: HashMap<&'s str, &'s Value<'s>>,
    parameters: HashMap<&'s str, &'s Value<'s>>,
    /// The type of each resource.
    resources: HashMap<String, String>,
    /// What they use each other for.
    pub uses: Uses,
    pub mappings: Option<&'s Value<'s>>,
    /// How many nodes and bytes may still be made. Mappings and defaults can be named many times over, and loops nest;
    /// the limit keeps the work linear in the size of the file.
    budget: Cell<usize>,
    /// Whether something was asked for that the budget does not allow.
    exhausted: Cell<bool>,
}

impl<'s> Template<'s> {
    /// The template with these sections, which stand in a document.
    pub fn new(document: &'s Document<'s>, sections: &'s Value<'s>) -> Self {
        let section = |name: &str| sections.get(name).and_then(Value::as_map).unwrap_or_default();
        let index = |name: &str| {
            let members = section(name).iter().filter(|member| !is_loop(member));
            members.map(|member| (member.key.as_ref(), &member.value)).collect()
        };
        Template {
            document,
            conditions: index("Conditions"),
            parameters: index("Parameters"),
            resources: HashMap::new(),
            uses: Uses::default(),
            mappings: sections.get("Mappings"),
            budget: Cell::new(document.text.len().saturating_mul(32).saturating_add(500_000)),
            exhausted: Cell::new(false),
        }
    }

    /// The resources among some members, with those that loops make, so that functions may name them. False when there
    /// are too many to read.
    pub fn declare(&mut self, resources: &'s Value<'s>) -> (Vec<Entry<'s>>, bool) {
        let members = resources.as_map().unwrap_or_default();
        let (entries, all) = self.first_entries(members, MAX_RESOURCES.max(members.len()));
        for entry in &entries {
            let choices = Choices::within(&entry.scope);
            let kind = entry.value.get("Type").and_then(|kind| self.resolve(kind, &choices));
            if let Some(kind) = kind.as_ref().and_then(Value::as_str) {
                self.resources.insert(entry.key.clone().into_owned(), kind.to_owned());
            }
        }
        (entries, all)
    }

    /// A resource that a tool adds to the template.
    pub fn declare_made(&mut self, name: &str, resource_type: &str) {
        self.resources.entry(name.to_owned()).or_insert_with(|| resource_type.to_owned());
    }

    /// Whether the template declares a resource with this name.
    pub fn has_resource(&self, name: &str) -> bool {
        self.resources.contains_key(name)
    }

    /// Whether the template declares a parameter with this name.
    pub fn has_parameter(&self, name: &str) -> bool {
        self.parameters.contains_key(name)
    }

    /// What `Ref` gives for any name but `AWS::NoValue`.
    pub fn reference(&self, name: &str, span: Span) -> Value<'s> {
        let pseudo = |why, domain, default: Option<&str>| text_hole(name, why, domain, default, span);
        match name {
            "AWS::AccountId" => pseudo("the account that the stack is deployed to", Domain::OwnAccount, None),
            "AWS::Partition" => pseudo("the partition that the stack is deployed to", Domain::Partition, Some("aws")),
            "AWS::Region" => pseudo("the Region that the stack is deployed to", Domain::Region, None),
            "AWS::URLSuffix" => pseudo("the DNS suffix of the partition", Domain::UrlSuffix, Some("amazonaws.com")),
            "AWS::StackName" => pseudo("the name of the stack", Domain::Text, None),
            "AWS::StackId" => pseudo("the id of the stack", Domain::Text, None),
            _ => {
                if let Some(definition) = self.parameters.get(name) {
                    self.parameter(name, definition, span)
                } else if let Some(resource_type) = self.resources.get(name) {
                    let domain =
                        if ref_is_arn(resource_type) { Domain::OwnArn(resource_type.clone()) } else { Domain::Text };
                    let why = if self.uses.is_machine(name) { MACHINE_USER } else { "a resource of this template" };
                    text_hole(name, why, domain, None, span)
                } else {
                    unknown(name, "a name that this template does not declare", span)
                }
            }
        }
    }

    fn parameter(&self, name: &str, definition: &'s Value<'s>, span: Span) -> Value<'s> {
        let declared = definition.get("Type").and_then(Value::as_str).unwrap_or("String");
        // The default of an SSM parameter is where the value is stored, not the value.
        let stored = declared.strip_prefix("AWS::SSM::Parameter::Value<").map(|inner| inner.trim_end_matches('>'));
        let default = match stored {
            Some(_) => None,
            None => definition.get("Default").and_then(scalar).filter(|text| !text.trim().is_empty()),
        };
        let default = default.filter(|text| self.spend(text.len()));
        let why = match (stored, default) {
            (Some(_), _) => "a parameter stored in Systems Manager",
            (None, Some(_)) => "a parameter",
            (None, None) => "a parameter without a default",
        };
        let kind = stored.unwrap_or(declared);
        let domain = self.parameter_domain(definition);
        if kind == "CommaDelimitedList" || kind.starts_with("List<") {
            return list_of(name, why, default, ",", &domain, span);
        }
        text_hole(name, why, domain, default, span)
    }

    fn parameter_domain(&self, definition: &'s Value<'s>) -> Domain {
        let allowed = definition.get("AllowedValues").and_then(Value::as_list).unwrap_or_default();
        let size = allowed.iter().filter_map(scalar).map(|text| text.len() + 1).sum();
        if !allowed.is_empty() && self.spend(size) {
            return Domain::OneOf(allowed.iter().filter_map(scalar).map(str::to_owned).collect());
        }
        let pattern = definition.get("AllowedPattern").and_then(Value::as_str).unwrap_or_default();
        let core = pattern.trim_start_matches(['^', '(']).trim_end_matches(['$', ')']);
        if matches!(core, r"\d{12}" | "[0-9]{12}") { Domain::AccountId } else { Domain::Text }
    }

    /// The definition of a list parameter with this name.
    pub fn list_parameter(&self, name: &str, span: Span) -> Option<Value<'s>> {
        let value = self.parameter(name, self.parameters.get(name)?, span);
        matches!(value.kind, Kind::List(_)).then_some(value)
    }

    /// What `Fn::GetAtt` gives.
    pub fn attribute(&self, resource: &str, attribute: &str, span: Span) -> Value<'s> {
        let name = format!("{resource}.{attribute}");
        let (why, domain) = match self.resources.get(resource) {
            Some(of) if attribute == "Arn" && self.uses.is_machine(resource) => {
                (MACHINE_USER, Domain::OwnArn(of.clone()))
            }
            Some(of) if attribute_is_arn(of, attribute) => {
                ("the ARN of a resource of this template", Domain::OwnArn(of.clone()))
            }
            Some(_) => ("an attribute of a resource of this template", Domain::Text),
            // SAM makes the role of a function that names none.
            None if attribute == "Arn" && self.is_made_by_sam(resource) => {
                ("the ARN of a role that SAM makes", Domain::OwnArn("AWS::IAM::Role".to_owned()))
            }
            None => ("an attribute of a resource that this template does not declare", Domain::Text),
        };
        text_hole(name, why, domain, None, span)
    }

    fn is_made_by_sam(&self, resource: &str) -> bool {
        let owner = resource.strip_suffix("Role").and_then(|owner| self.resources.get(owner));
        owner.is_some_and(|owner| owner.starts_with("AWS::Serverless::"))
    }

    /// A name for what is written here: the text, or where it is too long `what` and the place. Functions that are
    /// written alike give the same value.
    pub fn written(&self, what: &str, span: Span) -> String {
        const LONGEST: usize = 60;
        let text = self.document.text.get(span.range()).unwrap_or_default();
        let short = text.len() <= 4 * LONGEST && self.spend(text.len());
        let words = if short { text.split_whitespace().collect::<Vec<_>>().join(" ") } else { String::new() };
        match words.len() {
            1..=LONGEST => words,
            _ => format!("{what} at byte {}", span.start),
        }
    }

    /// Take `cost` from the budget; false when it is not enough.
    pub fn spend(&self, cost: usize) -> bool {
        let left = self.budget.get().checked_sub(cost);
        match left {
            Some(left) => self.budget.set(left),
            None => self.exhausted.set(true),
        }
        left.is_some()
    }

    /// Whether the template asked for more than the budget allows: what was read then has holes for the rest.
    pub fn is_exhausted(&self) -> bool {
        self.exhausted.get()
    }
}

/// A scalar as CloudFormation reads it: everything is a string.
pub(super) fn scalar<'a>(value: &'a Value<'_>) -> Option<&'a str> {
    match &value.kind {
        Kind::String(text) | Kind::Number(text) => Some(text),
        Kind::Bool(true) => Some("true"),
        Kind::Bool(false) => Some("false"),
        Kind::Null | Kind::Template(_) | Kind::List(_) | Kind::Map(_) | Kind::Tagged(_) | Kind::Unknown(_) => None,
    }
}

/// A hole.
pub(super) fn hole(name: impl Into<String>, why: &'static str, domain: Domain, default: Option<&str>) -> Hole {
    Hole { name: name.into(), why, domain, default: default.map(str::to_owned) }
}

/// A string that is one hole.
pub(super) fn text_hole<'s>(
    name: impl Into<String>,
    why: &'static str,
    domain: Domain,
    default: Option<&str>,
    span: Span,
) -> Value<'s> {
    Value::text(Text::hole(hole(name, why, domain, default), span))
}

/// A value of which not even the sort is known.
pub(super) fn unknown<'s>(name: impl Into<String>, why: &'static str, span: Span) -> Value<'s> {
    Value::new(Kind::Unknown(Box::new(hole(name, why, Domain::Any, None))), span)
}

/// A value that is not known because the budget is used up.
pub(super) fn too_far<'s>(span: Span) -> Value<'s> {
    unknown("…", "part of a template that expands too far", span)
}

/// A list that is written as one string. Without a default, not even its length is known.
pub(super) fn list_of<'s>(
    name: &str,
    why: &'static str,
    default: Option<&str>,
    delimiter: &str,
    domain: &Domain,
    span: Span,
) -> Value<'s> {
    let Some(default) = default else { return unknown(name, why, span) };
    let items = default.split(delimiter).enumerate().map(|(at, item)| {
        text_hole(format!("{name}[{at}]"), why, domain.clone(), Some(item.trim()).filter(|item| !item.is_empty()), span)
    });
    Value::new(Kind::List(items.collect()), span)
}
