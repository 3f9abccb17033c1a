//! What is said of a third party that need not say for whom it acts.

use super::{KEY, Loose, Open};
use crate::aws::roles::Prescribed;
use crate::policy::{Principal, PrincipalKind, Statement};
use crate::rules::{Finding, Relation};
use crate::value::Text;

pub fn finding(
    open: &Open,
    relation: &Relation,
    prescribed: Option<&Prescribed>,
    statement: &Statement,
    principal: &Principal,
    account: &Text,
) -> Finding {
    let written = principal.text.display();
    let id = account.display();
    let who = match (&principal.kind, relation) {
        (PrincipalKind::Account { .. }, Relation::Vendor(name)) => format!("account `{id}` of {name}"),
        (_, Relation::Vendor(name)) => format!("`{written}` of {name}"),
        (PrincipalKind::Account { .. }, Relation::Foreign | Relation::Trusted(_)) => {
            format!("account `{id}`, which is not yours,")
        }
        (PrincipalKind::Account { .. }, _) => format!("account `{id}`, if it is not yours,"),
        (_, Relation::Foreign | Relation::Trusted(_)) => format!("`{written}` of another account"),
        (_, _) => format!("`{written}`, if its account is not yours,"),
    };
    let caller = match &principal.kind {
        PrincipalKind::Account { .. } => format!("arn:aws:iam::{id}:user/anyone"),
        _ => written.clone().into_owned(),
    };
    let loose = &open.loose;
    let (what, why) = match loose {
        Loose::Absent => ("without an ExternalId".to_owned(), "without sts:ExternalId".to_owned()),
        Loose::Any => ("with any ExternalId it sends".to_owned(), "with sts:ExternalId `any-id`".to_owned()),
        Loose::Fits(pattern) => match pattern.strip_suffix('*').filter(|start| !start.contains(['*', '?'])) {
            Some(start) => (
                format!("with any ExternalId that begins with `{start}`"),
                format!("with sts:ExternalId `{start}anything`"),
            ),
            None => {
                (format!("with any ExternalId like `{pattern}`"), format!("with an sts:ExternalId like `{pattern}`"))
            }
        },
    };
    let mut help = "require the id that the third party made for you: \
                    `\"StringEquals\": {\"sts:ExternalId\": \"…\"}`"
        .to_owned();
    if let Some(role) = prescribed {
        help = format!(
            "{} uses this role and sends no id: name the account of your organization that administers it, and list it in iamlint.toml: `[org] accounts`",
            role.of
        );
    }
    if matches!(relation, Relation::Unknown) {
        help.push_str(
            "; if the account is yours, list it in iamlint.toml, `[org] accounts`, and ask its people for MFA: ",
        );
        help.push_str("`\"Bool\": {\"aws:MultiFactorAuthPresent\": \"true\"}`");
    }
    let can = if open.certain { "can" } else { "may be able to" };
    let mut finding = match prescribed {
        Some(_) => Finding::new(principal.span(), format!("{who} {can} assume this role"))
            .label("is not an account that the configuration lists"),
        None => Finding::new(principal.span(), format!("{who} {can} assume this role {what}"))
            .label("may assume the role for any customer of theirs"),
    };
    finding = finding.help(help).subject(written).statement(statement);
    finding = match &open.witness {
        Some(witness) => finding.witness(witness),
        None => finding.why(format!("sts:AssumeRole by {caller} {why} is allowed")),
    };
    for condition in statement.conditions.iter().filter(|condition| condition.is_about(KEY)) {
        let note = match loose {
            Loose::Absent => "holds when no id is sent",
            Loose::Any => "holds for any id",
            Loose::Fits(_) => "leaves the rest to the caller",
        };
        finding = finding.because(condition.span(), note);
    }
    finding
}
