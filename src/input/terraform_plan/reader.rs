//! From resource instances to policy sites.

use super::accounts::{self, Accounts};
use super::address::{self, Key};
use super::configuration::{Configuration, Origin};
use super::instances::Instance;
use super::mask::Mask;
use super::values::{Marks, SENSITIVE, UNTIL_APPLY, Values};
use crate::diagnostic::Problem;
use crate::input::Found;
use crate::input::terraform_document::{self, Blocks};
use crate::input::terraform_types::{self, Carrier, Shape};
use crate::site::{Owner, OwnerAccount, PolicyKind, PolicySite, Tree};
use crate::span::Spanned;
use crate::syntax::Document;
use crate::value::{Domain, Hole, Kind, Member, Text, Value};
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

/// The data source that makes policy documents, and the arguments that decide what is in one.
const DOCUMENT: &str = "aws_iam_policy_document";
const ARGUMENTS: [&str; 7] = [
    "version",
    "policy_id",
    "statement",
    "source_json",
    "source_policy_documents",
    "override_json",
    "override_policy_documents",
];

/// Everything that is needed to read the policies of one plan or state.
pub(super) struct Reader<'s> {
    document: &'s Document<'s>,
    /// The resources, in the version that is read.
    instances: Vec<Instance<'s>>,
    values: Values<'s>,
    accounts: Accounts<'s>,
    /// Policy documents of data sources, by the address of the block in its module instance and the key.
    documents: HashMap<String, HashMap<Option<String>, Instance<'s>>>,
    /// What resources of their own set: the type of such a resource, and the name of what it is for.
    set: HashSet<(&'s str, String)>,
    /// The addresses of policies of which nothing is known.
    unresolved: RefCell<HashSet<String>>,
}

/// An attribute on the way down to a policy.
#[derive(Clone)]
struct Place<'a, 's> {
    instance: &'a Instance<'s>,
    /// The address of the policy.
    address: String,
    /// The attribute, for people.
    attribute: String,
    node: Option<&'s Value<'s>>,
    unknown: Mask<'s>,
    sensitive: Mask<'s>,
    /// The block of the configuration, or the expression.
    expression: Option<&'s Value<'s>>,
}

/// What stands behind an attribute that is not known.
enum Source<'a, 's> {
    /// A data source, with the block that it was written as.
    Document(&'a Instance<'s>, Option<&'s Value<'s>>),
    /// A data source of which only the configuration tells, and the module instance that it is in.
    Block(String, &'s Value<'s>),
    /// Nothing that is shown: these references, for people.
    References(String),
}

impl<'s> Reader<'s> {
    /// A reader of a plan or state: its resources, those of the state before it, and its configuration.
    pub fn new(
        document: &'s Document<'s>,
        instances: Vec<Instance<'s>>,
        prior: &[Instance<'s>],
        configuration: Configuration<'s>,
    ) -> Self {
        let mut documents: HashMap<_, HashMap<_, _>> = HashMap::new();
        // What the plan will read replaces what the state has.
        for instance in instances.iter().chain(prior).filter(|one| one.is_data && one.resource_type == DOCUMENT) {
            let block = documents.entry(block_address(instance.module, instance.name)).or_default();
            block.entry(instance.key.and_then(key_text)).or_insert_with(|| instance.clone());
        }
        let set =
            instances.iter().filter_map(|instance| Some((instance.resource_type, what_it_sets(instance)?))).collect();
        let accounts = Accounts::of(instances.iter().chain(prior), &configuration);
        let values = Values::new(configuration, &instances, document.text.len());
        Reader { document, instances, values, accounts, documents, set, unresolved: RefCell::default() }
    }

    /// Put every policy into `found`. Returns the addresses of those of which nothing is known; of a list
    /// of which not even the length is, with `[]` at its end.
    pub fn read(&self, found: &mut Found<'s>) -> HashSet<String> {
        for instance in self.instances.iter().filter(|instance| !instance.is_data) {
            let expressions = self.block(instance).and_then(|block| block.get("expressions"));
            for carrier in terraform_types::carriers(instance.resource_type) {
                self.carrier(instance, expressions, carrier, found);
            }
            if terraform_document::is_permission(instance.resource_type) {
                self.permission(instance, expressions, found);
            }
        }
        self.unresolved.take()
    }

    /// The block of the configuration that an instance comes from.
    fn block(&self, instance: &Instance<'s>) -> Option<&'s Value<'s>> {
        let Instance { module, is_data, resource_type, name, .. } = *instance;
        self.values.configuration.resource(module, is_data, resource_type, name)
    }

    /// The policies in an attribute.
    fn carrier(
        &self,
        instance: &Instance<'s>,
        expressions: Option<&'s Value<'s>>,
        carrier: Carrier,
        found: &mut Found<'s>,
    ) {
        let (name, inner) =
            carrier.path.split_once("[].").map_or((carrier.path, None), |(list, rest)| (list, Some(rest)));
        let place = Place {
            instance,
            address: match carrier.is_main {
                true => instance.address.clone().into_owned(),
                false => format!("{}.{name}", instance.address),
            },
            attribute: name.to_owned(),
            node: instance.values.get(name),
            unknown: instance.unknown.get(name),
            sensitive: instance.sensitive(name),
            expression: expressions.and_then(|block| block.get(name)),
        };
        let is_written = place.expression.is_some();
        let Some(inner) = inner else {
            if is_written || !self.is_echo(instance) {
                self.policy(&place, carrier, found);
            }
            return;
        };
        if place.unknown.is_all() {
            return self.unknown(&Place { address: format!("{}[]", place.address), ..place }, carrier, found);
        }
        let items = place.node.and_then(Value::as_list).unwrap_or_default();
        let blocks = place.expression.and_then(Value::as_list).filter(|blocks| blocks.len() == items.len());
        for (at, item) in items.iter().enumerate() {
            let label = item.get("name").and_then(Value::as_str);
            if !is_written && label.is_some_and(|label| self.is_inline_echo(instance, label)) {
                continue;
            }
            let label = label.map_or_else(|| at.to_string(), str::to_owned);
            let element = Place {
                address: format!("{}[{label}]", place.address),
                attribute: format!("{name}[{label}].{inner}"),
                node: item.get(inner),
                unknown: place.unknown.at(at).get(inner),
                sensitive: place.sensitive.at(at).get(inner),
                expression: blocks.and_then(|blocks| blocks.get(at)?.get(inner)),
                instance,
            };
            self.policy(&element, carrier, found);
        }
    }

    /// Whether a resource of its own sets the policy of this one, which then only repeats it.
    fn is_echo(&self, instance: &Instance<'s>) -> bool {
        let Some(echo) = terraform_types::echo(instance.resource_type) else { return false };
        let mut names = echo.names.iter().filter_map(|name| instance.text(name));
        names.any(|name| self.set.contains(&(echo.setter, name.to_owned())))
    }

    /// Whether a resource of its own sets an inline policy of a role.
    fn is_inline_echo(&self, instance: &Instance<'s>, inline: &str) -> bool {
        let Some(echo) = terraform_types::echo(instance.resource_type) else { return false };
        let mut names = echo.names.iter().filter_map(|name| instance.text(name));
        names.any(|name| self.set.contains(&(echo.setter, format!("{name}/{inline}"))))
    }

    /// The policy in an attribute.
    fn policy(&self, place: &Place<'_, 's>, carrier: Carrier, found: &mut Found<'s>) {
        let node = place.node.filter(|node| !is_empty(node));
        if place.sensitive.is_all() {
            if node.is_some() || place.unknown.is_all() {
                self.unresolved(place, &format!("is {SENSITIVE}"), found);
            }
            return;
        }
        if place.unknown.is_all() {
            return self.unknown(place, carrier, found);
        }
        let Some(node) = node else { return };
        match &node.kind {
            Kind::Map(_) => self.site(place, carrier, Tree::Borrowed(node), found),
            _ => match self.document.open(node) {
                Ok(policy) => self.site(place, carrier, Tree::Owned(policy), found),
                Err(problems) => found.problems.extend(problems),
            },
        }
    }

    /// The policy in an attribute that is not known: the document that the configuration says it takes.
    fn unknown(&self, place: &Place<'_, 's>, carrier: Carrier, found: &mut Found<'s>) {
        let Some(expression) = place.expression else {
            // What nobody wrote, AWS fills in.
            if self.block(place.instance).is_none() {
                self.unresolved(place, &format!("is {UNTIL_APPLY}"), found);
            }
            return;
        };
        let provider = accounts::provider(place.instance, &self.values.configuration);
        let policy = match self.source(place.instance, expression) {
            Source::References(names) => {
                let colon = if names.is_empty() { "" } else { ": it depends on " };
                return self.unresolved(place, &format!("is {UNTIL_APPLY}{colon}{names}"), found);
            }
            Source::Document(document, block) => self.of_document(document, block, provider),
            Source::Block(module, block) => {
                let marks = Marks {
                    module: &module,
                    provider,
                    path: String::new(),
                    unknown: Mask::Nothing,
                    sensitive: Mask::Nothing,
                    expression: None,
                };
                self.of_arguments(&self.values.evaluated(block, &marks), Blocks::Written)
            }
        };
        match policy {
            _ if self.values.is_spent() => {
                self.unresolved(place, "takes one of the documents that are too large to follow them all", found);
            }
            Ok(Some(policy)) => self.site(place, carrier, Tree::Owned(policy), found),
            Ok(None) => self.unresolved(place, &format!("is {SENSITIVE}"), found),
            Err(problems) => found.problems.extend(problems),
        }
    }

    /// What an expression of an instance takes its value from.
    fn source(&self, instance: &Instance<'s>, expression: &'s Value<'s>) -> Source<'_, 's> {
        let key = instance.key.and_then(key_text);
        let Origin { module, references, key } = self.values.configuration.follow(instance.module, key, expression);
        let key = key.filter(|_| references.by_key);
        let document = references.only().and_then(|only| self.data_source(&module, only, key));
        document.unwrap_or_else(|| Source::References(references.in_words()))
    }

    /// The data source that a reference names, if it makes a policy document. `key` is the one of the instance that
    /// refers to it, where the reference has that for a key.
    fn data_source(&self, module: &str, reference: &str, key: Option<String>) -> Option<Source<'_, 's>> {
        let address = address::parse(reference)?;
        let is_json = matches!(address.rest, "" | ".json" | ".minified_json");
        if !address.is_data || address.resource_type != DOCUMENT || !is_json {
            return None;
        }
        let block = self.values.configuration.resource(module, true, DOCUMENT, address.name);
        let block = block.and_then(|block| block.get("expressions"));
        let wanted = address.key.map(Key::into_text).or(key);
        let Some(instances) = self.documents.get(&block_address(module, address.name)) else {
            return block.map(|block| Source::Block(module.to_owned(), block));
        };
        let single = || instances.values().next().filter(|_| instances.len() == 1 && wanted.is_none());
        // With several, nothing tells which.
        let document = instances.get(&wanted).or_else(single)?;
        Some(Source::Document(document, block))
    }

    /// The policy of a data source: its text, or what is known of its arguments. `None` when it is sensitive.
    fn of_document(
        &self,
        document: &Instance<'s>,
        block: Option<&'s Value<'s>>,
        provider: Option<&'s str>,
    ) -> Result<Option<Value<'s>>, Vec<Problem>> {
        if let Some(json) = document.values.get("json").filter(|json| !is_empty(json)) {
            let is_sensitive = document.sensitive("json").is_all();
            return if is_sensitive { Ok(None) } else { self.open(json).map(Some) };
        }
        let span = document.values.span;
        let mut members = Vec::new();
        for name in ARGUMENTS {
            let marks = Marks {
                module: document.module,
                provider,
                path: name.to_owned(),
                unknown: document.unknown.get(name),
                sensitive: document.sensitive(name),
                expression: block.and_then(|block| block.get(name)),
            };
            let member = document.values.member(name);
            let mark = document.unknown.keys().find(|mark| mark.key == name);
            if let Some(place) = member.or(mark.filter(|_| marks.unknown.is_all())) {
                let value = self.values.merged(member.map(|member| &member.value), place.value.span, &marks);
                let key_span = place.key_span;
                members.push(Member { key: Cow::Borrowed(name), key_span, value });
            }
        }
        self.of_arguments(&Value::new(Kind::Map(members), span), Blocks::All)
    }

    fn of_arguments(&self, arguments: &Value<'s>, blocks: Blocks) -> Result<Option<Value<'s>>, Vec<Problem>> {
        terraform_document::document(arguments, blocks, &|node| self.open(node)).map(Some)
    }

    /// The document in a string that several resources may take.
    fn open(&self, node: &Value<'_>) -> Result<Value<'static>, Vec<Problem>> {
        match self.values.spend(node.span.len() / 8) {
            true => self.document.open(node),
            false => Ok(Value::default()),
        }
    }

    /// The statement that a resource adds to a policy.
    fn permission(&self, instance: &Instance<'s>, expressions: Option<&'s Value<'s>>, found: &mut Found<'s>) {
        let marks = Marks {
            module: instance.module,
            provider: accounts::provider(instance, &self.values.configuration),
            path: String::new(),
            unknown: instance.unknown,
            sensitive: instance.sensitive,
            expression: expressions,
        };
        let mut attributes = self.values.merged(Some(instance.values), instance.anchor, &marks);
        if let Kind::Map(members) = &mut attributes.kind {
            // What nobody wrote, AWS fills in, and none of that narrows the statement.
            let is_written = |name: &str| expressions.is_none_or(|expressions| expressions.get(name).is_some());
            members.retain(|member| !matches!(member.value.kind, Kind::Unknown(_)) || is_written(&member.key));
            for member in members.iter_mut().filter(|member| instance.sensitive_names.contains(member.key.as_ref())) {
                let hole = Hole { name: member.key.to_string(), why: SENSITIVE, domain: Domain::Any, default: None };
                member.value.kind = Kind::Unknown(Box::new(hole));
            }
        }
        if self.values.is_spent() {
            let what = format!("{}: the plan says more of its attributes than is read", instance.address);
            found.unresolved.push((instance.anchor, what));
            self.unresolved.borrow_mut().insert(instance.address.clone().into_owned());
            return;
        }
        if let Some(policy) = terraform_document::permission(instance.resource_type, &attributes) {
            self.put(instance, instance.address.clone().into_owned(), PolicyKind::Resource, Tree::Owned(policy), found);
        }
    }

    fn unresolved(&self, place: &Place<'_, 's>, why: &str, found: &mut Found<'s>) {
        let what = format!("{}: `{}` {why}", place.instance.address, place.attribute);
        found.unresolved.push((place.instance.anchor, what));
        self.unresolved.borrow_mut().insert(place.address.clone());
    }

    fn site(&self, place: &Place<'_, 's>, carrier: Carrier, document: Tree<'s>, found: &mut Found<'s>) {
        let kind = match carrier.shape {
            Shape::Document(kind) => kind,
            Shape::Organizations => match place.instance.text("type") {
                Some("RESOURCE_CONTROL_POLICY") => PolicyKind::Rcp,
                // The provider's default.
                Some("SERVICE_CONTROL_POLICY") | None => PolicyKind::Scp,
                // Tag, backup and chatbot policies are written in languages of their own.
                Some(_) => return,
            },
        };
        self.put(place.instance, place.address.clone(), kind, document, found);
    }

    fn put(
        &self,
        instance: &Instance<'s>,
        address: String,
        kind: PolicyKind,
        document: Tree<'s>,
        found: &mut Found<'s>,
    ) {
        let account = self.accounts.of_instance(instance, &self.values.configuration);
        let mut owner = Owner { account: account.map_or(OwnerAccount::Unknown, OwnerAccount::Id), ..Owner::default() };
        if instance.resource_type == "aws_iam_role" {
            owner.name = self.attribute(instance, "name");
            owner.path = self.attribute(instance, "path");
            let duration = self.attribute(instance, "max_session_duration").filter(|_| kind == PolicyKind::Trust);
            owner.max_session_duration = duration.map(|text| Spanned::new(text.clone(), text.span));
        }
        found.sites.push(PolicySite {
            kind,
            address,
            document,
            anchor: instance.anchor,
            owner,
            branch: Vec::new(),
            origins: Vec::new(),
            redefined: Vec::new(),
        });
    }

    /// A string or number, known or not.
    fn attribute(&self, instance: &Instance<'s>, name: &str) -> Option<Text> {
        let marks = Marks {
            module: instance.module,
            provider: None,
            path: name.to_owned(),
            unknown: instance.unknown.get(name),
            sensitive: instance.sensitive(name),
            expression: self.block(instance).and_then(|block| block.at(&["expressions", name])),
        };
        let value = self.values.merged(instance.values.get(name), instance.anchor, &marks);
        match value.kind {
            Kind::Unknown(hole) => Some(Text::hole(Hole { domain: Domain::Text, ..*hole }, value.span)),
            Kind::Number(text) => Some(Text::literal(text, value.span)),
            _ => value.as_text(),
        }
    }
}

/// The address of the block that makes a policy document.
fn block_address(module: &str, name: &str) -> String {
    address::write(module, true, DOCUMENT, name, None)
}

/// What a resource sets the policy of: the name of another, for an inline policy with the name of that.
fn what_it_sets(instance: &Instance<'_>) -> Option<String> {
    let target = instance.text(terraform_types::target(instance.resource_type)?)?;
    match instance.resource_type {
        "aws_iam_role_policy" => Some(format!("{target}/{}", instance.text("name")?)),
        _ => Some(target.to_owned()),
    }
}

fn key_text(key: &Value<'_>) -> Option<String> {
    match &key.kind {
        Kind::String(text) | Kind::Number(text) => Some(text.to_string()),
        _ => None,
    }
}

/// Whether an attribute has no policy in it.
fn is_empty(value: &Value<'_>) -> bool {
    match &value.kind {
        Kind::Null => true,
        Kind::String(text) => text.trim().is_empty(),
        _ => false,
    }
}
