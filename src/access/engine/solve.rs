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

/// Look for a point of `cell` outside all clauses. `work` counts down and is shared by the searches of one question.
pub fn solve(layout: &Layout, cell: Cell, clauses: &[&Clause], work: &mut usize) -> Found {
    match Search::new(layout, cell, clauses, work).run() {
        Ok(found) => found,
        Err(OutOfWork) => Found::OutOfBudget,
    }
}

/// The budget ran out.
struct OutOfWork;

/// One search: a cell that shrinks as clauses are left, with what it takes to go back.
struct Search<'s> {
    layout: &'s Layout,
    clauses: &'s [&'s Clause],
    work: &'s mut usize,
    cell: Cell,
    /// For each clause in how many dimensions the cell can leave it; [`LEFT`] if it did. Above them, as a tree, the least of
    /// each pair: the root is 1, and the clauses begin at `leaves`.
    ways: Vec<u32>,
    leaves: usize,
    /// For each dimension the clauses that narrow it: where they begin in `narrowing`.
    first_of: Vec<u32>,
    narrowing: Vec<u32>,
    /// Dimensions whose clauses must be looked at again.
    changed: Vec<usize>,
    is_changed: Vec<bool>,
    trail: Vec<Undo>,
}

/// The cell is outside of the clause.
const LEFT: u32 = u32::MAX;

/// The clause was not looked at.
const UNSEEN: u32 = LEFT - 1;

/// What was before a change.
enum Undo {
    Word(usize, u64),
    Ways(usize, u32),
}

/// A clause by whose sides the search branches: leave by the first way; or stay inside there and leave by the second; and
/// so on.
struct Fork {
    clause: usize,
    /// The sides that were left by, in order.
    tried: Vec<usize>,
    /// The trail up to here holds for the rest of the branches.
    mark: usize,
}

impl<'s> Search<'s> {
    fn new(layout: &'s Layout, cell: Cell, clauses: &'s [&'s Clause], work: &'s mut usize) -> Self {
        let leaves = clauses.len().next_power_of_two();
        let mut first_of = vec![0_u32; layout.spans.len() + 1];
        let sides =
            || clauses.iter().enumerate().flat_map(|(at, clause)| clause.sides.iter().map(move |side| (at, side.0)));
        sides().for_each(|(_, dim)| first_of[dim + 1] += 1);
        for dim in 0..layout.spans.len() {
            first_of[dim + 1] += first_of[dim];
        }
        let mut next = first_of.clone();
        let mut narrowing = vec![0; sides().count()];
        for (at, dim) in sides() {
            narrowing[next[dim] as usize] = at as u32;
            next[dim] += 1;
        }
        // No clause was looked at; places without one are as if left.
        let mut ways = vec![LEFT; leaves * 2];
        ways[leaves..leaves + clauses.len()].fill(UNSEEN);
        for at in (1..leaves).rev() {
            ways[at] = ways[at * 2].min(ways[at * 2 + 1]);
        }
        Search {
            layout,
            clauses,
            work,
            cell,
            ways,
            leaves,
            first_of,
            narrowing,
            changed: Vec::new(),
            is_changed: vec![false; layout.spans.len()],
            trail: Vec::new(),
        }
    }

    fn run(mut self) -> Result<Found, OutOfWork> {
        self.spend(1 + self.cell.all().len() + self.ways.len() + self.narrowing.len())?;
        if self.layout.is_empty(&self.cell) {
            return Ok(Found::Nothing);
        }
        for clause in 0..self.clauses.len() {
            if !self.look(clause)? {
                return Ok(Found::Nothing);
            }
        }
        if !self.propagate()? {
            return Ok(Found::Nothing);
        }
        let mut forks: Vec<Fork> = Vec::new();
        loop {
            let Some(clause) = self.choice() else {
                let dims = 0..self.layout.spans.len();
                return Ok(Found::Point(dims.map(|dim| self.layout.first(&self.cell, dim)).collect()));
            };
            forks.push(Fork { clause, tried: Vec::new(), mark: self.trail.len() });
            loop {
                let Some(fork) = forks.last_mut() else { return Ok(Found::Nothing) };
                match self.next_branch(fork)? {
                    Some(true) => break,
                    Some(false) => {}
                    None => {
                        forks.pop();
                    }
                }
            }
        }
    }

    fn spend(&mut self, units: usize) -> Result<(), OutOfWork> {
        *self.work = self.work.checked_sub(units).ok_or(OutOfWork)?;
        Ok(())
    }

    /// The clause with the fewest ways out, the first of them.
    fn choice(&self) -> Option<usize> {
        let least = *self.ways.get(1)?;
        if least == LEFT {
            return None;
        }
        let mut at = 1;
        while at < self.leaves {
            at = if self.ways[at * 2] == least { at * 2 } else { at * 2 + 1 };
        }
        Some(at - self.leaves)
    }

    /// Go back and into the next branch of a fork: whether it has a point as far as is seen; `None` if there is no other.
    fn next_branch(&mut self, fork: &mut Fork) -> Result<Option<bool>, OutOfWork> {
        self.undo(fork.mark);
        let sides = &self.clauses[fork.clause].sides;
        let mut from = 0;
        if let Some(tried) = fork.tried.last() {
            let (dim, side) = &sides[*tried];
            self.change(*dim, |word| side.words()[word]);
            fork.mark = self.trail.len();
            from = tried + 1;
        }
        let leaves = |at: &usize| self.layout.side(&self.cell, &sides[*at]).1;
        let Some(way) = (from..sides.len()).find(leaves) else { return Ok(None) };
        fork.tried.push(way);
        let (dim, side) = &sides[way];
        self.change(*dim, |word| !side.words()[word]);
        fork.tried.iter().for_each(|tried| self.touch(sides[*tried].0));
        self.propagate().map(Some)
    }

    /// Cut off the clauses that leave no choice, and forget those that the cell is outside of, until nothing changes.
    /// Whether the cell can have a point.
    fn propagate(&mut self) -> Result<bool, OutOfWork> {
        while let Some(dim) = self.changed.pop() {
            self.is_changed[dim] = false;
            for at in self.first_of[dim]..self.first_of[dim + 1] {
                if !self.look(self.narrowing[at as usize] as usize)? {
                    self.changed.drain(..).for_each(|dim| self.is_changed[dim] = false);
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// See how the cell stands to a clause; `false` if it lies inside.
    fn look(&mut self, at: usize) -> Result<bool, OutOfWork> {
        let clause = self.clauses[at];
        if self.ways[self.leaves + at] == LEFT {
            self.spend(1)?;
            return Ok(true);
        }
        self.spend(4 + clause.sides.iter().map(|(_, inside)| 2 + inside.words().len()).sum::<usize>())?;
        match self.layout.stand(&self.cell, clause) {
            Stand::Apart => self.set_ways(at, LEFT),
            Stand::Ways(0, _) => return Ok(false),
            Stand::Ways(1, way) => {
                self.set_ways(at, LEFT);
                let (dim, side) = &clause.sides[way];
                self.change(*dim, |word| !side.words()[word]);
                self.touch(*dim);
            }
            Stand::Ways(ways, _) => self.set_ways(at, ways as u32),
        }
        Ok(true)
    }

    /// The clauses of a dimension must be looked at again.
    fn touch(&mut self, dim: usize) {
        if !std::mem::replace(&mut self.is_changed[dim], true) {
            self.changed.push(dim);
        }
    }

    /// Keep in each word of a dimension only these atoms.
    fn change(&mut self, dim: usize, keep: impl Fn(usize) -> u64) {
        let (from, to) = self.layout.spans[dim];
        for at in from..to {
            let word = &mut self.cell.all_mut()[at];
            let kept = *word & keep(at - from);
            if kept != *word {
                self.trail.push(Undo::Word(at, *word));
                *word = kept;
            }
        }
    }

    fn set_ways(&mut self, at: usize, ways: u32) {
        let leaf = self.leaves + at;
        if self.ways[leaf] != ways {
            self.trail.push(Undo::Ways(leaf, self.ways[leaf]));
            self.put_ways(leaf, ways);
        }
    }

    /// Write the ways of a clause, and the least ways above it.
    fn put_ways(&mut self, mut at: usize, ways: u32) {
        self.ways[at] = ways;
        while at > 1 {
            at /= 2;
            let least = self.ways[at * 2].min(self.ways[at * 2 + 1]);
            if self.ways[at] == least {
                break;
            }
            self.ways[at] = least;
        }
    }

    /// Go back to what held when the trail was so long.
    fn undo(&mut self, mark: usize) {
        while self.trail.len() > mark
            && let Some(undo) = self.trail.pop()
        {
            match undo {
                Undo::Word(at, word) => self.cell.all_mut()[at] = word,
                Undo::Ways(leaf, ways) => self.put_ways(leaf, ways),
            }
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
