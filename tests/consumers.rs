//! The real programs read our output: each format through those that are installed, and all of them against schemas.

mod common;

use common::tools::{node, output, program, python, sarif_problems};
use common::{CLOSED, OPEN, command, root, tree};
use iamlint::report;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use tempfile::TempDir;

/// A finding on a line with a tab and characters of two and four bytes before it.
const WIDE: &str = "{\n\t\"Version\": \"2012-10-17\",\n\t\"Statement\": [{\"Sid\": \"é😀\", \"Effect\": \"Allow\", \
                    \"Principal\": {\"AWS\": \"*\"}, \"Action\": \"sts:AssumeRole\"}]\n}\n";

/// A policy that wants to write into the report: its words come back in messages.
const HOSTILE: &str = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"},
    "Action": "sts:AssumeRole",
    "\r\n::error::x##[error]x##vso[task.complete]x\u001b[2J\u0000\ud83d\ude00</a><b c=\"'&amp;]]>`]|[x](y)%0A": 1}]}"#;

/// Words that are something in Markdown or HTML, or in a format of lines.
const WORDS: [&str; 38] = [
    "<img src=x onerror=y>",
    "[a](javascript:x)",
    "![a](b)",
    "` `` ```",
    "||",
    "a\\\\|b",
    "c\\\\",
    "d\\\\`e`f",
    "**b**",
    "__i__",
    "~~s~~",
    "<!-- c",
    "&lt;&#60;",
    "- x",
    "1. x",
    "# h",
    "> q",
    "    code",
    "https://example.com/x",
    "www.example.com",
    "@org/team",
    "a@example.com",
    "^[x]",
    "[^1]",
    "[ref]: x",
    "$$x$$",
    ":smile:",
    "~~~",
    "</details>",
    "<details open>",
    "</code>",
    "|---|",
    "\\u2028\\u0085",
    "a\\nb\\r\\n\\nc",
    "\\t\\t",
    "%0A%25%AZP25",
    "]]>",
    "::error::x",
];

/// Reports in every format, of a tree with what a report must bear.
struct Reports {
    folder: TempDir,
}

impl Reports {
    fn new() -> Self {
        let words = WORDS.map(|word| OPEN.replace("\"Action\"", &format!("\"{word}\": 1, \"Action\"")));
        let folder = tree(&[
            ("iam/open.json", OPEN),
            ("iam/closed.json", CLOSED),
            ("iam/wide.json", WIDE),
            ("iam/hostile.json", HOSTILE),
            ("iam/broken.json", "{\"Statement\": [{\"Effect\": \"Allow\", \"Action\": \n"),
            ("iam/words.json", &format!("[{}]", words.join(",\n"))),
            ("it's \"odd\" & <é>,:;%/twice.json", &format!("[{OPEN},\n{OPEN}]")),
        ]);
        let reports = Reports { folder };
        assert_eq!(reports.write("", "3"), 1);
        reports
    }

    /// Write every format into a file `report-NAME` followed by the suffix.
    fn write(&self, suffix: &str, threads: &str) -> i32 {
        let mut command = command(self.folder.path());
        command.env("SOURCE_DATE_EPOCH", "1767225600").env("RAYON_NUM_THREADS", threads);
        command.args(["check", "--isolated", "--profile", "audit", "--quiet", "--format", "concise", "--verbose"]);
        for format in &report::ALL {
            command.arg("--output").arg(format!("{}=report-{}{suffix}.out", format.name, format.name));
        }
        let run = command.output().expect("it runs");
        assert_eq!(String::from_utf8_lossy(&run.stderr), "");
        run.status.code().expect("it was not killed")
    }

    fn path(&self, format: &str) -> PathBuf {
        self.folder.path().join(format!("report-{format}.out"))
    }

    fn text(&self, format: &str) -> String {
        fs::read_to_string(self.path(format)).expect("it was written")
    }

    fn json(&self, format: &str) -> Value {
        serde_json::from_str(&self.text(format)).expect("it is JSON")
    }

    /// The findings in our own format, as what the others are held against.
    fn findings(&self) -> Vec<Value> {
        self.json("json")["findings"].as_array().expect("a list").clone()
    }
}

fn schema(path: &str) -> PathBuf {
    root().join(path)
}

/// Each JSON format with what documents it.
const SCHEMAS: [(&str, &str); 4] = [
    ("json", "docs/json-output.schema.json"),
    ("gitlab", "testdata/schemas/gitlab-code-quality.json"),
    ("gitlab-sast", "testdata/schemas/gitlab-sast.json"),
    ("rdjson", "testdata/schemas/rdjson.json"),
];

#[test]
fn formats_are_the_same_with_any_number_of_threads() {
    let reports = Reports::new();
    for (suffix, threads) in [(".again", "1"), (".more", "8")] {
        reports.write(suffix, threads);
        for format in &report::ALL {
            let name = format.name;
            assert_eq!(reports.text(name), reports.text(&format!("{name}{suffix}")), "{name}, {threads} threads");
        }
    }
}

#[test]
fn every_format_tells_of_every_finding() {
    let reports = Reports::new();
    let findings = reports.findings();
    assert!(findings.len() >= 6, "{findings:#?}");
    for format in &report::ALL {
        let text = reports.text(format.name);
        for finding in &findings {
            let rule = finding["rule"].as_str().expect("text");
            assert!(text.contains(rule), "{}: {rule}", format.name);
        }
    }
}

#[test]
fn json_is_as_documented() {
    let reports = Reports::new();
    for (format, path) in SCHEMAS {
        let mut schema = serde_json::from_str(&fs::read_to_string(schema(path)).expect("it is there")).expect("JSON");
        // Whoever reads our format must ignore what they do not know; we must describe what we write.
        forbid_unknown(&mut schema);
        let validator = jsonschema::validator_for(&schema).expect("it is a schema");
        let log = reports.json(format);
        let errors: Vec<String> =
            validator.iter_errors(&log).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{format}: {errors:#?}");
        // A schema that takes everything would say nothing.
        assert!(!validator.is_valid(&json!({})) && !validator.is_valid(&json!([{}])), "{format}");
    }
}

/// Make every object of a schema closed that is not open by a schema of its own.
fn forbid_unknown(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            members.values_mut().for_each(forbid_unknown);
            if members.get("properties").is_some_and(Value::is_object) && members.contains_key("type") {
                members.entry("additionalProperties").or_insert(Value::Bool(false));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(forbid_unknown),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn check_jsonschema_takes_the_json_formats() {
    let reports = Reports::new();
    for (format, path) in SCHEMAS {
        let Some(mut check) = program("check-jsonschema") else { return };
        let (text, code) = output(check.arg("--schemafile").arg(schema(path)).arg(reports.path(format)));
        assert_eq!(code, 0, "{format}: {text}");
    }
}

#[test]
fn columns_count_what_each_format_counts() {
    let reports = Reports::new();
    let at = WIDE.find("\"*\"").expect("it is there");
    let line = WIDE[..at].rfind('\n').expect("it is not the first") + 1;
    let before = &WIDE[line..at];
    let bytes = before.len() + 1;
    let units = before.encode_utf16().count() + 1;
    let characters = before.chars().count() + 1;
    assert!(bytes > units && units > characters, "the line tells them apart");
    let is_it = |path: &Value, rule: &Value| path == "iam/wide.json" && rule == "wildcard-principal";

    let find = |list: &Value, path: &str, rule: &str, column: &str| {
        let list = list.as_array().expect("a list");
        let found = list.iter().find(|one| is_it(one.pointer(path).unwrap_or(one), one.pointer(rule).unwrap_or(one)));
        found.and_then(|one| one.pointer(column)).and_then(Value::as_u64).expect("it is there") as usize
    };
    let sarif = "/locations/0/physicalLocation";
    let results = &reports.json("sarif")["runs"][0]["results"];
    let uri = format!("{sarif}/artifactLocation/uri");
    assert_eq!(find(results, &uri, "/ruleId", &format!("{sarif}/region/startColumn")), units);
    let diagnostics = &reports.json("rdjson")["diagnostics"];
    assert_eq!(find(diagnostics, "/location/path", "/code/value", "/location/range/start/column"), bytes);
    assert_eq!(find(&reports.json("json")["findings"], "/path", "/rule", "/start/column"), characters);
    let events: Value =
        reports.text("ocsf").lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON")).collect();
    assert_eq!(find(&events, "/unmapped/path", "/metadata/event_code", "/unmapped/start/column"), characters);
    for (format, part) in [
        ("concise", format!("iam/wide.json:3:{characters}: error[wildcard-principal]")),
        ("github", format!("file=iam/wide.json,line=3,endLine=3,col={characters},")),
        ("azure", format!("sourcepath=iam/wide.json;linenumber=3;columnnumber={characters};")),
        ("junit", format!("iam/wide.json:3:{characters}: ")),
        ("checkstyle", format!("<error line=\"3\" column=\"{characters}\" severity=\"error\"")),
        ("markdown", format!("`iam/wide.json:3:{characters}`")),
    ] {
        assert!(reports.text(format).contains(&part), "{format}: {part}\n{}", reports.text(format));
    }
}

#[test]
fn xmllint_takes_the_xml_formats() {
    let reports = Reports::new();
    for format in ["junit", "checkstyle"] {
        let Some(mut lint) = program("xmllint") else { return };
        let (text, code) = output(lint.args(["--noout", "--nonet"]).arg(reports.path(format)));
        assert_eq!((text.as_str(), code), ("", 0), "{format}");
    }
    // What was escaped comes back as it was.
    let Some(mut lint) = program("xmllint") else { return };
    let path = "string(/checkstyle/file[last()]/@name)";
    let (text, _) = output(lint.args(["--xpath", path]).arg(reports.path("checkstyle")));
    assert_eq!(text.trim_end(), "it's \"odd\" & <é>,:;%/twice.json");
}

#[test]
fn junitparser_reads_the_cases() {
    let reports = Reports::new();
    let Some(mut python) = python("junitparser") else { return };
    let script = "import sys, json, junitparser
xml = junitparser.JUnitXml.fromfile(sys.argv[1])
xml2 = junitparser.JUnitXml.fromfile(sys.argv[1]); xml2.update_statistics()
assert (xml.tests, xml.failures, xml.errors) == (xml2.tests, xml2.failures, xml2.errors)
cases = [[suite.name, case.name, case.classname, [type(r).__name__ for r in case.result], [r.message for r in case.result]]
    for suite in xml for case in suite]
print(json.dumps(cases))";
    let (text, code) = output(python.args(["-c", script]).arg(reports.path("junit")));
    assert_eq!(code, 0, "{text}");
    let cases: Vec<Value> = serde_json::from_str(&text).expect("it prints JSON");
    let passed = |case: &Value| case[3] == json!([]);
    let clean: Vec<&Value> = cases.iter().filter(|case| passed(case)).collect();
    assert_eq!(clean, [&json!(["iam/closed.json", "no findings", "iam/closed.json", [], []])]);
    // What was not judged is one case of the whole run.
    let skipped: Vec<&Value> = cases.iter().filter(|case| case[3][0] == "Skipped").collect();
    assert_eq!(skipped.iter().map(|case| &case[1]).collect::<Vec<_>>(), ["everything was judged"], "{text}");
    let findings = reports.findings();
    let failed: Vec<&Value> = cases.iter().filter(|case| !passed(case) && !skipped.contains(case)).collect();
    assert_eq!(failed.len(), findings.len());
    for (case, finding) in failed.iter().zip(&findings) {
        let kind = if finding["rule"] == "invalid-input" { "Error" } else { "Failure" };
        assert_eq!((&case[0], &case[3][0]), (&finding["path"], &json!(kind)));
    }
    let names: std::collections::HashSet<String> = cases.iter().map(|case| format!("{}{}", case[0], case[1])).collect();
    assert_eq!(names.len(), cases.len(), "no two cases of a file have the same name");
}

#[test]
fn ocsf_events_fit_the_schema() {
    let reports = Reports::new();
    let Some(mut python) = python("ocsf_json_schema") else { return };
    // The class in each version that has it, and the events against it.
    let script = "import sys, json, jsonschema
from ocsf_json_schema import get_ocsf_schema, OcsfJsonSchemaEmbedded
events = [json.loads(line) for line in open(sys.argv[1], encoding='utf-8')]
for version in ['1.6.0', '1.7.0', '1.8.0']:
    schemas = OcsfJsonSchemaEmbedded(get_ocsf_schema(version=version))
    name = schemas.lookup_class_name_from_uid(events[0]['class_uid'])
    assert name == 'iam_analysis_finding', name
    validator = jsonschema.Draft202012Validator(schemas.get_class_schema(name))
    assert list(validator.iter_errors({})), 'the schema takes everything'
    for event in events:
        for error in validator.iter_errors(event):
            print(version, error.json_path, error.message[:200])
print(len(events), 'events')";
    let (text, code) = output(python.args(["-c", script]).arg(reports.path("ocsf")));
    assert_eq!((text.as_str(), code), (format!("{} events\n", reports.findings().len()).as_str(), 0));
}

#[test]
fn sarif_tools_reads_the_log() {
    let reports = Reports::new();
    let log = reports.folder.path().join("log.sarif");
    fs::copy(reports.path("sarif"), &log).expect("it can be copied");
    let Some(mut sarif) = program("sarif") else { return };
    let (text, code) = output(sarif.arg("summary").arg(&log));
    assert_eq!(code, 0, "{text}");
    let errors =
        reports.findings().iter().filter(|one| one["severity"] == "critical" || one["severity"] == "high").count();
    assert!(text.contains(&format!("error: {errors}\n")), "{text}");
    let Some(mut sarif) = program("sarif") else { return };
    let (_, code) = output(sarif.args(["--check", "error", "summary"]).arg(&log));
    assert_eq!(code as usize, errors, "it fails with the number of errors");

    let clean = tree(&[("closed.json", CLOSED)]);
    let args = ["check", "--isolated", "--quiet", "--output", "sarif=log.sarif", "closed.json"];
    assert_eq!(common::run(clean.path(), &args).code, 0);
    let Some(mut sarif) = program("sarif") else { return };
    assert_eq!(output(sarif.args(["--check", "error", "summary"]).arg(clean.path().join("log.sarif"))).1, 0);
}

#[test]
fn the_validator_takes_the_log_as_github_would() {
    let reports = Reports::new();
    let demo = tempfile::tempdir().expect("a folder");
    let log = demo.path().join("demo.sarif");
    let to = format!("sarif={}", log.display());
    let args = ["check", "--isolated", "testdata/demo", "--profile", "audit", "--quiet", "--output", &to];
    assert_eq!(common::run(&root(), &args).code, 1);
    for log in [&reports.path("sarif"), &log] {
        let Some(broken) = sarif_problems(log) else { return };
        // The package names no repository to link to.
        assert!(broken.iter().all(|rule| rule == "SARIF2005"), "{broken:?}");
    }
    // It would say if something were wrong.
    let planted = reports.text("sarif").replacen("\"ruleIndex\":", "\"ruleIndex\":9", 1);
    fs::write(&log, planted).expect("it can be written");
    assert!(sarif_problems(&log).expect("it is installed").contains(&"SARIF1009".to_owned()));
}

#[test]
fn github_renders_nothing_that_a_policy_says() {
    let reports = Reports::new();
    let Some(mut python) = python("cmarkgfm") else { return };
    // Without the filters that would hide what got through: each element and each cell of the table.
    let script = "import sys, json, html.parser, cmarkgfm
from cmarkgfm.cmark import Options
class Reader(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.rows = set(), []
    def handle_starttag(self, tag, attributes):
        self.tags.add(tag + ''.join(' ' + name for name, _ in attributes))
        if tag == 'tr': self.rows.append([])
        if tag in ('td', 'th'): self.rows[-1].append('')
    def handle_data(self, data):
        if self.rows and self.rows[-1] and self.get_starttag_text(): self.rows[-1][-1] += data
    def handle_comment(self, data): self.tags.add('comment')
    def handle_endtag(self, tag):
        if tag == 'table': self.rows.append([])
reader = Reader()
text = open(sys.argv[1], encoding='utf-8').read()
options = Options.CMARK_OPT_UNSAFE | Options.CMARK_OPT_FOOTNOTES
reader.feed(cmarkgfm.github_flavored_markdown_to_html(text, options=options))
print(json.dumps([sorted(reader.tags), [[cell.strip() for cell in row] for row in reader.rows if row]]))";
    let (text, code) = output(python.args(["-c", script]).arg(reports.path("markdown")));
    assert_eq!(code, 0, "{text}");
    let read: Value = serde_json::from_str(&text).expect("it prints JSON");
    let ours = [
        "code", "details", "h2", "h3", "li", "p", "pre lang", "strong", "summary", "table", "tbody", "td", "th",
        "thead", "tr", "ul",
    ];
    assert_eq!(read[0], json!(ours));
    let rows = read[1].as_array().expect("a list");
    assert_eq!(rows[0], json!(["severity", "rule", "place", "finding"]));
    let findings = reports.findings();
    assert_eq!(rows.len(), findings.len() + 1);
    // What is shown is what was said, but for the backticks and for characters that steer a terminal.
    let bare = |text: &Value| text.as_str().expect("text").replace('`', "").split_whitespace().collect::<String>();
    let said: Vec<String> = findings.iter().map(|finding| bare(&finding["message"])).collect();
    for row in &rows[1..] {
        assert_eq!(row.as_array().map(Vec::len), Some(4), "{row}");
        let shown = bare(&row[3]);
        assert!(said.contains(&shown) || shown.contains("\\u{"), "{shown}\n{said:#?}");
    }
}

/// The matcher for Visual Studio Code tasks, and by the same pattern for others.
const MATCHER: &str = r"^(.+?):(\\d+):(\\d+): (error|warning|info)\\[([a-z0-9-]+)\\]: (.+)$";

#[test]
fn a_problem_matcher_reads_concise_lines() {
    let reports = Reports::new();
    let Some(mut node) = node("@rushstack/problem-matcher") else { return };
    let script = format!(
        "const {{ parseProblemMatchersJson }} = require('@rushstack/problem-matcher');
const pattern = {{ regexp: '{MATCHER}', file: 1, line: 2, column: 3, severity: 4, code: 5, message: 6 }};
const [matcher] = parseProblemMatchersJson([{{ name: 'iamlint', pattern }}]);
const lines = require('fs').readFileSync(process.argv[1], 'utf8').split('\\n').filter((line) => line);
console.log(JSON.stringify(lines.map((line) => matcher.exec(line + '\\n'))));"
    );
    let (text, code) = output(node.args(["-e", &script]).arg(reports.path("concise")));
    assert_eq!(code, 0, "{text}");
    let problems: Vec<Value> = serde_json::from_str(&text).expect("it prints JSON");
    let findings = reports.findings();
    assert_eq!(problems.len(), findings.len(), "a line for each finding");
    for (problem, finding) in problems.iter().zip(&findings) {
        assert_eq!((&problem["file"], &problem["code"]), (&finding["path"], &finding["rule"]));
        assert_eq!(problem["line"], finding["start"]["line"]);
        assert_eq!(problem["column"], finding["start"]["column"]);
    }
}

/// One line as the runner of GitHub Actions takes it apart (`ActionCommand`): the command, its properties and its data.
fn github_command(line: &str) -> Option<(String, BTreeMap<String, String>, String)> {
    assert!(line.starts_with("::") || !line.contains("##["), "the runner looks for it in the midst of a line: {line}");
    let unescape = |text: &str| text.replace("%0D", "\r").replace("%0A", "\n");
    let (info, data) = line.trim_start().strip_prefix("::")?.split_once("::")?;
    let (name, properties) = info.split_once(' ').unwrap_or((info, ""));
    let properties = properties.trim().split(',').filter(|part| !part.is_empty()).map(|part| {
        let (key, value) = part.split_once('=').expect("a key and a value");
        (key.to_owned(), unescape(value).replace("%3A", ":").replace("%2C", ",").replace("%25", "%"))
    });
    Some((name.to_owned(), properties.collect(), unescape(data).replace("%25", "%")))
}

#[test]
fn the_runner_of_github_gets_back_what_was_written() {
    let reports = Reports::new();
    let findings = reports.findings();
    let text = reports.text("github");
    let (commands, logged): (Vec<_>, Vec<_>) = text.lines().partition(|line| github_command(line).is_some());
    let commands: Vec<_> = commands.into_iter().filter_map(github_command).collect();
    let (annotations, rest): (Vec<_>, Vec<_>) =
        commands.into_iter().partition(|(_, properties, _)| properties.contains_key("file"));
    let names: Vec<&str> = rest.iter().map(|(name, ..)| name.as_str()).collect();
    assert_eq!(names, ["group", "endgroup", "notice"]);
    assert_eq!(annotations.len() + logged.len(), findings.len());
    assert!(rest[2].2.contains(&format!("; {} more findings", logged.len())), "{:?}", rest[2]);
    for (name, properties, message) in &annotations {
        let kept = annotations.iter().filter(|(other, ..)| other == name).count();
        assert!(kept <= 10 && ["error", "warning", "notice"].contains(&name.as_str()), "{kept} of {name}");
        let known = ["file", "line", "endLine", "col", "endColumn", "title"];
        assert!(properties.keys().all(|key| known.contains(&key.as_str())), "{properties:?}");
        let rule = properties["title"].split(' ').next().expect("a word");
        let it_is = |finding: &&Value| {
            let start = |member: &str| finding["start"][member].to_string();
            finding["path"] == properties["file"].as_str()
                && finding["rule"] == rule
                && start("line") == properties["line"]
                && properties.get("col").is_none_or(|column| start("column") == *column)
        };
        let finding = findings.iter().find(it_is).unwrap_or_else(|| panic!("{properties:?}"));
        let said = finding["message"].as_str().expect("text");
        // Characters that steer a terminal are written as codes, so only a plain message is the same.
        assert!(said.contains(char::is_control) || message.lines().next() == Some(said), "{message}");
    }
}
