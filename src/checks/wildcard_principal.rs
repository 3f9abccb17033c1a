//! A trust policy that lets every AWS account in.

use crate::access::{Pin, Probe};
use crate::diagnostic::{Confidence, Severity};
use crate::policy::{Condition, Principal, PrincipalKind, Statement, Truth, pattern};
use crate::rules::{Context, Finding};
use crate::value::Text;

/// A caller in an account that nobody here has heard of.
const STRANGER: &str = "999999999999";

pub fn check(context: &Context<'_>, found: &mut Vec<Finding>) {
    for (statement, principal) in context.allowed_principals() {
        if principal.kind == PrincipalKind::Anyone {
            found.extend(judge(context, statement, principal));
        }
    }
}

fn judge(context: &Context<'_>, statement: &Statement, principal: &Principal) -> Option<Finding> {
    let probe = Probe { policy: context.policy, statement, principal, action: "sts:AssumeRole" };
    let (caller, answer) = strangers(statement)
        .into_iter()
        .map(|arn| {
            let answer = probe.passes(&pins(&arn));
            (arn, answer)
        })
        .max_by_key(|(_, answer)| *answer)?;
    let confidence = match answer {
        Truth::No => return None,
        Truth::Maybe => Confidence::Possible,
        Truth::Yes => Confidence::Proved,
    };
    let id_needed = statement.conditions.iter().any(|condition| condition.is_about("sts:ExternalId"));
    let bare = principal.member.is_none();
    let mut finding = Finding::new(
        principal.span(),
        match (id_needed, bare) {
            (true, _) => "anyone in any AWS account who knows the ExternalId can assume this role",
            (false, true) => {
                "anyone in any AWS account could assume this role, and IAM rejects a bare `\"*\"` in a trust policy"
            }
            (false, false) => "anyone in any AWS account can assume this role",
        },
    )
    .label("every principal of every account")
    .why(format!("sts:AssumeRole by {caller} is allowed"))
    .help("name the accounts or roles that need it, or require your organization with `aws:PrincipalOrgID`")
    .subject("*")
    .statement(statement)
    .confidence(confidence);
    if id_needed {
        finding = finding.severity(Severity::High);
    }
    if let Some(actions) = &statement.actions {
        let note = if statement.conditions.is_empty() { "may call this, with no condition" } else { "may call this" };
        finding = finding.because(actions.span, note);
    }
    if let Some(span) = statement.condition_span.filter(|_| !statement.conditions.is_empty()) {
        finding = finding.because(span, "and this does not hold strangers out");
    }
    Some(finding)
}

/// Keys that follow from who the caller is or which network the call comes from; a stranger cannot choose them.
fn pins(arn: &str) -> Vec<Pin<'_>> {
    vec![
        Pin::value("aws:PrincipalArn", arn),
        Pin::value("aws:PrincipalAccount", STRANGER),
        Pin::value("aws:PrincipalOrgID", "o-stranger000"),
        Pin::value("aws:PrincipalOrgPaths", "o-stranger000/r-0000/ou-0000-00000000/"),
        Pin::value("aws:PrincipalIsAWSService", "false"),
        Pin::value("aws:SourceIp", "20.40.60.80"),
        Pin::absent("aws:SourceVpc"),
        Pin::absent("aws:SourceVpce"),
        Pin::absent("aws:VpcSourceIp"),
        Pin::absent("aws:VpceAccount"),
        Pin::absent("aws:VpceOrgID"),
        Pin::absent("aws:VpceOrgPaths"),
        Pin::absent("aws:SourceVpcArn"),
        Pin::absent("aws:SourceArn"),
        Pin::absent("aws:SourceAccount"),
        Pin::absent("aws:SourceOrgID"),
    ]
}

/// ARNs that a stranger can have: any role or user name in the stranger's account, so also one that fits the patterns
/// of the policy.
fn strangers(statement: &Statement) -> Vec<String> {
    let about_arn = |condition: &&Condition| condition.is_about("aws:PrincipalArn");
    let named = statement.conditions.iter().filter(about_arn).flat_map(|condition| &condition.values).map(fill);
    std::iter::once(format!("arn:aws:iam::{STRANGER}:user/anyone")).chain(named).collect()
}

/// An ARN of the stranger's account that fits a pattern, if there is one.
fn fill(pattern: &Text) -> String {
    let fields: Vec<String> = pattern::widest(pattern).splitn(6, ':').map(str::to_owned).collect();
    let resource = fields.get(5).map_or("role/anyone", String::as_str);
    let resource = if resource == "*" { "role/anyone" } else { resource };
    format!("arn:aws:iam::{STRANGER}:{}", resource.replace('*', "x").replace('?', "x"))
}
