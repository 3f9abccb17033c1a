//! Judging the dump of an account while it is read: the tree of a role is let go as soon as the role is judged, so that a
//! dump takes little more memory than its text. What comes of it is the same as if the dump was judged as a whole.

use super::judge::{Judge, variants_of};
use super::ledger::{self, Entry};
use super::report::{FileReport, PolicyReport};
use super::settings::Settings;
use crate::diagnostic::{Diagnostic, Problem};
use crate::input::{Input as _, aws_cli::AwsCli};
use crate::load::{self, owner_start};
use crate::source::Source;
use crate::suppress;
use crate::syntax::Document;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// How many parts wait to be judged, for each thread: more would only take memory.
const WAITING: usize = 2;

/// What came of a part.
#[derive(Default)]
struct Part {
    /// Whether it may be of another format, or has a policy of the document itself: then only the whole tells.
    open: bool,
    /// Why it was taken for its format.
    reason: Option<&'static str>,
    /// Where the owner of the first policy begins.
    first: Option<u32>,
    /// The policies, each with where its owner begins.
    policies: Vec<(u32, PolicyReport)>,
    findings: Vec<Diagnostic>,
    problem: Option<Problem>,
    not_judged: Vec<Entry>,
}

/// Judge a file in parts, and give its findings to `findings`. Whether it could be; nothing is done otherwise.
pub fn judge(report: &mut FileReport, findings: &mut Vec<Diagnostic>, settings: &Settings) -> bool {
    // What a text says about findings is read from its whole tree.
    if settings.format.is_some() || suppress::mentions(&report.source.text) {
        return false;
    }
    let Some(mut parts) = parts(&report.source, settings) else { return false };
    // The reason is that of the first policy, else that of the document as a whole.
    let first = parts.iter().filter(|part| part.first.is_some()).min_by_key(|part| part.first);
    let reason = first.and_then(|part| part.reason).or_else(|| parts.iter().find_map(|part| part.reason));
    let Some(reason) = reason.filter(|_| !parts.iter().any(|part| part.open)) else { return false };
    report.format = Some(AwsCli.name());
    report.reason = reason;
    report.problem = parts.iter_mut().filter_map(|part| part.problem.take()).min_by_key(|problem| problem.span.start);
    report.invalid = report.problem.is_some();
    let mut policies: Vec<(u32, PolicyReport)> = Vec::new();
    for part in parts {
        policies.extend(part.policies);
        findings.extend(part.findings);
        report.not_judged.extend(part.not_judged);
    }
    report.not_judged.sort_by_key(|entry| entry.place);
    policies.sort_by_key(|(at, _)| *at);
    report.policies = policies.into_iter().map(|(_, policy)| policy).collect();
    true
}

/// What came of each part; what is left of the document comes first.
fn parts(source: &Source, settings: &Settings) -> Option<Vec<Part>> {
    let waiting = AtomicUsize::new(0);
    let judged: Mutex<Vec<Part>> = Mutex::default();
    let judge = |document: Document<'_>| {
        let part = part(&document, source, settings);
        judged.lock().unwrap_or_else(PoisonError::into_inner).push(part);
    };
    let rest = rayon::scope(|scope| {
        load::in_parts(source, &mut |document| {
            if waiting.fetch_add(1, Ordering::Relaxed) < WAITING * rayon::current_num_threads() {
                scope.spawn(|_| {
                    judge(document);
                    waiting.fetch_sub(1, Ordering::Relaxed);
                });
            } else {
                judge(document);
                waiting.fetch_sub(1, Ordering::Relaxed);
            }
        })
    })?;
    let mut all = vec![part(&rest, source, settings)];
    all.extend(judged.into_inner().unwrap_or_else(PoisonError::into_inner));
    Some(all)
}

fn part(document: &Document<'_>, source: &Source, settings: &Settings) -> Part {
    let Some((reason, found)) = load::part(document, &source.path, settings.kind) else {
        return Part { open: true, ..Part::default() };
    };
    let mut part = Part { reason, ..Part::default() };
    let problem = found.problems.first().map(|problem| problem.span.start);
    part.first = found.sites.first().map(owner_start).into_iter().chain(problem).min();
    part.problem = found.problems.first().cloned();
    part.not_judged = ledger::of_found(&found, |span| Some(source.position(span.start)));
    let owners = variants_of(&found.sites).map(|variants| variants.first().map_or(0, owner_start));
    let policies = Judge { settings, findings: &mut part.findings }.found(&found, &source.text);
    part.policies = owners.zip(policies).collect();
    part
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;
    use crate::lint::filter;

    const POLICY: &str =
        r#"{"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}"#;

    fn role(number: usize) -> String {
        let account = 100_000_000_000 + number;
        let principal = if number.is_multiple_of(3) { "*".to_owned() } else { format!("arn:aws:iam::{account}:root") };
        let path = if number.is_multiple_of(5) { "/aws-service-role/" } else { "/" };
        format!(
            r#"{{"Path": "{path}", "RoleName": "r{number}", "Arn": "arn:aws:iam::111122223333:role/r{number}", "RolePolicyList":
            [{{"PolicyName": "p", "PolicyDocument": {{"Statement": [{{"Effect": "Allow", "Action": "*", "Resource": "*"}}]}}}}],
            "AssumeRolePolicyDocument": {{"Statement": [{{"Effect": "Allow", "Principal": {{"AWS": "{principal}"}}, "Action":
            "sts:AssumeRole"}}]}}, "Description": "{}"}}"#,
            "x".repeat(4000)
        )
    }

    fn roles(count: usize) -> String {
        (0..count).map(role).collect::<Vec<_>>().join(",\n")
    }

    /// What comes of a text: in parts, if it can be, and as a whole.
    fn both(text: &str) -> (Option<String>, String) {
        let settings = Settings::new(&config::parse_text("profile = 'audit'").expect("it is valid"));
        let report_of = |in_parts: bool| {
            let mut report = FileReport::new(Source::new("dump.json", text));
            let mut findings = Vec::new();
            let done = match in_parts {
                true => judge(&mut report, &mut findings, &settings),
                false => {
                    Judge { settings: &settings, findings: &mut findings }.file(&mut report);
                    true
                }
            };
            filter::of_file(&mut report, findings, None, &settings);
            report.source = Source::new("", "");
            done.then(|| format!("{report:#?}"))
        };
        (report_of(true), report_of(false).expect("every text can be judged as a whole"))
    }

    #[test]
    fn a_dump_in_parts_is_what_it_is_as_a_whole() {
        let many = roles(280);
        let user = format!(
            r#"{{"UserName": "u", "Arn": "arn:aws:iam::111122223333:user/u", "UserPolicyList": [{{"PolicyName": "p", "PolicyDocument": {POLICY}}}]}}"#
        );
        let broken =
            r#"{"RoleName": "broken", "Arn": "arn:aws:iam::111122223333:role/b", "AssumeRolePolicyDocument": "{,"}"#;
        for text in [
            format!(r#"{{"UserDetailList": [{user}], "RoleDetailList": [{many}], "Policies": []}}"#),
            format!(r#"{{"roles": [{many}], "GroupDetailList": [], "Marker": {{"Roles": [1]}}}}"#),
            format!(r#"{{"Roles": [{many}, {broken}, {many}], "UserDetailList": [{user}, {user}]}}"#),
            format!(r#"{{"Roles": [{broken}], "RoleDetailList": [{many}], "Roles": [{many}]}}"#),
            format!(r#"{{"RoleDetailList": [{}]}}"#, many.replace("\"/\"", "\"/aws-service-role/\"")),
            format!(r#"{{"Roles": [{}]}}"#, many.replace("\"/\"", "\"/aws-service-role/\"")),
        ] {
            let (parts, whole) = both(&text);
            assert!(parts.is_some_and(|parts| parts == whole), "{}", &text[..60]);
        }
    }

    #[test]
    fn what_only_the_whole_tells_is_not_judged_in_parts() {
        let many = roles(280);
        for text in [
            format!(r#"{{"Roles": [{many}]"#),
            format!(r#"{{"Roles": [{many}], "RoleName": "r", "AssumeRolePolicyDocument": {POLICY}}}"#),
            format!(r#"{{"Roles": [{many}], "Resources": {{"R": {{"Type": "AWS::IAM::Role"}}}}}}"#),
            format!(r#"{{"Others": [{many}], "Statement": 1}}"#),
            format!(r#"{{"Roles": [{}]}}"#, roles(3)),
        ] {
            assert!(both(&text).0.is_none(), "{}", &text[..60]);
        }
    }

    #[test]
    fn a_list_of_roles_is_what_it_is_as_a_whole() {
        let (parts, whole) = both(&format!("[{}]", roles(280)));
        assert!(parts.is_some_and(|parts| parts == whole));
    }
}
