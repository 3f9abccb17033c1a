//! The search: is there a point of a box that lies in none of the forbidden boxes?
//!
//! Dimensions are finite; a box is one set of atoms for each. What is forbidden (a Deny, an impossible combination, what
//! another policy already allows) is a [`Clause`]: a box given by the dimensions that it narrows. A point escapes a clause
//! by leaving it in one dimension. A clause that can be left in one dimension only is cut off at once; otherwise the
//! search branches on the clause with the fewest ways out, into parts that do not overlap.

use super::bits::Bits;

/// Where each dimension's words lie in a box.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    spans: Vec<(usize, usize)>,
}

/// One set of atoms for each dimension, laid end to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell(Vec<u64>);

/// A forbidden box.
#[derive(Clone, Debug, Default)]
pub struct Clause {
    /// The dimensions that it narrows, each with the atoms inside.
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

/// How many nodes a search may visit.
pub const MAX_NODES: usize = 200_000;

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
        Cell(sizes.flat_map(|size| Bits::all(size).words().to_vec()).collect())
    }

    fn words<'c>(&self, cell: &'c Cell, dim: usize) -> &'c [u64] {
        let (from, to) = self.spans[dim];
        &cell.0[from..to]
    }

    /// Keep of one dimension only these atoms.
    pub fn narrow(&self, cell: &mut Cell, dim: usize, to: &Bits) {
        let (from, end) = self.spans[dim];
        cell.0[from..end].iter_mut().zip(to.words()).for_each(|(word, other)| *word &= other);
    }

    fn remove(&self, cell: &mut Cell, dim: usize, what: &Bits) {
        let (from, end) = self.spans[dim];
        cell.0[from..end].iter_mut().zip(what.words()).for_each(|(word, other)| *word &= !other);
    }

    /// Whether some dimension has no atom left.
    pub fn is_empty(&self, cell: &Cell) -> bool {
        (0..self.spans.len()).any(|dim| self.words(cell, dim).iter().all(|word| *word == 0))
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

    /// How a cell stands to a clause: `None` if they do not meet, else the sides by which it can leave.
    fn ways_out(&self, cell: &Cell, clause: &Clause) -> Option<Vec<usize>> {
        let mut ways = Vec::new();
        for (side, (dim, inside)) in clause.sides.iter().enumerate() {
            let words = self.words(cell, *dim);
            let (mut meets, mut leaves) = (0, 0);
            for (word, inside) in words.iter().zip(inside.words()) {
                meets |= word & inside;
                leaves |= word & !inside;
            }
            if meets == 0 {
                return None;
            }
            if leaves != 0 {
                ways.push(side);
            }
        }
        Some(ways)
    }
}

/// Look for a point of `cell` outside all clauses. `nodes` counts down and is shared by the searches of one question.
pub fn solve(layout: &Layout, cell: Cell, clauses: &[&Clause], nodes: &mut usize) -> Found {
    let mut open: Vec<(Cell, Vec<u32>)> = vec![(cell, (0..clauses.len() as u32).collect())];
    while let Some((mut cell, mut active)) = open.pop() {
        if *nodes == 0 {
            return Found::OutOfBudget;
        }
        *nodes -= 1;
        if layout.is_empty(&cell) {
            continue;
        }
        let Some(choice) = propagate(layout, &mut cell, clauses, &mut active) else { continue };
        let Some((clause, ways)) = choice else {
            return Found::Point((0..layout.spans.len()).map(|dim| layout.first(&cell, dim)).collect());
        };
        // Leave by the first way; or stay inside there and leave by the second; and so on.
        let mut branches = Vec::with_capacity(ways.len());
        let mut inside = cell;
        for way in ways {
            let (dim, side) = &clause.sides[way];
            let mut branch = inside.clone();
            layout.remove(&mut branch, *dim, side);
            branches.push((branch, active.clone()));
            layout.narrow(&mut inside, *dim, side);
        }
        open.extend(branches.into_iter().rev());
    }
    Found::Nothing
}

/// Cut off the clauses that leave no choice. `None` if the cell has no point; else the clause to branch on, if any.
fn propagate<'c>(
    layout: &Layout,
    cell: &mut Cell,
    clauses: &[&'c Clause],
    active: &mut Vec<u32>,
) -> Option<Option<(&'c Clause, Vec<usize>)>> {
    loop {
        let mut changed = false;
        let mut dead = false;
        let mut best: Option<(&Clause, Vec<usize>)> = None;
        active.retain(|index| {
            let clause = clauses[*index as usize];
            if dead {
                return true;
            }
            let Some(ways) = layout.ways_out(cell, clause) else { return false };
            match ways.as_slice() {
                [] => {
                    dead = true;
                    true
                }
                [way] => {
                    let (dim, side) = &clause.sides[*way];
                    layout.remove(cell, *dim, side);
                    changed = true;
                    false
                }
                _ => {
                    if best.as_ref().is_none_or(|(_, fewest)| ways.len() < fewest.len()) {
                        best = Some((clause, ways));
                    }
                    true
                }
            }
        });
        if dead {
            return None;
        }
        if !changed {
            return Some(best);
        }
    }
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
            let mut nodes = MAX_NODES;
            match solve(&layout, layout.everything(sizes.iter().copied()), &borrowed, &mut nodes) {
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
