//! Sets of small numbers as bits.

/// A set of numbers below a fixed bound. All operations take sets of the same bound.
///
/// Sets of up to 128 numbers, nearly all there are, live without a piece of memory of their own.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bits {
    words: Words,
    len: usize,
}

/// The words of a set; those beyond the bound of a small one are zero.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Words {
    Few([u64; FEW]),
    Many(Box<[u64]>),
}

/// How many words are kept in place.
const FEW: usize = 2;

impl std::fmt::Debug for Bits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bits").field("words", &self.words()).field("len", &self.len).finish()
    }
}

impl std::hash::Hash for Bits {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.words().iter().for_each(|word| state.write_u64(*word));
    }
}

impl Bits {
    /// The empty set of numbers below `len`.
    pub fn none(len: usize) -> Self {
        let count = len.div_ceil(64);
        let words = if count <= FEW { Words::Few([0; FEW]) } else { Words::Many(vec![0; count].into_boxed_slice()) };
        Bits { words, len }
    }

    /// The set of all numbers below `len`.
    pub fn all(len: usize) -> Self {
        Bits::none(len).not()
    }

    /// The numbers below `len` for which a test holds.
    pub fn of(len: usize, test: impl Fn(usize) -> bool) -> Self {
        let mut set = Bits::none(len);
        for (at, word) in set.words_mut().iter_mut().enumerate() {
            let from = at * 64;
            for bit in 0..(len - from).min(64) {
                *word |= u64::from(test(from + bit)) << bit;
            }
        }
        set
    }

    /// The bound.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing is in the set.
    pub fn is_empty(&self) -> bool {
        self.words().iter().all(|word| *word == 0)
    }

    /// Whether everything is in the set.
    pub fn is_full(&self) -> bool {
        self.count() == self.len
    }

    /// How many numbers are in the set.
    pub fn count(&self) -> usize {
        self.words().iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Put a number in.
    pub fn insert(&mut self, index: usize) {
        self.words_mut()[index / 64] |= 1 << (index % 64);
    }

    /// Take a number out.
    pub fn remove(&mut self, index: usize) {
        self.words_mut()[index / 64] &= !(1 << (index % 64));
    }

    /// Whether a number is in the set.
    pub fn contains(&self, index: usize) -> bool {
        self.words()[index / 64] >> (index % 64) & 1 == 1
    }

    /// Whether nothing is in both.
    pub fn is_apart(&self, other: &Bits) -> bool {
        self.words().iter().zip(other.words()).all(|(word, other)| word & other == 0)
    }

    /// What is in both.
    pub fn and(mut self, other: &Bits) -> Bits {
        self.words_mut().iter_mut().zip(other.words()).for_each(|(word, other)| *word &= other);
        self
    }

    /// What is in either.
    pub fn or(mut self, other: &Bits) -> Bits {
        self.words_mut().iter_mut().zip(other.words()).for_each(|(word, other)| *word |= other);
        self
    }

    /// What is not in the set.
    #[expect(clippy::should_implement_trait, reason = "reads in a chain with `and` and `or`")]
    pub fn not(mut self) -> Bits {
        let len = self.len;
        self.words_mut().iter_mut().for_each(|word| *word = !*word);
        if !len.is_multiple_of(64)
            && let Some(last) = self.words_mut().last_mut()
        {
            *last &= (1 << (len % 64)) - 1;
        }
        self
    }

    /// The numbers in the set, in order.
    pub fn iter(&self) -> impl Iterator<Item = usize> {
        self.words().iter().enumerate().flat_map(|(at, word)| {
            let rest = |left: &u64| Some(left & left.wrapping_sub(1)).filter(|left| *left != 0);
            let left = std::iter::successors(Some(*word).filter(|word| *word != 0), rest);
            left.map(move |left| at * 64 + left.trailing_zeros() as usize)
        })
    }

    /// The bits, 64 to a word.
    pub fn words(&self) -> &[u64] {
        match &self.words {
            Words::Few(words) => &words[..self.len.div_ceil(64).min(FEW)],
            Words::Many(words) => words,
        }
    }

    fn words_mut(&mut self) -> &mut [u64] {
        match &mut self.words {
            Words::Few(words) => &mut words[..self.len.div_ceil(64).min(FEW)],
            Words::Many(words) => words,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_behave_like_sets() {
        for len in [0, 1, 63, 64, 65, 128, 129, 130, 300] {
            let thirds = Bits::of(len, |index| index % 3 == 0);
            assert_eq!(thirds.iter().collect::<Vec<_>>(), (0..len).step_by(3).collect::<Vec<_>>());
            assert_eq!(thirds.clone().or(&thirds.clone().not()), Bits::all(len));
            assert!(thirds.clone().and(&thirds.clone().not()).is_empty());
            assert!(Bits::all(len).is_full());
            assert_eq!(Bits::all(len).count(), len);
            assert_eq!(Bits::all(len).words().len(), len.div_ceil(64));
            let mut rest = Bits::all(len);
            (0..len).filter(|index| index % 3 == 0).for_each(|index| rest.remove(index));
            assert_eq!(rest, thirds.clone().not());
            assert!(rest.is_apart(&thirds) && (0..len).all(|index| rest.contains(index) != thirds.contains(index)));
        }
    }
}
