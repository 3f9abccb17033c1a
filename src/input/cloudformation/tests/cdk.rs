//! Tests of what the CDK writes.

use crate::input::cloudformation::CloudFormation;
use crate::input::testing::extract;
use crate::site::stable_address;

#[test]
fn addresses_name_the_construct() {
    let found = extract(
        &CloudFormation,
        r#"{"Resources": {
            "CiRole1234ABCD": {"Type": "AWS::IAM::Role", "Metadata": {"aws:cdk:path": "Stack/Ci/Role/Resource"},
                "Properties": {"AssumeRolePolicyDocument": {}, "Policies": [{"PolicyName": "p", "PolicyDocument": {}}]}},
            "Plain": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {}}}},
            "Parameters": {"BootstrapVersion": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/cdk"}},
            "Rules": {"CheckBootstrapVersion": {"Assertions": [{"Assert": {"Fn::Not": [
                {"Fn::Contains": [["1"], {"Ref": "BootstrapVersion"}]}]}, "AssertDescription": "x"}]}}}"#,
    );
    let addresses: Vec<_> = found.sites.iter().map(|site| site.address.as_str()).collect();
    assert_eq!(
        addresses,
        [
            "Resources.CiRole1234ABCD (Stack/Ci/Role)",
            "Resources.CiRole1234ABCD.Policies[p] (Stack/Ci/Role)",
            "Resources.Plain"
        ]
    );
    let stable: Vec<_> = addresses.iter().map(|address| stable_address(address)).collect();
    assert_eq!(stable, ["Resources.CiRole1234ABCD", "Resources.CiRole1234ABCD.Policies[p]", "Resources.Plain"]);
}
