//! What a user sees: the whole binary, its output and exit codes.

mod common;

use common::{CLOSED, OPEN, Run, command, root, run, run_with_stdin, tree};
use insta::assert_snapshot;

fn demo(args: &[&str]) -> Run {
    run(&root(), &[&["check", "--isolated", "testdata/demo"], args].concat())
}

#[test]
fn demo_full() {
    assert_snapshot!(demo(&[]).shown());
}

#[test]
fn demo_concise() {
    assert_snapshot!(demo(&["--format", "concise"]).shown());
}

#[test]
fn demo_json() {
    assert_snapshot!(
        demo(&["--format", "json", "--quiet", "--verbose"]).shown().replace(env!("CARGO_PKG_VERSION"), "VERSION")
    );
}

#[test]
fn demo_show_files() {
    assert_snapshot!(demo(&["--show-files"]).shown());
}

#[test]
fn who_can_assume_the_roles_of_the_demo() {
    let text = run(&root(), &["who", "--isolated", "testdata/demo", "testdata/clean"]);
    assert_snapshot!(text.shown());
    let json = run(&root(), &["who", "--isolated", "testdata/demo", "--format", "json"]);
    let roles: serde_json::Value = serde_json::from_str(&json.stdout).expect("JSON");
    assert_eq!(roles["roles"].as_array().map(Vec::len), Some(8), "every trust policy of the demo");
}

#[test]
fn clean_policies_raise_nothing() {
    let run = run(&root(), &["check", "--isolated", "testdata/clean"]);
    assert_eq!((run.stdout.as_str(), run.code), ("", 0), "{}", run.stdout);
}

#[test]
fn colour_is_asked_for_once_and_holds_everywhere() {
    let plain = demo(&["--color", "never"]);
    let colour = demo(&["--color", "always"]);
    assert!(!plain.stdout.contains('\u{1b}'));
    assert!(colour.stdout.contains("\u{1b}["));
    assert_eq!(strip(&colour.stdout), plain.stdout);
    for format in &iamlint::report::ALL {
        assert!(!demo(&["--format", format.name, "--color", "never"]).stdout.contains('\u{1b}'), "{}", format.name);
        let for_people = ["full", "concise"].contains(&format.name);
        let colour = demo(&["--format", format.name, "--color", "always"]).stdout.contains('\u{1b}');
        assert_eq!(colour, for_people, "{}", format.name);
    }
    let mut forced = command(&root());
    let output =
        forced.env("NO_COLOR", "1").env("FORCE_COLOR", "1").args(["check", "--isolated", "testdata/demo"]).output();
    assert!(!output.expect("it runs").stdout.contains(&0x1b));
}

/// Text without escape sequences.
fn strip(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        out.push_str(before);
        rest = after.split_once('m').map_or("", |(_, rest)| rest);
    }
    out + rest
}

#[test]
fn output_is_the_same_with_any_number_of_threads() {
    let with = |threads: &str| {
        let mut command = command(&root());
        let args = [
            "check",
            "--isolated",
            "testdata",
            "rules",
            "--format",
            "json",
            "--quiet",
            "--allow-empty",
            "--profile",
            "audit",
        ];
        command.env("RAYON_NUM_THREADS", threads).args(args).output().expect("it runs").stdout
    };
    let one = with("1");
    assert!(one.len() > 1000);
    for threads in ["2", "3", "8"] {
        assert_eq!(one, with(threads));
    }
}

#[test]
fn exit_codes_do_not_depend_on_the_format() {
    let folder = tree(&[("open.json", OPEN), ("closed.json", CLOSED)]);
    for format in &iamlint::report::ALL {
        let base = ["check", "--isolated", "--format", format.name];
        let code = |args: &[&str]| run(folder.path(), &[&base[..], args].concat()).code;
        assert_eq!(code(&["open.json"]), 1);
        assert_eq!(code(&["closed.json"]), 0);
        assert_eq!(code(&["open.json", "--fail-on", "never"]), 0);
        assert_eq!(code(&["missing.json"]), 2);
    }
}

#[test]
fn standard_input_takes_a_name() {
    let folder = tree(&[]);
    let named = run_with_stdin(
        folder.path(),
        &["check", "--isolated", "--format", "concise", "--stdin-filename", "iam/role.json", "-"],
        OPEN.as_bytes(),
    );
    assert!(named.stdout.starts_with("iam/role.json:1:82: error[wildcard-principal]"), "{}", named.stdout);
    let unnamed = run_with_stdin(folder.path(), &["check", "--isolated", "--format", "concise", "-"], OPEN.as_bytes());
    assert!(unnamed.stdout.starts_with("<stdin>:1:82: "), "{}", unnamed.stdout);
    assert_eq!(unnamed.code, 1);
}

#[test]
fn text_and_sarif_in_one_run() {
    let folder = tree(&[("open.json", OPEN)]);
    let run = run(
        folder.path(),
        &[
            "check",
            "--isolated",
            "--format",
            "concise",
            "--output",
            "sarif=out.sarif",
            "--output",
            "json=out.json",
            "open.json",
        ],
    );
    assert!(run.stdout.starts_with("open.json:1:82: error[wildcard-principal]"));
    let read = |name: &str| -> serde_json::Value {
        serde_json::from_str(&std::fs::read_to_string(folder.path().join(name)).expect("it was written")).expect("JSON")
    };
    assert_eq!(read("out.sarif")["runs"][0]["results"][0]["ruleId"], "wildcard-principal");
    assert_eq!(read("out.json")["findings"][0]["rule"], "wildcard-principal");
    assert_eq!(run.code, 1);
}

#[test]
fn the_time_of_reports_can_be_given() {
    let folder = tree(&[("open.json", OPEN)]);
    let with = |epoch: Option<&str>, format: &str| {
        let mut command = command(folder.path());
        if let Some(epoch) = epoch {
            command.env("SOURCE_DATE_EPOCH", epoch);
        }
        let run = command.args(["check", "--isolated", "--format", format, "open.json"]).output().expect("it runs");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        (text(run.stdout), text(run.stderr), run.status.code())
    };
    assert!(with(Some("1767225600"), "gitlab-sast").0.contains("\"start_time\":\"2026-01-01T00:00:00\""));
    assert!(with(Some("1767225600"), "ocsf").0.contains("\"time\":1767225600000,"));
    let now = with(None, "ocsf").0;
    let time = now.split("\"time\":").nth(1).and_then(|rest| rest.split(',').next()).expect("a time");
    assert!(time.parse::<u64>().expect("a number") > 1_767_225_600_000, "{time}");
    let (out, error, code) = with(Some("yesterday"), "full");
    assert_eq!((out.as_str(), code), ("", Some(2)));
    assert_eq!(error, "iamlint: SOURCE_DATE_EPOCH: expected seconds since 1970 as a number, not `yesterday`\n");
}

#[test]
fn selecting_rules() {
    let folder = tree(&[("open.json", OPEN)]);
    let rules = |args: &[&str]| -> Vec<String> {
        let run =
            run(folder.path(), &[&["check", "--isolated", "--format", "json", "--quiet", "open.json"], args].concat());
        let report: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
        report["findings"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|finding| finding["rule"].as_str().expect("text").to_owned())
            .collect()
    };
    assert!(rules(&[]).contains(&"wildcard-principal".to_owned()));
    assert_eq!(rules(&["--select", "wildcard-principal"]), ["wildcard-principal"]);
    assert!(rules(&["--select", "trust"]).contains(&"wildcard-principal".to_owned()));
    assert!(!rules(&["--ignore", "wildcard-principal"]).contains(&"wildcard-principal".to_owned()));
    assert!(rules(&["--select", "privilege"]).is_empty());
    assert!(rules(&["--ignore", "all"]).is_empty());
}

#[test]
fn errors_say_what_to_do_next() {
    let folder = tree(&[
        ("open.json", OPEN),
        ("bad.toml", "fail-onn = \"low\"\n[rules.wildcard-principle]\nseverity = \"low\"\n"),
    ]);
    let cases: [&[&str]; 8] = [
        &["check", "--isolated", "nowhere.json"],
        &["check", "--select", "wildcard-principle", "open.json"],
        &["check", "--config", "bad.toml", "open.json"],
        &["check", "--isolated", "--output", "xml=a.xml", "open.json"],
        &["check", "--isolated", "--output", "sarif=no/such/folder.sarif", "open.json"],
        &["check", "--isolated", "--exclude", "a[", "open.json"],
        &["explain", "wildcard-principle"],
        &["chekc"],
    ];
    let mut shown = String::new();
    for args in cases {
        let run = run(folder.path(), args);
        assert_eq!(run.code, 2, "{args:?}");
        shown.push_str(&format!("$ iamlint {}\n{}\n", args.join(" "), common::stable(&run.stderr)));
    }
    assert_snapshot!(shown);
}

#[test]
fn configuration_in_force() {
    let folder = tree(&[
        (
            "iamlint.toml",
            "fail-on = \"medium\"\n\n[org]\naccounts = [\"294750163881\"]\n\n[rules.wildcard-principal]\nseverity = \"high\"\n",
        ),
        ("open.json", OPEN),
    ]);
    let shown = run(folder.path(), &["check", "--show-config", "--profile", "strict"]).shown();
    let lines = [
        "profile = \"strict\"  # --profile",
        "fail-on = \"medium\"  # iamlint.toml:1",
        "accounts = [\"294750163881\"]  # iamlint.toml:4",
    ];
    for line in lines {
        assert!(shown.contains(line), "{line} is not in\n{shown}");
    }
    let run = run(folder.path(), &["check", "--format", "json", "--quiet", "open.json"]);
    let report: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(report["findings"][0]["severity"], "high");
}

#[test]
fn the_configuration_can_silence_a_finding() {
    let ignore = "[[ignore]]\nrule = \"wildcard-principal\"\nreason = \"a test\"\n";
    let folder = tree(&[("iamlint.toml", ignore), ("open.json", OPEN)]);
    let run = run(folder.path(), &["check", "open.json"]);
    assert_eq!((run.code, run.stdout.as_str()), (0, ""));
    assert!(run.stderr.contains("; 1 suppressed"), "{}", run.stderr);
}

#[test]
fn a_folder_without_policies_is_an_error_unless_allowed() {
    let folder = tree(&[("a/readme.json", "{}")]);
    let refused = run(folder.path(), &["check", "--isolated", "a"]);
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("no policy found under `a`"), "{}", refused.stderr);
    assert_eq!(run(folder.path(), &["check", "--isolated", "--allow-empty", "a"]).code, 0);
    // A named file is another matter: hooks pass whatever changed.
    assert_eq!(run(folder.path(), &["check", "--isolated", "a/readme.json"]).code, 0);
}

#[test]
fn ignored_files_are_not_judged() {
    let folder =
        tree(&[(".git/HEAD", ""), (".gitignore", "build/\n"), ("build/open.json", OPEN), ("closed.json", CLOSED)]);
    assert_eq!(run(folder.path(), &["check", "--isolated"]).code, 0);
    assert_eq!(run(folder.path(), &["check", "--isolated", "--no-ignore"]).code, 1);
    assert_eq!(run(folder.path(), &["check", "--isolated", "build/open.json"]).code, 1, "a named file is judged");
    assert_eq!(
        run(folder.path(), &["check", "--isolated", "--exclude", "build/**", "--force-exclude", "build/open.json"])
            .code,
        0
    );
}

#[test]
fn help_and_lists() {
    for args in
        [&["--help"][..], &["check", "--help"], &["baseline", "--help"], &["explain", "--help"], &["rules", "--help"]]
    {
        let run = run(&root(), args);
        assert_eq!((run.code, run.stderr.as_str()), (0, ""));
        assert_snapshot!(format!("help {}", args.join(" ")), run.stdout);
    }
    assert_snapshot!("rules", run(&root(), &["rules"]).stdout);
    let list: serde_json::Value =
        serde_json::from_str(&run(&root(), &["rules", "--format", "json"]).stdout).expect("JSON");
    assert_eq!(list.as_array().map(Vec::len), Some(iamlint::rules::RULES.len()));
    assert!(run(&root(), &["explain", "wildcard-principal"]).stdout.contains("# wildcard-principal"));
}

#[test]
fn a_run_shows_the_time_of_rules_when_asked() {
    let run = demo(&["--timings", "--statistics", "--format", "concise"]);
    assert!(run.stderr.lines().any(|line| line.ends_with("us  wildcard-principal")), "{}", run.stderr);
    assert!(run.stderr.lines().any(|line| line.trim() == "1  public-through-conditions"), "{}", run.stderr);
}

/// The log of a pipeline shows messages, and a change that somebody proposes may name files and keys as it likes.
#[cfg(unix)]
#[test]
fn messages_are_no_commands_of_a_pipeline() {
    let name = "a\n::error::planted ##[error]planted.json";
    let key = "\"a\\n::error::planted ##[error]planted\" = 1\n";
    let folder = tree(&[("iamlint.toml", key), (name, "{}"), ("open.json", OPEN)]);
    std::os::unix::fs::symlink("nowhere", folder.path().join("b\n::error::planted.json")).expect("it can be linked");
    for args in [
        &["check"][..],
        &["who"],
        &["check", "--isolated"],
        &["who", "--isolated"],
        &["check", "--isolated", "--show-files"],
    ] {
        let run = run(folder.path(), args);
        let shown = run.stdout + &run.stderr;
        assert!(shown.contains("planted"), "{args:?}: {shown}");
        assert!(!shown.lines().any(|line| line.trim_start().starts_with("::")), "{args:?}: {shown}");
        assert!(!shown.contains("##["), "{args:?}: {shown}");
    }
}
