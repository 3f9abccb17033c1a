//! The search: is there a point of a box that lies in none of the forbidden boxes?
//!
//! Dimensions are finite; a box is one set of atoms for each. What is forbidden (a Deny, an impossible combination, what
//! another policy already allows) is a [`Clause`]: a box given by the dimensions that it narrows. A point escapes a clause
//! by leaving it in one dimension. A clause that can be left in one dimension only is cut off at once; otherwise the
//! search branches on the clause with the fewest ways out, into parts that do not overlap.

use super::bits::Bits;
use std::rc::Rc;

/// Where each dimension's words lie in a box.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    spans: Vec<(usize, usize)>,
}

/// One set of atoms for each dimension, laid end to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell(Words);

/// The words of a cell; few of them need no piece of memory of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Words {
    Few([u64; FEW], usize),
    Many(Box<[u64]>),
}

const FEW: usize = 16;

impl Cell {
    fn new(words: &[u64]) -> Self {
        let mut few = [0; FEW];
        match few.get_mut(..words.len()) {
            Some(place) => {
                place.copy_from_slice(words);
                Cell(Words::Few(few, words.len()))
            }
            None => Cell(Words::Many(words.into())),
        }
    }

    fn all(&self) -> &[u64] {
        match &self.0 {
            Words::Few(words, len) => &words[..*len],
            Words::Many(words) => words,
        }
    }

    fn all_mut(&mut self) -> &mut [u64] {
        match &mut self.0 {
            Words::Few(words, len) => &mut words[..*len],
            Words::Many(words) => words,
        }
    }
}

/// A forbidden box.
#[derive(Clone, Debug, Default)]
pub struct Clause {
    /// The dimensions that it narrows, each once, with the atoms inside.
    pub sides: Vec<(usize, Bits)>,
}

/// What a search found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// A point: one atom for each dimension.
    Point(Vec<usize>),
    /// There is none.
    Nothing,
    /// The budget ran out.
    OutOfBudget,
}

/// How much work a search may do, counted in words that are looked at or copied: a few milliseconds.
pub const MAX_WORK: usize = 4_000_000;

/// How a cell stands to a clause.
enum Stand {
    /// They do not meet.
    Apart,
    /// The cell lies inside but for some sides: how many, and the first.
    Ways(usize, usize),
}

impl Layout {
    /// The layout for dimensions of these sizes.
    pub fn new(sizes: impl Iterator<Item = usize>) -> Self {
        let mut at = 0;
        let spans = sizes.map(|size| {
            let from = at;
            at += size.div_ceil(64);
            (from, at)
        });
        Layout { spans: spans.collect() }
    }

    /// The box of everything, given each dimension's size.
    pub fn everything(&self, sizes: impl Iterator<Item = usize>) -> Cell {
        let mut words = Vec::with_capacity(self.spans.last().map_or(0, |(_, to)| *to));
        sizes.for_each(|size| words.extend_from_slice(Bits::all(size).words()));
        Cell::new(&words)
    }

    fn words<'c>(&self, cell: &'c Cell, dim: usize) -> &'c [u64] {
        let (from, to) = self.spans[dim];
        &cell.all()[from..to]
    }

    /// Keep of one dimension only these atoms.
    pub fn narrow(&self, cell: &mut Cell, dim: usize, to: &Bits) {
        let (from, end) = self.spans[dim];
        cell.all_mut()[from..end].iter_mut().zip(to.words()).for_each(|(word, other)| *word &= other);
    }

    fn remove(&self, cell: &mut Cell, dim: usize, what: &Bits) {
        let (from, end) = self.spans[dim];
        cell.all_mut()[from..end].iter_mut().zip(what.words()).for_each(|(word, other)| *word &= !other);
    }

    /// Whether some dimension has no atom left.
    pub fn is_empty(&self, cell: &Cell) -> bool {
        let words = cell.all();
        self.spans.iter().any(|(from, to)| words[*from..*to].iter().all(|word| *word == 0))
    }

    /// The atoms of a dimension, which has this many, that are in a box.
    pub fn atoms<'c>(&self, cell: &'c Cell, dim: usize, size: usize) -> impl Iterator<Item = usize> + 'c {
        let words = self.words(cell, dim);
        (0..size).filter(move |atom| words[atom / 64] >> (atom % 64) & 1 == 1)
    }

    fn first(&self, cell: &Cell, dim: usize) -> usize {
        let words = self.words(cell, dim);
        words.iter().position(|word| *word != 0).map_or(0, |at| at * 64 + words[at].trailing_zeros() as usize)
    }

    /// Whether a cell meets a side, and whether it reaches beyond it.
    fn side(&self, cell: &Cell, (dim, inside): &(usize, Bits)) -> (bool, bool) {
        let (mut meets, mut leaves) = (0, 0);
        for (word, inside) in self.words(cell, *dim).iter().zip(inside.words()) {
            meets |= word & inside;
            leaves |= word & !inside;
        }
        (meets != 0, leaves != 0)
    }

    fn stand(&self, cell: &Cell, clause: &Clause) -> Stand {
        let (mut ways, mut first) = (0, 0);
        for (at, side) in clause.sides.iter().enumerate() {
            let (meets, leaves) = self.side(cell, side);
            if !meets {
                return Stand::Apart;
            }
            if leaves {
                first = if ways == 0 { at } else { first };
                ways += 1;
            }
        }
        Stand::Ways(ways, first)
    }
}

/// A clause that a cell is not yet outside of.
#[derive(Clone, Copy)]
struct Waiting {
    clause: u32,
    /// In how many dimensions the cell can leave it.
    ways: u32,
}

/// A part of the search.
struct Branch {
    cell: Cell,
    waiting: Rc<[Waiting]>,
    /// The dimensions that were narrowed since the clauses were looked at, a bit for each, 64 apart alike.
    changed: u64,
}

/// Look for a point of `cell` outside all clauses. `work` counts down and is shared by the searches of one question.
pub fn solve(layout: &Layout, cell: Cell, clauses: &[&Clause], work: &mut usize) -> Found {
    let Some(left) = work.checked_sub(1 + cell.all().len() + clauses.len()) else { return Found::OutOfBudget };
    *work = left;
    if layout.is_empty(&cell) {
        return Found::Nothing;
    }
    let masks: Vec<u64> = clauses.iter().map(|clause| mask(clause)).collect();
    let waiting = (0..clauses.len() as u32).map(|clause| Waiting { clause, ways: 0 }).collect();
    let mut open = vec![Branch { cell, waiting, changed: u64::MAX }];
    let mut left: Vec<Waiting> = Vec::with_capacity(clauses.len());
    while let Some(Branch { mut cell, waiting, changed }) = open.pop() {
        left.clear();
        left.extend_from_slice(&waiting);
        let Some(rest) = work.checked_sub(1 + cell.all().len() + left.len() / 2) else { return Found::OutOfBudget };
        *work = rest;
        match propagate(layout, &mut cell, clauses, &masks, &mut left, changed, work) {
            Some(true) => {}
            Some(false) => continue,
            None => return Found::OutOfBudget,
        }
        let Some(choice) = left.iter().min_by_key(|waiting| waiting.ways) else {
            return Found::Point((0..layout.spans.len()).map(|dim| layout.first(&cell, dim)).collect());
        };
        let chosen = choice.clause as usize;
        // Leave by the first way; or stay inside there and leave by the second; and so on.
        let waiting: Rc<[Waiting]> = left.as_slice().into();
        let first = open.len();
        for side in &clauses[chosen].sides {
            if !layout.side(&cell, side).1 {
                continue;
            }
            let Some(rest) = work.checked_sub(cell.all().len()) else { return Found::OutOfBudget };
            *work = rest;
            let mut branch = cell.clone();
            layout.remove(&mut branch, side.0, &side.1);
            open.push(Branch { cell: branch, waiting: Rc::clone(&waiting), changed: masks[chosen] });
            layout.narrow(&mut cell, side.0, &side.1);
        }
        open[first..].reverse();
    }
    Found::Nothing
}

/// The dimensions that a clause narrows, a bit for each, 64 apart alike.
fn mask(clause: &Clause) -> u64 {
    clause.sides.iter().fold(0, |mask, (dim, _)| mask | 1 << (dim % 64))
}

/// Cut off the clauses that leave no choice, and forget those that the cell is outside of. Whether the cell has a point
/// that way; `None` if the budget ran out. Only clauses about dimensions that changed are looked at.
fn propagate(
    layout: &Layout,
    cell: &mut Cell,
    clauses: &[&Clause],
    masks: &[u64],
    waiting: &mut Vec<Waiting>,
    mut changed: u64,
    work: &mut usize,
) -> Option<bool> {
    while changed != 0 {
        let mut next = 0;
        let mut dead = false;
        let mut looked = 0;
        waiting.retain_mut(|waiting| {
            let at = waiting.clause as usize;
            if dead || masks[at] & (changed | next) == 0 {
                // A clause without sides forbids everything, whatever changed.
                dead |= masks[at] == 0;
                return true;
            }
            let clause = clauses[at];
            looked += 2 + clause.sides.len() * 2;
            looked += clause.sides.iter().map(|(_, inside)| inside.words().len()).sum::<usize>();
            match layout.stand(cell, clause) {
                Stand::Apart => return false,
                Stand::Ways(0, _) => dead = true,
                Stand::Ways(1, way) => {
                    let (dim, side) = &clause.sides[way];
                    layout.remove(cell, *dim, side);
                    next |= 1 << (dim % 64);
                    return false;
                }
                Stand::Ways(ways, _) => waiting.ways = ways as u32,
            }
            true
        });
        if dead {
            return Some(false);
        }
        *work = work.checked_sub(looked)?;
        changed = next;
    }
    Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Random small problems against trying every point.
    #[test]
    fn search_equals_trying_every_point() {
        let mut seed = 7_u64;
        let mut next = move |below: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % below
        };
        let sizes = [2, 3, 4, 2];
        let layout = Layout::new(sizes.iter().copied());
        let mut satisfiable = 0;
        for _ in 0..2_000 {
            let clauses: Vec<Clause> = (0..next(14))
                .map(|_| {
                    let mut sides: Vec<(usize, Bits)> = Vec::new();
                    for (dim, size) in sizes.iter().enumerate() {
                        if next(2) == 0 {
                            let mask = next(1 << size);
                            sides.push((dim, Bits::of(*size, |index| mask >> index & 1 == 1)));
                        }
                    }
                    Clause { sides }
                })
                .collect();
            let forbidden = |point: &[usize]| {
                clauses.iter().any(|clause| clause.sides.iter().all(|(dim, inside)| inside.contains(point[*dim])))
            };
            let total: usize = sizes.iter().product();
            let points = (0..total).map(|mut code| {
                sizes
                    .iter()
                    .map(|size| {
                        let at = code % size;
                        code /= size;
                        at
                    })
                    .collect::<Vec<_>>()
            });
            let any = points.into_iter().any(|point| !forbidden(&point));
            let borrowed: Vec<&Clause> = clauses.iter().collect();
            let mut work = MAX_WORK;
            match solve(&layout, layout.everything(sizes.iter().copied()), &borrowed, &mut work) {
                Found::Point(point) => {
                    assert!(!forbidden(&point));
                    satisfiable += 1;
                }
                found => assert!(!any && found == Found::Nothing),
            }
        }
        assert!((200..1_800).contains(&satisfiable), "{satisfiable}");
    }

    #[test]
    fn budget_is_kept() {
        let layout = Layout::new([2, 2].into_iter());
        let everything = layout.everything([2, 2].into_iter());
        assert_eq!(solve(&layout, everything, &[], &mut 0), Found::OutOfBudget);
    }
}
