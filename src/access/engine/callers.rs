//! The caller as one structured dimension.
//!
//! Every test of the caller, in `Principal` or on a key that follows from the caller, is read field by field: first by
//! the caller's kind, then by the account, and only what is left of its patterns then goes to the text automaton.
//! Most tests end before that.

use super::atoms::{Overflow, text_atoms};
use super::bits::Bits;
use super::pattern::{Class, Element, Pattern};
use crate::access::request::Caller;
use std::collections::BTreeSet;

/// The kinds of caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each is the caller of that name")]
pub enum Kind {
    User,
    Role,
    Root,
    FederatedUser,
    Service,
    Oidc,
    Saml,
    Anonymous,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 8] = [
        Kind::User,
        Kind::Role,
        Kind::Root,
        Kind::FederatedUser,
        Kind::Service,
        Kind::Oidc,
        Kind::Saml,
        Kind::Anonymous,
    ];
    /// The kinds that live in an account.
    pub const AWS: [Kind; 4] = [Kind::User, Kind::Role, Kind::Root, Kind::FederatedUser];

    /// The kind of a caller.
    pub fn of(caller: &Caller) -> Kind {
        match caller {
            Caller::User { .. } => Kind::User,
            Caller::Role { .. } => Kind::Role,
            Caller::Root { .. } => Kind::Root,
            Caller::FederatedUser { .. } => Kind::FederatedUser,
            Caller::Service(_) => Kind::Service,
            Caller::Oidc(_) => Kind::Oidc,
            Caller::Saml(_) => Kind::Saml,
            Caller::Anonymous => Kind::Anonymous,
        }
    }
}

/// Keys whose value follows from the caller (IAM User Guide, "AWS global condition context keys").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Derived {
    /// `aws:PrincipalArn`.
    Arn,
    /// `aws:PrincipalAccount`.
    Account,
    /// `aws:PrincipalType`.
    Type,
    /// `aws:username`.
    Username,
    /// `aws:PrincipalIsAWSService`.
    IsService,
    /// `aws:PrincipalServiceName`.
    ServiceName,
}

/// Whether callers of a kind have a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Has {
    /// Always.
    Always,
    /// Never.
    Never,
    /// AWS does not say.
    Unverified,
}

impl Derived {
    /// The key of this name.
    pub fn of(key: &str) -> Option<Derived> {
        const KEYS: [(&str, Derived); 6] = [
            ("aws:PrincipalArn", Derived::Arn),
            ("aws:PrincipalAccount", Derived::Account),
            ("aws:PrincipalType", Derived::Type),
            ("aws:username", Derived::Username),
            ("aws:PrincipalIsAWSService", Derived::IsService),
            ("aws:PrincipalServiceName", Derived::ServiceName),
        ];
        KEYS.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, derived)| *derived)
    }

    /// Whether callers of a kind have the key.
    pub fn presence(self, kind: Kind) -> Has {
        let aws = Kind::AWS.contains(&kind);
        match self {
            Derived::Arn | Derived::Account | Derived::Type if aws => Has::Always,
            Derived::Arn if kind != Kind::Service => Has::Never,
            Derived::Arn | Derived::Account | Derived::Type => Has::Unverified,
            Derived::Username if kind == Kind::User => Has::Always,
            Derived::Username => Has::Never,
            Derived::IsService if aws || kind == Kind::Service => Has::Always,
            Derived::IsService => Has::Unverified,
            Derived::ServiceName if kind == Kind::Service => Has::Always,
            Derived::ServiceName => Has::Never,
        }
    }
}

/// A test on the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// A caller of one of these kinds.
    Kinds(&'static [Kind]),
    /// A caller of the account that the pattern matches.
    Account(Pattern),
    /// A user whose ARN the pattern matches.
    User(Pattern),
    /// A session of a role whose ARN some pattern matches.
    Role(Vec<Pattern>),
    /// A session, by the account, the bare name of the role and the session's name.
    Session {
        /// The account.
        account: Pattern,
        /// `NAME#SESSION`.
        tail: Pattern,
    },
    /// The federated user with this ARN.
    FederatedUser(Pattern),
    /// A service whose host the pattern matches.
    Service(Pattern),
    /// A token of a provider whose ARN or host the pattern matches.
    Oidc(Pattern),
    /// An assertion of a provider whose ARN the pattern matches.
    Saml(Pattern),
    /// A caller who has the key, with a value that some pattern matches.
    Key(Derived, Vec<Pattern>),
}

/// What is left of a test when kind and account are known.
enum Rest {
    No,
    Yes,
    /// Patterns for the rest of the caller's text.
    Tail(Vec<Pattern>),
}

/// A representative caller and the truth of each test.
#[derive(Clone, Debug)]
pub struct CallerAtom {
    /// The representative.
    pub caller: Caller,
    /// Its kind.
    pub kind: Kind,
    /// The tests that hold for it.
    pub truth: Bits,
}

/// All callers that some test can tell apart.
#[derive(Clone, Debug, Default)]
pub struct Callers {
    /// The atoms; callers of different accounts are never one atom.
    pub atoms: Vec<CallerAtom>,
    /// Accounts that no test and no configuration names.
    pub strangers: Vec<String>,
}

/// The base patterns of what follows the account in a caller's text.
fn base(kind: Kind, sessions: bool) -> Vec<Pattern> {
    let path =
        || Pattern(vec![Element { class: Class::Path, star: true }, Element { class: Class::Name, star: false }]);
    match kind {
        Kind::Role if sessions => {
            vec![path().then(&Pattern::exactly("#")).then(&Pattern::at_least(2, Class::Name))]
        }
        Kind::User | Kind::Role => vec![path()],
        // A host or ARN may have any form: partitions have their own suffixes.
        Kind::Service | Kind::Oidc | Kind::Saml | Kind::Root | Kind::FederatedUser | Kind::Anonymous => Vec::new(),
    }
}

impl Callers {
    /// Find the atoms. `accounts` are those that configuration or a question names.
    pub fn build(tests: &[Who], accounts: &[String]) -> Result<Callers, Overflow> {
        let mut callers = Callers::default();
        let sessions = tests.iter().any(|test| matches!(test, Who::Session { .. }));
        for partition in partitions(tests) {
            let (list, strangers) = account_atoms(tests, &partition, accounts)?;
            for account in &list {
                for kind in [Kind::User, Kind::Role, Kind::Root] {
                    callers.add(tests, kind, &partition, account, sessions)?;
                }
            }
            callers.strangers.extend(strangers);
        }
        for federated in tests.iter().filter_map(|test| match test {
            Who::FederatedUser(pattern) => pattern.only_text(),
            _ => None,
        }) {
            if let Some(caller @ Caller::FederatedUser { .. }) = Caller::parse(&federated) {
                let truth = Bits::of(tests.len(), |index| tests[index].holds(&caller));
                callers.atoms.push(CallerAtom { kind: Kind::FederatedUser, caller, truth });
            }
        }
        for kind in [Kind::Service, Kind::Oidc, Kind::Saml, Kind::Anonymous] {
            callers.add(tests, kind, "", "", sessions)?;
        }
        Ok(callers)
    }

    fn add(
        &mut self,
        tests: &[Who],
        kind: Kind,
        partition: &str,
        account: &str,
        sessions: bool,
    ) -> Result<(), Overflow> {
        let mut always = Bits::none(tests.len());
        let mut open: Vec<(usize, Vec<Pattern>)> = Vec::new();
        for (index, test) in tests.iter().enumerate() {
            match test.rest(kind, partition, account, sessions) {
                Rest::No => {}
                Rest::Yes => always.insert(index),
                Rest::Tail(patterns) => open.push((index, patterns)),
            }
        }
        let base = base(kind, sessions);
        if open.is_empty() && !matches!(kind, Kind::Service | Kind::Oidc | Kind::Saml) {
            let tail = if sessions && kind == Kind::Role { "someone#session" } else { "someone" };
            self.atoms.push(CallerAtom { caller: caller(kind, partition, account, tail), kind, truth: always });
            return Ok(());
        }
        let groups: Vec<&[Pattern]> = open.iter().map(|(_, patterns)| patterns.as_slice()).collect();
        for (text, truth) in text_atoms(&base, &groups)? {
            let text = if truth.is_empty() { usual(kind, sessions, &text, &groups) } else { text };
            let mut all = always.clone();
            truth.iter().for_each(|at| all.insert(open[at].0));
            self.atoms.push(CallerAtom { caller: caller(kind, partition, account, &text), kind, truth: all });
        }
        Ok(())
    }

    /// The atoms whose caller satisfies a predicate on the kind and the account, the only things that are safe to ask of
    /// a representative.
    pub fn select(&self, test: impl Fn(Kind, Option<&str>) -> bool) -> Bits {
        Bits::of(self.atoms.len(), |index| {
            let atom = &self.atoms[index];
            test(atom.kind, atom.caller.account())
        })
    }
}

/// A better name for the caller that no test matches.
fn usual(kind: Kind, sessions: bool, text: &str, groups: &[&[Pattern]]) -> String {
    let nicer = match kind {
        Kind::User => "someone",
        Kind::Role if sessions => "someone#session",
        Kind::Role => "someone",
        Kind::Service => "example.amazonaws.com",
        Kind::Oidc => "arn:aws:iam::999999999999:oidc-provider/issuer.example",
        Kind::Saml => "arn:aws:iam::999999999999:saml-provider/example",
        Kind::Root | Kind::FederatedUser | Kind::Anonymous => text,
    };
    let same = !groups.iter().flat_map(|group| group.iter()).any(|pattern| pattern.matches(nicer));
    if same { nicer.to_owned() } else { text.to_owned() }
}

fn caller(kind: Kind, partition: &str, account: &str, tail: &str) -> Caller {
    let (partition, account) = (partition.to_owned(), account.to_owned());
    match kind {
        Kind::User => Caller::User { partition, account, name: tail.to_owned() },
        Kind::Role => {
            let (name, session) = tail.split_once('#').unwrap_or((tail, "session"));
            Caller::Role { partition, account, name: name.to_owned(), session: session.to_owned() }
        }
        Kind::Root => Caller::Root { partition, account },
        Kind::FederatedUser => Caller::FederatedUser { partition, account, name: tail.to_owned() },
        Kind::Service => Caller::Service(tail.to_owned()),
        Kind::Oidc => Caller::Oidc(tail.to_owned()),
        Kind::Saml => Caller::Saml(tail.to_owned()),
        Kind::Anonymous => Caller::Anonymous,
    }
}

/// The patterns of a test that are matched against an ARN of IAM.
fn arn_patterns(test: &Who) -> &[Pattern] {
    match test {
        Who::User(pattern) => std::slice::from_ref(pattern),
        Who::Role(patterns) | Who::Key(Derived::Arn, patterns) => patterns,
        Who::Kinds(_)
        | Who::Account(_)
        | Who::Session { .. }
        | Who::FederatedUser(_)
        | Who::Service(_)
        | Who::Oidc(_)
        | Who::Saml(_)
        | Who::Key(..) => &[],
    }
}

/// The patterns of a test that are matched against an account id.
fn account_patterns(test: &Who) -> &[Pattern] {
    match test {
        Who::Account(pattern) | Who::Session { account: pattern, .. } => std::slice::from_ref(pattern),
        Who::Key(Derived::Account, patterns) => patterns,
        Who::Kinds(_)
        | Who::User(_)
        | Who::Role(_)
        | Who::FederatedUser(_)
        | Who::Service(_)
        | Who::Oidc(_)
        | Who::Saml(_)
        | Who::Key(..) => &[],
    }
}

/// The partitions that the tests name; trust never crosses from one to another, so others do not matter.
fn partitions(tests: &[Who]) -> BTreeSet<String> {
    let named = tests.iter().flat_map(arn_patterns).filter_map(|pattern| {
        let prefix = pattern.fixed_prefix();
        let (partition, _) = prefix.strip_prefix("arn:")?.split_once(':')?;
        Some(partition.to_owned())
    });
    let mut named: BTreeSet<String> = named.filter(|name| crate::aws::partitions::is_partition(name)).collect();
    if named.is_empty() {
        named.insert("aws".to_owned());
    }
    named
}

/// The accounts that tests can tell apart, with those among them that nobody names.
fn account_atoms(tests: &[Who], partition: &str, named: &[String]) -> Result<(Vec<String>, Vec<String>), Overflow> {
    let before = format!("arn:{partition}:iam::");
    let mut literals: BTreeSet<String> = named.iter().cloned().collect();
    let mut globs: BTreeSet<Pattern> = BTreeSet::new();
    let mut see = |pattern: Pattern| {
        let digits: String = pattern.fixed_prefix().chars().take_while(char::is_ascii_digit).collect();
        if digits.len() == 12 {
            literals.insert(digits);
        } else {
            globs.extend(digit_prefixes(&pattern));
        }
    };
    for test in tests {
        arn_patterns(test).iter().flat_map(|pattern| pattern.rests(&before)).for_each(&mut see);
        account_patterns(test).iter().cloned().for_each(&mut see);
        if let Who::FederatedUser(pattern) = test {
            pattern.rests(&format!("arn:{partition}:sts::")).into_iter().for_each(&mut see);
        }
    }
    let globs: Vec<Pattern> = globs.into_iter().collect();
    let exact: Vec<Pattern> = literals.iter().map(|literal| Pattern::exactly(literal)).collect();
    let groups: Vec<&[Pattern]> = exact.iter().chain(&globs).map(std::slice::from_ref).collect();
    let base = [Pattern(vec![Element { class: Class::Digit, star: false }; 12])];
    let mut list = Vec::new();
    let mut strangers = Vec::new();
    for (account, _) in text_atoms(&base, &groups)? {
        if !literals.contains(&account) {
            strangers.push(account.clone());
        }
        list.push(account);
    }
    Ok((list, strangers))
}

/// The beginnings of a pattern that digits alone can match: which of them do, decides what is left of the pattern after
/// an account id.
fn digit_prefixes(pattern: &Pattern) -> impl Iterator<Item = Pattern> + '_ {
    let digits = pattern.0.iter().take_while(|element| element.star || ('0'..='9').any(|c| element.class.takes(c)));
    (1..=digits.count()).map(|to| Pattern(pattern.0[..to].to_vec()))
}

impl Who {
    /// Whether the test holds for a caller.
    pub fn holds(&self, caller: &Caller) -> bool {
        let kind = Kind::of(caller);
        let any = |patterns: &[Pattern], text: Option<String>| {
            text.is_some_and(|text| patterns.iter().any(|pattern| pattern.matches(&text)))
        };
        let account = || caller.account().map(str::to_owned);
        match self {
            Who::Kinds(kinds) => kinds.contains(&kind),
            Who::Account(pattern) => any(std::slice::from_ref(pattern), account()),
            Who::User(pattern) => kind == Kind::User && any(std::slice::from_ref(pattern), caller.principal_arn()),
            Who::Role(patterns) => kind == Kind::Role && any(patterns, caller.principal_arn()),
            Who::FederatedUser(pattern) => {
                kind == Kind::FederatedUser && any(std::slice::from_ref(pattern), caller.principal_arn())
            }
            Who::Session { account: own, tail } => match caller {
                Caller::Role { account, name, session, .. } => {
                    let bare = name.rsplit_once('/').map_or(name.as_str(), |(_, bare)| bare);
                    own.matches(account) && tail.matches(&format!("{bare}#{session}"))
                }
                _ => false,
            },
            Who::Service(pattern) => matches!(caller, Caller::Service(host) if pattern.matches(host)),
            Who::Oidc(pattern) => matches!(caller, Caller::Oidc(provider) if pattern.matches(provider)),
            Who::Saml(pattern) => matches!(caller, Caller::Saml(provider) if pattern.matches(provider)),
            Who::Key(key, patterns) => any(patterns, value(*key, caller)),
        }
    }

    fn rest(&self, kind: Kind, partition: &str, account: &str, sessions: bool) -> Rest {
        let known = |holds: bool| if holds { Rest::Yes } else { Rest::No };
        let aws = Kind::AWS.contains(&kind);
        match self {
            Who::Kinds(kinds) => known(kinds.contains(&kind)),
            Who::Account(pattern) => known(aws && pattern.matches(account)),
            Who::User(pattern) if kind == Kind::User => {
                arn_rest(std::slice::from_ref(pattern), kind, partition, account, sessions)
            }
            Who::Role(patterns) if kind == Kind::Role => arn_rest(patterns, kind, partition, account, sessions),

            Who::Key(Derived::Arn, patterns) if aws => arn_rest(patterns, kind, partition, account, sessions),
            Who::Session { account: own, tail } if kind == Kind::Role && own.matches(account) => {
                let path = Pattern(vec![
                    Element { class: Class::Path, star: true },
                    Element { class: Class::Lit('/'), star: false },
                ]);
                Rest::Tail(vec![tail.clone(), path.then(tail)])
            }
            Who::Service(pattern) if kind == Kind::Service => Rest::Tail(vec![pattern.clone()]),
            Who::Oidc(pattern) if kind == Kind::Oidc => Rest::Tail(vec![pattern.clone()]),
            Who::Saml(pattern) if kind == Kind::Saml => Rest::Tail(vec![pattern.clone()]),
            Who::Key(Derived::ServiceName, patterns) if kind == Kind::Service => Rest::Tail(patterns.clone()),
            Who::Key(Derived::Username, patterns) if kind == Kind::User => Rest::Tail(usernames(patterns)),
            // What is left does not depend on the name.
            Who::Key(Derived::Account | Derived::Type | Derived::IsService, _) => {
                known(self.holds(&caller(kind, partition, account, "x")))
            }
            Who::User(_)
            | Who::Role(_)
            | Who::Session { .. }
            | Who::FederatedUser(_)
            | Who::Service(_)
            | Who::Oidc(_)
            | Who::Saml(_)
            | Who::Key(Derived::Arn | Derived::ServiceName | Derived::Username, _) => Rest::No,
        }
    }
}

/// The value of a derived key; `None` where it is absent or not known.
fn value(key: Derived, caller: &Caller) -> Option<String> {
    let kind = Kind::of(caller);
    match key {
        Derived::Arn => caller.principal_arn(),
        Derived::Account => caller.account().map(str::to_owned),
        Derived::Type => {
            let name = match kind {
                Kind::User => "User",
                Kind::Role => "AssumedRole",
                Kind::Root => "Account",
                Kind::FederatedUser => "FederatedUser",
                Kind::Service | Kind::Oidc | Kind::Saml | Kind::Anonymous => return None,
            };
            Some(name.to_owned())
        }
        Derived::Username => match caller {
            Caller::User { name, .. } => Some(name.rsplit_once('/').map_or(name.as_str(), |(_, bare)| bare).to_owned()),
            _ => None,
        },
        Derived::IsService => {
            let known = kind == Kind::Service || Kind::AWS.contains(&kind);
            known.then(|| (kind == Kind::Service).to_string())
        }
        Derived::ServiceName => match caller {
            Caller::Service(host) => Some(host.clone()),
            _ => None,
        },
    }
}

/// What is left of ARN patterns after partition, account and sort of a caller.
fn arn_rest(patterns: &[Pattern], kind: Kind, partition: &str, account: &str, sessions: bool) -> Rest {
    let sort = match kind {
        Kind::User => "user/",
        Kind::Role => "role/",
        Kind::Root => "root",
        _ => return Rest::No,
    };
    let before = format!("arn:{partition}:iam::{account}:{sort}");
    let mut tails = Vec::new();
    for pattern in patterns {
        if kind == Kind::Root {
            if pattern.matches(&before) {
                return Rest::Yes;
            }
            continue;
        }
        for rest in pattern.rests(&before) {
            if rest.is_everything() {
                return Rest::Yes;
            }
            let session = sessions && kind == Kind::Role;
            tails.push(if session { rest.then(&Pattern::exactly("#")).then(&Pattern::everything()) } else { rest });
        }
    }
    if tails.is_empty() { Rest::No } else { Rest::Tail(tails) }
}

/// Patterns for a user's name, as patterns for path and name: a wildcard must not take a slash of the path.
fn usernames(patterns: &[Pattern]) -> Vec<Pattern> {
    let path =
        Pattern(vec![Element { class: Class::Path, star: true }, Element { class: Class::Lit('/'), star: false }]);
    let within = |pattern: &Pattern| {
        let held = |element: &Element| match element.class {
            Class::Any | Class::NoColon => Element { class: Class::NoSlash, star: element.star },
            _ => *element,
        };
        Pattern(pattern.0.iter().map(held).collect())
    };
    patterns.iter().map(within).flat_map(|pattern| [pattern.clone(), path.clone().then(&pattern)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::engine::pattern::Syntax;

    fn arn(text: &str) -> Pattern {
        Pattern::compile(Syntax::Arn, text).expect("six fields")
    }

    /// The truth of each atom is what its representative says, and each kind of caller in the list has its atom.
    fn check(tests: &[Who], callers: &[&str]) {
        let built = Callers::build(tests, &["555555555555".to_owned()]).expect("small");
        for atom in &built.atoms {
            let told = Bits::of(tests.len(), |index| tests[index].holds(&atom.caller));
            assert_eq!(atom.truth, told, "{:?}", atom.caller);
        }
        for text in callers {
            let caller = Caller::parse(text).expect("a caller");
            let truth = Bits::of(tests.len(), |index| tests[index].holds(&caller));
            let found = built.atoms.iter().any(|atom| atom.kind == Kind::of(&caller) && atom.truth == truth);
            assert!(found, "{text} has no atom");
        }
    }

    #[test]
    fn atoms_cover_callers() {
        let star = || Pattern::glob("arn:aws:iam::*:role/*Deploy*");
        let tests = [
            Who::Account(Pattern::exactly("111122223333")),
            Who::User(Pattern::exactly("arn:aws:iam::111122223333:user/team/alice")),
            Who::Role(vec![Pattern::exactly("arn:aws:iam::444455556666:role/App")]),
            Who::Session { account: Pattern::exactly("444455556666"), tail: Pattern::exactly("App#one") },
            Who::Key(Derived::Arn, vec![arn("arn:aws:iam::*:role/Deploy"), arn("arn:aws:iam::4444*:user/*")]),
            Who::Key(Derived::Arn, vec![star()]),
            Who::Key(Derived::Account, vec![Pattern::glob("1*"), Pattern::glob("*9")]),
            Who::Key(Derived::Username, vec![Pattern::glob("al*e")]),
            Who::Key(Derived::Type, vec![Pattern::exactly("User")]),
            Who::Key(Derived::IsService, vec![Pattern::exactly("true")]),
            Who::Key(Derived::ServiceName, vec![Pattern::glob("ec2*")]),
            Who::Service(Pattern::exactly("ec2.amazonaws.com")),
            Who::Service(Pattern::exactly("lambda.amazonaws.com")),
        ];
        check(
            &tests,
            &[
                "arn:aws:iam::111122223333:user/team/alice",
                "arn:aws:iam::111122223333:user/alice/x",
                "arn:aws:iam::111122223333:user/bob",
                "arn:aws:iam::111122223333:root",
                "arn:aws:iam::444455556666:role/App",
                "arn:aws:sts::444455556666:assumed-role/App/one",
                "arn:aws:sts::444455556666:assumed-role/Deploy/one",
                "arn:aws:iam::444499999999:user/alice",
                "arn:aws:iam::199999999999:role/Deploy",
                "arn:aws:iam::199999999999:role/x/Deployer",
                "arn:aws:iam::222222222222:role/App",
                "arn:aws:iam::555555555555:root",
                "ec2.amazonaws.com",
                "ec2-x.amazonaws.com",
                "lambda.amazonaws.com",
                "s3.amazonaws.com",
            ],
        );
    }

    #[test]
    fn plain_policies_have_few_atoms() {
        let callers = Callers::build(&[Who::Account(Pattern::exactly("111122223333"))], &[]).expect("small");
        // Two accounts with three kinds each, and one of each kind without an account.
        assert_eq!(callers.atoms.len(), 10);
        assert_eq!(callers.strangers, ["999999999999"]);
    }
}
