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

#[test]
fn collections_are_gone_through_in_order() {
    check(&[
        (r#"values({ b = "x", a = "*" })[0]"#, r#""*""#),
        (r#"keys({ b = "x", a = "*" })"#, r#"["a","b"]"#),
        (r#"[for k, v in { b = "x", a = "*" } : v]"#, r#"["*","x"]"#),
        (r#"tolist(toset(["b", "a", "b"]))[0]"#, r#""a""#),
        ("[for n in toset([10, 9]) : n + 1]", "[10,11]"),
        (r#"setunion(["c"], ["a", "b"])"#, r#"["a","b","c"]"#),
        (r#"concat(toset(["b", "a"]), ["c"])[0]"#, r#""a""#),
        (r#"jsonencode(toset(["b", "a"]))"#, r#""[\"a\",\"b\"]""#),
        (r#"jsonencode({ b = "<", a = 1 })"#, r#""{\"a\":1,\"b\":\"\\u003c\"}""#),
        (r#"join(",", toset(["b", "a"]))"#, r#""a,b""#),
        (r#"values({ a = "x", b = "y", a = "*" })"#, r#"["*","y"]"#),
        (r#"setsubtract(["b", "a"], ["b"])"#, r#"["a"]"#),
        (r#"setintersection(["b", "a"], ["b", "c"])"#, r#"["b"]"#),
        (r#"[{ w = ["*", "y"] }, { w = ["x"] }].*.w[0]"#, r#"["*","y"]"#),
        (r#"[{ w = ["*", "y"] }, { w = ["x"] }][*].w[0]"#, r#"["*","x"]"#),
    ]);
    // Where an element is not known, the order is not.
    let open = |expression: &str| principals(&[("main.tf", &(trust(expression) + "variable \"who\" {}\n"))]);
    assert!(open(r#"tolist(toset(["b", var.who]))[0]"#).starts_with('?'));
    assert!(open(r#"sort(["b", var.who])[0]"#).starts_with('?'));
    assert!(open(r#"values({ b = "x", (var.who) = "y" })[0]"#).starts_with('?'));
    assert!(open(r#"{ b = "x", (var.who) = "y" }.a"#).starts_with('?'));
    assert!(open(r#"concat(["b"], var.who)[1]"#).starts_with('?'));
    assert_eq!(open(r#"concat(["b"], var.who)[0]"#), r#""b""#);
}

#[test]
fn errors_are_caught_and_not_told() {
    check(&[
        (r#"try(tonumber("x"), "*")"#, r#""*""#),
        (r#"can(tobool("yes")) ? "a" : "*""#, r#""*""#),
        (r#"can(tomap({ a = 1, b = [] })) ? "a" : "*""#, r#""*""#),
        (r#"can(tolist(["a", ["b"]])) ? "a" : "*""#, r#""*""#),
        (r#"can("a${null}") ? "a" : "*""#, r#""*""#),
        (r#"try(jsondecode("{").a, "*")"#, r#""*""#),
        (r#"can(jsondecode("{")) ? "a" : "*""#, r#""*""#),
        (r#"try(yamldecode("a: [").a, "*")"#, r#""*""#),
        (r#"try(regex("^a", "b"), "*")"#, r#""*""#),
        (r#"try(element([], 0), "*")"#, r#""*""#),
        (r#"try(lookup({}, "a"), "*")"#, r#""*""#),
        (r#"try(split(",", null)[0], "*")"#, r#""*""#),
        (r#"try(index(["a"], "b"), "*")"#, r#""*""#),
        (r#"try(base64decode("?"), "*")"#, r#""*""#),
        (r#"try(["${{}.a}"], "*")"#, r#""*""#),
        (r#"try({ for v in ["a", "a"] : v => v }, "*")"#, r#""*""#),
        (r#"can(try(["a"][1], {}.b)) ? "a" : "*""#, r#""*""#),
        (r#"tobool("1") ? "*" : "a""#, r#""*""#),
        (r#"tonumber("1e3")"#, "1000"),
        (r#"tolist(["a", 1, true])"#, r#"["a","1","true"]"#),
    ]);
    // Outside of these, what is wrong is told, whatever looked at it before.
    let main = trust("[try(local.broken.a, \"x\"), local.broken.a]") + "locals {\n  broken = jsondecode(\"{\")\n}\n";
    assert!(!read_with(&[("main.tf", &main)], &[]).problems.is_empty());
}

#[test]
fn variables_have_their_types() {
    let of = |kind: &str, value: &str, expression: &str| {
        let main = trust(expression) + &format!("variable \"v\" {{\n  type = {kind}\n  default = null\n}}\n");
        principals(&[("main.tf", &main), ("terraform.tfvars", &format!("v = {value}\n"))])
    };
    for (kind, value, expression, expected) in [
        ("string", "012345678901", "\"arn:aws:iam::${var.v}:root\"", r#""arn:aws:iam::12345678901:root""#),
        ("number", "\"05\"", "var.v", "5"),
        ("object({ a = string })", "{ a = 1, b = \"*\" }", "try(var.v.b, var.v.a)", r#""1""#),
        ("object({ a = optional(string, \"*\") })", "{}", "var.v.a", r#""*""#),
        ("object({ a = optional(object({ b = optional(string, \"*\") }), {}) })", "{}", "var.v.a.b", r#""*""#),
        ("map(string)", "{ a = 1 }", "var.v.a", r#""1""#),
        ("set(string)", "[\"b\", \"a\", \"b\"]", "var.v", r#"["a","b"]"#),
        ("list(string)", "[\"b\", 1]", "var.v", r#"["b","1"]"#),
        ("tuple([string, number])", "[1, \"2\"]", "var.v", r#"["1",2]"#),
        ("any", "[\"b\", 1]", "var.v", r#"["b",1]"#),
    ] {
        assert_eq!(of(kind, value, expression), expected, "{kind} {value}");
    }
    let main = trust("var.v") + "variable \"v\" {\n  type = list(string)\n  default = [\"*\"]\n  nullable = false\n}\n";
    assert_eq!(principals(&[("main.tf", &main), ("terraform.tfvars", "v = null\n")]), r#"["*"]"#);
}

#[test]
fn functions_give_what_terraform_gives() {
    check(&[
        (
            r#"yamldecode("a: yes\nb: 012\nc: 'yes'\nd: 2012-10-17\ne: ~\nf: x")"#,
            r#"{"a":true,"b":12,"c":"yes","d":"2012-10-17T00:00:00Z","e":null,"f":"x"}"#,
        ),
        (r#"regex("[a-z]+", "53453453.345345aaabbbccc23454")"#, r#""aaabbbccc""#),
        (r#"regex("(\\d+)-(\\d+)", "2019-02")"#, r#"["2019","02"]"#),
        (r#"regex("^(?:(?P<scheme>[^:/?#]+):)?", "https://x").scheme"#, r#""https""#),
        (r#"regexall("[a-z]", "1a2b")"#, r#"["a","b"]"#),
        (r#"replace("a-b", "/-(b)/", "+$1")"#, r#""a+b""#),
        (r#"replace("a.b", ".", "-")"#, r#""a-b""#),
        (r#"formatlist("%s/%s", ["a", "b"], "c")"#, r#"["a/c","b/c"]"#),
        (r#"formatlist("%d-%s", [1, 2], ["a", "b"])"#, r#"["1-a","2-b"]"#),
        (r#"base64decode("aGk=")"#, r#""hi""#),
        (r#"base64encode("hi!?")"#, r#""aGkhPw==""#),
        (r#"csvdecode("a,b\n1,\"x, \"\"y\"\"\"\n")[0].b"#, r#""x, \"y\"""#),
        (r#"chunklist(["a", "b", "c"], 2)"#, r#"[["a","b"],["c"]]"#),
        (r#"index(["a", "b"], "b")"#, "1"),
        (r#"[substr("hello", -3, -1), substr("hello", 1, 3), substr("hello", 9, 1)]"#, r#"["llo","ell",""]"#),
        (r#"strrev("abc")"#, r#""cba""#),
        (r#"title("hello-world it's")"#, r#""Hello-World It'S""#),
        ("[sum([1, 2.5]), max(1, 12, 3), min([4, 2]...), abs(-2), ceil(1.5), floor(-1.5)]", "[3.5,12,2,2,2,-2]"),
        (r#"[parseint("ff", 16), parseint("-12", 10)]"#, "[255,-12]"),
        (r#"transpose({ a = ["x", "y"], b = ["y"] })"#, r#"{"x":["a"],"y":["a","b"]}"#),
        (r#"matchkeys(["i1", "i2", "i3"], ["a", "b", "a"], ["a"])"#, r#"["i1","i3"]"#),
        (r#"format("%03d|%-4s|%4s|%t|%q|%x|%%", 5, "a", "b", true, "c", 255)"#, r#""005|a   |   b|true|\"c\"|ff|%""#),
        (r#"format("%v %v %#v", [1, "a"], true, "x")"#, r#""[1,\"a\"] true \"x\"""#),
        (r#"cidrsubnet("10.0.0.0/8", 8, 2)"#, r#""10.2.0.0/16""#),
        (r#"cidrhost("10.0.0.0/8", 5)"#, r#""10.0.0.5""#),
        (r#"cidrnetmask("172.16.0.0/12")"#, r#""255.240.0.0""#),
        (r#"range(1, 8, 3)"#, "[1,4,7]"),
        (r#"element(["a", "b"], 3)"#, r#""b""#),
        (r#"zipmap(["a", "b"], [1, 2])"#, r#"{"a":1,"b":2}"#),
        (r#"coalesce(null, "", 5)"#, r#""5""#),
        (r#"contains(["a", "b"], "a") && !contains([1], "1") ? "yes" : "no""#, r#""yes""#),
        (r#"distinct(["b", "a", "b"])"#, r#"["b","a"]"#),
        (r#"setproduct(["a"], ["b", "c"])"#, r#"[["a","b"],["a","c"]]"#),
        (r#"indent(2, "a\nb")"#, r#""a\n  b""#),
        (r#"alltrue([]) && !anytrue([]) ? "yes" : "no""#, r#""yes""#),
    ]);
}

#[test]
fn what_a_function_cannot_tell_is_not_known() {
    for expression in [
        r#"regex("[[a]", "x[")"#,
        r#"regex("\\w", "é")"#,
        r#"format("%.2f", 1.5)"#,
        r#"sha256("a")"#,
        r#"uuid()"#,
        r#"yamldecode("a: !!str 1").a"#,
        r#"length("e\u0301")"#,
        r#"strrev("e\u0301")"#,
        r#"cidrsubnet("fd00::/8", 8, 2)"#,
        r#"1 / 3"#,
    ] {
        let read = read(&[("main.tf", &trust(expression))]);
        let statement = read.documents[0].get("Statement").expect("it has statements");
        let shown = json(statement.one_or_many()[0].at(&["Principal", "AWS"]).expect("there"));
        assert!(shown.starts_with('?') || shown.starts_with("\"${"), "{expression}: {shown}");
    }
}

#[test]
fn large_results_are_bounded() {
    for expression in [
        r#"format("%999999999d", 1)"#,
        r#"replace(join("", [for i in range(9999) : "aaaaaaaaaa"]), "a", "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb")"#,
        r#"indent(99999999, "a\nb")"#,
        "[for i in range(1, 9999999999999) : i]",
        "setproduct(range(100), range(100), range(100))",
        r#"tonumber("1e999999999")"#,
        r#"regex("(a{900}){900}", "a")"#,
    ] {
        let read = read_with(&[("main.tf", &trust(expression))], &[]);
        assert_eq!(read.documents.len(), 1, "{expression}");
    }
}

#[test]
fn values_that_share_their_parts_take_no_time() {
    let mut locals = String::from("locals {\n  a0 = [\"x\"]\n  m0 = { a = \"x\" }\n");
    for at in 1..60 {
        let before = at - 1;
        locals.push_str(&format!("  a{at} = [local.a{before}, local.a{before}]\n"));
        locals.push_str(&format!("  m{at} = {{ a = local.m{before}, b = local.m{before} }}\n"));
    }
    locals.push_str("}\n");
    for expression in [
        "length(local.a59)",
        "local.a59 == local.a59 ? 1 : 2",
        "local.m59 == local.m58 ? 1 : 2",
        "can(local.a59) ? 1 : 2",
        "try(local.m59.c, 1)",
        "length(tolist(local.a59))",
        "length(toset([local.a59, local.a58]))",
        "length(true ? local.a59 : [])",
        "contains(local.a59, \"x\") ? 1 : 2",
        "length(tomap(local.m59))",
        "length(coalesce(local.a59))",
        "length([for i in range(5000) : length(local.a59)])",
    ] {
        read_with(&[("main.tf", &(trust(expression) + &locals))], &[]);
    }
}
