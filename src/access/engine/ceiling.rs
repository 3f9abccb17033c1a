//! What hostile policies cost: the answer is decided or not, and the work stays under its bound.

use super::boxes::Reading;
use super::pattern::{Class, Element, Pattern};
use super::solve::{Clause, Found, Layout, MAX_WORK, solve};
use super::work::{Overflow, Work};
use super::*;
use crate::access::engine::atoms::text_atoms;

/// The units that a walk costs; `None` if it was given up.
fn cost(base: &[Pattern], groups: &[&[Pattern]]) -> Option<usize> {
    let mut work = Work::default();
    let walked = text_atoms(base, groups, &mut work);
    walked.is_ok().then(|| Work::MODEL - work.left())
}

fn names() -> [Pattern; 1] {
    [Pattern(vec![Element { class: Class::Path, star: true }, Element { class: Class::Name, star: false }])]
}

#[test]
fn dbg() {
    for n in [10, 20] {
        let rests = Pattern::glob(&"a*".repeat(n)).rests("arn:aws:iam::999999999999:user/");
        eprintln!(
            "{n} {:?} {:?} rests {}",
            cost(&names(), &[&rests]),
            cost(&names(), &[&[Pattern::glob(&"a*".repeat(n))]]),
            rests.len()
        );
    }
}
