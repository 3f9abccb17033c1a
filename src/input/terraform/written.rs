//! Where a configuration writes what a plan shows: from the address of a policy to the block and the attribute, and to
//! the document that evaluating them gives.

use super::eval::{Content, plain};
use super::module::{At, Loader, Module};
use super::{Variables, sites};
use crate::input::Found;
use crate::input::terraform_plan::address::{self, Address, Key};
use crate::input::terraform_types::carriers;
use crate::site::PolicySite;
use crate::span::Span;
use crate::syntax::hcl::{Block, Body, Expr, ExprKind, Part, Step};
use crate::value::Value;
use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

/// A configuration to look addresses up in.
#[derive(Debug)]
pub struct Written<'l> {
    loader: &'l Loader<'l>,
    root: Arc<Module>,
    /// The policies that evaluating it gives, by their addresses without keys.
    policies: HashMap<String, Instances>,
}

/// The policies that differ in nothing but the keys in their addresses.
#[derive(Debug, Default)]
struct Instances {
    /// By their keys; there is none where instances are alike, or where the evaluation cannot tell them apart.
    by_keys: HashMap<Keys, Vec<PolicySite<'static>>>,
    /// Which of the keys there are.
    patterns: BTreeSet<Vec<bool>>,
}

/// The keys of `count` and `for_each` in an address: of each call of a module and of the resource.
type Keys = Vec<Option<String>>;

/// The block of a resource, with places in the common space of [`Sources`](super::Sources).
#[derive(Debug)]
pub struct Resource<'w> {
    module: Arc<Module>,
    at: At,
    /// Where the policy is written: the data source that makes it, or the attribute; the resource where it has none.
    pub policy: Span,
    /// What evaluating it gives, in each variant.
    pub documents: Vec<&'w Value<'static>>,
}

impl<'l> Written<'l> {
    /// The configuration in a folder; `None` where there is none.
    pub fn read(loader: &'l Loader<'l>, folder: &Path, variables: &Variables) -> Option<Self> {
        let root = loader.module(folder);
        if root.files.is_empty() {
            return None;
        }
        let mut found = Found::default();
        sites::extract(loader, &root, variables, &mut found);
        let mut policies: HashMap<String, Instances> = HashMap::new();
        for site in found.sites {
            if let Some((index, keys)) =
                address::parse(&site.address).map(|address| (without_keys(&address), keys(&address)))
            {
                let instances = policies.entry(index).or_default();
                instances.patterns.insert(keys.iter().map(Option::is_some).collect());
                instances.by_keys.entry(keys).or_default().push(site.into_owned());
            }
        }
        Some(Written { loader, root, policies })
    }

    /// The policies that evaluating it gives.
    pub fn policies(&self) -> impl Iterator<Item = &PolicySite<'static>> {
        self.policies.values().flat_map(|instances| instances.by_keys.values().flatten())
    }

    /// The resource of the policy that a plan has at this address; `None` where its block is not in the tree.
    pub fn resource(&self, address: &str) -> Option<Resource<'_>> {
        let address = address::parse(address)?;
        let mut module = Arc::clone(&self.root);
        for (call, _) in &address.modules {
            let block = module.block(*module.calls.get(*call)?);
            module = self.loader.called(block, &module.folder)?;
        }
        let blocks = if address.is_data { &module.data } else { &module.resources };
        let at = *blocks.get(&(address.resource_type.to_owned(), address.name.to_owned()))?;
        let block = module.block(at);
        let policy = match expression(&block.body, &address) {
            Some(expr) => data_source(&module, expr).map_or(expr.span, |data| data.header),
            None => block.header,
        };
        let known = self.policies.get(&without_keys(&address));
        let documents = known.map(|instances| instances.of(&keys(&address))).unwrap_or_default();
        Some(Resource { module, at, policy, documents })
    }
}

impl Instances {
    fn of(&self, planned: &Keys) -> Vec<&Value<'static>> {
        let has = |pattern: &Vec<bool>| -> Keys {
            planned.iter().zip(pattern).map(|(key, there)| key.clone().filter(|_| *there)).collect()
        };
        let sites = self.patterns.iter().filter_map(|pattern| self.by_keys.get(&has(pattern))).flatten();
        sites.map(|site| &*site.document).collect()
    }
}

impl Resource<'_> {
    /// Where the block begins: what a person calls it by.
    pub fn header(&self) -> Span {
        self.module.block(self.at).header
    }

    /// The whole block.
    pub fn extent(&self) -> Span {
        self.module.block(self.at).span
    }

    /// The value of an attribute.
    pub fn attribute(&self, name: &str) -> Option<Span> {
        self.module.block(self.at).body.attribute(name).map(|attribute| attribute.value.span)
    }
}

/// An address without the keys of `count` and `for_each`.
fn without_keys(address: &Address<'_>) -> String {
    let mut text: String = address.modules.iter().map(|(call, _)| format!("module.{call}.")).collect();
    text.push_str(if address.is_data { "data." } else { "" });
    text.push_str(&format!("{}.{}{}", address.resource_type, address.name, address.rest));
    text
}

fn keys(address: &Address<'_>) -> Keys {
    let all = address.modules.iter().map(|(_, key)| key).chain([&address.key]);
    all.map(|key| key.clone().map(Key::into_text)).collect()
}

/// The expression that gives the policy at an address.
fn expression<'b>(body: &'b Body, address: &Address<'_>) -> Option<&'b Expr> {
    let (name, label) = match address.rest.strip_prefix('.') {
        Some(rest) => rest.split_once('[').map_or((rest, ""), |(name, label)| (name, label.trim_end_matches(']'))),
        None => ("", ""),
    };
    let mut carriers = carriers(address.resource_type);
    let carrier = carriers.find(|carrier| match name {
        "" => carrier.is_main,
        name => carrier.path == name || carrier.path.strip_prefix(name).is_some_and(|rest| rest.starts_with("[].")),
    })?;
    let Some((list, attribute)) = carrier.path.split_once("[].") else {
        return body.attribute(carrier.path).map(|attribute| &attribute.value);
    };
    let nested = nested(body, list);
    let is_named = |block: &&Content<'_>| block.attribute("name").is_some_and(|(name, _)| plain(name) == Some(label));
    let by_number = || label.parse().ok().and_then(|at: usize| nested.get(at));
    let only = || nested.first().filter(|_| nested.len() == 1);
    let block = nested.iter().find(is_named).or_else(by_number).or_else(only)?;
    block.attribute(attribute).map(|(expr, _)| expr)
}

/// The blocks of one name as they are written, those that `dynamic` makes once for all.
fn nested<'b>(body: &'b Body, name: &str) -> Vec<Content<'b>> {
    let is_dynamic = |block: &Block| block.name == "dynamic" && block.labels.first().is_some_and(|label| label == name);
    let blocks = body.blocks.iter().filter_map(|block| match block {
        block if block.name == name => Some(&block.body),
        block if is_dynamic(block) => block.body.blocks_named("content").next().map(|content| &content.body),
        _ => None,
    });
    let items: &[Expr] = match body.attribute(name).map(|attribute| &attribute.value) {
        Some(Expr { kind: ExprKind::List(items), .. }) => items,
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    blocks.map(Content::Body).chain(items.iter().map(Content::Expr)).collect()
}

/// The block of the policy document that an expression is.
fn data_source<'m>(module: &'m Module, expr: &Expr) -> Option<&'m Block> {
    match &expr.kind {
        ExprKind::Template(template) => match template.parts.as_slice() {
            [Part::Interpolation(inner)] => data_source(module, inner),
            _ => None,
        },
        ExprKind::Traversal(start, steps) => match (&start.kind, steps.as_slice()) {
            (ExprKind::Variable(data), [Step::Name(kind), Step::Name(name), ..])
                if data == "data" && kind == "aws_iam_policy_document" =>
            {
                module.data.get(&(kind.clone(), name.clone())).map(|at| module.block(*at))
            }
            _ => None,
        },
        _ => None,
    }
}
