//! What the resources of a module use others for: a policy as a permissions boundary, a user as the identity of a program.

use crate::input::raw_kind::is_name_of_boundary;
use crate::syntax::hcl::{Block, Expr, ExprKind, Step};
use std::collections::{BTreeSet, HashSet};

/// The names of resources that others use in a way that decides what they are.
#[derive(Debug, Default)]
pub(super) struct Uses {
    /// Policies that are a permissions boundary of some role or user here.
    boundaries: HashSet<String>,
    /// Policies that are attached.
    attached: HashSet<String>,
    /// Users with an access key here and no password.
    machines: BTreeSet<String>,
}

/// Types of resources with the attribute by which they attach policies.
const ATTACHING: [(&str, &str); 6] = [
    ("aws_iam_role_policy_attachment", "policy_arn"),
    ("aws_iam_user_policy_attachment", "policy_arn"),
    ("aws_iam_group_policy_attachment", "policy_arn"),
    ("aws_iam_policy_attachment", "policy_arn"),
    ("aws_iam_role", "managed_policy_arns"),
    ("aws_iam_role_policy_attachments_exclusive", "policy_arns"),
];

impl Uses {
    /// What these resources use, found in one walk over them.
    pub fn of<'b>(resources: impl Iterator<Item = &'b Block>) -> Uses {
        let (mut boundaries, mut attached) = (HashSet::new(), HashSet::new());
        let (mut with_key, mut with_password) = (HashSet::new(), HashSet::new());
        for block in resources {
            let Some(kind) = block.labels.first().map(String::as_str) else { continue };
            match kind {
                "aws_iam_access_key" => refer(block, "user", "aws_iam_user", &mut with_key),
                "aws_iam_user_login_profile" => refer(block, "user", "aws_iam_user", &mut with_password),
                "aws_iam_role" | "aws_iam_user" => {
                    refer(block, "permissions_boundary", "aws_iam_policy", &mut boundaries);
                }
                _ => {}
            }
            for (_, attribute) in ATTACHING.iter().filter(|(attaching, _)| *attaching == kind) {
                refer(block, attribute, "aws_iam_policy", &mut attached);
            }
        }
        let owned = |name: &&str| (*name).to_owned();
        Uses {
            boundaries: boundaries.iter().map(owned).collect(),
            attached: attached.iter().map(owned).collect(),
            machines: with_key.difference(&with_password).map(owned).collect(),
        }
    }

    /// Whether a policy is a permissions boundary, of some role or user here or by its name, and is attached to none.
    pub fn is_boundary(&self, name: &str) -> bool {
        (self.boundaries.contains(name) || is_name_of_boundary(name)) && !self.attached.contains(name)
    }

    /// Whether a user is the identity of a program: it has an access key here, and no password.
    pub fn is_machine(&self, name: &str) -> bool {
        self.machines.contains(name)
    }

    /// The resources of all such users, in the order of their names.
    pub fn machines(&self) -> impl Iterator<Item = &str> {
        self.machines.iter().map(String::as_str)
    }
}

/// Note the resources of a type that an attribute of a block speaks of.
fn refer<'b>(block: &'b Block, attribute: &str, of: &str, found: &mut HashSet<&'b str>) {
    if let Some(attribute) = block.body.attribute(attribute) {
        referred(&attribute.value, of, found);
    }
}

/// The names of resources of a type that an expression may come to, in whatever branches.
fn referred<'e>(expr: &'e Expr, of: &str, found: &mut HashSet<&'e str>) {
    match &expr.kind {
        ExprKind::Traversal(start, steps) => match (&start.kind, steps.first()) {
            (ExprKind::Variable(kind), Some(Step::Name(name))) if kind == of => drop(found.insert(name)),
            (ExprKind::Variable(_), _) => {}
            _ => referred(start, of, found),
        },
        ExprKind::Conditional(parts) => parts[1..].iter().for_each(|part| referred(part, of, found)),
        ExprKind::List(items) => items.iter().for_each(|item| referred(item, of, found)),
        ExprKind::Call(call) => call.arguments.iter().for_each(|argument| referred(argument, of, found)),
        _ => {}
    }
}
