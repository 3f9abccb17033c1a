//! The generator itself: it must reach what it is there to reach.

use super::generate::{Rng, policy_json, request};
use iamlint::access::Caller;
use std::collections::BTreeSet;

#[test]
fn every_kind_of_caller_and_the_same_run_for_the_same_seed() {
    let run = |seed| {
        let mut rng = Rng::new(seed);
        (0..300)
            .map(|_| {
                let policy = policy_json(&mut rng);
                let request = request(&mut rng, &policy);
                (policy, request)
            })
            .collect::<Vec<_>>()
    };
    let first = run(7);
    assert_eq!(first, run(7));
    assert_ne!(first, run(8));
    let kinds: BTreeSet<&str> = first
        .iter()
        .map(|(_, request)| match request.caller {
            Caller::User { .. } => "user",
            Caller::Role { .. } => "role",
            Caller::Service(_) => "service",
            Caller::Oidc(_) => "oidc",
            Caller::Saml(_) => "saml",
            Caller::Root { .. } | Caller::FederatedUser { .. } | Caller::Anonymous => "cannot assume a role",
        })
        .collect();
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), ["oidc", "role", "saml", "service", "user"]);
    assert!(first.iter().any(|(_, request)| request.action == "sts:TagSession"));
}
