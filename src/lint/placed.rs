//! Findings that are placed in a file other than the one that was judged: of Terraform, where a folder is judged as one,
//! and of plans, where the configuration writes what they show.

use super::report::order;
use crate::diagnostic::{Diagnostic, Label, Related};
use crate::input::terraform::Sources;
use crate::source::Source;
use crate::span::Span;
use std::sync::Arc;

/// A finding of Terraform and where it stands.
#[derive(Debug)]
pub struct Placed {
    /// The path of the file that it is told in.
    pub path: String,
    /// The finding, with places in that file.
    pub finding: Diagnostic,
    /// The places that it points at, and that of its resource, which `false` tells.
    pub places: Vec<(Arc<Source>, Span, bool)>,
}

/// Take a finding with these labels from the common space of places to the file that its primary place is in: labels in
/// other files are related places. Returns the file, if there is one.
pub fn place(finding: &mut Diagnostic, labels: Vec<Label>, sources: &Sources) -> Option<Arc<Source>> {
    let (source, span) = sources.locate(finding.primary.span)?;
    finding.primary.span = span;
    for label in labels {
        match sources.locate(label.span) {
            Some((other, span)) if Arc::ptr_eq(&other, &source) => {
                let label = Label { span, ..label };
                if label != finding.primary && !finding.secondary.contains(&label) {
                    finding.secondary.push(label);
                }
            }
            Some((other, span)) => {
                let related = Related::new(&other, span, label.text);
                if !finding.related.contains(&related) {
                    finding.related.push(related);
                }
            }
            None => {}
        }
    }
    Some(source)
}

/// What a finding says, without the conditions under which it says so.
pub fn claim(finding: &Diagnostic) -> &str {
    finding.message.split(", when ").next().unwrap_or_default()
}

/// A claim without the addresses of module instances in it: what is found in each call of a module is one finding.
fn without_calls(claim: &str) -> String {
    let mut rest = claim;
    let mut text = String::with_capacity(claim.len());
    while let Some((before, after)) = rest.split_once("module.") {
        text.push_str(before);
        let name = after.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-'))).unwrap_or(after.len());
        let key = match after[name..].strip_prefix('[') {
            Some(key) => key.find("].").map(|end| name + 1 + end + 2),
            None => after[name..].starts_with('.').then_some(name + 1),
        };
        let Some(end) = key else {
            text.push_str("module.");
            rest = after;
            continue;
        };
        rest = &after[end..];
    }
    text + rest
}

/// Sort what was found in a file, and keep of each only the surest form: a module is judged by itself and in each call.
/// The others are returned.
pub fn settle<T>(found: &mut Vec<T>, finding: impl Fn(&T) -> &Diagnostic) -> Vec<T> {
    let key = |item: &T| {
        let finding = finding(item);
        (finding.primary.span, finding.rule, without_calls(claim(finding)))
    };
    let in_order = |a: &T, b: &T| order(finding(a)).cmp(&order(finding(b)));
    found.sort_by(|a, b| {
        let surest = finding(b).confidence.cmp(&finding(a).confidence);
        key(a).cmp(&key(b)).then(surest).then(in_order(a, b))
    });
    let mut folded = Vec::new();
    let mut told: Vec<T> = Vec::with_capacity(found.len());
    for item in found.drain(..) {
        match told.last() {
            Some(last) if key(last) == key(&item) => folded.push(item),
            Some(_) | None => told.push(item),
        }
    }
    *found = told;
    found.sort_by(in_order);
    folded
}

#[cfg(test)]
mod tests {
    use super::without_calls;

    #[test]
    fn calls_are_left_out_of_claims() {
        for (claim, short) in [
            ("the account `${module.a.data.x.y}` can", "the account `${data.x.y}` can"),
            ("`${module.a[\"x.y\"].module.b-c[0].var.d}`", "`${var.d}`"),
            ("`module.vpc` and module.", "`module.vpc` and module."),
        ] {
            assert_eq!(without_calls(claim), short);
        }
    }
}
