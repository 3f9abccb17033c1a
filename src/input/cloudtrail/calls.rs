//! Which calls set or remove a policy, and where their parameters hold it.
//!
//! From the API references of the services; CloudTrail writes parameters with a small first letter (AWS CloudTrail User
//! Guide, "CloudTrail record contents").

use crate::site::PolicyKind::{self, Identity, Resource, Trust};

/// A call that is about a policy.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call {
    /// What it does.
    pub effect: Effect,
    /// The kind of the policy; `None` for policies of an organization, whose type tells.
    pub kind: Option<PolicyKind>,
    /// The parameters that name the owner, the first that is there.
    pub owner: &'static [&'static str],
    /// What the owner is called in an address: `role`. Empty for resources, whose names say it.
    pub sort: &'static str,
}

/// What a call does to a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// It sets the policy at this path of its parameters; there was none before.
    Create(&'static str),
    /// It sets the policy at this path of its parameters.
    Set(&'static str),
    /// The same, if the parameter is there: the call sets other things too.
    MaySet(&'static str),
    /// It makes a version of the policy at this path, in force if the parameters say so.
    Version(&'static str),
    /// It removes the policy.
    Remove,
    /// It puts another policy in force, without showing it.
    Replace,
}

use Effect::{Create, MaySet, Remove, Replace, Set, Version};

/// The call of a service with this name.
pub(super) fn call(source: &str, name: &str) -> Option<Call> {
    let service = source.strip_suffix(".amazonaws.com").or_else(|| source.strip_suffix(".amazonaws.com.cn"))?;
    let (.., effect, kind, sort, owner) = *TABLE.iter().find(|row| row.0 == service && row.1 == name)?;
    Some(Call { effect, kind, owner, sort })
}

const ROLE: &[&str] = &["roleName"];
const USER: &[&str] = &["userName"];
const GROUP: &[&str] = &["groupName"];
const MANAGED: &[&str] = &["policyArn", "policyName"];
const BUCKET: &[&str] = &["bucketName"];
const KEY: &[&str] = &["keyId"];
const QUEUE: &[&str] = &["queueUrl", "queueName"];
const TOPIC: &[&str] = &["topicArn", "name"];
const REPOSITORY: &[&str] = &["repositoryName"];
const REGISTRY: &[&str] = &["registryId"];
const SECRET: &[&str] = &["secretId"];
const VAULT: &[&str] = &["backupVaultName"];
const FILES: &[&str] = &["fileSystemId"];
const DOMAIN: &[&str] = &["domainName"];
const RESOURCE: &[&str] = &["resourceArn", "resourceARN"];
const LOGS: &[&str] = &["resourceArn", "policyName"];
const ORGANIZATION: &[&str] = &["policyId", "name"];
const PERMISSION_SET: &[&str] = &["permissionSetArn"];
const ENDPOINT: &[&str] = &["ModifyVpcEndpointRequest.VpcEndpointId"];

type Row = (&'static str, &'static str, Effect, Option<PolicyKind>, &'static str, &'static [&'static str]);

#[rustfmt::skip]
const TABLE: &[Row] = &[
    ("iam", "CreateRole", Create("assumeRolePolicyDocument"), Some(Trust), "role", ROLE),
    ("iam", "UpdateAssumeRolePolicy", Set("policyDocument"), Some(Trust), "role", ROLE),
    ("iam", "DeleteRole", Remove, Some(Trust), "role", ROLE),
    ("iam", "PutRolePolicy", Set("policyDocument"), Some(Identity), "role", ROLE),
    ("iam", "DeleteRolePolicy", Remove, Some(Identity), "role", ROLE),
    ("iam", "PutUserPolicy", Set("policyDocument"), Some(Identity), "user", USER),
    ("iam", "DeleteUserPolicy", Remove, Some(Identity), "user", USER),
    ("iam", "PutGroupPolicy", Set("policyDocument"), Some(Identity), "group", GROUP),
    ("iam", "DeleteGroupPolicy", Remove, Some(Identity), "group", GROUP),
    ("iam", "CreatePolicy", Create("policyDocument"), Some(Identity), "policy", MANAGED),
    ("iam", "CreatePolicyVersion", Version("policyDocument"), Some(Identity), "policy", MANAGED),
    ("iam", "SetDefaultPolicyVersion", Replace, Some(Identity), "policy", MANAGED),
    ("iam", "DeletePolicy", Remove, Some(Identity), "policy", MANAGED),
    ("sso", "PutInlinePolicyToPermissionSet", Set("inlinePolicy"), Some(Identity), "", PERMISSION_SET),
    ("sso", "DeleteInlinePolicyFromPermissionSet", Remove, Some(Identity), "", PERMISSION_SET),
    ("organizations", "CreatePolicy", Create("content"), None, "", ORGANIZATION),
    ("organizations", "UpdatePolicy", MaySet("content"), None, "", ORGANIZATION),
    ("s3", "PutBucketPolicy", Set("bucketPolicy"), Some(Resource), "", BUCKET),
    ("s3", "DeleteBucketPolicy", Remove, Some(Resource), "", BUCKET),
    ("sqs", "CreateQueue", MaySet("attributes.Policy"), Some(Resource), "", QUEUE),
    ("sqs", "SetQueueAttributes", MaySet("attributes.Policy"), Some(Resource), "", QUEUE),
    ("sns", "CreateTopic", MaySet("attributes.Policy"), Some(Resource), "", TOPIC),
    ("sns", "SetTopicAttributes", MaySet("attributeValue"), Some(Resource), "", TOPIC),
    ("kms", "CreateKey", MaySet("policy"), Some(Resource), "", KEY),
    ("kms", "PutKeyPolicy", Set("policy"), Some(Resource), "", KEY),
    ("ecr", "SetRepositoryPolicy", Set("policyText"), Some(Resource), "", REPOSITORY),
    ("ecr", "DeleteRepositoryPolicy", Remove, Some(Resource), "", REPOSITORY),
    ("ecr", "PutRegistryPolicy", Set("policyText"), Some(Resource), "", REGISTRY),
    ("ecr-public", "SetRepositoryPolicy", Set("policyText"), Some(Resource), "", REPOSITORY),
    ("secretsmanager", "PutResourcePolicy", Set("resourcePolicy"), Some(Resource), "", SECRET),
    ("secretsmanager", "DeleteResourcePolicy", Remove, Some(Resource), "", SECRET),
    ("backup", "PutBackupVaultAccessPolicy", Set("policy"), Some(Resource), "", VAULT),
    ("backup", "DeleteBackupVaultAccessPolicy", Remove, Some(Resource), "", VAULT),
    ("elasticfilesystem", "PutFileSystemPolicy", Set("policy"), Some(Resource), "", FILES),
    ("elasticfilesystem", "DeleteFileSystemPolicy", Remove, Some(Resource), "", FILES),
    ("es", "CreateDomain", MaySet("accessPolicies"), Some(Resource), "", DOMAIN),
    ("es", "UpdateDomainConfig", MaySet("accessPolicies"), Some(Resource), "", DOMAIN),
    ("es", "CreateElasticsearchDomain", MaySet("accessPolicies"), Some(Resource), "", DOMAIN),
    ("es", "UpdateElasticsearchDomainConfig", MaySet("accessPolicies"), Some(Resource), "", DOMAIN),
    ("logs", "PutResourcePolicy", Set("policyDocument"), Some(Resource), "", LOGS),
    ("dynamodb", "PutResourcePolicy", Set("policy"), Some(Resource), "", RESOURCE),
    ("dynamodb", "DeleteResourcePolicy", Remove, Some(Resource), "", RESOURCE),
    ("kinesis", "PutResourcePolicy", Set("policy"), Some(Resource), "", RESOURCE),
    ("kinesis", "DeleteResourcePolicy", Remove, Some(Resource), "", RESOURCE),
    ("glue", "PutResourcePolicy", Set("policyInJson"), Some(Resource), "", RESOURCE),
    ("ec2", "ModifyVpcEndpoint", MaySet("ModifyVpcEndpointRequest.PolicyDocument"), Some(Resource), "", ENDPOINT),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_told_by_service_and_name() {
        assert_eq!(call("iam.amazonaws.com", "CreatePolicy").map(|call| call.kind), Some(Some(Identity)));
        assert_eq!(call("organizations.amazonaws.com", "CreatePolicy").map(|call| call.kind), Some(None));
        assert!(call("iam.amazonaws.com", "GetRole").is_none());
        assert!(call("iam.example.com", "CreateRole").is_none());
        for (at, row) in TABLE.iter().enumerate() {
            assert!(TABLE[..at].iter().all(|other| (other.0, other.1) != (row.0, row.1)), "{} {}", row.0, row.1);
        }
    }
}
