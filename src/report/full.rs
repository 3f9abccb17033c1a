//! `--format full`: for people. A header, an excerpt of the source with labels, and what follows from it.
//!
//! miette draws the excerpt; the lines around it are ours, so that severity, rule and message stand first on the line.

use super::excerpt::Excerpt;
use super::place::Places;
use super::text::{clean, paint, push_entry};
use super::{Options, Style, level};
use crate::diagnostic::{Confidence, Diagnostic, Severity};
use crate::lint::{FileReport, Report};
use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, SourceCode, ThemeCharacters, ThemeStyles};
use rayon::prelude::*;
use std::fmt;
use std::io;

/// Write a report in this format.
pub fn write(report: &Report, options: &Options<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let files =
        report.files.par_iter().filter(|file| !file.findings.is_empty()).map(|file| render(file, options.style));
    files.collect::<Vec<_>>().iter().try_for_each(|text| out.write_all(text.as_bytes()))
}

fn render(file: &FileReport, style: Style) -> String {
    let places = Places::new(&file.source);
    let path = clean(&file.source.path);
    let mut out = String::new();
    for finding in &file.findings {
        push_header(&mut out, finding, style);
        let excerpt = Excerpt::new(&file.source, &places, finding, &path, style);
        push_excerpt(&mut out, finding.severity, &excerpt, style);
        push_footer(&mut out, finding, &excerpt, style);
        out.push('\n');
    }
    out
}

/// `critical[wildcard-principal]: message`, and how sure it is unless it is proved.
fn push_header(out: &mut String, finding: &Diagnostic, style: Style) {
    let name = format!("{}[{}]", finding.severity, finding.rule);
    let doubt = match finding.confidence {
        Confidence::Proved => "",
        Confidence::Likely => " (likely)",
        Confidence::Possible => " (possible)",
    };
    let name = paint(&name, level(finding.severity).color, style.color);
    let message = paint(&format!("{}{doubt}", clean(&finding.message)), "1", style.color);
    out.push_str(&format!("{name}: {message}\n"));
}

fn push_excerpt(out: &mut String, severity: Severity, excerpt: &Excerpt, style: Style) {
    // miette takes the styles of labels by turns, in their order.
    let theme = theme(severity, excerpt.marks.iter().map(|mark| mark.primary), style);
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_urls(false)
        .with_width(style.width.max(40))
        .without_syntax_highlighting();
    let mut text = String::new();
    if handler.render_report(&mut text, &Picture(excerpt)).is_ok() {
        // The first line is miette's own header.
        out.push_str(text.split_once('\n').map_or("", |(_, picture)| picture));
    }
}

/// The theme is built by hand: miette's default one asks the terminal.
fn theme(severity: Severity, primary: impl Iterator<Item = bool>, style: Style) -> GraphicalTheme {
    let characters = if style.unicode { ThemeCharacters::unicode() } else { ThemeCharacters::ascii() };
    if !style.color {
        return GraphicalTheme { characters, styles: ThemeStyles::none() };
    }
    let plain = ThemeStyles::none().error;
    let main = match severity {
        Severity::Critical | Severity::High => plain.red(),
        Severity::Medium => plain.yellow(),
        Severity::Low => plain.blue(),
        Severity::Info => plain.cyan(),
    };
    let highlights = primary.map(|primary| if primary { main.bold() } else { plain.magenta() }).collect();
    let styles = ThemeStyles { link: plain.cyan(), highlights, ..ThemeStyles::ansi() };
    GraphicalTheme { characters, styles }
}

fn push_footer(out: &mut String, finding: &Diagnostic, excerpt: &Excerpt, style: Style) {
    let mut entry = |key: &str, text: &str| {
        let painted = paint(key, "1", style.color && !key.is_empty());
        let mut lines = String::new();
        push_entry(&mut lines, &format!("  {key}"), text, style.width);
        out.push_str(&lines.replacen(key, &painted, 1));
    };
    for (position, text) in &excerpt.apart {
        entry("also:", &format!("{}:{}: {text}", position.line, position.column));
    }
    if excerpt.left_out > 0 {
        entry("also:", &format!("{} more places", excerpt.left_out));
    }
    for related in &finding.related {
        let start = related.range.0;
        entry("from:", &format!("{}:{}:{}: {}", clean(&related.path), start.line, start.column, clean(&related.text)));
        entry("", &clean(&related.line));
    }
    if !finding.resource.is_empty() {
        entry("in:", &finding.resource);
    }
    if let Some(why) = &finding.why {
        entry("why:", why);
    }
    if let Some(help) = &finding.help {
        entry("help:", help);
    }
    let key = if finding.help.is_some() { "" } else { "help:" };
    entry(key, &format!("iamlint explain {}", finding.rule));
}

/// An excerpt as miette wants it: a diagnostic of which only the labels are drawn.
#[derive(Debug)]
struct Picture<'a>(&'a Excerpt);

impl fmt::Display for Picture<'_> {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

impl std::error::Error for Picture<'_> {}

impl miette::Diagnostic for Picture<'_> {
    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(self.0)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.0.marks.iter().map(|mark| {
            let lines: Vec<_> = mark.text.lines().map(clean).collect();
            let text = Some(lines.join("\n")).filter(|text| !text.is_empty());
            let span = (mark.range.start, mark.range.len());
            if mark.primary {
                LabeledSpan::new_primary_with_span(text, span)
            } else {
                LabeledSpan::new_with_span(text, span)
            }
        })))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{HOSTILE, finding, options, report, span, written};
    use super::*;
    use crate::diagnostic::Label;
    use crate::span::Span;

    const POLICY: &str = r#"{
  "Statement": [{
    "Effect": "Allow",
    "Principal": {"AWS": "*"},
    "Action": "sts:AssumeRole"
  }]
}
"#;

    fn shown(text: &str, findings: Vec<Diagnostic>, style: Style) -> String {
        written(write, &report("iam/a.json", text, findings), &Options { style, ..options() })
    }

    #[test]
    fn a_finding_is_shown_with_its_story() {
        let mut one = finding(Label::new(span(POLICY, "\"*\""), "every principal of every account"));
        one.secondary.push(Label::new(span(POLICY, "\"sts:AssumeRole\""), "may call this, with no condition"));
        one.why = Some("sts:AssumeRole by arn:aws:iam::999999999999:user/anyone is allowed (proved)".into());
        one.help = Some("name the accounts or roles that need it, or require your organization id".into());
        one.resource = "Resources.CiRole".into();
        one.confidence = Confidence::Likely;
        let expected = r#"
critical[wildcard-principal]: anyone can assume this role (likely)
   ,-[iam/a.json:4:26]
 3 |     "Effect": "Allow",
 4 |     "Principal": {"AWS": "*"},
   :                          ^|^
   :                           `-- every principal of every account
 5 |     "Action": "sts:AssumeRole"
   :               ^^^^^^^^|^^^^^^^
   :                       `-- may call this, with no condition
 6 |   }]
   `----
  in:   Resources.CiRole
  why:  sts:AssumeRole by arn:aws:iam::999999999999:user/anyone is allowed (proved)
  help: name the accounts or roles that need it, or require your organization id
        iamlint explain wildcard-principal

"#;
        assert_eq!(shown(POLICY, vec![one.clone()], Style::default()), &expected[1..]);
        let unicode = shown(POLICY, vec![one.clone()], Style { unicode: true, ..Style::default() });
        assert!(unicode.contains("╭─[iam/a.json:4:26]"), "{unicode}");
        let color = shown(POLICY, vec![one], Style { color: true, ..Style::default() });
        assert!(color.starts_with("\u{1b}[1;31mcritical[wildcard-principal]\u{1b}[0m: "), "{color}");
    }

    #[test]
    fn a_label_far_right_on_a_long_line_is_shown() {
        let text = format!(
            "{{\"a\": \"{}\", \"AWS\": \"*\", \"b\": \"{}\", \"Action\": 1}}",
            "é\t\u{202e}".repeat(40_000),
            "y".repeat(90_000)
        );
        let mut one = finding(Label::new(span(&text, "\"*\""), "here"));
        one.secondary.push(Label::new(span(&text, "\"b\""), "near"));
        one.secondary.push(Label::new(span(&text, "\"Action\""), "far"));
        one.secondary.push(Label::new(Span::new(0, text.len()), "around"));
        let expected = r#"
critical[wildcard-principal]: anyone can assume this role
   ,-[iam/a.json:1:120018]
 1 | ...é    \u{202e}", "AWS": "*", "b": "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy...
   :    ^^^^^^^^^^^|^^^^^^^^^^^^|^  ^|^
   :               |            |    `-- near
   :               |            `-- here
   :               `-- around
   `----
  also: 1:210032: far
  help: iamlint explain wildcard-principal

"#;
        assert_eq!(shown(&text, vec![one], Style::default()), &expected[1..]);
    }

    #[test]
    fn wide_characters_tabs_and_crlf_are_underlined_right() {
        let text = "\u{feff}{\r\n\t\"é\": \"漢字\", \"x\": \"😀\"\r\n}\r\n";
        let mut one = finding(Label::new(span(text, "\"漢字\""), "wide"));
        one.secondary.push(Label::new(span(text, "\"x\""), "after"));
        let expected = r#"
critical[wildcard-principal]: anyone can assume this role
   ,-[iam/a.json:2:7]
 1 | {
 2 |     "é": "漢字", "x": "😀"
   :          ^^^|^^  ^|^
   :             |     `-- after
   :             `-- wide
 3 | }
   `----
"#;
        let shown = shown(text, vec![one], Style::default());
        assert!(shown.starts_with(&expected[1..]), "{shown}");
    }

    #[test]
    fn the_primary_label_comes_first_and_many_labels_are_counted() {
        let text = format!("{}x\n{}y\n", "a\n".repeat(3), "b\n".repeat(100));
        let mut one = finding(Label::new(span(&text, "y"), "primary"));
        one.secondary = vec![Label::new(span(&text, "x"), "secondary"); 20];
        let shown = shown(&text, vec![one], Style::default());
        let at = |part: &str| shown.find(part).unwrap_or_else(|| panic!("{part:?} in {shown}"));
        assert!(at("[iam/a.json:105:1]") < at("[iam/a.json:4:1]"));
        assert!(at("secondary") < at("also: 8 more places"));
    }

    #[test]
    fn nothing_is_a_command_of_a_pipeline() {
        let text = format!("{{\"a\": \"##[error]x ##vso[task.complete]y\", ## a comment\n {HOSTILE}");
        let mut one = finding(Label::new(span(&text, "##vso[task.complete]"), HOSTILE));
        one.message = HOSTILE.into();
        one.help = Some(HOSTILE.into());
        one.resource = HOSTILE.into();
        let shown = written(write, &report(&format!("a{HOSTILE}"), &text, vec![one]), &options());
        assert!(!shown.contains("##[") && !shown.contains("##vso["), "{shown}");
        assert!(shown.contains("\\u{23}#vso[task.complete]y\", ## a comment"), "{shown}");
        assert!(shown.lines().all(|line| !line.trim_start().starts_with("::")), "{shown}");
    }

    #[test]
    fn every_span_can_be_drawn_and_nothing_steers_the_terminal() {
        let texts = ["", "\n", "a\r\n\u{1b}[2J\r\n", "\u{feff}é😀\t\u{202e}x\n\n\ny", POLICY];
        for text in texts {
            for start in 0..=text.len() + 1 {
                for end in [start, start + 1, start + 7, text.len() + 3] {
                    let mut one = finding(Label::new(Span::new(start, end), "label\u{7}"));
                    one.secondary.push(Label::new(Span::new(0, end), "b\u{202e}"));
                    one.secondary.push(Label::new(Span::new(start, text.len()), ""));
                    one.message = "m\u{1b}".into();
                    let shown = shown(text, vec![one], Style { width: 0, ..Style::default() });
                    assert!(shown.contains("label\\u{7}"), "{shown}");
                    assert!(!shown.contains(['\u{1b}', '\u{7}', '\u{202e}', '\r']), "{shown:?}");
                }
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn any_labels_on_any_text_can_be_drawn(
            text in "[a-c\\t\\r\\n\\u{1b}\\u{feff}é漢😀 ]{0,300}",
            spans in proptest::collection::vec((0_usize..500, 0_usize..200), 1..16),
            width in 0_usize..120,
        ) {
            let labels = spans.iter().map(|(start, length)| Label::new(Span::new(*start, start + length), "l"));
            let mut labels: Vec<Label> = labels.collect();
            let mut one = finding(labels.remove(0));
            one.secondary = labels;
            let shown = shown(&text, vec![one], Style { width, ..Style::default() });
            proptest::prop_assert!(shown.contains("[iam/a.json:"), "{shown}");
            proptest::prop_assert!(!shown.contains(['\u{1b}', '\r']), "{shown:?}");
        }
    }
}
