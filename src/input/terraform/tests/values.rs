//! Values as Terraform computes them.

use super::*;

/// Who is named by the principals of a data document with this in its statement, and `locals` beside it.
fn of_statement(inside: &str, beside: &str) -> String {
    let document = format!(
        "data \"aws_iam_policy_document\" \"d\" {{\n  statement {{\n    actions = [\"sts:AssumeRole\"]\n{inside}\n  }}\n}}\n"
    );
    principals(&[("main.tf", &(role("data.aws_iam_policy_document.d.json") + &document + beside))])
}

#[test]
fn an_element_of_a_set_is_its_own_key() {
    let each = |set: &str, iterator: &str, what: &str| {
        format!(
            "    dynamic \"principals\" {{\n      for_each = {set}\n{iterator}      content {{\n        type = \"AWS\"\n        \
             identifiers = [{what}]\n      }}\n    }}"
        )
    };
    let set = "variable \"names\" {\n  type = set(string)\n}\nvariable \"list\" {\n  type = list(string)\n}\n";
    for (collection, expected) in [
        (r#"toset(["b", "a", "b"])"#, r#"["a","b"]"#),
        ("var.names", r#"["a","b"]"#),
        ("toset(var.list)", r#"["x","y"]"#),
        (r#"setunion(["b"], ["a"])"#, r#"["a","b"]"#),
        (r#"["b", "a"]"#, r#"[0,1]"#),
        (r#"{ b = "x", a = "y" }"#, r#"["a","b"]"#),
    ] {
        for (iterator, what) in [("", "principals.key"), ("      iterator = each_one\n", "each_one.key")] {
            let main = role("data.aws_iam_policy_document.d.json")
                + "data \"aws_iam_policy_document\" \"d\" {\n  statement {\n    actions = [\"sts:AssumeRole\"]\n"
                + &each(collection, iterator, what)
                + "\n  }\n}\n"
                + set;
            let values = "names = [\"b\", \"a\"]\nlist = [\"y\", \"x\"]\n";
            let got = principals(&[("main.tf", &main), ("terraform.tfvars", values)]);
            assert_eq!(got, expected, "{collection} {what}");
        }
    }
    // The same in a loop and in a template.
    for (expression, expected) in [
        (r#"[for k, v in toset(["b", "a"]) : "${k}${v}"]"#, r#"["aa","bb"]"#),
        (r#"join(",", [for k, v in toset(["b", "*"]) : k])"#, r#""*,b""#),
        (r#""%{ for k, v in toset(["b", "a"]) }${k}%{ endfor }""#, r#""ab""#),
    ] {
        assert_eq!(principals(&[("main.tf", &trust(expression))]), expected, "{expression}");
    }
    assert_eq!(
        of_statement(
            "    dynamic \"principals\" {\n      for_each = toset([\"AWS\"])\n      content {\n        type = principals.key\n        \
             identifiers = [\"*\"]\n      }\n    }",
            ""
        ),
        r#"["*"]"#
    );
}

#[test]
fn of_two_values_for_one_key_the_last_counts() {
    for (expression, expected) in [
        (r#"{ a = "x", a = "*" }.a"#, r#""*""#),
        (r#"{ "a" = "x", a = "*" }["a"]"#, r#""*""#),
        (r#"{ a = ["x"], a = ["*"] }["a"]"#, r#"["*"]"#),
    ] {
        let read = read(&[("main.tf", &trust(expression))]);
        let statement = read.documents[0].get("Statement").expect("it has statements");
        assert_eq!(
            json(statement.one_or_many()[0].at(&["Principal", "AWS"]).expect("there")),
            expected,
            "{expression}"
        );
    }
    let main = role(
        "jsonencode({ Statement = [{ Effect = \"Deny\", Effect = \"Allow\", Condition = { Bool = { a = true } }, Principal = \"*\", Condition = {} }] })",
    );
    let read = read(&[("main.tf", &main)]);
    assert_eq!(json(&read.documents[0]), r#"{"Statement":[{"Effect":"Allow","Principal":"*","Condition":{}}]}"#);
    let keys: Vec<&str> = read.redefined[0].iter().map(|(key, _, _)| key.as_str()).collect();
    assert_eq!(keys, ["Effect", "Condition"]);
    assert_eq!(read.redefined[0][0].1, "main.tf:2:52 Effect");
    assert_eq!(read.redefined[0][0].2, "main.tf:2:69 Effect");
}

/// What expressions give in the place of the principals.
fn check(cases: &[(&str, &str)]) {
    for (expression, expected) in cases {
        assert_eq!(principals(&[("main.tf", &trust(expression))]), *expected, "{expression}");
    }
}

#[test]
fn numbers_are_computed_with() {
    check(&[
        ("[1 + 2, 7 - 10, 2 * 3, 7 / 2, 7 % 4, -3]", "[3,-3,6,3.5,3,-3]"),
        ("1 + 2 * 3 - 4 / 2", "5"),
        (r#"["a", "*"][length(["a", "*"]) - 1]"#, r#""*""#),
        (r#""1" + 1 == 2 ? "yes" : "no""#, r#""yes""#),
        (r#"3 > 2 && 2 <= 2 && !(10 < 9) ? "yes" : "no""#, r#""yes""#),
        (r#"try(1 / 0, "never")"#, r#""never""#),
        (r#"try("x" + 1, "never")"#, r#""never""#),
        ("012", "12"),
        (r#""${1.50} ${1e3} ${1.0}""#, r#""1.5 1000 1""#),
        ("[0.1 + 0.2]", r#"["${0.1 + 0.2}"]"#),
    ]);
}

#[test]
fn values_of_two_types_are_not_equal() {
    for (condition, holds) in [
        (r#"true == "true""#, false),
        (r#"5 == "5""#, false),
        ("5 == 5.0", true),
        (r#"{ a = 1 } == { a = "1" }"#, false),
        ("{ a = 1, b = 2 } == { b = 2, a = 1 }", true),
        ("[] == tolist([])", false),
        (r#"["a"] == tolist(["a"])"#, false),
        (r#"toset(["b", "a"]) == toset(["a", "b"])"#, true),
        (r#"tolist(["a"]) == toset(["a"])"#, false),
        (r#"tomap({ a = "x" }) == { a = "x" }"#, false),
        ("null == null", true),
        (r#""" == null"#, false),
        (r#"var.flag == "true""#, false),
        ("var.flag == true", true),
        (r#"var.name == 5"#, false),
        (r#"var.name == "5""#, true),
        ("var.names == []", false),
        ("length(var.names) == 0", true),
        (r#"(true ? 1 : "x") == "1""#, true),
        (r#"(true ? ["a"] : []) == tolist(["a"])"#, true),
        (r#"(true ? ["b", "a"] : toset([])) == toset(["a", "b"])"#, true),
    ] {
        let main = trust(&format!("{condition} ? \"yes\" : \"no\""))
            + "variable \"flag\" {\n  type = bool\n}\nvariable \"name\" {\n  type = string\n}\nvariable \"names\" {\n  type = \
               list(string)\n}\n";
        let values = "flag = \"true\"\nname = 5\nnames = []\n";
        let expected = if holds { r#""yes""# } else { r#""no""# };
        assert_eq!(principals(&[("main.tf", &main), ("terraform.tfvars", values)]), expected, "{condition}");
    }
}

#[test]
fn marks_take_white_space_away() {
    check(&[
        (r#""%{ if true ~} * %{~ endif }""#, r#""*""#),
        (r#""%{ if false }x%{ else ~}  * %{~ endif ~}  ""#, r#""*""#),
        (r#""a %{~ for x in ["b", "c"] ~}  ${x} , %{~ endfor ~}  d""#, r#""ab ,c ,d""#),
        (r#""a ${~ "b" ~} c""#, r#""abc""#),
    ]);
    // In a text of several lines, a mark takes the rest of its own line.
    let heredoc = "<<-EOT\n    %{ for who in [\"a\", \"b\"] ~}\n    ${who};\n    %{ endfor ~}\n    EOT\n";
    assert_eq!(principals(&[("main.tf", &trust(heredoc))]), r#""a;\nb;\n""#);
    let template = "%{ for i, who in whos ~}\n\"${who}\"%{ if i + 1 < length(whos) },%{ endif }\n%{ endfor ~}\n";
    let body = "{\"Statement\": [{\"Principal\": {\"AWS\": [\nBODY]}}]}".replace("BODY", template);
    let main = role("templatefile(\"t.tftpl\", { whos = [\"a\", \"b\", \"*\"] })");
    assert_eq!(principals(&[("main.tf", &main), ("t.tftpl", &body)]), r#"["a","b","*"]"#);
    let main = role(&format!("<<EOF\n{}\nEOF", body.replace("whos", "[\"a\", \"*\"]")));
    assert_eq!(principals(&[("main.tf", &main)]), r#"["a","*"]"#);
}

#[test]
fn a_template_in_a_data_source_is_rendered() {
    let body = "{\"Statement\": [{\"Principal\": {\"AWS\": \"$${who}\"}}]}";
    for data in [
        format!("{{\n  template = <<EOF\n{body}\nEOF\n  vars = {{\n    who = \"*\"\n  }}\n}}\n"),
        "{\n  template = file(\"t.tpl\")\n  vars = {\n    who = \"*\"\n  }\n}\n".to_owned(),
        "{\n  template = file(\"${path.module}/t.tpl\")\n  vars {\n    who = \"*\"\n  }\n}\n".to_owned(),
    ] {
        let main = role("data.template_file.t.rendered") + "data \"template_file\" \"t\" " + &data;
        let files = [("main.tf", main.as_str()), ("t.tpl", &body.replace("$$", "$"))];
        assert_eq!(principals(&files), r#""*""#, "{data}");
    }
    let main = role("data.template_file.t[1].rendered")
        + &format!(
            "data \"template_file\" \"t\" {{\n  count = 2\n  template = {body:?}\n  vars = {{ who = \"n${{count.index}}\" }}\n}}\n"
        );
    assert_eq!(principals(&[("main.tf", &main)]), r#""n1""#);
    // What is not known of it stays so.
    let main = role("data.template_file.t.rendered")
        + &format!(
            "variable \"who\" {{}}\ndata \"template_file\" \"t\" {{\n  template = {body:?}\n  vars = {{ who = var.who }}\n}}\n"
        );
    assert_eq!(principals(&[("main.tf", &main)]), r#""${var.who}""#);
    let main = role(&format!("templatestring({body:?}, {{ who = \"*\" }})"));
    assert_eq!(principals(&[("main.tf", &main)]), r#""*""#);
}

#[test]
fn instances_by_count_have_their_index() {
    let counted = |policy: &str, count: &str, beside: &str| {
        read(&[("main.tf", &(trust(policy).replacen('{', &format!("{{\n  count = {count}\n"), 1) + beside))])
    };
    let of = |read: &Read| {
        read.sites
            .iter()
            .zip(&read.documents)
            .map(|((address, _, _), document)| {
                let statement = &document.get("Statement").expect("there").one_or_many()[0];
                (address.clone(), json(statement.at(&["Principal", "AWS"]).expect("there")))
            })
            .collect::<Vec<_>>()
    };
    let two =
        [("aws_iam_role.r[0]".to_owned(), "\"a\"".to_owned()), ("aws_iam_role.r[1]".to_owned(), "\"*\"".to_owned())];
    let list = "locals {\n  l = [\"a\", \"*\"]\n}\n";
    assert_eq!(of(&counted("local.l[count.index]", "length(local.l)", list)), two);
    assert_eq!(of(&counted("element(local.l, count.index)", "2", list)), two);
    assert_eq!(of(&counted("local.l[count.index + 0]", "true ? 2 : 0", list)), two);
    // What does not speak of the index is one policy.
    assert_eq!(of(&counted("\"*\"", "2", ""))[0].0, "aws_iam_role.r");
    assert_eq!(of(&counted("\"x${count.index}\"", "1", "")), [("aws_iam_role.r".to_owned(), "\"x0\"".to_owned())]);
    // Modules, resources and outputs have it too.
    let module = trust("var.who") + "variable \"who\" {}\noutput \"who\" {\n  value = var.who\n}\n";
    let call = "module \"m\" {\n  source = \"./m\"\n  count  = 2\n  who    = local.l[count.index]\n}\n";
    let many = read(&[("main.tf", &(call.to_owned() + list)), ("m/main.tf", &module)]);
    let addresses: Vec<&str> = many.sites.iter().map(|(address, _, _)| address.as_str()).collect();
    assert_eq!(addresses, ["module.m[0].aws_iam_role.r", "module.m[1].aws_iam_role.r"]);
    for (expression, expected) in [
        ("module.m[*].who", r#"["a","*"]"#),
        ("module.m[1].who", r#""*""#),
        ("[for m in module.m : m.who]", r#"["a","*"]"#),
        ("aws_iam_user.u[*].name", r#"["u0","u1"]"#),
        ("aws_iam_user.u[1].name", r#""u1""#),
    ] {
        let user = "resource \"aws_iam_user\" \"u\" {\n  count = 2\n  name = \"u${count.index}\"\n}\n";
        let main = trust(expression) + call + list + user;
        let module = "variable \"who\" {}\noutput \"who\" {\n  value = var.who\n}\n";
        assert_eq!(principals(&[("main.tf", &main), ("m/main.tf", module)]), expected, "{expression}");
    }
}
