//! The resource instances that a plan or a state describes, whatever its form.

use super::address::{self, Key};
use super::mask::Mask;
use crate::input::Side;
use crate::span::Span;
use crate::value::{Kind, Value};
use std::borrow::Cow;
use std::collections::HashSet;

/// One version of one resource instance.
#[derive(Clone, Debug)]
pub(super) struct Instance<'s> {
    /// The address with the key, as Terraform writes it.
    pub address: Cow<'s, str>,
    /// Where the address stands.
    pub anchor: Span,
    /// The address of the module instance that it is in; empty for the root.
    pub module: &'s str,
    /// Whether it is a data source.
    pub is_data: bool,
    /// The resource type.
    pub resource_type: &'s str,
    /// The name in the configuration.
    pub name: &'s str,
    /// The key under `count` or `for_each`.
    pub key: Option<&'s Value<'s>>,
    /// The attributes. What is not known is missing, or null in a list.
    pub values: &'s Value<'s>,
    /// What of the attributes is not known until the plan is applied.
    pub unknown: Mask<'s>,
    /// What of the attributes is sensitive.
    pub sensitive: Mask<'s>,
    /// The attributes that a state file lists as sensitive, or as having a sensitive part.
    pub sensitive_names: HashSet<&'s str>,
    /// The provider configuration, where a state file names it.
    pub provider: Option<&'s str>,
}

impl<'s> Instance<'s> {
    /// The attribute, when it is a known string.
    pub fn text(&self, attribute: &str) -> Option<&str> {
        self.values.get(attribute)?.as_str()
    }

    /// The marks of the sensitive parts of an attribute.
    pub fn sensitive(&self, attribute: &str) -> Mask<'s> {
        if self.sensitive_names.contains(attribute) { Mask::All } else { self.sensitive.get(attribute) }
    }
}

/// Hand every instance of a plan, in the version of `side`, to `each`.
///
/// Where a plan lists its changes they are the source: `planned_values` repeats them without what is not known.
pub(super) fn of_plan<'s>(root: &'s Value<'s>, side: Side, each: &mut dyn FnMut(Instance<'s>)) {
    match root.get("resource_changes").and_then(Value::as_list) {
        Some(changes) => changes.iter().filter_map(|change| of_change(change, side)).for_each(each),
        None => match side {
            Side::After => of_values(root.get("planned_values"), each),
            Side::Before => of_prior_state(root, each),
        },
    }
}

/// Hand every instance of the state before a plan to `each`.
pub(super) fn of_prior_state<'s>(root: &'s Value<'s>, each: &mut dyn FnMut(Instance<'s>)) {
    of_values(root.at(&["prior_state", "values"]), each);
}

/// One version of an entry of `resource_changes`, if there is one.
fn of_change<'s>(entry: &'s Value<'s>, side: Side) -> Option<Instance<'s>> {
    let change = entry.get("change")?;
    let actions = change.get("actions").and_then(Value::as_list).unwrap_or_default();
    // Terraform lets go of the object, which stays as it is.
    if matches!(actions, [only] if only.as_str() == Some("forget")) {
        return None;
    }
    let (values, unknown, sensitive) = match side {
        Side::Before => ("before", None, "before_sensitive"),
        Side::After => ("after", change.get("after_unknown"), "after_sensitive"),
    };
    let values = change.get(values).filter(|values| values.as_map().is_some())?;
    let mut instance = of_entry(entry, values)?;
    // A former object of the same address, which the plan deletes.
    if let Some(deposed) = text(entry, "deposed") {
        instance.address = Cow::Owned(format!("{} (deposed {deposed})", instance.address));
    }
    instance.unknown = Mask::of(unknown);
    instance.sensitive = Mask::of(change.get(sensitive));
    Some(instance)
}

/// Hand every instance of a values representation to `each`. Its modules nest no deeper than the parser allows.
pub(super) fn of_values<'s>(values: Option<&'s Value<'s>>, each: &mut dyn FnMut(Instance<'s>)) {
    if let Some(module) = values.and_then(|values| values.get("root_module")) {
        of_module(module, "", each);
    }
}

fn of_module<'s>(module: &'s Value<'s>, address: &'s str, each: &mut dyn FnMut(Instance<'s>)) {
    for entry in module.get("resources").and_then(Value::as_list).unwrap_or_default() {
        let values = entry.get("values").filter(|values| values.as_map().is_some());
        if let Some(mut instance) = values.and_then(|values| of_entry(entry, values)) {
            instance.module = address;
            instance.sensitive = Mask::of(entry.get("sensitive_values"));
            each(instance);
        }
    }
    for child in module.get("child_modules").and_then(Value::as_list).unwrap_or_default() {
        of_module(child, text(child, "address").unwrap_or_default(), each);
    }
}

/// What the entry of a resource says of itself in every form but a state file.
fn of_entry<'s>(entry: &'s Value<'s>, values: &'s Value<'s>) -> Option<Instance<'s>> {
    let address = entry.get("address")?;
    Some(Instance {
        address: Cow::Borrowed(address.as_str()?),
        anchor: address.span,
        module: text(entry, "module_address").unwrap_or_default(),
        is_data: text(entry, "mode") == Some("data"),
        resource_type: text(entry, "type")?,
        name: text(entry, "name")?,
        key: entry.get("index").filter(|key| key.kind != Kind::Null),
        values,
        unknown: Mask::Nothing,
        sensitive: Mask::Nothing,
        sensitive_names: HashSet::new(),
        provider: None,
    })
}

/// Hand every instance of a state file of version 4 to `each`, former objects left out.
pub(super) fn of_state_file<'s>(root: &'s Value<'s>, each: &mut dyn FnMut(Instance<'s>)) {
    for resource in root.get("resources").and_then(Value::as_list).unwrap_or_default() {
        let (Some(resource_type), Some(name)) = (text(resource, "type"), resource.get("name")) else { continue };
        let module = text(resource, "module").unwrap_or_default();
        let is_data = text(resource, "mode") == Some("data");
        for instance in resource.get("instances").and_then(Value::as_list).unwrap_or_default() {
            // Objects of Terraform 0.11 that no later version has read have their attributes in a flat form.
            let values = ["attributes", "attributes_flat"].iter().find_map(|key| instance.get(key));
            let Some(values) = values.filter(|_| text(instance, "deposed").is_none()) else { continue };
            let key = instance.get("index_key").filter(|key| key.kind != Kind::Null);
            let written = key.and_then(key_of);
            let plain = name.as_str().unwrap_or_default();
            each(Instance {
                address: Cow::Owned(address::write(module, is_data, resource_type, plain, written.as_ref())),
                anchor: name.span,
                module,
                is_data,
                resource_type,
                name: plain,
                key,
                values,
                unknown: Mask::Nothing,
                sensitive: Mask::Nothing,
                sensitive_names: sensitive_names(instance),
                provider: text(resource, "provider"),
            });
        }
    }
}

fn key_of<'s>(key: &'s Value<'s>) -> Option<Key<'s>> {
    match &key.kind {
        Kind::String(name) => Some(Key::Name(Cow::Borrowed(name))),
        Kind::Number(index) => Some(Key::Index(index)),
        _ => None,
    }
}

/// The first steps of the paths in `sensitive_attributes`, each a list of `{"type": "get_attr", "value": …}` and the
/// like.
fn sensitive_names<'s>(instance: &'s Value<'s>) -> HashSet<&'s str> {
    let paths = instance.get("sensitive_attributes").and_then(Value::as_list).unwrap_or_default();
    paths.iter().filter_map(|path| path.as_list()?.first()?.get("value")?.as_str()).collect()
}

fn text<'s>(value: &'s Value<'s>, key: &str) -> Option<&'s str> {
    value.get(key)?.as_str()
}
