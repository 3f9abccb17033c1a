use super::*;
use proptest::prelude::*;

fn strict(text: &str) -> Parsed<'_> {
    parse(text, Dialect::Strict)
}

fn problems(text: &str) -> Vec<(u32, String)> {
    strict(text).problems.into_iter().map(|problem| (problem.span.start, problem.message)).collect()
}

/// The tree as serde_json would have it; `None` where it has no number of that size.
fn to_serde(value: &Value<'_>) -> Option<serde_json::Value> {
    Some(match &value.kind {
        Kind::Null => serde_json::Value::Null,
        Kind::Bool(value) => (*value).into(),
        Kind::Number(text) => serde_json::from_str(text).ok()?,
        Kind::String(text) => text.as_ref().into(),
        Kind::List(items) => items.iter().map(to_serde).collect::<Option<Vec<_>>>()?.into(),
        Kind::Map(members) => members
            .iter()
            .map(|member| Some((member.key.to_string(), to_serde(&member.value)?)))
            .collect::<Option<serde_json::Map<_, _>>>()?
            .into(),
        Kind::Template(_) | Kind::Tagged(_) | Kind::Unknown(_) => return None,
    })
}

#[test]
fn every_node_knows_its_bytes() {
    let text = r#"{"a": [1, "x\n"], "b": {"c": true}}"#;
    let parsed = strict(text);
    assert_eq!(parsed.problems, []);
    let root = &parsed.documents[0];
    assert_eq!(&text[root.get("a").expect("a").span.range()], r#"[1, "x\n"]"#);
    assert_eq!(&text[root.member("b").expect("b").key_span.range()], r#""b""#);
    assert_eq!(root.at(&["b", "c"]).expect("c").kind, Kind::Bool(true));
}

#[test]
fn duplicates_and_long_numbers_are_kept() {
    let parsed = strict(r#"{"a": 1, "a": 123456789012345678901234567890, "b": 1e999}"#);
    let members = parsed.documents[0].as_map().expect("an object");
    assert_eq!(members.len(), 3);
    assert_eq!(members[1].value.kind, Kind::Number("123456789012345678901234567890".into()));
    assert_eq!(parsed.problems, []);
}

#[test]
fn mistakes_have_places_and_the_tree_goes_on() {
    let parsed = strict(r#"{"Effect":Allow,"Action":"*"}"#);
    assert_eq!(parsed.problems[0].span, Span::new(10, 15));
    assert_eq!(parsed.documents[0].get("Action").and_then(Value::as_str), Some("*"));
    assert_eq!(problems("[1, 2,]"), [(5, "JSON has no comma before `]`".to_owned())]);
    assert_eq!(problems("[1 // one\n]"), [(3, "JSON has no comments".to_owned())]);
    assert_eq!(problems(r#"{"a" 1}"#)[0], (5, "expected `:` after the name `a`, found `1`".to_owned()));
    assert_eq!(problems(r#"{"a": 1 "b": 2}"#), [(8, "expected `,` or `}`, found a string".to_owned())]);
    assert_eq!(problems("[012]"), [(1, "`012` is not a number of JSON".to_owned())]);
    assert_eq!(problems(r#"{"a": [1}"#)[0].0, 6);
    assert_eq!(problems("{'a': 1}")[0], (1, "expected a name in double quotes, found `'a'`".to_owned()));
    assert_eq!(problems("\"a\tb\"")[0].0, 2);
    assert_eq!(problems("{} x")[0].0, 3);
    assert_eq!(problems("")[0].1, "the file is empty");
    assert_eq!(problems(r#"["\q"]"#)[0].1, "`\\q` is not an escape of JSON");
    assert_eq!(problems("[\"a\n]")[0].1, "this string is not closed on its line");
    assert_eq!(problems("{\"a\":}")[0].1, "expected a value, found `}`");
}

#[test]
fn placeholders_are_one_problem() {
    let text = r#"{"a": ${X::Y}, "b": [{{ z }}, ${w}], "c": 1, "d": ${"#;
    let parsed = strict(text);
    assert_eq!(parsed.problems.len(), 2, "the first placeholder, and the object that is not closed");
    assert_eq!(parsed.problems[0].span, Span::new(6, 13));
    assert_eq!(parsed.documents[0].get("c").map(|c| &c.kind), Some(&Kind::Number("1".into())));
}

#[test]
fn comments_and_trailing_commas_are_fine_in_jsonc() {
    let parsed = parse("{ // a\n \"a\": [1, /* b */ 2,], }", Dialect::Comments);
    assert_eq!(parsed.problems, []);
    assert_eq!(parsed.documents[0].get("a").and_then(Value::as_list).map(<[_]>::len), Some(2));
}

#[test]
fn a_file_may_hold_several_documents() {
    let whole = |text| parse_file(text, Dialect::Strict);
    for (text, count) in [("{}\n{}\n", 2), ("{}[] {}", 3), ("\"a\"\n{}", 2), ("{}", 1), ("[1]{\"a\": 2}\n\n", 2)] {
        let parsed = whole(text);
        assert_eq!((parsed.documents.len(), parsed.problems.len()), (count, 0), "{text}");
    }
    for text in ["{},{}", "{} a", "{}}", "{}\n{", "{\"a\": 1\n{}", "{} 1"] {
        assert!(!whole(text).problems.is_empty(), "{text}");
    }
    assert_eq!(strict("{} {}").problems.len(), 1, "a string holds one");
}

#[test]
fn a_comma_too_many_is_a_slip() {
    let parsed = parse_file("{\"a\": [1,], \"b\": {\"c\": 1,},}", Dialect::Strict);
    assert_eq!(parsed.problems, []);
    assert_eq!(parsed.slips.len(), 1);
    assert_eq!(parsed.slips[0].told(), "JSON has no comma before `]`, and 2 more like it");
    assert_eq!(parsed.documents[0].get("b").and_then(|b| b.get("c")).map(|c| &c.kind), Some(&Kind::Number("1".into())));
    assert!(!parse_file("[1,,2]", Dialect::Strict).problems.is_empty(), "an element is missing");
    assert!(!strict("[1,]").problems.is_empty());
}

#[test]
fn comments_are_a_slip_of_their_own() {
    let parsed = parse_file("{ // one\n\"a\": [1,], /* two */ \"b\": 2}", Dialect::Strict);
    assert_eq!(parsed.problems, []);
    let told: Vec<_> = parsed.slips.iter().map(|slip| slip.told()).collect();
    assert_eq!(told, ["JSON has no comments, and 1 more like it", "JSON has no comma before `]`"]);
    assert_eq!(parsed.documents[0].get("b").map(|b| &b.kind), Some(&Kind::Number("2".into())));
}

#[test]
fn templates_are_known_by_marks_outside_of_strings() {
    for text in [
        r#"{"a": ${b}}"#,
        "[\n%{ for a in b }\n1,\n%{ endfor }\n]",
        r#"{"a": 1 %{ if b }, "c": 2 %{ endif }}"#,
        r#"{"a": {{ b }}}"#,
        "{%- if a %}{\"a\": 1}{% endif %}",
        r#"{"a": [<%= b %>]}"#,
        r#"{"a": "${join(",", ["b", "c"])}"}"#,
    ] {
        assert!(parse_file(text, Dialect::Strict).template, "{text}");
    }
    for text in [r#"{"a": "${b}" "c": 1}"#, r#"{{"a": 1}}"#, r#"{"a": $b}"#, r#"{"a": "${b}", "c": [1,]}"#, "{a: 1}"] {
        assert!(!parse_file(text, Dialect::Strict).template, "{text}");
    }
}

#[test]
fn a_byte_order_mark_keeps_offsets_true() {
    let parsed = strict("\u{feff}{\"a\": 1}");
    assert_eq!(parsed.problems, []);
    assert_eq!(parsed.documents[0].span, Span::new(3, 11));
}

#[test]
fn deep_nesting_is_one_problem() {
    let text = "[".repeat(100_000);
    let parsed = strict(&text);
    assert_eq!(parsed.problems.len(), 1);
    assert_eq!(parsed.problems[0].span.start as usize, MAX_DEPTH);
}

#[test]
fn the_flood_of_problems_is_dammed() {
    for piece in ["[x,", "[\t\"\t\" ", "{\"a\" b,", "[1 x ", "[\"\\q\"", "{x", "\"\t", "[/*"] {
        assert!(strict(&piece.repeat(1000)).problems.len() <= MAX_PROBLEMS, "{piece}");
    }
}

#[test]
fn unescaping_maps_back_to_the_token() {
    let raw = r#""{\"a\": \"é\u0041\ud83d\ude00\"}""#;
    let (text, map) = unescape(raw).expect("well-formed");
    assert_eq!(text, "{\"a\": \"éA😀\"}");
    let a = text.find('a').expect("there is one");
    assert_eq!(&raw[map.place(Span::new(a, a + 1)).range()], "a");
    let smile = text.find('😀').expect("there is one");
    assert_eq!(&raw[map.place(Span::new(smile, smile + 4)).range()], r"\ud83d\ude00");
    assert_eq!(&raw[map.place(Span::new(0, text.len())).range()], &raw[1..raw.len() - 1]);
    assert!(unescape(r#""\ud83d""#).is_none());
    assert!(unescape("plain").is_none());
}

fn json_like() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[\\[\\]{},:\" \n\\\\a-c0-9.eE+/*'é-]{0,6}",
        Just("\"a\":".to_owned()),
        Just("\\u00e9".to_owned()),
        Just("true".to_owned()),
        Just("-0.5e3".to_owned()),
    ];
    prop::collection::vec(piece, 0..200).prop_map(|pieces| pieces.concat())
}

fn spans_hold(value: &Value<'_>, text: &str, outer: Span) -> bool {
    outer.contains(value.span)
        && text.get(value.span.range()).is_some()
        && match &value.kind {
            Kind::List(items) => items.iter().all(|item| spans_hold(item, text, value.span)),
            Kind::Map(members) => {
                members.iter().all(|m| value.span.contains(m.key_span) && spans_hold(&m.value, text, value.span))
            }
            _ => true,
        }
}

proptest! {
    #[test]
    fn any_text_is_read_and_its_spans_hold(text in prop_oneof![json_like(), any::<String>()]) {
        let whole = Span::new(0, text.len());
        for dialect in [Dialect::Strict, Dialect::Comments] {
            for value in parse(&text, dialect).documents {
                prop_assert!(spans_hold(&value, &text, whole));
            }
        }
    }

    #[test]
    fn accepts_exactly_what_serde_json_accepts(text in json_like()) {
        let parsed = strict(&text);
        let oracle: Result<serde_json::Value, _> = serde_json::from_str(&text);
        match oracle {
            Ok(oracle) => {
                prop_assert_eq!(&parsed.problems, &[]);
                prop_assert_eq!(to_serde(&parsed.documents[0]), Some(oracle));
            }
            // A number that is legal but too large for a float is an error there and text here.
            Err(error) => prop_assert!(!parsed.problems.is_empty() || error.to_string().contains("out of range")),
        }
    }

    #[test]
    fn any_string_survives_the_way_through_the_serializer(text in any::<String>()) {
        let raw = serde_json::to_string(&text).expect("a string serializes");
        prop_assert_eq!(unescape(&raw).expect("well-formed").0, text);
    }
}
