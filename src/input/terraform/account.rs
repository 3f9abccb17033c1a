//! The account that a resource is made in, where its provider says which.

use super::eval::{Content, Env, Evaluator, Scope};
use crate::site::OwnerAccount;
use crate::syntax::hcl::{Block, Expr, ExprKind, Step};
use std::rc::Rc;

/// The account of a resource: the only one that its provider allows, or that of the role that the provider assumes
/// (Terraform AWS provider, "Provider Configuration": `allowed_account_ids`, `assume_role`).
pub(super) fn of(evaluator: &Evaluator<'_>, block: &Block, scope: &Rc<Scope>) -> OwnerAccount {
    let before = evaluator.take_asked();
    let found = provider(block, scope).and_then(|(provider, scope)| account(evaluator, provider, scope));
    // What rests on a choice is no fact.
    let chosen = !evaluator.take_asked().is_empty();
    evaluator.add_asked(&before);
    found.filter(|_| !chosen).map_or(OwnerAccount::Unknown, OwnerAccount::Id)
}

/// The provider block of a resource, with the scope that it stands in.
fn provider<'s>(block: &Block, scope: &'s Rc<Scope>) -> Option<(&'s Block, &'s Rc<Scope>)> {
    let alias = match block.body.attribute("provider").map(|attribute| &attribute.value) {
        None => None,
        Some(Expr { kind: ExprKind::Traversal(_, steps), .. }) => match steps.first() {
            Some(Step::Name(alias)) => Some(alias.clone()),
            _ => return None,
        },
        Some(Expr { kind: ExprKind::Variable(_), .. }) => None,
        Some(_) => return None,
    };
    let mut scope = scope;
    loop {
        if let Some(at) = scope.module.providers.get(&alias) {
            return Some((scope.module.block(*at), scope));
        }
        // A module has the default provider of its caller, unless the call says otherwise.
        let call = scope.call.as_ref().filter(|_| alias.is_none())?;
        if call.scope.module.block(call.block).body.attribute("providers").is_some() {
            return None;
        }
        scope = &call.scope;
    }
}

fn account(evaluator: &Evaluator<'_>, provider: &Block, scope: &Rc<Scope>) -> Option<String> {
    let none = Env::default();
    let is_id = |id: &str| id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit());
    if let Some(attribute) = provider.body.attribute("allowed_account_ids")
        && let Some([only]) = evaluator.eval(&attribute.value, scope, &none).as_list()
        && let Some(id) = only.known().filter(|id| is_id(id))
    {
        return Some(id.to_string());
    }
    let roles = evaluator.blocks(&provider.body, "assume_role", scope, &none);
    // Of several roles, the last one is that of the calls.
    let role = roles.last().filter(|role| role.sure)?;
    let (arn, _) = Content::attribute(role.body, "role_arn")?;
    let arn = evaluator.eval(arn, scope, &role.env).known()?;
    arn.split(':').nth(4).filter(|id| is_id(id)).map(str::to_owned)
}
