mod values;

use super::references::MAX_INSTANCES;
use super::*;
use crate::input::Found;
use crate::site::{OwnerAccount, PolicyKind, PolicySite};
use crate::span::Span;
use crate::value::{Kind, Value};
use std::collections::{BTreeMap, HashSet};

/// Files of a test.
struct Memory(BTreeMap<PathBuf, String>);

impl Files for Memory {
    fn read(&self, path: &Path) -> Result<String, String> {
        self.0.get(path).cloned().ok_or_else(|| "no such file or directory".to_owned())
    }

    fn list(&self, folder: &Path) -> Vec<PathBuf> {
        self.0.keys().filter(|path| path.parent() == Some(folder)).cloned().collect()
    }

    fn shown(&self, path: &Path) -> String {
        path.to_string_lossy().into_owned()
    }
}

/// What was found, with the places in words.
struct Read {
    sites: Vec<(String, PolicyKind, String)>,
    branches: Vec<Vec<(String, bool)>>,
    documents: Vec<Value<'static>>,
    unresolved: Vec<String>,
    problems: Vec<String>,
    limits: Vec<String>,
    /// For each document, the keys that are given again, with their places.
    redefined: Vec<Vec<(String, String, String)>>,
    /// For each document, the text at the place of each string in it.
    places: Vec<Vec<(String, String)>>,
    origins: Vec<Vec<(String, String)>>,
}

fn read_with(files: &[(&str, &str)], vars: &[(&str, &str)]) -> Read {
    let memory = Memory(files.iter().map(|(path, text)| (PathBuf::from(path), (*text).to_owned())).collect());
    let loader = Loader::new(&memory);
    let vars: Vec<(String, String)> = vars.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
    let variables = Variables::new(&loader, &[], &vars).expect("the values are readable");
    let mut found = Found::default();
    extract(&loader, Path::new(""), &variables, &mut found);
    let at = |span: Span| {
        let (source, span) = loader.sources.locate(span).expect("every place is in a file");
        let start = source.position(span.start);
        format!("{}:{}:{} {}", source.path, start.line, start.column, source.slice(span))
    };
    let places = |site: &PolicySite<'_>| {
        let mut strings = Vec::new();
        texts(&site.document, &mut strings);
        strings.into_iter().map(|(text, span)| (text, at(span))).collect()
    };
    Read {
        sites: found.sites.iter().map(|site| (site.address.clone(), site.kind, at(site.anchor))).collect(),
        branches: found.sites.iter().map(|site| site.branch.clone()).collect(),
        documents: found.sites.iter().map(|site| (*site.document).clone().into_owned(&|span| span)).collect(),
        unresolved: found.unresolved.iter().map(|(span, what)| format!("{} | {what}", at(*span))).collect(),
        problems: found.problems.iter().map(|problem| format!("{} | {}", at(problem.span), problem.message)).collect(),
        limits: found.limits.iter().map(|limit| format!("{} | {}", at(limit.span), limit.message)).collect(),
        redefined: found
            .sites
            .iter()
            .map(|site| site.redefined.iter().map(|one| (one.key.clone(), at(one.first), at(one.last))).collect())
            .collect(),
        places: found.sites.iter().map(places).collect(),
        origins: found
            .sites
            .iter()
            .map(|site| site.origins.iter().map(|origin| (origin.what.clone(), at(origin.from))).collect())
            .collect(),
    }
}

fn read(files: &[(&str, &str)]) -> Read {
    let read = read_with(files, &[]);
    assert_eq!(read.problems, [""; 0], "{files:?}");
    read
}

fn texts(value: &Value<'_>, out: &mut Vec<(String, Span)>) {
    match &value.kind {
        Kind::String(text) => out.push((text.to_string(), value.span)),
        Kind::Template(text) => out.push((text.display().into_owned(), value.span)),
        Kind::Unknown(hole) => out.push((format!("?{}", hole.name), value.span)),
        Kind::List(items) => items.iter().for_each(|item| texts(item, out)),
        Kind::Map(members) => members.iter().for_each(|member| texts(&member.value, out)),
        Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Tagged(_) => {}
    }
}

/// A document as one line of JSON, holes as `${name}`.
fn json(value: &Value<'_>) -> String {
    match &value.kind {
        Kind::Null => "null".into(),
        Kind::Bool(value) => value.to_string(),
        Kind::Number(text) => text.to_string(),
        Kind::String(_) | Kind::Template(_) => {
            format!("{:?}", value.as_text().map(|text| text.display().into_owned()).unwrap_or_default())
        }
        Kind::Unknown(hole) => format!("?{}", hole.name),
        Kind::Tagged(tagged) => json(&tagged.value),
        Kind::List(items) => format!("[{}]", items.iter().map(json).collect::<Vec<_>>().join(",")),
        Kind::Map(members) => {
            let members = members.iter().map(|member| format!("{:?}:{}", member.key, json(&member.value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        }
    }
}

/// A role whose trust policy is this expression.
fn role(policy: &str) -> String {
    format!("resource \"aws_iam_role\" \"r\" {{\n  assume_role_policy = {policy}\n}}\n")
}

/// A trust policy for these principals, as an expression.
fn trust(aws: &str) -> String {
    role(&format!(
        "jsonencode({{ Statement = [{{ Effect = \"Allow\", Principal = {{ AWS = {aws} }}, Action = \"sts:AssumeRole\" }}] }})"
    ))
}

/// The principals of the only document.
fn principals(files: &[(&str, &str)]) -> String {
    let read = read(files);
    assert_eq!(read.documents.len(), 1, "{:?} {:?}", read.sites, read.unresolved);
    let statement = read.documents[0].get("Statement").expect("it has statements");
    json(statement.one_or_many()[0].at(&["Principal", "AWS"]).expect("it has principals"))
}

#[test]
fn every_spelling_of_a_policy_gives_the_same_document() {
    let expected = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["sts:AssumeRole"],"Principal":{"AWS":["*"]}}]}"#;
    let body = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["sts:AssumeRole"], "Principal": {"AWS": ["*"]}}]}"#;
    let object = r#"{ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = ["sts:AssumeRole"], Principal = { AWS = ["*"] } }] }"#;
    let document = "data \"aws_iam_policy_document\" \"d\" {\n  statement {\n    actions = [\"sts:AssumeRole\"]\n    principals {\n      type = \"AWS\"\n      identifiers = [\"*\"]\n    }\n  }\n}\n";
    let files = |main: String| {
        vec![("main.tf", main), ("p.json", body.to_owned()), ("t.tftpl", body.replace("\"*\"", "\"${who}\""))]
    };
    for main in [
        role(&format!("jsonencode({object})")),
        role(&format!("{body:?}")),
        role(&format!("<<EOF\n{body}\nEOF")),
        role(&format!("<<-EOF\n    {body}\n  EOF")),
        role("file(\"p.json\")"),
        role("file(\"${path.module}/p.json\")"),
        role("templatefile(\"t.tftpl\", { who = \"*\" })"),
        role("data.aws_iam_policy_document.d.json") + document,
        role("join(\"\", data.aws_iam_policy_document.d.*.json)") + document,
        role("one(data.aws_iam_policy_document.d[*].json)") + &document.replacen('{', "{\n  count = 1\n", 1),
        role("data.aws_iam_policy_document.d[0].json") + &document.replacen('{', "{\n  count = 1\n", 1),
        role("local.p") + &format!("locals {{\n  p = jsonencode({object})\n}}\n"),
        role("jsonencode(local.p)") + &format!("locals {{\n  p = {object}\n}}\n"),
        role("jsonencode(jsondecode(file(\"p.json\")))"),
        role("trimspace(<<EOF\n\n EOF\nEOF\n)").replace("\n\n EOF\n", &format!("\n  {body}\n")),
        role(&format!("true ? jsonencode({object}) : \"\"")),
        role(&format!("var.p == \"\" ? jsonencode({object}) : \"\"")) + "variable \"p\" {\n  default = []\n}\n",
    ] {
        let all = files(main);
        let all: Vec<(&str, &str)> = all.iter().map(|(path, text)| (*path, text.as_str())).collect();
        let read = read_with(&all, &[("p", "")]);
        assert_eq!(read.problems, [""; 0], "{}", all[0].1);
        assert_eq!(read.sites.len(), 1, "{} {:?}", all[0].1, read.unresolved);
        assert_eq!(read.sites[0].0, "aws_iam_role.r");
        let sorted = |text: String| {
            let mut value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
            value.sort_all_objects();
            value.to_string()
        };
        assert_eq!(sorted(json(&read.documents[0])), sorted(expected.to_owned()), "{}", all[0].1);
        for (text, place) in &read.places[0] {
            let known = ["\"who\"", "resource", "data", "statement", "${who}"];
            assert!(
                place.contains(text.as_str()) || known.iter().any(|known| place.contains(known)),
                "{text} at {place} in {}",
                all[0].1
            );
        }
    }
}

#[test]
fn places_are_those_that_a_person_would_point_at() {
    let main = "resource \"aws_iam_role\" \"r\" {\n  assume_role_policy = <<-EOF\n    {\n      \"Statement\": [{\n        \"Principal\": {\"AWS\": [\"*\", \"${var.other}\"]},\n        \"Resource\": \"$${aws:username}\"\n      }]\n    }\n  EOF\n}\n";
    let read = read(&[("main.tf", main)]);
    let place = |text: &str| read.places[0].iter().find(|(known, _)| known == text).map(|(_, place)| place.as_str());
    assert_eq!(place("*"), Some("main.tf:5:31 \"*\""));
    assert_eq!(place("${var.other}"), Some("main.tf:5:39 var.other"));
    assert_eq!(place("${aws:username}"), Some("main.tf:6:21 \"$${aws:username}\""));
    assert_eq!(read.sites[0].2, "main.tf:1:1 resource \"aws_iam_role\" \"r\"");
}

#[test]
fn values_come_from_where_terraform_takes_them() {
    let main = trust("var.who");
    let variable = "variable \"who\" {\n  type = list(string)\n  default = [\"a\"]\n}\n";
    let read_of = |extra: &[(&str, &str)], vars: &[(&str, &str)]| {
        let files = [&[("main.tf", main.as_str()), ("v.tf", variable)], extra].concat();
        let read = read_with(&files, vars);
        read.documents
            .iter()
            .map(|document| {
                json(
                    document
                        .get("Statement")
                        .and_then(|list| list.one_or_many()[0].at(&["Principal", "AWS"]))
                        .expect("there"),
                )
            })
            .collect::<Vec<_>>()
    };
    // A default may be another value: both are looked at.
    assert_eq!(read_of(&[], &[]), ["[\"a\"]", "?var.who"]);
    assert_eq!(read_of(&[("terraform.tfvars", "who = [\"b\"]")], &[]), ["[\"b\"]"]);
    assert_eq!(read_of(&[("a.auto.tfvars", "who = [\"c\"]"), ("terraform.tfvars", "who = [\"b\"]")], &[]), ["[\"c\"]"]);
    assert_eq!(read_of(&[("z.auto.tfvars.json", "{\"who\": [\"d\"]}")], &[]), ["[\"d\"]"]);
    assert_eq!(read_of(&[("terraform.tfvars", "who = [\"b\"]")], &[("who", "[\"e\"]")]), ["[\"e\"]"]);
    // Files of values that nobody names do not count.
    assert_eq!(read_of(&[("prod.tfvars", "who = [\"f\"]")], &[]).len(), 2);
}

#[test]
fn the_default_is_shown_where_it_decides() {
    let main = trust("var.who");
    let read = read(&[("main.tf", &main), ("v.tf", "variable \"who\" {\n  default = [\"x\", \"*\"]\n}\n")]);
    assert_eq!(read.branches, [[(DEFAULTS.to_owned(), true)], [(DEFAULTS.to_owned(), false)]]);
    assert_eq!(read.places[0].iter().filter(|(_, place)| place.ends_with("var.who")).count(), 2);
    assert_eq!(read.origins[0], [("the default of `var.who`".to_owned(), "v.tf:2:13 [\"x\", \"*\"]".to_owned())]);
    let one = self::read(&[("main.tf", &trust("[var.who]")), ("v.tf", "variable \"who\" {\n  default = \"*\"\n}\n")]);
    let hole =
        one.documents[0].get("Statement").and_then(|list| list.one_or_many()[0].at(&["Principal", "AWS"])).cloned();
    let hole = hole.and_then(|list| list.one_or_many()[0].as_text()).expect("a string");
    assert_eq!((hole.known(), hole.likely().as_deref()), (None, Some("*")));
}

#[test]
fn expressions_over_known_values() {
    for (expression, expected) in [
        (r#"concat(["a"], ["b"])"#, r#"["a","b"]"#),
        (r#"flatten([["a"], [["b"]]])"#, r#"["a","b"]"#),
        (r#"toset(["a", "a"])"#, r#"["a"]"#),
        (r#"join(":", ["a", "b"])"#, r#""a:b""#),
        (r#"format("arn:%s:%d", "x", 12)"#, r#""arn:x:12""#),
        (r#"formatlist("%s:root", ["a", "b"])"#, r#"["a:root","b:root"]"#),
        (r#"[for name in ["a", "b"] : "${name}!"]"#, r#"["a!","b!"]"#),
        (r#"[for k, v in { x = "1" } : "${k}=${v}"]"#, r#"["x=1"]"#),
        (r#"[for v in ["a", "b"] : v if v != "a"]"#, r#"["b"]"#),
        (r#"values({ for v in ["a", "b"] : upper(v) => v })"#, r#"["a","b"]"#),
        (r#"merge({ a = "1" }, { a = "2" })["a"]"#, r#""2""#),
        (r#"lookup({ a = "1" }, "b", "none")"#, r#""none""#),
        (r#"length(["a"]) > 0 ? "yes" : "no""#, r#""yes""#),
        (r#"try({ a = "1" }.b, "fallback")"#, r#""fallback""#),
        (r#"coalesce(null, "", "x")"#, r#""x""#),
        (r#"split(",", "a,b")"#, r#"["a","b"]"#),
        (r#"replace("a-b", "-", "_")"#, r#""a_b""#),
        (r#"element(["a", "b"], 3)"#, r#""b""#),
        (r#"[{ n = "a" }, { n = "b" }][*].n"#, r#"["a","b"]"#),
        (r#"local.l["k"]"#, r#"["v"]"#),
        (r#""%{ if true }a%{ else }b%{ endif }""#, r#""a""#),
        (r#""%{ for x in ["a", "b"] }<${x}>%{ endfor }""#, r#""<a><b>""#),
        (r#"012345678901"#, "12345678901"),
        (r#"jsondecode("{\"a\": [\"b\"]}").a"#, r#"["b"]"#),
        (r#"!false && true ? "t" : "f""#, r#""t""#),
        (r#"contains(["a"], "a") ? "t" : "f""#, r#""t""#),
        (r#"distinct(compact(["a", "", "a"]))"#, r#"["a"]"#),
        (r#"startswith("abc", "a") ? "t" : "f""#, r#""t""#),
        (r#"tolist(setsubtract(["a", "b"], ["a"]))"#, r#"["b"]"#),
        (r#"zipmap(["a"], ["b"])["a"]"#, r#""b""#),
    ] {
        let main = trust(expression) + "locals {\n  l = { k = [\"v\"] }\n}\n";
        assert_eq!(principals(&[("main.tf", &main)]), expected, "{expression}");
    }
}

#[test]
fn what_is_not_known_keeps_its_text_and_its_shape() {
    for (expression, expected) in [
        ("data.aws_caller_identity.current.account_id", "\"${data.aws_caller_identity.current.account_id}\""),
        ("\"arn:${data.aws_partition.p.partition}:x\"", "\"arn:${data.aws_partition.p.partition}:x\""),
        ("var.unknown", "?var.unknown"),
        ("concat([\"a\"], var.unknown)", "[\"a\",?var.unknown]"),
        ("aws_iam_user.u.arn", "\"${aws_iam_user.u.arn}\""),
        ("aws_iam_user.u.name", "\"the-user\""),
        ("join(\"\", aws_iam_user.u.*.arn)", "\"${aws_iam_user.u.*.arn}\""),
        ("module.registry.arn", "?module.registry.arn"),
        ("lower(var.unknown)", "\"${lower(var.unknown)}\""),
        ("[for v in var.unknown : v]", "?[for v in var.unknown : v]"),
    ] {
        let main = trust(expression)
            + "data \"aws_caller_identity\" \"current\" {}\ndata \"aws_partition\" \"p\" {}\nresource \"aws_iam_user\" \"u\" {\n  name = \"the-user\"\n}\nmodule \"registry\" {\n  source = \"terraform-aws-modules/iam/aws\"\n}\nvariable \"unknown\" {}\n";
        assert_eq!(principals(&[("main.tf", &main)]), expected, "{expression}");
    }
}

#[test]
fn the_own_account_is_known_as_such_and_another_provider_is_not() {
    use crate::value::Domain;
    let domain = |extra: &str, provider: &str| {
        let main = trust("data.aws_caller_identity.c.account_id").replacen("{\n", &format!("{{\n{provider}"), 1)
            + &format!("data \"aws_caller_identity\" \"c\" {{{extra}}}\n");
        let read = read(&[("main.tf", &main)]);
        let mut holes = Vec::new();
        crate::policy::holes(&read.documents[0], &mut holes);
        holes[0].1.domain.clone()
    };
    assert_eq!(domain("", ""), Domain::OwnAccount);
    assert_eq!(domain("\n  provider = aws.other\n", ""), Domain::AccountId);
    assert_eq!(domain("", "  provider = aws.other\n"), Domain::AccountId);
}

#[test]
fn the_account_is_that_of_the_provider() {
    let account = |provider: &str, attribute: &str| {
        let main = trust("\"*\"").replacen("{\n", &format!("{{\n{attribute}"), 1) + provider;
        let memory = Memory(BTreeMap::from([(PathBuf::from("main.tf"), main)]));
        let loader = Loader::new(&memory);
        let mut found = Found::default();
        extract(&loader, Path::new(""), &Variables::default(), &mut found);
        found.sites[0].owner.account.clone()
    };
    let id = |id: &str| OwnerAccount::Id(id.to_owned());
    let allowed = "provider \"aws\" {\n  allowed_account_ids = [\"294750163881\"]\n}\n";
    let other = "provider \"aws\" {\n  alias = \"other\"\n  assume_role {\n    role_arn = \"arn:aws:iam::803914726655:role/x\"\n  }\n}\n";
    assert_eq!(account(allowed, ""), id("294750163881"));
    assert_eq!(account(&format!("{allowed}{other}"), "  provider = aws.other\n"), id("803914726655"));
    assert_eq!(account(allowed, "  provider = aws.other\n"), OwnerAccount::Unknown);
    assert_eq!(
        account(
            "provider \"aws\" {\n  allowed_account_ids = var.ids\n}\nvariable \"ids\" {\n  default = [\"294750163881\"]\n}\n",
            ""
        ),
        OwnerAccount::Unknown
    );
    assert_eq!(
        account("provider \"aws\" {\n  allowed_account_ids = [\"294750163881\", \"803914726655\"]\n}\n", ""),
        OwnerAccount::Unknown
    );
}

#[test]
fn an_openid_connect_provider_has_the_arn_of_its_issuer() {
    let main = trust("aws_iam_openid_connect_provider.github.arn")
        + "resource \"aws_iam_openid_connect_provider\" \"github\" {\n  url = \"https://token.actions.githubusercontent.com\"\n}\n";
    assert_eq!(
        principals(&[("main.tf", &main)]),
        "\"arn:${the partition}:iam::${the own account}:oidc-provider/token.actions.githubusercontent.com\""
    );
}

#[test]
fn conditions_that_are_not_known_make_variants() {
    let main = trust("var.open ? \"*\" : \"123456789012\"") + "variable \"open\" {}\n";
    let read = read(&[("main.tf", &main)]);
    assert_eq!(read.branches, [[("var.open".to_owned(), true)], [("var.open".to_owned(), false)]]);
    // One question, however it is asked.
    let main = trust("var.a == null && length(var.b) > 0 ? \"x\" : (var.a != null ? \"y\" : \"z\")");
    let read = self::read(&[("main.tf", &main)]);
    assert_eq!(read.documents.len(), 3);
    // A resource that is not there in a variant is not judged in it.
    let main = trust("var.on ? \"*\" : \"no\"").replacen("{\n", "{\n  count = var.on ? 1 : 0\n", 1);
    assert_eq!(principals(&[("main.tf", &main)]), "\"*\"");
    let main = trust("\"*\"").replacen("{\n", "{\n  count = 0\n", 1);
    assert_eq!(self::read(&[("main.tf", &main)]).sites, []);
}

#[test]
fn every_side_of_many_conditions_is_in_some_choice() {
    for count in [6, 16, 40, 200] {
        let list: String = (0..count).map(|at| format!("var.c{at} ? \"a{at}\" : \"b{at}\", ")).collect();
        let read = read(&[("main.tf", &trust(&format!("[{list}]")))]);
        assert!(read.limits.is_empty() && read.documents.len() <= 32, "{count}: {}", read.documents.len());
        assert!(read.documents.iter().all(|document| document.count_unknown() == 0), "{count}");
        let texts: HashSet<&String> = read.places.iter().flatten().map(|(text, _)| text).collect();
        for side in ["a", "b"] {
            assert!((0..count).all(|at| texts.contains(&format!("{side}{at}"))), "{side} of {count}");
        }
    }
}

#[test]
fn every_side_of_a_chain_of_conditions_is_in_some_choice() {
    let locals: String = (0..60).map(|at| format!("  l{at} = var.c{at} ? \"a{at}\" : local.l{}\n", at + 1)).collect();
    let main = trust("local.l0") + &format!("locals {{\n{locals}  l60 = \"*\"\n}}\n");
    let read = read(&[("main.tf", &main)]);
    assert_eq!(read.limits, Vec::<String>::new());
    let texts: HashSet<&str> = read.places.iter().flatten().map(|(text, _)| text.as_str()).collect();
    assert!((0..60).all(|at| texts.contains(format!("a{at}").as_str())) && texts.contains("*"));
    let star = read.places.iter().position(|texts| texts.iter().any(|(text, _)| text == "*")).expect("the end");
    assert_eq!(read.branches[star].len(), 60, "it rests on all of them");
}

#[test]
fn more_choices_than_are_picked_are_said() {
    // Chains beside one another, each of which needs a choice for each of its conditions.
    let chain = |name: usize| {
        (0..20).rev().fold("\"end\"".to_owned(), |rest, at| format!("(var.c{name}_{at} ? \"a\" : {rest})"))
    };
    let list: Vec<String> = (0..12).map(chain).collect();
    let read = read(&[("main.tf", &trust(&format!("[{}]", list.join(", "))))]);
    let [limit] = read.limits.as_slice() else { panic!("{:?}", read.limits) };
    assert!(limit.starts_with("main.tf:1:1 ") && limit.contains("more conditions that are not known"), "{limit}");
}

#[test]
fn instances_that_differ_are_told_apart() {
    let main = trust("each.value").replacen("{\n", "{\n  for_each = { a = \"1\", b = \"2\" }\n", 1);
    let addresses: Vec<String> = read(&[("main.tf", &main)]).sites.into_iter().map(|site| site.0).collect();
    assert_eq!(addresses, ["aws_iam_role.r[\"a\"]", "aws_iam_role.r[\"b\"]"]);
    let main = trust("\"*\"").replacen("{\n", "{\n  for_each = toset([\"a\", \"b\"])\n", 1);
    let addresses: Vec<String> = read(&[("main.tf", &main)]).sites.into_iter().map(|site| site.0).collect();
    assert_eq!(addresses, ["aws_iam_role.r"]);
    let main = trust("each.value.arn").replacen("{\n", "{\n  for_each = var.roles\n", 1);
    assert_eq!(principals(&[("main.tf", &main)]), "?each.value of var.roles.arn");
}

#[test]
fn modules_are_judged_with_what_their_calls_give_them() {
    let child = trust("var.who")
        + "variable \"who\" {}\noutput \"doc\" {\n  value = jsonencode({ Statement = [{ Effect = \"Deny\", Action = \"*\" }] })\n}\n";
    let main = "module \"m\" {\n  source = \"./child\"\n  who = [\"*\"]\n}\nresource \"aws_iam_role\" \"own\" {\n  assume_role_policy = module.m.doc\n}\n";
    let read = read(&[("main.tf", main), ("child/main.tf", &child)]);
    let addresses: Vec<&str> = read.sites.iter().map(|site| site.0.as_str()).collect();
    assert_eq!(addresses, ["module.m.aws_iam_role.r", "aws_iam_role.own"]);
    assert!(read.sites[0].2.starts_with("child/main.tf:1:1"));
    assert_eq!(
        read.origins[0][0],
        ("the value of `var.who` in this call of the module".into(), "main.tf:3:9 [\"*\"]".into())
    );
}

#[test]
fn data_documents_with_all_their_parts() {
    let main = role("data.aws_iam_policy_document.d.json")
        + r#"
data "aws_iam_policy_document" "base" {
  statement {
    sid     = "One"
    actions = ["a:Old"]
  }
  statement {
    sid     = "Two"
    actions = ["a:Two"]
  }
}
data "aws_iam_policy_document" "over" {
  statement {
    sid     = "Two"
    effect  = "Deny"
    actions = ["a:Over"]
  }
}
data "aws_iam_policy_document" "d" {
  source_policy_documents   = [data.aws_iam_policy_document.base.json]
  override_policy_documents = [data.aws_iam_policy_document.over.json]
  statement {
    sid           = "One"
    not_actions   = ["a:New"]
    not_resources = ["arn:&{aws:username}"]
    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
    principals {
      type        = "Service"
      identifiers = ["ecs.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:x"
      values   = ["1"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:y"
      values   = ["2"]
    }
  }
  dynamic "statement" {
    for_each = ["b:1", "b:2"]
    iterator = each_action
    content {
      actions = [each_action.value]
      not_principals {
        type        = "*"
        identifiers = ["*"]
      }
    }
  }
}
"#;
    let read = read(&[("main.tf", &main)]);
    assert_eq!(read.sites.len(), 1, "the documents are parts of one: {:?}", read.sites);
    let statements: Vec<String> =
        read.documents[0].get("Statement").expect("there").one_or_many().iter().map(json).collect();
    assert_eq!(
        statements,
        [
            r#"{"Sid":"One","Effect":"Allow","NotAction":["a:New"],"NotResource":["arn:${aws:username}"],"Principal":{"Service":["ec2.amazonaws.com","ecs.amazonaws.com"]},"Condition":{"StringEquals":{"aws:x":["1"],"aws:y":["2"]}}}"#,
            r#"{"Sid":"Two","Effect":"Deny","Action":["a:Over"]}"#,
            r#"{"Effect":"Allow","Action":["b:1"],"NotPrincipal":"*"}"#,
            r#"{"Effect":"Allow","Action":["b:2"],"NotPrincipal":"*"}"#,
        ]
    );
}

#[test]
fn blocks_that_may_be_there_leave_the_policy_open() {
    let main = role("data.aws_iam_policy_document.d.json")
        + "variable \"more\" {}\ndata \"aws_iam_policy_document\" \"d\" {\n  dynamic \"statement\" {\n    for_each = var.more\n    content {\n      actions = [\"a:b\"]\n    }\n  }\n  statement {\n    actions = [\"sts:AssumeRole\"]\n    principals {\n      type = \"AWS\"\n      identifiers = [\"*\"]\n    }\n    dynamic \"condition\" {\n      for_each = var.more\n      content {\n        test = \"StringEquals\"\n        variable = condition.value.key\n        values = []\n      }\n    }\n  }\n}\n";
    let read = read(&[("main.tf", &main)]);
    let policy = crate::policy::lower(&read.documents[0]);
    assert!(policy.open_ended && policy.statements[0].conditions_open_ended);
    assert_eq!(policy.facts, []);
}

#[test]
fn a_principal_that_is_not_known_stands_beside_those_that_are() {
    let block = |kind: &str| format!("principals {{\n      type = {kind}\n      identifiers = [\"*\"]\n    }}\n");
    let dynamic = "dynamic \"principals\" {\n      for_each = var.more\n      content {\n        type = \"Service\"\n        identifiers = [principals.value]\n      }\n    }\n";
    for (blocks, expected) in [
        (block("\"AWS\"") + &block("var.kind"), r#"{"AWS":["*",?var.kind]}"#),
        (block("\"AWS\"") + dynamic, r#"{"AWS":["*",?dynamic]}"#),
        (block("var.kind"), "?var.kind"),
        (block("\"AWS\"") + &block("\"*\""), r#""*""#),
    ] {
        let main = role("data.aws_iam_policy_document.d.json")
            + &format!(
                "variable \"more\" {{}}\nvariable \"kind\" {{}}\ndata \"aws_iam_policy_document\" \"d\" {{\n  statement {{\n    actions = [\"sts:AssumeRole\"]\n    {blocks}  }}\n}}\n"
            );
        let read = read(&[("main.tf", &main)]);
        let statement = read.documents[0].get("Statement").expect("statements").one_or_many()[0].clone();
        assert_eq!(json(statement.get("Principal").expect("principals")), expected, "{main}");
        let policy = crate::policy::lower(&read.documents[0]);
        let open = policy.statements[0].principals.as_ref().is_some_and(|principals| principals.open_ended);
        assert_eq!((open, policy.facts.len()), (expected.contains('?'), 0));
    }
}

#[test]
fn blocks_in_json_may_stand_alone_and_dynamic_ones_leave_the_policy_open() {
    let document = |statement: &str, more: &str| {
        let text = format!(
            r#"{{"data": {{"aws_iam_policy_document": {{"d": {{"statement": {statement}{more}}}}}}},
              "resource": {{"aws_iam_role": {{"r": {{"assume_role_policy": "${{data.aws_iam_policy_document.d.json}}"}}}}}}}}"#
        );
        let read = read(&[("main.tf.json", &text)]);
        assert_eq!(read.sites.len(), 1, "{:?}", read.unresolved);
        read.documents.into_iter().next().expect("it is there")
    };
    let one = r#"{"actions": ["sts:AssumeRole"], "principals": {"type": "AWS", "identifiers": ["*"]},
        "condition": {"test": "Bool", "variable": "aws:SecureTransport", "values": ["true"]}}"#;
    assert_eq!(
        json(&document(one, "")),
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["sts:AssumeRole"],"Principal":{"AWS":["*"]},"Condition":{"Bool":{"aws:SecureTransport":["true"]}}}]}"#
    );
    let narrowed = one.replacen('{', r#"{"dynamic": {"condition": {"for_each": "${var.more}", "content": {}}},"#, 1);
    let policy = crate::policy::lower(&document(&format!("[{narrowed}]"), ""));
    assert!(policy.statements[0].conditions_open_ended && !policy.open_ended, "{policy:?}");
    assert_eq!(policy.statements[0].conditions.len(), 1);
    let more = r#", "dynamic": {"statement": {"for_each": "${var.more}", "content": {"actions": ["a:b"]}}}"#;
    let policy = crate::policy::lower(&document(one, more));
    assert!(policy.open_ended && policy.statements.len() == 1 && policy.facts.is_empty(), "{policy:?}");
}

#[test]
fn a_condition_of_a_permission_may_be_there() {
    let main = "variable \"org\" {}\nresource \"aws_cloudwatch_event_permission\" \"p\" {\n  principal = \"*\"\n  statement_id = \"s\"\n  dynamic \"condition\" {\n    for_each = var.org\n    content {\n      key = \"aws:PrincipalOrgID\"\n      type = \"StringEquals\"\n      value = condition.value\n    }\n  }\n}\n";
    let read = read(&[("main.tf", main)]);
    let policy = crate::policy::lower(&read.documents[0]);
    assert!(policy.statements[0].conditions_open_ended && policy.facts.is_empty(), "{policy:?}");
}

#[test]
fn every_resource_and_what_nothing_uses() {
    let document = "data \"aws_iam_policy_document\" \"free\" {\n  statement {\n    actions = [\"sts:AssumeRole\"]\n    principals {\n      type = \"AWS\"\n      identifiers = [\"*\"]\n    }\n  }\n}\n";
    let policy = "jsonencode({ Statement = [{ Effect = \"Allow\", Action = \"s3:*\", Resource = \"*\" }] })";
    let resource =
        |kind: &str, attribute: &str| format!("resource \"{kind}\" \"x\" {{\n  {attribute} = {policy}\n}}\n");
    let main = [
        document.to_owned(),
        resource("aws_iam_policy", "policy"),
        resource("aws_iam_role_policy", "policy"),
        resource("aws_s3_bucket_policy", "policy"),
        resource("aws_organizations_policy", "content"),
        resource("aws_ssoadmin_permission_set_inline_policy", "inline_policy"),
        resource("aws_iot_policy", "policy"),
        format!("resource \"aws_iam_role\" \"i\" {{\n  inline_policy {{\n    name = \"n\"\n    policy = {policy}\n  }}\n}}\n"),
        "resource \"aws_lambda_permission\" \"l\" {\n  action = \"lambda:InvokeFunction\"\n  function_name = \"f\"\n  principal = \"s3.amazonaws.com\"\n}\n".to_owned(),
        format!("module \"m\" {{\n  source = \"some/registry/aws\"\n  policy = {policy}\n}}\n"),
    ]
    .concat();
    let read = read(&[("main.tf", &main)]);
    let found: Vec<(&str, &str)> = read.sites.iter().map(|site| (site.0.as_str(), site.1.name())).collect();
    assert_eq!(
        found,
        [
            ("aws_iam_policy.x", "identity"),
            ("aws_iam_role_policy.x", "identity"),
            ("aws_s3_bucket_policy.x", "resource"),
            ("aws_organizations_policy.x", "scp"),
            ("aws_ssoadmin_permission_set_inline_policy.x", "identity"),
            ("aws_iam_role.i.inline_policy[n]", "identity"),
            ("aws_lambda_permission.l", "resource"),
            ("module.m.policy", "identity"),
            ("data.aws_iam_policy_document.free", "trust"),
        ]
    );
}

#[test]
fn terraform_in_json() {
    let text = r#"{"variable": {"who": {"default": "*"}},
      "resource": {"aws_iam_role": {"r": {"assume_role_policy": "${jsonencode({Statement = [{Effect = \"Allow\", Principal = {AWS = \"*\"}, Action = \"sts:AssumeRole\"}]})}"},
        "s": {"assume_role_policy": "{\"Statement\": [{\"Principal\": {\"AWS\": \"${var.who}\"}}]}"},
        "t": {"assume_role_policy": "${data.aws_iam_policy_document.d.json}"}}},
      "data": {"aws_iam_policy_document": {"d": {"statement": [{"actions": ["sts:AssumeRole"], "principals": [{"type": "AWS", "identifiers": ["*"]}]}]}}}}"#;
    let read = read(&[("main.tf.json", text)]);
    let addresses: Vec<&str> = read.sites.iter().map(|site| site.0.as_str()).collect();
    assert_eq!(addresses, ["aws_iam_role.r", "aws_iam_role.s", "aws_iam_role.t"]);
    let star = |at: usize| read.places[at].iter().find(|(text, _)| text == "*").map(|(_, place)| place.as_str());
    assert_eq!(star(0), Some(r#"main.tf.json:2:133 \"*\""#));
    assert_eq!(star(2), Some(r#"main.tf.json:5:143 "*""#));
    let hole = read.places[1].iter().find(|(text, _)| text == "${var.who}").map(|(_, place)| place.as_str());
    assert_eq!(hole, Some("main.tf.json:3:85 var.who"));
}

#[test]
fn what_cannot_be_read_is_said_and_the_rest_is_judged() {
    let fine = trust("\"*\"");
    let broken = format!("{fine}resource \"aws_iam_role\" \"bad\" {{\n  x = = 1\n}}\n");
    let read = read_with(&[("main.tf", &broken)], &[]);
    assert_eq!((read.sites.len(), read.problems.len()), (1, 1));
    assert!(read.problems[0].starts_with("main.tf:5:7"), "{:?}", read.problems);

    let circular = format!(
        "{fine}locals {{\n  a = local.b\n  b = \"${{local.a}}\"\n}}\nresource \"aws_iam_role\" \"c\" {{\n  assume_role_policy = local.a\n}}\n"
    );
    let read = read_with(&[("main.tf", &circular)], &[]);
    assert_eq!(read.sites.len(), 1);
    assert_eq!(read.problems.len(), 1, "{:?}", read.problems);
    assert!(read.problems[0].ends_with("local.a | this refers to itself"), "{:?}", read.problems);

    let missing = fine.clone() + &role("templatefile(\"none.tftpl\", {})").replace("\"r\"", "\"m\"");
    let read = read_with(&[("main.tf", &missing)], &[]);
    assert_eq!(read.sites.len(), 1);
    assert!(
        read.unresolved[0].contains("`templatefile(\"none.tftpl\", …)` is a file that cannot be read"),
        "{:?}",
        read.unresolved
    );

    let object = role("{ Statement = [] }");
    let read = read_with(&[("main.tf", &object)], &[]);
    assert!(read.problems[0].contains("expected a string of JSON"), "{:?}", read.problems);

    let text = role("\"{\\\"Statement\\\": [}\"");
    let read = read_with(&[("main.tf", &text)], &[]);
    assert!(!read.problems.is_empty());
}

#[test]
fn modules_and_templates_that_call_themselves_end() {
    let main = trust("\"*\"") + "module \"m\" {\n  source = \"./\"\n}\n";
    let read = read_with(&[("main.tf", &main)], &[]);
    assert!(read.limits.iter().any(|limit| limit.contains("modules are followed")), "{:?}", read.limits);
    let main = role("templatefile(\"t\", { x = \"y\" })");
    let read = read_with(&[("main.tf", &main), ("t", "${templatefile(\"t\", { x = x })}")], &[]);
    assert!(read.limits.iter().any(|limit| limit.contains("templates call for each other")), "{:?}", read.limits);
}

#[test]
fn work_is_bounded() {
    // Loops in loops.
    let mut nested = "\"x\"".to_owned();
    for _ in 0..9 {
        nested = format!("[for a in range(100) : {nested}]");
    }
    let read = read_with(&[("main.tf", &trust(&nested))], &[]);
    assert!(read.limits.iter().any(|limit| limit.contains("was stopped here after")), "{:?}", read.limits);
    // Locals that double.
    let locals: String =
        (1..60).map(|at| format!("  l{at} = \"${{local.l{}}}${{local.l{}}}\"\n", at - 1, at - 1)).collect();
    let main = trust("local.l59") + &format!("locals {{\n  l0 = \"xxxxxxxxxx\"\n{locals}}}\n");
    let read = read_with(&[("main.tf", &main)], &[]);
    assert_eq!(read.sites.len(), 1);
    assert!(read.limits.iter().any(|limit| limit.contains("is not read to its end")), "{:?}", read.limits);
    // Chains longer than the stack.
    let locals: String = (1..5000).map(|at| format!("  l{at} = local.l{}\n", at - 1)).collect();
    let main = trust("local.l4999") + &format!("locals {{\n  l0 = \"x\"\n{locals}}}\n");
    let read = read_with(&[("main.tf", &main)], &[]);
    assert!(read.limits.iter().any(|limit| limit.contains("nested more than")), "{:?}", read.limits);
}

/// What a short expression makes too much of is said where it stands.
#[test]
fn lists_and_texts_that_are_not_made_are_said() {
    let many = "[for a in range(9000) : \"x\"]";
    let limited = [
        "range(10001)".to_owned(),
        format!("concat({many}, {many}, {many})"),
        format!("flatten([{many}, [{many}, {many}]])"),
        format!("setproduct({many}, [1, 2])"),
        "split(\",\", join(\",\", [for a in range(9000) : format(\"%0200d\", a)]))".to_owned(),
        "keys(merge({ for a in range(9000) : \"a${a}\" => 1 }, { for a in range(9000) : \"b${a}\" => 1 }))".to_owned(),
    ];
    for list in limited {
        let list = list.replace("format(\"%0200d\", a)", &format!("\"{}${{a}}\"", "x".repeat(200)));
        let read = read(&[("main.tf", &trust(&list))]);
        let [limit] = read.limits.as_slice() else { panic!("{list}: {:?}", read.limits) };
        assert!(limit.contains("and is not evaluated"), "{limit}");
    }
    assert_eq!(read(&[("main.tf", &trust("range(10000)"))]).limits, Vec::<String>::new());
}

#[test]
fn more_instances_than_are_told_apart_are_said() {
    let of = |count: usize| {
        let each = format!("{{\n  for_each = toset([for a in range({count}) : \"r${{a}}\"])\n");
        read(&[("main.tf", &trust("each.value").replacen("{\n", &each, 1))])
    };
    let read = of(MAX_INSTANCES + 1);
    assert_eq!(read.sites.len(), MAX_INSTANCES);
    assert!(read.limits[0].contains("only the first 1000 instances"), "{:?}", read.limits);
    assert_eq!(of(MAX_INSTANCES).limits, Vec::<String>::new());
}

#[test]
fn a_document_takes_any_number_of_blocks() {
    let main = "data \"aws_iam_policy_document\" \"d\" {\n  statement {\n    actions = [\"sts:AssumeRole\"]\n    dynamic \"principals\" {\n      \
                for_each = range(3000)\n      content {\n        type = principals.value > 2000 ? \"AWS\" : \"Service\"\n        \
                identifiers = [\"p${principals.value}\"]\n      }\n    }\n    dynamic \"condition\" {\n      for_each = range(3000)\n      \
                content {\n        test = \"StringEquals\"\n        variable = \"k${condition.value}\"\n        values = [\"v\"]\n      \
                }\n    }\n  }\n}\n";
    let read = read(&[("main.tf", main)]);
    let statement = &read.documents[0].get("Statement").and_then(Value::as_list).expect("statements")[0];
    let count = |path: &[&str]| {
        statement.at(path).map(|value| value.one_or_many().len().max(value.as_map().map_or(0, <[_]>::len)))
    };
    assert_eq!(count(&["Principal", "AWS"]), Some(999));
    assert_eq!(count(&["Principal", "Service"]), Some(2001));
    assert_eq!(count(&["Condition", "StringEquals"]), Some(3000));
    assert_eq!(read.limits, Vec::<String>::new());
}
