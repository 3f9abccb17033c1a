use super::*;

fn at(text: &str, span: Span) -> &str {
    &text[span.range()]
}

#[test]
fn places_are_bytes_of_the_file() {
    let text = "\u{feff}resource \"aws_iam_role\" \"é\" {\n  name = \"a-${var.x}\"\n  assume_role_policy = jsonencode({ Statement = [1] })\n}\n";
    let file = parse(text, 0);
    assert!(file.problems.is_empty(), "{:?}", file.problems);
    let block = &file.body.blocks[0];
    assert_eq!(
        (block.name.as_str(), block.labels.as_slice()),
        ("resource", &["aws_iam_role".to_owned(), "é".to_owned()][..])
    );
    assert!(at(text, block.span).starts_with("resource") && at(text, block.span).ends_with('}'));
    let name = block.body.attribute("name").expect("it is there");
    assert_eq!((at(text, name.name_span), at(text, name.value.span)), ("name", "\"a-${var.x}\""));
    let ExprKind::Template(template) = &name.value.kind else { panic!("{name:?}") };
    let [Part::Literal(literal), Part::Interpolation(inner)] = template.parts.as_slice() else {
        panic!("{template:?}")
    };
    assert_eq!((at(text, literal.span), at(text, inner.span)), ("a-", "var.x"));
    let policy = block.body.attribute("assume_role_policy").expect("it is there");
    let ExprKind::Call(call) = &policy.value.kind else { panic!("{policy:?}") };
    assert_eq!((call.name.as_str(), at(text, call.arguments[0].span)), ("jsonencode", "{ Statement = [1] }"));
}

#[test]
fn an_indented_heredoc_maps_back() {
    let text = "a = <<-EOF\n    {\n      \"x\": \"${b}\",\n      \"y\": \"$${aws:username}\"\n    }\n  EOF\n";
    let file = parse(text, 0);
    let ExprKind::Template(template) = &file.body.attributes[0].value.kind else { panic!() };
    let [Part::Literal(first), Part::Interpolation(_), Part::Literal(last)] = template.parts.as_slice() else {
        panic!()
    };
    assert_eq!(first.text, "{\n  \"x\": \"");
    assert_eq!(last.text, "\",\n  \"y\": \"${aws:username}\"\n}\n");
    let y = last.text.find("\"y\"").expect("it is there");
    assert_eq!(at(text, last.map.place(Span::new(y, y + 3))), "\"y\"");
}

#[test]
fn a_broken_block_does_not_hide_the_others() {
    let text = "resource \"a\" \"one\" {\n  x = 1\n}\n\nresource \"a\" \"two\" {\n  x = = 1\n}\n\nresource \"a\" \"three\" {\n  x = <<EOF\n}\nresource\nEOF\n}\nlocals {\n  y = [\n\nresource \"a\" \"four\" {\n}\n";
    let file = parse(text, 0);
    let names: Vec<_> = file.body.blocks.iter().filter_map(|block| block.labels.last()).collect();
    assert_eq!(names, ["one", "three", "four"]);
    assert_eq!(file.problems.len(), 2, "{:?}", file.problems);
    assert!(file.problems[0].span.start > text.find("two").expect("it is there") as u32);
}

#[test]
fn duplicates_are_a_problem_and_the_rest_is_read() {
    let file = parse("locals {\n a = 1\n a = 2\n}\nlocals {\n b = 1\n}\n", 0);
    assert_eq!(file.problems.len(), 1);
    assert_eq!(file.body.blocks.len(), 1);
}

#[test]
fn depth_is_a_problem_and_no_overflow() {
    for text in
        [format!("a = {}", "[".repeat(100_000)), format!("a = {}1", "!".repeat(100_000)), "b {\n".repeat(10_000)]
    {
        assert!(!parse(&text, 0).problems.is_empty());
    }
}

#[test]
fn json_strings_are_templates() {
    let text = r#"{"resource": {"aws_iam_role": {"r": {"name": "x", "assume_role_policy": "${jsonencode(\"a\")}"}}}, "locals": [{"a": ["b\n${c}"]}]}"#;
    let parsed = crate::syntax::json::parse(text, crate::syntax::json::Dialect::Strict);
    let file = from_json(&parsed.documents[0], text, 0);
    assert!(file.problems.is_empty(), "{:?}", file.problems);
    let role = &file.body.blocks[0];
    assert_eq!(role.labels, ["aws_iam_role", "r"]);
    let policy = &role.body.attribute("assume_role_policy").expect("it is there").value;
    let ExprKind::Template(template) = &policy.kind else { panic!() };
    let [Part::Interpolation(inner)] = template.parts.as_slice() else { panic!() };
    assert_eq!(at(text, inner.span), r#"jsonencode(\"a\")"#);
}

#[test]
fn an_object_may_give_a_key_twice() {
    let text = "locals {\n  x = {\n    a = 1\n    \"b c\" = { k = 1, k = [2, { k : 3, k : 4 }] }\n    a = 2\n    \"b c\" = 3\n    (var.n) = 4\n    \"${var.n}-é\" = 5\n    (var.n) = 6\n    \"${var.n}-é\" = 7\n    for_all = 1\n    for_all = 2\n  }\n}\nresource \"a\" \"b\" {\n  c = 1\n  c = 2\n}\n";
    let file = parse(text, 0);
    // A name that a block has twice stays an error.
    assert_eq!(file.problems.len(), 1, "{:?}", file.problems);
    assert_eq!(at(text, Span::new(file.problems[0].span.start as usize, text.len())).get(..5), Some("c = 2"));
    let value = &file.body.blocks[0].body.attributes[0].value;
    let ExprKind::Object(items) = &value.kind else { panic!("{value:?}") };
    let keys: Vec<&str> = items.iter().map(|item| at(text, item.key.span)).collect();
    let expected =
        ["a", "\"b c\"", "a", "\"b c\"", "var.n", "\"${var.n}-é\"", "(var.n)", "\"${var.n}-é\"", "for_all", "for_all"];
    assert_eq!(keys.len(), expected.len());
    for (key, expected) in keys.iter().zip(expected) {
        assert_eq!(key.trim_matches(['(', ')']), expected.trim_matches(['(', ')']));
    }
    let literal = |item: &ObjectItem| match &item.key.kind {
        ExprKind::Template(template) => match template.parts.as_slice() {
            [Part::Literal(literal)] => Some(literal.text.clone()),
            _ => None,
        },
        _ => None,
    };
    assert_eq!((literal(&items[2]), literal(&items[3])), (Some("a".into()), Some("b c".into())));
    assert!(
        matches!(&items[4].key.kind, ExprKind::Traversal(..)) && matches!(&items[6].key.kind, ExprKind::Traversal(..))
    );
    let ExprKind::Template(template) = &items[7].key.kind else { panic!("{:?}", items[7]) };
    assert!(matches!(template.parts.as_slice(), [Part::Interpolation(_), Part::Literal(_)]));
}

#[test]
fn very_many_keys_given_twice_are_an_error_and_take_no_time() {
    let many = format!("a = {{\n{}}}\nb {{\n}}\n", "  k = 1\n".repeat(5000));
    let file = parse(&many, 0);
    assert_eq!((file.problems.len(), file.body.blocks.len()), (1, 1), "{:?}", file.problems);
    // All names of one letter are taken.
    let letters: String = ('a'..='z').chain('A'..='Z').map(|letter| format!("  {letter} = 1\n")).collect();
    assert_eq!(parse(&format!("a = {{\n{letters}  a = 2\n}}\n"), 0).problems.len(), 1);
    for broken in [
        "a = { k = 1, k",
        "a = { k = 1, k = ",
        "a = { \"k\" = 1, \"k",
        "a = { (k) = 1, (k) }",
        "a = { k = 1\nk = 2\nx = = }",
    ] {
        assert!(!parse(broken, 0).problems.is_empty(), "{broken}");
    }
}
