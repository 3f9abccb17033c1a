//! The kind of a policy document whose surroundings do not tell it.
//!
//! Elements decide first: of the policies that name a principal only a role's trust policy has no `Resource` (IAM User
//! Guide, IAM JSON policy elements: Resource), but for the few of [`WITHOUT_RESOURCE`]. Actions do not: a trust policy with
//! an action that has no business there is a broken trust policy, and what else it lets in must still be told.

use crate::site::PolicyKind;
use crate::value::Value;

/// Services whose own policies on resources have no `Resource`, each with where AWS shows one.
const WITHOUT_RESOURCE: [(&str, &str); 4] = [
    ("ecr", "Amazon ECR User Guide, Private repository policy examples in Amazon ECR"),
    ("ecr-public", "Amazon ECR Public User Guide, Public repository policy examples"),
    ("elasticfilesystem", "Amazon EFS User Guide, Creating file system policies: what the console writes"),
    ("redshift-serverless", "Amazon Redshift Serverless API Reference, PutResourcePolicy"),
];

/// The kind of a policy from its content and the words of its path. Where two are possible it is the one of which a
/// mistake is worse: a trust policy.
pub(super) fn kind_of(policy: &Value<'_>, path: &str) -> PolicyKind {
    let statements = policy.get("Statement").map(Value::one_or_many).unwrap_or_default();
    let has_principal = statements.iter().any(|statement| has(statement, ["Principal", "NotPrincipal"]));
    let has_resource = statements.iter().any(|statement| has(statement, ["Resource", "NotResource"]));
    let path = Words::of(path);

    if has_principal && has_resource && (denies_everybody(statements) || path.has("rcp", ["resource", "control"])) {
        return PolicyKind::Rcp;
    }
    if !has_principal && path.has("scp", ["service", "control"]) {
        return PolicyKind::Scp;
    }
    if is_trust(statements, has_principal, has_resource) {
        return PolicyKind::Trust;
    }
    if !has_resource && path.has("assumerole", ["trust", "policy"]) {
        return PolicyKind::Trust;
    }
    if has_principal {
        return PolicyKind::Resource;
    }
    if path.has("boundary", ["permissions", "boundary"]) {
        return PolicyKind::Boundary;
    }
    PolicyKind::Identity
}

fn has(statement: &Value<'_>, keys: [&str; 2]) -> bool {
    keys.iter().any(|key| statement.get(key).is_some())
}

/// Whether the statements are most likely those of a trust policy, well or badly written.
fn is_trust(statements: &[Value<'_>], has_principal: bool, has_resource: bool) -> bool {
    match (has_principal, has_resource) {
        (false, false) => all_assume(statements),
        (false, true) => false,
        (true, false) => !is_of_service_without_resource(statements),
        // A stray `Resource` does not make another policy of one that is about becoming a role and nothing else, nor does
        // one in another statement: a policy on a resource has it in all of them.
        (true, true) => all_assume(statements) || statements.iter().any(gives_role),
    }
}

/// Whether every statement is about becoming a role and nothing else.
fn all_assume(statements: &[Value<'_>]) -> bool {
    !statements.is_empty() && statements.iter().all(only_assumes)
}

fn only_assumes(statement: &Value<'_>) -> bool {
    let actions = statement.get("Action").map(Value::one_or_many).unwrap_or_default();
    !actions.is_empty() && actions.iter().all(assumes)
}

/// Whether an action is one of trust policies.
fn assumes(action: &Value<'_>) -> bool {
    const OTHERS: [&str; 4] = ["sts:tagsession", "sts:setsourceidentity", "sts:setcontext", "sts:*"];
    let action = action.as_str().unwrap_or_default().to_ascii_lowercase();
    action.starts_with("sts:assume") || OTHERS.contains(&action.as_str())
}

/// Whether a statement has actions of STS on the resource that it is attached to, which can only be a role.
fn gives_role(statement: &Value<'_>) -> bool {
    let actions = statement.get("Action").map(Value::one_or_many).unwrap_or_default();
    has(statement, ["Principal", "NotPrincipal"])
        && !has(statement, ["Resource", "NotResource"])
        && actions.iter().any(is_of_sts)
}

fn is_of_sts(action: &Value<'_>) -> bool {
    action.as_str().and_then(|action| action.get(..4)).is_some_and(|start| start.eq_ignore_ascii_case("sts:"))
}

/// Whether all actions are of one service whose own policies have no `Resource`.
fn is_of_service_without_resource(statements: &[Value<'_>]) -> bool {
    let mut services = statements.iter().flat_map(|statement| {
        let actions = statement.get("Action").or_else(|| statement.get("NotAction"));
        let actions = actions.map(Value::one_or_many).unwrap_or_default();
        actions
            .iter()
            .map(|action| action.as_str().and_then(|action| action.split_once(':')).map(|(service, _)| service))
    });
    let Some(Some(first)) = services.next() else { return false };
    WITHOUT_RESOURCE.iter().any(|(service, _)| service.eq_ignore_ascii_case(first))
        && services.all(|service| service.is_some_and(|service| service.eq_ignore_ascii_case(first)))
}

/// Whether the statements only deny, to everybody, on everything and in the services of resource control policies (AWS
/// Organizations User Guide, Resource control policies). The policy of such a resource names the resource.
fn denies_everybody(statements: &[Value<'_>]) -> bool {
    const SERVICES: [&str; 10] =
        ["aoss", "cognito-idp", "dynamodb", "ecr", "kms", "logs", "s3", "secretsmanager", "sqs", "sts"];
    let serves = |action: &Value<'_>| {
        let service = action.as_str().and_then(|action| action.split_once(':')).map(|(service, _)| service);
        service.is_some_and(|service| SERVICES.contains(&service.to_ascii_lowercase().as_str()))
    };
    let is_any = |value: &Value<'_>| matches!(value.one_or_many(), [only] if only.as_str() == Some("*"));
    statements.iter().all(|statement| {
        let principal = statement.get("Principal");
        statement.get("Effect").and_then(Value::as_str) == Some("Deny")
            && principal.is_some_and(|principal| is_any(principal.get("AWS").unwrap_or(principal)))
            && statement.get("Resource").is_some_and(is_any)
            && statement.get("Action").is_some_and(|actions| actions.one_or_many().iter().all(serves))
    })
}

/// The words of a path, in lower case.
struct Words(Vec<String>);

impl Words {
    fn of(path: &str) -> Self {
        let words = path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
        Words(words.map(str::to_ascii_lowercase).collect())
    }

    /// Whether the path has this word, alone or in the plural, or these two one after the other.
    fn has(&self, word: &str, pair: [&str; 2]) -> bool {
        let is = |have: &String, want: &str| have == want || have.strip_suffix('s') == Some(want);
        self.0.iter().any(|have| is(have, word))
            || self.0.windows(2).any(|have| is(&have[0], pair[0]) && is(&have[1], pair[1]))
    }
}

/// Whether a managed policy is a permissions boundary by its name, as that of the CDK's bootstrap template is
/// (`CdkBoostrapPermissionsBoundaryPolicy`).
pub(super) fn is_name_of_boundary(name: &str) -> bool {
    let letters: String = name.chars().filter(char::is_ascii_alphabetic).map(|c| c.to_ascii_lowercase()).collect();
    letters.contains("permissionsboundary") || letters.contains("permissionboundary")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::testing::document;

    fn kind(statement: &str, path: &str) -> &'static str {
        kind_of(&document(&format!(r#"{{"Statement": {statement}}}"#)).root, path).name()
    }

    #[test]
    fn kinds_from_content() {
        for (statement, expected) in [
            (
                r#"{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}"#,
                "trust",
            ),
            (r#"{"Principal": "*", "Action": ["sts:AssumeRole", "STS:TagSession"]}"#, "trust"),
            (r#"{"Principal": "*", "Action": "sts:AssumeRole", "Resource": "*", "Efect": "Allow"}"#, "trust"),
            (r#"{"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity"}"#, "trust"),
            (r#"{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}"#, "identity"),
            (r#"{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}"#, "identity"),
            (r#"{"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}"#, "resource"),
            (r#"{"Effect": "Allow", "NotPrincipal": "*", "Action": "ecr:*"}"#, "resource"),
            (r#"{"Effect": "Allow", "Principal": "*", "Action": ["ECR:BatchGetImage", "ecr:Put*"]}"#, "resource"),
            (r#"{"Effect": "Allow", "Principal": "*", "Action": "elasticfilesystem:ClientMount"}"#, "resource"),
            (r#"{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}"#, "rcp"),
            (r#"{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::b"}"#, "resource"),
            (r#"{"Effect": "Deny", "Principal": "*", "Action": "backup:*", "Resource": "*"}"#, "resource"),
            (r#"{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}"#, "identity"),
        ] {
            assert_eq!(kind(statement, "a.json"), expected, "{statement}");
        }
    }

    #[test]
    fn kinds_from_paths() {
        let deny = r#"{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}"#;
        assert_eq!(kind(deny, "org/SCPs/deny.json"), "scp");
        assert_eq!(kind(deny, "service-control-policies/deny.json"), "scp");
        assert_eq!(kind(deny, "describe.json"), "identity");
        assert_eq!(kind(deny, "permissions-boundary.json"), "boundary");
        assert_eq!(kind(r#"{"Effect": "Allow"}"#, "my-trust-policy.json"), "trust");
        let bucket = r#"{"Principal": "*", "Effect": "Deny", "Action": "s3:*", "Resource": "x"}"#;
        assert_eq!(kind(bucket, "scp/a.json"), "resource");
        assert_eq!(kind(bucket, "rcp/a.json"), "rcp");
    }

    #[test]
    fn a_principal_without_a_resource_is_a_trust_policy_whatever_the_actions_are() {
        for action in [
            r#""Action": ["sts:AssumeRole", "sts:GetCallerIdentity"]"#,
            r#""Action": ["sts:AssumeRole", "s3:GetObject"]"#,
            r#""Action": "*""#,
            r#""Action": "sts:A*""#,
            r#""Action": "sts:AsumeRole""#,
            r#""Action": "s3:GetObject""#,
            r#""Action": ["ecr:*", "sts:AssumeRole"]"#,
            r#""Action": ["ecr:*", "ecr-public:*"]"#,
            r#""NotAction": "sts:TagSession""#,
            r#""Action": 1"#,
        ] {
            for principal in [r#""Principal": {"AWS": "*"}"#, r#""NotPrincipal": {"AWS": "111122223333"}"#] {
                let statement = format!(r#"{{"Effect": "Allow", {principal}, {action}}}"#);
                assert_eq!(kind(&statement, "a.json"), "trust", "{statement}");
            }
        }
    }

    #[test]
    fn one_statement_of_several_does_not_hide_the_others() {
        const OPEN: &str = r#"{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}"#;
        for (other, expected) in [
            (r#"{"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "*"}"#, "trust"),
            (r#"{"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "*", "Resource": "*"}"#, "trust"),
            (r#"{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "s3:*", "Resource": "*"}"#, "trust"),
            (r#"{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}"#, "trust"),
            (r#"{"Effect": "Allow", "Principal": "*", "Action": "ecr:*"}"#, "trust"),
        ] {
            assert_eq!(kind(&format!("[{OPEN}, {other}]"), "a.json"), expected, "{other}");
            assert_eq!(kind(&format!("[{other}, {OPEN}]"), "a.json"), expected, "{other}");
        }
        // The policy of an endpoint says on what, in each statement.
        let endpoint = r#"{"Effect": "Allow", "Principal": "*", "Action": ["sts:AssumeRole", "sts:GetCallerIdentity"], "Resource": "*"}"#;
        assert_eq!(kind(endpoint, "a.json"), "resource");
    }
}
