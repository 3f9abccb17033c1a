//! The `configuration` of a plan: which expressions an attribute was written with.
//!
//! It has no values, only constants and the names of what an expression refers to (Terraform documentation, "JSON
//! Output Format", Expression Representation). `dynamic` blocks and local values are not in it.

use super::address::{self, Key};
use crate::value::{Kind, Value};
use std::collections::HashMap;

/// How many variables and outputs are followed from an attribute to what it takes its value from.
const MAX_STEPS: usize = 32;

/// How many references of one expression are looked at.
const MAX_REFERENCES: usize = 64;

/// What a plan says of its configuration.
#[derive(Debug, Default)]
pub(super) struct Configuration<'s> {
    /// Every module by the path of its calls: `network.subnet`, empty for the root.
    modules: HashMap<String, Module<'s>>,
}

/// One module: a block of configuration that may have many instances.
#[derive(Debug)]
struct Module<'s> {
    node: &'s Value<'s>,
    /// The call that makes it, for all but the root.
    call: Option<&'s Value<'s>>,
    resources: HashMap<(bool, &'s str, &'s str), &'s Value<'s>>,
}

impl<'s> Configuration<'s> {
    /// The configuration in a plan.
    pub fn of(root: &'s Value<'s>) -> Self {
        let mut configuration = Configuration::default();
        if let Some(module) = root.at(&["configuration", "root_module"]) {
            configuration.add(String::new(), module, None);
        }
        configuration
    }

    /// Modules nest no deeper than the parser allows.
    fn add(&mut self, path: String, node: &'s Value<'s>, call: Option<&'s Value<'s>>) {
        let mut resources = HashMap::new();
        for resource in node.get("resources").and_then(Value::as_list).unwrap_or_default() {
            let text = |key| resource.get(key).and_then(Value::as_str);
            if let (Some(resource_type), Some(name)) = (text("type"), text("name")) {
                resources.entry((text("mode") == Some("data"), resource_type, name)).or_insert(resource);
            }
        }
        for call in node.get("module_calls").and_then(Value::as_map).unwrap_or_default() {
            if let Some(module) = call.value.get("module") {
                let separator = if path.is_empty() { "" } else { "." };
                self.add(format!("{path}{separator}{}", call.key), module, Some(&call.value));
            }
        }
        self.modules.insert(path, Module { node, call, resources });
    }

    /// The block of a resource.
    pub fn resource(&self, module: &str, is_data: bool, resource_type: &str, name: &str) -> Option<&'s Value<'s>> {
        let module = self.modules.get(&path_of(module)?)?;
        module.resources.get(&(is_data, resource_type, name)).copied()
    }

    /// What an expression in a module instance takes its value from, behind variables and outputs of modules. `key` is
    /// the key of the instance that has the expression.
    pub fn follow(&self, module: &str, key: Option<String>, expression: &'s Value<'s>) -> Origin<'s> {
        let mut origin = Origin { module: module.to_owned(), references: references(expression), key };
        for _ in 0..MAX_STEPS {
            let Some(only) = origin.references.only() else { break };
            let next = match only.split_once('.') {
                Some(("var", name)) => self.argument(&origin.module, name),
                Some(("module", output)) => self.output(&origin.module, output),
                _ => None,
            };
            let Some((module, key, expression)) = next else { break };
            origin = Origin { module, references: references(expression), key };
        }
        origin
    }

    /// The expression of an argument in the call of a module instance, with the module instance that the call is in
    /// and the key that it has there.
    fn argument(&self, module: &str, name: &str) -> Option<(String, Option<String>, &'s Value<'s>)> {
        let call = self.modules.get(&path_of(module)?)?.call?;
        let (parent, key) = parent(module)?;
        Some((parent.to_owned(), key, call.get("expressions")?.get(name)?))
    }

    /// The expression of `call.output`, with the module instance that it is in.
    fn output(&self, module: &str, reference: &str) -> Option<(String, Option<String>, &'s Value<'s>)> {
        let (call, output) = reference.rsplit_once('.')?;
        let dot = if module.is_empty() { "" } else { "." };
        let inner = format!("{module}{dot}module.{call}");
        let node = self.modules.get(&path_of(&inner)?)?.node;
        let expression = node.get("outputs")?.get(output)?.get("expression")?;
        Some((inner, None, expression))
    }
}

/// What an expression takes its value from.
#[derive(Debug)]
pub(super) struct Origin<'s> {
    /// The module instance that the references are made in.
    pub module: String,
    /// The references.
    pub references: References<'s>,
    /// The key of the instance that makes them.
    pub key: Option<String>,
}

/// The path of calls of a module instance.
fn path_of(module: &str) -> Option<String> {
    let calls = address::calls(module)?;
    Some(calls.into_iter().map(|(name, ..)| name).collect::<Vec<_>>().join("."))
}

/// The module instance around one, and the key of the call.
fn parent(module: &str) -> Option<(&str, Option<String>)> {
    let (_, key, start) = address::calls(module)?.pop()?;
    Some((&module[..start.saturating_sub(1)], key.map(Key::into_text)))
}

/// What an expression refers to: each reference at its full length, in order. References to the key of the instance
/// itself are no reference to a value.
pub(super) fn references<'s>(expression: &'s Value<'s>) -> References<'s> {
    let all: Vec<&str> = expression
        .get("references")
        .and_then(Value::as_list)
        .unwrap_or_default()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let mut found = References { names: Vec::new(), by_key: false, more: all.len() > MAX_REFERENCES };
    for name in all.iter().take(MAX_REFERENCES) {
        if matches!(*name, "each.key" | "count.index") {
            found.by_key = true;
            continue;
        }
        // Each reference is followed by its shorter forms.
        let is_implied = all
            .iter()
            .take(MAX_REFERENCES)
            .any(|longer| longer.strip_prefix(name).is_some_and(|rest| rest.starts_with(['.', '['])));
        if !is_implied && !found.names.contains(name) {
            found.names.push(name);
        }
    }
    found
}

/// What an expression refers to.
#[derive(Debug)]
pub(super) struct References<'s> {
    /// The references.
    pub names: Vec<&'s str>,
    /// Whether the key of the instance is among them.
    pub by_key: bool,
    /// Whether there are more than were looked at.
    pub more: bool,
}

impl<'s> References<'s> {
    /// The only reference, if there is just one.
    pub fn only(&self) -> Option<&'s str> {
        match self.names.as_slice() {
            [one] if !self.more => Some(one),
            _ => None,
        }
    }

    /// The references for people, the first few of them.
    pub fn in_words(&self) -> String {
        let mut words: Vec<String> = self.names.iter().take(3).map(|name| format!("`{name}`")).collect();
        if self.more || self.names.len() > 3 {
            words.push("others".to_owned());
        }
        words.join(", ")
    }
}

/// Whether a node is an expression, and not a block with expressions in it. One that is neither constant nor refers to
/// anything, such as a call of a function, is empty.
pub(super) fn is_expression(node: &Value<'_>) -> bool {
    match &node.kind {
        Kind::Map(members) => {
            members.is_empty()
                || members.iter().any(|member| matches!(member.key.as_ref(), "constant_value" | "references"))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::testing::document;

    #[test]
    fn the_parent_of_a_module_instance() {
        let key = |text: &str| Some(text.to_owned());
        assert_eq!(parent("module.a"), Some(("", None)));
        assert_eq!(parent(r#"module.a["x.module.y"].module.b[0]"#), Some((r#"module.a["x.module.y"]"#, key("0"))));
        assert_eq!(parent(r#"module.a.module.b["p.module.q"]"#), Some(("module.a", key("p.module.q"))));
        assert_eq!(parent("x"), None);
    }

    #[test]
    fn references_are_taken_at_their_full_length() {
        let node = document(
            r#"{"references": ["data.aws_iam_policy_document.d[0].json", "data.aws_iam_policy_document.d[0]",
                "data.aws_iam_policy_document.d", "each.key", "var.a", "var.ab"]}"#,
        );
        let found = references(&node.root);
        assert_eq!(found.names, ["data.aws_iam_policy_document.d[0].json", "var.a", "var.ab"]);
        assert!(found.by_key && !found.more);
        assert_eq!(found.only(), None);
        assert_eq!(found.in_words(), "`data.aws_iam_policy_document.d[0].json`, `var.a`, `var.ab`");
    }
}
