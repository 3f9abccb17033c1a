//! Roles whose trust policy AWS or the CDK prescribes: whoever changes it breaks the tool that made them.

use crate::policy::pattern::glob;

/// Names of roles, as patterns, that a tool of AWS assumes by a policy that its guide gives to the letter: whoever calls
/// is a program, and sends no ExternalId.
///
/// Sources: AWS CloudFormation User Guide, "Grant self-managed permissions" and "Activate trusted access" for StackSets;
/// AWS Control Tower User Guide, "Manually add the required IAM role to an existing AWS account"; AWS Organizations User
/// Guide, "Accessing member accounts in an organization"; AWS CDK Developer Guide, "AWS CDK bootstrapping". 2026-12.
const ROLES: [&str; 9] = [
    "AWSCloudFormationStackSetExecutionRole",
    "AWSCloudFormationStackSetAdministrationRole",
    "stacksets-exec-*",
    "AWSControlTowerExecution",
    "OrganizationAccountAccessRole",
    "cdk-*-deploy-role-*",
    "cdk-*-file-publishing-role-*",
    "cdk-*-image-publishing-role-*",
    "cdk-*-lookup-role-*",
];

/// Whether a role of this name has a trust policy that is not its owner's to choose.
pub fn is_prescribed(role: &str) -> bool {
    ROLES.iter().any(|name| glob(name, role))
}

#[cfg(test)]
mod tests {
    use super::is_prescribed;

    #[test]
    fn names_and_patterns() {
        assert!(is_prescribed("AWSControlTowerExecution"));
        assert!(is_prescribed("cdk-hnb659fds-deploy-role-111122223333-eu-west-1"));
        assert!(is_prescribed("cdk-${Qualifier}-lookup-role-${AWS::AccountId}-${AWS::Region}"));
        assert!(!is_prescribed("my-deploy-role-1") && !is_prescribed("cdk-deploy-role"));
    }
}
