//! What is said about a finding beside its message, for the formats that show text.

use super::place::Places;
use super::text::clean;
use crate::diagnostic::{Confidence, Diagnostic};
use crate::lint::FileReport;
use crate::source::Position;
use std::cmp::Reverse;

/// Places that are listed; a longer list says nothing more.
const MAX_SPOTS: usize = 20;

/// A place that has to do with a finding.
pub(super) struct Spot<'a> {
    /// The file, as it is shown.
    pub path: &'a str,
    /// Where it starts; columns count characters.
    pub start: Position,
    /// Where it ends.
    pub end: Position,
    /// What it has to do with the finding.
    pub text: &'a str,
}

/// The places that a finding names beside its own, those in its own file first, and how many more there are.
pub(super) fn spots<'a>(file: &'a FileReport, finding: &'a Diagnostic, places: &Places<'_>) -> (Vec<Spot<'a>>, usize) {
    let here = finding.secondary.iter().map(|label| Spot {
        path: &file.source.path,
        start: places.characters(label.span.start),
        end: places.characters(label.span.end),
        text: &label.text,
    });
    let elsewhere = finding.related.iter().map(|related| Spot {
        path: &related.path,
        start: related.range.0,
        end: related.range.1,
        text: &related.text,
    });
    let total = finding.secondary.len() + finding.related.len();
    (here.chain(elsewhere).take(MAX_SPOTS).collect(), total.saturating_sub(MAX_SPOTS))
}

/// What is said about a finding, each a key and a text on one line that is safe to show.
pub(super) fn lines(file: &FileReport, finding: &Diagnostic, places: &Places<'_>) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    let mut line = |key, text: &str| lines.push((key, clean(text).into_owned()));
    if finding.confidence != Confidence::Proved {
        line("confidence", finding.confidence.name());
    }
    if !finding.resource.is_empty() {
        line("in", &finding.resource);
    }
    if let Some(why) = &finding.why {
        line("why", why);
    }
    if let Some(request) = request(finding) {
        line("request", &request);
    }
    if let Some(help) = &finding.help {
        line("help", help);
    }
    let (spots, more) = spots(file, finding, places);
    for Spot { path, start, text, .. } in spots {
        line("see", format!("{path}:{}:{}: {text}", start.line, start.column).trim_end_matches(": "));
    }
    if more > 0 {
        line("see", &format!("{more} more places"));
    }
    lines
}

/// The request that shows a finding, where the reason does not say it already.
pub(super) fn request(finding: &Diagnostic) -> Option<String> {
    let text = finding.witness.as_ref()?.to_string();
    (finding.why.as_ref() != Some(&text)).then_some(text)
}

/// The same as one text: `key: text` on each line.
pub(super) fn text(file: &FileReport, finding: &Diagnostic, places: &Places<'_>) -> String {
    let lines = lines(file, finding, places).into_iter().map(|(key, text)| format!("\n{key}: {text}"));
    lines.collect()
}

/// Every finding with the index of its file, the worst and surest first; among equals the order of the report stays.
pub(super) fn worst_first(files: &[FileReport]) -> Vec<(usize, &Diagnostic)> {
    let files = files.iter().enumerate();
    let mut all: Vec<_> = files.flat_map(|(at, file)| file.findings.iter().map(move |finding| (at, finding))).collect();
    all.sort_by_key(|(_, finding)| Reverse((finding.severity, finding.confidence)));
    all
}

#[cfg(test)]
mod tests {
    use super::super::tests::{finding, report, span};
    use super::*;
    use crate::diagnostic::{Label, Related, Severity, Witness};
    use crate::source::Source;

    #[test]
    fn every_part_is_told_on_a_line_of_its_own() {
        let text = "é {\"a\": \"*\"}";
        let mut one = finding(Label::new(span(text, "\"*\""), "anyone"));
        one.confidence = Confidence::Likely;
        one.resource = "Resources.R".into();
        one.why = Some("two\nlines".into());
        one.help = Some("name it".into());
        one.witness = Some(Box::new(Witness {
            action: "sts:AssumeRole".into(),
            caller: "user",
            principal: "arn:aws:iam::999999999999:user/x".into(),
            context: Vec::new(),
            allowed_by: 0,
        }));
        one.secondary = vec![Label::new(span(text, "\"a\""), "here"), Label::new(span(text, "{"), "")];
        let other = Source::new("vars.tf", "x\n  y");
        one.related = vec![Related::new(&other, span(&other.text, "y"), "its default")];
        let run = report("a.json", text, vec![one.clone()]);
        let told = super::text(&run.files[0], &one, &Places::new(&run.files[0].source));
        let expected = "\nconfidence: likely\nin: Resources.R\nwhy: two lines\n\
                        request: sts:AssumeRole by arn:aws:iam::999999999999:user/x is allowed\nhelp: name it\n\
                        see: a.json:1:4: here\nsee: a.json:1:3\nsee: vars.tf:2:3: its default";
        assert_eq!(told, expected);
        one.why = one.witness.as_ref().map(ToString::to_string);
        assert_eq!(request(&one), None, "it is said once");
    }

    #[test]
    fn many_places_are_counted() {
        let mut one = finding(Label::new(span("x", "x"), ""));
        one.secondary = vec![Label::new(span("x", "x"), "y"); 23];
        let run = report("a", "x", vec![one.clone()]);
        let lines = lines(&run.files[0], &one, &Places::new(&run.files[0].source));
        assert_eq!((lines.len(), lines[20].1.as_str()), (21, "3 more places"));
    }

    #[test]
    fn the_worst_and_surest_come_first() {
        let with = |severity, confidence| {
            let mut one = finding(Label::new(span("x", "x"), ""));
            (one.severity, one.confidence) = (severity, confidence);
            one
        };
        let low = with(Severity::Low, Confidence::Proved);
        let unsure = with(Severity::High, Confidence::Possible);
        let sure = with(Severity::High, Confidence::Proved);
        let mut run = report("a", "x", vec![low.clone(), unsure.clone()]);
        run.files.extend(report("b", "x", vec![sure.clone(), sure.clone()]).files);
        let order: Vec<_> = worst_first(&run.files).into_iter().map(|(file, one)| (file, one.clone())).collect();
        assert_eq!(order, [(1, sure.clone()), (1, sure), (0, unsure), (0, low)]);
    }
}
