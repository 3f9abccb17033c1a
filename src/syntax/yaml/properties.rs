//! What holds for any text and any well-formed text.

use super::tests::{assert_unescapes, at, walk};
use super::{parse, unescape};
use crate::span::Span;
use crate::value::{Kind, Member};
use proptest::prelude::*;

/// Lines of a scalar with things that need care.
fn lines() -> impl Strategy<Value = Vec<String>> {
    let line = prop_oneof![4 => "[a-z é{}:,\"'\\\\#]{0,8}", 1 => Just(String::new()), 1 => " {1,3}[a-z]{0,2}", 1 => "\t?[a-z]"];
    prop::collection::vec(line, 0..7)
}

/// A well-formed node: its lines, and whether it is a list (`Some(true)`) or an object (`Some(false)`) in block style.
type Written = (Option<bool>, Vec<String>);

fn written() -> impl Strategy<Value = Written> {
    let leaf = prop_oneof![
        "[a-zé][a-z:é]{0,5}[a-z]( # c)?",
        "'[a-z ]{0,4}('')?'",
        "\"[a-z ]{0,4}(\\\\n)?\"",
        "(!Ref |!!str |&x )?([0-9]{1,3}|x)",
        "(!Ref |&x )?\\[(a, (b: c, )?\\{d: e, f\\}, )?'g'\\]",
        Just(String::new()),
    ]
    .prop_map(|text| (None, vec![text]));
    let block = ("[|>][+-]?( # c)?", prop::collection::vec("(  [a-z\"]{0,5})?", 0..4));
    let folded = ("x", prop::collection::vec("(  [a-z]{1,5})?", 0..3))
        .prop_map(|(first, rest)| (first, [rest, vec!["  y".to_owned()]].concat()));
    let quoted = prop::collection::vec("( [a-z]{1,3})?", 0..3)
        .prop_map(|rest| ("\"a \\".to_owned(), [rest, vec![" b\"".to_owned()]].concat()));
    let lines = prop_oneof![block, folded, quoted].prop_map(|(first, rest)| (None, [vec![first], rest].concat()));
    prop_oneof![3 => leaf, 1 => lines].prop_recursive(5, 40, 4, |child| {
        let list = prop::collection::vec(child.clone(), 1..4).prop_map(|children| {
            let lines = children.into_iter().flat_map(|(_, lines)| hang("- ", &lines, "  "));
            (Some(true), lines.collect())
        });
        let map = prop::collection::vec((child, "[a-z]{1,3}|'k'", any::<bool>()), 1..4).prop_map(|children| {
            let lines = children.into_iter().flat_map(|((block, lines), key, flush)| match block {
                None => hang(&format!("{key}: "), &lines, "  "),
                Some(list) => {
                    let margin = if list && flush { "" } else { "  " };
                    [vec![format!("{key}: # c")], hang(margin, &lines, margin)].concat()
                }
            });
            (Some(false), lines.collect())
        });
        prop_oneof![list, map]
    })
}

fn hang(first: &str, lines: &[String], margin: &str) -> Vec<String> {
    let prefix = |(at, line): (usize, &String)| format!("{}{line}", if at == 0 { first } else { margin });
    lines.iter().enumerate().map(prefix).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_block_scalar_unescapes(
        lines in lines(),
        header in "[|>]([1-3]?[+-]?|[+-][1-3])( # x)?",
        indent in 0usize..5,
        ending in prop_oneof![Just("\n"), Just("\r\n")],
        follow in prop_oneof![Just(""), Just("b: 1"), Just("# c"), Just("\n\n")],
    ) {
        let body: String = lines.iter().map(|line| format!("{ending}{:indent$}{line}", "")).collect();
        for text in [format!("a: {header}{body}{ending}{follow}"), format!("a:\n  k: {header}{body}"), format!("- - {header}{body}{ending}")] {
            // With an indicator, the slice need not show the margin.
            if !header.bytes().any(|byte| byte.is_ascii_digit()) {
                for document in &parse(&text).documents {
                    assert_unescapes(&text, document);
                }
            }
        }
    }

    #[test]
    fn any_flow_scalar_unescapes(lines in lines(), quote in prop_oneof![Just(""), Just("'"), Just("\"")], ending in prop_oneof![Just("\n "), Just("\r\n  ")]) {
        let body = lines.join(ending);
        let body = match quote {
            "'" => body.replace('\'', "''"),
            "\"" => body.replace('\\', "\\u005c").replace('"', "\\\""),
            _ => body,
        };
        for text in [format!("a: {quote}{body}{quote}"), format!("[{quote}{body}{quote}]"), format!("- {quote}{body}{quote}\n- x")] {
            for document in &parse(&text).documents {
                assert_unescapes(&text, document);
            }
        }
    }

    #[test]
    fn unescape_takes_any_text(raw in "[|>'\"]?[ \\\\a\\n\\r\\t+1\"'ué-]{0,30}") {
        if let Some((text, map)) = unescape(&raw) {
            prop_assert!(map.place(Span::new(0, text.len())).end as usize <= raw.len().max(1));
        }
    }

    #[test]
    fn spans_lie_in_the_text_and_children_in_parents(text in prop_oneof![
        any::<String>(),
        "[-a:?,\\[\\]{}&*!|>'\"#% \\n\\r\\t~<é\u{feff}.0]{0,60}",
        "((  ){0,3}(- |a: |\\? |: |b:|\\[|\\]|\\{|\\}|, |&x |\\*x|!T |!!str |<<: |[|>][+-]?|'|\"|x|1|# c|---|\\n){1,4}\\n){0,8}",
    ]) {
        let parsed = parse(&text);
        let inside = |span: Span| text.get(span.range()).is_some();
        for problem in parsed.problems.iter().chain(&parsed.warnings) {
            prop_assert!(inside(problem.span), "{problem:?}");
        }
        let copies = text.contains('*');
        for document in &parsed.documents {
            walk(document, &mut |value, parent| {
                assert!(inside(value.span), "{value:?}");
                assert!(copies || parent.contains(value.span), "{value:?} in {parent:?}");
                if let Kind::Map(members) = &value.kind {
                    for member in members {
                        assert!(inside(member.key_span));
                        let merged = text.contains("<<");
                        assert!(copies || merged || value.span.contains(member.key_span));
                    }
                }
                if let Kind::Tagged(tagged) = &value.kind {
                    assert!(text[tagged.tag_span.range()].starts_with('!'));
                }
            });
            if !text.contains(['1', '2', '3']) {
                assert_unescapes(&text, document);
            }
        }
    }

    #[test]
    fn what_is_well_formed_is_read_whole((_, lines) in written(), ending in prop_oneof![Just("\n"), Just("\r\n")]) {
        let text = lines.join(ending);
        let parsed = parse(&text);
        prop_assert_eq!(&parsed.problems, &[], "{}", text);
        for document in &parsed.documents {
            assert_unescapes(&text, document);
            walk(document, &mut |value, parent| {
                assert!(parent.contains(value.span), "{value:?} in {parent:?}: {text}");
                let slice = at(&text, value.span);
                assert!(!slice.starts_with([' ', '\r', '\n', '!', '&', '#']), "{slice:?} in {text}");
                let mut end = value.span.start;
                match &value.kind {
                    Kind::List(items) => {
                        assert!(slice.starts_with(['-', '[']), "{slice:?} in {text}");
                        for item in items {
                            assert!(end <= item.span.start, "{item:?} in {text}");
                            end = item.span.end;
                        }
                    }
                    Kind::Map(members) => {
                        for Member { key, key_span, value } in members {
                            assert!(end <= key_span.start && key_span.end <= value.span.start, "{key} in {text}");
                            assert_eq!(at(&text, *key_span).trim_matches('\''), key);
                            end = value.span.end;
                        }
                    }
                    _ => {}
                }
            });
        }
    }
}
