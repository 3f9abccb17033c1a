//! Resources, of which some lack fields: what the engine says of two policies fits what the evaluator says of requests.

use super::engine::{read, size};
use super::generate::{OWN_ACCOUNT, Rng};
use iamlint::access::analysis::difference::diff;
use iamlint::access::decide::eval::evaluate;
use iamlint::access::{Answer, Caller, Context, Estate, Reason, Request};
use iamlint::policy::{Policy, Truth};
use iamlint::site::PolicyKind;

const KINDS: [PolicyKind; 5] =
    [PolicyKind::Identity, PolicyKind::Boundary, PolicyKind::Scp, PolicyKind::Session, PolicyKind::Resource];

fn pick(rng: &mut Rng, words: &[&'static str]) -> &'static str {
    words[rng.below(words.len())]
}

/// An ARN pattern of one to six fields, mostly, with a wildcard here and there.
fn pattern(rng: &mut Rng) -> String {
    let fields: [&[&str]; 6] = [
        &["arn", "arn", "arn", "ar*", "*"],
        &["aws", "aws", "*"],
        &["sqs", "s3", "s*", "*"],
        &["", "eu", "*", "*"],
        &["", "111122223333", "*", "${aws:PrincipalAccount}"],
        &["q", "q*", "*", "a:b", "${aws:PrincipalTag/t}"],
    ];
    let count = if rng.chance(25) { 6 } else { 1 + rng.below(6) };
    fields[..count].iter().map(|words| pick(rng, words)).collect::<Vec<_>>().join(":")
}

fn policy(rng: &mut Rng, kind: PolicyKind) -> (String, Policy) {
    let principal = if kind == PolicyKind::Resource { r#""Principal": {"AWS": "*"}, "# } else { "" };
    let statements: Vec<String> = (0..1 + rng.below(2))
        .map(|index| {
            let effect = if index > 0 && rng.chance(50) { "Deny" } else { "Allow" };
            let not = if rng.chance(25) { "Not" } else { "" };
            let list: Vec<String> = (0..1 + rng.below(2)).map(|_| format!("\"{}\"", pattern(rng))).collect();
            let action = pick(rng, &["*", "sts:*", "sts:GetCallerIdentity", "sqs:SendMessage"]);
            format!(
                r#"{{"Effect": "{effect}", {principal}"Action": "{action}", "{not}Resource": [{}]}}"#,
                list.join(", ")
            )
        })
        .collect();
    let version = pick(rng, &["2012-10-17", "2008-10-17"]);
    let text = format!(r#"{{"Version": "{version}", "Statement": [{}]}}"#, statements.join(", "));
    let read = read(&text);
    (text, read)
}

fn request(rng: &mut Rng) -> Request {
    let resource = [
        "arn:aws:sqs:eu:111122223333:q",
        "arn:aws:sqs:eu:111122223333:a:b",
        "arn:aws:s3:::q",
        "arn:aws:s3:::qq:q",
        "arn:aws-cn:sqs:eu:111122223333:q",
        "arn:aws:sqs",
        "*",
    ];
    let action = pick(rng, &["sts:GetCallerIdentity", "sts:GetSessionToken", "sqs:SendMessage", "sqs:x"]);
    let mut context = Context::default();
    if rng.chance(50) {
        context.set("aws:PrincipalTag/t", vec!["q".to_owned()]);
    }
    Request {
        action: action.to_owned(),
        caller: Caller::User { partition: "aws".to_owned(), account: OWN_ACCOUNT.to_owned(), name: "al".to_owned() },
        resource: Some(pick(rng, &resource).to_owned()),
        context,
    }
}

#[test]
fn what_is_gained_fits_every_request() {
    let mut rng = Rng::from_env();
    let (mut yes, mut never, mut possibly) = (0, 0, 0);
    for at in 0..size(400, 5_000) {
        let kind = KINDS[at % KINDS.len()];
        let ((before, old), (after, new)) = (policy(&mut rng, kind), policy(&mut rng, kind));
        let gained = diff(&old, &new, kind, &Estate::default()).gained;
        let truth = |policy: &Policy, request: &Request| evaluate(policy, kind, request).passes();
        match &gained {
            Answer::Yes(witness) => {
                yes += 1;
                let both = (truth(&old, &witness.request), truth(&new, &witness.request));
                assert_eq!(both, (Truth::No, Truth::Yes), "{witness:?}\n{before}\n{after}");
                assert_ne!(witness.request.action.to_ascii_lowercase(), "sts:getcalleridentity", "{after}");
            }
            Answer::Never(_) => never += 1,
            Answer::Possibly { .. } => possibly += 1,
            Answer::Undecided(Reason::Internal) => panic!("the evaluator refuses a request\n{before}\n{after}"),
            Answer::Undecided(_) => {}
        }
        for _ in 0..30 {
            let request = request(&mut rng);
            if gained.is_never() {
                let both = (truth(&old, &request), truth(&new, &request));
                assert_ne!(both, (Truth::No, Truth::Yes), "{kind:?} {request:?}\n{before}\n{after}");
            }
        }
    }
    println!("{yes} yes, {never} never, {possibly} possibly");
    assert!(yes > 50 && never > 50 && possibly > 20, "{yes} yes, {never} never, {possibly} possibly");
}
