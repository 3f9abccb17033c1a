//! The GitHub action: its steps run as the runner runs them.

mod common;

use common::git::write_program;
use common::tools::{output, program, sarif_problems};
use common::yaml;
use common::{CLOSED, OPEN, root, tree};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

fn action() -> Value {
    yaml::read(&fs::read_to_string(root().join("action.yml")).expect("there is one"))
}

/// What came of a job.
struct Job {
    /// What the runner reads: standard output and error of every step.
    log: String,
    /// The exit code of each step that ran, by name.
    codes: BTreeMap<String, i32>,
    /// The outputs of the action.
    outputs: BTreeMap<String, String>,
    summary: String,
    /// Whether findings were uploaded, and after which steps.
    uploaded: Option<String>,
    folder: TempDir,
}

impl Job {
    /// What the job ends with: the first step that fails decides.
    fn code(&self) -> i32 {
        self.codes.values().copied().max().unwrap_or(0)
    }
}

/// A runner: the repository that is judged, the copy of the action, and programs that stand for others.
struct Runner {
    folder: TempDir,
}

impl Runner {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = tree(&[("bin/.keep", ""), ("temp/.keep", ""), ("workspace/.keep", "")]);
        let runner = Runner { folder };
        for (path, text) in files {
            runner.write(&format!("workspace/{path}"), text);
        }
        for name in ["checksums.txt", "problem-matcher.json"] {
            let text = fs::read_to_string(root().join("action").join(name)).expect("there is one");
            runner.write(&format!("action/action/{name}"), &text);
        }
        runner
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("it has one")).expect("a folder");
        fs::write(path, text).expect("it can be written");
    }

    /// Put our binary on the path.
    fn with_binary(self) -> Self {
        fs::copy(env!("CARGO_BIN_EXE_iamlint"), self.path("bin/iamlint")).expect("it can be copied");
        self
    }

    /// Run the steps. `None` where there is no bash.
    fn run(self, inputs: &[(&str, &str)]) -> Option<Job> {
        let action = action();
        let mut job = Job {
            log: String::new(),
            codes: BTreeMap::new(),
            outputs: BTreeMap::new(),
            summary: String::new(),
            uploaded: None,
            folder: tempfile::tempdir().expect("a folder"),
        };
        let mut known = BTreeMap::new();
        for (name, input) in action["inputs"].as_object().expect("a table") {
            known.insert(format!("inputs.{name}"), input["default"].as_str().expect("text").to_owned());
        }
        for (name, value) in inputs {
            let old = known.insert(format!("inputs.{name}"), (*value).to_owned());
            assert!(old.is_some(), "the action has no input {name}");
        }
        let mut failed = false;
        for step in action["runs"]["steps"].as_array().expect("a list") {
            let name = step["name"].as_str().expect("text").to_owned();
            if !runs(step["if"].as_str(), failed, &known) {
                continue;
            }
            if let Some(uses) = step["uses"].as_str() {
                assert!(uses.starts_with("github/codeql-action/upload-sarif@"), "{uses}");
                assert_eq!(job.codes.get("Gate"), None, "the upload comes before the gate");
                job.uploaded = Some(resolve(step["with"]["sarif_file"].as_str().expect("text"), &known));
                continue;
            }
            let code = self.step(step, &mut known, &mut job.log)?;
            failed |= code != 0;
            job.codes.insert(name, code);
        }
        for (name, value) in action["outputs"].as_object().expect("a table") {
            job.outputs.insert(name.clone(), resolve(value["value"].as_str().expect("text"), &known));
        }
        job.summary = fs::read_to_string(self.path("summary")).unwrap_or_default();
        job.folder = self.folder;
        Some(job)
    }

    fn step(&self, step: &Value, known: &mut BTreeMap<String, String>, log: &mut String) -> Option<i32> {
        assert_eq!(step["shell"], "bash");
        let script = step["run"].as_str().expect("text");
        assert!(!script.contains("${{"), "what is put into a script can be a command: {script}");
        self.write("script.sh", script);
        self.write("output", "");
        let mut bash = program("bash")?;
        // As the runner's template for `shell: bash`.
        bash.args(["--noprofile", "--norc", "-eo", "pipefail"]).arg(self.path("script.sh"));
        bash.current_dir(self.path("workspace")).stdin(Stdio::null()).env_clear();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let paths = [self.path("bin")].into_iter().chain(std::env::split_paths(&path));
        bash.env("PATH", std::env::join_paths(paths).expect("paths")).env("HOME", self.path("temp"));
        bash.env("CI", "true").env("GITHUB_ACTIONS", "true");
        for (name, path) in [
            ("GITHUB_WORKSPACE", "workspace"),
            ("GITHUB_ACTION_PATH", "action"),
            ("GITHUB_OUTPUT", "output"),
            ("GITHUB_STEP_SUMMARY", "summary"),
            ("RUNNER_TEMP", "temp"),
            ("FAKE", "fake"),
        ] {
            bash.env(name, self.path(path));
        }
        bash.env("RUNNER_OS", "Linux").env("RUNNER_ARCH", "X64");
        for (name, value) in step["env"].as_object().unwrap_or(&Map::new()) {
            bash.env(name, resolve(value.as_str().expect("text"), known));
        }
        let (text, code) = output(&mut bash);
        log.push_str(&text);
        let id = step["id"].as_str().unwrap_or_default();
        for line in fs::read_to_string(self.path("output")).expect("it is there").lines() {
            let (key, value) = line.split_once('=').expect("an output");
            known.insert(format!("steps.{id}.outputs.{key}"), value.to_owned());
        }
        Some(code)
    }
}

/// A text with its expressions replaced. Only plain values are used.
fn resolve(text: &str, known: &BTreeMap<String, String>) -> String {
    let Some(name) = text.strip_prefix("${{ ").and_then(|rest| rest.strip_suffix(" }}")) else {
        assert!(!text.contains("${{"), "{text}");
        return text.to_owned();
    };
    let is_value = name.starts_with("inputs.") || name.starts_with("steps.");
    assert!(is_value && (known.contains_key(name) || !name.starts_with("inputs.")), "{name}");
    known.get(name).cloned().unwrap_or_default()
}

/// Whether a step runs: `always()`, `NAME == 'text'` and `NAME != 'text'`, joined by `&&`.
fn runs(condition: Option<&str>, failed: bool, known: &BTreeMap<String, String>) -> bool {
    let Some(condition) = condition else { return !failed };
    let parts: Vec<&str> = condition.split(" && ").collect();
    assert_eq!(parts[0], "always()");
    parts[1..].iter().all(|part| {
        let (name, text, equal) = match (part.split_once(" == "), part.split_once(" != ")) {
            (Some((name, text)), None) => (name, text, true),
            (None, Some((name, text))) => (name, text, false),
            _ => panic!("{part}"),
        };
        (resolve(&format!("${{{{ {name} }}}}"), known) == text.trim_matches('\'')) == equal
    })
}

#[test]
fn findings_are_annotated_uploaded_summed_up_and_fail_the_job() {
    let runner = Runner::new(&[("iam/open.json", OPEN), ("iam/closed.json", CLOSED)]).with_binary();
    let Some(job) = runner.run(&[("version", "path"), ("category", "prod")]) else { return };
    assert_eq!(job.codes, [("Install iamlint", 0), ("Check", 0), ("Gate", 1)].map(|(k, v)| (k.to_owned(), v)).into());
    assert!(job.log.contains("\n::error file=iam/open.json,line=1,endLine=1,col=82,"), "{}", job.log);
    assert!(job.log.contains("1 finding (1 critical) in 1 of 2 files"), "{}", job.log);
    assert!(job.log.contains("::add-matcher::"), "{}", job.log);
    assert!(job.summary.contains("`iam/open.json:1:82`"), "{}", job.summary);
    assert_eq!(job.outputs["exit-code"], "1");
    let sarif = job.uploaded.expect("it was uploaded");
    assert_eq!(job.outputs["sarif-file"], sarif);
    let log: Value = serde_json::from_str(&fs::read_to_string(&sarif).expect("it was written")).expect("JSON");
    let result = &log["runs"][0];
    assert_eq!(result["automationDetails"]["id"], "iamlint/prod/");
    assert_eq!(result["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "iam/open.json");
    if let Some(problems) = sarif_problems(Path::new(&sarif)) {
        assert!(problems.iter().all(|rule| rule == "SARIF2005"), "{problems:?}");
    }
    let lines = fs::read_dir(job.folder.path().join("workspace")).expect("it is there").count();
    assert_eq!(lines, 2, "nothing is written into the repository");
}

#[test]
fn without_findings_the_job_succeeds() {
    let runner = Runner::new(&[("iam/closed.json", CLOSED)]).with_binary();
    let Some(job) = runner.run(&[("version", "path")]) else { return };
    assert_eq!(job.code(), 0, "{}", job.log);
    assert!(!job.log.contains("::error"), "{}", job.log);
    assert_eq!(job.outputs["exit-code"], "0");
    assert!(job.uploaded.is_some(), "an empty log closes old alerts");
    assert!(!job.summary.is_empty());
}

#[test]
fn a_broken_configuration_is_told() {
    // Whoever proposes a change writes the configuration too.
    let hostile = "\"fail\\n::error::planted\" = 1\nfail-onn = \"low\"\n";
    let runner = Runner::new(&[("iam/open.json", OPEN), ("iamlint.toml", hostile)]).with_binary();
    let Some(job) = runner.run(&[("version", "path")]) else { return };
    assert_eq!(job.code(), 2, "{}", job.log);
    assert!(job.log.contains("did you mean `fail-on`?"), "{}", job.log);
    assert_eq!(commands(&job.log), ["add-matcher", "stop-commands", "error title=iamlint"], "{}", job.log);
    assert!(job.log.contains("\n::error title=iamlint::iamlint could not do its job"), "{}", job.log);
    assert_eq!(job.uploaded, None);
    assert!(job.summary.contains("iamlint could not do its job"), "{}", job.summary);
}

/// The commands in a log, as the runner takes them: none between `stop-commands` and its token.
fn commands(log: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut stopped: Option<String> = None;
    for line in log.lines() {
        let Some((command, data)) = line.trim_start().strip_prefix("::").and_then(|rest| rest.split_once("::")) else {
            continue;
        };
        match &stopped {
            Some(token) if command == token => stopped = None,
            Some(_) => {}
            None => {
                if command == "stop-commands" {
                    assert!(data.len() == 32, "{line}");
                    stopped = Some(data.to_owned());
                }
                found.push(command.to_owned());
            }
        }
    }
    assert_eq!(stopped, None, "commands are read again");
    found
}

#[test]
fn inputs_are_arguments_and_never_commands() {
    let files = [("a b/open.json", OPEN), ("iam/open.json", OPEN), ("strict.toml", "fail-on = \"never\"\n")];
    let plain = [("version", "path"), ("annotations", "false"), ("summary", "false"), ("upload-sarif", "false")];
    let with = |more: &[(&str, &str)]| Runner::new(&files).with_binary().run(&[&plain[..], more].concat());
    let Some(job) = with(&[("paths", "a b\n\n")]) else { return };
    assert!(job.log.contains("a b/open.json") && !job.log.contains("iam/open.json"), "{}", job.log);
    assert!(!job.log.contains("::error ") && job.summary.is_empty() && job.uploaded.is_none(), "{}", job.log);
    let code = |more: &[(&str, &str)]| with(more).map(|job| (job.code(), job.log)).expect("there is bash");
    assert_eq!(code(&[("config", "strict.toml")]).0, 0);
    assert_eq!(code(&[("fail-on", "never")]).0, 0);
    assert_eq!(code(&[("args", "--select\nhygiene\n--profile=audit")]).0, 0);
    for input in ["paths", "config", "profile", "fail-on", "category", "args", "annotations", "summary"] {
        let (_, log) = code(&[(input, "$(touch planted)`touch planted`;touch planted;\"'\n::error::planted")]);
        assert!(!commands(&log).iter().any(|command| command == "error"), "{input}: {log}");
    }
    let (code, log) = code(&[("paths", "--fail-on=never")]);
    assert!(code == 2 && log.contains("--fail-on=never: no such file or directory"), "a path is no option: {log}");
}

/// An archive as the release workflow packs it, and a `curl` that gives it.
fn release(runner: &Runner) -> Option<String> {
    let mut pack = program("bash")?;
    pack.arg(root().join("packaging/archive.sh")).arg(env!("CARGO_BIN_EXE_iamlint"));
    let (text, code) = output(pack.arg("x86_64-unknown-linux-gnu").arg(runner.path("fake")));
    assert_eq!(code, 0, "{text}");
    // The address is the last argument, the file follows `--output`.
    let curl = "#!/bin/bash\necho \"$@\" >>\"$FAKE/asked\"\nwhile [ \"$1\" != --output ]; do shift; done\n\
                cp \"$FAKE/$(basename \"${!#}\")\" \"$2\"\n";
    write_program(&runner.path("bin/curl"), curl);
    Some(text)
}

#[test]
fn a_release_is_downloaded_checked_and_run() {
    let version = env!("CARGO_PKG_VERSION");
    let name = format!("iamlint-{version}-x86_64-unknown-linux-gnu.tar.gz");
    for given in ["", version] {
        let runner = Runner::new(&[("iam/open.json", OPEN)]);
        let Some(checksum) = release(&runner) else { return };
        let older = format!("# a list\n{}  iamlint-0.0.9-x86_64-unknown-linux-gnu.tar.gz\n{checksum}", "0".repeat(64));
        runner.write("action/action/checksums.txt", &older);
        let asked = runner.path("fake/asked");
        let Some(job) = runner.run(&[("version", given)]) else { return };
        assert_eq!(job.code(), 1, "{}", job.log);
        assert!(job.log.contains("::error file=iam/open.json"), "{}", job.log);
        let asked = fs::read_to_string(asked).expect("it was asked");
        let address = format!("https://github.com/OWNER/iamlint/releases/download/v{version}/{name}");
        assert!(asked.contains("--fail ") && asked.trim_end().ends_with(&address), "{asked}");
        assert!(Path::new(&job.outputs["iamlint"]).is_file());
    }
}

#[test]
fn another_archive_than_the_released_one_is_not_run() {
    let runner = Runner::new(&[("iam/open.json", OPEN)]);
    let Some(checksum) = release(&runner) else { return };
    let other =
        checksum.replacen(|c: char| c.is_ascii_hexdigit(), if checksum.starts_with('0') { "1" } else { "0" }, 1);
    runner.write("action/action/checksums.txt", &other);
    let Some(job) = runner.run(&[]) else { return };
    assert!(job.code() == 2 && job.log.contains("its checksum differs"), "{}", job.log);
    assert!(!job.log.contains("open.json") && job.uploaded.is_none(), "{}", job.log);
}

#[test]
fn versions_that_cannot_be_had_are_told() {
    for (version, words) in [
        ("9.9.9", "has no checksum of iamlint-9.9.9-x86_64-unknown-linux-gnu.tar.gz"),
        ("1.0.0; touch planted", "version must be like 0.1.0"),
        ("../../x", "version must be like 0.1.0"),
    ] {
        let Some(job) = Runner::new(&[("iam/open.json", OPEN)]).run(&[("version", version)]) else { return };
        assert!(job.code() == 2 && job.log.contains(words), "{version}: {}", job.log);
        assert!(job.log.contains("iamlint did not run to its end"), "{version}: {}", job.log);
    }
}

/// Where no release is known the action is built from the source that it comes with.
#[test]
fn without_a_release_it_is_built() {
    let runner = Runner::new(&[("iam/open.json", OPEN)]);
    let cargo = format!(
        "#!/bin/bash\necho \"cargo $*\"\nwhile [ \"$1\" != --root ]; do shift; done\nmkdir -p \"$2/bin\"\ncp '{}' \"$2/bin\"\n",
        env!("CARGO_BIN_EXE_iamlint")
    );
    write_program(&runner.path("bin/cargo"), &cargo);
    let action = runner.path("action").display().to_string();
    let Some(job) = runner.run(&[]) else { return };
    assert!(job.log.contains(&format!("cargo install --locked --path {action} --root ")), "{}", job.log);
    assert!(job.code() == 1 && job.log.contains("::error file=iam/open.json"), "{}", job.log);
}

#[test]
fn the_files_for_pipelines_fit_their_schemas() {
    for (schema, files) in [
        ("vendor.github-actions", &["action.yml"][..]),
        (
            "vendor.github-workflows",
            &[".github/workflows/ci.yml", ".github/workflows/release.yml", "docs/ci/github.yml"],
        ),
        ("vendor.gitlab-ci", &["docs/ci/gitlab-ci.yml"]),
        ("vendor.azure-pipelines", &["docs/ci/azure-pipelines.yml"]),
    ] {
        for file in files {
            let Some(mut check) = program("check-jsonschema") else { return };
            check.args(["--builtin-schema", schema]);
            if schema == "vendor.azure-pipelines" {
                check.args(["--data-transform", "azure-pipelines", "--regex-variant", "nonunicode"]);
            }
            let (text, code) = output(check.arg(root().join(file)));
            assert_eq!(code, 0, "{file}: {text}");
        }
    }
}

#[test]
fn zizmor_finds_nothing_in_the_action_and_the_workflows() {
    let audit = |folder: &Path| -> Option<(String, i32)> {
        let mut zizmor = program("zizmor")?;
        zizmor.env("NO_COLOR", "1").current_dir(folder).args(["--offline", "--no-progress", "--quiet", "."]);
        Some(output(&mut zizmor))
    };
    // A copy: only files of these names in these folders are looked at.
    let read = |path: &str| fs::read_to_string(root().join(path)).expect("there is one");
    let (action, example) = (read("action.yml"), read("docs/ci/github.yml"));
    let (ci, release) = (read(".github/workflows/ci.yml"), read(".github/workflows/release.yml"));
    let files = [
        ("action.yml", action.as_str()),
        (".github/workflows/example.yml", example.as_str()),
        (".github/workflows/ci.yml", ci.as_str()),
        (".github/workflows/release.yml", release.as_str()),
    ];
    let Some((text, code)) = audit(tree(&files).path()) else { return };
    assert_eq!(code, 0, "{text}");
    // It would find something.
    let planted = action.replace("case \"$CODE\" in", "case \"${{ inputs.version }}\" in");
    let Some((text, code)) = audit(tree(&[("action.yml", &planted)]).path()) else { return };
    assert!(code != 0 && text.contains("template-injection"), "{text}");
}

/// The snippets use inputs that the action has.
#[test]
fn the_snippets_use_the_inputs_of_the_action() {
    let inputs = action()["inputs"].as_object().expect("a table").clone();
    let readme = fs::read_to_string(root().join("README.md")).expect("there is one");
    let fence = readme.split("```yaml\n- uses:").nth(1).and_then(|rest| rest.split("```").next()).expect("a fence");
    let workflow = yaml::read(&fs::read_to_string(root().join("docs/ci/github.yml")).expect("there is one"));
    for steps in [&yaml::read(&format!("- uses:{fence}")), &workflow["jobs"]["iamlint"]["steps"]] {
        let steps = steps.as_array().expect("a list");
        let ours = |step: &&Value| step["uses"].as_str().is_some_and(|uses| uses.starts_with("OWNER/iamlint@"));
        let step = steps.iter().find(ours).expect("it uses the action");
        for name in step["with"].as_object().expect("a table").keys() {
            assert!(inputs.contains_key(name), "{name}");
        }
    }
    assert_eq!(workflow["jobs"]["iamlint"]["permissions"]["security-events"], "write", "to upload");
}

/// Every action of others is pinned to a commit, and it is the same commit everywhere.
#[test]
fn actions_of_others_are_pinned_to_commits() {
    let mut pins: BTreeMap<String, String> = BTreeMap::new();
    for file in ["action.yml", ".github/workflows/ci.yml", ".github/workflows/release.yml", "docs/ci/github.yml"] {
        let text = fs::read_to_string(root().join(file)).expect("there is one");
        for line in text.lines().filter_map(|line| line.trim().trim_start_matches("- ").strip_prefix("uses: ")) {
            if line.starts_with("./") {
                continue;
            }
            let (uses, version) = line.split_once(" # ").expect("a comment says which version it is");
            let (name, commit) = uses.split_once('@').expect("a version");
            assert!(commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()), "{file}: {uses}");
            let pin = format!("{commit} {version}");
            assert_eq!(*pins.entry(name.to_owned()).or_insert_with(|| pin.clone()), pin, "{file}: {name}");
        }
    }
    assert!(pins.len() >= 5, "{pins:?}");
}

/// The snippets for pipelines, run as their agents would: GitLab each line of the scripts, Azure each step.
#[test]
fn the_snippets_of_other_pipelines_install_and_report() {
    let runner = Runner::new(&[("iam/open.json", OPEN)]);
    let Some(line) = release(&runner) else { return };
    let sum = line.split(' ').next().expect("a checksum");
    let read = |path: &str| yaml::read(&fs::read_to_string(root().join(path)).expect("there is one"));
    let bash = |script: &str, variables: &[(&str, String)]| {
        runner.write("script.sh", script);
        let mut bash = Command::new("bash");
        bash.args(["-eo", "pipefail"]).arg(runner.path("script.sh")).current_dir(runner.path("workspace"));
        let path = std::env::var("PATH").unwrap_or_default();
        bash.env("PATH", format!("{0}/installed:{0}/bin:{path}", runner.folder.path().display()));
        output(bash.env("FAKE", runner.path("fake")).envs(variables.iter().map(|(name, value)| (name, value))))
    };

    let gitlab = &read("docs/ci/gitlab-ci.yml")["iamlint"];
    let lines = |key: &str| -> String {
        let lines = gitlab[key].as_array().expect("a list").iter().map(|line| line.as_str().expect("text"));
        // The archive is unpacked where nothing else is.
        lines.map(|line| line.replace("/usr/local/bin", "../installed") + "\n").collect()
    };
    let mut variables: Vec<(&str, String)> = Vec::new();
    for (name, value) in gitlab["variables"].as_object().expect("a table") {
        let value = if name == "IAMLINT_SHA256" { sum } else { value.as_str().expect("text") };
        variables.push((name, value.to_owned()));
    }
    let place = "mkdir -p ../installed\n".to_owned();
    let (text, code) = bash(&(place + &lines("before_script") + &lines("script")), &variables);
    assert!(code == 1 && text.contains("1 finding"), "{text}");
    for (kind, file) in gitlab["artifacts"]["reports"].as_object().expect("a table") {
        let text = fs::read_to_string(runner.path("workspace").join(file.as_str().expect("text"))).expect("written");
        let report: Value = serde_json::from_str(&text).expect("JSON");
        let list = if kind == "sast" { &report["vulnerabilities"] } else { &report };
        assert_eq!(list.as_array().map(Vec::len), Some(1), "{kind}");
    }
    let wrong: Vec<(&str, String)> = variables
        .iter()
        .map(|(name, value)| (*name, if *name == "IAMLINT_SHA256" { "0".repeat(64) } else { value.clone() }))
        .collect();
    assert_eq!(bash(&lines("before_script"), &wrong).1, 1, "another archive is not unpacked");

    let azure = read("docs/ci/azure-pipelines.yml");
    let mut variables: Vec<(String, String)> = azure["variables"]
        .as_object()
        .expect("a table")
        .iter()
        .map(|(name, value)| (name.to_uppercase(), value.as_str().expect("text").to_owned()))
        .collect();
    variables.push(("IAMLINTSHA256".to_owned(), sum.to_owned()));
    for (name, folder) in [("AGENT_TEMPDIRECTORY", "temp"), ("BUILD_ARTIFACTSTAGINGDIRECTORY", "staging")] {
        variables.push((name.to_owned(), runner.path(folder).display().to_string()));
    }
    let variables: Vec<(&str, String)> = variables.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    let steps: Vec<&str> =
        azure["steps"].as_array().expect("a list").iter().filter_map(|s| s["bash"].as_str()).collect();
    let (text, code) = bash(steps[0], &variables);
    assert!(code == 0 && text.contains("##vso[task.prependpath]"), "{text}");
    let (text, code) = bash(steps[1], &variables);
    assert!(code == 1 && text.contains("##vso[task.logissue type=error;sourcepath=iam/open.json"), "{text}");
    for name in ["iamlint.sarif", "iamlint.xml"] {
        assert!(runner.path("staging").join(name).is_file(), "{name}");
    }
}
