//! `--format checkstyle`: Checkstyle XML, which many servers of continuous integration and review tools read.
//!
//! Files without findings are left out. Columns count characters, as Checkstyle itself counts them.

use super::place::Places;
use super::text::clean;
use super::{Options, level, xml};
use crate::lint::{FileReport, Report};
use rayon::prelude::*;
use std::fmt::Write;
use std::io;

/// Write a report in this format.
pub fn write(report: &Report, _: &Options<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<checkstyle version=\"4.3\">")?;
    let files = report.files.par_iter().filter(|file| !file.findings.is_empty()).map(render);
    files.collect::<Vec<_>>().iter().try_for_each(|text| out.write_all(text.as_bytes()))?;
    writeln!(out, "</checkstyle>")
}

fn render(file: &FileReport) -> String {
    let places = Places::new(&file.source);
    let mut out = format!("  <file name=\"{}\">\n", xml::escape(&clean(&file.source.path)));
    for finding in &file.findings {
        let start = places.characters(finding.primary.span.start);
        let help = finding.help.as_ref().map_or(String::new(), |help| format!("; {}", clean(help)));
        let _ = writeln!(
            out,
            "    <error line=\"{}\" column=\"{}\" severity=\"{}\" message=\"{}{}\" source=\"iamlint.{}\"/>",
            start.line,
            start.column,
            level(finding.severity).checkstyle,
            xml::escape(&clean(&finding.message)),
            xml::escape(&help),
            finding.rule,
        );
    }
    out + "  </file>\n"
}

#[cfg(test)]
mod tests {
    use super::super::tests::{HOSTILE, WIDE, finding, options, report, span, written};
    use super::*;
    use crate::diagnostic::{Label, Severity};
    use crate::span::Span;

    #[test]
    fn one_element_for_each_finding() {
        let mut one = finding(Label::new(span(WIDE, "\"*\""), ""));
        one.help = Some("name the accounts".into());
        let mut info = finding(Label::new(Span::at(0), ""));
        info.severity = Severity::Info;
        let mut run = report("iam/a.json", WIDE, vec![info, one]);
        run.files.extend(report("clean.json", "{}", vec![]).files);
        let expected = r#"<?xml version="1.0" encoding="UTF-8"?>
<checkstyle version="4.3">
  <file name="iam/a.json">
    <error line="1" column="1" severity="info" message="anyone can assume this role" source="iamlint.wildcard-principal"/>
    <error line="2" column="8" severity="error" message="anyone can assume this role; name the accounts" source="iamlint.wildcard-principal"/>
  </file>
</checkstyle>
"#;
        assert_eq!(written(write, &run, &options()), expected);
    }

    #[test]
    fn what_is_hostile_stays_text() {
        let mut one = finding(Label::new(Span::at(0), ""));
        one.message = HOSTILE.into();
        one.help = Some(HOSTILE.into());
        let text = written(write, &report(&format!("a{HOSTILE}.json"), "{}", vec![one]), &options());
        assert_eq!(text.matches('<').count(), 6, "the elements are ours: {text}");
        assert!(!text.contains(['\u{1b}', '\0', '\r', '\u{202e}']), "{text:?}");
    }
}
