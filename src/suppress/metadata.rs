//! Suppressions in the `Metadata` of a template and of its resources. They survive what packages and rewrites
//! templates:
//!
//! ```yaml
//! Metadata:
//!   iamlint:
//!     ignore:
//!       - rule: missing-external-id
//!         subject: arn:aws:iam::618273945102:root
//!         reason: the vendor cannot send one
//! ```

use super::directive::{Limits, invalid, is_reason, rule_called, shown};
use super::{Entry, Reach, Said};
use crate::config::nearest;
use crate::diagnostic::Problem;
use crate::span::{Span, Spanned};
use crate::value::{Kind, Member, Value};

const FORM: &str = "write a list of `{rule, reason}`, with `until`, `sid` and `subject` where they are wanted";

/// Read the `Metadata` of a template.
pub fn read(root: &Value<'_>, said: &mut Said) {
    own(root, Reach::File, said);
    for (span, resource) in resources(root) {
        own(resource, Reach::Within(span), said);
    }
}

/// The resources of a template with their places, also those in loops.
pub fn resources<'v, 's>(root: &'v Value<'s>) -> Vec<(Span, &'v Value<'s>)> {
    let mut found = Vec::new();
    if let Some(resources) = root.get("Resources") {
        collect(resources, &mut found);
    }
    found
}

fn collect<'v, 's>(resources: &'v Value<'s>, found: &mut Vec<(Span, &'v Value<'s>)>) {
    for member in resources.as_map().unwrap_or_default() {
        match member.value.as_list() {
            // A loop holds resources in its body, `[variable, values, body]`.
            Some([_, _, body]) if member.key.starts_with("Fn::ForEach::") => collect(body, found),
            _ => found.push((member.key_span.join(member.value.span), &member.value)),
        }
    }
}

/// What the `Metadata` of one object says.
fn own(object: &Value<'_>, reach: Reach, said: &mut Said) {
    let Some(ours) = object.get("Metadata").and_then(|metadata| metadata.member("iamlint")) else { return };
    let Some(members) = ours.value.as_map() else {
        let message = format!("`iamlint` must be an object here, not {}", ours.value.sort());
        return said.fault(invalid("iamlint", Problem::new(ours.value.span, message).with_help(FORM)));
    };
    for member in members {
        if member.key != "ignore" {
            unknown(member, &["ignore"], said);
            continue;
        }
        let Some(list) = member.value.as_list() else {
            let message = format!("`ignore` must be a list here, not {}", member.value.sort());
            said.fault(invalid("ignore", Problem::new(member.value.span, message).with_help(FORM)));
            continue;
        };
        list.iter().for_each(|item| entry(item, reach, said));
    }
}

fn unknown(member: &Member<'_>, known: &[&str], said: &mut Said) {
    let help = match nearest(&member.key, known.iter().copied()) {
        Some(known) => format!("did you mean `{known}`?"),
        None => FORM.to_owned(),
    };
    let message = format!("`{}` is no part of a suppression", shown(&member.key));
    said.fault(invalid(member.key.as_ref(), Problem::new(member.key_span, message).with_help(help)));
}

/// One suppression.
fn entry(item: &Value<'_>, reach: Reach, said: &mut Said) {
    let Some(members) = item.as_map() else {
        let message = format!("a suppression must be an object here, not {}", item.sort());
        return said.fault(invalid("ignore", Problem::new(item.span, message).with_help(FORM)));
    };
    let (mut rule, mut reason, mut limits, mut holds) = (None, None, Limits::default(), true);
    for member in members {
        let key = member.key.as_ref();
        let value = match &member.value.kind {
            Kind::String(text) | Kind::Number(text) => Spanned::new(text.to_string(), member.value.span),
            _ if ["rule", "reason"].contains(&key) || Limits::NAMES.contains(&key) => {
                let message = format!("`{key}` must be a string here, not {}", member.value.sort());
                said.fault(invalid(key, Problem::new(member.value.span, message).with_help(FORM)));
                holds = false;
                continue;
            }
            _ => Spanned::new(String::new(), member.value.span),
        };
        match key {
            "rule" => rule = Some(value),
            "reason" => reason = Some(value),
            key if Limits::NAMES.contains(&key) => {
                let name = Spanned::new(key.to_owned(), member.key_span);
                if let Err(problem) = limits.set(&name, &value) {
                    said.fault(invalid(value.value, problem));
                    holds = false;
                }
            }
            _ => {
                unknown(member, &["rule", "reason", "until", "sid", "subject"], said);
                holds = false;
            }
        }
    }
    let Some(name) = rule else {
        if holds {
            let problem = Problem::new(item.span, "this suppression names no rule, so it silences nothing");
            said.fault(invalid("rule", problem.with_help(FORM)));
        }
        return;
    };
    let rule = match rule_called(&name) {
        Ok(rule) => rule.id,
        Err(fault) => return said.fault(fault),
    };
    match reason.filter(|reason| is_reason(&reason.value)) {
        Some(reason) if holds => said.entry(Entry { rule, at: name.span, reach, reason: reason.value, limits }),
        _ if !holds => {}
        _ => {
            let problem = Problem::new(name.span, "this suppression gives no reason, so it silences nothing");
            said.fault(invalid(rule, problem.with_help("say in `reason` why this is right")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::{Syntax, parse};

    fn said(text: &str) -> Said {
        let parsed = parse(text, Syntax::Yaml);
        assert!(parsed.problems.is_empty());
        let mut said = Said::default();
        read(&parsed.documents[0], &mut said);
        said
    }

    fn faults(ignore: &str) -> Vec<String> {
        let said = said(&format!("Resources:\n  R:\n    Metadata:\n      iamlint: {ignore}\n"));
        assert!(said.entries.is_empty(), "{:?}", said.entries);
        said.faults.iter().map(|fault| fault.problem.message.clone()).collect()
    }

    #[test]
    fn of_the_template_and_of_resources() {
        let text = "Metadata:\n  iamlint:\n    ignore:\n      - {rule: missing-mfa, reason: a test}\nResources:\n  Fn::ForEach::Loop:\n    - V\n    - [a]\n    - R${V}:\n        Metadata: {iamlint: {ignore: [{rule: empty-sid, reason: x, sid: 1}]}}\n  R:\n    Metadata:\n      Other: 1\n      iamlint:\n        ignore:\n          - rule: admin-access\n            reason: it administers\n            until: 2027-03-31\n            subject: '*'\n";
        let said = said(text);
        assert_eq!(said.faults, []);
        let shown: Vec<_> = said.entries.iter().map(|entry| (entry.rule, entry.reach == Reach::File)).collect();
        assert_eq!(shown, [("missing-mfa", true), ("empty-sid", false), ("admin-access", false)]);
        assert_eq!(said.entries[1].limits.sid.as_deref(), Some("1"));
        let last = &said.entries[2];
        assert_eq!(last.limits.until.map(|date| date.to_string()).as_deref(), Some("2027-03-31"));
        assert_eq!((last.limits.subject.as_deref(), last.reason.as_str()), (Some("*"), "it administers"));
        let Reach::Within(span) = last.reach else { panic!("it is for its resource") };
        assert!(text[span.range()].starts_with("R:\n"));
        assert_eq!(&text[last.at.range()], "admin-access");
    }

    #[test]
    fn what_is_wrong_is_told() {
        assert_eq!(faults("[]"), ["`iamlint` must be an object here, not a list"]);
        assert_eq!(faults("{ignore: {rule: x}}"), ["`ignore` must be a list here, not an object"]);
        assert_eq!(faults("{ignores: []}"), ["`ignores` is no part of a suppression"]);
        assert_eq!(faults("{ignore: [missing-mfa]}"), ["a suppression must be an object here, not a string"]);
        assert_eq!(faults("{ignore: [{reason: x}]}"), ["this suppression names no rule, so it silences nothing"]);
        assert_eq!(
            faults("{ignore: [{rule: missing-mfa}]}"),
            ["this suppression gives no reason, so it silences nothing"]
        );
        assert_eq!(faults("{ignore: [{rule: missing-mfaa, reason: x}]}"), ["there is no rule `missing-mfaa`"]);
        assert_eq!(faults("{ignore: [{rule: [a], reason: x}]}"), ["`rule` must be a string here, not a list"]);
        assert_eq!(
            faults("{ignore: [{rule: missing-mfa, reason: x, untill: 2027-01-01}]}"),
            ["`untill` is no part of a suppression"]
        );
        assert_eq!(faults("{ignore: [{rule: missing-mfa, reason: x, until: soon}]}"), ["`soon` is not a date"]);
    }
}
