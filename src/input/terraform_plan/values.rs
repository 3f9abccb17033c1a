//! Values with holes at what is not known until the plan is applied, and at what is sensitive.

use super::address;
use super::configuration::{Configuration, Origin, is_expression};
use super::instances::Instance;
use super::mask::Mask;
use crate::span::Span;
use crate::value::{Domain, Hole, Kind, Member, Part, Text, Value};
use std::borrow::Cow;
use std::cell::Cell;
use std::collections::{HashMap, HashSet};

pub(super) const UNTIL_APPLY: &str = "known only after the plan is applied";
pub(super) const SENSITIVE: &str = "a sensitive value";

const OIDC_PROVIDER: &str = "aws_iam_openid_connect_provider";

/// Makes values with holes.
pub(super) struct Values<'s> {
    /// Nothing for a state.
    pub configuration: Configuration<'s>,
    /// The issuers of OpenID Connect providers, by the address of the provider.
    issuers: HashMap<String, &'s str>,
    /// How many nodes may still be made. One document may be taken by any number of resources; the limit keeps the
    /// work linear in the size of the file.
    budget: Cell<usize>,
}

/// What is said beside a value: its marks, and how it was written.
#[derive(Clone)]
pub(super) struct Marks<'a, 's> {
    /// The module instance that it is in.
    pub module: &'a str,
    /// The provider configuration of the resource that it is for.
    pub provider: Option<&'s str>,
    /// Where it stands below its resource.
    pub path: String,
    /// What of it is not known.
    pub unknown: Mask<'s>,
    /// What of it is sensitive.
    pub sensitive: Mask<'s>,
    /// Its expression, or the block of expressions that it comes from.
    pub expression: Option<&'s Value<'s>>,
}

impl<'s> Marks<'_, 's> {
    fn get(&self, name: &str) -> Self {
        Marks {
            path: dotted(&self.path, name),
            unknown: self.unknown.get(name),
            sensitive: self.sensitive.get(name),
            expression: self.expression.and_then(|node| if is_expression(node) { Some(node) } else { node.get(name) }),
            ..*self
        }
    }

    fn at(&self, index: usize, length: usize) -> Self {
        let expression = self.expression.and_then(|node| match node.as_list() {
            // With another number of blocks, some come from `dynamic` ones, and it is not told which.
            Some(blocks) => blocks.get(index).filter(|_| blocks.len() == length),
            None => Some(node),
        });
        let (unknown, sensitive) = (self.unknown.at(index), self.sensitive.at(index));
        Marks { path: format!("{}[{index}]", self.path), unknown, sensitive, expression, ..*self }
    }
}

impl<'s> Values<'s> {
    /// Of a file with this many bytes and these resources.
    pub fn new(configuration: Configuration<'s>, instances: &[Instance<'s>], bytes: usize) -> Self {
        let providers = instances.iter().filter(|one| !one.is_data && one.resource_type == OIDC_PROVIDER);
        let issuer = |one: &Instance<'s>| {
            let url = one.values.get("url").filter(|_| !one.sensitive("url").is_all())?.as_str()?;
            Some((one.address.clone().into_owned(), url.strip_prefix("https://").unwrap_or(url)))
        };
        let issuers = providers.filter_map(issuer).collect();
        Values { configuration, issuers, budget: Cell::new(bytes / 8 + 1_000_000) }
    }

    /// Whether the limit was reached; then values that were made lack parts.
    pub fn is_spent(&self) -> bool {
        self.budget.get() == 0
    }

    /// Take this much of what may be made; whether there was as much.
    pub fn spend(&self, nodes: usize) -> bool {
        let left = self.budget.get();
        self.budget.set(left.saturating_sub(nodes));
        left > nodes
    }

    /// A value with holes where its marks say so. `around` is the place of a value that is left out.
    ///
    /// Recursion follows the tree, whose depth the parser limits.
    pub fn merged(&self, value: Option<&'s Value<'s>>, around: Span, marks: &Marks<'_, 's>) -> Value<'s> {
        let span = value.map_or(around, |value| value.span);
        if !self.spend(1) {
            return Value::new(Kind::Null, span);
        }
        if marks.sensitive.is_all() && (marks.unknown.is_all() || value.is_some_and(|value| value.kind != Kind::Null)) {
            return Value::new(Kind::Unknown(Box::new(hole(marks.path.clone(), SENSITIVE, Domain::Any))), span);
        }
        if marks.unknown.is_all() {
            return self.unknown(marks, span);
        }
        let Some(value) = value else { return Value::new(Kind::Null, span) };
        match &value.kind {
            Kind::Map(members) => {
                // Each member is looked up among the marks.
                let marked = marks.unknown.keys().count() + marks.sensitive.keys().count();
                if !self.spend(members.len().saturating_mul(marked) / 64) {
                    return Value::new(Kind::Null, span);
                }
                let known = members.iter().map(|member| Member {
                    key: Cow::Borrowed(member.key.as_ref()),
                    key_span: member.key_span,
                    value: self.merged(Some(&member.value), span, &marks.get(&member.key)),
                });
                let known: Vec<Member<'s>> = known.collect();
                // What is not known is left out of the values.
                let names: HashSet<&str> = members.iter().map(|member| member.key.as_ref()).collect();
                let missing = marks.unknown.keys().filter(|key| !names.contains(key.key.as_ref())).map(|key| Member {
                    key: Cow::Borrowed(key.key.as_ref()),
                    key_span: key.key_span,
                    value: self.merged(None, key.value.span, &marks.get(&key.key)),
                });
                Value::new(Kind::Map(known.into_iter().chain(missing).collect()), span)
            }
            Kind::List(items) => {
                let one = |(at, item): (usize, &'s Value<'s>)| {
                    let value = self.merged(Some(item), span, &marks.at(at, items.len()));
                    match value.kind {
                        // An element of a list of strings is a string.
                        Kind::Unknown(hole) if !matches!(item.kind, Kind::Map(_) | Kind::List(_)) => {
                            let domain = if hole.domain == Domain::Any { Domain::Text } else { hole.domain.clone() };
                            Value::text(Text::hole(Hole { domain, ..*hole }, value.span))
                        }
                        _ => value,
                    }
                };
                Value::new(Kind::List(items.iter().enumerate().map(one).collect()), span)
            }
            _ => value.clone(),
        }
    }

    /// A block of the configuration with its constants, and holes for every other expression.
    pub fn evaluated(&self, node: &'s Value<'s>, marks: &Marks<'_, 's>) -> Value<'s> {
        if !self.spend(1) {
            return Value::new(Kind::Null, node.span);
        }
        if is_expression(node) {
            return match node.get("constant_value") {
                Some(value) if self.spend(value.span.len() / 8) => value.clone(),
                Some(_) => Value::new(Kind::Null, node.span),
                None => self.unknown(&Marks { expression: Some(node), ..marks.clone() }, node.span),
            };
        }
        let kind = match &node.kind {
            Kind::Map(members) => {
                let member = |member: &'s Member<'s>| Member {
                    key: Cow::Borrowed(member.key.as_ref()),
                    key_span: member.key_span,
                    value: self.evaluated(&member.value, &marks.get(&member.key)),
                };
                Kind::Map(members.iter().map(member).collect())
            }
            Kind::List(items) => {
                let item = |(at, item)| self.evaluated(item, &marks.at(at, items.len()));
                Kind::List(items.iter().enumerate().map(item).collect())
            }
            _ => node.kind.clone(),
        };
        Value::new(kind, node.span)
    }

    /// A value that is not known. What it depends on does not tell what it is, so its name has its place too: two
    /// values that depend on the same may differ.
    fn unknown(&self, marks: &Marks<'_, 's>, span: Span) -> Value<'s> {
        let origin = marks.expression.map(|expression| self.configuration.follow(marks.module, None, expression));
        let words = origin.as_ref().map(|origin| origin.references.in_words().replace('`', "")).unwrap_or_default();
        let path = &marks.path;
        let name = if words.is_empty() { path.clone() } else { format!("{words} in {path}") };
        let own = origin.as_ref().and_then(|origin| self.own_arn(origin, marks.provider?));
        // An identifier of a principal is the whole ARN, whatever the expression.
        let issuer = origin.filter(|_| own.is_some() && path.contains("principals")).and_then(|one| self.issuer(&one));
        if let Some(issuer) = issuer {
            return Value::text(provider_arn(issuer, span));
        }
        Value::new(Kind::Unknown(Box::new(hole(name, UNTIL_APPLY, own.map_or(Domain::Any, Domain::OwnArn)))), span)
    }

    /// The issuer of the OpenID Connect provider whose ARN a reference is.
    fn issuer(&self, origin: &Origin<'s>) -> Option<&'s str> {
        let provider = origin.references.only()?.strip_suffix(".arn")?;
        let dot = if origin.module.is_empty() { "" } else { "." };
        self.issuers.get(&format!("{}{dot}{provider}", origin.module)).copied()
    }

    /// The type of the resource whose ARN a reference is, if it is in the same account: both have one provider
    /// configuration.
    fn own_arn(&self, origin: &Origin<'s>, provider: &str) -> Option<String> {
        let address = address::parse(origin.references.only()?)?;
        if address.is_data || !address.modules.is_empty() || address.rest != ".arn" {
            return None;
        }
        let block = self.configuration.resource(&origin.module, false, address.resource_type, address.name)?;
        let same = block.get("provider_config_key")?.as_str()? == provider;
        let resource_type = match address.resource_type {
            "aws_iam_role" => "AWS::IAM::Role",
            "aws_iam_saml_provider" => "AWS::IAM::SAMLProvider",
            "aws_iam_user" => "AWS::IAM::User",
            other => other,
        };
        same.then(|| resource_type.to_owned())
    }
}

/// The ARN of a provider of the own account that does not exist yet (IAM User Guide, "IAM identifiers").
fn provider_arn(issuer: &str, span: Span) -> Text {
    let partition = Hole {
        default: Some("aws".to_owned()),
        ..hole("partition".to_owned(), "the partition that the plan is applied to", Domain::Partition)
    };
    let account = hole("account id".to_owned(), "the account that the plan is applied to", Domain::OwnAccount);
    let literal = |text: String| Part::Literal(text);
    let parts = [
        literal("arn:".to_owned()),
        Part::Hole(partition),
        literal(":iam::".to_owned()),
        Part::Hole(account),
        literal(format!(":oidc-provider/{issuer}")),
    ];
    Text::from_parts(parts, span)
}

fn hole(name: String, why: &'static str, domain: Domain) -> Hole {
    Hole { name, why, domain, default: None }
}

fn dotted(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}
