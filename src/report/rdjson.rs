//! `--format rdjson`: the Reviewdog Diagnostic Format, from which reviewdog makes comments on changed lines.
//!
//! Columns count bytes of UTF-8 and the end is exclusive. reviewdog rejects a whole report for one member that its
//! version does not know, so there are none but those of the first version: related places stand in the message.
//! Source: the format's description in the reviewdog repository.

use super::place::Places;
use super::text::clean;
use super::{HOME, Options, level, story, uri};
use crate::diagnostic::Diagnostic;
use crate::lint::{FileReport, Report};
use crate::rules::Rule;
use rayon::prelude::*;
use serde_json::{Value, json};
use std::io;

/// Write a report in this format.
pub fn write(report: &Report, options: &Options<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let mut source = json!({"name": "iamlint"});
    if !HOME.is_empty() {
        source["url"] = HOME.into();
    }
    let diagnostics = report.files.par_iter().map(|file| {
        let places = Places::new(&file.source);
        file.findings.iter().map(|one| diagnostic(file, one, &places, options.rules).to_string()).collect::<Vec<_>>()
    });
    write!(out, "{{\"source\":{source},\n\"diagnostics\":")?;
    super::write_list(out, diagnostics.collect::<Vec<_>>().concat())?;
    writeln!(out, "}}")
}

fn diagnostic(file: &FileReport, finding: &Diagnostic, places: &Places<'_>, rules: &[&Rule]) -> Value {
    let place = |offset| {
        let at = places.bytes(offset);
        json!({"line": at.line, "column": at.column})
    };
    let mut code = json!({"value": finding.rule});
    if let Ok(at) = rules.binary_search_by_key(&finding.rule, |rule| rule.id)
        && !HOME.is_empty()
    {
        code["url"] = super::page(rules[at]).into();
    }
    let span = finding.primary.span;
    json!({
        "message": format!("{}{}", clean(&finding.message), story::text(file, finding, places)),
        "location": {
            "path": uri::path(&file.source.path),
            "range": {"start": place(span.start), "end": place(span.end)},
        },
        "severity": level(finding.severity).rdjson,
        "code": code,
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{WIDE, finding, options, report, span, with_everything, written};
    use super::*;
    use crate::diagnostic::Label;

    fn result(report: &Report) -> Value {
        serde_json::from_str(&written(write, report, &options())).expect("valid JSON")
    }

    #[test]
    fn the_shape_is_as_promised() {
        let (text, one) = with_everything();
        let result = result(&report("./iam/a.json", &text, vec![one]));
        assert_eq!(result["source"]["name"], "iamlint");
        assert_eq!(
            result["diagnostics"],
            json!([{
                "message": "anyone can assume this role\nconfidence: likely\nin: Resources.CiRole\n\
                    why: nothing else is asked\nrequest: sts:AssumeRole by arn:aws:iam::999999999999:user/x with \
                    aws:a = b without aws:c is allowed\nhelp: name the accounts\n\
                    see: ./iam/a.json:3:13: may call this\nsee: modules/vars.tf:2:13: the default of `var.who`",
                "location": {
                    "path": "iam/a.json",
                    "range": {"start": {"line": 2, "column": 15}, "end": {"line": 2, "column": 18}},
                },
                "severity": "ERROR",
                "code": {"value": "wildcard-principal"},
            }])
        );
    }

    #[test]
    fn columns_count_bytes() {
        let marked = format!("\u{feff}{WIDE}");
        for text in [WIDE, marked.as_str()] {
            let findings = vec![finding(Label::new(span(text, "{"), "")), finding(Label::new(span(text, "\"*\""), ""))];
            let result = result(&report("a.json", text, findings));
            let column = |at: usize| result["diagnostics"][at]["location"]["range"]["start"]["column"].clone();
            assert_eq!((column(0), column(1)), (json!(1 + text.len() - WIDE.len()), json!(12)));
        }
    }

    #[test]
    fn an_empty_run_is_valid() {
        assert_eq!(result(&report("a.json", "{}", vec![]))["diagnostics"], json!([]));
    }
}
