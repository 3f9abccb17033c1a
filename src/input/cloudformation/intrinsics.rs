//! What intrinsic functions give, as far as the template alone tells.
//!
//! From the AWS CloudFormation User Guide, Intrinsic function reference and Pseudo parameters reference. What only a
//! deployment knows becomes a [`Hole`]; parameters stay holes even with a default, for anybody may set another value.

use super::resources::{attribute_is_arn, ref_is_arn};
use crate::span::Span;
use crate::syntax::Document;
use crate::value::{Domain, Hole, Kind, Member, Part, PartRef, Text, Value};
use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;

/// The branch to take for each condition, and which of them mattered.
#[derive(Debug, Default)]
pub(super) struct Choices<'s> {
    /// Conditions with their values. `Fn::If` on any other is a value that is not known.
    pub taken: Vec<(&'s str, bool)>,
    /// The conditions that were asked for.
    pub asked: RefCell<Vec<&'s str>>,
}

/// A use of an intrinsic function.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call<'s> {
    /// The function: `Ref`, or the name after `Fn::`.
    pub name: &'s str,
    /// What it is applied to.
    pub argument: &'s Value<'s>,
    span: Span,
}

impl<'s> Call<'s> {
    /// The call that a node is, in the short form `!Sub x` or the long one `{"Fn::Sub": x}`.
    pub fn of(value: &'s Value<'s>) -> Option<Self> {
        let span = value.span;
        match &value.kind {
            Kind::Tagged(tagged) => {
                Some(Call { name: &tagged.tag, argument: &tagged.value, span: tagged.tag_span.join(span) })
            }
            Kind::Map(members) => match members.as_slice() {
                [Member { key, value: argument, .. }] => {
                    let name = if key == "Ref" { key } else { key.strip_prefix("Fn::")? };
                    Some(Call { name, argument, span })
                }
                // A macro beside members adds members to them, and so does a loop.
                members => {
                    let member = members.iter().find(|member| member.key.starts_with("Fn::"))?;
                    Some(Call { name: "Transform", argument: &member.value, span })
                }
            },
            _ => None,
        }
    }

    /// The condition and the two branches of `Fn::If`.
    pub fn as_if(&self) -> Option<(&'s str, [&'s Value<'s>; 2])> {
        match (self.name, self.argument.as_list()?) {
            ("If", [condition, yes, no]) => Some((condition.as_str()?, [yes, no])),
            _ => None,
        }
    }

    /// Whether the call stands for nothing at all.
    pub fn is_no_value(&self) -> bool {
        self.name == "Ref" && self.argument.as_str() == Some("AWS::NoValue")
    }
}

/// The parts of a template that intrinsic functions refer to.
#[derive(Debug)]
pub(super) struct Template<'s> {
    /// The file.
    pub document: &'s Document<'s>,
    /// The members of `Conditions`.
    pub conditions: HashMap<&'s str, &'s Value<'s>>,
    parameters: HashMap<&'s str, &'s Value<'s>>,
    /// The type of each resource.
    resources: HashMap<&'s str, &'s str>,
    mappings: Option<&'s Value<'s>>,
    /// How many nodes and bytes may still be made. Mappings and defaults can be named many times over; the limit keeps
    /// the work linear in the size of the file.
    budget: Cell<usize>,
}

impl<'s> Template<'s> {
    /// The template that a document is.
    pub fn new(document: &'s Document<'s>) -> Self {
        let root = &document.root;
        let section = |name: &str| root.get(name).and_then(Value::as_map).unwrap_or_default();
        let index = |name: &str| section(name).iter().map(|member| (member.key.as_ref(), &member.value)).collect();
        let resources = section("Resources")
            .iter()
            .filter_map(|member| Some((member.key.as_ref(), member.value.get("Type")?.as_str()?)));
        Template {
            document,
            conditions: index("Conditions"),
            parameters: index("Parameters"),
            resources: resources.collect(),
            mappings: root.get("Mappings"),
            budget: Cell::new(document.text.len().saturating_mul(32).saturating_add(100_000)),
        }
    }

    /// The value with its intrinsic functions evaluated; `None` for `AWS::NoValue`.
    ///
    /// Recursion follows the tree, whose depth the parsers limit.
    pub fn resolve(&self, value: &'s Value<'s>, choices: &Choices<'s>) -> Option<Value<'s>> {
        match Call::of(value) {
            Some(call) => self.call(call, choices),
            None => Some(self.rebuild(value, &|child| self.resolve(child, choices))),
        }
    }

    /// The same node with other children.
    fn rebuild(&self, value: &'s Value<'s>, child: &dyn Fn(&'s Value<'s>) -> Option<Value<'s>>) -> Value<'s> {
        if !self.spend(1) {
            return unknown("…", "part of a template that expands too far", value.span);
        }
        let kind = match &value.kind {
            Kind::Null => Kind::Null,
            Kind::Bool(value) => Kind::Bool(*value),
            Kind::Number(text) => Kind::Number(Cow::Borrowed(text)),
            Kind::String(text) => Kind::String(Cow::Borrowed(text)),
            Kind::List(items) => Kind::List(items.iter().filter_map(child).collect()),
            Kind::Map(members) => Kind::Map(
                members
                    .iter()
                    .filter_map(|member| {
                        let value = child(&member.value)?;
                        Some(Member { key: Cow::Borrowed(&member.key), key_span: member.key_span, value })
                    })
                    .collect(),
            ),
            Kind::Template(_) | Kind::Tagged(_) | Kind::Unknown(_) => value.kind.clone(),
        };
        Value::new(kind, value.span)
    }

    /// A copy of a node in which nothing is a function, such as a value in `Mappings`.
    fn copy(&self, value: &'s Value<'s>) -> Value<'s> {
        self.rebuild(value, &|child| Some(self.copy(child)))
    }

    fn call(&self, call: Call<'s>, choices: &Choices<'s>) -> Option<Value<'s>> {
        let Call { name, argument, span } = call;
        self.spend(1);
        let known = match name {
            "Ref" => match argument.as_str() {
                Some("AWS::NoValue") => return None,
                Some(name) => Some(self.reference(name, span)),
                None => None,
            },
            "If" => {
                let branches = call.as_if();
                let taken = branches.and_then(|(condition, [yes, no])| {
                    let (_, holds) = choices.taken.iter().find(|(name, _)| *name == condition)?;
                    choices.asked.borrow_mut().push(condition);
                    Some(if *holds { yes } else { no })
                });
                match taken {
                    Some(branch) => return self.resolve(branch, choices),
                    None => None,
                }
            }
            "Sub" => self.sub(argument, choices),
            "Join" => self.join(argument, choices, span),
            "GetAtt" => self.attribute_of(argument, span),
            "Select" => self.select(argument, choices, span),
            "Split" => self.split(argument, choices, span),
            "FindInMap" => self.find_in_map(argument, choices, span),
            "ImportValue" => Some(text_hole(
                self.written("Fn::ImportValue", span),
                "a value of another stack",
                Domain::Text,
                None,
                span,
            )),
            // A policy is read the same as an object or as the JSON text of it.
            "ToJsonString" => return self.resolve(argument, choices),
            _ => None,
        };
        Some(known.unwrap_or_else(|| {
            unknown(self.written(&format!("Fn::{name}"), span), "a value that only a deployment knows", span)
        }))
    }

    /// What `Ref` gives for any name but `AWS::NoValue`.
    fn reference(&self, name: &str, span: Span) -> Value<'s> {
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
                    let domain = if ref_is_arn(resource_type) {
                        Domain::OwnArn((*resource_type).to_owned())
                    } else {
                        Domain::Text
                    };
                    text_hole(name, "a resource of this template", domain, None, span)
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

    fn sub(&self, argument: &'s Value<'s>, choices: &Choices<'s>) -> Option<Value<'s>> {
        let (scalar, parts) = self.sub_parts(argument, choices)?;
        Some(Value::text(Text::from_parts(parts.into_iter().map(|placed| placed.part), scalar.span)))
    }

    /// What `Fn::Sub` makes of `[template, variables]` or a template alone: the template's node and the parts.
    pub fn sub_parts(&self, argument: &'s Value<'s>, choices: &Choices<'s>) -> Option<(&'s Value<'s>, Vec<Placed>)> {
        let (scalar, variables) = match argument.as_list() {
            Some([scalar]) => (scalar, None),
            Some([scalar, variables]) => (scalar, Some(variables)),
            Some(_) => return None,
            None => (argument, None),
        };
        let text = scalar.as_str()?;
        if !self.spend(text.len()) {
            return None;
        }
        let mut parts = Vec::new();
        let mut put = |at, verbatim, part| parts.push(Placed { at, verbatim, part });
        for (at, piece) in pieces(text) {
            match piece {
                Piece::Literal(literal) => put(at, true, Part::Literal(literal.to_owned())),
                Piece::Escaped(name) => {
                    put(at, true, Part::Literal("${".to_owned()));
                    put(at + "${!".len(), true, Part::Literal(format!("{name}}}")));
                }
                Piece::Variable(name) => {
                    let parts = self.variable(name, variables, choices, scalar.span);
                    parts.into_iter().for_each(|part| put(at, false, part));
                }
            }
        }
        Some((scalar, parts))
    }

    /// What `${name}` stands for.
    fn variable(&self, name: &str, variables: Option<&'s Value<'s>>, choices: &Choices<'s>, span: Span) -> Vec<Part> {
        if let Some(variables) = variables.filter(|map| self.spend(map.as_map().map_or(0, <[_]>::len)))
            && let Some(value) = variables.get(name)
        {
            let value = self.resolve(value, choices);
            return value.map_or_else(Vec::new, |value| self.parts(value));
        }
        // `${aws:username}` belongs to IAM. It should have been written `${!aws:username}`.
        if name.contains(':') && !name.starts_with("AWS::") {
            return vec![Part::Literal(format!("${{{name}}}"))];
        }
        let value = match name.split_once('.') {
            Some((resource, attribute)) if !self.parameters.contains_key(name) => {
                self.attribute(resource, attribute, span)
            }
            _ => self.reference(name, span),
        };
        match value.kind {
            // A list has no place in a string, so this is whatever the list's name says.
            Kind::List(_) => vec![Part::Hole(hole(name, "a list used as a string", Domain::Text, None))],
            _ => self.parts(value),
        }
    }

    /// `[delimiter, list]`.
    fn join(&self, argument: &'s Value<'s>, choices: &Choices<'s>, span: Span) -> Option<Value<'s>> {
        let [delimiter, list] = argument.as_list()? else { return None };
        let delimiter = delimiter.as_str()?;
        // A parameter's list can have another length than its default, so its join is one hole.
        if let Some(name) = Call::of(list).filter(|call| call.name == "Ref").and_then(|call| call.argument.as_str())
            && let Some(definition) = self.parameters.get(name)
        {
            let Kind::List(items) = self.parameter(name, definition, span).kind else { return None };
            let defaults: Option<Vec<_>> =
                items.iter().map(|item| Some(item.as_text()?.likely()?.into_owned())).collect();
            let default = defaults.map(|defaults| defaults.join(delimiter)).filter(|text| self.spend(text.len()));
            let name = format!("{name} joined with `{delimiter}`");
            return Some(text_hole(name, "a list parameter", Domain::Text, default.as_deref(), span));
        }
        let Kind::List(items) = self.resolve(list, choices)?.kind else { return None };
        let mut parts = Vec::new();
        for (at, item) in items.into_iter().enumerate() {
            if at > 0 {
                self.spend(delimiter.len()).then_some(())?;
                parts.push(Part::Literal(delimiter.to_owned()));
            }
            parts.extend(self.parts(item));
        }
        Some(Value::text(Text::from_parts(parts, span)))
    }

    /// `resource.attribute` or `[resource, attribute]`.
    fn attribute_of(&self, argument: &'s Value<'s>, span: Span) -> Option<Value<'s>> {
        match argument.as_list() {
            Some([resource, attribute]) => Some(self.attribute(resource.as_str()?, attribute.as_str()?, span)),
            Some(_) => None,
            None => {
                let (resource, attribute) = argument.as_str()?.split_once('.')?;
                Some(self.attribute(resource, attribute, span))
            }
        }
    }

    fn attribute(&self, resource: &str, attribute: &str, span: Span) -> Value<'s> {
        let name = format!("{resource}.{attribute}");
        let (why, domain) = match self.resources.get(resource) {
            Some(of) if attribute_is_arn(of, attribute) => {
                ("the ARN of a resource of this template", Domain::OwnArn((*of).to_owned()))
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

    /// `[index, list]`.
    fn select(&self, argument: &'s Value<'s>, choices: &Choices<'s>, span: Span) -> Option<Value<'s>> {
        let [index, list] = argument.as_list()? else { return None };
        let index: usize = scalar(index)?.trim().parse().ok()?;
        match self.resolve(list, choices)?.kind {
            Kind::List(mut items) if index < items.len() => Some(items.swap_remove(index)),
            Kind::Unknown(of) => {
                Some(text_hole(format!("{}[{index}]", of.name), "an element of a list", Domain::Text, None, span))
            }
            _ => None,
        }
    }

    /// `[delimiter, string]`.
    fn split(&self, argument: &'s Value<'s>, choices: &Choices<'s>, span: Span) -> Option<Value<'s>> {
        let [delimiter, string] = argument.as_list()? else { return None };
        let delimiter = delimiter.as_str().filter(|delimiter| !delimiter.is_empty())?;
        let text = self.resolve(string, choices)?.as_text()?;
        if let Some(known) = text.known() {
            self.spend(known.len()).then_some(())?;
            let items = known.split(delimiter).map(|item| Value::string(item.to_owned(), text.span));
            return Some(Value::new(Kind::List(items.collect()), span));
        }
        let of = text.only_hole()?;
        let name = format!("{} split at `{delimiter}`", of.name);
        Some(list_of(&name, of.why, of.default.as_deref(), delimiter, &Domain::Text, span))
    }

    /// `[map, key, key]`. With a key that is not known, the value is one of those that the map holds.
    fn find_in_map(&self, argument: &'s Value<'s>, choices: &Choices<'s>, span: Span) -> Option<Value<'s>> {
        let [map, first, second] = argument.as_list()? else { return None };
        let map = self.mappings?.get(self.resolve(map, choices)?.as_str()?)?.as_map()?;
        let first = self.resolve(first, choices)?.as_text()?;
        let second = self.resolve(second, choices)?.as_text()?;
        if let (Some(first), Some(second)) = (first.known(), second.known()) {
            self.spend(map.len()).then_some(())?;
            let row = map.iter().find(|row| row.key == first)?;
            return Some(self.copy(row.value.get(second)?));
        }
        let (mut values, mut default): (Vec<String>, _) = (Vec::new(), None);
        let may_be = |text: &Text, key: &str| text.known().is_none_or(|known| known == key);
        for row in map.iter().filter(|row| may_be(&first, &row.key)) {
            let cells = row.value.as_map()?;
            self.spend(cells.len() + values.len()).then_some(())?;
            for cell in cells.iter().filter(|cell| may_be(&second, &cell.key)) {
                let value = scalar(&cell.value)?;
                self.spend(value.len()).then_some(())?;
                if first.likely().as_deref() == Some(&*row.key) && second.likely().as_deref() == Some(&*cell.key) {
                    default = Some(value);
                }
                if !values.iter().any(|known| known == value) {
                    values.push(value.to_owned());
                }
            }
        }
        let why = "a value looked up in `Mappings`";
        Some(text_hole(self.written("Fn::FindInMap", span), why, Domain::OneOf(values), default, span))
    }

    /// A value as parts of a string.
    fn parts(&self, value: Value<'s>) -> Vec<Part> {
        match value.kind {
            Kind::String(text) if self.spend(text.len()) => vec![Part::Literal(text.into_owned())],
            Kind::Number(text) => vec![Part::Literal(text.into_owned())],
            Kind::Bool(value) => vec![Part::Literal(value.to_string())],
            Kind::Template(text) => text
                .parts()
                .map(|part| match part {
                    PartRef::Literal(text) => Part::Literal(text.to_owned()),
                    PartRef::Hole(hole) => Part::Hole(hole.clone()),
                })
                .collect(),
            Kind::Unknown(mut of) => {
                if of.domain == Domain::Any {
                    of.domain = Domain::Text;
                }
                vec![Part::Hole(*of)]
            }
            Kind::String(_) | Kind::Null | Kind::List(_) | Kind::Map(_) | Kind::Tagged(_) => {
                let name = self.written("value", value.span);
                vec![Part::Hole(hole(name, "a value that has no place in a string", Domain::Text, None))]
            }
        }
    }

    /// A name for what is written here: the text, or where it is too long `what` and the place. Functions that are
    /// written alike give the same value.
    fn written(&self, what: &str, span: Span) -> String {
        const LONGEST: usize = 60;
        let text = self.document.text.get(span.range()).unwrap_or_default();
        let short = text.len() <= 4 * LONGEST && self.spend(text.len());
        let words = if short { text.split_whitespace().collect::<Vec<_>>().join(" ") } else { String::new() };
        match words.len() {
            1..=LONGEST => words,
            _ => format!("{what} at byte {}", span.start),
        }
    }

    /// Take `cost` from the budget; false when it is used up.
    fn spend(&self, cost: usize) -> bool {
        let left = self.budget.get().checked_sub(cost);
        self.budget.set(left.unwrap_or(0));
        left.is_some()
    }
}

/// A part of what `Fn::Sub` makes, with the place it comes from.
pub(super) struct Placed {
    /// Offset of the part in the template's text.
    pub at: usize,
    /// Whether the part stands there as it is, and is not the value of the variable that stands there.
    pub verbatim: bool,
    /// The part.
    pub part: Part,
}

/// A piece of the string that `Fn::Sub` takes.
enum Piece<'a> {
    Literal(&'a str),
    /// `${!name}`, which stays as `${name}`.
    Escaped(&'a str),
    /// `${name}`.
    Variable(&'a str),
}

/// The pieces of the string that `Fn::Sub` takes, in order and with their offsets.
fn pieces(text: &str) -> impl Iterator<Item = (usize, Piece<'_>)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let at = text.len() - rest.len();
        let variable = rest.strip_prefix("${").and_then(|inner| inner.split_once('}'));
        if let Some((name, after)) = variable {
            rest = after;
            return Some((at, name.strip_prefix('!').map_or(Piece::Variable(name.trim()), Piece::Escaped)));
        }
        // The first character is taken even where it opens a variable that never ends.
        let from = rest.chars().next()?.len_utf8();
        let end = rest[from..].find("${").map_or(rest.len(), |at| from + at);
        let (literal, after) = rest.split_at(end);
        rest = after;
        Some((at, Piece::Literal(literal)))
    })
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

fn hole(name: impl Into<String>, why: &'static str, domain: Domain, default: Option<&str>) -> Hole {
    Hole { name: name.into(), why, domain, default: default.map(str::to_owned) }
}

fn text_hole<'s>(
    name: impl Into<String>,
    why: &'static str,
    domain: Domain,
    default: Option<&str>,
    span: Span,
) -> Value<'s> {
    Value::text(Text::hole(hole(name, why, domain, default), span))
}

fn unknown<'s>(name: impl Into<String>, why: &'static str, span: Span) -> Value<'s> {
    Value::new(Kind::Unknown(Box::new(hole(name, why, Domain::Any, None))), span)
}

/// A list that is written as one string. Without a default, not even its length is known.
fn list_of<'s>(
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
