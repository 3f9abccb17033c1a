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
    assert_eq!(read.redefined[0][0].1, "main.tf:2:51 Effect");
    assert_eq!(read.redefined[0][0].2, "main.tf:2:68 Effect");
}
