//! What the CDK writes: templates that know which construct made each resource, and files beside them.
//!
//! A cloud assembly (`cdk.out`) holds templates, of stacks, nested stacks (`*.nested.template.json`) and stages
//! (`assembly-*/`), and descriptions of itself. From the AWS CDK Developer Guide, "Configure and perform CDK stack
//! synthesis", and the CDK's cloud assembly schema.

use crate::value::Value;

/// The construct that made a resource, as its author wrote it: `Stack/Ci/Role`.
///
/// The last part is the CDK's own where it is `Resource` or `Default`; the CDK leaves both out of the names that it
/// makes for people.
pub(super) fn construct<'a>(resource: &'a Value<'_>) -> Option<&'a str> {
    let path = resource.at(&["Metadata", "aws:cdk:path"])?.as_str()?;
    let written = ["/Resource", "/Default"].iter().find_map(|hidden| path.strip_suffix(hidden)).unwrap_or(path);
    Some(written).filter(|written| !written.is_empty())
}

/// Whether a document describes a cloud assembly or configures the CDK: `manifest.json`, `tree.json`, `*.assets.json`,
/// `cdk.json`. They repeat parts of templates, or name them, and hold no policy of their own.
pub(in super::super) fn is_assembly_file(root: &Value<'_>) -> bool {
    let version = root.get("version").and_then(Value::as_str);
    match version {
        Some(version) if version.starts_with("tree-") => root.get("tree").is_some(),
        Some(_) => root.get("artifacts").is_some() || root.get("files").is_some() && root.get("dockerImages").is_some(),
        None => root.get("app").is_some_and(|app| app.as_str().is_some()) && root.get("context").is_some(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::detect;
    use crate::input::testing::document;

    #[test]
    fn the_construct_of_a_resource() {
        let of = |path: &str| {
            let root = &document(&format!(r#"{{"Metadata": {{"aws:cdk:path": "{path}"}}}}"#)).root;
            construct(root).map(str::to_owned)
        };
        assert_eq!(of("Stack/Ci/Role/Resource").as_deref(), Some("Stack/Ci/Role"));
        assert_eq!(of("Stack/Ci/Default").as_deref(), Some("Stack/Ci"));
        assert_eq!(of("Stack/Ci/MyResource").as_deref(), Some("Stack/Ci/MyResource"));
        assert_eq!(of(""), None);
    }

    #[test]
    fn files_of_an_assembly_hold_no_policy() {
        let policy = r#"{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}], "Version": "2012-10-17"}"#;
        let props = format!(
            r#"{{"Type": "AWS::IAM::Role", "aws:cdk:cloudformation:props": {{"assumeRolePolicyDocument": {policy}}}}}"#
        );
        for text in [
            format!(r#"{{"version": "tree-0.1", "tree": {{"id": "App", "attributes": {props}}}}}"#),
            format!(r#"{{"version": "36.0.0", "artifacts": {{"Stack": {props}}}, "PolicyDocument": {policy}}}"#),
            format!(r#"{{"version": "36.0.0", "files": {{"a": {props}}}, "dockerImages": {{}}}}"#),
            format!(r#"{{"app": "npx ts-node bin/app.ts", "context": {{"policy": {policy}}}}}"#),
        ] {
            assert!(is_assembly_file(&document(&text).root), "{text}");
            assert!(detect(document(&text)).is_none(), "{text}");
        }
        for text in [policy, r#"{"AWSTemplateFormatVersion": "2010-09-09", "Resources": {}}"#, "[]"] {
            assert!(!is_assembly_file(&document(text).root), "{text}");
        }
    }
}
