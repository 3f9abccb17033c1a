//! `iamlint check --watch`, as an editor runs it.

mod common;

use common::{CLOSED, OPEN, command, tree};
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, ChildStderr, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

/// Nothing that is waited for takes so long.
const LONG: Duration = Duration::from_secs(30);

/// A watching process. Its lines are read by a thread, so that waiting for one can end.
struct Watching {
    child: Child,
    lines: Receiver<String>,
    stderr: Option<ChildStderr>,
}

impl Watching {
    fn new(folder: &Path, args: &[&str]) -> Self {
        let mut command = command(folder);
        command.args(["check", "--watch", "--format", "concise", "--quiet", "--allow-empty"]).args(args);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        let stdout = child.stdout.take().expect("it is piped");
        let stderr = child.stderr.take();
        let (sender, lines) = channel();
        thread::spawn(move || {
            // The pipe is closed when nobody wants the next line.
            BufReader::new(stdout).lines().map_while(Result::ok).all(|line| sender.send(line).is_ok())
        });
        Watching { child, lines, stderr }
    }

    /// The findings of the next check.
    fn check(&self) -> Vec<String> {
        assert_eq!(self.lines.recv_timeout(LONG).expect("a check begins"), "iamlint: checking...");
        let next = || self.lines.recv_timeout(LONG).expect("a check ends");
        std::iter::from_fn(|| Some(next()).filter(|line| line != "iamlint: done")).collect()
    }

    /// Wait for a check that finds this in these files and nowhere else.
    fn until(&self, files: &[&str]) {
        let end = Instant::now() + LONG;
        loop {
            let found = self.check();
            let of = |line: &str| files.iter().any(|file| line.starts_with(&format!("{file}:")));
            if found.iter().all(|line| of(line))
                && files.iter().all(|file| found.iter().any(|line| line.starts_with(&format!("{file}:"))))
            {
                return;
            }
            assert!(Instant::now() < end, "{files:?} is not what was found: {found:?}");
        }
    }

    /// What the last check finds, after which there is none for a while.
    fn last(&self) -> Vec<String> {
        let mut found = self.check();
        while let Ok(line) = self.lines.recv_timeout(Duration::from_millis(1_500)) {
            match line.as_str() {
                "iamlint: checking..." => found.clear(),
                "iamlint: done" => {}
                _ => found.push(line),
            }
        }
        found
    }

    fn is_quiet_for(&self, time: Duration) {
        assert_eq!(self.lines.recv_timeout(time).ok(), None, "nothing has changed");
    }

    /// Stop it; what it wrote on standard error.
    fn stop(mut self) -> String {
        self.child.kill().expect("it runs");
        let mut text = String::new();
        self.stderr.take().expect("it is piped").read_to_string(&mut text).expect("UTF-8");
        text
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn write(folder: &Path, path: &str, text: &str) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().expect("it has one")).expect("a folder");
    fs::write(path, text).expect("it can be written");
}

#[test]
fn every_sort_of_change_is_a_check() {
    let folder = tree(&[("iam/a.json", OPEN), ("iam/b.json", CLOSED), ("iamlint.toml", "")]);
    let at = folder.path();
    let watching = Watching::new(at, &["iam"]);
    let first = watching.check();
    assert!(first[0].starts_with("iam/a.json:1:82: error[wildcard-principal]: "), "{first:?}");
    write(at, "iam/a.json", CLOSED);
    watching.until(&[]);
    write(at, "iam/more/c.yaml", OPEN);
    watching.until(&["iam/more/c.yaml"]);
    fs::rename(at.join("iam/more/c.yaml"), at.join("iam/d.json")).expect("it can be moved");
    watching.until(&["iam/d.json"]);
    write(at, "iamlint.toml", "ignore = [\"wildcard-principal\", \"missing-external-id\"]\n");
    watching.until(&[]);
    write(at, "iamlint.toml", "select = [\"wildcard-principal\"]\n");
    watching.until(&["iam/d.json"]);
    write(at, "iam/.iamlintignore", "d.json\n");
    watching.until(&[]);
    fs::remove_file(at.join("iam/.iamlintignore")).expect("it is there");
    watching.until(&["iam/d.json"]);
    fs::remove_dir_all(at.join("iam")).expect("it is there");
    watching.until(&[]);
    write(at, "iam/e.json", OPEN);
    watching.until(&["iam/e.json"]);
    write(at, "iam/notes.txt", OPEN);
    // Also while the files grow old.
    watching.is_quiet_for(Duration::from_millis(3_500));
}

#[test]
fn a_configuration_that_is_half_written_does_not_end_it() {
    let folder = tree(&[("a.json", OPEN), ("iamlint.toml", "")]);
    let watching = Watching::new(folder.path(), &[]);
    assert_eq!(watching.check().len(), 1);
    write(folder.path(), "iamlint.toml", "fail-on = \"hi");
    watching.until(&[]);
    write(folder.path(), "iamlint.toml", "fail-on = \"high\"\n");
    watching.until(&["a.json"]);
    let told = watching.stop();
    assert!(told.contains("iamlint: iamlint.toml:1:"), "{told}");
}

/// A module, and a policy read by `file()`, that lie outside of what is watched.
#[test]
fn what_terraform_reads_elsewhere_is_watched() {
    let main = "module \"role\" {\n  source = \"../modules/role\"\n  who    = \"*\"\n}\nresource \"aws_iam_role\" \"ci\" {\n  \
                name               = \"ci\"\n  assume_role_policy = file(\"../policies/ci.json\")\n}\n";
    let role = "resource \"aws_iam_role\" \"r\" {\n  name = \"r\"\n  assume_role_policy = jsonencode({ Version = \
                \"2012-10-17\", Statement = [{ Effect = \"Allow\", Principal = { AWS = var.who }, \
                Action = \"sts:AssumeRole\" }] })\n}\n";
    let files =
        [("live/main.tf", main), ("modules/role/vars.tf", "variable \"who\" {}\n"), ("policies/ci.json", CLOSED)];
    let folder = tree(&files);
    let watching = Watching::new(folder.path(), &["live"]);
    assert_eq!(watching.check(), [""; 0]);
    write(folder.path(), "policies/ci.json", OPEN);
    watching.until(&["live/main.tf"]);
    write(folder.path(), "policies/ci.json", CLOSED);
    watching.until(&[]);
    write(folder.path(), "modules/role/main.tf", role);
    watching.until(&["live/main.tf"]);
}

#[test]
fn the_page_shows_what_a_watch_prints() {
    let page = fs::read_to_string(common::root().join("editors/README.md")).expect("there is one");
    let shown = page.split("```console\n$ iamlint check ").nth(1).and_then(|rest| rest.split("```").next());
    let (words, shown) = shown.and_then(|text| text.split_once('\n')).expect("a fence");
    assert_eq!(words, "--watch --format concise infra/");
    let folder = tree(&[("infra/role.json", OPEN)]);
    let found = Watching::new(folder.path(), &["infra/"]).check();
    assert_eq!(shown, format!("iamlint: checking...\n{}\niamlint: done\n", found.join("\n")));
}

/// Whenever a change comes, before, in or after a check: the last word is about the last state.
#[test]
fn no_change_is_missed() {
    let folder = tree(&[("a.json", OPEN)]);
    let watching = Watching::new(folder.path(), &["--select", "wildcard-principal"]);
    let closed = CLOSED.replace('\n', " ");
    // As long as the other, so that the size tells nothing.
    let open = format!("{OPEN:width$}", width = closed.len());
    assert_eq!(open.len(), closed.len());
    watching.until(&["a.json"]);
    for round in 0..6 {
        // Bursts of writes, of which the last makes the state another than it was before them.
        let burst = 1 + round % 3;
        for number in 1..=burst {
            let text = if (round + burst - number) % 2 == 0 { &closed } else { &open };
            write(folder.path(), "a.json", text);
            thread::sleep(Duration::from_millis(37 * (round % 4)));
        }
        assert_eq!(watching.last().len() as u64, round % 2, "round {round}");
    }
}

#[test]
fn a_burst_of_changes_is_one_check() {
    let folder = tree(&[("a.json", CLOSED)]);
    let watching = Watching::new(folder.path(), &["--select", "wildcard-principal"]);
    assert_eq!(watching.check(), [""; 0]);
    for number in 0..40 {
        write(folder.path(), &format!("b{number}.json"), OPEN);
        thread::sleep(Duration::from_millis(10));
    }
    let mut checks = 1;
    while watching.check().len() < 40 {
        checks += 1;
    }
    // One, where the machine does not stop in the midst of the burst.
    assert!(checks < 5, "{checks} checks");
    watching.is_quiet_for(Duration::from_millis(600));
}

/// A report that is written among the files that are watched is no change.
#[test]
fn its_own_reports_are_no_change() {
    let folder = tree(&[("a.json", OPEN)]);
    let args = ["--output", "json=report.json", "--output", "sarif=report.sarif", "--select", "wildcard-principal"];
    let watching = Watching::new(folder.path(), &args);
    watching.check();
    watching.is_quiet_for(Duration::from_millis(800));
    write(folder.path(), "a.json", CLOSED);
    watching.check();
    let report = fs::read_to_string(folder.path().join("report.json")).expect("it was written");
    assert!(report.contains("\"findings\":[]") || !report.contains("\"path\":\"a.json\""), "{report}");
}

#[cfg(unix)]
#[test]
fn it_ends_when_nobody_reads() {
    let folder = tree(&[("a.json", OPEN)]);
    let mut watching = Watching::new(folder.path(), &[]);
    watching.check();
    // The thread drops the pipe once it cannot pass a line on.
    let (_, closed) = channel();
    watching.lines = closed;
    write(folder.path(), "a.json", CLOSED);
    assert_eq!(ended(&mut watching), Some(0));

    // Also while nothing changes: the other end of a pipe of its own is closed.
    let (reader, writer) = std::io::pipe().expect("a pipe");
    let mut command = command(folder.path());
    command.args(["check", "--watch", "--format", "concise", "--quiet", "a.json"]).stdout(writer).stderr(Stdio::null());
    watching.child = command.spawn().expect("it starts");
    drop(command);
    let mut lines = BufReader::new(reader).lines();
    while lines.next().expect("a line").expect("UTF-8") != "iamlint: done" {}
    drop(lines);
    assert_eq!(ended(&mut watching), Some(0));
}

#[cfg(unix)]
#[test]
fn a_signal_ends_it() {
    let folder = tree(&[("a.json", OPEN)]);
    let mut watching = Watching::new(folder.path(), &[]);
    watching.check();
    let id = watching.child.id().to_string();
    // Not an interrupt, which a test that runs in the background of a shell ignores, and its children with it.
    let sent =
        std::process::Command::new("sh").args(["-c", "kill -TERM \"$0\"", &id]).status().expect("there is a shell");
    assert!(sent.success());
    assert_eq!(ended(&mut watching), None, "it was ended by the signal");
}

/// The exit code of a process that ends by itself; none if a signal ended it.
#[cfg(unix)]
fn ended(watching: &mut Watching) -> Option<i32> {
    let end = Instant::now() + LONG;
    loop {
        match watching.child.try_wait().expect("it can be asked") {
            Some(status) => return status.code(),
            None => assert!(Instant::now() < end, "it goes on"),
        }
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn what_cannot_be_watched_is_refused() {
    let folder = tree(&[("a.json", OPEN)]);
    for (args, words) in [
        (&["-"][..], "standard input cannot change"),
        (&["--format", "sarif", "a.json"], "use --output sarif=FILE"),
        (&["--show-files", "a.json"], "cannot be used with"),
    ] {
        let run = common::run(folder.path(), &[&["check", "--watch"], args].concat());
        assert!(run.code == 2 && run.stderr.contains(words), "{args:?}: {}", run.stderr);
    }
}
