use super::*;
use crate::input::testing::{document, extract};
use crate::site::OwnerAccount;
use serde_json::{Value as Json, json};

fn trust(principal: &str) -> String {
    format!(r#"{{"Statement":[{{"Effect":"Allow","Principal":{{"AWS":"{principal}"}},"Action":"sts:AssumeRole"}}]}}"#)
}

/// An event of IAM in the account 111122223333, at some second.
fn iam(name: &str, second: u8, parameters: Json) -> Json {
    event("iam.amazonaws.com", name, second, parameters)
}

fn event(source: &str, name: &str, second: u8, parameters: Json) -> Json {
    json!({
        "eventVersion": "1.11",
        "userIdentity": {"type": "AssumedRole", "accountId": "111122223333"},
        "eventTime": format!("2026-03-02T08:11:{second:02}Z"),
        "eventSource": source,
        "eventName": name,
        "requestParameters": parameters,
        "responseElements": null,
        "eventID": format!("e{second}"),
        "recipientAccountId": "111122223333",
    })
}

fn update(second: u8, principal: &str) -> Json {
    iam("UpdateAssumeRolePolicy", second, json!({"roleName": "ci", "policyDocument": trust(principal)}))
}

fn create(second: u8, principal: &str) -> Json {
    let parameters = json!({"roleName": "ci", "path": "/build/", "maxSessionDuration": 7200, "maxSigninSessionDuration": 86400, "assumeRolePolicyDocument": trust(principal)});
    let mut event = iam("CreateRole", second, parameters);
    event["responseElements"] =
        json!({"role": {"arn": "arn:aws:iam::111122223333:role/build/ci", "assumeRolePolicyDocument": "%7B%7D"}});
    event
}

fn found(outer: &Json) -> Found<'static> {
    let text = outer.to_string();
    assert_eq!(CloudTrail.detect(document(&text)), Some("has CloudTrail events that set policies"), "{text}");
    extract(&CloudTrail, &text)
}

fn sites(found: &Found<'_>) -> Vec<(String, &'static str)> {
    found.sites.iter().map(|site| (site.address.clone(), site.kind.name())).collect()
}

#[test]
fn an_event_in_everything_that_holds_events() {
    let event = update(1, "*");
    let bridge = json!({"detail-type": "AWS API Call via CloudTrail", "source": "aws.iam", "detail": event});
    for outer in [
        event.clone(),
        json!([event]),
        json!({"Records": [event]}),
        bridge.clone(),
        json!([bridge]),
        json!({"Events": [{"EventId": "e1", "EventName": "UpdateAssumeRolePolicy", "CloudTrailEvent": event.to_string()}]}),
        json!({"events": [{"timestamp": 1, "message": event.to_string()}]}),
        json!({"Type": "Notification", "Message": bridge.to_string()}),
        json!({"Records": [{"Sns": {"Message": bridge.to_string()}}]}),
        json!({"Records": [{"body": json!({"Message": bridge.to_string()}).to_string()}]}),
    ] {
        let found = found(&outer);
        assert_eq!(sites(&found), [("111122223333:role/ci at 2026-03-02T08:11:01Z (event e1)".to_owned(), "trust")]);
        assert_eq!(found.sites[0].owner.account, OwnerAccount::Id("111122223333".into()));
        assert!(found.problems.is_empty() && found.unresolved.is_empty());
        let text = outer.to_string();
        let principal =
            found.sites[0].document.get("Statement").expect("it is there").one_or_many()[0].at(&["Principal", "AWS"]);
        let span = principal.expect("it is there").span;
        assert_eq!(text[span.range()].trim_matches(['"', '\\']), "*", "the place is exact in every wrapping");
    }
}

#[test]
fn the_arn_of_a_role_is_known_once_an_event_shows_it() {
    let found = found(&json!([update(9, "*"), create(1, "x")]));
    let expected = [
        "arn:aws:iam::111122223333:role/build/ci at 2026-03-02T08:11:09Z (event e9)",
        "arn:aws:iam::111122223333:role/build/ci at 2026-03-02T08:11:01Z (event e1)",
    ];
    assert_eq!(sites(&found), expected.map(|address| (address.to_owned(), "trust")));
    let owner = &found.sites[1].owner;
    assert_eq!(owner.max_session_duration.as_ref().and_then(|setting| setting.value.known()), Some("7200"));
    assert_eq!(owner.max_signin_duration.as_ref().and_then(|setting| setting.value.known()), Some("86400"));
    assert_eq!(owner.name.as_ref().and_then(|name| name.known()), Some("ci"));
}

#[test]
fn policies_of_every_sort() {
    let policy = r#"{"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;
    let mut bucket = event(
        "s3.amazonaws.com",
        "PutBucketPolicy",
        4,
        json!({"bucketName": "b", "policy": "", "bucketPolicy": {"Statement": []}}),
    );
    bucket["resources"] = json!([{"accountId": "444455556666", "type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::b"}]);
    let mut scp =
        event("organizations.amazonaws.com", "UpdatePolicy", 8, json!({"policyId": "p-1", "content": policy}));
    scp["responseElements"] = json!({"policy": {"policySummary": {"type": "SERVICE_CONTROL_POLICY"}}});
    let mut tags = scp.clone();
    tags["responseElements"]["policy"]["policySummary"]["type"] = "TAG_POLICY".into();
    let found = found(&json!([
        iam("PutRolePolicy", 1, json!({"roleName": "ci", "policyName": "deploy", "policyDocument": policy})),
        iam("PutUserPolicy", 2, json!({"userName": "ann", "policyName": "own", "policyDocument": policy})),
        iam(
            "CreatePolicyVersion",
            3,
            json!({"policyArn": "arn:aws:iam::111122223333:policy/p", "policyDocument": policy})
        ),
        bucket,
        event(
            "sqs.amazonaws.com",
            "SetQueueAttributes",
            5,
            json!({"queueUrl": "https://q", "attributes": {"Policy": policy}})
        ),
        event(
            "sqs.amazonaws.com",
            "SetQueueAttributes",
            5,
            json!({"queueUrl": "https://q", "attributes": {"DelaySeconds": "1"}})
        ),
        event(
            "sns.amazonaws.com",
            "SetTopicAttributes",
            6,
            json!({"topicArn": "arn:aws:sns:us-east-1:111122223333:t", "attributeName": "Policy", "attributeValue": policy})
        ),
        event(
            "sns.amazonaws.com",
            "SetTopicAttributes",
            6,
            json!({"topicArn": "arn:aws:sns:us-east-1:111122223333:t", "attributeName": "DeliveryPolicy", "attributeValue": "{}"})
        ),
        event("kms.amazonaws.com", "PutKeyPolicy", 7, json!({"keyId": "k", "policyName": "default", "policy": policy})),
        scp,
        tags,
        iam("GetRole", 9, json!({"roleName": "ci"})),
    ]));
    let expected = [
        ("111122223333:role/ci policy/deploy", "identity"),
        ("111122223333:user/ann policy/own", "identity"),
        ("arn:aws:iam::111122223333:policy/p", "identity"),
        ("arn:aws:s3:::b", "resource"),
        ("https://q", "resource"),
        ("arn:aws:sns:us-east-1:111122223333:t", "resource"),
        ("k", "resource"),
        ("p-1", "scp"),
    ];
    let shown: Vec<_> = found
        .sites
        .iter()
        .map(|site| (site.address.split_once(" at ").map_or("", |(owner, _)| owner), site.kind.name()))
        .collect();
    assert_eq!(shown, expected);
    assert_eq!(found.sites[3].owner.account, OwnerAccount::Id("444455556666".into()));
}

#[test]
fn calls_that_failed_and_events_that_show_nothing() {
    let mut denied = update(1, "*");
    denied["errorCode"] = "AccessDenied".into();
    let failed = json!({"Records": [denied]}).to_string();
    assert_eq!(
        CloudTrail.detect(document(&failed)),
        Some("has CloudTrail events that should have set policies, and failed")
    );
    assert!(extract(&CloudTrail, &failed).sites.is_empty());

    let hidden = iam(
        "PutRolePolicy",
        2,
        json!({"roleName": "ci", "policyName": "p", "policyDocument": "HIDDEN_DUE_TO_SECURITY_REASONS"}),
    );
    let found = found(&json!([denied, iam("UpdateAssumeRolePolicy", 3, Json::Null), hidden]));
    assert!(found.sites.is_empty() && found.problems.is_empty());
    let said: Vec<_> = found.unresolved.iter().map(|(_, what)| what.as_str()).collect();
    let expected = [
        "111122223333:role/: the event of 2026-03-02T08:11:03Z does not show it",
        "111122223333:role/ci policy/p: the event of 2026-03-02T08:11:02Z does not show it",
    ];
    assert_eq!(said, expected);
}

#[test]
fn other_files() {
    for text in [
        r#"{"Records": [{"eventName": "GetRole", "eventSource": "iam.amazonaws.com", "requestParameters": {"roleName": "x"}}]}"#,
        r#"{"eventName": "CreateRole", "eventSource": "game", "requestParameters": {}}"#,
        r#"{"events": [{"message": "{\"Statement\": []}"}], "detail": "x"}"#,
        "[1]",
    ] {
        assert!(CloudTrail.detect(document(text)).is_none(), "{text}");
    }
}

/// A pair as the principals of both sides and the address.
type Pair = (Option<String>, Option<String>, String);

/// The pairs in a log, and how many policies stand alone.
fn pairs(events: &Json) -> (Vec<Pair>, usize) {
    let documents = document(&events.to_string());
    let versions = CloudTrail.versions(std::slice::from_ref(documents), Found::default()).expect("it has versions");
    let principal = |found: &Found<'_>, address: &str| {
        let site = found.sites.iter().find(|site| site.address == address)?;
        let value = site.document.get("Statement")?.one_or_many()[0].at(&["Principal", "AWS"])?;
        value.as_str().map(str::to_owned)
    };
    let mut addresses: Vec<&String> =
        versions.old.sites.iter().chain(&versions.new.sites).map(|site| &site.address).collect();
    addresses.sort();
    addresses.dedup();
    let pair =
        |address: &String| (principal(&versions.old, address), principal(&versions.new, address), address.clone());
    (addresses.into_iter().map(pair).collect(), versions.alone)
}

#[test]
fn consecutive_versions_are_paired_in_the_order_of_time() {
    let some = |text: &str| Some(text.to_owned());
    let address = |second: u8| format!("111122223333:role/ci at 2026-03-02T08:11:0{second}Z (event e{second})");
    let expected = (vec![(some("a"), some("b"), address(2)), (some("b"), some("a"), address(3))], 1);
    assert_eq!(pairs(&json!([update(1, "a"), update(2, "b"), update(3, "a")])), expected);
    assert_eq!(pairs(&json!([update(3, "a"), update(1, "a"), update(2, "b")])), expected);
    // Two of the same second: the newest comes first in this file.
    let mut second = update(1, "b");
    second["eventID"] = "later".into();
    let (found, _) = pairs(&json!([update(2, "c"), second, update(1, "a")]));
    assert_eq!(found[0].0.as_deref(), Some("a"));
    assert_eq!(found[0].1.as_deref(), Some("b"));
}

#[test]
fn creation_and_removal() {
    let some = |text: &str| Some(text.to_owned());
    let arn = "arn:aws:iam::111122223333:role/build/ci";
    let delete = iam("DeleteRole", 3, json!({"roleName": "ci"}));
    let (found, alone) = pairs(&json!([create(1, "a"), update(2, "b"), delete, create(4, "c")]));
    let expected = [
        (None, some("a"), format!("{arn} at 2026-03-02T08:11:01Z (event e1)")),
        (some("a"), some("b"), format!("{arn} at 2026-03-02T08:11:02Z (event e2)")),
        (some("b"), None, format!("{arn} at 2026-03-02T08:11:02Z (event e2), removed at 2026-03-02T08:11:03Z")),
        (None, some("c"), format!("{arn} at 2026-03-02T08:11:04Z (event e4)")),
    ];
    assert_eq!((found.as_slice(), alone), (expected.as_slice(), 0));
}

#[test]
fn a_new_role_has_nothing_attached() {
    let put = |second: u8, role: &str, document: &str| {
        iam("PutRolePolicy", second, json!({"roleName": role, "policyName": "p", "policyDocument": document}))
    };
    let (found, alone) = pairs(&json!([create(1, "a"), put(2, "ci", &trust("b")), put(3, "other", &trust("c"))]));
    let address = "arn:aws:iam::111122223333:role/build/ci policy/p at 2026-03-02T08:11:02Z (event e2)";
    assert_eq!((found.len(), alone), (2, 1));
    assert_eq!(found[1], (None, Some("b".to_owned()), address.to_owned()));
    let (found, alone) = pairs(&json!([create(1, "a"), put(2, "ci", "HIDDEN"), put(3, "ci", &trust("c"))]));
    assert_eq!((found.len(), alone), (1, 1), "what came in between is not shown");
}

#[test]
fn a_version_that_is_not_in_force_and_one_that_is_not_shown() {
    let version = |second: u8, principal: &str, default: bool| {
        let parameters = json!({"policyArn": "arn:aws:iam::111122223333:policy/p", "policyDocument": trust(principal), "setAsDefault": default});
        iam("CreatePolicyVersion", second, parameters)
    };
    let (found, alone) = pairs(&json!([version(1, "a", true), version(2, "draft", false), version(3, "b", true)]));
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].0.as_deref(), found[0].1.as_deref(), alone), (Some("a"), Some("b"), 1));

    let chosen = iam(
        "SetDefaultPolicyVersion",
        2,
        json!({"policyArn": "arn:aws:iam::111122223333:policy/p", "versionId": "v1"}),
    );
    let (found, alone) = pairs(&json!([version(1, "a", true), chosen, version(3, "b", true)]));
    assert_eq!((found.len(), alone), (0, 2));
    let hidden = iam("UpdateAssumeRolePolicy", 2, json!({"roleName": "ci", "policyDocument": "HIDDEN"}));
    let (found, alone) = pairs(&json!([update(1, "a"), hidden, update(3, "b")]));
    assert_eq!((found.len(), alone), (0, 2));
}
