//! A principal that IAM does not accept.

use crate::aws::{partitions, services};
use crate::diagnostic::{Audience, Confidence, Severity};
use crate::policy::principal::Member;
use crate::policy::{Principal, PrincipalKind, Statement};
use crate::rules::{Context, Finding};
use crate::site::PolicyKind;
use crate::value::{PartRef, Text};

/// What CloudFront calls its origin access identities, the one IAM user without an account id.
const ORIGIN_ACCESS: &str = "arn:aws:iam::cloudfront:user/";

pub fn check(context: &Context<'_>, found: &mut Vec<Finding>) {
    let mut first_partition: Option<(String, &Principal)> = None;
    for statement in &context.policy.statements {
        for principal in statement.principals.iter().flat_map(|principals| &principals.entries) {
            found.extend(judge(context, statement, principal));
            let Some(partition) = partition(principal) else { continue };
            match &first_partition {
                Some((first, other)) if *first != partition => found.push(
                    Finding::new(
                        principal.span(),
                        format!(
                            "`{}` is of the partition `{partition}`, and trust never crosses partitions",
                            principal.text.display()
                        ),
                    )
                    .label(format!("partition `{partition}`"))
                    .because(other.span(), format!("partition `{first}`"))
                    .help("keep one document for each partition, or build the ARN from the partition of the deployment")
                    .subject(principal.text.display())
                    .statement(statement)
                    .confidence(Confidence::Likely),
                ),
                Some(_) => {}
                None => first_partition = Some((partition, principal)),
            }
        }
    }
}

fn judge(context: &Context<'_>, statement: &Statement, principal: &Principal) -> Option<Finding> {
    let written = principal.text.display();
    let trust = context.site.kind == PolicyKind::Trust;
    let new = |message: String| Finding::new(principal.span(), message).subject(written.clone()).statement(statement);
    match &principal.kind {
        // Only IAM itself is known to check every principal of a document.
        PrincipalKind::Invalid { .. } if !trust && written.starts_with(ORIGIN_ACCESS) => None,
        PrincipalKind::Invalid { why } => {
            // A part that is known later cannot mend what is wrong with the rest, unless it is more than one field.
            let whole = principal.text.known().is_some();
            let (problem, sure) = match as_written(&principal.text) {
                // A partition that is newer than the tables, or one of tests.
                Confidence::Proved if has_new_partition(&principal.text) => (why.as_str(), Confidence::Possible),
                Confidence::Proved if trust && whole => (why.as_str(), Confidence::Proved),
                Confidence::Proved => (why.as_str(), Confidence::Likely),
                Confidence::Likely => {
                    ("has `${AWS::…}` outside `Fn::Sub`, which IAM takes as text", Confidence::Likely)
                }
                Confidence::Possible => ("is not a principal unless another tool fills it in", Confidence::Possible),
            };
            Some(new(format!("`{written}` {problem}")).label("not a principal").help(help(principal)).confidence(sure))
        }
        PrincipalKind::CanonicalUser if trust => Some(
            new("a trust policy takes no `CanonicalUser`; only S3 knows them".to_owned())
                .label("the id of an account as S3 knows it")
                .help("name the account, user or role under `AWS`"),
        ),
        PrincipalKind::Service { host } => service(host.known()?, new),
        PrincipalKind::CanonicalUser
        | PrincipalKind::Anyone
        | PrincipalKind::Account { .. }
        | PrincipalKind::User { .. }
        | PrincipalKind::Role { .. }
        | PrincipalKind::Session { .. }
        | PrincipalKind::FederatedUser { .. }
        | PrincipalKind::UniqueId { .. }
        | PrincipalKind::Saml { .. }
        | PrincipalKind::Oidc { .. }
        | PrincipalKind::WebIdentity { .. }
        | PrincipalKind::Unknown => None,
    }
}

/// How sure it is that IAM gets the text as it stands. Tools fill in their own marks before; `Fn::Sub` does so with
/// `${AWS::AccountId}`, which is known by the time that a rule reads the file, unless `Fn::Sub` was forgotten.
fn as_written(text: &Text) -> Confidence {
    let has = |mark: &str| text.parts().any(|part| matches!(part, PartRef::Literal(text) if text.contains(mark)));
    if has("${AWS::") {
        Confidence::Likely
    } else if ["${", "{{", "%{", "<", "$(", "Fn::"].into_iter().any(has) || has_account_name(text) {
        Confidence::Possible
    } else {
        Confidence::Proved
    }
}

/// Whether a principal names a partition that is unknown and that AWS may have named so.
fn has_new_partition(text: &Text) -> bool {
    let partition = text.strip_prefix("arn:").and_then(|rest| rest.split(':', 2).first()?.known().map(str::to_owned));
    partition.is_some_and(|partition| partition.starts_with("aws-") && !partitions::is_partition(&partition))
}

/// Whether a name stands in the place of the account id, as `arn:aws:iam::ACCOUNT_ID:root` has it.
fn has_account_name(text: &Text) -> bool {
    let account = text.strip_prefix("arn:").and_then(|rest| rest.split(':', 5).get(3)?.known().map(str::to_owned));
    account.is_some_and(|account| {
        let count = |is: fn(&u8) -> bool| account.bytes().filter(is).count();
        count(u8::is_ascii_alphabetic) > count(u8::is_ascii_digit) && !account.contains(['*', '?'])
    })
}

fn service(host: &str, new: impl Fn(String) -> Finding) -> Option<Finding> {
    if services::known(host) {
        return None;
    }
    Some(match services::suggest(host) {
        Some(right) => new(format!("no service is called `{host}`"))
            .label("IAM rejects services that it does not know")
            .help(format!("did you mean `{right}`?"))
            .confidence(Confidence::Likely),
        None => new(format!("`{host}` is no service that is known here"))
            .label("perhaps a new service, perhaps a mistake")
            .help("look it up in the guide of the service")
            .severity(Severity::Low)
            .audience(Audience::Audit)
            .confidence(Confidence::Possible),
    })
}

/// What to write instead.
fn help(principal: &Principal) -> String {
    let written = principal.text.display();
    match as_written(&principal.text) {
        Confidence::Likely => return "put it under `Fn::Sub`, which fills in `${AWS::…}`".to_owned(),
        Confidence::Possible => return "if another tool fills this in, judge the file that it writes".to_owned(),
        Confidence::Proved => {}
    }
    if principal.member == Some(Member::Service)
        && let Some(right) = services::suggest(&written)
    {
        return format!("did you mean `{right}`?");
    }
    if written.contains(['*', '?']) && principal.member == Some(Member::Aws) {
        return "name the account, and narrow it with `ArnLike` on `aws:PrincipalArn`, which takes wildcards"
            .to_owned();
    }
    match principal.member {
        Some(Member::Aws) => "name an account by its 12 digits, or a user or role by its ARN",
        Some(Member::Service) => "name the service by its host, such as `ec2.amazonaws.com`",
        Some(Member::Federated) => "name the provider by its ARN in the role's account",
        Some(Member::CanonicalUser) => "name the S3 account by its id of 64 hexadecimal digits",
        None => "write an object: `\"Principal\": {\"AWS\": \"…\"}`",
    }
    .to_owned()
}

/// The partition in a principal's ARN, where it is known.
fn partition(principal: &Principal) -> Option<String> {
    if matches!(principal.kind, PrincipalKind::Invalid { .. }) || principal.text.strip_prefix("arn:").is_none() {
        return None;
    }
    principal.text.split(':', 3).get(1)?.known().map(str::to_owned)
}
