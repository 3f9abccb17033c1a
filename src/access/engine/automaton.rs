//! All texts at once, through all patterns side by side.
//!
//! The elements of all patterns stand in one row of steps, each pattern with a step behind it that says "done". What a text
//! has led to is a set of steps; its successors by a character are a few operations on whole words. Two sets are the same
//! state if they have the same future: of the places within one pattern, those are left out whose future is within that of a
//! star further on, and a group that holds for ever keeps one step.

use super::bits::Bits;
use super::pattern::{Class, Element, Pattern};
use super::stepset::StepSet;
use super::work::{Overflow, Work};
use std::collections::{HashMap, HashSet};
use std::hash::BuildHasherDefault;
use std::sync::LazyLock;

/// A representative text and the truth of each group for it.
pub type TextAtom = (String, Bits);

/// Every truth of the groups that some text has that `base` matches, each with its first shortest text.
pub fn walk(base: &[Pattern], groups: &[&[Pattern]], work: &mut Work) -> Result<Vec<TextAtom>, Overflow> {
    let steps: usize = steps(base) + groups.iter().map(|group| steps(group)).sum::<usize>();
    match steps.div_ceil(64) {
        0..=1 => Automaton::<1>::new(base, groups, work)?.walk(work),
        2 => Automaton::<2>::new(base, groups, work)?.walk(work),
        3..=4 => Automaton::<4>::new(base, groups, work)?.walk(work),
        5..=8 => Automaton::<8>::new(base, groups, work)?.walk(work),
        9..=12 => Automaton::<12>::new(base, groups, work)?.walk(work),
        13..=16 => Automaton::<16>::new(base, groups, work)?.walk(work),
        17..=24 => Automaton::<24>::new(base, groups, work)?.walk(work),
        25..=32 => Automaton::<32>::new(base, groups, work)?.walk(work),
        33..=48 => Automaton::<48>::new(base, groups, work)?.walk(work),
        49..=64 => Automaton::<64>::new(base, groups, work)?.walk(work),
        65..=128 => Automaton::<128>::new(base, groups, work)?.walk(work),
        129..=256 => Automaton::<256>::new(base, groups, work)?.walk(work),
        257..=512 => Automaton::<512>::new(base, groups, work)?.walk(work),
        _ => Err(Overflow),
    }
}

/// How many steps the patterns of a group need.
fn steps(patterns: &[Pattern]) -> usize {
    let mut last = None;
    let row = |pattern: &Pattern| pattern.0.len() + 1;
    patterns.iter().filter(|pattern| !shares(&mut last, pattern)).map(row).sum()
}

/// Whether a pattern is what is left of the last one with steps of its own, and only begins further on in them.
fn shares<'p>(last: &mut Option<&'p Pattern>, pattern: &'p Pattern) -> bool {
    let shares = last.is_some_and(|last| last.0.ends_with(&pattern.0));
    if !shares {
        *last = Some(pattern);
    }
    shares
}

/// The classes of more than one character.
const CLASSES: [Class; 8] = [
    Class::Any,
    Class::NoColon,
    Class::NoSlash,
    Class::Digit,
    Class::Name,
    Class::Path,
    Class::ExternalId,
    Class::Word,
];

/// Characters to take where no literal is meant: letters that read well first, then one of every sort.
const FRESH: &str = "xeamplrstonidcbfghjkquvwyz9876543210/:-_+=,.@XYZABCDEFGHIJKLMNOPQRSTUVW! #~àèìòùäöü";

/// Fresh characters that the same classes take.
struct Sort {
    /// A bit for each of the classes.
    classes: u8,
    /// The characters, with their places in the list.
    chars: Vec<(usize, char)>,
}

static SORTS: LazyLock<Vec<Sort>> = LazyLock::new(|| {
    let mut sorts: Vec<Sort> = Vec::new();
    for (place, c) in FRESH.chars().enumerate() {
        let classes = classes_of(c);
        match sorts.iter_mut().find(|sort| sort.classes == classes) {
            Some(sort) => sort.chars.push((place, c)),
            None => sorts.push(Sort { classes, chars: vec![(place, c)] }),
        }
    }
    sorts
});

/// There are fewer sorts than this: letters, digits, five signs apart and the rest.
const MAX_SORTS: usize = 16;

/// The classes that take a character, a bit for each.
fn classes_of(c: char) -> u8 {
    CLASSES.iter().enumerate().fold(0, |bits, (at, class)| bits | u8::from(class.takes(c)) << at)
}

/// The program: group 0 is the base, without which a state is dead.
struct Automaton<const N: usize> {
    /// The group of each step.
    group: Vec<u32>,
    /// Where the steps of each group begin; one entry more than there are groups.
    bounds: Vec<u32>,
    /// For each group, the one step that stands for "holds for ever": its first final `*`.
    settled: Vec<Option<u32>>,
    starts: StepSet<N>,
    stars: StepSet<N>,
    /// Stars that may take nothing and go on: all but the final ones.
    passable: StepSet<N>,
    /// A `*` over any character that ends its pattern.
    finals: StepSet<N>,
    /// Steps at which a pattern holds.
    accepts: StepSet<N>,
    base: StepSet<N>,
    has_base: bool,
    /// Stars whose future holds that of earlier places of their pattern, from this place on.
    dominant: StepSet<N>,
    since: HashMap<u32, u32, BuildHasherDefault<Mixer>>,
    /// Each character that is meant literally, in order: the steps that mean it, and all the steps that take it.
    letters: Vec<Letter<N>>,
    /// The steps of each class.
    classes: [StepSet<N>; CLASSES.len()],
    /// The classes that have steps.
    used: u8,
    groups: usize,
}

struct Letter<const N: usize> {
    letter: char,
    meant: StepSet<N>,
    takes: StepSet<N>,
}

/// The steps of a pattern.
struct Row {
    /// The last of them.
    done: u32,
    /// The first star that is passable, and the place since which its future holds that of the others.
    first_star: Option<(u32, u32)>,
}

/// A character to try: a letter of the program, or a fresh one of some sort.
#[derive(Clone, Copy)]
enum Try {
    Letter(usize),
    Fresh(char, usize),
}

impl<const N: usize> Automaton<N> {
    fn new(base: &[Pattern], groups: &[&[Pattern]], work: &mut Work) -> Result<Self, Overflow> {
        work.spend(N * (CLASSES.len() + 8) * 8 + groups.len())?;
        let mut automaton = Automaton {
            group: Vec::new(),
            bounds: vec![0],
            settled: Vec::with_capacity(groups.len() + 1),
            starts: StepSet::default(),
            stars: StepSet::default(),
            passable: StepSet::default(),
            finals: StepSet::default(),
            accepts: StepSet::default(),
            base: StepSet::default(),
            has_base: !base.is_empty(),
            dominant: StepSet::default(),
            since: HashMap::default(),
            letters: Vec::new(),
            classes: [StepSet::default(); CLASSES.len()],
            used: 0,
            groups: groups.len(),
        };
        for group in std::iter::once(base).chain(groups.iter().copied()) {
            automaton.add(group, work)?;
        }
        (0..automaton.bounds[1]).for_each(|at| automaton.base.insert(at));
        for at in 0..automaton.letters.len() {
            automaton.letters[at].takes =
                automaton.letters[at].meant.or(&automaton.taking(classes_of(automaton.letters[at].letter)));
        }
        automaton.starts = automaton.closed(automaton.starts, &StepSet::default());
        Ok(automaton)
    }

    fn add(&mut self, patterns: &[Pattern], work: &mut Work) -> Result<(), Overflow> {
        let group = self.settled.len() as u32;
        self.settled.push(None);
        let mut last = None;
        let mut row = Row { done: 0, first_star: None };
        for pattern in patterns {
            if !shares(&mut last, pattern) {
                row = self.row(pattern, group, work)?;
                continue;
            }
            self.starts.insert(row.done - pattern.0.len() as u32);
            // From several starts there are several places before the first star.
            if let Some((at, since)) = row.first_star.take() {
                self.dominate(at, since);
            }
        }
        self.bounds.push(self.group.len() as u32);
        Ok(())
    }

    /// The steps of a pattern.
    fn row(&mut self, pattern: &Pattern, group: u32, work: &mut Work) -> Result<Row, Overflow> {
        work.spend(pattern.0.len() * 4)?;
        let start = self.group.len() as u32;
        let done = start + pattern.0.len() as u32;
        self.starts.insert(start);
        let mut first_star = None;
        // The first place since which no element takes a colon.
        let mut field = start;
        let mut stars = 0;
        for (at, element) in (start..).zip(&pattern.0) {
            self.element(at, *element, work)?;
            if element.star && at + 1 == done && element.class == Class::Any {
                self.finals.insert(at);
                self.accepts.insert(at);
                self.settled[group as usize].get_or_insert(at);
            } else if element.star {
                self.passable.insert(at);
                let since = match element.class {
                    Class::Any => start,
                    Class::NoColon => field,
                    _ => at,
                };
                // From one start there is one place at a time before the first star.
                match stars {
                    0 => first_star = Some((at, since)),
                    _ => self.dominate(at, since),
                }
                stars += 1;
            }
            if element.class.takes(':') {
                field = at + 1;
            }
        }
        self.group.resize(done as usize + 1, group);
        self.accepts.insert(done);
        Ok(Row { done, first_star })
    }

    /// The future of a star holds that of the places before it, from this one on.
    fn dominate(&mut self, star: u32, since: u32) {
        if since < star {
            self.dominant.insert(star);
            self.since.insert(star, since);
        }
    }

    fn element(&mut self, at: u32, element: Element, work: &mut Work) -> Result<(), Overflow> {
        if element.star {
            self.stars.insert(at);
        }
        match element.class {
            Class::Lit(c) => self.letter(c, at, work),
            Class::Fold(c) => {
                self.letter(c, at, work)?;
                self.letter(c.to_ascii_uppercase(), at, work)
            }
            class => {
                if let Some(kind) = CLASSES.iter().position(|known| *known == class) {
                    self.classes[kind].insert(at);
                    self.used |= 1 << kind;
                }
                Ok(())
            }
        }
    }

    fn letter(&mut self, letter: char, at: u32, work: &mut Work) -> Result<(), Overflow> {
        let index = match self.letters.binary_search_by(|known| known.letter.cmp(&letter)) {
            Ok(index) => index,
            Err(index) => {
                work.spend(2 * N + self.letters.len())?;
                self.letters.insert(index, Letter { letter, meant: StepSet::default(), takes: StepSet::default() });
                index
            }
        };
        self.letters[index].meant.insert(at);
        Ok(())
    }

    /// The steps of these classes.
    fn taking(&self, classes: u8) -> StepSet<N> {
        let taken = self.classes.iter().enumerate().filter(|(kind, _)| (classes & self.used) >> kind & 1 == 1);
        taken.fold(StepSet::default(), |sum, (_, steps)| sum.or(steps))
    }

    /// Close a set of steps that follow a closed one: stars may take nothing; a group that holds for ever keeps one step.
    #[inline]
    fn closed(&self, mut next: StepSet<N>, before: &StepSet<N>) -> StepSet<N> {
        loop {
            let more = next.and(&self.passable).moved().minus(&next);
            if more.is_empty() {
                break;
            }
            next = next.or(&more);
        }
        // A group that was settled has no other step.
        let mut reached = next.and(&self.finals).minus(before);
        while let Some(at) = reached.highest() {
            let group = self.group[at as usize] as usize;
            let (from, to) = (self.bounds[group], self.bounds[group + 1]);
            next.clear(from, to);
            reached.clear(from, to);
            next.insert(self.settled[group].unwrap_or(at));
        }
        next
    }

    #[inline]
    fn step(&self, state: &StepSet<N>, takes: &StepSet<N>) -> StepSet<N> {
        let moved = state.and(takes);
        let stayed = moved.and(&self.stars);
        self.closed(moved.minus(&stayed).moved().or(&stayed), state)
    }

    /// The state without the places whose future another one holds: what tells states apart.
    fn essence(&self, state: &StepSet<N>) -> StepSet<N> {
        let mut essence = *state;
        let mut marks = state.and(&self.dominant);
        while let Some(at) = marks.highest() {
            let since = self.since.get(&at).copied().unwrap_or(at);
            essence.clear(since, at);
            marks.clear(since, at + 1);
        }
        essence
    }

    /// Whether a text that leads here is well formed, and which groups hold for it.
    fn truth(&self, state: &StepSet<N>) -> (bool, Bits) {
        let mut truth = Bits::none(self.groups);
        let mut well_formed = !self.has_base;
        state.and(&self.accepts).each(|at| match self.group[at as usize] {
            0 => well_formed = true,
            group => truth.insert(group as usize - 1),
        });
        (well_formed, truth)
    }

    /// The characters that lead to different states: one fresh character for each way in which the active classes can
    /// agree and differ, then the literals of the active elements. Fresh characters first: short and readable texts, found
    /// early.
    fn characters(&self, state: &StepSet<N>, meant: &mut Vec<Try>, out: &mut Vec<Try>) {
        let mut ascii = 0_u128;
        let mut others: Vec<char> = Vec::new();
        meant.clear();
        out.clear();
        for (index, letter) in self.letters.iter().enumerate() {
            if letter.meant.meets(state) {
                match letter.letter.is_ascii() {
                    true => ascii |= 1 << letter.letter as u32,
                    false => others.push(letter.letter),
                }
                meant.push(Try::Letter(index));
            }
        }
        let is_meant = |c: char| if c.is_ascii() { ascii >> (c as u32) & 1 == 1 } else { others.contains(&c) };
        let mut active = 0_u8;
        for (kind, steps) in self.classes.iter().enumerate() {
            if self.used >> kind & 1 == 1 && steps.meets(state) {
                active |= 1 << kind;
            }
        }
        // For each sort that the active classes tell apart, its first character.
        let mut found = [(0_u8, 0_usize, '\0', 0_usize); MAX_SORTS];
        let mut count = 0;
        for (sort, Sort { classes, chars }) in SORTS.iter().enumerate() {
            let Some((place, c)) = chars.iter().find(|(_, c)| !is_meant(*c)) else { continue };
            let kind = classes & active;
            match found[..count].iter().position(|(known, ..)| *known == kind) {
                Some(at) if found[at].1 > *place => found[at] = (kind, *place, *c, sort),
                Some(_) => {}
                None => {
                    found[count] = (kind, *place, *c, sort);
                    count += 1;
                }
            }
        }
        found[..count].sort_unstable_by_key(|(_, place, ..)| *place);
        out.extend(found[..count].iter().map(|(_, _, c, sort)| Try::Fresh(*c, *sort)));
        out.append(meant);
    }

    /// Breadth first, so that each representative is a shortest one.
    fn walk(&self, work: &mut Work) -> Result<Vec<TextAtom>, Overflow> {
        let fresh: Vec<StepSet<N>> = SORTS.iter().map(|sort| self.taking(sort.classes)).collect();
        let mut atoms: Vec<TextAtom> = Vec::new();
        let mut seen: HashSet<Bits, BuildHasherDefault<Mixer>> = HashSet::default();
        // The start is not numbered: reached again, by a text that is not empty, it counts as another state.
        let mut states = States::new(self.starts);
        let mut at = 0;
        let (mut meant, mut characters) = (Vec::new(), Vec::new());
        let mut letters = Vec::new();
        while at < states.list.len() {
            let state = states.list[at].steps;
            let live = !state.minus(&self.finals).is_empty();
            // Every group that lives is settled: no longer text has another truth.
            if live || (at == 0 && !self.has_base) {
                self.characters(&state, &mut meant, &mut characters);
                work.spend(32 + self.letters.len() * N.div_ceil(2) + characters.len() * (16 + 3 * N))?;
                for character in &characters {
                    let (c, takes) = match *character {
                        Try::Letter(index) => (self.letters[index].letter, &self.letters[index].takes),
                        Try::Fresh(c, sort) => (c, &fresh[sort]),
                    };
                    let next = self.step(&state, takes);
                    if (self.has_base && !next.meets(&self.base)) || !states.add(next, self.essence(&next), at, c) {
                        continue;
                    }
                    work.spend(8 + self.groups / 16)?;
                    let (well_formed, truth) = self.truth(&next);
                    if well_formed && !seen.contains(&truth) {
                        let text = states.text(states.list.len() - 1, &mut letters);
                        work.spend(self.groups / 8 + text.len())?;
                        atoms.push((text, truth.clone()));
                        seen.insert(truth);
                    }
                }
            }
            at += 1;
        }
        // The empty text last: any other stands better for the same truth.
        let (well_formed, truth) = self.truth(&self.starts);
        if self.has_base && well_formed && !seen.contains(&truth) {
            atoms.push((String::new(), truth));
        }
        Ok(atoms)
    }
}

/// The states that were reached, in order.
struct States<const N: usize> {
    list: Vec<Reached<N>>,
    /// What tells each state apart.
    essences: Vec<StepSet<N>>,
    /// Places in the list by hash, from 1; 0 is free. The length is a power of two.
    table: Vec<u32>,
}

struct Reached<const N: usize> {
    steps: StepSet<N>,
    from: u32,
    by: char,
}

impl<const N: usize> States<N> {
    fn new(start: StepSet<N>) -> Self {
        States {
            list: vec![Reached { steps: start, from: 0, by: '\0' }],
            essences: vec![StepSet::default()],
            table: vec![0; 32],
        }
    }

    /// Add a state unless it is there.
    fn add(&mut self, steps: StepSet<N>, essence: StepSet<N>, from: usize, by: char) -> bool {
        let Err(slot) = self.slot(&essence) else { return false };
        self.list.push(Reached { steps, from: from as u32, by });
        self.essences.push(essence);
        self.table[slot] = self.list.len() as u32;
        if self.list.len() * 2 > self.table.len() {
            self.table = vec![0; self.table.len() * 2];
            for at in 1..self.list.len() {
                if let Err(slot) = self.slot(&self.essences[at]) {
                    self.table[slot] = at as u32 + 1;
                }
            }
        }
        true
    }

    /// The place of a state in the table, or the free place for it.
    fn slot(&self, essence: &StepSet<N>) -> Result<usize, usize> {
        let mask = self.table.len() - 1;
        let mut slot = (essence.hash() as usize) & mask;
        loop {
            match self.table[slot] {
                0 => return Err(slot),
                at if self.essences[at as usize - 1] == *essence => return Ok(slot),
                _ => slot = (slot + 1) & mask,
            }
        }
    }

    /// The text that led to a state.
    fn text(&self, mut at: usize, letters: &mut Vec<char>) -> String {
        letters.clear();
        while at > 0 {
            letters.push(self.list[at].by);
            at = self.list[at].from as usize;
        }
        letters.iter().rev().collect()
    }
}

/// A hash for small numbers and words: a multiplication for each.
#[derive(Default)]
pub struct Mixer(u64);

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

    fn write_u32(&mut self, word: u32) {
        self.write_u64(u64::from(word));
    }

    fn write_usize(&mut self, word: usize) {
        self.write_u64(word as u64);
    }
}
