//! Atoms: the texts that a set of tests cannot tell apart, one representative for each kind.
//!
//! A *group* is a list of patterns that stand for one test: it holds for a text that some pattern matches. Two texts for
//! which every group has the same truth are the same to everything that reads the key. [`text_atoms`] finds every
//! combination of truths that some well-formed text has, with the first such text, by walking all texts at once through
//! one automaton of all patterns. Only characters that some active element can tell apart are tried.

use super::bits::Bits;
use super::pattern::{Class, Element, Pattern};
use std::collections::{HashMap, HashSet};

/// The states after which a walk is given up. Ten independent `*x*` tests on one key reach it.
pub const MAX_STATES: usize = 20_000;

/// A representative text and the truth of each group for it.
pub type TextAtom = (String, Bits);

/// The walk would need more states than [`MAX_STATES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overflow;

/// Every truth of the groups that some text has that `base` matches (any text but the empty one, if `base` is empty).
pub fn text_atoms(base: &[Pattern], groups: &[&[Pattern]]) -> Result<Vec<TextAtom>, Overflow> {
    let literals: Option<Vec<String>> = groups.iter().flat_map(|group| group.iter()).map(Pattern::only_text).collect();
    match literals.and_then(|literals| literal_atoms(base, groups, literals)) {
        Some(atoms) => Ok(atoms),
        None => Automaton::new(base, groups).walk(),
    }
}

/// Only literals: each of them is a text of its own, and any other text is like any other. `None` if no other is at hand.
fn literal_atoms(base: &[Pattern], groups: &[&[Pattern]], mut literals: Vec<String>) -> Option<Vec<TextAtom>> {
    let well_formed = |text: &str| match base {
        [] => !text.is_empty(),
        base => base.iter().any(|pattern| pattern.matches(text)),
    };
    let other = match base {
        [] => fresh_word(&literals),
        [first, ..] => fresh_match(first, &literals)?,
    };
    let mut place: HashMap<String, usize> = HashMap::new();
    literals.sort_unstable();
    literals.dedup();
    for (at, literal) in literals.iter().enumerate() {
        place.insert(literal.clone(), at);
    }
    let mut truths = vec![Bits::none(groups.len()); literals.len()];
    for (index, group) in groups.iter().enumerate() {
        for literal in group.iter().filter_map(Pattern::only_text) {
            if let Some(at) = place.get(&literal) {
                truths[*at].insert(index);
            }
        }
    }
    let mut known: HashSet<Bits> = HashSet::from([Bits::none(groups.len())]);
    let mut atoms: Vec<TextAtom> = vec![(other, Bits::none(groups.len()))];
    for (literal, truth) in literals.into_iter().zip(truths) {
        if !known.contains(&truth) && well_formed(&literal) {
            known.insert(truth.clone());
            atoms.push((literal, truth));
        }
    }
    Some(atoms)
}

/// A word that is none of these.
pub fn fresh_word(taken: &[String]) -> String {
    let mut word = "other".to_owned();
    while taken.contains(&word) {
        word.push('x');
    }
    word
}

/// A text that a pattern matches and that is none of these; `None` if there is none.
pub fn fresh_match(pattern: &Pattern, taken: &[String]) -> Option<String> {
    let letters = ['x', '9', '8', '7', 'z', 'y', 'w', '6', '5', '4', '3', '2', '1', '0'];
    let fill = |with: char, extra: usize| -> String {
        let mut text = String::new();
        for Element { class, star } in &pattern.0 {
            match class {
                Class::Lit(c) | Class::Fold(c) if !star => text.push(*c),
                class => {
                    let c = if class.takes(with) {
                        with
                    } else {
                        letters.into_iter().find(|c| class.takes(*c)).unwrap_or('9')
                    };
                    text.extend(std::iter::repeat_n(c, if *star { extra } else { 1 }));
                }
            }
        }
        text
    };
    let stars = pattern.0.iter().any(|element| element.star);
    let lengths = if stars { taken.len() + 2 } else { 1 };
    (0..lengths)
        .flat_map(|extra| letters.into_iter().map(move |with| (with, extra)))
        .map(|(with, extra)| fill(with, extra))
        .find(|text| !text.is_empty() && pattern.matches(text) && !taken.contains(text))
}

/// One step of the automaton's program.
#[derive(Clone, Copy)]
enum Step {
    /// Take a character.
    Take(Element),
    /// A pattern of this group is done.
    Done,
}

/// All patterns side by side. Group 0 is the base: a state without it is dead.
struct Automaton {
    steps: Vec<Step>,
    /// The group of each step.
    group: Vec<u32>,
    starts: Vec<u32>,
    /// For each group, the one step that stands for "holds for ever": a final `*`.
    settled: Vec<Option<u32>>,
    groups: usize,
    has_base: bool,
}

type State = Vec<u32>;

impl Automaton {
    fn new(base: &[Pattern], groups: &[&[Pattern]]) -> Self {
        let mut automaton = Automaton {
            steps: Vec::new(),
            group: Vec::new(),
            starts: Vec::new(),
            settled: vec![None; groups.len() + 1],
            groups: groups.len(),
            has_base: !base.is_empty(),
        };
        automaton.add(0, base);
        for (index, group) in groups.iter().enumerate() {
            automaton.add(index + 1, group);
        }
        automaton
    }

    fn add(&mut self, group: usize, patterns: &[Pattern]) {
        for pattern in patterns {
            self.starts.push(self.steps.len() as u32);
            for (at, element) in pattern.0.iter().enumerate() {
                let last = at + 1 == pattern.0.len();
                if last && element.star && element.class == Class::Any && self.settled[group].is_none() {
                    self.settled[group] = Some(self.steps.len() as u32);
                }
                self.steps.push(Step::Take(*element));
            }
            self.steps.push(Step::Done);
            self.group.resize(self.steps.len(), group as u32);
        }
    }

    /// Whether a step is the last `*` of its pattern: its group holds from here on.
    fn is_final_star(&self, at: u32) -> bool {
        matches!(
            (self.steps[at as usize], self.steps.get(at as usize + 1)),
            (Step::Take(Element { class: Class::Any, star: true }), Some(Step::Done))
        )
    }

    /// Close a state: stars may take nothing; a group that holds for ever keeps one canonical step.
    fn close(&self, state: &mut State) {
        let mut index = 0;
        let mut settles = false;
        while index < state.len() {
            let at = state[index];
            if let Step::Take(Element { star: true, .. }) = self.steps[at as usize] {
                settles |= self.is_final_star(at);
                state.push(at + 1);
            }
            index += 1;
        }
        if settles {
            let done: Vec<u32> =
                state.iter().filter(|at| self.is_final_star(**at)).map(|at| self.group[*at as usize]).collect();
            state.retain(|at| !done.contains(&self.group[*at as usize]));
            state.extend(done.iter().filter_map(|group| self.settled[*group as usize]));
        }
        state.sort_unstable();
        state.dedup();
    }

    fn step(&self, state: &State, c: char) -> State {
        let mut next = State::with_capacity(state.len() + 1);
        for at in state {
            if let Step::Take(Element { class, star }) = self.steps[*at as usize]
                && class.takes(c)
            {
                next.push(if star { *at } else { *at + 1 });
            }
        }
        self.close(&mut next);
        next
    }

    /// Whether a text that leads here is well formed, and which groups hold for it.
    fn truth(&self, state: &State) -> (bool, Bits) {
        let mut truth = Bits::none(self.groups);
        let mut well_formed = !self.has_base;
        for at in state {
            let done = matches!(self.steps[*at as usize], Step::Done) || self.is_final_star(*at);
            match self.group[*at as usize] {
                0 if done => well_formed = true,
                group if done => truth.insert(group as usize - 1),
                _ => {}
            }
        }
        (well_formed, truth)
    }

    /// The characters that lead to different states: literals of the active elements, and one other character for each
    /// way in which the active classes can agree and differ.
    fn characters(&self, state: &State, out: &mut Vec<char>) {
        out.clear();
        let mut classes: Vec<Class> = Vec::new();
        for at in state {
            if let Step::Take(Element { class, .. }) = self.steps[*at as usize] {
                match class {
                    Class::Lit(c) => out.push(c),
                    Class::Fold(c) => out.extend([c, c.to_ascii_uppercase()]),
                    class if !classes.contains(&class) => classes.push(class),
                    _ => {}
                }
            }
        }
        let literals = out.len();
        let mut seen: Vec<u32> = Vec::new();
        for c in FRESH.chars() {
            let kind = classes.iter().fold(0, |kind, class| kind << 1 | u32::from(class.takes(c)));
            if !seen.contains(&kind) && !out[..literals].contains(&c) {
                seen.push(kind);
                out.push(c);
                // Two kinds at most with only `Any` active; stop as soon as no class can tell more.
                if classes.is_empty() || classes == [Class::Any] {
                    break;
                }
            }
        }
        out[..literals].sort_unstable();
        // Fresh characters first: short and readable texts, found early.
        out.rotate_left(literals);
        out.dedup();
    }

    /// Breadth first, so that each representative is a shortest one.
    fn walk(&self) -> Result<Vec<TextAtom>, Overflow> {
        let mut start: State = self.starts.clone();
        self.close(&mut start);
        let mut atoms: Vec<TextAtom> = Vec::new();
        let mut seen: HashSet<Bits> = HashSet::new();
        let mut number: HashMap<State, (), std::hash::BuildHasherDefault<Mixer>> = HashMap::default();
        // The start is not numbered: reached again, by a text that is not empty, it counts as another state.
        let mut states: Vec<(State, u32, char)> = vec![(start, 0, '\0')];
        let mut at = 0;
        let mut characters = Vec::new();
        while at < states.len() {
            let state = states[at].0.clone();
            let live = state.iter().any(|step| !self.is_final_star(*step));
            // Every group that lives is settled: no longer text has another truth.
            if live || (at == 0 && !self.has_base) {
                self.characters(&state, &mut characters);
                for c in &characters {
                    let next = self.step(&state, *c);
                    if self.has_base && !next.iter().any(|step| self.group[*step as usize] == 0) {
                        continue;
                    }
                    if number.contains_key(&next) {
                        continue;
                    }
                    let (well_formed, truth) = self.truth(&next);
                    if well_formed && !seen.contains(&truth) {
                        let mut text = vec![*c];
                        let mut from = at;
                        while from > 0 {
                            text.push(states[from].2);
                            from = states[from].1 as usize;
                        }
                        atoms.push((text.into_iter().rev().collect(), truth.clone()));
                        seen.insert(truth);
                    }
                    if states.len() >= MAX_STATES {
                        return Err(Overflow);
                    }
                    number.insert(next.clone(), ());
                    states.push((next, at as u32, *c));
                }
            }
            at += 1;
        }
        // The empty text last: any other stands better for the same truth.
        let (well_formed, truth) = self.truth(&states[0].0);
        if self.has_base && well_formed && !seen.contains(&truth) {
            atoms.push((String::new(), truth));
        }
        Ok(atoms)
    }
}

/// Characters to take where no literal is meant: letters that read well first, then one of every sort.
const FRESH: &str = "xeamplrstonidcbfghjkquvwyz9876543210/:-_+=,.@XYZABCDEFGHIJKLMNOPQRSTUVW! #~àèìòùäöü";

/// A hash for lists of small numbers: a multiplication for each.
#[derive(Default)]
struct Mixer(u64);

impl std::hash::Hasher for Mixer {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    }

    fn write_usize(&mut self, word: usize) {
        self.write_u64(word as u64);
    }
}

/// The values of a key with several values, as far as tests can tell: for each group, whether some element and whether
/// every element satisfies it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SetAtom {
    /// The elements of the representative, as places in the list of element atoms.
    pub elements: Vec<usize>,
    /// Groups that some element satisfies.
    pub any: Bits,
    /// Groups that every element satisfies.
    pub all: Bits,
}

/// The sets that are tried at most.
pub const MAX_SETS: usize = 4_096;

/// Every combination of "some" and "every" that a non-empty set of elements has. Sets of one element come first, and a
/// larger set is kept apart from them even if the groups cannot tell it: operators without a set prefix can.
pub fn set_atoms(elements: &[Bits]) -> Result<Vec<SetAtom>, Overflow> {
    let single = |at: usize| SetAtom { elements: vec![at], any: elements[at].clone(), all: elements[at].clone() };
    let mut atoms: Vec<SetAtom> = (0..elements.len()).map(single).collect();
    let mut seen: HashMap<(bool, Bits, Bits), ()> =
        atoms.iter().map(|atom| ((false, atom.any.clone(), atom.all.clone()), ())).collect();
    let mut at = 0;
    while at < atoms.len() {
        for (index, element) in elements.iter().enumerate() {
            let atom = &atoms[at];
            // Two equal elements are allowed: a text and another of the same atom.
            let (any, all) = (atom.any.clone().or(element), atom.all.clone().and(element));
            if seen.insert((true, any.clone(), all.clone()), ()).is_none() {
                let mut members = atom.elements.clone();
                if !members.contains(&index) || members.len() == 1 {
                    members.push(index);
                }
                atoms.push(SetAtom { elements: members, any, all });
                if atoms.len() > MAX_SETS {
                    return Err(Overflow);
                }
            }
        }
        at += 1;
    }
    Ok(atoms)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signatures(atoms: Vec<TextAtom>) -> Vec<Bits> {
        let mut list: Vec<Bits> = atoms.into_iter().map(|(_, truth)| truth).collect();
        list.sort();
        list
    }

    /// Every text over a small alphabet, up to a length.
    fn texts(alphabet: &[char], length: usize) -> Vec<String> {
        let mut all = vec![String::new()];
        let mut from = 0;
        for _ in 0..length {
            let to = all.len();
            for at in from..to {
                for c in alphabet {
                    all.push(format!("{}{c}", all[at]));
                }
            }
            from = to;
        }
        all.remove(0);
        all
    }

    fn brute(base: &[Pattern], groups: &[&[Pattern]], universe: &[String]) -> Vec<Bits> {
        let mut list: Vec<Bits> = universe
            .iter()
            .filter(|text| base.is_empty() || base.iter().any(|pattern| pattern.matches(text)))
            .map(|text| Bits::of(groups.len(), |group| groups[group].iter().any(|pattern| pattern.matches(text))))
            .collect();
        list.sort();
        list.dedup();
        list
    }

    #[test]
    fn atoms_equal_those_of_all_short_texts() {
        let deep = std::env::var_os("IAMLINT_DEEP").is_some();
        let patterns: Vec<Pattern> = texts(&['a', 'b', '*', '?'], if deep { 3 } else { 2 })
            .iter()
            .filter(|text| !text.contains("**"))
            .map(|text| Pattern::glob(text))
            .collect();
        let universe = texts(&['a', 'b', 'x'], if deep { 7 } else { 6 });
        for (at, first) in patterns.iter().enumerate() {
            for (other, second) in patterns[at..].iter().enumerate() {
                let third = &patterns[(at * 7 + other * 3) % patterns.len()];
                let groups: [&[Pattern]; 2] = [std::slice::from_ref(first), &[second.clone(), third.clone()]];
                let atoms = text_atoms(&[], &groups).expect("small");
                for (text, truth) in &atoms {
                    let told = Bits::of(2, |group| groups[group].iter().any(|pattern| pattern.matches(text)));
                    assert_eq!(*truth, told, "{text}");
                }
                assert_eq!(signatures(atoms), brute(&[], &groups, &universe), "{first:?} {second:?} {third:?}");
            }
        }
    }

    #[test]
    fn classes_and_bases_equal_those_of_all_short_texts() {
        let universe = texts(&['a', 'A', '1', ':', '/', '!'], 5);
        let classes =
            [Class::Fold('a'), Class::Lit('a'), Class::NoColon, Class::Digit, Class::Name, Class::Path, Class::NoSlash];
        let one = |class, star| Pattern(vec![Element { class, star }]);
        for first in classes {
            for second in classes {
                for third in classes {
                    let base = [one(second, false).then(&one(third, true)), one(Class::Any, false)];
                    let group = [one(first, true).then(&one(second, false))];
                    let other = [one(third, false).then(&one(first, true)).then(&Pattern::glob("*1"))];
                    let groups: [&[Pattern]; 2] = [&group, &other];
                    let atoms = text_atoms(&base, &groups).expect("small");
                    assert_eq!(signatures(atoms), brute(&base, &groups, &universe), "{first:?} {second:?} {third:?}");
                }
            }
        }
    }

    #[test]
    fn literals_merge_and_leave_room_for_others() {
        let group = [Pattern::exactly("a"), Pattern::exactly("b")];
        let atoms = text_atoms(&[], &[&group, &[Pattern::exactly("other")]]).expect("small");
        assert_eq!(atoms.iter().map(|(text, _)| text.as_str()).collect::<Vec<_>>(), ["otherx", "a", "other"]);
        let digits = [Pattern(vec![Element { class: Class::Digit, star: false }; 2])];
        let atoms = text_atoms(&digits, &[&[Pattern::exactly("xx")], &[Pattern::exactly("99")]]).expect("small");
        assert_eq!(atoms.iter().map(|(text, _)| text.as_str()).collect::<Vec<_>>(), ["88", "99"]);
    }

    #[test]
    fn one_condition_of_many_infixes_is_two_atoms_and_many_conditions_overflow() {
        let infixes: Vec<Pattern> = (0..30).map(|at| Pattern::glob(&format!("*p{at}q*"))).collect();
        assert_eq!(text_atoms(&[], &[&infixes]).map(|atoms| atoms.len()), Ok(2));
        let apart: Vec<&[Pattern]> = infixes.iter().take(16).map(std::slice::from_ref).collect();
        assert_eq!(text_atoms(&[], &apart), Err(Overflow));
    }

    #[test]
    fn sets_equal_those_of_all_small_sets() {
        let elements: Vec<Bits> = [[0, 1], [1, 2], [0, 2], [3, 3]]
            .iter()
            .map(|members| Bits::of(4, |index| members.contains(&index)))
            .collect();
        let atoms = set_atoms(&elements).expect("small");
        let mut found: Vec<(bool, Bits, Bits)> =
            atoms.iter().map(|atom| (atom.elements.len() > 1, atom.any.clone(), atom.all.clone())).collect();
        found.sort();
        let mut expected = Vec::new();
        for subset in 1_usize..1 << elements.len() {
            let members: Vec<&Bits> =
                (0..elements.len()).filter(|at| subset >> at & 1 == 1).map(|at| &elements[at]).collect();
            let any = members.iter().fold(Bits::none(4), |any, member| any.or(member));
            let all = members.iter().fold(Bits::all(4), |all, member| all.and(member));
            expected.push((true, any.clone(), all.clone()));
            if members.len() == 1 {
                expected.push((false, any, all));
            }
        }
        expected.sort();
        expected.dedup();
        assert_eq!(found, expected);
    }
}
