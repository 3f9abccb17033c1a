//! The atoms of callers.
//!
//! Every test of the caller, in `Principal` or on a key that follows from the caller, is read field by field: first by
//! the caller's kind, then by the account, and only what is left of its patterns then goes to the text automaton.
//! Most tests end before that. A part of a test that names one account is looked at for that account only, and what is
//! left of the tests is walked once, however many accounts have it.

use super::atoms::text_atoms;
use super::automaton::TextAtom;
use super::bits::Bits;
use super::callers::{CallerAtom, Callers, Derived, Kind, Who};
use super::pattern::{Class, Element, Pattern};
use super::work::{Overflow, Work};
use crate::access::request::Caller;
use std::collections::BTreeSet;

/// A part of a test: the test holds where one of its parts does.
#[derive(Clone, Copy)]
enum Part<'t> {
    /// Callers of these kinds.
    Kinds(&'t [Kind]),
    /// Callers of an account.
    Account(&'t Pattern),
    /// Callers of this kind, of every kind that has an account if there is none, by their ARN.
    Arn(Option<Kind>, &'t Pattern),
    /// Sessions by account and `NAME#SESSION`.
    Session(&'t Pattern, &'t Pattern),
    /// Callers of this kind by all that names them.
    Host(Kind, &'t Pattern),
    /// Users by their bare name.
    Username(&'t Pattern),
    /// What kind and account decide.
    Settled(&'t Who),
}

/// The parts of a test; none for one that no caller of these kinds satisfies.
fn parts_of(test: &Who) -> Vec<Part<'_>> {
    let one = |part| vec![part];
    match test {
        Who::Kinds(kinds) => one(Part::Kinds(kinds)),
        Who::Account(pattern) => one(Part::Account(pattern)),
        Who::User(pattern) => one(Part::Arn(Some(Kind::User), pattern)),
        Who::Role(patterns) => patterns.iter().map(|pattern| Part::Arn(Some(Kind::Role), pattern)).collect(),
        Who::Session { account, tail } => one(Part::Session(account, tail)),
        Who::FederatedUser(_) => Vec::new(),
        Who::Service(pattern) => one(Part::Host(Kind::Service, pattern)),
        Who::Oidc(pattern) => one(Part::Host(Kind::Oidc, pattern)),
        Who::Saml(pattern) => one(Part::Host(Kind::Saml, pattern)),
        Who::Key(Derived::Arn, patterns) => patterns.iter().map(|pattern| Part::Arn(None, pattern)).collect(),
        Who::Key(Derived::Account, patterns) => patterns.iter().map(Part::Account).collect(),
        Who::Key(Derived::ServiceName, patterns) => {
            patterns.iter().map(|pattern| Part::Host(Kind::Service, pattern)).collect()
        }
        Who::Key(Derived::Username, patterns) => patterns.iter().map(Part::Username).collect(),
        Who::Key(Derived::Type | Derived::IsService, _) => one(Part::Settled(test)),
    }
}

/// The digits of an account id.
type Account = [u8; 12];

impl Part<'_> {
    /// The only account whose callers can satisfy it, if it names one.
    fn account(self) -> Option<Account> {
        match self {
            Part::Account(pattern) | Part::Session(pattern, _) => digits(&mut pattern.letters()),
            Part::Arn(_, pattern) => {
                let mut letters = pattern.letters();
                // `arn:PARTITION:iam::` and whatever stands there instead in a pattern for nobody.
                (0..4).all(|_| letters.any(|c| c == ':')).then(|| digits(&mut letters)).flatten()
            }
            Part::Kinds(_) | Part::Host(..) | Part::Username(_) | Part::Settled(_) => None,
        }
    }
}

fn digits(letters: &mut impl Iterator<Item = char>) -> Option<Account> {
    let mut account = [0; 12];
    for digit in &mut account {
        *digit = letters.next().filter(char::is_ascii_digit)? as u8;
    }
    Some(account)
}

/// All parts of all tests, with those at hand that matter to the callers of one account.
struct Parts<'t> {
    all: Vec<(usize, Part<'t>)>,
    /// The parts that name an account, in the order of accounts and then of tests.
    named: Vec<(Account, usize)>,
    /// The others, in the order of tests.
    everywhere: Vec<usize>,
}

impl<'t> Parts<'t> {
    fn new(tests: &'t [Who]) -> Self {
        let mut parts = Parts { all: Vec::with_capacity(tests.len()), named: Vec::new(), everywhere: Vec::new() };
        for (test, who) in tests.iter().enumerate() {
            for part in parts_of(who) {
                match part.account() {
                    Some(account) => parts.named.push((account, parts.all.len())),
                    None => parts.everywhere.push(parts.all.len()),
                }
                parts.all.push((test, part));
            }
        }
        parts.named.sort_unstable();
        parts
    }

    /// The parts that callers of an account can satisfy, in the order of tests.
    fn of(&self, account: &str) -> Vec<(usize, Part<'t>)> {
        let named = match Account::try_from(account.as_bytes()) {
            Ok(own) => {
                let from = self.named.partition_point(|(known, _)| *known < own);
                let to = from + self.named[from..].partition_point(|(known, _)| *known == own);
                &self.named[from..to]
            }
            Err(_) => &[],
        };
        let mut found: Vec<usize> = named.iter().map(|(_, at)| *at).chain(self.everywhere.iter().copied()).collect();
        found.sort_unstable();
        found.into_iter().map(|at| self.all[at]).collect()
    }
}

/// Callers of one kind and account: what a part is held against.
struct Place<'p> {
    kind: Kind,
    account: &'p str,
    /// The ARN up to the name; all of it for a root user.
    before: String,
    /// Whether a role's text has the name of the session behind it.
    sessions: bool,
    partition: &'p str,
}

impl Place<'_> {
    /// Whether all callers of the place satisfy a part. If only some do, what their text must match is put in `tails`.
    fn satisfies(&self, part: Part<'_>, tails: &mut Vec<Pattern>) -> bool {
        let aws = Kind::AWS.contains(&self.kind);
        match part {
            Part::Kinds(kinds) => kinds.contains(&self.kind),
            Part::Account(pattern) => aws && pattern.matches(self.account),
            Part::Arn(kind, pattern) if aws && kind.is_none_or(|kind| kind == self.kind) => self.arn(pattern, tails),
            Part::Session(account, tail) if self.kind == Kind::Role && account.matches(self.account) => {
                tails.extend([tail.clone(), path().then(tail)]);
                false
            }
            Part::Host(kind, pattern) if kind == self.kind => {
                tails.push(pattern.clone());
                false
            }
            Part::Username(pattern) if self.kind == Kind::User => {
                tails.extend(username(pattern));
                false
            }
            // It does not depend on the name.
            Part::Settled(test) => test.holds(&caller(self.kind, self.partition, self.account, "x")),
            Part::Arn(..) | Part::Session(..) | Part::Host(..) | Part::Username(_) => false,
        }
    }

    fn arn(&self, pattern: &Pattern, tails: &mut Vec<Pattern>) -> bool {
        if self.kind == Kind::Root {
            return pattern.matches(&self.before);
        }
        for rest in pattern.rests(&self.before) {
            if rest.is_everything() {
                return true;
            }
            let session = self.sessions && self.kind == Kind::Role;
            tails.push(if session { rest.then(&Pattern::exactly("#")).then(&Pattern::everything()) } else { rest });
        }
        false
    }
}

/// The tests that hold for some callers of a place, each with what their text must match.
type Open = Vec<(usize, Vec<Pattern>)>;

/// Collects the atoms.
struct Build<'t> {
    tests: &'t [Who],
    parts: Parts<'t>,
    sessions: bool,
    /// What was walked: for a kind and its open tests, each text with the tests that hold for it.
    walks: Vec<(Kind, Open, Vec<TextAtom>)>,
    atoms: Vec<CallerAtom>,
}

impl Callers {
    /// Find the atoms. `accounts` are those that configuration or a question names.
    pub fn build(tests: &[Who], accounts: &[String], work: &mut Work) -> Result<Callers, Overflow> {
        let sessions = tests.iter().any(|test| matches!(test, Who::Session { .. }));
        let mut build = Build { tests, parts: Parts::new(tests), sessions, walks: Vec::new(), atoms: Vec::new() };
        let mut all_strangers = Vec::new();
        for partition in partitions(tests) {
            let (list, strangers) = account_atoms(tests, &partition, accounts, work)?;
            for account in &list {
                let parts = build.parts.of(account);
                for kind in [Kind::User, Kind::Role, Kind::Root] {
                    build.add(&parts, kind, &partition, account, work)?;
                }
            }
            all_strangers.extend(strangers);
        }
        for federated in tests.iter().filter_map(|test| match test {
            Who::FederatedUser(pattern) => pattern.only_text(),
            _ => None,
        }) {
            if let Some(caller @ Caller::FederatedUser { .. }) = Caller::parse(&federated) {
                work.spend(tests.len() * 16)?;
                let truth = Bits::of(tests.len(), |index| tests[index].holds(&caller));
                build.atoms.push(CallerAtom { kind: Kind::FederatedUser, caller, truth });
            }
        }
        let parts = build.parts.of("");
        for kind in [Kind::Service, Kind::Oidc, Kind::Saml, Kind::Anonymous] {
            build.add(&parts, kind, "", "", work)?;
        }
        Ok(Callers { atoms: build.atoms, strangers: all_strangers })
    }
}

impl<'t> Build<'t> {
    fn add(
        &mut self,
        parts: &[(usize, Part<'t>)],
        kind: Kind,
        partition: &str,
        account: &str,
        work: &mut Work,
    ) -> Result<(), Overflow> {
        let sort = match kind {
            Kind::User => "user/",
            Kind::Role => "role/",
            _ => "root",
        };
        let before = format!("arn:{partition}:iam::{account}:{sort}");
        let place = Place { kind, account, before, sessions: self.sessions, partition };
        work.spend(64 + parts.len() * 16 + self.tests.len() / 8)?;
        let mut always = Bits::none(self.tests.len());
        let mut open: Open = Vec::new();
        for parts in parts.chunk_by(|a, b| a.0 == b.0) {
            let Some((test, _)) = parts.first() else { continue };
            let mut tails = Vec::new();
            if parts.iter().any(|(_, part)| place.satisfies(*part, &mut tails)) {
                always.insert(*test);
            } else if !tails.is_empty() {
                work.spend(tails.iter().map(|tail| tail.0.len()).sum())?;
                open.push((*test, tails));
            }
        }
        if open.is_empty() && !matches!(kind, Kind::Service | Kind::Oidc | Kind::Saml) {
            let tail = if self.sessions && kind == Kind::Role { "someone#session" } else { "someone" };
            self.atoms.push(CallerAtom { caller: caller(kind, partition, account, tail), kind, truth: always });
            return Ok(());
        }
        // Without the names of sessions, a role's text is like a user's.
        let like = if kind == Kind::Role && !self.sessions { Kind::User } else { kind };
        let known = self.walks.iter().position(|(of, tests, _)| *of == like && *tests == open);
        work.spend(self.walks.len() * 4)?;
        let walk = match known {
            Some(known) => known,
            None => {
                let texts = self.texts(kind, &open, work)?;
                self.walks.push((like, open, texts));
                self.walks.len() - 1
            }
        };
        let texts = &self.walks[walk].2;
        work.spend(texts.len() * (32 + self.tests.len() / 16))?;
        for (text, truth) in texts {
            let truth = always.clone().or(truth);
            self.atoms.push(CallerAtom { caller: caller(kind, partition, account, text), kind, truth });
        }
        Ok(())
    }

    /// The texts of callers of a kind that the open tests tell apart, each with the tests that hold for it.
    fn texts(&self, kind: Kind, open: &Open, work: &mut Work) -> Result<Vec<(String, Bits)>, Overflow> {
        let groups: Vec<&[Pattern]> = open.iter().map(|(_, patterns)| patterns.as_slice()).collect();
        let mut texts = Vec::new();
        for (text, truth) in text_atoms(&base(kind, self.sessions), &groups, work)? {
            let text = if truth.is_empty() { usual(kind, self.sessions, text, &groups) } else { text };
            let mut all = Bits::none(self.tests.len());
            truth.iter().for_each(|at| all.insert(open[at].0));
            texts.push((text, all));
        }
        Ok(texts)
    }
}

/// The base patterns of what follows the account in a caller's text.
fn base(kind: Kind, sessions: bool) -> Vec<Pattern> {
    let name =
        || Pattern(vec![Element { class: Class::Path, star: true }, Element { class: Class::Name, star: false }]);
    match kind {
        Kind::Role if sessions => {
            vec![name().then(&Pattern::exactly("#")).then(&Pattern::at_least(2, Class::Name))]
        }
        Kind::User | Kind::Role => vec![name()],
        // A host or ARN may have any form: partitions have their own suffixes.
        Kind::Service | Kind::Oidc | Kind::Saml | Kind::Root | Kind::FederatedUser | Kind::Anonymous => Vec::new(),
    }
}

/// A better name for the caller that no test matches.
fn usual(kind: Kind, sessions: bool, text: String, groups: &[&[Pattern]]) -> String {
    let nicer = match kind {
        Kind::User => "someone",
        Kind::Role if sessions => "someone#session",
        Kind::Role => "someone",
        Kind::Service => "example.amazonaws.com",
        Kind::Oidc => "arn:aws:iam::999999999999:oidc-provider/issuer.example",
        Kind::Saml => "arn:aws:iam::999999999999:saml-provider/example",
        Kind::Root | Kind::FederatedUser | Kind::Anonymous => return text,
    };
    let same = !groups.iter().flat_map(|group| group.iter()).any(|pattern| pattern.matches(nicer));
    if same { nicer.to_owned() } else { text }
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

/// A path that ends before a name.
fn path() -> Pattern {
    Pattern(vec![Element { class: Class::Path, star: true }, Element { class: Class::Lit('/'), star: false }])
}

/// A pattern for a user's name, as patterns for path and name: a wildcard must not take a slash of the path.
fn username(pattern: &Pattern) -> [Pattern; 2] {
    let held = |element: &Element| match element.class {
        Class::Any | Class::NoColon => Element { class: Class::NoSlash, star: element.star },
        _ => *element,
    };
    let name = Pattern(pattern.0.iter().map(held).collect());
    [path().then(&name), name]
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
        let mut letters = pattern.letters();
        if !"arn:".chars().all(|c| letters.next() == Some(c)) {
            return None;
        }
        let mut partition = String::new();
        loop {
            match letters.next()? {
                ':' => return Some(partition),
                c => partition.push(c),
            }
        }
    });
    let mut named: BTreeSet<String> = named.filter(|name| crate::aws::partitions::is_partition(name)).collect();
    if named.is_empty() {
        named.insert("aws".to_owned());
    }
    named
}

/// The accounts that tests can tell apart, with those among them that nobody names.
fn account_atoms(
    tests: &[Who],
    partition: &str,
    named: &[String],
    work: &mut Work,
) -> Result<(Vec<String>, Vec<String>), Overflow> {
    let before = format!("arn:{partition}:iam::");
    let mut literals: BTreeSet<String> = named.iter().cloned().collect();
    let mut globs: BTreeSet<Pattern> = BTreeSet::new();
    let mut see = |pattern: &[Element]| {
        let letters = pattern.iter().map_while(|element| element.letter());
        let digits: String = letters.take_while(char::is_ascii_digit).take(13).collect();
        if digits.len() == 12 {
            literals.insert(digits);
        } else {
            globs.extend(digit_prefixes(pattern));
        }
    };
    let begins = |pattern: &Pattern| pattern.letters().take(before.len()).eq(before.chars());
    for test in tests {
        for pattern in arn_patterns(test) {
            match pattern.0.get(before.len()..) {
                // One rest, which need not be kept.
                Some(rest @ [Element { star: false, .. }, ..]) if begins(pattern) => see(rest),
                _ => pattern.rests(&before).iter().for_each(|rest| see(&rest.0)),
            }
        }
        account_patterns(test).iter().for_each(|pattern| see(&pattern.0));
        if let Who::FederatedUser(pattern) = test {
            pattern.rests(&format!("arn:{partition}:sts::")).iter().for_each(|rest| see(&rest.0));
        }
    }
    let base = [Pattern(vec![Element { class: Class::Digit, star: false }; 12])];
    let unnamed = |globs: &BTreeSet<Pattern>| {
        // Where no glob tells one account from another there is one beside those that are named.
        let all_hold = !globs.is_empty() && globs.iter().all(holds_for_digits);
        all_hold.then(|| unnamed_account(&literals)).filter(|account| !literals.contains(account))
    };
    if let Some(unnamed) = unnamed(&globs) {
        work.spend(literals.len() * 16)?;
        let strangers = vec![unnamed.clone()];
        let literals = literals.into_iter().filter(|literal| base[0].matches(literal));
        return Ok((std::iter::once(unnamed).chain(literals).collect(), strangers));
    }
    let globs: Vec<Pattern> = globs.into_iter().collect();
    let exact: Vec<Pattern> = literals.iter().map(|literal| Pattern::exactly(literal)).collect();
    let groups: Vec<&[Pattern]> = exact.iter().chain(&globs).map(std::slice::from_ref).collect();
    let mut list = Vec::new();
    let mut strangers = Vec::new();
    for (account, _) in text_atoms(&base, &groups, work)? {
        if !literals.contains(&account) {
            strangers.push(account.clone());
        }
        list.push(account);
    }
    Ok((list, strangers))
}

/// Whether every text of digits matches.
fn holds_for_digits(pattern: &Pattern) -> bool {
    matches!(pattern.0.as_slice(), [Element { class, star: true }] if ('0'..='9').all(|c| class.takes(c)))
}

/// The account that a walk over all accounts finds first beside these: at each place the first digit, from nine down, with
/// which none of them goes on.
fn unnamed_account(named: &BTreeSet<String>) -> String {
    let mut alive: Vec<&[u8]> = named.iter().map(String::as_bytes).collect();
    let mut account = String::new();
    for at in 0..12 {
        let mut taken = [false; 10];
        for digit in alive.iter().filter_map(|one| one.get(at)).filter(|digit| digit.is_ascii_digit()) {
            taken[usize::from(digit - b'0')] = true;
        }
        let free = (0..10_u8).rev().find(|digit| !taken[usize::from(*digit)]).unwrap_or(0) + b'0';
        alive.retain(|one| one.get(at) == Some(&free));
        account.push(char::from(free));
    }
    account
}

/// The beginnings of a pattern that the digits of an account can match: which of them do, decides what is left of the
/// pattern after an account id.
fn digit_prefixes(pattern: &[Element]) -> impl Iterator<Item = Pattern> + '_ {
    let mut taken = 0;
    let digits = pattern.iter().take_while(move |element| {
        taken += usize::from(!element.star);
        taken <= 12 && (element.star || ('0'..='9').any(|c| element.class.takes(c)))
    });
    (1..=digits.count()).map(|to| Pattern(pattern[..to].to_vec()))
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
        let built = Callers::build(tests, &["555555555555".to_owned()], &mut Work::default()).expect("small");
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
        let callers = Callers::build(&[Who::Account(Pattern::exactly("111122223333"))], &[], &mut Work::default())
            .expect("small");
        // Two accounts with three kinds each, and one of each kind without an account.
        assert_eq!(callers.atoms.len(), 10);
        assert_eq!(callers.strangers, ["999999999999"]);
    }
}
