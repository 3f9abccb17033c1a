//! Sets of small numbers as bits.

/// A set of numbers below a fixed bound. All operations take sets of the same bound.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Bits {
    words: Vec<u64>,
    len: usize,
}

impl Bits {
    /// The empty set of numbers below `len`.
    pub fn none(len: usize) -> Self {
        Bits { words: vec![0; len.div_ceil(64)], len }
    }

    /// The set of all numbers below `len`.
    pub fn all(len: usize) -> Self {
        Bits::none(len).not()
    }

    /// The numbers below `len` for which a test holds.
    pub fn of(len: usize, test: impl Fn(usize) -> bool) -> Self {
        let mut set = Bits::none(len);
        (0..len).filter(|index| test(*index)).for_each(|index| set.insert(index));
        set
    }

    /// The bound.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing is in the set.
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// Whether everything is in the set.
    pub fn is_full(&self) -> bool {
        self.count() == self.len
    }

    /// How many numbers are in the set.
    pub fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Put a number in.
    pub fn insert(&mut self, index: usize) {
        self.words[index / 64] |= 1 << (index % 64);
    }

    /// Take a number out.
    pub fn remove(&mut self, index: usize) {
        self.words[index / 64] &= !(1 << (index % 64));
    }

    /// Whether a number is in the set.
    pub fn contains(&self, index: usize) -> bool {
        self.words[index / 64] >> (index % 64) & 1 == 1
    }

    /// Whether nothing is in both.
    pub fn is_apart(&self, other: &Bits) -> bool {
        self.words.iter().zip(&other.words).all(|(word, other)| word & other == 0)
    }

    /// What is in both.
    pub fn and(mut self, other: &Bits) -> Bits {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word &= other);
        self
    }

    /// What is in either.
    pub fn or(mut self, other: &Bits) -> Bits {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word |= other);
        self
    }

    /// What is not in the set.
    #[expect(clippy::should_implement_trait, reason = "reads in a chain with `and` and `or`")]
    pub fn not(mut self) -> Bits {
        self.words.iter_mut().for_each(|word| *word = !*word);
        if !self.len.is_multiple_of(64)
            && let Some(last) = self.words.last_mut()
        {
            *last &= (1 << (self.len % 64)) - 1;
        }
        self
    }

    /// The numbers in the set, in order.
    pub fn iter(&self) -> impl Iterator<Item = usize> {
        (0..self.len).filter(|index| self.contains(*index))
    }

    /// The bits, 64 to a word.
    pub fn words(&self) -> &[u64] {
        &self.words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_behave_like_sets() {
        for len in [0, 1, 63, 64, 65, 130] {
            let thirds = Bits::of(len, |index| index % 3 == 0);
            assert_eq!(thirds.iter().collect::<Vec<_>>(), (0..len).step_by(3).collect::<Vec<_>>());
            assert_eq!(thirds.clone().or(&thirds.clone().not()), Bits::all(len));
            assert!(thirds.clone().and(&thirds.clone().not()).is_empty());
            assert!(Bits::all(len).is_full());
            assert_eq!(Bits::all(len).count(), len);
        }
    }
}
