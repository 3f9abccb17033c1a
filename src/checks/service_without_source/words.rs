//! What is said of a service that acts for anybody.

use super::host::is_anchor;
use crate::aws::services::{self, Deputy};
use crate::policy::Condition;
use crate::value::Text;

pub fn names(class: Deputy, host: &str) -> String {
    match services::source_keys(host).filter(|_| class == Deputy::Documented) {
        Some(keys) => keys.keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(" or "),
        None => "`aws:SourceAccount`".to_owned(),
    }
}

/// What to add. `shared`: another service of the statement does not send the keys, as EC2 when it starts an instance.
pub fn advice(host: &str, class: Deputy, shared: bool) -> String {
    let keys = services::source_keys(host);
    let documented = keys.filter(|_| class == Deputy::Documented);
    let condition = match documented {
        Some(keys) if is_anchor(host) => format!("add \"ArnEquals\": {{\"aws:SourceArn\": \"{}\"}}", keys.arn),
        Some(keys) if !keys.keys.contains("aws:SourceAccount") => {
            format!("add \"ArnLike\": {{\"aws:SourceArn\": \"{}\"}}", keys.arn)
        }
        Some(_) => "add \"StringEquals\": {\"aws:SourceAccount\": \"ACCOUNT\"}".to_owned(),
        None => {
            "add \"StringEqualsIfExists\": {\"aws:SourceAccount\": \"ACCOUNT\"}, which breaks nothing if the service does not send the key".to_owned()
        }
    };
    match documented {
        Some(_) if shared => format!(
            "give `{host}` a statement of its own, and there {condition}; the other services of this statement need not send the key"
        ),
        _ => condition,
    }
}

pub fn loose(condition: &Condition) -> crate::span::Span {
    match condition.operator.base {
        Some(base) if !base.negated() && !condition.operator.if_exists => condition.values_span,
        _ => condition.operator_span,
    }
}

pub fn list(condition: &Condition) -> String {
    condition.values.iter().map(Text::display).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::advice;
    use crate::aws::services;

    #[test]
    fn advice_names_the_arn_of_the_resource() {
        let of = |host: &str| advice(host, services::deputy(host), false);
        assert!(of("eks-fargate-pods.amazonaws.com").contains("arn:aws:eks:REGION:ACCOUNT:fargateprofile/CLUSTER/*"));
        assert!(of("rolesanywhere.amazonaws.com").contains("arn:aws:rolesanywhere:REGION:ACCOUNT:trust-anchor/ID"));
        assert!(of("cloudtrail.amazonaws.com").contains("StringEqualsIfExists"));
    }

    #[test]
    fn a_service_that_sends_no_key_keeps_its_statement() {
        let host = "vpc-flow-logs.amazonaws.com";
        assert!(
            advice(host, services::deputy(host), true).starts_with("give `vpc-flow-logs.amazonaws.com` a statement")
        );
        // What breaks nothing if the key is not sent can stay where it is.
        let unlisted = "cloudtrail.amazonaws.com";
        assert!(advice(unlisted, services::deputy(unlisted), true).starts_with("add \"StringEqualsIfExists\""));
    }
}
