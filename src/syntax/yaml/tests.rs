#![allow(clippy::unwrap_used)]

use super::alias::MAX_COPIES;
use super::*;
use crate::source::OffsetMap;

/// The only document of a text without problems.
fn one(text: &str) -> Value<'_> {
    let mut parsed = parse(text);
    assert_eq!(parsed.problems, [], "{text}");
    assert_eq!(parsed.documents.len(), 1, "{text}");
    parsed.documents.pop().expect("there is one")
}

pub(super) fn at(text: &str, span: Span) -> &str {
    &text[span.range()]
}

/// The source slice of the value under a key.
fn source<'t>(text: &'t str, path: &[&str]) -> &'t str {
    at(text, one(text).at(path).expect("the path exists").span)
}

fn problems(text: &str) -> Vec<(String, String)> {
    let parsed = parse(text);
    parsed.problems.iter().map(|problem| (problem.message.clone(), at(text, problem.span).to_owned())).collect()
}

fn kind<'t>(text: &'t str, key: &str) -> Kind<'t> {
    let Kind::Map(members) = one(text).kind else { panic!("not an object") };
    members.into_iter().find(|member| member.key == key).expect("the key exists").value.kind
}

fn string(text: &str) -> Kind<'_> {
    Kind::String(text.into())
}

/// Every node of a tree, with its parent's span.
pub(super) fn walk<'v, 's>(value: &'v Value<'s>, see: &mut impl FnMut(&'v Value<'s>, Span)) {
    see(value, value.span);
    match &value.kind {
        Kind::List(items) => {
            for item in items {
                see(item, value.span);
                walk(item, see);
            }
        }
        Kind::Map(members) => {
            for member in members {
                see(&member.value, value.span);
                walk(&member.value, see);
            }
        }
        Kind::Tagged(tagged) => walk(&tagged.value, see),
        _ => {}
    }
}

/// Each string of a document is what its slice says.
pub(super) fn assert_unescapes(text: &str, root: &Value<'_>) {
    walk(root, &mut |value, _| {
        if let Kind::String(string) = &value.kind {
            let raw = at(text, value.span);
            let (unescaped, map) = unescape(raw).unwrap_or_else(|| panic!("no text in {raw:?}"));
            assert_eq!(unescaped, *string, "{raw:?} in {text:?}");
            for (inner, character) in unescaped.char_indices() {
                let outer = map.place(Span::new(inner, inner + character.len_utf8()));
                assert!(outer.end as usize <= raw.len(), "{raw:?} at {inner}");
                let written = &raw[outer.range()];
                // A character is written as itself, as an escape, as a fold, or by the end of the last line.
                assert!(
                    written.starts_with(character)
                        || written.starts_with(['\\', '\'', '\r', '\n', ' ', '\t'])
                        || (written.is_empty() && character == '\n'),
                    "{written:?} is {character:?} in {raw:?}"
                );
            }
        }
    });
}

const TEMPLATE: &str = r#"# A template with every short tag.
AWSTemplateFormatVersion: 2010-09-09
Conditions:
  Prod: !Equals [!Ref Stage, prod]
  Both: !And [!Condition Prod, !Not [!Or [!Condition A, !Condition B]]]
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      RoleName: !Sub 'app-${Stage}'   # a comment
      Path: !Join ["/", ["", a, ""]]
      Boundary: !ImportValue "shared-boundary"
      Az: !Select [0, !GetAZs ""]
      Arn: !GetAtt Other.Arn
      Mapped: !FindInMap [A, B, C]
      Parts: !Split [",", !Base64 x]
      Net: !Cidr [10.0.0.0/16, 2, 8]
      Extra: !Transform
        Name: AWS::Include

      Policy: !Sub
        - "arn:${X}"
        - X: 1
      Empty: !Ref
      If: !If [Prod, a, !Ref AWS::NoValue]
"#;

#[test]
fn cloudformation_spans_slice_to_what_was_written() {
    let root = one(TEMPLATE);
    let properties = root.at(&["Resources", "Role", "Properties"]).expect("there");
    let tagged = |key: &str| {
        let member = properties.member(key).expect("there");
        assert_eq!(at(TEMPLATE, member.key_span), key);
        let Kind::Tagged(tagged) = &member.value.kind else { panic!("{key} is not tagged") };
        assert_eq!(tagged.value.span, member.value.span);
        assert_eq!(at(TEMPLATE, tagged.tag_span), format!("!{}", tagged.tag));
        (tagged.tag.to_string(), at(TEMPLATE, tagged.value.span), tagged.value.sort())
    };
    let expect = [
        ("RoleName", "Sub", "'app-${Stage}'", "a string"),
        ("Path", "Join", r#"["/", ["", a, ""]]"#, "a list"),
        ("Boundary", "ImportValue", r#""shared-boundary""#, "a string"),
        ("Az", "Select", r#"[0, !GetAZs ""]"#, "a list"),
        ("Arn", "GetAtt", "Other.Arn", "a string"),
        ("Mapped", "FindInMap", "[A, B, C]", "a list"),
        ("Parts", "Split", r#"[",", !Base64 x]"#, "a list"),
        ("Net", "Cidr", "[10.0.0.0/16, 2, 8]", "a list"),
        ("Extra", "Transform", "Name: AWS::Include", "an object"),
        ("Policy", "Sub", "- \"arn:${X}\"\n        - X: 1", "a list"),
        ("Empty", "Ref", "", "null"),
        ("If", "If", "[Prod, a, !Ref AWS::NoValue]", "a list"),
    ];
    for (key, tag, slice, sort) in expect {
        assert_eq!(tagged(key), (tag.to_owned(), slice, sort), "{key}");
    }
    assert_eq!(source(TEMPLATE, &["Conditions", "Prod"]), "[!Ref Stage, prod]");
    assert_eq!(root.get("AWSTemplateFormatVersion").and_then(Value::as_str), Some("2010-09-09"));
    assert_eq!(at(TEMPLATE, root.span), TEMPLATE[TEMPLATE.find("AWST").unwrap()..].trim_end());
    assert_unescapes(TEMPLATE, &root);
}

#[test]
fn a_policy_in_a_block_scalar_is_found_at_its_bytes() {
    for text in [
        "Policy: |\n  {\n    \"é\": 1,\n\n    \"Effect\": \"Allow\"\n  }\nNext: 1\n".to_owned(),
        "a:\r\n- Policy: |-  # | comment\r\n\r\n    {\"Effect\":\r\n      \"Allow\"}\r\n\r\n- b".to_owned(),
        "Policy: >\n  {\"x\":\n   1,\n\n  \"Effect\": \"Allow\"}".to_owned(),
        "Policy: \"{\\\"Effect\\\": \\\n  \\\"Allow\\\"}\"".to_owned(),
        "Policy: '{\"Effect\":\n\n  \"Allow\"}'".to_owned(),
    ] {
        let root = one(&text);
        assert_unescapes(&text, &root);
        let mut found = 0;
        walk(&root, &mut |value, _| {
            let Some(inner) = value.as_str().and_then(|string| string.find("Allow")) else {
                return;
            };
            let (_, map) = unescape(at(&text, value.span)).expect("a scalar");
            let place = OffsetMap::shifted(value.span.start as usize).compose(&map).place(Span::new(inner, inner + 5));
            assert_eq!(place.start as usize, text.find("Allow").unwrap());
            assert_eq!(at(&text, place), "Allow");
            found += 1;
        });
        assert!(found > 0, "{text}");
    }
}

#[test]
fn spans_of_block_scalars() {
    let text = "a: |\n  x\n  y\n\n# c\nb: >2-  # | not this\n\n    x\n\n\nc: |+\n  x\n\n\nd: |\n# comment\ne: &z|2 !Sub |\n    x\nf:\n  - |+\n\n  - >-\n   x\n";
    let expect = [
        ("a", "|\n  x\n  y"),
        ("b", ">2-  # | not this\n\n    x"),
        ("c", "|+\n  x\n\n\n"),
        ("d", "|"),
        ("e", "|\n    x"),
    ];
    for (key, slice) in expect {
        assert_eq!(source(text, &[key]), slice, "{key}");
    }
    assert_eq!(source(text, &["f"]), "- |+\n\n  - >-\n   x");
    assert_eq!(kind(text, "b"), string("\n  x"));
    assert_eq!(kind(text, "c"), string("x\n\n\n"));
}

#[test]
fn spans_of_collections_end_with_their_content() {
    let text = "a:\n- - x\n  -\n- y: 1\n  z:\n\n# end\nb: [1,\n 2 ] # c\nc: {d: e, f}\ng: [h: i, j: ]\n? k\n: l\n";
    for (key, slice) in
        [("a", "- - x\n  -\n- y: 1\n  z:"), ("b", "[1,\n 2 ]"), ("c", "{d: e, f}"), ("g", "[h: i, j: ]"), ("k", "l")]
    {
        assert_eq!(source(text, &[key]), slice, "{key}");
    }
    let root = one(text);
    let list = root.get("a").and_then(Value::as_list).expect("a list");
    assert_eq!(at(text, list[0].span), "- x\n  -");
    assert_eq!(at(text, list[1].span), "y: 1\n  z:");
    assert_eq!(at(text, root.get("g").expect("g").as_list().expect("a list")[0].span), "h: i");
}

#[test]
fn plain_scalars_mean_what_the_core_schema_says() {
    for null in ["null", "Null", "NULL", "~", ""] {
        assert_eq!(kind(&format!("a: {null}"), "a"), Kind::Null, "{null}");
    }
    for (text, value) in [("true", true), ("True", true), ("TRUE", true), ("false", false), ("FALSE", false)] {
        assert_eq!(kind(&format!("a: {text}"), "a"), Kind::Bool(value));
    }
    for number in [
        "0",
        "-1",
        "+12",
        "012345678901",
        "0o14",
        "0xfF",
        "1.5",
        "-.5",
        "1.",
        "1e3",
        "6.02E+23",
        ".inf",
        "-.INF",
        ".nan",
    ] {
        assert_eq!(kind(&format!("a: {number}"), "a"), Kind::Number(number.into()));
    }
    for text in [
        "2012-10-17",
        "yes",
        "No",
        "on",
        "OFF",
        "tRue",
        "1.2.3",
        "0o8",
        "0x",
        "1e",
        ".",
        "-",
        "1_000",
        "12:30",
        "x",
        "nan",
        "+.nan",
        "a{{ b }}",
    ] {
        if text != "-" {
            assert_eq!(kind(&format!("a: {text}"), "a"), string(text));
        }
        assert_eq!(kind(&format!("a: '{text}'"), "a"), string(text));
        assert_eq!(kind(&format!("a: \"{text}\""), "a"), string(text));
    }
    assert_eq!(kind("a: '1'", "a"), string("1"));
    assert_eq!(kind("a: |-\n 1", "a"), string("1"));
}

#[test]
fn tags_of_yaml_itself_are_resolved() {
    assert_eq!(kind("a: !!str 012", "a"), string("012"));
    assert_eq!(kind("a: !<tag:yaml.org,2002:str> 012", "a"), string("012"));
    assert_eq!(kind("%TAG !y! tag:yaml.org,2002:\n---\na: !y!str 012", "a"), string("012"));
    assert_eq!(kind("a: ! 012", "a"), string("012"));
    assert_eq!(kind("a: !!str", "a"), string(""));
    assert_eq!(kind("a: !!int '12'", "a"), Kind::Number("12".into()));
    assert_eq!(kind("a: !!bool \"true\"", "a"), Kind::Bool(true));
    assert_eq!(kind("a: !!null ''", "a"), Kind::Null);
    assert_eq!(kind("a: !!seq [1]", "a").clone(), kind("a:       [1]", "a"));
    assert_eq!(kind("a: ! {}", "a"), Kind::Map(vec![]));
    assert_eq!(problems("a: !!int x"), [("`x` is not what its tag `!!int` says".into(), "x".into())]);
    assert_eq!(problems("a: !!str [x]"), [("a list is not what its tag `!!str` says".into(), "[x]".into())]);
    let text = "a: !Sub 123456789012\nb: !<!Ref> x\nc: !!binary aa\nd: !a%20b x";
    let tag = |key: &str| match kind(text, key) {
        Kind::Tagged(tagged) => (tagged.tag.to_string(), at(text, tagged.tag_span), tagged.value.sort()),
        other => panic!("{other:?}"),
    };
    assert_eq!(tag("a"), ("Sub".into(), "!Sub", "a string"));
    assert_eq!(tag("b"), ("Ref".into(), "!<!Ref>", "a string"));
    assert_eq!(tag("c"), ("tag:yaml.org,2002:binary".into(), "!!binary", "a string"));
    assert_eq!(tag("d"), ("a b".into(), "!a%20b", "a string"));
}

#[test]
fn account_ids_without_quotes_are_warned_of() {
    let text = "a: 012345678901\nb: '012345678901'\nc: 112345678901\nd: !!str 012345678901\ne: &x [098765432109]\nf: *x\n012345678902: g";
    let warnings = parse(text).warnings;
    let places: Vec<_> = warnings.iter().map(|warning| at(text, warning.span)).collect();
    assert_eq!(places, ["012345678901", "098765432109", "012345678902"]);
    assert_eq!(warnings[0].message, "`012345678901` without quotes is read as a number");
    assert!(warnings[0].help.as_deref().is_some_and(|help| help.contains("\"012345678901\"")));
}

#[test]
fn strings_borrow_from_the_source() {
    let text = "- plain é\n- 'single'\n- \"double\"\n- |-\n  x\n";
    for item in one(text).as_list().expect("a list").iter().take(3) {
        assert!(matches!(&item.kind, Kind::String(Cow::Borrowed(_))), "{item:?}");
    }
}

#[test]
fn aliases_copy_and_keep_the_spans() {
    let text = "a: &x !Sub 'v'\nb: *x\nc: &y [1, &z {k: *x}]\nd: [*y, *z]\n&k key: 1\n*k : 2\n";
    let root = one(text);
    assert_eq!(root.get("a"), root.get("b"));
    let list = root.get("d").expect("d");
    assert_eq!(at(text, list.span), "[*y, *z]");
    assert_eq!(list.as_list().expect("a list")[0], *root.get("c").expect("c"));
    let keys: Vec<_> = root.as_map().expect("an object").iter().map(|member| &*member.key).collect();
    assert_eq!(keys, ["a", "b", "c", "d", "key", "key"]);
}

#[test]
fn an_anchor_may_be_set_again() {
    let text = "- &x 1\n- *x\n- &x 2\n- *x\n---\n- *x";
    let parsed = parse(text);
    let numbers: Vec<_> = parsed.documents[0].as_list().expect("a list").iter().map(|item| item.kind.clone()).collect();
    assert_eq!(numbers, ["1", "1", "2", "2"].map(|number| Kind::Number(number.into())));
    assert_eq!(problems(text), [("no anchor `&x` stands before this alias".into(), "*x".into())]);
    assert!(matches!(parsed.documents[1].as_list().expect("a list")[0].kind, Kind::Unknown(_)));
}

#[test]
fn merge_keys() {
    let text =
        "a: &a {k: 1, l: 1}\nb: &b {l: 2, m: 2}\nc:\n  m: 3\n  <<: [*a, *b]\n  n: 3\nd: {'<<': 1}\ne: {<<: *a, <<: *b}";
    let root = one(text);
    let members = |key: &str| -> Vec<(String, Kind<'_>)> {
        let map = root.get(key).and_then(Value::as_map).expect("an object");
        map.iter().map(|member| (member.key.to_string(), member.value.kind.clone())).collect()
    };
    let number = |key: &str, number: &'static str| (key.to_owned(), Kind::Number(number.into()));
    assert_eq!(members("c"), [number("m", "3"), number("n", "3"), number("k", "1"), number("l", "1")]);
    assert_eq!(members("d"), [number("<<", "1")]);
    assert_eq!(members("e"), [number("k", "1"), number("l", "1"), number("m", "2")]);
    assert_eq!(source(text, &["c"]), "m: 3\n  <<: [*a, *b]\n  n: 3");

    let wrong = "a: {<<: 1, b: 2}";
    assert_eq!(problems(wrong), [("`<<` takes an object or a list of objects, not a number".into(), "<<".into())]);
    let keys: Vec<_> =
        parse(wrong).documents[0].get("a").unwrap().as_map().unwrap().iter().map(|m| m.key.to_string()).collect();
    assert_eq!(keys, ["b", "<<"]);
    assert_eq!(problems("a: {<<: *gone}").len(), 1);
}

#[test]
fn a_value_cannot_contain_itself() {
    for text in ["&a [*a]", "&a {b: *a}", "&a {<<: *a}", "x: &a\n  - b: [*a]"] {
        let expect = [("`*a` stands inside the value that it repeats".to_owned(), "*a".to_owned())];
        assert_eq!(problems(text), expect, "{text}");
        assert_eq!(parse(text).documents[0].count_unknown(), 1);
    }
}

#[test]
fn the_alias_budget_holds() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..30 {
        let before = format!("*a{}, ", level - 1).repeat(10);
        bomb.push_str(&format!("a{level}: &a{level} [{before}]\n"));
    }
    let parsed = parse(&bomb);
    let messages: Vec<_> = parsed.problems.iter().map(|problem| problem.message.as_str()).collect();
    assert_eq!(messages, ["aliases would copy more than 100000 nodes"]);
    let mut nodes = 0;
    walk(&parsed.documents[0], &mut |_, _| nodes += 1);
    assert!(nodes < 3 * MAX_COPIES, "{nodes}");

    // Text that is not borrowed counts by its length.
    let long = format!("- &a \"\\n{}\"\n{}", "x".repeat(1 << 20), "- *a\n".repeat(100));
    let parsed = parse(&long);
    assert_eq!(parsed.problems.len(), 1);
    assert_eq!(parsed.documents[0].count_unknown(), 100 - MAX_COPIES / (1 + (1 << 20) / 100));
}

#[test]
fn depth_is_limited() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(problems(&nested(MAX_DEPTH)), []);
    let too_deep = "nested deeper than 128 levels";
    for text in [
        nested(MAX_DEPTH + 1),
        "[".repeat(100_000),
        "- ".repeat(100_000),
        "{a: ".repeat(100_000),
        "? ".repeat(100_000),
        "{".repeat(100_000),
        "!x [".repeat(10_000),
    ] {
        let parsed = parse(&text);
        assert_eq!(parsed.problems.len(), 1, "{}", &text[..10]);
        assert_eq!(parsed.problems[0].message, too_deep);
        assert!(parsed.documents.is_empty());
    }
    // Block and flow nest in each other, and an alias adds the depth of its anchor.
    assert_eq!(problems(&format!("{}{}", "- ".repeat(100), nested(29)))[0].0, too_deep);
    let mut text = "- &a0 []\n".to_owned();
    for level in 1..200 {
        text.push_str(&format!("- &a{level} [*a{}]\n", level - 1));
    }
    assert_eq!(problems(&text).iter().map(|problem| problem.0.as_str()).collect::<Vec<_>>(), [too_deep]);
    assert_eq!(parse(&format!("{}\n---\nb: 1", "[".repeat(1000))).documents.len(), 1, "the next document is read");
}

#[test]
fn huge_scalars_pass() {
    let long = "x".repeat(1 << 20);
    for text in [format!("a: {long}"), format!("a: '{long}'"), format!("a: |-\n  {long}"), format!("a: \"{long}\"")] {
        assert_eq!(kind(&text, "a"), string(&long));
    }
}

#[test]
fn documents_stand_on_their_own() {
    let text = "a: 1\n---\nb: [1\n---\nc: 1\n...\n---\n'd\n---\n- e\n";
    let parsed = parse(text);
    assert_eq!(
        parsed.documents.iter().map(|document| at(text, document.span)).collect::<Vec<_>>(),
        ["a: 1", "c: 1", "- e"]
    );
    assert_eq!(parsed.problems.len(), 2);
    assert!(parsed.problems.iter().all(|problem| problem.help.is_some()));
    assert_eq!(problems(text)[1], ("this quoted string is not closed".into(), "'".into()));
    assert!(parse("").documents.is_empty());
    assert!(parse("# only a comment\n").documents.is_empty());
    assert_eq!(parse("---\n---\n").documents.len(), 2);
    assert_eq!(parse("{a: 1} x").documents.len(), 1, "what stands before the error is whole");
}

#[test]
fn keys_are_kept_as_written() {
    let text = "a: 1\na: 2\n1: x\ntrue: y\n~: z\n012: u\n'q': v\n\"\\x41\": w\n: e\n";
    let root = one(text);
    let keys: Vec<_> = root.as_map().expect("an object").iter().map(|m| (&*m.key, at(text, m.key_span))).collect();
    let expect = [
        ("a", "a"),
        ("a", "a"),
        ("1", "1"),
        ("true", "true"),
        ("~", "~"),
        ("012", "012"),
        ("q", "'q'"),
        ("A", "\"\\x41\""),
        ("", ""),
    ];
    assert_eq!(keys, expect);
    let complex = "? [a, b]\n: c\n? {d: e}\n: f\n!Ref x: y\ng: h\n";
    assert_eq!(
        problems(complex).iter().map(|problem| problem.1.as_str()).collect::<Vec<_>>(),
        ["[a, b]", "{d: e}", "x"]
    );
    assert_eq!(parse(complex).documents[0].as_map().expect("an object").len(), 1);
}

#[test]
fn a_byte_order_mark_and_crlf_keep_offsets_true() {
    let text = "\u{feff}# c\r\na: é\r\nb:\r\n  - |\r\n    x\r\n    y\r\n  - \"p\r\n     q\"\r\n";
    let root = one(text);
    assert_eq!(source(text, &["a"]), "é");
    assert_eq!(source(text, &["b"]), "- |\r\n    x\r\n    y\r\n  - \"p\r\n     q\"");
    assert_eq!(root.get("b").unwrap().as_list().unwrap()[0].as_str(), Some("x\ny\n"));
    assert_unescapes(text, &root);
}

#[test]
fn templates_are_named_as_such() {
    let text = "a: {{ .Values.a }}\nb: {{ .Values.b }}\nc: '{{ x }}'\nd: 1\n";
    let found = problems(text);
    assert_eq!(
        found,
        [("this file is a template: `{{ … }}` stands where YAML expects a value".into(), "{{ .Values.a }}".into())]
    );
    let reference = "a: {{resolve:ssm:x:1}}";
    assert_eq!(problems(reference)[0].0, "the dynamic reference `{{resolve:ssm:x:1}}` needs quotes");
    assert_eq!(problems("a: '{{resolve:ssm:x:1}}")[0].0, "this quoted string is not closed");
    let root = &parse(text).documents[0];
    assert!(matches!(root.get("a").unwrap().kind, Kind::Unknown(_)));
    assert_eq!(at(text, root.get("a").unwrap().span), "{{ .Values.a }}");
    assert_eq!(root.get("d").unwrap().kind, Kind::Number("1".into()));
    for text in [
        "a: {{- x }}",
        "{{ if x }}\na: 1\n{{ end }}\n",
        "{% if x %}\na: 1\n",
        "a:\n{{- range .x }}\n  - b\n{{ end }}\n",
        "a: {{ x }}y\n",
    ] {
        let problems = parse(text).problems;
        assert!(problems.iter().any(|problem| problem.message.starts_with("this file is a template")), "{text}");
        assert!(problems.iter().any(|problem| at(text, problem.span).starts_with('{')), "{text}");
    }
}

#[test]
fn mistakes_are_explained() {
    for (text, message, place) in [
        ("a:\n\tb: 1\n", "a tab cannot indent YAML", "\t"),
        ("a: 'x\nb: 1\n", "this quoted string is not closed", "'"),
        ("a: \"\\d\"\n", "this string holds an escape that YAML does not know", "\""),
        ("a: 'x' y\n", "unexpected text after a quoted string", "y"),
        ("a: [1}\n", "this `[` is closed by `}`", "["),
        ("a: b: c\n", "a key cannot stand here", ":"),
        ("a: %x\n", "a value without quotes cannot begin with `%`", "%"),
        ("a: x\u{1}\n", "the character U+0001 is not allowed in YAML", "\u{1}"),
        ("a:\n  - b\n c: d\n", "this line does not continue what stands above it", "c"),
        ("a: 1\nb\nc: 1\n", "expected `:` after this key", "b"),
    ] {
        assert_eq!(problems(text).first(), Some(&(message.to_owned(), place.to_owned())), "{text}");
    }
    let help = |text: &str| parse(text).problems[0].help.clone().unwrap_or_default();
    assert_eq!(help("a: [1,\n2\nb: 1\n"), "perhaps a `,` or `]` is missing after the `[` 2 lines above");
}

#[test]
fn json_is_yaml() {
    let text = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["sts:AssumeRole"],"Principal":{"AWS":"*"},"n":1.5e3,"t":true,"z":null,"u":"\ud83d\ude00\/"}]}"#;
    let root = one(text);
    let statement = &root.get("Statement").unwrap().as_list().unwrap()[0];
    assert_eq!(at(text, statement.at(&["Principal", "AWS"]).unwrap().span), "\"*\"");
    assert_eq!(statement.get("u").and_then(Value::as_str), Some("😀/"));
    assert_eq!(statement.get("z").unwrap().kind, Kind::Null);
    assert_unescapes(text, &root);
}

#[test]
fn scalars_unescape_to_what_the_parser_reads() {
    for text in [
        "plain",
        "a: b\n   c\n\n\n   d  \n",
        "'it''s\n  folded\n\n  twice '",
        "\"\\\"\\\\\\/\\0\\a\\b\\t\\n\\v\\f\\r\\e\\ \\N\\_\\L\\P\\x41\\u00e9\\U0001F600\\\t\"",
        "\"a \\\n   b\\\n\n\n  c \n d\t\n\n e\\t \n f\"",
        "\" x \n \"",
        "|\n a\n  b\n\n c\n",
        "|-\n a\n\n",
        "|+\n a\n\n\n",
        ">\n a\n b\n\n c\n  d\n e\n\n\n f\n",
        "a: |2\n    x\n  y\n",
        "a: >-\n\n\n  x\n\n   y\n\n  z",
        "a: |+\n\n\n",
        "a: |+\nb: 1",
        "a: |",
        "a: |+",
        "a: |+\n  ",
        "a: >",
        "a: |\n  x\n   \n    \nb: 1",
        "a:\n  b: |+\n  c: 1\n",
        "a: >\n  x\n\ty\n  \tz\n",
        "|\n\n\tx",
        "a: |+\n  x\n  ",
        "a: >+\n  x\n\n   \n  y\n\n\nb: 1",
        "- |\n x\n-\n  - >\n   y\n",
        "--- |\n%x\n...\n",
        "--- |1\n x\n",
        "a: |\r\n  x\r\n\r\n  y\r\nb: >\r  p\r  q\r\r  r\r",
        "a: \"x\r\n  y\r\n\r\n z\"",
        "''",
        "\"\"",
        "a: x # c\n",
        "{a: x\n y, 'b': \"c\n\n d\"}",
    ] {
        let parsed = parse(text);
        for document in &parsed.documents {
            assert_unescapes(text, document);
        }
    }
    for broken in [
        "'a",
        "'a'b'",
        "\"a",
        "\"a\\\"",
        "\"\\q\"",
        "\"\\x4\"",
        "\"\\ud800\"",
        "\"\\ud800\\u0041\"",
        "\"\\U00110000\"",
        "'",
        "\"",
    ] {
        assert!(unescape(broken).is_none(), "{broken}");
    }
    assert_eq!(unescape("").expect("an empty plain scalar").0, "");
    // The slice does not show that the margin is 2; whoever compares the texts sees the difference.
    let text = "a: |2\n    x\n   y\n";
    assert_eq!(kind(text, "a"), string("  x\n y\n"));
    assert_eq!(unescape(source(text, &["a"])).expect("a scalar").0, " x\ny\n");
}
