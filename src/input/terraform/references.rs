//! What names stand for: variables, locals, data sources, resources, modules.

use super::collection::elements;
use super::eval::{Caller, DEFAULTS, Env, Evaluator, Name, Scope, plain};
use super::module::At;
use super::types::{self, Type};
use super::val::{Entry, Piece, Val, ValKind};
use super::{document, functions};
use crate::span::Span;
use crate::syntax::hcl::{Block, Expr, ExprKind, Step};
use crate::value::{Domain, Hole, MACHINE_USER};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

/// How many calls deep modules are followed.
const MAX_MODULES: usize = 12;
/// How many instances of one resource or module are told apart. Each is evaluated on its own.
pub(super) const MAX_INSTANCES: usize = 1_000;

impl Evaluator<'_> {
    /// The value of `name` followed by `steps`; `expr` is the whole.
    pub fn reference(&self, expr: &Expr, name: &str, steps: &[Step], scope: &Rc<Scope>, env: &Env) -> Val {
        let span = expr.span;
        let rest = |from: usize| steps.get(from..).unwrap_or_default();
        let step = |at: usize| match steps.get(at) {
            Some(Step::Name(name)) => Some(name.as_str()),
            _ => None,
        };
        match (name, step(0), step(1)) {
            ("var", Some(variable), _) => {
                let value = self.variable(variable, span, scope);
                let value = self.steps(value, rest(1), span, scope, env);
                self.used(value, variable, span, scope)
            }
            ("local", Some(local), _) => {
                let value = self.local(local, span, scope);
                self.steps(value, rest(1), span, scope, env)
            }
            ("path", Some("module"), None) => path_of(&scope.module.folder, span),
            ("path", Some("root"), None) => {
                let mut root = scope;
                while let Some(call) = &root.call {
                    root = &call.scope;
                }
                path_of(&root.module.folder, span)
            }
            ("data", Some(kind), Some(data)) => self.data(kind, data, rest(2), span, scope, env),
            ("module", Some(call), _) => self.output(call, rest(1), span, scope, env),
            ("each" | "count" | "self" | "terraform" | "path", ..) => {
                self.hole(scope, span, "known only when it is applied", Domain::Text)
            }
            (kind, Some(resource), _) if !kind.is_empty() => self.resource(kind, resource, rest(1), span, scope, env),
            _ => self.hole(scope, span, "a name that is not declared", Domain::Any),
        }
    }

    fn local(&self, name: &str, span: Span, scope: &Rc<Scope>) -> Val {
        match scope.module.local(name) {
            Some(attribute) => self.once(scope, Name::Local(name.to_owned()), span, || {
                self.eval(&attribute.value, scope, &Env::default())
            }),
            None => self.hole(scope, span, "a local that is not declared", Domain::Any),
        }
    }

    /// The value of a variable, with the places where it was written.
    fn variable(&self, name: &str, span: Span, scope: &Rc<Scope>) -> Val {
        self.once(scope, Name::Variable(name.to_owned()), span, || self.variable_value(name, span, scope))
    }

    /// The value of a variable as its type says: what is left out of an object is null or has the default of the type.
    fn variable_value(&self, name: &str, span: Span, scope: &Rc<Scope>) -> Val {
        let value = self.given_value(name, span, scope);
        let declared = scope.module.variables.get(name).map(|at| scope.module.block(*at));
        match declared.and_then(|block| block.body.attribute("type")) {
            Some(of) => types::convert(value, &self.type_of(&of.value, scope)),
            None => value,
        }
    }

    /// The value that a variable is given, or its default.
    fn given_value(&self, name: &str, span: Span, scope: &Rc<Scope>) -> Val {
        let declared = scope.module.variables.get(name).map(|at| scope.module.block(*at));
        let default = declared.and_then(|block| block.body.attribute("default"));
        let none = Env::default();
        // Terraform takes the default for `null` only where the variable says `nullable = false`.
        let nullable = declared.and_then(|block| block.body.attribute("nullable"));
        let nullable = nullable.is_none_or(|attribute| !matches!(attribute.value.kind, ExprKind::Bool(false)));
        if let Some(call) = &scope.call {
            let block = call.scope.module.block(call.block);
            let given = block.body.attribute(name).map(|attribute| self.eval(&attribute.value, &call.scope, &call.env));
            return match (given.filter(|value| nullable || !value.is_null()), default) {
                (Some(value), _) => value,
                (None, Some(default)) => self.eval(&default.value, scope, &none),
                (None, None) => {
                    self.hole(scope, span, "a variable that the call of the module does not set", Domain::Any)
                }
            };
        }
        let given = self.variables.get(name).or_else(|| scope.module.value(name));
        let given = given.map(|value| self.eval(&value.value, scope, &none));
        match (given, default) {
            (Some(value), Some(default)) if value.is_null() && !nullable => {
                return self.eval(&default.value, scope, &none);
            }
            (Some(value), _) => return value,
            (None, _) => {}
        }
        let Some(block) = declared else {
            return self.hole(scope, span, "a variable that is not declared", Domain::Any);
        };
        let domain = domain_of(block);
        let hole =
            |why, default| Hole { name: format!("{}var.{name}", scope.prefix), why, domain: domain.clone(), default };
        let unknown = |hole| Val::new(ValKind::Unknown(Rc::new(hole)), span);
        let Some(default) = default else {
            return unknown(hole("a variable without a default", None));
        };
        let value = self.eval(&default.value, scope, &none);
        match (&value.kind, value.known()) {
            // A string with a default is a hole that remembers it.
            (ValKind::Text(_) | ValKind::Number(_), Some(text)) if !looks_like_document(&text) => {
                let hole = hole("a variable that has a default", Some(text.to_string()));
                // A default says the type where nothing else does.
                let domain = if hole.domain == Domain::Any { Domain::Text } else { hole.domain };
                unknown(Hole { domain, ..hole })
            }
            _ if self.ask(DEFAULTS) => value,
            _ => unknown(hole("a variable that has a default", None)),
        }
    }

    /// A value of a variable as it stands where it is used: that is the place in the policy. Whole documents keep their
    /// own places.
    fn used(&self, value: Val, name: &str, span: Span, scope: &Rc<Scope>) -> Val {
        let what = match (&scope.call, scope.module.value(name)) {
            (Some(_), _) => format!("the value of `var.{name}` in this call of the module"),
            (None, Some(_)) => format!("the value of `var.{name}`"),
            (None, None) => format!("the default of `var.{name}`"),
        };
        let is_default = value.as_hole().is_some_and(|hole| hole.default.is_some());
        let moved = match &value.kind {
            ValKind::Unknown(_) if is_default => value.clone().at(span),
            ValKind::Unknown(_) => return value.at(span),
            ValKind::Text(pieces) => match value.known() {
                Some(text) if looks_like_document(&text) => return value,
                None if matches!(pieces.first(), Some(Piece::Literal { text, .. }) if looks_like_document(text)) => {
                    return value;
                }
                _ => value.clone().at(span),
            },
            ValKind::List(items, sequence) if items.iter().all(is_scalar) => {
                Val::sequence(items.iter().map(|item| item.clone().at(span)).collect(), *sequence, span)
            }
            ValKind::Bool(_) | ValKind::Number(_) => value.clone().at(span),
            _ => return value,
        };
        let origin = match scope.module.variables.get(name).map(|at| scope.module.block(*at)) {
            // A hole's own place is where it is used.
            Some(block) if is_default => block.body.attribute("default").map(|default| Val::null(default.value.span)),
            _ => Some(value),
        };
        if let Some(origin) = origin {
            self.origins.borrow_mut().insert((span, scope.id), (origin, what));
        }
        moved
    }

    fn output(&self, call: &str, steps: &[Step], span: Span, scope: &Rc<Scope>, env: &Env) -> Val {
        let Some(at) = scope.module.calls.get(call) else {
            return self.hole(scope, span, "an output of a module that is not declared", Domain::Any);
        };
        let instances = self.children(call, *at, scope);
        let (child, rest) = match (steps.first(), instances.as_slice()) {
            (_, []) => {
                return self.hole(scope, span, "an output of a module that is not in the tree", Domain::Any);
            }
            (Some(Step::Index(index)), instances) => {
                let key = self.eval(index, scope, env).known();
                let found = instances.iter().find(|(known, _)| Some(&**known) == key.as_deref());
                match found.or(instances.first().filter(|(known, _)| known.is_empty())) {
                    Some((_, child)) => (child, &steps[1..]),
                    None => return self.hole(scope, span, "an output of a module", Domain::Any),
                }
            }
            (Some(Step::Splat), instances)
                if instances.iter().all(|(key, child)| is_index(key) || is_only(scope, *at, child)) =>
            {
                let each = |(_, child): &(String, Rc<Scope>)| self.output_of(child, &steps[1..], span, env);
                return Val::list(instances.iter().map(each).collect(), span);
            }
            (Some(Step::Splat), _) => return self.hole(scope, span, "outputs of modules", Domain::Any),
            (None, instances) => return self.instances_of_module(*at, instances, span, scope, env),
            (_, [(_, child), ..]) => (child, steps),
        };
        self.output_of(child, rest, span, env)
    }

    /// All instances of a module, as `module.name` has them.
    fn instances_of_module(
        &self,
        at: At,
        instances: &[(String, Rc<Scope>)],
        span: Span,
        scope: &Rc<Scope>,
        env: &Env,
    ) -> Val {
        let body = &scope.module.block(at).body;
        let by_key = body.attribute("for_each").is_some();
        match instances {
            [(key, child)] if key.is_empty() && !is_only(scope, at, child) => {
                self.hole(scope, span, "all instances of a module", Domain::Any)
            }
            [(key, child)] if key.is_empty() && !by_key && body.attribute("count").is_none() => {
                self.output_of(child, &[], span, env)
            }
            _ => {
                let each = |(key, child): &(String, Rc<Scope>)| Entry {
                    key: key.as_str().into(),
                    key_span: span,
                    value: self.output_of(child, &[], span, env),
                };
                let all = instances.iter().map(each);
                match by_key {
                    true => Val::map(all.collect(), span),
                    false => Val::list(all.map(|entry| entry.value).collect(), span),
                }
            }
        }
    }

    /// An output of one instance of a module; without a name, all of them.
    fn output_of(&self, child: &Rc<Scope>, steps: &[Step], span: Span, env: &Env) -> Val {
        let value_of = |name: &str, at: &At| {
            self.once(child, Name::Output(name.to_owned()), span, || {
                match child.module.block(*at).body.attribute("value") {
                    Some(attribute) => self.eval(&attribute.value, child, &Env::default()),
                    None => Val::null(span),
                }
            })
        };
        let Some(Step::Name(output)) = steps.first() else {
            let mut outputs: Vec<(&String, &At)> = child.module.outputs.iter().collect();
            outputs.sort();
            let entry = |(name, at): (&String, &At)| Entry {
                key: name.as_str().into(),
                key_span: span,
                value: value_of(name, at),
            };
            return Val::map(outputs.into_iter().map(entry).collect(), span);
        };
        let Some(at) = child.module.outputs.get(output) else {
            return self.hole(child, span, "an output that the module does not have", Domain::Any);
        };
        self.steps(value_of(output, at), &steps[1..], span, child, env)
    }

    /// The instances of a called module, each with its key; none where its source is not in the tree.
    pub fn children(&self, call: &str, at: At, scope: &Rc<Scope>) -> Vec<(String, Rc<Scope>)> {
        let block = scope.module.block(at);
        let Some(module) = self.loader.called(block, &scope.module.folder) else { return Vec::new() };
        if scope.depth >= MAX_MODULES {
            let message = format!("modules are followed {MAX_MODULES} calls deep, and this is one more");
            self.limit(block.name_span, message, "judge the folder of the called module with the values it is given");
            return Vec::new();
        }
        let instances = self.instances(block, scope);
        instances
            .into_iter()
            .map(|Instance { key, env, .. }| {
                let prefix = match key.as_str() {
                    "" => format!("{}module.{call}.", scope.prefix),
                    key => format!("{}module.{call}[{}].", scope.prefix, shown_key(key)),
                };
                let make = |id| Scope {
                    id,
                    module: Arc::clone(&module),
                    call: Some(Caller { scope: Rc::clone(scope), env: env.clone(), block: at }),
                    prefix,
                    depth: scope.depth + 1,
                };
                let child = self.child(call, &key, make, scope);
                (key, child)
            })
            .collect()
    }

    /// The instances that `count` and `for_each` make of a block. Where they are not known, it is one that stands for all.
    pub fn instances(&self, block: &Block, scope: &Rc<Scope>) -> Vec<Instance> {
        let none = Env::default();
        if let Some(attribute) = block.body.attribute("count") {
            // `condition ? 1 : 0`: where the condition is not known, there is a variant with and one without.
            if let ExprKind::Conditional(parts) = &attribute.value.kind
                && let Some(holds) = self.truth(&parts[0], scope, &none, true)
            {
                let count = &parts[if holds { 1 } else { 2 }];
                return self.counted(block, count, scope);
            }
            return self.counted(block, &attribute.value, scope);
        }
        let Some(attribute) = block.body.attribute("for_each") else {
            return vec![Instance { key: String::new(), env: none }];
        };
        let collection = self.eval(&attribute.value, scope, &none);
        let bind = |key: Val, value: Val| {
            let entry = |key: &str, value: Val| Entry { key: key.into(), key_span: attribute.value.span, value };
            none.with("each", Val::map(vec![entry("key", key), entry("value", value)], attribute.value.span))
        };
        let is_set = matches!(collection.kind, ValKind::List(..));
        match elements(&collection) {
            Some(elements)
                if elements.iter().all(|(key, value)| !is_set || value.known().is_some() && !key.has_hole()) =>
            {
                if elements.len() > MAX_INSTANCES {
                    self.too_many_instances(attribute.value.span);
                }
                elements
                    .into_iter()
                    .take(MAX_INSTANCES)
                    .map(|(key, value)| {
                        let key = if is_set { value.clone() } else { key };
                        let name = key.known().unwrap_or_default().to_string();
                        Instance { key: name, env: bind(key, value) }
                    })
                    .collect()
            }
            _ => {
                let each = |what: &str, domain| {
                    let name =
                        format!("{}each.{what} of {}", scope.prefix, self.sources().excerpt(attribute.value.span));
                    Val::unknown(name, "an element that is not known", domain, attribute.value.span)
                };
                let env = bind(each("key", Domain::Text), each("value", Domain::Any));
                vec![Instance { key: String::new(), env }]
            }
        }
    }

    /// The instances that a `count` makes. Where they differ in nothing, or their number is not known, one stands for all.
    fn counted(&self, block: &Block, count: &Expr, scope: &Rc<Scope>) -> Vec<Instance> {
        let of = |key: String, index: Val| {
            let entry = Entry { key: "index".into(), key_span: block.name_span, value: index };
            let env = Env::default().with("count", Val::map(vec![entry], count.span));
            Instance { key, env }
        };
        let number = self.eval(count, scope, &Env::default()).known().and_then(|text| text.parse::<usize>().ok());
        match number {
            Some(0) => Vec::new(),
            Some(1) => vec![of(String::new(), Val::count(0, count.span))],
            Some(number) if self.uses_index(block) => {
                if number > MAX_INSTANCES {
                    self.too_many_instances(count.span);
                }
                (0..number.min(MAX_INSTANCES)).map(|at| of(at.to_string(), Val::count(at, count.span))).collect()
            }
            _ => vec![of(String::new(), self.hole(scope, count.span, "the index of an instance", Domain::Text))],
        }
    }

    fn too_many_instances(&self, span: Span) {
        let message = format!("only the first {MAX_INSTANCES} instances of this are judged");
        self.limit(span, message, "judge a plan, which has all of them");
    }

    /// Whether a block speaks of `count.index`, so that its instances may differ.
    fn uses_index(&self, block: &Block) -> bool {
        *self.indexed.borrow_mut().entry(block.span).or_insert_with(|| {
            let written = self.sources().locate(block.span);
            written.is_some_and(|(source, span)| source.slice(span).contains("count.index"))
        })
    }

    fn data(&self, kind: &str, name: &str, steps: &[Step], span: Span, scope: &Rc<Scope>, env: &Env) -> Val {
        let index = (kind.to_owned(), name.to_owned());
        let Some(at) = scope.module.data.get(&index) else {
            return self.hole(scope, span, "a data source that is not declared", Domain::Any);
        };
        let block = scope.module.block(*at);
        // An index tells instances apart that a count or a loop makes.
        let (instance, steps) = match steps.first() {
            Some(Step::Index(index)) => (self.eval(index, scope, env).known(), &steps[1..]),
            Some(Step::Splat) => {
                let each = |instance: Instance| {
                    let key = Some(instance.key.as_str().into());
                    self.data_of((kind, name, block), key, &steps[1..], span, scope)
                };
                return Val::list(self.instances(block, scope).into_iter().map(each).collect(), span);
            }
            _ => (None, steps),
        };
        self.data_of((kind, name, block), instance, steps, span, scope)
    }

    /// An attribute of one instance of a data source; the key says which.
    fn data_of(
        &self,
        (kind, name, block): (&str, &str, &Block),
        instance: Option<Rc<str>>,
        steps: &[Step],
        span: Span,
        scope: &Rc<Scope>,
    ) -> Val {
        let attribute = match steps.first() {
            Some(Step::Name(name)) => name.as_str(),
            _ => "",
        };
        if kind == "aws_iam_policy_document" && matches!(attribute, "json" | "minified_json") {
            return self.document(block, &(kind.to_owned(), name.to_owned()), instance, span, scope);
        }
        if (kind, attribute) == ("template_file", "rendered")
            && let Some(value) = self.template_data(block, instance.as_deref(), span, scope)
        {
            return value;
        }
        let own = block.body.attribute("provider").is_none();
        let domain = match (kind, attribute) {
            ("aws_caller_identity", "account_id" | "id") if own => Domain::OwnAccount,
            ("aws_caller_identity", "account_id" | "id") => Domain::AccountId,
            ("aws_organizations_organization", "id") => Domain::OwnOrganization,
            ("aws_organizations_organization", "master_account_id") => Domain::AccountId,
            ("aws_partition", "partition" | "id") => Domain::Partition,
            ("aws_partition", "dns_suffix") => Domain::UrlSuffix,
            ("aws_region", "name" | "id" | "region") => Domain::Region,
            ("aws_iam_role", "arn") if own => Domain::OwnArn("AWS::IAM::Role".to_owned()),
            ("aws_iam_user", "arn") if own => Domain::OwnArn("AWS::IAM::User".to_owned()),
            (_, "json") => Domain::Text,
            _ if attribute.ends_with("arn") || attribute.ends_with("id") || attribute.ends_with("name") => Domain::Text,
            _ => Domain::Any,
        };
        if kind == "aws_iam_openid_connect_provider"
            && attribute == "arn"
            && let Some(value) = self.provider_arn(block, span, scope, &Env::default())
        {
            return value;
        }
        self.hole(scope, span, "looked up when it is applied", domain)
    }

    /// The text of `data "template_file"`: what `templatestring` makes of its template and its variables.
    fn template_data(&self, block: &Block, key: Option<&str>, span: Span, scope: &Rc<Scope>) -> Option<Val> {
        let all = self.instances(block, scope);
        let named = all.iter().find(|one| Some(one.key.as_str()) == key);
        let instance = named.or(all.first().filter(|_| all.len() == 1))?;
        let template = self.eval(&block.body.attribute("template")?.value, scope, &instance.env);
        // The variables are a map of strings, or a block of old.
        let written = block.body.blocks_named("vars").next().map(|vars| &vars.body.attributes);
        let variables = match (block.body.attribute("vars"), written) {
            (Some(vars), _) => self.eval(&vars.value, scope, &instance.env),
            (None, written) => {
                let entry = |attribute: &crate::syntax::hcl::Attribute| Entry {
                    key: attribute.name.as_str().into(),
                    key_span: attribute.name_span,
                    value: self.eval(&attribute.value, scope, &instance.env),
                };
                Val::map(written.into_iter().flatten().map(entry).collect(), span)
            }
        };
        let variables = types::convert(variables, &Type::Map(Box::new(Type::Text)));
        functions::render(self, &template, &variables, span, scope)
    }

    /// The rendered document of a `aws_iam_policy_document`.
    fn document(
        &self,
        block: &Block,
        index: &(String, String),
        instance: Option<Rc<str>>,
        span: Span,
        scope: &Rc<Scope>,
    ) -> Val {
        let instances = self.instances(block, scope);
        let chosen = match instance.as_deref().filter(|key| !key.is_empty()) {
            Some(key) => {
                instances.iter().find(|known| known.key == key).or(instances.first().filter(|one| one.key.is_empty()))
            }
            None => instances.first().filter(|one| instances.len() == 1 || one.key.is_empty()),
        };
        if !self.is_aside() {
            self.read.borrow_mut().insert((scope.id, index.1.clone()));
        }
        let Some(chosen) = chosen else {
            return self.hole(scope, span, "one of several documents", Domain::Text);
        };
        let mut name = index.clone();
        name.1.push_str(&format!("[{}]", chosen.key));
        let value = self.once(scope, Name::Data(name.0, name.1), span, || {
            // Nothing but a loop's own element tells instances that are not known apart.
            super::val::from_tree(&document::render(self, block, scope, &chosen.env))
        });
        Val::new(ValKind::Json(Rc::new(value)), span)
    }

    /// An attribute of a resource of the same configuration.
    fn resource(&self, kind: &str, name: &str, steps: &[Step], span: Span, scope: &Rc<Scope>, env: &Env) -> Val {
        let Some(at) = scope.module.resources.get(&(kind.to_owned(), name.to_owned())) else {
            return self.hole(scope, span, "a resource that is not declared", Domain::Any);
        };
        let block = scope.module.block(*at);
        match steps.first() {
            Some(Step::Splat) => {
                let all = self.instances(block, scope);
                let each =
                    |one: &Instance| self.resource_of((kind, name, block), Some(one), &steps[1..], span, scope, env);
                Val::list(all.iter().map(each).collect(), span)
            }
            Some(Step::Index(index)) => {
                let (key, all) = (self.eval(index, scope, env).known(), self.instances(block, scope));
                let named = all.iter().find(|one| Some(one.key.as_str()) == key.as_deref());
                // One that stands for all has no key.
                let one = named.or(all.first().filter(|one| all.len() == 1 && one.key.is_empty()));
                self.resource_of((kind, name, block), one, &steps[1..], span, scope, env)
            }
            _ => {
                let all = self.instances(block, scope);
                self.resource_of((kind, name, block), all.first().filter(|_| all.len() == 1), steps, span, scope, env)
            }
        }
    }

    /// An attribute of one instance of a resource, of whichever where it is not known which.
    fn resource_of(
        &self,
        (kind, name, block): (&str, &str, &Block),
        instance: Option<&Instance>,
        steps: &[Step],
        span: Span,
        scope: &Rc<Scope>,
        env: &Env,
    ) -> Val {
        let Some(Step::Name(attribute)) = steps.first() else {
            return self.hole(scope, span, "known only when it is applied", Domain::Any);
        };
        let inner = instance.map(|instance| instance.env.clone()).unwrap_or_default();
        let shape = match (kind, attribute.as_str()) {
            ("aws_iam_role", "arn") => Domain::OwnArn("AWS::IAM::Role".to_owned()),
            ("aws_iam_user", "arn") => Domain::OwnArn("AWS::IAM::User".to_owned()),
            ("aws_iam_saml_provider", "arn" | "id") => Domain::OwnArn("AWS::IAM::SAMLProvider".to_owned()),
            ("aws_organizations_account", "id") => Domain::AccountId,
            ("aws_organizations_organization", "id") => Domain::OwnOrganization,
            (_, "arn" | "id" | "unique_id") => Domain::Text,
            _ => Domain::Any,
        };
        if kind == "aws_iam_openid_connect_provider"
            && matches!(attribute.as_str(), "arn" | "id")
            && let Some(value) = self.provider_arn(block, span, scope, &inner)
        {
            return value;
        }
        // The id of these is their name.
        let written = match (kind, attribute.as_str()) {
            ("aws_iam_role" | "aws_iam_user" | "aws_iam_group", "id") => "name",
            ("aws_s3_bucket", "id") => "bucket",
            (_, name) => name,
        };
        let is_written = instance.is_some() && attribute.as_str() != "arn" && !ignores_changes(block, written);
        if let Some(attribute) = block.body.attribute(written).filter(|_| is_written) {
            let key = instance.map(|instance| instance.key.as_str()).unwrap_or_default();
            let name = Name::Data(kind.to_owned(), format!("{name}[{key}].{written}"));
            let value = self.once(scope, name, span, || {
                let value = self.eval(&attribute.value, scope, &inner);
                // AWS gives the URL of a provider back without its scheme (IAM API Reference, GetOpenIDConnectProvider).
                match (kind, written) {
                    ("aws_iam_openid_connect_provider", "url") => without_scheme(value),
                    _ => value,
                }
            });
            return self.steps(value, &steps[1..], span, scope, env);
        }
        let own = block.body.attribute("provider").is_none();
        let domain = if own || !matches!(shape, Domain::OwnArn(_)) { shape } else { Domain::Text };
        let is_machine = (kind, attribute.as_str()) == ("aws_iam_user", "arn") && scope.module.uses().is_machine(name);
        let why = if is_machine { MACHINE_USER } else { "known only when it is applied" };
        self.hole(scope, span, why, domain)
    }

    /// The ARN of an OpenID Connect provider: it names the issuer, and the account is the own one
    /// (IAM User Guide, "Create an OpenID Connect (OIDC) identity provider in IAM").
    fn provider_arn(&self, block: &Block, span: Span, scope: &Rc<Scope>, env: &Env) -> Option<Val> {
        let url = self.eval(&block.body.attribute("url")?.value, scope, env);
        let mut issuer = without_scheme(url).to_pieces()?;
        let literal = |text: &str| Piece::Literal { text: text.into(), map: None };
        let hole = |name: &str, why, domain| Piece::Hole {
            hole: Rc::new(Hole { name: name.to_owned(), why, domain, default: None }),
            span,
        };
        let account = match block.body.attribute("provider") {
            None => hole("the own account", "the account that this is applied to", Domain::OwnAccount),
            Some(_) => hole("the provider's account", "the account of another provider block", Domain::AccountId),
        };
        let mut pieces = vec![
            literal("arn:"),
            hole("the partition", "the partition that this is applied to", Domain::Partition),
            literal(":iam::"),
            account,
            literal(":oidc-provider/"),
        ];
        pieces.append(&mut issuer);
        Some(Val::pieces(pieces, span))
    }
}

/// One instance of a resource or a module.
#[derive(Debug)]
pub(super) struct Instance {
    /// The key of `for_each`; empty where there is none, or it stands for all.
    pub key: String,
    pub env: Env,
}

/// A folder as Terraform names it.
fn path_of(folder: &Path, span: Span) -> Val {
    let folder = folder.to_string_lossy();
    Val::text(if folder.is_empty() { "." } else { &folder }, span)
}

/// The URL of an issuer as ARNs and condition keys have it.
fn without_scheme(url: Val) -> Val {
    let Some(mut pieces) = url.to_pieces() else { return url };
    if let Some(Piece::Literal { text, map }) = pieces.first_mut()
        && let Some(bare) = text.strip_prefix("https://")
    {
        *text = bare.trim_end_matches('/').into();
        *map = None;
        return Val::pieces(pieces, url.span);
    }
    url
}

/// Whether somebody else changes an attribute after the resource was made: `lifecycle { ignore_changes = [...] }`.
fn ignores_changes(block: &Block, attribute: &str) -> bool {
    let lists = block.body.blocks_named("lifecycle").filter_map(|lifecycle| lifecycle.body.attribute("ignore_changes"));
    lists.into_iter().any(|list| match &list.value.kind {
        ExprKind::Variable(name) => name == "all",
        ExprKind::List(items) => items.iter().any(|item| match &item.kind {
            ExprKind::Variable(name) => name == attribute,
            _ => plain(item) == Some(attribute),
        }),
        _ => false,
    })
}

/// Whether an instance of a module without a key is the only one, and does not stand for others.
fn is_only(scope: &Scope, at: At, child: &Scope) -> bool {
    let body = &scope.module.block(at).body;
    let index = child.call.as_ref().and_then(|call| call.env.get("count")).and_then(|count| count.get("index"));
    body.attribute("for_each").is_none() && index.is_none_or(|index| index.known().is_some())
}

/// Whether a key is that of one of several instances by number.
fn is_index(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit())
}

/// A key as addresses show it.
pub(super) fn shown_key(key: &str) -> String {
    if key.bytes().all(|byte| byte.is_ascii_digit()) { key.to_owned() } else { super::val::quoted(key) }
}

/// Whether a text is a document rather than a word: it is pointed at where it is written.
fn looks_like_document(text: &str) -> bool {
    text.trim_start().starts_with('{')
}

fn is_scalar(value: &Val) -> bool {
    match &value.kind {
        ValKind::Text(_) => !value.known().is_some_and(|text| looks_like_document(&text)),
        ValKind::Null | ValKind::Bool(_) | ValKind::Number(_) | ValKind::Unknown(_) => true,
        ValKind::List(..) | ValKind::Map(..) | ValKind::Json(_) => false,
    }
}

/// What the declaration of a variable says about its values: its type, and the list of a validation.
fn domain_of(block: &Block) -> Domain {
    for validation in block.body.blocks_named("validation") {
        let condition = validation.body.attribute("condition").map(|attribute| &attribute.value.kind);
        if let Some(ExprKind::Call(call)) = condition
            && call.name == "contains"
            && let [list, what] = call.arguments.as_slice()
            && let ExprKind::List(items) = &list.kind
            && matches!(&what.kind, ExprKind::Traversal(start, _) if matches!(&start.kind, ExprKind::Variable(name) if name == "var"))
            && let Some(values) = items.iter().map(|item| plain(item).map(str::to_owned)).collect::<Option<Vec<_>>>()
        {
            return Domain::OneOf(values);
        }
    }
    match block.body.attribute("type").map(|attribute| &attribute.value.kind) {
        Some(ExprKind::Variable(name)) if matches!(name.as_str(), "string" | "number" | "bool") => Domain::Text,
        // The old spelling, and the one of JSON.
        Some(ExprKind::Template(template)) => match template.parts.as_slice() {
            [crate::syntax::hcl::Part::Literal(literal)] if literal.text == "string" => Domain::Text,
            _ => Domain::Any,
        },
        _ => Domain::Any,
    }
}
