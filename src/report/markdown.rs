//! `--format markdown`: a summary for the page of a job, such as `$GITHUB_STEP_SUMMARY`, or for a comment.
//!
//! A table with a line for each finding, the worst first, then the details. GitHub rejects a summary of more than 1 MiB
//! as a whole, so ours stops before that and counts what it leaves out. Nothing that a policy says is read as Markdown
//! or HTML.

use super::inline::{code, fence, prose};
use super::place::Places;
use super::{Options, story, summary};
use crate::diagnostic::{Confidence, Diagnostic};
use crate::lint::{FileReport, Report};
use std::fmt::Write;
use std::io;

/// Bytes of a summary.
const MAX_BYTES: usize = 1_000_000;
/// Bytes that the table may take of it.
const MAX_TABLE: usize = MAX_BYTES / 2;
/// Bytes kept for the lines that count what is left out.
const RESERVE: usize = 1_000;
/// Lines of an excerpt, and characters of one.
const MAX_LINES: usize = 5;
const MAX_LINE: usize = 200;

/// Write a report in this format.
pub fn write(report: &Report, _: &Options<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let findings = story::worst_first(&report.files);
    let places = Places::of_files(&report.files);
    let mut text = match findings.len() {
        0 => "## iamlint: no findings\n\n".to_owned(),
        1 => "## iamlint: 1 finding\n\n".to_owned(),
        n => format!("## iamlint: {n} findings\n\n"),
    };
    let _ = writeln!(text, "{}", prose(&summary::line(report, None)));
    if !findings.is_empty() {
        text.push_str("\n| severity | rule | place | finding |\n|---|---|---|---|\n");
        let rows = |(file, finding): &(usize, &Diagnostic)| row(&report.files[*file], finding, &places[*file]);
        let left_out = push_while_fits(&mut text, findings.iter().map(rows), MAX_TABLE);
        if left_out > 0 {
            let _ = writeln!(text, "\n{left_out} more findings are not in this table.");
        }
        text.push_str("\n<details>\n<summary>Details</summary>\n");
        let details = |(file, finding): &(usize, &Diagnostic)| detail(&report.files[*file], finding, &places[*file]);
        let left_out = push_while_fits(&mut text, findings.iter().map(details), MAX_BYTES - RESERVE);
        if left_out > 0 {
            let _ =
                writeln!(text, "\nThe details of {left_out} more findings are left out: a summary has a largest size.");
        }
        text.push_str("\n</details>\n");
    }
    out.write_all(text.as_bytes())
}

/// Append parts as long as the text stays below `max` bytes, and say how many are left out. The first that does not fit
/// ends it: what is left out is what comes last.
fn push_while_fits(text: &mut String, parts: impl ExactSizeIterator<Item = String>, max: usize) -> usize {
    let mut left = parts.len();
    for part in parts {
        if text.len() + part.len() > max {
            break;
        }
        text.push_str(&part);
        left -= 1;
    }
    left
}

fn place(file: &FileReport, finding: &Diagnostic, places: &Places<'_>) -> String {
    let start = places.characters(finding.primary.span.start);
    code(&format!("{}:{}:{}", file.source.path, start.line, start.column))
}

fn row(file: &FileReport, finding: &Diagnostic, places: &Places<'_>) -> String {
    let place = place(file, finding, places);
    format!("| {} | `{}` | {place} | {} |\n", severity(finding), finding.rule, prose(&finding.message))
}

/// `critical`, and how sure it is unless it is proved.
fn severity(finding: &Diagnostic) -> String {
    match finding.confidence {
        Confidence::Proved => finding.severity.to_string(),
        Confidence::Likely | Confidence::Possible => format!("{} ({})", finding.severity, finding.confidence),
    }
}

fn detail(file: &FileReport, finding: &Diagnostic, places: &Places<'_>) -> String {
    let mut out = format!("\n### {}: {}\n\n", severity(finding), prose(&finding.message));
    let _ =
        writeln!(out, "`{}` at {}\n\n{}", finding.rule, place(file, finding, places), fence(&excerpt(file, finding)));
    for (key, text) in story::lines(file, finding, places) {
        match key {
            // Said in the heading.
            "confidence" => {}
            "in" | "request" => {
                let _ = writeln!(out, "- **{key}:** {}", code(&text));
            }
            _ => {
                let _ = writeln!(out, "- **{key}:** {}", prose(&text));
            }
        }
    }
    out
}

/// The first lines of what a finding points at; of a line that is too long, the place alone.
fn excerpt(file: &FileReport, finding: &Diagnostic) -> String {
    let source = &file.source;
    let span = finding.primary.span;
    let first = source.line_index(span.start);
    let last = source.line_index(span.end.saturating_sub(1).max(span.start)).min(first + MAX_LINES - 1);
    let short = |text: &str| text.chars().nth(MAX_LINE).is_none();
    let lines: Vec<&str> = (first..=last).map(|line| source.slice(source.line_span(line))).collect();
    if lines.iter().all(|line| short(line)) {
        return lines.join("\n");
    }
    let start: String = source.slice(span).chars().take(MAX_LINE).collect();
    if short(source.slice(span)) { start } else { start + "..." }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{HOSTILE, finding, options, report, span, with_everything, written};
    use super::*;
    use crate::diagnostic::{Label, Severity};
    use crate::span::Span;

    #[test]
    fn a_table_and_details_with_the_witness() {
        let (text, one) = with_everything();
        let expected = r#"## iamlint: 1 finding

1 finding (1 critical) in 1 of 1 file

| severity | rule | place | finding |
|---|---|---|---|
| critical (likely) | `wildcard-principal` | `iam/a.json:2:11` | anyone can assume this role |

<details>
<summary>Details</summary>

### critical (likely): anyone can assume this role

`wildcard-principal` at `iam/a.json:2:11`

```text
  "é😀": { "*" },
```

- **in:** `Resources.CiRole`
- **why:** nothing else is asked
- **request:** `sts:AssumeRole by arn:aws:iam::999999999999:user/x with aws:a = b without aws:c is allowed`
- **help:** name the accounts
- **see:** iam/a.json:3:13: may call this
- **see:** modules/vars.tf:2:13: the default of `var.who`

</details>
"#;
        assert_eq!(written(write, &report("iam/a.json", &text, vec![one]), &options()), expected);
    }

    #[test]
    fn nothing_found_is_said() {
        let text = written(write, &report("a.json", "{}", vec![]), &options());
        assert_eq!(text, "## iamlint: no findings\n\nno findings in 1 file; no policies\n");
    }

    #[test]
    fn what_is_hostile_stays_text() {
        let source = format!("{{{HOSTILE}\n```\n</details>\n````` \n{HOSTILE}}}");
        let mut one = finding(Label::new(Span::new(0, source.len()), ""));
        one.message = HOSTILE.into();
        one.help = Some(HOSTILE.into());
        one.resource = HOSTILE.into();
        one.secondary = vec![Label::new(Span::at(0), HOSTILE)];
        let text = written(write, &report(&format!("a|b`{HOSTILE}.json"), &source, vec![one]), &options());
        assert!(!text.contains(['\u{1b}', '\0', '\r', '\u{202e}']), "{text:?}");
        let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("| critical")).collect();
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].matches('|').count(), 5, "a row keeps its four cells: {}", rows[0]);
        // Outside fences and code, the only elements are our own.
        let mut fenced = None;
        for line in text.lines() {
            match &fenced {
                Some(fence) if line == fence => fenced = None,
                Some(_) => {}
                None if line.starts_with("```") => fenced = Some(line.trim_end_matches("text").to_owned()),
                None => {
                    let plain: String = line.split('`').step_by(2).collect();
                    let plain = plain.replace("\\<", "").replace("<code>", "").replace("</code>", "");
                    let own = ["<details>", "<summary>Details</summary>", "</details>"];
                    assert!(own.contains(&line) || !plain.contains('<'), "{line}");
                    assert!(!plain.contains("![") && !plain.contains('@') && !plain.contains("://"), "{line}");
                }
            }
        }
        assert_eq!(fenced, None);
    }

    #[test]
    fn a_large_report_is_cut_with_a_count_of_the_rest() {
        let mut findings = Vec::new();
        for at in 0..20_000 {
            let mut one = finding(Label::new(Span::at(0), ""));
            one.message = format!("finding {at} {}", "x".repeat(60));
            one.severity = if at == 19_999 { Severity::Critical } else { Severity::Low };
            findings.push(one);
        }
        let text = written(write, &report("a.json", "{}", findings), &options());
        assert!(text.len() <= 1_000_000 && text.len() > 990_000, "{}", text.len());
        let rows = text.lines().filter(|line| line.starts_with("| critical") || line.starts_with("| low")).count();
        let details = text.lines().filter(|line| line.starts_with("### ")).count();
        assert!(text.contains(&format!("\n{} more findings are not in this table.\n", 20_000 - rows)));
        assert!(text.contains(&format!("\nThe details of {} more findings are left out", 20_000 - details)));
        assert!(text.ends_with("\n\n</details>\n"));
        assert!(text.find("finding 19999").is_some_and(|at| at < 400), "the worst comes first");
    }

    #[test]
    fn of_a_long_line_the_place_is_shown() {
        let text = format!("{{\"a\": \"{}\", \"b\": \"*\"}}", "x".repeat(500));
        let (star, long) = (span(&text, "\"*\""), span(&text, &"x".repeat(500)));
        let shown = |span| {
            let one = finding(Label::new(span, ""));
            excerpt(&report("a", &text, vec![one.clone()]).files[0], &one)
        };
        assert_eq!(shown(star), "\"*\"");
        assert_eq!(shown(long), "x".repeat(200) + "...");
    }
}
