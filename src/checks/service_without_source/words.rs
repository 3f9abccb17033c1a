//! What is said of a service that acts for anybody.

use super::is_anchor;
use crate::aws::services::{self, Deputy};
use crate::policy::Condition;
use crate::value::Text;

pub fn names(class: Deputy, host: &str) -> String {
    match services::source_keys(host).filter(|_| class == Deputy::Documented) {
        Some(keys) => keys.keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(" or "),
        None => "`aws:SourceAccount`".to_owned(),
    }
}

pub fn advice(host: &str, class: Deputy) -> String {
    let service = services::parse(host).map_or("SERVICE", |host| host.service);
    match class {
        _ if is_anchor(host) => "add \"ArnEquals\": {\"aws:SourceArn\": \"arn:aws:rolesanywhere:REGION:ACCOUNT:trust-anchor/ID\"}".to_owned(),
        Deputy::Documented if services::source_keys(host).is_some_and(|keys| !keys.keys.contains("aws:SourceAccount")) => {
            let (namespace, resource) = services::source_arn(service);
            format!("add \"ArnLike\": {{\"aws:SourceArn\": \"arn:aws:{namespace}:REGION:ACCOUNT:{resource}\"}}")
        }
        Deputy::Documented => "add \"StringEquals\": {\"aws:SourceAccount\": \"ACCOUNT\"}".to_owned(),
        Deputy::Unlisted | Deputy::Compute => {
            "add \"StringEqualsIfExists\": {\"aws:SourceAccount\": \"ACCOUNT\"}, which breaks nothing if the service does not send the key".to_owned()
        }
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
