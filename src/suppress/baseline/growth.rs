//! What a finding's statement grants beyond what was accepted, with a request that shows it.

use super::Entry;
use crate::access::analysis::compare::{Change, Sure, gained_by};
use crate::access::engine::symbols::in_words;
use crate::access::{self};
use crate::diagnostic::{BaselineState, Diagnostic, Form, Granted};
use crate::policy::{holes, lower, print};
use crate::rules;
use crate::site::{PolicyKind, choice_in_words};
use crate::syntax::{self, Syntax};
use crate::value::{Domain, Kind, Value};
use std::collections::{BTreeMap, BTreeSet};

/// More than was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Growth {
    /// How sure that is.
    pub answer: Sure,
    /// What it depends on, or why it was not found out.
    pub why: Vec<String>,
    /// The conditions of the template under which it is so.
    pub when: Vec<(String, bool)>,
    /// A request that was not accepted.
    pub witness: Option<access::Witness>,
    /// Whether the statement denies, so that it lets the request pass and does not allow it.
    pub passes: bool,
    /// How long sessions may last and how long they might when the finding was accepted, where it is about that.
    pub session: Option<(String, String)>,
}

/// What is granted beyond what an entry of the finding's kind accepts; `None` if it is proved that nothing is.
pub fn growth(entry: &Entry, granted: &Granted, kind: PolicyKind) -> Option<Growth> {
    if entry.session.is_some() || granted.session.is_some() {
        return longer(entry.session.as_deref(), granted.session.as_deref());
    }
    let mut growths = Vec::new();
    for form in &granted.forms {
        let before = entry.forms.iter().filter(|other| can_meet(other, form));
        if !are_covered(form, &entry.forms) {
            growths.push(grown(gained(NOTHING, form, kind), form));
        }
        let changes = before.map(|other| gained(&other.text, form, kind));
        growths.extend(changes.filter(|change| !change.is_nothing()).map(|change| grown(change, form)));
    }
    worst(growths.into_iter())
}

/// The same for what several entries of one key accept together, so that two statements may become one. `None` where they
/// cannot be put together.
pub fn growth_together(accepted: &[&Entry], granted: &Granted, kind: PolicyKind) -> Option<Option<Growth>> {
    let all = together(accepted)?;
    let changes = granted.forms.iter().map(|form| (form, gained_over(&all, form, kind)));
    Some(worst(changes.filter(|(_, change)| !change.is_nothing()).map(|(form, change)| grown(change, form))))
}

/// The access of nobody.
const NOTHING: &str = r#"{"Version": "2012-10-17", "Statement": []}"#;

fn worst(growths: impl Iterator<Item = Growth>) -> Option<Growth> {
    // The first of equals.
    growths.reduce(|worst, growth| if growth.answer > worst.answer { growth } else { worst })
}

fn grown(mut change: Change, form: &Form) -> Growth {
    let example = if change.examples.is_empty() { None } else { Some(change.examples.swap_remove(0)) };
    let passes = example.as_ref().is_some_and(|example| example.statement.is_none());
    let witness = example.map(|example| access::Witness {
        request: example.request,
        absent: example.absent,
        allowed_by: example.statement.and_then(|at| form.statements.get(at)).copied().unwrap_or_default(),
    });
    // Where several ways lead to a form, what they share.
    let mut ways = form.when.iter();
    let shared = ways.next().cloned().unwrap_or_default();
    let when = shared.into_iter().filter(|choice| form.when.iter().all(|way| way.contains(choice))).collect();
    Growth { answer: change.answer, why: change.why, when, witness, passes, session: None }
}

/// Conditions of a template, each with the value it has.
type Way = [(String, bool)];

/// The ways that lead to a form. One that is always in force has one without conditions.
fn ways(form: &Form) -> Vec<&Way> {
    if form.when.is_empty() { vec![&[]] } else { form.when.iter().map(Vec::as_slice).collect() }
}

fn agree(a: &Way, b: &Way) -> bool {
    a.iter().all(|(name, holds)| b.iter().all(|(other, value)| other != name || value == holds))
}

/// Whether both forms can be in force at once.
fn can_meet(a: &Form, b: &Form) -> bool {
    ways(a).iter().any(|a| ways(b).iter().any(|b| agree(a, b)))
}

/// Whether one of these forms is in force wherever this one is.
fn are_covered(form: &Form, forms: &[Form]) -> bool {
    let known: Vec<&Way> = forms.iter().flat_map(ways).collect();
    ways(form).iter().all(|way| is_covered(&mut way.to_vec(), &known, MAX_CONDITIONS))
}

/// Conditions that are told apart; a template that has more is taken to be another one.
const MAX_CONDITIONS: usize = 10;

fn is_covered(way: &mut Vec<(String, bool)>, known: &[&Way], left: usize) -> bool {
    let known: Vec<&Way> = known.iter().copied().filter(|other| agree(other, way)).collect();
    let is_open = |choice: &&(String, bool)| !way.iter().any(|(name, _)| *name == choice.0);
    if known.iter().any(|other| !other.iter().any(|choice| is_open(&choice))) {
        return true;
    }
    let Some((name, _)) = known.iter().flat_map(|other| other.iter()).find(is_open).filter(|_| left > 0) else {
        return false;
    };
    [true, false].into_iter().all(|holds| {
        way.push((name.clone(), holds));
        let covered = is_covered(way, &known, left - 1);
        way.pop();
        covered
    })
}

fn longer(accepted: Option<&str>, today: Option<&str>) -> Option<Growth> {
    let seconds = |text: Option<&str>| text.and_then(|text| text.trim().parse::<i64>().ok());
    let answer = match (seconds(accepted), seconds(today)) {
        _ if accepted == today => return None,
        (Some(accepted), Some(today)) if today <= accepted => return None,
        (Some(_), Some(_)) => Sure::Yes,
        (None, _) | (_, None) => Sure::Possibly,
    };
    let text = |seconds: Option<&str>| seconds.unwrap_or("an unknown number of").to_owned();
    let session = Some((text(today), text(accepted)));
    Some(Growth { answer, why: Vec::new(), when: Vec::new(), witness: None, passes: false, session })
}

/// What a form grants beyond an accepted text.
fn gained(accepted: &str, form: &Form, kind: PolicyKind) -> Change {
    // The same words for what is not known mean the same, so equal texts need no proof.
    if accepted == form.text {
        return Change::NOTHING;
    }
    gained_over(&open(accepted), form, kind)
}

fn gained_over(accepted: &Value<'static>, form: &Form, kind: PolicyKind) -> Change {
    let (mut old, mut new) = (accepted.clone(), open(&form.text));
    leave_out_shared(&mut old, &mut new);
    let mut change = gained_by(&lower(&old), &lower(&new), kind);
    change.redefined(&redefined(&old, &new));
    change
}

/// A text that was printed, as a document. Of one that was not, nothing is known.
fn open(text: &str) -> Value<'static> {
    let parsed = syntax::parse(text, Syntax::Json);
    parsed.documents.first().map(print::restore).unwrap_or_default()
}

fn statements<'v>(document: &'v mut Value<'static>) -> Option<&'v mut Vec<Value<'static>>> {
    let Kind::Map(members) = &mut document.kind else { return None };
    let member = members.iter_mut().find(|member| member.key == "Statement")?;
    match &mut member.value.kind {
        Kind::List(items) => Some(items),
        _ => None,
    }
}

/// Statements that a file does not show are the same on both sides where they have one name, and say nothing about the
/// difference.
fn leave_out_shared(old: &mut Value<'static>, new: &mut Value<'static>) {
    let (Some(old), Some(new)) = (statements(old), statements(new)) else { return };
    let is_unseen = |item: &Value<'static>| item.as_map().is_none();
    let shared: Vec<Value<'static>> =
        old.iter().filter(|item| is_unseen(item) && new.contains(item)).cloned().collect();
    old.retain(|item| !is_unseen(item) || !shared.contains(item));
    new.retain(|item| !is_unseen(item) || !shared.contains(item));
}

/// The names of values that are not known and are defined in one way on one side and in another on the other.
fn redefined(old: &Value<'_>, new: &Value<'_>) -> Vec<String> {
    type Definitions = BTreeMap<String, BTreeSet<String>>;
    let definitions = |document: &Value<'_>| {
        let mut found = Vec::new();
        holes(document, &mut found);
        let mut definitions = Definitions::new();
        for (_, hole) in found {
            // Whether it is a text or anything else depends on where it stands.
            let domain = if hole.domain == Domain::Any { &Domain::Text } else { &hole.domain };
            definitions.entry(hole.name.clone()).or_default().insert(format!("{domain:?} {:?}", hole.default));
        }
        definitions
    };
    let (old, new) = (definitions(old), definitions(new));
    let is_other = |name: &String, ways: &BTreeSet<String>| {
        old.get(name).is_some_and(|before| !before.is_subset(ways) && !ways.is_subset(before))
    };
    new.iter().filter(|(name, ways)| is_other(name, ways)).map(|(name, _)| name.clone()).collect()
}

/// What several entries accept, as one document: their Allow statements beside the Deny statements that all of them have.
fn together(accepted: &[&Entry]) -> Option<Value<'static>> {
    let is_allow = |item: &Value<'static>| item.get("Effect").and_then(Value::as_str) == Some("Allow");
    let mut all: Option<Value<'static>> = None;
    for entry in accepted {
        let [Form { when, text, .. }] = entry.forms.as_slice() else { return None };
        let mut next = open(text);
        let Some(all) = all.as_mut().filter(|_| when.is_empty()) else {
            all = Some(next).filter(|_| when.is_empty() && all.is_none());
            all.as_ref()?;
            continue;
        };
        if all.get("Version") != next.get("Version") {
            return None;
        }
        let (known, more) = (statements(all)?, statements(&mut next)?);
        let others = |items: &[Value<'static>]| -> Vec<Value<'static>> {
            items.iter().filter(|item| !is_allow(item)).cloned().collect()
        };
        if others(known) != others(more) {
            return None;
        }
        let new: Vec<Value<'static>> =
            more.iter().filter(|item| is_allow(item) && !known.contains(item)).cloned().collect();
        known.extend(new);
    }
    all
}

impl Growth {
    /// Say on a finding what it grants beyond what an entry accepts.
    pub fn tell(self, finding: &mut Diagnostic, entry: &Entry) {
        let sure = self.answer == Sure::Yes;
        let allows = match (sure, self.passes) {
            (true, false) => "allows",
            (true, true) => "lets pass",
            (false, false) => "may allow",
            (false, true) => "may let pass",
        };
        finding.message.push_str(&format!("; it {allows} more than was accepted on {}", entry.accepted));
        finding.why = Some(self.words());
        if let Some(witness) = self.witness.as_ref().filter(|_| !self.passes) {
            finding.witness = Some(Box::new(rules::evidence(witness)));
        }
        finding.baseline = Some(BaselineState::Updated);
    }

    /// What was not accepted, in a sentence.
    pub fn words(&self) -> String {
        let why = || self.why.join(" and ");
        let mut words = match (&self.session, &self.witness, self.answer) {
            (Some((today, accepted)), ..) => {
                format!("sessions may last {today} seconds, and {accepted} were accepted")
            }
            (None, Some(witness), answer) => {
                let passes = || {
                    let request = &witness.request;
                    format!("{} by {} is not denied", request.action, in_words(&request.caller.to_string()))
                };
                let request = if self.passes { passes() } else { rules::evidence(witness).to_string() };
                let if_so = if answer == Sure::Yes { String::new() } else { format!(", depending on {}", why()) };
                format!("beyond what was accepted, {request}{if_so}")
            }
            (None, None, Sure::Undecided) => {
                format!("whether more is allowed than was accepted was not found out: {}", why())
            }
            (None, None, _) => format!("whether more is allowed than was accepted depends on {}", why()),
        };
        if !self.when.is_empty() {
            let choices: Vec<String> = self.when.iter().map(choice_in_words).collect();
            words.push_str(&format!(", when {}", choices.join(" and ")));
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{entry, granted};
    use super::*;

    const KIND: PolicyKind = PolicyKind::Trust;

    fn trust(principals: &str) -> String {
        format!(r#"{{"Effect": "Allow", "Principal": {{"AWS": {principals}}}, "Action": "sts:AssumeRole"}}"#)
    }

    /// What today's statements grant beyond those that each of the entries accepts.
    fn over(accepted: &[&str], today: &str) -> Option<(Sure, String)> {
        let entries: Vec<Entry> = accepted.iter().map(|statements| entry(statements)).collect();
        let growth = match entries.as_slice() {
            [entry] => growth(entry, &granted(today), KIND)?,
            all => {
                growth_together(&all.iter().collect::<Vec<_>>(), &granted(today), KIND).expect("they fit together")?
            }
        };
        Some((growth.answer, growth.words()))
    }

    #[test]
    fn less_is_quiet_and_more_is_shown() {
        let (one, two) = (trust(r#""444455556666""#), trust(r#"["444455556666", "777788889999"]"#));
        assert_eq!(over(&[&two], &one), None);
        assert_eq!(over(&[&two], &two), None);
        let (sure, words) = over(&[&one], &two).expect("it grew");
        assert_eq!(sure, Sure::Yes);
        assert!(words.starts_with("beyond what was accepted, sts:AssumeRole by arn:aws:iam::777788889999:"), "{words}");
        assert!(words.ends_with(" is allowed"), "{words}");
    }

    #[test]
    fn what_is_not_known_is_the_same_under_the_same_name() {
        let hole = r#"{"unknown": "Trusted"}"#;
        let (hole_and_one, hole_and_two) = (
            trust(&format!(r#"[{hole}, "444455556666"]"#)),
            trust(&format!(r#"[{hole}, "444455556666", "777788889999"]"#)),
        );
        assert_eq!(over(&[&hole_and_one], &trust(hole)), None);
        assert_eq!(over(&[&hole_and_two], &hole_and_one), None);
        let (sure, words) = over(&[&hole_and_one], &hole_and_two).expect("it may have grown");
        assert!(words.contains("777788889999"), "{words}");
        assert_eq!(sure, Sure::Possibly, "the unknown value may be this very account: {words}");
        let other = trust(r#"{"unknown": "Others"}"#);
        let (sure, words) = over(&[&trust(hole)], &other).expect("it may have grown");
        assert_eq!(sure, Sure::Possibly);
        assert!(words.contains("a value that is not known"), "{words}");
        let defined =
            |default: &str| trust(&format!(r#"{{"unknown": "Trusted", "is": "text", "default": "{default}"}}"#));
        let (sure, words) = over(&[&defined("a")], &defined("b")).expect("it may have grown");
        assert_eq!(sure, Sure::Possibly);
        assert!(words.contains("`Trusted`, which is defined differently"), "{words}");
    }

    #[test]
    fn statements_that_are_not_shown_are_the_same_under_the_same_name() {
        let unseen = r#"{"unknown": "Guards"}"#;
        let (one, two) = (trust(r#""444455556666""#), trust(r#"["444455556666", "777788889999"]"#));
        assert_eq!(over(&[&format!("{two}, {unseen}")], &format!("{one}, {unseen}")), None);
        let (sure, _) = over(&[&format!("{one}, {unseen}")], &one).expect("a guard may be gone");
        assert_eq!(sure, Sure::Possibly);
    }

    #[test]
    fn a_guard_that_is_gone_is_growth() {
        let open = trust("\"*\"");
        let deny = r#"{"Effect": "Deny", "Principal": "*", "Action": "*", "Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-k3p9x2m7qz"}}}"#;
        assert_eq!(over(&[&open], &format!("{open}, {deny}")), None);
        assert_eq!(over(&[&format!("{open}, {deny}")], &open).map(|(sure, _)| sure), Some(Sure::Yes));
        let narrower = deny.replace("\"Action\": \"*\"", "\"Action\": \"sts:AssumeRole\"");
        assert_eq!(over(&[deny], deny), None);
        let (sure, words) = over(&[deny], &narrower).expect("it denies less");
        assert_eq!(sure, Sure::Yes);
        assert!(words.ends_with("is not denied"), "{words}");
    }

    #[test]
    fn entries_of_one_key_are_accepted_together() {
        let (a, b) = (trust(r#""444455556666""#), trust(r#""777788889999""#));
        let both = trust(r#"["444455556666", "777788889999"]"#);
        assert_eq!(over(&[&a, &b], &both), None);
        assert_eq!(over(&[&both], &a), None);
        let more = trust(r#"["444455556666", "777788889999", "222233334444"]"#);
        let (_, words) = over(&[&a, &b], &more).expect("it grew");
        assert!(words.contains("222233334444"), "{words}");
    }

    #[test]
    fn sessions_grow_too() {
        let of = |seconds: &str| Granted { session: Some(seconds.to_owned()), kind: "trust", ..Granted::default() };
        let entry = |seconds: &str| Entry { session: Some(seconds.to_owned()), forms: Vec::new(), ..entry("") };
        let over = |accepted: &str, today: &str| growth(&entry(accepted), &of(today), KIND).map(|it| it.words());
        assert_eq!(over("28800", "28800"), None);
        assert_eq!(over("28800", "3600"), None);
        assert_eq!(over("28800", "43200").as_deref(), Some("sessions may last 43200 seconds, and 28800 were accepted"));
        assert!(over("28800", "${var.seconds}").is_some());
        assert_eq!(over("${var.seconds}", "${var.seconds}"), None);
    }

    #[test]
    fn forms_are_held_against_those_that_can_be_in_force_with_them() {
        let form = |holds: Option<bool>, principals: &str| {
            let mut form = granted(&trust(principals)).forms.remove(0);
            form.when = holds.map(|holds| vec![("Open".to_owned(), holds)]).into_iter().collect();
            form
        };
        let entry = |forms: Vec<Form>| Entry { forms, ..entry("") };
        let over = |accepted: Vec<Form>, today: Vec<Form>| {
            growth(&entry(accepted), &Granted { kind: "trust", forms: today, ..Granted::default() }, KIND)
        };
        let (star, one) = ("\"*\"", r#""444455556666""#);
        let accepted = || vec![form(Some(true), star), form(Some(false), one)];
        assert_eq!(over(accepted(), vec![form(Some(true), one), form(Some(false), one)]), None);
        let grown = over(accepted(), vec![form(Some(false), star)]).expect("it grew");
        assert!(grown.words().ends_with(" is allowed, when condition `Open` is false"), "{}", grown.words());
        assert!(over(accepted(), vec![form(None, star)]).is_some());
        assert_eq!(over(vec![form(None, star)], accepted()), None);
        assert_eq!(over(vec![form(Some(true), star), form(Some(false), star)], vec![form(None, star)]), None);
        assert!(
            over(vec![form(Some(true), star)], vec![form(None, star)]).is_some(),
            "for the other nothing was accepted"
        );
        let alone = over(vec![form(Some(true), star)], vec![form(Some(false), one)]);
        assert_eq!(alone.map(|growth| growth.answer), Some(Sure::Yes), "nothing was accepted for this condition");
    }
}
