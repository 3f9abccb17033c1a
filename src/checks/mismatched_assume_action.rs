//! A principal of a trust policy that none of the statement's actions works for, and actions that no role has.

use crate::aws::sts::{self, Caller};
use crate::diagnostic::Confidence;
use crate::policy::{Effect, Principal, PrincipalKind, Statement, Truth, pattern};
use crate::rules::{Context, Finding};
use crate::value::Text;

pub fn check(context: &Context<'_>, found: &mut Vec<Finding>) {
    for statement in context.policy.statements.iter() {
        let items =
            statement.actions.as_ref().filter(|actions| !actions.negated).map_or(&[][..], |actions| &actions.items);
        let wrong: Vec<Finding> = items.iter().filter_map(|item| wrong_action(statement, item)).collect();
        // With no action left that STS knows, the actions are the mistake, not the principals.
        if statement.effect == Effect::Allow && (items.is_empty() || wrong.len() < items.len()) {
            for principal in statement.listed_principals() {
                found.extend(dead_grant(context, statement, principal));
            }
        }
        found.extend(wrong);
    }
}

/// An action that means nothing in a trust policy.
fn wrong_action(statement: &Statement, item: &Text) -> Option<Finding> {
    let written = item.known()?;
    if written == "*" {
        return None;
    }
    let finding = |message: String, help: String| {
        Some(Finding::new(item.span, message).help(help).subject(written).statement(statement))
    };
    let Some((service, name)) = written.split_once(':') else {
        return finding(
            format!("`{written}` has no service before it; IAM rejects it"),
            format!("write `sts:{written}`"),
        );
    };
    if pattern::glob(&service.to_ascii_lowercase(), "sts") {
        if pattern::has_wildcard(item) {
            let nothing =
                sts::actions().all(|action| pattern::action_matches(item, &format!("sts:{action}")) == Truth::No);
            return nothing.then(|| {
                finding(
                    format!("`{written}` covers no action of STS"),
                    "name the action, such as `sts:AssumeRole`".to_owned(),
                )
            })?;
        }
        if !sts::is_sts_action(name) {
            if let Some(right) = sts::suggest(name) {
                return finding(
                    format!("STS has no action `{written}`; IAM rejects the trust policy"),
                    format!("did you mean `sts:{right}`?"),
                );
            }
            let help = "a trust policy takes `sts:AssumeRole` and its kin".to_owned();
            return finding(
                format!("no action `{written}` of STS is known; IAM is likely to reject the trust policy"),
                help,
            )
            .map(|finding| finding.confidence(Confidence::Likely));
        }
        if Caller::ALL.iter().all(|caller| !sts::live(name, *caller)) {
            return finding(
                format!("`{written}` does nothing in a trust policy: it does not act on a role"),
                "remove it; callers get it from their own policies".to_owned(),
            );
        }
        return None;
    }
    finding(
        format!("IAM rejects `{written}` in a trust policy, which takes only STS actions"),
        "say what the role may do in a permission policy".to_owned(),
    )
}

/// A principal that cannot get the role through the statement, whatever it calls.
fn dead_grant(context: &Context<'_>, statement: &Statement, principal: &Principal) -> Option<Finding> {
    let caller = principal.kind.caller()?;
    let (right, sort) = match caller {
        Caller::Aws => ("sts:AssumeRole", "principals under `AWS`"),
        Caller::Service => ("sts:AssumeRole", "AWS services"),
        Caller::Saml => ("sts:AssumeRoleWithSAML", "SAML providers"),
        Caller::Oidc => ("sts:AssumeRoleWithWebIdentity", "OpenID Connect providers"),
    };
    let assumes = |statement: &Statement| statement.covers_action(right) != Truth::No;
    if assumes(statement) {
        return None;
    }
    let live = || sts::actions().filter(|action| sts::live(action, caller));
    let covered: Vec<String> = live()
        .map(|action| format!("sts:{action}"))
        .filter(|action| statement.covers_action(action) != Truth::No)
        .collect();
    let elsewhere = || {
        let same = |other: &Principal| other.text == principal.text || other.kind == PrincipalKind::Anyone;
        // A principal that is not known may be this one.
        let open = |other: &Statement| {
            let unknown = other.listed_principals().iter().any(|other| other.kind == PrincipalKind::Unknown);
            unknown || other.principals.as_ref().is_some_and(|principals| principals.open_ended)
        };
        let here = |other: &&Statement| {
            let listed = other.listed_principals().iter().any(same) || is_root_of(other, principal);
            other.effect != Effect::Deny && assumes(other) && (listed || open(other))
        };
        context.policy.statements.iter().find(here).is_some() || context.policy.open_ended
    };
    if !covered.is_empty() && elsewhere() {
        return None;
    }
    let actions = statement.actions.as_ref()?;
    let written = actions.items.iter().map(|item| format!("`{}`", item.display())).collect::<Vec<_>>().join(", ");
    let message = match covered.first() {
        Some(action) => format!(
            "`{}` may call `{action}` but never `{right}`, without which it gives no role",
            principal.text.display()
        ),
        None if actions.negated => {
            format!("`{}` cannot get the role: `NotAction` leaves out `{right}`", principal.text.display())
        }
        None => format!("{sort} get a role with `{right}`, and this allows only {written}"),
    };
    let sure = if principal.kind == PrincipalKind::Anyone { Confidence::Likely } else { Confidence::Proved };
    Some(
        Finding::new(principal.span(), message)
            .label("cannot assume the role through this statement")
            .because(actions.span, format!("not what {sort} call"))
            .help(format!("allow `{right}`"))
            .subject(principal.text.display())
            .statement(statement)
            .confidence(sure),
    )
}

/// Whether a statement allows the whole account of a principal.
fn is_root_of(statement: &Statement, principal: &Principal) -> bool {
    let account = principal.kind.account();
    account.is_some()
        && statement.listed_principals().iter().any(|other| {
            matches!(other.kind, PrincipalKind::Account { .. })
                && other.kind.account().map(Text::display) == account.map(Text::display)
        })
}
