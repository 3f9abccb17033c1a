//! A pattern held against a text.
//!
//! The elements before the first star are compared one by one. From there on, one place and the last star that was passed
//! are enough for nearly every pattern; the few others are walked with all the places that the text so far can lead to.

use super::pattern::{Class, Element, Pattern};
use std::str::Chars;

impl Pattern {
    /// Whether the pattern matches a whole text. Linear in the pattern times the text.
    pub fn matches(&self, text: &str) -> bool {
        let Some((at, text)) = self.fixed_part(text) else { return false };
        let rest = &self.0[at..];
        match rest.first() {
            None => true,
            Some(element) if !element.star => false,
            Some(_) if last_star_decides(rest) => greedy(rest, text),
            Some(_) => self.walk(at, text).last() == Some(&self.0.len()),
        }
    }

    /// What may follow `text` to make a match of the pattern: each rest is a pattern of its own.
    pub fn rests(&self, text: &str) -> Vec<Pattern> {
        let Some((at, text)) = self.fixed_part(text) else { return Vec::new() };
        let places = self.walk(at, text);
        let rest = |at: &usize| &self.0[*at..];
        if places.iter().any(|at| matches!(rest(at), [Element { class: Class::Any, star: true }])) {
            return vec![Pattern::everything()];
        }
        let mut rests: Vec<Pattern> = places.iter().map(|at| Pattern(rest(at).to_vec())).collect();
        rests.dedup();
        rests
    }

    /// Take from a text what the elements before the first star take: the place where the pattern goes on, and the rest of
    /// the text. A place before the first star means that the text is at its end. `None` if there is no way.
    fn fixed_part<'t>(&self, text: &'t str) -> Option<(usize, Chars<'t>)> {
        let mut text = text.chars();
        for (at, element) in self.0.iter().enumerate() {
            if element.star {
                return Some((at, text));
            }
            match text.next() {
                Some(c) if element.class.takes(c) => {}
                Some(_) => return None,
                None => return Some((at, text)),
            }
        }
        text.as_str().is_empty().then_some((self.0.len(), text))
    }

    /// The places that can be reached from a place by taking a text, in order.
    fn walk(&self, from: usize, text: Chars<'_>) -> Vec<usize> {
        let mut places = Vec::new();
        self.reach(&mut places, from);
        let mut next = Vec::with_capacity(places.len() + 1);
        for c in text {
            for at in &places {
                if let Some(element) = self.0.get(*at)
                    && element.class.takes(c)
                {
                    self.reach(&mut next, if element.star { *at } else { at + 1 });
                }
            }
            std::mem::swap(&mut places, &mut next);
            next.clear();
            if places.is_empty() {
                break;
            }
        }
        places
    }

    /// Put a place into an ordered list, with those behind it that stars lead to by taking nothing. What is put in comes in
    /// order, so that all up to the last place is there already.
    fn reach(&self, places: &mut Vec<usize>, mut at: usize) {
        loop {
            if places.last().is_none_or(|last| *last < at) {
                places.push(at);
            }
            match self.0.get(at) {
                Some(Element { star: true, .. }) => at += 1,
                _ => break,
            }
        }
    }
}

/// Whether a match can be found by moving the last star alone: whatever an earlier one would take more, the last one
/// takes as well. So it is for `*` over any character; and for a star within a field of an ARN if nothing before it takes
/// a colon but a literal one, since no choice then changes in which field the text is.
fn last_star_decides(elements: &[Element]) -> bool {
    let (mut first, mut fields_are_fixed) = (true, true);
    elements.iter().all(|Element { class, star }| {
        let fits = !star || first || *class == Class::Any || (*class == Class::NoColon && fields_are_fixed);
        first &= !star;
        fields_are_fixed &= (*class == Class::Lit(':') && !star) || !class.takes(':');
        fits
    })
}

/// Match by moving the last star alone.
fn greedy(elements: &[Element], mut text: Chars<'_>) -> bool {
    let mut at = 0;
    // The last star that was passed, and the text that it has not taken.
    let mut last: Option<(usize, Chars<'_>)> = None;
    loop {
        match elements.get(at) {
            Some(element) if element.star => {
                last = Some((at, text.clone()));
                at += 1;
                continue;
            }
            Some(element) => match text.next() {
                Some(c) if element.class.takes(c) => {
                    at += 1;
                    continue;
                }
                Some(_) => {}
                // A star that takes more leaves less.
                None => return false,
            },
            None if text.as_str().is_empty() => return true,
            None => {}
        }
        let Some((star, untaken)) = &mut last else { return false };
        match untaken.next() {
            Some(c) if elements[*star].class.takes(c) => {
                at = *star + 1;
                text = untaken.clone();
            }
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::engine::pattern::Syntax;
    use proptest::prelude::*;

    /// The places that a text leads to, by the definition of a pattern and nothing else.
    fn places(pattern: &Pattern, text: &str) -> Vec<usize> {
        let stars = |mut places: Vec<usize>| {
            let mut index = 0;
            while index < places.len() {
                if pattern.0.get(places[index]).is_some_and(|element| element.star) {
                    places.push(places[index] + 1);
                }
                index += 1;
            }
            places.sort_unstable();
            places.dedup();
            places
        };
        text.chars().fold(stars(vec![0]), |places, c| {
            let takes = |at: &usize| pattern.0.get(*at).filter(|element| element.class.takes(c)).map(|one| (*at, *one));
            stars(places.iter().filter_map(takes).map(|(at, one)| if one.star { at } else { at + 1 }).collect())
        })
    }

    fn agrees(pattern: &Pattern, text: &str) -> Result<(), TestCaseError> {
        let expected = places(pattern, text);
        prop_assert_eq!(pattern.matches(text), expected.contains(&pattern.0.len()));
        let mut rests: Vec<Pattern> = expected.iter().map(|at| Pattern(pattern.0[*at..].to_vec())).collect();
        if rests.iter().any(Pattern::is_everything) {
            rests = vec![Pattern::everything()];
        }
        rests.dedup();
        prop_assert_eq!(pattern.rests(text), rests);
        Ok(())
    }

    fn element() -> impl Strategy<Value = Element> {
        let class = prop_oneof![
            Just(Class::Lit('a')),
            Just(Class::Lit(':')),
            Just(Class::Fold('b')),
            Just(Class::Any),
            Just(Class::NoColon),
            Just(Class::NoSlash),
            Just(Class::Digit),
            Just(Class::Name),
            Just(Class::Path),
            Just(Class::ExternalId),
            Just(Class::Word),
        ];
        (class, prop::bool::weighted(0.4)).prop_map(|(class, star)| Element { class, star })
    }

    #[test]
    fn many_stars_take_no_time_of_their_own() {
        let pattern = Pattern::glob(&"a*".repeat(800));
        assert!(pattern.matches(&"ab".repeat(800)));
        assert!(!pattern.matches(&"ab".repeat(799)));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        #[test]
        fn any_elements_are_matched_as_by_the_definition(
            elements in prop::collection::vec(element(), 0..8),
            text in "[abB:/1-]{0,9}",
        ) {
            agrees(&Pattern(elements), &text)?;
        }

        #[test]
        fn globs_and_arns_are_matched_as_by_the_definition(glob in "[ab*?:]{0,14}", text in "[ab:]{0,14}") {
            agrees(&Pattern::glob(&glob), &text)?;
            if let Some(pattern) = Pattern::compile(Syntax::Arn, &glob) {
                agrees(&pattern, &text)?;
            }
        }
    }
}
