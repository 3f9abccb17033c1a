use super::*;
use crate::input::testing::{document, extract};
use crate::site::{OwnerAccount, PolicyKind};
use crate::value::{Domain, Hole, Text};

const TRUST: &str = r#"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"*\"},\"Action\":\"sts:AssumeRole\"}]}"#;

/// A plan with these entries of `resource_changes` and this root module in its configuration.
fn plan(changes: &str, configuration: &str) -> String {
    format!(
        r#"{{"format_version": "1.2", "resource_changes": [{changes}], "configuration": {{"root_module": {configuration}}}}}"#
    )
}

/// An entry of `resource_changes`; `address` is in the root or one module, `change` the members of the change.
fn entry(address: &str, change: &str) -> String {
    let parsed = address::parse(address).expect("an address");
    let (mode, name) = (if parsed.is_data { "data" } else { "managed" }, parsed.name);
    let module = match parsed.modules.is_empty() {
        true => String::new(),
        false => {
            let start = address.find(if parsed.is_data { ".data." } else { ".aws_" }).expect("a resource");
            format!(r#""module_address": {:?}, "#, &address[..start])
        }
    };
    let index = match &parsed.key {
        Some(address::Key::Index(index)) => format!(r#""index": {index}, "#),
        Some(address::Key::Name(name)) => format!(r#""index": {name:?}, "#),
        None => String::new(),
    };
    format!(
        r#"{{"address": {address:?}, {module}{index}"mode": "{mode}", "type": "{}", "name": "{name}", "change": {{{change}}}}}"#,
        parsed.resource_type
    )
}

/// A block of the configuration.
fn block(mode: &str, resource_type: &str, name: &str, expressions: &str) -> String {
    format!(
        r#"{{"mode": "{mode}", "type": "{resource_type}", "name": "{name}", "provider_config_key": "aws", "expressions": {{{expressions}}}}}"#
    )
}

fn found(text: &str) -> Found<'static> {
    let found = extract(&TerraformPlan, text);
    assert!(found.problems.is_empty(), "{:?}", found.problems);
    found
}

fn before(text: &str) -> Found<'static> {
    let mut found = Found { side: Side::Before, ..Found::default() };
    TerraformPlan.extract(document(text), &mut found);
    found
}

fn sites(found: &Found<'_>) -> Vec<(String, &'static str)> {
    found.sites.iter().map(|site| (site.address.clone(), site.kind.name())).collect()
}

fn only(found: &Found<'_>) -> (String, &'static str) {
    assert_eq!(found.sites.len(), 1, "{:?} {:?}", found.sites, found.unresolved);
    sites(found).remove(0)
}

fn unresolved<'f>(found: &'f Found<'_>) -> Vec<&'f str> {
    found.unresolved.iter().map(|(_, what)| what.as_str()).collect()
}

fn secret_places(input: &dyn Input, text: &str) -> Vec<Span> {
    let mut places = Vec::new();
    input.secrets(document(text), &mut places);
    places
}

/// A policy as JSON, holes as `<name>`.
fn shown(value: &Value<'_>) -> String {
    let list = |parts: Vec<String>| parts.join(",");
    match &value.kind {
        Kind::Null => "null".to_owned(),
        Kind::Bool(flag) => flag.to_string(),
        Kind::Number(text) => text.to_string(),
        Kind::String(text) => format!("{text:?}"),
        Kind::Template(text) => text.display().replace("${", "<").replace('}', ">"),
        Kind::List(items) => format!("[{}]", list(items.iter().map(shown).collect())),
        Kind::Map(members) => {
            let members = members.iter().map(|member| format!("{}:{}", member.key, shown(&member.value)));
            format!("{{{}}}", list(members.collect()))
        }
        Kind::Unknown(hole) => format!("<{}>", hole.name),
        Kind::Tagged(_) => unreachable!("JSON has no tags"),
    }
}

#[test]
fn policies_of_changes() {
    let role = |address: &str, actions: &str, before: &str, after: &str| {
        entry(
            address,
            &format!(r#""actions": [{actions}], "before": {before}, "after": {after}, "after_unknown": {{}}"#),
        )
    };
    let open = format!(
        r#"{{"assume_role_policy": "{TRUST}", "name": "r", "arn": "arn:aws:iam::111122223333:role/r", "max_session_duration": 7200,
            "inline_policy": [{{"name": "p", "policy": "{{\"Statement\": []}}"}}, {{"name": "", "policy": ""}}]}}"#
    );
    let text = plan(
        &[
            role(r#"module.m["x"].aws_iam_role.r["a\"b"]"#, r#""no-op""#, &open, &open),
            role("aws_iam_role.deleted", r#""delete""#, &open, "null"),
            role("aws_iam_role.forgotten", r#""forget""#, &open, "null"),
            role("aws_iam_role.replaced", r#""delete", "create""#, &open, &open),
            role("aws_instance.i", r#""create""#, "null", r#"{"policy": "{\"Statement\": []}"}"#),
            role("data.aws_iam_policy_document.d", r#""read""#, "null", r#"{"json": "{\"Statement\": []}"}"#),
        ]
        .join(","),
        "{}",
    );
    let both = |address: &str| {
        [(address.to_owned(), "trust"), (format!("{address}.inline_policy[p]"), "identity")].into_iter()
    };
    let (kept, replaced) = (r#"module.m["x"].aws_iam_role.r["a\"b"]"#, "aws_iam_role.replaced");
    let after = found(&text);
    assert_eq!(sites(&after), both(kept).chain(both(replaced)).collect::<Vec<_>>());
    assert_eq!(
        sites(&before(&text)),
        both(kept).chain(both("aws_iam_role.deleted")).chain(both(replaced)).collect::<Vec<_>>()
    );
    let site = &after.sites[0];
    assert_eq!(site.owner.account, OwnerAccount::Id("111122223333".into()));
    assert_eq!(site.owner.name.as_ref().and_then(Text::known), Some("r"));
    assert_eq!(site.owner.max_session_duration.as_ref().and_then(|text| text.value.known()), Some("7200"));
    assert_eq!(after.sites[1].owner.max_session_duration, None);
}

#[test]
fn places_are_inside_the_string() {
    let text = plan(
        &entry("aws_iam_role.r", &format!(r#""actions": ["create"], "after": {{"assume_role_policy": "{TRUST}"}}"#)),
        "{}",
    );
    let found = found(&text);
    let statement = &found.sites[0].document.get("Statement").and_then(Value::as_list).expect("statements")[0];
    let star = statement.at(&["Principal", "AWS"]).expect("a principal");
    assert_eq!(&text[star.span.range()], r#"\"*\""#);
    assert_eq!(&text[found.sites[0].anchor.range()], r#""aws_iam_role.r""#);
}

#[test]
fn an_attribute_that_nobody_wrote_is_nothing_to_judge() {
    let change = |name: &str| {
        entry(
            name,
            r#""actions": ["create"], "after": {"bucket": "b"}, "after_unknown": {"policy": true, "inline_policy": true}"#,
        )
    };
    let changes = format!("{}, {}", change("aws_s3_bucket.b"), change("aws_iam_role.b"));
    let bucket = block("managed", "aws_s3_bucket", "b", r#""bucket": {"constant_value": "b"}"#);
    let role = block("managed", "aws_iam_role", "b", "");
    let configured = found(&plan(&changes, &format!(r#"{{"resources": [{bucket}, {role}]}}"#)));
    assert!(configured.sites.is_empty() && configured.unresolved.is_empty(), "{:?}", configured.unresolved);
    // Without the configuration nobody can tell.
    assert_eq!(
        unresolved(&found(&plan(&changes, "{}"))),
        [
            "aws_s3_bucket.b: `policy` is known only after the plan is applied",
            "aws_iam_role.b: `inline_policy` is known only after the plan is applied"
        ]
    );
}

/// A role whose trust policy is not known, from an expression with these references.
fn unknown_role(address: &str) -> String {
    entry(address, r#""actions": ["create"], "after": {"name": "r"}, "after_unknown": {"assume_role_policy": true}"#)
}

fn references(names: &[&str]) -> String {
    format!(r#""assume_role_policy": {{"references": {names:?}}}"#)
}

const LATER: &str = r#""actions": ["read"], "before": null, "after": {"version": null, "source_policy_documents": null,
    "statement": [{"sid": "", "effect": null, "actions": ["sts:AssumeRole"], "resources": null, "condition": [
        {"test": "StringEquals", "variable": "sts:ExternalId", "values": [null, "&{aws:username}"]}],
      "principals": [{"type": "AWS", "identifiers": [null]}, {"type": "Service", "identifiers": ["ec2.amazonaws.com"]}]}]},
    "after_unknown": {"id": true, "json": true, "statement": [{"actions": [false], "condition": [{"values": [true, false]}],
      "principals": [{"identifiers": [true]}, {"identifiers": [false]}]}]},
    "after_sensitive": {"statement": [{"condition": [{"values": [true, false]}]}]}"#;

#[test]
fn a_document_that_is_read_later() {
    let data = block(
        "data",
        "aws_iam_policy_document",
        "d",
        r#""statement": [{"actions": {"constant_value": ["sts:AssumeRole"]}, "principals": [
            {"identifiers": {"references": ["aws_iam_role.other.arn", "aws_iam_role.other"]}}, {}]}]"#,
    );
    let other = block("managed", "aws_iam_role", "other", "");
    let expected = r#"{Version:"2012-10-17",Statement:[{Effect:"Allow",Action:["sts:AssumeRole"],Principal:{AWS:[<aws_iam_role.other.arn in statement[0].principals[0].identifiers[0]>],Service:["ec2.amazonaws.com"]},Condition:{StringEquals:{sts:ExternalId:[<statement[0].condition[0].values[0]>,"${aws:username}"]}}}]}"#;
    let json = "data.aws_iam_policy_document.d.json";
    let role = block("managed", "aws_iam_role", "r", &references(&[json, "data.aws_iam_policy_document.d"]));
    let changes = format!("{}, {}", unknown_role("aws_iam_role.r"), entry("data.aws_iam_policy_document.d", LATER));
    let text = plan(&changes, &format!(r#"{{"resources": [{role}, {data}, {other}]}}"#));
    let found = found(&text);
    assert_eq!(only(&found), ("aws_iam_role.r".to_owned(), "trust"));
    let document = &found.sites[0].document;
    assert_eq!(shown(document), expected);
    let statement = &document.get("Statement").expect("statements").one_or_many()[0];
    let holes = |path: &[&str]| -> Vec<Hole> {
        let value = statement.at(path).expect("a value").one_or_many()[0].as_text().expect("a string");
        value.holes().cloned().collect()
    };
    // Sensitive is stronger than not known; the ARN is of a role with the same provider.
    assert_eq!(holes(&["Condition", "StringEquals", "sts:ExternalId"])[0].why, "a sensitive value");
    assert_eq!(holes(&["Principal", "AWS"])[0].domain, Domain::OwnArn("AWS::IAM::Role".into()));
    // The role before is nothing, and the policy is not said to be removed.
    assert!(before(&text).sites.is_empty());
}

#[test]
fn the_provider_that_a_plan_makes_has_a_known_issuer() {
    let provider = |arguments: &str| {
        entry(
            "aws_iam_openid_connect_provider.github",
            &format!(r#""actions": ["create"], "after": {{{arguments}}}, "after_unknown": {{"arn": true}}"#),
        )
    };
    let data = block(
        "data",
        "aws_iam_policy_document",
        "d",
        r#""statement": [{"principals": [{"identifiers": {"references":
            ["aws_iam_openid_connect_provider.github.arn", "aws_iam_openid_connect_provider.github"]}}, {}]}]"#,
    );
    let role = block("managed", "aws_iam_role", "r", &references(&["data.aws_iam_policy_document.d.json"]));
    let known = block("managed", "aws_iam_openid_connect_provider", "github", "");
    let principal = |provider: String| {
        let later = entry("data.aws_iam_policy_document.d", LATER);
        let changes = format!("{}, {later}, {provider}", unknown_role("aws_iam_role.r"));
        let found = found(&plan(&changes, &format!(r#"{{"resources": [{role}, {data}, {known}]}}"#)));
        let statement = found.sites[0].document.get("Statement").expect("statements").one_or_many()[0].clone();
        shown(statement.at(&["Principal", "AWS"]).expect("a principal"))
    };
    assert_eq!(
        principal(provider(r#""url": "https://token.actions.githubusercontent.com""#)),
        "[arn:<partition>:iam::<account id>:oidc-provider/token.actions.githubusercontent.com]"
    );
    assert_eq!(
        principal(provider("")),
        "[<aws_iam_openid_connect_provider.github.arn in statement[0].principals[0].identifiers[0]>]"
    );
}

#[test]
fn a_document_behind_variables_outputs_and_keys() {
    let data = entry(r#"module.docs["k"].data.aws_iam_policy_document.d["a"]"#, LATER);
    let other = entry(r#"module.docs["k"].data.aws_iam_policy_document.d["b"]"#, r#""actions": ["read"], "after": {}"#);
    let role = unknown_role("module.roles.aws_iam_role.r[0]");
    let configuration = format!(
        r#"{{"module_calls": {{
            "roles": {{"expressions": {{"trust": {{"references": ["module.docs[\"k\"].json", "module.docs[\"k\"]", "module.docs"]}}}},
                "module": {{"resources": [{}]}}}},
            "docs": {{"module": {{"outputs": {{"json": {{"expression": {{"references":
                ["data.aws_iam_policy_document.d[\"a\"].json", "data.aws_iam_policy_document.d[\"a\"]", "data.aws_iam_policy_document.d"]}}}}}}}}}}}}}}"#,
        block("managed", "aws_iam_role", "r", &references(&["var.trust"]))
    );
    let found = found(&plan(&format!("{role}, {other}, {data}"), &configuration));
    assert_eq!(only(&found), ("module.roles.aws_iam_role.r[0]".to_owned(), "trust"));
    assert!(shown(&found.sites[0].document).contains("sts:ExternalId"));
}

#[test]
fn the_key_of_the_instance_chooses_the_document() {
    let json = |name: &str| {
        format!(r#""actions": ["read"], "after": {{"json": "{{\"Statement\": [{{\"Sid\": \"{name}\"}}]}}"}}"#)
    };
    let several = [
        unknown_role(r#"aws_iam_role.r["a"]"#),
        unknown_role(r#"aws_iam_role.r["b"]"#),
        entry(r#"data.aws_iam_policy_document.d["a"]"#, &json("A")),
        entry(r#"data.aws_iam_policy_document.d["b"]"#, &json("B")),
    ];
    let with = |names: &[&str]| {
        let role = block("managed", "aws_iam_role", "r", &references(names));
        found(&plan(&several.join(","), &format!(r#"{{"resources": [{role}]}}"#)))
    };
    let by_key = with(&["data.aws_iam_policy_document.d", "each.key"]);
    let documents: Vec<String> = by_key.sites.iter().map(|site| shown(&site.document)).collect();
    assert_eq!(documents, [r#"{Statement:[{Sid:"A"}]}"#, r#"{Statement:[{Sid:"B"}]}"#]);
    let single = block("managed", "aws_iam_role", "r", &references(&["data.aws_iam_policy_document.d"]));
    let changes = [unknown_role("aws_iam_role.r"), entry("data.aws_iam_policy_document.d[0]", &json("ONE"))].join(",");
    let single = found(&plan(&changes, &format!(r#"{{"resources": [{single}]}}"#)));
    assert_eq!(shown(&single.sites[0].document), r#"{Statement:[{Sid:"ONE"}]}"#, "`one(data….d[*].json)`");
    // One of them, and nothing tells which.
    let unclear = with(&["data.aws_iam_policy_document.d", "local.key"]);
    assert!(unclear.sites.is_empty());
    assert_eq!(
        unresolved(&unclear)[0],
        r#"aws_iam_role.r["a"]: `assume_role_policy` is known only after the plan is applied: it depends on `data.aws_iam_policy_document.d`, `local.key`"#
    );
}

#[test]
fn a_document_of_which_only_the_configuration_tells() {
    let data = block(
        "data",
        "aws_iam_policy_document",
        "d",
        r#""statement": [{"actions": {"constant_value": ["sts:AssumeRole"]}, "effect": {},
            "principals": [{"type": {"constant_value": "AWS"}, "identifiers": {"references": ["var.who"]}}]}]"#,
    );
    let role = block("managed", "aws_iam_role", "r", &references(&["data.aws_iam_policy_document.d.json"]));
    let found = found(&plan(&unknown_role("aws_iam_role.r"), &format!(r#"{{"resources": [{role}, {data}]}}"#)));
    // Each part may hold more than is written.
    assert_eq!(
        shown(&found.sites[0].document),
        r#"{Version:"2012-10-17",Statement:[{Effect:<statement[0].effect>,Action:["sts:AssumeRole"],Principal:{AWS:[<var.who in statement[0].principals[0].identifiers>,<dynamic blocks>]},Condition:{…:<dynamic blocks>}},<dynamic blocks>]}"#
    );
}

#[test]
fn documents_made_of_documents() {
    let statement = |sid: &str, action: &str| format!(r#"{{\"Sid\": \"{sid}\", \"Action\": \"{action}\"}}"#);
    let document = |statements: &[String]| format!(r#""{{\"Statement\": [{}]}}""#, statements.join(","));
    let after = format!(
        r#""actions": ["read"], "after": {{"source_policy_documents": [{}, null], "override_policy_documents": [{}],
            "statement": [{{"sid": "B", "actions": ["own:B"]}}]}},
            "after_unknown": {{"json": true, "source_policy_documents": [false, true]}}"#,
        document(&[statement("A", "source:A"), statement("B", "source:B"), statement("", "x:x")]),
        document(&[statement("A", "override:A"), statement("", "x:x")]),
    );
    let role = block("managed", "aws_iam_role", "r", &references(&["data.aws_iam_policy_document.d.json"]));
    let changes = format!("{}, {}", unknown_role("aws_iam_role.r"), entry("data.aws_iam_policy_document.d", &after));
    let found = found(&plan(&changes, &format!(r#"{{"resources": [{role}]}}"#)));
    assert_eq!(
        shown(&found.sites[0].document),
        r#"{Version:"2012-10-17",Statement:[{Sid:"A",Action:"override:A"},{Sid:"B",Effect:"Allow",Action:["own:B"]},{Sid:"",Action:"x:x"},<source_policy_documents[1]>,{Sid:"",Action:"x:x"}]}"#
    );
}

#[test]
fn references_that_lead_in_a_circle_end() {
    let role = block("managed", "aws_iam_role", "r", &references(&["var.trust"]));
    let configuration = format!(
        r#"{{"module_calls": {{"m": {{"expressions": {{"trust": {{"references": ["module.m.trust", "module.m"]}}}},
            "module": {{"resources": [{role}], "outputs": {{"trust": {{"expression": {{"references": ["var.trust"]}}}}}}}}}}}}}}"#
    );
    let found = found(&plan(&unknown_role("module.m.aws_iam_role.r"), &configuration));
    assert!(found.sites.is_empty());
    assert_eq!(found.unresolved.len(), 1, "{:?}", found.unresolved);
}

#[test]
fn one_document_for_many_resources_has_a_limit() {
    let statements: Vec<String> = (0..300).map(|at| format!(r#"{{"actions": ["s3:Get{at}"]}}"#)).collect();
    let later = format!(
        r#""actions": ["read"], "after": {{"statement": [{}]}}, "after_unknown": {{"json": true}}"#,
        statements.join(",")
    );
    let roles: Vec<String> = (0..3000).map(|at| unknown_role(&format!("aws_iam_role.r[{at}]"))).collect();
    let role = block("managed", "aws_iam_role", "r", &references(&["data.aws_iam_policy_document.d.json"]));
    let changes = format!("{}, {}", roles.join(","), entry("data.aws_iam_policy_document.d", &later));
    let found = found(&plan(&changes, &format!(r#"{{"resources": [{role}]}}"#)));
    assert_eq!(found.sites.len() + found.unresolved.len(), 3000);
    assert!(found.sites.len() > 100 && found.unresolved.len() > 100, "{}", found.sites.len());
    assert!(unresolved(&found)[0].ends_with("takes one of the documents that are too large to follow them all"));
}

#[test]
fn marks_of_one_resource_have_a_limit() {
    let members = |name: &str, value: &str| {
        (0..12_000).map(|at| format!(r#""{name}{at}": {value}"#)).collect::<Vec<_>>().join(",")
    };
    let change = format!(
        r#""actions": ["create"], "after": {{"principal": "*", {}}}, "after_unknown": {{{}}}"#,
        members("a", "1"),
        members("b", "true")
    );
    let found = found(&plan(&entry("aws_lambda_permission.p", &change), "{}"));
    assert!(found.sites.is_empty());
    assert_eq!(unresolved(&found), ["aws_lambda_permission.p: the plan says more of its attributes than is read"]);
}

#[test]
fn sensitive_values_are_no_part_of_any_site() {
    let policy = entry(
        "aws_iam_policy.p",
        &format!(
            r#""actions": ["update"], "before": {{"policy": "{TRUST}"}}, "after": {{"policy": "{TRUST}", "tags": {{"a": "s3cret"}}}},
               "before_sensitive": {{"policy": true}}, "after_sensitive": {{"policy": true, "tags": {{"a": true}}}}"#
        ),
    );
    let role = entry(
        "aws_iam_role.r",
        &format!(
            r#""actions": ["create"], "after": {{"assume_role_policy": "{TRUST}", "name": "s3cret"}}, "after_sensitive": {{"name": true}}"#
        ),
    );
    let text = plan(&format!("{policy}, {role}"), "{}");
    let found = found(&text);
    assert_eq!(only(&found), ("aws_iam_role.r".to_owned(), "trust"));
    assert_eq!(unresolved(&found), ["aws_iam_policy.p: `policy` is a sensitive value"]);
    let name = found.sites[0].owner.name.clone().expect("a name");
    assert_eq!((name.known(), name.only_hole().map(|hole| hole.why)), (None, Some("a sensitive value")));
    let mut source = crate::source::Source::new("plan.json", text.clone());
    source.conceal(&secret_places(&TerraformPlan, &text));
    assert!(!source.text.contains("s3cret") && source.text.len() == text.len());
    assert_eq!(source.text.matches("sts:AssumeRole").count(), 1, "only the policy that is not sensitive is shown");
}

#[test]
fn permissions_become_statements() {
    let permission = |resource_type: &str, after: &str, marks: &str| {
        let change = format!(r#""actions": ["create"], "after": {{{after}}}{marks}"#);
        let found = found(&plan(&entry(&format!("{resource_type}.p"), &change), "{}"));
        assert_eq!(only(&found), (format!("{resource_type}.p"), "resource"));
        let document = &found.sites[0].document;
        assert_eq!(document.get("Version").and_then(Value::as_str), Some("2012-10-17"));
        shown(&document.get("Statement").expect("statements").one_or_many()[0])
    };
    assert_eq!(
        permission(
            "aws_lambda_permission",
            r#""action": "lambda:InvokeFunction", "principal": "s3.amazonaws.com", "source_account": "111122223333",
               "function_name": "arn:aws:lambda:us-east-1:111122223333:function:f", "qualifier": "live", "statement_id": "S""#,
            r#", "after_unknown": {"source_arn": true}"#,
        ),
        r#"{Sid:"S",Effect:"Allow",Principal:{Service:"s3.amazonaws.com"},Action:"lambda:InvokeFunction",Resource:"arn:aws:lambda:us-east-1:111122223333:function:f:live",Condition:{ArnLike:{aws:SourceArn:<source_arn>},StringEquals:{aws:SourceAccount:"111122223333"}}}"#
    );
    assert_eq!(
        permission(
            "aws_lambda_permission",
            r#""action": "lambda:InvokeFunctionUrl", "principal": "*", "function_url_auth_type": "NONE", "function_name": "f""#,
            r#", "after_unknown": {"statement_id": true}"#,
        ),
        r#"{Effect:"Allow",Principal:"*",Action:"lambda:InvokeFunctionUrl",Resource:"*",Condition:{StringEquals:{lambda:FunctionUrlAuthType:"NONE"}}}"#
    );
    assert_eq!(
        permission(
            "aws_lambda_layer_version_permission",
            r#""action": "lambda:GetLayerVersion", "principal": "*", "organization_id": "o-a1b2c3d4e5""#,
            "",
        ),
        r#"{Effect:"Allow",Principal:"*",Action:"lambda:GetLayerVersion",Resource:"*",Condition:{StringEquals:{aws:PrincipalOrgID:"o-a1b2c3d4e5"}}}"#
    );
    assert_eq!(
        permission(
            "aws_cloudwatch_event_permission",
            r#""principal": "111122223333", "statement_id": "S", "condition": [{"key": "aws:PrincipalOrgID", "type": "StringEquals", "value": "o-a1b2c3d4e5"}]"#,
            "",
        ),
        r#"{Sid:"S",Effect:"Allow",Principal:{AWS:"111122223333"},Action:"events:PutEvents",Resource:"*",Condition:{StringEquals:{aws:PrincipalOrgID:"o-a1b2c3d4e5"}}}"#
    );
    assert_eq!(
        permission(
            "aws_lambda_permission",
            r#""action": "lambda:InvokeFunction""#,
            r#", "after_unknown": {"principal": true}"#
        ),
        r#"{Effect:"Allow",Principal:<principal>,Action:"lambda:InvokeFunction",Resource:"*"}"#
    );
}

#[test]
fn a_policy_that_only_repeats_another_is_judged_once() {
    let resource = |resource_type: &str, values: &str| {
        entry(
            &format!("{resource_type}.x"),
            &format!(r#""actions": ["no-op"], "before": {{{values}}}, "after": {{{values}}}"#),
        )
    };
    let policy = r#""policy": "{\"Statement\": []}""#;
    let bucket = resource("aws_s3_bucket", &format!(r#""bucket": "b", {policy}"#));
    let own = |bucket: &str| resource("aws_s3_bucket_policy", &format!(r#""bucket": "{bucket}", {policy}"#));
    let addresses = |changes: &[String], configuration: &str| -> Vec<String> {
        found(&plan(&changes.join(","), configuration)).sites.into_iter().map(|site| site.address).collect()
    };
    assert_eq!(addresses(&[bucket.clone(), own("b")], "{}"), ["aws_s3_bucket_policy.x"]);
    assert_eq!(addresses(&[bucket.clone(), own("c")], "{}"), ["aws_s3_bucket.x", "aws_s3_bucket_policy.x"]);
    let written = format!(r#"{{"resources": [{}]}}"#, block("managed", "aws_s3_bucket", "x", r#""policy": {}"#));
    assert_eq!(addresses(&[bucket, own("b")], &written), ["aws_s3_bucket.x", "aws_s3_bucket_policy.x"]);
    let role = resource(
        "aws_iam_role",
        &format!(
            r#""name": "r", "assume_role_policy": "{TRUST}", "inline_policy": [{{"name": "i", {policy}}}, {{"name": "j", {policy}}}]"#
        ),
    );
    let inline = resource("aws_iam_role_policy", &format!(r#""role": "r", "name": "i", {policy}"#));
    assert_eq!(
        addresses(&[role, inline], "{}"),
        ["aws_iam_role.x", "aws_iam_role.x.inline_policy[j]", "aws_iam_role_policy.x"]
    );
}

#[test]
fn policies_of_organizations() {
    let policy = |sort: &str| {
        let change = format!(r#""actions": ["create"], "after": {{"content": "{{\"Statement\": []}}"{sort}}}"#);
        sites(&found(&plan(&entry("aws_organizations_policy.p", &change), "{}"))).pop().map(|(_, kind)| kind)
    };
    assert_eq!(policy(""), Some("scp"));
    assert_eq!(policy(r#", "type": "RESOURCE_CONTROL_POLICY""#), Some("rcp"));
    assert_eq!(policy(r#", "type": "TAG_POLICY""#), None);
}

#[test]
fn the_account_of_the_provider_is_the_account_of_its_resources() {
    let identity = |account: &str| {
        format!(
            r#"{{"address": "data.aws_caller_identity.c{account}", "mode": "data", "type": "aws_caller_identity", "name": "c{account}", "values": {{"account_id": "{account}"}}}}"#
        )
    };
    let account = |identities: &[&str]| {
        let role =
            entry("aws_iam_role.r", &format!(r#""actions": ["create"], "after": {{"assume_role_policy": "{TRUST}"}}"#));
        let mut blocks = vec![block("managed", "aws_iam_role", "r", "")];
        blocks.extend(identities.iter().map(|id| block("data", "aws_caller_identity", &format!("c{id}"), "")));
        let prior: Vec<String> = identities.iter().map(|id| identity(id)).collect();
        let text = format!(
            r#"{{"resource_changes": [{role}], "prior_state": {{"values": {{"root_module": {{"resources": [{}]}}}}}}, "configuration": {{"root_module": {{"resources": [{}]}}}}}}"#,
            prior.join(","),
            blocks.join(",")
        );
        found(&text).sites.remove(0).owner.account
    };
    assert_eq!(account(&["111122223333"]), OwnerAccount::Id("111122223333".into()));
    assert_eq!(account(&["111122223333", "444455556666"]), OwnerAccount::Unknown);
    assert_eq!(account(&[]), OwnerAccount::Unknown);
}

#[test]
fn a_policy_that_becomes_unknown_is_not_removed() {
    let role = entry(
        "aws_iam_role.r",
        &format!(
            r#""actions": ["update"], "before": {{"assume_role_policy": "{TRUST}", "inline_policy": [{{"name": "i", "policy": "{TRUST}"}}]}},
               "after": {{"inline_policy": [{{"name": "i", "policy": "{TRUST}"}}]}}, "after_unknown": {{"assume_role_policy": true}}"#
        ),
    );
    let text = plan(&role, "{}");
    assert_eq!(found(&text).unresolved.len(), 1);
    assert_eq!(sites(&before(&text)), [("aws_iam_role.r.inline_policy[i]".to_owned(), "identity")]);
    let list = text.replace(r#""after": {"inline_policy": [{"name": "i", "policy": "#, r#""after": {"x": [{"y": "#);
    let list = list.replace(r#"{"assume_role_policy": true}"#, r#"{"inline_policy": true}"#);
    assert_eq!(sites(&before(&list)), [("aws_iam_role.r".to_owned(), "trust")]);
}

#[test]
fn planned_values_where_there_are_no_changes() {
    let text = format!(
        r#"{{"format_version": "0.1", "planned_values": {{"root_module": {{"child_modules": [{{"address": "module.m", "resources": [
            {{"address": "module.m.aws_iam_role.r", "mode": "managed", "type": "aws_iam_role", "name": "r", "values": {{"assume_role_policy": "{TRUST}"}}}}]}}]}}}}}}"#
    );
    assert_eq!(only(&found(&text)), ("module.m.aws_iam_role.r".to_owned(), "trust"));
}

#[test]
fn changes_that_are_left_to_a_later_plan() {
    let change =
        |name: &str| format!(r#"{{"reason": "resource_config_unknown", "resource_change": {}}}"#, entry(name, ""));
    let text = format!(
        r#"{{"format_version": "1.2", "resource_changes": [], "planned_values": {{}}, "complete": false, "errored": true,
            "deferred_changes": [{}, {}]}}"#,
        change("aws_iam_role.r"),
        change("aws_instance.i")
    );
    assert_eq!(unresolved(&found(&text)), ["aws_iam_role.r: its change is left to a later plan"]);
}

#[test]
fn versions_that_are_not_known() {
    let message = |input: &dyn Input, text: &str| {
        let found = extract(input, text);
        assert!(found.sites.is_empty());
        found.problems.into_iter().map(|problem| problem.message).collect::<Vec<_>>()
    };
    let plan = r#"{"format_version": "2.0", "resource_changes": [{"address": "a.b", "change": {}}]}"#;
    assert_eq!(message(&TerraformPlan, plan), ["the format version `2.0` of this Terraform output is not known"]);
    let number = r#"{"format_version": 1, "planned_values": {}}"#;
    assert_eq!(message(&TerraformPlan, number), ["expected a format version such as `1.2`, found a number"]);
    let old = r#"{"version": 3, "terraform_version": "0.11.14", "modules": []}"#;
    assert_eq!(message(&TerraformState, old), ["the version 3 of this state file is not known"]);
    assert_eq!(message(&TerraformPlan, r#"{"format_version": "1.99", "resource_changes": [], "new": 1}"#), [""; 0]);
}

#[test]
fn states() {
    let values = format!(
        r#"{{"format_version": "1.0", "values": {{"outputs": {{"o": {{"value": "s3cret", "sensitive": true}}}}, "root_module": {{"resources": [
            {{"address": "data.aws_iam_policy_document.d", "mode": "data", "type": "aws_iam_policy_document", "name": "d", "values": {{"json": "{TRUST}"}}}},
            {{"address": "aws_iam_role.r[0]", "mode": "managed", "type": "aws_iam_role", "name": "r", "index": 0,
              "values": {{"assume_role_policy": "{TRUST}", "arn": "arn:aws:iam::111122223333:role/r"}}}}],
            "child_modules": [{{"address": "module.m", "child_modules": [{{"address": "module.m.module.n", "resources": [
            {{"address": "module.m.module.n.aws_sqs_queue.q", "mode": "managed", "type": "aws_sqs_queue", "name": "q",
              "values": {{"policy": "{{\"Statement\": []}}"}}, "sensitive_values": {{"policy": true}}}}]}}]}}]}}}}}}"#
    );
    let shown = extract(&TerraformState, &values);
    assert_eq!(sites(&shown), [("aws_iam_role.r[0]".to_owned(), "trust")]);
    assert_eq!(unresolved(&shown), ["module.m.module.n.aws_sqs_queue.q: `policy` is a sensitive value"]);
    assert_eq!(secret_places(&TerraformState, &values).len(), 2);

    let file = format!(
        r#"{{"version": 4, "terraform_version": "1.9.8", "serial": 7, "lineage": "x", "outputs": {{}}, "resources": [
            {{"module": "module.m[\"a\"]", "mode": "managed", "type": "aws_iam_role", "name": "r", "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]",
              "instances": [{{"index_key": "k\"", "attributes": {{"assume_role_policy": "{TRUST}", "arn": "arn:aws:iam::111122223333:role/r"}}}},
                {{"index_key": "old", "deposed": "00000001", "attributes": {{"assume_role_policy": "{TRUST}"}}}}]}},
            {{"mode": "managed", "type": "aws_iam_user_policy", "name": "u", "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]",
              "instances": [{{"attributes_flat": {{"policy": "{TRUST}"}}}},
                {{"index_key": 1, "attributes": {{"policy": "{TRUST}"}}, "sensitive_attributes": [[{{"type": "get_attr", "value": "policy"}}]]}}]}}]}}"#
    );
    let found = extract(&TerraformState, &file);
    assert!(found.problems.is_empty(), "{:?}", found.problems);
    assert_eq!(
        sites(&found),
        [
            (r#"module.m["a"].aws_iam_role.r["k\""]"#.to_owned(), "trust"),
            ("aws_iam_user_policy.u".to_owned(), "identity")
        ]
    );
    assert_eq!(found.sites[1].owner.account, OwnerAccount::Id("111122223333".into()));
    assert_eq!(unresolved(&found), ["aws_iam_user_policy.u[1]: `policy` is a sensitive value"]);
    assert_eq!(secret_places(&TerraformState, &file).len(), 1);
}

#[test]
fn what_is_detected() {
    let detected = |text: &str| crate::input::detect(document(text)).map(|(input, _)| input.name());
    assert_eq!(detected(&plan(&entry("aws_x.y", ""), "{}")), Some("terraform-plan"));
    assert_eq!(detected(r#"{"format_version": "1.2", "planned_values": {}}"#), Some("terraform-plan"));
    assert_eq!(detected(r#"{"format_version": "1.0", "values": {"root_module": {}}}"#), Some("terraform-state"));
    assert_eq!(detected(r#"{"version": 4, "terraform_version": "1.9", "resources": []}"#), Some("terraform-state"));
    for text in [
        r#"{"format_version": "1.0", "provider_schemas": {}}"#,
        r#"{"format_version": "1.0", "valid": true, "diagnostics": []}"#,
        r#"{"version": "4", "resources": []}"#,
        r#"{"resource_changes": ["a"]}"#,
        "[]",
    ] {
        assert_eq!(detected(text), None, "{text}");
    }
    assert!(has_both_versions(document(&plan(&entry("aws_x.y", ""), "{}"))));
    assert!(!has_both_versions(document(r#"{"format_version": "1.2", "planned_values": {}}"#)));
}

#[test]
fn kinds_of_the_table() {
    let kind = |resource_type: &str, attribute: &str| {
        let change = format!(r#""actions": ["create"], "after": {{"{attribute}": "{{\"Statement\": []}}"}}"#);
        found(&plan(&entry(&format!("{resource_type}.x"), &change), "{}")).sites.remove(0).kind
    };
    assert_eq!(kind("aws_kms_key", "policy"), PolicyKind::Resource);
    assert_eq!(kind("aws_opensearch_domain", "access_policies"), PolicyKind::Resource);
    assert_eq!(kind("aws_transfer_user", "policy"), PolicyKind::Session);
    assert_eq!(kind("aws_ssoadmin_permission_set_inline_policy", "inline_policy"), PolicyKind::Identity);
    let access_point = entry(
        "aws_s3control_multi_region_access_point_policy.x",
        r#""actions": ["create"], "after": {"details": [{"name": "mrap", "policy": "{\"Statement\": []}"}]}"#,
    );
    let expected = "aws_s3control_multi_region_access_point_policy.x.details[mrap]".to_owned();
    assert_eq!(only(&found(&plan(&access_point, "{}"))), (expected, "resource"));
}
