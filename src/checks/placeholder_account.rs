//! An account or organization id that documentation uses in place of a real one.

use crate::aws::{accounts, partitions};
use crate::diagnostic::Confidence;
use crate::policy::Statement;
use crate::rules::{Context, Finding};
use crate::site::OwnerAccount;
use crate::value::Text;

/// Condition keys whose values are accounts, ARNs with accounts, or organizations.
const KEYS: [&str; 9] = [
    "aws:PrincipalAccount",
    "aws:PrincipalArn",
    "aws:SourceAccount",
    "aws:SourceArn",
    "aws:SourceOwner",
    "aws:PrincipalOrgID",
    "aws:PrincipalOrgPaths",
    "aws:SourceOrgID",
    "aws:SourceOrgPaths",
];

pub fn check(context: &Context<'_>, found: &mut Vec<Finding>) {
    for statement in &context.policy.statements {
        for principal in statement.principals.iter().flat_map(|principals| &principals.entries) {
            judge(context, statement, &principal.text, found);
        }
        for condition in statement.conditions.iter().filter(|condition| KEYS.iter().any(|key| condition.is_about(key)))
        {
            for value in &condition.values {
                judge(context, statement, value, found);
            }
        }
    }
}

fn judge(context: &Context<'_>, statement: &Statement, value: &Text, found: &mut Vec<Finding>) {
    let Some(written) = value.known() else { return };
    // A partition that does not exist is a test's own, and so are its accounts.
    let partition = written.strip_prefix("arn:").and_then(|rest| rest.split(':').next());
    if partition.is_some_and(|partition| !partitions::is_partition(partition)) {
        return;
    }
    let (id, what) = match (account(written), organization(written)) {
        (Some(id), _) if accounts::placeholder(id) && !is_real(context, id) => (id, "account"),
        (_, Some(id)) if placeholder_org(id) && context.org.org_id.as_deref() != Some(id) => (id, "organization"),
        _ => return,
    };
    found.push(
        Finding::new(value.span, format!("`{id}` is an {what} id of documentation, not a real one"))
            .label("copied from a sample")
            .help(format!("write the id of the {what} that is meant"))
            .subject(written)
            .statement(statement)
            .confidence(Confidence::Likely),
    );
}

/// The account of a value that is one, or of an ARN.
fn account(written: &str) -> Option<&str> {
    let id = if written.starts_with("arn:") { written.split(':').nth(4)? } else { written };
    accounts::is_account_id(id).then_some(id)
}

/// The organization of a value that is one, or of a path through one.
fn organization(written: &str) -> Option<&str> {
    written.split('/').next().filter(|id| id.starts_with("o-"))
}

fn placeholder_org(id: &str) -> bool {
    let rest = id.trim_start_matches("o-");
    !rest.is_empty() && (rest.contains("example") || rest.bytes().all(|byte| byte.eq_ignore_ascii_case(&b'x')))
}

/// Whether the file or the configuration shows that the account exists.
fn is_real(context: &Context<'_>, id: &str) -> bool {
    context.site.owner.account == OwnerAccount::Id(id.to_owned())
        || context.org.accounts.iter().any(|known| known == id)
        || context.org.trusted_accounts.contains_key(id)
}
