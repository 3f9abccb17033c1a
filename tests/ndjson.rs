//! JSON Lines in and out: a result for every line, in order, whatever stands on the lines.

mod common;

use common::{CLOSED, OPEN, Run, command, run, run_with_stdin, tree};
use iamlint::config;
use iamlint::diagnostic::{Audience, Diagnostic, Label};
use iamlint::lint::ndjson::{self, Lines};
use iamlint::lint::{FileReport, Settings, lint_source};
use iamlint::rules::RULES;
use iamlint::site::PolicyKind;
use iamlint::source::Source;
use iamlint::span::Span;
use iamlint::syntax::json;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;

const STREAM: [&str; 6] = ["check", "--isolated", "--input-format", "ndjson", "--format", "ndjson"];

/// What the lines of an input come to.
fn judged(input: &[u8], more: &[&str]) -> (Vec<Value>, Run) {
    let run = run_with_stdin(tree(&[]).path(), &[&STREAM[..], more, &["-"]].concat(), input);
    (results(&run.stdout), run)
}

fn results(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("a result is a line of JSON")).collect()
}

/// Lines as `line` gives them.
fn lines(results: &[Value]) -> Vec<u64> {
    results.iter().map(|result| result["line"].as_u64().expect("a number")).collect()
}

fn rules(result: &Value) -> Vec<&str> {
    let findings = result["findings"].as_array().expect("a list");
    findings.iter().map(|finding| finding["rule"].as_str().expect("text")).collect()
}

/// A line with this document.
fn row(document: &str) -> String {
    format!("{{\"id\": 1, \"document\": {document}}}\n")
}

/// The only result of one line.
fn only(line: &str) -> Value {
    let (mut results, _) = judged(line.as_bytes(), &[]);
    assert_eq!(results.len(), 1, "{line}");
    results.remove(0)
}

fn message(result: &Value) -> (String, u64) {
    let error = &result["error"];
    (error["message"].as_str().unwrap_or_default().to_owned(), error["start"]["column"].as_u64().unwrap_or_default())
}

/// Enough lines for several chunks: good ones, bad ones and broken ones.
fn estate() -> String {
    let mut text = String::new();
    for number in 0..5_000_u64 {
        let account = 300_000_000_000 + number % 700;
        let line = match number % 7 {
            0 => json!({"id": number, "document": serde_json::from_str::<Value>(CLOSED).expect("JSON")}).to_string(),
            1 => format!("{{\"id\": {number}, \"account\": \"{account}\", \"document\": {OPEN}}}"),
            2 => json!({"id": number.to_string(), "kind": "trust", "document": OPEN}).to_string(),
            3 => format!("{{\"id\": {number}, \"document\": {{\"Statement\": [}}}}"),
            4 => String::new(),
            _ => json!({"id": [number], "document": {"Statement": [{
                "Effect": "Allow", "Principal": {"AWS": format!("arn:aws:iam::{account}:root")}, "Action": "sts:AssumeRole",
            }]}})
            .to_string(),
        };
        text.push_str(&line);
        text.push('\n');
    }
    text
}

#[test]
fn order_and_bytes_do_not_depend_on_the_threads() {
    let folder = tree(&[("estate.ndjson", &estate())]);
    let with = |threads: &str| {
        let mut command = command(folder.path());
        command.env("RAYON_NUM_THREADS", threads).args(STREAM).args(["--profile", "audit", "estate.ndjson"]);
        String::from_utf8(command.output().expect("it runs").stdout).expect("UTF-8")
    };
    let one = with("1");
    let expected: Vec<u64> = (0..5_000).filter(|number| number % 7 != 4).map(|number| number + 1).collect();
    assert_eq!(lines(&results(&one)), expected, "one result for each line that is not blank, in order");
    for threads in ["2", "3", "8"] {
        assert!(one == with(threads), "{threads} threads write something else");
    }
}

#[test]
fn the_parts_of_an_input_come_to_what_the_whole_comes_to() {
    let text = estate();
    let without_line = |results: Vec<Value>| -> Vec<Value> {
        let each = results.into_iter().map(|mut result| {
            result["line"] = Value::Null;
            result
        });
        each.collect()
    };
    let whole = without_line(judged(text.as_bytes(), &[]).0);
    let all: Vec<&str> = text.split_inclusive('\n').collect();
    let parts = all.chunks(1_301).flat_map(|part| without_line(judged(part.concat().as_bytes(), &[]).0));
    assert!(whole == parts.collect::<Vec<_>>());
}

/// Every example of the rule pages that stands there in this language, with the kind that it names.
fn examples(language: &str) -> Vec<(String, Option<&'static str>)> {
    let mut found = Vec::new();
    for rule in RULES {
        for fence in rule.page.split(&format!("```{language} ")).skip(1) {
            let (info, rest) = fence.split_once('\n').expect("a fence has lines");
            let text = rest.split("\n```").next().expect("it is closed").to_owned();
            let kind = info.split_whitespace().find_map(|word| word.strip_prefix("kind="));
            if !info.contains("file=") && !info.contains("config") {
                found.push((text, kind));
            }
        }
    }
    assert!(found.len() > 15, "{language}: {}", found.len());
    found
}

fn settings(kind: Option<&str>) -> Settings {
    let mut config = config::parse_text("").expect("the defaults");
    config.profile = Audience::Audit;
    let mut settings = Settings::new(&config);
    settings.kind = kind.and_then(PolicyKind::from_name);
    settings
}

fn judge_line(line: &str, settings: &Settings) -> FileReport {
    let mut chunk = Lines::new(line.as_bytes()).chunk().expect("memory can be read");
    assert_eq!(chunk.len(), 1);
    ndjson::judge(chunk.remove(0), "example", settings).report
}

/// What a finding says, but for its places.
fn words(finding: &Diagnostic) -> String {
    let nowhere = |label: &Label| Label::new(Span::default(), label.text.as_str());
    let secondary = finding.secondary.iter().map(nowhere).collect();
    format!("{:?}", Diagnostic { primary: nowhere(&finding.primary), secondary, ..finding.clone() })
}

#[test]
fn a_line_has_the_findings_of_the_same_policy_in_a_file() {
    let mut compared = 0;
    for (text, kind) in examples("json") {
        // Where lines end does not matter to JSON, and places stay what they are.
        let text = text.replace('\n', " ");
        let file = lint_source(Source::new("example", text.as_str()), &settings(kind));
        let kind_member = kind.map_or_else(String::new, |kind| format!("\"kind\": \"{kind}\", "));
        let head = format!("{{{kind_member}\"document\": ");
        let line = judge_line(&format!("{head}{text}}}"), &settings(None));
        if file.policies.is_empty() {
            // A plan may say nothing of its policies yet.
            assert!(line.problem.is_some() || !file.not_judged.is_empty(), "what nobody judges is an error:\n{text}");
            continue;
        }
        // A file with a comma too many is judged, a line with any mistake is an error for who wrote it.
        if !json::parse(&text, json::Dialect::Strict).problems.is_empty() {
            assert!(line.problem.is_some() && line.policies.is_empty(), "{text}");
            continue;
        }
        let moved: Vec<Diagnostic> = file.findings.iter().map(|one| one.clone().moved(head.len() as u32)).collect();
        assert_eq!(line.findings, moved, "{text}");
        assert_eq!(line.policies.len(), file.policies.len());
        // The same text in a string, and percent-encoded in one.
        let encoded: String = text.bytes().map(|byte| format!("%{byte:02x}")).collect();
        for string in [&text, &encoded] {
            let string = serde_json::to_string(string).expect("it serializes");
            let line = judge_line(&format!("{{{kind_member}\"document\": {string}}}"), &settings(None));
            let said = |report: &FileReport| {
                let mut said: Vec<String> = report.findings.iter().map(words).collect();
                said.sort();
                said
            };
            assert_eq!(said(&line), said(&file), "{string}");
            compared += line.findings.len();
        }
    }
    assert!(compared > 200, "{compared} findings");
}

#[test]
fn a_template_of_yaml_stands_in_a_string() {
    let mut compared = 0;
    for (text, _) in examples("yaml") {
        let file = lint_source(Source::new("example", text.as_str()), &settings(None));
        // In a string there are no comments.
        if file.invalid || file.policies.is_empty() || text.contains("iamlint:") {
            continue;
        }
        let string = serde_json::to_string(&text).expect("it serializes");
        let line = judge_line(&format!("{{\"document\": {string}}}"), &settings(None));
        let rules = |report: &FileReport| report.findings.iter().map(|one| one.rule).collect::<Vec<_>>();
        let (mut expected, mut found) = (rules(&file), rules(&line));
        // A warning about the text of a file, such as a number with a leading zero, is not one about the policy.
        expected.retain(|rule| *rule != "invalid-input");
        expected.sort_unstable();
        found.sort_unstable();
        assert_eq!(found, expected, "{text}");
        compared += 1;
    }
    assert!(compared > 10, "{compared} templates");
}

#[test]
fn a_template_in_a_string_has_its_places() {
    let template = "Resources:\n  R:\n    Type: AWS::IAM::Role\n    Properties:\n      AssumeRolePolicyDocument:\n        \
                    Statement: [{Effect: Allow, Principal: '*', Action: 'sts:AssumeRole'}]\n";
    let line = row(&serde_json::to_string(template).expect("it serializes"));
    let result = only(&line);
    let offset = |end: &str| result["findings"][0][end]["offset"].as_u64().expect("a number") as usize;
    assert_eq!(&line[offset("start")..offset("end")], "'*'");
    assert_eq!(result["findings"][0]["resource"], "Resources.R");
}

#[test]
fn documents_are_anything_that_a_file_may_hold() {
    let role = format!(
        r#"{{"Role": {{"RoleName": "r", "Arn": "arn:aws:iam::294750163881:role/r", "MaxSessionDuration": 43200, "AssumeRolePolicyDocument": {OPEN}}}}}"#
    );
    let result = only(&row(&role));
    assert_eq!(rules(&result), ["excessive-session-duration", "wildcard-principal"]);
    assert_eq!(result["findings"][1]["resource"], "arn:aws:iam::294750163881:role/r");
    let list = only(&row(&format!("[{OPEN}, {}]", CLOSED.replace('\n', " "))));
    assert_eq!((&list["policies"], rules(&list)), (&json!(2), vec!["wildcard-principal"]));
    // Somebody else's role, which nobody can edit, is judged and has nothing to judge.
    let linked = role.replace("\"RoleName\"", "\"Path\": \"/aws-service-role/x/\", \"RoleName\"");
    let result = only(&row(&linked));
    assert_eq!((&result["policies"], &result["error"]), (&json!(0), &Value::Null));
}

#[test]
fn a_line_says_what_is_known_about_the_role() {
    let trust = r#"{"Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::294750163881:root"}, "Action": "sts:AssumeRole"}]}"#;
    let rules_of = |members: &str| {
        let result = only(&format!("{{{members}, \"document\": {trust}}}"));
        assert_eq!(result["error"], Value::Null, "{members}");
        rules(&result).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    // Of the own account and of a foreign one.
    let external = "missing-external-id".to_owned();
    assert!(!rules_of(r#""account": "294750163881""#).contains(&external));
    assert!(rules_of(r#""account": "803914726655""#).contains(&external));
    assert!(rules_of(r#""account": 803914726655"#).contains(&external), "tables make numbers of account ids");
    let long = "excessive-session-duration".to_owned();
    assert!(rules_of(r#""max_session_duration": 43200, "account": "803914726655""#).contains(&long));
    assert!(rules_of(r#""max_session_duration": "43200", "account": "803914726655""#).contains(&long));
    assert!(!rules_of(r#""max_session_duration": 3600, "account": "803914726655""#).contains(&long));
    // Nulls are nothing, and other columns are passed over.
    assert_eq!(
        rules_of(r#""id": 1, "kind": null, "account": null, "max_session_duration": null, "name": null"#),
        rules_of(r#""team": {"document": 1}, "names": 2"#)
    );

    let named = only(&format!("{{\"name\": \"deploy\", \"kind\": \"trust\", \"document\": {OPEN}}}"));
    assert_eq!(named["findings"][0]["resource"], "role/deploy");
    let line = format!("{{\"document\": {trust}, \"account\": \"803914726655\", \"max_session_duration\": 43200}}");
    let finding = &only(&line)["findings"][1];
    assert_eq!(finding["rule"], "excessive-session-duration");
    assert_eq!(finding["start"]["offset"], json!(line.find("43200")), "the place is beside the document");
}

#[test]
fn the_kind_of_a_raw_policy() {
    let nothing = r#"{"Version": "2012-10-17"}"#;
    assert_eq!(message(&only(&row(nothing))).0, "nothing in this document looks like a policy");
    let told = only(&format!("{{\"kind\": \"trust\", \"document\": {nothing}}}"));
    assert_eq!((&told["policies"], &told["error"]), (&json!(1), &Value::Null));
    assert!(!rules(&told).is_empty(), "it lacks its statements");
    // The line knows better than the command line.
    let star = r#"{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}"#;
    let (results, _) =
        judged(format!("{}{{\"kind\": \"identity\", \"document\": {star}}}", row(star)).as_bytes(), &["--kind", "scp"]);
    assert!(!rules(&results[0]).contains(&"admin-access"));
    assert!(rules(&results[1]).contains(&"admin-access"));
}

#[test]
fn an_id_is_echoed_as_it_is_written() {
    let ids = [
        "1",
        "-1.50e+3",
        "12345678901234567890123",
        "\"a\\u00e9\\/\"",
        "\"\"",
        "true",
        "false",
        "null",
        "[1, {\"a\":  2}]",
        "{\"b\": [], \"a\": null}",
    ];
    let input: String =
        ids.iter().map(|id| format!("{{\"document\": {CLOSED}, \"id\": {id}}}\n").replace("\n ", " ")).collect();
    let run = run_with_stdin(tree(&[]).path(), &[&STREAM[..], &["-"]].concat(), input.as_bytes());
    for (id, line) in ids.iter().zip(run.stdout.lines()) {
        assert!(line.starts_with(&format!("{{\"version\":1,\"id\":{id},\"path\":\"<stdin>\",\"line\":")), "{line}");
    }
    assert_eq!((run.stdout.lines().count(), run.code), (ids.len(), 0), "{}", run.stderr);
    assert_eq!(only(&format!("{{\"document\": {OPEN}}}"))["id"], Value::Null, "a line without one");
}

#[test]
fn a_broken_line_is_a_result_and_stops_nothing() {
    for (line, expected, column) in [
        ("{\"id\": 7, \"document\": {\"Statement\": [}", "this list is never closed: expected `]`, found `}`", 37),
        ("{\"id\": 7, \"é\": 1, \"document\" 1}", "expected `:` after the name `document`, found `1`", 30),
        ("{\"id\": 7, \"document\": {\"a\": 1}} {}", "expected the end of the document, found `{`", 33),
        ("{\"id\": 7, \"document\": ${POLICY}}", "expected a value, found the placeholder `${POLICY}`", 23),
        (
            "{\"id\": 7, \"document\": \"{\\\"Statement\\\": [}\"}",
            "this list is never closed: expected `]`, found `}`",
            40,
        ),
        ("{\"id\": 7, \"document\": \"%7B%2\"}", "this policy document is not validly percent-encoded", 23),
        (
            "{\"id\": 7, \"document\": \"%7B\\\"a\\\": 1}\"}",
            "this document begins with a `%` and is not percent-encoded throughout",
            23,
        ),
        ("{\"id\": 7, \"document\": null}", "expected a policy document, found null", 23),
        ("{\"id\": 7, \"document\": 1}", "expected a policy document, found a number", 23),
        ("{\"id\": 7, \"document\": \"\"}", "nothing in this document looks like a policy", 23),
        ("{\"id\": 7, \"document\": \"a: [\"}", "unclosed bracket '['", 27),
        ("{\"id\": 7}", "this line has no `document`", 1),
        ("{\"id\": 7, \"Document\": {}}", "unknown member `Document`; did you mean `document`?", 11),
        ("{\"id\": 7, \"document\": {}, \"document\": {}}", "`document` stands in this line twice", 27),
        ("{\"id\": 7, \"document\": {}, \"acount\": 1}", "unknown member `acount`; did you mean `account`?", 27),
        (
            "{\"id\": 7, \"document\": {}, \"MaxSessionDuration\": 1}",
            "unknown member `MaxSessionDuration`; did you mean `max_session_duration`?",
            27,
        ),
        (
            "{\"id\": 7, \"document\": {}, \"account\": \"1\"}",
            "`account` is not an account id: a string of 12 digits",
            38,
        ),
        (
            "{\"id\": 7, \"document\": {}, \"kind\": \"trsut\"}",
            "`kind` is not one of trust, identity, resource, scp, rcp, boundary, session",
            35,
        ),
        (
            "{\"id\": 7, \"document\": {}, \"max_session_duration\": \"1h\"}",
            "`max_session_duration` is not a number of seconds",
            51,
        ),
        ("{\"id\": 7, \"document\": {}, \"name\": 1}", "`name` is not a string", 35),
        (
            "{\"id\": 7, \"document\": {\"a\": \"\u{0}\"}}",
            "a raw control character (U+0000) may not stand in a string",
            30,
        ),
    ] {
        let (results, run) = judged(format!("{line}\n{}", row(OPEN)).as_bytes(), &[]);
        assert_eq!(message(&results[0]), (expected.to_owned(), column), "{line}");
        let said = rules(&results[0]);
        assert!(!said.is_empty() && said.iter().all(|rule| *rule == "invalid-input"), "{line}: {said:?}");
        assert_eq!(results[0]["id"], 7, "{line}");
        assert_eq!((rules(&results[1]), lines(&results)), (vec!["wildcard-principal"], vec![1, 2]));
        assert_eq!(run.code, 1);
    }
    for (line, expected) in [
        ("[1]", "a line is an object with a `document`, not a list"),
        ("null", "a line is an object with a `document`, not null"),
        ("\u{0}", "expected a value, found `\u{0}`"),
        ("}", "expected a value, found `}`"),
    ] {
        let result = only(line);
        assert_eq!((message(&result), &result["id"]), ((expected.to_owned(), 1), &Value::Null));
    }
    let bare = only(OPEN);
    assert!(bare["error"]["help"].as_str().is_some_and(|help| help.contains("\"document\"")), "{bare}");
}

#[test]
fn an_error_is_said_whatever_rules_run() {
    let (results, run) = judged(b"{\"id\": 1, \"document\": [}\n", &["--select", "wildcard-principal"]);
    assert!(rules(&results[0]).is_empty());
    assert_eq!(message(&results[0]).1, 23);
    assert!(run.stderr.contains("1 not fully readable"), "{}", run.stderr);
}

#[test]
fn white_space_around_lines() {
    let open = row(OPEN).trim_end().to_owned();
    let input = format!("\u{feff}{open}\r\n\r\n  \t\n\n{open}\n\u{feff}\n  {open}  \r\n{open}");
    let (results, run) = judged(input.as_bytes(), &[]);
    assert_eq!(lines(&results), [1, 5, 7, 8]);
    let columns: Vec<_> = results.iter().map(|result| result["findings"][0]["start"]["column"].as_u64()).collect();
    assert_eq!(columns, [Some(104), Some(104), Some(106), Some(104)]);
    assert!(results.iter().all(|result| result["id"] == 1));
    assert!(run.stderr.contains("in 4 of 4 lines; 4 policies"), "{}", run.stderr);
    let (results, run) = judged(b"\n \n", &[]);
    assert_eq!((results.len(), run.code), (0, 2));
    assert!(
        run.stderr.starts_with("iamlint: no policy found on standard input, `<stdin>`; use --allow-empty"),
        "{}",
        run.stderr
    );
    let (results, run) = judged(b"\n \n", &["--allow-empty"]);
    assert_eq!((results.len(), run.code), (0, 0));
    assert!(run.stderr.starts_with("no findings in 0 lines; no policies; "), "{}", run.stderr);
}

#[test]
fn bytes_that_are_no_text() {
    let mut input = b"{\"id\": \"x\", \"document\": \"caf\xe9\"}\n".to_vec();
    input.extend(row(OPEN).bytes());
    input.extend(b"\xff\xfe{\0\n");
    let (results, run) = judged(&input, &[]);
    assert_eq!(message(&results[0]), ("this line is not UTF-8 text: the byte at offset 28 is not".to_owned(), 29));
    assert_eq!(
        (&results[0]["id"], rules(&results[1]), &results[2]["id"]),
        (&json!("x"), vec!["wildcard-principal"], &Value::Null)
    );
    assert_eq!((results.len(), run.code), (3, 1));
}

#[test]
fn nesting_without_end() {
    let deep = "[".repeat(100_000);
    let input = format!("{{\"id\": 1, \"document\": {deep}\n{{\"id\": {deep}\n{}{deep}", row(OPEN));
    let (results, _) = judged(input.as_bytes(), &[]);
    assert_eq!(message(&results[0]).0, "nested deeper than 128 levels");
    assert_eq!((&results[0]["id"], &results[1]["id"]), (&json!(1), &Value::Null));
    assert_eq!((rules(&results[2]), results.len()), (vec!["wildcard-principal"], 4));
}

#[test]
fn a_line_of_many_mistakes_has_few_results() {
    let members: String = (0..200_000).map(|_| "\"kind\": 1, \"kinds\": 2, \"name\": 3, ").collect();
    let result = only(&format!("{{{members}\"document\": {{}}}}"));
    assert!(rules(&result).len() < 10);
}

/// The line is many times longer than the memory that the program may have.
#[cfg(target_os = "linux")]
#[test]
fn a_huge_line_is_not_held() {
    let folder = tree(&[]);
    let mut child = std::process::Command::new("sh")
        .args(["-c", "ulimit -v 300000 && exec \"$@\"", "sh", env!("CARGO_BIN_EXE_iamlint")])
        .args(STREAM)
        .args(["--quiet", "-"])
        .env("RAYON_NUM_THREADS", "1")
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut pipe = child.stdin.take().expect("a pipe");
    let writer = std::thread::spawn(move || {
        let filler = vec![b'x'; 1024 * 1024];
        pipe.write_all(b"{\"id\": \"huge\", \"document\": \"").expect("written");
        (0..512).for_each(|_| pipe.write_all(&filler).expect("written"));
        pipe.write_all(format!("\"}}\n{}", row(OPEN)).as_bytes()).expect("written");
    });
    let output = child.wait_with_output().expect("it ends");
    writer.join().expect("everything was read");
    let results = results(std::str::from_utf8(&output.stdout).expect("UTF-8"));
    assert_eq!(
        message(&results[0]),
        ("this line has 536870942 bytes, more than the 16777216 that are read".to_owned(), 1)
    );
    assert_eq!((&results[0]["id"], rules(&results[1])), (&json!("huge"), vec!["wildcard-principal"]));
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn who_waits_for_a_result_gets_it() {
    let folder = tree(&[]);
    let mut child = command(folder.path())
        .args(STREAM)
        .arg("-")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    let mut pipe = child.stdin.take().expect("a pipe");
    let mut answers = BufReader::new(child.stdout.take().expect("a pipe"));
    for number in 1..=3 {
        // The next line has begun, and has not come.
        write!(pipe, "{}{{", &row(OPEN)[usize::from(number > 1)..]).expect("written");
        pipe.flush().expect("written");
        let mut answer = String::new();
        answers.read_line(&mut answer).expect("read");
        assert_eq!(lines(&results(&answer)), [number]);
    }
    drop(pipe);
    assert_eq!(child.wait().expect("it ends").code(), Some(1));
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let folder = tree(&[("estate.ndjson", &estate())]);
    let mut child = command(folder.path())
        .args(STREAM)
        .arg("estate.ndjson")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0));
}

#[test]
fn exit_codes_are_those_of_every_format() {
    let folder = tree(&[
        ("open.ndjson", &row(OPEN)),
        ("closed.ndjson", &row(&CLOSED.replace('\n', " "))),
        ("broken.ndjson", "{"),
    ]);
    let code = |args: &[&str]| run(folder.path(), &[&STREAM[..], args].concat()).code;
    assert_eq!(code(&["closed.ndjson"]), 0);
    assert_eq!(code(&["open.ndjson"]), 1);
    assert_eq!(code(&["broken.ndjson"]), 1);
    assert_eq!(code(&["--fail-on", "never", "open.ndjson", "broken.ndjson"]), 0);
    assert_eq!(code(&["--fail-on", "critical", "broken.ndjson"]), 0);
    assert_eq!(code(&["missing.ndjson"]), 2);
    let refused = run(folder.path(), &[&STREAM[..], &["--output", "json=out.json", "open.ndjson"]].concat());
    assert_eq!((refused.code, refused.stdout.as_str()), (2, ""));
    assert!(refused.stderr.contains("--output needs everything"), "{}", refused.stderr);
    let refused =
        run(folder.path(), &["check", "--isolated", "--input-format", "ndjson", "--output", "ndjson=a", "open.ndjson"]);
    assert!(refused.code == 2 && refused.stderr.contains("use --format ndjson"), "{}", refused.stderr);
}

#[test]
fn several_inputs_and_a_folder() {
    let folder = tree(&[
        ("a.ndjson", &row(OPEN)),
        ("b/part-0.json", &row(OPEN)),
        ("b/part-1.json", &row(CLOSED).replace('\n', " ")),
        ("c/readme.md", ""),
    ]);
    let run = run_with_stdin(
        folder.path(),
        &[&STREAM[..], &["--stdin-filename", "tail", "-", "b", "a.ndjson", "c", "missing.ndjson"]].concat(),
        row(OPEN).as_bytes(),
    );
    let results = results(&run.stdout);
    let paths: Vec<&str> = results.iter().map(|result| result["path"].as_str().expect("text")).collect();
    assert_eq!(paths, ["a.ndjson", "b/part-0.json", "b/part-1.json", "tail"]);
    assert_eq!(lines(&results), [1, 1, 1, 1]);
    assert_eq!(run.code, 2);
    assert!(
        run.stderr.contains("no policy found under `c`") && run.stderr.contains("missing.ndjson: no such file"),
        "{}",
        run.stderr
    );
}

#[test]
fn other_formats_read_lines_too() {
    let text = estate();
    let folder = tree(&[("estate.ndjson", &text)]);
    let with = |format: &str| {
        run(folder.path(), &["check", "--isolated", "--input-format", "ndjson", "--format", format, "estate.ndjson"])
    };
    let whole: Value = serde_json::from_str(&with("json").stdout).expect("JSON");
    let (streamed, run) = judged(text.as_bytes(), &["--stdin-filename", "estate.ndjson"]);
    let starts: Vec<usize> =
        text.split_inclusive('\n').scan(0, |at, line| Some(std::mem::replace(at, *at + line.len()))).collect();
    let mut expected = Vec::new();
    for result in &streamed {
        let number = result["line"].as_u64().expect("a number");
        let place = |place: &mut Value| {
            place["line"] = json!(number);
            place["offset"] = json!(starts[number as usize - 1] as u64 + place["offset"].as_u64().expect("a number"));
        };
        for finding in result["findings"].as_array().expect("a list") {
            let mut finding = finding.clone();
            place(&mut finding["start"]);
            place(&mut finding["end"]);
            for label in finding["labels"].as_array_mut().expect("a list") {
                place(&mut label["start"]);
                place(&mut label["end"]);
            }
            expected.push(finding);
        }
    }
    assert!(whole["findings"] == Value::Array(expected));
    assert!(run.stderr.starts_with(&format!("{} findings", whole["findings"].as_array().expect("a list").len())));
    let concise = with("concise");
    assert!(concise.stdout.starts_with("estate.ndjson:2:"), "{}", concise.stdout.lines().next().unwrap_or_default());
    assert_eq!((with("sarif").code, with("full").code, concise.code, run.code), (1, 1, 1, 1));
    let files = common::run(
        folder.path(),
        &["check", "--isolated", "--input-format", "ndjson", "--show-files", "estate.ndjson"],
    );
    assert!(
        files.stdout.starts_with("estate.ndjson: ndjson, because it was named with --input-format; 3572 policies"),
        "{}",
        files.stdout
    );
}

#[test]
fn a_line_for_each_ordinary_file() {
    let folder = tree(&[
        ("b.json", OPEN),
        ("a.json", CLOSED),
        ("c.json", "{\"Statement\": [{\"Effect\": \"Allow\" \"Action\": 1}]}"),
        ("d.json", "{}"),
    ]);
    let args = ["check", "--isolated", "--format"];
    let run_as = |format: &str| run(folder.path(), &[&args[..], &[format]].concat());
    let run = run_as("ndjson");
    let results = results(&run.stdout);
    let shown: Vec<_> = results
        .iter()
        .map(|result| (result["path"].as_str().expect("text"), result["policies"].as_u64(), rules(result)))
        .collect();
    assert_eq!(
        shown,
        [
            ("a.json", Some(1), vec![]),
            ("b.json", Some(1), vec!["wildcard-principal"]),
            ("c.json", Some(0), vec!["invalid-input"]),
            ("d.json", Some(0), vec![]),
        ]
    );
    assert_eq!(message(&results[2]), ("expected `,` or `}`, found a string".to_owned(), 35));
    assert!(results.iter().all(|result| result["id"].is_null() && result["line"].is_null()));
    let whole: Value = serde_json::from_str(&run_as("json").stdout).expect("JSON");
    let findings: Vec<Value> =
        results.iter().flat_map(|result| result["findings"].as_array().expect("a list").clone()).collect();
    assert_eq!(whole["findings"], Value::Array(findings));
    assert_eq!(run.code, run_as("json").code);
}

#[test]
fn statistics_count_every_line() {
    let (_, run) = judged(estate().as_bytes(), &["--statistics", "--timings"]);
    assert!(run.stderr.lines().any(|line| line.trim() == "1429  wildcard-principal"), "{}", run.stderr);
    assert!(run.stderr.lines().any(|line| line.ends_with("us  wildcard-principal")), "{}", run.stderr);
    assert!(run.stderr.lines().last().is_some_and(|line| line.ends_with(" policies per second")), "{}", run.stderr);
}

proptest! {
    /// Any bytes, and good lines with a part replaced, come to one result for each line that is not blank.
    #[test]
    fn any_bytes_have_results(
        noise in vec(any::<u8>(), 0..60),
        at in 0_usize..400,
        length in 0_usize..20,
    ) {
        let template = "Resources:\n  R: {Type: AWS::IAM::Policy, Properties: {PolicyDocument: {Statement: []}}}\n";
        let rows = [
            row(OPEN),
            row(&serde_json::to_string(OPEN).expect("it serializes")),
            row(&serde_json::to_string(template).expect("it serializes")),
            "{\"kind\": \"trust\", \"account\": \"294750163881\", \"document\": \"%7B%22Statement%22%3A%5B%5D%7D\"}\n".to_owned(),
        ];
        let settings = settings(None);
        for row in rows.iter().map(String::as_bytes).chain([noise.as_slice()]) {
            let mut bytes = row.to_vec();
            let start = at.min(bytes.len());
            let end = (start + length).min(bytes.len());
            bytes.splice(start..end, noise.iter().copied());
            let mut lines = Lines::new(bytes.as_slice());
            let mut results = 0;
            while let chunk = lines.chunk().expect("memory can be read")
                && !chunk.is_empty()
            {
                for line in chunk {
                    let judged = ndjson::judge(line, "any", &settings);
                    prop_assert!(!judged.report.internal_error);
                    let text = iamlint::report::ndjson::line(&judged).expect("it serializes");
                    let result: Value = serde_json::from_str(&text).expect("a result is JSON");
                    prop_assert_eq!(result["error"].is_null(), !judged.report.invalid);
                    prop_assert_eq!(text.matches(['\n', '\r']).count(), 1);
                    results += 1;
                }
            }
            let blank = |line: &&[u8]| {
                let text = std::str::from_utf8(line).map(|text| text.trim_start_matches('\u{feff}').trim_ascii());
                text.is_ok_and(str::is_empty)
            };
            let expected = bytes.split(|byte| *byte == b'\n').filter(|line| !blank(line)).count();
            prop_assert_eq!(results, expected);
        }
    }
}
