//! One finding for all variants of a policy.
//!
//! `Fn::If` makes several policies of one document. What holds in each of them is said once, as it is; what holds in
//! some is said with the conditions under which it does, and is not proved: the template may never be deployed so.

use crate::diagnostic::{Confidence, Diagnostic};
use crate::site::{DEFAULTS, choice_in_words};

/// The conditions of a variant, each with the value it has.
type Branch<'a> = &'a [(String, bool)];

/// Add the findings of the variants of one policy to `found`.
pub fn merge(variants: Vec<(Branch<'_>, Vec<Diagnostic>)>, found: &mut Vec<Diagnostic>) {
    let total = variants.len();
    let all: Vec<Branch<'_>> = variants.iter().map(|(branch, _)| *branch).collect();
    let mut groups: Vec<(Diagnostic, Vec<Branch<'_>>)> = Vec::new();
    for (branch, findings) in variants {
        for finding in findings {
            let same = |other: &Diagnostic| {
                (other.rule, other.primary.span, &other.message)
                    == (finding.rule, finding.primary.span, &finding.message)
            };
            match groups.iter_mut().find(|(other, _)| same(other)) {
                Some((other, branches)) => {
                    other.confidence = other.confidence.min(finding.confidence);
                    if let Some((granted, more)) = other.granted.as_mut().zip(finding.granted) {
                        granted.merge(*more);
                    }
                    if branches.last() != Some(&branch) {
                        branches.push(branch);
                    }
                }
                None => groups.push((finding, vec![branch])),
            }
        }
    }
    for (mut finding, branches) in groups {
        if branches.len() < total {
            // What holds only where somebody sets other values than the defaults may never be so.
            let others = |branch: &Branch<'_>| branch.iter().any(|(name, value)| name == DEFAULTS && !value);
            let most = if branches.iter().all(others) { Confidence::Possible } else { Confidence::Likely };
            finding.confidence = finding.confidence.min(most);
            if let Some(when) = when(&branches, &all) {
                finding.message.push_str(&when);
            }
        }
        if let Some(granted) = &mut finding.granted {
            granted.settle(total);
        }
        found.push(finding);
    }
}

/// The conditions that have one value in all of these variants, and another in some: ", when condition `A` is true".
fn when(branches: &[Branch<'_>], all: &[Branch<'_>]) -> Option<String> {
    let shared = branches.first()?.iter().filter(|choice| {
        branches.iter().all(|branch| branch.contains(choice)) && !all.iter().all(|branch| branch.contains(choice))
    });
    let words: Vec<String> = shared.map(choice_in_words).collect();
    (!words.is_empty()).then(|| format!(", when {}", words.join(" and ")))
}

#[cfg(test)]
mod tests {
    use crate::config;
    use crate::lint::{Settings, lint_source};
    use crate::source::Source;

    fn messages(principal: &str) -> Vec<(String, &'static str)> {
        let template = format!(
            "Conditions:\n  Open: !Equals [!Ref AWS::Region, eu-west-1]\n  Other: !Equals [!Ref AWS::StackName, x]\nResources:\n  Role:\n    \
             Type: AWS::IAM::Role\n    Properties:\n      AssumeRolePolicyDocument:\n        Version: '2012-10-17'\n        \
             Statement:\n          - Effect: Allow\n            Principal: {principal}\n            Action: sts:AssumeRole\n"
        );
        let mut settings = Settings::new(&config::parse_text("").expect("the defaults"));
        settings.rules.retain(|active| active.rule.id == "wildcard-principal");
        let report = lint_source(Source::new("a.yaml", template), &settings);
        assert_eq!(report.policies.len(), 1, "variants are one policy");
        report.findings.iter().map(|finding| (finding.message.clone(), finding.confidence.name())).collect()
    }

    #[test]
    fn what_holds_in_every_variant_is_said_once() {
        let said = messages("{AWS: '*', Service: !If [Open, ec2.amazonaws.com, ecs.amazonaws.com]}");
        assert_eq!(said, [("anyone in any AWS account can assume this role".to_owned(), "proved")]);
    }

    #[test]
    fn what_holds_in_some_variants_names_the_condition() {
        let said = messages(
            "{AWS: !If [Open, '*', !Ref AWS::AccountId], Service: !If [Other, ec2.amazonaws.com, !Ref AWS::NoValue]}",
        );
        let expected = "anyone in any AWS account can assume this role, when condition `Open` is true";
        assert_eq!(said, [(expected.to_owned(), "likely")]);
    }
}
