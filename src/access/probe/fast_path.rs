//! Statements that somebody surely matches, told without a search.
//!
//! Most statements of trust policies have one of a few plain shapes: an account with an ExternalId, a user with MFA, a
//! service with its source, a provider with audience and subject. Their conditions are positive tests on distinct keys
//! that such a caller sends, with values that the keys can have. Whatever is not plainly so is for the engine.

use crate::access::answer::Faults;
use crate::aws::accounts::is_account_id;
use crate::policy::{BaseOperator, Condition, PrincipalKind, Statement, Truth};
use crate::value::Text;

/// Whether some request surely matches the statement. `false` says nothing.
pub fn surely_matched(statement: &Statement) -> bool {
    surely_matched_with(statement, Faults::default())
}

/// The same with mistakes made on purpose.
#[doc(hidden)]
pub fn surely_matched_with(statement: &Statement, faults: Faults) -> bool {
    !statement.conditions.is_empty()
        && !statement.conditions_open_ended
        && statement.listed_principals().iter().any(|principal| fits(statement, &principal.kind, faults))
}

/// Whether a caller of this kind can meet every condition.
fn fits(statement: &Statement, principal: &PrincipalKind, faults: Faults) -> bool {
    let Some((action, can_meet)) = flow(principal) else { return false };
    let conditions = &statement.conditions[usize::from(faults.plain_but_one)..];
    let distinct = |at: usize| conditions[..at].iter().all(|other| !other.is_about(&conditions[at].key));
    statement.covers_action(action) == Truth::Yes
        && (0..conditions.len()).all(|at| distinct(at) && is_positive(&conditions[at]))
        && conditions.iter().all(|condition| can_meet(condition, principal))
        && sources_agree(conditions)
}

/// Whether a caller can send a value that meets a condition.
type CanMeet = fn(&Condition, &PrincipalKind) -> bool;

fn flow(principal: &PrincipalKind) -> Option<(&'static str, CanMeet)> {
    match principal {
        PrincipalKind::Account { .. } | PrincipalKind::User { .. } => Some(("sts:AssumeRole", user_meets)),
        PrincipalKind::Role { .. } => Some(("sts:AssumeRole", role_meets)),
        PrincipalKind::Service { .. } => Some(("sts:AssumeRole", service_meets)),
        PrincipalKind::Oidc { .. } => Some(("sts:AssumeRoleWithWebIdentity", token_meets)),
        PrincipalKind::Saml { .. } => Some(("sts:AssumeRoleWithSAML", assertion_meets)),
        PrincipalKind::Anyone
        | PrincipalKind::Session { .. }
        | PrincipalKind::FederatedUser { .. }
        | PrincipalKind::UniqueId { .. }
        | PrincipalKind::WebIdentity { .. }
        | PrincipalKind::CanonicalUser
        | PrincipalKind::Invalid { .. }
        | PrincipalKind::Unknown => None,
    }
}

/// A test that a present value meets, of a family whose values are texts.
fn is_positive(condition: &Condition) -> bool {
    let operator = &condition.operator;
    operator.set.is_none()
        && matches!(
            operator.base,
            Some(
                BaseOperator::StringEquals
                    | BaseOperator::StringLike
                    | BaseOperator::ArnLike
                    | BaseOperator::ArnEquals
                    | BaseOperator::Bool
            )
        )
}

/// Whether some value of the condition is known and of the form that `form` asks for.
fn some_value(condition: &Condition, form: impl Fn(&str) -> bool) -> bool {
    // A `$` may begin a policy variable.
    condition.values.iter().filter_map(Text::known).any(|value| !value.contains('$') && form(value))
}

fn user_meets(condition: &Condition, principal: &PrincipalKind) -> bool {
    let mfa = condition.is_about("aws:MultiFactorAuthPresent") && condition.operator.base == Some(BaseOperator::Bool);
    (mfa && some_value(condition, |value| value == "true")) || role_meets(condition, principal)
}

fn role_meets(condition: &Condition, _: &PrincipalKind) -> bool {
    let exact = condition.operator.base == Some(BaseOperator::StringEquals);
    // AWS STS API Reference, AssumeRole: 2 to 1,224 characters of this set.
    let id = |value: &str| {
        (2..=1224).contains(&value.len())
            && value.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+=,.@:/-".contains(&b))
    };
    exact && condition.is_about("sts:ExternalId") && some_value(condition, id)
}

fn service_meets(condition: &Condition, _: &PrincipalKind) -> bool {
    let text = matches!(condition.operator.base, Some(BaseOperator::StringEquals | BaseOperator::StringLike));
    let arn = matches!(condition.operator.base, Some(BaseOperator::ArnLike | BaseOperator::ArnEquals));
    (text && condition.is_about("aws:SourceAccount") && some_value(condition, is_account_id))
        || (arn && condition.is_about("aws:SourceArn") && some_value(condition, is_source))
}

/// An ARN whose account is a literal one.
fn is_source(arn: &str) -> bool {
    arn.starts_with("arn:aws:") && arn.split(':').nth(4).is_some_and(is_account_id)
}

/// Whether the tests of account and ARN name one account, each with one value.
fn sources_agree(conditions: &[Condition]) -> bool {
    let value = |key: &str| conditions.iter().find(|condition| condition.is_about(key));
    let (Some(account), Some(arn)) = (value("aws:SourceAccount"), value("aws:SourceArn")) else { return true };
    match (account.values.as_slice(), arn.values.as_slice()) {
        ([account], [arn]) => {
            account.known().is_some() && arn.known().and_then(|arn| arn.split(':').nth(4)) == account.known()
        }
        _ => false,
    }
}

fn token_meets(condition: &Condition, principal: &PrincipalKind) -> bool {
    let PrincipalKind::Oidc { issuer, .. } = principal else { return false };
    let Some(issuer) = issuer.known() else { return false };
    let Some((prefix, claim)) = condition.key.rsplit_once(':') else { return false };
    let text = matches!(condition.operator.base, Some(BaseOperator::StringEquals | BaseOperator::StringLike));
    let exact = condition.operator.base == Some(BaseOperator::StringEquals);
    text && prefix.eq_ignore_ascii_case(issuer)
        && match claim {
            "aud" => exact && some_value(condition, |value| value == "sts.amazonaws.com"),
            "sub" => some_value(condition, |value| is_subject(issuer, value, exact)),
            _ => false,
        }
}

/// A subject in the form that its issuer gives: a repository of GitHub, a service account of Kubernetes.
fn is_subject(issuer: &str, value: &str, exact: bool) -> bool {
    let word = |text: &str| {
        !text.is_empty()
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b) || (!exact && b == b'*'))
    };
    if issuer == "token.actions.githubusercontent.com" {
        let repository = value.strip_prefix("repo:").and_then(|rest| rest.split_once('/'));
        return repository.is_some_and(|(owner, rest)| {
            let (name, reference) = rest.split_once(':').unwrap_or((rest, "*"));
            let reference_fits = (!exact && reference == "*")
                || reference
                    .strip_prefix("ref:refs/heads/")
                    .or(reference.strip_prefix("environment:"))
                    .is_some_and(word);
            word(owner) && word(name) && reference_fits && !(exact && rest == name)
        });
    }
    let account = value.strip_prefix("system:serviceaccount:").and_then(|rest| rest.split_once(':'));
    issuer.starts_with("oidc.eks.") && account.is_some_and(|(namespace, name)| word(namespace) && word(name))
}

fn assertion_meets(condition: &Condition, _: &PrincipalKind) -> bool {
    let exact = condition.operator.base == Some(BaseOperator::StringEquals);
    exact
        && condition.is_about("SAML:aud")
        && some_value(condition, |value| value == "https://signin.aws.amazon.com/saml")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{Estate, Query, Through, analyse, ask_through};
    use crate::policy::lower;
    use crate::syntax::json;

    fn statement(principal: &str, action: &str, condition: &str) -> String {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{principal},"Action":"{action}","Condition":{condition}}}]}}"#
        )
    }

    /// What is called plain passes before the engine too.
    #[test]
    fn plain_statements_are_matched() {
        let github = r#"{"Federated":"arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"}"#;
        let eks = r#"{"Federated":"arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/A1"}"#;
        let web = "sts:AssumeRoleWithWebIdentity";
        let role = "sts:AssumeRole";
        let root = r#"{"AWS":"arn:aws:iam::444455556666:root"}"#;
        let service = r#"{"Service":"scheduler.amazonaws.com"}"#;
        for (principal, action, condition, plain) in [
            (root, role, r#"{"StringEquals":{"sts:ExternalId":"k7Qd-22"}}"#, true),
            (root, role, r#"{"StringEquals":{"sts:ExternalId":"k"}}"#, false),
            (root, role, r#"{"StringEquals":{"sts:ExternalId":"k 7"}}"#, false),
            (root, role, r#"{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#, true),
            (service, role, r#"{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#, false),
            (service, role, r#"{"StringEquals":{"aws:SourceAccount":"111122223333"}}"#, true),
            (
                service,
                role,
                r#"{"StringEquals":{"aws:SourceAccount":"111122223333"},"ArnLike":{"aws:SourceArn":"arn:aws:scheduler:*:111122223333:*"}}"#,
                true,
            ),
            (
                service,
                role,
                r#"{"StringEquals":{"aws:SourceAccount":"111122223333"},"ArnLike":{"aws:SourceArn":"arn:aws:scheduler:*:444455556666:*"}}"#,
                false,
            ),
            (
                github,
                web,
                r#"{"StringEquals":{"token.actions.githubusercontent.com:aud":"sts.amazonaws.com"},"StringLike":{"token.actions.githubusercontent.com:sub":"repo:acme/app:*"}}"#,
                true,
            ),
            (github, web, r#"{"StringEquals":{"token.actions.githubusercontent.com:sub":"repo:acme/app:*"}}"#, false),
            (github, role, r#"{"StringLike":{"token.actions.githubusercontent.com:sub":"repo:acme/app:*"}}"#, false),
            (
                eks,
                web,
                r#"{"StringEquals":{"oidc.eks.eu-west-1.amazonaws.com/id/A1:sub":"system:serviceaccount:ns:app"}}"#,
                true,
            ),
        ] {
            let text = statement(principal, action, condition);
            let policy = lower(&json::parse(&text, json::Dialect::Strict).documents[0]);
            assert_eq!(surely_matched(&policy.statements[0]), plain, "{text}");
            if plain {
                let model = analyse(&policy, &Estate::default());
                let answer = ask_through(&model, &Query::Anything, Through::default());
                assert!(answer.witness().is_some(), "{text}: {answer:?}");
            }
        }
    }
}
