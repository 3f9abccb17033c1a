//! One finding for all variants of a policy.
//!
//! `Fn::If` makes several policies of one document. What holds in each of them is said once, as it is; what holds in
//! some is said with the conditions under which it does, and is not proved: the template may never be deployed so.

use crate::diagnostic::{Confidence, Diagnostic};
use crate::site::{DEFAULTS, choice_in_words};
use crate::span::Span;
use std::cell::OnceCell;
use std::collections::HashMap;

/// The conditions of a variant, each with the value it has.
type Branch<'a> = &'a [(String, bool)];

/// How many conditions a message names. A chain of more of them than a reader follows is no help.
const MANY: usize = 32;

/// Add the findings of the variants of one policy to `found`.
pub fn merge(variants: Vec<(Branch<'_>, Vec<Diagnostic>)>, found: &mut Vec<Diagnostic>) {
    let total = variants.len();
    let all: Vec<Branch<'_>> = variants.iter().map(|(branch, _)| *branch).collect();
    let mut groups: Vec<(Diagnostic, Vec<usize>)> = Vec::new();
    let mut places: HashMap<(&'static str, Span), Vec<usize>> = HashMap::new();
    for (variant, (_, findings)) in variants.into_iter().enumerate() {
        for finding in findings {
            let here = places.entry((finding.rule, finding.primary.span)).or_default();
            match here.iter().find(|at| groups[**at].0.message == finding.message) {
                Some(at) => {
                    let (other, members) = &mut groups[*at];
                    other.confidence = other.confidence.min(finding.confidence);
                    if let Some((granted, more)) = other.granted.as_mut().zip(finding.granted) {
                        granted.merge(*more);
                    }
                    if members.last() != Some(&variant) {
                        members.push(variant);
                    }
                }
                None => {
                    here.push(groups.len());
                    groups.push((finding, vec![variant]));
                }
            }
        }
    }
    let choices = OnceCell::new();
    let around = around(&all);
    for (mut finding, members) in groups {
        if let Some(when) = &around {
            finding.confidence = finding.confidence.min(Confidence::Likely);
            finding.message.push_str(when);
        }
        if members.len() < total {
            let defaults = |at: &usize| all[*at].iter().find(|(name, _)| name == DEFAULTS).map(|(_, holds)| *holds);
            let only = |wanted: bool| members.iter().all(|at| defaults(at) == Some(wanted));
            let (when, count) = choices.get_or_init(|| Choices::of(&all)).when(&members).unzip();
            // What holds only where somebody sets other values than the defaults may never be so; nor do authors leave
            // empty what they give an empty default, or what several conditions fill.
            let is_doubtful = only(false) || finding.tentative && (only(true) || count > Some(1));
            let most = if is_doubtful { Confidence::Possible } else { Confidence::Likely };
            finding.confidence = finding.confidence.min(most);
            if let Some(when) = when {
                match around {
                    Some(_) => finding.message.push_str(&when.replacen(", when ", " and ", 1)),
                    None => finding.message.push_str(&when),
                }
            }
        }
        if let Some(granted) = &mut finding.granted {
            granted.settle(total);
        }
        found.push(finding);
    }
}

/// The conditions around the whole policy, without which there is none: ", when condition `A` is true".
fn around(all: &[Branch<'_>]) -> Option<String> {
    let (first, rest) = all.split_first()?;
    let is_common =
        |choice: &&(String, bool)| choice.0 != DEFAULTS && rest.iter().all(|branch| branch.contains(choice));
    let common: Vec<String> = first.iter().filter(is_common).map(choice_in_words).collect();
    (!common.is_empty() && common.len() < MANY).then(|| format!(", when {}", common.join(" and ")))
}

/// What the conditions are in each of the variants. There may be hundreds of them, and as many findings.
struct Choices<'a> {
    /// Each condition with each value that it has.
    list: Vec<&'a (String, bool)>,
    /// The variants in which it has this value, a bit for each.
    holds: Vec<Vec<u64>>,
    /// For each variant, the numbers of its conditions.
    of: Vec<Vec<usize>>,
    /// A bit for every variant.
    all: Vec<u64>,
}

/// The bits of some of `total` variants.
fn bits(members: impl Iterator<Item = usize>, total: usize) -> Vec<u64> {
    let mut bits = vec![0; total.div_ceil(64)];
    members.for_each(|at| bits[at / 64] |= 1 << (at % 64));
    bits
}

impl<'a> Choices<'a> {
    fn of(all: &[Branch<'a>]) -> Self {
        let every = bits(0..all.len(), all.len());
        let mut choices = Choices { list: Vec::new(), holds: Vec::new(), of: Vec::new(), all: every };
        let mut numbers: HashMap<&(String, bool), usize> = HashMap::new();
        for (variant, branch) in all.iter().enumerate() {
            let number = |choice: &'a (String, bool)| {
                let number = *numbers.entry(choice).or_insert_with(|| {
                    choices.list.push(choice);
                    choices.holds.push(bits(std::iter::empty(), all.len()));
                    choices.list.len() - 1
                });
                choices.holds[number][variant / 64] |= 1 << (variant % 64);
                number
            };
            let numbers = branch.iter().map(number).collect();
            choices.of.push(numbers);
        }
        choices
    }

    /// The conditions that have one value in all of these variants, and another in some: ", when condition `A` is true",
    /// and how many there are.
    fn when(&self, members: &[usize]) -> Option<(String, usize)> {
        let here = bits(members.iter().copied(), self.of.len());
        let first = self.of.get(*members.first()?)?;
        let is_shared = |number: &&usize| {
            let holds = &self.holds[**number];
            *holds != self.all && here.iter().zip(holds).all(|(here, holds)| here & !holds == 0)
        };
        let shared: Vec<&usize> = first.iter().filter(is_shared).collect();
        let named = if shared.len() > MANY { MANY - 1 } else { shared.len() };
        let mut words: Vec<String> =
            shared[..named].iter().map(|number| choice_in_words(self.list[**number])).collect();
        if named < shared.len() {
            words.push(format!("{} more conditions have certain values", shared.len() - named));
        }
        (!words.is_empty()).then(|| (format!(", when {}", words.join(" and ")), shared.len()))
    }
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
