//! Which attributes of which Terraform resource types hold IAM policies.
//!
//! From the resource pages of the AWS provider's documentation (version 6). Left out are policies of other languages: of
//! [`has_own_language`], `aws_opensearchserverless_*_policy`, `aws_sns_topic_data_protection_policy`,
//! `aws_cloudwatch_log_account_policy`, lifecycle and scaling policies.

use crate::site::PolicyKind::{self, Identity, Resource, Session, Trust};

/// An attribute that holds policies.
#[derive(Clone, Copy, Debug)]
pub(super) struct Carrier {
    /// The attribute; `list[].attribute` for one in each of some nested blocks.
    pub path: &'static str,
    /// How its value is to be read.
    pub shape: Shape,
    /// Whether it is the resource's main policy, which has the address of the resource.
    pub is_main: bool,
}

/// How the value of an attribute is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// A policy document: a string of JSON.
    Document(PolicyKind),
    /// A policy of AWS Organizations; `type` tells the kind.
    Organizations,
}

use Shape::{Document, Organizations};

/// The attributes of a resource type that hold policies. The first is the resource's main policy.
pub(super) fn carriers(resource_type: &str) -> impl Iterator<Item = Carrier> {
    let from = TABLE.partition_point(|(name, _, _)| *name < resource_type);
    TABLE[from..]
        .iter()
        .take_while(move |(name, _, _)| *name == resource_type)
        .enumerate()
        .map(|(at, &(_, path, shape))| Carrier { path, shape, is_main: at == 0 && !path.contains("[]") })
}

/// Whether the policies of a resource type look like IAM's and are written in another language.
pub(super) fn has_own_language(resource_type: &str) -> bool {
    ["aws_iot_", "aws_verifiedaccess_", "aws_verifiedpermissions_", "aws_networkmanager_"]
        .iter()
        .any(|start| resource_type.starts_with(start))
}

/// Sorted by type.
#[rustfmt::skip]
pub(super) const TABLE: &[(&str, &str, Shape)] = &[
    ("aws_acmpca_policy", "policy", Document(Resource)),
    ("aws_api_gateway_domain_name", "policy", Document(Resource)),
    ("aws_api_gateway_rest_api", "policy", Document(Resource)),
    ("aws_api_gateway_rest_api_policy", "policy", Document(Resource)),
    ("aws_backup_vault_policy", "policy", Document(Resource)),
    ("aws_bedrockagentcore_resource_policy", "policy", Document(Resource)),
    ("aws_cloudsearch_domain_service_access_policy", "access_policy", Document(Resource)),
    ("aws_cloudwatch_event_bus_policy", "policy", Document(Resource)),
    ("aws_cloudwatch_log_delivery_destination_policy", "delivery_destination_policy", Document(Resource)),
    ("aws_cloudwatch_log_destination_policy", "access_policy", Document(Resource)),
    ("aws_cloudwatch_log_resource_policy", "policy_document", Document(Resource)),
    ("aws_codeartifact_domain_permissions_policy", "policy_document", Document(Resource)),
    ("aws_codeartifact_repository_permissions_policy", "policy_document", Document(Resource)),
    ("aws_codebuild_resource_policy", "policy", Document(Resource)),
    ("aws_dsql_cluster_policy", "policy", Document(Resource)),
    ("aws_dynamodb_resource_policy", "policy", Document(Resource)),
    ("aws_ecr_registry_policy", "policy", Document(Resource)),
    ("aws_ecr_repository_creation_template", "repository_policy", Document(Resource)),
    ("aws_ecr_repository_policy", "policy", Document(Resource)),
    ("aws_ecrpublic_repository_policy", "policy", Document(Resource)),
    ("aws_efs_file_system_policy", "policy", Document(Resource)),
    ("aws_eks_pod_identity_association", "policy", Document(Session)),
    ("aws_elasticsearch_domain", "access_policies", Document(Resource)),
    ("aws_elasticsearch_domain_policy", "access_policies", Document(Resource)),
    ("aws_fsx_s3_access_point_attachment", "s3_access_point[].policy", Document(Resource)),
    ("aws_glacier_vault", "access_policy", Document(Resource)),
    ("aws_glacier_vault_lock", "policy", Document(Resource)),
    ("aws_glue_resource_policy", "policy", Document(Resource)),
    ("aws_iam_group_policy", "policy", Document(Identity)),
    ("aws_iam_policy", "policy", Document(Identity)),
    ("aws_iam_role", "assume_role_policy", Document(Trust)),
    ("aws_iam_role", "inline_policy[].policy", Document(Identity)),
    ("aws_iam_role_policy", "policy", Document(Identity)),
    ("aws_iam_user_policy", "policy", Document(Identity)),
    ("aws_kinesis_resource_policy", "policy", Document(Resource)),
    ("aws_kms_external_key", "policy", Document(Resource)),
    ("aws_kms_key", "policy", Document(Resource)),
    ("aws_kms_key_policy", "policy", Document(Resource)),
    ("aws_kms_replica_external_key", "policy", Document(Resource)),
    ("aws_kms_replica_key", "policy", Document(Resource)),
    ("aws_media_store_container_policy", "policy", Document(Resource)),
    ("aws_msk_cluster_policy", "policy", Document(Resource)),
    ("aws_networkfirewall_resource_policy", "policy", Document(Resource)),
    ("aws_oam_sink_policy", "policy", Document(Resource)),
    ("aws_opensearch_domain", "access_policies", Document(Resource)),
    ("aws_opensearch_domain_policy", "access_policies", Document(Resource)),
    ("aws_organizations_policy", "content", Organizations),
    ("aws_organizations_resource_policy", "content", Document(Resource)),
    ("aws_osis_resource_policy", "policy", Document(Resource)),
    ("aws_pinpointsmsvoicev2_resource_policy", "policy", Document(Resource)),
    ("aws_prometheus_resource_policy", "policy_document", Document(Resource)),
    ("aws_redshift_resource_policy", "policy", Document(Resource)),
    ("aws_redshiftserverless_resource_policy", "policy", Document(Resource)),
    ("aws_rolesanywhere_profile", "session_policy", Document(Session)),
    ("aws_s3_access_point", "policy", Document(Resource)),
    ("aws_s3_bucket", "policy", Document(Resource)),
    ("aws_s3_bucket_policy", "policy", Document(Resource)),
    ("aws_s3control_access_grants_instance_resource_policy", "policy", Document(Resource)),
    ("aws_s3control_access_point_policy", "policy", Document(Resource)),
    ("aws_s3control_bucket_policy", "policy", Document(Resource)),
    ("aws_s3control_multi_region_access_point_policy", "details[].policy", Document(Resource)),
    ("aws_s3control_object_lambda_access_point_policy", "policy", Document(Resource)),
    ("aws_s3files_file_system_policy", "policy", Document(Resource)),
    ("aws_s3tables_table_bucket_policy", "resource_policy", Document(Resource)),
    ("aws_s3tables_table_policy", "resource_policy", Document(Resource)),
    ("aws_s3vectors_vector_bucket_policy", "policy", Document(Resource)),
    ("aws_sagemaker_model_package_group_policy", "resource_policy", Document(Resource)),
    ("aws_schemas_registry_policy", "policy", Document(Resource)),
    ("aws_secretsmanager_secret", "policy", Document(Resource)),
    ("aws_secretsmanager_secret_policy", "policy", Document(Resource)),
    ("aws_ses_identity_policy", "policy", Document(Resource)),
    ("aws_sesv2_email_identity_policy", "policy", Document(Resource)),
    ("aws_sns_topic", "policy", Document(Resource)),
    ("aws_sns_topic_policy", "policy", Document(Resource)),
    ("aws_sqs_queue", "policy", Document(Resource)),
    ("aws_sqs_queue_policy", "policy", Document(Resource)),
    ("aws_ssoadmin_permission_set_inline_policy", "inline_policy", Document(Identity)),
    ("aws_transfer_access", "policy", Document(Session)),
    ("aws_transfer_user", "policy", Document(Session)),
    ("aws_vpc_endpoint", "policy", Document(Resource)),
    ("aws_vpc_endpoint_policy", "policy", Document(Resource)),
    ("aws_vpclattice_auth_policy", "policy", Document(Resource)),
    ("aws_vpclattice_resource_policy", "policy", Document(Resource)),
    ("aws_xray_resource_policy", "policy_document", Document(Resource)),
];

/// A resource whose policy may be set by a resource of its own: the state of the first then repeats what the second
/// says, and in a plan what the second said before.
#[derive(Clone, Copy, Debug)]
pub(super) struct Echo {
    /// The attributes of the resource that name it.
    pub names: &'static [&'static str],
    /// The type that sets the policy.
    pub setter: &'static str,
}

/// The setter of the policies of a resource type, if it has one.
pub(super) fn echo(resource_type: &str) -> Option<Echo> {
    let at = ECHOES.binary_search_by_key(&resource_type, |(name, ..)| *name).ok()?;
    let &(_, names, setter, _) = &ECHOES[at];
    Some(Echo { names, setter })
}

/// The attribute that names the resource whose policy is set by a resource of this type.
pub(super) fn target(resource_type: &str) -> Option<&'static str> {
    ECHOES.iter().find(|(_, _, setter, _)| *setter == resource_type).map(|(.., target)| *target)
}

/// Sorted by type.
#[rustfmt::skip]
const ECHOES: &[(&str, &[&str], &str, &str)] = &[
    ("aws_api_gateway_rest_api", &["id"], "aws_api_gateway_rest_api_policy", "rest_api_id"),
    ("aws_elasticsearch_domain", &["domain_name"], "aws_elasticsearch_domain_policy", "domain_name"),
    ("aws_iam_role", &["name", "id"], "aws_iam_role_policy", "role"),
    ("aws_kms_key", &["key_id", "arn"], "aws_kms_key_policy", "key_id"),
    ("aws_opensearch_domain", &["domain_name"], "aws_opensearch_domain_policy", "domain_name"),
    ("aws_s3_access_point", &["arn"], "aws_s3control_access_point_policy", "access_point_arn"),
    ("aws_s3_bucket", &["bucket", "id", "arn"], "aws_s3_bucket_policy", "bucket"),
    ("aws_secretsmanager_secret", &["arn", "id"], "aws_secretsmanager_secret_policy", "secret_arn"),
    ("aws_sns_topic", &["arn"], "aws_sns_topic_policy", "arn"),
    ("aws_sqs_queue", &["url", "id"], "aws_sqs_queue_policy", "queue_url"),
    ("aws_vpc_endpoint", &["id"], "aws_vpc_endpoint_policy", "vpc_endpoint_id"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted_and_name_each_attribute_once() {
        assert!(TABLE.windows(2).all(|pair| (pair[0].0, pair[0].1) < (pair[1].0, pair[1].1) || pair[0].0 == pair[1].0));
        assert!(TABLE.is_sorted_by(|a, b| a.0 <= b.0));
        for (at, row) in TABLE.iter().enumerate() {
            assert!(TABLE[..at].iter().all(|other| (other.0, other.1) != (row.0, row.1)), "{row:?}");
        }
        assert!(ECHOES.is_sorted_by(|a, b| a.0 < b.0));
    }

    #[test]
    fn the_main_policy_of_a_role_is_its_trust() {
        let found: Vec<_> = carriers("aws_iam_role").map(|carrier| (carrier.path, carrier.is_main)).collect();
        assert_eq!(found, [("assume_role_policy", true), ("inline_policy[].policy", false)]);
        assert_eq!(carriers("aws_iot_policy").count(), 0);
        assert_eq!(carriers("aws_s3control_multi_region_access_point_policy").filter(|one| one.is_main).count(), 0);
    }

    #[test]
    fn what_echoes_and_its_setter_both_hold_policies() {
        for (echo, _, setter, _) in ECHOES {
            assert!(carriers(echo).next().is_some() && carriers(setter).next().is_some(), "{echo}");
        }
        assert_eq!(target("aws_iam_role_policy"), Some("role"));
        assert_eq!(echo("aws_s3_bucket").map(|echo| echo.setter), Some("aws_s3_bucket_policy"));
    }
}
