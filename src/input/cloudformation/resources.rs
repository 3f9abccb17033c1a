//! Which properties of which resource types hold IAM policies.
//!
//! From the AWS CloudFormation User Guide, Template reference.

use crate::site::PolicyKind::{self, Identity, Resource, Session, Trust};

/// A property that holds policies.
#[derive(Clone, Copy, Debug)]
pub(super) struct Carrier {
    /// Its path below `Properties`; `[]` goes through a list and `{}` through the members of an object.
    pub path: &'static str,
    /// How the property's value is to be read.
    pub shape: Shape,
}

/// How the value of a property is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// A policy document: an object, or a string of JSON.
    Document(PolicyKind),
    /// Statements without a document around them.
    Statements(PolicyKind),
    /// One of SAM's `Policies`: a policy document, or a name or policy template, which hold nothing of the user's.
    SamPolicy,
    /// A policy document of AWS Organizations; `Type` tells the kind.
    Organizations,
    /// SAM's `ResourcePolicy` of an API: statements, and lists that SAM makes statements of.
    ApiStatements,
    /// The text of a template that is deployed from here.
    Template,
}

use Shape::Document;

/// The properties of a resource type that hold policies. The first is the resource's main policy.
pub(super) fn carriers(resource_type: &str) -> impl Iterator<Item = Carrier> {
    let from = TABLE.partition_point(|(name, _, _)| *name < resource_type);
    TABLE[from..]
        .iter()
        .take_while(move |(name, _, _)| *name == resource_type)
        .map(|&(_, path, shape)| Carrier { path, shape })
}

/// Whether the policies of a resource type are written in a language other than IAM's.
pub(super) fn has_own_language(resource_type: &str) -> bool {
    ["AWS::IoT::", "AWS::VerifiedPermissions::", "AWS::EC2::VerifiedAccess", "AWS::NetworkManager::CoreNetwork"]
        .iter()
        .any(|start| resource_type.starts_with(start))
}

/// Sorted by type.
#[rustfmt::skip]
const TABLE: &[(&str, &str, Shape)] = &[
    ("AWS::ApiGateway::DomainNameV2", "Policy", Document(Resource)),
    ("AWS::ApiGateway::RestApi", "Policy", Document(Resource)),
    ("AWS::ApiGateway::RestApi", "Body.x-amazon-apigateway-policy", Document(Resource)),
    ("AWS::Backup::BackupVault", "AccessPolicy", Document(Resource)),
    ("AWS::Backup::LogicallyAirGappedBackupVault", "AccessPolicy", Document(Resource)),
    ("AWS::CloudFormation::StackSet", "TemplateBody", Shape::Template),
    ("AWS::CloudTrail::ResourcePolicy", "ResourcePolicy", Document(Resource)),
    ("AWS::CodeArtifact::Domain", "PermissionsPolicyDocument", Document(Resource)),
    ("AWS::CodeArtifact::Repository", "PermissionsPolicyDocument", Document(Resource)),
    ("AWS::DynamoDB::GlobalTable", "Replicas[].ResourcePolicy.PolicyDocument", Document(Resource)),
    ("AWS::DynamoDB::GlobalTable", "Replicas[].ReplicaStreamSpecification.ResourcePolicy.PolicyDocument", Document(Resource)),
    ("AWS::DynamoDB::Table", "ResourcePolicy.PolicyDocument", Document(Resource)),
    ("AWS::DynamoDB::Table", "StreamSpecification.ResourcePolicy.PolicyDocument", Document(Resource)),
    ("AWS::EC2::VPCEndpoint", "PolicyDocument", Document(Resource)),
    ("AWS::ECR::PublicRepository", "RepositoryPolicyText", Document(Resource)),
    ("AWS::ECR::RegistryPolicy", "PolicyText", Document(Resource)),
    ("AWS::ECR::Repository", "RepositoryPolicyText", Document(Resource)),
    ("AWS::ECR::RepositoryCreationTemplate", "RepositoryPolicy", Document(Resource)),
    ("AWS::EFS::FileSystem", "FileSystemPolicy", Document(Resource)),
    ("AWS::Elasticsearch::Domain", "AccessPolicies", Document(Resource)),
    ("AWS::EventSchemas::RegistryPolicy", "Policy", Document(Resource)),
    ("AWS::Events::EventBus", "Policy", Document(Resource)),
    ("AWS::Events::EventBusPolicy", "Statement", Shape::Statements(Resource)),
    ("AWS::IAM::Group", "Policies[].PolicyDocument", Document(Identity)),
    ("AWS::IAM::GroupPolicy", "PolicyDocument", Document(Identity)),
    ("AWS::IAM::ManagedPolicy", "PolicyDocument", Document(Identity)),
    ("AWS::IAM::Policy", "PolicyDocument", Document(Identity)),
    ("AWS::IAM::Role", "AssumeRolePolicyDocument", Document(Trust)),
    ("AWS::IAM::Role", "Policies[].PolicyDocument", Document(Identity)),
    ("AWS::IAM::RolePolicy", "PolicyDocument", Document(Identity)),
    ("AWS::IAM::User", "Policies[].PolicyDocument", Document(Identity)),
    ("AWS::IAM::UserPolicy", "PolicyDocument", Document(Identity)),
    ("AWS::KMS::Key", "KeyPolicy", Document(Resource)),
    ("AWS::KMS::ReplicaKey", "KeyPolicy", Document(Resource)),
    ("AWS::Kinesis::ResourcePolicy", "ResourcePolicy", Document(Resource)),
    ("AWS::Lex::ResourcePolicy", "Policy", Document(Resource)),
    ("AWS::Logs::Destination", "DestinationPolicy", Document(Resource)),
    ("AWS::Logs::LogGroup", "ResourcePolicyDocument", Document(Resource)),
    ("AWS::Logs::ResourcePolicy", "PolicyDocument", Document(Resource)),
    ("AWS::MSK::ClusterPolicy", "Policy", Document(Resource)),
    ("AWS::MediaPackageV2::ChannelPolicy", "Policy", Document(Resource)),
    ("AWS::MediaPackageV2::OriginEndpointPolicy", "Policy", Document(Resource)),
    ("AWS::MediaStore::Container", "Policy", Document(Resource)),
    ("AWS::OpenSearchService::Domain", "AccessPolicies", Document(Resource)),
    ("AWS::Organizations::Policy", "Content", Shape::Organizations),
    ("AWS::Organizations::ResourcePolicy", "Content", Document(Resource)),
    ("AWS::Redshift::Cluster", "NamespaceResourcePolicy", Document(Resource)),
    ("AWS::RedshiftServerless::Namespace", "NamespaceResourcePolicy", Document(Resource)),
    ("AWS::RolesAnywhere::Profile", "SessionPolicy", Document(Session)),
    ("AWS::S3::AccessPoint", "Policy", Document(Resource)),
    ("AWS::S3::BucketPolicy", "PolicyDocument", Document(Resource)),
    ("AWS::S3::MultiRegionAccessPointPolicy", "Policy", Document(Resource)),
    ("AWS::S3Express::AccessPoint", "Policy", Document(Resource)),
    ("AWS::S3Express::BucketPolicy", "PolicyDocument", Document(Resource)),
    ("AWS::S3ObjectLambda::AccessPointPolicy", "PolicyDocument", Document(Resource)),
    ("AWS::S3Outposts::AccessPoint", "Policy", Document(Resource)),
    ("AWS::S3Outposts::BucketPolicy", "PolicyDocument", Document(Resource)),
    ("AWS::S3Tables::TableBucketPolicy", "ResourcePolicy", Document(Resource)),
    ("AWS::S3Tables::TablePolicy", "ResourcePolicy", Document(Resource)),
    ("AWS::SNS::TopicInlinePolicy", "PolicyDocument", Document(Resource)),
    ("AWS::SNS::TopicPolicy", "PolicyDocument", Document(Resource)),
    ("AWS::SQS::QueueInlinePolicy", "PolicyDocument", Document(Resource)),
    ("AWS::SQS::QueuePolicy", "PolicyDocument", Document(Resource)),
    ("AWS::SSM::ResourcePolicy", "Policy", Document(Resource)),
    ("AWS::SSO::PermissionSet", "InlinePolicy", Document(Identity)),
    ("AWS::SageMaker::ModelPackageGroup", "ModelPackageGroupPolicy", Document(Resource)),
    ("AWS::SecretsManager::ResourcePolicy", "ResourcePolicy", Document(Resource)),
    ("AWS::Serverless::Api", "Auth.ResourcePolicy", Shape::ApiStatements),
    ("AWS::Serverless::Api", "DefinitionBody.x-amazon-apigateway-policy", Document(Resource)),
    ("AWS::Serverless::Function", "AssumeRolePolicyDocument", Document(Trust)),
    ("AWS::Serverless::Function", "Policies[]", Shape::SamPolicy),
    ("AWS::Serverless::Function", "Events{}.Properties.Auth.ResourcePolicy", Shape::ApiStatements),
    ("AWS::Serverless::StateMachine", "Policies[]", Shape::SamPolicy),
    ("AWS::Transfer::User", "Policy", Document(Session)),
    ("AWS::VpcLattice::AuthPolicy", "Policy", Document(Resource)),
    ("AWS::VpcLattice::ResourcePolicy", "Policy", Document(Resource)),
    ("AWS::XRay::ResourcePolicy", "PolicyDocument", Document(Resource)),
];

/// Resource types whose `Ref` is their ARN.
const REF_IS_ARN: &[&str] = &[
    "AWS::CertificateManager::Certificate",
    "AWS::ECS::Service",
    "AWS::ECS::TaskDefinition",
    "AWS::ElasticLoadBalancingV2::LoadBalancer",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::OIDCProvider",
    "AWS::IAM::SAMLProvider",
    "AWS::Lambda::Alias",
    "AWS::Lambda::Version",
    "AWS::SNS::Topic",
    "AWS::SecretsManager::Secret",
    "AWS::Serverless::StateMachine",
    "AWS::StepFunctions::StateMachine",
];

/// Whether `Ref` of a resource of this type is its ARN.
pub(super) fn ref_is_arn(resource_type: &str) -> bool {
    REF_IS_ARN.binary_search(&resource_type).is_ok()
}

/// Whether `Fn::GetAtt` with this attribute is the ARN of the resource itself, such as `Arn` or a topic's `TopicArn`.
/// What a custom resource or a nested stack returns is up to its author.
pub(super) fn attribute_is_arn(resource_type: &str, attribute: &str) -> bool {
    let Some((service, name)) = resource_type.strip_prefix("AWS::").and_then(|rest| rest.split_once("::")) else {
        return false;
    };
    service != "CloudFormation" && attribute.strip_suffix("Arn").is_some_and(|of| of.is_empty() || of == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted() {
        assert!(TABLE.is_sorted_by(|a, b| a.0 <= b.0));
        assert!(REF_IS_ARN.is_sorted());
    }

    #[test]
    fn the_main_policy_of_a_role_is_its_trust() {
        let paths: Vec<_> = carriers("AWS::IAM::Role").map(|carrier| carrier.path).collect();
        assert_eq!(paths, ["AssumeRolePolicyDocument", "Policies[].PolicyDocument"]);
        assert_eq!(carriers("AWS::IoT::Policy").count(), 0);
    }

    #[test]
    fn attributes_that_are_arns() {
        assert!(attribute_is_arn("AWS::IAM::Role", "Arn"));
        assert!(attribute_is_arn("AWS::SNS::Topic", "TopicArn"));
        assert!(!attribute_is_arn("AWS::IAM::Role", "RoleId"));
        assert!(!attribute_is_arn("Custom::Thing", "Arn"));
        assert!(!attribute_is_arn("AWS::CloudFormation::CustomResource", "Arn"));
    }
}
