//! Sets of the steps of an automaton, in a fixed number of machine words.

/// A set of numbers below `64 * N`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct StepSet<const N: usize>([u64; N]);

impl<const N: usize> Default for StepSet<N> {
    fn default() -> Self {
        StepSet([0; N])
    }
}

impl<const N: usize> StepSet<N> {
    /// Put a step in.
    pub fn insert(&mut self, at: u32) {
        self.0[at as usize / 64] |= 1 << (at % 64);
    }

    /// Whether nothing is in the set.
    #[inline]
    pub fn is_empty(&self) -> bool {
        let mut sum = 0;
        for at in 0..N {
            sum |= self.0[at];
        }
        sum == 0
    }

    /// Whether something is in both.
    #[inline]
    pub fn meets(&self, other: &Self) -> bool {
        let mut sum = 0;
        for at in 0..N {
            sum |= self.0[at] & other.0[at];
        }
        sum != 0
    }

    /// What is in both.
    #[inline]
    pub fn and(&self, other: &Self) -> Self {
        let mut out = *self;
        for at in 0..N {
            out.0[at] &= other.0[at];
        }
        out
    }

    /// What is in either.
    #[inline]
    pub fn or(&self, other: &Self) -> Self {
        let mut out = *self;
        for at in 0..N {
            out.0[at] |= other.0[at];
        }
        out
    }

    /// What is in this set and not in the other.
    #[inline]
    pub fn minus(&self, other: &Self) -> Self {
        let mut out = *self;
        for at in 0..N {
            out.0[at] &= !other.0[at];
        }
        out
    }

    /// Every step by the one behind it. The last step of a program is never left.
    #[inline]
    pub fn moved(&self) -> Self {
        let mut out = *self;
        let mut carry = 0;
        for at in 0..N {
            (out.0[at], carry) = (out.0[at] << 1 | carry, out.0[at] >> 63);
        }
        out
    }

    /// Take out the steps from `from` up to, but without, `to`.
    pub fn clear(&mut self, from: u32, to: u32) {
        if from >= to {
            return;
        }
        let (first, last) = (from as usize / 64, (to as usize - 1) / 64);
        for at in first..=last {
            let low = if at == first { u64::MAX << (from % 64) } else { u64::MAX };
            let high = if at == last { u64::MAX >> (63 - (to - 1) % 64) } else { u64::MAX };
            self.0[at] &= !(low & high);
        }
    }

    /// The highest step.
    #[inline]
    pub fn highest(&self) -> Option<u32> {
        let at = self.0.iter().rposition(|word| *word != 0)?;
        Some(at as u32 * 64 + 63 - self.0[at].leading_zeros())
    }

    /// Every step, in order.
    #[inline]
    pub fn each(&self, mut see: impl FnMut(u32)) {
        for (at, word) in self.0.iter().enumerate() {
            let mut word = *word;
            while word != 0 {
                see(at as u32 * 64 + word.trailing_zeros());
                word &= word - 1;
            }
        }
    }

    /// A number for the set; different sets seldom have the same in their low bits.
    #[inline]
    pub fn hash(&self) -> u64 {
        let mix = |sum: u64, word: &u64| (sum.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
        let sum = self.0.iter().fold(0, mix);
        sum ^ sum >> 32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(steps: &[u32]) -> StepSet<3> {
        let mut set = StepSet::default();
        steps.iter().for_each(|at| set.insert(*at));
        set
    }

    fn list(set: StepSet<3>) -> Vec<u32> {
        let mut list = Vec::new();
        set.each(|at| list.push(at));
        list
    }

    #[test]
    fn sets_behave_like_sets() {
        let (all, some) = (of(&[0, 5, 63, 64, 127, 128, 190]), of(&[5, 64, 128, 129]));
        assert_eq!(list(all.and(&some)), [5, 64, 128]);
        assert_eq!(list(all.minus(&some)), [0, 63, 127, 190]);
        assert_eq!(list(all.or(&some)), [0, 5, 63, 64, 127, 128, 129, 190]);
        assert_eq!(list(all.moved()), [1, 6, 64, 65, 128, 129, 191]);
        assert_eq!((all.highest(), of(&[]).highest()), (Some(190), None));
        assert!(all.meets(&some) && !all.meets(&of(&[1])) && of(&[]).is_empty());
    }

    #[test]
    fn ranges_are_cleared_at_any_bounds() {
        for from in [0, 1, 63, 64, 65, 128, 191] {
            for to in [0, 1, 63, 64, 65, 128, 191, 192] {
                let mut set = of(&(0..192).collect::<Vec<_>>());
                set.clear(from, to);
                let expected: Vec<u32> = (0..192).filter(|at| !(from..to).contains(at)).collect();
                assert_eq!(list(set), expected, "{from}..{to}");
            }
        }
    }
}
