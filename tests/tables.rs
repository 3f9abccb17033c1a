//! Tables with a mistake fail the build, at the line that has it. Every table says where it is from and when.

#[path = "../build/rows.rs"]
mod rows;
#[path = "../build/tables.rs"]
mod tables;

use rows::Fault;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The lines that every table begins with.
const HEAD: &str = "# What it holds.\n# Source: somewhere, 2026-11.\n# Columns: some.\n";

/// The file that is made from these tables, each under the usual lines.
fn made(name: &str, texts: &[&str]) -> tables::Written {
    let table = tables::ALL.iter().find(|table| table.name == name).expect("it is made");
    assert_eq!(texts.len(), table.from.len());
    (table.write)(&texts.iter().map(|text| format!("{HEAD}{text}")).collect::<Vec<_>>())
}

/// Fails unless these tables are refused at this file and this line, counted after the usual ones, with this message.
#[track_caller]
fn faulty(name: &str, texts: &[&str], expected: (usize, usize, &str)) {
    let (file, fault) = made(name, texts).expect_err("it has a mistake");
    assert_eq!((file, fault.line - 3, fault.message.as_str()), expected);
}

const VENDOR: &str = "012345678901\tAcme\t-\n";

#[test]
fn rows_are_whole_and_sorted() {
    let refused = |text: &str| rows::read(text, 2, rows::Order::Exact).map(|rows| rows.len()).expect_err("a mistake");
    for (rows, line, message) in [
        ("", 4, "the table has no rows"),
        ("a\tb\tc\n", 4, "the row has 3 fields, not 2"),
        ("a\tb\n\n", 5, "the row has 1 fields, not 2"),
        ("a\tb\nb\t\n", 5, "a field is empty or has blanks around it; `-` stands for nothing"),
        ("a\t b\n", 4, "a field is empty or has blanks around it; `-` stands for nothing"),
        ("b\tb\na\tb\n", 5, "`a` does not come after `b`"),
        ("a\tb\na\tc\n", 5, "`a` does not come after `a`"),
        ("a\tb\n# b\n", 5, "a comment stands before all rows"),
    ] {
        assert_eq!(refused(&format!("{HEAD}{rows}")), Fault::new(line, message), "{rows:?}");
    }
    for (head, message) in [
        ("# Columns: some.\n# 2026-11\n", "the lines before the rows do not say `Source:`"),
        ("# Source: some, 2026-11\n", "the lines before the rows do not say `Columns:`"),
        (
            "# Source: some.\n# Columns: 1234-5.\n",
            "the lines before the rows give no date, such as 2026-11, for the source",
        ),
    ] {
        assert_eq!(refused(&format!("{head}a\tb\n")), Fault::new(1, message), "{head:?}");
    }
}

#[test]
fn order_may_ignore_case() {
    let text = format!("{HEAD}a\t1\nB\t2\nc\t3\n");
    assert_eq!(rows::read(&text, 2, rows::Order::IgnoringCase).map(|rows| rows.len()), Ok(3));
    let fault = rows::read(&text, 2, rows::Order::Exact).map(|rows| rows.len());
    assert_eq!(fault, Err(Fault::new(5, "`B` does not come after `a`")));
    let twice = format!("{HEAD}a\t1\nA\t2\n");
    assert!(rows::read(&twice, 2, rows::Order::IgnoringCase).is_err());
}

#[test]
fn lines_may_end_as_on_windows() {
    let text = HEAD.replace('\n', "\r\n") + "AROA\trole\r\n";
    let prefix = tables::unique_ids(&text).expect("well formed");
    assert!(prefix.contains("(\"AROA\", \"role\")"), "{prefix}");
}

#[test]
fn accounts() {
    let name = "aws_accounts.rs";
    assert!(made(name, &[VENDOR, VENDOR, "012345678901\tsample\n"]).is_ok());
    let no_id = "`12345` is no account id of 12 digits";
    faulty(name, &["12345\tAcme\t-\n", VENDOR, "1\tx\n"], (0, 1, no_id));
    faulty(name, &[VENDOR, "012345678901\tA\t-\n12345\tB\t-\n", "1\tx\n"], (1, 2, no_id));
    faulty(name, &[VENDOR, VENDOR, "+12345678901\tx\n"], (2, 1, "`+12345678901` is no account id of 12 digits"));
}

#[test]
fn unique_ids_and_actions() {
    faulty("aws_ids.rs", &["Arx\trole\n"], (0, 1, "`Arx` is no prefix of four capitals"));
    let unknown = "unknown caller `root`; one of aws, service, saml, oidc";
    faulty("aws_sts.rs", &["A\taws\tx\nB\taws root\tx\n"], (0, 2, unknown));
}

#[test]
fn issuers() {
    let name = "aws_issuers.rs";
    let row = "a.example\tA\tshared\tsub\tsub\t-\t-\t-\tyes\n";
    assert!(made(name, &[row]).is_ok());
    let unknown = "unknown kind `open`; one of shared, builtin, private";
    faulty(name, &[&row.replace("shared", "open")], (0, 1, unknown));
    faulty(name, &[&row.replace("yes", "maybe")], (0, 1, "unknown answer `maybe`; one of yes, no"));
    faulty(name, &[&row.replace("a.example", "*.a*")], (0, 1, "`*.a*` has two `*` between slashes"));
    let claims = "an issuer has claims of tenants unless it is private";
    faulty(name, &[&row.replace("shared", "private")], (0, 1, claims));
    faulty(name, &[&row.replace("sub\tsub", "sub\t-")], (0, 1, claims));
}

#[test]
fn keys() {
    let name = "aws_keys.rs";
    let row = |key: &str| format!("{key}\tString\tsingle\t-\t-\t-\tS\tA\t?\tFEIPFE\tC\tnote\n");
    let stand_ins = ["HOST:ABSENT", "HOST:CLAIM", "HOST:OTHER"].map(row).concat();
    let table = format!("{}{stand_ins}", row("aws:A"));
    assert!(made(name, &[&table]).is_ok());
    let (_, fault) = made(name, &[&row("aws:A")]).expect_err("it has a mistake");
    assert_eq!(fault, Fault::new(1, "the table has no row `HOST:ABSENT`"));
    for (from, to, message) in [
        ("String", "Text", "unknown type `Text`; one of String, Arn, Bool, Numeric, Date, Ip"),
        ("single", "some", "unknown count of values `some`; one of single, multi"),
        ("\tS\t", "\tX\t", "unknown presence `X`; one of A, S, -, ?"),
        ("FEIPFE", "FEIPFX", "unknown class `X`; one of F, E, I, P"),
        ("FEIPFE", "FE", "class `FE` has neither one letter nor six"),
        ("\tC\t", "\tD\t", "unknown mark `D`; one of C, L, U"),
        ("aws:A", "HOST:A", "`A` is no claim, which has small letters"),
    ] {
        faulty(name, &[&table.replacen(from, to, 1)], (0, 1, message));
    }
}

#[test]
fn partitions() {
    let name = "aws_partitions.rs";
    let homes = "aws\tamazonaws.com\tapi.aws\t-\teu us\n";
    assert!(made(name, &[homes, "eu-west-1\taws\tIreland\n"]).is_ok());
    faulty(name, &["aws\n", "eu-west-1\taws\tIreland\n"], (0, 1, "the row has 1 fields, not 5"));
    faulty(name, &[homes, "eu-west-1\taws-cn\tIreland\n"], (1, 1, "`aws-cn` is no partition"));
}

#[test]
fn roles_and_literals() {
    let row = "a-*\taccount\tA\tA Guide\n";
    assert!(made("aws_roles.rs", &[row]).is_ok());
    let unknown = "unknown trust `user`; one of account, service";
    faulty("aws_roles.rs", &[&row.replace("account", "user")], (0, 1, unknown));
    let row = "s3:a\t*\t-\tA Guide\n";
    assert!(made("aws_literals.rs", &[row]).is_ok());
    faulty("aws_literals.rs", &[&row.replace('*', "x")], (0, 1, "`x` has no star"));
}

#[test]
fn services() {
    let name = "aws_services.rs";
    let (service, alias) = ("a.amazonaws.com\tlist\n", "b\ta.amazonaws.com\n");
    let deputy = "a.amazonaws.com\tdocumented\taws:SourceArn\tread\tA Guide\tarn:aws:a:REGION:ACCOUNT:*\n";
    assert!(made(name, &[service, alias, deputy]).is_ok());
    let suffix = |host: &str| format!("`{host}` does not end in `.amazonaws.com`");
    faulty(name, &["a.aws\tlist\n", alias, deputy], (0, 1, &suffix("a.aws")));
    faulty(name, &[service, "b\ta\n", deputy], (1, 1, &suffix("a")));
    for (from, to, message) in [
        ("documented", "safe", "unknown class `safe`; one of documented, compute"),
        ("aws:SourceArn", "aws:SourceIp", "unknown key `aws:SourceIp`; one of aws:SourceArn, aws:SourceAccount"),
        ("aws:SourceArn", "-", "a documented service has keys"),
        (
            "REGION:ACCOUNT",
            "ACCOUNT:REGION",
            "`arn:aws:a:ACCOUNT:REGION:*` is no form of an ARN with ACCOUNT in its place",
        ),
        ("read", "heard", "unknown check `heard`; one of read, recalled"),
    ] {
        faulty(name, &[service, alias, &deputy.replace(from, to)], (2, 1, message));
    }
}

/// The folder of the tables.
fn data() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/aws/data"))
}

/// Every table by its name, with its first lines.
fn heads() -> BTreeMap<String, String> {
    let files = fs::read_dir(data()).expect("the folder is there").map(|entry| entry.expect("it can be read").path());
    let tables = files.filter(|path| path.extension().is_some_and(|ending| ending == "tsv"));
    let head = |path: &Path| {
        let text = fs::read_to_string(path).expect("it can be read");
        text.lines().take_while(|line| line.starts_with('#')).map(|line| format!("{line}\n")).collect()
    };
    tables.map(|path| (path.file_name().expect("a name").to_string_lossy().into_owned(), head(&path))).collect()
}

/// The dates in a text: a year and a month, which may have a day.
fn dates(text: &str) -> Vec<&str> {
    let words = text.split(|c: char| !c.is_ascii_digit() && c != '-');
    let of_digits = |part: &str, count: usize| part.len() == count && part.bytes().all(|byte| byte.is_ascii_digit());
    let is_date = |word: &&str| {
        let parts: Vec<&str> = word.split('-').collect();
        let form = matches!(parts[..], [year, month] | [year, month, _] if of_digits(year, 4) && of_digits(month, 2));
        form && parts.get(2).is_none_or(|day| of_digits(day, 2))
    };
    words.map(|word| word.trim_matches('-')).filter(is_date).collect()
}

/// The script that writes some of the tables.
fn script() -> String {
    fs::read_to_string(data().join("refresh")).expect("the script is there")
}

/// The oldest date that a table gives for what it was made from. A year alone, as in `2022 to 2026`, counts for nothing.
fn oldest(head: &str) -> &str {
    dates(head).into_iter().min().expect("a date")
}

#[test]
fn every_table_says_where_it_is_from_and_when() {
    let heads = heads();
    let made: Vec<&str> = tables::ALL.iter().flat_map(|table| table.from).copied().collect();
    for (name, head) in &heads {
        assert!(made.contains(&name.as_str()), "nothing is made of {name}");
        assert_eq!(head.matches("# Source: ").count(), 1, "{name}");
        assert!(!dates(head).is_empty(), "{name}");
        for date in dates(head) {
            let (year, month) = (&date[..4], &date[5..7]);
            assert!(("2015".."2100").contains(&year) && ("01"..="12").contains(&month), "{name}: {date}");
        }
    }
    assert_eq!(heads.len(), made.len());
}

#[test]
fn the_page_for_contributors_names_the_oldest_date() {
    let heads = heads();
    let (date, name) = heads.iter().map(|(name, head)| (oldest(head), name)).min().expect("there are tables");
    let page = include_str!("../CONTRIBUTING.md").split_whitespace().collect::<Vec<_>>().join(" ");
    let line = format!("the oldest source of a table is of {date} (`{name}`)");
    assert!(page.contains(&line), "CONTRIBUTING.md does not say that {line}");
}

#[test]
fn the_script_names_what_it_writes() {
    let (script, heads) = (script(), heads());
    let (_, list) = script.split_once("\nGENERATED = [\n").expect("it has the list");
    let (list, _) = list.split_once("]\n").expect("the list ends");
    let generated: Vec<&str> = list.lines().map(|line| line.trim().trim_matches([',', '"'])).collect();
    let marked = heads.iter().filter(|(_, head)| head.contains("\n# Generated by refresh.\n"));
    assert_eq!(generated, marked.map(|(name, _)| name.as_str()).collect::<Vec<_>>());

    // Its help names the others.
    let (_, others) =
        script.split_once("Made by hand, each from the source that its first lines name: ").expect("a list");
    let (others, _) = others.split_once('.').expect("the list ends");
    let others: Vec<String> = others.split(',').map(|name| format!("{}.tsv", name.trim())).collect();
    assert_eq!(others, heads.into_keys().filter(|name| !generated.contains(&name.as_str())).collect::<Vec<_>>());
}

#[test]
fn generated_tables_are_of_the_sources_that_the_script_pins() {
    let (script, heads) = (script(), heads());
    let generated: String = heads.into_values().filter(|head| head.contains("Generated by refresh")).collect();
    let pins = script.lines().filter_map(|line| {
        let (name, value) = line.split_once(" = \"")?;
        let named = name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
        value.split('"').next().filter(|_| named)
    });
    let pins: Vec<&str> = pins.collect();
    assert_eq!(pins.len(), 10, "five versions and their dates");
    for pin in pins {
        // Of a commit the tables have the beginning.
        let short = if pin.len() == 40 { &pin[..12] } else { pin };
        assert!(generated.contains(short), "no table is of {pin}: run src/aws/data/refresh");
    }
    let hashes = script.split('"').filter(|word| word.len() == 64 && word.bytes().all(|byte| byte.is_ascii_hexdigit()));
    assert_eq!(hashes.count(), 5, "a hash for each source");
}

#[cfg(unix)]
#[test]
fn the_script_can_be_run() {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs::metadata(data().join("refresh")).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o111, 0o111, "it is executable");
}
