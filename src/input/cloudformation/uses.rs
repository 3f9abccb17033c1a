//! What the resources of a template use others for: a managed policy as a permissions boundary, a user as the identity of
//! a program.

use std::collections::{BTreeSet, HashSet};

/// The logical ids of resources that others use in a way that decides what they are.
#[derive(Debug, Default)]
pub(super) struct Uses {
    /// Managed policies that limit what others may do, and give nothing.
    pub boundaries: HashSet<String>,
    /// Managed policies that are attached.
    pub attached: HashSet<String>,
    /// Users with an access key of this template and no password.
    pub machines: HashSet<String>,
    /// The names of those that have one.
    pub machine_names: BTreeSet<String>,
}

impl Uses {
    /// Whether a managed policy is a permissions boundary and nothing else.
    pub fn is_boundary(&self, logical_id: &str) -> bool {
        self.boundaries.contains(logical_id) && !self.attached.contains(logical_id)
    }

    /// The names of users that are the identities of programs, as far as they are written out.
    pub fn machine_names(&self) -> Vec<String> {
        self.machine_names.iter().cloned().collect()
    }

    /// Whether a user is the identity of a program: nobody logs in as it.
    pub fn is_machine(&self, logical_id: &str) -> bool {
        self.machines.contains(logical_id)
    }
}
