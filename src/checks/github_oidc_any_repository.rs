//! A role for GitHub Actions whose condition lets repositories of other owners in.

use super::shared;
use crate::access::{Query, TOKEN_ACTION, Tokens};
use crate::diagnostic::{Audience, Confidence, Severity};
use crate::policy::{Truth, pattern};
use crate::rules::{Context, Finding};
use crate::value::Text;

pub fn check(context: &Context<'_>, found: &mut Vec<Finding>) {
    for (place, tokens) in shared::providers(context) {
        let claims = tokens.tenant_claims();
        let conditions = tokens.conditions(&claims);
        if !tokens.is_github() || conditions.is_empty() {
            continue;
        }
        let names = |tokens: &Tokens<'_>| tokens.tenant_claims().into_iter().map(str::to_owned).collect();
        // A subject of a literal owner that is not the user's own has words of its own.
        let outside = outside(context, &tokens);
        if !outside.is_empty() && shared::any_token(context, place, names).is_none() {
            found.extend(outside);
            continue;
        }
        let query = Query::ForeignToken { issuer: tokens.host.clone() };
        let Some(foreign) = shared::foreign(context, place, &tokens, &query, names)
            .or_else(|| shared::with_claims_absent(context, place, names))
        else {
            continue;
        };
        let answer = &foreign.claims;
        let absent_only = foreign.absent_only;
        let Some((span, written)) = shared::loose_part(&conditions, answer) else { continue };
        let finding = if absent_only {
            Finding::new(
                span,
                format!(
                    "`{written}` also holds for a token without the claim, and protects only as GitHub always sends it"
                ),
            )
            .label("holds when the claim is absent")
            .help("write the operator without `IfExists` and `ForAllValues`")
            .severity(Severity::Medium)
            .audience(Audience::Strict)
        } else {
            let message = match tokens.key("sub") {
                key if conditions.iter().any(|condition| condition.is_about(&key)) => {
                    format!("`{written}` lets workflows of other owners' repositories on GitHub assume this role")
                }
                _ => format!("`{written}` does not say whose repository on GitHub may assume this role"),
            };
            Finding::new(span, message)
                .label(if written.contains("${") { "fits a repository of a stranger, by the default" } else { "fits a repository of a stranger" })
                .help("name the owner, up to the slash: `repo:OWNER/REPOSITORY:ref:refs/heads/main` in `StringEquals` or `StringLike`")
        };
        let finding = finding
            .because(tokens.principal().span(), "every repository on github.com gets tokens of this issuer")
            .subject(written)
            .statement(tokens.statement());
        let why = || format!("{} with {} is allowed", TOKEN_ACTION, answer.request());
        found.push(shared::shown(finding, &foreign, &[&tokens.key("sub")], why));
    }
}

/// Subjects that are none of the user's own, where the configuration says which those are.
fn outside(context: &Context<'_>, tokens: &Tokens<'_>) -> Vec<Finding> {
    let own = shared::own_subjects(context, &tokens.host);
    let key = tokens.key("sub");
    if own.is_empty() {
        return Vec::new();
    }
    let conditions = tokens.statement().conditions.iter().filter(|condition| condition.is_about(&key));
    let values = conditions.filter(|condition| condition.operator.base.is_some_and(|base| !base.negated()));
    values
        .flat_map(|condition| &condition.values)
        .filter_map(|value| foreign_subject(tokens, own, &key, value))
        .collect()
}

fn foreign_subject(tokens: &Tokens<'_>, own: &[String], key: &str, value: &Text) -> Option<Finding> {
    let subject = value.likely()?.replace(['*', '?'], "x");
    if own.iter().any(|pattern| pattern::glob(pattern, &subject)) {
        return None;
    }
    let answer = tokens.passes(&[(key.to_owned(), vec![Some(subject.clone())])]);
    if answer.truth != Truth::Yes {
        return None;
    }
    let written = value.display();
    Some(
        Finding::new(value.span, format!("`{written}` is none of the subjects that the configuration calls your own"))
            .label("a repository of another owner")
            .because(tokens.principal().span(), "every repository on github.com gets tokens of this issuer")
            .why(format!("{} with {key} = {subject} is allowed", TOKEN_ACTION))
            .help("remove it, or add the owner to `oidc` under `[org]` in the configuration")
            .subject(written)
            .severity(Severity::High)
            .statement(tokens.statement())
            .confidence(if value.known().is_some() { Confidence::Proved } else { Confidence::Likely }),
    )
}
