//! CloudFormation and SAM templates, in JSON and YAML, also those that the CDK writes.
//!
//! Only the parts of a template that hold policies are evaluated. Where `Fn::If` makes several policies of one, each is
//! a site of its own with the conditions that lead to it.

mod conditions;
mod intrinsics;
mod json_text;
mod resources;

use super::{Found, Input};
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
        Some(match json_text::open(&self.template, &text) {
            Ok(value) => Policy::Read(Cow::Owned(value)),
            Err(json_text::Unread::Wrong(problems)) => Policy::Wrong(problems),
            Err(json_text::Unread::Unknown(hole)) => Policy::Unresolved(format!("`{}` is {}", hole.name, hole.why)),
        })
    }

    fn owner(&self, resource: &Resource<'s>, choices: &Choices<'s>) -> Owner {
        if resource.type_name != "AWS::IAM::Role" {
            return Owner::default();
        }
        let text = |property: &str| {
            let value = self.template.resolve(resource.properties.get(property)?, choices)?;
            value.as_text().or_else(|| match value.kind {
                Kind::Unknown(hole) => Some(Text::hole(*hole, value.span)),
                _ => scalar(&value).map(|text| Text::literal(text, value.span)),
            })
        };
        let max_session_duration = text("MaxSessionDuration").map(|text| Spanned::new(text.clone(), text.span));
        Owner { name: text("RoleName"), max_session_duration, ..Owner::default() }
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
mod tests {
    use super::*;
    use crate::input::testing::{document, extract};
    use crate::value::Domain;

    /// The sites of a template whose role `R` has this trust policy, beside these sections.
    fn trust(sections: &str, policy: &str) -> Found<'static> {
        let role =
            format!(r#""R": {{"Type": "AWS::IAM::Role", "Properties": {{"AssumeRolePolicyDocument": {policy}}}}}"#);
        let other =
            r#""Topic": {"Type": "AWS::SNS::Topic"}, "Other": {"Type": "AWS::IAM::Role"}, "C": {"Type": "Custom::X"}"#;
        extract(&CloudFormation, &format!(r#"{{{sections} "Resources": {{{role}, {other}}}}}"#))
    }

    /// What a value in a policy becomes, shown, with its holes.
    fn value(sections: &str, value: &str) -> Value<'static> {
        let found = trust(sections, &format!(r#"{{"Statement": {{"Action": {value}}}}}"#));
        assert_eq!(found.sites.len(), 1, "{found:?}");
        found.sites[0].document.at(&["Statement", "Action"]).expect("the value is there").clone()
    }

    fn shown(of: &Value<'_>) -> String {
        match &of.kind {
            Kind::List(items) => format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(", ")),
            Kind::Unknown(hole) => format!("?{}", hole.name),
            Kind::Map(members) => {
                members.iter().map(|m| format!("{}: {}", m.key, shown(&m.value))).collect::<Vec<_>>().join(", ")
            }
            Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Tagged(_) => of.sort().to_owned(),
            Kind::String(_) | Kind::Template(_) => of.as_text().expect("a string").display().into_owned(),
        }
    }

    fn hole_of(of: &Value<'_>) -> crate::value::Hole {
        of.as_text().and_then(|text| text.holes().next().cloned()).expect("a hole")
    }

    fn branches_of(found: &Found<'_>) -> Vec<String> {
        let show = |(name, holds): &(String, bool)| format!("{}{name}", if *holds { "" } else { "!" });
        found.sites.iter().map(|site| site.branch.iter().map(show).collect::<Vec<_>>().join(" ")).collect()
    }

    const PARAMETERS: &str = r#""Parameters": {
        "Plain": {"Type": "String"}, "Empty": {"Type": "String", "Default": ""},
        "Default": {"Type": "String", "Default": "d"}, "Number": {"Type": "Number", "Default": 7},
        "Env": {"Type": "String", "AllowedValues": ["dev", "prod"], "Default": "dev"},
        "Account": {"Type": "String", "AllowedPattern": "^\\d{12}$"},
        "List": {"Type": "CommaDelimitedList", "Default": "a, b"}, "Open": {"Type": "List<String>"},
        "Stored": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/path"}},
        "Mappings": {"M": {"one": {"k": "v1", "l": ["x"]}, "two": {"k": "v2"}, "dev": {"k": "v1"}}},"#;

    #[test]
    fn detects_templates() {
        for text in [
            r#"{"AWSTemplateFormatVersion": "2010-09-09", "Resources": {}}"#,
            r#"{"Transform": "AWS::Serverless-2016-10-31", "Resources": {}}"#,
            r#"{"Resources": {"A": {"Type": "AWS::IAM::Role"}}}"#,
        ] {
            assert!(CloudFormation.detect(&document(text)).is_some(), "{text}");
        }
        for text in [r#"{"Resources": {"A": {"Type": "x"}}}"#, r#"{"Statement": []}"#, "[]"] {
            assert!(CloudFormation.detect(&document(text)).is_none(), "{text}");
        }
    }

    #[test]
    fn addresses_and_kinds() {
        let found = extract(
            &CloudFormation,
            r#"{"Resources": {
                "Role": {"Type": "AWS::IAM::Role", "Properties": {
                    "RoleName": "ci", "MaxSessionDuration": 7200,
                    "Policies": [{"PolicyName": "p", "PolicyDocument": {}}, {"PolicyDocument": {}}],
                    "AssumeRolePolicyDocument": {"Statement": []}}},
                "Table": {"Type": "AWS::DynamoDB::Table", "Properties": {
                    "ResourcePolicy": {"PolicyDocument": {}},
                    "StreamSpecification": {"ResourcePolicy": {"PolicyDocument": {}}}}},
                "Scp": {"Type": "AWS::Organizations::Policy", "Properties": {"Type": "SERVICE_CONTROL_POLICY", "Content": {}}},
                "Tag": {"Type": "AWS::Organizations::Policy", "Properties": {"Type": "TAG_POLICY", "Content": {}}},
                "Thing": {"Type": "AWS::IoT::Policy", "Properties": {"PolicyDocument": {}}},
                "Fn": {"Type": "AWS::Serverless::Function", "Properties": {"Policies": [
                    "AWSLambdaExecute", {"S3ReadPolicy": {"BucketName": "b"}}, {"Statement": []}]}}
            }}"#,
        );
        let sites: Vec<_> = found.sites.iter().map(|site| (site.address.as_str(), site.kind.name())).collect();
        assert_eq!(
            sites,
            [
                ("Resources.Role", "trust"),
                ("Resources.Role.Policies[p]", "identity"),
                ("Resources.Role.Policies[1]", "identity"),
                ("Resources.Table", "resource"),
                ("Resources.Table.StreamSpecification.ResourcePolicy.PolicyDocument", "resource"),
                ("Resources.Scp", "scp"),
                ("Resources.Fn.Policies[2]", "identity"),
            ]
        );
        let owner = &found.sites[0].owner;
        assert_eq!(owner.name.as_ref().and_then(Text::known), Some("ci"));
        assert_eq!(owner.max_session_duration.as_ref().and_then(|text| text.value.known()), Some("7200"));
        assert!(matches!(found.sites[0].document, crate::site::Tree::Borrowed(_)));
        assert!(found.unresolved.is_empty() && found.problems.is_empty());
    }

    #[test]
    fn statements_get_a_document() {
        let found = extract(
            &CloudFormation,
            r#"{"Resources": {"B": {"Type": "AWS::Events::EventBusPolicy", "Properties": {"Statement": {"Effect": "Allow"}}}}}"#,
        );
        assert_eq!(shown(&found.sites[0].document), "Version: 2012-10-17, Statement: Effect: Allow");
    }

    #[test]
    fn parameters() {
        assert_eq!(hole_of(&value(PARAMETERS, r#"{"Ref": "Plain"}"#)).default, None);
        assert_eq!(hole_of(&value(PARAMETERS, r#"{"Ref": "Empty"}"#)).default, None);
        assert_eq!(hole_of(&value(PARAMETERS, r#"{"Ref": "Default"}"#)).default.as_deref(), Some("d"));
        assert_eq!(hole_of(&value(PARAMETERS, r#"{"Ref": "Number"}"#)).default.as_deref(), Some("7"));
        assert_eq!(hole_of(&value(PARAMETERS, r#"{"Ref": "Stored"}"#)).default, None);
        assert_eq!(hole_of(&value(PARAMETERS, r#"{"Ref": "Account"}"#)).domain, Domain::AccountId);
        let env = hole_of(&value(PARAMETERS, r#"{"Ref": "Env"}"#));
        assert_eq!(env.domain, Domain::OneOf(vec!["dev".into(), "prod".into()]));
        let list = value(PARAMETERS, r#"{"Ref": "List"}"#);
        assert_eq!(shown(&list), "[${List[0]}, ${List[1]}]");
        assert_eq!(list.as_list().map(|items| hole_of(&items[1]).default), Some(Some("b".to_owned())));
        assert_eq!(shown(&value(PARAMETERS, r#"{"Ref": "Open"}"#)), "?Open");
        assert_eq!(shown(&value(PARAMETERS, r#"{"Ref": "Nobody"}"#)), "?Nobody");
    }

    #[test]
    fn pseudo_parameters_and_resources() {
        let domain = |text: &str| hole_of(&value(PARAMETERS, text)).domain;
        assert_eq!(domain(r#"{"Ref": "AWS::AccountId"}"#), Domain::OwnAccount);
        assert_eq!(domain(r#"{"Ref": "Topic"}"#), Domain::OwnArn("AWS::SNS::Topic".into()));
        assert_eq!(domain(r#"{"Ref": "Other"}"#), Domain::Text);
        assert_eq!(domain(r#"{"Fn::GetAtt": ["Other", "Arn"]}"#), Domain::OwnArn("AWS::IAM::Role".into()));
        assert_eq!(domain(r#"{"Fn::GetAtt": "Other.RoleId"}"#), Domain::Text);
        assert_eq!(domain(r#"{"Fn::GetAtt": ["C", "Arn"]}"#), Domain::Text);
        let partition = hole_of(&value(PARAMETERS, r#"{"Ref": "AWS::Partition"}"#));
        assert_eq!((partition.domain, partition.default.as_deref()), (Domain::Partition, Some("aws")));
        assert_eq!(shown(&value("", r#"["a", {"Ref": "AWS::NoValue"}]"#)), "[a]");
    }

    #[test]
    fn strings() {
        let show = |text: &str| shown(&value(PARAMETERS, text));
        assert_eq!(
            show(r#"{"Fn::Sub": "arn:${AWS::Partition}:${Topic.TopicName}/${!aws:username}"}"#),
            "arn:${AWS::Partition}:${Topic.TopicName}/${aws:username}"
        );
        assert_eq!(show(r#"{"Fn::Sub": "${aws:username} ${open"}"#), "${aws:username} ${open");
        assert!(value("", r#"{"Fn::Sub": "a/${!aws:x}"}"#).as_str().is_some(), "an escape is no hole");
        assert_eq!(show(r#"{"Fn::Sub": ["${a}-${b}", {"a": "x", "b": {"Ref": "Plain"}}]}"#), "x-${Plain}");
        assert_eq!(
            show(r#"{"Fn::Join": [":", ["a", {"Ref": "Default"}, {"Ref": "AWS::NoValue"}, {"Fn::Sub": "c"}]]}"#),
            "a:${Default}:c"
        );
        let joined = value(PARAMETERS, r#"{"Fn::Join": ["-", {"Ref": "List"}]}"#);
        assert_eq!(hole_of(&joined).default.as_deref(), Some("a-b"));
        assert_eq!(show(r#"{"Fn::Select": ["1", ["a", "b"]]}"#), "b");
        assert_eq!(show(r#"{"Fn::Select": [1, {"Fn::Split": ["/", "a/b"]}]}"#), "b");
        assert_eq!(show(r#"{"Fn::Select": [1, {"Ref": "Open"}]}"#), "${Open[1]}");
        assert_eq!(show(r#"{"Fn::Select": [9, ["a"]]}"#), r#"?{"Fn::Select": [9, ["a"]]}"#);
        assert!(show(r#"{"Fn::ImportValue": "e"}"#).contains("Fn::ImportValue"));
        assert!(show(r#"{"Fn::Base64": "e"}"#).starts_with('?'));
    }

    #[test]
    fn mappings() {
        assert_eq!(shown(&value(PARAMETERS, r#"{"Fn::FindInMap": ["M", "one", "k"]}"#)), "v1");
        assert_eq!(shown(&value(PARAMETERS, r#"{"Fn::FindInMap": ["M", "one", "l"]}"#)), "[x]");
        let looked_up = hole_of(&value(PARAMETERS, r#"{"Fn::FindInMap": ["M", {"Ref": "Env"}, "k"]}"#));
        assert_eq!(looked_up.domain, Domain::OneOf(vec!["v1".into(), "v2".into()]));
        assert_eq!(looked_up.default.as_deref(), Some("v1"));
        assert!(shown(&value(PARAMETERS, r#"{"Fn::FindInMap": ["M", "none", "k"]}"#)).starts_with('?'));
    }

    #[test]
    fn a_string_has_the_place_of_its_scalar() {
        let text = r#"{"Resources": {"R": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"A": {"Fn::Sub": "x${P}"}}}}}}"#;
        let found = extract(&CloudFormation, text);
        let span = found.sites[0].document.get("A").expect("there").span;
        assert_eq!(&text[span.range()], r#""x${P}""#);
        assert_eq!(&text[found.sites[0].anchor.range()], r#""R""#);
    }

    #[test]
    fn conditions_make_variants() {
        let two = r#"{"S": [{"Fn::If": ["A", "a", {"Ref": "AWS::NoValue"}]}, {"Fn::If": ["B", "b", "c"]}]}"#;
        let found = trust("", two);
        assert_eq!(branches_of(&found), ["A B", "A !B", "!A B", "!A !B"]);
        assert_eq!(
            found.sites.iter().map(|site| shown(&site.document)).collect::<Vec<_>>(),
            ["S: [a, b]", "S: [a, c]", "S: [b]", "S: [c]"]
        );
        // Only conditions that were met count, and equal documents are one.
        assert_eq!(branches_of(&trust("", r#"{"S": {"Fn::If": ["A", "a", {"Fn::If": ["B", "b", "c"]}]}}"#)).len(), 3);
        assert_eq!(branches_of(&trust("", r#"{"S": {"Fn::If": ["A", {"Ref": "X"}, {"Ref": "X"}]}}"#)), [""]);
        // Around the document.
        let around = trust("", r#"{"Fn::If": ["A", {"S": {"Fn::If": ["A", "a", "b"]}}, {"Ref": "AWS::NoValue"}]}"#);
        assert_eq!(branches_of(&around), ["A"]);
        assert_eq!(shown(&around.sites[0].document), "S: a");
        // Too many.
        let many: Vec<_> = (0..5).map(|at| format!(r#"{{"Fn::If": ["C{at}", "x", "y"]}}"#)).collect();
        let found = trust("", &format!(r#"{{"S": [{}]}}"#, many.join(",")));
        assert_eq!(branches_of(&found), [""]);
        assert_eq!(found.sites[0].document.count_unknown(), 5);
    }

    #[test]
    fn conditions_that_exclude_each_other() {
        let conditions = format!(
            r#"{PARAMETERS} "Conditions": {{
            "Dev": {{"Fn::Equals": [{{"Ref": "Env"}}, "dev"]}}, "Prod": {{"Fn::Equals": ["prod", {{"Ref": "Env"}}]}},
            "NotDev": {{"Fn::Not": [{{"Condition": "Dev"}}]}}, "Never": {{"Fn::Equals": ["a", "b"]}},
            "Loop": {{"Fn::And": [{{"Condition": "Loop"}}, {{"Condition": "Loop"}}]}}}},"#
        );
        let pair = |a: &str, b: &str| {
            let policy = format!(r#"{{"S": [{{"Fn::If": ["{a}", "a", "b"]}}, {{"Fn::If": ["{b}", "c", "d"]}}]}}"#);
            branches_of(&trust(&conditions, &policy))
        };
        assert_eq!(pair("Dev", "Prod"), ["Dev !Prod", "!Dev Prod"]);
        assert_eq!(pair("Dev", "NotDev").len(), 2);
        assert_eq!(pair("Never", "Dev"), ["Dev", "!Dev"]);
        assert_eq!(pair("Dev", "Unheard").len(), 4);
        assert_eq!(pair("Dev", "Loop").len(), 4);
    }

    #[test]
    fn policies_in_strings() {
        let found = trust("", r#""{\"Statement\": []}""#);
        assert_eq!(shown(&found.sites[0].document), "Statement: []");
        let found = trust(
            "",
            r#"{"Fn::Sub": "{\"Statement\": {\"Principal\": \"arn:${AWS::Partition}:x\", \"${K}:sub\": 1}}"}"#,
        );
        assert_eq!(
            shown(&found.sites[0].document),
            "Statement: Principal: arn:${AWS::Partition}:x, ${K}:sub: a number"
        );
        let found = trust("", r#"{"Fn::Sub": "{\"Statement\": ${Statements}}"}"#);
        assert!(found.sites.is_empty() && found.problems.is_empty());
        assert_eq!(found.unresolved.len(), 1);
        let found = trust("", r#""{\"Statement\": [""#);
        assert!(found.sites.is_empty() && !found.problems.is_empty());
    }

    #[test]
    fn what_cannot_be_resolved_is_counted() {
        let found = trust(PARAMETERS, r#"{"Ref": "Plain"}"#);
        assert!(found.sites.is_empty());
        assert_eq!(found.unresolved[0].1, "Resources.R: `Plain` is a parameter without a default");
        assert_eq!(trust("", "[]").problems.len(), 1);
    }

    #[test]
    fn expansion_is_limited() {
        let big = "x".repeat(100_000);
        let many = vec![r#"{"Ref": "P"}"#; 10_000].join(",");
        let sections = format!(r#""Parameters": {{"P": {{"Type": "String", "Default": "{big}"}}}},"#);
        let found = trust(&sections, &format!(r#"{{"S": [{many}]}}"#));
        let items = found.sites[0].document.get("S").and_then(Value::as_list).expect("a list");
        let defaults = items.iter().filter(|item| hole_of(item).default.is_some()).count();
        assert!((1..1000).contains(&defaults), "{defaults}");
    }
}
