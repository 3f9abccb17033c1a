//! What a guessed request has to do, and what a policy says once for all guesses.

use crate::access::answer::{Estate, Faults};
use crate::access::engine::asked::Asked;
use crate::access::engine::lawful::Reads;
use crate::aws::partitions::is_partition;
use crate::policy::{Policy, Statement};
use crate::value::Text;

/// What a request has to do.
#[derive(Debug)]
pub struct Goal<'g> {
    /// Statements that surely apply; the callers are those of the first.
    pub must: &'g [&'g Statement],
    /// A condition of the first of them that surely does not hold, while the others do.
    pub fails: Option<usize>,
    /// Statements that surely do not apply.
    pub avoid: &'g [&'g Statement],
    /// The principal of the first statement, by its place; any of them, if there is none.
    pub principal: Option<usize>,
    /// Who calls, and what the call holds.
    pub asked: &'g Asked,
}

/// What a policy reads, found once for many guesses.
#[derive(Debug)]
pub struct Facts {
    pub(super) reads: Reads,
    /// For each key that is read, the statements with conditions about it.
    pub(super) readers: Vec<Vec<usize>>,
    /// An account that nobody named.
    pub(super) stranger: Option<&'static str>,
    /// The partition of the role, as far as the policy says.
    pub(super) partition: String,
    pub(super) faults: Faults,
}

/// Accounts to play the one that nobody named.
const STRANGERS: [&str; 4] = ["999999999999", "888888888888", "777777777777", "666666666666"];

/// A key's values in a request; none for an absent key.
pub(super) type Choice = Vec<String>;

impl Facts {
    /// The facts of a policy.
    pub fn of(policy: &Policy, estate: &Estate) -> Facts {
        let reads = Reads::of(policy, estate);
        let mut readers = vec![Vec::new(); reads.keys.len()];
        for (at, statement) in policy.statements.iter().enumerate() {
            for condition in &statement.conditions {
                if let Some(key) = reads.keys.iter().position(|key| condition.is_about(&key.name)) {
                    readers[key].push(at);
                }
            }
        }
        let stranger = STRANGERS.into_iter().find(|id| !names(policy, estate, id));
        Facts { reads, readers, stranger, partition: partition_of(policy), faults: estate.faults }
    }
}

/// Whether a policy or the configuration speaks of an account.
fn names(policy: &Policy, estate: &Estate, account: &str) -> bool {
    let says = |text: &Text| text.display().contains(account);
    let known = estate.account.iter().chain(&estate.accounts).chain(&estate.trusted);
    known.into_iter().any(|own| own == account)
        || policy.statements.iter().any(|statement| {
            let mut listed = statement.principals.iter().flat_map(|list| &list.entries);
            listed.any(|entry| says(&entry.text)) || statement.conditions.iter().any(|one| one.values.iter().any(says))
        })
}

/// The partition that an ARN names.
pub(super) fn arn_partition(text: &Text) -> Option<&str> {
    let (partition, _) = text.known()?.strip_prefix("arn:")?.split_once(':')?;
    is_partition(partition).then_some(partition)
}

/// The partition that a policy speaks of; trust never crosses from one to another.
fn partition_of(policy: &Policy) -> String {
    let entries = policy.statements.iter().flat_map(|one| &one.principals).flat_map(|list| &list.entries);
    let arns = policy.conditions().filter(|one| one.is_about("aws:PrincipalArn")).flat_map(|one| &one.values);
    let named: Vec<&str> = entries.map(|entry| &entry.text).chain(arns).filter_map(arn_partition).collect();
    named.first().filter(|_| !named.contains(&"aws")).map_or("aws", |first| first).to_owned()
}
