//! What the resources of a module use others for: a policy as a permissions boundary, a user as the identity of a program.

use super::module::Module;
use crate::syntax::hcl::{Block, Expr, ExprKind, Step};
use std::collections::HashSet;

impl Module {
    /// Whether a policy is a permissions boundary of some role or user here, and is attached to none.
    pub fn is_boundary(&self, name: &str) -> bool {
        let named = |kinds: &[&str], attribute: &str| self.names(kinds, attribute, "aws_iam_policy").contains(name);
        let attachments = [
            "aws_iam_role_policy_attachment",
            "aws_iam_user_policy_attachment",
            "aws_iam_group_policy_attachment",
            "aws_iam_policy_attachment",
        ];
        named(&["aws_iam_role", "aws_iam_user"], "permissions_boundary")
            && !named(&attachments, "policy_arn")
            && !named(&["aws_iam_role"], "managed_policy_arns")
            && !named(&["aws_iam_role_policy_attachments_exclusive"], "policy_arns")
    }

    /// Whether a user is the identity of a program: it has an access key here, and no password.
    pub fn is_machine(&self, name: &str) -> bool {
        self.machines().contains(&name)
    }

    /// The resources of all such users, in the order of their names.
    pub fn machines(&self) -> Vec<&str> {
        let with_password = self.names(&["aws_iam_user_login_profile"], "user", "aws_iam_user");
        let with_key = self.names(&["aws_iam_access_key"], "user", "aws_iam_user");
        let mut found: Vec<&str> = with_key.difference(&with_password).copied().collect();
        found.sort_unstable();
        found
    }

    /// The names of resources of a type that an attribute of others speaks of.
    fn names(&self, kinds: &[&str], attribute: &str, of: &str) -> HashSet<&str> {
        let blocks = self.files.iter().flat_map(|file| file.hcl.body.blocks_named("resource"));
        let is_of_kind = |block: &&Block| block.labels.first().is_some_and(|label| kinds.contains(&label.as_str()));
        let mut found = HashSet::new();
        for block in blocks.filter(is_of_kind) {
            if let Some(attribute) = block.body.attribute(attribute) {
                referred(&attribute.value, of, &mut found);
            }
        }
        found
    }
}

/// The names of resources of a type that an expression may come to, in whatever branches.
fn referred<'e>(expr: &'e Expr, of: &str, found: &mut HashSet<&'e str>) {
    match &expr.kind {
        ExprKind::Traversal(start, steps) => {
            if let (ExprKind::Variable(kind), Some(Step::Name(name))) = (&start.kind, steps.first())
                && kind == of
            {
                found.insert(name);
            }
        }
        ExprKind::Conditional(parts) => parts[1..].iter().for_each(|part| referred(part, of, found)),
        ExprKind::List(items) => items.iter().for_each(|item| referred(item, of, found)),
        ExprKind::Call(call) => call.arguments.iter().for_each(|argument| referred(argument, of, found)),
        _ => {}
    }
}
