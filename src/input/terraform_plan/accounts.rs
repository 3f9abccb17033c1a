//! In which account the resources of a plan or state live.

use super::configuration::Configuration;
use super::instances::Instance;
use std::collections::HashMap;

/// Attributes that hold the ARN of a resource, or of the one that a policy is for.
const ARNS: [&str; 4] = ["arn", "resource_arn", "secret_arn", "backup_vault_arn"];

/// The account of each provider configuration, as far as resources with an ARN tell.
#[derive(Debug, Default)]
pub(super) struct Accounts<'s> {
    /// `None` for a provider configuration that seems to have several.
    by_provider: HashMap<&'s str, Option<String>>,
}

impl<'s> Accounts<'s> {
    /// What these resources tell.
    pub fn of<'a>(instances: impl Iterator<Item = &'a Instance<'s>>, configuration: &Configuration<'s>) -> Self
    where
        's: 'a,
    {
        let mut accounts = Accounts::default();
        for instance in instances {
            let account = match (instance.is_data, instance.resource_type) {
                (true, "aws_caller_identity") => known(instance, "account_id").map(str::to_owned),
                // What IAM has belongs to the account of the caller.
                (false, name) if name.starts_with("aws_iam_") => known(instance, "arn").and_then(in_arn),
                (true | false, _) => None,
            };
            let account = account.filter(|account| is_account(account));
            if let (Some(provider), Some(account)) = (provider(instance, configuration), account) {
                let known = accounts.by_provider.entry(provider).or_insert_with(|| Some(account.clone()));
                if known.as_ref() != Some(&account) {
                    *known = None;
                }
            }
        }
        accounts
    }

    /// The account of a resource.
    pub fn of_instance(&self, instance: &Instance<'s>, configuration: &Configuration<'s>) -> Option<String> {
        let own = ARNS.iter().find_map(|name| known(instance, name).and_then(in_arn));
        own.or_else(|| self.by_provider.get(provider(instance, configuration)?)?.clone())
    }
}

/// What the provider configuration of a resource is called.
pub(super) fn provider<'s>(instance: &Instance<'s>, configuration: &Configuration<'s>) -> Option<&'s str> {
    let block = || configuration.resource(instance.module, instance.is_data, instance.resource_type, instance.name);
    instance.provider.or_else(|| block()?.get("provider_config_key")?.as_str())
}

fn known<'a>(instance: &'a Instance<'_>, attribute: &str) -> Option<&'a str> {
    instance.text(attribute).filter(|_| !instance.sensitive(attribute).is_all())
}

fn in_arn(arn: &str) -> Option<String> {
    let account = arn.strip_prefix("arn:")?.split(':').nth(3)?;
    is_account(account).then(|| account.to_owned())
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}
