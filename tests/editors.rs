//! The files in `editors/`, and the matcher of the GitHub action, read by the programs that they are for.

mod common;

use common::git::Repository;
use common::tools::{node, output, program};
use common::{CLOSED, OPEN, command, root, run, yaml};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A repository with findings of every severity, in files with what a matcher must bear, and our binary on its path.
fn sample() -> Repository {
    let demo = root().join("testdata/demo");
    let wide = "{\n\t\"Version\": \"2012-10-17\",\n\t\"Statement\": [{\"Sid\": \"é😀\", \"Effect\": \"Allow\", \
                \"Principal\": {\"AWS\": \"*\"}, \"Action\": \"sts:AssumeRole\"}]\n}\n";
    let mut files = vec![
        ("iamlint.toml".to_owned(), "profile = \"audit\"\n".to_owned()),
        ("it's (odd), [a] 100%/wide.json".to_owned(), wide.to_owned()),
    ];
    for name in ["policies/operators.json", "policies/partner-trust.json", "dumps/account.json", "infra/ci.yaml"] {
        files.push((format!("a b/{name}"), fs::read_to_string(demo.join(name)).expect("it is there")));
    }
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    Repository::new(&files)
}

/// The findings in our own format, and what each is in `concise`: the word, and the line.
fn findings(folder: &Path) -> Vec<(Value, &'static str, String)> {
    let json = run(folder, &["check", "--quiet", "--format", "json"]);
    let report: Value = serde_json::from_str(&json.stdout).expect("JSON");
    let lines = run(folder, &["check", "--quiet", "--format", "concise"]).stdout;
    let findings = report["findings"].as_array().expect("a list").iter().zip(lines.lines());
    let found: Vec<(Value, &str, String)> = findings
        .map(|(finding, line)| {
            let severity = finding["severity"].as_str().and_then(iamlint::diagnostic::Severity::from_name);
            let word = iamlint::report::level(severity.expect("a severity")).word;
            (finding.clone(), word, line.to_owned())
        })
        .collect();
    for word in ["error", "warning", "info"] {
        assert!(found.iter().any(|(_, other, _)| *other == word), "the sample has no {word}");
    }
    found
}

fn text_of(path: &str) -> String {
    fs::read_to_string(root().join(path)).expect("there is one")
}

/// The output of a task: our binary with its arguments.
fn run_task(task: &Value, folder: &Path) -> String {
    assert_eq!(task["command"], "iamlint");
    let args = task["args"].as_array().expect("a list").iter().map(|arg| arg.as_str().expect("text"));
    let run = command(folder).args(args).output().expect("it runs");
    String::from_utf8(run.stdout).expect("UTF-8")
}

/// What the matchers make of each line that they match. The package wants the names of its own that editors do not.
fn match_lines(patterns: &[(&str, &Value)], text: &str) -> Option<Vec<Value>> {
    let mut node = node("@rushstack/problem-matcher")?;
    let matchers: Vec<Value> =
        patterns.iter().map(|(name, pattern)| json!({ "name": name, "pattern": pattern })).collect();
    let script = "const { parseProblemMatchersJson } = require('@rushstack/problem-matcher');
const [matchers, text] = JSON.parse(require('fs').readFileSync(process.argv[1], 'utf8'));
const parsed = parseProblemMatchersJson(matchers);
const found = text.split('\\n').flatMap((line) => parsed.map((matcher) => matcher.exec(line + '\\n'))).filter((one) => one);
console.log(JSON.stringify(found));";
    let folder = tempfile::tempdir().expect("a temporary folder");
    let input = folder.path().join("input.json");
    fs::write(&input, json!([matchers, text]).to_string()).expect("it can be written");
    let (text, code) = output(node.args(["-e", script]).arg(input));
    assert_eq!(code, 0, "{text}");
    Some(serde_json::from_str(&text).expect("it prints JSON"))
}

fn assert_matched(problems: &[Value], findings: &[(Value, &'static str, String)], info: &str, code_in_message: bool) {
    assert_eq!(problems.len(), findings.len(), "a problem for each finding");
    for (problem, (finding, word, line)) in problems.iter().zip(findings) {
        let of = |member: &str| &problem[member];
        assert_eq!((of("file"), of("code")), (&finding["path"], &finding["rule"]), "{line}");
        assert_eq!((of("line"), of("column")), (&finding["start"]["line"], &finding["start"]["column"]), "{line}");
        // Where nothing is said, the matcher says what it is.
        assert_eq!(of("severity").as_str().unwrap_or(info), if *word == "info" { info } else { word }, "{line}");
        let message = line.split_once(&format!(" {word}[")).expect("a severity").1;
        let message =
            if code_in_message { &format!("[{message}") } else { message.split_once("]: ").expect("a rule").1 };
        assert_eq!(of("message"), message, "{line}");
    }
}

#[test]
fn tasks_of_visual_studio_code_read_what_they_run() {
    let repository = sample();
    let folder = repository.path();
    let tasks = yaml::read_jsonc(&text_of("editors/vscode/tasks.json"));
    assert_eq!(tasks["version"], "2.0.0");
    let (once, watch) = (&tasks["tasks"][0], &tasks["tasks"][1]);
    let pattern = &once["problemMatcher"]["pattern"];
    assert_eq!(&watch["problemMatcher"]["pattern"], pattern, "one shape of lines");
    let Some(problems) = match_lines(&[("iamlint", pattern)], &run_task(once, &folder)) else { return };
    assert_matched(&problems, &findings(&folder), "info", false);
}

/// The patterns of the background task match the lines that the watching program prints, and only those.
#[test]
fn a_background_task_knows_when_a_check_begins_and_ends() {
    use std::io::{BufRead as _, BufReader};
    let repository = sample();
    let tasks = yaml::read_jsonc(&text_of("editors/vscode/tasks.json"));
    let task = &tasks["tasks"][1];
    assert_eq!(task["isBackground"], true);
    let mut watching = command(&repository.path());
    watching.args(task["args"].as_array().expect("a list").iter().map(|arg| arg.as_str().expect("text")));
    watching
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null());
    let mut child = watching.spawn().expect("it starts");
    let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines().map(|line| line.expect("UTF-8"));
    let mut text = Vec::new();
    for line in lines {
        text.push(line);
        if text.last().is_some_and(|line| line == "iamlint: done") {
            break;
        }
    }
    child.kill().expect("it runs");
    child.wait().expect("it ends");
    assert!(text.len() > 5, "{text:?}");
    let Some(mut node) = node("@rushstack/problem-matcher") else { return };
    let background = &task["problemMatcher"]["background"];
    assert_eq!(background["activeOnStart"], true);
    let script = "const [begin, end, lines] = JSON.parse(process.argv[1]);
const at = (pattern) => lines.flatMap((line, index) => new RegExp(pattern).test(line) ? [index] : []);
console.log(JSON.stringify([at(begin), at(end)]));";
    let input = json!([background["beginsPattern"], background["endsPattern"], text]).to_string();
    let (found, code) = output(node.args(["-e", script, &input]));
    assert_eq!((found.trim(), code), (format!("[[0],[{}]]", text.len() - 1).as_str(), 0));
}

#[test]
fn the_matcher_of_the_action_gives_annotations() {
    let repository = sample();
    let folder = repository.path();
    let file: Value = serde_json::from_str(&text_of("action/problem-matcher.json")).expect("JSON");
    let matchers = file["problemMatcher"].as_array().expect("a list");
    let owners: Vec<(&str, &Value)> =
        matchers.iter().map(|matcher| (matcher["owner"].as_str().expect("text"), &matcher["pattern"][0])).collect();
    // The runner knows no `info`: the second says what its problems are.
    assert_eq!((owners[0].0, owners[1].0), ("iamlint", "iamlint-info"));
    assert!(matchers[0]["severity"].is_null() && matchers[1]["severity"] == "notice");
    let found = findings(&folder);
    let text: String = found.iter().map(|(_, _, line)| format!("{line}\n")).collect();
    let Some(problems) = match_lines(&owners, &text) else { return };
    assert_matched(&problems, &found, "notice", true);
    // The annotations that the action prints itself are not taken twice.
    let commands = run(&folder, &["check", "--quiet", "--format", "github"]).stdout;
    assert_eq!(match_lines(&owners, &commands), Some(Vec::new()));
    let full = run(&folder, &["check", "--format", "full"]);
    assert_eq!(match_lines(&owners, &(full.stdout + &full.stderr)), Some(Vec::new()));
}

fn editor(name: &str, repository: &Repository) -> Option<Command> {
    let mut command = program(name)?;
    repository.prepare(&mut command);
    Some(command)
}

#[test]
fn neovim_fills_its_quickfix_list() {
    let repository = sample();
    let found = findings(&repository.path());
    let list: PathBuf = repository.path().join("list.txt");
    let Some(mut nvim) = editor("nvim", &repository) else { return };
    let script = format!(
        "let items = map(getqflist(), {{_, i -> [bufname(i.bufnr), i.lnum, i.col, i.type, i.text, i.valid]}}) | \
         call writefile([json_encode(items)], '{}')",
        list.display()
    );
    nvim.args(["--headless", "--clean", "-n", "-i", "NONE", "--cmd"])
        .arg(format!("set runtimepath^={}", root().join("editors/vim").display()))
        .args(["-c", "compiler iamlint", "-c", "silent make!", "-c", &script, "-c", "qall!"]);
    let (text, code) = output(&mut nvim);
    assert_eq!(code, 0, "{text}");
    let items: Vec<Value> =
        serde_json::from_str(&fs::read_to_string(list).unwrap_or_else(|_| panic!("{text}"))).expect("JSON");
    assert_eq!(items.len(), found.len(), "{items:?}");
    for (item, (finding, word, line)) in items.iter().zip(&found) {
        let message = line.split_once(&format!(" {word}")).expect("a severity").1;
        let start = &finding["start"];
        let expected = json!([finding["path"], start["line"], start["column"], &word[..1], message, 1]);
        assert_eq!(item, &expected, "{line}");
    }
}

#[test]
fn emacs_goes_from_finding_to_finding() {
    let repository = sample();
    let found = findings(&repository.path());
    let list = repository.path().join("list.txt");
    let Some(mut emacs) = editor("emacs", &repository) else { return };
    // `next-error` in the order of the list, with what stands at point in the file.
    let script = r#"(progn
      (require 'iamlint)
      (setq compilation-always-kill t)
      (let ((buffer (progn (iamlint) (get-buffer "*iamlint*"))) (items nil) (more t))
        (while (get-buffer-process buffer) (accept-process-output nil 0.05))
        (accept-process-output nil 0.05)
        (with-current-buffer buffer
          (compilation--ensure-parse (point-max))
          (goto-char (point-min))
          (setq compilation-skip-threshold 0)
          (while more
            (condition-case nil
                (progn
                  (compilation-next-error 1)
                  (let* ((message (get-text-property (point) 'compilation-message))
                         (line (buffer-substring-no-properties (line-beginning-position) (line-end-position))))
                    (push (list line (compilation--message->type message)) items)))
              (error (setq more nil)))))
        (setq items (nreverse items))
        (let ((places nil))
          (with-current-buffer buffer
            (goto-char (point-min))
            (dolist (_ items)
              (with-current-buffer buffer (compilation-next-error 1))
              (save-current-buffer
                (save-window-excursion
                  (with-current-buffer buffer (compile-goto-error))
                  (push (list (file-relative-name (buffer-file-name (window-buffer)) (iamlint--root))
                              (with-current-buffer (window-buffer) (line-number-at-pos))
                              (with-current-buffer (window-buffer) (- (point) (line-beginning-position))))
                        places)))))
          (with-temp-file (getenv "LIST")
            (insert (json-encode (cl-mapcar (lambda (item place) (vconcat item place)) items (nreverse places))))))))"#;
    emacs.env("LIST", &list).args(["--batch", "--quick", "--directory"]).arg(root().join("editors/emacs"));
    let (text, code) =
        output(emacs.args(["--eval", "(require 'json)", "--eval", "(require 'cl-lib)", "--eval", script]));
    assert_eq!(code, 0, "{text}");
    let items: Vec<Value> =
        serde_json::from_str(&fs::read_to_string(list).unwrap_or_else(|_| panic!("{text}"))).expect("JSON");
    // It goes to each place once.
    let mut found = found;
    found.dedup_by(|b, a| a.0["path"] == b.0["path"] && a.0["start"] == b.0["start"]);
    assert_eq!(items.len(), found.len(), "{items:#?}");
    for (item, (finding, word, line)) in items.iter().zip(&found) {
        // 2 is an error, 1 a warning, 0 an information; columns count from 0 here.
        let kind = ["info", "warning", "error"].iter().position(|other| other == word);
        let start = &finding["start"];
        let column = start["column"].as_u64().expect("a number") - 1;
        assert_eq!(item, &json!([line, kind, finding["path"], start["line"], column]), "{line}");
    }
}

#[test]
fn emacs_shows_the_last_check_of_a_watch() {
    let repository = Repository::new(&[("a.json", OPEN)]);
    let Some(mut emacs) = editor("emacs", &repository) else { return };
    let script = r#"(progn
      (require 'iamlint)
      (iamlint-watch)
      (let ((end (+ (float-time) 30)) (shown nil))
        (cl-flet ((wait (pattern)
                    (while (not (with-current-buffer "*iamlint*"
                                  (setq shown (buffer-string))
                                  (string-match-p pattern shown)))
                      (when (> (float-time) end) (error "Not seen: %s in %s" pattern shown))
                      (accept-process-output nil 0.05))))
          (wait "\\`iamlint: checking\\.\\.\\.
a\\.json:1:82: error\\[.*
\\(.*
\\)*iamlint: done
")
          (with-temp-file "a.json" (insert (getenv "CLOSED")))
          (wait "\\`iamlint: checking\\.\\.\\.
[^a].*
iamlint: done
\\'"))
        (kill-process (get-buffer-process "*iamlint*"))
        (princ "seen")))"#;
    emacs.env("CLOSED", CLOSED).args(["--batch", "--quick", "--directory"]).arg(root().join("editors/emacs"));
    let (text, code) = output(emacs.args(["--eval", "(require 'cl-lib)", "--eval", script]));
    assert!(code == 0 && text.ends_with("seen"), "{text}");
}

#[test]
fn emacs_compiles_the_file_without_a_warning() {
    let repository = sample();
    let copy = repository.path().join("iamlint.el");
    fs::copy(root().join("editors/emacs/iamlint.el"), &copy).expect("it can be copied");
    let Some(mut emacs) = editor("emacs", &repository) else { return };
    emacs.args(["--batch", "--quick", "--eval", "(setq byte-compile-error-on-warn t)", "-f", "batch-byte-compile"]);
    let (text, code) = output(emacs.arg(copy));
    assert_eq!(code, 0, "{text}");
}

/// The watcher of the IDEs of JetBrains cannot be run here. Its arguments are run, and its filter is tried with what the
/// IDE puts for the names in it.
#[test]
fn the_file_watcher_of_jetbrains_fits() {
    let xml = text_of("editors/jetbrains/watcherTasks.xml");
    let value = |name: &str| -> String {
        let start = format!("<option name=\"{name}\" value=\"");
        let found = xml.split(&start).nth(1).and_then(|rest| rest.split('"').next()).expect("it is there");
        found.to_owned()
    };
    assert_eq!((value("program").as_str(), value("workingDir").as_str()), ("iamlint", "$ProjectFileDir$"));
    let repository = sample();
    let found = findings(&repository.path());
    let file = "a b/policies/partner-trust.json";
    let args = value("arguments").replace("$FilePathRelativeToProjectRoot$", "\t");
    let args: Vec<&str> = args.split(' ').map(|arg| if arg == "\t" { file } else { arg }).collect();
    let ran = run(&repository.path(), &args);
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert!(!lines.is_empty() && lines.iter().all(|line| found.iter().any(|(_, _, other)| other == line)), "{ran:?}");
    let Some(mut node) = node("@rushstack/problem-matcher") else { return };
    let filter = value("regExp")
        .replace("$FILE_PATH$", "((?:\\p{Alpha}:|/)?[0-9 a-z_A-Z\\-\\\\./]+)")
        .replace("$LINE$", "([0-9]+)")
        .replace("$COLUMN$", "([0-9]+)")
        .replace("$MESSAGE$", "(.*)");
    let script = "const [filter, lines] = JSON.parse(process.argv[1]);
console.log(JSON.stringify(lines.map((line) => line.match(new RegExp(filter, 'u')).slice(1, 5))));";
    let (text, code) = output(node.args(["-e", script, &json!([filter, lines]).to_string()]));
    assert_eq!(code, 0, "{text}");
    let read: Vec<Vec<String>> = serde_json::from_str(&text).expect("JSON");
    for (read, line) in read.iter().zip(&lines) {
        assert_eq!(&format!("{}:{}:{}: {}", read[0], read[1], read[2], read[3]), line);
        assert_eq!(read[0], file);
    }
    let Some(mut lint) = program("xmllint") else { return };
    let (text, code) = output(lint.args(["--noout", "--nonet"]).arg(root().join("editors/jetbrains/watcherTasks.xml")));
    assert_eq!((text.as_str(), code), ("", 0));
}
