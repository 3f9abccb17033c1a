//! What both versions of a policy say in the same words is taken away before anything is searched: that changes no answer.

use super::engine::{allows, read, size};
use super::generate::{Rng, policy_json, request};
use iamlint::access::analysis::compare::{Sure, compare};
use iamlint::access::analysis::difference::gained;
use iamlint::access::analysis::residue::residue;
use iamlint::access::decide::eval::evaluate;
use iamlint::access::{Answer, Estate, Proof};
use iamlint::policy::{Policy, Statement, Truth, principal};
use iamlint::site::PolicyKind;
use iamlint::value::{Domain, Hole, Text};

fn sort(answer: &Answer) -> &'static str {
    match answer {
        Answer::Yes(_) => "yes",
        Answer::Never(_) => "never",
        Answer::Possibly { .. } => "possibly",
        Answer::Undecided(_) => "undecided",
    }
}

/// The answers for two versions as they are, and for what is left of them.
fn both_ways(old: &Policy, new: &Policy, kind: PolicyKind) -> (Answer, Answer) {
    let ask = |old: &Policy, new: &Policy| gained(old, new, kind, &Estate::default());
    let left = residue(old, new, kind).expect("every statement is shown");
    let whole = ask(old, new);
    if left.grants_nothing() {
        return (whole, Answer::Never(Proof::default()));
    }
    let reduced = ask(&left.old, &left.new);
    if let Answer::Yes(witness) = &reduced {
        let decide = |policy: &Policy| allows(&evaluate(policy, kind, &witness.request));
        assert_eq!((decide(new), decide(old)), (Truth::Yes, Truth::No), "{witness:#?}\n{old:#?}\n{new:#?}");
    }
    (whole, reduced)
}

/// What is taken away may make an answer certain, and never another one.
fn check(old: &Policy, new: &Policy, kind: PolicyKind, texts: &str, tally: &mut [usize; 4]) {
    let (whole, reduced) = both_ways(old, new, kind);
    let (before, after) = (sort(&whole), sort(&reduced));
    let is_surer = before == "possibly" && after == "never";
    assert!(before == after || is_surer, "{before} became {after}\n{texts}");
    // The same part by part, each with what it can meet.
    if tally.iter().sum::<usize>() % 3 == 0 {
        let parts = compare(Some(old), Some(new), kind).gained;
        match before {
            "never" => assert_ne!(parts.answer, Sure::Yes, "{parts:#?}\n{texts}"),
            "yes" => assert_eq!(parts.answer, Sure::Yes, "{parts:#?}\n{texts}"),
            _ => {}
        }
        for example in parts.examples.iter().filter(|example| example.certain) {
            let decide = |policy: &Policy| allows(&evaluate(policy, kind, &example.request));
            assert_eq!((decide(new), decide(old)), (Truth::Yes, Truth::No), "{example:#?}\n{texts}");
        }
    }
    tally[["yes", "never", "possibly", "undecided"].iter().position(|name| *name == after).expect("a sort")] += 1;
}

/// Both versions with the same principals not known, each of them taken for what it is.
fn with_holes(rng: &mut Rng, policies: [&mut Policy; 2]) {
    let known: Vec<Text> = policies
        .iter()
        .flat_map(|policy| &policy.statements)
        .flat_map(Statement::listed_principals)
        .map(|entry| entry.text.clone())
        .collect();
    if known.is_empty() || !rng.chance(30) {
        return;
    }
    let hidden = known[rng.below(known.len())].clone();
    let hole =
        Hole { name: "X".into(), why: "a parameter", domain: Domain::Text, default: hidden.known().map(str::to_owned) };
    let statements = policies.into_iter().flat_map(|policy| &mut policy.statements);
    let entries = statements.flat_map(|statement| &mut statement.principals).flat_map(|list| &mut list.entries);
    for entry in entries.filter(|entry| entry.text == hidden) {
        entry.text = Text::hole(hole.clone(), entry.text.span);
        entry.kind = principal::classify(&entry.text, entry.member);
    }
}

/// A copy of a policy in which some members of lists are gone, some statements are taken apart, and some are gone.
fn changed(rng: &mut Rng, policy: &Policy) -> Policy {
    let mut policy = policy.clone();
    policy.statements.retain(|_| !rng.chance(15));
    for statement in policy.statements.clone() {
        let entries = statement.listed_principals().len();
        if entries > 1 && rng.chance(40) {
            let mut one = statement.clone();
            one.principals.iter_mut().for_each(|list| list.entries.truncate(1));
            policy.statements.push(one);
        }
    }
    for statement in &mut policy.statements {
        statement.principals.iter_mut().filter(|list| list.entries.len() > 1).for_each(|list| {
            list.entries.remove(rng.below(list.entries.len()));
        });
        for list in statement.actions.iter_mut().chain(&mut statement.resources) {
            if list.items.len() > 1 && rng.chance(30) {
                list.items.remove(rng.below(list.items.len()));
            }
        }
    }
    policy.statements.iter_mut().enumerate().for_each(|(at, statement)| statement.index = at);
    policy
}

#[test]
fn equal_parts_of_trust_policies_change_no_answer() {
    let mut rng = Rng::new(31);
    let mut tally = [0; 4];
    for round in 0..size(60, 5_000) {
        let (first, other) = (policy_json(&mut rng), policy_json(&mut rng));
        let mut old = read(&first);
        let mut new = changed(&mut rng, &old);
        with_holes(&mut rng, [&mut old, &mut new]);
        if round % 3 == 0 {
            let more = read(&other);
            new.statements.extend(more.statements);
            new.statements.iter_mut().enumerate().for_each(|(at, statement)| statement.index = at);
        }
        let texts = format!("{first}\n{other}\nround {round}");
        check(&old, &new, PolicyKind::Trust, &texts, &mut tally);
        check(&new, &old, PolicyKind::Trust, &texts, &mut tally);
        if residue(&old, &new, PolicyKind::Trust).is_some_and(|left| left.grants_nothing()) {
            for _ in 0..20 {
                let request = request(&mut rng, &first);
                let decide = |policy: &Policy| allows(&evaluate(policy, PolicyKind::Trust, &request));
                assert!(!(decide(&new) == Truth::Yes && decide(&old) == Truth::No), "{request:?}\n{texts}");
            }
        }
    }
    println!("yes, never, possibly, undecided: {tally:?}");
    assert!(tally[0] > 20 && tally[1] > 50, "{tally:?}");
}

/// A random policy of permissions over few words, so that versions have many of them in common.
fn permissions(rng: &mut Rng) -> String {
    let words = |rng: &mut Rng, all: &[&str]| {
        let some: Vec<String> = (0..1 + rng.below(4)).map(|_| format!("{:?}", rng.pick(all))).collect();
        some.join(",")
    };
    let actions =
        ["s3:GetObject", "s3:Get*", "S3:PutObject", "s3:*", "ec2:Run*", "*", "ec2:RunInstances", "s3:?etObject"];
    let resources = [
        "*",
        "arn:aws:s3:::a/*",
        "arn:aws:s3:::a/b",
        "arn:aws:s3:::b/*",
        "arn:aws:s3:::${aws:username}/*",
        "arn:aws:ec2:*:*:instance/*",
        "arn:aws:s3:::a?/x",
    ];
    let conditions = [
        "{}",
        "{}",
        r#"{"StringEquals":{"aws:PrincipalTag/x":["1","2"]}}"#,
        r#"{"StringEquals":{"aws:principaltag/x":["2","1"]}}"#,
        r#"{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#,
        r#"{"StringLike":{"s3:prefix":"a*"}}"#,
    ];
    let statements: Vec<String> = (0..1 + rng.below(4))
        .map(|_| {
            let effect = if rng.chance(25) { "Deny" } else { "Allow" };
            let not = |rng: &mut Rng| if rng.chance(12) { "Not" } else { "" };
            format!(
                r#"{{"Effect":"{effect}","{}Action":[{}],"{}Resource":[{}],"Condition":{}}}"#,
                not(rng),
                words(rng, &actions),
                not(rng),
                words(rng, &resources),
                rng.pick(&conditions)
            )
        })
        .collect();
    let version = if rng.chance(90) { "2012-10-17" } else { "2008-10-17" };
    format!(r#"{{"Version":"{version}","Statement":[{}]}}"#, statements.join(","))
}

#[test]
fn equal_parts_of_permissions_change_no_answer() {
    let mut rng = Rng::new(32);
    let mut tally = [0; 4];
    for round in 0..size(250, 20_000) {
        let (first, other) = (permissions(&mut rng), permissions(&mut rng));
        let old = read(&first);
        let new = if round % 2 == 0 { read(&other) } else { changed(&mut rng, &old) };
        let texts = format!("{first}\n{other}\nround {round}");
        for kind in [PolicyKind::Identity, PolicyKind::Boundary] {
            check(&old, &new, kind, &texts, &mut tally);
            check(&new, &old, kind, &texts, &mut tally);
        }
    }
    println!("yes, never, possibly, undecided: {tally:?}");
    assert!(tally[0] > 100 && tally[1] > 100, "{tally:?}");
}
