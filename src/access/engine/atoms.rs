//! Atoms: the texts that a set of tests cannot tell apart, one representative for each kind.
//!
//! A *group* is a list of patterns that stand for one test: it holds for a text that some pattern matches. Two texts for
//! which every group has the same truth are the same to everything that reads the key. [`text_atoms`] finds every
//! combination of truths that some well-formed text has, with the first such text, by walking all texts at once through
//! one automaton of all patterns. Only characters that some active element can tell apart are tried.

use super::automaton::{self, Mixer, TextAtom};
use super::bits::Bits;
use super::pattern::{Class, Element, Pattern};
use super::work::{Overflow, Work};
use std::collections::HashSet;
use std::hash::BuildHasherDefault;

/// Every truth of the groups that some text has that `base` matches (any text but the empty one, if `base` is empty).
pub fn text_atoms(base: &[Pattern], groups: &[&[Pattern]], work: &mut Work) -> Result<Vec<TextAtom>, Overflow> {
    if groups.iter().flat_map(|group| group.iter()).all(Pattern::is_literal)
        && let Some(atoms) = literal_atoms(base, groups, work)?
    {
        return Ok(atoms);
    }
    automaton::walk(base, groups, work)
}

/// Only literals: each of them is a text of its own, and any other text is like any other. `None` if no other is at hand.
fn literal_atoms(base: &[Pattern], groups: &[&[Pattern]], work: &mut Work) -> Result<Option<Vec<TextAtom>>, Overflow> {
    let well_formed = |text: &str| match base {
        [] => !text.is_empty(),
        base => base.iter().any(|pattern| pattern.matches(text)),
    };
    let mut literals: Vec<String> =
        groups.iter().flat_map(|group| group.iter()).filter_map(Pattern::only_text).collect();
    literals.sort_unstable();
    literals.dedup();
    let letters: usize = literals.iter().map(String::len).sum();
    work.spend(8 * letters + literals.len() * (16 + groups.len() / 16))?;
    let other = match base {
        [] => fresh_word(&literals),
        [first, ..] => match fresh_match(first, &literals) {
            Some(other) => other,
            None => return Ok(None),
        },
    };
    let mut truths = vec![Bits::none(groups.len()); literals.len()];
    for (index, group) in groups.iter().enumerate() {
        for pattern in group.iter() {
            if let Ok(at) = literals.binary_search_by(|known| known.chars().cmp(pattern.letters())) {
                truths[at].insert(index);
            }
        }
    }
    let mut known: HashSet<Bits, BuildHasherDefault<Mixer>> = HashSet::default();
    known.insert(Bits::none(groups.len()));
    let mut atoms: Vec<TextAtom> = Vec::with_capacity(literals.len() + 1);
    atoms.push((other, Bits::none(groups.len())));
    for (literal, truth) in literals.into_iter().zip(truths) {
        if !known.contains(&truth) && well_formed(&literal) {
            known.insert(truth.clone());
            atoms.push((literal, truth));
        }
    }
    Ok(Some(atoms))
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

/// The sets that are told apart at most.
pub const MAX_SETS: usize = 4_096;

/// Every combination of "some" and "every" that a non-empty set of elements has. Sets of one element come first, and a
/// larger set is kept apart from them even if the groups cannot tell it: operators without a set prefix can.
pub fn set_atoms(elements: &[Bits], work: &mut Work) -> Result<Vec<SetAtom>, Overflow> {
    let words = 1 + elements.first().map_or(0, |element| element.words().len());
    let single = |at: usize| SetAtom { elements: vec![at], any: elements[at].clone(), all: elements[at].clone() };
    work.spend(elements.len() * 8 * words)?;
    let mut atoms: Vec<SetAtom> = (0..elements.len()).map(single).collect();
    let mut seen: HashSet<(Bits, Bits), BuildHasherDefault<Mixer>> = HashSet::default();
    let mut at = 0;
    while at < atoms.len() {
        work.spend(elements.len() * 12 * words)?;
        for (index, element) in elements.iter().enumerate() {
            let atom = &atoms[at];
            // Two equal elements are allowed: a text and another of the same atom.
            let both = (atom.any.clone().or(element), atom.all.clone().and(element));
            if !seen.contains(&both) {
                let mut members = atom.elements.clone();
                if !members.contains(&index) || members.len() == 1 {
                    members.push(index);
                }
                let (any, all) = both.clone();
                seen.insert(both);
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
                let atoms = text_atoms(&[], &groups, &mut Work::default()).expect("small");
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
                    let atoms = text_atoms(&base, &groups, &mut Work::default()).expect("small");
                    assert_eq!(signatures(atoms), brute(&base, &groups, &universe), "{first:?} {second:?} {third:?}");
                }
            }
        }
    }

    #[test]
    fn literals_merge_and_leave_room_for_others() {
        let group = [Pattern::exactly("a"), Pattern::exactly("b")];
        let atoms = text_atoms(&[], &[&group, &[Pattern::exactly("other")]], &mut Work::default()).expect("small");
        assert_eq!(atoms.iter().map(|(text, _)| text.as_str()).collect::<Vec<_>>(), ["otherx", "a", "other"]);
        let digits = [Pattern(vec![Element { class: Class::Digit, star: false }; 2])];
        let atoms = text_atoms(&digits, &[&[Pattern::exactly("xx")], &[Pattern::exactly("99")]], &mut Work::default())
            .expect("small");
        assert_eq!(atoms.iter().map(|(text, _)| text.as_str()).collect::<Vec<_>>(), ["88", "99"]);
    }

    #[test]
    fn one_condition_of_many_infixes_is_two_atoms_and_many_conditions_overflow() {
        let infixes: Vec<Pattern> = (0..30).map(|at| Pattern::glob(&format!("*p{at}q*"))).collect();
        assert_eq!(text_atoms(&[], &[&infixes], &mut Work::default()).map(|atoms| atoms.len()), Ok(2));
        let apart: Vec<&[Pattern]> = infixes.iter().take(16).map(std::slice::from_ref).collect();
        assert_eq!(text_atoms(&[], &apart, &mut Work::default()), Err(Overflow));
    }

    #[test]
    fn sets_equal_those_of_all_small_sets() {
        let elements: Vec<Bits> = [[0, 1], [1, 2], [0, 2], [3, 3]]
            .iter()
            .map(|members| Bits::of(4, |index| members.contains(&index)))
            .collect();
        let atoms = set_atoms(&elements, &mut Work::default()).expect("small");
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
